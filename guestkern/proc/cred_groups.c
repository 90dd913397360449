/*
 * Supplementary groups: up to NGROUPS_MAX of them, in order of number, shared by the
 * tasks of whom nobody has changed them since.
 */
#include "lib/err.h"
#include "mm/slab.h"
#include "proc/cred.h"

struct cred_groups *cred_groups_alloc(u32 count)
{
	struct cred_groups *groups;

	groups = kmalloc(sizeof(*groups) + count * sizeof(groups->gid[0]));
	if (!groups)
		return NULL;
	groups->refs = 1;
	groups->count = count;
	return groups;
}

void cred_groups_get(struct cred_groups *groups)
{
	if (groups)
		groups->refs++;
}

void cred_groups_put(struct cred_groups *groups)
{
	if (groups && --groups->refs == 0)
		kfree(groups);
}

/* Shell's sort, with gaps of 2^n - 1. */
static void sort(u32 *gid, u32 count)
{
	for (u32 gap = CRED_GROUPS_MAX - 1; gap; gap >>= 1) {
		for (u32 i = gap; i < count; i++) {
			u32 moved = gid[i], at = i;

			for (; at >= gap && gid[at - gap] > moved; at -= gap)
				gid[at] = gid[at - gap];
			gid[at] = moved;
		}
	}
}

void cred_groups_set(struct cred *cred, struct cred_groups *groups)
{
	sort(groups->gid, groups->count);
	cred_groups_put(cred->groups);
	cred->groups = groups;
}

bool cred_groups_have(const struct cred_groups *groups, u32 gid)
{
	u32 low = 0, high = groups ? groups->count : 0;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (groups->gid[middle] == gid)
			return true;
		if (groups->gid[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
