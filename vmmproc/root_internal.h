/*
 * Between root.c (where the archive comes from) and root_cpio.c (its format). Archives
 * grow in a root_sink: a memory file with a limit.
 */
#ifndef VMMPROC_ROOT_INTERNAL_H
#define VMMPROC_ROOT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct root_sink {
	int fd;		      /* memory file, write offset at its end */
	bool memory;	      /* no: a host file took its place, read-only */
	uint64_t bytes;	      /* written so far */
	uint64_t limit_bytes; /* never more than this */
};

/* Appends. Returns 0, -EFBIG past the limit, or -errno. */
int root_sink_write(struct root_sink *sink, const void *data,
		    size_t len_bytes);

/*
 * Checks the frame of a newc archive: headers, bounds, trailer; not the
 * names. Returns NULL, or a clause that says what is wrong, with *at set to
 * the offset of the bad member.
 */
const char *cpio_check(const void *archive, uint64_t len_bytes, uint64_t *at);

#endif
