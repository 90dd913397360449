/*
 * Signal frames on user stacks, exactly as Linux lays them out on x86-64
 * (arch/x86/include/asm/sigframe.h: return address, ucontext, siginfo; above them,
 * 64-aligned, the XSAVE area with its magic numbers), and rt_sigreturn, which takes
 * back whatever it finds there: nothing in a frame is trusted.
 */
#include "abi/layout.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/uaccess.h"
#include "proc/proc_internal.h"

#include <asm/signal.h>

#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/ucontext.h>

#define RED_ZONE_BYTES 128 /* psABI 3.2.2 */
#define FX_BYTES 512
#define FX_SW_OFFSET 464 /* struct _fpx_sw_bytes */
#define XSAVE_HEADER_OFFSET 512
#define XSAVE_HEADER_BYTES 64
#define XFEATURES_FPSSE 3u
#define RFLAGS_DF 0x400u
#define RFLAGS_TF 0x100u
#define RFLAGS_RF 0x10000u
#define SS_AUTODISARM_ (1u << 31)
#define SS_ONSTACK_ 1
#define SS_DISABLE_ 2

struct user_frame {
	u64 pretcode;
	struct ucontext uc;
	u8 info[128];
};

_Static_assert(sizeof(struct k_altstack) == sizeof(stack_t), "stack_t");
_Static_assert(offsetof(struct trap_frame, cs) == offsetof(struct sigcontext, cs),
	       "trap_frame follows sigcontext");
_Static_assert(sizeof(siginfo_t) == 128, "siginfo_t");

/* --- the alternate stack ------------------------------------------------------------------- */

static bool inside_altstack(const struct task *t, u64 sp)
{
	return sp > t->altstack_sp && sp - t->altstack_sp <= t->altstack_size;
}

static bool on_altstack(const struct task *t, u64 sp)
{
	/* disarmed while a handler runs on it: it may be anywhere */
	if (t->altstack_flags & SS_AUTODISARM_)
		return false;
	return inside_altstack(t, sp);
}

static void altstack_reset(struct task *t)
{
	t->altstack_sp = 0;
	t->altstack_size = 0;
	t->altstack_flags = SS_DISABLE_;
}

static s32 altstack_status(const struct task *t, u64 sp)
{
	if (!t->altstack_size)
		return SS_DISABLE_;
	return on_altstack(t, sp) ? SS_ONSTACK_ : 0;
}

static int altstack_set(struct task *t, const struct k_altstack *set, u64 sp)
{
	u32 mode = (u32)set->flags & ~SS_AUTODISARM_;

	if (on_altstack(t, sp))
		return -EPERM;
	if (mode != SS_DISABLE_ && mode != SS_ONSTACK_ && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE_) {
		altstack_reset(t);
		t->altstack_flags = (u32)set->flags;
		return 0;
	}
	if (set->size < MINSIGSTKSZ)
		return -ENOMEM;
	t->altstack_sp = set->sp;
	t->altstack_size = set->size;
	t->altstack_flags = (u32)set->flags;
	return 0;
}

int signal_altstack(const struct k_altstack *set, struct k_altstack *old, u64 sp)
{
	struct task *t = current_task();

	if (old) {
		memset(old, 0, sizeof(*old));
		old->sp = t->altstack_sp;
		old->size = t->altstack_size;
		old->flags = altstack_status(t, sp) |
			     (s32)(t->altstack_flags & SS_AUTODISARM_);
	}
	return set ? altstack_set(t, set, sp) : 0;
}

/* --- vector state ------------------------------------------------------------------------------ */

static bool have_xsave(void)
{
	return cpu_xstate_bytes() > FX_BYTES;
}

static size_t fpstate_bytes(void)
{
	return cpu_xstate_bytes() + (have_xsave() ? FP_XSTATE_MAGIC2_SIZE : 0);
}

void task_reset_xstate(struct task *t)
{
	u64 fs = t->user.fsbase, gs = t->user.gsbase;

	cpu_user_init(&t->user, t->user.xstate);
	t->user.fsbase = fs;
	t->user.gsbase = gs;
	cpu_user_changed(&t->user);
}

