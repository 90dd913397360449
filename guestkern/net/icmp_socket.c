/*
 * Ping sockets, which anybody may use for echo requests with an identifier that the
 * kernel watches over, and raw sockets for ICMP, which see and send every message.
 * Owns the list of both. Invariant: bound ping sockets, and they alone, are in the table
 * of identifiers.
 */
#include "net/icmp.h"

#include <linux/in.h>
#include <linux/in6.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/task.h"

#define SOL_RAW_ 255	  /* of the libc's headers */
#define FILTER_OPTION 1	  /* ICMP_FILTER at SOL_RAW, ICMPV6_FILTER at IPPROTO_ICMPV6 */
#define FILTER_WORDS_V4 1 /* IPv4: types up to 31 */

s64 icmp_ping_groups[2] = { 0, INT32_MAX }; /* as Debian sets it: everybody */

static struct list_head all = LIST_HEAD_INIT(all);
static const struct socket_ops ping_ops, raw_ops;

struct icmp_socket *icmp_first(void)
{
	return list_empty(&all) ? NULL : list_first_entry(&all, struct icmp_socket, all);
}

struct icmp_socket *icmp_next(struct icmp_socket *is)
{
	return is->all.next == &all ? NULL : list_first_entry(&is->all, struct icmp_socket, all);
}

static struct socket *create(const struct socket_ops *ops, u16 family, u32 type, s32 protocol)
{
	struct socket *s = socket_alloc(sizeof(struct icmp_socket), ops, family, type, protocol);

	if (!s)
		return ERR_PTR(-ENOMEM);
	inet_setup(inet_of(s));
	inet_of(s)->portless = true;
	s->reuseaddr = true; /* until SO_REUSEADDR says no: as Linux has it */
	icmp_of(s)->checksum_at = -1;
	list_add_tail(&icmp_of(s)->all, &all);
	return s;
}

/* --- identifiers ------------------------------------------------------------------------ */

static bool always(const struct inet_socket *a, const struct inet_socket *b)
{
	(void)a;
	(void)b;
	return true;
}

/* An identifier is taken whatever the addresses are. */
static bool id_taken(const struct inet_socket *is, const struct endpoint *ep);

static struct port_table ids = { .compatible = always, .reserved = id_taken };

static bool id_taken(const struct inet_socket *is, const struct endpoint *ep)
{
	const struct inet_socket *other;

	list_for_each_entry(other, port_bucket(&ids, ep->port), port_link)
		if (other != is && other->local.port == ep->port &&
		    !(is->s.reuseaddr && other->s.reuseaddr))
			return true;
	return false;
}

struct inet_socket *icmp_find_ping(const struct endpoint *to)
{
	struct inet_socket *is;

	list_for_each_entry(is, port_bucket(&ids, to->port), port_link)
		if (is->local.port == to->port && inet_accepts(is, &to->ip) &&
		    (is->s.family == AF_INET) == ip_is_v4(&to->ip))
			return is;
	return NULL;
}

/* --- ping ---------------------------------------------------------------------------------- */

static bool group_allowed(u32 gid)
{
	return gid >= icmp_ping_groups[0] && gid <= icmp_ping_groups[1];
}

static bool may_ping(const struct cred *cred)
{
	if (group_allowed(cred->egid))
		return true;
	for (u32 i = 0; cred->groups && i < cred->groups->count; i++)
		if (group_allowed(cred->groups->gid[i]))
			return true;
	return false;
}

struct socket *icmp_ping_create(u16 family, s32 protocol)
{
	if (!may_ping(&current_task()->cred))
		return ERR_PTR(-EACCES);
	return create(&ping_ops, family, SOCK_DGRAM, protocol);
}

static int ping_bind(struct socket *s, const struct net_addr *addr)
{
	return inet_bind(&ids, inet_of(s), addr);
}

static int ping_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	(void)nonblock;
	return inet_dgram_connect(&ids, inet_of(s), addr);
}

/* Only an echo request may be sent: its head, copied once, goes to *h. */
static int check_request(const struct socket *s, const struct net_msg *m,
			 struct icmp_head *h)
{
	struct iobuf head = m->buf; /* looks ahead: m's own stays at the start */
	bool known;

	if (m->buf.len > INET_DGRAM_MAX)
		return -EMSGSIZE;
	if (m->buf.len < sizeof(*h))
		return -EINVAL;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (iobuf_get(&head, h, sizeof(*h)))
		return -EFAULT;
	if (s->family == AF_INET)
		known = h->type == ICMP4_ECHO || h->type == ICMP4_EXT_ECHO;
	else
		known = h->type == ICMP6_ECHO || h->type == ICMP6_EXT_ECHO;
	return known && !h->code ? 0 : -EINVAL;
}

/* A message with its ends, of the socket's own family. */
static struct netbuf *begin(struct inet_socket *is, struct net_msg *m)
{
	struct netbuf *nb = inet_dgram_begin(is, m, 0);

	if (IS_ERR(nb) || (is->s.family == AF_INET) == ip_is_v4(&nb->to.ip))
		return nb;
	netbuf_free(nb);
	return ERR_PTR(-EINVAL);
}

static s64 ping_send(struct socket *s, struct net_msg *m)
{
	u32 len = (u32)m->buf.len;
	struct icmp_head h;
	struct netbuf *nb;
	int err;

	err = inet_autobind(&ids, inet_of(s));
	if (!err)
		err = check_request(s, m, &h);
	if (err)
		return err;
	nb = begin(inet_of(s), m);
	if (IS_ERR(nb))
		return PTR_ERR(nb);
	h.id = __builtin_bswap16(inet_of(s)->local.port);
	/* What was checked: the program's memory may have changed since. */
	memcpy(nb->data + nb->off, &h, sizeof(h));
	icmp_put_checksum(nb, ICMP_CHECKSUM_AT); /* there is room: a whole head */
	icmp_transmit(nb);
	return len;
}

