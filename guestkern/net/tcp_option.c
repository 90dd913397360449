/*
 * Options at level SOL_TCP (tcp(7)). Nothing is ever lost, late or out of order
 * here, so most of them are kept only to be told back.
 */
#include <linux/in.h>
#include <linux/tcp.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "net/tcp.h"

#define KEEPIDLE_DEFAULT 7200u
#define KEEPINTVL_DEFAULT 75u
#define KEEPCNT_DEFAULT 9u
#define SYNCNT_DEFAULT 6u
#define LINGER2_DEFAULT 60u
#define MSS_DEFAULT 536u
#define MSS_LOOPBACK 65483u /* 65536 less the headers */
#define KEEP_TIME_MAX 32767
#define KEEPCNT_MAX 127
#define CONGESTION "cubic"

void tcp_option_setup(struct tcp_socket *t)
{
	t->keepidle = KEEPIDLE_DEFAULT;
	t->keepintvl = KEEPINTVL_DEFAULT;
	t->keepcnt = KEEPCNT_DEFAULT;
	t->syncnt = SYNCNT_DEFAULT;
	t->linger2 = LINGER2_DEFAULT;
	t->quickack = true;
	memcpy(t->congestion, CONGESTION, sizeof(CONGESTION));
}

void tcp_option_inherit(struct tcp_socket *child, const struct tcp_socket *l)
{
	struct socket *s = &child->i.s;
	const struct socket *from = &l->i.s;

	s->sndbuf = from->sndbuf;
	s->sndbuf_set = from->sndbuf_set;
	s->rcvbuf = from->rcvbuf;
	s->rcvlowat = from->rcvlowat;
	s->rcvtimeo_ns = from->rcvtimeo_ns;
	s->sndtimeo_ns = from->sndtimeo_ns;
	s->linger = from->linger;
	s->reuseaddr = from->reuseaddr;
	s->reuseport = from->reuseport;
	s->keepalive = from->keepalive;
	s->oobinline = from->oobinline;
	s->priority = from->priority;
	s->mark = from->mark;
	s->device = from->device;
	s->owner_uid = from->owner_uid;
	child->i.v6only = l->i.v6only;
	child->i.tos = l->i.tos;
	child->i.ttl = l->i.ttl;
	child->nodelay = l->nodelay;
	child->cork = l->cork;
	child->keepidle = l->keepidle;
	child->keepintvl = l->keepintvl;
	child->keepcnt = l->keepcnt;
	child->user_timeout = l->user_timeout;
	child->maxseg = l->maxseg;
}

/* --- setting --------------------------------------------------------------------------- */

static int set_range(u32 *to, s32 value, s32 min, s32 max)
{
	if (value < min || value > max)
		return -EINVAL;
	*to = (u32)value;
	return 0;
}

static int set_int(struct tcp_socket *t, int name, s32 value)
{
	switch (name) {
	case TCP_NODELAY: t->nodelay = value != 0; return 0;
	case TCP_CORK: t->cork = value != 0; return 0;
	case TCP_QUICKACK: t->quickack = value != 0; return 0;
	case TCP_MAXSEG:
		return value ? set_range(&t->maxseg, value, 88, 32767) : 0;
	case TCP_KEEPIDLE:
		return set_range(&t->keepidle, value, 1, KEEP_TIME_MAX);
	case TCP_KEEPINTVL:
		return set_range(&t->keepintvl, value, 1, KEEP_TIME_MAX);
	case TCP_KEEPCNT:
		return set_range(&t->keepcnt, value, 1, KEEPCNT_MAX);
	case TCP_SYNCNT:
		return set_range(&t->syncnt, value, 1, KEEPCNT_MAX);
	case TCP_LINGER2:
		t->linger2 = value < 0 ? (u32)-1 : MIN((u32)value, 120u);
		return 0;
	case TCP_DEFER_ACCEPT:
		return set_range(&t->defer_accept, value, INT32_MIN, INT32_MAX);
	case TCP_WINDOW_CLAMP:
		return set_range(&t->window_clamp, value, 0, INT32_MAX);
	case TCP_USER_TIMEOUT:
		return set_range(&t->user_timeout, value, 0, INT32_MAX);
	case TCP_NOTSENT_LOWAT:
		t->notsent_lowat = (u32)value;
		return 0;
	case TCP_FASTOPEN:
		if (t->state != TCP_CLOSE && t->state != TCP_LISTEN)
			return -EINVAL;
		return set_range(&t->fastopen, value, 0, INT32_MAX);
	case TCP_FASTOPEN_CONNECT: /* accepted: only saves a round trip */
		return value == 0 || value == 1 ? 0 : -EINVAL;
	default:
		return -ENOPROTOOPT;
	}
}

