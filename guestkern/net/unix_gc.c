/*
 * Garbage collection of AF_UNIX sockets. A socket whose descriptor was passed in
 * a message lives as long as the message; sockets in each other's queues would
 * live for ever. Owns the list of sockets that are in flight.
 *
 * A socket is garbage when all references to its file are held by messages in
 * the queues of garbage. So: candidates are those with no other reference; each
 * reference found in a candidate's queue is counted off; what has references
 * left is reachable from outside, and so is what its queue holds, and so on. The
 * rest is garbage: its queues are emptied, which closes the files.
 */
#include "net/netbuf.h"
#include "net/unix.h"

static struct list_head in_flight = LIST_HEAD_INIT(in_flight);
static bool collecting;
/* Closing a socket collects; so does, lest nobody closes any, a message when this
 * many sockets are in flight. */
#define TRIGGER_MIN 64
static u32 in_flight_count, trigger = TRIGGER_MIN;

static struct unix_socket *unix_of_file(const struct file *f)
{
	struct socket *s = socket_of(f);

	return s && s->family == AF_UNIX ? unix_of(s) : NULL;
}

void unix_inflight_add(struct file *f)
{
	struct unix_socket *us = unix_of_file(f);

	if (us && us->inflight++ == 0) {
		in_flight_count++;
		list_add_tail(&us->inflight_link, &in_flight);
	}
}

void unix_inflight_remove(struct file *f)
{
	struct unix_socket *us = unix_of_file(f);

	if (us && --us->inflight == 0) {
		in_flight_count--;
		list_del(&us->inflight_link);
	}
}

/* Calls fn for each socket in flight in the messages of queue. */
static void scan_queue(struct list_head *queue, void (*fn)(struct unix_socket *us))
{
	struct netbuf *nb;

	list_for_each_entry(nb, queue, link) {
		for (u32 i = 0; nb->scm && i < nb->scm->files; i++) {
			struct unix_socket *us = unix_of_file(nb->scm->file[i]);

			if (us)
				fn(us);
		}
	}
}

/* A socket's own queue, and those of what waits to be accepted on it. */
static void scan(struct unix_socket *us, void (*fn)(struct unix_socket *us))
{
	struct socket *child;

	scan_queue(&us->s.rx, fn);
	list_for_each_entry(child, &us->s.accept_queue, accept_link)
		scan_queue(&child->rx, fn);
}

static void count_off(struct unix_socket *us)
{
	if (us->unseen)
		us->unseen--;
}

/* Moved to the end, so that a walk that is under way comes to it yet. */
static void mark_reachable(struct unix_socket *us)
{
	if (us->reachable)
		return;
	us->reachable = true;
	list_del(&us->inflight_link);
	list_add_tail(&us->inflight_link, &in_flight);
}

static void judge(void)
{
	struct unix_socket *us;

	list_for_each_entry(us, &in_flight, inflight_link) {
		us->reachable = us->s.file->refs > us->inflight;
		us->unseen = us->inflight;
	}
	list_for_each_entry(us, &in_flight, inflight_link)
		if (!us->reachable)
			scan(us, count_off);
	list_for_each_entry(us, &in_flight, inflight_link)
		if (us->unseen)
			us->reachable = true;
	list_for_each_entry(us, &in_flight, inflight_link)
		if (us->reachable)
			scan(us, mark_reachable);
}

static struct unix_socket *next_garbage(void)
{
	struct unix_socket *us;

	list_for_each_entry(us, &in_flight, inflight_link)
		if (!us->reachable)
			return us;
	return NULL;
}

void unix_collect(void)
{
	struct unix_socket *us;

	/* Closing garbage comes here again. */
	if (collecting || list_empty(&in_flight))
		return;
	collecting = true;
	judge();
	while ((us = next_garbage())) {
		us->reachable = true; /* done with */
		socket_get(&us->s);
		unix_flush(us);
		socket_put(&us->s);
	}
	collecting = false;
	trigger = MAX(2 * in_flight_count, (u32)TRIGGER_MIN);
}

void unix_collect_if_many(void)
{
	if (in_flight_count >= trigger)
		unix_collect();
}
