/*
 * Vector and floating-point state in signal frames: kept over a handler that
 * spoils everything, shown in the frame, changed through the frame, and what
 * rt_sigreturn does with a frame that was forged.
 */
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libcpu.h"

#define XFEATURE_X87 1UL
#define XFEATURE_SSE 2UL
#define XFEATURE_AVX 4UL

static struct cpu_registers before, after, other;
static pid_t self;

static void handle(int sig, void (*fn)(int, siginfo_t *, void *))
{
	struct sigaction act = { .sa_sigaction = fn, .sa_flags = SA_SIGINFO };

	CHECK_OK(sigaction(sig, &act, NULL));
	self = gettid();
}

/* Raises sig by a bare system call: nothing here uses vector registers. */
static inline void signal_self(int sig)
{
	long ret = __NR_tkill;

	__asm__ volatile("syscall"
			 : "+a"(ret)
			 : "D"(self), "S"((long)sig)
			 : "rcx", "r11", "memory");
}

static struct sigcontext *context_of(void *context)
{
	return &((ucontext_t *)context)->uc_mcontext;
}

/* ---- kept --------------------------------------------------------------- */

static void spoil(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	cpu_pattern(&other, 99);
	cpu_load(cpu_widest(), &other);
	cpu_set_mxcsr(0x1fc0);
	cpu_set_x87_control(0x27f);
	__asm__ volatile("fldpi; fldpi; fldpi");
}

static void check_kept(enum cpu_vector width)
{
	int i;

	if (cpu_widest() < width)
		test_skip("the processor has no %s", cpu_vector_name(width));
	handle(SIGUSR1, spoil);
	for (i = 0; i < 20; i++) {
		cpu_pattern(&before, (unsigned int)i);
		cpu_load(width, &before);
		signal_self(SIGUSR1);
		cpu_store(width, &after);
		CHECK_EQ(cpu_differ(width, &before, &after), 0);
	}
}

static void sse_kept(void)
{
	check_kept(CPU_SSE);
}

static void avx_kept(void)
{
	check_kept(CPU_AVX);
}

static void avx512_kept(void)
{
	check_kept(CPU_AVX512);
}

static void control_words_kept(void)
{
	handle(SIGUSR1, spoil);
	cpu_set_mxcsr(0x1f80 | 0x6000);
	cpu_set_x87_control(0x37f | 0xc00);
	signal_self(SIGUSR1);
	CHECK_EQ(cpu_get_mxcsr(), 0x1f80 | 0x6000);
	CHECK_EQ(cpu_get_x87_control(), 0x37f | 0xc00);
}

static void x87_stack_kept(void)
{
	static const double values[3] = { 1.5, -2.25, 1e300 };
	double got[3];

	handle(SIGUSR1, spoil);
	__asm__ volatile("fninit\n\tfldl %0\n\tfldl %1\n\tfldl %2"
			 :
			 : "m"(values[0]), "m"(values[1]), "m"(values[2]));
	signal_self(SIGUSR1);
	__asm__ volatile("fstpl %0\n\tfstpl %1\n\tfstpl %2"
			 : "=m"(got[2]), "=m"(got[1]), "=m"(got[0]));
	CHECK_EQ(memcmp(values, got, sizeof(got)), 0);
}

static void same_after_nothing(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
}

static void kept_a_thousand_times(void)
{
	enum cpu_vector width = cpu_widest();
	int i;

	handle(SIGUSR1, same_after_nothing);
	cpu_pattern(&before, 5);
	cpu_load(width, &before);
	for (i = 0; i < 1000; i++)
		signal_self(SIGUSR1);
	cpu_store(width, &after);
	CHECK_EQ(cpu_differ(width, &before, &after), 0);
}

/* ---- what a handler begins with ----------------------------------------- */

static uint32_t mxcsr_inside;
static uint16_t control_inside;

static void take_inside(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	mxcsr_inside = cpu_get_mxcsr();
	control_inside = cpu_get_x87_control();
}

static void handler_begins_clean(void)
{
	handle(SIGUSR1, take_inside);
	cpu_set_mxcsr(0x1f80 & ~0x200U);
	cpu_set_x87_control(0x37f & ~4);
	signal_self(SIGUSR1);
	CHECK_EQ(mxcsr_inside, 0x1f80);
	CHECK_EQ(control_inside, 0x37f);
}

