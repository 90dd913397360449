/* System V message queues: the calls and their structures. */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/ipc.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_ipc.h"

#include <linux/capability.h>
#include <linux/msg.h>

s64 sys_msgget(const u64 arg[6])
{
	return msg_get((s32)arg[0], (u32)arg[1]);
}

s64 sys_msgsnd(const u64 arg[6])
{
	s64 type;

	if (get_user(type, arg[1]))
		return -EFAULT;
	return msg_send((s32)arg[0], type, arg[1] + sizeof(type), arg[2], (u32)arg[3]);
}

s64 sys_msgrcv(const u64 arg[6])
{
	return msg_receive((s32)arg[0], arg[1], arg[2], (s64)arg[3], (u32)arg[4]);
}

/* Unused limits that are told all the same (linux/msg.h: MSGPOOL, MSGMAP, MSGTQL). */
#define MSG_MAP 16384
#define MSG_POOL_KIB (32000 * MSG_MAP / 1024)

static s64 put_limits(int cmd, uaddr_t to)
{
	const struct ipc_space *space = ipc_space();
	struct msginfo info = {
		.msgmax = (int)space->msg_bytes_max,
		.msgmnb = (int)space->msg_queue_bytes_max,
		.msgmni = (int)space->msg.max,
		.msgpool = MSG_POOL_KIB,
		.msgmap = MSG_MAP,
		.msgssz = 16,
		.msgtql = MSG_MAP,
		.msgseg = 0xffff,
	};
	u64 messages, bytes;

	if (cmd == MSG_INFO) {
		msg_totals(&messages, &bytes);
		info.msgpool = (int)space->msg.count;
		info.msgmap = (int)messages;
		info.msgtql = (int)bytes;
	}
	return put_user(info, to) ? -EFAULT : ipc_max_index(&space->msg);
}

static s64 status(s32 id, int cmd, uaddr_t to)
{
	struct ipc_object *perm = cmd == IPC_STAT ? ipc_find(&ipc_space()->msg, id) :
						  ipc_find_index(&ipc_space()->msg, id);
	const struct msg_queue *q;
	struct msqid64_ds ds;
	int err;

	if (!perm)
		return -EINVAL;
	err = cmd == MSG_STAT_ANY ? 0 : ipc_permitted(perm, 0444);
	if (err)
		return err;
	q = container_of(perm, struct msg_queue, perm);
	memset(&ds, 0, sizeof(ds));
	user_ipc_perm(&ds.msg_perm, perm);
	ds.msg_stime = q->stime;
	ds.msg_rtime = q->rtime;
	ds.msg_ctime = perm->ctime;
	ds.msg_cbytes = q->bytes;
	ds.msg_qnum = q->count;
	ds.msg_qbytes = q->bytes_max;
	ds.msg_lspid = q->sender;
	ds.msg_lrpid = q->receiver;
	if (put_user(ds, to))
		return -EFAULT;
	return cmd == IPC_STAT ? 0 : perm->id;
}

static s64 control(struct msg_queue *q, int cmd, uaddr_t from)
{
	struct msqid64_ds ds;
	int err;

	if (cmd == IPC_SET && get_user(ds, from))
		return -EFAULT;
	err = ipc_may_control(&q->perm);
	if (err)
		return err;
	if (cmd == IPC_RMID) {
		msg_remove(q);
		return 0;
	}
	if (ds.msg_qbytes > (u64)ipc_space()->msg_queue_bytes_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	if (ds.msg_perm.uid == (u32)-1 || ds.msg_perm.gid == (u32)-1)
		return -EINVAL;
	ipc_set_owner(&q->perm, ds.msg_perm.uid, ds.msg_perm.gid, ds.msg_perm.mode);
	q->bytes_max = ds.msg_qbytes;
	msg_stir(q);
	return 0;
}

s64 sys_msgctl(const u64 arg[6])
{
	struct msg_queue *q;
	s32 id = (s32)arg[0];
	int cmd = (int)arg[1] & ~IPC_64;

	if (id < 0 || cmd < 0)
		return -EINVAL;
	switch (cmd) {
	case IPC_INFO:
	case MSG_INFO:
		return put_limits(cmd, arg[2]);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return status(id, cmd, arg[2]);
	case IPC_SET:
	case IPC_RMID:
		q = msg_find(id);
		return q ? control(q, cmd, arg[2]) : -EINVAL;
	default:
		return -EINVAL;
	}
}
