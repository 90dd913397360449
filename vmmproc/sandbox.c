/*
 * Confinement of the guest-machine process by itself (design: the wall
 * between guest kernel and host). Layers, outermost first: the policy's
 * filter (policy_filter.c), then what is here: no descriptors but the known
 * ones and no way to get more, no capabilities, no privileges to gain, empty
 * namespaces and an empty root directory. What a host forbids and the filter
 * covers anyway (namespaces, the empty root, the bounding set) is skipped in
 * silence and shown by `lodger doctor`; everything else must succeed.
 *
 * The process stays in the VMM's session and process group: a background
 * process group could not read the terminal. Terminal signals, and all others
 * that are no part of the machine, are ignored or reach the tracer, which drops
 * them; the VMM process acts on its own copy.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker.h"
#include "procs.h"

/* glibc's, sysdeps/unix/sysv/linux/x86/bits/rseq.h */
#define RSEQ_SIGNATURE 0x53053053
#define RSEQ_ALIGN 32

static int complain(const char *what, int err)
{
	machine_complain("cannot confine the guest: %s: %s", what,
			 strerror(err));
	return -1;
}

/* --- Descriptors ---------------------------------------------------------- */

/* Sources may lie among the targets, so all are first copied above them. */
int sandbox_move_descriptors(int *fd, int count)
{
	for (int i = 0; i < count; i++) {
		if (fd[i] < 0)
			continue;
		fd[i] = fcntl(fd[i], F_DUPFD, count);
		if (fd[i] < 0)
			return complain("copying descriptors", errno);
	}
	for (int i = 0; i < count; i++) {
		if (fd[i] < 0)
			close(i);
		else if (dup2(fd[i], i) < 0)
			return complain("placing descriptors", errno);
	}
	if (close_range((unsigned)count, ~0U, 0))
		return complain("closing descriptors", errno);
	return 0;
}

int sandbox_place_descriptors(const struct machine *m, int trace_fd,
			      int *go_fd)
{
	int fd[LODGER_FD_END + 1] = {
		[LODGER_FD_STDIN] = m->stream[0].fd,
		[LODGER_FD_STDOUT] = m->stream[1].fd,
		[LODGER_FD_STDERR] = m->stream[2].fd,
		[LODGER_FD_KMEM] = m->kmem_fd,
		[LODGER_FD_RAM] = m->ram_fd,
		[LODGER_FD_ROOT] = m->root_fd,
		[LODGER_FD_TRACE] = trace_fd,
		[LODGER_FD_TTY] = m->tty.fd,
		[LODGER_FD_BELL] = m->bell_fd,
		[LODGER_FD_MAKER] = procs_maker_end(m),
		[LODGER_FD_SPAWNER] = procs_spawner_end(m),
		[LODGER_FD_KMOD] = m->kmod_fd,
		[LODGER_FD_BROKER] = m->broker_guest_fd,
		[LODGER_FD_DISKIO] = m->diskio_fd,
		[LODGER_FD_HOSTIO] = m->hostio_guest_fd,
		[LODGER_FD_END] = *go_fd,
	};

	for (uint32_t i = 0; i < LODGER_MAX_BLOCK_FILES; i++)
		fd[LODGER_FD_BLOCK + i] = i < m->block_count ? m->block[i].fd : -1;
	if (sandbox_move_descriptors(fd, LODGER_FD_END + 1))
		return -1;
	if (*go_fd >= 0)
		*go_fd = LODGER_FD_END;
	return 0;
}

/* --- Signals -------------------------------------------------------------- */

static int reset_signals(void)
{
	/* SIGTTIN and SIGTTOU keep their default: ignored, a read of the
	 * terminal from the background would fail where it should wait. */
	static const int ignored[] = { SIGHUP,	SIGINT,	 SIGQUIT,   SIGPIPE,
				       SIGTERM, SIGTSTP, SIGUSR1,   SIGUSR2,
				       SIGXFSZ, SIGPROF, SIGVTALRM, SIGSTKFLT,
				       SIGPWR };
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t all;

	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL))
		return complain("blocking signals", errno);
	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &action, NULL); /* fails for SIGKILL and kin */
	action.sa_handler = SIG_IGN;
	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		if (sigaction(ignored[i], &action, NULL))
			return complain("ignoring signals", errno);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		if (sigaction(sig, &action, NULL))
			return complain("ignoring signals", errno);
	return 0;
}

/* --- Limits --------------------------------------------------------------- */

