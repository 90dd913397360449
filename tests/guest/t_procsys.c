/*
 * /proc/PID's rarer files, /proc/sys, and /proc's own tables (proc(5)).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define PAGE 4096UL

static char text[16384];

static const char *get(const char *path)
{
	test_read_file(path, text, sizeof(text));
	return text;
}

static long number(const char *path)
{
	return strtol(get(path), NULL, 10);
}

static long field(const char *lines, const char *name)
{
	const char *at = strstr(lines, name);

	CHECK(at != NULL);
	return strtol(at + strlen(name), NULL, 10);
}

static void accounts(void)
{
	long before, reads;
	char byte = 'x';
	int fds[2];

	CHECK_OK(pipe(fds));
	before = field(get("/proc/self/io"), "wchar: ");
	reads = field(text, "syscr: ");
	CHECK_EQ(write(fds[1], &byte, 1), 1);
	CHECK_EQ(read(fds[0], &byte, 1), 1);
	CHECK_EQ(field(get("/proc/self/io"), "wchar: "), before + 1);
	CHECK(field(text, "syscr: ") > reads);
}

static void dump_filter(void)
{
	const char *path = "/proc/self/coredump_filter";
	pid_t pid;

	CHECK_STR(get(path), "00000033\n");
	CHECK_EQ(test_write_file(path, "0x7"), 3);
	CHECK_STR(get(path), "00000007\n");
	pid = test_fork();
	if (pid == 0) {
		CHECK_STR(get(path), "00000007\n");
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(test_write_file(path, "x"), -EINVAL);
	CHECK_EQ(test_write_file(path, "51\n"), 3);
	CHECK_STR(get(path), "00000033\n");
}

static void page_map(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	uint64_t word[2];
	int fd;

	*p = 1;
	fd = (int)CHECK_OK(open("/proc/self/pagemap", O_RDONLY, 0));
	CHECK_EQ(pread(fd, word, 8, (long)((unsigned long)p / PAGE * 8)), 8);
	CHECK(word[0] >> 63);
	CHECK(word[0] >> 61 & 1);
	CHECK_OK(munmap(p, 2 * PAGE));
	CHECK_EQ(pread(fd, word, 8, (long)((unsigned long)p / PAGE * 8)), 8);
	CHECK_EQ(word[0], 0);
	CHECK_ERR(pread(fd, word, 8, 4), EINVAL);
	CHECK_ERR(pread(fd, word, 7, 0), EINVAL);
	close(fd);
}

static void peak_is_reset(void)
{
	char *p = mmap(NULL, 256 * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long peak;

	memset(p, 1, 256 * PAGE);
	CHECK_OK(munmap(p, 256 * PAGE));
	peak = field(get("/proc/self/status"), "VmHWM:");
	CHECK_EQ(test_write_file("/proc/self/clear_refs", "1"), 1);
	CHECK(field(get("/proc/self/status"), "VmHWM:") >= peak);
	CHECK_EQ(test_write_file("/proc/self/clear_refs", "5"), 1);
	CHECK(field(get("/proc/self/status"), "VmHWM:") < peak);
	CHECK_EQ(test_write_file("/proc/self/clear_refs", "6"), -EINVAL);
}

/* A login: inherited by fork, its own alone to set, and once only without the right. */
static void login(void)
{
	char path[64];
	long session;
	pid_t pid;
	int fd;

	CHECK_STR(get("/proc/self/loginuid"), "4294967295");
	CHECK_STR(get("/proc/self/sessionid"), "4294967295");
	CHECK_EQ(test_write_file("/proc/self/loginuid", "x"), -EINVAL);
	CHECK_EQ(test_write_file("/proc/self/loginuid", "4294967296"), -ERANGE);
	pid = test_fork();
	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/%d/loginuid", pid);
	CHECK_EQ(test_write_file(path, "5"), -EPERM);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	CHECK_EQ(test_write_file("/proc/self/loginuid", "1000"), 4);
	CHECK_STR(get("/proc/self/loginuid"), "1000");
	session = number("/proc/self/sessionid");
	CHECK(session > 0);
	pid = test_fork();
	if (pid == 0) {
		CHECK_STR(get("/proc/self/loginuid"), "1000");
		CHECK_EQ(number("/proc/self/sessionid"), session);
		CHECK_EQ(test_write_file("/proc/self/loginuid", "7\n"), 2);
		CHECK_EQ(number("/proc/self/sessionid"), session + 1);
		fd = open("/proc/self/loginuid", O_WRONLY);
		CHECK_OK(setuid(7));
		CHECK(write(fd, "8", 1) == -1 && errno == EPERM);
		exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(test_write_file("/proc/self/loginuid", "4294967295"), 10);
	CHECK_STR(get("/proc/self/sessionid"), "4294967295");
}

static void small_ones(void)
{
	char path[64], want[32];
	pid_t pid;

	CHECK_STR(get("/proc/self/uid_map"), "         0          0 4294967295\n");
	CHECK_STR(get("/proc/self/gid_map"), "         0          0 4294967295\n");
	CHECK_STR(get("/proc/self/setgroups"), "allow\n");
	CHECK_STR(get("/proc/self/personality"), "00000000\n");
	CHECK_EQ(number("/proc/self/timerslack_ns"), 50000);
	CHECK_EQ(test_write_file("/proc/self/timerslack_ns", "7"), 1);
	CHECK_EQ(number("/proc/self/timerslack_ns"), 7);
	CHECK_EQ(number("/proc/self/oom_adj"), 0);
	CHECK_STR(get("/proc/self/syscall"), "running\n");
	CHECK(strchr(get("/proc/self/schedstat"), '\n') != NULL);
	CHECK(strstr(get("/proc/self/numa_maps"), "N0=") != NULL);
	pid = test_fork();
	if (pid == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	snprintf(want, sizeof(want), "%d ", pid);
	CHECK_STR(get(path), want);
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	WAIT_UNTIL(strtol(get(path), NULL, 10) == __NR_pause);
	CHECK_OK(kill(pid, 9));
	test_wait(pid);
}

static void others_are_closed(void)
{
	char buf[16];
	int fd = open("/proc/1/pagemap", O_RDONLY, 0);

	CHECK(fd < 0 || read(fd, buf, 8) < 0);
	fd = open("/proc/1/io", O_RDONLY, 0);
	CHECK(fd < 0 || read(fd, buf, 8) < 0);
	CHECK_ERR(open("/proc/sys/kernel/pid_max", O_WRONLY, 0), EACCES);
}

static void users_are_kept_out(void)
{
	test_need_root();
	test_as_user(others_are_closed);
}

static void tables(void)
{
	static const char *const names[] = {
		"buddyinfo", "cgroups", "consoles", "devices", "diskstats", "execdomains",
		"interrupts", "iomem", "ioports", "misc", "modules", "softirqs",
		"tty/drivers", "zoneinfo",
	};
	char path[64];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(path, sizeof(path), "/proc/%s", names[i]);
		get(path);
	}
	CHECK(strstr(get("/proc/devices"), "Block devices:") != NULL);
	CHECK(strstr(get("/proc/zoneinfo"), "pages free") != NULL);
}

static void numbers_are_set(void)
{
	const char *path = "/proc/sys/vm/dirty_ratio";
	long old = number(path);

	test_need_root();
	CHECK_EQ(test_write_file(path, "33\n"), 3);
	CHECK_EQ(number(path), 33);
	CHECK_EQ(test_write_file(path, "101"), -EINVAL);
	CHECK_EQ(test_write_file(path, "-1"), -EINVAL);
	CHECK_EQ(test_write_file(path, "x"), -EINVAL);
	CHECK_EQ(test_write_file(path, ""), 0);
	snprintf(text, sizeof(text), "%ld", old);
	CHECK(test_write_file(path, text) > 0);
	CHECK_EQ(number(path), old);
}

static void highest_pid(void)
{
	const char *path = "/proc/sys/kernel/pid_max";
	pid_t pid;
	int i;

	test_need_root();
	CHECK_EQ(number(path), 32768);
	CHECK_EQ(test_write_file(path, "300"), -EINVAL);
	CHECK_EQ(test_write_file(path, "310"), 3);
	for (i = 0; i < 30; i++) {
		pid = test_fork();
		if (pid == 0)
			_exit(0);
		CHECK(pid < 310);
		test_wait_ok(pid);
	}
	CHECK_EQ(test_write_file(path, "32768"), 5);
}

static void most_descriptors(void)
{
	const char *path = "/proc/sys/fs/nr_open";
	struct rlimit lim = { 100, 100 }, more = { 101, 101 };

	test_need_root();
	CHECK_EQ(test_write_file(path, "63"), -EINVAL);
	CHECK_EQ(test_write_file(path, "100"), 3);
	CHECK_ERR(setrlimit(RLIMIT_NOFILE, &more), EPERM);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &lim));
	CHECK_ERR(dup2(0, 100), EBADF);
	CHECK_OK(dup2(0, 99));
	CHECK_EQ(test_write_file(path, "1048576"), 7);
}

