/*
 * Slots and stubs for patched call sites. One stub for a pair of return address
 * and number; the same program text at the same address in several processes
 * shares it. What a stub does is harmless whoever jumps to it, so one is taken back
 * as soon as no site leads to it (entry/patch_sweep.c), and nobody is ever seen in
 * one who has not jumped there.
 *
 * A stub goes into the kernel, or, for calls that only ask for a number of the
 * task's own, reads it from the user page and goes back: no kernel entry. A trace
 * of calls is to be complete, so while there is one all stubs go into the kernel.
 *
 * The area is mapped read-only and execute-only for everybody; it is written
 * through the kernel memory file.
 */
#include "hal/patch.h"

#include "abi/layout.h"
#include "hal/exec_guard.h"
#include "hal/host.h"
#include "hal/patch_moved.h"
#include "hal/prot.h"
#include "hal/user_page.h"
#include "lib/err.h"
#include "lib/string.h"

#define SITE_OPCODE_BYTES 3
/* Where instructions of a stub begin: */
#define AT_START 0
#define AT_NUMBER 5
#define ENTER_AT_JUMP 10
#define QUICK_AT_JUMP 12

/* Open addressing: a search ends at a key that was never used, not at a dropped one. */
struct patch_key {
	u32 ret, nr; /* ret 0: free, since it was dropped or for ever */
};

#define DROPPED ((struct patch_key){ 0, 1 })
#define NO_INDEX LODGER_PATCH_COUNT

static struct patch_key keys[LODGER_PATCH_COUNT];
static const u8 site_opcode[SITE_OPCODE_BYTES] = { 0xff, 0x24, 0x25 };

_Static_assert((LODGER_PATCH_SLOTS >> 16 & 0xff) == 0x06,
	       "the old syscall instruction must become an invalid one");

int patch_write(u64 addr, const void *bytes, size_t n)
{
	s64 done = host_call4(__NR_pwrite64, LODGER_FD_KMEM, (u64)bytes, n,
			      LODGER_KFILE_OFFSET(addr));

	return done == (s64)n ? 0 : -ENOSPC;
}

/* Where in the user page the answer to call nr stands; 0: nowhere. */
static u32 quick_offset(u32 nr)
{
	if (boot_info()->flags & LODGER_BOOT_TRACE_SYSCALLS)
		return 0;
	switch (nr) {
	case __NR_getpid:
		return offsetof(struct user_page, ids.pid);
	case __NR_gettid:
		return offsetof(struct user_page, ids.tid);
	case __NR_getuid:
		return offsetof(struct user_page, ids.uid);
	case __NR_geteuid:
		return offsetof(struct user_page, ids.euid);
	case __NR_getgid:
		return offsetof(struct user_page, ids.gid);
	case __NR_getegid:
		return offsetof(struct user_page, ids.egid);
	default:
		return 0;
	}
}

/* mov $nr, %eax; jmp to the gate */
static void code_enter(u8 *code, u64 at, u32 nr)
{
	u32 relative = (u32)((u64)prot_backend->call_entry - (at + 10));

	code[0] = 0xb8;
	memcpy(code + 1, &nr, 4);
	code[5] = 0xe9;
	memcpy(code + 6, &relative, 4);
}

/* mov user_page + offset, %eax; jmp *%rcx */
static void code_quick(u8 *code, u32 offset)
{
	u32 from = LODGER_USER_PAGE + offset;

	code[0] = 0x8b;
	code[1] = 0x04;
	code[2] = 0x25;
	memcpy(code + 3, &from, 4);
	code[7] = 0xff;
	code[8] = 0xe1;
	code[9] = 0xcc;
}

/* mov $ret, %ecx, and one of the two */
static int write_stub(u64 at, u32 ret, u32 nr)
{
	u8 code[LODGER_PATCH_STUB_BYTES];

	code[0] = 0xb9;
	memcpy(code + 1, &ret, 4);
	if (quick_offset(nr))
		code_quick(code + 5, quick_offset(nr));
	else
		code_enter(code + 5, at + 5, nr);
	code[15] = 0xcc;
	/* the program has chosen the address: it must be no instruction either */
	if (exec_guard_finds(code, sizeof(code)))
		return -EINVAL;
	return patch_write(at, code, sizeof(code));
}

static int make_stub(u32 index, u32 ret, u32 nr)
{
	u64 stub = LODGER_PATCH_STUBS + index * LODGER_PATCH_STUB_BYTES;
	int err = write_stub(stub, ret, nr);

	if (!err)
		err = patch_write(LODGER_PATCH_SLOTS +
						index * LODGER_PATCH_SLOT_BYTES,
					&stub, sizeof(stub));
	if (err)
		return err;
	keys[index] = (struct patch_key){ ret, nr };
	return 0;
}

