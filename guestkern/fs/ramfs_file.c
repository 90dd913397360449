/*
 * ramfs: contents of regular files.
 *
 * Owns the frames. They come in runs, because the host merges mappings only of
 * contiguous frames: a file that is written from start to end gets ever longer
 * runs, and what is left of the last is given back when its last writer closes.
 * A part of RAM is never given to files, so that programs can still run and
 * clean up.
 *
 * Invariants: every cached frame is counted once in inode->blocks and in
 * sb->bytes_used, spare frames nowhere; a spare run would continue the file at
 * spare_index. The object outlives its inode only as an empty shell, for
 * mappings that are about to go.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/pagecache.h"
#include "fs/ramfs_internal.h"
#include "fs/vfs_internal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/slab.h"

#define SPARE_PAGES_MAX 256u /* 1 MiB ahead of a growing file */
#define SPARE_DIVISOR 16u    /* share of RAM that all spare runs may hold */
#define RUN_PAGES_MAX (1u << PAGE_ORDER_MAX)
#define RESERVE_DIVISOR 32u /* share of RAM that files leave free */
#define PLENTY_DIVISOR 8u   /* below this share free, nothing is spared */
#define AROUND_PAGES 16u    /* a fault in a hole fills so many */
#define BLOCKS_PER_PAGE (PAGE_SIZE / 512)
#define SEALED_WRITE ((u32)(F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))

struct ramfs_file {
	struct vm_object obj;
	struct inode *inode; /* NULL: evicted, only mappings left */
	u64 expect_pages;    /* size to come, 0: unknown */
	u64 spare_index;
	pfn_t spare;
	u32 spare_count;
};

static u64 spare_total; /* frames in all spare runs */

static struct ramfs_file *file_of(const struct inode *inode)
{
	return container_of(inode->object, struct ramfs_file, obj);
}

/* --- frames -------------------------------------------------------------------------- */

static void spare_release(struct ramfs_file *rf)
{
	for (u32 i = 0; i < rf->spare_count; i++)
		page_put(rf->spare + i);
	spare_total -= rf->spare_count;
	rf->spare_count = 0;
}

static u64 size_pages(const struct inode *inode)
{
	return ALIGN_UP(inode->size, PAGE_SIZE) >> PAGE_SHIFT;
}

u64 ramfs_pages_allowed(const struct super_block *sb)
{
	u64 reserve = page_total_count() / RESERVE_DIVISOR;
	u64 free = page_available_count(), left;

	if (ramfs_core_short())
		return 0;
	free = free > reserve ? free - reserve : 0;
	if (!sb->bytes_max)
		return free;
	left = sb->bytes_max > sb->bytes_used
		       ? (sb->bytes_max - sb->bytes_used) >> PAGE_SHIFT
		       : 0;
	return MIN(free, left);
}

/* How many pages beyond the needed ones to take for a file that grows at its
 * end. */
static u64 spare_wanted(const struct ramfs_file *rf, u64 index, u64 needed)
{
	u64 limit = page_total_count() / SPARE_DIVISOR;
	u64 pages = size_pages(rf->inode);

	if (index < pages || page_free_count() < page_total_count() / PLENTY_DIVISOR)
		return 0;
	if (rf->expect_pages > index + needed)
		return rf->expect_pages - index - needed;
	return MIN(MIN(pages, (u64)SPARE_PAGES_MAX), limit - MIN(spare_total, limit));
}

/* Puts frames [pfn, pfn + count) into the cache; returns how many went in. */
static u64 insert_run(struct ramfs_file *rf, u64 index, pfn_t pfn, u64 count)
{
	struct inode *inode = rf->inode;
	u64 i;

	for (i = 0; i < count; i++) {
		if (vm_object_insert(&rf->obj, index + i, pfn + (pfn_t)i))
			break;
	}
	inode->blocks += i * BLOCKS_PER_PAGE;
	inode->sb->bytes_used += i << PAGE_SHIFT;
	for (u64 rest = i; rest < count; rest++)
		page_put(pfn + (pfn_t)rest);
	return i;
}

/* A run for index: the spare one, or a new one with what follows kept spare. */
static pfn_t take_run(struct ramfs_file *rf, u64 index, u64 needed, u32 *got)
{
	u64 want;
	pfn_t pfn;

	if (!rf->spare_count || rf->spare_index != index) {
		spare_release(rf);
		want = MIN(needed + spare_wanted(rf, index, needed), (u64)RUN_PAGES_MAX);
		pfn = page_alloc_run((u32)want, &rf->spare_count, 0);
		if (pfn == PFN_NONE) {
			rf->spare_count = 0;
			return PFN_NONE;
		}
		rf->spare = pfn;
		spare_total += rf->spare_count;
	}
	pfn = rf->spare;
	*got = (u32)MIN(needed, (u64)rf->spare_count);
	rf->spare += *got;
	rf->spare_count -= *got;
	spare_total -= *got;
	rf->spare_index = index + *got;
	return pfn;
}

