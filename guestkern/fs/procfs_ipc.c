/* /proc/sysvipc, as ipc/util.c and its kinds print it. */
#include "fs/procfs.h"
#include "fs/shm.h"
#include "lib/err.h"

typedef unsigned long long ull;

int proc_show_sysvipc_shm(struct textbuf *tb, const struct proc_target *t)
{
	const struct shm_segment *s;
	struct ipc_object *p;

	(void)t;
	textbuf_printf(tb, "       key      shmid perms                  size  cpid  lpid nattch"
			   "   uid   gid  cuid  cgid      atime      dtime      ctime"
			   "                   rss                  swap\n");
	for (u64 i = 0; (p = ipc_next(&shm_ids, &i)); i++) {
		s = container_of(p, struct shm_segment, perm);
		textbuf_printf(tb, "%10d %10d  %4o %21llu %5u %5u  %5llu %5u %5u %5u %5u "
				   "%10lld %10lld %10lld %21llu %21u\n",
			       p->key, p->id, p->mode, (ull)s->bytes, (u32)s->creator,
			       (u32)s->last, (ull)shm_attached(s), p->uid, p->gid, p->cuid,
			       p->cgid, (long long)s->atime, (long long)s->dtime,
			       (long long)p->ctime, (ull)(shm_resident(s) * PAGE_SIZE), 0u);
	}
	return 0;
}

int proc_show_sysvipc_sem(struct textbuf *tb, const struct proc_target *t)
{
	const struct sem_set *set;
	struct ipc_object *p;

	(void)t;
	textbuf_printf(tb, "       key      semid perms      nsems   uid   gid  cuid  cgid"
			   "      otime      ctime\n");
	for (u64 i = 0; (p = ipc_next(&sem_ids, &i)); i++) {
		set = container_of(p, struct sem_set, perm);
		textbuf_printf(tb, "%10d %10d  %4o %10u %5u %5u %5u %5u %10lld %10lld\n",
			       p->key, p->id, p->mode, set->count, p->uid, p->gid, p->cuid,
			       p->cgid, (long long)set->otime, (long long)p->ctime);
	}
	return 0;
}

int proc_show_sysvipc_msg(struct textbuf *tb, const struct proc_target *t)
{
	const struct msg_queue *q;
	struct ipc_object *p;

	(void)t;
	textbuf_printf(tb, "       key      msqid perms      cbytes       qnum lspid lrpid"
			   "   uid   gid  cuid  cgid      stime      rtime      ctime\n");
	for (u64 i = 0; (p = ipc_next(&msg_ids, &i)); i++) {
		q = container_of(p, struct msg_queue, perm);
		textbuf_printf(tb, "%10d %10d  %4o  %10llu %10u %5u %5u %5u %5u %5u %5u "
				   "%10lld %10lld %10lld\n",
			       p->key, p->id, p->mode, (ull)q->bytes, q->count,
			       (u32)q->sender, (u32)q->receiver, p->uid, p->gid, p->cuid,
			       p->cgid, (long long)q->stime, (long long)q->rtime,
			       (long long)p->ctime);
	}
	return 0;
}

static int show_number(struct textbuf *tb, ull number)
{
	textbuf_printf(tb, "%llu\n", number);
	return 0;
}

int proc_show_shmmax(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, SHM_BYTES_MAX);
}

int proc_show_shmall(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, SHM_PAGES_MAX);
}

int proc_show_shmmni(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, SHM_SEGMENTS_MAX);
}

int proc_show_msgmax(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, MSG_SIZE_MAX);
}

int proc_show_msgmnb(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, MSG_QUEUE_BYTES);
}

int proc_show_msgmni(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	return show_number(tb, MSG_QUEUES_MAX);
}

int proc_show_sem(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%u\t%u\t%u\t%u\n", SEM_PER_SET_MAX, SEM_TOTAL_MAX, SEM_OPS_MAX,
		       SEM_SETS_MAX);
	return 0;
}
