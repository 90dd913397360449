/*
 * The vDSO: what it is, and that its clocks are the system calls' clocks.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/elf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <time.h>
#include <unistd.h>

#define READINGS 500
#define PATIENCE_MS 400 /* the page is brought up to date some times in it */

typedef int gettime_fn(clockid_t clock, struct timespec *ts);

static gettime_fn *vdso_gettime(void)
{
	gettime_fn *fn = vdso_symbol("__vdso_clock_gettime");

	CHECK(fn);
	return fn;
}

static uint64_t ns_of(const struct timespec *ts)
{
	CHECK(ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000);
	return (uint64_t)ts->tv_sec * 1000000000UL + (uint64_t)ts->tv_nsec;
}

static uint64_t by_vdso(clockid_t clock)
{
	struct timespec ts;

	CHECK_EQ(vdso_gettime()(clock, &ts), 0);
	return ns_of(&ts);
}

static uint64_t by_call(clockid_t clock)
{
	struct timespec ts;

	CHECK_EQ(sys2(__NR_clock_gettime, clock, (long)&ts), 0);
	return ns_of(&ts);
}

/* ---- the object ---------------------------------------------------------------- */

static const Elf64_Ehdr *vdso_header(void)
{
	const Elf64_Ehdr *eh = (const void *)getauxval(AT_SYSINFO_EHDR);

	CHECK(eh);
	return eh;
}

static const Elf64_Dyn *dynamic_section(const Elf64_Ehdr *eh)
{
	const Elf64_Phdr *ph = (const void *)((const char *)eh + eh->e_phoff);
	int i;

	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == PT_DYNAMIC)
			return (const void *)((const char *)eh + ph[i].p_vaddr);
	test_fail(__FILE__, __LINE__, "no dynamic section");
	return NULL;
}

static void is_a_shared_object(void)
{
	const Elf64_Ehdr *eh = vdso_header();
	const Elf64_Dyn *dyn = dynamic_section(eh);
	unsigned long name = 0;
	const char *str = NULL;

	CHECK(memcmp(eh->e_ident, ELFMAG, SELFMAG) == 0);
	CHECK_EQ(eh->e_type, ET_DYN);
	CHECK_EQ(eh->e_machine, EM_X86_64);
	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == DT_SONAME)
			name = dyn->d_un.d_val;
		if (dyn->d_tag == DT_STRTAB)
			str = (const char *)eh + dyn->d_un.d_ptr;
		CHECK(dyn->d_tag != DT_RELA && dyn->d_tag != DT_NEEDED);
	}
	CHECK(str);
	CHECK_STR(str + name, "linux-vdso.so.1");
}

static void has_the_symbols(void)
{
	static const char *const names[] = { "clock_gettime", "clock_getres",
					     "gettimeofday", "time", "getcpu" };
	char full[40];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(full, sizeof(full), "__vdso_%s", names[i]);
		CHECK(vdso_symbol(full));
		CHECK(vdso_symbol(names[i]) == vdso_symbol(full));
	}
	CHECK(!vdso_symbol("__vdso_nothing"));
}

static void is_in_the_maps(void)
{
	static char text[4096];
	char start[20];
	long n;
	int fd;

	fd = (int)CHECK_OK(open("/proc/self/maps", O_RDONLY));
	n = CHECK_OK(read(fd, text, sizeof(text) - 1));
	text[n] = '\0';
	snprintf(start, sizeof(start), "%08lx-", (unsigned long)vdso_header());
	CHECK(strstr(text, start));
	CHECK(strstr(text, "[vdso]"));
}

/* ---- the clocks ------------------------------------------------------------------ */

static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
				    CLOCK_MONOTONIC_RAW, CLOCK_TAI,
				    CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE };

