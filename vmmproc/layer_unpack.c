/*
 * A layer's stream into a directory of the host. The guest kernel has written it, and
 * may be hostile: names are walked part by part from a directory that is held open, no
 * link followed, nothing is written over or removed, special files are empty ordinary
 * ones with an attribute (broker_owner.c), set-ID bits are never set, and sizes are those
 * that the stream itself has.
 *
 * Directories are made at first, and get their attributes in a second pass, so that
 * their times are what the stream says. Of links only the time is kept.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/tar.h"
#include "layer_internal.h"

#define BLOCK LODGER_TAR_BLOCK
#define COPY_BYTES 65536u
#define HOLE_BYTES 4096u /* so many zeros are left out */
#define NS_DIGITS 9

struct entry {
	char path[PATH_MAX], target[PATH_MAX];
	uint64_t size;
	struct timespec mtime;
	struct broker_owner owner;
};

struct unpack {
	struct broker *b;
	int fd;
	uint64_t at, end;
	bool directories; /* the second pass */
	struct lodger_tar_header h;
	struct entry e;
	size_t records_len; /* of the entry's extended header */
	char records[LODGER_TAR_RECORDS_MAX];
	char copy[COPY_BYTES];
};

/* --- names ------------------------------------------------------------------------ */

/* The part of a name before the next '/', behind which *name is then. */
static int take_part(const char **name, char part[LODGER_BROKER_NAME_MAX + 1])
{
	size_t len = strcspn(*name, "/");

	if (!len || len > LODGER_BROKER_NAME_MAX)
		return len ? -ENAMETOOLONG : -EPROTO;
	memcpy(part, *name, len);
	part[len] = '\0';
	*name += len;
	if (!strcmp(part, ".") || !strcmp(part, "..") || (**name && !(*name)[1]))
		return -EPROTO;
	*name += **name == '/';
	return 0;
}

void layer_place_close(struct broker *b, struct layer_place *place)
{
	if (place->dir.fd != broker_node_of(b, 0)->fd)
		close(place->dir.fd);
}

int layer_place_open(struct broker *b, const char *name, struct layer_place *place)
{
	int err, fd;

	*place = (struct layer_place){ .dir = *broker_node_of(b, 0) };
	if (!strcmp(name, "."))
		return 0;
	for (;;) {
		err = take_part(&name, place->name);
		if (err || !*name)
			break;
		fd = broker_open_name(b, &place->dir, place->name, O_PATH | O_DIRECTORY, 0);
		err = fd < 0 ? fd : 0;
		if (err)
			break;
		layer_place_close(b, place);
		place->dir.fd = fd;
	}
	if (err)
		layer_place_close(b, place);
	return err;
}

/* --- the stream ------------------------------------------------------------------- */

static int take(struct unpack *u, void *to, size_t len)
{
	char *out = to;

	if (len > u->end - u->at)
		return -EPROTO;
	while (len) {
		ssize_t n = pread(u->fd, out, len, (off_t)u->at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EPROTO;
		out += n;
		len -= (size_t)n;
		u->at += (uint64_t)n;
	}
	return 0;
}

static int take_padding(struct unpack *u)
{
	uint64_t next = (u->at + BLOCK - 1) & ~(uint64_t)(BLOCK - 1);

	if (next > u->end)
		return -EPROTO;
	u->at = next;
	return 0;
}

/* Octal digits to a NUL or the field's end. */
static int octal(const char *field, size_t len, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < len && field[i]; i++) {
		if (field[i] < '0' || field[i] > '7')
			return -EPROTO;
		*value = *value << 3 | (uint64_t)(field[i] - '0');
	}
	return 0;
}

static bool sum_is_right(const struct lodger_tar_header *h)
{
	uint64_t want;

	return !octal(h->check, sizeof(h->check), &want) &&
	       want == (uint64_t)lodger_tar_sum(h, false);
}

/* --- extended headers --------------------------------------------------------------- */

struct record {
	const char *key, *value; /* not terminated */
	size_t key_len, value_len;
};

