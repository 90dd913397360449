/* What C cannot say: jumps with chosen registers, and registers full of a
 * pattern. */
#include <asm/unistd.h>

	.text
/* void attack_jump(const struct attack_regs *regs) */
	.globl attack_jump
attack_jump:
	mov %rdi, %r11
	mov (%r11), %rax
	mov 8(%r11), %rdi
	mov 16(%r11), %rsi
	mov 24(%r11), %rdx
	mov 32(%r11), %r10
	mov 40(%r11), %rsp
	mov 48(%r11), %r11
	.irp r, ebx, ecx, ebp, r8d, r9d, r12d, r13d, r14d, r15d
	xor %\r, %\r
	.endr
	jmp *%r11

/*
 * void pattern_spin(u64 pattern, volatile u32 *go)
 * void pattern_call(u64 pattern, u64 nr)
 * void pattern_touch(u64 pattern, u64 addr)
 *
 * Fill every register that can be spared, general and SSE, with the pattern
 * and then spin, make calls without arguments, or read an address, for ever.
 */
	.macro fill
	mov %rsi, %rbx
	mov %rdi, %rax
	movq %rax, %xmm0
	punpcklqdq %xmm0, %xmm0
	.irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqa %xmm0, %xmm\n
	.endr
	.irp r, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	mov %rax, %\r
	.endr
	.endm

	.globl pattern_spin, pattern_call, pattern_touch
pattern_spin:
	fill
	mov %rax, %rbx
1:	jmp 1b

pattern_call:
	fill
1:	mov %ebx, %eax
	syscall
	mov %rdi, %rcx
	mov %rdi, %r11
	jmp 1b

pattern_touch:
	fill
1:	mov (%rbx), %al
	jmp 1b

/*
 * void attack_enter(const struct attack_state *state) __noreturn
 *
 * Everything at once: all general registers, flags, stack pointer. The last two
 * instructions may be single-stepped.
 */
	.globl attack_enter
attack_enter:
	mov 128(%rdi), %rax
	mov %rax, enter_rsp(%rip)
	mov 136(%rdi), %rax
	mov %rax, enter_rip(%rip)
	pushq 120(%rdi)
	mov (%rdi), %rax
	mov 8(%rdi), %rcx
	mov 16(%rdi), %rdx
	mov 24(%rdi), %rbx
	mov 32(%rdi), %rsi
	mov 40(%rdi), %rbp
	mov 48(%rdi), %r8
	mov 56(%rdi), %r9
	mov 64(%rdi), %r10
	mov 72(%rdi), %r11
	mov 80(%rdi), %r12
	mov 88(%rdi), %r13
	mov 96(%rdi), %r14
	mov 104(%rdi), %r15
	mov 112(%rdi), %rdi
	popfq
	mov enter_rsp(%rip), %rsp
	jmp *enter_rip(%rip)

/*
 * long attack_thread(u64 flags, void *stack, const struct attack_state *state)
 *
 * clone(2); the new task enters the state.
 */
	.globl attack_thread
attack_thread:
	mov %rdx, %r9
	xor %edx, %edx
	xor %r10d, %r10d
	xor %r8d, %r8d
	mov $__NR_clone, %eax
	syscall
	test %rax, %rax
	jz 1f
	ret
1:	mov %r9, %rdi
	jmp attack_enter

	.bss
	.balign 8
enter_rsp:
	.skip 8
enter_rip:
	.skip 8

/*
 * void (struct attack_call *call): loads all registers but rsp and rax, makes a
 * call and stores them. Position-independent: it is copied, and the number
 * written into the copy.
 */
	.text
	.globl attack_call_start, attack_call_number, attack_call_back, attack_call_end
attack_call_start:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	push %rdi
	mov %rdi, %rax
	mov 8(%rax), %rcx
	mov 16(%rax), %rdx
	mov 24(%rax), %rbx
	mov 32(%rax), %rsi
	mov 40(%rax), %rdi
	mov 48(%rax), %rbp
	mov 56(%rax), %r8
	mov 64(%rax), %r9
	mov 72(%rax), %r10
	mov 80(%rax), %r11
	mov 88(%rax), %r12
	mov 96(%rax), %r13
	mov 104(%rax), %r14
	mov 112(%rax), %r15
	.byte 0xb8		/* mov $number, %eax */
attack_call_number:
	.long 0
	syscall
attack_call_back:
	push %rax
	mov 8(%rsp), %rax
	mov %rcx, 8(%rax)
	mov %rdx, 16(%rax)
	mov %rbx, 24(%rax)
	mov %rsi, 32(%rax)
	mov %rdi, 40(%rax)
	mov %rbp, 48(%rax)
	mov %r8, 56(%rax)
	mov %r9, 64(%rax)
	mov %r10, 72(%rax)
	mov %r11, 80(%rax)
	mov %r12, 88(%rax)
	mov %r13, 96(%rax)
	mov %r14, 104(%rax)
	mov %r15, 112(%rax)
	pop %rdx
	mov %rdx, (%rax)
	pop %rdi
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
attack_call_end:

	.section .note.GNU-stack, "", @progbits
