/*
 * Layers as directories: what a stream becomes, that it comes back as it was, and that
 * a stream of a hostile guest kernel leaves what is beside the directory alone.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "abi/tar.h"
#include "layer_internal.h"

#define SECRET "what the guest must not touch"

Suite *layer_suite(void);

static char dir[64];
static int tar;
static bool without_openat2;

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", dir, command);
	ck_assert_msg(!system(line), "%s", command);
}

static void setup(void)
{
	strcpy(dir, "/tmp/lodger-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	shell("mkdir in back out; echo '" SECRET "' >out/s");
	tar = memfd_create("tar", MFD_CLOEXEC);
	ck_assert_int_ge(tar, 0);
}

static void teardown(void)
{
	shell("test \"$(cat out/s)\" = '" SECRET "' && test \"$(ls -A out)\" = s");
	shell("rm -rf in back out");
	rmdir(dir);
	close(tar);
}

static const char *in_dir(const char *name)
{
	static char path[2][256];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

/* --- a writer that believes everything --------------------------------------------- */

static void put(const void *bytes, size_t len)
{
	static const char zeros[LODGER_TAR_BLOCK];
	size_t pad = -len & (LODGER_TAR_BLOCK - 1);

	ck_assert_int_eq(write(tar, bytes, len), (ssize_t)len);
	ck_assert_int_eq(write(tar, zeros, pad), (ssize_t)pad);
}

static void put_header(char kind, const char *name, const char *target, unsigned mode,
		       unsigned long long size)
{
	struct lodger_tar_header h = { .kind = kind, .magic = "ustar", .version = { '0', '0' } };
	const unsigned char *raw = (const unsigned char *)&h;
	unsigned sum = 0;

	snprintf(h.name, sizeof(h.name), "%s", name);
	snprintf(h.target, sizeof(h.target), "%s", target);
	snprintf(h.mode, sizeof(h.mode), "%07o", mode & 07777777);
	snprintf(h.size, sizeof(h.size), "%011llo", size & 077777777777);
	snprintf(h.major, sizeof(h.major), "%07o", 1);
	snprintf(h.minor, sizeof(h.minor), "%07o", 3);
	memset(h.check, ' ', sizeof(h.check));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += raw[i];
	snprintf(h.check, sizeof(h.check), "%06o", sum & 0777777);
	put(&h, sizeof(h));
}

static void put_records(const char *records, size_t len)
{
	put_header('x', "x", "", 0644, len);
	put(records, len);
}

static void put_file(const char *name, const char *text)
{
	put_header('0', name, "", 0644, strlen(text));
	put(text, strlen(text));
}

static void put_end(void)
{
	static const char zeros[2 * LODGER_TAR_BLOCK];

	put(zeros, sizeof(zeros));
}

static struct broker *open_below(const char *name)
{
	struct broker *b = broker_create(NULL, 0, geteuid(), getegid());

	ck_assert_ptr_nonnull(b);
	ck_assert_int_eq(broker_add_root(b, open(in_dir(name), O_PATH | O_CLOEXEC), false), 0);
	return b;
}

static int unpack_to(const char *name)
{
	struct broker *b = open_below(name);
	int err;

	if (without_openat2)
		broker_without_openat2(b);
	err = layer_unpack(b, tar, (uint64_t)lseek(tar, 0, SEEK_END));
	broker_destroy(b);
	return err;
}

/* in becomes the tar. */
static int pack(uint64_t limit_bytes)
{
	struct root_sink sink = { .fd = tar, .memory = true, .limit_bytes = limit_bytes };
	struct broker *b = open_below("in");
	int err;

	ck_assert_int_eq(ftruncate(tar, 0), 0);
	lseek(tar, 0, SEEK_SET);
	err = layer_pack(b, &sink);
	broker_destroy(b);
	return err;
}

/* --- good streams --------------------------------------------------------------------- */

static bool has_xattrs(void)
{
	return !setxattr(in_dir("back"), "user.t", "", 0, 0) &&
	       !removexattr(in_dir("back"), "user.t");
}

