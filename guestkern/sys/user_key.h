/* The arguments of add_key(2), request_key(2) and keyctl(2). */
#ifndef SYS_USER_KEY_H
#define SYS_USER_KEY_H

#include "lib/types.h"
#include "proc/key.h"

/* The name of a type: 0, -EFAULT, -EINVAL, -EPERM (one of the kernel's own). */
int user_key_type_get(char type[KEY_TYPE_BYTES], uaddr_t addr);
/* A string of up to size bytes with its NUL, to be freed; ERR_PTR(-EFAULT, -EINVAL,
 * -ENOMEM). put: frees it, if it is none of those. */
char *user_key_text_get(uaddr_t addr, size_t size);
void user_key_text_put(const void *text);
/* That many bytes, to be freed; NULL for none; ERR_PTR(-EFAULT, -ENOMEM). */
void *user_key_payload_get(uaddr_t addr, u64 bytes);
/* A keyring to put something in, referenced; none for 0. As key_lookup. */
int user_key_dest_get(s32 id, struct key_ref *dest);

#endif
