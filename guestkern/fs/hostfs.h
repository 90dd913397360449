/*
 * What the files of hostfs share: files of the host, through the broker
 * (abi/broker.h).
 *
 *   hostfs_call.c   requests and answers
 *   hostfs_super.c  mounting, sync, statfs
 *   hostfs_inode.c  inodes in memory, and how fresh they are
 *   hostfs_dir.c    look-ups and listings
 *   hostfs_namei.c  making, removing and moving names
 *   hostfs_private.c  the same where changes stay in memory
 *   hostfs_file.c   regular files
 *   hostfs_xattr.c  extended attributes
 *   hostfs_layer.c  what changed in memory, written out
 *
 * Others change the same files. What is cached is as true as close-to-open: who opens
 * a file sees what was in it when its last writer, here or on the host, had closed
 * it. Names and directories may be HOSTFS_FRESH_NS old, attributes of files that nobody
 * opens HOSTFS_FILE_FRESH_NS; the names of a directory are
 * taken for what they were as long as its time of change is the same.
 */
#ifndef FS_HOSTFS_H
#define FS_HOSTFS_H

#include "abi/broker.h"
#include "fs/diskfile.h"
#include "fs/vfs.h"
#include "lib/radix.h"

#define HOSTFS_FRESH_NS 1000000000ULL
#define HOSTFS_FILE_FRESH_NS (5 * HOSTFS_FRESH_NS) /* what is no directory, unopened */

struct hostfs {
	struct super_block *sb;
	u32 root_handle;
	bool read_only;
	bool private; /* changes stay in memory; the host's files are only read */
	struct list_head kept; /* private: inodes that differ from the host's */
	u64 dev; /* the host's, of the root */
	struct radix inodes; /* by number -> struct inode in memory */
};

/* A directory's names as they once were. */
struct hostfs_list;

struct hostfs_info {
	struct inode *self;
	struct inode *dir; /* where it was found last, referenced; NULL: the root */
	char *name;	   /* under which name there */
	u32 handle;
	bool has_handle;
	u8 access;     /* how the broker has it open: enum hostfs_access */
	bool covered;  /* something else is mounted there on the host: shown empty */
	bool times_ours; /* mtime was set here, the host does not know */
	bool owner_ours; /* owner or set-ID bits are what the host could not keep */
	bool has_xattrs; /* the host's file has extended attributes */
	bool no_caps;	 /* and security.capability is none of them */
	bool xattrs_ours; /* private: they are in memory (inode->xattrs) */
	/* Where changes stay in memory: */
	bool modified; /* differs from the host's, which has no say any more */
	bool loaded;   /* directories: all names are here, as pinned dentries */
	bool fresh;    /* there is none on the host */
	bool marked;   /* hostfs_layer.c: it, or something below, is in fs->kept */
	u64 host_bytes; /* modified: so much of its contents is the host's */
	struct list_head kept; /* in fs->kept, with a reference, if modified or loaded */
	bool shrunk;   /* the host's file ends at shrunk_size */
	u32 epoch;     /* directories: changes with the set of names */
	u64 dev, checked_ns, shrunk_size;
	/* As the host had them when they were looked at last. */
	u64 host_size;
	u32 host_mode, host_uid, host_gid;
	struct timespec64 host_mtime, host_atime, host_ctime;
	char *target;	/* symbolic links: once read */
	struct hostfs_list *list; /* directories: once read */
	struct diskfile *df; /* regular files, once opened or changed; or NULL */
};

enum hostfs_access { HOSTFS_PATH = 0, HOSTFS_READ, HOSTFS_WRITE };

static inline struct hostfs *hostfs_of(const struct inode *inode)
{
	return inode->sb->private;
}

static inline struct hostfs_info *hostfs_info_of(const struct inode *inode)
{
	return inode->private;
}

/* --- hostfs_call.c ---------------------------------------------------------------- */

struct hostfs_call {
	struct lodger_broker_request rq; /* op and what belongs to it */
	const char *name, *text;	 /* or NULL */
	const void *value;		 /* instead of text, or NULL */
	size_t value_bytes;
	struct lodger_broker_reply reply;
	char *text_to; /* READLINK: LODGER_BROKER_TEXT_MAX bytes, or NULL */
};

/* Asks the broker: 0 or -errno, its own or the host's. */
int hostfs_call(struct hostfs_call *call);
/* The same, of requests without strings that helpers make: the calling task sleeps, and
 * what it knows of the file may have changed. -EAGAIN: nobody could be asked. */