static int write_fpstate(const struct task *t, uaddr_t at)
{
	struct _fpx_sw_bytes sw = {
		.magic1 = FP_XSTATE_MAGIC1,
		.extended_size = (u32)fpstate_bytes(),
		.xfeatures = cpu_xfeatures(),
		.xstate_size = (u32)cpu_xstate_bytes(),
	};
	u32 magic2 = FP_XSTATE_MAGIC2;
	int err;

	err = copy_to_user(at, t->user.xstate, cpu_xstate_bytes());
	if (!have_xsave())
		memset(&sw, 0, sizeof(sw));
	if (!err)
		err = copy_to_user(at + FX_SW_OFFSET, &sw, sizeof(sw));
	if (!err && have_xsave())
		err = put_user(magic2, at + cpu_xstate_bytes());
	return err;
}

/* How much of the area at `at` is vector state, and which features: as Linux,
 * anything odd makes it a legacy FXSAVE image. */
static int read_fpstate_size(uaddr_t at, size_t *bytes, u64 *features)
{
	struct _fpx_sw_bytes sw;
	u32 magic2;

	*bytes = FX_BYTES;
	*features = XFEATURES_FPSSE;
	if (copy_from_user(&sw, at + FX_SW_OFFSET, sizeof(sw)))
		return -EFAULT;
	if (!have_xsave() || sw.magic1 != FP_XSTATE_MAGIC1 ||
	    sw.xstate_size < XSAVE_HEADER_OFFSET + XSAVE_HEADER_BYTES ||
	    sw.xstate_size > cpu_xstate_bytes() ||
	    sw.xstate_size > sw.extended_size)
		return 0;
	if (get_user(magic2, at + sw.xstate_size))
		return -EFAULT;
	if (magic2 != FP_XSTATE_MAGIC2)
		return 0;
	*bytes = sw.xstate_size;
	*features = sw.xfeatures;
	return 0;
}

/* Into t's area, which is left initial when this fails: 0, -EFAULT, -EINVAL
 * (forged). */
static int read_fpstate(struct task *t, uaddr_t at)
{
	u8 *area = t->user.xstate;
	u64 *xstate_bv = (u64 *)(area + XSAVE_HEADER_OFFSET);
	u64 features;
	size_t bytes;
	int err;

	err = read_fpstate_size(at, &bytes, &features);
	if (!err)
		err = copy_from_user(area, at, bytes);
	if (!err && have_xsave() && bytes == FX_BYTES)
		*xstate_bv = XFEATURES_FPSSE;
	if (!err)
		err = cpu_xstate_sanitize(area, cpu_xstate_bytes());
	if (!err && have_xsave())
		*xstate_bv &= features;
	return err;
}

static int restore_fpstate(struct task *t, uaddr_t at)
{
	int err = 0;

	cpu_user_sync(&t->user); /* the bases: they stay */
	task_reset_xstate(t);
	if (at)
		err = read_fpstate(t, at);
	if (err)
		task_reset_xstate(t);
	cpu_user_changed(&t->user);
	return err;
}

/* --- building ------------------------------------------------------------------------------------ */

static void fill_context(struct user_frame *f, const struct trap_frame *tf,
			 u64 mask, uaddr_t fpstate)
{
	struct sigcontext *sc = &f->uc.uc_mcontext;
	bool fault = tf->kind == TRAP_PAGEFAULT || tf->kind == TRAP_EXCEPTION;

	memcpy(sc, tf, offsetof(struct sigcontext, cs));
	sc->cs = TRAP_USER_CS;
	sc->ss = TRAP_USER_SS;
	/* after a system call they would be of somebody else's last fault */
	sc->err = fault ? tf->err : 0;
	sc->trapno = fault ? tf->trapno : 0;
	sc->cr2 = fault ? tf->cr2 : 0;
	sc->oldmask = mask;
	sc->fpstate = (void *)fpstate;
	f->uc.uc_flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (have_xsave())
		f->uc.uc_flags |= UC_FP_XSTATE;
	f->uc.uc_sigmask = mask;
}

static void fill_stack(struct user_frame *f, const struct task *t)
{
	f->uc.uc_stack.ss_sp = (void *)t->altstack_sp;
	f->uc.uc_stack.ss_size = t->altstack_size;
	f->uc.uc_stack.ss_flags = (int)t->altstack_flags;
}

/* Where frame and vector state go: 0, or -EFAULT when they would leave the
 * alternate stack. */
static int place_frame(const struct task *t, u64 sp, u64 flags, uaddr_t *frame,
		       uaddr_t *fpstate)
{
	bool alt;

	sp -= RED_ZONE_BYTES;
	alt = on_altstack(t, sp);
	if ((flags & SA_ONSTACK) && altstack_status(t, sp) == 0) {
		sp = t->altstack_sp + t->altstack_size;
		alt = true;
	}
	*fpstate = ALIGN_DOWN(sp - fpstate_bytes(), 64UL);
	/* as if called: 16-aligned before the return address */
	*frame = ALIGN_DOWN(*fpstate - sizeof(struct user_frame), 16UL) - 8;
	return alt && !inside_altstack(t, *frame) ? -EFAULT : 0;
}

