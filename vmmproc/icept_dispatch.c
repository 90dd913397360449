/*
 * Interception by system call user dispatch: as trap, but the host raises the
 * SIGSYS before it looks at any filter. Dispatch is told one range of addresses
 * that it leaves alone, the window; every call from outside becomes a SIGSYS,
 * whatever its number and entry.
 *
 * Dispatch is no wall: a program can jump to a `syscall` instruction of the
 * window that it can reach, the gate's, and the vsyscall page does not pass it.
 * So the filter is trap's, whole; it sees the guest kernel's calls and those two
 * kinds, and user programs' calls no more.
 *
 * There is no selector byte: what decides about calls must not lie in memory
 * that a program may reach. So dispatch cannot be switched on before the
 * filter's installation (a call of hosted code, outside the window) nor after
 * it (the policy has no prctl): the installation is made by the guest kernel's
 * own instruction, which the child has mapped, and is its first call.
 *
 * Dispatch ends with the process's first fork or exec; no guest kernel can do
 * either.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "abi/layout.h"
#include "filter_inproc.h"
#include "icept.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#define PR_SYS_DISPATCH_ON 1
#endif

#define SYSCALL_BYTES 2

static bool dispatch_supported(char *why, size_t why_bytes)
{
	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0)) {
		snprintf(why, why_bytes,
			 "the host refuses system call user dispatch: %s",
			 strerror(errno));
		return false;
	}
	return icept_trap.supported(why, why_bytes);
}

/* A call made by the image's host-call stub, `syscall; ret`. */
static long call_in_window(const struct machine *m, long nr, long a, long b,
			   long c)
{
	register long no_d __asm__("r10") = 0;
	register long no_e __asm__("r8") = 0;
	uint64_t stub = m->image.host_call_ip - SYSCALL_BYTES;
	long result;

	/* off the red zone: the call pushes */
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"
			 "call *%[stub]\n\t"
			 "lea 128(%%rsp), %%rsp"
			 : "=a"(result)
			 : [stub] "b"(stub), "a"(nr), "D"(a), "S"(b), "d"(c),
			   "r"(no_d), "r"(no_e)
			 : "rcx", "r11", "memory");
	return result;
}

static int dispatch_install(const struct machine *m,
			    const struct filter_program *program,
			    bool with_listener)
{
	long flags = with_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	long result;

	if (prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON,
		  LODGER_WINDOW_BASE, LODGER_WINDOW_END - LODGER_WINDOW_BASE,
		  0))
		return -errno;
	result = call_in_window(m, SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
				(long)&program->fprog);
	if (result < 0) /* hosted code has more to do */
		call_in_window(m, SYS_prctl, PR_SET_SYSCALL_USER_DISPATCH,
			       PR_SYS_DISPATCH_OFF, 0);
	return (int)result;
}

static int icept_dispatch_attach(struct machine *m)
{
	return icept_trap.attach(m);
}

static int icept_dispatch_next(struct machine *m, struct icept_event *ev)
{
	return icept_trap.next(m, ev);
}

static void icept_dispatch_kill(struct machine *m)
{
	icept_trap.kill(m);
}

const struct icept_ops icept_dispatch = {
	.name = "dispatch",
	.summary = "SIGSYS by user dispatch, before any filter",
	.abi = LODGER_INTERCEPT_DISPATCH,
	.filter = ICEPT_FILTER_TRAP,
	.supported = dispatch_supported,
	.install = dispatch_install,
	.attach = icept_dispatch_attach,
	.next = icept_dispatch_next,
	.kill = icept_dispatch_kill,
};
