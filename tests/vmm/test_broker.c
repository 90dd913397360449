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

#include "broker_serve.h"
#include "hostdir.h"

#define RAM_BYTES (1u << 20)
#define READ_WRITE 0 /* handles of the two roots: the same directory, twice */
#define READ_ONLY 1

static struct broker *broker;
static uint8_t *ram;
static char dir[64]; /* dir/in is bound, dir/out is not */
static union {
	struct lodger_broker_reply head;
	char bytes[LODGER_BROKER_REPLY_MAX];
} reply;

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", dir, command);
	ck_assert_int_eq(system(line), 0);
}

static void add_root(const char *name, bool read_only)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(broker_add_root(broker, open(path, O_PATH | O_CLOEXEC), read_only), 0);
}

static void setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/lodger-vmm.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	shell("mkdir in in/sub out && echo in >in/file && echo secret >out/secret &&"
	      "ln -s ../out in/link && ln -s /proc/self/fd in/magic && mkfifo in/fifo &&"
	      "ln -s ../../out/secret in/sub/up");
	ram = calloc(1, RAM_BYTES);
	broker = broker_create(ram, RAM_BYTES, geteuid(), getegid());
	ck_assert_ptr_nonnull(broker);
	add_root("in", false);
	add_root("in", true);
}

static void setup_without_openat2(void)
{
	setup();
	broker_without_openat2(broker);
}

static void teardown(void)
{
	shell("rm -rf in out moved");
	rmdir(dir);
	broker_destroy(broker);
	free(ram);
}

static struct lodger_broker_request request(uint32_t op, uint32_t handle)
{
	return (struct lodger_broker_request){ .magic = LODGER_BROKER_MAGIC,
					       .seq = 7,
					       .op = op,
					       .handle = handle };
}

/* Sends rq with these strings, of whatever length and content. */
static int send_raw(struct lodger_broker_request rq, const char *name, size_t name_bytes,
		    const char *text, size_t text_bytes)
{
	char message[sizeof(rq) + 70000];

	rq.name_bytes = (uint16_t)name_bytes;
	rq.text_bytes = (uint16_t)text_bytes;
	memcpy(message, &rq, sizeof(rq));
	if (name_bytes)
		memcpy(message + sizeof(rq), name, name_bytes);
	if (text_bytes)
		memcpy(message + sizeof(rq) + name_bytes, text, text_bytes);
	if (!broker_serve(broker, message, sizeof(rq) + name_bytes + text_bytes, &reply))
		return 1; /* no answer */
	ck_assert_uint_eq(reply.head.seq, 7);
	return reply.head.error;
}

static int ask(struct lodger_broker_request rq, const char *name, const char *text)
{
	return send_raw(rq, name, name ? strlen(name) : 0, text, text ? strlen(text) : 0);
}

static int lookup(uint32_t handle, const char *name)
{
	return ask(request(LODGER_BROKER_LOOKUP, handle), name, NULL);
}

/* A handle for name in handle. */
static uint32_t take(uint32_t handle, const char *name)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_TAKE, handle);

	ck_assert_int_eq(lookup(handle, name), 0);
	rq.ino = reply.head.attr.ino;
	ck_assert_int_eq(ask(rq, name, NULL), 0);
	return reply.head.handle;
}

static int open_for(uint32_t handle, bool write)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_OPEN, handle);

	rq.flags = write ? LODGER_BROKER_OPEN_WRITE : 0;
	return ask(rq, NULL, NULL);
}

static int transfer(uint32_t op, uint32_t handle, uint64_t at, uint64_t ram_at, uint64_t bytes)
{
	struct lodger_broker_request rq = request(op, handle);

	rq.offset = at;
	rq.ram_at = ram_at;
	rq.bytes = bytes;
	return ask(rq, NULL, NULL);
}

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
	uint32_t file = take(READ_WRITE, "file");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct lodger_broker_request rq;

		for (size_t op = 0; op < sizeof(ops) / sizeof(ops[0]); op++) {
			rq = request(ops[op], READ_WRITE);
			rq.other = file;
			ck_assert_msg(ask(rq, names[i], NULL) == -EINVAL, "op %u '%s'",
				      ops[op], names[i]);
		}
		rq = request(LODGER_BROKER_RENAME, READ_WRITE);
		rq.other = READ_WRITE;
		ck_assert_int_eq(ask(rq, "file", names[i]), -EINVAL);
		ck_assert_int_eq(ask(rq, names[i], "file"), -EINVAL);
		ck_assert_int_eq(ask(request(LODGER_BROKER_SYMLINK, READ_WRITE), names[i], "x"),
				 -EINVAL);
	}
	ck_assert_int_eq(send_raw(request(LODGER_BROKER_LOOKUP, READ_WRITE), "fi\0le", 5,
				  NULL, 0), -EINVAL);
	ck_assert_int_eq(lookup(READ_WRITE, "file"), 0);
}
END_TEST

