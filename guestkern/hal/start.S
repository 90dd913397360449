/*
 * First instructions of the guest kernel in its process.
 *
 * On entry: all signals blocked, the window mapped, hosted leftovers (the VMM
 * process's own image, stack, libraries, vdso) still mapped around it. The
 * int3 is the hand-shake: the VMM process runs the machine under interception
 * from the stop it causes (icept_ptrace.c). Then everything outside the window
 * is unmapped and C begins.
 */
#include <asm/unistd.h>

#include "abi/layout.h"

	.text
	.globl kernel_start, kernel_start_ready
kernel_start:
	int3
kernel_start_ready:
	lea boot_stack_top(%rip), %rsp
	call unmap_hosted
	call hal_start
	ud2

	.globl unmap_hosted
unmap_hosted:
	xor %ebp, %ebp
	mov $__NR_munmap, %edi
	xor %esi, %esi
	mov $LODGER_WINDOW_BASE, %edx
	xor %ecx, %ecx
	call host_call
	mov $__NR_munmap, %edi
	mov $LODGER_WINDOW_END, %esi
	movabs $(0x7ffffffff000 - LODGER_WINDOW_END), %rdx
	xor %ecx, %ecx
	jmp host_call

	.bss
	.balign 16
	.skip 16384
boot_stack_top:
