/* The signal mask of a waiting call. */
#include "sys/sigmask.h"

#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/signal.h"
#include "proc/task.h"

#define SIGSET_BYTES 8

int sigmask_begin(uaddr_t mask, u64 bytes)
{
	u64 set;

	if (!mask)
		return 0;
	if (bytes != SIGSET_BYTES)
		return -EINVAL;
	if (get_user(set, mask))
		return -EFAULT;
	signal_set_blocked_for_call(current_task(), set);
	return 0;
}

void sigmask_end(bool interrupted)
{
	struct task *t = current_task();

	if (!t->restore_blocked || interrupted)
		return;
	t->restore_blocked = false;
	signal_set_blocked(t, t->saved_blocked);
}
