/*
 * Descriptors and credentials in messages of AF_UNIX sockets; sockets in each
 * other's queues; hostile arguments of sendmsg and recvmsg.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libsock.h"

/* ---- descriptors --------------------------------------------------------- */

static void a_descriptor_travels(void)
{
	int s[2], p[2], got, fd = -1;
	char byte;

	sock_pair(SOCK_STREAM, s);
	CHECK_OK(pipe(p));
	CHECK_EQ(sock_send_fds(s[0], "x", 1, p, 1), 1);
	CHECK_OK(close(p[0]));
	CHECK_EQ(sock_recv_fds(s[1], &byte, 1, &fd, 1, &got, 0), 1);
	CHECK_EQ(got, 1);
	CHECK_EQ(fd, p[0]); /* the lowest free */
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_EQ(write(p[1], "y", 1), 1);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'y');
}

static void to_another_process(void)
{
	int s[2], got, fd;
	char text[8];
	pid_t pid;

	test_scratch();
	sock_pair(SOCK_DGRAM, s);
	pid = test_fork();
	if (pid == 0) {
		test_make_file("f", "hello");
		fd = (int)CHECK_OK(open("f", O_RDONLY));
		CHECK_EQ(sock_send_fds(s[0], "x", 1, &fd, 1), 1);
		_exit(0);
	}
	CHECK_EQ(sock_recv_fds(s[1], text, 1, &fd, 1, &got, MSG_CMSG_CLOEXEC), 1);
	CHECK_EQ(got, 1);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(read(fd, text, 8), 5);
	test_wait_ok(pid);
}

static void several_and_cut(void)
{
	int s[2], fds[3], in[3], got;
	char byte;

	sock_pair(SOCK_STREAM, s);
	fds[0] = fds[1] = s[0];
	fds[2] = s[1];
	CHECK_EQ(sock_send_fds(s[0], "a", 1, fds, 3), 1);
	CHECK_EQ(sock_recv_fds(s[1], &byte, 1, in, 2, &got, 0), 1);
	CHECK_EQ(got, 2);
	CHECK_OK(close(in[0]));
	CHECK_OK(close(in[1]));
	CHECK_EQ(sock_send_fds(s[0], "a", 1, fds, 3), 1);
	CHECK_EQ(read(s[1], &byte, 1), 1); /* plain read drops them */
	CHECK_EQ(dup(s[0]), in[0]);
}

static void streams_stop_at_descriptors(void)
{
	int s[2], fd, got;
	char buf[8];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(write(s[0], "ab", 2), 2);
	CHECK_EQ(sock_send_fds(s[0], "cd", 2, s, 1), 2);
	CHECK_EQ(write(s[0], "ef", 2), 2);
	CHECK_EQ(sock_recv_fds(s[1], buf, 8, &fd, 1, &got, MSG_PEEK), 4);
	CHECK_EQ(got, 1);
	CHECK_OK(close(fd));
	CHECK_EQ(sock_recv_fds(s[1], buf, 8, &fd, 1, &got, 0), 4);
	CHECK_EQ(memcmp(buf, "abcd", 4), 0);
	CHECK_EQ(got, 1);
	CHECK_EQ(sock_recv_fds(s[1], buf, 8, &fd, 1, &got, 0), 2);
	CHECK_EQ(got, 0);
}

static void bad_descriptors(void)
{
	int s[2], fds[256], i;

	sock_pair(SOCK_STREAM, s);
	fds[0] = 99;
	CHECK_ERR(sock_send_fds(s[0], "x", 1, fds, 1), EBADF);
	for (i = 0; i < 256; i++)
		fds[i] = s[0];
	CHECK_ERR(sock_send_fds(s[0], "x", 1, fds, 254), EINVAL);
	CHECK_EQ(sock_send_fds(s[0], "x", 1, fds, 253), 1);
	CHECK_ERR(recv(s[0], fds, 1, MSG_DONTWAIT), EAGAIN);
}

static void no_room_in_the_table(void)
{
	struct rlimit lim = { 20, 20 };
	int s[2], fds[3], in[3], got, i;
	char byte;

	sock_pair(SOCK_STREAM, s);
	for (i = 0; i < 3; i++)
		fds[i] = s[0];
	CHECK_EQ(sock_send_fds(s[0], "x", 1, fds, 3), 1);
	CHECK_OK(setrlimit(RLIMIT_NOFILE, &lim));
	while (dup(s[0]) >= 0)
		;
	CHECK_OK(close(15));
	CHECK_EQ(sock_recv_fds(s[1], &byte, 1, in, 3, &got, 0), 1);
	CHECK_EQ(got, 1);
	CHECK_EQ(in[0], 15);
}