/* Links are seen, never followed: not to directories, not to descriptors. */
START_TEST(links)
{
	uint32_t link, magic;

	ck_assert_int_eq(lookup(READ_WRITE, "link"), 0);
	ck_assert(S_ISLNK(reply.head.attr.mode));
	link = take(READ_WRITE, "link");
	magic = take(READ_WRITE, "magic");
	ck_assert_int_eq(lookup(link, "secret"), -ENOTDIR);
	ck_assert_int_eq(lookup(magic, "0"), -ENOTDIR);
	ck_assert_int_eq(open_for(link, false), -EINVAL);
	ck_assert_int_eq(open_for(magic, true), -EINVAL);
	ck_assert_int_eq(open_for(take(take(READ_WRITE, "sub"), "up"), false), -EINVAL);
	/* what would create through one */
	ck_assert_int_eq(ask(request(LODGER_BROKER_CREATE, READ_WRITE), "link", NULL), -EEXIST);
	ck_assert_int_eq(ask(request(LODGER_BROKER_READLINK, READ_WRITE), "link", NULL), 0);
	ck_assert_uint_eq(reply.head.text_bytes, strlen("../out"));
}
END_TEST

/* Changing a link's attributes is nothing to what it leads to. */
START_TEST(attributes_of_links)
{
	struct lodger_broker_request rq;
	char path[128];
	struct stat st;

	shell("ln -s ../out/secret in/s; chmod 600 out/secret; touch -d 2001-01-01 out/secret");
	rq = request(LODGER_BROKER_SETATTR, take(READ_WRITE, "s"));
	rq.flags = LODGER_BROKER_SET_MODE;
	rq.mode = 0777;
	ck_assert_int_eq(ask(rq, NULL, NULL), -EOPNOTSUPP);
	rq.flags = LODGER_BROKER_SET_SIZE;
	ck_assert_int_eq(ask(rq, NULL, NULL), -EINVAL);
	rq.flags = LODGER_BROKER_SET_MTIME;
	rq.ram_at = 1;
	ask(rq, NULL, NULL);
	snprintf(path, sizeof(path), "%s/out/secret", dir);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 7);
	ck_assert_int_gt(st.st_mtime, 900000000);
}
END_TEST

/* The host swaps what is behind a name between two requests. */
START_TEST(swaps)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_TAKE, READ_WRITE);
	uint32_t sub = take(READ_WRITE, "sub");

	ck_assert_int_eq(lookup(READ_WRITE, "file"), 0);
	rq.ino = reply.head.attr.ino;
	shell("mv in/file in/old && ln -s ../out/secret in/file");
	ck_assert_int_eq(ask(rq, "file", NULL), -ESTALE);
	shell("rm in/file && mkfifo in/file");
	ck_assert_int_eq(ask(rq, "file", NULL), -ESTALE);
	/* a directory that was moved: its handle is still the directory's own */
	shell("mv in/sub moved && ln -s ../out in/sub");
	ck_assert_int_eq(lookup(sub, "secret"), -ENOENT);
	ck_assert_int_eq(lookup(sub, ".."), -EINVAL);
	ck_assert_int_eq(lookup(take(READ_WRITE, "sub"), "secret"), -ENOTDIR);
}
END_TEST

/* FIFOs, sockets and devices are never opened: that would wait, or do something. */
START_TEST(special_files)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct lodger_broker_request rq;

	ck_assert_int_eq(broker_add_root(broker, open("/dev", O_PATH), true), 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/in/socket", dir);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(open_for(take(READ_WRITE, "fifo"), false), -EINVAL);
	ck_assert_int_eq(open_for(take(READ_WRITE, "socket"), true), -EINVAL);
	close(fd);
	ck_assert_int_eq(lookup(2, "null"), 0);
	rq = request(LODGER_BROKER_TAKE, 2);
	rq.ino = reply.head.attr.ino;
	ck_assert_int_eq(ask(rq, "null", NULL), -EOPNOTSUPP);
}
END_TEST

