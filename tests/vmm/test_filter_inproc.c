/*
 * The in-process filter, in forked children that make calls for real from small
 * stubs at chosen addresses: the gate's two places, the nested return, the host
 * call stub, user code, and the same low 32 bits 4 GiB higher. What becomes of
 * a call is one of PASSES, TRAPS (SIGSYS caught in the process), REFUSED (the
 * policy says no). The listener and a tracer have their own tests.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/falloc.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "filter_inproc.h"
#include "icept.h"
#include "listener.h"
#include "sandbox.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define CORE_BYTES (4 * MIB)
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define SHARED_FIXED (MAP_SHARED | MAP_FIXED)
#define HIGH (1ULL << 32)
#define X32 0x40000000ULL
#define SECCOMP_CODE 1 /* SYS_SECCOMP, asm-generic/siginfo.h */

static const struct policy_env env_small = {
	.ram_bytes = 64 * MIB,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.in_process = true,
};

/* Sums of 64 bits; a high address space. */
static const struct policy_env env_large = {
	.ram_bytes = 5 * GIB,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.vspace_high = true,
	.in_process = true,
};

/* --- Stubs ------------------------------------------------------------------ */

/* Both calls are two bytes long. */
static const unsigned char code_syscall[] = { 0x0f, 0x05, 0xc3 };
static const unsigned char code_int80[] = { 0xcd, 0x80, 0xc3 };

/* One place a 16 bytes in the stub page, in the user page and in the page 4 GiB
 * above the stub page. */
enum place { OPEN, CLOSE, NESTED, HOST, EXIT, PLACES };
#define STUBS ((uint64_t)LODGER_GATE_TEXT)
#define STUBS_HIGH (STUBS + HIGH)
#define USER_PAGE 0x10000000ULL
#define AT(page, place) ((page) + 16ULL * (place))
#define CALL_BYTES 2

/* Calls what is there with regs (rax, then the six arguments), on this stack
 * if there is one. */
long call_on(uint64_t address, const uint64_t *regs, void *stack);
__asm__(".text\n"
	"call_on:\n"
	"	push %rbx\n"
	"	push %rbp\n"
	"	mov %rdi, %rbx\n"
	"	mov %rdx, %rcx\n"
	"	mov 0(%rsi), %rax\n"
	"	mov 8(%rsi), %rdi\n"
	"	mov 24(%rsi), %rdx\n"
	"	mov 32(%rsi), %r10\n"
	"	mov 40(%rsi), %r8\n"
	"	mov 48(%rsi), %r9\n"
	"	mov 16(%rsi), %rsi\n"
	"	mov %rsp, %rbp\n"
	"	test %rcx, %rcx\n"
	"	cmovnz %rcx, %rsp\n"
	"	call *%rbx\n"
	"	mov %rbp, %rsp\n"
	"	pop %rbp\n"
	"	pop %rbx\n"
	"	ret\n");

static long call_at(uint64_t address, const uint64_t *regs)
{
	return call_on(address, regs, NULL);
}

static struct lodger_image test_image(void)
{
	return (struct lodger_image){
		.call_open_ip = AT(STUBS, OPEN) + CALL_BYTES,
		.call_close_ip = AT(STUBS, CLOSE) + CALL_BYTES,
		.nested_return_ip = AT(STUBS, NESTED) + CALL_BYTES,
		.host_call_ip = AT(STUBS, HOST) + CALL_BYTES,
	};
}

/* Where a sanitizer keeps no account of memory. */
static void copy_code(uint64_t to, const unsigned char *code)
{
	size_t bytes = sizeof(code_syscall);

	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(code), "+c"(bytes)
			 :
			 : "memory");
}

