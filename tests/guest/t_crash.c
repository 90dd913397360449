/*
 * Programs that die of what they did: by default, and when the signal is
 * ignored, blocked, or cannot be handled.
 */
#include <fcntl.h>
#include <linux/elf.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <test.h>
#include <unistd.h>

static jmp_buf back;

static void escape(int sig)
{
	(void)sig;
	longjmp(back, 1);
}

static void handle(void (*handler)(int))
{
	struct sigaction act = { .sa_handler = handler };

	CHECK_OK(sigaction(SIGSEGV, &act, NULL));
}

static void check_dies(void (*fn)(void), int sig)
{
	int status = test_status(fn);

	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), sig);
}

/* ---- by default --------------------------------------------------------- */

static void crash(void)
{
	*(volatile char *)test_bad_pointer = 1;
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx\n\t"
			 "divl %%ecx"
			 :
			 :
			 : "rax", "rcx", "rdx", "cc");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void privileged(void)
{
	__asm__ volatile("hlt");
}

static void jump_away(void)
{
	((void (*)(void))test_bad_pointer)();
}

static void lose_the_stack(void)
{
	__asm__ volatile("movl $64, %%esp\n\t"
			 "pushq %%rax"
			 :
			 :
			 : "memory");
}

static void unmap_everything(void)
{
	/* The return address is gone when the call comes back. */
	munmap((void *)0x10000, 0x6fff0000);
}

static void by_default(void)
{
	check_dies(crash, SIGSEGV);
	check_dies(undefined, SIGILL);
	check_dies(divide, SIGFPE);
	check_dies(breakpoint, SIGTRAP);
	check_dies(privileged, SIGSEGV);
	check_dies(jump_away, SIGSEGV);
	check_dies(lose_the_stack, SIGSEGV);
	check_dies(unmap_everything, SIGSEGV);
}

/* ---- all the same ------------------------------------------------------- */

static void crash_ignoring(void)
{
	handle(SIG_IGN);
	crash();
}

static void ignored(void)
{
	check_dies(crash_ignoring, SIGSEGV);
}

static void crash_blocking(void)
{
	sigset_t set = SIGBIT(SIGSEGV);

	handle(escape);
	CHECK_OK(sigprocmask(SIG_BLOCK, &set, NULL));
	if (setjmp(back) == 0)
		crash();
}

static void blocked(void)
{
	check_dies(crash_blocking, SIGSEGV);
}

static void crash_again(int sig)
{
	(void)sig;
	crash();
}

static void crash_twice(void)
{
	handle(crash_again);
	crash();
}

static void in_the_handler(void)
{
	check_dies(crash_twice, SIGSEGV);
}

static void crash_without_stack(void)
{
	handle(escape);
	if (setjmp(back) == 0)
		lose_the_stack();
}

static void without_stack(void)
{
	check_dies(crash_without_stack, SIGSEGV);
}

static void crash_into_nowhere(void)
{
	handle((void (*)(int))test_bad_pointer);
	crash();
}

static void handler_is_nowhere(void)
{
	check_dies(crash_into_nowhere, SIGSEGV);
}

/* ---- the others --------------------------------------------------------- */

static void others_live(void)
{
	int fds[2];
	char byte;
	pid_t pid;
	int i;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0) {
		test_read_all(fds[0], &byte, 1);
		_exit(0);
	}
	for (i = 0; i < 20; i++)
		check_dies(crash, SIGSEGV);
	CHECK_EQ(write(fds[1], "x", 1), 1);
	test_wait_ok(pid);
}

static void resources_are_given_back(void)
{
	char byte;
	int fds[2];
	pid_t pid;

	CHECK_OK(pipe(fds));
	pid = test_fork();
	if (pid == 0)
		crash();
	CHECK_OK(close(fds[1]));
	/* The dead child's copy of the writing end is closed. */
	CHECK_EQ(read(fds[0], &byte, 1), 0);
	CHECK_EQ(WTERMSIG(test_wait(pid)), SIGSEGV);
}

/* ---- core files ------------------------------------------------------------ */

static volatile unsigned long marked = 0x4c6f6467;

static void limit_core(unsigned long bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	CHECK_OK(setrlimit(RLIMIT_CORE, &limit));
}

static void crash_with_core(void)
{
	limit_core(RLIM_INFINITY);
	marked++;
	crash();
}

static Elf64_Phdr read_segment(int fd, const Elf64_Ehdr *head, int i)
{
	Elf64_Phdr ph;

	CHECK_EQ(pread(fd, &ph, sizeof(ph),
		       (off_t)(head->e_phoff + (unsigned)i * sizeof(ph))),
		 sizeof(ph));
	return ph;
}

