/*
 * Interception by SIGSYS inside the guest-machine process: no tracer at all.
 * The filter raises SIGSYS at every system call of a guest program, the guest
 * kernel's handler enters through the call gate and leaves by a jump
 * (guestkern/hal/prot_gate.S). While the machine runs the VMM process sleeps in
 * one poll: neither calls nor faults nor interrupts concern it.
 *
 * What wakes it is the end of the process, or a notification from the filter:
 * the guest kernel has tried a host call that the policy refuses. The call is
 * held until it is answered, and the only answer is death; it is never
 * continued, which would be a race with memory that the guest can change.
 *
 * Where the host gives no listener the filter kills by itself, and the report
 * cannot name the call.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter_inproc.h"
#include "icept.h"
#include "procs.h"

struct trap_state {
	int pidfd;
	bool listened;		     /* there was a listener at first */
	struct seccomp_notif *notif; /* of the size the host wants */
	size_t notif_bytes;
};

static struct trap_state *state_of(const struct machine *m)
{
	return m->icept_private;
}

/* --- Does this host do it? ----------------------------------------------------- */

static volatile sig_atomic_t probe_got;

static void probe_handler(int sig)
{
	(void)sig;
	probe_got = 1;
}

/* In a child: does a system call become a SIGSYS? Returns 0 or an errno. */
static int probe_child(void)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog fprog = { sizeof(insn) / sizeof(insn[0]), insn };
	struct sigaction action = { .sa_handler = probe_handler };

	if (sigaction(SIGSYS, &action, NULL) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &fprog))
		return errno;
	getppid();
	return probe_got ? 0 : ENOSYS;
}

static bool trap_supported(char *why, size_t why_bytes)
{
	int status = 0, pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid;

	if (pidfd < 0) {
		snprintf(why, why_bytes, "the host refuses pidfd_open: %s",
			 strerror(errno));
		return false;
	}
	close(pidfd);
	pid = fork();
	if (pid == 0)
		_exit(probe_child());
	if (pid < 0) {
		snprintf(why, why_bytes, "fork: %s", strerror(errno));
		return false;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return true;
	snprintf(why, why_bytes, "the host refuses seccomp filters: %s",
		 WIFEXITED(status) ? strerror(WEXITSTATUS(status)) :
				     "the probe was killed");
	return false;
}

/* --- The ops --------------------------------------------------------------------- */

static int icept_trap_attach(struct machine *m)
{
	struct trap_state *st = calloc(1, sizeof(*st));
	struct seccomp_notif_sizes sizes;

	if (!st)
		return -ENOMEM;
	st->pidfd = (int)syscall(SYS_pidfd_open, m->guest_pid, 0);
	if (st->pidfd < 0) {
		free(st);
		return -errno;
	}
	m->icept_private = st;
	/* without notifications there will be no listener either */
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		return 0;
	st->notif_bytes = sizeof(*st->notif);
	if (sizes.seccomp_notif > st->notif_bytes)
		st->notif_bytes = sizes.seccomp_notif;
	st->notif = malloc(st->notif_bytes);
	return st->notif ? 0 : -ENOMEM;
}

static void close_listener(struct machine *m)
{
	if (m->listener_fd >= 0)
		close(m->listener_fd);
	m->listener_fd = -1;
}

/* Frees the descriptors; m->icept_private itself goes with the machine. */
static void release(struct machine *m)
{
	struct trap_state *st = state_of(m);

	close_listener(m);
	if (!st)
		return;
	if (st->pidfd >= 0)
		close(st->pidfd);
	st->pidfd = -1;
	free(st->notif);
	st->notif = NULL;
}

static void reap(struct machine *m)
{
	struct rusage usage;

	procs_end(m);
	while (wait4(m->guest_pid, &m->guest_status, __WALL, &usage) < 0 &&
	       errno == EINTR)
		;
	procs_add_usage(m, &usage);
	m->guest_pid = -1;
	release(m);
}

static void report_end(struct machine *m)
{
	if (!WIFSIGNALED(m->guest_status) || WTERMSIG(m->guest_status) != SIGSYS)
		return;
	m->count.refused++;
	snprintf(m->report, sizeof(m->report),
		 "guest kernel refused: a host call outside the policy (%s)",
		 state_of(m)->listened ?
			 "in a further host process: nobody says which" :
			 "this host does not say which");
}

static void ended(struct machine *m, struct icept_event *ev)
{
	ev->kind = ICEPT_EXITED;
	reap(m);
	if (!state_of(m)->listened)
		report_end(m);
}

/* The machine ended in another host process than the first, with status. */
static void ended_elsewhere(struct machine *m, struct icept_event *ev,
			    int status)
{
	ev->kind = ICEPT_EXITED;
	kill(m->guest_pid, SIGKILL);
	reap(m);
	m->guest_status = status;
	report_end(m);
}

/* A refused call, or none when its maker was killed meanwhile. */
static int take_notification(struct machine *m, struct icept_event *ev)
{
	struct trap_state *st = state_of(m);
	const struct seccomp_data *data = &st->notif->data;

	memset(st->notif, 0, st->notif_bytes);
	if (ioctl(m->listener_fd, SECCOMP_IOCTL_NOTIF_RECV, st->notif)) {
		int err = errno;

		return err == ENOENT || err == EINTR ? 0 : -err;
	}
	ev->kind = ICEPT_REFUSED_CALL;
	ev->call.arch = data->arch;
	ev->call.nr = (uint64_t)(int64_t)data->nr;
	ev->call.ip = data->instruction_pointer;
	for (int i = 0; i < 6; i++)
		ev->call.arg[i] = data->args[i];
	return 0;
}

static int icept_trap_next(struct machine *m, struct icept_event *ev)
{
	struct trap_state *st = state_of(m);
	struct pollfd polled[2 + PROCS_POLLED] = {
		{ st->pidfd, POLLIN, 0 }, { m->listener_fd, POLLIN, 0 }
	};
	size_t procs = procs_fill_pollset(m, polled + 2);
	int status;

	memset(ev, 0, sizeof(*ev));
	ev->kind = ICEPT_NONE;
	st->listened |= m->listener_fd >= 0;
	if (poll(polled, 2 + procs, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (polled[1].revents & POLLIN)
		return take_notification(m, ev);
	if (polled[0].revents)
		ended(m, ev);
	else if (polled[1].revents) /* nobody is left to notify of */
		close_listener(m);
	else if (procs && procs_serve(m, polled + 2, &status))
		ended_elsewhere(m, ev, status);
	return 0;
}

static void icept_trap_kill(struct machine *m)
{
	if (m->guest_pid <= 0)
		return;
	kill(m->guest_pid, SIGKILL);
	reap(m);
}

/* The same for the VMM process: patching is the guest kernel's affair. */
const struct icept_ops icept_patch = {
	.name = "patch",
	.summary = "hot call sites become jumps; trap for the rest",
	.abi = LODGER_INTERCEPT_PATCH,
	.filter = ICEPT_FILTER_TRAP,
	.supported = trap_supported,
	.attach = icept_trap_attach,
	.next = icept_trap_next,
	.kill = icept_trap_kill,
};

const struct icept_ops icept_trap = {
	.name = "trap",
	.summary = "SIGSYS inside the process, no tracer",
	.abi = LODGER_INTERCEPT_TRAP,
	.filter = ICEPT_FILTER_TRAP,
	.supported = trap_supported,
	.attach = icept_trap_attach,
	.next = icept_trap_next,
	.kill = icept_trap_kill,
};
