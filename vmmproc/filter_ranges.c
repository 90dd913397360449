/*
 * What libseccomp's part of the filter cannot say: that an address plus a
 * length, or an offset plus a length, stays inside. A libseccomp rule compares
 * one argument with one constant, so its rows admit ranges whose two halves are
 * each in order; here the sums are checked, from the same table. A sum that
 * leads out is refused, everything else goes on to the rows.
 *
 * The rows are the ones to check high words and the halves themselves, which is
 * why 32-bit sums do: both halves of a low range are below 2 GiB if the rows
 * are to admit it, and so are offset and length in RAM of up to 2 GiB; larger
 * RAM takes the long way. Ranges in the high address space are bounded by the
 * host's own address space.
 */
#include "filter_ranges.h"

#include "abi/layout.h"
#include "policy_table.h"

/* The labels that every check ends at. */
struct ends {
	unsigned policy, refuse;
};

static bool is_low(enum policy_region region)
{
	return region == REGION_USER_LOW || region == REGION_BELOW_WINDOW;
}

/* [arg 0, arg 0 + arg 1) where arg 0 is below the window; go on at `next`. */
static void check_region(struct bpf_asm *p, struct policy_range range,
			 unsigned refuse, unsigned next)
{
	bpf_asm_load(p, BPF_ARG_HIGH(0));
	bpf_asm_equal(p, 0, BPF_ASM_NEXT, next);
	bpf_asm_load(p, BPF_ARG(0));
	bpf_asm_not_below(p, (uint32_t)range.end, next, BPF_ASM_NEXT);
	bpf_asm_not_below(p, (uint32_t)range.start, BPF_ASM_NEXT, refuse);
	bpf_asm_sum(p, BPF_ARG(1), BPF_ARG(0));
	bpf_asm_above(p, (uint32_t)range.end, refuse, next);
}

static void check_span_short(struct bpf_asm *p, const struct policy_env *env,
			     const struct policy_span_args *at,
			     const struct ends *ends)
{
	bpf_asm_sum(p, BPF_ARG(at->length), BPF_ARG(at->offset));
	bpf_asm_above(p, (uint32_t)env->ram_bytes, ends->refuse, ends->policy);
}

/* The 64-bit sum; X holds the length's low word after the first addition. */
static void check_span_long(struct bpf_asm *p, const struct policy_env *env,
			    const struct policy_span_args *at,
			    const struct ends *ends)
{
	unsigned carried = bpf_asm_label(p), high = bpf_asm_label(p);
	unsigned low = bpf_asm_label(p);

	bpf_asm_sum(p, BPF_ARG(at->length), BPF_ARG(at->offset));
	bpf_asm_put(p, BPF_ST, 0, 0, 0);
	bpf_asm_put(p, BPF_JMP | BPF_JGE | BPF_X, 0, BPF_ASM_NEXT, carried);
	bpf_asm_sum(p, BPF_ARG_HIGH(at->length), BPF_ARG_HIGH(at->offset));
	bpf_asm_equal(p, 0, high, high); /* a jump */
	bpf_asm_place(p, carried);
	bpf_asm_sum(p, BPF_ARG_HIGH(at->length), BPF_ARG_HIGH(at->offset));
	bpf_asm_put(p, BPF_ALU | BPF_ADD | BPF_K, 1, 0, 0);
	bpf_asm_place(p, high);
	bpf_asm_above(p, (uint32_t)(env->ram_bytes >> 32), ends->refuse,
		      BPF_ASM_NEXT);
	bpf_asm_equal(p, (uint32_t)(env->ram_bytes >> 32), low, ends->policy);
	bpf_asm_place(p, low);
	bpf_asm_put(p, BPF_LD | BPF_MEM, 0, 0, 0);
	bpf_asm_above(p, (uint32_t)env->ram_bytes, ends->refuse, ends->policy);
}

/* A row with a span says in its first limit which descriptor it is about. */
static void check_span(struct bpf_asm *p, const struct policy_env *env,
		       const struct policy_row *row, const struct ends *ends)
{
	const struct policy_span_args *at = &policy_span_args[row->span];

	bpf_asm_load(p, BPF_ARG(row->limit[0].arg));
	bpf_asm_equal(p, (uint32_t)row->limit[0].a, BPF_ASM_NEXT, ends->policy);
	if (env->ram_bytes <= 1ULL << 31)
		check_span_short(p, env, at, ends);
	else
		check_span_long(p, env, at, ends);
}

/* The rows of one call that have something to sum; NULL: none. */
struct sums {
	const struct policy_row *low, *span;
};

static struct sums sums_of(const struct policy_env *env, uint32_t nr)
{
	struct sums sums = { NULL, NULL };

	for (size_t i = 0; i < policy_table_rows; i++) {
		const struct policy_row *row = &policy_table[i];

		if (row->nr != nr || !policy_row_applies(env, row))
			continue;
		if (is_low(row->region))
			sums.low = row;
		if (row->span != SPAN_NONE)
			sums.span = row;
	}
	return sums;
}

/* A row of this call came before. */
static bool is_repeated(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (policy_table[i].nr == policy_table[row].nr)
			return true;
	return false;
}

static void check_call(struct bpf_asm *p, const struct policy_env *env,
		       uint32_t nr, const struct sums *sums,
		       const struct ends *ends)
{
	unsigned other = bpf_asm_label(p);
	unsigned span = sums->span && sums->low ? bpf_asm_label(p) :
						  ends->policy;

	bpf_asm_equal(p, nr, BPF_ASM_NEXT, other);
	if (sums->low)
		check_region(p, policy_region_range(env, sums->low->region),
			     ends->refuse, span);
	if (sums->span) {
		if (sums->low)
			bpf_asm_place(p, span);
		check_span(p, env, sums->span, ends);
	}
	bpf_asm_place(p, other);
}

void filter_ranges_put(struct bpf_asm *p, const struct policy_env *env,
		       uint32_t refuse_action, unsigned policy)
{
	const struct ends ends = { policy, bpf_asm_label(p) };

	bpf_asm_load(p, BPF_NR);
	for (size_t i = 0; i < policy_table_rows; i++) {
		uint32_t nr = policy_table[i].nr;
		struct sums sums = sums_of(env, nr);

		if ((sums.low || sums.span) && !is_repeated(i))
			check_call(p, env, nr, &sums, &ends);
	}
	bpf_asm_equal(p, 0, policy, policy); /* a jump */
	bpf_asm_place(p, ends.refuse);
	bpf_asm_return(p, refuse_action);
}
