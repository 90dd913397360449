/*
 * UDP over the loopback device.
 */
#include <fcntl.h>
#include <linux/udp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include "libsock.h"

static ssize_t send_to(int fd, int family, int port, const void *buf, size_t len)
{
	struct sockaddr_storage a;
	socklen_t n = sock_inet(&a, family, LOOPBACK, port);

	return sendto(fd, buf, len, 0, &a, n);
}

static void there_and_back(int family)
{
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	int a = sock_make(family, SOCK_DGRAM), b = sock_make(family, SOCK_DGRAM), port, n;
	char buf[16];

	port = sock_bind_inet(a, family, 0);
	CHECK_EQ(sock_poll(a, POLLIN | POLLOUT), POLLOUT);
	CHECK_EQ(send_to(b, family, port, "hello", 5), 5);
	CHECK(sock_port(b) != 0);
	CHECK_EQ(sock_poll(a, POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_OK(ioctl(a, FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_EQ(recvfrom(a, buf, 16, 0, &from, &len), 5);
	CHECK_EQ(len, family == AF_INET ? 16 : 28);
	CHECK_EQ(((struct sockaddr_in *)&from)->sin_port, HTONS(sock_port(b)));
	CHECK_EQ(sendto(a, "back", 4, 0, &from, len), 4);
	CHECK_EQ(recv(b, buf, 2, MSG_TRUNC), 4);
	CHECK_EQ(send_to(b, family, port, "", 0), 0);
	CHECK_EQ(recv(a, buf, 16, 0), 0);
	CHECK_ERR(recv(a, buf, 16, MSG_DONTWAIT), EAGAIN);
}

static void over_ipv4(void)
{
	there_and_back(AF_INET);
}

static void over_ipv6(void)
{
	there_and_back(AF_INET6);
}

static void connected(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int c = sock_make(AF_INET, SOCK_DGRAM);
	char buf[8];

	sock_bind_inet(a, AF_INET, 0);
	CHECK_ERR(send(a, "x", 1, 0), EDESTADDRREQ);
	CHECK_OK(sock_connect_inet(b, AF_INET, sock_port(a)));
	CHECK_OK(sock_connect_inet(a, AF_INET, sock_port(b)));
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_EQ(recv(a, buf, 8, 0), 1);
	/* Only the peer's datagrams arrive. */
	CHECK_EQ(send_to(c, AF_INET, sock_port(a), "no", 2), 2);
	CHECK_ERR(recv(a, buf, 8, MSG_DONTWAIT), EAGAIN);
	CHECK_OK(connect(a, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)));
	CHECK_ERR(getpeername(a, buf, &(socklen_t){ 0 }), ENOTCONN);
	/* A port that nobody chose goes with the connection. */
	CHECK_EQ(sock_port(a), 0);
	CHECK_ERR(send(c, "x", 1, 0), EDESTADDRREQ);
	CHECK(sock_port(c) != 0);
}

static void nobody_is_there(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int port = sock_bind_inet(a, AF_INET, 0);
	char buf[8];

	close(a);
	CHECK_EQ(send_to(b, AF_INET, port, "x", 1), 1); /* nobody tells */
	CHECK_ERR(recv(b, buf, 8, MSG_DONTWAIT), EAGAIN);
	CHECK_OK(sock_connect_inet(b, AF_INET, port));
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_EQ(sock_poll(b, POLLIN | POLLOUT) & POLLERR, POLLERR);
	CHECK_ERR(recv(b, buf, 8, 0), ECONNREFUSED);
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_ERR(send(b, "x", 1, 0), ECONNREFUSED);
}

static void lengths(void)
{
	static char out[65536], in[65536];
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int port = sock_bind_inet(a, AF_INET, 0);
	size_t i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	CHECK_EQ(send_to(b, AF_INET, port, out, 65507), 65507);
	CHECK_EQ(recv(a, in, sizeof(in), 0), 65507);
	CHECK_EQ(memcmp(in, out, 65507), 0);
	CHECK_ERR(send_to(b, AF_INET, port, out, 65508), EMSGSIZE);
}

static void a_full_buffer_drops(void)
{
	static char block[8192];
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int port = sock_bind_inet(a, AF_INET, 0), i, got = 0;

	sock_setopt(a, SOL_SOCKET, SO_RCVBUF, 16384);
	for (i = 0; i < 100; i++)
		CHECK_EQ(send_to(b, AF_INET, port, block, sizeof(block)), sizeof(block));
	while (recv(a, block, sizeof(block), MSG_DONTWAIT) > 0)
		got++;
	CHECK(got >= 1 && got < 10);
}

static int bind_udp(int port, int reuse)
{
	struct sockaddr_storage a;
	socklen_t len = sock_inet(&a, AF_INET, LOOPBACK, port);
	int fd = sock_make(AF_INET, SOCK_DGRAM);

	sock_setopt(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
	return bind(fd, &a, len) ? -1 : fd;
}

static void ports(void)
{
	int a = (int)CHECK_OK(bind_udp(0, 0)), port = sock_port(a);

	CHECK_ERR(bind_udp(port, 0), EADDRINUSE);
	CHECK_ERR(bind_udp(port, 1), EADDRINUSE);
	close(a);
	CHECK_OK(bind_udp(port, 1));
	CHECK_OK(bind_udp(port, 1));
	/* TCP has ports of its own. */
	sock_bind_inet(sock_make(AF_INET, SOCK_STREAM), AF_INET, port);
}

static void errors(void)
{
	int fd = sock_make(AF_INET, SOCK_DGRAM);
	struct sockaddr_storage a;
	socklen_t len;

	CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
	CHECK_ERR(accept(fd, NULL, NULL), EOPNOTSUPP);
	CHECK_ERR(shutdown(fd, SHUT_RD), ENOTCONN);
	CHECK_ERR(send_to(fd, AF_INET, 0, "x", 1), EINVAL);
	len = sock_inet(&a, AF_INET, 0xffffffff, 9);
	CHECK_ERR(sendto(fd, "x", 1, 0, &a, len), EACCES);
	CHECK_ERR(sendto(fd, "x", 1, 0, &a, 15), EINVAL);
	CHECK_ERR(sendto(fd, "x", 1, MSG_OOB, &a, len), EOPNOTSUPP);
	CHECK_ERR(sendto(fd, test_bad_pointer, 10, 0, &a, len), EACCES);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
}

static void a_reader_waits(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int port = sock_bind_inet(a, AF_INET, 0);
	struct timeval tv = { 0, 20000 };
	char buf[8];
	pid_t pid = test_fork();

	if (pid == 0) {
		sleep_ms(20);
		CHECK_EQ(send_to(b, AF_INET, port, "x", 1), 1);
		_exit(0);
	}
	CHECK_EQ(recv(a, buf, 8, 0), 1);
	test_wait_ok(pid);
	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	CHECK_ERR(recv(a, buf, 8, 0), EAGAIN);
}

static void packet_info(void)
{
	char byte, control[64] __attribute__((aligned(8)));
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);
	int port = sock_bind_inet(a, AF_INET, 0);
	struct in_pktinfo info;
	struct cmsghdr h;

	sock_setopt(a, IPPROTO_IP, IP_PKTINFO, 1);
	CHECK_EQ(send_to(b, AF_INET, port, "xy", 2), 2);
	CHECK_EQ(recvmsg(a, &m, 0), 1);
	CHECK_EQ(m.msg_flags, MSG_TRUNC);
	memcpy(&h, control, sizeof(h));
	memcpy(&info, CMSG_DATA(control), sizeof(info));
	CHECK_EQ(h.cmsg_level, IPPROTO_IP);
	CHECK_EQ(h.cmsg_type, IP_PKTINFO);
	CHECK_EQ(info.ipi_ifindex, 1);
	CHECK_EQ(info.ipi_addr.s_addr, HTONL(LOOPBACK));
}

/* A control message with an int. */
static ssize_t send_with(int fd, int level, int type, int value)
{
	struct {
		struct cmsghdr h;
		int value, pad;
	} c = { { CMSG_LEN(sizeof(int)), level, type }, value, 0 };
	struct iovec iov = { "x", 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	return sendmsg(fd, &m, 0);
}

static int received_ttl(int fd)
{
	char byte, control[64] __attribute__((aligned(8)));
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr h;
	int ttl;

	CHECK_EQ(recvmsg(fd, &m, 0), 1);
	memcpy(&h, control, sizeof(h));
	CHECK_EQ(h.cmsg_type, IP_TTL);
	memcpy(&ttl, CMSG_DATA(control), sizeof(ttl));
	return ttl;
}

static void hop_limit(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM);

	CHECK_OK(sock_connect_inet(b, AF_INET, sock_bind_inet(a, AF_INET, 0)));
	sock_setopt(a, IPPROTO_IP, IP_RECVTTL, 1);
	sock_setopt(b, IPPROTO_IP, IP_TTL, 7);
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_EQ(received_ttl(a), 7);
	CHECK_EQ(send_with(b, IPPROTO_IP, IP_TTL, 9), 1);
	CHECK_EQ(received_ttl(a), 9);
	CHECK_ERR(send_with(b, IPPROTO_IP, IP_TTL, 256), EINVAL);
	CHECK_ERR(send_with(b, IPPROTO_IP, 999, 1), EINVAL);
	CHECK_ERR(setsockopt(b, IPPROTO_IP, IP_TTL, &(int){ 0 }, 4), EINVAL);
}

static void udp_lite(void)
{
	int a, b, c = sock_make(AF_INET, SOCK_DGRAM), port;
	char buf[8];

	a = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE);
	if (a < 0)
		test_skip("no UDP-Lite");
	b = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE));
	port = sock_bind_inet(a, AF_INET, 0);
	/* Its ports are not those of UDP. */
	sock_bind_inet(c, AF_INET, port);
	CHECK_EQ(send_to(b, AF_INET, port, "lite", 4), 4);
	CHECK_EQ(recv(a, buf, 8, 0), 4);
	CHECK_ERR(recv(c, buf, 8, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sock_getopt(a, SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDPLITE);
}

/* Parts of one datagram: by MSG_MORE, and by UDP_CORK. */
static void corked(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM), b = sock_make(AF_INET, SOCK_DGRAM), port;
	static char big[60000];
	char buf[16];

	port = sock_bind_inet(a, AF_INET, 0);
	CHECK_OK(sock_connect_inet(b, AF_INET, port));
	CHECK_EQ(send(b, "one", 3, MSG_MORE), 3);
	CHECK_ERR(recv(a, buf, 16, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(send(b, "two", 3, MSG_MORE), 3);
	CHECK_EQ(send(b, "", 0, 0), 0);
	CHECK_EQ(recv(a, buf, 16, MSG_DONTWAIT), 6);
	CHECK(memcmp(buf, "onetwo", 6) == 0);
	CHECK_EQ(sock_getopt(b, IPPROTO_UDP, UDP_CORK), 0);
	sock_setopt(b, IPPROTO_UDP, UDP_CORK, 1);
	CHECK_EQ(sock_getopt(b, IPPROTO_UDP, UDP_CORK), 1);
	CHECK_EQ(send(b, "a", 1, 0), 1);
	CHECK_EQ(send(b, "b", 1, 0), 1);
	CHECK_ERR(recv(a, buf, 16, MSG_DONTWAIT), EAGAIN);
	sock_setopt(b, IPPROTO_UDP, UDP_CORK, 0);
	CHECK_EQ(recv(a, buf, 16, MSG_DONTWAIT), 2);
	/* What does not fit loses all of it; a closed socket sends nothing. */
	CHECK_EQ(send(b, big, sizeof(big), MSG_MORE), sizeof(big));
	CHECK_ERR(send(b, big, sizeof(big), 0), EMSGSIZE);
	CHECK_EQ(send(b, "x", 1, 0), 1);
	CHECK_EQ(recv(a, buf, 16, MSG_DONTWAIT), 1);
	CHECK_EQ(send(b, "lost", 4, MSG_MORE), 4);
	close(b);
	CHECK_ERR(recv(a, buf, 16, MSG_DONTWAIT), EAGAIN);
}

static void lengths_of_names(void)
{
	int a = sock_make(AF_INET, SOCK_DGRAM);
	struct sockaddr_storage from;
	socklen_t len = (socklen_t)-1;
	char buf[4];

	sock_bind_inet(a, AF_INET, 0);
	CHECK_EQ(send_to(a, AF_INET, sock_port(a), "x", 1), 1);
	CHECK_ERR(recvfrom(a, buf, 4, 0, &from, &len), EINVAL);
	CHECK_ERR(recv(a, buf, 4, MSG_ERRQUEUE), EAGAIN);
}

static const struct test_case cases[] = {
	{ "there and back over IPv4", over_ipv4 },
	{ "there and back over IPv6", over_ipv6 },
	{ "connected", connected },
	{ "nobody is there", nobody_is_there },
	{ "lengths", lengths },
	{ "a full buffer drops", a_full_buffer_drops },
	{ "ports", ports },
	{ "errors", errors },
	{ "a reader waits", a_reader_waits },
	{ "packet information", packet_info },
	{ "hop limit", hop_limit },
	{ "UDP-Lite", udp_lite },
	{ "corked", corked },
	{ "lengths of names", lengths_of_names },
};
TEST_MAIN(cases)
