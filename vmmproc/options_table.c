/*
 * The table of options, one small function for each value. A function takes
 * the value's text, NULL where none was given, into struct options; it returns
 * 0, or -1 after one sentence.
 */
#include "options_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "machine.h"
#include "options_value.h"

#define MEM_MIN (16ULL << 20) /* kernel tables, embedded root, one program */
#define PIDS_MAX 32768

#define ON(command) OPTIONS_ON(command)
#define ON_GUEST (ON(CMD_RUN) | ON(CMD_BOOT))
#define ON_ALL (ON_GUEST | ON(CMD_MODES) | ON(CMD_DOCTOR) | ON(CMD_IMAGE))

/* One sentence about a bad value; always -1. */
static int bad_value(const char *option, const char *value, const char *want)
{
	machine_complain("bad value '%s' for --%s: give %s", value, option,
			 want);
	return -1;
}

static int take_help(struct options *opt, const char *value)
{
	(void)value;
	opt->help_topic = opt->command;
	opt->command = CMD_HELP;
	return 0;
}

static int take_root(struct options *opt, const char *value)
{
	if (!*value)
		return bad_value("root", value,
				 "a directory or an archive (tar, cpio)");
	opt->root = value;
	return 0;
}

static int take_overlay_in(struct options *opt, const char *value)
{
	opt->overlay_in = value;
	return 0;
}

static int take_overlay_out(struct options *opt, const char *value)
{
	opt->overlay_out = value;
	return 0;
}

static int take_root_rw(struct options *opt, const char *value)
{
	(void)value;
	opt->root_rw = true;
	return 0;
}

static int take_disk(struct options *opt, const char *value)
{
	int err;

	if (opt->disk_count == LODGER_MAX_DISKS) {
		machine_complain("more than %d --disk options: leave some out",
				 LODGER_MAX_DISKS);
		return -1;
	}
	err = options_disk(&opt->disk[opt->disk_count], value);
	if (err == -ENOMEM)
		machine_complain("no memory for the command line");
	else if (err)
		bad_value("disk", value, "FILE, and after commas ro, snapshot, snapshot=FILE, log=FILE, nosync or plain");
	else
		opt->disk_count++;
	return err ? -1 : 0;
}

#define BINDS_MAX 16

static int take_bind(struct options *opt, const char *value)
{
	int err;

	if (opt->bind_count == BINDS_MAX) {
		machine_complain("more than %d --bind options: leave some out",
				 BINDS_MAX);
		return -1;
	}
	err = options_bind(&opt->bind[opt->bind_count], value);
	if (err == -ENOMEM)
		machine_complain("no memory for the command line");
	else if (err)
		bad_value("bind", value, "HOST:GUEST, HOST:GUEST:ro or HOST:GUEST:rw, with an absolute GUEST path");
	else
		opt->bind_count++;
	return err ? -1 : 0;
}

static int take_kernel(struct options *opt, const char *value)
{
	if (!*value)
		return bad_value("kernel", value, "a guest-kernel image");
	opt->kernel = value;
	return 0;
}

/* Refuses what the host can never give: all its RAM and its free swap. */
static int check_host_memory(uint64_t bytes)
{
	struct sysinfo host;
	uint64_t ram, swap;

	if (sysinfo(&host))
		return 0;
	ram = (uint64_t)host.totalram * host.mem_unit;
	swap = (uint64_t)host.freeswap * host.mem_unit;
	if (bytes <= ram + swap)
		return 0;
	machine_complain("--mem %lluM is more than this host has (%llu MiB of memory and %llu MiB of free swap): give a smaller size",
			 (unsigned long long)(bytes >> 20),
			 (unsigned long long)(ram >> 20),
			 (unsigned long long)(swap >> 20));
	return -1;
}

static int take_mem(struct options *opt, const char *value)
{
	uint64_t bytes;
	int err = options_size(value, &bytes);

	if (err == -ERANGE)
		bytes = UINT64_MAX >> 1;
	else if (err)
		return bad_value("mem", value, "a size such as 256M or 1G");
	if (bytes < MEM_MIN) {
		machine_complain("--mem %s is too small for a guest: give at least %lluM",
				 value, MEM_MIN >> 20);
		return -1;
	}
	if (check_host_memory(bytes))
		return -1;
	opt->mem_bytes = (bytes + 4095) & ~4095ULL;
	return 0;
}

static int take_mode(struct options *opt, const char *value)
{
	opt->mode = value;
	return 0;
}

static int take_intercept(struct options *opt, const char *value)
{
	opt->intercept = value;
	return 0;
}

static int take_protect(struct options *opt, const char *value)
{
	opt->protect = value;
	return 0;
}

static int take_space(struct options *opt, const char *value)
{
	opt->space = value;
	return 0;
}

static int take_unsafe(struct options *opt, const char *value)
{
	(void)value;
	opt->unsafe = true;
	return 0;
}

