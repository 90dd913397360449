/* hostfs: what goes to the broker and comes back. */
#include "dev/hostio.h"
#include "fs/hostfs.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"

#define SHRINK_NAMES 256u

/* One request is under way at a time: the machine waits for it. */
static u8 message[LODGER_BROKER_REQUEST_MAX];
static u8 answer[LODGER_BROKER_REPLY_MAX];
static u32 next_seq;
/* A handle that the next request closes: most go with a name that goes. */
static u32 unclosed;

static size_t put_bytes(size_t at, const void *from, size_t len)
{
	if (len)
		memcpy(message + at, from, len);
	return at + len;
}

static size_t length_of(const char *text, size_t max)
{
	return text ? MIN(strlen(text), max) : 0;
}

static size_t put_request(struct hostfs_call *call)
{
	size_t at = sizeof(call->rq);
	const void *text = call->value ? call->value : call->text;
	size_t text_bytes = call->value ? MIN(call->value_bytes, (size_t)LODGER_BROKER_TEXT_MAX) :
					  length_of(call->text, LODGER_BROKER_TEXT_MAX);

	call->rq.magic = LODGER_BROKER_MAGIC;
	call->rq.seq = ++next_seq;
	call->rq.closes = unclosed;
	unclosed = 0;
	call->rq.name_bytes = (u16)length_of(call->name, LODGER_BROKER_NAME_MAX);
	call->rq.text_bytes = (u16)text_bytes;
	at = put_bytes(at, call->name, call->rq.name_bytes);
	at = put_bytes(at, text, text_bytes);
	memcpy(message, &call->rq, sizeof(call->rq));
	return at;
}

/* Is the reply one to the request? */
static bool is_answer(const struct hostfs_call *call)
{
	return call->reply.seq == call->rq.seq && call->reply.error <= 0 &&
	       call->reply.error >= -MAX_ERRNO;
}

int hostfs_call(struct hostfs_call *call)
{
	size_t len = put_request(call);
	s64 n = broker_exchange(message, len, answer, sizeof(answer));

	if (n < 0)
		return (int)n;
	if (n < (s64)sizeof(call->reply))
		return -EIO;
	memcpy(&call->reply, answer, sizeof(call->reply));
	if (!is_answer(call) || call->reply.text_bytes != (u64)n - sizeof(call->reply))
		return -EIO;
	if (call->text_to)
		memcpy(call->text_to, answer + sizeof(call->reply), call->reply.text_bytes);
	return call->reply.error;
}

int hostfs_call_apart(struct hostfs_call *call)
{
	int err;

	call->rq.magic = LODGER_BROKER_MAGIC;
	call->rq.closes = 0; /* what it was in an earlier attempt is closed */
	err = hostio_exchange(&call->rq, &call->reply);
	if (err)
		return err;
	if (!is_answer(call))
		return -EIO;
	err = call->reply.error;
	/* a helper needs a descriptor of its own */
	return err == -EMFILE || err == -ENFILE ? -EAGAIN : err;
}

int hostfs_call_with_room(struct super_block *sb, struct hostfs_call *call)
{
	int err = hostfs_call(call);

	if (err != -EMFILE && err != -ENFILE)
		return err;
	dentry_shrink(SHRINK_NAMES, sb);
	return hostfs_call(call);
}

void hostfs_close_handle(u32 handle)
{
	if (unclosed)
		hostfs_close_now();
	unclosed = handle;
	vfs_write_back_later();
}

void hostfs_close_now(void)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_CLOSE, .handle = unclosed } };

	if (!unclosed)
		return;
	unclosed = 0;
	broker_exchange(message, put_request(&call), NULL, 0);
}
