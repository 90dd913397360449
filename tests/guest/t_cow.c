/*
 * Sharing of memory: copy-on-write after fork, shared anonymous memory,
 * mappings of files, and the kernel's own copies to and from user memory.
 * TEST-SMOKE
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libmem.h"

#define RW (PROT_READ | PROT_WRITE)
#define PAGES 16UL
#define LEN (PAGES * PAGE_SIZE)

/* ---- after fork --------------------------------------------------------- */

static void child_writes(void)
{
	char *p = mem_anonymous(LEN, RW);
	pid_t pid;

	memset(p, 1, LEN);
	pid = test_fork();
	if (pid == 0) {
		CHECK(mem_all(p, 1, LEN));
		memset(p, 2, LEN);
		CHECK(mem_all(p, 2, LEN));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(mem_all(p, 1, LEN));
}

/* Each side tells the other by a byte that it is its turn. */
struct turns {
	int to_child[2];
	int to_parent[2];
};

static void make_turns(struct turns *t)
{
	CHECK_OK(pipe(t->to_child));
	CHECK_OK(pipe(t->to_parent));
}

static void pass(int fd)
{
	CHECK_EQ(write(fd, "x", 1), 1);
}

static void await(int fd)
{
	char byte;

	test_read_all(fd, &byte, 1);
}

static void parent_writes(void)
{
	char *p = mem_anonymous(LEN, RW);
	struct turns t;
	pid_t pid;

	make_turns(&t);
	memset(p, 1, LEN);
	pid = test_fork();
	if (pid == 0) {
		await(t.to_child[0]);
		CHECK(mem_all(p, 1, LEN));
		_exit(0);
	}
	memset(p, 2, LEN);
	pass(t.to_child[1]);
	test_wait_ok(pid);
	CHECK(mem_all(p, 2, LEN));
}

static void both_write(void)
{
	char *p = mem_anonymous(LEN, RW);
	struct turns t;
	pid_t pid;

	make_turns(&t);
	memset(p, 1, LEN);
	pid = test_fork();
	if (pid == 0) {
		memset(p, 2, LEN / 2);
		pass(t.to_parent[1]);
		await(t.to_child[0]);
		CHECK(mem_all(p, 2, LEN / 2));
		CHECK(mem_all(p + LEN / 2, 1, LEN / 2));
		_exit(0);
	}
	await(t.to_parent[0]);
	CHECK(mem_all(p, 1, LEN));
	memset(p, 3, LEN);
	pass(t.to_child[1]);
	test_wait_ok(pid);
	CHECK(mem_all(p, 3, LEN));
}

static void generations(char *p, int depth)
{
	pid_t pid;

	memset(p, depth, LEN);
	if (depth == 5)
		return;
	pid = test_fork();
	if (pid == 0) {
		generations(p, depth + 1);
		CHECK(mem_all(p, depth + 1, LEN));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(mem_all(p, depth, LEN));
}

static void many_generations(void)
{
	generations(mem_anonymous(LEN, RW), 0);
}

static void untouched_then_fork(void)
{
	char *p = mem_anonymous(LEN, RW);
	pid_t pid;

	/* Read only: whatever stands for zero is shared. */
	CHECK(mem_all(p, 0, LEN / 2));
	pid = test_fork();
	if (pid == 0) {
		memset(p, 7, LEN);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(mem_all(p, 0, LEN));
	memset(p, 1, LEN);
	CHECK(mem_all(p, 1, LEN));
}

static void kernel_writes_to_shared_page(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	memset(p, 1, PAGE_SIZE);
	pid = test_fork();
	if (pid == 0) {
		/* The copy must be made by read(2) as by a store. */
		test_read_all(fds[0], p, 5);
		CHECK_EQ(memcmp(p, "hello", 5), 0);
		CHECK(mem_all(p + 5, 1, PAGE_SIZE - 5));
		_exit(0);
	}
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	test_wait_ok(pid);
	CHECK(mem_all(p, 1, PAGE_SIZE));
}

static void protect_shared_page(void)
{
	char *p = mem_anonymous(PAGE_SIZE, RW);
	pid_t pid;

	memset(p, 1, PAGE_SIZE);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ));
		CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
		CHECK_OK(mprotect(p, PAGE_SIZE, RW));
		memset(p, 2, PAGE_SIZE);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK(mem_all(p, 1, PAGE_SIZE));
	CHECK_EQ(mem_write_fault(p), 0);
}

static char data_page[2 * PAGE_SIZE] __attribute__((aligned(4096))) = { 1 };

static void data_and_bss(void)
{
	static char bss[4 * PAGE_SIZE];
	pid_t pid = test_fork();

	if (pid == 0) {
		data_page[PAGE_SIZE] = 5;
		memset(bss, 5, sizeof(bss));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(data_page[0], 1);
	CHECK_EQ(data_page[PAGE_SIZE], 0);
	CHECK(mem_all(bss, 0, sizeof(bss)));
}

static void stack_is_copied(void)
{
	volatile char block[4 * PAGE_SIZE];
	size_t i;
	pid_t pid;

	for (i = 0; i < sizeof(block); i++)
		block[i] = 1;
	pid = test_fork();
	if (pid == 0) {
		for (i = 0; i < sizeof(block); i++)
			block[i] = 2;
		_exit(0);
	}
	test_wait_ok(pid);
	for (i = 0; i < sizeof(block); i++)
		CHECK_EQ(block[i], 1);
}

/* ---- shared anonymous memory -------------------------------------------- */

static char *shared(size_t len)
{
	char *p = mmap(NULL, len, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	return p;
}

static void shared_both_ways(void)
{
	char *p = shared(LEN);
	struct turns t;
	pid_t pid;

	make_turns(&t);
	pid = test_fork();
	if (pid == 0) {
		memset(p, 1, LEN);
		pass(t.to_parent[1]);
		await(t.to_child[0]);
		CHECK(mem_all(p, 2, LEN));
		_exit(0);
	}
	await(t.to_parent[0]);
	CHECK(mem_all(p, 1, LEN));
	memset(p, 2, LEN);
	pass(t.to_child[1]);
	test_wait_ok(pid);
}

static void shared_with_grandchild(void)
{
	volatile int *p = (volatile int *)shared(PAGE_SIZE);
	pid_t pid = test_fork();

	if (pid == 0) {
		pid_t inner = test_fork();

		if (inner == 0) {
			*p = 4711;
			_exit(0);
		}
		test_wait_ok(inner);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(*p, 4711);
}

static void shared_protected_and_unmapped(void)
{
	char *p = shared(LEN);
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ));
		CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
		CHECK_OK(munmap(p, LEN));
		_exit(0);
	}
	test_wait_ok(pid);
	/* That was the child's view only. */
	memset(p, 1, LEN);
}

static void shared_filled_by_kernel(void)
{
	char *p = shared(PAGE_SIZE);
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	pid = test_fork();
	if (pid == 0) {
		test_read_all(fds[0], p, 5);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(memcmp(p, "hello", 5), 0);
}

/* ---- mappings of files -------------------------------------------------- */

/* A file of three pages, filled with 'a', 'b', 'c', and 100 bytes of 'd'. */
static int make_pages(void)
{
	char block[PAGE_SIZE];
	int fd;
	int i;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	for (i = 0; i < 3; i++) {
		memset(block, 'a' + i, sizeof(block));
		CHECK_EQ(write(fd, block, sizeof(block)), sizeof(block));
	}
	memset(block, 'd', 100);
	CHECK_EQ(write(fd, block, 100), 100);
	return fd;
}

static char *map_file(int fd, size_t len, int prot, int flags, off_t offset)
{
	char *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		test_fail(__FILE__, __LINE__, "mmap of a file: %s", test_errno());
	return p;
}

static void file_shows_contents(void)
{
	int fd = make_pages();
	char *p = map_file(fd, 4 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);

	CHECK(mem_all(p, 'a', PAGE_SIZE));
	CHECK(mem_all(p + PAGE_SIZE, 'b', PAGE_SIZE));
	CHECK(mem_all(p + 2 * PAGE_SIZE, 'c', PAGE_SIZE));
	CHECK(mem_all(p + 3 * PAGE_SIZE, 'd', 100));
	CHECK(mem_all(p + 3 * PAGE_SIZE + 100, 0, PAGE_SIZE - 100));
	CHECK_EQ(mem_write_fault(p), SEGV_ACCERR);
}

static void file_private_writes_stay_private(void)
{
	char byte;
	int fd = make_pages();
	char *p = map_file(fd, 2 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	char *q = map_file(fd, 2 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);

	memset(p, 'x', PAGE_SIZE);
	CHECK(mem_all(p, 'x', PAGE_SIZE));
	CHECK(mem_all(p + PAGE_SIZE, 'b', PAGE_SIZE));
	CHECK(mem_all(q, 'a', PAGE_SIZE));
	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, 'a');
}

static void file_private_survives_fork(void)
{
	int fd = make_pages();
	char *p = map_file(fd, 2 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	pid_t pid;

	p[0] = 'x';
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(p[0], 'x');
		p[0] = 'y';
		p[PAGE_SIZE] = 'y';
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(p[0], 'x');
	CHECK_EQ(p[PAGE_SIZE], 'b');
}

static void file_offset(void)
{
	int fd = make_pages();
	char *p = map_file(fd, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 2 * PAGE_SIZE);

	CHECK(mem_all(p, 'c', PAGE_SIZE));
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
}

static void file_mapping_outlives_descriptor(void)
{
	int fd = make_pages();
	char *p = map_file(fd, PAGE_SIZE, PROT_READ, MAP_PRIVATE, PAGE_SIZE);

	CHECK_OK(close(fd));
	CHECK_OK(unlink("f"));
	CHECK(mem_all(p, 'b', PAGE_SIZE));
}

static void file_errors(void)
{
	int fds[2];
	int fd;

	test_scratch();
	test_make_file("f", "text");
	fd = (int)CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(mmap(NULL, PAGE_SIZE, RW, MAP_SHARED, fd, 0), EACCES);
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	CHECK_OK(pipe(fds));
	CHECK_ERR(mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE, fds[0], 0), ENODEV);
}

static void file_truncated_below(void)
{
	int fd = make_pages();
	char *p = map_file(fd, 3 * PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0);

	CHECK_EQ(p[2 * PAGE_SIZE], 'c');
	CHECK_OK(ftruncate(fd, (off_t)PAGE_SIZE));
	CHECK_EQ(p[0], 'a');
	CHECK_EQ(mem_read_fault(p + 2 * PAGE_SIZE), BUS_ADRERR);
}

static void file_shared(void)
{
	char byte;
	int fd = make_pages();
	char *p = mmap(NULL, 2 * PAGE_SIZE, RW, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED && errno == ENODEV)
		test_skip("no shared mappings of files");
	CHECK(p != MAP_FAILED);
	p[0] = 'x';
	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, 'x');
	CHECK_EQ(pwrite(fd, "y", 1, 1), 1);
	CHECK_EQ(p[1], 'y');
	CHECK_OK(msync(p, PAGE_SIZE, MS_SYNC));
	CHECK_OK(munmap(p, 2 * PAGE_SIZE));
	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
	CHECK_EQ(byte, 'x');
}

static void device_zero(void)
{
	int fd = (int)CHECK_OK(open("/dev/zero", O_RDWR));
	char *p = mmap(NULL, 2 * PAGE_SIZE, RW, MAP_PRIVATE, fd, 0);

	if (p == MAP_FAILED && errno == ENODEV)
		test_skip("/dev/zero cannot be mapped");
	CHECK(p != MAP_FAILED);
	CHECK(mem_all(p, 0, 2 * PAGE_SIZE));
	memset(p, 1, 2 * PAGE_SIZE);
	fd = (int)CHECK_OK(open("/dev/zero", O_RDONLY));
	p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	CHECK_ERR(mprotect(p, PAGE_SIZE, RW), EACCES);
}

/* ---- copies by the kernel ----------------------------------------------- */

static void kernel_fills_untouched_pages(void)
{
	char *p = mem_anonymous(LEN, RW);
	int fd = make_pages();

	CHECK_EQ(pread(fd, p + 100, 3 * PAGE_SIZE, 0), 3 * PAGE_SIZE);
	CHECK(mem_all(p, 0, 100));
	CHECK(mem_all(p + 100, 'a', PAGE_SIZE));
	CHECK(mem_all(p + 100 + 2 * PAGE_SIZE, 'c', PAGE_SIZE));
}

static void kernel_reads_untouched_pages(void)
{
	char *p = mem_anonymous(LEN, RW);
	char block[100];
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], p + PAGE_SIZE - 50, 100), 100);
	memset(block, 1, sizeof(block));
	test_read_all(fds[0], block, 100);
	CHECK(mem_all(block, 0, 100));
}

