/*
 * Fuzzing of the broker: any bytes are taken for a series of messages, each with its
 * length before it (two bytes), and served from a directory with a little of
 * everything in it. Beside what the sanitizers see, it is a failure when a descriptor
 * is lost, when what is beside the directory changes or gets into RAM, and when an
 * answer has no length that an answer can have.
 */
#include <string.h>
#include <unistd.h>

#include "broker_serve.h"
#include "scratch.h"

#define RAM_BYTES (64u << 10)
#define AFRESH 256 /* inputs, then the directory is made anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static uint8_t ram[RAM_BYTES];
static unsigned inputs;

static void make_afresh(void)
{
	scratch_make();
	scratch_shell("mkdir in/d; echo x >in/f; ln -s ../out in/l; mkfifo in/p;"
		      "ln -s / in/d/a");
}

static void serve_all(struct broker *b, const uint8_t *data, size_t len_bytes)
{
	static char reply[LODGER_BROKER_REPLY_MAX];

	while (len_bytes >= 2) {
		size_t len = data[0] | (size_t)data[1] << 8, n;

		data += 2;
		len_bytes -= 2;
		if (len > len_bytes)
			len = len_bytes;
		n = broker_serve(b, data, len, reply);
		scratch_require(!n || (n >= sizeof(struct lodger_broker_reply) && n <= sizeof(reply)),
			"an answer of no length");
		n = broker_serve_apart(b, data, len, (void *)reply);
		scratch_require(n == sizeof(struct lodger_broker_reply),
				"a helper's answer of no length");
		data += len;
		len_bytes -= len;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	struct broker *b;
	int before;

	if (inputs++ % AFRESH == 0)
		make_afresh();
	before = scratch_descriptors();
	b = broker_create(ram, RAM_BYTES, geteuid(), getegid());
	scratch_require(b && !broker_add_root(b, scratch_open("in"), false) &&
			!broker_add_root(b, scratch_open("in"), true),
		"no broker");
	memset(ram, 0, sizeof(ram));
	serve_all(b, data, len_bytes);
	broker_destroy(b);
	scratch_require(scratch_descriptors() == before, "a descriptor was lost");
	scratch_check_outside();
	scratch_require(!memmem(ram, sizeof(ram), SCRATCH_SECRET, strlen(SCRATCH_SECRET)),
			"a file outside was read");
	return 0;
}
