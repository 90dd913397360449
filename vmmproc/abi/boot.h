/*
 * The contract at start: what the VMM process writes into the kernel memory
 * file before the guest kernel's first instruction, and what the guest kernel
 * leaves there for the VMM to read. The VMM reads these pages only through
 * the memory file and trusts nothing in them.
 */
#ifndef ABI_BOOT_H
#define ABI_BOOT_H

#include <stdint.h>

#define LODGER_ABI_MAGIC 0x524547444f4cULL /* "LODGER" */
#include "abi/boot_version.h"
#include "abi/broker.h"

/* Descriptors that a guest-machine process starts with; all others are
 * closed. 0, 1 and 2 are the guest program's own three. */
enum lodger_fd {
	LODGER_FD_STDIN = 0,
	LODGER_FD_STDOUT = 1,
	LODGER_FD_STDERR = 2,
	LODGER_FD_KMEM = 3,  /* kernel memory file */
	LODGER_FD_RAM = 4,   /* guest RAM file */
	LODGER_FD_ROOT = 5,  /* root archive: uncompressed newc cpio or tar */
	LODGER_FD_TRACE = 6, /* text of --trace=syscalls, kernel messages */
	LODGER_FD_TTY = 7,   /* the terminal, when there is one */
	LODGER_FD_BELL = 8,  /* eventfd: the VMM wakes an idle machine */
	LODGER_FD_MAKER = 9, /* --space multi: host processes are asked for here */
	LODGER_FD_SPAWNER = 10, /* the spawner's own; no guest kernel may use it */
	LODGER_FD_KMOD = 11, /* --intercept kmod: the module's device; the spawner's */
	LODGER_FD_BROKER = 12, /* files of the host are asked for here (broker.h) */
	LODGER_FD_DISKIO = 13, /* asks those who wait for disks (abi/diskio.h) */
	LODGER_FD_HOSTIO = 14, /* asks those who wait for host files (abi/broker.h) */
	LODGER_FD_BLOCK = 15, /* first of the files behind the disks */
	LODGER_FD_END = LODGER_FD_BLOCK + 8
};
#define LODGER_MAX_BLOCK_FILES (LODGER_FD_END - LODGER_FD_BLOCK)
#define LODGER_MAX_DISKS 8

/* What stands behind each of the three streams, and behind LODGER_FD_TTY. */
enum lodger_stream_kind {
	LODGER_STREAM_CLOSED = 0, /* not open on the host */
	LODGER_STREAM_TTY,	  /* the machine's terminal (console) */
	LODGER_STREAM_PIPE,	  /* pipe or FIFO */
	LODGER_STREAM_FILE,	  /* regular file: always ready, has a size */
	LODGER_STREAM_CHAR,	  /* character device that is no terminal */
	LODGER_STREAM_SOCKET,
};

/* The mechanism on each axis, as chosen by the VMM process. */
enum lodger_intercept {
	LODGER_INTERCEPT_PTRACE = 0,
	LODGER_INTERCEPT_SYSEMU,
	LODGER_INTERCEPT_SECCOMP,
	LODGER_INTERCEPT_TRAP,
	LODGER_INTERCEPT_DISPATCH,
	LODGER_INTERCEPT_PATCH,
	LODGER_INTERCEPT_KMOD,
};

enum lodger_protect {
	LODGER_PROTECT_MPROTECT = 0,
	LODGER_PROTECT_GATE,
	LODGER_PROTECT_PKEY,
	LODGER_PROTECT_NONE,
	LODGER_PROTECT_KMOD_US,
	LODGER_PROTECT_KMOD_MM,
};

enum lodger_space {
	LODGER_SPACE_REMAP = 0,
	LODGER_SPACE_MULTI,
	LODGER_SPACE_KMOD,
};

/*
 * Host processes of --space multi. They are numbered; 0 is the one that the
 * machine begins in. The guest kernel asks for others through LODGER_FD_MAKER,
 * one request a message. MAKE is answered with 0 or -errno of the host, by
 * lodger_maker_reply; DROP, which ends a process, is not answered; MARK, whose number
 * is of enum lodger_mark, is answered when it has been taken note of.
 */
#define LODGER_HOST_PROCESSES 1024

