/*
 * The broker's operations: see broker_serve.h. The request has been checked by
 * itself (broker_check.c); here its handles are, and its place in RAM.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "broker_internal.h"

#define LIST_BYTES 32768
#define MODE_BITS 01777 /* no set-ID bits on the host */

struct work {
	struct broker *b;
	struct broker_request rq;
	struct broker_node *node, *other; /* of the handles; other: LINK, RENAME */
	struct lodger_broker_reply *reply;
	char *text; /* behind reply */
};

static int result(int ret)
{
	return ret < 0 ? -errno : 0;
}

static bool names_directory(const struct work *w)
{
	return w->node->type == S_IFDIR;
}

static int attr_of(struct work *w, const struct broker_node *node, const char *name)
{
	return broker_attr(w->b, node, name, &w->reply->attr);
}

/* --- looking ---------------------------------------------------------------------- */

static int lookup(struct work *w)
{
	return attr_of(w, w->node, w->rq.name);
}

/* A handle for an open file, a regular one or whatever reply->attr says; takes over fd. */
static int add_handle(struct work *w, int fd, enum broker_access access)
{
	uint32_t type = access == BROKER_WRITE ? S_IFREG : w->reply->attr.mode & S_IFMT;
	int64_t handle = broker_node_add(w->b, fd, type, access, w->node->root);

	if (handle < 0)
		return (int)handle;
	w->reply->handle = (uint32_t)handle;
	return 0;
}

/* The same for any file, whose attributes go into the reply. */
static int give_handle(struct work *w, int fd)
{
	struct broker_node probe = { .fd = fd, .root = w->node->root };
	struct lodger_broker_attr *attr = &w->reply->attr;
	int err = broker_attr_host(w->b, &probe, "", attr);
	uint32_t type = attr->mode & S_IFMT;

	if (!err && attr->flags & LODGER_BROKER_COVERED)
		err = -EXDEV;
	if (!err && (type == S_IFCHR || type == S_IFBLK))
		err = -EOPNOTSUPP; /* not even to change their attributes */
	if (err) {
		close(fd);
		return err;
	}
	err = add_handle(w, fd, BROKER_PATH);
	if (!err)
		broker_owner_apply(&probe, "", attr);
	return err;
}

static int take(struct work *w)
{
	int fd = broker_open_name(w->b, w->node, w->rq.name, O_PATH, 0);
	int err;

	if (fd < 0)
		return fd;
	err = give_handle(w, fd);
	if (err || w->reply->attr.ino == w->rq.head.ino)
		return err;
	broker_node_close(w->b, w->reply->handle);
	w->reply->handle = 0;
	return -ESTALE;
}

static int get_attr(struct work *w)
{
	return attr_of(w, w->node, "");
}

static int open_node(struct work *w)
{
	int err = broker_node_open(w->b, w->node,
				   w->rq.head.flags & LODGER_BROKER_OPEN_WRITE);

	return err ? err : attr_of(w, w->node, "");
}

static int read_link(struct work *w)
{
	ssize_t n;

	if (w->rq.name[0] ? !names_directory(w) : w->node->type != S_IFLNK)
		return -EINVAL;
	n = readlinkat(w->node->fd, w->rq.name, w->text, LODGER_BROKER_TEXT_MAX);
	if (n < 0)
		return -errno;
	w->reply->text_bytes = (uint32_t)n;
	return 0;
}

static int stat_fs(struct work *w)
{
	struct statfs fs;

	if (fstatfs(w->node->fd, &fs))
		return -errno;
	w->reply->value = (uint64_t)fs.f_bsize;
	w->reply->attr.size = fs.f_blocks;
	w->reply->attr.blocks = fs.f_bavail;
	w->reply->attr.ino = fs.f_files;
	w->reply->attr.dev = fs.f_ffree;
	return 0;
}

/* --- contents --------------------------------------------------------------------- */

/* The request's place in RAM, or NULL where it has none. */
static uint8_t *place(const struct work *w)
{
	uint64_t at = w->rq.head.ram_at, bytes = w->rq.head.bytes;

	if (at > w->b->ram_bytes || bytes > w->b->ram_bytes - at)
		return NULL;
	return w->b->ram + at;
}

/* One call of the host: bytes moved, or -1 with errno. */
static ssize_t move(const struct work *w, bool write, uint8_t *ram, uint64_t bytes, off_t at)
{
	struct iovec part = { ram, bytes };

	if (write)
		return pwrite(w->node->fd, ram, bytes, at);
	if (!(w->rq.head.flags & LODGER_BROKER_READ_CACHED))
		return pread(w->node->fd, ram, bytes, at);
	return preadv2(w->node->fd, &part, 1, at, RWF_NOWAIT);
}

