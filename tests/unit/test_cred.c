/* Credentials: transitions of ids and what they do to capabilities. */
#include <check.h>
#include <linux/capability.h>
#include <string.h>

#include "lib/err.h"
#include "proc/cred.h"
#include "proc_fixture.h"

#define KEEP CRED_KEEP

static struct cred cred;

static void check_uids(u32 uid, u32 euid, u32 suid, u32 fsuid)
{
	ck_assert_uint_eq(cred.uid, uid);
	ck_assert_uint_eq(cred.euid, euid);
	ck_assert_uint_eq(cred.suid, suid);
	ck_assert_uint_eq(cred.fsuid, fsuid);
}

static void become(u32 uid, u32 euid, u32 suid)
{
	cred_init(&cred, 0, 0);
	ck_assert_int_eq(cred_setresuid(&cred, uid, euid, suid), 0);
}

START_TEST(test_init)
{
	cred_init(&cred, 0, 5);
	ck_assert_uint_eq(cred.cap_effective, cred_cap_all());
	ck_assert(cred_capable(&cred, CAP_SYS_ADMIN));
	ck_assert(cred_capable(&cred, CAP_LAST_CAP));
	ck_assert(!cred_capable(&cred, CAP_LAST_CAP + 1));
	ck_assert(!cred_capable(&cred, -1));
	ck_assert(cred_in_group(&cred, 5));
	cred_init(&cred, 1000, 1000);
	ck_assert_uint_eq(cred.cap_permitted, 0);
	ck_assert_uint_eq(cred.cap_bounding, cred_cap_all());
}
END_TEST

START_TEST(test_setuid_drops_all)
{
	cred_init(&cred, 0, 0);
	ck_assert_int_eq(cred_setuid(&cred, KEEP), -EINVAL);
	ck_assert_int_eq(cred_setuid(&cred, 1000), 0);
	check_uids(1000, 1000, 1000, 1000);
	ck_assert_uint_eq(cred.cap_permitted | cred.cap_effective, 0);
	ck_assert_int_eq(cred_setuid(&cred, 0), -EPERM);
	ck_assert_int_eq(cred_setuid(&cred, 1000), 0);
}
END_TEST

/* A set-user-ID program: real 1000, saved 0. */
START_TEST(test_setuid_program)
{
	become(1000, 0, 0);
	ck_assert_uint_eq(cred.cap_effective, cred_cap_all());
	ck_assert_int_eq(cred_setresuid(&cred, KEEP, 1000, KEEP), 0);
	check_uids(1000, 1000, 0, 1000);
	ck_assert_uint_eq(cred.cap_effective, 0);
	ck_assert_uint_eq(cred.cap_permitted, cred_cap_all());
	ck_assert_int_eq(cred_setuid(&cred, 0), 0); /* back, by the saved id */
	check_uids(1000, 0, 0, 0);
	ck_assert_uint_eq(cred.cap_effective, cred_cap_all());
}
END_TEST

START_TEST(test_setreuid)
{
	become(1000, 2000, 3000);
	ck_assert_uint_eq(cred.cap_permitted, 0);
	ck_assert_int_eq(cred_setreuid(&cred, 3000, KEEP), -EPERM);
	ck_assert_int_eq(cred_setreuid(&cred, KEEP, 4000), -EPERM);
	check_uids(1000, 2000, 3000, 2000);
	ck_assert_int_eq(cred_setreuid(&cred, KEEP, 3000), 0);
	check_uids(1000, 3000, 3000, 3000);
	ck_assert_int_eq(cred_setreuid(&cred, 3000, 1000), 0); /* swap */
	check_uids(3000, 1000, 1000, 1000);
}
END_TEST

START_TEST(test_setresuid)
{
	become(1000, 2000, 3000);
	ck_assert_int_eq(cred_setresuid(&cred, 3000, 1000, 2000), 0);
	check_uids(3000, 1000, 2000, 1000);
	ck_assert_int_eq(cred_setresuid(&cred, KEEP, KEEP, 5), -EPERM);
	check_uids(3000, 1000, 2000, 1000);
	ck_assert_int_eq(cred_setresuid(&cred, KEEP, KEEP, KEEP), 0);
}
END_TEST

