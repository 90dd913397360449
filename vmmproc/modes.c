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
#include "memory.h"
#include "options_value.h"
#include "policy.h"

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
	bool (*supported)(char *why, size_t why_bytes); /* NULL: the same */
	uint32_t abi; /* enum lodger_protect or lodger_space */
	/* What else to say of a mechanism that works; NULL: nothing. */
	void (*quality)(char *text, size_t text_bytes);
};

/* Not having huge pages only makes it slower. */
static void gate_quality(char *text, size_t text_bytes)
{
	if (!memory_huge_pages_work())
		snprintf(text, text_bytes, "supported, small pages");
}

static const struct mechanism mechanisms[] = {
	{ AXIS_INTERCEPT, "ptrace", .built = true,
	  .icept = &icept_ptrace },
	{ AXIS_INTERCEPT, "sysemu", .built = true, .icept = &icept_sysemu },
	{ AXIS_INTERCEPT, "seccomp", .built = true, .icept = &icept_seccomp },
	{ AXIS_INTERCEPT, "trap", .built = true, .icept = &icept_trap },
	{ AXIS_INTERCEPT, "dispatch", .built = true,
	  .icept = &icept_dispatch },
	{ AXIS_INTERCEPT, "patch", .built = true, .icept = &icept_patch },
	{ AXIS_INTERCEPT, "kmod", .built = true, .icept = &icept_kmod },
	{ AXIS_PROTECT, "mprotect",
	  .summary = "opened by the signal handler, closed on the way out",
	  .built = true, .abi = LODGER_PROTECT_MPROTECT },
	{ AXIS_PROTECT, "gate", .summary = "one huge-page toggle in a call gate",
	  .built = true, .abi = LODGER_PROTECT_GATE,
	  .quality = gate_quality },
	{ AXIS_PROTECT, "pkey", .summary = "protection keys: no host call on the way in or out",
	  .built = true, .abi = LODGER_PROTECT_PKEY, .supported = memory_keys_work },
	{ AXIS_PROTECT, "none", .summary = "no protection: for measuring only",
	  .built = true, .unsafe = true, .abi = LODGER_PROTECT_NONE },
	{ AXIS_PROTECT, "kmod-us", .summary = "the module: supervisor bit",
	  .built = true, .abi = LODGER_PROTECT_KMOD_US,
	  .supported = icept_kmod_supported },
	{ AXIS_PROTECT, "kmod-mm", .summary = "the module: an address space without it",
	  .built = true, .abi = LODGER_PROTECT_KMOD_MM,
	  .supported = icept_kmod_supported },
	{ AXIS_SPACE, "remap", .summary = "unmap and map again on every switch",
	  .built = true, .abi = LODGER_SPACE_REMAP },
	{ AXIS_SPACE, "multi", .summary = "one host process for each",
	  .built = true, .abi = LODGER_SPACE_MULTI },
	{ AXIS_SPACE, "kmod", .summary = "the module: switchguest", .built = true,
	  .abi = LODGER_SPACE_KMOD, .supported = icept_kmod_supported },
};

#define MECHANISM_COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

#define PRESET_SETS 6

/* Sets in order of preference: the first that this host supports is meant. */
struct preset {
	const char *name;
	const char *summary;
	const char *set[PRESET_SETS][AXIS_COUNT]; /* up to one of NULLs */
};

static const struct preset presets[] = {
	{ "umlinux", "the paper's original",
	  { { "ptrace", "mprotect", "remap" } } },
	{ "fast", "the fastest secure set this host supports",
	  { { "patch", "gate", "multi" },
	    { "trap", "gate", "multi" },
	    { "seccomp", "gate", "remap" },
	    { "ptrace", "mprotect", "remap" } } },
	{ "kmod", "with the host kernel module",
	  { { "kmod", "kmod-us", "kmod" } } },
};

#define PRESET_DEFAULT "fast"
#define PRESET_STEPS "umlinux" /* for --trace=steps */

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
	{ AXIS_PROTECT, "pkey", AXIS_SPACE, "multi",
	  "a program can end its host process through the key" },
	{ AXIS_SPACE, "kmod", AXIS_INTERCEPT, "kmod",
	  "switchguest is a call of the module" },
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
	if (mechanism->built && mechanism->supported)
		return mechanism->supported(why, why_bytes);
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

/* With a tracer each host process would be a tracee more, and a hand-over two
 * stops; user dispatch would be armed in the first one only. */
static bool multi_goes_with(const char *intercept)
{
	const struct mechanism *m = find_mechanism(AXIS_INTERCEPT, intercept);

	return m && m->icept && (m->icept->abi == LODGER_INTERCEPT_PATCH ||
				 m->icept->abi == LODGER_INTERCEPT_TRAP);
}

