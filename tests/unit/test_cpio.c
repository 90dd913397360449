/* The archive reader: what a good archive becomes, and how each kind of broken
 * one is refused. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fake_hal.h"
#include "fs/vfs.h"
#include "fs_fixture.h"
#include "mm/page.h"

/* An archive under construction. */
static u8 archive[4 << 20];
static size_t archive_len;
static char why[200];

struct entry {
	const char *name;
	u32 mode;
	const void *data;
	size_t len;
	u32 ino, nlink, rdev_minor;
	const char *magic;
	u32 check;
};

static void setup(void)
{
	fs_boot(8 << 20);
	archive_len = 0;
}

static void append(const void *data, size_t len)
{
	ck_assert_uint_le(archive_len + len + 4, sizeof(archive));
	memcpy(archive + archive_len, data, len);
	archive_len += len;
}

static void pad(void)
{
	while (archive_len % 4)
		archive[archive_len++] = 0;
}

static void add_entry(const struct entry *e)
{
	char header[111];

	snprintf(header, sizeof(header), "%s%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 e->magic ? e->magic : "070701", e->ino, e->mode, 11u, 22u,
		 e->nlink ? e->nlink : 1, 1000000000u, (u32)e->len, 8u, 1u, 4u,
		 e->rdev_minor, (u32)strlen(e->name) + 1, e->check);
	append(header, 110);
	append(e->name, strlen(e->name) + 1);
	pad();
	append(e->data ? e->data : "", e->data ? e->len : 0);
	pad();
}

static void add(const char *name, u32 mode, const char *text)
{
	add_entry(&(struct entry){ name, mode, text, text ? strlen(text) : 0, .ino = 1 });
}

static void add_trailer(void)
{
	add("TRAILER!!!", 0, NULL);
}

static int unpack(void)
{
	fake_archive(archive, archive_len);
	return -archive_unpack(why, sizeof(why));
}

/* Fails with EINVAL and a reason that contains text. */
static void check_refused(const char *text)
{
	ck_assert_int_eq(unpack(), EINVAL);
	ck_assert_msg(strstr(why, text), "\"%s\" lacks \"%s\"", why, text);
}

START_TEST(test_good)
{
	struct inode *inode;

	add(".", S_IFDIR | 0750, NULL);
	add("bin", S_IFDIR | 0755, NULL);
	add("bin/prog", S_IFREG | 04711, "text of a program");
	add("./bin/empty", S_IFREG | 0644, NULL);
	add("/bin/link", S_IFLNK | 0777, "prog");
	add_entry(&(struct entry){ "dev/console", S_IFCHR | 0600, .rdev_minor = 1 });
	add("fifo", S_IFIFO | 0600, NULL);
	add("a/b/c/parents", S_IFREG | 0600, "made on the way");
	add_trailer();
	append("\0\0\0\0\0\0\0", 7);
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_uint_eq(fs_inode("/")->mode, S_IFDIR | 0750);
	ck_assert_str_eq(fs_text("/bin/prog"), "text of a program");
	ck_assert_str_eq(fs_text("/bin/link"), "text of a program");
	ck_assert_str_eq(fs_text("/bin/empty"), "");
	ck_assert_str_eq(fs_text("/a/b/c/parents"), "made on the way");
	inode = fs_inode("/bin/prog");
	ck_assert_uint_eq(inode->mode, S_IFREG | 04711);
	ck_assert_uint_eq(inode->uid, 11);
	ck_assert_uint_eq(inode->gid, 22);
	ck_assert_int_eq(inode->mtime.sec, 1000000000);
	ck_assert_uint_eq(fs_inode("/dev/console")->rdev, 0x401);
	ck_assert_uint_eq(fs_inode("/fifo")->mode, S_IFIFO | 0600);
	ck_assert_uint_eq(fs_inode("/bin/link")->size, 4);
}
END_TEST

