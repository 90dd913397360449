/*
 * Capabilities (capabilities(7)): bounding and ambient sets, securebits, capabilities
 * of files, and what becomes of them all when a program is executed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <linux/xattr.h>

#define USER 1000
#define BIT(cap) (1UL << (cap))

struct sets {
	unsigned long effective, permitted, inheritable;
};

static void caps_get(struct sets *s)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	CHECK_OK(SYS(capget, &head, data));
	s->effective = data[0].effective | (unsigned long)data[1].effective << 32;
	s->permitted = data[0].permitted | (unsigned long)data[1].permitted << 32;
	s->inheritable = data[0].inheritable | (unsigned long)data[1].inheritable << 32;
}

static long caps_set(const struct sets *s)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ (unsigned int)s->effective, (unsigned int)s->permitted,
		  (unsigned int)s->inheritable },
		{ (unsigned int)(s->effective >> 32), (unsigned int)(s->permitted >> 32),
		  (unsigned int)(s->inheritable >> 32) },
	};

	return SYS(capset, &head, data);
}

static long pr(int op, long a, long b, long c)
{
	return SYS(prctl, op, a, b, c, 0);
}

static int ambient(int cap)
{
	return (int)CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0));
}

static void inherit(int cap)
{
	struct sets s;

	caps_get(&s);
	s.inheritable |= BIT(cap);
	CHECK_OK(caps_set(&s));
}

static void ambient_set(void)
{
	struct sets s;

	test_need_root();
	CHECK_ERR(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0), EPERM);
	inherit(CAP_CHOWN);
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0));
	CHECK_EQ(ambient(CAP_CHOWN), 1);
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0));
	CHECK_EQ(ambient(CAP_CHOWN), 0);
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0));
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0));
	CHECK_EQ(ambient(CAP_CHOWN), 0);
	/* lost with the inheritable one */
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0));
	caps_get(&s);
	s.inheritable = 0;
	CHECK_OK(caps_set(&s));
	CHECK_EQ(ambient(CAP_CHOWN), 0);
	CHECK_ERR(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 99, 0), EINVAL);
	CHECK_ERR(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0), EINVAL);
	CHECK_ERR(pr(PR_CAP_AMBIENT, 9, 0, 0), EINVAL);
}

static void ambient_and_ids(void)
{
	test_need_root();
	inherit(CAP_CHOWN);
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0));
	CHECK_OK(pr(PR_SET_KEEPCAPS, 1, 0, 0));
	CHECK_OK(setresuid(USER, USER, USER));
	CHECK_EQ(ambient(CAP_CHOWN), 0);
}

static void securebits(void)
{
	struct sets s;

	test_need_root();
	CHECK_EQ(pr(PR_GET_SECUREBITS, 0, 0, 0), 0);
	CHECK_OK(pr(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0));
	CHECK_OK(setresuid(USER, USER, 0));
	caps_get(&s);
	CHECK(s.effective & BIT(CAP_CHOWN));
	CHECK_OK(pr(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED, 0, 0));
	CHECK_EQ(pr(PR_GET_KEEPCAPS, 0, 0, 0), 1);
	CHECK_ERR(pr(PR_SET_KEEPCAPS, 0, 0, 0), EPERM);
	CHECK_ERR(pr(PR_SET_SECUREBITS, 0, 0, 0), EPERM);
	CHECK_ERR(pr(PR_SET_SECUREBITS, 1 << 20, 0, 0), EPERM);
	CHECK_OK(pr(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED |
		    SECBIT_NO_CAP_AMBIENT_RAISE, 0, 0));
	inherit(CAP_CHOWN);
	CHECK_ERR(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0), EPERM);
}

static void try_securebits(void)
{
	CHECK_ERR(pr(PR_SET_SECUREBITS, 0, 0, 0), EPERM);
	CHECK_ERR(pr(PR_CAPBSET_DROP, CAP_CHOWN, 0, 0), EPERM);
}

static void for_the_privileged(void)
{
	test_need_root();
	test_as_user(try_securebits);
}

/* --- programs ---------------------------------------------------------------- */

static const char copy[] = "./copy";

/* In the copy: permitted and effective are these. */
static int look(int argc, char **argv)
{
	struct sets s;

	if (argc < 2)
		return 1;
	caps_get(&s);
	CHECK_EQ(s.permitted, strtoul(argv[0], NULL, 16));
	CHECK_EQ(s.effective, strtoul(argv[1], NULL, 16));
	return 0;
}

static void copy_program(void)
{
	static char block[65536];
	long n;
	int from, to;

	test_scratch();
	from = (int)CHECK_OK(open(test_program(), O_RDONLY, 0));
	to = (int)CHECK_OK(open(copy, O_WRONLY | O_CREAT, 0755));
	while ((n = CHECK_OK(read(from, block, sizeof(block)))) > 0)
		CHECK_EQ(write(to, block, (size_t)n), n);
	close(from);
	close(to);
	CHECK_OK(chmod(copy, 0755));
}

static long give(unsigned long permitted, unsigned long inheritable, int effective)
{
	struct vfs_cap_data data = {
		.magic_etc = VFS_CAP_REVISION_2 | (effective ? VFS_CAP_FLAGS_EFFECTIVE : 0),
		.data = { { (unsigned int)permitted, (unsigned int)inheritable } },
	};

	return SYS(setxattr, copy, XATTR_NAME_CAPS, &data, XATTR_CAPS_SZ_2, 0);
}

/* Runs the copy; it must find these sets. */
static void run_copy(const char *permitted, const char *effective)
{
	char *argv[] = { (char *)"copy", (char *)"=look", (char *)permitted,
			 (char *)effective, NULL };
	char *envp[] = { NULL };
	pid_t pid = test_fork();

	if (pid == 0) {
		SYS(execve, copy, argv, envp);
		_exit(99);
	}
	test_wait_ok(pid);
}

