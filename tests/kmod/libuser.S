/* Pieces of user code for USER state, and the call that leads there. */
#include "abi/kmod.h"

	.text
	.globl user_call, user_call_32, user_flags, user_spin
	.globl user_read, user_write, user_jump, user_divide, run_now
user_call:
	mov $39, %eax		/* getpid */
	syscall
	ud2
user_call_32:
	mov $20, %eax		/* getpid there */
	int $0x80
	ud2
user_flags:
	pushfq
	pop %rax
	ud2
user_spin:
	pause
	jmp user_spin
user_read:
	mov (%rdi), %rax
	ud2
user_write:
	mov %rax, (%rdi)
	ud2
user_jump:
	jmp *%rdi
user_divide:
	xor %ecx, %ecx
	div %ecx

	/* long run_now(void): all registers but rsp and rax are lost */
run_now:
	push %rbp
	push %rbx
	push %r12
	push %r13
	push %r14
	push %r15
	mov $LODGER_KMOD_RUN, %eax
	syscall
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbx
	pop %rbp
	ret
	.section .note.GNU-stack, "", @progbits
