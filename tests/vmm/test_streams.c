/*
 * Streams and terminal, each case in a forked child that arranges its own
 * descriptors 0, 1 and 2. A child's verdict is its exit status: 0, or the
 * line of the check that failed.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "complain.h"
#include "machine.h"
#include "streams.h"
#include "terminal.h"

/* Exit status of a child: its failing line modulo 250, never 0. */
#define NEED(condition)                                           \
	do {                                                      \
		if (!(condition))                                 \
			_exit(__LINE__ % 250 ? __LINE__ % 250 : 1); \
	} while (0)

static struct options opt;
static struct machine machine = { .opt = &opt,
				  .guest_pid = -1,
				  .bell_fd = -1 };

static int in_child(void (*act)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(10);
		act();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

#define EXPECT_CHILD(act)                                                    \
	do {                                                                 \
		int status_ = in_child(act);                                 \
		ck_assert_msg(status_ == 0, #act ": status %#x, line %d (mod 250)", \
			      (unsigned)status_, status_ >> 8);              \
	} while (0)

/* fd becomes number to and is closed itself. */
static void put(int fd, int to)
{
	NEED(fd >= 0);
	NEED(dup2(fd, to) == to);
	if (fd > 2)
		close(fd);
}

static void put_file(int to)
{
	put(open("/tmp", O_TMPFILE | O_RDWR, 0600), to);
}

static void act_pipes(void)
{
	int in[2], out[2];

	NEED(!pipe(in) && !pipe(out));
	put(in[0], 0);
	put(out[1], 1);
	put_file(2);
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_PIPE);
	NEED(machine.stream[1].kind == LODGER_STREAM_PIPE);
	NEED(machine.stream[2].kind == LODGER_STREAM_FILE);
	NEED(machine.tty.fd == -1 && machine.tty_cooked);
	/* stdin has a description of its own; the shared one is untouched */
	NEED(machine.stream[0].reopened && machine.stream[0].fd > 2);
	NEED(!(fcntl(0, F_GETFL) & O_NONBLOCK));
	machine.guest_pid = getpid();
	signal(SIGIO, SIG_IGN);
	NEED(!streams_arm(&machine));
	NEED(fcntl(machine.stream[0].fd, F_GETFL) & O_ASYNC);
	NEED(!(fcntl(0, F_GETFL) & O_ASYNC));
	NEED(streams_boot_flags(&machine) == LODGER_BOOT_SIGIO_STDIN);
	/* its end of file is seen */
	close(in[1]);
	struct pollfd p = { machine.stream[0].fd, POLLIN, 0 };
	char byte;
	NEED(poll(&p, 1, 1000) == 1 && p.revents & POLLHUP);
	NEED(read(machine.stream[0].fd, &byte, 1) == 0);
	streams_close(&machine);
	NEED(machine.stream[0].fd == 0);
}

static volatile sig_atomic_t got_io;

static void on_io(int sig)
{
	(void)sig;
	got_io = 1;
}

static void act_sigio(void)
{
	int in[2];

	NEED(!pipe(in));
	put(in[0], 0);
	NEED(!streams_open(&machine));
	signal(SIGIO, on_io);
	machine.guest_pid = getpid();
	NEED(!streams_arm(&machine));
	NEED(write(in[1], "x", 1) == 1);
	NEED(got_io);
}

static void act_closed(void)
{
	close(0);
	close(1);
	close(2);
	NEED(!streams_open(&machine));
	for (int i = 0; i < 3; i++) {
		NEED(machine.stream[i].fd == -1);
		NEED(machine.stream[i].kind == LODGER_STREAM_CLOSED);
		NEED(fcntl(i, F_GETFD) >= 0); /* a placeholder */
	}
	NEED(open("/dev/null", O_RDONLY) > 2);
}

static void act_devices(void)
{
	int pair[2];

	put(open("/dev/null", O_RDONLY), 0);
	NEED(!socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	put(pair[0], 1);
	put(open("/dev/zero", O_RDONLY), 2);
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_CHAR);
	NEED(machine.stream[1].kind == LODGER_STREAM_SOCKET);
	NEED(machine.stream[2].kind == LODGER_STREAM_CHAR);
}

