/*
 * Helpers for the disks. Several, so that several requests can be under way; each is
 * a fork of the VMM process with the socket, the RAM file and the disks' files, which
 * may do nothing but read, write and flush these.
 *
 * A helper lives as long as somebody has the other end of the socket, and dies with
 * the VMM process at the latest.
 */
#include "diskio.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/diskio.h"
#include "sandbox.h"

#define CHUNK_BYTES (256u << 10)

/* --- a helper --------------------------------------------------------------------- */

static int transfer_error(ssize_t n)
{
	return n < 0 ? -errno : -EIO;
}

static bool inside(const struct machine *m, const struct block_file *file,
		   const struct lodger_diskio_request *req)
{
	return req->bytes <= LODGER_DISKIO_BYTES_MAX && req->at <= file->bytes &&
	       req->bytes <= file->bytes - req->at && req->ram_at <= m->ram_bytes &&
	       req->bytes <= m->ram_bytes - req->ram_at;
}

/* Moves the request's bytes from one file to the other. 0 or -errno. */
static int transfer(int from_fd, uint64_t from, int to_fd, uint64_t to, uint32_t bytes)
{
	static char buf[CHUNK_BYTES];
	uint32_t done = 0;

	while (done < bytes) {
		size_t want = bytes - done;
		ssize_t n, written, part;

		n = pread(from_fd, buf, want < CHUNK_BYTES ? want : CHUNK_BYTES,
			  (off_t)(from + done));
		if (n <= 0)
			return transfer_error(n);
		for (written = 0; written < n; written += part) {
			part = pwrite(to_fd, buf + written, (size_t)(n - written),
				      (off_t)(to + done) + written);
			if (part <= 0)
				return transfer_error(part);
		}
		done += (uint32_t)n;
	}
	return 0;
}

static int serve(const struct machine *m, const struct lodger_diskio_request *req)
{
	const struct block_file *file;

	if (req->file >= m->block_count)
		return -EINVAL;
	file = &m->block[req->file];
	if (req->op == LODGER_DISKIO_READ && inside(m, file, req))
		return transfer(file->fd, req->at, m->ram_fd, req->ram_at, req->bytes);
	if (req->op == LODGER_DISKIO_WRITE && inside(m, file, req) && file->writable)
		return transfer(m->ram_fd, req->ram_at, file->fd, req->at, req->bytes);
	if (req->op != LODGER_DISKIO_FLUSH || !file->writable)
		return -EINVAL;
	return fdatasync(file->fd) ? -errno : 0;
}

/* What a helper may still do. */
static int confine(void)
{
	static const int calls[] = {
		SCMP_SYS(read), SCMP_SYS(sendto), SCMP_SYS(pread64), SCMP_SYS(pwrite64),
		SCMP_SYS(fdatasync), SCMP_SYS(restart_syscall),
		SCMP_SYS(exit_group),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int err = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < sizeof(calls) / sizeof(calls[0]); i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (!err)
		err = seccomp_load(ctx); /* no_new_privs, too */
	seccomp_release(ctx);
	return err;
}

/* All that a helper keeps open: the socket as descriptor 0, then RAM and disks. */
static int keep_descriptors(struct machine *m, int socket)
{
	int fd[2 + LODGER_MAX_BLOCK_FILES] = { socket, m->ram_fd };

	for (uint32_t i = 0; i < m->block_count; i++) {
		fd[2 + i] = m->block[i].fd;
		m->block[i].fd = (int)(2 + i);
	}
	m->ram_fd = 1;
	return sandbox_move_descriptors(fd, (int)(2 + m->block_count));
}

static void helper_main(struct machine *m, int fd, pid_t vmm_pid) __attribute__((noreturn));
static void helper_main(struct machine *m, int fd, pid_t vmm_pid)
{
	struct lodger_diskio_request req;
	struct lodger_diskio_reply reply;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	if (sandbox_die_with(vmm_pid) || prctl(PR_SET_NAME, "lodger-disk", 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		_exit(EXIT_LODGER);
	if (keep_descriptors(m, fd) || confine())
		_exit(EXIT_LODGER);
	while (read(0, &req, sizeof(req)) == sizeof(req)) {
		reply.tag = req.tag;
		reply.result = serve(m, &req);
		/* a guest kernel that does not read its answers goes without */
		send(0, &reply, sizeof(reply), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	_exit(0);
}

/* --- the VMM process ----------------------------------------------------------------- */

static bool wanted(const struct machine *m)
{
	for (uint32_t i = 0; i < m->disk_count; i++)
		if (m->disk[i].flags & LODGER_DISK_HELPED)
			return true;
	return false;
}

void diskio_start(struct machine *m)
{
	pid_t vmm_pid = getpid();
	int fd[2];

	m->diskio_fd = -1;
	if (!wanted(m) || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd))
		return;
	fflush(NULL);
	for (int i = 0; i < DISKIO_HELPERS; i++) {
		m->diskio_pid[i] = fork();
		if (m->diskio_pid[i] == 0) {
			close(fd[0]);
			helper_main(m, fd[1], vmm_pid);
		}
	}
	close(fd[1]);
	if (m->diskio_pid[0] > 0 && !fcntl(fd[0], F_SETFL, O_NONBLOCK))
		m->diskio_fd = fd[0];
	else
		close(fd[0]);
}

void diskio_handed_over(struct machine *m)
{
	if (m->diskio_fd >= 0)
		close(m->diskio_fd);
	m->diskio_fd = -1;
}

void diskio_end(struct machine *m)
{
	for (int i = 0; i < DISKIO_HELPERS; i++) {
		if (m->diskio_pid[i] <= 0)
			continue;
		kill(m->diskio_pid[i], SIGKILL);
		while (waitpid(m->diskio_pid[i], NULL, __WALL) < 0 && errno == EINTR)
			;
		m->diskio_pid[i] = 0;
	}
}
