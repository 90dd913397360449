/*
 * Where the root archive comes from: the embedded one, or a file.
 * What comes out is a plain archive, no larger than the guest's memory can take:
 * a memory file with a newc archive, its frame checked, or with a tar; or a tar
 * file itself, open for reading, which is so not in memory twice. The guest kernel
 * unpacks it, trusting nothing, and gives a memory file back piece by piece; the
 * check here is for the sake of a sentence that says what is wrong.
 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "abi/tar.h"
#include "embed.h"
#include "layer_internal.h"
#include "root_internal.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3 */
#endif

#define CHUNK_BYTES 65536
#define TAR_BLOCK LODGER_TAR_BLOCK
#define TAR_MAGIC_AT offsetof(struct lodger_tar_header, magic)
/* What a guest needs beside its unpacked root. */
#define RESERVE_BYTES (4ULL << 20)

/* --- The sink ------------------------------------------------------------------ */

int root_sink_write(struct root_sink *sink, const void *data, size_t len_bytes)
{
	const char *from = data;

	if (len_bytes > sink->limit_bytes - sink->bytes)
		return -EFBIG;
	while (len_bytes) {
		ssize_t n = write(sink->fd, from, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		len_bytes -= (size_t)n;
		sink->bytes += (uint64_t)n;
	}
	return 0;
}

static int sink_open(struct root_sink *sink, uint64_t limit_bytes)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

	*sink = (struct root_sink){ .limit_bytes = limit_bytes, .memory = true };
	sink->fd = memfd_create("lodger-root", flags | MFD_NOEXEC_SEAL);
	if (sink->fd < 0 && errno == EINVAL)
		sink->fd = memfd_create("lodger-root", flags);
	if (sink->fd >= 0)
		return 0;
	machine_complain("cannot make a memory file for the root: %s",
			 strerror(errno));
	return -1;
}

/* --- A source: a file, of which the first bytes were read to know its kind ------- */

struct source {
	const char *name; /* for sentences */
	int fd;
	char buf[CHUNK_BYTES];
	size_t len_bytes; /* in buf, not yet consumed */
	bool at_end;
};

/* Fills buf as far as the file goes. Returns 0 or -errno. */
static int source_fill(struct source *src)
{
	while (!src->at_end && src->len_bytes < sizeof(src->buf)) {
		ssize_t n = read(src->fd, src->buf + src->len_bytes,
				 sizeof(src->buf) - src->len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		src->at_end = n == 0;
		src->len_bytes += (size_t)n;
	}
	return 0;
}

/* Formats that people will try. */
static const struct {
	size_t offset;
	size_t len;
	const char *magic;
	const char *what, *advice;
} known[] = {
	{ 1080, 2, "\x53\xef", "an ext2, ext3 or ext4 image",
	  "this version reads none: unpack it, give the directory" },
	{ 0, 6, "070707", "a cpio archive in the old format",
	  "make it with cpio -o -H newc" },
	{ 0, 2, "\xc7\x71", "a cpio archive in the old format",
	  "make it with cpio -o -H newc" },
	{ 0, 6, "\xfd" "7zXZ\0", "compressed by xz", "unpack it with xz -d" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed by zstd",
	  "unpack it with zstd -d" },
	{ 0, 3, "BZh", "compressed by bzip2", "unpack it with bzip2 -d" },
	{ 0, 4, "\x04\x22\x4d\x18", "compressed by lz4",
	  "unpack it with lz4 -d" },
	{ 0, 4, "\x02\x21\x4c\x18", "compressed by lz4",
	  "unpack it with lz4 -d" },
	{ 0, 4, "hsqs", "a squashfs image",
	  "unpack it with unsquashfs, give the directory" },
	{ 0, 4, "PK\x03\x04", "a zip archive", "unpack it, give the directory" },
	{ 0, 4, "QFI\xfb", "a qcow2 image", "give a directory or an archive" },
	{ 0, 4, "\x7f" "ELF", "a program, no root",
	  "give a directory or an archive" },
};

static void complain_unknown(const struct source *src)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (src->len_bytes < known[i].offset + known[i].len ||
		    memcmp(src->buf + known[i].offset, known[i].magic,
			   known[i].len))
			continue;
		machine_complain("root %s is %s: %s", src->name, known[i].what,
				 known[i].advice);
		return;
	}
	machine_complain("root %s is %s: give a directory, or a tar or newc cpio archive, plain or gzip",
			 src->name,
			 src->len_bytes ? "in no format known here" : "empty");
}

