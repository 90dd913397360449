/*
 * Birth of the guest-machine process. It is a fork of the VMM process that
 * confines itself, waits until it is traced, maps the window and jumps to the
 * guest kernel, whose first act is to unmap everything hosted (start.S).
 *
 *   VMM process                 child
 *   fork ---------------------> place descriptors, sandbox_before_attach
 *   read "ready"  <------------ write
 *   icept->attach (seize)
 *   write "go" ---------------> sandbox_after_attach, map window, filter, jump
 *
 * One socket pair carries both bytes; either side's death reads as end of
 * file on the other.
 */
#include "start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "icept.h"
#include "memory.h"
#include "policy.h"
#include "policy_env.h"
#include "sandbox.h"
#include "streams.h"

static bool send_byte(int fd)
{
	return send(fd, "x", 1, MSG_NOSIGNAL) == 1;
}

static bool receive_byte(int fd)
{
	char byte;
	ssize_t n;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static void jump_to_kernel(const struct machine *m) __attribute__((noreturn));
static void jump_to_kernel(const struct machine *m)
{
	__asm__ volatile("jmp *%0" : : "r"(m->image.entry) : "memory");
	__builtin_unreachable();
}

static void child_main(struct machine *m, int fd, pid_t vmm_pid)
	__attribute__((noreturn));
static void child_main(struct machine *m, int fd, pid_t vmm_pid)
{
	struct policy_env env;
	int trace_fd = m->trace ? fileno(m->trace) : STDERR_FILENO;
	int err;

	policy_env_fill(&env, m);
	if (sandbox_place_descriptors(m, trace_fd, &fd) ||
	    sandbox_before_attach(vmm_pid))
		_exit(EXIT_LODGER);
	/* the descriptor numbers are the guest's from here on */
	m->kmem_fd = LODGER_FD_KMEM;
	if (memory_map_window(m) || !send_byte(fd) || !receive_byte(fd))
		_exit(EXIT_LODGER);
	if (sandbox_after_attach(vmm_pid))
		_exit(EXIT_LODGER);
	err = policy_install_filter(&env);
	if (err) {
		machine_complain("cannot install the system-call filter: %s",
				 strerror(-err));
		_exit(EXIT_LODGER);
	}
	jump_to_kernel(m);
}

static int abandon(struct machine *m)
{
	int status;

	kill(m->guest_pid, SIGKILL);
	while (waitpid(m->guest_pid, &status, __WALL) < 0 && errno == EINTR)
		;
	m->guest_pid = -1;
	return -1;
}

int start_guest(struct machine *m)
{
	pid_t vmm_pid = getpid();
	int fd[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd)) {
		machine_complain("cannot create a socket pair: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	m->guest_pid = fork();
	if (m->guest_pid == 0)
		child_main(m, fd[1], vmm_pid);
	close(fd[1]);
	if (m->guest_pid < 0) {
		machine_complain("cannot start the guest-machine process: %s",
				 strerror(errno));
		close(fd[0]);
		return -1;
	}
	if (!receive_byte(fd[0]) || streams_arm(m)) {
		/* the child has said why */
		close(fd[0]);
		return abandon(m);
	}
	err = m->icept->attach(m);
	if (err)
		machine_complain("cannot trace the guest-machine process (ptrace): %s; see `lodger doctor`",
				 strerror(-err));
	else if (!send_byte(fd[0]))
		err = -EPIPE;
	close(fd[0]);
	return err ? abandon(m) : 0;
}
