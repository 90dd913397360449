/* Snapshots: a disk whose changes go to another file (abi/overlay.h). */
#ifndef DEV_OVERLAY_H
#define DEV_OVERLAY_H

#include "lib/types.h"

struct overlay;

/* The overlay in block file `file` over the disk of size_bytes in block file
 * `below`; or ERR_PTR(-ENOMEM, -EINVAL: not one of this disk, -EIO). */
struct overlay *overlay_open(u32 file, u32 below, u64 size_bytes);
/* As blkdev_read and blkdev_write, the range checked. */
int overlay_read(struct overlay *ov, u64 at, void *buf, size_t len_bytes);
int overlay_write(struct overlay *ov, u64 at, const void *buf, size_t len_bytes);
/* Writes out which clusters are there. sync: in an order, and so, that a crash of
 * the host loses nothing of it. */
int overlay_flush(struct overlay *ov, bool sync);

#endif
