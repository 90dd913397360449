#include "libpty.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <test.h>
#include <unistd.h>

int open_master(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY);

	if (fd < 0)
		test_skip("no /dev/ptmx here");
	return fd;
}

void unlock(int master)
{
	int off = 0;

	CHECK_OK(ioctl(master, TIOCSPTLCK, &off));
}

struct pair open_pair(void)
{
	struct pair p;

	p.master = open_master();
	CHECK_OK(ioctl(p.master, TIOCGPTN, &p.number));
	snprintf(p.name, sizeof(p.name), "/dev/pts/%d", p.number);
	unlock(p.master);
	p.slave = (int)CHECK_OK(open(p.name, O_RDWR | O_NOCTTY));
	return p;
}

void make_raw(int fd)
{
	struct termios t;

	CHECK_OK(tcgetattr(fd, &t));
	t.c_iflag = 0;
	t.c_oflag = 0;
	t.c_lflag = 0;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	CHECK_OK(tcsetattr(fd, TCSANOW, &t));
}

void put(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
}

void want(int fd, const char *text)
{
	char buf[256] = { 0 };
	size_t len = strlen(text), done = 0;

	while (done < len) {
		ssize_t n = CHECK_OK(read(fd, buf + done, len - done));

		CHECK(n > 0);
		done += (size_t)n;
	}
	CHECK_STR(buf, text);
}

short ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

void await(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	CHECK_EQ(poll(&p, 1, 10000), 1);
}
