/*
 * AF_UNIX streams: names, ends, waiting, options. Datagrams are t_sock_dgram.c's,
 * descriptors in messages t_sock_scm.c's.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libsock.h"

#define POLLRDHUP_ 0x2000
#define ALL_EVENTS (POLLIN | POLLOUT | POLLRDHUP_)

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

/* ---- pairs of streams ------------------------------------------------------ */

static void pair_carries_bytes_both_ways(void)
{
	char buf[32];
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(write(s[0], "hello", 5), 5);
	CHECK_EQ(send(s[0], " you", 4, 0), 4);
	CHECK_EQ(read(s[1], buf, 3), 3);
	CHECK_EQ(recv(s[1], buf + 3, sizeof(buf) - 3, 0), 6);
	CHECK_EQ(memcmp(buf, "hello you", 9), 0);
	CHECK_EQ(write(s[1], "back", 4), 4);
	CHECK_EQ(read(s[0], buf, sizeof(buf)), 4);
	CHECK_EQ(write(s[0], "", 0), 0);
	CHECK_ERR(recv(s[1], buf, 1, MSG_DONTWAIT), EAGAIN);
}

static void pair_end_of_file_and_broken_pipe(void)
{
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(write(s[1], "x", 1), 1);
	CHECK_OK(close(s[1]));
	CHECK_EQ(read(s[0], &byte, 1), 1);
	CHECK_EQ(read(s[0], &byte, 1), 0);
	signal(SIGPIPE, note);
	CHECK_ERR(write(s[0], "x", 1), EPIPE);
	CHECK_EQ(count, 1);
	CHECK_ERR(send(s[0], "x", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_EQ(count, 1);
}

static void closing_with_unread_bytes_resets(void)
{
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_OK(close(s[1]));
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS),
		 POLLIN | POLLOUT | POLLRDHUP_ | POLLHUP | POLLERR);
	CHECK_ERR(read(s[0], &byte, 1), ECONNRESET);
	CHECK_EQ(read(s[0], &byte, 1), 0);
}

static void shutdown_halves(void)
{
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(shutdown(s[0], SHUT_WR));
	CHECK_EQ(read(s[1], &byte, 1), 0);
	CHECK_ERR(write(s[0], "x", 1), EPIPE);
	CHECK_EQ(write(s[1], "y", 1), 1);
	CHECK_EQ(read(s[0], &byte, 1), 1);
	CHECK_EQ(sock_poll(s[1], ALL_EVENTS), POLLIN | POLLOUT | POLLRDHUP_);
	CHECK_OK(shutdown(s[0], SHUT_RD));
	CHECK_ERR(write(s[1], "y", 1), EPIPE);
	CHECK_EQ(read(s[0], &byte, 1), 0);
	CHECK_ERR(shutdown(s[0], 3), EINVAL);
	CHECK_ERR(shutdown(s[0], -1), EINVAL);
}

static void poll_states_of_a_stream(void)
{
	int s[2];
	int fd = sock_make(AF_UNIX, SOCK_STREAM);

	CHECK_EQ(sock_poll(fd, ALL_EVENTS), POLLOUT | POLLHUP);
	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS), POLLOUT);
	CHECK_EQ(write(s[1], "x", 1), 1);
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS), POLLIN | POLLOUT);
	CHECK_OK(close(s[1]));
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS), POLLIN | POLLOUT | POLLRDHUP_ | POLLHUP);
}

static void peek_and_waitall(void)
{
	char buf[8];
	pid_t pid;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(write(s[0], "abc", 3), 3);
	CHECK_EQ(recv(s[1], buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(s[1], buf, 8, MSG_PEEK), 3);
	CHECK_EQ(memcmp(buf, "abc", 3), 0);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(write(s[0], "defg", 4), 4);
		_exit(0);
	}
	CHECK_EQ(recv(s[1], buf, 6, MSG_WAITALL), 6);
	CHECK_EQ(memcmp(buf, "abcdef", 6), 0);
	CHECK_EQ(recv(s[1], buf, 6, MSG_WAITALL | MSG_DONTWAIT), 1);
	test_wait_ok(pid);
}

