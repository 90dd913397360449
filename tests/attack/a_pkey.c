/*
 * Protection keys turned by programs: wrpkru and xrstor in every kind of page they can
 * execute, at the kernel's own places, in signal frames.
 *
 * TEST-TIMEOUT: 120
 *
 * Without the defence (--protect pkey: no page that a program executes has such an
 * instruction, or its core is closed by a call; host calls need a token) two
 * instructions open the guest kernel's memory. In other sets, and on hosts without
 * keys, they do nothing to it, and the same must hold.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include "kernel_places.h"
#include "libattack.h"
#include "libkeys.h"

#define XSAVE_BYTES 4096

/* --- pages ------------------------------------------------------------------------- */

static void in_a_file(void)
{
	int fd;

	keys_need();
	fd = keys_file(keys_opener, sizeof(keys_opener), 0, 1);
	keys_must_not_open(keys_map(fd, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE));
}

static void in_a_writable_page(void)
{
	unsigned char *page;

	keys_need();
	page = attack_page(0);
	memcpy(page, keys_opener, sizeof(keys_opener));
	keys_must_not_open(page);
}

static void written_then_executable(void)
{
	unsigned char *page;

	keys_need();
	page = keys_map(-1, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	memcpy(page, keys_opener, sizeof(keys_opener));
	CHECK_OK(mprotect(page, PAGE_SIZE, PROT_READ | PROT_EXEC));
	keys_must_not_open(page);
}

/* Good code in a file's page that has been executed. */
static unsigned char *good_code(int *fd, int flags)
{
	unsigned char *code;

	keys_need();
	*fd = keys_file(keys_harmless, sizeof(keys_harmless), 0, 1);
	code = keys_map(*fd, PAGE_SIZE, PROT_READ | PROT_EXEC, flags);
	keys_must_work(code);
	keys_need();
	return code;
}

/* Executed once while it is good; then changed. */
static void changed_by_another_mapping(void)
{
	unsigned char *code, *data;
	int fd;

	code = good_code(&fd, MAP_SHARED);
	data = keys_map(fd, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED);
	memcpy(data, keys_opener, sizeof(keys_opener));
	keys_must_not_open(code);
}

static void changed_by_write(void)
{
	unsigned char *code;
	int fd;

	code = good_code(&fd, MAP_SHARED);
	CHECK_EQ(pwrite(fd, keys_opener, sizeof(keys_opener), 0), (long)sizeof(keys_opener));
	keys_must_not_open(code);
}

/* By another process, while this one can execute it. */
static unsigned char *shared_data;

static void write_from_child(void)
{
	CHECK_OK(mprotect(shared_data, PAGE_SIZE, PROT_READ | PROT_WRITE));
	memcpy(shared_data, keys_opener, sizeof(keys_opener));
}

static void changed_by_another_process(void)
{
	unsigned char *code;
	int fd;

	keys_need();
	fd = keys_file(keys_harmless, sizeof(keys_harmless), 0, 1);
	code = keys_map(fd, PAGE_SIZE, PROT_READ | PROT_EXEC, MAP_SHARED);
	shared_data = keys_map(fd, PAGE_SIZE, PROT_READ, MAP_SHARED);
	keys_must_work(code);
	test_child(write_from_child);
	keys_must_not_open(code);
}

static void changed_by_protection(void)
{
	unsigned char *code;
	int fd;

	code = good_code(&fd, MAP_PRIVATE);
	CHECK_OK(mprotect(code, PAGE_SIZE, PROT_READ | PROT_WRITE));
	memcpy(code, keys_opener, sizeof(keys_opener));
	CHECK_OK(mprotect(code, PAGE_SIZE, PROT_READ | PROT_EXEC));
	keys_must_not_open(code);
}

/* One instruction in two pages, in one mapping and in two that are put together. */
static void across_pages(void)
{
	long split;

	keys_need();
	for (split = 1; split <= 2; split++) {
		long at = PAGE_SIZE - KEYS_OPENER_INSN - split;
		int fd = keys_file(keys_opener, sizeof(keys_opener), at, 2);
		unsigned char *code = keys_map(fd, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC,
					  MAP_PRIVATE);

		keys_must_not_open(code + at);
		close(fd);
	}
}

static void put_together(long split, int second_first)
{
	long at = PAGE_SIZE - KEYS_OPENER_INSN - split;
	int fd = keys_file(keys_opener, sizeof(keys_opener), at, 2);
	unsigned char *code = keys_map(-1, 2 * PAGE_SIZE, PROT_NONE,
				  MAP_PRIVATE | MAP_ANONYMOUS);

	for (int i = 0; i < 2; i++) {
		long page = i ^ second_first;

		CHECK(mmap(code + page * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_EXEC,
			   MAP_PRIVATE | MAP_FIXED, fd, page * PAGE_SIZE) != MAP_FAILED);
		/* what is executable is touched */
		attack_try(keys_call, code + page * PAGE_SIZE +
						   (page ? 16 : at - 16));
	}
	keys_must_not_open(code + at);
	close(fd);
}

static void one_by_one(void)
{
	keys_need();
	for (long split = 1; split <= 2; split++) {
		put_together(split, 0);
		put_together(split, 1);
	}
}

/* --- xrstor -------------------------------------------------------------------------- */

/* In pages of their own: what stands beside them stays as it is. */
__asm__(".pushsection .text\n\t"
	".balign 4096\n"
	"open_by_xrstor:\n\t" /* rdi: area; rsi: what to read */
	"mov $0x200, %eax\n\t"
	"xor %edx, %edx\n\t"
	"xrstor64 (%rdi)\n\t"
	"mov (%rsi), %al\n\t"
	"ret\n"
	"xrstor_vectors:\n\t"
	"mov $7, %eax\n\t"
	"xor %edx, %edx\n\t"
	"xsave64 (%rdi)\n\t"
	"pxor %xmm0, %xmm0\n\t"
	"xrstor64 (%rdi)\n\t"
	"ret\n"
	"deny_all_keys:\n\t"
	"mov $~0, %eax\n\t"
	"xor %ecx, %ecx\n\t"
	"xor %edx, %edx\n\t"
	"wrpkru\n\t"
	"mov $110, %eax\n\t" /* getppid */
	"syscall\n\t"
	"jmp deny_all_keys\n\t"
	".balign 4096\n\t"
	".popsection");
extern char open_by_xrstor[], xrstor_vectors[], deny_all_keys[];

static unsigned char area[XSAVE_BYTES] __attribute__((aligned(64)));

/* XSTATE_BV says PKRU, or nothing: then it is loaded with 0, too. */
static void load_area(void *bv)
{
	memset(area, 0, sizeof(area));
	memcpy(area + 512, &bv, sizeof(bv));
	((void (*)(void *, unsigned long))open_by_xrstor)(area, LODGER_COUNTERS_ADDR);
}

static void by_xrstor(void)
{
	keys_need();
	CHECK(attack_try(load_area, (void *)KEYS_PKRU_FEATURE) != 0);
	attack_check_closed();
	CHECK(attack_try(load_area, (void *)0) != 0);
	attack_check_closed();
	attack_check_alive();
}

/* A program that uses it as all do, ld.so among them, works. */
static void ordinary_xrstor(void)
{
	unsigned long before = 0x123456789abcdef0UL, after;

	__asm__ volatile("movq %2, %%xmm0\n\t"
			 "mov %3, %%rdi\n\t"
			 "call *%1\n\t"
			 "movq %%xmm0, %0"
			 : "=r"(after)
			 : "r"((void *)xrstor_vectors), "r"(before), "r"(area)
			 : "rax", "rdx", "rdi", "rcx", "r11", "xmm0", "memory");
	CHECK_EQ(after, before);
	attack_check_alive();
}

/* --- the kernel's own places ----------------------------------------------------------- */

static const unsigned long wrpkru_at[] = { KERNEL_WRPKRUS };
static const unsigned long xrstor_at[] = { KERNEL_XRSTORS };
static struct attack_regs regs;

static void jump(void *unused)
{
	(void)unused;
	attack_jump(&regs);
}

static void try_jump(void)
{
	attack_can_read(0);
	attack_try(jump, NULL);
	attack_check_closed();
}

/* With every right that PKRU may give; a host that cannot store a frame with key 0
 * denied ends the process. */
static void at_the_gate(void)
{
	static const unsigned rights[] = { 0, LODGER_PKRU_OPEN, LODGER_PKRU_CLOSED,
					   4, 8, 0xaaaaaaa8, 0x55555558, 0xfffffffc };

	keys_need();
	for (size_t i = 0; i < ARRAY_SIZE(wrpkru_at); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rights); k++) {
			regs = (struct attack_regs){ .rax = rights[k],
						     .rip = wrpkru_at[i] };
			attack_harmless(try_jump);
		}
	attack_check_closed();
	attack_check_alive();
}

