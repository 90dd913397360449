/*
 * What the guest kernel's upper layers may ask of the machine. hal is the
 * only layer that issues host system calls or knows the mechanisms; the
 * hosted unit tests link a fake of exactly these functions.
 *
 * Context of everything here: guest kernel, non-preemptible, one CPU. None
 * sleeps in the guest's sense; host calls may block the whole machine only
 * where that is said.
 */
#ifndef HAL_HAL_H
#define HAL_HAL_H

#include "abi/boot.h"
#include "lib/types.h"

/* --- boot data and counters ---------------------------------------------- */

/* What the VMM process wrote before start; constant. */
const struct lodger_boot *boot_info(void);
/* String at an offset of boot_info()->strings ("" for offset 0 or bad). */
const char *boot_string(u32 offset);
/* The machine's counters; update in place. */
struct lodger_counters *counters(void);

/* --- guest RAM: reached through the RAM file, not mapped in the kernel ---- */

/*
 * Copy between RAM and memory that is accessible right now: kernel memory, or
 * user memory of the loaded address space prepared by user_prepare
 * (mm/uaccess.h). One host call for any length. A failing host file (host out
 * of memory) ends the machine.
 */
void ram_read(gpa_t from, void *to, size_t len_bytes);
void ram_write(gpa_t to, const void *from, size_t len_bytes);
/* Fills with zero bytes. */
void ram_zero(gpa_t at, size_t len_bytes);
/* Copies frame to frame. */
void ram_copy(gpa_t to, gpa_t from, size_t len_bytes);
/* As ram_write, to a page of text that one program alone has. */
void ram_poke(gpa_t to, const void *from, size_t len_bytes);
/* These whole pages come into use: nothing that was shown of them counts. */
void ram_fresh(gpa_t at, size_t len_bytes);
/* Somebody outside of the guest kernel is about to write there: a broker. */
void ram_written(gpa_t at, size_t len_bytes);
/* Gives whole pages back to the host; they read as zero afterwards. */
void ram_discard(gpa_t at, size_t len_bytes);

/* --- the root archive ------------------------------------------------------ */

/* Reads up to len bytes at offset; returns bytes read (0 at the end) or -EIO. */
s64 archive_read(u64 offset, void *buf, size_t len_bytes);
/* Bytes that will not be read again: the host may have their memory back. */
void archive_release(u64 offset, u64 len_bytes);

/* --- the files behind the disks -------------------------------------------- */

/*
 * file: as in boot_info()->disk[].file. Memory as for ram_read. The whole
 * machine waits. 0, or -errno of the host; -EIO where the file ends early.
 */
int blockfile_read(u32 file, u64 at, void *buf, size_t len_bytes);
int blockfile_write(u32 file, u64 at, const void *buf, size_t len_bytes);
/* As blockfile_read, if the host has all of it in memory; else -EAGAIN at once. */
int blockfile_read_cached(u32 file, u64 at, void *buf, size_t len_bytes);
/* What was written lasts (fdatasync). */
int blockfile_flush(u32 file);
/* Gives the range back to the host; it reads as zero. -EOPNOTSUPP where the
 * host's file system cannot. */
int blockfile_discard(u32 file, u64 at, u64 len_bytes);

struct lodger_diskio_request;
struct lodger_diskio_reply;
/* Hands a request to the helpers (abi/diskio.h); IRQ_IO comes when one is answered.
 * 0, or -errno: they have no room for it, or there are none. */
int diskio_submit(const struct lodger_diskio_request *req);
/* The next answer into *reply: 1; 0: none now; -EPIPE: there will be none any more. */
int diskio_answer(struct lodger_diskio_reply *reply);
/* The whole machine waits until there is one, if any request is under way; may return
 * early. */
void diskio_await(void);

/* --- files of the host ------------------------------------------------------ */

/*
 * One request to the broker (abi/broker.h) and its answer, of which up to max bytes
 * are stored; max 0: none is awaited. The answer's length, or -EIO when the broker
 * is gone. The whole machine waits.
 */
s64 broker_exchange(const void *request, size_t len_bytes, void *reply, size_t max_bytes);

struct lodger_broker_request;
struct lodger_broker_reply;
/* Hands a request without strings to the broker's helpers; IRQ_IO comes when one is
 * answered. 0, or -errno: they have no room for it, or there are none. */
int hostio_submit(const struct lodger_broker_request *req);
/* As diskio_answer. */
int hostio_answer(struct lodger_broker_reply *reply);

