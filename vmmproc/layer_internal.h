/* Between layer.c (the options), layer_dir.c (a layer as a directory, as a whole),
 * layer_unpack.c (a stream into a directory) and layer_pack.c (back). */
#ifndef VMMPROC_LAYER_INTERNAL_H
#define VMMPROC_LAYER_INTERNAL_H

#include "broker_internal.h"
#include "machine.h"
#include "root_internal.h"

/* --- layer_unpack.c --------------------------------------------------------------- */

/* A name below root 0 of a broker: the directory it is in, open, and its last part; that
 * is "" for the root itself. */
struct layer_place {
	struct broker_node dir;
	char name[LODGER_BROKER_NAME_MAX + 1];
};
/* name: "." or parts with one '/' between, none of them "." or "..". No link is followed.
 * 0, -EPROTO for another form, -errno. */
int layer_place_open(struct broker *b, const char *name, struct layer_place *place);
void layer_place_close(struct broker *b, struct layer_place *place);

/*
 * Unpacks the tar, bytes long, as the guest kernel writes it (guestkern/fs/tarout.c) into
 * the empty directory that is root 0 of b. Nothing in it is believed. 0, -EPROTO: it is
 * no such tar, -EOPNOTSUPP: the file system cannot keep what it says, -errno. What is made
 * until then stays.
 */
int layer_unpack(struct broker *b, int tar_fd, uint64_t bytes);

/* --- layer_pack.c ----------------------------------------------------------------- */

/* Writes the directory that is root 0 of b as such a tar. 0, -EFBIG past the sink's
 * limit, or -errno. */
int layer_pack(struct broker *b, struct root_sink *sink);

/* --- layer_dir.c ------------------------------------------------------------------ */

/* Is --overlay-out a directory? Then its name is m->overlay_dir from now on. 0, or -1
 * after a sentence. */
int layer_dir_open(struct machine *m);
/* The tar of m->overlay_temp becomes the directory m->overlay_dir. 0, or -1 after a
 * sentence: then the tar is still there, and what the directory was. */
int layer_dir_make(struct machine *m);

#endif
