/*
 * Random operations on files, whose contents, sizes and names must be those of a model
 * in memory: reads, writes, appends, truncation, holes, copies, mappings shared and
 * private, other processes, links and renames. Runs on any file system, natively too.
 *
 *   t_fsx                       a table of short runs, as TAP
 *   t_fsx COUNT [SEED]          so many operations in the current directory, as TAP
 *
 * TEST-TIMEOUT: 120
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libfsx.h"

#define SHORT_RUN 1200
#define BUFFER_BYTES (64UL << 10)
#define VERIFY_EVERY 40
#define PAGE_ROUND(n) (((n) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1))

static uint8_t buffer[BUFFER_BYTES];

static uint64_t number_of(const struct fsx_file *f)
{
	return (uint64_t)(f - fsx_files);
}

static void fill(uint8_t *bytes, uint64_t len)
{
	uint64_t word = fsx_random();

	if (fsx_below(16) == 0) {
		memset(bytes, 0, len);
		return;
	}
	for (uint64_t i = 0; i < len; i++) {
		bytes[i] = (uint8_t)(word >> i % 8 * 8);
		if (i % 8 == 7)
			word = word * 6364136223846793005 + 1442695040888963407;
	}
}

/* ---- reading and writing ------------------------------------------------------------- */

static void do_write(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, BUFFER_BYTES, &len);

	fsx_note("write", number_of(f), at, len, f->size);
	fill(buffer, len);
	FSX_CHECK(pwrite(f->fd, buffer, len, (off_t)at) == (ssize_t)len);
	fsx_written(f, buffer, at, len);
}

static void do_append(struct fsx_file *f)
{
	uint64_t len = 1 + fsx_below(5000);

	if (f->size < f->base || f->size + len > f->base + FSX_WINDOW)
		return;
	fsx_note("append", number_of(f), f->size, len, 0);
	fill(buffer, len);
	FSX_CHECK(write(f->append, buffer, len) == (ssize_t)len);
	fsx_written(f, buffer, f->size, len);
}

static void do_writev(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, BUFFER_BYTES, &len), first = fsx_below(len + 1);
	struct iovec iov[3] = { { buffer, first }, { NULL, 0 }, { buffer + first, len - first } };

	fsx_note("writev", number_of(f), at, first, len);
	fill(buffer, len);
	FSX_CHECK(lseek(f->fd, (off_t)at, SEEK_SET) == (off_t)at);
	FSX_CHECK(writev(f->fd, iov, 3) == (ssize_t)len);
	FSX_CHECK(lseek(f->fd, 0, SEEK_CUR) == (off_t)(at + len));
	fsx_written(f, buffer, at, len);
}

static void do_read(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, BUFFER_BYTES, &len);
	uint64_t want = at >= f->size ? 0 : len > f->size - at ? f->size - at : len;

	fsx_note("read", number_of(f), at, len, want);
	memset(buffer, 0x5a, len);
	FSX_CHECK(pread(f->fd, buffer, len, (off_t)at) == (ssize_t)want);
	fsx_compare(f, buffer, at, want);
	for (uint64_t i = want; i < len; i++)
		FSX_CHECK(buffer[i] == 0x5a);
}

static void do_readv(struct fsx_file *f)
{
	uint64_t len, at, first;
	struct iovec iov[2];

	if (!fsx_place_inside(f, BUFFER_BYTES, &at, &len))
		return;
	first = fsx_below(len + 1);
	iov[0] = (struct iovec){ buffer, first };
	iov[1] = (struct iovec){ buffer + first, len - first };
	fsx_note("readv", number_of(f), at, first, len);
	FSX_CHECK(lseek(f->fd, (off_t)(at - f->size), SEEK_END) == (off_t)at);
	FSX_CHECK(readv(f->fd, iov, 2) == (ssize_t)len);
	fsx_compare(f, buffer, at, len);
}

