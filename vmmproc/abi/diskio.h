/*
 * What the guest kernel asks of the helpers that wait for disks (LODGER_FD_DISKIO, a
 * SOCK_SEQPACKET socket that does not block): a request a message, answered by one
 * message, in any order. Neither side may rely on the other's sense.
 */
#ifndef ABI_DISKIO_H
#define ABI_DISKIO_H

#include <stdint.h>

enum lodger_diskio_op {
	LODGER_DISKIO_READ = 1, /* [at, at + bytes) of the file to RAM at ram_at */
	LODGER_DISKIO_FLUSH,	/* fdatasync of the file */
	LODGER_DISKIO_WRITE,	/* RAM at ram_at to [at, at + bytes) of the file */
};

#define LODGER_DISKIO_BYTES_MAX (1u << 20) /* of one request */

struct lodger_diskio_request {
	uint32_t op, file; /* file: LODGER_FD_BLOCK + file */
	uint64_t at, ram_at;
	uint32_t bytes, tag; /* tag: comes back with the answer */
};

struct lodger_diskio_reply {
	uint32_t tag;
	int32_t result; /* 0 or -errno of the host */
};

#endif
