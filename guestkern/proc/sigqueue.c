/*
 * Sets and queues of pending signals, handler tables, and what signals are by
 * nature: names and default actions.
 *
 * A standard signal is pending at most once; real-time signals queue up, each with
 * its info, as far as RLIMIT_SIGPENDING of the receiving process goes.
 */
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/proc_internal.h"
#include "proc/ptimer.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/resource.h>

/* Caused by the program's own last instruction: delivered first, so that the
 * frame shows it. */
#define SYNCHRONOUS                                                       \
	(SIG_BIT(SIGSEGV) | SIG_BIT(SIGBUS) | SIG_BIT(SIGILL) |           \
	 SIG_BIT(SIGTRAP) | SIG_BIT(SIGFPE) | SIG_BIT(SIGSYS))

#define DEFAULT_IGNORE (SIG_BIT(SIGCHLD) | SIG_BIT(SIGURG) | SIG_BIT(SIGWINCH))
#define DEFAULT_CORE                                                     \
	(SIG_BIT(SIGQUIT) | SIG_BIT(SIGILL) | SIG_BIT(SIGTRAP) |         \
	 SIG_BIT(SIGABRT) | SIG_BIT(SIGBUS) | SIG_BIT(SIGFPE) |          \
	 SIG_BIT(SIGSEGV) | SIG_BIT(SIGXCPU) | SIG_BIT(SIGXFSZ) |        \
	 SIG_BIT(SIGSYS))
#define DEFAULT_STOP                                                     \
	(SIG_BIT(SIGSTOP) | SIG_BIT(SIGTSTP) | SIG_BIT(SIGTTIN) |        \
	 SIG_BIT(SIGTTOU))

/* --- by nature ------------------------------------------------------------------------ */

enum signal_default signal_default(int sig)
{
	if (SIG_BIT(sig) & DEFAULT_IGNORE)
		return SIGDEF_IGNORE;
	if (SIG_BIT(sig) & DEFAULT_STOP)
		return SIGDEF_STOP;
	if (SIG_BIT(sig) & DEFAULT_CORE)
		return SIGDEF_CORE;
	return sig == SIGCONT ? SIGDEF_CONTINUE : SIGDEF_TERM;
}

const char *signal_name(int sig)
{
	static const char *const names[] = {
		"SIG0",	     "SIGHUP",	"SIGINT",  "SIGQUIT",	"SIGILL",
		"SIGTRAP",   "SIGABRT", "SIGBUS",  "SIGFPE",	"SIGKILL",
		"SIGUSR1",   "SIGSEGV", "SIGUSR2", "SIGPIPE",	"SIGALRM",
		"SIGTERM",   "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP",
		"SIGTSTP",   "SIGTTIN", "SIGTTOU", "SIGURG",	"SIGXCPU",
		"SIGXFSZ",   "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",
		"SIGPWR",    "SIGSYS",
	};
	static char other[16];

	if (sig >= 0 && sig < (int)ARRAY_SIZE(names))
		return names[sig];
	ksnprintf(other, sizeof(other), "SIG%d", sig);
	return other;
}

/* --- pending ------------------------------------------------------------------------------ */

void sigpending_init(struct sigpending *p)
{
	p->mask = 0;
	list_init(&p->queue);
}

struct sigqueue *sigqueue_alloc(struct process *p)
{
	struct sigqueue *q = NULL;

	if (p->sig_queued < p->rlim[RLIMIT_SIGPENDING].cur)
		q = kzalloc(sizeof(*q));
	if (!q)
		return NULL;
	list_init(&q->link);
	q->charged = p;
	p->sig_queued++;
	return q;
}

void sigqueue_free(struct sigqueue *q)
{
	list_del(&q->link);
	q->charged->sig_queued--;
	kfree(q);
}

static void entry_drop(struct sigqueue *q)
{
	list_del(&q->link);
	if (q->is_timer)
		ptimer_dropped(q);
	else
		sigqueue_free(q);
}

void sigpending_flush(struct sigpending *p, u64 mask)
{
	struct sigqueue *q, *tmp;

	p->mask &= ~mask;
	list_for_each_entry_safe(q, tmp, &p->queue, link)
		if (mask & SIG_BIT(q->info.signo))
			entry_drop(q);
}

static bool from_kill(const struct k_siginfo *info)
{
	return !info || info->code == SI_USER || info->code == SI_KERNEL;
}

int sigpending_add(struct sigpending *pending, struct process *p, int sig,
		   const struct k_siginfo *info)
{
	struct sigqueue *q;

	if (sig < SIGRTMIN && (pending->mask & SIG_BIT(sig)))
		return 0;
	q = sigqueue_alloc(p);
	if (!q && sig >= SIGRTMIN && !from_kill(info))
		return -EAGAIN;
	pending->mask |= SIG_BIT(sig);
	if (!q)
		return 0;
	if (info)
		q->info = *info;
	else
		q->info.code = SI_KERNEL;
	q->info.signo = sig;
	list_add_tail(&q->link, &pending->queue);
	return 0;
}

static int lowest(u64 mask)
{
	if (mask & SYNCHRONOUS)
		mask &= SYNCHRONOUS;
	return mask ? __builtin_ctzll(mask) + 1 : 0;
}

/* Removes one instance of sig; it stays pending while others are queued. */
static void collect(struct sigpending *p, int sig, struct k_siginfo *info)
{
	struct sigqueue *q, *tmp, *first = NULL;

	memset(info, 0, sizeof(*info));
	info->signo = sig; /* arrived without info: looks like kill(2) */
	p->mask &= ~SIG_BIT(sig);
	list_for_each_entry_safe(q, tmp, &p->queue, link) {
		if (q->info.signo != sig)
			continue;
		if (first) {
			p->mask |= SIG_BIT(sig);
			break;
		}
		first = q;
	}
	if (!first)
		return;
	*info = first->info;
	list_del(&first->link);
	if (first->is_timer)
		ptimer_delivered(first, info);
	else
		sigqueue_free(first);
}

int signal_dequeue(struct task *t, u64 mask, struct k_siginfo *info)
{
	struct sigpending *pending = &t->pending;
	int sig = lowest(pending->mask & mask);

	if (!sig) {
		pending = &t->proc->shared_pending;
		sig = lowest(pending->mask & mask);
	}
	if (sig)
		collect(pending, sig, info);
	return sig;
}

/* --- handler tables --------------------------------------------------------------------------- */

void sighand_put(struct sighand *sh)
{
	if (--sh->refs == 0)
		kfree(sh);
}

int sighand_unshare(struct process *p)
{
	struct sighand *own;

	if (p->sighand->refs == 1)
		return 0;
	own = kmalloc(sizeof(*own));
	if (!own)
		return -ENOMEM;
	*own = *p->sighand;
	own->refs = 1;
	sighand_put(p->sighand);
	p->sighand = own;
	return 0;
}

void sighand_reset(struct sighand *sh, bool keep_ignored)
{
	u64 ignored = (u64)SIG_IGN;
	u32 i;

	for (i = 0; i < NSIG_; i++) {
		bool keep = keep_ignored && sh->action[i].handler == ignored;

		memset(&sh->action[i], 0, sizeof(sh->action[i]));
		if (keep)
			sh->action[i].handler = ignored;
	}
}
