/*
 * The broker's answers to a hostile guest kernel: raw messages, each of which must be
 * refused or do nothing outside of what is bound. Twice: with openat2(2), and as on
 * hosts that have none.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "broker_raw.h"
#include "hostdir.h"

/* --- names ---------------------------------------------------------------------------- */

START_TEST(names_that_are_none)
{
	static const char *const names[] = { ".", "..", "/", "/etc", "sub/..", "sub/../..",
					     "../out", "sub/", "./file", "" };
	static const uint32_t ops[] = {
		LODGER_BROKER_LOOKUP, LODGER_BROKER_TAKE, LODGER_BROKER_CREATE,
		LODGER_BROKER_MKDIR, LODGER_BROKER_UNLINK, LODGER_BROKER_RMDIR,
		LODGER_BROKER_LINK, LODGER_BROKER_MKSPECIAL,
	};
	uint32_t file = raw_take(READ_WRITE, "file");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct lodger_broker_request rq;

		for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++) {
			rq = raw_request(ops[op], READ_WRITE);
			rq.other = file;
			ck_assert_msg(raw_ask(rq, names[i], NULL) == -EINVAL, "op %u '%s'",
				      ops[op], names[i]);
		}
		rq = raw_request(LODGER_BROKER_RENAME, READ_WRITE);
		rq.other = READ_WRITE;
		ck_assert_int_eq(raw_ask(rq, "file", names[i]), -EINVAL);
		ck_assert_int_eq(raw_ask(rq, names[i], "file"), -EINVAL);
		ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_SYMLINK, READ_WRITE), names[i], "x"),
				 -EINVAL);
	}
	ck_assert_int_eq(raw_send(raw_request(LODGER_BROKER_LOOKUP, READ_WRITE), "fi\0le", 5,
				  NULL, 0), -EINVAL);
	ck_assert_int_eq(raw_lookup(READ_WRITE, "file"), 0);
}
END_TEST

/* Links are seen, never followed: not to directories, not to descriptors. */
START_TEST(links)
{
	uint32_t link, magic;

	ck_assert_int_eq(raw_lookup(READ_WRITE, "link"), 0);
	ck_assert(S_ISLNK(raw_reply.head.attr.mode));
	link = raw_take(READ_WRITE, "link");
	magic = raw_take(READ_WRITE, "magic");
	ck_assert_int_eq(raw_lookup(link, "secret"), -ENOTDIR);
	ck_assert_int_eq(raw_lookup(magic, "0"), -ENOTDIR);
	ck_assert_int_eq(raw_open_for(link, false), -EINVAL);
	ck_assert_int_eq(raw_open_for(magic, true), -EINVAL);
	ck_assert_int_eq(raw_open_for(raw_take(raw_take(READ_WRITE, "sub"), "up"), false), -EINVAL);
	/* what would create through one */
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_CREATE, READ_WRITE), "link", NULL), -EEXIST);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_READLINK, READ_WRITE), "link", NULL), 0);
	ck_assert_uint_eq(raw_reply.head.text_bytes, strlen("../out"));
}
END_TEST

/* Changing a link's attributes is nothing to what it leads to. */
START_TEST(attributes_of_links)
{
	struct lodger_broker_request rq;
	char path[128];
	struct stat st;

	raw_shell("ln -s ../out/secret in/s; chmod 600 out/secret; touch -d 2001-01-01 out/secret");
	rq = raw_request(LODGER_BROKER_SETATTR, raw_take(READ_WRITE, "s"));
	rq.flags = LODGER_BROKER_SET_OWNER;
	rq.mode = 0777;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), -EOPNOTSUPP);
	rq.flags = LODGER_BROKER_SET_SIZE;
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), -EINVAL);
	rq.flags = LODGER_BROKER_SET_MTIME;
	rq.ram_at = 1;
	raw_ask(rq, NULL, NULL);
	snprintf(path, sizeof(path), "%s/out/secret", raw_dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 7);
	ck_assert_int_gt(st.st_mtime, 900000000);
}
END_TEST

