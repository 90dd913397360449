/*
 * setjmp(3): callee-saved registers, stack pointer, return address.  The
 * signal mask is not saved.
 */
#ifndef GUESTLIB_SETJMP_H
#define GUESTLIB_SETJMP_H

typedef unsigned long jmp_buf[8];

/* 0 when it returns the first time; longjmp's value afterwards. */
int setjmp(jmp_buf env) __attribute__((returns_twice));
/* Returns from setjmp(env) again, with value (1 when value is 0). */
_Noreturn void longjmp(jmp_buf env, int value);

#endif
