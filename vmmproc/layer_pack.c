/*
 * A directory that holds a layer as a stream, as the guest kernel unpacks it: parents
 * before what is in them, whiteouts before the names beside them, one name of a file with
 * several whole and the others as links. What files are to the guest the broker's
 * functions say: the same as for a directory that is bound. The directory may have been
 * made by another program, and be changed while it is read; no link in it is followed.
 *
 * Left out: sockets, devices of the host.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "abi/tar.h"
#include "layer_internal.h"

#define BLOCK LODGER_TAR_BLOCK
#define COPY_BYTES 65536u
#define NAMES_BYTES 65536u /* of attributes: XATTR_LIST_MAX */
#define VALUE_BYTES LODGER_BROKER_TEXT_MAX

struct pending { /* a directory whose names are to come */
	struct pending *next;
	char path[PATH_MAX];
};

struct link {
	uint64_t dev, ino;
	char *path;
};

struct pack {
	struct broker *b;
	struct root_sink *sink;
	struct pending *pending;
	void *links;
	char path[PATH_MAX], target[PATH_MAX];
	size_t records_len;
	char records[LODGER_TAR_RECORDS_MAX];
	char names[NAMES_BYTES];
	char copy[COPY_BYTES];
};

/* --- headers ------------------------------------------------------------------------ */

static int pad(struct pack *p)
{
	static const char zeros[BLOCK];

	return root_sink_write(p->sink, zeros, -p->sink->bytes & (BLOCK - 1));
}

static int put_header(struct pack *p, char kind, uint32_t mode, uint64_t size, uint64_t rdev)
{
	struct lodger_tar_header h = { .kind = kind, .name = "entry", .magic = "ustar",
				       .version = { '0', '0' } };

	snprintf(h.mode, sizeof(h.mode), "%07o", mode & 07777);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.mtime, sizeof(h.mtime), "%011o", 0);
	snprintf(h.size, sizeof(h.size), "%011llo", (unsigned long long)size & 077777777777ull);
	snprintf(h.major, sizeof(h.major), "%07o", major(rdev) & 0xfff);
	snprintf(h.minor, sizeof(h.minor), "%07o", minor(rdev) & 0xfffff);
	snprintf(h.check, sizeof(h.check), "%06o",
		 (unsigned)lodger_tar_sum(&h, false) & 0777777);
	h.check[sizeof(h.check) - 1] = ' ';
	return root_sink_write(p->sink, &h, sizeof(h));
}

/* "LENGTH KEY=VALUE\n", the length that of all of it. */
static int add_record(struct pack *p, const char *prefix, const char *key, const void *value,
		      size_t value_len)
{
	size_t rest = strlen(prefix) + strlen(key) + value_len + 3, len = rest + 1;
	char *to = p->records + p->records_len;

	for (size_t ten = 10; ten <= len; ten *= 10)
		len++;
	if (len + 1 > sizeof(p->records) - p->records_len)
		return -E2BIG;
	to += sprintf(to, "%zu %s%s=", len, prefix, key);
	memcpy(to, value, value_len);
	to[value_len] = '\n';
	p->records_len += len;
	return 0;
}

static int add_text(struct pack *p, const char *key, const char *text)
{
	return add_record(p, "", key, text, strlen(text));
}

static int add_number(struct pack *p, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return add_text(p, key, text);
}

/* A fraction counts from zero on, also downwards. */
static int add_mtime(struct pack *p, const struct lodger_broker_attr *attr)
{
	bool down = attr->mtime < 0 && attr->mtime_ns;
	long long sec = down ? -(attr->mtime + 1) : attr->mtime;
	char text[48];

	snprintf(text, sizeof(text), "%s%lld.%09u", down ? "-" : "", sec,
		 down ? 1000000000u - attr->mtime_ns : attr->mtime_ns);
	return add_text(p, "mtime", text);
}

static int add_attributes(struct pack *p, const struct broker_node *node)
{
	const size_t hidden = strlen(LODGER_BROKER_HIDDEN_XATTR);
	int64_t n = broker_xattr_list(node, p->names, sizeof(p->names));
	const char *end = p->names + n;
	int err = 0;

	if (n < 0)
		return (int)n;
	for (const char *name = p->names; name < end && !err; name += strlen(name) + 1) {
		bool is_hidden = !strncmp(name, LODGER_BROKER_HIDDEN_XATTR, hidden);
		int64_t len = broker_xattr_get(node, name, p->copy, VALUE_BYTES);

		err = len < 0 ? (int)len :
				add_record(p, LODGER_TAR_XATTR_KEY, name + (is_hidden ? hidden : 0),
					   p->copy, (size_t)len);
	}
	return err;
}

