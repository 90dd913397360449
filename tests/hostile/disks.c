/*
 * What a guest kernel may not do with the machine's disks. run.sh gives this family
 * two: block file 0, which may be written, and a snapshot, whose template is block
 * file 1, which may be read only, and whose changes go to block file 2.
 *
 * Without the limits it could grow a disk's file without end, change a template that
 * other machines share, take the lock of a disk off, or read what the host has
 * behind a disk's end.
 */
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "abi/diskio.h"
#include "hostile.h"
#include "lib/string.h"

#define DISK LODGER_FD_BLOCK
#define TEMPLATE (LODGER_FD_BLOCK + 1)
#define CHANGES (LODGER_FD_BLOCK + 2)
#define NOT_GIVEN (LODGER_FD_BLOCK + 3)
#define DISK_BYTES (64ULL << 10) /* of both disks, as run.sh makes them */
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define BLKDISCARD_ 0x1277 /* linux/fs.h */

static u64 words[512];
#define WORDS ((u64)words)

#define BAD_SPAN "an offset or length past the end of the disk"

#define IT(text, call, why, ...)                                    \
	{                                                           \
		.name = "disk-" text, .status = STATUS_REFUSED,             \
		.line = REFUSED(#call, why), .nr = __NR_##call,     \
		.arg = { __VA_ARGS__ }                              \
	}
#define NO(text, call, ...) IT(text, call, NOT_THIS_CALL, __VA_ARGS__)

/* Allowed: a disk ends where it ends, and nothing is read past that. */
static void read_past_the_end(void)
{
	static const u64 at[] = { DISK_BYTES, DISK_BYTES + 1, 1ULL << 40, 1ULL << 62 };
	s64 n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(at) && n <= 0; i++)
		n = host_call4(__NR_pread64, DISK, WORDS, 512, at[i]);
	if (n > 0)
		let_through(n);
	n = host_call4(__NR_pread64, DISK, WORDS, 512, DISK_BYTES - 512);
	machine_halt(LODGER_HALT_EXIT, n == 512 ? 42 : 1, "");
}

/* Its own disk is its own: all of it can be written, and lasts. */
static void write_to_the_end(void)
{
	s64 n = host_call4(__NR_pwrite64, DISK, WORDS, 4096, DISK_BYTES - 4096);

	if (n == 4096)
		n = host_call3(__NR_fdatasync, DISK, 0, 0);
	machine_halt(LODGER_HALT_EXIT, n == 0 ? 42 : 1, "");
}

/* What the helpers are asked for is answered -EINVAL, or done within disk and RAM. */
static void wild_requests(void)
{
	static const u64 wild[] = { 0, 1, 511, DISK_BYTES, DISK_BYTES + 1, 1ULL << 31,
				    1ULL << 40, 1ULL << 63, ~0ULL };
	struct lodger_diskio_request req = { .bytes = 4096 };
	struct lodger_diskio_reply reply;

	for (u32 i = 0; i < 9 * 9 * 9; i++) {
		req.op = i % 5 == 4 ? (u32)wild[i % 9] : i % 5;
		req.file = (u32)(i % 7 == 6 ? wild[i % 9] : i % 7);
		req.at = wild[i % 9];
		req.ram_at = wild[i / 9 % 9];
		req.bytes = (u32)wild[i / 81];
		req.tag = i;
		host_call3(__NR_write, LODGER_FD_DISKIO, (u64)&req, sizeof(req));
		host_call3(__NR_read, LODGER_FD_DISKIO, (u64)&reply, sizeof(reply));
	}
	let_through(host_call3(__NR_sync, 0, 0, 0));
}

/* Nobody reads the answers. */
static void many_requests(void)
{
	const struct lodger_diskio_request req = { .op = LODGER_DISKIO_FLUSH };

	for (u32 i = 0; i < 20000; i++)
		host_call3(__NR_write, LODGER_FD_DISKIO, (u64)&req, sizeof(req));
	let_through(host_call3(__NR_sync, 0, 0, 0));
}