static int take_memory(struct options *opt, const char *value)
{
	if (strcmp(value, "memfd") && strcmp(value, "huge"))
		return bad_value("memory", value, "memfd or huge");
	opt->memory = strcmp(value, "huge") ? MEMORY_MEMFD : MEMORY_HUGE;
	return 0;
}

static int take_vspace(struct options *opt, const char *value)
{
	if (strcmp(value, "low") && strcmp(value, "high"))
		return bad_value("vspace", value, "low or high");
	opt->vspace_high = !strcmp(value, "high");
	return 0;
}

int options_env_set(struct options *opt, const char *entry)
{
	size_t key_len = (size_t)(strchr(entry, '=') - entry) + 1;
	const char **grown;

	for (int i = 0; i < opt->env_count; i++) {
		if (strncmp(opt->env[i], entry, key_len))
			continue;
		opt->env[i] = entry;
		return 0;
	}
	grown = realloc(opt->env,
			sizeof(*grown) * ((size_t)opt->env_count + 1));
	if (!grown) {
		machine_complain("no memory for the command line");
		return -1;
	}
	opt->env = grown;
	opt->env[opt->env_count++] = entry;
	return 0;
}

const char *options_env_of_host(const char *key)
{
	extern char **environ;
	size_t len = strlen(key);

	for (char **entry = environ; *entry; entry++)
		if (!strncmp(*entry, key, len) && (*entry)[len] == '=')
			return *entry;
	return NULL;
}

static int take_env(struct options *opt, const char *value)
{
	if (!*value || *value == '=')
		return bad_value("env", value,
				 "NAME=VALUE, or NAME to pass on the host's");
	if (!strchr(value, '='))
		value = options_env_of_host(value);
	return value ? options_env_set(opt, value) : 0;
}

static int take_cwd(struct options *opt, const char *value)
{
	if (*value != '/')
		return bad_value("cwd", value, "an absolute guest path");
	opt->cwd = value;
	return 0;
}

static int take_hostname(struct options *opt, const char *value)
{
	if (!options_hostname_ok(value))
		return bad_value("hostname", value,
				 "at most 64 letters, digits, '-' and '.'");
	opt->hostname = value;
	return 0;
}

static int take_user(struct options *opt, const char *value)
{
	static const char want[] = "numbers, UID or UID:GID";
	const uint64_t max = UINT32_MAX - 1; /* -1 means "no change" */
	char uid_text[16];
	uint64_t uid, gid;
	size_t len = strcspn(value, ":");

	if (len >= sizeof(uid_text))
		return bad_value("user", value, want);
	memcpy(uid_text, value, len);
	uid_text[len] = '\0';
	if (options_number(uid_text, 0, max, &uid))
		return bad_value("user", value, want);
	gid = uid;
	if (value[len] && options_number(value + len + 1, 0, max, &gid))
		return bad_value("user", value, want);
	opt->uid = (uint32_t)uid;
	opt->gid = (uint32_t)gid;
	return 0;
}

/* The number of the --tmpfs entry for this path; one past the last if new. */
static int tmpfs_find(const struct options *opt, const char *path)
{
	int i;

	for (i = 0; i < opt->tmpfs_count; i++)
		if (!strcmp(opt->tmpfs[i].guest_path, path))
			break;
	return i;
}

static int take_tmpfs(struct options *opt, const char *value)
{
	size_t len = strcspn(value, ":");
	const char *size_text = value[len] ? value + len + 1 : NULL;
	uint64_t size_bytes = 0;
	char *path;
	int i;

	if (*value != '/')
		return bad_value("tmpfs", value, "GUESTPATH or GUESTPATH:SIZE");
	if (size_text && !strncmp(size_text, "size=", 5))
		size_text += 5; /* as docker and mount(8) write it */
	if (size_text && (options_size(size_text, &size_bytes) || !size_bytes))
		return bad_value("tmpfs", value,
				 "a size such as 64M after the colon");
	path = strndup(value, len);
	if (!path) {
		machine_complain("no memory for the command line");
		return -1;
	}
	i = tmpfs_find(opt, path);
	if (i == LODGER_MAX_TMPFS) {
		machine_complain("more than %d --tmpfs options: leave some out",
				 LODGER_MAX_TMPFS);
		free(path);
		return -1;
	}
	if (i == opt->tmpfs_count)
		opt->tmpfs_count++;
	else
		free((char *)opt->tmpfs[i].guest_path);
	opt->tmpfs[i] = (struct tmpfs_option){ path, size_bytes };
	return 0;
}

static int take_timeout(struct options *opt, const char *value)
{
	if (options_duration(value, &opt->timeout_ns) || !opt->timeout_ns)
		return bad_value("timeout", value,
				 "a time such as 10s, 500ms or 2m");
	return 0;
}

