/*
 * void cpu_context_switch(struct cpu_context *prev, struct cpu_context *next)
 *
 * Saves the callee-saved registers on the running stack and its rsp in prev,
 * takes next's. A fresh context (cpu_context_init) has the same picture on its
 * stack with context_first as return address: rbx = fn, r12 = arg.
 */
	.text
	.globl cpu_context_switch, context_first
cpu_context_switch:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, (%rdi)
	mov (%rsi), %rsp
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret

context_first:
	mov %r12, %rdi
	xor %ebp, %ebp
	call *%rbx
	ud2
