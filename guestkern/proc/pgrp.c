/* Process groups and sessions. A group is no object, only a number that
 * processes share; a session is one because terminals refer to it. */
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/proc_internal.h"

void session_get(struct session *session)
{
	session->refs++;
}

void session_put(struct session *session)
{
	if (--session->refs == 0)
		kfree(session);
}

int session_create(struct process *p, s32 sid)
{
	struct session *session = kzalloc(sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->refs = 1;
	session->sid = sid;
	if (p->session)
		session_put(p->session);
	p->session = session;
	p->tty = NULL;
	p->tty_old_pgrp = 0;
	p->pgid = sid;
	return 0;
}

static bool pgrp_used(s32 pgid)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p))
		if (p->pgid == pgid)
			return true;
	return false;
}

s64 process_setsid(void)
{
	struct process *p = current_process();
	int err;

	if (pgrp_used(p->pid))
		return -EPERM; /* it leads a group, or one is left of its number */
	err = session_create(p, p->pid);
	return err ? err : p->pid;
}

bool pgrp_exists(s32 pgid, s32 sid)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p))
		if (p->pgid == pgid && p->session->sid == sid)
			return true;
	return false;
}

/* POSIX: the parent of every member is itself a member, or of another session.
 * Linux counts init as no parent. */
static bool ties_group_to_session(const struct process *p)
{
	const struct process *parent = p->parent;

	return parent && parent != process_init() && parent->pgid != p->pgid &&
	       parent->session == p->session;
}

bool pgrp_is_orphaned_without(s32 pgid, const struct process *ignored)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p)) {
		if (p->pgid != pgid || p == ignored || p->zombie)
			continue;
		if (ties_group_to_session(p))
			return false;
	}
	return true;
}

bool pgrp_is_orphaned(s32 pgid)
{
	return pgrp_is_orphaned_without(pgid, NULL);
}

bool pgrp_has_stopped(s32 pgid)
{
	struct process *p;

	for (p = process_first(); p; p = process_next(p))
		if (p->pgid == pgid && p->stopped)
			return true;
	return false;
}