/* Both headers of p->path. */
static int put_entry(struct pack *p, char kind, const struct lodger_broker_attr *attr,
		     const char *target)
{
	uint64_t size = kind == '0' ? attr->size : 0;
	int err = add_text(p, "path", p->path);

	if (!err && target)
		err = add_text(p, "linkpath", target);
	if (!err)
		err = add_number(p, "uid", attr->uid);
	if (!err)
		err = add_number(p, "gid", attr->gid);
	if (!err)
		err = add_number(p, "size", size);
	if (!err)
		err = add_mtime(p, attr);
	if (!err)
		err = put_header(p, 'x', 0644, p->records_len, 0);
	if (!err)
		err = root_sink_write(p->sink, p->records, p->records_len);
	if (!err)
		err = pad(p);
	return err ? err : put_header(p, kind, attr->mode, size, attr->rdev);
}

/* --- files -------------------------------------------------------------------------- */

static int compare_links(const void *left, const void *right)
{
	const struct link *a = left, *b = right;

	if (a->ino != b->ino)
		return a->ino < b->ino ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev;
}

static void free_link(void *node)
{
	struct link *link = node;

	free(link->path);
	free(link);
}

/* *first: the name under which the file was written, or NULL: it is now. */
static int first_name(struct pack *p, const struct lodger_broker_attr *attr, const char **first)
{
	struct link *link, **found;

	*first = NULL;
	if (attr->nlink < 2)
		return 0;
	link = calloc(1, sizeof(*link));
	if (!link)
		return -ENOMEM;
	*link = (struct link){ attr->dev, attr->ino, strdup(p->path) };
	found = link->path ? tsearch(link, &p->links, compare_links) : NULL;
	if (found && *found == link)
		return 0;
	free_link(link);
	if (found)
		*first = (*found)->path;
	return found ? 0 : -ENOMEM;
}