/* Each reading lies between the two of the other kind around it. */
static void agrees_with_the_calls(void)
{
	uint64_t end = by_call(CLOCK_MONOTONIC) + PATIENCE_MS * 1000000UL;
	uint64_t before, inside, after;
	size_t i;

	while (by_call(CLOCK_MONOTONIC) < end)
		for (i = 0; i < ARRAY_SIZE(clocks); i++) {
			before = by_call(clocks[i]);
			inside = by_vdso(clocks[i]);
			after = by_call(clocks[i]);
			CHECK(before <= inside && inside <= after);
		}
}

static void never_goes_back(void)
{
	uint64_t end = by_vdso(CLOCK_MONOTONIC) + PATIENCE_MS * 1000000UL;
	uint64_t last = 0, now;

	do {
		now = by_vdso(CLOCK_MONOTONIC);
		CHECK(now >= last);
		last = now;
	} while (now < end);
}

static void other_clocks_and_errors(void)
{
	struct timespec ts;

	CHECK_EQ(vdso_gettime()(CLOCK_PROCESS_CPUTIME_ID, &ts), 0);
	CHECK_EQ(vdso_gettime()(1234, &ts), -EINVAL);
	CHECK_EQ(vdso_gettime()(-1234567, &ts),
		 sys2(__NR_clock_gettime, -1234567, (long)&ts));
	CHECK_EQ(clock_gettime(1234, &ts), -1); /* guestlib's, through it */
	CHECK_EQ(errno, EINVAL);
}

static void getres_as_the_call(void)
{
	int (*getres)(clockid_t, struct timespec *) =
		vdso_symbol("__vdso_clock_getres");
	struct timespec a, b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(clocks); i++) {
		CHECK_EQ(getres(clocks[i], &a), 0);
		CHECK_EQ(sys2(__NR_clock_getres, clocks[i], (long)&b), 0);
		CHECK(memcmp(&a, &b, sizeof(a)) == 0);
	}
	CHECK_EQ(getres(1234, &a), -EINVAL);
	CHECK_EQ(getres(CLOCK_MONOTONIC, NULL), 0);
}

static void gettimeofday_and_time(void)
{
	int (*timeofday)(struct timeval *, void *) =
		vdso_symbol("__vdso_gettimeofday");
	time_t (*get_time)(time_t *) = vdso_symbol("__vdso_time");
	uint64_t before, us, after;
	int zone[2] = { 1, 1 };
	struct timeval tv;
	time_t t, now;
	int i;

	for (i = 0; i < READINGS; i++) {
		before = by_call(CLOCK_REALTIME) / 1000;
		CHECK_EQ(timeofday(&tv, NULL), 0);
		after = by_call(CLOCK_REALTIME) / 1000;
		us = (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
		CHECK(tv.tv_usec >= 0 && tv.tv_usec < 1000000);
		CHECK(before <= us && us <= after);
	}
	CHECK_EQ(timeofday(NULL, zone), 0);
	CHECK_EQ(zone[0], 0);
	CHECK_EQ(zone[1], 0);
	before = by_call(CLOCK_REALTIME) / 1000000000;
	t = get_time(&now);
	CHECK_EQ(t, now);
	CHECK((uint64_t)t >= before &&
	      (uint64_t)t <= by_call(CLOCK_REALTIME) / 1000000000);
	CHECK(get_time(NULL) >= t);
}

static void getcpu_is_zero(void)
{
	int (*get_cpu)(unsigned int *, unsigned int *, void *) =
		vdso_symbol("__vdso_getcpu");
	unsigned int cpu = 7, node = 7;

	CHECK_EQ(get_cpu(&cpu, &node, NULL), 0);
	CHECK_EQ(cpu, 0);
	CHECK_EQ(node, 0);
	CHECK_EQ(get_cpu(NULL, NULL, NULL), 0);
}

/* ---- processes ------------------------------------------------------------------- */

/* Two processes show each other times in turn: none is before the last. */
static void monotonic_across_processes(void)
{
	uint64_t *last = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	volatile uint64_t *shown = last;
	uint64_t end = by_vdso(CLOCK_MONOTONIC) + PATIENCE_MS * 1000000UL;
	uint64_t now = 0, seen;
	pid_t pid;

	CHECK(last != MAP_FAILED);
	pid = test_fork();
	while (now < end) {
		seen = shown[0];
		now = by_vdso(CLOCK_MONOTONIC);
		CHECK(now >= seen);
		/* preempted here, an older time is stored than was shown: fine */
		shown[0] = now;
	}
	if (pid == 0)
		_exit(0);
	test_wait_ok(pid);
	munmap(last, 4096);
}

static void child_has_it(void)
{
	uint64_t before = by_vdso(CLOCK_MONOTONIC);
	pid_t pid = test_fork();

	if (pid == 0)
		_exit(by_vdso(CLOCK_MONOTONIC) < before);
	test_wait_ok(pid);
}

static volatile sig_atomic_t ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
	CHECK(by_vdso(CLOCK_MONOTONIC));
}