static void kernel_refuses_bad_addresses(void)
{
	static const unsigned long bad[] = {
		8,	     0x70000000, 0x70001000,
		0x7fffff00,  0x80000000, 0xbffff000,
		1UL << 47,   1UL << 60,	 0xffff888000000000UL,
		~0UL - 4095, ~0UL - 7,
	};
	struct stat st;
	int fds[2];
	int fd = make_pages();
	size_t i;

	CHECK_OK(pipe(fds));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		void *p = (void *)bad[i];

		CHECK_ERR(pread(fd, p, 16, 0), EFAULT);
		CHECK_ERR(write(fds[1], p, 16), EFAULT);
		CHECK_ERR(fstat(fd, p), EFAULT);
		CHECK_ERR(stat(p, &st), EFAULT);
		CHECK_ERR(pipe(p), EFAULT);
		CHECK_ERR(SYS(clock_gettime, CLOCK_MONOTONIC, p), EFAULT);
		CHECK_ERR(readv(fd, p, 1), EFAULT);
	}
}

static void kernel_respects_protection(void)
{
	char *p = mem_anonymous(2 * PAGE_SIZE, RW);
	int fds[2];
	int fd = make_pages();

	CHECK_OK(pipe(fds));
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_READ));
	CHECK_ERR(pread(fd, p, 10, 0), EFAULT);
	CHECK_EQ(write(fds[1], p, 10), 10);
	CHECK_OK(mprotect(p, PAGE_SIZE, PROT_NONE));
	CHECK_ERR(write(fds[1], p, 10), EFAULT);
	CHECK_ERR(pread(fd, (void *)(unsigned long)kernel_respects_protection,
			10, 0),
		  EFAULT);
}

