/*
 * Snapshots: reading from where a cluster is, copying it up when part of it is
 * written. The bitmap is kept in the core and written by overlay_flush; a machine
 * that is killed loses what was not flushed, as by a power cut.
 */
#include "dev/overlay.h"

#include "abi/overlay.h"
#include "hal/hal.h"
#include "lib/bitmap.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

#define CLUSTER LODGER_OVERLAY_CLUSTER

struct overlay {
	u32 file, below;
	u64 size_bytes, data_at;
	u64 *bitmap;
	u64 bitmap_bytes; /* a multiple of eight */
	u64 changed_first, changed_end; /* bytes of it not yet written */
	u8 *cluster; /* work space */
};

static bool is_here(const struct overlay *ov, u64 at)
{
	return bitmap_test(ov->bitmap, at / CLUSTER);
}

static void set_here(struct overlay *ov, u64 at)
{
	u64 byte = at / CLUSTER / 8;

	if (is_here(ov, at))
		return;
	bitmap_set(ov->bitmap, at / CLUSTER);
	ov->changed_first = MIN(ov->changed_first, byte);
	ov->changed_end = MAX(ov->changed_end, byte + 1);
}

static void overlay_free(struct overlay *ov)
{
	kfree(ov->bitmap);
	kfree(ov->cluster);
	kfree(ov);
}

static int read_header(struct overlay *ov)
{
	struct lodger_overlay head;
	int err = blockfile_read(ov->file, 0, &head, sizeof(head));

	if (err)
		return err;
	if (head.magic != LODGER_OVERLAY_MAGIC || head.version != LODGER_OVERLAY_VERSION ||
	    head.cluster_bytes != CLUSTER || head.disk_bytes != ov->size_bytes ||
	    head.data_at != lodger_overlay_data_at(ov->size_bytes))
		return -EINVAL;
	ov->data_at = head.data_at;
	return blockfile_read(ov->file, LODGER_OVERLAY_BITMAP_AT, ov->bitmap,
			      ov->bitmap_bytes);
}

struct overlay *overlay_open(u32 file, u32 below, u64 size_bytes)
{
	struct overlay *ov = kzalloc(sizeof(*ov));
	int err = -ENOMEM;

	if (!ov)
		return ERR_PTR(-ENOMEM);
	ov->file = file;
	ov->below = below;
	ov->size_bytes = size_bytes;
	ov->bitmap_bytes = BITMAP_WORDS(lodger_overlay_clusters(size_bytes)) * sizeof(u64);
	ov->bitmap = kmalloc(ov->bitmap_bytes);
	ov->cluster = kmalloc(CLUSTER);
	ov->changed_first = UINT64_MAX;
	if (ov->bitmap && ov->cluster)
		err = read_header(ov);
	if (!err)
		return ov;
	overlay_free(ov);
	return ERR_PTR(err);
}

/* Bytes from `at` on that are all here or all below. */
static u64 stretch(const struct overlay *ov, u64 at, u64 len)
{
	u64 end = at + len, stop = ALIGN_DOWN(at, (u64)CLUSTER) + CLUSTER;

	while (stop < end && is_here(ov, stop) == is_here(ov, at))
		stop += CLUSTER;
	return MIN(stop, end) - at;
}

int overlay_read(struct overlay *ov, u64 at, void *buf, size_t len_bytes)
{
	u8 *to = buf;
	int err = 0;
	u64 n;

	for (; len_bytes && !err; at += n, to += n, len_bytes -= n) {
		n = stretch(ov, at, len_bytes);
		if (is_here(ov, at))
			err = blockfile_read(ov->file, ov->data_at + at, to, n);
		else
			err = blockfile_read(ov->below, at, to, n);
	}
	return err;
}

/* Part of a cluster that is not here yet: all of it comes here. */
static int copy_up(struct overlay *ov, u64 at, const void *buf, u64 len)
{
	u64 base = ALIGN_DOWN(at, (u64)CLUSTER), n = MIN((u64)CLUSTER, ov->size_bytes - base);
	int err = blockfile_read(ov->below, base, ov->cluster, n);

	if (err)
		return err;
	/* by a copy that takes no fault: buf may be a program's memory */
	err = blockfile_write(ov->file, ov->data_at + base, ov->cluster, n);
	if (!err)
		err = blockfile_write(ov->file, ov->data_at + at, buf, len);
	return err;
}

int overlay_write(struct overlay *ov, u64 at, const void *buf, size_t len_bytes)
{
	const u8 *from = buf;
	int err = 0;
	u64 n;

	for (; len_bytes && !err; at += n, from += n, len_bytes -= n) {
		u64 part = CLUSTER - at % CLUSTER;
		bool whole = part == CLUSTER && len_bytes >= CLUSTER;

		n = MIN(len_bytes, part);
		if (whole)
			n = ALIGN_DOWN(len_bytes, (u64)CLUSTER);
		if (whole || is_here(ov, at))
			err = blockfile_write(ov->file, ov->data_at + at, from, n);
		else
			err = copy_up(ov, at, from, n);
		for (u64 c = at; !err && c < at + n; c += CLUSTER)
			set_here(ov, c);
	}
	return err;
}

int overlay_flush(struct overlay *ov, bool sync)
{
	u64 first = ov->changed_first, end = ov->changed_end;
	int err = sync ? blockfile_flush(ov->file) : 0;

	if (err || first >= end)
		return err;
	err = blockfile_write(ov->file, LODGER_OVERLAY_BITMAP_AT + first,
			      (u8 *)ov->bitmap + first, end - first);
	if (!err && sync)
		err = blockfile_flush(ov->file);
	if (err)
		return err;
	ov->changed_first = UINT64_MAX;
	ov->changed_end = 0;
	return 0;
}
