/*
 * Unpacking the root archive: what its formats (cpio.c, tar.c) share. A format
 * reads headers from the stream and names from them, fills struct unpack's name
 * and entry, and has the entry made. Internal to fs.
 */
#ifndef FS_UNPACK_H
#define FS_UNPACK_H

#include "fs/vfs.h"

/* What is to be made, in the format's own order of finding out. */
struct unpack_entry {
	u32 mode; /* kind and permissions */
	u32 uid, gid;
	u64 size_bytes; /* of a file's contents, next in the stream */
	s64 mtime;
	u64 rdev;
};

struct unpack {
	u8 *window;
	u64 window_at;	/* archive offset of window[0] */
	u64 window_len;
	u64 at;		/* next byte to take */
	u64 end;	/* size of the archive */
	u64 released;	/* bytes below were given back to the host */
	char *name;	/* PATH_MAX_ + 1 bytes; begins with "/" */
	struct unpack_entry e;
	bool layer; /* over what is there: whiteouts take names away (unpack_layer.c) */
	char *why;
	size_t why_bytes;
};

/* Each notes why (first reason wins) and passes err on. */
int unpack_fail(struct unpack *u, int err, const char *fmt, ...) __printf(3, 4);
/* The entry's name and what is wrong. */
int unpack_fail_name(struct unpack *u, int err, const char *what);
/* What the file system said (-errno) about the entry. */
int unpack_fail_fs(struct unpack *u, int err);

/* Contiguous bytes at u->at: *p, *got of at least 1 and at most want, which
 * stay until the next call. 0 or -errno. */
int unpack_peek(struct unpack *u, u64 want, const u8 **p, u64 *got);
/* Copies len bytes out of the stream. 0 or -errno. */
int unpack_take(struct unpack *u, void *to, u64 len);
/* Passes zero bytes. 0 or -errno. */
int unpack_skip_zeros(struct unpack *u);
/* Passes len_bytes of the stream, at most to its end. */
void unpack_skip(struct unpack *u, u64 len_bytes);

/* Does u->name lead out of the root? 0 or -EINVAL, the reason noted. */
int unpack_check_name(struct unpack *u);
/* "/", "/.", "/./": the root directory itself. */
bool unpack_is_root(const struct unpack *u);

/* Makes parents that are missing and takes away what has the name, unless it is
 * a directory and one is to be. 0 or -errno. */
int unpack_make_way(struct unpack *u);
/* Owner, permissions and time of the entry's inode. */
int unpack_attributes(struct unpack *u, struct inode *inode);
int unpack_attributes_by_name(struct unpack *u);
/* Makes the entry by kind: 0 or -errno. A file is empty at first, and *path,
 * which the caller puts, is its name. */
int unpack_directory(struct unpack *u);
int unpack_node(struct unpack *u);
int unpack_symlink(struct unpack *u, const char *target);
int unpack_create(struct unpack *u, struct path *path);
/* The entry's contents come out of the stream into the file; *sum, unless NULL,
 * becomes the sum of their bytes. 0 or -errno. */
int unpack_fill(struct unpack *u, const struct path *path, u32 *sum);

/* unpack_layer.c: is u->name one that says what is gone? Then takes that away. 0 or
 * -errno. */
bool unpack_is_whiteout(const struct unpack *u);
int unpack_whiteout(struct unpack *u);
/* Takes away what has u->name, whatever it is. 0 or -errno. */
int unpack_remove(struct unpack *u);

/* The formats: all of the archive. 0 or -errno. */
int cpio_unpack(struct unpack *u);
int tar_unpack(struct unpack *u);

#endif
