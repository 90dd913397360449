/*
 * The broker as a process: its start, its confinement, its end. See broker.h.
 *
 * It has the rights of the user who started the machine, less what it can do
 * without: no privileges to gain, no capabilities but those that make root's files
 * accessible to root, no descriptors but its own, and a filter with the calls of
 * broker_serve.c and broker_node.c. It ends when the guest kernel's end of the socket
 * is closed, or with the VMM process.
 */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker_serve.h"
#include "hostdir.h"
#include "sandbox.h"

/* Descriptors of the broker: its end, its helpers', guest RAM, then the places. */
enum { BROKER_SOCKET, BROKER_HELP, BROKER_RAM, BROKER_ROOTS };

/* --- Opening ---------------------------------------------------------------------- */

static int complain(const struct bind_place *place, const char *path, const char *what)
{
	machine_complain("%s %s: %s", place->is_root ? "root" : "bind", path, what);
	return -1;
}

/* Opens path, of which the rest of the next place is known. */
static int open_place(struct machine *m, const char *path)
{
	struct bind_place *place = &m->bind[m->bind_count];
	struct stat st;

	place->fd = open(path, O_PATH | O_CLOEXEC);
	if (place->fd < 0)
		return complain(place, path, strerror(errno));
	m->bind_count++;
	if (fstat(place->fd, &st))
		return complain(place, path, strerror(errno));
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return complain(place, path, "neither a directory nor a regular file");
	if (hostdir_shows_kernel(place->fd))
		return complain(place, path,
				"is a view of the host's kernel (proc, sysfs or kin): give an ordinary directory");
	place->is_file = S_ISREG(st.st_mode);
	if (faccessat(place->fd, "", R_OK | (place->is_file ? 0 : X_OK),
		      AT_EMPTY_PATH | AT_EACCESS) && errno == EACCES)
		return complain(place, path, strerror(EACCES));
	return 0;
}

/* A directory as root: only read, unless --root-rw says otherwise. */
static int open_root(struct machine *m)
{
	const char *path = m->opt->root;
	struct stat st;

	m->root_host = path && !m->root_disk && !stat(path, &st) && S_ISDIR(st.st_mode);
	if (!m->root_host && m->opt->root_rw) {
		machine_complain("--root-rw goes with --root and a directory: give both");
		return -1;
	}
	if (!m->root_host)
		return 0;
	m->bind[0] = (struct bind_place){ .guest_path = "/",
					  .read_only = !m->opt->root_rw,
					  .is_root = true,
					  .is_private = !m->opt->root_rw };
	return open_place(m, path);
}

int broker_open(struct machine *m)
{
	if (open_root(m))
		return -1;
	for (int i = 0; i < m->opt->bind_count; i++) {
		const struct bind_option *option = &m->opt->bind[i];

		m->bind[m->bind_count] =
			(struct bind_place){ .guest_path = option->guest_path,
					     .read_only = option->read_only };
		if (open_place(m, option->host_path))
			return -1;
	}
	return 0;
}

/* --- The broker ------------------------------------------------------------------- */

static int drop_capabilities(void)
{
	static const cap_value_t kept[] = { CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
					    CAP_FOWNER };
	cap_t had = cap_get_proc(), want = cap_init();
	int err = had && want ? 0 : -1;

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]) && !err; i++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (cap_get_flag(had, kept[i], CAP_PERMITTED, &value) || value == CAP_CLEAR)
			continue;
		err = cap_set_flag(want, CAP_PERMITTED, 1, &kept[i], CAP_SET) ||
		      cap_set_flag(want, CAP_EFFECTIVE, 1, &kept[i], CAP_SET);
	}
	if (!err)
		err = cap_set_proc(want);
	cap_free(had);
	cap_free(want);
	return err;
}

/* Calls of broker_serve.c, broker_node.c, malloc, the loop below and that of the helpers
 * (whom the filter binds, too); those of layer_unpack.c are among them. Others fail. */
