/* Prototypes of every handler that syscalls.def refers to: s64 sys_NAME(arg),
 * arg as the program passed it, the result or -errno. May sleep. */
#ifndef SYS_HANDLERS_H
#define SYS_HANDLERS_H

#include "lib/types.h"

#define HANDLER_PROTO_FULL(name) s64 sys_##name(const u64 arg[6]);
#define HANDLER_PROTO_PARTIAL(name) s64 sys_##name(const u64 arg[6]);
#define HANDLER_PROTO_MISSING(name)
#define SYSCALL(nr, name, nargs, format, status, caveat) \
	HANDLER_PROTO_##status(name)
#include "sys/syscalls.def"
#undef SYSCALL
#undef HANDLER_PROTO_FULL
#undef HANDLER_PROTO_PARTIAL
#undef HANDLER_PROTO_MISSING

#endif