static const struct attack table[] = {
	{ "disk-wild-requests", STATUS_REFUSED, REFUSED("sync", NOT_THIS_CALL),
	  .run = wild_requests },
	{ "disk-many-requests", STATUS_REFUSED, REFUSED("sync", NOT_THIS_CALL),
	  .run = many_requests },
	{ "disk-read-past-the-end", 42, NULL, .run = read_past_the_end },
	{ "disk-write-to-the-end", 42, NULL, .run = write_to_the_end },

	/* beyond the disk */
	IT("write-at-the-end", pwrite64, BAD_SPAN, DISK, WORDS, 1, DISK_BYTES),
	IT("write-over-the-end", pwrite64, BAD_SPAN, DISK, WORDS, 512, DISK_BYTES - 511),
	IT("write-far", pwrite64, BAD_SPAN, DISK, WORDS, 512, 1ULL << 40),
	IT("write-negative", pwrite64, BAD_SPAN, DISK, WORDS, 512, (u64)-512),
	IT("write-wraps", pwrite64, BAD_SPAN, DISK, WORDS, (u64)-4096, 8192),
	IT("write-endless", pwrite64, BAD_SPAN, DISK, WORDS, ~0ULL, 0),
	IT("write-past-the-changes", pwrite64, BAD_SPAN, CHANGES, WORDS, 512, 1ULL << 30),
	IT("punch-past-the-end", fallocate, BAD_SPAN, DISK, PUNCH, DISK_BYTES, 4096),
	IT("punch-over-the-end", fallocate, BAD_SPAN, DISK, PUNCH, DISK_BYTES - 4096, 8192),
	IT("allocate", fallocate, "*", DISK, 0, 0, 1ULL << 40),
	IT("allocate-keeping-size", fallocate, "*", DISK, FALLOC_FL_KEEP_SIZE, 0, 1ULL << 40),
	IT("insert-range", fallocate, "*", DISK, FALLOC_FL_INSERT_RANGE, 0, 4096),
	NO("truncate", ftruncate, DISK, 0), NO("grow", ftruncate, DISK, 1ULL << 40),

	/* the template of a snapshot */
	IT("template-write", pwrite64, "*", TEMPLATE, WORDS, 512, 0),
	IT("template-write-high-word", pwrite64, "*", TEMPLATE | 1ULL << 32, WORDS, 512, 0),
	IT("template-punch", fallocate, "*", TEMPLATE, PUNCH, 0, 4096),
	IT("template-sync", fdatasync, "*", TEMPLATE),
	IT("template-map-shared", mmap, "*", USER_CODE, 4096, 3, 0x11, TEMPLATE, 0),
	NO("template-truncate", ftruncate, TEMPLATE, 0),
	NO("template-chmod", fchmod, TEMPLATE, 0666),
	NO("template-flags", fcntl, TEMPLATE, F_SETFL, O_APPEND),
	NO("template-again", openat, TEMPLATE, WORDS, O_RDWR, 0),

	/* other descriptors, other calls */
	IT("request-short", write, "*", LODGER_FD_DISKIO, WORDS, 8),
	IT("request-long", write, "*", LODGER_FD_DISKIO, WORDS, 4096),
	IT("cached-write", pwritev2, "*", DISK, WORDS, 1, 0, 0, 8),
	IT("cached-read-flags", preadv2, "*", DISK, WORDS, 1, 0, 0, 0),
	IT("cached-read-vectors", preadv2, "*", DISK, WORDS, 2, 0, 0, 8),
	IT("cached-read-other", preadv2, "*", LODGER_FD_RAM, WORDS, 1, 0, 0, 8),
	IT("read-not-given", pread64, "*", NOT_GIVEN, WORDS, 512, 0),
	IT("write-not-given", pwrite64, "*", NOT_GIVEN, WORDS, 512, 0),
	IT("sync-not-given", fdatasync, "*", NOT_GIVEN),
	IT("sync-stdout", fdatasync, "*", 1),
	IT("sync-ram", fdatasync, "*", LODGER_FD_RAM),
	IT("write-disk-number-high", pwrite64, "*", DISK | 1ULL << 32, WORDS, 512, 0),
	IT("plain-read", read, "*", DISK, WORDS, 512),
	IT("plain-write", write, "*", DISK, WORDS, 512),
	IT("position", lseek, "*", DISK, 0, 0),
	IT("status", fstat, "*", DISK, WORDS),
	IT("map", mmap, "*", USER_CODE, 4096, 3, 0x11, DISK, 0),
	IT("ioctl-size", ioctl, "*", DISK, BLKGETSIZE64, WORDS),
	IT("ioctl-discard", ioctl, "*", DISK, BLKDISCARD_, WORDS),
	IT("ioctl-clone", ioctl, "*", DISK, FICLONE, TEMPLATE),
	IT("ioctl-flags", ioctl, "*", DISK, FS_IOC_SETFLAGS, WORDS),
	NO("full-sync", fsync, DISK), NO("sync-fs", syncfs, DISK), NO("sync-all", sync),
	NO("sync-range", sync_file_range, DISK, 0, 512, 7),
	NO("unlock", flock, DISK, 8), NO("lock-owner", fcntl, DISK, F_SETLK, WORDS),
	NO("lease", fcntl, DISK, 1024, 1), NO("close", close, DISK),
	NO("vectors", pwritev, DISK, WORDS, 1, 0, 0),
	NO("vectors-2", pwritev2, DISK, WORDS, 1, 0, 0, 0x10),
	NO("copy", copy_file_range, DISK, 0, TEMPLATE, 0, 512, 0),
	NO("send", sendfile, TEMPLATE, DISK, 0, 512),
	NO("io-uring", io_uring_setup, 4, WORDS), NO("aio", io_setup, 4, WORDS),
	NO("attributes", fsetxattr, DISK, WORDS, WORDS, 1, 0),
	NO("handle", name_to_handle_at, DISK, WORDS, WORDS, WORDS, 0x1000),
};

FAMILY(disks, table);
