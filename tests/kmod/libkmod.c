#include "libkmod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
#define RSEQ_AREA_BYTES 32 /* of the C library's: rseq(2), the first version's */
#define USER_STACK_BYTES (64UL << 10)

long run_now(void);

struct lodger_kmod_run *run;
static char *user_stack;

static void *map(void *at, size_t bytes, int flags)
{
	void *got = mmap(at, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
			 MAP_ANONYMOUS | MAP_SHARED | flags, -1, 0);

	if (got != MAP_FAILED)
		return got;
	perror("mmap");
	exit(99);
}

void kmod_prepare(int touch)
{
	run = map(NULL, PAGE, 0);
	user_stack = map(NULL, USER_STACK_BYTES, 0);
	map((void *)HIDDEN_AT, HIDDEN_BYTES, MAP_FIXED_NOREPLACE);
	for (size_t i = 0; touch && i < HIDDEN_BYTES; i += PAGE)
		((volatile char *)HIDDEN_AT)[i] = 1;
}

int kmod_open_device(void)
{
	int fd = open(LODGER_KMOD_PATH, O_RDWR);

	if (fd >= 0)
		return fd;
	perror(LODGER_KMOD_PATH);
	exit(99);
}

static long rseq(int flags)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	return __rseq_size ? syscall(SYS_rseq, area, RSEQ_AREA_BYTES, flags, RSEQ_SIG) : 0;
}

void kmod_leave_rseq(void)
{
	if (rseq(RSEQ_FLAG_UNREGISTER))
		perror("rseq");
}

int kmod_enter_rseq(void)
{
	return rseq(0) ? -errno : 0;
}

int kmod_attach(int fd, uint32_t hide)
{
	struct lodger_kmod_attach args = {
		.version = LODGER_KMOD_VERSION,
		.hide = hide,
		.run = (uintptr_t)run,
		.hide_start = HIDDEN_AT,
		.hide_end = HIDDEN_AT + HIDDEN_BYTES,
	};

	return ioctl(fd, LODGER_KMOD_ATTACH, &args) ? -errno : 0;
}

long kmod_call(long nr, long a)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a)
			 : "rcx", "r11", "memory");
	return result;
}

long kmod_run(void)
{
	return run_now();
}

long kmod_run_at(const void *function)
{
	run->regs.rip = (uintptr_t)function;
	run->regs.rsp = (uintptr_t)user_stack + USER_STACK_BYTES - 64;
	return run_now();
}

void kmod_say_run(int device)
{
	struct lodger_kmod_counters count = { 0 };

	if (!run || read(device, &count, sizeof(count)) < 0)
		return;
	printf("# signal %d, code %d, address %#llx, error %#llx, trap %llu, rip %#llx\n",
	       run->sig, run->si_code, run->addr, run->err, run->trapno, run->regs.rip);
	printf("# %llu runs, %llu faults, %llu fills\n", count.runs, count.faults, count.fills);
}
