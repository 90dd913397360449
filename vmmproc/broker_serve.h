/*
 * The broker's work: one request of the guest kernel, carried out and answered.
 * Everything in a request is taken to be an attack (design: the wall between guest
 * kernel and host).
 *
 * A handle stands for a descriptor of a file that was found, name by name and never by
 * following a link, below what the command line names. Only regular files and
 * directories are opened; of devices there are no handles at all. Names are single components; "." and ".." are none.
 */
#ifndef VMMPROC_BROKER_SERVE_H
#define VMMPROC_BROKER_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/broker.h"

struct broker;

/*
 * A broker that moves contents between files and ram. uid and gid: whose files are
 * shown as root's. Opens /proc/self/fd, so call it in the process that is to serve.
 * NULL with errno.
 */
struct broker *broker_create(void *ram, uint64_t ram_bytes, uid_t uid, gid_t gid);
/* Closes all descriptors and frees. */
void broker_destroy(struct broker *b);

/* The next of the places that handles 0 and up stand for, opened with O_PATH; takes
 * over fd, also when it fails. 0 or -errno. */
int broker_add_root(struct broker *b, int fd, bool read_only);

/* The same for a file that is only written, from its beginning on, and open for that: it
 * may be a pipe. */
int broker_add_output(struct broker *b, int fd);

/*
 * Serves one message of len_bytes (of which as many as LODGER_BROKER_REQUEST_MAX are
 * at message). Fills reply, LODGER_BROKER_REPLY_MAX bytes of room, and returns the
 * answer's length; 0: there is none.
 */
size_t broker_serve(struct broker *b, const void *message, size_t len_bytes, void *reply);

/*
 * The same for a message to a helper, in any thread: the broker may serve meanwhile. Only
 * what abi/broker.h lets it do; always answered, by a reply without text.
 */
size_t broker_serve_apart(struct broker *b, const void *message, size_t len_bytes,
			  struct lodger_broker_reply *reply);
/* Starts threads that do that for whoever writes to fd's other end, until it is closed:
 * then the process ends. 0 or -errno. With all of them at their work. */
int broker_helpers_start(struct broker *b, int fd);

/* Do without openat2(2), as on hosts that have none. For tests. */
void broker_without_openat2(struct broker *b);

#endif
