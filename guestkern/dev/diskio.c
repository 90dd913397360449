/*
 * Requests under way: a slot each, which belongs to the task that sleeps in make() until
 * the answer has come, even if that task is to die: a helper may be writing to the
 * frames that it gave.
 */
#include "dev/diskio.h"

#include "abi/diskio.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "proc/wait.h"

#define SLOTS 16u

static struct slot {
	struct wait_queue wq;
	bool used, done;
	int result;
} slots[SLOTS];

static struct slot *free_slot(void)
{
	for (u32 i = 0; i < SLOTS; i++) {
		if (!slots[i].used)
			return &slots[i];
	}
	return NULL;
}

static int make(struct lodger_diskio_request *req)
{
	struct slot *slot = free_slot();
	struct wait_entry we;

	if (!slot)
		return -EAGAIN;
	req->tag = (u32)(slot - slots);
	if (diskio_submit(req))
		return -EAGAIN;
	slot->used = true;
	slot->done = false;
	wait_queue_init(&slot->wq);
	wait_prepare(&slot->wq, &we);
	while (!slot->done)
		wait_sleep_through();
	wait_finish(&we);
	slot->used = false;
	return slot->result;
}

int diskio_read(u32 file, u64 at, gpa_t to, size_t len_bytes)
{
	struct lodger_diskio_request req = {
		.op = LODGER_DISKIO_READ,
		.file = file,
		.at = at,
		.ram_at = to.v,
		.bytes = (u32)len_bytes,
	};

	return make(&req);
}

int diskio_flush(u32 file)
{
	struct lodger_diskio_request req = { .op = LODGER_DISKIO_FLUSH, .file = file };

	return make(&req);
}

void diskio_irq(void)
{
	struct lodger_diskio_reply reply;

	while (diskio_answer(&reply)) {
		if (reply.tag >= SLOTS || !slots[reply.tag].used)
			continue;
		slots[reply.tag].result = reply.result == -EAGAIN ? -EIO : reply.result;
		slots[reply.tag].done = true;
		wake_up(&slots[reply.tag].wq);
	}
}