/* From one file to another, or within one where that does not overlap. */
static void do_copy(struct fsx_file *f)
{
	struct fsx_file *to = fsx_some_file();
	uint64_t len, at, there;
	ssize_t n;

	if (to == f || f->fd < 0 || !fsx_place_inside(f, BUFFER_BYTES, &at, &len))
		return;
	there = to->base + fsx_below(FSX_WINDOW - len);
	fsx_note("copy", number_of(f) << 8 | number_of(to), at, there, len);
	if (fsx_below(2)) {
		n = SYS(copy_file_range, f->fd, &at, to->fd, &there, len, 0);
		if (n >= 0) {
			at -= (uint64_t)n;
			there -= (uint64_t)n;
		}
	} else {
		FSX_CHECK(lseek(to->fd, (off_t)there, SEEK_SET) == (off_t)there);
		n = SYS(sendfile, to->fd, f->fd, &at, len);
		at -= (uint64_t)(n > 0 ? n : 0);
	}
	if (n <= 0 || (uint64_t)n > len)
		fsx_fail("copied %ld of %lu: %s", (long)n, len, test_errno());
	fsx_written(to, fsx_at(f, at), there, (uint64_t)n);
}

/* ---- sizes and holes -------------------------------------------------------------------- */

static void do_truncate(struct fsx_file *f)
{
	uint64_t len, size = fsx_place(f, 1, &len);

	if (fsx_below(20) == 0)
		size = fsx_below(f->base + 1);
	fsx_note("truncate", number_of(f), f->size, size, 0);
	FSX_CHECK(ftruncate(f->fd, (off_t)size) == 0);
	fsx_resized(f, size);
}

static void do_hole(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, FSX_WINDOW, &len);

	fsx_note("hole", number_of(f), at, len, f->size);
	if (SYS(fallocate, f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, len) < 0) {
		FSX_CHECK(errno == EOPNOTSUPP);
		return;
	}
	memset(fsx_at(f, at), 0, len);
}

static void do_allocate(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, BUFFER_BYTES, &len);
	int keep = fsx_below(2) ? FALLOC_FL_KEEP_SIZE : 0;

	fsx_note("allocate", number_of(f), at, len, (uint64_t)keep);
	if (SYS(fallocate, f->fd, keep, at, len) < 0)
		FSX_CHECK(errno == EOPNOTSUPP);
	else if (!keep && at + len > f->size)
		fsx_resized(f, at + len);
}

/* What is said to be a hole is zero, and the answers go on to the end. */
static void do_seek(struct fsx_file *f)
{
	uint64_t at, len, data, hole;
	off_t got;

	if (!fsx_place_inside(f, 1, &at, &len))
		return;
	fsx_note("seek", number_of(f), at, f->size, 0);
	got = lseek(f->fd, (off_t)at, SEEK_DATA);
	FSX_CHECK(got >= (off_t)at || (got == -1 && errno == ENXIO));
	data = got < 0 ? f->size : (uint64_t)got;
	FSX_CHECK(data <= f->size);
	for (uint64_t i = at; i < data; i++) {
		if (*fsx_at(f, i))
			fsx_fail("a hole at %#lx until %#lx, but not at %#lx", at, data, i);
	}
	got = lseek(f->fd, (off_t)at, SEEK_HOLE);
	hole = (uint64_t)got;
	FSX_CHECK(got >= (off_t)at && hole <= f->size && (data == at) == (hole > at));
}

/* ---- mappings ----------------------------------------------------------------------------- */

/* Bytes of the file that the mapping at `from` shows: until where. */
static uint64_t shown_until(const struct fsx_file *f, uint64_t from)
{
	return f->size < from + FSX_MAP_BYTES ? f->size : from + FSX_MAP_BYTES;
}

static uint8_t *map_at(struct fsx_file *f, uint64_t at, int flags)
{
	void *map = mmap(NULL, FSX_MAP_BYTES, PROT_READ | PROT_WRITE, flags, f->fd, (off_t)at);

	FSX_CHECK(map != MAP_FAILED);
	return map;
}

static uint64_t map_place(const struct fsx_file *f)
{
	return f->base + fsx_below((FSX_WINDOW - FSX_MAP_BYTES) / PAGE_SIZE) * PAGE_SIZE;
}