/* What is mounted below is not gone into: /proc of / is the way out it would be. */
START_TEST(mounts_below)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_TAKE, 2);

	ck_assert_int_eq(broker_add_root(broker, open("/", O_PATH), true), 0);
	ck_assert_int_eq(lookup(2, "proc"), 0);
	ck_assert_uint_eq(reply.head.attr.flags, LODGER_BROKER_COVERED);
	rq.ino = reply.head.attr.ino;
	ck_assert_int_eq(ask(rq, "proc", NULL), -EXDEV);
}
END_TEST

/* --- handles ------------------------------------------------------------------------- */

START_TEST(wrong_handles)
{
	static const uint32_t wild[] = { 2, 3, 100, 0xffff, 0x10000, 0x100000, 1u << 31, ~0u };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		for (uint32_t op = LODGER_BROKER_GETATTR; op <= LODGER_BROKER_OPEN; op++)
			ck_assert_int_eq(ask(request(op, wild[i]), NULL, NULL), -EBADF);
		ck_assert_int_eq(lookup(wild[i], "file"), -EBADF);
		ck_assert_int_eq(transfer(LODGER_BROKER_READ, wild[i], 0, 0, 1), -EBADF);
		rq = request(LODGER_BROKER_RENAME, READ_WRITE);
		rq.other = wild[i];
		ck_assert_int_eq(ask(rq, "file", "x"), -EBADF);
	}
}
END_TEST

/* A handle that was given back is nobody's, also when its place is used again. */
START_TEST(replayed_handles)
{
	uint32_t old = take(READ_WRITE, "file"), next;

	ck_assert_int_eq(ask(request(LODGER_BROKER_CLOSE, old), NULL, NULL), 1);
	ck_assert_int_eq(ask(request(LODGER_BROKER_GETATTR, old), NULL, NULL), -EBADF);
	next = take(READ_WRITE, "sub");
	ck_assert_uint_ne(next, old);
	ck_assert_int_eq(ask(request(LODGER_BROKER_GETATTR, old), NULL, NULL), -EBADF);
	ck_assert_int_eq(ask(request(LODGER_BROKER_CLOSE, old), NULL, NULL), 1);
	ck_assert_int_eq(ask(request(LODGER_BROKER_GETATTR, next), NULL, NULL), 0);
	/* the roots stay */
	ck_assert_int_eq(ask(request(LODGER_BROKER_CLOSE, READ_WRITE), NULL, NULL), 1);
	ck_assert_int_eq(lookup(READ_WRITE, "file"), 0);
}
END_TEST

/* The wrong kind of file for the operation. */
START_TEST(wrong_kinds)
{
	uint32_t file = take(READ_WRITE, "file"), sub = take(READ_WRITE, "sub");
	struct lodger_broker_request rq;

	ck_assert_int_eq(lookup(file, "x"), -ENOTDIR);
	ck_assert_int_eq(ask(request(LODGER_BROKER_CREATE, file), "x", NULL), -ENOTDIR);
	ck_assert_int_eq(open_for(sub, true), -EISDIR);
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 0, 0, 1), -EBADF); /* not open */
	ck_assert_int_eq(open_for(file, false), 0);
	ck_assert_int_eq(transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EBADF);
	ck_assert_int_eq(transfer(LODGER_BROKER_LIST, file, 0, 0, 512), -EBADF);
	ck_assert_int_eq(open_for(sub, false), 0);
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, sub, 0, 0, 1), -EBADF);
	rq = request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.other = file;
	ck_assert_int_eq(ask(rq, "sub", "x"), -ENOTDIR);
	rq = request(LODGER_BROKER_LINK, READ_WRITE);
	rq.other = sub;
	ck_assert_int_eq(ask(rq, "x", NULL), -EPERM);
}
END_TEST

/* --- a root that is only to be read ----------------------------------------------------- */

