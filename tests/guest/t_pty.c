/*
 * Pseudo terminals: numbers and nodes, what passes between the sides, the ends
 * of either, packet mode.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <test.h>
#include <unistd.h>

#include "libpty.h"

/* ---- nodes ---------------------------------------------------------------- */

static void locked_at_first(void)
{
	int master = open_master(), number, value = 7;
	char name[32];
	struct stat st;

	CHECK_OK(ioctl(master, TIOCGPTN, &number));
	CHECK_OK(ioctl(master, TIOCGPTLCK, &value));
	CHECK_EQ(value, 1);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	CHECK_ERR(open(name, O_RDWR | O_NOCTTY), EIO);
	CHECK_ERR(ioctl(master, TIOCGPTPEER, O_RDWR), EIO);
	unlock(master);
	close((int)CHECK_OK(open(name, O_RDWR | O_NOCTTY)));
	CHECK_OK(stat(name, &st));
	CHECK_EQ(st.st_rdev, (136 << 8) | number);
	CHECK_EQ(st.st_uid, getuid());
	CHECK_EQ(st.st_ino, (unsigned long)number + 3);
	close(master);
	CHECK_ERR(stat(name, &st), ENOENT);
	CHECK_ERR(ioctl(0, TIOCGPTN, test_bad_pointer), ENOTTY);
}

static void lowest_number_is_next(void)
{
	struct pair a = open_pair(), b = open_pair(), c;
	int again;

	close(a.master);
	/* The number is taken as long as the slave is open. */
	again = open_master();
	CHECK_OK(ioctl(again, TIOCGPTN, &c.number));
	CHECK(c.number != a.number);
	close(again);
	close(a.slave);
	if (a.number > b.number)
		return; /* others use them, too */
	again = open_master();
	CHECK_OK(ioctl(again, TIOCGPTN, &c.number));
	CHECK_EQ(c.number, a.number);
}

