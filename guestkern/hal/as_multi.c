/*
 * Address spaces in host processes of their own: a switch is a hand-over of the
 * baton (host_process.h), and no mapping changes.
 *
 * A host process is to a space what a set of mappings is: a space that has none
 * is replayed into one when it is switched to, one that nobody needs is kept
 * for the next, and where the host gives no more the one used longest ago
 * changes hands. With a single one, which is number 0 then, this is `remap`.
 *
 * A request for a space that is not in force waits until it is; when too many
 * wait, all is mapped anew.
 *
 * A space whose host process died is `lost`: it gets another one, but the
 * program cannot go on, for its registers are gone.
 */
#include "hal/as.h"
#include "hal/exec_guard.h"
#include "hal/host.h"
#include "hal/host_process.h"
#include "hal/prot_pkey.h"
#include "lib/bug.h"

/* Free ones that are kept; the rest are given back to the host. */
#define FREE_MAX 16

static struct list_head free_list = LIST_HEAD_INIT(free_list);
static u32 free_count, made_count;
static u32 limit = LODGER_HOST_PROCESSES - 1; /* less once the host refuses */
static u64 switches;

/* --- host processes come and go ----------------------------------------------- */

static struct host_process *unmade(void)
{
	/* a search is nothing beside the host's fork that follows */
	for (u32 i = 1; i < LODGER_HOST_PROCESSES && made_count < limit; i++)
		if (!host_process[i].made)
			return &host_process[i];
	return NULL;
}

static struct host_process *make(void)
{
	struct host_process *p = unmade();
	s32 err;

	if (!p)
		return NULL;
	host_process_reset(p);
	err = as_host_ask_maker(LODGER_MAKER_MAKE, (u32)(p - host_process));
	if (err && made_count) {
		limit = made_count;
		return NULL;
	}
	if (err) { /* as with remap: all share the first one */
		klog("the host gives no process for a guest program (error %d)",
		     -err);
		p = &host_process[0];
		limit = 1;
	}
	p->made = true;
	made_count++;
	return p;
}

/* It is dead, or is to be: nobody's registers are in it any more. */
static void unmake(struct host_process *p)
{
	cpu_user_lose(p);
	as_host_ask_maker(LODGER_MAKER_DROP, (u32)(p - host_process));
	p->made = false;
	made_count--;
}

static void put_free(struct host_process *p)
{
	struct host_process *oldest;

	list_add(&p->link, &free_list);
	if (++free_count <= FREE_MAX)
		return;
	oldest = list_entry(free_list.prev, struct host_process, link);
	if (oldest == host_self())
		return;
	list_del(&oldest->link);
	free_count--;
	unmake(oldest);
}

static struct host_process *take_free(struct host_process *p)
{
	list_del(&p->link);
	free_count--;
	return p;
}

/* The present one if it is free: that saves the hand-over. */
static struct host_process *find_free(void)
{
	struct host_process *p = host_self();

	if (p->made && !p->as && !prot_pkey_is_by_call(p))
		return take_free(p);
	while (!list_empty(&free_list)) {
		p = take_free(list_first_entry(&free_list, struct host_process,
					       link));
		if (!host_process_dead(p) &&
		    !(prot_pkey_is_by_call(p) && p != host_self()))
			return p;
		unmake(p);
	}
	return NULL;
}

static struct host_process *find_oldest(void)
{
	struct host_process *oldest = NULL;

	for (u32 i = 0; i < LODGER_HOST_PROCESSES; i++) {
		struct host_process *p = &host_process[i];

		if (p->made && p->as && (!oldest || p->used < oldest->used))
			oldest = p;
	}
	BUG_ON(!oldest);
	return oldest;
}

/* --- spaces -------------------------------------------------------------------- */

/* Its host process has died: the space has none. */
static void lose(struct as *as)
{
	struct host_process *p = as->host;

	as->host = NULL;
	as->lost = true;
	p->as = NULL;
	unmake(p);
}

static struct host_process *choose(struct as *as)
{
	struct host_process *p;

	if (as->host && host_process_dead(as->host))
		lose(as);
	if (as->host)
		return as->host;
	p = find_free();
	if (!p)
		p = make();
	return p ? p : find_oldest();
}

/* In p, which shows another space or nothing that is of use. */
static void show(struct as *as, struct host_process *p)
{
	if (p->as && p->as != as) {
		cpu_user_leave(p);
		p->as->host = NULL;
	}
	if (p->as || p->stale)
		as_host_clear();
	p->stale = false;
	if (as->by_call)
		prot_pkey_by_call(p);
	as->exec_epoch = exec_guard_epoch();
	p->as = as;
	as->host = p;
	as_host_show(as);
}

static void load(struct as *as)
{
	struct host_process *p;

	for (;;) {
		p = choose(as);
		if (p != host_self())
			host_process_switch(p);
		if (p == host_self())
			break;
		if (!p->as) /* it died before it began, and was nobody's */
			unmake(p);
	}
	p->used = ++switches;
	if (p->as != as || as->exec_epoch != exec_guard_epoch() ||
	    !as_host_catch_up(as))
		show(as, p);
}

static void multi_switch_to(struct as *as, struct as *old)
{
	(void)old; /* its mappings stay where they are */
	load(as);
}

void as_multi_recover(void)
{
	struct as *loaded = as_loaded();

	if (!loaded)
		return;
	load(loaded);
	if (loaded->lost)
		loaded->owner->lost(loaded);
}

static void multi_destroy(struct as *as, bool was_loaded)
{
	struct host_process *p = as->host;

	(void)was_loaded;
	if (!p)
		return;
	as->host = NULL;
	p->as = NULL;
	p->stale = true;
	if (host_process_dead(p))
		unmake(p);
	else
		put_free(p);
}

static int multi_apply(struct as *as, const struct as_req *req, size_t n,
		       size_t *done)
{
	*done = 0;
	if (as->loaded)
		return as_host_apply(req, n, done);
	if (as->host)
		as_host_queue(as, req, n);
	return 0;
}

/* Not the one in force: its host process is the one that this runs in. */
static void multi_look(void)
{
	for (u32 i = 1; i < LODGER_HOST_PROCESSES; i++) {
		struct host_process *p = &host_process[i];
		struct as *as = p->as;

		if (!p->made || !as || !host_process_dead(p))
			continue;
		lose(as);
		as->owner->lost(as);
	}
}

const struct as_ops as_multi = {
	.name = "multi",
	.destroy = multi_destroy,
	.switch_to = multi_switch_to,
	.apply = multi_apply,
	.look = multi_look,
};
