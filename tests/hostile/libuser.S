/*
 * What the hostile kernels' user mode executes, copied to USER_CODE: position
 * independent, ends in a loop or in ud2. And the jumps into the gate that C
 * cannot make.
 */
#include <asm/unistd.h>

	.macro blob name
	.balign 64
	.globl \name, \name\()_end
\name:
	.endm

	.text
	/* one call, then nothing */
	blob user_getpid
	mov $__NR_getpid, %eax
	syscall
1:	jmp 1b
user_getpid_end:

	/* calls for ever */
	blob user_call_loop
1:	mov $__NR_getpid, %eax
	syscall
	jmp 1b
user_call_loop_end:

	/* faults for ever, if the kernel returns to the fault */
	blob user_fault_loop
	mov 0x10, %eax
	ud2
user_fault_loop_end:

	/* one call; then open("/etc/passwd") */
	blob user_call_open
	mov $__NR_getpid, %eax
	syscall
	mov $__NR_open, %eax
	lea 2f(%rip), %rdi
	xor %esi, %esi
	syscall
	ud2
2:	.asciz "/etc/passwd"
user_call_open_end:

	/* open("/etc/passwd") at once */
	blob user_open
	mov $__NR_open, %eax
	lea 2f(%rip), %rdi
	xor %esi, %esi
	syscall
	ud2
2:	.asciz "/etc/passwd"
user_open_end:

	/* calls for ever; 64 bytes on, a signal handler that opens */
	blob user_own_handler
1:	mov $__NR_getpid, %eax
	syscall
	jmp 1b
	.balign 64
	mov $__NR_open, %eax
	lea 2f(%rip), %rdi
	xor %esi, %esi
	syscall
	ud2
2:	.asciz "/etc/passwd"
user_own_handler_end:

/*
 * s64 jump_with(u64 target, u64 rax, u64 rdi, u64 rsi, u64 rdx)
 *
 * Goes to target, which is a `syscall` of the gate, with these registers.
 */
	.globl jump_with
jump_with:
	mov %rdi, %r11
	mov %rsi, %rax
	mov %rdx, %rdi
	mov %rcx, %rsi
	mov %r8, %rdx
	jmp *%r11

/* void sigreturn_by(u64 target, u64 frame_rsp): rt_sigreturn by any `syscall`
 * instruction. */
	.globl sigreturn_by
sigreturn_by:
	mov %rsi, %rsp
	mov $__NR_rt_sigreturn, %eax
	jmp *%rdi
