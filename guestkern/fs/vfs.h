/*
 * The virtual file system: inodes (what a file is), dentries (where it hangs),
 * mounts, and path walk. File systems implement inode_ops and file_ops.
 *
 * Reference rules: a dentry holds its inode and its parent; an open file
 * holds dentry and mount. In ramfs-like file systems (everything is memory)
 * linked dentries are pinned by an extra reference; others are cached.
 */
#ifndef FS_VFS_H
#define FS_VFS_H

#include "fs/file.h"
#include "lib/list.h"
#include "lib/types.h"
#include "mm/object.h"

#define NAME_MAX_ 255
#define PATH_MAX_ 4096

struct super_block;
struct path;
struct process;

struct timespec64 {
	s64 sec, nsec;
};

/* Creation, removal and look-up in directories; attributes. dir and child
 * locks: none (kernel is non-preemptible), but nothing may be assumed across
 * an operation that sleeps. All return 0 or -errno. */
struct inode_ops {
	/* child is a negative dentry of dir: fill it (d_set_inode) or leave it
	 * negative when there is no such name. */
	int (*lookup)(struct inode *dir, struct dentry *child);
	int (*create)(struct inode *dir, struct dentry *child, u32 mode);
	int (*mkdir)(struct inode *dir, struct dentry *child, u32 mode);
	int (*mknod)(struct inode *dir, struct dentry *child, u32 mode, u64 rdev);
	int (*symlink)(struct inode *dir, struct dentry *child, const char *to);
	int (*link)(struct inode *dir, struct dentry *child, struct inode *target);
	int (*unlink)(struct inode *dir, struct dentry *child);
	int (*rmdir)(struct inode *dir, struct dentry *child);
	int (*rename)(struct inode *old_dir, struct dentry *old,
		      struct inode *new_dir, struct dentry *new, u32 flags);
	/* Target of a symbolic link into buf (not terminated): length. */
	s64 (*readlink)(struct inode *inode, char *buf, size_t size);
	/* Magic links (/proc/self/exe, fd/N): the path itself, referenced, into
	 * *to; NULL: not a magic link, use readlink. */
	int (*follow)(struct inode *inode, struct path *to);
	int (*truncate)(struct inode *inode, u64 size);
	/* O_TMPFILE: a new inode with nlink 0 and one reference, or ERR_PTR. */
	struct inode *(*tmpfile)(struct inode *dir, u32 mode);
	/* fallocate(2); mode FALLOC_FL_*. NULL: -EOPNOTSUPP. */
	int (*fallocate)(struct inode *inode, u32 mode, u64 start, u64 len_bytes);
	/* After mode/uid/gid/times changed in the inode: write back. May be NULL. */
	int (*setattr)(struct inode *inode);
	/* Fills sizes etc. that are computed (procfs). May be NULL. */
	void (*getattr)(struct inode *inode);
	/* Sets f->ops and f->private. NULL: by type; regular files and
	 * directories get inode->fops, FIFOs fifo_open, character devices
	 * chrdev_file_open, block devices blkdev_file_open (fs/pseudo.h). f->ops->open follows. */
	int (*open)(struct inode *inode, struct file *f);
	void (*evict)(struct inode *inode); /* last reference: free private */
};

struct inode {
	const struct inode_ops *ops;
	const struct file_ops *fops;
	struct super_block *sb;
	u32 refs;
	u32 mode; /* S_IF* | permissions */
	u32 uid, gid, nlink;
	u64 ino, rdev;
	u64 size, blocks; /* bytes; 512-byte units */
	struct timespec64 atime, mtime, ctime;
	struct vm_object *object; /* page cache of a regular file, or NULL */
	void *private;
	void *pipe; /* FIFO state when open */
	u32 flags;
	u32 seals;	/* F_SEAL_*, of files in memory (fs/memfd.c) */
	u32 write_deny; /* > 0: being executed (ETXTBSY) */
	s32 writers;	/* open for writing */
	s32 readers;	/* open for reading only */
	void *locks;	/* fs/locks.c: flock and POSIX locks, or NULL */
	void *leases;	/* fs/lease.c, or NULL */
	void *watches;	/* fs/notify.c: who is told what happens, or NULL */
	void *xattrs;	/* fs/xattr.c: extended attributes in memory, or NULL */
	u32 acl_absent; /* fs/acl.h: which lists it is known not to have */
};

