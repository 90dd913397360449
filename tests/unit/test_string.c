/* lib/string.c, under other names beside the libc's, against the libc's. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "lib/types.h"

#define memcpy k_memcpy
#define memmove k_memmove
#define memset k_memset
#define memcmp k_memcmp
#define memchr k_memchr
#define strlen k_strlen
#define strnlen k_strnlen
#define strcmp k_strcmp
#define strncmp k_strncmp
#define strchr k_strchr
#define strrchr k_strrchr
#undef LIB_STRING_H
#include "lib/string.h"
#include "lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr

#define SIZE 300

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void fill(u8 *buf)
{
	for (size_t i = 0; i < SIZE; i++)
		buf[i] = (u8)rand();
}

START_TEST(test_moves)
{
	u8 a[SIZE], b[SIZE];

	for (int round = 0; round < 5000; round++) {
		size_t from = (size_t)rand() % SIZE, to = (size_t)rand() % SIZE;
		size_t n = (size_t)rand() % (SIZE - MAX(from, to));

		fill(a);
		memcpy(b, a, SIZE);
		ck_assert_ptr_eq(k_memmove(a + to, a + from, n), a + to);
		memmove(b + to, b + from, n);
		ck_assert_mem_eq(a, b, SIZE);
		k_memset(a + to, round, n);
		memset(b + to, round, n);
		ck_assert_mem_eq(a, b, SIZE);
		k_memcpy(a, b + from, n);
		ck_assert_mem_eq(a, b + from, n);
	}
}
END_TEST

START_TEST(test_compare)
{
	u8 a[SIZE], b[SIZE];

	for (int round = 0; round < 5000; round++) {
		size_t n = (size_t)rand() % SIZE;
		u8 c = (u8)(rand() % 8);

		fill(a);
		for (size_t i = 0; i < SIZE; i++)
			a[i] %= 8;
		a[SIZE - 1] = 0;
		memcpy(b, a, SIZE);
		b[(size_t)rand() % SIZE] = (u8)rand();
		b[SIZE - 1] = 0;
		ck_assert_int_eq(sign(k_memcmp(a, b, n)), sign(memcmp(a, b, n)));
		ck_assert_int_eq(sign(k_strcmp((char *)a, (char *)b)),
				 sign(strcmp((char *)a, (char *)b)));
		ck_assert_int_eq(sign(k_strncmp((char *)a, (char *)b, n)),
				 sign(strncmp((char *)a, (char *)b, n)));
		ck_assert_ptr_eq(k_memchr(a, c, n), memchr(a, c, n));
		ck_assert_ptr_eq(k_strchr((char *)a, c), strchr((char *)a, c));
		ck_assert_ptr_eq(k_strrchr((char *)a, c), strrchr((char *)a, c));
		ck_assert_uint_eq(k_strlen((char *)a), strlen((char *)a));
		ck_assert_uint_eq(k_strnlen((char *)a, n), strnlen((char *)a, n));
	}
}
END_TEST

Suite *string_suite(void);
Suite *string_suite(void)
{
	Suite *s = suite_create("string");
	TCase *tc = tcase_create("against libc");

	tcase_add_test(tc, test_moves);
	tcase_add_test(tc, test_compare);
	suite_add_tcase(s, tc);
	return s;
}
