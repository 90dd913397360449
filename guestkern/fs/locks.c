/*
 * Advisory file locks: flock(2), and record locks of fcntl(2), owned by a
 * process (its descriptor table) or by an open file description.
 *
 * Owns what hangs on inode->locks: a context, made at the first lock, freed with
 * the inode. Record locks and flock locks do not see each other.
 *
 * Invariants: the record locks of one owner on one inode are disjoint, and
 * touching ones differ in type. Whoever sleeps for a lock holds the file and so
 * the inode and the context. Memory is taken before anything changes.
 */
#include "fs/locks.h"

#include <linux/fcntl.h>

#include "fs/file.h"
#include "fs/lease.h"
#include "fs/vfs.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "mm/slab.h"
#include "proc/task.h"
#include "proc/wait.h"

struct lock {
	struct list_head link;
	const void *owner; /* descriptor table, or struct file */
	u32 type;	   /* F_RDLCK, F_WRLCK */
	s32 pid;
	s64 start, end;
};

struct lock_context {
	struct list_head all;
	const struct inode *inode;
	struct list_head records; /* by owner, then start */
	struct list_head flocks;
	struct wait_queue wait;
};

/* Processes that sleep for a record lock: the graph in which deadlocks are
 * looked for. */
struct lock_waiter {
	struct list_head link;
	const void *owner;
	struct lock_context *ctx;
	const struct lock *want;
};
static struct list_head lock_waiters = LIST_HEAD_INIT(lock_waiters);
static struct list_head contexts = LIST_HEAD_INIT(contexts);

/* All locks together fill at most this share of the core. */
#define LOCKS_CORE_SHARE 64
static u64 lock_count;

/* As Linux: longer chains are taken for deadlock-free. */
#define DEADLOCK_STEPS_MAX 10

#define OFFSET_MAX INT64_MAX /* the end of a lock up to that of the file */

static struct lock_context *lock_context_of(struct inode *inode)
{
	struct lock_context *ctx = inode->locks;

	if (ctx)
		return ctx;
	ctx = kzalloc(sizeof(*ctx));
	if (!ctx)
		return NULL;
	list_init(&ctx->records);
	list_init(&ctx->flocks);
	wait_queue_init(&ctx->wait);
	ctx->inode = inode;
	list_add_tail(&ctx->all, &contexts);
	inode->locks = ctx;
	return ctx;
}

void locks_free(struct inode *inode)
{
	struct lock_context *ctx = inode->locks;

	if (!ctx)
		return;
	BUG_ON(!list_empty(&ctx->records) || !list_empty(&ctx->flocks));
	inode->locks = NULL;
	list_del(&ctx->all);
	kfree(ctx);
}

static struct lock *lock_alloc(void)
{
	struct lock *l;

	if (lock_count >= kmem_total_bytes() / LOCKS_CORE_SHARE / sizeof(*l))
		return NULL;
	l = kzalloc(sizeof(*l));
	if (!l)
		return NULL;
	list_init(&l->link);
	lock_count++;
	return l;
}

/* Also of one that is in no list, or NULL. */
static void lock_free(struct lock *l)
{
	if (!l)
		return;
	list_del(&l->link);
	kfree(l);
	lock_count--;
}

static bool types_conflict(u32 a, u32 b)
{
	return a == F_WRLCK || b == F_WRLCK;
}

/* --- flock -------------------------------------------------------------------------- */

static struct lock *flock_of(struct lock_context *ctx, const void *owner)
{
	struct lock *l;

	list_for_each_entry(l, &ctx->flocks, link) {
		if (l->owner == owner)
			return l;
	}
	return NULL;
}

static bool flock_blocked(struct lock_context *ctx, const void *owner, u32 type)
{
	struct lock *l;

	list_for_each_entry(l, &ctx->flocks, link) {
		if (l->owner != owner && types_conflict(l->type, type))
			return true;
	}
	return false;
}

static void flock_drop(struct lock_context *ctx, const void *owner)
{
	struct lock *l = flock_of(ctx, owner);

	if (!l)
		return;
	lock_free(l);
	wake_up(&ctx->wait);
}

int locks_flock(struct file *f, u32 op, bool wait)
{
	struct lock_context *ctx = lock_context_of(f->inode);
	u32 type = op == LOCK_EX ? F_WRLCK : F_RDLCK;
	struct lock *l, *new;
	int err;

	if (!ctx)
		return -ENOLCK;
	if (op == LOCK_UN) {
		flock_drop(ctx, f);
		return 0;
	}
	l = flock_of(ctx, f);
	if (l && l->type == type)
		return 0;
	new = lock_alloc();
	if (!new)
		return -ENOLCK;
	/* Conversion is not atomic: the old lock goes first (flock(2)). */
	flock_drop(ctx, f);
	err = 0;
	if (flock_blocked(ctx, f, type))
		err = wait ? wait_event(&ctx->wait, !flock_blocked(ctx, f, type))
			   : -EWOULDBLOCK;
	/* Another thread may have locked the same description meanwhile. */
	if (!err)
		flock_drop(ctx, f);
	if (err) {
		lock_free(new);
		return err;
	}
	new->owner = f;
	new->type = type;
	new->pid = current_process()->pid;
	new->end = OFFSET_MAX;
	list_add_tail(&new->link, &ctx->flocks);
	f->locked = true;
	return 0;
}

