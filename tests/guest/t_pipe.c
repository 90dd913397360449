/*
 * Pipes, FIFOs and what can be done with descriptors: dup, fcntl, CLOEXEC.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_BYTES 65536

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

static void make_pipe(int fds[2], int flags)
{
	CHECK_OK(pipe2(fds, flags));
}

/* ---- pipes -------------------------------------------------------------- */

static void pipe_carries_bytes(void)
{
	char buf[16];
	int fds[2];

	make_pipe(fds, 0);
	CHECK_EQ(write(fds[1], "hello", 5), 5);
	CHECK_EQ(write(fds[1], " you", 4), 4);
	CHECK_EQ(read(fds[0], buf, 3), 3);
	CHECK_EQ(read(fds[0], buf + 3, sizeof(buf) - 3), 6);
	CHECK_EQ(memcmp(buf, "hello you", 9), 0);
}

static void pipe_ends(void)
{
	char byte;
	int fds[2];

	make_pipe(fds, 0);
	CHECK_EQ(fds[1], fds[0] + 1);
	CHECK_ERR(read(fds[1], &byte, 1), EBADF);
	CHECK_ERR(write(fds[0], &byte, 1), EBADF);
	CHECK_EQ(fcntl(fds[0], F_GETFL), O_RDONLY);
	CHECK_EQ(fcntl(fds[1], F_GETFL), O_WRONLY);
	CHECK_ERR(pipe(test_bad_pointer), EFAULT);
	CHECK_ERR(pipe2(fds, 0x3), EINVAL);
}

static void pipe_end_of_file(void)
{
	char byte;
	int fds[2];

	make_pipe(fds, 0);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	CHECK_OK(close(fds[1]));
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
}

static void pipe_broken(void)
{
	int fds[2];

	make_pipe(fds, 0);
	CHECK_OK(close(fds[0]));
	signal(SIGPIPE, note);
	CHECK_ERR(write(fds[1], "x", 1), EPIPE);
	CHECK_EQ(count, 1);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(fds[1], "x", 1), EPIPE);
	CHECK_EQ(write(fds[1], "x", 0), 0);
}

static void break_a_pipe(void)
{
	int fds[2];

	make_pipe(fds, 0);
	close(fds[0]);
	write(fds[1], "x", 1);
}

static void pipe_signal_kills(void)
{
	CHECK_EQ(WTERMSIG(test_status(break_a_pipe)), SIGPIPE);
}

