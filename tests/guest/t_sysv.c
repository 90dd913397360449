/*
 * System V IPC: shared memory, semaphores, message queues; and what /proc/sysvipc
 * says of them.
 */
#include <fcntl.h>
#include <linux/msg.h>
#include <linux/sem.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define SHM_RDONLY 010000
#define SHM_RND 020000
#define SHM_DEST 01000
#define KEY 0x4c6f6467
#define PAGE 4096

/* asm/shmbuf.h, which wants more headers than it names */
struct shm_status {
	struct ipc64_perm perm;
	unsigned long segsz;
	long atime, dtime, ctime;
	int cpid, lpid;
	unsigned long nattch, unused[2];
};

static long result(long ret)
{
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = (int)-ret;
	return -1;
}

/* ---- shared memory ------------------------------------------------------------ */

static long shm_get(int key, unsigned long size, int flags)
{
	return result(sys3(__NR_shmget, key, (long)size, flags));
}

static long shm_at(long id, void *addr, int flags)
{
	return result(sys3(__NR_shmat, id, (long)addr, flags));
}

static long shm_dt(void *addr)
{
	return result(sys1(__NR_shmdt, (long)addr));
}

static long shm_ctl(long id, int cmd, void *arg)
{
	return result(sys3(__NR_shmctl, id, cmd, (long)arg));
}

static struct shm_status shm_stat(long id)
{
	struct shm_status ds;

	CHECK_OK(shm_ctl(id, IPC_STAT, &ds));
	return ds;
}

static void shm_ends(long id)
{
	CHECK_OK(shm_ctl(id, IPC_RMID, NULL));
}

static void shm_is_shared(void)
{
	long id = CHECK_OK(shm_get(IPC_PRIVATE, 3 * PAGE + 5, IPC_CREAT | 0600));
	volatile char *a = (char *)CHECK_OK(shm_at(id, NULL, 0));
	volatile char *b = (char *)CHECK_OK(shm_at(id, NULL, SHM_RDONLY));
	struct shm_status ds;

	CHECK(a != b);
	a[4 * PAGE - 1] = 7;
	CHECK_EQ(b[4 * PAGE - 1], 7);
	ds = shm_stat(id);
	CHECK_EQ(ds.segsz, 3 * PAGE + 5);
	CHECK_EQ(ds.nattch, 2);
	CHECK_EQ(ds.cpid, getpid());
	CHECK_EQ(ds.perm.mode, 0600);
	if (test_fork() == 0) {
		CHECK_EQ(shm_stat(id).nattch, 4);
		a[0] = 8;
		_exit(0);
	}
	CHECK_OK(wait(NULL));
	CHECK_EQ(b[0], 8);
	CHECK_EQ(shm_stat(id).nattch, 2);
	CHECK_OK(shm_dt((void *)a));
	CHECK_ERR(shm_dt((void *)a), EINVAL);
	CHECK_EQ(shm_stat(id).nattch, 1);
	CHECK_EQ(b[4 * PAGE - 1], 7);
	shm_ends(id);
	CHECK_EQ(shm_stat(id).perm.mode, 0600 | SHM_DEST);
	CHECK_OK(shm_dt((void *)b));
	CHECK_ERR(shm_ctl(id, IPC_RMID, NULL), EINVAL);
}

static void shm_keys(void)
{
	long id, other;

	CHECK_ERR(shm_get(KEY, PAGE, 0600), ENOENT);
	id = CHECK_OK(shm_get(KEY, PAGE, IPC_CREAT | 0600));
	CHECK_EQ(shm_get(KEY, PAGE, 0600), id);
	CHECK_EQ(shm_get(KEY, 0, 0), id);
	CHECK_ERR(shm_get(KEY, 2 * PAGE, 0), EINVAL);
	CHECK_ERR(shm_get(KEY, PAGE, IPC_CREAT | IPC_EXCL | 0600), EEXIST);
	CHECK_ERR(shm_get(KEY + 1, 0, IPC_CREAT | 0600), EINVAL);
	CHECK_ERR(shm_get(KEY + 1, -1UL, IPC_CREAT | 0600), EINVAL);
	shm_ends(id);
	CHECK_ERR(shm_get(KEY, PAGE, 0600), ENOENT);
	other = CHECK_OK(shm_get(KEY, PAGE, IPC_CREAT | 0600));
	CHECK(other != id); /* ids are not used again soon */
	CHECK_ERR(shm_at(id, NULL, 0), EINVAL);
	shm_ends(other);
}