static void enter_handler(struct trap_frame *tf, int sig, uaddr_t frame,
			  u64 handler)
{
	tf->rdi = (u64)sig;
	tf->rsi = frame + offsetof(struct user_frame, info);
	tf->rdx = frame + offsetof(struct user_frame, uc);
	tf->rax = 0;
	tf->rip = handler;
	tf->rsp = frame;
	tf->rflags &= ~(u64)(RFLAGS_DF | RFLAGS_TF | RFLAGS_RF);
}

int sigframe_build(struct trap_frame *tf, int sig, const struct k_siginfo *info,
		   const struct k_sigaction *action, u64 mask)
{
	struct task *t = current_task();
	uaddr_t at, fpstate;
	struct user_frame f;

	if (!(action->flags & SA_RESTORER))
		return -EFAULT;
	if (place_frame(t, tf->rsp, action->flags, &at, &fpstate))
		return -EFAULT;
	cpu_user_sync(&t->user);
	memset(&f, 0, sizeof(f));
	f.pretcode = action->restorer;
	fill_context(&f, tf, mask, fpstate);
	fill_stack(&f, t);
	memcpy(f.info, info, sizeof(*info));
	if (write_fpstate(t, fpstate) || copy_to_user(at, &f, sizeof(f)))
		return -EFAULT;
	if (t->altstack_flags & SS_AUTODISARM_)
		altstack_reset(t);
	task_reset_xstate(t);
	enter_handler(tf, sig, at, action->handler);
	return 0;
}

/* --- rt_sigreturn ------------------------------------------------------------------------------------ */

static bool inside_window(u64 addr)
{
	return addr >= LODGER_WINDOW_BASE && addr < LODGER_WINDOW_END;
}

/* Why the context cannot be what a signal frame held, or NULL. */
static const char *context_forged(const struct ucontext *uc)
{
	const struct sigcontext *sc = &uc->uc_mcontext;

	if ((sc->cs | 3) != TRAP_USER_CS)
		return "rt_sigreturn with another code segment";
	if ((uc->uc_flags & UC_STRICT_RESTORE_SS) && (sc->ss | 3) != TRAP_USER_SS)
		return "rt_sigreturn with another stack segment";
	if (inside_window(sc->rip))
		return "rt_sigreturn into the guest kernel's window";
	return NULL;
}

static void restore_context(struct trap_frame *tf, const struct sigcontext *sc)
{
	u64 rflags = tf->rflags;

	memcpy(tf, sc, offsetof(struct sigcontext, cs));
	tf->cs = TRAP_USER_CS;
	tf->rflags = (rflags & ~TRAP_USER_RFLAGS) | (sc->eflags & TRAP_USER_RFLAGS);
	tf->orig_rax = (u64)-1; /* nothing to restart */
}

static void restore_altstack(const struct ucontext *uc, u64 sp)
{
	struct k_altstack set = {
		.sp = (u64)uc->uc_stack.ss_sp,
		.flags = uc->uc_stack.ss_flags,
		.size = uc->uc_stack.ss_size,
	};

	signal_altstack(&set, NULL, sp); /* as Linux: errors do not matter */
}

s64 signal_sigreturn(struct trap_frame *tf)
{
	struct task *t = current_task();
	struct ucontext uc;
	const char *why;
	int err;

	/* `ret` has taken the return address from the stack */
	if (copy_from_user(&uc, tf->rsp - 8 + offsetof(struct user_frame, uc),
			   sizeof(uc))) {
		signal_force(SIGSEGV);
		return 0;
	}
	why = context_forged(&uc);
	if (why) {
		signal_kill_current(SIGSEGV, why);
		return 0;
	}
	signal_set_blocked(t, uc.uc_sigmask);
	t->restart_fn = NULL;
	err = restore_fpstate(t, (uaddr_t)uc.uc_mcontext.fpstate);
	if (err == -EINVAL) {
		signal_kill_current(SIGSEGV, "rt_sigreturn with forged vector state");
		return 0;
	}
	if (err) {
		signal_force(SIGSEGV);
		return 0;
	}
	restore_context(tf, &uc.uc_mcontext);
	restore_altstack(&uc, tf->rsp);
	return (s64)tf->rax;
}
