/* Pipes and FIFOs: the ring, ends that close, waiting, memory. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fake_hal.h"
#include "fs/namei.h"
#include "fs/pipe.h"
#include "fs/poll.h"
#include "fs/pseudo.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/task.h"

#define CAPACITY 65536

static struct file *r, *w;
static struct fs_use before;
static char big[2 * CAPACITY];

static void setup(void)
{
	fs_boot(0);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7 + i / 251);
	before = fs_use_now();
	ck_assert_int_eq(pipe_create(&r, &w, O_NONBLOCK), 0);
}

static void teardown(void)
{
	if (r)
		file_put(r);
	if (w)
		file_put(w);
	fs_check_use(&before);
}

static s64 put(const void *data, size_t n)
{
	return file_write_kernel(w, data, n, 0);
}

static s64 get(void *data, size_t n)
{
	return file_read_kernel(r, data, n, 0);
}

static void drop(struct file **f)
{
	file_put(*f);
	*f = NULL;
}

/* --- without waiting ----------------------------------------------------------- */

START_TEST(what_goes_in_comes_out)
{
	char out[100];

	ck_assert_int_eq(get(out, 10), -EAGAIN);
	ck_assert_int_eq(put("hello", 5), 5);
	ck_assert_int_eq(put("world", 5), 5);
	ck_assert_int_eq(get(out, 3), 3);
	ck_assert_int_eq(get(out + 3, 90), 7);
	ck_assert_mem_eq(out, "helloworld", 10);
	ck_assert_int_eq(put("", 0), 0);
	ck_assert_int_eq(get(out, 0), 0);
}
END_TEST

START_TEST(an_empty_pipe_has_no_pages)
{
	u64 used = kmem_used_bytes();
	char out[10];

	ck_assert_int_eq(put("hello", 5), 5);
	ck_assert_uint_eq(kmem_used_bytes(), used + PAGE_SIZE);
	ck_assert_int_eq(get(out, 5), 5);
	ck_assert_uint_eq(kmem_used_bytes(), used);
}
END_TEST

START_TEST(end_of_file_when_the_writer_is_gone)
{
	char out[10];

	ck_assert_int_eq(put("ab", 2), 2);
	drop(&w);
	ck_assert_uint_eq(file_poll_mask(r, NULL) & (POLLIN | POLLHUP),
			  POLLIN | POLLHUP);
	ck_assert_int_eq(get(out, 10), 2);
	ck_assert_int_eq(get(out, 10), 0);
	ck_assert_uint_eq(file_poll_mask(r, NULL) & (POLLIN | POLLHUP), POLLHUP);
}
END_TEST

START_TEST(broken_pipe)
{
	ck_assert_int_eq(put("ab", 2), 2);
	drop(&r);
	ck_assert_int_eq(put("cd", 2), -EPIPE);
	ck_assert(current_task()->pending.mask & SIG_BIT(13));
	ck_assert_uint_ne(file_poll_mask(w, NULL) & POLLERR, 0);
}
END_TEST

START_TEST(a_full_pipe)
{
	char *out = malloc(sizeof(big));

	ck_assert_int_eq(put(big, sizeof(big)), CAPACITY);
	ck_assert_int_eq(put("x", 1), -EAGAIN);
	ck_assert_uint_eq(file_poll_mask(w, NULL) & POLLOUT, 0);
	/* a part of a page gives no room, a page does */
	ck_assert_int_eq(get(out, 4095), 4095);
	ck_assert_int_eq(put("x", 1), -EAGAIN);
	ck_assert_int_eq(get(out + 4095, 1), 1);
	ck_assert_uint_ne(file_poll_mask(w, NULL) & POLLOUT, 0);
	ck_assert_int_eq(put(big + CAPACITY, 4096), 4096);
	ck_assert_int_eq(get(out + 4096, sizeof(big)), CAPACITY);
	ck_assert_mem_eq(out, big, CAPACITY + 4096);
	free(out);
}
END_TEST

START_TEST(small_writes_are_all_or_nothing)
{
	ck_assert_int_eq(put(big, CAPACITY - 100), CAPACITY - 100);
	ck_assert_int_eq(put(big, 4096), -EAGAIN);
	ck_assert_int_eq(put(big, 101), -EAGAIN);
	ck_assert_int_eq(put(big, 5000), 100);
}
END_TEST

