/*
 * Terminals: what is none says so; and, when standard input is one, settings,
 * window size and process groups.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <test.h>
#include <unistd.h>

static void check_no_terminal(int fd)
{
	struct termios t;
	struct winsize w;

	CHECK(!isatty(fd));
	CHECK_EQ(errno, ENOTTY);
	CHECK_ERR(tcgetattr(fd, &t), ENOTTY);
	CHECK_ERR(ioctl(fd, TIOCGWINSZ, &w), ENOTTY);
	CHECK_ERR(tcgetpgrp(fd), ENOTTY);
	CHECK_ERR(tcsetpgrp(fd, getpgrp()), ENOTTY);
}

static void pipes_are_no_terminals(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	check_no_terminal(fds[0]);
	check_no_terminal(fds[1]);
}

static void files_are_no_terminals(void)
{
	test_scratch();
	check_no_terminal((int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644)));
	check_no_terminal((int)CHECK_OK(open(".", O_RDONLY)));
}

static void devices_are_no_terminals(void)
{
	check_no_terminal((int)CHECK_OK(open("/dev/null", O_RDWR)));
	check_no_terminal((int)CHECK_OK(open("/dev/zero", O_RDONLY)));
}

static void ioctl_errors(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_ERR(ioctl(99, TCGETS, NULL), EBADF);
	CHECK_ERR(ioctl(fds[0], FIONREAD, test_bad_pointer), EFAULT);
	CHECK_ERR(ioctl(fds[0], 0xdead, NULL), ENOTTY);
	CHECK(!isatty(99));
	CHECK_EQ(errno, EBADF);
}

static void ioctl_of_all_descriptors(void)
{
	int fds[2];
	int on = 1;
	char byte;

	CHECK_OK(pipe(fds));
	CHECK_OK(ioctl(fds[0], FIONBIO, &on));
	CHECK_ERR(read(fds[0], &byte, 1), EAGAIN);
	on = 0;
	CHECK_OK(ioctl(fds[0], FIONBIO, &on));
	CHECK_EQ(fcntl(fds[0], F_GETFL) & O_NONBLOCK, 0);
	CHECK_OK(ioctl(fds[0], FIOCLEX));
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_OK(ioctl(fds[0], FIONCLEX));
	CHECK_EQ(fcntl(fds[0], F_GETFD), 0);
}

static void without_terminal(void)
{
	CHECK_OK(setsid());
	CHECK_ERR(open("/dev/tty", O_RDWR), ENXIO);
}

static void no_controlling_terminal(void)
{
	test_child(without_terminal);
}

/* ---- when there is one -------------------------------------------------- */

static void need_terminal(void)
{
	if (!isatty(0))
		test_skip("standard input is no terminal");
}

static void settings_stay(void)
{
	struct termios old;
	struct termios t;

	need_terminal();
	signal(SIGTTOU, SIG_IGN);
	CHECK_OK(tcgetattr(0, &old));
	t = old;
	t.c_lflag &= ~(unsigned int)ECHO;
	t.c_cc[VMIN] = 3;
	CHECK_OK(tcsetattr(0, TCSANOW, &t));
	memset(&t, 0, sizeof(t));
	CHECK_OK(tcgetattr(0, &t));
	CHECK_OK(tcsetattr(0, TCSADRAIN, &old));
	CHECK_EQ(t.c_lflag & ECHO, 0);
	CHECK_EQ(t.c_cc[VMIN], 3);
}

static void window_size(void)
{
	struct winsize w;

	need_terminal();
	CHECK_OK(ioctl(0, TIOCGWINSZ, &w));
}

static void foreground_group(void)
{
	pid_t group;

	need_terminal();
	signal(SIGTTOU, SIG_IGN);
	group = tcgetpgrp(0);
	if (group < 0)
		test_skip("it does not control our session");
	CHECK_ERR(tcsetpgrp(0, 1 << 22), ESRCH);
	CHECK_OK(tcsetpgrp(0, getpgrp()));
	CHECK_EQ(tcgetpgrp(0), getpgrp());
	CHECK_OK(tcsetpgrp(0, group));
}

static void background_read_stops(void)
{
	int status;
	char byte;
	pid_t pid;

	need_terminal();
	if (tcgetpgrp(0) < 0)
		test_skip("it does not control our session");
	/* The harness made this process a group in the background. */
	pid = test_fork();
	if (pid == 0) {
		setpgid(0, 0);
		read(0, &byte, 1);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status));
	CHECK_EQ(WSTOPSIG(status), SIGTTIN);
	CHECK_OK(kill(pid, SIGKILL));
	test_wait(pid);
}

static const struct test_case cases[] = {
	{ "pipes are no terminals", pipes_are_no_terminals },
	{ "files are no terminals", files_are_no_terminals },
	{ "devices are no terminals", devices_are_no_terminals },
	{ "ioctl: errors", ioctl_errors },
	{ "ioctl: FIONBIO, FIOCLEX", ioctl_of_all_descriptors },
	{ "/dev/tty without a controlling terminal", no_controlling_terminal },
	{ "terminal: settings", settings_stay },
	{ "terminal: window size", window_size },
	{ "terminal: foreground group", foreground_group },
	{ "terminal: background read stops", background_read_stops },
};

TEST_MAIN(cases)
