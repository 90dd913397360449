/* Waiting for several files at once: what poll, select and kin share. */
#ifndef FS_POLL_H
#define FS_POLL_H

#include "fs/file.h"
#include "lib/types.h"

struct poll_item {
	struct file *f; /* referenced; NULL: skipped, revents stays */
	u32 events;	/* POLL* asked for */
	u32 revents;
	bool exact;	/* POLLERR and POLLHUP do not come unasked (select) */
};

/*
 * Sleeps until one of the items is ready, deadline_ns (mono; 0: only look,
 * UINT64_MAX: none) has passed or a signal came. Items with revents set already
 * count as ready. Returns how many are ready, 0 at the deadline, -EINTR,
 * -ENOMEM. May sleep.
 */
int poll_items(struct poll_item *items, u32 count, u64 deadline_ns);

/* Ready mask of one file now. */
u32 file_poll_mask(struct file *f, struct poll_table *pt);

#endif
