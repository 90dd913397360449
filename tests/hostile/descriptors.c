/*
 * The side powers of descriptors that the guest kernel was handed. Without
 * the limits it could type into its user's terminal, steal signals, change
 * flags of files that the host's processes share, or grow and shrink the
 * memory files under the VMM's feet.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time.h>

#include "hostile.h"
#include "lib/string.h"

static u64 words[64];
static struct pollfd polled[9];
#define WORDS ((u64)words)

#define BAD_TTY "a descriptor other than the terminal"
#define BAD_REQUEST "a request other than TIOCGWINSZ"
#define BAD_STREAM "a descriptor that is no stream"
#define BAD_SPAN "an offset or length past the end of the RAM file"

#define IT(text, call, why, ...)                                    \
	{                                                           \
		.name = text, .status = STATUS_REFUSED,             \
		.line = REFUSED(#call, why), .nr = __NR_##call,     \
		.arg = { __VA_ARGS__ }                              \
	}
#define NO(text, call, ...) IT(text, call, NOT_THIS_CALL, __VA_ARGS__)

/* Linux, asm-generic/ioctls.h has no TIOCLINUX for all */
#define LINUX_TIOCLINUX 0x541c

static void ram_past_the_end(void)
{
	let_through(host_call4(__NR_pread64, LODGER_FD_RAM, WORDS, 8,
			       boot_info()->ram_bytes - 4));
}

static void ram_grow(void)
{
	let_through(host_call4(__NR_pwrite64, LODGER_FD_RAM, WORDS, 8,
			       boot_info()->ram_bytes));
}

static void punch_past_the_end(void)
{
	let_through(host_call4(__NR_fallocate, LODGER_FD_RAM,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			       boot_info()->ram_bytes, 4096));
}

/* Allowed: the archive ends where it ends. Memory behind it in the VMM
 * process would be a leak. */
static void root_past_the_end(void)
{
	u64 end = boot_info()->root_bytes;
	s64 n;

	memset(words, 0, sizeof(words));
	n = host_call4(__NR_pread64, LODGER_FD_ROOT, WORDS, 512, end + 1);
	if (n > 0)
		let_through(n);
	n = host_call4(__NR_pread64, LODGER_FD_ROOT, WORDS, 512, 1ULL << 62);
	if (n > 0)
		let_through(n);
	n = host_call4(__NR_pread64, LODGER_FD_ROOT, 0x10, 512, 0);
	machine_halt(LODGER_HALT_EXIT, n == -14 ? 42 : 1, "");
}

