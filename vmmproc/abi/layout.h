/*
 * The address-space split of a guest-machine process, shared by the VMM
 * process, the guest kernel (C and assembly) and the linker script.
 *
 * User space is a list of ranges; the guest kernel lives in the WINDOW.
 * "Is it the kernel?" is decided by inside-the-window, never by comparing
 * with one bound (paper, section 3.1: guest kernel at 0x70000000).
 *
 *   0x0001_0000 .. 0x7000_0000  guest user, low range
 *   0x7000_0000 .. 0x7001_0000  gate: entry text, constants, signal stack
 *   0x7005_0000 .. 0x7005_1000  user page: what programs may read (R--)
 *   0x7006_0000 .. 0x7007_8000  patched call sites: slots, stubs of both kinds
 *   0x7020_0000 .. core end     guest-kernel core: text, data, heap; the
 *                               one VMA that the protection axis toggles
 *   0x1_0000_0000 .. 2^47       guest user, high range (--vspace=high)
 */
#ifndef ABI_LAYOUT_H
#define ABI_LAYOUT_H

#define LODGER_PAGE_SHIFT 12
#define LODGER_PAGE_SIZE 0x1000

#define LODGER_WINDOW_BASE 0x70000000
#define LODGER_WINDOW_END 0xc0000000

/* The gate area: always mapped, in user mode too. One page of text (R-X),
 * one page of constants (R--), the signal stack (RW-). */
#define LODGER_GATE_TEXT 0x70000000
#define LODGER_GATE_CONST 0x70001000
#define LODGER_SIGSTACK_BASE 0x70004000
#define LODGER_SIGSTACK_SIZE 0x8000
#define LODGER_SIGSTACK_END 0x7000c000

/*
 * The user page (guestkern/hal/user_page.h): a page of the core, shown a second
 * time, read-only, where user mode can see it. The guest kernel writes it in
 * the core at the speed of memory.
 */
#define LODGER_USER_PAGE 0x70050000
/* In it, --protect pkey: a byte for each host process, 1 for one whose core is closed
 * by a call (guestkern/hal/prot_pkey.S). */
#define LODGER_USER_PAGE_BY_CALL (LODGER_USER_PAGE + 72)

/*
 * Patched call sites (--intercept patch; hal/patch.c): a table of addresses
 * (R--) and the stubs they point to (R-X). Bytes 5 and 6 of a patched site are
 * the high bytes of a table address, and an old jump to the site's `syscall`
 * runs into them: 0x06 is an invalid instruction in 64-bit mode.
 */
#define LODGER_PATCH_SLOTS 0x70060000
#define LODGER_PATCH_STUBS 0x70070000
#define LODGER_PATCH_COUNT 2048
#define LODGER_PATCH_SLOT_BYTES 8
#define LODGER_PATCH_STUB_BYTES 16
/* Stubs of sites without a number of their own: hal/patch_moved.c. They lie between
 * the table and the other stubs, which they are executable with. */
#define LODGER_MOVED_STUBS 0x70064000
#define LODGER_MOVED_COUNT 1536
#define LODGER_MOVED_STUB_BYTES 32

/* The core: starts on a huge-page boundary; its length is a multiple of
 * 2 MiB and stands in struct lodger_boot (core_bytes). */
#define LODGER_CORE_BASE 0x70200000
#define LODGER_CORE_MAX 0x0f000000 /* below 0x80000000: 32-bit addresses;
				    * fewer than 2^16 pages (mm/kpages.c) */

/* Offsets in the kernel memory file equal address - LODGER_WINDOW_BASE. */
#define LODGER_KFILE_OFFSET(addr) ((addr) - LODGER_WINDOW_BASE)

/* The first page of the core holds struct lodger_boot, the second struct
 * lodger_counters; see boot.h. The image follows. */
#define LODGER_BOOT_ADDR 0x70200000
#define LODGER_COUNTERS_ADDR 0x70204000
#define LODGER_IMAGE_ADDR 0x70210000
/* Where the user page lies in the core. */
#define LODGER_USER_PAGE_CORE 0x7020f000

/* --intercept kmod: the page shared with the module (kmod.h). */
#define LODGER_KMOD_RUN_ADDR 0x7020d000

/* --space multi: a byte for each host process, which the VMM process sets
 * when that process has died (boot.h). */
#define LODGER_DEAD_ADDR 0x7020e000

/* The gate's constants: bytes of the core that the gate toggles (0: it does not),
 * number of this host process, the core's protection key (0: none), bytes of the
 * core. */
#define LODGER_GATE_TOGGLED_BYTES LODGER_GATE_CONST
#define LODGER_GATE_NUMBER (LODGER_GATE_CONST + 8)
#define LODGER_GATE_KEY (LODGER_GATE_CONST + 12)
#define LODGER_GATE_CORE_BYTES (LODGER_GATE_CONST + 16)

/*
 * --protect pkey: the core's protection key, and what PKRU is in the guest kernel
 * and in user mode (SDM vol 3, 4.6.2: two bits a key, access and write disabled).
 * All other keys but 0 are denied, as the host does at first.
 */
#define LODGER_PKEY 1
#define LODGER_PKRU_OPEN 0x55555550
#define LODGER_PKRU_CLOSED 0x55555554

#define LODGER_USER_LOW_MIN 0x10000
#define LODGER_USER_LOW_END 0x70000000
#define LODGER_USER_HIGH_BASE 0x100000000
#define LODGER_USER_HIGH_END 0x7ffffffff000

#endif
