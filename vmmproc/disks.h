/* The machine's disks: files of the host, from --disk. */
#ifndef VMMPROC_DISKS_H
#define VMMPROC_DISKS_H

#include "machine.h"

/*
 * Opens m->opt->root if it is an image of ext2 (m->root_disk tells), and
 * what m->opt->disk names, regular files or block devices, and fills
 * m->block and m->disk. A writable file is locked (flock) as long as the machine
 * runs, so that no second machine writes it too.
 * Returns 0, or -1 after one sentence.
 */
int disks_open(struct machine *m);

/* Closes them. */
void disks_close(struct machine *m);

#endif
