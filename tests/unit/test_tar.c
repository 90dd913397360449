/* The tar reader: what a good tar of each dialect becomes, and how each kind of
 * broken one is refused. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fake_hal.h"
#include "fs/vfs.h"
#include "fs_fixture.h"

#define BLOCK 512u

/* An archive under construction. */
static u8 archive[4 << 20];
static size_t archive_len;
static char why[200];

struct entry {
	const char *name;
	char kind;
	const char *data, *target, *prefix;
	size_t len;	    /* unless 0: of data */
	const char *size;   /* the field, unless NULL */
	const char *mode, *mtime, *uid;
	const char *magic;  /* 8 bytes */
	unsigned major, minor;
	bool bad_sum;
};

static void setup(void)
{
	fs_boot(8 << 20);
	archive_len = 0;
}

static void append(const void *data, size_t len)
{
	size_t padded = (len + BLOCK - 1) / BLOCK * BLOCK;

	ck_assert_uint_le(archive_len + padded, sizeof(archive));
	memset(archive + archive_len, 0, padded);
	memcpy(archive + archive_len, data, len);
	archive_len += padded;
}

static void put(u8 *field, size_t len, const char *text)
{
	memcpy(field, text, strnlen(text, len));
}

static void add_entry(const struct entry *e)
{
	size_t len = e->len ? e->len : e->data ? strlen(e->data) : 0;
	unsigned sum = 0;
	u8 h[BLOCK] = { 0 };
	char number[16];

	put(h, 100, e->name);
	put(h + 100, 8, e->mode ? e->mode : "0000644");
	put(h + 108, 8, e->uid ? e->uid : "0000013");
	put(h + 116, 8, "0000026");
	snprintf(number, sizeof(number), "%011zo", len);
	memcpy(h + 124, e->size ? e->size : number, 12);
	memcpy(h + 136, e->mtime ? e->mtime : "07346545000\0", 12);
	h[156] = (u8)e->kind;
	put(h + 157, 100, e->target ? e->target : "");
	memcpy(h + 257, e->magic ? e->magic : "ustar\00000", 8);
	snprintf(number, sizeof(number), "%07o", e->major);
	put(h + 329, 8, number);
	snprintf(number, sizeof(number), "%07o", e->minor);
	put(h + 337, 8, number);
	put(h + 345, 155, e->prefix ? e->prefix : "");
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += h[i];
	snprintf(number, sizeof(number), "%06o", sum + e->bad_sum);
	memcpy(h + 148, number, 7);
	append(h, BLOCK);
	if (len)
		append(e->data, len);
}

static void add(const char *name, char kind, const char *text)
{
	add_entry(&(struct entry){ .name = name, .kind = kind, .data = text });
}

static void add_end(void)
{
	static const u8 zeros[2 * BLOCK];

	append(zeros, sizeof(zeros));
}

/* A pax header of one record. */
static void add_record(const char *key, const char *value)
{
	char text[6000];
	size_t len = strlen(key) + strlen(value) + 3, digits = 1;

	while (snprintf(text, sizeof(text), "%zu", len + digits) > (int)digits)
		digits++;
	snprintf(text, sizeof(text), "%zu %s=%s\n", len + digits, key, value);
	add("pax", 'x', text);
}

static int unpack(void)
{
	fake_archive(archive, archive_len);
	return -archive_unpack(why, sizeof(why));
}

static void unpack_well(void)
{
	add_end();
	ck_assert_msg(unpack() == 0, "%s", why);
}

/* Fails with EINVAL and a reason that contains text. */
static void check_refused(const char *text)
{
	ck_assert_int_eq(unpack(), EINVAL);
	ck_assert_msg(strstr(why, text), "\"%s\" lacks \"%s\"", why, text);
	archive_len = 0;
}

