/*
 * Which instructions may be carried out at another address than their own, and how
 * long they are. Only as much of x86-64 is known as C compilers put behind a
 * `syscall`: moves, comparisons and arithmetic between registers, memory and
 * constants. What is not known is not moved.
 */
#ifndef LIB_INSN_H
#define LIB_INSN_H

#include "lib/types.h"

#define INSN_BYTES_MAX 15 /* SDM vol 2, 2.3.11 */

struct insn {
	u32 len_bytes;
	u32 disp_at; /* of a displacement from the next instruction; 0: none */
};

/*
 * The first instruction of n bytes of code. False when it is cut off, not known, or
 * does another thing at another address (a jump, a call, a trap).
 */
bool insn_movable(const u8 *code, size_t n, struct insn *insn);

/*
 * Copies the instruction from address `from` to where it will be carried out as
 * if it stood at `to`. False when what it refers to is out of reach from there.
 */
bool insn_move(u8 *copy, u64 to, const u8 *code, u64 from, const struct insn *insn);

#endif
