/*
 * The filter says what the check says: the in-process program is run by a small
 * interpreter of classic BPF, side by side with policy_allows, on calls made of
 * each row's own limits and what lies right beside them. libseccomp is part of
 * what is tested here: its program for two ranges of one argument is wrong in
 * some versions (filter_ranges.c).
 */
#include <check.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "abi/layout.h"
#include "filter_inproc.h"
#include "policy_table.h"

#define MIB (1ULL << 20)
#define STUB_IP 0x70210032ULL
#define ROUNDS 150000

static const struct policy_env machines[] = {
	{ .ram_bytes = 64 * MIB, .core_bytes = 4 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN },
	{ .ram_bytes = 64 * MIB, .core_bytes = 4 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN, .multi = true, .maker = true,
	  .broker = true },
	{ .ram_bytes = 2048 * MIB, .core_bytes = 32 * MIB, .in_process = true,
	  .user_low_min = 0x20000 },
	{ .ram_bytes = 5120 * MIB, .core_bytes = 168 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN, .vspace_high = true },
	{ .ram_bytes = 64 * MIB, .core_bytes = 4 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN, .vspace_high = true },
	{ .ram_bytes = 5120 * MIB, .core_bytes = 168 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN, .vspace_high = true,
	  .block_bytes = { 512, MIB, 6 * (1ULL << 30), 5 * (1ULL << 30), MIB, 512,
			   1ULL << 31, (1ULL << 31) - 512 },
	  .block_writable = 0xff },
	{ .ram_bytes = 64 * MIB, .core_bytes = 4 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN,
	  .block_bytes = { MIB, 3 * MIB, 5 * MIB }, .block_writable = 5 },
	{ .ram_bytes = 64 * MIB, .core_bytes = 4 * MIB, .in_process = true,
	  .user_low_min = LODGER_USER_LOW_MIN, .multi = true,
	  .host_token = 0x123456789abcdef0 },
};

#define MACHINES ((int)(sizeof(machines) / sizeof(machines[0])))

/* --- Classic BPF, what of it seccomp knows and these programs use -------------- */

struct bpf_state {
	uint32_t a, x, mem[BPF_MEMWORDS];
};

static bool jumps(const struct sock_filter *insn, const struct bpf_state *st)
{
	uint32_t with = insn->code & BPF_X ? st->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_JEQ:
		return st->a == with;
	case BPF_JGT:
		return st->a > with;
	case BPF_JGE:
		return st->a >= with;
	case BPF_JSET:
		return st->a & with;
	}
	ck_abort_msg("jump %#x", insn->code);
	return false;
}

static void compute(const struct sock_filter *insn, struct bpf_state *st)
{
	uint32_t with = insn->code & BPF_X ? st->x : insn->k;

	switch (BPF_OP(insn->code)) {
	case BPF_ADD:
		st->a += with;
		return;
	case BPF_AND:
		st->a &= with;
		return;
	}
	ck_abort_msg("arithmetic %#x", insn->code);
}

static uint32_t run(const struct filter_program *program,
		    const struct seccomp_data *data)
{
	const struct sock_filter *insn = program->fprog.filter;
	const struct sock_filter *end = insn + program->fprog.len;
	struct bpf_state st = { 0, 0, { 0 } };

	for (; insn < end; insn++) {
		switch (BPF_CLASS(insn->code)) {
		case BPF_LD:
			if (BPF_MODE(insn->code) == BPF_MEM)
				st.a = st.mem[insn->k];
			else
				memcpy(&st.a, (const char *)data + insn->k, 4);
			break;
		case BPF_ST:
			st.mem[insn->k] = st.a;
			break;
		case BPF_ALU:
			compute(insn, &st);
			break;
		case BPF_MISC:
			st.x = st.a;
			break;
		case BPF_JMP:
			if (BPF_OP(insn->code) == BPF_JA)
				insn += insn->k;
			else
				insn += jumps(insn, &st) ? insn->jt : insn->jf;
			break;
		case BPF_RET:
			return insn->k;
		default:
			ck_abort_msg("instruction %#x", insn->code);
		}
	}
	ck_abort_msg("the program has no end");
	return 0;
}

/* --- Calls at the edges ----------------------------------------------------------- */

static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return random_state >> 33;
}

/* Something at or beside an edge of the address space or of a file. */
static uint64_t edge(const struct policy_env *env)
{
	const uint64_t edges[] = {
		0, LODGER_PAGE_SIZE, env->user_low_min, 0x20000000,
		LODGER_WINDOW_BASE, LODGER_CORE_BASE, 0x80000000,
		LODGER_WINDOW_END, 0xffffffff, 1ULL << 32,
		LODGER_USER_HIGH_END, LODGER_USER_HIGH_END - (1ULL << 32),
		1ULL << 63, env->ram_bytes, env->ram_bytes / 2,
		env->core_bytes, LODGER_KFILE_OFFSET(LODGER_CORE_BASE),
		env->block_bytes[next_random() % LODGER_MAX_BLOCK_FILES],
	};
	uint64_t at = edges[next_random() % (sizeof(edges) / sizeof(edges[0]))];

	switch (next_random() % 8) {
	case 0:
		return at - 1;
	case 1:
		return at + 1;
	case 2:
		return at - LODGER_PAGE_SIZE;
	case 3:
		return at | 1ULL << 32;
	case 4:
		return env->ram_bytes - at;
	}
	return at;
}

