/*
 * The three axes, and what may be combined. One row for each
 * mechanism, in the order of the paper's story; rows without a test are not
 * in this version and say so.
 */
#include "modes.h"

#include <stdio.h>
#include <string.h>

#include "icept.h"
#include "machine.h"
#include "options_value.h"
#include "policy.h"

enum axis { AXIS_INTERCEPT, AXIS_PROTECT, AXIS_SPACE, AXIS_COUNT };

static const struct {
	const char *option, *question;
} axes[AXIS_COUNT] = {
	[AXIS_INTERCEPT] = { "intercept",
			     "how guest system calls reach the guest kernel" },
	[AXIS_PROTECT] = { "protect",
			   "how the guest kernel is kept from guest programs" },
	[AXIS_SPACE] = { "space", "how guest address spaces are switched" },
};

struct mechanism {
	enum axis axis;
	const char *name, *summary;
	bool built;
	bool unsafe;
	const struct icept_ops *icept; /* says what the row leaves open */
};

static const struct mechanism mechanisms[] = {
	{ AXIS_INTERCEPT, "ptrace", .built = true,
	  .icept = &icept_ptrace },
	{ AXIS_INTERCEPT, "sysemu", .summary = "ptrace, one stop a call" },
	{ AXIS_INTERCEPT, "seccomp", .summary = "filter and tracer, one stop a call" },
	{ AXIS_INTERCEPT, "trap", .summary = "SIGSYS inside the process, no tracer" },
	{ AXIS_INTERCEPT, "dispatch", .summary = "system call user dispatch" },
	{ AXIS_INTERCEPT, "patch",
	  .summary = "hot call sites become jumps; trap for the rest" },
	{ AXIS_INTERCEPT, "kmod", .summary = "the host kernel module" },
	{ AXIS_PROTECT, "mprotect",
	  .summary = "opened by the signal handler, closed on the way out",
	  .built = true },
	{ AXIS_PROTECT, "gate", .summary = "one huge-page toggle in a call gate" },
	{ AXIS_PROTECT, "pkey", .summary = "memory protection keys" },
	{ AXIS_PROTECT, "none", .summary = "no protection: for measuring only",
	  .unsafe = true },
	{ AXIS_PROTECT, "kmod-us", .summary = "the module: supervisor bit" },
	{ AXIS_PROTECT, "kmod-mm", .summary = "the module: an address space of its own" },
	{ AXIS_SPACE, "remap", .summary = "unmap and map again on every switch",
	  .built = true },
	{ AXIS_SPACE, "multi", .summary = "one host process for each" },
	{ AXIS_SPACE, "kmod", .summary = "the module: switchguest" },
};

#define MECHANISM_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

struct preset {
	const char *name;
	const char *choice[AXIS_COUNT]; /* NULL: decided by the host */
	const char *summary;
};

static const struct preset presets[] = {
	{ "umlinux", { "ptrace", "mprotect", "remap" }, "the paper's original" },
	{ "fast", { NULL, NULL, NULL },
	  "the fastest secure set this host supports" },
	{ "kmod", { "kmod", "kmod-us", "kmod" }, "with the host kernel module" },
};

#define PRESET_COUNT (sizeof(presets) / sizeof(presets[0]))

/* A choice that works only with another one. */
static const struct {
	enum axis axis;
	const char *name;
	enum axis with_axis;
	const char *with_name, *why;
} needs[] = {
	{ AXIS_PROTECT, "kmod-us", AXIS_INTERCEPT, "kmod",
	  "the module can only switch what it sees entered" },
	{ AXIS_PROTECT, "kmod-mm", AXIS_INTERCEPT, "kmod",
	  "the module can only switch what it sees entered" },
	{ AXIS_SPACE, "kmod", AXIS_INTERCEPT, "kmod",
	  "switchguest is a call of the module" },
	{ AXIS_INTERCEPT, "patch", AXIS_PROTECT, "gate",
	  "a patched call site jumps into the gate" },
};

static const struct mechanism *find_mechanism(enum axis axis, const char *name)
{
	for (size_t i = 0; i < MECHANISM_COUNT; i++)
		if (mechanisms[i].axis == axis &&
		    !strcmp(mechanisms[i].name, name))
			return &mechanisms[i];
	return NULL;
}

static const struct preset *find_preset(const char *name)
{
	for (size_t i = 0; i < PRESET_COUNT; i++)
		if (!strcmp(presets[i].name, name))
			return &presets[i];
	return NULL;
}

/* Can this host do it? true, or false and why is a clause. */
static bool is_supported(const struct mechanism *mechanism, char *why,
			 size_t why_bytes)
{
	if (mechanism->built)
		return !mechanism->icept ||
		       mechanism->icept->supported(why, why_bytes);
	snprintf(why, why_bytes, "not built in this version");
	return false;
}

/* --- Choosing ---------------------------------------------------------------------- */

static const char **choice_of(struct options *opt, enum axis axis)
{
	switch (axis) {
	case AXIS_INTERCEPT:
		return &opt->intercept;
	case AXIS_PROTECT:
		return &opt->protect;
	case AXIS_SPACE:
	case AXIS_COUNT:
		break;
	}
	return &opt->space;
}

