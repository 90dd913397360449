/*
 * Requests under way: a slot each. It belongs to the task that sleeps in make() until
 * the answer has come, even if that task is to die: a helper may be writing to the
 * frames that it gave. Or, for a write, to nobody: fn hears of its end.
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
	diskio_done_fn *fn; /* or NULL: a task sleeps */
	void *arg;
} slots[SLOTS];

static struct slot *free_slot(void)
{
	for (u32 i = 0; i < SLOTS; i++) {
		if (!slots[i].used)
			return &slots[i];
	}
	return NULL;
}

/* A slot for a request that is under way now; NULL: there is none, or nobody to ask. */
static struct slot *submit(struct lodger_diskio_request *req)
{
	struct slot *slot = free_slot();

	if (!slot)
		return NULL;
	req->tag = (u32)(slot - slots);
	if (diskio_submit(req))
		return NULL;
	*slot = (struct slot){ .used = true };
	return slot;
}

static int make(struct lodger_diskio_request *req)
{
	struct slot *slot = submit(req);
	struct wait_entry we;

	if (!slot)
		return -EAGAIN;
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

	ram_written(to, len_bytes);
	return make(&req);
}

int diskio_flush(u32 file)
{
	struct lodger_diskio_request req = { .op = LODGER_DISKIO_FLUSH, .file = file };

	return make(&req);
}

int diskio_write_start(u32 file, u64 at, gpa_t from, size_t len_bytes,
		       diskio_done_fn *done, void *arg)
{
	struct lodger_diskio_request req = {
		.op = LODGER_DISKIO_WRITE,
		.file = file,
		.at = at,
		.ram_at = from.v,
		.bytes = (u32)len_bytes,
	};
	struct slot *slot = submit(&req);

	if (!slot)
		return -EAGAIN;
	slot->fn = done;
	slot->arg = arg;
	return 0;
}

static void finish(u32 tag, int result)
{
	struct slot *slot = &slots[tag];

	if (tag >= SLOTS || !slot->used || slot->done)
		return;
	result = result == -EAGAIN ? -EIO : result;
	if (slot->fn) {
		slot->used = false;
		slot->fn(slot->arg, result);
		return;
	}
	slot->result = result;
	slot->done = true;
	wake_up(&slot->wq);
}

void diskio_irq(void)
{
	struct lodger_diskio_reply reply;
	int got;

	while ((got = diskio_answer(&reply)) > 0)
		finish(reply.tag, reply.result);
	/* the helpers are no more: what they had is not done */
	for (u32 tag = 0; got < 0 && tag < SLOTS; tag++)
		finish(tag, -EIO);
}

void diskio_wait(void)
{
	diskio_await();
	diskio_irq();
}
