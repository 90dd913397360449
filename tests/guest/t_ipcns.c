/*
 * IPC name spaces (ipc_namespaces(7)), and the limits in /proc/sys/kernel that each
 * has of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/ipc.h>
#include <linux/sched.h>

#define KEY 0x4c6f6468
#define PAGE 4096UL

static char text[256];

static long number(const char *path)
{
	test_read_file(path, text, sizeof(text));
	return strtol(text, NULL, 10);
}

/* ---- limits -------------------------------------------------------------------- */

static void limits_of_shm(void)
{
	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK(test_write_file("/proc/sys/kernel/shmmax", "8192") > 0);
	CHECK_ERR(SYS(shmget, KEY, 8193, IPC_CREAT | 0600), EINVAL);
	CHECK(test_write_file("/proc/sys/kernel/shmall", "3") > 0);
	CHECK_OK(SYS(shmget, KEY, 8192, IPC_CREAT | 0600));
	CHECK_ERR(SYS(shmget, KEY + 1, 8192, IPC_CREAT | 0600), ENOSPC);
	CHECK(test_write_file("/proc/sys/kernel/shmmni", "1") > 0);
	CHECK_ERR(SYS(shmget, KEY + 1, 1, IPC_CREAT | 0600), ENOSPC);
	CHECK_EQ(test_write_file("/proc/sys/kernel/shmmni", "32769"), -EINVAL);
	CHECK_EQ(test_write_file("/proc/sys/kernel/shmmax", "many"), -EINVAL);
}

static void limits_of_msg_and_sem(void)
{
	struct {
		long type;
		char text[32];
	} m = { 1, "" };
	long id;

	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK(test_write_file("/proc/sys/kernel/msgmax", "16") > 0);
	CHECK(test_write_file("/proc/sys/kernel/msgmnb", "32") > 0);
	id = CHECK_OK(SYS(msgget, KEY, IPC_CREAT | 0600));
	CHECK_ERR(SYS(msgsnd, id, &m, 17, IPC_NOWAIT), EINVAL);
	CHECK_OK(SYS(msgsnd, id, &m, 16, IPC_NOWAIT));
	CHECK_OK(SYS(msgsnd, id, &m, 16, IPC_NOWAIT));
	CHECK_ERR(SYS(msgsnd, id, &m, 1, IPC_NOWAIT), EAGAIN);
	CHECK(test_write_file("/proc/sys/kernel/msgmni", "1") > 0);
	CHECK_ERR(SYS(msgget, IPC_PRIVATE, 0600), ENOSPC);
	CHECK(test_write_file("/proc/sys/kernel/sem", "4 6 2 5") > 0);
	test_read_file("/proc/sys/kernel/sem", text, sizeof(text));
	CHECK_STR(text, "4\t6\t2\t5\n");
	CHECK_ERR(SYS(semget, IPC_PRIVATE, 5, 0600), EINVAL);
	CHECK_OK(SYS(semget, IPC_PRIVATE, 4, 0600));
	CHECK_ERR(SYS(semget, IPC_PRIVATE, 3, 0600), ENOSPC);
	CHECK_OK(SYS(semget, IPC_PRIVATE, 2, 0600));
}

struct attr {
	long flags, messages_max, bytes_max, messages, reserved[4];
};

static void small_queue(void)
{
	struct attr attr = { .messages_max = 4, .bytes_max = 200 };

	CHECK_ERR(SYS(mq_open, "u", O_RDWR | O_CREAT, 0600, &attr), EINVAL);
	attr.messages_max = 3;
	CHECK_OK(SYS(mq_open, "u", O_RDWR | O_CREAT, 0600, &attr));
	attr.bytes_max = 201;
	CHECK_ERR(SYS(mq_open, "v", O_RDWR | O_CREAT, 0600, &attr), EINVAL);
}

static void limits_of_queues(void)
{
	struct attr attr;
	long fd;

	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK(test_write_file("/proc/sys/fs/mqueue/msg_max", "3") > 0);
	CHECK(test_write_file("/proc/sys/fs/mqueue/msgsize_max", "200") > 0);
	fd = CHECK_OK(SYS(mq_open, "q", O_RDWR | O_CREAT, 0600, NULL));
	CHECK_OK(SYS(mq_getsetattr, fd, NULL, &attr));
	CHECK_EQ(attr.messages_max, 3);
	CHECK_EQ(attr.bytes_max, 200);
	test_as_user(small_queue);
	CHECK_EQ(test_write_file("/proc/sys/fs/mqueue/msg_max", "65537"), -EINVAL);
	CHECK_EQ(test_write_file("/proc/sys/fs/mqueue/msgsize_max", "127"), -EINVAL);
}

