/*
 * /proc/net and /proc/sys/net: sockets and devices as proc(5) has them, in the
 * columns that netstat, ss and ifconfig read. fs/procfs.h declares the tables,
 * which its own tables refer to.
 */
#include <linux/in.h>

#include "fs/procfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "net/icmp.h"
#include "net/netbuf.h"
#include "net/tcp.h"
#include "net/udp.h"
#include "net/unix.h"

typedef unsigned long long ull;

/* Lines of the socket tables are as long as this, padded with blanks. */
#define SOCKET_LINE 149u
#define ROUTE_LINE 127u
#define GROUP_DIGITS 10

static void pad_line(struct textbuf *tb, size_t start, u32 width)
{
	while (tb->len - start < width && tb->len + 1 < tb->size)
		textbuf_putc(tb, ' ');
	textbuf_putc(tb, '\n');
}

/* Four bytes of an address as the number they make on this machine. */
static u32 word(const u8 *b)
{
	u32 value;

	memcpy(&value, b, sizeof(value));
	return value;
}

static void put_end(struct textbuf *tb, u16 family, const struct endpoint *ep)
{
	if (family == AF_INET6)
		textbuf_printf(tb, "%08X%08X%08X", word(ep->ip.b), word(ep->ip.b + 4),
			       word(ep->ip.b + 8));
	textbuf_printf(tb, "%08X:%04X", word(ep->ip.b + 12), ep->port);
}

/* --- tcp, udp ------------------------------------------------------------------------ */

struct inet_line {
	u16 family;
	const struct endpoint *local, *remote;
	u32 state;
	u64 tx, rx;
	u32 uid;
	u64 ino;
};

static void put_inet(struct textbuf *tb, u32 n, const struct inet_line *l)
{
	textbuf_printf(tb, "%4u: ", n);
	put_end(tb, l->family, l->local);
	textbuf_putc(tb, ' ');
	put_end(tb, l->family, l->remote);
	textbuf_printf(tb, " %02X %08llX:%08llX 00:00000000 00000000 %5u        0 %llu",
		       l->state, (ull)l->tx, (ull)l->rx, l->uid, (ull)l->ino);
}

static struct inet_line line_of(const struct inet_socket *is, u32 state)
{
	return (struct inet_line){ is->s.family,    &is->local,	    &is->remote, state, 0,
				   is->s.rx_bytes, is->s.owner_uid, is->s.ino };
}

static void put_timewait(struct textbuf *tb, u16 family, u32 n)
{
	struct endpoint local, remote;
	u64 left_ns;

	for (u32 i = 0; tcp_timewait_at(i, &local, &remote, &left_ns); i++) {
		struct inet_line l = { family, &local, &remote, TCP_TIME_WAIT, 0, 0, 0, 0 };
		size_t start = tb->len;

		if (ip_is_v4(&local.ip) != (family == AF_INET))
			continue;
		put_inet(tb, n++, &l);
		textbuf_printf(tb, " 3 0000000000000000");
		pad_line(tb, start, SOCKET_LINE);
	}
}

#define HEADING_6                                                                      \
	"  sl  local_address                         remote_address                    " \
	"    st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"

static int show_tcp_of(struct textbuf *tb, u16 family)
{
	struct tcp_socket *t;
	u32 n = 0;

	textbuf_printf(tb, family == AF_INET6 ? HEADING_6 "\n" :
		       "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
		       "retrnsmt   uid  timeout inode                                       "
		       "              \n");
	for (t = tcp_first(); t; t = tcp_next(t)) {
		struct inet_line l = line_of(&t->i, t->state);
		size_t start = tb->len;

		if (t->i.s.family != family || t->state == TCP_CLOSE)
			continue;
		if (t->state == TCP_LISTEN) {
			l.rx = t->i.s.accept_count;
			l.tx = 0;
		}
		put_inet(tb, n++, &l);
		textbuf_printf(tb, " %u 0000000000000000 20 4 0 10 -1", t->i.s.refs);
		pad_line(tb, start, SOCKET_LINE);
	}
	put_timewait(tb, family, n);
	return 0;
}

static int show_tcp(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_tcp_of(tb, AF_INET);
}

static int show_tcp6(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_tcp_of(tb, AF_INET6);
}

