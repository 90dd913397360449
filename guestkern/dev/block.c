/*
 * The machine's disks: names, sizes, bounds, and moving data between a disk and
 * frames of RAM, which the kernel does not have mapped and therefore go through
 * a buffer of the core.
 */
#include "dev/block.h"

#include "abi/disklog.h"
#include "abi/diskio.h"
#include "dev/blkwrite.h"
#include "dev/chrdev.h"
#include "dev/diskio.h"
#include "dev/overlay.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/slab.h"

#define READAHEAD_SECTORS 256 /* Linux: VM_READAHEAD_PAGES */
#define BOUNCE_ORDER 4 /* 64 KiB: two host calls for each so much */
#define BOUNCE_BYTES (PAGE_SIZE << BOUNCE_ORDER)

static struct blkdev disks[LODGER_MAX_DISKS];
static u32 disk_count;
static u8 *bounce;

static void add_disk(const struct lodger_disk *disk)
{
	struct blkdev *dev = &disks[disk_count];

	*dev = (struct blkdev){
		.rdev = MKDEV(BLKDEV_MAJOR, disk_count * BLKDEV_MINORS),
		.size_bytes = disk->bytes,
		.file = disk->file,
		.log = disk->log,
		.read_only = disk->flags & LODGER_DISK_READ_ONLY,
		.no_flush = disk->flags & LODGER_DISK_NO_FLUSH,
		.helped = disk->flags & LODGER_DISK_HELPED,
	};
	dev->host_read_only = dev->read_only;
	dev->readahead = READAHEAD_SECTORS;
	ksnprintf(dev->name, sizeof(dev->name), "vd%c", 'a' + (int)disk_count);
	disk_count++;
	if (!disk->overlay)
		return;
	dev->overlay = overlay_open(disk->overlay - 1, disk->file, disk->bytes);
	if (!IS_ERR(dev->overlay))
		return;
	klog("%s: no snapshot (error %d): read-only", dev->name, -(int)PTR_ERR(dev->overlay));
	dev->overlay = NULL;
	dev->read_only = dev->host_read_only = true;
}

void blkdev_init(void)
{
	const struct lodger_boot *boot = boot_info();

	disk_count = 0;
	blkwrite_init();
	if (!boot->disk_count)
		return;
	bounce = kpages_alloc(BOUNCE_ORDER);
	if (!bounce) {
		klog("disks: no memory for a buffer");
		return;
	}
	for (u32 i = 0; i < MIN(boot->disk_count, (u32)LODGER_MAX_DISKS); i++)
		add_disk(&boot->disk[i]);
}

struct blkdev *blkdev_at(u32 index)
{
	return index < disk_count ? &disks[index] : NULL;
}

struct blkdev *blkdev_find(u64 rdev)
{
	for (u32 i = 0; i < disk_count; i++) {
		if (disks[i].rdev == rdev)
			return &disks[i];
	}
	return NULL;
}

static bool inside(const struct blkdev *dev, u64 at, u64 len_bytes)
{
	return at <= dev->size_bytes && len_bytes <= dev->size_bytes - at;
}

/* Appends a record, and len_bytes of data to it. */
static int log_append(struct blkdev *dev, u32 kind, u64 at, const void *data, u64 len_bytes)
{
	const struct lodger_disklog head = { LODGER_DISKLOG_MAGIC, kind, at, len_bytes };
	int err;

	if (!dev->log)
		return 0;
	err = blockfile_write(dev->log - 1, dev->log_at, &head, sizeof(head));
	dev->log_at += sizeof(head);
	if (!err && data) {
		err = blockfile_write(dev->log - 1, dev->log_at, data, len_bytes);
		dev->log_at += len_bytes;
	}
	return err;
}

int blkdev_read(struct blkdev *dev, u64 at, void *buf, size_t len_bytes)
{
	if (!inside(dev, at, len_bytes))
		return -EIO;
	blkwrite_settle(dev, at, len_bytes);
	if (dev->overlay)
		return overlay_read(dev->overlay, at, buf, len_bytes);
	return blockfile_read(dev->file, at, buf, len_bytes);
}

int blkdev_write(struct blkdev *dev, u64 at, const void *buf, size_t len_bytes)
{
	int err;

	if (dev->read_only)
		return -EROFS;
	if (!inside(dev, at, len_bytes))
		return -EIO;
	blkwrite_settle(dev, at, len_bytes);
	err = log_append(dev, LODGER_DISKLOG_WRITE, at, buf, len_bytes);
	if (err)
		return err;
	if (dev->overlay)
		return overlay_write(dev->overlay, at, buf, len_bytes);
	return blockfile_write(dev->file, at, buf, len_bytes);
}

