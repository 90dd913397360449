/* Batches of address-space requests. */
#include "hal/as.h"

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
