/*
 * The smallest program: what a process gets from its kernel at the start.
 *
 *	lodger run --root ... -- /examples/hello one two
 *
 * Try: print the whole environment (environ), or what AT_RANDOM points at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *path = getenv("PATH");
	struct utsname un;
	int i;

	printf("Hello from process %d, child of %d.\n", getpid(), getppid());
	for (i = 0; i < argc; i++)
		printf("argument %d: %s\n", i, argv[i]);
	printf("PATH is %s\n", path ? path : "not set");
	printf("A page has %lu bytes.\n", getauxval(AT_PAGESZ));
	if (uname(&un) == 0)
		printf("The kernel calls itself %s %s on %s.\n", un.sysname,
		       un.release, un.machine);
	printf("A variable on my stack lies at %p, main at %p.\n", (void *)&i,
	       (void *)main);
	return 0;
}
