/*
 * Requests under way: a slot each, the task's that sleeps until the answer has come, even
 * if that task is to die: a helper may be writing to the frames that it gave.
 */
#include "dev/hostio.h"

#include "abi/broker.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "proc/task.h"
#include "proc/wait.h"

#define SLOTS 16u

static struct slot {
	struct wait_queue wq;
	bool used, done;
	u32 seq;
	struct lodger_broker_reply *reply; /* where the answer goes */
} slots[SLOTS];
static u32 next_seq;

static struct slot *free_slot(void)
{
	for (u32 i = 0; i < SLOTS; i++) {
		if (!slots[i].used)
			return &slots[i];
	}
	return NULL;
}

int hostio_exchange(struct lodger_broker_request *req, struct lodger_broker_reply *reply)
{
	struct slot *slot = current_task() ? free_slot() : NULL;
	struct wait_entry we;

	if (!slot)
		return -EAGAIN;
	req->seq = ++next_seq;
	*slot = (struct slot){ .used = true, .seq = req->seq, .reply = reply };
	wait_queue_init(&slot->wq);
	if (hostio_submit(req)) {
		slot->used = false;
		return -EAGAIN;
	}
	wait_prepare(&slot->wq, &we);
	while (!slot->done)
		wait_sleep_through();
	wait_finish(&we);
	slot->used = false;
	return 0;
}

static void finish(struct slot *slot, const struct lodger_broker_reply *reply)
{
	*slot->reply = *reply;
	slot->reply->seq = slot->seq;
	slot->done = true;
	wake_up(&slot->wq);
}

void hostio_irq(void)
{
	struct lodger_broker_reply reply;
	int got;

	while ((got = hostio_answer(&reply)) > 0) {
		for (u32 i = 0; i < SLOTS; i++) {
			if (slots[i].used && !slots[i].done && slots[i].seq == reply.seq)
				finish(&slots[i], &reply);
		}
	}
	if (!got)
		return;
	/* the helpers are no more: what they had is not done */
	reply = (struct lodger_broker_reply){ .error = -EIO };
	for (u32 i = 0; i < SLOTS; i++) {
		if (slots[i].used && !slots[i].done)
			finish(&slots[i], &reply);
	}
}
