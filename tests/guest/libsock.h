/* What the socket tests share. */
#ifndef LIBSOCK_H
#define LIBSOCK_H

#include <sys/socket.h>
#include <sys/un.h>

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

#endif
