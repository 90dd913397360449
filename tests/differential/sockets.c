/* Sockets: AF_UNIX and loopback, options, errors. */
#include "diff.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static void c_socket(void)
{
	int v[2];

	R(socket(99, SOCK_STREAM, 0));
	R(socket(AF_UNIX, 99, 0));
	R(socket(AF_UNIX, SOCK_STREAM, 99));
	R(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	R(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	R(socket(AF_UNIX, SOCK_STREAM | 0x100, 0));
	R(socketpair(AF_INET, SOCK_STREAM, 0, v));
	R(SC(socketpair, AF_UNIX, SOCK_STREAM, 0, BAD));
	R(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	R(fcntl(3, F_GETFD));
	R(fcntl(3, F_GETFL));
	R(lseek(3, 0, SEEK_SET));
	R(listen(3, 5));
	R(accept(3, NULL, NULL));
	R(connect(0, NULL, 0));
	R(bind(99, NULL, 0));
	R(shutdown(3, 7));
	R(shutdown(3, SHUT_RD));
	R(read(3, v, 1));
}

static void c_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "sock" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0), n;
	int d = socket(AF_UNIX, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a);
	char buf[16];

	R(connect(c, (void *)&a, sizeof(a)));
	R(bind(s, (void *)&a, sizeof(a)));
	R(bind(s, (void *)&a, sizeof(a)));
	R(bind(c, (void *)&a, sizeof(a)));
	R(bind(c, (void *)&a, 1));
	R(bind(c, (void *)&a, 200));
	R(bind(c, BAD, sizeof(a)));
	R(connect(c, (void *)&a, sizeof(a)));
	R(connect(d, (void *)&a, sizeof(a)));
	R(listen(s, 1));
	R(connect(c, (void *)&a, sizeof(a)));
	R(connect(c, (void *)&a, sizeof(a)));
	n = (int)OK(accept4(s, NULL, NULL, SOCK_NONBLOCK));
	R(accept4(s, NULL, NULL, 0x1));
	R(read(n, buf, 16));
	R(send(c, "hello", 5, 0));
	R(recv(n, buf, 2, MSG_PEEK));
	R(recv(n, buf, 16, MSG_DONTWAIT));
	R(send(n, "x", 1, MSG_OOB));
	R(getsockname(c, (void *)&a, &len));
	V(len);
	len = sizeof(a);
	R(getpeername(c, (void *)&a, &len));
	V(len);
	S(a.sun_path);
	R(getpeername(s, (void *)&a, &len));
	R(ioctl(n, FIONREAD, &len));
	R(shutdown(c, SHUT_WR));
	R(read(n, buf, 16));
	R(close(c));
	signal(SIGPIPE, SIG_IGN);
	R(write(n, "x", 1));
	R(send(n, "x", 1, MSG_NOSIGNAL));
}

static void c_pair(void)
{
	struct pollfd p;
	char buf[16];
	int v[2], d[2];

	R(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, v));
	R(socketpair(AF_UNIX, SOCK_DGRAM, 0, d));
	R(send(v[0], "abcdef", 6, 0));
	R(recv(v[1], buf, 3, 0));
	R(recv(v[1], buf, 3, MSG_DONTWAIT));
	R(send(d[0], "abcdef", 6, 0));
	R(recv(d[1], buf, 3, MSG_TRUNC));
	R(send(d[0], "", 0, 0));
	R(recv(d[1], buf, 3, 0));
	p.fd = d[0];
	p.events = POLLIN | POLLOUT;
	R(poll(&p, 1, 0));
	V(p.revents);
	R(close(d[1]));
	R(poll(&p, 1, 0));
	V(p.revents);
	signal(SIGPIPE, SIG_IGN);
	R(send(d[0], "x", 1, 0));
	R(close(v[1]));
	p.fd = v[0];
	R(poll(&p, 1, 0));
	V(p.revents);
	R(recv(v[0], buf, 1, 0));
	R(recv(v[0], BAD, 0, 0x40000000 | MSG_DONTWAIT));
}

