/*
 * The filter's listener: how it comes to the VMM process, what it tells, and
 * what is left when the host gives none. The children are those of
 * stub_child.h.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/boot.h"
#include "icept.h"
#include "listener.h"
#include "sandbox.h"
#include "stub_child.h"

/* What start.c does, without a machine around it. */
static void listening_child(const struct sample *sample, int fd, pid_t parent,
			    bool fails)
{
	struct filter_program program;
	pid_t helper;

	if (dup2(fd, LODGER_FD_END) < 0 ||
	    stub_child_prepare(&stub_child_env, sample) ||
	    close_range(LODGER_FD_END + 1, ~0U, 0) ||
	    stub_child_build(&program, &stub_child_env, sample, FILTER_REFLECT_TRAP))
		_exit(CHILD_FAILED);
	helper = listener_start_helper(LODGER_FD_END, parent);
	if (helper < 0 || sandbox_after_attach(parent, LODGER_FD_END))
		_exit(CHILD_FAILED);
	if (fails) {
		listener_give_up(LODGER_FD_END, helper);
		filter_inproc_without_listener(&program);
	}
	if (filter_inproc_install(&program, !fails) < 0)
		_exit(CHILD_FAILED);
	stub_child_call(sample, NULL);
	stub_child_leave(CHILD_PASSED);
}

static void start_listening(struct machine *m, const struct sample *sample,
			    bool fails)
{
	pid_t parent = getpid();
	int fd[2];

	*m = (struct machine){ .listener_fd = -1, .image = stub_child_image() };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	m->guest_pid = stub_child_fork();
	ck_assert_int_ge(m->guest_pid, 0);
	if (m->guest_pid == 0) {
		close(fd[0]);
		listening_child(sample, fd[1], parent, fails);
	}
	close(fd[1]);
	ck_assert_int_eq(icept_trap.attach(m), 0);
	ck_assert_int_eq(listener_receive(m, fd[0]), 0);
	close(fd[0]);
}

START_TEST(listener_names_the_call)
{
	const struct sample sample = CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 2, 3, 4, 5, 6 | HIGH);
	struct icept_event ev = { .kind = ICEPT_NONE };
	struct machine m;

	start_listening(&m, &sample, false);
	ck_assert_int_ge(m.listener_fd, 0);
	ck_assert_int_ne(fcntl(m.listener_fd, F_GETFD) & FD_CLOEXEC, 0);
	while (ev.kind == ICEPT_NONE)
		ck_assert_int_eq(icept_trap.next(&m, &ev), 0);
	ck_assert_int_eq(ev.kind, ICEPT_REFUSED_CALL);
	ck_assert_uint_eq(ev.call.nr, __NR_open);
	ck_assert_uint_eq(ev.call.arch, AUDIT_ARCH_X86_64);
	ck_assert_uint_eq(ev.call.ip, m.image.host_call_ip);
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(ev.call.arg[i], sample.reg[i + 1]);
	icept_trap.kill(&m);
	ck_assert_int_eq(m.guest_pid, -1);
	ck_assert(WIFSIGNALED(m.guest_status));
	ck_assert_int_eq(WTERMSIG(m.guest_status), SIGKILL);
	/* the helper is reaped, too */
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	free(m.icept_private);
}
END_TEST

static void run_to_end(struct machine *m)
{
	struct icept_event ev = { .kind = ICEPT_NONE };

	while (ev.kind == ICEPT_NONE)
		ck_assert_int_eq(icept_trap.next(m, &ev), 0);
	ck_assert_int_eq(ev.kind, ICEPT_EXITED);
	ck_assert_int_eq(m->guest_pid, -1);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	free(m->icept_private);
}

/* The end of the process is seen whether it comes before or after its
 * listener. */
START_TEST(listener_and_end)
{
	const struct sample sample = CALL(PASSES, STUBS, HOST, __NR_exit_group, 3);
	struct machine m;

	start_listening(&m, &sample, false);
	run_to_end(&m);
	ck_assert_int_eq(m.guest_status, 3 << 8);
	ck_assert_str_eq(m.report, "");
}
END_TEST

START_TEST(without_listener)
{
	const struct sample sample = CALL(REFUSED, STUBS, HOST, __NR_open, BASE);
	struct machine m;

	start_listening(&m, &sample, true);
	ck_assert_int_eq(m.listener_fd, -1);
	run_to_end(&m);
	ck_assert_int_eq(m.guest_status & ~0x80, SIGSYS);
	ck_assert_ptr_nonnull(strstr(m.report, "outside the policy"));
	ck_assert_uint_eq(m.count.refused, 1);
}
END_TEST

/* Nothing of the start is left in the table: the guest sees it through stubs
 * only, so this looks from outside. */
START_TEST(listener_leaves_no_descriptor)
{
	const struct sample sample = CALL(PASSES, STUBS, HOST, __NR_ppoll, 0, 0, 0, 0, 8);
	struct machine m;
	int pidfd, end, ram;

	start_listening(&m, &sample, false);
	pidfd = (int)syscall(SYS_pidfd_open, m.guest_pid, 0);
	ck_assert_int_ge(pidfd, 0);
	end = (int)syscall(SYS_pidfd_getfd, pidfd, LODGER_FD_END, 0);
	ck_assert_int_lt(end, 0);
	ram = (int)syscall(SYS_pidfd_getfd, pidfd, LODGER_FD_RAM, 0);
	/* EPERM: it is not dumpable, so nobody can look (but root) */
	if (ram >= 0)
		for (int fd = LODGER_FD_END; fd < LODGER_FD_END + 3; fd++)
			ck_assert_int_lt((int)syscall(SYS_pidfd_getfd, pidfd,
						      fd, 0), 0);
	close(pidfd);
	icept_trap.kill(&m);
	free(m.icept_private);
}
END_TEST
Suite *listener_suite(void);
Suite *listener_suite(void)
{
	Suite *suite = suite_create("listener");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 20);
	tcase_add_test(all, listener_names_the_call);
	tcase_add_loop_test(all, listener_and_end, 0, 20);
	tcase_add_test(all, without_listener);
	tcase_add_test(all, listener_leaves_no_descriptor);
	suite_add_tcase(suite, all);
	return suite;
}
