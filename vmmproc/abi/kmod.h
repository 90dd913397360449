/*
 * The contract with the host kernel module (kmod/): its device, the calls that
 * a guest kernel makes of it, and the page they share. Used by the VMM process,
 * the guest kernel and the module.
 *
 * A task that has attached is in one of two states. In KERNEL state it is an
 * ordinary process, but for the numbers below, which are calls of the module
 * whatever the task's seccomp filter says. LODGER_KMOD_RUN loads the registers
 * of the shared page and goes on in USER state: whatever happens there, system
 * call, exception or signal, ends it, with the registers in the shared page
 * again and RUN returning what it was.
 */
#ifndef ABI_KMOD_H
#define ABI_KMOD_H

#define LODGER_KMOD_PATH "/dev/lodger"
#define LODGER_KMOD_VERSION 2

/*
 * System-call numbers, in KERNEL state. They are far from those of Linux, so
 * that without the module they are ENOSYS.
 *
 * RUN      returns an enum lodger_kmod_exit. All registers but rsp and rax are
 *          lost.
 * SWITCH   rdi: goes on in that address space (0: the one it attached in).
 * RELEASE  rdi: forgets an address space that is not in force.
 * The last two return 0 or -errno: -ENOENT no such space, -EBUSY in force. RUN and
 * SWITCH are -EBUSY while the task has more than one thread.
 */
#define LODGER_KMOD_RUN 0x0d6e0001
#define LODGER_KMOD_SWITCH 0x0d6e0002
#define LODGER_KMOD_RELEASE 0x0d6e0003

/* Offset of lodger_kmod_run.stop, for assembly. */
#define LODGER_KMOD_STOP_OFFSET 0

/* Address spaces beside the first: the paper's limit. */
#define LODGER_KMOD_SPACES 1024

#ifndef __ASSEMBLER__
#include <linux/ioctl.h>
#include <linux/types.h>

/* Why USER state ended. */
enum lodger_kmod_exit {
	LODGER_KMOD_EXIT_CALL = 1, /* system call: number in orig_rax */
	LODGER_KMOD_EXIT_CALL_32,  /* the same by a 32-bit entry */
	LODGER_KMOD_EXIT_FAULT,	   /* exception: sig and what follows it */
	LODGER_KMOD_EXIT_SIGNAL,   /* a signal is pending, or stop was set */
};

/* In the order of struct sigcontext (asm/sigcontext.h). */
struct lodger_kmod_regs {
	__u64 r8, r9, r10, r11, r12, r13, r14, r15;
	__u64 rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
};

/* The shared page. */
struct lodger_kmod_run {
	__u32 stop; /* set by the owner: the next RUN returns at once */
	__u32 reserved;
	struct lodger_kmod_regs regs; /* of USER state; in and out */
	/* out: */
	__u64 cs;	/* code segment as found */
	__u64 orig_rax; /* EXIT_CALL */
	__u64 err, trapno, cr2; /* EXIT_FAULT: as in struct sigcontext */
	__u64 addr;	/* EXIT_FAULT: si_addr */
	__s32 sig, si_code;
};

/* The longest range to be hidden, in bytes: it is walked at each RUN. */
#define LODGER_KMOD_HIDE_MAX (512ULL << 20)

/* How memory is hidden in USER state. */
enum lodger_kmod_hide {
	LODGER_KMOD_HIDE_NOT = 0, /* the owner sees to it */
	LODGER_KMOD_HIDE_US,	  /* supervisor bit of page-directory entries */
	LODGER_KMOD_HIDE_MM,	  /* an address space without it: see below */
};

/*
 * With HIDE_MM the spaces are pairs: the guest kernel goes from one even number to
 * another, and USER state of space n is in space n + 1, which must be registered:
 * the module empties it and fills it with the mappings of files that space n
 * has, as they are touched. RUN is -ENOENT without it, -EINVAL in an odd one,
 * another -errno if the host has no memory for it.
 */

/*
 * ATTACH: the calling task, which must have one thread and no tracer, becomes
 * this descriptor's machine, in KERNEL state. run is the address of the shared
 * page, which is pinned; [hide_start, hide_end) is hidden in USER state.
 * -EBUSY: the descriptor has a machine, or the task is one or uses system call
 * user dispatch, or, with HIDE_MM, has an area for rseq(2); -EINVAL: another version, a range that is misaligned, too long
 * or outside user space;
 * -EPERM: a tracer, a 32-bit task; -EFAULT: no page at run.
 */
struct lodger_kmod_attach {
	__u32 version;
	__u32 hide; /* enum lodger_kmod_hide */
	__u64 run;
	__u64 hide_start, hide_end; /* multiples of 2 MiB */
};

/* read(2) of the descriptor: counted since ATTACH. */
struct lodger_kmod_counters {
	__u64 runs, calls, faults, signals;
	__u64 hides, switches, spaces;
	__u64 fills; /* faults that the module answered, HIDE_MM */
};

/* Returns LODGER_KMOD_VERSION. */
#define LODGER_KMOD_GET_VERSION _IO('L', 0x60)
#define LODGER_KMOD_ATTACH _IOW('L', 0x61, struct lodger_kmod_attach)
/* The caller's address space becomes space `argument` of this machine:
 * -EINVAL a number that cannot be, -EEXIST one that is, -EPERM another user,
 * -ENODEV nobody has attached. */
#define LODGER_KMOD_REGISTER _IO('L', 0x62)
#endif

#endif