/* Each is only referred to by a message in its own or the other's queue. */
static void cycles_are_collected(void)
{
	int a[2], b[2], i;

	for (i = 0; i < 300; i++) {
		sock_pair(SOCK_STREAM, a);
		sock_pair(SOCK_DGRAM, b);
		CHECK_EQ(sock_send_fds(a[0], "x", 1, a, 2), 1);
		CHECK_EQ(sock_send_fds(b[0], "x", 1, b, 2), 1);
		CHECK_EQ(sock_send_fds(b[1], "x", 1, a, 2), 1);
		CHECK_EQ(sock_send_fds(a[1], "x", 1, b, 2), 1);
		close(a[0]);
		close(a[1]);
		close(b[0]);
		close(b[1]);
	}
	/* Closing any socket looks for what is left. */
	close(sock_make(AF_UNIX, SOCK_STREAM));
}

static void what_is_reachable_stays(void)
{
	int a[2], b[2], fd, got, i;
	char byte;

	sock_pair(SOCK_STREAM, a);
	sock_pair(SOCK_STREAM, b);
	/* b[1] lives in a's queue, and in b[1]'s own a message waits. */
	CHECK_EQ(write(b[0], "z", 1), 1);
	CHECK_EQ(sock_send_fds(a[0], "x", 1, &b[1], 1), 1);
	CHECK_OK(close(b[1]));
	for (i = 0; i < 3; i++) {
		int c[2];

		sock_pair(SOCK_STREAM, c);
		close(c[0]);
		close(c[1]);
	}
	CHECK_EQ(sock_recv_fds(a[1], &byte, 1, &fd, 1, &got, 0), 1);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'z');
}

/* A chain as long as the kernel allows: closing the last closes all, in turn. */
static void nested_deeply(void)
{
	int last[2], next[2], i;

	sock_pair(SOCK_DGRAM, last);
	for (i = 0; i < 900; i++) {
		sock_pair(SOCK_DGRAM, next);
		if (sock_send_fds(next[0], "x", 1, last, 2) < 0)
			break;
		close(last[0]);
		close(last[1]);
		last[0] = next[0];
		last[1] = next[1];
	}
	CHECK(i > 100);
	close(last[0]);
	close(last[1]);
}

/* ---- credentials ------------------------------------------------------------ */

static ssize_t recv_cred(int fd, struct ucred *cred)
{
	char byte, control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8)));
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr h;
	ssize_t ret = recvmsg(fd, &m, 0);

	memset(cred, 0xff, sizeof(*cred));
	if (ret < 0 || m.msg_controllen < sizeof(h))
		return ret;
	memcpy(&h, control, sizeof(h));
	CHECK_EQ(h.cmsg_type, SCM_CREDENTIALS);
	CHECK_EQ(h.cmsg_len, CMSG_LEN(sizeof(*cred)));
	memcpy(cred, CMSG_DATA(control), sizeof(*cred));
	return ret;
}

static ssize_t send_cred(int fd, const struct ucred *cred)
{
	char control[CMSG_SPACE(sizeof(struct ucred))] __attribute__((aligned(8)));
	struct cmsghdr h = { CMSG_LEN(sizeof(*cred)), SOL_SOCKET, SCM_CREDENTIALS };
	struct iovec iov = { control, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };

	memset(control, 0, sizeof(control));
	memcpy(control, &h, sizeof(h));
	memcpy(CMSG_DATA(control), cred, sizeof(*cred));
	return sendmsg(fd, &m, 0);
}

