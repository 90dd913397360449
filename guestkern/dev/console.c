/*
 * The console: a tty whose other side is the host's terminal (STREAM_TTY). Input
 * is taken when the host signals it, whether anybody reads or not, so that
 * Ctrl-C reaches a program that only computes. Input for which there is no room
 * stays with the host.
 */
#include <linux/poll.h>

#include "dev/devices.h"
#include "dev/tty.h"
#include "hal/hal.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"

#define INPUT_BYTES 256

static struct tty console;
static bool present;
static bool gone;      /* the host's terminal hung up */
static bool wants_out; /* output waits for the host */
static bool throttled; /* input waits for room here */

static struct chrdev no_terminal = {
	.name = "console",
	.rdev = MKDEV(5, 1),
	.mode = 0600,
	.ops = &streams_console_ops,
};

static void set_watch(void)
{
	u32 events = 0;

	if (!gone) {
		if (tty_input_room(&console))
			events |= POLLIN;
		if (wants_out)
			events |= POLLOUT;
	}
	stream_watch(STREAM_TTY, events);
}

static s64 console_write(struct tty *tty, const void *bytes, size_t n)
{
	s64 done;

	(void)tty;
	if (gone)
		return -EIO;
	done = stream_write(STREAM_TTY, bytes, n);
	if (done == -EAGAIN)
		done = 0;
	if (done < 0)
		return done;
	if ((size_t)done < n && !wants_out) {
		wants_out = true;
		set_watch();
	}
	return done;
}

static void console_input(void)
{
	u8 bytes[INPUT_BYTES];
	size_t room;
	s64 n;

	throttled = false;
	while ((room = tty_input_room(&console)) > 0) {
		room = MIN(room, sizeof(bytes));
		n = stream_read(STREAM_TTY, bytes, room);
		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			gone = true;
			tty_hangup(&console);
			return;
		}
		tty_receive(&console, bytes, (size_t)n);
		if ((size_t)n < room)
			return;
	}
	throttled = true;
}

/* The host does not signal again what it has signalled: what was left there is
 * fetched now. */
static void console_unthrottle(struct tty *tty)
{
	if (!throttled || gone || !tty_input_room(tty))
		return;
	console_input();
	set_watch();
}

static const struct tty_lower console_lower = {
	.write = console_write,
	.unthrottle = console_unthrottle,
};

void console_irq_io(void)
{
	if (!present || gone)
		return;
	console_input();
	if (wants_out) {
		wants_out = false;
		tty_output_ready(&console);
	}
	set_watch();
}

void console_irq_winch(void)
{
	struct tty_winsize ws = { 0 };

	if (present && stream_winsize(&ws.rows, &ws.cols) == 0)
		tty_set_winsize(&console, &ws);
}

void console_flush(void)
{
	if (present && !gone) {
		console.stopped = false;
		tty_flush_output(&console);
	}
}

struct chrdev *console_device(void)
{
	return present ? &console.chr : &no_terminal;
}

void console_init(void)
{
	if (!boot_info()->tty_present)
		return;
	if (tty_init(&console, &console_lower, TTY_OUTPUT_BYTES))
		panic("no memory for the console");
	console.chr.name = "console";
	console.chr.rdev = MKDEV(5, 1);
	console.chr.mode = 0620;
	console.ldisc.terminal_adds_cr = boot_info()->flags & LODGER_BOOT_TTY_COOKED;
	stream_winsize(&console.winsize.rows, &console.winsize.cols);
	present = true;
	set_watch();
}
