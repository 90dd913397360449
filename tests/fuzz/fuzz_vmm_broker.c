/*
 * Fuzzing of the broker: any bytes are taken for a series of messages, each with its
 * length before it (two bytes), and served from a directory with a little of
 * everything in it. Beside what the sanitizers see, it is a failure when a descriptor
 * is lost, when what is beside the directory changes or gets into RAM, and when an
 * answer has no length that an answer can have.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker_serve.h"

#define RAM_BYTES (64u << 10)
#define SECRET "what the guest must not see"
#define AFRESH 256 /* inputs, then the directory is made anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static char dir[64];
static uint8_t ram[RAM_BYTES];
static unsigned inputs;

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_vmm_broker: %s\n", what);
	abort();
}

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", dir, command);
	require(!system(line), "a command failed");
}

static void remove_all(void)
{
	shell("rm -rf in out");
	rmdir(dir);
}

static void make_afresh(void)
{
	if (!dir[0]) {
		snprintf(dir, sizeof(dir), "/tmp/lodger-fuzz.XXXXXX");
		require(mkdtemp(dir), "no directory");
		atexit(remove_all);
	}
	shell("chmod -R u+rwx . 2>/dev/null; rm -rf in out; mkdir in in/d out; echo x >in/f;"
	      "ln -s ../out in/l; mkfifo in/p; ln -s / in/d/a; echo '" SECRET "' >out/s");
}

static int open_below(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return open(path, O_PATH | O_CLOEXEC);
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(d))
		count++;
	closedir(d);
	return count;
}

static void check_secret(void)
{
	static char found[64];
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/out/s", dir);
	f = fopen(path, "r");
	require(f && fgets(found, sizeof(found), f) && !strcmp(found, SECRET "\n"),
		"a file outside was changed");
	fclose(f);
	require(!memmem(ram, sizeof(ram), SECRET, strlen(SECRET)), "a file outside was read");
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
		require(!n || (n >= sizeof(struct lodger_broker_reply) && n <= sizeof(reply)),
			"an answer of no length");
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
	before = descriptors();
	b = broker_create(ram, RAM_BYTES, geteuid(), getegid());
	require(b && !broker_add_root(b, open_below("in"), false) &&
			!broker_add_root(b, open_below("in"), true),
		"no broker");
	memset(ram, 0, sizeof(ram));
	serve_all(b, data, len_bytes);
	broker_destroy(b);
	require(descriptors() == before, "a descriptor was lost");
	check_secret();
	return 0;
}
