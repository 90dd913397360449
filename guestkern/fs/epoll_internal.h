/* What epoll.c and epoll_paths.c share: the graph of sets and files. */
#ifndef FS_EPOLL_INTERNAL_H
#define FS_EPOLL_INTERNAL_H

#include "fs/file.h"
#include "lib/list.h"
#include "lib/rbtree.h"
#include "proc/wait.h"

struct epoll {
	struct rb_root items;	   /* by file and descriptor */
	struct list_head ready;	   /* items that may be ready */
	struct wait_queue waiters; /* epoll_wait, one at a time */
	struct wait_queue pollers; /* poll on the set itself */
	struct file *file;	   /* whose private it is */
	u64 scans;		   /* epoll_wait's rounds so far */
	u64 visited;		   /* the last check of paths that came by... */
	u32 found;		   /* ...and what it found */
};

struct epoll_entry {
	struct wait_entry we;
	struct epoll_item *item; /* NULL: not queued */
	struct epoll_entry *next;
};

struct epoll_item {
	struct rb_node node;
	struct list_head ready_link; /* in ep->ready, or alone */
	struct list_head watch_link; /* in f->watchers */
	struct epoll_entry first;    /* more, if any, kmalloc'd */
	struct epoll *ep;
	struct file *f;
	int fd;
	u32 events;
	u64 data;
	u64 scan; /* that put it back: not to be reported twice */
};

/* Would a link from ep down to `below` close a loop or be too deep? */
bool epoll_would_loop(struct epoll *ep, struct epoll *below);
/* After a link from ep down to target was made: -EINVAL when a file has become
 * reachable on too many paths, else 0. */
int epoll_check_paths(struct epoll *ep, struct file *target);

#endif