/* A page of stubs, all but the way out by the instruction asked for. */
static int map_code(uint64_t page, const unsigned char *code)
{
	char *at = mmap((void *)page, LODGER_PAGE_SIZE, PROT_ALL,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (at != (char *)page)
		return -1;
	for (uint64_t place = 0; place < EXIT; place++)
		copy_code(AT(page, place), code);
	copy_code(AT(page, EXIT), code_syscall);
	return 0;
}

/* --- The child --------------------------------------------------------------- */

#define CHILD_FAILED 99
#define CHILD_TRAPPED 77
#define CHILD_TRAP_ODD 78
#define CHILD_PASSED 0

enum outcome { PASSES, TRAPS, REFUSED, FAULTS };

struct sample {
	uint64_t at;
	uint64_t reg[7]; /* number and six arguments */
	enum outcome outcome;
	bool int80;
};

static const struct sample *current;

/*
 * The way out of the child is a host call that must pass: the exit stub of the
 * user page stands for the image's one, but for samples that are about that.
 */
static bool needs_host_stub(const struct sample *sample)
{
	return (sample->at & 0xffffffff) == AT(STUBS, HOST);
}

static void __attribute__((noreturn)) leave(uint64_t status)
{
	const uint64_t regs[7] = { __NR_exit_group, status };
	uint64_t at = needs_host_stub(current) ? AT(STUBS, HOST) :
						 AT(USER_PAGE, EXIT);

	copy_code(at, code_syscall);
	for (;;)
		call_at(at, regs);
}

/* Leaves without a return; the call must have been rolled back. */
static void on_sigsys(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;
	uint64_t ip = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	bool whole = sig == SIGSYS && si->si_code == SECCOMP_CODE &&
		     (int)current->reg[0] == si->si_syscall &&
		     (uint64_t)uc->uc_mcontext.gregs[REG_RAX] ==
			     current->reg[0] &&
		     ip == current->at + CALL_BYTES &&
		     (uint64_t)si->si_call_addr == ip &&
		     si->si_arch == (current->int80 ? AUDIT_ARCH_I386 :
						      AUDIT_ARCH_X86_64);

	leave(whole ? CHILD_TRAPPED : CHILD_TRAP_ODD);
}

static int prepare(const struct policy_env *env, bool int80)
{
	struct sigaction action = { .sa_sigaction = on_sigsys,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };
	const unsigned char *code = int80 ? code_int80 : code_syscall;
	int ram = memfd_create("ram", 0);
	int core = memfd_create("core", 0);

	if (ram < 0 || core < 0 || ftruncate(ram, (off_t)env->ram_bytes) ||
	    ftruncate(core, CORE_BYTES) || dup2(ram, LODGER_FD_RAM) < 0 ||
	    map_code(STUBS, code) || map_code(STUBS_HIGH, code) ||
	    map_code(USER_PAGE, code) ||
	    mmap((void *)LODGER_CORE_BASE, CORE_BYTES, PROT_ALL, SHARED_FIXED,
		 core, 0) == MAP_FAILED ||
	    sigaction(SIGSYS, &action, NULL) ||
	    signal(SIGSEGV, SIG_DFL) == SIG_ERR)
		return -1;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static int build(struct filter_program *program, const struct policy_env *env,
		 const struct sample *sample, enum filter_reflect reflect)
{
	struct lodger_image image = test_image();

	if (!needs_host_stub(sample))
		image.host_call_ip = AT(USER_PAGE, EXIT) + CALL_BYTES;
	return filter_inproc_build(program, env, &image, reflect);
}

static uint64_t empty_frame[512]; /* as if a signal had found all zeroes */

static int run_sample(const struct policy_env *env, const struct sample *sample)
{
	bool sigreturn = sample->outcome == FAULTS;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct filter_program program;
		long result;

		current = sample;
		if (prepare(env, sample->int80) ||
		    build(&program, env, sample, FILTER_REFLECT_TRAP))
			_exit(CHILD_FAILED);
		filter_inproc_without_listener(&program);
		if (filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		result = call_on(sample->at, sample->reg,
				 sigreturn ? empty_frame + 8 : NULL);
		/* the host stub has passed, or was not tried */
		if (sample->outcome == PASSES && result == -ENOSYS)
			leave(CHILD_FAILED);
		leave(CHILD_PASSED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

/* --- Samples ------------------------------------------------------------------- */

#define BASE LODGER_CORE_BASE
#define WHOLE_CORE BASE, CORE_BYTES

/* The outcome, the place, the number and its arguments. */
#define CALL(result, page, place, ...)                              \
	{                                                           \
		.at = AT(page, place), .reg = { __VA_ARGS__ },      \
		.outcome = result                                   \
	}
#define INT80(page, place, ...)                                     \
	{                                                           \
		.at = AT(page, place), .reg = { __VA_ARGS__ },      \
		.outcome = TRAPS, .int80 = true                     \
	}

static const struct sample samples[] = {
	/* the opening call, and each word of it wrong */
	CALL(PASSES, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_READ | PROT_WRITE),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL | HIGH),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL | PROT_GROWSDOWN),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE + 4096, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE | HIGH, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, STUBS, 4096, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES - 4096, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES + 1, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect, BASE, CORE_BYTES | HIGH, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_munmap, BASE, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_mprotect | X32, BASE, CORE_BYTES, PROT_ALL),
	CALL(TRAPS, STUBS, OPEN, __NR_pkey_mprotect, BASE, CORE_BYTES, PROT_ALL, 0),
	CALL(TRAPS, STUBS, OPEN, __NR_getpid),
	CALL(TRAPS, STUBS, OPEN, -1ULL),
	INT80(STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS_HIGH, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),

	/* the closing call */
	CALL(PASSES, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_READ),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, HIGH),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, USER_PAGE, CORE_BYTES, 0),
	CALL(TRAPS, STUBS, CLOSE, __NR_mprotect, BASE, 0, 0),
	CALL(TRAPS, STUBS, CLOSE, __NR_munmap, BASE, CORE_BYTES, 0),
	INT80(STUBS, CLOSE, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(TRAPS, STUBS_HIGH, CLOSE, __NR_mprotect, WHOLE_CORE, 0),

	/* the nested return: what it finds on the stack is no frame */
	CALL(FAULTS, STUBS, NESTED, __NR_rt_sigreturn),
	CALL(TRAPS, STUBS, NESTED, __NR_rt_sigreturn | X32),
	CALL(TRAPS, STUBS, NESTED, 513 | X32),
	CALL(TRAPS, STUBS, NESTED, __NR_getpid),
	CALL(TRAPS, STUBS, NESTED, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	INT80(STUBS, NESTED, __NR_rt_sigreturn),
	CALL(TRAPS, STUBS_HIGH, NESTED, __NR_rt_sigreturn),

	/* the host call stub: the policy, without the gate's calls */
	CALL(PASSES, STUBS, HOST, __NR_sigaltstack, 0, 0),
	CALL(PASSES, STUBS, HOST, __NR_rt_sigaction, SIGSYS, 0, 0, 8),
	CALL(PASSES, STUBS, HOST, __NR_clock_gettime, 1, BASE),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_mprotect, 0x20000000, 4096, 5),
	CALL(PASSES, STUBS, HOST, __NR_munmap, 0x20000000, 4096),
	CALL(PASSES, STUBS, HOST, __NR_munmap, LODGER_WINDOW_END, 4096),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 4096, 64 * MIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_ROOT, BASE, 4096, 1ULL << 40),
	CALL(PASSES, STUBS, HOST, __NR_exit_group, CHILD_PASSED),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, WHOLE_CORE, PROT_NONE),
	CALL(REFUSED, STUBS, HOST, __NR_rt_sigreturn),
	CALL(REFUSED, STUBS, HOST, __NR_getpid),
	CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 0),
	CALL(REFUSED, STUBS, HOST, __NR_seccomp, 0, 0, 0),
	CALL(REFUSED, STUBS, HOST, __NR_prctl, PR_SET_DUMPABLE, 1),
	CALL(REFUSED, STUBS, HOST, __NR_ioctl, LODGER_FD_TTY, SECCOMP_IOCTL_NOTIF_SEND),
	CALL(REFUSED, STUBS, HOST, __NR_sendmsg, LODGER_FD_END, BASE, 0),
	CALL(REFUSED, STUBS, HOST, __NR_write, LODGER_FD_END, BASE, 8),
	CALL(REFUSED, STUBS, HOST, __NR_close, LODGER_FD_END),
	CALL(REFUSED, STUBS, HOST, __NR_write | X32, 1, BASE, 1),
	CALL(REFUSED, STUBS, HOST, -1ULL),
	CALL(PASSES, STUBS, HOST, __NR_sigaltstack | HIGH << 8, 0, 0), /* an int for the host */
	INT80(STUBS, HOST, __NR_sigaltstack, 0, 0),
	CALL(TRAPS, STUBS_HIGH, HOST, __NR_sigaltstack, 0, 0),

	/* sums */
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x6ffff000, 8192, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x6ffff000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0xf000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x60001000, 0x9ffff000, 3, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 8192, 3, SHARED_FIXED, LODGER_FD_RAM, 64 * MIB - 4096),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 3, SHARED_FIXED, LODGER_FD_RAM, 64 * MIB),
	CALL(REFUSED, STUBS, HOST, __NR_munmap, LODGER_WINDOW_BASE - 4096, 8192),
	CALL(REFUSED, STUBS, HOST, __NR_munmap, 4096, LODGER_WINDOW_BASE),
	CALL(REFUSED, STUBS, HOST, __NR_mprotect, 0x6ffff000, 8192, 7),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 64 * MIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pwrite64, LODGER_FD_RAM, BASE, 1, 64 * MIB),
	CALL(REFUSED, STUBS, HOST, __NR_pwrite64, LODGER_FD_RAM, BASE, -1ULL, 2),
	CALL(REFUSED, STUBS, HOST, __NR_fallocate, LODGER_FD_RAM, 3, 64 * MIB, 4096),

	/* everybody else */
	CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_exit_group, 0),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL),
	CALL(TRAPS, USER_PAGE, HOST, __NR_sigaltstack, 0, 0),
	CALL(TRAPS, USER_PAGE, HOST, __NR_rt_sigreturn),
	CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid | X32),
	CALL(TRAPS, USER_PAGE, OPEN, -1ULL),
	INT80(USER_PAGE, OPEN, 20),
	CALL(TRAPS, STUBS_HIGH, EXIT, __NR_getpid),
};

