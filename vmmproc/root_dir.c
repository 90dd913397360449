/*
 * Makes a newc archive of a directory tree. What the invoking user owns is
 * root's in the guest. Other file systems mounted below are taken along but
 * for those that are a window into the host's kernel (proc, sysfs, cgroup and
 * kin): these stay empty. Device nodes, sockets and FIFOs are left out: the
 * guest has devices of its own.
 *
 * The tree may change while it is read; the archive's frame stays whole.
 */
#include "root_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostdir.h"
#include "machine.h"

/* A file with more than one name, found by device and inode. */
struct link {
	dev_t dev;
	ino_t host_ino;
	uint32_t ino; /* in the archive */
};

/* Things left out, of one kind: how many, and the first. */
struct omission {
	const char *what;
	unsigned count;
	char first[256];
};

enum omitted { OMIT_SPECIAL, OMIT_UNREADABLE, OMIT_KERNEL, OMIT_KINDS };

struct packer {
	struct root_sink *sink;
	const char *top;
	size_t top_len;
	uint32_t next_ino;
	void *links; /* tsearch tree of struct link */
	uid_t user;
	gid_t group;
	struct omission omitted[OMIT_KINDS];
};

static void omit(struct packer *pack, enum omitted kind, const char *path)
{
	struct omission *omission = &pack->omitted[kind];

	if (omission->count++ == 0)
		snprintf(omission->first, sizeof(omission->first), "%s", path);
}

static void report_omissions(const struct packer *pack)
{
	for (int i = 0; i < OMIT_KINDS; i++) {
		const struct omission *omission = &pack->omitted[i];

		if (omission->count)
			machine_complain("note: root %s goes without %u %s (first: %s)",
					 pack->top, omission->count,
					 omission->what, omission->first);
	}
}

/* Name in the archive: relative to the top, "." for the top itself. */
static const char *member_name(const struct packer *pack, const char *path)
{
	path += pack->top_len;
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

static int compare_links(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->host_ino != y->host_ino)
		return x->host_ino < y->host_ino ? -1 : 1;
	return 0;
}

/* The archive's inode number for a file; *again: it was written before, under
 * another name. Returns 0 when there is no memory. */
static uint32_t inode_number(struct packer *pack, const struct stat *st,
			     bool *again)
{
	struct link *entry, **found;

	*again = false;
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return pack->next_ino++;
	entry = malloc(sizeof(*entry));
	if (!entry)
		return 0;
	*entry = (struct link){ st->st_dev, st->st_ino, pack->next_ino };
	found = tsearch(entry, &pack->links, compare_links);
	if (!found) {
		free(entry);
		return 0;
	}
	if (*found == entry)
		return pack->next_ino++;
	free(entry);
	*again = true;
	return (*found)->ino;
}

static struct cpio_member member_of(const struct packer *pack,
				    const struct stat *st, const char *path)
{
	return (struct cpio_member){
		.name = member_name(pack, path),
		.mode = st->st_mode,
		.uid = st->st_uid == pack->user ? 0 : st->st_uid,
		.gid = st->st_gid == pack->group ? 0 : st->st_gid,
		.nlink = S_ISDIR(st->st_mode) ? 2 : (uint32_t)st->st_nlink,
		.mtime = (uint32_t)st->st_mtime,
	};
}

static int pack_directory(struct packer *pack, const FTSENT *entry)
{
	struct cpio_member member =
		member_of(pack, entry->fts_statp, entry->fts_path);

	member.ino = pack->next_ino++;
	return cpio_write_header(pack->sink, &member);
}

static int pack_symlink(struct packer *pack, const FTSENT *entry)
{
	struct cpio_member member =
		member_of(pack, entry->fts_statp, entry->fts_path);
	char target[PATH_MAX];
	ssize_t len = readlink(entry->fts_accpath, target, sizeof(target));
	int err;

	if (len < 0) {
		omit(pack, OMIT_UNREADABLE, entry->fts_path);
		return 0;
	}
	member.ino = pack->next_ino++;
	member.nlink = 1;
	member.size_bytes = (uint32_t)len;
	err = cpio_write_header(pack->sink, &member);
	if (!err)
		err = root_sink_write(pack->sink, target, (size_t)len);
	return err ? err : cpio_write_padding(pack->sink);
}

