/*
 * Patching call sites. A site is patched in the private copy of one address
 * space; text in the page cache and other programs' text stay as they are.
 *
 * Safe against a thread half-way through the old bytes, and against old jumps there.
 * `mov` and `syscall`: between them it goes on at byte 5 of the jump, which is an
 * invalid instruction (hal/patch.c), and patch_old_syscall makes that trap the call.
 * `syscall` and the instruction behind: there stands an invalid instruction, too
 * (hal/patch_moved.c). Who is in the call returns to the stub (patch_way), and
 * who jumps there goes on in it after that trap (patch_behind).
 */
#include "entry/patch.h"

#include "abi/layout.h"
#include "entry/patch_sweep.h"
#include "hal/hal.h"
#include "hal/patch.h"
#include "hal/patch_moved.h"
#include "hal/user_page.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"

#include <asm/unistd.h>

/* A patch costs as much as some ten signals: programs that make few calls are
 * left alone. */
#define CALLS_BEFORE_PATCH 8
/* After so many more if programs jump where a site's jump has no beginning. */
#define CALLS_AFTER_GIVING_UP 100000
#define SITE_SETS 64
#define SITE_WAYS 4
#define MOV_EAX_IMM32 0xb8
#define SYSCALL_0 0x0f
#define SYSCALL_1 0x05

/* Counts by site, those of one hash in a set. Other processes' make room first, then who
 * has the fewest: so, of any number of sites that take turns, some get there. */
static struct site_count {
	const struct mm *mm;
	u64 rip;
	s32 pid; /* an mm's place is soon another's */
	s32 calls;
} seen[SITE_SETS][SITE_WAYS];

static struct site_count *count_of(const struct mm *mm, u64 rip)
{
	struct site_count *set = seen[(u32)((rip ^ rip >> 9 ^ (u64)mm >> 6) % SITE_SETS)];
	struct site_count *least = NULL;
	s32 pid = current_task()->proc->pid, rank, least_rank = INT32_MAX;

	for (u32 i = 0; i < SITE_WAYS; i++) {
		bool own = set[i].mm == mm && set[i].pid == pid;

		if (own && set[i].rip == rip)
			return &set[i];
		rank = own ? (set[i].calls < 0 ? INT32_MAX : set[i].calls) : -1;
		if (!least || rank < least_rank) {
			least = &set[i];
			least_rank = rank;
		}
	}
	*least = (struct site_count){ mm, rip, pid, 0 };
	return least;
}

static bool on_one_page(u64 start, u64 end)
{
	return start >> PAGE_SHIFT == (end - 1) >> PAGE_SHIFT;
}

/* mov $nr, %eax; syscall */
static bool has_number(const u8 *site, u32 nr)
{
	u32 imm;

	memcpy(&imm, site + 1, sizeof(imm));
	return site[0] == MOV_EAX_IMM32 && imm == nr && site[5] == SYSCALL_0 &&
	       site[6] == SYSCALL_1;
}

static int patch_with_number(struct mm *mm, const struct trap_frame *tf)
{
	u64 start = tf->rip - PATCHED_SITE_BYTES;
	u8 site[PATCHED_SITE_BYTES];
	int err;

	if (!on_one_page(start, tf->rip) ||
	    copy_from_user(site, start, sizeof(site)) ||
	    !has_number(site, (u32)tf->rax))
		return -EINVAL;
	err = patch_make(tf->rip, (u32)tf->rax, site);
	return err ? err : mm_poke_text(mm, start, site, sizeof(site));
}

/*
 * syscall; instruction. Not where a program may write: it would find what it knows
 * at the first two bytes and other things behind. Not sigreturn, which unwinders know
 * by its bytes. And not where the two bytes are no `syscall`: they may be the end of a
 * jump that stands there already.
 */
