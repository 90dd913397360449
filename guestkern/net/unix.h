/* Between the files of the AF_UNIX family (unix(7)). */
#ifndef NET_UNIX_H
#define NET_UNIX_H

#include "fs/vfs.h"
#include "net/scm.h"
#include "net/socket.h"

#define UNIX_ADDR_MIN 2	  /* the family alone: no name */
#define UNIX_ADDR_MAX 110 /* sizeof(struct sockaddr_un) */
#define UNIX_DGRAM_QUEUE 10u /* net.unix.max_dgram_qlen */

/* A name in use; shared by a listener, what it accepts and messages. */
struct unix_name {
	u32 refs;
	u32 len; /* of addr: family and path, NUL of a path included */
	u8 addr[UNIX_ADDR_MAX + 1];
};

struct unix_socket {
	struct socket s;
	struct unix_name *name; /* or NULL */
	struct path path;	/* of the socket's inode; dentry NULL: none */
	struct list_head hash;	/* while it can be found by name */
	struct list_head all;	/* while it has a file or waits for accept */
	struct unix_socket *peer; /* referenced, or NULL */
	/* Datagrams: senders who found our queue full, and our place there. */
	struct list_head full_senders, full_link;
	/* Descriptors in flight (unix_gc.c). */
	u32 inflight; /* references to our file that messages hold */
	u32 unseen;   /* of them not yet found, during a collection */
	struct list_head inflight_link;
	bool reachable;
};

static inline struct unix_socket *unix_of(struct socket *s)
{
	return container_of(s, struct unix_socket, s);
}

/* --- unix_name.c -------------------------------------------------------------- */

/* A further reference. */
struct unix_name *unix_name_get(struct unix_name *name);
/* NULL is allowed. */
void unix_name_put(struct unix_name *name);
/* Is addr well-formed? -EINVAL. */
int unix_addr_check(const struct net_addr *addr);
int unix_bind(struct socket *s, const struct net_addr *addr);
/* Gives an abstract name of five hex digits if it has none. */
int unix_autobind(struct unix_socket *us);
/* The socket of that name, referenced. ERR_PTR: -ECONNREFUSED, -EPROTOTYPE, and
 * as a path walk and its permissions say. */
struct unix_socket *unix_find(const struct net_addr *addr, u32 type);
/* It can be found no more. */
void unix_unhash(struct unix_socket *us);
int unix_getname(struct socket *s, struct net_addr *addr, bool peer);
/* name as an address; NULL: the family alone. */
void unix_name_fill(struct net_addr *addr, const struct unix_name *name);

/* --- unix.c --------------------------------------------------------------------- */

/* A socket without name or peer; errors as net_family.create. */
struct socket *unix_create(u32 type, s32 protocol);
/* The first and next of all sockets, for procfs; NULL at the end. */
struct unix_socket *unix_first(void);
struct unix_socket *unix_next(struct unix_socket *us);
u32 unix_poll_common(struct socket *s);
bool unix_writable(struct socket *s);
int unix_shutdown(struct socket *s, u32 mask);
s64 unix_ioctl(struct socket *s, u32 cmd, uaddr_t arg);
void unix_release(struct socket *s);
void unix_destroy(struct socket *s);
/* Frees all that is queued. */
void unix_flush(struct unix_socket *us);
/* Ancillary data of a send into m->scm: 0 or -errno. */
int unix_scm_begin(struct socket *s, struct net_msg *m);
/* What a received message brought along, to the program; nothing for peeking
 * beyond copies. nb->scm may be NULL. */
void unix_scm_deliver(struct socket *s, struct net_msg *m, struct scm *scm);

/* --- connections (unix_connect.c) ------------------------------------------------- */

/* Operations of struct socket_ops. */
int unix_listen(struct socket *s, u32 backlog);
int unix_stream_connect(struct socket *s, const struct net_addr *addr, bool nonblock);
struct socket *unix_accept(struct socket *s, bool nonblock);

/* --- by type ------------------------------------------------------------------------ */

extern const struct socket_ops unix_stream_ops, unix_dgram_ops, unix_seqpacket_ops;
/* A datagram's receiver has room again, or is gone: wakes who waits for it. */
void unix_dgram_drained(struct unix_socket *us);

/* --- unix_gc.c ------------------------------------------------------------------------ */

/* A message took, or gave up, a reference to f. */
void unix_inflight_add(struct file *f);
void unix_inflight_remove(struct file *f);
/* Frees sockets that only messages in each other's queues refer to. */
void unix_collect(void);
/* The same when enough are in flight to make it worth while. */
void unix_collect_if_many(void);

#endif
