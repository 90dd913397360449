/* See broker_raw.h. */
#include "broker_raw.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct broker *raw_broker;
uint8_t *raw_ram;
char raw_dir[64];
union raw_reply raw_reply;

void raw_shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", raw_dir, command);
	ck_assert_int_eq(system(line), 0);
}

static void add_root(const char *name, bool read_only)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", raw_dir, name);
	ck_assert_int_eq(broker_add_root(raw_broker, open(path, O_PATH | O_CLOEXEC), read_only), 0);
}

void raw_setup(void)
{
	snprintf(raw_dir, sizeof(raw_dir), "/tmp/lodger-vmm.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(raw_dir));
	raw_shell("mkdir in in/sub out && echo in >in/file && echo secret >out/secret &&"
	      "ln -s ../out in/link && ln -s /proc/self/fd in/magic && mkfifo in/fifo &&"
	      "ln -s ../../out/secret in/sub/up");
	raw_ram = calloc(1, RAW_RAM_BYTES);
	raw_broker = broker_create(raw_ram, RAW_RAM_BYTES, geteuid(), getegid());
	ck_assert_ptr_nonnull(raw_broker);
	add_root("in", false);
	add_root("in", true);
}

void raw_setup_without_openat2(void)
{
	raw_setup();
	broker_without_openat2(raw_broker);
}

void raw_teardown(void)
{
	raw_shell("rm -rf in out moved");
	rmdir(raw_dir);
	broker_destroy(raw_broker);
	free(raw_ram);
}

struct lodger_broker_request raw_request(uint32_t op, uint32_t handle)
{
	return (struct lodger_broker_request){ .magic = LODGER_BROKER_MAGIC,
					       .seq = 7,
					       .op = op,
					       .handle = handle };
}

/* Sends rq with these strings, of whatever length and content. */
int raw_send(struct lodger_broker_request rq, const char *name, size_t name_bytes,
		    const char *text, size_t text_bytes)
{
	char message[sizeof(rq) + 70000];

	rq.name_bytes = (uint16_t)name_bytes;
	rq.text_bytes = (uint16_t)text_bytes;
	memcpy(message, &rq, sizeof(rq));
	if (name_bytes)
		memcpy(message + sizeof(rq), name, name_bytes);
	if (text_bytes)
		memcpy(message + sizeof(rq) + name_bytes, text, text_bytes);
	if (!broker_serve(raw_broker, message, sizeof(rq) + name_bytes + text_bytes, &raw_reply))
		return 1; /* no answer */
	ck_assert_uint_eq(raw_reply.head.seq, 7);
	return raw_reply.head.error;
}

int raw_ask(struct lodger_broker_request rq, const char *name, const char *text)
{
	return raw_send(rq, name, name ? strlen(name) : 0, text, text ? strlen(text) : 0);
}

int raw_lookup(uint32_t handle, const char *name)
{
	return raw_ask(raw_request(LODGER_BROKER_LOOKUP, handle), name, NULL);
}

/* A handle for name in handle. */
uint32_t raw_take(uint32_t handle, const char *name)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_TAKE, handle);

	ck_assert_int_eq(raw_lookup(handle, name), 0);
	rq.ino = raw_reply.head.attr.ino;
	ck_assert_int_eq(raw_ask(rq, name, NULL), 0);
	return raw_reply.head.handle;
}

int raw_open_for(uint32_t handle, bool write)
{
	struct lodger_broker_request rq = raw_request(LODGER_BROKER_OPEN, handle);

	rq.flags = write ? LODGER_BROKER_OPEN_WRITE : 0;
	return raw_ask(rq, NULL, NULL);
}

int raw_transfer(uint32_t op, uint32_t handle, uint64_t at, uint64_t ram_at, uint64_t bytes)
{
	struct lodger_broker_request rq = raw_request(op, handle);

	rq.offset = at;
	rq.ram_at = ram_at;
	rq.bytes = bytes;
	return raw_ask(rq, NULL, NULL);
}