/* Mostly what the limit admits. */
static uint64_t near_limit(const struct policy_limit *limit)
{
	unsigned bit = (unsigned)(next_random() % 64);
	uint64_t value = limit->a;

	switch (limit->op) {
	case LIMIT_EQ:
		break;
	case LIMIT_LE:
		value = limit->a - next_random() % (limit->a + 1);
		break;
	case LIMIT_MASKED:
		value = limit->b | (next_random() & ~limit->a);
		break;
	case LIMIT_ONE_OF:
		while (!(limit->b >> bit & 1))
			bit = (bit + 1) % 64;
		value = limit->a + bit;
		break;
	case LIMIT_END:
		break;
	}
	switch (next_random() % 24) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value | 1ULL << (next_random() % 64);
	case 3:
		return ~value;
	}
	return value;
}

static struct host_call make_call(const struct policy_env *env,
				  const struct policy_row *row)
{
	struct host_call call = { .arch = AUDIT_ARCH_X86_64, .nr = row->nr,
				  .ip = STUB_IP };

	for (int i = 0; i < 6; i++)
		call.arg[i] = next_random() % 4 ? edge(env) : next_random();
	if (row->region != REGION_ANY && next_random() % 2)
		call.arg[1] = next_random() % 3 * LODGER_PAGE_SIZE;
	for (const struct policy_limit *limit = row->limit; limit->op; limit++)
		call.arg[limit->arg] = near_limit(limit);
	if (env->host_token && call.nr == __NR_mmap) { /* the token's places */
		call.arg[3] &= UINT32_MAX;
		call.arg[4] &= UINT32_MAX;
	}
	return call;
}

/* The host itself ends the address space there. */
static bool ends_beyond_high(const struct host_call *call)
{
	return (call->nr == __NR_mmap || call->nr == __NR_munmap ||
		call->nr == __NR_mprotect) &&
	       call->arg[0] >= LODGER_WINDOW_END &&
	       (call->arg[0] >= LODGER_USER_HIGH_END ||
		call->arg[1] > LODGER_USER_HIGH_END - call->arg[0]);
}

/* As guestkern/hal/host_call.S. */
static void show_token(struct seccomp_data *data, uint64_t token)
{
	if (!token)
		return;
	if (data->nr != __NR_mmap) {
		data->args[5] = token;
		return;
	}
	data->args[3] = (uint32_t)data->args[3] | token << 32;
	data->args[4] = (uint32_t)data->args[4] | (token >> 32 << 32);
}

/* With one bit of the token wrong it is not the guest kernel that calls. */
static void must_know_token(const struct filter_program *program,
			    const struct policy_env *env, struct seccomp_data *data)
{
	if (!env->host_token)
		return;
	show_token(data, env->host_token ^ 1ULL << next_random() % 64);
	ck_assert_uint_eq(run(program, data), SECCOMP_RET_TRAP);
}

static void compare(const struct filter_program *program,
		    const struct policy_env *env, const struct host_call *call,
		    bool allowed)
{
	struct seccomp_data data = { .nr = (int)call->nr, .arch = call->arch,
				     .instruction_pointer = call->ip };
	uint32_t action;

	for (int i = 0; i < 6; i++)
		data.args[i] = call->arg[i];
	must_know_token(program, env, &data);
	show_token(&data, env->host_token);
	action = run(program, &data);
	if (action == SECCOMP_RET_ALLOW && !allowed && ends_beyond_high(call))
		return;
	ck_assert_msg(action == (allowed ? SECCOMP_RET_ALLOW :
					   SECCOMP_RET_USER_NOTIF),
		      "%s(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx), RAM %llu MiB: filter %#x, check %d",
		      policy_call_name(call->nr),
		      (unsigned long long)call->arg[0],
		      (unsigned long long)call->arg[1],
		      (unsigned long long)call->arg[2],
		      (unsigned long long)call->arg[3],
		      (unsigned long long)call->arg[4],
		      (unsigned long long)call->arg[5],
		      (unsigned long long)(env->ram_bytes / MIB), action,
		      allowed);
}

static void build(struct filter_program *program, const struct policy_env *env)
{
	const struct lodger_image image = { .host_call_ip = STUB_IP };

	ck_assert_int_eq(filter_inproc_build(program, env, &image,
					     FILTER_REFLECT_TRAP), 0);
}

START_TEST(row_by_row)
{
	const struct policy_env *env = &machines[_i];
	struct filter_program program;
	uint64_t admitted = 0;
	const char *why;

	random_state = 1 + (uint64_t)_i;
	build(&program, env);
	for (int round = 0; round < ROUNDS; round++) {
		const struct policy_row *row =
			&policy_table[next_random() % policy_table_rows];
		struct host_call call = make_call(env, row);
		bool allowed = policy_allows(env, &call, &why);

		admitted += allowed;
		compare(&program, env, &call, allowed);
	}
	/* both verdicts were met often */
	ck_assert_uint_gt(admitted, ROUNDS / 20);
	ck_assert_uint_lt(admitted, ROUNDS - ROUNDS / 20);
	filter_inproc_free(&program);
}
END_TEST

/* Numbers without a row, other ABIs' numbers. */
START_TEST(every_number)
{
	const struct policy_env *env = &machines[_i];
	struct filter_program program;
	const char *why;

	build(&program, env);
	for (uint64_t nr = 0; nr < 0x400; nr++) {
		struct host_call call = { .arch = AUDIT_ARCH_X86_64, .nr = nr,
					  .ip = STUB_IP };

		compare(&program, env, &call, policy_allows(env, &call, &why));
		call.nr = nr | 0x40000000;
		compare(&program, env, &call, false);
		call.nr = (uint32_t)(-nr - 1);
		compare(&program, env, &call, false);
	}
	filter_inproc_free(&program);
}
END_TEST

Suite *filter_same_suite(void);
Suite *filter_same_suite(void)
{
	Suite *suite = suite_create("filter_same");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, row_by_row, 0, MACHINES);
	tcase_add_loop_test(all, every_number, 0, MACHINES);
	suite_add_tcase(suite, all);
	return suite;
}
