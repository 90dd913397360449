/* Contents and attributes: open, read, write, seek, sizes, locks, times. */
#include "diff.h"

#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/xattr.h>

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>

static void c_open(void)
{
	diff_file("f", "x");
	mkdir("d", 0755);
	symlink("f", "s");
	symlink("none", "dangling");
	symlink("loop", "loop");
	R(open("none", O_RDONLY));
	R(open("", O_RDONLY));
	R(open("f/", O_RDONLY));
	R(open("f/x", O_RDONLY));
	R(open("d", O_WRONLY));
	R(open("d", O_RDWR | O_CREAT, 0644));
	R(open("d", O_RDONLY | O_CREAT, 0644));
	R(open("f", O_RDONLY | O_DIRECTORY));
	R(open("f", O_RDONLY | O_CREAT | O_EXCL, 0644));
	R(open("dangling", O_RDONLY));
	R(open("dangling", O_RDONLY | O_CREAT | O_EXCL, 0644));
	R(open("s", O_RDONLY | O_NOFOLLOW));
	R(open("loop", O_RDONLY));
	R(open("d/", O_RDONLY | O_CREAT, 0644));
	R(open("newdir/", O_RDONLY | O_CREAT, 0644));
	R(open(BAD, O_RDONLY));
	R(open("f", O_RDONLY | O_TRUNC));
	R(openat(99, "f", O_RDONLY));
	R(openat(99, "/dev/null", O_RDONLY));
	R(openat(3, "f", O_RDONLY));
	R(open("d", O_RDONLY | O_DIRECTORY));
	R(open("s", O_PATH | O_NOFOLLOW));
	R(open("d", O_TMPFILE | O_RDONLY, 0600));
	R(open("f", O_TMPFILE | O_RDWR, 0600));
	R(open("d", O_TMPFILE | O_RDWR, 0600));
	R(open("f", 3));
	R(open("dangling", O_WRONLY | O_CREAT, 0600));
	R(access("none", F_OK));
}

static void c_open_long(void)
{
	char name[5000];

	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	OK(open(name, O_CREAT | O_RDWR, 0600));
	name[255] = 'a';
	name[256] = '\0';
	R(open(name, O_CREAT | O_RDWR, 0600));
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 2 ? '/' : '.';
	name[4095] = '\0';
	OK(open(name, O_RDONLY));
	name[4095] = '/';
	name[4096] = '\0';
	R(open(name, O_RDONLY));
}

static void c_open_denied(void)
{
	diff_file("f", "x");
	chmod("f", 0);
	R(open("f", O_RDONLY));
	R(open("f", O_WRONLY));
	OK(open("f", O_PATH));
	mkdir("d", 0755);
	diff_file("d/f", "x");
	chmod("d", 0600);
	R(open("d/f", O_RDONLY));
	chmod("d", 0500);
	R(open("d/new", O_CREAT | O_RDWR, 0600));
	R(unlink("d/f"));
	R(rename("d/f", "g"));
	R(mkdir("d/x", 0700));
	chmod("d", 0700);
	R(open("f", O_RDONLY | O_NOATIME));
}

static long openat2_(const char *name, unsigned long flags, unsigned long mode,
		     unsigned long resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };

	return SC(openat2, AT_FDCWD, name, &how, sizeof(how));
}

