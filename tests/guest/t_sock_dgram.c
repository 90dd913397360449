/*
 * AF_UNIX datagrams and sequenced packets.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libsock.h"

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

/* ---- datagrams ------------------------------------------------------------------ */

static void datagrams_keep_their_bounds(void)
{
	char buf[16];
	int s[2], n;

	sock_pair(SOCK_DGRAM, s);
	CHECK_EQ(write(s[0], "one", 3), 3);
	CHECK_EQ(write(s[0], "", 0), 0);
	CHECK_EQ(write(s[0], "three", 5), 5);
	CHECK_OK(ioctl(s[1], FIONREAD, &n));
	CHECK_EQ(n, 3);
	CHECK_EQ(recv(s[1], buf, 16, MSG_PEEK), 3);
	CHECK_EQ(read(s[1], buf, 16), 3);
	CHECK_EQ(read(s[1], buf, 16), 0);
	CHECK_EQ(recv(s[1], buf, 2, MSG_TRUNC), 5);
	CHECK_ERR(recv(s[1], buf, 2, MSG_DONTWAIT), EAGAIN);
}

static void datagrams_say_whom_they_are_from(void)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	char buf[16];
	int a, b;

	test_scratch();
	a = sock_make(AF_UNIX, SOCK_DGRAM);
	b = sock_make(AF_UNIX, SOCK_DGRAM);
	CHECK_OK(sock_bind_un(a, "a"));
	CHECK_ERR(send(b, "x", 1, 0), ENOTCONN);
	len = sock_un(&un, "a");
	CHECK_EQ(sendto(b, "x", 1, 0, &un, len), 1);
	len = sizeof(un);
	CHECK_EQ(recvfrom(a, buf, 16, 0, &un, &len), 1);
	CHECK_EQ(len, 0);
	CHECK_OK(sock_bind_un(b, "@lodger-b"));
	CHECK_OK(sock_connect_un(b, "a"));
	CHECK_EQ(send(b, "yz", 2, 0), 2);
	len = sizeof(un);
	CHECK_EQ(recvfrom(a, buf, 16, 0, &un, &len), 2);
	CHECK_EQ(len, 2 + 9);
	CHECK_EQ(memcmp(un.sun_path, "\0lodger-b", 9), 0);
	CHECK_OK(close(a));
	CHECK_ERR(send(b, "x", 1, 0), ECONNREFUSED);
	CHECK_ERR(send(b, "x", 1, 0), ENOTCONN);
	CHECK_ERR(listen(b, 1), EOPNOTSUPP);
	CHECK_ERR(accept(b, NULL, NULL), EOPNOTSUPP);
}

static void a_full_receiver_makes_senders_wait(void)
{
	pid_t pid;
	char buf[4];
	int a, b, i;

	test_scratch();
	a = sock_make(AF_UNIX, SOCK_DGRAM);
	b = sock_make(AF_UNIX, SOCK_DGRAM);
	CHECK_OK(sock_bind_un(a, "a"));
	CHECK_OK(sock_connect_un(b, "a"));
	for (i = 0; send(b, "x", 1, MSG_DONTWAIT) == 1; i++)
		CHECK(i < 1000);
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(sock_poll(b, POLLOUT), 0);
	pid = test_fork();
	if (pid == 0) {
		struct pollfd p = { .fd = b, .events = POLLOUT };

		CHECK_EQ(poll(&p, 1, -1), 1);
		CHECK_EQ(send(b, "y", 1, 0), 1);
		CHECK_EQ(send(b, "z", 1, 0), 1);
		_exit(0);
	}
	sleep_ms(20);
	for (; i >= -1; i--)
		CHECK_EQ(read(a, buf, 4), 1);
	CHECK_EQ(buf[0], 'z');
	test_wait_ok(pid);
}

