/*
 * ELF64 headers (System V ABI, AMD64 supplement) to struct elf_image. Owns
 * nothing; everything it is given may be hostile. What it lets through: segments
 * in ascending order without a common byte (a common page is allowed: the later
 * one's mapping shows there), in the allowed span, the file part inside the file.
 *
 * As Linux: sections are not looked at, p_paddr and unknown segment types are
 * ignored, a wrong p_align is not an error.
 */
#include "sys/elf_parse.h"

#include <linux/elf.h>

#include "lib/err.h"
#include "lib/string.h"

#define INTERP_MAX_BYTES 4096 /* PATH_MAX */

static int check_header(const struct elf64_hdr *eh)
{
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return -ENOEXEC;
	if (eh->e_machine != EM_X86_64)
		return -ENOEXEC;
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return -ENOEXEC;
	if (eh->e_phentsize != sizeof(struct elf64_phdr))
		return -ENOEXEC;
	if (eh->e_phnum == 0 || eh->e_phnum > ELF_MAX_PHDRS)
		return -ENOEXEC;
	return 0;
}

int elf_phdrs_extent(const void *head, size_t head_bytes, u64 file_bytes,
		     u64 *offset, u64 *bytes)
{
	struct elf64_hdr eh;
	int err;

	_Static_assert(sizeof(eh) == ELF_HEAD_BYTES, "ELF_HEAD_BYTES");
	if (head_bytes < sizeof(eh) || file_bytes < sizeof(eh))
		return -ENOEXEC;
	memcpy(&eh, head, sizeof(eh));
	err = check_header(&eh);
	if (err)
		return err;
	*offset = eh.e_phoff;
	*bytes = (u64)eh.e_phnum * sizeof(struct elf64_phdr);
	if (*offset > file_bytes || *bytes > file_bytes - *offset)
		return -ENOEXEC;
	return 0;
}

static int add_segment(struct elf_image *image, const struct elf64_phdr *ph,
		       u64 file_bytes)
{
	struct elf_segment *seg = &image->segment[image->segment_count];
	u64 end;

	if (ph->p_filesz > ph->p_memsz)
		return -EINVAL;
	if (ph->p_memsz == 0)
		return 0;
	if (ph->p_filesz && (ph->p_vaddr ^ ph->p_offset) & (PAGE_SIZE - 1))
		return -EINVAL;
	/* Room for rounding up, too. */
	if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) ||
	    end > UINT64_MAX - PAGE_SIZE)
		return -EINVAL;
	if (ph->p_offset > file_bytes ||
	    ph->p_filesz > file_bytes - ph->p_offset)
		return -ENOEXEC;
	if (image->segment_count && ph->p_vaddr < seg[-1].vaddr + seg[-1].memsz)
		return -EINVAL;
	*seg = (struct elf_segment){ .vaddr = ph->p_vaddr,
				     .memsz = ph->p_memsz,
				     .filesz = ph->p_filesz,
				     .offset = ph->p_offset,
				     .flags = ph->p_flags & (PF_R | PF_W | PF_X) };
	if (!image->segment_count)
		image->low = ALIGN_DOWN(ph->p_vaddr, PAGE_SIZE);
	image->high = ALIGN_UP(end, PAGE_SIZE);
	image->segment_count++;
	if (ph->p_align > image->max_align &&
	    (ph->p_align & (ph->p_align - 1)) == 0)
		image->max_align = ph->p_align;
	return 0;
}

static int add_interp(struct elf_image *image, const struct elf64_phdr *ph,
		      u64 file_bytes)
{
	if (image->interp_bytes)
		return 0; /* the first one counts */
	if (ph->p_filesz < 2 || ph->p_filesz > INTERP_MAX_BYTES)
		return -ENOEXEC;
	if (ph->p_offset > file_bytes ||
	    ph->p_filesz > file_bytes - ph->p_offset)
		return -ENOEXEC;
	image->interp_offset = ph->p_offset;
	image->interp_bytes = ph->p_filesz;
	return 0;
}

static int add_phdr(struct elf_image *image, const struct elf64_phdr *ph,
		    u64 file_bytes)
{
	switch (ph->p_type) {
	case PT_LOAD:
		return add_segment(image, ph, file_bytes);
	case PT_INTERP:
		return add_interp(image, ph, file_bytes);
	case PT_GNU_STACK:
		image->stack_exec = ph->p_flags & PF_X;
		return 0;
	default:
		return 0;
	}
}

/* The headers' own place in memory: in the segment that shows their offset. */
static u64 find_phdrs(const struct elf_image *image)
{
	for (u32 i = 0; i < image->segment_count; i++) {
		const struct elf_segment *seg = &image->segment[i];

		if (image->phoff >= seg->offset &&
		    image->phoff - seg->offset < seg->filesz)
			return image->phoff - seg->offset + seg->vaddr;
	}
	return 0;
}

static int check_extent(const struct elf_image *image, u64 user_min, u64 user_max)
{
	if (image->segment_count == 0)
		return -ENOEXEC;
	if (image->is_dyn)
		return image->high - image->low > user_max - user_min ? -EINVAL : 0;
	if (image->low < user_min || image->high > user_max)
		return -EINVAL;
	return 0;
}

int elf_parse(const void *head, size_t head_bytes, const void *phdrs,
	      size_t phdrs_bytes, u64 file_bytes, u64 user_min, u64 user_max,
	      struct elf_image *image)
{
	struct elf64_hdr eh;
	struct elf64_phdr ph;
	u64 offset, bytes;
	int err;

	err = elf_phdrs_extent(head, head_bytes, file_bytes, &offset, &bytes);
	if (err)
		return err;
	if (phdrs_bytes < bytes)
		return -ENOEXEC;
	memcpy(&eh, head, sizeof(eh));
	memset(image, 0, sizeof(*image));
	image->is_dyn = eh.e_type == ET_DYN;
	image->entry = eh.e_entry;
	image->phoff = eh.e_phoff;
	image->phnum = eh.e_phnum;
	image->max_align = PAGE_SIZE;
	for (u32 i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, (const u8 *)phdrs + i * sizeof(ph), sizeof(ph));
		err = add_phdr(image, &ph, file_bytes);
		if (err)
			return err;
	}
	err = check_extent(image, user_min, user_max);
	if (err)
		return err;
	image->phdr_vaddr = find_phdrs(image);
	return 0;
}
