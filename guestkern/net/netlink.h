/* Between the files of AF_NETLINK (netlink(7), rtnetlink(7)). */
#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <linux/netlink.h>

#include "net/socket.h"

/* An answer that is being built: messages back to back in kernel memory. */
struct nl_reply {
	u8 *data;
	u32 size, len;
	u32 seq, pid; /* of the request, and of its sender */
	bool cut;     /* did not fit */
	struct nlmsghdr *msg; /* under way */
};

/* Begins a message with its fixed part of len bytes; adds attributes; ends it. */
void nl_begin(struct nl_reply *r, u16 type, u16 flags, const void *fixed, u32 len);
void nl_attr(struct nl_reply *r, u16 type, const void *value, u32 len);
void nl_attr_u32(struct nl_reply *r, u16 type, u32 value);
void nl_end(struct nl_reply *r);

/*
 * NETLINK_ROUTE: answers one request (netlink_route.c). 0: answered, or nothing to
 * say; a negative errno goes back in an error message. Sets *dump when the answer
 * has several parts, which NLMSG_DONE ends.
 */
int netlink_route(struct nl_reply *r, const struct nlmsghdr *request, bool *dump);

#endif
