/*
 * Names of AF_UNIX sockets: in the file system (a socket inode), abstract (any
 * bytes after a zero byte), or none. Owns the table by which they are found.
 *
 * Invariant: a socket is in the table exactly while it has a name and its file.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/namei.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "net/unix.h"
#include "proc/task.h"

#define TABLE_SIZE 128u
#define MAY_WRITE 2u
#define AUTOBIND_NAMES (1u << 20) /* five hex digits */

static struct list_head table[TABLE_SIZE]; /* next NULL: empty, never used */

struct unix_name *unix_name_get(struct unix_name *name)
{
	name->refs++;
	return name;
}

void unix_name_put(struct unix_name *name)
{
	if (name && --name->refs == 0)
		kfree(name);
}

static struct unix_name *name_create(const struct net_addr *addr)
{
	struct unix_name *name = kzalloc(sizeof(*name));

	if (!name)
		return NULL;
	name->refs = 1;
	name->len = addr->len;
	memcpy(name->addr, addr->raw, addr->len);
	return name;
}

void unix_name_fill(struct net_addr *addr, const struct unix_name *name)
{
	addr->family = AF_UNIX;
	addr->len = UNIX_ADDR_MIN;
	if (!name)
		return;
	addr->len = name->len;
	memcpy(addr->raw, name->addr, name->len);
}

int unix_addr_check(const struct net_addr *addr)
{
	if (addr->len <= UNIX_ADDR_MIN || addr->len > UNIX_ADDR_MAX ||
	    addr->family != AF_UNIX)
		return -EINVAL;
	return 0;
}

/* --- the table ---------------------------------------------------------------------- */

static struct list_head *bucket(u64 hash)
{
	struct list_head *head = &table[hash % TABLE_SIZE];

	if (!head->next)
		list_init(head);
	return head;
}

static struct list_head *bucket_of_inode(const struct inode *inode)
{
	return bucket((u64)inode >> 6);
}

static struct list_head *bucket_of_bytes(const u8 *bytes, u32 len, u32 type)
{
	u64 hash = type;

	for (u32 i = UNIX_ADDR_MIN; i < len; i++)
		hash = hash * 31 + bytes[i];
	return bucket(hash);
}

void unix_unhash(struct unix_socket *us)
{
	if (us->hash.next)
		list_del(&us->hash);
}

static struct unix_socket *find_abstract(const u8 *bytes, u32 len, u32 type)
{
	struct unix_socket *us;

	list_for_each_entry(us, bucket_of_bytes(bytes, len, type), hash)
		if (us->name->len == len && us->s.type == type && !us->path.dentry &&
		    memcmp(us->name->addr, bytes, len) == 0)
			return us;
	return NULL;
}

/* A path as a string that ends; the length of the address it makes. */
static u32 path_text(const struct net_addr *addr, char *text)
{
	u32 len = addr->len - UNIX_ADDR_MIN;

	memcpy(text, addr->raw + UNIX_ADDR_MIN, len);
	text[len] = '\0';
	return UNIX_ADDR_MIN + (u32)strlen(text) + 1;
}

static struct unix_socket *find_path(const struct net_addr *addr, u32 type)
{
	char text[UNIX_ADDR_MAX + 1];
	struct unix_socket *us, *found = NULL;
	struct inode *inode;
	struct path path;
	int err;

	path_text(addr, text);
	err = path_walk(AT_FDCWD, text, 0, &path);
	if (err)
		return ERR_PTR(err);
	inode = path.dentry->inode;
	err = inode_permission(inode, MAY_WRITE);
	if (!err && !S_ISSOCK(inode->mode))
		err = -ECONNREFUSED;
	if (!err) {
		list_for_each_entry(us, bucket_of_inode(inode), hash)
			if (us->path.dentry && us->path.dentry->inode == inode)
				found = us;
		if (!found)
			err = -ECONNREFUSED;
		else if (found->s.type != type)
			err = -EPROTOTYPE;
	}
	if (!err)
		socket_get(&found->s);
	path_put(&path);
	return err ? ERR_PTR(err) : found;
}