#define SAMPLE_COUNT (sizeof(samples) / sizeof(samples[0]))

static void check_outcome(const struct sample *sample, int status, int i)
{
	int wanted = 0;

	switch (sample->outcome) {
	case PASSES:
		wanted = CHILD_PASSED << 8;
		break;
	case TRAPS:
		wanted = CHILD_TRAPPED << 8;
		break;
	case REFUSED:
		wanted = SIGSYS;
		break;
	case FAULTS:
		wanted = SIGSEGV;
		break;
	}
	/* a host without 32-bit entries raises SIGSEGV in their place */
	if (sample->int80 && status == SIGSEGV)
		return;
	ck_assert_msg((status & ~0x80) == wanted,
		      "sample %d (call %#llx at %#llx): wait status %#x, wanted %#x",
		      i, (unsigned long long)sample->reg[0],
		      (unsigned long long)sample->at, (unsigned)status,
		      (unsigned)wanted);
}

START_TEST(by_address)
{
	check_outcome(&samples[_i], run_sample(&env_small, &samples[_i]), _i);
}
END_TEST

/* Children of a host stub sample that is refused die in place of leaving. */
static const struct sample large[] = {
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 1, 5 * GIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 2, 5 * GIB - 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0xffffffff, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0x40000001, 0xffffffff),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 0x40000002, 0xffffffff),
	CALL(PASSES, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 5 * GIB, 0),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, 5 * GIB, 1),
	CALL(REFUSED, STUBS, HOST, __NR_pread64, LODGER_FD_RAM, BASE, -1ULL, 1),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x20000000, 8192, 0, SHARED_FIXED, LODGER_FD_RAM, 5 * GIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_mmap, 0x20000000, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 5 * GIB - 4096),
	CALL(PASSES, STUBS, HOST, __NR_mmap, LODGER_USER_HIGH_END - 4096, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 0),
	CALL(PASSES, STUBS, HOST, __NR_munmap, LODGER_USER_HIGH_END - 4096, 4096),
	CALL(REFUSED, STUBS, HOST, __NR_mmap, 0x80000000, 4096, 0, SHARED_FIXED, LODGER_FD_RAM, 0),
};

