/*
 * The page cache of files on disks: writing. Blocks are given to a page when it
 * becomes dirty; its contents follow when the file is synced, memory gets scarce
 * or there are too many such pages.
 *
 * A shared mapping's page is shown read-only until the first write, which comes
 * as a fault and makes the page dirty; writing it back takes the right to write
 * away again.
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "dev/block.h"
#include "fs/diskfile_internal.h"
#include "fs/pagecache.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm.h"

#define CHUNK_PAGES 64u /* written at once; bits of a u64 */
#define CHUNK_BYTES ((u64)CHUNK_PAGES << PAGE_SHIFT)
#define RUN_PAGES_MAX 256u
#define DIRTY_DIVISOR 8u /* share of RAM that may wait to be written */

/* --- dirty pages ------------------------------------------------------------------------ */

static void mark_dirty(struct diskfile *df, u64 first, u64 end)
{
	u64 n;

	for (u64 index = first; index < end; index += n) {
		u64 *slot = radix_span(&df->obj.pages, index, &n);

		n = MIN(n, end - index);
		for (u64 i = 0; slot && i < n; i++) {
			if (!slot[i] || slot[i] & DISKFILE_DIRTY)
				continue;
			slot[i] |= DISKFILE_DIRTY;
			diskfile_count(df, 0, 1);
		}
	}
	vfs_write_back_later();
}

/* Gives [at, end) blocks; the end of what has them (> at), or -errno. */
static s64 allocate(struct diskfile *df, u64 at, u64 end)
{
	u64 from = ALIGN_DOWN(at, (u64)df->block_bytes);
	u64 stop = ALIGN_UP(end, (u64)df->block_bytes), disk_at;
	s64 n = 0;

	while (from < stop) {
		n = df->ops->map(df->inode, from, stop - from, true, &disk_at);
		if (n < 0)
			break;
		from += (u64)n;
	}
	return from > at ? (s64)MIN(from, end) : n;
}

int diskfile_page_mkwrite(struct diskfile *df, u64 index)
{
	u64 at = index << PAGE_SHIFT, end = MIN(at + PAGE_SIZE, df->inode->size);
	s64 got;

	/* A dirty page may have no blocks, or some only: it was a hole that was zeroed,
	 * or the file ended in it, or part of it was punched. */
	got = allocate(df, at, end);
	if (got >= 0 && (u64)got < end)
		got = -ENOSPC;
	if (got < 0)
		return (int)got;
	mark_dirty(df, index, index + 1);
	inode_touch(df->inode, false, true, true);
	df->ops->changed(df->inode);
	return 0;
}

/* --- writing ------------------------------------------------------------------------------ */

static s64 fill(struct inode *inode, u64 index, u64 count)
{
	struct diskfile *df = diskfile_of(inode);
	u32 got;
	pfn_t pfn;
	u32 done = 0;
	int err = 0;

	/* not the last of RAM: programs must be able to run, and to clean up */
	if (df->resident) {
		count = MIN(count, ramfs_pages_allowed(inode->sb));
		if (!count)
			return -ENOSPC;
	}
	pfn = page_alloc_run((u32)MIN(count, (u64)CHUNK_PAGES), &got, 0);
	if (pfn == PFN_NONE)
		return -ENOMEM;
	for (; done < got && !err; done += !err)
		err = diskfile_insert(df, index + done, pfn + done);
	for (u32 i = done + 1; i < got; i++) /* insert dropped the one that failed */
		page_put(pfn + i);
	return done ? (s64)done : err;
}

/* The page that a border of a write cuts keeps what is on the other side. */
static int bring_in_border(struct diskfile *df, u64 border)
{
	u64 index = border >> PAGE_SHIFT;

	if (!(border & ~PAGE_MASK) || vm_object_lookup(&df->obj, index) != PFN_NONE)
		return 0;
	return diskfile_bring_in(df, index, index + 1, NULL);
}

/* Which of the pages from first on are absent. */
static u64 absent_pages(const struct diskfile *df, u64 first, u64 end)
{
	u64 absent = 0;

	u64 index = first;

	while ((index = vm_object_first_absent(&df->obj, index, end)) < end)
		absent |= 1ULL << (index++ - first);
	return absent;
}

