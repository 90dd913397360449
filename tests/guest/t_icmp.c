/*
 * ICMP over the loopback device: ping sockets, and raw sockets.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <test.h>
#include <unistd.h>

#include "libsock.h"

#define ECHO4 8
#define REPLY4 0
#define ECHO6 128
#define REPLY6 129
#define HEAD 8	   /* bytes of an echo message before its data */
#define IP_HEAD 20 /* of the IPv4 header that raw sockets get */
#define SOL_RAW_ 255
#define FILTER 1 /* ICMP_FILTER, ICMPV6_FILTER */
#define GROUPS "/proc/sys/net/ipv4/ping_group_range"

struct echo {
	unsigned char type, code;
	unsigned short checksum, id, sequence;
	char data[32];
};

static int protocol_of(int family)
{
	return family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
}

/* A ping socket; where nobody may have one (a host), the case is skipped. */
static int open_ping(int family)
{
	int fd = socket(family, SOCK_DGRAM, protocol_of(family));

	if (fd < 0 && strcmp(test_errno(), "EACCES") == 0)
		test_skip("net.ipv4.ping_group_range allows no ping sockets");
	return (int)CHECK_OK(fd);
}

static int open_raw(int family)
{
	test_need_root();
	return (int)CHECK_OK(socket(family, SOCK_RAW, protocol_of(family)));
}

static unsigned short sum_of(const void *data, size_t len)
{
	const unsigned char *b = data;
	unsigned int sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i % 2 ? (unsigned int)b[i] << 8 : b[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (unsigned short)~sum;
}

static ssize_t send_echo(int fd, int family, struct echo *e)
{
	struct sockaddr_storage a;
	socklen_t n = sock_inet(&a, family, LOOPBACK, 0);

	return sendto(fd, e, sizeof(*e), 0, &a, n);
}

static struct echo request(int family, unsigned short id, unsigned short sequence)
{
	struct echo e = { .type = family == AF_INET ? ECHO4 : ECHO6, .id = HTONS(id),
			  .sequence = HTONS(sequence) };

	memcpy(e.data, "an echo with an odd number", 27);
	return e;
}

/* --- ping sockets ----------------------------------------------------------------- */

static void ping_once(int family)
{
	int fd = open_ping(family), n;
	struct echo e = request(family, 4711, 3), r;
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);

	CHECK_EQ(sock_poll(fd, POLLIN | POLLOUT), POLLOUT);
	CHECK_EQ(send_echo(fd, family, &e), sizeof(e));
	CHECK_EQ(sock_poll(fd, POLLIN | POLLOUT), POLLIN | POLLOUT);
	CHECK_EQ(recvfrom(fd, &r, sizeof(r), 0, &from, &len), sizeof(r));
	CHECK_EQ(len, family == AF_INET ? 16 : 28);
	CHECK_EQ(((struct sockaddr_in *)&from)->sin_port, 0);
	CHECK_EQ(r.type, family == AF_INET ? REPLY4 : REPLY6);
	CHECK_EQ(r.code, 0);
	/* The identifier is the socket's, whatever was in the message. */
	n = sock_port(fd);
	CHECK(n != 0);
	CHECK_EQ(r.id, HTONS(n));
	CHECK_EQ(r.sequence, HTONS(3));
	CHECK_EQ(memcmp(r.data, e.data, sizeof(e.data)), 0);
	if (family == AF_INET)
		CHECK_EQ(sum_of(&r, sizeof(r)), 0);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_ERRQUEUE), EAGAIN);
}

static void ping_ipv4(void)
{
	ping_once(AF_INET);
}

static void ping_ipv6(void)
{
	ping_once(AF_INET6);
}

