/*
 * The line discipline; see ldisc.h. Owns the input buffer's positions and the
 * idea of where the cursor stands.
 *
 * Invariants: tail <= canon_head <= head <= tail + LDISC_BUFFER_BYTES (as
 * counting numbers); a bit of ends is set only for bytes in [tail, canon_head).
 * An end-of-file character is kept as a NUL byte whose ends bit is set.
 */
#include "dev/ldisc.h"

#include <asm/termbits.h>

#include "lib/bitmap.h"
#include "lib/string.h"

#define SIGINT_ 2
#define SIGQUIT_ 3
#define SIGTSTP_ 20
#define DISABLED '\0' /* _POSIX_VDISABLE */
#define BUFFER_MASK (LDISC_BUFFER_BYTES - 1)

/* --- small questions ------------------------------------------------------------- */

static bool lflag(const struct ldisc *ld, u32 bits)
{
	return ld->termios.lflag & bits;
}

static bool iflag(const struct ldisc *ld, u32 bits)
{
	return ld->termios.iflag & bits;
}

static bool is_cc(const struct ldisc *ld, int which, u8 c)
{
	return ld->termios.cc[which] != DISABLED && ld->termios.cc[which] == c;
}

static bool is_control(u8 c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_word(u8 c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || c >= 0xc0;
}

/* Second and later bytes of a UTF-8 character. */
static bool is_continuation(const struct ldisc *ld, u8 c)
{
	return iflag(ld, IUTF8) && (c & 0xc0) == 0x80;
}

static u8 byte_at(const struct ldisc *ld, u32 pos)
{
	return ld->buffer[pos & BUFFER_MASK];
}

static u32 used(const struct ldisc *ld)
{
	return ld->head - ld->tail;
}

/* --- output ------------------------------------------------------------------------ */

static size_t output_newline(struct ldisc *ld, char *to)
{
	u32 o = ld->termios.oflag;

	if (o & (ONLRET | ONLCR))
		ld->column = 0;
	ld->canon_column = ld->column;
	if (!(o & ONLCR) || ld->terminal_adds_cr) {
		to[0] = '\n';
		return 1;
	}
	to[0] = '\r';
	to[1] = '\n';
	return 2;
}

static size_t output_return(struct ldisc *ld, char *to)
{
	u32 o = ld->termios.oflag;

	if ((o & ONOCR) && ld->column == 0)
		return 0;
	if (o & OCRNL) {
		if (o & ONLRET)
			ld->canon_column = ld->column = 0;
		to[0] = '\n';
		return 1;
	}
	ld->canon_column = ld->column = 0;
	to[0] = '\r';
	return 1;
}

static size_t output_tab(struct ldisc *ld, char *to)
{
	u32 spaces = 8 - (ld->column & 7);

	ld->column += spaces;
	if ((ld->termios.oflag & TABDLY) != XTABS) {
		to[0] = '\t';
		return 1;
	}
	memset(to, ' ', spaces);
	return spaces;
}

size_t ldisc_output(struct ldisc *ld, u8 c, char *to)
{
	u32 o = ld->termios.oflag;

	if (!(o & OPOST)) {
		to[0] = (char)c;
		return 1;
	}
	switch (c) {
	case '\n':
		return output_newline(ld, to);
	case '\r':
		return output_return(ld, to);
	case '\t':
		return output_tab(ld, to);
	case '\b':
		if (ld->column > 0)
			ld->column--;
		break;
	default:
		if (is_control(c))
			break;
		if ((o & OLCUC) && c >= 'a' && c <= 'z')
			c = (u8)(c - 'a' + 'A');
		if (!is_continuation(ld, c))
			ld->column++;
	}
	to[0] = (char)c;
	return 1;
}

/* --- echo ---------------------------------------------------------------------------- */

static void echo_raw(struct ldisc *ld, u8 c)
{
	char out[LDISC_EXPANSION];
	size_t n = ldisc_output(ld, c, out);

	ld->ops->echo(ld, out, n);
}

static void echo_text(struct ldisc *ld, const char *text)
{
	ld->ops->echo(ld, text, strlen(text));
}

/* As ECHOCTL wants it: ^X for control characters but the tab. */
static void echo_char(struct ldisc *ld, u8 c)
{
	char caret[3] = { '^', (char)(c ^ 0x40), '\0' };

	if (lflag(ld, ECHOCTL) && is_control(c) && c != '\t') {
		echo_text(ld, caret);
		ld->column += 2;
	} else {
		echo_raw(ld, c);
	}
}

static void echo_line_start(struct ldisc *ld)
{
	if (ld->canon_head == ld->head)
		ld->canon_column = ld->column;
}

static void echo_rubout(struct ldisc *ld)
{
	echo_text(ld, "\b \b");
	if (ld->column > 0)
		ld->column--;
}

/* Columns between the last tab before the erased one (or the line's start) and
 * the erased tab say how far it reached. */
static void echo_rubout_tab(struct ldisc *ld)
{
	u32 pos = ld->head, columns = 0;
	bool after_tab = false;

	while (pos != ld->canon_head && !after_tab) {
		u8 c = byte_at(ld, --pos);

		if (c == '\t')
			after_tab = true;
		else if (is_control(c))
			columns += lflag(ld, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(ld, c))
			columns++;
	}
	if (!after_tab)
		columns += ld->canon_column;
	for (u32 back = 8 - (columns & 7); back > 0; back--) {
		echo_text(ld, "\b");
		if (ld->column > 0)
			ld->column--;
	}
}

static void echo_erased(struct ldisc *ld, u8 c)
{
	if (c == '\t') {
		echo_rubout_tab(ld);
		return;
	}
	if (is_control(c) && !lflag(ld, ECHOCTL))
		return;
	if (is_control(c))
		echo_rubout(ld);
	echo_rubout(ld);
}

/* --- editing a line --------------------------------------------------------------------- */

enum erase { ERASE_CHAR, ERASE_WORD, ERASE_LINE };

/* Removes the last character, all of its bytes; its first byte in *first. False
 * when there is none (or only a broken one). */
static bool erase_last(struct ldisc *ld, u8 *first, bool (*stop)(u8, bool *),
		       bool *state)
{
	u32 pos = ld->head;
	u8 c;

	if (pos == ld->canon_head)
		return false;
	do
		c = byte_at(ld, --pos);
	while (is_continuation(ld, c) && pos != ld->canon_head);
	if (is_continuation(ld, c))
		return false;
	if (stop && stop(c, state))
		return false;
	ld->head = pos;
	*first = c;
	return true;
}

/* ALTWERASE: the word ends where something else comes after word characters. */
static bool word_ends(u8 c, bool *seen)
{
	if (is_word(c)) {
		*seen = true;
		return false;
	}
	return *seen;
}

static void erase(struct ldisc *ld, enum erase what, u8 key)
{
	bool seen = false;
	u8 c;

	if (what == ERASE_LINE && lflag(ld, ECHO) &&
	    (ld->termios.lflag & (ECHOK | ECHOKE | ECHOE)) !=
		    (ECHOK | ECHOKE | ECHOE)) {
		ld->head = ld->canon_head;
		echo_char(ld, key);
		if (lflag(ld, ECHOK))
			echo_raw(ld, '\n');
		return;
	}
	while (erase_last(ld, &c, what == ERASE_WORD ? word_ends : NULL, &seen)) {
		if (lflag(ld, ECHO)) {
			if (what == ERASE_CHAR && !lflag(ld, ECHOE))
				echo_char(ld, key);
			else
				echo_erased(ld, c);
		}
		if (what == ERASE_CHAR)
			break;
	}
}

static void reprint(struct ldisc *ld, u8 key)
{
	echo_char(ld, key);
	echo_raw(ld, '\n');
	for (u32 pos = ld->canon_head; pos != ld->head; pos++)
		echo_char(ld, byte_at(ld, pos));
}

/* --- input ------------------------------------------------------------------------------- */

static bool put_byte(struct ldisc *ld, u8 c)
{
	if (used(ld) == LDISC_BUFFER_BYTES)
		return false;
	ld->buffer[ld->head++ & BUFFER_MASK] = c;
	return true;
}

static void put_data(struct ldisc *ld, u8 c)
{
	/* The last place is for the character that ends a line. */
	bool full = used(ld) >= LDISC_BUFFER_BYTES - 1 && lflag(ld, ICANON);

	if (full || !put_byte(ld, c)) {
		if (iflag(ld, IMAXBEL))
			echo_text(ld, "\a");
		return;
	}
	if (c == 0xff && iflag(ld, PARMRK))
		put_byte(ld, c);
}

static void put_line_end(struct ldisc *ld, u8 c)
{
	u32 pos = ld->head;

	if (!put_byte(ld, c))
		return;
	bitmap_set(ld->ends, pos & BUFFER_MASK);
	ld->canon_head = ld->head;
}

static void receive_plain(struct ldisc *ld, u8 c)
{
	if (lflag(ld, ECHO)) {
		echo_line_start(ld);
		if (c == '\n')
			echo_raw(ld, c);
		else
			echo_char(ld, c);
	} else if (c == '\n' && lflag(ld, ECHONL) && lflag(ld, ICANON)) {
		echo_raw(ld, c);
	}
	put_data(ld, c);
}

static void set_stopped(struct ldisc *ld, bool stop)
{
	if (ld->stopped == stop)
		return;
	ld->stopped = stop;
	ld->ops->flow(ld, stop);
}

static bool receive_flow(struct ldisc *ld, u8 c)
{
	if (!iflag(ld, IXON))
		return false;
	if (is_cc(ld, VSTART, c)) {
		set_stopped(ld, false);
		return true;
	}
	if (is_cc(ld, VSTOP, c)) {
		set_stopped(ld, true);
		return true;
	}
	return false;
}

static bool receive_signal(struct ldisc *ld, u8 c)
{
	bool flush = !lflag(ld, NOFLSH);
	int sig;

	if (!lflag(ld, ISIG))
		return false;
	if (is_cc(ld, VINTR, c))
		sig = SIGINT_;
	else if (is_cc(ld, VQUIT, c))
		sig = SIGQUIT_;
	else if (is_cc(ld, VSUSP, c))
		sig = SIGTSTP_;
	else
		return false;
	if (flush)
		ldisc_flush_input(ld);
	if (iflag(ld, IXON))
		set_stopped(ld, false);
	ld->ops->signal(ld, sig, flush);
	if (lflag(ld, ECHO))
		echo_char(ld, c);
	return true;
}

static bool receive_edit(struct ldisc *ld, u8 c)
{
	bool extended = lflag(ld, IEXTEN);

	if (is_cc(ld, VERASE, c)) {
		erase(ld, ERASE_CHAR, c);
	} else if (is_cc(ld, VKILL, c)) {
		erase(ld, ERASE_LINE, c);
	} else if (extended && is_cc(ld, VWERASE, c)) {
		erase(ld, ERASE_WORD, c);
	} else if (extended && is_cc(ld, VLNEXT, c)) {
		ld->lnext = true;
		if (lflag(ld, ECHO) && lflag(ld, ECHOCTL))
			echo_text(ld, "^\b");
	} else if (extended && lflag(ld, ECHO) && is_cc(ld, VREPRINT, c)) {
		reprint(ld, c);
	} else {
		return false;
	}
	return true;
}

static bool receive_line_end(struct ldisc *ld, u8 c)
{
	if (c == '\n') {
		if (lflag(ld, ECHO | ECHONL))
			echo_raw(ld, c);
		put_line_end(ld, c);
		return true;
	}
	if (is_cc(ld, VEOF, c)) {
		put_line_end(ld, DISABLED);
		return true;
	}
	if (is_cc(ld, VEOL, c) || (is_cc(ld, VEOL2, c) && lflag(ld, IEXTEN))) {
		if (lflag(ld, ECHO)) {
			echo_line_start(ld);
			echo_char(ld, c);
		}
		put_line_end(ld, c);
		return true;
	}
	return false;
}

static void receive(struct ldisc *ld, u8 c)
{
	if (iflag(ld, ISTRIP))
		c &= 0x7f;
	if (iflag(ld, IUCLC) && lflag(ld, IEXTEN) && c >= 'A' && c <= 'Z')
		c = (u8)(c - 'A' + 'a');
	if (ld->lnext) {
		ld->lnext = false;
		receive_plain(ld, c);
		return;
	}
	if (receive_flow(ld, c) || receive_signal(ld, c))
		return;
	if (ld->stopped && iflag(ld, IXON) && iflag(ld, IXANY))
		set_stopped(ld, false);
	if (c == '\r') {
		if (iflag(ld, IGNCR))
			return;
		if (iflag(ld, ICRNL))
			c = '\n';
	} else if (c == '\n' && iflag(ld, INLCR)) {
		c = '\r';
	}
	if (lflag(ld, ICANON) && (receive_edit(ld, c) || receive_line_end(ld, c)))
		return;
	receive_plain(ld, c);
}

void ldisc_receive(struct ldisc *ld, const u8 *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		receive(ld, bytes[i]);
}

size_t ldisc_room(const struct ldisc *ld)
{
	size_t room = LDISC_BUFFER_BYTES - used(ld);

	if (room <= 1 && lflag(ld, ICANON) && ld->canon_head == ld->tail)
		return 1;
	/* PARMRK doubles bytes; the last place belongs to a line's end. */
	room = room > 1 ? room - 1 : 0;
	return iflag(ld, PARMRK) ? room / 2 : room;
}

/* --- reading -------------------------------------------------------------------------------- */

bool ldisc_readable(const struct ldisc *ld, u32 minimum)
{
	if (lflag(ld, ICANON))
		return ld->canon_head != ld->tail;
	return used(ld) >= (minimum ? minimum : 1);
}

u32 ldisc_count(const struct ldisc *ld)
{
	u32 count = 0;

	if (!lflag(ld, ICANON))
		return used(ld);
	/* End-of-file marks are no bytes. */
	for (u32 pos = ld->tail; pos != ld->canon_head; pos++)
		if (!bitmap_test(ld->ends, pos & BUFFER_MASK) ||
		    byte_at(ld, pos) != DISABLED)
			count++;
	return count;
}

static size_t read_line(struct ldisc *ld, u8 *to, size_t n, bool *line_done)
{
	size_t done = 0;

	while (ld->tail != ld->canon_head) {
		u32 slot = ld->tail & BUFFER_MASK;
		bool end = bitmap_test(ld->ends, slot);
		bool mark = end && ld->buffer[slot] == DISABLED;

		/* A mark right behind a full buffer goes with it: it ended this
		 * line and must not be an end of file to the next read. */
		if (done == n && !mark)
			break;
		if (!mark)
			to[done++] = ld->buffer[slot];
		bitmap_clear(ld->ends, slot);
		ld->tail++;
		if (end) {
			*line_done = true;
			break;
		}
	}
	return done;
}

size_t ldisc_read(struct ldisc *ld, u8 *to, size_t n, bool *line_done)
{
	size_t done = 0;

	*line_done = false;
	if (lflag(ld, ICANON))
		return read_line(ld, to, n, line_done);
	while (done < n && ld->tail != ld->head)
		to[done++] = ld->buffer[ld->tail++ & BUFFER_MASK];
	ld->canon_head = ld->tail;
	return done;
}

void ldisc_flush_input(struct ldisc *ld)
{
	ld->tail = ld->head;
	ld->canon_head = ld->head;
	ld->lnext = false;
	memset(ld->ends, 0, sizeof(ld->ends));
}

/* --- settings --------------------------------------------------------------------------------- */

/* What was typed in one mode is there in the other: as a line on entering
 * canonical mode (n_tty_set_termios). */
static void convert_input(struct ldisc *ld)
{
	memset(ld->ends, 0, sizeof(ld->ends));
	ld->lnext = false;
	if (lflag(ld, ICANON) && ld->head != ld->tail)
		ld->canon_head = ld->head;
	else
		ld->canon_head = ld->tail;
}

void ldisc_set_termios(struct ldisc *ld, const struct ldisc_termios *t)
{
	bool mode_changed = (t->lflag ^ ld->termios.lflag) & ICANON;

	ld->termios = *t;
	if (mode_changed)
		convert_input(ld);
	if (!iflag(ld, IXON))
		set_stopped(ld, false);
}

void ldisc_init(struct ldisc *ld, const struct ldisc_ops *ops, u8 *buffer)
{
	/* INIT_C_CC and tty_std_termios of Linux, IUTF8 as every emulator of
	 * today sets it. */
	static const u8 cc[LDISC_NCCS] = {
		[VINTR] = 3,   [VQUIT] = 28,  [VERASE] = 127,  [VKILL] = 21,
		[VEOF] = 4,    [VMIN] = 1,    [VSTART] = 17,   [VSTOP] = 19,
		[VSUSP] = 26,  [VREPRINT] = 18, [VDISCARD] = 15, [VWERASE] = 23,
		[VLNEXT] = 22,
	};

	memset(ld, 0, sizeof(*ld));
	ld->ops = ops;
	ld->buffer = buffer;
	ld->termios.iflag = ICRNL | IXON | IUTF8;
	ld->termios.oflag = OPOST | ONLCR;
	ld->termios.cflag = B38400 | CS8 | CREAD | HUPCL;
	ld->termios.lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL |
			    ECHOKE | IEXTEN;
	memcpy(ld->termios.cc, cc, sizeof(cc));
	ld->termios.ispeed = ld->termios.ospeed = 38400;
}
