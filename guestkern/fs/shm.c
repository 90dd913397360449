/*
 * System V shared memory. A segment is an unlinked file of an own tmpfs; each
 * shmat opens it once more and maps that description, whose release is the end of
 * the attachment (by shmdt, munmap, exec or exit alike).
 *
 * Invariant: a segment is in the table until nobody has it attached and it was
 * removed; its path is referenced so long.
 */
#include "fs/shm.h"

#include <linux/fcntl.h>
#include <linux/ipc.h>

#include "fs/vfs_internal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/task.h"

/* linux/shm.h wants a C library */
#define SHM_RDONLY 010000u
#define SHM_RND 020000u
#define SHM_REMAP 040000u
#define SHM_EXEC 0100000u
#define SHM_HUGETLB 04000u

static struct mount *shm_mount; /* made at first use */

static struct shm_segment *segment_of(struct ipc_object *perm)
{
	return container_of(perm, struct shm_segment, perm);
}

struct shm_segment *shm_find(s32 id)
{
	struct ipc_object *perm = ipc_find(&ipc_space()->shm, id);

	return perm ? segment_of(perm) : NULL;
}

static int prepare(void)
{
	struct super_block *sb;

	if (shm_mount)
		return 0;
	sb = ramfs_create("tmpfs", "", true);
	if (IS_ERR(sb))
		return (int)PTR_ERR(sb);
	sb->bytes_max = 0; /* as much as there is */
	shm_mount = mount_kernel(sb, "shm");
	return shm_mount ? 0 : -ENOMEM;
}

static int segment_file(struct shm_segment *s, const struct ipc_get *get)
{
	struct inode *root, *inode;
	char name[16];
	int err = prepare();

	if (err)
		return err;
	root = shm_mount->root->inode;
	inode = root->ops->tmpfile(root, 0777);
	if (IS_ERR(inode))
		return -ENOMEM;
	err = inode->ops->truncate(inode, s->bytes);
	ksnprintf(name, sizeof(name), "SYSV%08x", (u32)get->key);
	s->path.mnt = shm_mount;
	s->path.dentry = err ? NULL :
			       dentry_alloc_unlinked(shm_mount->root, name, inode);
	if (!s->path.dentry) {
		inode_put(inode);
		return -ENOMEM;
	}
	mount_get(shm_mount);
	return 0;
}

static struct ipc_object *create(const struct ipc_get *get)
{
	struct ipc_space *space = ipc_space();
	u64 pages = ALIGN_UP(get->size, PAGE_SIZE) >> PAGE_SHIFT;
	struct shm_segment *s;
	int err;

	if (get->size < 1 || get->size > space->shm_bytes_max)
		return ERR_PTR(-EINVAL);
	if (space->shm_pages + pages > space->shm_pages_max)
		return ERR_PTR(-ENOSPC);
	if (get->size > page_total_count() << PAGE_SHIFT)
		return ERR_PTR(-ENOMEM);
	s = kzalloc(sizeof(*s));
	if (!s)
		return ERR_PTR(-ENOMEM);
	s->bytes = get->size;
	s->creator = current_process()->pid;
	err = segment_file(s, get);
	if (err) {
		kfree(s);
		return ERR_PTR(err);
	}
	s->space = space;
	space->shm_pages += pages;
	return &s->perm;
}

static void destroy(struct ipc_object *perm)
{
	struct shm_segment *s = segment_of(perm);

	if (s->space)
		s->space->shm_pages -= ALIGN_UP(s->bytes, PAGE_SIZE) >> PAGE_SHIFT;
	path_put(&s->path);
	kfree(s);
}

static int check(const struct ipc_object *perm, const struct ipc_get *get)
{
	return get->size > container_of(perm, struct shm_segment, perm)->bytes ? -EINVAL : 0;
}

s64 shm_get(s32 key, u64 bytes, u32 flags)
{
	const struct ipc_get get = { key, flags, bytes, create, destroy, check };
	struct shm_segment *s;
	s64 id;

	if (flags & SHM_HUGETLB)
		return -ENOMEM; /* an empty pool */
	id = ipc_get(&ipc_space()->shm, &get);
	s = id < 0 ? NULL : shm_find((s32)id);
	if (s && s->path.dentry->inode->ino != (u64)id)
		s->path.dentry->inode->ino = (u64)id; /* as /proc/PID/maps shows it */
	return id;
}

u64 shm_attached(const struct shm_segment *s)
{
	return s->path.dentry->inode->object->vma_count;
}

u64 shm_resident(const struct shm_segment *s)
{
	return s->path.dentry->inode->blocks / (PAGE_SIZE / 512);
}

void shm_totals(u64 *pages, u64 *resident)
{
	const struct shm_segment *s;
	struct ipc_object *perm;

	*pages = *resident = 0;
	for (u64 i = 0; (perm = ipc_next(&ipc_space()->shm, &i)); i++) {
		s = segment_of(perm);
		*pages += ALIGN_UP(s->bytes, PAGE_SIZE) >> PAGE_SHIFT;
		*resident += shm_resident(s);
	}
}