static void peer_without_name(void)
{
	struct pair p = open_pair();
	int fd = (int)CHECK_OK(ioctl(p.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	char link[40], path[64];
	ssize_t n;

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = CHECK_OK(readlink(link, path, sizeof(path) - 1));
	path[n] = '\0';
	CHECK_STR(path, p.name);
	CHECK_ERR(ioctl(p.slave, TIOCGPTPEER, O_RDWR), EIO);
	CHECK_ERR(ioctl(p.slave, TIOCGPTN, &n), ENOTTY);
}

/* ---- data ------------------------------------------------------------------- */

static void both_ways(void)
{
	struct pair p = open_pair();
	int count = -1;

	CHECK(isatty(p.master));
	CHECK(isatty(p.slave));
	put(p.slave, "out\n");
	want(p.master, "out\r\n");
	put(p.master, "in\n");
	want(p.master, "in\r\n");
	CHECK_OK(ioctl(p.slave, FIONREAD, &count));
	CHECK_EQ(count, 3);
	want(p.slave, "in\n");
	make_raw(p.slave);
	put(p.master, "x");
	want(p.slave, "x");
	CHECK_EQ(ready(p.master), POLLOUT);
	CHECK_EQ(ready(p.slave), POLLOUT);
}

static void input_before_the_slave(void)
{
	int master = open_master(), slave;

	put(master, "early\n");
	want(master, "early\r\n");
	unlock(master);
	slave = (int)CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	want(slave, "early\n");
	put(master, "later\n");
	close(slave);
	slave = (int)CHECK_OK(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY));
	want(slave, "later\n");
}

static void fresh_settings(void)
{
	struct pair p = open_pair();
	struct termios t;
	unsigned int two[11] = { 0 };

	CHECK_OK(tcgetattr(p.slave, &t));
	CHECK_EQ(t.c_iflag, ICRNL | IXON);
	CHECK_EQ(t.c_oflag, OPOST | ONLCR);
	CHECK_EQ(t.c_cflag, B38400 | CS8 | CREAD);
	CHECK_EQ(t.c_lflag, ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
				    ECHOKE | IEXTEN);
	/* The master's settings are the slave's. */
	t.c_lflag &= ~(unsigned int)ECHO;
	t.c_cflag = B9600 | CS7 | PARENB;
	CHECK_OK(tcsetattr(p.master, TCSANOW, &t));
	CHECK_OK(ioctl(p.slave, TCGETS2, two));
	CHECK_EQ(two[3] & ECHO, 0);
	CHECK_EQ(two[2], B9600 | CS8 | CREAD);
	CHECK_EQ(two[9], 9600);
	CHECK_EQ(two[10], 9600);
	CHECK_ERR(ioctl(p.slave, TCSETS, test_bad_pointer), EFAULT);
	CHECK_OK(ioctl(p.slave, TCSBRK, 1));
}

static void one_window(void)
{
	struct pair p = open_pair();
	struct winsize w = { 24, 80, 1, 2 }, got;

	CHECK_OK(ioctl(p.slave, TIOCGWINSZ, &got));
	CHECK_EQ(got.ws_row, 0);
	CHECK_OK(ioctl(p.master, TIOCSWINSZ, &w));
	CHECK_OK(ioctl(p.slave, TIOCGWINSZ, &got));
	CHECK_EQ(got.ws_row, 24);
	CHECK_EQ(got.ws_col, 80);
	CHECK_EQ(got.ws_ypixel, 2);
	w.ws_row = 50;
	CHECK_OK(ioctl(p.slave, TIOCSWINSZ, &w));
	CHECK_OK(ioctl(p.master, TIOCGWINSZ, &got));
	CHECK_EQ(got.ws_row, 50);
}

static void full_ring(void)
{
	static char block[65536];
	struct pair p = open_pair();
	size_t sent = 0, got = 0;
	ssize_t n;

	make_raw(p.slave);
	memset(block, 'b', sizeof(block));
	CHECK_OK(fcntl(p.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_OK(fcntl(p.master, F_SETFL, O_RDWR | O_NONBLOCK));
	while ((n = write(p.slave, block, sizeof(block))) > 0)
		sent += (size_t)n;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent >= 4096);
	CHECK_EQ(ready(p.slave) & POLLOUT, 0);
	while (got < sent) {
		await(p.master, POLLIN);
		n = CHECK_OK(read(p.master, block, sizeof(block)));
		got += (size_t)n;
	}
	CHECK_EQ(got, sent);
	CHECK_ERR(read(p.master, block, 1), EAGAIN);
	CHECK(ready(p.slave) & POLLOUT);

	sent = got = 0;
	while ((n = write(p.master, block, sizeof(block))) > 0)
		sent += (size_t)n;
	CHECK_EQ(errno, EAGAIN);
	while (got < sent) {
		await(p.slave, POLLIN);
		got += (size_t)CHECK_OK(read(p.slave, block, sizeof(block)));
	}
	CHECK_EQ(got, sent);
}

static void large_write_waits(void)
{
	static char block[40000];
	struct pair p = open_pair();
	size_t got = 0;
	pid_t pid;

	make_raw(p.slave);
	pid = test_fork();
	if (pid == 0) {
		memset(block, 'w', sizeof(block));
		_exit(write(p.slave, block, sizeof(block)) == sizeof(block) ? 0 : 1);
	}
	while (got < sizeof(block)) {
		ssize_t n = CHECK_OK(read(p.master, block, sizeof(block)));

		CHECK(n > 0 && block[0] == 'w');
		got += (size_t)n;
	}
	test_wait_ok(pid);
}

/* ---- ends --------------------------------------------------------------------- */

static void slave_ends(void)
{
	struct pair p = open_pair();
	char byte;

	CHECK_EQ(ready(p.master), POLLOUT);
	put(p.slave, "last");
	close(p.slave);
	CHECK_EQ(ready(p.master) & POLLHUP, POLLHUP);
	want(p.master, "last");
	CHECK_ERR(read(p.master, &byte, 1), EIO);
	CHECK_OK(fcntl(p.master, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_ERR(read(p.master, &byte, 1), EIO);
	put(p.master, "n\n");
	p.slave = (int)CHECK_OK(open(p.name, O_RDWR | O_NOCTTY));
	CHECK_EQ(ready(p.master) & POLLHUP, 0);
	await(p.slave, POLLIN);
	await(p.master, POLLIN);
	want(p.master, "n\r\n");
	want(p.slave, "n\n");
	CHECK_ERR(read(p.master, &byte, 1), EAGAIN);
}

static void master_ends(void)
{
	struct pair p = open_pair();
	struct termios t;
	int value;
	char byte;

	put(p.master, "unread\n");
	close(p.master);
	CHECK_EQ(read(p.slave, &byte, 1), 0);
	CHECK_ERR(write(p.slave, "x", 1), EIO);
	CHECK_ERR(tcgetattr(p.slave, &t), EIO);
	CHECK_ERR(ioctl(p.slave, FIONREAD, &value), EIO);
	CHECK_EQ(ready(p.slave) & (POLLHUP | POLLERR), POLLHUP | POLLERR);
	CHECK_ERR(open(p.name, O_RDWR | O_NOCTTY), ENOENT);
}

/* Does the process sleep (proc(5), stat)? */
static int asleep(pid_t pid)
{
	char path[32], text[512] = "", *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	test_read_file(path, text, sizeof(text));
	end = strrchr(text, ')');
	return end && end[1] == ' ' && end[2] == 'S';
}

static void end_wakes_reader(void)
{
	struct pair p = open_pair();
	pid_t pid;
	char byte;

	pid = test_fork();
	if (pid == 0) {
		close(p.master);
		if (read(p.slave, &byte, 1) != 0) /* it did wait */
			CHECK_EQ(errno, EIO);
		CHECK_EQ(read(p.slave, &byte, 1), 0);
		_exit(0);
	}
	close(p.slave);
	WAIT_UNTIL(asleep(pid)); /* in the read, not before it */
	close(p.master);
	test_wait_ok(pid);
}

/* ---- flow and queues ---------------------------------------------------------------- */

static void stop_and_start(void)
{
	struct pair p = open_pair();

	CHECK_OK(fcntl(p.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_OK(ioctl(p.slave, TCXONC, TCOOFF));
	CHECK_EQ(ready(p.slave) & POLLOUT, 0);
	CHECK_ERR(write(p.slave, "x", 1), EAGAIN);
	CHECK_OK(ioctl(p.slave, TCXONC, TCOON));
	CHECK_EQ(write(p.slave, "y", 1), 1);
	want(p.master, "y");
	put(p.master, "\023"); /* ^S */
	WAIT_UNTIL(!(ready(p.slave) & POLLOUT));
	CHECK_ERR(write(p.slave, "x", 1), EAGAIN);
	put(p.master, "\021");
	await(p.slave, POLLOUT);
	CHECK_ERR(ioctl(p.slave, TCXONC, 9), EINVAL);
}

static void flushing(void)
{
	struct pair p = open_pair();
	int count = -1;
	char byte;

	CHECK_OK(fcntl(p.slave, F_SETFL, O_RDWR | O_NONBLOCK));
	CHECK_OK(fcntl(p.master, F_SETFL, O_RDWR | O_NONBLOCK));
	put(p.master, "gone\n");
	await(p.slave, POLLIN);
	CHECK_OK(ioctl(p.slave, TCFLSH, TCIFLUSH));
	CHECK_ERR(read(p.slave, &byte, 1), EAGAIN);
	want(p.master, "gone\r\n");
	put(p.slave, "kept");
	CHECK_OK(ioctl(p.slave, TIOCOUTQ, &count));
	CHECK_EQ(count, 0);
	await(p.master, POLLIN);
	CHECK_OK(ioctl(p.slave, TCFLSH, TCOFLUSH));
	want(p.master, "kept");
	put(p.slave, "lost");
	await(p.master, POLLIN);
	CHECK_OK(ioctl(p.master, TCFLSH, TCIFLUSH));
	CHECK_ERR(read(p.master, &byte, 1), EAGAIN);
	CHECK_ERR(ioctl(p.slave, TCFLSH, 9), EINVAL);
}

static void packets(void)
{
	struct pair p = open_pair();
	struct termios t;
	int on = 1, value = 0;
	char buf[16];

	CHECK_OK(ioctl(p.master, TIOCPKT, &on));
	CHECK_OK(ioctl(p.master, TIOCGPKT, &value));
	CHECK_EQ(value, 1);
	put(p.slave, "ab");
	CHECK_EQ(read(p.master, buf, sizeof(buf)), 3);
	CHECK_EQ(buf[0], TIOCPKT_DATA);
	CHECK_EQ(buf[2], 'b');
	CHECK_OK(ioctl(p.slave, TCXONC, TCOOFF));
	CHECK_EQ(ready(p.master) & (POLLPRI | POLLIN), POLLPRI | POLLIN);
	CHECK_EQ(read(p.master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_STOP);
	CHECK_OK(ioctl(p.slave, TCXONC, TCOON));
	CHECK_OK(ioctl(p.slave, TCFLSH, TCIFLUSH));
	CHECK_EQ(read(p.master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_START | TIOCPKT_FLUSHREAD);
	CHECK_OK(tcgetattr(p.slave, &t));
	t.c_iflag &= ~(unsigned int)IXON;
	CHECK_OK(tcsetattr(p.slave, TCSANOW, &t));
	CHECK_EQ(read(p.master, buf, sizeof(buf)), 1);
	CHECK_EQ(buf[0], TIOCPKT_NOSTOP);
	on = 0;
	CHECK_OK(ioctl(p.master, TIOCPKT, &on));
	put(p.slave, "c");
	want(p.master, "c");
}

static const struct test_case cases[] = {
	{ "locked at first; node comes and goes", locked_at_first },
	{ "the lowest free number is next", lowest_number_is_next },
	{ "TIOCGPTPEER", peer_without_name },
	{ "both ways", both_ways },
	{ "input before the slave is open", input_before_the_slave },
	{ "fresh settings; the master's are the slave's", fresh_settings },
	{ "one window size", one_window },
	{ "full ring", full_ring },
	{ "a large write waits for the reader", large_write_waits },
	{ "last close of the slave", slave_ends },
	{ "close of the master", master_ends },
	{ "close of the master wakes a reader", end_wakes_reader },
	{ "stop and start", stop_and_start },
	{ "flushing", flushing },
	{ "packet mode", packets },
};

TEST_MAIN(cases)
