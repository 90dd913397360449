/* The console with the fake machine's terminal: who waits for whom, job control,
 * signals, a terminal that takes no more. Lines themselves: test_ldisc.c. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "dev/chrdev.h"
#include "dev/tty.h"
#include "fake_hal.h"
#include "fs/poll.h"
#include "fs/pseudo.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/task.h"

#define SIG(n) SIG_BIT(n)

static struct file *tty;
static int running;
static uaddr_t user;

/* Process 1: does nothing, leaves the dead lying. */
static void init_main(void *arg)
{
	struct wait_queue never;

	(void)arg;
	wait_queue_init(&never);
	for (;;)
		wait_event(&never, false);
}

static void setup(void)
{
	fs_boot(0);
	fake_boot_info()->tty_present = 1;
	fake_boot_info()->stream_kind[0] = LODGER_STREAM_TTY;
	devfs_init();
	dev_init();
	fs_mkdir("/dev");
	ck_assert_int_eq(vfs_mount("devtmpfs", "devtmpfs", "/dev", 0, ""), 0);
	ck_assert(!IS_ERR(kthread_create("init", init_main, NULL)));
	schedule();
}

static void start(void (*fn)(void *), void *arg)
{
	running++;
	ck_assert(!IS_ERR(kthread_create("test", fn, arg)));
}

static void run(void)
{
	for (int i = 0; i < 50; i++)
		schedule();
}

static void finish(void) __noreturn;
static void finish(void)
{
	running--;
	process_exit(0);
}

static void type(const char *text)
{
	fake_stream_feed(STREAM_TTY, text, strlen(text));
	dev_irq_io();
	run();
}

static const char *screen(void)
{
	return fake_stream_output(STREAM_TTY, NULL);
}

static s64 tty_get(char *out, size_t n)
{
	return file_read_kernel(tty, out, n, 0);
}

static s64 tty_put(const char *text)
{
	return file_write_kernel(tty, text, strlen(text), 0);
}

static struct tty *the_tty(void)
{
	return chrdev_find(MKDEV(5, 1))->private;
}

/* Without becoming its owner: kernel threads lead sessions. */
static void open_tty(void)
{
	tty = fs_open("/dev/console", O_RDWR | O_NOCTTY);
}

/* A system call on a user structure, from a kernel thread with a user space. */
static void need_user_memory(void)
{
	user = fs_user_memory(PAGE_SIZE);
}

/* --- reading ------------------------------------------------------------------- */

static char got[100];
static s64 got_len;

static void read_once(void *arg)
{
	open_tty();
	got_len = tty_get(got, (size_t)(uintptr_t)arg);
	file_put(tty);
	finish();
}

START_TEST(reader_waits_for_a_line)
{
	start(read_once, (void *)50);
	run();
	type("hel");
	ck_assert_int_eq(running, 1);
	type("lo\r");
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(got_len, 6);
	ck_assert_mem_eq(got, "hello\n", 6);
	ck_assert_str_eq(screen(), "hello\r\n");
}
END_TEST

START_TEST(input_before_the_reader)
{
	type("one\rtwo\r");
	start(read_once, (void *)50);
	run();
	ck_assert_int_eq(got_len, 4);
	start(read_once, (void *)50);
	run();
	ck_assert_int_eq(got_len, 4);
	ck_assert_mem_eq(got, "two\n", 4);
}
END_TEST

static void read_nonblocking(void *arg)
{
	(void)arg;
	tty = fs_open("/dev/console", O_RDWR | O_NONBLOCK | O_NOCTTY);
	ck_assert_int_eq(tty_get(got, 10), -EAGAIN);
	ck_assert_uint_eq(file_poll_mask(tty, NULL) & (POLLIN | POLLOUT), POLLOUT);
	file_put(tty);
	finish();
}

START_TEST(nonblocking)
{
	start(read_nonblocking, NULL);
	run();
	ck_assert_int_eq(running, 0);
}
END_TEST

