/* Radix trees against an array, with node memory that runs out. */
#include <check.h>
#include <stdlib.h>

#include "lib/err.h"
#include "lib/radix.h"

static int live_nodes, nodes_left;

static void *node_alloc(size_t bytes)
{
	if (!nodes_left)
		return NULL;
	if (nodes_left > 0)
		nodes_left--;
	live_nodes++;
	return calloc(1, bytes);
}

static void node_free(void *node, size_t bytes)
{
	(void)bytes;
	live_nodes--;
	free(node);
}

static void setup(void)
{
	static const struct radix_alloc_ops ops = { node_alloc, node_free };

	radix_set_allocator(&ops);
	live_nodes = 0;
	nodes_left = -1;
}

/* Keys of the model: spread over all heights, with dense parts. */
#define KEYS 600

static u64 keys[KEYS], values[KEYS];

static int compare_keys(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

static u64 rand64(void)
{
	return (u64)rand() << 42 ^ (u64)rand() << 21 ^ (u64)rand();
}

static void make_keys(void)
{
	for (u64 i = 0; i < KEYS; i++) {
		if (i < 200)
			keys[i] = i;
		else if (i < 400)
			keys[i] = 0x70000 + i * 3;
		else
			keys[i] = rand64() >> (rand() % 64);
		values[i] = 0;
	}
	keys[KEYS - 1] = UINT64_MAX;
	qsort(keys, KEYS, sizeof(keys[0]), compare_keys);
	for (u64 i = 1; i < KEYS; i++)
		if (keys[i] <= keys[i - 1])
			keys[i] = keys[i - 1] + 1;
}

static void check_walk(struct radix *tree)
{
	u64 key = 0, value;
	size_t i = 0, count = 0;
	bool last = false;

	while (!last && (value = radix_next(tree, &key))) {
		while (i < KEYS && !values[i])
			i++;
		ck_assert_uint_lt(i, KEYS);
		ck_assert_uint_eq(key, keys[i]);
		ck_assert_uint_eq(value, values[i]);
		last = key == UINT64_MAX;
		key++;
		i++;
		count++;
	}
	while (i < KEYS && !values[i])
		i++;
	ck_assert_uint_eq(i, KEYS);
	ck_assert_uint_eq(tree->count, count);
}

/* What lies together: as radix_get says, one by one. */
static void check_span(struct radix *tree, u64 key)
{
	u64 count, end, n = 0;
	const u64 *slot = radix_span(tree, key, &count);

	ck_assert_uint_ge(count, 1);
	end = MIN(MIN(count, 100u), UINT64_MAX - key);
	/* not an assertion each: one of Check's costs a write to a pipe */
	while (n < end && (slot ? slot[n] : 0) == radix_get(tree, key + n))
		n++;
	ck_assert_uint_eq(n, end);
}

static void step(struct radix *tree, int insert_percent)
{
	size_t i = (size_t)rand() % KEYS;

	if (rand() % 100 < insert_percent) {
		u64 value = rand64() | 1;
		int err = radix_set(tree, keys[i], value);

		if (!err)
			values[i] = value;
		else
			ck_assert_int_eq(nodes_left, 0);
	} else {
		ck_assert_uint_eq(radix_del(tree, keys[i]), values[i]);
		values[i] = 0;
	}
	i = (size_t)rand() % KEYS;
	check_span(tree, keys[i] + (u64)rand() % 3);
	ck_assert_uint_eq(radix_get(tree, keys[i]), values[i]);
	if (values[i])
		ck_assert_uint_eq(*radix_slot(tree, keys[i]), values[i]);
	else
		ck_assert_ptr_null(radix_slot(tree, keys[i]));
}

START_TEST(test_model)
{
	struct radix tree;

	radix_init(&tree);
	make_keys();
	for (int round = 0; round < 60000; round++) {
		step(&tree, round / 10000 % 2 ? 30 : 60);
		if (round % 500 == 0)
			check_walk(&tree);
	}
	for (size_t i = 0; i < KEYS; i++) {
		ck_assert_uint_eq(radix_del(&tree, keys[i]), values[i]);
		values[i] = 0;
	}
	ck_assert_int_eq(live_nodes, 0);
	ck_assert_uint_eq(tree.height, 0);
}
END_TEST

START_TEST(test_no_memory)
{
	struct radix tree;

	radix_init(&tree);
	make_keys();
	for (int round = 0; round < 40000; round++) {
		nodes_left = rand() % 4;
		step(&tree, 55);
		if (round % 500 == 0)
			check_walk(&tree);
	}
	check_walk(&tree);
	radix_destroy(&tree);
	ck_assert_int_eq(live_nodes, 0);
}
END_TEST

START_TEST(test_key_zero_costs_no_node)
{
	struct radix tree;
	u64 key = 0;

	radix_init(&tree);
	ck_assert_uint_eq(radix_next(&tree, &key), 0);
	ck_assert_int_eq(radix_set(&tree, 0, 7), 0);
	ck_assert_int_eq(live_nodes, 0);
	ck_assert_uint_eq(radix_next(&tree, &key), 7);
	ck_assert_uint_eq(radix_get(&tree, 1), 0);
	*radix_slot(&tree, 0) = 8;
	ck_assert_int_eq(radix_set(&tree, 64, 9), 0);
	ck_assert_uint_eq(radix_get(&tree, 0), 8);
	ck_assert_uint_eq(radix_del(&tree, 64), 9);
	ck_assert_uint_eq(radix_del(&tree, 0), 8);
	ck_assert_int_eq(live_nodes, 0);
	nodes_left = 0;
	ck_assert_int_eq(radix_set(&tree, 1, 1), -ENOMEM);
	ck_assert_int_eq(radix_set(&tree, 0, 1), 0);
	ck_assert_int_eq(radix_set(&tree, 1, 1), -ENOMEM);
	ck_assert_uint_eq(radix_get(&tree, 0), 1);
	ck_assert_uint_eq(tree.count, 1);
}
END_TEST

Suite *radix_suite(void);
Suite *radix_suite(void)
{
	Suite *s = suite_create("radix");
	TCase *tc = tcase_create("radix");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_no_memory);
	tcase_add_test(tc, test_key_zero_costs_no_node);
	suite_add_tcase(s, tc);
	return s;
}