START_TEST(test_good)
{
	struct inode *inode;

	add_entry(&(struct entry){ "./", '5', .mode = "0000750" });
	add_entry(&(struct entry){ "./bin/", '5', .mode = "0000755" });
	add_entry(&(struct entry){ "./bin/prog", '0', "text", .mode = "0004711" });
	add("bin/empty", '\0', NULL);
	add_entry(&(struct entry){ "bin/soft", '2', .target = "prog" });
	add_entry(&(struct entry){ "bin/hard", '1', .target = "./bin/prog" });
	add_entry(&(struct entry){ "dev/console", '3', .major = 5, .minor = 1 });
	add_entry(&(struct entry){ "dev/disk", '4', .major = 259, .minor = 0x12345 });
	add("fifo", '6', NULL);
	add("old/", '\0', NULL);
	add("a/b/c/parents", '7', "made on the way");
	unpack_well();
	ck_assert_uint_eq(fs_inode("/")->mode, S_IFDIR | 0750);
	ck_assert_str_eq(fs_text("/bin/soft"), "text");
	ck_assert_ptr_eq(fs_inode("/bin/hard"), fs_inode("/bin/prog"));
	ck_assert_str_eq(fs_text("/bin/empty"), "");
	ck_assert_str_eq(fs_text("/a/b/c/parents"), "made on the way");
	ck_assert(S_ISDIR(fs_inode("/old")->mode));
	inode = fs_inode("/bin/prog");
	ck_assert_uint_eq(inode->mode, S_IFREG | 04711);
	ck_assert_uint_eq(inode->nlink, 2);
	ck_assert_uint_eq(inode->uid, 11);
	ck_assert_uint_eq(inode->gid, 22);
	ck_assert_int_eq(inode->mtime.sec, 07346545000);
	ck_assert_uint_eq(fs_inode("/dev/console")->rdev, 0x501);
	ck_assert_uint_eq(fs_inode("/dev/disk")->rdev, 0x12310345);
	ck_assert(S_ISFIFO(fs_inode("/fifo")->mode));
}
END_TEST

START_TEST(test_long_names)
{
	char name[201], text[300];

	memset(name, 'n', 200);
	name[200] = '\0';
	add_entry(&(struct entry){ "name", '0', "prefix", .prefix = "some/where" });
	/* GNU: no prefix; what stands there are times */
	add_entry(&(struct entry){ "plain", '0', "gnu", .prefix = "13000000000",
				   .magic = "ustar  " });
	add_entry(&(struct entry){ "././@LongLink", 'L', name, .magic = "ustar  ", .len = 201 });
	add_entry(&(struct entry){ "cut", '0', "long", .magic = "ustar  " });
	add_entry(&(struct entry){ "././@LongLink", 'K', name, .magic = "ustar  ", .len = 201 });
	add_entry(&(struct entry){ "soft", '2', .target = "cut", .magic = "ustar  " });
	add_record("linkpath", name);
	add_entry(&(struct entry){ "hard", '1', .target = "cut" });
	add("short", '0', "an extended header is for one entry");
	unpack_well();
	ck_assert_str_eq(fs_text("/some/where/name"), "prefix");
	ck_assert_str_eq(fs_text("/plain"), "gnu");
	snprintf(text, sizeof(text), "/%s", name);
	ck_assert_str_eq(fs_text(text), "long");
	ck_assert_str_eq(fs_text("/soft"), "long");
	ck_assert_str_eq(fs_text("/hard"), "long");
	ck_assert_str_eq(fs_text("/short"), "an extended header is for one entry");
}
END_TEST

START_TEST(test_pax)
{
	struct inode *inode;

	add("global", 'g', "30 comment=0123456789012345678\n");
	add_record("path", "a/name\nwith two lines");
	add("n", '0', "1");
	add("pax", 'x', "16 uid=70000000\n12 gid=2000\n24 mtime=-1000000000.25\n"
			"25 SCHILY.xattr.user.a=b\n9 size=4\n");
	add_entry(&(struct entry){ "n", '0', "text", .size = "00000000000" });
	unpack_well();
	ck_assert_str_eq(fs_text("/a/name\nwith two lines"), "1");
	ck_assert_str_eq(fs_text("/n"), "text");
	inode = fs_inode("/n");
	ck_assert_uint_eq(inode->uid, 70000000);
	ck_assert_uint_eq(inode->gid, 2000);
	ck_assert_int_eq(inode->mtime.sec, -1000000001);
}
END_TEST

START_TEST(test_numbers)
{
	add_entry(&(struct entry){ "a", '0', .mtime = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe",
				   .uid = "\x80\0\0\0\x12\x34\x56\x78" });
	add_entry(&(struct entry){ "b", '0', "four", .size = "\x80\0\0\0\0\0\0\0\0\0\0\4" });
	add_entry(&(struct entry){ "c", '0', .mtime = "        17 \0", .uid = "   12 \0" });
	unpack_well();
	ck_assert_int_eq(fs_inode("/a")->mtime.sec, -2);
	ck_assert_str_eq(fs_text("/b"), "four");
	ck_assert_int_eq(fs_inode("/c")->mtime.sec, 15);
	ck_assert_uint_eq(fs_inode("/c")->uid, 10);
}
END_TEST

