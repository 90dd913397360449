/* The broker of host files: a socket that keeps messages apart. The whole machine
 * waits for the answer. */
#include "hal/host.h"
#include "lib/err.h"

s64 broker_exchange(const void *request, size_t len_bytes, void *reply, size_t max_bytes)
{
	s64 n;

	do
		n = host_call3(__NR_write, LODGER_FD_BROKER, (u64)request, len_bytes);
	while (n == -EINTR);
	if (n != (s64)len_bytes)
		return -EIO; /* it is gone: it never takes part of a message */
	if (!max_bytes)
		return 0;
	do
		n = host_call3(__NR_read, LODGER_FD_BROKER, (u64)reply, max_bytes);
	while (n == -EINTR);
	return n > 0 ? n : -EIO;
}
