/*
 * epoll: level, edge and one shot, sets in sets, what goes with a last close,
 * who is woken.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/eventpoll.h>

#define ET ((unsigned int)EPOLLET)
#define ONESHOT ((unsigned int)EPOLLONESHOT)
#define EXCLUSIVE ((unsigned int)EPOLLEXCLUSIVE)

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

static int new_set(void)
{
	return (int)CHECK_OK(SYS(epoll_create1, EPOLL_CLOEXEC));
}

static int control(int ep, int op, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data = (unsigned int)fd };

	return (int)SYS(epoll_ctl, ep, op, fd, &ev);
}

static void add(int ep, int fd, unsigned int events)
{
	CHECK_OK(control(ep, EPOLL_CTL_ADD, fd, events));
}

/* The events of the only ready descriptor, which must be fd; 0: none. */
static unsigned int ready(int ep, int fd, int timeout_ms)
{
	struct epoll_event ev[4];
	int n = (int)CHECK_OK(SYS(epoll_wait, ep, ev, 4, timeout_ms));

	if (n == 0)
		return 0;
	CHECK_EQ(n, 1);
	CHECK_EQ(ev[0].data, fd);
	return ev[0].events;
}

static void put(int fd, const char *text)
{
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
}

static void get(int fd, size_t n)
{
	char buf[16];

	CHECK_EQ(read(fd, buf, n), n);
}

/* ---- triggers ------------------------------------------------------------ */

static void level(void)
{
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[0], EPOLLIN);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	put(fds[1], "ab");
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	get(fds[0], 1);
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	get(fds[0], 1);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
}

static void edge(void)
{
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	put(fds[1], "ab");
	add(ep, fds[0], EPOLLIN | ET);
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	/* Reading a part is no edge, writing more is one. */
	get(fds[0], 1);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	put(fds[1], "c");
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	get(fds[0], 2);
	/* An edge whose cause is gone is not told. */
	put(fds[1], "d");
	get(fds[0], 1);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
}

static void edge_for_room(void)
{
	static char block[65536];
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[1], EPOLLOUT | ET);
	CHECK_EQ(ready(ep, fds[1], 0), EPOLLOUT);
	put(fds[1], "x");
	get(fds[0], 1);
	CHECK_EQ(ready(ep, fds[1], 0), 0);
	CHECK_EQ(write(fds[1], block, sizeof(block)), sizeof(block));
	test_read_all(fds[0], block, sizeof(block));
	CHECK_EQ(ready(ep, fds[1], 0), EPOLLOUT);
}

static void one_shot(void)
{
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[0], EPOLLIN | ONESHOT);
	put(fds[1], "a");
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	put(fds[1], "b");
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	CHECK_OK(control(ep, EPOLL_CTL_MOD, fds[0], EPOLLIN | ONESHOT));
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	/* A spent one does not tell of a hangup either. */
	CHECK_OK(close(fds[1]));
	CHECK_EQ(ready(ep, fds[0], 0), 0);
}

static void hangup_unasked(void)
{
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[0], 0);
	put(fds[1], "a");
	CHECK_EQ(ready(ep, fds[0], 0), 0);
	CHECK_OK(close(fds[1]));
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLHUP);
	CHECK_OK(control(ep, EPOLL_CTL_MOD, fds[0], EPOLLIN | EPOLLRDNORM));
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

static void modify(void)
{
	int ep = new_set();
	struct epoll_event ev = { .events = EPOLLOUT, .data = 77 };
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[1], 0);
	CHECK_EQ(ready(ep, fds[1], 0), 0);
	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_MOD, fds[1], &ev));
	CHECK_EQ(ready(ep, 77, 0), EPOLLOUT);
	CHECK_OK(control(ep, EPOLL_CTL_DEL, fds[1], 0));
	CHECK_EQ(ready(ep, 77, 0), 0);
}

/* ---- many ----------------------------------------------------------------- */

#define MANY 40

/* Level-triggered descriptors take turns when there is no room for all. */
static void turns(void)
{
	struct epoll_event ev[MANY];
	char seen[256] = { 0 };
	int ep = new_set();
	int fds[2];
	int i, round, n, total = 0;

	for (i = 0; i < MANY; i++) {
		CHECK_OK(pipe(fds));
		put(fds[1], "x");
		add(ep, fds[0], EPOLLIN);
	}
	for (round = 0; round < MANY / 8; round++) {
		CHECK_EQ(SYS(epoll_wait, ep, ev, 8, 0), 8);
		for (i = 0; i < 8; i++)
			seen[ev[i].data]++;
	}
	for (i = 0; i < 256; i++) {
		CHECK(seen[i] <= 1);
		total += seen[i];
	}
	CHECK_EQ(total, MANY);
	n = (int)CHECK_OK(SYS(epoll_wait, ep, ev, MANY, 0));
	CHECK_EQ(n, MANY);
}

