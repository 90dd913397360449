/*
 * Mounting by descriptors: fsopen(2), fsconfig, fsmount, fspick, open_tree, move_mount,
 * mount_setattr.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/mount.h>
#include <linux/sched.h>

#define CONFIG(...) SYS(fsconfig, __VA_ARGS__)
#define SETATTR(dir, name, flags, attr) \
	SYS(mount_setattr, dir, name, flags, attr, sizeof(*(attr)))

static char text[16384];

/* The options of what is mounted at a path that ends so, or NULL. */
static const char *options_at(const char *end)
{
	char *line, *next;

	test_read_file("/proc/self/mounts", text, sizeof(text));
	for (line = text; *line; line = next) {
		char *at = strstr(line, end);

		next = strchr(line, '\n') + 1;
		if (!at || at > next)
			continue;
		next[-1] = '\0';
		return at + strlen(end);
	}
	return NULL;
}

static void own_space(void)
{
	CHECK_OK(SYS(unshare, CLONE_NEWNS));
	CHECK_OK(SYS(mount, NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/* A tmpfs that is mounted nowhere. */
static int made(unsigned int attr)
{
	int fs = (int)CHECK_OK(SYS(fsopen, "tmpfs", FSOPEN_CLOEXEC)), mnt;

	CHECK_OK(CONFIG(fs, FSCONFIG_SET_STRING, "source", "lodger", 0));
	CHECK_OK(CONFIG(fs, FSCONFIG_SET_STRING, "size", "64k", 0));
	CHECK_OK(CONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	mnt = (int)CHECK_OK(SYS(fsmount, fs, FSMOUNT_CLOEXEC, attr));
	CHECK_OK(close(fs));
	return mnt;
}

static void hang(int mnt, const char *place)
{
	CHECK_OK(SYS(move_mount, mnt, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH));
}

/* ---- making ----------------------------------------------------------------------- */

static void steps(void)
{
	int mnt, fd;

	own_space();
	mnt = made(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	CHECK_EQ(fcntl(mnt, F_GETFD), FD_CLOEXEC);
	/* it can be used before it is anywhere */
	CHECK_OK(mkdirat(mnt, "sub", 0755));
	CHECK(options_at("/d tmpfs ") == NULL);
	hang(mnt, "d");
	CHECK(strncmp(options_at("/d tmpfs "), "rw,nosuid,noexec,relatime", 25) == 0);
	CHECK_OK(access("d/sub", F_OK));
	/* it is there to stay */
	CHECK_OK(close(mnt));
	fd = (int)CHECK_OK(open("d/sub/f", O_CREAT | O_RDWR, 0644));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_OK(close(fd));
	CHECK_OK(SYS(umount2, "d", 0));
	CHECK_ERR(access("d/sub", F_OK), ENOENT);
}

static void forgotten(void)
{
	int mnt, fd;

	own_space();
	mnt = made(0);
	fd = (int)CHECK_OK(openat(mnt, "f", O_CREAT | O_RDWR, 0644));
	CHECK_OK(close(mnt));
	CHECK_EQ(write(fd, "x", 1), 1); /* its files live on */
	CHECK_OK(close(fd));
}

static void errors(void)
{
	int fs, mnt;
	char c;

	own_space();
	CHECK_ERR(SYS(fsopen, "nosuchfs", 0), ENODEV);
	CHECK_ERR(SYS(fsopen, "tmpfs", 2), EINVAL);
	CHECK_ERR(SYS(fsopen, NULL, 0), EFAULT);
	fs = (int)CHECK_OK(SYS(fsopen, "tmpfs", 0));
	CHECK_ERR(read(fs, &c, 1), ENODATA);
	CHECK_ERR(CONFIG(-1, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EINVAL);
	CHECK_ERR(CONFIG(1000, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBADF);
	CHECK_ERR(CONFIG(0, FSCONFIG_CMD_CREATE, "x", NULL, 0), EINVAL);
	CHECK_ERR(CONFIG(fs, 100, NULL, NULL, 0), EOPNOTSUPP);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_FLAG, NULL, NULL, 0), EINVAL);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_FLAG, "ro", "x", 0), EINVAL);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_STRING, "ro", NULL, 0), EINVAL);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_FLAG, "source", NULL, 0), EINVAL);
	CHECK_OK(CONFIG(fs, FSCONFIG_SET_STRING, "source", "one", 0));
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_STRING, "source", "two", 0), EINVAL);
	CHECK_ERR(CONFIG(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(SYS(fsmount, fs, 0, 0), EINVAL);
	CHECK_OK(CONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
	CHECK_ERR(CONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EBUSY);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0), EBUSY);
	CHECK_ERR(SYS(fsmount, fs, 2, 0), EINVAL);
	CHECK_ERR(SYS(fsmount, fs, 0, 0x100), EINVAL);
	CHECK_ERR(SYS(fsmount, fs, 0, 0x30), EINVAL);
	CHECK_ERR(SYS(fsmount, 1000, 0, 0), EBADF);
	CHECK_ERR(SYS(fsmount, 0, 0, 0), EINVAL);
	mnt = (int)CHECK_OK(SYS(fsmount, fs, 0, 0));
	CHECK_ERR(SYS(fsmount, fs, 0, 0), EBUSY);
	CHECK_ERR(SYS(move_mount, mnt, "", AT_FDCWD, "d", 8), EINVAL);
	CHECK_ERR(SYS(move_mount, mnt, "", AT_FDCWD, "d", 0), ENOENT);
	CHECK_ERR(SYS(move_mount, mnt, "", AT_FDCWD, "f", MOVE_MOUNT_F_EMPTY_PATH), EINVAL);
	CHECK_ERR(SYS(move_mount, AT_FDCWD, "d", AT_FDCWD, "e", 0), EINVAL);
	/* nothing is mounted on what is nowhere */
	CHECK_OK(mkdirat(mnt, "sub", 0755));
	CHECK_OK(fchdir(mnt));
	CHECK_ERR(SYS(mount, "x", "sub", "tmpfs", 0, NULL), EINVAL);
}

