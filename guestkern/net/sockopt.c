/*
 * Options at level SOL_SOCKET (socket(7)), and how option values move. Options
 * that say something about a real network (SO_MARK, SO_PRIORITY, SO_DONTROUTE)
 * are kept and have no effect.
 */
#include <linux/capability.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "net/netdev.h"
#include "net/socket.h"
#include "proc/cred.h"

#define SNDBUF_MIN 4608u
#define RCVBUF_MIN 2304u
#define PRIORITY_PLAIN_MAX 6 /* above: CAP_NET_ADMIN */
#define US_PER_SEC 1000000

int sockopt_get_int(const struct sockopt *opt, s32 *value)
{
	if (opt->len < sizeof(*value))
		return -EINVAL;
	return get_user(*value, opt->at);
}

int sockopt_put(struct sockopt *opt, const void *value, u32 len)
{
	opt->len = MIN(opt->len, len);
	return copy_to_user(opt->at, value, opt->len);
}

int sockopt_put_int(struct sockopt *opt, s32 value)
{
	return sockopt_put(opt, &value, sizeof(value));
}

/* --- setting ------------------------------------------------------------------------ */

/* struct timeval to ns, 0 for none: 0, -EINVAL, -EDOM, -EFAULT. */
static int get_timeout(const struct sockopt *opt, u64 *ns)
{
	s64 tv[2];

	if (opt->len < sizeof(tv))
		return -EINVAL;
	if (copy_from_user(tv, opt->at, sizeof(tv)))
		return -EFAULT;
	if (tv[1] < 0 || tv[1] >= US_PER_SEC)
		return -EDOM;
	if (tv[0] < 0) {
		*ns = 1; /* as good as at once */
		return 0;
	}
	*ns = 0;
	if (tv[0] < (s64)(INT64_MAX / NS_PER_SEC - 1))
		*ns = (u64)tv[0] * NS_PER_SEC + (u64)tv[1] * NS_PER_US;
	return 0;
}

static int put_timeout(struct sockopt *opt, u64 ns)
{
	s64 tv[2] = { (s64)(ns / NS_PER_SEC), (s64)(ns % NS_PER_SEC / NS_PER_US) };

	return sockopt_put(opt, tv, sizeof(tv));
}

static u32 buffer_size(s32 value, u32 max, u32 min)
{
	u32 wanted = MIN((u32)value, max);

	return MAX(wanted * 2, min);
}

static int set_linger(struct socket *s, const struct sockopt *opt)
{
	if (opt->len < sizeof(s->linger))
		return -EINVAL;
	return get_user(s->linger, opt->at);
}

static int set_buffer(struct socket *s, int name, s32 value)
{
	bool force = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
	u32 max = force ? INT32_MAX / 4 : SOCKET_BUFFER_DEFAULT;

	if (force && !capable(CAP_NET_ADMIN))
		return -EPERM;
	if (force && value < 0)
		value = 0;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE) {
		s->sndbuf = buffer_size(value, max, SNDBUF_MIN);
		s->sndbuf_set = true;
		socket_wake_writers(s);
	} else {
		s->rcvbuf = buffer_size(value, max, RCVBUF_MIN);
	}
	return 0;
}

static int set_priority(struct socket *s, s32 value)
{
	if ((value < 0 || value > PRIORITY_PLAIN_MAX) && !capable(CAP_NET_ADMIN))
		return -EPERM;
	s->priority = (u32)value;
	return 0;
}

/* SO_BINDTODEVICE: a name, cut to its length; none: of any device again. There is one
 * device, so that it makes no difference to what arrives. */
static int bind_to_device(struct socket *s, const struct sockopt *opt)
{
	const struct netdev *dev = NULL;
	char name[NETDEV_NAME_BYTES] = "";

	if (opt->len > INT32_MAX)
		return -EINVAL;
	if (copy_from_user(name, opt->at, MIN(opt->len, sizeof(name) - 1)))
		return -EFAULT;
	if (name[0]) {
		dev = netdev_by_name(name);
		if (!dev)
			return -ENODEV;
	}
	if (s->device && !capable(CAP_NET_RAW))
		return -EPERM;
	s->device = dev;
	return 0;
}

static int get_device(const struct socket *s, struct sockopt *opt)
{
	if (!s->device) {
		opt->len = 0;
		return 0;
	}
	if (opt->len < NETDEV_NAME_BYTES)
		return -EINVAL;
	return sockopt_put(opt, s->device->name, (u32)strlen(s->device->name) + 1);
}

/* Options that are on or off; NULL: not one of them. */
static bool *option_flag(struct socket *s, int name)
{
	switch (name) {
	case SO_DEBUG: return &s->debug;
	case SO_REUSEADDR: return &s->reuseaddr;
	case SO_REUSEPORT: return &s->reuseport;
	case SO_DONTROUTE: return &s->dontroute;
	case SO_BROADCAST: return &s->broadcast;
	case SO_KEEPALIVE: return &s->keepalive;
	case SO_OOBINLINE: return &s->oobinline;
	case SO_NO_CHECK: return &s->no_check;
	case SO_TIMESTAMP: return &s->timestamp;
	case SO_TIMESTAMPNS: return &s->timestamp_ns;
	default: return NULL;
	}
}