/* ---- descriptors and descriptions ------------------------------------------- */

static void last_close(void)
{
	int ep = new_set();
	int fds[2];
	int copy;

	CHECK_OK(pipe(fds));
	put(fds[1], "x");
	copy = (int)CHECK_OK(dup(fds[0]));
	add(ep, fds[0], EPOLLIN);
	CHECK_OK(close(fds[0]));
	/* The description is still open. */
	CHECK_EQ(ready(ep, fds[0], 0), EPOLLIN);
	CHECK_ERR(control(ep, EPOLL_CTL_DEL, fds[0], 0), EBADF);
	CHECK_ERR(control(ep, EPOLL_CTL_DEL, copy, 0), ENOENT);
	CHECK_OK(close(copy));
	CHECK_EQ(ready(ep, fds[0], 0), 0);
}

static void same_file_twice(void)
{
	struct epoll_event ev[4];
	int ep = new_set();
	int fds[2];
	int copy;

	CHECK_OK(pipe(fds));
	copy = (int)CHECK_OK(dup(fds[0]));
	add(ep, fds[0], EPOLLIN);
	add(ep, copy, EPOLLIN);
	put(fds[1], "x");
	CHECK_EQ(SYS(epoll_wait, ep, ev, 4, 0), 2);
	CHECK_OK(control(ep, EPOLL_CTL_DEL, fds[0], 0));
	CHECK_EQ(ready(ep, copy, 0), EPOLLIN);
}

static void set_goes_first(void)
{
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[0], EPOLLIN);
	add(ep, fds[1], EPOLLOUT);
	CHECK_OK(close(ep));
	put(fds[1], "x");
	get(fds[0], 1);
}

static void shared_by_fork(void)
{
	int ep = new_set();
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		add(ep, fds[0], EPOLLIN);
		_exit(0);
	}
	test_wait_ok(pid);
	put(fds[1], "x");
	CHECK_EQ(ready(ep, fds[0], 0), EPOLLIN);
}

/* ---- waiting ---------------------------------------------------------------- */

static void wakes(void)
{
	int ep = new_set();
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	add(ep, fds[0], EPOLLIN);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		put(fds[1], "x");
		_exit(0);
	}
	CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
	test_wait_ok(pid);
}

/* What is added while another one waits wakes it. */
static void wakes_for_added(void)
{
	int ep = new_set();
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		add(ep, fds[1], EPOLLOUT);
		_exit(0);
	}
	CHECK_EQ(ready(ep, fds[1], -1), EPOLLOUT);
	test_wait_ok(pid);
}

static void times_out(void)
{
	struct timespec t = { 0, 20000000 };
	uint64_t start = test_now();
	struct epoll_event ev;
	int ep = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(ep, fds[0], EPOLLIN);
	CHECK_EQ(ready(ep, fds[0], 20), 0);
	CHECK(test_now() - start >= 20 * 1000000UL);
	start = test_now();
	CHECK_EQ(SYS(epoll_pwait2, ep, &ev, 1, &t, NULL, 8), 0);
	CHECK(test_now() - start >= 20 * 1000000UL);
	t.tv_nsec = 1000000000;
	CHECK_ERR(SYS(epoll_pwait2, ep, &ev, 1, &t, NULL, 8), EINVAL);
}

static void pwait_opens_the_mask(void)
{
	sigset_t set = SIGBIT(SIGUSR1);
	sigset_t none = 0;
	struct epoll_event ev;
	int ep = new_set();
	sigset_t now;

	signal(SIGUSR1, note);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	raise(SIGUSR1);
	CHECK_EQ(count, 0);
	CHECK_ERR(SYS(epoll_pwait, ep, &ev, 1, -1, &none, 8), EINTR);
	CHECK_EQ(count, 1);
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &now));
	CHECK_EQ(now, set);
	CHECK_ERR(SYS(epoll_pwait, ep, &ev, 1, 0, &none, 7), EINVAL);
	CHECK_ERR(SYS(epoll_pwait, ep, &ev, 1, 0, test_bad_pointer, 8), EFAULT);
}

