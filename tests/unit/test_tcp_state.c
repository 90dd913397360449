/* The TCP state machine, and addresses of programs. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "net/inet_addr.h"
#include "net/tcp_state.h"

static enum tcp_state run(enum tcp_state state, const enum tcp_event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		state = tcp_next_state(state, events[i]);
	return state;
}

#define RUN(from, ...)                                       \
	run(from, (const enum tcp_event[]){ __VA_ARGS__ },   \
	    sizeof((const enum tcp_event[]){ __VA_ARGS__ }) / \
		    sizeof(enum tcp_event))

START_TEST(who_closes_first_waits)
{
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_SENDS_FIN), TCP_FIN_WAIT1);
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_SENDS_FIN, TCP_GETS_ACK), TCP_FIN_WAIT2);
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_SENDS_FIN, TCP_GETS_ACK, TCP_GETS_FIN),
			 TCP_TIME_WAIT);
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_GETS_FIN, TCP_SENDS_FIN, TCP_GETS_ACK),
			 TCP_CLOSE);
	/* both at once */
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_SENDS_FIN, TCP_GETS_FIN, TCP_GETS_ACK),
			 TCP_TIME_WAIT);
}
END_TEST

START_TEST(what_does_not_fit_changes_nothing)
{
	ck_assert_int_eq(RUN(TCP_CLOSE, TCP_SENDS_FIN), TCP_CLOSE);
	ck_assert_int_eq(RUN(TCP_CLOSE, TCP_GETS_FIN), TCP_CLOSE);
	ck_assert_int_eq(RUN(TCP_ESTABLISHED, TCP_GETS_ACK), TCP_ESTABLISHED);
	ck_assert_int_eq(RUN(TCP_TIME_WAIT, TCP_GETS_FIN), TCP_TIME_WAIT);
	ck_assert_int_eq(RUN(TCP_LISTEN, TCP_GETS_RST), TCP_LISTEN);
	for (int state = TCP_ESTABLISHED; state <= TCP_CLOSING; state++)
		if (state != TCP_LISTEN)
			ck_assert_int_eq(RUN((enum tcp_state)state, TCP_GETS_RST), TCP_CLOSE);
}
END_TEST

START_TEST(resets_say_why)
{
	ck_assert_int_eq(tcp_reset_error(TCP_SYN_SENT), ECONNREFUSED);
	ck_assert_int_eq(tcp_reset_error(TCP_CLOSE_WAIT), EPIPE);
	ck_assert_int_eq(tcp_reset_error(TCP_ESTABLISHED), ECONNRESET);
	ck_assert_int_eq(tcp_reset_error(TCP_FIN_WAIT2), ECONNRESET);
	ck_assert_int_eq(tcp_reset_error(TCP_CLOSE), 0);
	ck_assert(tcp_can_send(TCP_CLOSE_WAIT));
	ck_assert(!tcp_can_send(TCP_FIN_WAIT2));
}
END_TEST

static struct net_addr addr_of(u32 len, u16 family, const u8 *rest, u32 rest_len)
{
	struct net_addr a = { .len = len, .family = family };

	memcpy(a.raw + 2, rest, rest_len);
	return a;
}

START_TEST(addresses_of_both_families)
{
	const u8 in[] = { 0x1f, 0x90, 127, 0, 0, 1 };
	const u8 in6[] = { 0x00, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
			   0,	 0,    0, 0, 0, 0, 0, 1 };
	struct net_addr a = addr_of(16, AF_INET, in, sizeof(in)), back = { 0 };
	struct endpoint ep;

	ck_assert_int_eq(endpoint_parse(&ep, AF_INET, &a), 0);
	ck_assert_int_eq(ep.port, 8080);
	ck_assert(ip_is_v4(&ep.ip) && netdev_is_local(&ep.ip));
	endpoint_fill(&back, AF_INET, &ep);
	ck_assert_int_eq(back.len, 16);
	ck_assert_mem_eq(back.raw, a.raw, 16);
	/* The same end as an IPv6 socket sees it. */
	endpoint_fill(&back, AF_INET6, &ep);
	ck_assert_int_eq(back.len, 28);
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET6, &back), 0);
	ck_assert(ip_is_v4(&ep.ip));
	a = addr_of(28, AF_INET6, in6, sizeof(in6));
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET6, &a), 0);
	ck_assert_int_eq(ep.port, 80);
	ck_assert(!ip_is_v4(&ep.ip) && netdev_is_local(&ep.ip));
}
END_TEST

START_TEST(addresses_that_are_none)
{
	const u8 zero[26] = { 0 };
	struct net_addr a = addr_of(16, AF_INET, zero, sizeof(zero));
	struct endpoint ep;

	a.len = 15;
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET, &a), -EINVAL);
	a.len = 16;
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET6, &a), -EINVAL);
	a.len = 28;
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET6, &a), -EAFNOSUPPORT);
	a.family = AF_INET6;
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET, &a), -EAFNOSUPPORT);
	a.len = 24; /* without a scope */
	ck_assert_int_eq(endpoint_parse(&ep, AF_INET6, &a), 0);
	ck_assert(ip_is_any(&ep.ip));
}
END_TEST

Suite *tcp_state_suite(void);

Suite *tcp_state_suite(void)
{
	Suite *s = suite_create("tcp_state");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, who_closes_first_waits);
	tcase_add_test(tc, what_does_not_fit_changes_nothing);
	tcase_add_test(tc, resets_say_why);
	tcase_add_test(tc, addresses_of_both_families);
	tcase_add_test(tc, addresses_that_are_none);
	suite_add_tcase(s, tc);
	return s;
}
