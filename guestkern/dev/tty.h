/*
 * Terminals: the line discipline made into a device with readers, writers, job
 * control (termios(3), credentials(7), tty_ioctl(4)). What is below (the
 * host's terminal; a pty's other side) is a struct tty_lower.
 */
#ifndef DEV_TTY_H
#define DEV_TTY_H

#include "dev/chrdev.h"
#include "dev/ldisc.h"
#include "lib/ring.h"
#include "lib/types.h"
#include "proc/wait.h"

struct session;
struct tty;

struct tty_lower {
	/* Output: how many bytes were taken (0: none now, call
	 * tty_output_ready when it can be tried again), or -errno: it is gone. */
	s64 (*write)(struct tty *tty, const void *bytes, size_t n);
	/* There is room for input again: tty_receive may be called. */
	void (*unthrottle)(struct tty *tty);
	/* The rest may be NULL. Somebody opens it (0 or -errno) and has closed it. */
	int (*open)(struct tty *tty);
	void (*close)(struct tty *tty);
	/* Queues were flushed, output was stopped or started: TIOCPKT_*. */
	void (*event)(struct tty *tty, u8 event);
	/* The settings have changed and may be corrected. */
	void (*settings)(struct tty *tty, const struct ldisc_termios *old);
	/* Not 0: below reads the output ring itself (tty_pulled_used), so nobody
	 * waits for output to be done; flushing leaves so many bytes. */
	u32 pulled_keep;
};

/* struct winsize of asm/termios.h */
struct tty_winsize {
	u16 rows, cols, xpixel, ypixel;
};

#define TTY_OUTPUT_BYTES 4096

struct tty {
	struct chrdev chr; /* its private points here */
	const struct tty_lower *lower;
	struct ldisc ldisc;
	struct ring output; /* processed, not taken by lower yet */
	struct wait_queue read_wait, write_wait;
	struct session *session; /* whose controlling terminal it is, or NULL */
	s32 pgrp;		 /* foreground group, 0: none */
	struct tty_winsize winsize;
	struct ldisc_termios locked; /* TIOCSLCKTRMIOS: what is not 0 stays */
	u32 stop_mark;	/* output.tail when output was stopped */
	bool stopped;	/* output, by STOP character or TCOOFF */
	bool exclusive; /* TIOCEXCL */
	bool is_pty;
	bool writing;	/* a writer is inside: others wait for their turn */
};

/* chrdev_ops of every terminal. */
extern const struct chrdev_ops tty_ops;

/* Sets tty up: its chrdev's name, rdev and mode are the caller's to fill;
 * output_bytes is a power of two. 0 or -ENOMEM. And frees what tty_init took. */
int tty_init(struct tty *tty, const struct tty_lower *lower, u32 output_bytes);
void tty_fini(struct tty *tty);

/* From below: bytes typed. Not more than tty_input_room says. Any context that
 * may wake tasks. */
void tty_receive(struct tty *tty, const u8 *bytes, size_t n);
size_t tty_input_room(const struct tty *tty);
/* From below: output can be tried again. */
void tty_output_ready(struct tty *tty);
/* From below: bytes of output that may be taken from the ring now (what comes
 * after a stop waits). */
u32 tty_pulled_used(const struct tty *tty);
/* From below: the other end is gone; or vhangup. SIGHUP and SIGCONT go to the
 * session's leader, which loses it; every open description is dead. */
void tty_hangup(struct tty *tty);
/* New size: SIGWINCH to the foreground group if it differs. */
void tty_set_winsize(struct tty *tty, const struct tty_winsize *ws);

/* Hands waiting output down as far as it is taken. */
void tty_flush_output(struct tty *tty);
void tty_discard_output(struct tty *tty);
/* Output stops or goes on. */
void tty_set_stopped(struct tty *tty, bool stop);
/* Tells below, if it wants to know. */
void tty_event(struct tty *tty, u8 event);

/* --- tty_jobs.c ---------------------------------------------------------------- */

/*
 * May the current process, if it belongs to tty's session but not to its
 * foreground group, go on? sig: SIGTTIN or SIGTTOU. 0; -EIO (orphaned, or SIGTTIN
 * ignored); -ERESTARTSYS with the signal sent to its group.
 */
int tty_check_background(struct tty *tty, int sig);
/* The opener becomes the owner if it leads a session without a terminal. */
void tty_acquire(struct tty *tty);
/* The session's part of a hangup; end: its leader ends, and SIGHUP goes to the
 * foreground group, too. */
void tty_hangup_session(struct tty *tty, bool end);
/* TIOCSCTTY, TIOCNOTTY, TIOCGPGRP, TIOCSPGRP, TIOCGSID; -ENOTTY for others.
 * from_master: asked through the pty's other side. */
s64 tty_jobs_ioctl(struct tty *tty, bool from_master, u32 cmd, u64 arg);

/* --- tty_ioctl.c ----------------------------------------------------------------- */

/* ioctl of a terminal (tty_ioctl(4)). */
s64 tty_ioctl(struct chrdev *dev, u32 cmd, u64 arg);
/* Waits until all output was taken. 0 or -ERESTARTSYS. */
int tty_drain(struct tty *tty);

#endif
