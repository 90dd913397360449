/* What the socket calls share: descriptors and addresses of programs. */
#ifndef SYS_USER_SOCKET_H
#define SYS_USER_SOCKET_H

#include "net/socket.h"

/* A struct sockaddr of len bytes: 0, -EINVAL, -EFAULT. */
int user_addr_get(struct net_addr *addr, uaddr_t from, s64 len);
/* To the program, cut to the s32 at len_at, which gets the whole length: 0,
 * -EINVAL, -EFAULT. */
int user_addr_put(uaddr_t to, uaddr_t len_at, const struct net_addr *addr);
/* A call on the socket s of the open file f. */
typedef s64 user_socket_op(struct socket *s, const struct file *f, const u64 arg[6]);
/* op on the socket behind the descriptor arg[0], which stays referenced meanwhile:
 * what op says, -EBADF, -ENOTSOCK. */
s64 user_socket_call(const u64 arg[6], user_socket_op *op);
/* O_NONBLOCK? */
bool user_socket_nonblock(const struct file *f);

#endif
