/* A small assembler for seccomp programs. */
#include "bpf_asm.h"

#include <errno.h>
#include <stdbool.h>

unsigned bpf_asm_label(struct bpf_asm *p)
{
	return ++p->labels;
}

void bpf_asm_place(struct bpf_asm *p, unsigned label)
{
	if (label < BPF_ASM_LABELS)
		p->at[label] = p->count;
}

void bpf_asm_put(struct bpf_asm *p, unsigned code, uint32_t k,
		 unsigned if_true, unsigned if_false)
{
	size_t i = p->count++;

	if (i >= BPF_ASM_MAX)
		return;
	p->insn[i] = (struct sock_filter){ (uint16_t)code, 0, 0, k };
	p->if_true[i] = if_true;
	p->if_false[i] = if_false;
}

void bpf_asm_load(struct bpf_asm *p, size_t offset)
{
	bpf_asm_put(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

void bpf_asm_equal(struct bpf_asm *p, uint32_t value, unsigned if_true,
		   unsigned if_false)
{
	bpf_asm_put(p, BPF_JMP | BPF_JEQ | BPF_K, value, if_true, if_false);
}

void bpf_asm_above(struct bpf_asm *p, uint32_t value, unsigned if_true,
		   unsigned if_false)
{
	bpf_asm_put(p, BPF_JMP | BPF_JGT | BPF_K, value, if_true, if_false);
}

void bpf_asm_not_below(struct bpf_asm *p, uint32_t value, unsigned if_true,
		       unsigned if_false)
{
	bpf_asm_put(p, BPF_JMP | BPF_JGE | BPF_K, value, if_true, if_false);
}

void bpf_asm_sum(struct bpf_asm *p, size_t offset_a, size_t offset_b)
{
	bpf_asm_load(p, offset_a);
	bpf_asm_put(p, BPF_MISC | BPF_TAX, 0, 0, 0);
	bpf_asm_load(p, offset_b);
	bpf_asm_put(p, BPF_ALU | BPF_ADD | BPF_X, 0, 0, 0);
}

void bpf_asm_jump(struct bpf_asm *p, unsigned label)
{
	bpf_asm_put(p, BPF_JMP | BPF_JA, 0, label, label);
}

void bpf_asm_return(struct bpf_asm *p, uint32_t action)
{
	bpf_asm_put(p, BPF_RET | BPF_K, action, 0, 0);
}

/* Distance of a jump, or -E2BIG where it leads back or is longer than max. */
static int distance(const struct bpf_asm *p, size_t from, unsigned label,
		    size_t max)
{
	size_t to = label == BPF_ASM_NEXT ? from + 1 : p->at[label];

	return to > from && to - from - 1 <= max ? (int)(to - from - 1) :
						   -E2BIG;
}

/* A conditional jump has eight bits for each way, the other one 32. */
static int resolve(struct bpf_asm *p, size_t i)
{
	bool always = p->insn[i].code == (BPF_JMP | BPF_JA);
	size_t max = always ? BPF_ASM_MAX : UINT8_MAX;
	int if_true = distance(p, i, p->if_true[i], max);
	int if_false = distance(p, i, p->if_false[i], max);

	if (if_true < 0 || if_false < 0)
		return -E2BIG;
	if (always) {
		p->insn[i].k = (uint32_t)if_true;
		return 0;
	}
	p->insn[i].jt = (uint8_t)if_true;
	p->insn[i].jf = (uint8_t)if_false;
	return 0;
}

int bpf_asm_finish(struct bpf_asm *p)
{
	if (p->count > BPF_ASM_MAX || p->labels >= BPF_ASM_LABELS)
		return -E2BIG;
	for (size_t i = 0; i < p->count; i++)
		if (BPF_CLASS(p->insn[i].code) == BPF_JMP && resolve(p, i))
			return -E2BIG;
	return 0;
}
