/*
 * The address-space axis: how a guest address space becomes host mappings.
 * The guest page table (mm) is the truth, the host's mappings a cache of it.
 * One file per mechanism: as_remap.c (paper: munmap/mmap on every switch).
 */
#ifndef HAL_AS_H
#define HAL_AS_H

#include "lib/types.h"

enum as_op { AS_MAP, AS_UNMAP, AS_PROTECT };

#define AS_R 1u
#define AS_W 2u
#define AS_X 4u

/* One request. addr and len are page aligned and inside user ranges. */
struct as_req {
	enum as_op op;
	u32 prot; /* AS_R|AS_W|AS_X; MAP and PROTECT */
	bool all_used; /* MAP: each page is about to be touched */
	uaddr_t addr;
	u64 len_bytes;
	gpa_t gpa; /* MAP: first byte of RAM shown there */
};

struct as;

/* The owner's side (mm): a backend that must rebuild mappings asks for them. */
struct as_owner_ops {
	/* Emits one AS_MAP request per extent that should be mapped now, in
	 * address order, by calling emit(as, req). */
	void (*replay)(struct as *as, void (*emit)(struct as *as,
						   const struct as_req *req));
	/* The RAM that as has at a page, shown or not; false: none. */
	bool (*frame_at)(struct as *as, uaddr_t addr, gpa_t *gpa);
	/* as has just become lost: whoever runs in it is to be killed. In an
	 * interrupt's handler. */
	void (*lost)(struct as *as);
};

#define AS_QUEUE_MAX 8

struct host_process;
struct as_slot;

/* Embedded in struct mm, all zero at first. */
struct as {
	const struct as_owner_ops *owner;
	bool loaded;	/* its mappings are the ones in force now */
	bool lost;	/* the program's registers are: it cannot go on */
	u64 extents;	/* mapped by the last load, for statistics */
	/* as_multi.c and as_kmod.c: where its mappings are, and what they lack */
	struct host_process *host;
	struct as_slot *slot;
	bool rebuild; /* more than the queue can hold */
	u32 queued;
	struct as_req queue[AS_QUEUE_MAX];
	/* exec_guard.c: its host process closes the core by a call; what could be
	 * executed when it was mapped last */
	bool by_call;
	u32 exec_epoch;
};

struct as_ops {
	const char *name;
	/* as ends; was_loaded: it was in force until now (user mappings may stay,
	 * nobody runs in them). */
	void (*destroy)(struct as *as, bool was_loaded);
	/* Puts as in force, which as_loaded() says already; old: what was, or
	 * NULL for none. */
	void (*switch_to)(struct as *as, struct as *old);
	/*
	 * Carries out req[0..n) in order. Returns 0, or -errno of the first
	 * that failed with *done = its index (-ENOMEM: the host's map count or
	 * memory is used up). On a space that is not loaded requests make no
	 * host call: they are carried out, or covered by a replay, before it
	 * is in force again.
	 */
	int (*apply)(struct as *as, const struct as_req *req, size_t n,
		     size_t *done);
	/* At interrupts: has a space been lost? NULL: that cannot be. */
	void (*look)(void);
};

/* The backend chosen at boot. */
extern const struct as_ops *as_backend;

/* as.c: which space is in force, whatever the backend. */

/* Begins a space, all zero so far. */
void as_create(struct as *as, const struct as_owner_ops *owner);
/* Ends it; none is in force if it was. */
void as_destroy(struct as *as);
/* Puts as in force. */
void as_switch_to(struct as *as);
/* The space in force, or NULL. */
struct as *as_loaded(void);

extern const struct as_ops as_remap;
extern const struct as_ops as_multi;
extern const struct as_ops as_kmod;

/* as_host.c, for the backends: requests to this host process. */

/* A MAP request; populate: touch its pages too. 0 or -errno of the host. */
s64 as_host_map(const struct as_req *req, bool populate);
/* The same for a replay, where failing ends the machine. */
void as_host_emit(struct as *as, const struct as_req *req);
/* As as_ops.apply. */
int as_host_apply(const struct as_req *req, size_t n, size_t *done);
/* Unmaps all user ranges. */
void as_host_clear(void);
/* Where a space keeps its mappings while others are in force: notes requests for
 * later; carries them out, false if all is to be shown anew; maps everything. */
void as_host_queue(struct as *as, const struct as_req *req, size_t n);
bool as_host_catch_up(struct as *as);
void as_host_show(struct as *as);
/* A request to the VMM process (enum lodger_maker_op): 0, or an error of the
 * host's. */
s32 as_host_ask_maker(u32 op, u32 number);

/* Small batch with automatic flushing, for callers that generate requests. */
#define AS_BATCH_MAX 16
struct as_batch {
	struct as *as;
	int err; /* first failure; later requests are dropped */
	size_t n;
	struct as_req req[AS_BATCH_MAX];
};
/* Empties b and aims it at as. */
void as_batch_init(struct as_batch *b, struct as *as);
/* Adds a request; merges with the previous one where both are contiguous. */
void as_batch_add(struct as_batch *b, const struct as_req *req);
/* Applies what is left; returns the batch's first error or 0. */
int as_batch_finish(struct as_batch *b);

#endif
