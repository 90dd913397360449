/* Names and opening: links, directories, rename, rights, open(2)'s flags. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "proc/task.h"

static u8 pattern[100000], back[100000];

static void setup(void)
{
	fs_boot(0);
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (u8)(i * 7 + (i >> 8) * 13 + 1);
}

static void write_at(struct file *f, u64 pos, size_t len)
{
	ck_assert_int_eq(file_write_kernel(f, pattern + pos, len, (s64)pos), (s64)len);
}

static void check_contents(struct file *f, u64 pos, size_t len)
{
	ck_assert_int_eq(file_read_kernel(f, back, len, (s64)pos), (s64)len);
	ck_assert_int_eq(memcmp(back, pattern + pos, len), 0);
}

START_TEST(test_links)
{
	struct fs_use before = fs_use_now();
	struct path path;
	struct inode *inode;

	fs_file("/f", "text");
	inode = fs_inode("/f");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/f", 0, &path), 0);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/g"), 0);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/g"), -EEXIST);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/g/"), -EEXIST);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/h/"), -ENOENT);
	path_put(&path);
	ck_assert_uint_eq(inode->nlink, 2);
	ck_assert_ptr_eq(fs_inode("/g"), inode);
	ck_assert_int_eq(name_rename(AT_FDCWD, "/f", AT_FDCWD, "/g", 0), 0);
	ck_assert_int_eq(fs_lookup("/f"), 0); /* same file: nothing happened */
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	ck_assert_uint_eq(inode->nlink, 1);
	ck_assert_str_eq(fs_text("/g"), "text");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/", 0, &path), 0);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/d"), -EPERM);
	path_put(&path);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/g"), 0);
	fs_check_use(&before);
}
END_TEST

/* The hash of names grows twice on the way, and is small again afterwards. */
START_TEST(test_many_names)
{
	struct fs_use before = fs_use_now();
	char name[32];

	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		ck_assert_int_eq(name_mkdir(AT_FDCWD, name, 0700), 0);
	}
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/n17/x", 0700), 0);
	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		ck_assert_int_eq(fs_lookup(name), 0);
		ck_assert_int_eq(name_mkdir(AT_FDCWD, name, 0700), -EEXIST);
	}
	ck_assert_int_eq(fs_lookup("/n17/x"), 0);
	ck_assert_int_eq(fs_lookup("/n6000"), ENOENT);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/n17/x"), 0);
	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "/n%d", i);
		ck_assert_int_eq(name_rmdir(AT_FDCWD, name), 0);
	}
	fs_check_use(&before);
}
END_TEST

START_TEST(test_directories)
{
	struct fs_use before = fs_use_now();
	struct inode *root = fs_inode("/");

	ck_assert_uint_eq(root->nlink, 2);
	fs_mkdir("/d");
	ck_assert_uint_eq(root->nlink, 3);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/d", 0755), -EEXIST);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/", 0755), -EEXIST);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/d/.", 0755), -EEXIST);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/d/e/", 0755), 0);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d"), -ENOTEMPTY);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/d"), -EISDIR);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d/."), -EINVAL);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d/e/.."), -ENOTEMPTY);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/"), -EBUSY);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/nothing"), -ENOENT);
	fs_file("/d/f", "");
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d/f"), -ENOTDIR);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/d/f/"), -ENOTDIR);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/d/f"), 0);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d/e"), 0);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d/"), 0);
	ck_assert_uint_eq(root->nlink, 2);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_dead_directory)
{
	struct fs_use before = fs_use_now();
	struct path dir, *cwd = &current_fs()->cwd, old = *cwd;

	fs_mkdir("/d");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/d", 0, &dir), 0);
	*cwd = dir;
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/d"), 0);
	ck_assert_int_eq(fs_lookup("."), 0);
	ck_assert_int_eq(fs_lookup(".."), 0);
	ck_assert_int_eq(fs_open_errno("f", O_CREAT | O_WRONLY), ENOENT);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "x", 0755), -ENOENT);
	*cwd = old;
	path_put(&dir);
	fs_check_use(&before);
}
END_TEST

static int rename_errno(const char *from, const char *to, u32 flags)
{
	return -name_rename(AT_FDCWD, from, AT_FDCWD, to, flags);
}

