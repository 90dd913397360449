/* Messages in sockets' queues: a header and its payload in core memory, counted
 * against a socket's buffer limit and all together against a share of the core. */
#ifndef NET_NETBUF_H
#define NET_NETBUF_H

#include "fs/file.h"
#include "lib/list.h"
#include "lib/types.h"
#include "net/inet_addr.h"

struct socket;
struct scm;

struct netbuf {
	struct list_head link;
	struct netbuf *more;  /* the next piece of the same message */
	struct socket *owner; /* sender that it is charged to, referenced; or NULL */
	struct scm *scm;      /* owned, or NULL */
	u32 off, len;	      /* of what is left in this piece */
	u32 room;	      /* bytes that data can hold */
	u32 total;	      /* left in all pieces; first piece only */
	u32 charge;
	u32 bytes;	      /* of memory, for the share of the core */
	struct endpoint from, to; /* inet datagrams */
	u8 ttl, tos;
	u64 stamp_ns;	      /* real time of arrival, if somebody wants it */
	u8 data[];
};

/* Memory for a message of len bytes in one or more pieces; NULL when the core's
 * share is used up. */
struct netbuf *netbuf_alloc(u32 len);
/* One piece with room for at least one and up to len bytes: for streams. */
struct netbuf *netbuf_alloc_piece(u32 len);
/* Fills it from buf: 0 or -EFAULT. May sleep. */
int netbuf_fill(struct netbuf *nb, struct iobuf *buf);
/* The message more becomes the end of nb's: both are one afterwards. */
void netbuf_append(struct netbuf *nb, struct netbuf *more);
/* Copies n bytes from offset on: 0 or -EFAULT. May sleep. */
int netbuf_copy(const struct netbuf *nb, u32 offset, struct iobuf *buf, u32 n);
/* Copies n bytes from offset on to kernel memory. */
void netbuf_peek(const struct netbuf *nb, u32 offset, void *to, u32 n);
/* A message of its own with the same bytes and ends, behind front bytes (of the first
 * piece) that are not filled; NULL as netbuf_alloc. */
struct netbuf *netbuf_clone(const struct netbuf *nb, u32 front);
/* Drops n bytes from the front of a single piece. */
void netbuf_drop(struct netbuf *nb, u32 n);
/* What a message of len bytes counts against a buffer limit. */
u32 netbuf_charge_of(u32 len);
/* Charges nb to the sender until it is freed. */
void netbuf_charge(struct netbuf *nb, struct socket *owner);
/* Frees it with all its pieces and what is attached; makes room for its owner. */
void netbuf_free(struct netbuf *nb);
/* Bytes of memory in all messages (/proc/net/sockstat). */
u64 netbuf_bytes(void);

#endif
