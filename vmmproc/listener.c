/*
 * How the listener gets to the VMM process.
 *
 * The guest-machine process installs its filter as its last act in hosted code,
 * and the descriptor of the listener is the result of that very call. Nobody
 * can fetch it from outside (the process is not dumpable), and no system call
 * of the process itself can send it any more. So a helper is cloned just
 * before, with a copy of the memory but the same table of descriptors:
 *
 *   child                        helper                    VMM process
 *   clone(CLONE_FILES|PARENT) -> waits until the number
 *   "helper is PID" ------------------------------------->  waits
 *   seccomp(NEW_LISTENER)        sees the number come up
 *   jump to the guest kernel     sends it ----------------> takes it
 *                                closes it and the socket   reaps the helper
 *                                in the shared table, ends
 *
 * The number is known beforehand: a new descriptor gets the lowest free one,
 * and nobody opens any in between. It is only in the table once the filter is
 * installed, so what the helper sends is the listener or nothing.
 *
 * The guest kernel may be running before the helper has closed the two. Its
 * policy has no call for the socket's number; the listener may have the number
 * of an absent stream or terminal, and reading, writing, polling and
 * TIOCGWINSZ of a listener do nothing.
 *
 * If the child ends before that the VMM process ends the helper. This is no
 * failure: a short-lived machine may be over before a helper that has to share
 * its CPU has looked again. The helper dies with the VMM process.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 20000 /* installing a filter takes some 50 us */

enum note_kind { NOTE_HELPER, NOTE_NONE, NOTE_LISTENER };

struct note {
	enum note_kind kind;
	pid_t helper;
};

union rights {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* passed: a descriptor to send along, or -1 */
static bool send_note(int fd, struct note note, int passed)
{
	struct iovec iov = { &note, sizeof(note) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	union rights rights = { .bytes = { 0 } };
	struct cmsghdr *head;

	if (passed >= 0) {
		msg.msg_control = rights.bytes;
		msg.msg_controllen = sizeof(rights.bytes);
		head = CMSG_FIRSTHDR(&msg);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(passed));
		memcpy(CMSG_DATA(head), &passed, sizeof(passed));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == sizeof(note);
}

/* --- In the child ---------------------------------------------------------------- */

static void helper_main(int fd, int expected, pid_t vmm_pid)
	__attribute__((noreturn));
static void helper_main(int fd, int expected, pid_t vmm_pid)
{
	const struct timespec pause_time = { 0, LOOK_AGAIN_NS };

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	while (getppid() == vmm_pid && fcntl(expected, F_GETFD) < 0)
		nanosleep(&pause_time, NULL);
	send_note(fd, (struct note){ NOTE_LISTENER, 0 }, expected);
	close(expected);
	close(fd);
	_exit(0);
}

/* The number that the next descriptor will get, or -1. */
static int lowest_free(int fd)
{
	int lowest = fcntl(fd, F_DUPFD, 0);

	if (lowest >= 0)
		close(lowest);
	return lowest;
}

pid_t listener_start_helper(int fd, pid_t vmm_pid)
{
	int expected = lowest_free(fd);
	long pid = -1;

	/* not fork(3): the table is shared and the parent is the VMM process */
	if (expected >= 0)
		pid = syscall(SYS_clone, CLONE_FILES | CLONE_PARENT | SIGCHLD,
			      0, 0, 0, 0);
	if (pid == 0)
		helper_main(fd, expected, vmm_pid);
	if (pid < 0)
		send_note(fd, (struct note){ NOTE_NONE, -1 }, -1);
	else
		send_note(fd, (struct note){ NOTE_HELPER, (pid_t)pid }, -1);
	return (pid_t)pid;
}

void listener_give_up(int fd, pid_t helper)
{
	/* the VMM process ends the helper: were it dead before the note is
	 * there it would seem to have lost the listener */
	if (helper > 0)
		send_note(fd, (struct note){ NOTE_NONE, -1 }, -1);
	close(fd);
}

/* --- In the VMM process ------------------------------------------------------------ */

/* Returns 1 with a note, or -errno; -EPIPE when the other side is gone. */
static int receive_note(int fd, struct note *note, int *passed)
{
	struct iovec iov = { note, sizeof(*note) };
	union rights rights;
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = rights.bytes,
			      .msg_controllen = sizeof(rights.bytes) };
	struct cmsghdr *head;
	ssize_t n;

	*passed = -1;
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&msg);
	if (head && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(*passed)))
		memcpy(passed, CMSG_DATA(head), sizeof(*passed));
	return n == sizeof(*note) ? 1 : -EPIPE;
}

/* Waits for a note or the end of a process: as receive_note, but 0 when it is
 * the child that has ended. */
static int wait_note(int fd, int child_pidfd, int helper_pidfd,
		     struct note *note, int *passed)
{
	struct pollfd polled[] = { { fd, POLLIN, 0 },
				   { child_pidfd, POLLIN, 0 },
				   { helper_pidfd, POLLIN, 0 } };

	while (poll(polled, 3, -1) < 0)
		if (errno != EINTR)
			return -errno;
	if (polled[0].revents)
		return receive_note(fd, note, passed);
	return polled[1].revents ? 0 : -EPIPE;
}

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* The note that follows NOTE_HELPER; afterwards the helper is reaped. One that
 * has sent the listener still has to close it in the child's table. */
static int wait_helper(int fd, int child_pidfd, struct note *note, int *passed)
{
	pid_t helper = note->helper;
	int pidfd = open_pidfd(helper);
	int got = wait_note(fd, child_pidfd, pidfd, note, passed);

	if (got != 1 || note->kind != NOTE_LISTENER)
		kill(helper, SIGKILL);
	while (waitpid(helper, NULL, __WALL) < 0 && errno == EINTR)
		;
	if (pidfd >= 0)
		close(pidfd);
	return got;
}

int listener_receive(struct machine *m, int fd)
{
	int pidfd = open_pidfd(m->guest_pid);
	struct note note = { NOTE_NONE, -1 };
	int passed = -1, got;

	if (pidfd < 0)
		return -errno;
	got = wait_note(fd, pidfd, -1, &note, &passed);
	if (got == 1 && note.kind == NOTE_HELPER)
		got = wait_helper(fd, pidfd, &note, &passed);
	if (got == 1 && note.kind == NOTE_LISTENER)
		m->listener_fd = passed;
	close(pidfd);
	return got < 0 ? got : 0;
}
