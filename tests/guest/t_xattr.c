/*
 * Extended attributes: kept, replaced, gone with their file (differential/ipc.c has
 * the errors).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/xattr.h>

static void kept(void)
{
	char buf[64];
	int fd;

	test_scratch();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	if (SYS(setxattr, "f", "user.one", "value", 5, 0))
		test_skip("this file system has none");
	CHECK_OK(SYS(fsetxattr, fd, "user.two", "", 0, 0));
	CHECK_OK(link("f", "g"));
	CHECK_EQ(SYS(getxattr, "g", "user.one", buf, sizeof(buf)), 5);
	CHECK_EQ(memcmp(buf, "value", 5), 0);
	CHECK_EQ(SYS(fgetxattr, fd, "user.two", buf, sizeof(buf)), 0);
	CHECK_EQ(SYS(listxattr, "f", buf, sizeof(buf)), 18);
	CHECK_OK(SYS(setxattr, "f", "user.one", "a longer value", 14, 0));
	CHECK_EQ(SYS(getxattr, "f", "user.one", NULL, 0), 14);
	CHECK_OK(SYS(removexattr, "f", "user.two"));
	CHECK_EQ(SYS(flistxattr, fd, buf, sizeof(buf)), 9);
	CHECK_STR(buf, "user.one");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(SYS(setxattr, "d", "user.x", "y", 1, 0));
	CHECK_ERR(SYS(setxattr, "f", "user.", "y", 1, 0), EINVAL);
}

static void bounded(void)
{
	static char value[65536];
	char name[] = "user.a0";
	int i, err = 0;

	test_scratch();
	CHECK_OK(close((int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644))));
	if (SYS(setxattr, "f", "user.one", "value", 5, 0))
		test_skip("this file system has none");
	for (i = 0; i < 5 && !err; i++) {
		name[6] = (char)('0' + i);
		if (SYS(setxattr, "f", name, value, sizeof(value), 0))
			err = errno;
	}
	CHECK_EQ(err, ENOSPC);
	/* what takes no more than before still has its place */
	CHECK_OK(SYS(setxattr, "f", "user.one", "VALUE", 5, XATTR_REPLACE));
	CHECK_OK(SYS(setxattr, "f", "user.a0", "less", 4, 0));
	CHECK_EQ(SYS(getxattr, "f", "user.a0", value, sizeof(value)), 4);
	CHECK_EQ(memcmp(value, "less", 4), 0);
}

static const struct test_case cases[] = {
	{ "xattr: kept", kept },
	{ "xattr: bounded", bounded },
};

TEST_MAIN(cases)
