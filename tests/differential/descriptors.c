/* Descriptors: dup, fcntl, pipes, polling, epoll and the objects behind them. */
#include "diff.h"

#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

static void c_dup(void)
{
	R(dup(99));
	R(dup(-1));
	R(dup(0));
	R(dup2(0, 0));
	R(dup2(0, 10));
	R(dup2(99, 10));
	R(dup2(0, -1));
	R(dup2(0, 256));
	R(dup3(0, 0, 0));
	R(dup3(0, 11, O_CLOEXEC));
	R(dup3(0, 11, O_APPEND));
	R(fcntl(11, F_GETFD));
	R(fcntl(0, F_DUPFD, 20));
	R(fcntl(0, F_DUPFD, 256));
	R(fcntl(0, F_DUPFD, -1));
	R(fcntl(0, F_DUPFD_CLOEXEC, 30));
	R(fcntl(30, F_GETFD));
	R(fcntl(30, F_SETFD, 0));
	R(fcntl(30, F_GETFD));
	R(close(30));
	R(close(30));
	R(close(-1));
	R(close_range(20, 10, 0));
	R(close_range(20, 25, 8));
	R(close_range(20, 25, CLOSE_RANGE_CLOEXEC));
	R(fcntl(20, F_GETFD));
	R(close_range(20, ~0u, 0));
	R(fcntl(20, F_GETFD));
}

static void c_fcntl(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	int p[2];

	pipe(p);
	R(fcntl(fd, F_GETFL));
	R(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY));
	R(fcntl(fd, F_GETFL));
	R(fcntl(fd, F_SETFL, O_NOATIME));
	R(fcntl(99, F_GETFL));
	R(fcntl(fd, 12345));
	R(fcntl(p[0], F_GETPIPE_SZ));
	R(fcntl(p[0], F_SETPIPE_SZ, 5000));
	R(fcntl(p[0], F_SETPIPE_SZ, 0));
	R(fcntl(p[0], F_SETPIPE_SZ, 1 << 30));
	R(fcntl(fd, F_GETPIPE_SZ));
	R(fcntl(fd, F_SETPIPE_SZ, 4096));
	R(fcntl(fd, F_GETOWN));
	R(fcntl(fd, F_SETOWN, 4000000));
	R(fcntl(fd, F_SETSIG, 65));
	R(fcntl(fd, F_SETSIG, -1));
	R(fcntl(fd, F_GETSIG));
	R(fcntl(fd, F_GETLEASE));
	R(fcntl(p[0], F_GET_SEALS));
	R(ioctl(fd, FIONREAD, &p[0]));
	R(ioctl(99, FIONREAD, &p[0]));
	R(ioctl(fd, 0x12345, 0));
	R(ioctl(fd, TCGETS, &p[0]));
	R(ioctl(fd, FIONBIO, BAD));
	R(isatty(fd));
	R(open("f", O_RDONLY | O_PATH));
	R(fcntl(6, F_GETFL));
	R(fcntl(6, F_SETFL, 0));
	R(fchmod(6, 0600));
	R(ioctl(6, FIONREAD, &p[0]));
	R(fchdir(6));
}

static void c_pipe(void)
{
	char buf[70000];
	int p[2], n;

	R(pipe2(p, 0x40));
	R(SC(pipe, BAD));
	R(pipe2(p, O_NONBLOCK | O_CLOEXEC));
	R(fcntl(p[0], F_GETFD));
	R(fcntl(p[1], F_GETFL));
	R(read(p[0], buf, 1));
	R(read(p[0], buf, 0));
	R(write(p[0], "x", 1));
	R(read(p[1], buf, 1));
	R(write(p[1], buf, 70000));
	R(write(p[1], "x", 1));
	R(ioctl(p[0], FIONREAD, &n));
	V(n);
	R(read(p[0], buf, 4095));
	R(write(p[1], "x", 1));
	R(read(p[0], buf, 1));
	R(write(p[1], buf, 4097));
	R(write(p[1], buf, 4096));
	R(fcntl(p[1], F_SETPIPE_SZ, 4096));
	R(lseek(p[0], 0, SEEK_SET));
	R(pread(p[0], buf, 1, 0));
	R(fsync(p[0]));
	R(ftruncate(p[1], 0));
	signal(SIGPIPE, SIG_IGN);
	R(close(p[0]));
	R(write(p[1], "x", 1));
	R(write(p[1], "x", 0));
	R(pipe2(p, O_DIRECT));
}