/* --- Copying in -------------------------------------------------------------------- */

static void complain_too_big(const struct machine *m, const char *name)
{
	machine_complain("root %s does not fit in %llu MiB of guest memory: give a larger --mem or a smaller root",
			 name, (unsigned long long)(m->opt->mem_bytes >> 20));
}

/* Names a failure of the sink or the source; err is a -errno. */
static int complain(const struct machine *m, const char *name, int err)
{
	if (err == -EFBIG)
		complain_too_big(m, name);
	else
		machine_complain("cannot read root %s: %s", name,
				 strerror(-err));
	return -1;
}

static int copy_plain(struct source *src, struct root_sink *sink)
{
	int err = 0;

	while (!err && src->len_bytes) {
		err = root_sink_write(sink, src->buf, src->len_bytes);
		src->len_bytes = 0;
		if (!err)
			err = source_fill(src);
	}
	return err;
}

/* Refills z from src once it has consumed all. Returns 0 or -errno. */
static int feed(struct source *src, z_stream *z)
{
	int err;

	if (z->avail_in)
		return 0;
	src->len_bytes = 0;
	err = source_fill(src);
	z->next_in = (Bytef *)src->buf;
	z->avail_in = (uInt)src->len_bytes;
	return err;
}

/* After a member: gzip's own tools let zeros follow (tapes), and another
 * member (RFC 1952), so do we. *more: there is one. Returns 0 or -errno. */
static int next_member(struct source *src, z_stream *z, bool *more)
{
	int err = feed(src, z);

	while (!err && z->avail_in && !*z->next_in) {
		z->next_in++;
		z->avail_in--;
		err = feed(src, z);
	}
	if (err)
		return err;
	*more = z->avail_in > 0;
	return inflateReset(z) == Z_OK ? 0 : -EPROTO;
}

/* Inflates one member. Returns 0, -EPROTO for broken gzip data, or another
 * -errno. */
static int inflate_member(struct source *src, struct root_sink *sink,
			  z_stream *z, char *out)
{
	int err, status = Z_OK;

	z->avail_out = CHUNK_BYTES;
	while (status != Z_STREAM_END) {
		err = feed(src, z);
		if (err)
			return err;
		/* a full output buffer may have left data inside z */
		if (!z->avail_in && z->avail_out)
			return -EPROTO; /* ends in the middle */
		z->next_out = (Bytef *)out;
		z->avail_out = CHUNK_BYTES;
		status = inflate(z, Z_NO_FLUSH);
		if (status != Z_OK && status != Z_STREAM_END)
			return status == Z_MEM_ERROR ? -ENOMEM : -EPROTO;
		err = root_sink_write(sink, out, CHUNK_BYTES - z->avail_out);
		if (err)
			return err;
	}
	return 0;
}

static int copy_gzip(struct source *src, struct root_sink *sink)
{
	z_stream z = { .next_in = (Bytef *)src->buf,
		       .avail_in = (uInt)src->len_bytes };
	char *out = malloc(CHUNK_BYTES);
	bool more = true;
	int err = 0;

	if (!out)
		return -ENOMEM;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		free(out);
		return -ENOMEM;
	}
	while (!err && more) {
		err = inflate_member(src, sink, &z, out);
		if (!err)
			err = next_member(src, &z, &more);
	}
	inflateEnd(&z);
	free(out);
	return err;
}

static bool is_tar(const char *head, size_t len_bytes)
{
	return len_bytes >= TAR_BLOCK && !memcmp(head + TAR_MAGIC_AT, "ustar", 5);
}

