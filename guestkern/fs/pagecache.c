/*
 * Generic file contents: frames of RAM in a vm_object, moved to and from user
 * memory without ever being mapped in the kernel.
 *
 * Owns no frames. What costs is the host call, not the byte: neighbouring pages
 * in neighbouring frames move in one call, up to the whole request, straight
 * between the RAM file and the program's memory.
 *
 * Invariants: inode->size == object->size_bytes. Bytes of the last page past
 * the size are zero unless a shared mapping wrote there. The destination is
 * prepared before the frames are looked up, because preparing may fault, and
 * nothing that can fail lies between them and the copy: a fresh frame never
 * shows what was in it before.
 */
#include "fs/pagecache.h"

#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "proc/signal.h"
#include "proc/task.h"

#define SIGXFSZ_ 25 /* asm/signal.h clashes with proc/signal.h's names */
#define SIZE_MAX_ INT64_MAX

static u64 page_index(u64 at)
{
	return at >> PAGE_SHIFT;
}

/*
 * The stretch from `at` on, at most to end, that is one kind: frames that
 * follow each other (*gpa is where), or a hole (returns with *pfn PFN_NONE).
 */
static u64 stretch_bytes(const struct vm_object *obj, u64 at, u64 end, pfn_t *pfn)
{
	u64 index = page_index(at);
	u64 count = vm_object_run(obj, index, page_index(end - 1) + 1, pfn);

	return MIN((index + count) << PAGE_SHIFT, end) - at;
}

static gpa_t frame_at(pfn_t pfn, u64 at)
{
	gpa_t gpa = pfn_to_gpa(pfn);

	gpa.v += at & (PAGE_SIZE - 1);
	return gpa;
}

/* --- reading ------------------------------------------------------------------------ */

/* One stretch at `at`; advances buf by what it moved. 0 or -EFAULT. */
static int read_some(const struct vm_object *obj, struct iobuf *buf, u64 at)
{
	void *ptr;
	s64 ready = iobuf_prepare(buf, &ptr, true);
	pfn_t pfn;
	u64 n;

	if (ready < 0)
		return (int)ready;
	n = stretch_bytes(obj, at, at + (u64)ready, &pfn);
	if (pfn == PFN_NONE)
		return iobuf_clear(buf, n);
	ram_read(frame_at(pfn, at), ptr, n);
	iobuf_advance(buf, n);
	return 0;
}

s64 pagecache_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct inode *inode = f->inode;
	u64 at = (u64)*pos, want = buf->len, asked = buf->len;
	int err = 0;

	if (!want)
		return 0;
	want = at < inode->size ? MIN(want, inode->size - at) : 0;
	/* No page of the buffer is touched that is not going to be filled. */
	buf->len = want;
	while (buf->len && !err)
		err = read_some(inode->object, buf, at + (want - buf->len));
	want -= buf->len;
	buf->len = asked - want;
	if (!(f->flags & O_NOATIME))
		inode_accessed(inode, f->mnt);
	*pos += (s64)want;
	return want ? (s64)want : err;
}

/* --- writing ------------------------------------------------------------------------ */

static void zero_frame_part(pfn_t pfn, u64 from, u64 to)
{
	gpa_t gpa = pfn_to_gpa(pfn);

	if (from == to || page_is_zero(pfn))
		return;
	gpa.v += from;
	ram_zero(gpa, to - from);
}

/* New frames at [first, first + count): zero what the write [at, end) leaves. */
static void zero_round(struct vm_object *obj, u64 first, u64 count, u64 at, u64 end)
{
	u64 last = first + count - 1;

	if (first == page_index(at))
		zero_frame_part(vm_object_lookup(obj, first), 0, at & ~PAGE_MASK);
	if (last == page_index(end))
		zero_frame_part(vm_object_lookup(obj, last), end & ~PAGE_MASK, PAGE_SIZE);
}

s64 pagecache_fill_range(struct inode *inode, u64 at, u64 end, pagecache_fill_fn *fill)
{
	struct vm_object *obj = inode->object;
	u64 stop = page_index(end - 1) + 1, index = page_index(at), absent;
	s64 got = 0;
	pfn_t pfn;

	while (index < stop) {
		index = vm_object_first_absent(obj, index, stop);
		if (index == stop)
			break;
		absent = vm_object_run(obj, index, stop, &pfn);
		got = fill(inode, index, absent);
		if (got < 0)
			break;
		zero_round(obj, index, (u64)got, at, end);
		index += (u64)got;
	}
	if (index == stop)
		return (s64)end;
	return index > page_index(at) ? (s64)(index << PAGE_SHIFT) : got;
}

static void write_frames(struct vm_object *obj, const u8 *from, u64 at, u64 end)
{
	pfn_t pfn;
	u64 n;

	for (; at < end; at += n, from += n) {
		n = stretch_bytes(obj, at, end, &pfn);
		for (u64 i = 0; i <= page_index(at + n - 1) - page_index(at); i++)
			page_mark_dirty(pfn + (pfn_t)i);
		ram_write(frame_at(pfn, at), from, n);
	}
}

