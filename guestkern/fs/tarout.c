/* See tarout.h. What is written is gathered in frames of RAM, of which the broker writes
 * to the file. */
#include "fs/tarout.h"

#include <linux/stat.h>

#include "abi/tar.h"
#include "fs/hostfs.h"
#include "fs/xattr.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"

#define TAR_BLOCK LODGER_TAR_BLOCK
#define BUFFER_PAGES 64u
#define RECORDS_MAX LODGER_TAR_RECORDS_MAX
#define NAMES_MAX 4096u
#define OCTAL_ID_MAX 07777777u
#define OCTAL_SIZE_MAX 077777777777ull

struct tarout {
	u32 handle;
	pfn_t pfn;
	u32 pages;
	u64 used; /* in the frames */
	u64 written;
	char *records; /* RECORDS_MAX */
	size_t records_len;
	struct lodger_tar_header h; /* the one in the making */
};

/* --- bytes ------------------------------------------------------------------------------ */

static int flush(struct tarout *t)
{
	u64 done = 0;

	while (done < t->used) {
		struct hostfs_call call = { .rq = { .op = LODGER_BROKER_WRITE,
						    .handle = t->handle,
						    .offset = t->written,
						    .bytes = t->used - done,
						    .ram_at = pfn_to_gpa(t->pfn).v + done } };
		int err = hostfs_call(&call);

		if (!err && (!call.reply.value || call.reply.value > call.rq.bytes))
			err = -EIO;
		if (err)
			return err;
		done += call.reply.value;
		t->written += call.reply.value;
	}
	t->used = 0;
	return 0;
}

int tarout_bytes(struct tarout *t, const void *bytes, u64 len)
{
	const u8 *from = bytes;
	int err = 0;

	while (len && !err) {
		u64 n = MIN(len, ((u64)t->pages << PAGE_SHIFT) - t->used);
		gpa_t to = pfn_to_gpa(t->pfn);

		to.v += t->used;
		ram_write(to, from, n);
		t->used += n;
		from += n;
		len -= n;
		if (t->used == (u64)t->pages << PAGE_SHIFT)
			err = flush(t);
	}
	return err;
}

int tarout_pad(struct tarout *t)
{
	static const u8 zeros[TAR_BLOCK];
	u64 at = t->written + t->used;

	return tarout_bytes(t, zeros, ALIGN_UP(at, (u64)TAR_BLOCK) - at);
}

/* --- extended headers --------------------------------------------------------------------- */

static size_t digits_of(size_t n)
{
	size_t digits = 1;

	while (n /= 10)
		digits++;
	return digits;
}

/* "LENGTH KEY=VALUE\n", the length that of all of it. 0 or -E2BIG. */
static int add_record(struct tarout *t, const char *prefix, const char *key, const void *value,
		      size_t value_len)
{
	size_t rest = strlen(prefix) + strlen(key) + value_len + 3; /* " =\n" */
	size_t len = rest + digits_of(rest);
	char *to = t->records + t->records_len;

	if (digits_of(len) > digits_of(rest))
		len++;
	if (len + 1 > RECORDS_MAX - t->records_len)
		return -E2BIG;
	to += ksnprintf(to, len + 1, "%llu %s%s=", (unsigned long long)len, prefix, key);
	memcpy(to, value, value_len);
	to[value_len] = '\n';
	t->records_len += len;
	return 0;
}

static int add_text(struct tarout *t, const char *key, const char *text, size_t room)
{
	size_t len = text ? strlen(text) : 0;

	return len > room ? add_record(t, "", key, text, len) : 0;
}

static int add_number(struct tarout *t, const char *key, u64 value, u64 max)
{
	char text[24];

	if (value <= max)
		return 0;
	ksnprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return add_record(t, "", key, text, strlen(text));
}

static int add_mtime(struct tarout *t, const struct timespec64 *mtime)
{
	char text[48];
	bool down;

	if (!mtime->nsec && mtime->sec >= 0 && mtime->sec <= (s64)OCTAL_SIZE_MAX)
		return 0;
	/* a fraction counts from zero on, also downwards */
	down = mtime->sec < 0 && mtime->nsec;
	ksnprintf(text, sizeof(text), "%s%lld.%09lld", down ? "-" : "",
		  (long long)(down ? -(mtime->sec + 1) : mtime->sec),
		  (long long)(down ? 1000000000 - mtime->nsec : mtime->nsec));
	return add_record(t, "", "mtime", text, strlen(text));
}

static int add_xattr(struct tarout *t, const struct inode *inode, const char *name)
{
	char *value = kmalloc(LODGER_BROKER_TEXT_MAX);
	s64 n;

	if (!value)
		return -ENOMEM;
	n = inode->sb->xattr_ops->get(inode, name, value, LODGER_BROKER_TEXT_MAX);
	if (n >= 0)
		n = add_record(t, LODGER_TAR_XATTR_KEY, name, value, (size_t)n);
	kfree(value);
	return n == -ENODATA ? 0 : (int)n;
}

static int add_xattrs(struct tarout *t, const struct inode *inode)
{
	struct xattr_list list = { .size = NAMES_MAX, .all = true };
	int err;

	list.names = kmalloc(NAMES_MAX);
	if (!list.names)
		return -ENOMEM;
	err = inode->sb->xattr_ops ? inode->sb->xattr_ops->list(inode, &list) : 0;
	for (size_t at = 0; at < list.used && !err; at += strlen(list.names + at) + 1)
		err = add_xattr(t, inode, list.names + at);
	kfree(list.names);
	return err;
}

