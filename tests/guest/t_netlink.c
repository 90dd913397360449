/*
 * What programs ask about the network: netlink, interface requests, /proc/net.
 */
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <test.h>
#include <unistd.h>

#include "libsock.h"

struct request {
	struct nlmsghdr h;
	struct rtgenmsg g;
};

static int open_route(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	int fd = (int)CHECK_OK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));

	CHECK_OK(bind(fd, &nl, sizeof(nl)));
	return fd;
}

static void ask(int fd, int type, int family, int flags)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request rq = { .h = { .nlmsg_len = sizeof(rq), .nlmsg_type = (unsigned short)type,
				     .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | flags),
				     .nlmsg_seq = 4711 },
			      .g = { .rtgen_family = (unsigned char)family } };

	CHECK_EQ(sendto(fd, &rq, sizeof(rq), 0, &kernel, sizeof(kernel)), sizeof(rq));
}

static int has_lo(const struct nlmsghdr *h)
{
	const char *at = (const char *)h;
	size_t i;

	for (i = sizeof(*h); i + 3 <= h->nlmsg_len; i++)
		if (memcmp(at + i, "lo", 3) == 0)
			return 1;
	return 0;
}

/* Reads the whole answer to a dump; counts messages of type that name lo. */
static int count_answers(int fd, int type)
{
	static char buf[16384] __attribute__((aligned(8)));
	struct sockaddr_nl from;
	socklen_t len = sizeof(from);
	int found = 0;

	for (;;) {
		long n = CHECK_OK(recvfrom(fd, buf, sizeof(buf), 0, &from, &len));
		struct nlmsghdr *h = (void *)buf;

		CHECK_EQ(from.nl_pid, 0);
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			CHECK_EQ(h->nlmsg_seq, 4711);
			CHECK_EQ(h->nlmsg_pid, getpid());
			if (h->nlmsg_type == NLMSG_DONE)
				return found;
			CHECK_EQ(h->nlmsg_type, type);
			CHECK(h->nlmsg_flags & NLM_F_MULTI);
			found += has_lo(h);
		}
	}
}

static void dumps(void)
{
	int fd = open_route();

	ask(fd, RTM_GETLINK, AF_UNSPEC, NLM_F_DUMP);
	CHECK_EQ(count_answers(fd, RTM_NEWLINK), 1);
	ask(fd, RTM_GETADDR, AF_INET, NLM_F_DUMP);
	CHECK_EQ(count_answers(fd, RTM_NEWADDR), 1);
	ask(fd, RTM_GETADDR, AF_UNSPEC, NLM_F_DUMP);
	CHECK_EQ(count_answers(fd, RTM_NEWADDR), 1); /* IPv6 ones have no label */
	ask(fd, RTM_GETROUTE, AF_INET, NLM_F_DUMP);
	count_answers(fd, RTM_NEWROUTE);
}

static void addresses(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(nl);
	int a = open_route(), b = open_route();

	CHECK_OK(getsockname(a, &nl, &len));
	CHECK_EQ(len, sizeof(nl));
	CHECK_EQ(nl.nl_pid, getpid());
	CHECK_OK(getsockname(b, &nl, &len));
	CHECK(nl.nl_pid != (unsigned int)getpid() && nl.nl_pid != 0);
	CHECK_ERR(bind(a, &nl, sizeof(nl)), EINVAL);
	CHECK_ERR(bind(a, &nl, 4), EINVAL);
	CHECK_ERR(socket(AF_NETLINK, SOCK_STREAM, 0), ESOCKTNOSUPPORT);
	CHECK_ERR(socket(AF_NETLINK, SOCK_RAW, 31), EPROTONOSUPPORT);
}

