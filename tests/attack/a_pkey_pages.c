/*
 * Executable pages that come to hold wrpkru: in the middle of other instructions, put
 * together from pages and mappings that come one after another, changed by every way
 * there is to write a file or another process's memory, changed by one task while
 * another executes them.
 *
 * TEST-TIMEOUT: 120
 * TEST-RACY
 *
 * Without the defence (--protect pkey: hal/exec_guard.c) the instruction opens the
 * guest kernel's memory. With PKEY_DIR in the environment the files are in that
 * directory, on a disk or the host's; with PKEY_HOST one of them is changed from
 * outside the machine.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"
#include "libkeys.h"

#define RX (PROT_READ | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)
#define FADV_DONTNEED 4

/* --- in other instructions ------------------------------------------------------- */

static const unsigned char *bytes_now;
static size_t count_now;

static void try_now(void)
{
	int fd;

	keys_need();
	fd = keys_file(bytes_now, count_now, 0, 1);
	keys_must_not_open(keys_map(fd, PAGE_SIZE, RX, MAP_PRIVATE));
}

/* In a process of its own, for it does not close by key any more then. Not an array on
 * the stack: compilers write such by constants in the code. */
static void try_bytes(const unsigned char *code, size_t bytes)
{
	attack_need_machine();
	bytes_now = code;
	count_now = bytes;
	test_child(try_now);
}

/* mov $0x8aef010f, %eax, entered behind its first byte. */
static void in_a_constant(void)
{
	static const unsigned char code[] = { 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0xeb, 0x01,
					      0xb8, 0x0f, 0x01, 0xef, 0x8a, 0x07, 0xc3 };

	try_bytes(code, sizeof(code));
}

/* Prefixes that mean nothing to it. */
static void with_prefixes(void)
{
	static const unsigned char segment[] = { 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x64,
						 0x0f, 0x01, 0xef, 0x8a, 0x07, 0xc3 };
	static const unsigned char rex[] = { 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x4f,
					     0x0f, 0x01, 0xef, 0x8a, 0x07, 0xc3 };

	try_bytes(segment, sizeof(segment));
	try_bytes(rex, sizeof(rex));
}

/* An address that says 0f ae 2f: xrstor (rdi). */
static void xrstor_in_a_constant(void)
{
	static unsigned char area[4096] __attribute__((aligned(64)));
	/* mov $0x200, eax; xor edx, edx; mov rdi, rsi; mov $area, edi; jmp over the
	 * first byte of a constant; xrstor (rdi); mov (rsi), al; ret */
	static unsigned char code[] = { 0xb8, 0x00, 0x02, 0x00, 0x00, 0x31, 0xd2, 0x48, 0x89, 0xfe,
				 0xbf, 0, 0, 0, 0, 0xeb, 0x01, 0xb9, 0x0f, 0xae, 0x2f, 0x8a,
				 0x06, 0xc3 };
	unsigned address = (unsigned)(unsigned long)area;

	memcpy(code + 11, &address, sizeof(address));
	try_bytes(code, sizeof(code));
}

/* --- put together --------------------------------------------------------------------- */

static unsigned char *room(void)
{
	return keys_map(-1, 2 * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS);
}

static void put(unsigned char *at, int fd, long page, int prot, int flags)
{
	CHECK(mmap(at, PAGE_SIZE, prot, flags | MAP_FIXED, fd, page * PAGE_SIZE) !=
	      MAP_FAILED);
}

static void move(unsigned char *from, unsigned char *to)
{
	CHECK_EQ(sys6(__NR_mremap, (long)from, PAGE_SIZE, PAGE_SIZE,
		      MREMAP_MAYMOVE | MREMAP_FIXED, (long)to, 0),
		 (long)to);
}

/* Where the opener begins so that so many bytes of the instruction are in the first
 * page. */
static long start_of(long split)
{
	return PAGE_SIZE - KEYS_OPENER_INSN - split;
}

/* The first page is executed to its end, where it faults; then the second comes. */
static void second_page_later(void)
{
	keys_need();
	for (long split = 1; split <= 2; split++) {
		int fd = keys_file(keys_opener, sizeof(keys_opener), start_of(split), 2);
		unsigned char *code = room();

		put(code, fd, 0, RX, MAP_PRIVATE);
		CHECK(attack_try(keys_call, code + start_of(split)) != 0);
		put(code + PAGE_SIZE, fd, 1, RX, MAP_PRIVATE);
		keys_must_not_open(code + start_of(split));
	}
}

