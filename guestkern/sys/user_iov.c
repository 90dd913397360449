/* Segments from user memory, checked in the order of Linux's import_iovec. */
#include "sys/user_iov.h"

#include <linux/uio.h>

#include "lib/err.h"
#include "mm/slab.h"
#include "mm/uaccess.h"

_Static_assert(sizeof(struct iobuf_seg) == sizeof(struct iovec), "one layout");

/* Reads and checks the segments at iov; *total is what may be moved. */
static int segments_get(struct iobuf_seg *seg, uaddr_t iov, u64 count, u64 *total)
{
	*total = 0;
	if (copy_from_user(seg, iov, count * sizeof(*seg)))
		return -EFAULT;
	for (u64 i = 0; i < count; i++) {
		if ((s64)seg[i].len_bytes < 0)
			return -EINVAL;
		if (!user_range_possible(seg[i].addr, seg[i].len_bytes))
			return -EFAULT;
		seg[i].len_bytes = MIN(seg[i].len_bytes, RW_BYTES_MAX - *total);
		*total += seg[i].len_bytes;
	}
	return 0;
}

int user_iov_get(struct user_iov *v, uaddr_t iov, u64 count)
{
	u64 total;
	int err;

	v->seg = v->fixed;
	v->buf = (struct iobuf){ 0 };
	if (count > UIO_MAXIOV)
		return -EINVAL;
	if (count > USER_IOV_INLINE)
		v->seg = kmalloc(count * sizeof(*v->seg));
	if (!v->seg)
		return -ENOMEM;
	err = count ? segments_get(v->seg, iov, count, &total) : 0;
	if (err) {
		user_iov_put(v);
		return err;
	}
	if (!count)
		return 0;
	v->buf.seg = v->seg;
	v->buf.seg_count = (u32)count;
	v->buf.len = total;
	return 0;
}

void user_iov_put(struct user_iov *v)
{
	if (v->seg != v->fixed)
		kfree(v->seg);
	v->seg = v->fixed;
}
