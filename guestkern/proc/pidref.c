/* References to processes that outlive them. A process gets its one when first
 * asked for; process_release cuts it off. */
#include "proc/pidref.h"

#include "mm/slab.h"
#include "proc/proc_internal.h"

struct pid_ref *pid_ref_get(struct process *p)
{
	struct pid_ref *ref = p->pid_ref;

	if (ref) {
		ref->refs++;
		return ref;
	}
	ref = kzalloc(sizeof(*ref));
	if (!ref)
		return NULL;
	ref->refs = 1;
	ref->pid = p->pid;
	ref->process = p;
	wait_queue_init(&ref->wait);
	p->pid_ref = ref;
	return ref;
}

void pid_ref_put(struct pid_ref *ref)
{
	if (--ref->refs > 0)
		return;
	if (ref->process)
		ref->process->pid_ref = NULL;
	kfree(ref);
}

bool pid_ref_exited(const struct pid_ref *ref)
{
	return !ref->process || ref->process->zombie;
}

void pid_ref_stir(struct process *p)
{
	if (p->pid_ref)
		wake_up(&p->pid_ref->wait);
}

void pid_ref_cut(struct process *p)
{
	struct pid_ref *ref = p->pid_ref;

	if (!ref)
		return;
	p->pid_ref = NULL;
	ref->process = NULL;
	wake_up(&ref->wait);
}
