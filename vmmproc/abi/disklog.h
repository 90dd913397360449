/*
 * The format of a disk's log (--disk FILE,log=LOG): records in the order in which
 * the guest made them, each with its data behind it. A flush is recorded when it
 * has succeeded. Little-endian; for tests of what a crash leaves.
 */
#ifndef ABI_DISKLOG_H
#define ABI_DISKLOG_H

#include <stdint.h>

#define LODGER_DISKLOG_MAGIC 0x474c444cU /* "LDLG" */

enum lodger_disklog_kind {
	LODGER_DISKLOG_WRITE = 1, /* len_bytes of data follow */
	LODGER_DISKLOG_FLUSH,	  /* everything before lasts */
	LODGER_DISKLOG_DISCARD,	  /* the range reads as zero; no data */
};

struct lodger_disklog {
	uint32_t magic, kind;
	uint64_t at, len_bytes; /* of the disk */
};

#endif
