/*
 * Slots and stubs for patched call sites. One stub for a pair of return address
 * and number; the same program text at the same address in several processes
 * shares it. Stubs are never taken back: what a stub does is harmless whoever
 * jumps to it.
 *
 * The area is mapped read-only and execute-only for everybody; it is written
 * through the kernel memory file.
 */
#include "hal/patch.h"

#include "abi/layout.h"
#include "hal/host.h"
#include "lib/err.h"
#include "lib/string.h"

#define SITE_OPCODE_BYTES 3

void call_entry(void);

struct patch_key {
	u32 ret, nr; /* ret 0: free */
};

static struct patch_key keys[LODGER_PATCH_COUNT];
static u32 used;
static const u8 site_opcode[SITE_OPCODE_BYTES] = { 0xff, 0x24, 0x25 };

_Static_assert((LODGER_PATCH_SLOTS >> 16 & 0xff) == 0x06,
	       "the old syscall instruction must become an invalid one");

static int write_kernel_file(u64 addr, const void *bytes, size_t n)
{
	s64 done = host_call4(__NR_pwrite64, LODGER_FD_KMEM, (u64)bytes, n,
			      LODGER_KFILE_OFFSET(addr));

	return done == (s64)n ? 0 : -ENOSPC;
}

/* mov $ret, %ecx; mov $nr, %eax; jmp call_entry */
static int write_stub(u64 at, u32 ret, u32 nr)
{
	u8 code[LODGER_PATCH_STUB_BYTES];
	u32 relative = (u32)((u64)call_entry - (at + 15));

	code[0] = 0xb9;
	memcpy(code + 1, &ret, 4);
	code[5] = 0xb8;
	memcpy(code + 6, &nr, 4);
	code[10] = 0xe9;
	memcpy(code + 11, &relative, 4);
	code[15] = 0xcc;
	return write_kernel_file(at, code, sizeof(code));
}

static int make_stub(u32 index, u32 ret, u32 nr)
{
	u64 stub = LODGER_PATCH_STUBS + index * LODGER_PATCH_STUB_BYTES;
	int err = write_stub(stub, ret, nr);

	if (!err)
		err = write_kernel_file(LODGER_PATCH_SLOTS +
						index * LODGER_PATCH_SLOT_BYTES,
					&stub, sizeof(stub));
	if (err)
		return err;
	keys[index] = (struct patch_key){ ret, nr };
	used++;
	return 0;
}

int patch_make(u64 ret, u32 nr, u8 site[PATCHED_SITE_BYTES])
{
	u32 i = (u32)(ret * 2654435761u >> 7) % LODGER_PATCH_COUNT;
	u32 slot;
	int err = 0;

	while (keys[i].ret && (keys[i].ret != ret || keys[i].nr != nr))
		i = (i + 1) % LODGER_PATCH_COUNT;
	if (!keys[i].ret)
		err = used < LODGER_PATCH_COUNT - 1 ?
			      make_stub(i, (u32)ret, nr) : -ENOSPC;
	if (err)
		return err;
	slot = LODGER_PATCH_SLOTS + i * LODGER_PATCH_SLOT_BYTES;
	memcpy(site, site_opcode, SITE_OPCODE_BYTES);
	memcpy(site + SITE_OPCODE_BYTES, &slot, sizeof(slot));
	return 0;
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

bool patch_is_stub(u64 rip)
{
	return rip >= LODGER_PATCH_STUBS &&
	       rip < LODGER_PATCH_STUBS +
			     LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES;
}
