/*
 * Memory: mmap, munmap, mprotect, mremap, the break and the stack.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

#include "libmem.h"

#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* ---- mapping ------------------------------------------------------------ */

static void map_is_zero(void)
{
	char *p = mem_anonymous(16 * PAGE_SIZE, RW);

	CHECK_EQ((unsigned long)p % PAGE_SIZE, 0);
	CHECK(mem_all(p, 0, 16 * PAGE_SIZE));
	memset(p, 1, 16 * PAGE_SIZE);
	CHECK_OK(munmap(p, 16 * PAGE_SIZE));
	/* What comes back must not be what others left. */
	p = mem_anonymous(16 * PAGE_SIZE, RW);
	CHECK(mem_all(p, 0, 16 * PAGE_SIZE));
}

static void map_rounds_length_up(void)
{
	char *p = mem_anonymous(PAGE_SIZE + 1, RW);

	p[2 * PAGE_SIZE - 1] = 1;
	CHECK_OK(munmap(p, PAGE_SIZE + 1));
	CHECK_EQ(mem_read_fault(p), SEGV_MAPERR);
	CHECK_EQ(mem_read_fault(p + PAGE_SIZE), SEGV_MAPERR);
}

static void map_errors(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);

	CHECK_ERR(mmap(NULL, 0, RW, ANON, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE_SIZE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE_SIZE, RW, ~0, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, ~0UL << 12, RW, ANON, -1, 0), ENOMEM);
	CHECK_ERR(mmap(p + 1, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0), EINVAL);
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
	CHECK_ERR(mmap(NULL, 1UL << 48, PROT_NONE, ANON, -1, 0), ENOMEM);
	CHECK_ERR(mmap(NULL, ~0UL, PROT_NONE, ANON, -1, 0), ENOMEM);
	CHECK_ERR(mmap((void *)(1UL << 47), PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0),
		  ENOMEM);
	CHECK_ERR(mmap((void *)~0xfffUL, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0),
		  ENOMEM);
}

static void map_page_zero_as_user(void)
{
	CHECK_ERR(mmap(NULL, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0), EPERM);
}

static void map_page_zero(void)
{
	test_as_user(map_page_zero_as_user);
}

static void map_hint(void)
{
	char *p = mem_anonymous(4 * PAGE_SIZE, RW);
	char *q;

	CHECK_OK(munmap(p, 4 * PAGE_SIZE));
	q = mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(q == p + PAGE_SIZE);
	/* A hint that is taken gives another place, not an error. */
	q = mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON, -1, 0);
	CHECK(q != MAP_FAILED && q != p + PAGE_SIZE);
}

static void map_fixed_replaces(void)
{
	char *p = mem_anonymous(3 * PAGE_SIZE, RW);

	memset(p, 5, 3 * PAGE_SIZE);
	CHECK(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED, -1, 0) ==
	      p + PAGE_SIZE);
	CHECK(mem_all(p, 5, PAGE_SIZE));
	CHECK(mem_all(p + PAGE_SIZE, 0, PAGE_SIZE));
	CHECK(mem_all(p + 2 * PAGE_SIZE, 5, PAGE_SIZE));
}

static void map_fixed_noreplace(void)
{
	char *p = mem_anonymous(3 * PAGE_SIZE, RW);

	p[PAGE_SIZE] = 7;
	CHECK_ERR(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE,
		       -1, 0),
		  EEXIST);
	CHECK_EQ(p[PAGE_SIZE], 7);
	CHECK_OK(munmap(p + PAGE_SIZE, PAGE_SIZE));
	CHECK_ERR(mmap(p, 2 * PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0),
		  EEXIST);
	CHECK(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON | MAP_FIXED_NOREPLACE, -1,
		   0) == p + PAGE_SIZE);
}