/* After [at, end) got blocks up to stop only: the new pages behind go, and what
 * the last one holds of it. */
static void undo_fill(struct diskfile *df, u64 fresh, u64 first, u64 stop, u64 end)
{
	u64 index = ALIGN_UP(stop, PAGE_SIZE) >> PAGE_SHIFT;

	if (stop & ~PAGE_MASK && fresh & 1ULL << ((stop >> PAGE_SHIFT) - first))
		pagecache_zero(df->inode, stop, MIN(end, ALIGN_UP(stop, PAGE_SIZE)));
	for (; index << PAGE_SHIFT < end; index++) {
		if (fresh & 1ULL << (index - first))
			diskfile_drop(df, index, index + 1);
	}
}

/* As pagecache_ready_fn: frames, what stays of the cut pages, and blocks. */
static s64 ready(struct inode *inode, u64 at, u64 end)
{
	struct diskfile *df = diskfile_of(inode);
	u64 first = at >> PAGE_SHIFT, fresh;
	s64 stop, err;

	end = MIN(end, (first + CHUNK_PAGES) << PAGE_SHIFT);
	err = bring_in_border(df, at);
	if (!err)
		err = bring_in_border(df, end);
	if (err)
		return err;
	fresh = absent_pages(df, first, ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT);
	stop = pagecache_fill_range(inode, at, end, fill);
	if (stop < 0)
		return stop;
	end = (u64)stop;
	stop = allocate(df, at, end);
	if (stop != (s64)end)
		undo_fill(df, fresh, first, stop < 0 ? at : (u64)stop, end);
	if (stop > 0)
		mark_dirty(df, first, ALIGN_UP((u64)stop, PAGE_SIZE) >> PAGE_SHIFT);
	return stop;
}

/* A part of the page loses its blocks, or comes to be inside of the file and has none
 * yet: the next write by a mapping must ask for them. */
static void ask_again(struct diskfile *df, u64 index)
{
	if (df->block_bytes < PAGE_SIZE)
		mm_object_write_protect(&df->obj, index, index + 1);
}

/* The last page, cut by the old end of a file that is going to be longer: the
 * disk may have anything behind that end. */
static int clean_tail(struct diskfile *df, u64 old)
{
	int err = bring_in_border(df, old);

	if (err || !(old & ~PAGE_MASK) ||
	    vm_object_lookup(&df->obj, old >> PAGE_SHIFT) == PFN_NONE)
		return err;
	pagecache_zero(df->inode, old, ALIGN_UP(old, PAGE_SIZE));
	mark_dirty(df, old >> PAGE_SHIFT, (old >> PAGE_SHIFT) + 1);
	ask_again(df, old >> PAGE_SHIFT);
	return 0;
}

/* Too many pages are dirty: some are on their way. Twice too many: the machine waits,
 * for this may be in the middle of a long write. */
static void limit_dirty(void)
{
	u64 limit = page_total_count() / DIRTY_DIVISOR, index = 0;
	struct diskfile *df;

	if (diskfile_dirty_pages() > limit && (df = diskfile_oldest_dirty(false)))
		diskfile_write_some(df, &index);
	while (diskfile_dirty_pages() > 2 * limit && (df = diskfile_oldest_dirty(false)))
		diskfile_write_back(df);
}

/* A program that has written sleeps while too many pages are dirty. */
static void wait_dirty(void)
{
	u64 limit = page_total_count() / DIRTY_DIVISOR;
	struct diskfile *df;

	while (diskfile_dirty_pages() > limit && (df = diskfile_oldest_dirty(false))) {
		u64 index = 0;

		if (!diskfile_write_some(df, &index))
			blkdev_sleep_writes(df->dev);
	}
}