static void ping_connected(void)
{
	int fd = open_ping(AF_INET);
	struct echo e = request(AF_INET, 0, 1), r;
	struct sockaddr_storage a;

	CHECK_ERR(send(fd, &e, sizeof(e), 0), EDESTADDRREQ);
	CHECK_OK(sock_connect_inet(fd, AF_INET, 0));
	CHECK_EQ(send(fd, &e, sizeof(e), 0), sizeof(e));
	CHECK_EQ(recv(fd, &r, sizeof(r), 0), sizeof(r));
	CHECK_EQ(r.type, REPLY4);
	CHECK_ERR(getpeername(fd, &a, &(socklen_t){ sizeof(a) }), ENOTCONN); /* port 0 */
	CHECK_OK(connect(fd, &(struct sockaddr){ .sa_family = AF_UNSPEC },
			 sizeof(struct sockaddr)));
	CHECK_ERR(send(fd, &e, sizeof(e), 0), EDESTADDRREQ);
}

static void ping_identifiers(void)
{
	int a = open_ping(AF_INET), b = open_ping(AF_INET6), c = open_ping(AF_INET);
	struct echo e = request(AF_INET, 0, 1), r;
	struct sockaddr_storage to;
	socklen_t len = sock_inet(&to, AF_INET, LOOPBACK, 77);

	/* Small numbers are nobody's privilege; one number is one socket's,
	 * unless all that have it share it, as they do when not told otherwise. */
	CHECK_OK(bind(a, &to, len));
	CHECK_EQ(sock_port(a), 77);
	CHECK_ERR(bind(a, &to, len), EINVAL);
	CHECK_EQ(sock_getopt(c, SOL_SOCKET, SO_REUSEADDR), 1);
	sock_setopt(c, SOL_SOCKET, SO_REUSEADDR, 0);
	CHECK_ERR(bind(c, &to, len), EADDRINUSE);
	sock_setopt(b, SOL_SOCKET, SO_REUSEADDR, 0);
	len = sock_inet(&to, AF_INET6, 0, 77);
	CHECK_ERR(bind(b, &to, len), EADDRINUSE);
	CHECK_ERR(bind(b, &to, 4), EINVAL);
	/* Replies go to whose identifier it is. */
	CHECK_EQ(send_echo(a, AF_INET, &e), sizeof(e));
	CHECK_EQ(send_echo(c, AF_INET, &e), sizeof(e));
	CHECK_EQ(recv(a, &r, sizeof(r), 0), sizeof(r));
	CHECK_EQ(r.id, HTONS(77));
	CHECK_ERR(recv(a, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(recv(c, &r, sizeof(r), 0), sizeof(r));
	CHECK(r.id != HTONS(77));
	close(a);
	len = sock_inet(&to, AF_INET6, 0, 77);
	CHECK_OK(bind(b, &to, len));
}

static void ping_errors(void)
{
	static char big[65536] = { ECHO4 };
	int fd = open_ping(AF_INET), fd6 = open_ping(AF_INET6);
	struct echo e = request(AF_INET, 0, 1);
	struct sockaddr_storage a;
	socklen_t len = sock_inet(&a, AF_INET, LOOPBACK, 0);

	CHECK_ERR(sendto(fd, &e, 7, 0, &a, len), EINVAL);
	CHECK_ERR(sendto(fd, big, 65536, 0, &a, len), EMSGSIZE);
	CHECK_ERR(sendto(fd, big, 65516, 0, &a, len), EMSGSIZE);
	CHECK_EQ(sendto(fd, big, 65515, 0, &a, len), 65515);
	CHECK_EQ(recv(fd, big, sizeof(big), 0), 65515);
	CHECK_ERR(sendto(fd, &e, sizeof(e), MSG_OOB, &a, len), EOPNOTSUPP);
	CHECK_ERR(sendto(fd, &e, sizeof(e), 0, &a, 15), EINVAL);
	CHECK_ERR(sendto(fd, test_bad_pointer, 64, 0, &a, len), EFAULT);
	e.code = 1;
	CHECK_ERR(sendto(fd, &e, sizeof(e), 0, &a, len), EINVAL);
	e.code = 0;
	e.type = REPLY4;
	CHECK_ERR(sendto(fd, &e, sizeof(e), 0, &a, len), EINVAL);
	e.type = ECHO6;
	CHECK_ERR(sendto(fd6, &e, sizeof(e), 0, &a, len), EINVAL);
	e.type = ECHO4;
	a.ss_family = AF_UNIX;
	CHECK_ERR(sendto(fd, &e, sizeof(e), 0, &a, len), EAFNOSUPPORT);
	len = sock_inet(&a, AF_INET, 0x7fffffff, 0);
	CHECK_ERR(sendto(fd, &e, sizeof(e), 0, &a, len), EACCES);
	CHECK_ERR(bind(fd, &a, len), EADDRNOTAVAIL);
	CHECK_ERR(listen(fd, 1), EOPNOTSUPP);
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP), EPROTONOSUPPORT);
	CHECK_ERR(socket(AF_INET, SOCK_STREAM, IPPROTO_ICMP), EPROTONOSUPPORT);
}

