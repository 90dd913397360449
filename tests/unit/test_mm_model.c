/*
 * Address spaces against a model: an array of pages with rights and one word
 * of contents each. Random mapping, unmapping, protection, moving, truncation,
 * forks and accesses in several spaces; after each step the invariants are
 * checked, and that every access does what the model says.
 *
 * In lenient runs memory is short or the host refuses: a step may then fail
 * with -ENOMEM, after which nothing may be wrong, only not done.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/mman.h>

#include "fake_hal.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/page.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#define BASE 0x20000000UL
#define PAGES 160u
#define SPACES 4
#define OBJECTS 3
#define OBJECT_PAGES 48u

struct model_page {
	bool mapped, shared, own; /* own: a private copy was made */
	u32 prot;
	int object; /* -1: anonymous */
	u32 index;
	u64 value; /* of the private copy */
};

struct space {
	struct mm *mm;
	struct model_page page[PAGES];
};

struct model_object {
	struct vm_object *obj;
	u32 pages;
	u64 value[OBJECT_PAGES];
};

static struct space spaces[SPACES];
static struct space *now;
static struct model_object objects[OBJECTS];
static bool lenient;

static u32 pick(u32 n)
{
	return (u32)rand() % n;
}

static uaddr_t at(u32 page)
{
	return BASE + page * PAGE_SIZE;
}

/* --- what the model says -------------------------------------------------------- */

static bool readable(const struct model_page *p)
{
	if (!p->mapped || !p->prot)
		return false;
	return p->object < 0 || p->own || p->index < objects[p->object].pages;
}

static u64 *value_of(struct model_page *p)
{
	static u64 zero;

	if (p->own)
		return &p->value;
	if (p->object >= 0)
		return &objects[p->object].value[p->index];
	zero = 0;
	return &zero;
}

static void model_write(struct model_page *p, u64 value)
{
	if (p->shared) {
		*value_of(p) = value;
		return;
	}
	p->own = true;
	p->value = value;
}

/* After a step that failed half-way: what is mapped, the tree says. */
static void resync(struct space *s)
{
	for (u32 i = 0; i < PAGES; i++) {
		struct vma *vma = vma_at(s->mm, at(i));

		s->page[i].mapped = vma != NULL;
		if (vma)
			s->page[i].prot = vma->flags & VMA_PROT;
		else
			s->page[i].own = false;
	}
}

/* --- steps ------------------------------------------------------------------------ */

static void switch_to(struct space *s)
{
	now = s;
	mm_switch(s->mm);
}

static void step_map(u32 first, u32 count)
{
	struct map_req req = { .addr = at(first),
			       .len_bytes = count * PAGE_SIZE,
			       .vma_flags = pick(8),
			       .max_prot = VMA_PROT,
			       .fixed = true,
			       .populate = !lenient && pick(8) == 0 };
	int object = pick(2) ? -1 : (int)pick(OBJECTS);
	bool shared = object >= 0 && pick(2);
	s64 result;

	if (object >= 0) {
		count = MIN(count, OBJECT_PAGES);
		req.len_bytes = count * PAGE_SIZE;
		req.object = objects[object].obj;
		req.pgoff = pick(OBJECT_PAGES - count + 1);
		req.vma_flags |= shared ? VMA_SHARED : 0;
	}
	if (lenient)
		req.vma_flags |= VMA_NORESERVE;
	result = mm_map(now->mm, &req);
	if (result == -ENOMEM && lenient)
		return;
	ck_assert_int_eq(result, req.addr);
	for (u32 i = 0; i < count; i++)
		now->page[first + i] =
			(struct model_page){ .mapped = true,
					     .shared = shared,
					     .prot = req.vma_flags & VMA_PROT,
					     .object = object,
					     .index = (u32)req.pgoff + i };
	/* a private writable page is populated with its copy */
	for (u32 i = first; req.populate && i < first + count; i++)
		if (!shared && (req.vma_flags & VMA_W) && readable(&now->page[i]))
			model_write(&now->page[i], *value_of(&now->page[i]));
}

static void step_unmap(u32 first, u32 count)
{
	int err = mm_unmap(now->mm, at(first), count * PAGE_SIZE);

	if (err == -ENOMEM && lenient)
		return;
	ck_assert_int_eq(err, 0);
	for (u32 i = first; i < first + count; i++)
		now->page[i] = (struct model_page){ .object = -1 };
}

static void step_protect(u32 first, u32 count)
{
	u32 prot = pick(8), i = first;
	int err = mm_protect(now->mm, at(first), count * PAGE_SIZE, prot);

	if (err == -ENOMEM && lenient) {
		resync(now);
		return;
	}
	for (; i < first + count && now->page[i].mapped; i++)
		now->page[i].prot = prot;
	ck_assert_int_eq(err, i < first + count ? -ENOMEM : 0);
}

