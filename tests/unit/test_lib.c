/* lib: formatted text, bitmaps, rings, lists, red-black trees. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bitmap.h"
#include "lib/checksum.h"
#include "lib/list.h"
#include "lib/printf.h"
#include "lib/rbtree.h"
#include "lib/ring.h"
#include "lib/string.h"

/* --- checksum ------------------------------------------------------------------ */

/* The sum of RFC 1071, section 3: its words, and the sum of the bytes as they lie. */
START_TEST(test_checksum_of_the_standard)
{
	static const u8 data[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	struct checksum c = { .sum = 0 };
	u16 end;

	checksum_add(&c, data, sizeof(data));
	end = checksum_end(&c);
	ck_assert_uint_eq(end & 0xff, 0xff & ~0xddu);
	ck_assert_uint_eq(end >> 8, 0xff & ~0xf2u);
	checksum_add(&c, &end, sizeof(end));
	ck_assert_uint_eq(checksum_end(&c), 0);
}
END_TEST

/* In pieces of every length it is the same, an odd end included. */
START_TEST(test_checksum_in_pieces)
{
	u8 data[257];
	struct checksum whole = { .sum = 0 };

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 31 + i / 7);
	checksum_add(&whole, data, sizeof(data));
	for (size_t piece = 1; piece <= sizeof(data); piece++) {
		struct checksum c = { .sum = 0 };

		for (size_t at = 0; at < sizeof(data); at += piece)
			checksum_add(&c, data + at, MIN(piece, sizeof(data) - at));
		ck_assert_uint_eq(checksum_end(&c), checksum_end(&whole));
	}
}
END_TEST

/* --- printf ------------------------------------------------------------------- */

#define SAME(...)                                                                \
	do {                                                                     \
		char want[200], have[200];                                       \
		int n = snprintf(want, sizeof(want), __VA_ARGS__);               \
		ck_assert_int_eq(ksnprintf(have, sizeof(have), __VA_ARGS__), n); \
		ck_assert_str_eq(have, want);                                    \
	} while (0)

START_TEST(test_printf_like_libc)
{
	SAME("plain %% text");
	SAME("%d %d %i %u", 0, -17, 2147483647, 4294967295u);
	SAME("%5d|%-5d|%05d|%+d|% d|%+5d", 42, 42, 42, 42, 42, -42);
	SAME("%x %X %#x %#X %#o %o", 0xbeef, 0xbeef, 0xbeef, 0xbeef, 8, 8);
	SAME("%#x %#o %08x %-8x|", 0, 0, 0x1234, 0x1234);
	SAME("%ld %lu %llx %zu", -1L, ~0UL, ~0ULL, (size_t)77);
	SAME("%hd %hhu %hhd", (short)-3, (unsigned char)200, (signed char)-100);
	SAME("%.3d %.0d %8.3d %-8.3d|", 5, 0, 5, 5);
	SAME("%s|%10s|%-10s|%.2s|%.0s|", "abc", "abc", "abc", "abc", "abc");
	SAME("%*d %-*d| %.*s %.*d", 6, 1, 6, 1, 2, "xyz", 3, 7);
	SAME("%*d|", -6, 1);
	SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	SAME("%p", (void *)0x1234);
	SAME("%ld", (long)(1UL << 63));
}
END_TEST

START_TEST(test_printf_bounds)
{
	char buf[8] = "zzzzzzz";

	ck_assert_int_eq(ksnprintf(buf, 4, "%d", 123456), 6);
	ck_assert_str_eq(buf, "123");
	ck_assert_int_eq(buf[4], 'z');
	ck_assert_int_eq(ksnprintf(buf, 1, "abc"), 3);
	ck_assert_str_eq(buf, "");
	ck_assert_int_eq(ksnprintf(NULL, 0, "%s", "hello"), 5);
	ck_assert_uint_eq(str_copy(buf, "abcdefghij", sizeof(buf)), 10);
	ck_assert_str_eq(buf, "abcdefg");
}
END_TEST

START_TEST(test_textbuf)
{
	struct textbuf tb;
	char buf[10];

	textbuf_init(&tb, buf, sizeof(buf));
	textbuf_printf(&tb, "%d-", 12);
	textbuf_putc(&tb, 'x');
	ck_assert_str_eq(buf, "12-x");
	for (int i = 0; i < 20; i++)
		textbuf_printf(&tb, "abc");
	textbuf_putc(&tb, 'q');
	ck_assert_str_eq(buf, "12-xabcab");
	ck_assert_uint_eq(tb.len, 9);
}
END_TEST

/* --- bitmap, ring, list ---------------------------------------------------------- */

START_TEST(test_bitmap)
{
	u64 map[BITMAP_WORDS(200)] = { 0 };

	for (size_t i = 0; i < 200; i++) {
		ck_assert_uint_eq(bitmap_find_clear(map, 200, 0), i);
		bitmap_set(map, i);
		ck_assert(bitmap_test(map, i));
	}
	ck_assert_uint_eq(bitmap_find_clear(map, 200, 0), 200);
	bitmap_clear(map, 130);
	ck_assert_uint_eq(bitmap_find_clear(map, 200, 64), 130);
	ck_assert_uint_eq(bitmap_find_clear(map, 200, 130), 130);
	ck_assert_uint_eq(bitmap_find_clear(map, 200, 131), 200);
	ck_assert_uint_eq(bitmap_find_clear(map, 100, 0), 100);
	ck_assert_uint_eq(bitmap_find_clear(map, 200, 200), 200);
}
END_TEST