static const struct attack table[] = {
	/* the terminal */
	IT("tiocsti-stdin", ioctl, BAD_TTY, 0, TIOCSTI, WORDS),
	IT("tioclinux-stdin", ioctl, BAD_TTY, 0, LINUX_TIOCLINUX, WORDS),
	IT("tiocgwinsz-stdin", ioctl, BAD_TTY, 0, TIOCGWINSZ, WORDS),
	IT("tiocsti-tty", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCSTI, WORDS),
	IT("tioclinux-tty", ioctl, BAD_REQUEST, LODGER_FD_TTY, LINUX_TIOCLINUX,
	   WORDS),
	IT("tiocsctty", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCSCTTY, 1),
	IT("tcsets", ioctl, BAD_REQUEST, LODGER_FD_TTY, TCSETS, WORDS),
	IT("tiocspgrp", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCSPGRP, WORDS),
	IT("tiocswinsz", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCSWINSZ, WORDS),
	IT("tiocsetd", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCSETD, WORDS),
	IT("tiocnotty", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCNOTTY, 0),
	IT("tiocexcl", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCEXCL, 0),
	IT("tiocgptpeer", ioctl, BAD_REQUEST, LODGER_FD_TTY, TIOCGPTPEER, 2),
	IT("fionbio", ioctl, BAD_REQUEST, LODGER_FD_TTY, FIONBIO, WORDS),
	IT("fioasync", ioctl, BAD_TTY, 0, FIOASYNC, WORDS),
	IT("request-high-word", ioctl, BAD_REQUEST, LODGER_FD_TTY,
	   TIOCGWINSZ | 1ULL << 32, WORDS),
	IT("ioctl-ram", ioctl, BAD_TTY, LODGER_FD_RAM, FIONBIO, WORDS),

	/* flags, owners, copies */
	NO("f-setown", fcntl, 0, F_SETOWN, 1), NO("f-setsig", fcntl, 0, F_SETSIG, 9),
	NO("f-setfl", fcntl, 0, F_SETFL, O_NONBLOCK), NO("f-dupfd", fcntl, 0, F_DUPFD, 0),
	NO("f-setlk", fcntl, 0, F_SETLK, WORDS), NO("f-notify", fcntl, 0, 1026, 1),
	NO("f-add-seals", fcntl, LODGER_FD_RAM, 1033, 1),
	NO("f-setpipe-sz", fcntl, 1, 1031, 1 << 20),
	NO("dup", dup, 0), NO("dup2", dup2, LODGER_FD_KMEM, 0), NO("dup3", dup3, 3, 0, 0),
	NO("close", close, LODGER_FD_KMEM), NO("close-range", close_range, 0, ~0U, 0),
	NO("flock", flock, 0, 2), NO("fsync", fsync, 0), NO("fchmod", fchmod, 0, 04777),
	NO("fchown", fchown, 0, 0, 0), NO("fchdir", fchdir, LODGER_FD_ROOT),
	NO("getdents", getdents64, 0, WORDS, 512),
	NO("fsetxattr", fsetxattr, 0, WORDS, WORDS, 1, 0),
	NO("sendfile", sendfile, 1, LODGER_FD_KMEM, 0, 4096),
	NO("splice", splice, 0, 0, 1, 0, 4096, 0), NO("tee", tee, 0, 1, 4096, 0),
	NO("vmsplice", vmsplice, 1, WORDS, 1, 0),
	NO("copy-file-range", copy_file_range, LODGER_FD_ROOT, 0, 1, 0, 4096, 0),
	NO("epoll-ctl", epoll_ctl, 3, 1, 0, WORDS), NO("select", select, 9, WORDS, 0, 0, 0),
	NO("poll", poll, WORDS, 1, 0), NO("preadv", preadv, LODGER_FD_RAM, WORDS, 1, 0, 0),
	NO("pwritev", pwritev, LODGER_FD_RAM, WORDS, 1, 0, 0),
	NO("readahead", readahead, 0, 0, 4096), NO("fadvise", fadvise64, 0, 0, 0, 4),

	/* the memory files */
	NO("ftruncate-ram", ftruncate, LODGER_FD_RAM, 0),
	NO("ftruncate-kmem", ftruncate, LODGER_FD_KMEM, 1ULL << 40),
	IT("fallocate-grow", fallocate, "a mode other than PUNCH_HOLE|KEEP_SIZE",
	   LODGER_FD_RAM, 0, 0, 1ULL << 40),
	IT("fallocate-collapse", fallocate,
	   "a mode other than PUNCH_HOLE|KEEP_SIZE", LODGER_FD_RAM,
	   FALLOC_FL_COLLAPSE_RANGE, 0, 4096),
	IT("fallocate-kmem", fallocate, "a descriptor other than the RAM file",
	   LODGER_FD_KMEM, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096),
	IT("fallocate-stdout", fallocate, "a descriptor other than the RAM file",
	   1, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096),
	IT("write-kmem", write, BAD_STREAM, LODGER_FD_KMEM, WORDS, 8),
	IT("write-ram", write, BAD_STREAM, LODGER_FD_RAM, WORDS, 8),
	IT("write-root", write, BAD_STREAM, LODGER_FD_ROOT, WORDS, 8),
	IT("write-bell", write, BAD_STREAM, LODGER_FD_BELL, WORDS, 8),
	IT("writev-kmem", writev, BAD_STREAM, LODGER_FD_KMEM, WORDS, 1),
	IT("write-spawner", write, BAD_STREAM, LODGER_FD_SPAWNER, WORDS, 8),
	IT("write-no-descriptor", write, BAD_STREAM, LODGER_FD_END, WORDS, 8),
	IT("read-spawner", read, BAD_STREAM, LODGER_FD_SPAWNER, WORDS, 8),
	IT("write-fd-high-word", write, BAD_STREAM, 1 | 1ULL << 32, WORDS, 8),
	IT("read-kmem", read, BAD_STREAM, LODGER_FD_KMEM, WORDS, 8),
	IT("read-trace", read, BAD_STREAM, LODGER_FD_TRACE, WORDS, 8),
	IT("pread-kmem", pread64, "*", LODGER_FD_KMEM, WORDS, 8, 0),
	IT("pread-stdin", pread64, "*", 0, WORDS, 8, 0),
	IT("pwrite-root", pwrite64, "*", LODGER_FD_ROOT, WORDS, 8, 0),
	IT("pwrite-stdout", pwrite64, "*", 1, WORDS, 8, 0),
	IT("lseek-root", lseek, "*", LODGER_FD_ROOT, 0, 0),
	IT("lseek-hole", lseek, "an unknown whence", 0, 0, 4),
	IT("fstat-kmem", fstat, "*", LODGER_FD_KMEM, WORDS),
	{ "pread-ram-past-the-end", STATUS_REFUSED, REFUSED("pread64", BAD_SPAN),
	  .run = ram_past_the_end },
	{ "pwrite-ram-grow", STATUS_REFUSED, REFUSED("pwrite64", BAD_SPAN),
	  .run = ram_grow },
	{ "punch-past-the-end", STATUS_REFUSED, REFUSED("fallocate", BAD_SPAN),
	  .run = punch_past_the_end },
	{ "pread-root-past-the-end", 42, NULL, .run = root_past_the_end },

	/* waiting, clocks, signals */
	IT("ppoll-nine", ppoll, "more than eight descriptors", (u64)polled, 9, 0, 0, 8),
	IT("ppoll-mask-size", ppoll, "an odd signal set size", (u64)polled, 1, 0,
	   WORDS, 128),
	IT("setitimer-prof", setitimer, "*", ITIMER_PROF, WORDS, 0),
	IT("clock-of-process", clock_gettime, "*", (u64)-6, WORDS),
	IT("getrandom-flags", getrandom, "*", WORDS, 8, 8),
	IT("sigaction-kill", rt_sigaction, "*", SIGKILL, WORDS, 0, 8),
	IT("sigaction-term", rt_sigaction, "*", SIGTERM, WORDS, 0, 8),
	IT("sigaction-stop", rt_sigaction, "*", SIGSTOP, WORDS, 0, 8),
	IT("sigaction-ttin", rt_sigaction, "*", SIGTTIN, WORDS, 0, 8),
	IT("sigaction-hup", rt_sigaction, "*", SIGHUP, WORDS, 0, 8),
	IT("sigaction-64", rt_sigaction, "*", 64, WORDS, 0, 8),
	IT("sigaction-wraps", rt_sigaction, "*", SIGUSR1 | 1ULL << 32, WORDS, 0, 8),
	IT("arch-prctl-cpuid", arch_prctl, "*", 0x1012, 0),
	IT("arch-prctl-vdso", arch_prctl, "*", 0x2003, 0x500000),
	IT("arch-prctl-lam", arch_prctl, "*", 0x4002, 6),
	NO("signal-wait", rt_sigtimedwait, WORDS, 0, 0, 8),
	NO("signal-suspend", rt_sigsuspend, WORDS, 8), NO("pause", pause),
};

FAMILY(descriptors, table);
