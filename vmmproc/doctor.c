/*
 * Examines the host. Each check prints one line: verdict, finding, and what
 * would make it faster or safer. What a probe does to its process it does in a
 * forked child. The verdicts:
 *   ok    as good as lodger can use it
 *   note  works, but slower, or a later mechanism will miss it
 *   bad   lodger cannot run
 */
#include "doctor.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/layout.h"
#include "icept.h"
#include "memory.h"
#include "options.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_OFF 0
#endif
#define HWCAP2_FSGSBASE_BIT 2UL /* asm/hwcap2.h */
#define CPUID1_ECX_HYPERVISOR (1u << 31)

enum verdict { OK, NOTE, BAD };

struct doctor {
	bool hopeless; /* a line was bad */
};

/* --- Telling ------------------------------------------------------------------------ */

static void __attribute__((format(printf, 5, 6)))
tell(struct doctor *doc, enum verdict verdict, const char *topic,
     const char *advice, const char *fmt, ...)
{
	static const char *const word[] = { "ok", "note", "bad" };
	va_list args;

	printf("%-4s  %-16s ", word[verdict], topic);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	if (advice && verdict != OK)
		printf("; %s", advice);
	putchar('\n');
	if (verdict == BAD)
		doc->hopeless = true;
}

/* First line of a small file, without its end; "" if there is none. */
static const char *read_line(const char *path, char *buf, size_t buf_bytes)
{
	FILE *file = fopen(path, "re");

	buf[0] = '\0';
	if (!file)
		return buf;
	if (!fgets(buf, (int)buf_bytes, file))
		buf[0] = '\0';
	fclose(file);
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static long long read_number(const char *path, long long otherwise)
{
	char buf[64], *end;
	long long value;

	read_line(path, buf, sizeof(buf));
	value = strtoll(buf, &end, 10);
	return end == buf ? otherwise : value;
}

/* Runs probe in a child; returns its result (0..127), -1 if it was killed. */
static int in_child(int (*probe)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(probe());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* --- The host's kernel ---------------------------------------------------------------- */

static void check_kernel(struct doctor *doc)
{
	int major = 0, minor = 0;
	struct utsname uts;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	/* close_range(2) is of 5.9, PTRACE_GET_SYSCALL_INFO of 5.3 */
	tell(doc, major > 5 || (major == 5 && minor >= 9) ? OK : BAD, "kernel",
	     "5.9 or later is needed", "Linux %s %s", uts.release,
	     uts.machine);
}

static void check_seccomp(struct doctor *doc)
{
	static const struct {
		uint32_t action;
		const char *name;
	} wanted[] = { { SECCOMP_RET_KILL_PROCESS, "KILL_PROCESS" },
		       { SECCOMP_RET_TRAP, "TRAP" },
		       { SECCOMP_RET_TRACE, "TRACE" },
		       { SECCOMP_RET_USER_NOTIF, "USER_NOTIF" } };
	char missing[80] = "";

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (!syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0,
			     &wanted[i].action))
			continue;
		strcat(missing, " ");
		strcat(missing, wanted[i].name);
		if (i == 0) {
			tell(doc, BAD, "seccomp",
			     "a kernel with CONFIG_SECCOMP_FILTER is needed",
			     "no filters: %s", strerror(errno));
			return;
		}
	}
	tell(doc, missing[0] ? NOTE : OK, "seccomp",
	     "--intercept trap, patch (TRAP) and seccomp (TRACE) need them; USER_NOTIF names a refused call",
	     "filters%s%s",
	     missing[0] ? ", without" : " with every action used here",
	     missing);
}

static void check_ptrace(struct doctor *doc)
{
	long long scope =
		read_number("/proc/sys/kernel/yama/ptrace_scope", -1);
	char why[128], trap_why[128], yama[64] = "no Yama";

	if (scope >= 0)
		snprintf(yama, sizeof(yama), "Yama ptrace_scope %lld", scope);
	if (icept_ptrace.supported(why, sizeof(why)))
		tell(doc, OK, "ptrace", NULL, "allowed on own children (%s)",
		     yama);
	else
		tell(doc, icept_trap.supported(trap_why, sizeof(trap_why)) ?
				  NOTE : BAD,
		     "ptrace",
		     "only --intercept trap and patch do without; sysctl kernel.yama.ptrace_scope=1, or run the container with --cap-add SYS_PTRACE",
		     "%s (%s)", why, yama);
}

static int probe_userns(void)
{
	if (unshare(CLONE_NEWUSER))
		return errno;
	return unshare(CLONE_NEWNET | CLONE_NEWIPC) ? errno : 0;
}

