/* The line discipline alone: bytes in, bytes read, echo and signals out. */
#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

#include "dev/ldisc.h"

static struct ldisc ld;
static u8 buffer[LDISC_BUFFER_BYTES];
static char echo[16384];
static size_t echo_len;
static int last_signal;
static bool signal_flushed;
static int flow_changes;
static bool flow_stop;

static void take_echo(struct ldisc *l, const char *bytes, size_t n)
{
	ck_assert_ptr_eq(l, &ld);
	ck_assert_uint_lt(echo_len + n, sizeof(echo));
	memcpy(echo + echo_len, bytes, n);
	echo_len += n;
	echo[echo_len] = '\0';
}

static void take_signal(struct ldisc *l, int sig, bool flush_output)
{
	(void)l;
	last_signal = sig;
	signal_flushed = flush_output;
}

static void take_flow(struct ldisc *l, bool stop)
{
	(void)l;
	flow_changes++;
	flow_stop = stop;
}

static const struct ldisc_ops ops = { take_echo, take_signal, take_flow };

static void setup(void)
{
	echo_len = 0;
	echo[0] = '\0';
	last_signal = 0;
	flow_changes = 0;
	ldisc_init(&ld, &ops, buffer);
}

static void type(const char *text)
{
	ldisc_receive(&ld, (const u8 *)text, strlen(text));
}

static void change(u32 *flags, u32 set, u32 clear, struct ldisc_termios *t)
{
	*flags = (*flags | set) & ~clear;
	ldisc_set_termios(&ld, t);
}

static void set_lflag(u32 set, u32 clear)
{
	struct ldisc_termios t = ld.termios;

	change(&t.lflag, set, clear, &t);
}

static void set_iflag(u32 set, u32 clear)
{
	struct ldisc_termios t = ld.termios;

	change(&t.iflag, set, clear, &t);
}

static void set_oflag(u32 set, u32 clear)
{
	struct ldisc_termios t = ld.termios;

	change(&t.oflag, set, clear, &t);
}

static bool line_done;

static const char *read_n(size_t n)
{
	static char out[LDISC_BUFFER_BYTES + 1];

	n = ldisc_read(&ld, (u8 *)out, n, &line_done);
	out[n] = '\0';
	return out;
}

static const char *read_all(void)
{
	return read_n(LDISC_BUFFER_BYTES);
}

#define assert_echo(text) ck_assert_str_eq(echo, text)
#define assert_line(text) ck_assert_str_eq(read_all(), text)

/* --- canonical input --------------------------------------------------------- */

START_TEST(line_is_readable_when_it_ends)
{
	type("hel");
	ck_assert(!ldisc_readable(&ld, 1));
	ck_assert_uint_eq(ldisc_count(&ld), 0);
	type("lo\rnext");
	ck_assert(ldisc_readable(&ld, 1));
	ck_assert_uint_eq(ldisc_count(&ld), 6);
	assert_echo("hello\r\nnext");
	assert_line("hello\n");
	ck_assert(line_done);
	ck_assert(!ldisc_readable(&ld, 1));
	type("\n");
	assert_line("next\n");
}
END_TEST

START_TEST(lines_are_read_one_at_a_time)
{
	type("a\nbc\nd\n");
	ck_assert_uint_eq(ldisc_count(&ld), 7);
	assert_line("a\n");
	ck_assert_str_eq(read_n(1), "b");
	ck_assert(!line_done);
	assert_line("c\n");
	assert_line("d\n");
}
END_TEST

START_TEST(end_of_file)
{
	type("\4");
	ck_assert(ldisc_readable(&ld, 1));
	ck_assert_uint_eq(ldisc_count(&ld), 0);
	assert_line("");
	ck_assert(line_done);
	type("ab\4cd\4");
	assert_line("ab");
	assert_line("cd");
	ck_assert(!ldisc_readable(&ld, 1));
	assert_echo("abcd");
}
END_TEST

START_TEST(end_of_file_behind_a_full_read)
{
	type("ab\4");
	ck_assert_str_eq(read_n(2), "ab");
	/* the mark went with the line: no end of file now */
	ck_assert(!ldisc_readable(&ld, 1));
}
END_TEST

START_TEST(typed_nul_is_no_end_of_file)
{
	ldisc_receive(&ld, (const u8 *)"a\0b\n", 4);
	ck_assert_uint_eq(ldisc_count(&ld), 4);
	ck_assert_uint_eq(ldisc_read(&ld, (u8 *)echo, 10, &line_done), 4);
	ck_assert_mem_eq(echo, "a\0b\n", 4);
}
END_TEST

