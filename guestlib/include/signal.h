/*
 * Signals: sigaction(2) and kin.  sigset_t is the kernel's own 64-bit mask.
 * The restorer is supplied here, so sa_flags and sa_restorer need no care.
 */
#ifndef GUESTLIB_SIGNAL_H
#define GUESTLIB_SIGNAL_H

#include <sys/types.h>
/* The kernel's struct has no sa_sigaction; ours, below, has. */
#define sigaction kernel_sigaction
#include <linux/signal.h>
#undef sigaction
#include <asm/siginfo.h>
#include <asm/sigcontext.h>
#include <asm/ucontext.h>

typedef struct ucontext ucontext_t;
typedef int sig_atomic_t;

/* struct sigaction of the ABI, with both handler types. */
struct sigaction {
	union {
		void (*sa_handler)(int);
		void (*sa_sigaction)(int, siginfo_t *, void *);
	};
	unsigned long sa_flags;
	void (*sa_restorer)(void);
	sigset_t sa_mask;
};
_Static_assert(sizeof(struct sigaction) == sizeof(struct kernel_sigaction),
	       "struct sigaction differs from the kernel's");

/* The bit of a signal in a mask. */
#define SIGBIT(sig) (1UL << ((sig)-1))

/* Installs *act (NULL: only asks); *old receives what was there. */
int sigaction(int sig, const struct sigaction *act, struct sigaction *old);
/* sigaction with SA_RESTART and an empty mask; the old handler or SIG_ERR. */
void (*signal(int sig, void (*handler)(int)))(int);
/* how: SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK. */
int sigprocmask(int how, const sigset_t *set, sigset_t *old);
/* Signals that wait, blocked. */
int sigpending(sigset_t *set);
/* Waits under another mask; always -1, EINTR. */
int sigsuspend(const sigset_t *mask);
/* Takes a signal of set without a handler; its number, or -1. */
int sigtimedwait(const sigset_t *set, siginfo_t *info,
		 const struct timespec *timeout);
/* Sets and asks for the alternate stack. */
int sigaltstack(const stack_t *stack, stack_t *old);
/* kill(2). */
int kill(pid_t pid, int sig);
/* Sends sig to the caller. */
int raise(int sig);
/* Sends sig with a value (SI_QUEUE); rt_sigqueueinfo(2). */
int sigqueue(pid_t pid, int sig, union sigval value);

/* Empties a set. */
static inline int sigemptyset(sigset_t *set)
{
	*set = 0;
	return 0;
}

/* Fills a set. */
static inline int sigfillset(sigset_t *set)
{
	*set = ~0UL;
	return 0;
}

/* Adds a signal. */
static inline int sigaddset(sigset_t *set, int sig)
{
	*set |= SIGBIT(sig);
	return 0;
}

/* Removes a signal. */
static inline int sigdelset(sigset_t *set, int sig)
{
	*set &= ~SIGBIT(sig);
	return 0;
}

/* Asks whether a signal is in the set. */
static inline int sigismember(const sigset_t *set, int sig)
{
	return (*set & SIGBIT(sig)) != 0;
}

#endif
