/*
 * Mounting in steps, each by a descriptor: a file system is set up (fsopen, fsconfig), becomes
 * a mount that hangs nowhere (fsmount; open_tree copies one so), and is hung somewhere
 * (move_mount, which is mount_tree.c's mount_move).
 *
 * Owns struct fs_setup and floating mounts: such a mount is in the list of mounts without
 * a parent, and its description ends it with release unless it has been moved by then.
 * Options are kept as text and judged by the file system when it is made, as those of a
 * "legacy" file system on Linux.
 */
#include "fs/mount_fd.h"

#include <linux/fcntl.h>
#include <linux/mount.h>

#include "fs/file_internal.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"

enum setup_phase {
	SETUP_OPTIONS,	/* of one that is to be made */
	SETUP_MADE,	/* waits for fsmount */
	SETUP_MOUNTED,	/* may be changed */
	SETUP_FAILED,
};

struct fs_setup {
	const struct fs_type *type;
	enum setup_phase phase;
	u32 flags;	       /* MS_* of the file system */
	char *source;	       /* NULL: none yet */
	char *options;	       /* "a,b=c": a page */
	struct super_block *sb; /* referenced, or NULL */
};

static const struct file_ops setup_ops;

static void setup_free(struct fs_setup *s)
{
	if (s->sb)
		super_put(s->sb);
	kfree(s->source);
	kfree(s->options);
	kfree(s);
}

static void setup_release(struct file *f)
{
	setup_free(f->private);
}

/* Messages of what went wrong: none are kept. */
static s64 setup_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	(void)f;
	(void)buf;
	(void)pos;
	return -ENODATA;
}

static const struct file_ops setup_ops = {
	.anon_name = "[fscontext]",
	.read = setup_read,
	.lseek = file_noop_lseek,
	.release = setup_release,
};

bool fs_setup_is(const struct file *f)
{
	return f->ops == &setup_ops;
}

static struct file *setup_create(const struct fs_setup *from)
{
	struct fs_setup *s = kmalloc(sizeof(*s));
	struct file *f;

	if (!s)
		return ERR_PTR(-ENOMEM);
	*s = *from;
	s->options = kzalloc(PAGE_SIZE);
	if (s->sb)
		s->sb->refs++;
	f = s->options ? file_create_object(&setup_ops, O_RDWR, s) : ERR_PTR(-ENOMEM);
	if (IS_ERR(f))
		setup_free(s);
	return f;
}

struct file *fs_setup_open(const struct fs_type *type)
{
	return setup_create(&(struct fs_setup){ .type = type, .phase = SETUP_OPTIONS });
}

struct file *fs_setup_pick(const struct path *path)
{
	struct super_block *sb = path->mnt->sb;

	return setup_create(&(struct fs_setup){ .phase = SETUP_MOUNTED,
						.flags = sb->read_only ? MS_RDONLY : 0,
						.sb = sb });
}

/* --- options ------------------------------------------------------------------------------ */

/* Those of every file system; true: it was one. */
static bool common_flag(struct fs_setup *s, const char *key)
{
	static const struct {
		const char *name;
		u32 set, clear;
	} flags[] = {
		{ "ro", MS_RDONLY, 0 },	    { "rw", 0, MS_RDONLY },
		{ "sync", 0, 0 },	    { "async", 0, 0 },
		{ "dirsync", 0, 0 },	    { "lazytime", 0, 0 },
		{ "nolazytime", 0, 0 },	    { "mand", 0, 0 },
		{ "nomand", 0, 0 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
		if (strcmp(flags[i].name, key) != 0)
			continue;
		s->flags = (s->flags | flags[i].set) & ~flags[i].clear;
		return true;
	}
	return false;
}

static int set_source(struct fs_setup *s, const char *value)
{
	if (!value || s->source)
		return -EINVAL;
	s->source = kstrdup(value);
	return s->source ? 0 : -ENOMEM;
}

static int add_option(struct fs_setup *s, const char *key, const char *value)
{
	size_t used = strlen(s->options), key_len = strlen(key);
	size_t value_len = value ? strlen(value) + 1 : 0;

	if (strchr(key, ',') || (value && strchr(value, ',')) ||
	    used + 1 + key_len + value_len > PAGE_SIZE - 2)
		return -EINVAL;
	if (used)
		s->options[used++] = ',';
	memcpy(s->options + used, key, key_len);
	used += key_len;
	if (!value)
		return 0;
	s->options[used++] = '=';
	memcpy(s->options + used, value, value_len - 1);
	return 0;
}

int fs_setup_option(struct file *f, const char *key, const char *value)
{
	struct fs_setup *s = f->private;

	if (s->phase != SETUP_OPTIONS && s->phase != SETUP_MOUNTED)
		return -EBUSY;
	if (!value && common_flag(s, key))
		return 0;
	if (strcmp(key, "source") == 0)
		return set_source(s, value);
	return add_option(s, key, value);
}

int fs_setup_create(struct file *f)
{
	struct fs_setup *s = f->private;
	struct super_block *sb;

	if (s->phase != SETUP_OPTIONS)
		return -EBUSY;
	s->phase = SETUP_FAILED;
	sb = super_for(s->type, s->source, s->flags, s->options);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	s->sb = sb;
	s->phase = SETUP_MADE;
	return 0;
}

int fs_setup_change(struct file *f)
{
	struct fs_setup *s = f->private;
	int err;

	if (s->phase != SETUP_MOUNTED)
		return -EBUSY;
	err = super_remount(s->sb, s->flags & MS_RDONLY);
	if (err)
		s->phase = SETUP_FAILED;
	s->options[0] = '\0';
	return err;
}

/* --- mounts that hang nowhere -------------------------------------------------------------- */

static void floating_release(struct file *f)
{
	if (f->mnt->floating)
		mount_drop_tree(f->mnt);
}

static const struct file_ops floating_ops = {
	.release = floating_release,
};

/* Takes over mnt. */
static struct file *floating_open(struct mount *mnt)
{
	const struct path path = { mnt, mnt->root };
	struct file *f = file_open_path(&path, O_PATH);

	if (IS_ERR(f))
		mount_drop_tree(mnt);
	else
		f->ops = &floating_ops;
	return f;
}

struct file *fs_setup_mount(struct file *f, u32 flags)
{
	struct fs_setup *s = f->private;
	struct mount *mnt;

	if (!s->sb)
		return ERR_PTR(-EINVAL);
	if (s->phase != SETUP_MADE)
		return ERR_PTR(-EBUSY);
	s->sb->refs++;
	mnt = mount_apart(s->sb, s->sb->root, s->source, flags | (s->flags & MS_RDONLY));
	if (!mnt)
		return ERR_PTR(-ENOMEM);
	mnt->floating = true;
	s->phase = SETUP_MOUNTED;
	s->options[0] = '\0';
	return floating_open(mnt);
}

struct file *mount_open_clone(const struct path *path, bool recursive)
{
	struct mount *mnt = mount_clone(path, recursive);

	return IS_ERR(mnt) ? ERR_PTR(PTR_ERR(mnt)) : floating_open(mnt);
}
