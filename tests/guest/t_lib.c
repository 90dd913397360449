/*
 * guestlib itself: formatting, numbers, strings, sorting, memory, streams.
 */
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

static const char *format(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static const char *format(const char *fmt, ...)
{
	static char buf[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	return buf;
}

static void printf_integers(void)
{
	CHECK_STR(format("%d %i", 0, -5), "0 -5");
	CHECK_STR(format("%d", INT_MIN), "-2147483648");
	CHECK_STR(format("%ld", LONG_MIN), "-9223372036854775808");
	CHECK_STR(format("%lu", ULONG_MAX), "18446744073709551615");
	CHECK_STR(format("%x %X %o", 0xbeefU, 0xBEEFU, 8U), "beef BEEF 10");
	CHECK_STR(format("%hhd %hd", (signed char)-1, (short)-2), "-1 -2");
	CHECK_STR(format("%zu", (size_t)7), "7");
	CHECK_STR(format("%p", (void *)0x1234), "0x1234");
}

static void printf_widths(void)
{
	CHECK_STR(format("[%5d][%-5d][%05d]", 42, 42, 42), "[   42][42   ][00042]");
	CHECK_STR(format("[%+d][% d][%#x][%#o]", 1, 1, 255U, 8U),
		  "[+1][ 1][0xff][010]");
	CHECK_STR(format("[%*d][%-*d]", 4, 7, 4, 7), "[   7][7   ]");
	CHECK_STR(format("[%.3d][%6.3d]", 5, 5), "[005][   005]");
	CHECK_STR(format("[%06d]", -42), "[-00042]");
}

static void printf_strings(void)
{
	CHECK_STR(format("%s|%5s|%-5s|%.2s", "abc", "ab", "ab", "xyz"),
		  "abc|   ab|ab   |xy");
	CHECK_STR(format("%c%c%%", 'o', 'k'), "ok%");
	CHECK_STR(format("%.*s", 3, "abcdef"), "abc");
}

static void snprintf_truncates(void)
{
	char buf[8];

	CHECK_EQ(snprintf(buf, sizeof(buf), "%s", "0123456789"), 10);
	CHECK_STR(buf, "0123456");
	CHECK_EQ(snprintf(NULL, 0, "%d", 12345), 5);
}

static void numbers(void)
{
	char *end;

	CHECK_EQ(strtol("  -42x", &end, 10), -42);
	CHECK_STR(end, "x");
	CHECK_EQ(strtol("0x1F", NULL, 0), 31);
	CHECK_EQ(strtol("017", NULL, 0), 15);
	CHECK_EQ(strtol("zz", &end, 36), 35 * 36 + 35);
	CHECK_EQ(strtol("9223372036854775807", NULL, 10), LONG_MAX);
	errno = 0;
	CHECK_EQ(strtol("9223372036854775808", NULL, 10), LONG_MAX);
	CHECK_EQ(errno, ERANGE);
	CHECK_EQ(strtol("-9223372036854775808", NULL, 10), LONG_MIN);
	CHECK_EQ(strtoul("18446744073709551615", NULL, 10), ULONG_MAX);
	CHECK_EQ(strtol("nothing", &end, 10), 0);
	CHECK_STR(end, "nothing");
	CHECK_EQ(atoi("123abc"), 123);
}

static void strings(void)
{
	char text[] = " one  two,three ";
	char *save;

	CHECK_STR(strtok_r(text, " ,", &save), "one");
	CHECK_STR(strtok_r(NULL, " ,", &save), "two");
	CHECK_STR(strtok_r(NULL, " ,", &save), "three");
	CHECK(strtok_r(NULL, " ,", &save) == NULL);
	CHECK(strcmp("abc", "abd") < 0);
	CHECK(strcmp("\xff", "a") > 0);
	CHECK_EQ(strncmp("abcd", "abxx", 2), 0);
	CHECK_STR(strrchr("a/b/c", '/'), "/c");
	CHECK_STR(strstr("haystack", "st"), "stack");
	CHECK(strstr("haystack", "stx") == NULL);
	CHECK_EQ(strspn("aabc", "a"), 2);
	CHECK_EQ(strcspn("aabc", "c"), 3);
	CHECK_STR(strerror(ENOENT), "No such file or directory");
	CHECK_STR(strsignal(11), "SIGSEGV");
}

static void moving_memory(void)
{
	char buf[16] = "0123456789";

	memmove(buf + 2, buf, 5);
	CHECK_STR(buf, "0101234789");
	memmove(buf, buf + 2, 5);
	CHECK_STR(buf, "0123434789");
	memset(buf, 'x', 3);
	CHECK_STR(buf, "xxx3434789");
	CHECK_EQ(memcmp("abc", "abd", 2), 0);
	CHECK(memcmp("abc", "abd", 3) < 0);
}

static int compare_ints(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void sorting(void)
{
	static int items[1000];
	unsigned int seed = 1;
	int i;

	for (i = 0; i < 1000; i++) {
		seed = seed * 1103515245U + 12345U;
		items[i] = (int)(seed >> 16) % 500;
	}
	qsort(items, 1000, sizeof(items[0]), compare_ints);
	for (i = 1; i < 1000; i++)
		CHECK(items[i - 1] <= items[i]);
}

static void malloc_keeps_blocks_apart(void)
{
	static char *blocks[200];
	size_t size;
	int round;
	int i;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 200; i++) {
			size = (size_t)(i * 37 + 1);
			blocks[i] = malloc(size);
			CHECK(blocks[i] != NULL);
			CHECK_EQ((unsigned long)blocks[i] % 16, 0);
			memset(blocks[i], i, size);
		}
		for (i = 0; i < 200; i++) {
			size = (size_t)(i * 37 + 1);
			CHECK_EQ(blocks[i][0], (char)i);
			CHECK_EQ(blocks[i][size - 1], (char)i);
			free(blocks[i]);
		}
	}
}

static void realloc_keeps_contents(void)
{
	char *p = malloc(10);
	size_t size;

	strcpy(p, "contents");
	for (size = 20; size < 1UL << 20; size *= 3) {
		p = realloc(p, size);
		CHECK(p != NULL);
		CHECK_STR(p, "contents");
		p[size - 1] = 1;
	}
	free(p);
	p = calloc(100, 50);
	for (size = 0; size < 5000; size++)
		CHECK_EQ(p[size], 0);
	free(p);
	CHECK(malloc(1UL << 62) == NULL);
	CHECK_EQ(errno, ENOMEM);
	CHECK(calloc(1UL << 40, 1UL << 40) == NULL);
}

static void streams(void)
{
	char line[32];
	FILE *f;
	int i;

	test_scratch();
	f = fopen("f", "w");
	CHECK(f != NULL);
	for (i = 0; i < 1000; i++)
		fprintf(f, "line %d\n", i);
	CHECK_EQ(fclose(f), 0);
	f = fopen("f", "r");
	for (i = 0; i < 1000; i++) {
		CHECK(fgets(line, sizeof(line), f) != NULL);
		CHECK_EQ(atoi(line + 5), i);
	}
	CHECK(fgets(line, sizeof(line), f) == NULL);
	CHECK(feof(f));
	fclose(f);
	f = fopen("f", "a");
	fputs("end", f);
	fclose(f);
	f = fopen("f", "r");
	CHECK_EQ(fread(line, 7, 1, f), 1);
	CHECK_EQ(memcmp(line, "line 0\n", 7), 0);
	fclose(f);
	CHECK(fopen("missing/f", "r") == NULL);
	CHECK_EQ(errno, ENOENT);
}

static void exit_flushes(void)
{
	char buf[16];
	pid_t pid;

	test_scratch();
	pid = test_fork();
	if (pid == 0) {
		fputs("kept", fopen("f", "w"));
		exit(0);
	}
	test_wait_ok(pid);
	test_read_file("f", buf, sizeof(buf));
	CHECK_STR(buf, "kept");
}

static void jumping(void)
{
	static jmp_buf env;
	volatile int count = 0;
	int value;

	value = setjmp(env);
	CHECK_EQ(value, count);
	if (++count < 5)
		longjmp(env, count);
	CHECK_EQ(count, 5);
}

static void abort_raises(void)
{
	CHECK_EQ(WTERMSIG(test_status((void (*)(void))abort)), 6);
}

static void environment(void)
{
	char *vars[] = { "A=1", "AB=2", NULL };
	char **saved = environ;

	environ = vars;
	CHECK_STR(getenv("A"), "1");
	CHECK_STR(getenv("AB"), "2");
	CHECK(getenv("B") == NULL);
	environ = saved;
}

static const struct test_case cases[] = {
	{ "printf integers", printf_integers },
	{ "printf widths and flags", printf_widths },
	{ "printf strings", printf_strings },
	{ "snprintf truncates", snprintf_truncates },
	{ "numbers from text", numbers },
	{ "strings", strings },
	{ "moving memory", moving_memory },
	{ "sorting", sorting },
	{ "malloc keeps blocks apart", malloc_keeps_blocks_apart },
	{ "realloc and calloc", realloc_keeps_contents },
	{ "streams", streams },
	{ "exit flushes", exit_flushes },
	{ "setjmp and longjmp", jumping },
	{ "abort raises SIGABRT", abort_raises },
	{ "environment", environment },
};

TEST_MAIN(cases)