static int ping_setopt(struct socket *s, const struct sockopt *opt)
{
	return inet_setopt(inet_of(s), opt);
}

static int ping_getopt(struct socket *s, struct sockopt *opt)
{
	return inet_getopt(inet_of(s), opt);
}

static int icmp_getname(struct socket *s, struct net_addr *addr, bool peer)
{
	return inet_name(s, addr, peer);
}

static void icmp_release(struct socket *s)
{
	list_del(&icmp_of(s)->all);
	inet_dgram_release(inet_of(s));
}

static const struct socket_ops ping_ops = {
	.protocol = "PING",
	.protocol_v6 = "PINGv6",
	.bind = ping_bind,
	.connect = ping_connect,
	.name = icmp_getname,
	.send = ping_send,
	.receive = inet_dgram_receive,
	.poll = inet_dgram_poll,
	.shutdown = inet_dgram_shutdown,
	.ioctl = inet_dgram_ioctl,
	.setopt = ping_setopt,
	.getopt = ping_getopt,
	.release = icmp_release,
};

/* --- raw ----------------------------------------------------------------------------------- */

struct socket *icmp_raw_create(u16 family, s32 protocol)
{
	struct socket *s = create(&raw_ops, family, SOCK_RAW, protocol);

	if (IS_ERR(s))
		return s;
	inet_of(s)->local.port = (u16)protocol; /* as getsockname tells it */
	if (family == AF_INET6)
		icmp_of(s)->checksum_at = ICMP_CHECKSUM_AT;
	return s;
}

static int raw_bind(struct socket *s, const struct net_addr *addr)
{
	struct inet_socket *is = inet_of(s);
	struct endpoint ep;
	int err;

	if (s->state != SOCKET_CLOSED)
		return -EINVAL;
	err = inet_own_end(is, &ep, addr);
	if (err)
		return err;
	is->local.ip = ep.ip;
	is->address_chosen = !ip_is_any(&ep.ip);
	return 0;
}

static int raw_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	(void)nonblock;
	return inet_dgram_connect(NULL, inet_of(s), addr);
}

static s64 raw_send(struct socket *s, struct net_msg *m)
{
	s32 at = icmp_of(s)->checksum_at;
	u32 len = (u32)m->buf.len;
	struct netbuf *nb;

	if (m->buf.len > INET_DGRAM_MAX)
		return -EMSGSIZE;
	if (m->flags & MSG_OOB)
		return -EOPNOTSUPP;
	nb = begin(inet_of(s), m);
	if (IS_ERR(nb))
		return PTR_ERR(nb);
	if (at >= 0 && icmp_put_checksum(nb, (u32)at)) {
		netbuf_free(nb);
		return -EINVAL;
	}
	icmp_transmit(nb);
	return len;
}

static bool is_filter(const struct socket *s, const struct sockopt *opt)
{
	return opt->name == FILTER_OPTION &&
	       opt->level == (s->family == AF_INET ? SOL_RAW_ : IPPROTO_ICMPV6);
}

static u32 filter_bytes(const struct socket *s)
{
	return sizeof(u32) * (s->family == AF_INET ? FILTER_WORDS_V4 : ICMP_TYPE_WORDS);
}

/* At SOL_RAW only: a socket of ICMPv6 has no such option at IPPROTO_IPV6. */
static bool is_checksum(const struct socket *s, const struct sockopt *opt)
{
	return s->family == AF_INET6 && opt->level == SOL_RAW_ && opt->name == IPV6_CHECKSUM;
}

static int set_checksum(struct icmp_socket *raw, const struct sockopt *opt)
{
	s32 at;
	int err = sockopt_get_int(opt, &at);

	if (err)
		return err;
	if (at > 0 && at & 1)
		return -EINVAL;
	raw->checksum_at = at < 0 ? -1 : at;
	return 0;
}

static bool is_own_level(const struct sockopt *opt)
{
	return opt->level == SOL_RAW_ || opt->level == IPPROTO_ICMPV6;
}

static int raw_setopt(struct socket *s, const struct sockopt *opt)
{
	if (is_filter(s, opt))
		return copy_from_user(icmp_of(s)->blocked, opt->at,
				      MIN(opt->len, filter_bytes(s)));
	if (is_checksum(s, opt))
		return set_checksum(icmp_of(s), opt);
	return is_own_level(opt) ? -ENOPROTOOPT : inet_setopt(inet_of(s), opt);
}

static int raw_getopt(struct socket *s, struct sockopt *opt)
{
	if (is_filter(s, opt))
		return sockopt_put(opt, icmp_of(s)->blocked, filter_bytes(s));
	if (is_checksum(s, opt))
		return sockopt_put_int(opt, icmp_of(s)->checksum_at);
	return is_own_level(opt) ? -ENOPROTOOPT : inet_getopt(inet_of(s), opt);
}

static const struct socket_ops raw_ops = {
	.protocol = "RAW",
	.protocol_v6 = "RAWv6",
	.bind = raw_bind,
	.connect = raw_connect,
	.name = icmp_getname,
	.send = raw_send,
	.receive = inet_dgram_receive,
	.poll = inet_dgram_poll,
	.shutdown = inet_dgram_shutdown,
	.ioctl = inet_dgram_ioctl,
	.setopt = raw_setopt,
	.getopt = raw_getopt,
	.release = icmp_release,
};
