#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/mman.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "libattack.h"
#include "libkeys.h"

#define CPUID7_ECX_OSPKE 0x10

const unsigned char keys_opener[KEYS_CODE_BYTES] = {
	0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x0f, 0x01, 0xef, 0x8a, 0x07, 0xc3
};
const unsigned char keys_harmless[KEYS_CODE_BYTES] = {
	0x31, 0xc9, 0x31, 0xd2, 0x31, 0xc0, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3
};

int keys_are_there(void)
{
	unsigned a = 7, b, c = 0, d;

	__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return c & CPUID7_ECX_OSPKE;
}

static int machine_has_key(void)
{
	return *(volatile unsigned *)LODGER_GATE_KEY != 0;
}

int keys_close_this(void)
{
	unsigned number = *(volatile unsigned *)LODGER_GATE_NUMBER;

	return machine_has_key() &&
	       !((volatile unsigned char *)LODGER_USER_PAGE_BY_CALL)[number];
}

void keys_need(void)
{
	attack_need_machine();
	CHECK(keys_close_this() || !machine_has_key());
}

void keys_call(void *code)
{
	((void (*)(unsigned long))code)(LODGER_COUNTERS_ADDR);
}

void keys_must_not_open(void *code)
{
	CHECK(attack_try(keys_call, code) != 0);
	attack_check_closed();
	attack_check_alive();
}

void keys_must_work(void *code)
{
	CHECK_EQ(attack_try(keys_call, code), 0);
}

static int empty_file(void)
{
	const char *dir = getenv("PKEY_DIR");
	char path[256];
	int fd;

	if (!dir)
		return (int)CHECK_OK(sys2(__NR_memfd_create, (long)"code", 0));
	snprintf(path, sizeof(path), "%s/code.%d", dir, (int)getpid());
	fd = (int)CHECK_OK(open(path, O_RDWR | O_CREAT | O_TRUNC, 0700));
	unlink(path);
	return fd;
}

int keys_file(const unsigned char *code, size_t bytes, long at, long pages)
{
	int fd = empty_file();

	CHECK_OK(ftruncate(fd, pages * PAGE_SIZE));
	CHECK_EQ(pwrite(fd, code, bytes, at), (long)bytes);
	return fd;
}

unsigned char *keys_map(int fd, long bytes, int prot, int flags)
{
	void *at = mmap(NULL, bytes, prot, flags, fd, 0);

	CHECK(at != MAP_FAILED);
	return at;
}
