/* Between sys/trace.c, which writes the lines of --trace=syscalls, and
 * sys/trace_table.c, which knows the names. No context is needed for any. */
#ifndef SYS_TRACE_H
#define SYS_TRACE_H

#include "lib/types.h"

struct trace_error {
	const char *name, *text;
};

struct trace_bit {
	u64 bits;
	const char *name;
};

/* Flag arguments; the list ends with a NULL name. */
extern const struct trace_bit trace_open_bits[];
extern const struct trace_bit trace_prot_bits[];
extern const struct trace_bit trace_map_bits[];

/* Name and text of a positive error number, restart codes included; or NULL. */
const struct trace_error *trace_error_find(int err);
/* Is it one of the internal codes that ask for a restart? */
bool trace_error_restarts(int err);

/* Arguments that are one of a set of values. */
enum trace_choice {
	TRACE_ACCMODE,
	TRACE_WHENCE,
	TRACE_MASK_HOW,
	TRACE_CLOCK,
	TRACE_FCNTL,
};
/* Name of value in the set, or NULL. */
const char *trace_choice(enum trace_choice set, u64 value);

/* Is the result of call nr an address? */
bool trace_result_is_address(u16 nr);
/* Does call nr never return? */
bool trace_never_returns(u16 nr);

#endif