START_TEST(test_keep_caps)
{
	cred_init(&cred, 0, 0);
	ck_assert_int_eq(cred_set_keep_caps(&cred, true), 0);
	ck_assert_int_eq(cred_setuid(&cred, 1000), 0);
	ck_assert_uint_eq(cred.cap_permitted, cred_cap_all());
	ck_assert_uint_eq(cred.cap_effective, 0);
}
END_TEST

START_TEST(test_fsuid)
{
	cred_init(&cred, 0, 0);
	ck_assert_uint_eq(cred_setfsuid(&cred, 1000), 0);
	ck_assert_uint_eq(cred.fsuid, 1000);
	ck_assert(!cred_capable(&cred, CAP_DAC_OVERRIDE));
	ck_assert(cred_capable(&cred, CAP_KILL));
	ck_assert_uint_eq(cred_setfsuid(&cred, 0), 1000);
	ck_assert(cred_capable(&cred, CAP_DAC_OVERRIDE));
	become(1000, 2000, 3000);
	ck_assert_uint_eq(cred_setfsuid(&cred, 7), 2000); /* refused silently */
	ck_assert_uint_eq(cred_setfsuid(&cred, KEEP), 2000);
}
END_TEST

START_TEST(test_gids)
{
	cred_init(&cred, 1000, 50);
	ck_assert_int_eq(cred_setgid(&cred, 60), -EPERM);
	ck_assert_int_eq(cred_setregid(&cred, 60, KEEP), -EPERM);
	ck_assert_int_eq(cred_setresgid(&cred, 50, 50, 60), -EPERM);
	ck_assert_int_eq(cred_setgid(&cred, KEEP), -EINVAL);
	cred_init(&cred, 0, 0);
	ck_assert_int_eq(cred_setresgid(&cred, 1, 2, 3), 0);
	ck_assert_uint_eq(cred.fsgid, 2);
	ck_assert_int_eq(cred_setregid(&cred, 2, 1), 0);
	ck_assert_uint_eq(cred.sgid, 1);
}
END_TEST

static void many_groups(void)
{
	const u32 count = 1000;
	struct cred_groups *groups;

	cred_init(&cred, 0, 0);
	ck_assert(!cred_in_group(&cred, 77));
	groups = cred_groups_alloc(count);
	for (u32 i = 0; i < count; i++)
		groups->gid[i] = i * 7919 % count * 2 + 1;
	cred_groups_set(&cred, groups);
	for (u32 i = 0; i < count; i++) {
		ck_assert_uint_eq(groups->gid[i], i * 2 + 1);
		ck_assert(cred_in_group(&cred, i * 2 + 1));
		ck_assert(!cred_in_group(&cred, i * 2 + 2));
	}
	cred_groups_set(&cred, cred_groups_alloc(0));
	ck_assert(!cred_in_group(&cred, 1));
	cred_groups_put(cred.groups);
}

START_TEST(test_groups)
{
	ck_assert_int_eq(proc_run(many_groups), 0);
}
END_TEST

START_TEST(test_capset)
{
	u64 kill = 1ULL << CAP_KILL, chown = 1ULL << CAP_CHOWN;

	cred_init(&cred, 0, 0);
	ck_assert_int_eq(cred_capset(&cred, kill, kill | chown, chown), 0);
	ck_assert_int_eq(cred_capset(&cred, kill | chown, kill | chown, chown), 0);
	ck_assert_int_eq(cred_capset(&cred, kill, chown, 0), -EPERM);
	ck_assert_int_eq(cred_capset(&cred, 0, cred_cap_all(), 0), -EPERM);
	ck_assert_int_eq(cred_capset(&cred, 0, kill, 1ULL << CAP_SYS_ADMIN), -EPERM);
	ck_assert_uint_eq(cred.cap_permitted, kill | chown);
}
END_TEST