START_TEST(test_same_name_again)
{
	add("x", '0', "1");
	add_entry(&(struct entry){ "y", '1', .target = "x" });
	add("x", '0', "2");
	add("d/", '5', NULL);
	add_entry(&(struct entry){ "d/", '5', .mode = "0000711" });
	unpack_well();
	ck_assert_str_eq(fs_text("/x"), "2");
	ck_assert_str_eq(fs_text("/y"), "1");
	ck_assert_uint_eq(fs_inode("/d")->mode, S_IFDIR | 0711);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		struct entry e;
		const char *why;
	} cases[] = {
		{ { .name = "f", .kind = '0', .bad_sum = true }, "no tar header at byte 512" },
		{ { .name = "f", .kind = '0', .size = "0000000000x\0" }, "bad number" },
		{ { .name = "f", .kind = '0', .mode = "rw-r--r" }, "bad number" },
		{ { .name = "f", .kind = '0', .uid = "\xff\xff\xff\xff\xff\xff\xff\xff" }, "bad number" },
		{ { .name = "f", .kind = '0', .size = "77777777777\0" }, "longer than the rest" },
		{ { .name = "f", .kind = '0', .size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" },
		  "longer than the rest" },
		{ { .name = "f", .kind = '0', .size = "\x80\0\0\1\0\0\0\0\0\0\0\0" }, "bad number" },
		{ { .name = "../f", .kind = '0' }, "\"..\" in a name" },
		{ { .name = "a/..", .kind = '5' }, "\"..\" in a name" },
		{ { .name = "", .kind = '0' }, "an entry has no name" },
		{ { .name = "/", .kind = '1', .target = "f" }, "an entry has no name" },
		{ { .name = "s", .kind = 'S' }, "sparse" },
		{ { .name = "w", .kind = 'Z' }, "of an unknown kind" },
		{ { .name = "l", .kind = '2' }, "without a proper target" },
		{ { .name = "l", .kind = '1', .target = "nowhere" }, "hard link to no earlier file" },
		{ { .name = "l", .kind = '1', .target = "first" }, "hard link to no earlier file" },
		{ { .name = "p", .kind = 'x', .data = "3 =\n" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "99 path=x\n" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "9 path=xy" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "7 path\n" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "12 size=-x1\n" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "30 size=999999999999999999999\n" }, "bad number" },
		{ { .name = "p", .kind = 'x', .data = "22 GNU.sparse.major=1\n" }, "sparse" },
		{ { .name = "c", .kind = '3', .major = 0x1000 }, "bad number" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add("first/", '5', NULL);
		add_entry(&cases[i].e);
		add_end();
		check_refused(cases[i].why);
	}
}
END_TEST

START_TEST(test_too_long)
{
	static char name[5000], extended[40000];

	memset(name, 'n', sizeof(name) - 1);
	add_record("path", name);
	add("f", '0', NULL);
	add_end();
	check_refused("too long");
	memset(extended, 'c', sizeof(extended) - 1);
	add("comment", 'x', extended);
	add_end();
	check_refused("extended header before byte 512 is too long");
}
END_TEST

START_TEST(test_truncated)
{
	size_t whole;

	add("dir/", '5', NULL);
	add_record("path", "dir/file");
	add("f", '0', "some text that can be cut");
	whole = archive_len;
	add_end();
	for (size_t len = BLOCK; len < whole + BLOCK; len++) {
		archive_len = len;
		ck_assert_int_ne(unpack(), 0);
		ck_assert_uint_gt(strlen(why), 0);
	}
	archive_len = whole + BLOCK; /* one zero block is an end, too */
	ck_assert_int_eq(unpack(), 0);
}
END_TEST

START_TEST(test_large)
{
	static char data[3 << 20];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)('a' + i % 23);
	add_entry(&(struct entry){ "large", '0', data, .len = sizeof(data) - 7 });
	add("after", '0', "after");
	unpack_well();
	ck_assert_uint_eq(fs_inode("/large")->size, sizeof(data) - 7);
	ck_assert_str_eq(fs_text("/after"), "after");
}
END_TEST

Suite *tar_suite(void);
Suite *tar_suite(void)
{
	Suite *s = suite_create("tar");
	TCase *tc = tcase_create("tar");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_long_names);
	tcase_add_test(tc, test_pax);
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_same_name_again);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_large);
	suite_add_tcase(s, tc);
	return s;
}
