#include "libsock.h"

#include <poll.h>
#include <string.h>
#include <test.h>
#include <unistd.h>

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

socklen_t sock_inet(struct sockaddr_storage *to, int family, unsigned int ip, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (family == AF_INET) {
		in.sin_port = HTONS(port);
		in.sin_addr.s_addr = HTONL(ip);
		memcpy(to, &in, sizeof(in));
		return sizeof(in);
	}
	in6.sin6_port = HTONS(port);
	in6.sin6_addr.in6_u.u6_addr8[15] = 1;
	memcpy(to, &in6, sizeof(in6));
	return sizeof(in6);
}

int sock_port(int fd)
{
	struct sockaddr_in6 in6;
	socklen_t len = sizeof(in6);

	/* The port is at the same place in both. */
	CHECK_OK(getsockname(fd, &in6, &len));
	return HTONS(in6.sin6_port);
}

int sock_bind_inet(int fd, int family, int port)
{
	struct sockaddr_storage addr;
	socklen_t len = sock_inet(&addr, family, LOOPBACK, port);

	CHECK_OK(bind(fd, &addr, len));
	return sock_port(fd);
}

int sock_connect_inet(int fd, int family, int port)
{
	struct sockaddr_storage addr;
	socklen_t len = sock_inet(&addr, family, LOOPBACK, port);

	return connect(fd, &addr, len);
}

int sock_listen_inet(int family, int backlog, int *port)
{
	int fd = sock_make(family, SOCK_STREAM);

	*port = sock_bind_inet(fd, family, 0);
	CHECK_OK(listen(fd, backlog));
	return fd;
}

void sock_tcp_pair(int family, int fds[2])
{
	int port, srv = sock_listen_inet(family, 1, &port);

	fds[0] = sock_make(family, SOCK_STREAM);
	CHECK_OK(sock_connect_inet(fds[0], family, port));
	fds[1] = (int)CHECK_OK(accept(srv, NULL, NULL));
	CHECK_OK(close(srv));
}
