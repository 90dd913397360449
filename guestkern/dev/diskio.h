/*
 * Requests that a helper of the VMM's makes, while the task that wants it sleeps and
 * others run (abi/diskio.h). Not for whoever is in the middle of something that others
 * must not see half done.
 */
#ifndef DEV_DISKIO_H
#define DEV_DISKIO_H

#include "lib/types.h"

/* Sleep, whatever signals come. 0 or -errno of the host; -EAGAIN: there is no room for
 * a request, or nobody who makes it; nothing was done. */
int diskio_read(u32 file, u64 at, gpa_t to, size_t len_bytes);
int diskio_flush(u32 file);
/* IRQ_IO: takes the answers. */
void diskio_irq(void);

#endif