/* --- record locks --------------------------------------------------------------------- */

static struct lock *record_conflict(struct lock_context *ctx, const struct lock *want)
{
	struct lock *l;

	list_for_each_entry(l, &ctx->records, link) {
		if (l->owner != want->owner && l->start <= want->end &&
		    want->start <= l->end && types_conflict(l->type, want->type))
			return l;
	}
	return NULL;
}

static const struct lock_waiter *waiter_of(const void *owner)
{
	const struct lock_waiter *w;

	list_for_each_entry(w, &lock_waiters, link) {
		if (w->owner == owner)
			return w;
	}
	return NULL;
}

/* Would owner, waiting for blocker, wait for itself? */
static bool would_deadlock(const void *owner, const struct lock *blocker)
{
	const struct lock_waiter *w;

	for (int i = 0; i < DEADLOCK_STEPS_MAX && blocker; i++) {
		if (blocker->owner == owner)
			return true;
		w = waiter_of(blocker->owner);
		if (!w)
			return false;
		blocker = record_conflict(w->ctx, w->want);
	}
	return false;
}

/* Sleeps until nothing is in the way of want. */
static int record_wait(struct lock_context *ctx, const struct lock *want, bool ofd)
{
	struct lock_waiter w = { .owner = want->owner, .ctx = ctx, .want = want };
	struct lock *blocker;
	int err = 0;

	list_init(&w.link);
	while (!err && (blocker = record_conflict(ctx, want))) {
		/* Descriptions are exempt, as in Linux: threads share them. */
		if (!ofd && would_deadlock(want->owner, blocker))
			return -EDEADLK;
		if (!ofd)
			list_add(&w.link, &lock_waiters);
		err = wait_event(&ctx->wait, record_conflict(ctx, want) != blocker);
		list_del(&w.link);
	}
	return err;
}

/*
 * Cuts [start, end] out of l, a lock of the same owner; what remains behind
 * goes into *spare (used up at most once for one cut).
 */
static void record_cut(struct lock *l, s64 start, s64 end, struct lock **spare)
{
	struct lock *tail;

	if (start <= l->start && l->end <= end) {
		lock_free(l);
	} else if (start <= l->start) {
		l->start = end + 1;
	} else if (l->end <= end) {
		l->end = start - 1;
	} else {
		tail = *spare;
		*spare = NULL;
		BUG_ON(!tail);
		*tail = *l;
		list_init(&tail->link);
		tail->start = end + 1;
		l->end = start - 1;
		list_add(&tail->link, &l->link);
	}
}

/* Do a's bytes touch or overlap [start, end]? */
static bool record_touches(const struct lock *l, s64 start, s64 end)
{
	return (l->start <= end || l->start - 1 == end) &&
	       (start <= l->end || start - 1 == l->end);
}

/* Files l among its owner's locks, in the order of their starts. */
static void record_insert(struct lock_context *ctx, struct lock *l)
{
	struct list_head *before = &ctx->records;
	struct lock *other;

	list_for_each_entry(other, &ctx->records, link) {
		if (other->owner == l->owner) {
			before = other->link.next;
			if (other->start > l->start) {
				before = &other->link;
				break;
			}
		}
	}
	list_add_tail(&l->link, before);
}

/* Replaces the owner's state of want's range. new: memory for the lock itself
 * (NULL to unlock), spare: for a remainder. Unused ones are freed. */
static void record_apply(struct lock_context *ctx, const struct lock *want,
			 struct lock *new, struct lock *spare)
{
	s64 start = want->start, end = want->end;
	struct lock *l, *tmp;

	list_for_each_entry_safe(l, tmp, &ctx->records, link) {
		if (l->owner != want->owner)
			continue;
		if (new && l->type == want->type && record_touches(l, start, end)) {
			start = MIN(start, l->start);
			end = MAX(end, l->end);
			lock_free(l);
		} else if (l->start <= end && start <= l->end) {
			record_cut(l, start, end, &spare);
		}
	}
	if (new) {
		*new = *want;
		new->start = start;
		new->end = end;
		record_insert(ctx, new);
	}
	lock_free(spare);
	wake_up(&ctx->wait);
}

static const void *record_owner(const struct file *f, bool ofd)
{
	return ofd ? (const void *)f : current_process()->res.files;
}

