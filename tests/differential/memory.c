/* Memory: mmap and its company. */
#include "diff.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/uio.h>

#define PAGE 4096UL
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)

/* Only whether it could be mapped. */
static int mapped(void *at, size_t len, int prot, int flags, int fd, long offset)
{
	return mmap(at, len, prot, flags, fd, offset) == MAP_FAILED ? -1 : 0;
}

static char *area(size_t pages)
{
	return mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
}

static sigjmp_buf fault_back;
static volatile int fault_code, fault_sig;

static void on_fault(int sig, siginfo_t *si, void *context)
{
	(void)context;
	fault_sig = sig;
	fault_code = si->si_code;
	siglongjmp(fault_back, 1);
}

/* 0, or signal * 10 + si_code of a one-byte access. */
static int touch(volatile char *p, bool write)
{
	struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
	if (sigsetjmp(fault_back, 1))
		return fault_sig * 10 + fault_code;
	if (write)
		*p = 1;
	else
		(void)*p;
	return 0;
}

static void c_mmap(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644), ro = open("f", O_RDONLY);
	int wo = open("f", O_WRONLY), dir = open(".", O_RDONLY), p[2];
	char *at = area(4);

	pipe(p);
	ftruncate(fd, 6000);
	R(mapped(NULL, 0, PROT_READ, ANON, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_SHARED, fd, 0));
	R(mapped(NULL, -PAGE, PROT_READ, ANON, -1, 0));
	R(mapped(NULL, ~0UL, PROT_READ, ANON, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 1L << 62));
	R(mapped(NULL, PAGE, RW, MAP_SHARED, ro, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0));
	R(mapped(NULL, PAGE, RW, MAP_PRIVATE, ro, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_PRIVATE, p[0], 0));
	R(mapped(at + 1, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
	R(mapped(at, PAGE, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	R(mapped(at, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
	R(mapped((void *)0x800000000000, PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE | MAP_SYNC, fd, 0));
	R(mapped(NULL, PAGE, PROT_READ, ANON | MAP_GROWSDOWN, -1, 0));
	R(mapped(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
	R(munmap(at, 0));
	R(munmap(at + 1, PAGE));
	R(munmap(at + PAGE, PAGE));
	R(munmap(at + PAGE, PAGE));
	R(munmap(at, ~0UL));
	R(touch(at + PAGE, false));
	R(touch(at, true));
	at = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	R(touch(at + 7000, true));
	R(touch(at + 9000, true));
	R(touch(at + 9000, false));
}

static void c_mprotect(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644), ro;
	char *at = area(4);

	ftruncate(fd, PAGE);
	ro = open("f", O_RDONLY);
	R(mprotect(at, 0, PROT_READ));
	R(mprotect(at + 1, PAGE, PROT_READ));
	R(mprotect(at, PAGE, PROT_READ));
	R(touch(at, true));
	R(touch(at, false));
	R(mprotect(at, PAGE, PROT_NONE));
	R(touch(at, false));
	R(mprotect(at, ~0UL, PROT_READ));
	R(mprotect(at, PAGE, 0x80));
	R(mprotect(at, PAGE, PROT_READ | PROT_GROWSDOWN));
	R(mprotect(at, PAGE, PROT_GROWSDOWN | PROT_GROWSUP));
	munmap(at + 2 * PAGE, PAGE);
	R(mprotect(at, 4 * PAGE, PROT_READ));
	at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	R(mprotect(at, PAGE, RW));
	at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
	R(mprotect(at, PAGE, RW));
	R(touch(at, true));
	V(SC(pkey_mprotect, at, PAGE, PROT_READ, -1));
}

static long remap(void *at, size_t old, size_t new, int flags, void *to)
{
	return mremap(at, old, new, flags, to) == MAP_FAILED ? -1 : 0;
}

static void c_mremap(void)
{
	char *at = area(8), *hole;

	munmap(at + 4 * PAGE, PAGE);
	R(remap(at, 4 * PAGE, 5 * PAGE, 0, NULL));
	R(remap(at, 5 * PAGE, 6 * PAGE, 0, NULL));
	R(remap(at, PAGE, 0, 0, NULL));
	R(remap(at + 1, PAGE, PAGE, 0, NULL));
	R(remap(at, PAGE, PAGE, 8, NULL));
	R(remap(at, PAGE, PAGE, MREMAP_FIXED, at));
	R(remap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 1));
	R(remap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE));
	R(remap(at, 5 * PAGE, PAGE, 0, NULL));
	R(touch(at + PAGE, false));
	R(touch(at, false));
	at = area(4);
	hole = area(4);
	munmap(hole, 4 * PAGE);
	at[0] = 42;
	R(remap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, hole));
	V(hole[0]);
	R(touch(at, false));
	R(remap(hole, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL));
	R(remap(at + 3 * PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL));
	R(remap((void *)0x10000000000, PAGE, PAGE, MREMAP_MAYMOVE, NULL));
	at = area(2);
	at[0] = 7;
	R(remap(at, PAGE, PAGE, MREMAP_DONTUNMAP, NULL));
	R(remap(at, PAGE, 2 * PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL));
	R(remap(at, PAGE, PAGE, MREMAP_DONTUNMAP | MREMAP_MAYMOVE, NULL));
	V(at[0]);
	at = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	R(remap(at, 0, PAGE, MREMAP_MAYMOVE, NULL));
	at = area(1);
	R(remap(at, 0, PAGE, MREMAP_MAYMOVE, NULL));
}

static void c_madvise(void)
{
	int fd = open("f", O_RDWR | O_CREAT, 0644);
	char *at = area(4), *file;

	ftruncate(fd, 2 * PAGE);
	file = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	at[0] = 1;
	R(madvise(at, PAGE, MADV_DONTNEED));
	V(at[0]);
	R(madvise(at + 1, PAGE, MADV_DONTNEED));
	R(madvise(at, 0, MADV_DONTNEED));
	R(madvise(at, PAGE, 12345));
	R(madvise(at, PAGE, MADV_FREE));
	R(madvise(file, PAGE, MADV_FREE));
	R(madvise(at, PAGE, MADV_WILLNEED));
	R(madvise(at, PAGE, MADV_REMOVE));
	file[0] = 5;
	R(madvise(file, PAGE, MADV_REMOVE));
	V(file[0]);
	R(madvise(at, PAGE, MADV_POPULATE_WRITE));
	R(madvise(at, PAGE, MADV_DONTFORK));
	R(madvise(file, PAGE, MADV_WIPEONFORK));
	R(madvise(at, PAGE, MADV_WIPEONFORK));
	R(madvise(at, PAGE, MADV_HWPOISON));
	munmap(at + PAGE, PAGE);
	R(madvise(at, 4 * PAGE, MADV_DONTNEED));
	R(madvise(at, 4 * PAGE, MADV_POPULATE_READ));
	R(mprotect(at, PAGE, PROT_NONE));
	R(madvise(at, PAGE, MADV_POPULATE_READ));
	R(madvise(at, ~0UL - PAGE, MADV_NORMAL));
}

static void c_residence(void)
{
	struct rlimit lock = { 2 * PAGE, 2 * PAGE };
	unsigned char vec[8] = { 0 };
	char *at = area(8);

	at[0] = at[2 * PAGE] = 1;
	R(mincore(at, 3 * PAGE, vec));
	V(vec[0] & 1);
	R(mincore(at + 1, PAGE, vec));
	R(mincore(at, 8 * PAGE, BAD));
	R(mincore(at, 0, vec));
	R(msync(at, PAGE, MS_SYNC));
	R(msync(at, PAGE, MS_SYNC | MS_ASYNC));
	R(msync(at, PAGE, 8));
	R(msync(at + 1, PAGE, MS_SYNC));
	munmap(at + 4 * PAGE, PAGE);
	R(mincore(at, 8 * PAGE, vec));
	R(msync(at, 8 * PAGE, MS_SYNC));
	setrlimit(RLIMIT_MEMLOCK, &lock);
	R(mlock(at, 2 * PAGE));
	R(mlock(at, 3 * PAGE));
	R(mlock(at + PAGE / 2, 2 * PAGE));
	R(munlock(at, 2 * PAGE));
	R(mlock(at + 3 * PAGE, 2 * PAGE));
	R(mlock2(at, PAGE, 4));
	R(mlock2(at, PAGE, MLOCK_ONFAULT));
	R(madvise(at, PAGE, MADV_DONTNEED));
	R(mlockall(0));
	R(mlockall(8));
	R(mlockall(MCL_ONFAULT));
	R(mlockall(MCL_CURRENT));
	R(munlockall());
	lock.rlim_cur = lock.rlim_max = 0;
	setrlimit(RLIMIT_MEMLOCK, &lock);
	R(mlock(at, PAGE));
	R(mapped(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0));
}

static void c_limits(void)
{
	struct rlimit as = { 0, RLIM_INFINITY };
	char buf[8];
	struct iovec local = { buf, 8 }, remote = { BAD, 8 };

	R(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	R(process_vm_readv(getpid(), &local, 1, &remote, 1, 4));
	R(process_vm_readv(4000000, &local, 1, &remote, 1, 0));
	remote.iov_base = "message";
	R(process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	V(buf[0]);
	V(SC(brk, 0) == SC(brk, 16));
	V(sbrk(0) != (void *)-1);
	setrlimit(RLIMIT_AS, &as);
	R(mapped(NULL, PAGE, RW, ANON, -1, 0));
	V(sbrk(1 << 20) == (void *)-1);
}

static const struct diff_case cases[] = {
	{ "mmap", c_mmap },
	{ "mprotect", c_mprotect },
	{ "mremap", c_mremap },
	{ "madvise", c_madvise },
	{ "residence", c_residence },
	{ "memory limits", c_limits },
};
DIFF_TABLE(memory_table, cases);
