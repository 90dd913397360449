/*
 * Interception by the host kernel module (kmod/, docs/kmod.md): the paper's first
 * fix. Guest programs' calls, exceptions and signals go from the host kernel
 * to the guest kernel without a tracer and without a signal's frame.
 *
 * The module takes two kinds of calls only, those of USER state and its own
 * numbers. All other calls of the guest kernel meet the filter of the in-process
 * modes, and the VMM process does what it does there (icept_trap.c): it sleeps
 * until a refused call or the end.
 *
 * One open descriptor of the device is one machine. It is opened here, because
 * opening takes a privilege that the guest-machine process has not; ATTACH is
 * that process's own act.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "abi/kmod.h"
#include "abi/layout.h"
#include "icept.h"
#include "modes.h"

#define HIDE_ALIGN (2ULL << 20)

/* A descriptor, or -1 and why[] is a clause. */
static int open_device(char *why, size_t why_bytes)
{
	int fd = open(LODGER_KMOD_PATH, O_RDWR | O_CLOEXEC);
	int version;

	if (fd < 0) {
		snprintf(why, why_bytes, errno == ENOENT ?
			 "the module is not loaded" : LODGER_KMOD_PATH ": %s",
			 strerror(errno));
		return -1;
	}
	version = ioctl(fd, LODGER_KMOD_GET_VERSION);
	if (version == LODGER_KMOD_VERSION)
		return fd;
	snprintf(why, why_bytes, "the module loaded is of another version");
	close(fd);
	return -1;
}

bool icept_kmod_supported(char *why, size_t why_bytes)
{
	int fd = open_device(why, why_bytes);

	if (fd < 0)
		return false;
	close(fd);
	return icept_trap.supported(why, why_bytes);
}

static int kmod_open(struct machine *m)
{
	char why[160];

	m->kmod_fd = open_device(why, sizeof(why));
	if (m->kmod_fd >= 0)
		return 0;
	machine_complain("--intercept kmod does not work on this host (%s): see lodger doctor",
			 why);
	return -1;
}

static uint32_t hide_of(uint32_t protect)
{
	switch ((enum lodger_protect)protect) {
	case LODGER_PROTECT_KMOD_US:
		return LODGER_KMOD_HIDE_US;
	case LODGER_PROTECT_KMOD_MM:
		return LODGER_KMOD_HIDE_MM;
	case LODGER_PROTECT_MPROTECT:
	case LODGER_PROTECT_GATE:
	case LODGER_PROTECT_PKEY:
	case LODGER_PROTECT_NONE:
		break;
	}
	return LODGER_KMOD_HIDE_NOT;
}

static int kmod_become(const struct machine *m)
{
	uint64_t end = LODGER_CORE_BASE + m->core_bytes + HIDE_ALIGN - 1;
	struct lodger_kmod_attach args = {
		.version = LODGER_KMOD_VERSION,
		.hide = hide_of(modes_abi(m->opt, AXIS_PROTECT)),
		.run = LODGER_KMOD_RUN_ADDR,
		.hide_start = LODGER_CORE_BASE,
		.hide_end = end & ~(HIDE_ALIGN - 1),
	};

	if (!ioctl(LODGER_FD_KMOD, LODGER_KMOD_ATTACH, &args))
		return 0;
	machine_complain("the host's module does not take the machine: %s",
			 strerror(errno));
	return -1;
}

static int kmod_lend(uint32_t number)
{
	return ioctl(LODGER_FD_KMOD, LODGER_KMOD_REGISTER, (unsigned long)number) ?
		       -errno : 0;
}

static int kmod_attach(struct machine *m)
{
	return icept_trap.attach(m);
}

static int kmod_next(struct machine *m, struct icept_event *ev)
{
	return icept_trap.next(m, ev);
}

static void kmod_kill(struct machine *m)
{
	icept_trap.kill(m);
}

const struct icept_ops icept_kmod = {
	.name = "kmod",
	.summary = "the host kernel module, no signal and no tracer",
	.abi = LODGER_INTERCEPT_KMOD,
	.filter = ICEPT_FILTER_TRAP,
	.supported = icept_kmod_supported,
	.open = kmod_open,
	.become = kmod_become,
	.lend = kmod_lend,
	.attach = kmod_attach,
	.next = kmod_next,
	.kill = kmod_kill,
};
