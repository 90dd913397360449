/* The root archive: from --root, or the embedded one. */
#ifndef VMMPROC_ROOT_H
#define VMMPROC_ROOT_H

#include "machine.h"

/*
 * Brings m->opt->root (NULL: the embedded archive) into a sealed memory file:
 * a plain newc cpio archive, or a tar. Takes a directory, a newc archive or a
 * tar, plain or gzip; a plain tar file is taken itself, open for reading. Sets
 * m->root_fd and m->root_bytes.
 * A root that is a disk (m->root_disk) or a directory (m->root_host) is none of its
 * business; over a directory m->opt->overlay_in is the archive.
 * Returns 0, or -1 after one sentence.
 */
int root_open(struct machine *m);

#endif
