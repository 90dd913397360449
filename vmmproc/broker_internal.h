/* What the broker's files share: broker_check.c (is a request well-formed?),
 * broker_node.c (handles, opening names), broker_owner.c (whose a file is to the
 * guest), broker_xattr.c (its attributes), broker_serve.c (operations). */
#ifndef VMMPROC_BROKER_INTERNAL_H
#define VMMPROC_BROKER_INTERNAL_H

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "broker_serve.h"

enum broker_access { BROKER_FREE = 0, BROKER_PATH, BROKER_READ, BROKER_WRITE, BROKER_OUTPUT };

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
	/* Nodes change in the broker's first thread alone, with the lock held; its helpers
	 * hold it while they look at one. */
	pthread_mutex_t lock;
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
/* May a helper do what the well-formed request asks for? 0 or -EOPNOTSUPP. */
int broker_check_apart(const struct lodger_broker_request *head);
/* Is the name one in the directory that the handle stands for? */
bool broker_op_names(const struct lodger_broker_request *head);
/* Does the operation change names in its directory? */
bool broker_op_renames(const struct lodger_broker_request *head);
/* Does the operation change what is below a root? */
bool broker_op_writes(const struct lodger_broker_request *head);

/* --- broker_node.c -------------------------------------------------------------- */

/* The node that a handle stands for, or NULL. */
struct broker_node *broker_node_of(struct broker *b, uint32_t handle);
/* For a helper: a node like the handle's, with a descriptor of its own that is open for
 * reading at least, to be closed; it is in no table. 0, -EBADF, -EMFILE. */
int broker_node_copy(struct broker *b, uint32_t handle, struct broker_node *copy);
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

/* What the kernel calls a node's file, or a name in it, for calls that take no
 * descriptor. The last component is no link that is to be followed, but for name "". */
struct broker_path {
	char text[sizeof("/proc/self/fd//") + 11 + LODGER_BROKER_NAME_MAX];
};
struct broker_path broker_path(const struct broker_node *node, const char *name);

/* Attributes of name in dir, or of dir itself where name is "". 0 or -errno. */
int broker_attr(const struct broker *b, const struct broker_node *dir, const char *name,
		struct lodger_broker_attr *attr);
/* The same as the host has them, whatever the attribute of owners says. */
int broker_attr_host(const struct broker *b, const struct broker_node *dir, const char *name,
		     struct lodger_broker_attr *attr);

/* --- broker_owner.c ------------------------------------------------------------- */

/* attr, the host's of name in dir (or of dir, ""), becomes what the file is to the
 * guest, if it has an attribute of owners. */
void broker_owner_apply(const struct broker_node *dir, const char *name,
			struct lodger_broker_attr *attr);

/* What a file is to be: mode with its type, owner, device number. */
struct broker_owner {
	uint32_t mode, uid, gid;
	uint64_t rdev;
};
/* Makes node's file that to the guest. 0, also where the host keeps no such
 * attributes (what is shown tells), or -errno. */
int broker_owner_set(const struct broker *b, const struct broker_node *node,
		     const struct broker_owner *owner);
/* The same, but all of it or -errno (-EOPNOTSUPP: the file system has no attributes); and
 * the host's owner may always read and write the file. */
int broker_owner_keep(const struct broker *b, const struct broker_node *node,
		      const struct broker_owner *owner);
/* The same for a file that was just made, and what came of it into attr. -EXDEV: it
 * is not where it should be. */
int broker_owner_make(const struct broker *b, const struct broker_node *node,
		      const struct broker_owner *owner, struct lodger_broker_attr *attr);

/* --- broker_xattr.c ------------------------------------------------------------- */

/* Each of node, whose type allows it. name: user.*, not the attribute of owners. Length
 * or 0, or -errno. */
int64_t broker_xattr_get(const struct broker_node *node, const char *name, void *to,
			 size_t size);
int broker_xattr_set(const struct broker_node *node, const char *name, const void *value,
		     size_t size, int flags);
int broker_xattr_remove(const struct broker_node *node, const char *name);
int64_t broker_xattr_list(const struct broker_node *node, char *to, size_t size);

#endif
