/*
 * execve: the course of it. Everything that can fail for reasons of the caller's
 * is done while the old program is whole: opening, following "#!", reading
 * headers, credentials, building the new address space. Then the point of no
 * return: other threads end, the new space is installed; what fails after that
 * (guest RAM used up) kills the process.
 */
#include "sys/exec.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "fs/xattr.h"
#include "hal/cpu.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/signal.h"
#include "proc/task.h"

#define SIGSEGV_ 11 /* asm/signal.h clashes with proc/signal.h's names */
#define STRINGS_BYTES_MAX (6 << 20) /* Linux: 3/4 of _STK_LIM */
#define TF_RFLAGS_START 0x202	    /* IF and the bit that is always set */

/* --- limits ------------------------------------------------------------------------- */

u64 exec_strings_limit(void)
{
	u64 limit = current_process()->rlim[RLIMIT_STACK].cur / 4;

	limit = MIN(limit, (u64)STRINGS_BYTES_MAX);
	limit = MAX(limit, (u64)ARG_MAX);
	/* They pass through kernel memory. */
	return MIN(limit, kmem_total_bytes() / 2);
}

static int check_strings(const struct exec *ex)
{
	u64 pointers = (u64)(ex->argv->count + ex->envp->count) * sizeof(u64);
	u64 bytes = ex->argv->bytes + ex->envp->bytes + ex->prefix.bytes;

	return bytes + pointers > exec_strings_limit() ? -E2BIG : 0;
}

/* --- credentials ---------------------------------------------------------------------- */

/* set-user-ID and set-group-ID of the file that is loaded (a script's are
 * ignored, its interpreter's count). */
