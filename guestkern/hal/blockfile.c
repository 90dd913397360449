/* The host files behind the disks: plain positioned reads and writes, which the
 * whole machine waits for. */
#include "hal/host.h"
#include "lib/err.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/uio.h>

/* One direction; a file that ends early has been cut under us. */
static int transfer(u64 nr, u32 file, u64 at, u64 buf, u64 len_bytes)
{
	while (len_bytes) {
		s64 n = host_call4(nr, LODGER_FD_BLOCK + file, buf, len_bytes, at);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n ? (int)n : -EIO;
		at += (u64)n;
		buf += (u64)n;
		len_bytes -= (u64)n;
	}
	return 0;
}

int blockfile_read(u32 file, u64 at, void *buf, size_t len_bytes)
{
	return transfer(__NR_pread64, file, at, (u64)buf, len_bytes);
}

int blockfile_write(u32 file, u64 at, const void *buf, size_t len_bytes)
{
	return transfer(__NR_pwrite64, file, at, (u64)buf, len_bytes);
}

int blockfile_read_cached(u32 file, u64 at, void *buf, size_t len_bytes)
{
	static bool cannot_tell; /* the host, of its files: then all is read at once */
	const struct iovec iov = { buf, len_bytes };
	s64 n = -EOPNOTSUPP;

	/* with protection keys the sixth argument is the token (host_call.S) */
	if (!cannot_tell && boot_info()->protect != LODGER_PROTECT_PKEY)
		n = host_call6(__NR_preadv2, LODGER_FD_BLOCK + file, (u64)&iov, 1, at, 0,
			       RWF_NOWAIT);
	if (n == -EOPNOTSUPP || n == -ENOSYS) {
		cannot_tell = true;
		return blockfile_read(file, at, buf, len_bytes);
	}
	return n == (s64)len_bytes ? 0 : -EAGAIN;
}

int blockfile_flush(u32 file)
{
	s64 err;

	do
		err = host_call3(__NR_fdatasync, LODGER_FD_BLOCK + file, 0, 0);
	while (err == -EINTR);
	return (int)err;
}

int blockfile_discard(u32 file, u64 at, u64 len_bytes)
{
	return (int)host_call4(__NR_fallocate, LODGER_FD_BLOCK + file,
			       FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
			       len_bytes);
}
