/* The sums in the policy's ranges, as a part of the in-process filter. */
#ifndef VMMPROC_FILTER_RANGES_H
#define VMMPROC_FILTER_RANGES_H

#include "bpf_asm.h"
#include "policy.h"

/*
 * Appends the check of every range of the policy table as a whole. Calls whose
 * sums are in order, or that have none, go on at the label policy, which the
 * caller places where libseccomp's part begins; the others get refuse_action.
 */
void filter_ranges_put(struct bpf_asm *p, const struct policy_env *env,
		       uint32_t refuse_action, unsigned policy);

#endif
