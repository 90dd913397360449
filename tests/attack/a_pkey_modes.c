/*
 * Protection keys turned from elsewhere than ordinary code: 32-bit mode, single steps,
 * vector state in signal frames; and whether what everybody can read and execute holds
 * an instruction that turns them.
 *
 * TEST-TIMEOUT: 180
 *
 * Without the defence (--protect pkey: behind each of the kernel's own wrpkru is a
 * comparison that works in every mode; no frame's PKRU is loaded) the guest kernel's
 * memory is open behind a far jump, a step or a return.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "kernel_places.h"
#include "libattack.h"
#include "libkeys.h"

#define RX (PROT_READ | PROT_EXEC)
#define RFLAGS_TF 0x100
#define LOW_CODE 0x30000000UL /* below 4 GiB: 32-bit code reaches it */
#define OPENED_STATUS 99

static const unsigned long wrpkru_at[] = { KERNEL_WRPKRUS };
static const unsigned long xrstor_at[] = { KERNEL_XRSTORS };
static const unsigned rights[] = { 0, LODGER_PKRU_OPEN, LODGER_PKRU_CLOSED, 4, 8, 0x55555558 };

/* --- bytes ---------------------------------------------------------------------------- */

static int turns_keys(const unsigned char *p)
{
	if (p[0] != 0x0f)
		return 0;
	return (p[1] == 0x01 && p[2] == 0xef) ||
	       (p[1] == 0xae && (p[2] >> 3 & 7) == 5 && p[2] >> 6 != 3);
}

static int is_known(unsigned long at)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrpkru_at); i++)
		if (wrpkru_at[i] == at)
			return 1;
	return 0;
}

/* What of a range can be read; the last bytes of a page with the next page's first. */
static void look_through(unsigned long start, unsigned long end)
{
	for (unsigned long at = start; at + 3 <= end; at++) {
		if (at % PAGE_SIZE == 0 && !attack_can_read(at)) {
			at += PAGE_SIZE - 1;
			continue;
		}
		if (at % PAGE_SIZE > PAGE_SIZE - 3 && !attack_can_read(at + 2))
			continue;
		if (turns_keys((const unsigned char *)at) && !is_known(at))
			test_fail(__FILE__, __LINE__, "at %#lx", at);
	}
}

/* Sites are patched first, so that there are stubs. */
static void bytes_of_the_window(void)
{
	keys_need();
	for (int i = 0; i < 20; i++)
		sys0(__NR_getppid);
	look_through(LODGER_GATE_TEXT, LODGER_GATE_TEXT + PAGE_SIZE);
	look_through(LODGER_MOVED_STUBS, LODGER_PATCH_STUBS +
						 LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES);
}

static void bytes_of_the_vdso(void)
{
	unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

	keys_need();
	if (!vdso)
		test_skip("there is no vDSO");
	look_through(vdso, vdso + 2 * PAGE_SIZE);
}

/* --- 32-bit mode ------------------------------------------------------------------------ */

static unsigned long target32;
static unsigned rights32;

/* The timer's signal does nothing: code that loops there must trap. */
static void __attribute__((noreturn)) go_32_bit(void)
{
	const struct itimerval soon = { { 0, 20000 }, { 0, 20000 } };
	char *stack = (char *)keys_map(-1, PAGE_SIZE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT);

	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &soon, NULL);
	__asm__ volatile("mov %0, %%rsp; pushq $0x23; pushq %1; lretq"
			 :
			 : "r"(stack + 2048), "r"(target32), "a"(rights32), "c"(0), "d"(0),
			   "D"(LODGER_COUNTERS_ADDR)
			 : "memory");
	__builtin_unreachable();
}

/* In that mode it may come by the program's own code to one of these places again,
 * with key 0 denied; a host before Linux 6.12 cannot store a frame then, and ends its
 * host process (docs/protect-pkey.md). */
static void must_end(void)
{
	int status = test_status(go_32_bit);

	if (!WIFSIGNALED(status) || (WTERMSIG(status) == SIGKILL && !keys_are_there()))
		test_fail(__FILE__, __LINE__, "at %#lx: wait status %#x", target32, status);
}

static void places_in_32_bit_mode(void)
{
	keys_need();
	for (size_t i = 0; i < ARRAY_SIZE(wrpkru_at); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rights); k++) {
			target32 = wrpkru_at[i];
			rights32 = rights[k];
			must_end();
		}
	for (size_t i = 0; i < ARRAY_SIZE(xrstor_at); i++)
		for (int prefix = 0; prefix < 2; prefix++) {
			target32 = xrstor_at[i] + (unsigned)prefix;
			rights32 = KEYS_PKRU_FEATURE + !prefix; /* REX is a decrement */
			must_end();
		}
	attack_check_closed();
	attack_check_alive();
}

static void __attribute__((noreturn)) opened(void)
{
	_exit(OPENED_STATUS);
}

/* A program's own code in that mode: the opener, and far back to say so. */
static void code_in_32_bit_mode(void)
{
	static unsigned char code[] = { 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x0f, 0x01, 0xef,
				 0x8a, 0x07, 0xea, 0, 0, 0, 0, 0x33, 0 };
	unsigned back = (unsigned)(unsigned long)opened;
	int fd, status;

	keys_need();
	memcpy(code + 12, &back, sizeof(back));
	fd = keys_file(code, sizeof(code), 0, 1);
	CHECK(mmap((void *)LOW_CODE, PAGE_SIZE, RX, MAP_PRIVATE | MAP_FIXED, fd, 0) !=
	      MAP_FAILED);
	target32 = LOW_CODE;
	must_end();
	target32 = LOW_CODE + 11; /* there and back, without it */
	status = test_status(go_32_bit);
	CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == OPENED_STATUS);
	attack_check_closed();
	attack_check_alive();
}