START_TEST(extra_line_ends)
{
	struct ldisc_termios t = ld.termios;

	t.cc[VEOL] = ';';
	t.cc[VEOL2] = '!';
	ldisc_set_termios(&ld, &t);
	type("a;b!c\n");
	assert_line("a;");
	assert_line("b!");
	assert_line("c\n");
}
END_TEST

/* --- editing ------------------------------------------------------------------ */

START_TEST(erase_takes_characters)
{
	type("abc\177\177x\n");
	assert_line("ax\n");
	assert_echo("abc\b \b\b \bx\r\n");
}
END_TEST

START_TEST(erase_stops_at_the_line_start)
{
	type("a\n\177\177b\n");
	assert_line("a\n");
	assert_line("b\n");
	assert_echo("a\r\nb\r\n");
}
END_TEST

START_TEST(erase_of_control_characters)
{
	type("\1\177\n"); /* ^A takes two columns */
	assert_line("\n");
	assert_echo("^A\b \b\b \b\r\n");
}
END_TEST

START_TEST(erase_of_utf8)
{
	type("\303\274\177\n");
	assert_line("\n");
	assert_echo("\303\274\b \b\r\n");
	setup();
	set_iflag(0, IUTF8);
	type("\303\274\177\n");
	assert_line("\303\n");
}
END_TEST

START_TEST(erase_of_tabs)
{
	type("ab\t\177");
	assert_echo("ab\t\b\b\b\b\b\b");
	setup();
	type("\t\t\177");
	assert_echo("\t\t\b\b\b\b\b\b\b\b");
	/* The line began behind a prompt of three columns. */
	setup();
	for (const char *p = "$ :"; *p; p++) {
		char out[LDISC_EXPANSION];

		ldisc_output(&ld, (u8)*p, out);
	}
	type("\t\177");
	assert_echo("\t\b\b\b\b\b");
}
END_TEST

START_TEST(word_erase)
{
	type("one  two-x  \27\n");
	assert_line("one  two-\n");
	type("one two\27\27x\n");
	assert_line("x\n");
}
END_TEST

START_TEST(kill_line)
{
	type("abc\25x\n");
	assert_line("x\n");
	assert_echo("abc\b \b\b \b\b \bx\r\n");
	setup();
	set_lflag(0, ECHOKE);
	type("abc\25x\n");
	assert_line("x\n");
	assert_echo("abc^U\r\nx\r\n");
}
END_TEST

START_TEST(erase_without_echoe)
{
	set_lflag(0, ECHOE | ECHOKE);
	type("ab\177\n");
	assert_line("a\n");
	assert_echo("ab^?\r\n");
}
END_TEST

START_TEST(literal_next)
{
	type("a\26\3b\26\n\n");
	ck_assert_int_eq(last_signal, 0);
	/* the quoted line end is data */
	assert_line("a\3b\n\n");
	assert_echo("a^\b^Cb^\b\r\n\r\n");
}
END_TEST

START_TEST(reprint)
{
	type("ab\1\22c\n");
	assert_line("ab\1c\n");
	assert_echo("ab^A^R\r\nab^Ac\r\n");
}
END_TEST

START_TEST(iexten_off_makes_them_plain)
{
	set_lflag(0, IEXTEN);
	type("a\27\26\22\n");
	assert_line("a\27\26\22\n");
}
END_TEST

/* --- signals and flow ----------------------------------------------------------- */

START_TEST(signals)
{
	type("abc\3");
	ck_assert_int_eq(last_signal, SIGINT);
	ck_assert(signal_flushed);
	assert_echo("abc^C");
	type("x\n");
	assert_line("x\n");
	type("\34");
	ck_assert_int_eq(last_signal, SIGQUIT);
	type("\32");
	ck_assert_int_eq(last_signal, SIGTSTP);
}
END_TEST

START_TEST(noflsh_keeps_input)
{
	set_lflag(NOFLSH, 0);
	type("ab\3c\n");
	ck_assert_int_eq(last_signal, SIGINT);
	ck_assert(!signal_flushed);
	assert_line("abc\n");
}
END_TEST

START_TEST(isig_off)
{
	set_lflag(0, ISIG);
	type("\3\n");
	ck_assert_int_eq(last_signal, 0);
	assert_line("\3\n");
}
END_TEST

