/* POSIX message queues (mq_overview(7)): files of the file system "mqueue", of
 * which there is one in each IPC name space, mounted or not. */
#ifndef FS_MQUEUE_H
#define FS_MQUEUE_H

#include "fs/file.h"
#include "lib/types.h"

#define MQ_PRIORITY_MAX 32768u

/* struct mq_attr of linux/mqueue.h without its padding. */
struct mqueue_attr {
	s64 flags, messages_max, bytes_max, messages;
};

/* How a queue tells that a message came (mq_notify(3)); signo 0: not at all. */
struct mqueue_event {
	s32 signo;
	u64 value;
};

struct ipc_space;

/* Boot: registers the file system. */
void mqueue_init(void);
/* A name space ends. */
void mqueue_space_end(struct ipc_space *space);

/* mq_open(2): a description, or ERR_PTR. attr NULL: the defaults. */
struct file *mqueue_open(const char *name, u32 flags, u32 mode,
			 const struct mqueue_attr *attr);
/* mq_unlink(2): 0 or -errno. */
int mqueue_unlink(const char *name);

/* Is it a queue? */
bool file_is_mqueue(const struct file *f);
/* As mq_timedsend(2) and mq_timedreceive(2), the descriptor's access mode included;
 * deadline mono ns. Receive returns the length and the priority. */
s64 mqueue_send(struct file *f, uaddr_t text, u64 bytes, u32 priority, u64 deadline_ns);
s64 mqueue_receive(struct file *f, uaddr_t to, u64 bytes, u32 *priority, u64 deadline_ns);
/* mq_notify(2): event NULL ends the caller's registration. 0 or -EBUSY. */
int mqueue_notify(struct file *f, const struct mqueue_event *event);
/* Attributes of f's queue and f's own O_NONBLOCK. */
void mqueue_attr_get(const struct file *f, struct mqueue_attr *attr);

#endif