/* The record "LENGTH KEY=VALUE\n" at *at, which moves behind it. */
static int take_record(const struct unpack *u, size_t *at, struct record *r)
{
	const char *text = u->records + *at, *equals;
	size_t left = u->records_len - *at, len = 0, digits = 0;

	for (; digits < left && digits < 5 && text[digits] >= '0' && text[digits] <= '9'; digits++)
		len = len * 10 + (size_t)(text[digits] - '0');
	if (!digits || len > left || len < digits + 3 || text[digits] != ' ' ||
	    text[len - 1] != '\n')
		return -EPROTO;
	r->key = text + digits + 1;
	equals = memchr(r->key, '=', len - digits - 2);
	if (!equals)
		return -EPROTO;
	r->key_len = (size_t)(equals - r->key);
	r->value = equals + 1;
	r->value_len = (size_t)(text + len - 1 - r->value);
	*at += len;
	return 0;
}

static bool is_key(const struct record *r, const char *key)
{
	return r->key_len == strlen(key) && !memcmp(r->key, key, r->key_len);
}

static int text_of(const struct record *r, char to[PATH_MAX])
{
	if (!r->value_len || r->value_len >= PATH_MAX || memchr(r->value, 0, r->value_len))
		return -EPROTO;
	memcpy(to, r->value, r->value_len);
	to[r->value_len] = '\0';
	return 0;
}

/* Decimal digits at *at of the value. */
static int digits_of(const struct record *r, size_t *at, uint64_t *value)
{
	size_t from = *at;

	for (*value = 0; *at < r->value_len; ++*at) {
		char c = r->value[*at];

		if (c < '0' || c > '9')
			break;
		if (*value > INT64_MAX / 10 - 1)
			return -EPROTO;
		*value = *value * 10 + (uint64_t)(c - '0');
	}
	return *at > from ? 0 : -EPROTO;
}

static int number_of(const struct record *r, uint64_t max, uint64_t *value)
{
	size_t at = 0;
	int err = digits_of(r, &at, value);

	return err ? err : at == r->value_len && *value <= max ? 0 : -EPROTO;
}

static int id_of(const struct record *r, uint32_t *id)
{
	uint64_t value;
	int err = number_of(r, UINT32_MAX - 1, &value);

	*id = (uint32_t)value;
	return err;
}

/* Seconds, with a fraction or without. */
static int time_of(const struct record *r, struct timespec *t)
{
	bool minus = r->value_len && *r->value == '-';
	size_t at = minus, point;
	uint64_t s, ns = 0;
	int err = digits_of(r, &at, &s);

	if (!err && at < r->value_len && r->value[at] == '.') {
		point = ++at;
		err = digits_of(r, &at, &ns);
		if (at - point > NS_DIGITS)
			err = -EPROTO;
		for (size_t i = at - point; i < NS_DIGITS && !err; i++)
			ns *= 10;
	}
	if (err || at != r->value_len)
		return -EPROTO;
	*t = (struct timespec){ (time_t)s, (long)ns };
	if (minus) {
		t->tv_sec = -(time_t)s - (ns > 0);
		t->tv_nsec = ns ? 1000000000L - (long)ns : 0;
	}
	return 0;
}

static int apply_record(struct entry *e, const struct record *r)
{
	if (is_key(r, "path"))
		return text_of(r, e->path);
	if (is_key(r, "linkpath"))
		return text_of(r, e->target);
	if (is_key(r, "size"))
		return number_of(r, INT64_MAX, &e->size);
	if (is_key(r, "uid"))
		return id_of(r, &e->owner.uid);
	if (is_key(r, "gid"))
		return id_of(r, &e->owner.gid);
	return is_key(r, "mtime") ? time_of(r, &e->mtime) : 0;
}

static int take_records(struct unpack *u)
{
	uint64_t len;
	int err = octal(u->h.size, sizeof(u->h.size), &len);

	if (!err && len > sizeof(u->records))
		err = -EPROTO;
	if (!err)
		err = take(u, u->records, len);
	if (err)
		return err;
	u->records_len = len;
	return take_padding(u);
}

/* --- entries ------------------------------------------------------------------------ */

static void copy_field(char *to, const char *field, size_t len)
{
	size_t n = strnlen(field, len);

	memcpy(to, field, n);
	to[n] = '\0';
}

