/* Does this host have protection keys for its processes? (pkeys(7)) */
#include "memory.h"

#include <cpuid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/layout.h"

#define CPUID7_ECX_PKU (1u << 3)   /* the processor has them */
#define CPUID7_ECX_OSPKE (1u << 4) /* the host kernel uses them */

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
	return try_key(why, why_bytes);
}