/* The next chunk of what is in buf; *want is how much of it that is. */
static s64 write_chunk(struct file *f, struct iobuf *buf, s64 *pos, u64 *want)
{
	struct diskfile *df = diskfile_of(f->inode);
	u64 old = f->inode->size, left = buf->len;
	u64 at = f->flags & O_APPEND ? old : (u64)*pos;
	struct diskfile_pin pin;
	s64 n = 0;

	*want = MIN(left, CHUNK_BYTES - at % CHUNK_BYTES);
	diskfile_pin(df, &pin, at >> PAGE_SHIFT, (at >> PAGE_SHIFT) + CHUNK_PAGES);
	if (at > old)
		n = clean_tail(df, old);
	buf->len = *want;
	if (!n)
		n = pagecache_write(f, buf, pos, ready);
	buf->len = left - (u64)MAX(n, 0LL);
	diskfile_unpin(df, &pin);
	return n;
}

static s64 write_all(struct file *f, struct iobuf *buf, s64 *pos)
{
	s64 n = 0, done = 0;
	u64 want;

	while (buf->len) {
		n = write_chunk(f, buf, pos, &want);
		if (n > 0)
			done += n;
		if (n < (s64)want)
			break;
		limit_dirty();
	}
	return done ? done : n;
}

s64 diskfile_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct diskfile *df = diskfile_of(f->inode);
	s64 n;

	diskfile_touch(df);
	n = write_all(f, buf, pos);
	if (n <= 0)
		return n;
	df->ops->changed(f->inode);
	if (!buf->kernel)
		wait_dirty();
	if (f->flags & O_DSYNC) {
		int err = f->ops->fsync(f);

		return err ? err : n;
	}
	return n;
}

/* --- write-back --------------------------------------------------------------------------- */

/* The run of dirty pages in neighbouring frames from index on; makes them clean. */
static u64 take_dirty_run(struct diskfile *df, u64 index, u64 end, pfn_t *pfn)
{
	u64 count = 0;

	*pfn = vm_object_lookup(&df->obj, index);
	while (index + count < end && count < RUN_PAGES_MAX) {
		u64 *slot = radix_slot(&df->obj.pages, index + count);

		if (!slot || !(*slot & DISKFILE_DIRTY) ||
		    (pfn_t)(*slot - 1) != *pfn + (pfn_t)count)
			break;
		*slot &= ~DISKFILE_DIRTY;
		diskfile_count(df, 0, -1);
		count++;
	}
	mm_object_write_protect(&df->obj, index, index + count);
	return count;
}

static void note_error(struct diskfile *df, int err)
{
	if (err)
		df->error = err == -ENOSPC ? err : -EIO;
}

static void piece_written(void *arg, int err)
{
	struct diskfile *df = arg;

	note_error(df, err);
	df->under_way--;
	vm_object_put(&df->obj);
}

/* A piece that lies together on the disk. */
static void write_piece(struct diskfile *df, u64 disk_at, gpa_t from, u64 len_bytes)
{
	df->under_way++;
	vm_object_get(&df->obj);
	while (blkdev_write_start(df->dev, disk_at, from, len_bytes, piece_written, df))
		blkdev_wait_write();
}

/* Writes a run of pages, or begins to. 0 or -errno. */
static int write_run(struct diskfile *df, u64 index, pfn_t pfn, u64 count)
{
	u64 at = index << PAGE_SHIFT, base = at, disk_at;
	u64 size = df->inode->size;
	u64 end = MIN((index + count) << PAGE_SHIFT, ALIGN_UP(size, (u64)df->block_bytes));

	/* What a shared mapping wrote behind the end is no part of the file. */
	if (df->obj.vma_count && size < end)
		pagecache_zero(df->inode, size, ALIGN_UP(size, PAGE_SIZE));
	while (at < end) {
		gpa_t from = pfn_to_gpa(pfn);
		s64 n = df->ops->map(df->inode, at, end - at, false, &disk_at);
		int err = 0;

		if (n < 0)
			return (int)n;
		from.v += at - base;
		if (disk_at && df->ops->write)
			err = df->ops->write(df->inode, at, from, (u64)n);
		else if (disk_at)
			write_piece(df, disk_at, from, (u64)n);
		if (err)
			return err;
		at += (u64)n;
	}
	return 0;
}

