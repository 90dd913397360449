/*
 * Executable pages under protection keys.
 *
 * Owns a byte for each frame of RAM, from its allocation on:
 *   FRAME_W  some program could write it
 *   FRAME_X  some program can execute it, so it was looked through
 *   FRAME_HEAD, FRAME_TAIL (with FRAME_X) its first bytes may end, its last ones
 *            begin an instruction that must not be there
 *
 * Invariant: what a host process can execute, unless it closes its core by a call
 * (prot_pkey.S), are frames with FRAME_X, of which no program can write any. So:
 *   - a frame with FRAME_W is not made executable;
 *   - before one with FRAME_X is made writable, or is written by the guest kernel,
 *     all spaces but the present one are to be mapped anew, which looks again,
 *     and the present one's host process changes to closing by a call;
 *   - a program that wants a page writable and executable, or fetches one that is
 *     refused, makes its host process change, too. Its space remembers.
 * There is no way back for a space; a host process is made anew for the next.
 *
 * Instructions across two pages: the pages that lie beside one in the space count,
 * whether they can be executed or not.
 */
#include "hal/exec_guard.h"

#include "abi/layout.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "hal/prot_pkey.h"

#define FRAME_W 1u
#define FRAME_X 2u
#define FRAME_HEAD 4u
#define FRAME_TAIL 8u
#define FRAME_LOOKED (FRAME_X | FRAME_HEAD | FRAME_TAIL)

#define INSN_BYTES 3 /* as far as one can tell them from others */
#define EDGE_BYTES (INSN_BYTES - 1)

static u32 epoch;
static u8 page_copy[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

u32 exec_guard_epoch(void)
{
	return epoch;
}

static bool is_on(void)
{
	return boot_info()->protect == LODGER_PROTECT_PKEY;
}

u64 exec_guard_bytes(void)
{
	return is_on() ? ALIGN_UP(boot_info()->ram_bytes >> PAGE_SHIFT, PAGE_SIZE) : 0;
}

static u8 *state_of(gpa_t gpa)
{
	return (u8 *)ALIGN_UP(boot_info()->image_end, PAGE_SIZE) + (gpa.v >> PAGE_SHIFT);
}

/* --- looking --------------------------------------------------------------------- */

/* wrpkru is 0f 01 ef; xrstor 0f ae with a memory operand and 5 in the reg field,
 * in 32-bit mode too (SDM vol 2). Prefixes do not matter here. */
static bool is_forbidden(const u8 *p)
{
	if (p[0] != 0x0f)
		return false;
	if (p[1] == 0x01)
		return p[2] == 0xef;
	return p[1] == 0xae && (p[2] >> 3 & 7) == 5 && p[2] >> 6 != 3;
}

bool exec_guard_finds(const u8 *bytes, size_t n)
{
	for (size_t i = 0; i + INSN_BYTES <= n; i++)
		if (is_forbidden(bytes + i))
			return true;
	return false;
}

/* Could these bytes, the last of a page, begin one? */
static bool tail_is_risky(const u8 *tail)
{
	return tail[1] == 0x0f || (tail[0] == 0x0f && (tail[1] == 0x01 || tail[1] == 0xae));
}

/* Could these, the first of a page, end one? */
static bool head_is_risky(const u8 *head)
{
	u8 tail[2][EDGE_BYTES] = { { 0x0f, 0x01 }, { 0x0f, 0xae } };
	u8 edge[2 * EDGE_BYTES];

	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < EDGE_BYTES; k++) {
			edge[k] = tail[i][k];
			edge[EDGE_BYTES + k] = head[k];
		}
		if (exec_guard_finds(edge, sizeof(edge)))
			return true;
		edge[0] = 0;
		edge[1] = 0x0f;
		if (exec_guard_finds(edge, sizeof(edge)))
			return true;
	}
	return false;
}

