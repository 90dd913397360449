/*
 * The shape of the policy table, shared by the check (policy.c) and the
 * filter (policy_filter.c). Nobody else reads it.
 */
#ifndef VMMPROC_POLICY_TABLE_H
#define VMMPROC_POLICY_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "policy.h"

/* Where arguments 0 (address) and 1 (length) must lie, as a whole range. */
enum policy_region {
	REGION_ANY = 0,
	REGION_USER_LOW,     /* [user_low_min, window) */
	REGION_USER_HIGH,    /* [4 GiB, 2^47), only with --vspace=high */
	REGION_BELOW_WINDOW, /* [0, window) */
	REGION_ABOVE_WINDOW, /* [window end, 2^47) */
	REGION_CORE,	     /* exactly the core: one address, one length */
};

/* Which arguments are an offset and a length inside the RAM file. */
enum policy_span {
	SPAN_NONE = 0,
	SPAN_MMAP,	/* offset 5, length 1 */
	SPAN_PREAD,	/* offset 3, length 2 */
	SPAN_FALLOCATE, /* offset 2, length 3 */
};

enum policy_op {
	LIMIT_END = 0,
	LIMIT_EQ,     /* arg == a */
	LIMIT_LE,     /* arg <= a */
	LIMIT_MASKED, /* (arg & a) == b */
	LIMIT_ONE_OF, /* arg == a + i for a bit i of b */
};

struct policy_limit {
	enum policy_op op;
	unsigned arg;
	uint64_t a, b;
	const char *refusal; /* completes "refused: ..." */
};

/* In which machines a row stands. In the in-process modes the gate's calls and
 * rt_sigreturn are no matter of policy: the filter's prefix binds them to
 * their instructions (filter_inproc.c). */
enum policy_use {
	USE_ALWAYS = 0,
	USE_TRACED, /* only where a tracer sees every call */
	USE_IN_PROCESS, /* only where none does */
};

#define POLICY_LIMITS 5 /* the last is always LIMIT_END */

struct policy_row {
	uint32_t nr;
	enum policy_use use;
	enum policy_region region;
	enum policy_span span;
	struct policy_limit limit[POLICY_LIMITS];
	const char *why;
};

struct policy_range {
	uint64_t start, end; /* start <= address, address + length <= end */
};

extern const struct policy_row policy_table[];
extern const size_t policy_table_rows;

/* Does the row stand in this machine's policy? */
static inline bool policy_row_applies(const struct policy_env *env,
				      const struct policy_row *row)
{
	return row->use == USE_ALWAYS ||
	       row->use == (env->in_process ? USE_IN_PROCESS : USE_TRACED);
}

/* Resolves a region. Empty (start == end) where the machine has none. */
struct policy_range policy_region_range(const struct policy_env *env,
					enum policy_region region);

/* Argument numbers of a span, indexed by enum policy_span. */
struct policy_span_args {
	unsigned offset, length;
};

extern const struct policy_span_args policy_span_args[];

#endif
