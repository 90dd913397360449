/*
 * Memory policies on a machine of one node: set_mempolicy(2), mbind(2),
 * migrate_pages(2), move_pages(2).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#define PAGE 4096UL
#define BITS 65UL /* one more than looked at */

static unsigned long node0 = 1, node1 = 2, none;

static char *map(size_t pages)
{
	return (char *)CHECK_OK((long)mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int mode_now(void)
{
	int mode = -1;

	CHECK_OK(SYS(get_mempolicy, &mode, NULL, 0, NULL, 0));
	return mode;
}

static int mode_at(const void *addr)
{
	int mode = -1;

	CHECK_OK(SYS(get_mempolicy, &mode, NULL, 0, addr, MPOL_F_ADDR));
	return mode;
}

static void own_policy(void)
{
	unsigned long nodes[2] = { 77, 77 };
	int mode;

	CHECK_EQ(mode_now(), MPOL_DEFAULT);
	CHECK_OK(SYS(set_mempolicy, MPOL_BIND, &node0, BITS));
	CHECK_EQ(mode_now(), MPOL_BIND);
	CHECK_OK(SYS(get_mempolicy, &mode, nodes, 129, NULL, 0));
	CHECK_EQ(nodes[0], 1);
	CHECK_EQ(nodes[1], 0);
	CHECK_OK(SYS(set_mempolicy, MPOL_PREFERRED, NULL, 0));
	CHECK_EQ(mode_now(), MPOL_LOCAL);
	CHECK_OK(SYS(set_mempolicy, MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, &node0, BITS));
	CHECK_EQ(mode_now(), MPOL_INTERLEAVE | MPOL_F_STATIC_NODES);
	CHECK_OK(SYS(get_mempolicy, &mode, NULL, 0, NULL, MPOL_F_NODE));
	CHECK_EQ(mode, 0);
	CHECK_OK(SYS(set_mempolicy, MPOL_DEFAULT, NULL, 0));
	CHECK_ERR(SYS(get_mempolicy, &mode, NULL, 0, NULL, MPOL_F_NODE), EINVAL);
	CHECK_OK(SYS(get_mempolicy, &mode, nodes, BITS, NULL, MPOL_F_MEMS_ALLOWED));
	CHECK_EQ(nodes[0], 1);
}

static void own_policy_errors(void)
{
	int mode;

	CHECK_ERR(SYS(set_mempolicy, 77, NULL, 0), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_DEFAULT, &node0, BITS), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND, &none, BITS), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND, NULL, 0), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND, &node1, BITS), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_LOCAL, &node0, BITS), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND, test_bad_pointer, BITS), EFAULT);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND, &node0, 8 * PAGE + 2), EINVAL);
	CHECK_ERR(SYS(set_mempolicy, MPOL_BIND | MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES,
		      &node0, BITS), EINVAL);
	CHECK_ERR(SYS(get_mempolicy, &mode, NULL, 0, &mode, 0), EINVAL);
	CHECK_ERR(SYS(get_mempolicy, &mode, NULL, 0, NULL, 64), EINVAL);
	CHECK_ERR(SYS(get_mempolicy, &mode, NULL, 0, NULL, MPOL_F_ADDR), EFAULT);
	CHECK_ERR(SYS(get_mempolicy, &mode, &node0, 0, NULL, 0), EINVAL);
	CHECK_ERR(SYS(get_mempolicy, test_bad_pointer, NULL, 0, NULL, 0), EFAULT);
}

static void of_a_range(void)
{
	char *p = map(4);

	CHECK_OK(SYS(mbind, p + PAGE, PAGE, MPOL_BIND, &node0, BITS, MPOL_MF_STRICT));
	CHECK_EQ(mode_at(p), MPOL_DEFAULT);
	CHECK_EQ(mode_at(p + PAGE), MPOL_BIND);
	CHECK_EQ(mode_at(p + 2 * PAGE), MPOL_DEFAULT);
	CHECK_OK(SYS(set_mempolicy_home_node, p, 4 * PAGE, 0, 0));
	CHECK_ERR(SYS(set_mempolicy_home_node, p + 2 * PAGE, PAGE, 0, 0), ENOENT);
	CHECK_ERR(SYS(set_mempolicy_home_node, p, PAGE, 1, 0), EINVAL);
	CHECK_OK(SYS(mbind, p, 4 * PAGE, MPOL_DEFAULT, NULL, 0, 0));
	CHECK_EQ(mode_at(p + PAGE), MPOL_DEFAULT);
	/* the end of the range within a mapping */
	CHECK_OK(SYS(mbind, p, 2 * PAGE, MPOL_DEFAULT, NULL, 0, 0));
	CHECK_OK(munmap(p + PAGE, PAGE));
	CHECK_ERR(SYS(mbind, p, 4 * PAGE, MPOL_BIND, &node0, BITS, 0), EFAULT);
	CHECK_ERR(SYS(mbind, p + 1, PAGE, MPOL_BIND, &node0, BITS, 0), EINVAL);
	CHECK_ERR(SYS(mbind, p, PAGE, MPOL_BIND, &node1, BITS, 0), EINVAL);
	CHECK_ERR(SYS(mbind, p, PAGE, MPOL_BIND, &node0, BITS, 1 << 10), EINVAL);
	CHECK_OK(munmap(p, PAGE));
	CHECK_OK(munmap(p + 2 * PAGE, 2 * PAGE));
}

static void move(void)
{
	char *p = map(2), *untouched = map(1);
	void *pages[3] = { p, untouched, test_bad_pointer };
	int nodes[3] = { 0, 0, 0 }, status[3] = { 77, 77, 77 };

	CHECK_OK(mprotect(untouched, PAGE, PROT_NONE)); /* no part of a run of p's */
	*p = 1;
	CHECK_OK(SYS(move_pages, 0, 3, pages, NULL, status, 0));
	CHECK_EQ(status[0], 0);
	CHECK_EQ(status[1], -ENOENT);
	CHECK_EQ(status[2], -EFAULT);
	CHECK_OK(SYS(move_pages, 0, 1, pages, nodes, status, MPOL_MF_MOVE));
	nodes[0] = 1;
	CHECK_ERR(SYS(move_pages, 0, 1, pages, nodes, status, MPOL_MF_MOVE), ENODEV);
	CHECK_ERR(SYS(move_pages, 0, 1, test_bad_pointer, NULL, status, 0), EFAULT);
	CHECK_ERR(SYS(move_pages, 0, 1, pages, NULL, test_bad_pointer, 0), EFAULT);
	CHECK_ERR(SYS(move_pages, 0, 1, pages, NULL, status, 1), EINVAL);
	CHECK_ERR(SYS(move_pages, 99999, 1, pages, NULL, status, 0), ESRCH);
	CHECK_OK(munmap(p, 2 * PAGE));
	CHECK_OK(munmap(untouched, PAGE));
}

static void migrate(void)
{
	CHECK_OK(SYS(migrate_pages, 0, BITS, &node0, &node0));
	CHECK_ERR(SYS(migrate_pages, 0, BITS, test_bad_pointer, &node0), EFAULT);
	CHECK_ERR(SYS(migrate_pages, 99999, BITS, &node0, &node0), ESRCH);
}

static const struct test_case cases[] = {
	{ "of the process", own_policy },
	{ "of the process: errors", own_policy_errors },
	{ "of a range", of_a_range },
	{ "move_pages", move },
	{ "migrate_pages", migrate },
};

TEST_MAIN(cases)
