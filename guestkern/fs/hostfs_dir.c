/*
 * hostfs: look-ups and listings.
 *
 * A name, also one that is not there, is good as long as its directory's epoch is the
 * one it was looked up in (dentry->stamp).
 *
 * A listing is taken whole, into frames of RAM, and kept with the directory until that
 * changes. An open directory goes on with the listing it began with; its positions are
 * places in that.
 */
#include <linux/fs.h>
#include <linux/stat.h>

#include "fs/hostfs.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

/* --- names --------------------------------------------------------------------------- */

/* Asks for the name: 0 with the answer in call, or -errno. */
static int ask_name(struct inode *dir, const char *name, struct hostfs_call *call)
{
	int err = hostfs_hold(dir, HOSTFS_PATH);

	if (err)
		return err;
	*call = (struct hostfs_call){ .rq = { .op = LODGER_BROKER_LOOKUP,
					      .handle = hostfs_info_of(dir)->handle },
				      .name = name };
	return hostfs_call(call);
}

int hostfs_lookup(struct inode *dir, struct dentry *child)
{
	struct hostfs_info *info = hostfs_info_of(dir);
	struct hostfs_call call;
	struct inode *inode;
	bool none = info->covered || info->loaded || info->fresh;
	int err = none ? -ENOENT : ask_name(dir, child->name, &call);

	child->stamp = info->epoch;
	if (err)
		return err == -ENOENT ? 0 : err;
	inode = hostfs_iget(dir->sb, &call.reply.attr, dir, child->name);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	d_set_inode(child, inode);
	return 0;
}

/* The name is of another time: does it still lead where it did? */
static int ask_again(struct inode *dir, struct dentry *d)
{
	struct hostfs_call call;
	struct inode *inode;
	int err = ask_name(dir, d->name, &call);

	d->stamp = hostfs_info_of(dir)->epoch;
	if (err == -ENOENT)
		return !d->inode;
	if (err)
		return err;
	inode = hostfs_iget(dir->sb, &call.reply.attr, dir, d->name);
	if (IS_ERR(inode))
		return (int)PTR_ERR(inode);
	if (!d->inode) {
		d_set_inode(d, inode);
		return 1;
	}
	inode_put(inode);
	return inode == d->inode;
}

int hostfs_revalidate(struct dentry *d)
{
	struct inode *dir = d->parent->inode;
	int err;

	if (hostfs_info_of(dir)->loaded)
		return 1;
	err = hostfs_refresh(dir, false);
	if (err)
		return err == -ESTALE || err == -ENOENT ? 0 : err;
	return d->stamp == hostfs_info_of(dir)->epoch ? 1 : ask_again(dir, d);
}

/* --- taking a listing ---------------------------------------------------------------- */

#define CHUNK_PAGES 8u
#define CHUNKS_MAX 512u /* 16 MiB: some hundred thousand names */
#define LIST_SHARE 32u	/* of RAM, that all listings kept may take */

struct chunk {
	pfn_t pfn;
	u32 pages;
	u32 bytes; /* used */
};

struct hostfs_list {
	u32 refs;
	u32 count;
	u64 pages;
	struct chunk *chunk;
};

static u64 list_pages; /* of all */

static void listing_put(struct hostfs_list *list)
{
	if (--list->refs)
		return;
	for (u32 i = 0; i < list->count; i++) {
		for (u32 page = 0; page < list->chunk[i].pages; page++)
			page_put(list->chunk[i].pfn + page);
	}
	list_pages -= list->pages;
	kfree(list->chunk);
	kfree(list);
}

void hostfs_drop_list(struct hostfs_info *info)
{
	if (info->list)
		listing_put(info->list);
	info->list = NULL;
}

