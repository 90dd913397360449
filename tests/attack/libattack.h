/*
 * What the attacks share: trying something that should trap, in this process
 * or in a child, and looking at the wall from the outside.
 */
#ifndef TESTS_ATTACK_LIBATTACK_H
#define TESTS_ATTACK_LIBATTACK_H

#include <stdint.h>
#include <sys/types.h>

#include "abi/layout.h"

/* The guest kernel's core, as a constant of the gate's gives its length. */
#define CORE_END (LODGER_CORE_BASE + attack_core_bytes())
/* Length of the core; 0 outside a machine. */
unsigned long attack_core_bytes(void);
/* Ends the case as skipped outside a machine. */
void attack_need_machine(void);

/* What the last trapped attempt raised. */
struct attack_trap {
	int sig, code;
	unsigned long addr, ip;
};
extern volatile struct attack_trap attack_trapped;

/*
 * Calls fn(arg); comes back when it returns (0) or when it raises SIGSEGV,
 * SIGBUS, SIGILL, SIGFPE, SIGTRAP or SIGSYS (the signal's number), however
 * badly it left stack and flags. Not nested.
 */
int attack_try(void (*fn)(void *arg), void *arg);
/* Lets attack_try come back by this signal too; after its first use. */
void attack_catch(int sig);

/* True when one byte at the address can be read, written, executed (an
 * executed address may do as it likes until it traps). */
int attack_can_read(unsigned long addr);
int attack_can_write(unsigned long addr);
int attack_can_run(unsigned long addr);

/* Fails unless the core is out of reach: both ends and pages between. */
void attack_check_closed(void);
/* Fails unless forking, waiting, writing and own registers work. */
void attack_check_alive(void);

/* Runs fn in a child; fails unless the signal kills it. */
void attack_dies(void (*fn)(void), int sig);
/* Runs fn in a child; fails unless it dies of SIGSEGV, SIGBUS, SIGILL or
 * SIGTRAP, or ends with status 0. Returns the wait status. */
int attack_harmless(void (*fn)(void));

/* Six registers and a stack pointer for a jump. */
struct attack_regs {
	uint64_t rax, rdi, rsi, rdx, r10, rsp;
	uint64_t rip;
};
/* Jumps, all other registers zero: code entered at any byte must not find the program's
 * own memory by what is left in them. Returns only by a trap (within attack_try). */
void attack_jump(const struct attack_regs *regs);

/* A whole state of user mode, in the order that attack_enter knows. */
struct attack_state {
	uint64_t rax, rcx, rdx, rbx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14,
		r15, rdi, rflags, rsp, rip;
};
_Noreturn void attack_enter(const struct attack_state *state);
/* clone(2) with these flags and stack; the new task enters the state. The
 * kernel's own answer. */
long attack_thread(uint64_t flags, void *stack, const struct attack_state *state);

/* A call with every register but rsp, in the order of libattack_asm.S; the code is
 * to be copied, the number to be written to its place in the copy. */
#define ATTACK_RAX 0
#define ATTACK_RCX 1
#define ATTACK_R11 10
struct attack_call {
	uint64_t reg[15];
};
extern const unsigned char attack_call_start[], attack_call_number[],
	attack_call_back[], attack_call_end[];

/* A page of memory at an address, or anywhere (0), readable, writable and
 * executable. */
void *attack_page(unsigned long at);

/* Memory shared with children. */
void *attack_shared(size_t bytes);

#endif