/* A program may execute the kernel's xrstor with a mask of its own; what follows
 * leads nowhere, so it is ended from outside. */
static void spin_at_xrstor(void)
{
	sys1(__NR_alarm, 1);
	attack_jump(&regs);
}

static void at_xrstor(void)
{
	keys_need();
	memset(area, 0, sizeof(area));
	for (size_t i = 0; i < ARRAY_SIZE(xrstor_at); i++) {
		int status;

		regs = (struct attack_regs){ .rax = KEYS_PKRU_FEATURE,
					     .rdi = (unsigned long)area,
					     .rip = xrstor_at[i] };
		status = test_status(spin_at_xrstor);
		CHECK(WIFSIGNALED(status));
	}
	attack_check_closed();
	attack_check_alive();
}

/* The stub of all host calls can be executed with the text: the host must not make
 * them, so that it does not come back from there. */
static unsigned long made_stack[64] __attribute__((aligned(16)));

static void host_call_was_made(void)
{
	exit(77);
}

static void make_host_call(void)
{
	attack_can_read(0);
	made_stack[32] = (unsigned long)host_call_was_made;
	regs.rsp = (unsigned long)&made_stack[32];
	regs.rip = KERNEL_HOST_CALL;
	attack_try(jump, NULL);
	attack_check_closed();
}

