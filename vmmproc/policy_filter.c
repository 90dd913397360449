/*
 * The seccomp filter made from the policy table, in two forms: complete, as
 * the second line behind the exact check of a tracer that sees every call, and
 * exported, as the part of the in-process modes' filter that judges the guest
 * kernel's host calls (filter_inproc.c).
 *
 * The first is installed in the guest-machine process, for good. The kernel's
 * order at a system call is: ptrace stop, then filter. A guest
 * program's call has therefore become getpid, or the number -1, before the
 * filter sees it; both must pass, in 32-bit entries (int 0x80, sysenter) too,
 * or a guest program could end its machine. vsyscall emulation makes no
 * ptrace stop but asks the filter under the numbers of gettimeofday, time and
 * getcpu: it is answered by ENOSYS. Everything else kills the process.
 */
#include "policy.h"

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <malloc.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy_table.h"

#define SKIPPED_CALL (-1) /* what a tracer writes to skip a call */

/* A rule in the making: libseccomp takes one comparison for an argument. */
struct rule {
	struct scmp_arg_cmp cmp[6];
	unsigned count;
};

static void rule_add(struct rule *rule, unsigned arg, enum scmp_compare op,
		     uint64_t a, uint64_t b)
{
	rule->cmp[rule->count++] = (struct scmp_arg_cmp){ arg, op, a, b };
}

/* Address and length of a region, each by itself. */
static void rule_add_region(struct rule *rule, enum policy_region region,
			    struct policy_range range)
{
	uint64_t size = range.end - range.start;

	switch (region) {
	case REGION_ANY:
		break;
	case REGION_USER_LOW:
	case REGION_BELOW_WINDOW:
		/* the host itself guards what is below its mmap_min_addr */
		rule_add(rule, 0, SCMP_CMP_LT, range.end, 0);
		rule_add(rule, 1, SCMP_CMP_LE, range.end, 0);
		break;
	case REGION_USER_HIGH:
	case REGION_ABOVE_WINDOW:
	case REGION_IN_CORE:
		rule_add(rule, 0, SCMP_CMP_GE, range.start, 0);
		rule_add(rule, 1, SCMP_CMP_LE, size, 0);
		break;
	case REGION_CORE:
		rule_add(rule, 0, SCMP_CMP_EQ, range.start, 0);
		rule_add(rule, 1, SCMP_CMP_EQ, size, 0);
		break;
	}
}

static void rule_add_span(struct rule *rule, const struct policy_env *env,
			  const struct policy_row *row)
{
	const struct policy_span_args *at = &policy_span_args[row->span];
	uint64_t bytes = policy_span_bytes(env, row);

	if (row->span == SPAN_NONE)
		return;
	rule_add(rule, at->offset, SCMP_CMP_LE, bytes, 0);
	/* mmap's length is bounded by its region already */
	if (row->span != SPAN_MMAP)
		rule_add(rule, at->length, SCMP_CMP_LE, bytes, 0);
}

/* Without their ranges two rows can be alike. */
static int rule_submit(scmp_filter_ctx ctx, const struct policy_row *row,
		       const struct rule *rule)
{
	int err = seccomp_rule_add_exact_array(ctx, SCMP_ACT_ALLOW,
					       (int)row->nr, rule->count,
					       rule->cmp);

	return err == -EEXIST ? 0 : err;
}

/* One rule for each admitted value of the row's LIMIT_ONE_OF, of which a row
 * has at most one. */
static int submit_each(scmp_filter_ctx ctx, const struct policy_row *row,
		       const struct policy_limit *choice,
		       const struct rule *rest)
{
	int err = 0;

	for (unsigned i = 0; i < 64 && !err; i++) {
		struct rule rule = *rest;

		if (!(choice->b >> i & 1))
			continue;
		rule_add(&rule, choice->arg, SCMP_CMP_EQ, choice->a + i, 0);
		err = rule_submit(ctx, row, &rule);
	}
	return err;
}

