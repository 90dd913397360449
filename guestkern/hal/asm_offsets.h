/* Structure offsets that assembly uses; static_asserted in hal/cpu.c,
 * hal/host_process.c, hal/prot_pkey.c. */
#ifndef HAL_ASM_OFFSETS_H
#define HAL_ASM_OFFSETS_H

/* struct cpu */
#define CPU_FRAME 8
#define CPU_KERNEL_STACK_TOP 16
#define CPU_IN_KERNEL 24
#define CPU_IRQ_PENDING 28
#define CPU_HOLDER 32
#define CPU_NESTED 36

/* struct lodger_boot */
#define BOOT_HOST_TOKEN 312

/* futex(2) operations, an error */
#define HOST_FUTEX_WAIT 0
#define HOST_FUTEX_WAKE 1
#define HOST_EINTR 4

/* struct trap_frame */
#define TF_R8 0
#define TF_R9 8
#define TF_R10 16
#define TF_R11 24
#define TF_R12 32
#define TF_R13 40
#define TF_R14 48
#define TF_R15 56
#define TF_RDI 64
#define TF_RSI 72
#define TF_RBP 80
#define TF_RBX 88
#define TF_RDX 96
#define TF_RAX 104
#define TF_RCX 112
#define TF_RSP 120
#define TF_RIP 128
#define TF_RFLAGS 136

#endif
