/*
 * O_ASYNC and SIGIO (fcntl(2), signal(7)). A file in that state keeps wait
 * entries queued on itself, as an epoll item does; what they hear becomes a signal
 * to the owner: SIGIO, or F_SETSIG's with si_band and si_fd.
 */
#include "fs/async.h"

#include <asm/fcntl.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/poll.h>

#include "fs/file_internal.h"
#include "fs/poll.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "proc/task.h"

struct async_entry {
	struct wait_entry we;
	struct async *async;
	struct async_entry *next;
};

struct async {
	struct poll_table pt; /* only while entries are made */
	struct file *f;
	int fd;
	struct async_entry *entries;
};

/* --- the signal ------------------------------------------------------------------------ */

static bool may_signal(const struct file *f, const struct process *p)
{
	const struct cred *cred = &process_leader(p)->cred;
	u32 uid = f->owner_uid, euid = f->owner_euid;

	return euid == 0 || euid == cred->suid || euid == cred->uid ||
	       uid == cred->suid || uid == cred->uid;
}

/* Signals whose si_code has meanings of its own. */
static bool has_own_codes(int sig)
{
	return sig == SIGILL || sig == SIGFPE || sig == SIGSEGV || sig == SIGBUS ||
	       sig == SIGTRAP || sig == SIGCHLD || sig == SIGSYS;
}

static void signal_one(const struct file *f, struct process *p, struct task *t,
		       const struct k_siginfo *info)
{
	int sig = info ? info->signo : SIGIO;

	if (!may_signal(f, p))
		return;
	/* A full queue is told by the plain signal. */
	if (t ? signal_send_task(t, sig, info) : signal_send_process(p, sig, info))
		signal_send_process(p, SIGIO, NULL);
}

static void signal_owner(const struct file *f, const struct k_siginfo *info)
{
	struct process *p;
	struct task *t;

	if (f->owner_thread) {
		t = task_find(f->owner_pid);
		if (t)
			signal_one(f, t->proc, t, info);
	} else if (f->owner_pid > 0) {
		p = process_find(f->owner_pid);
		if (p)
			signal_one(f, p, NULL, info);
	} else if (f->owner_pid < 0) {
		for (p = process_first(); p; p = process_next(p))
			if (p->pgid == -f->owner_pid)
				signal_one(f, p, NULL, info);
	}
}

void async_tell(const struct file *f, int fd, int code, u32 band)
{
	int sig = f->owner_sig;
	struct k_siginfo info;

	if (!sig) {
		signal_owner(f, NULL);
		return;
	}
	memset(&info, 0, sizeof(info));
	info.signo = sig;
	info.code = sig != SIGIO && has_own_codes(sig) ? SI_SIGIO : code;
	info.poll.band = band;
	info.poll.fd = fd;
	signal_owner(f, &info);
}

static bool async_wake(struct wait_entry *we, u32 events)
{
	const struct async *a = container_of(we, struct async_entry, we)->async;

	if (events == WAKE_SLEEPERS)
		return false;
	if (!events)
		events = file_poll_mask(a->f, NULL);
	if (events & (POLLIN | POLLHUP) && file_readable(a->f))
		async_tell(a->f, a->fd, POLL_IN, POLLIN | POLLRDNORM);
	else if (events & (POLLOUT | POLLERR) && file_writable(a->f))
		async_tell(a->f, a->fd, POLL_OUT, POLLOUT | POLLWRNORM | POLLWRBAND);
	return false; /* never instead of somebody who sleeps */
}

/* --- on and off ------------------------------------------------------------------------- */

static void async_queue(struct poll_table *pt, struct wait_queue *wq)
{
	struct async *a = container_of(pt, struct async, pt);
	struct async_entry *entry = kmalloc(sizeof(*entry));

	if (!entry) {
		pt->err = -ENOMEM;
		return;
	}
	entry->async = a;
	entry->next = a->entries;
	a->entries = entry;
	wait_watch(wq, &entry->we, async_wake, false);
}

void async_free(struct file *f)
{
	struct async *a = f->async;
	struct async_entry *entry;

	if (!a)
		return;
	f->async = NULL;
	while ((entry = a->entries)) {
		a->entries = entry->next;
		wait_finish(&entry->we);
		kfree(entry);
	}
	kfree(a);
}

static int async_start(struct file *f, int fd)
{
	struct async *a = kzalloc(sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->f = f;
	a->fd = fd;
	f->async = a;
	poll_table_init(&a->pt);
	a->pt.queue = async_queue;
	file_poll_mask(f, &a->pt);
	if (a->pt.err) {
		async_free(f);
		return -ENOMEM;
	}
	f->flags |= FASYNC;
	return 0;
}

int async_set(struct file *f, int fd, bool on)
{
	if (!f->ops->async || !f->ops->poll || f->no_poll || on == !!f->async)
		return 0;
	if (on)
		return async_start(f, fd);
	f->flags &= ~(u32)FASYNC;
	async_free(f);
	return 0;
}

/* --- the owner --------------------------------------------------------------------------- */

static bool group_exists(s32 pgid)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p))
		if (p->pgid == pgid)
			return true;
	return false;
}

int async_set_owner(struct file *f, s32 who, bool thread)
{
	const struct cred *cred = &current_task()->cred;

	if (who == INT32_MIN)
		return -EINVAL;
	if (who < 0 ? !group_exists(-who) : who && !task_find(who))
		return -ESRCH;
	f->owner_pid = who;
	f->owner_thread = thread && who;
	f->owner_uid = cred->uid;
	f->owner_euid = cred->euid;
	return 0;
}
