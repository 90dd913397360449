/*
 * A machine for hosted tests: hal/hal.h, hal/as.h and hal/cpu.h on top of the
 * test process. RAM is a memfd, the core's heap ordinary memory (poisoned for
 * AddressSanitizer where it is nobody's), user addresses are really mapped at
 * their place, so that mm/uaccess.h works, and kernel contexts are ucontexts.
 *
 * Each test process boots a machine of its own (Check forks for every test).
 */
#ifndef FAKE_HAL_H
#define FAKE_HAL_H

#include "abi/boot.h"
#include "hal/as.h"
#include "hal/hal.h"
#include "hal/trap.h"
#include "lib/types.h"

struct mm;

/* What the machine has; zero: the default. */
struct fake_config {
	u64 ram_bytes; /* 32 MiB */
	u64 heap_bytes; /* 16 MiB */
	u32 boot_flags; /* LODGER_BOOT_* */
};

#define FAKE_USER_MIN 0x10000000UL

/* Machine on, nothing initialised above hal. config may be NULL. */
void fake_hal_init(const struct fake_config *config);
/* The same, and kmem_init, page_init, mm_init. */
void fake_boot_mm(const struct fake_config *config);
/* The boot data, to change before fake_boot_mm's callers read it. */
struct lodger_boot *fake_boot_info(void);

/* --- RAM ------------------------------------------------------------------ */

/* Where the test process sees a frame's contents. */
u8 *fake_ram(pfn_t pfn);

/* Takes every free page of the core, so that kmalloc succeeds only where a slab
 * has room; and gives them back. */
void fake_heap_hog(void);
void fake_heap_release(void);

/* --- address spaces ------------------------------------------------------- */

/* Requests carried out since the machine was switched on. */
extern struct fake_as_counts {
	u64 maps, unmaps, protects, switches;
} fake_as_counts;
/* Lets every request that adds or cuts a host mapping fail with -ENOMEM once
 * there are limit pages mapped; 0: no limit. */
void fake_as_limit(u64 limit);
/* The n-th request from now (1: the next) fails with -ENOMEM; 0: none. */
void fake_as_fail_at(u64 n);
/* Aborts unless the invariants of mm/mm.h hold: exactly what the page table of
 * mm, which is loaded, calls mapped is mapped, with the right frame and rights;
 * pages lie in VMAs, shared frames are not writable, the accounts are right. */
void fake_as_verify(struct mm *mm);
u64 fake_as_page_count(void);

/* --- kernel memory ---------------------------------------------------------- */

/* Up to where core_gather was last asked. */
u64 fake_core_gathered(void);

/* --- clock and interrupts --------------------------------------------------- */

void fake_clock_advance(u64 ns);
/* Deadline asked for, or UINT64_MAX. */
u64 fake_clock_deadline(void);
/* Called by cpu_idle before it looks; may feed streams, wake tasks. NULL: none. */
extern void (*fake_idle_hook)(void);

/* --- disks --------------------------------------------------------------------- */

/* Gives the machine one more disk of len bytes; data stays the caller's. Before
 * blkdev_init. */
void fake_disk(void *data, u64 len_bytes, bool read_only);
/* One more file behind disks; its number. */
u32 fake_block_file(void *data, u64 len_bytes);
/* The n-th transfer or flush from now (1: the next) and all after it fail with
 * -EIO; 0: none. */
void fake_disk_fail_at(u64 n);
/* The last disk has helpers, who make writes alone: when they are waited for, or when
 * the machine is idle, one at a time and the last one first. */
void fake_disk_helped(void);
/* One has been made: an interrupt would take the answer. */
bool fake_disk_answer_due(void);
/* Called for every write (data, its place and length) and flush (data NULL). */
extern void (*fake_disk_hook)(u32 disk, u64 at, const void *data, u64 len_bytes);
/* Host calls that disks took. */
extern struct fake_disk_counts {
	u64 reads, writes, flushes;
} fake_disk_counts;

/* --- files of the host ----------------------------------------------------------- */

/* The next handle of a broker, from 0: a directory or file of the host the test runs
 * on. */
void fake_broker(const char *path, bool read_only);
/* Requests so far; and what is called before each. */
extern u64 fake_broker_requests;
extern void (*fake_broker_hook)(u32 op);
/* The host has no contents in memory, and helpers are there, who answer on the spot: how
 * many requests they had. */
extern bool fake_broker_cold;
extern u64 fake_broker_apart;
/* Called when a helper has its answer and it has not come yet. */
extern void (*fake_broker_meanwhile)(void);

/* --- streams, archive, text --------------------------------------------------- */

/* Appends what the guest will read; eof: nothing follows. */
void fake_stream_feed(int stream, const void *data, size_t len_bytes);
void fake_stream_eof(int stream);
/* What the guest wrote; stays until fake_stream_clear. */
const char *fake_stream_output(int stream, size_t *len_bytes);
void fake_stream_clear(int stream);
/* Room that stream_write finds; default unlimited. */
void fake_stream_room(int stream, size_t bytes);
/* The root archive; data stays the caller's. */
void fake_archive(const void *data, size_t len_bytes);
/* All of klog and trace_write so far, a string. */
const char *fake_trace(void);
void fake_trace_clear(void);

/* --- ends ------------------------------------------------------------------------ */

/* Called by machine_halt before it ends the test process; may longjmp. */
extern void (*fake_halt_hook)(u32 reason, int status, const char *text);
/* Called by cpu_return_to_user, which otherwise aborts. Must not return. */
extern void (*fake_user_hook)(struct trap_frame *tf);

#endif