static void c_splice(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644), p[2], q[2];
	struct iovec v = { "abc", 3 };

	pipe2(p, O_NONBLOCK);
	pipe2(q, O_NONBLOCK);
	R(splice(fd, NULL, fd, NULL, 1, 0));
	R(splice(p[0], NULL, fd, NULL, 1, 0));
	R(splice(p[0], NULL, p[1], NULL, 1, 0));
	R(splice(99, NULL, p[1], NULL, 1, 0));
	R(splice(fd, NULL, p[1], NULL, 1, 64));
	R(splice(fd, NULL, p[1], NULL, 10, 0));
	R(vmsplice(p[1], &v, 1, 0));
	R(vmsplice(fd, &v, 1, 0));
	R(tee(p[0], q[1], 2, 0));
	R(tee(p[0], fd, 2, 0));
	R(splice(p[0], NULL, fd, NULL, 100, 0));
	R(splice(p[0], NULL, q[1], NULL, 100, 0));
	V(lseek(fd, 0, SEEK_END));
}

static void c_poll(void)
{
	struct pollfd f[3] = { { 0, POLLIN | POLLOUT, 7 }, { -1, POLLIN, 7 }, { 99, POLLIN, 7 } };
	struct timeval tv = { 0, 0 };
	struct timespec ts = { 0, 0 };
	fd_set set;
	int p[2];

	pipe(p);
	R(poll(f, 3, 0));
	V(f[0].revents);
	V(f[1].revents);
	V(f[2].revents);
	R(poll(NULL, 0, 0));
	R(poll(BAD, 1, 0));
	R(poll(f, 257, 0));
	R(ppoll(f, 1, &ts, NULL));
	ts.tv_nsec = -1;
	R(ppoll(f, 1, &ts, NULL));
	FD_ZERO(&set);
	FD_SET(p[0], &set);
	R(select(p[0] + 1, &set, NULL, NULL, &tv));
	V(FD_ISSET(p[0], &set));
	FD_SET(99, &set);
	R(select(100, &set, NULL, NULL, &tv));
	R(select(-1, NULL, NULL, NULL, &tv));
	R(select(1, BAD, NULL, NULL, &tv));
	tv.tv_usec = -1;
	R(select(0, NULL, NULL, NULL, &tv));
	write(p[1], "x", 1);
	close(p[1]);
	f[0].fd = p[0];
	R(poll(f, 1, -1));
	V(f[0].revents);
}

static int ep_ctl(int ep, int op, int fd, unsigned int events)
{
	struct epoll_event e = { .events = events };

	return epoll_ctl(ep, op, fd, &e);
}

static void c_epoll(void)
{
	struct epoll_event e[4];
	int ep = epoll_create1(0), ep2 = epoll_create1(EPOLL_CLOEXEC), p[2], fd;

	pipe(p);
	fd = open("f", O_RDWR | O_CREAT, 0644);
	R(epoll_create1(1));
	R(SC(epoll_create, 0));
	R(ep_ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, p[0], EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, fd, EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, 0, EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, 99, EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, ep, EPOLLIN));
	R(ep_ctl(fd, EPOLL_CTL_ADD, p[0], EPOLLIN));
	R(ep_ctl(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_DEL, p[1], EPOLLIN));
	R(ep_ctl(ep, 77, p[0], EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, ep2, EPOLLIN));
	R(ep_ctl(ep2, EPOLL_CTL_ADD, ep, EPOLLIN));
	R(ep_ctl(ep, EPOLL_CTL_ADD, p[1], EPOLLIN | EPOLLEXCLUSIVE));
	R(ep_ctl(ep, EPOLL_CTL_MOD, p[1], EPOLLIN));
	R(ep_ctl(ep2, EPOLL_CTL_ADD, p[1], EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT));
	R(epoll_ctl(ep, EPOLL_CTL_ADD, 0, NULL));
	R(epoll_wait(ep, e, 4, 0));
	R(epoll_wait(ep, e, 0, 0));
	R(epoll_wait(ep, e, -1, 0));
	R(epoll_wait(fd, e, 4, 0));
	R(epoll_wait(99, e, 4, 0));
	R(epoll_wait(ep, BAD, 4, 0));
	write(p[1], "x", 1);
	R(epoll_wait(ep, BAD, 4, 0));
	R(epoll_wait(ep, e, 4, 0));
	V(e[0].events);
	close(p[1]);
	R(epoll_wait(ep, e, 4, 0));
	V(e[0].events);
	R(SC(epoll_pwait, ep, e, 4, 0, BAD, 8));
	R(SC(epoll_pwait, ep, e, 4, 0, e, 4));
	R(SC(epoll_pwait2, ep, e, 4, BAD, NULL, 8));
}

