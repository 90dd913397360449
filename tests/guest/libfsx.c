/* The model's contents, chance, and the report; see libfsx.h. */
#include "libfsx.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <test.h>
#include <unistd.h>

#define NOTES 60

struct note {
	const char *what;
	uint64_t number[4];
};

static struct note notes[NOTES];
static unsigned long noted;
static uint64_t rng_state;
static uint8_t got[FSX_WINDOW];

void fsx_seed(uint64_t seed)
{
	rng_state = seed;
}

/* splitmix64 */
uint64_t fsx_random(void)
{
	uint64_t z = rng_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint64_t fsx_below(uint64_t n)
{
	return fsx_random() % n;
}

void fsx_note(const char *what, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	notes[noted++ % NOTES] = (struct note){ what, { a, b, c, d } };
}

void fsx_fail(const char *format, ...)
{
	unsigned long from = noted > NOTES ? noted - NOTES : 0;
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (; from < noted; from++) {
		const struct note *n = &notes[from % NOTES];

		test_note("%lu %s %#lx %#lx %#lx %#lx", from, n->what, n->number[0],
			  n->number[1], n->number[2], n->number[3]);
	}
	test_note("after %lu operations: %s", noted, text);
	_exit(1);
}

/* --- contents ------------------------------------------------------------------------ */

uint8_t *fsx_at(struct fsx_file *f, uint64_t at)
{
	return f->bytes + (at - f->base);
}

uint64_t fsx_place(struct fsx_file *f, uint64_t max, uint64_t *len)
{
	uint64_t at = fsx_below(FSX_WINDOW);

	/* borders of pages and blocks are where it goes wrong */
	if (fsx_below(3) == 0)
		at &= ~1023UL;
	*len = 1 + fsx_below(fsx_below(4) ? 3000 : max);
	if (fsx_below(4) == 0)
		*len = (*len + 4095) & ~4095UL;
	if (*len > FSX_WINDOW - at)
		*len = FSX_WINDOW - at;
	return f->base + at;
}

int fsx_place_inside(struct fsx_file *f, uint64_t max, uint64_t *at, uint64_t *len)
{
	uint64_t inside;

	if (f->size <= f->base)
		return 0;
	inside = f->size - f->base;
	*at = f->base + fsx_below(inside);
	*len = 1 + fsx_below(max);
	if (*len > f->size - *at)
		*len = f->size - *at;
	return 1;
}

void fsx_compare(struct fsx_file *f, const uint8_t *data, uint64_t at, uint64_t len)
{
	for (uint64_t i = 0; i < len; i++) {
		if (data[i] != *fsx_at(f, at + i))
			fsx_fail("file %ld, byte %#lx of %#lx is %#x, not %#x", (long)(f - fsx_files),
				 at + i, f->size, data[i], *fsx_at(f, at + i));
	}
}

void fsx_written(struct fsx_file *f, const uint8_t *data, uint64_t at, uint64_t len)
{
	memcpy(fsx_at(f, at), data, len);
	if (at + len > f->size)
		f->size = at + len;
}

void fsx_resized(struct fsx_file *f, uint64_t size)
{
	uint64_t from = size > f->base ? size - f->base : 0;

	if (size < f->size && from < FSX_WINDOW)
		memset(f->bytes + from, 0, FSX_WINDOW - from);
	f->size = size;
}

void fsx_verify(struct fsx_file *f)
{
	struct stat st;
	ssize_t n;
	uint64_t want;

	FSX_CHECK(fstat(f->fd, &st) == 0);
	if ((uint64_t)st.st_size != f->size || st.st_nlink != f->names)
		fsx_fail("file %ld: size %#lx and %lu names, not %#lx and %u",
			 (long)(f - fsx_files), (long)st.st_size, (long)st.st_nlink, f->size,
			 f->names);
	want = f->size > f->base ? f->size - f->base : 0;
	n = pread(f->fd, got, FSX_WINDOW, (off_t)f->base);
	if (n != (ssize_t)want)
		fsx_fail("file %ld: %ld bytes in the window, not %lu", (long)(f - fsx_files),
			 (long)n, want);
	fsx_compare(f, got, f->base, want);
}
