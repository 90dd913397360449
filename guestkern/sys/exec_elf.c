/*
 * From an ELF file to an address space: opening, reading, mapping. Owns the
 * layout of a new program in the low range:
 *
 *	0x400000..   fixed programs      0x10000000.. position-independent ones
 *	program end + random             break, growing up
 *	mmap_top                         mappings, growing down
 *	stack_top - random               stack, growing down to its limit
 *
 * The new space is built while the old one is in force; nothing here writes to
 * its pages except exec_elf_clear_tails, which runs after the switch.
 */
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm/vdso.h"
#include "proc/task.h"
#include "sys/exec.h"

#define MIB 0x100000ULL
#define PIE_BASE 0x10000000ULL
#define PIE_RANDOM_PAGES 0x4000	  /* 64 MiB */
#define BRK_RANDOM_PAGES 0x1000	  /* 16 MiB; Linux: 32 */
#define STACK_RANDOM_PAGES 0x800  /* 8 MiB */
#define MMAP_RANDOM_PAGES 0x1000  /* 16 MiB */
#define STACK_TOP_GAP 0x2000	  /* below the window */
#define STACK_GAP_MIN (8 * MIB)
#define STACK_GUARD (1 * MIB)	  /* Linux: stack_guard_gap, 256 pages */
#define STACK_EXTRA 0x20000	  /* Linux: stack_expand, 128 KiB */

/* --- opening and reading -------------------------------------------------------- */

/* What is run must not be written: ends with the last mapping of the program
 * (VMAs hold the file). */
static void exec_file_release(struct file *f)
{
	const struct file_ops *ops = f->inode->fops;

	f->inode->write_deny--;
	if (ops && ops->release)
		ops->release(f);
}

static s64 exec_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	const struct file_ops *ops = f->inode->fops;

	return ops && ops->read ? ops->read(f, buf, pos) : -EINVAL;
}

static int exec_file_mmap(struct file *f, struct map_req *req)
{
	const struct file_ops *ops = f->inode->fops;

	return ops && ops->mmap ? ops->mmap(f, req) : -ENOEXEC;
}

static const struct file_ops exec_file_ops = {
	.read = exec_file_read,
	.mmap = exec_file_mmap,
	.release = exec_file_release,
};

static int exec_check_inode(const struct path *path)
{
	const struct inode *inode = path->dentry->inode;

	if ((inode->mode & S_IFMT) == S_IFLNK)
		return -ELOOP; /* AT_SYMLINK_NOFOLLOW */
	if ((inode->mode & S_IFMT) != S_IFREG)
		return -EACCES;
	if (path->mnt->flags & MS_NOEXEC)
		return -EACCES;
	return inode_permission(inode, 1);
}

struct file *exec_open(int dirfd, const char *name, u32 walk)
{
	struct path path;
	struct file *f;
	int err;

	err = path_walk(dirfd, name, walk, &path);
	if (err)
		return ERR_PTR(err);
	err = exec_check_inode(&path);
	f = err ? ERR_PTR(err) : file_open_path(&path, O_RDONLY);
	path_put(&path);
	if (IS_ERR(f))
		return f;
	if (f->inode->writers > 0) {
		file_put(f);
		return ERR_PTR(-ETXTBSY);
	}
	f->inode->write_deny++;
	f->ops = &exec_file_ops;
	return f;
}

int exec_head_read(struct exec *ex, struct exec_binary *bin)
{
	s64 n;

	memset(ex->head, 0, sizeof(ex->head));
	n = file_read_kernel(bin->file, ex->head, sizeof(ex->head), 0);
	if (n < 0)
		return (int)n;
	bin->head_bytes = (size_t)n;
	return 0;
}

static int read_exactly(struct file *f, void *buf, size_t len, u64 pos)
{
	s64 n = file_read_kernel(f, buf, len, (s64)pos);

	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -ENOEXEC;
}

int exec_elf_read(struct exec *ex, struct exec_binary *bin)
{
	u64 file_bytes = bin->file->inode->size;
	u64 offset, bytes;
	void *phdrs = NULL;
	int err;

	err = elf_phdrs_extent(ex->head, bin->head_bytes, file_bytes, &offset,
			       &bytes);
	if (err)
		return err;
	bin->image = kmalloc(sizeof(*bin->image));
	if (!bin->image)
		return -ENOMEM;
	if (offset + bytes > bin->head_bytes) {
		phdrs = kmalloc(bytes);
		err = phdrs ? read_exactly(bin->file, phdrs, bytes, offset) :
			      -ENOMEM;
	}
	if (!err)
		err = elf_parse(ex->head, bin->head_bytes,
				phdrs ? phdrs : ex->head + offset, bytes,
				file_bytes, user_low_min(), user_low_end(),
				bin->image);
	kfree(phdrs);
	return err;
}

static int interp_check(struct exec *ex)
{
	int err = exec_head_read(ex, &ex->interp);

	if (!err)
		err = exec_elf_read(ex, &ex->interp);
	if (err == -ENOEXEC || err == -EINVAL)
		return -ELIBBAD;
	return err;
}

