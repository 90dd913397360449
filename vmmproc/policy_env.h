/* The policy's symbolic limits for one machine. */
#ifndef VMMPROC_POLICY_ENV_H
#define VMMPROC_POLICY_ENV_H

#include "abi/layout.h"
#include "icept.h"
#include "machine.h"
#include "modes.h"
#include "policy.h"

/* Fills env from m (memory sizes, user ranges, pid if known). */
static inline void policy_env_fill(struct policy_env *env,
				   const struct machine *m)
{
	env->ram_bytes = m->ram_bytes;
	env->core_bytes = m->core_bytes;
	env->unprotected = m->gate_bytes == 0;
	env->host_token = m->host_token;
	env->kmem_bytes = m->core_bytes + LODGER_KFILE_OFFSET(LODGER_CORE_BASE);
	env->user_low_min = m->user_low_min;
	env->vspace_high = m->opt->vspace_high;
	env->in_process = m->icept->filter != ICEPT_FILTER_TRACED;
	env->block_writable = 0;
	for (uint32_t i = 0; i < LODGER_MAX_BLOCK_FILES; i++) {
		bool there = i < m->block_count;

		env->block_bytes[i] = there ? m->block[i].bytes : 0;
		if (there && m->block[i].writable)
			env->block_writable |= 1u << i;
	}
	env->multi = modes_abi(m->opt, AXIS_SPACE) == LODGER_SPACE_MULTI;
	env->broker = m->bind_count > 0;
	env->maker = modes_have_maker(m->opt);
	env->guest_pid = m->guest_pid > 0 ? m->guest_pid : 0;
}

#endif
