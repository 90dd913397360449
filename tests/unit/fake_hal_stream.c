/* The fake machine's streams: memory buffers on both sides. */
#include "fake_hal.h"

#include "lib/err.h"

#include <linux/poll.h>
#include <stdlib.h>
#include <string.h>

static struct stream {
	char *in, *out;
	size_t in_len, in_pos, out_len;
	size_t room; /* SIZE_MAX - x: unlimited */
	bool eof, limited;
	u32 watched;
} streams[STREAM_END];

void fake_stream_feed(int stream, const void *data, size_t len_bytes)
{
	struct stream *s = &streams[stream];

	s->in = realloc(s->in, s->in_len + len_bytes + 1);
	memcpy(s->in + s->in_len, data, len_bytes);
	s->in_len += len_bytes;
}

void fake_stream_eof(int stream)
{
	streams[stream].eof = true;
}

const char *fake_stream_output(int stream, size_t *len_bytes)
{
	struct stream *s = &streams[stream];

	if (len_bytes)
		*len_bytes = s->out_len;
	return s->out ? s->out : "";
}

void fake_stream_clear(int stream)
{
	streams[stream].out_len = 0;
	if (streams[stream].out)
		streams[stream].out[0] = 0;
}

void fake_stream_room(int stream, size_t bytes)
{
	streams[stream].limited = true;
	streams[stream].room = bytes;
}

s64 stream_read(int stream, void *buf, size_t len_bytes)
{
	struct stream *s = &streams[stream];
	size_t n = MIN(len_bytes, s->in_len - s->in_pos);

	if (!n)
		return s->eof ? 0 : -EAGAIN;
	memcpy(buf, s->in + s->in_pos, n);
	s->in_pos += n;
	return (s64)n;
}

s64 stream_write(int stream, const void *buf, size_t len_bytes)
{
	struct stream *s = &streams[stream];
	size_t n = s->limited ? MIN(len_bytes, s->room) : len_bytes;

	if (!n)
		return len_bytes ? -EAGAIN : 0;
	s->out = realloc(s->out, s->out_len + n + 1);
	memcpy(s->out + s->out_len, buf, n);
	s->out_len += n;
	s->out[s->out_len] = 0;
	s->room -= s->limited ? n : 0;
	return (s64)n;
}

u32 stream_poll(int stream, u32 events)
{
	struct stream *s = &streams[stream];
	u32 ready = 0;

	if (s->in_pos < s->in_len || s->eof)
		ready |= POLLIN;
	if (!s->limited || s->room)
		ready |= POLLOUT;
	return ready & (events | POLLHUP | POLLERR);
}

void stream_watch(int stream, u32 events)
{
	streams[stream].watched = events;
}

s64 stream_seek(int stream, s64 offset, int whence)
{
	(void)stream;
	(void)offset;
	(void)whence;
	return -ESPIPE;
}

s64 stream_size(int stream)
{
	(void)stream;
	return -ESPIPE;
}

int stream_winsize(u16 *rows, u16 *cols)
{
	if (!boot_info()->tty_present)
		return -ENOTTY;
	*rows = 24;
	*cols = 80;
	return 0;
}
