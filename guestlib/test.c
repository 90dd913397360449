/*
 * The test harness: runs a table of cases in children, prints TAP, removes
 * what they leave behind.  test.h says how it is used; test_util.c has what
 * the cases themselves call.
 *
 * What a case has to say goes through a pipe on high descriptors, so that it
 * may do what it likes to 0, 1 and 2; it is printed after the verdict.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

#include "test_internal.h"

#define SKIP_STATUS 77
#define CASE_SECONDS 15 /* or TEST_SECONDS of the environment */
#define HIGH_FD 200

enum verdict { PASSED, SKIPPED, FAILED };

/* What a case came to: the verdict, and its words or the reason to skip. */
struct result {
	enum verdict verdict;
	char words[4096];
};

/* Where a process says something: the pipe, or stdout if there is none. */
static int words_out = STDOUT_FILENO;
static int words_in = -1;
static volatile sig_atomic_t timed_out;

void test_note(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(words_out, "# %s\n", text);
}

void test_fail(const char *file, int line, const char *format, ...)
{
	const char *base = strrchr(file, '/');
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	test_note("%s:%d: %s", base ? base + 1 : file, line, text);
	_exit(1);
}

void test_skip(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	dprintf(words_out, "# SKIP %s\n", text);
	_exit(SKIP_STATUS);
}

/* The pipe for words; without one they go to stdout as they come. */
static void open_words(void)
{
	int fds[2];

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return;
	words_in = fcntl(fds[0], F_DUPFD_CLOEXEC, HIGH_FD);
	words_out = fcntl(fds[1], F_DUPFD_CLOEXEC, HIGH_FD);
	close(fds[0]);
	close(fds[1]);
	if (words_in < 0 || words_out < 0)
		words_out = STDOUT_FILENO;
}

static void read_words(struct result *r)
{
	ssize_t len = 0;

	if (words_in >= 0)
		len = read(words_in, r->words, sizeof(r->words) - 1);
	r->words[len > 0 ? len : 0] = '\0';
}

/* Free memory in KiB, or -1 when the kernel does not say. */
static long free_kib(void)
{
	char text[2048];
	char *line;
	ssize_t len;
	int fd;

	fd = open("/proc/meminfo", O_RDONLY);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len < 0)
		return -1;
	text[len] = '\0';
	line = strstr(text, "MemFree:");
	return line ? strtol(line + strlen("MemFree:"), NULL, 10) : -1;
}

static void on_alarm(int sig)
{
	(void)sig;
	timed_out = 1;
}

static void set_timeout(unsigned int seconds)
{
	/* It repeats, in case it comes just before the wait. */
	struct itimerval timer = { { 1, 0 }, { seconds, 0 } };
	struct sigaction act = { .sa_handler = on_alarm };

	if (seconds == 0)
		timer.it_interval.tv_sec = 0; /* timed_out stays, for judge */
	else
		timed_out = 0;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int case_seconds(void)
{
	const char *given = getenv("TEST_SECONDS");

	return given ? atoi(given) : CASE_SECONDS;
}

static int wait_for_case(pid_t pid)
{
	int status = 0;

	set_timeout(case_seconds());
	while (waitpid(pid, &status, 0) != pid) {
		if (errno != EINTR)
			break;
		if (timed_out)
			kill(pid, SIGKILL);
	}
	set_timeout(0);
	/* What it left behind, and what it orphaned if we are init. */
	kill(-pid, SIGKILL);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return status;
}

static enum verdict judge(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return PASSED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == SKIP_STATUS)
		return SKIPPED;
	if (timed_out)
		test_note("no end after %d s", case_seconds());
	else if (WIFSIGNALED(status))
		test_note("killed by %s", strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 1)
		test_note("ended with status %d", WEXITSTATUS(status));
	return FAILED;
}

static void run_once(const struct test_case *c, struct result *r)
{
	pid_t pid;

	fflush(NULL);
	r->verdict = FAILED;
	pid = fork();
	if (pid < 0) {
		test_note("fork: %s", test_errno());
	} else if (pid == 0) {
		setpgid(0, 0);
		signal(SIGALRM, SIG_DFL);
		c->run();
		_exit(0);
	} else {
		setpgid(pid, pid);
		r->verdict = judge(wait_for_case(pid));
		test_remove_scratch(pid);
	}
	read_words(r);
}