START_TEST(flow_control)
{
	type("a\23");
	ck_assert(flow_stop);
	ck_assert_int_eq(flow_changes, 1);
	type("b");
	ck_assert(flow_stop);
	type("\21\n");
	ck_assert(!flow_stop);
	assert_line("ab\n");
	type("\23");
	set_iflag(IXANY, 0);
	type("c");
	ck_assert(!flow_stop);
	type("\23");
	ck_assert(flow_stop);
	set_iflag(0, IXON);
	ck_assert(!flow_stop);
	type("\n");
	assert_line("c\n");
}
END_TEST

START_TEST(interrupt_restarts_output)
{
	type("\23\3");
	ck_assert(!flow_stop);
}
END_TEST

/* --- input mapping ---------------------------------------------------------------- */

START_TEST(carriage_returns)
{
	set_iflag(IGNCR, 0);
	type("a\rb\n");
	assert_line("ab\n");
	set_iflag(INLCR, IGNCR | ICRNL);
	type("a\nb\r");
	ck_assert(!ldisc_readable(&ld, 1));
	type("\4");
	assert_line("a\rb\r");
}
END_TEST

START_TEST(strip_and_case)
{
	set_iflag(ISTRIP | IUCLC, 0);
	type("\301B\n");
	assert_line("ab\n");
}
END_TEST

START_TEST(parity_mark_doubles)
{
	set_lflag(0, ICANON | ECHO);
	set_iflag(PARMRK, 0);
	type("\377");
	assert_line("\377\377");
}
END_TEST

/* --- echo ---------------------------------------------------------------------------- */

START_TEST(no_echo)
{
	set_lflag(0, ECHO);
	type("secret\177\1\n");
	assert_echo("");
	assert_line("secre\1\n");
	set_lflag(ECHONL, 0);
	type("x\n");
	assert_echo("\r\n");
}
END_TEST

START_TEST(echoctl_off)
{
	set_lflag(0, ECHOCTL);
	type("\1\3");
	assert_echo("\1\3");
}
END_TEST

/* --- raw --------------------------------------------------------------------------------- */

START_TEST(raw_input)
{
	set_lflag(0, ICANON | ECHO | ISIG | IEXTEN);
	set_iflag(0, ICRNL | IXON);
	type("a\3\4\r\177");
	ck_assert(ldisc_readable(&ld, 5));
	ck_assert(!ldisc_readable(&ld, 6));
	ck_assert_uint_eq(ldisc_count(&ld), 5);
	ck_assert_str_eq(read_n(2), "a\3");
	assert_line("\4\r\177");
	assert_echo("");
	ck_assert(!ldisc_readable(&ld, 0));
}
END_TEST

START_TEST(mode_changes_keep_input)
{
	type("ab\ncd");
	set_lflag(0, ICANON);
	assert_line("ab\ncd");
	type("xy");
	set_lflag(ICANON, 0);
	ck_assert(ldisc_readable(&ld, 1));
	assert_line("xy");
	type("z\n");
	assert_line("z\n");
}
END_TEST

START_TEST(flush_drops_all)
{
	type("ab\ncd");
	ldisc_flush_input(&ld);
	ck_assert(!ldisc_readable(&ld, 1));
	ck_assert_uint_eq(ldisc_count(&ld), 0);
	type("\n");
	assert_line("\n");
}
END_TEST

/* --- a full buffer ------------------------------------------------------------------------- */

START_TEST(overlong_line)
{
	set_lflag(0, ECHO);
	for (int i = 0; i < LDISC_BUFFER_BYTES + 100; i++)
		type("x");
	/* One can still correct and end the line. */
	ck_assert_uint_eq(ldisc_room(&ld), 1);
	type("\177y\n");
	ck_assert_uint_eq(ldisc_count(&ld), LDISC_BUFFER_BYTES);
	ck_assert_uint_eq(ldisc_room(&ld), 0);
	ck_assert_uint_eq(strlen(read_all()), LDISC_BUFFER_BYTES);
	ck_assert(line_done);
	ck_assert_uint_eq(ldisc_room(&ld), LDISC_BUFFER_BYTES - 1);
}
END_TEST

START_TEST(raw_overflow_is_lost_not_wrapped)
{
	set_lflag(0, ICANON | ECHO);
	for (int i = 0; i < LDISC_BUFFER_BYTES; i++)
		type("x");
	type("yz");
	ck_assert_uint_eq(ldisc_count(&ld), LDISC_BUFFER_BYTES);
	ck_assert_ptr_null(strchr(read_all(), 'y'));
}
END_TEST

/* --- output --------------------------------------------------------------------------------- */

static const char *output(const char *text)
{
	static char out[256];
	size_t n = 0;

	for (; *text; text++)
		n += ldisc_output(&ld, (u8)*text, out + n);
	out[n] = '\0';
	return out;
}