/* The vDSO, an ELF shared object, as it is to be shown to programs. */
const void *vdso_image(size_t *size_bytes);

/* --- kernel memory (the core) ---------------------------------------------- */

/* Bytes of core after the image that the page allocator may hand out, as an
 * address range; page aligned. */
void core_heap_range(u64 *start, u64 *end);

/*
 * [start, end) of the core comes into use. Gathers the huge pages that it touches
 * and that are not gathered yet, where this machine and its host have such; a host
 * call or none. Returns up to where that need not be asked again (>= end), for
 * memory that is used from its start on.
 */
u64 core_gather(u64 start, u64 end);

/* --- clock ------------------------------------------------------------------ */

/* CLOCK_MONOTONIC of the host, in ns; a host call where the host's clock is
 * not the time-stamp counter or the kernel is traced. */
u64 clock_mono_ns(void);
/* CLOCK_REALTIME in ns since 1970; the same. */
u64 clock_real_ns(void);
/* Sets CLOCK_REALTIME on (or, as a two's complement, back) by delta_ns; the host's
 * clock stays as it is. Whoever waits for an instant of it is the caller's matter
 * (proc/timer.h). */
void clock_step_real(u64 delta_ns);
/* The same, up to some milliseconds old where it would take a host call: fine
 * enough for time stamps of files. */
u64 clock_stamp_ns(void);
/* CPU time used by the guest-machine process, ns (user-mode share is not
 * kept apart by the host's granularity). */
u64 clock_cpu_ns(void);
/* A counter at some constant speed, without a host call: for shares of time. */
u64 clock_cycles(void);
/*
 * Asks for a timer interrupt at deadline (mono ns). A nearer one already asked
 * for stays. UINT64_MAX: no interrupt wanted.
 */
void clock_arm(u64 deadline_ns);

/* --- interrupts --------------------------------------------------------------- */

enum irq {
	IRQ_TIMER,  /* a clock_arm deadline passed */
	IRQ_IO,	    /* a host stream may have become ready */
	IRQ_WINCH,  /* the terminal's size changed */
	IRQ_END
};
/* Installs the handler that runs on each irq (boot order, entry/main.c). */
void irq_set_handler(enum irq irq, void (*fn)(void));
/* Runs the handler; called by entry on a trap and by cpu_idle. */
void irq_raise(enum irq irq);

/* Serves interrupts that were noted while the kernel ran. */
void irq_drain(void);

/*
 * Sleeps on the host until a watched stream is ready, the armed clock
 * deadline passes or the VMM rings; raises the irqs. Only from the idle loop.
 */
void cpu_idle(void);

/* --- the host's streams -------------------------------------------------------- */

/* Stream numbers: 0..2 as in boot_info()->stream_kind, STREAM_TTY. */
#define STREAM_TTY 3
#define STREAM_END 4

/*
 * Non-blocking in effect: asks the host first (poll), returns -EAGAIN when it
 * would block, 0 at end of file, or -errno of the host. buf: as in ram_read.
 */
s64 stream_read(int stream, void *buf, size_t len_bytes);
s64 stream_write(int stream, const void *buf, size_t len_bytes);
/* Ready now? returns a mask of POLLIN|POLLOUT|POLLHUP|POLLERR for the asked. */
u32 stream_poll(int stream, u32 events);
/* What cpu_idle and the I/O interrupt should watch for (POLLIN|POLLOUT; 0:
 * nothing). */
void stream_watch(int stream, u32 events);
/* Regular files: seek (whence as lseek) and size; -ESPIPE otherwise. */
s64 stream_seek(int stream, s64 offset, int whence);
s64 stream_size(int stream);
/* Terminal size in characters; -ENOTTY without a terminal. */
int stream_winsize(u16 *rows, u16 *cols);
/* Text to the trace descriptor (kernel messages, --trace=syscalls). */
void trace_write(const char *text, size_t len_bytes);
/* printf-style kernel message, one line, to the trace descriptor. */
void klog(const char *fmt, ...) __printf(1, 2);

/* --- ends ------------------------------------------------------------------------ */

/* Tells the VMM process of a moment (enum lodger_mark), if it wants to know, and
 * waits until it does. Context: no host process is being made. */
void machine_mark(u32 moment);

/* Ends the machine: reason is enum lodger_halt; text one line or "". */
void machine_halt(u32 reason, int exit_status, const char *text) __noreturn;

/* Host randomness; never fails. */
void random_bytes(void *buf, size_t len_bytes);

#endif