/* Room for one more chunk. 0 or -ENOMEM. */
static int listing_grow(struct hostfs_list *list)
{
	struct chunk *chunk;

	if (list->count & (list->count - 1))
		return 0; /* doubled at powers of two */
	if (list->count == CHUNKS_MAX)
		return -ENOMEM;
	chunk = kmalloc(MAX(2 * list->count, 1u) * sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	if (list->count)
		memcpy(chunk, list->chunk, list->count * sizeof(*chunk));
	kfree(list->chunk);
	list->chunk = chunk;
	return 0;
}

/* The directory's next entries, from *next on: 1, 0 there are no more, or -errno. */
static int listing_add(struct hostfs_list *list, u32 handle, u64 *next)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_LIST, .handle = handle,
					    .offset = *next } };
	struct chunk chunk;
	u64 need;
	int err = listing_grow(list);

	if (err)
		return err;
	chunk.pfn = page_alloc_run(CHUNK_PAGES, &chunk.pages, 0);
	if (chunk.pfn == PFN_NONE)
		return -ENOMEM;
	for (u32 i = 0; i < chunk.pages; i++)
		page_mark_dirty(chunk.pfn + i);
	call.rq.ram_at = pfn_to_gpa(chunk.pfn).v;
	call.rq.bytes = (u64)chunk.pages << PAGE_SHIFT;
	err = hostfs_call(&call);
	chunk.bytes = err ? 0 : (u32)MIN(call.reply.value, call.rq.bytes);
	need = ALIGN_UP((u64)chunk.bytes, PAGE_SIZE) >> PAGE_SHIFT;
	for (; chunk.pages > need; chunk.pages--)
		page_put(chunk.pfn + chunk.pages - 1);
	*next = call.reply.next;
	if (!chunk.bytes)
		return err;
	list->pages += need;
	list_pages += need;
	list->chunk[list->count++] = chunk;
	return 1;
}

/* A fresh listing, one reference; or ERR_PTR. */
static struct hostfs_list *listing_take(struct inode *dir)
{
	struct hostfs_info *info = hostfs_info_of(dir);
	struct hostfs_list *list = kzalloc(sizeof(*list));
	u64 next = 0;
	int err = 0;

	if (!list)
		return ERR_PTR(-ENOMEM);
	list->refs = 1;
	if (!info->covered)
		err = hostfs_hold(dir, HOSTFS_READ);
	if (!err && !info->covered) {
		do
			err = listing_add(list, info->handle, &next);
		while (err > 0);
	}
	if (!err)
		return list;
	listing_put(list);
	return ERR_PTR(err);
}

/* The directory's listing as it is now, with a reference for the caller. */
static struct hostfs_list *listing_of(struct inode *dir)
{
	struct hostfs_info *info = hostfs_info_of(dir);
	struct hostfs_list *list = info->list;

	if (list) {
		list->refs++;
		return list;
	}
	list = listing_take(dir);
	if (IS_ERR(list) || list_pages > page_total_count() / LIST_SHARE)
		return list;
	list->refs++;
	info->list = list;
	return list;
}

/* --- reading it ------------------------------------------------------------------------ */

#define WINDOW_BYTES 4096u
/* Positions: 0 "." and 1 "..", then chunk number and place in it. */
#define POS_SHIFT 16
#define POS_FIRST 2

/* Emits what is in the window, bytes from the chunk's place at; 0 the sink is full,
 * else how much of it is done with. */
static u32 emit_window(struct file *f, struct dir_sink *sink, const u8 *window, u32 bytes,
		       s64 base, u32 at)
{
	u32 done = 0;

	while (done + LODGER_BROKER_ENTRY_HEAD <= bytes) {
		const struct lodger_broker_entry *e = (const void *)(window + done);
		u32 len = e->entry_bytes;

		if (len < LODGER_BROKER_ENTRY_HEAD || len % 8 || len > bytes - done ||
		    (u32)e->name_bytes + LODGER_BROKER_ENTRY_HEAD > len)
			break;
		if (!sink->emit(sink, e->name, e->name_bytes, e->ino, e->type,
				base + at + done + len))
			return 0;
		done += len;
		f->pos = base + at + done;
	}
	return done;
}

/* From the place at in a chunk on: 1 all of it, 0 the sink is full, -EIO. */
static int emit_chunk(struct file *f, struct dir_sink *sink, const struct chunk *chunk,
		      s64 base, u32 at)
{
	static u8 window[WINDOW_BYTES] __attribute__((aligned(8)));

	while (at < chunk->bytes) {
		gpa_t from = pfn_to_gpa(chunk->pfn);
		u32 bytes = MIN(chunk->bytes - at, WINDOW_BYTES), done;
		s64 before = f->pos;

		from.v += at;
		ram_read(from, window, bytes);
		done = emit_window(f, sink, window, bytes, base, at);
		if (!done)
			return f->pos == before && bytes < LODGER_BROKER_ENTRY_HEAD ? -EIO : 0;
		at += done;
	}
	return 1;
}

