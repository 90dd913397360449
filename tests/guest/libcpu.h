/*
 * What the processor can do, and its vector registers as a block of memory:
 * for the tests that check that nobody disturbs them.
 */
#ifndef TESTS_GUEST_LIBCPU_H
#define TESTS_GUEST_LIBCPU_H

#include <stdint.h>

/* Vector state of one width: what the tests load, keep and compare. */
enum cpu_vector { CPU_SSE, CPU_AVX, CPU_AVX512 };

/* The widest that processor and kernel both provide. */
enum cpu_vector cpu_widest(void);
/* "SSE", "AVX", "AVX-512". */
const char *cpu_vector_name(enum cpu_vector width);

/* Room for every register of every width: 32 of 64 bytes, 8 masks. */
struct cpu_registers {
	uint8_t vector[32][64];
	uint64_t mask[8];
} __attribute__((aligned(64)));

/* Fills a block with bytes that depend on seed and position. */
void cpu_pattern(struct cpu_registers *r, unsigned int seed);
/* Registers from memory; as many and as wide as width says. */
void cpu_load(enum cpu_vector width, const struct cpu_registers *r);
/* Registers to memory; what width does not cover becomes zero. */
void cpu_store(enum cpu_vector width, struct cpu_registers *r);
/* A number that differs when registers of that width differ, or 0. */
int cpu_differ(enum cpu_vector width, const struct cpu_registers *a,
	       const struct cpu_registers *b);

/* Loads a, spins for that many rounds without any call, stores into b. */
void cpu_hold(enum cpu_vector width, const struct cpu_registers *a,
	      struct cpu_registers *b, unsigned long rounds);

/* The SSE control word. */
uint32_t cpu_get_mxcsr(void);
void cpu_set_mxcsr(uint32_t value);
/* The x87 control word. */
uint16_t cpu_get_x87_control(void);
void cpu_set_x87_control(uint16_t value);

#define RFLAGS_TF 0x100
/* Set and clear the trap flag, without a word below the stack pointer. */
#define FLIP_TF()                                             \
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\t"         \
			 "pushfq\n\t"                         \
			 "xorq %0, (%%rsp)\n\t"               \
			 "popfq\n\t"                          \
			 "lea 128(%%rsp), %%rsp"              \
			 :                                    \
			 : "i"(RFLAGS_TF)                     \
			 : "cc", "memory")

#endif
