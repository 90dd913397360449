/* The list of character devices, and what concerns all of dev: boot and
 * interrupts in order. */
#include "dev/chrdev.h"

#include "dev/devices.h"
#include "dev/diskio.h"
#include "dev/hostio.h"

struct chrdev *chrdev_at(u32 index)
{
	struct chrdev *const all[] = {
		&mem_null,    &mem_zero, &mem_full,    &mem_random,
		&mem_urandom, &mem_kmsg, &tty_current, console_device(),
	};

	return index < ARRAY_SIZE(all) ? all[index] : NULL;
}

struct chrdev *chrdev_find(u64 rdev)
{
	struct chrdev *dev;

	for (u32 i = 0; (dev = chrdev_at(i)); i++)
		if (dev->rdev == rdev)
			return dev;
	return NULL;
}

s64 chrdev_write_discard(struct chrdev *dev, struct chrdev_io *io)
{
	size_t n = io->len;

	(void)dev;
	io->advance(io, n);
	return (s64)n;
}

void dev_init(void)
{
	streams_init();
	console_init();
}

void dev_irq_io(void)
{
	console_irq_io();
	streams_irq_io();
	diskio_irq();
	hostio_irq();
}

void dev_irq_winch(void)
{
	console_irq_winch();
}

void dev_flush(void)
{
	console_flush();
}