/* The host swaps what is behind a name between two requests. */
START_TEST(swaps)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_TAKE, READ_WRITE);
	uint32_t sub = raw_take(READ_WRITE, "sub");

	ck_assert_int_eq(raw_lookup(READ_WRITE, "file"), 0);
	rq.ino = raw_reply.head.attr.ino;
	raw_shell("mv in/file in/old && ln -s ../out/secret in/file");
	ck_assert_int_eq(raw_ask(rq, "file", NULL), -ESTALE);
	raw_shell("rm in/file && mkfifo in/file");
	ck_assert_int_eq(raw_ask(rq, "file", NULL), -ESTALE);
	/* a directory that was moved: its handle is still the directory's own */
	raw_shell("mv in/sub moved && ln -s ../out in/sub");
	ck_assert_int_eq(raw_lookup(sub, "secret"), -ENOENT);
	ck_assert_int_eq(raw_lookup(sub, ".."), -EINVAL);
	ck_assert_int_eq(raw_lookup(raw_take(READ_WRITE, "sub"), "secret"), -ENOTDIR);
}
END_TEST

/* FIFOs, sockets and devices are never opened: that would wait, or do something. */
START_TEST(special_files)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct lodger_broker_request rq;

	ck_assert_int_eq(broker_add_root(raw_broker, open("/dev", O_PATH), true), 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/in/socket", raw_dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(raw_open_for(raw_take(READ_WRITE, "fifo"), false), -EINVAL);
	ck_assert_int_eq(raw_open_for(raw_take(READ_WRITE, "socket"), true), -EINVAL);
	close(fd);
	ck_assert_int_eq(raw_lookup(2, "null"), 0);
	rq = raw_request(LODGER_BROKER_TAKE, 2);
	rq.ino = raw_reply.head.attr.ino;
	ck_assert_int_eq(raw_ask(rq, "null", NULL), -EOPNOTSUPP);
}
END_TEST

/* What is mounted below is not gone into: /proc of / is the way out it would be. */
START_TEST(mounts_below)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_TAKE, 2);

	ck_assert_int_eq(broker_add_root(raw_broker, open("/", O_PATH), true), 0);
	ck_assert_int_eq(raw_lookup(2, "proc"), 0);
	ck_assert_uint_eq(raw_reply.head.attr.flags, LODGER_BROKER_COVERED);
	rq.ino = raw_reply.head.attr.ino;
	ck_assert_int_eq(raw_ask(rq, "proc", NULL), -EXDEV);
}
END_TEST

/* --- handles ------------------------------------------------------------------------- */

START_TEST(wrong_handles)
{
	static const uint32_t wild[] = { 2, 3, 100, 0xffff, 0x10000, 0x100000, 1u << 31, ~0u };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		for (uint32_t op = LODGER_BROKER_GETATTR; op <= LODGER_BROKER_OPEN; op++)
			ck_assert_int_eq(raw_ask(raw_request(op, wild[i]), NULL, NULL), -EBADF);
		ck_assert_int_eq(raw_lookup(wild[i], "file"), -EBADF);
		ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, wild[i], 0, 0, 1), -EBADF);
		rq = raw_request(LODGER_BROKER_RENAME, READ_WRITE);
		rq.other = wild[i];
		ck_assert_int_eq(raw_ask(rq, "file", "x"), -EBADF);
	}
}
END_TEST

/* A handle that was given back is nobody's, also when its place is used again. */
START_TEST(replayed_handles)
{
	uint32_t old = raw_take(READ_WRITE, "file"), next;

	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_CLOSE, old), NULL, NULL), 1);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_GETATTR, old), NULL, NULL), -EBADF);
	next = raw_take(READ_WRITE, "sub");
	ck_assert_uint_ne(next, old);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_GETATTR, old), NULL, NULL), -EBADF);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_CLOSE, old), NULL, NULL), 1);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_GETATTR, next), NULL, NULL), 0);
	/* the roots stay */
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_CLOSE, READ_WRITE), NULL, NULL), 1);
	ck_assert_int_eq(raw_lookup(READ_WRITE, "file"), 0);
}
END_TEST

/* The wrong kind of file for the operation. */
START_TEST(wrong_kinds)
{
	uint32_t file = raw_take(READ_WRITE, "file"), sub = raw_take(READ_WRITE, "sub");
	struct lodger_broker_request rq;

	ck_assert_int_eq(raw_lookup(file, "x"), -ENOTDIR);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_CREATE, file), "x", NULL), -ENOTDIR);
	ck_assert_int_eq(raw_open_for(sub, true), -EISDIR);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 0, 0, 1), -EBADF); /* not open */
	ck_assert_int_eq(raw_open_for(file, false), 0);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EBADF);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_LIST, file, 0, 0, 512), -EBADF);
	ck_assert_int_eq(raw_open_for(sub, false), 0);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, sub, 0, 0, 1), -EBADF);
	rq = raw_request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.other = file;
	ck_assert_int_eq(raw_ask(rq, "sub", "x"), -ENOTDIR);
	rq = raw_request(LODGER_BROKER_LINK, READ_WRITE);
	rq.other = sub;
	ck_assert_int_eq(raw_ask(rq, "x", NULL), -EPERM);
}
END_TEST

