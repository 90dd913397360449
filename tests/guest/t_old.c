/*
 * Calls of old programs, and those that only ever say no: sysfs(2), ustat(2),
 * remap_file_pages(2), iopl(2), ioperm(2), ptrace(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define PAGE 4096UL

static void file_system_types(void)
{
	char name[64];
	long i, count = CHECK_OK(SYS(sysfs, 3));

	CHECK(count > 2);
	i = CHECK_OK(SYS(sysfs, 1, "proc"));
	CHECK_OK(SYS(sysfs, 2, i, name));
	CHECK_STR(name, "proc");
	CHECK_ERR(SYS(sysfs, 1, "no such"), EINVAL);
	CHECK_ERR(SYS(sysfs, 1, test_bad_pointer), EFAULT);
	CHECK_ERR(SYS(sysfs, 2, count, name), EINVAL);
	CHECK_ERR(SYS(sysfs, 4), EINVAL);
}

static void file_system_space(void)
{
	struct stat st;
	char buf[64];

	CHECK_OK(stat("/", &st));
	CHECK_OK(SYS(ustat, st.st_dev, buf));
	CHECK_ERR(SYS(ustat, 0xffffff, buf), EINVAL);
	CHECK_ERR(SYS(ustat, st.st_dev, test_bad_pointer), EFAULT);
}

static void nonlinear(void)
{
	unsigned int *p;
	int fd, i;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0600));
	CHECK_OK(ftruncate(fd, 4 * PAGE));
	p = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	for (i = 0; i < 4; i++)
		p[i * PAGE / 4] = (unsigned int)i;
	CHECK_OK(SYS(remap_file_pages, p, PAGE, 0, 3, 0));
	CHECK_EQ(p[0], 3);
	CHECK_EQ(p[PAGE / 4], 1);
	CHECK_ERR(SYS(remap_file_pages, p, PAGE, 1, 3, 0), EINVAL);
	CHECK_ERR(SYS(remap_file_pages, p, 0, 0, 3, 0), EINVAL);
	CHECK_ERR(SYS(remap_file_pages, test_bad_pointer, PAGE, 0, 0, 0), EINVAL);
	CHECK_OK(munmap(p, 4 * PAGE));
}

static void ports(void)
{
	CHECK_OK(SYS(iopl, 0));
	CHECK_ERR(SYS(iopl, 3), EPERM);
	CHECK_ERR(SYS(iopl, 4), EINVAL);
	CHECK_ERR(SYS(ioperm, 0x80, 1, 1), EPERM);
	CHECK_OK(SYS(ioperm, 0x80, 1, 0));
	CHECK_ERR(SYS(ioperm, 65535, 2, 1), EINVAL);
}

static void nobody_is_traced(void)
{
	CHECK_ERR(SYS(ptrace, 0, 0, 0, 0), EPERM);
	CHECK_ERR(SYS(ptrace, 16, 1, 0, 0), EPERM);
	CHECK_ERR(SYS(ptrace, 16, 99999, 0, 0), ESRCH);
}

static const struct test_case cases[] = {
	{ "sysfs", file_system_types },
	{ "ustat", file_system_space },
	{ "remap_file_pages", nonlinear },
	{ "iopl, ioperm", ports },
	{ "ptrace", nobody_is_traced },
};

TEST_MAIN(cases)
