/*
 * The ELF parser on whole files: what it accepts must keep the promises of
 * sys/elf_parse.h, on which the mapping of programs relies.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sys/elf_parse.h"

#define USER_MIN 0x10000UL
#define USER_MAX 0x70000000UL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_segment(const struct elf_image *im, u32 i, u64 file_bytes)
{
	const struct elf_segment *s = &im->segment[i];

	require(s->memsz > 0 && s->filesz <= s->memsz);
	require(s->offset <= file_bytes && s->filesz <= file_bytes - s->offset);
	require(!s->filesz || ((s->vaddr ^ s->offset) & (PAGE_SIZE - 1)) == 0);
	require(s->vaddr >= im->low && s->vaddr + s->memsz <= im->high);
	require(s->vaddr + s->memsz > s->vaddr);
	if (i)
		require(s->vaddr >= s[-1].vaddr + s[-1].memsz);
}

static void check_image(const struct elf_image *im, u64 file_bytes)
{
	require(im->segment_count >= 1 && im->segment_count <= ELF_MAX_PHDRS);
	require(im->low % PAGE_SIZE == 0 && im->high % PAGE_SIZE == 0);
	require(im->low < im->high);
	require(im->high - im->low <= USER_MAX - USER_MIN);
	require(im->is_dyn || (im->low >= USER_MIN && im->high <= USER_MAX));
	require(im->max_align >= PAGE_SIZE &&
		(im->max_align & (im->max_align - 1)) == 0);
	require(im->interp_bytes <= 4096 && im->interp_offset <= file_bytes &&
		im->interp_bytes <= file_bytes - im->interp_offset);
	for (u32 i = 0; i < im->segment_count; i++)
		check_segment(im, i, file_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct elf_image image;
	u64 offset, bytes;
	void *phdrs;

	if (elf_phdrs_extent(data, len_bytes, len_bytes, &offset, &bytes))
		return 0;
	require(offset <= len_bytes && bytes <= len_bytes - offset);
	/* A copy of exactly their length, so that an overrun is seen. */
	phdrs = malloc(bytes);
	require(phdrs != NULL);
	memcpy(phdrs, data + offset, bytes);
	if (elf_parse(data, len_bytes, phdrs, bytes, len_bytes, USER_MIN,
		      USER_MAX, &image) == 0)
		check_image(&image, len_bytes);
	free(phdrs);
	return 0;
}