struct dentry {
	struct list_head sibling; /* in parent->children */
	struct list_head children;
	struct list_head hash;
	struct dentry *parent; /* root: itself */
	struct inode *inode;   /* NULL: negative */
	struct super_block *sb;
	u32 refs;
	u32 mounted; /* how many mounts cover it */
	bool unlinked;
	bool pinned;   /* d_pin took a reference for being linked */
	u32 name_len;
	char *name; /* kmalloc'd */
	struct list_head unused; /* in the list of those kept without a user */
	u64 dir_pos;   /* ascending in parent->children; >= DIR_POS_FIRST */
	u32 name_hash;
	u32 stamp;     /* the file system's own */
};
/* Directory positions 0 and 1 are "." and "..". */
#define DIR_POS_FIRST 2

struct mount {
	struct list_head link;
	struct mount *parent;
	struct dentry *mountpoint; /* in parent; NULL for the root mount */
	struct dentry *root;
	struct super_block *sb;
	u32 refs, flags; /* MS_RDONLY… */
	u32 id; /* never used again: /proc/PID/mountinfo, statx(2) */
	struct mount *copy; /* during a recursive bind */
	bool expiring; /* MNT_EXPIRE was asked for once, unused since */
	bool kernel;	 /* hangs nowhere: the kernel's own (memfd) */
	bool floating;	 /* hangs nowhere yet: a descriptor's (fs/mount_fd.c) */
	u32 writers;	 /* regular files open for writing by it */
	u32 events;	 /* of a root: changes of its tree so far */
	char *source;
};

struct path {
	struct mount *mnt;
	struct dentry *dentry;
};

struct xattr_ops;

/* As struct statfs has them; zero but for block_bytes when super_ops.statfs is called. */
struct fs_usage {
	u64 block_bytes;
	u64 blocks, bfree;
	u64 reserved; /* blocks, of the free ones: the super-user's */
	u64 files, ffree;
	u64 id; /* f_fsid; 0: the device */
};

struct super_ops {
	void (*statfs)(struct super_block *sb, struct fs_usage *u);
	/* Writes everything that is only in memory. NULL: nothing ever is. Of a disk's
	 * file system: sleeps. */
	int (*sync)(struct super_block *sb);
	/* The same without waiting until it lasts; from a timer. May be NULL. */
	void (*write_back)(struct super_block *sb);
	/* Names that others may change meanwhile: is d, found in the cache, still what
	 * its directory has? 1; 0: it is forgotten, and looked up anew; or -errno.
	 * NULL: it is. */
	int (*revalidate)(struct dentry *d);
	/* Becomes read-only, or writable again. NULL: nothing to do. */
	int (*remount)(struct super_block *sb, bool read_only);
	/* The machine ends, whatever is still open: leave all in good order.
	 * Nothing may be written afterwards. NULL: nothing to do. */
	void (*shutdown)(struct super_block *sb);
	void (*kill)(struct super_block *sb);
};

struct super_block {
	const struct super_ops *ops;
	const char *fstype;
	u64 magic; /* statfs f_type */
	u64 dev;   /* st_dev */
	u64 device; /* the disk that it is on, which is then st_dev; or 0 */
	bool keep_unused; /* names stay known when nobody uses them */
	bool keep_absent; /* so do names that there are not */
	bool read_only; /* was made so while mounted: whatever the mounts say */
	bool whole_seconds; /* time stamps have no fractions */
	struct dentry *root;
	u64 next_ino;
	u64 bytes_used, bytes_max; /* 0: no own limit */
	const struct xattr_ops *xattr_ops; /* extended attributes (fs/xattr.h), or NULL */
	bool names_alone; /* a file's name stands for itself, without a path (nsfs) */
	bool has_handles; /* fs/handle.h: all its names are pinned dentries */
	u32 refs;
	void *private;
};

