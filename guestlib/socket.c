/*
 * Wrappers of the socket calls.
 */
#include <sys/socket.h>
#include <syscall.h>

int socket(int family, int type, int protocol)
{
	return (int)SYS(socket, family, type, protocol);
}

int socketpair(int family, int type, int protocol, int fds[2])
{
	return (int)SYS(socketpair, family, type, protocol, fds);
}

int bind(int fd, const void *addr, socklen_t len)
{
	return (int)SYS(bind, fd, addr, len);
}

int listen(int fd, int backlog)
{
	return (int)SYS(listen, fd, backlog);
}

int accept(int fd, void *addr, socklen_t *len)
{
	return (int)SYS(accept, fd, addr, len);
}

int accept4(int fd, void *addr, socklen_t *len, int flags)
{
	return (int)SYS(accept4, fd, addr, len, flags);
}

int connect(int fd, const void *addr, socklen_t len)
{
	return (int)SYS(connect, fd, addr, len);
}

int getsockname(int fd, void *addr, socklen_t *len)
{
	return (int)SYS(getsockname, fd, addr, len);
}

int getpeername(int fd, void *addr, socklen_t *len)
{
	return (int)SYS(getpeername, fd, addr, len);
}

int shutdown(int fd, int how)
{
	return (int)SYS(shutdown, fd, how);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	return (int)SYS(getsockopt, fd, level, name, value, len);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	return (int)SYS(setsockopt, fd, level, name, value, len);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
	       socklen_t addr_len)
{
	return SYS(sendto, fd, buf, len, flags, addr, addr_len);
}

ssize_t recvfrom(int fd, void *buf, size_t len, int flags, void *addr,
		 socklen_t *addr_len)
{
	return SYS(recvfrom, fd, buf, len, flags, addr, addr_len);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
	return sendto(fd, buf, len, flags, NULL, 0);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
	return recvfrom(fd, buf, len, flags, NULL, NULL);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	return SYS(sendmsg, fd, msg, flags);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	return SYS(recvmsg, fd, msg, flags);
}

int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags)
{
	return (int)SYS(sendmmsg, fd, msgs, count, flags);
}

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags,
	     struct timespec *timeout)
{
	return (int)SYS(recvmmsg, fd, msgs, count, flags, timeout);
}