int broker_install_filter(void)
{
	static const int calls[] = {
		SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(openat),
		SCMP_SYS(openat2), SCMP_SYS(close), SCMP_SYS(statx),
		SCMP_SYS(pread64), SCMP_SYS(preadv2), SCMP_SYS(pwrite64),
		SCMP_SYS(write), SCMP_SYS(lseek), SCMP_SYS(futex),
		SCMP_SYS(getdents64), SCMP_SYS(readlinkat), SCMP_SYS(mkdirat),
		SCMP_SYS(mknodat),
		SCMP_SYS(symlinkat), SCMP_SYS(linkat), SCMP_SYS(unlinkat),
		SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(fchmodat), SCMP_SYS(utimensat),
		SCMP_SYS(ftruncate), SCMP_SYS(fsync), SCMP_SYS(fstatfs),
		SCMP_SYS(fallocate), SCMP_SYS(getxattr), SCMP_SYS(lgetxattr),
		SCMP_SYS(setxattr), SCMP_SYS(removexattr), SCMP_SYS(listxattr),
		SCMP_SYS(llistxattr), SCMP_SYS(fgetxattr), SCMP_SYS(flistxattr),
		SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
		SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				       SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (!err)
		err = seccomp_load(ctx);
	seccomp_release(ctx);
	return err;
}

int broker_confine(pid_t vmm_pid)
{
	struct rlimit files;
	sigset_t all;

	/* what ends a machine is the VMM process's to decide */
	sigfillset(&all);
	if (sigprocmask(SIG_SETMASK, &all, NULL) || sandbox_die_with(vmm_pid) ||
	    prctl(PR_SET_NAME, "lodger-broker", 0, 0, 0) || drop_capabilities() ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -1;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	umask(0); /* the guest kernel has applied its own */
	return sandbox_die_with(vmm_pid);
}

static void serve(struct broker *b)
{
	static char message[LODGER_BROKER_REQUEST_MAX], reply[LODGER_BROKER_REPLY_MAX];

	for (;;) {
		ssize_t n = recv(BROKER_SOCKET, message, sizeof(message), MSG_TRUNC);
		size_t len;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		len = broker_serve(b, message, (size_t)n, reply);
		if (len && send(BROKER_SOCKET, reply, len, MSG_NOSIGNAL) < 0)
			return;
	}
}

/* The process has the descriptors of BROKER_SOCKET and on, and nothing else. */
static void broker_main(const struct machine *m, pid_t vmm_pid) __attribute__((noreturn));
static void broker_main(const struct machine *m, pid_t vmm_pid)
{
	int fd[BROKER_ROOTS + LODGER_MAX_BINDS];
	int count = BROKER_ROOTS + (int)m->bind_count;
	struct broker *b;
	void *ram;

	fd[BROKER_SOCKET] = m->broker_fd;
	fd[BROKER_HELP] = m->hostio_fd;
	fd[BROKER_RAM] = m->ram_fd;
	for (uint32_t i = 0; i < m->bind_count; i++)
		fd[BROKER_ROOTS + i] = m->bind[i].fd;
	if (sandbox_move_descriptors(fd, count))
		_exit(EXIT_LODGER);
	ram = mmap(NULL, m->ram_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, BROKER_RAM, 0);
	close(BROKER_RAM);
	if (ram == MAP_FAILED || broker_confine(vmm_pid))
		_exit(EXIT_LODGER);
	b = broker_create(ram, m->ram_bytes, geteuid(), getegid());
	for (uint32_t i = 0; b && i < m->bind_count; i++) {
		int at = (int)(BROKER_ROOTS + i);

		if (m->bind[i].is_output ? broker_add_output(b, at) :
					   broker_add_root(b, at, m->bind[i].read_only))
			_exit(EXIT_LODGER);
	}
	if (!b || broker_helpers_start(b, BROKER_HELP) || broker_install_filter())
		_exit(EXIT_LODGER);
	serve(b);
	_exit(0);
}

/* --- The VMM process --------------------------------------------------------------- */

/* A pair of sockets, of which the guest kernel has the second. */
static int pair(int *own, int *guests)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd)) {
		machine_complain("cannot create a socket pair: %s", strerror(errno));
		return -1;
	}
	*own = fd[0];
	*guests = fd[1];
	return 0;
}

int broker_start(struct machine *m)
{
	pid_t vmm_pid = getpid();

	if (!m->bind_count)
		return 0;
	if (pair(&m->broker_fd, &m->broker_guest_fd) ||
	    pair(&m->hostio_fd, &m->hostio_guest_fd))
		return -1;
	fcntl(m->hostio_guest_fd, F_SETFL, O_NONBLOCK);
	fflush(NULL);
	m->broker_pid = fork();
	if (m->broker_pid == 0)
		broker_main(m, vmm_pid);
	close(m->broker_fd);
	close(m->hostio_fd);
	m->broker_fd = m->hostio_fd = -1;
	if (m->broker_pid > 0)
		return 0;
	machine_complain("cannot start the broker of host files: %s", strerror(errno));
	return -1;
}

static void close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void broker_begin(struct machine *m)
{
	close_end(&m->broker_guest_fd);
	close_end(&m->hostio_guest_fd);
}

void broker_end(struct machine *m)
{
	broker_begin(m);
	if (m->broker_pid > 0) {
		kill(m->broker_pid, SIGKILL);
		while (waitpid(m->broker_pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	m->broker_pid = -1;
	while (m->bind_count)
		close(m->bind[--m->bind_count].fd);
}
