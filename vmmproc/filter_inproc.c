/*
 * The filter of the in-process modes. No tracer knows who is running there, so
 * the filter goes by the instruction pointer, which the processor vouches for:
 *
 *   call_open_ip      mprotect(core, RWX), exactly: the gate opens
 *   call_close_ip     mprotect(core, NONE), exactly: the gate closes
 *   nested_return_ip  rt_sigreturn
 *   host_call_ip      whatever the policy admits
 *                     (the last two, with --protect pkey, only with a token in
 *                     registers that the host does not look at: the guest kernel's
 *                     text can be executed by programs there, not read)
 *   anything else     a guest program's call: SIGSYS, or a tracer's stop
 *
 * User code can execute the first two only, for the rest of the guest kernel
 * is inaccessible to it; they let it open the core, but the instruction after
 * them is the gate's. What one of these places may not do counts as a guest
 * program's call, except that a call the policy refuses can come from the
 * guest kernel alone, and ends the machine.
 *
 * This must be ONE program. Of several filters the kernel takes the strictest
 * verdict: a policy by itself would refuse every call of a guest program
 * before the other filter could reflect it. So libseccomp's program for the
 * policy, which cannot look at instruction pointers, is appended to the prefix
 * that is made here (and in filter_ranges.c); both are relocatable, jumps being
 * relative.
 *
 * Addresses are those after the `syscall`; an `int 0x80` has the same length,
 * so the architecture is compared everywhere. All words are 64 bits wide and
 * are compared whole. The vsyscall page has its own addresses, and x32 calls
 * have numbers of their own: both are guest programs' calls. A tracer may not
 * move the instruction pointer of a vsyscall (seccomp(2)), 32-bit entries are
 * rare, and a call from inside the window is nothing that a tracer could tell
 * the guest kernel more about than a signal: these become SIGSYS in either mode.
 */
#include "filter_inproc.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/layout.h"
#include "bpf_asm.h"
#include "filter_ranges.h"

#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
#define VSYSCALL_HIGH 0xffffffffu /* upper half of 0xffffffffff600000 */

struct labels {
	unsigned open, close, core, host, nested, user, trap, ranges, policy;
};

