/*
 * What the files of the VFS core share: dentry surgery, the step-wise path
 * walk, mounts, ownership rules. Not for file systems.
 */
#ifndef FS_VFS_INTERNAL_H
#define FS_VFS_INTERNAL_H

#include "fs/vfs.h"

/* inode.flags: may get its first link (O_TMPFILE without O_EXCL). */
#define INODE_LINKABLE 1u
#define INODE_IMMUTABLE 2u /* nobody may write to it */

/* --- dentry.c ---------------------------------------------------------------- */

/* dentry_table.c. Boot: an empty table. */
void dentry_table_init(void);
/* Where a name of parent would be, by name_hash. */
struct list_head *dentry_bucket(const struct dentry *parent, u32 hash);
/* A dentry whose parent and name_hash are set enters, and leaves before either
 * changes; leaving again does nothing. */
void dentry_table_add(struct dentry *d);
void dentry_table_remove(struct dentry *d);
/* A new hashed negative child with one reference, or NULL. */
struct dentry *dentry_alloc(struct dentry *parent, const char *name, size_t len);
/* A child that has no name in its directory (O_TMPFILE); takes over the inode
 * reference on success. NULL on no memory. */
struct dentry *dentry_alloc_unlinked(struct dentry *parent, const char *name,
				     struct inode *inode);
/* After the file system removed the name: unhashes, marks, unpins. The caller
 * holds a reference of its own. */
void dentry_delete(struct dentry *d);
/* After a rename: old takes the place and name of new, which is deleted or,
 * when negative, forgotten. name: copy of new's, taken over. */
void dentry_move(struct dentry *old, struct dentry *new, char *name);
/* After RENAME_EXCHANGE: a and b change places and names. */
void dentry_exchange(struct dentry *a, struct dentry *b);
/* Is a the same as or above d? */
bool dentry_is_ancestor(const struct dentry *a, const struct dentry *d);
/* Frees names that are kept unused: up to count, of sb only unless NULL. */
void dentry_shrink(u64 count, const struct super_block *sb);
/* The name is not what the directory has any more: it is not found again, and goes when
 * nobody uses it. */
void dentry_forget(struct dentry *d);
/* Takes d_pin back. The caller holds a reference of its own. */
void d_unpin(struct dentry *d);
/* Unpins everything below root, so that what nobody uses is freed. */
void dentry_drop_tree(struct dentry *root);

/* --- mount.c ----------------------------------------------------------------- */

/* Boot: makes sb (reference taken over) the root mount, flags MS_*. 0 or -ENOMEM. */
int mount_init_root(struct super_block *sb, const char *source, u32 flags);
/* A mount of sb (reference taken over) that hangs nowhere, for files that have no
 * place; for good. NULL on no memory. */
struct mount *mount_kernel(struct super_block *sb, const char *source);
/* The root of the first mount tree, not referenced. */
struct mount *mount_root(void);
/* A mount of sb (reference taken over) that hangs nowhere: the root of a tree; and a copy
 * of from as such, from root on. NULL on no memory. Dropped with everything on it. */
struct mount *mount_apart(struct super_block *sb, struct dentry *root, const char *source,
			  u32 flags);
struct mount *mount_copy_root(const struct mount *from, struct dentry *root);
void mount_drop_tree(struct mount *root);
/* Where the current process's name space keeps its root (mount_space.c). */
struct mount **mount_space_root(void *space);
void mount_get(struct mount *mnt);
void mount_put(struct mount *mnt);
/* Goes down through everything mounted on path; true if that moved it. */
bool mount_cross_down(struct path *path);
/* -EROFS or 0. */
int mount_want_write(const struct mount *mnt);
/* Changes the flags of the mount that path is the root of (MS_REMOUNT). 0, -EINVAL,
 * -EBUSY (it is being written). */
int mount_set_flags(const struct path *path, u32 flags);
/* The file system becomes read-only or writable: 0, -EBUSY, or what it says. */
int super_remount(struct super_block *sb, bool read_only);
/* A file system of this type, a new one or what is on that disk already; one reference,
 * or ERR_PTR. source may be NULL where none is needed. */
struct super_block *super_for(const struct fs_type *fs, const char *source, u32 flags,
			      const char *options);
/* Mounts type at target; vfs_mount on a walked path. -EBUSY: it is there already. */
int mount_at(const char *type, const char *source, const struct path *target,
	     u32 flags, const char *options);
/* Mounts sb (reference taken over, also when it fails) at target: a directory on a
 * directory, a file on a file. 0, -ENOTDIR, -EISDIR, -ENOMEM. */
int mount_super(struct super_block *sb, const char *source, const struct path *target,
		u32 flags);
/* umount2(2) of the mount that path is the root of: -EINVAL, -EBUSY. */
int mount_detach(struct path *path, u32 flags);
/* The file system of this type on a disk: the one that is mounted already, or a
 * new mount. One reference, or ERR_PTR: -EACCES (read-only disk), -EBUSY (mounted
 * as another type), and what the type says. */
struct super_block *super_of_disk(const struct fs_type *fs, struct blkdev *dev,
				  bool read_only, const char *options);
/* Mounts what from shows below root at target, too. 0 or -ENOMEM. */
int mount_copy(const struct mount *from, struct dentry *root, const struct path *target,
	       struct mount **copy);
