/* /proc/cpuinfo: the one virtual CPU, which is the host's as far as cpuid tells
 * (SDM vol 2A, CPUID). */
#include <cpuid.h>

#include "fs/procfs.h"
#include "lib/string.h"

struct cpu_flag {
	u8 bit;
	const char *name;
};

/* Names as Linux prints them. */
static const struct cpu_flag leaf1_edx[] = {
	{ 0, "fpu" },	{ 4, "tsc" },  { 5, "msr" },	{ 8, "cx8" },
	{ 15, "cmov" }, { 19, "clflush" }, { 23, "mmx" }, { 24, "fxsr" },
	{ 25, "sse" },	{ 26, "sse2" }, { 28, "ht" },	{ 0, NULL },
};
static const struct cpu_flag leaf1_ecx[] = {
	{ 0, "pni" },	  { 1, "pclmulqdq" }, { 9, "ssse3" },  { 12, "fma" },
	{ 13, "cx16" },	  { 19, "sse4_1" },   { 20, "sse4_2" }, { 22, "movbe" },
	{ 23, "popcnt" }, { 25, "aes" },      { 26, "xsave" },	{ 28, "avx" },
	{ 29, "f16c" },	  { 30, "rdrand" },   { 31, "hypervisor" }, { 0, NULL },
};
static const struct cpu_flag leaf7_ebx[] = {
	{ 3, "bmi1" },	    { 5, "avx2" },     { 8, "bmi2" },
	{ 9, "erms" },	    { 16, "avx512f" }, { 17, "avx512dq" },
	{ 18, "rdseed" },   { 19, "adx" },     { 28, "avx512cd" },
	{ 29, "sha_ni" },   { 30, "avx512bw" }, { 31, "avx512vl" },
	{ 0, NULL },
};

static void put_flags(struct textbuf *tb, u32 bits, const struct cpu_flag *f)
{
	for (; f->name; f++)
		if (bits & (1u << f->bit))
			textbuf_printf(tb, " %s", f->name);
}

static void put_vendor(struct textbuf *tb)
{
	u32 eax, id[4] = { 0 };

	__get_cpuid(0, &eax, &id[0], &id[2], &id[1]); /* ebx, ecx, edx */
	textbuf_printf(tb, "vendor_id\t: %.12s\n", (const char *)id);
}

static void put_model(struct textbuf *tb, u32 eax)
{
	u32 family = eax >> 8 & 0xf, model = eax >> 4 & 0xf;

	if (family == 0xf)
		family += eax >> 20 & 0xff;
	if (family >= 6)
		model += (eax >> 16 & 0xf) << 4;
	textbuf_printf(tb, "cpu family\t: %u\nmodel\t\t: %u\n", family, model);
}

static void put_brand(struct textbuf *tb)
{
	u32 r[13] = { 0 }; /* the last stays 0: a string */
	const char *text = (const char *)r;

	for (u32 i = 0; i < 3; i++)
		__get_cpuid(0x80000002u + i, &r[i * 4], &r[i * 4 + 1],
			    &r[i * 4 + 2], &r[i * 4 + 3]);
	while (*text == ' ')
		text++;
	textbuf_printf(tb, "model name\t: %.48s\n", *text ? text : "unknown");
}

int proc_show_cpuinfo(struct textbuf *tb, const struct proc_target *t)
{
	u32 eax = 0, ebx, ecx = 0, edx = 0, a7, b7 = 0, c7, d7;

	(void)t;
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7);
	textbuf_printf(tb, "processor\t: 0\n");
	put_vendor(tb);
	put_model(tb, eax);
	put_brand(tb);
	textbuf_printf(tb, "stepping\t: %u\nphysical id\t: 0\nsiblings\t: 1\n"
			   "core id\t\t: 0\ncpu cores\t: 1\nfpu\t\t: yes\nflags\t\t:",
		       eax & 0xf);
	put_flags(tb, edx, leaf1_edx);
	put_flags(tb, ecx, leaf1_ecx);
	put_flags(tb, b7, leaf7_ebx);
	textbuf_printf(tb, " lm\naddress sizes\t: 47 bits virtual\n\n");
	return 0;
}
