/*
 * The dispatcher: one array made from syscalls.def, one function that serves a
 * call. Owns the counters per call and the list of what programs missed; knows
 * nothing of what a call does.
 */
#include "sys/syscall.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "proc/seccomp.h"
#include "proc/task.h"

#define HANDLER_FULL(name) sys_##name
#define HANDLER_PARTIAL(name) sys_##name
#define HANDLER_MISSING(name) NULL

#define SYSCALL(number, call, args, letters, state, text) \
	[number] = { .nr = number,                        \
		     .nargs = args,                       \
		     .status = SYSCALL_##state,           \
		     .name = #call,                       \
		     .format = letters,                   \
		     .caveat = text,                      \
		     .fn = HANDLER_##state(call) },
static const struct syscall_row rows[LODGER_NSYSCALL] = {
#include "sys/syscalls.def"
};
#undef SYSCALL

const struct syscall_row *syscall_row(u64 nr)
{
	if (nr >= ARRAY_SIZE(rows) || !rows[nr].name)
		return NULL;
	return &rows[nr];
}

static void count_return(u64 nr, u64 host_calls_before, s64 ret)
{
	struct lodger_call_counter *c = &counters()->call[nr];

	c->host_calls += counters()->host_calls - host_calls_before;
	if (ret < 0 && ret >= -MAX_ERRNO)
		c->errors++;
}

/* --- what programs missed -------------------------------------------------------- */

static bool same_miss(const struct lodger_miss *m, u64 nr, const u64 arg[6], s64 ret)
{
	if (m->nr != nr || m->error != (u32)-ret ||
	    strcmp(m->program, current_task()->comm) != 0)
		return false;
	/* what exactly a partial call refused is in its arguments */
	return ret == -ENOSYS || (m->arg[0] == arg[0] && m->arg[1] == arg[1]);
}

static void note_miss(u64 nr, const u64 arg[6], s64 ret)
{
	struct lodger_miss *m = counters()->miss;

	for (u32 i = 0; i < LODGER_NMISS; i++, m++) {
		if (m->count && !same_miss(m, nr, arg, ret))
			continue;
		if (!m->count++) {
			str_copy(m->program, current_task()->comm, sizeof(m->program));
			m->nr = nr;
			m->arg[0] = arg[0];
			m->arg[1] = arg[1];
			m->error = (u32)-ret;
		}
		return;
	}
	counters()->misses_lost++;
}

/* A missing call, or a refusal that may be for what the caveat says. */
static bool is_miss(const struct syscall_row *row, s64 ret)
{
	if (ret == -ENOSYS)
		return true;
	return row->status == SYSCALL_PARTIAL && (ret == -EINVAL || ret == -EOPNOTSUPP);
}

/* --- serving ---------------------------------------------------------------------- */

void syscall_dispatch(struct trap_frame *tf)
{
	const u64 arg[6] = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 };
	/* As Linux: the number is the low half, sign-extended, so that x32
	 * numbers and rubbish alike fall outside the table. */
	u64 nr = (u64)(s64)(s32)tf->rax;
	const struct syscall_row *row = syscall_row(nr);
	u64 host_calls = counters()->host_calls;
	bool traced = boot_info()->flags & LODGER_BOOT_TRACE_SYSCALLS;
	s64 ret = -ENOSYS;

	tf->orig_rax = nr;
	if (current_task()->seccomp_mode && !seccomp_allows(tf))
		return;
	if (!row) {
		tf->rax = (u64)ret;
		note_miss(nr, arg, ret);
		if (traced)
			syscall_trace_unknown(nr);
		return;
	}
	counters()->call[nr].calls++; /* now: exit does not come back */
	if (traced)
		syscall_trace_enter(row, arg);
	if (row->fn)
		ret = row->fn(arg);
	tf->rax = (u64)ret;
	if (ret < 0 && is_miss(row, ret))
		note_miss(nr, arg, ret);
	if (traced)
		syscall_trace_exit(row, arg, ret);
	count_return(nr, host_calls, ret);
}