static u8 vmin, vtime;

static void read_raw(void *arg)
{
	struct tty *t = the_tty();

	t->ldisc.termios.lflag &= ~(u32)(ICANON | ECHO);
	t->ldisc.termios.cc[VMIN] = vmin;
	t->ldisc.termios.cc[VTIME] = vtime;
	read_once(arg);
}

START_TEST(raw_minimum)
{
	vmin = 3;
	vtime = 0;
	start(read_raw, (void *)50);
	run();
	type("a");
	type("b");
	ck_assert_int_eq(running, 1);
	type("cd");
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(got_len, 4);
}
END_TEST

/* The clock moves: timers run as the clock interrupt runs them. */
static void pass_time(u64 ns)
{
	fake_clock_advance(ns);
	sched_tick();
	run();
}

START_TEST(raw_timeouts)
{
	vmin = 0;
	vtime = 0;
	start(read_raw, (void *)50);
	run();
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(got_len, 0);
	/* first byte within a time */
	vtime = 5;
	start(read_raw, (void *)50);
	run();
	ck_assert_int_eq(running, 1);
	pass_time(600 * NS_PER_MS);
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(got_len, 0);
	/* time between bytes runs from the first one on */
	vmin = 10;
	start(read_raw, (void *)50);
	run();
	pass_time(2 * NS_PER_SEC);
	ck_assert_int_eq(running, 1);
	type("x");
	ck_assert_int_eq(running, 1);
	pass_time(600 * NS_PER_MS);
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(got_len, 1);
}
END_TEST

/* What nobody reads stays with the host when the buffer is full, and is taken
 * up once there is room. */
START_TEST(throttling)
{
	char line[1001];
	u64 total = 0;

	memset(line, 'x', 999);
	line[999] = '\r';
	line[1000] = '\0';
	for (int i = 0; i < 8; i++)
		type(line);
	ck_assert_uint_lt(ldisc_count(&the_tty()->ldisc), 4096);
	for (int i = 0; i < 80; i++) {
		start(read_once, (void *)100);
		run();
		ck_assert_int_eq(running, 0);
		total += (u64)got_len;
	}
	ck_assert_uint_eq(total, 8000);
}
END_TEST

/* --- writing --------------------------------------------------------------------- */

static char *much;
static s64 put_result;

static void write_much(void *arg)
{
	(void)arg;
	open_tty();
	put_result = file_write_kernel(tty, much, 20000, 0);
	file_put(tty);
	finish();
}

START_TEST(terminal_that_takes_little)
{
	size_t len;

	much = malloc(20000);
	for (int i = 0; i < 20000; i++)
		much[i] = (char)('a' + i % 26);
	fake_stream_room(STREAM_TTY, 5000);
	start(write_much, NULL);
	run();
	ck_assert_int_eq(running, 1);
	for (int i = 0; i < 10 && running; i++) {
		fake_stream_room(STREAM_TTY, 3000);
		dev_irq_io();
		run();
	}
	ck_assert_int_eq(running, 0);
	ck_assert_int_eq(put_result, 20000);
	fake_stream_output(STREAM_TTY, &len);
	ck_assert_uint_eq(len, 20000);
	ck_assert_mem_eq(screen(), much, 20000);
	free(much);
}
END_TEST

START_TEST(stopped_output)
{
	type("\23"); /* Ctrl-S */
	open_tty();
	ck_assert_int_eq(tty_put("held\n"), 5);
	ck_assert_str_eq(screen(), "");
	ck_assert_uint_eq(file_poll_mask(tty, NULL) & POLLOUT, 0);
	type("\21");
	ck_assert_str_eq(screen(), "held\r\n");
	file_put(tty);
}
END_TEST

/* --- job control -------------------------------------------------------------------- */

static u64 pending_of(s32 pid)
{
	struct process *p = process_find(pid);

	return p->shared_pending.mask | process_leader(p)->pending.mask;
}

static s32 leader_pid;