static void disk_needs_source(void)
{
	int fs = (int)SYS(fsopen, "ext2", 0);

	if (fs < 0)
		return; /* a kernel without */
	CHECK_ERR(CONFIG(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0), EINVAL);
	CHECK_ERR(CONFIG(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0), EBUSY); /* failed for good */
}

static void places(void)
{
	test_need_root();
	test_scratch();
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("e", 0755));
	test_make_file("f", "x");
}

static void making(void)
{
	places();
	test_child(steps);
	test_child(forgotten);
	test_child(errors);
	test_child(disk_needs_source);
}

/* ---- copies ---------------------------------------------------------------------------- */

static void trees(void)
{
	int tree;

	own_space();
	CHECK_OK(SYS(mount, "outer", "d", "tmpfs", 0, NULL));
	CHECK_OK(mkdir("d/in", 0755));
	CHECK_OK(SYS(mount, "inner", "d/in", "tmpfs", 0, NULL));
	test_make_file("d/in/g", "x");

	tree = (int)CHECK_OK(SYS(open_tree, AT_FDCWD, "d", OPEN_TREE_CLONE));
	CHECK_OK(faccessat(tree, "in", F_OK));
	CHECK_ERR(faccessat(tree, "in/g", F_OK), ENOENT);
	CHECK_OK(close(tree));

	tree = (int)CHECK_OK(SYS(open_tree, AT_FDCWD, "d",
				 OPEN_TREE_CLONE | AT_RECURSIVE | OPEN_TREE_CLOEXEC));
	CHECK_OK(faccessat(tree, "in/g", F_OK));
	hang(tree, "e");
	CHECK_OK(access("e/in/g", F_OK));
	CHECK_ERR(SYS(move_mount, AT_FDCWD, "e", AT_FDCWD, "e/in", 0), ELOOP);
	CHECK_OK(SYS(umount2, "e", 2));
	CHECK_OK(close(tree));

	tree = (int)CHECK_OK(SYS(open_tree, AT_FDCWD, "d/in", OPEN_TREE_CLOEXEC));
	CHECK_OK(SYS(move_mount, tree, "", AT_FDCWD, "e", MOVE_MOUNT_F_EMPTY_PATH));
	CHECK_OK(access("e/g", F_OK));
	CHECK_ERR(access("d/in/g", F_OK), ENOENT);
	CHECK_ERR(SYS(open_tree, AT_FDCWD, "d", AT_RECURSIVE), EINVAL);
	CHECK_ERR(SYS(open_tree, AT_FDCWD, "d", 0x10), EINVAL);
	CHECK_ERR(SYS(open_tree, AT_FDCWD, "none", OPEN_TREE_CLONE), ENOENT);
	CHECK_ERR(SYS(open_tree, 1000, "none", OPEN_TREE_CLONE), EBADF);
}

static void copies(void)
{
	places();
	test_child(trees);
}

/* ---- attributes -------------------------------------------------------------------------- */

