/* eventfd, eventfd2, signalfd, signalfd4, timerfd_create, timerfd_settime,
 * timerfd_gettime, memfd_create. */
#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/memfd.h>
#include <linux/signalfd.h>
#include <linux/time.h>
#include <linux/timerfd.h>

#include "fs/file.h"
#include "fs/memfd.h"
#include "fs/objects.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "sys/handlers.h"
#include "sys/user_time.h"

#define EFD_SEMAPHORE_ 1u /* EFD_SEMAPHORE: no UAPI header has it */
#define OPEN_FLAGS ((u32)(O_CLOEXEC | O_NONBLOCK))
#define SIGSET_BYTES 8
#define MEMFD_NAME_MAX 249 /* NAME_MAX less "memfd:" */

/* f, unless it is an error, into the table. */
static s64 install(struct file *f, u32 flags)
{
	return IS_ERR(f) ? PTR_ERR(f) : fd_install(f, 0, flags & O_CLOEXEC);
}

/* --- eventfd ------------------------------------------------------------------------- */

static s64 do_eventfd(u32 count, u32 flags)
{
	if (flags & ~(OPEN_FLAGS | EFD_SEMAPHORE_))
		return -EINVAL;
	return install(eventfd_create(count, flags & EFD_SEMAPHORE_,
				      flags & O_NONBLOCK), flags);
}

s64 sys_eventfd(const u64 arg[6])
{
	return do_eventfd((u32)arg[0], 0);
}

s64 sys_eventfd2(const u64 arg[6])
{
	return do_eventfd((u32)arg[0], (u32)arg[1]);
}

/* --- signalfd ------------------------------------------------------------------------ */

static s64 do_signalfd(int fd, uaddr_t mask_at, u64 mask_bytes, u32 flags)
{
	struct file *f;
	u64 mask;
	int err;

	if (mask_bytes != SIGSET_BYTES)
		return -EINVAL;
	if (get_user(mask, mask_at))
		return -EFAULT;
	if (flags & ~OPEN_FLAGS)
		return -EINVAL;
	if (fd == -1)
		return install(signalfd_create(mask, flags & O_NONBLOCK), flags);
	f = fd_get(fd);
	if (!f)
		return -EBADF;
	err = signalfd_set_mask(f, mask);
	file_put(f);
	return err ? err : fd;
}

s64 sys_signalfd(const u64 arg[6])
{
	return do_signalfd((int)arg[0], arg[1], arg[2], 0);
}

s64 sys_signalfd4(const u64 arg[6])
{
	return do_signalfd((int)arg[0], arg[1], arg[2], (u32)arg[3]);
}

/* --- timerfd ------------------------------------------------------------------------- */

s64 sys_timerfd_create(const u64 arg[6])
{
	s32 clock = (s32)arg[0];
	u32 flags = (u32)arg[1];

	if (flags & ~OPEN_FLAGS)
		return -EINVAL;
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_MONOTONIC:
	case CLOCK_BOOTTIME:
		break;
	case CLOCK_REALTIME_ALARM:
	case CLOCK_BOOTTIME_ALARM:
		if (!capable(CAP_WAKE_ALARM))
			return -EPERM;
		break;
	default:
		return -EINVAL;
	}
	return install(timerfd_file_create(clock, flags & O_NONBLOCK), flags);
}

static int put_spec(uaddr_t to, const struct timerfd_spec *spec)
{
	if (user_timespec_put(to, spec->interval_ns))
		return -EFAULT;
	return user_timespec_put(to + sizeof(struct timespec), spec->value_ns);
}

static struct file *get_timerfd(int fd)
{
	struct file *f = fd_get(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (file_is_timerfd(f))
		return f;
	file_put(f);
	return ERR_PTR(-EINVAL);
}

s64 sys_timerfd_settime(const u64 arg[6])
{
	struct timerfd_spec spec, old;
	u32 flags = (u32)arg[1];
	struct itimerspec user;
	struct file *f;
	int err;

	if (get_user(user, arg[2]))
		return -EFAULT;
	if (flags & ~(u32)(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	err = user_timespec_get(&spec.interval_ns, arg[2]);
	if (!err)
		err = user_timespec_get(&spec.value_ns, arg[2] + sizeof(struct timespec));
	if (err)
		return err;
	f = get_timerfd((int)arg[0]);
	if (IS_ERR(f))
		return PTR_ERR(f);
	err = timerfd_set(f, &spec, flags, &old);
	file_put(f);
	if (err)
		return err;
	return arg[3] ? put_spec(arg[3], &old) : 0;
}

s64 sys_timerfd_gettime(const u64 arg[6])
{
	struct file *f = get_timerfd((int)arg[0]);
	struct timerfd_spec spec;

	if (IS_ERR(f))
		return PTR_ERR(f);
	timerfd_get(f, &spec);
	file_put(f);
	return put_spec(arg[1], &spec);
}

/* --- memfd --------------------------------------------------------------------------- */

s64 sys_memfd_create(const u64 arg[6])
{
	char name[MEMFD_NAME_MAX + 1];
	u32 flags = (u32)arg[1];
	s64 len;

	if (flags & MFD_HUGETLB)
		return -ENOSYS;
	if (flags & ~(u32)(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	len = strncpy_from_user(name, arg[0], sizeof(name));
	if (len < 0)
		return len == -ENAMETOOLONG ? -EINVAL : len;
	return install(memfd_file_create(name, flags & MFD_ALLOW_SEALING),
		       flags & MFD_CLOEXEC ? O_CLOEXEC : 0);
}