START_TEST(test_rename)
{
	struct fs_use before = fs_use_now();
	struct inode *root = fs_inode("/");

	fs_mkdir("/d");
	fs_mkdir("/d/sub");
	fs_mkdir("/e");
	fs_file("/f", "f");
	fs_file("/g", "g");
	ck_assert_int_eq(rename_errno("/nothing", "/x", 0), ENOENT);
	ck_assert_int_eq(rename_errno("/d", "/d/sub/x", 0), EINVAL);
	ck_assert_int_eq(rename_errno("/d/sub", "/d", 0), ENOTEMPTY);
	ck_assert_int_eq(rename_errno("/f", "/d", 0), EISDIR);
	ck_assert_int_eq(rename_errno("/d", "/f", 0), ENOTDIR);
	ck_assert_int_eq(rename_errno("/e", "/d", 0), ENOTEMPTY);
	ck_assert_int_eq(rename_errno("/f", "/x/", 0), ENOTDIR);
	ck_assert_int_eq(rename_errno("/f/", "/x", 0), ENOTDIR);
	ck_assert_int_eq(rename_errno("/d/.", "/x", 0), EBUSY);
	ck_assert_int_eq(rename_errno("/f", "/g", RENAME_NOREPLACE), EEXIST);
	ck_assert_int_eq(rename_errno("/f", "/x", RENAME_EXCHANGE), ENOENT);
	ck_assert_int_eq(rename_errno("/f", "/g", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
	ck_assert_int_eq(rename_errno("/f", "/g", RENAME_EXCHANGE), 0);
	ck_assert_str_eq(fs_text("/f"), "g");
	ck_assert_int_eq(rename_errno("/f", "/g", 0), 0);
	ck_assert_str_eq(fs_text("/g"), "g");
	ck_assert_int_eq(fs_lookup("/f"), ENOENT);
	ck_assert_int_eq(rename_errno("/g", "/d/sub/moved", RENAME_NOREPLACE), 0);
	ck_assert_str_eq(fs_text("/d/sub/moved"), "g");
	ck_assert_int_eq(rename_errno("/d", "/e", 0), 0); /* over an empty one */
	ck_assert_int_eq(fs_lookup("/e/sub/moved"), 0);
	ck_assert_uint_eq(root->nlink, 3);
	ck_assert_int_eq(rename_errno("/e/sub", "/sub", 0), 0);
	ck_assert_uint_eq(root->nlink, 4);
	ck_assert_uint_eq(fs_inode("/e")->nlink, 2);
	ck_assert_int_eq(rename_errno("/sub", "/e", RENAME_EXCHANGE), 0);
	ck_assert_int_eq(fs_lookup("/e/moved"), 0);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/e/moved"), 0);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/e"), 0);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/sub"), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_sticky)
{
	fs_mkdir("/tmp");
	fs_inode("/tmp")->mode |= 01777;
	fs_file("/tmp/root", "");
	fs_become_user();
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/tmp/root"), -EPERM);
	ck_assert_int_eq(rename_errno("/tmp/root", "/tmp/x", 0), EPERM);
	fs_file("/tmp/mine", "");
	ck_assert_int_eq(rename_errno("/tmp/mine", "/tmp/root", 0), EPERM);
	ck_assert_int_eq(rename_errno("/tmp/mine", "/tmp/ours", 0), 0);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/nope", 0755), -EACCES);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/tmp/ours"), 0);
}
END_TEST

START_TEST(test_setgid_and_umask)
{
	fs_mkdir("/d");
	fs_inode("/d")->gid = 77;
	fs_inode("/d")->mode |= S_ISGID | 0777;
	current_fs()->umask = 027;
	fs_mkdir("/d/sub");
	ck_assert_uint_eq(fs_inode("/d/sub")->mode, S_IFDIR | S_ISGID | 0750);
	ck_assert_uint_eq(fs_inode("/d/sub")->gid, 77);
	fs_file("/d/f", "");
	ck_assert_uint_eq(fs_inode("/d/f")->mode, S_IFREG | 0640);
	ck_assert_uint_eq(fs_inode("/d/f")->gid, 77);
	/* A write by others takes the set-user-ID bit away. */
	fs_inode("/d/f")->mode = S_IFREG | 06777;
	fs_become_user();
	fs_file("/d/f", "x");
	ck_assert_uint_eq(fs_inode("/d/f")->mode, S_IFREG | 0777);
}
END_TEST

/* --- open ------------------------------------------------------------------------------------ */