static void map_populate(void)
{
	char *p = mmap(NULL, 64 * PAGE_SIZE, RW,
		       ANON | MAP_POPULATE | MAP_NORESERVE, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK(mem_all(p, 0, 64 * PAGE_SIZE));
	memset(p, 1, 64 * PAGE_SIZE);
}

static void map_large_reservation(void)
{
	size_t len = 1UL << 30;
	char *p = mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
	size_t at;

	CHECK(p != MAP_FAILED);
	CHECK_OK(mprotect(p, len / 2, RW));
	for (at = 0; at < len / 2; at += 8UL << 20)
		p[at] = 1;
	CHECK_EQ(mem_read_fault(p + len / 2), SEGV_ACCERR);
	CHECK_EQ(p[8UL << 20], 1);
	CHECK_EQ(p[(8UL << 20) + PAGE_SIZE], 0);
	CHECK_OK(munmap(p, len));
}

static void map_many_separately(void)
{
	static char *maps[200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		maps[i] = mem_anonymous(PAGE_SIZE, i % 2 ? RW : PROT_READ);
		if (i % 2)
			maps[i][0] = (char)i;
	}
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		CHECK_EQ(maps[i][0], i % 2 ? (char)i : 0);
		CHECK_OK(munmap(maps[i], PAGE_SIZE));
	}
}

static void map_reused_many_times(void)
{
	int i;

	for (i = 0; i < 300; i++) {
		char *p = mem_anonymous(8 * PAGE_SIZE, RW);

		CHECK_EQ(p[5 * PAGE_SIZE], 0);
		p[5 * PAGE_SIZE] = 1;
		CHECK_OK(munmap(p, 8 * PAGE_SIZE));
	}
}

/* ---- unmapping ---------------------------------------------------------- */

static void unmap_errors(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);

	CHECK_ERR(munmap(p + 1, PAGE_SIZE), EINVAL);
	CHECK_ERR(munmap(p, 0), EINVAL);
	CHECK_ERR(munmap((void *)(1UL << 47), PAGE_SIZE), EINVAL);
	CHECK_ERR(munmap(p, 1UL << 48), EINVAL);
	CHECK_OK(munmap(p, PAGE_SIZE));
	/* What is not there is as good as unmapped. */
	CHECK_OK(munmap(p, PAGE_SIZE));
}

static void unmap_leaves_a_hole(void)
{
	char *p = mem_anonymous(3 * PAGE_SIZE, RW);

	memset(p, 9, 3 * PAGE_SIZE);
	CHECK_OK(munmap(p + PAGE_SIZE, PAGE_SIZE));
	CHECK(mem_all(p, 9, PAGE_SIZE));
	CHECK(mem_all(p + 2 * PAGE_SIZE, 9, PAGE_SIZE));
	CHECK_EQ(mem_read_fault(p + PAGE_SIZE), SEGV_MAPERR);
	/* The hole is there for others, and zero. */
	CHECK(mmap(p + PAGE_SIZE, PAGE_SIZE, RW, ANON, -1, 0) == p + PAGE_SIZE);
	CHECK(mem_all(p + PAGE_SIZE, 0, PAGE_SIZE));
}

static void unmap_ends(void)
{
	char *p = mem_anonymous(4 * PAGE_SIZE, RW);

	memset(p, 3, 4 * PAGE_SIZE);
	CHECK_OK(munmap(p, PAGE_SIZE));
	CHECK_OK(munmap(p + 3 * PAGE_SIZE, PAGE_SIZE));
	CHECK_EQ(mem_read_fault(p), SEGV_MAPERR);
	CHECK_EQ(mem_read_fault(p + 3 * PAGE_SIZE), SEGV_MAPERR);
	CHECK(mem_all(p + PAGE_SIZE, 3, 2 * PAGE_SIZE));
}

static void unmap_several_mappings(void)
{
	char *p = mem_anonymous(5 * PAGE_SIZE, RW);

	CHECK_OK(mprotect(p + PAGE_SIZE, PAGE_SIZE, PROT_READ));
	CHECK_OK(mprotect(p + 3 * PAGE_SIZE, PAGE_SIZE, PROT_NONE));
	CHECK_OK(munmap(p + PAGE_SIZE, 3 * PAGE_SIZE));
	CHECK_EQ(mem_read_fault(p), 0);
	CHECK_EQ(mem_read_fault(p + PAGE_SIZE), SEGV_MAPERR);
	CHECK_EQ(mem_read_fault(p + 3 * PAGE_SIZE), SEGV_MAPERR);
	CHECK_EQ(mem_read_fault(p + 4 * PAGE_SIZE), 0);
}

