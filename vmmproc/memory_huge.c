/*
 * Huge pages for the start of the core (--protect gate). The gate's two mprotect
 * calls cost by page-table entry, so what is toggled should be few huge pages,
 * not thousands of small ones: on one host the pair took 1.3 us for one huge
 * page, 0.3 us more for each further one, and 0.2 us for each small page. Here
 * the image, the start of the frame table and the first objects get theirs,
 * before the machine starts; the guest kernel does the same with the rest as it
 * comes into use (guestkern/hal/gather.c).
 *
 * The way is MADV_COLLAPSE (Linux 6.1): any process may gather an ordinary
 * memory file's range into a huge page, whatever the host's shmem_enabled says.
 * One touched page suffices, the holes around it come for free. The page stays
 * gathered in the file, so that every mapping whose address is congruent to the
 * offset modulo 2 MiB, as the window's are, gets it by one entry. Small
 * mappings of the file do not split it.
 */
#include "memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/layout.h"

#define HUGE_PAGE (2UL << 20)
#define CORE_START_BYTES (4UL << 20) /* image, first objects */
/* Objects of the root's files come next: one Debian root of 576 MiB and 19 700
 * names takes 9 MiB. */
#define CORE_ROOT_DIVISOR 48
#define FRAME_BYTES 8 /* an entry of the frame table, guestkern/mm/page.h */

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25 /* linux/mman.h since 6.1 */
#endif

/* One huge page of the file at a congruent address. */
static bool collapse(int fd, uint64_t offset, char *at)
{
	volatile char *page = mmap(at, HUGE_PAGE, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_FIXED, fd, (off_t)offset);

	if (page != at)
		return false;
	*page = *page; /* a range without any page is refused */
	return madvise(at, HUGE_PAGE, MADV_COLLAPSE) == 0;
}

/* Gathers whole huge pages of [offset, offset + bytes); returns how many bytes
 * could be, from the start on. */
static uint64_t collapse_range(int fd, uint64_t offset, uint64_t bytes)
{
	char *area = mmap(NULL, 2 * HUGE_PAGE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t done = 0;
	char *at;

	if (area == MAP_FAILED)
		return 0;
	at = (char *)(((uintptr_t)area + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1));
	while (done + HUGE_PAGE <= bytes && collapse(fd, offset + done, at))
		done += HUGE_PAGE;
	munmap(area, 2 * HUGE_PAGE);
	return done;
}

void memory_gather_core(struct machine *m)
{
	_Static_assert(LODGER_CORE_BASE % HUGE_PAGE == 0 &&
			       LODGER_KFILE_OFFSET(LODGER_CORE_BASE) %
					       HUGE_PAGE == 0,
		       "core address and offset are congruent");
	m->core_huge_bytes = collapse_range(
		m->kmem_fd, LODGER_KFILE_OFFSET(LODGER_CORE_BASE), HUGE_PAGE);
}

bool memory_huge_pages_work(void)
{
	int fd = memfd_create("lodger-probe", MFD_CLOEXEC);
	bool works;

	if (fd < 0)
		return false;
	works = !ftruncate(fd, HUGE_PAGE) &&
		collapse_range(fd, 0, HUGE_PAGE) == HUGE_PAGE;
	close(fd);
	return works;
}
