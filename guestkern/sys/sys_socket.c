/*
 * Making, naming and connecting sockets, and their options. Arguments are
 * checked here in the order of Linux; what they mean is net's.
 */
#include "net/socket.h"

#include <linux/fcntl.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "sys/handlers.h"
#include "sys/user_socket.h"

/* --- addresses and descriptors ---------------------------------------------------------- */

int user_addr_get(struct net_addr *addr, uaddr_t from, s64 len)
{
	if (len < 0 || len > SOCKADDR_MAX)
		return -EINVAL;
	memset(addr, 0, sizeof(*addr));
	addr->len = (u32)len;
	return len ? copy_from_user(addr->raw, from, (size_t)len) : 0;
}

int user_addr_put(uaddr_t to, uaddr_t len_at, const struct net_addr *addr)
{
	s32 room, len = (s32)addr->len;

	if (get_user(room, len_at))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	room = MIN(room, len);
	if (room && copy_to_user(to, addr->raw, (size_t)room))
		return -EFAULT;
	return put_user(len, len_at);
}

s64 user_socket_call(const u64 arg[6], user_socket_op *op)
{
	struct file *f = fd_get((int)arg[0]);
	struct socket *s;
	s64 ret;

	if (!f)
		return -EBADF;
	s = socket_of(f);
	ret = s ? op(s, f, arg) : -ENOTSOCK;
	file_put(f);
	return ret;
}

bool user_socket_nonblock(const struct file *f)
{
	return f->flags & O_NONBLOCK;
}

/* --- making -------------------------------------------------------------------------------- */

static int type_check(u32 type)
{
	return type & ~(u32)(SOCK_TYPE_MASK | SOCK_CLOEXEC | SOCK_NONBLOCK) ? -EINVAL : 0;
}

/* s in a file and a descriptor; takes over the reference. */
static int install(struct socket *s, u32 flags)
{
	struct file *f = socket_file(s, flags & SOCK_NONBLOCK);

	return IS_ERR(f) ? (int)PTR_ERR(f) : fd_install(f, 0, flags & SOCK_CLOEXEC);
}

s64 sys_socket(const u64 arg[6])
{
	u32 type = (u32)arg[1];
	struct socket *s;

	if (type_check(type))
		return -EINVAL;
	s = socket_create((u32)arg[0], type & SOCK_TYPE_MASK, (s32)arg[2]);
	return IS_ERR(s) ? PTR_ERR(s) : install(s, type);
}

s64 sys_socketpair(const u64 arg[6])
{
	u32 type = (u32)arg[1];
	struct socket *pair[2];
	s32 fd[2];
	int err;

	if (type_check(type))
		return -EINVAL;
	err = socket_create_pair((u32)arg[0], type & SOCK_TYPE_MASK, (s32)arg[2], pair);
	if (err)
		return err;
	fd[0] = install(pair[0], type);
	if (fd[0] < 0) {
		pair[1]->ops->release(pair[1]);
		socket_put(pair[1]);
		return fd[0];
	}
	fd[1] = install(pair[1], type);
	if (fd[1] < 0) {
		fd_close(fd[0]);
		return fd[1];
	}
	err = copy_to_user(arg[3], fd, sizeof(fd));
	if (err) {
		fd_close(fd[0]);
		fd_close(fd[1]);
	}
	return err;
}

static s64 accept_on(struct socket *s, const struct file *of, const u64 arg[6], u32 flags)
{
	struct socket *child = socket_accept(s, user_socket_nonblock(of));
	struct net_addr addr;
	struct file *f;
	int err = 0;

	if (IS_ERR(child))
		return PTR_ERR(child);
	f = socket_file(child, flags & SOCK_NONBLOCK);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (arg[1]) {
		err = socket_name(child, &addr, true) ? -ECONNABORTED : 0;
		if (!err)
			err = user_addr_put(arg[1], arg[2], &addr);
	}
	if (!err)
		return fd_install(f, 0, flags & SOCK_CLOEXEC);
	file_put(f);
	return err;
}

static s64 do_accept(struct socket *s, const struct file *f, const u64 arg[6])
{
	return accept_on(s, f, arg, 0);
}

static s64 do_accept4(struct socket *s, const struct file *f, const u64 arg[6])
{
	return accept_on(s, f, arg, (u32)arg[3]);
}

s64 sys_accept(const u64 arg[6])
{
	return user_socket_call(arg, do_accept);
}

s64 sys_accept4(const u64 arg[6])
{
	if ((u32)arg[3] & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	return user_socket_call(arg, do_accept4);
}

/* --- names ------------------------------------------------------------------------------------ */

static s64 do_bind(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct net_addr addr;
	int err = user_addr_get(&addr, arg[1], (s32)arg[2]);

	(void)f;
	return err ? err : socket_bind(s, &addr);
}

s64 sys_bind(const u64 arg[6])
{
	return user_socket_call(arg, do_bind);
}

static s64 do_connect(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct net_addr addr;
	int err = user_addr_get(&addr, arg[1], (s32)arg[2]);

	return err ? err : socket_connect(s, &addr, user_socket_nonblock(f));
}

s64 sys_connect(const u64 arg[6])
{
	return user_socket_call(arg, do_connect);
}

static s64 do_listen(struct socket *s, const struct file *f, const u64 arg[6])
{
	(void)f;
	return socket_listen(s, (s32)arg[1]);
}

s64 sys_listen(const u64 arg[6])
{
	return user_socket_call(arg, do_listen);
}

static s64 put_name(struct socket *s, const u64 arg[6], bool peer)
{
	struct net_addr addr;
	int err = socket_name(s, &addr, peer);

	return err ? err : user_addr_put(arg[1], arg[2], &addr);
}

static s64 do_getsockname(struct socket *s, const struct file *f, const u64 arg[6])
{
	(void)f;
	return put_name(s, arg, false);
}

s64 sys_getsockname(const u64 arg[6])
{
	return user_socket_call(arg, do_getsockname);
}

static s64 do_getpeername(struct socket *s, const struct file *f, const u64 arg[6])
{
	(void)f;
	return put_name(s, arg, true);
}

s64 sys_getpeername(const u64 arg[6])
{
	return user_socket_call(arg, do_getpeername);
}

static s64 do_shutdown(struct socket *s, const struct file *f, const u64 arg[6])
{
	(void)f;
	return socket_shutdown(s, (s32)arg[1]);
}

s64 sys_shutdown(const u64 arg[6])
{
	return user_socket_call(arg, do_shutdown);
}

/* --- options ------------------------------------------------------------------------------------- */

static s64 do_setsockopt(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct sockopt opt = { (s32)arg[1], (s32)arg[2], arg[3], (u32)arg[4] };

	(void)f;
	return socket_setopt(s, &opt);
}

s64 sys_setsockopt(const u64 arg[6])
{
	return (s32)arg[4] < 0 ? -EINVAL : user_socket_call(arg, do_setsockopt);
}

static s64 do_getsockopt(struct socket *s, const struct file *f, const u64 arg[6])
{
	struct sockopt opt = { (s32)arg[1], (s32)arg[2], arg[3], 0 };
	s64 ret;

	(void)f;
	if (get_user(opt.len, arg[4]))
		return -EFAULT;
	if ((s32)opt.len < 0)
		return -EINVAL;
	ret = socket_getopt(s, &opt);
	if (!ret)
		ret = put_user(opt.len, arg[4]);
	return ret;
}

s64 sys_getsockopt(const u64 arg[6])
{
	return user_socket_call(arg, do_getsockopt);
}
