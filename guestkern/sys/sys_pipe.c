/* pipe, pipe2. */
#include <linux/fcntl.h>

#include "fs/file.h"
#include "fs/pseudo.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "sys/syscall.h"

static s64 do_pipe(uaddr_t to, u32 flags)
{
	bool cloexec = flags & O_CLOEXEC;
	struct file *end[2];
	s32 fd[2];
	int err;

	if (flags & ~(u32)(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	err = pipe_create(&end[0], &end[1], flags & (O_NONBLOCK | O_DIRECT));
	if (err)
		return err;
	fd[0] = fd_install(end[0], 0, cloexec);
	if (fd[0] < 0) {
		file_put(end[1]);
		return fd[0];
	}
	fd[1] = fd_install(end[1], 0, cloexec);
	if (fd[1] < 0) {
		fd_close(fd[0]);
		return fd[1];
	}
	err = copy_to_user(to, fd, sizeof(fd));
	if (err) {
		fd_close(fd[0]);
		fd_close(fd[1]);
	}
	return err;
}

s64 sys_pipe(const u64 arg[6])
{
	return do_pipe(arg[0], 0);
}

s64 sys_pipe2(const u64 arg[6])
{
	return do_pipe(arg[0], (u32)arg[1]);
}
