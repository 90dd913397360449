/*
 * Stubs for call sites whose number is set elsewhere.
 *
 *     site                     stub
 *     syscall                  mov $ret, %ecx
 *  ret: instruction            jmp call_entry
 *       next                   instruction
 *     becomes                  jmp next
 *     jmp stub
 *
 * Invariant: the jump's third byte, which now stands at ret, is an invalid opcode. It
 * is the second byte of the distance to the stub, so a site can have only such stubs
 * as lie at the right distance: 13 opcodes are invalid in 64-bit mode for good, and
 * with each go eight stubs of 64 KiB.
 *
 * What there is to know of a stub stands in the stub, which nobody but the guest
 * kernel can write. As in hal/patch.c, one is taken back when no site leads to it.
 */
#include "hal/patch_moved.h"

#include "abi/layout.h"
#include "hal/exec_guard.h"
#include "hal/hal_private.h"
#include "hal/patch.h"
#include "hal/prot.h"
#include "lib/err.h"
#include "lib/string.h"

#define OPCODE_MOV_ECX 0xb9
#define OPCODE_JMP 0xe9
#define JMP_BYTES 5
#define SYSCALL_0 0x0f
#define SYSCALL_1 0x05
/* Of a stub: */
#define AT_RET 1
#define AT_ENTER 5
#define AT_INSN 10
#define AT_LEN (LODGER_MOVED_STUB_BYTES - 1)
#define FILL 0xcc

/* Jumps behind a site that programs may make before one gets its `syscall` back. */
#define JUMPS_MAX 16

_Static_assert(AT_INSN + INSN_BYTES_MAX + JMP_BYTES < AT_LEN, "a stub holds its parts");

static u8 jumps[LODGER_MOVED_COUNT]; /* behind the site */

/* One bit for some addresses: is a stub for one of them? */
#define KNOWN_BITS 8192
static u64 known[KNOWN_BITS / 64];

static u32 known_bit(u64 ret)
{
	return (u32)(ret * 2654435761u >> 15) % KNOWN_BITS;
}

static void set_known(u64 ret)
{
	u32 bit = known_bit(ret);

	known[bit / 64] |= 1ULL << bit % 64;
}

bool patch_moved_known(u64 ret)
{
	u32 bit = known_bit(ret);

	return known[bit / 64] >> bit % 64 & 1;
}

static u64 stub_addr(u32 index)
{
	return LODGER_MOVED_STUBS + index * LODGER_MOVED_STUB_BYTES;
}

/* The stub that rip is in, or NULL. Only with --intercept patch is there such memory. */
static const u8 *stub_at(u64 rip)
{
	const u64 end = LODGER_MOVED_STUBS + LODGER_MOVED_COUNT * LODGER_MOVED_STUB_BYTES;
	const u8 *stub;

	if (rip < LODGER_MOVED_STUBS || rip >= end ||
	    boot_info()->intercept != LODGER_INTERCEPT_PATCH)
		return NULL;
	stub = (const u8 *)ALIGN_DOWN(rip, LODGER_MOVED_STUB_BYTES);
	return stub[0] == OPCODE_MOV_ECX ? stub : NULL;
}

static u32 stub_ret(const u8 *stub)
{
	u32 ret;

	memcpy(&ret, stub + AT_RET, sizeof(ret));
	return ret;
}

/* Invalid in 64-bit mode on every processor (SDM vol 2, appendix A.3). */
static bool is_invalid_opcode(u8 opcode)
{
	switch (opcode) {
	case 0x06: /* push and pop of segments */
	case 0x07:
	case 0x0e:
	case 0x16:
	case 0x17:
	case 0x1e:
	case 0x1f:
	case 0x27: /* decimal and ASCII arithmetic */
	case 0x2f:
	case 0x37:
	case 0x3f:
	case 0x60: /* pusha, popa */
	case 0x61:
		return true;
	default:
		return false;
	}
}

/* --- making ------------------------------------------------------------------------ */

static u32 jump_distance(u64 from, u64 to)
{
	return (u32)(to - (from + JMP_BYTES));
}

static void put_jump(u8 *code, u64 from, u64 to)
{
	u32 distance = jump_distance(from, to);

	code[0] = OPCODE_JMP;
	memcpy(code + 1, &distance, sizeof(distance));
}

static bool distance_fits(u64 ret, u64 stub)
{
	return is_invalid_opcode(
		(u8)(jump_distance(ret - SYSCALL_INSN_BYTES, stub) >> 8));
}

/* False: this instruction, or what comes out, cannot be there. */
static bool write_code(u8 *code, u64 at, u64 ret, const u8 *insn_code,
		       const struct insn *insn)
{
	u32 low = (u32)ret, end = AT_INSN + insn->len_bytes;

	memset(code, FILL, LODGER_MOVED_STUB_BYTES);
	code[0] = OPCODE_MOV_ECX;
	memcpy(code + AT_RET, &low, sizeof(low));
	put_jump(code + AT_ENTER, at + AT_ENTER, (u64)prot_backend->call_entry);
	if (!insn_move(code + AT_INSN, at + AT_INSN, insn_code, ret, insn))
		return false;
	put_jump(code + end, at + end, ret + insn->len_bytes);
	code[AT_LEN] = (u8)insn->len_bytes;
	/* the program has chosen it: it must be no instruction that opens the core */
	return !exec_guard_finds(code, LODGER_MOVED_STUB_BYTES);
}

