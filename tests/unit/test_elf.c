/* ELF headers, good and hostile. */
#include <check.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "sys/elf_parse.h"

#define USER_MIN 0x10000UL
#define USER_MAX 0x70000000UL
#define FILE_BYTES 0x10000UL

static Elf64_Ehdr eh;
static Elf64_Phdr ph[ELF_MAX_PHDRS + 1];
static struct elf_image image;

static void load(int i, u64 offset, u64 vaddr, u64 filesz, u64 memsz, u32 flags)
{
	ph[i] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offset,
			      .p_vaddr = vaddr, .p_filesz = filesz,
			      .p_memsz = memsz, .p_flags = flags,
			      .p_align = 0x1000 };
}

static void setup(void)
{
	memset(&eh, 0, sizeof(eh));
	memset(ph, 0, sizeof(ph));
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_type = ET_EXEC;
	eh.e_machine = EM_X86_64;
	eh.e_phoff = sizeof(eh);
	eh.e_phentsize = sizeof(ph[0]);
	eh.e_phnum = 2;
	eh.e_entry = 0x401000;
	load(0, 0, 0x400000, 0x2345, 0x2345, PF_R | PF_X);
	load(1, 0x2348, 0x403348, 0x100, 0x3000, PF_R | PF_W);
}

static int parse(void)
{
	return elf_parse(&eh, sizeof(eh), ph, eh.e_phnum * sizeof(ph[0]),
			 FILE_BYTES, USER_MIN, USER_MAX, &image);
}

START_TEST(plain_program)
{
	u64 offset, bytes;

	ck_assert_int_eq(elf_phdrs_extent(&eh, sizeof(eh), FILE_BYTES, &offset,
					  &bytes), 0);
	ck_assert_uint_eq(offset, sizeof(eh));
	ck_assert_uint_eq(bytes, 2 * sizeof(ph[0]));
	ck_assert_int_eq(parse(), 0);
	ck_assert(!image.is_dyn);
	ck_assert_uint_eq(image.entry, 0x401000);
	ck_assert_uint_eq(image.segment_count, 2);
	ck_assert_uint_eq(image.low, 0x400000);
	ck_assert_uint_eq(image.high, 0x407000);
	ck_assert_uint_eq(image.max_align, 0x1000);
	ck_assert_uint_eq(image.phdr_vaddr, 0x400000 + sizeof(eh));
	ck_assert_uint_eq(image.interp_bytes, 0);
	ck_assert(!image.stack_exec);
	ck_assert_uint_eq(image.segment[1].memsz, 0x3000);
	ck_assert_uint_eq(image.segment[1].flags, PF_R | PF_W);
}
END_TEST

START_TEST(position_independent)
{
	eh.e_type = ET_DYN;
	load(0, 0, 0, 0x2345, 0x2345, PF_R | PF_X);
	load(1, 0x2348, 0x3348, 0x100, 0x3000, PF_R | PF_W);
	ph[1].p_align = 0x200000;
	ck_assert_int_eq(parse(), 0);
	ck_assert(image.is_dyn);
	ck_assert_uint_eq(image.low, 0);
	ck_assert_uint_eq(image.max_align, 0x200000);
	/* an alignment that is none is ignored, as on Linux */
	ph[1].p_align = 0x200001;
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.max_align, 0x1000);
}
END_TEST

START_TEST(interpreter_and_stack)
{
	eh.e_phnum = 4;
	ph[2] = (Elf64_Phdr){ .p_type = PT_INTERP, .p_offset = 0x200,
			      .p_filesz = 28 };
	ph[3] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X };
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.interp_offset, 0x200);
	ck_assert_uint_eq(image.interp_bytes, 28);
	ck_assert(image.stack_exec);
	ph[2].p_filesz = 1;
	ck_assert_int_eq(parse(), -ENOEXEC);
	ph[2].p_filesz = 4097;
	ck_assert_int_eq(parse(), -ENOEXEC);
	ph[2].p_filesz = 28;
	ph[2].p_offset = UINT64_MAX - 4;
	ck_assert_int_eq(parse(), -ENOEXEC);
}
END_TEST

START_TEST(foreign_headers)
{
	static const struct {
		size_t at;
		u8 value;
	} broken[] = {
		{ 0, 0 },
		{ 3, 'f' },
		{ EI_CLASS, ELFCLASS32 },
		{ EI_DATA, ELFDATA2MSB },
		{ offsetof(Elf64_Ehdr, e_machine), EM_386 },
		{ offsetof(Elf64_Ehdr, e_type), ET_REL },
		{ offsetof(Elf64_Ehdr, e_type), ET_CORE },
		{ offsetof(Elf64_Ehdr, e_phentsize), 32 },
		{ offsetof(Elf64_Ehdr, e_phnum), 0 },
		{ offsetof(Elf64_Ehdr, e_phnum), ELF_MAX_PHDRS + 1 },
		{ offsetof(Elf64_Ehdr, e_phoff) + 7, 0x80 },
		{ offsetof(Elf64_Ehdr, e_phoff) + 2, 1 }, /* behind the end */
	};

	((u8 *)&eh)[broken[_i].at] = broken[_i].value;
	ck_assert_int_eq(parse(), -ENOEXEC);
}
END_TEST