START_TEST(read_only_root)
{
	uint32_t file = take(READ_ONLY, "file"), theirs = take(READ_WRITE, "file");
	static const uint32_t ops[] = { LODGER_BROKER_CREATE, LODGER_BROKER_MKDIR,
					LODGER_BROKER_MKSPECIAL, LODGER_BROKER_UNLINK,
					LODGER_BROKER_RMDIR, LODGER_BROKER_LINK };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		ck_assert_int_eq(ask(request(ops[i], READ_ONLY), "file", NULL), -EROFS);
	ck_assert_int_eq(ask(request(LODGER_BROKER_SYMLINK, READ_ONLY), "x", "y"), -EROFS);
	ck_assert_int_eq(open_for(file, true), -EROFS);
	ck_assert_int_eq(transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EROFS);
	ck_assert_int_eq(ask(request(LODGER_BROKER_SETATTR, file), NULL, NULL), -EROFS);
	/* nor from one root into the other */
	rq = request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.other = READ_ONLY;
	ck_assert_int_eq(ask(rq, "file", "x"), -EXDEV);
	rq = request(LODGER_BROKER_LINK, READ_WRITE);
	rq.other = file;
	ck_assert_int_eq(ask(rq, "x", NULL), -EXDEV);
	ck_assert_int_eq(open_for(theirs, true), 0);
	ck_assert_int_eq(transfer(LODGER_BROKER_WRITE, file, 0, 0, 1), -EROFS);
}
END_TEST

START_TEST(no_power_on_the_host)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_CREATE, READ_WRITE);

	rq.mode = 06755;
	ck_assert_int_eq(ask(rq, "su", NULL), 0);
	ck_assert_uint_eq(reply.head.attr.mode & 07777, 0755);
	rq = request(LODGER_BROKER_SETATTR, reply.head.handle);
	rq.flags = LODGER_BROKER_SET_MODE;
	rq.mode = 06777;
	ck_assert_int_eq(ask(rq, NULL, NULL), 0);
	ck_assert_uint_eq(reply.head.attr.mode & 07777, 0777);
}
END_TEST

/* --- lengths and numbers ------------------------------------------------------------------ */

START_TEST(places_in_ram)
{
	uint32_t file = take(READ_WRITE, "file"), sub = take(READ_WRITE, "sub");
	static const uint64_t bad[][2] = { /* where, how much */
		{ RAM_BYTES, 1 }, { RAM_BYTES - 1, 2 }, { 0, RAM_BYTES + 1 },
		{ UINT64_MAX, 1 }, { UINT64_MAX - 10, 11 }, { 1ULL << 63, 4096 },
	};

	ck_assert_int_eq(open_for(file, true), 0);
	ck_assert_int_eq(open_for(sub, false), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t at = bad[i][0], len = bad[i][1];

		ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 0, at, len), -EFAULT);
		ck_assert_int_eq(transfer(LODGER_BROKER_WRITE, file, 0, at, len), -EFAULT);
		ck_assert_int_eq(transfer(LODGER_BROKER_LIST, sub, 0, at, len), -EFAULT);
	}
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 0, 0, 0), -EINVAL);
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 0, 0, LODGER_BROKER_IO_MAX + 1),
			 -EINVAL);
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 1ULL << 63, 0, 1), -EINVAL);
	ck_assert_int_eq(transfer(LODGER_BROKER_WRITE, file, INT64_MAX, 0, 1), -EINVAL);
	ck_assert_int_eq(transfer(LODGER_BROKER_READ, file, 0, RAM_BYTES - 3, 3), 0);
	ck_assert_int_eq(memcmp(ram + RAM_BYTES - 3, "in\n", 3), 0);
}
END_TEST

