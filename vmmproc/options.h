/* Command line and what it asks for. */
#ifndef VMMPROC_OPTIONS_H
#define VMMPROC_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/boot.h"

enum command { CMD_RUN, CMD_BOOT, CMD_MODES, CMD_DOCTOR, CMD_IMAGE, CMD_HELP, CMD_VERSION };
enum stats_format { STATS_NONE, STATS_TEXT, STATS_JSON };
enum trace_kind { TRACE_NONE, TRACE_SYSCALLS, TRACE_STEPS };

struct tmpfs_option {
	const char *guest_path;
	uint64_t size_bytes; /* 0: not given */
};

struct disk_option {
	char *path; /* allocated; the others are parts of it, or NULL */
	char *overlay, *log;
	bool read_only;
	bool snapshot; /* changes go to overlay, or are thrown away */
	bool no_sync;
	bool plain;
};

struct bind_option {
	char *host_path; /* allocated; the other is a part of it */
	const char *guest_path;
	bool read_only;
};

/* --memory: what pages are behind guest RAM and the kernel's core. */
enum memory_kind {
	MEMORY_AUTO = 0, /* huge, as far as host and preset have them */
	MEMORY_MEMFD,	 /* small pages */
	MEMORY_HUGE,	 /* huge pages, or no machine */
};

/* Everything a run needs to know, filled by options_parse. Strings point
 * into argv or the environment and live as long as main. */
struct options {
	enum command command;
	const char *root;	  /* NULL: the embedded root */
	bool root_rw;		  /* --root-rw: changes go to the directory */
	const char *overlay_in, *overlay_out; /* layers over a directory, or NULL */
	struct disk_option disk[LODGER_MAX_DISKS]; /* --disk, in order */
	int disk_count;
	struct bind_option bind[LODGER_MAX_BINDS]; /* --bind, in order */
	int bind_count;
	const char *kernel;	  /* --kernel FILE; NULL: the embedded one */
	uint64_t mem_bytes;	  /* --mem, default 256 MiB */
	const char *mode;	  /* --mode preset name; NULL: see modes_resolve */
	const char *intercept, *protect, *space; /* NULL: from the preset */
	enum memory_kind memory;
	bool unsafe;
	bool vspace_high;
	const char **env;	  /* K=V, count env_count, defaults included */
	int env_count;
	const char *cwd, *hostname;
	uint32_t uid, gid;
	struct tmpfs_option tmpfs[LODGER_MAX_TMPFS];
	int tmpfs_count;
	uint64_t timeout_ns;	  /* 0: none */
	uint32_t pids_max;	  /* 0: from the RAM size */
	enum stats_format stats;
	const char *stats_path;	  /* NULL: stderr */
	enum trace_kind trace;
	const char *trace_path;	  /* --trace-file, NULL: stderr */
	int cpu;		  /* --cpu: -1 the current one, -2 no pinning */
	char **argv;		  /* PROGRAM ARG..., NULL-terminated */
	int argc;
	enum command help_topic;  /* CMD_HELP: whose help; CMD_HELP for all */
	bool show_policy;	  /* `lodger modes --policy` */
	char **argv_storage;	  /* of options_parse, for options_free */
};

/*
 * Parses the command line. --help and --version of a command are answered by
 * setting command and leaving the printing to the caller.
 * Returns 0, or -1 after one sentence on stderr (caller exits EXIT_LODGER).
 */
int options_parse(struct options *opt, int argc, char **argv);

/* Frees what options_parse allocated; opt may also stem from a failed one. */
void options_free(struct options *opt);

/* Prints the help of one command (one screen) to stdout; CMD_HELP: of all. */
void options_help(enum command command);

/*
 * Parses FILE[,ro|snapshot[=FILE]][,log=FILE][,nosync][,plain]. Returns 0 and *disk, whose path has as much room as text and
 * is to be freed; or -EINVAL, -ENOMEM.
 */
int options_disk(struct disk_option *disk, const char *text);

/*
 * Parses HOST:GUEST[:ro|:rw]. Returns 0 and *bind, whose host_path is to be freed; or
 * -EINVAL, -ENOMEM.
 */
int options_bind(struct bind_option *bind, const char *text);

/*
 * Parses a size such as 256M, 1G, 65536, 64KiB.
 * Returns 0 and *bytes, -EINVAL on nonsense, -ERANGE past 2^63.
 */
int options_size(const char *text, uint64_t *bytes);

/* Parses a duration such as 10s, 500ms, 2m, 1.5s, 10 (seconds). Returns 0 and
 * *ns, or -EINVAL, -ERANGE. */
int options_duration(const char *text, uint64_t *ns);

#endif
