/* Kernel memory: pages and small objects against a list of what is out. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hal.h"
#include "lib/string.h"
#include "mm/slab.h"

static u64 used_before;

static void setup(void)
{
	struct fake_config config = { .heap_bytes = 4 << 20, .ram_bytes = 1 << 20 };

	fake_hal_init(&config);
	kmem_init();
	used_before = kmem_used_bytes();
}

#define OBJECTS 2000

static struct {
	u8 *at;
	size_t bytes;
	u8 fill;
} objects[OBJECTS];

static size_t random_size(void)
{
	switch (rand() % 10) {
	case 0:
		return (size_t)rand() % 20000;
	case 1:
	case 2:
		return (size_t)rand() % 3000;
	default:
		return (size_t)rand() % 300;
	}
}

static void drop(size_t i)
{
	size_t same = 0;

	while (same < objects[i].bytes && objects[i].at[same] == objects[i].fill)
		same++;
	ck_assert_uint_eq(same, objects[i].bytes);
	kfree(objects[i].at);
	objects[i].at = NULL;
}

START_TEST(test_model)
{
	for (int round = 0; round < 40000; round++) {
		size_t i = (size_t)rand() % OBJECTS, bytes = random_size();

		if (objects[i].at) {
			drop(i);
			continue;
		}
		objects[i].at = rand() % 2 ? kmalloc(bytes) : kzalloc(bytes);
		if (!objects[i].at)
			continue;
		ck_assert_uint_eq((u64)objects[i].at % (bytes >= 64 ? 64 : 16), 0);
		objects[i].bytes = bytes;
		objects[i].fill = (u8)rand();
		memset(objects[i].at, objects[i].fill, bytes);
	}
	for (size_t i = 0; i < OBJECTS; i++)
		if (objects[i].at)
			drop(i);
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
}
END_TEST

START_TEST(test_exhaustion)
{
	void *chain = NULL, **object;
	u64 count = 0;

	while ((object = kmalloc(500))) {
		*object = chain;
		chain = object;
		count++;
	}
	ck_assert_uint_gt(count * 512, kmem_total_bytes() * 9 / 10);
	ck_assert_ptr_null(kpages_alloc(0));
	ck_assert_ptr_null(kzalloc(5000));
	while (chain) {
		object = chain;
		chain = *object;
		kfree(object);
	}
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
}
END_TEST

START_TEST(test_pages_are_zero)
{
	for (int round = 0; round < 50; round++) {
		u32 order = (u32)rand() % 5;
		u8 *pages = kpages_alloc(order);

		for (size_t i = 0; i < PAGE_SIZE << order; i += 8)
			ck_assert_uint_eq(*(u64 *)(pages + i), 0);
		memset(pages, 0xee, PAGE_SIZE << order);
		kpages_free(pages, order);
	}
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
}
END_TEST

START_TEST(test_odds)
{
	char *copy = kstrdup("hello");
	u8 *zeroed = kzalloc(100);
	void *none = kmalloc(0);

	ck_assert_str_eq(copy, "hello");
	for (int i = 0; i < 100; i++)
		ck_assert_uint_eq(zeroed[i], 0);
	ck_assert_ptr_nonnull(none);
	ck_assert_ptr_null(kmalloc(SIZE_MAX));
	ck_assert_ptr_null(kmalloc(SIZE_MAX / 2 + 1));
	kfree(NULL);
	kfree(copy);
	kfree(zeroed);
	kfree(none);
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
}
END_TEST

START_TEST(test_reserve)
{
	u64 total = kmem_total_bytes();
	u8 *piece, *next, *object;

	ck_assert_ptr_null(kmem_reserve(1UL << 40));
	piece = kmem_reserve(10000);
	next = kmem_reserve(PAGE_SIZE);
	ck_assert_ptr_nonnull(piece);
	ck_assert_ptr_eq(next, piece + 3 * PAGE_SIZE);
	for (int i = 0; i < 10000; i++)
		ck_assert_uint_eq(piece[i], 0);
	memset(piece, 0xee, 10000);
	ck_assert_uint_eq(kmem_total_bytes(), total - 4 * PAGE_SIZE);
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
	object = kpages_alloc(0);
	ck_assert_ptr_eq(object, next + PAGE_SIZE); /* right behind */
	kpages_free(object, 0);
	ck_assert_uint_eq(kmem_used_bytes(), used_before);
}
END_TEST

/* The core is told of memory before it is used, once, from its start on. */
START_TEST(test_gathered)
{
	u64 told = fake_core_gathered();
	void *page = kpages_alloc(0), *large;

	ck_assert_uint_gt(fake_core_gathered(), told);
	ck_assert_uint_ge(fake_core_gathered(), (u64)page + PAGE_SIZE);
	large = kpages_alloc(8);
	ck_assert_uint_ge(fake_core_gathered(), (u64)large + (PAGE_SIZE << 8));
	told = fake_core_gathered();
	kpages_free(page, 0);
	page = kpages_alloc(0);
	ck_assert_uint_eq(fake_core_gathered(), told);
	kpages_free(page, 0);
	kpages_free(large, 8);
}
END_TEST

START_TEST(test_double_free)
{
	void *a = kmalloc(100), *b = kmalloc(100);

	(void)b;
	kfree(a);
	kfree(b); /* the page is empty and gone */
	kfree(a);
}
END_TEST

Suite *slab_suite(void);
Suite *slab_suite(void)
{
	Suite *s = suite_create("slab");
	TCase *tc = tcase_create("slab");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_exhaustion);
	tcase_add_test(tc, test_pages_are_zero);
	tcase_add_test(tc, test_odds);
	tcase_add_test(tc, test_reserve);
	tcase_add_test(tc, test_gathered);
	tcase_add_test_raise_signal(tc, test_double_free, SIGABRT);
	suite_add_tcase(s, tc);
	return s;
}
