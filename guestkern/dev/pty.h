/*
 * Pseudo terminals (pty(7)): a terminal, the slave, whose other side is another
 * file, the master. This is the pair and what passes between; names, numbers and
 * permissions are devpts' (fs/devpts.c).
 */
#ifndef DEV_PTY_H
#define DEV_PTY_H

#include "dev/chrdev.h"
#include "dev/tty.h"
#include "lib/list.h"
#include "lib/ring.h"

#define PTY_SLAVE_MAJOR 136
#define PTMX_RDEV MKDEV(5, 2)

struct pty;

/* What the owner of a pair's number is told. */
struct pty_owner_ops {
	/* The master was closed: the slave can no longer be opened. */
	void (*closed)(struct pty *pty);
	/* The last file of either side is closed: pty is about to be freed. */
	void (*freed)(struct pty *pty);
};

struct pty {
	struct tty slave;
	struct chrdev master; /* its private points here */
	struct ring typed;    /* the master's writes, not taken by the slave yet */
	struct wait_queue read_wait, write_wait; /* of the master */
	u32 refs;	    /* open descriptions of both sides */
	u32 slave_opens;
	bool locked;	    /* TIOCSPTLCK: the slave cannot be opened */
	bool master_closed;
	bool slave_closed;  /* was open and is no longer */
	bool master_stopped; /* TCOOFF on the master: its writes wait */
	bool packet;	    /* TIOCPKT */
	u8 status;	    /* TIOCPKT_* that the master has not read */
	/* The owner's: */
	const struct pty_owner_ops *owner_ops;
	void *owner;
	struct list_head owner_link;
	u32 index;
};

/* A new pair, locked, with index, owner and owner_ops for the caller to fill and
 * rdevs set from index; nobody has it open. NULL on no memory. */
struct pty *pty_create(u32 index);
/* One that was never opened. */
void pty_destroy(struct pty *pty);

/* The pair whose master dev is, or NULL. */
struct pty *pty_of_master(struct chrdev *dev);

#endif
