/*
 * Extended attributes on ext2, against a model, e2fsck and debugfs. Every test ends
 * with an unmount and an e2fsck -fn that finds nothing.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/block.h"
#include "ext2_fixture.h"
#include "fake_hal.h"
#include "fs/acl.h"
#include "fs/namei.h"
#include "fs/xattr.h"
#include "fs_fixture.h"

#define NAMES 12
#define VALUE_MAX 300
#define FILES 4

static struct model {
	u8 value[NAMES][VALUE_MAX];
	int size[NAMES]; /* -1: not there */
} model[FILES];

static struct inode *file_of(int file)
{
	char path[16];

	snprintf(path, sizeof(path), "/mnt/f%d", file);
	return fs_inode(path);
}

static const char *name_of(int name)
{
	static char text[64];
	static const char *const prefix[] = { "user.", "trusted.", "security." };

	snprintf(text, sizeof(text), "%s%.*s%d", prefix[name % 3], name * 3,
		 "abcdefghijklmnopqrstuvwxyzabcdefghijklmn", name);
	return text;
}

static void check_file(int file)
{
	char names[NAMES * 64];
	u8 value[VALUE_MAX];
	size_t want = 0;
	s64 got;

	for (int i = 0; i < NAMES; i++) {
		int size = model[file].size[i];

		got = xattr_get(file_of(file), name_of(i), value, sizeof(value));
		ck_assert_int_eq(got, size < 0 ? -ENODATA : size);
		if (size >= 0) {
			ck_assert_mem_eq(value, model[file].value[i], (size_t)size);
			want += strlen(name_of(i)) + 1;
		}
	}
	got = xattr_list(file_of(file), names, sizeof(names));
	ck_assert_int_eq(got, (s64)want);
	ck_assert_int_eq(xattr_list(file_of(file), NULL, 0), (s64)want);
	for (s64 at = 0; at < got; at += (s64)strlen(names + at) + 1)
		ck_assert_int_ge(xattr_get(file_of(file), names + at, NULL, 0), 0);
}

static void random_change(void)
{
	int file = (int)ext2_rnd(FILES), name = (int)ext2_rnd(NAMES), *size;
	u8 value[VALUE_MAX];
	int err, len = (int)ext2_rnd(ext2_rnd(3) ? 40 : VALUE_MAX);

	size = &model[file].size[name];
	for (int i = 0; i < len; i++)
		value[i] = (u8)ext2_rnd(256);
	if (ext2_rnd(3) == 0) {
		err = xattr_remove(file_of(file), name_of(name));
		ck_assert_int_eq(err, *size < 0 ? -ENODATA : 0);
		*size = -1;
		return;
	}
	if (ext2_rnd(8) == 0) {
		u32 flag = ext2_rnd(2) ? XATTR_CREATE : XATTR_REPLACE;

		if ((flag == XATTR_CREATE) == (*size >= 0)) {
			err = xattr_set(file_of(file), name_of(name), value, (size_t)len, flag);
			ck_assert_int_eq(err, flag == XATTR_CREATE ? -EEXIST : -ENODATA);
			return;
		}
	}
	err = xattr_set(file_of(file), name_of(name), value, (size_t)len, 0);
	ck_assert(err == 0 || err == -ENOSPC);
	if (err)
		return;
	memcpy(model[file].value[name], value, (size_t)len);
	*size = len;
}

START_TEST(test_random)
{
	u64 blocks;

	ext2_boot_mounted(_i);
	fs_file("/mnt/f", "");
	fs_file("/mnt/f0", "zero");
	fs_file("/mnt/f1", "one");
	fs_mkdir("/mnt/f2");
	fs_file("/mnt/f3", "");
	memset(model, 0xff, sizeof(model)); /* -1 */
	blocks = ext2_super()->free_blocks_count;
	for (int round = 0; round < 6; round++) {
		for (int i = 0; i < 150; i++)
			random_change();
		for (int i = 0; i < FILES; i++)
			check_file(i);
		ext2_check_clean();
		ext2_mount_disk();
		for (int i = 0; i < FILES; i++)
			check_file(i);
	}
	ck_assert_uint_eq(ext2_super()->feature_compat & EXT2_COMPAT_EXT_ATTR,
			  EXT2_COMPAT_EXT_ATTR);
	for (int i = 0; i < FILES; i++) {
		for (int name = 0; name < NAMES; name++)
			xattr_remove(file_of(i), name_of(name));
		ck_assert_uint_eq(file_of(i)->blocks, i == 3 ? 0 : file_of(0)->blocks);
	}
	ext2_check_clean();
	ck_assert_uint_ge(ext2_super()->free_blocks_count, blocks - 3);
}
END_TEST