static s64 ramfs_fill(struct inode *inode, u64 index, u64 count)
{
	struct ramfs_file *rf = file_of(inode);
	u64 allowed = ramfs_pages_allowed(inode->sb);
	pfn_t pfn;
	u32 got;

	/* Spare frames are already taken from the free ones. */
	allowed += rf->spare_index == index && !inode->sb->bytes_max ? rf->spare_count : 0;
	if (!allowed)
		return -ENOSPC;
	pfn = take_run(rf, index, MIN(count, allowed), &got);
	if (pfn == PFN_NONE)
		return -ENOSPC;
	got = (u32)insert_run(rf, index, pfn, got);
	if (!got) {
		spare_release(rf);
		return -ENOMEM;
	}
	return got;
}

/* The same with zero bytes in the new frames: for mappings and fallocate. */
static s64 ramfs_fill_zero(struct inode *inode, u64 index, u64 count)
{
	s64 got = ramfs_fill(inode, index, count);

	if (got > 0)
		pagecache_zero(inode, index << PAGE_SHIFT,
			       (index + (u64)got) << PAGE_SHIFT);
	return got;
}

/* Drops cached pages [first, end). */
static void drop_pages(struct inode *inode, u64 first, u64 end)
{
	struct vm_object *obj = inode->object;
	u64 before = obj->pages.count, dropped;

	vm_object_drop(obj, first, end);
	dropped = before - obj->pages.count;
	inode->blocks -= dropped * BLOCKS_PER_PAGE;
	inode->sb->bytes_used -= dropped << PAGE_SHIFT;
}

void ramfs_expect(struct inode *inode, u64 size)
{
	if (inode->ops == &ramfs_file_ops)
		file_of(inode)->expect_pages = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;
}

static int ramfs_get_page(struct vm_object *obj, u64 index, bool for_write, pfn_t *pfn)
{
	struct ramfs_file *rf = container_of(obj, struct ramfs_file, obj);
	u64 count = 1, pages;
	s64 got;

	(void)for_write; /* a hole that is seen gets a frame: writes must show */
	if (!rf->inode || index >= size_pages(rf->inode))
		return -ENODATA;
	*pfn = vm_object_lookup(obj, index);
	if (*pfn != PFN_NONE)
		return 0;
	pages = MIN(size_pages(rf->inode), ALIGN_DOWN(index, (u64)AROUND_PAGES) + AROUND_PAGES);
	while (index + count < pages && vm_object_lookup(obj, index + count) == PFN_NONE)
		count++;
	got = ramfs_fill_zero(rf->inode, index, count);
	*pfn = vm_object_lookup(obj, index);
	return got < 0 ? (int)got : 0;
}

static void ramfs_object_release(struct vm_object *obj)
{
	radix_destroy(&obj->pages);
	kfree(container_of(obj, struct ramfs_file, obj));
}

static int ramfs_punch(struct vm_object *obj, u64 first, u64 end);

static const struct vm_object_ops ramfs_object_ops = {
	.get_page = ramfs_get_page,
	.punch = ramfs_punch,
	.release = ramfs_object_release,
};

/* --- life ------------------------------------------------------------------------------ */

int ramfs_add_contents(struct inode *inode)
{
	struct ramfs_file *rf = kzalloc(sizeof(*rf));

	if (!rf)
		return -ENOMEM;
	vm_object_init(&rf->obj, &ramfs_object_ops);
	rf->inode = inode;
	inode->object = &rf->obj;
	return 0;
}

static void ramfs_evict(struct inode *inode)
{
	struct ramfs_file *rf = file_of(inode);

	spare_release(rf);
	inode->size = 0;
	rf->obj.size_bytes = 0;
	drop_pages(inode, 0, UINT64_MAX);
	rf->inode = NULL;
	inode->object = NULL;
	vm_object_put(&rf->obj);
}

/* --- files ---------------------------------------------------------------------------------- */

static int ramfs_truncate(struct inode *inode, u64 size)
{
	struct ramfs_file *rf = file_of(inode);
	u32 forbidden = size < inode->size ? F_SEAL_SHRINK : F_SEAL_GROW;
	u64 old = inode->size, pages = ALIGN_UP(size, PAGE_SIZE) >> PAGE_SHIFT;

	if (size > INT64_MAX)
		return -EFBIG;
	if (size != old && inode->seals & forbidden)
		return -EPERM;
	inode->size = size;
	rf->obj.size_bytes = size;
	if (size < old) {
		spare_release(rf);
		if (rf->obj.refs > 1)
			mm_object_truncate(&rf->obj, pages);
		drop_pages(inode, pages, UINT64_MAX);
	}
	/* Nothing behind the shorter of the two ends may ever be read. */
	pagecache_zero(inode, MIN(size, old), ALIGN_UP(MIN(size, old), PAGE_SIZE));
	inode_touch(inode, false, true, true);
	return 0;
}

