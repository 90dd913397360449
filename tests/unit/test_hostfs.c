/*
 * hostfs on the real broker (fake_hal_broker.c): a directory of the host the tests run
 * on is mounted at /mnt, and changed from both sides.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/broker.h"
#include "fake_hal.h"
#include "fs/diskfile.h"
#include "fs/hostfs.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/uaccess.h"

static char dir[64];

static void setup_as(bool read_only)
{
	char command[256];

	snprintf(dir, sizeof(dir), "/tmp/lodger-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command),
		 "cd %s && echo one >one && mkdir sub && echo two >sub/two && ln -s one soft",
		 dir);
	ck_assert_int_eq(system(command), 0);
	fs_boot(0);
	fake_broker(dir, read_only);
	ck_assert_int_eq(hostfs_mount(0, "/mnt", false, read_only), 0);
}

static void setup(void)
{
	setup_as(false);
}

static void setup_read_only(void)
{
	setup_as(true);
}

static void teardown(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* A name on the host. */
static const char *on_host(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void host_write(const char *name, const char *text)
{
	FILE *f = fopen(on_host(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	fclose(f);
}

static const char *host_text(const char *name)
{
	static char text[256];
	FILE *f = fopen(on_host(name), "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static void later(void)
{
	fake_clock_advance(2 * HOSTFS_FRESH_NS);
}

/* --- reading --------------------------------------------------------------------------- */

START_TEST(reads)
{
	ck_assert_str_eq(fs_text("/mnt/one"), "one\n");
	ck_assert_str_eq(fs_text("/mnt/sub/two"), "two\n");
	ck_assert_str_eq(fs_text("/mnt/soft"), "one\n");
	ck_assert_int_eq(fs_lookup("/mnt/none"), ENOENT);
	ck_assert_int_eq(fs_lookup("/mnt/one/x"), ENOTDIR);
	ck_assert_uint_eq(fs_inode("/mnt/one")->uid, 0);
	ck_assert_uint_eq(fs_inode("/mnt/one")->size, 4);
}
END_TEST

static char listed[256];

static bool emit(struct dir_sink *sink, const char *name, size_t len, u64 ino, u32 dtype,
		 s64 next_pos)
{
	(void)sink;
	(void)ino;
	(void)next_pos;
	snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed), "%.*s:%u ",
		 (int)len, name, dtype);
	return true;
}

static void list(const char *name)
{
	struct dir_sink sink = { emit };
	struct file *f = fs_open(name, O_RDONLY | O_DIRECTORY);

	listed[0] = '\0';
	ck_assert_int_eq(f->ops->iterate(f, &sink), 0);
	file_put(f);
}

START_TEST(lists)
{
	list("/mnt");
	ck_assert_ptr_nonnull(strstr(listed, ".:4 "));
	ck_assert_ptr_nonnull(strstr(listed, "..:4 "));
	ck_assert_ptr_nonnull(strstr(listed, "one:8 "));
	ck_assert_ptr_nonnull(strstr(listed, "sub:4 "));
	ck_assert_ptr_nonnull(strstr(listed, "soft:10 "));
	list("/mnt/sub");
	ck_assert_str_eq(strstr(listed, "two:8 ") ? "two" : listed, "two");
}
END_TEST

START_TEST(lists_many)
{
	char name[300];
	int found = 0;

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "sub/%0100d", i);
		host_write(name, "");
	}
	for (int round = 0; round < 2; round++) {
		struct dir_sink sink = { emit };
		struct file *f = fs_open("/mnt/sub", O_RDONLY | O_DIRECTORY);

		for (;;) {
			s64 before = f->pos;

			/* the sink is cut after some names by its own size */
			listed[0] = '\0';
			ck_assert_int_eq(f->ops->iterate(f, &sink), 0);
			if (f->pos == before)
				break;
			found++;
		}
		file_put(f);
	}
	ck_assert_int_eq(found, 2);
}
END_TEST

/* What is known is not asked for again. */
START_TEST(names_are_cached)
{
	u64 before;

	fs_lookup("/mnt/sub/two");
	fs_lookup("/mnt/sub/none");
	before = fake_broker_requests;
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(fs_lookup("/mnt/sub/two"), 0);
		ck_assert_int_eq(fs_lookup("/mnt/sub/none"), ENOENT);
		fs_inode("/mnt/sub/two")->ops->getattr(fs_inode("/mnt/sub/two"));
	}
	ck_assert_uint_eq(fake_broker_requests, before);
}
END_TEST