static int take_pids(struct options *opt, const char *value)
{
	uint64_t pids;

	if (options_number(value, 1, PIDS_MAX, &pids))
		return bad_value("pids", value, "a number from 1 to 32768");
	opt->pids_max = (uint32_t)pids;
	return 0;
}

/* "", text, json, FILE, text:FILE, json:FILE */
static int take_stats(struct options *opt, const char *value)
{
	opt->stats = STATS_TEXT;
	opt->stats_path = NULL;
	if (!value || !strcmp(value, "text"))
		return 0;
	if (!strcmp(value, "json")) {
		opt->stats = STATS_JSON;
		return 0;
	}
	if (!strncmp(value, "json:", 5)) {
		opt->stats = STATS_JSON;
		value += 5;
	} else if (!strncmp(value, "text:", 5)) {
		value += 5;
	}
	if (!*value)
		return bad_value("stats", value, "json, FILE or json:FILE");
	opt->stats_path = value;
	return 0;
}

static int take_trace(struct options *opt, const char *value)
{
	if (!value || !strcmp(value, "syscalls"))
		opt->trace = TRACE_SYSCALLS;
	else if (!strcmp(value, "steps"))
		opt->trace = TRACE_STEPS;
	else
		return bad_value("trace", value, "syscalls or steps");
	return 0;
}

static int take_trace_file(struct options *opt, const char *value)
{
	if (!*value)
		return bad_value("trace-file", value, "a file name");
	opt->trace_path = value;
	return 0;
}

static int take_cpu(struct options *opt, const char *value)
{
	uint64_t cpu;

	if (!strcmp(value, "auto")) {
		opt->cpu = -1;
	} else if (!strcmp(value, "any")) {
		opt->cpu = -2;
	} else {
		if (options_number(value, 0, 8191, &cpu))
			return bad_value("cpu", value,
					 "a CPU number, auto or any");
		opt->cpu = (int)cpu;
	}
	return 0;
}

static int take_policy(struct options *opt, const char *value)
{
	(void)value;
	opt->show_policy = true;
	return 0;
}

const struct option_spec options_specs[] = {
	{ "root", 0, ARG_NEEDED, ON_GUEST, take_root },
	{ "root-rw", 0, ARG_NONE, ON_GUEST, take_root_rw },
	{ "overlay-in", 0, ARG_NEEDED, ON_GUEST, take_overlay_in },
	{ "overlay-out", 0, ARG_NEEDED, ON_GUEST, take_overlay_out },
	{ "disk", 0, ARG_NEEDED, ON_GUEST, take_disk },
	{ "bind", 'v', ARG_NEEDED, ON_GUEST, take_bind },
	{ "kernel", 0, ARG_NEEDED, ON_GUEST, take_kernel },
	{ "mem", 'm', ARG_NEEDED, ON_GUEST, take_mem },
	{ "mode", 0, ARG_NEEDED, ON_GUEST, take_mode },
	{ "intercept", 0, ARG_NEEDED, ON_GUEST, take_intercept },
	{ "protect", 0, ARG_NEEDED, ON_GUEST, take_protect },
	{ "space", 0, ARG_NEEDED, ON_GUEST, take_space },
	{ "memory", 0, ARG_NEEDED, ON_GUEST, take_memory },
	{ "unsafe", 0, ARG_NONE, ON_GUEST, take_unsafe },
	{ "vspace", 0, ARG_NEEDED, ON_GUEST, take_vspace },
	{ "env", 'e', ARG_NEEDED, ON_GUEST, take_env },
	{ "cwd", 'w', ARG_NEEDED, ON_GUEST, take_cwd },
	{ "hostname", 0, ARG_NEEDED, ON_GUEST, take_hostname },
	{ "user", 'u', ARG_NEEDED, ON_GUEST, take_user },
	{ "tmpfs", 0, ARG_NEEDED, ON_GUEST, take_tmpfs },
	{ "timeout", 0, ARG_NEEDED, ON_GUEST, take_timeout },
	{ "pids", 0, ARG_NEEDED, ON_GUEST, take_pids },
	{ "stats", 0, ARG_OPTIONAL, ON_GUEST, take_stats },
	{ "trace", 0, ARG_OPTIONAL, ON_GUEST, take_trace },
	{ "trace-file", 0, ARG_NEEDED, ON_GUEST, take_trace_file },
	{ "cpu", 0, ARG_NEEDED, ON_GUEST, take_cpu },
	{ "policy", 0, ARG_NONE, ON(CMD_MODES), take_policy },
	{ "help", 'h', ARG_NONE, ON_ALL, take_help },
};

const size_t options_spec_count =
	sizeof(options_specs) / sizeof(options_specs[0]);
_Static_assert(sizeof(options_specs) / sizeof(options_specs[0]) <=
		       OPTIONS_SPEC_MAX,
	       "OPTIONS_SPEC_MAX");
