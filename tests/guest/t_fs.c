/*
 * Files: opening, reading, writing, seeking, truncating.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <test.h>
#include <unistd.h>

#include "libmem.h"

static int make(const char *path, int flags)
{
	return (int)CHECK_OK(open(path, flags | O_CREAT, 0644));
}

static off_t size_of(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_size;
}

/* ---- open --------------------------------------------------------------- */

static void open_creates(void)
{
	struct stat st;
	int fd;

	test_scratch();
	CHECK_ERR(open("f", O_RDWR), ENOENT);
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0640));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_OK(close(fd));
	/* The mode counts only for a new file. */
	fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT, 0777));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 07777, 0640);
	CHECK_EQ(creat("g", 0600), fd + 1);
	CHECK_ERR(read(fd + 1, &st, 1), EBADF);
}

static void open_lowest_descriptor(void)
{
	int a;
	int b;
	int c;

	test_scratch();
	a = make("f", O_RDONLY);
	b = make("f", O_RDONLY);
	c = make("f", O_RDONLY);
	CHECK_EQ(b, a + 1);
	CHECK_EQ(c, a + 2);
	CHECK_OK(close(b));
	CHECK_EQ(make("f", O_RDONLY), b);
	CHECK_OK(close(a));
	CHECK_EQ(dup(c), a);
}

