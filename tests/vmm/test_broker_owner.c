/* The broker's sidecar of owners, and extended attributes: what is kept, what is shown,
 * what is refused. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "broker_raw.h"

static uint32_t mode_on_host(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/in/%s", raw_dir, name);
	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_mode;
}

/* Do the broker's attributes of name say this? */
static void must_show(const char *name, uint32_t mode, uint32_t uid, uint32_t gid)
{
	ck_assert_int_eq(raw_lookup(READ_WRITE, name), 0);
	ck_assert_uint_eq(raw_reply.head.attr.mode, mode);
	ck_assert_uint_eq(raw_reply.head.attr.uid, uid);
	ck_assert_uint_eq(raw_reply.head.attr.gid, gid);
}

START_TEST(no_power_on_the_host)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_CREATE, READ_WRITE);

	rq.mode = 06755;
	ck_assert_int_eq(raw_ask(rq, "su", NULL), 0);
	ck_assert_uint_eq(mode_on_host("su"), S_IFREG | 0755);
	must_show("su", S_IFREG | 06755, 0, 0);
	rq = raw_request(LODGER_BROKER_SETATTR, raw_take(READ_WRITE, "su"));
	rq.flags = LODGER_BROKER_SET_OWNER;
	rq.mode = 06777;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	ck_assert_uint_eq(mode_on_host("su"), S_IFREG | 0777);
}
END_TEST

/* --- the sidecar of owners ---------------------------------------------------------------- */

START_TEST(owners)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_SETATTR, 0);

	rq.handle = raw_take(READ_WRITE, "file");
	rq.flags = LODGER_BROKER_SET_OWNER;
	rq.mode = 0400; /* what stays readable to whom it belongs on the host */
	rq.uid = 5;
	rq.gid = 6;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	must_show("file", S_IFREG | 0400, 5, 6);
	ck_assert_uint_eq(mode_on_host("file"), S_IFREG | 0600);
	raw_shell("cp -a in/file in/copy && mv in/file in/moved");
	must_show("moved", S_IFREG | 0400, 5, 6);
	/* as root's it needs no attribute */
	rq.uid = rq.gid = 0;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	must_show("moved", S_IFREG | 0400, 0, 0);
	ck_assert_uint_eq(mode_on_host("moved"), S_IFREG | 0400);
	ck_assert_uint_eq(raw_reply.head.attr.flags & LODGER_BROKER_XATTRS, 0);
}
END_TEST

START_TEST(owners_of_new_files)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_CREATE, READ_WRITE);

	rq.mode = 02750;
	rq.uid = 7;
	rq.gid = 8;
	ck_assert_int_eq(raw_ask(rq, "f", NULL), 0);
	must_show("f", S_IFREG | 02750, 7, 8);
	rq.op = LODGER_BROKER_MKDIR;
	ck_assert_int_eq(raw_ask(rq, "d", NULL), 0);
	must_show("d", S_IFDIR | 02750, 7, 8);
	ck_assert_uint_eq(mode_on_host("d"), S_IFDIR | 0750);
	rq.op = LODGER_BROKER_TMPFILE;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	ck_assert_uint_eq(raw_reply.head.attr.nlink, 0);
	rq.op = LODGER_BROKER_LINK;
	rq.other = raw_reply.head.handle;
	ck_assert_int_eq(raw_ask(rq, "named", NULL), 0);
	must_show("named", S_IFREG | 02750, 7, 8);
}
END_TEST

START_TEST(devices_of_the_guest)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_MKSPECIAL, READ_WRITE);
	uint32_t handle;

	rq.flags = LODGER_BROKER_MAKE_CHAR;
	rq.mode = 0660;
	rq.rdev = 0x103;
	rq.gid = 4;
	ck_assert_int_eq(raw_ask(rq, "null", NULL), 0);
	must_show("null", S_IFCHR | 0660, 0, 4);
	ck_assert_uint_eq(raw_reply.head.attr.rdev, 0x103);
	ck_assert(S_ISREG(mode_on_host("null")));
	/* it stays one when it is somebody else's */
	handle = raw_take(READ_WRITE, "null");
	rq = raw_request(LODGER_BROKER_SETATTR, handle);
	rq.flags = LODGER_BROKER_SET_OWNER;
	rq.uid = 3;
	rq.mode = 0600;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	must_show("null", S_IFCHR | 0600, 3, 0);
	ck_assert_uint_eq(raw_reply.head.attr.rdev, 0x103);
}
END_TEST

/* Any text may stand in the attribute. */
/* What goes through them is the guest's alone, so that a regular file does for those that
 * must have an owner. */
