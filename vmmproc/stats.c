/*
 * What a run cost. Every number has one row in fields(), from which both
 * forms are printed: the text for people, JSON ("version": 1) for programs.
 * A key of the JSON form keeps its name and meaning while the version stands;
 * new keys may come. Guest and host number their calls alike, so one source of
 * names serves both.
 */
#include "stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "policy.h"

#define STATS_VERSION 1

struct field {
	const char *key;   /* in JSON */
	const char *label; /* in text; NULL: JSON only */
	uint64_t value;
};

#define FIELDS_MAX 40

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000;
}

/* --- The one table --------------------------------------------------------------- */

static size_t vmm_fields(const struct machine *m, struct field *out)
{
	const struct vmm_counters *c = &m->count;
	const struct field field[] = {
		{ "wall_ns", NULL, m->end_ns - m->start_ns },
		{ "tracer_stops", "tracer stops", c->tracer_stops },
		{ "stops_syscall", "  at system calls", c->stops_syscall },
		{ "stops_signal", "  for signals", c->stops_signal },
		{ "reflected_calls", "guest calls reflected",
		  c->reflected_calls },
		{ "signals_injected", "signals handed to the guest",
		  c->signals_injected },
		{ "host_calls_checked", "host calls put to the policy",
		  c->host_calls_checked },
		{ "host_calls_refused", "  of which refused", c->refused },
		{ "ram_huge", "guest RAM on huge pages (1: yes)", m->ram_huge },
		{ "core_huge_bytes", "guest kernel's core in huge pages at start, bytes",
		  m->core_huge_bytes },
	};

	memcpy(out, field, sizeof(field));
	return sizeof(field) / sizeof(field[0]);
}

/* Of the guest machine's processes, where they could be told apart. */
static size_t switch_fields(const struct switches *sw, struct field *out)
{
	const struct field field[] = {
		{ "switches_before_program", "voluntary switches before the first program began",
		  sw->start },
		{ "switches_since_program", "voluntary switches from then to the end",
		  sw->since },
	};

	if (!sw->began || !sw->ended)
		return 0;
	memcpy(out, field, sizeof(field));
	return sizeof(field) / sizeof(field[0]);
}

static size_t kernel_fields(const struct lodger_counters *c, struct field *out)
{
	const struct field field[] = {
		{ "syscalls_served", "guest calls served", c->traps_syscall },
		{ "faults", "page faults", c->traps_fault },
		{ "exceptions", "other exceptions", c->traps_exception },
		{ "timer_interrupts", "timer interrupts", c->traps_timer },
		{ "io_interrupts", "I/O interrupts", c->traps_io },
		{ "host_calls", "host calls of the guest kernel",
		  c->host_calls },
		{ "maps", "  user ranges mapped", c->maps },
		{ "unmaps", "  user ranges unmapped", c->unmaps },
		{ "protects", "  user ranges protected", c->protects },
		{ "prot_opens", "kernel core opened", c->prot_opens },
		{ "prot_closes", "kernel core closed", c->prot_closes },
		{ "core_gathered_bytes", "core gathered in huge pages later, bytes",
		  c->core_gathered },
		{ "as_switches", "address-space switches", c->as_switches },
		{ "task_switches", "task switches", c->task_switches },
		{ "plain_calls", "guest calls that came without a signal",
		  c->calls_plain },
		{ "patched_sites", "call sites patched", c->sites_patched },
		{ "forks", "forks", c->forks },
		{ "execs", "execs", c->execs },
		{ "pages_zeroed", "pages zeroed", c->pages_zeroed },
		{ "pages_copied", "pages copied", c->pages_copied },
		{ "kernel_memory_bytes", "guest kernel's own memory, bytes",
		  c->kernel_bytes },
		{ "ram_total_bytes", "guest RAM, bytes", c->ram_total_bytes },
		{ "ram_free_bytes", "  of which free at the end",
		  c->ram_free_bytes },
	};

	memcpy(out, field, sizeof(field));
	return sizeof(field) / sizeof(field[0]);
}

/* Fields of one host process, keys without their prefix. */
#define USAGE_FIELDS 5
static void usage_fields(const struct rusage *usage, struct field *out)
{
	const struct field field[USAGE_FIELDS] = {
		{ "user_ns", NULL, timeval_ns(usage->ru_utime) },
		{ "system_ns", NULL, timeval_ns(usage->ru_stime) },
		{ "voluntary_switches", NULL, (uint64_t)usage->ru_nvcsw },
		{ "involuntary_switches", NULL, (uint64_t)usage->ru_nivcsw },
		{ "max_resident_bytes", NULL,
		  (uint64_t)usage->ru_maxrss * 1024 },
	};

	memcpy(out, field, sizeof(field));
}

static size_t all_fields(const struct machine *m,
			 const struct lodger_counters *counters,
			 struct field *out)
{
	size_t count = switch_fields(&m->switches, out);

	count += vmm_fields(m, out + count);
	count += kernel_fields(counters, out + count);
	return count;
}

