/*
 * s64 host_call(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e) [+ f on the stack]
 *
 * The one host-system-call instruction of the guest kernel besides the gate's.
 * Register contract: System V in (rdi, rsi, rdx, rcx, r8, r9, 8(%rsp)), Linux
 * out (rax = nr; rdi, rsi, rdx, r10, r8, r9); rcx and r11 are clobbered.
 *
 * With --protect pkey a program can jump here, and the filter wants to see a token
 * that only the guest kernel can read (filter_inproc.c): in the last argument, and
 * of mmap, the one call that has six, in the halves of flags and descriptor that the
 * host does not look at. Otherwise the token is 0 and no argument changes.
 */
#include <asm/unistd.h>

#include "abi/layout.h"
#include "hal/asm_offsets.h"

#define TOKEN LODGER_BOOT_ADDR + BOOT_HOST_TOKEN

	.text
	.globl host_call, host_call_now, host_call_ip
host_call:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	cmp $__NR_mmap, %eax
	je host_call_map
	cmp $__NR_preadv2, %eax
	je host_call_flags
	/* for assembly that has its registers ready: hal/baton.S */
host_call_now:
	mov TOKEN, %r9
host_call_go:
	syscall
host_call_ip:
	ret
	/* the other call with a sixth argument; not made with --protect pkey */
host_call_flags:
	mov 8(%rsp), %r9
	jmp host_call_go
host_call_map:
	mov 8(%rsp), %r9
	mov TOKEN, %rcx
	mov %rcx, %r11
	shl $32, %r11
	or %r11, %r10
	shr $32, %rcx
	shl $32, %rcx
	or %rcx, %r8
	jmp host_call_go