static void shm_places(void)
{
	long id = CHECK_OK(shm_get(IPC_PRIVATE, 2 * PAGE, 0600));
	char *a = (char *)CHECK_OK(shm_at(id, NULL, 0));

	CHECK_ERR(shm_at(id, a + PAGE, 0), EINVAL); /* taken */
	CHECK_ERR(shm_at(id, a + 1, 0), EINVAL);
	CHECK_ERR(shm_dt(a + PAGE), EINVAL);
	CHECK_OK(shm_dt(a));
	CHECK_EQ(shm_at(id, a + 17, SHM_RND), (long)a);
	CHECK_OK(shm_dt(a));
	CHECK_ERR(shm_at(-1, NULL, 0), EINVAL);
	shm_ends(id);
}

static void shm_end_with_process(void)
{
	long id = CHECK_OK(shm_get(IPC_PRIVATE, PAGE, 0600));
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(shm_at(id, NULL, 0));
		shm_ends(id);
		CHECK_EQ(shm_stat(id).nattch, 1);
		CHECK_OK(shm_at(id, NULL, 0)); /* by its id, still */
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_ERR(shm_ctl(id, IPC_RMID, NULL), EINVAL);
}

static long foreign_id;

static void as_stranger(void)
{
	struct shm_status ds;

	CHECK_ERR(shm_at(foreign_id, NULL, 0), EACCES);
	CHECK_OK(shm_at(foreign_id, NULL, SHM_RDONLY));
	CHECK_OK(shm_ctl(foreign_id, IPC_STAT, &ds));
	CHECK_ERR(shm_ctl(foreign_id, IPC_SET, &ds), EPERM);
	CHECK_ERR(shm_ctl(foreign_id, IPC_RMID, NULL), EPERM);
}

static void shm_rights(void)
{
	struct shm_status ds;

	test_need_root();
	foreign_id = CHECK_OK(shm_get(IPC_PRIVATE, PAGE, 0644));
	test_as_user(as_stranger);
	ds = shm_stat(foreign_id);
	ds.perm.uid = 1000;
	ds.perm.mode = 0400;
	CHECK_OK(shm_ctl(foreign_id, IPC_SET, &ds));
	CHECK_EQ(shm_stat(foreign_id).perm.mode, 0400);
	shm_ends(foreign_id);
}

/* ---- semaphores ----------------------------------------------------------------- */

static long sem_new(int count)
{
	return CHECK_OK(result(sys3(__NR_semget, IPC_PRIVATE, count, 0600)));
}

static long sem_ctl(long id, int num, int cmd, long arg)
{
	return result(sys4(__NR_semctl, id, num, cmd, arg));
}

static long sem_do(long id, struct sembuf *ops, int count)
{
	return result(sys3(__NR_semop, id, (long)ops, count));
}

static long sem_one(long id, int num, int op, int flags)
{
	struct sembuf s = { (unsigned short)num, (short)op, (short)flags };

	return sem_do(id, &s, 1);
}

