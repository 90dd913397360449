/*
 * Sockets: socket(2) and its family. Each function is the system call of its
 * name.
 */
#ifndef GUESTLIB_SYS_SOCKET_H
#define GUESTLIB_SYS_SOCKET_H

#include <asm/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_NETLINK 16

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#define SOCK_SEQPACKET 5
#define SOCK_NONBLOCK 04000
#define SOCK_CLOEXEC 02000000

#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_CTRUNC 8
#define MSG_TRUNC 0x20
#define MSG_DONTWAIT 0x40
#define MSG_ERRQUEUE 0x2000
#define MSG_EOR 0x80
#define MSG_WAITALL 0x100
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define MSG_WAITFORONE 0x10000
#define MSG_CMSG_CLOEXEC 0x40000000

#define SHUT_RD 0
#define SHUT_WR 1
#define SHUT_RDWR 2

#define SCM_RIGHTS 1
#define SCM_CREDENTIALS 2
#define SOMAXCONN 4096

typedef unsigned int socklen_t;
typedef unsigned short sa_family_t;

struct sockaddr {
	sa_family_t sa_family;
	char sa_data[14];
};
struct sockaddr_storage {
	sa_family_t ss_family;
	char ss_data[126];
} __attribute__((aligned(8)));

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	int msg_flags;
};
struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};
struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level, cmsg_type;
};
struct ucred {
	pid_t pid;
	uid_t uid;
	gid_t gid;
};
struct linger {
	int l_onoff, l_linger;
};

#define CMSG_ALIGN(len) (((len) + 7) & ~(size_t)7)
#define CMSG_SPACE(len) (CMSG_ALIGN(len) + sizeof(struct cmsghdr))
#define CMSG_LEN(len) (sizeof(struct cmsghdr) + (len))
#define CMSG_DATA(cmsg) ((void *)((struct cmsghdr *)(cmsg) + 1))

struct timespec;

/* socket(2). */
int socket(int family, int type, int protocol);
/* socketpair(2). */
int socketpair(int family, int type, int protocol, int fds[2]);
/* bind(2). */
int bind(int fd, const void *addr, socklen_t len);
/* listen(2). */
int listen(int fd, int backlog);
/* accept(2). */
int accept(int fd, void *addr, socklen_t *len);
/* accept4(2). */
int accept4(int fd, void *addr, socklen_t *len, int flags);
/* connect(2). */
int connect(int fd, const void *addr, socklen_t len);
/* getsockname(2). */
int getsockname(int fd, void *addr, socklen_t *len);
/* getpeername(2). */
int getpeername(int fd, void *addr, socklen_t *len);
/* shutdown(2). */
int shutdown(int fd, int how);
/* getsockopt(2). */
int getsockopt(int fd, int level, int name, void *value, socklen_t *len);
/* setsockopt(2). */
int setsockopt(int fd, int level, int name, const void *value, socklen_t len);
/* send(2). */
ssize_t send(int fd, const void *buf, size_t len, int flags);
/* recv(2). */
ssize_t recv(int fd, void *buf, size_t len, int flags);
/* sendto(2). */
ssize_t sendto(int fd, const void *buf, size_t len, int flags, const void *addr,
	       socklen_t addr_len);
/* recvfrom(2). */
ssize_t recvfrom(int fd, void *buf, size_t len, int flags, void *addr,
		 socklen_t *addr_len);
/* sendmsg(2). */
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags);
/* recvmsg(2). */
ssize_t recvmsg(int fd, struct msghdr *msg, int flags);
/* sendmmsg(2). */
int sendmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags);
/* recvmmsg(2). */
int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int count, int flags,
	     struct timespec *timeout);

#endif
