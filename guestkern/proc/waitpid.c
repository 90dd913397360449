/* The engine of wait4(2) and waitid(2): which child has something to report. */
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "proc/proc_internal.h"

#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/wait.h>

#define STATUS_CONTINUED 0xffff
#define STATUS_STOPPED(sig) (((sig) << 8) | 0x7f)

static bool is_eligible(const struct process *child, int idtype, s32 id,
			int options)
{
	bool is_clone = child->exit_signal != SIGCHLD;

	if (idtype == P_PID && child->pid != id)
		return false;
	if (idtype == P_PGID && child->pgid != id)
		return false;
	return (options & __WALL) || is_clone == !!(options & __WCLONE);
}

static void fill(struct wait_result *res, const struct process *child, s32 status,
		 int code)
{
	memset(res, 0, sizeof(*res));
	res->pid = child->pid;
	res->uid = (s32)process_leader(child)->cred.uid;
	res->status = status;
	res->code = code;
	process_times(child, &res->utime_ns, &res->stime_ns);
	process_faults(child, &res->minflt, &res->majflt);
	res->minflt += child->cminflt;
	res->majflt += child->cmajflt;
	res->maxrss_pages = MAX(process_maxrss_pages(child), child->cmaxrss_pages);
	res->nvcsw = child->nvcsw;
	res->nivcsw = child->nivcsw;
	res->utime_ns += child->cutime_ns;
	res->stime_ns += child->cstime_ns;
}

int wait_cld_code(s32 status)
{
	if (!WAIT_SIGNAL(status))
		return CLD_EXITED;
	return status & WAIT_CORE ? CLD_DUMPED : CLD_KILLED;
}

static void inherit_usage(struct process *parent, const struct wait_result *res)
{
	parent->cutime_ns += res->utime_ns;
	parent->cstime_ns += res->stime_ns;
	parent->cminflt += res->minflt;
	parent->cmajflt += res->majflt;
	parent->cmaxrss_pages = MAX(parent->cmaxrss_pages, res->maxrss_pages);
}

static bool report_zombie(struct process *child, int options,
			  struct wait_result *res)
{
	if (!child->zombie || !(options & WEXITED))
		return false;
	fill(res, child, child->exit_code, wait_cld_code(child->exit_code));
	if (options & WNOWAIT)
		return true;
	inherit_usage(child->parent, res);
	process_release(child);
	return true;
}

static bool report_stopped(struct process *child, int options,
			   struct wait_result *res)
{
	if (!child->stopped || child->stop_reported || !(options & WSTOPPED))
		return false;
	fill(res, child, STATUS_STOPPED(child->stop_sig), CLD_STOPPED);
	if (!(options & WNOWAIT))
		child->stop_reported = true;
	return true;
}

static bool report_continued(struct process *child, int options,
			     struct wait_result *res)
{
	if (!child->continued || !(options & WCONTINUED))
		return false;
	fill(res, child, STATUS_CONTINUED, CLD_CONTINUED);
	if (!(options & WNOWAIT))
		child->continued = false;
	return true;
}

/* > 0: pid reported; 0: there are children, none is ready; -ECHILD. */
static s64 scan(int idtype, s32 id, int options, struct wait_result *res)
{
	struct process *child;
	s64 none = -ECHILD;

	list_for_each_entry(child, &current_process()->children, sibling) {
		if (!is_eligible(child, idtype, id, options))
			continue;
		if (report_zombie(child, options, res) ||
		    report_stopped(child, options, res) ||
		    report_continued(child, options, res))
			return res->pid;
		/* A zombie that is not asked for will never report anything. */
		if (!child->zombie)
			none = 0;
	}
	return none;
}

s64 process_wait(int idtype, s32 id, int options, struct wait_result *res)
{
	struct wait_entry we;
	s64 ret;
	int err;

	wait_prepare(&current_process()->child_wait, &we);
	/* what there is to report comes before the signal that came with it */
	for (err = 0;; err = wait_sleep(UINT64_MAX)) {
		ret = scan(idtype, id, options, res);
		if (ret || (options & WNOHANG))
			break;
		ret = err;
		if (ret)
			break;
	}
	wait_finish(&we);
	return ret;
}