static int complain_unknown(const char *option, const char *name,
			    const char *const *list)
{
	const char *nearest = options_nearest(name, list);

	if (nearest)
		machine_complain("unknown --%s %s: did you mean %s?", option,
				 name, nearest);
	else
		machine_complain("unknown --%s %s: see lodger modes", option,
				 name);
	return -1;
}

static int complain_unknown_mechanism(enum axis axis, const char *name)
{
	const char *list[MECHANISM_COUNT + 1];
	size_t count = 0;

	for (size_t i = 0; i < MECHANISM_COUNT; i++)
		if (mechanisms[i].axis == axis)
			list[count++] = mechanisms[i].name;
	list[count] = NULL;
	return complain_unknown(axes[axis].option, name, list);
}

static int complain_unknown_preset(const char *name)
{
	const char *list[PRESET_COUNT + 1];

	for (size_t i = 0; i < PRESET_COUNT; i++)
		list[i] = presets[i].name;
	list[PRESET_COUNT] = NULL;
	return complain_unknown("mode", name, list);
}

/* One choice by itself. */
static int check_choice(const struct options *opt, enum axis axis,
			const char *name)
{
	const struct mechanism *mechanism = find_mechanism(axis, name);
	char why[160] = "";

	if (!mechanism)
		return complain_unknown_mechanism(axis, name);
	if (mechanism->unsafe && !opt->unsafe) {
		machine_complain("--%s %s leaves the guest kernel open to guest programs: add --unsafe if that is meant",
				 axes[axis].option, name);
		return -1;
	}
	if (!mechanism->built) {
		machine_complain("--%s %s is not built in this version: see lodger modes",
				 axes[axis].option, name);
		return -1;
	}
	if (!is_supported(mechanism, why, sizeof(why))) {
		machine_complain("--%s %s does not work on this host (%s): see lodger doctor",
				 axes[axis].option, name, why);
		return -1;
	}
	return 0;
}

static int check_together(struct options *opt)
{
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		const char *has = *choice_of(opt, needs[i].axis);
		const char *with = *choice_of(opt, needs[i].with_axis);

		if (strcmp(has, needs[i].name) ||
		    !strcmp(with, needs[i].with_name))
			continue;
		machine_complain("--%s %s needs --%s %s, not %s: %s",
				 axes[needs[i].axis].option, has,
				 axes[needs[i].with_axis].option,
				 needs[i].with_name, with, needs[i].why);
		return -1;
	}
	return 0;
}

int modes_resolve(struct options *opt)
{
	const struct preset *preset = find_preset(opt->mode);

	if (!preset)
		return complain_unknown_preset(opt->mode);
	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		const char **choice = choice_of(opt, (enum axis)axis);

		if (!*choice)
			*choice = preset->choice[axis];
		if (!*choice) {
			machine_complain("--mode %s is not built in this version: see lodger modes",
					 opt->mode);
			return -1;
		}
		if (!find_mechanism((enum axis)axis, *choice))
			return complain_unknown_mechanism((enum axis)axis,
							  *choice);
	}
	if (check_together(opt))
		return -1;
	for (int axis = 0; axis < AXIS_COUNT; axis++)
		if (check_choice(opt, (enum axis)axis,
				 *choice_of(opt, (enum axis)axis)))
			return -1;
	return 0;
}

/* --- Showing ----------------------------------------------------------------------- */

static void print_axis(enum axis axis)
{
	char why[160];

	printf("--%s  %s\n", axes[axis].option, axes[axis].question);
	for (size_t i = 0; i < MECHANISM_COUNT; i++) {
		const struct mechanism *mechanism = &mechanisms[i];

		if (mechanism->axis != axis)
			continue;
		snprintf(why, sizeof(why), "supported");
		is_supported(mechanism, why, sizeof(why));
		printf("  %-10s %-26s %s\n", mechanism->name, why,
		       mechanism->summary ? mechanism->summary :
					    mechanism->icept->summary);
	}
	putchar('\n');
}

/* Every mechanism of the preset is there and works. */
static bool preset_works(const struct preset *preset)
{
	char why[160];

	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		const struct mechanism *mechanism;

		if (!preset->choice[axis])
			return false;
		mechanism = find_mechanism((enum axis)axis,
					   preset->choice[axis]);
		if (!mechanism || !is_supported(mechanism, why, sizeof(why)))
			return false;
	}
	return true;
}

static void print_presets(const char *default_mode)
{
	printf("--mode  presets\n");
	for (size_t i = 0; i < PRESET_COUNT; i++) {
		const struct preset *preset = &presets[i];

		printf("  %-10s %-26s %s", preset->name,
		       !preset_works(preset)		  ? "not yet" :
		       strcmp(preset->name, default_mode) ? "supported" :
							    "supported, the default",
		       preset->summary);
		if (preset->choice[0])
			printf(" (%s + %s + %s)", preset->choice[0],
			       preset->choice[1], preset->choice[2]);
		putchar('\n');
	}
}

int modes_print(const struct options *opt)
{
	if (opt->show_policy) {
		policy_print(stdout);
		return 0;
	}
	for (int axis = 0; axis < AXIS_COUNT; axis++)
		print_axis((enum axis)axis);
	print_presets(opt->mode);
	return 0;
}
