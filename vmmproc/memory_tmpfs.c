/*
 * Guest RAM on huge pages (--memory huge): a file without a name on a tmpfs of
 * our own, mounted huge=always. Mounting takes rights that any user has in a user
 * namespace of its own, where the host allows such; the mount is never attached
 * anywhere and goes with the file.
 *
 * A helper process does it: it alone enters the namespaces. It shares our
 * descriptor table, so what it opens is ours too, and its exit status is the
 * descriptor's number.
 *
 * MADV_COLLAPSE, the way of the kernel's core (memory_huge.c), would do without
 * namespaces, but takes milliseconds for each 2 MiB where a tmpfs that is asked for
 * huge pages gives them at the first touch.
 *
 * Unlike a memfd such a file cannot be sealed. Its size changes by ftruncate
 * only, which no row of the policy admits.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE_PAGE (2UL << 20)
#define NO_FILE 255 /* the helper's exit status */

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return written;
}

/* The ids that we have are mapped to themselves: the file is to be ours. */
static bool enter_namespaces(uid_t uid, gid_t gid)
{
	char uids[40], gids[40];

	snprintf(uids, sizeof(uids), "%u %u 1", uid, uid);
	snprintf(gids, sizeof(gids), "%u %u 1", gid, gid);
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       write_file("/proc/self/setgroups", "deny") &&
	       write_file("/proc/self/uid_map", uids) &&
	       write_file("/proc/self/gid_map", gids);
}

/* A mount of a tmpfs that holds so much, in no place. */
static int mount_tmpfs(uint64_t bytes)
{
	char size[24];
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), mount = -1;

	if (fs < 0)
		return -1;
	snprintf(size, sizeof(size), "%llu", (unsigned long long)bytes);
	if (!fsconfig(fs, FSCONFIG_SET_STRING, "size", size, 0) &&
	    !fsconfig(fs, FSCONFIG_SET_STRING, "huge", "always", 0) &&
	    !fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0700", 0) &&
	    !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return mount;
}

static int helper(uid_t uid, gid_t gid, uint64_t bytes)
{
	int mount, fd = -1;

	if (!enter_namespaces(uid, gid))
		return NO_FILE;
	mount = mount_tmpfs(bytes);
	if (mount < 0)
		return NO_FILE;
	fd = openat(mount, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	close(mount);
	return fd >= 0 && fd < NO_FILE ? fd : NO_FILE;
}

/* A mount is given where huge pages are denied, too (shmem_enabled); what the file's
 * blocks are says whether it has them. */
static bool has_huge_pages(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_blksize >= (blksize_t)HUGE_PAGE;
}

int memory_tmpfs_file(uint64_t bytes)
{
	uint64_t space = (bytes + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int status, fd;
	pid_t pid;

	fflush(NULL);
	pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		_exit(helper(uid, gid, space));
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) == NO_FILE)
		return -1;
	fd = WEXITSTATUS(status);
	if (has_huge_pages(fd) && ftruncate(fd, (off_t)bytes) == 0)
		return fd;
	close(fd);
	return -1;
}