struct unix_socket *unix_find(const struct net_addr *addr, u32 type)
{
	struct unix_socket *us;

	if (addr->raw[UNIX_ADDR_MIN])
		return find_path(addr, type);
	us = find_abstract(addr->raw, addr->len, type);
	if (!us)
		return ERR_PTR(-ECONNREFUSED);
	socket_get(&us->s);
	return us;
}

/* --- binding ------------------------------------------------------------------------- */

static void take_name(struct unix_socket *us, struct unix_name *name,
		      struct list_head *head)
{
	us->name = name;
	list_add_tail(&us->hash, head);
}

static int bind_abstract(struct unix_socket *us, const struct net_addr *addr)
{
	struct unix_name *name;

	if (find_abstract(addr->raw, addr->len, us->s.type))
		return -EADDRINUSE;
	name = name_create(addr);
	if (!name)
		return -ENOMEM;
	take_name(us, name, bucket_of_bytes(addr->raw, addr->len, us->s.type));
	return 0;
}

static int bind_path(struct unix_socket *us, const struct net_addr *addr)
{
	char text[UNIX_ADDR_MAX + 1];
	struct net_addr whole = *addr;
	struct unix_name *name;
	struct path path;
	int err;

	whole.len = path_text(addr, text);
	whole.raw[whole.len - 1] = '\0';
	name = name_create(&whole);
	if (!name)
		return -ENOMEM;
	err = name_mknod(AT_FDCWD, text, S_IFSOCK | 0777, 0);
	if (!err)
		err = path_walk(AT_FDCWD, text, WALK_NOFOLLOW, &path);
	if (err) {
		unix_name_put(name);
		return err == -EEXIST ? -EADDRINUSE : err;
	}
	us->path = path;
	take_name(us, name, bucket_of_inode(path.dentry->inode));
	return 0;
}

int unix_autobind(struct unix_socket *us)
{
	struct net_addr addr = { .len = UNIX_ADDR_MIN + 6, .family = AF_UNIX };
	u32 number, tries;

	if (us->name)
		return 0;
	random_bytes(&number, sizeof(number));
	for (tries = 0; tries < AUTOBIND_NAMES; tries++, number++) {
		char text[8];

		ksnprintf(text, sizeof(text), "%05x", number % AUTOBIND_NAMES);
		memcpy(addr.raw + UNIX_ADDR_MIN + 1, text, 5);
		if (!find_abstract(addr.raw, addr.len, us->s.type))
			return bind_abstract(us, &addr);
	}
	return -ENOSPC;
}

static bool path_exists(const struct net_addr *addr)
{
	char text[UNIX_ADDR_MAX + 1];
	struct path path;

	path_text(addr, text);
	if (path_walk(AT_FDCWD, text, WALK_NOFOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

int unix_bind(struct socket *s, const struct net_addr *addr)
{
	struct unix_socket *us = unix_of(s);
	int err;

	if (addr->len == UNIX_ADDR_MIN && addr->family == AF_UNIX)
		return us->name ? -EINVAL : unix_autobind(us);
	err = unix_addr_check(addr);
	if (err)
		return err;
	/* Of two mistakes Linux tells the name that exists first. */
	if (us->name && addr->raw[UNIX_ADDR_MIN] && path_exists(addr))
		return -EADDRINUSE;
	if (us->name)
		return -EINVAL;
	return addr->raw[UNIX_ADDR_MIN] ? bind_path(us, addr) : bind_abstract(us, addr);
}

int unix_getname(struct socket *s, struct net_addr *addr, bool peer)
{
	struct unix_socket *us = unix_of(s);

	if (peer && !us->peer)
		return -ENOTCONN;
	unix_name_fill(addr, peer ? us->peer->name : us->name);
	return 0;
}