static int emit_dots(struct file *f, struct dir_sink *sink)
{
	u64 up = f->dentry->parent->inode->ino;

	if (f->pos == 0) {
		if (!sink->emit(sink, ".", 1, f->inode->ino, S_IFDIR >> 12, 1))
			return 0;
		f->pos = 1;
	}
	if (f->pos == 1) {
		if (!sink->emit(sink, "..", 2, up, S_IFDIR >> 12, POS_FIRST))
			return 0;
		f->pos = POS_FIRST;
	}
	return 1;
}

/* What hostfs_each_name has instead of a program's buffer. */
struct name_sink {
	struct dir_sink sink;
	int (*each)(void *context, const char *name, u32 len);
	void *context;
	int err;
};

static bool tell_name(struct dir_sink *sink, const char *name, size_t len, u64 ino, u32 dtype,
		      s64 next_pos)
{
	struct name_sink *ns = container_of(sink, struct name_sink, sink);

	(void)ino;
	(void)dtype;
	(void)next_pos;
	ns->err = ns->each(ns->context, name, (u32)len);
	return !ns->err;
}

int hostfs_each_name(struct inode *dir, int (*each)(void *context, const char *name, u32 len),
		     void *context)
{
	struct name_sink ns = { { tell_name }, each, context, 0 };
	struct hostfs_list *list = listing_of(dir);
	struct file f = { .inode = dir };
	int ret = 1;

	if (IS_ERR(list))
		return (int)PTR_ERR(list);
	for (u32 i = 0; i < list->count && ret == 1; i++)
		ret = emit_chunk(&f, &ns.sink, &list->chunk[i], 0, 0);
	listing_put(list);
	return ns.err ? ns.err : MIN(ret, 0);
}

static int iterate(struct file *f, struct dir_sink *sink)
{
	struct hostfs_list *list;
	int ret = 1;

	/* A listing that was begun goes on, whatever becomes of the directory. */
	if (hostfs_info_of(f->inode)->loaded && (!f->private || f->pos == 0)) {
		if (f->private)
			listing_put(f->private);
		f->private = NULL;
		return dentry_dir_fops.iterate(f, sink);
	}
	if (f->pos == 0 && f->private) { /* from the start: as it is now */
		listing_put(f->private);
		f->private = NULL;
		ret = hostfs_refresh(f->inode, true);
		if (ret)
			return ret;
	}
	if (!f->private) {
		list = listing_of(f->inode);
		if (IS_ERR(list))
			return (int)PTR_ERR(list);
		f->private = list;
	}
	list = f->private;
	ret = emit_dots(f, sink);
	while (ret == 1) {
		u64 place = (u64)f->pos - POS_FIRST;
		u64 n = place >> POS_SHIFT, at = place & ((1u << POS_SHIFT) - 1);

		if (n >= list->count)
			break;
		ret = emit_chunk(f, sink, &list->chunk[n], POS_FIRST + (s64)(n << POS_SHIFT),
				 (u32)ALIGN_UP(at, 8ULL));
		if (ret == 1)
			f->pos = POS_FIRST + (s64)((n + 1) << POS_SHIFT);
	}
	return MIN(ret, 0);
}

static void dir_release(struct file *f)
{
	if (f->private)
		listing_put(f->private);
}

static int dir_fsync(struct file *f)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_SYNC } };
	int err;

	if (hostfs_of(f->inode)->private)
		return 0;
	err = hostfs_hold(f->inode, HOSTFS_READ);
	call.rq.handle = hostfs_info_of(f->inode)->handle;
	return err ? err : hostfs_sync(&call);
}

const struct file_ops hostfs_dir_fops = {
	.lseek = file_plain_lseek,
	.iterate = iterate,
	.fsync = dir_fsync,
	.release = dir_release,
};
