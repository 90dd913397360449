/* Tells AddressSanitizer, in hosted builds, which kernel memory is nobody's.
 * Freestanding builds: nothing. Internal to mm. */
#ifndef MM_POISON_H
#define MM_POISON_H

#include "lib/types.h"

#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(void const volatile *addr, size_t len_bytes); /* libasan */
void __asan_unpoison_memory_region(void const volatile *addr, size_t len_bytes); /* libasan */
#define poison_add(addr, len_bytes) __asan_poison_memory_region(addr, len_bytes)
#define poison_remove(addr, len_bytes) __asan_unpoison_memory_region(addr, len_bytes)
#else
#define poison_add(addr, len_bytes) ((void)(addr), (void)(len_bytes))
#define poison_remove(addr, len_bytes) ((void)(addr), (void)(len_bytes))
#endif

#endif