START_TEST(test_layer_good)
{
	struct stat st;

	put_header('5', ".", "", 0750, 0);
	put_header('5', "d", "", 0755, 0);
	put_records("21 mtime=7.000000008\n", 21);
	put_file("d/f", "text\n");
	put_header('1', "d/g", "d/f", 0, 0);
	put_header('2', "d/l", "../../out/s", 0777, 0);
	put_file("d/.wh.gone", "");
	put_records("14 mtime=-7.5\n", 14);
	put_file("d/old", "");
	put_end();
	ck_assert_int_eq(unpack_to("in"), 0);
	ck_assert_int_eq(stat(in_dir("in/d/g"), &st), 0);
	ck_assert_uint_eq(st.st_nlink, 2);
	ck_assert_int_eq(st.st_mtim.tv_sec, 7);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 8);
	ck_assert_int_eq(stat(in_dir("in"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	ck_assert_int_eq(stat(in_dir("in/d"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, 0);
	shell("test \"$(readlink in/d/l)\" = ../../out/s && test \"$(cat in/d/f)\" = text && test -f in/d/.wh.gone");

	/* and again the same */
	ck_assert_int_eq(pack(1 << 20), 0);
	ck_assert_int_eq(unpack_to("back"), 0);
	shell("diff -r --no-dereference in back && test in/d/f -ef in/d/g && test back/d/f -ef back/d/g");
	ck_assert_int_eq(stat(in_dir("back/d/old"), &st), 0);
	ck_assert_int_eq(st.st_mtim.tv_sec, -8);
	ck_assert_int_eq(st.st_mtim.tv_nsec, 500000000);
	ck_assert_int_eq(pack(2048), -EFBIG);
}
END_TEST

START_TEST(test_layer_holes)
{
	static char bytes[1 << 20];
	struct stat st;

	bytes[0] = bytes[sizeof(bytes) - 1] = 'x';
	put_header('0', "f", "", 0644, sizeof(bytes));
	put(bytes, sizeof(bytes));
	put_end();
	ck_assert_int_eq(unpack_to("in"), 0);
	ck_assert_int_eq(stat(in_dir("in/f"), &st), 0);
	ck_assert_int_eq(st.st_size, sizeof(bytes));
	ck_assert_int_lt(st.st_blocks * 512, (long)sizeof(bytes));
	shell("test \"$(tr -d '\\0' <in/f)\" = xx");
}
END_TEST

START_TEST(test_layer_owners)
{
	char text[64];
	struct stat st;
	ssize_t n;

	put_header('5', "d", "", 02000, 0);
	put_records("8 uid=5\n8 gid=6\n27 SCHILY.xattr.user.a=b\0c\n"
		    "42 SCHILY.xattr.security.capability=value\n", 8 + 8 + 27 + 42);
	put_header('0', "set", "", 04711, 0);
	put_header('3', "null", "", 0666, 0);
	put_end();
	if (!has_xattrs()) {
		ck_assert_int_eq(unpack_to("in"), -EOPNOTSUPP);
		return;
	}
	ck_assert_int_eq(unpack_to("in"), 0);
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(stat(in_dir("in/set"), &st), 0);
		ck_assert_uint_eq(st.st_mode, S_IFREG | 0711);
		n = getxattr(in_dir("in/set"), LODGER_BROKER_OWNER_XATTR, text, sizeof(text));
		ck_assert_int_eq(n, (ssize_t)strlen("5:6:04711"));
		ck_assert_int_eq(memcmp(text, "5:6:04711", (size_t)n), 0);
		n = getxattr(in_dir("in/set"), "user.a", text, sizeof(text));
		ck_assert_int_eq(n, 3);
		n = getxattr(in_dir("in/set"), "user.lodger.security.capability", text,
			     sizeof(text));
		ck_assert_int_eq(n, 5);
		n = getxattr(in_dir("in/null"), LODGER_BROKER_OWNER_XATTR, text, sizeof(text));
		ck_assert_int_eq(n, (ssize_t)strlen("0:0:0666:char-1-3"));
		ck_assert_int_eq(memcmp(text, "0:0:0666:char-1-3", (size_t)n), 0);
		ck_assert_int_eq(stat(in_dir("in/d"), &st), 0);
		ck_assert_uint_eq(st.st_mode, S_IFDIR | 0700);
		ck_assert_int_eq(pack(1 << 20), 0);
		shell("rm -r in; mkdir in");
		ck_assert_int_eq(unpack_to("in"), 0);
	}
}
END_TEST

START_TEST(test_layer_empty)
{
	ck_assert_int_eq(pack(1 << 20), 0);
	ck_assert_int_eq(lseek(tar, 0, SEEK_END), 3 * LODGER_TAR_BLOCK);
}
END_TEST

/* --- bad streams ------------------------------------------------------------------------ */

static const struct bad_name {
	const char *name;
	int err;
} bad_names[] = {
	{ "/etc/x", -EPROTO },	  { "..", -EPROTO },	     { "../out/x", -EPROTO },
	{ "d/../../out/x", -EPROTO }, { "d/..", -EPROTO },   { "./x", -EPROTO },
	{ "d//x", -EPROTO },	  { "d/", -EPROTO },	     { "", -EPROTO },
	{ "none/x", -ENOENT },	  { "l/x", -ELOOP },	     { "l", -EEXIST },
	{ "f/x", -ENOTDIR },	  { "f", -EEXIST },	     { ".", -EPROTO },
	{ "d", -EEXIST },	  { "a/s", -ELOOP },
};

static void put_around(void)
{
	put_header('5', "d", "", 0755, 0);
	put_file("f", "x");
	put_header('2', "l", "../out", 0777, 0);
	put_header('2', "a", "/", 0777, 0);
}

/* A host without openat2 says ENOTDIR of a link. */
static bool is_error(int got, int want)
{
	return got == want || (want == -ELOOP && got == -ENOTDIR);
}

START_TEST(test_layer_bad_name)
{
	const struct bad_name *bad = &bad_names[_i / 6];
	int err;

	without_openat2 = _i / 3 % 2;
	put_around();
	if (_i % 3 == 0)
		put_file(bad->name, "bad");
	else if (_i % 3 == 1)
		put_header('1', bad->name, "f", 0, 0);
	else
		put_header('2', bad->name, "x", 0777, 0);
	put_end();
	err = unpack_to("in");
	ck_assert_msg(is_error(err, bad->err), "%s: %d", bad->name, err);
}
END_TEST

/* Links to what is not below, and directories over what is no directory. */
START_TEST(test_layer_bad_target)
{
	static const struct bad_name targets[] = {
		{ "../out/s", -EPROTO }, { "/etc/passwd", -EPROTO }, { "l/s", -ELOOP },
		{ "none", -ENOENT },	 { ".", -EPROTO },	     { "d", -EPERM },
	};
	static const struct bad_name directories[] = {
		{ "l", -EPROTO }, { "f", -EPROTO }, { "..", -EPROTO }, { "l/d", -ELOOP },
	};
	bool links = _i < 6;
	const struct bad_name *bad = links ? &targets[_i] : &directories[_i - 6];
	int err;

	put_around();
	put_header(links ? '1' : '5', links ? "new" : bad->name, bad->name, 0777, 0);
	put_end();
	err = unpack_to("in");
	ck_assert_msg(is_error(err, bad->err), "%s: %d", bad->name, err);
}
END_TEST

static const char *const bad_records[] = {
	"1\n", "9999 path=x\n", "x path=y\n", "9 path=x", "7 path\n", "8 path=\n", "10 uid=-1\n",
	"18 uid=4294967295\n", "11 size=-1\n", "30 size=99999999999999999999\n", "13 size=9999\n",
	"11 mtime=x\n", "22 mtime=1.1234567890\n", "11 path=..\n",
	"53 SCHILY.xattr.user.containers.override_stat=0:0:0\n", "20 SCHILY.xattr.=x\n",
};

START_TEST(test_layer_bad_record)
{
	put_records(bad_records[_i], strlen(bad_records[_i]));
	put_header('0', "new", "", 0644, 0);
	put_end();
	ck_assert_msg(unpack_to("in") == -EPROTO, "%s", bad_records[_i]);
}
END_TEST

START_TEST(test_layer_bad_header)
{
	static const char kinds[] = { '7', 'L', 'S', 'x' + 1, '\0', 'V' };

	if (_i < 6)
		put_header(kinds[_i], "new", "", 0644, 0);
	else if (_i == 6) /* longer than the stream */
		put_header('0', "new", "", 0644, 1ull << 32);
	else if (_i == 7)
		put_header('x', "new", "", 0644, LODGER_TAR_RECORDS_MAX + 1);
	else if (_i == 8) /* contents of what has none */
		put_header('3', "new", "", 0644, 512);
	else if (_i == 9)
		put("no header", 9);
	else /* no end */
		put_header('5', "new", "", 0644, 0);
	if (_i < 10)
		put_end();
	ck_assert_int_eq(unpack_to("in"), -EPROTO);
}
END_TEST

/* What another program has put into the directory. */
START_TEST(test_layer_pack_strange)
{
	struct stat st;

	shell("cd in && mkdir d && mkfifo p && ln -s ../out d/o && ln -s / d/a && "
	      "echo x >d/.wh..wh..opq && echo y >'d/a b' && touch d/.wh.z d/0");
	ck_assert_int_eq(pack(1 << 20), 0);
	ck_assert_int_eq(unpack_to("back"), has_xattrs() ? 0 : -EOPNOTSUPP);
	if (!has_xattrs())
		return;
	shell("test \"$(readlink back/d/o)\" = ../out && test \"$(cat 'back/d/a b')\" = y");
	ck_assert_int_eq(stat(in_dir("back/p"), &st), 0);
	ck_assert_uint_eq(st.st_mode & S_IFMT, S_IFREG);
}
END_TEST

Suite *layer_suite(void)
{
	Suite *suite = suite_create("layer");
	TCase *tc = tcase_create("layer");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_layer_good);
	tcase_add_test(tc, test_layer_holes);
	tcase_add_test(tc, test_layer_owners);
	tcase_add_test(tc, test_layer_empty);
	tcase_add_loop_test(tc, test_layer_bad_name, 0,
			    6 * (int)(sizeof(bad_names) / sizeof(bad_names[0])));
	tcase_add_loop_test(tc, test_layer_bad_target, 0, 10);
	tcase_add_loop_test(tc, test_layer_bad_record, 0,
			    (int)(sizeof(bad_records) / sizeof(bad_records[0])));
	tcase_add_loop_test(tc, test_layer_bad_header, 0, 11);
	tcase_add_test(tc, test_layer_pack_strange);
	suite_add_tcase(suite, tc);
	return suite;
}
