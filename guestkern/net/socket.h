/*
 * Sockets: what every family has in common, and the operations that a family
 * implements. sys calls the socket_ functions; files of type socket have
 * socket_file_ops.
 *
 * A struct socket is the first member of the family's own structure. It lives
 * by reference count: its file holds one reference, so does whoever points to it
 * as a peer, and each message that it sent and nobody has read yet.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <linux/poll.h>

#include "fs/file.h"
#include "lib/list.h"
#include "lib/types.h"
#include "net/abi.h"
#include "proc/wait.h"

/* net.core.wmem_default and wmem_max, rmem_default and rmem_max. */
#define SOCKET_BUFFER_DEFAULT 212992u

struct socket;
struct netbuf;
struct netdev;
struct scm;

/* A socket address as programs have it; len 0: none. */
struct net_addr {
	u32 len;
	union {
		u16 family;
		u8 raw[SOCKADDR_MAX] __attribute__((aligned(8)));
	};
};

/* Where received ancillary data goes: struct cmsghdr and data back to back in
 * user memory. */
struct net_control {
	uaddr_t at;
	u64 left;
};

/* One send or receive. */
struct net_msg {
	struct iobuf buf;
	u32 flags;	/* MSG_* as asked; MSG_DONTWAIT from O_NONBLOCK too */
	u32 out_flags;	/* receive: MSG_TRUNC, MSG_CTRUNC, MSG_EOR… for msg_flags */
	struct net_addr name; /* send: destination; receive: whom it is from */
	struct scm *scm;      /* send: descriptors and credentials, or NULL */
	struct net_control control; /* receive */
	const u8 *cmsg;	      /* send: raw ancillary data in kernel memory, */
	u64 cmsg_bytes;	      /*       for the family to look at */
};

/* An option's value on its way (getsockopt, setsockopt). */
struct sockopt {
	int level, name;
	uaddr_t at;
	u32 len; /* bytes there; get: what the value may take, then takes */
};

/* All may sleep; 0 or -errno unless said otherwise. NULL: -EOPNOTSUPP. */
struct socket_ops {
	/* What Linux calls the protocol (lsof and lsfd show it), and with AF_INET6. */
	const char *protocol, *protocol_v6;
	int (*bind)(struct socket *s, const struct net_addr *addr);
	int (*connect)(struct socket *s, const struct net_addr *addr, bool nonblock);
	int (*listen)(struct socket *s, u32 backlog);
	/* A connected socket, referenced, without a file; or ERR_PTR. */
	struct socket *(*accept)(struct socket *s, bool nonblock);
	/* Own name, or the peer's: -ENOTCONN. */
	int (*name)(struct socket *s, struct net_addr *addr, bool peer);
	/* Bytes or -errno; SIGPIPE is the core's business. */
	s64 (*send)(struct socket *s, struct net_msg *m);
	s64 (*receive)(struct socket *s, struct net_msg *m);
	u32 (*poll)(struct socket *s);
	/* mask of SOCKET_NO_RECEIVE, SOCKET_NO_SEND */
	int (*shutdown)(struct socket *s, u32 mask);
	/* -ENOIOCTLCMD_: the core's. */
	s64 (*ioctl)(struct socket *s, u32 cmd, uaddr_t arg);
	int (*setopt)(struct socket *s, const struct sockopt *opt);
	int (*getopt)(struct socket *s, struct sockopt *opt);
	/* SO_SNDBUF and kin changed, or room was made: may be NULL. */
	bool (*writable)(struct socket *s);
	/* The file is gone: let go of peers and names. Never NULL. */
	void (*release)(struct socket *s);
	/* The last reference is gone: free what is the family's own, not s. */
	void (*destroy)(struct socket *s);
};

#define ENOIOCTLCMD_ 515 /* internal: not a request of this family */

#define SOCKET_NO_RECEIVE 1u
#define SOCKET_NO_SEND 2u
#define SOCKET_NO_BOTH 3u

enum socket_state {
	SOCKET_CLOSED,	   /* new, or not connected */
	SOCKET_CONNECTING,
	SOCKET_CONNECTED,  /* datagrams: has a peer */
	SOCKET_LISTENING,
};

struct socket {
	const struct socket_ops *ops;
	u32 refs;
	u16 family, type;
	s32 protocol;
	enum socket_state state;
	struct file *file; /* not referenced; NULL before accept, after close */
	u64 ino;	/* of the file; 0 before accept */
	bool orphan;	/* no file, not yet or not any more */
	bool dead;	/* released: no file any more */
	struct wait_queue wait; /* woken on every change that poll can see */
	s32 error;	/* positive errno to be reported once, or 0 */
	u32 closed;	/* SOCKET_NO_* */
	/* receiving */
	struct list_head rx; /* struct netbuf */
	u64 rx_bytes;	/* payload there */
	u32 rx_count;	/* messages there */
	u32 rx_charge;	/* of datagrams that count against the receiver */
	bool rx_busy;	/* somebody copies out; the others wait at rx_turn */
	struct wait_queue rx_turn;
	/* sending */
	u32 tx_charge;	/* of messages on their way, whoever has them */
	bool no_space;	/* somebody waits for room: wake when there is */
	/* listening */
	struct list_head accept_queue; /* by accept_link */
	struct list_head accept_link;
	u32 accept_count, backlog;
	/* options */
	u32 rcvbuf, sndbuf, rcvlowat;
	u64 rcvtimeo_ns, sndtimeo_ns; /* 0: none */
	struct user_linger linger;
	u32 priority, mark;
	const struct netdev *device; /* SO_BINDTODEVICE; NULL: any */
	bool sndbuf_set; /* SO_SNDBUF: it does not grow by itself any more */
	bool reuseaddr, reuseport, keepalive, broadcast, oobinline, passcred;
	bool dontroute, no_check, timestamp, timestamp_ns, debug;
	u32 owner_uid;
	struct user_cred peer_cred; /* SO_PEERCRED; pid 0: none */
};

