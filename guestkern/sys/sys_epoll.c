/* epoll_create, epoll_create1, epoll_ctl, epoll_wait, epoll_pwait, epoll_pwait2. */
#include <linux/eventpoll.h>
#include <linux/fcntl.h>

#include "fs/epoll.h"
#include "fs/file.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "sys/handlers.h"
#include "sys/sigmask.h"
#include "sys/user_time.h"

#define MAX_EVENTS (INT32_MAX / (s32)sizeof(struct epoll_event))
#define USER_TOP 0x7ffffffff000ULL /* TASK_SIZE of a 47-bit space */

static s64 do_create(bool cloexec)
{
	struct file *f = epoll_file_create();

	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, cloexec);
}

s64 sys_epoll_create(const u64 arg[6])
{
	return (s32)arg[0] <= 0 ? -EINVAL : do_create(false);
}

s64 sys_epoll_create1(const u64 arg[6])
{
	if ((u32)arg[0] & ~(u32)EPOLL_CLOEXEC)
		return -EINVAL;
	return do_create((u32)arg[0] & (u32)EPOLL_CLOEXEC);
}

s64 sys_epoll_ctl(const u64 arg[6])
{
	bool has_event = (s32)arg[1] != EPOLL_CTL_DEL;
	struct file *ep, *target = NULL;
	struct epoll_event ev;
	s64 ret = -EBADF;

	if (has_event && get_user(ev, arg[3]))
		return -EFAULT;
	ep = fd_get((int)arg[0]);
	if (!ep)
		return -EBADF;
	target = fd_get((int)arg[2]);
	if (target) {
		ret = epoll_control(ep, (s32)arg[1], target, (int)arg[2],
				    has_event ? &ev : NULL);
		file_put(target);
	}
	file_put(ep);
	return ret;
}

static s64 do_wait(int fd, uaddr_t events, s32 max, u64 deadline)
{
	struct file *f;
	s64 ret = -EINVAL;

	if (max <= 0 || max > MAX_EVENTS)
		return -EINVAL;
	if (events > USER_TOP - (u64)max * sizeof(struct epoll_event))
		return -EFAULT;
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	if (file_is_epoll(f))
		ret = epoll_collect(f, events, (u32)max, deadline);
	file_put(f);
	return ret;
}

static u64 deadline_of_ms(s32 ms)
{
	if (ms < 0)
		return UINT64_MAX;
	return ms ? user_deadline((u64)ms * NS_PER_MS) : 0;
}

s64 sys_epoll_wait(const u64 arg[6])
{
	return do_wait((int)arg[0], arg[1], (s32)arg[2], deadline_of_ms((s32)arg[3]));
}

static s64 do_pwait(const u64 arg[6], u64 deadline)
{
	s64 ret = sigmask_begin(arg[4], arg[5]);

	if (ret)
		return ret;
	ret = do_wait((int)arg[0], arg[1], (s32)arg[2], deadline);
	sigmask_end(ret == -EINTR);
	return ret;
}

s64 sys_epoll_pwait(const u64 arg[6])
{
	return do_pwait(arg, deadline_of_ms((s32)arg[3]));
}

s64 sys_epoll_pwait2(const u64 arg[6])
{
	u64 ns;
	int err;

	if (!arg[3])
		return do_pwait(arg, UINT64_MAX);
	err = user_timespec_get(&ns, arg[3]);
	if (err)
		return err;
	return do_pwait(arg, ns ? user_deadline(ns) : 0);
}
