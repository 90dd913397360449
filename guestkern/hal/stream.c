/*
 * The host's streams: the guest program's three, and the terminal. Descriptors
 * may be blocking ones shared with other host processes (their flags are never
 * changed), so the host is asked before every transfer, and writes to pipes
 * stay within what POLLOUT promises.
 */
#include "hal/hal_private.h"
#include "hal/host.h"
#include "lib/err.h"

#include <asm/ioctls.h>
#include <asm/termios.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/time.h>

/* POLLOUT on a pipe promises PIPE_BUF bytes (pipe(7)); a terminal less. */
#define PIPE_CHUNK 4096
#define TTY_CHUNK 512

static u32 watched[STREAM_END];

static int stream_fd(int stream)
{
	return stream == STREAM_TTY ? LODGER_FD_TTY : stream;
}

static u32 stream_kind(int stream)
{
	if (stream == STREAM_TTY)
		return boot_info()->tty_present ? LODGER_STREAM_TTY :
						  LODGER_STREAM_CLOSED;
	return boot_info()->stream_kind[stream];
}

u32 stream_poll(int stream, u32 events)
{
	struct pollfd p = { stream_fd(stream), (short)events, 0 };
	struct timespec none = { 0, 0 };

	if (stream_kind(stream) == LODGER_STREAM_CLOSED)
		return POLLNVAL;
	if (stream_kind(stream) == LODGER_STREAM_FILE)
		return events & (POLLIN | POLLOUT);
	if (host_call6(__NR_ppoll, (u64)&p, 1, (u64)&none, 0, 8, 0) <= 0)
		return 0;
	return (u32)p.revents & (POLLIN | POLLOUT | POLLHUP | POLLERR);
}

s64 stream_read(int stream, void *buf, size_t len_bytes)
{
	if (stream_kind(stream) == LODGER_STREAM_CLOSED)
		return -EBADF;
	if (!(stream_poll(stream, POLLIN) & (POLLIN | POLLHUP | POLLERR)))
		return -EAGAIN;
	return host_call3(__NR_read, (u64)stream_fd(stream), (u64)buf, len_bytes);
}

static size_t write_chunk(int stream, size_t len_bytes)
{
	switch ((enum lodger_stream_kind)stream_kind(stream)) {
	case LODGER_STREAM_FILE:
	case LODGER_STREAM_CHAR:
	case LODGER_STREAM_CLOSED:
		return len_bytes;
	case LODGER_STREAM_TTY:
		return MIN(len_bytes, (size_t)TTY_CHUNK);
	case LODGER_STREAM_PIPE:
	case LODGER_STREAM_SOCKET:
		return MIN(len_bytes, (size_t)PIPE_CHUNK);
	}
	return len_bytes;
}

s64 stream_write(int stream, const void *buf, size_t len_bytes)
{
	size_t done = 0;

	if (stream_kind(stream) == LODGER_STREAM_CLOSED)
		return -EBADF;
	while (done < len_bytes) {
		s64 n;

		if (!(stream_poll(stream, POLLOUT) & (POLLOUT | POLLHUP | POLLERR)))
			return done ? (s64)done : -EAGAIN;
		n = host_call3(__NR_write, (u64)stream_fd(stream),
			       (u64)buf + done, write_chunk(stream, len_bytes - done));
		if (n < 0)
			return done ? (s64)done : n;
		done += (size_t)n;
	}
	return (s64)done;
}

void stream_watch(int stream, u32 events)
{
	watched[stream] = events;
}

/* Does the host tell of this stream by SIGIO while a program runs? Only our
 * own open file descriptions do (abi/boot.h). */
static bool stream_signals(int stream, u32 events)
{
	u32 flags = boot_info()->flags;

	if (stream == STREAM_TTY)
		return flags & LODGER_BOOT_SIGIO_TTY;
	return stream == 0 && !(events & POLLOUT) &&
	       (flags & LODGER_BOOT_SIGIO_STDIN);
}

bool stream_needs_polling(void)
{
	int i;

	for (i = 0; i < STREAM_END; i++)
		if (watched[i] && !stream_signals(i, watched[i]))
			return true;
	return false;
}

u32 stream_fill_pollset(struct pollfd *set, u32 max)
{
	u32 n = 0;
	int i;

	for (i = 0; i < STREAM_END && n < max; i++)
		if (watched[i] && stream_kind(i) != LODGER_STREAM_CLOSED)
			set[n++] = (struct pollfd){ stream_fd(i),
						    (short)watched[i], 0 };
	return n;
}

s64 stream_seek(int stream, s64 offset, int whence)
{
	if (stream_kind(stream) != LODGER_STREAM_FILE)
		return -ESPIPE;
	return host_call3(__NR_lseek, (u64)stream_fd(stream), (u64)offset,
			  (u64)whence);
}

s64 stream_size(int stream)
{
	s64 here, end;

	here = stream_seek(stream, 0, SEEK_CUR);
	if (here < 0)
		return here;
	end = stream_seek(stream, 0, SEEK_END);
	stream_seek(stream, here, SEEK_SET);
	return end;
}

int stream_winsize(u16 *rows, u16 *cols)
{
	struct winsize ws;

	if (!boot_info()->tty_present)
		return -ENOTTY;
	if (host_call3(__NR_ioctl, LODGER_FD_TTY, TIOCGWINSZ, (u64)&ws))
		return -ENOTTY;
	*rows = ws.ws_row;
	*cols = ws.ws_col;
	return 0;
}
