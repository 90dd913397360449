/*
 * Pseudo terminals that control a session: who hears of an end, keys, groups,
 * giving up and stealing, exclusive use.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <termios.h>
#include <test.h>
#include <unistd.h>

#include "libpty.h"

/* ---- ends --------------------------------------------------------------------- */

static volatile sig_atomic_t hups, conts, winches, ints, ttous;

static void count(int sig)
{
	if (sig == SIGHUP)
		hups++;
	if (sig == SIGCONT)
		conts++;
	if (sig == SIGWINCH)
		winches++;
	if (sig == SIGINT)
		ints++;
	if (sig == SIGTTOU)
		ttous++;
}

static void watch_signals(void)
{
	signal(SIGHUP, count);
	signal(SIGCONT, count);
	signal(SIGWINCH, count);
	signal(SIGINT, count);
	signal(SIGTTOU, count);
}

/* In a child: leads a session that p's slave controls. */
static void lead(struct pair *p)
{
	CHECK_OK(setsid());
	watch_signals();
	CHECK_OK(ioctl(p->slave, TIOCSCTTY, 0));
	CHECK_EQ(tcgetpgrp(p->slave), getpid());
}

static void hangup_of_leader(void)
{
	struct pair p = open_pair();

	lead(&p);
	close(p.master);
	CHECK_EQ(hups, 1);
	CHECK_EQ(conts, 1);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	CHECK_ERR(tcgetpgrp(p.slave), EIO);
	CHECK_ERR(tcsetpgrp(p.slave, getpid()), ENOTTY);
}

static void master_close_hangs_up(void)
{
	test_child(hangup_of_leader);
}

static void hang_up_oneself(void)
{
	struct pair p = open_pair();

	CHECK_OK(SYS(vhangup)); /* nothing to hang up */
	lead(&p);
	CHECK_OK(SYS(vhangup));
	CHECK_EQ(hups, 1);
	CHECK_EQ(conts, 1);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	CHECK_ERR(tcgetpgrp(p.slave), EIO);
	CHECK_EQ(write(p.slave, "x", 1), -1);
}

static void hang_up_as_user(void)
{
	CHECK_ERR(SYS(vhangup), EPERM);
}

static void vhangup_hangs_up(void)
{
	test_need_root();
	test_child(hang_up_oneself);
	test_as_user(hang_up_as_user);
}

