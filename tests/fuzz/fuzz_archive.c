/*
 * Fuzzing of the archive readers (cpio, tar), with the path walk and ramfs below it: any
 * bytes are unpacked into an empty root, which is emptied afterwards. Beside what
 * the sanitizers see, it is a failure when memory is not given back, when an
 * error comes without a reason, or when a name leads out of the root.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/file_internal.h"
#include "fs/pseudo.h"
#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/task.h"
#include "../unit/fake_hal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_archive: %s\n", what);
	abort();
}

static void boot_once(void)
{
	/* Little RAM and core, so that running out of both is reached. */
	static const struct fake_config config = { .ram_bytes = 256 << 10,
						   .heap_bytes = 2 << 20 };
	static bool booted;

	if (booted)
		return;
	booted = true;
	fake_boot_mm(&config);
	proc_init();
	file_init();
	ramfs_init();
	require(vfs_init() == 0, "no root file system");
}

/* Every file below dir has contents as long as its size. */
static void check_tree(const struct dentry *dir)
{
	const struct dentry *d;

	list_for_each_entry(d, &dir->children, sibling) {
		require(d->inode, "a negative dentry stayed");
		require(d->pinned && !d->unlinked, "an entry is not linked");
		require(d->inode->nlink > 0, "a linked inode has no link count");
		require(d->inode->size <= 256 << 10, "a file is longer than RAM");
		check_tree(d);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct dentry *root;
	u64 frames, core;
	char why[120];
	int err;

	boot_once();
	root = mount_root()->root;
	frames = page_free_count();
	core = kmem_used_bytes();
	fake_archive(data, len_bytes);
	err = archive_unpack(why, sizeof(why));
	require(err <= 0, "a positive result");
	require(!err || why[0], "an error without a reason");
	check_tree(root);
	dentry_drop_tree(root);
	require(list_empty(&root->children), "the root is not empty");
	require(file_open_count() == 0, "a file stayed open");
	require(page_free_count() == frames, "frames were lost");
	require(kmem_used_bytes() == core, "kernel memory was lost");
	return 0;
}
