/*
 * Files of name spaces, /proc/PID/ns, and setns(2) into them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/ipc.h>
#include <linux/nsfs.h>
#include <linux/sched.h>

#define KEY 0x4c6f6469

static char text[64];

static const char *link_of(const char *path)
{
	ssize_t n = CHECK_OK(readlink(path, text, sizeof(text) - 1));

	text[n] = '\0';
	return text;
}

static unsigned long number_of(const char *path)
{
	struct stat st;

	CHECK_OK(stat(path, &st));
	return st.st_ino;
}

static int open_own(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return (int)CHECK_OK(open(path, O_RDONLY));
}

static void names(void)
{
	static const char *const all[] = { "cgroup", "ipc", "mnt", "net", "pid", "user", "uts" };
	char path[64], wanted[64];
	struct stat st;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		snprintf(path, sizeof(path), "/proc/self/ns/%s", all[i]);
		CHECK_OK(stat(path, &st));
		CHECK_EQ(st.st_mode, S_IFREG | 0444);
		snprintf(wanted, sizeof(wanted), "%s:[%lu]", all[i], (unsigned long)st.st_ino);
		CHECK_STR(link_of(path), wanted);
		CHECK_OK(lstat(path, &st));
		CHECK(S_ISLNK(st.st_mode));
	}
	CHECK_EQ(number_of("/proc/self/ns/pid"), number_of("/proc/self/ns/pid_for_children"));
	fd = open_own("uts");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK(strncmp(link_of(path), "uts:[", 5) == 0);
	CHECK_EQ(ioctl(fd, NS_GET_NSTYPE), CLONE_NEWUTS);
	CHECK_ERR(ioctl(fd, NS_GET_PARENT), EINVAL);
	CHECK_ERR(read(fd, text, 1), EINVAL);
	CHECK_ERR(open("/proc/self/ns/none", O_RDONLY), ENOENT);
	CHECK_ERR(open("/proc/self/ns/uts", O_WRONLY), EPERM);
}

static void uts_there_and_back(void)
{
	struct utsname before, un;
	unsigned long number = number_of("/proc/self/ns/uts");
	int old = open_own("uts"), own;

	CHECK_OK(uname(&before));
	CHECK_OK(SYS(unshare, CLONE_NEWUTS));
	CHECK(number_of("/proc/self/ns/uts") != number);
	CHECK_OK(sethostname("inside", 6));
	own = open_own("uts");
	CHECK_ERR(SYS(setns, old, CLONE_NEWIPC), EINVAL);
	CHECK_OK(SYS(setns, old, CLONE_NEWUTS));
	CHECK_EQ(number_of("/proc/self/ns/uts"), number);
	CHECK_OK(uname(&un));
	CHECK_STR(un.nodename, before.nodename);
	CHECK_OK(SYS(setns, own, 0)); /* its file alone kept it */
	CHECK_OK(uname(&un));
	CHECK_STR(un.nodename, "inside");
}

static void ipc_there_and_back(void)
{
	int old = open_own("ipc"), own;

	CHECK_OK(SYS(unshare, CLONE_NEWIPC));
	CHECK_OK(SYS(msgget, KEY, IPC_CREAT | 0600));
	own = open_own("ipc");
	CHECK_OK(SYS(setns, old, CLONE_NEWIPC));
	CHECK_ERR(SYS(msgget, KEY, 0), ENOENT);
	CHECK_OK(SYS(setns, own, CLONE_NEWIPC));
	CHECK_OK(SYS(msgget, KEY, 0));
}

static void mnt_there_and_back(void)
{
	int old = open_own("mnt"), own;

	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(SYS(unshare, CLONE_NEWNS));
	CHECK_OK(SYS(mount, "inside", "d", "tmpfs", 0, NULL));
	test_make_file("d/f", "x");
	CHECK_OK(getcwd(text, sizeof(text)) ? 0 : -1);
	own = open_own("mnt");
	CHECK_OK(SYS(setns, old, CLONE_NEWNS));
	CHECK_EQ(number_of("."), number_of("/")); /* at the root */
	CHECK_OK(chdir(text));
	CHECK_ERR(access("d/f", F_OK), ENOENT);
	CHECK_OK(SYS(setns, own, 0));
	CHECK_OK(chdir(text));
	CHECK_OK(access("d/f", F_OK));
	CHECK_OK(SYS(setns, old, 0));
	CHECK_OK(chdir(text));
	close(own);
	CHECK_OK(rmdir("d"));
}

/* All of another process's at once. */
static void of_a_process(void)
{
	pid_t pid = test_fork();
	int pidfd, fds[2];
	char byte;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	pidfd = (int)CHECK_OK(SYS(pidfd_open, pid, 0));
	CHECK_OK(SYS(unshare, CLONE_NEWUTS | CLONE_NEWIPC));
	CHECK(number_of("/proc/self/ns/uts") != number_of("/proc/1/ns/uts"));
	CHECK_ERR(SYS(setns, pidfd, 0), EINVAL);
	CHECK_ERR(SYS(setns, pidfd, CLONE_NEWUTS | CLONE_VM), EINVAL);
	CHECK_OK(SYS(setns, pidfd, CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID));
	CHECK_EQ(number_of("/proc/self/ns/uts"), number_of("/proc/1/ns/uts"));
	CHECK_EQ(number_of("/proc/self/ns/ipc"), number_of("/proc/1/ns/ipc"));
	kill(pid, SIGKILL);
	CHECK_OK(pipe(fds));
	close(fds[1]);
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	CHECK_EQ(test_wait(pid), SIGKILL);
	CHECK_ERR(SYS(setns, pidfd, CLONE_NEWUTS), ESRCH);
}

static void errors(void)
{
	int fd = (int)CHECK_OK(open("/dev/null", O_RDONLY));

	CHECK_ERR(SYS(setns, 99, 0), EBADF);
	CHECK_ERR(SYS(setns, fd, 0), EINVAL);
	CHECK_ERR(SYS(setns, open_own("user"), 0), EINVAL);
	CHECK_OK(SYS(setns, open_own("pid"), 0));
	CHECK_OK(SYS(setns, open_own("net"), CLONE_NEWNET));
}

static void enter(void)
{
	test_need_root();
	test_scratch();
	test_child(uts_there_and_back);
	test_child(ipc_there_and_back);
	test_child(mnt_there_and_back);
	test_child(of_a_process);
	test_child(errors);
}

static void as_user(void)
{
	CHECK_ERR(SYS(setns, open_own("uts"), 0), EPERM);
	CHECK_ERR(open("/proc/1/ns/uts", O_RDONLY), EACCES);
	CHECK_ERR(readlink("/proc/1/ns/uts", text, sizeof(text)), EACCES);
}

static void needs_root(void)
{
	test_as_user(as_user);
}

static const struct test_case cases[] = {
	{ "files of name spaces", names },
	{ "there and back", enter },
	{ "needs root", needs_root },
};

TEST_MAIN(cases)
