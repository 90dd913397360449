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
	bool host_read_only; /* for good */
	u64 readahead;	     /* sectors, of BLKRASET; has no effect */
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
#define BLKDEV_WRITE_MAX (1u << 20)
typedef void blkdev_done_fn(void *arg, int err);
/*
 * The same, begun: done(arg, err) is called when it has come to its end, here or later
 * while the machine goes on, as from an interrupt. The frames are held until then; what
 * is changed in them meanwhile has to be written again. At most BLKDEV_WRITE_MAX. All
 * other calls see it as done. 0, or -EAGAIN (nothing was done): there are too many
 * under way.
 */
int blkdev_write_start(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes,
		       blkdev_done_fn *done, void *arg);
/* Can one be begun now? */
bool blkdev_write_room(void);
/* The whole machine waits until one of the writes under way has ended. */
void blkdev_wait_write(void);
/* The calling task sleeps until those to the device have that are under way now. */
void blkdev_sleep_writes(struct blkdev *dev);
/* The machine ends: nothing that was written is lost. */
void blkdev_shutdown(void);
/* Everything written so far lasts when this has returned 0. */
int blkdev_flush(struct blkdev *dev);
/* The same; the calling task sleeps meanwhile, others run. */
int blkdev_flush_wait(struct blkdev *dev);
/* The contents of the range need not be kept; they read as zero after 0. */
int blkdev_discard(struct blkdev *dev, u64 at, u64 len_bytes);

#endif
