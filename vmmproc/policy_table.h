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
	REGION_IN_CORE,	     /* within the core */
};

/* Which arguments are an offset and a length inside the RAM file, or a block
 * file. */
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
	USE_MULTI, /* only with --space multi, which is in-process */
	USE_BROKER, /* only where files of the host are shown */
	USE_MAKER, /* only with --space multi or kmod, or --protect kmod-mm */
	USE_BLOCK_READ, /* only where the block file of its first limit is there ... */
	USE_BLOCK_WRITE, /* ... and may be written */
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

/* Which block file a row with USE_BLOCK_* is about; its span is one inside. */
static inline unsigned policy_row_block(const struct policy_row *row)
{
	return (unsigned)row->limit[0].a - LODGER_FD_BLOCK;
}

/* Does the row stand in this machine's policy? */
static inline bool policy_row_applies(const struct policy_env *env,
				      const struct policy_row *row)
{
	switch (row->use) {
	case USE_ALWAYS:
		return true;
	case USE_TRACED:
		return !env->in_process;
	case USE_IN_PROCESS:
		return env->in_process;
	case USE_MULTI:
		return env->multi;
	case USE_BROKER:
		return env->broker;
	case USE_MAKER:
		return env->maker;
	case USE_BLOCK_READ:
		return env->block_bytes[policy_row_block(row)] != 0;
	case USE_BLOCK_WRITE:
		return env->block_bytes[policy_row_block(row)] &&
		       (env->block_writable >> policy_row_block(row) & 1);
	}
	return false;
}

/* Size of the file that the row's span is about. */
static inline uint64_t policy_span_bytes(const struct policy_env *env,
					 const struct policy_row *row)
{
	return row->use == USE_BLOCK_READ || row->use == USE_BLOCK_WRITE ?
		       env->block_bytes[policy_row_block(row)] :
		       env->ram_bytes;
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
