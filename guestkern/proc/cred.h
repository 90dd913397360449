/* Credentials of a task: ids, groups, capabilities (as in capabilities(7)). */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "lib/types.h"

#define CRED_GROUPS_MAX 32

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	u32 ngroups;
	u32 groups[CRED_GROUPS_MAX];
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding;
	bool no_new_privs;
};

/* All powers: uid 0 with full capabilities; else plain user. */
void cred_init(struct cred *cred, u32 uid, u32 gid);
bool cred_in_group(const struct cred *cred, u32 gid);
/* cap: CAP_* number of linux/capability.h */
bool cred_capable(const struct cred *cred, int cap);
bool capable(int cap); /* of the current task */

#endif