/* --- a root that is only to be read ----------------------------------------------------- */

START_TEST(read_only_root)
{
	uint32_t file = raw_take(READ_ONLY, "file"), theirs = raw_take(READ_WRITE, "file");
	static const uint32_t ops[] = { LODGER_BROKER_CREATE, LODGER_BROKER_MKDIR,
					LODGER_BROKER_MKSPECIAL, LODGER_BROKER_UNLINK,
					LODGER_BROKER_RMDIR, LODGER_BROKER_LINK };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		ck_assert_int_eq(raw_ask(raw_request(ops[i], READ_ONLY), "file", NULL), -EROFS);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_SYMLINK, READ_ONLY), "x", "y"), -EROFS);
	ck_assert_int_eq(raw_open_for(file, true), -EROFS);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EROFS);
	ck_assert_int_eq(raw_ask(raw_request(LODGER_BROKER_SETATTR, file), NULL, NULL), -EROFS);
	/* nor from one root into the other */
	rq = raw_request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.other = READ_ONLY;
	ck_assert_int_eq(raw_ask(rq, "file", "x"), -EXDEV);
	rq = raw_request(LODGER_BROKER_LINK, READ_WRITE);
	rq.other = file;
	ck_assert_int_eq(raw_ask(rq, "x", NULL), -EXDEV);
	ck_assert_int_eq(raw_open_for(theirs, true), 0);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EROFS);
}
END_TEST

/* --- lengths and numbers ------------------------------------------------------------------ */

START_TEST(places_in_ram)
{
	uint32_t file = raw_take(READ_WRITE, "file"), sub = raw_take(READ_WRITE, "sub");
	static const uint64_t bad[][2] = { /* where, how much */
		{ RAW_RAM_BYTES, 1 }, { RAW_RAM_BYTES - 1, 2 }, { 0, RAW_RAM_BYTES + 1 },
		{ UINT64_MAX, 1 }, { UINT64_MAX - 10, 11 }, { 1ULL << 63, 4096 },
	};

	ck_assert_int_eq(raw_open_for(file, true), 0);
	ck_assert_int_eq(raw_open_for(sub, false), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t at = bad[i][0], len = bad[i][1];

		ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 0, at, len), -EFAULT);
		ck_assert_int_eq(raw_transfer(LODGER_BROKER_WRITE, file, 0, at, len), -EFAULT);
		ck_assert_int_eq(raw_transfer(LODGER_BROKER_LIST, sub, 0, at, len), -EFAULT);
	}
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 0, 0, LODGER_BROKER_IO_MAX + 1),
			 -EINVAL);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 1ULL << 63, 0, 1), -EINVAL);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_WRITE, file, INT64_MAX, 0, 1), -EINVAL);
	ck_assert_int_eq(raw_transfer(LODGER_BROKER_READ, file, 0, RAW_RAM_BYTES - 3, 3), 0);
	ck_assert_int_eq(memcmp(raw_ram + RAW_RAM_BYTES - 3, "in\n", 3), 0);
}
END_TEST

START_TEST(broken_messages)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_LOOKUP, READ_WRITE);
	static char long_text[66000];
	char message[sizeof(rq) + 16];

	memset(long_text, 'x', sizeof(long_text));
	ck_assert_int_eq(raw_send(rq, long_text, 255, NULL, 0), -ENOENT);
	ck_assert_int_eq(raw_send(rq, long_text, 256, NULL, 0), -ENAMETOOLONG);
	ck_assert_int_eq(raw_send(rq, long_text, 65535, NULL, 0), -ENAMETOOLONG);
	ck_assert_int_eq(raw_send(rq, "file", 4, "x", 1), -EINVAL);
	ck_assert_int_eq(raw_send(raw_request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, long_text,
				  4096), -ENAMETOOLONG);
	ck_assert_int_eq(raw_send(raw_request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, "a\0b", 3),
			 -EINVAL);
	ck_assert_int_eq(raw_send(raw_request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, "", 0),
			 -EINVAL);
	/* a length that is not the message's, and every cut */
	rq.name_bytes = 4;
	memcpy(message, &rq, sizeof(rq));
	memcpy(message + sizeof(rq), "file", 4);
	for (size_t len = 0; len < sizeof(rq) + 16; len++) {
		size_t n = broker_serve(raw_broker, message, len, &raw_reply);

		ck_assert_uint_ge(n, sizeof(raw_reply.head));
		ck_assert_int_eq(raw_reply.head.error, len == sizeof(rq) + 4 ? 0 : -EPROTO);
	}
	rq.magic++;
	ck_assert_uint_gt(broker_serve(raw_broker, &rq, sizeof(rq), &raw_reply), 0);
	ck_assert_int_eq(raw_reply.head.error, -EPROTO);
}
END_TEST

