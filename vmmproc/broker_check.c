/*
 * Is a message a request? Looks at nothing but the message: lengths, names, numbers.
 * What a handle stands for is not its business.
 */
#include <errno.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/xattr.h>
#include <string.h>

#include "broker_internal.h"

#define NS_PER_SECOND 1000000000u

/* What an operation takes. */
struct shape {
	enum { NAME_NONE = 0, NAME_ONE, NAME_MAYBE, NAME_XATTR } name;
	enum { TEXT_NONE = 0, TEXT_NAME, TEXT_TARGET, TEXT_VALUE } text;
	uint32_t flags;	 /* the ones that there are */
	bool writes, moves; /* changes what is on the host; has a place in RAM */
};

static const struct shape shapes[LODGER_BROKER_OPS] = {
	[LODGER_BROKER_LOOKUP] = { .name = NAME_ONE },
	[LODGER_BROKER_TAKE] = { .name = NAME_ONE },
	[LODGER_BROKER_CLOSE] = { 0 },
	[LODGER_BROKER_GETATTR] = { 0 },
	[LODGER_BROKER_OPEN] = { .flags = LODGER_BROKER_OPEN_WRITE },
	[LODGER_BROKER_READ] = { .flags = LODGER_BROKER_READ_CACHED, .moves = true },
	[LODGER_BROKER_WRITE] = { .moves = true, .writes = true },
	[LODGER_BROKER_LIST] = { .moves = true },
	[LODGER_BROKER_READLINK] = { .name = NAME_MAYBE },
	[LODGER_BROKER_CREATE] = { .name = NAME_ONE, .writes = true },
	[LODGER_BROKER_MKDIR] = { .name = NAME_ONE, .writes = true },
	[LODGER_BROKER_MKSPECIAL] = { .name = NAME_ONE,
				      .flags = LODGER_BROKER_MAKE_SOCKET |
					       LODGER_BROKER_MAKE_CHAR |
					       LODGER_BROKER_MAKE_BLOCK,
				      .writes = true },
	[LODGER_BROKER_SYMLINK] = { .name = NAME_ONE, .text = TEXT_TARGET, .writes = true },
	[LODGER_BROKER_LINK] = { .name = NAME_ONE, .writes = true },
	[LODGER_BROKER_UNLINK] = { .name = NAME_ONE, .writes = true },
	[LODGER_BROKER_RMDIR] = { .name = NAME_ONE, .writes = true },
	[LODGER_BROKER_RENAME] = { .name = NAME_ONE,
				   .text = TEXT_NAME,
				   .flags = RENAME_NOREPLACE | RENAME_EXCHANGE,
				   .writes = true },
	[LODGER_BROKER_SETATTR] = { .flags = LODGER_BROKER_SET_OWNER |
					     LODGER_BROKER_SET_SIZE |
					     LODGER_BROKER_SET_ATIME |
					     LODGER_BROKER_SET_MTIME,
				    .writes = true },
	[LODGER_BROKER_SYNC] = { 0 },
	[LODGER_BROKER_STATFS] = { 0 },
	[LODGER_BROKER_TMPFILE] = { .writes = true },
	[LODGER_BROKER_ALLOCATE] = { .flags = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
					      FALLOC_FL_ZERO_RANGE,
				     .writes = true },
	[LODGER_BROKER_GETXATTR] = { .name = NAME_XATTR },
	[LODGER_BROKER_SETXATTR] = { .name = NAME_XATTR,
				     .text = TEXT_VALUE,
				     .flags = XATTR_CREATE | XATTR_REPLACE,
				     .writes = true },
	[LODGER_BROKER_DELXATTR] = { .name = NAME_XATTR, .writes = true },
	[LODGER_BROKER_LISTXATTR] = { 0 },
};

/* One component, and none of those that lead elsewhere. */
static int check_name(const char *name, size_t len)
{
	if (!len || memchr(name, '/', len) || memchr(name, 0, len))
		return -EINVAL;
	if (len > LODGER_BROKER_NAME_MAX)
		return -ENAMETOOLONG;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	return 0;
}

/* A user's, and not that which says whose the file is. */
static int check_xattr(const char *name, size_t len)
{
	if (memchr(name, 0, len) || strncmp(name, XATTR_USER_PREFIX, XATTR_USER_PREFIX_LEN) != 0)
		return -EOPNOTSUPP;
	if (len == XATTR_USER_PREFIX_LEN)
		return -EINVAL;
	return strcmp(name, LODGER_BROKER_OWNER_XATTR) ? 0 : -EPERM;
}

