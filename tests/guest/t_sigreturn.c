/*
 * rt_sigreturn with a frame that the program changed: registers and flags that
 * it may set, selectors and flags that it may not.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

static void (*change)(ucontext_t *uc);

static void change_in_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	change(context);
}

static void install(void (*how)(ucontext_t *uc))
{
	struct sigaction act = { .sa_sigaction = change_in_handler,
				 .sa_flags = SA_SIGINFO };

	change = how;
	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
}

static void signal_self(void)
{
	long ret = __NR_tkill;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(gettid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory");
}

static unsigned long flags_now(void)
{
	unsigned long flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	return flags;
}

/* ---- registers ---------------------------------------------------------- */

static void set_registers(ucontext_t *uc)
{
	struct sigcontext *sc = &uc->uc_mcontext;

	sc->rax = 0xa0;
	sc->rbx = 0xb0;
	sc->rcx = 0xc0;
	sc->rdx = 0xd0;
	sc->rsi = 0x51;
	sc->r8 = 0x88;
	sc->r9 = 0x99;
	sc->r10 = 0x1010;
	sc->r11 = 0x1111;
	sc->r12 = 0x1212;
	sc->r13 = 0x1313;
}

static void all_registers_change(void)
{
	static unsigned long out[11];

	install(set_registers);
	__asm__ volatile("syscall\n\t"
			 "movq %%rax, 0(%3)\n\t"
			 "movq %%rbx, 8(%3)\n\t"
			 "movq %%rcx, 16(%3)\n\t"
			 "movq %%rdx, 24(%3)\n\t"
			 "movq %%rsi, 32(%3)\n\t"
			 "movq %%r8, 40(%3)\n\t"
			 "movq %%r9, 48(%3)\n\t"
			 "movq %%r10, 56(%3)\n\t"
			 "movq %%r11, 64(%3)\n\t"
			 "movq %%r12, 72(%3)\n\t"
			 "movq %%r13, 80(%3)"
			 :
			 : "a"((long)__NR_tkill), "D"(gettid()),
			   "S"((long)SIGUSR1), "r"(out)
			 : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
			   "r13", "memory");
	CHECK_EQ(out[0], 0xa0);
	CHECK_EQ(out[1], 0xb0);
	CHECK_EQ(out[2], 0xc0);
	CHECK_EQ(out[3], 0xd0);
	CHECK_EQ(out[4], 0x51);
	CHECK_EQ(out[5], 0x88);
	CHECK_EQ(out[6], 0x99);
	CHECK_EQ(out[7], 0x1010);
	CHECK_EQ(out[8], 0x1111);
	CHECK_EQ(out[9], 0x1212);
	CHECK_EQ(out[10], 0x1313);
}

/* rax after a handler is the call's result, whatever the handler called. */
static void use_calls(ucontext_t *uc)
{
	(void)uc;
	getpid();
	SYS(close, -1);
}

static void result_survives_handler(void)
{
	install(use_calls);
	CHECK_EQ(SYS(tkill, gettid(), SIGUSR1), 0);
}

static void jump(ucontext_t *uc)
{
	static char stack[4096] __attribute__((aligned(16)));
	void (*target)(int) = _exit;

	uc->uc_mcontext.rip = (unsigned long)target;
	uc->uc_mcontext.rdi = 23;
	uc->uc_mcontext.rsp = (unsigned long)(stack + sizeof(stack)) - 8;
}

static void jump_in_child(void)
{
	install(jump);
	signal_self();
}

static void rip_and_rsp_change(void)
{
	CHECK_EQ(WEXITSTATUS(test_status(jump_in_child)), 23);
}

/* ---- flags -------------------------------------------------------------- */

#define FLAG_CF 0x1UL
#define FLAG_IF 0x200UL
#define FLAG_DF 0x400UL
#define FLAG_OF 0x800UL
#define FLAG_IOPL 0x3000UL
#define FLAG_NT 0x4000UL
#define FLAG_VM 0x20000UL
#define FLAG_AC 0x40000UL
#define FLAG_VIF 0x80000UL
#define FLAG_VIP 0x100000UL

static void forge_flags(ucontext_t *uc)
{
	unsigned long *flags = (unsigned long *)&uc->uc_mcontext.eflags;

	*flags |= FLAG_CF | FLAG_DF | FLAG_OF;
	*flags |= FLAG_IOPL | FLAG_NT | FLAG_VM | FLAG_VIF | FLAG_VIP;
	*flags |= ~0UL << 32;
	*flags &= ~FLAG_IF;
}

static void flags_are_filtered(void)
{
	unsigned long flags;
	long ret = __NR_tkill;

	install(forge_flags);
	__asm__ volatile("syscall\n\t"
			 "pushfq\n\t"
			 "popq %1\n\t"
			 "cld"
			 : "+a"(ret), "=r"(flags)
			 : "D"(gettid()), "S"((long)SIGUSR1)
			 : "rcx", "r11", "memory", "cc");
	CHECK_EQ(flags & (FLAG_CF | FLAG_DF | FLAG_OF),
		 FLAG_CF | FLAG_DF | FLAG_OF);
	CHECK_EQ(flags & (FLAG_IOPL | FLAG_VM | FLAG_VIF | FLAG_VIP), 0);
	CHECK_EQ(flags & FLAG_NT, 0);
	CHECK_EQ(flags & FLAG_IF, FLAG_IF);
	CHECK_EQ(flags >> 32, 0);
}

