/*
 * Raw mode and its undoing. The settings found at the start come back
 *  - at terminal_end, on every ordinary way out;
 *  - while lodger is stopped (SIGTSTP), until it is continued;
 *  - when lodger is killed by SIGKILL: by the KEEPER, a child that does
 *    nothing but hold the terminal and read a pipe whose other end only the
 *    VMM process has. At its end of file the VMM is dead, and if the terminal
 *    is still in our raw mode the keeper resets it and exits. It has a process
 *    group of its own, so that a signal to lodger's whole group spares it.
 *
 * The state below is shared with the handlers: it is set up before they are
 * installed and changed only with them blocked. The VMM process has one
 * thread. The termios pair lies in memory shared with the keeper.
 */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct keeper_page {
	struct termios saved, raw;
	volatile bool active; /* the terminal is in raw mode now */
};

static struct {
	struct machine *m;
	struct keeper_page *page; /* NULL: no raw mode in this run */
	pid_t keeper;
	int pipe_fd; /* write end; closed by our death */
} term = { .keeper = -1, .pipe_fd = -1 };

static const int handled[] = { SIGWINCH, SIGTSTP, SIGCONT };
#define HANDLED_COUNT (sizeof(handled) / sizeof(handled[0]))

static bool same_settings(const struct termios *a, const struct termios *b)
{
	return a->c_iflag == b->c_iflag && a->c_oflag == b->c_oflag &&
	       a->c_cflag == b->c_cflag && a->c_lflag == b->c_lflag &&
	       !memcmp(a->c_cc, b->c_cc, sizeof(a->c_cc));
}

/* --- Raw mode; these three also run in handlers ----------------------------- */

/* A background process that sets the terminal is stopped by SIGTTOU. */
static bool in_foreground(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* not our controlling terminal: nobody else's job control either */
	return group < 0 || group == getpgrp();
}

static void go_raw(void)
{
	struct keeper_page *page = term.page;
	int fd = term.m->tty.fd;
	struct termios now;

	if (!page || !in_foreground(fd) || tcgetattr(fd, &now))
		return;
	if (page->active && same_settings(&now, &page->raw))
		return;
	page->saved = now;
	cfmakeraw(&now);
	if (term.m->tty_cooked)
		now.c_oflag = page->saved.c_oflag;
	now.c_cc[VMIN] = 1;
	now.c_cc[VTIME] = 0;
	page->raw = now;
	page->active = true;
	if (tcsetattr(fd, TCSANOW, &now)) {
		page->active = false;
		return;
	}
	/* The driver may not grant all: what it grants is what the keeper has
	 * to recognise. */
	if (!tcgetattr(fd, &now))
		page->raw = now;
}

static void go_back(void)
{
	struct keeper_page *page = term.page;

	if (!page || !page->active)
		return;
	if (in_foreground(term.m->tty.fd))
		tcsetattr(term.m->tty.fd, TCSANOW, &page->saved);
	page->active = false;
}

/* The signal interrupts a guest program, the bell an idle machine; both only
 * make the guest look at the terminal's size. With interception by ptrace any
 * signal, too, makes the guest-machine process stop for its tracer. */
static void ring_guest(void)
{
	const uint64_t one = 1;

	if (term.m->guest_pid <= 0)
		return;
	kill(term.m->guest_pid, SIGWINCH);
	if (write(term.m->bell_fd, &one, sizeof(one)) < 0)
		return; /* it rings already */
}

/* --- Handlers ----------------------------------------------------------------- */

/* Stops lodger as the default action would, with the terminal given back. The
 * guest stops too: it waits for a tracer that does not answer. */
static void stop_self(void)
{
	struct sigaction old, stop = { .sa_handler = SIG_DFL };
	sigset_t mask, in_handler;

	go_back();
	ring_guest();
	sigaction(SIGTSTP, &stop, &old);
	raise(SIGTSTP);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &mask, &in_handler); /* stops here */
	sigprocmask(SIG_SETMASK, &in_handler, NULL);
	sigaction(SIGTSTP, &old, NULL);
	go_raw(); /* an orphaned process group does not stop */
}