/* Gone with their file, also that of a link; the others' stay. */
START_TEST(test_deleted)
{
	u64 blocks;

	ext2_boot_mounted(_i);
	fs_file("/mnt/f", "");
	blocks = ext2_super()->free_blocks_count;
	fs_file("/mnt/g", "");
	fs_symlink("nowhere", "/mnt/l");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.a", "b", 1, 0), 0);
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/g"), "user.a", "c", 1, 0), 0);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/f"), 0);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/l"), 0);
	ck_assert_int_eq(xattr_get(fs_inode("/mnt/g"), "user.a", NULL, 0), 1);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/g"), 0);
	ext2_check_clean();
	ck_assert_uint_eq(ext2_super()->free_blocks_count, blocks);
}
END_TEST

/* Runs debugfs on the disk; what it said is in out (static). */
static const char *debugfs(const char *request)
{
	static char out[2000];
	char path[] = "/tmp/lodger-ext2.XXXXXX", command[300];
	int fd = mkstemp(path);
	FILE *f;

	ck_assert_int_ge(fd, 0);
	close(fd);
	ext2_save(path);
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/sbin:/usr/sbin; debugfs -w -R '%s' %s 2>/dev/null", request, path);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	out[fread(out, 1, sizeof(out) - 1, f)] = '\0';
	ck_assert_int_eq(pclose(f), 0);
	ext2_load(path);
	unlink(path);
	return out;
}

/* The block of attributes on the disk; there is one. */
static u32 attribute_block(void)
{
	u32 block = 1;

	while (*(u32 *)(ext2_disk + block * 1024) != EXT2_XATTR_MAGIC)
		ck_assert_uint_lt(++block, EXT2_DISK_BYTES / 1024);
	return block;
}

static void check_value(const char *name, const char *want)
{
	char value[16] = "";

	ck_assert_int_eq(xattr_get(fs_inode(name), "user.a", value, sizeof(value) - 1),
			 (s64)strlen(want));
	ck_assert_str_eq(value, want);
}

/* What other systems write is read, and they read what was written here. */
START_TEST(test_others)
{
	const char *said;

	ext2_boot(0, "-b 1024 -I 128");
	ext2_mount_disk();
	fs_file("/mnt/f", "");
	ext2_check_clean();
	debugfs("ea_set /f user.a before");
	ext2_mount_disk();
	check_value("/mnt/f", "before");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.ours", "after", 5, 0), 0);
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.b", "x", 1, 0), 0);
	ext2_check_clean();
	said = debugfs("ea_list /f");
	ck_assert(strstr(said, "user.a (6) = \"before\""));
	ck_assert(strstr(said, "user.ours (5) = \"after\""));
}
END_TEST

/* A block that two inodes share is not changed by one of them. */
START_TEST(test_shared)
{
	char request[64];
	u32 block;

	ext2_boot(0, "-b 1024 -I 128");
	ext2_mount_disk();
	fs_file("/mnt/f", "");
	fs_file("/mnt/g", "");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.a", "x", 1, 0), 0);
	ext2_check_clean();
	block = attribute_block();
	((struct ext2_xattr_head *)(ext2_disk + block * 1024))->refcount = 2;
	snprintf(request, sizeof(request), "sif /g file_acl %u", block);
	debugfs(request);
	debugfs("sif /g blocks 2");
	ck_assert_int_eq(ext2_fsck("-fn"), 0);
	ext2_mount_disk();
	check_value("/mnt/g", "x");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/g"), "user.a", "yy", 2, 0), 0);
	ext2_check_clean();
	ext2_mount_disk();
	check_value("/mnt/f", "x");
	check_value("/mnt/g", "yy");
	ext2_check_clean();
}
END_TEST

