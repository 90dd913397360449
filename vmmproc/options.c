/*
 * The command line of lodger: one table of options, one small function for
 * each value. What it does not do: choose mechanisms (modes.c) or open
 * anything (root.c, streams.c, main.c).
 *
 * Grammar: lodger COMMAND [OPTION]... [--] [PROGRAM [ARG]...]. `--opt value`
 * and `--opt=value` are the same, but for an option whose value may be left
 * out only `--opt=value` gives one. The first word that is no option, or
 * `--`, ends the options.
 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "machine.h"
#include "options_value.h"

#define MEM_DEFAULT (256ULL << 20)
#define MEM_MIN (16ULL << 20) /* kernel tables, embedded root, one program */
#define PIDS_MAX 32768

enum arg_kind { ARG_NONE, ARG_NEEDED, ARG_OPTIONAL };

#define ON(command) (1u << (command))
#define ON_GUEST (ON(CMD_RUN) | ON(CMD_BOOT))
#define ON_ALL (ON_GUEST | ON(CMD_MODES) | ON(CMD_DOCTOR))

struct option_spec {
	const char *name;
	char letter;
	enum arg_kind arg;
	unsigned commands;
	/* value is NULL where none was given. 0, or -1 after a sentence. */
	int (*take)(struct options *opt, const char *value);
};

static const char *const command_names[] = { "run",  "boot", "modes",
					     "doctor", "help", NULL };

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
				 "a directory or a cpio archive");
	opt->root = value;
	return 0;
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

static int take_vspace(struct options *opt, const char *value)
{
	if (strcmp(value, "low") && strcmp(value, "high"))
		return bad_value("vspace", value, "low or high");
	opt->vspace_high = !strcmp(value, "high");
	return 0;
}

/* Sets K=V in opt->env, in place of an earlier K. Returns 0 or -1. */
static int env_set(struct options *opt, const char *entry)
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

/* The K=V of the host's own environment for a bare K, NULL if unset. */
static const char *env_of_host(const char *key)
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
		value = env_of_host(value);
	return value ? env_set(opt, value) : 0;
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

