/*
 * Requests carried out in this host process: what the address-space backends
 * have in common.
 */
#include "abi/boot.h"
#include "abi/layout.h"
#include "hal/as.h"
#include "hal/exec_guard.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "lib/bug.h"

#include <linux/mman.h>

/* Up to here a mapping's pages are touched at once, one host call for both: a
 * fault of the host costs as much as touching several pages that way. Larger
 * ones are filled as they are used, unless all of them is known to be. */
#define POPULATE_MAX_BYTES (64 * 1024)

static s64 map_as_asked(const struct as_req *req, bool populate)
{
	u64 flags = MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0);
	s64 ret;

	counters()->maps++;
	if (req->addr >= LODGER_USER_HIGH_BASE)
		host_self()->high = true;
	ret = host_call6(__NR_mmap, req->addr, req->len_bytes, req->prot, flags,
			 LODGER_FD_RAM, req->gpa.v);
	return ret == (s64)req->addr ? 0 : ret;
}

s64 as_host_map(const struct as_req *req, bool populate)
{
	return exec_guard_map(req, populate, map_as_asked);
}

static s64 protect_as_asked(const struct as_req *req)
{
	counters()->protects++;
	return host_call3(__NR_mprotect, req->addr, req->len_bytes, req->prot);
}

void as_host_clear(void)
{
	counters()->unmaps++;
	host_call3(__NR_munmap, boot_info()->user_low_min,
		   LODGER_USER_LOW_END - boot_info()->user_low_min, 0);
	if (!host_self()->high)
		return;
	counters()->unmaps++;
	host_call3(__NR_munmap, LODGER_USER_HIGH_BASE,
		   LODGER_USER_HIGH_END - LODGER_USER_HIGH_BASE, 0);
	host_self()->high = false;
}

static s64 as_host_one(const struct as_req *req)
{
	switch (req->op) {
	case AS_MAP:
		return as_host_map(req, req->all_used ||
					req->len_bytes <= POPULATE_MAX_BYTES);
	case AS_UNMAP:
		counters()->unmaps++;
		return host_call3(__NR_munmap, req->addr, req->len_bytes, 0);
	case AS_PROTECT:
		return exec_guard_protect(req, map_as_asked, protect_as_asked);
	}
	BUG();
}

int as_host_apply(const struct as_req *req, size_t n, size_t *done)
{
	for (*done = 0; *done < n; ++*done) {
		s64 err = as_host_one(&req[*done]);

		if (err)
			return (int)err;
	}
	return 0;
}

s32 as_host_ask_maker(u32 op, u32 number)
{
	struct lodger_maker_request request = { op, number };
	struct lodger_maker_reply reply = { 0, number };

	host_call3(__NR_write, LODGER_FD_MAKER, (u64)&request, sizeof(request));
	if (op != LODGER_MAKER_DROP &&
	    host_call3(__NR_read, LODGER_FD_MAKER, (u64)&reply,
		       sizeof(reply)) != sizeof(reply))
		return -1;
	return reply.result;
}

void as_host_queue(struct as *as, const struct as_req *req, size_t n)
{
	if (as->rebuild)
		return;
	as->rebuild = as->queued + n > ARRAY_SIZE(as->queue);
	for (size_t i = 0; i < n && !as->rebuild; i++)
		as->queue[as->queued++] = req[i];
}

bool as_host_catch_up(struct as *as)
{
	size_t done;

	if (as->rebuild ||
	    (as->queued && as_host_apply(as->queue, as->queued, &done)))
		return false;
	as->queued = 0;
	return true;
}

void as_host_emit(struct as *as, const struct as_req *req)
{
	s64 err = as_host_map(req, false);

	if (err)
		panic("host mapping of %llu bytes: %lld",
		      (unsigned long long)req->len_bytes, (long long)err);
	as->extents++;
}

void as_host_show(struct as *as)
{
	as->queued = 0;
	as->rebuild = false;
	as->extents = 0;
	as->owner->replay(as, as_host_emit);
}
