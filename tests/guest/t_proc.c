/*
 * /proc: as much as ps, free, mount and uptime read.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

static char text[65536];

static const char *read_proc(const char *path)
{
	test_read_file(path, text, sizeof(text));
	return text;
}

static const char *read_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return read_proc(path);
}

/* The value after "NAME:" in a text of lines, or -1. */
static long field(const char *lines, const char *name)
{
	const char *at = strstr(lines, name);

	if (!at || at[strlen(name)] != ':')
		return -1;
	return strtol(at + strlen(name) + 1, NULL, 10);
}

static pid_t start_sleeper(void)
{
	pid_t pid = test_fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static void end(pid_t pid)
{
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static void self_link(void)
{
	char buf[64];
	long len = CHECK_OK(readlink("/proc/self", buf, sizeof(buf) - 1));

	buf[len] = '\0';
	CHECK_EQ(atoi(buf), getpid());
	CHECK_EQ(len, strlen(buf));
}

static void command_line(void)
{
	char path[PATH_MAX];

	/* argv, each with its NUL; the harness was started by some name. */
	CHECK(test_read_file("/proc/self/cmdline", path, sizeof(path)) > 1);
	CHECK(strstr(path, "t_proc") != NULL);
}

static void executable(void)
{
	char buf[PATH_MAX];
	struct stat a;
	struct stat b;

	CHECK_OK(readlink("/proc/self/exe", buf, sizeof(buf)));
	CHECK_OK(stat("/proc/self/exe", &a));
	CHECK_OK(stat(test_program(), &b));
	CHECK_EQ(a.st_ino, b.st_ino);
}

static void stat_line(void)
{
	const char *line = read_proc("/proc/self/stat");
	const char *after = strrchr(line, ')');
	char state;

	CHECK_EQ(atoi(line), getpid());
	CHECK(strstr(line, "(t_proc)") != NULL);
	CHECK(after != NULL);
	state = after[2];
	CHECK_EQ(state, 'R');
	CHECK_EQ(atoi(after + 4), getppid());
}

static void status_lines(void)
{
	const char *lines = read_proc("/proc/self/status");

	CHECK_EQ(field(lines, "\nPid"), getpid());
	CHECK_EQ(field(lines, "\nPPid"), getppid());
	CHECK_EQ(field(lines, "\nUid"), getuid());
	CHECK_EQ(field(lines, "\nGid"), getgid());
	CHECK_EQ(strncmp(lines, "Name:\tt_proc", 12), 0);
	CHECK(strstr(lines, "State:\tR") != NULL);
}

static void states(void)
{
	pid_t pid = start_sleeper();
	siginfo_t info;

	WAIT_UNTIL(strstr(read_of(pid, "status"), "State:\tS") != NULL);
	CHECK_OK(kill(pid, SIGSTOP));
	CHECK_EQ(waitpid(pid, NULL, WUNTRACED), pid);
	CHECK(strstr(read_of(pid, "stat"), ") T ") != NULL);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK(strstr(read_of(pid, "stat"), ") Z ") != NULL);
	test_wait(pid);
}

static void gone_when_reaped(void)
{
	pid_t pid = start_sleeper();
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	CHECK_OK(stat(path, &st));
	CHECK(S_ISDIR(st.st_mode));
	end(pid);
	CHECK_ERR(stat(path, &st), ENOENT);
	CHECK_ERR(stat("/proc/4194305", &st), ENOENT);
	CHECK_ERR(stat("/proc/nothing", &st), ENOENT);
}

static int listed(const char *dir, const char *name)
{
	static char buf[4096] __attribute__((aligned(8)));
	struct dirent64 *d;
	int found = 0;
	long len;
	long at;
	int fd = (int)CHECK_OK(open(dir, O_RDONLY | O_DIRECTORY));

	while ((len = CHECK_OK(getdents64(fd, buf, sizeof(buf)))) > 0) {
		for (at = 0; at < len; at += d->d_reclen) {
			d = (struct dirent64 *)(buf + at);
			found += strcmp(d->d_name, name) == 0;
		}
	}
	CHECK_OK(close(fd));
	return found;
}

static void directory_lists_processes(void)
{
	pid_t pid = start_sleeper();
	char name[16];

	snprintf(name, sizeof(name), "%d", getpid());
	CHECK_EQ(listed("/proc", name), 1);
	snprintf(name, sizeof(name), "%d", pid);
	CHECK_EQ(listed("/proc", name), 1);
	CHECK_EQ(listed("/proc", "meminfo"), 1);
	CHECK_EQ(listed("/proc", "self"), 1);
	end(pid);
	CHECK_EQ(listed("/proc", name), 0);
}

static void descriptors(void)
{
	char target[64];
	char path[64];
	char name[16];
	int fds[2];
	long len;

	CHECK_OK(pipe(fds));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[0]);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0 && errno == ENOENT)
		test_skip("no /proc/self/fd");
	CHECK_OK(len);
	target[len] = '\0';
	CHECK_EQ(strncmp(target, "pipe:[", 6), 0);
	snprintf(name, sizeof(name), "%d", fds[1]);
	CHECK_EQ(listed("/proc/self/fd", name), 1);
	CHECK_OK(close(fds[0]));
	CHECK_ERR(readlink(path, target, sizeof(target)), ENOENT);
}

static void working_directory(void)
{
	char target[PATH_MAX];
	long len;

	CHECK_OK(chdir("/proc"));
	len = readlink("/proc/self/cwd", target, sizeof(target) - 1);
	if (len < 0 && errno == ENOENT)
		test_skip("no /proc/self/cwd");
	CHECK_OK(len);
	target[len] = '\0';
	CHECK_STR(target, "/proc");
}