/* The next dirty run from *index on; false: there is none. */
static bool write_next(struct diskfile *df, u64 *index)
{
	u64 value, count;
	pfn_t pfn;

	while (df->dirty_count && (value = radix_next(&df->obj.pages, index))) {
		if (!(value & DISKFILE_DIRTY)) {
			++*index;
			continue;
		}
		count = take_dirty_run(df, *index, UINT64_MAX, &pfn);
		note_error(df, write_run(df, *index, pfn, count));
		*index += count;
		return true;
	}
	return false;
}

void diskfile_write_back(struct diskfile *df)
{
	u64 index = 0;

	while (write_next(df, &index))
		;
}

bool diskfile_write_some(struct diskfile *df, u64 *index)
{
	do {
		if (df->dirty_count && !df->ops->write && !blkdev_write_room())
			return false;
	} while (write_next(df, index));
	return true;
}

bool diskfile_write_all(void)
{
	struct diskfile *df;

	while ((df = diskfile_oldest_dirty(true))) {
		u64 index = 0;

		if (!diskfile_write_some(df, &index))
			return false;
	}
	return true;
}

void diskfile_settle(struct diskfile *df)
{
	while (df->under_way)
		blkdev_wait_write();
}

int diskfile_error(struct diskfile *df)
{
	int err = df->error;

	df->error = 0;
	return err;
}

int diskfile_sync(struct diskfile *df)
{
	diskfile_write_back(df);
	diskfile_settle(df);
	return diskfile_error(df);
}

int diskfile_sync_wait(struct diskfile *df)
{
	u64 index = 0;

	/* once along the file: what is written behind that is written later */
	while (!diskfile_write_some(df, &index))
		blkdev_sleep_writes(df->dev);
	if (df->under_way)
		blkdev_sleep_writes(df->dev);
	return diskfile_error(df);
}

/* --- sizes -------------------------------------------------------------------------------- */

int diskfile_resize(struct diskfile *df, u64 old, u64 size)
{
	struct inode *inode = df->inode;
	u64 pages = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
	int err = clean_tail(df, MIN(old, size));

	if (err)
		return err;
	inode->size = size;
	df->obj.size_bytes = size;
	df->changes++;
	if (size >= old)
		return 0;
	mm_object_truncate(&df->obj, pages);
	diskfile_drop(df, pages, UINT64_MAX);
	return 0;
}

/* A page wholly inside a hole that is being made: mapped ones stay, as zeros. */
static void punch_page(struct diskfile *df, u64 index)
{
	pfn_t pfn = vm_object_lookup(&df->obj, index);
	u64 *slot;

	if (page_refs(pfn) == 1) {
		diskfile_drop(df, index, index + 1);
		return;
	}
	pagecache_zero(df->inode, index << PAGE_SHIFT, (index + 1) << PAGE_SHIFT);
	mm_object_write_protect(&df->obj, index, index + 1);
	slot = radix_slot(&df->obj.pages, index);
	if (*slot & DISKFILE_DIRTY) {
		*slot &= ~DISKFILE_DIRTY;
		diskfile_count(df, 0, -1);
	}
}

static int punch_part(struct diskfile *df, u64 start, u64 end)
{
	u64 index = start >> PAGE_SHIFT;
	int err;

	if (start >= end)
		return 0;
	err = diskfile_bring_in(df, index, index + 1, NULL);
	if (err || vm_object_lookup(&df->obj, index) == PFN_NONE)
		return err;
	pagecache_zero(df->inode, start, end);
	mark_dirty(df, index, index + 1);
	ask_again(df, index);
	return 0;
}

int diskfile_punch(struct diskfile *df, u64 start, u64 end)
{
	u64 first = ALIGN_UP(start, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);
	u64 index = first >> PAGE_SHIFT;
	int err;

	df->changes++;
	if (first > last)
		return punch_part(df, start, end);
	err = punch_part(df, start, first);
	if (!err)
		err = punch_part(df, last, end);
	if (err)
		return err;
	for (; radix_next(&df->obj.pages, &index) && index < last >> PAGE_SHIFT; index++)
		punch_page(df, index);
	return 0;
}