/* ---- the frame ---------------------------------------------------------- */

static struct _fpx_sw_bytes sw;
static uint32_t magic2;
static uint8_t frame_xmm[16][16];
static uint64_t frame_header;
static uint32_t frame_mxcsr;
static unsigned long frame_address;

static void copy_frame(int sig, siginfo_t *info, void *context)
{
	struct _fpstate *fp = context_of(context)->fpstate;

	(void)sig;
	(void)info;
	sw = fp->sw_reserved;
	memcpy(frame_xmm, fp->xmm_space, sizeof(frame_xmm));
	frame_mxcsr = fp->mxcsr;
	frame_address = (unsigned long)fp;
	frame_header = ((struct _xstate *)fp)->xstate_hdr.xfeatures;
	memcpy(&magic2, (char *)fp + sw.xstate_size, sizeof(magic2));
}

static void frame_layout(void)
{
	handle(SIGUSR1, copy_frame);
	cpu_pattern(&before, 1);
	cpu_load(cpu_widest(), &before);
	signal_self(SIGUSR1);
	CHECK_EQ(frame_address % 64, 0);
	CHECK_EQ(sw.magic1, FP_XSTATE_MAGIC1);
	CHECK(sw.xstate_size >= sizeof(struct _fpstate) + 64);
	CHECK_EQ(sw.extended_size, sw.xstate_size + 4);
	CHECK_EQ(magic2, FP_XSTATE_MAGIC2);
	CHECK_EQ(sw.xfeatures & 3, XFEATURE_X87 | XFEATURE_SSE);
	if (cpu_widest() >= CPU_AVX)
		CHECK_EQ(sw.xfeatures & XFEATURE_AVX, XFEATURE_AVX);
	CHECK_EQ(frame_header & ~sw.xfeatures, 0);
	CHECK(frame_header & XFEATURE_SSE);
}

static void frame_shows_registers(void)
{
	int i;

	handle(SIGUSR1, copy_frame);
	cpu_set_mxcsr(0x1fa0);
	cpu_pattern(&before, 3);
	cpu_load(CPU_SSE, &before);
	signal_self(SIGUSR1);
	for (i = 0; i < 16; i++)
		CHECK_EQ(memcmp(frame_xmm[i], before.vector[i], 16), 0);
	CHECK_EQ(frame_mxcsr, 0x1fa0);
}

static void edit_frame(int sig, siginfo_t *info, void *context)
{
	struct _xstate *x = (struct _xstate *)context_of(context)->fpstate;

	(void)sig;
	(void)info;
	memset(&x->fpstate.xmm_space[4 * 3], 0x33, 16);
	x->fpstate.mxcsr = 0x1f80 | 0x2000;
	x->fpstate.cwd = 0x37f | 0x400;
	x->xstate_hdr.xfeatures |= XFEATURE_X87 | XFEATURE_SSE;
	if (cpu_widest() >= CPU_AVX) {
		x->xstate_hdr.xfeatures |= XFEATURE_AVX;
		memset(&x->ymmh.ymmh_space[4 * 3], 0x44, 16);
	}
}

static void frame_edits_take_effect(void)
{
	enum cpu_vector width = cpu_widest();

	handle(SIGUSR1, edit_frame);
	cpu_pattern(&before, 4);
	cpu_load(width, &before);
	signal_self(SIGUSR1);
	cpu_store(width, &after);
	memset(before.vector[3], 0x33, 16);
	if (width >= CPU_AVX)
		memset(before.vector[3] + 16, 0x44, 16);
	CHECK_EQ(cpu_differ(width, &before, &after), 0);
	CHECK_EQ(cpu_get_mxcsr(), 0x1f80 | 0x2000);
	CHECK_EQ(cpu_get_x87_control(), 0x37f | 0x400);
}

static void clear_header(int sig, siginfo_t *info, void *context)
{
	struct _xstate *x = (struct _xstate *)context_of(context)->fpstate;

	(void)sig;
	(void)info;
	x->xstate_hdr.xfeatures &= ~(XFEATURE_SSE | XFEATURE_AVX);
}