static void check_userns(struct doctor *doc)
{
	const char *advice = "the guest process keeps the host's namespaces";
	int err = in_child(probe_userns);

	if (read_number("/proc/sys/user/max_user_namespaces", 1) == 0)
		advice = "sysctl user.max_user_namespaces=10000";
	else if (read_number("/proc/sys/kernel/unprivileged_userns_clone",
			     1) == 0)
		advice = "sysctl kernel.unprivileged_userns_clone=1";
	else if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
			     0) == 1)
		advice = "sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	if (err == 0)
		tell(doc, OK, "user namespaces", NULL,
		     "allowed: the guest process gets its own");
	else
		tell(doc, NOTE, "user namespaces", advice, "refused (%s)",
		     err > 0 ? strerror(err) : "probe was killed");
}

static void check_dispatch(struct doctor *doc)
{
	if (!prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0))
		tell(doc, OK, "user dispatch", NULL, "present");
	else
		tell(doc, NOTE, "user dispatch",
		     "Linux 5.11 has it; only --intercept dispatch will miss it",
		     "absent");
}

static void check_module(struct doctor *doc)
{
	char why[160];

	if (icept_kmod_supported(why, sizeof(why)))
		tell(doc, OK, "host module", NULL, "loaded, and may be used");
	else
		tell(doc, NOTE, "host module",
		     "optional, see docs/kmod.md; only --mode kmod needs it", "%s", why);
}

/* A shared mapping that is writable and executable at once: the guest
 * kernel's core, and programs that ask for it. */
static int probe_rwx(void)
{
	int fd = memfd_create("doctor", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 4096))
		return errno;
	if (mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, fd,
		 0) == MAP_FAILED)
		return errno;
	return 0;
}

static void check_rwx(struct doctor *doc)
{
	int err = in_child(probe_rwx);

	if (err == 0)
		tell(doc, OK, "executable memfd", NULL, "allowed");
	else
		tell(doc, BAD, "executable memfd",
		     "sysctl vm.memfd_noexec=0, or allow execmem in the security policy",
		     "refused (%s)",
		     err > 0 ? strerror(err) : "probe was killed");
}

/* --- Memory ---------------------------------------------------------------------------- */

/* Whatever shmem_enabled says, memory_huge.c can gather pages. */
static void check_huge_pages(struct doctor *doc)
{
	if (memory_huge_pages_work())
		tell(doc, OK, "huge pages", NULL,
		     "for the guest kernel's memory");
	else
		tell(doc, NOTE, "huge pages",
		     "Linux 6.1 with CONFIG_TRANSPARENT_HUGEPAGE gives them to any process (MADV_COLLAPSE); --protect gate works on small pages, only slower",
		     "none for shared memory");
}

static void check_map_count(struct doctor *doc)
{
	long long count = read_number("/proc/sys/vm/max_map_count", 65530);

	tell(doc, count >= 65530 ? OK : NOTE, "mappings",
	     "sysctl vm.max_map_count=262144: guest programs with scattered memory need many",
	     "vm.max_map_count %lld", count);
}

static void check_min_addr(struct doctor *doc)
{
	long long lowest = read_number("/proc/sys/vm/mmap_min_addr", 65536);

	tell(doc, lowest <= LODGER_USER_LOW_MIN ? OK : NOTE, "lowest address",
	     "guest programs lose the space below it",
	     "vm.mmap_min_addr %lld", lowest);
}

/* The limit of the memory cgroup that this process is in, UINT64_MAX: none.
 * Looks at version 2 and version 1 from inside a container, too. */
static uint64_t cgroup_limit(void)
{
	static const char *const path[] = {
		"/sys/fs/cgroup/memory.max",
		"/sys/fs/cgroup/memory/memory.limit_in_bytes",
	};

	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		long long limit = read_number(path[i], -1);

		if (limit > 0 && limit < 1LL << 60)
			return (uint64_t)limit;
	}
	return UINT64_MAX;
}

static void check_memory(struct doctor *doc)
{
	uint64_t total, limit = cgroup_limit();
	struct sysinfo host;

	if (sysinfo(&host))
		return;
	total = (uint64_t)host.totalram * host.mem_unit;
	if (limit < total)
		total = limit;
	tell(doc, total >= 512ULL << 20 ? OK : NOTE, "memory",
	     "give guests a small --mem", "%llu MiB%s, %llu MiB of swap",
	     (unsigned long long)(total >> 20),
	     limit == total ? " (limit of the control group)" : "",
	     (unsigned long long)((uint64_t)host.totalswap * host.mem_unit >>
				  20));
}

/* --- Processor -------------------------------------------------------------------------- */

