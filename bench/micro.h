/*
 * What the rows of the micro benchmark and its driver (micro.c) agree on.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdint.h>

/*
 * One row.  run() does whatever setting up it needs, performs the operation
 * `iters` times, adds only the nanoseconds of those to *ns, and cleans up.
 * Returns 0 or a negative errno.
 */
struct row {
	const char *name;
	const char *what;
	int (*run)(uint64_t iters, uint64_t *ns);
};

/* Rows of single system calls; rows_call.c. */
int row_null_call(uint64_t iters, uint64_t *ns);
int row_getpid(uint64_t iters, uint64_t *ns);
int row_clock_gettime(uint64_t iters, uint64_t *ns);
int row_clock_vdso(uint64_t iters, uint64_t *ns);
int row_read_zero(uint64_t iters, uint64_t *ns);
int row_write_null(uint64_t iters, uint64_t *ns);
int row_stat(uint64_t iters, uint64_t *ns);
int row_open_close(uint64_t iters, uint64_t *ns);
int row_read_64k(uint64_t iters, uint64_t *ns);
int row_sig_install(uint64_t iters, uint64_t *ns);
int row_sig_deliver(uint64_t iters, uint64_t *ns);

/* Rows of memory; rows_mem.c. */
int row_fault_zero(uint64_t iters, uint64_t *ns);
int row_fault_cow(uint64_t iters, uint64_t *ns);
int row_mmap_64k(uint64_t iters, uint64_t *ns);
int row_mmap_touch_64k(uint64_t iters, uint64_t *ns);
int row_cpu_loop(uint64_t iters, uint64_t *ns);
int row_mem_copy_1m(uint64_t iters, uint64_t *ns);

/* Rows of processes; rows_proc.c. */
int row_pipe_trip(uint64_t iters, uint64_t *ns);
int row_hand_over(uint64_t iters, uint64_t *ns);
int row_ring_8(uint64_t iters, uint64_t *ns);
int row_fork_exit(uint64_t iters, uint64_t *ns);
int row_fork_exec(uint64_t iters, uint64_t *ns);

/* Absolute path of this program, which row_fork_exec starts with --exit. */
const char *micro_path(void);

#endif