struct blkdev;

struct fs_type {
	const char *name;
	/* On a disk: instead of mount. The disk has no other file system mounted;
	 * sets dev->super. */
	struct super_block *(*mount_disk)(struct blkdev *dev, bool read_only,
					  const char *options);
	/* New super block with its root dentry, or ERR_PTR. options: mount data */
	struct super_block *(*mount)(const char *source, const char *options);
};
/* Registers a type for mount(2). Boot. */
void fs_register(const struct fs_type *type);
const struct fs_type *fs_find_type(const char *name);
const struct fs_type *fs_type_at(u32 index); /* for /proc/filesystems, NULL at end */

/* --- inodes and dentries --------------------------------------------------- */

/* New inode of sb: refs 1, times now, ino assigned; NULL on no memory. */
struct inode *inode_create(struct super_block *sb, u32 mode);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);
void inode_touch(struct inode *inode, bool a, bool m, bool c); /* times := now */
/* The time for time stamps: real time, at most a few ms old (a host call only
 * then). */
struct timespec64 inode_now(void);

/* Child of parent by name: from the cache or by inode_ops.lookup; possibly
 * negative. Referenced, or ERR_PTR. */
struct dentry *dentry_lookup(struct dentry *parent, const char *name, size_t len);
void dentry_get(struct dentry *d);
void dentry_put(struct dentry *d);
/* Attaches inode (takes over the reference) to a negative dentry. */
void d_set_inode(struct dentry *d, struct inode *inode);
/* For file systems that build their tree at mount: a pinned child (the pin is
 * its only reference), or NULL on no memory; takes over the reference of inode
 * either way. dentry_make_root: the same for the root, its reference is
 * sb->root's. */
struct dentry *dentry_add(struct dentry *parent, const char *name, struct inode *inode);
struct dentry *dentry_make_root(struct super_block *sb, struct inode *inode);
/* For file systems whose tree lives in memory: the linked positive dentry is
 * kept by one more reference, which unlinking (by the VFS) drops. */
void d_pin(struct dentry *d);
/* Operations for directories whose entries are all pinned dentries: listing,
 * and a lookup that leaves the child negative. */
extern const struct file_ops dentry_dir_fops;
int dentry_lookup_none(struct inode *dir, struct dentry *child);

/* st_dev of its files. */
u64 super_dev(const struct super_block *sb);
/* New super block, one reference, own st_dev; NULL on no memory. */
struct super_block *super_create(const char *fstype, u64 magic);
/* The super block of inodes without a name (pipes, streams). */
struct super_block *vfs_anon_super(void);
/* The inode of anonymous objects: mode 0600 without a type, as on Linux. */
struct inode *vfs_anon_inode(void);

/* --- paths ------------------------------------------------------------------- */

/* Flags of path walk. */
#define WALK_NOFOLLOW 1u  /* do not follow a final symbolic link */
#define WALK_DIRECTORY 2u /* final must be a directory */
#define WALK_PARENT 4u	  /* stop at the parent; last component in *last */
#define WALK_EMPTY 8u	  /* AT_EMPTY_PATH */
#define WALK_NO_SYMLINKS 16u /* openat2 RESOLVE_NO_SYMLINKS */
#define WALK_BENEATH 32u
#define WALK_NO_MAGICLINKS 64u
#define WALK_NO_XDEV 128u
#define WALK_IN_ROOT 256u

/* Walks name from dirfd (AT_FDCWD: cwd) with the current credentials.
 * 0 and a referenced path, or -errno as path_resolution(7). */
int path_walk(int dirfd, const char *name, u32 flags, struct path *path);
/* The parent directory and the last component (NUL-terminated copy in last,
 * NAME_MAX_ + 1 bytes); trailing_slash tells whether "/" followed. last is ""
 * for "/", "." or ".." kept as such. */
int path_walk_parent(int dirfd, const char *name, struct path *parent,
		     char *last, bool *trailing_slash);
