/*
 * Protection keys: what the assembly of prot_pkey.S needs to know in C. The way
 * in and out is otherwise the call gate's (prot_gate.c, trap_gate.c).
 */
#include "hal/prot_pkey.h"

#include "hal/asm_offsets.h"
#include "hal/hal_private.h"
#include "hal/user_page.h"

_Static_assert(offsetof(struct lodger_boot, host_token) == BOOT_HOST_TOKEN,
	       "asm_offsets.h");
_Static_assert(LODGER_USER_PAGE + offsetof(struct user_page, by_call) ==
		       LODGER_USER_PAGE_BY_CALL,
	       "layout.h");
_Static_assert(sizeof(struct user_page) <= LODGER_PAGE_SIZE, "one page");

/* Labels of prot_pkey.S and prot_gate.S. */
extern const char pkey_signal[], pkey_open[], pkey_open_ip[], pkey_opened_by_call[];
extern const char pkey_exit[], pkey_end[];
extern const char call_open[], call_open_ip[], call_opened_flag[], call_exit[];
extern u64 call_way_out;

/* The core was opened by the call: by a process that has it closed so, or by one
 * whose program made the gate do it. Set by the gate. */
u8 pkey_was_opened[LODGER_HOST_PROCESSES];

/* A process that closes by call begins with small pages where its core begins, for its
 * text had other rights there; gathering them costs some 50 us, which so many openings
 * are worth. */
#define OPENINGS_BEFORE_GATHERING 32

static u8 openings[LODGER_HOST_PROCESSES]; /* by call, up to that */

static bool is_on(void)
{
	return boot_info()->protect == LODGER_PROTECT_PKEY;
}

static u8 *mark_of(const struct host_process *p)
{
	return &user_page()->by_call[p - host_process];
}

void prot_pkey_by_call(struct host_process *p)
{
	*mark_of(p) = 1;
}

bool prot_pkey_is_by_call(const struct host_process *p)
{
	return *mark_of(p);
}

void prot_pkey_reset(struct host_process *p)
{
	*mark_of(p) = 0;
	pkey_was_opened[p - host_process] = 0;
	openings[p - host_process] = 0;
}

/* Once the core was opened by the call it is one mapping, with the same rights all
 * over. */
static void count_opening(u8 *count)
{
	if (*count < OPENINGS_BEFORE_GATHERING &&
	    ++*count == OPENINGS_BEFORE_GATHERING)
		core_map_first_huge();
}

void prot_pkey_choose_way_out(void)
{
	struct host_process *self = host_self();

	if (!is_on())
		return;
	if (pkey_was_opened[self - host_process]) {
		prot_pkey_by_call(self);
		count_opening(&openings[self - host_process]);
	}
	call_way_out = (u64)(prot_pkey_is_by_call(self) ? call_exit : pkey_exit);
}

static bool between(u64 rip, const char *start, const char *end)
{
	return rip >= (u64)start && rip < (u64)end;
}

void prot_pkey_opening_at(u64 rip)
{
	if (is_on() && (between(rip, call_open_ip, call_opened_flag) ||
			between(rip, pkey_opened_by_call, pkey_exit)))
		prot_pkey_by_call(host_self());
}

u64 prot_pkey_open_again(void)
{
	return (u64)(is_on() && !prot_pkey_is_by_call(host_self()) ? pkey_open :
								     call_open);
}

bool prot_pkey_enters_at(u64 rip)
{
	return between(rip, pkey_signal, pkey_open_ip);
}

bool prot_pkey_opens_at(u64 rip)
{
	return between(rip, pkey_open_ip, pkey_exit);
}

bool prot_pkey_exits_at(u64 rip)
{
	return between(rip, pkey_exit, pkey_end);
}