/* Whatever a block says, it is an error or an answer. */
START_TEST(test_damaged)
{
	u32 block;

	ext2_boot(0, "-b 1024 -I 128");
	ext2_mount_disk();
	fs_file("/mnt/f", "");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.a", "some value", 10, 0), 0);
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), "user.b", "another", 7, 0), 0);
	ext2_check_clean();
	block = attribute_block();
	ext2_seed = 7;
	for (int i = 0; i < 400; i++) {
		u8 *at = ext2_disk + block * 1024 + ext2_rnd(80), was = *at;
		u8 value[32];
		s64 got;

		*at = (u8)(1u << ext2_rnd(8)) ^ was;
		ext2_mount_disk();
		got = xattr_get(fs_inode("/mnt/f"), "user.a", value, sizeof(value));
		ck_assert(got >= -4095 && got <= 1024);
		ck_assert_int_le(acl_check(fs_inode("/mnt/f"), 4), 1);
		xattr_list(fs_inode("/mnt/f"), NULL, 0);
		ext2_unmount_disk();
		*at = was;
		fake_trace_clear();
	}
}
END_TEST

/* An access control list has another form on the disk. */
START_TEST(test_list)
{
	const char name[] = XATTR_NAME_POSIX_ACL_ACCESS;
	struct {
		struct posix_acl_xattr_header head;
		struct posix_acl_xattr_entry e[5];
	} list = { { POSIX_ACL_XATTR_VERSION },
		   { { ACL_USER_OBJ, 6, (u32)-1 },
		     { ACL_USER, 4, 0x1234567 },
		     { ACL_GROUP_OBJ, 0, (u32)-1 },
		     { ACL_MASK, 4, (u32)-1 },
		     { ACL_OTHER, 0, (u32)-1 } } },
	  got;
	u8 *value;

	ext2_boot(0, "-b 1024 -I 128");
	ext2_mount_disk();
	fs_file("/mnt/f", "");
	ck_assert_int_eq(xattr_set(fs_inode("/mnt/f"), name, &list, sizeof(list), 0), 0);
	ck_assert_uint_eq(fs_inode("/mnt/f")->mode & 0777, 0640);
	ext2_check_clean();
	ck_assert(strstr(debugfs("ea_get -x /f system.posix_acl_access"), "04 00 67 45 23 01 "));
	ext2_mount_disk();
	ck_assert_int_eq(xattr_get(fs_inode("/mnt/f"), name, NULL, 0), sizeof(got));
	ck_assert_int_eq(xattr_get(fs_inode("/mnt/f"), name, &got, sizeof(got)), sizeof(got));
	ck_assert_mem_eq(&got, &list, sizeof(got));
	ck_assert_int_eq(xattr_get(fs_inode("/mnt/f"), name, &got, 13), -ERANGE);
	ck_assert_int_eq(acl_check(fs_inode("/mnt/f"), 4), -EACCES);
	ext2_check_clean();
	/* at the end of the block: version, 4 + 8 + 4 + 4 + 4 bytes */
	value = ext2_disk + (attribute_block() + 1) * 1024 - 28;
	value[4 + 4] = ACL_MASK; /* entries out of step */
	ext2_mount_disk();
	ck_assert_int_lt(acl_check(fs_inode("/mnt/f"), 4), 0);
	ext2_unmount_disk();
	value[0] = 2;
	ext2_mount_disk();
	ck_assert_int_eq(xattr_get(fs_inode("/mnt/f"), name, &got, sizeof(got)), -EIO);
	ck_assert_int_eq(acl_check(fs_inode("/mnt/f"), 4), -EIO);
	ext2_unmount_disk();
}
END_TEST

Suite *ext2_xattr_suite(void);
Suite *ext2_xattr_suite(void)
{
	Suite *suite = suite_create("ext2_xattr");
	TCase *tc = tcase_create("attributes");

	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	if (!ext2_tools())
		return suite;
	tcase_add_loop_test(tc, test_random, 0, EXT2_FORMATS);
	tcase_add_loop_test(tc, test_deleted, 0, 2);
	tcase_add_test(tc, test_others);
	tcase_add_test(tc, test_shared);
	tcase_add_test(tc, test_damaged);
	tcase_add_test(tc, test_list);
	return suite;
}
