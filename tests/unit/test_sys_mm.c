/* System calls about memory: arguments, rights, files. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "fs_fixture.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"

#define KIB4 4096UL
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

#define CALL(name, ...) sys_##name((const u64[6]){ __VA_ARGS__ })

static uaddr_t user; /* some memory of the program */
static struct fs_use before;

static s64 map(uaddr_t addr, u64 len, int prot, int flags, int fd, u64 offset)
{
	return CALL(mmap, addr, len, (u64)prot, (u64)flags, (u64)fd, offset);
}

static int open_data(u32 flags)
{
	return fd_install(fs_open("/data", flags), 0, false);
}

static u64 read_word(uaddr_t addr)
{
	u64 value;

	ck_assert_int_eq(get_user(value, addr), 0);
	return value;
}

static int write_byte(uaddr_t addr, char c)
{
	return copy_to_user(addr, &c, 1);
}

/* What stays for good, such as the descriptor table's first page. */
static void warm_up(void)
{
	s64 at;
	int fd = open_data(O_RDWR);

	at = map(0, KIB4, RW, MAP_SHARED, fd, 0);
	ck_assert_int_eq(write_byte((u64)at, 'h'), 0);
	CALL(munmap, (u64)at, KIB4);
	fd_close(fd);
}

static void setup(void)
{
	fs_boot(0);
	user = fs_user_memory(4 * KIB4);
	for (int i = 0; i < RLIM_NLIMITS_; i++)
		current_process()->rlim[i] =
			(struct rlimit64_pair){ RLIM_INFINITY, RLIM_INFINITY };
	fs_file("/data", "hello");
	warm_up();
	before = fs_use_now();
}

START_TEST(test_mmap_arguments)
{
	ck_assert_int_eq(map(0, KIB4, RW, ANON, -1, 1), -EINVAL);
	ck_assert_int_eq(map(0, KIB4, RW, MAP_PRIVATE, -1, 0), -EBADF);
	ck_assert_int_eq(map(0, 0, RW, MAP_PRIVATE, -1, 0), -EBADF);
	ck_assert_int_eq(map(0, 0, RW, ANON, -1, 0), -EINVAL);
	ck_assert_int_eq(map(0, UINT64_MAX, RW, ANON, -1, 0), -ENOMEM);
	ck_assert_int_eq(map(0, KIB4, RW, MAP_ANONYMOUS, -1, 0), -EINVAL);
	ck_assert_int_eq(
		map(0, KIB4, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1, 0),
		-EINVAL);
	ck_assert_int_eq(map(0, KIB4, RW, ANON | MAP_HUGETLB, -1, 0), -ENOMEM);
	ck_assert_int_eq(map(0, KIB4, RW,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0),
			 -EINVAL);
	ck_assert_int_eq(map(1, KIB4, RW, ANON | MAP_FIXED, -1, 0), -EINVAL);
	ck_assert_int_eq(map(0x70000000, KIB4, RW, ANON | MAP_FIXED, -1, 0),
			 -ENOMEM);
	ck_assert_int_gt(map(0x70000000, KIB4, RW, ANON, -1, 0), 0);
	ck_assert_int_gt(map(0, KIB4, RW, ANON | MAP_32BIT, -1, 0x7000), 0);
}
END_TEST