static int put_contents(struct pack *p, const struct broker_node *node, uint64_t size)
{
	int fd = openat(p->b->proc_fd, broker_fd_name(node).text,
			O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int err = 0;

	if (fd < 0)
		return -errno;
	for (uint64_t at = 0; at < size && !err;) {
		size_t want = size - at < COPY_BYTES ? (size_t)(size - at) : COPY_BYTES;
		ssize_t n = pread(fd, p->copy, want, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) /* shorter than it was a moment ago */
			err = n ? -errno : -EIO;
		else
			err = root_sink_write(p->sink, p->copy, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
	}
	close(fd);
	return err ? err : pad(p);
}

static int put_symlink(struct pack *p, const struct layer_place *place,
		       const struct lodger_broker_attr *attr)
{
	ssize_t n = readlinkat(place->dir.fd, place->name, p->target, sizeof(p->target) - 1);

	if (n < 0)
		return -errno;
	p->target[n] = '\0';
	return put_entry(p, '2', attr, p->target);
}

static int put_directory(struct pack *p, const struct lodger_broker_attr *attr)
{
	struct pending *next;
	int err = put_entry(p, '5', attr, NULL);

	if (err || !strcmp(p->path, "."))
		return err;
	next = malloc(sizeof(*next));
	if (!next)
		return -ENOMEM;
	strcpy(next->path, p->path);
	next->next = p->pending;
	p->pending = next;
	return 0;
}

/* What is at the node, named p->path, is something with contents or attributes. */
static int put_node(struct pack *p, const struct broker_node *node,
		    const struct lodger_broker_attr *attr)
{
	int err = attr->flags & LODGER_BROKER_XATTRS ? add_attributes(p, node) : 0;

	if (err)
		return err;
	switch (attr->mode & S_IFMT) {
	case S_IFREG:
		err = put_entry(p, '0', attr, NULL);
		return err ? err : put_contents(p, node, attr->size);
	case S_IFDIR:
		return put_directory(p, attr);
	case S_IFIFO:
		return put_entry(p, '6', attr, NULL);
	case S_IFCHR:
	case S_IFBLK:
		if (!attr->rdev) /* the host's */
			return 0;
		return put_entry(p, S_ISCHR(attr->mode) ? '3' : '4', attr, NULL);
	default:
		return 0;
	}
}

static int put_name(struct pack *p, const struct layer_place *place)
{
	struct lodger_broker_attr attr;
	struct broker_node node = place->dir;
	const char *first;
	int err = broker_attr(p->b, &place->dir, place->name, &attr);

	if (!err && attr.flags & LODGER_BROKER_COVERED)
		err = -EXDEV;
	if (err)
		return err;
	p->records_len = 0;
	err = S_ISDIR(attr.mode) || S_ISSOCK(attr.mode) ? 0 : first_name(p, &attr, &first);
	if (err)
		return err;
	if (!S_ISDIR(attr.mode) && !S_ISSOCK(attr.mode) && first)
		return put_entry(p, '1', &attr, first);
	if (S_ISLNK(attr.mode))
		return put_symlink(p, place, &attr);
	if (*place->name)
		node.fd = broker_open_name(p->b, &place->dir, place->name, O_PATH, 0);
	if (node.fd < 0)
		return node.fd;
	err = put_node(p, &node, &attr);
	if (*place->name)
		close(node.fd);
	return err;
}

/* --- directories ---------------------------------------------------------------------- */

static int rank(const char *name)
{
	if (!strcmp(name, LODGER_LAYER_OPAQUE))
		return 0;
	return strncmp(name, LODGER_LAYER_WHITEOUT, strlen(LODGER_LAYER_WHITEOUT)) != 0 ? 2 : 1;
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
	int by_rank = rank((*a)->d_name) - rank((*b)->d_name);

	return by_rank ? by_rank : strcmp((*a)->d_name, (*b)->d_name);
}

static int is_name(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static int put_child(struct pack *p, const char *path, const char *name,
		     const struct broker_node *dir)
{
	struct layer_place place = { .dir = *dir };
	int n = !strcmp(path, ".") ? snprintf(p->path, sizeof(p->path), "%s", name) :
				     snprintf(p->path, sizeof(p->path), "%s/%s", path, name);

	if (n >= (int)sizeof(p->path))
		return -ENAMETOOLONG;
	strcpy(place.name, name);
	return put_name(p, &place);
}

/* The names in the directory, which is open as node. The root is only worth an entry
 * if there is something in it. */
static int put_names(struct pack *p, const char *path, const struct broker_node *node)
{
	struct layer_place root = { .dir = *node };
	struct dirent **names;
	int err = 0, count = scandirat(p->b->proc_fd, broker_fd_name(node).text, &names, is_name,
				       compare_names);

	if (count < 0)
		return -errno;
	strcpy(p->path, ".");
	if (count && !strcmp(path, "."))
		err = put_name(p, &root);
	for (int i = 0; i < count; i++) {
		if (!err)
			err = put_child(p, path, names[i]->d_name, node);
		free(names[i]);
	}
	free(names);
	return err;
}

static int put_pending(struct pack *p)
{
	struct pending *now = p->pending;
	struct layer_place place;
	struct broker_node node;
	int err = layer_place_open(p->b, now->path, &place);

	p->pending = now->next;
	if (!err) {
		node = place.dir;
		node.fd = broker_open_name(p->b, &place.dir, place.name, O_PATH | O_DIRECTORY, 0);
		err = node.fd < 0 ? node.fd : put_names(p, now->path, &node);
		if (node.fd >= 0)
			close(node.fd);
		layer_place_close(p->b, &place);
	}
	free(now);
	return err;
}

static void free_all(struct pack *p)
{
	struct pending *next;

	for (; p->pending; p->pending = next) {
		next = p->pending->next;
		free(p->pending);
	}
	tdestroy(p->links, free_link);
	free(p);
}

int layer_pack(struct broker *b, struct root_sink *sink)
{
	static const char zeros[2 * BLOCK];
	struct pack *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->b = b;
	p->sink = sink;
	/* says nothing but that this is a tar, be it empty */
	err = put_header(p, 'g', 0644, 0, 0);
	if (!err)
		err = put_names(p, ".", broker_node_of(b, 0));
	while (!err && p->pending)
		err = put_pending(p);
	if (!err)
		err = root_sink_write(sink, zeros, sizeof(zeros));
	free_all(p);
	return err;
}
