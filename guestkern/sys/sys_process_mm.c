/* process_madvise, process_mrelease: other processes' memory by descriptor. */
#include "fs/file.h"
#include "fs/pidfd.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "proc/pidref.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_iov.h"

#include <asm/mman.h>
#include <asm/signal.h>
#include <linux/capability.h>

static bool may_be_advised(int advice)
{
	return advice == MADV_COLD || advice == MADV_PAGEOUT || advice == MADV_WILLNEED ||
	       advice == MADV_COLLAPSE;
}

/* The process that fd names, and its memory with a reference. ERR_PTR(-EBADF,
 * -ESRCH). */
static struct mm *mm_of_pidfd(int fd, struct process **p)
{
	struct file *f = fd_get(fd);
	struct pid_ref *ref = f ? pidfd_ref(f) : NULL;
	struct mm *mm = ERR_PTR(ref ? -ESRCH : -EBADF);

	if (ref && ref->process && ref->process->mm) {
		*p = ref->process;
		mm = ref->process->mm;
		mm_get(mm);
	}
	if (f)
		file_put(f);
	return mm;
}

/* Bytes advised; the advice that is left for others is a hint without a use. */
static s64 advise_all(struct mm *mm, const struct user_iov *v, int advice)
{
	s64 done = 0;

	for (u32 i = 0; i < v->buf.seg_count; i++) {
		u64 len = v->seg[i].len_bytes;
		int err = mm_advise(mm, v->seg[i].addr, len, advice);

		if (err)
			return done ? done : err;
		done += (s64)len;
	}
	return done;
}

s64 sys_process_madvise(const u64 arg[6])
{
	struct process *p = NULL;
	struct user_iov v;
	struct mm *mm;
	s64 ret;

	if (arg[4])
		return -EINVAL;
	ret = user_iov_get(&v, arg[1], arg[2]);
	if (ret)
		return ret;
	mm = mm_of_pidfd((int)arg[0], &p);
	if (IS_ERR(mm)) {
		ret = PTR_ERR(mm);
		goto out_iov;
	}
	if (!may_be_advised((int)arg[3]))
		ret = -EINVAL;
	else if (!proc_may_access(p) || !capable(CAP_SYS_NICE))
		ret = -EPERM;
	else
		ret = advise_all(mm, &v, (int)arg[3]);
	mm_put(mm);
out_iov:
	user_iov_put(&v);
	return ret;
}

/* Who was killed gives its memory back by itself, at once: only whether it may be
 * asked for is told. */
s64 sys_process_mrelease(const u64 arg[6])
{
	struct process *p = NULL;
	struct mm *mm;
	bool dying;

	if ((u32)arg[1])
		return -EINVAL;
	mm = mm_of_pidfd((int)arg[0], &p);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	dying = p->exiting || (p->shared_pending.mask & SIG_BIT(SIGKILL));
	mm_put(mm);
	return dying ? 0 : -EINVAL;
}