/* The group in front hears of a hangup when the leader ends. */
static void lead_and_end(int reports)
{
	struct pair p = open_pair();
	int ready[2];
	char byte;

	CHECK_OK(pipe(ready));
	lead(&p);
	if (test_fork() == 0) {
		CHECK_OK(setpgid(0, 0));
		signal(SIGTTOU, SIG_IGN);
		CHECK_OK(tcsetpgrp(p.slave, getpid()));
		close(p.master);
		put(ready[1], "r");
		WAIT_UNTIL(hups);
		put(reports, conts ? "c" : "-");
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	CHECK_EQ(hups, 0);
	close(p.master);
	WAIT_UNTIL(hups && conts);
	put(reports, "l");
	_exit(0);
}

static void leaders_end_tells_group(void)
{
	int reports[2];
	char got[3] = { 0 };
	pid_t pid;

	CHECK_OK(pipe(reports));
	pid = test_fork();
	if (pid == 0)
		lead_and_end(reports[1]);
	test_wait_ok(pid);
	test_read_all(reports[0], got, 2);
	CHECK_STR(got, "lc");
}

/* ---- job control ------------------------------------------------------------------ */

static void keys_of_leader(void)
{
	struct pair p = open_pair();
	struct winsize w = { 10, 20, 0, 0 };

	lead(&p);
	put(p.master, "abc");
	want(p.master, "abc");
	put(p.master, "\003");
	want(p.master, "^C");
	WAIT_UNTIL(ints);
	CHECK_OK(fcntl(p.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_ERR(read(p.slave, &w, 1), EAGAIN);
	CHECK_OK(ioctl(p.master, TIOCSWINSZ, &w));
	CHECK_EQ(winches, 1);
	CHECK_OK(ioctl(p.master, TIOCSWINSZ, &w));
	CHECK_EQ(winches, 1);
	CHECK_OK(ioctl(p.master, TIOCSIG, SIGINT));
	CHECK_EQ(ints, 2);
	CHECK_ERR(ioctl(p.master, TIOCSIG, SIGHUP), EINVAL);
}

static void keys_become_signals(void)
{
	test_child(keys_of_leader);
}

static void groups_of_leader(void)
{
	struct pair p = open_pair();
	struct termios t;
	int sid = 0;
	pid_t pid;

	lead(&p);
	CHECK_OK(ioctl(p.slave, TIOCGSID, &sid));
	CHECK_EQ(sid, getpid());
	/* The master may ask, though it controls nothing. */
	CHECK_OK(ioctl(p.master, TIOCGSID, &sid));
	CHECK_EQ(tcgetpgrp(p.master), getpid());
	CHECK_ERR(tcsetpgrp(p.slave, -1), EINVAL);
	CHECK_ERR(tcsetpgrp(p.slave, 1 << 22), ESRCH);
	CHECK_ERR(tcsetpgrp(p.slave, getppid()), EPERM);
	CHECK_ERR(ioctl(p.master, TIOCNOTTY, 0), ENOTTY);
	CHECK_OK(tcgetattr(p.slave, &t));
	t.c_lflag |= TOSTOP;
	CHECK_OK(tcsetattr(p.slave, TCSANOW, &t));
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		signal(SIGTTOU, SIG_DFL);
		write(p.slave, "bg", 2); /* stops */
		CHECK_OK(tcsetpgrp(p.slave, getpid())); /* stops again */
		_exit(0);
	}
	for (int stop = 0; stop < 2; stop++) {
		int status;

		CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(WSTOPSIG(status), SIGTTOU);
		if (stop == 1)
			CHECK_OK(tcsetpgrp(p.slave, pid));
		if (stop == 0) {
			t.c_lflag &= ~(unsigned int)TOSTOP;
			CHECK_OK(tcsetattr(p.slave, TCSANOW, &t));
		}
		CHECK_OK(kill(pid, SIGCONT));
	}
	test_wait_ok(pid);
}

static void groups(void)
{
	test_child(groups_of_leader);
}

static void orphan_in_background(void)
{
	struct pair p = open_pair();
	char byte;
	pid_t pid;

	lead(&p);
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(setpgid(0, 0));
		signal(SIGTTIN, SIG_IGN);
		CHECK_ERR(read(p.slave, &byte, 1), EIO);
		signal(SIGTTOU, SIG_IGN);
		CHECK_EQ(write(p.slave, "w", 1), 1);
		_exit(0);
	}
	test_wait_ok(pid);
}

static void background_ignores(void)
{
	test_child(orphan_in_background);
}

static void notty_of_leader(void)
{
	struct pair p = open_pair();
	int fd;
	pid_t pid;

	lead(&p);
	pid = test_fork();
	if (pid == 0) { /* a member gives it up for itself alone */
		close((int)CHECK_OK(open("/dev/tty", O_RDWR)));
		CHECK_OK(ioctl(p.slave, TIOCNOTTY, 0));
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
		CHECK_ERR(tcgetpgrp(p.slave), ENOTTY);
		CHECK_ERR(ioctl(p.slave, TIOCNOTTY, 0), ENOTTY);
		_exit(0);
	}
	test_wait_ok(pid);
	fd = (int)CHECK_OK(open("/dev/tty", O_RDWR));
	CHECK_OK(ioctl(fd, TIOCNOTTY, 0));
	CHECK_EQ(hups, 1);
	CHECK_EQ(conts, 1);
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
	CHECK_ERR(tcgetpgrp(p.slave), ENOTTY);
	/* It is still open and works; opening takes it again. */
	put(p.slave, "x");
	close((int)CHECK_OK(open(p.name, O_RDWR)));
	CHECK_EQ(tcgetpgrp(p.slave), getpid());
}

static void notty(void)
{
	test_child(notty_of_leader);
}

static void steal(void)
{
	struct pair p = open_pair(), q = open_pair();
	pid_t pid;

	lead(&p);
	CHECK_OK(ioctl(p.slave, TIOCSCTTY, 0)); /* it is ours */
	CHECK_ERR(ioctl(q.slave, TIOCSCTTY, 0), EPERM); /* we have one */
	pid = test_fork();
	if (pid == 0) {
		CHECK_ERR(ioctl(q.slave, TIOCSCTTY, 0), EPERM); /* no leader */
		CHECK_OK(setsid());
		CHECK_ERR(ioctl(p.slave, TIOCSCTTY, 0), EPERM);
		if (getuid() == 0) {
			CHECK_OK(ioctl(p.slave, TIOCSCTTY, 1));
			CHECK_EQ(tcgetpgrp(p.slave), getpid());
		}
		_exit(0);
	}
	test_wait_ok(pid);
	if (getuid() == 0)
		CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
}

static void stealing(void)
{
	test_child(steal);
}

static void exclusive_use(void)
{
	struct pair p = open_pair();
	int value = -1;

	CHECK_OK(ioctl(p.slave, TIOCGEXCL, &value));
	CHECK_EQ(value, 0);
	CHECK_OK(ioctl(p.slave, TIOCEXCL));
	CHECK_OK(ioctl(p.slave, TIOCGEXCL, &value));
	CHECK_EQ(value, 1);
	if (getuid() == 0)
		CHECK_OK(chmod(p.name, 0666));
	if (getuid() == 0)
		CHECK_OK(setuid(1000));
	CHECK_ERR(open(p.name, O_RDWR | O_NOCTTY), EBUSY);
	CHECK_OK(ioctl(p.slave, TIOCNXCL));
	close((int)CHECK_OK(open(p.name, O_RDWR | O_NOCTTY)));
}

static void locked_settings(void)
{
	struct pair p = open_pair();
	struct termios t, lock = { 0 };

	CHECK_OK(ioctl(p.slave, TIOCGLCKTRMIOS, &t));
	CHECK_EQ(t.c_lflag, 0);
	lock.c_lflag = ECHO;
	lock.c_cc[VINTR] = 1;
	CHECK_ERR(ioctl(p.slave, TIOCSLCKTRMIOS, 1), EFAULT);
	CHECK_OK(ioctl(p.slave, TIOCSLCKTRMIOS, &lock));
	CHECK_OK(ioctl(p.slave, TCGETS, &t));
	t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
	t.c_cc[VINTR] = t.c_cc[VQUIT] = 'q';
	CHECK_OK(ioctl(p.slave, TCSETS, &t));
	CHECK_OK(ioctl(p.master, TCGETS, &t));
	CHECK_EQ(t.c_lflag & (ECHO | ICANON), ECHO);
	CHECK_EQ(t.c_cc[VINTR], 3);
	CHECK_EQ(t.c_cc[VQUIT], 'q');
	CHECK_OK(ioctl(p.master, TIOCGLCKTRMIOS, &t));
	CHECK_EQ(t.c_lflag, ECHO);
	CHECK_OK(setuid(1000));
	CHECK_ERR(ioctl(p.slave, TIOCSLCKTRMIOS, &lock), EPERM);
	CHECK_OK(ioctl(p.slave, TIOCGLCKTRMIOS, &t));
}

static const struct test_case cases[] = {
	{ "vhangup", vhangup_hangs_up },
	{ "close of the master: SIGHUP and SIGCONT to the leader", master_close_hangs_up },
	{ "end of the leader: SIGHUP to the foreground group", leaders_end_tells_group },
	{ "keys become signals, sizes SIGWINCH", keys_become_signals },
	{ "groups: TIOCGSID, TIOCSPGRP, TOSTOP", groups },
	{ "background with signals ignored", background_ignores },
	{ "TIOCNOTTY", notty },
	{ "TIOCSCTTY and stealing", stealing },
	{ "TIOCEXCL", exclusive_use },
	{ "TIOCSLCKTRMIOS", locked_settings },
};

TEST_MAIN(cases)