/* Looks through a frame. Returns what its state becomes; 0: it is refused. */
static u8 look(gpa_t gpa)
{
	u8 state = FRAME_X;

	ram_read(gpa, page_copy, PAGE_SIZE);
	if (exec_guard_finds(page_copy, PAGE_SIZE))
		return 0;
	if (head_is_risky(page_copy))
		state |= FRAME_HEAD;
	if (tail_is_risky(page_copy + PAGE_SIZE - EDGE_BYTES))
		state |= FRAME_TAIL;
	return state;
}

/* Do two pages that follow each other have one across? */
static bool joint_is_bad(gpa_t low, gpa_t high)
{
	u8 edge[2 * EDGE_BYTES];

	low.v += PAGE_SIZE - EDGE_BYTES;
	ram_read(low, edge, EDGE_BYTES);
	ram_read(high, edge + EDGE_BYTES, EDGE_BYTES);
	return exec_guard_finds(edge, sizeof(edge));
}

static bool edges_are_good(struct as *as, uaddr_t addr, gpa_t gpa)
{
	u8 state = *state_of(gpa);
	gpa_t other;

	if ((state & FRAME_HEAD) && addr &&
	    as->owner->frame_at(as, addr - PAGE_SIZE, &other) && joint_is_bad(other, gpa))
		return false;
	if (!(state & FRAME_TAIL))
		return true;
	if (addr + PAGE_SIZE == LODGER_WINDOW_BASE) /* the gate's text follows */
		return false;
	return !as->owner->frame_at(as, addr + PAGE_SIZE, &other) ||
	       !joint_is_bad(gpa, other);
}

static bool may_execute(struct as *as, uaddr_t addr, gpa_t gpa)
{
	u8 *state = state_of(gpa);

	if (*state & FRAME_W)
		return false;
	if (!(*state & FRAME_X))
		*state = look(gpa);
	return (*state & FRAME_X) && edges_are_good(as, addr, gpa);
}

/* --- changes ----------------------------------------------------------------------- */

/* The present space cannot be kept by the key any more. */
static void give_up(void)
{
	struct host_process *self = host_self();

	prot_pkey_by_call(self);
	if (self->as)
		self->as->by_call = true;
}

static bool any_has(gpa_t at, u64 len_bytes, u8 bits)
{
	const u8 *state = state_of(at);
	u64 first = at.v >> PAGE_SHIFT, last = (at.v + len_bytes - 1) >> PAGE_SHIFT;

	for (u64 i = 0; len_bytes && i <= last - first; i++)
		if (state[i] & bits)
			return true;
	return false;
}

/* Something that somebody can execute is about to change. */
static void revoke(void)
{
	u64 frames = boot_info()->ram_bytes >> PAGE_SHIFT;
	u8 *state = state_of((gpa_t){ 0 });

	for (u64 i = 0; i < frames; i++)
		state[i] &= (u8)~FRAME_LOOKED;
	epoch++;
	give_up();
}

void exec_guard_write(gpa_t at, u64 len_bytes)
{
	if (is_on() && any_has(at, len_bytes, FRAME_X))
		revoke();
}

void exec_guard_fresh(gpa_t at, u64 len_bytes)
{
	u8 *state = state_of(at);

	if (!is_on())
		return;
	for (u64 i = 0; i < len_bytes >> PAGE_SHIFT; i++)
		state[i] = 0;
}

void exec_guard_poke(gpa_t at, void (*write)(gpa_t at, const void *bytes, size_t n),
		     const void *bytes, size_t n)
{
	gpa_t page = { ALIGN_DOWN(at.v, PAGE_SIZE) };
	bool shown = is_on() && any_has(page, PAGE_SIZE, FRAME_X);

	if (shown)
		*state_of(page) &= (u8)~FRAME_LOOKED;
	write(at, bytes, n);
	if (!shown)
		return;
	*state_of(page) |= look(page);
	/* an edge that became risky is not looked at again for each space */
	if (!(*state_of(page) & FRAME_X) || (*state_of(page) & FRAME_TAIL) ||
	    at.v % PAGE_SIZE < EDGE_BYTES)
		revoke();
}

