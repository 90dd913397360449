/*
 * inotify: which events come, in which order, and what ends a watch.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/inotify.h>

#define ALL ((unsigned int)IN_ALL_EVENTS)
#define ISDIR ((unsigned int)IN_ISDIR)
#define ONESHOT ((unsigned int)IN_ONESHOT)
#ifndef FIONREAD
#define FIONREAD 0x541B
#endif

static int in;
static char queue[8192];
static size_t queue_len, queue_at;
static unsigned int last_cookie;

static void start(void)
{
	test_scratch();
	in = (int)CHECK_OK(SYS(inotify_init1, O_NONBLOCK));
	queue_len = queue_at = 0;
}

static int watch(const char *path, unsigned int mask)
{
	return (int)SYS(inotify_add_watch, in, path, mask);
}

static int watch_ok(const char *path, unsigned int mask)
{
	return (int)CHECK_OK(watch(path, mask));
}

/* The next event must be this one. */
static void expect_at(int line, int wd, unsigned int mask, const char *name)
{
	struct inotify_event e;

	if (queue_at == queue_len) {
		ssize_t n = read(in, queue, sizeof(queue));

		if (n <= 0)
			test_fail(__FILE__, line, "no event, wanted %#x %s", mask, name);
		queue_len = (size_t)n;
		queue_at = 0;
	}
	memcpy(&e, queue + queue_at, sizeof(e));
	if (e.wd != wd || e.mask != mask)
		test_fail(__FILE__, line, "event %d %#x %s, wanted %d %#x %s", e.wd,
			  e.mask, e.len ? queue + queue_at + sizeof(e) : "", wd, mask,
			  name);
	if (e.len % sizeof(e))
		test_fail(__FILE__, line, "name of %u bytes", e.len);
	if (e.len ? strcmp(queue + queue_at + sizeof(e), name) : *name)
		test_fail(__FILE__, line, "name %s, wanted %s",
			  e.len ? queue + queue_at + sizeof(e) : "", name);
	last_cookie = e.cookie;
	queue_at += sizeof(e) + e.len;
}

#define expect(wd, mask, name) expect_at(__LINE__, wd, mask, name)

static void expect_none(void)
{
	char byte[512];

	CHECK_EQ(queue_at, queue_len);
	CHECK_ERR(read(in, byte, sizeof(byte)), EAGAIN);
}

static void make(const char *name)
{
	CHECK_OK(close((int)CHECK_OK(open(name, O_WRONLY | O_CREAT, 0644))));
}

/* ---- a directory --------------------------------------------------------------- */

static void directory(void)
{
	int wd;
	int fd;
	char byte;

	start();
	wd = watch_ok(".", ALL);
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	expect(wd, IN_CREATE, "f");
	expect(wd, IN_OPEN, "f");
	CHECK_EQ(write(fd, "x", 1), 1);
	expect(wd, IN_MODIFY, "f");
	CHECK_EQ(pread(fd, &byte, 1, 0), 1);
	expect(wd, IN_ACCESS, "f");
	CHECK_EQ(pread(fd, &byte, 1, 5), 0);
	CHECK_OK(ftruncate(fd, 0));
	expect(wd, IN_MODIFY, "f");
	CHECK_OK(SYS(fchmod, fd, 0600));
	expect(wd, IN_ATTRIB, "f");
	CHECK_OK(close(fd));
	expect(wd, IN_CLOSE_WRITE, "f");
	CHECK_OK(close((int)CHECK_OK(open("f", O_RDONLY))));
	expect(wd, IN_OPEN, "f");
	expect(wd, IN_CLOSE_NOWRITE, "f");
	CHECK_OK(link("f", "g"));
	expect(wd, IN_CREATE, "g");
	CHECK_OK(unlink("g"));
	expect(wd, IN_DELETE, "g");
	CHECK_OK(mkdir("d", 0755));
	expect(wd, IN_CREATE | ISDIR, "d");
	CHECK_OK(rmdir("d"));
	expect(wd, IN_DELETE | ISDIR, "d");
	CHECK_OK(symlink("f", "s"));
	expect(wd, IN_CREATE, "s");
	expect_none();
}

static void rename_cookie(void)
{
	unsigned int cookie;
	int a;
	int b;
	int f;

	start();
	CHECK_OK(mkdir("a", 0755));
	CHECK_OK(mkdir("b", 0755));
	make("a/x");
	make("b/y");
	a = watch_ok("a", ALL);
	b = watch_ok("b", ALL);
	f = watch_ok("a/x", ALL);
	CHECK_OK(rename("a/x", "b/y"));
	expect(a, IN_MOVED_FROM, "x");
	cookie = last_cookie;
	CHECK(cookie != 0);
	expect(b, IN_MOVED_TO, "y");
	CHECK_EQ(last_cookie, cookie);
	expect(f, IN_MOVE_SELF, "");
	CHECK_EQ(last_cookie, 0);
	CHECK_OK(rename("b", "c"));
	expect(b, IN_MOVE_SELF, "");
	expect_none();
}