static void use_map(struct fsx_file *f, uint8_t *map, uint64_t from)
{
	uint64_t end = shown_until(f, from), at, len;

	if (end <= from)
		return;
	at = from + fsx_below(end - from);
	len = 1 + fsx_below(fsx_below(3) ? 300 : end - at);
	if (len > end - at)
		len = end - at;
	if (fsx_below(2)) {
		fsx_note("map read", number_of(f), at, len, from);
		fsx_compare(f, map + (at - from), at, len);
		return;
	}
	fsx_note("map write", number_of(f), at, len, from);
	fill(buffer, len);
	memcpy(map + (at - from), buffer, len);
	fsx_written(f, buffer, at, len);
}

/* A mapping that stays over other operations, made anew now and then. */
static void do_map(struct fsx_file *f)
{
	if (f->map && fsx_below(12) == 0)
		fsx_unmap(f);
	if (!f->map) {
		f->map_at = map_place(f);
		f->map = map_at(f, f->map_at, MAP_SHARED);
	}
	use_map(f, f->map, f->map_at);
	if (fsx_below(8) == 0)
		FSX_CHECK(msync(f->map, FSX_MAP_BYTES, fsx_below(2) ? MS_SYNC : MS_ASYNC) == 0);
	if (fsx_below(16) == 0)
		FSX_CHECK(madvise(f->map, FSX_MAP_BYTES, MADV_DONTNEED) == 0);
}

static void do_map_once(struct fsx_file *f)
{
	uint64_t from = map_place(f);
	uint8_t *map = map_at(f, from, MAP_SHARED);

	use_map(f, map, from);
	FSX_CHECK(munmap(map, FSX_MAP_BYTES) == 0);
}

/* What is written to a private mapping is nobody else's. */
static void do_map_private(struct fsx_file *f)
{
	uint64_t from = map_place(f), end = shown_until(f, from), at;
	uint8_t *map;

	if (end <= from)
		return;
	at = from + fsx_below(end - from);
	fsx_note("map private", number_of(f), from, at, 0);
	map = map_at(f, from, MAP_PRIVATE);
	fsx_compare(f, map + (at - from), at, end - at);
	memset(map + (at - from), 0xa5, end - at);
	FSX_CHECK(munmap(map, FSX_MAP_BYTES) == 0);
}

/* Behind the end, in its page, anything may be left; it never shows. (On Linux's own
 * tmpfs it does, when the file grows.) */
static void do_pollute(struct fsx_file *f)
{
	uint64_t from = map_place(f), end = shown_until(f, from);
	uint8_t *map;

	if (end <= from || end % PAGE_SIZE == 0 || end != f->size || !getenv("LODGER_GUEST"))
		return;
	fsx_note("write behind the end", number_of(f), from, end, 0);
	map = map_at(f, from, MAP_SHARED);
	memset(map + (end - from), 0xee, PAGE_SIZE - end % PAGE_SIZE);
	FSX_CHECK(munmap(map, FSX_MAP_BYTES) == 0);
}

static jmp_buf faulted;

static void on_fault(int sig)
{
	(void)sig;
	longjmp(faulted, 1);
}

/* Pages past the end of the file are not there. */
static void do_past_end(struct fsx_file *f)
{
	struct sigaction act = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old;
	uint64_t from = map_place(f), end = PAGE_ROUND(f->size);
	volatile uint8_t *map;
	volatile int caught = 0;

	if (end >= from + FSX_MAP_BYTES)
		return;
	fsx_note("past the end", number_of(f), from, end, 0);
	map = map_at(f, from, MAP_SHARED);
	FSX_CHECK(sigaction(SIGBUS, &act, &old) == 0);
	if (setjmp(faulted) == 0)
		map[FSX_MAP_BYTES - 1] = 1;
	else
		caught = 1;
	FSX_CHECK(caught && sigaction(SIGBUS, &old, NULL) == 0);
	FSX_CHECK(munmap((void *)(uintptr_t)map, FSX_MAP_BYTES) == 0);
}

/* ---- others -------------------------------------------------------------------------------- */

