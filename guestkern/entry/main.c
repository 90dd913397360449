/*
 * Boot order, in one place and plain sight; and the machine's first process.
 *
 * Two ways to run: `lodger run` starts one program under a process 1 of the
 * kernel's own, which adopts and reaps orphans and switches the machine off
 * when the program ends; `lodger boot` makes the root's /sbin/init process 1.
 */
#include "dev/block.h"
#include "dev/chrdev.h"
#include "entry/entry.h"
#include "fs/file.h"
#include "fs/mqueue.h"
#include "fs/pseudo.h"
#include "fs/shm.h"
#include "fs/vfs.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vdso.h"
#include "proc/task.h"
#include "proc/wait_status.h"
#include "sys/coredump.h"
#include "sys/syscall.h"

#include <linux/fcntl.h>
#include <linux/wait.h>

static void boot_fail(int status, const char *fmt, ...) __printf(2, 3) __noreturn;
static void boot_fail(int status, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	vfs_shutdown();
	machine_halt(LODGER_HALT_BOOTFAIL, status, text);
}

/* --- the first program -------------------------------------------------------- */

static void vec_from_boot(struct string_vec *vec, u32 offset, u32 count)
{
	const char *text = boot_string(offset);
	u32 i;

	memset(vec, 0, sizeof(*vec));
	for (i = 0; i < count; i++) {
		if (string_vec_add(vec, text, strlen(text)))
			boot_fail(EXIT_LODGER, "no memory for the arguments");
		text += strlen(text) + 1;
	}
}