/* --- headers -------------------------------------------------------------------------------- */

static void octal(char *field, size_t len, u64 value)
{
	ksnprintf(field, len, "%0*llo", (int)len - 1, (unsigned long long)value);
}

static int put_header(struct tarout *t)
{
	struct lodger_tar_header *h = &t->h;

	memcpy(h->magic, "ustar", 6);
	memcpy(h->version, "00", 2);
	octal(h->check, sizeof(h->check) - 1, (u32)lodger_tar_sum(h, false));
	h->check[sizeof(h->check) - 1] = ' ';
	return tarout_bytes(t, h, sizeof(*h));
}

static int put_records(struct tarout *t)
{
	struct lodger_tar_header *h = &t->h;
	int err;

	if (!t->records_len)
		return 0;
	*h = (struct lodger_tar_header){ .name = "PaxHeaders/entry", .kind = 'x' };
	octal(h->mode, sizeof(h->mode), 0644);
	octal(h->uid, sizeof(h->uid), 0);
	octal(h->gid, sizeof(h->gid), 0);
	octal(h->mtime, sizeof(h->mtime), 0);
	octal(h->size, sizeof(h->size), t->records_len);
	err = put_header(t);
	if (!err)
		err = tarout_bytes(t, t->records, t->records_len);
	return err ? err : tarout_pad(t);
}

static char kind_of(const struct tarout_entry *e)
{
	if (e->hard)
		return '1';
	if (e->empty)
		return '0';
	switch (e->inode->mode & S_IFMT) {
	case S_IFREG:
		return '0';
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return 0;
	}
}

static void fill_numbers(struct lodger_tar_header *h, const struct inode *inode)
{
	u64 major = inode->rdev >> 8 & 0xfff;
	u64 minor = (inode->rdev & 0xff) | (inode->rdev >> 12 & 0xfff00);

	octal(h->mode, sizeof(h->mode), inode->mode & 07777);
	octal(h->uid, sizeof(h->uid), MIN(inode->uid, OCTAL_ID_MAX));
	octal(h->gid, sizeof(h->gid), MIN(inode->gid, OCTAL_ID_MAX));
	octal(h->mtime, sizeof(h->mtime), inode->mtime.sec >= 0 ? (u64)inode->mtime.sec : 0);
	octal(h->size, sizeof(h->size),
	      h->kind == '0' ? MIN(inode->size, OCTAL_SIZE_MAX) : 0);
	octal(h->major, sizeof(h->major), major);
	octal(h->minor, sizeof(h->minor), minor);
}

static int extend(struct tarout *t, const struct tarout_entry *e)
{
	const struct inode *inode = e->inode;
	int err = add_text(t, "path", e->name, sizeof(((struct lodger_tar_header *)0)->name) - 1);

	if (!err)
		err = add_text(t, "linkpath", e->target,
			       sizeof(((struct lodger_tar_header *)0)->target) - 1);
	if (err || e->hard || e->empty)
		return err;
	err = add_number(t, "uid", inode->uid, OCTAL_ID_MAX);
	if (!err)
		err = add_number(t, "gid", inode->gid, OCTAL_ID_MAX);
	if (!err && S_ISREG(inode->mode))
		err = add_number(t, "size", inode->size, OCTAL_SIZE_MAX);
	if (!err)
		err = add_mtime(t, &inode->mtime);
	return err ? err : add_xattrs(t, inode);
}

int tarout_entry(struct tarout *t, const struct tarout_entry *e)
{
	static const struct inode nothing = { .mode = S_IFREG | 0600 };
	struct lodger_tar_header *h = &t->h;
	char kind = kind_of(e);
	int err;

	if (!kind)
		return -EOPNOTSUPP;
	t->records_len = 0;
	err = extend(t, e);
	if (!err)
		err = put_records(t);
	if (err)
		return err;
	*h = (struct lodger_tar_header){ .kind = kind };
	str_copy(h->name, e->name, sizeof(h->name));
	if (e->target)
		str_copy(h->target, e->target, sizeof(h->target));
	fill_numbers(h, e->empty ? &nothing : e->inode);
	return put_header(t);
}

/* --- life -------------------------------------------------------------------------------------- */

static void tarout_free(struct tarout *t)
{
	for (u32 i = 0; i < t->pages; i++)
		page_put(t->pfn + i);
	kfree(t->records);
	kfree(t);
}

struct tarout *tarout_begin(u32 handle)
{
	struct tarout *t = kzalloc(sizeof(*t));

	if (!t)
		return ERR_PTR(-ENOMEM);
	t->handle = handle;
	t->records = kmalloc(RECORDS_MAX);
	t->pfn = page_alloc_run(BUFFER_PAGES, &t->pages, 0);
	if (t->pfn == PFN_NONE)
		t->pages = 0;
	if (!t->pages || !t->records) {
		tarout_free(t);
		return ERR_PTR(-ENOMEM);
	}
	for (u32 i = 0; i < t->pages; i++)
		page_mark_dirty(t->pfn + i);
	return t;
}

int tarout_end(struct tarout *t, int err)
{
	static const u8 zeros[2 * TAR_BLOCK];

	if (!err)
		err = tarout_bytes(t, zeros, sizeof(zeros));
	if (!err)
		err = flush(t);
	tarout_free(t);
	return err;
}
