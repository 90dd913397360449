/*
 * Wrappers of the system calls on mappings and the break.
 */
#include <errno.h>
#include <sys/mman.h>
#include <syscall.h>
#include <unistd.h>

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	return (void *)SYS(mmap, addr, len, prot, flags, fd, offset);
}

int munmap(void *addr, size_t len)
{
	return (int)SYS(munmap, addr, len);
}

int mprotect(void *addr, size_t len, int prot)
{
	return (int)SYS(mprotect, addr, len, prot);
}

void *mremap(void *old, size_t old_len, size_t new_len, int flags)
{
	return (void *)SYS(mremap, old, old_len, new_len, flags, 0);
}

int madvise(void *addr, size_t len, int advice)
{
	return (int)SYS(madvise, addr, len, advice);
}

int msync(void *addr, size_t len, int flags)
{
	return (int)SYS(msync, addr, len, flags);
}

void *sys_brk(void *end)
{
	return (void *)sys1(__NR_brk, (long)end);
}

void *sbrk(intptr_t increment)
{
	char *old = sys_brk(NULL);

	if (increment && sys_brk(old + increment) != old + increment) {
		errno = ENOMEM;
		return (void *)-1;
	}
	return old;
}
