/*
 * The call gate: how the modes without SIGUSR1 enter and leave the guest
 * kernel. No tracer knows who is running here; the gate alone keeps the wall,
 * and the filter admits its two host calls by instruction pointer and exact
 * arguments.
 *
 * Three ways in, ONE opening call:
 *   call_signal  a host signal (SIGSYS for a system call, faults, interrupts)
 *   call_entry   a call without a signal: a tracer or a patched call site has
 *                put the number in rax and the return address in rcx
 *   a jump       of user code to any byte here, with any registers
 * The third is why nothing after the opening call trusts a register: the
 * kernel stack comes from the core, the kind of entry in ebx only chooses
 * between two sources of the program's registers, both of which are the
 * program's own business anyway, and the C side compares the frame's place
 * with the only one that a genuine frame can have.
 *
 * cpu0.in_kernel says that the core is open on the kernel's behalf. It is set
 * right after the opening and cleared right before the closing. A signal that
 * finds it clear and the interrupted rip in this page is one of
 *   [call_open_ip, call_opened)     opened, flag not yet set: the interrupted
 *                                   code goes back to call_open and opens
 *                                   again
 *   [call_leave_clear, call_leave_end) and [call_exit, call_end)
 *                                   leaving: the program's registers are in
 *                                   the exit block; taken from there
 *   elsewhere                       before the opening: goes on where it was
 * (trap_gate.c: gate_window). User mode never runs with signals blocked. With
 * the flag set they are noted and return by nested_return.
 *
 * The alternate stack is armed with SS_AUTODISARM: a frame of user mode lies at
 * its top whatever the program's rsp is, and one that comes while a frame is
 * still being read lies below.
 */
#include <asm/unistd.h>

#include "abi/layout.h"
#include "hal/asm_offsets.h"
#include "hal/scratch.h"

#define CLD_FLAGS 2 /* only the bit that is always set */
#define RFLAGS_TF 0x100

	.section .gate.text, "ax"
	.globl call_signal, call_entry, call_open, call_open_ip, call_opened
	.globl call_close_ip, call_exit, call_end, call_opened_flag, call_load

call_signal:
	pushq $CLD_FLAGS	/* on the signal stack, below the frame */
	popfq
	mov %edi, %r12d
	mov %rsp, %r13
	mov $1, %ebx
	jmp call_open

call_entry:
	mov %rax, SCRATCH_ENTRY + ENTRY_RAX
	mov %rdi, SCRATCH_ENTRY + ENTRY_RDI
	mov %rsi, SCRATCH_ENTRY + ENTRY_RSI
	mov %rdx, SCRATCH_ENTRY + ENTRY_RDX
	mov %rcx, SCRATCH_ENTRY + ENTRY_RCX
	mov %rbx, SCRATCH_ENTRY + ENTRY_RBX
	mov $0, %ebx		/* not xor: rflags are still the program's */
call_open:
	mov $LODGER_CORE_BASE, %edi
	mov gate_core_bytes(%rip), %rsi
	mov $7, %edx		/* PROT_READ|PROT_WRITE|PROT_EXEC */
	mov $__NR_mprotect, %eax
	syscall
call_open_ip:
	test %rax, %rax
	jnz call_dead
	cmpl $0, gate_key(%rip)
	jne pkey_opened_by_call
call_opened_flag:
	mov gate_number(%rip), %eax
	cmp %eax, cpu0 + CPU_HOLDER
	jne call_nested		/* waits in the kernel: hal/host_process.h */
	cmpl $0, cpu0 + CPU_IN_KERNEL
	jne call_nested
	movl $1, cpu0 + CPU_IN_KERNEL
call_opened:
	/* rcx: rsp at entry, the program's or the frame's; r11: rflags at the
	 * opening call, put there by the syscall instruction (or by prot_pkey.S) */
	mov %rsp, %rcx
	mov cpu0 + CPU_KERNEL_STACK_TOP, %rsp
	jmp call_opened_core
call_nested:
	jmp call_nested_core

	/* Close and go on with the program in the exit block. */
call_exit:
	mov $LODGER_CORE_BASE, %edi
	mov gate_core_bytes(%rip), %rsi
	xor %edx, %edx		/* PROT_NONE */
	mov $__NR_mprotect, %eax
	syscall
call_close_ip:
	test %rax, %rax
	jnz call_dead
	cmpl $0, gate_key(%rip)
	jne pkey_exit
