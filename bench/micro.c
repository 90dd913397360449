/*
 * micro: one static program that times single operations, natively and in a
 * guest: the same bytes on both sides.  This file parses options, chooses how
 * often to repeat a row, and prints
 *
 *	row <TAB> iterations <TAB> nanoseconds in all
 *
 * or, when a row cannot run here, `row <TAB> 0 <TAB> 0 <TAB> reason`.
 *
 *	micro [--list] [--row NAME]... [--ms N] [--iters N]
 *
 * --ms is how long a row should take (default 100), --iters fixes the number
 * of iterations instead: for counting rather than timing.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "micro.h"

#define MAX_ITERS (1UL << 40)

static const struct row rows[] = {
	{ "null_call", "getppid", row_null_call },
	{ "getpid", "getpid", row_getpid },
	{ "clock_gettime", "clock_gettime(CLOCK_MONOTONIC), by system call",
	  row_clock_gettime },
	{ "clock_vdso", "the same, through the vDSO", row_clock_vdso },
	{ "read_zero", "read 1 byte of /dev/zero", row_read_zero },
	{ "write_null", "write 1 byte to /dev/null", row_write_null },
	{ "stat", "stat of a file two directories down", row_stat },
	{ "open_close", "open and close of the same file", row_open_close },
	{ "read_64k", "read 64 KiB from the page cache", row_read_64k },
	{ "pipe_trip", "one byte there and back between two processes",
	  row_pipe_trip },
	{ "hand_over", "two processes yield to each other, there and back",
	  row_hand_over },
	{ "ring_8", "one byte through the pipes of eight processes, all round",
	  row_ring_8 },
	{ "fault_zero", "first write to an anonymous page", row_fault_zero },
	{ "fault_cow", "first write to a page shared by fork", row_fault_cow },
	{ "mmap_64k", "mmap and munmap of 64 KiB", row_mmap_64k },
	{ "mmap_touch_64k", "the same, each of its 16 pages written between",
	  row_mmap_touch_64k },
	{ "sig_install", "sigaction", row_sig_install },
	{ "sig_deliver", "kill oneself, empty handler, return", row_sig_deliver },
	{ "fork_exit", "fork, exit, wait", row_fork_exit },
	{ "fork_exec", "fork, exec of this program, exit, wait", row_fork_exec },
	{ "cpu_loop", "100 000 steps of a random generator", row_cpu_loop },
	{ "mem_copy_1m", "copy of 1 MiB within 2 x 32 MiB", row_mem_copy_1m },
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static char own_path[PATH_MAX];

const char *micro_path(void)
{
	return own_path;
}

static void find_own_path(const char *argv0)
{
	const char *name = (const char *)getauxval(AT_EXECFN);
	char cwd[PATH_MAX];

	if (!name)
		name = argv0;
	if (name[0] != '/' && getcwd(cwd, sizeof(cwd)))
		snprintf(own_path, sizeof(own_path), "%s/%s", cwd, name);
	else
		snprintf(own_path, sizeof(own_path), "%s", name);
}

/* Doubles until a run is long enough to tell how many fill target_ns. */
static int calibrate(const struct row *row, uint64_t target_ns, uint64_t *iters)
{
	uint64_t ns;
	int err;

	for (*iters = 1; *iters < MAX_ITERS; *iters *= 2) {
		ns = 0;
		err = row->run(*iters, &ns);
		if (err < 0)
			return err;
		if (ns >= target_ns / 8)
			break;
	}
	*iters = *iters * target_ns / (ns ? ns : 1);
	if (*iters == 0)
		*iters = 1;
	return 0;
}

static int run_row(const struct row *row, uint64_t target_ns, uint64_t iters)
{
	uint64_t ns = 0;
	int err = 0;

	if (iters == 0)
		err = calibrate(row, target_ns, &iters);
	if (err == 0)
		err = row->run(iters, &ns);
	if (err < 0)
		printf("%s\t0\t0\t%s\n", row->name, strerror(-err));
	else
		printf("%s\t%lu\t%lu\n", row->name, iters, ns);
	fflush(stdout);
	return err < 0;
}

static const struct row *find_row(const char *name)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static int list_rows(void)
{
	size_t i;

	for (i = 0; i < ROW_COUNT; i++)
		printf("%s\t%s\n", rows[i].name, rows[i].what);
	return 0;
}

static int usage(void)
{
	fputs("usage: micro [--list] [--row NAME]... [--ms N] [--iters N]\n",
	      stderr);
	return 2;
}

struct options {
	const struct row *chosen[ROW_COUNT];
	size_t chosen_count;
	uint64_t target_ns;
	uint64_t iters;
};

/* One option with its value; 0, or -1 when it is none of ours. */
static int parse_option(struct options *o, const char *name, const char *value)
{
	if (strcmp(name, "--ms") == 0) {
		o->target_ns = strtoul(value, NULL, 10) * 1000000;
		return o->target_ns ? 0 : -1;
	}
	if (strcmp(name, "--iters") == 0) {
		o->iters = strtoul(value, NULL, 10);
		return o->iters ? 0 : -1;
	}
	if (strcmp(name, "--row") == 0 && o->chosen_count < ROW_COUNT) {
		o->chosen[o->chosen_count] = find_row(value);
		return o->chosen[o->chosen_count++] ? 0 : -1;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options o = { .target_ns = 100 * 1000000UL };
	int failed = 0;
	size_t i;
	int a;

	find_own_path(argv[0]);
	if (argc == 2 && strcmp(argv[1], "--exit") == 0)
		return 0;
	if (argc == 2 && strcmp(argv[1], "--list") == 0)
		return list_rows();
	for (a = 1; a < argc; a += 2)
		if (a + 1 == argc || parse_option(&o, argv[a], argv[a + 1]) < 0)
			return usage();
	for (i = 0; i < o.chosen_count; i++)
		failed |= run_row(o.chosen[i], o.target_ns, o.iters);
	for (i = 0; i < ROW_COUNT && o.chosen_count == 0; i++)
		failed |= run_row(&rows[i], o.target_ns, o.iters);
	return failed;
}
