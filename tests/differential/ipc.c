/* System V IPC, message queues, extended attributes. */
#include "diff.h"

#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/xattr.h>
#include <time.h>

static void c_shm(void)
{
	struct shmid_ds ds;
	int id;
	char *p;

	R(shmget(IPC_PRIVATE, 0, 0600));
	R(shmget(0x7777123, 100, 0600));
	id = (int)OK(shmget(IPC_PRIVATE, 5000, 0600));
	R(shmctl(id, IPC_STAT, &ds));
	V(ds.shm_segsz);
	V(ds.shm_nattch);
	p = shmat(id, NULL, 0);
	V(p != (void *)-1);
	R(shmctl(id, IPC_STAT, &ds));
	V(ds.shm_nattch);
	R(shmctl(id, 99, &ds));
	R(shmctl(-1, IPC_STAT, &ds));
	R(shmat(-1, NULL, 0) == (void *)-1);
	R(shmat(id, (void *)1, 0) == (void *)-1 ? -1 : 0);
	R(shmdt(p + 4096));
	R(shmctl(id, IPC_RMID, NULL));
	R(shmdt(p));
	R(shmctl(id, IPC_STAT, &ds));
}

static void c_sem(void)
{
	struct sembuf op = { 0, -1, IPC_NOWAIT }, up = { 0, 2, 0 }, far = { 9, 1, 0 };
	struct timespec soon = { 0, 1000 };
	int id;

	R(semget(IPC_PRIVATE, 0, 0600));
	R(semget(IPC_PRIVATE, 100000, 0600));
	id = (int)OK(semget(IPC_PRIVATE, 2, 0600));
	R(semop(id, &op, 1));
	R(semop(id, &up, 1));
	R(semop(id, &op, 1));
	R(semctl(id, 0, GETVAL));
	R(semctl(id, 0, SETVAL, 40000));
	R(semctl(id, 5, GETVAL));
	R(semctl(id, 0, GETPID) == getpid());
	R(semop(id, &far, 1));
	R(semop(id, &op, 0));
	R(semop(id, &op, 1000));
	op.sem_op = -5;
	op.sem_flg = 0;
	R(semtimedop(id, &op, 1, &soon));
	R(semop(-1, &op, 1));
	R(semctl(id, 0, IPC_RMID));
	R(semctl(id, 0, GETVAL));
}

static void c_msg(void)
{
	struct { long type; char text[32]; } m = { 5, "hello" };
	int id;

	id = (int)OK(msgget(IPC_PRIVATE, 0600));
	R(msgsnd(id, &m, 6, 0));
	m.type = 0;
	R(msgsnd(id, &m, 6, 0));
	m.type = 3;
	R(msgsnd(id, &m, 100000, 0));
	R(msgrcv(id, &m, 2, 0, 0));
	R(msgrcv(id, &m, 32, 9, IPC_NOWAIT));
	R(msgrcv(id, &m, 2, 5, MSG_NOERROR));
	R(msgrcv(id, &m, 32, 0, IPC_NOWAIT));
	R(msgsnd(-1, &m, 1, 0));
	R(msgctl(id, IPC_RMID, NULL));
	R(msgrcv(id, &m, 32, 0, IPC_NOWAIT));
}

static void c_mqueue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 2, .mq_msgsize = 8 };
	char buf[8];
	unsigned int prio;
	mqd_t q;

	R(mq_open("/diff-none", O_RDWR));
	R(mq_open("/diff/x", O_RDWR | O_CREAT, 0600, &attr));
	R(mq_unlink("/diff-none"));
	mq_unlink("/diff-queue");
	q = (mqd_t)OK(mq_open("/diff-queue", O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr));
	R(mq_receive(q, buf, 8, &prio));
	R(mq_receive(q, buf, 7, &prio));
	R(mq_send(q, "one", 3, 1));
	R(mq_send(q, "two", 3, 2));
	R(mq_send(q, "three", 5, 3));
	R(mq_send(q, "too long", 9, 3));
	R(mq_send(q, "x", 1, 40000));
	R(mq_receive(q, buf, 8, &prio));
	V(prio);
	R(mq_getattr(q, &attr));
	V(attr.mq_curmsgs);
	R(mq_unlink("/diff-queue"));
	R(mq_close(q));
	R(mq_close(q));
}

static void c_xattr(void)
{
	char buf[64], name[300];
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	memset(name, 'n', 299);
	memcpy(name, "user.", 5);
	name[299] = '\0';
	symlink("f", "s");
	R(setxattr("f", "noname", "v", 1, 0));
	R(setxattr("f", "", "v", 1, 0));
	R(setxattr("f", name, "v", 1, 0));
	R(setxattr("f", "user.x", "v", 1, 9));
	R(setxattr("f", "user.x", "v", 100000, 0));
	R(setxattr("f", "user.x", BAD, 10, 0));
	R(setxattr("none", "user.x", "v", 1, 0));
	R(getxattr("f", "user.none", buf, 64));
	R(getxattr("f", "other.x", buf, 64));
	R(removexattr("f", "user.none"));
	R(listxattr("f", buf, 0));
	R(fgetxattr(99, "user.x", buf, 64));
	R(fsetxattr(fd, "user.x", "value", 5, XATTR_REPLACE));
	R(setxattr("f", "user.a", "value", 5, 0));
	R(setxattr("f", "user.a", "value", 5, XATTR_CREATE));
	R(getxattr("f", "user.a", buf, 2));
	R(getxattr("f", "user.a", buf, 64));
	R(getxattr("f", "user.a", NULL, 0));
	R(listxattr("f", buf, 64));
	R(listxattr("f", buf, 3));
	R(lsetxattr("s", "user.a", "v", 1, 0));
	R(setxattr("f", "trusted.a", "v", 1, 0));
	R(setxattr("f", "user.", "v", 1, 0));
	R(lgetxattr("s", "user.a", buf, 64));
	R(llistxattr("s", buf, 64));
	R(lremovexattr("s", "user.a"));
	R(fremovexattr(fd, "user.none"));
	R(getxattr("f", "user.a", BAD, 64));
	R(listxattr("f", BAD, 64));
	R(listxattr("none", buf, 64));
	R(removexattr("f", "user.a"));
	R(getxattr("f", "user.a", buf, 64));
}

static void c_mqueue_close(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_NONE };
	mqd_t q = mq_open("/lodger_diff_close", O_RDWR | O_CREAT, 0600, NULL), d;

	R(mq_unlink("/lodger_diff_close"));
	R(mq_notify(q, &ev));
	R(mq_notify(q, &ev));
	d = dup(q);
	R(mq_notify(d, &ev));
	R(close(d));
	R(mq_notify(q, &ev));
	R(mq_notify(q, NULL));
	R(mq_notify(q, NULL));
}

static const struct diff_case cases[] = {
	{ "closing a message queue", c_mqueue_close },
	{ "shared memory", c_shm },
	{ "semaphores", c_sem },
	{ "messages", c_msg },
	{ "message queues", c_mqueue },
	{ "xattr", c_xattr },
};
DIFF_TABLE(ipc_table, cases);