/* A socket of datagrams, as wide as width. */
static void put_dgram(struct textbuf *tb, u32 n, const struct inet_socket *is, u32 width)
{
	/* Connected or not, in TCP's words. */
	struct inet_line l = line_of(is, is->s.state == SOCKET_CONNECTED ? TCP_ESTABLISHED :
								TCP_CLOSE);
	size_t start = tb->len;

	textbuf_putc(tb, ' ');
	put_inet(tb, n, &l);
	textbuf_printf(tb, " %u 0000000000000000 %llu", is->s.refs, (ull)is->drops);
	pad_line(tb, start, width);
}

static int show_udp_of(struct textbuf *tb, u16 family)
{
	struct udp_socket *u;
	u32 n = 0;

	textbuf_printf(tb, family == AF_INET6 ? HEADING_6 " ref pointer drops\n" :
		       "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when "
		       "retrnsmt   uid  timeout inode ref pointer drops             \n");
	for (u = udp_first(); u; u = udp_next(u))
		if (u->i.s.family == family && u->i.bound && u->i.s.protocol == IPPROTO_UDP)
			put_dgram(tb, n++, &u->i, family == AF_INET6 ? 0 : 127);
	return 0;
}

static int show_udp(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_udp_of(tb, AF_INET);
}

static int show_udp6(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_udp_of(tb, AF_INET6);
}

/* Raw sockets and ping sockets are alike but for the type. */
static int show_icmp_of(struct textbuf *tb, u16 family, u16 type)
{
	struct icmp_socket *is;
	u32 n = 0;

	textbuf_printf(tb, family == AF_INET6 ? HEADING_6 " ref pointer drops\n" :
		       "  sl  local_address rem_address   st tx_queue rx_queue tr "
		       "tm->when retrnsmt   uid  timeout inode ref pointer drops\n");
	for (is = icmp_first(); is; is = icmp_next(is))
		if (is->i.s.family == family && is->i.s.type == type &&
		    (type == SOCK_RAW || is->i.bound))
			put_dgram(tb, n++, &is->i, 0);
	return 0;
}

#define SHOW_ICMP(what, family, type)                                           \
	static int show_##what(struct textbuf *tb, const struct proc_target *t) \
	{                                                                       \
		(void)t;                                                        \
		return show_icmp_of(tb, family, type);                          \
	}
SHOW_ICMP(raw, AF_INET, SOCK_RAW)
SHOW_ICMP(raw6, AF_INET6, SOCK_RAW)
SHOW_ICMP(icmp, AF_INET, SOCK_DGRAM)
SHOW_ICMP(icmp6, AF_INET6, SOCK_DGRAM)

/* --- unix ------------------------------------------------------------------------------- */

static void put_unix_name(struct textbuf *tb, const struct unix_name *name)
{
	if (!name)
		return;
	textbuf_putc(tb, ' ');
	for (u32 i = UNIX_ADDR_MIN; i < name->len; i++) {
		bool last = i + 1 == name->len;

		/* An abstract name's zero bytes are shown as '@'. */
		if (name->addr[i] || !last || name->addr[UNIX_ADDR_MIN] == 0)
			textbuf_putc(tb, name->addr[i] ? (char)name->addr[i] : '@');
	}
}

static int show_unix(struct textbuf *tb, const struct proc_target *t)
{
	struct unix_socket *us;

	(void)t;
	textbuf_printf(tb, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	for (us = unix_first(); us; us = unix_next(us)) {
		/* enum socket_state of linux/net.h: unconnected or connected */
		u32 state = us->s.state == SOCKET_CONNECTED ? 3 : 1;
		u32 flags = us->s.state == SOCKET_LISTENING ? 0x10000 : 0;

		textbuf_printf(tb, "0000000000000000: %08X 00000000 %08X %04X %02X %5llu",
			       us->s.refs, flags, us->s.type, state, (ull)us->s.ino);
		put_unix_name(tb, us->name);
		textbuf_putc(tb, '\n');
	}
	return 0;
}

/* --- devices ------------------------------------------------------------------------------ */

static int show_dev(struct textbuf *tb, const struct proc_target *t)
{
	const struct netdev *dev;

	(void)t;
	textbuf_printf(tb,
		       "Inter-|   Receive                                                "
		       "|  Transmit\n"
		       " face |bytes    packets errs drop fifo frame compressed multicast"
		       "|bytes    packets errs drop fifo colls carrier compressed\n");
	for (u32 i = 0; (dev = netdev_at(i)); i++) {
		struct netdev_traffic n = netdev_traffic(dev);

		/* What leaves the loopback device arrives there. */
		textbuf_printf(tb, "%6s: %7llu %7llu    0    0    0     0          0         0"
				   " %8llu %7llu    0    0    0     0       0          0\n",
			       dev->name, (ull)n.bytes, (ull)n.packets, (ull)n.bytes,
			       (ull)n.packets);
	}
	return 0;
}

/* The table of gateways and networks: nothing leads outside. */
static int show_route(struct textbuf *tb, const struct proc_target *t)
{
	size_t start = tb->len;

	(void)t;
	textbuf_printf(tb, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask"
			   "\t\tMTU\tWindow\tIRTT");
	pad_line(tb, start, ROUTE_LINE);
	return 0;
}

static int show_arp(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "IP address       HW type     Flags       HW address            "
			   "Mask     Device\n");
	return 0;
}