/* A component whose bit is cleared comes back in its initial state. */
static void frame_component_dropped(void)
{
	handle(SIGUSR1, clear_header);
	cpu_pattern(&before, 6);
	cpu_load(CPU_SSE, &before);
	signal_self(SIGUSR1);
	cpu_store(CPU_SSE, &after);
	memset(&other, 0, sizeof(other));
	CHECK_EQ(cpu_differ(CPU_SSE, &other, &after), 0);
}

static void drop_frame(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	context_of(context)->fpstate = NULL;
}

/* No state at all: everything comes back in its initial state. */
static void frame_dropped(void)
{
	handle(SIGUSR1, drop_frame);
	cpu_set_mxcsr(0x1fc0);
	cpu_pattern(&before, 7);
	cpu_load(CPU_SSE, &before);
	signal_self(SIGUSR1);
	cpu_store(CPU_SSE, &after);
	memset(&other, 0, sizeof(other));
	CHECK_EQ(cpu_differ(CPU_SSE, &other, &after), 0);
	CHECK_EQ(cpu_get_mxcsr(), 0x1f80);
}

static void spoil_magic(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	context_of(context)->fpstate->sw_reserved.magic1 = 0;
}

/* Taken for a frame of old: x87 and SSE only. */
static void frame_without_magic(void)
{
	handle(SIGUSR1, spoil_magic);
	cpu_pattern(&before, 8);
	cpu_load(CPU_SSE, &before);
	signal_self(SIGUSR1);
	cpu_store(CPU_SSE, &after);
	CHECK_EQ(cpu_differ(CPU_SSE, &before, &after), 0);
}

/* ---- forged frames ------------------------------------------------------ */

static void (*forge)(struct sigcontext *sc);

static void forge_in_handler(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	forge(context_of(context));
}

static void return_forged(void)
{
	handle(SIGUSR1, forge_in_handler);
	signal_self(SIGUSR1);
}

static void check_dies(void (*how)(struct sigcontext *sc))
{
	int status;

	forge = how;
	status = test_status(return_forged);
	CHECK(WIFSIGNALED(status));
	CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

static void bad_mxcsr(struct sigcontext *sc)
{
	sc->fpstate->mxcsr = 0xffffffff;
}

static void bad_features(struct sigcontext *sc)
{
	((struct _xstate *)sc->fpstate)->xstate_hdr.xfeatures |= 1UL << 62;
}

/* Bytes 8..23 of the header must be zero: SDM volume 1, 13.4.2. */
static void bad_header(struct sigcontext *sc)
{
	((struct _xstate *)sc->fpstate)->xstate_hdr.reserved1[1] = 1;
}

static void bad_compaction(struct sigcontext *sc)
{
	((struct _xstate *)sc->fpstate)->xstate_hdr.reserved1[0] = 1UL << 63;
}

static void bad_pointer(struct sigcontext *sc)
{
	sc->fpstate = test_bad_pointer;
}

static void bad_alignment(struct sigcontext *sc)
{
	sc->fpstate = (struct _fpstate *)((char *)sc->fpstate + 8);
	sc->fpstate->sw_reserved.magic1 = FP_XSTATE_MAGIC1;
}

static void forged_states_kill(void)
{
	check_dies(bad_mxcsr);
	check_dies(bad_features);
	check_dies(bad_header);
	check_dies(bad_compaction);
	check_dies(bad_pointer);
}

static void forged_alignment(void)
{
	int status;

	/* Killed, or taken for something else: never more than that. */
	forge = bad_alignment;
	status = test_status(return_forged);
	CHECK(WIFEXITED(status) || WTERMSIG(status) == SIGSEGV);
}

static const struct test_case cases[] = {
	{ "kept: SSE", sse_kept },
	{ "kept: AVX", avx_kept },
	{ "kept: AVX-512", avx512_kept },
	{ "kept: control words", control_words_kept },
	{ "kept: x87 stack", x87_stack_kept },
	{ "kept a thousand times", kept_a_thousand_times },
	{ "handler begins with defaults", handler_begins_clean },
	{ "frame: layout", frame_layout },
	{ "frame: shows registers", frame_shows_registers },
	{ "frame: edits take effect", frame_edits_take_effect },
	{ "frame: a component dropped", frame_component_dropped },
	{ "frame: all state dropped", frame_dropped },
	{ "frame: without magic", frame_without_magic },
	{ "forged: state kills", forged_states_kill },
	{ "forged: alignment", forged_alignment },
};

TEST_MAIN(cases)
