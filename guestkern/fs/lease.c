/*
 * Leases. Owns what hangs on inode->leases: a set, made with the first lease, freed
 * with the inode.
 *
 * Invariants: a description has at most one lease; a lease's target is its type, or
 * less while it is being broken, and then it has a deadline.
 */
#include "fs/lease.h"

#include <asm/siginfo.h>
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "fs/async.h"
#include "fs/file_internal.h"
#include "fs/locks.h"
#include "fs/vfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/task.h"

struct lease {
	struct list_head link;
	struct list_head all;
	struct file *file;
	int fd;
	u32 type, target; /* F_RDLCK, F_WRLCK; F_UNLCK as target */
	s32 pid;
	u64 deadline_ns; /* mono, of the break; UINT64_MAX: never */
};

struct lease_set {
	struct list_head leases;
	struct wait_queue wait;
};

static struct list_head all = LIST_HEAD_INIT(all);

s64 lease_break_s = 45; /* as Linux */
s64 leases_enabled = 1;

static struct lease_set *set_of(const struct inode *inode)
{
	return inode->leases;
}

static struct lease *lease_of(const struct file *f)
{
	struct lease_set *set = f->inode ? set_of(f->inode) : NULL;
	struct lease *l;

	if (!set)
		return NULL;
	list_for_each_entry(l, &set->leases, link)
		if (l->file == f)
			return l;
	return NULL;
}

static void lease_drop(struct lease_set *set, struct lease *l)
{
	list_del(&l->link);
	list_del(&l->all);
	kfree(l);
	wake_up(&set->wait);
}

/* --- F_SETLEASE ------------------------------------------------------------------------ */

/* Is the file open in a way that the lease would have had to be told of? */
static bool is_open_otherwise(const struct file *f, u32 type)
{
	const struct inode *inode = f->inode;
	s32 own_writers = file_writable(f), own_readers = !own_writers;

	if (type == F_RDLCK)
		return inode->writers > 0;
	return inode->writers != own_writers || inode->readers != own_readers ||
	       inode->write_deny;
}

static int lease_check(const struct file *f, u32 type)
{
	const struct lease_set *set = set_of(f->inode);
	const struct lease *l;

	if (is_open_otherwise(f, type))
		return -EAGAIN;
	if (!set)
		return 0;
	list_for_each_entry(l, &set->leases, link)
		if (l->file != f && (type == F_WRLCK || l->target == F_UNLCK))
			return -EAGAIN;
	return 0;
}

static struct lease *lease_new(struct file *f)
{
	struct lease_set *set = set_of(f->inode);
	struct lease *l = kzalloc(sizeof(*l));

	if (l && !set) {
		set = kmalloc(sizeof(*set));
		if (set) {
			list_init(&set->leases);
			wait_queue_init(&set->wait);
			f->inode->leases = set;
		}
	}
	if (!set || !l) {
		kfree(l);
		return NULL;
	}
	l->file = f;
	l->pid = current_process()->pid;
	list_add_tail(&l->link, &set->leases);
	list_add_tail(&l->all, &all);
	if (!f->owner_pid)
		async_set_owner(f, l->pid, false);
	return l;
}

int lease_set(struct file *f, int fd, u32 type)
{
	struct lease *l;
	int err;

	if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK)
		return -EINVAL;
	if (current_task()->cred.fsuid != f->inode->uid && !capable(CAP_LEASE))
		return -EACCES;
	if (!S_ISREG(f->inode->mode) || !leases_enabled)
		return -EINVAL;
	l = lease_of(f);
	if (type == F_UNLCK) {
		if (!l)
			return -EAGAIN;
		lease_drop(set_of(f->inode), l);
		return 0;
	}
	err = lease_check(f, type);
	if (err)
		return err;
	if (!l)
		l = lease_new(f);
	if (!l)
		return -ENOLCK;
	l->fd = fd;
	l->type = l->target = type;
	l->deadline_ns = UINT64_MAX;
	wake_up(&set_of(f->inode)->wait);
	return 0;
}

u32 lease_type(const struct file *f)
{
	const struct lease *l = lease_of(f);

	return l ? l->target : F_UNLCK;
}

/* --- breaking --------------------------------------------------------------------------- */

static bool in_the_way(const struct lease *l, bool write)
{
	return write || l->type == F_WRLCK;
}

/* The holder is told, once, what is left to it. */
static void lease_tell(struct lease *l, bool write)
{
	u32 target = write ? F_UNLCK : F_RDLCK;
	bool breaking = l->target != l->type;

	if (l->target == target || (breaking && !write))
		return;
	l->target = target;
	if (!breaking && lease_break_s)
		l->deadline_ns = clock_mono_ns() + (u64)lease_break_s * NS_PER_SEC;
	async_tell(l->file, l->fd, POLL_MSG, POLLIN | POLLRDNORM | POLLMSG);
}

/* What was not given up in time is taken. */
static void take_overdue(struct lease_set *set)
{
	u64 now = clock_mono_ns();
	struct lease *l, *tmp;

	list_for_each_entry_safe(l, tmp, &set->leases, link) {
		if (l->target == l->type || now < l->deadline_ns)
			continue;
		if (l->target == F_UNLCK) {
			lease_drop(set, l);
		} else {
			l->type = l->target;
			l->deadline_ns = UINT64_MAX;
		}
	}
}

/* When the first of those in the way is overdue; 0: nobody is in the way. */
static u64 next_deadline(const struct lease_set *set, bool write)
{
	const struct lease *l;
	u64 first = 0;

	list_for_each_entry(l, &set->leases, link)
		if (in_the_way(l, write) && (!first || l->deadline_ns < first))
			first = l->deadline_ns;
	return first;
}

int lease_break(struct inode *inode, bool write, bool nonblock)
{
	struct lease_set *set = set_of(inode);
	struct lease *l;
	u64 deadline;
	int err = 0;

	if (!set || list_empty(&set->leases))
		return 0;
	take_overdue(set);
	list_for_each_entry(l, &set->leases, link)
		if (in_the_way(l, write))
			lease_tell(l, write);
	if (nonblock)
		return next_deadline(set, write) ? -EWOULDBLOCK : 0;
	/* Who waits to write counts as a writer: no lease to read is left to take. */
	inode->writers += write;
	while ((deadline = next_deadline(set, write))) {
		err = wait_event_until(&set->wait, next_deadline(set, write) != deadline,
				       deadline);
		if (err == -ERESTARTSYS)
			break;
		take_overdue(set);
	}
	inode->writers -= write;
	return deadline ? err : 0;
}

/* --- ends ------------------------------------------------------------------------------- */

void lease_release_file(struct file *f)
{
	struct lease *l = lease_of(f);

	if (l)
		lease_drop(set_of(f->inode), l);
}

void lease_free(struct inode *inode)
{
	kfree(inode->leases);
	inode->leases = NULL;
}

void leases_show(struct textbuf *tb, u32 *number)
{
	const struct lease *l;

	list_for_each_entry(l, &all, all)
		locks_show_line(tb, &(struct lock_line){
			.number = ++*number,
			.kind = l->target != l->type ? "LEASE  BREAKING " :
						       "LEASE  ACTIVE   ",
			.type = l->target,
			.pid = l->pid,
			.inode = l->file->inode,
			.end = INT64_MAX,
		});
}
