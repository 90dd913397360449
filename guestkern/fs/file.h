/*
 * Open file descriptions and descriptor tables. fs/file.h declares struct
 * file_ops; regular files, directories, pipes, devices and (net) sockets
 * implement it.
 */
#ifndef FS_FILE_H
#define FS_FILE_H

#include "lib/list.h"
#include "lib/types.h"
#include "proc/wait.h"

struct inode;
struct dentry;
struct file;
struct vma;
struct map_req;
struct textbuf;
struct proc_resources;
struct process;

/* Where a transfer ends: user memory or kernel memory. Implementations read
 * len (all that is left) and otherwise use the iobuf_ helpers, which know that
 * user memory may come in segments (readv, writev). */
struct iobuf_seg {
	uaddr_t addr; /* layout of struct iovec */
	u64 len_bytes;
};
struct iobuf {
	uaddr_t user; /* used when kernel == NULL */
	u8 *kernel;
	size_t len;
	/* Further segments after the current one, whose rest is seg_left; all
	 * zero for the usual single stretch. */
	size_t seg_left;
	const struct iobuf_seg *seg;
	u32 seg_count;
};

/* Directory reader's consumer: returns false when its buffer is full. */
struct dir_sink {
	bool (*emit)(struct dir_sink *sink, const char *name, size_t name_len,
		     u64 ino, u32 dtype, s64 next_pos);
};

/*
 * NULL members: read/write -EINVAL, lseek -ESPIPE, poll always ready, ioctl
 * -ENOTTY, mmap -ENODEV, iterate -ENOTDIR, fsync -EINVAL, show nothing.
 * All may sleep. read/write use and advance *pos; return bytes or -errno, and
 * -ERESTARTSYS when a signal came before the first byte.
 */
struct file_ops {
	const char *anon_name; /* what /proc/PID/fd shows: anon_inode:NAME */
	bool async;	       /* O_ASYNC works (fs/async.h): poll's wake-ups signal */
	s64 (*read)(struct file *f, struct iobuf *buf, s64 *pos);
	s64 (*write)(struct file *f, struct iobuf *buf, s64 *pos);
	s64 (*lseek)(struct file *f, s64 offset, int whence);
	/* Ready mask of POLL*; calls poll_wait(pt, …) for what can change it.
	 * pt may be NULL. Does not sleep. */
	u32 (*poll)(struct file *f, struct poll_table *pt);
	s64 (*ioctl)(struct file *f, u32 cmd, u64 arg);
	/* Fills req->object, max_prot; 0 or -errno. */
	int (*mmap)(struct file *f, struct map_req *req);
	/* Emits entries from f->pos on; sets f->pos to next_pos after each one
	 * that the sink took, stops when it took one no more. */
	int (*iterate)(struct file *f, struct dir_sink *sink);
	int (*fsync)(struct file *f);
	/* A descriptor of it is being closed, others may be left: an error of writing
	 * what was held back, for close(2) to tell. */
	int (*flush)(struct file *f);
	/* Further lines of /proc/PID/fdinfo/N. */
	void (*show)(struct file *f, struct textbuf *tb);
	int (*open)(struct file *f); /* if it fails, release is not called */
	void (*release)(struct file *f); /* last reference gone */
};

struct file {
	const struct file_ops *ops;
	u32 refs;
	u32 flags; /* O_ACCMODE, O_APPEND, O_NONBLOCK, O_DIRECTORY, O_PATH… */
	s64 pos;
	struct dentry *dentry; /* referenced; NULL for anonymous files */
	struct mount *mnt;
	struct inode *inode;   /* = dentry->inode, or the anonymous inode */
	void *private;
	s32 owner_pid;	       /* F_SETOWN (fs/async.c) */
	s32 owner_sig;
	u32 owner_uid, owner_euid;
	bool owner_thread;     /* owner_pid is a thread's */
	void *async;	       /* O_ASYNC is on */
	bool stream;	       /* set by open: no position (pread: ESPIPE) */
	bool counted_writer;   /* has its share in inode->writers */
	bool counted_reader;   /* has its share in inode->readers */
	bool locked;	       /* may hold flock or open-file-description locks */
	bool no_poll;	       /* always ready although ops has poll: epoll
				* refuses it (EPERM) */
	bool notified;	       /* inotify was told that it is open */
	u32 event;	       /* the last one that poll told of (procfs_mounts.c) */
	bool created;	       /* by this very open: nobody has changed it since */
	struct list_head watchers; /* epoll items on it (fs/epoll.c) */
};

/* New description on an inode without a name (pipe, stream); takes over the
 * caller's reference of inode. ERR_PTR(-ENOMEM, -ENFILE). */
struct file *file_create_anon(struct inode *inode, const struct file_ops *ops,
			      u32 flags, void *private);
/* The same on the one inode that all anonymous objects share (epoll, eventfd…). */
struct file *file_create_object(const struct file_ops *ops, u32 flags, void *private);
/* lseek of what has positions but no end: SEEK_SET and SEEK_CUR. -EINVAL. */
s64 file_plain_lseek(struct file *f, s64 offset, int whence);
/* lseek of objects that Linux lets seek without effect: the position as it is. */
s64 file_noop_lseek(struct file *f, s64 offset, int whence);
void file_get(struct file *f);
void file_put(struct file *f);

/* read(2) and write(2) on a description: access mode and directories checked
 * (EBADF, EISDIR, EINVAL), then the operation. */
s64 file_read(struct file *f, struct iobuf *buf, s64 *pos);
s64 file_write(struct file *f, struct iobuf *buf, s64 *pos);

/* Transfer helpers for read/write implementations: move bytes between an iobuf
 * and kernel memory, advancing buf. 0 or -EFAULT. */
int iobuf_put(struct iobuf *buf, const void *src, size_t len);
int iobuf_get(struct iobuf *buf, void *dst, size_t len);
/* Zero bytes instead. */
int iobuf_clear(struct iobuf *buf, size_t len);
/* The next stretch of buf that hal can read into / write from directly:
 * stores its pointer, returns its length or -EFAULT. write_to_it: it will be
 * written. Advance with iobuf_advance. Valid until something sleeps. */
s64 iobuf_prepare(struct iobuf *buf, void **ptr, bool write_to_it);
void iobuf_advance(struct iobuf *buf, size_t n);

/* --- descriptor table of the current process ------------------------------ */

/* The file behind fd with a reference, or NULL (EBADF); O_PATH files are not
 * given out. */
struct file *fd_get(int fd);
/* The same, O_PATH files included (fstat, fchdir, *at directories). */
struct file *fd_get_path(int fd);
/* Installs f (takes over the reference) at the lowest free fd >= min.
 * Returns fd or -EMFILE, -ENOMEM (the reference is then dropped). */
int fd_install(struct file *f, int min, bool cloexec);
int fd_close(int fd);

/* Of any process (procfs): the file behind fd with a reference, or NULL. */
struct file *process_fd_get(const struct process *p, int fd);
/* The lowest open descriptor >= fd, or -1. */
int process_fd_next(const struct process *p, int fd);

/* /proc/sys/fs/nr_open: descriptors are below it, whatever RLIMIT_NOFILE says. */
#define FILES_NR_OPEN_MIN 64
#define FILES_NR_OPEN_MAX (1 << 20)
extern s64 files_nr_open;

/* Registers clone/exit/exec of tables with proc. Boot. */
void file_init(void);

#endif
