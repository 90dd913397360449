/*
 * Mount name spaces: whose tree of mounts is whose. A new one is a copy of the
 * creator's, as a recursive bind mount would make it; nothing that is mounted in one
 * later shows in another (every mount is private).
 *
 * Owns struct mount_space. Invariant: its root is in the list of mounts and has no
 * parent.
 */
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/task.h"
#include "proc/uts.h"

struct mount_space {
	u32 refs, number;
	struct mount *root;
};

struct mount **mount_space_root(void *space)
{
	return space ? &((struct mount_space *)space)->root : NULL;
}

static struct mount *root_of(const struct process *p)
{
	const struct mount_space *space = p->res.mounts;

	return space ? space->root : mount_root();
}

/* To the same place in the copy, if its mount has one. */
static void follow_copy(struct path *path)
{
	struct mount *copy = path->mnt->copy, *old = path->mnt;

	if (!copy || copy == old)
		return;
	mount_get(copy);
	path->mnt = copy;
	mount_put(old);
}

struct mount_space *mount_space_copy(struct fs_context *fs)
{
	struct mount *root = root_of(current_process());
	const struct path source = { root, root->root };
	struct mount_space *space = kmalloc(sizeof(*space));
	int err;

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->refs = 1;
	space->number = space_number_new();
	space->root = mount_copy_root(root, root->root);
	if (!space->root) {
		kfree(space);
		return ERR_PTR(-ENOMEM);
	}
	err = mount_copy_below(&source, space->root);
	if (!err) {
		follow_copy(&fs->root);
		follow_copy(&fs->cwd);
	}
	mount_forget_copies();
	if (err) {
		mount_space_put(space);
		return ERR_PTR(err);
	}
	return space;
}

u32 mount_space_number(const struct mount_space *space)
{
	return space->number;
}

void mount_space_enter(struct fs_context *fs)
{
	struct mount *root = root_of(current_process());
	struct path top = { root, root->root };

	path_get(&top);
	mount_cross_down(&top);
	path_put(&fs->root);
	path_put(&fs->cwd);
	fs->root = fs->cwd = top;
	path_get(&top);
}

void mount_space_get(struct mount_space *space)
{
	if (space)
		space->refs++;
}

void mount_space_put(struct mount_space *space)
{
	if (!space || --space->refs)
		return;
	mount_drop_tree(space->root);
	kfree(space);
}

bool mount_is_seen(const struct mount *m, const struct process *p)
{
	while (m->parent)
		m = m->parent;
	return m == root_of(p);
}

u32 mount_space_events(const struct process *p)
{
	return root_of(p)->events;
}
