/* Between options.c (the grammar) and options_table.c (the options). */
#ifndef VMMPROC_OPTIONS_TABLE_H
#define VMMPROC_OPTIONS_TABLE_H

#include <stddef.h>

#include "options.h"

enum arg_kind { ARG_NONE, ARG_NEEDED, ARG_OPTIONAL };

#define OPTIONS_ON(command) (1u << (command))

struct option_spec {
	const char *name;
	char letter; /* 0: none */
	enum arg_kind arg;
	unsigned commands; /* OPTIONS_ON bits of those that have it */
	/* value is NULL where none was given. 0, or -1 after a sentence. */
	int (*take)(struct options *opt, const char *value);
};

#define OPTIONS_SPEC_MAX 32
extern const struct option_spec options_specs[];
extern const size_t options_spec_count;

/* Sets K=V in opt->env, in place of an earlier K. Returns 0, or -1 after a
 * sentence. */
int options_env_set(struct options *opt, const char *entry);

/* The K=V of the host's own environment for a bare K, NULL if unset. */
const char *options_env_of_host(const char *key);

#endif