START_TEST(large_machine)
{
	check_outcome(&large[_i], run_sample(&env_large, &large[_i]), _i);
}
END_TEST

/* --- The vsyscall page ------------------------------------------------------------ */

static void on_sigsys_vsyscall(int sig, siginfo_t *si, void *context)
{
	const ucontext_t *uc = context;

	(void)sig;
	leave(si->si_code == SECCOMP_CODE &&
			      uc->uc_mcontext.gregs[REG_RAX] == si->si_syscall ?
		      CHILD_TRAPPED :
		      CHILD_TRAP_ODD);
}

START_TEST(vsyscall_traps)
{
	const struct sample sample = {
		0xffffffffff600000 + 0x400 * (uint64_t)(_i % 3), { 0 }, TRAPS,
		false
	};
	enum filter_reflect reflect = _i < 3 ? FILTER_REFLECT_TRAP :
					       FILTER_REFLECT_TRACE;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct sigaction action = { .sa_sigaction = on_sigsys_vsyscall,
					    .sa_flags = SA_SIGINFO };
		struct filter_program program;

		current = &sample;
		if (prepare(&env_small, false) ||
		    sigaction(SIGSYS, &action, NULL) ||
		    build(&program, &env_small, &sample, reflect) ||
		    filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		call_at(sample.at, sample.reg);
		leave(CHILD_PASSED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	/* SIGSEGV: this host has no such page */
	ck_assert_msg((status & ~0x80) == SIGSEGV ||
			      status == CHILD_TRAPPED << 8,
		      "wait status %#x", (unsigned)status);
}
END_TEST

/* --- A tracer ----------------------------------------------------------------------- */

static const struct {
	struct sample sample;
	unsigned long message;
} traced[] = {
	{ CALL(TRAPS, USER_PAGE, OPEN, __NR_getpid),
	  FILTER_TRACE_USER },
	{ CALL(TRAPS, STUBS_HIGH, EXIT, __NR_getpid),
	  FILTER_TRACE_USER },
	{ CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 0),
	  FILTER_TRACE_REFUSED },
	{ CALL(REFUSED, STUBS, HOST, __NR_munmap, 4096, LODGER_WINDOW_BASE),
	  FILTER_TRACE_REFUSED },
	{ CALL(REFUSED, STUBS, HOST, __NR_write | X32, 1, BASE, 1),
	  FILTER_TRACE_REFUSED },
	/* no stops, but SIGSYS */
	{ CALL(TRAPS, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_READ), 0 },
	{ CALL(TRAPS, STUBS, EXIT, __NR_getpid), 0 },
	{ INT80(USER_PAGE, OPEN, 20), 0 },
	{ CALL(PASSES, STUBS, OPEN, __NR_mprotect, WHOLE_CORE, PROT_ALL), 0 },
};

static pid_t start_traced(const struct sample *sample)
{
	int go[2];
	pid_t pid;

	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		struct filter_program program;
		char byte;

		current = sample;
		if (read(go[0], &byte, 1) != 1 ||
		    prepare(&env_small, sample->int80) ||
		    build(&program, &env_small, sample, FILTER_REFLECT_TRACE) ||
		    filter_inproc_install(&program, false))
			_exit(CHILD_FAILED);
		call_at(sample->at, sample->reg);
		leave(CHILD_PASSED);
	}
	ck_assert_int_ge(pid, 0);
	ck_assert_int_eq(ptrace(PTRACE_SEIZE, pid, 0,
				PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL), 0);
	ck_assert_int_eq(write(go[1], "g", 1), 1);
	close(go[0]);
	close(go[1]);
	return pid;
}

