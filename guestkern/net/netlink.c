/*
 * AF_NETLINK: requests to the kernel and its answers. A send is answered within
 * the call: the answer lies in the sender's queue when it returns. Nothing changes
 * in the network, so that who joins a group never hears of anything.
 */
#include "net/netlink.h"

#include <asm/ioctls.h>
#include <linux/capability.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "net/datagram.h"
#include "net/netbuf.h"
#include "proc/cred.h"
#include "proc/task.h"

#define REQUEST_MAX 16384u
#define REPLY_BYTES 8192u

struct netlink_socket {
	struct socket s;
	struct list_head all;
	u32 pid; /* address; 0: none yet */
	u32 groups;
	u32 peer_pid, peer_groups;
};

static struct list_head all = LIST_HEAD_INIT(all);
static const struct socket_ops netlink_ops;

static struct netlink_socket *netlink_of(struct socket *s)
{
	return container_of(s, struct netlink_socket, s);
}

static struct socket *netlink_create(u32 type, s32 protocol)
{
	struct socket *s;

	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return ERR_PTR(-ESOCKTNOSUPPORT);
	if (protocol != NETLINK_ROUTE && protocol != NETLINK_KOBJECT_UEVENT)
		return ERR_PTR(-EPROTONOSUPPORT);
	s = socket_alloc(sizeof(struct netlink_socket), &netlink_ops, AF_NETLINK, type,
			 protocol);
	if (!s)
		return ERR_PTR(-ENOMEM);
	list_add_tail(&netlink_of(s)->all, &all);
	return s;
}

const struct net_family netlink_family = { .family = AF_NETLINK, .create = netlink_create };

/* --- addresses --------------------------------------------------------------------------- */

static bool pid_taken(s32 protocol, u32 pid)
{
	const struct netlink_socket *nl;

	list_for_each_entry(nl, &all, all)
		if (nl->s.protocol == protocol && nl->pid == pid)
			return true;
	return false;
}

/* The process's own number, or if it has such a socket already one past all. */
static void autobind(struct netlink_socket *nl)
{
	u32 pid = (u32)current_process()->pid;

	if (nl->pid)
		return;
	for (u32 other = (u32)-4097; pid_taken(nl->s.protocol, pid); other--)
		pid = other;
	nl->pid = pid;
}

static int parse(struct sockaddr_nl *to, const struct net_addr *addr)
{
	if (addr->len < sizeof(*to))
		return -EINVAL;
	memcpy(to, addr->raw, sizeof(*to));
	return to->nl_family == AF_NETLINK ? 0 : -EINVAL;
}

static int netlink_bind(struct socket *s, const struct net_addr *addr)
{
	struct netlink_socket *nl = netlink_of(s);
	struct sockaddr_nl own;
	int err = parse(&own, addr);

	if (err)
		return err;
	if (nl->pid && own.nl_pid != nl->pid)
		return -EINVAL;
	if (!nl->pid && own.nl_pid) {
		if (pid_taken(s->protocol, own.nl_pid))
			return -EADDRINUSE;
		nl->pid = own.nl_pid;
	}
	autobind(nl);
	nl->groups = own.nl_groups;
	return 0;
}

static int netlink_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	struct netlink_socket *nl = netlink_of(s);
	struct sockaddr_nl to;
	int err;

	(void)nonblock;
	if (addr->len < sizeof(addr->family))
		return -EINVAL;
	if (addr->family == AF_UNSPEC) {
		nl->peer_pid = nl->peer_groups = 0;
		s->state = SOCKET_CLOSED;
		return 0;
	}
	err = parse(&to, addr);
	if (err)
		return err;
	if (to.nl_groups && !capable(CAP_NET_ADMIN))
		return -EPERM;
	autobind(nl);
	nl->peer_pid = to.nl_pid;
	nl->peer_groups = to.nl_groups;
	s->state = SOCKET_CONNECTED;
	return 0;
}

static void fill(struct net_addr *addr, u32 pid, u32 groups)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK, .nl_pid = pid, .nl_groups = groups };

	memcpy(addr->raw, &nl, sizeof(nl));
	addr->len = sizeof(nl);
}

