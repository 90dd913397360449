/*
 * The call gate with protection keys: the core has a key of its own, and PKRU says
 * whether it may be read and written. Written beside prot_gate.S, of which it
 * is another way in and another way out; what comes after the opening and before
 * the loading of registers is the same code.
 *
 * What differs from a closing by mprotect: user mode can EXECUTE the core's text,
 * and wrpkru is an instruction like any other. So
 *   - host calls and rt_sigreturn need a token that only the open core shows
 *     (host_call.S, prot_gate.S);
 *   - nothing in the core is executable and writable (vmmproc/memory.c);
 *   - behind each wrpkru stands a comparison that leads back to it unless PKRU has
 *     become what belongs there, and behind each xrstor one of its mask (frame.c);
 *   - no page that a program executes has such instructions at any byte, or changes
 *     (exec_guard.c). Where a program must have one, its host process closes
 *     the core by a call, for good: by_call, which prot_gate.S's two calls do.
 *
 * The host delivers signals with PKRU as at the start of a process, which is closed.
 * Keys other than 0 and the core's stay denied: only the host's own execute-only
 * mappings have such.
 *
 * A program may execute the opening mprotect, too. Then its core is writable and
 * executable, so pkey_was_opened says so, and from then on it is closed by call.
 */
#include "abi/layout.h"
#include "hal/asm_offsets.h"
#include "hal/scratch.h"

	.section .gate.text, "ax"
	.globl pkey_signal, pkey_entry, pkey_open, pkey_open_ip
	.globl pkey_opened_by_call, pkey_exit, pkey_end

	/* Nothing is pushed: a signal in the kernel has its frame on the kernel's
	 * stack, and PKRU is closed. The host has cleared TF and DF. */
pkey_signal:
	mov %edi, %r12d
	mov %rsp, %r13
	mov $1, %ebx
	jmp pkey_choose

	/* As call_entry. The program's rflags are kept now: nothing below
	 * is a syscall instruction that would. */
pkey_entry:
	mov %rax, SCRATCH_ENTRY + ENTRY_RAX
	mov %rdi, SCRATCH_ENTRY + ENTRY_RDI
	mov %rsi, SCRATCH_ENTRY + ENTRY_RSI
	mov %rdx, SCRATCH_ENTRY + ENTRY_RDX
	mov %rcx, SCRATCH_ENTRY + ENTRY_RCX
	mov %rbx, SCRATCH_ENTRY + ENTRY_RBX
	mov %rsp, SCRATCH_ENTRY + ENTRY_RSP
	mov $(SCRATCH_ENTRY + ENTRY_RFLAGS + 8), %esp
	pushfq
	mov SCRATCH_ENTRY + ENTRY_RSP, %rsp
	mov $0, %ebx
pkey_choose:
	mov gate_number(%rip), %eax
	cmpb $0, LODGER_USER_PAGE_BY_CALL(%rax)
	jne call_open		/* comes back to pkey_opened_by_call */
pkey_open:
	xor %ecx, %ecx
	xor %edx, %edx
	mov $LODGER_PKRU_OPEN, %eax
	wrpkru
pkey_open_ip:
	cmp $LODGER_PKRU_OPEN, %eax
	jne pkey_open
	mov SCRATCH_ENTRY + ENTRY_RFLAGS, %r11
	jmp call_opened_flag
pkey_opened_by_call:
	xor %ecx, %ecx
	xor %edx, %edx
	mov $LODGER_PKRU_OPEN, %eax
	wrpkru
	cmp $LODGER_PKRU_OPEN, %eax
	jne pkey_opened_by_call
	mov gate_number(%rip), %eax
	movb $1, pkey_was_opened(%rax)
	mov SCRATCH_ENTRY + ENTRY_RFLAGS, %r11
	jmp call_opened_flag

pkey_exit:
	xor %ecx, %ecx
	xor %edx, %edx
	mov $LODGER_PKRU_CLOSED, %eax
	wrpkru
	cmp $LODGER_PKRU_CLOSED, %eax
	jne pkey_exit
	jmp call_load
pkey_end:
	ud2
