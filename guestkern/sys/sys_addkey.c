/*
 * add_key(2) and request_key(2), and how keys come in arguments. Errors in the order of
 * security/keys/keyctl.c of Linux.
 */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_key.h"

#define NEGATIVE_S 60 /* key_negative_timeout */

/* --- arguments -------------------------------------------------------------------------- */

int user_key_type_get(char type[KEY_TYPE_BYTES], uaddr_t addr)
{
	s64 len = strncpy_from_user(type, addr, KEY_TYPE_BYTES);

	if (len == -EFAULT)
		return -EFAULT;
	if (len <= 0)
		return -EINVAL;
	return type[0] == '.' ? -EPERM : 0;
}

char *user_key_text_get(uaddr_t addr, size_t size)
{
	char *text = kmalloc(size);
	s64 len;

	if (!text)
		return ERR_PTR(-ENOMEM);
	len = strncpy_from_user(text, addr, size);
	if (len >= 0)
		return text;
	kfree(text);
	return ERR_PTR(len == -ENAMETOOLONG ? -EINVAL : len);
}

void *user_key_payload_get(uaddr_t addr, u64 bytes)
{
	void *data;

	if (!bytes)
		return NULL;
	data = kmalloc(bytes);
	if (!data)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(data, addr, bytes))
		return data;
	kfree(data);
	return ERR_PTR(-EFAULT);
}

void user_key_text_put(const void *text)
{
	if (!IS_ERR(text))
		kfree((void *)text);
}

/* --- add_key ----------------------------------------------------------------------------- */

static s64 key_add_new(struct key *ring, const struct key_query *what, const void *data,
		       u32 bytes)
{
	const struct cred *cred = &current_task()->cred;
	struct key *key;
	s64 err;

	key = key_create(what->kind, what->desc, cred->fsuid, cred->fsgid,
			 key_default_perm(what->kind), false);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = key_set_payload(key, data, bytes);
	if (!err)
		err = keyring_link(ring, key);
	if (!err)
		err = key->serial;
	key_put(key);
	return err;
}

static s64 key_add(struct key_ref ring, const struct key_query *what, const void *data,
		   u32 bytes)
{
	struct key *key;
	s64 err;

	if (ring.key->kind != KEY_KEYRING)
		return -ENOTDIR;
	err = key_payload_check(what->kind, bytes);
	if (err)
		return err;
	key = what->kind == KEY_KEYRING ? NULL : keyring_find(ring.key, what);
	if (!key || key->revoked_s)
		return key_add_new(ring.key, what, data, bytes);
	err = key_permission((struct key_ref){ key, ring.possessed }, KEY_WRITE);
	if (!err)
		err = key_set_payload(key, data, bytes);
	return err ? err : key->serial;
}

s64 sys_add_key(const u64 arg[6])
{
	char type[KEY_TYPE_BYTES];
	struct key_query what;
	struct key_ref ring;
	void *data;
	s64 err;

	key_collect();
	if (arg[3] > KEY_PAYLOAD_MAX)
		return -EINVAL;
	err = user_key_type_get(type, arg[0]);
	if (err)
		return err;
	what.desc = arg[1] ? user_key_text_get(arg[1], KEY_DESC_BYTES) : NULL;
	if (IS_ERR(what.desc))
		return PTR_ERR(what.desc);
	err = -EPERM;
	data = NULL;
	if (what.desc && what.desc[0] == '.' && strcmp(type, "keyring") == 0)
		goto out;
	data = user_key_payload_get(arg[2], arg[3]);
	err = PTR_ERR(data);
	if (IS_ERR(data))
		goto out;
	err = key_lookup((s32)arg[4], KEY_LOOKUP_CREATE, KEY_WRITE, &ring);
	if (err)
		goto out;
	err = key_kind_find(type);
	what.kind = (enum key_kind)err;
	if (err >= 0)
		err = what.desc ? key_add(ring, &what, data, (u32)arg[3]) : -EINVAL;
	key_put(ring.key);
out:
	user_key_text_put(data);
	user_key_text_put(what.desc);
	return err;
}

/* --- request_key --------------------------------------------------------------------------- */

/* As where there is no /sbin/request-key: for a while it is known that there is no such
 * key. */
static s64 request_new(const struct key_query *what, struct key *dest)
{
	const struct cred *cred = &current_task()->cred;
	struct key *key = key_create(what->kind, what->desc, cred->fsuid, cred->fsgid,
				     key_default_perm(what->kind), false);
	s64 err;

	if (IS_ERR(key))
		return PTR_ERR(key);
	key->rejected = -ENOKEY;
	key->expiry_s = key_now() + NEGATIVE_S;
	err = dest ? keyring_link(dest, key) : 0;
	key_put(key);
	return err ? err : -ENOENT;
}

static s64 request(const struct key_query *what, struct key *dest, bool callout)
{
	struct key *own = NULL;
	struct key_ref found;
	s64 err = key_search_task(what, &found);

	if (!err) {
		if (dest)
			err = key_permission(found, KEY_LINK);
		if (dest && !err)
			err = keyring_link(dest, found.key);
		if (!err)
			err = found.key->serial;
		key_put(found.key);
		return err;
	}
	if (err != -EAGAIN)
		return err;
	if (!callout)
		return -ENOKEY;
	if (!dest)
		dest = own = key_request_dest();
	if (IS_ERR(own))
		return PTR_ERR(own);
	if (own)
		err = key_permission((struct key_ref){ own, true }, KEY_WRITE);
	err = own && err ? err : request_new(what, dest);
	key_put(own);
	return err;
}

int user_key_dest_get(s32 id, struct key_ref *dest)
{
	*dest = (struct key_ref){ NULL, false };
	return id ? key_lookup(id, KEY_LOOKUP_CREATE, KEY_WRITE, dest) : 0;
}

s64 sys_request_key(const u64 arg[6])
{
	char type[KEY_TYPE_BYTES], *callout = NULL;
	struct key_query what;
	struct key_ref dest;
	s64 err;

	key_collect();
	err = user_key_type_get(type, arg[0]);
	if (err)
		return err;
	what.desc = user_key_text_get(arg[1], KEY_DESC_BYTES);
	if (IS_ERR(what.desc))
		return PTR_ERR(what.desc);
	if (arg[2])
		callout = user_key_text_get(arg[2], PAGE_SIZE);
	err = IS_ERR(callout) ? PTR_ERR(callout) : user_key_dest_get((s32)arg[3], &dest);
	if (err)
		goto out;
	err = key_kind_find(type);
	what.kind = (enum key_kind)err;
	if (err >= 0)
		err = request(&what, dest.key, callout);
	key_put(dest.key);
out:
	user_key_text_put(callout);
	user_key_text_put(what.desc);
	return err;
}
