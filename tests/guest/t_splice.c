/*
 * splice, tee, vmsplice between pipes and files; process_vm_readv and its kin;
 * protection keys, sync_file_range.
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
#include <unistd.h>

#define NONBLOCK 2 /* SPLICE_F_NONBLOCK */

static char block[65536];

static long splice(int in, long *in_at, int out, long *out_at, size_t len, int flags)
{
	return SYS(splice, in, in_at, out, out_at, len, flags);
}

static int new_file(const char *name, const char *text)
{
	int fd = (int)CHECK_OK(open(name, O_RDWR | O_CREAT | O_TRUNC, 0644));

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void expect(int fd, const char *text)
{
	char buf[64] = { 0 };

	test_read_all(fd, buf, strlen(text));
	CHECK_STR(buf, text);
}

/* ---- splice ------------------------------------------------------------------ */

static void file_and_pipe(void)
{
	long at = 6;
	int fds[2];
	int in;
	int out;

	test_scratch();
	CHECK_OK(pipe(fds));
	in = new_file("in", "hello world");
	out = new_file("out", "..........");
	CHECK_EQ(splice(in, NULL, fds[1], NULL, 6, 0), 6);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 6);
	expect(fds[0], "hello ");
	CHECK_EQ(splice(in, &at, fds[1], NULL, 100, 0), 5);
	CHECK_EQ(at, 11);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 6);
	CHECK_EQ(splice(in, &at, fds[1], NULL, 100, 0), 0);
	at = 2;
	CHECK_EQ(splice(fds[0], NULL, out, &at, 100, 0), 5);
	CHECK_EQ(at, 7);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 0);
	expect(out, "..world...");
}

static void pipe_and_pipe(void)
{
	int a[2];
	int b[2];

	CHECK_OK(pipe(a));
	CHECK_OK(pipe(b));
	CHECK_EQ(write(a[1], "abcdef", 6), 6);
	CHECK_EQ(splice(a[0], NULL, b[1], NULL, 4, 0), 4);
	expect(b[0], "abcd");
	CHECK_EQ(SYS(tee, a[0], b[1], 100, 0), 2);
	expect(b[0], "ef");
	expect(a[0], "ef");
	CHECK_ERR(SYS(tee, a[0], b[1], 1, NONBLOCK), EAGAIN);
	CHECK_ERR(splice(a[0], NULL, b[1], NULL, 1, NONBLOCK), EAGAIN);
	CHECK_OK(close(a[1]));
	CHECK_EQ(SYS(tee, a[0], b[1], 1, 0), 0);
	CHECK_EQ(splice(a[0], NULL, b[1], NULL, 1, 0), 0);
}

static void full_and_broken(void)
{
	int a[2];
	int b[2];

	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(pipe(a));
	CHECK_OK(pipe(b));
	CHECK_EQ(write(a[1], "abc", 3), 3);
	CHECK_EQ(write(b[1], block, sizeof(block)), sizeof(block));
	CHECK_ERR(splice(a[0], NULL, b[1], NULL, 3, NONBLOCK), EAGAIN);
	CHECK_OK(close(b[0]));
	CHECK_ERR(splice(a[0], NULL, b[1], NULL, 3, 0), EPIPE);
	/* Nothing was lost. */
	expect(a[0], "abc");
}

static void waits(void)
{
	int a[2];
	int b[2];
	pid_t pid;

	CHECK_OK(pipe(a));
	CHECK_OK(pipe(b));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(write(a[1], "late", 4), 4);
		_exit(0);
	}
	CHECK_EQ(splice(a[0], NULL, b[1], NULL, 100, 0), 4);
	expect(b[0], "late");
	test_wait_ok(pid);
}

