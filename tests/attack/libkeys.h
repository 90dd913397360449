/*
 * What the attacks on protection keys share (a_pkey.c, a_pkey_*.c): code that opens
 * the core where it can, files that hold it, and judging what came of it.
 */
#ifndef TESTS_ATTACK_LIBKEYS_H
#define TESTS_ATTACK_LIBKEYS_H

#include <stddef.h>

#define KEYS_PKRU_FEATURE 0x200 /* in XSTATE_BV and the masks of xsave, xrstor */
#define KEYS_CODE_BYTES 12
#define KEYS_OPENER_INSN 6 /* where in keys_opener wrpkru is */

/* xor ecx, ecx; xor edx, edx; xor eax, eax; wrpkru; mov (rdi), al; ret. The same in
 * 32-bit mode. */
extern const unsigned char keys_opener[KEYS_CODE_BYTES];
/* The same length, without wrpkru and without looking. */
extern const unsigned char keys_harmless[KEYS_CODE_BYTES];

/* Has the processor keys, and does the host use them? */
int keys_are_there(void);
/* Is this process's core closed by the key? Then the attack is a real one. */
int keys_close_this(void);
/* Ends the case as skipped outside a machine; fails if the machine closes by keys, but
 * this process not any more. */
void keys_need(void);

/* Calls code with an address of the core, as a function for attack_try. */
void keys_call(void *code);
/* Fails if the opener at this place opens. */
void keys_must_not_open(void *code);
/* Fails unless the code there comes back. */
void keys_must_work(void *code);

/* A file of whole pages with the code at an offset, open for reading and writing: in
 * the directory PKEY_DIR of the environment, without a name, or in memory. */
int keys_file(const unsigned char *code, size_t bytes, long at, long pages);
/* mmap from the file's start that cannot fail. */
unsigned char *keys_map(int fd, long bytes, int prot, int flags);

#endif
