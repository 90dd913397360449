/*
 * Block devices: the machine's disks, /dev/vda and on. fs/blkdev_file.c turns
 * them into files, file systems use them directly.
 *
 * A device has no cache of its own: the host's file has one. What a file system
 * holds back, a reader of the device does not see.
 */
#ifndef DEV_BLOCK_H
#define DEV_BLOCK_H

#include "lib/types.h"

#define BLKDEV_SECTOR_BYTES 512
#define BLKDEV_MAJOR 254    /* of virtio_blk, as a rule */
#define BLKDEV_MINORS 16    /* of one disk */

struct blkdev {
	char name[8]; /* below /dev */
	u64 rdev;
	u64 size_bytes;
	u32 file; /* of hal's block files */
	u32 log;  /* 1 + the one that writes are recorded in, or 0 */
	u64 log_at;
	struct overlay *overlay; /* changes go there; or NULL */
	bool read_only, no_flush;
	bool helped; /* slow requests may go to the helpers (dev/diskio.h) */
	void *super; /* the file system mounted from it (fs), or NULL */
};

/* Boot: what the machine was given. Needs kmem_init. */
void blkdev_init(void);
/* All disks, index from 0, NULL at the end. */
struct blkdev *blkdev_at(u32 index);
struct blkdev *blkdev_find(u64 rdev);

/*
 * Transfers between [at, at + len) of the device, which must lie within it, and
 * memory as hal's ram_read takes it (kernel memory, prepared user memory), or
 * RAM frames. Any alignment. 0, -EIO, -ENOSPC and what else the host says, -EROFS
 * for a write to a read-only device.
 */
int blkdev_read(struct blkdev *dev, u64 at, void *buf, size_t len_bytes);
int blkdev_write(struct blkdev *dev, u64 at, const void *buf, size_t len_bytes);
int blkdev_read_ram(struct blkdev *dev, u64 at, gpa_t to, size_t len_bytes);
/* As blkdev_read_ram; sleeps while the host fetches what it has not in memory, and
 * says so in *slept, which is not touched otherwise. */
int blkdev_read_ram_wait(struct blkdev *dev, u64 at, gpa_t to, size_t len_bytes,
			 bool *slept);
int blkdev_write_ram(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes);
/* The machine ends: nothing that was written is lost. */
void blkdev_shutdown(void);
/* Everything written so far lasts when this has returned 0. */
int blkdev_flush(struct blkdev *dev);
/* The same; the calling task sleeps meanwhile, others run. */
int blkdev_flush_wait(struct blkdev *dev);
/* The contents of the range need not be kept; they read as zero after 0. */
int blkdev_discard(struct blkdev *dev, u64 at, u64 len_bytes);

#endif
