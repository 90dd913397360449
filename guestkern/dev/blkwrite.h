/*
 * Writes to disks that helpers are making (dev/diskio.h) while the machine goes on. To
 * whoever uses the disk it is as if they were done: what touches the same bytes waits
 * for them (blkwrite_settle), a flush for all (dev/block.c sees to both).
 */
#ifndef DEV_BLKWRITE_H
#define DEV_BLKWRITE_H

#include "dev/block.h"

/* Boot. */
void blkwrite_init(void);
/* As blkdev_write_start of a disk with helpers, the range being inside; -EAGAIN: as many
 * as can be are under way, or there are no helpers. */
int blkwrite_start(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes,
		   blkdev_done_fn *done, void *arg);
/* May one more be begun? */
bool blkwrite_has_room(void);
/* Is any under way, to any disk? */
bool blkwrite_is_busy(void);
/* The whole machine waits until none to these bytes is under way. */
void blkwrite_settle(const struct blkdev *dev, u64 at, u64 len_bytes);
/* The calling task sleeps until those that are under way now are done. */
void blkwrite_sleep(const struct blkdev *dev);

#endif
