/*
 * What becomes of capabilities when a program is executed: capabilities(7),
 * "Transformation of capabilities during execve()" and what follows there. In the
 * order of Linux's cap_bprm_creds_from_file.
 */
#include "lib/err.h"
#include "proc/cred.h"

#include <linux/securebits.h>

static bool is_subset(u64 set, u64 of)
{
	return !(set & ~of);
}

/* What the file gives; a file of user 0's program gives all. */
static int apply_file(struct cred *cred, const struct cred_file_caps *file, bool *effective)
{
	u64 inheritable = cred->cap_inheritable, bounding = cred->cap_bounding;

	cred->cap_permitted = 0;
	*effective = false;
	if (file->present) {
		cred->cap_permitted = (bounding & file->permitted) |
				      (inheritable & file->inheritable);
		*effective = file->effective;
		/* a program that would not know that it lacks some must not run */
		if (file->effective && !is_subset(file->permitted, cred->cap_permitted))
			return -EPERM;
	}
	if (cred_has_securebit(cred, SECBIT_NOROOT))
		return 0;
	if (file->present && cred->uid != 0 && cred->euid == 0)
		return 0; /* both: the file's capabilities count */
	if (cred->uid == 0 || cred->euid == 0)
		cred->cap_permitted = bounding | inheritable;
	if (cred->euid == 0)
		*effective = true;
	return 0;
}

int cred_exec(struct cred *cred, const struct cred *old,
	      const struct cred_file_caps *file, bool *secure)
{
	bool set_id = cred->euid != old->euid || cred->egid != old->egid;
	bool effective;
	int err = apply_file(cred, file, &effective);

	if (err)
		return err;
	if ((set_id || !is_subset(cred->cap_permitted, old->cap_permitted)) &&
	    old->no_new_privs) {
		cred->euid = cred->uid;
		cred->egid = cred->gid;
		cred->cap_permitted &= old->cap_permitted;
	}
	cred->suid = cred->fsuid = cred->euid;
	cred->sgid = cred->fsgid = cred->egid;
	if (file->present || set_id)
		cred->cap_ambient = 0;
	cred->cap_permitted |= cred->cap_ambient;
	cred->cap_effective = effective ? cred->cap_permitted : cred->cap_ambient;
	cred->securebits &= ~(u32)SECBIT_KEEP_CAPS;
	*secure = cred->uid != cred->euid || cred->gid != cred->egid ||
		  (cred->uid != 0 && (effective || !is_subset(cred->cap_permitted,
							      cred->cap_ambient)));
	return 0;
}