static uint32_t type_of(char kind)
{
	switch (kind) {
	case '0': return S_IFREG;
	case '2': return S_IFLNK;
	case '3': return S_IFCHR;
	case '4': return S_IFBLK;
	case '5': return S_IFDIR;
	case '6': return S_IFIFO;
	default: return 0;
	}
}

/* u->e of the header and of the extended one before it. */
static int fill_entry(struct unpack *u)
{
	const struct lodger_tar_header *h = &u->h;
	struct entry *e = &u->e;
	uint64_t mode, uid, gid, mtime, major = 0, minor = 0;
	struct record r;
	int err = 0;

	if (octal(h->mode, sizeof(h->mode), &mode) || octal(h->uid, sizeof(h->uid), &uid) ||
	    octal(h->gid, sizeof(h->gid), &gid) || octal(h->mtime, sizeof(h->mtime), &mtime) ||
	    octal(h->size, sizeof(h->size), &e->size) ||
	    octal(h->major, sizeof(h->major), &major) ||
	    octal(h->minor, sizeof(h->minor), &minor) || major > 0xfff || minor > 0xfffff)
		return -EPROTO;
	copy_field(e->path, h->name, sizeof(h->name));
	copy_field(e->target, h->target, sizeof(h->target));
	e->mtime = (struct timespec){ .tv_sec = (time_t)mtime };
	e->owner = (struct broker_owner){ .mode = type_of(h->kind) | (mode & 07777),
					  .uid = (uint32_t)uid, .gid = (uint32_t)gid,
					  .rdev = makedev(major, minor) };
	for (size_t at = 0; at < u->records_len && !err;) {
		err = take_record(u, &at, &r);
		if (!err)
			err = apply_record(e, &r);
	}
	if (!err && h->kind != '0' && e->size)
		err = -EPROTO;
	return err;
}

/* What the host calls the attribute of the record: as hostfs does, guestkern/fs/hostfs_xattr.c. */
static int attribute_name(const struct record *r, char name[LODGER_BROKER_NAME_MAX + 1])
{
	const char *key = r->key + strlen(LODGER_TAR_XATTR_KEY);
	size_t len = r->key_len - strlen(LODGER_TAR_XATTR_KEY), prefix = 0;

	if (!len || memchr(key, 0, len) || r->value_len > LODGER_BROKER_TEXT_MAX)
		return -EPROTO;
	if (len < 5 || memcmp(key, "user.", 5) != 0)
		prefix = strlen(LODGER_BROKER_HIDDEN_XATTR);
	if (prefix + len > LODGER_BROKER_NAME_MAX)
		return -EPROTO;
	memcpy(name, LODGER_BROKER_HIDDEN_XATTR, prefix);
	memcpy(name + prefix, key, len);
	name[prefix + len] = '\0';
	return strcmp(name, LODGER_BROKER_OWNER_XATTR) != 0 ? 0 : -EPROTO;
}

static int set_attributes(const struct unpack *u, const struct broker_node *node)
{
	char name[LODGER_BROKER_NAME_MAX + 1];
	struct record r;
	int err = 0;

	for (size_t at = 0; at < u->records_len && !err;) {
		err = take_record(u, &at, &r);
		if (err || r.key_len < strlen(LODGER_TAR_XATTR_KEY) ||
		    memcmp(r.key, LODGER_TAR_XATTR_KEY, strlen(LODGER_TAR_XATTR_KEY)) != 0)
			continue;
		err = attribute_name(&r, name);
		if (!err)
			err = broker_xattr_set(node, name, r.value, r.value_len, 0);
	}
	return err;
}

/* The file is there: the rest of what it is to be. */
static int finish(const struct unpack *u, const struct layer_place *place)
{
	const struct timespec times[2] = { u->e.mtime, u->e.mtime };
	struct broker_node node = place->dir;
	int err;

	if (*place->name)
		node.fd = broker_open_name(u->b, &place->dir, place->name, O_PATH, 0);
	if (node.fd < 0)
		return node.fd;
	err = set_attributes(u, &node);
	if (!err)
		err = broker_owner_keep(u->b, &node, &u->e.owner);
	if (!err && utimensat(u->b->proc_fd, broker_fd_name(&node).text, times, 0))
		err = -errno;
	if (*place->name)
		close(node.fd);
	return err;
}

