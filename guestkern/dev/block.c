/*
 * The machine's disks: names, sizes, bounds, and moving data between a disk and
 * frames of RAM, which the kernel does not have mapped and therefore go through
 * a buffer of the core.
 */
#include "dev/block.h"

#include "dev/chrdev.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/slab.h"

#define BOUNCE_ORDER 4 /* 64 KiB: two host calls for each so much */
#define BOUNCE_BYTES (PAGE_SIZE << BOUNCE_ORDER)

static struct blkdev disks[LODGER_MAX_DISKS];
static u32 disk_count;
static u8 *bounce;

void blkdev_init(void)
{
	const struct lodger_boot *boot = boot_info();

	disk_count = 0;
	if (!boot->disk_count)
		return;
	bounce = kpages_alloc(BOUNCE_ORDER);
	if (!bounce) {
		klog("disks: no memory for a buffer");
		return;
	}
	for (; disk_count < MIN(boot->disk_count, (u32)LODGER_MAX_DISKS); disk_count++) {
		struct blkdev *dev = &disks[disk_count];

		*dev = (struct blkdev){
			.rdev = MKDEV(BLKDEV_MAJOR, disk_count * BLKDEV_MINORS),
			.size_bytes = boot->disk[disk_count].bytes,
			.file = boot->disk[disk_count].file,
			.read_only = boot->disk[disk_count].flags & LODGER_DISK_READ_ONLY,
		};
		ksnprintf(dev->name, sizeof(dev->name), "vd%c", 'a' + (int)disk_count);
	}
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

int blkdev_read(struct blkdev *dev, u64 at, void *buf, size_t len_bytes)
{
	if (!inside(dev, at, len_bytes))
		return -EIO;
	return blockfile_read(dev->file, at, buf, len_bytes);
}

int blkdev_write(struct blkdev *dev, u64 at, const void *buf, size_t len_bytes)
{
	if (dev->read_only)
		return -EROFS;
	if (!inside(dev, at, len_bytes))
		return -EIO;
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

int blkdev_flush(struct blkdev *dev)
{
	return dev->read_only ? 0 : blockfile_flush(dev->file);
}

int blkdev_discard(struct blkdev *dev, u64 at, u64 len_bytes)
{
	if (dev->read_only)
		return -EROFS;
	if (!inside(dev, at, len_bytes))
		return -EINVAL;
	return blockfile_discard(dev->file, at, len_bytes);
}