static void c_objects(void)
{
	struct itimerspec its = { { 0, 0 }, { 0, 1000000000 } };
	unsigned long v = ~0UL, mask = 1UL << 9;
	int e, t, s;

	R(eventfd(0, 0x100));
	e = (int)OK(eventfd(5, EFD_NONBLOCK | EFD_SEMAPHORE));
	R(read(e, &v, 8));
	V(v);
	R(read(e, &v, 4));
	v = ~0UL;
	R(write(e, &v, 8));
	v = 10;
	R(write(e, &v, 8));
	R(write(e, &v, 7));
	R(read(e, BAD, 8));
	R(timerfd_create(99, 0));
	R(timerfd_create(CLOCK_MONOTONIC, 0x100));
	t = (int)OK(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	R(timerfd_settime(t, 0, &its, NULL));
	R(timerfd_settime(t, 8, &its, NULL));
	R(timerfd_settime(e, 0, &(struct itimerspec){ 0 }, NULL));
	R(timerfd_settime(99, 0, &(struct itimerspec){ 0 }, NULL));
	R(timerfd_gettime(e, &its));
	R(timerfd_gettime(t, BAD));
	R(read(t, &v, 8));
	R(write(t, &v, 8));
	s = (int)OK(SC(signalfd4, -1, &mask, 8, SFD_NONBLOCK));
	R(SC(signalfd4, -1, &mask, 4, 0));
	R(SC(signalfd4, e, &mask, 8, 0));
	R(SC(signalfd4, -1, &mask, 8, 0x10));
	R(read(s, &v, 8));
	R(lseek(e, 3, SEEK_SET));
	R(open("/proc/self/fd/3", O_RDWR));
	R(lseek(s, 3, SEEK_SET));
	R(fsync(e));
	R(ftruncate(e, 0));
	R((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, e, 0));
}

static void c_memfd(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING), plain = memfd_create("y", 0);
	char name[300];
	struct stat st;

	memset(name, 'n', 299);
	name[299] = '\0';
	R(memfd_create(name, 0));
	R(memfd_create(BAD, 0));
	R(memfd_create("x", 0x400));
	R(fcntl(fd, F_GET_SEALS));
	R(fcntl(plain, F_GET_SEALS));
	R(fcntl(plain, F_ADD_SEALS, F_SEAL_GROW));
	R(fcntl(fd, F_ADD_SEALS, 0x1000));
	R(ftruncate(fd, 5000));
	R(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	R(ftruncate(fd, 5001));
	R(pwrite(fd, "xyz", 3, 4998));
	R(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL));
	R(ftruncate(fd, 100));
	R(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	fstat(fd, &st);
	V(st.st_size);
	V(st.st_nlink);
}

static void c_aio(void)
{
	unsigned long ctx = 0, bad = 1;
	struct {
		unsigned int bytes;
		int type;
		char data[128];
	} h = { 129, 0, "" };
	char event[32];
	int id;

	R(SC(io_setup, 0, &ctx));
	R(SC(io_setup, 1, &bad));
	R(SC(io_setup, 1, BAD));
	OK(SC(io_setup, 4, &ctx));
	R(SC(io_submit, ctx, -1, NULL));
	R(SC(io_submit, ctx, 0, NULL));
	R(SC(io_submit, ctx, 1, BAD));
	R(SC(io_submit, 12345, 0, NULL));
	R(SC(io_getevents, ctx, 2, 1, event, NULL));
	R(SC(io_getevents, ctx, -1, 1, event, NULL));
	R(SC(io_getevents, ctx, 0, 1, event, NULL));
	R(SC(io_getevents, ctx, 1, 1, event, &(struct timespec){ 0, 1000 }));
	R(SC(io_cancel, ctx, BAD, event));
	R(SC(io_destroy, ctx));
	R(SC(io_destroy, ctx));
	R(SC(name_to_handle_at, AT_FDCWD, "/", &h, &id, 0));
	R(SC(name_to_handle_at, AT_FDCWD, "/no such", &h, &id, 0));
	R(SC(name_to_handle_at, AT_FDCWD, "", &h, &id, 0));
	R(SC(name_to_handle_at, 99, "x", &h, &id, 0));
	R(SC(name_to_handle_at, AT_FDCWD, BAD, &h, &id, 0));
}

static void c_lease(void)
{
	int w, r, p[2];

	diff_file("lease", "text");
	w = open("lease", O_RDWR);
	signal(SIGIO, SIG_IGN);
	R(fcntl(w, F_GETLEASE));
	R(fcntl(w, F_SETLEASE, F_RDLCK));
	R(fcntl(w, F_SETLEASE, F_UNLCK));
	R(fcntl(w, F_SETLEASE, 99));
	R(fcntl(w, F_SETLEASE, F_WRLCK));
	R(fcntl(w, F_GETLEASE));
	OK(open("lease", O_RDONLY | O_NONBLOCK));
	R(fcntl(w, F_GETLEASE));
	R(fcntl(w, F_SETLEASE, F_RDLCK));
	R(fcntl(w, F_SETLEASE, F_UNLCK));
	r = (int)OK(open("lease", O_RDONLY | O_NONBLOCK));
	R(fcntl(w, F_SETLEASE, F_WRLCK));
	R(fcntl(r, F_SETLEASE, F_RDLCK));
	close(w);
	R(fcntl(r, F_SETLEASE, F_RDLCK));
	R(fcntl(r, F_SETLEASE, F_RDLCK));
	w = (int)OK(open("lease", O_RDONLY));
	R(fcntl(w, F_SETLEASE, F_RDLCK));
	R(fcntl(w, F_SETLEASE, F_WRLCK));
	OK(open("lease", O_WRONLY | O_NONBLOCK));
	R(fcntl(w, F_GETLEASE));
	R(fcntl(r, F_GETLEASE));
	R(fcntl(r, F_SETLEASE, F_UNLCK));
	R(fcntl(w, F_SETLEASE, F_UNLCK));
	OK(open("lease", O_WRONLY | O_NONBLOCK));
	R(pipe(p));
	R(fcntl(p[0], F_SETLEASE, F_RDLCK));
	R(fcntl(open("/dev/null", O_RDONLY), F_SETLEASE, F_RDLCK));
	R(fcntl(open("lease", O_PATH), F_SETLEASE, F_RDLCK));
}

static void c_packets(void)
{
	static char big[3 * 4096];
	char buf[64];
	int p[2];

	R(pipe2(p, O_DIRECT | O_NONBLOCK));
	V(fcntl(p[0], F_GETFL) & O_DIRECT);
	V(fcntl(p[1], F_GETFL) & O_DIRECT);
	R(write(p[1], "one", 3));
	R(write(p[1], "three", 5));
	R(write(p[1], "", 0));
	R(read(p[0], buf, 64));
	R(read(p[0], buf, 2));
	R(read(p[0], buf, 2));
	R(write(p[1], big, 4096 + 10));
	R(read(p[0], big, sizeof(big)));
	R(read(p[0], big, sizeof(big)));
	for (int i = 0; i < 17; i++)
		R(write(p[1], "x", 1));
	R(fcntl(p[1], F_SETPIPE_SZ, 8 * 4096));
	R(read(p[0], buf, 64));
	R(fcntl(p[1], F_SETFL, O_NONBLOCK));
	R(write(p[1], "ab", 2));
	R(fcntl(p[1], F_SETPIPE_SZ, 32 * 4096));
	for (int i = 0; i < 16; i++)
		R(read(p[0], buf, 64));
	R(write(p[1], "cd", 2));
	R(read(p[0], buf, 64));
}

static const struct diff_case cases[] = {
	{ "packets", c_packets },
	{ "leases", c_lease },
	{ "aio and handles", c_aio },
	{ "dup", c_dup },
	{ "fcntl", c_fcntl },
	{ "pipe", c_pipe },
	{ "splice", c_splice },
	{ "poll", c_poll },
	{ "epoll", c_epoll },
	{ "objects", c_objects },
	{ "memfd", c_memfd },
};
DIFF_TABLE(descriptors_table, cases);
