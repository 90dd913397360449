// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The device: one open descriptor is one machine. Owns machines' lives; what
 * happens in one is in regs.c and hooks.c.
 *
 * Opening takes CAP_SYS_ADMIN; the descriptor may be handed on to whom an
 * administrator trusts with it. Closing the last descriptor kills a task that
 * is attached: USER state without the module would be a guest program loose on
 * the host.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "machine.h"

static struct workqueue_struct *graveyard;

/* ---- References ----------------------------------------------------------------- */

static void machine_free(struct work_struct *work)
{
	struct machine *m = container_of(work, struct machine, free);

	if (m->protection)
		m->protection->end(m);
	space_end(m);
	if (m->run_page)
		unpin_user_page(m->run_page);
	if (m->home)
		mmdrop(m->home);
	if (m->task)
		put_task_struct(m->task);
	synchronize_rcu(); /* hooks.c looks through its table without a lock */
	kfree(m);
	module_put(THIS_MODULE);
}

struct machine *machine_get(struct machine *m)
{
	refcount_inc(&m->refs);
	return m;
}

void machine_put(struct machine *m)
{
	if (refcount_dec_and_test(&m->refs))
		queue_work(graveyard, &m->free);
}

/* ---- ATTACH ----------------------------------------------------------------------- */

static bool is_aligned(u64 value)
{
	return !(value & ~PMD_MASK);
}

#ifdef CONFIG_RSEQ
static bool uses_rseq(void)
{
	return current->rseq;
}
#else
static bool uses_rseq(void)
{
	return false;
}
#endif

static int check_attach(const struct lodger_kmod_attach *args)
{
	if (args->version != LODGER_KMOD_VERSION ||
	    args->hide > LODGER_KMOD_HIDE_MM || args->run & ~PAGE_MASK ||
	    args->run >= TASK_SIZE_MAX)
		return -EINVAL;
	if (!is_aligned(args->hide_start) || !is_aligned(args->hide_end) ||
	    args->hide_start > args->hide_end ||
	    args->hide_end > TASK_SIZE_MAX ||
	    args->hide_end - args->hide_start > LODGER_KMOD_HIDE_MAX)
		return -EINVAL;
	if (args->hide != LODGER_KMOD_HIDE_NOT &&
	    args->hide_start == args->hide_end)
		return -EINVAL;
	if (current->flags & PF_KTHREAD || !current->mm || current->ptrace ||
	    test_thread_flag(TIF_ADDR32))
		return -EPERM;
	/* the host writes there while the task is in a view, which lacks it */
	if (args->hide == LODGER_KMOD_HIDE_MM && uses_rseq())
		return -EBUSY;
	return machine_is_alone() ? 0 : -EBUSY;
}

static const struct protection *protection_of(u32 hide)
{
	switch ((enum lodger_kmod_hide)hide) {
	case LODGER_KMOD_HIDE_US:
		return &protection_us;
	case LODGER_KMOD_HIDE_MM:
		return &protection_mm;
	case LODGER_KMOD_HIDE_NOT:
		break;
	}
	return NULL;
}

/* The rest, with m->lock held and nothing attached. What it leaves in m is undone
 * by attach_undo or, in the end, by machine_free. */
static int attach_task(struct machine *m, const struct lodger_kmod_attach *args)
{
	int err = pin_user_pages_fast(args->run, 1, FOLL_WRITE | FOLL_LONGTERM,
				      &m->run_page);

	if (err != 1) {
		m->run_page = NULL;
		return err < 0 ? err : -EFAULT;
	}
	m->run = page_address(m->run_page);
	m->hide_start = args->hide_start;
	m->hide_end = args->hide_end;
	m->home = current->mm;
	mmgrab(m->home);
	m->owner = current_euid();
	m->task = get_task_struct(current);
	m->protection = protection_of(args->hide);
	err = m->protection ? m->protection->begin(m) : 0;
	return err ? err : hooks_adopt(m);
}

static void attach_undo(struct machine *m)
{
	if (m->protection)
		m->protection->end(m);
	m->protection = NULL;
	space_end(m);
	if (m->task)
		put_task_struct(m->task);
	m->task = NULL;
	if (m->home)
		mmdrop(m->home);
	m->home = NULL;
	if (m->run_page)
		unpin_user_page(m->run_page);
	m->run_page = NULL;
}

static long attach(struct machine *m, const void __user *arg)
{
	struct lodger_kmod_attach args;
	int err;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	err = check_attach(&args);
	if (err)
		return err;
	mutex_lock(&m->lock);
	if (m->task || hooks_current()) {
		err = -EBUSY;
	} else {
		err = attach_task(m, &args);
		if (err)
			attach_undo(m);
	}
	mutex_unlock(&m->lock);
	return err;
}

/* ---- The descriptor ------------------------------------------------------------------ */

static int device_open(struct inode *inode, struct file *file)
{
	struct machine *m;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m)
		return -ENOMEM;
	refcount_set(&m->refs, 1);
	mutex_init(&m->lock);
	INIT_WORK(&m->free, machine_free);
	__module_get(THIS_MODULE); /* until machine_free has run */
	file->private_data = m;
	return nonseekable_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct machine *m = file->private_data;

	/* the task alone changes its state; it cannot outlive this */
	if (m->task && refcount_read(&m->refs) > 1)
		send_sig(SIGKILL, m->task, 1);
	machine_put(m);
	return 0;
}

static long device_ioctl(struct file *file, unsigned int request,
			 unsigned long arg)
{
	struct machine *m = file->private_data;

	switch (request) {
	case LODGER_KMOD_GET_VERSION:
		return LODGER_KMOD_VERSION;
	case LODGER_KMOD_ATTACH:
		return attach(m, (const void __user *)arg);
	case LODGER_KMOD_REGISTER:
		return space_register(m, arg);
	default:
		return -ENOTTY;
	}
}

static ssize_t device_read(struct file *file, char __user *to, size_t bytes,
			   loff_t *offset)
{
	struct machine *m = file->private_data;
	struct lodger_kmod_counters count = m->count;

	bytes = min(bytes, sizeof(count));
	return copy_to_user(to, &count, bytes) ? -EFAULT : (ssize_t)bytes;
}

static const struct file_operations device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.unlocked_ioctl = device_ioctl,
	.read = device_read,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lodger",
	.mode = 0600,
	.fops = &device_operations,
};

/* ---- Loading and unloading ----------------------------------------------------------- */

static int __init lodger_init(void)
{
	int err = -ENOMEM;

	graveyard = alloc_workqueue("lodger", 0, 0);
	if (!graveyard)
		return err;
	err = space_install();
	if (err)
		goto out_workqueue;
	err = protection_us_install();
	if (err)
		goto out_workqueue;
	err = hooks_install();
	if (err)
		goto out_protection;
	err = misc_register(&device);
	if (err)
		goto out_hooks;
	return 0;

out_hooks:
	hooks_remove();
out_protection:
	protection_us_remove();
out_workqueue:
	destroy_workqueue(graveyard);
	return err;
}

/* There is no machine any more: each holds a reference to the module. */
static void __exit lodger_exit(void)
{
	misc_deregister(&device);
	hooks_remove();
	protection_us_remove();
	destroy_workqueue(graveyard);
}

module_init(lodger_init);
module_exit(lodger_exit);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_DESCRIPTION("Lodger: system-call interception, protection and address spaces for guest machines");