static void stream_is_bounded_and_wakes_its_writer(void)
{
	static char block[65536];
	long sent = 0, ret, got = 0;
	pid_t pid;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	while ((ret = send(s[0], block, sizeof(block), MSG_DONTWAIT)) > 0)
		sent += ret;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent >= 65536 && sent < 1 << 20);
	CHECK_EQ(sock_poll(s[0], POLLOUT), 0);
	CHECK_OK(ioctl(s[1], FIONREAD, &ret));
	CHECK_EQ((int)ret, sent);
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(write(s[0], block, 1000), 1000);
		_exit(0);
	}
	close(s[0]);
	sleep_ms(20);
	while ((ret = read(s[1], block, 5000)) > 0)
		got += ret;
	CHECK_EQ(got, sent + 1000);
	test_wait_ok(pid);
}

/* However many sockets fill up the kernel's memory: who has something under way is
 * told to wait. */
static void many_full_streams(void)
{
	static int fds[300][2];
	static char data[4096];
	int sent;

	for (int i = 0; i < 300; i++) {
		CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]));
		for (sent = 0; write(fds[i][0], data, sizeof(data)) > 0; sent++)
			;
		CHECK_EQ(errno, sent ? EAGAIN : ENOBUFS);
	}
	CHECK(read(fds[0][1], data, sizeof(data)) > 0);
	for (int i = 0; i < 300; i++) {
		CHECK_OK(close(fds[i][0]));
		CHECK_OK(close(fds[i][1]));
	}
}

static void vectors_and_much_data(void)
{
	static char out[100000], in[100000];
	struct iovec iov[3] = { { out, 1 }, { out + 1, 70000 }, { out + 70001, 29999 } };
	pid_t pid;
	int s[2];
	size_t i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 + i / 255);
	sock_pair(SOCK_STREAM, s);
	pid = test_fork();
	if (pid == 0) {
		for (i = 0; i < 5; i++)
			CHECK_EQ(writev(s[0], iov, 3), sizeof(out));
		_exit(0);
	}
	for (i = 0; i < 5; i++) {
		test_read_all(s[1], in, sizeof(in));
		CHECK_EQ(memcmp(in, out, sizeof(in)), 0);
	}
	test_wait_ok(pid);
}

static void timeouts(void)
{
	struct timeval tv = { 0, 30000 };
	struct timeval back;
	socklen_t len = sizeof(back);
	uint64_t start = test_now();
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &back, &len));
	/* Linux rounds up to its clock tick. */
	CHECK(back.tv_usec >= 30000 && back.tv_usec <= 40000);
	CHECK_ERR(read(s[0], &byte, 1), EAGAIN);
	CHECK(test_now() - start >= 30 * 1000000UL);
	tv.tv_usec = 1000000;
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), EDOM);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &tv, 8), EINVAL);
}

/* ---- names ------------------------------------------------------------------ */

