/*
 * --trace=syscalls: a line a call, as strace prints them:
 *
 *	[pid] name(arguments) = result ERRNO (text)
 *
 * Owns the state of the line being written. What a call takes is printed when it
 * begins, so that the line of a call that sleeps is there to be seen; from the
 * first argument that the call fills on, the rest follows when it ends. Calls of
 * other tasks in between cut the line: "<unfinished ...>" and "<... resumed>".
 */
#include "sys/trace.h"

#include <linux/fcntl.h>
#include <linux/ioctl.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/syscall.h"

#define STRING_SHOWN 32 /* strace's default, -s */
#define VECTOR_SHOWN 8

static char line_text[1536];
static s32 line_tid; /* whose line stands open, 0: nobody's */

static void put_escaped(struct textbuf *tb, u8 c, u8 next)
{
	static const char names[] = "tnvfr"; /* 9..13 */

	if (c == '"' || c == '\\')
		textbuf_printf(tb, "\\%c", c);
	else if (c >= 9 && c <= 13)
		textbuf_printf(tb, "\\%c", names[c - 9]);
	else if (c >= ' ' && c < 0x7f)
		textbuf_putc(tb, (char)c);
	else if (next >= '0' && next <= '7')
		textbuf_printf(tb, "\\%03o", c);
	else
		textbuf_printf(tb, "\\%o", c);
}

static void put_quoted(struct textbuf *tb, const char *text, size_t len, bool cut)
{
	textbuf_putc(tb, '"');
	for (size_t i = 0; i < len; i++)
		put_escaped(tb, (u8)text[i], i + 1 < len ? (u8)text[i + 1] : 0);
	textbuf_printf(tb, cut ? "\"..." : "\"");
}

static void put_pointer(struct textbuf *tb, u64 value)
{
	if (value)
		textbuf_printf(tb, "0x%llx", (unsigned long long)value);
	else
		textbuf_printf(tb, "NULL");
}

static void put_string(struct textbuf *tb, uaddr_t at)
{
	char text[STRING_SHOWN + 1];
	s64 len = at ? strncpy_from_user(text, at, sizeof(text)) : -EFAULT;

	if (len >= 0)
		put_quoted(tb, text, (size_t)len, false);
	else if (len == -ENAMETOOLONG)
		put_quoted(tb, text, STRING_SHOWN, true);
	else
		put_pointer(tb, at);
}

static void put_buffer(struct textbuf *tb, uaddr_t at, u64 len)
{
	char text[STRING_SHOWN];
	size_t shown = (size_t)MIN(len, (u64)STRING_SHOWN);

	if (at && copy_from_user(text, at, shown) == 0)
		put_quoted(tb, text, shown, shown < len);
	else
		put_pointer(tb, at);
}

/* As strace: execve's argv in full, its environment as a count. */
static void put_vector(struct textbuf *tb, uaddr_t at, bool counted)
{
	u64 item;
	u32 n = 0;

	if (!at) {
		textbuf_printf(tb, "NULL");
		return;
	}
	if (!counted)
		textbuf_putc(tb, '[');
	while (get_user(item, at + n * 8) == 0 && item && n < 4096) {
		if (!counted && n < VECTOR_SHOWN) {
			textbuf_printf(tb, n ? ", " : "");
			put_string(tb, item);
		} else if (!counted) {
			textbuf_printf(tb, ", ...");
			break;
		}
		n++;
	}
	if (!counted)
		textbuf_putc(tb, ']');
	else
		textbuf_printf(tb, "0x%llx /* %u vars */", (unsigned long long)at, n);
}

static void put_bits(struct textbuf *tb, u64 value, const struct trace_bit *bit,
		     const char *none)
{
	const char *sep = "";
	u64 left = value;

	if (value == 0)
		textbuf_printf(tb, "%s", none);
	for (; bit->name; bit++) {
		if ((left & bit->bits) != bit->bits)
			continue;
		textbuf_printf(tb, "%s%s", sep, bit->name);
		left &= ~bit->bits;
		sep = "|";
	}
	if (left)
		textbuf_printf(tb, "%s0x%llx", sep, (unsigned long long)left);
}

static void put_open_flags(struct textbuf *tb, u64 flags)
{
	const char *mode = trace_choice(TRACE_ACCMODE, flags & O_ACCMODE);

	flags = (u32)flags;
	textbuf_printf(tb, "%s", mode ? mode : "O_ACCMODE");
	if (flags & ~(u64)O_ACCMODE) {
		textbuf_putc(tb, '|');
		put_bits(tb, flags & ~(u64)O_ACCMODE, trace_open_bits, "");
	}
}

static void put_choice(struct textbuf *tb, enum trace_choice set, u64 value)
{
	const char *name = trace_choice(set, value);

	if (name)
		textbuf_printf(tb, "%s", name);
	else
		textbuf_printf(tb, "0x%x", (u32)value);
}

static void put_access(struct textbuf *tb, u64 mode)
{
	static const struct trace_bit bits[] = {
		{ 4, "R_OK" }, { 2, "W_OK" }, { 1, "X_OK" }, { 0, NULL }
	};

	put_bits(tb, (u32)mode, bits, "F_OK");
}

static void put_timespec(struct textbuf *tb, uaddr_t at)
{
	s64 ts[2];

	if (at && copy_from_user(ts, at, sizeof(ts)) == 0)
		textbuf_printf(tb, "{tv_sec=%lld, tv_nsec=%lld}",
			       (long long)ts[0], (long long)ts[1]);
	else
		put_pointer(tb, at);
}

static void put_ioctl(struct textbuf *tb, u32 request)
{
	if (_IOC_TYPE(request) == 'T' && _IOC_SIZE(request) == 0)
		textbuf_printf(tb, "0x%x /* terminal */", request);
	else
		textbuf_printf(tb, "0x%x", request);
}

