/*
 * What the three kinds of System V IPC share: numbers, keys, owners and rights
 * (sysvipc(7)), name spaces (ipc_namespaces(7)), and the two kinds that are no
 * memory: semaphore sets and message queues. Shared memory is fs/shm.c's.
 */
#ifndef PROC_IPC_H
#define PROC_IPC_H

#include "lib/list.h"
#include "lib/radix.h"
#include "lib/types.h"

struct process;

#define IPC_INDEX_BITS 15
#define IPC_INDEX_MAX (1u << IPC_INDEX_BITS)

struct ipc_ids;

struct ipc_object {
	struct ipc_ids *ids; /* NULL: its name space is gone, or it was removed */
	s32 id;
	s32 key; /* 0: IPC_PRIVATE */
	u32 uid, gid, cuid, cgid;
	u32 mode; /* permissions, and flags of the kind's own above 0777 */
	s64 ctime;
};

/* All objects of a kind in a name space. */
struct ipc_ids {
	struct radix table; /* index -> struct ipc_object */
	u32 count;
	s64 max;     /* shmmni, msgmni, the last of sem */
	s64 next_id; /* shm_next_id and kin: wanted for the next one; -1: any */
	u32 seq, last_index;
	bool started;
};

/* A name space, with its limits (proc(5), /proc/sys/kernel). */
struct ipc_space {
	u32 refs, number;
	struct ipc_ids shm, sem, msg;
	u64 shm_bytes_max, shm_pages_max;	    /* shmmax, shmall */
	u64 shm_pages;				    /* of all segments */
	s64 msg_bytes_max, msg_queue_bytes_max;	    /* msgmax, msgmnb */
	s64 sem_per_set_max, sem_max, sem_ops_max;  /* the first three of sem */
	u32 sem_total;				    /* semaphores of all sets */
	/* POSIX message queues: /proc/sys/fs/mqueue; fs/mqueue.c (NULL: unused yet) */
	s64 mq_queues_max, mq_messages_max, mq_bytes_max;
	s64 mq_messages_default, mq_bytes_default;
	void *mqueues;
};

#define MQ_MESSAGES_HARD 65536 /* whatever the limits say */
#define MQ_BYTES_HARD (16 << 20)

/* The current process's, and the machine's first. */
struct ipc_space *ipc_space(void);
extern struct ipc_space ipc_first_space;
/* An empty one with one reference, or NULL: no memory. */
struct ipc_space *ipc_space_create(void);
void ipc_space_get(struct ipc_space *space);
/* With the last reference everything in it goes. May sleep. */
void ipc_space_put(struct ipc_space *space);
/* Installs what empties a name space of what fs keeps there. Boot. */
void ipc_set_space_end(void (*end)(struct ipc_space *space));

/*
 * The get calls: the id of the object of key, or of a new one, by IPC_CREAT and
 * IPC_EXCL in flags. create makes the object, whose perm ipc_add then enters;
 * check says whether an existing one will do (-EINVAL). -ENOENT, -EEXIST,
 * -EACCES, -ENOSPC, or as create and check.
 */
struct ipc_get {
	s32 key;
	u32 flags;
	u64 size; /* what the kind means by it */
	struct ipc_object *(*create)(const struct ipc_get *get); /* or ERR_PTR */
	void (*destroy)(struct ipc_object *perm);
	int (*check)(const struct ipc_object *perm, const struct ipc_get *get);
};
s64 ipc_get(struct ipc_ids *ids, const struct ipc_get *get);

/* The object with that id, or NULL; at an index (SHM_STAT and kin); and the next
 * with index >= *index. */
struct ipc_object *ipc_find(const struct ipc_ids *ids, s32 id);
struct ipc_object *ipc_find_index(const struct ipc_ids *ids, s32 index);
struct ipc_object *ipc_next(const struct ipc_ids *ids, u64 *index);
/* The highest index in use, or 0. */
s64 ipc_max_index(const struct ipc_ids *ids);
/* Takes perm out of its table, if it is in one: its id is nobody's. */
void ipc_remove(struct ipc_object *perm);
/* No longer found by its key. */
void ipc_forget_key(struct ipc_object *perm);

/* May the current task do what flags say (0444 read, 0222 write)? 0, -EACCES. */
int ipc_permitted(const struct ipc_object *perm, u32 flags);
/* IPC_SET and IPC_RMID: 0 or -EPERM. */
int ipc_may_control(const struct ipc_object *perm);
/* IPC_SET's common part. */
void ipc_set_owner(struct ipc_object *perm, u32 uid, u32 gid, u32 mode);
/* Seconds since 1970. */
s64 ipc_now(void);
/* Is the core so full that IPC must not take more of it? */
bool ipc_core_short(void);

/* --- semaphore sets (sem.c) ------------------------------------------------------ */

#define SEM_VALUE_MAX 32767

struct sem {
	u16 value;
	s32 pid; /* of the last operation */
};
struct sem_set {
	struct ipc_object perm;
	struct ipc_space *space;
	s64 otime;
	u32 count;
	struct list_head waiters; /* struct sem_waiter, in order */
	struct list_head undos;	  /* struct sem_undo */
	struct sem sems[];
};
struct sem_op { /* struct sembuf */
	u16 num;
	short op;
	short flags;
};

/* semget(2): an id or -errno. */
s64 sem_get(s32 key, u32 count, u32 flags);
/* The set of an id, or NULL. */
struct sem_set *sem_find(s32 id);
/* semtimedop(2) with ops checked for their number; deadline mono ns. */
s64 sem_operate(s32 id, const struct sem_op *ops, u32 count, u64 deadline_ns);
/* Values for all (SETALL), or value for one. The rights are the caller's matter. */
void sem_set_all(struct sem_set *set, const u16 *values);
void sem_set_one(struct sem_set *set, u32 num, u16 value);
/* How many wait for num to rise (zero: to become 0). */
u32 sem_waiting(const struct sem_set *set, u32 num, bool zero);
void sem_remove(struct sem_set *set);
/* p ends: SEM_UNDO. */
void sem_exit(struct process *p);

/* --- message queues (msg.c) -------------------------------------------------------- */

struct msg_queue {
	struct ipc_object perm;
	s64 stime, rtime;
	u64 bytes, bytes_max;
	u32 count;
	s32 sender, receiver; /* pids of the last ones */
	struct list_head messages;
	struct list_head waiters;
	bool removed;
	u32 users; /* calls that sleep on it */
};

/* msgget(2): an id or -errno. */
s64 msg_get(s32 key, u32 flags);
/* The queue of an id, or NULL. */
struct msg_queue *msg_find(s32 id);
/* As msgsnd(2) and msgrcv(2); text is user memory. */
s64 msg_send(s32 id, s64 type, uaddr_t text, u64 bytes, u32 flags);
s64 msg_receive(s32 id, uaddr_t to, u64 bytes, s64 type, u32 flags);
void msg_remove(struct msg_queue *q);
/* Somebody may go on: limits changed. */
void msg_stir(struct msg_queue *q);
void msg_totals(u64 *messages, u64 *bytes);

#endif
