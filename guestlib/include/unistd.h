/*
 * Wrappers of system calls, each as its man page of section 2 says: the
 * result, or -1 with errno set.
 */
#ifndef GUESTLIB_UNISTD_H
#define GUESTLIB_UNISTD_H

#include <sys/types.h>

#define STDIN_FILENO 0
#define STDOUT_FILENO 1
#define STDERR_FILENO 2

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define SEEK_DATA 3
#define SEEK_HOLE 4

#define F_OK 0
#define X_OK 1
#define W_OK 2
#define R_OK 4

/* read(2). */
ssize_t read(int fd, void *buf, size_t len);
/* write(2). */
ssize_t write(int fd, const void *buf, size_t len);
/* pread64(2): at offset, the position unmoved. */
ssize_t pread(int fd, void *buf, size_t len, off_t offset);
/* pwrite64(2). */
ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset);
/* lseek(2). */
off_t lseek(int fd, off_t offset, int whence);
/* close(2). */
int close(int fd);
/* dup(2). */
int dup(int fd);
/* dup2(2). */
int dup2(int from, int to);
/* dup3(2). */
int dup3(int from, int to, int flags);
/* pipe(2): fds[0] reads, fds[1] writes. */
int pipe(int fds[2]);
/* pipe2(2). */
int pipe2(int fds[2], int flags);
/* truncate(2). */
int truncate(const char *path, off_t len);
/* ftruncate(2). */
int ftruncate(int fd, off_t len);
/* fsync(2). */
int fsync(int fd);
/* 1 when fd is a terminal, else 0 and errno. */
int isatty(int fd);

/* access(2). */
int access(const char *path, int mode);
/* faccessat(2), without flags. */
int faccessat(int dirfd, const char *path, int mode);
/* link(2). */
int link(const char *from, const char *to);
/* linkat(2). */
int linkat(int fromfd, const char *from, int tofd, const char *to, int flags);
/* symlink(2). */
int symlink(const char *target, const char *path);
/* symlinkat(2). */
int symlinkat(const char *target, int dirfd, const char *path);
/* readlink(2): no NUL is added. */
ssize_t readlink(const char *path, char *buf, size_t len);
/* unlink(2). */
int unlink(const char *path);
/* unlinkat(2). */
int unlinkat(int dirfd, const char *path, int flags);
/* rmdir(2). */
int rmdir(const char *path);
/* rename(2). */
int rename(const char *from, const char *to);
/* renameat(2). */
int renameat(int fromfd, const char *from, int tofd, const char *to);
/* chdir(2). */
int chdir(const char *path);
/* fchdir(2). */
int fchdir(int fd);
/* getcwd(3): the path with its NUL in buf, or NULL and errno. */
char *getcwd(char *buf, size_t len);
/* chown(2); -1 leaves one alone. */
int chown(const char *path, uid_t uid, gid_t gid);
/* lchown(2). */
int lchown(const char *path, uid_t uid, gid_t gid);
/* fchown(2). */
int fchown(int fd, uid_t uid, gid_t gid);

/* fork(2). */
pid_t fork(void);
/* vfork(2): the child may only exec or _exit. */
pid_t vfork(void) __attribute__((returns_twice));
/* execve(2). */
int execve(const char *path, char *const argv[], char *const envp[]);
/* execve along PATH (default /bin:/usr/bin) with environ. */
int execvp(const char *file, char *const argv[]);
/* exit_group(2): at once, no flushing. */
_Noreturn void _exit(int status);
/* getpid(2). */
pid_t getpid(void);
/* getppid(2). */
pid_t getppid(void);
/* gettid(2). */
pid_t gettid(void);
/* getpgid(2). */
pid_t getpgid(pid_t pid);
/* getpgrp(2). */
pid_t getpgrp(void);
/* setpgid(2). */
int setpgid(pid_t pid, pid_t group);
/* getsid(2). */
pid_t getsid(pid_t pid);
/* setsid(2). */
pid_t setsid(void);

/* getuid(2). */
uid_t getuid(void);
/* geteuid(2). */
uid_t geteuid(void);
/* getgid(2). */
gid_t getgid(void);
/* getegid(2). */
gid_t getegid(void);
/* setuid(2). */
int setuid(uid_t uid);
/* setgid(2). */
int setgid(gid_t gid);
/* setresuid(2). */
int setresuid(uid_t real, uid_t effective, uid_t saved);
/* setresgid(2). */
int setresgid(gid_t real, gid_t effective, gid_t saved);
/* getgroups(2). */
int getgroups(int count, gid_t *groups);
/* setgroups(2). */
int setgroups(size_t count, const gid_t *groups);

/* pause(2). */
int pause(void);
/* alarm(2). */
unsigned int alarm(unsigned int seconds);
/* Sleeps; the seconds that were left when a signal came. */
unsigned int sleep(unsigned int seconds);
/* brk(2) as the kernel has it: the new end, or the old one when refused. */
void *sys_brk(void *end);
/* sbrk(3): the old end, or (void *)-1 and ENOMEM. */
void *sbrk(intptr_t increment);

#endif
