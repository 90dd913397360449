/* Mounts by descriptors (fsopen, fsconfig, fsmount, fspick, open_tree, move_mount). */
#ifndef FS_MOUNT_FD_H
#define FS_MOUNT_FD_H

#include "lib/types.h"

struct file;
struct fs_type;
struct path;

/* A file system that is to be made, and one that is there and to be changed: a
 * description, or ERR_PTR(-ENOMEM, -ENFILE). path is the root of a mount. */
struct file *fs_setup_open(const struct fs_type *type);
struct file *fs_setup_pick(const struct path *path);
/* Does f come from those? */
bool fs_setup_is(const struct file *f);
/* FSCONFIG_SET_FLAG (value NULL) and FSCONFIG_SET_STRING: 0, -EINVAL, -EBUSY, -ENOMEM. */
int fs_setup_option(struct file *f, const char *key, const char *value);
/* FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE: -EBUSY, or what the file system says. */
int fs_setup_create(struct file *f);
int fs_setup_change(struct file *f);
/* fsmount(2): what was made as a mount that hangs nowhere, in a description of its root
 * (O_PATH), whose end is its own if nobody has hung it somewhere. flags: MS_*.
 * ERR_PTR(-EINVAL, -EBUSY, -ENOMEM). */
struct file *fs_setup_mount(struct file *f, u32 flags);
/* open_tree(2) with OPEN_TREE_CLONE. */
struct file *mount_open_clone(const struct path *path, bool recursive);

#endif
