/* The fake machine's disks: memory of the test. See fake_hal.h. */
#include <errno.h>
#include <string.h>

#include "fake_hal.h"
#include "lib/bug.h"

static struct {
	u8 *data;
	u64 len_bytes;
	bool read_only;
} disks[LODGER_MAX_BLOCK_FILES];
static u32 file_count;

static u64 fail_at;
void (*fake_disk_hook)(u32 disk, u64 at, const void *data, u64 len_bytes);
struct fake_disk_counts fake_disk_counts;

u32 fake_block_file(void *data, u64 len_bytes)
{
	disks[file_count].data = data;
	disks[file_count].len_bytes = len_bytes;
	disks[file_count].read_only = false;
	return file_count++;
}

void fake_disk(void *data, u64 len_bytes, bool read_only)
{
	struct lodger_boot *boot = fake_boot_info();
	u32 n = fake_block_file(data, len_bytes);

	disks[n].read_only = read_only;
	boot->disk[boot->disk_count++] = (struct lodger_disk){
		.bytes = len_bytes,
		.flags = read_only ? LODGER_DISK_READ_ONLY : 0,
		.file = n,
	};
}

void fake_disk_fail_at(u64 n)
{
	fail_at = n;
}

/* What the policy would end the machine for. */
static void check_range(u32 file, u64 at, u64 len, bool write)
{
	if (file >= LODGER_MAX_BLOCK_FILES || !disks[file].data)
		panic("fake disk: no file %u", file);
	if (at > disks[file].len_bytes || len > disks[file].len_bytes - at)
		panic("fake disk: %llu bytes at %llu", (unsigned long long)len,
		      (unsigned long long)at);
	if (write && disks[file].read_only)
		panic("fake disk: a write to a read-only one");
}

static bool fails(void)
{
	if (!fail_at)
		return false;
	if (fail_at > 1)
		fail_at--;
	else
		return true;
	return false;
}

int blockfile_read(u32 file, u64 at, void *buf, size_t len_bytes)
{
	check_range(file, at, len_bytes, false);
	fake_disk_counts.reads++;
	if (fails())
		return -EIO;
	memcpy(buf, disks[file].data + at, len_bytes);
	return 0;
}

int blockfile_read_cached(u32 file, u64 at, void *buf, size_t len_bytes)
{
	return blockfile_read(file, at, buf, len_bytes);
}

/* There are no helpers. */
int diskio_submit(const struct lodger_diskio_request *req)
{
	(void)req;
	return -EBADF;
}

bool diskio_answer(struct lodger_diskio_reply *reply)
{
	(void)reply;
	return false;
}

int blockfile_write(u32 file, u64 at, const void *buf, size_t len_bytes)
{
	check_range(file, at, len_bytes, true);
	fake_disk_counts.writes++;
	if (fails())
		return -EIO;
	if (fake_disk_hook)
		fake_disk_hook(file, at, buf, len_bytes);
	memcpy(disks[file].data + at, buf, len_bytes);
	return 0;
}

int blockfile_flush(u32 file)
{
	check_range(file, 0, 0, true);
	fake_disk_counts.flushes++;
	if (fails())
		return -EIO;
	if (fake_disk_hook)
		fake_disk_hook(file, 0, NULL, 0);
	return 0;
}

int blockfile_discard(u32 file, u64 at, u64 len_bytes)
{
	check_range(file, at, len_bytes, true);
	memset(disks[file].data + at, 0, len_bytes);
	return 0;
}
