/*
 * The fake CPU: kernel contexts run on stacks of their own (the kernel's 16 KiB
 * are too small for sanitized code), user state is nothing. The switch is not
 * swapcontext, of which AddressSanitizer warns; it is told of it all the same.
 */
#include "fake_hal.h"

#include "hal/cpu.h"
#include "lib/bug.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CONTEXTS 512
#define STACK_BYTES (256UL << 10)

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define __sanitizer_start_switch_fiber(save, bottom, size) \
	((void)(save), (void)(bottom), (void)(size))
#define __sanitizer_finish_switch_fiber(save, bottom, size) \
	((void)(save), (void)(bottom), (void)(size))
#define __asan_unpoison_memory_region(addr, size) ((void)(addr), (void)(size))
#endif

/* One that runs without having been prepared is the test's own. */
static struct fiber {
	struct cpu_context *owner;
	u64 rsp; /* while it does not run */
	void (*fn)(void *arg);
	void *arg;
	void *stack;
	const void *asan_bottom; /* of the stack it runs on */
	size_t asan_bytes;
	void *asan_fake;
} fibers[CONTEXTS];

static struct cpu the_cpu;
static struct fiber *running, *left;

void (*fake_user_hook)(struct trap_frame *tf);

struct cpu *this_cpu(void)
{
	return &the_cpu;
}

/* A context's memory may have been freed and used again: the newest owner of
 * an address is the one meant. */
static struct fiber *fiber_for(struct cpu_context *ctx)
{
	struct fiber *f = NULL;

	for (size_t i = 0; i < CONTEXTS && !f; i++)
		if (fibers[i].owner == ctx)
			f = &fibers[i];
	for (size_t i = 0; i < CONTEXTS && !f; i++)
		if (!fibers[i].owner)
			f = &fibers[i];
	if (!f)
		panic("fake cpu: more than %d contexts", CONTEXTS);
	f->owner = ctx;
	return f;
}

static void fiber_start(void)
{
	/* The test's own stack is learnt when it is left for the first time. */
	__sanitizer_finish_switch_fiber(NULL, &left->asan_bottom, &left->asan_bytes);
	running->fn(running->arg);
	panic("a kernel context returned");
}

void cpu_context_init(struct cpu_context *ctx, void *stack_top,
		      void (*fn)(void *arg), void *arg)
{
	struct fiber *f = fiber_for(ctx);
	u64 *top;

	if ((u64)stack_top % 16)
		panic("unaligned stack");
	if (!f->stack)
		f->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (f->stack == MAP_FAILED)
		panic("fake cpu: no stack");
	__asan_unpoison_memory_region(f->stack, STACK_BYTES);
	f->fn = fn;
	f->arg = arg;
	f->asan_bottom = f->stack;
	f->asan_bytes = STACK_BYTES;
	f->asan_fake = NULL;
	/* six registers, then the return address, as switch_stack wants */
	top = (u64 *)((u8 *)f->stack + STACK_BYTES);
	memset(top - 8, 0, 8 * sizeof(*top));
	top[-2] = (u64)fiber_start;
	f->rsp = (u64)(top - 8);
	ctx->rsp = (u64)stack_top;
}

/* Saves the callee-saved registers and rsp in *from, goes on where to was. */
__attribute__((naked, noinline)) static void
switch_stack(u64 *from __attribute__((unused)), u64 to __attribute__((unused)))
{
	__asm__("push %rbp\n\t"
		"push %rbx\n\t"
		"push %r12\n\t"
		"push %r13\n\t"
		"push %r14\n\t"
		"push %r15\n\t"
		"mov %rsp, (%rdi)\n\t"
		"mov %rsi, %rsp\n\t"
		"pop %r15\n\t"
		"pop %r14\n\t"
		"pop %r13\n\t"
		"pop %r12\n\t"
		"pop %rbx\n\t"
		"pop %rbp\n\t"
		"ret");
}

void cpu_context_switch(struct cpu_context *prev, struct cpu_context *next)
{
	struct fiber *from = fiber_for(prev), *to = fiber_for(next);

	running = to;
	left = from;
	__sanitizer_start_switch_fiber(&from->asan_fake, to->asan_bottom,
				       to->asan_bytes);
	switch_stack(&from->rsp, to->rsp);
	__sanitizer_finish_switch_fiber(from->asan_fake, NULL, NULL);
}

/* --- user state: none ----------------------------------------------------------- */

size_t cpu_xstate_bytes(void)
{
	return boot_info()->xstate_bytes;
}

u64 cpu_xfeatures(void)
{
	return boot_info()->xfeatures;
}

void cpu_user_init(struct cpu_user *cu, void *xstate)
{
	memset(cu, 0, sizeof(*cu));
	cu->xstate = xstate;
	if (xstate)
		memset(xstate, 0, cpu_xstate_bytes());
}

void cpu_user_switch(struct cpu_user *prev, struct cpu_user *next)
{
	(void)prev;
	(void)next;
}

void cpu_user_sync(struct cpu_user *cu)
{
	(void)cu;
}

void cpu_user_changed(struct cpu_user *cu)
{
	(void)cu;
}

void cpu_user_forget(struct cpu_user *cu)
{
	(void)cu;
}

int cpu_xstate_sanitize(void *xstate, size_t len_bytes)
{
	return xstate && len_bytes >= cpu_xstate_bytes() ? 0 : -22 /* EINVAL */;
}

void cpu_set_trap_upcall(void (*fn)(struct trap_frame *tf) __noreturn)
{
	(void)fn;
}

void cpu_return_to_user(struct trap_frame *tf, struct cpu_user *cu)
{
	(void)cu;
	if (fake_user_hook)
		fake_user_hook(tf);
	panic("a task went to user mode");
}