static void on_signal(int sig)
{
	int saved_errno = errno;

	switch (sig) {
	case SIGTSTP:
		stop_self();
		break;
	case SIGCONT:
		go_raw();
		ring_guest(); /* the size may have changed meanwhile */
		break;
	case SIGWINCH:
		ring_guest();
		break;
	}
	errno = saved_errno;
}

static int install_handlers(void)
{
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = SA_RESTART };
	struct sigaction old;

	for (size_t i = 0; i < HANDLED_COUNT; i++) {
		/* A shell without job control starts us with SIGTSTP ignored,
		 * and so it must stay. */
		if (!sigaction(handled[i], NULL, &old) &&
		    old.sa_handler == SIG_IGN)
			continue;
		if (sigaction(handled[i], &action, NULL)) {
			machine_complain("cannot install signal handlers: %s",
					 strerror(errno));
			return -1;
		}
	}
	return 0;
}

static void block_handled(sigset_t *old)
{
	sigset_t mask;

	sigemptyset(&mask);
	for (size_t i = 0; i < HANDLED_COUNT; i++)
		sigaddset(&mask, handled[i]);
	sigprocmask(SIG_BLOCK, &mask, old);
}

/* --- The keeper ------------------------------------------------------------------ */

/* All signals are blocked, SIGTTOU with them: that lets a background process
 * set its terminal (tcsetattr(3p)). */
static void __attribute__((noreturn))
keeper_main(const struct keeper_page *page, int tty_fd, int pipe_fd)
{
	struct termios now;
	ssize_t got;
	char byte;

	prctl(PR_SET_NAME, "lodger-keeper", 0, 0, 0);
	setpgid(0, 0);
	/* neither lies below 3; nothing else stays open, no end of a pipe and
	 * no memory file */
	if (dup2(tty_fd, 0) < 0 || dup2(pipe_fd, 1) < 0 ||
	    close_range(2, ~0U, 0))
		_exit(1);
	do
		got = read(1, &byte, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	if (page->active && !tcgetattr(0, &now) &&
	    same_settings(&now, &page->raw))
		tcsetattr(0, TCSANOW, &page->saved);
	_exit(0);
}

static int start_keeper(const struct keeper_page *page, int tty_fd)
{
	sigset_t all, old;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	term.keeper = fork();
	if (term.keeper == 0)
		keeper_main(page, tty_fd, fd[0]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(fd[0]);
	if (term.keeper < 0) {
		close(fd[1]);
		return -EAGAIN;
	}
	/* here too: it must be out of our group before the terminal is raw */
	setpgid(term.keeper, term.keeper);
	term.pipe_fd = fd[1];
	return 0;
}

/* --- Begin and end ----------------------------------------------------------------- */

static int prepare_raw(struct machine *m)
{
	struct keeper_page *page;
	int err;

	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		machine_complain("no memory for the terminal's settings");
		return -1;
	}
	err = start_keeper(page, m->tty.fd);
	if (err) {
		munmap(page, sizeof(*page));
		machine_complain("cannot start the terminal's keeper: %s",
				 strerror(-err));
		return -1;
	}
	term.page = page;
	return 0;
}

int terminal_begin(struct machine *m)
{
	sigset_t old;
	int err = 0;

	term.m = m;
	block_handled(&old);
	if (m->tty.fd >= 0 && m->stream[0].kind == LODGER_STREAM_TTY)
		err = prepare_raw(m);
	if (!err)
		err = install_handlers();
	if (!err)
		go_raw();
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (err)
		terminal_end();
	return err;
}

void terminal_end(void)
{
	sigset_t old;

	block_handled(&old);
	go_back();
	if (term.keeper > 0) {
		/* it has nothing left to do, and may be stopped */
		kill(term.keeper, SIGKILL);
		while (waitpid(term.keeper, NULL, 0) < 0 && errno == EINTR)
			;
		term.keeper = -1;
		close(term.pipe_fd);
		term.pipe_fd = -1;
	}
	if (term.page) {
		munmap(term.page, sizeof(*term.page));
		term.page = NULL;
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
}
