/* Memory devices (major 1): null, zero, full, random, urandom, kmsg. They keep
 * nothing and never make anybody wait. */
#include <linux/capability.h>
#include <linux/random.h>

#include "hal/hal.h"
#include "lib/err.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/signal.h"
#include "proc/ratelimit.h"
#include "proc/task.h"

#include "dev/devices.h"

#define MEM_MAJOR 1
#define CHUNK_BYTES 0x10000 /* between two looks at signals */
#define KMSG_LINE_MAX 200
#define ENTROPY_BITS 256 /* as /proc/sys/kernel/random/entropy_avail */

/* A long transfer ends early when a signal waits; something was done. */
static bool may_go_on(const struct chrdev_io *io, size_t done)
{
	return io->len && !(done && signal_pending(current_task()));
}

static s64 null_read(struct chrdev *dev, struct chrdev_io *io)
{
	(void)dev;
	(void)io;
	return 0;
}

static s64 zero_read(struct chrdev *dev, struct chrdev_io *io)
{
	size_t done = 0;

	(void)dev;
	while (may_go_on(io, done)) {
		size_t n = MIN(io->len, (size_t)CHUNK_BYTES);
		int err = io->zero(io, n);

		if (err)
			return done ? (s64)done : err;
		done += n;
	}
	return (s64)done;
}

static s64 full_write(struct chrdev *dev, struct chrdev_io *io)
{
	(void)dev;
	return io->len ? -ENOSPC : 0;
}

static s64 random_read(struct chrdev *dev, struct chrdev_io *io)
{
	size_t done = 0;

	(void)dev;
	while (may_go_on(io, done)) {
		void *to;
		s64 n = io->prepare(io, &to, true);

		if (n < 0)
			return done ? (s64)done : n;
		n = MIN(n, (s64)CHUNK_BYTES);
		random_bytes(to, (size_t)n);
		io->advance(io, (size_t)n);
		done += (size_t)n;
	}
	return (s64)done;
}

/* One line, what is longer is cut: as the kernel's own messages. */
static s64 kmsg_write(struct chrdev *dev, struct chrdev_io *io)
{
	static struct ratelimit limit;
	char text[KMSG_LINE_MAX];
	size_t n = MIN(io->len, sizeof(text) - 1);
	size_t all = io->len;
	int err = io->get(io, text, n);
	u32 missed;

	(void)dev;
	if (err)
		return err;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	for (size_t i = 0; i < n; i++) /* may end up on the user's terminal */
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	if (!ratelimit_allows(&limit, &missed))
		return (s64)all;
	if (missed)
		klog("%u lines written to kmsg left out", missed);
	klog("%s[%d]: %s", current_task()->comm, current_process()->pid, text);
	return (s64)all;
}

/* As Linux null_lseek: any position is position 0. */
static s64 null_lseek(struct chrdev *dev, s64 offset, int whence)
{
	(void)dev;
	(void)offset;
	(void)whence;
	return 0;
}

static const struct chrdev_ops null_ops = {
	.read = null_read,
	.write = chrdev_write_discard,
	.lseek = null_lseek,
};
static const struct chrdev_ops zero_ops = {
	.read = zero_read,
	.write = chrdev_write_discard,
	.lseek = null_lseek,
};
static const struct chrdev_ops full_ops = {
	.read = zero_read,
	.write = full_write,
	.lseek = null_lseek,
};
/* random(4): the host makes the numbers; what is added is as good as not. */
static s64 random_ioctl(struct chrdev *dev, u32 cmd, u64 arg)
{
	s32 entropy[2] = { ENTROPY_BITS, 0 };

	(void)dev;
	switch (cmd) {
	case RNDGETENTCNT:
		return put_user(entropy[0], arg);
	case RNDADDTOENTCNT:
	case RNDADDENTROPY:
		if (!capable(CAP_SYS_ADMIN))
			return -EPERM;
		if (copy_from_user(entropy, arg, cmd == RNDADDENTROPY ? 8 : 4))
			return -EFAULT;
		return entropy[0] < 0 || entropy[1] < 0 ? -EINVAL : 0;
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG:
		return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
	default:
		return -EINVAL;
	}
}

static const struct chrdev_ops random_ops = {
	.read = random_read,
	.write = chrdev_write_discard,
	.ioctl = random_ioctl,
	.lseek = null_lseek,
};
static const struct chrdev_ops kmsg_ops = {
	.read = null_read,
	.write = kmsg_write,
};

#define MEM_DEVICE(minor, text, perm, table) \
	{ .name = text, .rdev = MKDEV(MEM_MAJOR, minor), .mode = perm, .ops = &table }

struct chrdev mem_null = MEM_DEVICE(3, "null", 0666, null_ops);
struct chrdev mem_zero = MEM_DEVICE(5, "zero", 0666, zero_ops);
struct chrdev mem_full = MEM_DEVICE(7, "full", 0666, full_ops);
struct chrdev mem_random = MEM_DEVICE(8, "random", 0666, random_ops);
struct chrdev mem_urandom = MEM_DEVICE(9, "urandom", 0666, random_ops);
struct chrdev mem_kmsg = MEM_DEVICE(11, "kmsg", 0644, kmsg_ops);