/* Two wait on one set; each event wakes one of them, and both get theirs. */
static void one_waiter_an_event(void)
{
	int ep = new_set();
	int done[2];
	int fds[2];
	int i;
	pid_t pid[2];

	CHECK_OK(pipe(fds));
	CHECK_OK(pipe(done));
	add(ep, fds[0], EPOLLIN | ET);
	for (i = 0; i < 2; i++) {
		pid[i] = test_fork();
		if (pid[i] == 0) {
			CHECK_EQ(ready(ep, fds[0], -1), EPOLLIN);
			put(done[1], "x");
			_exit(0);
		}
	}
	sleep_ms(20);
	put(fds[1], "a");
	get(done[0], 1);
	put(fds[1], "b");
	get(done[0], 1);
	test_wait_ok(pid[0]);
	test_wait_ok(pid[1]);
}

/* ---- exclusive ---------------------------------------------------------------- */

static void exclusive(void)
{
	int a = new_set();
	int b = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(a, fds[0], EPOLLIN | EXCLUSIVE);
	add(b, fds[0], EPOLLIN | EXCLUSIVE);
	CHECK_ERR(control(a, EPOLL_CTL_MOD, fds[0], EPOLLIN), EINVAL);
	CHECK_ERR(control(a, EPOLL_CTL_MOD, fds[0], EPOLLIN | EXCLUSIVE), EINVAL);
	/* Nobody waits: all are told. */
	put(fds[1], "x");
	CHECK_EQ(ready(a, fds[0], 0), EPOLLIN);
	CHECK_EQ(ready(b, fds[0], 0), EPOLLIN);
	CHECK_ERR(control(a, EPOLL_CTL_ADD, fds[1],
			  EPOLLOUT | EXCLUSIVE | ONESHOT), EINVAL);
	CHECK_ERR(control(a, EPOLL_CTL_ADD, b, EPOLLIN | EXCLUSIVE), EINVAL);
}

/* ---- sets in sets ---------------------------------------------------------------- */

static void nested(void)
{
	struct pollfd p;
	int inner = new_set();
	int outer = new_set();
	int fds[2];

	CHECK_OK(pipe(fds));
	add(inner, fds[0], EPOLLIN);
	add(outer, inner, EPOLLIN);
	p.fd = outer;
	p.events = POLLIN | POLLOUT;
	CHECK_EQ(poll(&p, 1, 0), 0);
	put(fds[1], "x");
	CHECK_EQ(poll(&p, 1, -1), 1);
	CHECK_EQ(p.revents, POLLIN);
	CHECK_EQ(ready(outer, inner, -1), EPOLLIN);
	CHECK_EQ(ready(inner, fds[0], -1), EPOLLIN);
	get(fds[0], 1);
	CHECK_EQ(ready(outer, inner, 0), 0);
	CHECK_EQ(poll(&p, 1, 0), 0);
}

static void nested_wakes(void)
{
	int inner = new_set();
	int outer = new_set();
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	add(outer, inner, EPOLLIN);
	add(inner, fds[0], EPOLLIN);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		put(fds[1], "x");
		_exit(0);
	}
	CHECK_EQ(ready(outer, inner, -1), EPOLLIN);
	test_wait_ok(pid);
}

static void loops(void)
{
	int a = new_set();
	int b = new_set();
	int c = new_set();
	int chain[8];
	int i, err = 0;

	CHECK_ERR(control(a, EPOLL_CTL_ADD, a, EPOLLIN), EINVAL);
	add(a, b, EPOLLIN);
	CHECK_ERR(control(b, EPOLL_CTL_ADD, a, EPOLLIN), ELOOP);
	add(b, c, EPOLLIN);
	CHECK_ERR(control(c, EPOLL_CTL_ADD, a, EPOLLIN), ELOOP);
	CHECK_OK(control(a, EPOLL_CTL_DEL, b, 0));
	add(c, a, EPOLLIN);
	/* Too long a chain, from below. */
	for (i = 0; i < 8; i++) {
		chain[i] = new_set();
		if (i && !err && control(chain[i], EPOLL_CTL_ADD, chain[i - 1], EPOLLIN))
			err = errno;
	}
	CHECK_EQ(err, ELOOP);
}

/* ---- errors ------------------------------------------------------------------------- */

