/* Files in memory without a name, and the seals of memory files: memfd_create(2),
 * fcntl(2) F_ADD_SEALS. */
#ifndef FS_MEMFD_H
#define FS_MEMFD_H

#include "lib/types.h"

struct file;

/* An empty file, open for reading and writing; name is only for show. sealing:
 * seals may be added. ERR_PTR(-ENOMEM, -ENFILE, -ENOSPC). */
struct file *memfd_file_create(const char *name, bool sealing);

/* F_GET_SEALS: the seals (F_SEAL_*), or -EINVAL: not a file of memory. */
s64 memfd_seals(const struct file *f);
/* F_ADD_SEALS: 0, -EPERM (not writable, sealed against it), -EINVAL, -EBUSY
 * (F_SEAL_WRITE with shared mappings that may write). */
s64 memfd_add_seals(struct file *f, u32 seals);

#endif
