/*
 * The filter of the in-process modes. No tracer knows who is running there, so
 * the filter goes by the instruction pointer, which the processor vouches for:
 *
 *   call_open_ip      mprotect(core, RWX), exactly: the gate opens
 *   call_close_ip     mprotect(core, NONE), exactly: the gate closes
 *   nested_return_ip  rt_sigreturn
 *   host_call_ip      whatever the policy admits
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
 * that is made here; both are relocatable, jumps being relative.
 *
 * Addresses are those after the `syscall`; an `int 0x80` has the same length,
 * so the architecture is compared everywhere. All words are 64 bits wide and
 * are compared whole. The vsyscall page has its own addresses, and x32 calls
 * have numbers of their own: both are guest programs' calls. A tracer may not
 * move the instruction pointer of a vsyscall (seccomp(2)), and 32-bit entries
 * are rare: these two become SIGSYS in either mode.
 */
#include "filter_inproc.h"

#include <errno.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi/layout.h"

#define PREFIX_MAX 64
#define PROT_RWX (PROT_READ | PROT_WRITE | PROT_EXEC)
#define VSYSCALL_HIGH 0xffffffffu /* upper half of 0xffffffffff600000 */

/* --- A small assembler: forward jumps to labels -------------------------------- */

enum label { NEXT, OPEN, CLOSE, CORE, HOST, NESTED, USER, TRAP, POLICY, LABELS };

struct prefix {
	struct sock_filter insn[PREFIX_MAX];
	enum label if_true[PREFIX_MAX], if_false[PREFIX_MAX];
	size_t at[LABELS];
	size_t count;
};

static void put(struct prefix *p, unsigned code, uint32_t k,
		enum label if_true, enum label if_false)
{
	p->insn[p->count] = (struct sock_filter){ (uint16_t)code, 0, 0, k };
	p->if_true[p->count] = if_true;
	p->if_false[p->count] = if_false;
	p->count++;
}

static void place(struct prefix *p, enum label label)
{
	p->at[label] = p->count;
}

static void load(struct prefix *p, size_t offset)
{
	put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, NEXT, NEXT);
}

static void branch(struct prefix *p, uint32_t value, enum label if_equal,
		   enum label if_not)
{
	put(p, BPF_JMP | BPF_JEQ | BPF_K, value, if_equal, if_not);
}

static void give(struct prefix *p, uint32_t action)
{
	put(p, BPF_RET | BPF_K, action, NEXT, NEXT);
}

/* Loads a word; whoever has another value there is treated as user code. */
static void must_be(struct prefix *p, size_t offset, uint32_t value)
{
	load(p, offset);
	branch(p, value, NEXT, USER);
}

static uint8_t distance(const struct prefix *p, size_t from, enum label label)
{
	return label == NEXT ? 0 : (uint8_t)(p->at[label] - from - 1);
}

static void resolve(struct prefix *p)
{
	for (size_t i = 0; i < p->count; i++) {
		if (BPF_CLASS(p->insn[i].code) != BPF_JMP)
			continue;
		p->insn[i].jt = distance(p, i, p->if_true[i]);
		p->insn[i].jf = distance(p, i, p->if_false[i]);
	}
}

/* --- The prefix ------------------------------------------------------------------ */

#define NR offsetof(struct seccomp_data, nr)
#define ARCH offsetof(struct seccomp_data, arch)
#define IP offsetof(struct seccomp_data, instruction_pointer)
#define IP_HIGH (IP + 4)
#define ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define ARG_HIGH(n) (ARG(n) + 4)

static uint32_t low(uint64_t value)
{
	return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
	return (uint32_t)(value >> 32);
}

/* The rest of a comparison with one of the image's places, all of which are
 * below 4 GiB: the same address in another 4 GiB, or a 32-bit entry. */
static void must_be_64_bit(struct prefix *p)
{
	must_be(p, IP_HIGH, 0);
	must_be(p, ARCH, AUDIT_ARCH_X86_64);
}

static void must_be_word(struct prefix *p, unsigned arg, uint64_t value)
{
	must_be(p, ARG(arg), low(value));
	must_be(p, ARG_HIGH(arg), high(value));
}

/* Most frequent first; a guest program's call passes four comparisons. */
static void dispatch(struct prefix *p, const struct lodger_image *image)
{
	load(p, IP);
	branch(p, low(image->call_open_ip), OPEN, NEXT);
	branch(p, low(image->call_close_ip), CLOSE, NEXT);
	branch(p, low(image->host_call_ip), HOST, NEXT);
	branch(p, low(image->nested_return_ip), NESTED, USER);
}

static void gate_calls(struct prefix *p, uint64_t core_bytes)
{
	place(p, OPEN);
	load(p, ARG(2));
	branch(p, PROT_RWX, CORE, USER);
	place(p, CLOSE);
	must_be(p, ARG(2), PROT_NONE);
	place(p, CORE);
	must_be(p, NR, __NR_mprotect);
	must_be_word(p, 0, LODGER_CORE_BASE);
	must_be_word(p, 1, core_bytes);
	must_be(p, ARG_HIGH(2), 0);
	must_be_64_bit(p);
	give(p, SECCOMP_RET_ALLOW);
}

static void kernel_calls(struct prefix *p)
{
	place(p, NESTED);
	must_be(p, NR, __NR_rt_sigreturn);
	must_be_64_bit(p);
	give(p, SECCOMP_RET_ALLOW);
	place(p, HOST);
	must_be(p, ARCH, AUDIT_ARCH_X86_64);
	load(p, IP_HIGH);
	branch(p, 0, POLICY, USER);
}

static void user_calls(struct prefix *p, enum filter_reflect reflect)
{
	place(p, USER);
	if (reflect == FILTER_REFLECT_TRACE) {
		load(p, ARCH);
		branch(p, AUDIT_ARCH_X86_64, NEXT, TRAP);
		load(p, IP_HIGH);
		put(p, BPF_JMP | BPF_JEQ | BPF_K, VSYSCALL_HIGH, TRAP, NEXT);
		give(p, SECCOMP_RET_TRACE | FILTER_TRACE_USER);
	}
	place(p, TRAP);
	give(p, SECCOMP_RET_TRAP);
}

static uint32_t refuse_action(enum filter_reflect reflect)
{
	return reflect == FILTER_REFLECT_TRAP ?
		       SECCOMP_RET_USER_NOTIF :
		       SECCOMP_RET_TRACE | FILTER_TRACE_REFUSED;
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
	struct prefix p = { .count = 0 };
	struct sock_filter *insn;
	size_t policy_count;
	int err;

	program->fprog = (struct sock_fprog){ 0, NULL };
	if (!image_is_low(image))
		return -EINVAL;
	insn = calloc(BPF_MAXINSNS, sizeof(*insn));
	if (!insn)
		return -ENOMEM;
	dispatch(&p, image);
	gate_calls(&p, env->core_bytes);
	kernel_calls(&p);
	user_calls(&p, reflect);
	place(&p, POLICY);
	resolve(&p);
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
