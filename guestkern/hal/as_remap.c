/*
 * Address spaces by remapping (paper, section 3.3): one host process, one set
 * of host mappings. Switching unmaps all user ranges and maps every extent of
 * the next space.
 *
 * Requests for a space that is not loaded need no work: the next load asks
 * its owner for everything.
 */
#include "hal/as.h"
#include "hal/hal.h"

static struct as *loaded;

static int remap_create(struct as *as, const struct as_owner_ops *owner)
{
	as->owner = owner;
	return 0;
}

static void remap_switch_to(struct as *as)
{
	if (as == loaded)
		return;
	counters()->as_switches++;
	if (loaded) {
		loaded->loaded = false;
		as_host_clear();
	}
	loaded = as;
	if (!as)
		return;
	as->loaded = true;
	as->extents = 0;
	as->owner->replay(as, as_host_emit);
}

static void remap_destroy(struct as *as)
{
	if (as == loaded)
		remap_switch_to(NULL);
}

static int remap_apply(struct as *as, const struct as_req *req, size_t n,
		       size_t *done)
{
	*done = 0;
	return as == loaded ? as_host_apply(req, n, done) : 0;
}

const struct as_ops as_remap = {
	.name = "remap",
	.create = remap_create,
	.destroy = remap_destroy,
	.switch_to = remap_switch_to,
	.apply = remap_apply,
};