static void sem_values(void)
{
	unsigned short all[3] = { 1, 2, 3 };
	long id = sem_new(3);

	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 0);
	CHECK_OK(sem_ctl(id, 0, SETALL, (long)all));
	memset(all, 0, sizeof(all));
	CHECK_OK(sem_ctl(id, 0, GETALL, (long)all));
	CHECK_EQ(all[2], 3);
	CHECK_OK(sem_ctl(id, 1, SETVAL, 32767));
	CHECK_ERR(sem_ctl(id, 1, SETVAL, 32768), ERANGE);
	CHECK_ERR(sem_ctl(id, 1, SETVAL, -1), ERANGE);
	CHECK_ERR(sem_ctl(id, 3, SETVAL, 1), EINVAL);
	CHECK_ERR(sem_ctl(id, 3, GETVAL, 0), EINVAL);
	CHECK_ERR(sem_one(id, 1, 1, 0), ERANGE);
	CHECK_ERR(sem_one(id, 3, 1, 0), EFBIG);
	CHECK_ERR(sem_do(id, NULL, 0), EINVAL);
	CHECK_ERR(sem_do(id, NULL, 501), E2BIG);
	CHECK_ERR(sem_do(id, test_bad_pointer, 1), EFAULT);
	CHECK_ERR(sem_one(id, 0, -2, IPC_NOWAIT), EAGAIN);
	CHECK_ERR(sem_one(id, 0, 0, IPC_NOWAIT), EAGAIN);
	CHECK_OK(sem_one(id, 0, -1, 0));
	CHECK_OK(sem_one(id, 0, 0, 0));
	CHECK_EQ(sem_ctl(id, 0, GETPID, 0), getpid());
	CHECK_OK(sem_ctl(id, 0, IPC_RMID, 0));
	CHECK_ERR(sem_one(id, 0, 0, 0), EINVAL);
	CHECK_ERR(result(sys3(__NR_semget, IPC_PRIVATE, 0, 0600)), EINVAL);
	CHECK_ERR(result(sys3(__NR_semget, IPC_PRIVATE, -1, 0600)), EINVAL);
}

/* All operations of a call happen, or none. */
static void sem_all_or_none(void)
{
	struct sembuf ops[2] = { { 0, 5, 0 }, { 1, -1, IPC_NOWAIT } };
	long id = sem_new(2);

	CHECK_ERR(sem_do(id, ops, 2), EAGAIN);
	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 0);
	ops[1].sem_op = 32767;
	CHECK_OK(sem_do(id, ops, 2));
	CHECK_ERR(sem_do(id, ops, 2), ERANGE);
	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 5);
	CHECK_OK(sem_ctl(id, 0, IPC_RMID, 0));
}

static void sem_waiting(void)
{
	long id = sem_new(2);
	pid_t up, zero;

	CHECK_OK(sem_ctl(id, 1, SETVAL, 1));
	up = test_fork();
	if (up == 0)
		_exit(sem_one(id, 0, -2, 0) == 0 ? 0 : 1);
	zero = test_fork();
	if (zero == 0)
		_exit(sem_one(id, 1, 0, 0) == 0 ? 0 : 1);
	WAIT_UNTIL(sem_ctl(id, 0, GETNCNT, 0) == 1);
	WAIT_UNTIL(sem_ctl(id, 1, GETZCNT, 0) == 1);
	CHECK_EQ(sem_ctl(id, 0, GETZCNT, 0), 0);
	CHECK_OK(sem_one(id, 0, 1, 0));
	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 1); /* not enough */
	CHECK_OK(sem_one(id, 0, 1, 0));
	test_wait_ok(up);
	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 0);
	CHECK_EQ(sem_ctl(id, 0, GETPID, 0), up);
	CHECK_OK(sem_one(id, 1, -1, 0));
	test_wait_ok(zero);
	CHECK_OK(sem_ctl(id, 0, IPC_RMID, 0));
}

static void note(int sig)
{
	(void)sig;
}

