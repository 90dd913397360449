/* Pure ELF64 parsing: no kernel state, so that it is fuzzed hosted. */
#ifndef SYS_ELF_PARSE_H
#define SYS_ELF_PARSE_H

#include "lib/types.h"

#define ELF_MAX_PHDRS 64
#define ELF_HEAD_BYTES 64 /* the file header */

struct elf_segment {
	u64 vaddr, memsz, filesz, offset;
	u32 flags; /* PF_R|PF_W|PF_X */
};

struct elf_image {
	bool is_dyn; /* ET_DYN */
	u64 entry;
	u64 phoff;
	u16 phnum;
	u32 segment_count;
	struct elf_segment segment[ELF_MAX_PHDRS]; /* PT_LOAD, ascending */
	u64 low, high;	   /* page-rounded extent of the segments */
	u64 max_align;	   /* power of two, at least a page */
	u64 phdr_vaddr;	   /* address of the program headers in memory, 0 */
	u64 interp_offset, interp_bytes; /* PT_INTERP, 0: none */
	bool stack_exec;   /* PT_GNU_STACK with PF_X (absent: no, as Linux has
			    * it for x86-64 since 5.8) */
};

/*
 * head: the first head_bytes of the file (Ehdr), phdrs: the program headers
 * (phdrs_bytes as elf_phdrs_extent said), file_bytes: file size.
 * 0, -ENOEXEC (not ELF64 x86-64, malformed, truncated header), -EINVAL
 * (segments overlap, overflow, are misaligned, outside [user_min, user_max):
 * the limits hold for ET_EXEC; an ET_DYN must be no longer than their span).
 */
int elf_phdrs_extent(const void *head, size_t head_bytes, u64 file_bytes,
		     u64 *offset, u64 *bytes);
int elf_parse(const void *head, size_t head_bytes, const void *phdrs,
	      size_t phdrs_bytes, u64 file_bytes, u64 user_min, u64 user_max,
	      struct elf_image *image);

#endif