static void listen_connect_accept(void)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	struct stat st;
	char buf[8];
	int srv, cli, conn;

	test_scratch();
	umask(022);
	srv = sock_listen_un(SOCK_STREAM, "s", 5);
	CHECK_OK(stat("s", &st));
	CHECK_EQ(st.st_mode, S_IFSOCK | 0755);
	CHECK_ERR(open("s", O_RDWR), ENXIO);
	CHECK_EQ(sock_poll(srv, ALL_EVENTS), 0);
	cli = sock_make(AF_UNIX, SOCK_STREAM);
	CHECK_OK(sock_connect_un(cli, "s"));
	CHECK_EQ(sock_poll(srv, ALL_EVENTS), POLLIN);
	/* The connection stands before accept. */
	CHECK_EQ(write(cli, "hi", 2), 2);
	conn = (int)CHECK_OK(accept(srv, &un, &len));
	CHECK_EQ(len, 2);
	CHECK_EQ(un.sun_family, AF_UNIX);
	CHECK_EQ(read(conn, buf, 8), 2);
	len = sizeof(un);
	CHECK_OK(getpeername(cli, &un, &len));
	CHECK_EQ(len, 4);
	CHECK_STR(un.sun_path, "s");
	len = sizeof(un);
	CHECK_OK(getsockname(conn, &un, &len));
	CHECK_EQ(len, 4);
	len = 1;
	CHECK_OK(getsockname(cli, &un, &len));
	CHECK_EQ(len, 2);
	CHECK_ERR(sock_connect_un(cli, "s"), EISCONN);
	CHECK_EQ(sock_getopt(srv, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(sock_getopt(cli, SOL_SOCKET, SO_ACCEPTCONN), 0);
}

static void name_errors(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd;

	test_scratch();
	fd = sock_make(AF_UNIX, SOCK_STREAM);
	CHECK_ERR(sock_connect_un(fd, "none"), ENOENT);
	CHECK_ERR(sock_connect_un(fd, "@none"), ECONNREFUSED);
	test_make_file("file", "");
	CHECK_ERR(sock_connect_un(fd, "file"), ECONNREFUSED);
	CHECK_ERR(sock_bind_un(fd, "file"), EADDRINUSE);
	CHECK_ERR(sock_bind_un(fd, "no/where"), ENOENT);
	CHECK_ERR(listen(fd, 1), EINVAL);
	CHECK_OK(sock_bind_un(fd, "bound"));
	CHECK_ERR(sock_bind_un(fd, "again"), EINVAL);
	CHECK_ERR(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "bound"), ECONNREFUSED);
	CHECK_ERR(sock_connect_un(sock_make(AF_UNIX, SOCK_DGRAM), "bound"), EPROTOTYPE);
	CHECK_ERR(sock_bind_un(sock_make(AF_UNIX, SOCK_STREAM), "bound"), EADDRINUSE);
	fd = sock_make(AF_UNIX, SOCK_STREAM);
	CHECK_ERR(bind(fd, &un, 111), EINVAL);
	CHECK_ERR(bind(fd, &un, 1), EINVAL);
	CHECK_ERR(bind(fd, &un, (socklen_t)-1), EINVAL);
	un.sun_family = AF_INET;
	CHECK_ERR(bind(fd, &un, 10), EINVAL);
	CHECK_ERR(bind(fd, test_bad_pointer, 10), EFAULT);
	CHECK_ERR(bind(0, &un, 10), ENOTSOCK);
	CHECK_ERR(bind(99, &un, 10), EBADF);
	CHECK_ERR(accept(fd, NULL, NULL), EINVAL);
	CHECK_ERR(accept4(fd, NULL, NULL, 1), EINVAL);
}

static void a_stale_name_refuses(void)
{
	int fd;

	test_scratch();
	fd = sock_listen_un(SOCK_STREAM, "s", 1);
	CHECK_OK(close(fd));
	CHECK_ERR(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"), ECONNREFUSED);
	CHECK_ERR(sock_bind_un(sock_make(AF_UNIX, SOCK_STREAM), "s"), EADDRINUSE);
	CHECK_OK(unlink("s"));
	sock_listen_un(SOCK_STREAM, "s", 1);
	CHECK_OK(rename("s", "t"));
	CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "t"));
}

static void connect_as_user(void)
{
	int fd = sock_make(AF_UNIX, SOCK_STREAM);

	CHECK_ERR(sock_connect_un(fd, "s"), EACCES);
	CHECK_OK(sock_connect_un(fd, "t"));
}

static void names_have_permissions(void)
{
	test_need_root();
	test_scratch();
	umask(0);
	sock_listen_un(SOCK_STREAM, "s", 1);
	CHECK_OK(chmod("s", 0755));
	sock_listen_un(SOCK_STREAM, "t", 1);
	test_as_user(connect_as_user);
}