int exec_elf_open_interp(struct exec *ex)
{
	const struct elf_image *image = ex->program.image;
	size_t len = image->interp_bytes;
	struct file *f;
	char *name;
	int err;

	if (!len)
		return 0;
	name = kmalloc(len);
	if (!name)
		return -ENOMEM;
	err = read_exactly(ex->program.file, name, len, image->interp_offset);
	if (!err && name[len - 1] != '\0')
		err = -ENOEXEC;
	if (!err) {
		f = exec_open(AT_FDCWD, name, 0);
		if (IS_ERR(f))
			err = (int)PTR_ERR(f);
		else
			ex->interp.file = f;
	}
	kfree(name);
	return err ? err : interp_check(ex);
}

void exec_binary_drop(struct exec_binary *bin)
{
	if (bin->file)
		file_put(bin->file);
	kfree(bin->image);
	bin->file = NULL;
	bin->image = NULL;
}

/* --- mapping ------------------------------------------------------------------------ */

static u64 random_page_bytes(u64 pages)
{
	u64 r;

	if (!mm_randomize || current_process()->personality & ADDR_NO_RANDOMIZE)
		return 0;
	random_bytes(&r, sizeof(r));
	return (r % pages) * PAGE_SIZE;
}

static u32 segment_prot(const struct elf_segment *seg)
{
	return (seg->flags & PF_R ? VMA_R : 0) | (seg->flags & PF_W ? VMA_W : 0) |
	       (seg->flags & PF_X ? VMA_X : 0);
}

static int map_fixed(struct mm *mm, const struct map_req *req)
{
	s64 at = mm_map(mm, req);

	return at < 0 ? (int)at : 0;
}

static int map_file_part(struct mm *mm, struct exec_binary *bin,
			 const struct elf_segment *seg)
{
	u64 skew = seg->vaddr & (PAGE_SIZE - 1);
	struct map_req req = {
		.addr = seg->vaddr - skew + bin->bias,
		.len_bytes = seg->filesz + skew,
		.vma_flags = segment_prot(seg),
		.max_prot = VMA_PROT,
		.fixed = true,
		.pgoff = (seg->offset - skew) / PAGE_SIZE,
		.file = bin->file,
	};
	int err;

	if (seg->filesz == 0)
		return 0;
	err = bin->file->ops->mmap(bin->file, &req);
	if (err)
		return err;
	err = map_fixed(mm, &req);
	if (req.put_object)
		vm_object_put(req.object);
	return err;
}

/* First page of segment i that belongs to it alone in memory: a segment without
 * file data must not hide the last page of the one before. */
static u64 zero_start(const struct elf_image *image, u32 i)
{
	const struct elf_segment *seg = &image->segment[i];
	u64 start = ALIGN_DOWN(seg->vaddr, PAGE_SIZE);

	if (seg->filesz)
		return ALIGN_UP(seg->vaddr + seg->filesz, PAGE_SIZE);
	if (i == 0)
		return start;
	return MAX(start, ALIGN_UP(seg[-1].vaddr + seg[-1].memsz, PAGE_SIZE));
}

static int map_zero_part(struct mm *mm, struct exec_binary *bin, u32 i)
{
	const struct elf_segment *seg = &bin->image->segment[i];
	u64 start = zero_start(bin->image, i);
	u64 end = ALIGN_UP(seg->vaddr + seg->memsz, PAGE_SIZE);
	struct map_req req = {
		.addr = start + bin->bias,
		.len_bytes = end - start,
		.vma_flags = segment_prot(seg),
		.max_prot = VMA_PROT,
		.fixed = true,
	};

	return end > start ? map_fixed(mm, &req) : 0;
}

static int map_binary(struct mm *mm, struct exec_binary *bin)
{
	int err = 0;

	for (u32 i = 0; i < bin->image->segment_count && !err; i++) {
		err = map_file_part(mm, bin, &bin->image->segment[i]);
		if (!err)
			err = map_zero_part(mm, bin, i);
	}
	return err;
}

/* Where the program lies; an ET_EXEC has no choice. */
static int place_program(struct exec *ex)
{
	struct exec_binary *bin = &ex->program;
	u64 base = 0, high;

	if (bin->image->is_dyn) {
		base = PIE_BASE + random_page_bytes(PIE_RANDOM_PAGES);
		base = ALIGN_UP(base, MIN(bin->image->max_align, 2 * MIB));
		bin->bias = base - bin->image->low;
	}
	high = bin->image->high + bin->bias;
	if (high > ex->mm->mmap_top)
		return -ENOMEM;
	ex->mm->brk_start = high + random_page_bytes(BRK_RANDOM_PAGES);
	if (ex->mm->brk_start > ex->mm->mmap_top)
		ex->mm->brk_start = high;
	ex->mm->brk = ex->mm->brk_start;
	return 0;
}

