/*
 * Credentials: who may become whom, and what that does to capabilities
 * (credentials(7), capabilities(7)). Without user name spaces. What execve does to
 * capabilities is cred_exec.c's.
 */
#include "proc/cred.h"

#include "lib/err.h"
#include "lib/string.h"
#include "proc/task.h"

#include <linux/capability.h>
#include <linux/securebits.h>

#define CAP_BIT(cap) (1ULL << (cap))

/* What goes and comes with fsuid 0 (Linux: CAP_FS_SET). */
#define CAPS_OF_FSUID                                                       \
	(CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_MKNOD) | CAP_BIT(CAP_DAC_OVERRIDE) | \
	 CAP_BIT(CAP_DAC_READ_SEARCH) | CAP_BIT(CAP_FOWNER) |               \
	 CAP_BIT(CAP_FSETID) | CAP_BIT(CAP_LINUX_IMMUTABLE) |               \
	 CAP_BIT(CAP_MAC_OVERRIDE))

u64 cred_cap_all(void)
{
	return (CAP_BIT(CAP_LAST_CAP) << 1) - 1;
}

void cred_init(struct cred *cred, u32 uid, u32 gid)
{
	memset(cred, 0, sizeof(*cred));
	cred->uid = cred->euid = cred->suid = cred->fsuid = uid;
	cred->gid = cred->egid = cred->sgid = cred->fsgid = gid;
	cred->cap_bounding = cred_cap_all();
	if (uid == 0)
		cred->cap_permitted = cred->cap_effective = cred_cap_all();
}

bool cred_in_group(const struct cred *cred, u32 gid)
{
	return gid == cred->egid || cred_groups_have(cred->groups, gid);
}

bool cred_capable(const struct cred *cred, int cap)
{
	return cap >= 0 && cap <= CAP_LAST_CAP &&
	       (cred->cap_effective & CAP_BIT(cap));
}

bool capable(int cap)
{
	return cred_capable(&current_task()->cred, cap);
}

/* --- user ids --------------------------------------------------------------------------- */

static bool any_root(const struct cred *cred)
{
	return cred->uid == 0 || cred->euid == 0 || cred->suid == 0;
}

/* capabilities(7), "Effect of user ID changes on capabilities". */
static void commit_uids(struct cred *cred, const struct cred *next)
{
	struct cred old = *cred;

	*cred = *next;
	if (cred_has_securebit(cred, SECBIT_NO_SETUID_FIXUP))
		return;
	if (any_root(&old) && !any_root(cred)) {
		if (!cred_has_securebit(cred, SECBIT_KEEP_CAPS)) {
			cred->cap_permitted = 0;
			cred->cap_effective = 0;
		}
		cred->cap_ambient = 0;
	}
	if (old.euid == 0 && cred->euid != 0)
		cred->cap_effective = 0;
	if (old.euid != 0 && cred->euid == 0)
		cred->cap_effective = cred->cap_permitted;
}

int cred_setuid(struct cred *cred, u32 uid)
{
	struct cred next = *cred;

	if (uid == CRED_KEEP)
		return -EINVAL;
	if (cred_capable(cred, CAP_SETUID))
		next.uid = next.suid = uid;
	else if (uid != cred->uid && uid != cred->suid)
		return -EPERM;
	next.euid = next.fsuid = uid;
	commit_uids(cred, &next);
	return 0;
}

int cred_setreuid(struct cred *cred, u32 ruid, u32 euid)
{
	bool may_all = cred_capable(cred, CAP_SETUID);
	struct cred next = *cred;

	if (ruid != CRED_KEEP) {
		next.uid = ruid;
		if (ruid != cred->uid && ruid != cred->euid && !may_all)
			return -EPERM;
	}
	if (euid != CRED_KEEP) {
		next.euid = euid;
		if (euid != cred->uid && euid != cred->euid &&
		    euid != cred->suid && !may_all)
			return -EPERM;
	}
	if (ruid != CRED_KEEP || (euid != CRED_KEEP && euid != cred->uid))
		next.suid = next.euid;
	next.fsuid = next.euid;
	commit_uids(cred, &next);
	return 0;
}

static bool is_own_uid(const struct cred *cred, u32 uid)
{
	return uid == CRED_KEEP || uid == cred->uid || uid == cred->euid ||
	       uid == cred->suid;
}

int cred_setresuid(struct cred *cred, u32 ruid, u32 euid, u32 suid)
{
	struct cred next = *cred;

	if (!cred_capable(cred, CAP_SETUID) &&
	    (!is_own_uid(cred, ruid) || !is_own_uid(cred, euid) ||
	     !is_own_uid(cred, suid)))
		return -EPERM;
	if (ruid != CRED_KEEP)
		next.uid = ruid;
	if (euid != CRED_KEEP)
		next.euid = euid;
	if (suid != CRED_KEEP)
		next.suid = suid;
	next.fsuid = next.euid;
	commit_uids(cred, &next);
	return 0;
}