static int show_if_inet6(struct textbuf *tb, const struct proc_target *t)
{
	const struct netdev_addr *a;

	(void)t;
	for (u32 i = 0; (a = netdev_addr_at(i)); i++) {
		if (ip_is_v4(&a->ip))
			continue;
		for (u32 b = 0; b < sizeof(a->ip.b); b++)
			textbuf_printf(tb, "%02x", a->ip.b[b]);
		/* prefix, IPV6_ADDR_LOOPBACK, IFA_F_PERMANENT */
		textbuf_printf(tb, " %02x %02x 10 80 %8s\n", a->dev->index, a->prefix,
			       a->dev->name);
	}
	return 0;
}

static int show_sockstat(struct textbuf *tb, const struct proc_target *t)
{
	struct endpoint local, remote;
	u32 tcp = 0, orphans = 0, udp = 0, raw = 0, waiting = 0;
	struct tcp_socket *ts;
	struct icmp_socket *is;
	struct udp_socket *us;
	u64 left_ns;

	(void)t;
	for (ts = tcp_first(); ts; ts = tcp_next(ts)) {
		tcp++;
		orphans += ts->i.s.dead;
	}
	for (us = udp_first(); us; us = udp_next(us))
		udp++;
	for (is = icmp_first(); is; is = icmp_next(is))
		raw += is->i.s.type == SOCK_RAW;
	while (tcp_timewait_at(waiting, &local, &remote, &left_ns))
		waiting++;
	textbuf_printf(tb, "sockets: used %u\n"
			   "TCP: inuse %u orphan %u tw %u alloc %u mem %llu\n"
			   "UDP: inuse %u mem 0\nUDPLITE: inuse 0\nRAW: inuse %u\n"
			   "FRAG: inuse 0 memory 0\n",
		       socket_count(), tcp, orphans, waiting, tcp,
		       (ull)(netbuf_bytes() / PAGE_SIZE), udp, raw);
	return 0;
}

/* --- /proc/sys/net --------------------------------------------------------------------------- */

#define SHOW_NUMBER(what, format, ...)                                            \
	static int show_##what(struct textbuf *tb, const struct proc_target *t)   \
	{                                                                         \
		(void)t;                                                          \
		textbuf_printf(tb, format "\n", __VA_ARGS__);                     \
		return 0;                                                         \
	}
SHOW_NUMBER(somaxconn, "%u", SOMAXCONN)
SHOW_NUMBER(buffer, "%u", SOCKET_BUFFER_DEFAULT)
SHOW_NUMBER(optmem, "%u", 20480u)
SHOW_NUMBER(port_range, "%u\t%u", PORT_EPHEMERAL_FIRST, PORT_EPHEMERAL_LAST)
SHOW_NUMBER(privileged, "%u", PORT_PRIVILEGED)
SHOW_NUMBER(zero, "%u", 0u)
SHOW_NUMBER(one, "%u", 1u)
SHOW_NUMBER(ttl, "%u", 64u)
SHOW_NUMBER(fin_timeout, "%u", 60u)
SHOW_NUMBER(keepalive, "%u", 7200u)
SHOW_NUMBER(syn_backlog, "%u", SOMAXCONN)
SHOW_NUMBER(dgram_queue, "%u", UNIX_DGRAM_QUEUE)
SHOW_NUMBER(tcp_wmem, "%u\t%u\t%u", 4096u, 16384u, 4194304u)
SHOW_NUMBER(tcp_rmem, "%u\t%u\t%u", 4096u, 131072u, 6291456u)
SHOW_NUMBER(congestion, "%s", "cubic")