static void act_named_fifo(void)
{
	char path[] = "/tmp/lodger-fifo-XXXXXX";

	NEED(mkdtemp(path));
	NEED(!chdir(path));
	NEED(!mkfifo("fifo", 0600));
	put(open("fifo", O_RDWR), 0);
	NEED(!unlink("fifo") && !chdir("/") && !rmdir(path));
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_PIPE);
	NEED(!machine.stream[0].reopened && machine.stream[0].fd == 0);
}

/* --- Terminals ---------------------------------------------------------------------- */

/* A session of its own with a new controlling terminal on 0, 1 and 2; the
 * master is returned. */
static int new_terminal(void)
{
	int master, slave;

	NEED(!openpty(&master, &slave, NULL, NULL, NULL));
	NEED(setsid() >= 0);
	NEED(!ioctl(slave, TIOCSCTTY, 0));
	for (int i = 0; i < 3; i++)
		NEED(dup2(slave, i) == i);
	close(slave);
	return master;
}

static void act_terminal(void)
{
	new_terminal();
	NEED(!streams_open(&machine));
	for (int i = 0; i < 3; i++)
		NEED(machine.stream[i].kind == LODGER_STREAM_TTY);
	NEED(machine.tty.fd > 2 && machine.tty.reopened);
	NEED(!machine.tty_cooked);
	NEED(streams_boot_flags(&machine) == LODGER_BOOT_SIGIO_TTY);
}

static void act_terminal_output_only(void)
{
	char byte;

	new_terminal();
	put(open("/dev/null", O_RDONLY), 0);
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_CHAR);
	NEED(machine.stream[1].kind == LODGER_STREAM_TTY);
	NEED(machine.tty.fd > 2 && machine.tty_cooked);
	NEED(read(machine.tty.fd, &byte, 1) < 0 && errno == EBADF);
	NEED(streams_boot_flags(&machine) == LODGER_BOOT_TTY_COOKED);
	NEED(!terminal_begin(&machine));
	struct termios now;
	NEED(!tcgetattr(1, &now) && now.c_lflag & ICANON);
	terminal_end();
}

static void act_two_terminals(void)
{
	int master, slave;

	new_terminal();
	NEED(!openpty(&master, &slave, NULL, NULL, NULL));
	put(slave, 1);
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_TTY);
	NEED(machine.stream[1].kind == LODGER_STREAM_CHAR);
	NEED(machine.stream[2].kind == LODGER_STREAM_TTY);
	NEED(machine.tty_cooked);
}

/* /dev/tty is the same terminal by another name. */
static void act_dev_tty(void)
{
	new_terminal();
	put(open("/dev/tty", O_RDWR), 0);
	NEED(!streams_open(&machine));
	NEED(machine.stream[0].kind == LODGER_STREAM_TTY);
	NEED(machine.stream[1].kind == LODGER_STREAM_TTY);
	NEED(!machine.tty_cooked);
}

static bool is_raw(int fd)
{
	struct termios now;

	return !tcgetattr(fd, &now) && !(now.c_lflag & (ICANON | ECHO | ISIG));
}

static void begin_raw(void)
{
	machine.bell_fd = eventfd(0, EFD_NONBLOCK);
	NEED(!streams_open(&machine));
	NEED(!is_raw(0));
	NEED(!terminal_begin(&machine));
	NEED(is_raw(0));
}

static void act_raw_and_back(void)
{
	struct termios before, after;

	new_terminal();
	tcgetattr(0, &before);
	begin_raw();
	tcgetattr(0, &after);
	NEED(!(after.c_oflag & OPOST));
	terminal_end();
	tcgetattr(0, &after);
	NEED(after.c_lflag == before.c_lflag && after.c_oflag == before.c_oflag);
	NEED(waitpid(-1, NULL, 0) < 0 && errno == ECHILD); /* no keeper */
	terminal_end();
}

static void act_raw_output_cooked(void)
{
	struct termios now;

	new_terminal();
	put_file(1);
	begin_raw();
	tcgetattr(0, &now);
	NEED(now.c_oflag & OPOST);
	terminal_end();
}

/* Waits until the terminal behind fd is raw, or is not. */
static bool wait_raw(int fd, bool raw)
{
	for (int i = 0; i < 500; i++) {
		if (is_raw(fd) == raw)
			return true;
		usleep(10000);
	}
	return false;
}

