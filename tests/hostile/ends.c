/*
 * Ends: faults of the kernel's own, and everything that the VMM process reads
 * afterwards filled with lies. The VMM must survive and say one sane line.
 */
#include "abi/layout.h"
#include "hal/cpu.h"
#include "hostile.h"
#include "lib/bug.h"
#include "lib/string.h"

/* Hidden from the compiler. */
static volatile u64 nowhere = 0x10;

static void fault_null(void)
{
	*(volatile u32 *)nowhere = 1;
}

static void fault_ud2(void)
{
	__asm__ volatile("ud2");
}

static void fault_divide(void)
{
	__asm__ volatile("xor %%ecx, %%ecx; mov $1, %%eax; cltd; idiv %%ecx"
			 :
			 :
			 : "eax", "ecx", "edx");
}

static void fault_int3(void)
{
	__asm__ volatile("int3");
}

static void fault_privileged(void)
{
	__asm__ volatile("hlt");
}

static void fault_non_canonical(void)
{
	*(volatile u32 *)0x8000000000000000ULL = 1;
}

static void fault_gate_write(void)
{
	*(volatile u32 *)LODGER_GATE_TEXT = 0;
}

static void fault_misaligned(void)
{
	__asm__ volatile("pushf; orl $0x40000, (%%rsp); popf;"
			 "mov cpu0+1, %%eax"
			 :
			 :
			 : "rax", "memory");
}

/* No stack at all: the host has nowhere to put... but the signal stack. */
static void fault_no_stack(void)
{
	__asm__ volatile("xor %esp, %esp; push %rax");
}

static void fault_step(void)
{
	__asm__ volatile("pushf; orl $0x100, (%rsp); popf; nop; nop");
}

static void jump_nowhere(void)
{
	((void (*)(void))0x30000000)();
}

static void lies(u8 byte, u32 reason, int status)
{
	memset(counters(), byte, sizeof(struct lodger_counters));
	counters()->halt_reason = reason;
	for (;;)
		host_call3(__NR_exit_group, (u64)status, 0, 0);
}

static void lies_ones(void)
{
	lies(0xff, LODGER_HALT_EXIT, 42);
}

static void lies_panic(void)
{
	lies('A', LODGER_HALT_PANIC, 125);
}

static void lies_reason(void)
{
	lies(0x80, 0x12345678, 42);
}

static void say(u32 reason, const char *text)
{
	str_copy(counters()->halt_text, text, sizeof(counters()->halt_text));
	counters()->halt_reason = reason;
	for (;;)
		host_call3(__NR_exit_group, 125, 0, 0);
}

/* Would clear the user's terminal and retitle it. */
static void say_escapes(void)
{
	say(LODGER_HALT_PANIC, "sorry\033[2J\033]0;owned\007\x9b" "31m\b\b\r");
}

/* Would look like lodger's own second line. */
static void say_lines(void)
{
	say(LODGER_HALT_PANIC, "sorry\nlodger: all is well\n");
}

static void say_format(void)
{
	say(LODGER_HALT_BOOTFAIL, "%s%s%n%n%999999d");
}

static void say_nothing(void)
{
	say(LODGER_HALT_PANIC, "");
}

static void leave_with(u64 status)
{
	for (;;)
		host_call3(__NR_exit_group, status, 0, 0);
}

static void exit_0(void)
{
	leave_with(0);
}

static void exit_125(void)
{
	leave_with(125);
}

static void exit_huge(void)
{
	leave_with(0x123456789abcdeff);
}

static void status_huge(void)
{
	machine_halt(LODGER_HALT_EXIT, 0x7fffff2a, "");
}

static void panic_plain(void)
{
	panic("out of luck");
}

static const struct attack table[] = {
	{ "fault-null", STATUS_REFUSED, FAULT("SEGV") ", address 0x10",
	  .run = fault_null,
	  .inside = TRAPPED("11") },
	{ "fault-ud2", STATUS_REFUSED, FAULT("ILL"), .run = fault_ud2,
	  .inside = TRAPPED("4") },
	{ "fault-divide", STATUS_REFUSED, FAULT("FPE"), .run = fault_divide,
	  .inside = TRAPPED("8") },
	{ "fault-int3", STATUS_REFUSED, FAULT("TRAP"), LATE_ONLY, .run = fault_int3,
	  .inside = NOT_HERE },
	{ "fault-int3-early", STATUS_REFUSED, "lodger: *SIGTRAP*", EARLY_ONLY,
	  .run = fault_int3,
	  .inside = NOT_HERE },
	{ "fault-privileged", STATUS_REFUSED, FAULT("SEGV"),
	  .run = fault_privileged,
	  .inside = TRAPPED("11") },
	{ "fault-non-canonical", STATUS_REFUSED, FAULT("SEGV"),
	  .run = fault_non_canonical,
	  .inside = TRAPPED("11") },
	{ "fault-gate-write", STATUS_REFUSED,
	  FAULT("SEGV") ", address 0x70000000", .run = fault_gate_write,
	  .inside = TRAPPED("11") },
	{ "fault-misaligned", STATUS_REFUSED, FAULT("BUS"),
	  .run = fault_misaligned,
	  .inside = TRAPPED("7") },
	{ "fault-no-stack", STATUS_REFUSED, "lodger: guest kernel fault: SIG*",
	  .run = fault_no_stack,
	  .inside = "lodger: *" },
	{ "fault-step", STATUS_REFUSED, FAULT("TRAP"), LATE_ONLY, .run = fault_step,
	  .inside = NOT_HERE },
	{ "jump-nowhere", STATUS_REFUSED, FAULT("SEGV") ", address 0x30000000",
	  .run = jump_nowhere,
	  .inside = TRAPPED("11") },
	{ "lies-ones", 42, NULL, .run = lies_ones },
	{ "lies-panic", STATUS_REFUSED, "lodger: guest kernel: A*",
	  .run = lies_panic },
	{ "lies-reason", 42, NULL, .run = lies_reason },
	{ "say-escapes", STATUS_REFUSED, "lodger: guest kernel: sorry*",
	  .run = say_escapes },
	{ "say-lines", STATUS_REFUSED, "lodger: guest kernel: sorry*",
	  .run = say_lines },
	{ "say-format", STATUS_REFUSED, "lodger: *%s%s%n%n%999999d*",
	  .run = say_format },
	{ "say-nothing", STATUS_REFUSED, "lodger: guest kernel*",
	  .run = say_nothing },
	{ "exit-0", 0, NULL, .run = exit_0 },
	{ "exit-125", 125, NULL, .run = exit_125 },
	{ "exit-huge", 0xff, NULL, .run = exit_huge },
	{ "status-huge", 0x2a, NULL, .run = status_huge },
	{ "panic", STATUS_REFUSED, "lodger: guest kernel: out of luck",
	  .run = panic_plain },
};

FAMILY(ends, table);