static void becomes_writable(gpa_t at, u64 len_bytes)
{
	u8 *state = state_of(at);

	exec_guard_write(at, len_bytes);
	for (u64 i = 0; i < len_bytes >> PAGE_SHIFT; i++)
		state[i] |= FRAME_W;
}

/* --- requests ---------------------------------------------------------------------- */

static bool is_fetched(uaddr_t addr)
{
	const struct trap_frame *tf = this_cpu()->frame;

	return tf && tf->kind == TRAP_PAGEFAULT && (tf->err & TRAP_PF_FETCH) &&
	       ALIGN_DOWN(tf->cr2, PAGE_SIZE) == addr;
}

/* The pages from offset on that have the same right to be executed as the first;
 * *good: which one. */
static u64 run_bytes(struct as *as, const struct as_req *req, u64 offset, bool *good)
{
	u64 end = offset;
	bool this;

	for (; end < req->len_bytes; end += PAGE_SIZE) {
		this = may_execute(as, req->addr + end, (gpa_t){ req->gpa.v + end });
		if (!this && is_fetched(req->addr + end))
			give_up();
		if (end != offset && this != *good)
			break;
		*good = this;
	}
	return end - offset;
}

static bool by_call(void)
{
	return prot_pkey_is_by_call(host_self());
}

static s64 map_runs(const struct as_req *req, bool populate,
		    s64 (*map)(const struct as_req *req, bool populate))
{
	struct as *as = host_self()->as;
	s64 err = 0;

	for (u64 at = 0; at < req->len_bytes && !err;) {
		struct as_req run = *req;
		bool good = false;

		run.len_bytes = run_bytes(as, req, at, &good);
		if (by_call()) /* a page of them is wanted: all as asked */
			return map(req, populate);
		run.addr += at;
		run.gpa.v += at;
		if (!good)
			run.prot &= ~AS_X;
		err = map(&run, populate);
		at += run.len_bytes;
	}
	return err;
}

s64 exec_guard_map(const struct as_req *req, bool populate,
		   s64 (*map)(const struct as_req *req, bool populate))
{
	if (!is_on())
		return map(req, populate);
	if (req->prot & AS_W)
		becomes_writable(req->gpa, req->len_bytes);
	if ((req->prot & AS_X) && (req->prot & AS_W))
		give_up();
	if (!(req->prot & AS_X) || by_call())
		return map(req, populate);
	return map_runs(req, populate, map);
}

/* By pages, for what may be executed depends on the frame. */
static s64 protect_to_execute(const struct as_req *req,
			      s64 (*map)(const struct as_req *req, bool populate))
{
	struct as *as = host_self()->as;
	s64 err = 0;

	for (u64 at = 0; at < req->len_bytes && !err; at += PAGE_SIZE) {
		struct as_req page = { .op = AS_MAP, .prot = req->prot,
				       .addr = req->addr + at, .len_bytes = PAGE_SIZE };

		if (as->owner->frame_at(as, page.addr, &page.gpa))
			err = exec_guard_map(&page, false, map);
	}
	return err;
}

s64 exec_guard_protect(const struct as_req *req,
		       s64 (*map)(const struct as_req *req, bool populate),
		       s64 (*protect)(const struct as_req *req))
{
	struct as *as = host_self()->as;
	gpa_t gpa;

	if (!is_on() || !(req->prot & (AS_W | AS_X)))
		return protect(req);
	if ((req->prot & AS_X) && !by_call())
		return protect_to_execute(req, map);
	for (u64 at = 0; at < req->len_bytes && (req->prot & AS_W); at += PAGE_SIZE)
		if (as->owner->frame_at(as, req->addr + at, &gpa))
			becomes_writable(gpa, PAGE_SIZE);
	return protect(req);
}