static void c_options(void)
{
	int u = socket(AF_UNIX, SOCK_STREAM, 0), t = socket(AF_INET, SOCK_STREAM, 0);
	int v = 1;
	socklen_t len = sizeof(v);

	R(getsockopt(u, SOL_SOCKET, SO_TYPE, &v, &len));
	V(v);
	R(getsockopt(u, SOL_SOCKET, SO_DOMAIN, &v, &len));
	V(v);
	R(getsockopt(u, SOL_SOCKET, SO_ERROR, &v, &len));
	V(v);
	R(getsockopt(u, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	R(setsockopt(u, SOL_SOCKET, SO_TYPE, &v, len));
	R(setsockopt(u, SOL_SOCKET, 9999, &v, len));
	R(getsockopt(u, SOL_SOCKET, 9999, &v, &len));
	R(setsockopt(u, SOL_SOCKET, SO_PASSCRED, &v, 1));
	R(setsockopt(u, SOL_SOCKET, SO_PASSCRED, &v, 4));
	R(setsockopt(u, SOL_SOCKET, SO_REUSEADDR, BAD, 4));
	R(setsockopt(u, IPPROTO_TCP, TCP_NODELAY, &v, 4));
	R(setsockopt(t, IPPROTO_TCP, TCP_NODELAY, &v, 4));
	R(setsockopt(t, IPPROTO_TCP, 9999, &v, 4));
	R(setsockopt(t, 9999, 1, &v, 4));
	v = 0;
	R(getsockopt(t, IPPROTO_TCP, TCP_NODELAY, &v, &len));
	V(v);
	R(getsockopt(99, SOL_SOCKET, SO_TYPE, &v, &len));
	R(getsockopt(0, SOL_SOCKET, SO_TYPE, &v, &len));
	R(getsockopt(t, SOL_SOCKET, SO_TYPE, &v, BAD));
}

static void c_inet(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), n;
	int u = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(a);
	char buf[16];

	signal(SIGPIPE, SIG_IGN);
	R(bind(s, (void *)&a, 4));
	R(bind(s, (void *)&a, sizeof(a)));
	R(bind(s, (void *)&a, sizeof(a)));
	R(listen(s, 5));
	R(getsockname(s, (void *)&a, &len));
	V(a.sin_port != 0);
	R(bind(c, (void *)&a, sizeof(a)));
	R(send(c, "x", 1, MSG_NOSIGNAL));
	R(recv(c, buf, 1, 0));
	R(getpeername(c, (void *)&a, &len));
	R(shutdown(socket(AF_INET, SOCK_STREAM, 0), SHUT_RDWR));
	R(connect(c, (void *)&a, sizeof(a)));
	R(connect(c, (void *)&a, sizeof(a)));
	n = (int)OK(accept(s, NULL, NULL));
	R(send(c, "hello", 5, 0));
	R(recv(n, buf, 16, 0));
	R(close(c));
	R(recv(n, buf, 16, 0));
	R(connect(s, (void *)&a, sizeof(a)));
	R(close(s));
	c = socket(AF_INET, SOCK_STREAM, 0);
	R(connect(c, (void *)&a, sizeof(a)));
	R(send(u, "x", 1, 0));
	R(connect(u, (void *)&a, sizeof(a)));
	R(recv(u, buf, 16, MSG_DONTWAIT));
	a.sin_addr.s_addr = htonl(0x01020304);
	R(bind(c, (void *)&a, sizeof(a)));
	a.sin_family = AF_UNIX;
	R(connect(c, (void *)&a, sizeof(a)));
	a.sin_family = AF_INET;
	a.sin_port = htons(80);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	R(bind(socket(AF_INET, SOCK_STREAM, 0), (void *)&a, sizeof(a)));
}

static void c_datagrams(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int r = socket(AF_INET, SOCK_DGRAM, 0), s = socket(AF_INET, SOCK_DGRAM, 0);
	int one = 1, none = 0;
	socklen_t len = sizeof(a), bad = (socklen_t)-1;
	static char big[40000];
	char buf[64];

	R(bind(r, (void *)&a, sizeof(a)));
	R(getsockname(r, (void *)&a, &len));
	R(sendto(s, "one", 3, MSG_MORE, (void *)&a, sizeof(a)));
	R(recv(r, buf, 64, MSG_DONTWAIT));
	R(sendto(s, "two", 3, MSG_MORE, BAD, 4));
	R(sendto(s, "three", 5, 0, (void *)&a, sizeof(a)));
	R(recv(r, buf, 64, MSG_DONTWAIT));
	R(connect(s, (void *)&a, sizeof(a)));
	R(setsockopt(s, IPPROTO_UDP, UDP_CORK, &one, 4));
	R(send(s, "a", 1, 0));
	R(send(s, "", 0, 0));
	R(recv(r, buf, 64, MSG_DONTWAIT));
	R(setsockopt(s, IPPROTO_UDP, UDP_CORK, &none, 4));
	R(recv(r, buf, 64, MSG_DONTWAIT));
	R(send(s, big, sizeof(big), MSG_MORE));
	R(send(s, big, sizeof(big), MSG_MORE));
	R(send(s, "b", 1, 0));
	R(recv(r, buf, 64, MSG_DONTWAIT));
	R(send(s, "c", 1, 0));
	R(recvfrom(r, buf, 64, 0, (void *)&a, &bad));
	R(recv(r, buf, 64, MSG_ERRQUEUE));
	R(getsockopt(r, IPPROTO_UDP, 9999, &one, &len));
	R(getsockopt(r, IPPROTO_TCP, 1, &one, &len));
	R(getsockopt(r, IPPROTO_IPV6, IPV6_V6ONLY, &one, &len));
	R(setsockopt(r, IPPROTO_IPV6, IPV6_V6ONLY, &one, len));
}

static void c_ping(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char echo[64] = { 8 }, buf[128];
	int s = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), one = 1;
	socklen_t len = sizeof(a);

	if (s < 0 && errno == EACCES) {
		diff_skip("net.ipv4.ping_group_range allows no ping sockets");
		return;
	}
	R(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6));
	R(socket(AF_INET, SOCK_STREAM, IPPROTO_ICMP));
	R(socket(AF_INET, SOCK_RAW, 0));
	R(send(s, echo, 64, 0));
	R(sendto(s, echo, 7, 0, (void *)&a, sizeof(a)));
	R(sendto(s, echo, 64, MSG_OOB, (void *)&a, sizeof(a)));
	R(sendto(s, echo, 64, 0, (void *)&a, 8));
	R(sendto(s, BAD, 64, 0, (void *)&a, sizeof(a)));
	echo[1] = 1;
	R(sendto(s, echo, 64, 0, (void *)&a, sizeof(a)));
	echo[1] = 0;
	R(setsockopt(s, IPPROTO_IP, IP_RETOPTS, &one, 4));
	R(setsockopt(s, IPPROTO_IP, IP_RECVTTL, &one, 4));
	R(sendto(s, echo, 64, 0, (void *)&a, sizeof(a)));
	R(recv(s, buf, 128, MSG_ERRQUEUE | MSG_DONTWAIT));
	R(recvfrom(s, buf, 128, 0, (void *)&a, &len));
	V(len);
	V(a.sin_port);
	V(buf[0]);
	R(getsockname(s, (void *)&a, &len));
	V(a.sin_port != 0);
	R(bind(s, (void *)&a, sizeof(a)));
	R(connect(s, (void *)&a, sizeof(a)));
	R(getpeername(s, (void *)&a, &len));
	R(listen(s, 1));
	R(shutdown(s, SHUT_WR));
	R(send(s, echo, 64, MSG_NOSIGNAL));
}