/* The interpreter goes where mmap would put a thing of its length. */
static int place_interp(struct exec *ex)
{
	struct exec_binary *bin = &ex->interp;
	u64 align = MIN(bin->image->max_align, 2 * MIB);
	struct map_req req = {
		.len_bytes = bin->image->high - bin->image->low + align - PAGE_SIZE,
	};
	s64 at;

	if (!bin->image->is_dyn)
		return 0;
	at = mm_map(ex->mm, &req);
	if (at < 0)
		return (int)at;
	bin->bias = ALIGN_UP((u64)at, align) - bin->image->low;
	return mm_unmap(ex->mm, (uaddr_t)at, req.len_bytes);
}

static void place_stack(struct exec *ex)
{
	u64 limit = current_process()->rlim[RLIMIT_STACK].cur;
	u64 span = user_low_end() - user_low_min();
	u64 gap = MIN(MAX(limit, STACK_GAP_MIN), span / 4);

	ex->stack_top = user_low_end() - STACK_TOP_GAP -
			random_page_bytes(STACK_RANDOM_PAGES);
	ex->mm->stack_top = ex->stack_top;
	ex->mm->stack_limit = limit;
	ex->mm->mmap_top = ALIGN_DOWN(ex->stack_top - gap, PAGE_SIZE) -
			   STACK_GUARD - random_page_bytes(MMAP_RANDOM_PAGES);
}

static int map_stack(struct exec *ex)
{
	u64 bytes = ALIGN_UP(exec_stack_bytes(ex) + STACK_EXTRA, PAGE_SIZE);
	struct map_req req = {
		.addr = ex->stack_top - bytes,
		.len_bytes = bytes,
		.vma_flags = VMA_R | VMA_W | VMA_GROWSDOWN | VMA_STACK |
			     (ex->program.image->stack_exec ? VMA_X : 0),
		.max_prot = VMA_PROT,
		.fixed = true,
	};

	return map_fixed(ex->mm, &req);
}

static int map_vdso(struct exec *ex)
{
	s64 at = vdso_map(ex->mm);

	if (at < 0)
		return (int)at;
	ex->vdso = (uaddr_t)at;
	return 0;
}

/* For /proc/PID/stat and maps. */
static void record_extents(struct mm *mm, const struct exec_binary *bin)
{
	for (u32 i = 0; i < bin->image->segment_count; i++) {
		const struct elf_segment *seg = &bin->image->segment[i];
		u64 start = seg->vaddr + bin->bias;

		if (seg->flags & PF_X) {
			if (!mm->code_start)
				mm->code_start = start;
			mm->code_end = start + seg->filesz;
		} else if (seg->flags & PF_W) {
			if (!mm->data_start)
				mm->data_start = start;
			mm->data_end = start + seg->filesz;
		}
	}
}

int exec_elf_build(struct exec *ex)
{
	int err;

	ex->mm = mm_create();
	if (!ex->mm)
		return -ENOMEM;
	ex->mm->as_limit = current_process()->rlim[RLIMIT_AS].cur;
	ex->mm->data_limit = current_process()->rlim[RLIMIT_DATA].cur;
	place_stack(ex);
	err = place_program(ex);
	if (!err)
		err = map_stack(ex);
	if (!err)
		err = map_binary(ex->mm, &ex->program);
	if (!err && ex->interp.file)
		err = place_interp(ex);
	if (!err && ex->interp.file)
		err = map_binary(ex->mm, &ex->interp);
	if (!err)
		err = map_vdso(ex);
	if (err)
		return err;
	record_extents(ex->mm, &ex->program);
	ex->entry = ex->interp.file ?
			    ex->interp.image->entry + ex->interp.bias :
			    ex->program.image->entry + ex->program.bias;
	return 0;
}

/* Where the bytes of segment i that no other segment shows end, in its page. */
static u64 tail_end(const struct elf_image *image, u32 i, u64 start)
{
	const struct elf_segment *next = &image->segment[i + 1];
	u64 end = ALIGN_UP(start, PAGE_SIZE);

	if (i + 1 == image->segment_count)
		return end;
	return MIN(end, next->flags & PF_W ? next->vaddr :
					     ALIGN_DOWN(next->vaddr, PAGE_SIZE));
}

static int clear_tail(const struct exec_binary *bin, u32 i)
{
	const struct elf_segment *seg = &bin->image->segment[i];
	u64 start = seg->vaddr + seg->filesz;
	u64 end = tail_end(bin->image, i, start);

	/* A segment that nobody may write keeps the file's bytes, as Linux has
	 * it. One without file data begins in fresh pages, but for what it
	 * shares with the one before. */
	if (seg->memsz == seg->filesz || !(seg->flags & PF_W) || end <= start)
		return 0;
	if (seg->filesz == 0 && zero_start(bin->image, i) < start)
		return 0;
	return clear_user(start + bin->bias, end - start);
}

static int clear_tails(const struct exec_binary *bin)
{
	int err = 0;

	for (u32 i = 0; i < bin->image->segment_count && !err; i++)
		err = clear_tail(bin, i);
	return err;
}

int exec_elf_clear_tails(struct exec *ex)
{
	int err = clear_tails(&ex->program);

	if (!err && ex->interp.file)
		err = clear_tails(&ex->interp);
	return err;
}
