/*
 * Rows of single system calls and of signals.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"

#define FILE_BYTES (64UL * 1024)

/* Where stat and open look: two directories down, made and removed here. */
struct bench_file {
	char top[48];
	char dir[56];
	char path[64];
};

static void bench_file_remove(const struct bench_file *f)
{
	unlink(f->path);
	rmdir(f->dir);
	rmdir(f->top);
}

static int bench_file_make(struct bench_file *f)
{
	static char block[FILE_BYTES];
	int fd;

	snprintf(f->top, sizeof(f->top), "/tmp/lodger-micro.%d", getpid());
	snprintf(f->dir, sizeof(f->dir), "%s/d", f->top);
	snprintf(f->path, sizeof(f->path), "%s/file", f->dir);
	if (mkdir(f->top, 0700) < 0 || mkdir(f->dir, 0700) < 0)
		return -errno;
	fd = open(f->path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block)) {
		close(fd);
		return -EIO;
	}
	return fd;
}

int row_null_call(uint64_t iters, uint64_t *ns)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	while (iters--)
		sys0(__NR_getppid);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

int row_getpid(uint64_t iters, uint64_t *ns)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	while (iters--)
		sys0(__NR_getpid);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

int row_clock_gettime(uint64_t iters, uint64_t *ns)
{
	struct timespec ts;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);

	while (iters--)
		sys2(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&ts);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

/* As C libraries do it: through the vDSO where there is one. */
int row_clock_vdso(uint64_t iters, uint64_t *ns)
{
	struct timespec ts;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int err = 0;

	while (iters-- && err == 0)
		err = clock_gettime(CLOCK_MONOTONIC, &ts);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return err ? -errno : 0;
}

int row_read_zero(uint64_t iters, uint64_t *ns)
{
	int fd = open("/dev/zero", O_RDONLY);
	uint64_t start;
	long got = 1;
	char byte;

	if (fd < 0)
		return -errno;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && got == 1)
		got = sys3(__NR_read, fd, (long)&byte, 1);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fd);
	return got == 1 ? 0 : -EIO;
}

int row_write_null(uint64_t iters, uint64_t *ns)
{
	int fd = open("/dev/null", O_WRONLY);
	uint64_t start;
	long put = 1;

	if (fd < 0)
		return -errno;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && put == 1)
		put = sys3(__NR_write, fd, (long)"x", 1);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fd);
	return put == 1 ? 0 : -EIO;
}

int row_stat(uint64_t iters, uint64_t *ns)
{
	struct bench_file f;
	struct stat st;
	uint64_t start;
	long err;
	int fd;

	fd = bench_file_make(&f);
	err = fd < 0 ? fd : 0;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && err == 0)
		err = sys2(__NR_stat, (long)f.path, (long)&st);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fd);
	bench_file_remove(&f);
	return (int)err;
}

int row_open_close(uint64_t iters, uint64_t *ns)
{
	struct bench_file f;
	uint64_t start;
	long err;
	int fd;

	fd = bench_file_make(&f);
	err = fd < 0 ? fd : 0;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && err >= 0) {
		err = sys2(__NR_open, (long)f.path, O_RDONLY);
		sys1(__NR_close, err);
	}
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fd);
	bench_file_remove(&f);
	return err < 0 ? (int)err : 0;
}

int row_read_64k(uint64_t iters, uint64_t *ns)
{
	static char block[FILE_BYTES];
	struct bench_file f;
	uint64_t start;
	long got;
	int fd;

	fd = bench_file_make(&f);
	got = fd < 0 ? fd : (long)FILE_BYTES;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && got == (long)FILE_BYTES)
		got = sys4(__NR_pread64, fd, (long)block, FILE_BYTES, 0);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fd);
	bench_file_remove(&f);
	if (got < 0)
		return (int)got;
	return got == (long)FILE_BYTES ? 0 : -EIO;
}

static volatile sig_atomic_t delivered;

static void on_signal(int sig)
{
	(void)sig;
	delivered++;
}

int row_sig_install(uint64_t iters, uint64_t *ns)
{
	struct sigaction act = { .sa_handler = on_signal };
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int err = 0;

	while (iters-- && err == 0)
		err = sigaction(SIGUSR1, &act, NULL);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	signal(SIGUSR1, SIG_DFL);
	return err < 0 ? -errno : 0;
}

int row_sig_deliver(uint64_t iters, uint64_t *ns)
{
	struct sigaction act = { .sa_handler = on_signal };
	sig_atomic_t before = delivered;
	uint64_t count = iters;
	pid_t pid = getpid();
	uint64_t start;

	if (sigaction(SIGUSR1, &act, NULL) < 0)
		return -errno;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters--)
		sys2(__NR_kill, pid, SIGUSR1);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	signal(SIGUSR1, SIG_DFL);
	return (unsigned int)(delivered - before) == (unsigned int)count ? 0 : -EIO;
}
