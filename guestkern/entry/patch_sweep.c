/*
 * Taking back stubs. A stub belongs to an address of program text, and with address
 * randomisation every program that begins has other addresses: some thousand
 * programs, one after the other, would use all stubs up.
 *
 * A stub is needed as long as some address space has the jump to it at the site that it
 * was made for. There it is written, there a fork leaves it, and from there alone
 * it can be reached as a call. (A program that copies its text elsewhere copies
 * jumps that come back to the old place; nothing is promised to it.)
 *
 * Invariant: no task that goes on is inside a stub. Who is interrupted there has
 * come into the kernel, or is taken out of the stub, before another task runs
 * (hal/trap_gate.c, patch_finish); who is in a call returns to the address behind
 * it, and by the stub only if the site still says so (patch_way).
 */
#include "entry/patch_sweep.h"

#include "abi/layout.h"
#include "hal/patch.h"
#include "hal/patch_moved.h"
#include "mm/mm.h"

/* With fewer taken back the next sweep has to wait for twice as many failures. Each is
 * eight signals; a sweep costs as much as some hundred of them. */
#define WORTH_WHILE 256
#define PATIENCE_MAX 1024u

static u32 failures, patience = 1;

struct stub_kind {
	u32 count;
	bool (*used)(u32 index, struct patch_site *site);
	void (*drop)(u32 index);
	void (*tidy)(void);
};

static const struct stub_kind kinds[] = {
	{ LODGER_PATCH_COUNT, patch_used, patch_drop, patch_tidy },
	{ LODGER_MOVED_COUNT, patch_moved_used, patch_moved_drop, patch_moved_tidy },
};

static u32 sweep_kind(const struct stub_kind *kind)
{
	struct patch_site site;
	u32 freed = 0;

	for (u32 i = 0; i < kind->count; i++) {
		if (!kind->used(i, &site) ||
		    mm_any_has(site.addr, site.bytes, site.len_bytes))
			continue;
		kind->drop(i);
		freed++;
	}
	kind->tidy();
	return freed;
}

bool patch_sweep(void)
{
	u32 freed = 0;

	if (++failures < patience)
		return false;
	failures = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		freed += sweep_kind(&kinds[i]);
	patience = freed < WORTH_WHILE ? MIN(patience * 2, PATIENCE_MAX) : 1;
	return freed > 0;
}
