/* The machine as a whole: names, memory, randomness, the switch. */
#include "fs/vfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "proc/uts.h"
#include "sys/syscall.h"

#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#define RANDOM_CHUNK_BYTES 2048
#define RANDOM_MAX_BYTES 33554431 /* random(4) */
#define LOAD_SHIFT 11		  /* of sched_load_avg */
#define PERSONALITY_QUERY 0xffffffffu
#define LOG_BUFFER_BYTES 16384

/* --- names ------------------------------------------------------------------------------ */

s64 sys_uname(const u64 arg[6])
{
	struct new_utsname *uts = kzalloc(sizeof(*uts));
	int err;

	if (!uts)
		return -ENOMEM;
	str_copy(uts->sysname, UTS_SYSNAME, sizeof(uts->sysname));
	str_copy(uts->nodename, uts_hostname(), sizeof(uts->nodename));
	str_copy(uts->release, current_process()->personality & UNAME26 ?
				       UTS_RELEASE_26 : UTS_RELEASE, sizeof(uts->release));
	str_copy(uts->version, UTS_VERSION, sizeof(uts->version));
	str_copy(uts->machine, UTS_MACHINE, sizeof(uts->machine));
	str_copy(uts->domainname, uts_domainname(), sizeof(uts->domainname));
	err = copy_to_user(arg[0], uts, sizeof(*uts));
	kfree(uts);
	return err;
}

static s64 set_name(const u64 arg[6], int (*set)(const char *name, size_t len))
{
	char name[UTS_BYTES];
	s32 len = (s32)arg[1];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len >= UTS_BYTES)
		return -EINVAL;
	if (copy_from_user(name, arg[0], (u32)len))
		return -EFAULT;
	return set(name, (u32)len);
}

s64 sys_sethostname(const u64 arg[6])
{
	return set_name(arg, uts_set_hostname);
}

s64 sys_setdomainname(const u64 arg[6])
{
	return set_name(arg, uts_set_domainname);
}

/* --- numbers -------------------------------------------------------------------------------- */

s64 sys_sysinfo(const u64 arg[6])
{
	struct sysinfo info;
	int i;

	memset(&info, 0, sizeof(info));
	info.uptime = (s64)((clock_mono_ns() - sched_boot_ns()) / NS_PER_SEC);
	for (i = 0; i < 3; i++)
		info.loads[i] = sched_load_avg(i) << (SI_LOAD_SHIFT - LOAD_SHIFT);
	info.totalram = page_total_count() * PAGE_SIZE;
	info.freeram = page_free_count() * PAGE_SIZE;
	info.procs = (u16)MIN(task_count_total(), 0xffffu);
	info.mem_unit = 1;
	return put_user(info, arg[0]);
}

s64 sys_getrandom(const u64 arg[6])
{
	u64 len = MIN(arg[1], (u64)RANDOM_MAX_BYTES), done = 0;
	u32 flags = (u32)arg[2];
	u8 *buf;

	if (flags & ~(u32)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	if ((flags & GRND_RANDOM) && (flags & GRND_INSECURE))
		return -EINVAL;
	buf = kmalloc(RANDOM_CHUNK_BYTES);
	if (!buf)
		return -ENOMEM;
	while (done < len) {
		size_t n = MIN(len - done, (u64)RANDOM_CHUNK_BYTES);

		random_bytes(buf, n);
		if (copy_to_user(arg[0] + done, buf, n))
			break;
		done += n;
		if (signal_pending(current_task()))
			break;
	}
	memset(buf, 0, RANDOM_CHUNK_BYTES); /* nobody else's to see */
	kfree(buf);
	return done || !len ? (s64)done : -EFAULT;
}

s64 sys_personality(const u64 arg[6])
{
	struct process *p = current_process();
	u32 old = p->personality, wanted = (u32)arg[0];

	if (wanted == PERSONALITY_QUERY)
		return old;
	p->personality = wanted;
	return old;
}

/* --- the kernel's messages -------------------------------------------------------------------- */

/* They go to the VMM process; what syslog(2) reads is an empty buffer. */
s64 sys_syslog(const u64 arg[6])
{
	enum {
		CLOSE, OPEN, READ, READ_ALL, READ_CLEAR, CLEAR, CONSOLE_OFF,
		CONSOLE_ON, CONSOLE_LEVEL, SIZE_UNREAD, SIZE_BUFFER
	};
	u32 type = (u32)arg[0];

	if (type != READ_ALL && type != SIZE_BUFFER && !capable(CAP_SYSLOG))
		return -EPERM;
	switch (type) {
	case READ:
	case READ_ALL:
	case READ_CLEAR:
		return !arg[1] || (s32)arg[2] < 0 ? -EINVAL : 0;
	case CONSOLE_LEVEL:
		return (s32)arg[2] < 1 || (s32)arg[2] > 8 ? -EINVAL : 0;
	case SIZE_BUFFER:
		return LOG_BUFFER_BYTES;
	case CLOSE:
	case OPEN:
	case CLEAR:
	case CONSOLE_OFF:
	case CONSOLE_ON:
	case SIZE_UNREAD:
		return 0;
	default:
		return -EINVAL;
	}
}

/* --- the switch ----------------------------------------------------------------------------------- */

static bool magic_is_right(u32 magic1, u32 magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

s64 sys_reboot(const u64 arg[6])
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	if (!magic_is_right((u32)arg[0], (u32)arg[1]))
		return -EINVAL;
	switch ((u32)arg[2]) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF: /* there is no such key */
		return 0;
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
	case LINUX_REBOOT_CMD_HALT:
	case LINUX_REBOOT_CMD_POWER_OFF:
		vfs_shutdown();
		machine_halt(LODGER_HALT_EXIT, 0, "");
	default:
		return -EINVAL;
	}
}