static uint32_t low(uint64_t value)
{
	return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

/* Compares a word; another value goes the way of user code. */
static void must_be(struct bpf_asm *p, size_t offset, uint32_t value,
		    const struct labels *l)
{
	bpf_asm_load(p, offset);
	bpf_asm_equal(p, value, BPF_ASM_NEXT, l->user);
}

/* The rest of a comparison with one of the image's places, all of which are
 * below 4 GiB: the same address in another 4 GiB, or a 32-bit entry. */
static void must_be_64_bit(struct bpf_asm *p, const struct labels *l)
{
	must_be(p, BPF_IP_HIGH, 0, l);
	must_be(p, BPF_ARCH, AUDIT_ARCH_X86_64, l);
}

static void must_be_arg(struct bpf_asm *p, unsigned arg, uint64_t value,
			const struct labels *l)
{
	must_be(p, BPF_ARG(arg), low(value), l);
	must_be(p, BPF_ARG_HIGH(arg), high(value), l);
}

/* Most frequent first; a guest program's call passes four comparisons. */
static void dispatch(struct bpf_asm *p, const struct lodger_image *image,
		     const struct labels *l)
{
	bpf_asm_load(p, BPF_IP);
	bpf_asm_equal(p, low(image->call_open_ip), l->open, BPF_ASM_NEXT);
	bpf_asm_equal(p, low(image->call_close_ip), l->close, BPF_ASM_NEXT);
	bpf_asm_equal(p, low(image->host_call_ip), l->host, BPF_ASM_NEXT);
	bpf_asm_equal(p, low(image->nested_return_ip), l->nested, l->user);
}

static void gate_calls(struct bpf_asm *p, uint64_t core_bytes,
		       enum filter_reflect reflect, const struct labels *l)
{
	unsigned closes = bpf_asm_label(p), opens = bpf_asm_label(p);

	bpf_asm_place(p, l->open);
	bpf_asm_load(p, BPF_ARG(2));
	bpf_asm_equal(p, PROT_RWX, l->core, l->user);
	bpf_asm_place(p, l->close);
	must_be(p, BPF_ARG(2), PROT_NONE, l);
	bpf_asm_place(p, l->core);
	must_be(p, BPF_NR, __NR_mprotect, l);
	must_be_arg(p, 0, LODGER_CORE_BASE, l);
	must_be_arg(p, 1, core_bytes, l);
	must_be(p, BPF_ARG_HIGH(2), 0, l);
	must_be_64_bit(p, l);
	if (reflect == FILTER_REFLECT_EMU) {
		bpf_asm_load(p, BPF_ARG(2));
		bpf_asm_equal(p, PROT_NONE, closes, opens);
		bpf_asm_place(p, closes);
		bpf_asm_return(p, SECCOMP_RET_TRACE | FILTER_TRACE_CLOSES);
		bpf_asm_place(p, opens);
	}
	bpf_asm_return(p, SECCOMP_RET_ALLOW);
}

static void nested_return(struct bpf_asm *p, uint64_t token,
			  const struct labels *l)
{
	bpf_asm_place(p, l->nested);
	must_be(p, BPF_NR, __NR_rt_sigreturn, l);
	if (token)
		must_be_arg(p, 0, token, l);
	must_be_64_bit(p, l);
	bpf_asm_return(p, SECCOMP_RET_ALLOW);
}

/* Who makes a host call must know the token: it is in the last argument, and of
 * mmap, which has six, in the unused halves of flags and descriptor. */
static void host_call(struct bpf_asm *p, uint64_t token, const struct labels *l)
{
	unsigned maps = bpf_asm_label(p);

	bpf_asm_place(p, l->host);
	must_be_64_bit(p, l);
	if (token) {
		bpf_asm_load(p, BPF_NR);
		bpf_asm_equal(p, __NR_mmap, maps, BPF_ASM_NEXT);
		must_be_arg(p, 5, token, l);
		bpf_asm_jump(p, l->ranges);
		bpf_asm_place(p, maps);
		must_be(p, BPF_ARG_HIGH(3), low(token), l);
		must_be(p, BPF_ARG_HIGH(4), high(token), l);
	} else {
		bpf_asm_place(p, maps);
	}
	bpf_asm_jump(p, l->ranges);
}

/* A call inside the window is the guest kernel's own mistake, or a program's
 * that has jumped there: the gate's handler looks into that. */
static void user_calls(struct bpf_asm *p, enum filter_reflect reflect,
		       const struct labels *l)
{
	unsigned low_half = bpf_asm_label(p), trace = bpf_asm_label(p);

	bpf_asm_place(p, l->user);
	if (reflect == FILTER_REFLECT_TRACE) {
		bpf_asm_load(p, BPF_ARCH);
		bpf_asm_equal(p, AUDIT_ARCH_X86_64, BPF_ASM_NEXT, l->trap);
		bpf_asm_load(p, BPF_IP_HIGH);
		bpf_asm_equal(p, 0, low_half, BPF_ASM_NEXT);
		bpf_asm_equal(p, VSYSCALL_HIGH, l->trap, trace);
		bpf_asm_place(p, low_half);
		bpf_asm_load(p, BPF_IP);
		bpf_asm_not_below(p, LODGER_WINDOW_BASE, BPF_ASM_NEXT, trace);
		bpf_asm_not_below(p, LODGER_WINDOW_END, trace, l->trap);
		bpf_asm_place(p, trace);
		bpf_asm_return(p, SECCOMP_RET_TRACE | FILTER_TRACE_USER);
	}
	bpf_asm_place(p, l->trap);
	bpf_asm_return(p, SECCOMP_RET_TRAP);
}

static uint32_t refuse_action(enum filter_reflect reflect)
{
	return reflect == FILTER_REFLECT_TRAP ?
		       SECCOMP_RET_USER_NOTIF :
		       SECCOMP_RET_TRACE | FILTER_TRACE_REFUSED;
}

/* Everything before libseccomp's part, which begins at l.policy. */
static int put_prefix(struct bpf_asm *p, const struct policy_env *env,
		      const struct lodger_image *image,
		      enum filter_reflect reflect)
{
	struct labels l;

	*p = (struct bpf_asm){ .count = 0 };
	l = (struct labels){
		.open = bpf_asm_label(p),   .close = bpf_asm_label(p),
		.core = bpf_asm_label(p),   .host = bpf_asm_label(p),
		.nested = bpf_asm_label(p), .user = bpf_asm_label(p),
		.trap = bpf_asm_label(p),   .ranges = bpf_asm_label(p),
		.policy = bpf_asm_label(p),
	};
	dispatch(p, image, &l);
	gate_calls(p, env->unprotected ? 0 : env->core_bytes, reflect, &l);
	nested_return(p, env->host_token, &l);
	host_call(p, env->host_token, &l);
	user_calls(p, reflect, &l);
	bpf_asm_place(p, l.ranges); /* the longest part: nothing jumps over it */
	filter_ranges_put(p, env, refuse_action(reflect), l.policy);
	bpf_asm_place(p, l.policy);
	return bpf_asm_finish(p);
}

static bool image_is_low(const struct lodger_image *image)
{
	return !high(image->call_open_ip | image->call_close_ip |
		     image->nested_return_ip | image->host_call_ip);
}

int filter_inproc_build(struct filter_program *program,
			const struct policy_env *env,
			const struct lodger_image *image,
			enum filter_reflect reflect)
{
	struct bpf_asm p;
	struct sock_filter *insn;
	size_t policy_count;
	int err;

	program->fprog = (struct sock_fprog){ 0, NULL };
	if (!image_is_low(image))
		return -EINVAL;
	err = put_prefix(&p, env, image, reflect);
	if (err)
		return err;
	insn = calloc(BPF_MAXINSNS, sizeof(*insn));
	if (!insn)
		return -ENOMEM;
	memcpy(insn, p.insn, p.count * sizeof(*insn));
	err = policy_export_filter(env, refuse_action(reflect), insn + p.count,
				   BPF_MAXINSNS - p.count, &policy_count);
	if (err) {
		free(insn);
		return err;
	}
	program->fprog.filter = insn;
	program->fprog.len = (unsigned short)(p.count + policy_count);
	return 0;
}

/* --- Installing ------------------------------------------------------------------- */

int filter_inproc_install(const struct filter_program *program,
			  bool with_listener)
{
	unsigned flags = with_listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags,
			      &program->fprog);

	return result < 0 ? -errno : (int)result;
}

void filter_inproc_without_listener(struct filter_program *program)
{
	struct sock_filter *insn = program->fprog.filter;

	for (size_t i = 0; i < program->fprog.len; i++)
		if (insn[i].code == (BPF_RET | BPF_K) &&
		    insn[i].k == SECCOMP_RET_USER_NOTIF)
			insn[i].k = SECCOMP_RET_KILL_PROCESS;
}

void filter_inproc_free(struct filter_program *program)
{
	free(program->fprog.filter);
	program->fprog = (struct sock_fprog){ 0, NULL };
}
