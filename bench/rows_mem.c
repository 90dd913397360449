/*
 * Rows of memory: faults, mappings, computing and copying.  Huge pages are
 * asked away where a row is about single pages.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"

#define CHUNK_PAGES 1024UL
#define CHUNK_BYTES (CHUNK_PAGES * PAGE_SIZE)
#define SMALL_BYTES (64UL * 1024)
#define COPY_BYTES (32UL << 20)
#define COPY_STEP (1UL << 20)

static char *map_anonymous(size_t len)
{
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, len, MADV_NOHUGEPAGE);
	return p;
}

static void touch_pages(volatile char *p, uint64_t pages)
{
	for (; pages; pages--, p += PAGE_SIZE)
		*p = 1;
}

int row_fault_zero(uint64_t iters, uint64_t *ns)
{
	uint64_t start;
	uint64_t pages;
	char *p;

	for (; iters; iters -= pages) {
		pages = iters < CHUNK_PAGES ? iters : CHUNK_PAGES;
		p = map_anonymous(CHUNK_BYTES);
		if (!p)
			return -errno;
		start = clock_ns(CLOCK_MONOTONIC);
		touch_pages(p, pages);
		*ns += clock_ns(CLOCK_MONOTONIC) - start;
		munmap(p, CHUNK_BYTES);
	}
	return 0;
}

/* Writes pages of p that a sleeping child shares. */
static int cow_chunk(char *p, uint64_t pages, uint64_t *ns)
{
	uint64_t start;
	pid_t pid;

	touch_pages(p, pages);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		for (;;)
			pause();
	start = clock_ns(CLOCK_MONOTONIC);
	touch_pages(p, pages);
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

int row_fault_cow(uint64_t iters, uint64_t *ns)
{
	uint64_t pages;
	int err = 0;
	char *p;

	for (; iters && err == 0; iters -= pages) {
		pages = iters < CHUNK_PAGES ? iters : CHUNK_PAGES;
		p = map_anonymous(CHUNK_BYTES);
		if (!p)
			return -errno;
		err = cow_chunk(p, pages, ns);
		munmap(p, CHUNK_BYTES);
	}
	return err;
}

static int map_unmap(uint64_t iters, uint64_t *ns, uint64_t touched)
{
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	char *p;

	while (iters--) {
		p = mmap(NULL, SMALL_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return -errno;
		touch_pages(p, touched);
		if (munmap(p, SMALL_BYTES) < 0)
			return -errno;
	}
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

int row_mmap_64k(uint64_t iters, uint64_t *ns)
{
	return map_unmap(iters, ns, 0);
}

int row_mmap_touch_64k(uint64_t iters, uint64_t *ns)
{
	return map_unmap(iters, ns, SMALL_BYTES / PAGE_SIZE);
}

int row_cpu_loop(uint64_t iters, uint64_t *ns)
{
	uint64_t x = 88172645463325252UL;
	uint64_t start = clock_ns(CLOCK_MONOTONIC);
	unsigned int step;

	/* Marsaglia's xorshift64: each step waits for the one before. */
	while (iters--) {
		for (step = 0; step < 100000; step++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
		}
	}
	/* The result counts as used, so the loop stays. */
	__asm__ volatile("" : : "r"(x));
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	return 0;
}

int row_mem_copy_1m(uint64_t iters, uint64_t *ns)
{
	char *from = mmap(NULL, 2 * COPY_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *to = from + COPY_BYTES;
	uint64_t at = 0;
	uint64_t start;

	if (from == MAP_FAILED)
		return -errno;
	touch_pages(from, 2 * COPY_BYTES / PAGE_SIZE);
	start = clock_ns(CLOCK_MONOTONIC);
	while (iters--) {
		memcpy(to + at, from + at, COPY_STEP);
		at = (at + COPY_STEP) % COPY_BYTES;
	}
	*ns += clock_ns(CLOCK_MONOTONIC) - start;
	munmap(from, 2 * COPY_BYTES);
	return 0;
}