static void open_exclusively(void)
{
	test_scratch();
	CHECK_OK(close(make("f", O_WRONLY | O_EXCL)));
	CHECK_ERR(open("f", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_OK(symlink("nowhere", "s"));
	CHECK_ERR(open("s", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
}

static void open_through_dangling_link(void)
{
	test_scratch();
	CHECK_OK(symlink("target", "s"));
	CHECK_OK(close(make("s", O_WRONLY)));
	CHECK_EQ(size_of("target"), 0);
}

static void open_truncates(void)
{
	test_scratch();
	test_make_file("f", "contents");
	CHECK_OK(close((int)CHECK_OK(open("f", O_RDONLY))));
	CHECK_EQ(size_of("f"), 8);
	CHECK_OK(close((int)CHECK_OK(open("f", O_WRONLY | O_TRUNC))));
	CHECK_EQ(size_of("f"), 0);
}

static void open_access_modes(void)
{
	char byte;
	int fd;

	test_scratch();
	test_make_file("f", "x");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(write(fd, "y", 1), EBADF);
	CHECK_EQ(read(fd, &byte, 1), 1);
	fd = (int)CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(read(fd, &byte, 1), EBADF);
	CHECK_EQ(write(fd, "y", 1), 1);
	fd = (int)CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'y');
	CHECK_EQ(write(fd, "z", 1), 1);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void open_directory(void)
{
	char buf[16];
	int fd;

	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(open("d", O_WRONLY), EISDIR);
	CHECK_ERR(open("d", O_RDWR), EISDIR);
	CHECK_ERR(open("d", O_RDONLY | O_CREAT, 0644), EISDIR);
	CHECK_ERR(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	fd = (int)CHECK_OK(open("d", O_RDONLY | O_DIRECTORY));
	CHECK_ERR(read(fd, buf, sizeof(buf)), EISDIR);
	CHECK_ERR(write(fd, buf, sizeof(buf)), EBADF);
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
}

static void open_nofollow(void)
{
	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(symlink("f", "s"));
	CHECK_ERR(open("s", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_OK(open("f", O_RDONLY | O_NOFOLLOW));
	CHECK_ERR(open("s", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
}

static void open_path_only(void)
{
	struct stat st;
	char byte;
	int fd;

	test_scratch();
	test_make_file("f", "x");
	fd = open("f", O_PATH);
	CHECK_OK(fd);
	CHECK_ERR(read(fd, &byte, 1), EBADF);
	CHECK_ERR(write(fd, &byte, 1), EBADF);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 1);
	fd = (int)CHECK_OK(open(".", O_PATH));
	CHECK_OK(fstatat(fd, "f", &st, 0));
	CHECK_OK(fchdir(fd));
}

static void bad_descriptors(void)
{
	struct stat st;
	char byte;

	CHECK_ERR(read(-1, &byte, 1), EBADF);
	CHECK_ERR(read(99, &byte, 1), EBADF);
	CHECK_ERR(write(99, &byte, 1), EBADF);
	CHECK_ERR(write(1 << 20, &byte, 1), EBADF);
	CHECK_ERR(close(99), EBADF);
	CHECK_ERR(lseek(99, 0, SEEK_SET), EBADF);
	CHECK_ERR(fstat(99, &st), EBADF);
	CHECK_ERR(ftruncate(99, 0), EBADF);
	CHECK_ERR(fchdir(99), EBADF);
	CHECK_ERR(fsync(99), EBADF);
	CHECK_ERR(dup(99), EBADF);
	CHECK_ERR(dup2(99, 1), EBADF);
}

/* ---- reading and writing ------------------------------------------------ */

static void write_then_read(void)
{
	char buf[32];
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	CHECK_EQ(write(fd, "hello world", 11), 11);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(read(fd, buf, 5), 5);
	CHECK_EQ(read(fd, buf + 5, sizeof(buf) - 5), 6);
	CHECK_EQ(memcmp(buf, "hello world", 11), 0);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(read(fd, buf, 0), 0);
	CHECK_EQ(write(fd, buf, 0), 0);
}

static void write_large(void)
{
	static char block[1 << 20];
	size_t i;
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	for (i = 0; i < sizeof(block); i++)
		block[i] = (char)(i * 7 >> 4);
	CHECK_EQ(write(fd, block, sizeof(block)), sizeof(block));
	memset(block, 0, sizeof(block));
	CHECK_EQ(pread(fd, block, sizeof(block), 0), sizeof(block));
	for (i = 0; i < sizeof(block); i++)
		CHECK_EQ(block[i], (char)(i * 7 >> 4));
}

static void write_in_odd_pieces(void)
{
	char piece[777];
	off_t at;
	int fd;
	int i;

	test_scratch();
	fd = make("f", O_RDWR);
	for (i = 0; i < 100; i++) {
		memset(piece, i, sizeof(piece));
		CHECK_EQ(write(fd, piece, sizeof(piece)), sizeof(piece));
	}
	for (at = 0; at < 77700; at += 311) {
		CHECK_EQ(pread(fd, piece, 1, at), 1);
		CHECK_EQ(piece[0], at / 777);
	}
	CHECK_EQ(size_of("f"), 77700);
}

static void pread_and_pwrite(void)
{
	char buf[8] = { 0 };
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	CHECK_EQ(pwrite(fd, "world", 5, 6), 5);
	CHECK_EQ(pwrite(fd, "hello ", 6, 0), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(pread(fd, buf, 5, 6), 5);
	CHECK_EQ(memcmp(buf, "world", 5), 0);
	CHECK_EQ(pread(fd, buf, 5, 11), 0);
	CHECK_EQ(pread(fd, buf, 5, 1000), 0);
	CHECK_ERR(pread(fd, buf, 5, -1), EINVAL);
	CHECK_ERR(pwrite(fd, buf, 5, -1), EINVAL);
}

static void vectors(void)
{
	char a[4] = { 0 };
	char b[8] = { 0 };
	struct iovec out[3] = { { (void *)"abc", 3 },
				{ NULL, 0 },
				{ (void *)"defgh", 5 } };
	struct iovec in[2] = { { a, 3 }, { b, 8 } };
	struct iovec bad = { a, ~0UL };
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	CHECK_EQ(writev(fd, out, 3), 8);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 2), 8);
	CHECK_STR(a, "abc");
	CHECK_EQ(memcmp(b, "defgh", 5), 0);
	CHECK_EQ(readv(fd, in, 0), 0);
	CHECK_ERR(readv(fd, in, -1), EINVAL);
	CHECK_ERR(readv(fd, in, 1025), EINVAL);
	CHECK_ERR(readv(fd, &bad, 1), EINVAL);
	CHECK_ERR(readv(fd, test_bad_pointer, 1), EFAULT);
}

static void append(void)
{
	char buf[16];
	int a;
	int b;

	test_scratch();
	test_make_file("f", "start ");
	a = (int)CHECK_OK(open("f", O_WRONLY | O_APPEND));
	b = (int)CHECK_OK(open("f", O_WRONLY | O_APPEND));
	CHECK_EQ(write(a, "a", 1), 1);
	CHECK_EQ(write(b, "b", 1), 1);
	CHECK_EQ(lseek(a, 0, SEEK_SET), 0);
	CHECK_EQ(write(a, "c", 1), 1);
	CHECK_EQ(lseek(a, 0, SEEK_CUR), 9);
	test_read_file("f", buf, sizeof(buf));
	CHECK_STR(buf, "start abc");
	CHECK_OK(fcntl(a, F_SETFL, 0));
	CHECK_EQ(pwrite(a, "S", 1, 0), 1);
	test_read_file("f", buf, sizeof(buf));
	CHECK_STR(buf, "Start abc");
}

static void read_crosses_end(void)
{
	char buf[16];
	int fd;

	test_scratch();
	test_make_file("f", "12345");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 2);
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 100);
	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
}

/* ---- seeking ------------------------------------------------------------ */

static void seeking(void)
{
	int fd;

	test_scratch();
	test_make_file("f", "0123456789");
	fd = (int)CHECK_OK(open("f", O_RDWR));
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_EQ(lseek(fd, -2, SEEK_CUR), 2);
	CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
	CHECK_EQ(lseek(fd, 5, SEEK_END), 15);
	CHECK_ERR(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERR(lseek(fd, -16, SEEK_CUR), EINVAL);
	CHECK_ERR(lseek(fd, 0, 77), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 15);
	/* Seeking beyond the end alone changes nothing. */
	CHECK_EQ(size_of("f"), 10);
}

static void seeking_pipes(void)
{
	int fds[2];
	char byte;

	CHECK_OK(pipe(fds));
	CHECK_ERR(lseek(fds[0], 0, SEEK_SET), ESPIPE);
	CHECK_ERR(pread(fds[0], &byte, 1, 0), ESPIPE);
	CHECK_ERR(pwrite(fds[1], &byte, 1, 0), ESPIPE);
}

static void offset_is_shared_by_dup(void)
{
	char byte;
	int other;
	int fd;

	test_scratch();
	test_make_file("f", "abcdef");
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	other = (int)CHECK_OK(dup(fd));
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(read(other, &byte, 1), 1);
	CHECK_EQ(byte, 'c');
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	/* A second open has its own. */
	other = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
}

static void sparse_hole(void)
{
	struct stat st;
	char buf[64];
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	CHECK_EQ(pwrite(fd, "end", 3, 10 << 20), 3);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, (10 << 20) + 3);
	CHECK(st.st_blocks < 2048);
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(pread(fd, buf, sizeof(buf), 5 << 20), sizeof(buf));
	CHECK(mem_all(buf, 0, sizeof(buf)));
	CHECK_EQ(pread(fd, buf, sizeof(buf), (10 << 20) - 8), 11);
	CHECK(mem_all(buf, 0, 8));
	CHECK_EQ(memcmp(buf + 8, "end", 3), 0);
	CHECK_EQ(pwrite(fd, "mid", 3, 5 << 20), 3);
	CHECK_EQ(pread(fd, buf, 5, (5 << 20) - 1), 5);
	CHECK_EQ(memcmp(buf, "\0mid\0", 5), 0);
}

/* ---- truncating --------------------------------------------------------- */

static void truncating(void)
{
	char buf[16];
	int fd;

	test_scratch();
	test_make_file("f", "0123456789");
	CHECK_OK(truncate("f", 4));
	test_read_file("f", buf, sizeof(buf));
	CHECK_STR(buf, "0123");
	fd = (int)CHECK_OK(open("f", O_RDWR));
	CHECK_OK(ftruncate(fd, 8));
	memset(buf, 1, sizeof(buf));
	CHECK_EQ(read(fd, buf, sizeof(buf)), 8);
	/* What was cut off does not come back. */
	CHECK_EQ(memcmp(buf, "0123\0\0\0\0", 8), 0);
	CHECK_OK(ftruncate(fd, 0));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(size_of("f"), 9);
}

static void truncating_whole_pages(void)
{
	static char block[5 * 4096];
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	memset(block, 'x', sizeof(block));
	CHECK_EQ(write(fd, block, sizeof(block)), sizeof(block));
	CHECK_OK(ftruncate(fd, 5000));
	CHECK_OK(ftruncate(fd, sizeof(block)));
	CHECK_EQ(pread(fd, block, sizeof(block), 0), sizeof(block));
	CHECK(mem_all(block, 'x', 5000));
	CHECK(mem_all(block + 5000, 0, sizeof(block) - 5000));
}

static void truncate_errors(void)
{
	int fd;

	test_scratch();
	test_make_file("f", "x");
	CHECK_OK(mkdir("d", 0755));
	CHECK_ERR(truncate("missing", 0), ENOENT);
	CHECK_ERR(truncate("d", 0), EISDIR);
	CHECK_ERR(truncate("f", -1), EINVAL);
	fd = (int)CHECK_OK(open("f", O_RDONLY));
	CHECK_ERR(ftruncate(fd, 0), EINVAL);
	fd = (int)CHECK_OK(open("f", O_WRONLY));
	CHECK_ERR(ftruncate(fd, -1), EINVAL);
	CHECK_OK(fsync(fd));
}

/* ---- files without names ------------------------------------------------ */

static void unlinked_file_lives_on(void)
{
	struct stat st;
	char buf[8];
	int fd;

	test_scratch();
	fd = make("f", O_RDWR);
	CHECK_EQ(write(fd, "alive", 5), 5);
	CHECK_OK(unlink("f"));
	CHECK_ERR(open("f", O_RDONLY), ENOENT);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5);
	CHECK_EQ(memcmp(buf, "alive", 5), 0);
	/* A new file of the name is another file. */
	test_make_file("f", "new");
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5);
}

static void many_files(void)
{
	char name[16];
	int i;

	test_scratch();
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		test_make_file(name, name);
	}
	for (i = 0; i < 200; i += 7) {
		snprintf(name, sizeof(name), "f%d", i);
		CHECK_EQ(size_of(name), strlen(name));
	}
}

static const struct test_case cases[] = {
	{ "open: creates", open_creates },
	{ "open: lowest descriptor", open_lowest_descriptor },
	{ "open: O_EXCL", open_exclusively },
	{ "open: through a dangling link", open_through_dangling_link },
	{ "open: O_TRUNC", open_truncates },
	{ "open: access modes", open_access_modes },
	{ "open: directories", open_directory },
	{ "open: O_NOFOLLOW", open_nofollow },
	{ "open: O_PATH", open_path_only },
	{ "bad descriptors", bad_descriptors },
	{ "write, then read", write_then_read },
	{ "write: a megabyte", write_large },
	{ "write: odd pieces", write_in_odd_pieces },
	{ "pread and pwrite", pread_and_pwrite },
	{ "readv and writev", vectors },
	{ "O_APPEND", append },
	{ "read across the end", read_crosses_end },
	{ "lseek", seeking },
	{ "lseek: ESPIPE", seeking_pipes },
	{ "offset is shared by dup", offset_is_shared_by_dup },
	{ "sparse hole", sparse_hole },
	{ "truncate", truncating },
	{ "truncate: whole pages", truncating_whole_pages },
	{ "truncate: errors", truncate_errors },
	{ "unlinked file lives on", unlinked_file_lives_on },
	{ "two hundred files", many_files },
};

TEST_MAIN(cases)