/* A table that is larger than nr_open has become is not copied. */
static void fork_with_too_many(void)
{
	const char *path = "/proc/sys/fs/nr_open";
	pid_t first, second;
	int err;

	CHECK_OK(SYS(close_range, 64, ~0U, 0)); /* the harness's */
	CHECK_OK(dup2(0, 99));
	CHECK_EQ(test_write_file(path, "64"), 2);
	first = fork();
	err = errno;
	if (first == 0)
		_exit(0);
	CHECK_OK(close(99));
	second = fork();
	if (second == 0)
		_exit(0);
	CHECK_EQ(test_write_file(path, "1048576"), 7);
	CHECK_EQ(first, -1);
	CHECK_EQ(err, EMFILE);
	CHECK(second > 0);
	test_wait_ok(second);
}

static void descriptors_to_copy(void)
{
	test_need_root();
	test_child(fork_with_too_many);
}

static void pipe_size_as_user(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_ERR(fcntl(fds[0], 1031, 131072), EPERM); /* F_SETPIPE_SZ */
	CHECK_EQ(fcntl(fds[0], 1031, 8192), 8192);
}

static void largest_pipe(void)
{
	const char *path = "/proc/sys/fs/pipe-max-size";
	int fds[2];

	test_need_root();
	CHECK_EQ(test_write_file(path, "8192"), 4);
	test_as_user(pipe_size_as_user);
	CHECK_OK(pipe(fds));
	CHECK_EQ(fcntl(fds[0], 1031, 2 << 20), 2 << 20);
	CHECK_EQ(test_write_file(path, "1048576"), 7);
}

