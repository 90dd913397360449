/* System V IPC: numbers, keys and rights. An id is an index with a sequence number
 * above it, which grows when indices are used again (ipc/util.c of Linux). */
#include "proc/ipc.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/task.h"
#include "proc/uts.h"

#include <linux/capability.h>
#include <linux/ipc.h>

/* Of Linux: what a new name space begins with. */
#define SHM_SEGMENTS_MAX 4096
#define SHM_PAGES_MAX (UINT64_MAX / 4096)
#define SHM_BYTES_MAX (UINT64_MAX - (1ULL << 24)) /* ULONG_MAX - 16 MiB */
#define SEM_SETS_MAX 32000
#define SEM_PER_SET_MAX 32000
#define SEM_TOTAL_MAX 1024000000
#define SEM_OPS_MAX 500
#define MSG_QUEUES_MAX 32000
#define MSG_SIZE_MAX 8192
#define MSG_QUEUE_BYTES 16384

#define DEFAULTS                                                              \
	{                                                                     \
		.refs = 1,                                                    \
		.shm = { .max = SHM_SEGMENTS_MAX, .next_id = -1 },            \
		.sem = { .max = SEM_SETS_MAX, .next_id = -1 },                \
		.msg = { .max = MSG_QUEUES_MAX, .next_id = -1 },              \
		.shm_bytes_max = SHM_BYTES_MAX,                               \
		.shm_pages_max = SHM_PAGES_MAX,                               \
		.msg_bytes_max = MSG_SIZE_MAX,                                \
		.msg_queue_bytes_max = MSG_QUEUE_BYTES,                       \
		.sem_per_set_max = SEM_PER_SET_MAX,                           \
		.sem_max = SEM_TOTAL_MAX,                                     \
		.sem_ops_max = SEM_OPS_MAX,                                   \
		.mq_queues_max = 256,                                         \
		.mq_messages_max = 10,                                        \
		.mq_bytes_max = 8192,                                         \
		.mq_messages_default = 10,                                    \
		.mq_bytes_default = 8192,                                     \
	}

struct ipc_space ipc_first_space = DEFAULTS;
static void (*space_end)(struct ipc_space *space);

#define SEQ_MAX (INT32_MAX >> IPC_INDEX_BITS)
#define PERMISSIONS 0777u

struct ipc_space *ipc_space(void)
{
	struct ipc_space *space = current_process()->ipc;

	return space ? space : &ipc_first_space;
}

struct ipc_space *ipc_space_create(void)
{
	static const struct ipc_space fresh = DEFAULTS;
	struct ipc_space *space = kmalloc(sizeof(*space));

	if (space) {
		*space = fresh;
		space->number = space_number_new();
	}
	return space;
}

void ipc_space_get(struct ipc_space *space)
{
	if (space)
		space->refs++;
}

void ipc_set_space_end(void (*end)(struct ipc_space *space))
{
	space_end = end;
}

void ipc_space_put(struct ipc_space *space)
{
	struct ipc_object *perm;

	if (!space || --space->refs)
		return;
	for (u64 i = 0; (perm = ipc_next(&space->msg, &i)); i++)
		msg_remove(container_of(perm, struct msg_queue, perm));
	for (u64 i = 0; (perm = ipc_next(&space->sem, &i)); i++)
		sem_remove(container_of(perm, struct sem_set, perm));
	if (space_end)
		space_end(space);
	kfree(space);
}

s64 ipc_now(void)
{
	return (s64)(clock_real_ns() / NS_PER_SEC);
}

bool ipc_core_short(void)
{
	return kmem_used_bytes() > kmem_total_bytes() / 4 * 3;
}

static struct ipc_object *at_index(const struct ipc_ids *ids, u64 index)
{
	return (struct ipc_object *)radix_get(&ids->table, index);
}

struct ipc_object *ipc_find_index(const struct ipc_ids *ids, s32 index)
{
	return index < 0 ? NULL : at_index(ids, (u64)index % IPC_INDEX_MAX);
}

struct ipc_object *ipc_find(const struct ipc_ids *ids, s32 id)
{
	struct ipc_object *perm = ipc_find_index(ids, id);

	return perm && perm->id == id ? perm : NULL;
}

struct ipc_object *ipc_next(const struct ipc_ids *ids, u64 *index)
{
	return (struct ipc_object *)radix_next(&ids->table, index);
}

