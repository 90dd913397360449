/* The flags of mounts after they were made: mount_setattr(2). */
#include <linux/mount.h>

#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "proc/task.h"

/* Is m to be changed when top is? */
static bool is_meant(const struct mount *m, const struct mount *top, bool recursive)
{
	while (recursive && m && m != top)
		m = m->parent;
	return m == top;
}

int mount_change_flags(const struct path *path, bool recursive, u32 set, u32 clear)
{
	struct mount *top = path->mnt, *m;

	if (path->dentry != top->root ||
	    (!top->floating && !mount_is_seen(top, current_process())))
		return -EINVAL;
	for (m = mount_first(); m; m = mount_next(m)) {
		if (is_meant(m, top, recursive) && set & MS_RDONLY && m->writers)
			return -EBUSY;
	}
	for (m = mount_first(); m; m = mount_next(m)) {
		if (is_meant(m, top, recursive))
			m->flags = (m->flags & ~clear) | set;
	}
	return 0;
}
