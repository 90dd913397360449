/*
 * The page cache of files on disks: bringing pages in, reading, mapping, and
 * giving frames back when memory gets scarce. Dirty pages are
 * diskfile_write.c's.
 *
 * Reads go in runs: a miss reads what was asked for, and a reader in sequence
 * gets more and more with it. A run gets frames that follow each other, so that it
 * is one transfer from the disk, and one host mapping where it is mapped.
 *
 * Invariants: a page in the cache holds what the file holds, up to date; one that
 * is absent is on the disk, or a hole. Dirty ones are counted in df->dirty_count.
 * Whoever is between finding a page and using it has it pinned. Who sleeps for a
 * page has its frames to itself, and drops them if the file has changed meanwhile.
 */
#include "fs/diskfile.h"

#include <linux/fs.h>

#include "dev/block.h"
#include "fs/diskfile_internal.h"
#include "fs/pagecache.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "proc/task.h"

#define AHEAD_PAGES_MIN 4u
#define AHEAD_PAGES_MAX 64u
#define RUN_PAGES_MAX 256u
/* How often a reader sleeps for the same pages; others may drop or change them. */
#define SLEEPS_MAX 4u
#define READ_CHUNK_BYTES ((u64)RUN_PAGES_MAX << PAGE_SHIFT)

static struct list_head files = LIST_HEAD_INIT(files);
static u64 cached_pages, dirty_pages;

void diskfile_count(struct diskfile *df, s64 pages, s64 dirty)
{
	df->changes++;
	if (df->resident) { /* a written page is nothing that could be done without */
		cached_pages += (u64)(pages - dirty);
		return;
	}
	cached_pages += (u64)pages;
	dirty_pages += (u64)dirty;
	df->dirty_count += (u64)dirty;
}

u64 diskfile_cached_pages(void)
{
	return cached_pages;
}

u64 diskfile_dirty_pages(void)
{
	return dirty_pages;
}

void diskfile_touch(struct diskfile *df)
{
	list_del(&df->lru);
	list_add_tail(&df->lru, &files);
}

struct diskfile *diskfile_oldest_dirty(bool on_disk)
{
	struct diskfile *df;

	list_for_each_entry(df, &files, lru) {
		if (df->dirty_count && !(on_disk && df->ops->write))
			return df;
	}
	return NULL;
}

void diskfile_pin(struct diskfile *df, struct diskfile_pin *pin, u64 first, u64 end)
{
	*pin = (struct diskfile_pin){ df->pins, first, end };
	df->pins = pin;
}

void diskfile_unpin(struct diskfile *df, struct diskfile_pin *pin)
{
	struct diskfile_pin **at = &df->pins;

	while (*at != pin)
		at = &(*at)->next;
	*at = pin->next;
}

static bool is_pinned(const struct diskfile *df, u64 index)
{
	const struct diskfile_pin *pin;

	for (pin = df->pins; pin; pin = pin->next) {
		if (index >= pin->first && index < pin->end)
			return true;
	}
	return false;
}

/* --- bringing in ---------------------------------------------------------------------- */

int diskfile_insert(struct diskfile *df, u64 index, pfn_t pfn)
{
	int err = vm_object_insert(&df->obj, index, pfn);

	if (err)
		page_put(pfn);
	else
		diskfile_count(df, 1, 0);
	return err;
}

static void zero_frames(pfn_t pfn, u64 from, u64 to)
{
	gpa_t gpa = pfn_to_gpa(pfn);

	if (from >= to)
		return;
	gpa.v += from;
	ram_zero(gpa, to - from);
}

/* Fills RAM with the file's bytes at `at`, which are there on the disk. -EAGAIN: it slept
 * meanwhile, and the file has changed. */
static int read_disk(struct diskfile *df, u64 at, u64 disk_at, gpa_t to, u64 len,
		     struct diskfile_fetch *fetch)
{
	u32 changes = df->changes;
	int err;

	if (df->ops->read)
		err = df->ops->read(df->inode, at, to, len, fetch ? &fetch->slept : NULL);
	else if (fetch)
		err = blkdev_read_ram_wait(df->dev, disk_at, to, len, &fetch->slept);
	else
		err = blkdev_read_ram(df->dev, disk_at, to, len);
	return df->changes == changes ? err : -EAGAIN;
}