static int patch_without(struct mm *mm, const struct trap_frame *tf)
{
	u64 start = tf->rip - SYSCALL_INSN_BYTES;
	size_t n = MIN(ALIGN_UP(tf->rip, PAGE_SIZE) - tf->rip, (size_t)INSN_BYTES_MAX);
	const struct vma *vma = vma_at(mm, start);
	u8 call[SYSCALL_INSN_BYTES], code[INSN_BYTES_MAX], site[MOVED_SITE_BYTES];
	struct insn insn;
	int err;

	if (!vma || (vma->flags & VMA_W) || tf->rax == __NR_rt_sigreturn ||
	    !on_one_page(start, tf->rip + 1) || copy_from_user(call, start, sizeof(call)) ||
	    call[0] != SYSCALL_0 || call[1] != SYSCALL_1 ||
	    copy_from_user(code, tf->rip, n) || !insn_movable(code, n, &insn) ||
	    insn.len_bytes < MOVED_SITE_BYTES - SYSCALL_INSN_BYTES)
		return -EINVAL;
	err = patch_moved_make(tf->rip, code, &insn, site);
	return err ? err : mm_poke_text(mm, start, site, sizeof(site));
}

/* 0: it is patched. -EINVAL: not the shape. -ENOSPC: no stub. */
static int patch_site_of(struct mm *mm, const struct trap_frame *tf)
{
	int err = patch_with_number(mm, tf), other = err ? patch_without(mm, tf) : 0;

	return err == -ENOSPC && other ? err : other;
}

void patch_consider(const struct trap_frame *tf)
{
	struct mm *mm = current_task()->mm;
	struct site_count *count;
	int err;

	if (boot_info()->intercept != LODGER_INTERCEPT_PATCH ||
	    tf->rip >= LODGER_USER_LOW_END)
		return;
	count = count_of(mm, tf->rip);
	if (++count->calls < CALLS_BEFORE_PATCH)
		return;
	err = patch_site_of(mm, tf);
	if (err == -ENOSPC && patch_sweep())
		err = patch_site_of(mm, tf);
	if (err) {
		count->calls = 0; /* not to look each time */
		return;
	}
	*count = (struct site_count){ NULL };
	counters()->sites_patched++;
}

/* At every return: whatever changed a number, here or in another process, did so
 * while no program ran. */
void patch_show_ids(const struct task *task)
{
	user_page()->ids = (struct user_ids){
		.pid = (u32)task->proc->pid,
		.tid = (u32)task->tid,
		.uid = task->cred.uid,
		.euid = task->cred.euid,
		.gid = task->cred.gid,
		.egid = task->cred.egid,
	};
}

/* The bytes of a patched site without a number, whose call returns to ret. */
static bool read_moved(u64 ret, u8 site[MOVED_SITE_BYTES])
{
	return patch_moved_known(ret) &&
	       user_peek(site, ret - SYSCALL_INSN_BYTES, MOVED_SITE_BYTES) == 0;
}

u64 patch_way(u64 rip)
{
	u8 site[MOVED_SITE_BYTES];
	u64 next;

	if (!read_moved(rip, site))
		return rip;
	next = patch_moved_next(rip, site);
	return next ? next : rip;
}

bool patch_behind(const struct trap_frame *tf)
{
	struct mm *mm = current_task()->mm;
	u8 site[MOVED_SITE_BYTES];

	if (!read_moved(tf->rip, site) || !patch_moved_next(tf->rip, site))
		return false;
	if (patch_moved_give_up(tf->rip, site) &&
	    mm_poke_text(mm, tf->rip - SYSCALL_INSN_BYTES, site, sizeof(site)) == 0)
		count_of(mm, tf->rip)->calls = -CALLS_AFTER_GIVING_UP;
	return true;
}

bool patch_old_syscall(struct trap_frame *tf)
{
	u8 site[PATCHED_SITE_BYTES];
	u64 start = tf->rip - (PATCHED_SITE_BYTES - SYSCALL_INSN_BYTES);

	if (boot_info()->intercept != LODGER_INTERCEPT_PATCH ||
	    copy_from_user(site, start, sizeof(site)) || !patch_is_site(site))
		return false;
	tf->rip += SYSCALL_INSN_BYTES;
	tf->kind = TRAP_SYSCALL;
	tf->orig_rax = tf->rax;
	tf->insn_bytes = SYSCALL_INSN_BYTES;
	return true;
}
