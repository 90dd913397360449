/*
 * Three uses of signals: a timer that ticks, a memory fault that the program
 * repairs and then goes on as if nothing had happened, and a child that is
 * stopped, continued and killed.
 *
 * Try: set no handler for SIGSEGV; or repair nothing in it and count how often
 * the same instruction faults.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;
static void *volatile fault_address;

static void on_tick(int sig)
{
	(void)sig;
	ticks++;
}

/* The faulting instruction runs again when the handler returns. */
static void on_fault(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	fault_address = info->si_addr;
	mprotect(info->si_addr, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void tick(void)
{
	struct sigaction act = { .sa_handler = on_tick };
	struct itimerval every = { { 0, 100000 }, { 0, 100000 } };
	struct itimerval off = { { 0, 0 }, { 0, 0 } };

	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (ticks < 5) {
		pause();
		printf("tick %d\n", ticks);
	}
	setitimer(ITIMER_REAL, &off, NULL);
}

static void repair(void)
{
	struct sigaction act = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
	int *page = mmap(NULL, PAGE_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sigaction(SIGSEGV, &act, NULL);
	*page = 42;
	printf("Writing to %p faulted at %p; now it holds %d.\n", (void *)page,
	       fault_address, *page);
}

static void control_child(void)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	printf("child stopped: %d\n", WIFSTOPPED(status));
	kill(pid, SIGCONT);
	waitpid(pid, &status, WCONTINUED);
	printf("child continued: %d\n", WIFCONTINUED(status));
	kill(pid, SIGTERM);
	waitpid(pid, &status, 0);
	printf("child killed by signal %d\n", WTERMSIG(status));
}

int main(void)
{
	tick();
	repair();
	control_child();
	return 0;
}
