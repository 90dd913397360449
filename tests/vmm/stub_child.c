#include "stub_child.h"

#include <linux/audit.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "abi/boot.h"

#define LONGEST_SECONDS 60

const struct policy_env stub_child_env = {
	.ram_bytes = 64 * MIB,
	.core_bytes = CORE_BYTES,
	.user_low_min = LODGER_USER_LOW_MIN,
	.in_process = true,
};

static const unsigned char code_syscall[] = { 0x0f, 0x05, 0xc3 };
static const unsigned char code_int80[] = { 0xcd, 0x80, 0xc3 };

static const struct sample *current;

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

struct lodger_image stub_child_image(void)
{
	return (struct lodger_image){
		.call_open_ip = AT(STUBS, OPEN) + CALL_BYTES,
		.call_close_ip = AT(STUBS, CLOSE) + CALL_BYTES,
		.nested_return_ip = AT(STUBS, NESTED) + CALL_BYTES,
		.host_call_ip = AT(STUBS, HOST) + CALL_BYTES,
	};
}

pid_t stub_child_fork(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	alarm(LONGEST_SECONDS);
	if (getppid() != parent)
		_exit(CHILD_FAILED);
	return 0;
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

/*
 * The way out of the child is a host call that must pass: the exit stub of the
 * user page stands for the image's one, but for samples that are about that.
 */
static bool needs_host_stub(const struct sample *sample)
{
	return (sample->at & 0xffffffff) == AT(STUBS, HOST);
}

static volatile bool forever = true;

void stub_child_leave(uint64_t status)
{
	const uint64_t regs[7] = { __NR_exit_group, status };
	uint64_t at = needs_host_stub(current) ? AT(STUBS, HOST) :
						 AT(USER_PAGE, EXIT);

	copy_code(at, code_syscall);
	while (forever)
		call_on(at, regs, NULL);
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

	stub_child_leave(whole ? CHILD_TRAPPED : CHILD_TRAP_ODD);
}

int stub_child_prepare(const struct policy_env *env,
		       const struct sample *sample)
{
	struct sigaction action = { .sa_sigaction = on_sigsys,
				    .sa_flags = SA_SIGINFO | SA_NODEFER };
	const unsigned char *code = sample->int80 ? code_int80 : code_syscall;
	int ram = memfd_create("ram", 0);
	int core = memfd_create("core", 0);

	current = sample;
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

int stub_child_build(struct filter_program *program,
		     const struct policy_env *env, const struct sample *sample,
		     enum filter_reflect reflect)
{
	struct lodger_image image = stub_child_image();

	if (!needs_host_stub(sample))
		image.host_call_ip = AT(USER_PAGE, EXIT) + CALL_BYTES;
	return filter_inproc_build(program, env, &image, reflect);
}

long stub_child_call(const struct sample *sample, void *stack)
{
	return call_on(sample->at, sample->reg, stack);
}
