/*
 * The line discipline (Linux drivers/tty/n_tty.c, termios(3)): what becomes of
 * bytes between a terminal and the programs that read and write it. Pure: it
 * sleeps nowhere, knows neither tasks nor devices, and is tested hosted. tty.c
 * wraps it.
 */
#ifndef DEV_LDISC_H
#define DEV_LDISC_H

#include "lib/types.h"

#define LDISC_BUFFER_BYTES 4096 /* N_TTY_BUF_SIZE */
#define LDISC_NCCS 19
/* Most bytes that one byte of output can become (a tab). */
#define LDISC_EXPANSION 8

/* struct ktermios: flags and characters as asm/termbits.h has them. */
struct ldisc_termios {
	u32 iflag, oflag, cflag, lflag;
	u8 line;
	u8 cc[LDISC_NCCS];
	u32 ispeed, ospeed;
};

struct ldisc;

struct ldisc_ops {
	/* Echo on its way to the terminal; must take it or lose it. */
	void (*echo)(struct ldisc *ld, const char *bytes, size_t n);
	/* ISIG: sig is SIGINT, SIGQUIT or SIGTSTP. Input is flushed already
	 * unless NOFLSH; flush_output: output should be, too. */
	void (*signal)(struct ldisc *ld, int sig, bool flush_output);
	/* IXON: output is to stop or to go on. */
	void (*flow)(struct ldisc *ld, bool stop);
};

struct ldisc {
	const struct ldisc_ops *ops;
	struct ldisc_termios termios;
	u8 *buffer;		/* LDISC_BUFFER_BYTES, the owner's */
	u64 ends[LDISC_BUFFER_BYTES / 64]; /* byte here ends a line */
	/* Positions count up and wrap by masking: tail is read next, lines up to
	 * canon_head are complete, head is written next. */
	u32 head, tail, canon_head;
	u32 column, canon_column; /* of the cursor; where the line began */
	bool lnext;		/* the next byte is taken as it is */
	bool stopped;		/* by the STOP character */
	bool terminal_adds_cr;	/* do not do ONLCR: the terminal's owner does */
};

/* Standard settings of a fresh terminal, empty buffer. */
void ldisc_init(struct ldisc *ld, const struct ldisc_ops *ops, u8 *buffer);

/* Bytes from the terminal. What does not fit is lost: see ldisc_room. */
void ldisc_receive(struct ldisc *ld, const u8 *bytes, size_t n);
/* How many bytes may be received now without loss; in canonical mode never 0
 * while no line is complete (editing must go on). */
size_t ldisc_room(const struct ldisc *ld);

/* Would a read have something? minimum: bytes wanted in raw mode. */
bool ldisc_readable(const struct ldisc *ld, u32 minimum);
/* FIONREAD. */
u32 ldisc_count(const struct ldisc *ld);
/* Takes up to n bytes; canonical: of one line, and *line_done tells whether its
 * end was reached (0 bytes then: end of file). */
size_t ldisc_read(struct ldisc *ld, u8 *to, size_t n, bool *line_done);
void ldisc_flush_input(struct ldisc *ld);

/* Changes the settings; input that waits is kept and, on leaving canonical mode,
 * becomes readable. */
void ldisc_set_termios(struct ldisc *ld, const struct ldisc_termios *t);
/* One byte of output after OPOST into to (LDISC_EXPANSION bytes): how many. */
size_t ldisc_output(struct ldisc *ld, u8 c, char *to);

#endif
