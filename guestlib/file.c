/*
 * Wrappers of the system calls on files, descriptors and paths.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syscall.h>
#include <termios.h>
#include <unistd.h>

ssize_t read(int fd, void *buf, size_t len)
{
	return SYS(read, fd, buf, len);
}

ssize_t write(int fd, const void *buf, size_t len)
{
	return SYS(write, fd, buf, len);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset)
{
	return SYS(pread64, fd, buf, len, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset)
{
	return SYS(pwrite64, fd, buf, len, offset);
}

ssize_t readv(int fd, const struct iovec *iov, int count)
{
	return SYS(readv, fd, iov, count);
}

ssize_t writev(int fd, const struct iovec *iov, int count)
{
	return SYS(writev, fd, iov, count);
}

off_t lseek(int fd, off_t offset, int whence)
{
	return SYS(lseek, fd, offset, whence);
}

int openat(int dirfd, const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return (int)SYS(openat, dirfd, path, flags, mode);
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list args;

	va_start(args, flags);
	mode = va_arg(args, mode_t);
	va_end(args);
	return (int)SYS(open, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
	return (int)SYS(creat, path, mode);
}

int fcntl(int fd, int cmd, ...)
{
	long arg;
	va_list args;

	va_start(args, cmd);
	arg = va_arg(args, long);
	va_end(args);
	return (int)SYS(fcntl, fd, cmd, arg);
}

int ioctl(int fd, unsigned long request, ...)
{
	long arg;
	va_list args;

	va_start(args, request);
	arg = va_arg(args, long);
	va_end(args);
	return (int)SYS(ioctl, fd, request, arg);
}

int close(int fd)
{
	return (int)SYS(close, fd);
}

int dup(int fd)
{
	return (int)SYS(dup, fd);
}

int dup2(int from, int to)
{
	return (int)SYS(dup2, from, to);
}

int dup3(int from, int to, int flags)
{
	return (int)SYS(dup3, from, to, flags);
}

int pipe(int fds[2])
{
	return (int)SYS(pipe, fds);
}

int pipe2(int fds[2], int flags)
{
	return (int)SYS(pipe2, fds, flags);
}

int truncate(const char *path, off_t len)
{
	return (int)SYS(truncate, path, len);
}

int ftruncate(int fd, off_t len)
{
	return (int)SYS(ftruncate, fd, len);
}

int fsync(int fd)
{
	return (int)SYS(fsync, fd);
}

int access(const char *path, int mode)
{
	return (int)SYS(access, path, mode);
}

int faccessat(int dirfd, const char *path, int mode)
{
	return (int)SYS(faccessat, dirfd, path, mode);
}

int link(const char *from, const char *to)
{
	return (int)SYS(link, from, to);
}

int linkat(int fromfd, const char *from, int tofd, const char *to, int flags)
{
	return (int)SYS(linkat, fromfd, from, tofd, to, flags);
}

int symlink(const char *target, const char *path)
{
	return (int)SYS(symlink, target, path);
}

int symlinkat(const char *target, int dirfd, const char *path)
{
	return (int)SYS(symlinkat, target, dirfd, path);
}

ssize_t readlink(const char *path, char *buf, size_t len)
{
	return SYS(readlink, path, buf, len);
}

int unlink(const char *path)
{
	return (int)SYS(unlink, path);
}

int unlinkat(int dirfd, const char *path, int flags)
{
	return (int)SYS(unlinkat, dirfd, path, flags);
}

int rmdir(const char *path)
{
	return (int)SYS(rmdir, path);
}

int rename(const char *from, const char *to)
{
	return (int)SYS(rename, from, to);
}

int renameat(int fromfd, const char *from, int tofd, const char *to)
{
	return (int)SYS(renameat, fromfd, from, tofd, to);
}

int chdir(const char *path)
{
	return (int)SYS(chdir, path);
}

int fchdir(int fd)
{
	return (int)SYS(fchdir, fd);
}

char *getcwd(char *buf, size_t len)
{
	return SYS(getcwd, buf, len) < 0 ? NULL : buf;
}

int chown(const char *path, uid_t uid, gid_t gid)
{
	return (int)SYS(chown, path, uid, gid);
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
	return (int)SYS(lchown, path, uid, gid);
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	return (int)SYS(fchown, fd, uid, gid);
}

int stat(const char *path, struct stat *st)
{
	return (int)SYS(stat, path, st);
}

int lstat(const char *path, struct stat *st)
{
	return (int)SYS(lstat, path, st);
}

int fstat(int fd, struct stat *st)
{
	return (int)SYS(fstat, fd, st);
}

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
	return (int)SYS(newfstatat, dirfd, path, st, flags);
}

int chmod(const char *path, mode_t mode)
{
	return (int)SYS(chmod, path, mode);
}

int fchmod(int fd, mode_t mode)
{
	return (int)SYS(fchmod, fd, mode);
}

int fchmodat(int dirfd, const char *path, mode_t mode)
{
	return (int)SYS(fchmodat, dirfd, path, mode);
}

mode_t umask(mode_t mask)
{
	return (mode_t)SYS(umask, mask);
}

int mkdir(const char *path, mode_t mode)
{
	return (int)SYS(mkdir, path, mode);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	return (int)SYS(mkdirat, dirfd, path, mode);
}

int mknod(const char *path, mode_t mode, dev_t dev)
{
	return (int)SYS(mknod, path, mode, dev);
}

int mkfifo(const char *path, mode_t mode)
{
	return mknod(path, S_IFIFO | mode, 0);
}

int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)
{
	return (int)SYS(utimensat, dirfd, path, times, flags);
}

ssize_t getdents64(int fd, void *buf, size_t len)
{
	return SYS(getdents64, fd, buf, len);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	return (int)SYS(poll, fds, count, timeout_ms);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
	  const sigset_t *mask)
{
	struct timespec left;

	if (timeout)
		left = *timeout;
	return (int)SYS(ppoll, fds, count, timeout ? &left : NULL, mask,
			sizeof(*mask));
}

int select(int count, fd_set *r, fd_set *w, fd_set *x, struct timeval *timeout)
{
	return (int)SYS(select, count, r, w, x, timeout);
}

int pselect(int count, fd_set *r, fd_set *w, fd_set *x,
	    const struct timespec *timeout, const sigset_t *mask)
{
	struct {
		const sigset_t *mask;
		size_t size;
	} sixth = { mask, sizeof(*mask) };
	struct timespec left;

	if (timeout)
		left = *timeout;
	return (int)SYS(pselect6, count, r, w, x, timeout ? &left : NULL, &sixth);
}

int tcgetattr(int fd, struct termios *t)
{
	return ioctl(fd, TCGETS, t);
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	return ioctl(fd, TCSETS + (unsigned long)when, t);
}

pid_t tcgetpgrp(int fd)
{
	pid_t group;

	return ioctl(fd, TIOCGPGRP, &group) < 0 ? -1 : group;
}

int tcsetpgrp(int fd, pid_t group)
{
	return ioctl(fd, TIOCSPGRP, &group);
}

int isatty(int fd)
{
	struct termios t;

	return tcgetattr(fd, &t) == 0;
}
