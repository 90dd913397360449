/* Clocks made of a counter: never back, near the reference, and given up. */
#include <check.h>
#include <stdlib.h>

#include "lib/clock_line.h"

#define HZ 2600000000ULL
#define BOOT_NS (5000 * NS_PER_SEC)

/* The reference: the counter runs ppm parts in a million too slowly for it. */
struct world {
	u64 cycles, ns;
	s64 ppm;
};

static void pass(struct world *w, u64 ns)
{
	w->ns += ns;
	w->cycles += (u64)((__int128)ns * HZ / NS_PER_SEC * (1000000 - w->ppm) / 1000000);
}

/* A reading whose two looks at the counter lie spread_ns apart. */
static struct clock_sample look(struct world *w, u64 spread_ns)
{
	struct clock_sample s = { .spread_cycles = spread_ns * HZ / NS_PER_SEC };

	s.cycles = w->cycles;
	s.ns = w->ns + (spread_ns ? (u64)rand() % spread_ns : 0) - spread_ns / 2;
	return s;
}

static u64 apart(u64 a, u64 b)
{
	return a > b ? a - b : b - a;
}

/* A line that has known the world for 10 ms. */
static struct clock_sample begin(struct clock_line *line, struct world *w)
{
	struct clock_sample first = look(w, 0), second;

	pass(w, 10 * NS_PER_MS);
	second = look(w, 300);
	ck_assert(clock_line_start(line, &first, &second));
	return second;
}

START_TEST(test_near_and_never_back)
{
	struct world w = { .cycles = 77, .ns = BOOT_NS, .ppm = 40 };
	struct clock_line line;
	struct clock_sample last = begin(&line, &w), now;
	u64 shown = 0, time;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		pass(&w, 1 + (u64)rand() % (300 * NS_PER_US));
		if (i % 1000 == 0)
			w.ppm = rand() % 1000 - 500; /* as adjtimex(2) allows */
		if (!clock_line_valid(&line, w.cycles)) {
			now = look(&w, 100 + (u64)rand() % 2000);
			ck_assert(clock_line_follow(&line, &last, &now));
			last = now;
		}
		time = clock_line_ns(&line, w.cycles);
		ck_assert_uint_ge(time, shown);
		shown = time;
		/* 100 us: a change of rate may fall into a line's life */
		ck_assert_uint_le(apart(time, w.ns), 150 * NS_PER_US);
	}
}
END_TEST

START_TEST(test_steady_rate_is_close)
{
	struct world w = { .cycles = 1, .ns = BOOT_NS, .ppm = -300 };
	struct clock_line line;
	struct clock_sample last = begin(&line, &w), now;

	srand(2);
	for (int i = 0; i < 100000; i++) {
		pass(&w, 1 + (u64)rand() % (300 * NS_PER_US));
		if (!clock_line_valid(&line, w.cycles)) {
			now = look(&w, 500);
			ck_assert(clock_line_follow(&line, &last, &now));
			last = now;
		}
		ck_assert_uint_le(apart(clock_line_ns(&line, w.cycles), w.ns),
				  50 * NS_PER_US);
	}
}
END_TEST

START_TEST(test_long_sleep)
{
	struct world w = { .cycles = 1, .ns = BOOT_NS };
	struct clock_line line;
	struct clock_sample last = begin(&line, &w), now;

	pass(&w, 40ULL * 24 * 3600 * NS_PER_SEC);
	ck_assert(!clock_line_valid(&line, w.cycles));
	now = look(&w, 0);
	ck_assert(clock_line_follow(&line, &last, &now));
	ck_assert_uint_eq(clock_line_ns(&line, w.cycles), w.ns);
	pass(&w, 10 * NS_PER_MS);
	ck_assert_uint_le(apart(clock_line_ns(&line, w.cycles), w.ns), NS_PER_US);
}
END_TEST

/* The host slept: its clock stood, the counter did not. */
START_TEST(test_reference_stood)
{
	struct world w = { .cycles = 1, .ns = BOOT_NS };
	struct clock_line line;
	struct clock_sample last = begin(&line, &w), now;
	u64 shown = clock_line_ns(&line, w.cycles + line.valid_cycles);

	w.cycles += 100 * HZ;
	now = look(&w, 0);
	/* the line may have shown what the clock reaches after 100 ms only */
	ck_assert(!clock_line_follow(&line, &last, &now));
	ck_assert_uint_ge(line.ns, shown);
}
END_TEST

/* The counter began anew. */
START_TEST(test_counter_reset)
{
	struct world w = { .cycles = 1000 * HZ, .ns = BOOT_NS };
	struct clock_line line;
	struct clock_sample last = begin(&line, &w), now;
	u64 mult = line.mult;

	w.cycles = 5;
	w.ns += NS_PER_SEC;
	/* still "valid", but it stands until the line is aimed anew */
	ck_assert_uint_eq(clock_line_ns(&line, w.cycles), last.ns);
	now = look(&w, 0);
	ck_assert(clock_line_follow(&line, &last, &now));
	ck_assert_uint_eq(clock_line_ns(&line, w.cycles), w.ns);
	ck_assert_uint_eq(line.mult, mult);
}
END_TEST

START_TEST(test_no_clock)
{
	struct clock_sample a = { .cycles = 100, .ns = 1000 };
	struct clock_sample b = { .cycles = 100, .ns = 2000 };
	struct clock_line line;

	ck_assert(!clock_line_start(&line, &a, &b)); /* stands */
	b.cycles = 101;
	ck_assert(!clock_line_start(&line, &a, &b)); /* 1 MHz */
	b.cycles = 100 + 1000000;
	ck_assert(!clock_line_start(&line, &a, &b)); /* 1 THz */
	b.cycles = 100 + 3000;
	ck_assert(clock_line_start(&line, &a, &b));
}
END_TEST

Suite *clock_line_suite(void);
Suite *clock_line_suite(void)
{
	Suite *s = suite_create("clock_line");
	TCase *tc = tcase_create("clock_line");

	tcase_add_test(tc, test_near_and_never_back);
	tcase_add_test(tc, test_steady_rate_is_close);
	tcase_add_test(tc, test_long_sleep);
	tcase_add_test(tc, test_reference_stood);
	tcase_add_test(tc, test_counter_reset);
	tcase_add_test(tc, test_no_clock);
	suite_add_tcase(s, tc);
	return s;
}