static void become_user(void)
{
	CHECK_OK(setresgid(USER, USER, USER));
	CHECK_OK(setresuid(USER, USER, USER));
}

static void user_runs_file_with_caps(void)
{
	become_user();
	run_copy("2000", "2000"); /* CAP_NET_RAW */
}

static void user_runs_file_without_effective(void)
{
	become_user();
	run_copy("2000", "0");
}

static void user_without_new_privileges(void)
{
	become_user();
	CHECK_OK(pr(PR_SET_NO_NEW_PRIVS, 1, 0, 0));
	run_copy("0", "0");
}

static void user_with_bounding_set(void)
{
	pid_t pid;
	char *argv[] = { (char *)"copy", NULL };

	CHECK_OK(pr(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0));
	become_user();
	pid = test_fork();
	if (pid == 0) {
		SYS(execve, copy, argv, argv + 1);
		_exit(errno == EPERM ? 0 : 1);
	}
	test_wait_ok(pid);
}

static void file_capabilities(void)
{
	struct stat st;
	char buf[64];

	test_need_root();
	copy_program();
	CHECK_OK(give(BIT(CAP_NET_RAW), 0, 1));
	test_child(user_runs_file_with_caps);
	test_child(user_without_new_privileges);
	test_child(user_with_bounding_set);
	CHECK_OK(give(BIT(CAP_NET_RAW), 0, 0));
	test_child(user_runs_file_without_effective);
	CHECK_EQ(SYS(getxattr, copy, XATTR_NAME_CAPS, buf, sizeof(buf)), XATTR_CAPS_SZ_2);
	CHECK_OK(stat(copy, &st));
	CHECK_OK(chown(copy, USER, USER));
	CHECK_ERR(SYS(getxattr, copy, XATTR_NAME_CAPS, buf, sizeof(buf)), ENODATA);
	CHECK_ERR(SYS(setxattr, copy, XATTR_NAME_CAPS, buf, 5, 0), EINVAL);
	CHECK_OK(give(BIT(CAP_NET_RAW), 0, 1));
	CHECK_OK(truncate(copy, 10));
	CHECK_ERR(SYS(getxattr, copy, XATTR_NAME_CAPS, buf, sizeof(buf)), ENODATA);
}

static void user_may_not_give(void)
{
	CHECK_ERR(give(1, 0, 0), EPERM);
}

static void files_need_setfcap(void)
{
	test_need_root();
	test_scratch();
	test_make_file(copy, "x");
	CHECK_OK(chmod(copy, 0777));
	test_as_user(user_may_not_give);
}

static void ambient_goes_on(void)
{
	test_need_root();
	copy_program();
	inherit(CAP_CHOWN);
	CHECK_OK(pr(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0));
	become_user();
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0));
	run_copy("1", "1");
	CHECK_OK(pr(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0));
	run_copy("0", "0");
}

static void root_without_root(void)
{
	test_need_root();
	copy_program();
	CHECK_OK(pr(PR_SET_SECUREBITS, SECBIT_NOROOT, 0, 0));
	run_copy("0", "0");
}

/* --- further attributes ---------------------------------------------------------- */

static void kept_and_told(void)
{
	pid_t pid;

	CHECK_EQ(pr(PR_GET_TIMERSLACK, 0, 0, 0), 50000);
	CHECK_OK(pr(PR_SET_TIMERSLACK, 1, 0, 0));
	CHECK_EQ(pr(PR_GET_TIMERSLACK, 0, 0, 0), 1);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(pr(PR_GET_TIMERSLACK, 0, 0, 0), 1);
		CHECK_OK(pr(PR_SET_TIMERSLACK, 70, 0, 0));
		CHECK_OK(pr(PR_SET_TIMERSLACK, 0, 0, 0));
		CHECK_EQ(pr(PR_GET_TIMERSLACK, 0, 0, 0), 1);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_OK(pr(PR_SET_TIMERSLACK, 0, 0, 0));
	CHECK_EQ(pr(PR_GET_TIMERSLACK, 0, 0, 0), 50000);
	CHECK_ERR(pr(PR_SET_THP_DISABLE, 1, 1, 0), EINVAL);
	CHECK_OK(pr(PR_SET_THP_DISABLE, 1, 0, 0));
	CHECK_EQ(pr(PR_GET_THP_DISABLE, 0, 0, 0), 1);
	CHECK_ERR(pr(PR_GET_THP_DISABLE, 1, 0, 0), EINVAL);
	CHECK_EQ(pr(PR_MCE_KILL_GET, 0, 0, 0), PR_MCE_KILL_DEFAULT);
	CHECK_OK(pr(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0));
	CHECK_EQ(pr(PR_MCE_KILL_GET, 0, 0, 0), PR_MCE_KILL_EARLY);
	CHECK_OK(pr(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0));
	CHECK_ERR(pr(PR_GET_SPECULATION_CTRL, 99, 0, 0), ENODEV);
	CHECK_ERR(pr(PR_GET_SPECULATION_CTRL, 0, 1, 0), EINVAL);
}

static const struct test_case cases[] = {
	{ "ambient set", ambient_set },
	{ "ambient set and user ids", ambient_and_ids },
	{ "securebits", securebits },
	{ "users may not", for_the_privileged },
	{ "capabilities of files", file_capabilities },
	{ "capabilities of files need CAP_SETFCAP", files_need_setfcap },
	{ "execve keeps ambient ones", ambient_goes_on },
	{ "SECBIT_NOROOT", root_without_root },
	{ "prctl: kept and told", kept_and_told },
};

static const struct test_role roles[] = {
	{ "look", look },
};

TEST_MAIN_ROLES(cases, roles)