u32 cred_setfsuid(struct cred *cred, u32 uid)
{
	u32 old = cred->fsuid;

	if (uid == CRED_KEEP)
		return old;
	if (!is_own_uid(cred, uid) && uid != old && !cred_capable(cred, CAP_SETUID))
		return old;
	cred->fsuid = uid;
	if (cred_has_securebit(cred, SECBIT_NO_SETUID_FIXUP))
		return old;
	if (old == 0 && uid != 0)
		cred->cap_effective &= ~CAPS_OF_FSUID;
	if (old != 0 && uid == 0)
		cred->cap_effective |= cred->cap_permitted & CAPS_OF_FSUID;
	return old;
}

/* --- group ids ------------------------------------------------------------------------------ */

int cred_setgid(struct cred *cred, u32 gid)
{
	if (gid == CRED_KEEP)
		return -EINVAL;
	if (cred_capable(cred, CAP_SETGID))
		cred->gid = cred->sgid = gid;
	else if (gid != cred->gid && gid != cred->sgid)
		return -EPERM;
	cred->egid = cred->fsgid = gid;
	return 0;
}

int cred_setregid(struct cred *cred, u32 rgid, u32 egid)
{
	bool may_all = cred_capable(cred, CAP_SETGID);
	struct cred next = *cred;

	if (rgid != CRED_KEEP) {
		next.gid = rgid;
		if (rgid != cred->gid && rgid != cred->egid && !may_all)
			return -EPERM;
	}
	if (egid != CRED_KEEP) {
		next.egid = egid;
		if (egid != cred->gid && egid != cred->egid &&
		    egid != cred->sgid && !may_all)
			return -EPERM;
	}
	if (rgid != CRED_KEEP || (egid != CRED_KEEP && egid != cred->gid))
		next.sgid = next.egid;
	next.fsgid = next.egid;
	*cred = next;
	return 0;
}

static bool is_own_gid(const struct cred *cred, u32 gid)
{
	return gid == CRED_KEEP || gid == cred->gid || gid == cred->egid ||
	       gid == cred->sgid;
}

int cred_setresgid(struct cred *cred, u32 rgid, u32 egid, u32 sgid)
{
	if (!cred_capable(cred, CAP_SETGID) &&
	    (!is_own_gid(cred, rgid) || !is_own_gid(cred, egid) ||
	     !is_own_gid(cred, sgid)))
		return -EPERM;
	if (rgid != CRED_KEEP)
		cred->gid = rgid;
	if (egid != CRED_KEEP)
		cred->egid = egid;
	if (sgid != CRED_KEEP)
		cred->sgid = sgid;
	cred->fsgid = cred->egid;
	return 0;
}

u32 cred_setfsgid(struct cred *cred, u32 gid)
{
	u32 old = cred->fsgid;

	if (gid != CRED_KEEP && (is_own_gid(cred, gid) || gid == old ||
				 cred_capable(cred, CAP_SETGID)))
		cred->fsgid = gid;
	return old;
}

/* --- capabilities ------------------------------------------------------------------------------- */

static bool is_subset(u64 set, u64 of)
{
	return !(set & ~of);
}

int cred_capset(struct cred *cred, u64 effective, u64 permitted, u64 inheritable)
{
	u64 all = cred_cap_all();

	effective &= all;
	permitted &= all;
	inheritable &= all;
	if (!cred_capable(cred, CAP_SETPCAP) &&
	    !is_subset(inheritable, cred->cap_inheritable | cred->cap_permitted))
		return -EPERM;
	if (!is_subset(inheritable, cred->cap_inheritable | cred->cap_bounding))
		return -EPERM;
	if (!is_subset(permitted, cred->cap_permitted) ||
	    !is_subset(effective, permitted))
		return -EPERM;
	cred->cap_effective = effective;
	cred->cap_permitted = permitted;
	cred->cap_inheritable = inheritable;
	cred->cap_ambient &= permitted & inheritable;
	return 0;
}

int cred_set_securebits(struct cred *cred, u64 bits)
{
	u32 old = cred->securebits, locks = old & SECURE_ALL_LOCKS;

	if (((locks >> 1) & (old ^ (u32)bits)) || (locks & ~bits) ||
	    (bits & ~(u64)(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) ||
	    !cred_capable(cred, CAP_SETPCAP))
		return -EPERM;
	cred->securebits = (u32)bits;
	return 0;
}

int cred_set_keep_caps(struct cred *cred, bool keep)
{
	if (cred_has_securebit(cred, SECBIT_KEEP_CAPS_LOCKED))
		return -EPERM;
	cred->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	if (keep)
		cred->securebits |= SECBIT_KEEP_CAPS;
	return 0;
}

int cred_raise_ambient(struct cred *cred, int cap)
{
	if (!(cred->cap_permitted & cred->cap_inheritable & CAP_BIT(cap)) ||
	    cred_has_securebit(cred, SECBIT_NO_CAP_AMBIENT_RAISE))
		return -EPERM;
	cred->cap_ambient |= CAP_BIT(cap);
	return 0;
}

int cred_drop_bounding(struct cred *cred, int cap)
{
	if (!cred_capable(cred, CAP_SETPCAP))
		return -EPERM;
	cred->cap_bounding &= ~CAP_BIT(cap);
	return 0;
}
