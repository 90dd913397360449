/* What programs look for below /sys and /dev, as a machine of one CPU has it. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <test.h>
#include <unistd.h>

static void check_text(const char *path, const char *want)
{
	char text[256];

	test_read_file(path, text, sizeof(text));
	CHECK_STR(text, want);
}

static void need_machine(void)
{
	if (!getenv("LODGER_GUEST"))
		test_skip("a host has what it has");
}

static void one_cpu(void)
{
	need_machine();
	check_text("/sys/devices/system/cpu/online", "0\n");
	check_text("/sys/devices/system/cpu/possible", "0\n");
	check_text("/sys/devices/system/cpu/cpu0/topology/core_id", "0\n");
	check_text("/sys/devices/system/node/node0/cpumap", "1\n");
}

static void directories(void)
{
	static const char *const names[] = { "/sys/block",	   "/sys/class/net",
					     "/sys/class/tty",	   "/sys/dev/block",
					     "/sys/fs/cgroup",	   "/sys/kernel/mm",
					     "/sys/devices/system" };
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_OK(stat(names[i], &st));
		CHECK(S_ISDIR(st.st_mode));
	}
}

static void read_only(void)
{
	need_machine();
	CHECK(open("/sys/new", O_CREAT | O_RDWR, 0644) < 0);
	CHECK(mkdir("/sys/new", 0755) < 0);
	CHECK(unlink("/sys/devices/system/cpu/online") < 0);
}

static void shared_memory_directory(void)
{
	struct stat shm, dev;

	CHECK_OK(stat("/dev/shm", &shm));
	CHECK_OK(stat("/dev", &dev));
	CHECK_EQ(shm.st_mode & 07777, 01777);
	CHECK(shm.st_dev != dev.st_dev);
}

static const struct test_case cases[] = {
	{ "one CPU", one_cpu },
	{ "directories", directories },
	{ "/sys cannot be changed", read_only },
	{ "/dev/shm is a tmpfs of its own", shared_memory_directory },
};

TEST_MAIN(cases)