static void pipe_reader_waits(void)
{
	char byte = 0;
	int fds[2];
	pid_t pid;

	make_pipe(fds, 0);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(write(fds[1], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	test_wait_ok(pid);
}

static void pipe_writer_waits(void)
{
	static char block[DEFAULT_BYTES];
	int fds[2];
	pid_t pid;

	make_pipe(fds, 0);
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		test_read_all(fds[0], block, sizeof(block));
		_exit(0);
	}
	CHECK_EQ(write(fds[1], block, 100), 100);
	test_wait_ok(pid);
}

static void pipe_wakes_writer_of_a_broken_pipe(void)
{
	static char block[DEFAULT_BYTES];
	int fds[2];
	pid_t pid;

	make_pipe(fds, 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		_exit(0);
	}
	CHECK_OK(close(fds[0]));
	CHECK_ERR(write(fds[1], block, 1), EPIPE);
	test_wait_ok(pid);
}

static void pipe_much_data(void)
{
	static char block[10007];
	unsigned int sum = 0;
	unsigned int at;
	int fds[2];
	pid_t pid;
	long len;

	make_pipe(fds, 0);
	pid = test_fork();
	if (pid == 0) {
		for (at = 0; at < sizeof(block); at++)
			block[at] = (char)at;
		for (at = 0; at < 50; at++)
			CHECK_EQ(write(fds[1], block, sizeof(block)),
				 sizeof(block));
		_exit(0);
	}
	CHECK_OK(close(fds[1]));
	for (at = 0; (len = CHECK_OK(read(fds[0], block, 4000))) > 0;) {
		long i;

		for (i = 0; i < len; i++, at = (at + 1) % 10007, sum++)
			CHECK_EQ(block[i], (char)at);
	}
	CHECK_EQ(sum, 50 * 10007);
	test_wait_ok(pid);
}

static void pipe_nonblocking(void)
{
	static char block[DEFAULT_BYTES];
	int fds[2];
	long len;

	make_pipe(fds, O_NONBLOCK);
	CHECK_ERR(read(fds[0], block, 1), EAGAIN);
	CHECK_EQ(write(fds[1], block, 1000), 1000);
	len = CHECK_OK(write(fds[1], block, sizeof(block)));
	CHECK(len > 0 && len < DEFAULT_BYTES);
	CHECK_ERR(write(fds[1], block, 4096), EAGAIN);
	CHECK_EQ(read(fds[0], block, 1000), 1000);
	CHECK_OK(fcntl(fds[0], F_SETFL, 0));
	CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_EQ(fcntl(fds[1], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

/* Up to PIPE_BUF bytes go in whole, however many write. */
static void pipe_atomic_writes(void)
{
	char block[1000];
	int fds[2];
	int i;
	int w;

	make_pipe(fds, 0);
	for (w = 0; w < 4; w++) {
		if (test_fork() == 0) {
			memset(block, 'a' + w, sizeof(block));
			for (i = 0; i < 40; i++)
				CHECK_EQ(write(fds[1], block, sizeof(block)),
					 sizeof(block));
			_exit(0);
		}
	}
	CHECK_OK(close(fds[1]));
	for (i = 0; i < 160; i++) {
		test_read_all(fds[0], block, sizeof(block));
		for (w = 1; w < (int)sizeof(block); w++)
			CHECK_EQ(block[w], block[0]);
	}
	CHECK_EQ(read(fds[0], block, 1), 0);
	for (i = 0; i < 4; i++)
		CHECK(wait(NULL) > 0);
}

static void pipe_nonblocking_is_all_or_nothing(void)
{
	static char block[DEFAULT_BYTES];
	int fds[2];

	make_pipe(fds, O_NONBLOCK);
	CHECK_EQ(write(fds[1], block, DEFAULT_BYTES - 4096), DEFAULT_BYTES - 4096);
	CHECK_EQ(write(fds[1], block, 4095), 4095);
	CHECK_ERR(write(fds[1], block, PIPE_BUF), EAGAIN);
}

static void pipe_size(void)
{
	static char block[DEFAULT_BYTES];
	int fds[2];
	int waiting;

	make_pipe(fds, O_NONBLOCK);
	CHECK_EQ(write(fds[1], block, sizeof(block)), DEFAULT_BYTES);
	CHECK_ERR(write(fds[1], block, 1), EAGAIN);
	CHECK_OK(ioctl(fds[0], FIONREAD, &waiting));
	CHECK_EQ(waiting, DEFAULT_BYTES);
	if (fcntl(fds[0], F_GETPIPE_SZ) < 0)
		test_skip("no F_GETPIPE_SZ");
	CHECK_EQ(fcntl(fds[0], F_GETPIPE_SZ), DEFAULT_BYTES);
}

static void pipe_many(void)
{
	int fds[64][2];
	char byte;
	int i;

	for (i = 0; i < 64; i++) {
		make_pipe(fds[i], 0);
		byte = (char)i;
		CHECK_EQ(write(fds[i][1], &byte, 1), 1);
	}
	for (i = 0; i < 64; i++) {
		CHECK_EQ(read(fds[i][0], &byte, 1), 1);
		CHECK_EQ(byte, i);
	}
}

static void pipe_chain(void)
{
	int first[2];
	int in;
	int i;
	char byte;

	/* Ten processes, each adding one. */
	make_pipe(first, 0);
	in = first[0];
	for (i = 0; i < 10; i++) {
		int fds[2];

		make_pipe(fds, 0);
		if (test_fork() == 0) {
			test_read_all(in, &byte, 1);
			byte++;
			CHECK_EQ(write(fds[1], &byte, 1), 1);
			_exit(0);
		}
		close(fds[1]);
		close(in);
		in = fds[0];
	}
	CHECK_EQ(write(first[1], "\0", 1), 1);
	test_read_all(in, &byte, 1);
	CHECK_EQ(byte, 10);
	for (i = 0; i < 10; i++)
		CHECK(wait(NULL) > 0);
}

/* ---- FIFOs -------------------------------------------------------------- */

static void fifo_meets(void)
{
	char byte;
	pid_t pid;
	int fd;

	test_scratch();
	CHECK_OK(mkfifo("p", 0644));
	pid = test_fork();
	if (pid == 0) {
		fd = (int)CHECK_OK(open("p", O_WRONLY));
		CHECK_EQ(write(fd, "x", 1), 1);
		_exit(0);
	}
	fd = (int)CHECK_OK(open("p", O_RDONLY));
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(read(fd, &byte, 1), 0);
	test_wait_ok(pid);
}

static void fifo_nonblocking(void)
{
	char byte;
	int r;
	int w;

	test_scratch();
	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERR(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	r = (int)CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	/* No writer yet: the end, not EAGAIN. */
	CHECK_EQ(read(r, &byte, 1), 0);
	w = (int)CHECK_OK(open("p", O_WRONLY | O_NONBLOCK));
	CHECK_ERR(read(r, &byte, 1), EAGAIN);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(r, &byte, 1), 1);
	CHECK_OK(close(w));
	CHECK_EQ(read(r, &byte, 1), 0);
}

static void fifo_both_ways(void)
{
	char byte;
	int fd;

	test_scratch();
	CHECK_OK(mkfifo("p", 0644));
	fd = (int)CHECK_OK(open("p", O_RDWR));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_ERR(lseek(fd, 0, SEEK_SET), ESPIPE);
	CHECK_ERR(mkfifo("p", 0644), EEXIST);
	CHECK_OK(unlink("p"));
}

/* ---- dup and fcntl ------------------------------------------------------ */

static void dup_makes_another(void)
{
	int fds[2];
	char byte;
	int copy;

	make_pipe(fds, 0);
	copy = (int)CHECK_OK(dup(fds[1]));
	CHECK_OK(close(fds[1]));
	CHECK_EQ(write(copy, "x", 1), 1);
	CHECK_OK(close(copy));
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
}

static void dup2_replaces(void)
{
	int a[2];
	int b[2];
	char byte;

	make_pipe(a, 0);
	make_pipe(b, 0);
	CHECK_EQ(dup2(a[1], b[1]), b[1]);
	/* That was the last writer of b. */
	CHECK_EQ(read(b[0], &byte, 1), 0);
	CHECK_EQ(write(b[1], "x", 1), 1);
	CHECK_EQ(read(a[0], &byte, 1), 1);
	CHECK_EQ(dup2(a[0], a[0]), a[0]);
	CHECK_EQ(dup2(a[0], 50), 50);
	CHECK_ERR(dup2(99, a[0]), EBADF);
	CHECK_ERR(dup2(99, 99), EBADF);
	CHECK_ERR(dup2(a[0], -1), EBADF);
	CHECK_ERR(dup2(a[0], 1 << 24), EBADF);
}

static void dup3_and_its_flag(void)
{
	int fds[2];

	make_pipe(fds, 0);
	CHECK_EQ(dup3(fds[0], 40, O_CLOEXEC), 40);
	CHECK_EQ(fcntl(40, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup3(fds[0], 41, 0), 41);
	CHECK_EQ(fcntl(41, F_GETFD), 0);
	CHECK_ERR(dup3(fds[0], fds[0], 0), EINVAL);
	CHECK_ERR(dup3(fds[0], 42, O_APPEND), EINVAL);
}

static void fcntl_dupfd(void)
{
	int fds[2];

	make_pipe(fds, 0);
	CHECK_EQ(fcntl(fds[0], F_DUPFD, 60), 60);
	CHECK_EQ(fcntl(fds[0], F_DUPFD, 60), 61);
	CHECK_EQ(fcntl(60, F_GETFD), 0);
	CHECK_EQ(fcntl(fds[0], F_DUPFD_CLOEXEC, 60), 62);
	CHECK_EQ(fcntl(62, F_GETFD), FD_CLOEXEC);
	CHECK_ERR(fcntl(fds[0], F_DUPFD, -1), EINVAL);
	CHECK_ERR(fcntl(fds[0], F_DUPFD, 1 << 30), EINVAL);
	CHECK_ERR(fcntl(99, F_DUPFD, 0), EBADF);
}

static void cloexec_flag(void)
{
	int fds[2];
	int fd;

	make_pipe(fds, O_CLOEXEC);
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
	/* It belongs to the descriptor: a copy begins without. */
	fd = (int)CHECK_OK(dup(fds[0]));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_ERR(fcntl(99, F_GETFD), EBADF);
	CHECK_ERR(fcntl(fd, 12345), EINVAL);
}

static void status_flags_are_shared(void)
{
	int fds[2];
	int fd;

	make_pipe(fds, 0);
	fd = (int)CHECK_OK(dup(fds[0]));
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK));
	CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	/* The access mode cannot be changed. */
	CHECK_OK(fcntl(fd, F_SETFL, O_RDWR));
	CHECK_EQ(fcntl(fd, F_GETFL), O_RDONLY);
}

static void record_locks(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid;
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	if (fcntl(fd, F_SETLK, &lock) < 0 && (errno == EINVAL || errno == ENOSYS))
		test_skip("no record locks");
	pid = test_fork();
	if (pid == 0) {
		CHECK_ERR(fcntl(fd, F_SETLK, &lock), EAGAIN);
		CHECK_OK(fcntl(fd, F_GETLK, &lock));
		CHECK_EQ(lock.l_type, F_WRLCK);
		CHECK_EQ(lock.l_pid, getppid());
		_exit(0);
	}
	test_wait_ok(pid);
	lock.l_type = F_UNLCK;
	CHECK_OK(fcntl(fd, F_SETLK, &lock));
}

static void lock_bytes(int fd, short type, off_t start, off_t len)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET,
			      .l_start = start, .l_len = len };

	CHECK_OK(fcntl(fd, F_SETLK, &lock));
}

/* F_GETLK names the first in the file, whenever it was taken. */
static void record_locks_in_order(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	pid_t pid;
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	lock_bytes(fd, F_WRLCK, 10, 5);
	lock_bytes(fd, F_RDLCK, 30, 5);
	lock_bytes(fd, F_RDLCK, 1, 5);
	lock_bytes(fd, F_UNLCK, 2, 1);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(fcntl(fd, F_GETLK, &lock));
		CHECK_EQ(lock.l_type, F_RDLCK);
		CHECK_EQ(lock.l_start, 1);
		CHECK_EQ(lock.l_len, 1);
		lock.l_type = F_RDLCK;
		lock.l_start = 2;
		lock.l_len = 0;
		CHECK_OK(fcntl(fd, F_GETLK, &lock));
		CHECK_EQ(lock.l_type, F_WRLCK);
		CHECK_EQ(lock.l_start, 10);
		_exit(0);
	}
	test_wait_ok(pid);
}

