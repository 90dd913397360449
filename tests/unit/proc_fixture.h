/*
 * Guest programs for the tests of proc and its system calls: C functions that
 * run as tasks of the guest kernel on the fake CPU, call its system calls through
 * the dispatcher and get signals on user stacks that are really there.
 *
 * All programs share the test's memory; what lies at user addresses is their own.
 */
#ifndef PROC_FIXTURE_H
#define PROC_FIXTURE_H

#include <signal.h>
#include <ucontext.h>

#include <asm/unistd.h>

#include "fake_hal.h"
#include "lib/err.h"
#include "proc/task.h"

/* Pages at this address are every program's data, zeroed, below its stack. */
#define USER_DATA 0x20000000UL
#define USER_DATA_PAGES 4
#define USER_STACK_TOP 0x30000000UL

typedef void (*program_fn)(void);

/*
 * Switches a machine on, runs fn as process 2 below a process 1 that reaps, until
 * all processes but that have ended, and fails the test when memory is left over.
 * Returns the wait status of process 2.
 */
s32 proc_run(program_fn fn);
/* The same with a configuration and before it a function for boot data; NULL. */
s32 proc_run_with(const struct fake_config *config, void (*prepare)(void),
		  program_fn fn);

/* --- in a program ----------------------------------------------------------------- */

/* A system call, handlers and restarts included: the result or -errno. */
s64 user_call(u64 number, const u64 arg[6]);
#define CALL(name, ...) user_call(__NR_##name, (const u64[6]){ __VA_ARGS__ })

/* fork and clone: the child runs fn and then ends with status 0. */
s64 user_fork(program_fn fn);
s64 user_clone(u64 flags, uaddr_t stack, uaddr_t ptid, uaddr_t ctid, u64 tls,
	       program_fn fn);
/* A thread as a libc makes them. */
s64 user_thread(program_fn fn);
/* Uses the CPU, with timer interrupts as they are asked for. */
void user_spin(u64 ns);
/* An interrupt without cause. */
void user_interrupt(void);
/* A fault of the program at addr. */
void user_fault(int sig, int code, uaddr_t addr);
/* Waits for any child: its status, and its number in *pid if not NULL. */
s32 user_wait(s32 *pid);

/* Installs a handler (called as with SA_SIGINFO); flags SA_*. */
void user_handle(int sig, void (*handler)(int, void *, void *), u64 flags);
/* rt_sigprocmask. */
s64 user_mask(int how, u64 set);
/* Forks a process that only waits for signals. */
u64 user_fork_pausing(void);
/* Never returns: pause(2) again and again. */
void user_pause(void);

/* A handler that records what it saw last. */
void user_note(int sig, void *info, void *uc);
struct user_noted {
	int calls;
	siginfo_t info;
	ucontext_t uc; /* without the vector state */
	u64 blocked;   /* mask in force */
};
extern struct user_noted noted;

/* A value in user memory. */
void user_put(uaddr_t addr, u64 value);
u64 user_get(uaddr_t addr);

#endif
