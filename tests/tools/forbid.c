/*
 * noptrace COMMAND [ARG]...
 *
 * Runs a command on a host that forbids ptrace, as containers' default
 * filters do: ptrace(2) and process_vm_* answer EPERM.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const int forbidden[] = { SCMP_SYS(ptrace),
					 SCMP_SYS(process_vm_readv),
					 SCMP_SYS(process_vm_writev) };
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(forbidden) / sizeof(int); i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), forbidden[i],
				       0);
	if (!err)
		err = seccomp_load(ctx);
	if (err || argc < 2) {
		fprintf(stderr, "noptrace: %s\n",
			err ? strerror(-err) : "no command");
		return 126;
	}
	execvp(argv[1], argv + 1);
	fprintf(stderr, "noptrace: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