/* ---- packets ------------------------------------------------------------------ */

static void packets(void)
{
	static char big[3 * 4096], got[3 * 4096];
	int fds[2], n, flags;

	CHECK_OK(pipe2(fds, O_DIRECT | O_NONBLOCK));
	CHECK(fcntl(fds[1], F_GETFL) & O_DIRECT);
	CHECK(!(fcntl(fds[0], F_GETFL) & O_DIRECT));
	CHECK_EQ(write(fds[1], "one", 3), 3);
	CHECK_EQ(write(fds[1], "three", 5), 5);
	CHECK_EQ(write(fds[1], "", 0), 0);
	CHECK_OK(ioctl(fds[0], FIONREAD, &n));
	CHECK_EQ(n, 8);
	/* Each by itself, and what does not fit is lost. */
	CHECK_EQ(read(fds[0], got, sizeof(got)), 3);
	CHECK_EQ(read(fds[0], got, 2), 2);
	CHECK(memcmp(got, "th", 2) == 0);
	CHECK_ERR(read(fds[0], got, 2), EAGAIN);
	/* A long one is cut into pages. */
	memset(big, 'x', sizeof(big));
	CHECK_EQ(write(fds[1], big, 2 * 4096 + 10), 2 * 4096 + 10);
	CHECK_EQ(read(fds[0], got, sizeof(got)), 4096);
	CHECK_EQ(read(fds[0], got, sizeof(got)), 4096);
	CHECK_EQ(read(fds[0], got, sizeof(got)), 10);
	/* As many as there are pages, short ones too. */
	for (n = 0; write(fds[1], "x", 1) == 1; n++)
		;
	CHECK_EQ(n, 16);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(fcntl(fds[1], F_SETPIPE_SZ, 32 * 4096), 32 * 4096);
	CHECK_EQ(write(fds[1], "y", 1), 1);
	CHECK_ERR(fcntl(fds[1], F_SETPIPE_SZ, 16 * 4096), EBUSY);
	while (n--)
		CHECK_EQ(read(fds[0], got, 8), 1);
	CHECK_EQ(read(fds[0], got, 8), 1);
	CHECK_EQ(got[0], 'y');
	/* Without the flag bytes again, before and after a packet. */
	flags = fcntl(fds[1], F_GETFL);
	CHECK_OK(fcntl(fds[1], F_SETFL, flags & ~O_DIRECT));
	CHECK_EQ(write(fds[1], "ab", 2), 2);
	CHECK_EQ(write(fds[1], "cd", 2), 2);
	CHECK_OK(fcntl(fds[1], F_SETFL, flags));
	CHECK_EQ(write(fds[1], "PACKET", 6), 6);
	CHECK_OK(fcntl(fds[1], F_SETFL, flags & ~O_DIRECT));
	CHECK_EQ(write(fds[1], "ef", 2), 2);
	CHECK_EQ(read(fds[0], got, 6), 6);
	CHECK(memcmp(got, "abcdPA", 6) == 0);
	CHECK_EQ(read(fds[0], got, 8), 2);
	CHECK(memcmp(got, "ef", 2) == 0);
}