/* Where the host cannot tell what it has in memory, that is nothing. */
static int move_error(const struct work *w, bool write)
{
	if (!write && w->rq.head.flags & LODGER_BROKER_READ_CACHED &&
	    (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM))
		return -EAGAIN;
	return -errno;
}

/* Moves the request's bytes between the file, which has to be open for that, and
 * its place in RAM, as many as go. */
static int transfer(struct work *w, bool write)
{
	uint8_t *ram = place(w);
	uint64_t done = 0;

	if (!ram)
		return -EFAULT;
	if (w->node->type != S_IFREG ||
	    w->node->access < (write ? BROKER_WRITE : BROKER_READ))
		return -EBADF;
	while (done < w->rq.head.bytes) {
		uint64_t left = w->rq.head.bytes - done;
		ssize_t n = move(w, write, ram + done, left,
				 (off_t)(w->rq.head.offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !done)
			return move_error(w, write);
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	w->reply->value = done;
	return 0;
}

static int read_file(struct work *w)
{
	int err = transfer(w, false);

	/* less than was asked for: the file may have a new size */
	return err || w->reply->value == w->rq.head.bytes ? err : attr_of(w, w->node, "");
}

/* Goes on where the last one ended, wherever the guest thinks that is. */
static int write_output(struct work *w)
{
	const uint8_t *from = place(w);
	ssize_t n;

	if (!from)
		return -EFAULT;
	do
		n = write(w->node->fd, from, w->rq.head.bytes);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	w->reply->value = (uint64_t)n;
	return 0;
}

static int write_file(struct work *w)
{
	int err;

	if (w->node->access == BROKER_OUTPUT)
		return write_output(w);
	err = transfer(w, true);
	return err ? err : attr_of(w, w->node, "");
}

/* linux_dirent64: getdents64(2) */
struct dirent64_head {
	uint64_t ino;
	int64_t next;
	uint16_t bytes;
	uint8_t type;
	char name[];
};
#define DIRENT64_NAME 19

/* Writes the host's entries as the guest's, which are no longer; how much. *next:
 * the position behind them. */
static uint64_t repack(const char *from, size_t len_bytes, uint8_t *to, uint64_t *next)
{
	uint64_t put = 0;

	for (size_t at = 0; at < len_bytes;) {
		struct dirent64_head head;
		struct lodger_broker_entry entry = { 0 };
		const char *name = from + at + DIRENT64_NAME;
		size_t name_bytes;

		memcpy(&head, from + at, DIRENT64_NAME);
		name_bytes = strnlen(name, head.bytes - DIRENT64_NAME);
		at += head.bytes;
		*next = (uint64_t)head.next;
		if (!strcmp(name, ".") || !strcmp(name, "..") ||
		    name_bytes > LODGER_BROKER_NAME_MAX)
			continue;
		entry.next = (uint64_t)head.next;
		entry.ino = head.ino;
		entry.type = head.type;
		entry.name_bytes = (uint8_t)name_bytes;
		entry.entry_bytes = (uint16_t)((LODGER_BROKER_ENTRY_HEAD + name_bytes + 7) & ~7u);
		memset(to + put, 0, entry.entry_bytes);
		memcpy(to + put, &entry, LODGER_BROKER_ENTRY_HEAD);
		memcpy(to + put + LODGER_BROKER_ENTRY_HEAD, name, name_bytes);
		put += entry.entry_bytes;
	}
	return put;
}

static int list(struct work *w)
{
	static char buf[LIST_BYTES] __attribute__((aligned(8)));
	uint64_t room = w->rq.head.bytes < LIST_BYTES ? w->rq.head.bytes : LIST_BYTES;
	uint8_t *to = place(w);
	long n;

	if (!to)
		return -EFAULT;
	if (!names_directory(w) || w->node->access < BROKER_READ)
		return -EBADF;
	if (lseek(w->node->fd, (off_t)w->rq.head.offset, SEEK_SET) < 0)
		return -errno;
	w->reply->next = w->rq.head.offset;
	do { /* "." and ".." may be all that came */
		n = syscall(SYS_getdents64, w->node->fd, buf, room);
		if (n < 0)
			return -errno;
		w->reply->value = repack(buf, (size_t)n, to, &w->reply->next);
	} while (n && !w->reply->value);
	return 0;
}

/* --- changing --------------------------------------------------------------------- */

/* What the new file, of type, is to be. */
static struct broker_owner new_owner(const struct work *w, uint32_t type)
{
	const struct lodger_broker_request *head = &w->rq.head;

	return (struct broker_owner){ type | head->mode, head->uid, head->gid, head->rdev };
}

/* A new file with a descriptor becomes what it is to be, and gets a handle. Takes over
 * fd; if it fails, name goes again. */
static int settle_new(struct work *w, int fd, uint32_t type, enum broker_access access)
{
	const struct broker_node probe = { .fd = fd, .root = w->node->root };
	const struct broker_owner owner = new_owner(w, type);
	int err = broker_owner_make(w->b, &probe, &owner, &w->reply->attr);

	if (!err)
		return add_handle(w, fd, access);
	close(fd);
	if (w->rq.name[0])
		unlinkat(w->node->fd, w->rq.name, 0);
	return err;
}

static int create(struct work *w)
{
	int fd = broker_open_name(w->b, w->node, w->rq.name,
				  O_RDWR | O_CREAT | O_EXCL | O_NOCTTY,
				  w->rq.head.mode & MODE_BITS);

	return fd < 0 ? fd : settle_new(w, fd, S_IFREG, BROKER_WRITE);
}

static int make_unnamed(struct work *w)
{
	int fd;

	if (!names_directory(w))
		return -ENOTDIR;
	fd = openat(w->b->proc_fd, broker_fd_name(w->node).text,
		    O_RDWR | O_TMPFILE | O_CLOEXEC | O_NOCTTY, w->rq.head.mode & MODE_BITS);
	return fd < 0 ? -errno : settle_new(w, fd, S_IFREG, BROKER_WRITE);
}

/* A new name without a descriptor: looked at, and made what it is to be. */
static int settle_name(struct work *w, uint32_t type)
{
	const struct broker_owner owner = new_owner(w, type);
	struct broker_node probe = { .root = w->node->root };
	int err = lookup(w);

	if (err || (w->reply->attr.uid == owner.uid && w->reply->attr.gid == owner.gid &&
		    w->reply->attr.mode == owner.mode))
		return err;
	probe.fd = broker_open_name(w->b, w->node, w->rq.name, O_PATH, 0);
	if (probe.fd < 0)
		return probe.fd;
	err = broker_owner_set(w->b, &probe, &owner);
	close(probe.fd);
	return err ? err : lookup(w);
}

static int make_directory(struct work *w)
{
	if (mkdirat(w->node->fd, w->rq.name, w->rq.head.mode & MODE_BITS))
		return -errno;
	return settle_name(w, S_IFDIR);
}

/* A regular file that stands for one. Without its attribute it would be nothing. */
static int make_stand_in(struct work *w, uint32_t type)
{
	int fd = broker_open_name(w->b, w->node, w->rq.name, O_RDWR | O_CREAT | O_EXCL, 0600);
	int err = fd < 0 ? fd : settle_new(w, fd, type, BROKER_WRITE);

	if (fd < 0)
		return err;
	broker_node_close(w->b, w->reply->handle);
	w->reply->handle = 0;
	if (!err && (w->reply->attr.mode & S_IFMT) == type)
		return 0;
	unlinkat(w->node->fd, w->rq.name, 0);
	return err ? err : -EPERM;
}

/* FIFOs and sockets that are another's in the guest are kept as devices are: real ones have
 * no attributes. Where no file has any, they are the invoking user's. */
static int make_special(struct work *w)
{
	const struct lodger_broker_request *head = &w->rq.head;
	uint32_t flags = head->flags;
	uint32_t type = flags & LODGER_BROKER_MAKE_SOCKET ? S_IFSOCK : S_IFIFO;
	int err = -EPERM;

	if (flags & (LODGER_BROKER_MAKE_CHAR | LODGER_BROKER_MAKE_BLOCK))
		return make_stand_in(w, flags & LODGER_BROKER_MAKE_CHAR ? S_IFCHR : S_IFBLK);
	if (head->uid || head->gid)
		err = make_stand_in(w, type);
	if (err != -EPERM)
		return err;
	if (mknodat(w->node->fd, w->rq.name, type | (w->rq.head.mode & MODE_BITS), 0))
		return -errno;
	return lookup(w);
}

static int make_symlink(struct work *w)
{
	if (symlinkat(w->rq.text, w->node->fd, w->rq.name))
		return -errno;
	return lookup(w);
}

static int make_link(struct work *w)
{
	if (w->other->type == S_IFDIR)
		return -EPERM;
	if (w->other->root != w->node->root)
		return -EXDEV;
	if (linkat(w->b->proc_fd, broker_fd_name(w->other).text, w->node->fd, w->rq.name,
		   AT_SYMLINK_FOLLOW))
		return -errno;
	return lookup(w);
}

static int unlink_name(struct work *w)
{
	return result(unlinkat(w->node->fd, w->rq.name, 0));
}

static int remove_directory(struct work *w)
{
	return result(unlinkat(w->node->fd, w->rq.name, AT_REMOVEDIR));
}

static int rename_name(struct work *w)
{
	if (w->other->type != S_IFDIR)
		return -ENOTDIR;
	if (w->other->root != w->node->root)
		return -EXDEV;
	return result(renameat2(w->node->fd, w->rq.name, w->other->fd, w->rq.text,
				w->rq.head.flags));
}

static int set_times(struct work *w)
{
	const struct lodger_broker_request *head = &w->rq.head;
	struct timespec ts[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_nsec = UTIME_OMIT } };

	if (head->flags & LODGER_BROKER_SET_ATIME)
		ts[0] = (struct timespec){ (time_t)head->bytes, head->atime_ns };
	if (head->flags & LODGER_BROKER_SET_MTIME)
		ts[1] = (struct timespec){ (time_t)head->ram_at, head->mtime_ns };
	return result(utimensat(w->b->proc_fd, broker_fd_name(w->node).text, ts, 0));
}

static int set_size(struct work *w)
{
	int err = w->node->type == S_IFREG ? broker_node_open(w->b, w->node, true) : -EINVAL;

	return err ? err : result(ftruncate(w->node->fd, (off_t)w->rq.head.offset));
}

/* The file stays of the type that it is to the guest. */
static int set_owner(struct work *w)
{
	struct lodger_broker_attr now;
	struct broker_owner owner;
	int err;

	if (w->node->type == S_IFLNK)
		return -EOPNOTSUPP;
	err = broker_attr(w->b, w->node, "", &now);
	owner = new_owner(w, now.mode & S_IFMT);
	owner.rdev = now.rdev;
	return err ? err : broker_owner_set(w->b, w->node, &owner);
}

static int set_attr(struct work *w)
{
	const struct lodger_broker_request *head = &w->rq.head;
	int err = 0;

	if (head->flags & LODGER_BROKER_SET_SIZE)
		err = set_size(w);
	if (!err && head->flags & LODGER_BROKER_SET_OWNER)
		err = set_owner(w);
	if (!err && head->flags & (LODGER_BROKER_SET_ATIME | LODGER_BROKER_SET_MTIME))
		err = set_times(w);
	return err ? err : attr_of(w, w->node, "");
}

static int allocate(struct work *w)
{
	const struct lodger_broker_request *head = &w->rq.head;
	int err = w->node->type == S_IFREG ? broker_node_open(w->b, w->node, true) : -EINVAL;

	if (!err)
		err = result(fallocate(w->node->fd, (int)head->flags, (off_t)head->offset,
				       (off_t)head->bytes));
	return err ? err : attr_of(w, w->node, "");
}

/* --- extended attributes ------------------------------------------------------------ */

/* Is there something that can have one? */
static bool has_attributes(const struct work *w)
{
	return w->node->type == S_IFREG || w->node->type == S_IFDIR;
}

static int text_of(struct work *w, int64_t len_bytes)
{
	if (len_bytes >= 0)
		w->reply->text_bytes = (uint32_t)len_bytes;
	return len_bytes < 0 ? (int)len_bytes : 0;
}

static int get_xattr(struct work *w)
{
	if (!has_attributes(w))
		return -ENODATA;
	return text_of(w, broker_xattr_get(w->node, w->rq.name, w->text,
					   LODGER_BROKER_TEXT_MAX));
}

static int list_xattr(struct work *w)
{
	if (!has_attributes(w))
		return 0;
	return text_of(w, broker_xattr_list(w->node, w->text, LODGER_BROKER_TEXT_MAX));
}

static int set_xattr(struct work *w)
{
	if (!has_attributes(w))
		return -EPERM;
	return broker_xattr_set(w->node, w->rq.name, w->rq.text, w->rq.head.text_bytes,
				(int)w->rq.head.flags);
}

static int remove_xattr(struct work *w)
{
	return has_attributes(w) ? broker_xattr_remove(w->node, w->rq.name) : -EPERM;
}

static int sync_node(struct work *w)
{
	int err = broker_node_open(w->b, w->node, false);

	return err ? err : result(fsync(w->node->fd));
}

/* --- one request ------------------------------------------------------------------ */

static int close_node(struct work *w)
{
	return broker_node_close(w->b, w->rq.head.handle);
}

static int (*const operations[LODGER_BROKER_OPS])(struct work *) = {
	[LODGER_BROKER_LOOKUP] = lookup,
	[LODGER_BROKER_TAKE] = take,
	[LODGER_BROKER_CLOSE] = close_node,
	[LODGER_BROKER_GETATTR] = get_attr,
	[LODGER_BROKER_OPEN] = open_node,
	[LODGER_BROKER_READ] = read_file,
	[LODGER_BROKER_WRITE] = write_file,
	[LODGER_BROKER_LIST] = list,
	[LODGER_BROKER_READLINK] = read_link,
	[LODGER_BROKER_CREATE] = create,
	[LODGER_BROKER_MKDIR] = make_directory,
	[LODGER_BROKER_MKSPECIAL] = make_special,
	[LODGER_BROKER_SYMLINK] = make_symlink,
	[LODGER_BROKER_LINK] = make_link,
	[LODGER_BROKER_UNLINK] = unlink_name,
	[LODGER_BROKER_RMDIR] = remove_directory,
	[LODGER_BROKER_RENAME] = rename_name,
	[LODGER_BROKER_SETATTR] = set_attr,
	[LODGER_BROKER_SYNC] = sync_node,
	[LODGER_BROKER_STATFS] = stat_fs,
	[LODGER_BROKER_TMPFILE] = make_unnamed,
	[LODGER_BROKER_ALLOCATE] = allocate,
	[LODGER_BROKER_GETXATTR] = get_xattr,
	[LODGER_BROKER_SETXATTR] = set_xattr,
	[LODGER_BROKER_DELXATTR] = remove_xattr,
	[LODGER_BROKER_LISTXATTR] = list_xattr,
};

/* The directories that a change of names is about, as they are now. */
static void note_directories(const struct work *w, struct lodger_broker_dir *dirs)
{
	const struct broker_node *nodes[2] = { w->node, w->other };
	struct statx sx;

	for (int i = 0; i < 2; i++) {
		if (!nodes[i] || nodes[i]->type != S_IFDIR ||
		    statx(nodes[i]->fd, "", AT_EMPTY_PATH, STATX_MTIME | STATX_NLINK, &sx))
			continue;
		dirs[i] = (struct lodger_broker_dir){ sx.stx_mtime.tv_sec,
						      sx.stx_mtime.tv_nsec, sx.stx_nlink };
	}
}

static int serve(struct work *w)
{
	const struct lodger_broker_request *head = &w->rq.head;
	int err;

	w->node = broker_node_of(w->b, head->handle);
	if (!w->node || (w->node->access == BROKER_OUTPUT && head->op != LODGER_BROKER_WRITE))
		return -EBADF;
	if (broker_op_writes(head) && w->b->root[w->node->root].read_only)
		return -EROFS;
	if (head->op == LODGER_BROKER_LINK || head->op == LODGER_BROKER_RENAME) {
		w->other = broker_node_of(w->b, head->other);
		if (!w->other || w->other->access == BROKER_OUTPUT)
			return -EBADF;
	}
	if (broker_op_names(head) && w->rq.name[0] && !names_directory(w))
		return -ENOTDIR;
	if (!broker_op_renames(head))
		return operations[head->op](w);
	note_directories(w, w->reply->before);
	err = operations[head->op](w);
	note_directories(w, w->reply->after);
	return err;
}

size_t broker_serve_apart(struct broker *b, const void *message, size_t len_bytes,
			  struct lodger_broker_reply *reply)
{
	struct work w = { .b = b, .reply = reply };
	struct broker_node copy;
	int err = broker_check(&w.rq, message, len_bytes);

	memset(reply, 0, sizeof(*reply));
	if (!err)
		err = broker_check_apart(&w.rq.head);
	if (!err)
		err = broker_node_copy(b, w.rq.head.handle, &copy);
	if (!err) {
		w.node = &copy;
		err = operations[w.rq.head.op](&w);
		close(copy.fd);
	}
	reply->seq = w.rq.head.seq;
	reply->error = err;
	return sizeof(*reply);
}

size_t broker_serve(struct broker *b, const void *message, size_t len_bytes, void *reply)
{
	struct work w = { .b = b, .reply = reply };
	int err = broker_check(&w.rq, message, len_bytes);

	w.text = (char *)reply + sizeof(*w.reply);
	memset(w.reply, 0, sizeof(*w.reply));
	if (!err && w.rq.head.closes)
		broker_node_close(b, w.rq.head.closes);
	if (!err)
		err = serve(&w);
	if (w.rq.head.magic == LODGER_BROKER_MAGIC && w.rq.head.op == LODGER_BROKER_CLOSE)
		return 0;
	w.reply->seq = w.rq.head.seq;
	w.reply->error = err;
	if (err)
		w.reply->text_bytes = 0;
	return sizeof(*w.reply) + w.reply->text_bytes;
}