static void second_page_made_executable(void)
{
	int fd;
	unsigned char *code;

	keys_need();
	fd = keys_file(keys_opener, sizeof(keys_opener), start_of(2), 2);
	code = room();
	put(code, fd, 0, RX, MAP_PRIVATE);
	put(code + PAGE_SIZE, fd, 1, PROT_READ, MAP_PRIVATE);
	CHECK(attack_try(keys_call, code + start_of(2)) != 0);
	CHECK_OK(mprotect(code + PAGE_SIZE, PAGE_SIZE, RX));
	keys_must_not_open(code + start_of(2));
}

/* Both pages are good where they are; one is moved beside the other. */
static void moved_together(void)
{
	int fd;
	unsigned char *code, *far;

	keys_need();
	fd = keys_file(keys_opener, sizeof(keys_opener), start_of(1), 2);
	code = room();
	far = room();
	put(code, fd, 0, RX, MAP_PRIVATE);
	put(far, fd, 1, RX, MAP_PRIVATE);
	attack_try(keys_call, code + start_of(1));
	attack_try(keys_call, far + 16);
	move(far, code + PAGE_SIZE);
	keys_must_not_open(code + start_of(1));
}

/* The same two pages of different files, the second of which comes into being only when
 * its file grows. */
static void file_that_grows(void)
{
	int first, second;
	unsigned char *code;

	keys_need();
	first = keys_file(keys_opener, 8, start_of(2), 1);
	second = keys_file(keys_opener, 0, 0, 0);
	code = room();
	put(code, first, 0, RX, MAP_SHARED);
	put(code + PAGE_SIZE, second, 0, RX, MAP_SHARED);
	CHECK(attack_try(keys_call, code + start_of(2)) != 0);
	CHECK_EQ(pwrite(second, keys_opener + 8, 4, 0), 4);
	keys_must_not_open(code + start_of(2));
}

/* --- ways to write ----------------------------------------------------------------- */

static unsigned char *victim; /* the page that is executed */

static int pipe_with_opener(void)
{
	int fds[2];

	CHECK_OK(pipe(fds));
	CHECK_EQ(write(fds[1], keys_opener, sizeof(keys_opener)), (long)sizeof(keys_opener));
	return fds[0];
}

static void by_pwritev(int fd)
{
	const struct iovec iov[] = { { (void *)keys_opener, 7 },
				     { (void *)(keys_opener + 7), 5 } };

	CHECK_EQ(sys6(__NR_pwritev, fd, (long)iov, 2, 0, 0, 0), (long)sizeof(keys_opener));
}

static void by_sendfile(int fd)
{
	int from = keys_file(keys_opener, sizeof(keys_opener), 0, 1);
	long offset = 0;

	lseek(fd, 0, SEEK_SET);
	CHECK(sys4(__NR_sendfile, fd, from, (long)&offset, sizeof(keys_opener)) > 0);
}

static void by_splice(int fd)
{
	long offset = 0;

	CHECK(sys6(__NR_splice, pipe_with_opener(), 0, fd, (long)&offset,
		   sizeof(keys_opener), 0) > 0);
}

static void by_copy(int fd)
{
	int from = keys_file(keys_opener, sizeof(keys_opener), 0, 1);
	long in = 0, out = 0;

	CHECK(sys6(__NR_copy_file_range, from, (long)&in, fd, (long)&out,
		   sizeof(keys_opener), 0) > 0);
}

static void by_read_into_it(int fd)
{
	unsigned char *data = keys_map(fd, PAGE_SIZE, RW, MAP_SHARED);

	CHECK_EQ(read(pipe_with_opener(), data, sizeof(keys_opener)),
		 (long)sizeof(keys_opener));
}

static void by_cutting(int fd)
{
	CHECK_OK(ftruncate(fd, 0));
	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	CHECK_EQ(pwrite(fd, keys_opener, sizeof(keys_opener), 0), (long)sizeof(keys_opener));
}

/* Where a file system has no holes, by writing alone. */
static void by_a_hole(int fd)
{
	sys4(__NR_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_SIZE);
	CHECK_EQ(pwrite(fd, keys_opener, sizeof(keys_opener), 0), (long)sizeof(keys_opener));
}