/* Takes mnt from its place and hangs it at target (NULL: it becomes the root). */
void mount_relink(struct mount *mnt, const struct path *target);
/* Takes mnt and everything below it out of the tree; users keep theirs. */
void mount_unlink_tree(struct mount *mnt);

/* --- mount_tree.c ------------------------------------------------------------- */

/* MS_BIND, with MS_REC everything below it, too. 0 or -errno. */
int mount_bind(const struct path *source, const struct path *target, bool recursive);
/* The same, hanging nowhere: a floating mount, or ERR_PTR(-EINVAL, -ENOMEM). */
struct mount *mount_clone(const struct path *source, bool recursive);
/* Copies all that hangs on source's mount below its directory under top, its copy;
 * each has its copy in ->copy, until mount_forget_copies. 0 or -ENOMEM. */
int mount_copy_below(const struct path *source, struct mount *top);
void mount_forget_copies(void);
/* MS_MOVE, and a floating mount comes to hang there: -EINVAL, -ELOOP, -ENOENT. */
int mount_move(const struct path *source, const struct path *target);
/* pivot_root(2) without its privilege: -ENOTDIR, -EBUSY, -EINVAL. */
int mount_pivot(const struct path *new, const struct path *put_old);
/* Drops a reference of sb; the last one frees its tree. */
void super_put(struct super_block *sb);

/* --- mount_attr.c ------------------------------------------------------------- */

/* mount_setattr(2): the mount that path is the root of, and all that hangs on it with
 * recursive, gets the flags set (MS_*) instead of clear. -EINVAL, -EBUSY: nothing is
 * changed. */
int mount_change_flags(const struct path *path, bool recursive, u32 set, u32 clear);

/* --- path.c: the walk in steps ------------------------------------------------ */

enum walk_last {
	WALK_LAST_NAME,	  /* an ordinary name */
	WALK_LAST_DOT,
	WALK_LAST_DOTDOT,
	WALK_LAST_SELF,	  /* nothing left: path is the result */
};

struct walk_link;

/* Invariant between the calls: path and root are referenced. */
struct walk {
	struct path path; /* how far the walk came */
	struct path root; /* ".." stops here, absolute links start here */
	const char *rest; /* not walked yet, in name or in the innermost link */
	struct walk_link *link;
	u32 flags, links; /* WALK_*; links followed so far */
	enum walk_last last_type;
	const char *last; /* WALK_LAST_NAME: in rest's text, not terminated */
	size_t last_len;
	bool must_be_dir; /* slashes follow the last component */
};

/* Starts at dirfd, the cwd or the root. On failure nothing is to be ended. */
int walk_start(struct walk *w, int dirfd, const char *name, u32 flags);
/* Goes to the directory that holds the last component. */
int walk_to_last(struct walk *w);
/* Look-up of the last component: referenced dentry, possibly negative. */
struct dentry *walk_lookup_last(struct walk *w);
/*
 * Makes d, child of w->path, the place reached (mounts crossed). A symbolic
 * link with follow set is entered instead: returns 1 when walk_to_last has to
 * go on with its text. 0: w->path is the place. Drops the reference of d.
 */
int walk_enter(struct walk *w, struct dentry *d, bool follow);
/* All the way, following a final link unless WALK_NOFOLLOW. */
int walk_final(struct walk *w);
void walk_end(struct walk *w);

/* --- perm.c ------------------------------------------------------------------- */

/* Is the group one of the current task's, by its file-system id? */
bool perm_in_group(u32 gid);
/* Owner or CAP_FOWNER? */
bool inode_owner_or_capable(const struct inode *inode);
/* The mode of a new file in dir without the set-group-ID bit of a group that its maker is
 * not in; before the umask takes bits away. */
u32 mode_strip_sgid(const struct inode *dir, u32 mode);
/* Owner, group and set-group-ID of a new inode in dir by the current fs ids. */
void inode_init_owner(struct inode *inode, const struct inode *dir);
/* Write and search permission on a directory that still exists. */
int dir_may_create(const struct inode *dir, const struct dentry *parent);
/* May the name victim be removed from parent? is_dir: as rmdir would. */
int dir_may_delete(const struct dentry *parent, const struct dentry *victim,
		   bool is_dir);
/* Drops set-user-ID and set-group-ID as a write by the unprivileged does. */
void inode_drop_privileges(struct inode *inode);

/* --- inode.c ------------------------------------------------------------------- */

/* Access time with relatime semantics. */
void inode_accessed(struct inode *inode, const struct mount *mnt);

/* --- vfs_open.c ----------------------------------------------------------------- */

/* Size change by truncate(2), ftruncate and O_TRUNC: write permission is the
 * caller's business. -EINVAL, -EISDIR, -EFBIG with SIGXFSZ, -ETXTBSY. */
int inode_truncate(struct inode *inode, u64 size);

/* --- ramfs.c --------------------------------------------------------------------- */

/* New ramfs; fstype "tmpfs" has a size limit (option or half of RAM). */
struct super_block *ramfs_create(const char *fstype, const char *options,
				 bool limited);
/* The file is about to grow to size: frames come in contiguous runs. */
void ramfs_expect(struct inode *inode, u64 size);

#endif
