/*
 * Patching call sites. A site is patched in the private copy of one address
 * space; text in the page cache and other programs' text stay as they are.
 *
 * Safe against a thread half-way through the old bytes: between `mov` and
 * `syscall` it goes on at byte 5 of the jump, which is an invalid instruction
 * (hal/patch.c), and patch_old_syscall makes that trap the call. So does an old
 * jump to the `syscall` itself.
 */
#include "entry/patch.h"

#include "hal/hal.h"
#include "hal/patch.h"
#include "hal/user_page.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/uaccess.h"
#include "proc/task.h"

/* A patch costs as much as some ten signals: programs that make few calls are
 * left alone. */
#define CALLS_BEFORE_PATCH 8
#define SITE_COUNTERS 256
#define MOV_EAX_IMM32 0xb8

/* Counts by site; collisions only delay. */
static struct {
	const struct mm *mm;
	u64 rip;
	u32 calls;
} seen[SITE_COUNTERS];

static bool seen_often(const struct mm *mm, u64 rip)
{
	u32 i = (u32)((rip ^ rip >> 9 ^ (u64)mm >> 6) % SITE_COUNTERS);

	if (seen[i].mm != mm || seen[i].rip != rip) {
		seen[i].mm = mm;
		seen[i].rip = rip;
		seen[i].calls = 0;
	}
	return ++seen[i].calls >= CALLS_BEFORE_PATCH;
}

/* mov $nr, %eax; syscall */
static bool has_shape(const u8 *site, u32 nr)
{
	u32 imm;

	memcpy(&imm, site + 1, sizeof(imm));
	return site[0] == MOV_EAX_IMM32 && imm == nr && site[5] == 0x0f &&
	       site[6] == 0x05;
}

void patch_consider(const struct trap_frame *tf)
{
	struct mm *mm = current_task()->mm;
	u64 start = tf->rip - PATCHED_SITE_BYTES;
	u8 site[PATCHED_SITE_BYTES];

	if (boot_info()->intercept != LODGER_INTERCEPT_PATCH ||
	    tf->rip >> 32 || start >> PAGE_SHIFT != (tf->rip - 1) >> PAGE_SHIFT ||
	    !seen_often(mm, tf->rip))
		return;
	if (copy_from_user(site, start, sizeof(site)) ||
	    !has_shape(site, (u32)tf->rax))
		return;
	if (patch_make(tf->rip, (u32)tf->rax, site) ||
	    mm_poke_text(mm, start, site, sizeof(site)))
		return;
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
