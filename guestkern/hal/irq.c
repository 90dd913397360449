/* Interrupt lines: who is called for which. */
#include "hal/hal.h"
#include "hal/hal_private.h"

static void (*handler[IRQ_END])(void);

void irq_set_handler(enum irq irq, void (*fn)(void))
{
	handler[irq] = fn;
}

void irq_raise(enum irq irq)
{
	if (irq == IRQ_TIMER) {
		counters()->traps_timer++;
		clock_expired();
	} else {
		counters()->traps_io++;
	}
	if (handler[irq])
		handler[irq]();
	if (irq == IRQ_TIMER && stream_needs_polling())
		irq_raise(IRQ_IO);
}
