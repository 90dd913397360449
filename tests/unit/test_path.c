/* Path walk against path_resolution(7), and back to names. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "lib/types.h"
#include "proc/task.h"

/*
 *   /a/b/c/f   text "f"          /links/loop -> loop
 *   /a/x       no search for others, holds /a/x/hidden
 *   /links/…   see below
 */
static void setup(void)
{
	fs_boot(0);
	fs_mkdir("/a");
	fs_mkdir("/a/b");
	fs_mkdir("/a/b/c");
	fs_file("/a/b/c/f", "f");
	fs_mkdir("/a/x");
	fs_file("/a/x/hidden", "hidden");
	fs_inode("/a/x")->mode &= ~(u32)0077;
	fs_mkdir("/links");
	fs_symlink("loop", "/links/loop");
	fs_symlink("/a/b", "/links/abs");
	fs_symlink("../a/b", "/links/rel");
	fs_symlink("../a/b/", "/links/slash");
	fs_symlink("../a/b/c/f", "/links/file");
	fs_symlink("../a/b/c/f/", "/links/fileslash");
	fs_symlink("nothing", "/links/dangling");
	fs_symlink("/", "/links/root");
	fs_symlink("abs/c/../c", "/links/nested");
	fs_symlink(".", "/links/dot");
	fs_symlink("..", "/links/dotdot");
}

struct walk_case {
	const char *name;
	u32 flags;
	int err;
	const char *result; /* path_name of it */
};

static const struct walk_case cases[] = {
	{ "/", 0, 0, "/" },
	{ "//", 0, 0, "/" },
	{ "/.", 0, 0, "/" },
	{ "/..", 0, 0, "/" },
	{ "/../../a", 0, 0, "/a" },
	{ "a", 0, 0, "/a" },
	{ "a/", 0, 0, "/a" },
	{ "a//b///c", 0, 0, "/a/b/c" },
	{ "/a/./b/../b/c/f", 0, 0, "/a/b/c/f" },
	{ "/a/b/c/f/", 0, ENOTDIR, NULL },
	{ "/a/b/c/f/.", 0, ENOTDIR, NULL },
	{ "/a/b/c/f/..", 0, ENOTDIR, NULL },
	{ "/a/b/c/f/g", 0, ENOTDIR, NULL },
	{ "/nothing", 0, ENOENT, NULL },
	{ "/nothing/..", 0, ENOENT, NULL },
	{ "/nothing/", 0, ENOENT, NULL },
	{ "", 0, ENOENT, NULL },
	{ "", WALK_EMPTY, 0, "/" },
	{ "/a/b", WALK_DIRECTORY, 0, "/a/b" },
	{ "/a/b/c/f", WALK_DIRECTORY, ENOTDIR, NULL },
	{ "/links/abs", 0, 0, "/a/b" },
	{ "/links/abs", WALK_NOFOLLOW, 0, "/links/abs" },
	{ "/links/abs/", WALK_NOFOLLOW, 0, "/a/b" },
	{ "/links/abs/c/f", WALK_NOFOLLOW, 0, "/a/b/c/f" },
	{ "/links/rel/c", 0, 0, "/a/b/c" },
	{ "/links/slash", 0, 0, "/a/b" },
	{ "/links/slash/c", 0, 0, "/a/b/c" },
	{ "/links/file", 0, 0, "/a/b/c/f" },
	{ "/links/file/", 0, ENOTDIR, NULL },
	{ "/links/fileslash", 0, ENOTDIR, NULL },
	{ "/links/fileslash", WALK_NOFOLLOW, 0, "/links/fileslash" },
	{ "/links/dangling", 0, ENOENT, NULL },
	{ "/links/dangling", WALK_NOFOLLOW, 0, "/links/dangling" },
	{ "/links/loop", 0, ELOOP, NULL },
	{ "/links/loop/x", 0, ELOOP, NULL },
	{ "/links/root", 0, 0, "/" },
	{ "/links/root/a", 0, 0, "/a" },
	{ "/links/root/links/root/a", 0, 0, "/a" },
	{ "/links/nested", 0, 0, "/a/b/c" },
	{ "/links/nested/f", 0, 0, "/a/b/c/f" },
	{ "/links/dot/dot/dot/abs", 0, 0, "/a/b" },
	{ "/links/dotdot", 0, 0, "/" },
	{ "/links/abs/..", 0, 0, "/a" },
	{ "/links/abs", WALK_NO_SYMLINKS, ELOOP, NULL },
	{ "/links/abs", WALK_NO_SYMLINKS | WALK_NOFOLLOW, 0, "/links/abs" },
	{ "a/b", WALK_BENEATH, 0, "/a/b" },
	{ "a/../a", WALK_BENEATH, 0, "/a" },
	{ "..", WALK_BENEATH, EXDEV, NULL },
	{ "/a", WALK_BENEATH, EXDEV, NULL },
	{ "links/abs", WALK_BENEATH, EXDEV, NULL },
	{ "links/rel", WALK_BENEATH, 0, "/a/b" },
	{ "/a", WALK_IN_ROOT, 0, "/a" },
	{ "links/abs", WALK_IN_ROOT, 0, "/a/b" },
	{ "../../a", WALK_IN_ROOT, 0, "/a" },
};

