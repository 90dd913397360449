/* What the System V IPC calls share: struct ipc64_perm. */
#ifndef SYS_USER_IPC_H
#define SYS_USER_IPC_H

#include "proc/ipc.h"

#define IPC_64 0x100 /* the only version there is on x86-64; accepted */

struct ipc64_perm;
/* The rights as programs see them. */
void user_ipc_perm(struct ipc64_perm *to, const struct ipc_object *perm);

#endif
