/*
 * lodger image. Making and checking are e2fsprogs' work. Files go in and come out
 * as a tar on standard input and output of a machine of this very program, whose
 * root unpacks or packs them: so that ownership, device nodes and modes are right
 * although nobody on the host has any privilege.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine.h"

#define GZIP_MAGIC "\x1f\x8b"

static const char import_script[] =
	"mount -t ext2 /dev/vda /mnt && cd /mnt && exec tar -x -p --numeric-owner -f -";
static const char import_gzip_script[] =
	"mount -t ext2 /dev/vda /mnt && cd /mnt && exec tar -x -z -p --numeric-owner -f -";
static const char export_script[] =
	"mount -t ext2 -o ro /dev/vda /mnt && cd /mnt || exit\n"
	"set --\n"
	"for f in * .[!.]* ..?*; do\n"
	"	if [ -e \"$f\" ] || [ -L \"$f\" ]; then\n"
	"		[ \"$f\" = lost+found ] || set -- \"$@\" \"$f\"\n"
	"	fi\n"
	"done\n"
	"exec tar -c -f - \"$@\"";

static int complain(const char *path, const char *what)
{
	machine_complain("image %s: %s", path, what);
	return EXIT_LODGER;
}

/* A program of the host, also from where ordinary users do not look. */
static int run_tool(const char *image, char *const argv[])
{
	const char *path = getenv("PATH");
	char *wide;

	if (asprintf(&wide, "%s:/sbin:/usr/sbin", path ? path : "/bin:/usr/bin") < 0)
		return complain(image, strerror(ENOMEM));
	setenv("PATH", wide, 1);
	free(wide);
	execvp(argv[0], argv);
	machine_complain("image %s: cannot run %s (%s): install e2fsprogs", image, argv[0],
			 strerror(errno));
	return EXIT_LODGER;
}

static int image_create(char **arg)
{
	char *const argv[] = { "mke2fs", "-q", "-F", "-t", "ext2", arg[0], NULL };
	uint64_t bytes;
	int fd;

	if (options_size(arg[1], &bytes) || bytes < 65536)
		return complain(arg[0], "give a size such as 64M or 2G");
	fd = open(arg[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return complain(arg[0], strerror(errno));
	if (ftruncate(fd, (off_t)bytes))
		return complain(arg[0], strerror(errno));
	close(fd);
	return run_tool(arg[0], argv);
}

static int image_check(char **arg)
{
	char *const argv[] = { "e2fsck", "-f", "-n", arg[0], NULL };

	return run_tool(arg[0], argv);
}

/* A machine with the image as its disk; standard input or output is fd. */
static int run_script(const char *image, const char *script, bool read_only, int fd,
		      int stream)
{
	char *disk;

	if (asprintf(&disk, "%s%s", image, read_only ? ",ro" : "") < 0 ||
	    dup2(fd, stream) < 0)
		return complain(image, strerror(errno));
	execl("/proc/self/exe", "lodger", "run", "--disk", disk, "--", "sh", "-c", script,
	      (char *)NULL);
	return complain(image, strerror(errno));
}

/* A directory's files as a tar, read from the descriptor returned; or -1. */
static int pack_directory(const char *path)
{
	int fd[2];
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC))
		return -1;
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDOUT_FILENO);
		execlp("tar", "tar", "-C", path, "--owner=0", "--group=0", "--numeric-owner",
		       "-cf", "-", ".", (char *)NULL);
		_exit(EXIT_LODGER);
	}
	close(fd[1]);
	if (pid > 0)
		return fd[0];
	close(fd[0]);
	return -1;
}

static int image_import(char **arg)
{
	char magic[2] = { 0, 0 };
	struct stat st;
	int fd;

	if (stat(arg[1], &st))
		return complain(arg[1], strerror(errno));
	fd = S_ISDIR(st.st_mode) ? pack_directory(arg[1]) : open(arg[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return complain(arg[1], strerror(errno));
	if (S_ISREG(st.st_mode) && pread(fd, magic, sizeof(magic), 0) < 0)
		return complain(arg[1], strerror(errno));
	return run_script(arg[0],
			  memcmp(magic, GZIP_MAGIC, 2) ? import_script : import_gzip_script,
			  false, fd, STDIN_FILENO);
}

static int image_export(char **arg)
{
	int fd = strcmp(arg[1], "-") ?
			 open(arg[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) :
			 STDOUT_FILENO;

	if (fd < 0)
		return complain(arg[1], strerror(errno));
	return run_script(arg[0], export_script, true, fd, STDOUT_FILENO);
}

int image_main(const struct options *opt)
{
	static const struct {
		const char *name;
		int args;
		int (*run)(char **arg);
		const char *usage;
	} actions[] = {
		{ "create", 2, image_create, "create FILE SIZE" },
		{ "import", 2, image_import, "import FILE DIRECTORY|TAR" },
		{ "export", 2, image_export, "export FILE TAR" },
		{ "check", 1, image_check, "check FILE" },
	};

	for (size_t i = 0; opt->argc && i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(opt->argv[0], actions[i].name))
			continue;
		if (opt->argc == actions[i].args + 1)
			return actions[i].run(opt->argv + 1);
		machine_complain("write lodger image %s", actions[i].usage);
		return EXIT_LODGER;
	}
	machine_complain("lodger image wants create, import, export or check: see lodger image --help");
	return EXIT_LODGER;
}