int locks_set(struct file *f, const struct lock_range *range, bool ofd, bool wait)
{
	struct lock want = {
		.owner = record_owner(f, ofd),
		.type = range->type,
		.pid = ofd ? -1 : current_process()->pid,
		.start = range->start,
		.end = range->end,
	};
	struct lock_context *ctx = f->inode->locks;
	struct lock *new = NULL, *spare;
	int err = 0;

	if (range->type == F_UNLCK && !ctx)
		return 0;
	ctx = lock_context_of(f->inode);
	spare = lock_alloc();
	if (range->type != F_UNLCK)
		new = lock_alloc();
	if (!ctx || !spare || (range->type != F_UNLCK && !new)) {
		err = -ENOLCK;
		goto out_free;
	}
	if (range->type != F_UNLCK && record_conflict(ctx, &want))
		err = wait ? record_wait(ctx, &want, ofd) : -EAGAIN;
	if (err)
		goto out_free;
	record_apply(ctx, &want, new, spare);
	if (ofd)
		f->locked = true;
	return 0;

out_free:
	lock_free(new);
	lock_free(spare);
	return err;
}

void locks_test(struct file *f, struct lock_range *range, bool ofd)
{
	struct lock_context *ctx = f->inode->locks;
	struct lock want = {
		.owner = record_owner(f, ofd),
		.type = range->type,
		.start = range->start,
		.end = range->end,
	};
	struct lock *l = ctx ? record_conflict(ctx, &want) : NULL;

	if (!l) {
		range->type = F_UNLCK;
		return;
	}
	range->type = l->type;
	range->start = l->start;
	range->end = l->end;
	range->pid = l->pid;
}

/* --- ends ------------------------------------------------------------------------------ */

static void records_drop(struct lock_context *ctx, const void *owner)
{
	struct lock *l, *tmp;
	bool dropped = false;

	list_for_each_entry_safe(l, tmp, &ctx->records, link) {
		if (l->owner == owner) {
			lock_free(l);
			dropped = true;
		}
	}
	if (dropped)
		wake_up(&ctx->wait);
}

void locks_release_owner(struct file *f, const void *owner)
{
	if (f->inode && f->inode->locks)
		records_drop(f->inode->locks, owner);
}

void locks_release_file(struct file *f)
{
	if (!f->locked)
		return;
	flock_drop(f->inode->locks, f);
	records_drop(f->inode->locks, f);
}

/* --- /proc/locks ----------------------------------------------------------------------- */

void locks_show_line(struct textbuf *tb, const struct lock_line *line)
{
	static const char *const types[] = { [F_RDLCK] = "READ", [F_WRLCK] = "WRITE",
					     [F_UNLCK] = "UNLCK" };
	u64 dev = super_dev(line->inode->sb);
	u32 major = (u32)(dev >> 8 & 0xfff), minor = (u32)((dev & 0xff) | (dev >> 12 & ~0xffu));

	textbuf_printf(tb, "%u: %s%s %s %d %02x:%02x:%llu %lld ", line->number,
		       line->waits ? "-> " : "", line->kind, types[line->type], line->pid,
		       major, minor, (unsigned long long)line->inode->ino,
		       (long long)line->start);
	if (line->end == OFFSET_MAX)
		textbuf_printf(tb, "EOF\n");
	else
		textbuf_printf(tb, "%lld\n", (long long)line->end);
}

static void show_one(struct textbuf *tb, const struct lock_context *ctx, const struct lock *l,
		     const char *kind, u32 number, bool waits)
{
	locks_show_line(tb, &(struct lock_line){
		.number = number,
		.waits = waits,
		.kind = kind,
		.type = l->type,
		.pid = l->pid,
		.inode = ctx->inode,
		.start = l->start,
		.end = l->end,
	});
}

static void show_record(struct textbuf *tb, struct lock_context *ctx, const struct lock *l,
			u32 number)
{
	const struct lock_waiter *w;

	show_one(tb, ctx, l, l->pid < 0 ? "OFDLCK ADVISORY " : "POSIX  ADVISORY ", number,
		 false);
	list_for_each_entry(w, &lock_waiters, link)
		if (w->ctx == ctx && record_conflict(ctx, w->want) == l)
			show_one(tb, ctx, w->want, "POSIX  ADVISORY ", number, true);
}

void locks_show(struct textbuf *tb)
{
	struct lock_context *ctx;
	const struct lock *l;
	u32 number = 0;

	list_for_each_entry(ctx, &contexts, all) {
		list_for_each_entry(l, &ctx->records, link)
			show_record(tb, ctx, l, ++number);
		list_for_each_entry(l, &ctx->flocks, link)
			show_one(tb, ctx, l, "FLOCK  ADVISORY ", ++number, false);
	}
	leases_show(tb, &number);
}
