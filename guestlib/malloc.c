/*
 * malloc.  Small blocks (up to 32 KiB with their header) come in sizes that
 * are powers of two, cut from chunks got by brk (by mmap when brk is refused)
 * and kept on one free list per size for ever; large blocks are mappings of
 * their own.  Every block begins with a 16-byte header that says its size, so
 * what is handed out is 16-byte aligned.  One thread, no lock.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIN_SHIFT 5
#define MAX_SHIFT 15
#define CHUNK_BYTES (64UL * 1024)

struct block {
	size_t size; /* with this header; a power of two when small */
	struct block *next; /* on its free list, when free */
};

static struct block *free_list[MAX_SHIFT + 1];
static char *chunk;
static size_t chunk_left;

static int size_shift(size_t size)
{
	int shift = MIN_SHIFT;

	while ((1UL << shift) < size)
		shift++;
	return shift;
}

static int chunk_refill(void)
{
	void *p = sbrk(CHUNK_BYTES);

	if (p == (void *)-1)
		p = mmap(NULL, CHUNK_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	/* A program may have left the break unaligned. */
	chunk = (char *)(((uintptr_t)p + 15) & ~15UL);
	chunk_left = CHUNK_BYTES - (size_t)(chunk - (char *)p);
	return 0;
}

static struct block *small_alloc(int shift)
{
	size_t size = 1UL << shift;
	struct block *b = free_list[shift];

	if (b) {
		free_list[shift] = b->next;
		return b;
	}
	/* The rest of the old chunk is given up; at most half of it. */
	if (chunk_left < size && chunk_refill() < 0)
		return NULL;
	b = (struct block *)chunk;
	chunk += size;
	chunk_left -= size;
	b->size = size;
	return b;
}

static struct block *large_alloc(size_t size)
{
	struct block *b;

	size = (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	b = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b == MAP_FAILED)
		return NULL;
	b->size = size;
	return b;
}

void *malloc(size_t size)
{
	struct block *b;

	if (size > PTRDIFF_MAX - PAGE_SIZE) {
		errno = ENOMEM;
		return NULL;
	}
	size += sizeof(*b);
	if (size > 1UL << MAX_SHIFT)
		b = large_alloc(size);
	else
		b = small_alloc(size_shift(size));
	return b ? b + 1 : NULL;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *p;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	p = malloc(bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void free(void *ptr)
{
	struct block *b = (struct block *)ptr - 1;
	int shift;

	if (!ptr)
		return;
	if (b->size > 1UL << MAX_SHIFT) {
		munmap(b, b->size);
		return;
	}
	shift = size_shift(b->size);
	b->next = free_list[shift];
	free_list[shift] = b;
}

void *realloc(void *ptr, size_t size)
{
	size_t room;
	void *p;

	if (!ptr)
		return malloc(size);
	room = ((struct block *)ptr - 1)->size - sizeof(struct block);
	if (size <= room)
		return ptr;
	p = malloc(size);
	if (!p)
		return NULL;
	memcpy(p, ptr, room);
	free(ptr);
	return p;
}