static void check_walk(const struct walk_case *c)
{
	char buf[256];
	struct path path;
	int err = path_walk(AT_FDCWD, c->name, c->flags, &path);

	ck_assert_msg(-err == c->err, "\"%s\": %d, not %d", c->name, -err, c->err);
	if (err)
		return;
	ck_assert_str_eq(path_name(&path, buf, sizeof(buf)), c->result);
	path_put(&path);
}

START_TEST(test_walk)
{
	struct fs_use before = fs_use_now();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_walk(&cases[i]);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_permissions)
{
	fs_become_user();
	ck_assert_int_eq(fs_lookup("/a/x"), 0);
	ck_assert_int_eq(fs_lookup("/a/x/hidden"), EACCES);
	ck_assert_int_eq(fs_lookup("/a/x/nothing"), EACCES);
	ck_assert_int_eq(fs_lookup("/a/x/."), EACCES);
	ck_assert_int_eq(fs_lookup("/a/x/.."), EACCES);
	fs_become_root();
	ck_assert_int_eq(fs_lookup("/a/x/hidden"), 0);
}
END_TEST

START_TEST(test_lengths)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[NAME_MAX_ + 1] = '\0';
	ck_assert_int_eq(fs_lookup(name), ENOENT);
	fs_file(name, "long");
	ck_assert_int_eq(fs_lookup(name), 0);
	name[NAME_MAX_ + 1] = 'n';
	name[NAME_MAX_ + 2] = '\0';
	ck_assert_int_eq(fs_lookup(name), ENAMETOOLONG);
	ck_assert_int_eq(fs_open_errno(name, O_CREAT | O_WRONLY), ENAMETOOLONG);
}
END_TEST

START_TEST(test_forty_links)
{
	char name[32] = "/l0", to[32];

	fs_file("/end", "end");
	fs_symlink("/end", "/l0");
	for (int i = 1; i <= 40; i++) {
		strcpy(to, name);
		snprintf(name, sizeof(name), "/l%d", i);
		fs_symlink(to, name);
	}
	ck_assert_str_eq(fs_text("/l39"), "end"); /* 40 links */
	ck_assert_int_eq(fs_open_errno("/l40", O_RDONLY), ELOOP);
}
END_TEST

START_TEST(test_chroot)
{
	struct path root;
	char buf[64];

	ck_assert_int_eq(path_walk(AT_FDCWD, "/a/b", 0, &root), 0);
	current_fs()->root = root;
	ck_assert_int_eq(fs_lookup("/c/f"), 0);
	ck_assert_int_eq(fs_lookup("/../../c/f"), 0);
	ck_assert_int_eq(fs_lookup("/a"), ENOENT);
	/* The working directory stayed outside. */
	ck_assert_int_eq(fs_lookup("a/b"), 0);
	ck_assert_str_eq(path_name(&current_fs()->cwd, buf, sizeof(buf)), "(unreachable)/");
	ck_assert_str_eq(path_name(&root, buf, sizeof(buf)), "/");
}
END_TEST

