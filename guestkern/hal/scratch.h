/*
 * The call gate's two blocks of memory that user mode can reach, at the bottom
 * of the signal stack's area (assembly and C). What they hold lives only
 * between a few gate instructions; in user mode their contents mean nothing.
 */
#ifndef HAL_SCRATCH_H
#define HAL_SCRATCH_H

#include "abi/layout.h"

/* Entry block: registers that the opening host call needs, saved first. */
#define SCRATCH_ENTRY LODGER_SIGSTACK_BASE
#define ENTRY_RAX 0
#define ENTRY_RDI 8
#define ENTRY_RSI 16
#define ENTRY_RDX 24
#define ENTRY_RCX 32 /* the address to return to */
#define ENTRY_RBX 40
/* prot_pkey.S, before the core is open: the program's rsp, its rflags */
#define ENTRY_RSP 48
#define ENTRY_RFLAGS 56
#define ENTRY_BYTES 64

/* Exit block: all registers of the program that is about to go on, in the
 * order of struct trap_frame up to rflags. */
#define SCRATCH_EXIT (LODGER_SIGSTACK_BASE + 0x100)
#define EXIT_BYTES 144
#define EXIT_R8 0
#define EXIT_R9 8
#define EXIT_R10 16
#define EXIT_R11 24
#define EXIT_R12 32
#define EXIT_R13 40
#define EXIT_R14 48
#define EXIT_R15 56
#define EXIT_RDI 64
#define EXIT_RSI 72
#define EXIT_RBP 80
#define EXIT_RBX 88
#define EXIT_RDX 96
#define EXIT_RAX 104
#define EXIT_RCX 112
#define EXIT_RSP 120
#define EXIT_RIP 128
#define EXIT_RFLAGS 136

/* What iretq takes: rip, cs, rflags, rsp, ss. */
#define EXIT_IRET 144

/* The signal stack proper, above the blocks. */
#define SIGSTACK_LOW (LODGER_SIGSTACK_BASE + 0x1000)
/* Where a host process without the baton waits (baton.S): frames of signals
 * fit above it, from the top, and below. */
#define SIGSTACK_MIDDLE (SIGSTACK_LOW + 0x4000)

#endif
