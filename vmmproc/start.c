/*
 * Birth of the guest-machine process. It is a fork of the VMM process that
 * confines itself, maps the window, waits until the VMM process has taken
 * charge of it and jumps to the guest kernel, whose first act is to unmap
 * everything hosted (start.S).
 *
 *   VMM process                 child
 *   fork ---------------------> place descriptors, sandbox_before_attach
 *   read "ready"  <------------ map window, write
 *   icept->attach
 *   write "go" ---------------> sandbox_after_attach, filter, jump
 *   take the listener, if the filter has one (listener.c)
 *
 * One socket pair carries all of it; either side's death reads as end of
 * file on the other. With --space multi the child forks the spawner (procs.h)
 * when the window is mapped. Where every call is traced the guest kernel begins with
 * the int3 that the tracer waits for, else right after it.
 */
#include "start.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filter_inproc.h"
#include "icept.h"
#include "listener.h"
#include "memory.h"
#include "policy.h"
#include "policy_env.h"
#include "procs.h"
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

/* --- The child ---------------------------------------------------------------- */

static void jump_to(uint64_t address) __attribute__((noreturn));
static void jump_to(uint64_t address)
{
	__asm__ volatile("jmp *%0" : : "r"(address) : "memory");
	__builtin_unreachable();
}

static void leave_unfiltered(int err) __attribute__((noreturn));
static void leave_unfiltered(int err)
{
	machine_complain("cannot install the system-call filter: %s",
			 strerror(-err));
	_exit(EXIT_LODGER);
}

static void enter_traced(const struct machine *m, pid_t vmm_pid)
	__attribute__((noreturn));
static void enter_traced(const struct machine *m, pid_t vmm_pid)
{
	struct policy_env env;
	int err;

	policy_env_fill(&env, m);
	if (sandbox_after_attach(vmm_pid, -1))
		_exit(EXIT_LODGER);
	err = policy_install_filter(&env);
	if (err)
		leave_unfiltered(err);
	jump_to(m->image.entry);
}

static int install(const struct machine *m,
		   const struct filter_program *program, bool with_listener)
{
	return m->icept->install ?
		       m->icept->install(m, program, with_listener) :
		       filter_inproc_install(program, with_listener);
}

/* The filter with its listener, or the one that does without. fd, the socket
 * to the VMM process, must be open until a helper has closed it. */
static int install_trap(const struct machine *m,
			struct filter_program *program, int fd, pid_t helper)
{
	int err = helper < 0 ? -EAGAIN : install(m, program, true);

	if (err >= 0)
		return 0;
	listener_give_up(fd, helper);
	filter_inproc_without_listener(program);
	return install(m, program, false);
}

static void enter_in_process(const struct machine *m,
			     struct filter_program *program, int fd,
			     pid_t vmm_pid) __attribute__((noreturn));
static void enter_in_process(const struct machine *m,
			     struct filter_program *program, int fd,
			     pid_t vmm_pid)
{
	bool listener = m->icept->filter == ICEPT_FILTER_TRAP;
	pid_t helper = listener ? listener_start_helper(fd, vmm_pid) : -1;
	int err;

	if (sandbox_after_attach(vmm_pid, listener ? fd : -1))
		_exit(EXIT_LODGER);
	err = listener ? install_trap(m, program, fd, helper) :
			 install(m, program, false);
	if (err)
		leave_unfiltered(err);
	jump_to(m->image.entry_ready);
}

/* A further host process, a child of the spawner's, confined as far as that is.
 * Of --space kmod it only lends its address space; of --space multi it runs. Its filter has no listener, and says so by killing. */
static void enter_further(const struct machine *m,
			  struct filter_program *program, uint32_t number,
			  pid_t vmm_pid) __attribute__((noreturn));
static void enter_further(const struct machine *m,
			  struct filter_program *program, uint32_t number,
			  pid_t vmm_pid)
{
	int err;

	if (m->icept->lend) /* that is all that it is for */
		_exit(m->icept->lend(number) ? EXIT_LODGER : 0);
	if (memory_write_number(number) || sandbox_further(vmm_pid))
		_exit(EXIT_LODGER);
	filter_inproc_without_listener(program);
	err = install(m, program, false);
	if (err)
		leave_unfiltered(err);
	jump_to(m->image.join);
}

static void child_main(struct machine *m, struct filter_program *program,
		       int fd, pid_t vmm_pid) __attribute__((noreturn));
