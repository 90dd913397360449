/*
 * Everything else: names, random numbers, users and groups, memory devices,
 * prctl, system calls that do not exist.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#include <linux/fs.h>
#include <linux/random.h>

#include "libmem.h"

#define USER 1000

/* ---- the system --------------------------------------------------------- */

static void names_of_the_system(void)
{
	struct utsname un;

	memset(&un, 0xff, sizeof(un));
	CHECK_OK(uname(&un));
	CHECK_STR(un.sysname, "Linux");
	CHECK_STR(un.machine, "x86_64");
	CHECK(strlen(un.nodename) > 0 && strlen(un.nodename) < 65);
	/* glibc refuses to run on what calls itself older than 3.2. */
	CHECK(un.release[0] >= '3' && un.release[0] <= '9');
	CHECK(strlen(un.version) > 0);
	CHECK_ERR(uname(test_bad_pointer), EFAULT);
}

static void try_hostname(void)
{
	CHECK_ERR(sethostname("intruder", 8), EPERM);
}

static void hostname_needs_root(void)
{
	test_as_user(try_hostname);
}

static void system_info(void)
{
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	CHECK_OK(sysinfo(&info));
	CHECK(info.mem_unit > 0);
	CHECK(info.totalram > 0);
	CHECK(info.freeram <= info.totalram);
	CHECK(info.procs >= 1);
	CHECK(info.uptime >= 0);
	CHECK_ERR(sysinfo(test_bad_pointer), EFAULT);
}

static void unknown_calls(void)
{
	CHECK_EQ(sys0(1000), -ENOSYS);
	CHECK_EQ(sys0(511), -ENOSYS);
	CHECK_EQ(sys0(-1), -ENOSYS);
	CHECK_EQ(sys0(0x7fffffff), -ENOSYS);
	/* The upper half of rax is not looked at. */
	CHECK_EQ(sys0((1L << 32) + __NR_getpid), getpid());
}

static void calls_keep_registers(void)
{
	unsigned long rbx = 1, rdx = 2, r8 = 3;
	register unsigned long r10 __asm__("r10") = 4;
	register unsigned long r12 __asm__("r12") = 5;
	unsigned long rdi = 6;
	unsigned long rsi = 7;
	long ret = __NR_getppid;

	__asm__ volatile("movq %[r8], %%r8\n\t"
			 "syscall\n\t"
			 "movq %%r8, %[r8]"
			 : "+a"(ret), "+b"(rbx), "+d"(rdx), "+D"(rdi),
			   "+S"(rsi), [r8] "+m"(r8), "+r"(r10), "+r"(r12)
			 :
			 : "rcx", "r8", "r11", "memory");
	CHECK_EQ(ret, getppid());
	CHECK_EQ(rbx, 1);
	CHECK_EQ(rdx, 2);
	CHECK_EQ(r8, 3);
	CHECK_EQ(r10, 4);
	CHECK_EQ(r12, 5);
	CHECK_EQ(rdi, 6);
	CHECK_EQ(rsi, 7);
}

static void calls_return_address_and_flags(void)
{
	unsigned long rcx;
	unsigned long r11;
	unsigned long here;
	long ret = __NR_getppid;

	__asm__ volatile("leaq 1f(%%rip), %2\n\t"
			 "stc\n\t"
			 "syscall\n"
			 "1:\tmovq %%r11, %3"
			 : "+a"(ret), "=&c"(rcx), "=&r"(here), "=&r"(r11)
			 :
			 : "r11", "memory", "cc");
	/* What the instruction itself leaves: SDM volume 2, SYSCALL. */
	CHECK_EQ(rcx, here);
	CHECK_EQ(r11 & 1, 1);
	CHECK_EQ(r11 & 0x200, 0x200);
}

/* ---- random numbers ----------------------------------------------------- */