static void kernel_copies_what_it_can(void)
{
	char *p = mem_anonymous(2 * PAGE_SIZE, RW);
	int fd = make_pages();

	CHECK_OK(munmap(p + PAGE_SIZE, PAGE_SIZE));
	CHECK_EQ(pread(fd, p + PAGE_SIZE - 10, 100, 0), 10);
	CHECK(mem_all(p + PAGE_SIZE - 10, 'a', 10));
}

static void strings_end_at_a_hole(void)
{
	char *p = mem_anonymous(2 * PAGE_SIZE, RW);
	struct stat st;

	test_scratch();
	test_make_file("f", "");
	CHECK_OK(munmap(p + PAGE_SIZE, PAGE_SIZE));
	/* The NUL is the last byte that is there. */
	strcpy(p + PAGE_SIZE - 2, "f");
	CHECK_OK(stat(p + PAGE_SIZE - 2, &st));
	/* And here there is none. */
	memcpy(p + PAGE_SIZE - 2, "ff", 2);
	CHECK_ERR(stat(p + PAGE_SIZE - 2, &st), EFAULT);
}

static const struct test_case cases[] = {
	{ "fork: the child writes", child_writes },
	{ "fork: the parent writes", parent_writes },
	{ "fork: both write", both_write },
	{ "fork: five generations", many_generations },
	{ "fork: untouched memory", untouched_then_fork },
	{ "fork: the kernel writes", kernel_writes_to_shared_page },
	{ "fork: mprotect", protect_shared_page },
	{ "fork: data and bss", data_and_bss },
	{ "fork: stack", stack_is_copied },
	{ "shared: both ways", shared_both_ways },
	{ "shared: with a grandchild", shared_with_grandchild },
	{ "shared: protections are one's own", shared_protected_and_unmapped },
	{ "shared: filled by the kernel", shared_filled_by_kernel },
	{ "file: contents and tail", file_shows_contents },
	{ "file: private writes", file_private_writes_stay_private },
	{ "file: private writes and fork", file_private_survives_fork },
	{ "file: offset", file_offset },
	{ "file: outlives descriptor and name", file_mapping_outlives_descriptor },
	{ "file: errors", file_errors },
	{ "file: truncated below", file_truncated_below },
	{ "file: shared", file_shared },
	{ "/dev/zero", device_zero },
	{ "kernel: fills untouched pages", kernel_fills_untouched_pages },
	{ "kernel: reads untouched pages", kernel_reads_untouched_pages },
	{ "kernel: EFAULT for bad addresses", kernel_refuses_bad_addresses },
	{ "kernel: respects protection", kernel_respects_protection },
	{ "kernel: partial copies", kernel_copies_what_it_can },
	{ "kernel: strings at a hole", strings_end_at_a_hole },
};

TEST_MAIN(cases)
