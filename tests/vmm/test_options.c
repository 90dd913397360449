/* The command line: what is understood, and the sentence for what is not. */
#include <check.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "icept.h"
#include "modes.h"
#include "options.h"
#include "options_value.h"

#define WORDS_MAX 24

/* The result of the latest parse, freed by the next and by the teardown. */
static struct options opt;

static void free_options(void)
{
	options_free(&opt);
}

/* Parses "lodger" and the given words, NULL at the end, into opt. */
static int parse(char *const *words)
{
	static char *argv[WORDS_MAX + 2];
	int argc = 1;

	free_options();

	argv[0] = "lodger";
	while (words[argc - 1]) {
		argv[argc] = words[argc - 1];
		argc++;
	}
	argv[argc] = NULL;
	complain_clear();
	return options_parse(&opt, argc, argv);
}

#define PARSE(...) parse((char *const[]){ __VA_ARGS__, NULL })

static const char *env_get(const char *key)
{
	size_t len = strlen(key);

	for (int i = 0; i < opt.env_count; i++)
		if (!strncmp(opt.env[i], key, len) && opt.env[i][len] == '=')
			return opt.env[i] + len + 1;
	return NULL;
}

START_TEST(sizes)
{
	static const struct {
		const char *text;
		int err;
		uint64_t bytes;
	} table[] = {
		{ "0", 0, 0 },
		{ "65536", 0, 65536 },
		{ "64k", 0, 65536 },
		{ "256M", 0, 256 << 20 },
		{ "256MiB", 0, 256 << 20 },
		{ "256mb", 0, 256 << 20 },
		{ "1G", 0, 1 << 30 },
		{ "8T", 0, 8ULL << 40 },
		{ "12b", 0, 12 },
		{ "", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
		{ "1X", -EINVAL, 0 },
		{ "1MM", -EINVAL, 0 },
		{ "1Mi", -EINVAL, 0 },
		{ "12bb", -EINVAL, 0 },
		{ "99999999999999999999", -ERANGE, 0 },
		{ "9999999999T", -ERANGE, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t bytes = 0;

		ck_assert_msg(options_size(table[i].text, &bytes) ==
				      table[i].err,
			      "size '%s'", table[i].text);
		if (!table[i].err)
			ck_assert_uint_eq(bytes, table[i].bytes);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *text;
		int err;
		uint64_t ns;
	} table[] = {
		{ "10", 0, 10000000000 },
		{ "10s", 0, 10000000000 },
		{ "500ms", 0, 500000000 },
		{ "1.5s", 0, 1500000000 },
		{ "2m", 0, 120000000000 },
		{ "0.000000001", 0, 1 },
		{ "0.00000000099", 0, 0 },
		{ "7us", 0, 7000 },
		{ "1h", 0, 3600000000000 },
		{ "", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.5.5", -EINVAL, 0 },
		{ "10x", -EINVAL, 0 },
		{ "-3s", -EINVAL, 0 },
		{ "99999999999999d", -ERANGE, 0 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t ns = 0;

		ck_assert_msg(options_duration(table[i].text, &ns) ==
				      table[i].err,
			      "duration '%s'", table[i].text);
		if (!table[i].err)
			ck_assert_uint_eq(ns, table[i].ns);
	}
}
END_TEST

START_TEST(defaults)
{
	ck_assert_int_eq(PARSE("run"), 0);
	ck_assert_int_eq(opt.command, CMD_RUN);
	ck_assert_uint_eq(opt.mem_bytes, 256 << 20);
	ck_assert_ptr_null(opt.mode);
	ck_assert_str_eq(opt.cwd, "/");
	ck_assert_ptr_null(opt.root);
	ck_assert_int_eq(opt.cpu, -1);
	ck_assert_int_eq(opt.argc, 1);
	ck_assert_str_eq(opt.argv[0], "/bin/sh");
	ck_assert_ptr_null(opt.argv[1]);
	ck_assert_ptr_nonnull(env_get("PATH"));
	ck_assert_ptr_nonnull(env_get("TERM"));
	ck_assert_str_eq(env_get("HOME"), "/root");
	ck_assert_int_eq(opt.env_count, 3);
}
END_TEST

START_TEST(both_spellings)
{
	ck_assert_int_eq(PARSE("run", "--mem=64M", "--timeout", "500ms",
			       "-e", "A=1", "-eB=2", "--env=C=3", "-w", "/tmp",
			       "--user=1000", "--hostname", "box", "--pids=50",
			       "--cpu", "any", "--vspace", "high", "--unsafe",
			       "--memory", "huge", "prog", "--mem", "x"),
			 0);
	ck_assert_uint_eq(opt.mem_bytes, 64 << 20);
	ck_assert_uint_eq(opt.timeout_ns, 500000000);
	ck_assert_str_eq(env_get("A"), "1");
	ck_assert_str_eq(env_get("B"), "2");
	ck_assert_str_eq(env_get("C"), "3");
	ck_assert_str_eq(env_get("HOME"), "/");
	ck_assert_str_eq(opt.cwd, "/tmp");
	ck_assert_uint_eq(opt.uid, 1000);
	ck_assert_uint_eq(opt.gid, 1000);
	ck_assert_str_eq(opt.hostname, "box");
	ck_assert_uint_eq(opt.pids_max, 50);
	ck_assert_int_eq(opt.cpu, -2);
	ck_assert(opt.vspace_high && opt.unsafe);
	ck_assert_int_eq(opt.memory, MEMORY_HUGE);
	ck_assert_int_eq(opt.argc, 3);
	ck_assert_str_eq(opt.argv[0], "prog");
	ck_assert_str_eq(opt.argv[1], "--mem");
}
END_TEST

START_TEST(end_of_options)
{
	ck_assert_int_eq(PARSE("run", "--mem", "64M", "--", "--help"),
			 0);
	ck_assert_int_eq(opt.command, CMD_RUN);
	ck_assert_str_eq(opt.argv[0], "--help");
	ck_assert_int_eq(PARSE("run", "--", "sh", "--", "x"), 0);
	ck_assert_int_eq(opt.argc, 3);
	ck_assert_int_eq(PARSE("run", "-", "x"), 0);
	ck_assert_str_eq(opt.argv[0], "-");
}
END_TEST

START_TEST(boot_passes_arguments_to_init)
{
	ck_assert_int_eq(PARSE("boot", "--mem=32M", "single"), 0);
	ck_assert_int_eq(opt.command, CMD_BOOT);
	ck_assert_int_eq(opt.argc, 2);
	ck_assert_str_eq(opt.argv[0], "/sbin/init");
	ck_assert_str_eq(opt.argv[1], "single");
	ck_assert_ptr_null(opt.argv[2]);
}
END_TEST

START_TEST(environment)
{
	setenv("FROM_HOST", "yes", 1);
	unsetenv("NOT_THERE");
	ck_assert_int_eq(PARSE("run", "-e", "FROM_HOST", "-e",
			       "NOT_THERE", "-e", "PATH=/x", "-e", "PATH=/y",
			       "-e", "EMPTY=", "--env", "HOME=/home"),
			 0);
	ck_assert_str_eq(env_get("FROM_HOST"), "yes");
	ck_assert_ptr_null(env_get("NOT_THERE"));
	ck_assert_str_eq(env_get("PATH"), "/y");
	ck_assert_str_eq(env_get("EMPTY"), "");
	ck_assert_str_eq(env_get("HOME"), "/home");
	ck_assert_int_eq(opt.env_count, 5);
}
END_TEST

START_TEST(optional_values)
{
	ck_assert_int_eq(PARSE("run", "--stats", "--trace", "json"), 0);
	ck_assert_int_eq(opt.stats, STATS_TEXT);
	ck_assert_ptr_null(opt.stats_path);
	ck_assert_int_eq(opt.trace, TRACE_SYSCALLS);
	ck_assert_str_eq(opt.argv[0], "json");
	ck_assert_int_eq(PARSE("run", "--stats=json", "--trace=steps"),
			 0);
	ck_assert_int_eq(opt.stats, STATS_JSON);
	ck_assert_int_eq(opt.trace, TRACE_STEPS);
	ck_assert_int_eq(PARSE("run", "--stats=json:out"), 0);
	ck_assert_int_eq(opt.stats, STATS_JSON);
	ck_assert_str_eq(opt.stats_path, "out");
	ck_assert_int_eq(PARSE("run", "--stats=out.txt"), 0);
	ck_assert_int_eq(opt.stats, STATS_TEXT);
	ck_assert_str_eq(opt.stats_path, "out.txt");
}
END_TEST

START_TEST(tmpfs)
{
	ck_assert_int_eq(PARSE("run", "--tmpfs", "/a", "--tmpfs=/b:16M",
			       "--tmpfs", "/c:size=1G", "--tmpfs", "/a:1M"),
			 0);
	ck_assert_int_eq(opt.tmpfs_count, 3);
	ck_assert_str_eq(opt.tmpfs[0].guest_path, "/a");
	ck_assert_uint_eq(opt.tmpfs[0].size_bytes, 1 << 20);
	ck_assert_str_eq(opt.tmpfs[1].guest_path, "/b");
	ck_assert_uint_eq(opt.tmpfs[1].size_bytes, 16 << 20);
	ck_assert_uint_eq(opt.tmpfs[2].size_bytes, 1 << 30);
}
END_TEST

START_TEST(help_and_version)
{
	ck_assert_int_eq(PARSE("--help"), 0);
	ck_assert_int_eq(opt.command, CMD_HELP);
	ck_assert_int_eq(opt.help_topic, CMD_HELP);
	ck_assert_int_eq(PARSE("run", "--mem", "64M", "-h", "--junk"),
			 0);
	ck_assert_int_eq(opt.command, CMD_HELP);
	ck_assert_int_eq(opt.help_topic, CMD_RUN);
	ck_assert_int_eq(PARSE("doctor", "--help"), 0);
	ck_assert_int_eq(opt.help_topic, CMD_DOCTOR);
	ck_assert_int_eq(PARSE("help", "modes"), 0);
	ck_assert_int_eq(opt.help_topic, CMD_MODES);
	ck_assert_int_eq(PARSE("--version"), 0);
	ck_assert_int_eq(opt.command, CMD_VERSION);
	ck_assert_int_eq(PARSE("modes", "--policy"), 0);
	ck_assert(opt.show_policy);
}
END_TEST

/* One screen: 24 lines of 80 columns. */
START_TEST(help_fits_a_screen)
{
	static const enum command topics[] = { CMD_HELP, CMD_RUN, CMD_BOOT,
					       CMD_MODES, CMD_DOCTOR, CMD_IMAGE };
	char line[256];
	int lines = 0;
	FILE *file = tmpfile();
	FILE *saved = stdout;

	ck_assert_ptr_nonnull(file);
	stdout = file;
	options_help(topics[_i]);
	stdout = saved;
	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		lines++;
		ck_assert_msg(strlen(line) <= 81, "too long: %s", line);
	}
	fclose(file);
	ck_assert_int_gt(lines, 3);
	ck_assert_int_le(lines, 24);
}
END_TEST

static char *const bad[][6] = {
	{ "run", "--memm=64M", "did you mean --mem?" },
	{ "run", "--time", "1s", "did you mean --timeout?" },
	{ "run", "--enviroment", "A=1", "see lodger run --help" },
	{ "run", "--zzz", "unknown option --zzz" },
	{ "run", "-x", "unknown option -x" },
	{ "run", "--mem", "needs a value" },
	{ "run", "--mem", "lots", "bad value 'lots' for --mem" },
	{ "run", "--mem", "1M", "too small" },
	{ "run", "--mem", "0", "too small" },
	{ "run", "--mem", "-5", "bad value" },
	{ "run", "--mem=100000T", "more than this host has" },
	{ "run", "--mem=99999999999999999999", "more than this host has" },
	{ "run", "--timeout=0", "bad value" },
	{ "run", "--timeout=soon", "bad value" },
	{ "run", "--pids=0", "bad value" },
	{ "run", "--user=root", "bad value" },
	{ "run", "--user=1:", "bad value" },
	{ "run", "--user=99999999999999999999999", "bad value" },
	{ "run", "--user=4294967295", "bad value" },
	{ "run", "--cwd=tmp", "bad value" },
	{ "run", "--hostname=a b", "bad value" },
	{ "run", "--hostname=", "bad value" },
	{ "run", "--env==x", "bad value" },
	{ "run", "--tmpfs=tmp", "bad value" },
	{ "run", "--tmpfs=/tmp:0", "bad value" },
	{ "run", "--tmpfs=/tmp:much", "bad value" },
	{ "run", "--trace=all", "bad value" },
	{ "run", "--stats=json:", "bad value" },
	{ "run", "--cpu=-1", "bad value" },
	{ "run", "--vspace=middle", "bad value" },
	{ "run", "--memory=large", "bad value" },
	{ "run", "--unsafe=yes", "takes no value" },
	{ "run", "--root=", "bad value" },
	{ "run", "--disk=", "bad value" },
	{ "run", "--disk=,ro", "bad value" },
	{ "run", "--disk=a,fast", "bad value" },
	{ "run", "--disk=a,log", "bad value" },
	{ "run", "--disk=a,log=", "bad value" },
	{ "run", "--disk=a,snapshot=", "bad value" },
	{ "run", "--disk=a,ro=1", "bad value" },
	{ "run", "--disk=a,ro,snapshot", "bad value" },
	{ "run", "--bind=", "bad value" },
	{ "run", "--bind=a", "bad value" },
	{ "run", "--bind=a:b", "bad value" },
	{ "run", "--bind=:/b", "bad value" },
	{ "run", "--bind=a:/", "bad value" },
	{ "run", "--bind=a:ro", "bad value" },
	{ "run", "--policy", "does not belong to lodger run" },
	{ "modes", "--mem=64M", "does not belong to lodger modes" },
	{ "modes", "word", "takes no argument" },
	{ "rnu", "did you mean lodger run, or" },
	{ "frobnicate", "unknown command" },
	{ "--mem=64M", "run", "before the command" },
	{ "help", "frobnicate", "unknown command" },
	{ "image", "--mem=64M", "does not belong to lodger image" },
};

START_TEST(binds)
{
	ck_assert_int_eq(PARSE("run", "--bind", "a:/b", "--bind=/x:y:/z/w:ro", "-v", ".:/q:rw"),
			 0);
	ck_assert_int_eq(opt.bind_count, 3);
	ck_assert_str_eq(opt.bind[0].host_path, "a");
	ck_assert_str_eq(opt.bind[0].guest_path, "/b");
	ck_assert(!opt.bind[0].read_only);
	ck_assert_str_eq(opt.bind[1].host_path, "/x:y");
	ck_assert_str_eq(opt.bind[1].guest_path, "/z/w");
	ck_assert(opt.bind[1].read_only);
	ck_assert_str_eq(opt.bind[2].host_path, ".");
	ck_assert(!opt.bind[2].read_only);
}
END_TEST

START_TEST(disks)
{
	ck_assert_int_eq(PARSE("run", "--disk", "a.img", "--disk=b,ro"), 0);
	ck_assert_int_eq(opt.disk_count, 2);
	ck_assert_str_eq(opt.disk[0].path, "a.img");
	ck_assert(!opt.disk[0].read_only);
	ck_assert_str_eq(opt.disk[1].path, "b");
	ck_assert(opt.disk[1].read_only);
	options_free(&opt);
	ck_assert_int_eq(PARSE("run", "--disk=a,snapshot", "--disk=b,snapshot=c,log=d,nosync"),
			 0);
	ck_assert(opt.disk[0].snapshot && !opt.disk[0].overlay && !opt.disk[0].no_sync);
	ck_assert_str_eq(opt.disk[1].path, "b");
	ck_assert_str_eq(opt.disk[1].overlay, "c");
	ck_assert_str_eq(opt.disk[1].log, "d");
	ck_assert(opt.disk[1].snapshot && opt.disk[1].no_sync && !opt.disk[1].read_only);
}
END_TEST

START_TEST(bad_lines)
{
	char *words[WORDS_MAX];
	const char *expected;
	int count = 0;

	while (count < 6 && bad[_i][count]) {
		words[count] = bad[_i][count];
		count++;
	}
	expected = words[count - 1];
	words[count - 1] = NULL;
	ck_assert_int_eq(parse(words), -1);
	ck_assert_msg(strstr(complain_last(), expected),
		      "wanted '%s', got '%s'", expected, complain_last());
	ck_assert_ptr_null(strchr(complain_last(), '\n'));
}
END_TEST

START_TEST(nothing_given)
{
	ck_assert_int_eq(parse((char *const[]){ NULL }), -1);
	ck_assert_ptr_nonnull(strstr(complain_last(), "lodger run"));
}
END_TEST

START_TEST(nearest)
{
	static const char *const list[] = { "mem", "mode", "timeout", "trace",
					    "trace-file", NULL };

	ck_assert_str_eq(options_nearest("mme", list), "mem");
	ck_assert_str_eq(options_nearest("tracefile", list), "trace-file");
	ck_assert_str_eq(options_nearest("modes", list), "mode");
	ck_assert_ptr_null(options_nearest("", list));
	ck_assert_ptr_null(options_nearest("qqqqqq", list));
	ck_assert_ptr_null(options_nearest(
		"averyveryverylongwordthatisnooptionatall", list));
}
END_TEST

START_TEST(modes_of_the_preset)
{
	ck_assert_int_eq(PARSE("run", "--mode", "umlinux"), 0);
	ck_assert_int_eq(modes_resolve(&opt), 0);
	ck_assert_str_eq(opt.intercept, "ptrace");
	ck_assert_str_eq(opt.protect, "mprotect");
	ck_assert_str_eq(opt.space, "remap");
}
END_TEST

/* A preset's first set that works here; what was given stays. */
START_TEST(modes_of_the_host)
{
	ck_assert_int_eq(PARSE("run", "--mode", "fast"), 0);
	ck_assert_int_eq(modes_resolve(&opt), 0);
	ck_assert_str_eq(opt.space, modes_abi(&opt, AXIS_INTERCEPT) ==
						    LODGER_INTERCEPT_PATCH ?
					    "multi" : "remap");
	free_options();
	ck_assert_int_eq(PARSE("run", "--intercept=trap"), 0);
	ck_assert_int_eq(modes_resolve(&opt), 0);
	ck_assert_str_eq(opt.space, "multi");
	free_options();
	ck_assert_int_eq(PARSE("run", "--intercept=ptrace"), 0);
	ck_assert_int_eq(modes_resolve(&opt), 0);
	ck_assert_str_eq(opt.space, "remap"); /* multi has no tracer */
	free_options();
	ck_assert_int_eq(PARSE("run", "--intercept=ptrace", "--space=multi"), 0);
	ck_assert_int_ne(modes_resolve(&opt), 0);
	free_options();
	ck_assert_int_eq(PARSE("run", "--mode", "fast", "--intercept=ptrace"),
			 0);
	ck_assert_int_eq(modes_resolve(&opt), 0);
	ck_assert_str_eq(opt.intercept, "ptrace");
	ck_assert_int_eq(modes_abi(&opt, AXIS_INTERCEPT),
			 LODGER_INTERCEPT_PTRACE);
	ck_assert_ptr_eq(modes_icept(&opt), &icept_ptrace);
}
END_TEST

static char *const bad_modes[][4] = {
	{ "--mode=umlinx", "did you mean umlinux?" },
	{ "--mode=zzzzzz", "see lodger modes" },
	{ "--intercept=ptrce", "did you mean ptrace?" },
	{ "--protect=none", "add --unsafe" },
	{ "--protect=pkey", "--space=remap", "needs --space multi" },
	{ "--space=kmod", "needs --intercept kmod, not " },
	{ "--protect=kmod-mm", "needs --intercept kmod" },
};

START_TEST(refused_modes)
{
	char *const *row = bad_modes[_i];
	char *words[4] = { "run", row[0], row[2] ? row[1] : NULL, NULL };
	const char *expected = row[2] ? row[2] : row[1];

	ck_assert_int_eq(parse(words), 0);
	ck_assert_int_eq(modes_resolve(&opt), -1);
	ck_assert_msg(strstr(complain_last(), expected),
		      "wanted '%s', got '%s'", expected, complain_last());
}
END_TEST

Suite *options_suite(void);
Suite *options_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *values = tcase_create("values");
	TCase *lines = tcase_create("lines");
	TCase *modes = tcase_create("modes");

	tcase_add_test(values, sizes);
	tcase_add_test(values, durations);
	tcase_add_test(values, nearest);
	suite_add_tcase(suite, values);

	tcase_add_checked_fixture(lines, NULL, free_options);
	tcase_add_test(lines, defaults);
	tcase_add_test(lines, both_spellings);
	tcase_add_test(lines, end_of_options);
	tcase_add_test(lines, boot_passes_arguments_to_init);
	tcase_add_test(lines, environment);
	tcase_add_test(lines, optional_values);
	tcase_add_test(lines, tmpfs);
	tcase_add_test(lines, help_and_version);
	tcase_add_loop_test(lines, help_fits_a_screen, 0, 5);
	tcase_add_test(lines, disks);
	tcase_add_test(lines, binds);
	tcase_add_loop_test(lines, bad_lines, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(lines, nothing_given);
	suite_add_tcase(suite, lines);

	tcase_add_checked_fixture(modes, NULL, free_options);
	tcase_add_test(modes, modes_of_the_preset);
	tcase_add_test(modes, modes_of_the_host);
	tcase_add_loop_test(modes, refused_modes, 0,
			    sizeof(bad_modes) / sizeof(bad_modes[0]));
	suite_add_tcase(suite, modes);
	return suite;
}
