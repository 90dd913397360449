/*
 * Fuzzing of a layer's way into a directory: any bytes are taken for the stream that the
 * guest kernel wrote; header sums are put right, which no mutation would. Beside what the
 * sanitizers see, it is a failure when a descriptor is lost, when what is beside the
 * directory changes, or when what was made does not come back as a stream that can be
 * made again.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/tar.h"
#include "layer_internal.h"
#include "scratch.h"

#define BYTES_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

/* A memory file with the bytes, in which each block that could be a header is one. */
static int tar_of(const uint8_t *data, size_t len_bytes)
{
	static uint8_t bytes[BYTES_MAX];
	int fd = memfd_create("tar", MFD_CLOEXEC);
	size_t len = len_bytes < BYTES_MAX ? len_bytes : BYTES_MAX;

	memcpy(bytes, data, len);
	for (size_t at = 0; at + LODGER_TAR_BLOCK <= len; at += LODGER_TAR_BLOCK) {
		struct lodger_tar_header *h = (struct lodger_tar_header *)(bytes + at);

		if (memcmp(h->magic, "ustar", 5) != 0)
			continue;
		snprintf(h->check, sizeof(h->check), "%06o",
			 (unsigned)lodger_tar_sum(h, false) & 0777777);
	}
	scratch_require(fd >= 0 && write(fd, bytes, len) == (ssize_t)len, "no stream");
	return fd;
}

static struct broker *open_below(const char *name)
{
	struct broker *b = broker_create(NULL, 0, geteuid(), getegid());

	scratch_require(b && !broker_add_root(b, scratch_open(name), false), "no broker");
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

	scratch_require(!layer_pack(b, &sink), "what was made cannot be read");
	broker_destroy(b);
	scratch_shell("rm -rf in; mkdir in");
	err = unpack(tar);
	scratch_require(!err, "what was read cannot be made again");
	close(tar);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
	int before, tar, err;

	scratch_make();
	before = scratch_descriptors();
	tar = tar_of(data, len_bytes);
	err = unpack(tar);
	scratch_require(err <= 0 && err > -134, "an error of no number");
	close(tar);
	if (!err)
		and_back();
	scratch_require(scratch_descriptors() == before, "a descriptor was lost");
	scratch_check_outside();
	return 0;
}
