#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

void scratch_require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

void scratch_shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", dir, command);
	scratch_require(!system(line), command);
}

static void remove_all(void)
{
	scratch_shell("rm -rf in out");
	rmdir(dir);
}

void scratch_make(void)
{
	if (!dir[0]) {
		snprintf(dir, sizeof(dir), "/tmp/lodger-fuzz.XXXXXX");
		scratch_require(mkdtemp(dir), "no directory");
		atexit(remove_all);
	}
	scratch_shell("chmod -R u+rwx . 2>/dev/null; rm -rf in out; mkdir in out;"
		      "echo '" SCRATCH_SECRET "' >out/s");
}

static void path_of(const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", dir, name);
}

int scratch_open(const char *name)
{
	char path[128];

	path_of(name, path);
	return open(path, O_PATH | O_CLOEXEC);
}

int scratch_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

void scratch_check_outside(void)
{
	char found[64], path[128];
	struct stat st;
	FILE *f;

	path_of("out/s", path);
	f = fopen(path, "r");
	scratch_require(f && fgets(found, sizeof(found), f) &&
				!strcmp(found, SCRATCH_SECRET "\n") &&
				!fstat(fileno(f), &st) && st.st_nlink == 1,
			"a file outside was changed");
	fclose(f);
	path_of("out", path);
	scratch_require(!stat(path, &st) && st.st_nlink == 2,
			"a directory was made outside");
}
