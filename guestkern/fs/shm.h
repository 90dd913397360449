/* System V shared memory (shmget(2), shmop(2), shmctl(2)): segments are files of a
 * tmpfs that is mounted nowhere. */
#ifndef FS_SHM_H
#define FS_SHM_H

#include "fs/vfs.h"
#include "proc/ipc.h"

#define SHM_DEST_ 01000u   /* in perm.mode: goes with the last attachment */
#define SHM_LOCKED_ 02000u

struct shm_segment {
	struct ipc_object perm;
	struct ipc_space *space; /* NULL: that is gone */
	u64 bytes;
	struct path path;
	u32 files; /* attachments' files */
	s64 atime, dtime;
	s32 creator, last; /* pids */
};

/* shmget(2): an id or -errno. */
s64 shm_get(s32 key, u64 bytes, u32 flags);
/* The segment of an id, or NULL. */
struct shm_segment *shm_find(s32 id);
/* shmat(2): the address or -errno; shmdt(2). */
s64 shm_attach(s32 id, uaddr_t addr, u32 flags);
int shm_detach(uaddr_t addr);
/* IPC_RMID: at once, or with the last attachment. */
void shm_remove(struct shm_segment *s);
u64 shm_attached(const struct shm_segment *s);
/* Pages that hold data. */
u64 shm_resident(const struct shm_segment *s);
/* A name space ends: no segment of it can be named any more. */
void shm_space_end(struct ipc_space *space);
/* Pages of all segments, and of those in memory. */
void shm_totals(u64 *pages, u64 *resident);

#endif
