/*
 * See blkwrite.h. A write holds the frames that it is made from, so that they are
 * nobody else's before a helper has read them; what changes in them meanwhile may or
 * may not get to the disk, and whoever changes it writes it again.
 *
 * Invariant: of two writes to the same bytes the second begins after the first one's
 * end. Helpers keep no order.
 */
#include "dev/blkwrite.h"

#include "dev/diskio.h"
#include "lib/err.h"
#include "mm/page.h"
#include "proc/task.h"
#include "proc/wait.h"

/* Readers and flushes need room for requests, too. */
#define WRITES_MAX 8u

static struct write {
	const struct blkdev *dev; /* NULL: none */
	u64 at, len_bytes;
	u64 number; /* counts up */
	pfn_t first, end;
	blkdev_done_fn *done;
	void *arg;
} writes[WRITES_MAX];
static u64 last_number;
static struct wait_queue finished;

void blkwrite_init(void)
{
	wait_queue_init(&finished);
}

static struct write *free_write(void)
{
	for (u32 i = 0; i < WRITES_MAX; i++) {
		if (!writes[i].dev)
			return &writes[i];
	}
	return NULL;
}

static void write_finished(void *arg, int err)
{
	struct write *w = arg, was = *w;

	w->dev = NULL;
	for (pfn_t pfn = was.first; pfn < was.end; pfn++)
		page_put(pfn);
	wake_up(&finished);
	was.done(was.arg, err);
}

int blkwrite_start(struct blkdev *dev, u64 at, gpa_t from, size_t len_bytes,
		   blkdev_done_fn *done, void *arg)
{
	struct write *w = free_write();
	int err;

	if (!w)
		return -EAGAIN;
	blkwrite_settle(dev, at, len_bytes);
	*w = (struct write){
		.dev = dev,
		.at = at,
		.len_bytes = len_bytes,
		.number = ++last_number,
		.first = (pfn_t)(from.v >> PAGE_SHIFT),
		.end = (pfn_t)(ALIGN_UP(from.v + len_bytes, PAGE_SIZE) >> PAGE_SHIFT),
		.done = done,
		.arg = arg,
	};
	err = diskio_write_start(dev->file, at, from, len_bytes, write_finished, w);
	if (err) {
		w->dev = NULL;
		return err;
	}
	for (pfn_t pfn = w->first; pfn < w->end; pfn++)
		page_get(pfn);
	return 0;
}

bool blkwrite_has_room(void)
{
	return free_write() != NULL;
}

bool blkwrite_is_busy(void)
{
	for (u32 i = 0; i < WRITES_MAX; i++) {
		if (writes[i].dev)
			return true;
	}
	return false;
}

static bool is_writing(const struct blkdev *dev, u64 at, u64 len_bytes)
{
	for (u32 i = 0; i < WRITES_MAX; i++) {
		const struct write *w = &writes[i];

		if (w->dev == dev && at < w->at + w->len_bytes && w->at < at + len_bytes)
			return true;
	}
	return false;
}

void blkwrite_settle(const struct blkdev *dev, u64 at, u64 len_bytes)
{
	while (is_writing(dev, at, len_bytes))
		diskio_wait();
}

static bool is_writing_until(const struct blkdev *dev, u64 number)
{
	for (u32 i = 0; i < WRITES_MAX; i++) {
		if (writes[i].dev == dev && writes[i].number <= number)
			return true;
	}
	return false;
}

void blkwrite_sleep(const struct blkdev *dev)
{
	u64 number = last_number;
	struct wait_entry we;

	if (!sched_may_sleep()) {
		blkwrite_settle(dev, 0, dev->size_bytes);
		return;
	}
	wait_prepare(&finished, &we);
	while (is_writing_until(dev, number))
		wait_sleep_through();
	wait_finish(&we);
}