static void attributes(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV };
	int fd;

	own_space();
	hang(made(0), "d");
	CHECK_OK(mkdir("d/in", 0755));
	CHECK_OK(symlink("in", "d/link"));
	hang(made(0), "d/in");
	fd = (int)CHECK_OK(open("d/in/f", O_CREAT | O_RDWR, 0644));
	CHECK_ERR(SETATTR(AT_FDCWD, "d", AT_RECURSIVE, &attr), EBUSY);
	CHECK_OK(mkdir("d/still", 0755)); /* not even a part was done */
	CHECK_OK(close(fd));
	CHECK_OK(SETATTR(AT_FDCWD, "d", 0, &attr));
	CHECK_ERR(mkdir("d/no", 0755), EROFS);
	CHECK_OK(mkdir("d/in/yes", 0755));
	CHECK_OK(SETATTR(AT_FDCWD, "d", AT_RECURSIVE, &attr));
	CHECK_ERR(mkdir("d/in/no", 0755), EROFS);
	attr = (struct mount_attr){ .attr_clr = MOUNT_ATTR_RDONLY | MOUNT_ATTR__ATIME,
				    .attr_set = MOUNT_ATTR_NOATIME | MOUNT_ATTR_NOSYMFOLLOW };
	CHECK_OK(SETATTR(AT_FDCWD, "d", 0, &attr));
	CHECK(strncmp(options_at("/d tmpfs "), "rw,nodev,noatime,nosymfollow", 28) == 0);
	CHECK_ERR(access("d/link", F_OK), ELOOP);
	attr = (struct mount_attr){ .attr_set = MOUNT_ATTR_NOATIME };
	CHECK_ERR(SETATTR(AT_FDCWD, "d", 0, &attr), EINVAL);
	attr = (struct mount_attr){ .attr_set = MOUNT_ATTR_NODEV };
	CHECK_ERR(SETATTR(AT_FDCWD, "d/in/yes", 0, &attr), EINVAL);
	CHECK_ERR(SYS(mount_setattr, AT_FDCWD, "d", 0, &attr, 31), EINVAL);
	CHECK_ERR(SYS(mount_setattr, AT_FDCWD, "d", 0, &attr, 4097), E2BIG);
	CHECK_ERR(SYS(mount_setattr, AT_FDCWD, "d", 1, &attr, 32), EINVAL);
	attr = (struct mount_attr){ .propagation = MS_PRIVATE | MS_SLAVE };
	CHECK_ERR(SETATTR(AT_FDCWD, "d", 0, &attr), EINVAL);
	attr = (struct mount_attr){ 0 };
	CHECK_OK(SETATTR(1000, "nowhere", 0, &attr));
}

/* The whole file system, by whichever mount. */
static void reconfigured(void)
{
	int fs, fd;

	own_space();
	hang(made(0), "d");
	CHECK_OK(SYS(mount, "d", "e", NULL, MS_BIND, NULL));
	fd = (int)CHECK_OK(open("e/f", O_CREAT | O_RDWR, 0644));
	fs = (int)CHECK_OK(SYS(fspick, AT_FDCWD, "d", FSPICK_CLOEXEC));
	CHECK_OK(CONFIG(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_ERR(CONFIG(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0), EBUSY);
	CHECK_OK(close(fs));
	CHECK_OK(close(fd));
	fs = (int)CHECK_OK(SYS(fspick, AT_FDCWD, "d", 0));
	CHECK_OK(CONFIG(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0));
	CHECK_OK(CONFIG(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_ERR(mkdir("d/no", 0755), EROFS);
	CHECK_ERR(mkdir("e/no", 0755), EROFS);
	CHECK_OK(CONFIG(fs, FSCONFIG_SET_FLAG, "rw", NULL, 0));
	CHECK_OK(CONFIG(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
	CHECK_OK(mkdir("e/yes", 0755));
	CHECK_ERR(SYS(fspick, AT_FDCWD, "e/yes", 0), EINVAL);
	CHECK_ERR(SYS(fspick, AT_FDCWD, "d", 16), EINVAL);
	CHECK_ERR(SYS(fspick, 1000, "d", 0), EBADF);
}

static void changes(void)
{
	places();
	test_child(attributes);
	test_child(reconfigured);
}

/* ---- rights --------------------------------------------------------------------------------- */

static void as_user(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	CHECK_ERR(SYS(fsopen, "tmpfs", 0), EPERM);
	CHECK_ERR(SYS(fspick, AT_FDCWD, "/", 0), EPERM);
	CHECK_ERR(SYS(fsmount, 0, 0, 0), EPERM);
	CHECK_ERR(SYS(move_mount, 0, "", 0, "", 0), EPERM);
	CHECK_ERR(SYS(open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE), EPERM);
	CHECK_OK(SYS(open_tree, AT_FDCWD, "/", 0));
	CHECK_ERR(SETATTR(AT_FDCWD, "/", 0, &attr), EPERM);
}

static void rights(void)
{
	test_as_user(as_user);
}

static const struct test_case cases[] = {
	{ "making", making },
	{ "copies", copies },
	{ "changes", changes },
	{ "rights", rights },
};

TEST_MAIN(cases)
