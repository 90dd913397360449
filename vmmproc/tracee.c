/* The guest-machine process as a tracer waits for it and ends it. */
#include "tracee.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

static pid_t wait_once(struct machine *m, int *status)
{
	pid_t pid;

	do
		pid = wait4(m->guest_pid, status, __WALL, &m->guest_rusage);
	while (pid < 0 && errno == EINTR);
	return pid;
}

int tracee_wait(struct machine *m, int *status)
{
	if (wait_once(m, status) < 0)
		return -errno;
	if (WIFSTOPPED(*status)) {
		m->count.tracer_stops++;
		return 0;
	}
	m->guest_status = *status;
	m->guest_pid = -1;
	return -ESRCH;
}

void tracee_kill(struct machine *m)
{
	kill(m->guest_pid, SIGKILL);
	/* a stop that was under way is reported first */
	while (wait_once(m, &m->guest_status) > 0 &&
	       WIFSTOPPED(m->guest_status))
		;
	m->guest_pid = -1;
}
