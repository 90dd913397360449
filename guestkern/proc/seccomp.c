/*
 * Seccomp: filters are lists that threads and children share; the newest is asked
 * first, all are asked, and the strictest answer counts (kernel/seccomp.c of Linux).
 *
 * Invariants: what seccomp_filter_load returns cannot run out of its instructions,
 * read outside of the call's data, divide by a constant 0 or use a memory word
 * that was not stored on every way there.
 */
#include "proc/seccomp.h"

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"

#include <asm/signal.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#define INSNS_MAX 4096u /* BPF_MAXINSNS */
#define TOTAL_MAX 32768u /* of all filters of a task */
#define FILTER_COST 4u
#define SYS_SECCOMP_ 1 /* asm-generic/siginfo.h */

struct seccomp_filter {
	u32 refs;
	u32 count;
	struct seccomp_filter *next; /* older, referenced */
	struct seccomp_insn insn[];
};

void seccomp_filter_get(struct seccomp_filter *filter)
{
	if (filter)
		filter->refs++;
}

void seccomp_filter_put(struct seccomp_filter *filter)
{
	struct seccomp_filter *next;

	while (filter && --filter->refs == 0) {
		next = filter->next;
		kfree(filter);
		filter = next;
	}
}

u32 seccomp_filter_count(const struct task *t)
{
	const struct seccomp_filter *f;
	u32 count = 0;

	for (f = t->seccomp; f; f = f->next)
		count++;
	return count;
}

/* --- checking --------------------------------------------------------------------------- */

static bool load_ok(const struct seccomp_insn *in)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		return in->k < sizeof(struct seccomp_data) && !(in->k & 3);
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
		return in->k < BPF_MEMWORDS;
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LDX | BPF_IMM:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
	case BPF_RET | BPF_K:
	case BPF_RET | BPF_A:
		return true;
	default:
		return false;
	}
}

static bool alu_ok(const struct seccomp_insn *in)
{
	switch (in->code & ~BPF_X) {
	case BPF_ALU | BPF_DIV:
		return in->code & BPF_X || in->k;
	case BPF_ALU | BPF_LSH:
	case BPF_ALU | BPF_RSH:
		return in->code & BPF_X || in->k < 32;
	case BPF_ALU | BPF_ADD:
	case BPF_ALU | BPF_SUB:
	case BPF_ALU | BPF_MUL:
	case BPF_ALU | BPF_AND:
	case BPF_ALU | BPF_OR:
	case BPF_ALU | BPF_XOR:
		return true;
	case BPF_ALU | BPF_NEG:
		return !(in->code & BPF_X);
	default:
		return false;
	}
}

/* left: instructions behind this one. */
static bool jump_ok(const struct seccomp_insn *in, u32 left)
{
	switch (in->code & ~BPF_X) {
	case BPF_JMP | BPF_JA:
		return !(in->code & BPF_X) && in->k < left;
	case BPF_JMP | BPF_JEQ:
	case BPF_JMP | BPF_JGE:
	case BPF_JMP | BPF_JGT:
	case BPF_JMP | BPF_JSET:
		return in->jt < left && in->jf < left;
	default:
		return false;
	}
}

/* Memory words are read only where every way has stored them: known[i] are those at
 * instruction i; jumps go forward only, so one pass will do. */
static bool memory_ok(const struct seccomp_filter *f, u16 *known)
{
	u16 now = 0;

	memset(known, 0xff, f->count * sizeof(*known));
	for (u32 i = 0; i < f->count; i++) {
		const struct seccomp_insn *in = &f->insn[i];

		now &= known[i];
		switch (in->code) {
		case BPF_ST:
		case BPF_STX:
			now |= (u16)(1u << in->k);
			break;
		case BPF_LD | BPF_MEM:
		case BPF_LDX | BPF_MEM:
			if (!(now & 1u << in->k))
				return false;
			break;
		case BPF_JMP | BPF_JA:
			known[i + 1 + in->k] &= now;
			now = 0xffff;
			break;
		default:
			if (BPF_CLASS(in->code) != BPF_JMP)
				break;
			known[i + 1 + in->jt] &= now;
			known[i + 1 + in->jf] &= now;
			now = 0xffff;
		}
	}
	return true;
}

