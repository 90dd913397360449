/*
 * The runner: each case in a process and a directory of its own, as an ordinary
 * user (root gives up what it has), with descriptors 0 to 2 only.
 */
#include "diff.h"

#include <grp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define OUT_FD 200
#define CASE_SECONDS 20
#define USER 1000

static const char *case_name;

static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 1)
		n = sizeof(line) - 1;
	if (write(OUT_FD, line, (size_t)n) != n)
		_exit(99);
}

void diff_result(const char *what, long ret)
{
	int err = errno;

	if (ret == -1 && err)
		say("%s: %s = %s\n", case_name, what, strerrorname_np(err));
	else
		say("%s: %s = %ld\n", case_name, what, ret);
}

long diff_ok(const char *what, long ret)
{
	int err = errno;

	if (ret == -1 && err)
		say("%s: %s = %s\n", case_name, what, strerrorname_np(err));
	else
		say("%s: %s = ok\n", case_name, what);
	return ret;
}

void diff_text(const char *what, const char *text)
{
	say("%s: %s = \"%s\"\n", case_name, what, text);
}

void diff_skip(const char *reason)
{
	say("%s: skip = %s\n", case_name, reason);
}

void diff_status(const char *what, int status)
{
	if (WIFSIGNALED(status))
		say("%s: %s = SIG%s\n", case_name, what, sigabbrev_np(WTERMSIG(status)));
	else if (WIFEXITED(status))
		say("%s: %s = exit %d\n", case_name, what, WEXITSTATUS(status));
	else
		say("%s: %s = status %#x\n", case_name, what, (unsigned int)status);
}

void diff_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		diff_result(name, -1);
	close(fd);
}

int diff_child(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		fn();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void run_case(const struct diff_case *c)
{
	int status;
	pid_t pid;

	case_name = c->name;
	pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		alarm(CASE_SECONDS);
		if (mkdir("case", 0777) || chdir("case"))
			_exit(98);
		c->run();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	if (status)
		diff_status("end", status);
	if (system("rm -rf case")) /* the cases run one after the other */
		_exit(97);
}

static void become_user(void)
{
	if (geteuid() != 0)
		return;
	if (setgroups(0, NULL) || setgid(USER) || setuid(USER))
		_exit(96);
}

static void use_scratch(void)
{
	char shm[] = "/dev/shm/diffXXXXXX", tmp[] = "/tmp/diffXXXXXX";
	const char *dir = mkdtemp(shm);

	if (!dir)
		dir = mkdtemp(tmp);
	if (!dir || chmod(dir, 0777) || chdir(dir))
		_exit(95);
}

static void prepare(void)
{
	struct rlimit files = { 256, 4096 };
	int null = open("/dev/null", O_RDWR);

	/* Root may have had the directory made first: it is the user's now. */
	become_user();
	use_scratch();
	if (dup2(1, OUT_FD) < 0 || fcntl(OUT_FD, F_SETFD, FD_CLOEXEC))
		_exit(94);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	close_range(3, OUT_FD - 1, 0);
	close_range(OUT_FD + 1, ~0u, 0);
	umask(022);
	setrlimit(RLIMIT_NOFILE, &files);
	for (int sig = 1; sig < 65; sig++)
		signal(sig, SIG_DFL);
}

int main(int argc, char **argv)
{
	static const struct diff_table *const tables[] = {
		&files_table,	  &names_table,	    &descriptors_table, &memory_table,
		&processes_table, &signals_table, &sockets_table, &ipc_table,
	};

	prepare();
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (size_t i = 0; i < tables[t]->count; i++)
			if (argc < 2 || strstr(tables[t]->cases[i].name, argv[1]))
				run_case(&tables[t]->cases[i]);
	say("end\n");
	return 0;
}
