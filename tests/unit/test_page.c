/* RAM frames: the buddy allocator against a map of who has which frame. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hal.h"
#include "mm/page.h"

#define FRAMES 5000 /* no power of two: the last block is a small one */

static void setup(void)
{
	struct fake_config config = { .ram_bytes = FRAMES * PAGE_SIZE };

	fake_boot_mm(&config);
}

struct run {
	pfn_t pfn;
	u32 count;
};

static struct run runs[FRAMES];
static u8 owner[FRAMES];
static u32 run_count;

static void take(pfn_t pfn, u32 count, bool zero)
{
	ck_assert_uint_le(pfn + count, FRAMES);
	for (u32 i = 0; i < count; i++) {
		ck_assert_uint_eq(owner[pfn + i], 0);
		ck_assert_uint_eq(page_refs(pfn + i), 1);
		owner[pfn + i] = 1;
		if (zero || page_is_zero(pfn + i))
			for (u32 b = 0; b < PAGE_SIZE; b += 512)
				ck_assert_uint_eq(fake_ram(pfn + i)[b], 0);
		fake_ram(pfn + i)[512 * (i % 8)] = 0xaa;
		page_mark_dirty(pfn + i);
	}
	runs[run_count++] = (struct run){ pfn, count };
}

static void drop(u32 index)
{
	struct run r = runs[index];

	runs[index] = runs[--run_count];
	for (u32 i = 0; i < r.count; i++) {
		owner[r.pfn + i] = 0;
		page_put(r.pfn + i);
	}
}

static u64 owned(void)
{
	u64 n = 0;

	for (u32 i = 0; i < FRAMES; i++)
		n += owner[i];
	return n;
}

START_TEST(test_model)
{
	for (int round = 0; round < 30000; round++) {
		int bias = round / 3000 % 2 ? 35 : 65;
		u32 flags = rand() % 4 ? 0 : PAGE_ZERO;

		if (rand() % 100 >= bias) {
			if (run_count)
				drop((u32)rand() % run_count);
		} else if (rand() % 2) {
			u32 order = (u32)rand() % 6;
			pfn_t pfn = page_alloc(order, flags);

			if (pfn != PFN_NONE) {
				ck_assert_uint_eq(pfn % (1u << order), 0);
				take(pfn, 1u << order, flags);
			}
		} else {
			u32 want = 1 + (u32)rand() % 70, got;
			pfn_t pfn = page_alloc_run(want, &got, flags);

			if (pfn == PFN_NONE) {
				ck_assert_uint_eq(owned(), FRAMES);
				continue;
			}
			ck_assert(got >= 1 && got <= want);
			take(pfn, got, flags);
		}
		if (round % 100 == 0)
			ck_assert_uint_eq(page_free_count(), FRAMES - owned());
	}
	while (run_count)
		drop(0);
	ck_assert_uint_eq(page_free_count(), FRAMES);
	/* all merged again: the largest blocks are there */
	for (u32 i = 0; i < FRAMES >> PAGE_ORDER_MAX; i++)
		ck_assert_uint_ne(page_alloc(PAGE_ORDER_MAX, 0), PFN_NONE);
	ck_assert_uint_eq(page_alloc(PAGE_ORDER_MAX, 0), PFN_NONE);
}
END_TEST

START_TEST(test_ascending_runs)
{
	u32 got;
	pfn_t first = page_alloc_run(16, &got, 0);

	ck_assert_uint_eq(got, 16);
	for (u32 i = 1; i < 20; i++) {
		ck_assert_uint_eq(page_alloc_run(16, &got, 0), first + i * 16);
		ck_assert_uint_eq(got, 16);
	}
}
END_TEST

START_TEST(test_references)
{
	pfn_t pfn = page_alloc(0, 0);

	page_get(pfn);
	page_get(pfn);
	ck_assert_uint_eq(page_refs(pfn), 3);
	page_put(pfn);
	page_put(pfn);
	ck_assert_uint_eq(page_free_count(), FRAMES - 1);
	page_put(pfn);
	ck_assert_uint_eq(page_free_count(), FRAMES);
}
END_TEST

START_TEST(test_zero_knowledge)
{
	pfn_t pfn = page_alloc(0, 0);

	ck_assert(page_is_zero(pfn));
	fake_ram(pfn)[5] = 1;
	page_put(pfn); /* never marked dirty: it must be known all the same */
	ck_assert_uint_eq(page_alloc(0, 0), pfn);
	ck_assert(!page_is_zero(pfn));
	page_put(pfn);
	ck_assert_uint_eq(page_alloc(0, PAGE_ZERO), pfn);
	ck_assert_uint_eq(fake_ram(pfn)[5], 0);
	ck_assert(page_is_zero(pfn));
}
END_TEST

START_TEST(test_exhaustion)
{
	u32 got, all = 0;

	while (page_alloc_run(1024, &got, 0) != PFN_NONE)
		all += got;
	ck_assert_uint_eq(got, 0);
	ck_assert_uint_eq(all, FRAMES);
	ck_assert_uint_eq(page_free_count(), 0);
	ck_assert_uint_eq(page_alloc(0, 0), PFN_NONE);
	page_put(77);
	ck_assert_uint_eq(page_alloc_run(16, &got, 0), 77);
	ck_assert_uint_eq(got, 1);
}
END_TEST

START_TEST(test_double_put)
{
	pfn_t pfn = page_alloc(0, 0);

	page_put(pfn);
	page_put(pfn);
}
END_TEST

static u32 due_count;

static void count_due(void)
{
	due_count++;
}

/* Whole runs that were used and are free go back, and are zero then. */
START_TEST(test_trim)
{
	pfn_t run[4], single;

	due_count = 0;
	page_set_trim(count_due);
	for (int i = 0; i < 4; i++) {
		run[i] = page_alloc(PAGE_ORDER_MAX, 0);
		ck_assert_uint_ne(run[i], PFN_NONE);
		take(run[i], 1 << PAGE_ORDER_MAX, false);
	}
	ck_assert(!page_trim(10)); /* nothing is free */
	while (run_count)
		drop(0);
	ck_assert_uint_eq(due_count, 1);
	single = page_alloc(PAGE_ORDER_MAX, 0); /* one of them is wanted again */
	page_put(single);
	ck_assert(page_trim(1));
	ck_assert(!page_trim(10));
	for (int i = 0; i < 4; i++)
		for (u32 n = 0; n < 1u << PAGE_ORDER_MAX; n++)
			if (run[i] + n < single || run[i] + n >= single + 1024)
				ck_assert_uint_eq(fake_ram(run[i] + n)[512 * (n % 8)], 0);
	single = page_alloc(PAGE_ORDER_MAX, 0);
	ck_assert(page_is_zero(single + 1));
	ck_assert_uint_eq(due_count, 1);
}
END_TEST

Suite *page_suite(void);
Suite *page_suite(void)
{
	Suite *s = suite_create("page");
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_ascending_runs);
	tcase_add_test(tc, test_references);
	tcase_add_test(tc, test_zero_knowledge);
	tcase_add_test(tc, test_exhaustion);
	tcase_add_test(tc, test_trim);
	tcase_add_test_raise_signal(tc, test_double_put, 6 /* SIGABRT */);
	suite_add_tcase(s, tc);
	return s;
}
