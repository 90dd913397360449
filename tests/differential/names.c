/* Names and directories: making, removing, moving, listing, links. */
#include "diff.h"

#include <sys/inotify.h>
#include <sys/statfs.h>

#include <linux/fs.h>

static void c_mkdir(void)
{
	diff_file("f", "x");
	symlink("none", "dangling");
	R(mkdir("d", 0777));
	R(mkdir("d", 0777));
	R(mkdir("d/", 0777));
	R(mkdir("e/", 0777));
	R(mkdir("f", 0777));
	R(mkdir("f/x", 0777));
	R(mkdir("none/x", 0777));
	R(mkdir("dangling", 0777));
	R(mkdir("", 0777));
	R(mkdir(".", 0777));
	R(mkdir("/", 0777));
	R(mkdir(BAD, 0777));
	R(mkdirat(99, "x", 0777));
	R(rmdir("f"));
	R(rmdir("none"));
	R(rmdir("."));
	R(rmdir("d/."));
	R(rmdir("d/.."));
	R(rmdir("/"));
	R(mkdir("d/sub", 0777));
	R(rmdir("d"));
	R(unlink("d"));
	R(unlink("d/"));
	R(unlinkat(AT_FDCWD, "d/sub", AT_REMOVEDIR));
	R(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	R(unlinkat(AT_FDCWD, "f", 0x1));
	R(unlink("f/"));
	R(unlink("none"));
	R(unlink("."));
	R(rmdir("d/"));
}

static void c_links(void)
{
	char buf[16] = { 0 };
	int fd;

	diff_file("f", "x");
	mkdir("d", 0755);
	R(link("f", "g"));
	R(link("f", "g"));
	R(link("none", "h"));
	R(link("d", "h"));
	R(link("f", "none/h"));
	R(link("f", "h/"));
	R(link("", "h"));
	R(symlink("", "s"));
	R(symlink("f", "s"));
	R(symlink("f", "s"));
	R(symlink("f", "x/"));
	R(symlink("d", "sd"));
	R(link("s", "ls"));
	R(readlink("ls", buf, 16));
	R(linkat(AT_FDCWD, "s", AT_FDCWD, "fs", AT_SYMLINK_FOLLOW));
	R(readlink("fs", buf, 16));
	R(linkat(AT_FDCWD, "f", AT_FDCWD, "z", 0x1));
	R(readlink("s", buf, 0));
	R(readlink("s", buf, -1));
	R(readlink("s", BAD, 16));
	R(readlink("f", buf, 16));
	R(readlink("none", buf, 16));
	R(readlink("sd/", buf, 16));
	R(readlink("", buf, 16));
	fd = open("s", O_PATH | O_NOFOLLOW);
	R(readlinkat(fd, "", buf, 16));
	R(unlink("sd/"));
	R(rmdir("sd"));
	R(rmdir("sd/"));
}

static void c_rename(void)
{
	diff_file("f", "f");
	diff_file("g", "g");
	mkdir("d", 0755);
	mkdir("d/sub", 0755);
	mkdir("e", 0755);
	symlink("f", "s");
	link("f", "same");
	R(rename("f", "f"));
	R(rename("f", "same"));
	R(rename("none", "x"));
	R(rename("f", "d"));
	R(rename("d", "f"));
	R(rename("d", "d/sub/x"));
	R(rename("e", "d"));
	R(rename("d/sub", "e"));
	R(rename("f", "x/"));
	R(rename("f/", "x"));
	R(rename("e", "e2/"));
	R(rename("d/.", "x"));
	R(rename("e2", "d/.."));
	R(rename("", "x"));
	R(rename("f", ""));
	R(rename("f", "none/x"));
	R(rename("/", "x"));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, "g", RENAME_NOREPLACE));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, "none", RENAME_EXCHANGE));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, "d", RENAME_EXCHANGE));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, "x", RENAME_EXCHANGE | RENAME_NOREPLACE));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, "x", 8));
	R(SC(renameat2, AT_FDCWD, "f", AT_FDCWD, ".", RENAME_NOREPLACE));
	R(rename("s", "g"));
	R(open("g", O_RDONLY | O_NOFOLLOW));
}

static void c_mknod(void)
{
	struct stat st;

	R(mknod("r", S_IFREG | 0666, 0));
	R(mknod("p", S_IFIFO | 0666, 0));
	R(mknod("s", S_IFSOCK | 0666, 0));
	R(mknod("c", S_IFCHR | 0666, 0x103));
	R(mknod("d", S_IFDIR | 0666, 0));
	R(mknod("l", S_IFLNK | 0666, 0));
	R(mknod("x", 0150000, 0));
	R(mknodat(99, "x", S_IFIFO | 0600, 0));
	R(mknodat(AT_FDCWD, "q", S_IFIFO | 0600, 0));
	R(mknod("z", 0600, 0));
	R(mknod("r", S_IFREG | 0666, 0));
	stat("p", &st);
	V(st.st_mode);
	R(open("s", O_RDONLY));
	R(open("p", O_WRONLY | O_NONBLOCK));
	OK(open("p", O_RDONLY | O_NONBLOCK));
	OK(open("p", O_WRONLY | O_NONBLOCK));
	R(open("p/", O_RDONLY));
}