static void at_host_call(void)
{
	static const struct attack_regs calls[] = {
		{ .rax = __NR_munmap, .rdi = 0x30000000, .rsi = PAGE_SIZE },
		{ .rax = __NR_getrandom, .rdi = LODGER_SIGSTACK_BASE, .rsi = 8 },
		/* the memory file of the guest kernel; of all programs */
		{ .rax = __NR_pwrite64, .rdi = 3, .rsi = LODGER_GATE_TEXT, .rdx = 16,
		  .r10 = 0x60000 },
		{ .rax = __NR_pread64, .rdi = 4, .rsi = LODGER_SIGSTACK_BASE, .rdx = 16 },
		{ .rax = __NR_mmap, .rdi = 0x30000000, .rsi = PAGE_SIZE, .rdx = 7,
		  .r10 = MAP_SHARED | MAP_FIXED },
		{ .rax = __NR_exit_group },
	};

	keys_need();
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		regs = calls[i];
		attack_harmless(make_host_call);
	}
	attack_check_closed();
	attack_check_alive();
}

/* The host's rt_sigreturn would load any PKRU from the stack. */
static void at_nested_return(void)
{
	static unsigned char frame[8192] __attribute__((aligned(64)));

	keys_need();
	regs = (struct attack_regs){ .rax = __NR_rt_sigreturn,
				     .rsp = (unsigned long)frame + 4096,
				     .rip = KERNEL_NESTED_RETURN };
	attack_harmless(try_jump);
	attack_check_closed();
	attack_check_alive();
}

/* The opening call by a program, as if it were in the middle of a call without a
 * signal, which returns to it; then bytes of the core as code. Where a jump to it is
 * answered by death there is nothing to look at. */
__asm__(".pushsection .text\n"
	"back_from_call:\n\t"
	"lea back_stack+16384(%rip), %rsp\n\t"
	"call after_opening\n\t"
	"ud2\n\t"
	".popsection");
extern char back_from_call[];
unsigned char back_stack[16384] __attribute__((aligned(16)));

void after_opening(void);
void after_opening(void)
{
	CHECK(!attack_can_run(LODGER_COUNTERS_ADDR));
	attack_check_closed();
	attack_check_alive();
	exit(0);
}

static void enter_opening_call(void)
{
	struct attack_state state = {
		.rax = __NR_mprotect, .rdi = LODGER_CORE_BASE,
		.rsi = attack_core_bytes(), .rdx = 7, .rbx = 0, .rflags = 2,
		.rsp = (unsigned long)back_stack + sizeof(back_stack),
		.rip = KERNEL_OPEN_CALL,
	};
	unsigned long *entry = (unsigned long *)LODGER_SIGSTACK_BASE;

	entry[0] = __NR_getppid;		  /* rax */
	entry[4] = (unsigned long)back_from_call; /* rcx */
	attack_enter(&state);
}

static void at_the_opening_call(void)
{
	keys_need();
	attack_harmless(enter_opening_call);
	attack_check_closed();
	attack_check_alive();
}

static void data_is_not_text(void)
{
	keys_need();
	CHECK(!attack_can_run(LODGER_BOOT_ADDR));
	CHECK(!attack_can_run(LODGER_COUNTERS_ADDR));
	CHECK(!attack_can_run(CORE_END - PAGE_SIZE));
	keys_need();
}

/* --- the host's frames ------------------------------------------------------------------ */

/* Denying itself everything, key 0 too: its own end, if that. */
static void deny_all(void)
{
	sys1(__NR_alarm, 1);
	((void (*)(void))deny_all_keys)();
}

static void denied_to_itself(void)
{
	const char *set = getenv("LODGER_SET");
	int status;

	attack_need_machine();
	if (keys_are_there() && (!set || strncmp(set, "patch-", 6)))
		test_skip("one host process for all: docs/security.md");
	status = test_status(deny_all);
	CHECK(status == 0 || WIFSIGNALED(status));
	attack_check_alive();
}

static const struct test_case cases[] = {
	{ "wrpkru in a file's page", in_a_file },
	{ "wrpkru in a writable page", in_a_writable_page },
	{ "wrpkru written, then made executable", written_then_executable },
	{ "a page changed through another mapping", changed_by_another_mapping },
	{ "a page changed by write(2)", changed_by_write },
	{ "a page changed by another process", changed_by_another_process },
	{ "a page changed while not executable", changed_by_protection },
	{ "wrpkru across pages", across_pages },
	{ "wrpkru across pages that are put together", one_by_one },
	{ "xrstor with PKRU", by_xrstor },
	{ "xrstor without", ordinary_xrstor },
	{ "the gate's wrpkru", at_the_gate },
	{ "the kernel's xrstor", at_xrstor },
	{ "the kernel's host calls", at_host_call },
	{ "the kernel's rt_sigreturn", at_nested_return },
	{ "the opening call, then the core as code", at_the_opening_call },
	{ "the core's data as code", data_is_not_text },
	{ "all keys denied", denied_to_itself },
};
TEST_MAIN(cases)
