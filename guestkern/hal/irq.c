/* Interrupt lines: who is called for which. */
#include "hal/as.h"
#include "hal/cpu.h"
#include "hal/hal.h"
#include "hal/hal_private.h"

static void (*handler[IRQ_END])(void);

void irq_set_handler(enum irq irq, void (*fn)(void))
{
	handler[irq] = fn;
}

void irq_note(enum irq irq)
{
	/* a host process without the baton may note at the same time */
	__atomic_fetch_or(&this_cpu()->irq_pending, 1u << irq,
			  __ATOMIC_RELAXED);
}

void irq_drain(void)
{
	struct cpu *cpu = this_cpu();

	while (cpu->irq_pending) {
		int irq = __builtin_ctz(cpu->irq_pending);

		/* one instruction: a signal may note another one meanwhile */
		__atomic_fetch_and(&cpu->irq_pending, ~(1u << irq),
				   __ATOMIC_RELAXED);
		irq_raise((enum irq)irq);
	}
}

void irq_raise(enum irq irq)
{
	if (irq == IRQ_TIMER) {
		counters()->traps_timer++;
		clock_expired();
	} else {
		counters()->traps_io++;
		if (as_backend->look)
			as_backend->look();
	}
	if (handler[irq])
		handler[irq]();
	if (irq == IRQ_TIMER && (stream_needs_polling() || helpers_under_way()))
		irq_raise(IRQ_IO);
}
