/*
 * System calls: one table, syscalls.def, feeds dispatch, --trace=syscalls,
 * the generated documentation and the coverage list.
 *
 * Row: SYSCALL(number, name, argument count, "trace format", status, "caveat")
 * status: FULL, PARTIAL (caveat says what is missing), MISSING (-ENOSYS).
 * Handlers are s64 sys_NAME(const u64 arg[6]): -errno or the result.
 *
 * Trace format, one letter an argument: d decimal int, u unsigned, x hex,
 * o octal mode, p pointer, s path or string (in), b buffer (out, length =
 * result), w buffer (in, length = next argument), f fd, F open flags, P prot,
 * M mmap flags, S signal number, D dirfd, t timespec (in), i sockaddr, v vector
 * of strings (in), A access mode, W whence, C fcntl command, I ioctl request,
 * G sigprocmask how, k clock; unknown letters print hex.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include "hal/trap.h"
#include "lib/types.h"
#include "sys/handlers.h"

enum syscall_status { SYSCALL_FULL, SYSCALL_PARTIAL, SYSCALL_MISSING };

struct syscall_row {
	u16 nr;
	u8 nargs, status; /* enum syscall_status */
	const char *name, *format, *caveat;
	s64 (*fn)(const u64 arg[6]);
};

/* Row of nr, or NULL for numbers outside the table. */
const struct syscall_row *syscall_row(u64 nr);

/* Serves the system call in current_task()->tf; the result is in tf->rax on
 * return (restart codes included, for signal_handle_pending). */
void syscall_dispatch(struct trap_frame *tf);

/* Trace output (sys/trace.c). */
void syscall_trace_enter(const struct syscall_row *row, const u64 arg[6]);
void syscall_trace_exit(const struct syscall_row *row, const u64 arg[6], s64 ret);
void syscall_trace_unknown(u64 nr); /* no row: -ENOSYS */

/*
 * execve (sys/exec.c): replaces the current program. path, argv, envp are kernel
 * copies as string vectors. On success tf holds the new program's start; on
 * failure the old program is untouched, except past the point of no return,
 * where it is killed. Errnos as execve(2).
 */
struct string_chunk;
struct string_vec {
	/* strings back to back, NUL-terminated, through all chunks */
	struct string_chunk *first, *last;
	size_t bytes; /* NULs included */
	u32 count;
};
int do_execve(int dirfd, const char *path, struct string_vec *argv,
	      struct string_vec *envp, u32 flags, struct trap_frame *tf);
/* Appends a copy; 0 or -ENOMEM, -E2BIG. */
int string_vec_add(struct string_vec *vec, const char *text, size_t len);
void string_vec_free(struct string_vec *vec);

#endif
