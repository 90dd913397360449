/* The fake machine's broker: the real one, called instead of sent to. See fake_hal.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "broker_serve.h"
#include "fake_hal.h"
#include "lib/bug.h"

static struct broker *broker;
u64 fake_broker_requests;
void (*fake_broker_hook)(u32 op);

void fake_broker(const char *path, bool read_only)
{
	if (!broker)
		broker = broker_create(fake_ram(0), boot_info()->ram_bytes, geteuid(),
				       getegid());
	if (!broker || broker_add_root(broker, open(path, O_PATH | O_CLOEXEC), read_only))
		panic("fake broker: %s: %s", path, strerror(errno));
}

/* Nobody runs who could sleep. */
int hostio_submit(const struct lodger_broker_request *req)
{
	(void)req;
	return -EAGAIN;
}

int hostio_answer(struct lodger_broker_reply *reply)
{
	(void)reply;
	return 0;
}

s64 broker_exchange(const void *request, size_t len_bytes, void *reply, size_t max_bytes)
{
	static u8 answer[LODGER_BROKER_REPLY_MAX];
	struct lodger_broker_request head;
	size_t n;

	if (!broker)
		return -EIO;
	fake_broker_requests++;
	memcpy(&head, request, sizeof(head));
	if (fake_broker_hook)
		fake_broker_hook(head.op);
	n = broker_serve(broker, request, len_bytes, answer);
	if (!max_bytes != !n)
		panic("fake broker: an answer that is not awaited, or none");
	if (n)
		memcpy(reply, answer, n < max_bytes ? n : max_bytes);
	return (s64)n;
}
