/* The helpers that wait for disks: requests to and answers from their socket, which
 * does not block. */
#include "abi/diskio.h"

#include "hal/hal_private.h"
#include "hal/host.h"
#include "lib/err.h"

static u32 under_way;

int diskio_submit(const struct lodger_diskio_request *req)
{
	s64 n = host_call3(__NR_write, LODGER_FD_DISKIO, (u64)req, sizeof(*req));

	if (n != sizeof(*req))
		return n < 0 ? (int)n : -EIO;
	under_way++;
	return 0;
}

bool diskio_answer(struct lodger_diskio_reply *reply)
{
	if (!under_way ||
	    host_call3(__NR_read, LODGER_FD_DISKIO, (u64)reply, sizeof(*reply)) !=
		    sizeof(*reply))
		return false;
	under_way--;
	return true;
}

bool diskio_waiting(void)
{
	return under_way;
}