/* Fills frames with the file's bytes from `at` on, page aligned. */
static int read_frames(struct diskfile *df, u64 at, pfn_t pfn, u32 count,
		       struct diskfile_fetch *fetch)
{
	u64 len = (u64)count << PAGE_SHIFT, done = 0, disk_at;
	s64 n;

	for (u32 i = 0; i < count; i++)
		page_mark_dirty(pfn + i);
	while (done < len) {
		gpa_t to = pfn_to_gpa(pfn);
		int err = 0;

		n = df->ops->map(df->inode, at + done, len - done, false, &disk_at);
		if (n < 0)
			return (int)n;
		to.v += done;
		if (disk_at)
			err = read_disk(df, at + done, disk_at, to, (u64)n, fetch);
		else
			zero_frames(pfn, done, done + (u64)n);
		if (err)
			return err == -EAGAIN ? err : -EIO;
		done += (u64)n;
	}
	/* Whatever the disk has behind the file's end. */
	if (df->inode->size < at + len)
		zero_frames(pfn, df->inode->size > at ? df->inode->size - at : 0, len);
	return 0;
}

/* Reads some of the absent pages [index, end), from index on, into one run of
 * frames. How many (a hole: passed over), or -errno; -EAGAIN as read_disk. */
static s64 read_run(struct diskfile *df, u64 index, u64 end, struct diskfile_fetch *fetch)
{
	u64 disk_at, count = MIN(end - index, (u64)RUN_PAGES_MAX);
	s64 n = df->ops->map(df->inode, index << PAGE_SHIFT, count << PAGE_SHIFT, false,
			     &disk_at);
	u32 got;
	pfn_t pfn;
	int err;

	if (n < 0)
		return n;
	if (!disk_at && n >= (s64)PAGE_SIZE)
		return n >> PAGE_SHIFT;
	count = ALIGN_UP((u64)n, PAGE_SIZE) >> PAGE_SHIFT;
	pfn = page_alloc_run((u32)count, &got, 0);
	if (pfn == PFN_NONE)
		return -ENOMEM;
	err = read_frames(df, index << PAGE_SHIFT, pfn, got, fetch);
	for (u32 i = 0; i < got; i++) {
		if (err)
			page_put(pfn + i);
		else
			err = diskfile_insert(df, index + i, pfn + i);
	}
	return err ? err : (s64)got;
}

/* How far to read from a miss at index, when up to end is wanted. */
static u64 ahead_end(struct diskfile *df, u64 index, u64 end)
{
	u64 stop;

	if (index == df->ahead_next)
		df->ahead_pages = MIN(MAX(df->ahead_pages * 2, AHEAD_PAGES_MIN * 2),
				      AHEAD_PAGES_MAX);
	else
		df->ahead_pages = AHEAD_PAGES_MIN;
	end = MIN(MAX(end, index + df->ahead_pages), diskfile_size_pages(df));
	for (stop = index + 1; stop < end; stop++) {
		if (vm_object_lookup(&df->obj, stop) != PFN_NONE)
			break;
	}
	return stop;
}

int diskfile_bring_in(struct diskfile *df, u64 index, u64 end, struct diskfile_fetch *fetch)
{
	struct diskfile_pin pin;
	u32 tries = SLEEPS_MAX;
	s64 got = 0;

	end = MIN(end, diskfile_size_pages(df));
	diskfile_pin(df, &pin, index, end);
	while (got >= 0 && (index = vm_object_first_absent(&df->obj, index, end)) < end) {
		got = read_run(df, index, ahead_end(df, index, end), fetch);
		if (got == -EAGAIN) {
			/* others are at work on the file: at last without sleeping */
			if (!--tries)
				fetch = NULL;
			end = MIN(end, diskfile_size_pages(df));
			got = 0;
			continue;
		}
		index += (u64)MAX(got, 0LL);
		df->ahead_next = index;
	}
	diskfile_unpin(df, &pin);
	if (df->ops->settle)
		df->ops->settle(df->inode);
	return got < 0 ? (int)got : 0;
}

