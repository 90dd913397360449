/*
 * The host module's device: what it refuses, what it does to registers, how a
 * machine ends. Prints TAP; each case is a process of its own. To be run as root
 * where the module is loaded (scripts/kmod-lab).
 */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libkmod.h"

#define PR_SET_SYSCALL_USER_DISPATCH_ 59
#define EFLAGS_FORBIDDEN 0x1b7000UL /* VIP VIF VM RF NT IOPL */

static int device;

static int attach_with(struct lodger_kmod_attach args)
{
	return ioctl(device, LODGER_KMOD_ATTACH, &args) ? -errno : 0;
}

static struct lodger_kmod_attach good(void)
{
	return (struct lodger_kmod_attach){
		.version = LODGER_KMOD_VERSION, .hide = LODGER_KMOD_HIDE_US,
		.run = (uintptr_t)run, .hide_start = HIDDEN_AT,
		.hide_end = HIDDEN_AT + HIDDEN_BYTES,
	};
}

static void become(uint32_t hide)
{
	CHECK_EQ(kmod_attach(device, hide), 0);
}

/* ---- Refusals -------------------------------------------------------------------- */

static void bad_arguments(void)
{
	struct lodger_kmod_attach a = good();

	a.version++;
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide = LODGER_KMOD_HIDE_MM + 1;
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide_start += 4096;
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide_end = a.hide_start;
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide_end = 0xffff800000000000;
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide_end = a.hide_start + LODGER_KMOD_HIDE_MAX + (2 << 20);
	CHECK_EQ(attach_with(a), -EINVAL);
	a = good();
	a.hide_start = a.hide_end + (2 << 20);
	CHECK_EQ(attach_with(a), -EINVAL);
	CHECK_EQ(ioctl(device, LODGER_KMOD_ATTACH, 8) ? -errno : 0, -EFAULT);
	CHECK_EQ(ioctl(device, 0x4c00) ? -errno : 0, -ENOTTY);
}

static void bad_page(void)
{
	struct lodger_kmod_attach a = good();

	a.run += 8;
	CHECK_EQ(attach_with(a), -EINVAL);
	a.run = 0xffffffff81000000;
	CHECK_EQ(attach_with(a), -EINVAL);
	a.run = 0x1000;
	CHECK_EQ(attach_with(a), -EFAULT);
	CHECK_EQ(mprotect(run, 4096, PROT_READ), 0);
	a.run = (uintptr_t)run;
	CHECK_EQ(attach_with(a), -EFAULT);
	CHECK_EQ(mprotect(run, 4096, PROT_READ | PROT_WRITE), 0);
	CHECK_EQ(attach_with(a), 0); /* none of it has left anything */
}

static void second_attach(void)
{
	int other = kmod_open_device();

	become(LODGER_KMOD_HIDE_NOT);
	CHECK_EQ(kmod_attach(device, LODGER_KMOD_HIDE_NOT), -EBUSY);
	CHECK_EQ(kmod_attach(other, LODGER_KMOD_HIDE_NOT), -EBUSY);
	CHECK_EQ(prctl(PR_SET_SYSCALL_USER_DISPATCH_, 0, 0, 0, 0), 0);
	CHECK_EQ(kmod_attach(other, LODGER_KMOD_HIDE_NOT), -EBUSY);
}

static void *sleeper(void *arg)
{
	pause();
	return arg;
}

static void threads(void)
{
	pthread_t t;

	CHECK_EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
	CHECK_EQ(kmod_attach(device, LODGER_KMOD_HIDE_NOT), -EBUSY);
}

static int lend(unsigned long number, uid_t uid);

static void threads_later(void)
{
	pthread_t t;

	become(LODGER_KMOD_HIDE_NOT);
	CHECK_EQ(lend(1, 0), 0);
	CHECK_EQ(pthread_create(&t, NULL, sleeper, NULL), 0);
	CHECK_EQ(kmod_run_at(user_call), -EBUSY);
	CHECK_EQ(kmod_call(LODGER_KMOD_SWITCH, 1), -EBUSY);
}

static void traced(void)
{
	CHECK_EQ(ptrace(PTRACE_TRACEME, 0, 0, 0), 0);
	CHECK_EQ(kmod_attach(device, LODGER_KMOD_HIDE_NOT), -EPERM);
}