static void abstract_names_and_autobind(void)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	int srv = sock_listen_un(SOCK_STREAM, "@lodger-test-a", 1);
	int fd = sock_make(AF_UNIX, SOCK_STREAM);

	CHECK_ERR(sock_bind_un(fd, "@lodger-test-a"), EADDRINUSE);
	CHECK_OK(sock_connect_un(fd, "@lodger-test-a"));
	CHECK_OK(getpeername(fd, &un, &len));
	CHECK_EQ(len, 2 + 14);
	CHECK_EQ(memcmp(un.sun_path, "\0lodger-test-a", 14), 0);
	CHECK_OK(close(srv));
	fd = sock_make(AF_UNIX, SOCK_STREAM);
	CHECK_ERR(sock_connect_un(fd, "@lodger-test-a"), ECONNREFUSED);
	un.sun_family = AF_UNIX;
	CHECK_OK(bind(fd, &un, 2));
	len = sizeof(un);
	CHECK_OK(getsockname(fd, &un, &len));
	CHECK_EQ(len, 2 + 6);
	CHECK_EQ(un.sun_path[0], 0);
}

static void backlog_fills(void)
{
	int srv, i;

	test_scratch();
	srv = sock_listen_un(SOCK_STREAM, "s", 1);
	for (i = 0; i < 2; i++)
		CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"));
	CHECK_ERR(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK), "s"),
		  EAGAIN);
	CHECK_OK(accept(srv, NULL, NULL));
	CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK), "s"));
}

static void connect_waits_for_room(void)
{
	pid_t pid;
	int srv, i;

	test_scratch();
	srv = sock_listen_un(SOCK_STREAM, "s", 0);
	CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"));
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"));
		_exit(0);
	}
	sleep_ms(20);
	for (i = 0; i < 2; i++)
		CHECK_OK(accept(srv, NULL, NULL));
	test_wait_ok(pid);
}

static void closing_a_listener_resets_who_waits(void)
{
	char byte;
	int srv, cli;

	test_scratch();
	srv = sock_listen_un(SOCK_STREAM, "s", 5);
	cli = sock_make(AF_UNIX, SOCK_STREAM);
	CHECK_OK(sock_connect_un(cli, "s"));
	CHECK_OK(close(srv));
	CHECK_ERR(read(cli, &byte, 1), ECONNRESET);
	CHECK_EQ(read(cli, &byte, 1), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(cli, "x", 1), EPIPE);
}

static void accept_waits_and_inherits_nothing(void)
{
	pid_t pid;
	int srv, conn;

	test_scratch();
	srv = sock_listen_un(SOCK_STREAM, "s", 5);
	CHECK_OK(fcntl(srv, F_SETFL, O_NONBLOCK));
	CHECK_ERR(accept(srv, NULL, NULL), EAGAIN);
	CHECK_OK(fcntl(srv, F_SETFL, 0));
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_OK(sock_connect_un(sock_make(AF_UNIX, SOCK_STREAM), "s"));
		_exit(0);
	}
	conn = (int)CHECK_OK(accept4(srv, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	CHECK_EQ(fcntl(conn, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(conn, F_GETFL), O_RDWR | O_NONBLOCK);
	test_wait_ok(pid);
}

/* ---- options and files -------------------------------------------------------------- */

static void options(void)
{
	struct linger l = { 1, 5 }, back;
	socklen_t len = sizeof(back);
	int s[2];

	sock_pair(SOCK_STREAM, s);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_TYPE), SOCK_STREAM);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_DOMAIN), AF_UNIX);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_PROTOCOL), 0);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_ERROR), 0);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_SNDBUF), 212992);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_RCVBUF), 212992);
	sock_setopt(s[0], SOL_SOCKET, SO_SNDBUF, 1);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_SNDBUF), 4608);
	sock_setopt(s[0], SOL_SOCKET, SO_RCVBUF, 1);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_RCVBUF), 2304);
	sock_setopt(s[0], SOL_SOCKET, SO_RCVBUF, 1 << 30);
	CHECK(sock_getopt(s[0], SOL_SOCKET, SO_RCVBUF) >= 425984);
	CHECK_OK(setsockopt(s[0], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_LINGER, &back, &len));
	CHECK_EQ(back.l_linger, 5);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, 9999, &l, sizeof(l)), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &l, 2), EINVAL);
	CHECK_ERR(setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, test_bad_pointer, 4), EFAULT);
	CHECK_ERR(setsockopt(s[0], 6, 1, &l, sizeof(l)), EOPNOTSUPP);
	len = (socklen_t)-1;
	CHECK_ERR(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &back, &len), EINVAL);
	len = 1;
	CHECK_OK(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &back, &len));
	CHECK_EQ(len, 1);
}

