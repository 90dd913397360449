/*
 * One machine: what the VMM process knows about it. The struct is filled in
 * boot order by main.c (options, streams, root, memory, sandbox, start) and
 * torn down in reverse. No other file holds machine state of its own.
 */
#ifndef VMMPROC_MACHINE_H
#define VMMPROC_MACHINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "abi/boot.h"
#include "abi/broker.h"
#include "abi/image.h"
#include "options.h"
#include "switches.h"

struct icept_ops;
struct procs;

/* Counted by the VMM process; see also struct lodger_counters. */
struct vmm_counters {
	uint64_t tracer_stops;	     /* every stop of the tracee */
	uint64_t stops_syscall;	     /* of which at a call's entry or exit */
	uint64_t stops_signal;	     /* of which for a signal */
	uint64_t reflected_calls;    /* guest calls turned into SIGUSR1 */
	uint64_t signals_injected;   /* every signal handed to the guest */
	uint64_t host_calls_checked; /* guest-kernel calls put to the policy */
	uint64_t host_call[LODGER_NSYSCALL]; /* the same by number */
	uint64_t refused;
};

struct stream {
	int fd;		     /* descriptor that the guest will inherit, or -1 */
	uint32_t kind;	     /* enum lodger_stream_kind */
	bool reopened;	     /* own open file description: O_ASYNC is ours */
};

/* A file that the guest kernel may read, and write if writable, as a disk. */
struct block_file {
	int fd;
	uint64_t bytes; /* offsets below this only */
	bool writable;
};

#define DISKIO_HELPERS 4 /* requests under way at once (diskio.h) */

/* A place of the host that the guest sees: handles 0 and up of the broker's. */
struct bind_place {
	int fd; /* O_PATH */
	const char *guest_path;
	bool read_only, is_file;
	bool is_root, is_private; /* changes stay in the guest */
	bool is_output;		  /* they are written there; fd is open for that */
};

struct machine {
	const struct options *opt;
	const struct icept_ops *icept;

	struct stream stream[3];
	struct stream tty;	/* tty.fd == -1: no terminal */
	bool tty_cooked;	/* output processing stays with the host */

	int kmem_fd, ram_fd, root_fd;
	int bell_fd;		/* eventfd that wakes an idle machine */
	int diskio_fd;		/* the guest's end of the disk helpers' socket, or -1 */
	pid_t diskio_pid[DISKIO_HELPERS]; /* 0: none */
	int kmod_fd;		/* the module's device, or -1 */
	int listener_fd;	/* the filter's listener, or -1 */
	struct block_file block[LODGER_MAX_BLOCK_FILES];
	uint32_t block_count;
	struct lodger_disk disk[LODGER_MAX_DISKS];
	uint32_t disk_count;
	bool root_host;		/* place 0 is the root file system */
	bool root_disk;		/* disk 0 holds the root file system */
	struct bind_place bind[LODGER_MAX_BINDS];
	uint32_t bind_count;
	int broker_fd, broker_guest_fd; /* ends of its socket, or -1: no broker */
	int hostio_fd, hostio_guest_fd; /* and of its helpers' */
	pid_t broker_pid;	/* -1: there is none */
	char *overlay_temp;	/* layer.h: the name until all is written, or NULL */
	char *overlay_dir;	/* the name, if a directory is asked for, or NULL */
	bool overlay_again;	/* which --overlay-in reads, too */
	uint64_t core_bytes, ram_bytes, root_bytes;
	uint64_t gate_bytes;	/* of the core that the gate opens and closes:
				 * all, or nothing with --protect none */
	uint64_t host_token;	/* --protect pkey: see abi/boot.h; else 0 */
	bool core_huge, ram_huge; /* huge pages asked for; and had */
	uint64_t core_huge_bytes; /* of the core in huge pages */
	struct lodger_image image; /* of the guest kernel, as loaded */
	uint64_t image_end;	/* first address past it */
	uint64_t user_low_min;	/* host mmap_min_addr, 64 KiB at least */
	void *icept_private;	/* the mechanism's own state */
	struct procs *procs;	/* --space multi: further host processes */
	FILE *trace;		/* where --trace goes, or NULL */

	pid_t guest_pid;	/* -1 before start and after reaping */
	int guest_status;	/* wait status once reaped */
	struct rusage guest_rusage;
	struct switches switches;
	uint64_t start_ns;	/* CLOCK_MONOTONIC at start */
	uint64_t end_ns;
	volatile int stop_signal; /* signal that asked the VMM to end, or 0 */
	volatile bool timed_out;
	bool ended_well;	/* the guest kernel halted, having put all in order */

	struct vmm_counters count;
	char report[256];	/* why the machine ended badly, or "" */
};

/* One sentence to stderr, prefixed "lodger: ". printf-style, no newline. */
void machine_complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
