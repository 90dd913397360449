/*
 * A tiny shell: commands with arguments, pipelines (a | b | c), redirection of
 * the first input and the last output (< file, > file), cd and exit.
 *
 * A pipeline is a row of processes, each a fork of the shell that puts the
 * right descriptors on 0 and 1 and then becomes the program by execve.
 *
 * Try: add `;`, or `&` (do not wait), or $? in arguments.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS 32

static int last_status;

/* Puts what is open as `from` on `to`. */
static void move_fd(int from, int to)
{
	if (from == to)
		return;
	dup2(from, to);
	close(from);
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags, 0666);

	if (fd < 0) {
		perror(path);
		_exit(1);
	}
	move_fd(fd, to);
}

/* In the child: splits words, obeys < and >, becomes the program. */
static void run_command(char *text)
{
	char *argv[MAX_ARGS + 1];
	char *save;
	char *word;
	int argc = 0;

	for (word = strtok_r(text, " \t\n", &save); word && argc < MAX_ARGS;
	     word = strtok_r(NULL, " \t\n", &save)) {
		if (*word == '<')
			redirect(strtok_r(NULL, " \t\n", &save), O_RDONLY, 0);
		else if (*word == '>')
			redirect(strtok_r(NULL, " \t\n", &save),
				 O_WRONLY | O_CREAT | O_TRUNC, 1);
		else
			argv[argc++] = word;
	}
	argv[argc] = NULL;
	if (argc == 0)
		_exit(0);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Starts one member of a pipeline; returns the input of the next one. */
static int start_member(char *text, int input, int is_last, pid_t *pid)
{
	int fds[2] = { 0, 1 };

	if (!is_last && pipe(fds) < 0) {
		perror("pipe");
		return -1;
	}
	*pid = fork();
	if (*pid == 0) {
		move_fd(input, 0);
		if (!is_last) {
			close(fds[0]);
			move_fd(fds[1], 1);
		}
		run_command(text);
	}
	if (input != 0)
		close(input);
	if (!is_last)
		close(fds[1]);
	return fds[0];
}

static void run_pipeline(char *line)
{
	char *save;
	char *member = strtok_r(line, "|", &save);
	char *next;
	int input = 0;
	int status;
	pid_t pid = -1;

	for (; member; member = next) {
		next = strtok_r(NULL, "|", &save);
		input = start_member(member, input, !next, &pid);
	}
	/* The status of a pipeline is that of its last member. */
	for (;;) {
		pid_t ended = wait(&status);

		if (ended < 0)
			return;
		if (ended == pid)
			last_status = WIFEXITED(status) ? WEXITSTATUS(status) :
							  128 + WTERMSIG(status);
	}
}

/* cd and exit change the shell itself: no child could do that for it. */
static int run_builtin(char *line)
{
	char *arg = line + strcspn(line, " ");

	arg += strspn(arg, " ");
	if (strncmp(line, "cd ", 3) == 0) {
		if (chdir(arg) < 0)
			perror(arg);
		return 1;
	}
	if (strncmp(line, "exit", 4) == 0 && strchr(" ", line[4]))
		exit(*arg ? atoi(arg) : last_status);
	return 0;
}

int main(void)
{
	char line[1024];
	int prompt = isatty(0);

	for (;;) {
		if (prompt)
			printf("tiny$ ");
		fflush(stdout);
		if (!fgets(line, sizeof(line), stdin))
			return last_status;
		line[strcspn(line, "\n")] = '\0';
		if (!run_builtin(line))
			run_pipeline(line);
	}
}