static int check_strings(const struct broker_request *rq, const struct shape *shape)
{
	size_t name_bytes = rq->head.name_bytes, text_bytes = rq->head.text_bytes;
	int err = 0;

	if (shape->name == NAME_ONE || (shape->name == NAME_MAYBE && name_bytes))
		err = check_name(rq->name, name_bytes);
	else if (shape->name == NAME_XATTR)
		err = check_xattr(rq->name, name_bytes);
	else if (name_bytes)
		err = -EINVAL;
	if (err)
		return err;
	switch (shape->text) {
	case TEXT_NONE:
		return text_bytes ? -EINVAL : 0;
	case TEXT_NAME:
		return check_name(rq->text, text_bytes);
	case TEXT_TARGET:
		return !text_bytes || memchr(rq->text, 0, text_bytes) ? -EINVAL : 0;
	case TEXT_VALUE:
		return 0;
	}
	return -EINVAL;
}

static int check_numbers(const struct lodger_broker_request *head, const struct shape *shape)
{
	if (head->flags & ~shape->flags)
		return -EINVAL;
	if ((head->flags & RENAME_EXCHANGE) && (head->flags & RENAME_NOREPLACE) &&
	    head->op == LODGER_BROKER_RENAME)
		return -EINVAL;
	if (head->offset > INT64_MAX || head->atime_ns >= NS_PER_SECOND ||
	    head->mtime_ns >= NS_PER_SECOND || head->mode & ~07777u)
		return -EINVAL;
	if (head->op == LODGER_BROKER_ALLOCATE && (!head->bytes || head->bytes > INT64_MAX - head->offset))
		return -EINVAL;
	if (!shape->moves)
		return 0;
	if (!head->bytes || head->bytes > LODGER_BROKER_IO_MAX)
		return -EINVAL;
	/* the position in a directory is what the host has made of it */
	if (head->op != LODGER_BROKER_LIST && head->bytes > INT64_MAX - head->offset)
		return -EINVAL;
	return 0;
}

int broker_check(struct broker_request *rq, const void *message, size_t len_bytes)
{
	const char *strings = (const char *)message + sizeof(rq->head);
	const struct shape *shape;
	int err;

	memset(&rq->head, 0, sizeof(rq->head));
	rq->name[0] = rq->text[0] = '\0';
	if (len_bytes < sizeof(rq->head))
		return -EPROTO;
	memcpy(&rq->head, message, sizeof(rq->head));
	if (rq->head.magic != LODGER_BROKER_MAGIC || !rq->head.op ||
	    rq->head.op >= LODGER_BROKER_OPS)
		return -EPROTO;
	if (rq->head.name_bytes > LODGER_BROKER_NAME_MAX ||
	    rq->head.text_bytes > LODGER_BROKER_TEXT_MAX)
		return -ENAMETOOLONG;
	if (len_bytes != sizeof(rq->head) + rq->head.name_bytes + rq->head.text_bytes)
		return -EPROTO;
	memcpy(rq->name, strings, rq->head.name_bytes);
	rq->name[rq->head.name_bytes] = '\0';
	memcpy(rq->text, strings + rq->head.name_bytes, rq->head.text_bytes);
	rq->text[rq->head.text_bytes] = '\0';
	shape = &shapes[rq->head.op];
	err = check_numbers(&rq->head, shape);
	return err ? err : check_strings(rq, shape);
}

int broker_check_apart(const struct lodger_broker_request *head)
{
	if (head->closes || (head->op != LODGER_BROKER_READ && head->op != LODGER_BROKER_SYNC))
		return -EOPNOTSUPP;
	return 0;
}

bool broker_op_names(const struct lodger_broker_request *head)
{
	return shapes[head->op].name == NAME_ONE || shapes[head->op].name == NAME_MAYBE;
}

bool broker_op_renames(const struct lodger_broker_request *head)
{
	return shapes[head->op].writes && shapes[head->op].name == NAME_ONE;
}

bool broker_op_writes(const struct lodger_broker_request *head)
{
	return shapes[head->op].writes ||
	       (head->op == LODGER_BROKER_OPEN && head->flags & LODGER_BROKER_OPEN_WRITE);
}
