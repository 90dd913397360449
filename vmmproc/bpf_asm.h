/*
 * A small assembler for seccomp programs: instructions are appended, jumps go
 * forward to labels that are placed later. Nothing here fails: a program that
 * outgrows its array or jumps too far is found by bpf_asm_finish.
 */
#ifndef VMMPROC_BPF_ASM_H
#define VMMPROC_BPF_ASM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#define BPF_ASM_MAX 1024
#define BPF_ASM_LABELS 192

/* Where a jump goes when it is not to a label. */
#define BPF_ASM_NEXT 0u

struct bpf_asm {
	struct sock_filter insn[BPF_ASM_MAX];
	unsigned if_true[BPF_ASM_MAX], if_false[BPF_ASM_MAX];
	size_t at[BPF_ASM_LABELS]; /* by label */
	size_t count;
	unsigned labels;
};

/* A new label, not 0. */
unsigned bpf_asm_label(struct bpf_asm *p);
/* The label stands for the next instruction. */
void bpf_asm_place(struct bpf_asm *p, unsigned label);

/* Appends an instruction; labels (or BPF_ASM_NEXT) count for jumps only. */
void bpf_asm_put(struct bpf_asm *p, unsigned code, uint32_t k,
		 unsigned if_true, unsigned if_false);

/* A = the 32-bit word of struct seccomp_data at this offset. */
void bpf_asm_load(struct bpf_asm *p, size_t offset);
/* A == value, A > value, A >= value? */
void bpf_asm_equal(struct bpf_asm *p, uint32_t value, unsigned if_true,
		   unsigned if_false);
void bpf_asm_above(struct bpf_asm *p, uint32_t value, unsigned if_true,
		   unsigned if_false);
void bpf_asm_not_below(struct bpf_asm *p, uint32_t value, unsigned if_true,
		       unsigned if_false);
/* A = word at one offset + word at the other, modulo 2^32; X is changed. */
void bpf_asm_sum(struct bpf_asm *p, size_t offset_a, size_t offset_b);
/* Goes to a label, however far. */
void bpf_asm_jump(struct bpf_asm *p, unsigned label);
void bpf_asm_return(struct bpf_asm *p, uint32_t action);

/* Resolves the jumps. Returns 0, or -E2BIG. */
int bpf_asm_finish(struct bpf_asm *p);

/* Offsets in struct seccomp_data; words are little-endian. */
#define BPF_NR offsetof(struct seccomp_data, nr)
#define BPF_ARCH offsetof(struct seccomp_data, arch)
#define BPF_IP offsetof(struct seccomp_data, instruction_pointer)
#define BPF_IP_HIGH (BPF_IP + 4)
#define BPF_ARG(n) (offsetof(struct seccomp_data, args) + 8 * (n))
#define BPF_ARG_HIGH(n) (BPF_ARG(n) + 4)

#endif
