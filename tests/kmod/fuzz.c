/*
 * Hostile owners: fuzz SECONDS SEED. Processes that attach with what comes to
 * mind, run anything in USER state, scribble in the shared page from a second
 * process meanwhile, change their memory, register, switch, exec and are
 * killed at any moment. Nothing here is checked but that the host lives: it is to
 * run where a warning of the kernel is a panic (scripts/kmod-lab).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libkmod.h"

#define OWNERS 3
#define STEPS 400

static unsigned long state;
static int device;

static unsigned long draw(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static unsigned long below(unsigned long n)
{
	return draw() % n;
}

/* An interesting number. */
static unsigned long number(void)
{
	static const unsigned long some[] = {
		0, 1, 0x1000, HIDDEN_AT, HIDDEN_AT + HIDDEN_BYTES, HIDDEN_AT + 8,
		0x7ffffffff000, 0x800000000000, 0x8000000000000000,
		0xffffffff81000000, 0xffffffffff600000, ~0UL, 0x200000,
	};

	switch (below(4)) {
	case 0:
		return draw();
	case 1:
		return below(2048);
	default:
		return some[below(sizeof(some) / sizeof(some[0]))];
	}
}

static void random_attach(void)
{
	struct lodger_kmod_attach args = {
		.version = below(8) ? LODGER_KMOD_VERSION : (unsigned)draw(),
		.hide = (unsigned)below(4),
		.run = below(4) ? (unsigned long)run : number(),
		.hide_start = below(4) ? HIDDEN_AT : number(),
		.hide_end = below(4) ? HIDDEN_AT + HIDDEN_BYTES : number(),
	};

	if (below(2))
		kmod_attach(device, (unsigned)below(3));
	else
		ioctl(device, LODGER_KMOD_ATTACH, &args);
}

static void random_registers(void)
{
	unsigned long *word = (unsigned long *)&run->regs;

	for (size_t i = 0; i < sizeof(run->regs) / sizeof(*word); i++)
		word[i] = number();
}

static void random_run(void)
{
	static const void *const code[] = { user_call, user_call_32, user_flags, user_spin,
					    user_read, user_write,   user_jump,	 user_divide };

	random_registers();
	run->stop = !below(8);
	if (below(6))
		kmod_run_at(code[below(8)]);
	else
		kmod_run();
}

static void random_memory(void)
{
	unsigned long at = HIDDEN_AT + (below(HIDDEN_BYTES) & ~0xfffUL);
	unsigned long bytes = (below(64) + 1) << 12;

	switch (below(6)) {
	case 0:
		munmap((void *)at, bytes);
		return;
	case 1:
		mprotect((void *)at, bytes, (int)below(8));
		return;
	case 2:
		madvise((void *)at, bytes, (int)below(26));
		return;
	case 3:
		munmap(run, 4096); /* pinned all the same */
		mmap(run, 4096, PROT_READ | PROT_WRITE,
		     MAP_ANONYMOUS | MAP_SHARED | MAP_FIXED, -1, 0);
		return;
	default:
		mmap((void *)at, bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
		     MAP_ANONYMOUS | MAP_FIXED | (below(2) ? MAP_SHARED : MAP_PRIVATE), -1,
		     0);
	}
}

/* Somebody else for a while: lends its memory, or only has the descriptor. */
static void random_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int i = (int)below(4); i >= 0; i--)
			ioctl(device, LODGER_KMOD_REGISTER, below(2) ? below(8) : number());
		if (!below(4))
			random_run();
		_exit(0);
	}
	if (pid < 0)
		return;
	if (!below(4))
		kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* The address space that USER state is in where a second one hides. */
static void random_lender(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(ioctl(device, LODGER_KMOD_REGISTER, 1) != 0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void *thread(void *unused)
{
	(void)unused;
	if (below(2))
		random_registers();
	usleep((useconds_t)below(2000));
	return NULL;
}

/* Another thread for a while: the owner is no machine then. */
static void random_thread(void)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_create(&t, &attr, thread, NULL);
}

static void random_step(void)
{
	struct lodger_kmod_counters count;

	switch (below(16)) {
	case 0:
		random_attach();
		return;
	case 1:
		random_child();
		return;
	case 2:
	case 3:
		random_memory();
		return;
	case 4:
		if (read(device, &count, below(sizeof(count) + 1)) < 0)
			return;
		ioctl(device, (unsigned)draw(), number());
		return;
	case 5:
	case 6:
		kmod_call(LODGER_KMOD_SWITCH, (long)(below(2) ? below(8) : number()));
		return;
	case 7:
		kmod_call(LODGER_KMOD_RELEASE, (long)(below(2) ? below(8) : number()));
		return;
	case 8:
		if (!below(8))
			random_thread();
		if (!below(8))
			kmod_enter_rseq();
		if (!below(64))
			execl("/bin/true", "true", (char *)NULL);
		prctl(59 /* PR_SET_SYSCALL_USER_DISPATCH */, below(2), 0, ~0UL >> 20, 0);
		return;
	default:
		random_run();
	}
}

static void on_alarm(int sig)
{
	(void)sig;
	if (run)
		run->stop = 1;
}

/* A copy of the process that shares the page writes into it without end. */
static void scribble(void)
{
	for (;;) {
		((volatile unsigned *)run)[below(64)] = (unsigned)number();
		if (!below(1024))
			sched_yield();
	}
}

static void owner(unsigned long seed)
{
	struct itimerval tick = { { 0, 2000 }, { 0, 2000 } };

	state = seed * 2654435761u + 88172645463325252UL;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	device = kmod_open_device();
	kmod_prepare((int)below(2));
	if (!below(3) && fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		scribble();
	}
	if (below(4))
		kmod_leave_rseq();
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &tick, NULL);
	if (below(8))
		kmod_attach(device, (unsigned)below(3));
	if (below(2))
		random_lender();
	for (int i = 0; i < STEPS; i++)
		random_step();
	_exit(0);
}

static pid_t start(unsigned long seed)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	setpgid(0, 0);
	owner(seed);
	_exit(0);
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1, owners = 0;
	pid_t pid[OWNERS] = { 0 };

	state = seed + 88172645463325252UL;
	while (time(NULL) < end) {
		unsigned long i = below(OWNERS);

		if (pid[i] > 0) {
			usleep((useconds_t)below(30000));
			kill(-pid[i], SIGKILL);
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
		pid[i] = start(seed * 1000003 + owners++);
	}
	for (int i = 0; i < OWNERS; i++) {
		if (pid[i] <= 0)
			continue;
		kill(-pid[i], SIGKILL);
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	printf("%lu owners\n", owners);
	return 0;
}
