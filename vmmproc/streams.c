/*
 * Classifies the three streams and finds the terminal. Owns the descriptors
 * it opened again; the inherited ones 0, 1 and 2 stay as they are, in flags
 * too, for they are shared with the shell and the other end of a pipeline.
 */
#include "streams.h"
#include "modes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef PIPEFS_MAGIC
#define PIPEFS_MAGIC 0x50495045
#endif

/* Opens /dev/null for each closed stream; sets bits of the closed in *closed.
 * open takes the lowest free number, which is the one just found closed. */
static int fill_closed(unsigned *closed)
{
	*closed = 0;
	for (int i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) >= 0)
			continue;
		*closed |= 1u << i;
		if (open("/dev/null", O_RDWR) != i) {
			machine_complain("cannot open /dev/null in place of closed stream %d: %s",
					 i, strerror(errno));
			return -1;
		}
	}
	return 0;
}

/* Device number of the terminal behind fd: /dev/tty, too, names the real one
 * by TIOCGDEV. false: no terminal. */
static bool terminal_device(int fd, uint64_t *device)
{
	unsigned number;
	struct stat st;

	if (!isatty(fd))
		return false;
	if (!ioctl(fd, TIOCGDEV, &number)) {
		*device = number;
		return true;
	}
	if (fstat(fd, &st))
		return false;
	*device = st.st_rdev;
	return true;
}

static uint32_t stream_kind(int fd, bool is_machine_tty)
{
	struct stat st;

	if (is_machine_tty)
		return LODGER_STREAM_TTY;
	if (fstat(fd, &st))
		return LODGER_STREAM_CLOSED;
	switch (st.st_mode & S_IFMT) {
	case S_IFIFO:
		return LODGER_STREAM_PIPE;
	case S_IFREG:
	case S_IFDIR:
		return LODGER_STREAM_FILE;
	case S_IFSOCK:
		return LODGER_STREAM_SOCKET;
	}
	return LODGER_STREAM_CHAR; /* block devices and anonymous inodes too */
}

/* A new open file description of what fd is open on, or -1. */
static int open_again(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags | O_NOCTTY | O_CLOEXEC);
}

/* Sets m->tty from stream i. A terminal that was opened by another user
 * cannot be opened again: then the inherited description serves, without
 * SIGIO. The copy of an output-only terminal cannot be read. */
static int take_terminal(struct machine *m, int i)
{
	int fd = open_again(i, i == 0 ? O_RDWR : O_WRONLY);

	m->tty.kind = LODGER_STREAM_TTY;
	m->tty.reopened = fd >= 0;
	if (fd < 0)
		fd = fcntl(i, F_DUPFD_CLOEXEC, 3);
	if (fd < 0) {
		machine_complain("cannot open the terminal of stream %d: %s",
				 i, strerror(errno));
		return -1;
	}
	m->tty.fd = fd;
	return 0;
}

/*
 * Anonymous pipes only: a named FIFO opened anew without a writer would never
 * report its end (fifo(7)), and its other readers may count.
 */
static void take_pipe(struct stream *stdin_stream)
{
	struct statfs fs;
	int fd;

	if (fstatfs(0, &fs) || fs.f_type != PIPEFS_MAGIC)
		return;
	fd = open_again(0, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return;
	stdin_stream->fd = fd;
	stdin_stream->reopened = true;
}

/* Does lodger or the guest write lines to a terminal that it does not own the
 * output of? Then the host must go on turning NL into CR NL. */
static bool output_stays_cooked(const struct machine *m)
{
	bool text_on_stderr = m->opt && m->opt->trace != TRACE_NONE &&
			      !m->opt->trace_path &&
			      m->stream[2].kind == LODGER_STREAM_TTY;

	return m->stream[0].kind != LODGER_STREAM_TTY ||
	       m->stream[1].kind != LODGER_STREAM_TTY || text_on_stderr;
}

int streams_open(struct machine *m)
{
	uint64_t device[3] = { 0, 0, 0 };
	bool is_tty[3];
	unsigned closed;
	int owner = -1; /* stream whose terminal is the machine's */

	if (fill_closed(&closed))
		return -1;
	for (int i = 0; i < 3; i++) {
		is_tty[i] = terminal_device(i, &device[i]);
		if (is_tty[i] && owner < 0)
			owner = i;
	}
	m->tty = (struct stream){ .fd = -1, .kind = LODGER_STREAM_CLOSED };
	for (int i = 0; i < 3; i++) {
		bool ours = is_tty[i] && device[i] == device[owner];
		bool open_here = !(closed >> i & 1);

		m->stream[i] = (struct stream){ .fd = -1 };
		if (!open_here)
			continue;
		m->stream[i].fd = i;
		m->stream[i].kind = stream_kind(i, ours);
	}
	if (owner >= 0 && take_terminal(m, owner))
		return -1;
	if (m->stream[0].kind == LODGER_STREAM_PIPE)
		take_pipe(&m->stream[0]);
	m->tty_cooked = output_stays_cooked(m);
	return 0;
}

/* SIGIO for one description of our own. */
static int arm(int fd, pid_t pid, const char *what)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && !fcntl(fd, F_SETOWN, pid) &&
	    !fcntl(fd, F_SETFL, flags | O_ASYNC))
		return 0;
	machine_complain("cannot ask for signals from %s: %s", what,
			 strerror(errno));
	return -1;
}

/* A signal goes to one process, and with several it would be the wrong one: the
 * guest kernel looks at its streams now and then instead. */
static bool is_multi(const struct machine *m)
{
	return m->opt && m->opt->space &&
	       modes_abi(m->opt, AXIS_SPACE) == LODGER_SPACE_MULTI;
}

static bool tty_signals(const struct machine *m)
{
	return !is_multi(m) && m->tty.reopened && m->stream[0].kind == LODGER_STREAM_TTY;
}

static bool stdin_signals(const struct machine *m)
{
	return !is_multi(m) && m->stream[0].reopened &&
	       m->stream[0].kind == LODGER_STREAM_PIPE;
}

int streams_arm(const struct machine *m)
{
	if (tty_signals(m) && arm(m->tty.fd, m->guest_pid, "the terminal"))
		return -1;
	if (stdin_signals(m) &&
	    arm(m->stream[0].fd, m->guest_pid, "standard input"))
		return -1;
	return 0;
}

uint32_t streams_boot_flags(const struct machine *m)
{
	uint32_t flags = 0;

	if (tty_signals(m))
		flags |= LODGER_BOOT_SIGIO_TTY;
	if (stdin_signals(m))
		flags |= LODGER_BOOT_SIGIO_STDIN;
	if (m->tty.fd >= 0 && m->tty_cooked)
		flags |= LODGER_BOOT_TTY_COOKED;
	return flags;
}

void streams_close(struct machine *m)
{
	if (m->tty.fd >= 0)
		close(m->tty.fd);
	m->tty.fd = -1;
	if (m->stream[0].reopened) {
		close(m->stream[0].fd);
		m->stream[0].fd = 0;
		m->stream[0].reopened = false;
	}
}