static void c_openat2(void)
{
	struct open_how how = { .flags = O_RDONLY };
	char big[sizeof(how) + 8] = { 0 };

	diff_file("f", "x");
	mkdir("d", 0755);
	symlink("../f", "d/up");
	symlink("/dev/null", "abs");
	OK(openat2_("f", O_RDONLY, 0, 0));
	R(openat2_("f", O_RDONLY, 0644, 0));
	R(openat2_("f", O_RDONLY, 0, 1 << 10));
	R(openat2_("f", 1UL << 40, 0, 0));
	R(openat2_("g", O_CREAT | O_RDWR, 0200000, 0));
	R(openat2_("d/up", O_RDONLY, 0, RESOLVE_NO_SYMLINKS));
	R(openat2_("../x", O_RDONLY, 0, RESOLVE_BENEATH));
	R(openat2_("abs", O_RDONLY, 0, RESOLVE_BENEATH));
	R(openat2_("/dev/null", O_RDONLY, 0, RESOLVE_BENEATH));
	OK(openat2_("d/up", O_RDONLY, 0, RESOLVE_BENEATH));
	R(openat2_("abs", O_RDONLY, 0, RESOLVE_IN_ROOT));
	OK(openat2_("/f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	OK(openat2_("../../f", O_RDONLY, 0, RESOLVE_IN_ROOT));
	R(openat2_("/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS));
	R(openat2_("/proc/version", O_RDONLY, 0, RESOLVE_NO_XDEV));
	R(openat2_("f", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
	R(SC(openat2, AT_FDCWD, "f", &how, 8));
	OK(SC(openat2, AT_FDCWD, "f", big, sizeof(big)));
	big[sizeof(big) - 1] = 1;
	R(SC(openat2, AT_FDCWD, "f", big, sizeof(big)));
	R(SC(openat2, AT_FDCWD, "f", BAD, sizeof(how)));
}

static void c_read_write(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	int ro = open("f", O_RDONLY);
	int wo = open("f", O_WRONLY);
	int dir = open(".", O_RDONLY);
	char buf[16];

	R(write(fd, "0123456789", 10));
	R(read(fd, buf, 5));
	R(pread(fd, buf, 5, 8));
	R(pread(fd, buf, 5, -1));
	R(pread(fd, buf, 5, 1L << 62));
	R(pwrite(fd, "x", 1, -1));
	R(read(wo, buf, 1));
	R(write(ro, "x", 1));
	R(read(99, buf, 1));
	R(read(dir, buf, 1));
	R(write(dir, buf, 1));
	R(read(ro, BAD, 5));
	R(read(ro, BAD, 0));
	R(read(ro, FAR, 0));
	R(read(99, BAD, 0));
	R(write(fd, BAD, 5));
	R(write(fd, FAR, 5));
	R(write(fd, buf, 0));
	R(SC(read, fd, buf, -1L));
	R(lseek(ro, 0, SEEK_CUR));
	R(pwrite(fd, "end", 3, 20));
	V(lseek(fd, 0, SEEK_END));
	R(pread(ro, buf, 16, 10));
	V(buf[0] + buf[9]);
	R(open("f", O_RDONLY | O_PATH));
	R(read(7, buf, 1));
}

static void c_vectors(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char a[4], b[4];
	struct iovec v[3] = { { "abc", 3 }, { NULL, 0 }, { "defg", 4 } };
	struct iovec bad[2] = { { "abc", 3 }, { BAD, 4 } };
	struct iovec huge[2] = { { a, 4 }, { b, (size_t)-1 } };
	struct iovec r[2] = { { a, 4 }, { b, 4 } };

	R(writev(fd, v, 3));
	R(writev(fd, v, 0));
	R(writev(fd, v, -1));
	R(writev(fd, v, 1025));
	R(writev(fd, BAD, 1));
	R(writev(fd, bad, 2));
	R(readv(fd, huge, 2));
	R(preadv(fd, r, 2, 0));
	R(preadv(fd, r, 2, -5));
	R(preadv2(fd, r, 2, 0, 0x1000));
	R(preadv2(fd, r, 2, -1, 0));
	R(pwritev2(fd, v, 1, 0, RWF_APPEND));
	V(lseek(fd, 0, SEEK_END));
	R(pwritev2(fd, v, 1, 100, RWF_SYNC | RWF_DSYNC));
	V(lseek(fd, 0, SEEK_END));
}

static void c_seek(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	int p[2];

	pipe(p);
	R(ftruncate(fd, 100));
	R(lseek(fd, 10, SEEK_SET));
	R(lseek(fd, -20, SEEK_CUR));
	R(lseek(fd, -20, SEEK_END));
	R(lseek(fd, 1L << 62, SEEK_SET));
	R(lseek(fd, 1L << 62, SEEK_CUR));
	R(lseek(fd, 0, 9));
	R(lseek(fd, 100, SEEK_DATA));
	R(lseek(fd, 50, SEEK_HOLE));
	R(lseek(p[0], 0, SEEK_CUR));
	R(lseek(99, 0, SEEK_SET));
	R(pwrite(fd, "x", 1, 20000));
	R(lseek(fd, 0, SEEK_DATA));
	R(lseek(fd, 16384, SEEK_HOLE));
	R(lseek(fd, 0, SEEK_HOLE));
	R(lseek(fd, 30000, SEEK_HOLE));
	R(lseek(p[0], 0, 9));
}

static void c_sizes(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	int ro = open("f", O_RDONLY);
	int p[2];

	pipe(p);
	mkdir("d", 0755);
	R(truncate("f", 10));
	R(truncate("f", -1));
	R(truncate("d", 0));
	R(truncate("none", 0));
	R(truncate("", 0));
	R(ftruncate(ro, 0));
	R(ftruncate(p[0], 0));
	R(ftruncate(99, 0));
	R(ftruncate(fd, -1));
	R(fallocate(fd, 0, 0, 0));
	R(fallocate(fd, 0, -1, 10));
	R(fallocate(fd, 0, 0, 5000));
	V(lseek(fd, 0, SEEK_END));
	R(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10000));
	V(lseek(fd, 0, SEEK_END));
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	R(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	R(fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, 10));
	R(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	R(fallocate(fd, 0x400, 0, 10));
	R(fallocate(ro, 0, 0, 10));
	R(fallocate(p[1], 0, 0, 10));
	R(fallocate(fd, 0, 1, 0x7fffffffffffffff));
	R(fallocate(99, 0, 0, 10));
	R(posix_fadvise(fd, 0, 0, 77));
	R(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL));
	R(posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
	R(SC(readahead, fd, 0, 10));
	R(SC(readahead, p[0], 0, 10));
	R(fsync(p[0]));
	R(fsync(fd));
	R(fdatasync(99));
	R(syncfs(fd));
}

static void c_stat(void)
{
	struct stat st;
	struct statx sx;
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	symlink("f", "s");
	R(write(fd, "abc", 3));
	R(stat("f", &st));
	V(st.st_mode);
	V(st.st_size);
	V(st.st_nlink);
	V(st.st_blksize);
	V(st.st_blocks);
	R(lstat("s", &st));
	V(st.st_mode);
	V(st.st_size);
	R(stat("none", &st));
	R(stat("", &st));
	R(fstatat(fd, "", &st, AT_EMPTY_PATH));
	R(fstatat(fd, "x", &st, 0));
	R(fstatat(AT_FDCWD, "f", &st, 0x80));
	R(stat("f", BAD));
	R(fstat(99, &st));
	R(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS, &sx));
	V(sx.stx_mask & STATX_BASIC_STATS);
	V(sx.stx_size);
	R(statx(AT_FDCWD, "f", 0x80, STATX_ALL, &sx));
	R(statx(AT_FDCWD, "f", 0, 1U << 31, &sx));
	R(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_ALL, &sx));
	R(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &sx));
	R(statx(fd, "", 0, STATX_ALL, &sx));
	R(faccessat(AT_FDCWD, "f", R_OK, AT_EACCESS));
	R(SC(faccessat2, AT_FDCWD, "f", R_OK, 0x80));
	R(SC(faccessat2, AT_FDCWD, "f", 8, 0));
	R(SC(faccessat2, fd, "", R_OK, AT_EMPTY_PATH));
	R(access("f", X_OK));
	R(access("f/", F_OK));
}

static void c_attributes(void)
{
	struct timespec ts[2] = { { 5, 6 }, { 7, 8 } };
	struct stat st;
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	R(chmod("f", 0100640));
	stat("f", &st);
	V(st.st_mode);
	R(chmod("f", 06755));
	stat("f", &st);
	V(st.st_mode);
	R(write(fd, "x", 1));
	stat("f", &st);
	V(st.st_mode);
	R(chmod("none", 0));
	R(chmod("/", 0));
	R(fchmod(99, 0));
	R(chown("f", 0, -1));
	R(chown("f", -1, -1));
	R(chown("/", -1, -1));
	R(fchownat(AT_FDCWD, "f", -1, -1, 0x80));
	R(utimensat(AT_FDCWD, "f", ts, 0));
	stat("f", &st);
	V(st.st_atim.tv_sec);
	V(st.st_mtim.tv_nsec);
	ts[0].tv_nsec = UTIME_OMIT;
	ts[1].tv_sec = 99;
	ts[1].tv_nsec = 1000000000;
	R(utimensat(AT_FDCWD, "f", ts, 0));
	ts[1].tv_nsec = 9;
	R(utimensat(AT_FDCWD, "f", ts, 0));
	stat("f", &st);
	V(st.st_atim.tv_sec);
	V(st.st_mtim.tv_sec);
	R(utimensat(AT_FDCWD, "none", ts, 0));
	ts[1].tv_nsec = UTIME_OMIT;
	R(utimensat(AT_FDCWD, "none", ts, 0));
	R(utimensat(AT_FDCWD, "f", NULL, 0x80));
	R(SC(utimensat, fd, NULL, NULL, 0));
	R(SC(utimensat, fd, NULL, NULL, AT_SYMLINK_NOFOLLOW));
	R(SC(utimensat, AT_FDCWD, NULL, NULL, 0));
	R(utimensat(AT_FDCWD, "/", NULL, 0));
	R(SC(futimesat, AT_FDCWD, "f", (long[]){ 1, 2, 3, 4 }));
	stat("f", &st);
	V(st.st_mtim.tv_nsec);
	R(SC(futimesat, AT_FDCWD, "f", (long[]){ 1, 2000000, 3, 4 }));
	R(SC(utimes, "none", NULL));
	R(SC(utime, "f", (long[]){ 11, 12 }));
	R(SC(utime, "f", BAD));
	SC(sync);
	R(SC(fchmodat, AT_FDCWD, "f", 0600));
}

static void c_locks(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	int ro = open("f", O_RDONLY);
	int other = open("f", O_RDWR);

	R(fcntl(fd, F_SETLK, &fl));
	R(fcntl(ro, F_SETLK, &fl));
	fl.l_start = -1;
	R(fcntl(fd, F_SETLK, &fl));
	fl.l_start = 0;
	fl.l_whence = 7;
	R(fcntl(fd, F_SETLK, &fl));
	fl.l_whence = SEEK_SET;
	fl.l_type = 9;
	R(fcntl(fd, F_SETLK, &fl));
	fl.l_type = F_WRLCK;
	fl.l_start = 10;
	fl.l_len = -20;
	R(fcntl(fd, F_SETLK, &fl));
	fl.l_start = 0x7fffffffffffffff;
	fl.l_len = 2;
	R(fcntl(fd, F_SETLK, &fl));
	fl.l_start = 0;
	fl.l_len = 10;
	R(fcntl(other, F_OFD_SETLK, &fl));
	R(fcntl(other, F_OFD_GETLK, &fl));
	V(fl.l_type);
	fl.l_pid = 1;
	R(fcntl(other, F_OFD_SETLK, &fl));
	R(fcntl(fd, F_SETLK, BAD));
	R(fcntl(99, F_SETLK, &fl));
	R(flock(fd, LOCK_EX));
	R(flock(other, LOCK_EX | LOCK_NB));
	R(flock(other, LOCK_SH | LOCK_NB));
	R(flock(fd, LOCK_SH));
	R(flock(other, LOCK_SH | LOCK_NB));
	R(flock(fd, LOCK_EX | LOCK_NB));
	R(flock(fd, 0));
	R(flock(fd, LOCK_SH | LOCK_EX));
	R(flock(99, LOCK_SH));
	R(flock(fd, LOCK_UN));
}

static void c_copy(void)
{
	int in = open("in", O_RDWR | O_CREAT, 0644);
	int out = open("out", O_RDWR | O_CREAT, 0644);
	int ap = open("out", O_RDWR | O_APPEND);
	int dir = open(".", O_RDONLY);
	long at = 3;
	int p[2];

	pipe(p);
	write(in, "0123456789", 10);
	lseek(in, 0, SEEK_SET);
	R(SC(sendfile, out, in, NULL, 4));
	R(SC(sendfile, out, in, &at, 100));
	V(at);
	R(SC(sendfile, ap, in, NULL, 4));
	R(SC(sendfile, p[1], in, NULL, 4));
	R(SC(sendfile, out, p[0], NULL, 4));
	R(SC(sendfile, in, 99, NULL, 4));
	R(SC(sendfile, p[0], in, NULL, 4));
	at = -1;
	R(SC(sendfile, out, in, &at, 4));
	at = 2;
	R(SC(copy_file_range, in, &at, out, NULL, 100, 0));
	V(at);
	R(SC(copy_file_range, in, NULL, out, NULL, 1, 1));
	R(SC(copy_file_range, in, NULL, ap, NULL, 1, 0));
	R(SC(copy_file_range, in, NULL, dir, NULL, 1, 0));
	R(SC(copy_file_range, dir, NULL, out, NULL, 1, 0));
	R(SC(copy_file_range, p[0], NULL, out, NULL, 1, 0));
	at = 0;
	R(SC(copy_file_range, in, &at, in, NULL, 100, 0));
	V(lseek(out, 0, SEEK_END));
}

static void c_limits(void)
{
	char text[20] = "0123456789abcdef";
	int fd = open("f", O_RDWR | O_CREAT, 0644);

	R(SC(prlimit64, 0, 1, (unsigned long[]){ 8, 8 }, NULL));
	R(SC(rt_sigprocmask, 0, (unsigned long[]){ 1UL << 24 }, NULL, 8));
	R(write(fd, text, 16));
	R(write(fd, text, 16));
	R(ftruncate(fd, 9));
	R(pwrite(fd, text, 1, 20));
	R(fallocate(fd, 0, 0, 20));
	R(SC(prlimit64, 0, 1, (unsigned long[]){ 9, 9 }, NULL));
	R(SC(prlimit64, 0, 99, NULL, NULL));
	R(SC(prlimit64, 0, 7, (unsigned long[]){ 10, 5 }, NULL));
}

static const struct diff_case cases[] = {
	{ "open", c_open },
	{ "open long names", c_open_long },
	{ "open denied", c_open_denied },
	{ "openat2", c_openat2 },
	{ "read, write", c_read_write },
	{ "vectors", c_vectors },
	{ "seek", c_seek },
	{ "sizes", c_sizes },
	{ "stat", c_stat },
	{ "attributes", c_attributes },
	{ "locks", c_locks },
	{ "copy", c_copy },
	{ "file limits", c_limits },
};
DIFF_TABLE(files_table, cases);
