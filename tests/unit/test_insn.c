/* Instructions that may be moved: lengths, refusals, distances. */
#include <check.h>
#include <string.h>

#include "lib/insn.h"

static const struct {
	u32 len;
	u8 code[INSN_BYTES_MAX];
} movable[] = {
	{ 6, { 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff } }, /* cmp $-4096, %rax */
	{ 5, { 0x3d, 0x00, 0xf0, 0xff, 0xff } },
	{ 4, { 0x48, 0x83, 0xf8, 0xda } }, /* cmp $-38, %rax */
	{ 3, { 0x48, 0x89, 0xc7 } },	    /* mov %rax, %rdi */
	{ 2, { 0x89, 0xc2 } },
	{ 3, { 0x48, 0x63, 0xf8 } },		     /* movslq %eax, %rdi */
	{ 5, { 0x49, 0x8b, 0x44, 0x24, 0x28 } },     /* mov 0x28(%r12), %rax */
	{ 4, { 0x89, 0x44, 0x24, 0x1c } },	     /* mov %eax, 0x1c(%rsp) */
	{ 7, { 0x8b, 0x04, 0x25, 1, 2, 3, 4 } },     /* mov abs, %eax */
	{ 8, { 0x48, 0x8b, 0x04, 0x45, 1, 2, 3, 4 } }, /* mov 4(,%rax,2), %rax */
	{ 7, { 0x80, 0xbb, 0xf8, 8, 0, 0, 0 } },     /* cmpb $0, 0x8f8(%rbx) */
	{ 8, { 0xc7, 0x44, 0x24, 8, 1, 0, 0, 0 } },  /* movl $1, 8(%rsp) */
	{ 7, { 0x48, 0xc7, 0xc0, 1, 0, 0, 0 } },     /* mov $1, %rax */
	{ 5, { 0xbf, 0x7f, 0, 0, 0 } },		     /* mov $0x7f, %edi */
	{ 9, { 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0 } }, /* mov %fs:0, %rax */
	{ 7, { 0x41, 0x81, 0xe0, 0, 8, 0, 0 } }, /* and $0x800, %r8d */
	{ 4, { 0x48, 0x8d, 0x04, 0x08 } }, /* lea (%rax,%rcx), %rax */
};

START_TEST(test_lengths)
{
	struct insn insn;

	for (size_t i = 0; i < ARRAY_SIZE(movable); i++) {
		const u32 len = movable[i].len;

		ck_assert_msg(insn_movable(movable[i].code, INSN_BYTES_MAX, &insn), "%zu", i);
		ck_assert_uint_eq(insn.len_bytes, len);
		ck_assert_uint_eq(insn.disp_at, 0);
		ck_assert(insn_movable(movable[i].code, len, &insn));
		ck_assert(!insn_movable(movable[i].code, len - 1, &insn));
	}
}
END_TEST

static const u8 refused[][INSN_BYTES_MAX] = {
	{ 0xc3 },			  /* ret */
	{ 0xe8, 1, 2, 3, 4 },		  /* call */
	{ 0xe9, 1, 2, 3, 4 },		  /* jmp */
	{ 0xeb, 0xfe },
	{ 0x74, 0x05 },			  /* je */
	{ 0xff, 0xd0 },			  /* call *%rax */
	{ 0xff, 0x24, 0x25, 0, 0, 6, 0x70 }, /* jmp *slot */
	{ 0x0f, 0x05 },			  /* syscall */
	{ 0x0f, 0x01, 0xef },		  /* wrpkru */
	{ 0x0f, 0x1f, 0x40, 0 },	  /* nopl */
	{ 0xcc },
	{ 0xcd, 0x80 },
	{ 0xc7, 0xf8, 0, 0, 0, 0 },	  /* xbegin */
	{ 0xc6, 0xf8, 0 },		  /* xabort */
	{ 0x8d, 0xc0, 0 },		  /* lea of a register */
	{ 0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8 },
	{ 0x48, 0x48, 0x89, 0xc7 },	  /* two REX */
	{ 0x66, 0x89, 0xc7 },
	{ 0xf0, 0x01, 0x07 },		  /* lock */
	{ 0x50 },
	{ 0x06 },
	{ 0xa1, 0, 0, 0, 0, 0, 0, 0, 0 }, /* mov moffs */
	{ 0x8e, 0xd0 },			  /* mov to %ss */
};

START_TEST(test_refused)
{
	struct insn insn;

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		ck_assert_msg(!insn_movable(refused[i], INSN_BYTES_MAX, &insn), "%zu", i);
	ck_assert(!insn_movable(movable[0].code, 0, &insn));
}
END_TEST

/* lea 0x1000(%rip), %rsi means the same from wherever it is moved to, and back. */
START_TEST(test_relative)
{
	const u8 code[] = { 0x48, 0x8d, 0x35, 0, 0x10, 0, 0 };
	const u8 store[] = { 0x48, 0x81, 0x3d, 0xf0, 0xff, 0xff, 0xff, 1, 2, 3, 4 };
	u8 copy[INSN_BYTES_MAX], back[INSN_BYTES_MAX];
	struct insn insn;
	s32 disp;

	ck_assert(insn_movable(code, sizeof(code), &insn));
	ck_assert_uint_eq(insn.len_bytes, sizeof(code));
	ck_assert_uint_eq(insn.disp_at, 3);
	ck_assert(insn_move(copy, 0x70064000, code, 0x400000, &insn));
	memcpy(&disp, copy + 3, sizeof(disp));
	ck_assert_int_eq(0x70064000 + disp, 0x400000 + 0x1000);
	ck_assert(insn_move(back, 0x400000, copy, 0x70064000, &insn));
	ck_assert_mem_eq(back, code, sizeof(code));
	ck_assert(!insn_move(copy, 0x70064000, code, 0x170064000, &insn));

	ck_assert(insn_movable(store, sizeof(store), &insn));
	ck_assert_uint_eq(insn.len_bytes, sizeof(store));
	ck_assert(insn_move(copy, 0x10000, store, 0x10010, &insn));
	memcpy(&disp, copy + 3, sizeof(disp));
	ck_assert_int_eq(disp, 0);
	ck_assert_mem_eq(copy + 7, store + 7, 4);
}
END_TEST

Suite *insn_suite(void);
Suite *insn_suite(void)
{
	Suite *s = suite_create("insn");
	TCase *tc = tcase_create("insn");

	tcase_add_test(tc, test_lengths);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_relative);
	suite_add_tcase(s, tc);
	return s;
}