static void c_form(void)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in a4 = { .sin_family = AF_INET };
	int s = socket(AF_INET6, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0), n;
	int form = AF_INET, family;
	socklen_t len = sizeof(a6);

	R(setsockopt(s, IPPROTO_IPV6, IPV6_ADDRFORM, &form, 4));
	R(setsockopt(s, IPPROTO_IPV6, IPV6_RTHDR, BAD, 0));
	R(bind(s, (void *)&a6, sizeof(a6)));
	R(listen(s, 1));
	R(getsockname(s, (void *)&a6, &len));
	a4.sin_port = a6.sin6_port;
	a4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	R(connect(c, (void *)&a4, sizeof(a4)));
	n = (int)OK(accept(s, NULL, NULL));
	R(setsockopt(c, IPPROTO_IPV6, IPV6_ADDRFORM, &form, 4));
	R(setsockopt(n, IPPROTO_IPV6, IPV6_ADDRFORM, &form, 2));
	R(setsockopt(n, IPPROTO_IPV6, IPV6_ADDRFORM, &(int){ 99 }, 4));
	R(setsockopt(n, IPPROTO_IPV6, IPV6_ADDRFORM, &form, 4));
	len = sizeof(family);
	R(getsockopt(n, SOL_SOCKET, SO_DOMAIN, &family, &len));
	V(family);
	R(setsockopt(n, IPPROTO_IPV6, IPV6_ADDRFORM, &form, 4));
	R(setsockopt(n, IPPROTO_TCP, TCP_ULP, "none", 4));
	R(getsockopt(n, 500, 1, &family, &len));
	R(getsockopt(s, 500, 1, &family, &len));
	R(setsockopt(n, 500, 1, &family, 4));
	R(recv(n, &family, 4, MSG_ERRQUEUE));
}

static const struct diff_case cases[] = {
	{ "socket", c_socket },
	{ "unix sockets", c_unix },
	{ "socket pairs", c_pair },
	{ "socket options", c_options },
	{ "internet sockets", c_inet },
	{ "datagrams", c_datagrams },
	{ "ping sockets", c_ping },
	{ "the form of addresses", c_form },
};
DIFF_TABLE(sockets_table, cases);
