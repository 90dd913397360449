/*
 * SCM_RIGHTS and SCM_CREDENTIALS. A file in a message is referenced, so that
 * closing the sender's descriptor does not end it, and counted as in flight,
 * so that cycles of sockets in each other's queues can be found (unix_gc.c).
 */
#include "net/scm.h"

#include <linux/capability.h>
#include <linux/resource.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "net/unix.h"
#include "proc/task.h"

#define FD_BYTES sizeof(s32)

/* Files in all messages together, against descriptor bombs. */
static u64 files_in_flight;

static struct scm *dead; /* by next_dead */
static bool closing;

struct scm *scm_create(u32 files)
{
	return kzalloc(sizeof(struct scm) + files * sizeof(struct file *));
}

static void add_file(struct scm *scm, struct file *f)
{
	scm->file[scm->files++] = f;
	files_in_flight++;
	unix_inflight_add(f);
}

/* Takes the last file out; its reference is the caller's. */
static struct file *take_file(struct scm *scm)
{
	struct file *f = scm->file[--scm->files];

	files_in_flight--;
	unix_inflight_remove(f);
	return f;
}

struct scm *scm_copy(const struct scm *from)
{
	struct scm *scm = scm_create(from->files);

	if (!scm)
		return NULL;
	scm->cred = from->cred;
	scm->has_cred = from->has_cred;
	scm->from = from->from ? unix_name_get(from->from) : NULL;
	for (u32 i = 0; i < from->files; i++) {
		file_get(from->file[i]);
		add_file(scm, from->file[i]);
	}
	return scm;
}

/*
 * Closing a file may end a socket whose queue holds further messages with files,
 * and so on, as deep as a program likes to nest them: only the outermost call
 * closes, the others leave theirs to it.
 */
void scm_free(struct scm *scm)
{
	scm->next_dead = dead;
	dead = scm;
	if (closing)
		return;
	closing = true;
	while ((scm = dead)) {
		dead = scm->next_dead;
		while (scm->files)
			file_put(take_file(scm));
		unix_name_put(scm->from);
		kfree(scm);
	}
	closing = false;
}

/* --- sending ------------------------------------------------------------------------ */

int scm_check_cred(const struct user_cred *cred)
{
	const struct cred *own = &current_task()->cred;

	if (cred->pid != current_process()->pid && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (cred->uid != own->uid && cred->uid != own->euid && cred->uid != own->suid &&
	    !capable(CAP_SETUID))
		return -EPERM;
	if (cred->gid != own->gid && cred->gid != own->egid && cred->gid != own->sgid &&
	    !capable(CAP_SETGID))
		return -EPERM;
	return process_find(cred->pid) ? 0 : -ESRCH;
}

/* Descriptors of several messages add up. */
static int parse_rights(struct scm **scm, const u8 *data, u64 bytes)
{
	u32 count = (u32)(bytes / FD_BYTES), had = *scm ? (*scm)->files : 0;
	struct scm *wider;

	if (!count)
		return 0;
	if (had + count > SCM_MAX_FD)
		return -EINVAL;
	if (files_in_flight + count > current_process()->rlim[RLIMIT_NOFILE].cur &&
	    !capable(CAP_SYS_RESOURCE) && !capable(CAP_SYS_ADMIN))
		return -ETOOMANYREFS;
	wider = scm_create(had + count);
	if (!wider)
		return -ENOMEM;
	if (*scm) {
		memcpy(wider, *scm, sizeof(**scm) + had * sizeof(struct file *));
		kfree(*scm);
	}
	*scm = wider;
	for (u32 i = 0; i < count; i++) {
		struct file *f;
		s32 fd;

		memcpy(&fd, data + i * FD_BYTES, FD_BYTES);
		f = fd_get(fd);
		if (!f)
			return -EBADF;
		add_file(wider, f);
	}
	return 0;
}

static int parse_cred(struct scm **scm, const u8 *data, u64 bytes)
{
	struct user_cred cred;
	int err;

	if (bytes != sizeof(cred))
		return -EINVAL;
	memcpy(&cred, data, sizeof(cred));
	err = scm_check_cred(&cred);
	if (err)
		return err;
	if (!*scm)
		*scm = scm_create(0);
	if (!*scm)
		return -ENOMEM;
	(*scm)->cred = cred;
	(*scm)->has_cred = true;
	return 0;
}

static int parse_all(const u8 *cmsg, u64 bytes, struct scm **scm)
{
	struct cmsg_header h;
	int err = 0;

	while (bytes >= sizeof(h) && !err) {
		const u8 *data = cmsg + sizeof(h);

		memcpy(&h, cmsg, sizeof(h));
		if (h.len < sizeof(h) || h.len > bytes)
			return -EINVAL;
		if (h.level == SOL_SOCKET) {
			if (h.type == SCM_RIGHTS)
				err = parse_rights(scm, data, h.len - sizeof(h));
			else if (h.type == SCM_CREDENTIALS)
				err = parse_cred(scm, data, h.len - sizeof(h));
			else
				err = -EINVAL;
		}
		h.len = MIN(CMSG_ALIGN_(h.len), bytes);
		cmsg += h.len;
		bytes -= h.len;
	}
	return err;
}

int scm_parse(const u8 *cmsg, u64 bytes, struct scm **scm)
{
	int err;

	*scm = NULL;
	err = parse_all(cmsg, bytes, scm);
	if (err && *scm) {
		scm_free(*scm);
		*scm = NULL;
	}
	return err;
}

/* --- receiving ---------------------------------------------------------------------- */

/* Puts file i of scm into the table and its number where the program wants it. */
static int deliver_one(struct net_msg *m, struct file *f, u32 i)
{
	s32 fd;

	file_get(f);
	fd = fd_install(f, 0, m->flags & MSG_CMSG_CLOEXEC);
	if (fd < 0)
		return fd;
	if (put_user(fd, m->control.at + sizeof(struct cmsg_header) + i * FD_BYTES)) {
		fd_close(fd);
		return -EFAULT;
	}
	return 0;
}

void scm_deliver_files(struct net_msg *m, struct scm *scm)
{
	struct cmsg_header h = { 0, SOL_SOCKET, SCM_RIGHTS };
	struct net_control *c = &m->control;
	u32 room = 0, done = 0;
	u64 space;

	if (c->at && c->left > sizeof(h))
		room = (u32)MIN((c->left - sizeof(h)) / FD_BYTES, (u64)scm->files);
	while (done < room && deliver_one(m, scm->file[done], done) == 0)
		done++;
	if (done) {
		h.len = CMSG_LEN_(done * FD_BYTES);
		if (put_user(h, c->at) == 0) {
			space = MIN(CMSG_SPACE_(done * FD_BYTES), c->left);
			c->at += space;
			c->left -= space;
		}
	}
	if (done < scm->files)
		m->out_flags |= MSG_CTRUNC;
	while (scm->files)
		file_put(take_file(scm));
}