static void connected_datagrams_are_picky(void)
{
	char buf[4];
	int a, b, c;

	test_scratch();
	a = sock_make(AF_UNIX, SOCK_DGRAM);
	b = sock_make(AF_UNIX, SOCK_DGRAM);
	c = sock_make(AF_UNIX, SOCK_DGRAM);
	CHECK_OK(sock_bind_un(a, "a"));
	CHECK_OK(sock_bind_un(b, "b"));
	CHECK_OK(sock_connect_un(a, "b"));
	CHECK_ERR(sock_connect_un(c, "a"), EPERM);
	CHECK_OK(sock_connect_un(b, "a"));
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_EQ(read(a, buf, 4), 1);
	/* AF_UNSPEC takes the peer away again. */
	CHECK_OK(connect(a, &(struct sockaddr_un){ .sun_family = AF_UNSPEC }, 2));
	CHECK_ERR(send(a, "x", 1, 0), ENOTCONN);
	CHECK_OK(sock_connect_un(c, "a"));
}

static void a_large_datagram(void)
{
	static char out[100000], in[100000];
	size_t i;
	int s[2];

	for (i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 13 + i / 251);
	sock_pair(SOCK_DGRAM, s);
	CHECK_EQ(send(s[0], out, sizeof(out), 0), sizeof(out));
	CHECK_EQ(recv(s[1], in, sizeof(in), 0), sizeof(in));
	CHECK_EQ(memcmp(in, out, sizeof(in)), 0);
	sock_setopt(s[0], SOL_SOCKET, SO_SNDBUF, 4096);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_SNDBUF), 8192);
	CHECK_ERR(send(s[0], out, 8192, 0), EMSGSIZE);
}

static void sequenced_packets(void)
{
	struct iovec iov;
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	char buf[16];
	int srv, cli, conn;

	test_scratch();
	srv = sock_listen_un(SOCK_SEQPACKET, "s", 5);
	cli = sock_make(AF_UNIX, SOCK_SEQPACKET);
	CHECK_ERR(send(cli, "x", 1, 0), ENOTCONN);
	CHECK_ERR(recv(cli, buf, 1, 0), ENOTCONN);
	CHECK_ERR(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"), EPROTOTYPE);
	CHECK_OK(sock_connect_un(cli, "s"));
	CHECK_EQ(write(cli, "first", 5), 5);
	CHECK_EQ(write(cli, "second", 6), 6);
	conn = (int)CHECK_OK(accept(srv, NULL, NULL));
	iov.iov_base = buf;
	iov.iov_len = 3;
	CHECK_EQ(recvmsg(conn, &m, 0), 3);
	CHECK_EQ(m.msg_flags, MSG_TRUNC);
	CHECK_EQ(read(conn, buf, 16), 6);
	CHECK_OK(close(conn));
	CHECK_EQ(read(cli, buf, 16), 0);
	signal(SIGPIPE, note);
	CHECK_ERR(send(cli, "x", 1, 0), EPIPE);
	CHECK_EQ(count, 0);
}

static void many_messages_at_once(void)
{
	static char text[4][8] = { "a", "bb", "ccc", "dddd" };
	static char in[4][8];
	struct iovec iov[4];
	struct mmsghdr m[4];
	struct timespec zero = { 0, 0 };
	int s[2], i;

	memset(m, 0, sizeof(m));
	sock_pair(SOCK_DGRAM, s);
	for (i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ text[i], (size_t)i + 1 };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	CHECK_EQ(sendmmsg(s[0], m, 4, 0), 4);
	CHECK_EQ(m[3].msg_len, 4);
	for (i = 0; i < 4; i++)
		iov[i] = (struct iovec){ in[i], 8 };
	CHECK_EQ(recvmmsg(s[1], m, 3, 0, NULL), 3);
	CHECK_EQ(m[2].msg_len, 3);
	CHECK_STR(in[2], "ccc");
	CHECK_EQ(recvmmsg(s[1], m, 4, MSG_WAITFORONE, NULL), 1);
	CHECK_ERR(recvmmsg(s[1], m, 4, MSG_DONTWAIT, &zero), EAGAIN);
}

static const struct test_case cases[] = {
	{ "datagrams keep their bounds", datagrams_keep_their_bounds },
	{ "datagrams say whom they are from", datagrams_say_whom_they_are_from },
	{ "a full receiver makes senders wait", a_full_receiver_makes_senders_wait },
	{ "connected datagram sockets are picky", connected_datagrams_are_picky },
	{ "a large datagram", a_large_datagram },
	{ "sequenced packets", sequenced_packets },
	{ "many messages at once", many_messages_at_once },
};
TEST_MAIN(cases)
