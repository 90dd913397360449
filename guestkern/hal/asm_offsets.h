/* Structure offsets that assembly uses; static_asserted in hal/cpu.c. */
#ifndef HAL_ASM_OFFSETS_H
#define HAL_ASM_OFFSETS_H

#define CPU_KERNEL_STACK_TOP 16

#endif
