/* What the tests of mm share: a booted machine with one loaded space. */
#ifndef MM_FIXTURE_H
#define MM_FIXTURE_H

#include "fake_hal.h"
#include "mm/mm.h"

#define BASE 0x20000000UL
#define RW (VMA_R | VMA_W)

extern struct mm *mm; /* the loaded space */

/* Boots and makes mm; config may be NULL. */
void mm_fixture_boot(const struct fake_config *config);
/* mm_fixture_boot(NULL), a Check fixture. */
void mm_fixture_setup(void);
/* Ends mm; nothing may be left, here nor on the host. */
void mm_fixture_teardown(void);

/* Maps private anonymous memory at addr, or where there is room if 0. */
s64 map_at(uaddr_t addr, u64 pages, u32 flags);
/* A word of user memory through mm/uaccess.h; fails the test on -EFAULT. */
void put(uaddr_t addr, u64 value);
u64 get(uaddr_t addr);

#endif