/* A session leader that opens the terminal and sleeps for good. */
static void lead(void *arg)
{
	struct wait_queue never;

	(void)arg;
	leader_pid = current_process()->pid;
	current_task()->blocked = ~0ULL;
	tty = fs_open("/dev/console", O_RDWR);
	wait_queue_init(&never);
	for (;;)
		wait_event(&never, false);
}

START_TEST(first_leader_owns_it)
{
	start(lead, NULL);
	run();
	ck_assert_ptr_eq(the_tty()->session, process_find(leader_pid)->session);
	ck_assert_int_eq(tty_foreground(the_tty()), leader_pid);
	ck_assert_uint_eq(tty_rdev(the_tty()), MKDEV(5, 1));
	/* the next one does not */
	start(read_once, (void *)10);
	run();
	ck_assert_int_eq(tty_foreground(the_tty()), leader_pid);
}
END_TEST

START_TEST(keys_signal_the_foreground)
{
	start(lead, NULL);
	run();
	process_find(leader_pid)->sighand->action[1].handler = 0x1000;
	type("typed\3");
	ck_assert_uint_ne(pending_of(leader_pid) & SIG(2), 0);
	ck_assert(!ldisc_readable(&the_tty()->ldisc, 1));
	type("\34");
	ck_assert_uint_ne(pending_of(leader_pid) & SIG(3), 0);
	dev_irq_winch(); /* the size has not changed */
	ck_assert_uint_eq(pending_of(leader_pid) & SIG(28), 0);
	tty_set_winsize(the_tty(), &(struct tty_winsize){ 50, 100, 0, 0 });
	ck_assert_int_eq(the_tty()->winsize.rows, 50);
}
END_TEST

/* In the terminal's session, in a group of its own. */
static s32 background_sig;
static int check_result;

static void background(void *arg)
{
	struct process *me = current_process(), *leader = process_find(leader_pid);

	(void)arg;
	session_put(me->session);
	me->session = leader->session;
	session_get(me->session);
	me->tty = leader->tty;
	me->parent = leader; /* not orphaned */
	current_task()->blocked = ~0ULL & ~SIG(background_sig);
	check_result = tty_check_background(the_tty(), background_sig);
	if (check_result == -ERESTARTSYS)
		ck_assert_uint_ne(pending_of(me->pid) & SIG(background_sig), 0);
	me->sighand->action[background_sig - 1].handler = 1; /* SIG_IGN */
	ck_assert_int_eq(tty_check_background(the_tty(), background_sig),
			 background_sig == 21 ? -EIO : 0);
	me->parent = process_find(1);
	me->sighand->action[background_sig - 1].handler = 0;
	ck_assert_int_eq(tty_check_background(the_tty(), background_sig), -EIO);
	finish();
}

START_TEST(background_access)
{
	start(lead, NULL);
	run();
	background_sig = _i ? 22 : 21; /* SIGTTOU, SIGTTIN */
	start(background, NULL);
	run();
	ck_assert_int_eq(check_result, -ERESTARTSYS);
}
END_TEST

START_TEST(hangup)
{
	struct file *mine;

	start(lead, NULL);
	run();
	open_tty();
	mine = tty;
	start(read_once, (void *)10); /* opens another */
	run();
	tty_hangup(the_tty());
	run();
	tty = mine;
	ck_assert_int_eq(running, 1); /* the leader */
	ck_assert_int_eq(got_len, 0);
	ck_assert_ptr_null(the_tty()->session);
	ck_assert_ptr_null(process_find(leader_pid)->tty);
	ck_assert_uint_ne(pending_of(leader_pid) & SIG(1), 0);
	ck_assert_int_eq(tty_put("x"), -EIO);
	ck_assert_int_eq(tty_get(got, 10), 0);
	ck_assert_uint_eq(file_poll_mask(tty, NULL) & POLLHUP, POLLHUP);
	ck_assert_int_eq(tty->ops->ioctl(tty, TIOCGWINSZ, 0), -EIO);
	file_put(tty);
	open_tty();
	ck_assert_int_eq(tty_put("x"), 1);
	file_put(tty);
}
END_TEST