/* The int in the first control message, which is of this type. */
static int told(int fd, int level, int type)
{
	char control[64] __attribute__((aligned(8)));
	struct echo r;
	struct iovec iov = { &r, sizeof(r) };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr h;
	int value;

	memset(control, 0, sizeof(control));
	CHECK_EQ(recvmsg(fd, &m, 0), sizeof(r));
	memcpy(&h, control, sizeof(h));
	CHECK_EQ(h.cmsg_level, level);
	CHECK_EQ(h.cmsg_type, type);
	memcpy(&value, CMSG_DATA(control), sizeof(value));
	return value;
}

static void ping_told(void)
{
	int fd = open_ping(AF_INET), fd6 = open_ping(AF_INET6);
	struct echo e = request(AF_INET, 0, 1), e6 = request(AF_INET6, 0, 1);

	/* The answer has a life of its own, not the request's. */
	sock_setopt(fd, IPPROTO_IP, IP_TTL, 7);
	sock_setopt(fd, IPPROTO_IP, IP_RECVTTL, 1);
	sock_setopt(fd, IPPROTO_IP, IP_RETOPTS, 1);
	sock_setopt(fd, IPPROTO_IP, IP_RECVERR, 1);
	CHECK_EQ(sock_getopt(fd, IPPROTO_IP, IP_RETOPTS), 1);
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	CHECK_EQ(told(fd, IPPROTO_IP, IP_TTL), 64);
	sock_setopt(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	told(fd, SOL_SOCKET, SO_TIMESTAMP);
	sock_setopt(fd6, IPPROTO_IPV6, IPV6_2292HOPLIMIT, 1);
	CHECK_EQ(send_echo(fd6, AF_INET6, &e6), sizeof(e6));
	CHECK_EQ(told(fd6, IPPROTO_IPV6, IPV6_2292HOPLIMIT), 64);
	sock_setopt(fd6, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	CHECK_EQ(send_echo(fd6, AF_INET6, &e6), sizeof(e6));
	CHECK_EQ(told(fd6, IPPROTO_IPV6, IPV6_HOPLIMIT), 64);
}

static void as_plain_user(void)
{
	CHECK_ERR(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), EPERM);
	CHECK_ERR(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), EPERM);
	CHECK_ERR(socket(AF_INET, SOCK_RAW, 0), EPROTONOSUPPORT);
}

static void ping_of_a_user(void)
{
	open_ping(AF_INET);
}

static void no_ping_for_a_user(void)
{
	CHECK_ERR(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), EACCES);
	CHECK_ERR(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6), EACCES);
}

static void set_groups(const char *text)
{
	int fd = (int)CHECK_OK(open(GROUPS, O_WRONLY));

	CHECK_EQ(write(fd, text, strlen(text)), (long)strlen(text));
	close(fd);
}

