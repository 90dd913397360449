/*
 * Random file operations against a model in memory (t_fsx.c): files of which every
 * byte, size and number of names is known, and names in a few directories.
 *
 * Of a file only a window is ever written, so that the model is small while the file
 * may be gigabytes long: bytes before the window are a hole, for ever.
 */
#ifndef LIBFSX_H
#define LIBFSX_H

#include <stdint.h>
#include <sys/types.h>

#define FSX_FILES 6
#define FSX_NAMES 18
#define FSX_DIRS 3 /* the scratch directory itself and two below it */
#define FSX_WINDOW (160UL << 10)
#define FSX_MAP_BYTES (64UL << 10)

struct fsx_file {
	uint8_t *bytes; /* the window, as the file must be; zero behind its end */
	uint64_t base;	/* where in the file the window is; of whole pages */
	uint64_t size;
	unsigned int names;
	int fd;	    /* O_RDWR; -1: no such file now */
	int append; /* O_WRONLY | O_APPEND */
	uint8_t *map; /* a shared mapping that stays; or NULL */
	uint64_t map_at; /* where in the file it begins */
};

extern struct fsx_file fsx_files[FSX_FILES];

/* --- libfsx.c: chance, and what went wrong ---------------------------------------- */

void fsx_seed(uint64_t seed);
uint64_t fsx_random(void);
uint64_t fsx_below(uint64_t n);
/* Notes what is being done, for the report: up to four numbers. */
void fsx_note(const char *what, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
/* Counts the operation; prints the last ones and ends this process with status 1. */
_Noreturn void fsx_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define FSX_CHECK(cond)                                              \
	do {                                                         \
		if (!(cond))                                         \
			fsx_fail("%s (%s)", #cond, test_errno()); \
	} while (0)

/* --- libfsx.c: the model ------------------------------------------------------------ */

/* The model's byte at `at` of the file, which lies in the window. */
uint8_t *fsx_at(struct fsx_file *f, uint64_t at);
/* A place to write to, and how much (> 0) is left of the window there, at most max. */
uint64_t fsx_place(struct fsx_file *f, uint64_t max, uint64_t *len);
/* The same for bytes that the file has; false when it has none in the window. */
int fsx_place_inside(struct fsx_file *f, uint64_t max, uint64_t *at, uint64_t *len);
/* What the file must hold at [at, at + len), which lies inside it. */
void fsx_compare(struct fsx_file *f, const uint8_t *got, uint64_t at, uint64_t len);
/* [at, at + len) was written: the model follows. */
void fsx_written(struct fsx_file *f, const uint8_t *data, uint64_t at, uint64_t len);
/* The size was set. */
void fsx_resized(struct fsx_file *f, uint64_t size);
/* Reads the whole window, and size and number of names, and compares. */
void fsx_verify(struct fsx_file *f);

/* --- libfsxnames.c -------------------------------------------------------------------- */

/* An empty directory, which is the current one: makes the directories. */
void fsx_names_start(void);
/* A file that is in the model and open, made if there is none. */
struct fsx_file *fsx_some_file(void);
/* One random operation on names. */
void fsx_names_step(void);
/* Reads the directories, and opens each file by one of its names: as in the model. */
void fsx_names_verify(void);
/* Removes everything that the model knows. */
void fsx_names_end(void);
/* Closes the descriptors of the file and opens it again by a name, if it has one. */
void fsx_reopen(struct fsx_file *f);
/* The file's mapping goes, if it has one. */
void fsx_unmap(struct fsx_file *f);

#endif