static void step_dontneed(u32 first, u32 count)
{
	bool hole = false;

	for (u32 i = first; i < first + count; i++) {
		hole |= !now->page[i].mapped;
		now->page[i].own = false;
	}
	ck_assert_int_eq(
		mm_advise(now->mm, at(first), count * PAGE_SIZE, MADV_DONTNEED),
		hole ? -ENOMEM : 0);
}

/* Moves a part of the VMA at first to a place in the arena. */
static void step_remap(u32 first, u32 count)
{
	struct vma *vma = vma_at(now->mm, at(first));
	struct model_page moved[PAGES];
	u32 to, new_count = 1 + pick(count + 4);
	s64 result;

	if (!vma)
		return;
	count = MIN(count, (u32)((vma->end - at(first)) >> PAGE_SHIFT));
	if (new_count > count && vma->object)
		new_count = count;
	to = pick(PAGES - new_count + 1);
	result = mm_remap(now->mm, at(first), count * PAGE_SIZE,
			  new_count * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
			  at(to));
	if (to < first + count && first < to + new_count) {
		ck_assert_int_eq(result, -EINVAL);
		return;
	}
	if (result == -ENOMEM && lenient) {
		resync(now);
		return;
	}
	ck_assert_int_eq(result, at(to));
	for (u32 i = 0; i < new_count; i++) {
		moved[i] = now->page[first];
		if (i < count)
			moved[i] = now->page[first + i];
		else
			moved[i].own = false;
	}
	for (u32 i = 0; i < count; i++)
		now->page[first + i] = (struct model_page){ .object = -1 };
	memcpy(&now->page[to], moved, new_count * sizeof(moved[0]));
}

static void step_truncate(void)
{
	int n = (int)pick(OBJECTS);
	struct model_object *o = &objects[n];
	u32 pages = pick(OBJECT_PAGES + 1);

	if (pages < o->pages) {
		o->obj->size_bytes = pages * PAGE_SIZE;
		vm_object_drop(o->obj, pages, UINT64_MAX);
		mm_object_truncate(o->obj, pages);
		for (u32 i = pages; i < OBJECT_PAGES; i++)
			o->value[i] = 0;
		for (struct space *s = spaces; s < spaces + SPACES; s++)
			for (u32 i = 0; i < PAGES; i++)
				if (s->page[i].object == n &&
				    s->page[i].index >= pages)
					s->page[i].own = false;
	}
	o->obj->size_bytes = pages * PAGE_SIZE;
	o->pages = pages;
}

static void step_fork(void)
{
	struct space *child = &spaces[pick(SPACES)];
	struct mm *mm;

	if (child == now)
		return;
	mm = mm_fork(now->mm);
	if (IS_ERR(mm)) {
		ck_assert(lenient);
		return;
	}
	if (child->mm)
		mm_put(child->mm);
	child->mm = mm;
	memcpy(child->page, now->page, sizeof(now->page));
}

static void step_write(u32 i)
{
	struct model_page *p = &now->page[i];
	u64 value = (u64)rand() + 1;
	int err = put_user(value, at(i) + 64);

	if (err && lenient && readable(p))
		return;
	ck_assert_int_eq(err, readable(p) && (p->prot & VMA_W) ? 0 : -EFAULT);
	if (!err)
		model_write(p, value);
}

static void step_read(u32 i)
{
	struct model_page *p = &now->page[i];
	u64 value = 0;
	int err = get_user(value, at(i) + 64);

	if (err && lenient && readable(p))
		return;
	ck_assert_int_eq(err, readable(p) ? 0 : -EFAULT);
	if (!err)
		ck_assert_uint_eq(value, *value_of(p));
}

static void step(void)
{
	u32 first = pick(PAGES), count = 1 + pick(MIN(PAGES - first, 40u));

	switch (pick(32)) {
	case 0 ... 3:
		step_map(first, count);
		break;
	case 4 ... 5:
		step_unmap(first, count);
		break;
	case 6 ... 9:
		step_protect(first, count);
		break;
	case 10:
		step_dontneed(first, count);
		break;
	case 11 ... 12:
		step_remap(first, count);
		break;
	case 13:
		step_truncate();
		break;
	case 14:
		step_fork();
		break;
	case 15 ... 17:
		first = pick(SPACES);
		if (spaces[first].mm)
			switch_to(&spaces[first]);
		break;
	case 18 ... 24:
		step_write(first);
		break;
	default:
		step_read(first);
	}
}

/* --- the run -------------------------------------------------------------------------- */