static void wanted_numbers(void)
{
	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK_EQ(number("/proc/sys/kernel/shm_next_id"), -1);
	CHECK(test_write_file("/proc/sys/kernel/shm_next_id", "65541") > 0); /* 2 << 15 | 5 */
	CHECK_EQ(SYS(shmget, IPC_PRIVATE, PAGE, 0600), 65541);
	CHECK_EQ(number("/proc/sys/kernel/shm_next_id"), -1);
	CHECK_EQ(SYS(shmget, IPC_PRIVATE, PAGE, 0600), 0);
	CHECK(test_write_file("/proc/sys/kernel/shm_next_id", "65541") > 0);
	CHECK_EQ(SYS(shmget, IPC_PRIVATE, PAGE, 0600), 65542);
	CHECK(test_write_file("/proc/sys/kernel/msg_next_id", "7") > 0);
	CHECK_EQ(SYS(msgget, IPC_PRIVATE, 0600), 7);
}

static void limits(void)
{
	long before = number("/proc/sys/kernel/msgmax");

	test_need_root();
	test_child(limits_of_shm);
	test_child(limits_of_msg_and_sem);
	test_child(limits_of_queues);
	test_child(wanted_numbers);
	CHECK_EQ(number("/proc/sys/kernel/msgmax"), before);
}

/* ---- name spaces ------------------------------------------------------------------ */

/* Its objects are not the others', and what is attached stays. */
static void elsewhere(void)
{
	long id = CHECK_OK(SYS(shmget, KEY, PAGE, 0)), other;
	char *at = (char *)SYS(shmat, id, NULL, 0);

	CHECK(at[0] == 'x');
	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK_ERR(SYS(shmget, KEY, PAGE, 0), ENOENT);
	CHECK_ERR(SYS(shmctl, id, IPC_RMID, NULL), EINVAL);
	CHECK(at[0] == 'x');
	other = CHECK_OK(SYS(shmget, KEY, 2 * PAGE, IPC_CREAT | 0600));
	at = (char *)SYS(shmat, other, NULL, 0);
	at[PAGE] = 'y';
	CHECK_ERR(SYS(mq_open, "lodger_ns", O_RDWR, 0600, NULL), ENOENT);
	CHECK_OK(SYS(mq_open, "lodger_in", O_RDWR | O_CREAT, 0600, NULL));
	CHECK_OK(SYS(msgget, KEY, IPC_CREAT | 0600));
	CHECK_OK(SYS(semget, KEY, 3, IPC_CREAT | 0600));
	/* A new space: what is attached of the one that ends with this lives on. */
	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK(at[PAGE] == 'y');
	CHECK_ERR(SYS(msgget, KEY, 0), ENOENT);
	CHECK_OK(SYS(shmdt, at));
}

static void by_clone(void)
{
	pid_t pid = (pid_t)CHECK_OK(SYS(clone, CLONE_NEWIPC | SIGCHLD, 0, 0, 0, 0));

	if (pid == 0) {
		CHECK_ERR(SYS(shmget, KEY, PAGE, 0), ENOENT);
		CHECK_OK(SYS(shmget, KEY, PAGE, IPC_CREAT | 0600));
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_ERR(SYS(clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0, 0, 0, 0), EINVAL);
}

static void spaces(void)
{
	long id, queue;
	char *at;

	test_need_root();
	id = CHECK_OK(SYS(shmget, KEY, PAGE, IPC_CREAT | 0600));
	queue = CHECK_OK(SYS(mq_open, "lodger_ns", O_RDWR | O_CREAT, 0600, NULL));
	at = (char *)SYS(shmat, id, NULL, 0);
	at[0] = 'x';
	test_child(elsewhere);
	test_child(by_clone);
	CHECK_EQ(SYS(shmget, KEY, PAGE, 0), id);
	CHECK_ERR(SYS(mq_open, "lodger_in", O_RDWR, 0600, NULL), ENOENT);
	CHECK_OK(SYS(mq_unlink, "lodger_ns"));
	close((int)queue);
	CHECK_OK(SYS(shmdt, at));
	CHECK_OK(SYS(shmctl, id, IPC_RMID, NULL));
}

static void as_user(void)
{
	CHECK_ERR(SYS(unshare, CLONE_NEWIPC), EPERM);
	/* the right comes first, whether there are such spaces or not */
	CHECK_ERR(SYS(unshare, CLONE_NEWPID), EPERM);
	CHECK_ERR(SYS(clone, CLONE_NEWNET | SIGCHLD, 0, 0, 0, 0), EPERM);
}

static void needs_root(void)
{
	test_as_user(as_user);
}

static const struct test_case cases[] = {
	{ "limits", limits },
	{ "name spaces", spaces },
	{ "needs root", needs_root },
};

TEST_MAIN(cases)
