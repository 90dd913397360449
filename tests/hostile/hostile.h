/*
 * A guest kernel that attacks its host. One image, guestkern's hal and lib
 * with this in place of everything above; `lodger run --kernel IMAGE --
 * ATTACK WHEN` boots it and run.sh judges how the machine ended.
 *
 * A family is one file, one table of attacks. Most attacks are one host call
 * that the VMM process must refuse; if it returns the attack has succeeded,
 * and the machine ends with status 1 and a line that says so.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <asm/unistd.h>

#include "hal/host.h"
#include "hal/trap.h"
#include "lib/types.h"

/* When an attack is made: before the machine was ever in user mode, or from
 * the upcall of its first system call. The VMM's picture differs. */
enum attack_when { EARLY_AND_LATE, EARLY_ONLY, LATE_ONLY };

struct attack {
	const char *name;
	/* Expected exit status, and a shell pattern for the one line on
	 * stderr; NULL: nothing on stderr. */
	int status;
	const char *line;
	enum attack_when when;
	/* Either something to run, or one host call. */
	void (*run)(void);
	u64 nr;
	u64 arg[6];
	/* What user mode executes, NULL: one getpid, then an endless loop. */
	const u8 *user_code, *user_code_end;
	/* The line where the host calls the kernel back instead of stopping
	 * it (interception without a stop for each call): NULL: the same;
	 * NOT_HERE: the attack has no object there. Of family multi: the line
	 * with --space multi. */
	const char *inside;
};

struct attack_family {
	const char *name;
	const struct attack *attacks;
	size_t count;
};

#define FAMILY(f, table) \
	const struct attack_family f = { #f, table, ARRAY_SIZE(table) }

extern const struct attack_family calls, memory, descriptors, gate, ends;
extern const struct attack_family endless, multi, disks, broker;

#define STATUS_REFUSED 125
#define REFUSED(call, why) \
	"lodger: guest kernel refused: " call "(*) at rip 0x*: " why
#define NOT_THIS_CALL "no guest kernel may make this call"
#define NOT_HERE "-"
/* The kernel's own report of signal n in kernel mode: the call was not made. */
#define TRAPPED(n) "lodger: guest kernel: fault in the guest kernel: signal " n " at rip *"
#define FAULT(sig) "lodger: guest kernel fault: SIG" sig " at rip 0x*"

/* Where the attack's user program is: the first page of guest RAM. */
#define USER_CODE 0x400000
#define USER_PAGE_END 0x401000

/* The attack's own words, beside its name. */
const char *attack_word(u32 index);
/* The attack has succeeded. Never returns. */
void let_through(s64 result) __noreturn;
/* Enters user mode at USER_CODE, afresh. */
void enter_user(void) __noreturn;
/* Returns to user mode with these registers. */
void back_to_user(struct trap_frame *tf) __noreturn;
/* All that enter_user does but the last step; the registers it would load. */
struct trap_frame *prepare_user(void);
/* One host call by an instruction of our own, not the stub. */
s64 own_syscall(u64 nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);

/* Small number from text; 0 for anything else. */
u64 number_of(const char *text);

#endif