call_load:
	mov SCRATCH_EXIT + EXIT_R8, %r8
	mov SCRATCH_EXIT + EXIT_R9, %r9
	mov SCRATCH_EXIT + EXIT_R10, %r10
	mov SCRATCH_EXIT + EXIT_R11, %r11
	mov SCRATCH_EXIT + EXIT_R12, %r12
	mov SCRATCH_EXIT + EXIT_R13, %r13
	mov SCRATCH_EXIT + EXIT_R14, %r14
	mov SCRATCH_EXIT + EXIT_R15, %r15
	mov SCRATCH_EXIT + EXIT_RDI, %rdi
	mov SCRATCH_EXIT + EXIT_RSI, %rsi
	mov SCRATCH_EXIT + EXIT_RBP, %rbp
	mov SCRATCH_EXIT + EXIT_RBX, %rbx
	mov SCRATCH_EXIT + EXIT_RDX, %rdx
	mov SCRATCH_EXIT + EXIT_RAX, %rax
	mov SCRATCH_EXIT + EXIT_RCX, %rcx
	testl $RFLAGS_TF, SCRATCH_EXIT + EXIT_RFLAGS
	jnz call_step
	mov $(SCRATCH_EXIT + EXIT_RFLAGS), %esp
	popfq
	mov SCRATCH_EXIT + EXIT_RSP, %rsp
	jmp *SCRATCH_EXIT + EXIT_RIP
	/* A program that steps itself: after popfq the trap would come here;
	 * after iretq it comes behind the program's next instruction. */
call_step:
	mov $(SCRATCH_EXIT + EXIT_IRET), %esp
	iretq
call_end:
call_dead:
	ud2
	jmp call_dead

	/* ---- in the core: not reachable while it is closed ---------------- */
	.text
	.globl call_leave, call_leave_clean, call_leave_clear, call_leave_end
	.globl nested_return, nested_return_ip, call_nested_core

	/* On the kernel stack, flag set. */
call_opened_core:
	pushq $CLD_FLAGS
	popfq
	test %ebx, %ebx
	jz call_plain
	mov %r12d, %edi
	mov %rcx, %rsi
	xor %ebp, %ebp
	call hal_trap_entry
	ud2

	/* A call without a signal: build the trap frame from the entry block
	 * and what is still in registers. */
call_plain:
	mov cpu0 + CPU_FRAME, %rdx
	mov %r8, TF_R8(%rdx)
	mov %r9, TF_R9(%rdx)
	mov %r10, TF_R10(%rdx)
	mov %r12, TF_R12(%rdx)
	mov %r13, TF_R13(%rdx)
	mov %r14, TF_R14(%rdx)
	mov %r15, TF_R15(%rdx)
	mov %rbp, TF_RBP(%rdx)
	mov %rcx, TF_RSP(%rdx)
	mov %r11, TF_RFLAGS(%rdx)
	mov %r11, TF_R11(%rdx)	/* as after a real syscall */
	mov SCRATCH_ENTRY + ENTRY_RAX, %rax
	mov %rax, TF_RAX(%rdx)
	mov SCRATCH_ENTRY + ENTRY_RDI, %rax
	mov %rax, TF_RDI(%rdx)
	mov SCRATCH_ENTRY + ENTRY_RSI, %rax
	mov %rax, TF_RSI(%rdx)
	mov SCRATCH_ENTRY + ENTRY_RDX, %rax
	mov %rax, TF_RDX(%rdx)
	mov SCRATCH_ENTRY + ENTRY_RCX, %rax
	mov %rax, TF_RCX(%rdx)
	mov %rax, TF_RIP(%rdx)
	mov SCRATCH_ENTRY + ENTRY_RBX, %rax
	mov %rax, TF_RBX(%rdx)
	xor %ebp, %ebp
	call hal_call_entry
	ud2

	/* A signal in the kernel: rsp is at its frame, r12d the signal. Noted
	 * in C, then back. */
call_nested_core:
	mov %r12d, %edi
	mov %rsp, %rsi
	mov %rsp, %r13
	and $-16, %rsp
	call hal_nested_entry
	mov %r13, %rsp
	/* fall through */
nested_return:
	add $8, %rsp		/* pretcode, as rt_sigreturn expects */
	mov LODGER_BOOT_ADDR + BOOT_HOST_TOKEN, %rdi	/* host_call.S */
	mov $__NR_rt_sigreturn, %eax
	syscall
nested_return_ip:
	ud2

	/* void call_leave(void): leaves for the program in the exit block, or
	 * returns when an interrupt was noted meanwhile. The flag is cleared
	 * first and the note looked at after it, so that none is overlooked. */
call_leave:
	movl $0, cpu0 + CPU_IN_KERNEL
call_leave_clear:
	cmpl $0, cpu0 + CPU_IRQ_PENDING
	jne 1f
	jmp *call_way_out
1:	movl $1, cpu0 + CPU_IN_KERNEL
	ret

	/* The same, looking whether any signal came: its frame is to be wiped. */
call_leave_clean:
	movl $0, cpu0 + CPU_IN_KERNEL
	cmpl $0, cpu0 + CPU_NESTED
	jne 1f
	jmp *call_way_out
1:	movl $1, cpu0 + CPU_IN_KERNEL
call_leave_end:
	ret

	/* How this host process closes the core: call_exit or pkey_exit. */
	.data
	.balign 8
	.globl call_way_out
call_way_out:
	.quad call_exit