static int punch_hole(struct inode *inode, u64 start, u64 end)
{
	u64 first = ALIGN_UP(start, PAGE_SIZE), last = ALIGN_DOWN(end, PAGE_SIZE);

	/* Mapped pages stay where they are and are cleared. */
	if (first >= last || inode->object->refs > 1) {
		pagecache_zero(inode, start, end);
		return 0;
	}
	pagecache_zero(inode, start, first);
	pagecache_zero(inode, last, end);
	drop_pages(inode, first >> PAGE_SHIFT, last >> PAGE_SHIFT);
	return 0;
}

static int ramfs_punch(struct vm_object *obj, u64 first, u64 end)
{
	struct inode *inode = container_of(obj, struct ramfs_file, obj)->inode;

	if (!inode)
		return 0;
	if (inode->seals & SEALED_WRITE)
		return -EPERM;
	return punch_hole(inode, first << PAGE_SHIFT,
			  MIN(end << PAGE_SHIFT, ALIGN_UP(inode->size, PAGE_SIZE)));
}

static int allocate_range(struct inode *inode, u64 start, u64 end)
{
	u64 index = start >> PAGE_SHIFT, stop = ALIGN_UP(end, PAGE_SIZE) >> PAGE_SHIFT;
	u64 absent;
	s64 got;

	while (index < stop) {
		absent = 0;
		while (index + absent < stop && absent < RUN_PAGES_MAX &&
		       vm_object_lookup(inode->object, index + absent) == PFN_NONE)
			absent++;
		got = 1;
		if (absent)
			got = ramfs_fill_zero(inode, index, absent);
		if (got < 0)
			return (int)got;
		index += (u64)got;
	}
	return 0;
}

static int fallocate_seals(const struct inode *inode, u32 mode, u64 end)
{
	if (mode & FALLOC_FL_PUNCH_HOLE)
		return inode->seals & SEALED_WRITE ? -EPERM : 0;
	return inode->seals & F_SEAL_GROW && end > inode->size ? -EPERM : 0;
}

static int ramfs_fallocate(struct inode *inode, u32 mode, u64 start, u64 len_bytes)
{
	u64 end = start + len_bytes;
	int err;

	if (mode & ~(u32)(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	err = fallocate_seals(inode, mode, end);
	if (err)
		return err;
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		err = punch_hole(inode, start, MIN(end, ALIGN_UP(inode->size, PAGE_SIZE)));
	} else {
		/* Refused before it fills all of RAM on the way. */
		if (len_bytes >> PAGE_SHIFT > page_total_count())
			return -ENOSPC;
		err = allocate_range(inode, start, end);
	}
	if (err)
		return err;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > inode->size)
		return ramfs_truncate(inode, end);
	inode_touch(inode, false, true, true);
	return 0;
}

static s64 ramfs_ready(struct inode *inode, u64 at, u64 end)
{
	return pagecache_fill_range(inode, at, end, ramfs_fill);
}

/* As Linux: page by page, until one would go past the end of a file that must
 * not grow. */
static s64 sealed_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	u64 size = f->inode->size, len = buf->len, rest = 0;
	u64 at = f->flags & O_APPEND ? size : (u64)*pos;
	s64 ret;

	if (!len)
		return 0;
	if (f->inode->seals & SEALED_WRITE)
		return -EPERM;
	if (at + len > size) {
		u64 end = ALIGN_DOWN(size, PAGE_SIZE);

		if (at >= end)
			return -EPERM;
		rest = at + len - end;
	}
	buf->len -= rest;
	ret = pagecache_write(f, buf, pos, ramfs_ready);
	buf->len += rest;
	return ret;
}

static s64 ramfs_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	if (f->inode->seals & (SEALED_WRITE | F_SEAL_GROW))
		return sealed_write(f, buf, pos);
	return pagecache_write(f, buf, pos, ramfs_ready);
}

static int ramfs_mmap(struct file *f, struct map_req *req)
{
	req->object = f->inode->object;
	req->max_prot = VMA_R | VMA_W | VMA_X;
	if (req->vma_flags & VMA_SHARED && f->inode->seals & SEALED_WRITE) {
		if (req->vma_flags & VMA_W)
			return -EPERM;
		req->max_prot &= ~VMA_W;
	}
	if (req->vma_flags & VMA_SHARED && !f->counted_writer)
		req->max_prot &= ~VMA_W;
	inode_accessed(f->inode, f->mnt);
	return 0;
}

static int ramfs_fsync(struct file *f)
{
	(void)f;
	return 0;
}

static void ramfs_release(struct file *f)
{
	struct ramfs_file *rf = file_of(f->inode);

	if (f->inode->writers > 0)
		return;
	spare_release(rf);
	rf->expect_pages = 0;
}

const struct file_ops ramfs_file_fops = {
	.read = pagecache_read,
	.write = ramfs_write,
	.lseek = pagecache_lseek,
	.mmap = ramfs_mmap,
	.fsync = ramfs_fsync,
	.release = ramfs_release,
};

const struct inode_ops ramfs_file_ops = {
	.truncate = ramfs_truncate,
	.fallocate = ramfs_fallocate,
	.evict = ramfs_evict,
};
