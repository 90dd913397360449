/* What travels beside the bytes of a message: descriptors, credentials, and the
 * sender's name (SCM_RIGHTS, SCM_CREDENTIALS of unix(7)). */
#ifndef NET_SCM_H
#define NET_SCM_H

#include "net/abi.h"
#include "net/socket.h"

struct unix_name;

struct scm {
	struct unix_name *from; /* referenced, or NULL */
	struct user_cred cred;
	bool has_cred;
	struct scm *next_dead;
	u32 files;		/* referenced, and counted as in flight */
	struct file *file[];
};

/* From the control messages of a send: NULL in *scm when there is nothing in
 * them. -EINVAL, -EBADF, -EPERM, -ESRCH, -ENOMEM, -ETOOMANYREFS. */
int scm_parse(const u8 *cmsg, u64 bytes, struct scm **scm);
/* An empty one, or NULL. */
struct scm *scm_create(u32 files);
/* A copy with references of its own (MSG_PEEK), or NULL. */
struct scm *scm_copy(const struct scm *scm);
void scm_free(struct scm *scm);
/* Installs the files as descriptors of the current process and tells the
 * program; those that do not fit are dropped (MSG_CTRUNC). scm is left empty. */
void scm_deliver_files(struct net_msg *m, struct scm *scm);
/* May the current task claim to be cred? 0, -EPERM, -ESRCH. */
int scm_check_cred(const struct user_cred *cred);

#endif