START_TEST(broken_messages)
{
	struct lodger_broker_request rq = request(LODGER_BROKER_LOOKUP, READ_WRITE);
	static char long_text[66000];
	char message[sizeof(rq) + 16];

	memset(long_text, 'x', sizeof(long_text));
	ck_assert_int_eq(send_raw(rq, long_text, 255, NULL, 0), -ENOENT);
	ck_assert_int_eq(send_raw(rq, long_text, 256, NULL, 0), -ENAMETOOLONG);
	ck_assert_int_eq(send_raw(rq, long_text, 65535, NULL, 0), -ENAMETOOLONG);
	ck_assert_int_eq(send_raw(rq, "file", 4, "x", 1), -EINVAL);
	ck_assert_int_eq(send_raw(request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, long_text,
				  4096), -ENAMETOOLONG);
	ck_assert_int_eq(send_raw(request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, "a\0b", 3),
			 -EINVAL);
	ck_assert_int_eq(send_raw(request(LODGER_BROKER_SYMLINK, READ_WRITE), "s", 1, "", 0),
			 -EINVAL);
	/* a length that is not the message's, and every cut */
	rq.name_bytes = 4;
	memcpy(message, &rq, sizeof(rq));
	memcpy(message + sizeof(rq), "file", 4);
	for (size_t len = 0; len < sizeof(rq) + 16; len++) {
		size_t n = broker_serve(broker, message, len, &reply);

		ck_assert_uint_ge(n, sizeof(reply.head));
		ck_assert_int_eq(reply.head.error, len == sizeof(rq) + 4 ? 0 : -EPROTO);
	}
	rq.magic++;
	ck_assert_uint_gt(broker_serve(broker, &rq, sizeof(rq), &reply), 0);
	ck_assert_int_eq(reply.head.error, -EPROTO);
}
END_TEST

START_TEST(wild_numbers)
{
	static const uint32_t ops[] = { 0, LODGER_BROKER_OPS, 1000, ~0u };
	struct lodger_broker_request rq;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		ck_assert_int_eq(ask(request(ops[i], READ_WRITE), NULL, NULL), -EPROTO);
	for (uint32_t op = 1; op < LODGER_BROKER_OPS; op++) {
		rq = request(op, READ_WRITE);
		rq.flags = 1u << 31;
		if (op != LODGER_BROKER_CLOSE)
			ck_assert_int_eq(ask(rq, NULL, NULL), -EINVAL);
		rq.flags = 0;
		rq.mode = 1u << 31;
		if (op != LODGER_BROKER_CLOSE)
			ck_assert_int_eq(ask(rq, NULL, NULL), -EINVAL);
	}
	rq = request(LODGER_BROKER_SETATTR, take(READ_WRITE, "file"));
	rq.flags = LODGER_BROKER_SET_MTIME;
	rq.mtime_ns = 0x3fffffff; /* UTIME_NOW */
	ck_assert_int_eq(ask(rq, NULL, NULL), -EINVAL);
	rq = request(LODGER_BROKER_RENAME, READ_WRITE);
	rq.flags = RENAME_WHITEOUT;
	ck_assert_int_eq(ask(rq, "file", "x"), -EINVAL);
	rq.flags = RENAME_EXCHANGE | RENAME_NOREPLACE;
	ck_assert_int_eq(ask(rq, "file", "x"), -EINVAL);
}
END_TEST

/* More handles than there are descriptors: an error, and all is well again after. */
START_TEST(too_many_handles)
{
	static uint32_t taken[70000];
	struct lodger_broker_request rq = request(LODGER_BROKER_TAKE, READ_WRITE);
	int err = 0, count = 0;

	ck_assert_int_eq(lookup(READ_WRITE, "file"), 0);
	rq.ino = reply.head.attr.ino;
	while (count < 70000 && !(err = ask(rq, "file", NULL)))
		taken[count++] = reply.head.handle;
	ck_assert(count == 70000 || err == -EMFILE || err == -ENFILE);
	for (int i = 0; i < count; i++)
		ask(request(LODGER_BROKER_CLOSE, taken[i]), NULL, NULL);
	take(READ_WRITE, "file");
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
	ck_assert(!shows_kernel(dir));
}
END_TEST

Suite *broker_suite(void);
Suite *broker_suite(void)
{
	const TTest *const tests[] = {
		names_that_are_none, links, attributes_of_links, swaps, special_files,
		mounts_below, wrong_handles, replayed_handles, wrong_kinds, read_only_root,
		no_power_on_the_host, places_in_ram, broken_messages, wild_numbers,
		too_many_handles, views_of_the_kernel,
	};
	Suite *s = suite_create("broker");
	TCase *with = tcase_create("openat2"), *without = tcase_create("without openat2");

	tcase_add_checked_fixture(with, setup, teardown);
	tcase_add_checked_fixture(without, setup_without_openat2, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tcase_add_test(with, tests[i]);
		tcase_add_test(without, tests[i]);
	}
	suite_add_tcase(s, with);
	suite_add_tcase(s, without);
	return s;
}
