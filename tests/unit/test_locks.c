/* Record locks against a model that knows every byte; flock's rules. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "fs/file_internal.h"
#include "fs/locks.h"
#include "fs/namei.h"
#include "fs_fixture.h"
#include "lib/types.h"

#define OWNERS 4
#define BYTES 64

static struct file *owner[OWNERS];
static u32 model[OWNERS][BYTES]; /* F_UNLCK, F_RDLCK, F_WRLCK */
static struct fs_use before;

static void setup(void)
{
	fs_boot(0);
	fs_file("/f", "");
	before = fs_use_now();
	for (size_t i = 0; i < OWNERS; i++)
		owner[i] = fs_open("/f", O_RDWR);
	for (size_t i = 0; i < OWNERS; i++)
		for (size_t b = 0; b < BYTES; b++)
			model[i][b] = F_UNLCK;
}

static bool model_conflict(size_t who, u32 type, s64 start, s64 end)
{
	for (size_t i = 0; i < OWNERS; i++) {
		for (s64 b = start; i != who && b <= end; b++) {
			if (model[i][b] == F_WRLCK ||
			    (model[i][b] == F_RDLCK && type == F_WRLCK))
				return true;
		}
	}
	return false;
}

/* What locks_test finds in the way of a byte is what the model has there. */
static void check_byte(size_t who, s64 at)
{
	struct lock_range range = { .type = F_WRLCK, .start = at, .end = at };
	bool write = false, any = false;

	for (size_t i = 0; i < OWNERS; i++) {
		any |= i != who && model[i][at] != F_UNLCK;
		write |= i != who && model[i][at] == F_WRLCK;
	}
	locks_test(owner[who], &range, true);
	ck_assert_uint_eq(range.type, !any ? F_UNLCK : write ? F_WRLCK : F_RDLCK);
	ck_assert(!any || (range.start <= at && at <= range.end));
}

START_TEST(test_model)
{
	static const u32 types[] = { F_RDLCK, F_WRLCK, F_UNLCK };

	for (int round = 0; round < 20000; round++) {
		size_t who = (size_t)rand() % OWNERS;
		struct lock_range range = { .type = types[rand() % 3], .start = rand() % BYTES };
		int err;

		range.end = range.start + rand() % (BYTES - range.start);
		err = locks_set(owner[who], &range, true, false);
		if (range.type != F_UNLCK &&
		    model_conflict(who, range.type, range.start, range.end)) {
			ck_assert_int_eq(err, -EAGAIN);
		} else {
			ck_assert_int_eq(err, 0);
			for (s64 b = range.start; b <= range.end; b++)
				model[who][b] = range.type;
		}
		check_byte((size_t)rand() % OWNERS, rand() % BYTES);
	}
	for (size_t i = 0; i < OWNERS; i++)
		file_put(owner[i]);
	/* All is gone but the context, which goes with the file. */
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_file("/f", "");
	fs_check_use(&before);
}
END_TEST

START_TEST(test_merge)
{
	struct lock_range range = { .type = F_WRLCK, .start = 0, .end = 9 };

	ck_assert_int_eq(locks_set(owner[0], &range, true, false), 0);
	range = (struct lock_range){ .type = F_WRLCK, .start = 20, .end = INT64_MAX };
	ck_assert_int_eq(locks_set(owner[0], &range, true, false), 0);
	range = (struct lock_range){ .type = F_WRLCK, .start = 10, .end = 19 };
	ck_assert_int_eq(locks_set(owner[0], &range, true, false), 0);
	range = (struct lock_range){ .type = F_RDLCK, .start = 5, .end = 5 };
	locks_test(owner[1], &range, true);
	ck_assert_uint_eq(range.type, F_WRLCK);
	ck_assert_int_eq(range.start, 0);
	ck_assert_int_eq(range.end, INT64_MAX);
	ck_assert_int_eq(range.pid, -1);
	range = (struct lock_range){ .type = F_UNLCK, .start = 1, .end = INT64_MAX - 1 };
	ck_assert_int_eq(locks_set(owner[0], &range, true, false), 0);
	range = (struct lock_range){ .type = F_WRLCK, .start = 1, .end = INT64_MAX };
	locks_test(owner[1], &range, true);
	ck_assert_int_eq(range.start, INT64_MAX);
	range = (struct lock_range){ .type = F_WRLCK, .start = 1, .end = INT64_MAX - 1 };
	locks_test(owner[1], &range, true);
	ck_assert_uint_eq(range.type, F_UNLCK);
}
END_TEST

START_TEST(test_flock)
{
	ck_assert_int_eq(locks_flock(owner[0], LOCK_SH, false), 0);
	ck_assert_int_eq(locks_flock(owner[1], LOCK_SH, false), 0);
	ck_assert_int_eq(locks_flock(owner[2], LOCK_EX, false), -EWOULDBLOCK);
	ck_assert_int_eq(locks_flock(owner[0], LOCK_EX, false), -EWOULDBLOCK);
	/* The failed conversion lost the shared lock: flock(2). */
	ck_assert_int_eq(locks_flock(owner[1], LOCK_EX, false), 0);
	ck_assert_int_eq(locks_flock(owner[0], LOCK_SH, false), -EWOULDBLOCK);
	ck_assert_int_eq(locks_flock(owner[1], LOCK_UN, false), 0);
	ck_assert_int_eq(locks_flock(owner[0], LOCK_EX, false), 0);
	file_put(owner[0]);
	ck_assert_int_eq(locks_flock(owner[2], LOCK_EX, false), 0);
}
END_TEST

START_TEST(test_bomb)
{
	struct lock_range range = { .type = F_WRLCK };
	struct fs_use full;
	int err = 0;

	while (!err) {
		range.end = range.start;
		err = locks_set(owner[0], &range, true, false);
		range.start += 2;
	}
	ck_assert_int_eq(err, -ENOLCK);
	full = fs_use_now();
	ck_assert_uint_lt(full.core_bytes - before.core_bytes, 1 << 20);
	for (size_t i = 0; i < OWNERS; i++)
		file_put(owner[i]);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_file("/f", "");
	fs_check_use(&before);
}
END_TEST

Suite *locks_suite(void);
Suite *locks_suite(void)
{
	Suite *s = suite_create("locks");
	TCase *tc = tcase_create("locks");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_merge);
	tcase_add_test(tc, test_flock);
	tcase_add_test(tc, test_bomb);
	suite_add_tcase(s, tc);
	return s;
}
