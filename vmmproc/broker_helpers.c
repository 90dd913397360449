/*
 * The broker's helpers: threads that wait for the host in its place, so that the machine
 * goes on. Each takes requests from the socket that they share, and serves them by what
 * the broker itself has for it (broker_serve_apart). They have the broker's descriptors
 * and confinement; the filter is laid over all threads when they are at their work.
 */
#include <errno.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker_internal.h"

#define HELPERS 4
#define STACK_BYTES (128u << 10)

struct start {
	struct broker *b;
	int fd;
	pthread_barrier_t begun;
};

/* After the barrier start is gone. */
static void *helper_main(void *arg)
{
	struct start *start = arg;
	struct broker *b = start->b;
	int fd = start->fd;
	struct lodger_broker_request message;
	struct lodger_broker_reply reply;

	prctl(PR_SET_NAME, "lodger-hostio", 0, 0, 0);
	pthread_barrier_wait(&start->begun);
	for (;;) {
		ssize_t n = recv(fd, &message, sizeof(message), MSG_TRUNC);
		size_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		if ((size_t)n > sizeof(message))
			continue; /* nothing that a helper does is that long */
		len = broker_serve_apart(b, &message, (size_t)n, &reply);
		/* a guest kernel that does not read its answers goes without */
		send(fd, &reply, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

int broker_helpers_start(struct broker *b, int fd)
{
	struct start start = { .b = b, .fd = fd };
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_barrier_init(&start.begun, NULL, HELPERS + 1);
	for (int i = 0; i < HELPERS && !err; i++)
		err = pthread_create(&thread, &attr, helper_main, &start);
	pthread_attr_destroy(&attr);
	if (err)
		return -err; /* the process is about to end */
	pthread_barrier_wait(&start.begun);
	pthread_barrier_destroy(&start.begun);
	return 0;
}