static void do_sync(struct fsx_file *f)
{
	static const char *const what[] = { "fsync", "fdatasync", "sync_file_range", "fadvise" };
	uint64_t how = fsx_below(ARRAY_SIZE(what));

	fsx_note(what[how], number_of(f), 0, 0, 0);
	if (how == 0)
		FSX_CHECK(fsync(f->fd) == 0);
	else if (how == 1)
		FSX_CHECK(SYS(fdatasync, f->fd) == 0);
	else if (how == 2)
		FSX_CHECK(SYS(sync_file_range, f->fd, 0, 0, 7) == 0);
	else
		FSX_CHECK(SYS(fadvise64, f->fd, 0, 0, 4) == 0); /* POSIX_FADV_DONTNEED */
}

/* A child writes by its copies of descriptor and mapping. */
static void do_child(struct fsx_file *f)
{
	uint64_t len, at = fsx_place(f, 20000, &len);
	uint64_t end = f->map ? shown_until(f, f->map_at) : 0;
	pid_t pid;

	fsx_note("child writes", number_of(f), at, len, end);
	fill(buffer, len);
	pid = test_fork();
	if (pid == 0) {
		FSX_CHECK(pwrite(f->fd, buffer, len, (off_t)at) == (ssize_t)len);
		if (end > f->map_at)
			f->map[end - 1 - f->map_at] = 0x77;
		_exit(0);
	}
	FSX_CHECK(test_wait(pid) == 0);
	fsx_written(f, buffer, at, len);
	if (end > f->map_at)
		*fsx_at(f, end - 1) = 0x77;
}

static const struct operation {
	void (*run)(struct fsx_file *f);
	unsigned int weight;
} operations[] = {
	{ do_write, 22 },    { do_append, 6 },	    { do_writev, 6 },	{ do_read, 18 },
	{ do_readv, 6 },     { do_copy, 6 },	    { do_truncate, 8 }, { do_hole, 6 },
	{ do_allocate, 3 },  { do_seek, 6 },	    { do_map, 24 },	{ do_map_once, 6 },
	{ do_map_private, 3 }, { do_pollute, 3 },   { do_past_end, 1 }, { do_sync, 1 },
	{ fsx_verify, 2 },   { fsx_reopen, 2 },
};

static void step(void)
{
	struct fsx_file *f = fsx_some_file();
	uint64_t total = 0, choice;

	if (fsx_below(12) == 0) {
		fsx_names_step();
		return;
	}
	if (fsx_below(400) == 0) {
		do_child(f);
		return;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(operations); i++)
		total += operations[i].weight;
	choice = fsx_below(total);
	for (unsigned int i = 0;; i++) {
		if (choice < operations[i].weight) {
			operations[i].run(f);
			return;
		}
		choice -= operations[i].weight;
	}
}

static void run(unsigned long count, unsigned long seed)
{
	fsx_seed(seed);
	fsx_names_start();
	for (unsigned long i = 0; i < count; i++) {
		step();
		if (i % VERIFY_EVERY == 0)
			fsx_verify(fsx_some_file());
		if (i % (VERIFY_EVERY * 16) == 0)
			fsx_names_verify();
	}
	fsx_names_verify();
	fsx_names_end();
}

/* ---- the table -------------------------------------------------------------------------------- */

static void first_seed(void)
{
	test_scratch();
	run(SHORT_RUN, 1);
}

static void second_seed(void)
{
	test_scratch();
	run(SHORT_RUN, 2);
}

static void third_seed(void)
{
	test_scratch();
	run(SHORT_RUN, 3);
}

static const struct test_case cases[] = {
	{ "random operations, seed 1", first_seed },
	{ "random operations, seed 2", second_seed },
	{ "random operations, seed 3", third_seed },
};

int main(int argc, char **argv)
{
	const struct test_table table = { cases, ARRAY_SIZE(cases), NULL, 0 };
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	int status;
	pid_t pid;

	if (argc < 2 || argv[1][0] < '0' || argv[1][0] > '9')
		return test_main(&table, argc, argv);
	printf("1..1\n");
	fflush(stdout);
	pid = test_fork();
	if (pid == 0) {
		run(strtoul(argv[1], NULL, 10), seed);
		_exit(0);
	}
	status = test_wait(pid);
	if (status)
		printf("# wait status %#x\n", status);
	printf("%sok 1 - %s random operations, seed %lu\n", status ? "not " : "", argv[1], seed);
	return status != 0;
}
