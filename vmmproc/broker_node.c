/*
 * The broker's handles, and how a name becomes a descriptor: one component at a
 * time, from a directory that is held open, no link followed, no mount crossed. So
 * there is no path that a change on the host could bend.
 *
 * A file is first opened with O_PATH, which does nothing to it, and looked at;
 * only regular files and directories are opened for real, through the descriptor.
 */
#include <errno.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "broker_internal.h"

#define INDEX_BITS 16
#define INDEX_MAX (1u << INDEX_BITS)
#define GENERATIONS (1u << (32 - INDEX_BITS))
#define ATTR_MASK (STATX_BASIC_STATS | STATX_MNT_ID)

static uint32_t handle_of(const struct broker *b, const struct broker_node *node)
{
	return (uint32_t)(node - b->node) | (uint32_t)node->generation << INDEX_BITS;
}

struct broker_node *broker_node_of(struct broker *b, uint32_t handle)
{
	uint32_t index = handle & (INDEX_MAX - 1);
	struct broker_node *node = &b->node[index];

	if (index >= b->node_count || node->access == BROKER_FREE ||
	    node->generation != handle >> INDEX_BITS)
		return NULL;
	return node;
}

int broker_node_copy(struct broker *b, uint32_t handle, struct broker_node *copy)
{
	const struct broker_node *node;
	int err = -EBADF;

	pthread_mutex_lock(&b->lock);
	node = broker_node_of(b, handle);
	if (node && (node->access == BROKER_READ || node->access == BROKER_WRITE)) {
		*copy = *node;
		copy->fd = fcntl(node->fd, F_DUPFD_CLOEXEC, 0);
		err = copy->fd < 0 ? -errno : 0;
	}
	pthread_mutex_unlock(&b->lock);
	return err;
}

/* A node that nobody uses; NULL: there are too many. */
static struct broker_node *unused_node(struct broker *b)
{
	struct broker_node *node;

	if (!b->first_free)
		return b->node_count < INDEX_MAX ? &b->node[b->node_count++] : NULL;
	node = &b->node[b->first_free - 1];
	b->first_free = node->next_free;
	return node;
}

int64_t broker_node_add(struct broker *b, int fd, uint32_t type, enum broker_access access,
			uint8_t root)
{
	struct broker_node *node;

	pthread_mutex_lock(&b->lock);
	node = unused_node(b);
	if (node) {
		node->fd = fd;
		node->type = type;
		node->access = (uint8_t)access;
		node->root = root;
	}
	pthread_mutex_unlock(&b->lock);
	if (node)
		return handle_of(b, node);
	close(fd);
	return -ENFILE;
}

int broker_node_close(struct broker *b, uint32_t handle)
{
	struct broker_node *node = broker_node_of(b, handle);

	int fd;

	if (!node || (uint32_t)(node - b->node) < b->root_count)
		return -EBADF;
	fd = node->fd;
	pthread_mutex_lock(&b->lock);
	node->access = BROKER_FREE;
	/* an old handle does not lead to what comes here next */
	node->generation = (uint16_t)((node->generation + 1) % GENERATIONS);
	node->next_free = b->first_free;
	b->first_free = (uint32_t)(node - b->node) + 1;
	pthread_mutex_unlock(&b->lock);
	close(fd);
	return 0;
}

struct broker_fd_name broker_fd_name(const struct broker_node *node)
{
	struct broker_fd_name name;

	snprintf(name.text, sizeof(name.text), "%d", node->fd);
	return name;
}

struct broker_path broker_path(const struct broker_node *node, const char *name)
{
	struct broker_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d%s%s", node->fd,
		 *name ? "/" : "", name);
	return path;
}

/* --- attributes ------------------------------------------------------------------ */

static bool same_mount(const struct broker_root *root, const struct statx *sx)
{
	if (root->mount_id && sx->stx_mask & STATX_MNT_ID)
		return sx->stx_mnt_id == root->mount_id;
	return makedev(sx->stx_dev_major, sx->stx_dev_minor) == root->dev;
}

static void fill_attr(const struct broker *b, const struct statx *sx,
		      struct lodger_broker_attr *attr)
{
	*attr = (struct lodger_broker_attr){
		.ino = sx->stx_ino,
		.dev = makedev(sx->stx_dev_major, sx->stx_dev_minor),
		.size = sx->stx_size,
		.blocks = sx->stx_blocks,
		.mode = sx->stx_mode,
		.nlink = sx->stx_nlink,
		.uid = sx->stx_uid == b->uid ? 0 : sx->stx_uid,
		.gid = sx->stx_gid == b->gid ? 0 : sx->stx_gid,
		.atime = sx->stx_atime.tv_sec,
		.mtime = sx->stx_mtime.tv_sec,
		.ctime = sx->stx_ctime.tv_sec,
		.atime_ns = sx->stx_atime.tv_nsec,
		.mtime_ns = sx->stx_mtime.tv_nsec,
		.ctime_ns = sx->stx_ctime.tv_nsec,
	};
}

int broker_attr(const struct broker *b, const struct broker_node *dir, const char *name,
		struct lodger_broker_attr *attr)
{
	int err = broker_attr_host(b, dir, name, attr);

