/* Those who wait for disks (abi/diskio.h) and for files of the host (abi/broker.h) in the
 * machine's place: requests to and answers from their sockets, which do not block. */
#include "abi/broker.h"
#include "abi/diskio.h"

#include "hal/hal_private.h"
#include "hal/host.h"
#include "lib/err.h"

#include <linux/poll.h>

static struct helpers {
	int fd;
	u32 under_way;
} disk = { LODGER_FD_DISKIO, 0 }, host = { LODGER_FD_HOSTIO, 0 };

static int submit(struct helpers *h, const void *req, size_t len_bytes)
{
	s64 n = host_call3(__NR_write, (u64)h->fd, (u64)req, len_bytes);

	if (n != (s64)len_bytes)
		return n < 0 ? (int)n : -EIO;
	h->under_way++;
	return 0;
}

static int answer(struct helpers *h, void *reply, size_t len_bytes)
{
	s64 n;

	if (!h->under_way)
		return 0;
	n = host_call3(__NR_read, (u64)h->fd, (u64)reply, len_bytes);
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n != (s64)len_bytes) {
		h->under_way = 0;
		return -EPIPE;
	}
	h->under_way--;
	return 1;
}

int diskio_submit(const struct lodger_diskio_request *req)
{
	return submit(&disk, req, sizeof(*req));
}

int diskio_answer(struct lodger_diskio_reply *reply)
{
	return answer(&disk, reply, sizeof(*reply));
}

void diskio_await(void)
{
	struct pollfd p = { disk.fd, POLLIN, 0 };

	if (disk.under_way)
		host_call6(__NR_ppoll, (u64)&p, 1, 0, 0, 8, 0);
}

int hostio_submit(const struct lodger_broker_request *req)
{
	return submit(&host, req, sizeof(*req));
}

int hostio_answer(struct lodger_broker_reply *reply)
{
	return answer(&host, reply, sizeof(*reply));
}

bool helpers_under_way(void)
{
	return disk.under_way || host.under_way;
}

u32 helpers_fill_pollset(struct pollfd *set)
{
	u32 n = 0;

	if (disk.under_way)
		set[n++] = (struct pollfd){ disk.fd, POLLIN, 0 };
	if (host.under_way)
		set[n++] = (struct pollfd){ host.fd, POLLIN, 0 };
	return n;
}
