/*
 * /proc/PID/loginuid and sessionid: who has logged in. Login programs write their
 * user's number there (pam_loginuid(8), which cron, atd, sshd and login require), and
 * all that comes from them inherits it. Nothing else of the audit system is there.
 */
#include "fs/procfs.h"
#include "lib/err.h"
#include "proc/task.h"

#include <linux/capability.h>

#define UNSET UINT32_MAX

static u32 sessions; /* begun so far */

int proc_show_loginuid(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%u", t->task->login_uid);
	return 0;
}

int proc_show_sessionid(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%u", t->task->login_session);
	return 0;
}

/* A decimal number and nothing else; the largest means none. */
static int parse_uid(const char *text, u32 *uid)
{
	u64 value = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (u64)(*text - '0');
		if (value > UINT32_MAX)
			return -ERANGE;
	}
	*uid = (u32)value;
	return 0;
}

int proc_write_loginuid(const struct proc_target *t, const char *text, size_t len)
{
	struct task *task = current_task();
	u32 uid;
	int err;

	(void)len;
	if (t->task != task)
		return -EPERM;
	err = parse_uid(text, &uid);
	if (err)
		return err;
	if (task->login_uid != UNSET && !capable(CAP_AUDIT_CONTROL))
		return -EPERM;
	task->login_uid = uid;
	task->login_session = uid == UNSET ? UNSET : ++sessions;
	return 0;
}
