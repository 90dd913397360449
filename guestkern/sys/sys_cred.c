/* User, group and supplementary ids, capabilities. */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#include <linux/capability.h>

static struct cred *cred_now(void)
{
	return &current_task()->cred;
}

/* Who has changed identity is no longer anybody's to look into (prctl(2),
 * PR_SET_DUMPABLE) or to be told of its parent's end. */
static s64 changed(const struct cred *old, int err)
{
	const struct cred *now = cred_now();
	struct task *t = current_task();

	if (err)
		return err;
	if (old->euid != now->euid || old->egid != now->egid ||
	    old->fsuid != now->fsuid || old->fsgid != now->fsgid ||
	    (now->cap_permitted & ~old->cap_permitted)) {
		t->proc->dumpable = false;
		t->pdeath_signal = 0;
	}
	return 0;
}

s64 sys_getuid(const u64 arg[6])
{
	(void)arg;
	return cred_now()->uid;
}

s64 sys_geteuid(const u64 arg[6])
{
	(void)arg;
	return cred_now()->euid;
}

s64 sys_getgid(const u64 arg[6])
{
	(void)arg;
	return cred_now()->gid;
}

s64 sys_getegid(const u64 arg[6])
{
	(void)arg;
	return cred_now()->egid;
}

s64 sys_setuid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setuid(cred_now(), (u32)arg[0]));
}

s64 sys_setgid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setgid(cred_now(), (u32)arg[0]));
}

s64 sys_setreuid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setreuid(cred_now(), (u32)arg[0], (u32)arg[1]));
}

s64 sys_setregid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setregid(cred_now(), (u32)arg[0], (u32)arg[1]));
}

s64 sys_setresuid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setresuid(cred_now(), (u32)arg[0], (u32)arg[1],
					    (u32)arg[2]));
}

s64 sys_setresgid(const u64 arg[6])
{
	struct cred old = *cred_now();

	return changed(&old, cred_setresgid(cred_now(), (u32)arg[0], (u32)arg[1],
					    (u32)arg[2]));
}

static int put_three(const u64 arg[6], u32 a, u32 b, u32 c)
{
	int err = put_user(a, arg[0]);

	if (!err)
		err = put_user(b, arg[1]);
	return err ? err : put_user(c, arg[2]);
}

s64 sys_getresuid(const u64 arg[6])
{
	const struct cred *cred = cred_now();

	return put_three(arg, cred->uid, cred->euid, cred->suid);
}

s64 sys_getresgid(const u64 arg[6])
{
	const struct cred *cred = cred_now();

	return put_three(arg, cred->gid, cred->egid, cred->sgid);
}

s64 sys_setfsuid(const u64 arg[6])
{
	struct cred old = *cred_now();
	u32 before = cred_setfsuid(cred_now(), (u32)arg[0]);

	changed(&old, 0);
	return before;
}

s64 sys_setfsgid(const u64 arg[6])
{
	struct cred old = *cred_now();
	u32 before = cred_setfsgid(cred_now(), (u32)arg[0]);

	changed(&old, 0);
	return before;
}

/* --- groups ---------------------------------------------------------------------------- */

s64 sys_getgroups(const u64 arg[6])
{
	const struct cred_groups *groups = cred_now()->groups;
	u32 count = groups ? groups->count : 0;
	s32 size = (s32)arg[0];

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return count;
	if ((u32)size < count)
		return -EINVAL;
	if (count && copy_to_user(arg[1], groups->gid, count * sizeof(u32)))
		return -EFAULT;
	return count;
}

s64 sys_setgroups(const u64 arg[6])
{
	struct cred_groups *groups;
	u32 count = (u32)arg[0];

	if (!capable(CAP_SETGID))
		return -EPERM;
	if (count > CRED_GROUPS_MAX)
		return -EINVAL;
	groups = cred_groups_alloc(count);
	if (!groups)
		return -ENOMEM;
	if (copy_from_user(groups->gid, arg[1], count * sizeof(u32))) {
		cred_groups_put(groups);
		return -EFAULT;
	}
	cred_groups_set(cred_now(), groups);
	return 0;
}

/* --- capabilities ------------------------------------------------------------------------- */

/* How many 32-bit words the caller's version has; the newest version is told to
 * who asks with another. */
static int cap_words(const struct __user_cap_header_struct *head, uaddr_t at)
{
	u32 newest = _LINUX_CAPABILITY_VERSION_3;

	switch (head->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return _LINUX_CAPABILITY_U32S_1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return _LINUX_CAPABILITY_U32S_3;
	default:
		if (put_user(newest, at))
			return -EFAULT;
		return -EINVAL;
	}
}

s64 sys_capget(const u64 arg[6])
{
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	const struct cred *cred;
	struct task *t;
	int words, i;

	if (get_user(head, arg[0]))
		return -EFAULT;
	words = cap_words(&head, arg[0]);
	if (words < 0)
		return words == -EINVAL && !arg[1] ? 0 : words;
	if (head.pid < 0)
		return -EINVAL;
	t = head.pid ? task_find(head.pid) : current_task();
	if (!t)
		return -ESRCH;
	if (!arg[1])
		return 0;
	cred = &t->cred;
	for (i = 0; i < words; i++) {
		data[i].effective = (u32)(cred->cap_effective >> (32 * i));
		data[i].permitted = (u32)(cred->cap_permitted >> (32 * i));
		data[i].inheritable = (u32)(cred->cap_inheritable >> (32 * i));
	}
	return copy_to_user(arg[1], data, (u32)words * sizeof(data[0]));
}

s64 sys_capset(const u64 arg[6])
{
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct cred old = *cred_now();
	int words;

	if (get_user(head, arg[0]))
		return -EFAULT;
	words = cap_words(&head, arg[0]);
	if (words < 0)
		return words;
	if (head.pid && head.pid != current_task()->tid)
		return -EPERM;
	memset(data, 0, sizeof(data));
	if (copy_from_user(data, arg[1], (u32)words * sizeof(data[0])))
		return -EFAULT;
	return changed(&old, cred_capset(
		cred_now(),
		data[0].effective | (u64)data[1].effective << 32,
		data[0].permitted | (u64)data[1].permitted << 32,
		data[0].inheritable | (u64)data[1].inheritable << 32));
}