/* The part of an argument that the host looks at and a row speaks of: mmap's
 * flags and descriptor have the token in their upper halves (filter_inproc.c). */
static uint64_t limit_mask(const struct policy_env *env,
			   const struct policy_row *row, unsigned arg)
{
	bool shared = env->host_token && row->nr == __NR_mmap &&
		      (arg == 3 || arg == 4);

	return shared ? UINT32_MAX : UINT64_MAX;
}

static void rule_add_limit(struct rule *rule, const struct policy_limit *limit,
			   uint64_t mask)
{
	switch (limit->op) {
	case LIMIT_EQ:
		if (mask == UINT64_MAX)
			rule_add(rule, limit->arg, SCMP_CMP_EQ, limit->a, 0);
		else
			rule_add(rule, limit->arg, SCMP_CMP_MASKED_EQ, mask,
				 limit->a);
		break;
	case LIMIT_LE:
		rule_add(rule, limit->arg, SCMP_CMP_LE, limit->a, 0);
		break;
	case LIMIT_MASKED:
		rule_add(rule, limit->arg, SCMP_CMP_MASKED_EQ, limit->a & mask,
			 limit->b);
		break;
	case LIMIT_ONE_OF: /* submit_each */
	case LIMIT_END:
		break;
	}
}

static int add_row(scmp_filter_ctx ctx, const struct policy_env *env,
		   const struct policy_row *row)
{
	struct policy_range range = policy_region_range(env, row->region);
	const struct policy_limit *choice = NULL;
	struct rule rule = { .count = 0 };

	if (row->region != REGION_ANY && row->region != REGION_CORE &&
	    range.start == range.end)
		return 0; /* this machine has no such region */
	if (!env->in_process) { /* else filter_ranges.c has them, exactly */
		rule_add_region(&rule, row->region, range);
		/* several of one call and more than 32 bits: filter_ranges.c
		 * says what this libseccomp makes of that */
		if (row->use < USE_BLOCK_READ)
			rule_add_span(&rule, env, row);
	}
	for (const struct policy_limit *limit = row->limit; limit->op;
	     limit++) {
		if (limit->op == LIMIT_ONE_OF)
			choice = limit;
		rule_add_limit(&rule, limit,
			       limit_mask(env, row, limit->arg));
	}
	return choice ? submit_each(ctx, row, choice, &rule) :
			rule_submit(ctx, row, &rule);
}

/* A filter that refuses everything, of every architecture. */
static int new_context(scmp_filter_ctx *ctx, uint32_t refuse_action)
{
	*ctx = seccomp_init(refuse_action);
	if (!*ctx)
		return -ENOMEM;
	return seccomp_attr_set(*ctx, SCMP_FLTATR_ACT_BADARCH, refuse_action);
}

/* A filter for one architecture that kills but for skipped calls and the
 * no-op. libseccomp translates the number for a foreign architecture. */
static int new_traced_context(scmp_filter_ctx *ctx, uint32_t arch)
{
	int err = new_context(ctx, SCMP_ACT_KILL_PROCESS);

	if (!err && arch != seccomp_arch_native()) {
		err = seccomp_arch_remove(*ctx, SCMP_ARCH_NATIVE);
		if (!err)
			err = seccomp_arch_add(*ctx, arch);
	}
	if (!err) /* no_new_privs is the caller's to set */
		err = seccomp_attr_set(*ctx, SCMP_FLTATR_CTL_NNP, 0);
	if (!err)
		err = seccomp_attr_set(*ctx, SCMP_FLTATR_API_TSKIP, 1);
	if (!err)
		err = seccomp_rule_add_exact(*ctx, SCMP_ACT_ALLOW,
					     SKIPPED_CALL, 0);
	if (!err && arch != seccomp_arch_native())
		err = seccomp_rule_add_exact(*ctx, SCMP_ACT_ALLOW, __NR_getpid,
					     0);
	return err;
}