static int netlink_getname(struct socket *s, struct net_addr *addr, bool peer)
{
	const struct netlink_socket *nl = netlink_of(s);

	if (peer)
		fill(addr, nl->peer_pid, nl->peer_groups);
	else
		fill(addr, nl->pid, nl->groups);
	return 0;
}

/* --- building answers ----------------------------------------------------------------------- */

static void *reserve(struct nl_reply *r, u32 len)
{
	u32 room = NLMSG_ALIGN(len);
	void *at = r->data + r->len;

	if (r->cut || r->size - r->len < room) {
		r->cut = true;
		return NULL;
	}
	memset(at, 0, room);
	r->len += room;
	return at;
}

void nl_begin(struct nl_reply *r, u16 type, u16 flags, const void *fixed, u32 len)
{
	struct nlmsghdr *h = reserve(r, (u32)sizeof(*h) + len);

	r->msg = h;
	if (!h)
		return;
	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	h->nlmsg_seq = r->seq;
	h->nlmsg_pid = r->pid;
	memcpy(h + 1, fixed, len);
}

void nl_attr(struct nl_reply *r, u16 type, const void *value, u32 len)
{
	struct nlattr *a = reserve(r, (u32)sizeof(*a) + len);

	if (!a)
		return;
	a->nla_len = (u16)(sizeof(*a) + len);
	a->nla_type = type;
	memcpy(a + 1, value, len);
}

void nl_attr_u32(struct nl_reply *r, u16 type, u32 value)
{
	nl_attr(r, type, &value, sizeof(value));
}

void nl_end(struct nl_reply *r)
{
	if (r->msg)
		r->msg->nlmsg_len = (u32)(r->data + r->len - (u8 *)r->msg);
	r->msg = NULL;
}

/* --- requests ---------------------------------------------------------------------------------- */

static void queue(struct socket *s, const void *data, u32 len)
{
	struct iobuf from = { .kernel = (u8 *)(u64)data, .len = len };
	struct netbuf *nb = netbuf_alloc(len);

	if (!nb || s->rx_charge + netbuf_charge_of(len) > s->rcvbuf) {
		if (nb)
			netbuf_free(nb);
		socket_set_error(s, ENOBUFS);
		return;
	}
	netbuf_fill(nb, &from); /* from kernel memory: cannot fail */
	nb->charge = netbuf_charge_of(len);
	datagram_queue(s, nb);
}

/* NLMSG_ERROR: an error, or with 0 the acknowledgement. */
static void put_error(struct nl_reply *r, const struct nlmsghdr *request, int err)
{
	struct nlmsgerr e = { .error = err, .msg = *request };

	nl_begin(r, NLMSG_ERROR, err ? 0 : NLM_F_CAPPED, &e, sizeof(e));
	nl_end(r);
}

static void answer(struct netlink_socket *nl, struct nl_reply *r,
		   const struct nlmsghdr *request)
{
	bool dump = false;
	s32 zero = 0;
	int err = 0;

	r->len = 0;
	r->cut = false;
	r->msg = NULL;
	r->seq = request->nlmsg_seq;
	r->pid = nl->pid;
	if (request->nlmsg_type >= NLMSG_MIN_TYPE)
		err = nl->s.protocol == NETLINK_ROUTE ? netlink_route(r, request, &dump)
						      : -EOPNOTSUPP;
	if (r->len && !err)
		queue(&nl->s, r->data, r->len);
	r->len = 0;
	r->cut = false;
	if (dump && !err) {
		nl_begin(r, NLMSG_DONE, NLM_F_MULTI, &zero, sizeof(zero));
		nl_end(r);
	} else if (err || request->nlmsg_flags & NLM_F_ACK) {
		put_error(r, request, err);
	}
	if (r->len)
		queue(&nl->s, r->data, r->len);
}

