/*
 * The ranges of the policy, exactly. A libseccomp rule compares one argument
 * with one constant, so it cannot say that address plus length, or offset plus
 * length, stays inside; and where two rules of a call compare the same argument
 * with ranges of more than 32 bits, the program that libseccomp 2.5.4 makes of
 * them can go on to the second with the wrong half of the argument in its
 * accumulator, and admit what neither says. So its part of the filter has the
 * rows without their ranges (policy_export_filter), and the ranges are here,
 * from the same table. What leads out is refused, everything else goes on to
 * the rows.
 *
 * Only where a range from 4 GiB on ends is left to the host, whose address
 * space ends there.
 *
 * A call either has a region in all of its rows or in none.
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
	return region == REGION_USER_LOW || region == REGION_BELOW_WINDOW ||
	       region == REGION_IN_CORE;
}

static bool is_high(enum policy_region region)
{
	return region == REGION_USER_HIGH || region == REGION_ABOVE_WINDOW;
}

/* Refuses a word that is not zero, one above a limit. */
static void must_be_zero(struct bpf_asm *p, size_t offset, unsigned refuse)
{
	bpf_asm_load(p, offset);
	bpf_asm_equal(p, 0, BPF_ASM_NEXT, refuse);
}

static void must_not_exceed(struct bpf_asm *p, size_t offset, uint32_t limit,
			    unsigned refuse)
{
	bpf_asm_load(p, offset);
	bpf_asm_above(p, limit, refuse, BPF_ASM_NEXT);
}

/* Where arg 0 and arg 1 of one call may lie; go on at `next`. The high range is
 * empty where the machine has none. A low range and a length that is no longer
 * than its end have 32-bit sums. */
static void check_regions(struct bpf_asm *p, struct policy_range low,
			  struct policy_range high, unsigned refuse,
			  unsigned next)
{
	unsigned below_4g = bpf_asm_label(p), beyond_low = bpf_asm_label(p);

	bpf_asm_load(p, BPF_ARG_HIGH(0));
	bpf_asm_equal(p, 0, below_4g, high.end ? next : refuse);
	bpf_asm_place(p, below_4g);
	bpf_asm_load(p, BPF_ARG(0));
	bpf_asm_not_below(p, (uint32_t)low.end, beyond_low, BPF_ASM_NEXT);
	bpf_asm_not_below(p, (uint32_t)low.start, BPF_ASM_NEXT, refuse);
	must_be_zero(p, BPF_ARG_HIGH(1), refuse);
	must_not_exceed(p, BPF_ARG(1), (uint32_t)low.end, refuse);
	bpf_asm_sum(p, BPF_ARG(1), BPF_ARG(0));
	bpf_asm_above(p, (uint32_t)low.end, refuse, next);
	bpf_asm_place(p, beyond_low);
	if (high.end && high.start >> 32 == 0)
		bpf_asm_not_below(p, (uint32_t)high.start, next, refuse);
	else
		bpf_asm_jump(p, refuse);
}

/* A file of less than 2 GiB: two halves that are no larger have a 32-bit sum. */
static void check_span_short(struct bpf_asm *p, uint32_t file_bytes,
			     const struct policy_span_args *at,
			     const struct ends *ends)
{
	must_be_zero(p, BPF_ARG_HIGH(at->length), ends->refuse);
	must_be_zero(p, BPF_ARG_HIGH(at->offset), ends->refuse);
	must_not_exceed(p, BPF_ARG(at->offset), file_bytes, ends->refuse);
	must_not_exceed(p, BPF_ARG(at->length), file_bytes, ends->refuse);
	bpf_asm_sum(p, BPF_ARG(at->length), BPF_ARG(at->offset));
	bpf_asm_above(p, file_bytes, ends->refuse, ends->policy);
}

/* The 64-bit sum: low words first, M[0]; there was a carry if that is less
 * than the length's low word, X. The high words' sum does not overflow. */
static void check_span_long(struct bpf_asm *p, uint64_t file_bytes,
			    const struct policy_span_args *at,
			    const struct ends *ends)
{
	uint32_t high_bytes = (uint32_t)(file_bytes >> 32);
	unsigned carried = bpf_asm_label(p), high = bpf_asm_label(p);

	must_not_exceed(p, BPF_ARG_HIGH(at->length), high_bytes, ends->refuse);
	must_not_exceed(p, BPF_ARG_HIGH(at->offset), high_bytes, ends->refuse);
	bpf_asm_sum(p, BPF_ARG(at->length), BPF_ARG(at->offset));
	bpf_asm_put(p, BPF_ST, 0, 0, 0);
	bpf_asm_put(p, BPF_JMP | BPF_JGE | BPF_X, 0, BPF_ASM_NEXT, carried);
	bpf_asm_sum(p, BPF_ARG_HIGH(at->length), BPF_ARG_HIGH(at->offset));
	bpf_asm_jump(p, high);
	bpf_asm_place(p, carried);
	bpf_asm_sum(p, BPF_ARG_HIGH(at->length), BPF_ARG_HIGH(at->offset));
	bpf_asm_put(p, BPF_ALU | BPF_ADD | BPF_K, 1, 0, 0);
	bpf_asm_place(p, high);
	bpf_asm_above(p, high_bytes, ends->refuse, BPF_ASM_NEXT);
	bpf_asm_equal(p, high_bytes, BPF_ASM_NEXT, ends->policy);
	bpf_asm_put(p, BPF_LD | BPF_MEM, 0, 0, 0);
	bpf_asm_above(p, (uint32_t)file_bytes, ends->refuse, ends->policy);
}

