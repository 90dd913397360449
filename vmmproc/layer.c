/*
 * The file of --overlay-out. It is written under a name of its own beside the one that is
 * asked for, and renamed when all of it is there: an earlier layer is not lost to a
 * machine that fails. What is no regular file (a pipe, a terminal) is written as it is;
 * for directories see layer_dir.c.
 */
#include "layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layer_internal.h"

static int complain(const char *path, const char *what)
{
	machine_complain("overlay-out %s: %s", path, what);
	return -1;
}

/* A file that will get the name path. fd, or -1 after a sentence. */
static int open_temp(struct machine *m, const char *path)
{
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	if (asprintf(&m->overlay_temp, "%s.XXXXXX", path) < 0) {
		m->overlay_temp = NULL;
		return complain(path, strerror(ENOMEM));
	}
	fd = mkostemp(m->overlay_temp, O_CLOEXEC);
	if (fd >= 0 && !fchmod(fd, 0666 & ~mask))
		return fd;
	complain(path, strerror(errno));
	if (fd >= 0) {
		close(fd);
		unlink(m->overlay_temp);
	}
	free(m->overlay_temp);
	m->overlay_temp = NULL;
	return -1;
}

static int open_output(struct machine *m, const char *path)
{
	struct stat st;
	int fd;

	if (layer_dir_open(m))
		return -1;
	if (m->overlay_dir)
		return open_temp(m, m->overlay_dir);
	if (stat(path, &st) || S_ISREG(st.st_mode))
		return open_temp(m, path);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? complain(path, strerror(errno)) : fd;
}

int layer_open(struct machine *m)
{
	const char *out = m->opt->overlay_out;
	int fd;

	if (!out && !m->opt->overlay_in)
		return 0;
	if (!m->root_host || m->opt->root_rw) {
		machine_complain("--overlay-%s goes with --root and a directory, without --root-rw",
				 out ? "out" : "in");
		return -1;
	}
	if (!out)
		return 0;
	fd = open_output(m, out);
	if (fd < 0)
		return -1;
	m->bind[m->bind_count++] = (struct bind_place){ .fd = fd,
							.guest_path = "",
							.is_file = true,
							.is_output = true };
	return 0;
}

int layer_end(struct machine *m, bool whole, int status)
{
	const char *out = m->opt->overlay_out, *temp = m->overlay_temp;

	if (!out)
		return status;
	if (!temp && !whole && (m->timed_out || m->stop_signal))
		complain(out, "the machine did not end by itself: what was written is no whole layer");
	if (temp && !whole) {
		unlink(temp);
		if (m->timed_out || m->stop_signal) /* of others there was a sentence */
			complain(out, "the machine did not end by itself: nothing is written");
	} else if (m->overlay_dir) {
		if (temp && layer_dir_make(m))
			status = EXIT_LODGER;
	} else if (temp && rename(temp, out)) {
		complain(out, strerror(errno));
		unlink(temp);
		status = EXIT_LODGER;
	}
	free(m->overlay_temp);
	free(m->overlay_dir);
	m->overlay_temp = m->overlay_dir = NULL;
	return status;
}
