/*
 * Host files for the guest kernel: what it and the broker (vmmproc/broker.h) say
 * to each other on LODGER_FD_BROKER, a socket that keeps messages apart.
 *
 * A request is struct lodger_broker_request, its name_bytes of name and its
 * text_bytes of text, neither terminated, and nothing behind. Each but CLOSE is
 * answered by one struct lodger_broker_reply, READLINK's with the text behind it.
 * One request is under way at a time; the answer carries its number.
 *
 * Contents and listings do not go through the socket: the broker moves them between
 * host file and guest RAM.
 *
 * What may take long, READ and SYNC of files that are open for it, may also be asked
 * for on LODGER_FD_HOSTIO, a socket of the same kind that does not block. Several such
 * requests may be under way, and are answered in any order, while the broker answers
 * others; the messages are the same.
 */
#ifndef ABI_BROKER_H
#define ABI_BROKER_H

#include <stdint.h>

#define LODGER_BROKER_MAGIC 0x6b6f7262u /* "brok" */
#define LODGER_BROKER_NAME_MAX 255
#define LODGER_BROKER_TEXT_MAX 4095
#define LODGER_BROKER_IO_MAX (4u << 20) /* one transfer, bytes */

/* Directories and files that the command line names; their handles are 0 and up. */
#define LODGER_MAX_BINDS 18 /* sixteen, the root, and where its changes go */

enum lodger_broker_op {
	LODGER_BROKER_LOOKUP = 1, /* name in handle: attr; nothing is opened */
	LODGER_BROKER_TAKE,	  /* the same, with a handle; ino must be its number */
	LODGER_BROKER_CLOSE,	  /* forgets handle; no answer */
	LODGER_BROKER_GETATTR,
	LODGER_BROKER_OPEN,	  /* handle is to be read, with WRITE also written */
	LODGER_BROKER_READ,	  /* bytes at offset into RAM at ram_at: value */
	LODGER_BROKER_WRITE,	  /* back */
	LODGER_BROKER_LIST,	  /* directory from position offset on into RAM:
				   * value bytes of lodger_broker_entry */
	LODGER_BROKER_READLINK,	  /* of name in handle, or of handle */
	LODGER_BROKER_CREATE,	  /* new regular file name, mode, owner: a handle, writable */
	LODGER_BROKER_MKDIR,	  /* mode, owner */
	LODGER_BROKER_MKSPECIAL,  /* mode, owner: a FIFO, or what flags say; rdev */
	LODGER_BROKER_SYMLINK,	  /* name, to text */
	LODGER_BROKER_LINK,	  /* name in handle for other */
	LODGER_BROKER_UNLINK,
	LODGER_BROKER_RMDIR,
	LODGER_BROKER_RENAME,	  /* name in handle to text in other; flags RENAME_* */
	LODGER_BROKER_SETATTR,	  /* of handle: what flags say (LODGER_BROKER_SET_*) */
	LODGER_BROKER_SYNC,	  /* contents and attributes of handle last */
	LODGER_BROKER_STATFS,	  /* attr.size blocks, .blocks free, .ino files,
				   * .dev free ones, of value bytes */
	LODGER_BROKER_TMPFILE,	  /* new file in handle without a name: as CREATE */
	LODGER_BROKER_ALLOCATE,	  /* fallocate(2): flags FALLOC_FL_*, offset, bytes */
	LODGER_BROKER_GETXATTR,	  /* name an attribute's (user.*): value in the text */
	LODGER_BROKER_SETXATTR,	  /* to text; flags XATTR_* */
	LODGER_BROKER_DELXATTR,
	LODGER_BROKER_LISTXATTR,  /* names with their NULs in the text */
	LODGER_BROKER_OPS
};

/* flags of LODGER_BROKER_READ */
#define LODGER_BROKER_READ_CACHED 1u /* only what the host has in memory; else -EAGAIN */

/* flags of LODGER_BROKER_OPEN */
#define LODGER_BROKER_OPEN_WRITE 1u