START_TEST(capacity)
{
	char *out = malloc(CAPACITY);

	ck_assert(pipe_is_pipe(r));
	ck_assert_uint_eq(pipe_capacity(r), CAPACITY);
	/* across a slot's border, so that the slots move */
	ck_assert_int_eq(put(big, 5000), 5000);
	ck_assert_int_eq(get(out, 4500), 4500);
	ck_assert_int_eq(put(big + 5000, 9000), 9000);
	ck_assert_int_eq(pipe_set_capacity(r, 4096), -EBUSY);
	ck_assert_int_eq(pipe_set_capacity(r, 12289), 16384);
	ck_assert_uint_eq(pipe_capacity(w), 16384);
	ck_assert_int_eq(get(out + 4500, CAPACITY), 9500);
	ck_assert_mem_eq(out, big, 14000);
	ck_assert_int_eq(pipe_set_capacity(w, 0), 4096);
	ck_assert_int_eq(put(big, 10000), 4096);
	ck_assert_int_eq(pipe_set_capacity(w, 1ULL << 32), -EINVAL);
	ck_assert_int_eq(pipe_set_capacity(w, 1 << 20), 1 << 20);
	fs_become_user();
	ck_assert_int_eq(pipe_set_capacity(w, 1 << 21), -EPERM);
	fs_become_root();
	free(out);
}
END_TEST

/* Pipes together may not fill the core: the last ones get no page. */
START_TEST(many_full_pipes)
{
	enum { MANY = 200 };
	struct file *rs[MANY], *ws[MANY];
	u64 used = kmem_used_bytes();

	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(pipe_create(&rs[i], &ws[i], O_NONBLOCK), 0);
		file_write_kernel(ws[i], big, CAPACITY, 0);
	}
	ck_assert_uint_lt(kmem_used_bytes() - used, kmem_total_bytes() / 2);
	for (int i = 0; i < MANY; i++) {
		file_put(rs[i]);
		file_put(ws[i]);
	}
	ck_assert_uint_eq(kmem_used_bytes(), used);
}
END_TEST

/* Against a plain queue. */
START_TEST(random_transfers)
{
	static char in[CAPACITY], out[CAPACITY];
	u64 written = 0, got = 0;

	srand(_i + 1);
	for (int round = 0; round < 3000; round++) {
		size_t n = (size_t)rand() % (rand() % 4 ? 3000 : 30000) + 1;
		s64 done;

		if (rand() % 2) {
			for (size_t i = 0; i < n; i++)
				in[i] = (char)((written + i) * 31 + ((written + i) >> 9));
			done = put(in, n);
			ck_assert(done > 0 || done == -EAGAIN);
			written += done > 0 ? (u64)done : 0;
		} else {
			done = get(out, n);
			ck_assert(done > 0 || (done == -EAGAIN && got == written));
			for (s64 i = 0; i < done; i++, got++)
				if (out[i] != (char)(got * 31 + (got >> 9)))
					ck_abort_msg("byte %lu", (unsigned long)got);
		}
	}
}
END_TEST

/* --- with waiting: kernel threads on both sides ------------------------------------ */

static int running;
static u64 sum_in, sum_out;

/* Process 1: does nothing, leaves the dead lying. */
static void init_main(void *arg)
{
	struct wait_queue never;

	(void)arg;
	wait_queue_init(&never);
	for (;;)
		wait_event(&never, false);
}

static void run_threads(void)
{
	while (running)
		schedule();
}

static void start(void (*fn)(void *), void *arg)
{
	if (!process_find(1))
		ck_assert(!IS_ERR(kthread_create("init", init_main, NULL)));
	running++;
	ck_assert(!IS_ERR(kthread_create("test", fn, arg)));
}

static void finish(void) __noreturn;
static void finish(void)
{
	running--;
	process_exit(0);
}

static void write_much(void *arg)
{
	size_t total = 1 << 20, n;

	(void)arg;
	while (total) {
		n = MIN(total, (size_t)rand() % sizeof(big) + 1);
		ck_assert_int_eq(put(big, n), (s64)n);
		for (size_t i = 0; i < n; i++)
			sum_in = sum_in * 31 + (u8)big[i];
		total -= n;
	}
	drop(&w);
	finish();
}

static void read_to_end(void *arg)
{
	static char out[5000];
	s64 n;

	(void)arg;
	while ((n = get(out, (size_t)rand() % sizeof(out) + 1)) != 0) {
		ck_assert_int_gt(n, 0);
		for (s64 i = 0; i < n; i++)
			sum_out = sum_out * 31 + (u8)out[i];
	}
	finish();
}

START_TEST(reader_and_writer_wait_for_each_other)
{
	r->flags &= ~(u32)O_NONBLOCK;
	w->flags &= ~(u32)O_NONBLOCK;
	start(write_much, NULL);
	start(read_to_end, NULL);
	run_threads();
	ck_assert_uint_eq(sum_in, sum_out);
	drop(&r);
	before = fs_use_now(); /* the kernel's init stays */
}
END_TEST

