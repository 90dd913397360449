/*
 * The six system-call wrappers and the one errno conversion: everything else
 * in guestlib goes through these.  Linux x86-64: number in rax, arguments in
 * rdi rsi rdx r10 r8 r9, result in rax, rcx and r11 are lost (syscall(2)).
 */
#ifndef GUESTLIB_SYSCALL_H
#define GUESTLIB_SYSCALL_H

#include <asm/unistd.h>

/* The number goes into eax right before the instruction, as C libraries have
 * it in their call stubs (operand 1 of every wrapper). */
#define SYS_INSN "mov %k1, %%eax\n\tsyscall"

/* The raw call: the kernel's own answer, -4095..-1 meaning minus an errno. */
static inline long sys0(long nr)
{
	long ret;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr)
			 : "rcx", "r11", "memory");
	return ret;
}

/* As sys0, with one argument. */
static inline long sys1(long nr, long a)
{
	long ret;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr), "D"(a)
			 : "rcx", "r11", "memory");
	return ret;
}

/* As sys0, with two arguments. */
static inline long sys2(long nr, long a, long b)
{
	long ret;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr), "D"(a), "S"(b)
			 : "rcx", "r11", "memory");
	return ret;
}

/* As sys0, with three arguments. */
static inline long sys3(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

/* As sys0, with four arguments. */
static inline long sys4(long nr, long a, long b, long c, long d)
{
	long ret;
	register long r10 __asm__("r10") = d;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

/* As sys0, with six arguments (five: pass 0 for the last). */
static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile(SYS_INSN
			 : "=a"(ret)
			 : "ri"((int)nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* -4095..-1 becomes errno and -1; everything else passes through. */
long sysret(long ret);

/*
 * SYS(openat, dirfd, path, flags): the call by its kernel name, arguments of
 * any integer or pointer type, result converted by sysret().
 */
#define SYS(name, ...)                                                       \
	sysret(SYS_PICK(_, ##__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, \
			SYS_1, SYS_0)(__NR_##name, ##__VA_ARGS__))

#define SYS_PICK(_, a, b, c, d, e, f, pick, ...) pick
#define SYS_0(nr) sys0(nr)
#define SYS_1(nr, a) sys1(nr, (long)(a))
#define SYS_2(nr, a, b) sys2(nr, (long)(a), (long)(b))
#define SYS_3(nr, a, b, c) sys3(nr, (long)(a), (long)(b), (long)(c))
#define SYS_4(nr, a, b, c, d) \
	sys4(nr, (long)(a), (long)(b), (long)(c), (long)(d))
#define SYS_5(nr, a, b, c, d, e) \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_6(nr, a, b, c, d, e, f) \
	sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
