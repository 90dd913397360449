/* --stats: both forms, with counters that a hostile guest kernel may leave. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "machine.h"
#include "stats.h"

static struct lodger_counters counters;
static char path[64];
static struct options opt;
static struct machine machine;

static void setup(void)
{
	int fd;

	strcpy(path, "/tmp/lodger-stats-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	opt = (struct options){ .stats_path = path, .mode = "umlinux" };
	machine = (struct machine){ .opt = &opt,
				    .start_ns = 1000,
				    .end_ns = 2001000 };
	memset(&counters, 0, sizeof(counters));
}

static void teardown(void)
{
	unlink(path);
}

static char text[1 << 20];

static void write_and_read(enum stats_format format)
{
	FILE *file;
	size_t len_bytes;

	opt.stats = format;
	ck_assert_int_eq(stats_write(&machine, &counters), 0);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	len_bytes = fread(text, 1, sizeof(text) - 1, file);
	text[len_bytes] = '\0';
	fclose(file);
}

static void has(const char *part)
{
	ck_assert_msg(strstr(text, part), "no '%s' in:\n%s", part, text);
}

START_TEST(json)
{
	machine.count.tracer_stops = 9;
	machine.count.host_call[9] = 3;
	counters.kernel_bytes = 4096;
	counters.call[39] = (struct lodger_call_counter){ 5, 6, 1, 7000 };
	counters.miss[0] = (struct lodger_miss){
		"a\"b", 425, { 8, 4096 }, 38, 0, 3 };
	write_and_read(STATS_JSON);
	ck_assert_int_eq(text[0], '{');
	has("{\"program\": \"a?b\", \"number\": 425, \"name\": \"io_uring_setup\", \"errno\": 38, \"arguments\": [8, 4096], \"count\": 3}");
	has("\"version\": 1,");
	has("\"wall_ns\": 2000000,");
	has("\"tracer_stops\": 9,");
	has("\"kernel_memory_bytes\": 4096,");
	has("{\"number\": 9, \"name\": \"mmap\", \"calls\": 3}");
	has("{\"number\": 39, \"name\": \"getpid\", \"calls\": 5, \"errors\": 1, \"host_calls\": 6, \"ns\": 7000}");
	has("\"vmm_process\": {\"user_ns\": ");
	ck_assert_ptr_null(strstr(text, ",\n}"));
	ck_assert_ptr_null(strstr(text, ",\n  ]"));
}
END_TEST

/* Keys that programs rely on while the version stands. */
START_TEST(json_keys)
{
	static const char *const keys[] = {
		"kernel_memory_bytes", "tracer_stops", "reflected_calls",
		"faults",	       "signals_injected", "host_calls",
		"maps",		       "unmaps",	   "protects",
		"as_switches",	       "voluntary_switches",
		"involuntary_switches", "user_ns",	   "system_ns",
		"wall_ns",	       "syscalls", "host_calls_by_number",
		"misses",	       "misses_lost",
	};
	char quoted[64];

	write_and_read(STATS_JSON);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\": ", keys[i]);
		has(quoted);
	}
}
END_TEST

START_TEST(text_form)
{
	counters.call[0].calls = 1;
	counters.call[1].calls = 2;
	write_and_read(STATS_TEXT);
	has("tracer stops");
	has("guest kernel's own memory");
	ck_assert_ptr_null(strstr(text, "missed"));
	counters.miss[0] = (struct lodger_miss){ "prog", (uint64_t)-7, { 1, 2 }, 38, 0, 9 };
	counters.misses_lost = 5;
	write_and_read(STATS_TEXT);
	has("9  prog             ? (-7) 0x1 0x2 ENOSYS");
	has("5  more");
	ck_assert(strstr(text, "  write\n") < strstr(text, "  read\n"));
}
END_TEST

/* Whatever stands there is printed as numbers and nothing else. */
START_TEST(hostile_counters)
{
	memset(&counters, 0xff, sizeof(counters));
	write_and_read(STATS_JSON);
	write_and_read(STATS_TEXT);
	for (const char *at = text; *at; at++)
		ck_assert((*at >= ' ' && *at <= '~') || *at == '\n');
}
END_TEST

START_TEST(no_such_place)
{
	opt.stats = STATS_JSON;
	opt.stats_path = "/nowhere/at/all";
	ck_assert_int_eq(stats_write(&machine, &counters), -1);
	ck_assert_ptr_nonnull(strstr(complain_last(), "/nowhere/at/all"));
	opt.stats_path = "/dev/full";
	ck_assert_int_eq(stats_write(&machine, &counters), -1);
	ck_assert_ptr_nonnull(strstr(complain_last(), "No space"));
}
END_TEST

Suite *stats_suite(void);
Suite *stats_suite(void)
{
	Suite *suite = suite_create("stats");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_add_test(all, json);
	tcase_add_test(all, json_keys);
	tcase_add_test(all, text_form);
	tcase_add_test(all, hostile_counters);
	tcase_add_test(all, no_such_place);
	suite_add_tcase(suite, all);
	return suite;
}
