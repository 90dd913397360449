/*
 * Reading and writing files of procfs. The content is made at the first read (or
 * a read at position 0) and kept in the description until its end was read, so
 * that a reader in pieces sees one state; nothing is kept for who does not read.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "fs/file_internal.h"
#include "fs/procfs.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define TEXT_FIRST_BYTES 1024
#define TEXT_MAX_BYTES (256 << 10)
#define WRITE_MAX_BYTES 256

/* file->private while there is something to read. */
struct proc_content {
	size_t len;
	char *text;
};

static struct proc_node *file_node(const struct file *f)
{
	return f->inode->private;
}

int proc_show(const struct proc_node *node, char **text, size_t *len)
{
	size_t size = TEXT_FIRST_BYTES;
	struct proc_target t;
	struct textbuf tb;
	char *data;
	int err;

	for (;; size *= 2) {
		err = proc_node_target(node, &t);
		if (err)
			return err;
		data = kmalloc(size);
		if (!data)
			return -ENOMEM;
		textbuf_init(&tb, data, size);
		err = node->entry->show(&tb, &t);
		if (err)
			break;
		if (tb.len + 1 < size || size >= TEXT_MAX_BYTES) {
			*text = data;
			*len = tb.len;
			return 0;
		}
		kfree(data); /* cut off: once more with twice the room */
	}
	kfree(data);
	return err;
}

static void drop_content(struct file *f)
{
	struct proc_content *c = f->private;

	f->private = NULL;
	if (!c)
		return;
	kfree(c->text);
	kfree(c);
}

static int make_content(struct file *f)
{
	struct proc_content *c = kmalloc(sizeof(*c));
	int err;

	drop_content(f);
	if (!c)
		return -ENOMEM;
	err = proc_show(file_node(f), &c->text, &c->len);
	if (err) {
		kfree(c);
		return err;
	}
	f->private = c;
	return 0;
}

static s64 proc_file_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	struct proc_content *c;
	size_t n;
	int err;

	if (!file_node(f)->entry->show)
		return -EINVAL;
	if (buf->len == 0)
		return 0;
	if (*pos == 0) {
		err = make_content(f);
		if (err)
			return err;
	}
	c = f->private;
	if (!c || *pos < 0 || (u64)*pos >= c->len) {
		drop_content(f);
		return 0;
	}
	n = MIN(c->len - (size_t)*pos, buf->len);
	/* Ours alone while it is copied: that may sleep. */
	f->private = NULL;
	err = iobuf_put(buf, c->text + *pos, n);
	drop_content(f);
	f->private = c;
	if (err)
		return -EFAULT;
	*pos += (s64)n;
	return (s64)n;
}

static s64 proc_file_write(struct file *f, struct iobuf *buf, s64 *pos)
{
	const struct proc_node *node = file_node(f);
	char text[WRITE_MAX_BYTES];
	struct proc_target t;
	size_t len = buf->len, line;
	int err;

	if (!node->entry->write)
		return -EIO; /* as Linux, for files without a writer */
	if (len >= sizeof(text))
		return -EINVAL;
	err = iobuf_get(buf, text, len);
	if (!err)
		err = proc_node_target(node, &t);
	if (err)
		return err;
	line = len && text[len - 1] == '\n' ? len - 1 : len;
	text[line] = '\0';
	*pos += (s64)len;
	err = node->entry->write(&t, text, line);
	return err ? err : (s64)len;
}

const struct file_ops proc_file_ops = {
	.read = proc_file_read,
	.write = proc_file_write,
	.lseek = file_plain_lseek,
	.release = drop_content,
};

const struct file_ops proc_mounts_ops = {
	.read = proc_file_read,
	.lseek = file_plain_lseek,
	.poll = proc_mounts_poll,
	.open = proc_mounts_open,
	.release = drop_content,
};
