/*
 * Ends the machine from signal handlers: they kill the guest-machine process
 * directly, so that no wake-up can be lost between a flag and a wait; the loop
 * then sees the process end.
 */
#include "watch.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static struct machine *watched; /* set before the handlers, cleared after */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM };
#define ENDING_COUNT (sizeof(ending) / sizeof(ending[0]))
static struct sigaction found[ENDING_COUNT];

static void on_end(int sig)
{
	int saved_errno = errno;
	struct machine *m = watched;

	if (m) {
		if (sig == SIGALRM)
			m->timed_out = true;
		else
			m->stop_signal = sig;
		if (m->guest_pid > 0)
			kill(m->guest_pid, SIGKILL);
	}
	errno = saved_errno;
}

static int start_timer(uint64_t timeout_ns)
{
	struct itimerval it = { 0 };
	uint64_t us = (timeout_ns + 999) / 1000;

	it.it_value.tv_sec = (time_t)(us / 1000000);
	it.it_value.tv_usec = (suseconds_t)(us % 1000000);
	/* again every 10 ms: the first may come before there is a process */
	it.it_interval.tv_usec = timeout_ns ? 10000 : 0;
	return setitimer(ITIMER_REAL, &it, NULL);
}

int watch_begin(struct machine *m)
{
	struct sigaction sa = { .sa_handler = on_end };

	watched = m;
	for (size_t i = 0; i < ENDING_COUNT; i++) {
		sigaction(ending[i], NULL, &found[i]);
		if (found[i].sa_handler == SIG_IGN && ending[i] != SIGALRM)
			continue;
		if (sigaction(ending[i], &sa, NULL)) {
			machine_complain("cannot catch SIG%s: %s",
					 sigabbrev_np(ending[i]), strerror(errno));
			return -1;
		}
	}
	if (m->opt->timeout_ns && start_timer(m->opt->timeout_ns)) {
		machine_complain("cannot set the time-out: %s", strerror(errno));
		return -1;
	}
	return 0;
}

void watch_end(void)
{
	start_timer(0);
	for (size_t i = 0; i < ENDING_COUNT; i++)
		sigaction(ending[i], &found[i], NULL);
	watched = NULL;
}
