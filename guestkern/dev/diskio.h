/*
 * Requests that a helper of the VMM's makes (abi/diskio.h): while the task that wants
 * it sleeps and others run, or while nobody waits. Sleeping ones are not for whoever is
 * in the middle of something that others must not see half done.
 */
#ifndef DEV_DISKIO_H
#define DEV_DISKIO_H

#include "lib/types.h"

/* Sleep, whatever signals come. 0 or -errno of the host; -EAGAIN: there is no room for
 * a request, or nobody who makes it; nothing was done. */
int diskio_read(u32 file, u64 at, gpa_t to, size_t len_bytes);
int diskio_flush(u32 file);

/* err: 0 or -errno of the host. From diskio_irq or diskio_wait. */
typedef void diskio_done_fn(void *arg, int err);
/* Begins to write RAM, which stays the caller's to keep until done is called. 0, or
 * -EAGAIN as above. At most LODGER_DISKIO_BYTES_MAX. */
int diskio_write_start(u32 file, u64 at, gpa_t from, size_t len_bytes,
		       diskio_done_fn *done, void *arg);
/* The whole machine waits until something that is under way has been answered. */
void diskio_wait(void);
/* IRQ_IO: takes the answers. */
void diskio_irq(void);

#endif
