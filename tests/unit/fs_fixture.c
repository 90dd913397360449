/* See fs_fixture.h. */
#include <check.h>
#include <fcntl.h>
#include <string.h>

#include "fake_hal.h"
#include "fs/file_internal.h"
#include "fs/namei.h"
#include "fs/pseudo.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "proc/task.h"

void fs_boot(u64 ram_bytes)
{
	struct fake_config config = { .ram_bytes = ram_bytes };

	fake_boot_mm(&config);
	proc_init();
	file_init();
	ramfs_init();
	ck_assert_int_eq(vfs_init(), 0);
}

struct fs_use fs_use_now(void)
{
	return (struct fs_use){ page_total_count() - page_free_count(), kmem_used_bytes(),
				file_open_count() };
}

void fs_check_use(const struct fs_use *before)
{
	struct fs_use now = fs_use_now();

	ck_assert_uint_eq(now.files, before->files);
	ck_assert_uint_eq(now.frames, before->frames);
	ck_assert_uint_eq(now.core_bytes, before->core_bytes);
}

void fs_mkdir(const char *name)
{
	ck_assert_int_eq(name_mkdir(AT_FDCWD, name, 0755), 0);
}

void fs_symlink(const char *to, const char *name)
{
	ck_assert_int_eq(name_symlink(to, AT_FDCWD, name), 0);
}

struct file *fs_open(const char *name, u32 flags)
{
	struct file *f = file_open(AT_FDCWD, name, flags, 0644, 0);

	ck_assert_msg(!IS_ERR(f), "open %s: %ld", name, (long)PTR_ERR(f));
	return f;
}

int fs_open_errno(const char *name, u32 flags)
{
	struct file *f = file_open(AT_FDCWD, name, flags, 0644, 0);

	if (IS_ERR(f))
		return (int)-PTR_ERR(f);
	file_put(f);
	return 0;
}

void fs_file(const char *name, const char *text)
{
	struct file *f = fs_open(name, O_WRONLY | O_CREAT | O_TRUNC);
	s64 len = (s64)strlen(text);

	if (len)
		ck_assert_int_eq(file_write_kernel(f, text, (size_t)len, 0), len);
	file_put(f);
}

const char *fs_text(const char *name)
{
	static char text[4096];
	struct file *f = fs_open(name, O_RDONLY);
	s64 len = file_read_kernel(f, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(len, 0);
	text[len] = '\0';
	file_put(f);
	return text;
}

int fs_lookup(const char *name)
{
	struct path path;
	int err = path_walk(AT_FDCWD, name, WALK_NOFOLLOW, &path);

	if (!err)
		path_put(&path);
	return -err;
}

struct inode *fs_inode(const char *name)
{
	struct path path;
	struct inode *inode;

	ck_assert_int_eq(path_walk(AT_FDCWD, name, WALK_NOFOLLOW, &path), 0);
	inode = path.dentry->inode;
	path_put(&path);
	return inode;
}

void fs_become_user(void)
{
	cred_init(&current_task()->cred, 1000, 1000);
}

void fs_become_root(void)
{
	cred_init(&current_task()->cred, 0, 0);
}

static uaddr_t map_user(u64 len_bytes)
{
	struct map_req req = { .len_bytes = len_bytes, .vma_flags = VMA_R | VMA_W,
			       .max_prot = VMA_PROT };
	struct mm *mm = mm_loaded();
	s64 at;

	if (!mm) {
		mm = mm_create();
		ck_assert_ptr_nonnull(mm);
		current_task()->mm = mm;
		current_process()->mm = mm;
		mm_switch(mm);
	}
	at = mm_map(mm, &req);
	ck_assert_int_gt(at, 0);
	return (uaddr_t)at;
}

uaddr_t fs_user_memory(u64 len_bytes)
{
	return map_user(len_bytes);
}

uaddr_t fs_user_memory_at_edge(u64 len_bytes)
{
	uaddr_t at = map_user(len_bytes + PAGE_SIZE);

	ck_assert_int_eq(mm_unmap(mm_loaded(), at + len_bytes, PAGE_SIZE), 0);
	return at;
}