static int add_table(scmp_filter_ctx ctx, const struct policy_env *env)
{
	int err = 0;

	for (size_t i = 0; i < policy_table_rows && !err; i++)
		if (policy_row_applies(env, &policy_table[i]))
			err = add_row(ctx, env, &policy_table[i]);
	return err;
}

/* Lets the filter look for these first, in this order. */
static int put_first(scmp_filter_ctx ctx, const int *nr, size_t count)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = seccomp_syscall_priority(ctx, nr[i], (uint8_t)(255 - i));
	return err;
}

static int add_traced_table(scmp_filter_ctx ctx, const struct policy_env *env)
{
	static const int vsyscall[] = { __NR_gettimeofday, __NR_time,
					__NR_getcpu };
	/* the gate's calls and the no-op: they are on every trap */
	static const int first[] = { __NR_mprotect, __NR_getpid };
	int err = add_table(ctx, env);

	for (size_t i = 0; i < 3 && !err; i++)
		err = seccomp_rule_add_exact(ctx, SCMP_ACT_ERRNO(ENOSYS),
					     vsyscall[i], 0);
	return err ? err : put_first(ctx, first, sizeof(first) / sizeof(first[0]));
}

/*
 * Once the filter is loaded, no allocator may return memory to the host: brk
 * and madvise are not in the policy. So trimming is off and a context that was
 * loaded is not released; the process is about to lose all hosted memory.
 */
int policy_install_filter(const struct policy_env *env)
{
	scmp_filter_ctx ctx = NULL, ctx_32 = NULL;
	int err;

	mallopt(M_TRIM_THRESHOLD, INT_MAX);
	err = new_traced_context(&ctx, SCMP_ARCH_X86_64);
	if (!err)
		err = add_traced_table(ctx, env);
	if (!err)
		err = new_traced_context(&ctx_32, SCMP_ARCH_X86);
	if (!err) {
		err = seccomp_merge(ctx, ctx_32);
		if (!err)
			ctx_32 = NULL; /* now a part of ctx */
	}
	if (!err)
		err = seccomp_load(ctx);
	if (!err)
		return 0;
	seccomp_release(ctx_32);
	seccomp_release(ctx);
	return err;
}

/* The instructions of a built filter; this libseccomp exports to files only. */
static int export_to(scmp_filter_ctx ctx, struct sock_filter *out, size_t max,
		     size_t *count)
{
	int fd = memfd_create("lodger-filter", MFD_CLOEXEC), err;
	ssize_t bytes;

	if (fd < 0)
		return -errno;
	err = seccomp_export_bpf(ctx, fd);
	if (!err) {
		bytes = pread(fd, out, max * sizeof(*out), 0);
		err = bytes < 0 ? -errno : 0;
	}
	if (!err && ((size_t)bytes % sizeof(*out) || !bytes ||
		     (size_t)bytes == max * sizeof(*out)))
		err = -E2BIG;
	if (!err)
		*count = (size_t)bytes / sizeof(*out);
	close(fd);
	return err;
}

int policy_export_filter(const struct policy_env *env, uint32_t refuse_action,
			 struct sock_filter *out, size_t max, size_t *count)
{
	/* what serves faults, calls and switches, then what serves reads and clocks */
	static const int first[] = {
		__NR_sigaltstack, __NR_futex,	  __NR_mmap,
		__NR_mprotect,	  __NR_munmap,	  __NR_pread64,
		__NR_pwrite64,	  __NR_read,	  __NR_write,
		__NR_clock_gettime, __NR_ppoll,
	};
	scmp_filter_ctx ctx = NULL;
	int err = new_context(&ctx, refuse_action);

	if (!err)
		err = add_table(ctx, env);
	if (!err)
		err = put_first(ctx, first, sizeof(first) / sizeof(first[0]));
	if (!err)
		err = export_to(ctx, out, max, count);
	seccomp_release(ctx);
	return err;
}