static void credentials_come_along(void)
{
	struct ucred cred;
	int s[2];
	pid_t pid;

	sock_pair(SOCK_STREAM, s);
	sock_setopt(s[1], SOL_SOCKET, SO_PASSCRED, 1);
	CHECK_EQ(sock_getopt(s[1], SOL_SOCKET, SO_PASSCRED), 1);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(write(s[0], "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(recv_cred(s[1], &cred), 1);
	CHECK_EQ(cred.pid, pid);
	CHECK_EQ(cred.uid, getuid());
	CHECK_EQ(cred.gid, getgid());
	test_wait_ok(pid);
}

static void forge_as_user(void)
{
	struct ucred cred = { getpid(), getuid(), getgid() };
	struct ucred got;
	int s[2];

	sock_pair(SOCK_DGRAM, s);
	sock_setopt(s[1], SOL_SOCKET, SO_PASSCRED, 1);
	CHECK_EQ(send_cred(s[0], &cred), 1);
	CHECK_EQ(recv_cred(s[1], &got), 1);
	CHECK_EQ(got.pid, getpid());
	cred.pid = 1;
	CHECK_ERR(send_cred(s[0], &cred), EPERM);
	cred.pid = getpid();
	cred.uid = 0;
	CHECK_ERR(send_cred(s[0], &cred), EPERM);
	cred.uid = getuid();
	cred.gid = 0;
	CHECK_ERR(send_cred(s[0], &cred), EPERM);
}

static void credentials_cannot_be_forged(void)
{
	test_need_root();
	test_as_user(forge_as_user);
}

static void root_may_claim(void)
{
	struct ucred cred = { 1, 12345, 54321 }, got;
	int s[2];

	test_need_root();
	sock_pair(SOCK_DGRAM, s);
	sock_setopt(s[1], SOL_SOCKET, SO_PASSCRED, 1);
	CHECK_EQ(send_cred(s[0], &cred), 1);
	CHECK_EQ(recv_cred(s[1], &got), 1);
	CHECK_EQ(got.pid, 1);
	CHECK_EQ(got.uid, 12345);
	CHECK_EQ(got.gid, 54321);
	cred.pid = 0x7ffffff;
	CHECK_ERR(send_cred(s[0], &cred), ESRCH);
}

/* ---- hostile arguments --------------------------------------------------------- */

static char *page_with_nothing_behind(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED);
	CHECK_OK(munmap(p + 4096, 4096));
	return p;
}

static void bad_pointers(void)
{
	char *page = page_with_nothing_behind(), byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_ERR(sendmsg(s[0], test_bad_pointer, 0), EFAULT);
	CHECK_ERR(sendmsg(s[0], (void *)(page + 4096 - 20), 0), EFAULT);
	CHECK_ERR(recvmsg(s[0], (void *)(page + 4096 - 20), 0), EFAULT);
	m.msg_iov = (void *)(page + 4096 - 8);
	CHECK_ERR(sendmsg(s[0], &m, 0), EFAULT);
	m.msg_iov = &iov;
	m.msg_iovlen = 1025;
	CHECK_ERR(sendmsg(s[0], &m, 0), EMSGSIZE);
	m.msg_iovlen = (size_t)-1;
	CHECK_ERR(recvmsg(s[0], &m, 0), EMSGSIZE);
	m.msg_iovlen = 1;
	iov.iov_len = (size_t)-1;
	CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
	iov.iov_len = 1;
	m.msg_control = test_bad_pointer;
	m.msg_controllen = 64;
	CHECK_ERR(sendmsg(s[0], &m, 0), EFAULT);
	m.msg_controllen = (size_t)-1;
	CHECK_ERR(sendmsg(s[0], &m, 0), ENOBUFS);
	m.msg_control = NULL;
	m.msg_controllen = 0;
	m.msg_name = page;
	m.msg_namelen = (socklen_t)-1;
	CHECK_ERR(sendmsg(s[0], &m, 0), EINVAL);
	/* A bad buffer loses nothing. */
	CHECK_EQ(write(s[0], "ab", 2), 2);
	CHECK_ERR(read(s[1], test_bad_pointer, 2), EFAULT);
	CHECK_EQ(read(s[1], page + 4095, 1), 1);
	CHECK_EQ(page[4095], 'a');
	CHECK_ERR(write(s[0], test_bad_pointer, 1), EFAULT);
	CHECK_EQ(read(s[1], &byte, 1), 1);
	CHECK_EQ(byte, 'b');
	CHECK_ERR(send(s[0], &byte, (size_t)-1, 0), EFAULT);
}

static ssize_t send_control(int fd, void *control, size_t len)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = len };

	return sendmsg(fd, &m, 0);
}

static void malformed_control_messages(void)
{
	struct {
		struct cmsghdr h;
		int fd[4];
	} c = { { 0, SOL_SOCKET, SCM_RIGHTS }, { 0, 0, 0, 0 } };
	int s[2];
	char byte;

	sock_pair(SOCK_STREAM, s);
	CHECK_ERR(send_control(s[0], &c, sizeof(c)), EINVAL); /* shorter than itself */
	c.h.cmsg_len = (size_t)-1;
	CHECK_ERR(send_control(s[0], &c, sizeof(c)), EINVAL);
	c.h.cmsg_len = sizeof(c) + 1;
	CHECK_ERR(send_control(s[0], &c, sizeof(c)), EINVAL);
	c.h.cmsg_len = CMSG_LEN(8);
	c.h.cmsg_type = 77;
	CHECK_ERR(send_control(s[0], &c, sizeof(c)), EINVAL);
	c.h.cmsg_type = SCM_CREDENTIALS;
	CHECK_ERR(send_control(s[0], &c, sizeof(c)), EINVAL);
	c.h.cmsg_level = 12345; /* somebody else's */
	CHECK_EQ(send_control(s[0], &c, CMSG_SPACE(8)), 1);
	CHECK_EQ(send_control(s[0], &c, 3), 1); /* too short to be one */
	CHECK_EQ(read(s[1], &byte, 1), 1);
	CHECK_EQ(read(s[1], &byte, 1), 1);
}

static const struct test_case cases[] = {
	{ "a descriptor travels", a_descriptor_travels },
	{ "to another process", to_another_process },
	{ "several, and cut", several_and_cut },
	{ "streams stop at descriptors", streams_stop_at_descriptors },
	{ "bad descriptors", bad_descriptors },
	{ "no room in the table", no_room_in_the_table },
	{ "cycles are collected", cycles_are_collected },
	{ "what is reachable stays", what_is_reachable_stays },
	{ "nested deeply", nested_deeply },
	{ "credentials come along", credentials_come_along },
	{ "credentials cannot be forged", credentials_cannot_be_forged },
	{ "the super-user may claim to be another", root_may_claim },
	{ "bad pointers", bad_pointers },
	{ "malformed control messages", malformed_control_messages },
};
TEST_MAIN(cases)
