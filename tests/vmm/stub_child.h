/*
 * Children that make system calls for real from small stubs at chosen
 * addresses: the gate's two places, the nested return, the host call stub, user
 * code, and the same low 32 bits 4 GiB higher. For the tests of the in-process
 * filter (test_filter_inproc.c, test_listener.c).
 */
#ifndef TESTS_VMM_STUB_CHILD_H
#define TESTS_VMM_STUB_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "abi/image.h"
#include "abi/layout.h"
#include "filter_inproc.h"
#include "policy.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define CORE_BYTES (4 * MIB)
#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define SHARED_FIXED (MAP_SHARED | MAP_FIXED)
#define HIGH (1ULL << 32)
#define X32 0x40000000ULL
#define SECCOMP_CODE 1 /* SYS_SECCOMP, asm-generic/siginfo.h */

/* One place a 16 bytes in the stub page, in the user page and in the page 4 GiB
 * above the stub page. Both kinds of calls are two bytes long. */
enum place { OPEN, CLOSE, NESTED, HOST, EXIT, PLACES };
#define STUBS ((uint64_t)LODGER_GATE_TEXT)
#define STUBS_HIGH (STUBS + HIGH)
#define USER_PAGE 0x10000000ULL
#define AT(page, place) ((page) + 16ULL * (place))
#define CALL_BYTES 2

/*
 * What becomes of a call: it passes, it traps (SIGSYS caught in the process),
 * the policy refuses it, or it passes and kills by what it does.
 */
enum outcome { PASSES, TRAPS, REFUSED, FAULTS };

struct sample {
	uint64_t at;
	uint64_t reg[7]; /* number and six arguments */
	enum outcome outcome;
	bool int80;
};

/* The outcome, the place, the number and its arguments. */
#define CALL(result, page, place, ...)                              \
	{                                                           \
		.at = AT(page, place), .reg = { __VA_ARGS__ },      \
		.outcome = result                                   \
	}
#define INT80(page, place, ...)                                     \
	{                                                           \
		.at = AT(page, place), .reg = { __VA_ARGS__ },      \
		.outcome = TRAPS, .int80 = true                     \
	}
#define BASE LODGER_CORE_BASE
#define WHOLE_CORE BASE, CORE_BYTES

/* How a child ends. */
#define CHILD_FAILED 99
#define CHILD_TRAPPED 77
#define CHILD_TRAP_ODD 78
#define CHILD_PASSED 0

/* A machine of 64 MiB. */
extern const struct policy_env stub_child_env;

/* The image whose gate the stub page stands for. */
struct lodger_image stub_child_image(void);

/* fork(2); the child dies with its parent, and in any case after some time. */
pid_t stub_child_fork(void);

/* In the child, in this order: memory, files, handler, no_new_privs for this
 * sample's machine; then the filter, to be installed. 0 or an error. */
int stub_child_prepare(const struct policy_env *env,
		       const struct sample *sample);
int stub_child_build(struct filter_program *program,
		     const struct policy_env *env, const struct sample *sample,
		     enum filter_reflect reflect);

/* Makes the sample's call, on this stack unless it is NULL. What libc or a
 * sanitizer does must not be asked for from here on. */
long stub_child_call(const struct sample *sample, void *stack);

/*
 * Ends the child by a host call that must pass. Never returns, but says so to
 * nobody: a sanitizer would make a system call before the call of a function
 * that does not return.
 */
void stub_child_leave(uint64_t status);

#endif
