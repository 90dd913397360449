/*
 * Moving messages: sendto, recvfrom, sendmsg, recvmsg and their plural forms.
 * A struct msghdr is read whole before anything happens, as in Linux.
 */
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/uio.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "net/scm.h"
#include "net/socket.h"
#include "sys/handlers.h"
#include "sys/user_iov.h"
#include "sys/user_socket.h"
#include "sys/user_time.h"

#define CONTROL_MAX 20480u /* net.core.optmem_max */

/* --- one buffer ------------------------------------------------------------------------ */

static void from_file(struct net_msg *m, const struct file *f, u64 flags)
{
	m->flags = (u32)flags;
	if (user_socket_nonblock(f))
		m->flags |= MSG_DONTWAIT;
}

static s64 send_one(struct socket *s, struct net_msg *m)
{
	s64 ret = socket_send(s, m);

	if (m->scm)
		scm_free(m->scm);
	return ret;
}

static struct net_msg one_buffer(const u64 arg[6])
{
	return (struct net_msg){ .buf = { .user = arg[1],
					  .len = MIN(arg[2], RW_BYTES_MAX) } };
}

static bool buffer_possible(const u64 arg[6])
{
	return user_range_possible(arg[1], MIN(arg[2], RW_BYTES_MAX));
}

static s64 do_sendto(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct net_msg m = one_buffer(arg);
	int err = arg[4] ? user_addr_get(&m.name, arg[4], (s32)arg[5]) : 0;

	from_file(&m, f, arg[3] & ~(u64)MSG_INTERNAL);
	return err ? err : send_one(s, &m);
}

s64 sys_sendto(const u64 arg[6])
{
	return buffer_possible(arg) ? user_socket_call(arg, do_sendto) : -EFAULT;
}

static s64 do_recvfrom(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct net_msg m = one_buffer(arg);
	s64 ret;
	int err;

	from_file(&m, f, arg[3]);
	ret = socket_receive(s, &m);
	err = ret >= 0 && arg[4] ? user_addr_put(arg[4], arg[5], &m.name) : 0;
	return err ? err : ret;
}

s64 sys_recvfrom(const u64 arg[6])
{
	return buffer_possible(arg) ? user_socket_call(arg, do_recvfrom) : -EFAULT;
}

/* --- struct msghdr --------------------------------------------------------------------- */

/* One message header with what it points to. */
struct message {
	struct user_msghdr h;
	struct user_iov v;
	struct net_msg m;
	u8 *control;
};

/* The header and its segments. Then message_end. */
static int message_begin(struct message *msg, uaddr_t at)
{
	int err;

	memset(&msg->m, 0, sizeof(msg->m));
	msg->control = NULL;
	if (get_user(msg->h, at))
		return -EFAULT;
	if (!msg->h.name)
		msg->h.namelen = 0;
	if (msg->h.namelen < 0)
		return -EINVAL;
	msg->h.namelen = MIN(msg->h.namelen, SOCKADDR_MAX);
	if (msg->h.iovlen > UIO_MAXIOV)
		return -EMSGSIZE;
	err = user_iov_get(&msg->v, msg->h.iov, msg->h.iovlen);
	if (!err)
		msg->m.buf = msg->v.buf;
	return err;
}

static void message_end(struct message *msg)
{
	user_iov_put(&msg->v);
	kfree(msg->control);
}

/* The ancillary data of a send into kernel memory: 0, -ENOBUFS, -EFAULT. */
static int control_get(struct message *msg)
{
	u64 bytes = msg->h.controllen;

	if (!bytes)
		return 0;
	if (bytes > CONTROL_MAX)
		return -ENOBUFS;
	msg->control = kmalloc(bytes);
	if (!msg->control)
		return -ENOBUFS;
	if (copy_from_user(msg->control, msg->h.control, bytes))
		return -EFAULT;
	msg->m.cmsg = msg->control;
	msg->m.cmsg_bytes = bytes;
	return 0;
}

static s64 send_message(struct socket *s, const struct file *f, uaddr_t at, u64 flags)
{
	struct message msg;
	s64 ret;

	ret = message_begin(&msg, at);
	if (ret)
		return ret;
	if (msg.h.namelen)
		ret = user_addr_get(&msg.m.name, msg.h.name, msg.h.namelen);
	if (!ret)
		ret = control_get(&msg);
	from_file(&msg.m, f, flags & ~(u64)MSG_INTERNAL);
	if (!ret)
		ret = send_one(s, &msg.m);
	message_end(&msg);
	return ret;
}