/* ---- protection --------------------------------------------------------- */

static void protect_all_ways(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);

	*p = 4;
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ));
	CHECK_EQ(mem_read_fault(p), 0);
	CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_NONE));
	CHECK_EQ(mem_read_fault(p), SEGV_ACCERR);
	CHECK_OK(mprotect(p, PAGE_SIZE, RW));
	CHECK_EQ(mem_write_fault(p), 0);
	CHECK_EQ(*p, 4);
}

static void protect_before_first_touch(void)
{
	char *p = mem_anonymous(PAGE_SIZE, PROT_NONE);

	CHECK_EQ(mem_read_fault(p), SEGV_ACCERR);
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ));
	CHECK_EQ(*p, 0);
	CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
	CHECK_OK(mprotect(p, PAGE_SIZE, RW));
	*p = 1;
}

static void protect_splits(void)
{
	char *p = mem_anonymous(5 * PAGE_SIZE, RW);

	memset(p, 6, 5 * PAGE_SIZE);
	CHECK_OK(mprotect(p + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ));
	CHECK_EQ(mem_write_fault(p + PAGE_SIZE), 0);
	CHECK_EQ(mem_write_fault(p + 2 * PAGE_SIZE), SEGV_ACCERR);
	CHECK_EQ(mem_write_fault(p + 3 * PAGE_SIZE), 0);
	CHECK(mem_all(p, 6, 5 * PAGE_SIZE));
	CHECK_OK(mprotect(p, 5 * PAGE_SIZE, RW));
	CHECK_EQ(mem_write_fault(p + 2 * PAGE_SIZE), 0);
}

static void protect_errors(void)
{
	char *p = mem_anonymous(4 * PAGE_SIZE, RW);

	CHECK_ERR(mprotect(p + 1, PAGE_SIZE, RW), EINVAL);
	CHECK_ERR(mprotect(p, PAGE_SIZE, 0x80), EINVAL);
	CHECK_OK(mprotect(p, 0, PROT_NONE));
	CHECK_OK(munmap(p + 2 * PAGE_SIZE, PAGE_SIZE));
	CHECK_ERR(mprotect(p, 4 * PAGE_SIZE, PROT_READ), ENOMEM);
	CHECK_ERR(mprotect(p + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ), ENOMEM);
	/* What lay before the hole was changed. */
	CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
}

static void protect_to_execute(void)
{
	/* mov $42, %eax; ret */
	static const unsigned char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	char *p = mem_anonymous(PAGE_SIZE, RW);
	int (*call)(void);

	memcpy(p, code, sizeof(code));
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ | PROT_EXEC));
	memcpy(&call, &p, sizeof(call));
	CHECK_EQ(call(), 42);
	CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
	/* Changed code is seen. */
	CHECK_OK(mprotect(p, PAGE_SIZE, RW));
	p[1] = 43;
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ | PROT_EXEC));
	CHECK_EQ(call(), 43);
}

static void protect_every_second_page(void)
{
	unsigned long i;
	char *p = mem_anonymous(200 * PAGE_SIZE, RW);

	memset(p, 2, 200 * PAGE_SIZE);
	for (i = 0; i < 200; i += 2)
		CHECK_OK(mprotect(p + i * PAGE_SIZE, PAGE_SIZE, PROT_READ));
	CHECK(mem_all(p, 2, 200 * PAGE_SIZE));
	CHECK_EQ(mem_write_fault(p + 100 * PAGE_SIZE), SEGV_ACCERR);
	CHECK_EQ(mem_write_fault(p + 101 * PAGE_SIZE), 0);
	CHECK_OK(munmap(p, 200 * PAGE_SIZE));
}

/* ---- mremap and madvise ------------------------------------------------- */

static char *remap(char *p, size_t old_len, size_t len, int flags)
{
	char *q = mremap(p, old_len, len, flags);

	if (q == MAP_FAILED && errno == ENOSYS)
		test_skip("no mremap");
	return q;
}

