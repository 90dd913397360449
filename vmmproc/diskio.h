/*
 * Helpers that wait for the disks in the machine's place: a few processes, children of
 * the VMM process, that read from the disks' files into guest RAM, and flush, as the
 * guest kernel asks through LODGER_FD_DISKIO (abi/diskio.h). They believe nothing: a
 * request outside of a file or of RAM is answered -EINVAL.
 */
#ifndef VMMPROC_DISKIO_H
#define VMMPROC_DISKIO_H

#include "machine.h"

/*
 * Starts the helpers when m has disks; m->diskio_fd becomes the guest's end of their
 * socket. Where that cannot be, the machine does without: -1 stays, no sentence.
 * After memory and disks are open, before the guest-machine process is forked.
 */
void diskio_start(struct machine *m);

/* The guest-machine process has its end: closes the VMM process's own copy. */
void diskio_handed_over(struct machine *m);

/* Ends the helpers and waits for them: then nobody has the disks' files any more. */
void diskio_end(struct machine *m);

#endif
