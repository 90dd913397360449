/* The helpers that wait for disks: requests to and answers from their socket, which
 * does not block. */
#include "abi/diskio.h"

#include "hal/hal_private.h"
#include "hal/host.h"
#include "lib/err.h"

#include <linux/poll.h>

static u32 under_way;

int diskio_submit(const struct lodger_diskio_request *req)
{
	s64 n = host_call3(__NR_write, LODGER_FD_DISKIO, (u64)req, sizeof(*req));

	if (n != sizeof(*req))
		return n < 0 ? (int)n : -EIO;
	under_way++;
	return 0;
}

int diskio_answer(struct lodger_diskio_reply *reply)
{
	s64 n;

	if (!under_way)
		return 0;
	n = host_call3(__NR_read, LODGER_FD_DISKIO, (u64)reply, sizeof(*reply));
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n != sizeof(*reply)) {
		under_way = 0;
		return -EPIPE;
	}
	under_way--;
	return 1;
}

void diskio_await(void)
{
	struct pollfd p = { LODGER_FD_DISKIO, POLLIN, 0 };

	if (under_way)
		host_call6(__NR_ppoll, (u64)&p, 1, 0, 0, 8, 0);
}

bool diskio_waiting(void)
{
	return under_way;
}
