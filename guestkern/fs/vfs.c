/* Start of the VFS: the root file system, and directories made at boot. */
#include "fs/vfs.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

#include "dev/block.h"
#include "fs/diskfile.h"
#include "fs/hostfs.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/timer.h"

/* The file system on the first disk. */
static int init_root_disk(void)
{
	struct blkdev *dev = blkdev_at(0);
	struct super_block *sb;
	char name[16];

	if (!dev)
		return -ENXIO;
	sb = super_of_disk(fs_find_type("ext2"), dev, dev->read_only, "");
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	ksnprintf(name, sizeof(name), "/dev/%s", dev->name);
	return mount_init_root(sb, name, dev->read_only ? MS_RDONLY : 0);
}

/* A directory of the host as root, changed in memory only; or NULL. */
static struct super_block *root_sb;

/* A directory of the host. */
static int init_root_host(void)
{
	bool private = boot_info()->bind[0].flags & LODGER_BIND_PRIVATE;
	struct super_block *sb = hostfs_create(0, false, private);

	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	root_sb = private ? sb : NULL;
	return mount_init_root(sb, "hostfs", 0);
}

bool vfs_root_is_host(void)
{
	return boot_info()->bind_count && boot_info()->bind[0].flags & LODGER_BIND_ROOT;
}

int vfs_init(void)
{
	struct super_block *sb;

	dentry_table_init();
	if (boot_info()->flags & LODGER_BOOT_ROOT_DISK)
		return init_root_disk();
	if (vfs_root_is_host())
		return init_root_host();
	/* No limit of its own: it holds what the machine was given to start. */
	sb = ramfs_create("ramfs", "", false);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	return mount_init_root(sb, "root", 0);
}

/* --- writing back ---------------------------------------------------------------- */

#define WRITE_BACK_NS (5 * NS_PER_SEC) /* what is older is on its way to the disk */
#define ROOM_NS (2 * NS_PER_MS)	       /* when to try again what there was no room for */

/* From the timer interrupt, which never comes in the middle of an operation: none
 * of a disk's file system sleeps. Without waiting for the host's disk: what cannot
 * be begun now is begun by and by. */
static void write_back_rest(struct timer *timer)
{
	if (!diskfile_write_all() && !timer->active)
		timer_start(timer, clock_mono_ns() + ROOM_NS);
}

static void write_back_all(struct timer *timer)
{
	static struct timer rest = { .fn = write_back_rest };

	(void)timer;
	write_back_rest(&rest);
	for (struct mount *m = mount_first(); m; m = mount_next(m)) {
		if (m->sb->ops && m->sb->ops->write_back)
			m->sb->ops->write_back(m->sb);
	}
}

void vfs_write_back_later(void)
{
	static struct timer timer = { .fn = write_back_all };

	if (!timer.active)
		timer_start(&timer, clock_mono_ns() + WRITE_BACK_NS);
}

/* Sleeps, so the file system is held. */
static void sync_disk(struct blkdev *dev)
{
	struct super_block *sb = dev->super;

	if (!sb || !sb->ops->sync)
		return;
	sb->refs++;
	sb->ops->sync(sb);
	super_put(sb);
}

void vfs_sync(void)
{
	struct blkdev *dev;

	for (struct mount *m = mount_first(); m; m = mount_next(m)) {
		if (m->sb->ops && m->sb->ops->sync && !blkdev_find(m->sb->device))
			m->sb->ops->sync(m->sb);
	}
	for (u32 i = 0; (dev = blkdev_at(i)); i++)
		sync_disk(dev);
}

static const char *layer_error(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EDQUOT: return "no space left on the host";
	case -EFBIG: return "too large for the host";
	case -EPIPE: return "nobody reads the pipe";
	case -ENOMEM: return "not enough guest memory; use a larger --mem";
	case -EACCES: return "a file of the host that was moved cannot be read";
	default: return NULL;
	}
}

/* What changed over a root that is only read, where somebody wants it. Without it the
 * machine has not ended well. */
static void write_layer(void)
{
	const struct lodger_boot *boot = boot_info();
	char text[80];

	for (u32 i = 0; i < boot->bind_count && i < LODGER_MAX_BINDS; i++) {
		int err = boot->bind[i].flags & LODGER_BIND_OUTPUT && root_sb ?
				  hostfs_write_layer(root_sb, i) : 0;

		if (!err)
			continue;
		if (layer_error(err))
			ksnprintf(text, sizeof(text), "overlay-out: %s", layer_error(err));
		else
			ksnprintf(text, sizeof(text), "overlay-out: cannot be written (error %d)",
				  -err);
		machine_halt(LODGER_HALT_BOOTFAIL, EXIT_LODGER, text);
	}
}

void vfs_shutdown(void)
{
	for (struct mount *m = mount_first(); m; m = mount_next(m)) {
		if (m->sb->ops && m->sb->ops->shutdown)
			m->sb->ops->shutdown(m->sb);
	}
	write_layer();
	blkdev_shutdown();
}

int vfs_mkdir_path(const char *path, u32 mode)
{
	char *name = kstrdup(path), *slash;
	int err = 0;

	if (!name)
		return -ENOMEM;
	for (slash = strchr(name + 1, '/'); slash && slash[1] && !err;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		err = name_mkdir(AT_FDCWD, name, 0755);
		if (err == -EEXIST)
			err = 0;
		*slash = '/';
	}
	if (!err)
		err = name_mkdir(AT_FDCWD, name, mode);
	kfree(name);
	return err;
}