static int filter_check(const struct seccomp_filter *f)
{
	u16 *known;
	bool ok = true;

	for (u32 i = 0; ok && i < f->count; i++) {
		const struct seccomp_insn *in = &f->insn[i];

		switch (BPF_CLASS(in->code)) {
		case BPF_ALU:
			ok = alu_ok(in);
			break;
		case BPF_JMP:
			ok = jump_ok(in, f->count - 1 - i);
			break;
		default:
			ok = load_ok(in);
		}
	}
	if (!ok || BPF_CLASS(f->insn[f->count - 1].code) != BPF_RET)
		return -EINVAL;
	known = kmalloc(f->count * sizeof(*known));
	if (!known)
		return -ENOMEM;
	ok = memory_ok(f, known);
	kfree(known);
	return ok ? 0 : -EINVAL;
}

int seccomp_filter_load(struct seccomp_filter **filter, uaddr_t insns, u32 count)
{
	struct seccomp_filter *f;
	int err = 0;

	if (!count || count > INSNS_MAX)
		return -EINVAL;
	f = kzalloc(sizeof(*f) + count * sizeof(f->insn[0]));
	if (!f)
		return -ENOMEM;
	f->refs = 1;
	f->count = count;
	if (copy_from_user(f->insn, insns, count * sizeof(f->insn[0])))
		err = -EFAULT;
	if (!err)
		err = filter_check(f);
	if (err) {
		kfree(f);
		return err;
	}
	*filter = f;
	return 0;
}

/* --- attaching ---------------------------------------------------------------------------- */

int seccomp_filter_attach(struct seccomp_filter *filter)
{
	struct task *t = current_task();
	const struct seccomp_filter *f;
	u32 total = filter->count;

	for (f = t->seccomp; f; f = f->next)
		total += f->count + FILTER_COST;
	if (total > TOTAL_MAX)
		return -ENOMEM;
	filter->next = t->seccomp;
	t->seccomp = filter;
	t->seccomp_mode = SECCOMP_FILTERED;
	return 0;
}

static bool is_ancestor(const struct seccomp_filter *old, const struct seccomp_filter *f)
{
	while (f && f != old)
		f = f->next;
	return f == old;
}

s32 seccomp_filter_sync(void)
{
	struct task *mine = current_task(), *t;

	list_for_each_entry(t, &mine->proc->tasks, group_link)
		if (t->seccomp_mode == SECCOMP_STRICT ||
		    !is_ancestor(t->seccomp, mine->seccomp))
			return t->tid;
	list_for_each_entry(t, &mine->proc->tasks, group_link) {
		if (t == mine || t->state == TASK_ZOMBIE)
			continue;
		seccomp_filter_get(mine->seccomp);
		seccomp_filter_put(t->seccomp);
		t->seccomp = mine->seccomp;
		t->seccomp_mode = mine->seccomp_mode;
		if (mine->cred.no_new_privs)
			t->cred.no_new_privs = true;
	}
	return 0;
}

/* --- running -------------------------------------------------------------------------------- */

struct machine {
	u32 a, x, mem[BPF_MEMWORDS];
};

static u32 alu(u32 op, u32 a, u32 b)
{
	switch (op) {
	case BPF_ADD:
		return a + b;
	case BPF_SUB:
		return a - b;
	case BPF_MUL:
		return a * b;
	case BPF_DIV:
		return b ? a / b : 0; /* the caller has returned for 0 */
	case BPF_AND:
		return a & b;
	case BPF_OR:
		return a | b;
	case BPF_XOR:
		return a ^ b;
	case BPF_LSH:
		return a << (b & 31);
	case BPF_RSH:
		return a >> (b & 31);
	default: /* BPF_NEG */
		return -a;
	}
}

static bool jumps(u32 op, u32 a, u32 b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	default: /* BPF_JSET */
		return a & b;
	}
}

static void move(struct machine *m, const struct seccomp_insn *in, const void *data)
{
	switch (in->code) {
	case BPF_LD | BPF_W | BPF_ABS:
		memcpy(&m->a, (const u8 *)data + in->k, sizeof(m->a));
		break;
	case BPF_LD | BPF_W | BPF_LEN:
		m->a = sizeof(struct seccomp_data);
		break;
	case BPF_LDX | BPF_W | BPF_LEN:
		m->x = sizeof(struct seccomp_data);
		break;
	case BPF_LD | BPF_IMM:
		m->a = in->k;
		break;
	case BPF_LDX | BPF_IMM:
		m->x = in->k;
		break;
	case BPF_LD | BPF_MEM:
		m->a = m->mem[in->k];
		break;
	case BPF_LDX | BPF_MEM:
		m->x = m->mem[in->k];
		break;
	case BPF_ST:
		m->mem[in->k] = m->a;
		break;
	case BPF_STX:
		m->mem[in->k] = m->x;
		break;
	case BPF_MISC | BPF_TAX:
		m->x = m->a;
		break;
	default: /* BPF_TXA */
		m->a = m->x;
	}
}

