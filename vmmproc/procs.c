/* Host processes of --space multi: see procs.h. */
#include "procs.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/layout.h"
#include "memory.h"
#include "modes.h"
#include "sandbox.h"

struct procs {
	int maker_fd, spawner_fd;   /* our ends */
	int maker_end, spawner_end; /* the child's; -1 after the fork */
	int child_fd;		    /* signalfd for SIGCHLD */
	sigset_t found_mask;
	bool lend;		    /* they lend their memory, and end */
	pid_t spawner;		    /* 0: there is none (any more) */
	pid_t pid[LODGER_HOST_PROCESSES]; /* 0: not made */
};

/* --- Before the fork ------------------------------------------------------------- */

static int open_pair(int *ours, int *theirs)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return -1;
	*ours = fd[0];
	*theirs = fd[1];
	return 0;
}

static int open_child_fd(struct procs *ps)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, &ps->found_mask))
		return -1;
	ps->child_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return ps->child_fd < 0 ? -1 : 0;
}

int procs_create(struct machine *m)
{
	struct procs *ps;

	m->procs = NULL;
	if (!modes_have_maker(m->opt))
		return 0;
	ps = calloc(1, sizeof(*ps));
	if (!ps) {
		machine_complain("no memory for the table of host processes");
		return -1;
	}
	ps->maker_fd = ps->maker_end = -1;
	ps->spawner_fd = ps->spawner_end = -1;
	ps->child_fd = -1;
	ps->lend = modes_abi(m->opt, AXIS_SPACE) != LODGER_SPACE_MULTI;
	m->procs = ps;
	if (!open_pair(&ps->maker_fd, &ps->maker_end) &&
	    !open_pair(&ps->spawner_fd, &ps->spawner_end) &&
	    !open_child_fd(ps))
		return 0;
	machine_complain("cannot prepare host processes: %s", strerror(errno));
	procs_free(m);
	return -1;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void procs_free(struct machine *m)
{
	struct procs *ps = m->procs;

	if (!ps)
		return;
	close_fd(&ps->maker_fd);
	close_fd(&ps->maker_end);
	close_fd(&ps->spawner_fd);
	close_fd(&ps->spawner_end);
	if (ps->child_fd >= 0)
		sigprocmask(SIG_SETMASK, &ps->found_mask, NULL);
	close_fd(&ps->child_fd);
	free(ps);
	m->procs = NULL;
}

bool procs_want_marks(const struct machine *m)
{
	return m->opt->stats != STATS_NONE && modes_have_maker(m->opt) &&
	       modes_abi(m->opt, AXIS_SPACE) == LODGER_SPACE_MULTI;
}

int procs_maker_end(const struct machine *m)
{
	return m->procs ? m->procs->maker_end : -1;
}

int procs_spawner_end(const struct machine *m)
{
	return m->procs ? m->procs->spawner_end : -1;
}

/* --- The spawner ----------------------------------------------------------------- */

/* Not fork(3): the parent is to be the VMM process, and descriptors are common
 * to all processes of the machine. */
static pid_t clone_sibling(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD,
			      0, 0, 0, 0);
}

static bool tell(int fd, int32_t value)
{
	return send(fd, &value, sizeof(value), MSG_NOSIGNAL) == sizeof(value);
}

static bool hear(int fd, int32_t *value)
{
	ssize_t n;

	do
		n = read(fd, value, sizeof(*value));
	while (n < 0 && errno == EINTR);
	return n == sizeof(*value);
}