static const struct option_spec specs[] = {
	{ "root", 0, ARG_NEEDED, ON_GUEST, take_root },
	{ "kernel", 0, ARG_NEEDED, ON_GUEST, take_kernel },
	{ "mem", 'm', ARG_NEEDED, ON_GUEST, take_mem },
	{ "mode", 0, ARG_NEEDED, ON_GUEST, take_mode },
	{ "intercept", 0, ARG_NEEDED, ON_GUEST, take_intercept },
	{ "protect", 0, ARG_NEEDED, ON_GUEST, take_protect },
	{ "space", 0, ARG_NEEDED, ON_GUEST, take_space },
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

#define SPEC_COUNT (sizeof(specs) / sizeof(specs[0]))

/* Complains of an option that no table row has; suggests a near one. */
static void complain_unknown(enum command command, const char *word, int len)
{
	const char *names[SPEC_COUNT + 1];
	const char *nearest = NULL;
	char name[64];
	size_t count = 0;

	for (size_t i = 0; i < SPEC_COUNT; i++)
		if (specs[i].commands & ON(command))
			names[count++] = specs[i].name;
	names[count] = NULL;
	if (len > 2 && len < (int)sizeof(name) && word[1] == '-') {
		snprintf(name, sizeof(name), "%.*s", len - 2, word + 2);
		nearest = options_nearest(name, names);
	}
	if (nearest)
		machine_complain("unknown option %.*s: did you mean --%s?", len,
				 word, nearest);
	else
		machine_complain("unknown option %.*s: see lodger %s --help",
				 len, word, command_names[command]);
}

/* The row for `--name` (len bytes) or for `-letter`; NULL after a sentence. */
static const struct option_spec *find_spec(enum command command,
					   const char *word, int len)
{
	for (size_t i = 0; i < SPEC_COUNT; i++) {
		const struct option_spec *spec = &specs[i];
		bool is_long = word[1] == '-' &&
			       strlen(spec->name) == (size_t)len - 2 &&
			       !memcmp(spec->name, word + 2, (size_t)len - 2);
		bool is_short = len == 2 && spec->letter &&
				word[1] == spec->letter;

		if (!is_long && !is_short)
			continue;
		if (spec->commands & ON(command))
			return spec;
		machine_complain("option --%s does not belong to lodger %s: see lodger %s --help",
				 spec->name, command_names[command],
				 command_names[command]);
		return NULL;
	}
	complain_unknown(command, word, len);
	return NULL;
}

/*
 * Takes the option at argv[*at], and its value where that is the next word;
 * moves *at past both. Returns 0, or -1 after a sentence.
 */
static int take_option(struct options *opt, enum command command, char **argv,
		       int *at)
{
	char *word = argv[(*at)++];
	bool is_long = word[1] == '-';
	int len = is_long ? (int)strcspn(word, "=") : 2;
	const char *value = NULL;
	const struct option_spec *spec = find_spec(command, word, len);

	if (!spec)
		return -1;
	if (word[len])
		value = word + len + (is_long ? 1 : 0);
	if (spec->arg == ARG_NONE && value) {
		machine_complain("option --%s takes no value: leave out '%s'",
				 spec->name, value);
		return -1;
	}
	if (spec->arg == ARG_NEEDED && !value) {
		value = argv[*at];
		if (!value) {
			machine_complain("option --%s needs a value: see lodger %s --help",
					 spec->name, command_names[command]);
			return -1;
		}
		(*at)++;
	}
	return spec->take(opt, value);
}

/* The guest's environment before any --env. */
static int env_defaults(struct options *opt)
{
	const char *term = env_of_host("TERM");

	if (env_set(opt, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") ||
	    env_set(opt, "HOME=/"))
		return -1;
	return env_set(opt, term ? term : "TERM=linux");
}

/* HOME follows --user unless --env says otherwise; "HOME=/" was a place
 * holder, and "/" is also what an unknown user gets from login(1). */
static int env_finish(struct options *opt, const char *placeholder)
{
	for (int i = 0; i < opt->env_count; i++)
		if (opt->env[i] == placeholder && opt->uid == 0)
			opt->env[i] = "HOME=/root";
	return 0;
}

/* PROGRAM ARG... as the guest gets it: words, or what the command implies. */
static int set_program(struct options *opt, char **words, int count)
{
	bool boot = opt->command == CMD_BOOT;
	char **program;

	if (count > 0 && !boot) {
		opt->argv = words;
		opt->argc = count;
		return 0;
	}
	program = calloc((size_t)count + 2, sizeof(*program));
	if (!program) {
		machine_complain("no memory for the command line");
		return -1;
	}
	program[0] = boot ? "/sbin/init" : "/bin/sh";
	memcpy(program + 1, words, sizeof(*words) * (size_t)count);
	opt->argv_storage = program;
	opt->argv = program;
	opt->argc = count + 1;
	return 0;
}

/* The options of one command, argv[at] onward. */
static int parse_command(struct options *opt, int argc, char **argv, int at)
{
	const enum command command = opt->command;
	const char *home;

	if (env_defaults(opt))
		return -1;
	home = opt->env[1];
	while (at < argc && argv[at][0] == '-' && argv[at][1]) {
		if (!strcmp(argv[at], "--")) {
			at++;
			break;
		}
		if (take_option(opt, command, argv, &at))
			return -1;
		if (opt->command == CMD_HELP)
			return 0;
	}
	if (env_finish(opt, home))
		return -1;
	if (command == CMD_RUN || command == CMD_BOOT)
		return set_program(opt, argv + at, argc - at);
	if (at < argc) {
		machine_complain("lodger %s takes no argument: leave out '%s'",
				 command_names[command], argv[at]);
		return -1;
	}
	return 0;
}

/* The command that word names, or -1 after a sentence. */
static int find_command(const char *word)
{
	const char *nearest;

	for (int i = 0; command_names[i]; i++)
		if (!strcmp(word, command_names[i]))
			return i;
	nearest = options_nearest(word, command_names);
	if (nearest)
		machine_complain("unknown command '%s': did you mean lodger %s, or lodger run -- %s?",
				 word, nearest, word);
	else
		machine_complain("unknown command '%s': see lodger --help, or try lodger run -- %s",
				 word, word);
	return -1;
}

/* lodger help [COMMAND] */
static int parse_help(struct options *opt, const char *topic)
{
	int command = topic ? find_command(topic) : CMD_HELP;

	if (command < 0)
		return -1;
	opt->command = CMD_HELP;
	opt->help_topic = (enum command)command;
	return 0;
}

int options_parse(struct options *opt, int argc, char **argv)
{
	int command;

	*opt = (struct options){ .mem_bytes = MEM_DEFAULT,
				 .mode = "umlinux",
				 .cwd = "/",
				 .hostname = "lodger",
				 .cpu = -1 };
	if (argc < 2) {
		machine_complain("no command given: try lodger run, or lodger --help");
		return -1;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return parse_help(opt, NULL);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		opt->command = CMD_VERSION;
		return 0;
	}
	if (argv[1][0] == '-') {
		machine_complain("option %s before the command: write lodger run %s",
				 argv[1], argv[1]);
		return -1;
	}
	command = find_command(argv[1]);
	if (command < 0)
		return -1;
	if (command == CMD_HELP)
		return parse_help(opt, argv[2]);
	opt->command = (enum command)command;
	return parse_command(opt, argc, argv, 2);
}

void options_free(struct options *opt)
{
	for (int i = 0; i < opt->tmpfs_count; i++)
		free((char *)opt->tmpfs[i].guest_path);
	free(opt->argv_storage);
	free(opt->env);
	*opt = (struct options){ .command = CMD_HELP };
}
