/*
 * The broker's helpers: what they may do, beside the broker, and what they may not. The
 * host is made slow here: fsync(2) waits until the test lets it go.
 */
#include <check.h>
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "broker_raw.h"

static bool slow;
static sem_t begun, go_on;

/* In the place of libc's. */
int fsync(int fd)
{
	if (slow) {
		sem_post(&begun);
		sem_wait(&go_on);
	}
	return (int)syscall(SYS_fsync, fd);
}

static int apart(struct lodger_broker_request rq)
{
	ck_assert_uint_eq(broker_serve_apart(raw_broker, &rq, sizeof(rq), &raw_reply.head),
			  sizeof(raw_reply.head));
	ck_assert_uint_eq(raw_reply.head.seq, rq.seq);
	return raw_reply.head.error;
}

static struct lodger_broker_request read_of(uint32_t handle, uint64_t bytes)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_READ, handle);

	rq.bytes = bytes;
	return rq;
}

static uint32_t opened(const char *name)
{
	uint32_t handle = raw_take(READ_ONLY, name);

	ck_assert_int_eq(raw_open_for(handle, false), 0);
	return handle;
}

START_TEST(reads_and_syncs)
{
	struct lodger_broker_request rq;
	uint32_t file = opened("file");

	ck_assert_int_eq(apart(read_of(file, 100)), 0);
	ck_assert_uint_eq(raw_reply.head.value, 3);
	ck_assert_uint_eq(raw_reply.head.attr.size, 3); /* it ends there */
	ck_assert_int_eq(memcmp(raw_ram, "in\n", 3), 0);
	ck_assert_int_eq(apart(raw_request(LODGER_BROKER_SYNC, file)), 0);
	/* what the host has in memory, which it has just written */
	rq = read_of(file, 3);
	rq.ram_at = 50;
	rq.flags = LODGER_BROKER_READ_CACHED;
	ck_assert(raw_ask(rq, NULL, NULL) == 0 || raw_reply.head.error == -EAGAIN);
	if (!raw_reply.head.error)
		ck_assert_int_eq(memcmp(raw_ram + 50, "in\n", 3), 0);
}
END_TEST

START_TEST(nothing_else)
{
	uint32_t file = opened("file"), path_only = raw_take(READ_WRITE, "file");
	struct lodger_broker_request rq;

	for (uint32_t op = 0; op < LODGER_BROKER_OPS + 2; op++) {
		rq = raw_request(op, file);
		rq.bytes = 1;
		if (op != LODGER_BROKER_READ && op != LODGER_BROKER_SYNC)
			ck_assert_msg(apart(rq) < 0, "operation %u", op);
		rq.handle = path_only;
		ck_assert_msg(apart(rq) < 0, "operation %u on a path", op);
		rq.handle = READ_WRITE;
		ck_assert_msg(apart(rq) < 0, "operation %u on a place", op);
	}
	rq = read_of(file, 3);
	rq.closes = file;
	ck_assert_int_eq(apart(rq), -EOPNOTSUPP);
	rq = read_of(file, 3);
	rq.ram_at = RAW_RAM_BYTES - 2;
	ck_assert_int_eq(apart(rq), -EFAULT);
	rq = raw_request(LODGER_BROKER_CLOSE, file);
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 1);
	ck_assert_int_eq(apart(read_of(file, 3)), -EBADF);
}
END_TEST

static struct lodger_broker_reply answer_of(int fd)
{
	struct lodger_broker_reply reply;

	ck_assert_int_eq(recv(fd, &reply, sizeof(reply), 0), sizeof(reply));
	return reply;
}

/* While some wait for the host the others answer, and so does the broker; a file that is
 * closed meanwhile is waited for all the same. */
START_TEST(others_go_on)
{
	uint32_t file = opened("file"), other = opened("file");
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_SYNC, file);
	struct lodger_broker_reply reply;
	int fd[2];

	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	slow = true;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	ck_assert_int_eq(broker_helpers_start(raw_broker, fd[0]), 0);
	rq.seq = 1;
	ck_assert_int_eq(send(fd[1], &rq, sizeof(rq), 0), sizeof(rq));
	sem_wait(&begun);
	rq = read_of(other, 3);
	rq.seq = 2;
	ck_assert_int_eq(send(fd[1], &rq, sizeof(rq), 0), sizeof(rq));
	reply = answer_of(fd[1]);
	ck_assert_uint_eq(reply.seq, 2);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(raw_lookup(READ_WRITE, "file"), 0);
	raw_ask(raw_request(LODGER_BROKER_CLOSE, file), NULL, NULL);
	sem_post(&go_on);
	reply = answer_of(fd[1]);
	ck_assert_uint_eq(reply.seq, 1);
	ck_assert_int_eq(reply.error, 0);
}
END_TEST

Suite *broker_helpers_suite(void);
Suite *broker_helpers_suite(void)
{
	Suite *s = suite_create("broker_helpers");
	TCase *tc = tcase_create("helpers");

	tcase_add_checked_fixture(tc, raw_setup, raw_teardown);
	tcase_add_test(tc, reads_and_syncs);
	tcase_add_test(tc, nothing_else);
	tcase_add_test(tc, others_go_on);
	suite_add_tcase(s, tc);
	return s;
}