static void errors_of_ctl(void)
{
	int ep = new_set();
	int fds[2];
	int fd;

	test_scratch();
	CHECK_OK(pipe(fds));
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, 99, EPOLLIN), EBADF);
	CHECK_ERR(control(99, EPOLL_CTL_ADD, fds[0], EPOLLIN), EBADF);
	CHECK_ERR(control(fds[1], EPOLL_CTL_ADD, fds[0], EPOLLIN), EINVAL);
	CHECK_ERR(control(ep, 9, fds[0], EPOLLIN), EINVAL);
	CHECK_ERR(control(ep, EPOLL_CTL_MOD, fds[0], EPOLLIN), ENOENT);
	CHECK_ERR(control(ep, EPOLL_CTL_DEL, fds[0], EPOLLIN), ENOENT);
	add(ep, fds[0], EPOLLIN);
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, fds[0], EPOLLIN), EEXIST);
	CHECK_ERR(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, 99, test_bad_pointer), EFAULT);
	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_DEL, fds[0], NULL));
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EPERM);
	fd = (int)CHECK_OK(open(".", O_RDONLY));
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EPERM);
	fd = (int)CHECK_OK(open("/dev/null", O_RDWR));
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EPERM);
	fd = (int)CHECK_OK(open("f", O_PATH));
	CHECK_ERR(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
}

static void errors_of_wait(void)
{
	struct epoll_event ev;
	int ep = new_set();
	int fds[2];
	char buf[8];

	CHECK_OK(pipe(fds));
	CHECK_ERR(SYS(epoll_wait, ep, &ev, 0, 0), EINVAL);
	CHECK_ERR(SYS(epoll_wait, ep, &ev, -1, 0), EINVAL);
	CHECK_ERR(SYS(epoll_wait, ep, &ev, 0x7fffffff, 0), EINVAL);
	CHECK_ERR(SYS(epoll_wait, 99, &ev, 1, 0), EBADF);
	CHECK_ERR(SYS(epoll_wait, fds[0], &ev, 1, 0), EINVAL);
	CHECK_ERR(SYS(epoll_wait, ep, -4096L, 1, 0), EFAULT);
	/* A bad pointer matters when there is something to tell; nothing is lost. */
	add(ep, fds[0], EPOLLIN | ET);
	CHECK_EQ(SYS(epoll_wait, ep, test_bad_pointer, 1, 0), 0);
	put(fds[1], "x");
	CHECK_ERR(SYS(epoll_wait, ep, test_bad_pointer, 1, 0), EFAULT);
	CHECK_EQ(ready(ep, fds[0], 0), EPOLLIN);
	CHECK_ERR(SYS(epoll_create, 0), EINVAL);
	CHECK_ERR(SYS(epoll_create1, 1), EINVAL);
	CHECK_ERR(read(ep, buf, 8), EINVAL);
	CHECK_EQ(lseek(ep, 5, SEEK_SET), 0);
}

static void looks_as_on_linux(void)
{
	char path[32] = "/proc/self/fd/";
	char text[64];
	struct stat st;
	int ep;

	ep = (int)CHECK_OK(SYS(epoll_create, 1));
	CHECK(ep < 10);
	path[14] = (char)('0' + ep);
	path[15] = '\0';
	text[CHECK_OK(readlink(path, text, sizeof(text) - 1))] = '\0';
	CHECK_STR(text, "anon_inode:[eventpoll]");
	CHECK_OK(fstat(ep, &st));
	CHECK_EQ(st.st_mode, 0600);
	CHECK_EQ(fcntl(ep, F_GETFD), 0);
	CHECK_EQ(fcntl(new_set(), F_GETFD), FD_CLOEXEC);
}

static const struct test_case cases[] = {
	{ "epoll: level", level },
	{ "epoll: edge", edge },
	{ "epoll: edge for room", edge_for_room },
	{ "epoll: one shot", one_shot },
	{ "epoll: a hangup comes unasked", hangup_unasked },
	{ "epoll: modify", modify },
	{ "epoll: many take turns", turns },
	{ "epoll: gone with the last close", last_close },
	{ "epoll: one file by two descriptors", same_file_twice },
	{ "epoll: the set is closed first", set_goes_first },
	{ "epoll: shared by fork", shared_by_fork },
	{ "epoll: wakes", wakes },
	{ "epoll: wakes for what is added", wakes_for_added },
	{ "epoll: times out", times_out },
	{ "epoll: pwait opens the mask", pwait_opens_the_mask },
	{ "epoll: one waiter an event", one_waiter_an_event },
	{ "epoll: exclusive", exclusive },
	{ "epoll: nested", nested },
	{ "epoll: nested wakes", nested_wakes },
	{ "epoll: loops", loops },
	{ "epoll: errors of ctl", errors_of_ctl },
	{ "epoll: errors of wait", errors_of_wait },
	{ "epoll: looks as on Linux", looks_as_on_linux },
};

TEST_MAIN(cases)