/* Out of the page cache and in again, from a disk or the host. */
static void by_reading_again(int fd)
{
	CHECK_EQ(pwrite(fd, keys_opener, sizeof(keys_opener), 0), (long)sizeof(keys_opener));
	fsync(fd);
	CHECK_OK(munmap(victim, PAGE_SIZE));
	sys4(__NR_fadvise64, fd, 0, 0, FADV_DONTNEED);
	CHECK(mmap(victim, PAGE_SIZE, RX, MAP_SHARED | MAP_FIXED, fd, 0) == victim);
}

static void by_memory_file(int fd)
{
	int self = open("/proc/self/mem", O_RDWR);

	(void)fd;
	if (self < 0) /* it may be refused, as the write may */
		return;
	pwrite(self, keys_opener, sizeof(keys_opener), (long)victim);
	close(self);
}

static void write_to_parent(void)
{
	const struct iovec from = { (void *)keys_opener, sizeof(keys_opener) };
	const struct iovec to = { victim, sizeof(keys_opener) };

	sys6(__NR_process_vm_writev, getppid(), (long)&from, 1, (long)&to, 1, 0);
}

static void by_another_process(int fd)
{
	(void)fd;
	test_child(write_to_parent);
}

static const struct {
	void (*write)(int fd);
	int must_change, flags;
} ways[] = {
	{ by_pwritev, 1, MAP_SHARED },
	{ by_sendfile, 1, MAP_SHARED },
	{ by_splice, 1, MAP_SHARED },
	{ by_copy, 1, MAP_SHARED },
	{ by_read_into_it, 1, MAP_SHARED },
	{ by_cutting, 1, MAP_SHARED },
	{ by_a_hole, 1, MAP_SHARED },
	{ by_reading_again, 1, MAP_SHARED },
	{ by_memory_file, 0, MAP_SHARED },
	{ by_memory_file, 0, MAP_PRIVATE },
	{ by_another_process, 0, MAP_SHARED },
	{ by_another_process, 0, MAP_PRIVATE },
};

static size_t way;

static void change_it(void)
{
	int fd = keys_file(keys_harmless, sizeof(keys_harmless), 0, 1);

	victim = keys_map(fd, PAGE_SIZE, RX, ways[way].flags);
	keys_must_work(victim);
	keys_need();
	ways[way].write(fd);
	if (ways[way].must_change)
		CHECK_EQ(memcmp(victim, keys_opener, sizeof(keys_opener)), 0);
	if (memcmp(victim, keys_opener, sizeof(keys_opener)) == 0)
		keys_must_not_open(victim);
	attack_check_closed();
}

/* Each in a process of its own, for the way to close is for good. */
static void every_way(void)
{
	keys_need();
	for (way = 0; way < ARRAY_SIZE(ways); way++)
		test_child(change_it);
}

/* --- at the same time ------------------------------------------------------------------ */

#define ROUNDS 40
#define OPENED 0x4f

/* As keys_opener, and OPENED in al after the core was read; with nops for wrpkru it
 * faults there. Half written it is a fault, too. */
static const unsigned char telling[] = { 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x90, 0x90, 0x90,
					 0x8a, 0x07, 0xb0, OPENED, 0xc3 };
static const unsigned char nops[] = { 0x90, 0x90, 0x90 };

struct shared {
	volatile int opened, stop;
	volatile long runs;
};
static struct shared *shared;
static unsigned char *data; /* where the page is written */

static void run_victim(void *unused)
{
	(void)unused;
	if ((((int (*)(unsigned long))victim)(LODGER_COUNTERS_ADDR) & 0xff) == OPENED)
		shared->opened = 1;
}

static void __attribute__((noreturn)) run_for_ever(void)
{
	while (!shared->stop) {
		attack_try(run_victim, NULL);
		shared->runs++;
	}
	_exit(0);
}

static void write_data(int round)
{
	memcpy(data + KEYS_OPENER_INSN, round % 2 ? nops : keys_opener + KEYS_OPENER_INSN,
	       sizeof(nops));
}

static void flip_and_write(int round)
{
	CHECK_OK(mprotect(victim, PAGE_SIZE, RW));
	write_data(round);
	CHECK_OK(mprotect(victim, PAGE_SIZE, RX));
}

static void map_and_write(int round)
{
	write_data(round);
	if (round % 4 == 3) { /* what is executable is another page now */
		move(victim, victim + PAGE_SIZE);
		move(victim + PAGE_SIZE, victim);
	}
}

