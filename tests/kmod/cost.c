/*
 * What the module's calls cost by themselves, without a guest kernel: nanoseconds an
 * operation, which under icount are instructions (scripts/kmod-lab --bench).
 * A line each: name, a tab, the figure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libkmod.h"

#define TIMES 1000L

static long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void say(const char *name, long start)
{
	printf("%s\t%ld\n", name, (now_ns() - start) / TIMES);
	fflush(stdout);
}

static void lend_one(int device)
{
	if (fork() == 0)
		_exit(ioctl(device, LODGER_KMOD_REGISTER, 1UL) ? 1 : 0);
	wait(NULL);
}

static void measure_run(const char *name, int device, uint32_t hide)
{
	long start;

	if (hide == LODGER_KMOD_HIDE_MM)
		kmod_leave_rseq();
	if (kmod_attach(device, hide))
		exit(1);
	if (hide == LODGER_KMOD_HIDE_MM)
		lend_one(device);
	kmod_run_at(user_call);
	start = now_ns();
	for (long i = 0; i < TIMES; i++)
		kmod_run_at(user_call);
	say(name, start);
}

/* There and back: in the other space nothing is on the stack yet. */
static void measure_switch(const char *name, int device)
{
	long start, n = TIMES / 2;

	if (kmod_attach(device, LODGER_KMOD_HIDE_NOT))
		exit(1);
	lend_one(device);
	start = now_ns();
	__asm__ volatile("1: mov $1, %%edi; mov %[nr], %%eax; syscall\n\t"
			 "mov $0, %%edi; mov %[nr], %%eax; syscall\n\t"
			 "dec %[n]; jnz 1b"
			 : [n] "+b"(n)
			 : [nr] "i"(LODGER_KMOD_SWITCH)
			 : "rax", "rdi", "rcx", "r11", "memory");
	say(name, start);
}

static const struct {
	const char *name;
	uint32_t hide;
} runs[] = {
	{ "reflect and return", LODGER_KMOD_HIDE_NOT },
	{ "reflect and return, kmod-us", LODGER_KMOD_HIDE_US },
	{ "reflect and return, kmod-mm", LODGER_KMOD_HIDE_MM },
};

int main(void)
{
	int device;
	long start = now_ns();

	for (long i = 0; i < TIMES; i++)
		kmod_call(SYS_getpid, 0);
	say("native getpid", start);
	for (size_t i = 0; i < 4; i++) {
		if (fork()) {
			wait(NULL);
			continue;
		}
		device = kmod_open_device();
		kmod_prepare(1);
		if (i < 3)
			measure_run(runs[i].name, device, runs[i].hide);
		else
			measure_switch("switchguest", device);
		return 0;
	}
	return 0;
}