/* --- single steps ------------------------------------------------------------------------ */

static struct attack_state state;
static volatile int steps;

/* While a program is stepped the core is closed whenever it can look. */
static void on_step(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	__asm__ volatile("pushq $2; popfq" : : : "memory", "cc");
	steps++;
	attack_check_closed();
	_exit(0);
}

static void enter_stepping(void)
{
	static unsigned char stack[65536] __attribute__((aligned(64)));
	const stack_t ss = { stack, 0, sizeof(stack) };
	struct sigaction act = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	attack_can_read(0);
	CHECK_OK(sigaltstack(&ss, NULL));
	CHECK_OK(sigaction(SIGTRAP, &act, NULL));
	attack_enter(&state);
}

static void places_stepped(void)
{
	static unsigned char area[4096] __attribute__((aligned(64)));

	keys_need();
	for (size_t i = 0; i < ARRAY_SIZE(wrpkru_at); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rights); k++) {
			state = (struct attack_state){ .rax = rights[k],
						       .rflags = RFLAGS_TF | 2,
						       .rip = wrpkru_at[i] };
			state.rsp = (uint64_t)area + sizeof(area);
			attack_harmless(enter_stepping);
		}
	for (size_t i = 0; i < ARRAY_SIZE(xrstor_at); i++) {
		state = (struct attack_state){ .rax = KEYS_PKRU_FEATURE,
					       .rdi = (uint64_t)area,
					       .rflags = RFLAGS_TF | 2,
					       .rip = xrstor_at[i] };
		state.rsp = (uint64_t)area + sizeof(area);
		attack_harmless(enter_stepping);
	}
	attack_check_closed();
	attack_check_alive();
}

/* --- frames ------------------------------------------------------------------------------ */

static volatile int frames_changed;
static unsigned frame_rights;

/* Where PKRU is in vector state of the standard form: CPUID leaf 0dh. */
static unsigned pkru_offset(void)
{
	unsigned a = 0xd, b, c = 9, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return b;
}

/* The frame says that it has PKRU, and which; or that PKRU is as after a reset, which
 * is open. */
static void change_frame(int sig, siginfo_t *info, void *context)
{
	struct ucontext *uc = context;
	unsigned char *fx = (unsigned char *)uc->uc_mcontext.fpstate;
	struct _fpx_sw_bytes *sw = (void *)(fx + 464);
	unsigned long bv;

	(void)sig;
	(void)info;
	if (!fx || sw->magic1 != FP_XSTATE_MAGIC1 || !pkru_offset() ||
	    pkru_offset() + 8 > sw->xstate_size)
		return;
	memcpy(&bv, fx + 512, sizeof(bv));
	bv = frame_rights == ~0U ? bv & ~(unsigned long)KEYS_PKRU_FEATURE :
				   bv | KEYS_PKRU_FEATURE;
	memcpy(fx + 512, &bv, sizeof(bv));
	if (frame_rights != ~0U)
		memcpy(fx + pkru_offset(), &frame_rights, sizeof(frame_rights));
	frames_changed++;
}

static void return_with_rights(void)
{
	struct sigaction act = { .sa_sigaction = change_frame, .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(SIGUSR1, &act, NULL));
	CHECK_OK(raise(SIGUSR1));
	CHECK(frames_changed);
	attack_check_closed();
	attack_check_alive();
}

static void rights_in_frames(void)
{
	keys_need();
	if (!keys_are_there())
		test_skip("the processor has no keys");
	for (size_t k = 0; k <= ARRAY_SIZE(rights); k++) {
		/* all denied, too: the host could store no frame then */
		frame_rights = k < ARRAY_SIZE(rights) ? rights[k] : 0xffffffff;
		attack_harmless(return_with_rights);
		frame_rights = 0xfffffffc;
		attack_harmless(return_with_rights);
	}
	keys_need();
}

/* --- what is nobody's ---------------------------------------------------------------------- */

static void run_xrstors(void *area)
{
	__asm__ volatile("xrstors (%0)" : : "r"(area), "a"(KEYS_PKRU_FEATURE), "d"(0) : "memory");
}

/* The processor refuses it in user mode. */
static void xrstors(void)
{
	static unsigned char area[4096] __attribute__((aligned(64)));
	int sig;

	keys_need();
	sig = attack_try(run_xrstors, area);
	CHECK(sig == SIGSEGV || sig == SIGILL);
	attack_check_closed();
	keys_need();
}

/* Calls about keys: what a program gets is its own, or an error. */
static void by_calls(void)
{
	long key;

	keys_need();
	key = sys2(__NR_pkey_alloc, 0, 0);
	for (long k = 0; k < 16; k++) {
		sys4(__NR_pkey_mprotect, LODGER_CORE_BASE, PAGE_SIZE, 3, k);
		sys4(__NR_pkey_mprotect, LODGER_GATE_TEXT, PAGE_SIZE, 7, k);
	}
	for (long k = 0; k < 16; k++)
		sys1(__NR_pkey_free, k);
	attack_check_closed();
	attack_check_alive();
	CHECK(key < 0 || key != 0);
}

static const struct test_case cases[] = {
	{ "bytes that everybody can execute", bytes_of_the_window },
	{ "the vDSO's bytes", bytes_of_the_vdso },
	{ "the kernel's places in 32-bit mode", places_in_32_bit_mode },
	{ "32-bit code", code_in_32_bit_mode },
	{ "the kernel's places, stepped", places_stepped },
	{ "rights in signal frames", rights_in_frames },
	{ "xrstors", xrstors },
	{ "calls about keys", by_calls },
};
TEST_MAIN(cases)