/* A free stub: its index is beyond what is used. The same site of another process
 * has the same one. */
static int find_or_make(u64 ret, const u8 *insn_code, const struct insn *insn, u32 *index)
{
	u8 code[LODGER_MOVED_STUB_BYTES];

	for (u32 i = 0; i < LODGER_MOVED_COUNT; i++) {
		const u8 *stub = stub_at(stub_addr(i));

		if (!distance_fits(ret, stub_addr(i)) || (stub && stub_ret(stub) != ret) ||
		    !write_code(code, stub_addr(i), ret, insn_code, insn))
			continue;
		*index = i;
		if (!stub)
			return patch_write(stub_addr(i), code, sizeof(code));
		if (memcmp(stub, code, sizeof(code)) == 0)
			return 0;
	}
	return -ENOSPC;
}

int patch_moved_make(u64 ret, const u8 *code, const struct insn *insn,
		     u8 site[MOVED_SITE_BYTES])
{
	u32 index;
	int err = find_or_make(ret, code, insn, &index);

	if (err)
		return err;
	set_known(ret);
	put_jump(site, ret - SYSCALL_INSN_BYTES, stub_addr(index));
	return 0;
}

/* --- taking back ------------------------------------------------------------------- */

bool patch_moved_used(u32 index, struct patch_site *site)
{
	const u8 *stub = stub_at(stub_addr(index));

	if (!stub)
		return false;
	site->addr = stub_ret(stub) - SYSCALL_INSN_BYTES;
	site->len_bytes = MOVED_SITE_BYTES;
	put_jump(site->bytes, site->addr, (u64)stub);
	return true;
}

void patch_moved_drop(u32 index)
{
	u8 code[LODGER_MOVED_STUB_BYTES];

	memset(code, FILL, sizeof(code));
	if (patch_write(stub_addr(index), code, sizeof(code)) == 0)
		jumps[index] = 0;
}

/* Bits of addresses that have no stub any more. */
void patch_moved_tidy(void)
{
	memset(known, 0, sizeof(known));
	for (u32 i = 0; i < LODGER_MOVED_COUNT; i++) {
		const u8 *stub = stub_at(stub_addr(i));

		if (stub)
			set_known(stub_ret(stub));
	}
}

/* --- finding ----------------------------------------------------------------------- */

static const u8 *stub_of_site(u64 ret, const u8 site[MOVED_SITE_BYTES])
{
	const u8 *stub;
	u32 distance;
	u64 at;

	if (site[0] != OPCODE_JMP)
		return NULL;
	memcpy(&distance, site + 1, sizeof(distance));
	at = (u32)(ret - SYSCALL_INSN_BYTES + JMP_BYTES + distance);
	stub = stub_at(at);
	return stub && (u64)stub == at && stub_ret(stub) == ret ? stub : NULL;
}

u64 patch_moved_next(u64 ret, const u8 site[MOVED_SITE_BYTES])
{
	const u8 *stub = stub_of_site(ret, site);

	return stub ? (u64)stub + AT_INSN : 0;
}

bool patch_moved_give_up(u64 ret, u8 site[MOVED_SITE_BYTES])
{
	const u8 *stub = stub_of_site(ret, site);
	u8 code[INSN_BYTES_MAX];
	struct insn insn;
	u8 *count;

	if (!stub || !insn_movable(stub + AT_INSN, stub[AT_LEN], &insn) ||
	    !insn_move(code, ret, stub + AT_INSN, (u64)stub + AT_INSN, &insn))
		return false;
	count = &jumps[((u64)stub - LODGER_MOVED_STUBS) / LODGER_MOVED_STUB_BYTES];
	if (++*count < JUMPS_MAX)
		return false;
	*count = 0;
	site[0] = SYSCALL_0;
	site[1] = SYSCALL_1;
	memcpy(site + SYSCALL_INSN_BYTES, code, MOVED_SITE_BYTES - SYSCALL_INSN_BYTES);
	return true;
}

/* --- programs interrupted inside ---------------------------------------------------- */

bool patch_moved_enters(u64 rip)
{
	const u8 *stub = stub_at(rip);

	return stub && (rip == (u64)stub || rip == (u64)stub + AT_ENTER);
}

void patch_moved_finish(struct trap_frame *tf)
{
	const u8 *stub = stub_at(tf->rip);

	if (!stub)
		return;
	if (tf->rip == (u64)stub + AT_INSN)
		tf->rip = stub_ret(stub);
	else if (tf->rip == (u64)stub + AT_INSN + stub[AT_LEN])
		tf->rip = stub_ret(stub) + stub[AT_LEN];
}