static void memory_map(void)
{
	int fd = open("/proc/self/maps", O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		test_skip("no /proc/self/maps");
	CHECK_OK(fd);
	read_proc("/proc/self/maps");
	CHECK(strstr(text, "r-xp") != NULL);
	CHECK(strstr(text, "[stack]") != NULL);
	CHECK(strstr(text, "t_proc") != NULL);
}

/* Three pages of seven are there. */
static void memory_map_use(void)
{
	char *area = mmap(NULL, 9 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char line[32];
	const char *at;

	CHECK(area != MAP_FAILED);
	/* edges, so that it stands alone */
	CHECK_OK(mprotect(area, PAGE_SIZE, PROT_NONE));
	CHECK_OK(mprotect(area + 8 * PAGE_SIZE, PAGE_SIZE, PROT_NONE));
	area += PAGE_SIZE;
	CHECK_OK(madvise(area, 7 * PAGE_SIZE, MADV_NOHUGEPAGE));
	memset(area, 1, 7 * PAGE_SIZE);
	CHECK_OK(madvise(area + 3 * PAGE_SIZE, 4 * PAGE_SIZE, MADV_DONTNEED));
	snprintf(line, sizeof(line), "%08lx-", (unsigned long)area);
	read_proc("/proc/self/smaps");
	at = strstr(text, line);
	CHECK(at != NULL);
	CHECK_EQ(field(at, "\nSize"), 28);
	CHECK_EQ(field(at, "\nRss"), 12);
	CHECK_EQ(field(at, "\nPrivate_Dirty"), 12);
	CHECK_EQ(field(at, "\nAnonymous"), 12);
	read_proc("/proc/self/smaps_rollup");
	CHECK(field(text, "\nRss") >= 12);
	CHECK(strstr(text, "[rollup]") != NULL);
}

static void memory_info(void)
{
	const char *lines = read_proc("/proc/meminfo");
	long total = field(lines, "MemTotal");
	long idle = field(lines, "\nMemFree");

	CHECK(total > 1000);
	CHECK(idle > 0 && idle <= total);
	CHECK(field(lines, "\nMemAvailable") > 0);
	CHECK(field(lines, "\nBuffers") >= 0);
	CHECK(field(lines, "\nCached") >= 0);
	CHECK_EQ(field(lines, "\nSwapTotal") < 0, 0);
}

static void uptime_and_load(void)
{
	const char *line = read_proc("/proc/uptime");
	int spaces;

	CHECK(strchr(line, '.') != NULL);
	CHECK(atoi(line) >= 0);
	line = read_proc("/proc/loadavg");
	for (spaces = 0; *line; line++)
		spaces += *line == ' ';
	CHECK_EQ(spaces, 4);
}

static void version_and_stat(void)
{
	CHECK_EQ(strncmp(read_proc("/proc/version"), "Linux version ", 14), 0);
	CHECK_EQ(strncmp(read_proc("/proc/stat"), "cpu ", 4), 0);
	CHECK(strstr(text, "\nbtime ") != NULL);
}

static void mounts(void)
{
	read_proc("/proc/mounts");
	CHECK(strstr(text, " / ") != NULL);
	CHECK(strstr(text, " /proc proc ") != NULL);
}

static void reading_in_pieces(void)
{
	char whole[2048];
	char pieces[2048];
	size_t len = test_read_file("/proc/version", whole, sizeof(whole));
	size_t at;
	char byte;
	int fd;

	fd = (int)CHECK_OK(open("/proc/version", O_RDONLY));
	for (at = 0; read(fd, &byte, 1) == 1; at++)
		pieces[at] = byte;
	CHECK_EQ(at, len);
	CHECK_EQ(memcmp(whole, pieces, len), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'L');
}

static void nothing_can_be_made(void)
{
	int fd = open("/proc/new", O_CREAT | O_WRONLY, 0644);

	CHECK(fd < 0);
	CHECK(mkdir("/proc/new", 0755) < 0);
	CHECK(unlink("/proc/version") < 0);
}

static void try_foreign(void)
{
	CHECK(open("/proc/version", O_WRONLY) < 0);
	CHECK_EQ(errno, EACCES);
}

static void nothing_can_be_written(void)
{
	test_as_user(try_foreign);
}

static void comm(void)
{
	int fd = open("/proc/self/comm", O_RDONLY);

	if (fd < 0 && errno == ENOENT)
		test_skip("no /proc/self/comm");
	CHECK_OK(prctl(PR_SET_NAME, (unsigned long)"renamed", 0, 0, 0));
	CHECK_STR(read_proc("/proc/self/comm"), "renamed\n");
	CHECK(strstr(read_proc("/proc/self/stat"), "(renamed)") != NULL);
}

static const struct test_case cases[] = {
	{ "self", self_link },
	{ "self/cmdline", command_line },
	{ "self/exe", executable },
	{ "self/stat", stat_line },
	{ "self/status", status_lines },
	{ "self/comm", comm },
	{ "self/fd", descriptors },
	{ "self/cwd", working_directory },
	{ "self/maps", memory_map },
	{ "self/smaps", memory_map_use },
	{ "states of a process", states },
	{ "gone when reaped", gone_when_reaped },
	{ "the directory lists processes", directory_lists_processes },
	{ "meminfo", memory_info },
	{ "uptime and loadavg", uptime_and_load },
	{ "version and stat", version_and_stat },
	{ "mounts", mounts },
	{ "reading in pieces", reading_in_pieces },
	{ "nothing can be made", nothing_can_be_made },
	{ "nothing can be written", nothing_can_be_written },
};

TEST_MAIN(cases)