void path_get(const struct path *path);
void path_put(struct path *path);
/* Absolute name of path below the current root into buf; returns a pointer
 * inside buf, or ERR_PTR(-ENAMETOOLONG). "(unreachable)" as Linux, and
 * " (deleted)" appended for unlinked files. */
char *path_name(const struct path *path, char *buf, size_t size);

/* Opens for the kernel or a program; flags as open(2). File or ERR_PTR. */
struct file *file_open(int dirfd, const char *name, u32 flags, u32 mode, u32 walk);
/* Opens what path names without permission checks (exec checked its own);
 * takes its own references. May sleep (FIFOs). */
struct file *file_open_path(const struct path *path, u32 flags);

/* As file_open on the place itself: with its checks, and O_TRUNC carried out. */
struct file *file_open_place(const struct path *path, u32 flags);

/* Permission check: mask of 4 read, 2 write, 1 execute with the current fs
 * ids. 0, -EACCES, -EROFS. */
int inode_permission(const struct inode *inode, u32 mask);

/* Reads from a file into kernel memory at offset (exec, ELF). Bytes or -errno. */
s64 file_read_kernel(struct file *f, void *buf, size_t len, s64 pos);
s64 file_write_kernel(struct file *f, const void *buf, size_t len, s64 pos);

/* --- the process's fs context --------------------------------------------------- */
struct fs_context {
	u32 refs;
	u32 umask;
	struct path root, cwd;
};
struct fs_context *current_fs(void);
/* Of any process (procfs: cwd, root, umask); no reference taken. */
struct fs_context *process_fs(const struct process *p);

/* Mounts type at the path named target; kernel-internal and for mount(2). */
int vfs_mount(const char *type, const char *source, const char *target,
	      u32 flags, const char *options);
int vfs_umount(const char *target, u32 flags);
/* A process's mounts (mount_namespaces(7)); NULL stands for the machine's first. */
struct mount_space;
/* A copy of the current one; fs, which nobody shares, moves there. ERR_PTR(-ENOMEM). */
struct mount_space *mount_space_copy(struct fs_context *fs);
void mount_space_get(struct mount_space *space);
/* Its last user gone, everything in it is unmounted. May sleep. */
void mount_space_put(struct mount_space *space);
/* What its file in /proc/PID/ns is called by; space not NULL. */
u32 mount_space_number(const struct mount_space *space);
/* The current process is in another one now: its context fs, which nobody shares, goes
 * to the root of that. */
void mount_space_enter(struct fs_context *fs);
/* Does m belong to the ones that p sees? */
bool mount_is_seen(const struct mount *m, const struct process *p);

/* How often what p sees of mounts has changed, and who waits for that of anybody. */
u32 mount_space_events(const struct process *p);
struct wait_queue *mount_wait_queue(void);

/* All mounts of all name spaces. */
struct mount *mount_first(void);
struct mount *mount_next(struct mount *m);

/* Makes the directory at an absolute path, and its parents as far as they are
 * missing (mode 0755). 0 or -errno; -EEXIST if path exists. */
int vfs_mkdir_path(const char *path, u32 mode);

/* What there is and what is free; zeros where nobody counts. */
void super_usage(struct super_block *sb, struct fs_usage *u);
/* A file system has got something to write: its write_back is called in some
 * seconds. */
void vfs_write_back_later(void);
/* Writes everything in memory that belongs on a disk: sync(2). */
void vfs_sync(void);
/* The same at the end of the machine, and leaves the disks' file systems clean. */
void vfs_shutdown(void);

/* Boot: ramfs as root, or the first disk's file system (LODGER_BOOT_ROOT_DISK), fs context of the boot task; then unpacking. */
int vfs_init(void);
/* Is the root a directory of the host (LODGER_BIND_ROOT)? */
bool vfs_root_is_host(void);
/* Unpacks the root archive (newc cpio or tar) into the root file system. 0 or
 * -errno; why gets one clause on failure. */
int archive_unpack(char *why, size_t why_bytes);

#endif