static u32 next_index(u32 index)
{
	return (index + 1) % LODGER_PATCH_COUNT;
}

static bool never_used(u32 index)
{
	return !keys[index].ret && !keys[index].nr;
}

/* Where a search begins. */
static u32 home_of(u32 ret)
{
	return (ret * 2654435761u >> 7) % LODGER_PATCH_COUNT;
}

/* The key's index, or of a free one where it may be, or NO_INDEX. */
static u32 find_key(u32 ret, u32 nr)
{
	u32 i = home_of(ret), found = NO_INDEX;

	for (u32 n = 0; n < LODGER_PATCH_COUNT; n++, i = next_index(i)) {
		if (keys[i].ret == ret && keys[i].nr == nr)
			return i;
		if (!keys[i].ret && found == NO_INDEX)
			found = i;
		if (never_used(i))
			break;
	}
	return found;
}

static void site_of(u32 index, u8 site[PATCHED_SITE_BYTES])
{
	u32 slot = LODGER_PATCH_SLOTS + index * LODGER_PATCH_SLOT_BYTES;

	memcpy(site, site_opcode, SITE_OPCODE_BYTES);
	memcpy(site + SITE_OPCODE_BYTES, &slot, sizeof(slot));
}

int patch_make(u64 ret, u32 nr, u8 site[PATCHED_SITE_BYTES])
{
	u32 i = find_key((u32)ret, nr);
	int err = 0;

	if (i == NO_INDEX)
		return -ENOSPC;
	if (!keys[i].ret)
		err = make_stub(i, (u32)ret, nr);
	if (!err)
		site_of(i, site);
	return err;
}

bool patch_used(u32 index, struct patch_site *site)
{
	if (!keys[index].ret)
		return false;
	site->addr = keys[index].ret - PATCHED_SITE_BYTES;
	site->len_bytes = PATCHED_SITE_BYTES;
	site_of(index, site->bytes);
	return true;
}

void patch_drop(u32 index)
{
	u8 code[LODGER_PATCH_STUB_BYTES];

	memset(code, 0xcc, sizeof(code));
	if (patch_write(LODGER_PATCH_STUBS + index * LODGER_PATCH_STUB_BYTES, code,
			sizeof(code)) == 0)
		keys[index] = DROPPED;
}

/* Only those dropped keys stay such that a search for another has to pass. */
void patch_tidy(void)
{
	for (u32 i = 0; i < LODGER_PATCH_COUNT; i++) {
		if (!keys[i].ret)
			keys[i].nr = 0;
	}
	for (u32 end = 0; end < LODGER_PATCH_COUNT; end++) {
		for (u32 i = home_of(keys[end].ret); keys[end].ret && i != end; i = next_index(i)) {
			if (never_used(i))
				keys[i] = DROPPED;
		}
	}
}

bool patch_is_site(const u8 site[PATCHED_SITE_BYTES])
{
	u32 slot;

	memcpy(&slot, site + SITE_OPCODE_BYTES, sizeof(slot));
	return memcmp(site, site_opcode, SITE_OPCODE_BYTES) == 0 &&
	       slot >= LODGER_PATCH_SLOTS &&
	       slot < LODGER_PATCH_SLOTS +
			      LODGER_PATCH_COUNT * LODGER_PATCH_SLOT_BYTES &&
	       slot % LODGER_PATCH_SLOT_BYTES == 0;
}

/* The stub that rip is in, or NULL. */
static const struct patch_key *stub_at(u64 rip)
{
	if (rip < LODGER_PATCH_STUBS ||
	    rip >= LODGER_PATCH_STUBS + LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES)
		return NULL;
	return &keys[(rip - LODGER_PATCH_STUBS) / LODGER_PATCH_STUB_BYTES];
}

/*
 * Only where an instruction begins: who is in the middle of one has jumped there,
 * and what its bytes mean then is the program's choice (the return address is
 * among them), a loop for instance.
 */
static bool stub_begins(u64 rip, u32 jump)
{
	u32 at = rip % LODGER_PATCH_STUB_BYTES;

	return at == AT_START || at == AT_NUMBER || at == jump;
}

bool patch_is_stub(u64 rip)
{
	const struct patch_key *key = stub_at(rip);

	if (patch_moved_enters(rip))
		return true;
	return key && key->ret && !quick_offset(key->nr) &&
	       stub_begins(rip, ENTER_AT_JUMP);
}

void patch_finish(struct trap_frame *tf)
{
	const struct patch_key *key = stub_at(tf->rip);
	u32 offset = key && key->ret ? quick_offset(key->nr) : 0;

	patch_moved_finish(tf);
	if (!offset || !stub_begins(tf->rip, QUICK_AT_JUMP))
		return;
	tf->rax = *(const u32 *)((const u8 *)user_page() + offset);
	tf->rcx = key->ret;
	tf->rip = key->ret;
}
