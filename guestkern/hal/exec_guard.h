/*
 * Which pages a program may execute while the core is closed by a protection key
 * (--protect pkey): such as hold, at any byte, neither wrpkru nor xrstor, and do not
 * change. exec_guard.c says how that is known.
 */
#ifndef HAL_EXEC_GUARD_H
#define HAL_EXEC_GUARD_H

#include "hal/as.h"
#include "lib/types.h"

/* Bytes of core that the guard needs, from the start of the heap on; 0 on a
 * machine without protection keys, where none of the rest does anything. */
u64 exec_guard_bytes(void);

/*
 * A MAP or PROTECT request of this host process's space, carried out by map (as
 * as_host_map) or protect, page by page where pages differ: what may not be executed
 * is mapped without that right, and is asked for again when it is fetched. The host
 * process then changes to closing the core by a call. 0 or -errno of the host.
 */
s64 exec_guard_map(const struct as_req *req, bool populate,
		   s64 (*map)(const struct as_req *req, bool populate));
s64 exec_guard_protect(const struct as_req *req,
		       s64 (*map)(const struct as_req *req, bool populate),
		       s64 (*protect)(const struct as_req *req));

/* RAM is written by the guest kernel / comes into use, and nobody shows it. */
void exec_guard_write(gpa_t at, u64 len_bytes);
void exec_guard_fresh(gpa_t at, u64 len_bytes);
/* Around a write by the kernel to a page of text that one program has: is it as
 * good as before? */
void exec_guard_poke(gpa_t at, void (*write)(gpa_t at, const void *bytes, size_t n),
		     const void *bytes, size_t n);

/* A space that was loaded when this was another number is to be mapped anew. */
u32 exec_guard_epoch(void);

/* Is there wrpkru or xrstor at any byte of it? */
bool exec_guard_finds(const u8 *bytes, size_t n);

#endif