enum lodger_maker_op {
	LODGER_MAKER_MAKE = 1,
	LODGER_MAKER_DROP,
	LODGER_MAKER_MARK,
};

/* A machine's moments, told with LODGER_BOOT_MARKS. */
enum lodger_mark {
	LODGER_MARK_PROGRAM, /* the first program is about to begin */
	LODGER_MARK_END,     /* the machine is about to end as it should */
};

struct lodger_maker_request {
	uint32_t op, number;
};

struct lodger_maker_reply {
	int32_t result;
	uint32_t number;
};

/* bits of lodger_boot.flags */
#define LODGER_BOOT_TRACE_SYSCALLS 1u /* --trace=syscalls */
#define LODGER_BOOT_INIT 2u	      /* `lodger boot`: argv is /sbin/init */
#define LODGER_BOOT_TTY_COOKED 4u     /* host still maps NL to CR NL */
#define LODGER_BOOT_VSPACE_HIGH 8u    /* --vspace=high */
#define LODGER_BOOT_FSGSBASE 16u      /* rdfsbase and kin are usable */
#define LODGER_BOOT_SIGIO_STDIN 32u   /* SIGIO comes for stream 0 */
#define LODGER_BOOT_SIGIO_TTY 64u     /* SIGIO comes for LODGER_FD_TTY */
#define LODGER_BOOT_TSC 128u	      /* the host's clocks run by the TSC */
#define LODGER_BOOT_CORE_HUGE 256u    /* the core is to be gathered */
#define LODGER_BOOT_RAM_HUGE 512u     /* the RAM file has huge pages */
#define LODGER_BOOT_MARKS 1024u	      /* --stats: enum lodger_mark is wanted */

#define LODGER_BOOT_ROOT_DISK 65536u   /* the root file system is disk 0's */

/* bits of lodger_disk.flags */
#define LODGER_DISK_READ_ONLY 1u
#define LODGER_DISK_NO_FLUSH 2u /* what lasts is nobody's concern */
#define LODGER_DISK_HELPED 4u	/* slow requests may go to LODGER_FD_DISKIO */

/* One of the machine's disks: /dev/vda, /dev/vdb, ... in order. */
struct lodger_disk {
	uint64_t bytes; /* whole sectors of 512 bytes */
	uint32_t flags;
	uint32_t file; /* its contents: LODGER_FD_BLOCK + file */
	/* 1 + the number of another such file, or 0 for none: where changes go
	 * (abi/overlay.h), and where writes are recorded (abi/disklog.h). */
	uint32_t overlay, log;
};

/* bits of lodger_bind.flags */
#define LODGER_BIND_READ_ONLY 1u
#define LODGER_BIND_FILE 2u /* a file, else a directory */
#define LODGER_BIND_ROOT 4u /* the root file system */
#define LODGER_BIND_PRIVATE 8u /* changes stay in guest memory */
#define LODGER_BIND_OUTPUT 16u /* not shown: where a private root's changes go at the end */

/* A place of the host in the guest's tree: the broker's handle is its number. */
struct lodger_bind {
	uint32_t guest_off; /* path */
	uint32_t flags;
};

#define LODGER_STRINGS_BYTES 12288 /* argv, envp and kin, NUL-separated */
#define LODGER_MAX_TMPFS 8

/* Filled by the VMM process, read-only for the guest kernel by convention.
 * String fields are offsets into strings[]; offset 0 is the empty string. */
