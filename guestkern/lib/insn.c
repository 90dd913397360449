/*
 * Instructions that may be moved: a table of opcodes with what follows them (SDM
 * vol 2, appendix A), and the lengths of ModRM operands (2.1.5).
 */
#include "lib/insn.h"

#include "lib/string.h"

#define PREFIX_FS 0x64
#define PREFIX_GS 0x65
#define REX_BASE 0x40
#define REX_W 8
#define MODRM_REGISTER 3 /* mod: the operand is a register */
#define RM_SIB 4
#define RM_RELATIVE 5 /* with mod 0 */

/* What follows an opcode. */
enum shape {
	SHAPE_UNKNOWN,
	SHAPE_MODRM,	   /* an operand */
	SHAPE_MODRM_IMM8,  /* an operand and a constant */
	SHAPE_MODRM_IMM32,
	SHAPE_STORE_IMM8,  /* the same, and the reg field is 0 */
	SHAPE_STORE_IMM32,
	SHAPE_ADDRESS,	   /* an operand in memory */
	SHAPE_IMM32,	   /* a constant */
};

static enum shape shape_of(u8 opcode, bool wide)
{
	if (opcode < 0x40 && (opcode & 7) < 4) /* add or adc sbb and sub xor cmp */
		return SHAPE_MODRM;
	if (opcode < 0x40 && (opcode & 7) == 5)
		return SHAPE_IMM32;
	if (opcode >= 0xb8 && opcode <= 0xbf) /* mov $n, %reg */
		return wide ? SHAPE_UNKNOWN : SHAPE_IMM32;
	switch (opcode) {
	case 0x63: /* movslq */
	case 0x84: /* test */
	case 0x85:
	case 0x88: /* mov */
	case 0x89:
	case 0x8a:
	case 0x8b:
		return SHAPE_MODRM;
	case 0x80: /* the eight of above with a constant */
	case 0x83:
		return SHAPE_MODRM_IMM8;
	case 0x81:
		return SHAPE_MODRM_IMM32;
	case 0x8d: /* lea */
		return SHAPE_ADDRESS;
	case 0xc6: /* mov $n, ... */
		return SHAPE_STORE_IMM8;
	case 0xc7:
		return SHAPE_STORE_IMM32;
	default:
		return SHAPE_UNKNOWN;
	}
}

static u32 constant_bytes(enum shape shape)
{
	switch (shape) {
	case SHAPE_MODRM_IMM8:
	case SHAPE_STORE_IMM8:
		return 1;
	case SHAPE_MODRM_IMM32:
	case SHAPE_STORE_IMM32:
	case SHAPE_IMM32:
		return 4;
	case SHAPE_UNKNOWN:
	case SHAPE_MODRM:
	case SHAPE_ADDRESS:
		break;
	}
	return 0;
}

/* May the operand's byte stand behind an opcode of this shape? */
static bool operand_fits(enum shape shape, u8 modrm)
{
	switch (shape) {
	case SHAPE_STORE_IMM8: /* others are xabort and xbegin */
	case SHAPE_STORE_IMM32:
		return (modrm >> 3 & 7) == 0;
	case SHAPE_ADDRESS:
		return modrm >> 6 != MODRM_REGISTER;
	case SHAPE_UNKNOWN:
	case SHAPE_MODRM:
	case SHAPE_MODRM_IMM8:
	case SHAPE_MODRM_IMM32:
	case SHAPE_IMM32:
		break;
	}
	return true;
}

/* Bytes of an operand from its ModRM byte on; sib is the byte behind that. */
static u32 operand_bytes(u8 modrm, u8 sib)
{
	u32 mod = modrm >> 6, rm = modrm & 7, bytes = 1;

	if (mod == MODRM_REGISTER)
		return bytes;
	if (rm == RM_SIB) {
		bytes++;
		rm = sib & 7;
	}
	if (mod == 1)
		return bytes + 1;
	if (mod == 2 || rm == RM_RELATIVE)
		return bytes + 4;
	return bytes;
}

static bool is_relative(u8 modrm)
{
	return modrm >> 6 == 0 && (modrm & 7) == RM_RELATIVE;
}

bool insn_movable(const u8 *code, size_t n, struct insn *insn)
{
	u8 padded[INSN_BYTES_MAX + 1] = { 0 }; /* no byte is read beyond n */
	bool wide = false;
	enum shape shape;
	u32 at = 0;

	n = MIN(n, (size_t)INSN_BYTES_MAX);
	memcpy(padded, code, n);
	if (padded[at] == PREFIX_FS || padded[at] == PREFIX_GS)
		at++;
	if ((padded[at] & 0xf0) == REX_BASE)
		wide = padded[at++] & REX_W;
	shape = shape_of(padded[at++], wide);
	if (shape == SHAPE_UNKNOWN)
		return false;
	insn->disp_at = 0;
	if (shape != SHAPE_IMM32) {
		if (!operand_fits(shape, padded[at]))
			return false;
		if (is_relative(padded[at]))
			insn->disp_at = at + 1;
		at += operand_bytes(padded[at], padded[at + 1]);
	}
	insn->len_bytes = at + constant_bytes(shape);
	return insn->len_bytes <= n;
}

bool insn_move(u8 *copy, u64 to, const u8 *code, u64 from, const struct insn *insn)
{
	s32 disp;
	s64 moved;

	memcpy(copy, code, insn->len_bytes);
	if (!insn->disp_at)
		return true;
	memcpy(&disp, code + insn->disp_at, sizeof(disp));
	moved = (s64)disp + (s64)(from - to);
	disp = (s32)moved;
	memcpy(copy + insn->disp_at, &disp, sizeof(disp));
	return disp == moved;
}