/* flags of LODGER_BROKER_MKSPECIAL */
#define LODGER_BROKER_MAKE_SOCKET 1u
#define LODGER_BROKER_MAKE_CHAR 2u /* devices exist in the attribute of owners only */
#define LODGER_BROKER_MAKE_BLOCK 4u

/* flags of LODGER_BROKER_SETATTR */
#define LODGER_BROKER_SET_OWNER 1u /* mode, uid, gid; what of it the host's file cannot
				    * be goes into the attribute of owners */
#define LODGER_BROKER_SET_SIZE 2u  /* offset */
#define LODGER_BROKER_SET_ATIME 4u /* bytes seconds, atime_ns */
#define LODGER_BROKER_SET_MTIME 8u /* ram_at seconds, mtime_ns */

struct lodger_broker_request {
	uint32_t magic;
	uint32_t seq;
	uint32_t op; /* enum lodger_broker_op */
	uint32_t flags;
	uint32_t handle, other;
	uint32_t mode;
	uint16_t name_bytes, text_bytes;
	uint64_t offset, bytes, ram_at;
	uint64_t ino;
	uint32_t atime_ns, mtime_ns;
	uint32_t uid, gid;
	uint64_t rdev; /* as stat(2) has it */
	uint32_t closes; /* a handle that nobody uses any more, 0: none */
	uint32_t unused;
};

/* attr.flags */
#define LODGER_BROKER_COVERED 1u /* another file system is mounted there: no entry */
#define LODGER_BROKER_XATTRS 2u /* it has extended attributes, maybe none to be seen */

struct lodger_broker_attr {
	uint64_t ino, dev;
	uint64_t size, blocks; /* bytes; 512-byte units */
	uint32_t mode, nlink;
	uint32_t uid, gid; /* 0 where it is the invoking user's */
	uint64_t rdev;	   /* of devices that the guest has made */
	int64_t atime, mtime, ctime;
	uint32_t atime_ns, mtime_ns, ctime_ns;
	uint32_t flags;
};

/*
 * The attribute of owners: what a file is to the guest where the host's file, of the
 * user who started the machine, cannot be it: "UID:GID:MODE", numbers in decimal, mode
 * in octal, for a regular file that stands for something else followed by ":char-MAJOR-MINOR",
 * ":block-MAJOR-MINOR", ":pipe" or ":socket". As rootless containers have it (containers-storage.conf(5)).
 */
#define LODGER_BROKER_OWNER_XATTR "user.containers.override_stat"
/* Before the name of an attribute that is not "user." to the guest. */
#define LODGER_BROKER_HIDDEN_XATTR "user.lodger."

/* What tells whether a directory has changed. */
struct lodger_broker_dir {
	int64_t mtime;
	uint32_t mtime_ns, nlink;
};

struct lodger_broker_reply {
	uint32_t seq;
	int32_t error; /* 0 or -errno */
	uint32_t handle;
	uint32_t text_bytes;
	uint64_t value;
	uint64_t next; /* LIST: where to go on, if there was anything */
	struct lodger_broker_attr attr;
	/* Operations that change names: the directories of handle and of other
	 * before and after. */
	struct lodger_broker_dir before[2], after[2];
};

#define LODGER_BROKER_REQUEST_MAX                                       \
	(sizeof(struct lodger_broker_request) + LODGER_BROKER_NAME_MAX + \
	 LODGER_BROKER_TEXT_MAX)
#define LODGER_BROKER_REPLY_MAX \
	(sizeof(struct lodger_broker_reply) + LODGER_BROKER_TEXT_MAX)

/* One name of a directory, which may be gone by now. Entries begin at multiples of
 * 8 bytes. */
struct lodger_broker_entry {
	uint64_t next; /* where a listing goes on behind it */
	uint64_t ino;
	uint16_t entry_bytes; /* from here to the next one */
	uint8_t type;	      /* DT_* */
	uint8_t name_bytes;
	char name[4]; /* and on; not terminated */
};
#define LODGER_BROKER_ENTRY_HEAD 20

#endif
