/*
 * Contents of regular files that live on a disk, or elsewhere outside of the machine:
 * a page cache shared by read, write and mmap, with read-ahead and write-back. The
 * file system says where on the disk a file's bytes are, or moves them itself.
 *
 * A cached page is whole: what the file has no blocks for is zero. Every page
 * that differs from the disk is dirty, and what differs has blocks: they are given to
 * it before it is written, which is where a full disk shows.
 */
#ifndef FS_DISKFILE_H
#define FS_DISKFILE_H

#include "fs/file.h"
#include "fs/vfs.h"
#include "mm/object.h"

struct blkdev;

struct diskfile_ops {
	/*
	 * Where the file's bytes from `at` on are: *disk_at, or 0 for a hole.
	 * Returns for how many of the next len_bytes (> 0) the answer holds:
	 * 1..len_bytes, or -errno. at and len are multiples of the block size.
	 * allocate: a hole gets blocks, whose contents do not matter; -ENOSPC.
	 */
	s64 (*map)(struct inode *inode, u64 at, u64 len_bytes, bool allocate,
		   u64 *disk_at);
	/*
	 * Instead of the disk: moves len_bytes (> 0) at `at` between the file and frames
	 * of RAM. 0 or -errno. Both, or neither. What map says is then but whether
	 * there is anything (*disk_at not 0). read may sleep unless slept is NULL,
	 * and says so in *slept, which is not touched otherwise.
	 */
	int (*read)(struct inode *inode, u64 at, gpa_t to, u64 len_bytes, bool *slept);
	int (*write)(struct inode *inode, u64 at, gpa_t from, u64 len_bytes);
	/* Pages were read: the file may turn out to be shorter. May be NULL. */
	void (*settle)(struct inode *inode);
	/* After a write or truncate changed size or times. */
	void (*changed)(struct inode *inode);
	/* Last reference of the file's memory object gone: frees what df is in. */
	void (*release)(struct vm_object *obj);
};

/* Pages [first, end) of a file that may not be taken away now. */
struct diskfile_pin {
	struct diskfile_pin *next;
	u64 first, end;
};

struct diskfile {
	struct vm_object obj;
	const struct diskfile_ops *ops;
	struct inode *inode; /* NULL: evicted, only mappings left */
	struct blkdev *dev;
	struct list_head lru; /* of all files with pages, the longest unused first */
	u32 block_bytes;
	struct diskfile_pin *pins;
	u32 ahead_pages; /* how much the next miss in sequence reads */
	u64 ahead_next;	 /* where a sequential reader misses next */
	u64 dirty_count; /* pages */
	u32 under_way;	 /* writes to the disk, each with a reference of obj */
	u32 changes;	 /* counts what a reader that slept must know of */
	int error;	 /* of a write-back since diskfile_sync last told */
	bool resident;	 /* what is written stays in memory: there is no way back */
};

/* Makes df the contents of inode, whose size is set. */
void diskfile_init(struct diskfile *df, struct inode *inode, struct blkdev *dev,
		   u32 block_bytes, const struct diskfile_ops *ops);
/* The inode goes: drops all pages and the object's reference. Dirty pages are
 * lost: sync first, but for a file that is being deleted. */
void diskfile_evict(struct diskfile *df);

/* file_ops. */
s64 diskfile_read(struct file *f, struct iobuf *buf, s64 *pos);
s64 diskfile_write(struct file *f, struct iobuf *buf, s64 *pos);
s64 diskfile_lseek(struct file *f, s64 offset, int whence);
int diskfile_mmap(struct file *f, struct map_req *req);

/* Writes dirty pages back to the disk, which is not flushed, and waits for that with
 * the whole machine. 0, or an error of this or an earlier write-back, told once. */
int diskfile_sync(struct diskfile *df);
/* The same, but the calling task sleeps: what it knows of the file may have changed. */
int diskfile_sync_wait(struct diskfile *df);
/* Begins to write all dirty pages; waits, with the whole machine, for room only. */
void diskfile_write_back(struct diskfile *df);
/* The error of a write-back that has come to its end, told once; or 0. */
int diskfile_error(struct diskfile *df);
/* Begins to write the dirty pages of all files of disks, as far as that can be without
 * waiting: false if it was not all of them. Errors are told by the file's next sync. */
bool diskfile_write_all(void);
/* The size changed from old to size: mappings and pages past the end go, what
 * lies behind the new end of the last page is zero. Before blocks are freed. */
int diskfile_resize(struct diskfile *df, u64 old, u64 size);
/* The file was changed elsewhere, and has so many bytes: forgets what is cached. None
 * of it may be dirty. */
void diskfile_forget(struct diskfile *df, u64 size);
/* [start, end) becomes zero: pages wholly inside go, the others are cleared, and
 * dirty where they have blocks. Before blocks are freed. 0 or -errno. */
int diskfile_punch(struct diskfile *df, u64 start, u64 end);

/* Frees up to so many frames of clean, unmapped pages, writing dirty ones back if
 * need be; how many it freed. For page_set_reclaim. */
u64 diskfile_reclaim(u64 pages);
/* Pages cached of all files, and those of them that are dirty. */
u64 diskfile_cached_pages(void);
u64 diskfile_dirty_pages(void);

#endif
