/* System V shared memory: the calls and their structures. */
#include "fs/shm.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_ipc.h"

#include <asm/shmbuf.h>
#include <linux/ipc.h>

/* linux/shm.h wants a C library */
#define SHM_LOCK 11
#define SHM_UNLOCK 12
#define SHM_STAT 13
#define SHM_INFO 14
#define SHM_STAT_ANY 15

struct user_shm_info { /* struct shm_info */
	s32 used_ids, pad;
	u64 total, resident, swapped, swap_attempts, swap_successes;
};

s64 sys_shmget(const u64 arg[6])
{
	return shm_get((s32)arg[0], arg[1], (u32)arg[2]);
}

s64 sys_shmat(const u64 arg[6])
{
	return shm_attach((s32)arg[0], arg[1], (u32)arg[2]);
}

s64 sys_shmdt(const u64 arg[6])
{
	return shm_detach(arg[0]);
}

static s64 put_limits(uaddr_t to)
{
	const struct ipc_space *space = ipc_space();
	const struct shminfo64 info = {
		.shmmax = space->shm_bytes_max,
		.shmmin = 1,
		.shmmni = (u64)space->shm.max,
		.shmseg = (u64)space->shm.max,
		.shmall = space->shm_pages_max,
	};

	return put_user(info, to) ? -EFAULT : ipc_max_index(&space->shm);
}

static s64 put_usage(uaddr_t to)
{
	struct user_shm_info info = { .used_ids = (s32)ipc_space()->shm.count };

	shm_totals(&info.total, &info.resident);
	return put_user(info, to) ? -EFAULT : ipc_max_index(&ipc_space()->shm);
}

static s64 put_status(const struct shm_segment *s, uaddr_t to)
{
	struct shmid64_ds ds;

	memset(&ds, 0, sizeof(ds));
	user_ipc_perm(&ds.shm_perm, &s->perm);
	ds.shm_segsz = s->bytes;
	ds.shm_atime = s->atime;
	ds.shm_dtime = s->dtime;
	ds.shm_ctime = s->perm.ctime;
	ds.shm_cpid = s->creator;
	ds.shm_lpid = s->last;
	ds.shm_nattch = shm_attached(s);
	return put_user(ds, to) ? -EFAULT : 0;
}

static s64 status(s32 id, int cmd, uaddr_t to)
{
	struct ipc_object *perm = cmd == IPC_STAT ? ipc_find(&ipc_space()->shm, id) :
						  ipc_find_index(&ipc_space()->shm, id);
	int err;
	s64 ret;

	if (!perm)
		return -EINVAL;
	err = cmd == SHM_STAT_ANY ? 0 : ipc_permitted(perm, 0444);
	if (err)
		return err;
	ret = put_status(container_of(perm, struct shm_segment, perm), to);
	return ret ? ret : cmd == IPC_STAT ? 0 : perm->id;
}

static s64 control(struct shm_segment *s, int cmd, uaddr_t from)
{
	struct shmid64_ds ds;
	int err;

	if (cmd == IPC_SET && get_user(ds, from))
		return -EFAULT;
	err = ipc_may_control(&s->perm);
	if (err)
		return err;
	switch (cmd) {
	case IPC_SET:
		if (ds.shm_perm.uid == (u32)-1 || ds.shm_perm.gid == (u32)-1)
			return -EINVAL;
		ipc_set_owner(&s->perm, ds.shm_perm.uid, ds.shm_perm.gid,
			      ds.shm_perm.mode);
		return 0;
	case IPC_RMID:
		shm_remove(s);
		return 0;
	case SHM_LOCK: /* memory never goes elsewhere */
		s->perm.mode |= SHM_LOCKED_;
		return 0;
	default:
		s->perm.mode &= ~SHM_LOCKED_;
		return 0;
	}
}

s64 sys_shmctl(const u64 arg[6])
{
	struct shm_segment *s;
	s32 id = (s32)arg[0];
	int cmd = (int)arg[1] & ~IPC_64;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
		return put_limits(arg[2]);
	case SHM_INFO:
		return put_usage(arg[2]);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return status(id, cmd, arg[2]);
	case IPC_SET:
	case IPC_RMID:
	case SHM_LOCK:
	case SHM_UNLOCK:
		s = shm_find(id);
		return s ? control(s, cmd, arg[2]) : -EINVAL;
	default:
		return -EINVAL;
	}
}
