/* Does this host have protection keys for its processes (pkeys(7)), and do they hold? */
#include "memory.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/layout.h"

#define CPUID7_ECX_PKU (1u << 3)   /* the processor has them */
#define CPUID7_ECX_OSPKE (1u << 4) /* the host kernel uses them */
#define XCR0_APX (1u << 19)	   /* Intel APX specification: extended registers */

/* The first key that a process gets is always the same; the machine's child gets
 * its own. */
static bool try_key(char *why, size_t why_bytes)
{
	int key = pkey_alloc(0, 0);

	if (key < 0) {
		snprintf(why, why_bytes, "the host refuses pkey_alloc: %s",
			 strerror(errno));
		return false;
	}
	pkey_free(key);
	if (key == LODGER_PKEY)
		return true;
	snprintf(why, why_bytes, "the first protection key is %d, not %d", key,
		 LODGER_PKEY);
	return false;
}

/* Its REX2 prefix spells instructions without the byte 0f, and wrpkru is not known
 * to be none of them; the guest kernel looks for 0f (hal/exec_guard.c). */
static bool has_other_spellings(void)
{
	unsigned low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & XCR0_APX;
}

bool memory_keys_work(char *why, size_t why_bytes)
{
	unsigned a, b, c = 0, d;

	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(c & CPUID7_ECX_PKU)) {
		snprintf(why, why_bytes, "the processor has no protection keys");
		return false;
	}
	if (!(c & CPUID7_ECX_OSPKE)) {
		snprintf(why, why_bytes,
			 "the host kernel does not use protection keys");
		return false;
	}
	if (has_other_spellings()) {
		snprintf(why, why_bytes,
			 "the processor has APX, whose encodings are not looked for");
		return false;
	}
	return try_key(why, why_bytes);
}

/* "Meltdown-PK" (Canella et al., A Systematic Evaluation of Transient Execution Attacks
 * and Defenses, 2019): such processors check a key too late. */
bool memory_keys_hold(char *why, size_t why_bytes)
{
	char line[128] = "";
	FILE *f = fopen("/sys/devices/system/cpu/vulnerabilities/meltdown", "re");
	bool known = f && fgets(line, sizeof(line), f);

	if (f)
		fclose(f);
	if (known && !strncmp(line, "Not affected", strlen("Not affected")))
		return true;
	snprintf(why, why_bytes,
		 "the host does not say that the processor is safe from Meltdown");
	return false;
}
