/*
 * The trap frame: a guest program's registers at the moment it entered the
 * guest kernel, whatever the mechanism. Lives in struct task.
 */
#ifndef HAL_TRAP_H
#define HAL_TRAP_H

#include "lib/types.h"

enum trap_kind {
	TRAP_SYSCALL,	/* system call: number in rax */
	TRAP_PAGEFAULT, /* access: cr2, err (SDM vol 3, 4.7 page-fault code) */
	TRAP_EXCEPTION, /* other exception: sig, si_code, addr in cr2 */
	TRAP_IRQ,	/* interrupt only: nothing of the program's doing */
};

/* Page-fault error-code bits in trap_frame.err. */
#define TRAP_PF_PRESENT 1u
#define TRAP_PF_WRITE 2u
#define TRAP_PF_FETCH 16u

/* Order of the registers follows struct sigcontext (asm/sigcontext.h), from
 * which they are copied: do not reorder. */
struct trap_frame {
	u64 r8, r9, r10, r11, r12, r13, r14, r15;
	u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	u64 cs;		   /* as found; anything but 0x33 kills the program */
	u64 err, trapno, cr2;
	u64 orig_rax;	   /* system-call number, -1 when not in a call */
	u32 kind;	   /* enum trap_kind */
	s32 sig, si_code;  /* TRAP_EXCEPTION: host's verdict */
	u32 insn_bytes;	   /* TRAP_SYSCALL: how far back the call's start is */
};

/* rflags bits that a guest program may own: CF PF AF ZF SF TF DF OF NT? no:
 * AC and ID yes. All else is forced by the host. */
#define TRAP_USER_RFLAGS 0x240dd5ULL

/* The `syscall` instruction, and a call site made a jump (hal/patch.h). */
#define SYSCALL_INSN_BYTES 2
#define PATCHED_SITE_BYTES 7

#define TRAP_USER_CS 0x33
#define TRAP_USER_SS 0x2b

#endif