START_TEST(test_names)
{
	struct path path;
	char buf[64], small[8];

	ck_assert_int_eq(path_walk(AT_FDCWD, "/a/b/c/f", 0, &path), 0);
	ck_assert_str_eq(path_name(&path, buf, sizeof(buf)), "/a/b/c/f");
	ck_assert_int_eq(PTR_ERR(path_name(&path, small, sizeof(small))), -ENAMETOOLONG);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/a/b/c/f"), 0);
	ck_assert_str_eq(path_name(&path, buf, sizeof(buf)), "/a/b/c/f (deleted)");
	path_put(&path);
}
END_TEST

START_TEST(test_mounts)
{
	struct fs_use before;
	char buf[64];
	struct path path;

	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/a/b", 0, "mode=755"), 0);
	before = fs_use_now();
	ck_assert_int_eq(fs_lookup("/a/b/c"), ENOENT);
	fs_file("/a/b/inside", "inside");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/a/b/inside", 0, &path), 0);
	ck_assert_str_eq(path_name(&path, buf, sizeof(buf)), "/a/b/inside");
	path_put(&path);
	ck_assert_int_eq(fs_lookup("/a/b/../b/inside"), 0);
	ck_assert_int_eq(path_walk(AT_FDCWD, "a/b", WALK_NO_XDEV, &path), -EXDEV);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/a/b"), -EBUSY);
	ck_assert_int_eq(name_rename(AT_FDCWD, "/a/b", AT_FDCWD, "/z", 0), -EBUSY);
	ck_assert_int_eq(name_rename(AT_FDCWD, "/a/b/inside", AT_FDCWD, "/z", 0), -EXDEV);

	ck_assert_int_eq(path_walk(AT_FDCWD, "/a/b/inside", 0, &path), 0);
	ck_assert_int_eq(vfs_umount("/a/b", 0), -EBUSY);
	path_put(&path);
	ck_assert_int_eq(vfs_umount("/a", 0), -EINVAL);
	/* A second one on top, and back off. */
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/a/b", MS_RDONLY, ""), 0);
	ck_assert_int_eq(fs_lookup("/a/b/inside"), ENOENT);
	ck_assert_int_eq(fs_open_errno("/a/b/new", O_CREAT | O_WRONLY), EROFS);
	ck_assert_int_eq(vfs_umount("/a/b", 0), 0);
	ck_assert_str_eq(fs_text("/a/b/inside"), "inside");
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/a/b/inside"), 0);
	fs_check_use(&before);
	fs_file("/a/b/inside", "goes with the mount");
	ck_assert_int_eq(vfs_umount("/a/b", 0), 0);
	ck_assert_int_eq(fs_lookup("/a/b/c/f"), 0);
}
END_TEST

START_TEST(test_mount_leak)
{
	struct fs_use before = fs_use_now();
	struct file *f;

	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(vfs_mount("tmpfs", "t", "/a/b", 0, "size=1m"), 0);
		fs_mkdir("/a/b/d");
		fs_mkdir("/a/b/d/e");
		fs_file("/a/b/d/e/f", "text");
		fs_symlink("x", "/a/b/d/l");
		ck_assert_int_eq(vfs_umount("/a/b", 0), 0);
	}
	/* Detached while in use: goes with its last user. */
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/a/b", 0, ""), 0);
	fs_file("/a/b/f", "text");
	f = fs_open("/a/b/f", O_RDWR);
	ck_assert_int_eq(vfs_mount("tmpfs", "t", "/a/b", 0, ""), 0);
	ck_assert_int_eq(vfs_umount("/a/b", 2 /* MNT_DETACH */), 0);
	ck_assert_int_eq(vfs_umount("/a/b", 2), 0);
	ck_assert_int_eq(fs_lookup("/a/b/c/f"), 0);
	file_put(f);
	fs_check_use(&before);
}
END_TEST

Suite *path_suite(void);
Suite *path_suite(void)
{
	Suite *s = suite_create("path");
	TCase *tc = tcase_create("path");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_walk);
	tcase_add_test(tc, test_permissions);
	tcase_add_test(tc, test_lengths);
	tcase_add_test(tc, test_forty_links);
	tcase_add_test(tc, test_chroot);
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_mounts);
	tcase_add_test(tc, test_mount_leak);
	suite_add_tcase(s, tc);
	return s;
}
