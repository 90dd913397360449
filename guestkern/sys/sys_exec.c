/* execve, execveat: the program's arguments into kernel memory, then exec.c. */
#include <linux/fcntl.h>

#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/exec.h"
#include "sys/syscall.h"

/* Reads the strings that a NULL-terminated array of pointers names. */
static int copy_strings(struct string_vec *vec, uaddr_t array, u64 limit)
{
	u64 pointer;
	int err;

	if (!array)
		return 0; /* as Linux: an empty list */
	for (u64 i = 0;; i++) {
		err = get_user(pointer, array + i * sizeof(u64));
		if (err)
			return err;
		if (!pointer)
			return 0;
		err = string_vec_add_user(vec, pointer);
		if (err)
			return err;
		if (vec->bytes + vec->count * sizeof(u64) > limit)
			return -E2BIG;
	}
}

static s64 exec_user(int dirfd, uaddr_t user_path, uaddr_t user_argv,
		     uaddr_t user_envp, u32 flags)
{
	struct string_vec argv = { 0 }, envp = { 0 };
	u64 limit = exec_strings_limit();
	char *path = getname(user_path);
	int err;

	if (IS_ERR(path))
		return PTR_ERR(path);
	err = path[0] == '\0' && !(flags & AT_EMPTY_PATH) ? -ENOENT : 0;
	if (!err)
		err = copy_strings(&argv, user_argv, limit);
	if (!err)
		err = copy_strings(&envp, user_envp, limit);
	if (!err)
		err = do_execve(dirfd, path, &argv, &envp, flags,
				&current_task()->tf);
	string_vec_free(&argv);
	string_vec_free(&envp);
	kfree(path);
	return err;
}

s64 sys_execve(const u64 arg[6])
{
	return exec_user(AT_FDCWD, arg[0], arg[1], arg[2], 0);
}

s64 sys_execveat(const u64 arg[6])
{
	u32 flags = (u32)arg[4];

	if (flags & ~(u32)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return exec_user((int)arg[0], arg[1], arg[2], arg[3], flags);
}
