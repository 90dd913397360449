/*
 * The gate of --intercept kmod: in and out through one call of the host kernel
 * module (abi/kmod.h), which exchanges the registers. The module knows who is
 * running, so this code keeps no wall: in USER state each `syscall` here is a
 * guest program's like any other, and in KERNEL state the guest kernel runs.
 *
 * Where the module does not hide the core (gate_core_bytes is not 0), the guest
 * kernel opens and closes it by mprotect, here, at both ends of the call.
 *
 * A signal always finds KERNEL state, because the module ends USER state before
 * a handler's frame is built. It may find the core closed, between close and RUN
 * or between RUN and open; so the handler opens it and sets `stop`, with
 * which the next RUN returns at once: user mode is never entered with a core
 * that a handler has opened.
 */
#include <asm/unistd.h>

#include "abi/kmod.h"
#include "abi/layout.h"
#include "hal/asm_offsets.h"

	.section .gate.text, "ax"
	.globl kmod_signal, kmod_leave, kmod_open_ip, kmod_close_ip

	/* The handler of all signals: edi the signal, rsp at the frame. */
kmod_signal:
	pushq $2		/* clean flags */
	popfq
	mov %edi, %r12d
	mov $1, %ebx
	jmp kmod_open

	/* void kmod_leave(void): with the program's registers in the shared page.
	 * Does not return. */
kmod_leave:
	mov gate_core_bytes(%rip), %rsi
	test %rsi, %rsi
	jz kmod_run
	mov $LODGER_CORE_BASE, %edi
	xor %edx, %edx		/* PROT_NONE */
	mov $__NR_mprotect, %eax
	syscall
kmod_close_ip:
	test %rax, %rax
	jnz kmod_dead
kmod_run:
	mov $LODGER_KMOD_RUN, %eax
	syscall
	mov %eax, %r12d		/* enum lodger_kmod_exit */
	xor %ebx, %ebx
kmod_open:
	mov gate_core_bytes(%rip), %rsi
	test %rsi, %rsi
	jz kmod_opened
	mov $LODGER_CORE_BASE, %edi
	mov $7, %edx		/* PROT_READ|PROT_WRITE|PROT_EXEC */
	mov $__NR_mprotect, %eax
	syscall
kmod_open_ip:
	test %rax, %rax
	jnz kmod_dead
kmod_opened:
	test %ebx, %ebx
	jnz kmod_nested
	mov cpu0 + CPU_KERNEL_STACK_TOP, %rsp
	mov %r12d, %edi
	xor %ebp, %ebp
	call hal_kmod_entry
kmod_dead:
	ud2
	jmp kmod_dead

	.text
kmod_nested:
	movl $1, LODGER_KMOD_RUN_ADDR + LODGER_KMOD_STOP_OFFSET
	jmp call_nested_core
