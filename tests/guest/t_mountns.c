/*
 * Mount name spaces: unshare(2) and clone(2) with CLONE_NEWNS, pivot_root(2) inside.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/sched.h>

static char text[16384];

static int is_mounted(const char *file, const char *what)
{
	test_read_file(file, text, sizeof(text));
	return strstr(text, what) != NULL;
}

static void mount_inside(void)
{
	char path[64];

	CHECK_OK(SYS(unshare, CLONE_NEWNS));
	CHECK_OK(SYS(mount, "inside", "d", "tmpfs", 0, NULL));
	test_make_file("d/f", "x");
	CHECK(is_mounted("/proc/self/mounts", "inside"));
	CHECK(is_mounted("/proc/self/mountinfo", "inside"));
	/* the working directory came along */
	CHECK_OK(access("d/f", F_OK));
	snprintf(path, sizeof(path), "/proc/%d/mounts", getppid());
	CHECK(!is_mounted(path, "inside"));
}

static void unshared(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	test_child(mount_inside);
	CHECK_ERR(access("d/f", F_OK), ENOENT);
	CHECK(!is_mounted("/proc/self/mounts", "inside"));
	CHECK_OK(rmdir("d"));
}

static void cloned(void)
{
	pid_t pid;

	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(SYS(mount, "outside", "d", "tmpfs", 0, NULL));
	test_make_file("d/f", "x");
	pid = (pid_t)CHECK_OK(SYS(clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		CHECK_OK(access("d/f", F_OK)); /* copied */
		CHECK_OK(SYS(umount2, "d", 0));
		CHECK_ERR(access("d/f", F_OK), ENOENT);
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_OK(access("d/f", F_OK));
	CHECK_OK(SYS(umount2, "d", 0));
}

/* A name space that goes while somebody has a file in it open. */
static void outlived_by_a_file(void)
{
	char byte;
	int fds[2], fd;
	pid_t pid;

	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(pipe(fds));
	pid = (pid_t)CHECK_OK(SYS(clone, CLONE_NEWNS | CLONE_FILES | SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		CHECK_OK(SYS(mount, "inside", "d", "tmpfs", 0, NULL));
		test_make_file("d/f", "x");
		CHECK_OK(dup2((int)CHECK_OK(open("d/f", O_RDONLY, 0)), 40));
		_exit(0);
	}
	test_wait_ok(pid);
	fd = 40;
	CHECK_EQ(read(fd, &byte, 1), 1);
	CHECK_EQ(byte, 'x');
	close(fd);
}

static void pivot_inside(void)
{
	CHECK_OK(SYS(unshare, CLONE_NEWNS));
	CHECK_OK(SYS(mount, "new", "d", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("d/old", 0755));
	test_make_file("d/here", "x");
	CHECK_OK(SYS(pivot_root, "d", "d/old"));
	CHECK_OK(chdir("/"));
	CHECK_OK(access("/here", F_OK));
	CHECK_OK(access("/old/proc", F_OK));
	CHECK_OK(SYS(umount2, "/old", 2)); /* MNT_DETACH */
	CHECK_ERR(access("/old/proc", F_OK), ENOENT);
}

static void pivoted(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	test_child(pivot_inside);
	CHECK_OK(access("/proc/self", F_OK));
	CHECK_ERR(access("/here", F_OK), ENOENT);
}

static void try_unshare(void)
{
	CHECK_ERR(SYS(unshare, CLONE_NEWNS), EPERM);
	CHECK_ERR(SYS(clone, CLONE_NEWNS | SIGCHLD, 0, 0, 0, 0), EPERM);
}

static void errors(void)
{
	CHECK_ERR(SYS(clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0, 0, 0, 0), EINVAL);
	test_need_root();
	test_as_user(try_unshare);
}

static const struct test_case cases[] = {
	{ "unshare", unshared },
	{ "clone", cloned },
	{ "outlived by a file", outlived_by_a_file },
	{ "pivot_root", pivoted },
	{ "errors", errors },
};

TEST_MAIN(cases)
