/*
 * s64 host_call(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e) [+ f on the stack]
 *
 * The one host-system-call instruction of the guest kernel besides the gate's.
 * Register contract: System V in (rdi, rsi, rdx, rcx, r8, r9, 8(%rsp)), Linux
 * out (rax = nr; rdi, rsi, rdx, r10, r8, r9); rcx and r11 are clobbered.
 */
	.text
	.globl host_call, host_call_now, host_call_ip
host_call:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	/* for assembly that has its registers ready: hal/baton.S */
host_call_now:
	syscall
host_call_ip:
	ret