static void random_numbers(void)
{
	static unsigned char a[5000];
	static unsigned char b[5000];
	unsigned int i;
	int zeros = 0;

	CHECK_EQ(getrandom(a, 16, 0), 16);
	CHECK_EQ(getrandom(b, 16, GRND_NONBLOCK), 16);
	CHECK(memcmp(a, b, 16) != 0);
	CHECK_EQ(getrandom(a, sizeof(a), 0), sizeof(a));
	for (i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	/* About twenty are due. */
	CHECK(zeros < 100);
	CHECK_EQ(getrandom(a, 0, 0), 0);
	CHECK_ERR(getrandom(a, 16, 0x100), EINVAL);
	CHECK_ERR(getrandom(test_bad_pointer, 16, 0), EFAULT);
}

static void random_differs_after_fork(void)
{
	unsigned long mine = 0;
	unsigned long other = 0;
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		CHECK_EQ(getrandom(&mine, sizeof(mine), 0), sizeof(mine));
		CHECK_EQ(write(fds[1], &mine, sizeof(mine)), sizeof(mine));
		_exit(0);
	}
	CHECK_EQ(getrandom(&mine, sizeof(mine), 0), sizeof(mine));
	test_read_all(fds[0], &other, sizeof(other));
	CHECK(mine != other);
	test_wait_ok(pid);
}

/* ---- memory devices ----------------------------------------------------- */

static void device_null(void)
{
	char buf[8];
	int fd = (int)CHECK_OK(open("/dev/null", O_RDWR));

	CHECK_EQ(read(fd, buf, sizeof(buf)), 0);
	CHECK_EQ(write(fd, buf, sizeof(buf)), sizeof(buf));
	CHECK_EQ(lseek(fd, 100, SEEK_SET), 0);
	CHECK_OK(close((int)CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC))));
}

static void device_zero(void)
{
	static char block[70000];
	int fd = (int)CHECK_OK(open("/dev/zero", O_RDWR));

	memset(block, 1, sizeof(block));
	CHECK_EQ(read(fd, block, sizeof(block)), sizeof(block));
	CHECK(mem_all(block, 0, sizeof(block)));
	CHECK_EQ(write(fd, block, 100), 100);
}

static void device_full(void)
{
	char buf[8];
	int fd = (int)CHECK_OK(open("/dev/full", O_RDWR));

	CHECK_EQ(read(fd, buf, sizeof(buf)), sizeof(buf));
	CHECK(mem_all(buf, 0, sizeof(buf)));
	CHECK_ERR(write(fd, buf, sizeof(buf)), ENOSPC);
}

static void device_random(void)
{
	char a[16];
	char b[16];
	int fd = (int)CHECK_OK(open("/dev/urandom", O_RDONLY));

	CHECK_EQ(read(fd, a, sizeof(a)), sizeof(a));
	CHECK_EQ(read(fd, b, sizeof(b)), sizeof(b));
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	fd = (int)CHECK_OK(open("/dev/random", O_RDONLY));
	CHECK_EQ(read(fd, b, sizeof(b)), sizeof(b));
}

static void entropy(void)
{
	int fd = (int)CHECK_OK(open("/dev/urandom", O_RDWR)), add[3] = { 8, 1, 7 }, bits;

	CHECK_OK(ioctl(fd, RNDGETENTCNT, &bits));
	CHECK(bits > 0);
	CHECK_ERR(ioctl(fd, RNDGETENTCNT, test_bad_pointer), EFAULT);
	CHECK_ERR(ioctl(fd, 0x5299, &bits), EINVAL);
	if (getuid()) {
		CHECK_ERR(ioctl(fd, RNDADDENTROPY, add), EPERM);
	} else {
		CHECK_OK(ioctl(fd, RNDADDENTROPY, add));
		add[0] = -1;
		CHECK_ERR(ioctl(fd, RNDADDENTROPY, add), EINVAL);
	}
}

static void device_entropy(void)
{
	entropy();
	test_as_user(entropy);
}

/* Blocks are never shared here: cp --reflink=auto copies. */
static void clone_of_files(void)
{
	int from, to;

	test_scratch();
	test_make_file("from", "x");
	from = (int)CHECK_OK(open("from", O_RDONLY));
	to = (int)CHECK_OK(open("to", O_CREAT | O_RDWR, 0644));
	CHECK_ERR(ioctl(to, FICLONE, 1000), EBADF);
	CHECK_ERR(ioctl(from, FICLONE, to), EBADF);
	CHECK_ERR(ioctl(to, FICLONERANGE, test_bad_pointer), EFAULT);
	if (ioctl(to, FICLONE, from) < 0)
		CHECK(errno == EOPNOTSUPP);
}

static void device_descriptors(void)
{
	char byte;
	char path[32];
	int fds[2];
	int fd;

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], "x", 1), 1);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	fd = open(path, O_RDONLY);
	if (fd < 0 && errno == ENOENT)
		test_skip("no /dev/fd");
	CHECK_OK(fd);
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'x');
}