/* What is kept and has an effect; back as it was. */
static void limits_of_memory(void)
{
	const char *path = "/proc/sys/vm/max_map_count", *random = "/proc/sys/kernel/randomize_va_space";
	long old = number(path);
	char back[16];
	void *at;

	test_need_root();
	snprintf(back, sizeof(back), "%ld", old);
	CHECK(test_write_file(path, "4") > 0);
	at = mmap((void *)0x20000000, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(test_write_file(path, back) > 0);
	CHECK(at == MAP_FAILED);
	CHECK_EQ(number(random), 2);
	CHECK_EQ(test_write_file(random, "3"), -EINVAL);
	CHECK_EQ(test_write_file("/proc/sys/fs/aio-max-nr", "-1"), -EINVAL);
}

static void *map_kib(long kib, int flags)
{
	return mmap(NULL, (size_t)kib << 10, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

/* overcommit_memory 2: no more is promised than the limit says. */
static void promises(void)
{
	const char *mode = "/proc/sys/vm/overcommit_memory";
	long limit, promised, left, then;
	char old[16];
	void *at;

	test_need_root();
	snprintf(old, sizeof(old), "%ld", number(mode));
	limit = field(get("/proc/meminfo"), "CommitLimit:");
	promised = field(text, "Committed_AS:");
	left = limit - promised;
	CHECK(promised > 0 && left > 16 << 10);
	CHECK_EQ(test_write_file(mode, "3"), -EINVAL);
	CHECK(test_write_file(mode, "2") > 0);
	at = map_kib(left / 2, 0);
	then = field(get("/proc/meminfo"), "Committed_AS:");
	CHECK(map_kib(left, 0) == MAP_FAILED);
	CHECK(map_kib(left, MAP_NORESERVE) == MAP_FAILED);
	CHECK(test_write_file(mode, "1") > 0);
	CHECK(munmap(map_kib(left, 0), (size_t)left << 10) == 0);
	CHECK(test_write_file(mode, old) > 0);
	CHECK(at != MAP_FAILED && munmap(at, (size_t)(left / 2) << 10) == 0);
	CHECK(then - promised >= left / 2 - 4 && then - promised < left / 2 + 1024);
}

static const struct test_case cases[] = {
	{ "io", accounts },
	{ "coredump_filter", dump_filter },
	{ "pagemap", page_map },
	{ "clear_refs", peak_is_reset },
	{ "login", login },
	{ "small ones", small_ones },
	{ "users are kept out", users_are_kept_out },
	{ "tables of the machine", tables },
	{ "sys: numbers are set", numbers_are_set },
	{ "sys: pid_max", highest_pid },
	{ "sys: nr_open", most_descriptors },
	{ "sys: nr_open and fork", descriptors_to_copy },
	{ "sys: limits of memory", limits_of_memory },
	{ "sys: pipe-max-size", largest_pipe },
	{ "sys: overcommit_memory", promises },
};

TEST_MAIN(cases)
