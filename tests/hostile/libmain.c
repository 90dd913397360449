/*
 * The hostile kernel's frame: which attack was asked for, the list of all,
 * and just enough of a kernel to have been in user mode once.
 */
#include <linux/mman.h>

#include "abi/layout.h"
#include "hal/cpu.h"
#include "hal/frame.h"
#include "hal/hal_private.h"
#include "hostile.h"
#include "lib/bug.h"
#include "lib/printf.h"
#include "lib/string.h"

static const struct attack_family *const families[] = {
	&calls, &memory, &descriptors, &gate, &ends, &endless,
	&multi, &disks, &broker,
};

static const struct attack *chosen;
static struct trap_frame frame;
static u8 stack[16384] __attribute__((aligned(16)));
static u8 xstate[16384] __attribute__((aligned(64)));
static struct cpu_user user;

extern const u8 user_getpid[], user_getpid_end[];

const char *attack_word(u32 index)
{
	const char *word = boot_string(boot_info()->argv_off);

	if (index >= boot_info()->argc)
		return "";
	while (index--)
		word += strlen(word) + 1;
	return word;
}

u64 number_of(const char *text)
{
	u64 n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + (u64)(*text++ - '0');
	return n;
}

void let_through(s64 result)
{
	klog("attack %s was let through: %lld", chosen->name,
	     (long long)result);
	machine_halt(LODGER_HALT_EXIT, 1, "");
}

static void attack_now(void) __noreturn;
static void attack_now(void)
{
	const u64 *a = chosen->arg;

	if (chosen->run) {
		chosen->run();
		let_through(0);
	}
	let_through(host_call(chosen->nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

static void upcall(struct trap_frame *tf) __noreturn;
static void upcall(struct trap_frame *tf)
{
	(void)tf;
	attack_now();
}

struct trap_frame *prepare_user(void)
{
	const u8 *code = chosen->user_code;
	size_t bytes = (size_t)(chosen->user_code_end - code);
	s64 at;

	if (!code) {
		code = user_getpid;
		bytes = (size_t)(user_getpid_end - user_getpid);
	}
	ram_write((gpa_t){ 0 }, code, bytes);
	at = host_call(__NR_mmap, USER_CODE, PAGE_SIZE,
		       PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_SHARED | MAP_FIXED, LODGER_FD_RAM, 0);
	if (at != USER_CODE)
		panic("mapping user code: %lld", (long long)at);
	cpu_set_trap_upcall(upcall);
	this_cpu()->frame = &frame;
	this_cpu()->kernel_stack_top = (u64)stack + sizeof(stack);
	cpu_user_init(&user, xstate);
	frame.rip = USER_CODE;
	frame.rsp = USER_PAGE_END;
	frame.rflags = 0x202;
	return &frame;
}

void back_to_user(struct trap_frame *tf)
{
	for (;;) /* an interrupt may come first */
		cpu_return_to_user(tf, &user);
}

void enter_user(void)
{
	back_to_user(prepare_user());
}

static void print(const char *text)
{
	host_call3(__NR_write, LODGER_FD_STDOUT, (u64)text, strlen(text));
}

/* One line an attack: when status name line, tab, inside. */
static void list_family(const struct attack_family *f)
{
	static const char *const when[] = { "both", "early", "late" };
	const struct attack *a;
	char head[96];

	for (a = f->attacks; a < f->attacks + f->count; a++) {
		bool here = f != &multi || boot_info()->space == LODGER_SPACE_MULTI;

		ksnprintf(head, sizeof(head), "%s %d %s ", when[a->when],
			  a->status, a->name);
		print(head);
		print(a->line ? a->line : "");
		print("\t");
		print(a->inside && here ? a->inside : a->line ? a->line : "");
		print("\n");
	}
}

static const struct attack *find(const char *name)
{
	size_t f, i;

	for (f = 0; f < ARRAY_SIZE(families); f++)
		for (i = 0; i < families[f]->count; i++)
			if (!strcmp(families[f]->attacks[i].name, name))
				return &families[f]->attacks[i];
	return NULL;
}

/* `list FAMILY`, or `ATTACK early|late [WORD]...` */
void kernel_main(void)
{
	size_t f;

	if (!strcmp(attack_word(0), "list")) {
		for (f = 0; f < ARRAY_SIZE(families); f++)
			if (!strcmp(attack_word(1), families[f]->name))
				list_family(families[f]);
		machine_halt(LODGER_HALT_EXIT, 0, "");
	}
	chosen = find(attack_word(0));
	if (!chosen)
		panic("no attack %s", attack_word(0));
	if (!strcmp(attack_word(1), "late"))
		enter_user();
	attack_now();
}
