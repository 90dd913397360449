/*
 * Rows of processes: pipes between them, their birth and their end.
 */
#include <errno.h>
#include <stdlib.h>
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