static void race_with(pid_t pid, void (*change)(int round))
{
	for (int i = 0; i < ROUNDS; i++) {
		long seen = shared->runs;

		change(i);
		WAIT_UNTIL(shared->runs > seen);
	}
	shared->stop = 1;
	test_wait_ok(pid);
	CHECK(!shared->opened);
	attack_check_closed();
	attack_check_alive();
}

static void begin_race(void)
{
	shared = attack_shared(PAGE_SIZE);
	memset((void *)shared, 0, sizeof(*shared));
}

/* A task in the same memory executes while this one changes the page's rights. */
static void race_of_tasks(void (*change)(int round))
{
	struct attack_state state = { .rflags = 2, .rip = (uint64_t)run_for_ever };
	unsigned char *stack;

	keys_need();
	begin_race();
	stack = keys_map(-1, 16 * PAGE_SIZE, RW, MAP_PRIVATE | MAP_ANONYMOUS);
	state.rsp = (uint64_t)stack + 16 * PAGE_SIZE - 8;
	race_with((pid_t)CHECK_OK(attack_thread(0x100 | SIGCHLD, /* CLONE_VM */
						(void *)state.rsp, &state)),
		  change);
}

static void rights_of_a_page(void)
{
	keys_need();
	data = victim = keys_map(keys_file(telling, sizeof(telling), 0, 1), PAGE_SIZE, RX,
				 MAP_PRIVATE);
	race_of_tasks(flip_and_write);
}

static void two_mappings_of_a_page(void)
{
	int fd;

	keys_need();
	fd = keys_file(telling, sizeof(telling), 0, 2);
	victim = keys_map(fd, 2 * PAGE_SIZE, RX, MAP_SHARED);
	data = keys_map(fd, PAGE_SIZE, RW, MAP_SHARED);
	race_of_tasks(map_and_write);
}

/* Processes that come and go, each by its key at first. */
static void two_processes(void)
{
	keys_need();
	for (int i = 0; i < 4; i++) {
		int fd = keys_file(telling, sizeof(telling), 0, 1);
		pid_t pid;

		begin_race();
		victim = keys_map(fd, PAGE_SIZE, RX, MAP_SHARED);
		pid = test_fork();
		if (pid == 0)
			run_for_ever();
		WAIT_UNTIL(shared->runs);
		data = keys_map(fd, PAGE_SIZE, RW, MAP_SHARED);
		race_with(pid, write_data);
	}
}

/* --- from outside ------------------------------------------------------------------------ */

/* tests/emulated/keys_files.sh changes the file when it sees `ready`, and says `done`. */
static void changed_by_the_host(void)
{
	const char *dir = getenv("PKEY_DIR");
	char path[256];
	int fd;

	if (!getenv("PKEY_HOST"))
		test_skip("nobody outside of the machine");
	keys_need();
	CHECK_OK(chdir(dir));
	snprintf(path, sizeof(path), "victim");
	fd = (int)CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0700));
	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	CHECK_EQ(pwrite(fd, keys_harmless, sizeof(keys_harmless), 0),
		 (long)sizeof(keys_harmless));
	fsync(fd);
	close(fd);
	fd = (int)CHECK_OK(open(path, O_RDONLY));
	victim = keys_map(fd, PAGE_SIZE, RX, MAP_SHARED);
	keys_must_work(victim);
	close((int)CHECK_OK(open("ready", O_WRONLY | O_CREAT, 0600)));
	WAIT_UNTIL(access("done", F_OK) == 0);
	/* opening asks the host again */
	close((int)CHECK_OK(open(path, O_RDONLY)));
	CHECK_EQ(memcmp(victim, keys_opener, sizeof(keys_opener)), 0);
	keys_must_not_open(victim);
	unlink("ready");
	unlink("done");
}

static const struct test_case cases[] = {
	{ "in a constant", in_a_constant },
	{ "with prefixes", with_prefixes },
	{ "xrstor in a constant", xrstor_in_a_constant },
	{ "the second page later", second_page_later },
	{ "the second page executable later", second_page_made_executable },
	{ "pages moved together", moved_together },
	{ "a file that grows", file_that_grows },
	{ "changed in every way", every_way },
	{ "a page's rights, with a task that executes", rights_of_a_page },
	{ "two mappings, with a task that executes", two_mappings_of_a_page },
	{ "two processes", two_processes },
	{ "changed by the host", changed_by_the_host },
};
TEST_MAIN(cases)
