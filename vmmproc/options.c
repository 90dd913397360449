/*
 * The command line of lodger: its grammar. The options are a table
 * (options_table.c). What is not done here: choosing mechanisms (modes.c) and
 * opening anything (root.c, streams.c, run.c).
 *
 * Grammar: lodger COMMAND [OPTION]... [--] [PROGRAM [ARG]...]. `--opt value`
 * and `--opt=value` are the same, but for an option whose value may be left
 * out only `--opt=value` gives one. The first word that is no option, or
 * `--`, ends the options.
 */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "options_table.h"
#include "options_value.h"

#define MEM_DEFAULT (256ULL << 20)

static const char *const command_names[] = {
	[CMD_RUN] = "run",	 [CMD_BOOT] = "boot", [CMD_MODES] = "modes",
	[CMD_DOCTOR] = "doctor", [CMD_IMAGE] = "image", [CMD_HELP] = "help", NULL,
};

/* Complains of an option that no table row has; suggests a near one. */
static void complain_unknown(enum command command, const char *word, int len)
{
	const char *names[OPTIONS_SPEC_MAX + 1];
	const char *nearest = NULL;
	char name[64];
	size_t count = 0;

	for (size_t i = 0; i < options_spec_count; i++)
		if (options_specs[i].commands & OPTIONS_ON(command))
			names[count++] = options_specs[i].name;
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
	for (size_t i = 0; i < options_spec_count; i++) {
		const struct option_spec *spec = &options_specs[i];
		bool is_long = word[1] == '-' &&
			       strlen(spec->name) == (size_t)len - 2 &&
			       !memcmp(spec->name, word + 2, (size_t)len - 2);
		bool is_short = len == 2 && spec->letter &&
				word[1] == spec->letter;

		if (!is_long && !is_short)
			continue;
		if (spec->commands & OPTIONS_ON(command))
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
	const char *term = options_env_of_host("TERM");

	if (options_env_set(opt, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") ||
	    options_env_set(opt, "HOME=/"))
		return -1;
	return options_env_set(opt, term ? term : "TERM=linux");
}

/* HOME follows --user unless --env says otherwise; "HOME=/" was a place
 * holder, and "/" is also what an unknown user gets from login(1). */
static void env_finish(struct options *opt, const char *placeholder)
{
	for (int i = 0; i < opt->env_count; i++)
		if (opt->env[i] == placeholder && opt->uid == 0)
			opt->env[i] = "HOME=/root";
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
	env_finish(opt, home);
	if (command == CMD_RUN || command == CMD_BOOT)
		return set_program(opt, argv + at, argc - at);
	if (command == CMD_IMAGE) {
		opt->argv = argv + at;
		opt->argc = argc - at;
		return 0;
	}
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
	for (int i = 0; i < opt->disk_count; i++)
		free(opt->disk[i].path);
	for (int i = 0; i < opt->bind_count; i++)
		free(opt->bind[i].host_path);
	free(opt->argv_storage);
	free(opt->env);
	*opt = (struct options){ .command = CMD_HELP };
}
