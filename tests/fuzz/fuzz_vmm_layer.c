/*
 * Fuzzing of a layer's way into a directory: any bytes are taken for the stream that the
 * guest kernel wrote; header sums are put right, which no mutation would. Beside what the
 * sanitizers see, it is a failure when a descriptor is lost, when what is beside the
 * directory changes, or when what was made does not come back as a stream that can be
 * made again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "abi/tar.h"
#include "layer_internal.h"

#define SECRET "what the guest must not touch"
#define BYTES_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

static char dir[64];

static void require(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz_vmm_layer: %s\n", what);
	abort();
}

static void shell(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && { %s; }", dir, command);
	require(!system(line), command);
}

static void remove_all(void)
{
	shell("rm -rf in out");
	rmdir(dir);
}

static void make_afresh(void)
{
	if (dir[0]) {
		shell("rm -rf in; mkdir in");
		return;
	}
	snprintf(dir, sizeof(dir), "/tmp/lodger-fuzz.XXXXXX");
	require(mkdtemp(dir), "no directory");
	atexit(remove_all);
	shell("mkdir in out; echo '" SECRET "' >out/s");
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
	char found[64], path[128];
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/out/s", dir);
	f = fopen(path, "r");
	require(f && fgets(found, sizeof(found), f) && !strcmp(found, SECRET "\n") &&
			!fstat(fileno(f), &st) && st.st_nlink == 1,
		"a file outside was changed");
	fclose(f);
	snprintf(path, sizeof(path), "%s/out", dir);
	require(!stat(path, &st) && st.st_nlink == 2, "a directory was made outside");
}

/* A memory file with the bytes, in which each block that could be a header is one. */
static int tar_of(const uint8_t *data, size_t len_bytes)
{
	static uint8_t bytes[BYTES_MAX];
	int fd = memfd_create("tar", MFD_CLOEXEC);
	size_t len = len_bytes < BYTES_MAX ? len_bytes : BYTES_MAX;

	memcpy(bytes, data, len);
	for (size_t at = 0; at + LODGER_TAR_BLOCK <= len; at += LODGER_TAR_BLOCK) {
		struct lodger_tar_header *h = (struct lodger_tar_header *)(bytes + at);
		unsigned sum = 0;

		if (memcmp(h->magic, "ustar", 5) != 0)
			continue;
		memset(h->check, ' ', sizeof(h->check));
		for (size_t i = 0; i < LODGER_TAR_BLOCK; i++)
			sum += bytes[at + i];
		snprintf(h->check, sizeof(h->check), "%06o", sum & 0777777);
	}
	require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "no stream");
	return fd;
}

static struct broker *open_below(const char *name)
{
	struct broker *b = broker_create(NULL, 0, geteuid(), getegid());
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	require(b && !broker_add_root(b, open(path, O_PATH | O_CLOEXEC), false), "no broker");
	return b;
}

static int unpack(int tar)
{
	struct broker *b = open_below("in");
	int err = layer_unpack(b, tar, (uint64_t)lseek(tar, 0, SEEK_END));

	broker_destroy(b);
	return err;
}

static void and_back(void)
{
	int tar = memfd_create("tar", MFD_CLOEXEC), err;
	struct root_sink sink = { .fd = tar, .memory = true, .limit_bytes = 64u << 20 };
	struct broker *b = open_below("in");

	require(!layer_pack(b, &sink), "what was made cannot be read");
	broker_destroy(b);
	shell("rm -rf in; mkdir in");
	err = unpack(tar);
	require(!err, "what was read cannot be made again");
	close(tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	int before, tar, err;

	make_afresh();
	before = descriptors();
	tar = tar_of(data, len_bytes);
	err = unpack(tar);
	require(err <= 0 && err > -134, "an error of no number");
	close(tar);
	if (!err)
		and_back();
	require(descriptors() == before, "a descriptor was lost");
	check_secret();
	return 0;
}