static bool is_zero(const char *bytes, size_t len)
{
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

static int write_piece(int fd, const char *bytes, size_t len, uint64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

/* Of u->copy what is not zero; pieces of zeros become holes. */
static int write_copy(const struct unpack *u, int fd, size_t len, uint64_t at)
{
	int err = 0;

	for (size_t done = 0; done < len && !err;) {
		size_t n = len - done < HOLE_BYTES ? len - done : HOLE_BYTES;

		if (!is_zero(u->copy + done, n))
			err = write_piece(fd, u->copy + done, n, at + done);
		done += n;
	}
	return err;
}

static int make_file(struct unpack *u, const struct layer_place *place)
{
	uint64_t size = u->e.size;
	int err = 0, fd;

	if (size > u->end - u->at)
		return -EPROTO;
	fd = broker_open_name(u->b, &place->dir, place->name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return fd;
	for (uint64_t at = 0; at < size && !err;) {
		size_t n = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;

		err = take(u, u->copy, n);
		if (!err)
			err = write_copy(u, fd, n, at);
		at += n;
	}
	if (!err && ftruncate(fd, (off_t)size))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err)
		err = take_padding(u);
	return err ? err : finish(u, place);
}

static int make_link(const struct unpack *u, const struct layer_place *place)
{
	struct layer_place first;
	int err = layer_place_open(u->b, u->e.target, &first);

	if (err)
		return err;
	if (!*first.name)
		err = -EPROTO;
	else if (linkat(first.dir.fd, first.name, place->dir.fd, place->name, 0))
		err = -errno;
	layer_place_close(u->b, &first);
	return err;
}

static int make_symlink(const struct unpack *u, const struct layer_place *place)
{
	const struct timespec times[2] = { u->e.mtime, u->e.mtime };

	if (symlinkat(u->e.target, place->dir.fd, place->name) ||
	    utimensat(place->dir.fd, place->name, times, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return 0;
}

/* A name may be said to be a directory twice. */
static int make_directory(const struct unpack *u, const struct layer_place *place)
{
	int fd;

	if (u->directories)
		return finish(u, place);
	if (!*place->name || !mkdirat(place->dir.fd, place->name, 0700))
		return 0;
	if (errno != EEXIST)
		return -errno;
	fd = broker_open_name(u->b, &place->dir, place->name, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0)
		close(fd);
	return fd < 0 ? -EPROTO : 0;
}

static int make_entry(struct unpack *u)
{
	struct layer_place place;
	int err = layer_place_open(u->b, u->e.path, &place);

	if (err)
		return err;
	if (u->h.kind == '5')
		err = make_directory(u, &place);
	else if (!*place.name)
		err = -EPROTO;
	else if (u->h.kind == '1')
		err = make_link(u, &place);
	else if (u->h.kind == '2')
		err = make_symlink(u, &place);
	else if (type_of(u->h.kind))
		err = make_file(u, &place);
	else
		err = -EPROTO;
	layer_place_close(u->b, &place);
	return err;
}

/* The entry whose header is u->h. */
static int take_entry(struct unpack *u)
{
	int err = fill_entry(u);

	if (err)
		return err;
	if (!u->directories || u->h.kind == '5')
		return make_entry(u);
	if (u->e.size > u->end - u->at)
		return -EPROTO;
	u->at += u->e.size;
	return take_padding(u);
}

static int unpack_pass(struct unpack *u)
{
	int err;

	u->at = 0;
	u->records_len = 0;
	for (;;) {
		err = take(u, &u->h, sizeof(u->h));
		if (err || is_zero((const char *)&u->h, sizeof(u->h)))
			return err;
		if (!sum_is_right(&u->h))
			return -EPROTO;
		/* 'g' is for all that follows: layer_pack.c's says nothing */
		err = u->h.kind == 'x' || u->h.kind == 'g' ? take_records(u) : take_entry(u);
		if (u->h.kind != 'x')
			u->records_len = 0;
		if (err)
			return err;
	}
}

int layer_unpack(struct broker *b, int tar_fd, uint64_t bytes)
{
	struct unpack *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return -ENOMEM;
	u->b = b;
	u->fd = tar_fd;
	u->end = bytes;
	err = unpack_pass(u);
	u->directories = true;
	if (!err)
		err = unpack_pass(u);
	free(u);
	return err;
}
