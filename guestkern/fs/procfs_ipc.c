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
	for (u64 i = 0; (p = ipc_next(&ipc_space()->shm, &i)); i++) {
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
	for (u64 i = 0; (p = ipc_next(&ipc_space()->sem, &i)); i++) {
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
	for (u64 i = 0; (p = ipc_next(&ipc_space()->msg, &i)); i++) {
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

/* --- /proc/sys/kernel ---------------------------------------------------------------- */

/* A limit of the current name space: the table names that of the first one. */
static void *here(const void *in_first)
{
	size_t offset = (size_t)((const u8 *)in_first - (const u8 *)&ipc_first_space);

	return (u8 *)ipc_space() + offset;
}

int proc_show_ipc_number(struct textbuf *tb, const struct proc_target *t)
{
	const s64 *value = here(t->entry->number->value);

	textbuf_printf(tb, "%lld\n", (long long)*value);
	return 0;
}

int proc_write_ipc_number(const struct proc_target *t, const char *text, size_t len)
{
	const struct proc_number *number = t->entry->number;

	return proc_set_number(number, here(number->value), text, len);
}

/* An unsigned long: 0, -EINVAL. */
static int write_long(u64 *to, const char *text, size_t len)
{
	u64 value = 0, digit;

	if (!len)
		return 0;
	for (; *text; text++) {
		digit = (u64)(*text - '0');
		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		value = value * 10 + digit;
	}
	*to = value;
	return 0;
}

int proc_show_shmmax(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%llu\n", (ull)ipc_space()->shm_bytes_max);
	return 0;
}

int proc_write_shmmax(const struct proc_target *t, const char *text, size_t len)
{
	(void)t;
	return write_long(&ipc_space()->shm_bytes_max, text, len);
}

int proc_show_shmall(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%llu\n", (ull)ipc_space()->shm_pages_max);
	return 0;
}

int proc_write_shmall(const struct proc_target *t, const char *text, size_t len)
{
	(void)t;
	return write_long(&ipc_space()->shm_pages_max, text, len);
}

int proc_show_sem(struct textbuf *tb, const struct proc_target *t)
{
	const struct ipc_space *space = ipc_space();

	(void)t;
	textbuf_printf(tb, "%lld\t%lld\t%lld\t%lld\n", (long long)space->sem_per_set_max,
		       (long long)space->sem_max, (long long)space->sem_ops_max,
		       (long long)space->sem.max);
	return 0;
}

/* Up to four numbers; those that are not there stay as they are. */
int proc_write_sem(const struct proc_target *t, const char *text, size_t len)
{
	struct ipc_space *space = ipc_space();
	s64 *const to[] = { &space->sem_per_set_max, &space->sem_max, &space->sem_ops_max,
			    &space->sem.max };
	static const s64 max[] = { INT32_MAX, INT32_MAX, INT32_MAX, IPC_INDEX_MAX };
	char word[24];
	s64 value;

	(void)t;
	(void)len;
	for (u32 i = 0; i < ARRAY_SIZE(to); i++) {
		u32 n = 0;

		while (*text == ' ' || *text == '\t')
			text++;
		while (*text && *text != ' ' && *text != '\t' && n < sizeof(word) - 1)
			word[n++] = *text++;
		word[n] = '\0';
		if (!n)
			return 0;
		if (proc_parse_number(word, &value) || value < 0 || value > max[i])
			return -EINVAL;
		*to[i] = value;
	}
	return 0;
}
