/*
 * Address spaces of the host kernel module (paper, section 3.3: switchguest): one
 * host process that holds several, and one call to go from one to another.
 *
 * The host's spaces are numbered slots; 0 is the one that the machine began in.
 * A slot is to a space what a set of mappings is, as a host process is in
 * as_multi.c: a space without one is replayed into one when it is switched to,
 * one that nobody needs is kept for the next, and where there are no more the one
 * used longest ago changes hands.
 *
 * All slots have the window, which is the same memory in each: the guest kernel
 * goes on from the switch as if nothing had happened. The VMM process's spawner
 * makes them (vmmproc/procs.h), so a new one has hosted leftovers at first.
 */
#include "abi/boot.h"
#include "abi/kmod.h"
#include "abi/layout.h"
#include "hal/as.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "lib/bug.h"

struct as_slot {
	struct as *as; /* whose mappings it has, or NULL */
	bool made;
	bool hosted; /* nobody has been in it yet */
	bool stale;  /* it has mappings that nobody wants any more */
	bool high;   /* as_host.c's, of this one */
	u64 used;    /* when it was last switched to, in switches */
	struct as_slot *next_free;
};

_Static_assert(LODGER_KMOD_SPACES == LODGER_HOST_PROCESSES, "requests name slots by number");

static struct as_slot slots[LODGER_KMOD_SPACES] = { [0] = { .made = true } };
static struct as_slot *free_slots = &slots[0];
static struct as_slot *in_force = &slots[0];
static u32 made_count = 1;
static u32 limit = LODGER_KMOD_SPACES; /* less once the host refuses */
static u64 switches;

/* With --protect kmod-mm every slot has two of the host's spaces: an even number, and
 * after it what programs run in. */
static u32 spaces_a_slot(void)
{
	return boot_info()->protect == LODGER_PROTECT_KMOD_MM ? 2 : 1;
}

static u32 number_of(const struct as_slot *slot)
{
	return (u32)(slot - slots) * spaces_a_slot();
}

/* --- slots ----------------------------------------------------------------- */

static struct as_slot *make(void)
{
	struct as_slot *slot = &slots[made_count];

	if (made_count >= limit / spaces_a_slot())
		return NULL;
	for (u32 i = 0; i < spaces_a_slot(); i++)
		if (as_host_ask_maker(LODGER_MAKER_MAKE, number_of(slot) + i)) {
			limit = made_count * spaces_a_slot();
			return NULL;
		}
	*slot = (struct as_slot){ .made = true, .hosted = true };
	made_count++;
	return slot;
}

static struct as_slot *find_free(void)
{
	struct as_slot *slot = free_slots;

	if (slot)
		free_slots = slot->next_free;
	return slot;
}

static struct as_slot *find_oldest(void)
{
	struct as_slot *oldest = NULL;

	for (u32 i = 0; i < made_count; i++)
		if (slots[i].as && (!oldest || slots[i].used < oldest->used))
			oldest = &slots[i];
	BUG_ON(!oldest);
	return oldest;
}

static struct as_slot *choose(struct as *as)
{
	struct as_slot *slot = as->slot;

	if (!slot)
		slot = find_free();
	if (!slot)
		slot = make();
	return slot ? slot : find_oldest();
}

/* What the process that lent the memory had mapped outside the window. */
static void unmap_hosted(void)
{
	if (host_call3(__NR_munmap, 0, LODGER_WINDOW_BASE, 0) ||
	    host_call3(__NR_munmap, LODGER_WINDOW_END,
		       LODGER_USER_HIGH_END - LODGER_WINDOW_END, 0))
		panic("a new address space is not empty");
}

/* switchguest */
static void enter(struct as_slot *slot)
{
	s64 err;

	if (slot == in_force)
		return;
	in_force->high = host_self()->high;
	host_self()->high = slot->high;
	err = host_call3(LODGER_KMOD_SWITCH, number_of(slot), 0, 0);
	if (err)
		panic("the host's module has no space %u: %lld", number_of(slot),
		      (long long)err);
	in_force = slot;
	if (slot->hosted)
		unmap_hosted();
	slot->hosted = false;
}

/* --- spaces ---------------------------------------------------------------- */

/* In the slot, which shows another space or nothing that is of use. */
static void show(struct as *as, struct as_slot *slot)
{
	if (slot->as && slot->as != as)
		slot->as->slot = NULL;
	if (slot->as || slot->stale)
		as_host_clear();
	slot->stale = false;
	slot->as = as;
	as->slot = slot;
	as_host_show(as);
}

static void kmod_switch_to(struct as *as, struct as *old)
{
	struct as_slot *slot = choose(as);

	(void)old; /* its mappings stay where they are */
	enter(slot);
	slot->used = ++switches;
	if (slot->as != as || !as_host_catch_up(as))
		show(as, slot);
}

static void kmod_destroy(struct as *as, bool was_loaded)
{
	struct as_slot *slot = as->slot;

	(void)was_loaded;
	if (!slot)
		return;
	as->slot = NULL;
	slot->as = NULL;
	slot->stale = true;
	slot->next_free = free_slots;
	free_slots = slot;
}

static int kmod_apply(struct as *as, const struct as_req *req, size_t n, size_t *done)
{
	*done = 0;
	if (as->loaded)
		return as_host_apply(req, n, done);
	if (as->slot)
		as_host_queue(as, req, n);
	return 0;
}

const struct as_ops as_kmod = {
	.name = "kmod",
	.destroy = kmod_destroy,
	.switch_to = kmod_switch_to,
	.apply = kmod_apply,
};