/* ---- users and groups --------------------------------------------------- */

static void ids_as_started(void)
{
	CHECK_EQ(getuid(), geteuid());
	CHECK_EQ(getgid(), getegid());
}

static void check_uids(uid_t real, uid_t effective, uid_t saved)
{
	uid_t ids[3];

	CHECK_OK(SYS(getresuid, &ids[0], &ids[1], &ids[2]));
	CHECK_EQ(ids[0], real);
	CHECK_EQ(ids[1], effective);
	CHECK_EQ(ids[2], saved);
	CHECK_EQ(getuid(), real);
	CHECK_EQ(geteuid(), effective);
}

static void root_becomes_user_and_back(void)
{
	test_need_root();
	CHECK_OK(setresuid((uid_t)-1, USER, (uid_t)-1));
	check_uids(0, USER, 0);
	CHECK_ERR(setresuid(5, (uid_t)-1, (uid_t)-1), EPERM);
	CHECK_OK(setresuid((uid_t)-1, 0, (uid_t)-1));
	check_uids(0, 0, 0);
	CHECK_OK(SYS(setreuid, USER, USER + 1));
	check_uids(USER, USER + 1, USER + 1);
}

static void root_becomes_user_for_good(void)
{
	test_need_root();
	CHECK_OK(setgid(USER));
	CHECK_OK(setuid(USER));
	check_uids(USER, USER, USER);
	CHECK_ERR(setuid(0), EPERM);
	CHECK_ERR(setgid(0), EPERM);
	CHECK_ERR(setresuid(0, 0, 0), EPERM);
	CHECK_ERR(setgroups(0, NULL), EPERM);
	CHECK_OK(setuid(USER));
}

static void saved_id_comes_back(void)
{
	test_need_root();
	CHECK_OK(setresuid(USER, USER, USER + 1));
	CHECK_OK(setuid(USER + 1));
	check_uids(USER, USER + 1, USER + 1);
	CHECK_OK(setuid(USER));
	check_uids(USER, USER, USER + 1);
	CHECK_ERR(setuid(USER + 2), EPERM);
}

static void groups_of_gids(void)
{
	gid_t ids[3];

	test_need_root();
	CHECK_OK(setresgid(1, 2, 3));
	CHECK_OK(SYS(getresgid, &ids[0], &ids[1], &ids[2]));
	CHECK_EQ(ids[0], 1);
	CHECK_EQ(ids[1], 2);
	CHECK_EQ(ids[2], 3);
	CHECK_EQ(getgid(), 1);
	CHECK_EQ(getegid(), 2);
}

static void supplementary_groups(void)
{
	static const gid_t wanted[] = { 10, 20, 30 };
	gid_t got[8];

	test_need_root();
	CHECK_OK(setgroups(3, wanted));
	CHECK_EQ(getgroups(0, NULL), 3);
	CHECK_EQ(getgroups(8, got), 3);
	CHECK_EQ(got[0] + got[1] + got[2], 60);
	CHECK_ERR(getgroups(2, got), EINVAL);
	CHECK_ERR(getgroups(-1, got), EINVAL);
	CHECK_ERR(setgroups(100000, wanted), EINVAL);
	CHECK_OK(setgroups(0, NULL));
	CHECK_EQ(getgroups(8, got), 0);
}

/* As many as there can be; a child has them too, whatever its parent does. */
static void many_groups(void)
{
	static gid_t wanted[65536], got[65536];
	pid_t pid;

	test_need_root();
	for (unsigned i = 0; i < 65536; i++)
		wanted[i] = 3 * (65535 - i);
	CHECK_OK(setgroups(65536, wanted));
	pid = test_fork();
	if (!pid) {
		sleep_ms(20);
		CHECK_EQ(getgroups(65536, got), 65536);
		for (unsigned i = 0; i < 65536; i++)
			CHECK_EQ(got[i], 3 * i); /* in order */
		_exit(0);
	}
	CHECK_ERR(setgroups(3, test_bad_pointer), EFAULT);
	CHECK_EQ(getgroups(0, NULL), 65536);
	CHECK_OK(setgroups(1, wanted));
	CHECK_EQ(getgroups(1, got), 1);
	CHECK_EQ(got[0], wanted[0]);
	test_wait_ok(pid);
}