START_TEST(stops_for_a_tracer)
{
	const struct sample *sample = &traced[_i].sample;
	pid_t pid = start_traced(sample);
	struct user_regs_struct regs;
	unsigned long message;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
	if (!traced[_i].message) {
		if (sample->outcome == TRAPS) {
			ck_assert(WIFSTOPPED(status));
			if (sample->int80 && WSTOPSIG(status) == SIGSEGV)
				return;
			ck_assert_int_eq(status >> 8, SIGSYS);
			ptrace(PTRACE_CONT, pid, 0, SIGSYS);
			waitpid(pid, &status, __WALL);
		}
		check_outcome(sample, status, _i);
		return;
	}
	ck_assert_int_eq(status >> 8, SIGTRAP | PTRACE_EVENT_SECCOMP << 8);
	ck_assert_int_eq(ptrace(PTRACE_GETEVENTMSG, pid, 0, &message), 0);
	ck_assert_int_eq((long)message, (long)traced[_i].message);
	ck_assert_int_eq(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
	ck_assert_uint_eq(regs.rip, sample->at + CALL_BYTES);
	ck_assert_uint_eq(regs.rcx, regs.rip);
	ck_assert_uint_eq(regs.orig_rax, sample->reg[0]);
	/* skipped and moved, as the mechanism does it: it leaves with 55 */
	regs.rax = __NR_exit_group;
	regs.rdi = 55;
	regs.orig_rax = (unsigned long long)-1;
	regs.rip = traced[_i].message == FILTER_TRACE_USER ? AT(USER_PAGE, EXIT) :
							     AT(STUBS, HOST);
	ck_assert_int_eq(ptrace(PTRACE_SETREGS, pid, 0, &regs), 0);
	ck_assert_int_eq(ptrace(PTRACE_CONT, pid, 0, 0), 0);
	ck_assert_int_eq(waitpid(pid, &status, __WALL), pid);
	ck_assert_int_eq(status, 55 << 8);
}
END_TEST

/* --- The listener --------------------------------------------------------------------- */

/* What start.c does, without a machine around it. */
static void __attribute__((noreturn))
listening_child(const struct sample *sample, int fd, pid_t parent, bool fails)
{
	struct filter_program program;
	pid_t helper;

	current = sample;
	if (dup2(fd, LODGER_FD_END) < 0 || prepare(&env_small, false) ||
	    close_range(LODGER_FD_END + 1, ~0U, 0) ||
	    build(&program, &env_small, sample, FILTER_REFLECT_TRAP))
		_exit(CHILD_FAILED);
	helper = listener_start_helper(LODGER_FD_END, parent);
	if (helper < 0 || sandbox_after_attach(parent, LODGER_FD_END))
		_exit(CHILD_FAILED);
	if (fails) {
		listener_give_up(LODGER_FD_END, helper);
		filter_inproc_without_listener(&program);
	}
	if (filter_inproc_install(&program, !fails) < 0)
		_exit(CHILD_FAILED);
	call_at(sample->at, sample->reg);
	leave(CHILD_PASSED);
}

static void start_listening(struct machine *m, const struct sample *sample,
			    bool fails)
{
	pid_t parent = getpid();
	int fd[2];

	*m = (struct machine){ .listener_fd = -1, .image = test_image() };
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
	m->guest_pid = fork();
	ck_assert_int_ge(m->guest_pid, 0);
	if (m->guest_pid == 0) {
		close(fd[0]);
		listening_child(sample, fd[1], parent, fails);
	}
	close(fd[1]);
	ck_assert_int_eq(icept_trap.attach(m), 0);
	ck_assert_int_eq(listener_receive(m, fd[0]), 0);
	close(fd[0]);
}

START_TEST(listener_names_the_call)
{
	const struct sample sample = CALL(REFUSED, STUBS, HOST, __NR_open, BASE, 2, 3, 4, 5, 6 | HIGH);
	struct icept_event ev = { .kind = ICEPT_NONE };
	struct machine m;

	start_listening(&m, &sample, false);
	ck_assert_int_ge(m.listener_fd, 0);
	ck_assert_int_ne(fcntl(m.listener_fd, F_GETFD) & FD_CLOEXEC, 0);
	while (ev.kind == ICEPT_NONE)
		ck_assert_int_eq(icept_trap.next(&m, &ev), 0);
	ck_assert_int_eq(ev.kind, ICEPT_REFUSED_CALL);
	ck_assert_uint_eq(ev.call.nr, __NR_open);
	ck_assert_uint_eq(ev.call.arch, AUDIT_ARCH_X86_64);
	ck_assert_uint_eq(ev.call.ip, m.image.host_call_ip);
	for (int i = 0; i < 6; i++)
		ck_assert_uint_eq(ev.call.arg[i], sample.reg[i + 1]);
	icept_trap.kill(&m);
	ck_assert_int_eq(m.guest_pid, -1);
	ck_assert(WIFSIGNALED(m.guest_status));
	ck_assert_int_eq(WTERMSIG(m.guest_status), SIGKILL);
	/* the helper is reaped, too */
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	free(m.icept_private);
}
END_TEST

static void run_to_end(struct machine *m)
{
	struct icept_event ev = { .kind = ICEPT_NONE };

	while (ev.kind == ICEPT_NONE)
		ck_assert_int_eq(icept_trap.next(m, &ev), 0);
	ck_assert_int_eq(ev.kind, ICEPT_EXITED);
	ck_assert_int_eq(m->guest_pid, -1);
	ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
	free(m->icept_private);
}

/* The end of the process is seen whether it comes before or after its
 * listener. */
START_TEST(listener_and_end)
{
	const struct sample sample = CALL(PASSES, STUBS, HOST, __NR_exit_group, 3);
	struct machine m;

	start_listening(&m, &sample, false);
	run_to_end(&m);
	ck_assert_int_eq(m.guest_status, 3 << 8);
	ck_assert_str_eq(m.report, "");
}
END_TEST

START_TEST(without_listener)
{
	const struct sample sample = CALL(REFUSED, STUBS, HOST, __NR_open, BASE);
	struct machine m;

	start_listening(&m, &sample, true);
	ck_assert_int_eq(m.listener_fd, -1);
	run_to_end(&m);
	ck_assert_int_eq(m.guest_status & ~0x80, SIGSYS);
	ck_assert_ptr_nonnull(strstr(m.report, "outside the policy"));
	ck_assert_uint_eq(m.count.refused, 1);
}
END_TEST

/* Nothing of the start is left in the table: the guest sees it through stubs
 * only, so this looks from outside. */
START_TEST(listener_leaves_no_descriptor)
{
	const struct sample sample = CALL(PASSES, STUBS, HOST, __NR_ppoll, 0, 0, 0, 0, 8);
	struct machine m;
	int pidfd, end, ram;

	start_listening(&m, &sample, false);
	pidfd = (int)syscall(SYS_pidfd_open, m.guest_pid, 0);
	ck_assert_int_ge(pidfd, 0);
	end = (int)syscall(SYS_pidfd_getfd, pidfd, LODGER_FD_END, 0);
	ck_assert_int_lt(end, 0);
	ram = (int)syscall(SYS_pidfd_getfd, pidfd, LODGER_FD_RAM, 0);
	/* EPERM: it is not dumpable, so nobody can look (but root) */
	if (ram >= 0)
		for (int fd = LODGER_FD_END; fd < LODGER_FD_END + 3; fd++)
			ck_assert_int_lt((int)syscall(SYS_pidfd_getfd, pidfd,
						      fd, 0), 0);
	close(pidfd);
	icept_trap.kill(&m);
	free(m.icept_private);
}
END_TEST

/* --- Building ------------------------------------------------------------------------ */

START_TEST(odd_images)
{
	struct lodger_image image = test_image();
	struct filter_program program;

	image.host_call_ip |= HIGH;
	ck_assert_int_eq(filter_inproc_build(&program, &env_small, &image,
					     FILTER_REFLECT_TRAP), -EINVAL);
	ck_assert_ptr_null(program.fprog.filter);
	filter_inproc_free(&program);
}
END_TEST

/* What the filter costs grows with what a hot call passes. */
START_TEST(is_short)
{
	struct lodger_image image = test_image();
	struct filter_program program;

	ck_assert_int_eq(filter_inproc_build(&program, &env_large, &image,
					     FILTER_REFLECT_TRACE), 0);
	ck_assert_int_lt(program.fprog.len, 600);
	filter_inproc_free(&program);
}
END_TEST

Suite *filter_inproc_suite(void);
Suite *filter_inproc_suite(void)
{
	Suite *suite = suite_create("filter_inproc");
	TCase *calls = tcase_create("calls");
	TCase *listener = tcase_create("listener");

	tcase_set_timeout(calls, 20);
	tcase_add_loop_test(calls, by_address, 0, SAMPLE_COUNT);
	tcase_add_loop_test(calls, large_machine, 0,
			    sizeof(large) / sizeof(large[0]));
	tcase_add_loop_test(calls, vsyscall_traps, 0, 6);
	tcase_add_loop_test(calls, stops_for_a_tracer, 0,
			    sizeof(traced) / sizeof(traced[0]));
	tcase_add_test(calls, odd_images);
	tcase_add_test(calls, is_short);
	suite_add_tcase(suite, calls);

	tcase_set_timeout(listener, 20);
	tcase_add_test(listener, listener_names_the_call);
	tcase_add_loop_test(listener, listener_and_end, 0, 20);
	tcase_add_test(listener, without_listener);
	tcase_add_test(listener, listener_leaves_no_descriptor);
	suite_add_tcase(suite, listener);
	return suite;
}
