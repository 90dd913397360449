/*
 * Extended attributes: kept, replaced, gone with their file (differential/ipc.c has
 * the errors).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/in.h>
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

/* A socket says its protocol, and nothing else. */
static void of_socket(int family, int type, int protocol, const char *name)
{
	long size = (long)strlen(name) + 1;
	int fd = (int)CHECK_OK(socket(family, type, protocol));
	char buf[64], path[32];

	CHECK_EQ(SYS(fgetxattr, fd, "system.sockprotoname", NULL, 0), size);
	CHECK_ERR(SYS(fgetxattr, fd, "system.sockprotoname", buf, size - 1), ERANGE);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(SYS(getxattr, path, "system.sockprotoname", buf, sizeof(buf)), size);
	CHECK_STR(buf, name);
	CHECK_EQ(SYS(flistxattr, fd, buf, sizeof(buf)), 21);
	CHECK_STR(buf, "system.sockprotoname");
	CHECK_ERR(SYS(fsetxattr, fd, "system.sockprotoname", "x", 1, 0), EOPNOTSUPP);
	CHECK_ERR(SYS(fgetxattr, fd, "system.other", buf, sizeof(buf)), EOPNOTSUPP);
	CHECK_ERR(SYS(fgetxattr, fd, "security.x", buf, sizeof(buf)), EOPNOTSUPP);
	CHECK_ERR(SYS(fgetxattr, fd, "system.posix_acl_access", buf, sizeof(buf)), EOPNOTSUPP);
	CHECK_ERR(SYS(fgetxattr, fd, "user.x", buf, sizeof(buf)), ENODATA);
	CHECK_OK(close(fd));
}

static void sockets(void)
{
	of_socket(AF_UNIX, SOCK_STREAM, 0, "UNIX-STREAM");
	of_socket(AF_UNIX, SOCK_DGRAM, 0, "UNIX");
	of_socket(AF_UNIX, SOCK_SEQPACKET, 0, "UNIX");
	of_socket(AF_INET, SOCK_STREAM, 0, "TCP");
	of_socket(AF_INET6, SOCK_STREAM, 0, "TCPv6");
	of_socket(AF_INET, SOCK_DGRAM, 0, "UDP");
	of_socket(AF_INET6, SOCK_DGRAM, 0, "UDPv6");
	of_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE, "UDP-Lite");
	of_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP, "RAW");
	of_socket(AF_NETLINK, SOCK_RAW, 0, "NETLINK");
}

static const struct test_case cases[] = {
	{ "xattr: kept", kept },
	{ "xattr: bounded", bounded },
	{ "xattr: of sockets", sockets },
};

TEST_MAIN(cases)