START_TEST(test_mmap_rights)
{
	int ro = open_data(O_RDONLY), wo = open_data(O_WRONLY),
	    rw = open_data(O_RDWR);
	int dir = fd_install(fs_open("/", O_RDONLY | O_DIRECTORY), 0, false);
	int path = open_data(O_PATH);
	s64 at;

	ck_assert_int_eq(map(0, KIB4, RW, MAP_SHARED, ro, 0), -EACCES);
	ck_assert_int_eq(map(0, KIB4, PROT_READ, MAP_PRIVATE, wo, 0), -EACCES);
	ck_assert_int_eq(map(0, KIB4, PROT_WRITE, MAP_SHARED, wo, 0), -EACCES);
	ck_assert_int_eq(map(0, KIB4, PROT_READ, MAP_PRIVATE, dir, 0), -ENODEV);
	ck_assert_int_eq(map(0, KIB4, PROT_READ, MAP_PRIVATE, path, 0), -EBADF);
	ck_assert_int_eq(map(0, KIB4, RW, 0, rw, 0), -EINVAL);
	ck_assert_int_eq(map(0, KIB4, RW, MAP_SHARED_VALIDATE | MAP_SYNC, rw, 0),
			 -EOPNOTSUPP);
	ck_assert_int_eq(map(0, 2 * KIB4, RW, MAP_SHARED, rw, ~0UL << 12),
			 -EOVERFLOW);
	at = map(0, KIB4, PROT_READ, MAP_SHARED, ro, 0);
	ck_assert_int_gt(at, 0);
	ck_assert_int_eq(CALL(mprotect, (u64)at, KIB4, RW), -EACCES);
	ck_assert_int_eq(CALL(munmap, (u64)at, KIB4), 0);
	at = map(0, KIB4, PROT_READ, MAP_PRIVATE, ro, 0);
	ck_assert_int_eq(CALL(mprotect, (u64)at, KIB4, RW), 0);
	ck_assert_int_eq(write_byte((u64)at, 'J'), 0);
	ck_assert_str_eq(fs_text("/data"), "hello");
	ck_assert_int_eq(CALL(munmap, (u64)at, KIB4), 0);
	for (int fd = 0; fd <= path; fd++)
		ck_assert_int_eq(fd_close(fd), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_shared_file)
{
	int fd = open_data(O_RDWR);
	uaddr_t at = (uaddr_t)map(0x20000000, 2 * KIB4, RW, MAP_SHARED, fd, 0);

	fd_close(fd); /* the mapping keeps the file */
	ck_assert_int_eq(write_byte(at, 'J'), 0);
	ck_assert_str_eq(fs_text("/data"), "Jello");
	ck_assert_int_eq(write_byte(at + KIB4, 'x'), -EFAULT); /* behind the end */
	ck_assert_int_eq(CALL(msync, at, 2 * KIB4, MS_SYNC), 0);
	ck_assert_int_eq(CALL(msync, at, 3 * KIB4, MS_SYNC), -ENOMEM);
	ck_assert_int_eq(CALL(msync, at, KIB4, MS_SYNC | MS_ASYNC), -EINVAL);
	ck_assert_int_eq(CALL(msync, at, KIB4, 64), -EINVAL);
	ck_assert_int_eq(CALL(msync, at + 1, KIB4, MS_ASYNC), -EINVAL);
	ck_assert_int_eq(CALL(munmap, at, 2 * KIB4), 0);
	fs_check_use(&before);
}
END_TEST

START_TEST(test_noexec)
{
	struct file *f = fs_open("/data", O_RDONLY);
	int fd = fd_install(f, 0, false);
	s64 at;

	f->mnt->flags |= MS_NOEXEC;
	ck_assert_int_eq(map(0, KIB4, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0),
			 -EPERM);
	at = map(0, KIB4, PROT_READ, MAP_PRIVATE, fd, 0);
	ck_assert_int_eq(CALL(mprotect, (u64)at, KIB4, PROT_EXEC), -EACCES);
	CALL(munmap, (u64)at, KIB4);
}
END_TEST

START_TEST(test_mprotect)
{
	ck_assert_int_eq(CALL(mprotect, user + 1, KIB4, PROT_READ), -EINVAL);
	ck_assert_int_eq(CALL(mprotect, user, 0, PROT_READ), 0);
	ck_assert_int_eq(CALL(mprotect, user, UINT64_MAX, PROT_READ), -ENOMEM);
	ck_assert_int_eq(CALL(mprotect, user, KIB4, 0x100), -EINVAL);
	ck_assert_int_eq(CALL(mprotect, user, KIB4, PROT_READ | PROT_GROWSDOWN),
			 -EINVAL);
	ck_assert_int_eq(CALL(mprotect, user, KIB4,
			      PROT_READ | PROT_GROWSDOWN | PROT_GROWSUP),
			 -EINVAL);
	ck_assert_int_eq(CALL(mprotect, user, KIB4, PROT_READ), 0);
	ck_assert_int_eq(write_byte(user, 'x'), -EFAULT);
	ck_assert_int_eq(write_byte(user + KIB4, 'x'), 0);
}
END_TEST

START_TEST(test_mincore)
{
	u64 word;
	uaddr_t at = (uaddr_t)map(0x20000000, 40 * KIB4, RW, ANON, -1, 0);

	write_byte(user, 0);
	ck_assert_int_eq(write_byte(at + 20 * KIB4, 1), 0); /* and 16 around it */
	ck_assert_int_eq(CALL(mincore, at, 40 * KIB4, user), 0);
	word = read_word(user + 16);
	ck_assert_uint_eq(word, 0x0101010101010101);
	ck_assert_uint_eq(read_word(user), 0);
	ck_assert_int_eq(CALL(mincore, at + 1, KIB4, user), -EINVAL);
	ck_assert_int_eq(CALL(mincore, at, 41 * KIB4, user), -ENOMEM);
	ck_assert_int_eq(CALL(mincore, at, 40 * KIB4, 0), -EFAULT);
	ck_assert_int_eq(CALL(mincore, at, UINT64_MAX, user), -ENOMEM);
	ck_assert_int_eq(CALL(mincore, 0, KIB4, user), -ENOMEM);
}
END_TEST

START_TEST(test_mlock)
{
	struct mm *mm = current_task()->mm;

	ck_assert_int_eq(CALL(mlock, user + 5, KIB4), 0); /* two pages */
	ck_assert_uint_eq(mm->locked_pages, 2);
	ck_assert_int_eq(CALL(munlock, user, KIB4), 0);
	ck_assert_uint_eq(mm->locked_pages, 1);
	ck_assert_int_eq(CALL(mlock, user, 100 * KIB4), -ENOMEM);
	ck_assert_int_eq(CALL(mlock2, user, KIB4, 7), -EINVAL);
	ck_assert_int_eq(CALL(mlock2, user, KIB4, MLOCK_ONFAULT), 0);
	ck_assert_int_eq(CALL(mlockall, 0), -EINVAL);
	ck_assert_int_eq(CALL(mlockall, MCL_ONFAULT), -EINVAL);
	ck_assert_int_eq(CALL(mlockall, MCL_CURRENT | MCL_FUTURE), 0);
	ck_assert_int_gt(map(0, KIB4, RW, ANON, -1, 0), 0);
	ck_assert_uint_eq(mm->locked_pages, mm->total_pages);
	ck_assert_int_eq(CALL(munlockall), 0);
	ck_assert_uint_eq(mm->locked_pages, 0);
	fs_become_user();
	current_process()->rlim[RLIMIT_MEMLOCK].cur = 2 * KIB4;
	ck_assert_int_eq(CALL(mlock, user, 3 * KIB4), -ENOMEM);
	ck_assert_int_eq(map(0, 3 * KIB4, RW, ANON | MAP_LOCKED, -1, 0), -EAGAIN);
	ck_assert_int_eq(CALL(mlockall, MCL_CURRENT), -ENOMEM);
	current_process()->rlim[RLIMIT_MEMLOCK].cur = 0;
	ck_assert_int_eq(CALL(mlock, user, KIB4), -EPERM);
	ck_assert_int_eq(CALL(mlockall, MCL_CURRENT), -EPERM);
	ck_assert_int_eq(map(0, KIB4, RW, ANON | MAP_LOCKED, -1, 0), -EPERM);
}
END_TEST

START_TEST(test_limits)
{
	struct mm *mm = current_task()->mm;

	current_process()->rlim[RLIMIT_AS].cur = (mm->total_pages + 10) * KIB4;
	ck_assert_int_eq(map(0, 11 * KIB4, RW, ANON, -1, 0), -ENOMEM);
	ck_assert_int_gt(map(0, 10 * KIB4, RW, ANON, -1, 0), 0);
	current_process()->rlim[RLIMIT_AS].cur = RLIM_INFINITY;
	current_process()->rlim[RLIMIT_DATA].cur = mm->data_pages * KIB4;
	ck_assert_int_eq(map(0, KIB4, RW, ANON, -1, 0), -ENOMEM);
	ck_assert_int_gt(map(0, KIB4, PROT_READ, ANON, -1, 0), 0);
}
END_TEST

Suite *sys_mm_suite(void);
Suite *sys_mm_suite(void)
{
	Suite *s = suite_create("sys_mm");
	TCase *tc = tcase_create("sys_mm");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_mmap_arguments);
	tcase_add_test(tc, test_mmap_rights);
	tcase_add_test(tc, test_shared_file);
	tcase_add_test(tc, test_noexec);
	tcase_add_test(tc, test_mprotect);
	tcase_add_test(tc, test_mincore);
	tcase_add_test(tc, test_mlock);
	tcase_add_test(tc, test_limits);
	suite_add_tcase(s, tc);
	return s;
}