static u32 filter_run(const struct seccomp_filter *f, const struct seccomp_data *data)
{
	const struct seccomp_insn *in = f->insn;
	struct machine m = { .a = 0 };
	u32 operand;

	for (;; in++) {
		operand = in->code & BPF_X ? m.x : in->k;
		switch (BPF_CLASS(in->code)) {
		case BPF_RET:
			return BPF_RVAL(in->code) == BPF_A ? m.a : in->k;
		case BPF_ALU:
			if (BPF_OP(in->code) == BPF_DIV && !operand)
				return 0; /* kills */
			m.a = alu(BPF_OP(in->code), m.a, operand);
			break;
		case BPF_JMP:
			if (BPF_OP(in->code) == BPF_JA)
				in += in->k;
			else
				in += jumps(BPF_OP(in->code), m.a, operand) ? in->jt :
									      in->jf;
			break;
		default:
			move(&m, in, data);
		}
	}
}

/* The strictest answer of all: actions are ordered as signed numbers. */
static u32 filters_run(const struct task *t, const struct seccomp_data *data)
{
	u32 result = SECCOMP_RET_ALLOW, one;
	const struct seccomp_filter *f;

	for (f = t->seccomp; f; f = f->next) {
		one = filter_run(f, data);
		if ((s32)(one & SECCOMP_RET_ACTION_FULL) <
		    (s32)(result & SECCOMP_RET_ACTION_FULL))
			result = one;
	}
	return result;
}

static struct k_siginfo sigsys_info(const struct trap_frame *tf, int err)
{
	struct k_siginfo info = { .signo = SIGSYS, .code = SYS_SECCOMP_, .err = err };

	info.sigsys.addr = tf->rip;
	info.sigsys.number = (s32)tf->orig_rax;
	info.sigsys.arch = AUDIT_ARCH_X86_64;
	return info;
}

/* As if the call had not been made; its number is in rax again. */
static void take_back(struct trap_frame *tf)
{
	tf->rax = tf->orig_rax;
	tf->orig_rax = (u64)-1;
}

static bool act(struct trap_frame *tf, u32 result)
{
	struct k_siginfo info = sigsys_info(tf, (int)(result & SECCOMP_RET_DATA));
	u32 data = result & SECCOMP_RET_DATA;

	switch (result & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_ALLOW:
	case SECCOMP_RET_LOG:
		return true;
	case SECCOMP_RET_ERRNO:
		tf->rax = (u64)-(s64)MIN(data, (u32)MAX_ERRNO);
		return false;
	case SECCOMP_RET_TRAP:
		take_back(tf);
		signal_force_info(&info, false);
		return false;
	case SECCOMP_RET_TRACE: /* no tracer, no listener */
	case SECCOMP_RET_USER_NOTIF:
		tf->rax = (u64)-ENOSYS;
		return false;
	case SECCOMP_RET_KILL_THREAD:
		if (current_process()->task_count > 1)
			task_exit(SIGSYS);
		break;
	}
	take_back(tf);
	signal_force_info(&info, true);
	return false;
}

static bool strict_allows(u64 nr)
{
	return nr == __NR_read || nr == __NR_write || nr == __NR_exit ||
	       nr == __NR_rt_sigreturn;
}

bool seccomp_allows(struct trap_frame *tf)
{
	struct task *t = current_task();
	const struct seccomp_data data = {
		.nr = (int)tf->orig_rax,
		.arch = AUDIT_ARCH_X86_64,
		.instruction_pointer = tf->rip,
		.args = { tf->rdi, tf->rsi, tf->rdx, tf->r10, tf->r8, tf->r9 },
	};

	if (t->seccomp_mode == SECCOMP_FILTERED)
		return act(tf, filters_run(t, &data));
	if (strict_allows(tf->orig_rax))
		return true;
	if (t->proc->task_count > 1)
		task_exit(SIGKILL);
	process_exit(SIGKILL);
}
