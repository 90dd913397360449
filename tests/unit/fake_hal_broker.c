/* The fake machine's broker: the real one, called instead of sent to. See fake_hal.h. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "broker_serve.h"
#include "dev/hostio.h"
#include "fake_hal.h"
#include "lib/bug.h"

static struct broker *broker;
u64 fake_broker_requests, fake_broker_apart;
bool fake_broker_cold;
void (*fake_broker_hook)(u32 op);
void (*fake_broker_meanwhile)(void);

void fake_broker(const char *path, bool read_only)
{
	if (!broker)
		broker = broker_create(fake_ram(0), boot_info()->ram_bytes, geteuid(),
				       getegid());
	if (!broker || broker_add_root(broker, open(path, O_PATH | O_CLOEXEC), read_only))
		panic("fake broker: %s: %s", path, strerror(errno));
}

/* --- helpers: answer at once, for nobody runs who could sleep ------------------------------ */

static struct lodger_broker_reply apart;
static bool answered;

int hostio_submit(const struct lodger_broker_request *req)
{
	if (!fake_broker_cold)
		return -EAGAIN;
	broker_serve_apart(broker, req, sizeof(*req), &apart);
	fake_broker_apart++;
	if (fake_broker_meanwhile)
		fake_broker_meanwhile();
	answered = true;
	hostio_irq();
	return 0;
}

int hostio_answer(struct lodger_broker_reply *reply)
{
	if (!answered)
		return 0;
	answered = false;
	*reply = apart;
	return 1;
}

/* What the host says to who wants only what it has in memory. */
static bool is_refused(const struct lodger_broker_request *head)
{
	return fake_broker_cold && head->op == LODGER_BROKER_READ &&
	       head->flags & LODGER_BROKER_READ_CACHED;
}

s64 broker_exchange(const void *request, size_t len_bytes, void *reply, size_t max_bytes)
{
	static u8 answer[LODGER_BROKER_REPLY_MAX] __attribute__((aligned(8)));
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
	if (is_refused(&head))
		((struct lodger_broker_reply *)answer)->error = -EAGAIN;
	if (n)
		memcpy(reply, answer, n < max_bytes ? n : max_bytes);
	return (s64)n;
}
