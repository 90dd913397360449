/*
 * alone [-p FILE] COMMAND [ARG]...
 *
 * Runs a command and checks that it leaves no process behind: every orphan
 * below it becomes a child of ours. Exit status: the command's, 128+N when
 * signal N killed it, 199 when a process outlived it by two seconds (it is
 * named on stderr and killed). -p writes the command's process number.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEFT_BEHIND 199
#define PATIENCE_MS 2000
#define STEP_MS 10

static void die(const char *what)
{
	fprintf(stderr, "alone: %s: %s\n", what, strerror(errno));
	exit(LEFT_BEHIND);
}

static void write_pid(const char *path, pid_t pid)
{
	FILE *f = fopen(path, "w");

	if (!f || fprintf(f, "%d\n", (int)pid) < 0 || fclose(f))
		die(path);
}

static void name_and_kill(pid_t pid)
{
	char path[64], name[64] = "?";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	f = fopen(path, "r");
	if (f) {
		if (fgets(name, sizeof(name), f))
			name[strcspn(name, "\n")] = '\0';
		fclose(f);
	}
	fprintf(stderr, "alone: left behind: %d (%s)\n", (int)pid, name);
	kill(pid, SIGKILL);
}

/* Kills our children; true when there was one. */
static int kill_children(void)
{
	FILE *f = fopen("/proc/thread-self/children", "r");
	int pid, found = 0;

	while (f && fscanf(f, "%d", &pid) == 1) {
		name_and_kill(pid);
		found = 1;
	}
	if (f)
		fclose(f);
	return found;
}

/* Reaps orphans until there are none: 0, or -1 when patience ran out. */
static int reap_orphans(void)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };

	for (int ms = 0; ms < PATIENCE_MS;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG | __WALL);

		if (pid < 0)
			return 0;
		if (pid > 0)
			continue;
		nanosleep(&step, NULL);
		ms += STEP_MS;
	}
	return -1;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	const char *pid_path = NULL;
	int at = 1, status;
	pid_t pid;

	if (argc > 3 && !strcmp(argv[1], "-p")) {
		pid_path = argv[2];
		at = 3;
	}
	if (at >= argc || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		die("usage: alone [-p FILE] COMMAND [ARG]...");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		execvp(argv[at], argv + at);
		die(argv[at]);
	}
	if (pid_path)
		write_pid(pid_path, pid);
	status = wait_for(pid);
	if (!reap_orphans())
		return status;
	while (kill_children())
		reap_orphans();
	return LEFT_BEHIND;
}
