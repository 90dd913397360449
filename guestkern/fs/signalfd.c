/*
 * signalfd(2): the reader's pending signals as records. What is pending is that
 * of whoever asks; who waits is queued on its process, whose every new signal
 * wakes.
 */
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/signalfd.h>

#include "fs/file.h"
#include "fs/objects.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "proc/task.h"

/* SIGKILL and SIGSTOP cannot be read. */
#define MASK_ALLOWED (~(SIG_BIT(SIGKILL) | SIG_BIT(SIGSTOP)))

struct signalfd {
	u64 mask;
};

enum record_layout { LAYOUT_KILL, LAYOUT_RT, LAYOUT_TIMER, LAYOUT_POLL,
		     LAYOUT_FAULT, LAYOUT_CHILD };

/* Which of siginfo_t's unions a signal uses (sigaction(2)). */
static enum record_layout layout_of(const struct k_siginfo *info)
{
	if (info->code == SI_TIMER)
		return LAYOUT_TIMER;
	if (info->code == SI_SIGIO)
		return LAYOUT_POLL;
	if (info->code < 0)
		return LAYOUT_RT;
	if (info->code == SI_USER || info->code == SI_KERNEL)
		return LAYOUT_KILL;
	switch (info->signo) {
	case SIGCHLD:
		return LAYOUT_CHILD;
	case SIGIO:
		return LAYOUT_POLL;
	case SIGILL:
	case SIGTRAP:
	case SIGBUS:
	case SIGFPE:
	case SIGSEGV:
		return LAYOUT_FAULT;
	default:
		return LAYOUT_KILL;
	}
}

static void fill_record(struct signalfd_siginfo *r, const struct k_siginfo *info)
{
	memset(r, 0, sizeof(*r));
	r->ssi_signo = (u32)info->signo;
	r->ssi_errno = info->err;
	r->ssi_code = info->code;
	switch (layout_of(info)) {
	case LAYOUT_RT:
		r->ssi_ptr = info->rt.value;
		r->ssi_int = (s32)info->rt.value;
		r->ssi_pid = (u32)info->rt.pid;
		r->ssi_uid = info->rt.uid;
		break;
	case LAYOUT_KILL:
		r->ssi_pid = (u32)info->rt.pid;
		r->ssi_uid = info->rt.uid;
		break;
	case LAYOUT_TIMER:
		r->ssi_tid = (u32)info->timer.timerid;
		r->ssi_overrun = (u32)info->timer.overrun;
		r->ssi_ptr = info->timer.value;
		r->ssi_int = (s32)info->timer.value;
		break;
	case LAYOUT_POLL:
		r->ssi_band = (u32)info->poll.band;
		r->ssi_fd = info->poll.fd;
		break;
	case LAYOUT_FAULT:
		r->ssi_addr = info->fault.addr;
		break;
	case LAYOUT_CHILD:
		r->ssi_pid = (u32)info->chld.pid;
		r->ssi_uid = info->chld.uid;
		r->ssi_status = info->chld.status;
		r->ssi_utime = (u64)info->chld.utime;
		r->ssi_stime = (u64)info->chld.stime;
		break;
	}
}

static bool any_pending(const struct signalfd *s)
{
	return signal_pending_set(current_task()) & s->mask;
}

static s64 signalfd_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct wait_queue *wait = &current_process()->signalfd_wait;
	struct signalfd *s = f->private;
	struct signalfd_siginfo record;
	struct k_siginfo info;
	s64 done = 0;
	int err;

	(void)pos;
	if (buf->len < sizeof(record))
		return -EINVAL;
	if (!any_pending(s) && f->flags & O_NONBLOCK)
		return -EAGAIN;
	err = wait_event(wait, any_pending(s));
	while (!err && buf->len >= sizeof(record) &&
	       signal_dequeue(current_task(), s->mask, &info)) {
		fill_record(&record, &info);
		err = iobuf_put(buf, &record, sizeof(record));
		if (!err)
			done += (s64)sizeof(record);
	}
	return done ? done : err;
}

static u32 signalfd_poll(struct file *f, struct poll_table *pt)
{
	poll_wait(pt, &current_process()->signalfd_wait);
	return any_pending(f->private) ? POLLIN : 0;
}

static void signalfd_show(struct file *f, struct textbuf *tb)
{
	const struct signalfd *s = f->private;

	textbuf_printf(tb, "sigmask:\t%016llx\n", (unsigned long long)s->mask);
}

static void signalfd_release(struct file *f)
{
	kfree(f->private);
}

static const struct file_ops signalfd_ops = {
	.anon_name = "[signalfd]",
	.read = signalfd_read,
	.lseek = file_noop_lseek,
	.poll = signalfd_poll,
	.show = signalfd_show,
	.release = signalfd_release,
};

int signalfd_set_mask(struct file *f, u64 mask)
{
	struct signalfd *s = f->private;

	if (f->ops != &signalfd_ops)
		return -EINVAL;
	s->mask = mask & MASK_ALLOWED;
	wake_up(&current_process()->signalfd_wait);
	return 0;
}

struct file *signalfd_create(u64 mask, u32 flags)
{
	struct signalfd *s = kmalloc(sizeof(*s));
	struct file *f;

	if (!s)
		return ERR_PTR(-ENOMEM);
	s->mask = mask & MASK_ALLOWED;
	f = file_create_object(&signalfd_ops, O_RDWR | flags, s);
	if (IS_ERR(f))
		kfree(s);
	return f;
}