/* A plain tar file: the guest kernel reads it where it is. */
static int hand_over(struct source *src, struct root_sink *sink, uint64_t bytes)
{
	int fd;

	if (bytes > sink->limit_bytes)
		return -EFBIG;
	fd = fcntl(src->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(sink->fd);
	sink->fd = fd;
	sink->memory = false;
	sink->bytes = bytes;
	return 0;
}

static int take_tar(struct source *src, struct root_sink *sink)
{
	struct stat st;

	if (fstat(src->fd, &st))
		return -errno;
	if (S_ISREG(st.st_mode))
		return hand_over(src, sink, (uint64_t)st.st_size);
	return copy_plain(src, sink);
}

static int take_archive(struct machine *m, struct source *src,
			struct root_sink *sink)
{
	int err = source_fill(src);

	if (err)
		return complain(m, src->name, err);
	if (src->len_bytes >= 6 && (!memcmp(src->buf, "070701", 6) ||
				    !memcmp(src->buf, "070702", 6))) {
		err = copy_plain(src, sink);
	} else if (is_tar(src->buf, src->len_bytes)) {
		err = take_tar(src, sink);
	} else if (src->len_bytes >= 2 && !memcmp(src->buf, "\x1f\x8b", 2)) {
		err = copy_gzip(src, sink);
		if (err == -EPROTO) {
			machine_complain("root %s is broken: the gzip data are damaged or cut off",
					 src->name);
			return -1;
		}
	} else {
		complain_unknown(src);
		return -1;
	}
	return err ? complain(m, src->name, err) : 0;
}

/* A layer in a directory: as the tar that it could be. */
static int take_directory(struct machine *m, const char *path, struct root_sink *sink)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), err = fd < 0 ? -errno : 0;
	struct broker *b;

	if (err)
		return complain(m, path, err);
	b = broker_create(NULL, 0, geteuid(), getegid());
	if (!b) {
		close(fd);
		return complain(m, path, -ENOMEM);
	}
	err = broker_add_root(b, fd, true);
	if (!err)
		err = layer_pack(b, sink);
	broker_destroy(b);
	return err ? complain(m, path, err) : 0;
}

static int take_path(struct machine *m, const char *path,
		     struct root_sink *sink)
{
	struct source *src;
	struct stat st;
	int err = -1;

	if (stat(path, &st)) {
		machine_complain("cannot open root %s: %s", path,
				 strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode) && m->root_host)
		return take_directory(m, path, sink);
	src = calloc(1, sizeof(*src));
	if (!src)
		return complain(m, path, -ENOMEM);
	src->name = path;
	/* a FIFO must not make us wait for its writer */
	src->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (src->fd < 0) {
		machine_complain("cannot open root %s: %s", path,
				 strerror(errno));
	} else {
		err = take_archive(m, src, sink);
		close(src->fd);
	}
	free(src);
	return err;
}

/* Looks at the finished archive, whatever it was made of. What is wrong with a
 * tar the guest kernel will say. */
static int check_archive(const struct root_sink *sink, const char *name)
{
	const char *wrong;
	char head[TAR_BLOCK];
	uint64_t at;
	void *map;

	if (pread(sink->fd, head, sizeof(head), 0) == sizeof(head) &&
	    is_tar(head, sizeof(head)))
		return 0;
	map = mmap(NULL, sink->bytes, PROT_READ, MAP_PRIVATE, sink->fd, 0);
	if (map == MAP_FAILED) {
		machine_complain("cannot read root %s: %s", name,
				 strerror(errno));
		return -1;
	}
	wrong = cpio_check(map, sink->bytes, &at);
	munmap(map, sink->bytes);
	if (!wrong)
		return 0;
	machine_complain("root %s is broken at byte %llu: %s", name,
			 (unsigned long long)at, wrong);
	return -1;
}

int root_open(struct machine *m)
{
	const char *path = m->root_host ? m->opt->overlay_in : m->opt->root;
	const size_t embedded_bytes =
		(size_t)(lodger_rootfs_end - lodger_rootfs_start);
	struct root_sink sink;
	int err;

	if (m->root_disk || (m->root_host && !path))
		return 0;
	if (sink_open(&sink, m->opt->mem_bytes - RESERVE_BYTES))
		return -1;
	if (path) {
		err = take_path(m, path, &sink);
		if (!err)
			err = check_archive(&sink, path);
	} else {
		err = root_sink_write(&sink, lodger_rootfs_start,
				      embedded_bytes);
		if (err)
			complain(m, "(embedded)", err);
	}
	/* not against writing: the guest kernel punches out what it has read */
	if (!err && sink.memory &&
	    fcntl(sink.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		machine_complain("cannot seal the root archive: %s",
				 strerror(errno));
		err = -1;
	}
	if (err) {
		close(sink.fd);
		return -1;
	}
	m->root_fd = sink.fd;
	m->root_bytes = sink.bytes;
	return 0;
}
