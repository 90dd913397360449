/*
 * forbid WHAT[,WHAT]... COMMAND [ARG]...
 *
 * Runs a command on a host that forbids something, as containers' and
 * sandboxes' filters do: it answers EPERM (listener: EBUSY, as where there is
 * one already).
 *
 *   ptrace     ptrace(2) and process_vm_*
 *   dispatch   prctl(PR_SET_SYSCALL_USER_DISPATCH)
 *   seccomp    every further filter
 *   listener   filters with a listener
 *   userns     user namespaces
 *   pidfd      pidfd_open
 */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define USER_DISPATCH 59 /* PR_SET_SYSCALL_USER_DISPATCH */
#define NEW_LISTENER 8	 /* SECCOMP_FILTER_FLAG_NEW_LISTENER */

static const struct {
	const char *what;
	int nr, err;
	unsigned arg_count;
	struct scmp_arg_cmp arg;
} table[] = {
	{ "ptrace", SCMP_SYS(ptrace), EPERM, 0, { 0 } },
	{ "ptrace", SCMP_SYS(process_vm_readv), EPERM, 0, { 0 } },
	{ "ptrace", SCMP_SYS(process_vm_writev), EPERM, 0, { 0 } },
	{ "dispatch", SCMP_SYS(prctl), EPERM, 1,
	  { 0, SCMP_CMP_EQ, USER_DISPATCH, 0 } },
	{ "seccomp", SCMP_SYS(seccomp), EPERM, 0, { 0 } },
	{ "seccomp", SCMP_SYS(prctl), EPERM, 1,
	  { 0, SCMP_CMP_EQ, PR_SET_SECCOMP, 0 } },
	{ "listener", SCMP_SYS(seccomp), EBUSY, 1,
	  { 1, SCMP_CMP_MASKED_EQ, NEW_LISTENER, NEW_LISTENER } },
	{ "userns", SCMP_SYS(unshare), EPERM, 1,
	  { 0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER } },
	{ "userns", SCMP_SYS(clone), EPERM, 1,
	  { 0, SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER } },
	{ "pidfd", SCMP_SYS(pidfd_open), EPERM, 0, { 0 } },
};

/* 0 or -errno; -ENOENT for a word that is not in the table. */
static int forbid(scmp_filter_ctx ctx, const char *what)
{
	int err = -ENOENT;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].what, what))
			continue;
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(table[i].err),
					     table[i].nr, table[i].arg_count,
					     &table[i].arg);
		if (err)
			return err;
	}
	return err;
}

int main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = ctx ? 0 : -ENOMEM;

	if (argc < 3) {
		fprintf(stderr, "usage: forbid WHAT[,WHAT]... COMMAND [ARG]...\n");
		return 126;
	}
	for (char *word = strtok(argv[1], ","); word && !err;
	     word = strtok(NULL, ","))
		err = forbid(ctx, word);
	if (!err)
		err = seccomp_load(ctx);
	if (err) {
		fprintf(stderr, "forbid: %s\n", strerror(-err));
		return 126;
	}
	execvp(argv[2], argv + 2);
	fprintf(stderr, "forbid: %s: %s\n", argv[2], strerror(errno));
	return 127;
}
