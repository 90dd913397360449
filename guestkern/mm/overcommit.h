/*
 * How much memory may be promised to programs (proc_sys_vm(5): overcommit_memory,
 * overcommit_ratio, overcommit_kbytes). What is counted are mappings that are private
 * and writable: each of their pages may become one of RAM.
 */
#ifndef MM_OVERCOMMIT_H
#define MM_OVERCOMMIT_H

#include "lib/types.h"

enum overcommit_mode {
	OVERCOMMIT_GUESS,  /* only what is hopeless is refused */
	OVERCOMMIT_ALWAYS, /* nothing is */
	OVERCOMMIT_NEVER,  /* what goes beyond the limit is; MAP_NORESERVE is nothing */
};
extern s64 overcommit_mode;
extern s64 overcommit_ratio;  /* of RAM, in per cent: the limit, */
extern s64 overcommit_kbytes; /* or if not 0 this is */

/* What may be promised with OVERCOMMIT_NEVER, and what is promised now. */
u64 overcommit_limit_pages(void);
/* In all address spaces together. */
u64 overcommit_promised_pages(void);
/* So many pages more (less: minus) are mapped with these VMA_* flags. */
void overcommit_account(u32 flags, u64 pages);
/* May so many more be mapped? */
bool overcommit_ok(u32 flags, u64 pages);

#endif
