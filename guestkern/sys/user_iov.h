/* struct iovec arrays of programs (readv, sendmsg) as transfer buffers. */
#ifndef SYS_USER_IOV_H
#define SYS_USER_IOV_H

#include "fs/file.h"

#define RW_BYTES_MAX 0x7ffff000UL /* MAX_RW_COUNT of Linux: read(2) */
#define USER_IOV_INLINE 8u

struct user_iov {
	struct iobuf buf; /* all segments; at most RW_BYTES_MAX */
	struct iobuf_seg *seg, fixed[USER_IOV_INLINE];
};

/* Reads and checks count segments at iov: 0, -EINVAL (too many, too long),
 * -EFAULT, -ENOMEM. v stays where it is until user_iov_put. */
int user_iov_get(struct user_iov *v, uaddr_t iov, u64 count);
void user_iov_put(struct user_iov *v);

#endif
