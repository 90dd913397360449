/*
 * The gate misused by the kernel it belongs to. The VMM process follows the
 * gate to know who runs; were it deceived it would take a user program's call
 * for the kernel's or, worse, look away while the kernel makes one.
 */
#include <asm/signal.h>

#include <asm/sigcontext.h>

#include <asm/ucontext.h>
#include <linux/mman.h>

#include "abi/image.h"
#include "abi/layout.h"
#include "hal/cpu.h"
#include "hal/frame.h"
#include "hostile.h"
#include "lib/string.h"

#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
#define OUT_OF_ORDER "not what the gate may do now"
#define SYSCALL_BYTES 2 /* the image names the addresses after it */

extern const u8 user_open[], user_open_end[];
extern const u8 user_call_open[], user_call_open_end[];
extern const u8 user_call_loop[], user_call_loop_end[];
extern const u8 user_own_handler[], user_own_handler_end[];
#define USER(blob) .user_code = blob, .user_code_end = blob##_end

s64 jump_with(u64 target, u64 rax, u64 rdi, u64 rsi, u64 rdx);
void sigreturn_by(u64 target, u64 frame_rsp) __noreturn;
/* hal's own way out, prot_mprotect.S: closes, then rt_sigreturn there. */
void gate_leave(u64 frame_rsp) __noreturn;

static const struct lodger_image *image(void)
{
	return (const struct lodger_image *)LODGER_IMAGE_ADDR;
}

static u64 core_bytes(void)
{
	return boot_info()->core_bytes;
}

/* --- the gate's own instructions ------------------------------------------- */

static void open_twice(void)
{
	let_through(jump_with(image()->gate_open_ip - SYSCALL_BYTES,
			      __NR_mprotect, LODGER_CORE_BASE, core_bytes(),
			      RWX));
}

static void return_without_close(void)
{
	prepare_user();
	sigreturn_by(image()->gate_return_ip - SYSCALL_BYTES,
		     frame_return_rsp());
}

static void open_file_at_gate(void)
{
	static const char path[] = "/etc/passwd";

	let_through(jump_with(image()->gate_open_ip - SYSCALL_BYTES, __NR_open,
			      (u64)path, 0, 0));
}

static void open_part_at_gate(void)
{
	let_through(jump_with(image()->gate_open_ip - SYSCALL_BYTES,
			      __NR_mprotect, LODGER_GATE_TEXT, 0x1000, RWX));
}

static void close_for_reading(void)
{
	let_through(jump_with(image()->gate_close_ip - SYSCALL_BYTES,
			      __NR_mprotect, LODGER_CORE_BASE, core_bytes(),
			      PROT_READ));
}

/* Closed, and a frame that does not exist. */
static void return_to_nowhere(void)
{
	prepare_user();
	gate_leave(0x10);
}

/* --- user mode with the core open ------------------------------------------- */

static void return_by_stub(void)
{
	frame_from_trap(prepare_user());
	sigreturn_by(image()->host_call_ip - SYSCALL_BYTES, frame_return_rsp());
}

/* The same with TF: a trap after every instruction of the user's. */
static void return_by_stub_stepping(void)
{
	struct trap_frame *tf = prepare_user();

	tf->rflags |= 0x100;
	frame_from_trap(tf);
	sigreturn_by(image()->host_call_ip - SYSCALL_BYTES, frame_return_rsp());
}

/* --- signals ------------------------------------------------------------------ */

struct host_sigaction {
	u64 handler, flags, restorer, mask;
};

static void handle(int sig, u64 handler, u64 flags)
{
	struct host_sigaction sa = { handler, flags, (u64)handle, ~0ULL };

	host_call4(__NR_rt_sigaction, (u64)sig, (u64)&sa, 0, 8);
}

#define USUAL_FLAGS (SA_SIGINFO | SA_ONSTACK | SA_RESTORER)

static void handler_in_core(void)
{
	handle(SIGUSR1, (u64)let_through, USUAL_FLAGS);
	enter_user();
}

static void handler_in_user(void)
{
	handle(SIGUSR1, USER_CODE + 64, USUAL_FLAGS);
	enter_user();
}

static void handler_none(void)
{
	handle(SIGUSR1, 1 /* SIG_IGN */, USUAL_FLAGS);
	enter_user();
}

static void handler_default(void)
{
	handle(SIGUSR1, 0 /* SIG_DFL */, USUAL_FLAGS);
	enter_user();
}

/* Another signal stack, by the call and by the frame: hosts differ in whether
 * the return from a signal restores it. */
static void enter_user_with_stack(u64 at, u64 bytes, int flags)
{
	struct ucontext *uc = (struct ucontext *)frame_return_rsp();
	stack_t ss = { (void *)at, flags, bytes };

	frame_from_trap(prepare_user());
	host_call3(__NR_sigaltstack, (u64)&ss, 0, 0);
	uc->uc_stack = ss;
	gate_leave((u64)uc);
}

static void stack_nowhere(void)
{
	enter_user_with_stack(0x20000000, 0x8000, 0);
}