/* --- as system calls ---------------------------------------------------------------------- */

static void calls(void)
{
	uaddr_t at = USER_DATA;
	u32 i;

	for (i = 0; i < 16; i++)
		user_put(at + 4 * i, i);
	ck_assert_int_eq(CALL(setgroups, 65537, at), -EINVAL);
	ck_assert_int_eq(CALL(setgroups, -1ULL, at), -EINVAL);
	ck_assert_int_eq(CALL(setgroups, 4, 8), -EFAULT);
	ck_assert_int_eq(CALL(setgroups, 4, at), 0);
	ck_assert_int_eq(CALL(getgroups, 0, 0), 4);
	ck_assert_int_eq(CALL(getgroups, 3, at), -EINVAL);
	ck_assert_int_eq(CALL(getgroups, 4, at + 512), 4);
	ck_assert_uint_eq(user_get(at + 520), user_get(at + 8));
	ck_assert_int_eq(CALL(setresuid, 1, 2, 3), 0);
	ck_assert_int_eq(CALL(getresuid, at, at + 4, at + 8), 0);
	ck_assert_uint_eq(user_get(at), 2ULL << 32 | 1);
	ck_assert_int_eq(CALL(getuid), 1);
	ck_assert_int_eq(CALL(geteuid), 2);
	ck_assert_int_eq(CALL(setgroups, 0, 0), -EPERM);
	ck_assert(!current_process()->dumpable);
	ck_assert_int_eq(CALL(prctl, 38 /* NO_NEW_PRIVS */, 0), -EINVAL);
	ck_assert_int_eq(CALL(prctl, 38, 1), 0);
	ck_assert_int_eq(CALL(prctl, 39), 1);
	ck_assert_int_eq(CALL(prctl, 12345), -EINVAL);
}

START_TEST(test_calls)
{
	ck_assert_int_eq(proc_run(calls), 0);
}
END_TEST

static void cap_calls(void)
{
	uaddr_t head = USER_DATA, data = USER_DATA + 64;

	user_put(head, 1); /* no such version, pid 0 */
	ck_assert_int_eq(CALL(capget, head, 0), 0);
	ck_assert_uint_eq((u32)user_get(head), _LINUX_CAPABILITY_VERSION_3);
	ck_assert_int_eq(CALL(capget, head, data), 0);
	ck_assert_uint_eq((u32)user_get(data), 0xffffffff);
	user_put(head, _LINUX_CAPABILITY_VERSION_3 | 1ULL << 32);
	ck_assert_int_eq(CALL(capset, head, data), -EPERM); /* of process 1 */
	user_put(head, _LINUX_CAPABILITY_VERSION_3);
	user_put(data, 0);
	user_put(data + 8, 0);
	user_put(data + 16, 0);
	ck_assert_int_eq(CALL(capset, head, data), 0);
	ck_assert_int_eq(CALL(sethostname, data, 1), -EPERM);
	user_put(head, _LINUX_CAPABILITY_VERSION_3 | 99ULL << 32);
	ck_assert_int_eq(CALL(capget, head, data), -ESRCH);
}

START_TEST(test_cap_calls)
{
	ck_assert_int_eq(proc_run(cap_calls), 0);
}
END_TEST

Suite *cred_suite(void);
Suite *cred_suite(void)
{
	Suite *s = suite_create("cred");
	TCase *tc = tcase_create("cred");

	tcase_add_test(tc, test_init);
	tcase_add_test(tc, test_setuid_drops_all);
	tcase_add_test(tc, test_setuid_program);
	tcase_add_test(tc, test_setreuid);
	tcase_add_test(tc, test_setresuid);
	tcase_add_test(tc, test_keep_caps);
	tcase_add_test(tc, test_fsuid);
	tcase_add_test(tc, test_gids);
	tcase_add_test(tc, test_groups);
	tcase_add_test(tc, test_capset);
	tcase_add_test(tc, test_calls);
	tcase_add_test(tc, test_cap_calls);
	suite_add_tcase(s, tc);
	return s;
}