/* A pump of a megabyte through a pipe, file to file. */
static void pump(void)
{
	struct stat st;
	long n, done = 0;
	int fds[2];
	int in;
	int out;
	int i;

	test_scratch();
	CHECK_OK(pipe(fds));
	in = new_file("in", "");
	out = new_file("out", "");
	for (i = 0; i < 16; i++) {
		memset(block, 'a' + i, sizeof(block));
		CHECK_EQ(write(in, block, sizeof(block)), sizeof(block));
	}
	CHECK_EQ(lseek(in, 0, SEEK_SET), 0);
	while ((n = CHECK_OK(splice(in, NULL, fds[1], NULL, 1 << 20, 0))) > 0) {
		while (n > 0) {
			long put = CHECK_OK(splice(fds[0], NULL, out, NULL, (size_t)n, 0));

			n -= put;
			done += put;
		}
	}
	CHECK_EQ(done, 1 << 20);
	CHECK_OK(fstat(out, &st));
	CHECK_EQ(st.st_size, 1 << 20);
	for (i = 0; i < 16; i++) {
		CHECK_EQ(pread(out, block, 1, i * 65536 + 65535), 1);
		CHECK_EQ(block[0], 'a' + i);
	}
}

static void errors(void)
{
	long at = 0;
	int fds[2];
	int fd;

	test_scratch();
	CHECK_OK(pipe(fds));
	fd = new_file("f", "abc");
	CHECK_EQ(splice(99, NULL, 99, NULL, 0, 0), 0);
	CHECK_ERR(splice(99, NULL, fds[1], NULL, 1, 0), EBADF);
	CHECK_ERR(splice(fd, NULL, 99, NULL, 1, 0), EBADF);
	CHECK_ERR(splice(fd, NULL, fds[1], NULL, 1, 16), EINVAL);
	CHECK_ERR(splice(fd, NULL, fd, NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(fds[0], NULL, fds[1], NULL, 1, 0), EINVAL);
	CHECK_ERR(splice(fds[1], NULL, fd, NULL, 1, 0), EBADF);
	CHECK_ERR(splice(fds[0], &at, fd, NULL, 1, 0), ESPIPE);
	CHECK_ERR(splice(fd, NULL, fds[1], &at, 1, 0), ESPIPE);
	CHECK_ERR(splice(fd, test_bad_pointer, fds[1], NULL, 1, 0), EFAULT);
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_ERR(splice(fds[0], NULL, fd, NULL, 1, 0), EINVAL);
	CHECK_ERR(SYS(tee, fds[0], fd, 1, 0), EINVAL);
	CHECK_ERR(SYS(tee, fds[0], fds[1], 1, 0), EINVAL);
	CHECK_ERR(SYS(sync_file_range, fds[0], 0, 0, 0), ESPIPE);
	CHECK_ERR(SYS(sync_file_range, fd, -1, 0, 0), EINVAL);
	CHECK_ERR(SYS(sync_file_range, fd, 0, 0, 8), EINVAL);
	CHECK_OK(SYS(sync_file_range, fd, 0, 0, 7));
}

static void vm_and_pipe(void)
{
	char a[4] = "abc";
	char b[4] = "def";
	struct iovec v[2] = { { a, 3 }, { b, 3 } };
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(SYS(vmsplice, fds[1], v, 2, 0), 6);
	expect(fds[0], "abcdef");
	CHECK_ERR(SYS(vmsplice, fds[0], v, 2, NONBLOCK), EAGAIN);
	CHECK_EQ(write(fds[1], "uvwxyz", 6), 6);
	CHECK_EQ(SYS(vmsplice, fds[0], v, 2, 0), 6);
	CHECK_STR(a, "uvw");
	CHECK_STR(b, "xyz");
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	CHECK_ERR(SYS(vmsplice, fds[1], v, 2, NONBLOCK), EAGAIN);
	CHECK_ERR(SYS(vmsplice, fds[1], v, 2000, 0), EINVAL);
}

/* ---- the memory of others ------------------------------------------------------- */

static void other_memory(void)
{
	static char text[3 * PAGE_SIZE];
	char buf[8] = { 0 };
	char rest[8] = { 0 };
	struct iovec local[2] = { { buf, 4 }, { rest, 4 } };
	struct iovec remote[2] = { { text + PAGE_SIZE - 2, 6 }, { text, 2 } };
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	memcpy(text + PAGE_SIZE - 2, "parent", 6);
	pid = test_fork();
	if (pid == 0) {
		memcpy(text + PAGE_SIZE - 2, "child!", 6);
		memcpy(text, "XY", 2);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		WAIT_UNTIL(((volatile char *)text)[0] == 'w');
		_exit(text[1] == 'r' && text[2 * PAGE_SIZE] == 'e' ? 5 : 6);
	}
	test_read_all(fds[0], block, 1);
	CHECK_EQ(SYS(process_vm_readv, pid, local, 2, remote, 2, 0), 8);
	CHECK_EQ(memcmp(buf, "chil", 4), 0);
	CHECK_EQ(memcmp(rest, "d!XY", 4), 0);
	/* Into a page that the child has not touched yet, and one that it shares
	 * with us: ours does not change. */
	memcpy(buf, "ewr", 3);
	local[0].iov_len = 3;
	remote[0].iov_base = text + 2 * PAGE_SIZE;
	remote[0].iov_len = 1;
	remote[1].iov_base = text;
	remote[1].iov_len = 2;
	CHECK_EQ(SYS(process_vm_writev, pid, local, 1, remote, 2, 0), 3);
	CHECK_EQ(WEXITSTATUS(test_wait(pid)), 5);
	CHECK_EQ(text[2 * PAGE_SIZE], 0);
	CHECK_EQ(text[0], 0);
}

static void other_memory_errors(void)
{
	char buf[8];
	struct iovec local = { buf, 8 };
	struct iovec remote = { test_bad_pointer, 8 };
	char *edge = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t me = getpid();

	CHECK(edge != MAP_FAILED);
	CHECK_OK(munmap(edge + PAGE_SIZE, PAGE_SIZE));
	CHECK_ERR(SYS(process_vm_readv, me, &local, 1, &remote, 1, 0), EFAULT);
	CHECK_ERR(SYS(process_vm_readv, me, &local, 1, &remote, 1, 1), EINVAL);
	CHECK_ERR(SYS(process_vm_readv, me, &local, 1, &remote, 2000, 0), EINVAL);
	CHECK_ERR(SYS(process_vm_readv, 4000000, &local, 1, &remote, 1, 0), ESRCH);
	CHECK_EQ(SYS(process_vm_readv, me, &local, 0, &remote, 1, 0), 0);
	CHECK_EQ(SYS(process_vm_readv, me, &local, 1, &remote, 0, 0), 0);
	/* What lies before the hole arrives. */
	remote.iov_base = edge + PAGE_SIZE - 4;
	CHECK_EQ(SYS(process_vm_readv, me, &local, 1, &remote, 1, 0), 4);
	CHECK_OK(munmap(edge, PAGE_SIZE));
}

static void no_protection_keys(void)
{
	char *p = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_OK(SYS(pkey_mprotect, p, PAGE_SIZE, PROT_READ | PROT_WRITE, -1));
	p[0] = 1;
	CHECK_ERR(SYS(pkey_alloc, 1, 0), EINVAL);
	CHECK_ERR(SYS(pkey_alloc, 0, 4), EINVAL);
	CHECK_ERR(SYS(pkey_free, 17), EINVAL);
	CHECK_OK(munmap(p, PAGE_SIZE));
}

static const struct test_case cases[] = {
	{ "splice: file and pipe", file_and_pipe },
	{ "splice: pipe and pipe, tee", pipe_and_pipe },
	{ "splice: full and broken", full_and_broken },
	{ "splice: waits", waits },
	{ "splice: a megabyte", pump },
	{ "splice: errors", errors },
	{ "splice: vmsplice", vm_and_pipe },
	{ "process_vm: reads and writes", other_memory },
	{ "process_vm: errors", other_memory_errors },
	{ "pkey: none here", no_protection_keys },
};

TEST_MAIN(cases)