static void remap_shrinks(void)
{
	char *p = mem_anonymous(4 * PAGE_SIZE, RW);

	memset(p, 1, 4 * PAGE_SIZE);
	CHECK(remap(p, 4 * PAGE_SIZE, PAGE_SIZE, 0) == p);
	CHECK(mem_all(p, 1, PAGE_SIZE));
	CHECK_EQ(mem_read_fault(p + PAGE_SIZE), SEGV_MAPERR);
}

static void remap_grows_in_place(void)
{
	char *p = mem_anonymous(4 * PAGE_SIZE, RW);

	CHECK_OK(munmap(p + PAGE_SIZE, 3 * PAGE_SIZE));
	*p = 1;
	CHECK(remap(p, PAGE_SIZE, 3 * PAGE_SIZE, 0) == p);
	CHECK_EQ(*p, 1);
	p[2 * PAGE_SIZE] = 2;
}

static void remap_moves(void)
{
	char *p = mem_anonymous(3 * PAGE_SIZE, RW);
	char *q;

	memset(p, 8, 2 * PAGE_SIZE);
	/* The neighbour is in the way. */
	q = remap(p, 2 * PAGE_SIZE, 4 * PAGE_SIZE, 0);
	CHECK(q == MAP_FAILED && errno == ENOMEM);
	q = remap(p, 2 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE);
	CHECK(q != MAP_FAILED && q != p);
	CHECK(mem_all(q, 8, 2 * PAGE_SIZE));
	CHECK(mem_all(q + 2 * PAGE_SIZE, 0, 2 * PAGE_SIZE));
	CHECK_EQ(mem_read_fault(p), SEGV_MAPERR);
	CHECK_EQ(mem_read_fault(p + 2 * PAGE_SIZE), 0);
}

static void remap_errors(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);

	CHECK(remap(p, PAGE_SIZE, PAGE_SIZE, 0) == p);
	CHECK_ERR(mremap(p + 1, PAGE_SIZE, PAGE_SIZE, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE_SIZE, 0, 0), EINVAL);
	CHECK_ERR(mremap(p, PAGE_SIZE, PAGE_SIZE, 0x40), EINVAL);
	CHECK_OK(munmap(p, PAGE_SIZE));
	CHECK_ERR(mremap(p, PAGE_SIZE, 2 * PAGE_SIZE, MREMAP_MAYMOVE), EFAULT);
}

static void advise_dontneed(void)
{
	char *p = mem_anonymous(2 * PAGE_SIZE, RW);

	memset(p, 1, 2 * PAGE_SIZE);
	if (madvise(p, PAGE_SIZE, MADV_DONTNEED) < 0 && errno == ENOSYS)
		test_skip("no madvise");
	CHECK(mem_all(p, 0, PAGE_SIZE));
	CHECK(mem_all(p + PAGE_SIZE, 1, PAGE_SIZE));
	CHECK_ERR(madvise(p + 1, PAGE_SIZE, MADV_DONTNEED), EINVAL);
	CHECK_ERR(madvise(p, PAGE_SIZE, 12345), EINVAL);
	CHECK_OK(munmap(p, PAGE_SIZE));
	CHECK_ERR(madvise(p, PAGE_SIZE, MADV_DONTNEED), ENOMEM);
}

/* ---- the break ---------------------------------------------------------- */

static void break_moves(void)
{
	char *start = sys_brk(NULL);
	char *end = start + 5 * PAGE_SIZE + 100;

	CHECK(sys_brk(end) == end);
	CHECK(sys_brk(NULL) == end);
	CHECK(mem_all(start, 0, (size_t)(end - start)));
	memset(start, 1, (size_t)(end - start));
	CHECK(sys_brk(start) == start);
	CHECK(sys_brk(end) == end);
	/* Whole pages that were given back are zero again. */
	CHECK(mem_all(
		(char *)(((unsigned long)start + PAGE_SIZE) & ~(PAGE_SIZE - 1)),
		0, 4 * PAGE_SIZE));
}

