/* The devices that dev/chrdev.c lists, as their files define them. */
#ifndef DEV_DEVICES_H
#define DEV_DEVICES_H

#include "dev/chrdev.h"

/* mem.c */
extern struct chrdev mem_null, mem_zero, mem_full, mem_random, mem_urandom,
	mem_kmsg;
/* tty.c: /dev/tty */
extern struct chrdev tty_current;

/* The machine's terminal (console.c); where there is none, /dev/console is
 * stream 0 for reading and stream 1 for writing. Never NULL. */
struct chrdev *console_device(void);
/* Boot, after the memory allocator. */
void console_init(void);
/* Input and room for output, from IRQ_IO. */
void console_irq_io(void);
void console_irq_winch(void);
/* Hands waiting output to the host as far as it takes it. */
void console_flush(void);

/* streams.c */
void streams_init(void);
void streams_irq_io(void);
extern const struct chrdev_ops streams_console_ops;

#endif
