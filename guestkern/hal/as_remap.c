/*
 * Address spaces by remapping (paper, section 3.3): one host process, one set
 * of host mappings. Switching unmaps all user ranges and maps every extent of
 * the next space.
 *
 * Requests for a space that is not loaded need no work: the next load asks
 * its owner for everything.
 */
#include "hal/as.h"

static void remap_switch_to(struct as *as, struct as *old)
{
	if (old)
		as_host_clear();
	as_host_show(as);
}

static void remap_destroy(struct as *as, bool was_loaded)
{
	(void)as;
	if (was_loaded)
		as_host_clear();
}

static int remap_apply(struct as *as, const struct as_req *req, size_t n,
		       size_t *done)
{
	*done = 0;
	return as->loaded ? as_host_apply(req, n, done) : 0;
}

const struct as_ops as_remap = {
	.name = "remap",
	.destroy = remap_destroy,
	.switch_to = remap_switch_to,
	.apply = remap_apply,
};