/* --- JSON ------------------------------------------------------------------------ */

static void json_usage(FILE *out, const char *process,
		       const struct rusage *usage)
{
	struct field field[USAGE_FIELDS];

	usage_fields(usage, field);
	fprintf(out, "  \"%s\": {", process);
	for (size_t i = 0; i < USAGE_FIELDS; i++)
		fprintf(out, "%s\"%s\": %" PRIu64, i ? ", " : "",
			field[i].key, field[i].value);
	fprintf(out, "},\n");
}

/* A name of either table, or the number where there is none. */
static void json_call_head(FILE *out, bool first, size_t nr, const char *name)
{
	fprintf(out, "%s\n    {\"number\": %zu, \"name\": \"", first ? "" : ",",
		nr);
	if (name)
		fprintf(out, "%s\"", name);
	else
		fprintf(out, "%zu\"", nr);
}

static void json_host_calls(FILE *out, const struct vmm_counters *count)
{
	bool first = true;

	fprintf(out, "  \"host_calls_by_number\": [");
	for (size_t nr = 0; nr < LODGER_NSYSCALL; nr++) {
		if (!count->host_call[nr])
			continue;
		json_call_head(out, first, nr, policy_call_name(nr));
		fprintf(out, ", \"calls\": %" PRIu64 "}",
			count->host_call[nr]);
		first = false;
	}
	fprintf(out, "\n  ],\n");
}

static void json_guest_calls(FILE *out, const struct lodger_counters *counters)
{
	bool first = true;

	fprintf(out, "  \"syscalls\": [");
	for (size_t nr = 0; nr < LODGER_NSYSCALL; nr++) {
		const struct lodger_call_counter *call = &counters->call[nr];

		if (!call->calls)
			continue;
		json_call_head(out, first, nr, policy_call_name(nr));
		fprintf(out,
			", \"calls\": %" PRIu64 ", \"errors\": %" PRIu64
			", \"host_calls\": %" PRIu64 ", \"ns\": %" PRIu64 "}",
			call->calls, call->errors, call->host_calls, call->ns);
		first = false;
	}
	fprintf(out, "\n  ],\n");
}

static const char *miss_call(const struct lodger_miss *miss)
{
	const char *name = miss->nr < LODGER_NSYSCALL ? policy_call_name(miss->nr) : NULL;

	return name ? name : "?";
}

/* The program's name, of which nothing is sure, for a terminal or in quotes. */
static const char *miss_program(const struct lodger_miss *miss,
				char name[sizeof(miss->program) + 1])
{
	size_t len = strnlen(miss->program, sizeof(miss->program));

	for (size_t i = 0; i < len; i++) {
		char c = miss->program[i];

		name[i] = c < ' ' || c > '~' || c == '"' || c == '\\' ? '?' : c;
	}
	name[len] = '\0';
	return name;
}

static void json_misses(FILE *out, const struct lodger_counters *counters)
{
	fprintf(out, "  \"misses_lost\": %" PRIu64 ",\n  \"misses\": [",
		counters->misses_lost);
	for (size_t i = 0; i < LODGER_NMISS && counters->miss[i].count; i++) {
		const struct lodger_miss *miss = &counters->miss[i];
		char program[sizeof(miss->program) + 1];

		fprintf(out,
			"%s\n    {\"program\": \"%s\", \"number\": %" PRId64 ", \"name\": \"%s\", \"errno\": %" PRIu32
			", \"arguments\": [%" PRIu64 ", %" PRIu64 "], \"count\": %" PRIu64 "}",
			i ? "," : "", miss_program(miss, program), (int64_t)miss->nr,
			miss_call(miss), miss->error, miss->arg[0],
			miss->arg[1], miss->count);
	}
	fprintf(out, "\n  ]\n");
}

static void json_name(FILE *out, const char *key, const char *name)
{
	fprintf(out, "  \"%s\": \"%s\",\n", key, name ? name : "");
}

static void write_json(FILE *out, const struct machine *m,
		       const struct lodger_counters *counters,
		       const struct rusage *own)
{
	struct field field[FIELDS_MAX];
	size_t count = all_fields(m, counters, field);

	fprintf(out, "{\n  \"version\": %d,\n", STATS_VERSION);
	json_name(out, "mode", m->opt->mode);
	json_name(out, "intercept", m->opt->intercept);
	json_name(out, "protect", m->opt->protect);
	json_name(out, "space", m->opt->space);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "  \"%s\": %" PRIu64 ",\n", field[i].key,
			field[i].value);
	json_usage(out, "vmm_process", own);
	json_usage(out, "guest_process", &m->guest_rusage);
	json_host_calls(out, &m->count);
	json_guest_calls(out, counters);
	json_misses(out, counters);
	fprintf(out, "}\n");
}

/* --- Text ------------------------------------------------------------------------ */

static double seconds(uint64_t ns)
{
	return (double)ns / 1e9;
}

