/* Which address space is in force, and batches of requests for any. */
#include "hal/as.h"
#include "hal/hal.h"

static struct as *loaded;

struct as *as_loaded(void)
{
	return loaded;
}

void as_create(struct as *as, const struct as_owner_ops *owner)
{
	as->owner = owner;
}

void as_destroy(struct as *as)
{
	bool was_loaded = as == loaded;

	/* first: a host process that ends while the backend works is replaced by
	 * one for the space in force (as_multi.c) */
	as->loaded = false;
	if (was_loaded)
		loaded = NULL;
	as_backend->destroy(as, was_loaded);
}

void as_switch_to(struct as *as)
{
	struct as *old = loaded;

	if (as == old)
		return;
	counters()->as_switches++;
	if (old)
		old->loaded = false;
	loaded = as;
	as->loaded = true;
	as_backend->switch_to(as, old);
}

void as_batch_init(struct as_batch *b, struct as *as)
{
	b->as = as;
	b->err = 0;
	b->n = 0;
}

static void as_batch_flush(struct as_batch *b)
{
	size_t done;

	if (b->n && !b->err)
		b->err = as_backend->apply(b->as, b->req, b->n, &done);
	b->n = 0;
}

static bool as_req_merge(struct as_req *last, const struct as_req *req)
{
	if (last->op != req->op || last->addr + last->len_bytes != req->addr)
		return false;
	if (req->op != AS_UNMAP && last->prot != req->prot)
		return false;
	if (req->op == AS_MAP && last->gpa.v + last->len_bytes != req->gpa.v)
		return false;
	last->len_bytes += req->len_bytes;
	return true;
}

void as_batch_add(struct as_batch *b, const struct as_req *req)
{
	if (b->n && as_req_merge(&b->req[b->n - 1], req))
		return;
	if (b->n == AS_BATCH_MAX)
		as_batch_flush(b);
	b->req[b->n++] = *req;
}

int as_batch_finish(struct as_batch *b)
{
	as_batch_flush(b);
	return b->err;
}
