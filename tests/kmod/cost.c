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

#define TIMES 200L
#define BATCHES 10 /* the least counts: the host kernel has work of its own in some */

static long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

/* Of an operation; many does so many of them. */
static void say_cost(const char *name, void (*many)(long times))
{
	long best = -1;

	for (int i = 0; i < BATCHES; i++) {
		long start = now_ns(), took;

		many(TIMES);
		took = (now_ns() - start) / TIMES;
		if (best < 0 || took < best)
			best = took;
	}
	printf("%s\t%ld\n", name, best);
	fflush(stdout);
}

static void native_calls(long times)
{
	while (times--)
		kmod_call(SYS_getpid, 0);
}

static void runs_and_returns(long times)
{
	while (times--)
		kmod_run_at(user_call);
}

/* There and back: in the other space nothing is on the stack yet. */
static void switches(long times)
{
	long n = times / 2;

	__asm__ volatile("1: mov $1, %%edi; mov %[nr], %%eax; syscall\n\t"
			 "mov $0, %%edi; mov %[nr], %%eax; syscall\n\t"
			 "dec %[n]; jnz 1b"
			 : [n] "+b"(n)
			 : [nr] "i"(LODGER_KMOD_SWITCH)
			 : "rax", "rdi", "rcx", "r11", "memory");
}

static void lend_one(int device)
{
	if (fork() == 0)
		_exit(ioctl(device, LODGER_KMOD_REGISTER, 1UL) ? 1 : 0);
	wait(NULL);
}

static void measure_run(const char *name, int device, uint32_t hide)
{
	if (kmod_attach(device, hide))
		exit(1);
	if (hide == LODGER_KMOD_HIDE_MM)
		lend_one(device);
	say_cost(name, runs_and_returns);
}

static void measure_switch(const char *name, int device)
{
	if (kmod_attach(device, LODGER_KMOD_HIDE_NOT))
		exit(1);
	lend_one(device);
	say_cost(name, switches);
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

	say_cost("native getpid", native_calls);
	for (size_t i = 0; i < 4; i++) {
		if (fork()) {
			wait(NULL);
			continue;
		}
		device = kmod_open_device();
		kmod_prepare(1);
		kmod_leave_rseq(); /* as machines do */
		if (i < 3)
			measure_run(runs[i].name, device, runs[i].hide);
		else
			measure_switch("switchguest", device);
		return 0;
	}
	return 0;
}