static void user_dispatch(void)
{
	CHECK_EQ(prctl(PR_SET_SYSCALL_USER_DISPATCH_, 1, 0, 0x7fffffffffffUL, 0), 0);
	CHECK_EQ(kmod_attach(device, LODGER_KMOD_HIDE_NOT), -EBUSY);
}

static void not_attached(void)
{
	CHECK_EQ(kmod_call(LODGER_KMOD_RUN, 0), -ENOSYS);
	CHECK_EQ(kmod_call(LODGER_KMOD_SWITCH, 0), -ENOSYS);
}

static void ordinary_user(void)
{
	CHECK_EQ(setresuid(1000, 1000, 1000), 0);
	CHECK_EQ(open(LODGER_KMOD_PATH, O_RDWR) < 0 ? -errno : 0, -EACCES);
	become(LODGER_KMOD_HIDE_NOT); /* a descriptor handed on is one */
}

/* The mode of the device may be anybody's, the privilege not. */
static void no_capability(void)
{
	CHECK_EQ(chmod(LODGER_KMOD_PATH, 0666), 0);
	if (fork() == 0) {
		CHECK_EQ(setresuid(1000, 1000, 1000), 0);
		CHECK_EQ(open(LODGER_KMOD_PATH, O_RDWR) < 0 ? -errno : 0, -EPERM);
		_exit(0);
	}
	int status;

	wait(&status);
	CHECK_EQ(chmod(LODGER_KMOD_PATH, 0600), 0);
	CHECK_EQ(status, 0);
}

/* ---- Registers ----------------------------------------------------------------------- */

static void calls(void)
{
	become(LODGER_KMOD_HIDE_NOT);
	run->regs.rbx = 0x1122334455667788;
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
	CHECK_EQ(run->orig_rax, SYS_getpid);
	CHECK_EQ(run->regs.rax, SYS_getpid);
	CHECK_EQ(run->regs.rbx, 0x1122334455667788);
	CHECK_EQ(run->regs.rip, (uintptr_t)user_call + 7);
	CHECK_EQ(run->cs, 0x33);
	CHECK_EQ(kmod_run(), LODGER_KMOD_EXIT_FAULT); /* on at the ud2 */
	CHECK_EQ(run->sig, SIGILL);
	CHECK_EQ(kmod_run_at(user_call_32), LODGER_KMOD_EXIT_CALL_32);
	CHECK_EQ(kmod_run_at(user_divide), LODGER_KMOD_EXIT_FAULT);
	CHECK_EQ(run->sig, SIGFPE);
	run->stop = 1;
	CHECK_EQ(kmod_run_at(user_spin), LODGER_KMOD_EXIT_SIGNAL);
	CHECK_EQ(getppid() > 0, 1); /* and ordinary calls are */
}

static void flags(void)
{
	become(LODGER_KMOD_HIDE_NOT);
	run->regs.rflags = ~0x100UL; /* all but TF */
	CHECK_EQ(kmod_run_at(user_flags), LODGER_KMOD_EXIT_FAULT);
	CHECK_EQ(run->regs.rax & EFLAGS_FORBIDDEN, 0);
	CHECK_EQ(run->regs.rax & 0x200, 0x200); /* IF */
	run->regs.rflags = 0;
	CHECK_EQ(kmod_run_at(user_flags), LODGER_KMOD_EXIT_FAULT);
	CHECK_EQ(run->regs.rax & 0x200, 0x200);
	run->regs.rflags = 0x100;
	CHECK_EQ(kmod_run_at(user_flags), LODGER_KMOD_EXIT_FAULT);
	CHECK_EQ(run->sig, SIGTRAP);
}

static void addresses(void)
{
	static const unsigned long places[] = {
		0xffffffff81000000, 0x8000000000000000, 0x7ffffffff000,
		0x800000000000, 0xffffffffff600000, ~0UL, 0,
	};

	become(LODGER_KMOD_HIDE_NOT);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		CHECK_EQ(kmod_run_at((void *)places[i]), LODGER_KMOD_EXIT_FAULT);
		CHECK_EQ(run->sig, SIGSEGV);
	}
	run->regs.rip = (uintptr_t)user_flags; /* its push faults */
	run->regs.rsp = 0x8000000000000000;
	CHECK_EQ(kmod_run(), LODGER_KMOD_EXIT_FAULT);
}

/* ---- Protection ------------------------------------------------------------------------ */