static void stack_in_core(void)
{
	enter_user_with_stack(LODGER_CORE_BASE + 0x100000, 0x8000, 0);
}

static void stack_in_gate(void)
{
	enter_user_with_stack(LODGER_GATE_TEXT, 0x2000, 0);
}

static void stack_none(void)
{
	enter_user_with_stack(0, 0, 2 /* SS_DISABLE */);
}

/* User mode with signals blocked: the SIGUSR1 that stands for its first call
 * does not come, and its next calls must not pass unseen. */
static void enter_user_blocking(u64 mask)
{
	struct ucontext *uc = (struct ucontext *)frame_return_rsp();

	frame_from_trap(prepare_user());
	memcpy(&uc->uc_sigmask, &mask, sizeof(mask));
	gate_leave((u64)uc);
}

static void blocked_in_user(void)
{
	enter_user_blocking(~0ULL);
}

static void usr1_blocked_in_user(void)
{
	enter_user_blocking(1ULL << (SIGUSR1 - 1));
}

static void usr1_blocked_loop(void)
{
	enter_user_blocking(1ULL << (SIGUSR1 - 1));
}

static const struct attack table[] = {
	{ "open-twice", STATUS_REFUSED, REFUSED("mprotect", OUT_OF_ORDER),
	  LATE_ONLY, .run = open_twice,
	  .inside = TRAPPED("31") },
	{ "return-without-close", STATUS_REFUSED,
	  REFUSED("rt_sigreturn", OUT_OF_ORDER), .run = return_without_close,
	  .inside = TRAPPED("31") },
	{ "open-file-at-gate", STATUS_REFUSED, REFUSED("open", NOT_THIS_CALL),
	  .run = open_file_at_gate,
	  .inside = TRAPPED("31") },
	{ "open-part-at-gate", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = open_part_at_gate,
	  .inside = TRAPPED("31") },
	{ "close-for-reading", STATUS_REFUSED, REFUSED("mprotect", "*"),
	  .run = close_for_reading,
	  .inside = TRAPPED("31") },
	{ "return-to-nowhere", STATUS_REFUSED,
	  "lodger: the guest-machine process was killed by SIGSEGV", .run = return_to_nowhere,
	  .inside = "lodger: *" },
	{ "return-by-stub", STATUS_REFUSED, REFUSED("open", NOT_THIS_CALL),
	  .run = return_by_stub,
	  .inside = REFUSED("rt_sigreturn", "*"), USER(user_open) },
	{ "return-by-stub-stepping", STATUS_REFUSED, FAULT("TRAP"),
	  LATE_ONLY, .run = return_by_stub_stepping,
	  .inside = REFUSED("rt_sigreturn", "*"), USER(user_open) },
	{ "handler-in-core", STATUS_REFUSED, FAULT("SEGV"), EARLY_ONLY,
	  .run = handler_in_core,
	  .inside = NOT_HERE },
	{ "handler-in-user", STATUS_REFUSED, REFUSED("open", OUT_OF_ORDER),
	  EARLY_ONLY, .run = handler_in_user,
	  .inside = NOT_HERE, USER(user_own_handler) },
	{ "handler-ignored", STATUS_REFUSED, REFUSED("getpid", OUT_OF_ORDER),
	  EARLY_ONLY, .run = handler_none,
	  .inside = NOT_HERE, USER(user_call_loop) },
	{ "handler-default", STATUS_REFUSED,
	  "lodger: the guest-machine process was killed by SIGUSR1", EARLY_ONLY,
	  .run = handler_default,
	  .inside = NOT_HERE, USER(user_call_loop) },
	{ "stack-nowhere", STATUS_REFUSED, "lodger: *SIGSEGV*", EARLY_ONLY,
	  .run = stack_nowhere,
	  .inside = NOT_HERE },
	{ "stack-in-core", STATUS_REFUSED, "lodger: *SIGSEGV*", EARLY_ONLY,
	  .run = stack_in_core,
	  .inside = NOT_HERE },
	{ "stack-in-gate", STATUS_REFUSED, "lodger: *SIGSEGV*", EARLY_ONLY,
	  .run = stack_in_gate,
	  .inside = NOT_HERE },
	{ "stack-none", STATUS_REFUSED, "lodger: guest kernel*", EARLY_ONLY,
	  .run = stack_none,
	  .inside = NOT_HERE },
	{ "blocked-in-user", STATUS_REFUSED, REFUSED("open", "*"), EARLY_ONLY,
	  .run = blocked_in_user,
	  .inside = NOT_HERE, USER(user_call_open) },
	{ "usr1-blocked-in-user", STATUS_REFUSED, REFUSED("open", "*"),
	  EARLY_ONLY, .run = usr1_blocked_in_user,
	  .inside = NOT_HERE, USER(user_call_open) },
	{ "usr1-blocked-call-loop", STATUS_REFUSED, REFUSED("getpid", "*"),
	  EARLY_ONLY, .run = usr1_blocked_loop,
	  .inside = NOT_HERE, USER(user_call_loop) },
};

FAMILY(gate, table);