static void peer_credentials(void)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int srv, cli, conn;
	pid_t pid;

	test_scratch();
	srv = sock_listen_un(SOCK_STREAM, "s", 5);
	pid = test_fork();
	if (pid == 0) {
		cli = sock_make(AF_UNIX, SOCK_STREAM);
		CHECK_OK(sock_connect_un(cli, "s"));
		CHECK_OK(getsockopt(cli, SOL_SOCKET, SO_PEERCRED, &cred, &len));
		CHECK_EQ(cred.pid, getppid());
		_exit(0);
	}
	conn = (int)CHECK_OK(accept(srv, NULL, NULL));
	CHECK_OK(getsockopt(conn, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	CHECK_EQ(cred.pid, pid);
	CHECK_EQ(cred.uid, geteuid());
	CHECK_EQ(cred.gid, getegid());
	test_wait_ok(pid);
}

static void socket_files(void)
{
	char name[64], text[64];
	struct stat st;
	ssize_t len;
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM | SOCK_CLOEXEC, s);
	CHECK_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
	CHECK_OK(fstat(s[0], &st));
	CHECK_EQ(st.st_mode, S_IFSOCK | 0777);
	CHECK_ERR(lseek(s[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(pread(s[0], &byte, 1, 0), ESPIPE);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", s[0]);
	len = CHECK_OK(readlink(name, text, sizeof(text) - 1));
	text[len] = '\0';
	snprintf(name, sizeof(name), "socket:[%lu]", (unsigned long)st.st_ino);
	CHECK_STR(text, name);
	CHECK_ERR(ioctl(s[0], 0x12345678, 0), ENOTTY);
}

static void creation_errors(void)
{
	int s[2];

	CHECK_ERR(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, 7, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_UNIX, 15, 0), EINVAL);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM | 0x100, 0), EINVAL);
	CHECK_ERR(socket(AF_UNIX, SOCK_STREAM, 6), EPROTONOSUPPORT);
	CHECK_ERR(socketpair(AF_UNIX, SOCK_STREAM, 0, test_bad_pointer), EFAULT);
	CHECK_OK(socketpair(AF_UNIX, SOCK_RAW, 0, s));
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
}

static void signals_interrupt(void)
{
	struct sigaction act = { .sa_handler = note };
	char byte;
	int s[2];

	sock_pair(SOCK_STREAM, s);
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 20000 }, { 0, 20000 } }, NULL);
	CHECK_ERR(read(s[0], &byte, 1), EINTR);
	setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 0 } }, NULL);
	CHECK(count >= 1);
}

static const struct test_case cases[] = {
	{ "a pair carries bytes both ways", pair_carries_bytes_both_ways },
	{ "end of file and broken pipe", pair_end_of_file_and_broken_pipe },
	{ "closing with unread bytes resets", closing_with_unread_bytes_resets },
	{ "shutdown, half by half", shutdown_halves },
	{ "poll states of a stream", poll_states_of_a_stream },
	{ "MSG_PEEK and MSG_WAITALL", peek_and_waitall },
	{ "a stream is bounded and wakes its writer", stream_is_bounded_and_wakes_its_writer },
	{ "many full streams", many_full_streams },
	{ "vectors and much data", vectors_and_much_data },
	{ "timeouts", timeouts },
	{ "listen, connect, accept", listen_connect_accept },
	{ "errors of names", name_errors },
	{ "a stale name refuses", a_stale_name_refuses },
	{ "names have permissions", names_have_permissions },
	{ "abstract names and autobind", abstract_names_and_autobind },
	{ "the backlog fills", backlog_fills },
	{ "connect waits for room", connect_waits_for_room },
	{ "closing a listener ends who waits", closing_a_listener_resets_who_waits },
	{ "accept waits, its socket inherits nothing", accept_waits_and_inherits_nothing },
	{ "options", options },
	{ "credentials of the peer", peer_credentials },
	{ "files of sockets", socket_files },
	{ "errors of creation", creation_errors },
	{ "signals interrupt", signals_interrupt },
};
TEST_MAIN(cases)
