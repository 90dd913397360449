#include "mm/overcommit.h"

#include "mm/mm.h"
#include "mm/page.h"

s64 overcommit_mode = OVERCOMMIT_GUESS;
s64 overcommit_ratio = 50, overcommit_kbytes;

static u64 promised_pages;

/* accountable_mapping of Linux. */
static bool counts(u32 flags)
{
	return (flags & (VMA_W | VMA_SHARED | VMA_NORESERVE)) == VMA_W;
}

u64 overcommit_limit_pages(void)
{
	if (overcommit_kbytes)
		return (u64)overcommit_kbytes >> (PAGE_SHIFT - 10);
	return page_total_count() * (u64)overcommit_ratio / 100;
}

u64 overcommit_promised_pages(void)
{
	return promised_pages;
}

void overcommit_account(u32 flags, u64 pages)
{
	if (counts(flags))
		promised_pages += pages;
}

bool overcommit_ok(u32 flags, u64 pages)
{
	if (!counts(flags) || overcommit_mode == OVERCOMMIT_ALWAYS)
		return true;
	if (overcommit_mode == OVERCOMMIT_GUESS)
		return pages <= page_total_count();
	return promised_pages + pages <= overcommit_limit_pages();
}