START_TEST(output_mapping)
{
	ck_assert_str_eq(output("a\nb"), "a\r\nb");
	ld.terminal_adds_cr = true;
	ck_assert_str_eq(output("a\nb"), "a\nb");
	ld.terminal_adds_cr = false;
	set_oflag(OCRNL, 0);
	ck_assert_str_eq(output("a\rb"), "a\nb");
	set_oflag(ONOCR, OCRNL);
	ck_assert_str_eq(output("\n\rx\r"), "\r\nx\r");
	set_oflag(OLCUC, 0);
	ck_assert_str_eq(output("aZ"), "AZ");
	set_oflag(0, OPOST);
	ck_assert_str_eq(output("a\n\t"), "a\n\t");
}
END_TEST

START_TEST(output_tabs)
{
	set_oflag(XTABS, 0);
	ck_assert_str_eq(output("ab\tc\td"), "ab      c       d");
	ck_assert_str_eq(output("\n\303\274\t|"), "\r\n\303\274       |");
}
END_TEST

/* Whatever comes, positions stay in order and nothing is read that was not
 * typed: the invariants of ldisc.c under random input and settings. */
START_TEST(random_bytes_and_settings)
{
	static const u32 lflags[] = { ICANON, ECHO, ISIG, IEXTEN, NOFLSH, ECHOCTL };
	u8 bytes[64], out[100];
	size_t in = 0, got = 0;

	srand(_i + 1);
	for (int round = 0; round < 4000; round++) {
		size_t n = (size_t)rand() % sizeof(bytes);

		echo_len = 0;
		for (size_t i = 0; i < n; i++)
			bytes[i] = rand() % 4 ? (u8)(rand() % 32) : (u8)rand();
		n = MIN(n, ldisc_room(&ld));
		ldisc_receive(&ld, bytes, n);
		in += n;
		if (rand() % 8 == 0) {
			u32 flag = lflags[(size_t)rand() % 6];

			set_lflag(flag & -(u32)(rand() & 1), flag & -(u32)(rand() & 1));
		}
		ck_assert_uint_le(ld.head - ld.tail, LDISC_BUFFER_BYTES);
		ck_assert_uint_le(ld.canon_head - ld.tail, ld.head - ld.tail);
		if (rand() % 3 == 0 && ldisc_readable(&ld, 1))
			got += ldisc_read(&ld, out, (size_t)rand() % sizeof(out),
					  &line_done);
	}
	ck_assert_uint_le(got, in);
}
END_TEST

Suite *ldisc_suite(void);
Suite *ldisc_suite(void)
{
	Suite *s = suite_create("ldisc");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, line_is_readable_when_it_ends);
	tcase_add_test(tc, lines_are_read_one_at_a_time);
	tcase_add_test(tc, end_of_file);
	tcase_add_test(tc, end_of_file_behind_a_full_read);
	tcase_add_test(tc, typed_nul_is_no_end_of_file);
	tcase_add_test(tc, extra_line_ends);
	tcase_add_test(tc, erase_takes_characters);
	tcase_add_test(tc, erase_stops_at_the_line_start);
	tcase_add_test(tc, erase_of_control_characters);
	tcase_add_test(tc, erase_of_utf8);
	tcase_add_test(tc, erase_of_tabs);
	tcase_add_test(tc, word_erase);
	tcase_add_test(tc, kill_line);
	tcase_add_test(tc, erase_without_echoe);
	tcase_add_test(tc, literal_next);
	tcase_add_test(tc, reprint);
	tcase_add_test(tc, iexten_off_makes_them_plain);
	tcase_add_test(tc, signals);
	tcase_add_test(tc, noflsh_keeps_input);
	tcase_add_test(tc, isig_off);
	tcase_add_test(tc, flow_control);
	tcase_add_test(tc, interrupt_restarts_output);
	tcase_add_test(tc, carriage_returns);
	tcase_add_test(tc, strip_and_case);
	tcase_add_test(tc, parity_mark_doubles);
	tcase_add_test(tc, no_echo);
	tcase_add_test(tc, echoctl_off);
	tcase_add_test(tc, raw_input);
	tcase_add_test(tc, mode_changes_keep_input);
	tcase_add_test(tc, flush_drops_all);
	tcase_add_test(tc, overlong_line);
	tcase_add_test(tc, raw_overflow_is_lost_not_wrapped);
	tcase_add_test(tc, output_mapping);
	tcase_add_test(tc, output_tabs);
	tcase_add_loop_test(tc, random_bytes_and_settings, 0, 8);
	suite_add_tcase(s, tc);
	return s;
}
