#include "libsock.h"

#include <poll.h>
#include <string.h>
#include <test.h>

int sock_make(int family, int type)
{
	return (int)CHECK_OK(socket(family, type, 0));
}

void sock_pair(int type, int fds[2])
{
	CHECK_OK(socketpair(AF_UNIX, type, 0, fds));
}

socklen_t sock_un(struct sockaddr_un *un, const char *name)
{
	size_t len = strlen(name);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, len);
	if (name[0] != '@')
		return (socklen_t)(2 + len + 1);
	un->sun_path[0] = '\0';
	return (socklen_t)(2 + len);
}

int sock_bind_un(int fd, const char *name)
{
	struct sockaddr_un un;
	socklen_t len = sock_un(&un, name);

	return bind(fd, &un, len);
}

int sock_connect_un(int fd, const char *name)
{
	struct sockaddr_un un;
	socklen_t len = sock_un(&un, name);

	return connect(fd, &un, len);
}

int sock_listen_un(int type, const char *name, int backlog)
{
	int fd = sock_make(AF_UNIX, type);

	CHECK_OK(sock_bind_un(fd, name));
	CHECK_OK(listen(fd, backlog));
	return fd;
}

ssize_t sock_send_fds(int fd, const void *buf, size_t len, const int *fds, int count)
{
	struct iovec iov = { (void *)(size_t)buf, len };
	char control[CMSG_SPACE(sizeof(int) * 300)] __attribute__((aligned(8)));
	struct cmsghdr h = { CMSG_LEN(sizeof(int) * (size_t)count), SOL_SOCKET, SCM_RIGHTS };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	memset(control, 0, sizeof(control));
	memcpy(control, &h, sizeof(h));
	memcpy(CMSG_DATA(control), fds, sizeof(int) * (size_t)count);
	m.msg_control = control;
	m.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count);
	return sendmsg(fd, &m, 0);
}

ssize_t sock_recv_fds(int fd, void *buf, size_t len, int *fds, int count, int *got, int flags)
{
	struct iovec iov = { buf, len };
	char control[CMSG_SPACE(sizeof(int) * 300)] __attribute__((aligned(8)));
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control };
	struct cmsghdr h;
	ssize_t ret;

	m.msg_controllen = CMSG_LEN(sizeof(int) * (size_t)count);
	ret = recvmsg(fd, &m, flags);
	*got = 0;
	if (ret < 0 || m.msg_controllen < sizeof(h))
		return ret;
	memcpy(&h, control, sizeof(h));
	if (h.cmsg_level != SOL_SOCKET || h.cmsg_type != SCM_RIGHTS)
		return ret;
	*got = (int)((h.cmsg_len - sizeof(h)) / sizeof(int));
	memcpy(fds, CMSG_DATA(control), sizeof(int) * (size_t)*got);
	return ret;
}

int sock_poll(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

int sock_getopt(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	CHECK_OK(getsockopt(fd, level, name, &value, &len));
	CHECK_EQ(len, sizeof(int));
	return value;
}

void sock_setopt(int fd, int level, int name, int value)
{
	CHECK_OK(setsockopt(fd, level, name, &value, sizeof(value)));
}
