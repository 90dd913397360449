/* Between fs/notify.c, which keeps the watches on inodes, and those who watch:
 * inotify.c, dnotify.c. */
#ifndef FS_NOTIFY_INTERNAL_H
#define FS_NOTIFY_INTERNAL_H

#include "fs/notify.h"
#include "lib/list.h"

struct watch;

struct watch_ops {
	/* Something of w->mask happened. event: with IN_ISDIR where it is a
	 * directory's. name: the entry, "" for the inode itself. May end w, and
	 * no other watch. */
	void (*tell)(struct watch *w, u32 event, u32 cookie, const char *name);
	/* Ends w: the inode goes, or its file system (event IN_UNMOUNT). */
	void (*end)(struct watch *w, u32 event);
};

/* Hangs on its inode, which it keeps; the user's structure contains it. */
struct watch {
	struct list_head all; /* every watch */
	struct watch *next;   /* on the same inode */
	struct inode *inode;  /* referenced */
	const struct watch_ops *ops;
	u32 mask; /* IN_*: what is told, IN_EXCL_UNLINK */
};

/* Hangs w, with ops and mask set, on inode. 0, or -ENOSPC: there are too many.
 * size_bytes: what the user's structure takes. */
int watch_add(struct watch *w, struct inode *inode, size_t size_bytes);
/* How many there may be. */
u64 watches_max(size_t size_bytes);
/* Takes it off; the structure is the caller's to free. */
void watch_remove(struct watch *w);

#endif