/* --- for the families ------------------------------------------------------ */

/* A family's way to make a socket: zeroed structure around struct socket, with
 * family, type, protocol set by the caller; fills ops. ERR_PTR: -ENOMEM,
 * -ESOCKTNOSUPPORT, -EPROTONOSUPPORT, -EPERM. */
struct net_family {
	u16 family;
	struct socket *(*create)(u32 type, s32 protocol);
	/* socketpair: -EOPNOTSUPP when NULL. */
	int (*pair)(struct socket *a, struct socket *b);
};
extern const struct net_family unix_family, inet_family, inet6_family,
	netlink_family;

/* Zeroed memory of bytes that starts with a struct socket, one reference and
 * defaults set; NULL on no memory or when sockets fill their share of it. */
struct socket *socket_alloc(size_t bytes, const struct socket_ops *ops, u16 family,
			    u32 type, s32 protocol);
void socket_get(struct socket *s);
void socket_put(struct socket *s);
/* Sockets in the machine (/proc/net/sockstat). */
u32 socket_count(void);

/* Wakes everybody who sleeps on or polls s. */
static inline void socket_wake(struct socket *s)
{
	wake_up(&s->wait);
}

/* There is something to read, or to accept. */
static inline void socket_wake_readers(struct socket *s)
{
	wake_up_events(&s->wait, POLLIN | POLLRDNORM);
}

/* Room was made for s to send: wakes those who asked for it. */
void socket_wake_writers(struct socket *s);
/* Sets the error to report, and wakes. err: positive. */
void socket_set_error(struct socket *s, int err);
/* The error to report, negative, which is then forgotten; or 0. */
int socket_take_error(struct socket *s);

/* When a call that may wait timeo_ns (0: for ever) gives up: mono ns,
 * UINT64_MAX, or 0 for at once (nonblock). */
u64 socket_deadline(u64 timeo_ns, bool nonblock);
/* What wait_event_until said, as the socket calls say it: -EAGAIN when time is
 * over; -ERESTARTSYS only if there was no limit, -EINTR else. */
int socket_wait_error(int err, u64 deadline);

/* Waits until cond holds; 0, -EAGAIN, -EINTR, -ERESTARTSYS. deadline as from
 * socket_deadline. */
#define socket_wait(s, cond, deadline)                                          \
	((cond)		   ? 0                                                  \
	 : (deadline) == 0 ? -EAGAIN                                            \
			   : socket_wait_error(wait_event_until(&(s)->wait, cond, \
								deadline),      \
					       deadline))

/* The reader's turn: readers copy out one after the other. 0 or
 * -ERESTARTSYS. */
int socket_rx_lock(struct socket *s);
void socket_rx_unlock(struct socket *s);

/* The credentials of the current task (pid, effective ids). */
struct user_cred socket_current_cred(void);

/* Appends one control message for the program; sets MSG_CTRUNC in m when it is
 * cut or dropped. -EFAULT is treated like no room. */
void net_put_cmsg(struct net_msg *m, s32 level, s32 type, const void *data, u32 len);

/* --- for sys ---------------------------------------------------------------- */

/* New socket, not yet in a file: type without flags. ERR_PTR: -EINVAL,
 * -EAFNOSUPPORT, and as the family says. */
struct socket *socket_create(u32 family, u32 type, s32 protocol);
/* Two that are connected. */
int socket_create_pair(u32 family, u32 type, s32 protocol, struct socket *pair[2]);
/* A file for s, whose reference it takes over (also on failure). flags:
 * O_NONBLOCK. ERR_PTR(-ENOMEM, -ENFILE). */
struct file *socket_file(struct socket *s, u32 flags);
/* The socket behind f, or NULL. */
struct socket *socket_of(const struct file *f);

/* The system calls of these names, on a socket. send: SIGPIPE included. */
int socket_bind(struct socket *s, const struct net_addr *addr);
int socket_connect(struct socket *s, const struct net_addr *addr, bool nonblock);
int socket_listen(struct socket *s, s32 backlog);
struct socket *socket_accept(struct socket *s, bool nonblock);
int socket_name(struct socket *s, struct net_addr *addr, bool peer);
s64 socket_send(struct socket *s, struct net_msg *m);
s64 socket_receive(struct socket *s, struct net_msg *m);
int socket_shutdown(struct socket *s, s32 how);
int socket_setopt(struct socket *s, const struct sockopt *opt);
int socket_getopt(struct socket *s, struct sockopt *opt);

/* --- options (sockopt.c) ------------------------------------------------------ */

/* An int option from user memory: 0, -EINVAL (too short), -EFAULT. */
int sockopt_get_int(const struct sockopt *opt, s32 *value);
/* The value of an int option, cut to the room there is: 0 or -EFAULT. */
int sockopt_put_int(struct sockopt *opt, s32 value);
/* Any value, cut likewise. */
int sockopt_put(struct sockopt *opt, const void *value, u32 len);
/* SOL_SOCKET. */
int sockopt_set_socket(struct socket *s, const struct sockopt *opt);
int sockopt_get_socket(struct socket *s, struct sockopt *opt);

#endif
