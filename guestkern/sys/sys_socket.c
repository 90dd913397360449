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

struct socket *user_socket_get(u64 fd, struct file **f)
{
	struct socket *s;

	*f = fd_get((int)fd);
	if (!*f)
		return ERR_PTR(-EBADF);
	s = socket_of(*f);
	if (s)
		return s;
	file_put(*f);
	return ERR_PTR(-ENOTSOCK);
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

static s64 accept_on(struct socket *s, bool nonblock, uaddr_t name, uaddr_t len, u32 flags)
{
	struct socket *child = socket_accept(s, nonblock);
	struct net_addr addr;
	struct file *f;
	int err = 0;

	if (IS_ERR(child))
		return PTR_ERR(child);
	f = socket_file(child, flags & SOCK_NONBLOCK);
	if (IS_ERR(f))
		return PTR_ERR(f);
	if (name) {
		err = socket_name(child, &addr, true) ? -ECONNABORTED : 0;
		if (!err)
			err = user_addr_put(name, len, &addr);
	}
	if (!err)
		return fd_install(f, 0, flags & SOCK_CLOEXEC);
	file_put(f);
	return err;
}

static s64 do_accept(u64 fd, uaddr_t name, uaddr_t len, u32 flags)
{
	struct socket *s;
	struct file *f;
	s64 ret;

	if (flags & ~(u32)(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	s = user_socket_get(fd, &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = accept_on(s, user_socket_nonblock(f), name, len, flags);
	file_put(f);
	return ret;
}

s64 sys_accept(const u64 arg[6])
{
	return do_accept(arg[0], arg[1], arg[2], 0);
}

s64 sys_accept4(const u64 arg[6])
{
	return do_accept(arg[0], arg[1], arg[2], (u32)arg[3]);
}

/* --- names ------------------------------------------------------------------------------------ */

s64 sys_bind(const u64 arg[6])
{
	struct net_addr addr;
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = user_addr_get(&addr, arg[1], (s32)arg[2]);
	if (!ret)
		ret = socket_bind(s, &addr);
	file_put(f);
	return ret;
}

s64 sys_connect(const u64 arg[6])
{
	struct net_addr addr;
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = user_addr_get(&addr, arg[1], (s32)arg[2]);
	if (!ret)
		ret = socket_connect(s, &addr, user_socket_nonblock(f));
	file_put(f);
	return ret;
}

s64 sys_listen(const u64 arg[6])
{
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = socket_listen(s, (s32)arg[1]);
	file_put(f);
	return ret;
}

static s64 getname_of(const u64 arg[6], bool peer)
{
	struct net_addr addr;
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = socket_name(s, &addr, peer);
	if (!ret)
		ret = user_addr_put(arg[1], arg[2], &addr);
	file_put(f);
	return ret;
}

s64 sys_getsockname(const u64 arg[6])
{
	return getname_of(arg, false);
}

s64 sys_getpeername(const u64 arg[6])
{
	return getname_of(arg, true);
}

s64 sys_shutdown(const u64 arg[6])
{
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = socket_shutdown(s, (s32)arg[1]);
	file_put(f);
	return ret;
}

/* --- options ------------------------------------------------------------------------------------- */

s64 sys_setsockopt(const u64 arg[6])
{
	struct sockopt opt = { (s32)arg[1], (s32)arg[2], arg[3], (u32)arg[4] };
	struct socket *s;
	struct file *f;
	s64 ret;

	if ((s32)arg[4] < 0)
		return -EINVAL;
	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = socket_setopt(s, &opt);
	file_put(f);
	return ret;
}

static s64 getsockopt_on(struct socket *s, const u64 arg[6])
{
	struct sockopt opt = { (s32)arg[1], (s32)arg[2], arg[3], 0 };
	s64 ret;

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
	struct socket *s;
	struct file *f;
	s64 ret;

	s = user_socket_get(arg[0], &f);
	if (IS_ERR(s))
		return PTR_ERR(s);
	ret = getsockopt_on(s, arg);
	file_put(f);
	return ret;
}