static void text_usage(FILE *out, const char *process,
		       const struct rusage *usage)
{
	fprintf(out,
		"%-14s %9.3f %9.3f %12ld %12ld %12ld\n", process,
		seconds(timeval_ns(usage->ru_utime)),
		seconds(timeval_ns(usage->ru_stime)), usage->ru_nvcsw,
		usage->ru_nivcsw, usage->ru_maxrss);
}

static void text_host_calls(FILE *out, const struct vmm_counters *count)
{
	fprintf(out, "\n%14s  host call\n", "calls");
	for (size_t nr = 0; nr < LODGER_NSYSCALL; nr++) {
		const char *name = policy_call_name(nr);

		if (count->host_call[nr])
			fprintf(out, "%14" PRIu64 "  %s\n",
				count->host_call[nr], name ? name : "?");
	}
}

static int by_calls(const void *a, const void *b, void *calls)
{
	const struct lodger_call_counter *call = calls;
	const struct lodger_call_counter *x = &call[*(const uint16_t *)a];
	const struct lodger_call_counter *y = &call[*(const uint16_t *)b];

	if (x->calls != y->calls)
		return x->calls < y->calls ? 1 : -1;
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void text_guest_calls(FILE *out, const struct lodger_counters *counters)
{
	uint16_t order[LODGER_NSYSCALL];
	size_t count = 0;

	for (uint16_t nr = 0; nr < LODGER_NSYSCALL; nr++)
		if (counters->call[nr].calls)
			order[count++] = nr;
	qsort_r(order, count, sizeof(order[0]), by_calls,
		(void *)counters->call);
	fprintf(out, "\n%14s %10s %12s %14s  guest call\n", "calls", "errors",
		"host calls", "kernel us");
	for (size_t i = 0; i < count; i++) {
		const struct lodger_call_counter *call =
			&counters->call[order[i]];
		const char *name = policy_call_name(order[i]);

		fprintf(out,
			"%14" PRIu64 " %10" PRIu64 " %12" PRIu64 " %14.1f  %s\n",
			call->calls, call->errors, call->host_calls,
			(double)call->ns / 1e3, name ? name : "?");
	}
}

static void text_misses(FILE *out, const struct lodger_counters *counters)
{
	if (!counters->miss[0].count)
		return;
	fprintf(out, "\n%14s  %-15s  missed: the call, its first arguments, the answer\n",
		"times", "program");
	for (size_t i = 0; i < LODGER_NMISS && counters->miss[i].count; i++) {
		const struct lodger_miss *miss = &counters->miss[i];
		char program[sizeof(miss->program) + 1];

		fprintf(out, "%14" PRIu64 "  %-15s  %s (%" PRId64 ") %#" PRIx64 " %#" PRIx64
			" %s\n",
			miss->count, miss_program(miss, program), miss_call(miss),
			(int64_t)miss->nr,
			miss->arg[0], miss->arg[1],
			miss->error < 4096 && strerrorname_np((int)miss->error) ?
				strerrorname_np((int)miss->error) : "?");
	}
	if (counters->misses_lost)
		fprintf(out, "%14" PRIu64 "  more\n", counters->misses_lost);
}

static void write_text(FILE *out, const struct machine *m,
		       const struct lodger_counters *counters,
		       const struct rusage *own)
{
	struct field field[FIELDS_MAX];
	size_t count = all_fields(m, counters, field);

	fprintf(out, "lodger: %.3f s", seconds(m->end_ns - m->start_ns));
	if (m->opt->intercept && m->opt->protect && m->opt->space)
		fprintf(out, ", %s + %s + %s", m->opt->intercept,
			m->opt->protect, m->opt->space);
	fputc('\n', out);
	fprintf(out, "%-14s %9s %9s %12s %12s %12s\n", "host process",
		"user s", "system s", "vol. switch", "invol.", "max KiB");
	text_usage(out, "monitor", own);
	text_usage(out, "guest machine", &m->guest_rusage);
	fputc('\n', out);
	for (size_t i = 0; i < count; i++)
		if (field[i].label)
			fprintf(out, "%14" PRIu64 "  %s\n", field[i].value,
				field[i].label);
	text_host_calls(out, &m->count);
	text_guest_calls(out, counters);
	text_misses(out, counters);
}

int stats_write(const struct machine *m, const struct lodger_counters *counters)
{
	const char *path = m->opt->stats_path;
	struct rusage own;
	FILE *out = stderr;
	int err = 0;

	getrusage(RUSAGE_SELF, &own);
	if (path)
		out = fopen(path, "we");
	if (!out) {
		machine_complain("cannot write the statistics to %s: %s", path,
				 strerror(errno));
		return -1;
	}
	if (m->opt->stats == STATS_JSON)
		write_json(out, m, counters, &own);
	else
		write_text(out, m, counters, &own);
	if (fflush(out) || ferror(out))
		err = errno ? errno : EIO;
	if (path && fclose(out) && !err)
		err = errno;
	if (err)
		machine_complain("cannot write the statistics to %s: %s",
				 path ? path : "standard error", strerror(err));
	return err ? -1 : 0;
}