/* Each message of a request in turn. */
static void serve(struct netlink_socket *nl, const u8 *data, u32 len)
{
	struct nl_reply r = { .data = kmalloc(REPLY_BYTES), .size = REPLY_BYTES };

	while (r.data && len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *h = (const void *)data;
		u32 step;

		if (h->nlmsg_len < sizeof(*h) || h->nlmsg_len > len)
			break;
		if (h->nlmsg_flags & NLM_F_REQUEST)
			answer(nl, &r, h);
		step = MIN(NLMSG_ALIGN(h->nlmsg_len), len);
		data += step;
		len -= step;
	}
	kfree(r.data);
}

static s64 netlink_send(struct socket *s, struct net_msg *m)
{
	struct netlink_socket *nl = netlink_of(s);
	struct sockaddr_nl to = { .nl_pid = nl->peer_pid, .nl_groups = nl->peer_groups };
	u32 len = (u32)m->buf.len;
	u8 *data;
	int err;

	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (m->name.len) {
		err = parse(&to, &m->name);
		if (err)
			return err;
		if ((to.nl_groups || to.nl_pid) && !capable(CAP_NET_ADMIN))
			return -EPERM;
	}
	autobind(nl);
	if (m->buf.len > s->sndbuf - 32 || m->buf.len > REQUEST_MAX)
		return -EMSGSIZE;
	if (to.nl_pid)
		return -ECONNREFUSED; /* only the kernel answers */
	data = kmalloc(len);
	if (!data)
		return -ENOBUFS;
	err = iobuf_get(&m->buf, data, len);
	if (!err)
		serve(nl, data, len);
	kfree(data);
	return err ? err : (s64)len;
}

/* --- answers -------------------------------------------------------------------------------------- */

static s64 netlink_receive(struct socket *s, struct net_msg *m)
{
	int err = datagram_wait(s, socket_deadline(s->rcvtimeo_ns, m->flags & MSG_DONTWAIT));
	struct netbuf *nb;
	u32 n, total;

	if (err)
		return err;
	nb = list_first_entry(&s->rx, struct netbuf, link);
	total = nb->total;
	n = (u32)MIN((size_t)total, m->buf.len);
	if (netbuf_copy(nb, 0, &m->buf, n)) {
		socket_rx_unlock(s);
		return -EFAULT;
	}
	if (n < total)
		m->out_flags |= MSG_TRUNC;
	fill(&m->name, 0, 0);
	if (!(m->flags & MSG_PEEK))
		datagram_drop(s, nb);
	socket_rx_unlock(s);
	return m->flags & MSG_TRUNC ? total : n;
}

static u32 netlink_poll(struct socket *s)
{
	u32 mask = POLLOUT | POLLWRNORM | POLLWRBAND;

	if (s->error)
		mask |= POLLERR;
	if (!list_empty(&s->rx))
		mask |= POLLIN | POLLRDNORM;
	return mask;
}

/* SOL_NETLINK: details of what the kernel would tell; kept from nobody. */
static int netlink_setopt(struct socket *s, const struct sockopt *opt)
{
	s32 value;

	(void)s;
	if (opt->level != SOL_NETLINK)
		return -ENOPROTOOPT;
	return sockopt_get_int(opt, &value);
}

static int netlink_getopt(struct socket *s, struct sockopt *opt)
{
	(void)s;
	return opt->level == SOL_NETLINK ? sockopt_put_int(opt, 0) : -ENOPROTOOPT;
}

static void netlink_release(struct socket *s)
{
	s->dead = true;
	list_del(&netlink_of(s)->all);
	while (!list_empty(&s->rx)) {
		struct netbuf *nb = list_first_entry(&s->rx, struct netbuf, link);

		list_del(&nb->link);
		netbuf_free(nb);
	}
}

static const struct socket_ops netlink_ops = {
	.protocol = "NETLINK",
	.bind = netlink_bind,
	.connect = netlink_connect,
	.name = netlink_getname,
	.send = netlink_send,
	.receive = netlink_receive,
	.poll = netlink_poll,
	.setopt = netlink_setopt,
	.getopt = netlink_getopt,
	.release = netlink_release,
};