static void no_io_after_forged_iopl(void)
{
	install(forge_flags);
	signal_self();
	__asm__ volatile("cld; cli");
}

static void iopl_is_not_to_be_had(void)
{
	CHECK_EQ(WTERMSIG(test_status(no_io_after_forged_iopl)), SIGSEGV);
}

static void ask_for_trap(ucontext_t *uc)
{
	uc->uc_mcontext.eflags |= 0x100;
}

static void trap_in_child(void)
{
	install(ask_for_trap);
	signal_self();
	flags_now();
}

static void trap_flag_is_honoured(void)
{
	CHECK_EQ(WTERMSIG(test_status(trap_in_child)), SIGTRAP);
}

/* ---- selectors and addresses -------------------------------------------- */

static void return_changed(void)
{
	signal_self();
}

static void check_dies(void (*how)(ucontext_t *uc))
{
	int status;

	install(how);
	status = test_status(return_changed);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

static void cs_null(ucontext_t *uc)
{
	uc->uc_mcontext.cs = 0;
}

static void cs_kernel(ucontext_t *uc)
{
	uc->uc_mcontext.cs = 0x10;
}

static void cs_data(ucontext_t *uc)
{
	uc->uc_mcontext.cs = 0x2b;
}

static void cs_beyond(ucontext_t *uc)
{
	uc->uc_mcontext.cs = 0xfff3;
}

static void forged_cs_kills(void)
{
	check_dies(cs_null);
	check_dies(cs_kernel);
	check_dies(cs_data);
	check_dies(cs_beyond);
}

static void ss_kernel(ucontext_t *uc)
{
	uc->uc_mcontext.ss = 0x18;
	uc->uc_flags |= UC_STRICT_RESTORE_SS;
}

static void ss_code(ucontext_t *uc)
{
	uc->uc_mcontext.ss = 0x33;
	uc->uc_flags |= UC_STRICT_RESTORE_SS;
}

static void forged_ss_kills(void)
{
	check_dies(ss_kernel);
	check_dies(ss_code);
}

static void rip_upper(ucontext_t *uc)
{
	uc->uc_mcontext.rip = 0xffffffff81000000UL;
}

static void rip_not_canonical(ucontext_t *uc)
{
	uc->uc_mcontext.rip = 1UL << 60;
}

static void rip_null(ucontext_t *uc)
{
	uc->uc_mcontext.rip = 0;
}

static void forged_rip_kills(void)
{
	check_dies(rip_upper);
	check_dies(rip_not_canonical);
	check_dies(rip_null);
}

static void open_mask(ucontext_t *uc)
{
	uc->uc_sigmask = ~0UL;
}

static void forged_mask_leaves_kill(void)
{
	sigset_t set;

	install(open_mask);
	signal_self();
	CHECK_OK(sigprocmask(SIG_BLOCK, NULL, &set));
	CHECK_EQ(set, ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP)));
}

/* ---- no frame at all ---------------------------------------------------- */

static unsigned char *garbage;

static void sigreturn_at(unsigned long sp)
{
	__asm__ volatile("movq %0, %%rsp\n\t"
			 "movl $15, %%eax\n\t"
			 "syscall\n\t"
			 "ud2"
			 :
			 : "r"(sp)
			 : "memory");
	__builtin_unreachable();
}

static void sigreturn_of_garbage(void)
{
	sigreturn_at((unsigned long)garbage + 1024);
}

static void sigreturn_of_nothing(void)
{
	sigreturn_at(64);
}

static void sigreturn_upper_half(void)
{
	sigreturn_at(0xffff888000000000UL);
}

static void garbage_kills(void)
{
	unsigned long i;

	garbage = mmap(NULL, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(garbage != MAP_FAILED);
	CHECK_EQ(WTERMSIG(test_status(sigreturn_of_nothing)), SIGSEGV);
	CHECK_EQ(WTERMSIG(test_status(sigreturn_upper_half)), SIGSEGV);
	CHECK_EQ(WTERMSIG(test_status(sigreturn_of_garbage)), SIGSEGV);
	for (i = 0; i < 4 * PAGE_SIZE; i++)
		garbage[i] = (unsigned char)(i * 2654435761UL >> 8);
	CHECK_EQ(WTERMSIG(test_status(sigreturn_of_garbage)), SIGSEGV);
}

static const struct test_case cases[] = {
	{ "registers change", all_registers_change },
	{ "result of the call survives", result_survives_handler },
	{ "rip and rsp change", rip_and_rsp_change },
	{ "flags are filtered", flags_are_filtered },
	{ "IOPL is not to be had", iopl_is_not_to_be_had },
	{ "trap flag is honoured", trap_flag_is_honoured },
	{ "forged cs kills", forged_cs_kills },
	{ "forged ss kills", forged_ss_kills },
	{ "forged rip kills", forged_rip_kills },
	{ "forged mask leaves SIGKILL and SIGSTOP", forged_mask_leaves_kill },
	{ "garbage for a frame kills", garbage_kills },
};

TEST_MAIN(cases)