static void hidden(int touched)
{
	static const void *const ways[] = { user_read, user_write, user_jump };

	become(LODGER_KMOD_HIDE_US);
	for (size_t way = 0; way < 3; way++)
		for (unsigned long at = HIDDEN_AT; at < HIDDEN_AT + HIDDEN_BYTES;
		     at += HIDDEN_BYTES / 4 + 4096) {
			run->regs.rdi = at;
			CHECK_EQ(kmod_run_at(ways[way]), LODGER_KMOD_EXIT_FAULT);
			CHECK_EQ(run->sig, SIGSEGV);
			CHECK_EQ(run->cr2, at);
			CHECK_EQ(*(volatile char *)at, touched); /* in sight here */
		}
	run->regs.rdi = HIDDEN_AT - 8;
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
}

/* ---- Protection by a second address space ------------------------------------------ */

#define FILE_AT 0x50000000UL
#define FILE_PAGES 3

/* Pages that user code can be shown: of a file. */
static char *map_file(unsigned long at, int fd, long page, size_t pages, int prot)
{
	char *got = mmap((void *)at, pages * 4096, prot, MAP_SHARED | MAP_FIXED, fd, page * 4096);

	CHECK_EQ((unsigned long)got, at);
	return got;
}

static int make_file(void)
{
	int fd = memfd_create("shown", 0);

	CHECK_EQ(fd >= 0 && ftruncate(fd, FILE_PAGES * 4096) == 0, 1);
	return fd;
}

/* What user code reads there; -1: it faults. */
static long seen_at(unsigned long at)
{
	long exit;

	run->regs.rdi = at;
	exit = kmod_run_at(user_read);
	CHECK_EQ(exit, LODGER_KMOD_EXIT_FAULT);
	if (run->sig == SIGILL) /* the ud2 behind it */
		return (long)run->regs.rax;
	CHECK_EQ(run->sig, SIGSEGV);
	CHECK_EQ(run->cr2, at);
	return -1;
}

static void become_with_view(void)
{
	kmod_leave_rseq();
	become(LODGER_KMOD_HIDE_MM);
	CHECK_EQ(lend(1, 0), 0);
}

static void view_missing(void)
{
	CHECK_EQ(kmod_attach(device, LODGER_KMOD_HIDE_MM), -EBUSY); /* rseq */
	kmod_leave_rseq();
	become(LODGER_KMOD_HIDE_MM);
	CHECK_EQ(kmod_run_at(user_call), -ENOENT);
	CHECK_EQ(lend(1, 0), 0);
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
	CHECK_EQ(kmod_call(LODGER_KMOD_RELEASE, 1), 0);
	CHECK_EQ(kmod_run_at(user_call), -ENOENT);
	CHECK_EQ(lend(1, 0), 0);
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
}

/* Spaces are pairs, and the second of one is no place to run from. */
static void view_pairs(void)
{
	static long result;

	become_with_view();
	CHECK_EQ(lend(3, 0), 0);
	__asm__ volatile("mov $3, %%edi; mov %[go], %%eax; syscall;"
			 "mov %[run], %%eax; syscall; mov %%rax, %%r12;"
			 "mov $0, %%edi; mov %[go], %%eax; syscall;"
			 "mov %%r12, %[result]"
			 : [result] "=m"(result)
			 : [go] "i"(LODGER_KMOD_SWITCH), [run] "i"(LODGER_KMOD_RUN)
			 : "rax", "rdi", "rcx", "r11", "r12", "memory");
	CHECK_EQ(result, -EINVAL);
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
}

