/* What uname(2) says, and /proc/version and /proc/sys/kernel. Each UTS name space
 * (uts_namespaces(7)) has names of its own; what the kernel is they share. */
#ifndef PROC_UTS_H
#define PROC_UTS_H

#include "lib/types.h"

#define UTS_BYTES 65 /* of each field, NUL included: __NEW_UTS_LEN + 1 */

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-lodger"
#define UTS_RELEASE_26 "2.6.61-lodger" /* to who asked for UNAME26 */
#define UTS_VERSION "#1 Lodger guest kernel"
#define UTS_MACHINE "x86_64"

/* The names of a name space; NULL stands for the machine's first. */
struct uts_names;

/* Current names, in the current process's name space; constant pointers to
 * changing text. The first host name comes from the VMM process. */
const char *uts_hostname(void);
const char *uts_domainname(void);
/* Rights are the caller's business. 0, or -EINVAL when len does not fit. */
int uts_set_hostname(const char *name, size_t len);
int uts_set_domainname(const char *name, size_t len);

/* A copy of the current names with one reference, or NULL: no memory. */
struct uts_names *uts_copy(void);
void uts_get(struct uts_names *names);
void uts_put(struct uts_names *names);
/* What its file in /proc/PID/ns is called by; names not NULL. */
u32 uts_number(const struct uts_names *names);

/* A number for a new name space of any kind. */
u32 space_number_new(void);

#endif