/* A handler interrupts readings, and reads. */
static void under_signals(void)
{
	struct itimerval it = { { 0, 500 }, { 0, 500 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };
	uint64_t last = 0, now;

	ticks = 0;
	signal(SIGALRM, tick);
	CHECK_OK(setitimer(ITIMER_REAL, &it, NULL));
	while (ticks < 50) {
		now = by_vdso(CLOCK_MONOTONIC);
		CHECK(now >= last);
		last = now;
	}
	CHECK_OK(setitimer(ITIMER_REAL, &off, NULL));
	signal(SIGALRM, SIG_DFL);
}

/* A program without it, or with it elsewhere, can do that. */
static void may_go_or_move(void)
{
	char *at = (char *)vdso_header(), *to;
	long offset = (char *)vdso_gettime() - at;
	struct timespec ts;
	pid_t pid = test_fork();

	if (pid == 0) {
		to = (char *)sys6(__NR_mremap, (long)at, 4096, 4096,
				  MREMAP_MAYMOVE | MREMAP_FIXED, 0x20000000, 0);
		CHECK_EQ((long)to, 0x20000000);
		CHECK_EQ(((gettime_fn *)(to + offset))(CLOCK_MONOTONIC, &ts), 0);
		CHECK_OK(munmap(to, 4096));
		CHECK_EQ(sys2(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&ts), 0);
		_exit(0);
	}
	test_wait_ok(pid);
}

/* Its page is every program's: a write is refused, or is the writer's own. */
static void writes_stay_private(void)
{
	volatile char *at = (char *)vdso_header();
	pid_t pid = test_fork();

	if (pid == 0) {
		CHECK_OK(mprotect((void *)at, 4096,
				  PROT_READ | PROT_WRITE | PROT_EXEC));
		at[0] = 'x';
		_exit(at[0] != 'x');
	}
	test_wait_ok(pid);
	CHECK_EQ(at[0], 0x7f);
}

static const struct test_case cases[] = {
	{ "a shared object named linux-vdso.so.1", is_a_shared_object },
	{ "has the symbols of vdso(7)", has_the_symbols },
	{ "is in /proc/self/maps", is_in_the_maps },
	{ "every clock agrees with the system call", agrees_with_the_calls },
	{ "CLOCK_MONOTONIC never goes back", never_goes_back },
	{ "other clocks and errors as by system call", other_clocks_and_errors },
	{ "clock_getres", getres_as_the_call },
	{ "gettimeofday and time", gettimeofday_and_time },
	{ "getcpu", getcpu_is_zero },
	{ "monotonic across processes", monotonic_across_processes },
	{ "a forked child has it", child_has_it },
	{ "readings interrupted by signals", under_signals },
	{ "may be moved and unmapped", may_go_or_move },
	{ "writes to it stay private", writes_stay_private },
};

TEST_MAIN(cases)