START_TEST(wild_numbers)
{
	static const uint32_t ops[] = { 0, LODGER_BROKER_OPS, 1000, ~0u };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		ck_assert_int_eq(raw_ask(raw_request(ops[i], READ_WRITE), NULL, NULL), -EPROTO);
	for (uint32_t op = 1; op < LODGER_BROKER_OPS; op++) {
		rq = raw_request(op, READ_WRITE);
		rq.flags = 1u << 31;
		if (op != LODGER_BROKER_CLOSE)
			ck_assert_int_eq(raw_ask(rq, NULL, NULL), -EINVAL);
		rq.flags = 0;
		rq.mode = 1u << 31;
		if (op != LODGER_BROKER_CLOSE)
			ck_assert_int_eq(raw_ask(rq, NULL, NULL), -EINVAL);
	}
	rq = raw_request(LODGER_BROKER_SETATTR, raw_take(READ_WRITE, "file"));
	rq.flags = LODGER_BROKER_SET_MTIME;
	rq.mtime_ns = 0x3fffffff; /* UTIME_NOW */
	ck_assert_int_eq(raw_ask(rq, NULL, NULL), -EINVAL);
	rq = raw_request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.flags = RENAME_WHITEOUT;
	ck_assert_int_eq(raw_ask(rq, "file", "x"), -EINVAL);
	rq.flags = RENAME_EXCHANGE | RENAME_NOREPLACE;
	ck_assert_int_eq(raw_ask(rq, "file", "x"), -EINVAL);
}
END_TEST

/* More handles than there are descriptors: an error, and all is well again after. */
START_TEST(too_many_handles)
{
	static uint32_t taken[70000];
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_TAKE, READ_WRITE);
	int err = 0, count = 0;

	ck_assert_int_eq(raw_lookup(READ_WRITE, "file"), 0);
	rq.ino = raw_reply.head.attr.ino;
	while (count < 70000 && !(err = raw_ask(rq, "file", NULL)))
		taken[count++] = raw_reply.head.handle;
	ck_assert(count == 70000 || err == -EMFILE || err == -ENFILE);
	for (int i = 0; i < count; i++)
		raw_ask(raw_request(LODGER_BROKER_CLOSE, taken[i]), NULL, NULL);
	raw_take(READ_WRITE, "file");
}
END_TEST

static bool shows_kernel(const char *path)
{
	int fd = open(path, O_PATH);
	bool shows = hostdir_shows_kernel(fd);

	close(fd);
	return shows;
}

START_TEST(views_of_the_kernel)
{
	ck_assert(shows_kernel("/proc"));
	ck_assert(shows_kernel("/proc/self/fd"));
	ck_assert(!access("/sys/kernel", F_OK) == shows_kernel("/sys/kernel"));
	ck_assert(!shows_kernel(raw_dir));
}
END_TEST

Suite *broker_suite(void);
Suite *broker_suite(void)
{
	const TTest *const tests[] = {
		names_that_are_none, links, attributes_of_links, swaps, special_files,
		mounts_below, wrong_handles, replayed_handles, wrong_kinds, read_only_root,
		places_in_ram, broken_messages, wild_numbers,
		too_many_handles, views_of_the_kernel,
	};
	Suite *s = suite_create("broker");
	TCase *with = tcase_create("openat2"), *without = tcase_create("without openat2");

	tcase_add_checked_fixture(with, raw_setup, raw_teardown);
	tcase_add_checked_fixture(without, raw_setup_without_openat2, raw_teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tcase_add_test(with, tests[i]);
		tcase_add_test(without, tests[i]);
	}
	suite_add_tcase(s, with);
	suite_add_tcase(s, without);
	return s;
}