/* The view has what the space has, after each way to change it. */
static void view_follows(void)
{
	int fd = make_file();
	volatile long *at = (volatile long *)map_file(FILE_AT, fd, 0, FILE_PAGES,
						      PROT_READ | PROT_WRITE);

	at[0] = 100;
	at[512] = 101;
	at[1024] = 102;
	become_with_view();
	for (long i = 0; i < FILE_PAGES; i++)
		CHECK_EQ(seen_at(FILE_AT + (unsigned long)i * 4096), 100 + i);
	at[512] = 7;
	CHECK_EQ(seen_at(FILE_AT + 4096), 7);
	CHECK_EQ(munmap((void *)(FILE_AT + 4096), 4096), 0);
	CHECK_EQ(seen_at(FILE_AT + 4096), -1);
	CHECK_EQ(seen_at(FILE_AT + 8192), 102);
	map_file(FILE_AT + 4096, fd, 0, 1, PROT_READ);
	CHECK_EQ(seen_at(FILE_AT + 4096), 100);
	map_file(FILE_AT, fd, 2, 1, PROT_READ | PROT_WRITE); /* over another */
	CHECK_EQ(seen_at(FILE_AT), 102);
	CHECK_EQ(mprotect((void *)FILE_AT, 4096, PROT_NONE), 0);
	CHECK_EQ(seen_at(FILE_AT), -1);
	CHECK_EQ(mprotect((void *)FILE_AT, 4096, PROT_READ), 0);
	CHECK_EQ(seen_at(FILE_AT), 102);
	CHECK_EQ(mremap((void *)FILE_AT, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED,
			(void *)(FILE_AT + 0x10000)) != MAP_FAILED, 1);
	CHECK_EQ(seen_at(FILE_AT), -1);
	CHECK_EQ(seen_at(FILE_AT + 0x10000), 102);
}

/* A page that may be read only is not written, and more changes than are noted. */
static void view_rights(void)
{
	int fd = make_file();
	volatile long *at = (volatile long *)map_file(FILE_AT, fd, 0, FILE_PAGES,
						      PROT_READ | PROT_WRITE);

	at[0] = 1;
	become_with_view();
	CHECK_EQ(mprotect((void *)FILE_AT, 4096, PROT_READ), 0);
	run->regs.rdi = FILE_AT;
	CHECK_EQ(kmod_run_at(user_write), LODGER_KMOD_EXIT_FAULT);
	CHECK_EQ(run->sig, SIGSEGV);
	CHECK_EQ(seen_at(FILE_AT), 1);
	CHECK_EQ(seen_at(FILE_AT + 4096), 0);
	for (unsigned long i = 0; i < 40; i++)
		munmap((void *)(FILE_AT + 0x100000 + i * 0x10000), 4096);
	CHECK_EQ(munmap((void *)FILE_AT, FILE_PAGES * 4096), 0);
	CHECK_EQ(seen_at(FILE_AT), -1);
	CHECK_EQ(seen_at(FILE_AT + 4096), -1);
}

/* A file's mapping that reaches into the hidden range: its part there is hidden. */
static void view_edges(void)
{
	int fd = memfd_create("edges", 0);
	const unsigned long at = HIDDEN_AT - 8192, bytes = HIDDEN_BYTES + 16384;

	CHECK_EQ(ftruncate(fd, (off_t)bytes), 0);
	CHECK_EQ(munmap((void *)HIDDEN_AT, HIDDEN_BYTES), 0);
	map_file(at, fd, 0, bytes / 4096, PROT_READ | PROT_WRITE);
	for (unsigned long i = 0; i < bytes; i += 4096)
		*(volatile long *)(at + i) = (long)i + 1;
	become_with_view();
	CHECK_EQ(seen_at(HIDDEN_AT - 4096), 4097);
	CHECK_EQ(seen_at(HIDDEN_AT + HIDDEN_BYTES), (long)HIDDEN_BYTES + 8193);
	for (unsigned long i = 0; i < HIDDEN_BYTES; i += 0x81000)
		CHECK_EQ(seen_at(HIDDEN_AT + i), -1);
	CHECK_EQ(seen_at(HIDDEN_AT - 8192), 1);
	CHECK_EQ(seen_at(HIDDEN_AT + HIDDEN_BYTES - 4096), -1);
}

static void hidden_pages(void)
{
	hidden(1);
}

static void hidden_absent(void)
{
	hidden(0);
}

/* ---- Signals and ends --------------------------------------------------------------------- */

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	(void)sig;
	alarms++;
	run->stop = 1;
}

static void interrupted(void)
{
	struct itimerval tick = { { 0, 1000 }, { 0, 1000 } };

	signal(SIGALRM, on_alarm);
	become(LODGER_KMOD_HIDE_US);
	CHECK_EQ(setitimer(ITIMER_REAL, &tick, NULL), 0);
	while (alarms < 50) {
		run->stop = 0;
		CHECK_EQ(kmod_run_at(user_spin), LODGER_KMOD_EXIT_SIGNAL);
	}
}

