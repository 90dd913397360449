/*
 * ext2: names, random operations on them against a model; links of all lengths,
 * special files. Each test ends with an e2fsck -fn that finds nothing.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ext2_fixture.h"
#include "fs/namei.h"
#include "fs_fixture.h"

#define NAMES 40
#define DIRS 4

/* What name i of directory d is: 0 nothing, else a file's number, or -1 a
 * directory. */
static s32 tree[DIRS][NAMES];
static char name_a[400], name_b[400];

static const char *name_of(char *buf, int d, int i)
{
	int len = snprintf(buf, 400, "/mnt/d%d/", d);

	/* of all lengths, so that entries of all lengths come and go */
	snprintf(buf + len, 400 - (size_t)len, "n%0*d", 1 + i * 6, i);
	return buf;
}

static void check_name(int d, int i)
{
	char want[32];
	int err = fs_lookup(name_of(name_a, d, i));

	if (!tree[d][i]) {
		ck_assert_int_eq(err, ENOENT);
	} else if (tree[d][i] < 0) {
		ck_assert_uint_eq(ext2_inode_of(name_a)->mode & S_IFMT, S_IFDIR);
	} else {
		snprintf(want, sizeof(want), "file %d", tree[d][i]);
		ck_assert_str_eq(fs_text(name_a), want);
	}
}

static void try_rename(int d, int i, int e, int k)
{
	bool exchange = !ext2_rnd(4);
	int err = -name_rename(AT_FDCWD, name_of(name_a, d, i), AT_FDCWD, name_of(name_b, e, k),
			       exchange ? RENAME_EXCHANGE : 0);
	s32 a = tree[d][i], b = tree[e][k];

	if (!a || (exchange && !b)) {
		ck_assert_int_eq(err, ENOENT);
		return;
	}
	if (!exchange && b && (a < 0) != (b < 0)) {
		ck_assert_int_eq(err, a < 0 ? ENOTDIR : EISDIR);
		return;
	}
	ck_assert_int_eq(err, 0);
	if (a == b && a > 0) /* two names of one file: nothing happens */
		return;
	tree[e][k] = a;
	if (d != e || i != k)
		tree[d][i] = exchange ? b : 0;
}

static void change_name(s32 round)
{
	int d = (int)ext2_rnd(DIRS), i = (int)ext2_rnd(NAMES), e = (int)ext2_rnd(DIRS), k = (int)ext2_rnd(NAMES);
	char text[32];
	struct path path;
	int err;

	switch (ext2_rnd(6)) {
	case 0:
	case 1:
		if (tree[d][i])
			return;
		snprintf(text, sizeof(text), "file %d", round);
		fs_file(name_of(name_a, d, i), text);
		tree[d][i] = round;
		break;
	case 2:
		err = -name_unlink(AT_FDCWD, name_of(name_a, d, i));
		ck_assert_int_eq(err, !tree[d][i] ? ENOENT : tree[d][i] < 0 ? EISDIR : 0);
		if (!err)
			tree[d][i] = 0;
		break;
	case 3:
		if (!tree[d][i]) {
			fs_mkdir(name_of(name_a, d, i));
			tree[d][i] = -1;
		} else if (tree[d][i] < 0) {
			ck_assert_int_eq(name_rmdir(AT_FDCWD, name_of(name_a, d, i)), 0);
			tree[d][i] = 0;
		}
		break;
	case 4:
		if (tree[d][i] <= 0 || tree[e][k])
			return;
		ck_assert_int_eq(path_walk(AT_FDCWD, name_of(name_a, d, i), 0, &path), 0);
		ck_assert_int_eq(name_link(&path, AT_FDCWD, name_of(name_b, e, k)), 0);
		path_put(&path);
		tree[e][k] = tree[d][i];
		break;
	default:
		try_rename(d, i, e, k);
		break;
	}
}

START_TEST(test_names)
{
	u32 inodes, blocks;

	ext2_boot_mounted(_i);
	blocks = ext2_super()->free_blocks_count;
	inodes = ext2_super()->free_inodes_count;
	memset(tree, 0, sizeof(tree));
	for (int d = 0; d < DIRS; d++) {
		snprintf(name_a, sizeof(name_a), "/mnt/d%d", d);
		fs_mkdir(name_a);
	}
	for (s32 round = 1; round < 4000; round++) {
		change_name(round);
		if (round % 1000 == 0) {
			ext2_unmount_disk();
			ck_assert_int_eq(ext2_fsck("-fn"), 0);
			ext2_mount_disk();
		}
		if (round % 50 == 0)
			check_name((int)ext2_rnd(DIRS), (int)ext2_rnd(NAMES));
	}
	for (int d = 0; d < DIRS; d++) {
		for (int i = 0; i < NAMES; i++) {
			check_name(d, i);
			name_of(name_a, d, i);
			if (tree[d][i] < 0)
				ck_assert_int_eq(name_rmdir(AT_FDCWD, name_a), 0);
			else if (tree[d][i])
				ck_assert_int_eq(name_unlink(AT_FDCWD, name_a), 0);
		}
		snprintf(name_a, sizeof(name_a), "/mnt/d%d", d);
		ck_assert_int_eq(name_rmdir(AT_FDCWD, name_a), 0);
	}
	ext2_check_clean();
	ck_assert_uint_eq(ext2_super()->free_inodes_count, inodes);
	ck_assert_uint_eq(ext2_super()->free_blocks_count, blocks);
}
END_TEST

START_TEST(test_links)
{
	char longest[1025], text[1025];
	struct path path;
	size_t limit;

	ext2_boot_mounted(_i);
	limit = (1024u << ext2_super()->log_block_size) - 1;
	memset(longest, 'x', sizeof(longest));
	for (size_t len = 50; len < 70; len++) {
		longest[len] = '\0';
		fs_symlink(longest, "/mnt/l");
		ext2_unmount_disk();
		ext2_mount_disk();
		ck_assert_int_eq(path_walk(AT_FDCWD, "/mnt/l", WALK_NOFOLLOW, &path), 0);
		ck_assert_int_eq(name_readlink(&path, text, sizeof(text)), (s64)len);
		ck_assert_mem_eq(text, longest, len);
		path_put(&path);
		ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/l"), 0);
		longest[len] = 'x';
	}
	longest[1023] = '\0';
	fs_symlink(longest, "/mnt/l");
	longest[1023] = 'x';
	longest[1024] = '\0';
	ck_assert_int_eq(name_symlink(longest, AT_FDCWD, "/mnt/m"),
			 limit < 1024 ? -ENAMETOOLONG : 0);
	ck_assert_int_eq(name_mknod(AT_FDCWD, "/mnt/null", S_IFCHR | 0666, 0x103), 0);
	ck_assert_int_eq(name_mknod(AT_FDCWD, "/mnt/wide", S_IFBLK | 0666, 0xfe12345), 0);
	ext2_unmount_disk();
	ext2_mount_disk();
	ck_assert_uint_eq(ext2_inode_of("/mnt/null")->rdev, 0x103);
	ck_assert_uint_eq(ext2_inode_of("/mnt/wide")->rdev, 0xfe12345);
	ext2_check_clean();
}
END_TEST

Suite *ext2_names_suite(void);
Suite *ext2_names_suite(void)
{
	Suite *suite = suite_create("ext2_names");
	TCase *tc = tcase_create("names");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	if (!ext2_tools())
		return suite;
	tcase_add_loop_test(tc, test_names, 0, EXT2_FORMATS);
	tcase_add_loop_test(tc, test_links, 0, 2);
	return suite;
}