static int set_congestion(struct tcp_socket *t, const struct sockopt *opt)
{
	char name[16] = { 0 };

	if (opt->len < 1)
		return -EINVAL;
	if (copy_from_user(name, opt->at, MIN(opt->len, (u32)sizeof(name) - 1)))
		return -EFAULT;
	if (strcmp(name, CONGESTION) != 0 && strcmp(name, "reno") != 0)
		return -ENOENT;
	memcpy(t->congestion, name, sizeof(name));
	return 0;
}

/* TCP_ULP: there is no protocol to put between. */
static int set_upper(const struct sockopt *opt)
{
	char name[16] = { 0 };

	if (opt->len < 1)
		return -EINVAL;
	if (copy_from_user(name, opt->at, MIN(opt->len, (u32)sizeof(name) - 1)))
		return -EFAULT;
	return -ENOENT;
}

int tcp_setopt(struct socket *s, const struct sockopt *opt)
{
	s32 value;
	int err;

	if (opt->level != IPPROTO_TCP)
		return inet_setopt(inet_of(s), opt);
	if (opt->name == TCP_CONGESTION)
		return set_congestion(tcp_of(s), opt);
	if (opt->name == TCP_ULP)
		return set_upper(opt);
	err = sockopt_get_int(opt, &value);
	return err ? err : set_int(tcp_of(s), opt->name, value);
}

/* --- asking --------------------------------------------------------------------------------- */

static int get_int(const struct tcp_socket *t, int name, s32 *value)
{
	switch (name) {
	case TCP_NODELAY: *value = t->nodelay; return 0;
	case TCP_CORK: *value = t->cork; return 0;
	case TCP_QUICKACK: *value = t->quickack; return 0;
	case TCP_MAXSEG:
		*value = (s32)(t->maxseg ? t->maxseg : t->peer ? MSS_LOOPBACK : MSS_DEFAULT);
		return 0;
	case TCP_KEEPIDLE: *value = (s32)t->keepidle; return 0;
	case TCP_KEEPINTVL: *value = (s32)t->keepintvl; return 0;
	case TCP_KEEPCNT: *value = (s32)t->keepcnt; return 0;
	case TCP_SYNCNT: *value = (s32)t->syncnt; return 0;
	case TCP_LINGER2: *value = (s32)t->linger2; return 0;
	case TCP_DEFER_ACCEPT: *value = (s32)t->defer_accept; return 0;
	case TCP_WINDOW_CLAMP: *value = (s32)t->window_clamp; return 0;
	case TCP_USER_TIMEOUT: *value = (s32)t->user_timeout; return 0;
	case TCP_NOTSENT_LOWAT: *value = (s32)t->notsent_lowat; return 0;
	case TCP_FASTOPEN: *value = (s32)t->fastopen; return 0;
	case TCP_FASTOPEN_CONNECT: *value = 0; return 0;
	default: return -ENOPROTOOPT;
	}
}

static int get_info(const struct tcp_socket *t, struct sockopt *opt)
{
	u32 mss = t->peer ? MSS_LOOPBACK : MSS_DEFAULT;
	struct tcp_info info = {
		.tcpi_state = (u8)t->state,
		.tcpi_rto = 204000,
		.tcpi_ato = 40000,
		.tcpi_snd_mss = mss,
		.tcpi_rcv_mss = mss,
		.tcpi_pmtu = 65535,
		.tcpi_advmss = mss,
		.tcpi_snd_ssthresh = INT32_MAX,
		.tcpi_rcv_ssthresh = t->i.s.rcvbuf / 2,
		.tcpi_snd_cwnd = 10,
		.tcpi_reordering = 3,
		.tcpi_rtt = 30,
		.tcpi_rttvar = 10,
		.tcpi_rcv_space = t->i.s.rcvbuf / 2,
		.tcpi_bytes_acked = t->bytes_sent,
		.tcpi_bytes_sent = t->bytes_sent,
		.tcpi_bytes_received = t->bytes_received,
	};

	if (t->state == TCP_LISTEN) {
		info.tcpi_unacked = t->i.s.accept_count;
		info.tcpi_sacked = t->i.s.backlog;
	}
	return sockopt_put(opt, &info, sizeof(info));
}

int tcp_getopt(struct socket *s, struct sockopt *opt)
{
	const struct tcp_socket *t = tcp_of(s);
	s32 value;
	int err;

	if (opt->level != IPPROTO_TCP)
		return inet_getopt(inet_of(s), opt);
	if (opt->name == TCP_INFO)
		return get_info(t, opt);
	if (opt->name == TCP_ULP) {
		opt->len = 0;
		return 0;
	}
	if (opt->name == TCP_CONGESTION)
		return sockopt_put(opt, t->congestion, sizeof(t->congestion));
	err = get_int(t, opt->name, &value);
	return err ? err : sockopt_put_int(opt, value);
}
