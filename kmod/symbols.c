// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Functions and tracepoints of the host kernel that are not exported, by name.
 * A function's address is where a probe placed by its name lands; with indirect
 * branch tracking that is behind the ENDBR, and one steps back. What is not
 * found is never guessed: the module then does not load.
 */
#include <linux/kprobes.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <asm/ibt.h>

#include "machine.h"

#define ENDBR_BYTES 4

void *symbol_address(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	u8 *at;
	int err = register_kprobe(&probe);

	if (err) {
		pr_err("lodger: this kernel has no %s to be found (%d)\n", name,
		       err);
		return NULL;
	}
	at = (u8 *)probe.addr;
	unregister_kprobe(&probe);
	if (is_endbr(*(u32 *)(at - ENDBR_BYTES)))
		at -= ENDBR_BYTES;
	return at;
}

struct wanted {
	const char *name;
	struct tracepoint *found;
};

static void compare(struct tracepoint *tp, void *arg)
{
	struct wanted *wanted = arg;

	if (!strcmp(tp->name, wanted->name))
		wanted->found = tp;
}

struct tracepoint *tracepoint_attach(const char *name, void *probe)
{
	struct wanted wanted = { .name = name };
	int err = -ENOENT;

	for_each_kernel_tracepoint(compare, &wanted);
	if (wanted.found)
		err = tracepoint_probe_register(wanted.found, probe, NULL);
	if (!err)
		return wanted.found;
	pr_err("lodger: cannot use tracepoint %s (%d)\n", name, err);
	return NULL;
}

void tracepoint_detach(struct tracepoint *tp, void *probe)
{
	if (tp)
		tracepoint_probe_unregister(tp, probe, NULL);
}
