/* A small owner of a machine of the host module's: ordinary programs that attach,
 * run pieces of themselves in USER state and look at what the module does. */
#ifndef LIBKMOD_H
#define LIBKMOD_H

#include <stddef.h>
#include <stdint.h>

#include "abi/kmod.h"

/* What is hidden: two page-directory entries at a fixed place. */
#define HIDDEN_AT 0x70200000ULL
#define HIDDEN_BYTES (4ULL << 20)

/* The shared page; private to each process until kmod_share. */
extern struct lodger_kmod_run *run;

/* Maps the shared page and the hidden range (touched when touch). Dies if it
 * cannot. */
void kmod_prepare(int touch);
/* Opens the device, or dies. */
int kmod_open_device(void);
/* The C library's area for rseq(2) is given up: for HIDE_MM. */
void kmod_leave_rseq(void);
/* And given back. 0 or -errno. */
int kmod_enter_rseq(void);
/* ATTACH with what kmod_prepare made; hide is enum lodger_kmod_hide. 0 or
 * -errno. */
int kmod_attach(int fd, uint32_t hide);
/* A system call of any number, as the kernel answers it. */
long kmod_call(long nr, long a);
/* RUN: what has ended USER state (enum lodger_kmod_exit), or -errno. */
long kmod_run(void);
/* RUN from a function, on a stack of its own. */
long kmod_run_at(const void *function);

/* Pieces of user code; all clobber what they like. */
void user_call(void);	   /* getpid, then ud2 */
void user_call_32(void);   /* int 0x80 */
void user_flags(void);	   /* rflags to rax, ud2 */
void user_spin(void);	   /* for ever */
void user_read(void);	   /* *rdi */
void user_write(void);	   /* *rdi = rax */
void user_jump(void);	   /* to rdi */
void user_divide(void);	   /* by zero */

/* Prints what the last exit was, and what was counted. */
void kmod_say_run(int device);

/* Ends the process if they differ. Wants a `device`, the descriptor, in its place. */
#define CHECK_EQ(got, wanted)                                                      \
	do {                                                                       \
		long got_ = (long)(got), wanted_ = (long)(wanted);                 \
		if (got_ != wanted_) {                                             \
			printf("# %s:%d: %s is %ld (%#lx), wanted %ld\n", __FILE__, \
			       __LINE__, #got, got_, (unsigned long)got_, wanted_); \
			kmod_say_run(device);                                      \
			fflush(stdout);                                            \
			_exit(1);                                                  \
		}                                                                  \
	} while (0)

#endif