static const struct test_case cases[] = {
	{ "pipe: carries bytes", pipe_carries_bytes },
	{ "pipe: its ends", pipe_ends },
	{ "pipe: end of file", pipe_end_of_file },
	{ "pipe: EPIPE and SIGPIPE", pipe_broken },
	{ "pipe: SIGPIPE kills", pipe_signal_kills },
	{ "pipe: reader waits", pipe_reader_waits },
	{ "pipe: writer waits", pipe_writer_waits },
	{ "pipe: waiting writer learns of the break",
	  pipe_wakes_writer_of_a_broken_pipe },
	{ "pipe: half a megabyte", pipe_much_data },
	{ "pipe: O_NONBLOCK", pipe_nonblocking },
	{ "pipe: small writes are atomic", pipe_atomic_writes },
	{ "pipe: all or nothing up to PIPE_BUF", pipe_nonblocking_is_all_or_nothing },
	{ "pipe: size", pipe_size },
	{ "pipe: sixty-four", pipe_many },
	{ "pipe: ten in a chain", pipe_chain },
	{ "FIFO: reader and writer meet", fifo_meets },
	{ "FIFO: O_NONBLOCK", fifo_nonblocking },
	{ "FIFO: both ways", fifo_both_ways },
	{ "dup", dup_makes_another },
	{ "dup2", dup2_replaces },
	{ "dup3", dup3_and_its_flag },
	{ "F_DUPFD", fcntl_dupfd },
	{ "CLOEXEC", cloexec_flag },
	{ "status flags are shared", status_flags_are_shared },
	{ "record locks", record_locks },
	{ "record locks: the first in the file", record_locks_in_order },
	{ "packets", packets },
};

TEST_MAIN(cases)
