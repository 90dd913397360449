/*
 * TCP over the loopback device: connections, their ends and errors, ports.
 */
#include <fcntl.h>
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libsock.h"

#define POLLRDHUP_ 0x2000
#define ALL_EVENTS (POLLIN | POLLOUT | POLLPRI | POLLRDHUP_)
#define SOL_TCP 6

static volatile sig_atomic_t count;

static void note(int sig)
{
	(void)sig;
	count++;
}

/* ---- connecting ---------------------------------------------------------------- */

static void connect_and_talk(int family)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);
	int port, srv, cli, conn;
	char buf[16];

	srv = sock_listen_inet(family, 5, &port);
	CHECK(port >= 1024);
	CHECK_EQ(sock_poll(srv, ALL_EVENTS), 0);
	cli = sock_make(family, SOCK_STREAM);
	CHECK_EQ(sock_poll(cli, ALL_EVENTS), POLLOUT | POLLHUP);
	CHECK_OK(sock_connect_inet(cli, family, port));
	CHECK_EQ(sock_poll(srv, ALL_EVENTS), POLLIN);
	CHECK_EQ(write(cli, "hello", 5), 5);
	conn = (int)CHECK_OK(accept(srv, &addr, &len));
	CHECK_EQ(len, family == AF_INET ? 16 : 28);
	CHECK_EQ(((struct sockaddr_in *)&addr)->sin_port, HTONS(sock_port(cli)));
	CHECK_EQ(sock_port(conn), port);
	len = sizeof(addr);
	CHECK_OK(getpeername(cli, &addr, &len));
	CHECK_EQ(((struct sockaddr_in *)&addr)->sin_port, HTONS(port));
	CHECK_EQ(read(conn, buf, 16), 5);
	CHECK_EQ(write(conn, "ok", 2), 2);
	CHECK_EQ(read(cli, buf, 16), 2);
	CHECK_ERR(sock_connect_inet(cli, family, port), EISCONN);
	CHECK_ERR(sock_connect_inet(srv, family, port), EISCONN);
	CHECK_ERR(read(srv, buf, 1), ENOTCONN);
}

static void over_ipv4(void)
{
	connect_and_talk(AF_INET);
}

static void over_ipv6(void)
{
	connect_and_talk(AF_INET6);
}