static const char *env_path(void)
{
	const char *text = boot_string(boot_info()->envp_off);
	u32 i;

	for (i = 0; i < boot_info()->envc; i++, text += strlen(text) + 1)
		if (strncmp(text, "PATH=", 5) == 0)
			return text + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* As execvp(3): a name without a slash is looked up along PATH. */
static int exec_along_path(const char *name, struct string_vec *argv,
			   struct string_vec *envp, struct trap_frame *tf)
{
	const char *dir = env_path();
	int err, best = -ENOENT;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/'))
		return do_execve(AT_FDCWD, name, argv, envp, 0, tf);
	for (;;) {
		const char *end = strchr(dir, ':');
		int len = end ? (int)(end - dir) : (int)strlen(dir);
		char *path = kmalloc((size_t)len + strlen(name) + 2);

		if (!path)
			return -ENOMEM;
		ksnprintf(path, (size_t)len + strlen(name) + 2, "%.*s%s%s", len,
			  dir, len ? "/" : "", name);
		err = do_execve(AT_FDCWD, path, argv, envp, 0, tf);
		kfree(path);
		if (!err || (err != -ENOENT && err != -ENOTDIR && err != -EACCES))
			return err;
		if (err == -EACCES)
			best = err;
		if (!end)
			return best;
		dir = end + 1;
	}
}

static const char *exec_error(int err)
{
	switch (err) {
	case -ENOENT: return "not found in the guest";
	case -EACCES: return "permission denied";
	case -ENOEXEC: return "not an x86-64 ELF program or script";
	case -ENOTDIR: return "a part of the path is not a directory";
	case -EISDIR: return "is a directory";
	case -ELOOP: return "too many levels of links or interpreters";
	case -ENOMEM: return "not enough guest memory; use a larger --mem";
	case -E2BIG: return "argument list too long";
	case -EINVAL: return "malformed ELF program";
	default: return NULL;
	}
}

static void exec_fail(const char *name, int err) __noreturn;
static void exec_fail(const char *name, int err)
{
	int status = EXIT_NOT_EXECUTABLE;

	if (err == -ENOENT || err == -ENOTDIR)
		status = EXIT_NOT_FOUND;
	else if (err == -ENOMEM)
		status = EXIT_LODGER;
	if (exec_error(err))
		boot_fail(status, "%s: %s", name, exec_error(err));
	boot_fail(status, "%s: cannot be executed (error %d)", name, -err);
}

static void enter_cwd(void)
{
	const char *cwd = boot_string(boot_info()->cwd_off);
	struct path path;
	int err;

	if (!*cwd)
		return;
	err = path_walk(AT_FDCWD, cwd, WALK_DIRECTORY, &path);
	if (err)
		boot_fail(EXIT_LODGER, "--cwd %s: no such directory in the guest",
			  cwd);
	path_put(&current_fs()->cwd);
	current_fs()->cwd = path;
}

/* The body of the first program's process: becomes the program. */
static void become_program(void *arg)
{
	const struct lodger_boot *boot = boot_info();
	const char *name = boot_string(boot->argv_off);
	struct task *task = current_task();
	struct string_vec argv, envp;
	int err;

	(void)arg;
	process_setsid(); /* its own session, so that it may own the terminal */
	if (stream_files_install())
		boot_fail(EXIT_LODGER, "no memory for the standard streams");
	enter_cwd();
	cred_init(&task->cred, boot->uid, boot->gid);
	vec_from_boot(&argv, boot->argv_off, boot->argc);
	vec_from_boot(&envp, boot->envp_off, boot->envc);
	task->tf.orig_rax = (u64)-1;
	err = exec_along_path(name, &argv, &envp, &task->tf);
	if (err)
		exec_fail(name, err);
	string_vec_free(&argv);
	string_vec_free(&envp);
	machine_mark(LODGER_MARK_PROGRAM);
	entry_return(&task->tf);
}

static void halt_with(s32 wait_status) __noreturn;
static void halt_with(s32 wait_status)
{
	int sig = WAIT_SIGNAL(wait_status);

	vfs_shutdown();
	dev_flush(); /* output that the host would not take yet */
	machine_halt(LODGER_HALT_EXIT, sig ? 128 + sig : WAIT_CODE(wait_status),
		     "");
}

/* Process 1 of `lodger run`: reaps until the program has ended. */
static void init_main(void *arg)
{
	struct wait_result res;
	struct task *program;
	s32 pid;

	(void)arg;
	program = kthread_create("program", become_program, NULL);
	if (IS_ERR(program))
		panic("cannot create the first process: %lld",
		      (long long)PTR_ERR(program));
	pid = program->tid; /* the task may be gone before the process is */
	for (;;)
		if (process_wait(P_ALL, 0, WEXITED, &res) == pid)
			halt_with(res.status);
}

/* --- boot --------------------------------------------------------------------- */

static void mount_at(const char *type, const char *target, u32 mode,
		     const char *options)
{
	int err = vfs_mkdir_path(target, mode);

	if (err && err != -EEXIST)
		boot_fail(EXIT_LODGER, "%s: cannot be created in the guest (error %d)",
			  target, -err);
	err = vfs_mount(type, type, target, 0, options);
	if (err)
		boot_fail(EXIT_LODGER, "%s: cannot mount %s (error %d)", target,
			  type, -err);
}

static const char *bind_error(int err)
{
	switch (err) {
	case -ENOTDIR: return "a directory of the host cannot be shown in the place of a file";
	case -EISDIR: return "a file of the host cannot be shown in the place of a directory";
	case -EROFS: return "is not there, and the guest's root is read-only";
	case -EACCES: return "the host denies access";
	default: return NULL;
	}
}

static void mount_binds(void)
{
	const struct lodger_boot *boot = boot_info();

	for (u32 i = 0; i < boot->bind_count && i < LODGER_MAX_BINDS; i++) {
		const char *target = boot_string(boot->bind[i].guest_off);
		u32 flags = boot->bind[i].flags;
		int err = 0;

		if (!(flags & (LODGER_BIND_ROOT | LODGER_BIND_OUTPUT)))
			err = hostfs_mount(i, target, flags & LODGER_BIND_FILE,
					   flags & LODGER_BIND_READ_ONLY);
		if (err && bind_error(err))
			boot_fail(EXIT_LODGER, "bind to %s: %s", target, bind_error(err));
		if (err)
			boot_fail(EXIT_LODGER, "bind to %s: cannot be mounted (error %d)",
				  target, -err);
	}
}

static void mount_all(void)
{
	const struct lodger_boot *boot = boot_info();
	char options[40];
	u32 i;

	mount_at("devtmpfs", "/dev", 0755, "");
	mount_at("devpts", "/dev/pts", 0755, "gid=5,mode=620,ptmxmode=666");
	mount_at("proc", "/proc", 0555, "");
	mount_at("sysfs", "/sys", 0555, "");
	mount_at("tmpfs", "/dev/shm", 01777, "");
	for (i = 0; i < boot->tmpfs_count && i < LODGER_MAX_TMPFS; i++) {
		options[0] = '\0';
		if (boot->tmpfs_bytes[i])
			ksnprintf(options, sizeof(options), "size=%llu",
				  (unsigned long long)boot->tmpfs_bytes[i]);
		mount_at("tmpfs", boot_string(boot->tmpfs_off[i]), 01777, options);
	}
	mount_binds();
}

static void mount_root(void)
{
	char why[120];
	int err = vfs_init();

	if (err && boot_info()->flags & LODGER_BOOT_ROOT_DISK)
		boot_fail(EXIT_LODGER, "root disk: cannot be mounted (error %d)", -err);
	if (err && vfs_root_is_host())
		boot_fail(EXIT_LODGER, "root directory: cannot be mounted (error %d)", -err);
	if (err)
		boot_fail(EXIT_LODGER, "no memory for the root file system");
	if (boot_info()->flags & LODGER_BOOT_ROOT_DISK ||
	    (vfs_root_is_host() && !boot_info()->root_bytes))
		return;
	if (archive_unpack(why, sizeof(why)))
		boot_fail(EXIT_LODGER, "%s: %s",
			  vfs_root_is_host() ? "overlay-in" : "root archive", why);
}

static void irq_timer(void)
{
	sched_tick();
}

static void ipc_space_end(struct ipc_space *space)
{
	shm_space_end(space);
	mqueue_space_end(space);
}

void kernel_main(void)
{
	cpu_set_trap_upcall(trap_upcall);
	irq_set_handler(IRQ_TIMER, irq_timer);
	irq_set_handler(IRQ_IO, dev_irq_io);
	irq_set_handler(IRQ_WINCH, dev_irq_winch);

	kmem_init();
	if (page_init(boot_info()->ram_bytes))
		boot_fail(EXIT_LODGER, "guest RAM is too large for the kernel's core");
	mm_init();
	if (vdso_init())
		boot_fail(EXIT_LODGER, "no memory for the vDSO; use a larger --mem");
	proc_init();
	proc_set_user_return(entry_return);
	proc_set_shutdown(vfs_shutdown);
	proc_set_core_dumper(coredump);
	file_init();
	ramfs_init();
	devfs_init();
	ext2_init();
	devpts_init();
	mqueue_init();
	ipc_set_space_end(ipc_space_end);
	procfs_init();
	sysfs_init();
	dev_init();
	blkdev_init();
	mount_root();
	mount_all();
	if (boot_info()->flags & LODGER_BOOT_INIT)
		kthread_create("init", become_program, NULL);
	else
		kthread_create("init", init_main, NULL);
	sched_idle_loop();
}
