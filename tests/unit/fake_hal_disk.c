/* The fake machine's disks: memory of the test. See fake_hal.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fake_hal.h"
#include "abi/diskio.h"
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

/* --- helpers ------------------------------------------------------------------------- */

#define REQUESTS_MAX 16u

static struct lodger_diskio_request requests[REQUESTS_MAX];
static u32 request_count;
static bool answering; /* an interrupt takes answers only when some were waited for */

int diskio_submit(const struct lodger_diskio_request *req)
{
	check_range(req->file, req->at, req->bytes, req->op != LODGER_DISKIO_READ);
	/* nobody runs who could sleep */
	if (req->op != LODGER_DISKIO_WRITE)
		return -EAGAIN;
	requests[request_count++] = *req;
	return 0;
}

/* The last one first, and with what is in RAM by now. */
int diskio_answer(struct lodger_diskio_reply *reply)
{
	const struct lodger_diskio_request *req;
	u8 *data;

	if (!answering)
		return 0;
	answering = false;
	req = &requests[--request_count];
	*reply = (struct lodger_diskio_reply){ req->tag, fails() ? -EIO : 0 };
	data = malloc(req->bytes);
	ram_read((gpa_t){ req->ram_at }, data, req->bytes);
	if (fake_disk_hook)
		fake_disk_hook(req->file, req->at, data, req->bytes);
	if (!reply->result)
		memcpy(disks[req->file].data + req->at, data, req->bytes);
	free(data);
	return 1;
}

bool fake_disk_answer_due(void)
{
	answering = request_count > 0;
	return answering;
}

void diskio_await(void)
{
	fake_disk_answer_due();
}

void fake_disk_helped(void)
{
	struct lodger_boot *boot = fake_boot_info();

	boot->disk[boot->disk_count - 1].flags |= LODGER_DISK_HELPED;
}