START_TEST(test_open_flags)
{
	struct fs_use before;

	fs_mkdir("/d");
	fs_file("/f", "f");
	fs_symlink("f", "/l");
	fs_symlink("new", "/dangling");
	before = fs_use_now();
	ck_assert_int_eq(fs_open_errno("/d", O_RDONLY), 0);
	ck_assert_int_eq(fs_open_errno("/d", O_WRONLY), EISDIR);
	ck_assert_int_eq(fs_open_errno("/d", O_RDONLY | O_CREAT), EISDIR);
	ck_assert_int_eq(fs_open_errno("/d", O_RDONLY | O_TRUNC), EISDIR);
	ck_assert_int_eq(fs_open_errno("/f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	ck_assert_int_eq(fs_open_errno("/f/", O_RDONLY), ENOTDIR);
	ck_assert_int_eq(fs_open_errno("/x/", O_WRONLY | O_CREAT), EISDIR);
	ck_assert_int_eq(fs_open_errno("/f", O_WRONLY | O_CREAT | O_EXCL), EEXIST);
	ck_assert_int_eq(fs_open_errno("/dangling", O_WRONLY | O_CREAT | O_EXCL), EEXIST);
	ck_assert_int_eq(fs_open_errno("/l", O_RDONLY | O_NOFOLLOW), ELOOP);
	ck_assert_int_eq(fs_open_errno("/l", O_PATH | O_NOFOLLOW), 0);
	ck_assert_int_eq(fs_open_errno("/d", O_CREAT | O_DIRECTORY | O_RDONLY), EINVAL);
	ck_assert_int_eq(fs_open_errno("/d", O_TMPFILE | O_RDONLY), EINVAL);
	ck_assert_int_eq(fs_open_errno("/f", O_TMPFILE | O_RDWR), ENOTDIR);
	ck_assert_int_eq(fs_open_errno("/d", O_TMPFILE | O_RDWR), 0);
	ck_assert_str_eq(fs_text("/f"), "f");
	fs_check_use(&before);
	ck_assert_int_eq(fs_open_errno("/dangling", O_WRONLY | O_CREAT), 0);
	ck_assert_int_eq(fs_lookup("/new"), 0);
	ck_assert_int_eq(fs_open_errno("/f", O_WRONLY | O_TRUNC), 0);
	ck_assert_str_eq(fs_text("/f"), "");
}
END_TEST

START_TEST(test_open_permissions)
{
	fs_file("/f", "f");
	fs_inode("/f")->mode = S_IFREG | 0604;
	fs_become_user();
	ck_assert_int_eq(fs_open_errno("/f", O_RDONLY), 0);
	ck_assert_int_eq(fs_open_errno("/f", O_RDWR), EACCES);
	ck_assert_int_eq(fs_open_errno("/f", O_RDONLY | O_TRUNC), EACCES);
	ck_assert_int_eq(fs_open_errno("/f", O_RDONLY | O_NOATIME), EPERM);
	ck_assert_int_eq(fs_open_errno("/new", O_WRONLY | O_CREAT), EACCES);
	fs_become_root();
	fs_inode("/f")->write_deny++;
	ck_assert_int_eq(fs_open_errno("/f", O_RDWR), ETXTBSY);
	ck_assert_int_eq(fs_open_errno("/f", O_RDONLY), 0);
	ck_assert_int_eq(inode_truncate(fs_inode("/f"), 0), -ETXTBSY);
	fs_inode("/f")->write_deny--;
}
END_TEST

START_TEST(test_tmpfile_link)
{
	struct fs_use before = fs_use_now();
	struct file *f = fs_open("/", O_TMPFILE | O_RDWR);
	struct path path = { .mnt = f->mnt, .dentry = f->dentry };

	write_at(f, 0, 5000);
	ck_assert_uint_eq(f->inode->nlink, 0);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/kept"), 0);
	file_put(f);
	ck_assert_uint_eq(fs_inode("/kept")->size, 5000);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/kept"), 0);
	f = fs_open("/", O_TMPFILE | O_RDWR | O_EXCL);
	path = (struct path){ .mnt = f->mnt, .dentry = f->dentry };
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/kept"), -ENOENT);
	file_put(f);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_unlinked_open)
{
	struct fs_use before = fs_use_now();
	struct file *f = fs_open("/f", O_RDWR | O_CREAT);

	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	write_at(f, 0, 100000);
	check_contents(f, 0, 100000);
	fs_file("/f", "another");
	check_contents(f, 0, 100000);
	file_put(f);
	ck_assert_str_eq(fs_text("/f"), "another");
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/f"), 0);
	fs_check_use(&before);
}
END_TEST

Suite *namei_suite(void);
Suite *namei_suite(void)
{
	Suite *s = suite_create("namei");
	TCase *tc = tcase_create("namei");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_links);
	tcase_add_test(tc, test_directories);
	tcase_add_test(tc, test_dead_directory);
	tcase_add_test(tc, test_rename);
	tcase_add_test(tc, test_sticky);
	tcase_add_test(tc, test_setgid_and_umask);
	tcase_add_test(tc, test_open_flags);
	tcase_add_test(tc, test_open_permissions);
	tcase_add_test(tc, test_tmpfile_link);
	tcase_add_test(tc, test_unlinked_open);
	tcase_add_test(tc, test_many_names);
	suite_add_tcase(s, tc);
	return s;
}