START_TEST(fifos_and_sockets_of_others)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_MKSPECIAL, READ_WRITE);

	rq.mode = 0640;
	ck_assert_int_eq(raw_ask(rq, "own", NULL), 0);
	ck_assert_uint_eq(mode_on_host("own"), S_IFIFO | 0640);
	rq.uid = 5;
	ck_assert_int_eq(raw_ask(rq, "theirs", NULL), 0);
	ck_assert_uint_eq(raw_reply.head.attr.mode, S_IFIFO | 0640);
	ck_assert_uint_eq(raw_reply.head.handle, 0);
	must_show("theirs", S_IFIFO | 0640, 5, 0);
	ck_assert_uint_eq(raw_reply.head.attr.size, 0);
	ck_assert_uint_eq(mode_on_host("theirs"), S_IFREG | 0640);
	ck_assert_int_eq(raw_ask(rq, "theirs", NULL), -EEXIST);
	rq.flags = LODGER_BROKER_MAKE_SOCKET;
	rq.gid = 6;
	ck_assert_int_eq(raw_ask(rq, "socket", NULL), 0);
	must_show("socket", S_IFSOCK | 0640, 5, 6);
	/* as root's it stays what it is */
	rq = raw_request(LODGER_BROKER_SETATTR, raw_take(READ_WRITE, "theirs"));
	rq.flags = LODGER_BROKER_SET_OWNER;
	rq.mode = 0600;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	must_show("theirs", S_IFIFO | 0600, 0, 0);
}
END_TEST

START_TEST(owners_that_make_no_sense)
{
	static const char *const bad[] = { "", ":", "0", "0:0", "0:0:", "-1:0:0644", "a:b:c",
		"4294967296:0:0644", "0:0:0999", "0:0:0644:char", "0:0:0644:char-1",
		"0:0:0644:char-1-", "0:0:0644:char-1-2-3", "0:0:0644:pipes", "0:0:0644 ",
		"99999999999999999999999999:0:0644" };
	char path[128];

	snprintf(path, sizeof(path), "%s/in/file", raw_dir);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(setxattr(path, LODGER_BROKER_OWNER_XATTR, bad[i],
					  strlen(bad[i]), 0), 0);
		must_show("file", S_IFREG | 0644, 0, 0);
	}
	/* a directory stays one, and a file does not become one */
	ck_assert_int_eq(setxattr(path, LODGER_BROKER_OWNER_XATTR, "1:2:0755:dir", 12, 0), 0);
	must_show("file", S_IFREG | 0755, 1, 2);
	snprintf(path, sizeof(path), "%s/in/sub", raw_dir);
	ck_assert_int_eq(setxattr(path, LODGER_BROKER_OWNER_XATTR, "1:2:0755:char-1-3", 17, 0), 0);
	must_show("sub", S_IFDIR | 0755, 1, 2);
}
END_TEST

/* --- extended attributes ------------------------------------------------------------------ */

START_TEST(attributes)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_SETXATTR, 0);
	static const char *const refused[] = { LODGER_BROKER_OWNER_XATTR, "security.capability",
		"trusted.x", "system.posix_acl_access", "user.", "user", "" };

	rq.handle = raw_take(READ_WRITE, "file");
	ck_assert_int_eq(raw_ask(rq, "user.a", "value"), 0);
	rq.flags = XATTR_CREATE;
	ck_assert_int_eq(raw_ask(rq, "user.a", "value"), -EEXIST);
	rq.flags = 0;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		for (uint32_t op = LODGER_BROKER_GETXATTR; op <= LODGER_BROKER_DELXATTR; op++) {
			rq.op = op;
			ck_assert_int_lt(raw_ask(rq, refused[i], NULL), 0);
		}
	}
	rq.op = LODGER_BROKER_GETXATTR;
	ck_assert_int_eq(raw_ask(rq, "user.a", NULL), 0);
	ck_assert_uint_eq(raw_reply.head.text_bytes, 5);
	raw_shell("setfattr -n user.containers.override_stat -v 0:0:0600 in/file 2>/dev/null || true");
	rq.op = LODGER_BROKER_LISTXATTR;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), 0);
	ck_assert_uint_eq(raw_reply.head.text_bytes, strlen("user.a") + 1);
	rq.op = LODGER_BROKER_DELXATTR;
	ck_assert_int_eq(raw_ask(rq, "user.a", NULL), 0);
	ck_assert_int_eq(raw_ask(rq, "user.a", NULL), -ENODATA);
	/* not those of what a link leads to, and none where only reading is allowed */
	rq.op = LODGER_BROKER_SETXATTR;
	rq.handle = raw_take(READ_WRITE, "link");
	ck_assert_int_eq(raw_ask(rq, "user.a", "value"), -EPERM);
	rq.handle = raw_take(READ_ONLY, "file");
	ck_assert_int_eq(raw_ask(rq, "user.a", "value"), -EROFS);
}
END_TEST

Suite *broker_owner_suite(void);
Suite *broker_owner_suite(void)
{
	const TTest *const tests[] = { no_power_on_the_host, owners, owners_of_new_files,
				       devices_of_the_guest, fifos_and_sockets_of_others, owners_that_make_no_sense,
				       attributes };
	Suite *s = suite_create("broker_owner");
	TCase *tc = tcase_create("core");

	tcase_add_checked_fixture(tc, raw_setup, raw_teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(s, tc);
	return s;
}
