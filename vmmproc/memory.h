/* The machine's memory files and what is in them at start and end. */
#ifndef VMMPROC_MEMORY_H
#define VMMPROC_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "machine.h"

/*
 * Creates the kernel memory file and the RAM file (memfd, sealed against any
 * change of size) for m->ram_bytes, loads the guest kernel image (kernel,
 * kernel_bytes: an ELF of our own build) and fills m->image.
 * Returns 0, or -1 after one sentence.
 */
int memory_create(struct machine *m, const void *kernel, size_t kernel_bytes);

/* Gathers the start of the core in a huge page if the host lets it:
 * m->core_huge_bytes says how far. After the kernel memory file is
 * there, with m->ram_bytes and m->core_bytes. */
void memory_gather_core(struct machine *m);

/* A file of so many bytes on huge pages, without a name; -1 where the host has no
 * such for us. The caller's to close. */
int memory_tmpfs_file(uint64_t bytes);

/* Can this host put a memory file into huge pages? Tries it. */
bool memory_huge_pages_work(void);

/* Does this host have protection keys for us? True, or false and why is a clause. */
bool memory_keys_work(char *why, size_t why_bytes);

/* Do they keep what they close from speculation, too, as far as the host knows? */
bool memory_keys_hold(char *why, size_t why_bytes);

/* Writes struct lodger_boot. After everything it is made of is known. 0/-1. */
int memory_write_boot(struct machine *m);

/* Maps the window into the calling process (the future guest-machine
 * process). Returns 0, or -1 after one sentence. */
int memory_map_window(const struct machine *m);

/* Gives the calling process, which has the window of a machine with --space
 * multi, its number. 0, or -1 after one sentence. */
int memory_write_number(uint32_t number);

/* Copies the guest kernel's counters out of the file. Untrusted contents:
 * strings are terminated, nothing else is checked. 0/-1. */
int memory_read_counters(const struct machine *m, struct lodger_counters *out);

/* Closes the files. */
void memory_destroy(struct machine *m);

#endif