static void malformed(void)
{
	struct request rq = { .h = { .nlmsg_len = 4, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK } };
	int fd = open_route();
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char rest[64];
	} answer;

	CHECK_EQ(send(fd, &rq, sizeof(rq), 0), sizeof(rq)); /* shorter than itself */
	rq.h.nlmsg_len = 4000;
	CHECK_EQ(send(fd, &rq, sizeof(rq), 0), sizeof(rq));
	CHECK_EQ(send(fd, &rq, 3, 0), 3);
	CHECK_ERR(recv(fd, &answer, sizeof(answer), MSG_DONTWAIT), EAGAIN);
	rq.h.nlmsg_len = sizeof(rq);
	rq.h.nlmsg_type = RTM_GETLINK; /* no index: which? */
	CHECK_EQ(send(fd, &rq, sizeof(rq), 0), sizeof(rq));
	CHECK(recv(fd, &answer, sizeof(answer), 0) >= (long)sizeof(answer.h) + 4);
	CHECK_EQ(answer.h.nlmsg_type, NLMSG_ERROR);
	CHECK_EQ(answer.e.error, -EINVAL);
	rq.h.nlmsg_type = NLMSG_NOOP;
	CHECK_EQ(send(fd, &rq, sizeof(rq), 0), sizeof(rq));
	CHECK(recv(fd, &answer, sizeof(answer), 0) > 0);
	CHECK_EQ(answer.e.error, 0);
	CHECK_ERR(send(fd, test_bad_pointer, 100, 0), EFAULT);
}

/* struct ifreq: linux/if.h wants more of a libc than there is. */
struct if_request {
	char name[16];
	union {
		int value;
		short flags;
		struct sockaddr_in addr;
		char all[24];
	};
};

static void interface_requests(void)
{
	struct if_request r = { .name = "lo" }, list[8];
	struct {
		int len;
		void *at;
	} conf = { sizeof(list), list };
	int fd = sock_make(AF_INET, SOCK_DGRAM), i, seen = 0;

	CHECK_OK(ioctl(fd, SIOCGIFINDEX, &r));
	CHECK_EQ(r.value, 1);
	CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &r));
	CHECK_EQ(r.flags & 0x49, 0x49); /* up, loopback, running */
	CHECK_OK(ioctl(fd, SIOCGIFADDR, &r));
	CHECK_EQ(r.addr.sin_addr.s_addr, HTONL(LOOPBACK));
	CHECK_OK(ioctl(fd, SIOCGIFNETMASK, &r));
	CHECK_EQ(r.addr.sin_addr.s_addr, HTONL(0xff000000));
	CHECK_OK(ioctl(fd, SIOCGIFMTU, &r));
	CHECK_EQ(r.value, 65536);
	r.value = 1;
	r.name[0] = '\0';
	CHECK_OK(ioctl(fd, SIOCGIFNAME, &r));
	CHECK_STR(r.name, "lo");
	strcpy(r.name, "nosuch0");
	CHECK_ERR(ioctl(fd, SIOCGIFFLAGS, &r), ENODEV);
	CHECK_ERR(ioctl(fd, SIOCGIFFLAGS, test_bad_pointer), EFAULT);
	CHECK_ERR(ioctl(fd, SIOCSIFFLAGS, test_bad_pointer), EFAULT);
	CHECK_OK(ioctl(fd, SIOCGIFCONF, &conf));
	for (i = 0; i < conf.len / (int)sizeof(r); i++)
		seen += strcmp(list[i].name, "lo") == 0;
	CHECK_EQ(seen, 1);
}

static int proc_has(const char *path, const char *text)
{
	static char buf[65536];

	test_read_file(path, buf, sizeof(buf));
	return strstr(buf, text) != NULL;
}

static void tables_in_proc(void)
{
	int port, srv = sock_listen_inet(AF_INET, 3, &port), udp = sock_make(AF_INET, SOCK_DGRAM);
	char line[64];

	snprintf(line, sizeof(line), " 0100007F:%04X 00000000:0000 0A ", port);
	CHECK(proc_has("/proc/net/tcp", line));
	snprintf(line, sizeof(line), " 0100007F:%04X 00000000:0000 07 ",
		 sock_bind_inet(udp, AF_INET, 0));
	CHECK(proc_has("/proc/net/udp", line));
	sock_listen_un(SOCK_STREAM, "@lodger-proc", 1);
	CHECK(proc_has("/proc/net/unix", " 00010000 0001 01 "));
	CHECK(proc_has("/proc/net/unix", " @lodger-proc\n"));
	CHECK(proc_has("/proc/self/net/dev", "    lo:"));
	close(srv);
	snprintf(line, sizeof(line), " 0100007F:%04X 00000000:0000 0A ", port);
	CHECK(!proc_has("/proc/net/tcp", line));
}

static const struct test_case cases[] = {
	{ "dumps", dumps },
	{ "addresses", addresses },
	{ "malformed requests", malformed },
	{ "interface requests", interface_requests },
	{ "tables in /proc/net", tables_in_proc },
};
TEST_MAIN(cases)