static void check_tree(const struct space *s)
{
	for (u32 i = 0; i < PAGES; i++) {
		const struct model_page *p = &s->page[i];
		struct vma *vma = vma_at(s->mm, at(i));

		ck_assert_int_eq(vma != NULL, p->mapped);
		if (!vma)
			continue;
		ck_assert_uint_eq(vma->flags & VMA_PROT, p->prot);
		ck_assert_int_eq(!!(vma->flags & VMA_SHARED), p->shared);
	}
}

static int object_get_page(struct vm_object *obj, u64 index, bool for_write,
			   pfn_t *pfn)
{
	int err;

	(void)for_write;
	if (index >= obj->size_bytes >> PAGE_SHIFT)
		return -ENODATA;
	*pfn = vm_object_lookup(obj, index);
	if (*pfn != PFN_NONE)
		return 0;
	*pfn = page_alloc(0, PAGE_ZERO);
	if (*pfn == PFN_NONE)
		return -ENOMEM;
	err = vm_object_insert(obj, index, *pfn);
	if (err)
		page_put(*pfn);
	return err;
}

static void object_release(struct vm_object *obj)
{
	vm_object_drop(obj, 0, UINT64_MAX);
	radix_destroy(&obj->pages);
	kfree(obj);
}

static const struct vm_object_ops object_ops = { .get_page = object_get_page, .release = object_release };

static void make_objects(void)
{
	for (int i = 0; i < OBJECTS; i++) {
		if (i) {
			objects[i].obj = vm_object_anon(OBJECT_PAGES * PAGE_SIZE);
		} else {
			objects[i].obj = kmalloc(sizeof(struct vm_object));
			vm_object_init(objects[i].obj, &object_ops);
			objects[i].obj->size_bytes = OBJECT_PAGES * PAGE_SIZE;
		}
		objects[i].pages = OBJECT_PAGES;
	}
}

static void run(const struct fake_config *config, int steps, int trouble)
{
	u64 frames, bytes;

	fake_boot_mm(config);
	frames = page_free_count();
	bytes = kmem_used_bytes();
	make_objects();
	for (u32 i = 0; i < PAGES; i++)
		spaces[0].page[i].object = -1;
	spaces[0].mm = mm_create();
	switch_to(&spaces[0]);
	for (int i = 0; i < steps; i++) {
		if (trouble && pick(20) == 0)
			fake_as_fail_at(pick(4));
		if (trouble && pick(200) == 0)
			fake_as_limit(pick(3) ? 0 : pick(60));
		if (trouble > 1 && pick(4) == 0)
			fake_heap_hog();
		step();
		fake_heap_release();
		fake_as_verify(now->mm);
		if (i % 64 == 0)
			check_tree(now);
	}
	fake_as_limit(0);
	fake_as_fail_at(0);
	for (int i = 0; i < SPACES; i++) {
		if (!spaces[i].mm)
			continue;
		switch_to(&spaces[i]);
		check_tree(now);
		for (u32 p = 0; p < PAGES; p++)
			step_read(p);
		mm_put(now->mm);
	}
	for (int i = 0; i < OBJECTS; i++) {
		ck_assert_uint_eq(objects[i].obj->vma_count, 0);
		vm_object_put(objects[i].obj);
	}
	ck_assert_uint_eq(page_free_count(), frames);
	ck_assert_uint_eq(kmem_used_bytes(), bytes);
}

START_TEST(test_model)
{
	srand((unsigned)_i + 1);
	run(NULL, 4000, 0);
}
END_TEST

START_TEST(test_host_refuses)
{
	srand((unsigned)_i + 100);
	lenient = true;
	run(NULL, 4000, 1);
}
END_TEST

START_TEST(test_ram_short)
{
	struct fake_config config = { .ram_bytes = 220 * PAGE_SIZE };

	srand((unsigned)_i + 200);
	lenient = true;
	run(&config, 4000, 0);
}
END_TEST

START_TEST(test_core_short)
{
	struct fake_config config = { .heap_bytes = 60 * PAGE_SIZE };

	srand((unsigned)_i + 300);
	lenient = true;
	run(&config, 4000, 2);
}
END_TEST

Suite *mm_model_suite(void);
Suite *mm_model_suite(void)
{
	Suite *s = suite_create("mm_model");
	TCase *tc = tcase_create("mm_model");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, test_model, 0, 4);
	tcase_add_loop_test(tc, test_host_refuses, 0, 4);
	tcase_add_loop_test(tc, test_ram_short, 0, 4);
	tcase_add_loop_test(tc, test_core_short, 0, 4);
	suite_add_tcase(s, tc);
	return s;
}
