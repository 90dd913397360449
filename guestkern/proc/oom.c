/* Processes that must end for no fault of their own. The answer to guest RAM being
 * used up: the greediest one is killed and named; the machine lives. */
#include "hal/hal.h"
#include "mm/page.h"
#include "proc/proc_internal.h"

#include <asm/signal.h>
#include <linux/oom.h>

/* Pages held, shifted by oom_score_adj thousandths of RAM; < 0: never. */
static s64 badness(const struct process *p)
{
	s64 adjust = (s64)p->oom_score_adj * (s64)page_total_count() / 1000;

	if (!p->mm || p->unkillable || p->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return -1;
	adjust += (s64)p->mm->resident_pages;
	return adjust > 0 ? adjust : 0;
}

static struct process *find_victim(void)
{
	struct process *p, *worst = NULL;
	s64 points, most = -1;

	for (p = process_first(); p; p = process_next(p)) {
		if (p->exiting)
			continue;
		points = badness(p);
		if (points > most) {
			most = points;
			worst = p;
		}
	}
	return worst;
}

/* Somebody else is on the way out and still holds memory. */
static bool somebody_is_leaving(void)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p))
		if (p->exiting && p->mm && p != current_process())
			return true;
	return false;
}

void process_kill_lost(struct mm *mm)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p)) {
		if (p->mm != mm || p->exiting)
			continue;
		klog("process %d (%s) killed: its host process died", p->pid,
		     process_leader(p)->comm);
		signal_group_exit(p, SIGKILL);
	}
}

bool oom_kill(void)
{
	struct process *victim;

	if (!somebody_is_leaving()) {
		victim = find_victim();
		if (!victim)
			return false;
		klog("out of memory: killed process %d (%s), %llu KiB resident",
		     victim->pid, process_leader(victim)->comm,
		     (unsigned long long)victim->mm->resident_pages *
			     (PAGE_SIZE / 1024));
		signal_group_exit(victim, SIGKILL);
	}
	/* It frees its memory when it runs, not before. */
	this_cpu()->need_resched = true;
	return true;
}