static void break_refuses(void)
{
	char *now = sys_brk(NULL);

	CHECK(sys_brk((void *)1) == now);
	CHECK(sys_brk((void *)(1UL << 60)) == now);
	CHECK(sys_brk(NULL) == now);
	CHECK(sbrk(PAGE_SIZE) == now);
	CHECK(sbrk(-(intptr_t)PAGE_SIZE) == now + PAGE_SIZE);
	CHECK(sbrk(0) == now);
}

static void break_fork(void)
{
	char *p = sbrk(PAGE_SIZE);
	pid_t pid;

	*p = 1;
	pid = test_fork();
	if (pid == 0) {
		CHECK(sbrk(0) == p + PAGE_SIZE);
		CHECK(sbrk(PAGE_SIZE) == p + PAGE_SIZE);
		*p = 2;
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(sbrk(0) == p + PAGE_SIZE);
	CHECK_EQ(*p, 1);
}

static void break_stops_at_a_mapping(void)
{
	char *now = (char *)(((unsigned long)sys_brk(NULL) + 2 * PAGE_SIZE) &
			     ~(PAGE_SIZE - 1));
	char *wall = mmap(now + 4 * PAGE_SIZE, PAGE_SIZE, RW,
			  ANON | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(wall == now + 4 * PAGE_SIZE);
	CHECK(sys_brk(now) == now);
	CHECK(sys_brk(wall + 2 * PAGE_SIZE) == now);
}

/* ---- the stack ---------------------------------------------------------- */

static int use_stack(int pages)
{
	volatile char block[PAGE_SIZE];

	block[0] = (char)pages;
	block[PAGE_SIZE - 1] = 1;
	return pages ? use_stack(pages - 1) + block[PAGE_SIZE - 1] : 0;
}

static void stack_grows(void)
{
	CHECK_EQ(use_stack(256), 256);
	CHECK_EQ(use_stack(1024), 1024);
}

static void stack_grows_in_one_leap(void)
{
	volatile char block[1UL << 20];

	block[0] = 1;
	block[sizeof(block) - 1] = 2;
	CHECK_EQ(block[0] + block[sizeof(block) - 1], 3);
	CHECK_EQ(block[sizeof(block) / 2], block[sizeof(block) / 2]);
}

static void stack_of_the_child(void)
{
	volatile int word = 1;
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_EQ(use_stack(512), 512);
		word = 2;
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(word, 1);
}

static const struct test_case cases[] = {
	{ "map: zero-filled", map_is_zero },
	{ "map: length rounded up", map_rounds_length_up },
	{ "map: errors", map_errors },
	{ "map: page zero is refused", map_page_zero },
	{ "map: hint", map_hint },
	{ "map: MAP_FIXED replaces", map_fixed_replaces },
	{ "map: MAP_FIXED_NOREPLACE", map_fixed_noreplace },
	{ "map: MAP_POPULATE", map_populate },
	{ "map: a gigabyte reserved", map_large_reservation },
	{ "map: two hundred separately", map_many_separately },
	{ "map: the same place again and again", map_reused_many_times },
	{ "unmap: errors", unmap_errors },
	{ "unmap: leaves a hole", unmap_leaves_a_hole },
	{ "unmap: both ends", unmap_ends },
	{ "unmap: several mappings at once", unmap_several_mappings },
	{ "protect: all ways", protect_all_ways },
	{ "protect: before the first touch", protect_before_first_touch },
	{ "protect: splits and joins", protect_splits },
	{ "protect: errors", protect_errors },
	{ "protect: code", protect_to_execute },
	{ "protect: every second page", protect_every_second_page },
	{ "mremap: shrinks", remap_shrinks },
	{ "mremap: grows in place", remap_grows_in_place },
	{ "mremap: moves", remap_moves },
	{ "mremap: errors", remap_errors },
	{ "madvise: MADV_DONTNEED", advise_dontneed },
	{ "break: moves", break_moves },
	{ "break: refuses", break_refuses },
	{ "break: fork", break_fork },
	{ "break: stops at a mapping", break_stops_at_a_mapping },
	{ "stack: grows", stack_grows },
	{ "stack: grows in one leap", stack_grows_in_one_leap },
	{ "stack: of the child", stack_of_the_child },
};

TEST_MAIN(cases)
