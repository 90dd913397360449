/*
 * The fake address-space backend: user pages are mapped in the test process at
 * their addresses, a record is kept of each, and the host's refusals (map count)
 * can be played.
 *
 * Requests are checked as a real host would not: unmapping and protecting
 * outside user ranges, protecting what is not mapped.
 */
#include "fake_hal.h"

#include "abi/layout.h"
#include "hal/as.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/radix.h"
#include "mm/mm.h"
#include "mm/page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern int fake_ram_fd; /* fake_hal.c */

/* One mapped page. Sorted by address in an array. */
struct shown {
	uaddr_t addr;
	u64 gpa;
	u32 prot;
};

static struct shown *shown;
static size_t shown_count, shown_room;
static u64 page_limit, fail_in;

struct fake_as_counts fake_as_counts;

void fake_as_limit(u64 limit)
{
	page_limit = limit;
}

void fake_as_fail_at(u64 n)
{
	fail_in = n;
}

u64 fake_as_page_count(void)
{
	return shown_count;
}

/* Index of the first record at or above addr. */
static size_t shown_at(uaddr_t addr)
{
	size_t low = 0, high = shown_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (shown[mid].addr < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void check_range(const struct as_req *req)
{
	if ((req->addr | req->len_bytes) & ~PAGE_MASK || !req->len_bytes)
		panic("as request at %llx for %llx bytes",
		      (unsigned long long)req->addr,
		      (unsigned long long)req->len_bytes);
	if (!user_range_ok(req->addr, req->len_bytes))
		panic("as request outside user ranges: %llx",
		      (unsigned long long)req->addr);
}

static void fake_unmap(uaddr_t addr, u64 len)
{
	size_t first = shown_at(addr), last = shown_at(addr + len);

	if (first == last)
		return;
	for (size_t i = first; i < last; i++)
		if (munmap((void *)shown[i].addr, PAGE_SIZE))
			panic("munmap: %s", strerror(errno));
	memmove(shown + first, shown + last, (shown_count - last) * sizeof(*shown));
	shown_count -= last - first;
}

static void fake_map(const struct as_req *req)
{
	size_t pages = req->len_bytes >> PAGE_SHIFT, first;
	void *at;

	if (req->gpa.v + req->len_bytes > boot_info()->ram_bytes)
		panic("mapping RAM that does not exist");
	fake_unmap(req->addr, req->len_bytes);
	at = mmap((void *)req->addr, req->len_bytes, (int)req->prot,
		  MAP_SHARED | MAP_FIXED_NOREPLACE, fake_ram_fd,
		  (off_t)req->gpa.v);
	if (at != (void *)req->addr)
		panic("fake mmap at %llx: %s", (unsigned long long)req->addr,
		      strerror(errno));
	if (shown_count + pages > shown_room) {
		shown_room = (shown_count + pages) * 2;
		shown = realloc(shown, shown_room * sizeof(*shown));
	}
	first = shown_at(req->addr);
	memmove(shown + first + pages, shown + first,
		(shown_count - first) * sizeof(*shown));
	for (size_t i = 0; i < pages; i++)
		shown[first + i] =
			(struct shown){ req->addr + i * PAGE_SIZE,
					req->gpa.v + i * PAGE_SIZE, req->prot };
	shown_count += pages;
}

static void fake_protect(const struct as_req *req)
{
	uaddr_t end = req->addr + req->len_bytes;

	for (uaddr_t addr = req->addr; addr < end; addr += PAGE_SIZE) {
		size_t i = shown_at(addr);

		if (i == shown_count || shown[i].addr != addr)
			panic("protecting %llx, which is not mapped",
			      (unsigned long long)addr);
		shown[i].prot = req->prot;
	}
	if (mprotect((void *)req->addr, req->len_bytes, (int)req->prot))
		panic("mprotect: %s", strerror(errno));
}

/* Would the host have refused? Unmapping a whole range never is. */
static bool refused(const struct as_req *req)
{
	if (req->op == AS_UNMAP &&
	    (req->addr == user_low_min() || req->addr == LODGER_USER_HIGH_BASE))
		return false;
	if (fail_in && !--fail_in)
		return true;
	return page_limit && req->op != AS_PROTECT && shown_count >= page_limit;
}

static int fake_apply(struct as *as, const struct as_req *req, size_t n,
		      size_t *done)
{
	*done = 0;
	if (!as->loaded)
		return 0;
	for (; *done < n; req++, ++*done) {
		check_range(req);
		if (refused(req))
			return -ENOMEM;
		switch (req->op) {
		case AS_MAP:
			fake_as_counts.maps++;
			fake_map(req);
			break;
		case AS_UNMAP:
			fake_as_counts.unmaps++;
			fake_unmap(req->addr, req->len_bytes);
			break;
		case AS_PROTECT:
			fake_as_counts.protects++;
			fake_protect(req);
			break;
		}
	}
	return 0;
}

static void fake_emit(struct as *as, const struct as_req *req)
{
	check_range(req);
	fake_map(req);
	as->extents++;
}

static void fake_switch_to(struct as *as, struct as *old)
{
	(void)old;
	fake_as_counts.switches++;
	fake_unmap(0, UINT64_MAX);
	as->extents = 0;
	as->owner->replay(as, fake_emit);
}

static void fake_destroy(struct as *as, bool was_loaded)
{
	(void)as;
	if (was_loaded)
		fake_unmap(0, UINT64_MAX);
}

static const struct as_ops as_fake = {
	.name = "fake",
	.destroy = fake_destroy,
	.switch_to = fake_switch_to,
	.apply = fake_apply,
};

const struct as_ops *as_backend = &as_fake;

/* A present page: inside a VMA, its frame private where it may be written. */
static const struct vma *verify_pte(struct mm *mm, u64 vpn, u64 pte)
{
	const struct vma *vma = vma_at(mm, vpn << PAGE_SHIFT);

	if (!vma)
		panic("verify: page %llx outside any VMA", (unsigned long long)vpn);
	if ((pte & PTE_W) && !(vma->flags & VMA_W))
		panic("verify: page %llx writable in a read-only VMA",
		      (unsigned long long)vpn);
	if ((pte & PTE_W) && !(vma->flags & VMA_SHARED) &&
	    page_refs((pfn_t)(pte >> PTE_SHIFT)) != 1)
		panic("verify: page %llx writable and shared",
		      (unsigned long long)vpn);
	return vma;
}

static void verify_shown(const struct vma *vma, u64 vpn, u64 pte)
{
	size_t i = shown_at(vpn << PAGE_SHIFT);
	u32 prot;

	if (i == shown_count || shown[i].addr != vpn << PAGE_SHIFT)
		panic("verify: page %llx is not mapped", (unsigned long long)vpn);
	if (shown[i].gpa != pte >> PTE_SHIFT << PAGE_SHIFT)
		panic("verify: page %llx shows another frame",
		      (unsigned long long)vpn);
	prot = AS_R | (pte & PTE_W ? AS_W : 0) | (vma->flags & VMA_X ? AS_X : 0);
	if (!(vma->flags & VMA_PROT) || shown[i].prot != prot)
		panic("verify: page %llx is granted %x",
		      (unsigned long long)vpn, shown[i].prot);
}

/* Order, borders and accounts of the VMAs. */
static void verify_vmas(const struct mm *mm)
{
	u64 pages = 0, data = 0, locked = 0, count = 0;
	uaddr_t last = 0;

	for (struct vma *vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		u64 n = (vma->end - vma->start) >> PAGE_SHIFT;

		if (vma->start >= vma->end || vma->start < last ||
		    vma->mm != mm || (vma->start | vma->end) & ~PAGE_MASK ||
		    !user_range_ok(vma->start, vma->end - vma->start))
			panic("verify: VMA %llx to %llx",
			      (unsigned long long)vma->start,
			      (unsigned long long)vma->end);
		last = vma->end;
		count++;
		pages += n;
		if ((vma->flags & (VMA_W | VMA_SHARED | VMA_GROWSDOWN)) == VMA_W)
			data += n;
		if (vma->flags & VMA_LOCKED)
			locked += n;
	}
	if (count != mm->vma_count || pages != mm->total_pages ||
	    data != mm->data_pages || locked != mm->locked_pages)
		panic("verify: accounts of VMAs");
}

void fake_as_verify(struct mm *mm)
{
	u64 mapped = 0, resident = 0, k = 0, pte;

	if (!mm->as.loaded)
		panic("verify: the space is not loaded");
	verify_vmas(mm);
	for (; (pte = radix_next(&mm->pt, &k)); k++) {
		const struct vma *vma = verify_pte(mm, k, pte);

		resident++;
		if (pte & PTE_MAPPED) {
			verify_shown(vma, k, pte);
			mapped++;
		}
	}
	if (resident != mm->resident_pages)
		panic("verify: resident pages");
	if (mapped != shown_count)
		panic("verify: %llu pages mapped, %zu shown",
		      (unsigned long long)mapped, shown_count);
}