/* The data of a file with several names is written with the first. */
static int pack_open_file(struct packer *pack, const char *path, int fd)
{
	struct cpio_member member;
	struct stat st;
	bool again;
	int err;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode)) { /* it was one a moment ago */
		omit(pack, OMIT_SPECIAL, path);
		return 0;
	}
	if ((uint64_t)st.st_size > UINT32_MAX)
		return -EFBIG;
	member = member_of(pack, &st, path);
	member.ino = inode_number(pack, &st, &again);
	if (!member.ino)
		return -ENOMEM;
	member.size_bytes = again ? 0 : (uint32_t)st.st_size;
	err = cpio_write_header(pack->sink, &member);
	if (!err)
		err = root_sink_copy(pack->sink, fd, member.size_bytes);
	return err ? err : cpio_write_padding(pack->sink);
}

static int pack_file(struct packer *pack, const FTSENT *entry)
{
	int fd = open(entry->fts_accpath,
		      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0) {
		omit(pack, OMIT_UNREADABLE, entry->fts_path);
		return 0;
	}
	err = pack_open_file(pack, entry->fts_path, fd);
	close(fd);
	return err;
}

/* One step of the walk. */
static int pack_entry(struct packer *pack, FTS *fts, FTSENT *entry)
{
	switch (entry->fts_info) {
	case FTS_D:
		if (entry->fts_level > 0 &&
		    entry->fts_statp->st_dev != entry->fts_parent->fts_dev &&
		    hostdir_path_shows_kernel(entry->fts_accpath)) {
			omit(pack, OMIT_KERNEL, entry->fts_path);
			fts_set(fts, entry, FTS_SKIP);
		}
		return pack_directory(pack, entry);
	case FTS_F:
		return pack_file(pack, entry);
	case FTS_SL:
	case FTS_SLNONE:
		return pack_symlink(pack, entry);
	case FTS_DEFAULT:
		omit(pack, OMIT_SPECIAL, entry->fts_path);
		return 0;
	case FTS_DNR:
	case FTS_NS:
	case FTS_ERR:
		omit(pack, OMIT_UNREADABLE, entry->fts_path);
		return 0;
	}
	return 0; /* FTS_DP: a directory for the second time */
}

static int walk(struct packer *pack, FTS *fts)
{
	FTSENT *entry;
	int err = 0;

	while (!err) {
		errno = 0;
		entry = fts_read(fts);
		if (!entry)
			return -errno;
		err = pack_entry(pack, fts, entry);
		if (err && err != -EFBIG)
			machine_complain("cannot read %s for the root: %s",
					 entry->fts_path, strerror(-err));
	}
	return err;
}

int root_pack_directory(struct root_sink *sink, const char *path)
{
	struct packer pack = {
		.sink = sink,
		.top = path,
		.top_len = strlen(path),
		.next_ino = 1,
		.user = geteuid(),
		.group = getegid(),
		.omitted = { [OMIT_SPECIAL] = { .what = "device nodes, sockets or FIFOs" },
			     [OMIT_UNREADABLE] = { .what = "unreadable files" },
			     [OMIT_KERNEL] = { .what = "mounts of the host's kernel" } },
	};
	char *const tops[] = { (char *)path, NULL };
	FTS *fts;
	int err;

	if (hostdir_path_shows_kernel(path)) {
		machine_complain("root %s is a view of the host's kernel (proc, sysfs or kin): give an ordinary directory",
				 path);
		return -EPERM;
	}
	/* fts would pass an unreadable top over like any other directory */
	fts = access(path, R_OK | X_OK) ? NULL :
	      fts_open(tops, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);
	if (!fts) {
		err = -errno;
		machine_complain("cannot read root directory %s: %s", path,
				 strerror(-err));
		return err;
	}
	err = walk(&pack, fts);
	fts_close(fts);
	tdestroy(pack.links, free);
	if (!err)
		err = cpio_write_trailer(sink);
	if (!err)
		report_omissions(&pack);
	return err;
}
