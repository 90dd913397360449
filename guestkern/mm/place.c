/*
 * Where mappings may lie: the user ranges (abi/layout.h), and the search for
 * free space in them, from mm.mmap_top down as Linux does.
 *
 * Without --vspace=high there is one range below the window. With it, hints
 * above 4 GiB and requests too large for the low range go above.
 */
#include "abi/layout.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "mm/mm_internal.h"

/* From here on a request goes to the high range first, if there is one. */
#define HIGH_FIRST_BYTES (64UL << 20)

uaddr_t user_low_min(void)
{
	return boot_info()->user_low_min;
}

uaddr_t user_low_end(void)
{
	return LODGER_USER_LOW_END;
}

static bool have_high(void)
{
	return boot_info()->flags & LODGER_BOOT_VSPACE_HIGH;
}

static bool inside(uaddr_t addr, u64 len, uaddr_t low, uaddr_t high)
{
	return addr >= low && len <= high - low && addr <= high - len;
}

bool user_range_ok(uaddr_t addr, u64 len_bytes)
{
	return inside(addr, len_bytes, user_low_min(), user_low_end()) ||
	       (have_high() && inside(addr, len_bytes, LODGER_USER_HIGH_BASE,
				      LODGER_USER_HIGH_END));
}

uaddr_t place_range_end(uaddr_t addr)
{
	if (addr < user_low_end())
		return user_low_end();
	if (have_high() && addr >= LODGER_USER_HIGH_BASE &&
	    addr < LODGER_USER_HIGH_END)
		return LODGER_USER_HIGH_END;
	return 0;
}

/* Start of a VMA with the gap that has to stay free below a stack. */
static uaddr_t guarded_start(const struct vma *vma)
{
	if (!(vma->flags & VMA_GROWSDOWN))
		return vma->start;
	return vma->start - MIN(vma->start, STACK_GUARD_BYTES);
}

bool place_is_free(const struct mm *mm, uaddr_t addr, u64 len_bytes)
{
	struct vma *vma = vma_find(mm, addr);

	return !vma || guarded_start(vma) >= addr + len_bytes;
}

/* Highest free space in [low, high), or 0. What is passed over for being too
 * short counts in *longest. */
static uaddr_t find_down(const struct mm *mm, u64 len, uaddr_t low,
			 uaddr_t high, u64 *longest)
{
	struct vma *above = vma_find(mm, high);
	uaddr_t top = above ? MIN(high, guarded_start(above)) : high;

	for (struct vma *vma = vma_find_below(mm, high); vma && vma->end > low;
	     vma = vma_prev(vma)) {
		if (vma->end <= top && top - vma->end >= len)
			return top - len;
		if (vma->end < top)
			*longest = MAX(*longest, top - vma->end);
		top = MIN(top, guarded_start(vma));
	}
	return top >= low && top - low >= len ? top - len : 0;
}

/*
 * From mmap_top down, but not again through what the last search found full:
 * a space of thousands of mappings would be walked for each new one. The hint
 * only saves time; without luck below it the search starts at the top.
 */
static uaddr_t find_low(struct mm *mm, u64 len)
{
	uaddr_t low = user_low_min(), found = 0;
	u64 ignored = 0;

	if (mm->gap_hint && len > mm->gap_max)
		found = find_down(mm, len, low, MIN(mm->gap_hint, mm->mmap_top),
				  &mm->gap_max);
	if (!found) {
		mm->gap_max = 0;
		found = find_down(mm, len, low, mm->mmap_top, &mm->gap_max);
	}
	mm->gap_hint = found;
	return found ? found : find_down(mm, len, low, user_low_end(), &ignored);
}

void place_freed(struct mm *mm, uaddr_t end)
{
	if (mm->gap_hint && mm->gap_hint < end)
		mm->gap_hint = end;
}

static uaddr_t find_high(const struct mm *mm, u64 len)
{
	u64 ignored = 0;

	return find_down(mm, len, LODGER_USER_HIGH_BASE, LODGER_USER_HIGH_END,
			 &ignored);
}

s64 place_find(struct mm *mm, uaddr_t hint, u64 len_bytes, bool low)
{
	bool high = have_high() && !low;
	uaddr_t found = 0;

	hint = ALIGN_DOWN(hint, PAGE_SIZE);
	if (hint && user_range_ok(hint, len_bytes) &&
	    place_is_free(mm, hint, len_bytes))
		return (s64)hint;
	if (high && (hint >= LODGER_USER_HIGH_BASE || len_bytes >= HIGH_FIRST_BYTES))
		found = find_high(mm, len_bytes);
	if (!found)
		found = find_low(mm, len_bytes);
	if (!found && high)
		found = find_high(mm, len_bytes);
	return found ? (s64)found : -ENOMEM;
}