START_TEST(truncated)
{
	u64 offset, bytes;

	ck_assert_int_eq(elf_phdrs_extent(&eh, sizeof(eh) - 1, FILE_BYTES, &offset,
					  &bytes), -ENOEXEC);
	ck_assert_int_eq(elf_phdrs_extent(&eh, sizeof(eh), sizeof(eh) + 10, &offset,
					  &bytes), -ENOEXEC);
	ck_assert_int_eq(elf_parse(&eh, sizeof(eh), ph, sizeof(ph[0]), FILE_BYTES,
				   USER_MIN, USER_MAX, &image), -ENOEXEC);
	load(1, 0x2348, 0x403348, FILE_BYTES, FILE_BYTES, PF_R);
	ck_assert_int_eq(parse(), -ENOEXEC);
	load(1, UINT64_MAX - 0xcb7, 0x403348, 0x100, 0x100, PF_R);
	ck_assert_int_eq(parse(), -ENOEXEC);
}
END_TEST

START_TEST(hostile_segments)
{
	static const Elf64_Phdr bad[] = {
		/* more in the file than in memory */
		{ .p_offset = 0x1000, .p_vaddr = 0x403000, .p_filesz = 2, .p_memsz = 1 },
		/* offset and address in different places of their pages */
		{ .p_offset = 0x1001, .p_vaddr = 0x403000, .p_filesz = 1, .p_memsz = 1 },
		/* around the end of the address space */
		{ .p_vaddr = UINT64_MAX - 0xfff, .p_memsz = 0x2000 },
		{ .p_vaddr = 0x403000, .p_memsz = UINT64_MAX },
		{ .p_vaddr = 0x403000, .p_memsz = UINT64_MAX - 0x403000 },
		/* overlapping the first, below it */
		{ .p_vaddr = 0x402000, .p_memsz = 0x1000 },
		{ .p_vaddr = 0x300000, .p_memsz = 0x1000 },
		/* the window, and beyond */
		{ .p_vaddr = USER_MAX - 0x1000, .p_memsz = 0x1001 },
		{ .p_vaddr = USER_MAX, .p_memsz = 1 },
		{ .p_vaddr = 0x70200000, .p_memsz = 0x1000 },
		{ .p_vaddr = 0xffffffff81000000, .p_memsz = 0x1000 },
	};

	ph[1] = bad[_i];
	ph[1].p_type = PT_LOAD;
	ck_assert_int_eq(parse(), -EINVAL);
}
END_TEST

START_TEST(low_addresses)
{
	load(0, 0, 0, 0x100, 0x100, PF_R | PF_X);
	ck_assert_int_eq(parse(), -EINVAL);
	load(0, 0, USER_MIN, 0x100, 0x100, PF_R | PF_X);
	ck_assert_int_eq(parse(), 0);
}
END_TEST

START_TEST(too_long_for_user_space)
{
	eh.e_type = ET_DYN;
	load(0, 0, 0, 0x100, 0x100, PF_R | PF_X);
	load(1, 0, USER_MAX - USER_MIN - 0x1000, 0, 0x1000, PF_R);
	ck_assert_int_eq(parse(), 0);
	load(1, 0, USER_MAX - USER_MIN - 0x1000, 0, 0x1001, PF_R);
	ck_assert_int_eq(parse(), -EINVAL);
}
END_TEST

START_TEST(nothing_to_load)
{
	ph[0].p_type = ph[1].p_type = PT_NOTE;
	ck_assert_int_eq(parse(), -ENOEXEC);
	setup();
	ph[0].p_memsz = ph[0].p_filesz = 0;
	ph[1].p_memsz = ph[1].p_filesz = 0;
	ck_assert_int_eq(parse(), -ENOEXEC);
}
END_TEST

START_TEST(segments_may_share_a_page)
{
	load(1, 0x2345, 0x402345, 0x100, 0x100, PF_R | PF_W);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.high, 0x403000);
}
END_TEST

START_TEST(headers_outside_of_memory)
{
	load(0, 0x1000, 0x400000, 0x1000, 0x1000, PF_R | PF_X);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.phdr_vaddr, 0);
}
END_TEST

START_TEST(most_headers)
{
	eh.e_phnum = ELF_MAX_PHDRS;
	for (int i = 0; i < ELF_MAX_PHDRS; i++)
		load(i, 0, 0x400000 + (u64)i * 0x1000, 0x1000, 0x1000, PF_R);
	ck_assert_int_eq(parse(), 0);
	ck_assert_uint_eq(image.segment_count, ELF_MAX_PHDRS);
}
END_TEST

Suite *elf_suite(void);
Suite *elf_suite(void)
{
	Suite *s = suite_create("elf");
	TCase *tc = tcase_create("parse");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, plain_program);
	tcase_add_test(tc, position_independent);
	tcase_add_test(tc, interpreter_and_stack);
	tcase_add_loop_test(tc, foreign_headers, 0, 12);
	tcase_add_test(tc, truncated);
	tcase_add_loop_test(tc, hostile_segments, 0, 11);
	tcase_add_test(tc, low_addresses);
	tcase_add_test(tc, too_long_for_user_space);
	tcase_add_test(tc, nothing_to_load);
	tcase_add_test(tc, segments_may_share_a_page);
	tcase_add_test(tc, headers_outside_of_memory);
	tcase_add_test(tc, most_headers);
	suite_add_tcase(s, tc);
	return s;
}
