/*
 * Asynchronous input and output (io_setup(2)). As in Linux for all but direct
 * access to disks, a request is carried out while it is submitted; what is
 * asynchronous is a poll, and that the results are fetched by another call.
 */
#ifndef FS_AIO_H
#define FS_AIO_H

#include "lib/types.h"

extern s64 aio_events_max; /* of all contexts: /proc/sys/fs/aio-max-nr */

struct aio;
struct file;
struct process;
struct proc_resources;

/* Places of all contexts. */
u64 aio_events_total(void);
/* A context of the current process for count events, known as id, which the caller
 * made unique. 0, -EAGAIN (too many), -ENOMEM. */
int aio_create(uaddr_t id, u32 count);
/* The current process's context, or NULL. */
struct aio *aio_find(uaddr_t id);
/* It ends: requests that wait are cancelled, who waits for events is woken. */
void aio_destroy(struct aio *aio);
/* All contexts of a process that ends or executes a program. */
void aio_destroy_all(struct proc_resources *res);

/* Takes the place of one request; -EAGAIN: all are taken. */
int aio_reserve(struct aio *aio);
/* Gives it back: the request was refused. */
void aio_unreserve(struct aio *aio);
/* The request at user address iocb is done: an event, which takes the place. notify:
 * an eventfd that counts it (borrowed), or NULL. */
void aio_complete(struct aio *aio, uaddr_t iocb, u64 data, s64 result,
		  struct file *notify);
/* It waits for events (POLL*) of f; takes its own references. 0 or -ENOMEM. Done at
 * once where there are some. */
int aio_poll(struct aio *aio, uaddr_t iocb, u64 data, struct file *f, u32 events,
	     struct file *notify);
/* io_cancel(2): -EINPROGRESS: its event comes; -EINVAL: no such request waits. */
int aio_cancel(struct aio *aio, uaddr_t iocb);

/*
 * Up to max events to user memory, waiting for at least min of them. deadline_ns:
 * mono, UINT64_MAX none. How many, or -EFAULT, -ERESTARTSYS (a signal came before
 * the first), -EINVAL (the context was destroyed meanwhile).
 */
s64 aio_events(uaddr_t id, u32 min, u32 max, uaddr_t to, u64 deadline_ns);

#endif