/* Runs the case; free memory afterwards. */
static long run_and_count(const struct test_case *c, struct result *r, long before)
{
	long after;

	run_once(c, r);
	after = free_kib();
	if (after < before) {
		sleep_ms(100);
		after = free_kib();
	}
	return after;
}

/*
 * Where call sites are patched, this process gets pages of text of its own
 * when a site has been used often enough: not a leak, but memory that it keeps.
 * A leak is what every repetition loses.
 */
static int repetitions(void)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "patch", 5) == 0 ? 8 : 0;
}

static void run_watching_memory(const struct test_case *c, struct result *r)
{
	long before = free_kib();
	long after = run_and_count(c, r, before);
	int again = repetitions();

	while (after < before && again-- > 0) {
		before = free_kib();
		after = run_and_count(c, r, before);
	}
	if (after >= before || r->verdict == FAILED)
		return;
	r->verdict = FAILED;
	snprintf(r->words, sizeof(r->words),
		 "# %ld of %ld free pages did not come back\n",
		 (before - after) / 4, before / 4);
}

static int chosen(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc < 2;
}

static int list_cases(const struct test_table *table)
{
	size_t i;

	for (i = 0; i < table->case_count; i++)
		puts(table->cases[i].name);
	return 0;
}

/* The first pass under LODGER_GUEST: fills caches, remembers what came of it. */
static void warm_up(const struct test_table *table, int argc, char **argv,
		    struct result *first)
{
	size_t i;

	for (i = 0; i < table->case_count; i++)
		if (chosen(table->cases[i].name, argc, argv))
			run_once(&table->cases[i], &first[i]);
	if (free_kib() < 0)
		puts("# no MemFree in /proc/meminfo: pages are not counted");
}

static void print_result(size_t number, const char *name, const struct result *r)
{
	printf("%s %zu - %s", r->verdict == FAILED ? "not ok" : "ok", number, name);
	/* The words of a skipped case are its "# SKIP reason". */
	printf("%s%s", r->verdict == SKIPPED ? " " : "\n", r->words);
	if (r->verdict == SKIPPED && !r->words[0])
		putchar('\n');
	fflush(stdout);
}

static int run_table(const struct test_table *table, int argc, char **argv)
{
	const char *guest = getenv("LODGER_GUEST");
	int watch = guest && strcmp(guest, "1") == 0;
	struct result *first = calloc(table->case_count, sizeof(*first));
	const struct test_case *c;
	size_t number = 0;
	struct result r;
	int failed = 0;

	if (!first)
		return 1;
	if (watch)
		warm_up(table, argc, argv, first);
	for (c = table->cases; c < table->cases + table->case_count; c++) {
		if (!chosen(c->name, argc, argv))
			continue;
		if (watch)
			run_watching_memory(c, &r);
		else
			run_once(c, &r);
		if (r.verdict != FAILED &&
		    first[c - table->cases].verdict == FAILED)
			r = first[c - table->cases];
		failed |= r.verdict == FAILED;
		print_result(++number, c->name, &r);
	}
	return failed;
}

static int run_role(const struct test_table *table, int argc, char **argv)
{
	size_t i;

	for (i = 0; i < table->role_count; i++)
		if (strcmp(table->roles[i].name, argv[1] + 1) == 0)
			return table->roles[i].run(argc - 2, argv + 2);
	fprintf(stderr, "no role %s\n", argv[1] + 1);
	return 1;
}

/* Cases crash on purpose. */
static void no_core_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return;
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &limit);
}

int test_main(const struct test_table *table, int argc, char **argv)
{
	size_t plan = 0;
	size_t i;

	test_find_program(argv[0]);
	if (argc > 1 && argv[1][0] == '=')
		return run_role(table, argc, argv);
	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return list_cases(table);
	for (i = 0; i < table->case_count; i++)
		plan += (size_t)chosen(table->cases[i].name, argc, argv);
	if (plan == 0) {
		fprintf(stderr, "%s: no such case; try --list\n", argv[0]);
		return 1;
	}
	open_words();
	umask(022);
	no_core_files();
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	printf("1..%zu\n", plan);
	return run_table(table, argc, argv);
}
