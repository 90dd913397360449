/* What the socket calls share: descriptors and addresses of programs. */
#ifndef SYS_USER_SOCKET_H
#define SYS_USER_SOCKET_H

#include "net/socket.h"

/* A struct sockaddr of len bytes: 0, -EINVAL, -EFAULT. */
int user_addr_get(struct net_addr *addr, uaddr_t from, s64 len);
/* To the program, cut to the s32 at len_at, which gets the whole length: 0,
 * -EINVAL, -EFAULT. */
int user_addr_put(uaddr_t to, uaddr_t len_at, const struct net_addr *addr);
/* The socket behind fd; *f is referenced. ERR_PTR(-EBADF, -ENOTSOCK). */
struct socket *user_socket_get(u64 fd, struct file **f);
/* O_NONBLOCK? */
bool user_socket_nonblock(const struct file *f);

#endif