static void write_into_the_void(void *arg)
{
	(void)arg;
	ck_assert_int_eq(put(big, sizeof(big)), CAPACITY);
	finish();
}

START_TEST(waiting_writer_sees_the_reader_go)
{
	w->flags &= ~(u32)O_NONBLOCK;
	start(write_into_the_void, NULL);
	schedule();
	ck_assert_int_eq(running, 1);
	drop(&r);
	run_threads();
	drop(&w);
	before = fs_use_now();
}
END_TEST

static void open_fifo(void *arg)
{
	struct file *f = fs_open("/fifo", (u32)(uintptr_t)arg);
	char out[3] = "";

	if ((uintptr_t)arg == O_WRONLY)
		ck_assert_int_eq(file_write_kernel(f, "abc", 3, 0), 3);
	else
		ck_assert_int_eq(file_read_kernel(f, out, 3, 0), 3);
	file_put(f);
	finish();
}

START_TEST(fifo)
{
	struct file *f;

	ck_assert_int_eq(name_mknod(AT_FDCWD, "/fifo", S_IFIFO | 0600, 0), 0);
	ck_assert_int_eq(fs_open_errno("/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	ck_assert_ptr_null(fs_inode("/fifo")->pipe);
	f = fs_open("/fifo", O_RDONLY | O_NONBLOCK);
	ck_assert_uint_eq(file_poll_mask(f, NULL), 0); /* no end: nobody wrote */
	ck_assert_int_eq(fs_open_errno("/fifo", O_WRONLY | O_NONBLOCK), 0);
	ck_assert_uint_eq(file_poll_mask(f, NULL), POLLHUP);
	file_put(f);
	ck_assert_ptr_null(fs_inode("/fifo")->pipe);
	start(open_fifo, (void *)(uintptr_t)O_RDONLY);
	schedule();
	ck_assert_int_eq(running, 1);
	start(open_fifo, (void *)(uintptr_t)O_WRONLY);
	run_threads();
	ck_assert_ptr_null(fs_inode("/fifo")->pipe);
	drop(&r);
	drop(&w);
	before = fs_use_now();
}
END_TEST

/* As /proc/self/fd/N does it: no waiting for the other end. */
START_TEST(reopened_pipe_does_not_wait)
{
	struct file f = { .flags = O_RDONLY, .inode = r->inode };
	char out[4];

	ck_assert_int_eq(put("ab", 2), 2);
	drop(&w);
	ck_assert_int_eq(fifo_open(r->inode, &f), 0);
	ck_assert_int_eq(file_read_kernel(&f, out, 4, 0), 2);
	ck_assert_int_eq(file_read_kernel(&f, out, 4, 0), 0);
	f.ops->release(&f);
}
END_TEST

/* --- poll ---------------------------------------------------------------------------- */

static void poll_reader(void *arg)
{
	struct poll_item items[2] = {
		{ .f = r, .events = POLLIN },
		{ .f = w, .events = 0 },
	};

	(void)arg;
	ck_assert_int_eq(poll_items(items, 2, UINT64_MAX), 1);
	ck_assert_uint_eq(items[0].revents, POLLIN);
	ck_assert_uint_eq(items[1].revents, 0);
	finish();
}

START_TEST(poll_wakes)
{
	struct poll_item item = { .f = r, .events = POLLIN };

	ck_assert_int_eq(poll_items(&item, 1, 0), 0);
	start(poll_reader, NULL);
	schedule();
	ck_assert_int_eq(running, 1);
	put("x", 1);
	run_threads();
	ck_assert(list_empty(&((struct wait_queue *)r->private)->entries));
	drop(&r);
	drop(&w);
	before = fs_use_now();
}
END_TEST

Suite *pipe_suite(void);
Suite *pipe_suite(void)
{
	Suite *s = suite_create("pipe");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_goes_in_comes_out);
	tcase_add_test(tc, an_empty_pipe_has_no_pages);
	tcase_add_test(tc, end_of_file_when_the_writer_is_gone);
	tcase_add_test(tc, broken_pipe);
	tcase_add_test(tc, a_full_pipe);
	tcase_add_test(tc, small_writes_are_all_or_nothing);
	tcase_add_test(tc, capacity);
	tcase_add_test(tc, many_full_pipes);
	tcase_add_loop_test(tc, random_transfers, 0, 8);
	tcase_add_test(tc, reader_and_writer_wait_for_each_other);
	tcase_add_test(tc, waiting_writer_sees_the_reader_go);
	tcase_add_test(tc, fifo);
	tcase_add_test(tc, reopened_pipe_does_not_wait);
	tcase_add_test(tc, poll_wakes);
	suite_add_tcase(s, tc);
	return s;
}