static void overwritten(void)
{
	int wd;

	start();
	make("x");
	make("y");
	wd = watch_ok("y", ALL);
	CHECK_OK(rename("x", "y"));
	expect(wd, IN_ATTRIB, "");
	expect(wd, IN_DELETE_SELF, "");
	expect(wd, IN_IGNORED, "");
	expect_none();
	CHECK_ERR(SYS(inotify_rm_watch, in, wd), EINVAL);
}

/* ---- the file itself ------------------------------------------------------------- */

static void deleted(void)
{
	int wd;
	int dir;
	int fd;

	start();
	make("f");
	wd = watch_ok("f", ALL);
	CHECK_OK(unlink("f"));
	expect(wd, IN_ATTRIB, "");
	expect(wd, IN_DELETE_SELF, "");
	expect(wd, IN_IGNORED, "");
	/* Open, it is not gone yet. */
	make("g");
	fd = (int)CHECK_OK(open("g", O_RDWR));
	wd = watch_ok("g", ALL);
	dir = watch_ok(".", ALL);
	CHECK_OK(unlink("g"));
	expect(wd, IN_ATTRIB, "");
	expect(dir, IN_DELETE, "g");
	CHECK_EQ(write(fd, "x", 1), 1);
	expect(dir, IN_MODIFY, "g");
	expect(wd, IN_MODIFY, "");
	CHECK_OK(close(fd));
	expect(dir, IN_CLOSE_WRITE, "g");
	expect(wd, IN_CLOSE_WRITE, "");
	expect(wd, IN_DELETE_SELF, "");
	expect(wd, IN_IGNORED, "");
	expect_none();
}

static void deleted_directory(void)
{
	int wd;

	start();
	CHECK_OK(mkdir("d", 0755));
	wd = watch_ok("d", ALL);
	CHECK_OK(rmdir("d"));
	expect(wd, IN_DELETE_SELF, "");
	expect(wd, IN_IGNORED, "");
	expect_none();
}

static void excluded_when_unlinked(void)
{
	int wd;
	int fd;

	start();
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	wd = watch_ok(".", ALL | IN_EXCL_UNLINK);
	CHECK_EQ(write(fd, "x", 1), 1);
	expect(wd, IN_MODIFY, "f");
	CHECK_OK(unlink("f"));
	expect(wd, IN_DELETE, "f");
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_OK(close(fd));
	expect_none();
}

static void both_watched(void)
{
	int dir;
	int f;

	start();
	make("f");
	dir = watch_ok(".", IN_MODIFY | IN_ATTRIB);
	f = watch_ok("f", IN_MODIFY | IN_ATTRIB);
	CHECK_OK(truncate("f", 10));
	expect(dir, IN_MODIFY, "f");
	expect(f, IN_MODIFY, "");
	CHECK_OK(SYS(chmod, "f", 0600));
	expect(dir, IN_ATTRIB, "f");
	expect(f, IN_ATTRIB, "");
	CHECK_OK(SYS(utimensat, AT_FDCWD, "f", NULL, 0));
	expect(dir, IN_ATTRIB, "f");
	expect(f, IN_ATTRIB, "");
	expect_none();
}

/* ---- watches ---------------------------------------------------------------------- */

static void masks(void)
{
	int wd;

	start();
	make("f");
	wd = watch_ok("f", IN_OPEN);
	/* Replaced... */
	CHECK_EQ(watch_ok("f", IN_CLOSE), wd);
	make("f");
	expect(wd, IN_CLOSE_WRITE, "");
	/* ...added to... */
	CHECK_EQ(watch_ok("f", IN_OPEN | IN_MASK_ADD), wd);
	make("f");
	expect(wd, IN_OPEN, "");
	expect(wd, IN_CLOSE_WRITE, "");
	/* ...or only new. */
	CHECK_ERR(watch("f", IN_OPEN | IN_MASK_CREATE), EEXIST);
	CHECK_OK(SYS(inotify_rm_watch, in, wd));
	expect(wd, IN_IGNORED, "");
	CHECK_EQ(watch_ok("f", IN_OPEN | IN_MASK_CREATE), wd + 1);
	expect_none();
}

static void one_shot(void)
{
	int wd;

	start();
	make("f");
	wd = watch_ok("f", IN_OPEN | ONESHOT);
	make("f");
	make("f");
	expect(wd, IN_OPEN, "");
	expect(wd, IN_IGNORED, "");
	expect_none();
}