static void ids_are_inherited(void)
{
	pid_t pid;

	test_need_root();
	CHECK_OK(setresuid(USER, USER, 0));
	pid = test_fork();
	if (pid == 0) {
		check_uids(USER, USER, 0);
		_exit(0);
	}
	test_wait_ok(pid);
}

/* ---- prctl and small calls ---------------------------------------------- */

static void name_of_the_process(void)
{
	char name[17] = { 0 };

	CHECK_OK(prctl(PR_SET_NAME, (unsigned long)"short", 0, 0, 0));
	CHECK_OK(prctl(PR_GET_NAME, (unsigned long)name, 0, 0, 0));
	CHECK_STR(name, "short");
	CHECK_OK(prctl(PR_SET_NAME, (unsigned long)"more than fifteen", 0, 0, 0));
	CHECK_OK(prctl(PR_GET_NAME, (unsigned long)name, 0, 0, 0));
	CHECK_STR(name, "more than fifte");
}

static int role_name(int argc, char **argv)
{
	char name[17] = { 0 };
	const char *base = strrchr(test_program(), '/') + 1;

	(void)argc;
	(void)argv;
	CHECK_OK(prctl(PR_GET_NAME, (unsigned long)name, 0, 0, 0));
	CHECK_EQ(strncmp(name, base, 15), 0);
	return 0;
}

static void name_after_exec(void)
{
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(prctl(PR_SET_NAME, (unsigned long)"before", 0, 0, 0));
		test_exec("name", NULL);
	}
	test_wait_ok(pid);
}

static void prctl_errors(void)
{
	CHECK_ERR(prctl(99999, 0, 0, 0, 0), EINVAL);
	CHECK_ERR(prctl(PR_GET_NAME, (unsigned long)test_bad_pointer, 0, 0, 0),
		  EFAULT);
	CHECK_ERR(prctl(PR_SET_PDEATHSIG, 99, 0, 0, 0), EINVAL);
}

static void no_new_privileges(void)
{
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) < 0)
		test_skip("no PR_GET_NO_NEW_PRIVS");
	CHECK_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
	CHECK_ERR(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
}

static void processor_number(void)
{
	unsigned int cpu = 999;
	unsigned int node = 999;

	if (SYS(getcpu, &cpu, &node, NULL) < 0 && errno == ENOSYS)
		test_skip("no getcpu");
	CHECK(cpu < 999);
	CHECK(node < 999);
}

static void processor_mask(void)
{
	unsigned long mask[16] = { 0 };
	long len = SYS(sched_getaffinity, 0, sizeof(mask), mask);
	unsigned long any = 0;
	size_t i;

	if (len < 0 && errno == ENOSYS)
		test_skip("no sched_getaffinity");
	CHECK(len > 0 && len % 8 == 0);
	for (i = 0; i < ARRAY_SIZE(mask); i++)
		any |= mask[i];
	CHECK(any != 0);
}

static const struct test_role roles[] = {
	{ "name", role_name },
};

static const struct test_case cases[] = {
	{ "uname", names_of_the_system },
	{ "sethostname needs root", hostname_needs_root },
	{ "sysinfo", system_info },
	{ "unknown system calls", unknown_calls },
	{ "system calls keep registers", calls_keep_registers },
	{ "system calls leave rcx and r11", calls_return_address_and_flags },
	{ "getrandom", random_numbers },
	{ "getrandom: differs after fork", random_differs_after_fork },
	{ "/dev/null", device_null },
	{ "/dev/zero", device_zero },
	{ "/dev/full", device_full },
	{ "/dev/random and /dev/urandom", device_random },
	{ "/dev/random: entropy", device_entropy },
	{ "ioctl: FICLONE", clone_of_files },
	{ "/dev/fd", device_descriptors },
	{ "ids: as started", ids_as_started },
	{ "ids: root becomes user and back", root_becomes_user_and_back },
	{ "ids: for good", root_becomes_user_for_good },
	{ "ids: the saved id", saved_id_comes_back },
	{ "ids: groups", groups_of_gids },
	{ "ids: supplementary groups", supplementary_groups },
	{ "ids: many supplementary groups", many_groups },
	{ "ids: inherited", ids_are_inherited },
	{ "prctl: name", name_of_the_process },
	{ "prctl: name after exec", name_after_exec },
	{ "prctl: errors", prctl_errors },
	{ "prctl: no new privileges", no_new_privileges },
	{ "getcpu", processor_number },
	{ "sched_getaffinity", processor_mask },
};

TEST_MAIN_ROLES(cases, roles)