/* --- mapping ---------------------------------------------------------------------------- */

/* A hole that is mapped gets a page of zeros, but no blocks before it is written. */
static int insert_zero_page(struct diskfile *df, u64 index)
{
	pfn_t pfn = page_alloc(0, PAGE_ZERO);

	return pfn == PFN_NONE ? -ENOMEM : diskfile_insert(df, index, pfn);
}

/* Only faults of user mode are in the middle of nothing. */
static bool may_sleep(void)
{
	const struct task *t = current_task();

	return t && t->in_user_fault;
}

static int diskfile_get_page(struct vm_object *obj, u64 index, bool for_write, pfn_t *pfn)
{
	struct diskfile *df = container_of(obj, struct diskfile, obj);
	struct diskfile_fetch fetch = { false };
	struct diskfile_pin pin;
	int err = 0;

	if (!df->inode || index >= diskfile_size_pages(df))
		return -ENODATA;
	diskfile_pin(df, &pin, index, index + 1);
	diskfile_touch(df);
	if (vm_object_lookup(obj, index) == PFN_NONE)
		err = diskfile_bring_in(df, index, index + 1,
					may_sleep() ? &fetch : NULL);
	if (!err && index >= diskfile_size_pages(df))
		err = -ENODATA; /* shorter than it was thought to be */
	if (!err && vm_object_lookup(obj, index) == PFN_NONE)
		err = insert_zero_page(df, index);
	if (!err && for_write)
		err = diskfile_page_mkwrite(df, index);
	diskfile_unpin(df, &pin);
	*pfn = vm_object_lookup(obj, index);
	return err;
}

static void diskfile_object_release(struct vm_object *obj)
{
	struct diskfile *df = container_of(obj, struct diskfile, obj);

	radix_destroy(&obj->pages);
	df->ops->release(obj);
}

static const struct vm_object_ops diskfile_object_ops = {
	.get_page = diskfile_get_page,
	.release = diskfile_object_release,
};

int diskfile_mmap(struct file *f, struct map_req *req)
{
	req->object = f->inode->object;
	req->max_prot = VMA_R | VMA_W | VMA_X;
	if (req->vma_flags & VMA_SHARED && !f->counted_writer)
		req->max_prot &= ~VMA_W;
	inode_accessed(f->inode, f->mnt);
	return 0;
}

/* --- reading ------------------------------------------------------------------------------ */

/* Up to READ_CHUNK_BYTES at *pos, want of them inside the file. -EAGAIN: it slept, and
 * nothing has been read. */
static s64 read_chunk(struct file *f, struct iobuf *buf, s64 *pos, u64 want,
		      struct diskfile_fetch *fetch)
{
	struct diskfile *df = diskfile_of(f->inode);
	u64 first = (u64)*pos >> PAGE_SHIFT;
	u64 end = ALIGN_UP((u64)*pos + want, PAGE_SIZE) >> PAGE_SHIFT;
	struct diskfile_pin pin;
	s64 n;

	diskfile_pin(df, &pin, first, end);
	n = diskfile_bring_in(df, first, end, fetch);
	if (!n && fetch && fetch->slept)
		n = -EAGAIN;
	buf->len = want;
	if (!n)
		n = pagecache_read(f, buf, pos);
	diskfile_unpin(df, &pin);
	return n;
}

s64 diskfile_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct inode *inode = f->inode;
	struct diskfile_fetch fetch;
	u64 left = buf->len;
	u32 sleeps = 0;
	s64 n = 0, done = 0;

	diskfile_touch(diskfile_of(inode));
	while (left && (u64)*pos < inode->size) {
		u64 want = MIN(MIN(left, inode->size - (u64)*pos), READ_CHUNK_BYTES);
		/* callers from inside of the kernel may be in the middle of something,
		 * and nobody may move the position between two chunks */
		bool stay = buf->kernel || done || sleeps >= SLEEPS_MAX;

		fetch.slept = false;
		n = read_chunk(f, buf, pos, want, stay ? NULL : &fetch);
		if (n == -EAGAIN) {
			sleeps++;
			n = 0;
			continue;
		}
		if (n <= 0)
			break;
		done += n;
		left -= (u64)n;
		if ((u64)n < want)
			break;
	}
	buf->len = left;
	return done ? done : n;
}