static int show_ping_groups(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%lld\t%lld\n", (long long)icmp_ping_groups[0],
		       (long long)icmp_ping_groups[1]);
	return 0;
}

/* Two numbers; a range with nobody in it is stored as "1 0". */
static int write_ping_groups(const struct proc_target *t, const char *text, size_t len)
{
	char number[2][GROUP_DIGITS + 1] = { "", "" };
	s64 range[2];

	(void)t;
	for (size_t i = 0, which = 0, n = 0; i < len; i++) {
		if (text[i] != ' ' && text[i] != '\t') {
			if (which > 1 || n == GROUP_DIGITS)
				return -EINVAL;
			number[which][n++] = text[i];
		} else if (n) {
			which++;
			n = 0;
		}
	}
	for (u32 i = 0; i < 2; i++)
		if (proc_parse_number(number[i], &range[i]) || range[i] < 0 ||
		    range[i] > INT32_MAX)
			return -EINVAL;
	icmp_ping_groups[0] = range[0] <= range[1] ? range[0] : 1;
	icmp_ping_groups[1] = range[0] <= range[1] ? range[1] : 0;
	return 0;
}

#define FILE_(n, s) { .name = n, .kind = PROC_FILE, .mode = 0444, .show = s }
#define DIR_(n, c) { .name = n, .kind = PROC_DIR, .mode = 0555, .children = c }
#define END_ { .name = NULL }

static const struct proc_entry sys_core[] = {
	FILE_("optmem_max", show_optmem),     FILE_("rmem_default", show_buffer),
	FILE_("rmem_max", show_buffer),	      FILE_("somaxconn", show_somaxconn),
	FILE_("wmem_default", show_buffer),   FILE_("wmem_max", show_buffer),
	END_,
};

static const struct proc_entry sys_ipv4[] = {
	FILE_("ip_default_ttl", show_ttl),
	FILE_("ip_forward", show_zero),
	FILE_("ip_local_port_range", show_port_range),
	FILE_("ip_nonlocal_bind", show_zero),
	FILE_("ip_unprivileged_port_start", show_privileged),
	{ .name = "ping_group_range", .kind = PROC_FILE, .mode = 0644,
	  .show = show_ping_groups, .write = write_ping_groups },
	FILE_("tcp_congestion_control", show_congestion),
	FILE_("tcp_fin_timeout", show_fin_timeout),
	FILE_("tcp_keepalive_time", show_keepalive),
	FILE_("tcp_max_syn_backlog", show_syn_backlog),
	FILE_("tcp_rmem", show_tcp_rmem),
	FILE_("tcp_timestamps", show_one),
	FILE_("tcp_wmem", show_tcp_wmem),
	END_,
};

static const struct proc_entry sys_ipv6_all[] = {
	FILE_("disable_ipv6", show_zero),
	FILE_("forwarding", show_zero),
	END_,
};

static const struct proc_entry sys_ipv6_conf[] = {
	DIR_("all", sys_ipv6_all),
	DIR_("default", sys_ipv6_all),
	DIR_("lo", sys_ipv6_all),
	END_,
};

static const struct proc_entry sys_ipv6[] = {
	FILE_("bindv6only", show_zero),
	DIR_("conf", sys_ipv6_conf),
	END_,
};

static const struct proc_entry sys_unix[] = {
	FILE_("max_dgram_qlen", show_dgram_queue),
	END_,
};

const struct proc_entry proc_sys_net_entries[] = {
	DIR_("core", sys_core),
	DIR_("ipv4", sys_ipv4),
	DIR_("ipv6", sys_ipv6),
	DIR_("unix", sys_unix),
	END_,
};

const struct proc_entry proc_net_entries[] = {
	FILE_("arp", show_arp),
	FILE_("dev", show_dev),
	FILE_("icmp", show_icmp),
	FILE_("icmp6", show_icmp6),
	FILE_("if_inet6", show_if_inet6),
	FILE_("raw", show_raw),
	FILE_("raw6", show_raw6),
	FILE_("route", show_route),
	FILE_("sockstat", show_sockstat),
	FILE_("tcp", show_tcp),
	FILE_("tcp6", show_tcp6),
	FILE_("udp", show_udp),
	FILE_("udp6", show_udp6),
	FILE_("unix", show_unix),
	END_,
};