struct lodger_boot {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t flags;
	uint32_t intercept, protect, space; /* enum lodger_intercept and kin */
	uint32_t reserved;
	uint64_t ram_bytes;	   /* size of the RAM file, whole pages */
	uint64_t core_bytes;	   /* length of the core VMA */
	uint64_t root_bytes;	   /* size of the root archive */
	uint64_t user_low_min;	   /* lowest user address */
	uint64_t hwcap, hwcap2;	   /* AT_HWCAP, AT_HWCAP2 of the host */
	uint64_t xfeatures;	   /* XCR0 bits in use (no AMX) */
	uint32_t xstate_bytes;	   /* XSAVE area for xfeatures, CPUID 0xd */
	uint32_t minsigstksz;	   /* AT_MINSIGSTKSZ of the host */
	uint64_t rand_seed[4];	   /* from the host's getrandom */
	int64_t realtime_offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint64_t tsc_cycles;	   /* LODGER_BOOT_TSC: the TSC ... */
	uint64_t tsc_mono_ns;	   /* ... when CLOCK_MONOTONIC was this */
	uint32_t stream_kind[3];   /* enum lodger_stream_kind */
	uint32_t tty_present;	   /* LODGER_FD_TTY is open */
	uint32_t uid, gid;	   /* --user, default 0:0 */
	uint32_t pids_max;	   /* --pids, 0: from RAM size */
	uint32_t argc, envc;
	uint32_t argv_off, envp_off; /* argc / envc strings back to back */
	uint32_t cwd_off, hostname_off;
	uint32_t tmpfs_count;
	uint32_t tmpfs_off[LODGER_MAX_TMPFS]; /* "GUEST" path */
	uint64_t tmpfs_bytes[LODGER_MAX_TMPFS]; /* 0: half of RAM */
	uint64_t image_end;	   /* first byte of the core past the image */
	uint64_t host_token;	   /* --protect pkey: what the guest kernel's host
				    * calls have to show (hal/host_call.S); else 0 */
	uint32_t disk_count, bind_count;
	struct lodger_disk disk[LODGER_MAX_DISKS];
	struct lodger_bind bind[LODGER_MAX_BINDS];
	char strings[LODGER_STRINGS_BYTES];
};

#define LODGER_COUNTERS_VERSION 2
#define LODGER_NSYSCALL 512
#define LODGER_NMISS 64

/* lodger's own exit statuses, as docker and timeout(1) use them. */
enum exit_status {
	EXIT_TIMEOUT = 124,
	EXIT_LODGER = 125,
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
	EXIT_SIGNAL_BASE = 128,
};

/* How the machine ended, in lodger_counters.halt_reason. */
enum lodger_halt {
	LODGER_HALT_NONE = 0, /* still running, or died without a word */
	LODGER_HALT_EXIT,     /* the guest program ended: exit_group status */
	LODGER_HALT_PANIC,    /* guest-kernel panic: halt_text says why */
	LODGER_HALT_BOOTFAIL, /* could not start the program: halt_text */
};

struct lodger_call_counter {
	uint64_t calls;	     /* guest system calls of this number */
	uint64_t host_calls; /* host calls made while serving them */
	uint64_t errors;     /* of which returned -errno */
	uint64_t ns;	     /* guest-kernel time, when --stats asked */
};

/* What a program asked for and this version does not have: a call that is missing,
 * or one of a partial call's refusals. Free entries have count 0, and are last. */
struct lodger_miss {
	char program[16];  /* its name, NUL-terminated */
	uint64_t nr;	   /* system-call number, whatever the program gave */
	uint64_t arg[2];   /* the first two arguments of the first such call */
	uint32_t error;	   /* ENOSYS, or what a partial call answered */
	uint32_t reserved;
	uint64_t count;
};

/* Counted by the guest kernel, read by the VMM after the end (--stats). */
struct lodger_counters {
	uint64_t version;
	uint64_t traps_syscall;	  /* reflected calls that arrived */
	uint64_t traps_fault;	  /* page faults handled */
	uint64_t traps_exception; /* other exceptions */
	uint64_t traps_timer;	  /* timer interrupts */
	uint64_t traps_io;	  /* I/O interrupts */
	uint64_t host_calls;	  /* all host calls of the guest kernel */
	uint64_t maps, unmaps, protects; /* as_ops requests carried out */
	uint64_t prot_opens, prot_closes; /* toggles of the core */
	uint64_t as_switches;	  /* address-space switches */
	uint64_t task_switches;
	uint64_t pages_zeroed, pages_copied;
	uint64_t kernel_bytes;	  /* core pages in use */
	uint64_t ram_free_bytes, ram_total_bytes;
	uint64_t forks, execs;
	uint64_t calls_plain;	  /* system calls that came without a signal */
	uint64_t sites_patched;
	uint64_t core_gathered;	  /* bytes of core put into huge pages */
	uint32_t halt_reason;	  /* enum lodger_halt */
	uint32_t halt_status;
	char halt_text[200];
	struct lodger_call_counter call[LODGER_NSYSCALL];
	uint64_t misses_lost;	  /* found no free entry */
	struct lodger_miss miss[LODGER_NMISS];
};

#endif