START_TEST(test_ring_model)
{
	u8 data[16], model[4096];
	struct ring r;
	size_t in = 0, out = 0;

	ring_init(&r, data, sizeof(data));
	r.head = r.tail = 0xfffffff8u; /* the counters wrap */
	for (int i = 0; i < 2000; i++) {
		u8 buf[32];
		u32 n = (u32)rand() % 20, done;

		if (rand() % 2) {
			for (u32 j = 0; j < n; j++)
				buf[j] = model[(in + j) % 4096] = (u8)rand();
			done = ring_write(&r, buf, n);
			ck_assert_uint_eq(done, MIN(n, 16 - (in - out)));
			in += done;
		} else {
			done = ring_read(&r, buf, n);
			ck_assert_uint_eq(done, MIN(n, in - out));
			for (u32 j = 0; j < done; j++)
				ck_assert_uint_eq(buf[j], model[(out + j) % 4096]);
			out += done;
		}
		ck_assert_uint_eq(ring_used(&r), in - out);
	}
}
END_TEST

struct item {
	int value;
	struct list_head link;
};

START_TEST(test_list)
{
	struct item items[4] = {
		{ .value = 0 }, { .value = 1 }, { .value = 2 }, { .value = 3 }
	};
	struct item *pos, *tmp;
	struct list_head head;
	int expect = 1;

	list_init(&head);
	ck_assert(list_empty(&head));
	for (int i = 1; i < 4; i++)
		list_add_tail(&items[i].link, &head);
	list_add(&items[0].link, &head);
	list_del(&items[0].link);
	list_del(&items[0].link);
	list_for_each_entry(pos, &head, link)
		ck_assert_int_eq(pos->value, expect++);
	list_for_each_entry_safe(pos, tmp, &head, link)
		list_del(&pos->link);
	ck_assert(list_empty(&head));
}
END_TEST

/* --- red-black tree ---------------------------------------------------------------- */

#define KEYS 500

struct knot {
	struct rb_node node;
	int key;
	bool in;
};

/* Black height below node; aborts where a rule is broken. */
static int check_rules(const struct rb_node *node, const struct rb_node *parent)
{
	int left, right;

	if (!node)
		return 1;
	ck_assert_ptr_eq(node->parent, parent);
	if (node->red) {
		ck_assert(!node->left || !node->left->red);
		ck_assert(!node->right || !node->right->red);
	}
	left = check_rules(node->left, node);
	right = check_rules(node->right, node);
	ck_assert_int_eq(left, right);
	return left + !node->red;
}

static void knot_insert(struct rb_root *root, struct knot *k)
{
	struct rb_node **link = &root->node, *parent = NULL;

	while (*link) {
		parent = *link;
		link = k->key < rb_entry(parent, struct knot, node)->key ?
			       &parent->left :
			       &parent->right;
	}
	rb_insert(root, &k->node, parent, link);
}

static void check_order(const struct rb_root *root, const struct knot *knots)
{
	struct rb_node *node = rb_first(root), *last = NULL;

	for (int i = 0; i < KEYS; i++) {
		if (!knots[i].in)
			continue;
		ck_assert_ptr_eq(node, &knots[i].node);
		ck_assert_ptr_eq(rb_prev(node), last);
		last = node;
		node = rb_next(node);
	}
	ck_assert_ptr_null(node);
	ck_assert_ptr_eq(rb_last(root), last);
}

START_TEST(test_rbtree_model)
{
	static struct knot knots[KEYS];
	struct rb_root root = { NULL };

	for (int i = 0; i < KEYS; i++)
		knots[i].key = i;
	for (int round = 0; round < 20000; round++) {
		/* grow, churn, shrink */
		int bias = round < 5000 ? 80 : round < 15000 ? 50 : 20;
		struct knot *k = &knots[rand() % KEYS];
		bool insert = rand() % 100 < bias;

		if (insert == k->in)
			continue;
		if (insert)
			knot_insert(&root, k);
		else
			rb_erase(&root, &k->node);
		k->in = insert;
		if (round % 16 == 0) {
			ck_assert(!root.node || !root.node->red);
			check_rules(root.node, NULL);
			check_order(&root, knots);
		}
	}
}
END_TEST

Suite *lib_suite(void);
Suite *lib_suite(void)
{
	Suite *s = suite_create("lib");
	TCase *tc = tcase_create("lib");

	tcase_add_test(tc, test_checksum_of_the_standard);
	tcase_add_test(tc, test_checksum_in_pieces);
	tcase_add_test(tc, test_printf_like_libc);
	tcase_add_test(tc, test_printf_bounds);
	tcase_add_test(tc, test_textbuf);
	tcase_add_test(tc, test_bitmap);
	tcase_add_test(tc, test_ring_model);
	tcase_add_test(tc, test_list);
	tcase_add_test(tc, test_rbtree_model);
	suite_add_tcase(s, tc);
	return s;
}