static void who_may(void)
{
	static char old[64];
	int fd;

	test_as_user(as_plain_user);
	test_need_root();
	fd = (int)CHECK_OK(open(GROUPS, O_RDONLY));
	CHECK(read(fd, old, sizeof(old) - 1) > 3);
	close(fd);
	fd = (int)CHECK_OK(open(GROUPS, O_WRONLY));
	CHECK_ERR(write(fd, "x", 1), EINVAL);
	close(fd);
	set_groups("1000 1000\n");
	test_as_user(ping_of_a_user);
	set_groups("1001 2000");
	test_as_user(no_ping_for_a_user);
	set_groups(old);
}

/* --- raw sockets --------------------------------------------------------------------- */

/* The next message of a raw IPv4 socket, behind its IP header. */
static struct echo next_raw4(int fd)
{
	unsigned char buf[128];
	struct echo e;

	CHECK_EQ(recv(fd, buf, sizeof(buf), MSG_DONTWAIT), IP_HEAD + sizeof(e));
	CHECK_EQ(buf[0], 0x45);
	CHECK_EQ(buf[2] << 8 | buf[3], IP_HEAD + (int)sizeof(e));
	CHECK_EQ(buf[8], 64);
	CHECK_EQ(buf[9], IPPROTO_ICMP);
	CHECK_EQ(sum_of(buf, IP_HEAD), 0);
	CHECK_EQ(memcmp(buf + 12, "\x7f\0\0\1\x7f\0\0\1", 8), 0);
	memcpy(&e, buf + IP_HEAD, sizeof(e));
	return e;
}

static void raw_ipv4(void)
{
	int fd = open_raw(AF_INET), other = open_raw(AF_INET);
	struct echo e = request(AF_INET, 4711, 5), r;

	/* The checksum is the program's affair: nobody answers a wrong one. */
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	CHECK_EQ(next_raw4(fd).type, ECHO4);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	e.checksum = sum_of(&e, sizeof(e));
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	CHECK_EQ(next_raw4(fd).type, ECHO4);
	r = next_raw4(fd);
	CHECK_EQ(r.type, REPLY4);
	CHECK_EQ(r.id, HTONS(4711));
	CHECK_EQ(sum_of(&r, sizeof(r)), 0);
	CHECK_EQ(memcmp(r.data, e.data, sizeof(e.data)), 0);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	/* All see all. */
	CHECK_EQ(next_raw4(other).type, ECHO4);
	CHECK_EQ(next_raw4(other).type, ECHO4);
	CHECK_EQ(next_raw4(other).type, REPLY4);
	CHECK_EQ(sock_port(fd), IPPROTO_ICMP);
}