static int set_flag(struct socket *s, int name, bool value)
{
	if (name == SO_DEBUG && value && !capable(CAP_NET_ADMIN))
		return -EACCES;
	*option_flag(s, name) = value;
	if (name == SO_TIMESTAMP && value)
		s->timestamp_ns = false;
	if (name == SO_TIMESTAMPNS && value)
		s->timestamp = false;
	return 0;
}

/* The options that take a plain int. */
static int set_int(struct socket *s, int name, s32 value)
{
	if (option_flag(s, name))
		return set_flag(s, name, value != 0);
	switch (name) {
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_buffer(s, name, value);
	case SO_PRIORITY:
		return set_priority(s, value);
	case SO_PASSCRED:
		s->passcred = value != 0;
		return 0;
	case SO_RCVLOWAT:
		s->rcvlowat = value < 0 ? INT32_MAX : value ? (u32)value : 1;
		socket_wake(s);
		return 0;
	case SO_MARK:
		if (!capable(CAP_NET_ADMIN))
			return -EPERM;
		s->mark = (u32)value;
		return 0;
	case SO_BSDCOMPAT:
		return 0;
	case SO_TYPE:
	case SO_PROTOCOL:
	case SO_DOMAIN:
	case SO_ERROR:
	default:
		return -ENOPROTOOPT;
	}
}

int sockopt_set_socket(struct socket *s, const struct sockopt *opt)
{
	s32 value;
	int err;

	switch (opt->name) {
	case SO_LINGER:
		err = sockopt_get_int(opt, &value);
		return err ? err : set_linger(s, opt);
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return get_timeout(opt, &s->rcvtimeo_ns);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return get_timeout(opt, &s->sndtimeo_ns);
	case SO_BINDTODEVICE:
		return bind_to_device(s, opt);
	}
	err = sockopt_get_int(opt, &value);
	return err ? err : set_int(s, opt->name, value);
}

/* --- asking --------------------------------------------------------------------------- */

static int get_int(struct socket *s, int name, s32 *value)
{
	const bool *flag = option_flag(s, name);

	if (flag) {
		*value = *flag;
		return 0;
	}
	switch (name) {
	case SO_SNDBUF: *value = (s32)s->sndbuf; return 0;
	case SO_RCVBUF: *value = (s32)s->rcvbuf; return 0;
	case SO_RCVLOWAT: *value = (s32)s->rcvlowat; return 0;
	case SO_SNDLOWAT: *value = 1; return 0;
	case SO_TYPE: *value = s->type; return 0;
	case SO_PROTOCOL: *value = s->protocol; return 0;
	case SO_DOMAIN: *value = s->family; return 0;
	case SO_ERROR: *value = -socket_take_error(s); return 0;
	case SO_PRIORITY: *value = (s32)s->priority; return 0;
	case SO_MARK: *value = (s32)s->mark; return 0;
	case SO_PASSCRED: *value = s->passcred; return 0;
	case SO_ACCEPTCONN: *value = s->state == SOCKET_LISTENING; return 0;
	case SO_BSDCOMPAT:
	case SO_PASSSEC:
	case SO_RXQ_OVFL:
	case SO_INCOMING_CPU:
		*value = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int get_peer_cred(const struct socket *s, struct sockopt *opt)
{
	struct user_cred none = { 0, (u32)-1, (u32)-1 };

	return sockopt_put(opt, s->peer_cred.pid ? &s->peer_cred : &none, sizeof(none));
}

/* SO_PEERNAME: like getpeername, but the room must do. */
static int get_peer_name(struct socket *s, struct sockopt *opt)
{
	struct net_addr addr;

	if (s->ops->name(s, &addr, true))
		return -ENOTCONN;
	if (addr.len < opt->len)
		return -EINVAL;
	return copy_to_user(opt->at, addr.raw, opt->len);
}

int sockopt_get_socket(struct socket *s, struct sockopt *opt)
{
	u64 cookie = s->ino;
	s32 value;
	int err;

	switch (opt->name) {
	case SO_LINGER:
		return sockopt_put(opt, &s->linger, sizeof(s->linger));
	case SO_RCVTIMEO_OLD:
	case SO_RCVTIMEO_NEW:
		return put_timeout(opt, s->rcvtimeo_ns);
	case SO_SNDTIMEO_OLD:
	case SO_SNDTIMEO_NEW:
		return put_timeout(opt, s->sndtimeo_ns);
	case SO_PEERCRED:
		return get_peer_cred(s, opt);
	case SO_PEERNAME:
		return get_peer_name(s, opt);
	case SO_COOKIE:
		return opt->len < sizeof(cookie) ? -EINVAL
						 : sockopt_put(opt, &cookie, sizeof(cookie));
	case SO_BINDTODEVICE:
		return get_device(s, opt);
	}
	err = get_int(s, opt->name, &value);
	return err ? err : sockopt_put_int(opt, value);
}