/* Arguments whose letter needs no memory of the program. */
static void put_number(struct textbuf *tb, char letter, u64 value)
{
	switch (letter) {
	case 'd':
	case 'f':
		textbuf_printf(tb, "%d", (s32)value);
		break;
	case 'u':
		textbuf_printf(tb, "%llu", (unsigned long long)value);
		break;
	case 'o':
		textbuf_printf(tb, "%#o", (u32)value);
		break;
	case 'p':
		put_pointer(tb, value);
		break;
	case 'D':
		if ((s32)value == AT_FDCWD)
			textbuf_printf(tb, "AT_FDCWD");
		else
			textbuf_printf(tb, "%d", (s32)value);
		break;
	case 'S':
		textbuf_printf(tb, "%s", value ? signal_name((s32)value) : "0");
		break;
	default:
		textbuf_printf(tb, value ? "%#llx" : "%llx",
			       (unsigned long long)value);
	}
}

/* ret: the result, for a buffer that the call filled. */
static void put_arg(struct textbuf *tb, const struct syscall_row *row, int i,
		    const u64 arg[6], s64 ret)
{
	u64 value = arg[i];

	switch (row->format[i]) {
	case 's':
		put_string(tb, value);
		break;
	case 'b':
		if (ret >= 0)
			put_buffer(tb, value, (u64)ret);
		else
			put_pointer(tb, value);
		break;
	case 'w':
		put_buffer(tb, value, arg[i + 1]);
		break;
	case 'v':
		put_vector(tb, value, row->format[i - 1] == 'v');
		break;
	case 't':
		put_timespec(tb, value);
		break;
	case 'F':
		put_open_flags(tb, value);
		break;
	case 'P':
		put_bits(tb, value, trace_prot_bits, "PROT_NONE");
		break;
	case 'M':
		put_bits(tb, value, trace_map_bits, "0");
		break;
	case 'A':
		put_access(tb, value);
		break;
	case 'W':
		put_choice(tb, TRACE_WHENCE, value);
		break;
	case 'C':
		put_choice(tb, TRACE_FCNTL, value);
		break;
	case 'G':
		put_choice(tb, TRACE_MASK_HOW, value);
		break;
	case 'k':
		put_choice(tb, TRACE_CLOCK, value);
		break;
	case 'I':
		put_ioctl(tb, (u32)value);
		break;
	default:
		put_number(tb, row->format[i], value);
	}
}

/* First argument that only the end of the call makes known. */
static int first_late_arg(const struct syscall_row *row)
{
	int i = 0;

	while (i < row->nargs && row->format[i] != 'b')
		i++;
	return i;
}

static void put_args(struct textbuf *tb, const struct syscall_row *row,
		     int from, int to, const u64 arg[6], s64 ret)
{
	for (int i = from; i < to; i++) {
		if (i > 0)
			textbuf_printf(tb, ", ");
		put_arg(tb, row, i, arg, ret);
	}
}

void syscall_trace_enter(const struct syscall_row *row, const u64 arg[6])
{
	s32 tid = current_task()->tid;
	struct textbuf tb;

	textbuf_init(&tb, line_text, sizeof(line_text));
	if (line_tid)
		textbuf_printf(&tb, " <unfinished ...>\n");
	line_tid = tid;
	textbuf_printf(&tb, "[%d] %s(", tid, row->name);
	put_args(&tb, row, 0, first_late_arg(row), arg, 0);
	if (trace_never_returns(row->nr)) {
		textbuf_printf(&tb, ") = ?\n");
		line_tid = 0;
	}
	trace_write(tb.data, tb.len);
}

static void put_result(struct textbuf *tb, const struct syscall_row *row, s64 ret)
{
	const struct trace_error *e;

	if (ret < 0 && ret >= -MAX_ERRNO) {
		e = trace_error_find((int)-ret);
		textbuf_printf(tb, trace_error_restarts((int)-ret) ? "?" : "-1");
		if (e)
			textbuf_printf(tb, " %s (%s)", e->name, e->text);
		else
			textbuf_printf(tb, " (errno %d)", (int)-ret);
	} else if (trace_result_is_address(row->nr)) {
		textbuf_printf(tb, "0x%llx", (unsigned long long)ret);
	} else {
		textbuf_printf(tb, "%lld", (long long)ret);
	}
}

void syscall_trace_exit(const struct syscall_row *row, const u64 arg[6], s64 ret)
{
	s32 tid = current_task()->tid;
	struct textbuf tb;

	textbuf_init(&tb, line_text, sizeof(line_text));
	if (line_tid && line_tid != tid)
		textbuf_printf(&tb, " <unfinished ...>\n");
	if (line_tid != tid)
		textbuf_printf(&tb, "[%d] <... %s resumed>", tid, row->name);
	put_args(&tb, row, first_late_arg(row), row->nargs, arg, ret);
	textbuf_printf(&tb, ") = ");
	put_result(&tb, row, ret);
	textbuf_putc(&tb, '\n');
	line_tid = 0;
	trace_write(tb.data, tb.len);
}

void syscall_trace_unknown(u64 nr)
{
	const struct trace_error *e = trace_error_find(ENOSYS);
	struct textbuf tb;

	textbuf_init(&tb, line_text, sizeof(line_text));
	textbuf_printf(&tb, "%s[%d] syscall_%#llx() = -1 %s (%s)\n",
		       line_tid ? " <unfinished ...>\n" : "",
		       current_task()->tid, (unsigned long long)nr, e->name,
		       e->text);
	line_tid = 0;
	trace_write(tb.data, tb.len);
}