static void raw_filter(void)
{
	int fd = open_raw(AF_INET), bound = open_raw(AF_INET);
	struct echo e = request(AF_INET, 1, 1), r;
	struct sockaddr_storage a;
	unsigned int filter = ~(1u << REPLY4), got = 0;
	socklen_t len = sizeof(got);

	CHECK_ERR(setsockopt(fd, SOL_RAW_, FILTER, test_bad_pointer, 4), EFAULT);
	CHECK_OK(setsockopt(fd, SOL_RAW_, FILTER, &filter, sizeof(filter)));
	CHECK_OK(getsockopt(fd, SOL_RAW_, FILTER, &got, &len));
	CHECK_EQ(got, filter);
	CHECK_EQ(len, 4);
	CHECK_ERR(setsockopt(fd, SOL_RAW_, 99, &filter, sizeof(filter)), ENOPROTOOPT);
	/* Only what is for the address that it is bound to. */
	len = sock_inet(&a, AF_INET, 0x7f000009, 0);
	CHECK_OK(bind(bound, &a, len));
	e.checksum = sum_of(&e, sizeof(e));
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	CHECK_EQ(next_raw4(fd).type, REPLY4);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	CHECK_ERR(recv(bound, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto(fd, &e, sizeof(e), 0, &a, len), sizeof(e));
	CHECK_EQ(recv(bound, &r, sizeof(r), MSG_DONTWAIT | MSG_TRUNC), IP_HEAD + sizeof(e));
	CHECK_ERR(recv(bound, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	/* Connected: only what is from there. */
	CHECK_OK(connect(bound, &a, len));
	CHECK_EQ(sendto(fd, &e, sizeof(e), 0, &a, len), sizeof(e));
	CHECK_ERR(recv(bound, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
}

static void raw_ipv6(void)
{
	int fd = open_raw(AF_INET6);
	struct echo e = request(AF_INET6, 4711, 5), r;
	unsigned int filter[8];

	/* The kernel makes the checksum, and there is no IP header. */
	CHECK_EQ(send_echo(fd, AF_INET6, &e), sizeof(e));
	CHECK_EQ(recv(fd, &r, sizeof(r), MSG_DONTWAIT), sizeof(r));
	CHECK_EQ(r.type, ECHO6);
	CHECK_EQ(recv(fd, &r, sizeof(r), MSG_DONTWAIT), sizeof(r));
	CHECK_EQ(r.type, REPLY6);
	CHECK_EQ(r.id, HTONS(4711));
	memset(filter, 0xff, sizeof(filter));
	filter[REPLY6 / 32] &= ~(1u << REPLY6 % 32);
	CHECK_OK(setsockopt(fd, IPPROTO_ICMPV6, FILTER, filter, sizeof(filter)));
	CHECK_EQ(send_echo(fd, AF_INET6, &e), sizeof(e));
	CHECK_EQ(recv(fd, &r, sizeof(r), MSG_DONTWAIT), sizeof(r));
	CHECK_EQ(r.type, REPLY6);
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sock_getopt(fd, SOL_RAW_, IPV6_CHECKSUM), 2);
	sock_setopt(fd, SOL_RAW_, IPV6_CHECKSUM, 2);
	CHECK_ERR(setsockopt(fd, SOL_RAW_, IPV6_CHECKSUM, &(int){ 3 }, 4), EINVAL);
	/* Past the end of the message, and switched off: nobody answers. */
	sock_setopt(fd, SOL_RAW_, IPV6_CHECKSUM, 1000);
	CHECK_ERR(send_echo(fd, AF_INET6, &e), EINVAL);
	sock_setopt(fd, SOL_RAW_, IPV6_CHECKSUM, -1);
	CHECK_EQ(send_echo(fd, AF_INET6, &e), sizeof(e));
	CHECK_ERR(recv(fd, &r, sizeof(r), MSG_DONTWAIT), EAGAIN);
}

static void raw_large(void)
{
	static unsigned char out[60001], in[65536];
	int fd = open_raw(AF_INET), round;
	struct sockaddr_storage a;
	socklen_t len = sock_inet(&a, AF_INET, LOOPBACK, 0);
	unsigned short sum;
	size_t i;

	for (i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 7 + i / 251);
	memset(out, 0, 4);
	out[0] = ECHO4;
	sum = sum_of(out, sizeof(out));
	memcpy(out + 2, &sum, 2);
	for (round = 0; round < 20; round++) {
		CHECK_EQ(sendto(fd, out, sizeof(out), 0, &a, len), sizeof(out));
		CHECK_EQ(recv(fd, in, sizeof(in), 0), IP_HEAD + sizeof(out));
		CHECK_EQ(memcmp(in + IP_HEAD, out, sizeof(out)), 0);
		CHECK_EQ(recv(fd, in, sizeof(in), 0), IP_HEAD + sizeof(out));
		CHECK_EQ(in[IP_HEAD], REPLY4);
		CHECK_EQ(sum_of(in + IP_HEAD, sizeof(out)), 0);
		CHECK_EQ(memcmp(in + IP_HEAD + HEAD, out + HEAD, sizeof(out) - HEAD), 0);
	}
}

/* Nobody reads: what does not fit is dropped, and is counted; the rest goes with the
 * sockets. */
static void raw_unread(void)
{
	static struct echo e;
	int fd = open_raw(AF_INET), ping = open_ping(AF_INET), i;

	e = request(AF_INET, 9, 9);
	sock_setopt(fd, SOL_SOCKET, SO_RCVBUF, 2304);
	sock_setopt(ping, SOL_SOCKET, SO_RCVBUF, 2304);
	for (i = 0; i < 100; i++)
		CHECK_EQ(send_echo(ping, AF_INET, &e), sizeof(e));
	for (i = 0; recv(ping, &e, sizeof(e), MSG_DONTWAIT) > 0; i++)
		;
	CHECK(i >= 1 && i < 50);
}

static int shown(const char *name, const char *what)
{
	static char text[16384];
	int fd = (int)CHECK_OK(open(name, O_RDONLY));
	ssize_t n = CHECK_OK(read(fd, text, sizeof(text) - 1));

	close(fd);
	text[n] = '\0';
	return strstr(text, what) != NULL;
}

static void in_proc(void)
{
	int raw = open_raw(AF_INET), raw6 = open_raw(AF_INET6), ping = open_ping(AF_INET);
	struct sockaddr_storage a;
	socklen_t len = sock_inet(&a, AF_INET, LOOPBACK, 0x4d);

	CHECK_OK(bind(ping, &a, len));
	CHECK(shown("/proc/net/raw", " 00000000:0001 00000000:0000 07 "));
	CHECK(shown("/proc/net/raw6", ":003A 00000000000000000000000000000000:0000 07 "));
	CHECK(shown("/proc/net/icmp", " 0100007F:004D 00000000:0000 07 "));
	CHECK(!shown("/proc/net/icmp6", ":004D "));
	CHECK_OK(sock_connect_inet(raw, AF_INET, 0));
	CHECK(shown("/proc/net/raw", " 0100007F:0001 0100007F:0000 01 "));
	close(raw6);
	CHECK(!shown("/proc/net/raw6", ":003A "));
}

/* An extended echo is a request, too, which nobody answers by default. */
static void ping_extended(void)
{
	int fd = open_ping(AF_INET);
	struct echo e = request(AF_INET, 0, 1);

	e.type = 42;
	CHECK_EQ(send_echo(fd, AF_INET, &e), sizeof(e));
	CHECK_ERR(recv(fd, &e, sizeof(e), MSG_DONTWAIT), EAGAIN);
}

static void as_user_bound_to_lo(void)
{
	int fd = sock_make(AF_INET, SOCK_DGRAM);

	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2));
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0), EPERM);
}