static void view_interrupted(void)
{
	struct itimerval tick = { { 0, 1000 }, { 0, 1000 } };

	signal(SIGALRM, on_alarm);
	become_with_view();
	CHECK_EQ(setitimer(ITIMER_REAL, &tick, NULL), 0);
	while (alarms < 50) {
		run->stop = 0;
		CHECK_EQ(kmod_run_at(user_spin), LODGER_KMOD_EXIT_SIGNAL);
	}
}

static int spinning_child(int *parent_fd, uint32_t hide)
{
	int ready[2];
	char byte;
	pid_t pid;

	CHECK_EQ(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (hide == LODGER_KMOD_HIDE_MM)
			become_with_view();
		else
			become(hide);
		close(device);
		CHECK_EQ(write(ready[1], "x", 1), 1);
		kmod_run_at(user_spin);
		_exit(3);
	}
	CHECK_EQ(read(ready[0], &byte, 1), 1);
	usleep(20000);
	*parent_fd = device;
	return pid;
}

static void killed_with(uint32_t hide)
{
	int fd, status;
	pid_t pid = spinning_child(&fd, hide);

	kill(pid, SIGKILL);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGKILL);
}

static void killed(void)
{
	killed_with(LODGER_KMOD_HIDE_US);
}

static void closed_with(uint32_t hide)
{
	int fd, status;
	pid_t pid = spinning_child(&fd, hide);

	close(fd); /* the last of it */
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, SIGKILL);
}

static void closed(void)
{
	closed_with(LODGER_KMOD_HIDE_US);
}

static void view_killed(void)
{
	killed_with(LODGER_KMOD_HIDE_MM);
	device = kmod_open_device();
	closed_with(LODGER_KMOD_HIDE_MM);
}

static void forked(void)
{
	int status;

	become(LODGER_KMOD_HIDE_US);
	if (fork() == 0) {
		CHECK_EQ(kmod_call(LODGER_KMOD_RUN, 0), -ENOSYS);
		_exit(0);
	}
	wait(&status);
	CHECK_EQ(status, 0);
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
}

static void exec(void)
{
	become(LODGER_KMOD_HIDE_US);
	CHECK_EQ(kmod_run_at(user_call), LODGER_KMOD_EXIT_CALL);
	execl("/bin/true", "true", (char *)NULL);
	_exit(1);
}

/* ---- Address spaces ------------------------------------------------------------------------ */