/* A row with a span says in its first limit which descriptor it is about; of
 * another one the next check has to say. Its ends are near, because there may
 * be many of these: far ones are out of a conditional jump's reach. */
static void check_span(struct bpf_asm *p, const struct policy_env *env,
		       const struct policy_row *row, const struct ends *ends)
{
	const struct policy_span_args *at = &policy_span_args[row->span];
	const struct ends near = { .policy = bpf_asm_label(p),
				   .refuse = bpf_asm_label(p) };
	unsigned other = bpf_asm_label(p);
	uint64_t file_bytes = policy_span_bytes(env, row);

	bpf_asm_load(p, BPF_ARG(row->limit[0].arg));
	bpf_asm_equal(p, (uint32_t)row->limit[0].a, BPF_ASM_NEXT, other);
	if (file_bytes < 1ULL << 31)
		check_span_short(p, (uint32_t)file_bytes, at, &near);
	else
		check_span_long(p, file_bytes, at, &near);
	bpf_asm_place(p, near.refuse);
	bpf_asm_jump(p, ends->refuse);
	bpf_asm_place(p, near.policy);
	bpf_asm_jump(p, ends->policy);
	bpf_asm_place(p, other);
}

/* What the rows of one call say about ranges; nothing: empty and NULL. */
struct ranges {
	struct policy_range low, high;
	bool spans;
};

static struct ranges ranges_of(const struct policy_env *env, uint32_t nr)
{
	struct ranges ranges = { .spans = false };

	for (size_t i = 0; i < policy_table_rows; i++) {
		const struct policy_row *row = &policy_table[i];

		if (row->nr != nr || !policy_row_applies(env, row))
			continue;
		if (is_low(row->region))
			ranges.low = policy_region_range(env, row->region);
		if (is_high(row->region))
			ranges.high = policy_region_range(env, row->region);
		if (row->span != SPAN_NONE)
			ranges.spans = true;
	}
	return ranges;
}

/* A row of this call came before. */
static bool is_repeated(size_t row)
{
	for (size_t i = 0; i < row; i++)
		if (policy_table[i].nr == policy_table[row].nr)
			return true;
	return false;
}

/* Did an earlier row say the same of the same descriptor? */
static bool span_is_repeated(const struct policy_env *env, size_t row)
{
	const struct policy_row *this = &policy_table[row], *earlier;

	for (earlier = policy_table; earlier < this; earlier++)
		if (earlier->nr == this->nr && earlier->span == this->span &&
		    policy_row_applies(env, earlier) &&
		    earlier->limit[0].a == this->limit[0].a)
			return true;
	return false;
}

static void check_spans(struct bpf_asm *p, const struct policy_env *env,
			uint32_t nr, const struct ends *ends)
{
	for (size_t i = 0; i < policy_table_rows; i++) {
		const struct policy_row *row = &policy_table[i];

		if (row->nr == nr && row->span != SPAN_NONE &&
		    policy_row_applies(env, row) && !span_is_repeated(env, i))
			check_span(p, env, row, ends);
	}
	bpf_asm_jump(p, ends->policy);
}

static void check_call(struct bpf_asm *p, const struct policy_env *env,
		       uint32_t nr, const struct ranges *ranges,
		       const struct ends *ends)
{
	unsigned this = bpf_asm_label(p), other = bpf_asm_label(p);
	const struct ends near = { .policy = bpf_asm_label(p),
				   .refuse = bpf_asm_label(p) };

	bpf_asm_equal(p, nr, this, BPF_ASM_NEXT);
	bpf_asm_jump(p, other);
	bpf_asm_place(p, this);
	if (ranges->low.end)
		check_regions(p, ranges->low, ranges->high, near.refuse, near.policy);
	else
		bpf_asm_jump(p, near.policy);
	bpf_asm_place(p, near.refuse);
	bpf_asm_jump(p, ends->refuse);
	bpf_asm_place(p, near.policy);
	check_spans(p, env, nr, ends);
	bpf_asm_place(p, other);
}

void filter_ranges_put(struct bpf_asm *p, const struct policy_env *env,
		       uint32_t refuse_action, unsigned policy)
{
	const struct ends ends = { policy, bpf_asm_label(p) };

	bpf_asm_load(p, BPF_NR);
	for (size_t i = 0; i < policy_table_rows; i++) {
		uint32_t nr = policy_table[i].nr;
		struct ranges ranges = ranges_of(env, nr);

		if ((ranges.low.end || ranges.spans) && !is_repeated(i))
			check_call(p, env, nr, &ranges, &ends);
	}
	bpf_asm_jump(p, policy);
	bpf_asm_place(p, ends.refuse);
	bpf_asm_return(p, refuse_action);
}
