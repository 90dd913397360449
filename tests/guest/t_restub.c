/*
 * Patched call sites by the thousand, more than there are stubs: those of text that
 * is gone make room for others, those of text that any process still has stay what they
 * are. In sets that patch nothing the same programs run, with few sites.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#define BATCH(n) (0x22000000UL + (unsigned long)(n) * 0x100000)
#define OFTEN 10
#define SITE_BYTES 16
#define ROUNDS 6
#define PASSES 2000 /* the kernel does not look for free stubs at each failure */

struct kind {
	unsigned char code[4]; /* what stands before the syscall */
	int code_bytes;
	int sites; /* six times as many are more than there are stubs */
};

/* mov $getppid, %eax; syscall */
static const struct kind numbered = { { 0xb8, 110, 0, 0 }, 5, 1000 };
/* mov %edi, %eax; syscall */
static const struct kind moved = { { 0x89, 0xf8 }, 2, 500 };

static int patches(void)
{
	const char *set = getenv("LODGER_SET");

	return set && strncmp(set, "patch", 5) == 0;
}

static int sites_of(const struct kind *kind)
{
	return patches() ? kind->sites : 20;
}

static size_t bytes_of(const struct kind *kind)
{
	return ((size_t)sites_of(kind) * SITE_BYTES + 4095) & ~4095UL;
}

/* Each answers with its own number: it has come back to where it was called. Times in
 * a row, for the kernel counts the calls of a few hundred sites at once. */
static void call_one(unsigned long batch, int n, int times)
{
	long (*site)(long) = (long (*)(long))(batch + (unsigned long)n * SITE_BYTES);

	for (int i = 0; i < times; i++)
		CHECK_EQ(site(__NR_getppid), (long)(int)batch + n);
}

static void call_each(unsigned long batch, const struct kind *kind, int times)
{
	for (int n = 0; n < sites_of(kind); n++)
		call_one(batch, n, times);
}

/* With its number, or the other way if there is no such stub. */
static int is_patched(unsigned long batch, const struct kind *kind, int n)
{
	const unsigned char *site = (const unsigned char *)batch + n * SITE_BYTES;

	return site[0] == 0xff || site[kind->code_bytes] == 0xe9;
}

static int count_patched(unsigned long batch, const struct kind *kind)
{
	int count = 0;

	for (int n = 0; n < sites_of(kind); n++)
		count += is_patched(batch, kind, n);
	return count;
}

static void make_batch(unsigned long batch, const struct kind *kind)
{
	unsigned char *site = (unsigned char *)batch;

	CHECK(mmap(site, bytes_of(kind), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == site);
	for (int i = 0; i < sites_of(kind); i++, site += SITE_BYTES) {
		unsigned char *p = site;
		int answer = (int)batch + i;

		memset(p, 0, (size_t)kind->code_bytes);
		memcpy(p, kind->code, sizeof(kind->code));
		p += kind->code_bytes;
		memcpy(p, "\x0f\x05\xb8", 3); /* syscall; mov $answer, %eax; ret */
		memcpy(p + 3, &answer, sizeof(answer));
		p[7] = 0xc3;
	}
	CHECK_OK(mprotect((void *)batch, bytes_of(kind), PROT_READ | PROT_EXEC));
	call_each(batch, kind, OFTEN);
}

static void drop_batch(unsigned long batch, const struct kind *kind)
{
	CHECK_OK(munmap((void *)batch, bytes_of(kind)));
}

static void check_patched(unsigned long batch, const struct kind *kind)
{
	int want = patches() ? sites_of(kind) : 0;

	for (int i = 0; i < PASSES && count_patched(batch, kind) < want; i++) {
		for (int n = 0; n < want; n++) {
			if (!is_patched(batch, kind, n))
				call_one(batch, n, OFTEN);
		}
	}
	CHECK_EQ(count_patched(batch, kind), want);
}

static void gone(const struct kind *kind)
{
	for (int round = 0; round < ROUNDS; round++) {
		make_batch(BATCH(round), kind);
		check_patched(BATCH(round), kind);
		drop_batch(BATCH(round), kind);
	}
}

static void stays(const struct kind *kind)
{
	int count;

	make_batch(BATCH(0), kind);
	count = count_patched(BATCH(0), kind);
	for (int round = 1; round < ROUNDS; round++) {
		make_batch(BATCH(round), kind);
		drop_batch(BATCH(round), kind);
		call_each(BATCH(0), kind, 1);
	}
	CHECK_EQ(count_patched(BATCH(0), kind), count);
	drop_batch(BATCH(0), kind);
}

/* A child's, of which its parent has nothing left. */
static void childs(const struct kind *kind)
{
	int go[2], status;
	char byte;
	pid_t pid;

	CHECK_OK(pipe(go));
	make_batch(BATCH(0), kind);
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) != 0)
			_exit(1);
		call_each(BATCH(0), kind, 1);
		_exit(0);
	}
	CHECK(pid > 0);
	close(go[0]);
	drop_batch(BATCH(0), kind);
	for (int round = 1; round < ROUNDS; round++) {
		make_batch(BATCH(round), kind);
		drop_batch(BATCH(round), kind);
	}
	close(go[1]);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

static void numbered_gone(void)
{
	gone(&numbered);
}

static void numbered_stays(void)
{
	stays(&numbered);
}

static void numbered_childs(void)
{
	childs(&numbered);
}

static void moved_gone(void)
{
	gone(&moved);
}

static void moved_stays(void)
{
	stays(&moved);
}

static void moved_childs(void)
{
	childs(&moved);
}

static const struct test_case cases[] = {
	{ "sites of text that is gone make room", numbered_gone },
	{ "sites of text that is there stay", numbered_stays },
	{ "sites of a child's text stay", numbered_childs },
	{ "the same without a number: gone", moved_gone },
	{ "the same without a number: there", moved_stays },
	{ "the same without a number: a child's", moved_childs },
};

TEST_MAIN(cases)
