/*
 * Restartable sequences: proc/rseq.h. The area is the program's own memory and
 * believed in nothing: what it says can send the program to an address of its own
 * choosing only, and only to one that carries its signature.
 */
#include "proc/rseq.h"

#include "abi/layout.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"

#include <asm/signal.h>
#include <linux/rseq.h>

#define AREA_BYTES 32 /* of struct rseq up to Linux 6.2 */
#define FIELD(name) offsetof(struct rseq, name)

static int put_cpu(uaddr_t area, u32 cpu_id)
{
	u32 zero = 0;

	if (put_user(zero, area + FIELD(cpu_id_start)))
		return -EFAULT;
	return put_user(cpu_id, area + FIELD(cpu_id));
}

static s64 unregister(struct task *t, uaddr_t addr, u32 len, u32 signature)
{
	if (!t->rseq || t->rseq != addr || len != AREA_BYTES)
		return -EINVAL;
	if (t->rseq_signature != signature)
		return -EPERM;
	if (put_cpu(addr, (u32)RSEQ_CPU_ID_UNINITIALIZED))
		return -EFAULT;
	t->rseq = 0;
	return 0;
}

s64 rseq_register(uaddr_t addr, u32 len, s32 flags, u32 signature)
{
	struct task *t = current_task();

	if (flags & ~RSEQ_FLAG_UNREGISTER)
		return -EINVAL;
	if (flags)
		return unregister(t, addr, len, signature);
	if (t->rseq && (t->rseq != addr || len != AREA_BYTES))
		return -EINVAL;
	if (t->rseq)
		return t->rseq_signature == signature ? -EBUSY : -EPERM;
	if (addr % AREA_BYTES || len != AREA_BYTES)
		return -EINVAL;
	if (!user_range_ok(addr, len))
		return -EFAULT;
	t->rseq = addr;
	t->rseq_signature = signature;
	/* as Linux, which fills it in on the way back: a bad one is the end */
	if (put_cpu(addr, 0))
		signal_force(SIGSEGV);
	return 0;
}

void rseq_switched(struct task *t)
{
	t->rseq_due = t->rseq;
}

/* The sequence that the area names; *at 0: none. */
static int find_sequence(const struct task *t, uaddr_t *at, struct rseq_cs *cs)
{
	u32 flags;

	if (get_user(*at, t->rseq + FIELD(rseq_cs)))
		return -EFAULT;
	if (!*at)
		return 0;
	if (get_user(*cs, *at) || get_user(flags, t->rseq + FIELD(flags)))
		return -EFAULT;
	if (cs->version || cs->flags || flags)
		return -EFAULT;
	if (cs->start_ip >= LODGER_USER_HIGH_END ||
	    cs->start_ip + cs->post_commit_offset >= LODGER_USER_HIGH_END ||
	    cs->abort_ip - cs->start_ip < cs->post_commit_offset)
		return -EFAULT;
	return 0;
}

int rseq_abort(struct task *t, struct trap_frame *tf)
{
	const u64 none = 0;
	struct rseq_cs cs;
	u32 signature;
	uaddr_t at;
	bool inside;

	t->rseq_due = false;
	if (find_sequence(t, &at, &cs))
		return -EFAULT;
	if (!at)
		return 0;
	inside = tf->rip - cs.start_ip < cs.post_commit_offset;
	if (inside && (get_user(signature, cs.abort_ip - sizeof(signature)) ||
		       signature != t->rseq_signature))
		return -EFAULT;
	/* also what was left behind is forgotten */
	if (put_user(none, t->rseq + FIELD(rseq_cs)))
		return -EFAULT;
	if (inside)
		tf->rip = cs.abort_ip;
	return 0;
}
