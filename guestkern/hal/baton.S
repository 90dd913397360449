/*
 * void baton_pass(u32 number)
 *
 * Hands the baton to a host process and waits until it comes back. The picture
 * on the kernel stack is cpu_context_switch's; whoever takes the baton goes on
 * from it.
 *
 * The order matters. Once the word is set the other one may be running on this
 * kernel stack, so the stack pointer leaves it first: a signal in a process
 * that waits finds the signal stack (or, while that is armed, uses its top). The
 * holder changes before the word does: the gate asks it who is in a signal.
 *
 * Nothing of the kernel's is on the signal stack but a return address, which is
 * removed; what a signal leaves there is wiped later (prot_gate.c).
 */
#include <asm/unistd.h>

#include "abi/layout.h"
#include "hal/asm_offsets.h"
#include "hal/scratch.h"

	.text
	.globl baton_pass, baton_sleep, kernel_join
baton_pass:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, baton_rsp
	mov $SIGSTACK_MIDDLE, %esp
	mov %edi, %eax
	mov %eax, cpu0 + CPU_HOLDER
	lea baton_word(, %rax, 4), %rdi
	movl $1, (%rdi)
	mov $HOST_FUTEX_WAKE, %esi
	mov $1, %edx
	xor %r10d, %r10d
	mov $__NR_futex, %eax
	call host_call_now
baton_wait:
	mov gate_number(%rip), %eax
	lea baton_word(, %rax, 4), %rbx
1:	cmpl $0, (%rbx)
	jne 2f
	mov %rbx, %rdi
	mov $HOST_FUTEX_WAIT, %esi
	xor %edx, %edx
	xor %r10d, %r10d
	mov $__NR_futex, %eax
	call host_call_now
	jmp 1b			/* woken, interrupted, or it came meanwhile */
2:	movl $0, (%rbx)
	movq $0, SIGSTACK_MIDDLE - 8	/* the calls' return address */
	mov baton_rsp, %rsp
	mov $-HOST_EINTR, %rax		/* for baton_sleep */
baton_go_on:
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

/*
 * s64 baton_sleep(struct pollfd *set, u64 count, struct timespec *timeout)
 *
 * ppoll. The picture is there as in a hand-over, and baton_sleeping says so: if
 * this host process dies, number 0 goes on from here with -EINTR.
 */
baton_sleep:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, baton_rsp
	movl $1, baton_sleeping
	xor %r10d, %r10d
	mov $8, %r8d
	mov $__NR_ppoll, %eax
	call host_call_now
	movl $0, baton_sleeping
	jmp baton_go_on

/* First instructions of a further host process: as kernel_start, but on a stack
 * of its own, and then it waits for the baton. */
kernel_join:
	mov $SIGSTACK_MIDDLE, %esp
	call unmap_hosted
	call hal_join
	jmp baton_wait

	.bss
	.balign 8
	.globl baton_rsp, baton_sleeping
baton_rsp:
	.skip 8
baton_sleeping:
	.skip 4
