/* What the socket tests share. */
#ifndef LIBSOCK_H
#define LIBSOCK_H

#include <linux/in.h>
#include <linux/in6.h>
#include <sys/socket.h>
#include <sys/un.h>

#define HTONS(x) __builtin_bswap16((unsigned short)(x))
#define HTONL(x) __builtin_bswap32((unsigned int)(x))
#define LOOPBACK 0x7f000001u

/* A socket that cannot fail. */
int sock_make(int family, int type);
/* A connected pair of AF_UNIX. */
void sock_pair(int type, int fds[2]);
/* An AF_UNIX address: a path, or abstract when it begins with '@'. Its length. */
socklen_t sock_un(struct sockaddr_un *un, const char *name);
/* A listener of AF_UNIX at name. */
int sock_listen_un(int type, const char *name, int backlog);
/* connect to an AF_UNIX name: 0 or -1. */
int sock_connect_un(int fd, const char *name);
int sock_bind_un(int fd, const char *name);
/* Sends len bytes with count descriptors: what sendmsg says. */
ssize_t sock_send_fds(int fd, const void *buf, size_t len, const int *fds, int count);
/* Receives bytes and up to count descriptors, whose number goes to *got. */
ssize_t sock_recv_fds(int fd, void *buf, size_t len, int *fds, int count, int *got,
		      int flags);
/* poll for events now: revents. */
int sock_poll(int fd, short events);
/* An int option, and its value. */
int sock_getopt(int fd, int level, int name);
void sock_setopt(int fd, int level, int name, int value);

/* 127.0.0.1 or another IPv4 address, host order; ::1 with family AF_INET6 (ip is
 * ignored). Its length. */
socklen_t sock_inet(struct sockaddr_storage *to, int family, unsigned int ip, int port);
/* Binds to the loopback address, port 0 for any; the port. */
int sock_bind_inet(int fd, int family, int port);
/* connect to the loopback address. */
int sock_connect_inet(int fd, int family, int port);
/* The port of a socket's own end. */
int sock_port(int fd);
/* A TCP listener at the loopback address; its port. */
int sock_listen_inet(int family, int backlog, int *port);
/* A connected pair over TCP. */
void sock_tcp_pair(int family, int fds[2]);

#endif
