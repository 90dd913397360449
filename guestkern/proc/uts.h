/* What uname(2) says, and /proc/version and /proc/sys/kernel: one machine-wide
 * set (no UTS namespaces). */
#ifndef PROC_UTS_H
#define PROC_UTS_H

#include "lib/types.h"

#define UTS_BYTES 65 /* of each field, NUL included: __NEW_UTS_LEN + 1 */

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-lodger"
#define UTS_VERSION "#1 Lodger guest kernel"
#define UTS_MACHINE "x86_64"

/* Current names; constant pointers to changing text. The host name comes from
 * the VMM process. */
const char *uts_hostname(void);
const char *uts_domainname(void);
/* Rights are the caller's business. 0, or -EINVAL when len does not fit. */
int uts_set_hostname(const char *name, size_t len);
int uts_set_domainname(const char *name, size_t len);

#endif
