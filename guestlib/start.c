/*
 * The first and the last C code of a program: arguments, environment and
 * auxiliary vector as the kernel left them on the stack; errno; exit.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <syscall.h>
#include <unistd.h>

#include "internal.h"

int errno;
char **environ;
static const unsigned long *auxv;

int main(int argc, char **argv, char **envp);

void start_c(long *sp)
{
	int argc = (int)sp[0];
	char **argv = (char **)(sp + 1);
	char **end;

	environ = argv + argc + 1;
	for (end = environ; *end; end++)
		;
	auxv = (const unsigned long *)(end + 1);
	exit(main(argc, argv, environ));
}

long sysret(long ret)
{
	if ((unsigned long)ret > -4096UL) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

unsigned long getauxval(unsigned long type)
{
	const unsigned long *entry;

	for (entry = auxv; entry[0] != AT_NULL; entry += 2)
		if (entry[0] == type)
			return entry[1];
	return 0;
}

char *getenv(const char *name)
{
	size_t len = strlen(name);
	char **var;

	for (var = environ; *var; var++)
		if (strncmp(*var, name, len) == 0 && (*var)[len] == '=')
			return *var + len + 1;
	return NULL;
}

void _exit(int status)
{
	for (;;)
		sys1(__NR_exit_group, status);
}

void exit(int status)
{
	fflush(NULL);
	_exit(status);
}

void abort(void)
{
	sigset_t set = SIGBIT(SIGABRT);

	signal(SIGABRT, SIG_DFL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGABRT);
	_exit(127);
}