int hostfs_call_apart(struct hostfs_call *call);
/* The same for what may give a handle: if the broker has too many, after giving some back,
 * those of files that nobody uses. */
int hostfs_call_with_room(struct super_block *sb, struct hostfs_call *call);
/* Nobody will use the handle any more. The broker learns it with the next request, or
 * from hostfs_close_now. */
void hostfs_close_handle(u32 handle);
void hostfs_close_now(void);

/* --- hostfs_inode.c --------------------------------------------------------------- */

/* The inode of what attr is about, found in dir (NULL: the root) by name: referenced,
 * fresh; or ERR_PTR(-ENOMEM). */
struct inode *hostfs_iget(struct super_block *sb, const struct lodger_broker_attr *attr,
			  struct inode *dir, const char *name);
/* One that is in memory only, of mode; owner, number and times set. NULL: no memory. */
struct inode *hostfs_new(struct super_block *sb, u32 mode);
/* Where inode is to be found from now on. 0 or -ENOMEM (it stays where it was). */
int hostfs_set_place(struct inode *inode, struct inode *dir, const char *name);
/* Gives it a handle, opened as access says. 0 or -errno. -ESTALE: it is not where it
 * was. Attributes are fresh afterwards if anything was asked. */
int hostfs_hold(struct inode *inode, enum hostfs_access access);
/* Takes over what the host says. adopt: the change was our own. */
void hostfs_take_attr(struct inode *inode, const struct lodger_broker_attr *attr,
		      bool adopt);
/* Asks the host unless that was done a moment ago, or always. 0 or -errno. */
int hostfs_refresh(struct inode *inode, bool always);
/* After an operation that changed names in a directory: nobody else's changes have
 * come between if it was before as we knew it. which: 0 or 1, as in the reply. */
void hostfs_dir_changed(struct inode *dir, const struct lodger_broker_reply *reply, u32 which);
/* Owner and mode, with its type, for a new file in dir. */
struct hostfs_owner {
	u32 mode, uid, gid;
};
struct hostfs_owner hostfs_new_owner(const struct inode *dir, u32 mode);
/* inode, of attributes as the host has them now, is to be that: what the host could not
 * keep is remembered here. */
void hostfs_keep_owner(struct inode *inode, const struct hostfs_owner *owner);
/* In inode_ops. */
void hostfs_getattr(struct inode *inode);
int hostfs_setattr(struct inode *inode);
void hostfs_evict(struct inode *inode);

/* --- hostfs_dir.c ----------------------------------------------------------------- */

/* In inode_ops. */
int hostfs_lookup(struct inode *dir, struct dentry *child);
/* In super_ops. */
int hostfs_revalidate(struct dentry *d);
/* Tells every name of a directory, as it is now. 0, what each said, or -errno. */
int hostfs_each_name(struct inode *dir, int (*each)(void *context, const char *name, u32 len),
		     void *context);
/* Forgets the cached listing. */
void hostfs_drop_list(struct hostfs_info *info);
extern const struct file_ops hostfs_dir_fops;

/* --- hostfs_file.c ---------------------------------------------------------------- */

/* In inode_ops, for directories too. */
int hostfs_open(struct inode *inode, struct file *f);
/* A regular file is to be read or written: info->df is there. 0 or -ENOMEM. */
int hostfs_contents(struct inode *inode);
/* A request to SYNC what is open: the calling task sleeps. 0 or -errno. */
int hostfs_sync(struct hostfs_call *call);
/* Writes to the host what was only here. 0 or the first error. */
int hostfs_flush(struct inode *inode);
extern const struct file_ops hostfs_file_fops;
extern const struct diskfile_ops hostfs_diskfile_ops;

/* --- hostfs_private.c ------------------------------------------------------------- */

/* The inode is about to differ from the host's. */
void hostfs_modify(struct inode *inode);
/* The file system goes: forgets what was kept. */
void hostfs_drop_kept(struct hostfs *fs);
extern const struct inode_ops hostfs_private_dir_ops;

/* --- hostfs_layer.c --------------------------------------------------------------- */

/* Writes what differs from the host's in a file system whose changes stay in memory to
 * the broker's handle. 0 or -errno. The machine is about to end. */
int hostfs_write_layer(struct super_block *sb, u32 handle);

/* --- hostfs_xattr.c --------------------------------------------------------------- */

struct xattr_ops;
extern const struct xattr_ops hostfs_xattr_ops;

/* --- operations ------------------------------------------------------------------- */

extern const struct inode_ops hostfs_dir_ops, hostfs_file_ops, hostfs_link_ops,
	hostfs_special_ops;

#endif
