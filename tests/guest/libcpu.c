/*
 * Which vector registers there are, and the C side of libcpu_regs.S.
 */
#include <string.h>

#include "libcpu.h"

/* Assembly: rdi points at the block. */
void cpu_load_xmm(const struct cpu_registers *r);
void cpu_store_xmm(struct cpu_registers *r);
void cpu_load_ymm(const struct cpu_registers *r);
void cpu_store_ymm(struct cpu_registers *r);
void cpu_load_zmm(const struct cpu_registers *r);
void cpu_store_zmm(struct cpu_registers *r);
void cpu_hold_with(void (*load)(const struct cpu_registers *),
		   void (*store)(struct cpu_registers *),
		   const struct cpu_registers *from, struct cpu_registers *to,
		   unsigned long rounds);

static const struct {
	const char *name;
	unsigned int count;
	unsigned int bytes;
	void (*load)(const struct cpu_registers *r);
	void (*store)(struct cpu_registers *r);
} widths[] = {
	[CPU_SSE] = { "SSE", 16, 16, cpu_load_xmm, cpu_store_xmm },
	[CPU_AVX] = { "AVX", 16, 32, cpu_load_ymm, cpu_store_ymm },
	[CPU_AVX512] = { "AVX-512", 32, 64, cpu_load_zmm, cpu_store_zmm },
};

static void cpuid(uint32_t leaf, uint32_t out[4])
{
	__asm__ volatile("cpuid"
			 : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
			 : "0"(leaf), "2"(0));
}

static uint64_t xgetbv(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

enum cpu_vector cpu_widest(void)
{
	uint32_t one[4];
	uint32_t seven[4] = { 0 };
	uint64_t enabled;

	cpuid(1, one);
	/* OSXSAVE and AVX: SDM volume 1, 14.3. */
	if (!(one[2] & 1U << 27) || !(one[2] & 1U << 28))
		return CPU_SSE;
	enabled = xgetbv();
	if ((enabled & 0x6) != 0x6)
		return CPU_SSE;
	cpuid(7, seven);
	/* AVX512F and AVX512BW (for kmovq): SDM volume 1, 15.2. */
	if (!(seven[1] & 1U << 16) || !(seven[1] & 1U << 30) ||
	    (enabled & 0xe0) != 0xe0)
		return CPU_AVX;
	return CPU_AVX512;
}

const char *cpu_vector_name(enum cpu_vector width)
{
	return widths[width].name;
}

void cpu_pattern(struct cpu_registers *r, unsigned int seed)
{
	uint8_t *p = (uint8_t *)r;
	uint32_t x = seed * 2654435761U + 1;
	size_t i;

	for (i = 0; i < sizeof(*r); i++) {
		x = x * 1664525U + 1013904223U;
		p[i] = (uint8_t)(x >> 24);
	}
}

void cpu_load(enum cpu_vector width, const struct cpu_registers *r)
{
	widths[width].load(r);
}

void cpu_store(enum cpu_vector width, struct cpu_registers *r)
{
	/*
	 * No memset here: it might use the registers that are to be stored.
	 * "rep stosb" does not.
	 */
	void *to = r;
	size_t len = sizeof(*r);

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(0) : "memory");
	widths[width].store(r);
}

int cpu_differ(enum cpu_vector width, const struct cpu_registers *a,
	       const struct cpu_registers *b)
{
	unsigned int i;

	for (i = 0; i < widths[width].count; i++)
		if (memcmp(a->vector[i], b->vector[i], widths[width].bytes))
			return 1 + (int)i;
	if (width == CPU_AVX512 && memcmp(a->mask, b->mask, sizeof(a->mask)))
		return 100;
	return 0;
}

void cpu_hold(enum cpu_vector width, const struct cpu_registers *a,
	      struct cpu_registers *b, unsigned long rounds)
{
	cpu_hold_with(widths[width].load, widths[width].store, a, b, rounds);
}

uint32_t cpu_get_mxcsr(void)
{
	uint32_t value;

	__asm__ volatile("stmxcsr %0" : "=m"(value));
	return value;
}

void cpu_set_mxcsr(uint32_t value)
{
	__asm__ volatile("ldmxcsr %0" : : "m"(value));
}

uint16_t cpu_get_x87_control(void)
{
	uint16_t value;

	__asm__ volatile("fnstcw %0" : "=m"(value));
	return value;
}

void cpu_set_x87_control(uint16_t value)
{
	__asm__ volatile("fldcw %0" : : "m"(value));
}