/* Returns in a child only. */
static int spawner_main(pid_t vmm_pid)
{
	int32_t number;

	if (sandbox_die_with(vmm_pid) ||
	    prctl(PR_SET_NAME, "lodger-spawner", 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    !tell(LODGER_FD_SPAWNER, (int32_t)getpid()))
		_exit(EXIT_LODGER);
	while (hear(LODGER_FD_SPAWNER, &number)) {
		pid_t pid = clone_sibling();

		if (pid == 0)
			return number;
		if (!tell(LODGER_FD_SPAWNER, pid > 0 ? pid : -errno))
			break;
	}
	_exit(EXIT_LODGER);
}

int procs_start_spawner(pid_t vmm_pid)
{
	pid_t pid = clone_sibling();

	if (pid == 0)
		return spawner_main(vmm_pid);
	if (pid < 0) /* the first process is all there will be */
		tell(LODGER_FD_SPAWNER, -errno);
	return 0;
}

int procs_begin(struct machine *m)
{
	struct procs *ps = m->procs;
	int32_t pid;

	if (!ps)
		return 0;
	close_fd(&ps->maker_end);
	close_fd(&ps->spawner_end);
	if (!hear(ps->spawner_fd, &pid))
		return -ESRCH;
	ps->spawner = pid > 0 ? pid : 0;
	return 0;
}

/* --- Requests -------------------------------------------------------------------- */

static void reap(struct machine *m, pid_t *pid)
{
	struct rusage usage;
	pid_t got;

	do
		got = wait4(*pid, NULL, __WALL, &usage);
	while (got < 0 && errno == EINTR);
	if (got > 0)
		procs_add_usage(m, &usage);
	*pid = 0;
}

/* Does it answer? Its end of the socket is open in other processes too, so that
 * its death is to be looked for. */
static bool spawner_answers(struct machine *m)
{
	struct procs *ps = m->procs;
	int pidfd = (int)syscall(SYS_pidfd_open, ps->spawner, 0);
	struct pollfd polled[] = { { ps->spawner_fd, POLLIN, 0 },
				   { pidfd, POLLIN, 0 } };
	bool answers;

	if (pidfd < 0)
		return false;
	while (poll(polled, 2, -1) < 0 && errno == EINTR)
		;
	answers = polled[0].revents & POLLIN;
	close(pidfd);
	return answers;
}

/* A process that was made to lend its memory to the module: has it? */
static int32_t await_lent(struct machine *m, pid_t pid)
{
	struct rusage usage;
	int status;
	pid_t got;

	do
		got = wait4(pid, &status, __WALL, &usage);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -EAGAIN;
	procs_add_usage(m, &usage);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EAGAIN;
}

static int32_t make(struct machine *m, uint32_t number)
{
	struct procs *ps = m->procs;
	int32_t pid = 0;

	if (!number || number >= LODGER_HOST_PROCESSES || ps->pid[number])
		return -EINVAL;
	if (!ps->spawner)
		return -EAGAIN;
	if (!tell(ps->spawner_fd, (int32_t)number) || !spawner_answers(m)) {
		kill(ps->spawner, SIGKILL);
		reap(m, &ps->spawner);
		return -EAGAIN;
	}
	if (!hear(ps->spawner_fd, &pid) || pid <= 0)
		return pid < 0 ? pid : -EAGAIN;
	if (ps->lend)
		return await_lent(m, pid);
	ps->pid[number] = pid;
	return 0;
}

static void drop(struct machine *m, uint32_t number)
{
	struct procs *ps = m->procs;

	if (number >= LODGER_HOST_PROCESSES || !ps->pid[number])
		return;
	kill(ps->pid[number], SIGKILL);
	reap(m, &ps->pid[number]);
}

/* Of all that were ever made; those that have ended with what they had then. */
static bool voluntary_switches(const struct machine *m, uint64_t *sum)
{
	const struct procs *ps = m->procs;
	int tries = SWITCHES_TRIES;
	bool known = switches_of_sleeper(m->guest_pid, &tries, sum) &&
		     (!ps->spawner || switches_of_sleeper(ps->spawner, &tries, sum));

	for (uint32_t i = 1; known && i < LODGER_HOST_PROCESSES; i++)
		if (ps->pid[i])
			known = switches_of_sleeper(ps->pid[i], &tries, sum);
	*sum += (uint64_t)m->guest_rusage.ru_nvcsw;
	return known;
}

/* Each once. That the guest kernel waits for the answer is one more, not counted. */
static int32_t mark(struct machine *m, uint32_t which)
{
	struct switches *sw = &m->switches;
	bool end = which == LODGER_MARK_END;
	uint64_t sum = 0;

	if (!procs_want_marks(m) || sw->ended || sw->began != end)
		return -EINVAL;
	if (!voluntary_switches(m, &sum))
		return -EAGAIN;
	if (!end)
		sw->start = sum - 1;
	else if (sum > sw->start + 2)
		sw->since = sum - sw->start - 2;
	*(end ? &sw->ended : &sw->began) = true;
	return 0;
}

static void serve_request(struct machine *m)
{
	struct lodger_maker_request request;
	struct lodger_maker_reply reply;
	struct procs *ps = m->procs;

	if (recv(ps->maker_fd, &request, sizeof(request), MSG_DONTWAIT) !=
	    sizeof(request))
		return;
	if (request.op == LODGER_MAKER_DROP)
		drop(m, request.number);
	if (request.op != LODGER_MAKER_MAKE && request.op != LODGER_MAKER_MARK)
		return;
	reply.number = request.number;
	reply.result = request.op == LODGER_MAKER_MAKE ? make(m, request.number) :
							 mark(m, request.number);
	/* a guest kernel that does not read its answers goes without */
	send(ps->maker_fd, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- Deaths ---------------------------------------------------------------------- */

void procs_add_usage(struct machine *m, const struct rusage *usage)
{
	struct rusage *sum = &m->guest_rusage;

	timeradd(&sum->ru_utime, &usage->ru_utime, &sum->ru_utime);
	timeradd(&sum->ru_stime, &usage->ru_stime, &sum->ru_stime);
	sum->ru_nvcsw += usage->ru_nvcsw;
	sum->ru_nivcsw += usage->ru_nivcsw;
	if (usage->ru_maxrss > sum->ru_maxrss)
		sum->ru_maxrss = usage->ru_maxrss;
}

/*
 * The guest kernel looks at the mark when it wants to hand over to that process,
 * number 0 at SIGUSR1, whoever has the baton at any interrupt: so all get one, and
 * an idle machine the bell.
 */
static void tell_death(const struct machine *m, uint32_t number)
{
	const struct procs *ps = m->procs;
	const uint8_t dead = 1;
	const uint64_t ring = 1;

	if (pwrite(m->kmem_fd, &dead, 1,
		   LODGER_KFILE_OFFSET(LODGER_DEAD_ADDR) + number) != 1)
		return;
	kill(m->guest_pid, SIGUSR1);
	for (uint32_t i = 1; i < LODGER_HOST_PROCESSES; i++)
		if (ps->pid[i])
			kill(ps->pid[i], SIGIO);
	if (write(m->bell_fd, &ring, sizeof(ring)) < 0)
		return; /* it rings already */
}

/* Did the guest kernel switch the machine off in a process that ended so? A
 * refused call ends it too: where there is no listener, SIGSYS tells. */
static bool is_the_end(const struct machine *m, int status)
{
	static struct lodger_counters counters; /* large for a stack */

	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS;
	return !memory_read_counters(m, &counters) &&
	       counters.halt_reason != LODGER_HALT_NONE;
}

static bool serve_deaths(struct machine *m, int *status)
{
	struct procs *ps = m->procs;
	struct rusage usage;
	bool over = false;

	for (uint32_t i = 1; i < LODGER_HOST_PROCESSES && !over; i++) {
		if (!ps->pid[i] ||
		    wait4(ps->pid[i], status, WNOHANG | __WALL, &usage) <= 0)
			continue;
		ps->pid[i] = 0;
		procs_add_usage(m, &usage);
		over = is_the_end(m, *status);
		if (!over)
			tell_death(m, i);
	}
	return over;
}

size_t procs_fill_pollset(const struct machine *m, struct pollfd *polled)
{
	if (!m->procs)
		return 0;
	polled[0] = (struct pollfd){ m->procs->maker_fd, POLLIN, 0 };
	polled[1] = (struct pollfd){ m->procs->child_fd, POLLIN, 0 };
	return PROCS_POLLED;
}

bool procs_serve(struct machine *m, const struct pollfd *polled, int *status)
{
	struct signalfd_siginfo info;

	if (polled[0].revents & POLLIN)
		serve_request(m);
	if (!(polled[1].revents & POLLIN))
		return false;
	/* one signal may stand for several deaths */
	while (read(m->procs->child_fd, &info, sizeof(info)) == sizeof(info))
		;
	return serve_deaths(m, status);
}

void procs_end(struct machine *m)
{
	struct procs *ps = m->procs;

	if (!ps)
		return;
	if (ps->spawner > 0) {
		kill(ps->spawner, SIGKILL);
		reap(m, &ps->spawner);
	}
	for (uint32_t i = 1; i < LODGER_HOST_PROCESSES; i++)
		if (ps->pid[i])
			kill(ps->pid[i], SIGKILL);
	for (uint32_t i = 1; i < LODGER_HOST_PROCESSES; i++)
		if (ps->pid[i])
			reap(m, &ps->pid[i]);
}