static void segment_free(struct shm_segment *s)
{
	ipc_remove(&s->perm);
	destroy(&s->perm);
}

void shm_remove(struct shm_segment *s)
{
	if (!s->files) {
		segment_free(s);
		return;
	}
	s->perm.mode |= SHM_DEST_;
	ipc_forget_key(&s->perm);
}

void shm_space_end(struct ipc_space *space)
{
	struct ipc_object *perm;
	struct shm_segment *s;

	for (u64 i = 0; (perm = ipc_next(&space->shm, &i)); i++) {
		s = segment_of(perm);
		shm_remove(s);
		if (!ipc_find_index(&space->shm, (s32)i))
			continue;
		ipc_remove(&s->perm); /* lives on where it is attached */
		s->space = NULL;
	}
}

/* --- attachments --------------------------------------------------------------------------- */

static void attachment_release(struct file *f)
{
	struct shm_segment *s = f->private;

	s->dtime = ipc_now();
	s->last = current_process()->pid;
	if (--s->files == 0 && s->perm.mode & SHM_DEST_)
		segment_free(s);
}

static const struct file_ops attachment_ops = {
	.release = attachment_release,
};

static struct file *attachment_open(struct shm_segment *s, u32 flags)
{
	struct file *f;

	f = file_open_path(&s->path, (flags & SHM_RDONLY ? O_RDONLY : O_RDWR));
	if (IS_ERR(f))
		return f;
	f->ops = &attachment_ops;
	f->private = s;
	s->files++;
	return f;
}

/* Where to, or -EINVAL. */
static s64 attach_address(const struct shm_segment *s, uaddr_t addr, u32 flags)
{
	const struct vma *vma;

	if (!addr)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (addr & ~PAGE_MASK) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		addr &= PAGE_MASK;
		if (!addr && flags & SHM_REMAP)
			return -EINVAL;
	}
	if (!addr || flags & SHM_REMAP)
		return (s64)addr;
	vma = vma_find(current_task()->mm, addr);
	if (addr + s->bytes < addr || (vma && vma->start < addr + s->bytes))
		return -EINVAL;
	return (s64)addr;
}

s64 shm_attach(s32 id, uaddr_t addr, u32 flags)
{
	struct shm_segment *s;
	struct map_req req = { 0 };
	struct file *f;
	s64 place;
	int err;

	if (id < 0)
		return -EINVAL;
	s = shm_find(id);
	if (!s)
		return -EINVAL;
	place = attach_address(s, addr, flags);
	if (place < 0)
		return place;
	err = ipc_permitted(&s->perm, (flags & SHM_RDONLY ? 0444 : 0666) |
					      (flags & SHM_EXEC ? 0111 : 0));
	if (err)
		return err;
	f = attachment_open(s, flags);
	if (IS_ERR(f))
		return PTR_ERR(f);
	req.addr = (uaddr_t)place;
	req.fixed = place != 0;
	req.len_bytes = s->bytes;
	req.vma_flags = VMA_SHARED | VMA_R | (flags & SHM_RDONLY ? 0 : VMA_W) |
			(flags & SHM_EXEC ? VMA_X : 0);
	req.max_prot = VMA_R | VMA_X | (flags & SHM_RDONLY ? 0 : VMA_W);
	req.object = f->inode->object;
	req.file = f;
	place = mm_map(current_task()->mm, &req);
	if (place >= 0) {
		s->atime = ipc_now();
		s->last = current_process()->pid;
	}
	file_put(f); /* the mapping has it */
	return place;
}

static bool is_attachment(const struct vma *vma)
{
	const struct file *f = vma->file;

	return f && f->ops == &attachment_ops;
}

/* All parts of the attachment that begins at addr: it may have holes by now. */
int shm_detach(uaddr_t addr)
{
	struct mm *mm = current_task()->mm;
	struct vma *vma = vma_find(mm, addr);
	void *file;
	u64 bytes;
	uaddr_t start;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	while (vma && (!is_attachment(vma) ||
		       vma->start - addr != vma->pgoff << PAGE_SHIFT))
		vma = vma_next(vma);
	if (!vma)
		return -EINVAL;
	file = vma->file;
	bytes = ALIGN_UP(((struct file *)file)->inode->size, PAGE_SIZE);
	file_get(file); /* it is compared with until the end */
	while (vma && vma->start < addr + bytes) {
		start = vma->start;
		if (vma->file == file &&
		    vma->start - addr == vma->pgoff << PAGE_SHIFT)
			mm_unmap(mm, start, vma->end - start);
		vma = vma_find(mm, start);
		if (vma && vma->start == start)
			vma = vma_next(vma);
	}
	file_put(file);
	return 0;
}