static void errors(void)
{
	int fds[2];

	start();
	make("f");
	CHECK_OK(pipe(fds));
	CHECK_ERR(watch("f", 0), EINVAL);
	CHECK_ERR(watch("f", 0x00010000), EINVAL);
	CHECK_ERR(watch("f", IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), EINVAL);
	CHECK_ERR(watch("none", IN_OPEN), ENOENT);
	CHECK_ERR(watch("f", IN_OPEN | IN_ONLYDIR), ENOTDIR);
	CHECK_ERR(watch(test_bad_pointer, IN_OPEN), EFAULT);
	CHECK_ERR(SYS(inotify_add_watch, 99, "f", IN_OPEN), EBADF);
	CHECK_ERR(SYS(inotify_add_watch, fds[0], "f", IN_OPEN), EINVAL);
	CHECK_ERR(SYS(inotify_rm_watch, in, 77), EINVAL);
	CHECK_ERR(SYS(inotify_rm_watch, fds[0], 1), EINVAL);
	CHECK_ERR(SYS(inotify_rm_watch, 99, 1), EBADF);
	CHECK_ERR(SYS(inotify_init1, 1), EINVAL);
	CHECK_ERR(write(in, "x", 1), EBADF);
	CHECK_OK(symlink("none", "s"));
	CHECK_ERR(watch("s", IN_OPEN), ENOENT);
	watch_ok("s", IN_OPEN | IN_DONT_FOLLOW);
}

/* ---- the queue --------------------------------------------------------------------- */

static void queue_rules(void)
{
	struct pollfd p;
	char small[20];
	int wd;
	int bytes;
	int i;

	start();
	p.fd = in;
	p.events = POLLIN;
	wd = watch_ok(".", IN_CREATE | IN_MODIFY);
	CHECK_EQ(poll(&p, 1, 0), 0);
	make("a-name-of-sixteen");
	CHECK_EQ(poll(&p, 1, 0), 1);
	CHECK_OK(ioctl(in, FIONREAD, &bytes));
	CHECK_EQ(bytes, 16 + 32);
	CHECK_ERR(read(in, small, sizeof(small)), EINVAL);
	/* The same twice in a row is one. */
	for (i = 0; i < 3; i++)
		CHECK_OK(truncate("a-name-of-sixteen", i + 1));
	expect(wd, IN_CREATE, "a-name-of-sixteen");
	expect(wd, IN_MODIFY, "a-name-of-sixteen");
	expect_none();
}

static void overflow(void)
{
	static char buf[65536];
	struct inotify_event e;
	int seen = 0;
	int last = 0;
	ssize_t n;
	int a;
	int i;

	start();
	make("f");
	make("g");
	a = watch_ok("f", IN_MODIFY);
	watch_ok("g", IN_MODIFY);
	for (i = 0; i < 8300; i++) {
		CHECK_OK(truncate("f", 1));
		CHECK_OK(truncate("g", 1));
	}
	while ((n = read(in, buf, sizeof(buf))) > 0) {
		for (i = 0; i < n; i += (int)sizeof(e)) {
			memcpy(&e, buf + i, sizeof(e));
			last = e.wd;
			if (e.mask == IN_Q_OVERFLOW)
				seen++;
		}
	}
	CHECK_EQ(seen, 1);
	CHECK_EQ(last, -1);
	CHECK_OK(truncate("f", 2));
	expect(a, IN_MODIFY, "");
}

static void wakes(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep;
	int wd;
	pid_t pid;

	start();
	make("f");
	wd = watch_ok("f", IN_MODIFY);
	ep = (int)CHECK_OK(SYS(epoll_create1, 0));
	CHECK_OK(SYS(epoll_ctl, ep, EPOLL_CTL_ADD, in, &ev));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_OK(truncate("f", 1));
		_exit(0);
	}
	CHECK_EQ(SYS(epoll_wait, ep, &ev, 1, -1), 1);
	expect(wd, IN_MODIFY, "");
	test_wait_ok(pid);
	CHECK_OK(fcntl(in, F_SETFL, 0));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_OK(truncate("f", 2));
		_exit(0);
	}
	expect(wd, IN_MODIFY, "");
	test_wait_ok(pid);
}

static void instance_goes_first(void)
{
	start();
	make("f");
	watch_ok("f", ALL);
	watch_ok(".", ALL);
	make("f");
	CHECK_OK(close(in));
	make("f");
	CHECK_OK(unlink("f"));
}

/* Unmounting takes its watches along. */
static void unmounted(void)
{
	int wd;

	start();
	CHECK_OK(mkdir("m", 0755));
	if (SYS(mount, "none", "m", "tmpfs", 0, NULL))
		test_skip("cannot mount here");
	make("m/f");
	wd = watch_ok("m/f", ALL);
	CHECK_OK(SYS(umount2, "m", 0));
	expect(wd, IN_UNMOUNT, "");
	expect(wd, IN_IGNORED, "");
	expect_none();
}

static const struct test_case cases[] = {
	{ "inotify: a directory", directory },
	{ "inotify: the cookie of a rename", rename_cookie },
	{ "inotify: overwritten", overwritten },
	{ "inotify: deleted", deleted },
	{ "inotify: a deleted directory", deleted_directory },
	{ "inotify: IN_EXCL_UNLINK", excluded_when_unlinked },
	{ "inotify: file and directory", both_watched },
	{ "inotify: masks", masks },
	{ "inotify: one shot", one_shot },
	{ "inotify: errors", errors },
	{ "inotify: the queue", queue_rules },
	{ "inotify: overflow", overflow },
	{ "inotify: wakes", wakes },
	{ "inotify: the instance goes first", instance_goes_first },
	{ "inotify: unmounted", unmounted },
};

TEST_MAIN(cases)
