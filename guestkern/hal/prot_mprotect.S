/*
 * Protection by mprotect from the SIGUSR1 handler, and back (paper, section
 * 3.1: "the handler calls mmap to open the guest kernel's data").
 *
 * gate_entry is the host signal handler for every signal. On entry: rsp at the
 * host's signal frame on the signal stack, edi the signal, all signals
 * blocked, rflags partly the user's. User code can also jump here with any
 * registers; then the host calls below are made in user state and the VMM
 * process reflects them like any other user call (icept_ptrace.c), so nothing
 * opens.
 *
 * Contract to hal_trap_entry(sig, frame): on cpu0's kernel stack, core open,
 * flags clean.
 */
#include <asm/unistd.h>

#include "abi/layout.h"
#include "hal/asm_offsets.h"

	.section .gate.text, "ax"
	.globl gate_entry, gate_leave
	.globl gate_open_ip, gate_close_ip, gate_return_ip, gate_restorer
gate_entry:
	pushq $2		/* AC, NT, TF, DF off before any other access */
	popfq
	mov %edi, %r12d
	mov $LODGER_CORE_BASE, %edi
	mov gate_core_bytes(%rip), %rsi
	mov $7, %edx		/* PROT_READ|PROT_WRITE|PROT_EXEC */
	mov $__NR_mprotect, %eax
	syscall
gate_open_ip:
	test %rax, %rax
	jnz gate_dead
	mov %rsp, %rsi
	mov %r12d, %edi
	mov cpu0 + CPU_KERNEL_STACK_TOP, %rsp
	xor %ebp, %ebp
	call hal_trap_entry
	jmp gate_dead

/* void gate_leave(u64 frame_rsp): nothing of the kernel is on this stack. */
gate_leave:
	mov %rdi, %rsp
	mov $LODGER_CORE_BASE, %edi
	mov gate_core_bytes(%rip), %rsi
	xor %edx, %edx		/* PROT_NONE */
	mov $__NR_mprotect, %eax
	syscall
gate_close_ip:
	test %rax, %rax
	jnz gate_dead
	mov $__NR_rt_sigreturn, %eax
	syscall
gate_return_ip:
gate_dead:
gate_restorer:
	ud2
	jmp gate_dead

	.section .gate.const, "a"
	.balign 8
	.globl gate_core_bytes
gate_core_bytes:
	.quad 0			/* written by the VMM process at load */
	.globl gate_number
gate_number:
	.long 0			/* written in each host process at its start */
	.globl gate_key
gate_key:
	.long 0			/* the core's protection key; 0: it has none */
	.quad 0			/* LODGER_GATE_CORE_BYTES: for programs that test the wall */