static void c_directories(void)
{
	char buf[1024];
	int fd = open(".", O_RDONLY);
	int file;
	int dead;

	diff_file("f", "x");
	mkdir("d", 0755);
	R(SC(getdents64, fd, buf, 10));
	R(SC(getdents, fd, buf, 10));
	V(SC(getdents, fd, buf, 1024) > 0);
	R(lseek(fd, 0, SEEK_SET));
	R(SC(getdents64, fd, BAD, 1024));
	V(SC(getdents64, fd, buf, 1024) > 0);
	R(SC(getdents64, fd, buf, 1024));
	R(lseek(fd, 0, SEEK_SET));
	V(SC(getdents64, fd, buf, 1024) > 0);
	file = open("f", O_RDONLY);
	R(SC(getdents64, file, buf, 1024));
	R(SC(getdents64, 99, buf, 1024));
	dead = open("d", O_RDONLY);
	R(rmdir("d"));
	R(SC(getdents64, dead, buf, 1024));
	R(openat(dead, "x", O_CREAT | O_RDWR, 0600));
	R(openat(dead, ".", O_RDONLY));
	R(mkdirat(dead, "x", 0700));
	R(fchdir(dead));
	R(SC(getcwd, buf, 1024));
	R(chdir(".."));
	R(chdir("f"));
	R(fchdir(file));
	R(chdir("none"));
	R(chroot("/"));
	V(SC(getcwd, buf, 1));
	V(SC(getcwd, BAD, 1024));
}

static int events(int fd, char *out)
{
	char buf[4096];
	ssize_t n = read(fd, buf, sizeof(buf));
	char *at = out;

	*at = '\0';
	for (ssize_t i = 0; i < n;) {
		struct inotify_event *e = (void *)(buf + i);

		at += sprintf(at, "%x%s%s ", e->mask, e->len ? ":" : "",
			      e->len ? e->name : "");
		i += (ssize_t)(sizeof(*e) + e->len);
	}
	return n < 0 ? -1 : 0;
}

static void c_inotify(void)
{
	char text[1024];
	int fd = inotify_init1(IN_NONBLOCK);
	int old = (int)SC(inotify_init);

	R(fcntl(old, F_GETFL));
	R(close(old));
	diff_file("f", "x");
	R(inotify_add_watch(fd, ".", IN_ALL_EVENTS));
	R(inotify_add_watch(fd, "f", IN_ALL_EVENTS));
	R(inotify_add_watch(fd, "none", IN_ALL_EVENTS));
	R(inotify_add_watch(fd, "f", 0));
	R(write(open("f", O_WRONLY), "yz", 2));
	R(close(4));
	R(events(fd, text));
	S(text);
	chmod("f", 0600);
	link("f", "g");
	rename("g", "h");
	unlink("f");
	R(events(fd, text));
	S(text);
	mkdir("d", 0755);
	rename("d", "e");
	rmdir("e");
	symlink("x", "y");
	R(events(fd, text));
	S(text);
	R(inotify_rm_watch(fd, 1));
	R(inotify_rm_watch(fd, 1));
	R(events(fd, text));
	S(text);
	R(events(fd, text));
}

static void c_handles(void)
{
	struct statfs sf;

	diff_file("f", "x");
	R(statfs("f", &sf));
	R(statfs("none", &sf));
	R(statfs("f", BAD));
	R(fstatfs(99, &sf));
	V(sf.f_namelen);
	R(umask(077));
	R(umask(022));
	R(SC(mount, "none", "f", "tmpfs", 0, NULL));
	R(SC(umount2, "f", 0));
	R(SC(umount2, "/", 0x100));
	R(SC(pivot_root, "/", "/"));
	R(SC(swapon, "f", 0));
	R(SC(quotactl, 0x80000100, NULL, 0, NULL));
	R(SC(acct, "f"));
	R(SC(vhangup));
	R(SC(sethostname, "x", 1));
	R(SC(setdomainname, "x", 1));
	R(SC(settimeofday, (long[]){ 1, 0 }, NULL));
	R(SC(reboot, 1, 2, 3, NULL));
	R(SC(init_module, NULL, 0, ""));
	R(SC(delete_module, "x", 0));
}

static const struct diff_case cases[] = {
	{ "mkdir, unlink", c_mkdir },
	{ "links", c_links },
	{ "rename", c_rename },
	{ "mknod", c_mknod },
	{ "directories", c_directories },
	{ "inotify", c_inotify },
	{ "privileged calls", c_handles },
};
DIFF_TABLE(names_table, cases);
