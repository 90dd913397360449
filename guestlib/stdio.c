/*
 * Streams.  A stream is in one of two states: reading (pos..len of the buffer
 * is unread) or writing (0..pos is unwritten, len is 0).  stdin, stdout and
 * stderr are static; the others come from malloc and hang on a list, so that
 * exit can flush them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

enum buffering { BY_BLOCK, BY_LINE, UNBUFFERED, UNDECIDED };

struct stream {
	int fd;
	enum buffering buffering;
	int error;
	int end;
	size_t pos;
	size_t len;
	struct stream *next;
	char buf[BUFSIZ];
};

static struct stream in_stream = { .fd = STDIN_FILENO };
static struct stream out_stream = { .fd = STDOUT_FILENO, .buffering = UNDECIDED };
static struct stream err_stream = { .fd = STDERR_FILENO, .buffering = UNBUFFERED };
FILE *const stdin = &in_stream;
FILE *const stdout = &out_stream;
FILE *const stderr = &err_stream;

static struct stream *opened;

static int write_all(struct stream *f, const char *s, size_t len)
{
	ssize_t done;

	while (len) {
		done = write(f->fd, s, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			f->error = 1;
			return EOF;
		}
		s += done;
		len -= (size_t)done;
	}
	return 0;
}

static int flush_one(struct stream *f)
{
	size_t len = f->pos;

	if (f->len) /* reading */
		return 0;
	f->pos = 0;
	return write_all(f, f->buf, len);
}

int fflush(FILE *f)
{
	int ret = 0;

	if (f)
		return flush_one(f);
	ret |= flush_one(stdout);
	ret |= flush_one(stderr);
	for (f = opened; f; f = f->next)
		ret |= flush_one(f);
	return ret;
}

static int write_bytes(struct stream *f, const char *s, size_t len)
{
	int ret = 0;

	if (f->buffering == UNDECIDED)
		f->buffering = isatty(f->fd) ? BY_LINE : BY_BLOCK;
	if (f->len) {
		/* What was read ahead is given up. */
		f->len = 0;
		f->pos = 0;
	}
	if (len > sizeof(f->buf) - f->pos)
		ret = flush_one(f);
	if (len > sizeof(f->buf))
		return ret | write_all(f, s, len);
	memcpy(f->buf + f->pos, s, len);
	f->pos += len;
	if (f->buffering == BY_LINE && memchr(s, '\n', len))
		ret |= flush_one(f);
	return ret;
}

/* The end of one stdio call: an unbuffered stream keeps nothing. */
static int write_end(struct stream *f)
{
	return f->buffering == UNBUFFERED ? flush_one(f) : 0;
}

size_t fwrite(const void *buf, size_t size, size_t count, FILE *f)
{
	if (write_bytes(f, buf, size * count) < 0 || write_end(f) < 0)
		return 0;
	return count;
}

int fputs(const char *s, FILE *f)
{
	if (write_bytes(f, s, strlen(s)) < 0)
		return EOF;
	return write_end(f);
}

int fputc(int c, FILE *f)
{
	char byte = (char)c;

	if (write_bytes(f, &byte, 1) < 0 || write_end(f) < 0)
		return EOF;
	return (unsigned char)byte;
}

int putchar(int c)
{
	return fputc(c, stdout);
}

int puts(const char *s)
{
	if (write_bytes(stdout, s, strlen(s)) < 0)
		return EOF;
	return fputc('\n', stdout) < 0 ? EOF : 0;
}

struct stream_sink {
	struct format_sink sink;
	struct stream *f;
};

static void stream_put(struct format_sink *sink, const char *s, size_t len)
{
	write_bytes(((struct stream_sink *)sink)->f, s, len);
}

int vfprintf(FILE *f, const char *format, va_list args)
{
	struct stream_sink s = { { stream_put }, f };
	int len = format_text(&s.sink, format, args);

	if (write_end(f) < 0 || f->error)
		return -1;
	return len;
}

int fprintf(FILE *f, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vfprintf(f, format, args);
	va_end(args);
	return len;
}

int printf(const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vfprintf(stdout, format, args);
	va_end(args);
	return len;
}

int fgetc(FILE *f)
{
	ssize_t len;

	if (f->len == 0)
		flush_one(f);
	if (f->pos == f->len) {
		if (f == stdin)
			fflush(stdout);
		len = read(f->fd, f->buf, sizeof(f->buf));
		f->pos = 0;
		f->len = len > 0 ? (size_t)len : 0;
		f->error |= len < 0;
		f->end = len == 0;
		if (len <= 0)
			return EOF;
	}
	return (unsigned char)f->buf[f->pos++];
}

int getchar(void)
{
	return fgetc(stdin);
}

char *fgets(char *buf, int size, FILE *f)
{
	int used = 0;
	int c;

	while (used < size - 1) {
		c = fgetc(f);
		if (c == EOF)
			break;
		buf[used++] = (char)c;
		if (c == '\n')
			break;
	}
	buf[used] = '\0';
	return used ? buf : NULL;
}

size_t fread(void *buf, size_t size, size_t count, FILE *f)
{
	char *to = buf;
	size_t done;
	int c;

	for (done = 0; done < size * count; done++) {
		c = fgetc(f);
		if (c == EOF)
			break;
		to[done] = (char)c;
	}
	return size ? done / size : 0;
}

static int mode_flags(const char *mode)
{
	switch (*mode) {
	case 'r':
		return O_RDONLY;
	case 'w':
		return O_WRONLY | O_CREAT | O_TRUNC;
	case 'a':
		return O_WRONLY | O_CREAT | O_APPEND;
	default:
		return -1;
	}
}

FILE *fdopen(int fd, const char *mode)
{
	struct stream *f;

	if (mode_flags(mode) < 0) {
		errno = EINVAL;
		return NULL;
	}
	f = calloc(1, sizeof(*f));
	if (!f)
		return NULL;
	f->fd = fd;
	f->buffering = UNDECIDED;
	f->next = opened;
	opened = f;
	return f;
}

FILE *fopen(const char *path, const char *mode)
{
	int flags = mode_flags(mode);
	struct stream *f;
	int fd;

	if (flags < 0) {
		errno = EINVAL;
		return NULL;
	}
	fd = open(path, flags, 0666);
	if (fd < 0)
		return NULL;
	f = fdopen(fd, mode);
	if (!f)
		close(fd);
	return f;
}

int fclose(FILE *f)
{
	int ret = flush_one(f);
	struct stream **link;

	for (link = &opened; *link; link = &(*link)->next) {
		if (*link == f) {
			*link = f->next;
			break;
		}
	}
	ret |= close(f->fd);
	if (f != stdin && f != stdout && f != stderr)
		free(f);
	return ret;
}

int fileno(const FILE *f)
{
	return f->fd;
}

int ferror(const FILE *f)
{
	return f->error;
}

int feof(const FILE *f)
{
	return f->end;
}

void perror(const char *s)
{
	fprintf(stderr, "%s: %s\n", s, strerror(errno));
}