s64 ipc_max_index(const struct ipc_ids *ids)
{
	s64 max = 0;

	for (u64 i = 0; ipc_next(ids, &i); i++)
		max = (s64)i;
	return max;
}

static struct ipc_object *find_key(const struct ipc_ids *ids, s32 key)
{
	struct ipc_object *perm;

	for (u64 i = 0; (perm = ipc_next(ids, &i)); i++)
		if (perm->key == key)
			return perm;
	return NULL;
}

static int ipc_add(struct ipc_ids *ids, struct ipc_object *perm, s32 key, u32 mode)
{
	const struct cred *cred = &current_task()->cred;
	s64 wanted = ids->next_id;
	u32 index = wanted < 0 ? 0 : (u32)wanted % IPC_INDEX_MAX;
	u32 seq;

	while (at_index(ids, index))
		index++;
	if (index >= IPC_INDEX_MAX)
		return -ENOSPC;
	if (radix_set(&ids->table, index, (u64)perm))
		return -ENOMEM;
	if (wanted < 0 && ids->started && index <= ids->last_index)
		ids->seq = ids->seq == SEQ_MAX ? 0 : ids->seq + 1;
	seq = wanted < 0 ? ids->seq : (u32)wanted >> IPC_INDEX_BITS;
	if (wanted < 0) {
		ids->started = true;
		ids->last_index = index;
	}
	ids->next_id = -1;
	ids->count++;
	perm->ids = ids;
	perm->id = (s32)(seq << IPC_INDEX_BITS | index);
	perm->key = key;
	perm->uid = perm->cuid = cred->euid;
	perm->gid = perm->cgid = cred->egid;
	perm->mode = mode & PERMISSIONS;
	perm->ctime = ipc_now();
	return 0;
}

static s64 get_new(struct ipc_ids *ids, const struct ipc_get *get)
{
	struct ipc_object *perm;
	int err;

	if (ids->count >= ids->max)
		return -ENOSPC;
	if (ipc_core_short())
		return -ENOMEM;
	perm = get->create(get);
	if (IS_ERR(perm))
		return PTR_ERR(perm);
	err = ipc_add(ids, perm, get->key, get->flags);
	if (err) {
		get->destroy(perm);
		return err;
	}
	return perm->id;
}

s64 ipc_get(struct ipc_ids *ids, const struct ipc_get *get)
{
	struct ipc_object *perm;
	int err;

	if (get->key == IPC_PRIVATE)
		return get_new(ids, get);
	perm = find_key(ids, get->key);
	if (!perm)
		return get->flags & IPC_CREAT ? get_new(ids, get) : -ENOENT;
	if ((get->flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
		return -EEXIST;
	err = get->check ? get->check(perm, get) : 0;
	if (!err)
		err = ipc_permitted(perm, get->flags);
	return err ? err : perm->id;
}

void ipc_remove(struct ipc_object *perm)
{
	if (!perm->ids)
		return;
	radix_del(&perm->ids->table, (u64)perm->id % IPC_INDEX_MAX);
	perm->ids->count--;
	perm->ids = NULL;
}

void ipc_forget_key(struct ipc_object *perm)
{
	perm->key = IPC_PRIVATE;
}

static bool in_group(const struct cred *cred, u32 gid)
{
	return cred->egid == gid || cred_in_group(cred, gid);
}

int ipc_permitted(const struct ipc_object *perm, u32 flags)
{
	const struct cred *cred = &current_task()->cred;
	u32 wanted = flags >> 6 | flags >> 3 | flags, granted = perm->mode;

	if (cred->euid == perm->uid || cred->euid == perm->cuid)
		granted >>= 6;
	else if (in_group(cred, perm->gid) || in_group(cred, perm->cgid))
		granted >>= 3;
	if (wanted & ~granted & 7 && !cred_capable(cred, CAP_IPC_OWNER))
		return -EACCES;
	return 0;
}

int ipc_may_control(const struct ipc_object *perm)
{
	const struct cred *cred = &current_task()->cred;

	if (cred->euid == perm->uid || cred->euid == perm->cuid ||
	    cred_capable(cred, CAP_SYS_ADMIN))
		return 0;
	return -EPERM;
}

void ipc_set_owner(struct ipc_object *perm, u32 uid, u32 gid, u32 mode)
{
	perm->uid = uid;
	perm->gid = gid;
	perm->mode = (perm->mode & ~PERMISSIONS) | (mode & PERMISSIONS);
	perm->ctime = ipc_now();
}
