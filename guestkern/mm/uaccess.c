/*
 * Touching user memory. A user page is accessible to the kernel exactly when
 * its PTE in the loaded space is mapped, and writable when the PTE says so: that
 * is looked up, and missing pages are faulted in, before a byte is touched. So
 * the kernel never takes a fault on a user address.
 */
#include "abi/layout.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

#include <linux/limits.h>

/* A long buffer is made ready piece by piece: most calls fill little of it. */
#define PREPARE_MAX_BYTES (64 * PAGE_SIZE)
#define PREPARE_TRIES_MAX 200 /* three faults a page at the very worst */
/* Strings are mostly short: so much is copied at once. */
#define STRING_PIECE_BYTES 128UL

/* Bytes from addr on that are ready, whole pages but for the ends. */
static size_t ready_bytes(const struct mm *mm, uaddr_t addr, size_t len, bool write)
{
	u64 need = PTE_MAPPED | (write ? PTE_W : 0), n;
	u64 page = addr >> PAGE_SHIFT, end = ((addr + len - 1) >> PAGE_SHIFT) + 1;

	while (page < end) {
		const u64 *slot = radix_span((struct radix *)&mm->pt, page, &n);
		u64 ready = 0;

		n = MIN(n, end - page);
		while (slot && ready < n && (slot[ready] & need) == need)
			ready++;
		page += ready;
		if (ready < n)
			break;
	}
	return page < end ? MAX(page << PAGE_SHIFT, addr) - addr : len;
}

bool user_range_possible(uaddr_t addr, u64 len)
{
	return len <= LODGER_USER_HIGH_END && addr <= LODGER_USER_HIGH_END - len;
}

/*
 * After a fault all is counted again from the start: the fault may have slept,
 * or unmapped everything because the host's map count was used up.
 */
s64 user_prepare(uaddr_t addr, size_t len_bytes, bool write)
{
	size_t len = MIN(len_bytes, PREPARE_MAX_BYTES), ready;
	struct mm *mm = mm_loaded();

	if (!mm || !len_bytes || !user_range_ok(addr, len_bytes))
		return -EFAULT;
	for (u32 tries = 0; tries < PREPARE_TRIES_MAX; tries++) {
		ready = ready_bytes(mm, addr, len, write);
		if (ready == len)
			return (s64)ready;
		if (mm_fault(mm, addr + ready, write ? MM_WRITE : MM_READ))
			break;
	}
	ready = ready_bytes(mm, addr, len, write);
	return ready ? (s64)ready : -EFAULT;
}

int user_peek(void *to, uaddr_t from, size_t len_bytes)
{
	struct mm *mm = mm_loaded();

	if (!mm || !user_range_ok(from, len_bytes) ||
	    ready_bytes(mm, from, len_bytes, false) != len_bytes)
		return -EFAULT;
	memcpy(to, user_ptr(from), len_bytes);
	return 0;
}

int copy_from_user(void *to, uaddr_t from, size_t len_bytes)
{
	u8 *at = to;

	while (len_bytes) {
		s64 n = user_prepare(from, len_bytes, false);

		if (n < 0)
			return -EFAULT;
		memcpy(at, user_ptr(from), (size_t)n);
		at += n;
		from += (u64)n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

int copy_to_user(uaddr_t to, const void *from, size_t len_bytes)
{
	const u8 *at = from;

	while (len_bytes) {
		s64 n = user_prepare(to, len_bytes, true);

		if (n < 0)
			return -EFAULT;
		memcpy(user_ptr(to), at, (size_t)n);
		at += n;
		to += (u64)n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

int clear_user(uaddr_t to, size_t len_bytes)
{
	while (len_bytes) {
		s64 n = user_prepare(to, len_bytes, true);

		if (n < 0)
			return -EFAULT;
		memset(user_ptr(to), 0, (size_t)n);
		to += (u64)n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

s64 strncpy_from_user(char *to, uaddr_t from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t in_page = PAGE_SIZE - (from + done) % PAGE_SIZE;
		size_t want = MIN(MIN(in_page, STRING_PIECE_BYTES), size - done);
		s64 n = user_prepare(from + done, want, false);
		char *nul;

		if (n < 0)
			return -EFAULT;
		/* the program may change it meanwhile: look at the copy only */
		memcpy(to + done, user_ptr(from + done), (size_t)n);
		nul = memchr(to + done, 0, (size_t)n);
		if (nul)
			return nul - to;
		done += (size_t)n;
	}
	return -ENAMETOOLONG;
}

char *getname(uaddr_t path)
{
	char *name = kmalloc(PATH_MAX);
	s64 len;

	if (!name)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(name, path, PATH_MAX);
	if (len >= 0)
		return name;
	kfree(name);
	return ERR_PTR(len);
}
