/*
 * What C cannot say: the signal restorer, vfork, setjmp and longjmp.
 */
#include <asm/unistd.h>

	.text

/*
 * Return address of every signal handler.  The frame lies at rsp; the kernel
 * puts back all registers.  Never called by anybody.
 */
	.globl signal_restorer
	.type signal_restorer, @function
signal_restorer:
	movl $__NR_rt_sigreturn, %eax
	syscall
	.size signal_restorer, . - signal_restorer

/*
 * pid_t vfork(void): parent and child share the stack, so the return address
 * must not lie on it while the child runs.  It waits in rdx, which the system
 * call preserves.
 */
	.globl vfork
	.type vfork, @function
vfork:
	popq %rdx
	movl $__NR_vfork, %eax
	syscall
	pushq %rdx
	movq %rax, %rdi
	jmp sysret
	.size vfork, . - vfork

/* int setjmp(jmp_buf env): env in rdi; rbx rbp r12-r15 rsp rip, in order. */
	.globl setjmp
	.type setjmp, @function
setjmp:
	movq %rbx, (%rdi)
	movq %rbp, 8(%rdi)
	movq %r12, 16(%rdi)
	movq %r13, 24(%rdi)
	movq %r14, 32(%rdi)
	movq %r15, 40(%rdi)
	leaq 8(%rsp), %rdx
	movq %rdx, 48(%rdi)
	movq (%rsp), %rdx
	movq %rdx, 56(%rdi)
	xorl %eax, %eax
	ret
	.size setjmp, . - setjmp

/* void longjmp(jmp_buf env, int value): env in rdi, value in esi. */
	.globl longjmp
	.type longjmp, @function
longjmp:
	movl %esi, %eax
	testl %eax, %eax
	jnz 1f
	incl %eax
1:	movq (%rdi), %rbx
	movq 8(%rdi), %rbp
	movq 16(%rdi), %r12
	movq 24(%rdi), %r13
	movq 32(%rdi), %r14
	movq 40(%rdi), %r15
	movq 48(%rdi), %rsp
	jmp *56(%rdi)
	.size longjmp, . - longjmp

	.section .note.GNU-stack, "", @progbits