	if (!err && !(attr->flags & LODGER_BROKER_COVERED))
		broker_owner_apply(dir, name, attr);
	return err;
}

int broker_attr_host(const struct broker *b, const struct broker_node *dir, const char *name,
		     struct lodger_broker_attr *attr)
{
	struct statx sx;

	if (statx(dir->fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT,
		  ATTR_MASK, &sx))
		return -errno;
	fill_attr(b, &sx, attr);
	if (same_mount(&b->root[dir->root], &sx))
		return 0;
	/* nothing of what is mounted there is shown but that it is a directory */
	*attr = (struct lodger_broker_attr){
		.ino = sx.stx_ino, .mode = S_IFDIR | 0555, .nlink = 2,
		.flags = LODGER_BROKER_COVERED,
	};
	return S_ISDIR(sx.stx_mode) ? 0 : -EXDEV;
}

/* --- opening --------------------------------------------------------------------- */

static int open_plain(const struct broker *b, const struct broker_node *dir,
		      const char *name, int flags, mode_t mode)
{
	int fd = openat(dir->fd, name, flags, mode);
	struct statx sx;

	if (fd < 0)
		return -errno;
	if (!statx(fd, "", AT_EMPTY_PATH, ATTR_MASK, &sx) &&
	    same_mount(&b->root[dir->root], &sx))
		return fd;
	close(fd);
	return -EXDEV;
}

int broker_open_name(const struct broker *b, const struct broker_node *dir,
		     const char *name, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	int fd;

	if (!b->openat2)
		return open_plain(b, dir, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	fd = (int)syscall(SYS_openat2, dir->fd, name, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

int broker_node_open(struct broker *b, struct broker_node *node, bool write)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd, old;

	if (node->access >= (write ? BROKER_WRITE : BROKER_READ))
		return 0;
	if (node->type == S_IFDIR && !write)
		flags |= O_RDONLY | O_DIRECTORY;
	else if (node->type == S_IFREG)
		flags |= write ? O_RDWR : O_RDONLY;
	else
		return node->type == S_IFDIR ? -EISDIR : -EINVAL;
	fd = openat(b->proc_fd, broker_fd_name(node).text, flags);
	if (fd < 0)
		return -errno;
	old = node->fd;
	pthread_mutex_lock(&b->lock);
	node->fd = fd;
	node->access = write ? BROKER_WRITE : BROKER_READ;
	pthread_mutex_unlock(&b->lock);
	close(old);
	return 0;
}

/* --- life ------------------------------------------------------------------------ */

static bool has_openat2(int dir_fd)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH };
	int fd = (int)syscall(SYS_openat2, dir_fd, ".", &how, sizeof(how));

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct broker *broker_create(void *ram, uint64_t ram_bytes, uid_t uid, gid_t gid)
{
	struct broker *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	b->ram = ram;
	b->ram_bytes = ram_bytes;
	b->uid = uid;
	b->gid = gid;
	/* all at once, so that nodes stay where they are; only what is used costs */
	b->node = calloc(INDEX_MAX, sizeof(*b->node));
	b->proc_fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b->proc_fd < 0 || !b->node) {
		if (b->proc_fd >= 0)
			close(b->proc_fd);
		free(b->node);
		free(b);
		return NULL;
	}
	b->openat2 = has_openat2(b->proc_fd);
	return b;
}

void broker_destroy(struct broker *b)
{
	for (uint32_t i = 0; i < b->node_count; i++)
		if (b->node[i].access != BROKER_FREE)
			close(b->node[i].fd);
	close(b->proc_fd);
	free(b->node);
	free(b);
}

void broker_without_openat2(struct broker *b)
{
	b->openat2 = false;
}

int broker_add_root(struct broker *b, int fd, bool read_only)
{
	struct broker_root *root = &b->root[b->root_count];
	struct statx sx;
	int64_t handle;
	int err = 0;

	if (b->root_count == LODGER_MAX_BINDS)
		err = -ENOSPC;
	else if (statx(fd, "", AT_EMPTY_PATH, ATTR_MASK, &sx))
		err = -errno;
	else if (!S_ISDIR(sx.stx_mode) && !S_ISREG(sx.stx_mode))
		err = -EINVAL;
	if (err) {
		close(fd);
		return err;
	}
	root->read_only = read_only;
	root->dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	root->mount_id = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0;
	handle = broker_node_add(b, fd, sx.stx_mode & S_IFMT, BROKER_PATH,
				 (uint8_t)b->root_count);
	if (handle != (int64_t)b->root_count)
		return handle < 0 ? (int)handle : -EINVAL;
	b->root_count++;
	return 0;
}

int broker_add_output(struct broker *b, int fd)
{
	int64_t handle;

	if (b->root_count == LODGER_MAX_BINDS) {
		close(fd);
		return -ENOSPC;
	}
	handle = broker_node_add(b, fd, 0, BROKER_OUTPUT, (uint8_t)b->root_count);
	if (handle != (int64_t)b->root_count)
		return handle < 0 ? (int)handle : -EINVAL;
	b->root_count++;
	return 0;
}
