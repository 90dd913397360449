/*
 * Character devices as dev implements them; fs/devfs.c turns them into
 * files. dev knows no struct file: state per open is not needed by these
 * devices except where noted.
 */
#ifndef DEV_CHRDEV_H
#define DEV_CHRDEV_H

#include "lib/types.h"
#include "proc/wait.h"

#define MKDEV(major, minor) (((u64)(major) << 8) | (u64)(minor))

struct chrdev {
	const char *name; /* below /dev */
	u64 rdev;
	u32 mode; /* permissions */
	const struct chrdev_ops *ops;
	void *private;
	/* How often it hung up: a description opened at an earlier count is dead
	 * (reads end, writes fail), which is fs's to see to. */
	u32 hangups;
};

/* A transfer's other end, filled by the caller: moves bytes to or from the
 * program. Both return 0 or -EFAULT and advance. */
struct chrdev_io {
	size_t len; /* bytes left */
	bool nonblock;
	int (*put)(struct chrdev_io *io, const void *src, size_t n);
	int (*get)(struct chrdev_io *io, void *dst, size_t n);
	/* Fill the program's memory with zero bytes. */
	int (*zero)(struct chrdev_io *io, size_t n);
	/* A pointer hal may use directly, as iobuf_prepare. */
	s64 (*prepare)(struct chrdev_io *io, void **ptr, bool write_to_it);
	void (*advance)(struct chrdev_io *io, size_t n);
};

struct chrdev_ops {
	s64 (*read)(struct chrdev *dev, struct chrdev_io *io);
	s64 (*write)(struct chrdev *dev, struct chrdev_io *io);
	u32 (*poll)(struct chrdev *dev, struct poll_table *pt);
	s64 (*ioctl)(struct chrdev *dev, u32 cmd, u64 arg);
	/* May be NULL. noctty: O_NOCTTY, or not opened for reading. */
	int (*open)(struct chrdev *dev, bool noctty);
	/* A description that open succeeded for is gone. May be NULL. */
	void (*release)(struct chrdev *dev);
	s64 (*lseek)(struct chrdev *dev, s64 offset, int whence); /* NULL: ESPIPE */
	/* What opening it really opens (/dev/tty: the caller's terminal), NULL:
	 * nothing, -ENXIO. May be NULL: itself. */
	struct chrdev *(*redirect)(struct chrdev *dev);
};

/* All devices, index from 0, NULL at the end. */
struct chrdev *chrdev_at(u32 index);
struct chrdev *chrdev_find(u64 rdev);

/* All that a program wrote was taken: a device that keeps nothing. */
s64 chrdev_write_discard(struct chrdev *dev, struct chrdev_io *io);

/* --- the console ------------------------------------------------------------- */

/* Boot: memory devices, console on the machine's terminal if it has one. */
void dev_init(void);
/* IRQ_IO and IRQ_WINCH handlers. */
void dev_irq_io(void);
void dev_irq_winch(void);

/*
 * What the initial descriptors 0..2 of the guest program are: a device: the
 * console (stream is the terminal), or a host stream with the character of the
 * host's (pipe, file, char device, socket). NULL: closed.
 */
struct chrdev *dev_stream(int stream);
/* Hands what the terminal has not taken yet to the host, as far as it takes it.
 * Before the machine ends. */
void dev_flush(void);

struct process;
/* A session's leader ends: what becomes of its terminal (credentials(7)). */
void tty_session_exit(struct process *leader);
/* For /proc/PID/stat: device number and foreground group of a tty. */
u64 tty_rdev(void *tty);
s32 tty_foreground(void *tty);

#endif