/* Name, flags and used room of a received message go back to the header. */
static int message_store(struct message *msg, uaddr_t at)
{
	u64 used = msg->h.controllen - msg->m.control.left;

	if (msg->h.name &&
	    user_addr_put(msg->h.name, at + offsetof(struct user_msghdr, namelen), &msg->m.name))
		return -EFAULT;
	if (put_user(msg->m.out_flags, at + offsetof(struct user_msghdr, flags)))
		return -EFAULT;
	return put_user(used, at + offsetof(struct user_msghdr, controllen));
}

static s64 receive_message(struct socket *s, const struct file *f, uaddr_t at, u64 flags)
{
	struct message msg;
	s64 ret;

	ret = message_begin(&msg, at);
	if (ret)
		return ret;
	msg.m.control.at = msg.h.control;
	msg.m.control.left = msg.h.control ? msg.h.controllen : 0;
	if (!msg.h.control)
		msg.h.controllen = 0;
	from_file(&msg.m, f, flags);
	msg.m.out_flags = msg.m.flags & MSG_CMSG_CLOEXEC;
	ret = socket_receive(s, &msg.m);
	if (ret >= 0 && message_store(&msg, at))
		ret = -EFAULT;
	message_end(&msg);
	return ret;
}

static s64 do_sendmsg(struct socket *s, const struct file *f, const u64 arg[6])
{
	return send_message(s, f, arg[1], arg[2]);
}

s64 sys_sendmsg(const u64 arg[6])
{
	return user_socket_call(arg, do_sendmsg);
}

static s64 do_recvmsg(struct socket *s, const struct file *f, const u64 arg[6])
{
	return receive_message(s, f, arg[1], arg[2]);
}

s64 sys_recvmsg(const u64 arg[6])
{
	return user_socket_call(arg, do_recvmsg);
}

/* --- several at a time ------------------------------------------------------------------- */

static int put_length(uaddr_t entry, s64 bytes)
{
	u32 len = (u32)bytes;

	return put_user(len, entry + offsetof(struct user_mmsghdr, len));
}

static s64 do_sendmmsg(struct socket *s, const struct file *f, const u64 arg[6])
{
	u32 count = MIN((u32)arg[2], (u32)UIO_MAXIOV), done = 0;
	s64 ret = 0;

	while (done < count) {
		uaddr_t entry = arg[1] + done * sizeof(struct user_mmsghdr);

		ret = send_message(s, f, entry, arg[3]);
		if (ret < 0)
			break;
		ret = put_length(entry, ret);
		if (ret)
			break;
		done++;
	}
	return done ? done : ret;
}

s64 sys_sendmmsg(const u64 arg[6])
{
	return user_socket_call(arg, do_sendmmsg);
}

/* The messages that are there, or come until deadline: a count, or -errno. */
static s64 receive_several(struct socket *s, const struct file *f, const u64 arg[6],
			   u64 deadline)
{
	u32 count = (u32)arg[2], done = 0;
	u64 flags = arg[3] & ~(u64)MSG_WAITFORONE;
	s64 ret = socket_take_error(s);

	while (done < count && !ret) {
		uaddr_t entry = arg[1] + done * sizeof(struct user_mmsghdr);

		ret = receive_message(s, f, entry, flags);
		if (ret < 0)
			break;
		ret = put_length(entry, ret);
		if (ret)
			break;
		done++;
		if (arg[3] & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if (deadline != UINT64_MAX && clock_mono_ns() >= deadline)
			break;
	}
	/* The error is for the next call. */
	if (done && ret < 0 && ret > -ERESTARTSYS && ret != -EAGAIN && ret != -EINTR)
		s->error = (s32)-ret;
	return done ? done : ret;
}

static s64 do_recvmmsg(struct socket *s, const struct file *f, const u64 arg[6])
{
	u64 deadline = UINT64_MAX, ns, now;
	s64 ret;

	if (arg[4]) {
		ret = user_timespec_get(&ns, arg[4]);
		if (ret)
			return ret;
		deadline = user_deadline(ns);
	}
	ret = receive_several(s, f, arg, deadline);
	if (ret > 0 && arg[4]) {
		now = clock_mono_ns();
		if (user_timespec_put(arg[4], deadline > now ? deadline - now : 0))
			return -EFAULT;
	}
	return ret;
}

s64 sys_recvmmsg(const u64 arg[6])
{
	u64 ns;
	int err = arg[4] ? user_timespec_get(&ns, arg[4]) : 0;

	/* a bad limit before a bad descriptor, as in Linux */
	return err ? err : user_socket_call(arg, do_recvmmsg);
}