static int set_limit(__rlimit_resource_t resource, rlim_t value)
{
	const struct rlimit limit = { value, value };

	if (setrlimit(resource, &limit))
		return complain("setting resource limits", errno);
	return 0;
}

/* Guest memory must not reach a core file, not even one that a host-wide
 * setting asks for. The filter is best effort, the limit is not. */
static int forbid_core(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		ssize_t ignored = write(fd, "0", 1);

		(void)ignored;
		close(fd);
	}
	return set_limit(RLIMIT_CORE, 0);
}

/* --- Areas that the kernel writes behind the guest's back ------------------ */

/*
 * libc registered its rseq area, robust list and child-tid word with the host
 * kernel; the memory is about to go away. Registered sizes differ with libc
 * and kernel, and only the exact one unregisters.
 */
static int unregister_areas(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;
	int err = EINVAL;

	syscall(SYS_set_tid_address, NULL);
	if (syscall(SYS_set_robust_list, NULL, 3 * sizeof(long)))
		return complain("robust list", errno);
	if (__rseq_size == 0)
		return 0; /* libc did not register one */
	for (unsigned size = RSEQ_ALIGN; size <= 16 * RSEQ_ALIGN;
	     size += RSEQ_ALIGN) {
		if (!syscall(SYS_rseq, area, size, 1 /* UNREGISTER */,
			     RSEQ_SIGNATURE))
			return 0;
		err = errno;
	}
	return complain("unregistering rseq", err);
}

/* --- Privileges ----------------------------------------------------------- */

/*
 * Best effort: a user namespace of its own brings the right to make the rest
 * unprivileged. No uid map is written: nothing asks for its uid any more.
 * Afterwards the process's root directory is its own fdinfo, an empty place
 * for all that matters, and gone with it.
 */
static void unshare_namespaces(void)
{
	static const int also[] = { CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWNET,
				    CLONE_NEWCGROUP };
	int all = CLONE_NEWUSER;

	for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++)
		all |= also[i];
	if (unshare(all) && !unshare(CLONE_NEWUSER))
		for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++)
			unshare(also[i]);
	if (chroot("/proc/self/fdinfo") || chdir("/"))
		return;
}

static int drop_capabilities(void)
{
	cap_t none;
	int err = 0;

	/* Needs CAP_SETPCAP, which an own user namespace gives; without it
	 * no_new_privs keeps the bounding set from mattering. */
	for (cap_value_t cap = 0; cap < cap_max_bits(); cap++)
		if (cap_drop_bound(cap))
			break;
	cap_reset_ambient();
	none = cap_init();
	if (!none)
		return complain("capabilities", errno);
	if (cap_set_proc(none))
		err = errno;
	cap_free(none);
	if (err)
		return complain("dropping capabilities", err);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return complain("no_new_privs", errno);
	return 0;
}

/* Changing credentials clears the death signal, so this comes after that. A
 * parent that died meanwhile has sent none. */
int sandbox_die_with(pid_t vmm_pid)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return complain("death signal", errno);
	if (getppid() != vmm_pid)
		_exit(EXIT_LODGER);
	return 0;
}

int sandbox_before_attach(pid_t vmm_pid)
{
	if (sandbox_die_with(vmm_pid) || reset_signals() || forbid_core() ||
	    unregister_areas())
		return -1;
	prctl(PR_SET_NAME, "lodger-guest", 0, 0, 0);
	unshare_namespaces();
	if (drop_capabilities())
		return -1;
	return sandbox_die_with(vmm_pid);
}

/* No more than so many descriptors, no processes, nobody to look inside. */
static int limit_further(rlim_t descriptors, pid_t vmm_pid)
{
	/* ppoll refuses more descriptors than RLIMIT_NOFILE allows: the
	 * policy's eight are within it */
	if (set_limit(RLIMIT_NOFILE, descriptors) || set_limit(RLIMIT_NPROC, 0))
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return complain("dumpable", errno);
	return sandbox_die_with(vmm_pid);
}

int sandbox_after_attach(pid_t vmm_pid, int keep_fd)
{
	unsigned end = keep_fd < 0 ? LODGER_FD_END : LODGER_FD_END + 1;

	if (close_range(end, ~0U, 0))
		return complain("closing descriptors", errno);
	return limit_further(keep_fd < 0 ? end : end + 1, vmm_pid);
}

/* The table of descriptors is everybody's: the first process has closed what
 * is to be closed. */
int sandbox_further(pid_t vmm_pid)
{
	prctl(PR_SET_NAME, "lodger-guest", 0, 0, 0);
	return limit_further(LODGER_FD_END, vmm_pid);
}