START_TEST(test_hard_links)
{
	/* As GNU cpio writes them: the data comes with the last name. */
	add_entry(&(struct entry){ "a", S_IFREG | 0644, .ino = 7, .nlink = 3 });
	add_entry(&(struct entry){ "b", S_IFREG | 0644, .ino = 7, .nlink = 3 });
	add_entry(&(struct entry){ "c", S_IFREG | 0644, "data", 4, .ino = 7, .nlink = 3 });
	add_trailer();
	/* Numbers start anew in a second archive. */
	add_entry(&(struct entry){ "d", S_IFREG | 0644, "other", 5, .ino = 7, .nlink = 2 });
	add_trailer();
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_ptr_eq(fs_inode("/a"), fs_inode("/b"));
	ck_assert_ptr_eq(fs_inode("/a"), fs_inode("/c"));
	ck_assert_uint_eq(fs_inode("/a")->nlink, 3);
	ck_assert_str_eq(fs_text("/a"), "data");
	ck_assert_str_eq(fs_text("/d"), "other");
	ck_assert_uint_eq(fs_inode("/d")->nlink, 1);
}
END_TEST

START_TEST(test_same_name_again)
{
	add("x", S_IFREG | 0644, "first, and longer");
	add("x", S_IFREG | 0600, "second");
	add("y", S_IFLNK | 0777, "x");
	add("y", S_IFREG | 0600, "no longer a link");
	add("z", S_IFREG | 0600, "becomes a directory");
	add("z", S_IFDIR | 0700, NULL);
	add("z/in", S_IFREG | 0600, "in");
	add("z", S_IFDIR | 0711, NULL);
	add_entry(&(struct entry){ "l", S_IFREG | 0644, "l", 1, .ino = 9, .nlink = 2 });
	add_entry(&(struct entry){ "l", S_IFREG | 0644, "l2", 2, .ino = 9, .nlink = 2 });
	add_trailer();
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_str_eq(fs_text("/x"), "second");
	ck_assert_str_eq(fs_text("/y"), "no longer a link");
	ck_assert_str_eq(fs_text("/z/in"), "in");
	ck_assert_uint_eq(fs_inode("/z")->mode, S_IFDIR | 0711);
	ck_assert_str_eq(fs_text("/l"), "l2");
}
END_TEST

START_TEST(test_large)
{
	static u8 data[1 << 20];
	struct path path;
	pfn_t first;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 3 + (i >> 10));
	add_entry(&(struct entry){ "large", S_IFREG | 0644, data, sizeof(data), .ino = 1 });
	add("after", S_IFREG | 0644, "after");
	add_trailer();
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_int_eq(path_walk(-100, "/large", 0, &path), 0);
	first = vm_object_lookup(path.dentry->inode->object, 0);
	/* One run, so that a program's text maps in one piece. */
	for (u64 i = 0; i < sizeof(data) >> PAGE_SHIFT; i++) {
		ck_assert_uint_eq(vm_object_lookup(path.dentry->inode->object, i), first + i);
		ck_assert_int_eq(memcmp(fake_ram(first + (pfn_t)i), data + i * PAGE_SIZE,
					PAGE_SIZE), 0);
	}
	path_put(&path);
	ck_assert_str_eq(fs_text("/after"), "after");
}
END_TEST

START_TEST(test_checksum)
{
	add_entry(&(struct entry){ "ok", S_IFREG | 0644, "\1\2\3", 3, .magic = "070702",
				   .check = 6 });
	add_entry(&(struct entry){ "bad", S_IFREG | 0644, "\1\2\3", 3, .magic = "070702",
				   .check = 7 });
	add_trailer();
	check_refused("checksum");
	ck_assert_ptr_nonnull(strstr(why, "bad"));
	ck_assert_int_eq(fs_lookup("/ok"), 0);
}
END_TEST