/* One prepared stretch at `at`; advances buf by what it moved. 0 or -errno. */
static int write_some(struct inode *inode, struct iobuf *buf, u64 at,
		      pagecache_ready_fn *ready_fn)
{
	void *ptr;
	s64 ready = iobuf_prepare(buf, &ptr, false), end;

	if (ready < 0)
		return (int)ready;
	end = ready_fn(inode, at, at + (u64)ready);
	if (end < 0)
		return (int)end;
	write_frames(inode->object, ptr, at, (u64)end);
	iobuf_advance(buf, (u64)end - at);
	if ((u64)end > inode->size) {
		inode->size = (u64)end;
		inode->object->size_bytes = (u64)end;
	}
	return 0;
}

/* Where the write goes and how much of it is allowed; 0 or -errno. */
static int write_limits(const struct file *f, u64 *at, u64 *want)
{
	u64 limit = current_process()->rlim[RLIMIT_FSIZE].cur;

	if (f->flags & O_APPEND)
		*at = f->inode->size;
	if (*at >= limit) {
		signal_send_task(current_task(), SIGXFSZ_, NULL);
		return -EFBIG;
	}
	limit = MIN(limit, (u64)SIZE_MAX_);
	if (*at >= limit)
		return -EFBIG;
	*want = MIN(*want, limit - *at);
	return 0;
}

s64 pagecache_write(struct file *f, struct iobuf *buf, s64 *pos,
		    pagecache_ready_fn *ready)
{
	struct inode *inode = f->inode;
	u64 at = (u64)*pos, want = buf->len, asked = buf->len;
	int err;

	if (!want)
		return 0;
	err = write_limits(f, &at, &want);
	if (err)
		return err;
	inode_drop_privileges(inode);
	/* What a shared mapping left behind the end becomes part of the file. */
	if (at > inode->size)
		pagecache_zero(inode, inode->size,
			       MIN(at, ALIGN_UP(inode->size, PAGE_SIZE)));
	buf->len = want;
	while (buf->len && !err)
		err = write_some(inode, buf, at + (want - buf->len), ready);
	want -= buf->len;
	buf->len = asked - want;
	if (!want)
		return err;
	inode_touch(inode, false, true, true);
	*pos = (s64)(at + want);
	return (s64)want;
}

/* Zeroes what is dirty of contiguous frames, a host call for each stretch. */
static void zero_frames(pfn_t pfn, u64 at, u64 end)
{
	u64 from = at, stop;

	for (; at < end; at = stop, pfn++) {
		stop = MIN((at | ~PAGE_MASK) + 1, end);
		if (!page_is_zero(pfn))
			continue;
		if (from < at)
			ram_zero(frame_at(pfn - (pfn_t)(page_index(at) - page_index(from)), from),
				 at - from);
		from = stop;
	}
	if (from < end)
		ram_zero(frame_at(pfn - (pfn_t)(page_index(end - 1) + 1 - page_index(from)), from),
			 end - from);
}

void pagecache_zero(struct inode *inode, u64 start, u64 end)
{
	const struct vm_object *obj = inode->object;
	u64 index = page_index(start);
	pfn_t pfn;
	u64 n;

	/* From present page to present page: holes may be endless. */
	for (; start < end && radix_next(&obj->pages, &index); index = page_index(start)) {
		start = MAX(start, index << PAGE_SHIFT);
		if (start >= end)
			return;
		n = stretch_bytes(obj, start, end, &pfn);
		zero_frames(pfn, start, start + n);
		start += n;
	}
}

/* --- position ----------------------------------------------------------------------- */

static s64 seek_data(const struct inode *inode, u64 offset)
{
	u64 index = page_index(offset);

	if (!radix_next(&inode->object->pages, &index) ||
	    index > page_index(inode->size - 1))
		return -ENXIO;
	return (s64)MAX(offset, index << PAGE_SHIFT);
}

static s64 seek_hole(const struct inode *inode, u64 offset)
{
	u64 index = page_index(offset);

	while (index << PAGE_SHIFT < inode->size &&
	       vm_object_lookup(inode->object, index) != PFN_NONE)
		index++;
	return (s64)MIN(inode->size, MAX(offset, index << PAGE_SHIFT));
}

s64 pagecache_lseek(struct file *f, s64 offset, int whence)
{
	const struct inode *inode = f->inode;

	switch (whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		if (__builtin_add_overflow(offset, f->pos, &offset))
			return -EINVAL;
		break;
	case SEEK_END:
		if (__builtin_add_overflow(offset, (s64)inode->size, &offset))
			return -EINVAL;
		break;
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0 || (u64)offset >= inode->size)
			return -ENXIO;
		offset = whence == SEEK_DATA ? seek_data(inode, (u64)offset)
					     : seek_hole(inode, (u64)offset);
		if (offset < 0)
			return offset;
		break;
	default:
		return -EINVAL;
	}
	if (offset < 0)
		return -EINVAL;
	f->pos = offset;
	return offset;
}