static void cred_apply_file(struct exec *ex)
{
	const struct inode *inode = ex->program.file->inode;

	if (ex->program.file->mnt && ex->program.file->mnt->flags & MS_NOSUID)
		return;
	if (ex->cred.no_new_privs)
		return;
	if (inode->mode & S_ISUID)
		ex->cred.euid = inode->uid;
	if ((inode->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		ex->cred.egid = inode->gid;
}

static int cred_prepare(struct exec *ex)
{
	const struct file *f = ex->program.file;
	struct cred *cred = &ex->cred;
	struct cred_file_caps caps = { .present = false };
	int err;

	*cred = current_task()->cred;
	cred_apply_file(ex);
	if (!(f->mnt && f->mnt->flags & MS_NOSUID))
		xattr_file_caps(f->inode, &caps);
	err = cred_exec(cred, &current_task()->cred, &caps, &ex->secure);
	ex->hidden = inode_permission(f->inode, 4) != 0;
	return err;
}

/* --- what is to run -------------------------------------------------------------------- */

/* The name that the program is told: the path, or that of the descriptor. */
static char *exec_name(int dirfd, const char *path)
{
	size_t size = strlen(path) + 32;
	char *name;

	if (dirfd == AT_FDCWD || path[0] == '/')
		return kstrdup(path);
	name = kmalloc(size);
	if (name)
		ksnprintf(name, size, path[0] ? "/dev/fd/%d/%s" : "/dev/fd/%d%s",
			  dirfd, path);
	return name;
}

static int open_program(struct exec *ex, int dirfd, const char *path, u32 walk)
{
	struct file *f = exec_open(dirfd, path, walk);

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	ex->program.file = f;
	return exec_head_read(ex, &ex->program);
}

/* Follows "#!" until there is a file of another kind. */
static int resolve_scripts(struct exec *ex)
{
	int err;

	while (ex->head[0] == '#' && ex->head[1] == '!') {
		if (ex->script_depth++ >= SCRIPT_DEPTH_MAX)
			return -ELOOP;
		err = exec_script_rewrite(ex);
		if (err)
			return err;
		exec_binary_drop(&ex->program);
		err = open_program(ex, AT_FDCWD, ex->interp_path, 0);
		if (err)
			return err;
	}
	return 0;
}

static int exec_prepare(struct exec *ex, int dirfd, const char *path, u32 walk)
{
	int err;

	ex->path = exec_name(dirfd, path);
	if (!ex->path)
		return -ENOMEM;
	ex->interp_path = ex->path;
	err = open_program(ex, dirfd, path, walk);
	if (!err)
		err = resolve_scripts(ex);
	if (!err)
		err = exec_elf_read(ex, &ex->program);
	if (!err)
		err = exec_elf_open_interp(ex);
	if (!err && ex->argv->count == 0 && ex->prefix.count == 0)
		err = string_vec_add(ex->argv, "", 0);
	if (!err)
		err = check_strings(ex);
	if (!err)
		err = cred_prepare(ex);
	if (!err)
		err = exec_elf_build(ex);
	return err;
}

static void exec_free(struct exec *ex)
{
	exec_binary_drop(&ex->program);
	exec_binary_drop(&ex->interp);
	string_vec_free(&ex->prefix);
	if (ex->interp_path != ex->path)
		kfree(ex->interp_path);
	kfree(ex->path);
	if (ex->mm)
		mm_put(ex->mm);
	kfree(ex);
}

/* --- the point of no return ------------------------------------------------------------- */

/* Absolute name of the program for /proc/PID/exe, kmalloc'd, or NULL. */
static char *exe_name(const struct exec *ex)
{
	struct path path = { ex->program.file->mnt, ex->program.file->dentry };
	char *page = kpages_alloc(0);
	char *name, *copy = NULL;

	if (!page)
		return NULL;
	name = path_name(&path, page, PAGE_SIZE);
	if (!IS_ERR(name))
		copy = kstrdup(name);
	kpages_free(page, 0);
	return copy;
}

static void comm_from_path(char comm[TASK_COMM_LEN], const char *path)
{
	const char *slash = strrchr(path, '/');

	memset(comm, 0, TASK_COMM_LEN);
	str_copy(comm, slash ? slash + 1 : path, TASK_COMM_LEN);
}

static void reset_registers(struct trap_frame *tf, const struct exec *ex)
{
	memset(tf, 0, sizeof(*tf));
	tf->rip = ex->entry;
	tf->rsp = ex->rsp;
	tf->cs = TRAP_USER_CS;
	tf->rflags = TF_RFLAGS_START;
	tf->orig_rax = (u64)-1; /* nothing to restart */
	tf->kind = TRAP_SYSCALL;
}

static void reset_task(struct task *t, const struct exec *ex)
{
	t->cred = ex->cred;
	task_keys_exec(t);
	t->altstack_sp = 0;
	t->altstack_size = 0;
	t->altstack_flags = 0;
	if (ex->secure)
		t->pdeath_signal = 0;
	t->proc->dumpable = !ex->secure && !ex->hidden;
	t->proc->did_exec = true;
	cpu_user_init(&t->user, t->user.xstate);
}

static int exec_commit(struct exec *ex, struct trap_frame *tf)
{
	struct mm *mm = ex->mm;
	char comm[TASK_COMM_LEN];
	int err;

	comm_from_path(comm, ex->path);
	err = process_exec_begin();
	if (err)
		return err;
	ex->mm = NULL;
	process_exec_commit(mm, comm, exe_name(ex));
	ex->mm = mm; /* the process holds it now; ours no more to put */
	reset_task(current_task(), ex);
	err = exec_elf_clear_tails(ex);
	if (!err)
		err = exec_stack_write(ex);
	ex->mm = NULL;
	if (err) {
		signal_kill_current(SIGSEGV_, "exec: no memory for the new program");
		return err;
	}
	reset_registers(tf, ex);
	counters()->execs++;
	return 0;
}

int do_execve(int dirfd, const char *path, struct string_vec *argv,
	      struct string_vec *envp, u32 flags, struct trap_frame *tf)
{
	u32 walk = (flags & AT_SYMLINK_NOFOLLOW ? WALK_NOFOLLOW : 0) |
		   (flags & AT_EMPTY_PATH ? WALK_EMPTY : 0);
	struct exec *ex;
	int err;

	ex = kzalloc(sizeof(*ex));
	if (!ex)
		return -ENOMEM;
	ex->argv = argv;
	ex->envp = envp;
	err = exec_prepare(ex, dirfd, path, walk);
	if (!err)
		err = exec_commit(ex, tf);
	exec_free(ex);
	return err;
}
