/*
 * What the memory tests share: asking whether an access would fault.
 */
#ifndef TESTS_GUEST_LIBMEM_H
#define TESTS_GUEST_LIBMEM_H

#include <stddef.h>

/* len bytes of anonymous private memory; fails the case when there is none. */
char *mem_anonymous(size_t len, int prot);

/* The si_code of the SIGSEGV or SIGBUS that an access gives; 0: none. */
int mem_read_fault(const volatile void *p);
int mem_write_fault(volatile void *p);

/* True when all len bytes are `value`. */
int mem_all(const char *p, int value, size_t len);

#endif