static void check_cpus(struct doctor *doc)
{
	unsigned a, b, c = 0, d;
	char governor[64];
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 :
							      CPU_COUNT(&set);

	__get_cpuid(1, &a, &b, &c, &d);
	tell(doc, OK, "processors", NULL, "%d for this process%s", count,
	     c & CPUID1_ECX_HYPERVISOR ?
		     ", under a hypervisor (page-table changes may be dear)" :
		     "");
	read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor",
		  governor, sizeof(governor));
	if (governor[0])
		tell(doc, strcmp(governor, "powersave") ? OK : NOTE, "governor",
		     "cpupower frequency-set -g performance, for measuring",
		     "%s", governor);
}

static void check_cpu_features(struct doctor *doc)
{
	char why[160];

	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE_BIT)
		tell(doc, OK, "FSGSBASE", NULL, "usable");
	else
		tell(doc, NOTE, "FSGSBASE",
		     "the guest kernel sets thread pointers by host calls",
		     "not usable");
	if (!memory_keys_work(why, sizeof(why)))
		tell(doc, NOTE, "protection keys",
		     "with them system calls of programs need no host call",
		     "%s", why);
	else if (!memory_keys_hold(why, sizeof(why)))
		tell(doc, NOTE, "protection keys",
		     "--protect pkey is for programs that are no attackers",
		     "usable, but %s", why);
	else
		tell(doc, OK, "protection keys", NULL, "usable by --protect pkey");
}

static void check_clock(struct doctor *doc)
{
	char source[32];

	read_line("/sys/devices/system/clocksource/clocksource0/current_clocksource",
		  source, sizeof(source));
	if (!source[0])
		return;
	tell(doc,
	     !strcmp(source, "hpet") || !strcmp(source, "acpi_pm") ||
			     !strcmp(source, "jiffies") ?
		     NOTE :
		     OK,
	     "clock source", "a TSC clock source is many times faster", "%s",
	     source);
}

/* Mitigations that make entering and leaving the host kernel slower. */
static void check_mitigations(struct doctor *doc)
{
	static const char *const names[] = { "meltdown", "spectre_v2",
					     "retbleed", "mds",
					     "spec_store_bypass", "srso" };
	char line[256], path[96], active[160] = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/vulnerabilities/%s",
			 names[i]);
		read_line(path, line, sizeof(line));
		if (strncmp(line, "Mitigation", 10))
			continue;
		if (active[0])
			strcat(active, ", ");
		strcat(active, names[i]);
	}
	tell(doc, active[0] ? NOTE : OK, "mitigations",
	     "each makes system calls and switches dearer; results compare only between like hosts",
	     "%s", active[0] ? active : "none that costs system calls");
}

/* --- Limits ---------------------------------------------------------------------------- */

static void check_limits(struct doctor *doc)
{
	struct rlimit processes, files, space;
	long long spare;

	if (getrlimit(RLIMIT_NPROC, &processes) ||
	    getrlimit(RLIMIT_NOFILE, &files) || getrlimit(RLIMIT_AS, &space))
		return;
	spare = processes.rlim_cur == RLIM_INFINITY ?
			-1 :
			(long long)processes.rlim_cur;
	tell(doc, spare < 0 || spare >= 64 ? OK : NOTE, "processes",
	     "ulimit -u 1024: every machine takes two or three", "limit %lld%s",
	     spare, spare < 0 ? " (none)" : "");
	tell(doc, files.rlim_cur >= 64 ? OK : BAD, "descriptors",
	     "ulimit -n 1024", "limit %llu",
	     (unsigned long long)files.rlim_cur);
	if (space.rlim_cur != RLIM_INFINITY)
		tell(doc, NOTE, "address space",
		     "ulimit -v unlimited: guest memory counts against it",
		     "limit %llu MiB",
		     (unsigned long long)(space.rlim_cur >> 20));
}

int doctor_print(void)
{
	struct doctor doc = { .hopeless = false };

	check_kernel(&doc);
	check_ptrace(&doc);
	check_seccomp(&doc);
	check_rwx(&doc);
	check_userns(&doc);
	check_memory(&doc);
	check_limits(&doc);
	check_map_count(&doc);
	check_min_addr(&doc);
	check_huge_pages(&doc);
	check_cpus(&doc);
	check_clock(&doc);
	check_mitigations(&doc);
	check_cpu_features(&doc);
	check_dispatch(&doc);
	check_module(&doc);
	if (doc.hopeless)
		printf("\nlodger cannot run here until what is marked bad is changed.\n");
	return doc.hopeless ? EXIT_LODGER : 0;
}