static void sem_interrupted(void)
{
	struct timespec t = { 0, 5000000 };
	struct sembuf s = { 0, -1, 0 };
	struct sigaction sa;
	long id = sem_new(1);
	int told[2];
	pid_t pid;
	char c;

	CHECK_OK(pipe(told));
	CHECK_ERR(result(sys4(__NR_semtimedop, id, (long)&s, 1, (long)&t)), EAGAIN);
	t.tv_nsec = -1;
	CHECK_ERR(result(sys4(__NR_semtimedop, id, (long)&s, 1, (long)&t)), EINVAL);
	pid = test_fork();
	if (pid == 0) {
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = note;
		sa.sa_flags = SA_RESTART;
		CHECK_OK(sigaction(SIGUSR1, &sa, NULL));
		CHECK_ERR(sem_one(id, 0, -1, 0), EINTR);
		CHECK_EQ(write(told[1], "i", 1), 1);
		CHECK_ERR(sem_one(id, 0, -1, 0), EIDRM);
		_exit(0);
	}
	WAIT_UNTIL(sem_ctl(id, 0, GETNCNT, 0) == 1);
	CHECK_OK(kill(pid, SIGUSR1));
	CHECK_EQ(read(told[0], &c, 1), 1);
	WAIT_UNTIL(sem_ctl(id, 0, GETNCNT, 0) == 1);
	CHECK_OK(sem_ctl(id, 0, IPC_RMID, 0));
	test_wait_ok(pid);
}

static void sem_undone(void)
{
	long id = sem_new(2);
	pid_t pid;

	CHECK_OK(sem_ctl(id, 0, SETVAL, 5));
	pid = test_fork();
	if (pid == 0) {
		CHECK_OK(sem_one(id, 0, -3, SEM_UNDO));
		CHECK_OK(sem_one(id, 0, 1, SEM_UNDO));
		CHECK_OK(sem_one(id, 1, 2, SEM_UNDO));
		CHECK_OK(sem_ctl(id, 1, SETVAL, 9)); /* forgets that one */
		if (test_fork() == 0)
			_exit(0); /* not inherited */
		wait(NULL);
		CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 3);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_EQ(sem_ctl(id, 0, GETVAL, 0), 5);
	CHECK_EQ(sem_ctl(id, 1, GETVAL, 0), 9);
	CHECK_OK(sem_ctl(id, 0, IPC_RMID, 0));
}

/* ---- messages --------------------------------------------------------------------- */

struct text {
	long type;
	char text[64];
};

static long msg_put(long id, long type, const char *text, int flags)
{
	struct text m = { .type = type };

	strcpy(m.text, text);
	return result(sys4(__NR_msgsnd, id, (long)&m, (long)strlen(text) + 1, flags));
}

static long msg_take(long id, struct text *m, long size, long type, int flags)
{
	return result(sys6(__NR_msgrcv, id, (long)m, size, type, flags, 0));
}

static long msg_new(void)
{
	return CHECK_OK(result(sys2(__NR_msgget, IPC_PRIVATE, 0600)));
}

static long msg_ctl(long id, int cmd, void *arg)
{
	return result(sys3(__NR_msgctl, id, cmd, (long)arg));
}

static void msg_types(void)
{
	long id = msg_new();
	struct msqid64_ds ds;
	struct text m;

	CHECK_OK(msg_put(id, 3, "three", 0));
	CHECK_OK(msg_put(id, 1, "one", 0));
	CHECK_OK(msg_put(id, 2, "two", 0));
	CHECK_OK(msg_put(id, 1, "uno", 0));
	CHECK_OK(msg_ctl(id, IPC_STAT, &ds));
	CHECK_EQ(ds.msg_qnum, 4);
	CHECK_EQ(ds.msg_cbytes, 18);
	CHECK_EQ(msg_take(id, &m, 64, 2, 0), 4);
	CHECK_STR(m.text, "two");
	CHECK_EQ(msg_take(id, &m, 64, -2, 0), 4);
	CHECK_STR(m.text, "one");
	CHECK_EQ(msg_take(id, &m, 64, 3, MSG_EXCEPT), 4);
	CHECK_STR(m.text, "uno");
	CHECK_ERR(msg_take(id, &m, 2, 0, 0), E2BIG);
	CHECK_ERR(msg_take(id, &m, 64, 9, IPC_NOWAIT), ENOMSG);
	CHECK_EQ(msg_take(id, &m, 2, 0, MSG_NOERROR), 2);
	CHECK_EQ(m.type, 3);
	CHECK_ERR(msg_take(id, &m, 64, 0, IPC_NOWAIT), ENOMSG);
	CHECK_ERR(msg_put(id, 0, "x", 0), EINVAL);
	CHECK_ERR(result(sys4(__NR_msgsnd, id, (long)&m, 8193, 0)), EINVAL);
	CHECK_ERR(result(sys4(__NR_msgsnd, id, 0, 1, 0)), EFAULT);
	CHECK_OK(msg_ctl(id, IPC_RMID, NULL));
	CHECK_ERR(msg_put(id, 1, "x", 0), EINVAL);
}