static void of_a_device(void)
{
	int fd = sock_make(AF_INET, SOCK_DGRAM);
	char name[16] = "?";
	socklen_t len = 16;

	test_need_root();
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	CHECK_EQ(len, 0);
	CHECK_ERR(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "nosuch", 6), ENODEV);
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	len = 15;
	CHECK_ERR(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len), EINVAL);
	len = 16;
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	CHECK_EQ(len, 3);
	CHECK_EQ(strcmp(name, "lo"), 0);
	/* What is the device's own still arrives. */
	CHECK_OK(sock_connect_inet(fd, AF_INET, sock_bind_inet(fd, AF_INET, 0)));
	CHECK_EQ(send(fd, "x", 1, 0), 1);
	CHECK_EQ(recv(fd, name, 1, MSG_DONTWAIT), 1);
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	len = 16;
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	CHECK_EQ(len, 0);
	test_as_user(as_user_bound_to_lo);
}

static const struct test_case cases[] = {
	{ "ping over IPv4", ping_ipv4 },
	{ "ping over IPv6", ping_ipv6 },
	{ "ping: connected", ping_connected },
	{ "ping: identifiers", ping_identifiers },
	{ "ping: errors", ping_errors },
	{ "ping: what the receiver is told", ping_told },
	{ "ping: extended", ping_extended },
	{ "who may", who_may },
	{ "raw over IPv4", raw_ipv4 },
	{ "raw: filter and address", raw_filter },
	{ "raw over IPv6", raw_ipv6 },
	{ "raw: large messages", raw_large },
	{ "raw: unread", raw_unread },
	{ "/proc/net", in_proc },
	{ "bound to a device", of_a_device },
};
TEST_MAIN(cases)