/* A child that lends its memory as space `number`, with mark at HIDDEN_AT. */
static int lend(unsigned long number, uid_t uid)
{
	int status;

	if (fork() == 0) {
		munmap((void *)HIDDEN_AT, HIDDEN_BYTES);
		mmap((void *)HIDDEN_AT, HIDDEN_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		*(volatile unsigned long *)HIDDEN_AT = number;
		if (setresuid(uid, uid, uid))
			_exit(1);
		_exit(ioctl(device, LODGER_KMOD_REGISTER, number) ? errno : 0);
	}
	wait(&status);
	return WEXITSTATUS(status);
}

static void registering(void)
{
	CHECK_EQ(lend(1, 0), ENODEV);
	become(LODGER_KMOD_HIDE_NOT);
	CHECK_EQ(lend(0, 0), EINVAL);
	CHECK_EQ(lend(LODGER_KMOD_SPACES, 0), EINVAL);
	CHECK_EQ(lend(~0UL, 0), EINVAL);
	CHECK_EQ(lend(1, 1000), EPERM);
	CHECK_EQ(ioctl(device, LODGER_KMOD_REGISTER, 1UL) ? errno : 0, EPERM);
	CHECK_EQ(lend(1, 0), 0);
	CHECK_EQ(lend(1, 0), EEXIST);
}

/* In another space the stack is a copy, of another time: nothing may be kept there. */
static void switch_and_call(long number, long nr, long a, long b)
{
	register long call __asm__("r12") = nr;
	register long first __asm__("r13") = a;

	__asm__ volatile("syscall; mov %%r12, %%rax; mov %%r13, %%rdi; syscall; ud2"
			 :
			 : "a"(LODGER_KMOD_SWITCH), "D"(number), "S"(b), "d"(0), "r"(call),
			   "r"(first)
			 : "rcx", "r11", "memory");
}

static void switching(void)
{
	static long result, seen[3], refused[5];

	become(LODGER_KMOD_HIDE_NOT);
	CHECK_EQ(kmod_call(LODGER_KMOD_SWITCH, 0), -ENOENT); /* there are none */
	CHECK_EQ(lend(1, 0), 0);
	CHECK_EQ(lend(1023, 0), 0);
	refused[0] = kmod_call(LODGER_KMOD_SWITCH, 2);
	refused[1] = kmod_call(LODGER_KMOD_SWITCH, -1);
	refused[2] = kmod_call(LODGER_KMOD_RELEASE, 0);
	refused[3] = kmod_call(LODGER_KMOD_RELEASE, 2);
	CHECK_EQ(refused[0], -ENOENT);
	CHECK_EQ(refused[1], -ENOENT);
	CHECK_EQ(refused[2], -EBUSY);
	CHECK_EQ(refused[3], -ENOENT);
	for (int i = 0; i < 1000; i++) {
		__asm__ volatile("mov %[one], %%edi; mov %[nr], %%eax; syscall;"
				 "mov (%[at]), %%r12; mov $0, %%edi; mov %[nr], %%eax;"
				 "syscall; mov %%r12, %[seen]; mov %%rax, %[result]"
				 : [seen] "=m"(seen[0]), [result] "=m"(result)
				 : [one] "i"(1), [nr] "i"(LODGER_KMOD_SWITCH),
				   [at] "b"(HIDDEN_AT)
				 : "rax", "rdi", "rcx", "r11", "r12", "memory");
		CHECK_EQ(result, 0);
		CHECK_EQ(seen[0], 1);
		CHECK_EQ(*(volatile char *)HIDDEN_AT, 1);
	}
	CHECK_EQ(kmod_call(LODGER_KMOD_RELEASE, 1), 0);
	CHECK_EQ(kmod_call(LODGER_KMOD_SWITCH, 1), -ENOENT);
	switch_and_call(1023, SYS_exit_group, 0, 0); /* ends elsewhere than at home */
}

static void exec_elsewhere(void)
{
	static const char *const argv[] = { "/bin/true", NULL };

	become(LODGER_KMOD_HIDE_NOT);
	CHECK_EQ(lend(7, 0), 0);
	switch_and_call(7, SYS_execve, (long)argv[0], (long)argv);
	_exit(1);
}

/* -------------------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(void);
	int touch;
} cases[] = {
	{ "refused: arguments", bad_arguments, 1 },
	{ "refused: shared page", bad_page, 1 },
	{ "refused: a second ATTACH", second_attach, 1 },
	{ "refused: threads", threads, 1 },
	{ "refused: threads after ATTACH", threads_later, 1 },
	{ "refused: a tracer", traced, 1 },
	{ "refused: user dispatch", user_dispatch, 1 },
	{ "refused: calls without ATTACH", not_attached, 1 },
	{ "refused: opening by an ordinary user", ordinary_user, 1 },
	{ "refused: opening without the capability", no_capability, 1 },
	{ "calls and exceptions", calls, 1 },
	{ "flags are made harmless", flags, 1 },
	{ "addresses outside user space", addresses, 1 },
	{ "hidden pages", hidden_pages, 1 },
	{ "hidden range without pages", hidden_absent, 0 },
	{ "signals", interrupted, 1 },
	{ "kill -9 in USER state", killed, 1 },
	{ "last descriptor closed in USER state", closed, 1 },
	{ "fork", forked, 1 },
	{ "exec", exec, 1 },
	{ "registering address spaces", registering, 1 },
	{ "switching address spaces", switching, 1 },
	{ "exec in another address space", exec_elsewhere, 1 },
	{ "view: without one", view_missing, 1 },
	{ "view: spaces are pairs", view_pairs, 1 },
	{ "view: follows its space", view_follows, 1 },
	{ "view: rights, many changes", view_rights, 1 },
	{ "view: edges of the hidden range", view_edges, 1 },
	{ "view: signals", view_interrupted, 1 },
	{ "view: kill -9, last descriptor closed", view_killed, 1 },
};

int main(void)
{
	size_t count = sizeof(cases) / sizeof(cases[0]);
	int failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++) {
		int status;

		if (fork() == 0) {
			alarm(60);
			device = kmod_open_device();
			kmod_prepare(cases[i].touch);
			cases[i].run();
			_exit(0);
		}
		wait(&status);
		failed += status != 0;
		if (status)
			printf("# wait status %#x\n", status);
		printf("%sok %zu - %s\n", status ? "not " : "", i + 1, cases[i].name);
	}
	return failed != 0;
}
