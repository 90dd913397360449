/* Files on character devices: the descriptions between fs's operations and
 * dev's. Used by devfs.c and stream_file.c. */
#ifndef FS_CHRDEV_FILE_H
#define FS_CHRDEV_FILE_H

#include "fs/file.h"

struct chrdev;

/* What f->private points to; kmalloc'd, freed by release. */
struct chrdev_file {
	struct chrdev *dev;
	u32 hangups; /* dev->hangups at open */
	bool survives; /* hangups: as Linux has it for /dev/console */
	s64 known;   /* f->pos that the device's own position stands for */
};

/* Makes f a description of dev (its redirect and open are called). 0, -ENXIO,
 * -ENOMEM, or as the device says. */
int chrdev_file_attach(struct file *f, struct chrdev *dev);

#endif