/* --- position ------------------------------------------------------------------------------- */

/* From offset on, where data (or a hole) begins; the size where it does not. */
static s64 find_next(struct diskfile *df, u64 offset, bool data)
{
	u64 at = ALIGN_DOWN(offset, (u64)df->block_bytes), disk_at;
	u64 size = df->inode->size;

	while (at < size) {
		s64 n = df->ops->map(df->inode, at,
				     ALIGN_UP(size - at, (u64)df->block_bytes), false,
				     &disk_at);

		if (n < 0)
			return n;
		if (data == (disk_at != 0))
			return (s64)MAX(at, offset);
		at += (u64)n;
	}
	return (s64)size;
}

s64 diskfile_lseek(struct file *f, s64 offset, int whence)
{
	struct inode *inode = f->inode;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return pagecache_lseek(f, offset, whence);
	if (offset < 0 || (u64)offset >= inode->size)
		return -ENXIO;
	offset = find_next(diskfile_of(inode), (u64)offset, whence == SEEK_DATA);
	if (whence == SEEK_DATA && offset == (s64)inode->size)
		return -ENXIO;
	if (offset >= 0)
		f->pos = offset;
	return offset;
}

/* --- life ----------------------------------------------------------------------------------- */

void diskfile_init(struct diskfile *df, struct inode *inode, struct blkdev *dev,
		   u32 block_bytes, const struct diskfile_ops *ops)
{
	*df = (struct diskfile){ .ops = ops,
				 .inode = inode,
				 .dev = dev,
				 .block_bytes = block_bytes };
	vm_object_init(&df->obj, &diskfile_object_ops);
	df->obj.track_writes = true;
	df->obj.size_bytes = inode->size;
	inode->object = &df->obj;
	list_add_tail(&df->lru, &files);
}

void diskfile_drop(struct diskfile *df, u64 first, u64 end)
{
	u64 index = first, value;

	for (; (value = radix_next(&df->obj.pages, &index)) && index < end; index++)
		diskfile_count(df, -1, value & DISKFILE_DIRTY ? -1 : 0);
	vm_object_drop(&df->obj, first, end);
}

void diskfile_forget(struct diskfile *df, u64 size)
{
	struct inode *inode = df->inode;
	u64 pages = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;

	df->changes++;
	if (size < inode->size)
		mm_object_truncate(&df->obj, pages);
	mm_object_forget(&df->obj);
	diskfile_drop(df, 0, UINT64_MAX);
	inode->size = size;
	df->obj.size_bytes = size;
}

void diskfile_evict(struct diskfile *df)
{
	diskfile_drop(df, 0, UINT64_MAX);
	list_del(&df->lru);
	df->inode->object = NULL;
	df->inode = NULL;
	df->obj.size_bytes = 0;
	vm_object_put(&df->obj);
}

/* --- reclaim -------------------------------------------------------------------------------- */

/* Drops up to so many pages that are clean and nobody's but the cache's. */
static u64 shrink(struct diskfile *df, u64 pages)
{
	u64 index = 0, value, freed = 0;

	for (; freed < pages && (value = radix_next(&df->obj.pages, &index)); index++) {
		pfn_t pfn = (pfn_t)(value - 1);

		if (value & DISKFILE_DIRTY || page_refs(pfn) > 1 || is_pinned(df, index))
			continue;
		radix_del(&df->obj.pages, index);
		page_put(pfn);
		diskfile_count(df, -1, 0);
		freed++;
	}
	return freed;
}

u64 diskfile_reclaim(u64 pages)
{
	struct diskfile *df;
	u64 freed = 0;

	list_for_each_entry(df, &files, lru) {
		if (freed < pages)
			freed += shrink(df, pages - freed);
	}
	list_for_each_entry(df, &files, lru) {
		if (freed >= pages || !df->dirty_count)
			continue;
		diskfile_write_back(df);
		diskfile_settle(df);
		freed += shrink(df, pages - freed);
	}
	return freed;
}
