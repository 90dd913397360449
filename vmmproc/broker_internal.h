/* What the broker's files share: broker_check.c (is a request well-formed?),
 * broker_node.c (handles, opening names), broker_serve.c (operations). */
#ifndef VMMPROC_BROKER_INTERNAL_H
#define VMMPROC_BROKER_INTERNAL_H

#include <fcntl.h>
#include <sys/stat.h>

#include "broker_serve.h"

enum broker_access { BROKER_FREE = 0, BROKER_PATH, BROKER_READ, BROKER_WRITE };

struct broker_node {
	int fd;
	uint16_t generation; /* of the handle */
	uint8_t access;	     /* enum broker_access: how fd is open */
	uint8_t root;	     /* below which */
	uint32_t type;	     /* S_IFREG, S_IFDIR, S_IFLNK */
	uint32_t next_free;
};

struct broker_root {
	uint64_t mount_id; /* 0: the host does not tell */
	dev_t dev;
	bool read_only;
};

struct broker {
	uint8_t *ram;
	uint64_t ram_bytes;
	uid_t uid;
	gid_t gid;
	int proc_fd; /* /proc/self/fd */
	bool openat2;
	struct broker_root root[LODGER_MAX_BINDS];
	uint32_t root_count;
	struct broker_node *node;
	uint32_t node_count, first_free; /* ever used; 1 + index, 0 none */
};

/* --- broker_check.c ------------------------------------------------------------- */

/* A request with its strings, terminated. */
struct broker_request {
	struct lodger_broker_request head;
	char name[LODGER_BROKER_NAME_MAX + 1];
	char text[LODGER_BROKER_TEXT_MAX + 1];
};

/* Copies and checks a message by itself: 0, -EINVAL, -ENAMETOOLONG, -EPROTO. rq->head
 * is filled in as far as the message goes. */
int broker_check(struct broker_request *rq, const void *message, size_t len_bytes);
/* Does the operation change names in its directory? */
bool broker_op_renames(const struct lodger_broker_request *head);
/* Does the operation change what is below a root? */
bool broker_op_writes(const struct lodger_broker_request *head);

/* --- broker_node.c -------------------------------------------------------------- */

/* The node that a handle stands for, or NULL. */
struct broker_node *broker_node_of(struct broker *b, uint32_t handle);
/* A new node; takes over fd, also when it fails. Its handle, or -errno. */
int64_t broker_node_add(struct broker *b, int fd, uint32_t type, enum broker_access access,
			uint8_t root);
/* 0, or -EBADF (roots stay). */
int broker_node_close(struct broker *b, uint32_t handle);
/* Opens the name in a directory, no link followed, no mount crossed. fd or -errno. */
int broker_open_name(const struct broker *b, const struct broker_node *dir,
		     const char *name, int flags, mode_t mode);
/* Makes the node's descriptor one for reading, or writing too. 0 or -errno. */
int broker_node_open(struct broker *b, struct broker_node *node, bool write);
/* Name of the node's descriptor in b->proc_fd. */
struct broker_fd_name {
	char text[12];
};
struct broker_fd_name broker_fd_name(const struct broker_node *node);

/* Attributes of name in dir, or of dir itself where name is "". 0 or -errno. */
int broker_attr(const struct broker *b, const struct broker_node *dir, const char *name,
		struct lodger_broker_attr *attr);

#endif