int blkdev_read_ram(struct blkdev *dev, u64 at, gpa_t to, size_t len_bytes)
{
	int err = 0;
	size_t n;

	for (; len_bytes && !err; len_bytes -= n, at += n, to.v += n) {
		n = MIN(len_bytes, BOUNCE_BYTES);
		err = blkdev_read(dev, at, bounce, n);
		if (!err)
			ram_write(to, bounce, n);
	}
	return err;
}

int blkdev_read_ram_wait(struct blkdev *dev, u64 at, gpa_t to, size_t len_bytes,
			 bool *slept)
{
	int err = dev->helped && inside(dev, at, len_bytes) ? 0 : -EAGAIN;
	size_t n;

	for (; len_bytes && !err; len_bytes -= n, at += n, to.v += n) {
		n = MIN(len_bytes, (size_t)LODGER_DISKIO_BYTES_MAX);
		blkwrite_settle(dev, at, n);
		n = MIN(n, (size_t)BOUNCE_BYTES);
		if (!blockfile_read_cached(dev->file, at, bounce, n)) {
			ram_write(to, bounce, n);
			continue;
		}
		/* the bounce buffer is others' while this task sleeps */
		n = MIN(len_bytes, (size_t)LODGER_DISKIO_BYTES_MAX);
		ram_written(to, n);
		err = diskio_read(dev->file, at, to, n);
		*slept |= err != -EAGAIN;
	}
	return err == -EAGAIN ? blkdev_read_ram(dev, at, to, len_bytes) : err;
}

int blkdev_write_ram(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes)
{
	int err = 0;
	size_t n;

	for (; len_bytes && !err; len_bytes -= n, at += n, from.v += n) {
		n = MIN(len_bytes, BOUNCE_BYTES);
		ram_read(from, bounce, n);
		err = blkdev_write(dev, at, bounce, n);
	}
	return err;
}

int blkdev_write_start(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes,
		       blkdev_done_fn *done, void *arg)
{
	int err;

	if (dev->helped && !dev->read_only && inside(dev, at, len_bytes) &&
	    len_bytes > BOUNCE_BYTES) {
		err = blkwrite_start(dev, at, from, len_bytes, done, arg);
		if (!err || blkwrite_is_busy())
			return err;
	}
	/* little is sooner done than asked for */
	done(arg, blkdev_write_ram(dev, at, from, len_bytes));
	return 0;
}

bool blkdev_write_room(void)
{
	return blkwrite_has_room();
}

void blkdev_wait_write(void)
{
	diskio_wait();
}

void blkdev_sleep_writes(struct blkdev *dev)
{
	blkwrite_sleep(dev);
}

int blkdev_flush(struct blkdev *dev)
{
	int err;

	blkwrite_settle(dev, 0, dev->size_bytes);
	if (dev->read_only || dev->no_flush)
		return 0;
	err = dev->overlay ? overlay_flush(dev->overlay, true) : blockfile_flush(dev->file);
	return err ? err : log_append(dev, LODGER_DISKLOG_FLUSH, 0, NULL, 0);
}

int blkdev_flush_wait(struct blkdev *dev)
{
	int err = -EAGAIN;

	blkwrite_sleep(dev);
	if (dev->helped && !dev->read_only && !dev->no_flush)
		err = diskio_flush(dev->file);
	return err == -EAGAIN ? blkdev_flush(dev) : err;
}

void blkdev_shutdown(void)
{
	for (u32 i = 0; i < disk_count; i++) {
		blkwrite_settle(&disks[i], 0, disks[i].size_bytes);
		if (disks[i].overlay)
			overlay_flush(disks[i].overlay, !disks[i].no_flush);
	}
}

int blkdev_discard(struct blkdev *dev, u64 at, u64 len_bytes)
{
	int err;

	if (dev->read_only)
		return -EROFS;
	if (!inside(dev, at, len_bytes))
		return -EINVAL;
	blkwrite_settle(dev, at, len_bytes);
	if (dev->overlay)
		return -EOPNOTSUPP;
	err = log_append(dev, LODGER_DISKLOG_DISCARD, at, NULL, len_bytes);
	if (err)
		return err;
	return blockfile_discard(dev->file, at, len_bytes);
}