static void dual_stack(void)
{
	static const unsigned char mapped[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof(any);
	int srv = sock_make(AF_INET6, SOCK_STREAM), port, cli;

	CHECK_EQ(sock_getopt(srv, IPPROTO_IPV6, IPV6_V6ONLY), 0);
	CHECK_OK(bind(srv, &any, sizeof(any)));
	CHECK_OK(listen(srv, 5));
	port = sock_port(srv);
	cli = sock_make(AF_INET, SOCK_STREAM);
	CHECK_OK(sock_connect_inet(cli, AF_INET, port));
	CHECK_OK(accept(srv, &any, &len));
	CHECK_EQ(memcmp(&any.sin6_addr, mapped, 16), 0);
	CHECK_OK(sock_connect_inet(sock_make(AF_INET6, SOCK_STREAM), AF_INET6, port));
	/* The port is taken for IPv4 too. */
	memset(&any, 0, sizeof(any));
	any.sin6_family = AF_INET;
	any.sin6_port = HTONS(port);
	CHECK_ERR(bind(sock_make(AF_INET, SOCK_STREAM), &any, 16), EADDRINUSE);
	close(srv);
	srv = sock_make(AF_INET6, SOCK_STREAM);
	sock_setopt(srv, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	memset(&any, 0, sizeof(any));
	any.sin6_family = AF_INET6;
	CHECK_OK(bind(srv, &any, sizeof(any)));
	CHECK_OK(listen(srv, 5));
	CHECK_ERR(sock_connect_inet(sock_make(AF_INET, SOCK_STREAM), AF_INET, sock_port(srv)),
		  ECONNREFUSED);
}

/* IPV6_ADDRFORM: a connection of IPv4 on a socket of IPv6 becomes one of IPv4. */
static void address_form(void)
{
	struct sockaddr_storage a;
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int srv = sock_make(AF_INET6, SOCK_STREAM), cli, conn, v4 = AF_INET;
	socklen_t len = sizeof(a);

	CHECK_ERR(setsockopt(srv, IPPROTO_IPV6, IPV6_ADDRFORM, &v4, 4), ENOTCONN);
	CHECK_OK(bind(srv, &any, sizeof(any)));
	CHECK_OK(listen(srv, 5));
	cli = sock_make(AF_INET, SOCK_STREAM);
	CHECK_OK(sock_connect_inet(cli, AF_INET, sock_port(srv)));
	conn = (int)CHECK_OK(accept(srv, NULL, NULL));
	CHECK_ERR(setsockopt(conn, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){ 99 }, 4), EINVAL);
	sock_setopt(conn, IPPROTO_IPV6, IPV6_ADDRFORM, v4);
	CHECK_EQ(sock_getopt(conn, SOL_SOCKET, SO_DOMAIN), AF_INET);
	CHECK_OK(getpeername(conn, &a, &len));
	CHECK_EQ(a.ss_family, AF_INET);
	CHECK_EQ(len, 16);
	CHECK_EQ(write(cli, "hello", 5), 5);
	CHECK_EQ(read(conn, &a, 16), 5);
	CHECK_ERR(setsockopt(conn, SOL_TCP, TCP_ULP, "tls", 3), ENOENT);
	CHECK_ERR(recv(conn, &a, 1, MSG_ERRQUEUE), EAGAIN);
	cli = sock_make(AF_INET6, SOCK_STREAM);
	CHECK_OK(sock_connect_inet(cli, AF_INET6, sock_port(srv)));
	CHECK_ERR(setsockopt(cli, IPPROTO_IPV6, IPV6_ADDRFORM, &v4, 4), EADDRNOTAVAIL);
}

/* A port where nobody listens. */
static int free_port(void)
{
	int fd = sock_make(AF_INET, SOCK_STREAM);
	int port = sock_bind_inet(fd, AF_INET, 0);

	close(fd);
	return port;
}

static void refused(void)
{
	int port = free_port(), fd = sock_make(AF_INET, SOCK_STREAM);
	char byte;

	CHECK_ERR(sock_connect_inet(fd, AF_INET, port), ECONNREFUSED);
	CHECK_EQ(sock_getopt(fd, SOL_SOCKET, SO_ERROR), 0);
	CHECK_ERR(recv(fd, &byte, 1, 0), ENOTCONN);
	signal(SIGPIPE, note);
	CHECK_ERR(write(fd, "x", 1), EPIPE);
	CHECK_EQ(count, 1);
	CHECK_ERR(getpeername(fd, &byte, &(socklen_t){ 0 }), ENOTCONN);
	CHECK_ERR(shutdown(fd, SHUT_WR), ENOTCONN);
}

static void nonblocking_connect(void)
{
	int port, srv = sock_listen_inet(AF_INET, 5, &port);
	int fd = sock_make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	CHECK_ERR(sock_connect_inet(fd, AF_INET, port), EINPROGRESS);
	CHECK_EQ(poll(&p, 1, 1000), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_EQ(sock_getopt(fd, SOL_SOCKET, SO_ERROR), 0);
	CHECK_OK(sock_connect_inet(fd, AF_INET, port));
	CHECK_ERR(sock_connect_inet(fd, AF_INET, port), EISCONN);
	CHECK_OK(accept(srv, NULL, NULL));
	fd = sock_make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
	p.fd = fd;
	close(srv);
	CHECK_ERR(sock_connect_inet(fd, AF_INET, port), EINPROGRESS);
	CHECK_EQ(poll(&p, 1, 1000), 1);
	CHECK_EQ(p.revents, POLLOUT | POLLERR | POLLHUP);
	CHECK_EQ(sock_getopt(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
	CHECK_EQ(sock_getopt(fd, SOL_SOCKET, SO_ERROR), 0);
}

static void a_full_backlog_makes_connect_wait(void)
{
	int port, srv = sock_listen_inet(AF_INET, 0, &port);
	int late = sock_make(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
	struct pollfd p = { .fd = late, .events = POLLOUT };

	CHECK_OK(sock_connect_inet(sock_make(AF_INET, SOCK_STREAM), AF_INET, port));
	CHECK_ERR(sock_connect_inet(late, AF_INET, port), EINPROGRESS);
	CHECK_EQ(poll(&p, 1, 20), 0);
	CHECK_ERR(sock_connect_inet(late, AF_INET, port), EALREADY);
	CHECK_OK(accept(srv, NULL, NULL));
	CHECK_EQ(poll(&p, 1, 5000), 1);
	CHECK_EQ(p.revents, POLLOUT);
	CHECK_OK(accept(srv, NULL, NULL));
}

static void address_errors(void)
{
	struct sockaddr_storage a;
	int fd = sock_make(AF_INET, SOCK_STREAM);
	socklen_t len;

	len = sock_inet(&a, AF_INET, 0xc0000201, 80); /* 192.0.2.1 */
	CHECK_ERR(bind(fd, &a, len), EADDRNOTAVAIL);
	CHECK_ERR(bind(fd, &a, len - 1), EINVAL);
	a.ss_family = AF_INET6;
	CHECK_ERR(bind(fd, &a, len), EAFNOSUPPORT);
	CHECK_ERR(connect(fd, &a, len), EAFNOSUPPORT);
	CHECK_ERR(connect(fd, &a, 1), EINVAL);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socketpair(AF_INET, SOCK_STREAM, 0, &(int[2]){ 0, 0 }[0]), EOPNOTSUPP);
}

static void any_means_loopback(void)
{
	struct sockaddr_storage a;
	socklen_t len;
	int port, cli = sock_make(AF_INET, SOCK_STREAM);

	sock_listen_inet(AF_INET, 1, &port);
	len = sock_inet(&a, AF_INET, 0, port);
	CHECK_OK(connect(cli, &a, len));
	CHECK_OK(getsockname(cli, &a, &len));
	CHECK_EQ(((struct sockaddr_in *)&a)->sin_addr.s_addr, HTONL(LOOPBACK));
	/* All of 127.0.0.0/8 is here, but nobody listens there. */
	len = sock_inet(&a, AF_INET, 0x7f000002, port);
	CHECK_ERR(connect(sock_make(AF_INET, SOCK_STREAM), &a, len), ECONNREFUSED);
}

/* ---- ends ------------------------------------------------------------------------- */

static void half_close(void)
{
	char byte;
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_OK(shutdown(s[0], SHUT_WR));
	CHECK_EQ(read(s[1], &byte, 1), 1);
	CHECK_EQ(read(s[1], &byte, 1), 0);
	CHECK_EQ(sock_poll(s[1], ALL_EVENTS), POLLIN | POLLOUT | POLLRDHUP_);
	CHECK_EQ(write(s[1], "y", 1), 1);
	CHECK_EQ(read(s[0], &byte, 1), 1);
	CHECK_OK(close(s[1]));
	CHECK_EQ(read(s[0], &byte, 1), 0);
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS), POLLIN | POLLOUT | POLLRDHUP_ | POLLHUP);
}

static void writing_to_a_closed_end(void)
{
	char byte;
	int s[2];

	sock_tcp_pair(AF_INET, s);
	signal(SIGPIPE, note);
	CHECK_OK(close(s[1]));
	CHECK_EQ(read(s[0], &byte, 1), 0);
	/* The first write is only answered by a reset. */
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_ERR(write(s[0], "x", 1), EPIPE);
	CHECK_EQ(count, 1);
}

static void unread_bytes_reset(void)
{
	char byte;
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_EQ(write(s[0], "x", 1), 1);
	CHECK_EQ(sock_poll(s[1], POLLIN), POLLIN);
	CHECK_OK(close(s[1]));
	CHECK_EQ(sock_poll(s[0], ALL_EVENTS),
		 POLLIN | POLLOUT | POLLRDHUP_ | POLLHUP | POLLERR);
	CHECK_ERR(read(s[0], &byte, 1), ECONNRESET);
	CHECK_EQ(read(s[0], &byte, 1), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_ERR(write(s[0], "x", 1), EPIPE);
}

static void linger_zero_resets(void)
{
	struct linger l = { 1, 0 };
	char byte;
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_OK(setsockopt(s[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	CHECK_OK(close(s[1]));
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_ERROR), ECONNRESET);
	CHECK_EQ(read(s[0], &byte, 1), 0);
}

static void closing_a_listener(void)
{
	int port, srv = sock_listen_inet(AF_INET, 5, &port);
	int cli = sock_make(AF_INET, SOCK_STREAM);
	char byte;

	CHECK_OK(sock_connect_inet(cli, AF_INET, port));
	CHECK_OK(close(srv));
	CHECK_ERR(read(cli, &byte, 1), ECONNRESET);
	CHECK_ERR(sock_connect_inet(sock_make(AF_INET, SOCK_STREAM), AF_INET, port),
		  ECONNREFUSED);
}

static void shutdown_wakes_accept(void)
{
	int port, srv = sock_listen_inet(AF_INET, 5, &port);
	pid_t pid = test_fork();

	if (pid == 0) {
		sleep_ms(20);
		CHECK_OK(shutdown(srv, SHUT_RD));
		_exit(0);
	}
	CHECK_ERR(accept(srv, NULL, NULL), EINVAL);
	test_wait_ok(pid);
}

/* ---- ports --------------------------------------------------------------------------- */

static int bind_port(int port, int reuse_addr, int reuse_port)
{
	struct sockaddr_storage a;
	socklen_t len = sock_inet(&a, AF_INET, LOOPBACK, port);
	int fd = sock_make(AF_INET, SOCK_STREAM);

	sock_setopt(fd, SOL_SOCKET, SO_REUSEADDR, reuse_addr);
	sock_setopt(fd, SOL_SOCKET, SO_REUSEPORT, reuse_port);
	return bind(fd, &a, len) ? -1 : fd;
}

static void ports_clash(void)
{
	int port, srv = sock_listen_inet(AF_INET, 5, &port), a, b;
	struct sockaddr_storage addr;
	socklen_t len;

	CHECK_ERR(bind_port(port, 0, 0), EADDRINUSE);
	CHECK_ERR(bind_port(port, 1, 0), EADDRINUSE);
	len = sock_inet(&addr, AF_INET, 0, port); /* the wildcard clashes too */
	CHECK_ERR(bind(sock_make(AF_INET, SOCK_STREAM), &addr, len), EADDRINUSE);
	len = sock_inet(&addr, AF_INET, 0x7f000003, port); /* another address does not */
	CHECK_OK(bind(sock_make(AF_INET, SOCK_STREAM), &addr, len));
	close(srv);
	/* SO_REUSEADDR: as long as nobody listens. */
	a = (int)CHECK_OK(bind_port(port, 1, 0));
	b = (int)CHECK_OK(bind_port(port, 1, 0));
	CHECK_OK(listen(a, 1));
	CHECK_ERR(listen(b, 1), EADDRINUSE);
	CHECK_ERR(bind(a, &addr, len), EINVAL);
}

static void ports_shared(void)
{
	int port, a, b, i, got_a = 0, got_b = 0;

	a = (int)CHECK_OK(bind_port(0, 0, 1));
	port = sock_port(a);
	b = (int)CHECK_OK(bind_port(port, 0, 1));
	CHECK_OK(listen(a, 50));
	CHECK_OK(listen(b, 50));
	for (i = 0; i < 40; i++)
		CHECK_OK(sock_connect_inet(sock_make(AF_INET, SOCK_STREAM), AF_INET, port));
	CHECK_OK(fcntl(a, F_SETFL, O_NONBLOCK));
	CHECK_OK(fcntl(b, F_SETFL, O_NONBLOCK));
	while (accept(a, NULL, NULL) >= 0)
		got_a++;
	while (accept(b, NULL, NULL) >= 0)
		got_b++;
	CHECK_EQ(got_a + got_b, 40);
	CHECK(got_a > 0 && got_b > 0);
}

static void time_wait_keeps_the_port(void)
{
	int port, srv = sock_listen_inet(AF_INET, 5, &port);
	int cli = sock_make(AF_INET, SOCK_STREAM), conn, fd;
	char byte;

	CHECK_OK(sock_connect_inet(cli, AF_INET, port));
	conn = (int)CHECK_OK(accept(srv, NULL, NULL));
	close(srv);
	close(conn); /* the server ends first */
	CHECK_EQ(read(cli, &byte, 1), 0);
	close(cli);
	CHECK_ERR(bind_port(port, 0, 0), EADDRINUSE);
	/* The old connection's socket did not allow reuse either. */
	CHECK_ERR(bind_port(port, 1, 0), EADDRINUSE);
	fd = (int)CHECK_OK(bind_port(0, 1, 0));
	port = sock_port(fd);
	CHECK_OK(listen(fd, 1));
	cli = sock_make(AF_INET, SOCK_STREAM);
	CHECK_OK(sock_connect_inet(cli, AF_INET, port));
	conn = (int)CHECK_OK(accept(fd, NULL, NULL));
	close(fd);
	close(conn);
	CHECK_EQ(read(cli, &byte, 1), 0);
	close(cli);
	CHECK_ERR(bind_port(port, 0, 0), EADDRINUSE);
	CHECK_OK(bind_port(port, 1, 0));
}

static void low_port_as_user(void)
{
	CHECK_ERR(bind_port(81, 0, 0), EACCES);
}

static void low_ports_are_privileged(void)
{
	test_need_root();
	test_as_user(low_port_as_user);
}

/* ---- data ---------------------------------------------------------------------------------- */

static void much_data_both_ways(void)
{
	static char out[300000], in[300000];
	pid_t pid;
	int s[2];
	size_t i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 + i / 255);
	sock_tcp_pair(AF_INET, s);
	pid = test_fork();
	if (pid == 0) {
		close(s[0]);
		for (i = 0; i < 5; i++) {
			test_read_all(s[1], in, sizeof(in));
			CHECK_EQ(write(s[1], in, sizeof(in)), sizeof(in));
		}
		_exit(0);
	}
	close(s[1]);
	for (i = 0; i < 5; i++) {
		CHECK_EQ(write(s[0], out, sizeof(out)), sizeof(out));
		test_read_all(s[0], in, sizeof(in));
		CHECK_EQ(memcmp(in, out, sizeof(in)), 0);
	}
	test_wait_ok(pid);
}

static void bounded(void)
{
	static char block[65536];
	long sent = 0, ret, got = 0;
	int s[2], n;

	sock_tcp_pair(AF_INET, s);
	while ((ret = send(s[0], block, sizeof(block), MSG_DONTWAIT)) > 0)
		sent += ret;
	CHECK_EQ(errno, EAGAIN);
	CHECK(sent >= 65536 && sent < 64 << 20);
	CHECK_EQ(sock_poll(s[0], POLLOUT), 0);
	CHECK_OK(ioctl(s[1], FIONREAD, &n));
	CHECK(n > 0 && n <= sent);
	close(s[0]);
	while ((ret = read(s[1], block, sizeof(block))) > 0)
		got += ret;
	CHECK_EQ(ret, 0);
	CHECK_EQ(got, sent);
}

static void bounded_as_asked(void)
{
	static char block[4096];
	int port, srv = sock_make(AF_INET, SOCK_STREAM), cli = sock_make(AF_INET, SOCK_STREAM);
	long sent = 0;

	sock_setopt(srv, SOL_SOCKET, SO_RCVBUF, 4096);
	sock_setopt(cli, SOL_SOCKET, SO_SNDBUF, 4096);
	port = sock_bind_inet(srv, AF_INET, 0);
	CHECK_OK(listen(srv, 1));
	CHECK_OK(sock_connect_inet(cli, AF_INET, port));
	while (sent < 1 << 20 && send(cli, block, sizeof(block), MSG_DONTWAIT) > 0)
		sent += sizeof(block);
	CHECK(sent > 0 && sent <= 65536);
}

static void many_small_writes(void)
{
	char in[2000];
	int s[2], i;

	sock_tcp_pair(AF_INET, s);
	for (i = 0; i < 2000; i++)
		CHECK_EQ(send(s[0], &(char){ (char)i }, 1, MSG_DONTWAIT), 1);
	CHECK_EQ(recv(s[1], in, 2000, MSG_WAITALL), 2000);
	for (i = 0; i < 2000; i++)
		CHECK_EQ(in[i], (char)i);
}

static void peek_and_trunc(void)
{
	char buf[8] = "";
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_EQ(write(s[0], "abcdef", 6), 6);
	CHECK_EQ(recv(s[1], buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recv(s[1], NULL, 3, MSG_TRUNC), 3);
	CHECK_EQ(recv(s[1], buf, 8, 0), 3);
	CHECK_EQ(memcmp(buf, "def", 3), 0);
	CHECK_ERR(recv(s[1], buf, 8, MSG_DONTWAIT), EAGAIN);
}

static void a_waiting_reader_and_writer(void)
{
	static char block[1 << 20];
	pid_t pid;
	int s[2];

	sock_tcp_pair(AF_INET, s);
	pid = test_fork();
	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(write(s[1], block, sizeof(block)), sizeof(block));
		CHECK_EQ(read(s[1], block, 1), 1);
		_exit(0);
	}
	test_read_all(s[0], block, sizeof(block));
	CHECK_EQ(write(s[0], "x", 1), 1);
	test_wait_ok(pid);
}

static void urgent_byte(void)
{
	char buf[8];
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_ERR(recv(s[1], buf, 1, MSG_OOB), EINVAL);
	signal(SIGURG, note);
	CHECK_OK(fcntl(s[1], F_SETOWN, getpid()));
	CHECK_EQ(send(s[0], "abc", 3, MSG_OOB), 3);
	WAIT_UNTIL(count == 1);
	CHECK(sock_poll(s[1], POLLPRI) & POLLPRI);
	CHECK_EQ(recv(s[1], buf, 8, MSG_OOB), 1);
	CHECK_EQ(buf[0], 'c');
	CHECK_EQ(recv(s[1], buf, 8, 0), 2);
}

/* ---- options --------------------------------------------------------------------------------- */

static void tcp_options(void)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	int s[2];

	sock_tcp_pair(AF_INET, s);
	CHECK_EQ(sock_getopt(s[0], SOL_TCP, TCP_NODELAY), 0);
	sock_setopt(s[0], SOL_TCP, TCP_NODELAY, 1);
	CHECK_EQ(sock_getopt(s[0], SOL_TCP, TCP_NODELAY), 1);
	sock_setopt(s[0], SOL_TCP, TCP_KEEPIDLE, 10);
	CHECK_EQ(sock_getopt(s[0], SOL_TCP, TCP_KEEPIDLE), 10);
	CHECK_ERR(setsockopt(s[0], SOL_TCP, TCP_KEEPCNT, &(int){ 200 }, 4), EINVAL);
	CHECK_ERR(setsockopt(s[0], SOL_TCP, 999, &(int){ 0 }, 4), ENOPROTOOPT);
	CHECK_ERR(setsockopt(s[0], 12345, 1, &(int){ 0 }, 4), ENOPROTOOPT);
	CHECK_OK(getsockopt(s[0], SOL_TCP, TCP_INFO, &info, &len));
	CHECK_EQ(info.tcpi_state, 1);
	CHECK_OK(shutdown(s[1], SHUT_WR));
	CHECK_OK(getsockopt(s[0], SOL_TCP, TCP_INFO, &info, &len));
	CHECK_EQ(info.tcpi_state, 8); /* CLOSE_WAIT */
	CHECK_OK(getsockopt(s[1], SOL_TCP, TCP_INFO, &info, &len));
	/* FIN_WAIT2, or FIN_WAIT1 before the acknowledgement */
	CHECK(info.tcpi_state == 5 || info.tcpi_state == 4);
	CHECK_EQ(sock_getopt(s[0], SOL_SOCKET, SO_PROTOCOL), 6);
	CHECK_EQ(sock_getopt(s[0], IPPROTO_IP, IP_TTL), 64);
}

static void many_connections(void)
{
	int port, srv = sock_listen_inet(AF_INET, 100, &port), fds[200], i;
	char byte;

	for (i = 0; i < 100; i++) {
		fds[i] = sock_make(AF_INET, SOCK_STREAM);
		CHECK_OK(sock_connect_inet(fds[i], AF_INET, port));
	}
	for (i = 0; i < 100; i++) {
		fds[100 + i] = (int)CHECK_OK(accept(srv, NULL, NULL));
		CHECK_EQ(write(fds[i], &(char){ (char)i }, 1), 1);
	}
	for (i = 0; i < 100; i++) {
		CHECK_EQ(read(fds[100 + i], &byte, 1), 1);
		CHECK_EQ(byte, i); /* in the order of the connects */
	}
}

static const struct test_case cases[] = {
	{ "a connection over IPv4", over_ipv4 },
	{ "a connection over IPv6", over_ipv6 },
	{ "a dual-stack socket", dual_stack },
	{ "the form of addresses", address_form },
	{ "nobody listens: refused", refused },
	{ "connect without blocking", nonblocking_connect },
	{ "a full backlog makes connect wait", a_full_backlog_makes_connect_wait },
	{ "errors of addresses", address_errors },
	{ "the wildcard address means loopback", any_means_loopback },
	{ "half a close", half_close },
	{ "writing to a closed end", writing_to_a_closed_end },
	{ "unread bytes reset", unread_bytes_reset },
	{ "SO_LINGER 0 resets", linger_zero_resets },
	{ "closing a listener resets who waits", closing_a_listener },
	{ "shutdown wakes accept", shutdown_wakes_accept },
	{ "ports clash", ports_clash },
	{ "ports shared by SO_REUSEPORT", ports_shared },
	{ "TIME_WAIT keeps the port", time_wait_keeps_the_port },
	{ "low ports are privileged", low_ports_are_privileged },
	{ "much data both ways", much_data_both_ways },
	{ "buffers are bounded", bounded },
	{ "buffers are bounded as asked", bounded_as_asked },
	{ "many small writes", many_small_writes },
	{ "MSG_PEEK and MSG_TRUNC", peek_and_trunc },
	{ "a waiting reader and writer", a_waiting_reader_and_writer },
	{ "an urgent byte", urgent_byte },
	{ "options", tcp_options },
	{ "many connections", many_connections },
};
TEST_MAIN(cases)