static void msg_full(void)
{
	long id = msg_new(), n = 0;
	struct text m;
	pid_t pid;

	while (msg_put(id, 1, "0123456789012345678901234567890", IPC_NOWAIT) == 0)
		n++;
	CHECK_EQ(errno, EAGAIN);
	CHECK_EQ(n, 16384 / 32);
	pid = test_fork();
	if (pid == 0)
		_exit(msg_put(id, 2, "waited", 0) == 0 ? 0 : 1);
	test_nap();
	CHECK_EQ(msg_take(id, &m, 64, 1, 0), 32);
	CHECK_EQ(msg_take(id, &m, 64, 2, 0), 7);
	test_wait_ok(pid);
	CHECK_OK(msg_ctl(id, IPC_RMID, NULL));
}

static void msg_removed(void)
{
	long id = msg_new();
	struct text m;
	int ready[2];
	pid_t pid;
	char c;

	CHECK_OK(pipe(ready));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(write(ready[1], "r", 1), 1);
		CHECK_ERR(msg_take(id, &m, 64, 0, 0), EIDRM);
		_exit(0);
	}
	CHECK_EQ(read(ready[0], &c, 1), 1);
	test_nap();
	test_nap();
	CHECK_OK(msg_ctl(id, IPC_RMID, NULL));
	test_wait_ok(pid);
}

/* ---- listings ------------------------------------------------------------------------ */

static void listings(void)
{
	long shm = CHECK_OK(shm_get(KEY, PAGE, IPC_CREAT | 0600));
	long sem = sem_new(4), msg = msg_new();
	char line[64], text[8192];
	struct seminfo info;

	snprintf(line, sizeof(line), "%10d %10ld   600", KEY, shm);
	test_read_file("/proc/sysvipc/shm", text, sizeof(text));
	CHECK(strstr(text, line));
	snprintf(line, sizeof(line), "%10d %10ld   600          4", 0, sem);
	test_read_file("/proc/sysvipc/sem", text, sizeof(text));
	CHECK(strstr(text, line));
	snprintf(line, sizeof(line), "%10d %10ld   600           0          0", 0, msg);
	test_read_file("/proc/sysvipc/msg", text, sizeof(text));
	CHECK(strstr(text, line));
	CHECK(sem_ctl(0, 0, IPC_INFO, (long)&info) >= 0);
	CHECK_EQ(info.semopm, 500);
	CHECK_EQ(info.semvmx, 32767);
	shm_ends(shm);
	CHECK_OK(sem_ctl(sem, 0, IPC_RMID, 0));
	CHECK_OK(msg_ctl(msg, IPC_RMID, NULL));
}

static const struct test_case cases[] = {
	{ "shm: shared, counted", shm_is_shared },
	{ "shm: keys and sizes", shm_keys },
	{ "shm: places", shm_places },
	{ "shm: removed with its last user", shm_end_with_process },
	{ "shm: rights", shm_rights },
	{ "sem: values and errors", sem_values },
	{ "sem: all operations or none", sem_all_or_none },
	{ "sem: waiting", sem_waiting },
	{ "sem: signals, time, removal", sem_interrupted },
	{ "sem: SEM_UNDO", sem_undone },
	{ "msg: types", msg_types },
	{ "msg: a full queue", msg_full },
	{ "msg: removal wakes", msg_removed },
	{ "listings", listings },
};

TEST_MAIN(cases)
