/*
 * Address spaces by remapping (paper, section 3.3): one host process, one set
 * of host mappings. Switching unmaps all user ranges and maps every extent of
 * the next space.
 *
 * Requests for a space that is not loaded need no work: the next load asks
 * its owner for everything.
 */
#include "abi/layout.h"
#include "hal/as.h"
#include "hal/host.h"
#include "lib/bug.h"

#include <linux/mman.h>

/* Up to here a mapping's pages are touched at once, one host call for both:
 * such requests come from faults. Larger ones are filled as they are used. */
#define POPULATE_MAX_BYTES (64 * 1024)

static struct as *loaded;
static bool high_in_use;

static int remap_create(struct as *as, const struct as_owner_ops *owner)
{
	as->owner = owner;
	as->loaded = false;
	as->extents = 0;
	return 0;
}

static s64 remap_map(const struct as_req *req, bool populate)
{
	u64 flags = MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0);
	s64 ret;

	counters()->maps++;
	if (req->addr >= LODGER_USER_HIGH_BASE)
		high_in_use = true;
	ret = host_call6(__NR_mmap, req->addr, req->len_bytes, req->prot, flags,
			 LODGER_FD_RAM, req->gpa.v);
	return ret == (s64)req->addr ? 0 : ret;
}

static void remap_clear(void)
{
	counters()->unmaps++;
	host_call3(__NR_munmap, boot_info()->user_low_min,
		   LODGER_USER_LOW_END - boot_info()->user_low_min, 0);
	if (!high_in_use)
		return;
	counters()->unmaps++;
	host_call3(__NR_munmap, LODGER_USER_HIGH_BASE,
		   LODGER_USER_HIGH_END - LODGER_USER_HIGH_BASE, 0);
	high_in_use = false;
}

static void remap_emit(struct as *as, const struct as_req *req)
{
	s64 err = remap_map(req, false);

	if (err)
		panic("remap: host mapping of %llu bytes: %lld",
		      (unsigned long long)req->len_bytes, (long long)err);
	as->extents++;
}

static void remap_switch_to(struct as *as)
{
	if (as == loaded)
		return;
	counters()->as_switches++;
	if (loaded) {
		loaded->loaded = false;
		remap_clear();
	}
	loaded = as;
	if (!as)
		return;
	as->loaded = true;
	as->extents = 0;
	as->owner->replay(as, remap_emit);
}

static void remap_destroy(struct as *as)
{
	if (as == loaded)
		remap_switch_to(NULL);
}

static s64 remap_one(const struct as_req *req)
{
	switch (req->op) {
	case AS_MAP:
		return remap_map(req, req->len_bytes <= POPULATE_MAX_BYTES);
	case AS_UNMAP:
		counters()->unmaps++;
		return host_call3(__NR_munmap, req->addr, req->len_bytes, 0);
	case AS_PROTECT:
		counters()->protects++;
		return host_call3(__NR_mprotect, req->addr, req->len_bytes,
				  req->prot);
	}
	BUG();
}

static int remap_apply(struct as *as, const struct as_req *req, size_t n,
		       size_t *done)
{
	s64 err;

	*done = 0;
	if (as != loaded)
		return 0;
	for (; *done < n; ++*done) {
		err = remap_one(&req[*done]);
		if (err)
			return (int)err;
	}
	return 0;
}

const struct as_ops as_remap = {
	.name = "remap",
	.create = remap_create,
	.destroy = remap_destroy,
	.switch_to = remap_switch_to,
	.apply = remap_apply,
};