static void child_main(struct machine *m, struct filter_program *program,
		       int fd, pid_t vmm_pid)
{
	int trace_fd = m->trace ? fileno(m->trace) : STDERR_FILENO;
	int number;

	if (sandbox_place_descriptors(m, trace_fd, &fd) ||
	    sandbox_before_attach(vmm_pid))
		_exit(EXIT_LODGER);
	/* the descriptor numbers are the guest's from here on */
	m->kmem_fd = LODGER_FD_KMEM;
	if (memory_map_window(m))
		_exit(EXIT_LODGER);
	number = m->procs ? procs_start_spawner(vmm_pid) : 0;
	if (number > 0)
		enter_further(m, program, (uint32_t)number, vmm_pid);
	if (!send_byte(fd) || !receive_byte(fd))
		_exit(EXIT_LODGER);
	if (m->icept->become && m->icept->become(m))
		_exit(EXIT_LODGER);
	if (m->icept->filter == ICEPT_FILTER_TRACED)
		enter_traced(m, vmm_pid);
	enter_in_process(m, program, fd, vmm_pid);
}

/* --- The VMM process ------------------------------------------------------------ */

static enum filter_reflect reflection(enum icept_filter filter)
{
	switch (filter) {
	case ICEPT_FILTER_TRACE:
		return FILTER_REFLECT_TRACE;
	case ICEPT_FILTER_EMU:
		return FILTER_REFLECT_EMU;
	case ICEPT_FILTER_TRAP:
	case ICEPT_FILTER_TRACED: /* has no such filter */
		break;
	}
	return FILTER_REFLECT_TRAP;
}

/* The in-process modes' filter, which the child will inherit ready-made. */
static int build_filter(const struct machine *m, struct filter_program *program)
{
	struct policy_env env;
	int err;

	*program = (struct filter_program){ .fprog = { 0, NULL } };
	if (m->icept->filter == ICEPT_FILTER_TRACED)
		return 0;
	policy_env_fill(&env, m);
	err = filter_inproc_build(program, &env, &m->image,
				  reflection(m->icept->filter));
	if (err)
		machine_complain("cannot make the system-call filter: %s",
				 strerror(-err));
	return err;
}

static int abandon(struct machine *m)
{
	int status;

	procs_end(m);
	kill(m->guest_pid, SIGKILL);
	while (waitpid(m->guest_pid, &status, __WALL) < 0 && errno == EINTR)
		;
	m->guest_pid = -1;
	return -1;
}

/* From "ready" to the end of the child's start. 0, or -1 after a sentence,
 * the child's own where it died. */
static int take_charge(struct machine *m, int fd)
{
	int err;

	if (!receive_byte(fd) || streams_arm(m))
		return -1;
	err = procs_begin(m);
	if (err) {
		machine_complain("the spawner of host processes is gone: %s",
				 strerror(-err));
		return -1;
	}
	err = m->icept->attach(m);
	if (err) {
		machine_complain("cannot take charge of the guest-machine process by %s: %s; see `lodger doctor`",
				 m->icept->name, strerror(-err));
		return -1;
	}
	if (!send_byte(fd))
		return -1;
	if (m->icept->filter != ICEPT_FILTER_TRAP)
		return 0;
	err = listener_receive(m, fd);
	if (err)
		machine_complain("the filter's listener got lost: %s",
				 strerror(-err));
	return err ? -1 : 0;
}

static int fork_guest(struct machine *m, struct filter_program *program)
{
	pid_t vmm_pid = getpid();
	int fd[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) {
		machine_complain("cannot create a socket pair: %s", strerror(errno));
		return -1;
	}
	fflush(NULL);
	m->guest_pid = fork();
	if (m->guest_pid == 0)
		child_main(m, program, fd[1], vmm_pid);
	close(fd[1]);
	if (m->guest_pid < 0) {
		machine_complain("cannot start the guest-machine process: %s",
				 strerror(errno));
		close(fd[0]);
		return -1;
	}
	err = take_charge(m, fd[0]);
	close(fd[0]);
	return err ? abandon(m) : 0;
}

int start_guest(struct machine *m)
{
	struct filter_program program;
	int err = build_filter(m, &program);

	if (err)
		return -1;
	err = procs_create(m);
	if (!err)
		err = fork_guest(m, &program);
	filter_inproc_free(&program);
	return err;
}
