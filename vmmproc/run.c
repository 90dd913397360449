/*
 * One machine from start to end, in boot order: streams, root, memory, CPU,
 * terminal, guest-machine process, loop; then the way back and the verdict.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "broker.h"
#include "diskio.h"
#include "disks.h"
#include "embed.h"
#include "icept.h"
#include "layer.h"
#include "loop.h"
#include "memory.h"
#include "modes.h"
#include "procs.h"
#include "root.h"
#include "start.h"
#include "stats.h"
#include "streams.h"
#include "terminal.h"
#include "watch.h"

#define KERNEL_FILE_MAX (64UL << 20)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Lowest address a guest may map: 64 KiB, or more where the host says so. */
static uint64_t lowest_address(void)
{
	uint64_t lowest = LODGER_USER_LOW_MIN;
	unsigned long long host;
	FILE *f = fopen("/proc/sys/vm/mmap_min_addr", "re");

	if (!f)
		return lowest;
	if (fscanf(f, "%llu", &host) == 1 && host > lowest &&
	    host < LODGER_USER_LOW_END)
		lowest = host;
	fclose(f);
	return (lowest + LODGER_PAGE_SIZE - 1) & ~(uint64_t)(LODGER_PAGE_SIZE - 1);
}

/* Tracer and tracee on one CPU: a hand-over between two costs a wake-up of an
 * idle CPU each time. Best effort. */
static void pin_cpu(const struct options *opt)
{
	cpu_set_t set;
	int cpu = opt->cpu == -1 ? sched_getcpu() : opt->cpu;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) && opt->cpu >= 0)
		machine_complain("cannot run on CPU %d only: %s", cpu,
				 strerror(errno));
}

static int open_trace(struct machine *m)
{
	const struct options *opt = m->opt;

	if (!opt->trace_path) {
		m->trace = opt->trace == TRACE_NONE ? NULL : stderr;
		return 0;
	}
	m->trace = fopen(opt->trace_path, "we");
	if (m->trace)
		return 0;
	machine_complain("cannot write the trace to %s: %s", opt->trace_path,
			 strerror(errno));
	return -1;
}

/* Reads the image of --kernel, as little trusted as any guest kernel, into
 * memory that the caller frees. Returns 0, or -1 after one sentence. */
static int read_kernel(const char *path, void **image, size_t *bytes)
{
	FILE *f = fopen(path, "re");
	int err = f ? 0 : errno;

	*image = malloc(KERNEL_FILE_MAX + 1);
	*bytes = 0;
	if (!err && !*image)
		err = ENOMEM;
	if (!err) {
		*bytes = fread(*image, 1, KERNEL_FILE_MAX + 1, f);
		err = ferror(f) ? errno : *bytes > KERNEL_FILE_MAX ? EFBIG : 0;
	}
	if (f)
		fclose(f);
	if (!err)
		return 0;
	machine_complain("cannot read the guest kernel %s: %s", path, strerror(err));
	return -1;
}

static int create_memory(struct machine *m)
{
	size_t bytes = (size_t)(lodger_guestkern_end - lodger_guestkern_start);
	void *image = NULL;
	int err;

	if (!m->opt->kernel)
		return memory_create(m, lodger_guestkern_start, bytes);
	err = read_kernel(m->opt->kernel, &image, &bytes);
	if (!err)
		err = memory_create(m, image, bytes);
	free(image);
	return err;
}

static int prepare(struct machine *m)
{
	if (streams_open(m) || open_trace(m) || disks_open(m) ||
	    broker_open(m) || layer_open(m) || root_open(m))
		return -1;
	m->user_low_min = lowest_address();
	m->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (m->bell_fd < 0) {
		machine_complain("cannot create an eventfd: %s", strerror(errno));
		return -1;
	}
	if (m->icept->open && m->icept->open(m))
		return -1;
	return create_memory(m) || memory_write_boot(m) ? -1 : 0;
}

/* How the machine's end reads to the user, and the exit status it means. */
static int verdict(const struct machine *m, const struct lodger_counters *c)
{
	if (m->timed_out)
		return EXIT_TIMEOUT;
	if (m->stop_signal)
		return EXIT_SIGNAL_BASE + m->stop_signal;
	if (m->report[0]) {
		machine_complain("%s", m->report);
		return EXIT_LODGER;
	}
	if (!WIFEXITED(m->guest_status)) {
		machine_complain("the guest-machine process was killed by SIG%s",
				 sigabbrev_np(WTERMSIG(m->guest_status)));
		return EXIT_LODGER;
	}
	switch ((enum lodger_halt)c->halt_reason) {
	case LODGER_HALT_EXIT:
		break;
	case LODGER_HALT_PANIC:
		machine_complain("guest kernel: %s", c->halt_text);
		break;
	case LODGER_HALT_BOOTFAIL:
		machine_complain("%s", c->halt_text);
		break;
	case LODGER_HALT_NONE:
		/* before the guest kernel ran, the child has said why */
		break;
	}
	return WEXITSTATUS(m->guest_status);
}

static int run_prepared(struct machine *m)
{
	static struct lodger_counters counters;
	int err, status;

	pin_cpu(m->opt);
	if (watch_begin(m) || terminal_begin(m)) {
		watch_end();
		return EXIT_LODGER;
	}
	m->start_ns = now_ns();
	err = broker_start(m);
	if (!err) {
		diskio_start(m);
		err = start_guest(m);
		diskio_handed_over(m);
	}
	broker_begin(m);
	if (!err)
		err = loop_run(m);
	diskio_end(m);
	m->end_ns = now_ns();
	watch_end();
	terminal_end();
	if (err)
		return EXIT_LODGER;
	if (memory_read_counters(m, &counters))
		memset(&counters, 0, sizeof(counters));
	if (m->opt->stats != STATS_NONE && stats_write(m, &counters))
		return EXIT_LODGER;
	status = verdict(m, &counters);
	m->ended_well = counters.halt_reason == LODGER_HALT_EXIT && !m->timed_out &&
			!m->stop_signal && !m->report[0] && WIFEXITED(m->guest_status);
	return status;
}

int run_machine(const struct options *opt)
{
	struct machine m = {
		.opt = opt,
		.icept = modes_icept(opt),
		.ram_bytes = opt->mem_bytes,
		.kmem_fd = -1, .ram_fd = -1, .root_fd = -1, .bell_fd = -1,
		.kmod_fd = -1, .diskio_fd = -1, .listener_fd = -1, .guest_pid = -1,
		.broker_fd = -1, .broker_guest_fd = -1, .broker_pid = -1,
		.hostio_fd = -1, .hostio_guest_fd = -1,
	};
	int status = EXIT_LODGER;

	/* a file-size limit is to be an error of ours, not our death */
	signal(SIGXFSZ, SIG_IGN);
	if (!prepare(&m))
		status = run_prepared(&m);
	status = layer_end(&m, m.ended_well, status);
	if (m.trace && m.trace != stderr)
		fclose(m.trace);
	free(m.icept_private);
	procs_free(&m);
	memory_destroy(&m);
	broker_end(&m);
	disks_close(&m);
	streams_close(&m);
	return status;
}
