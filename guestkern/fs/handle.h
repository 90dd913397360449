/* Files by a number that outlives their names (name_to_handle_at(2)): on file systems
 * whose super block has_handles. */
#ifndef FS_HANDLE_H
#define FS_HANDLE_H

#include "lib/types.h"

struct dentry;
struct inode;
struct super_block;

/* What stands behind struct file_handle, as Linux's tmpfs has it. */
#define HANDLE_TYPE 1
struct handle {
	u32 generation, ino_low, ino_high;
};

/* The handle of inode. */
void handle_make(const struct inode *inode, struct handle *handle);
/* A name of the file in sb, referenced; ERR_PTR(-ESTALE): there is none any more. */
struct dentry *handle_find(struct super_block *sb, const struct handle *handle);

#endif