/* The keeper gives the terminal back when its owner, with the whole process
 * group, is killed. */
static void act_killed(void)
{
	int status, master = new_terminal();
	pid_t pid = fork();

	(void)master;
	signal(SIGTTOU, SIG_IGN);
	if (pid == 0) {
		setpgid(0, 0);
		NEED(!tcsetpgrp(0, getpid()));
		begin_raw();
		for (;;)
			pause();
	}
	NEED(wait_raw(0, true));
	kill(-pid, SIGKILL);
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(WIFSIGNALED(status));
	NEED(wait_raw(0, false));
}

/* Stopped by SIGTSTP the terminal is back; continued, raw again. */
static void act_stopped(void)
{
	int status, master = new_terminal();
	pid_t pid = fork();

	(void)master;
	signal(SIGTTOU, SIG_IGN);
	if (pid == 0) {
		setpgid(0, 0);
		NEED(!tcsetpgrp(0, getpid()));
		begin_raw();
		kill(getppid(), SIGCONT);
		for (;;)
			pause();
	}
	NEED(wait_raw(0, true));
	kill(pid, SIGTSTP);
	NEED(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	NEED(!is_raw(0));
	/* in the background it must not touch the terminal */
	NEED(!tcsetpgrp(0, getpid()));
	kill(pid, SIGCONT);
	NEED(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	usleep(50000);
	NEED(!is_raw(0));
	NEED(!tcsetpgrp(0, pid));
	kill(pid, SIGCONT);
	NEED(wait_raw(0, true));
	/* once more: handlers are back */
	kill(pid, SIGTSTP);
	NEED(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	NEED(!is_raw(0));
	kill(pid, SIGKILL);
	NEED(waitpid(pid, &status, 0) == pid);
	NEED(!is_raw(0));
}

/* SIGWINCH rings the guest: by signal and by bell. */
static void act_winch(void)
{
	uint64_t rings = 0;
	pid_t guest;
	int status;
	sigset_t mask;

	new_terminal();
	begin_raw();
	sigemptyset(&mask);
	sigaddset(&mask, SIGWINCH);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	guest = fork();
	if (guest == 0) {
		int sig;

		sigwait(&mask, &sig);
		_exit(7);
	}
	machine.guest_pid = guest;
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	raise(SIGWINCH);
	NEED(waitpid(guest, &status, 0) == guest && WEXITSTATUS(status) == 7);
	machine.guest_pid = -1;
	NEED(read(machine.bell_fd, &rings, 8) == 8 && rings >= 1);
	raise(SIGWINCH); /* no guest: nothing, above all no kill(-1) */
	terminal_end();
}

#define CASE(name)                  \
	START_TEST(name)            \
	{                           \
		EXPECT_CHILD(act_##name); \
	}                           \
	END_TEST

CASE(pipes)
CASE(sigio)
CASE(closed)
CASE(devices)
CASE(named_fifo)
CASE(terminal)
CASE(terminal_output_only)
CASE(two_terminals)
CASE(dev_tty)
CASE(raw_and_back)
CASE(raw_output_cooked)
CASE(killed)
CASE(stopped)
CASE(winch)

Suite *streams_suite(void);
Suite *streams_suite(void)
{
	Suite *suite = suite_create("streams");
	TCase *streams = tcase_create("streams");
	TCase *terminals = tcase_create("terminals");

	tcase_add_test(streams, pipes);
	tcase_add_test(streams, sigio);
	tcase_add_test(streams, closed);
	tcase_add_test(streams, devices);
	tcase_add_test(streams, named_fifo);
	suite_add_tcase(suite, streams);

	tcase_set_timeout(terminals, 20);
	tcase_add_test(terminals, terminal);
	tcase_add_test(terminals, terminal_output_only);
	tcase_add_test(terminals, two_terminals);
	tcase_add_test(terminals, dev_tty);
	tcase_add_test(terminals, raw_and_back);
	tcase_add_test(terminals, raw_output_cooked);
	tcase_add_test(terminals, killed);
	tcase_add_test(terminals, stopped);
	tcase_add_test(terminals, winch);
	suite_add_tcase(suite, terminals);
	return suite;
}
