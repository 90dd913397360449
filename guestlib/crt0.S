/*
 * Where a program begins.  At entry rsp points at argc, then argv, NULL,
 * envp, NULL, auxv (x86-64 psABI, 3.4.1); nothing else is defined.  start_c
 * in start.c takes that pointer and never returns.
 */
	.text
	.globl _start
	.type _start, @function
_start:
	xorl %ebp, %ebp
	movq %rsp, %rdi
	andq $-16, %rsp
	call start_c
	hlt
	.size _start, . - _start

	.section .note.GNU-stack, "", @progbits