/* What the dead program had in `marked`, and the fault's address. */
static void core_file(void)
{
	const unsigned long place = (unsigned long)&marked;
	unsigned long value = 0;
	struct stat st;
	Elf64_Ehdr head;
	int fd, status, i;

	test_scratch();
	status = test_status(crash_with_core);
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
	CHECK(WCOREDUMP(status));
	fd = (int)CHECK_OK(open("core", O_RDONLY));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode & 0777, 0600);
	CHECK_EQ(read(fd, &head, sizeof(head)), sizeof(head));
	CHECK_EQ(head.e_type, ET_CORE);
	CHECK_EQ(read_segment(fd, &head, 0).p_type, PT_NOTE);
	for (i = 1; i < head.e_phnum; i++) {
		Elf64_Phdr ph = read_segment(fd, &head, i);

		CHECK(ph.p_offset + ph.p_filesz <= (unsigned long)st.st_size);
		if (place - ph.p_vaddr < ph.p_filesz)
			CHECK_EQ(pread(fd, &value, sizeof(value),
				       (off_t)(ph.p_offset + place - ph.p_vaddr)),
				 sizeof(value));
	}
	CHECK_EQ(value, marked + 1);
}

#define SECRET 0x2d64756d702d6d65UL

static void crash_with_a_secret(void)
{
	unsigned long *at = mmap((void *)0x20000000, 8192, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	at[0] = at[512] = SECRET;
	CHECK_OK(madvise(at, 8192, MADV_DONTDUMP));
	CHECK_OK(madvise(at + 512, 4096, MADV_DODUMP));
	crash_with_core();
}

/* What the core file has of the page at address: 1, or 0 for nothing. */
static int dumped(int fd, unsigned long address)
{
	Elf64_Ehdr head;

	CHECK_EQ(pread(fd, &head, sizeof(head), 0), sizeof(head));
	for (int i = 1; i < head.e_phnum; i++) {
		Elf64_Phdr ph = read_segment(fd, &head, i);

		if (address - ph.p_vaddr < ph.p_memsz)
			return address - ph.p_vaddr < ph.p_filesz;
	}
	return 0;
}

static void not_dumped(void)
{
	int fd;

	test_scratch();
	CHECK(WCOREDUMP(test_status(crash_with_a_secret)));
	fd = (int)CHECK_OK(open("core", O_RDONLY));
	CHECK_EQ(dumped(fd, 0x20000000), 0);
	CHECK_EQ(dumped(fd, 0x20001000), 1);
	CHECK_OK(unlink("core"));
}

static void crash_with_small_limit(void)
{
	limit_core(8192);
	crash();
}

static void crash_undumpable(void)
{
	limit_core(RLIM_INFINITY);
	CHECK_OK(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
	crash();
}

static void crash_on_a_link(void)
{
	CHECK_OK(symlink("elsewhere", "core"));
	crash_with_core();
}

static void terminate_with_limit(void)
{
	limit_core(RLIM_INFINITY);
	kill(getpid(), SIGTERM);
}

static void no_core_file(void)
{
	struct stat st;

	test_scratch();
	CHECK(!WCOREDUMP(test_status(crash)));
	CHECK(!WCOREDUMP(test_status(crash_undumpable)));
	CHECK(!WCOREDUMP(test_status(terminate_with_limit)));
	CHECK_ERR(access("core", F_OK), ENOENT);
	CHECK(!WCOREDUMP(test_status(crash_on_a_link)));
	CHECK_ERR(access("elsewhere", F_OK), ENOENT);
	CHECK_OK(unlink("core"));
	CHECK(WCOREDUMP(test_status(crash_with_small_limit)));
	CHECK_OK(stat("core", &st));
	CHECK(st.st_size <= 8192);
}

static void pattern(const char *text)
{
	int fd = (int)CHECK_OK(open("/proc/sys/kernel/core_pattern", O_WRONLY, 0));

	CHECK(write(fd, text, strlen(text)) > 0);
	close(fd);
}

/* /proc/sys/kernel/core_pattern (core(5)). */
static void core_named(void)
{
	char name[64];
	int status;
	pid_t pid;

	test_need_root();
	test_scratch();
	pattern("c-%e-%s-%u-%%-%p%z%");
	pid = test_fork();
	if (!pid)
		crash_with_core();
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	pattern("|/bin/helper");
	CHECK(WCOREDUMP(status));
	snprintf(name, sizeof(name), "c-t_crash-%d-0-%%-%d", SIGSEGV, pid);
	CHECK_OK(unlink(name));
	CHECK(!WCOREDUMP(test_status(crash_with_core)));
	pattern("core");
}

static const struct test_case cases[] = {
	{ "by default", by_default },
	{ "signal ignored", ignored },
	{ "signal blocked", blocked },
	{ "in the handler", in_the_handler },
	{ "without a stack", without_stack },
	{ "handler is nowhere", handler_is_nowhere },
	{ "others live on", others_live },
	{ "resources are given back", resources_are_given_back },
	{ "core file", core_file },
	{ "core file: limits", no_core_file },
	{ "core file: its name", core_named },
	{ "core file: MADV_DONTDUMP", not_dumped },
};

TEST_MAIN(cases)
