/*
 * The loop: asks the interception mechanism for the next event, decides by
 * the policy, answers. Owns the decision and the wording of refusals; knows no
 * mechanism.
 */
#include "loop.h"

#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <string.h>

#include "icept.h"
#include "policy.h"
#include "policy_env.h"

static void report_call(struct machine *m, const struct host_call *call,
			const char *why)
{
	bool native = call->arch == AUDIT_ARCH_X86_64;
	const char *name = native ? policy_call_name(call->nr) : NULL;
	char number[48];

	if (!name) {
		snprintf(number, sizeof(number), "%scall %lld",
			 native ? "" : "32-bit ", (long long)call->nr);
		name = number;
	}
	snprintf(m->report, sizeof(m->report),
		 "guest kernel refused: %s(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx) at rip %#llx: %s",
		 name, (unsigned long long)call->arg[0],
		 (unsigned long long)call->arg[1],
		 (unsigned long long)call->arg[2],
		 (unsigned long long)call->arg[3],
		 (unsigned long long)call->arg[4],
		 (unsigned long long)call->arg[5],
		 (unsigned long long)call->ip, why);
}

/* The filter is coarser than the check, never finer: why it refused is what the
 * check says. */
static void refuse(struct machine *m, const struct policy_env *env,
		   const struct icept_event *ev)
{
	const char *why;

	if (policy_allows(env, &ev->call, &why))
		why = "its filter says no";
	m->count.refused++;
	report_call(m, &ev->call, why);
	m->icept->kill(m);
}

static void report_fault(struct machine *m, const struct icept_event *ev)
{
	snprintf(m->report, sizeof(m->report),
		 "guest kernel fault: SIG%s at rip %#llx, address %#llx",
		 sigabbrev_np(ev->signal), (unsigned long long)ev->ip,
		 (unsigned long long)ev->addr);
}

static int decide_host_call(struct machine *m, const struct policy_env *env,
			    const struct icept_event *ev)
{
	const char *why;
	bool allowed = policy_allows(env, &ev->call, &why);

	if (allowed && !ev->off_stub)
		return m->icept->allow(m);
	if (allowed)
		why = "not from the image's host-call stub";
	m->count.refused++;
	report_call(m, &ev->call, why);
	m->icept->kill(m);
	return 0;
}

static int answer(struct machine *m, const struct policy_env *env,
		  const struct icept_event *ev)
{
	switch (ev->kind) {
	case ICEPT_USER_CALL:
		return m->icept->reflect(m);
	case ICEPT_HOST_CALL:
		return decide_host_call(m, env, ev);
	case ICEPT_REFUSED_CALL:
		refuse(m, env, ev);
		return 0;
	case ICEPT_SIGNAL:
		if (m->icept->expected(m, ev->signal))
			return m->icept->deliver(m);
		return m->icept->suppress(m);
	case ICEPT_KERNEL_FAULT:
		report_fault(m, ev);
		m->icept->kill(m);
		return 0;
	case ICEPT_GATE_ABUSE:
		m->count.refused++;
		report_call(m, &ev->call, "not what the gate may do now");
		m->icept->kill(m);
		return 0;
	case ICEPT_NONE:
	case ICEPT_EXITED:
		return 0;
	}
	return -EPROTO;
}

int loop_run(struct machine *m)
{
	struct icept_event ev;
	struct policy_env env;
	int err;

	policy_env_fill(&env, m);
	do {
		err = m->icept->next(m, &ev);
		if (!err)
			err = answer(m, &env, &ev);
		if (err && err != -ESRCH) {
			machine_complain("interception by %s failed: %s",
					 m->icept->name, strerror(-err));
			m->icept->kill(m);
			return -1;
		}
	} while (m->guest_pid > 0);
	return 0;
}
