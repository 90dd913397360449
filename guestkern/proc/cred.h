/* Credentials of a task: ids, groups, capabilities (as in capabilities(7)). */
#ifndef PROC_CRED_H
#define PROC_CRED_H

#include "lib/types.h"

#define CRED_GROUPS_MAX 65536 /* NGROUPS_MAX */

struct cred_groups {
	u32 refs, count;
	u32 gid[]; /* ascending */
};

struct cred {
	u32 uid, euid, suid, fsuid;
	u32 gid, egid, sgid, fsgid;
	struct cred_groups *groups; /* a task's are referenced; NULL: none */
	u64 cap_effective, cap_permitted, cap_inheritable, cap_bounding, cap_ambient;
	u32 securebits; /* SECBIT_* of linux/securebits.h */
	bool no_new_privs;
};

#define CRED_KEEP ((u32)-1) /* setreuid(2) and kin: leave as it is */

/* All powers: uid 0 with full capabilities; else plain user. */
void cred_init(struct cred *cred, u32 uid, u32 gid);
/* Is gid the effective group or a supplementary one? */
bool cred_in_group(const struct cred *cred, u32 gid);
/* cap: CAP_* number of linux/capability.h */
bool cred_capable(const struct cred *cred, int cap);
bool capable(int cap); /* of the current task */

/* cred_groups.c. alloc: count groups to fill in, one reference; NULL on no memory.
 * set: sorts them and takes over the reference. get, put, have: of NULL, too. */
struct cred_groups *cred_groups_alloc(u32 count);
void cred_groups_set(struct cred *cred, struct cred_groups *groups);
void cred_groups_get(struct cred_groups *groups);
void cred_groups_put(struct cred_groups *groups);
bool cred_groups_have(const struct cred_groups *groups, u32 gid);

/* The system calls of these names: change *cred, capabilities included. 0,
 * -EPERM, -EINVAL (id -1); nothing is changed then. */
int cred_setuid(struct cred *cred, u32 uid);
int cred_setreuid(struct cred *cred, u32 ruid, u32 euid);
int cred_setresuid(struct cred *cred, u32 ruid, u32 euid, u32 suid);
int cred_setgid(struct cred *cred, u32 gid);
int cred_setregid(struct cred *cred, u32 rgid, u32 egid);
int cred_setresgid(struct cred *cred, u32 rgid, u32 egid, u32 sgid);
/* setfsuid(2), setfsgid(2): return the old id and may do nothing. */
u32 cred_setfsuid(struct cred *cred, u32 uid);
u32 cred_setfsgid(struct cred *cred, u32 gid);
static inline bool cred_has_securebit(const struct cred *cred, u32 bit)
{
	return cred->securebits & bit;
}

/* prctl(2): PR_SET_SECUREBITS, PR_SET_KEEPCAPS, PR_CAP_AMBIENT_RAISE, PR_CAPBSET_DROP:
 * 0, -EPERM. */
int cred_set_securebits(struct cred *cred, u64 bits);
int cred_set_keep_caps(struct cred *cred, bool keep);
int cred_raise_ambient(struct cred *cred, int cap);
int cred_drop_bounding(struct cred *cred, int cap);

/* What the file of a new program gives (capabilities(7), "File capabilities"). */
struct cred_file_caps {
	bool present, effective;
	u64 permitted, inheritable;
};
/* execve(2): cred, whose effective ids may have come from the file already, becomes
 * that of the new program; old is what it was. secure: AT_SECURE. 0, or -EPERM: the
 * file wants more than the bounding set allows. */
int cred_exec(struct cred *cred, const struct cred *old,
	      const struct cred_file_caps *file, bool *secure);

/* capset(2): 0 or -EPERM. */
int cred_capset(struct cred *cred, u64 effective, u64 permitted, u64 inheritable);
/* All capabilities that there are. */
u64 cred_cap_all(void);

#endif
