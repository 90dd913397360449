/* The help texts of the commands, each one screen (24 lines of 80). */
#include <stdio.h>

#include "options.h"

static const char help_all[] =
"lodger - a whole guest machine in one ordinary process\n"
"\n"
"  lodger run [OPTION]... [--] [PROGRAM [ARG]...]\n"
"                   run a program in a fresh guest (default: /bin/sh)\n"
"  lodger boot [OPTION]... [--] [ARG]...\n"
"                   boot the machine: its /sbin/init on this terminal\n"
"  lodger modes     mechanisms, what this host supports, the presets\n"
"  lodger doctor    what this host allows and what would make it better\n"
"  lodger image     create, import, export, check an ext2 image\n"
"  lodger help COMMAND, lodger COMMAND --help, lodger --version\n"
"\n"
"Needs no root, no /dev/kvm, no setuid and no daemon.\n"
"\n"
"  lodger run -- echo hello\n"
"  lodger run --mem 1G --timeout 10s --root ./tree -- /bin/myprogram < input\n"
"\n"
"Exit status: the program's own; 128+N if signal N ended it; 124 after\n"
"--timeout; 125 lodger's own error; 126 not executable; 127 not found.\n";

static const char help_run[] =
"lodger run [OPTION]... [--] [PROGRAM [ARG]...]   (no PROGRAM: /bin/sh)\n"
"  --root PATH        directory (changes are forgotten, with --root-rw kept), tar\n"
"                     or newc cpio (plain or gzip), ext2 image[,ro]; (a busybox)\n"
"  --overlay-out PATH, --overlay-in PATH  changes over a directory: a tar or one\n"
"  --disk FILE[,ro|,snapshot[=FILE]]  a disk: /dev/vda, the next one /dev/vdb\n"
"  -v, --bind HOST:GUEST[:ro]  a directory or file of the host's, written to\n"
"  -m, --mem SIZE     guest memory (256M)   --tmpfs GUEST[:SIZE]  mount a tmpfs\n"
"  -e, --env K=V      set a variable, or K to pass the host's. The guest starts\n"
"                     with PATH, HOME and TERM only\n"
"  -w, --cwd DIR      directory to start in (/)   --hostname NAME  (lodger)\n"
"  -u, --user UID[:GID]  guest user (0:0; GID as UID)\n"
"  --timeout TIME     end after 10s, 500ms, 2m: status 124    --pids N  at most\n"
"  --stats[=json|FILE|json:FILE]  counts of stops, calls, switches at the end\n"
"  --trace[=syscalls|steps]  guest calls, or the eight steps of each\n"
"  --trace-file FILE  where the trace goes (standard error)\n"
"  --mode NAME        preset of mechanisms (fast); see lodger modes\n"
"  --intercept NAME   --protect NAME   --space NAME   one axis by itself\n"
"  --memory memfd|huge  small pages, or huge ones where there are some (auto)\n"
"  --kernel FILE      another guest kernel   --unsafe  allow modes without walls\n"
"  --vspace low|high  high: guest programs may reserve terabytes (low)\n"
"  --cpu N|auto|any   CPU for monitor and guest (auto: one; any: not pinned)\n"
"The three standard streams are the program's own; a terminal gives it one.\n"
"Exit status: the program's; 128+N by signal N; 124 time-out; 125 lodger's\n"
"own error; 126 not executable; 127 not found.\n";

static const char help_boot[] =
"lodger boot [OPTION]... [--] [ARG]...\n"
"\n"
"Boots the machine: /sbin/init of the root file system, with ARGs, on this\n"
"terminal. The machine ends when init ends.\n"
"\n"
"Takes the options of lodger run; the ones most used here:\n"
"  --root PATH        directory, or tar or newc cpio archive, plain or gzip\n"
"                     (default: the embedded busybox root)\n"
"  -m, --mem SIZE     guest memory (256M)\n"
"  --hostname NAME    (lodger)\n"
"  --mode NAME        preset of mechanisms (fast); see lodger modes\n";

static const char help_modes[] =
"lodger modes [--policy]\n"
"\n"
"Shows the three axes (how guest system calls are intercepted, how the guest\n"
"kernel is protected, how address spaces are switched), for each mechanism\n"
"whether this host supports it and, if not, why; then the presets of --mode.\n"
"\n"
"  --policy  show instead every host system call that a guest kernel may\n"
"            make, its limits and the reason for it\n";

static const char help_doctor[] =
"lodger doctor\n"
"\n"
"Examines this host: each line is a finding, a verdict (good, note, bad) and,\n"
"where there is one, what would make it faster or safer. Changes nothing.\n"
"Exit status 0, or 125 if lodger cannot run here.\n";

static const char help_image[] =
"lodger image create FILE SIZE\n"
"lodger image import FILE DIRECTORY|TAR\n"
"lodger image export FILE TAR\n"
"lodger image check FILE\n"
"\n"
"Images of ext2, for --disk and --root. create makes an empty one (mke2fs);\n"
"import unpacks a tar, plain or gzip, or copies a directory, as the guest's\n"
"root: owners, modes and device nodes are the archive's; a directory's files\n"
"become root's. export packs all files into a tar (- for standard output);\n"
"check is e2fsck -fn. create and check need e2fsprogs.\n";

void options_help(enum command command)
{
	const char *text = help_all;

	switch (command) {
	case CMD_RUN:
		text = help_run;
		break;
	case CMD_BOOT:
		text = help_boot;
		break;
	case CMD_MODES:
		text = help_modes;
		break;
	case CMD_DOCTOR:
		text = help_doctor;
		break;
	case CMD_IMAGE:
		text = help_image;
		break;
	case CMD_HELP:
	case CMD_VERSION:
		break;
	}
	fputs(text, stdout);
}
