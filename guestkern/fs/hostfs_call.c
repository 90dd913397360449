/* hostfs: what goes to the broker and comes back. */
#include "fs/hostfs.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"

/* One request is under way at a time: the machine waits for it. */
static u8 message[LODGER_BROKER_REQUEST_MAX];
static u8 answer[LODGER_BROKER_REPLY_MAX];
static u32 next_seq;

static size_t put_string(size_t at, const char *text, u16 *len_bytes, size_t max)
{
	size_t len = text ? MIN(strlen(text), max) : 0;

	if (len)
		memcpy(message + at, text, len);
	*len_bytes = (u16)len;
	return at + len;
}

static size_t put_request(struct hostfs_call *call)
{
	size_t at = sizeof(call->rq);

	call->rq.magic = LODGER_BROKER_MAGIC;
	call->rq.seq = ++next_seq;
	at = put_string(at, call->name, &call->rq.name_bytes, LODGER_BROKER_NAME_MAX);
	at = put_string(at, call->text, &call->rq.text_bytes, LODGER_BROKER_TEXT_MAX);
	memcpy(message, &call->rq, sizeof(call->rq));
	return at;
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
	if (call->reply.seq != call->rq.seq || call->reply.error > 0 ||
	    call->reply.error < -MAX_ERRNO ||
	    call->reply.text_bytes != (u64)n - sizeof(call->reply))
		return -EIO;
	if (call->text_to)
		memcpy(call->text_to, answer + sizeof(call->reply), call->reply.text_bytes);
	return call->reply.error;
}

void hostfs_close_handle(u32 handle)
{
	struct hostfs_call call = { .rq = { .op = LODGER_BROKER_CLOSE, .handle = handle } };

	broker_exchange(message, put_request(&call), NULL, 0);
}
