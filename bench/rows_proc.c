/*
 * Rows of processes: pipes between them, their birth and their end.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"

/* Sends every byte back until the other side closes. */
static _Noreturn void echo(int in, int out)
{
	char byte;

	while (read(in, &byte, 1) == 1)
		if (write(out, &byte, 1) != 1)
			break;
	_exit(0);
}

int row_pipe_trip(uint64_t iters, uint64_t *ns)
{
	int there[2];
	int back[2];
	uint64_t start;
	int err = 0;
	char byte;
	pid_t pid;

	if (pipe(there) < 0)
		return -errno;
	if (pipe(back) < 0) {
		err = -errno;
		goto out_there;
	}
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto out_back;
	}
	if (pid == 0) {
		close(there[1]);
		close(back[0]);
		echo(there[0], back[1]);
	}
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && err == 0)
		if (write(there[1], "x", 1) != 1 || read(back[0], &byte, 1) != 1)
			err = -EIO;
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
out_back:
	close(back[0]);
	close(back[1]);
out_there:
	close(there[0]);
	close(there[1]);
	/* Only now does the child see the end of its input. */
	while (err == 0 && wait(NULL) < 0 && errno == EINTR)
		;
	return err;
}

int row_hand_over(uint64_t iters, uint64_t *ns)
{
	volatile char *stop = mmap(NULL, 1, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t start;
	pid_t pid;

	if (stop == MAP_FAILED)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		while (!*stop)
			sched_yield();
		_exit(0);
	}
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters--)
		sched_yield();
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	*stop = 1;
	while (wait(NULL) < 0 && errno == EINTR)
		;
	munmap((void *)stop, 1);
	return 0;
}

#define RING 8

/* Member i of the ring reads from pipe i and writes to the next. */
static void ring_close_others(int fds[RING][2], int i)
{
	for (int k = 0; k < RING; k++) {
		if (k != i)
			close(fds[k][0]);
		if (k != (i + 1) % RING)
			close(fds[k][1]);
	}
}

static int ring_start(int fds[RING][2])
{
	int i;

	for (i = 0; i < RING; i++)
		if (pipe(fds[i]) < 0)
			return -errno;
	for (i = 1; i < RING; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0) {
			ring_close_others(fds, i);
			echo(fds[i][0], fds[(i + 1) % RING][1]);
		}
	}
	ring_close_others(fds, 0);
	return 0;
}

int row_ring_8(uint64_t iters, uint64_t *ns)
{
	int fds[RING][2];
	uint64_t start;
	int err = ring_start(fds);
	char byte;

	if (err) /* what is left ends with this process */
		return err;
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters-- && err == 0)
		if (write(fds[1][1], "x", 1) != 1 || read(fds[0][0], &byte, 1) != 1)
			err = -EIO;
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	close(fds[1][1]);
	close(fds[0][0]);
	/* Each sees the end of its input when the one before it has ended. */
	for (int i = 1; i < RING; i++)
		while (wait(NULL) < 0 && errno == EINTR)
			;
	return err;
}

static _Noreturn void exec_self(void)
{
	char *argv[] = { "micro", "--exit", NULL };

	execve(micro_path(), argv, environ);
	_exit(127);
}

static int fork_and_wait(uint64_t iters, uint64_t *ns, int exec)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	int status = 0;
	pid_t pid;

	while (iters-- && status == 0) {
		pid = fork();
		if (pid < 0)
			return -errno;
		if (pid == 0 && exec)
			exec_self();
		if (pid == 0)
			_exit(0);
		if (waitpid(pid, &status, 0) < 0)
			return -errno;
	}
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return status == 0 ? 0 : -EIO;
}

int row_fork_exit(uint64_t iters, uint64_t *ns)
{
	return fork_and_wait(iters, ns, 0);
}

int row_fork_exec(uint64_t iters, uint64_t *ns)
{
	return fork_and_wait(iters, ns, 1);
}