static int check_multi(struct options *opt)
{
	const char *intercept = *choice_of(opt, AXIS_INTERCEPT);

	if (strcmp(*choice_of(opt, AXIS_SPACE), "multi") ||
	    multi_goes_with(intercept))
		return 0;
	machine_complain("--space multi needs --intercept patch or trap, not %s: there each host process and hand-over would be one more to follow",
			 intercept);
	return -1;
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

/*
 * The first set of the preset whose choices for the axes that were not given
 * work here; the first of all where there is none, for the sentence about it.
 */
static const char *const *choose_set(const struct preset *preset,
				     struct options *opt)
{
	const char *intercept = *choice_of(opt, AXIS_INTERCEPT);
	char why[160];

	for (size_t i = 0; i < PRESET_SETS && preset->set[i][0]; i++) {
		bool works = !intercept || multi_goes_with(intercept) ||
			     strcmp(preset->set[i][AXIS_SPACE], "multi");

		for (int axis = 0; axis < AXIS_COUNT && works; axis++)
			works = *choice_of(opt, (enum axis)axis) ||
				is_supported(find_mechanism((enum axis)axis,
							    preset->set[i][axis]),
					     why, sizeof(why));
		if (works)
			return preset->set[i];
	}
	return preset->set[0];
}

/* What is asked for of a machine and only one mechanism has. */
static int check_wishes(const struct options *opt)
{
	if (opt->trace != TRACE_STEPS || modes_icept(opt) == &icept_ptrace)
		return 0;
	machine_complain("--trace=steps shows the steps of --intercept ptrace, and --intercept %s has none: add --mode umlinux, or ask for --trace=syscalls",
			 opt->intercept);
	return -1;
}

int modes_resolve(struct options *opt)
{
	const struct preset *preset;
	const char *const *set;

	if (!opt->mode)
		opt->mode = opt->trace == TRACE_STEPS ? PRESET_STEPS :
							PRESET_DEFAULT;
	preset = find_preset(opt->mode);
	if (!preset)
		return complain_unknown_preset(opt->mode);
	set = choose_set(preset, opt);
	for (int axis = 0; axis < AXIS_COUNT; axis++) {
		const char **choice = choice_of(opt, (enum axis)axis);

		if (!*choice)
			*choice = set[axis];
		if (!find_mechanism((enum axis)axis, *choice))
			return complain_unknown_mechanism((enum axis)axis,
							  *choice);
	}
	if (check_together(opt) || check_multi(opt))
		return -1;
	for (int axis = 0; axis < AXIS_COUNT; axis++)
		if (check_choice(opt, (enum axis)axis,
				 *choice_of(opt, (enum axis)axis)))
			return -1;
	return check_wishes(opt);
}

const struct icept_ops *modes_icept(const struct options *opt)
{
	return find_mechanism(AXIS_INTERCEPT, opt->intercept)->icept;
}

bool modes_have_maker(const struct options *opt)
{
	return modes_abi(opt, AXIS_SPACE) != LODGER_SPACE_REMAP ||
	       modes_abi(opt, AXIS_PROTECT) == LODGER_PROTECT_KMOD_MM;
}

uint32_t modes_abi(const struct options *opt, enum axis axis)
{
	const struct mechanism *mechanism = NULL;

	switch (axis) {
	case AXIS_INTERCEPT:
		return modes_icept(opt)->abi;
	case AXIS_PROTECT:
		mechanism = find_mechanism(axis, opt->protect);
		break;
	case AXIS_SPACE:
		mechanism = find_mechanism(axis, opt->space);
		break;
	case AXIS_COUNT:
		break;
	}
	return mechanism ? mechanism->abi : 0;
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
		if (is_supported(mechanism, why, sizeof(why)) &&
		    mechanism->quality)
			mechanism->quality(why, sizeof(why));
		printf("  %-10s %-26s %s\n", mechanism->name, why,
		       mechanism->summary ? mechanism->summary :
					    mechanism->icept->summary);
	}
	putchar('\n');
}

static bool set_works(const char *const *set)
{
	char why[160];

	for (int axis = 0; axis < AXIS_COUNT; axis++)
		if (!is_supported(find_mechanism((enum axis)axis, set[axis]),
				  why, sizeof(why)))
			return false;
	return true;
}

/* Why the sets that a preset would rather have were passed over. */
static void print_passed_over(const struct preset *preset,
			      const char *const *chosen)
{
	char why[160] = "";

	for (size_t i = 0; i < PRESET_SETS && preset->set[i][0]; i++) {
		if (preset->set[i] == chosen)
			return;
		for (int axis = 0; axis < AXIS_COUNT; axis++) {
			const char *name = preset->set[i][axis];

			if (is_supported(find_mechanism((enum axis)axis, name),
					 why, sizeof(why)))
				continue;
			printf("  %-10s not %s + %s + %s: %s: %s\n", "",
			       preset->set[i][AXIS_INTERCEPT],
			       preset->set[i][AXIS_PROTECT],
			       preset->set[i][AXIS_SPACE], name, why);
			break;
		}
	}
}

static void print_presets(void)
{
	struct options none = { .mode = NULL };

	printf("--mode  presets\n");
	for (size_t i = 0; i < PRESET_COUNT; i++) {
		const char *const *set = choose_set(&presets[i], &none);

		printf("  %-10s %-26s %s (%s + %s + %s)\n", presets[i].name,
		       !set_works(set) ? "not on this host" :
		       strcmp(presets[i].name, PRESET_DEFAULT) ?
					 "supported" :
					 "supported, the default",
		       presets[i].summary, set[AXIS_INTERCEPT],
		       set[AXIS_PROTECT], set[AXIS_SPACE]);
		if (set_works(set))
			print_passed_over(&presets[i], set);
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
	print_presets();
	return 0;
}
