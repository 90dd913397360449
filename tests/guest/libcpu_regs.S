/*
 * Loading and storing all vector registers at once.  rdi points at a struct
 * cpu_registers: 32 slots of 64 bytes, then 8 words of mask.  Register n of
 * any width goes to the first bytes of slot n.  No other register is touched.
 */
	.text

	.macro each_xmm op_load:req
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	.if \op_load
	movdqu \n*64(%rdi), %xmm\n
	.else
	movdqu %xmm\n, \n*64(%rdi)
	.endif
	.endr
	.endm

	.macro each_ymm op_load:req
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	.if \op_load
	vmovdqu \n*64(%rdi), %ymm\n
	.else
	vmovdqu %ymm\n, \n*64(%rdi)
	.endif
	.endr
	.endm

	.macro each_zmm op_load:req
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.if \op_load
	vmovdqu64 \n*64(%rdi), %zmm\n
	.else
	vmovdqu64 %zmm\n, \n*64(%rdi)
	.endif
	.endr
	.irp n, 0,1,2,3,4,5,6,7
	.if \op_load
	kmovq 32*64+\n*8(%rdi), %k\n
	.else
	kmovq %k\n, 32*64+\n*8(%rdi)
	.endif
	.endr
	.endm

	.macro function name:req, body:req, arg:req
	.globl \name
	.type \name, @function
\name:
	\body \arg
	ret
	.size \name, . - \name
	.endm

	function cpu_load_xmm, each_xmm, 1
	function cpu_store_xmm, each_xmm, 0
	function cpu_load_ymm, each_ymm, 1
	function cpu_store_ymm, each_ymm, 0
	function cpu_load_zmm, each_zmm, 1
	function cpu_store_zmm, each_zmm, 0

/*
 * void cpu_hold_with(load, store, from, to, rounds): rdi rsi rdx rcx r8.
 * Loads, counts down with nothing else going on, stores.
 */
	.globl cpu_hold_with
	.type cpu_hold_with, @function
cpu_hold_with:
	pushq %rbx
	pushq %r12
	pushq %r13
	movq %rdi, %rax
	movq %rsi, %rbx
	movq %rcx, %r12
	movq %r8, %r13
	movq %rdx, %rdi
	call *%rax
1:	pause
	decq %r13
	jnz 1b
	movq %r12, %rdi
	call *%rbx
	popq %r13
	popq %r12
	popq %rbx
	ret
	.size cpu_hold_with, . - cpu_hold_with

	.section .note.GNU-stack, "", @progbits
