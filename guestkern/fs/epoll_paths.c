/*
 * The graph of epoll sets that watch sets: no loops, at most four links in a row,
 * and bounds on the number of paths by which one file's wake-up can climb. The
 * bounds are Linux's (fs/eventpoll.c: EP_MAX_NESTS, path_limits).
 */
#include "fs/epoll.h"
#include "fs/epoll_internal.h"

#include "lib/err.h"

#define NESTS_MAX 4u

static const u32 path_limits[NESTS_MAX + 1] = { 0, 500, 100, 50, 10 };
static u64 visits;

/* Links from ep up to the highest set, more than NESTS_MAX: enough. A set keeps
 * what this visit found, so that each is climbed from once. */
static u32 height_above(struct epoll *ep, u32 depth)
{
	struct epoll_item *item;

	if (ep->visited == visits || depth > NESTS_MAX)
		return ep->visited == visits ? ep->found : 0;
	ep->visited = visits;
	ep->found = 0;
	list_for_each_entry(item, &ep->file->watchers, watch_link)
		ep->found = MAX(ep->found, 1 + height_above(item->ep, depth + 1));
	return ep->found;
}

/* Links from ep down to the lowest set; beyond NESTS_MAX when `top` is there. */
static u32 depth_below(struct epoll *ep, const struct epoll *top, u32 depth)
{
	struct rb_node *node;

	if (ep == top || depth > NESTS_MAX)
		return NESTS_MAX + 1;
	if (ep->visited == visits)
		return ep->found;
	ep->visited = visits;
	ep->found = 0;
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epoll_item *item = rb_entry(node, struct epoll_item, node);

		if (file_is_epoll(item->f))
			ep->found = MAX(ep->found,
					1 + depth_below(item->f->private, top,
							depth + 1));
	}
	return ep->found;
}

bool epoll_would_loop(struct epoll *ep, struct epoll *below)
{
	u32 depth;

	visits++;
	depth = depth_below(below, ep, 0) + 1;
	visits++;
	return depth + height_above(ep, 0) > NESTS_MAX;
}

/* Counts the paths from f up to sets that nothing watches, by length. */
static bool too_many_paths(const struct file *f, u32 depth, u32 *count)
{
	struct epoll_item *item;

	if (depth > NESTS_MAX)
		return true;
	list_for_each_entry(item, &f->watchers, watch_link) {
		const struct file *up = item->ep->file;

		if (!list_empty(&up->watchers)) {
			if (too_many_paths(up, depth + 1, count))
				return true;
		} else if (depth && ++count[depth] > path_limits[depth]) {
			return true;
		}
	}
	return false;
}

static bool file_overrun(const struct file *f)
{
	u32 count[NESTS_MAX + 1] = { 0 };

	return too_many_paths(f, 0, count);
}

/* Any file below ep, each set looked into once. */
static bool set_overrun(struct epoll *ep)
{
	struct rb_node *node;

	if (ep->visited == visits)
		return false;
	ep->visited = visits;
	for (node = rb_first(&ep->items); node; node = rb_next(node)) {
		struct epoll_item *item = rb_entry(node, struct epoll_item, node);

		if (file_is_epoll(item->f) ? set_overrun(item->f->private)
					   : file_overrun(item->f))
			return true;
	}
	return false;
}

int epoll_check_paths(struct epoll *ep, struct file *target)
{
	bool over;

	if (file_is_epoll(target)) {
		visits++;
		over = set_overrun(target->private);
	} else {
		/* Only below another set is there more than one link. */
		over = !list_empty(&ep->file->watchers) && file_overrun(target);
	}
	return over ? -EINVAL : 0;
}