START_TEST(test_refused)
{
	static const struct {
		const char *name, *why;
		u32 mode;
		const char *magic;
		u32 len;
	} cases[] = {
		{ "x", "no cpio (newc) header at byte 0", S_IFREG, "070707", 0 },
		{ "x", "no cpio (newc) header", S_IFREG, "BZh91A", 0 },
		{ "x", "bad number", S_IFREG, "07070100xyz", 0 },
		{ "../x", "\"..\"", S_IFREG, NULL, 0 },
		{ "a/../x", "\"..\"", S_IFREG, NULL, 0 },
		{ "a/..", "\"..\"", S_IFDIR, NULL, 0 },
		{ "/..", "\"..\"", S_IFDIR, NULL, 0 },
		{ "x", "longer than the rest", S_IFREG, NULL, 0xffffffff },
		{ "x", "longer than the rest", S_IFLNK, NULL, 5000 },
		{ "x", "without a proper target", S_IFLNK, NULL, 0 },
		{ "x", "unknown kind", 0, NULL, 0 },
		{ "x", "unknown kind", 0170000, NULL, 0 },
		{ "", "has no name", S_IFREG, NULL, 0 },
		{ "./.", "has no name", S_IFREG, NULL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		archive_len = 0;
		add_entry(&(struct entry){ cases[i].name, cases[i].mode,
					   .len = cases[i].len, .magic = cases[i].magic });
		add_trailer();
		check_refused(cases[i].why);
	}
}
END_TEST

START_TEST(test_dots_are_names)
{
	add("...", S_IFREG | 0644, "three");
	add("a..b", S_IFREG | 0644, "two");
	add("..c", S_IFREG | 0644, "hidden");
	add("d..", S_IFDIR | 0755, NULL);
	add_trailer();
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_str_eq(fs_text("/..."), "three");
	ck_assert_str_eq(fs_text("/..c"), "hidden");
}
END_TEST

START_TEST(test_truncated)
{
	size_t whole;

	add("dir", S_IFDIR | 0755, NULL);
	add("dir/file", S_IFREG | 0644, "some text that can be cut");
	add("link", S_IFLNK | 0777, "dir/file");
	add_trailer();
	whole = archive_len;
	for (size_t len = 0; len < whole; len++) {
		archive_len = len;
		/* Only the padding of the trailer may be missing. */
		if (unpack() == 0)
			ck_assert_uint_ge(len, whole - 3);
		else
			ck_assert_uint_gt(strlen(why), 0);
	}
	archive_len = whole;
	ck_assert_int_eq(unpack(), 0);
	archive_len = 0;
	check_refused("empty");
}
END_TEST

START_TEST(test_symlinked_directory)
{
	add("usr", S_IFDIR | 0755, NULL);
	add("usr/bin", S_IFDIR | 0755, NULL);
	add("bin", S_IFLNK | 0777, "usr/bin");
	add("bin/tool", S_IFREG | 0755, "tool");
	add("file", S_IFREG | 0644, "file");
	add_trailer();
	ck_assert_msg(unpack() == 0, "%s", why);
	ck_assert_str_eq(fs_text("/usr/bin/tool"), "tool");
	archive_len = 0;
	add("file/below", S_IFREG | 0644, "x");
	add_trailer();
	ck_assert_int_eq(unpack(), ENOTDIR);
	archive_len = 0;
	add("usr", S_IFREG | 0644, "in the way");
	add_trailer();
	ck_assert_int_eq(unpack(), ENOTEMPTY);
	ck_assert_ptr_nonnull(strstr(why, "a directory is in the way"));
}
END_TEST

START_TEST(test_too_large)
{
	static u8 data[1 << 20];
	char name[16];
	int err = 0;

	/* Three megabytes at a time until the machine's eight are used up. */
	for (int i = 0; i < 9 && !err; i++) {
		if (i % 3 == 0)
			archive_len = 0;
		snprintf(name, sizeof(name), "f%d", i);
		add_entry(&(struct entry){ name, S_IFREG | 0644, data, sizeof(data), .ino = 1 });
		if (i % 3 == 2) {
			add_trailer();
			err = unpack();
		}
	}
	ck_assert_int_eq(err, ENOSPC);
	ck_assert_ptr_nonnull(strstr(why, "does not fit into guest RAM"));
	ck_assert_ptr_nonnull(strstr(why, "8192 KiB"));
}
END_TEST

Suite *cpio_suite(void);
Suite *cpio_suite(void)
{
	Suite *s = suite_create("cpio");
	TCase *tc = tcase_create("cpio");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_good);
	tcase_add_test(tc, test_hard_links);
	tcase_add_test(tc, test_same_name_again);
	tcase_add_test(tc, test_large);
	tcase_add_test(tc, test_checksum);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_dots_are_names);
	tcase_add_test(tc, test_truncated);
	tcase_add_test(tc, test_symlinked_directory);
	tcase_add_test(tc, test_too_large);
	suite_add_tcase(s, tc);
	return s;
}
