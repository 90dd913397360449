/*
 * A broker for the tests of its answers, and raw messages to it, well-formed or not. What
 * is bound is a directory of the host, twice; beside it is one that is not.
 */
#ifndef TESTS_VMM_BROKER_RAW_H
#define TESTS_VMM_BROKER_RAW_H

#include "broker_serve.h"

#define RAW_RAM_BYTES (1u << 20)
#define READ_WRITE 0 /* handles of the two roots: the same directory, twice */
#define READ_ONLY 1

extern struct broker *raw_broker;
extern uint8_t *raw_ram;
extern char raw_dir[64]; /* raw_dir/in is bound, raw_dir/out is not */
union raw_reply {
	struct lodger_broker_reply head;
	char bytes[LODGER_BROKER_REPLY_MAX];
};
extern union raw_reply raw_reply; /* to what was asked last */

/* Fixtures. */
void raw_setup(void);
void raw_setup_without_openat2(void);
void raw_teardown(void);

/* A command in raw_dir, which must succeed. */
void raw_shell(const char *command);
struct lodger_broker_request raw_request(uint32_t op, uint32_t handle);
/* Sends rq with these strings, of whatever length and content. The error; 1: there was
 * no answer. */
int raw_send(struct lodger_broker_request rq, const char *name, size_t name_bytes,
	     const char *text, size_t text_bytes);
int raw_ask(struct lodger_broker_request rq, const char *name, const char *text);
int raw_lookup(uint32_t handle, const char *name);
/* A handle for name in handle. */
uint32_t raw_take(uint32_t handle, const char *name);
int raw_open_for(uint32_t handle, bool write);
int raw_transfer(uint32_t op, uint32_t handle, uint64_t at, uint64_t ram_at, uint64_t bytes);

#endif