START_TEST(host_terminal_goes_away)
{
	start(lead, NULL);
	run();
	fake_stream_eof(STREAM_TTY);
	dev_irq_io();
	run();
	ck_assert_uint_ne(pending_of(leader_pid) & SIG(1), 0);
}
END_TEST

/* --- ioctls -------------------------------------------------------------------------- */

static s64 control(u32 cmd, u64 arg)
{
	return tty->ops->ioctl(tty, cmd, arg);
}

START_TEST(settings)
{
	struct {
		u32 iflag, oflag, cflag, lflag;
		u8 line, cc[19];
	} t;

	need_user_memory();
	open_tty();
	ck_assert_int_eq(control(TCGETS, user), 0);
	ck_assert_int_eq(get_user(t, user), 0);
	ck_assert_uint_ne(t.lflag & ICANON, 0);
	ck_assert_uint_eq(t.cc[VINTR], 3);
	t.lflag &= ~(u32)ECHO;
	ck_assert_int_eq(put_user(t, user), 0);
	ck_assert_int_eq(control(TCSETSF, user), 0);
	ck_assert_uint_eq(the_tty()->ldisc.termios.lflag & ECHO, 0);
	ck_assert_int_eq(control(TCGETS, 8), -EFAULT);
	ck_assert_int_eq(control(TCSETS, 8), -EFAULT);
	file_put(tty);
}
END_TEST

START_TEST(counts_sizes_and_refusals)
{
	struct tty_winsize ws;
	u32 count;

	need_user_memory();
	open_tty();
	type("abc\r");
	ck_assert_int_eq(control(FIONREAD, user), 0);
	ck_assert_int_eq(get_user(count, user), 0);
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(control(TIOCOUTQ, user), 0);
	ck_assert_int_eq(get_user(count, user), 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(control(TIOCGWINSZ, user), 0);
	ck_assert_int_eq(get_user(ws, user), 0);
	ck_assert_uint_eq(ws.rows, 24);
	ck_assert_uint_eq(ws.cols, 80);
	ck_assert_int_eq(control(TIOCSTI, user), 0);
	ck_assert_int_eq(control(TCFLSH, TCIFLUSH), 0);
	ck_assert_uint_eq(ldisc_count(&the_tty()->ldisc), 0);
	ck_assert_int_eq(control(TCFLSH, 9), -EINVAL);
	ck_assert_int_eq(control(TCXONC, 9), -EINVAL);
	ck_assert_int_eq(control(0x12345678, user), -ENOTTY);
	ck_assert_int_eq(control(TIOCGPGRP, user), -ENOTTY);
	ck_assert_int_eq(control(TIOCNOTTY, 0), -ENOTTY);
	file_put(tty);
}
END_TEST

Suite *tty_suite(void);
Suite *tty_suite(void)
{
	Suite *s = suite_create("tty");
	TCase *tc = tcase_create("console");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, reader_waits_for_a_line);
	tcase_add_test(tc, input_before_the_reader);
	tcase_add_test(tc, nonblocking);
	tcase_add_test(tc, raw_minimum);
	tcase_add_test(tc, raw_timeouts);
	tcase_add_test(tc, throttling);
	tcase_add_test(tc, terminal_that_takes_little);
	tcase_add_test(tc, stopped_output);
	tcase_add_test(tc, first_leader_owns_it);
	tcase_add_test(tc, keys_signal_the_foreground);
	tcase_add_loop_test(tc, background_access, 0, 2);
	tcase_add_test(tc, hangup);
	tcase_add_test(tc, host_terminal_goes_away);
	tcase_add_test(tc, settings);
	tcase_add_test(tc, counts_sizes_and_refusals);
	suite_add_tcase(s, tc);
	return s;
}