START_TEST(reading_only)
{
	ck_assert_int_eq(fs_open_errno("/mnt/one", O_WRONLY), EROFS);
	ck_assert_int_eq(fs_open_errno("/mnt/new", O_WRONLY | O_CREAT), EROFS);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/one"), -EROFS);
	ck_assert_int_eq(name_mkdir(AT_FDCWD, "/mnt/d", 0755), -EROFS);
	/* the broker says so by itself, whatever the mount says */
	mount_next(mount_first())->flags = 0;
	ck_assert_int_eq(fs_open_errno("/mnt/one", O_WRONLY), EROFS);
	ck_assert_int_eq(fs_open_errno("/mnt/new", O_WRONLY | O_CREAT), EROFS);
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/one"), -EROFS);
	ck_assert_str_eq(host_text("one"), "one\n");
}
END_TEST

/* --- writing --------------------------------------------------------------------------- */

START_TEST(writes)
{
	struct stat st;

	fs_file("/mnt/new", "something\n");
	ck_assert_str_eq(host_text("new"), "something\n");
	fs_file("/mnt/one", "x");
	ck_assert_str_eq(host_text("one"), "x");
	ck_assert_int_eq(stat(on_host("new"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0644);
}
END_TEST

/* Two round trips: one makes it, one removes it. */
START_TEST(comes_and_goes)
{
	u64 before;

	file_put(fs_open("/mnt/comes", O_WRONLY | O_CREAT));
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/comes"), 0);
	before = fake_broker_requests;
	file_put(fs_open("/mnt/comes", O_WRONLY | O_CREAT));
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/comes"), 0);
	ck_assert_uint_eq(fake_broker_requests, before + 2);
}
END_TEST

/* Only the open that has made a file knows without asking what is in it. */
START_TEST(made_before_it_is_opened)
{
	file_put(fs_open("/mnt/opened", O_WRONLY | O_CREAT));
	ck_assert_int_eq(name_mknod(AT_FDCWD, "/mnt/made", S_IFREG | 0644, 0), 0);
	host_write("opened", "by the host");
	host_write("made", "by the host, too");
	ck_assert_str_eq(fs_text("/mnt/opened"), "by the host");
	ck_assert_str_eq(fs_text("/mnt/made"), "by the host, too");
}
END_TEST

START_TEST(makes_and_moves)
{
	struct path path;

	fs_mkdir("/mnt/d");
	fs_file("/mnt/d/f", "f");
	fs_symlink("d/f", "/mnt/s");
	ck_assert_str_eq(fs_text("/mnt/s"), "f");
	ck_assert_int_eq(name_rename(AT_FDCWD, "/mnt/d/f", AT_FDCWD, "/mnt/g", 0), 0);
	ck_assert_int_eq(fs_lookup("/mnt/d/f"), ENOENT);
	ck_assert_str_eq(fs_text("/mnt/g"), "f");
	ck_assert_int_eq(path_walk(AT_FDCWD, "/mnt/g", 0, &path), 0);
	ck_assert_int_eq(name_link(&path, AT_FDCWD, "/mnt/sub/h"), 0);
	ck_assert_uint_eq(path.dentry->inode->nlink, 2);
	path_put(&path);
	ck_assert_ptr_eq(fs_inode("/mnt/g"), fs_inode("/mnt/sub/h"));
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/g"), 0);
	ck_assert_str_eq(fs_text("/mnt/sub/h"), "f");
	ck_assert_int_eq(name_rename(AT_FDCWD, "/mnt/one", AT_FDCWD, "/mnt/sub/h",
				     RENAME_EXCHANGE), 0);
	ck_assert_str_eq(fs_text("/mnt/one"), "f");
	ck_assert_str_eq(host_text("sub/h"), "one\n");
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/mnt/sub"), -ENOTEMPTY);
	ck_assert_int_eq(name_rmdir(AT_FDCWD, "/mnt/d"), 0);
	ck_assert_int_ne(access(on_host("d"), F_OK), 0);
}
END_TEST

/* Whoever was there before, the name is known once. */
START_TEST(renamed_over)
{
	const struct dentry *d;
	struct path folder;
	u32 count = 0;

	fs_file("/mnt/f", "f");
	ck_assert_int_eq(name_rename(AT_FDCWD, "/mnt/f", AT_FDCWD, "/mnt/one", 0), 0);
	ck_assert_int_eq(path_walk(AT_FDCWD, "/mnt", 0, &folder), 0);
	list_for_each_entry(d, &folder.dentry->children, sibling)
		count += strcmp(d->name, "one") == 0;
	ck_assert_uint_eq(count, 1);
	path_put(&folder);
	ck_assert_str_eq(fs_text("/mnt/one"), "f");
}
END_TEST

START_TEST(open_file_outlives_its_name)
{
	struct file *f = fs_open("/mnt/one", O_RDWR);
	char buf[8];

	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/one"), 0);
	ck_assert_int_eq(file_write_kernel(f, "ONE", 3, 0), 3);
	ck_assert_int_eq(file_read_kernel(f, buf, 8, 0), 4);
	ck_assert_int_eq(memcmp(buf, "ONE\n", 4), 0);
	file_put(f);
}
END_TEST

START_TEST(attributes)
{
	struct inode *inode = fs_inode("/mnt/one");
	struct stat st;

	inode->mode = S_IFREG | 04711;
	inode->mtime = (struct timespec64){ 1000000000, 5 };
	ck_assert_int_eq(inode->ops->setattr(inode), 0);
	ck_assert_int_eq(stat(on_host("one"), &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | 0711); /* no power on the host */
	ck_assert_int_eq(st.st_mtim.tv_sec, 1000000000);
	ck_assert_uint_eq(inode->mode, S_IFREG | 04711);
	inode->uid = 33;
	ck_assert_int_eq(inode->ops->setattr(inode), 0);
	later();
	inode->ops->getattr(inode);
	ck_assert_uint_eq(inode->uid, 33);
	ck_assert_int_eq(inode_truncate(inode, 2), 0);
	ck_assert_str_eq(host_text("one"), "on");
}
END_TEST

/* --- changes on the host ---------------------------------------------------------------- */

START_TEST(sees_what_was_closed)
{
	ck_assert_str_eq(fs_text("/mnt/one"), "one\n");
	host_write("one", "another\n");
	ck_assert_str_eq(fs_text("/mnt/one"), "another\n"); /* at once */
	host_write("more", "m");
	ck_assert_int_eq(unlink(on_host("sub/two")), 0);
	later();
	ck_assert_str_eq(fs_text("/mnt/more"), "m");
	ck_assert_int_eq(fs_lookup("/mnt/sub/two"), ENOENT);
}
END_TEST

START_TEST(absent_name_appears)
{
	ck_assert_int_eq(fs_lookup("/mnt/new"), ENOENT);
	host_write("new", "n");
	later();
	ck_assert_str_eq(fs_text("/mnt/new"), "n");
	/* a name of one's own does not hide a stranger's that came with it */
	ck_assert_int_eq(fs_lookup("/mnt/b"), ENOENT);
	host_write("b", "b");
	fs_file("/mnt/a", "a");
	ck_assert_str_eq(fs_text("/mnt/b"), "b");
}
END_TEST

START_TEST(name_leads_elsewhere)
{
	struct file *f = fs_open("/mnt/one", O_RDONLY);
	char buf[8];

	host_write("fresh", "fresh");
	ck_assert_int_eq(rename(on_host("fresh"), "/tmp/lodger-unit.x"), 0);
	ck_assert_int_eq(rename("/tmp/lodger-unit.x", on_host("one")), 0);
	later();
	ck_assert_str_eq(fs_text("/mnt/one"), "fresh");
	ck_assert_int_eq(file_read_kernel(f, buf, 8, 0), 4); /* the old one */
	file_put(f);
}
END_TEST

START_TEST(becomes_a_directory)
{
	ck_assert_str_eq(fs_text("/mnt/one"), "one\n");
	ck_assert_int_eq(unlink(on_host("one")), 0);
	ck_assert_int_eq(mkdir(on_host("one"), 0755), 0);
	host_write("one/in", "in");
	later();
	ck_assert_str_eq(fs_text("/mnt/one/in"), "in");
}
END_TEST

/* A link that the host puts in the place of a directory leads nowhere else. */
START_TEST(link_in_place_of_directory)
{
	ck_assert_str_eq(fs_text("/mnt/sub/two"), "two\n");
	ck_assert_int_eq(rename(on_host("sub"), "/tmp/lodger-unit.s"), 0);
	ck_assert_int_eq(symlink("/etc", on_host("sub")), 0);
	later();
	ck_assert_int_eq(fs_lookup("/mnt/sub/passwd"), ENOENT); /* the guest's /etc */
	ck_assert_int_eq(unlink(on_host("sub")), 0);
	ck_assert_int_eq(rename("/tmp/lodger-unit.s", on_host("sub")), 0);
}
END_TEST

/* --- mappings --------------------------------------------------------------------------- */

static void fill_host(const char *name, size_t bytes)
{
	FILE *f = fopen(on_host(name), "w");

	for (size_t i = 0; i < bytes; i++)
		fputc('a' + (int)(i >> 12) % 26, f);
	fclose(f);
}

START_TEST(shrinks_before_it_is_read)
{
	struct file *f;
	pfn_t pfn;

	fill_host("big", 1 << 20);
	f = fs_open("/mnt/big", O_RDONLY);
	ck_assert_int_eq(truncate(on_host("big"), 5000), 0);
	ck_assert_int_eq(f->inode->object->ops->get_page(f->inode->object, 100, false, &pfn),
			 -ENODATA);
	ck_assert_uint_eq(f->inode->size, 5000);
	ck_assert_int_eq(f->inode->object->ops->get_page(f->inode->object, 1, false, &pfn), 0);
	ck_assert_int_eq(fake_ram(pfn)[0], 'b');
	ck_assert_int_eq(fake_ram(pfn)[5000 - 4096], 0);
	file_put(f);
}
END_TEST

/* What the host has not in memory comes by a helper, whatever else the broker is told with
 * the attempt before. */
START_TEST(reads_apart)
{
	struct file *f = fs_open("/mnt/one", O_RDONLY);
	gpa_t frame = pfn_to_gpa(page_alloc(0, 0));
	bool slept = false;
	char text[4];

	fake_broker_cold = true;
	file_put(fs_open("/mnt/gone", O_WRONLY | O_CREAT));
	ck_assert_int_eq(name_unlink(AT_FDCWD, "/mnt/gone"), 0); /* a handle to close */
	ck_assert_int_eq(hostfs_diskfile_ops.read(f->inode, 0, frame, 4, &slept), 0);
	ram_read(frame, text, sizeof(text));
	ck_assert_mem_eq(text, "one\n", 4);
	ck_assert(slept);
	ck_assert_uint_eq(fake_broker_apart, 1);
	slept = false;
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_uint_eq(fake_broker_apart, 2);
	/* who cannot sleep waits with the machine */
	ck_assert_int_eq(hostfs_diskfile_ops.read(f->inode, 0, frame, 4, NULL), 0);
	ck_assert_uint_eq(fake_broker_apart, 2);
	file_put(f);
}
END_TEST

static struct file *grows;

static void write_back(void)
{
	ck_assert_int_eq(hostfs_flush(grows->inode), 0);
}

/* What a helper says of the file's end may be of before a write that is not to be undone. */
START_TEST(grows_while_it_is_read)
{
	struct iobuf more = { .kernel = (u8 *)"and more", .len = 8 };
	gpa_t frame = pfn_to_gpa(page_alloc(0, 0));
	bool slept = false;
	s64 pos = 0;

	grows = fs_open("/mnt/one", O_RDWR | O_APPEND);
	ck_assert_int_eq(grows->ops->write(grows, &more, &pos), 8);
	fake_broker_cold = true;
	fake_broker_meanwhile = write_back;
	ck_assert_int_eq(hostfs_diskfile_ops.read(grows->inode, 0, frame, 12, &slept), -EAGAIN);
	fake_broker_meanwhile = NULL;
	hostfs_diskfile_ops.settle(grows->inode);
	ck_assert_uint_eq(grows->inode->size, 12);
	ck_assert_str_eq(fs_text("/mnt/one"), "one\nand more");
	file_put(grows);
}
END_TEST

START_TEST(mapped_pages_go_back)
{
	struct file *f = fs_open("/mnt/one", O_RDWR);
	pfn_t pfn;

	ck_assert_int_eq(f->inode->object->ops->get_page(f->inode->object, 0, true, &pfn), 0);
	memcpy(fake_ram(pfn), "ONE", 3);
	ck_assert_int_eq(f->ops->fsync(f), 0);
	ck_assert_str_eq(host_text("one"), "ONE\n");
	file_put(f);
}
END_TEST

START_TEST(large_contents)
{
	static u8 data[3 << 20], back[3 << 20];
	struct file *f = fs_open("/mnt/large", O_RDWR | O_CREAT);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7 + (i >> 9));
	ck_assert_int_eq(file_write_kernel(f, data, sizeof(data), 0), (s64)sizeof(data));
	file_put(f);
	ck_assert_int_eq(vfs_umount("/mnt", 0), 0);
	ck_assert_int_eq(hostfs_mount(0, "/mnt", false, false), 0);
	f = fs_open("/mnt/large", O_RDONLY);
	ck_assert_int_eq(file_read_kernel(f, back, sizeof(back), 0), (s64)sizeof(back));
	ck_assert_int_eq(memcmp(data, back, sizeof(back)), 0);
	file_put(f);
}
END_TEST

/* Everything comes back when it is unmounted. */
START_TEST(unmount_frees_all)
{
	struct fs_use before;

	ck_assert_int_eq(vfs_umount("/mnt", 0), 0);
	before = fs_use_now();
	ck_assert_int_eq(hostfs_mount(0, "/mnt", false, false), 0);
	fs_text("/mnt/one");
	fs_text("/mnt/soft");
	list("/mnt");
	list("/mnt/sub");
	fs_lookup("/mnt/sub/none");
	fs_file("/mnt/sub/new", "new");
	ck_assert_int_eq(name_rename(AT_FDCWD, "/mnt/sub/new", AT_FDCWD, "/mnt/none", 0), 0);
	ck_assert_int_eq(vfs_umount("/mnt", 0), 0);
	fs_check_use(&before);
}
END_TEST

Suite *hostfs_suite(void);
Suite *hostfs_suite(void)
{
	Suite *s = suite_create("hostfs");
	TCase *tc = tcase_create("read-write");

	tcase_set_timeout(tc, 60); /* thousands of host files */
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reads);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, lists_many);
	tcase_add_test(tc, names_are_cached);
	tcase_add_test(tc, writes);
	tcase_add_test(tc, comes_and_goes);
	tcase_add_test(tc, made_before_it_is_opened);
	tcase_add_test(tc, makes_and_moves);
	tcase_add_test(tc, renamed_over);
	tcase_add_test(tc, open_file_outlives_its_name);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, sees_what_was_closed);
	tcase_add_test(tc, absent_name_appears);
	tcase_add_test(tc, name_leads_elsewhere);
	tcase_add_test(tc, becomes_a_directory);
	tcase_add_test(tc, link_in_place_of_directory);
	tcase_add_test(tc, shrinks_before_it_is_read);
	tcase_add_test(tc, reads_apart);
	tcase_add_test(tc, grows_while_it_is_read);
	tcase_add_test(tc, mapped_pages_go_back);
	tcase_add_test(tc, large_contents);
	tcase_add_test(tc, unmount_frees_all);
	suite_add_tcase(s, tc);
	tc = tcase_create("read-only");
	tcase_add_checked_fixture(tc, setup_read_only, teardown);
	tcase_add_test(tc, reads);
	tcase_add_test(tc, reading_only);
	suite_add_tcase(s, tc);
	return s;
}
