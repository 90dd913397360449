/*
 * Between root.c (where the archive comes from), root_dir.c (making one of a
 * directory) and root_cpio.c (its format). Archives grow in a root_sink: a
 * memory file with a limit.
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
 * Appends len_bytes from a file; zeros where it is shorter than it was, so
 * that the archive stays whole. Returns as root_sink_write.
 */
int root_sink_copy(struct root_sink *sink, int from_fd, uint64_t len_bytes);

/* One member of a newc archive, as its header says it. */
struct cpio_member {
	const char *name;
	uint32_t ino, mode, uid, gid, nlink, mtime;
	uint32_t size_bytes; /* of the data that the caller appends */
};

/* Appends header and name, up to where the data begins. */
int cpio_write_header(struct root_sink *sink, const struct cpio_member *member);
/* Appends zeros up to the next multiple of four. */
int cpio_write_padding(struct root_sink *sink);
/* Appends the trailer. */
int cpio_write_trailer(struct root_sink *sink);

/*
 * Checks the frame of a newc archive: headers, bounds, trailer; not the
 * names. Returns NULL, or a clause that says what is wrong, with *at set to
 * the offset of the bad member.
 */
const char *cpio_check(const void *archive, uint64_t len_bytes, uint64_t *at);

/*
 * Appends a directory tree as an archive. What cannot be taken along is named
 * in a note on stderr. Returns 0, -EFBIG past the limit (no sentence yet), or
 * another -errno after one sentence.
 */
int root_pack_directory(struct root_sink *sink, const char *path);

#endif
