/*
 * keyctl(2): what programs may do to keys. Errors in the order of security/keys/keyctl.c
 * of Linux.
 */
#include <linux/capability.h>
#include <linux/keyctl.h>

#include "lib/err.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/cred.h"
#include "proc/key.h"
#include "proc/task.h"
#include "sys/handlers.h"
#include "sys/user_key.h"

/* --- of one key ------------------------------------------------------------------------ */

static s64 do_get_id(const u64 arg[6])
{
	struct key_ref ref;
	s64 err = key_lookup((s32)arg[1], arg[2] ? KEY_LOOKUP_CREATE : 0, KEY_SEARCH, &ref);

	if (err)
		return err;
	err = ref.key->serial;
	key_put(ref.key);
	return err;
}

static s64 do_join(const u64 arg[6])
{
	char *name = arg[1] ? user_key_text_get(arg[1], KEY_DESC_BYTES) : NULL;
	s64 ret;

	if (IS_ERR(name))
		return PTR_ERR(name);
	ret = name && name[0] == '.' ? -EPERM : key_join_session(name);
	kfree(name);
	return ret;
}

static s64 do_update(const u64 arg[6])
{
	struct key_ref ref;
	void *data;
	s64 err;

	if (arg[3] > PAGE_SIZE)
		return -EINVAL;
	data = user_key_payload_get(arg[2], arg[3]);
	if (IS_ERR(data))
		return PTR_ERR(data);
	err = key_lookup((s32)arg[1], 0, KEY_WRITE, &ref);
	if (!err) {
		err = ref.key->kind == KEY_KEYRING ?
			      -EOPNOTSUPP :
			      key_set_payload(ref.key, data, (u32)arg[3]);
		key_put(ref.key);
	}
	kfree(data);
	return err;
}

static s64 do_revoke(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup((s32)arg[1], 0, KEY_WRITE, &ref);

	if (err == -EACCES)
		err = key_lookup((s32)arg[1], 0, KEY_SETATTR, &ref);
	if (err)
		return err;
	key_revoke(ref.key);
	key_put(ref.key);
	return 0;
}

static s64 do_invalidate(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup((s32)arg[1], 0, KEY_SEARCH, &ref);

	if (err)
		return err;
	key_invalidate(ref.key);
	key_put(ref.key);
	return 0;
}

static bool may_chown(const struct key *key, u32 uid, u32 gid)
{
	if (capable(CAP_SYS_ADMIN))
		return true;
	return (uid == CRED_KEEP || uid == key->uid) &&
	       (gid == CRED_KEEP || gid == key->gid ||
		cred_in_group(&current_task()->cred, gid));
}

static s64 do_chown(const u64 arg[6])
{
	u32 uid = (u32)arg[2], gid = (u32)arg[3];
	struct key_ref ref;
	int err;

	if (uid == CRED_KEEP && gid == CRED_KEEP)
		return 0;
	err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE | KEY_LOOKUP_PARTIAL, KEY_SETATTR,
			 &ref);
	if (err)
		return err;
	err = may_chown(ref.key, uid, gid) ? key_chown(ref.key, uid, gid) : -EACCES;
	key_put(ref.key);
	return err;
}

static s64 do_setperm(const u64 arg[6])
{
	u32 perm = (u32)arg[2];
	struct key_ref ref;
	int err;

	if (perm & ~KEY_PERM_ALL)
		return -EINVAL;
	err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE | KEY_LOOKUP_PARTIAL, KEY_SETATTR,
			 &ref);
	if (err)
		return err;
	if (ref.key->uid == current_task()->cred.fsuid || capable(CAP_SYS_ADMIN))
		ref.key->perm = perm;
	else
		err = -EACCES;
	key_put(ref.key);
	return err;
}

static s64 do_set_timeout(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE | KEY_LOOKUP_PARTIAL,
			     KEY_SETATTR, &ref);

	if (err)
		return err;
	ref.key->expiry_s = (u32)arg[2] ? key_now() + (u32)arg[2] : 0;
	key_put(ref.key);
	return 0;
}

static s64 do_describe(const u64 arg[6])
{
	char head[KEY_TYPE_BYTES + 40];
	struct key_ref ref;
	size_t head_len, name_len;
	s64 err = key_lookup((s32)arg[1], KEY_LOOKUP_PARTIAL, KEY_VIEW, &ref);

	if (err)
		return err;
	head_len = (size_t)ksnprintf(head, sizeof(head), "%s;%d;%d;%08x;",
				     key_type_name(ref.key), (int)ref.key->uid,
				     (int)ref.key->gid, ref.key->perm);
	name_len = strlen(ref.key->desc) + 1;
	err = (s64)(head_len + name_len);
	if (arg[2] && arg[3] >= (u64)err &&
	    (copy_to_user(arg[2], head, head_len) ||
	     copy_to_user(arg[2] + head_len, ref.key->desc, name_len)))
		err = -EFAULT;
	key_put(ref.key);
	return err;
}

/* Without a security module labels are empty. */
static s64 do_get_security(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup((s32)arg[1], KEY_LOOKUP_PARTIAL, KEY_VIEW, &ref);

	if (err)
		return err;
	key_put(ref.key);
	return arg[2] && arg[3] && copy_to_user(arg[2], "", 1) ? -EFAULT : 1;
}

/* --- of keyrings ------------------------------------------------------------------------ */

static s64 do_clear(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE, KEY_WRITE, &ref);

	if (err)
		return err;
	if (ref.key->kind == KEY_KEYRING)
		keyring_clear(ref.key);
	else
		err = -ENOTDIR;
	key_put(ref.key);
	return err;
}

static s64 do_link(const u64 arg[6])
{
	struct key_ref ref, ring;
	int err = key_lookup((s32)arg[2], KEY_LOOKUP_CREATE, KEY_WRITE, &ring);

	if (err)
		return err;
	err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE, KEY_LINK, &ref);
	if (!err) {
		err = keyring_link(ring.key, ref.key);
		key_put(ref.key);
	}
	key_put(ring.key);
	return err;
}

static s64 do_unlink(const u64 arg[6])
{
	struct key_ref ref, ring;
	int err = key_lookup((s32)arg[2], 0, KEY_WRITE, &ring);

	if (err)
		return err;
	err = key_lookup((s32)arg[1], KEY_LOOKUP_ANY, 0, &ref);
	if (!err) {
		err = keyring_unlink(ring.key, ref.key);
		key_put(ref.key);
	}
	key_put(ring.key);
	return err;
}

static int key_move(struct key *key, struct key *from, struct key *to, bool exclusive)
{
	const struct key_query same = { key->kind, key->desc };
	int err;

	if (from->kind != KEY_KEYRING || to->kind != KEY_KEYRING)
		return -ENOTDIR;
	if (from == to)
		return 0;
	if (!keyring_has(from, key))
		return -ENOENT;
	if (exclusive && keyring_find(to, &same))
		return -EEXIST;
	err = keyring_link(to, key);
	return err ? err : keyring_unlink(from, key);
}

static s64 do_move(const u64 arg[6])
{
	struct key_ref key, from, to;
	int err;

	if ((u32)arg[4] & ~(u32)KEYCTL_MOVE_EXCL)
		return -EINVAL;
	err = key_lookup((s32)arg[1], KEY_LOOKUP_CREATE, KEY_LINK, &key);
	if (err)
		return err;
	err = key_lookup((s32)arg[2], 0, KEY_WRITE, &from);
	if (err)
		goto out_key;
	err = key_lookup((s32)arg[3], KEY_LOOKUP_CREATE, KEY_WRITE, &to);
	if (err)
		goto out_from;
	err = key_move(key.key, from.key, to.key, arg[4]);
	key_put(to.key);
out_from:
	key_put(from.key);
out_key:
	key_put(key.key);
	return err;
}

static s64 search_in(struct key_ref ring, const struct key_query *what, struct key *dest)
{
	struct key_ref found;
	s64 err = keyring_search(ring, what, true, &found);

	if (err)
		return err == -EAGAIN ? -ENOKEY : err;
	if (dest) {
		err = key_permission(found, KEY_LINK);
		if (!err)
			err = keyring_link(dest, found.key);
	}
	if (!err)
		err = found.key->serial;
	key_put(found.key);
	return err;
}

static s64 do_search(const u64 arg[6])
{
	char type[KEY_TYPE_BYTES];
	struct key_query what;
	struct key_ref ring, dest;
	s64 err = user_key_type_get(type, arg[2]);

	if (err)
		return err;
	what.desc = user_key_text_get(arg[3], KEY_DESC_BYTES);
	if (IS_ERR(what.desc))
		return PTR_ERR(what.desc);
	err = key_lookup((s32)arg[1], 0, KEY_SEARCH, &ring);
	if (err)
		goto out_desc;
	err = user_key_dest_get((s32)arg[4], &dest);
	if (err)
		goto out_ring;
	err = key_kind_find(type);
	what.kind = (enum key_kind)err;
	if (err >= 0)
		err = search_in(ring, &what, dest.key);
	key_put(dest.key);
out_ring:
	key_put(ring.key);
out_desc:
	user_key_text_put(what.desc);
	return err;
}

static s64 do_restrict(const u64 arg[6])
{
	char type[KEY_TYPE_BYTES];
	struct key_ref ring;
	int err;

	err = key_lookup((s32)arg[1], 0, KEY_SETATTR, &ring);
	if (err)
		return err;
	if (!arg[2] != !arg[3])
		err = -EINVAL;
	if (!err && arg[2]) {
		err = user_key_type_get(type, arg[2]);
		if (!err) /* none of the types can tell keys apart */
			err = key_kind_find(type) < 0 ? -ENODEV : -ENOENT;
	}
	if (!err && ring.key->kind != KEY_KEYRING)
		err = -ENOTDIR;
	if (!err && ring.key->closed)
		err = -EEXIST;
	if (!err)
		ring.key->closed = true;
	key_put(ring.key);
	return err;
}

/* --- reading ------------------------------------------------------------------------------ */

static s64 read_ring(const struct key *ring, uaddr_t to)
{
	const struct key_link *link;

	list_for_each_entry(link, &ring->links, in_ring) {
		if (put_user(link->key->serial, to))
			return -EFAULT;
		to += sizeof(link->key->serial);
	}
	return 0;
}

static s64 read_key(const struct key *key, uaddr_t to, u64 bytes)
{
	u64 len = key->kind == KEY_KEYRING ? key->link_count * sizeof(key->serial) :
					     key->payload_bytes;
	s64 err;

	if (key->kind == KEY_LOGON)
		return -EOPNOTSUPP;
	err = key_validate(key);
	if (err)
		return err;
	if (!to || bytes < len)
		return (s64)len;
	if (key->kind == KEY_KEYRING)
		err = read_ring(key, to);
	else
		err = copy_to_user(to, key->payload, len);
	return err ? err : (s64)len;
}

/* Who may read it, or possesses it. */
static s64 do_read(const u64 arg[6])
{
	struct key_ref ref;
	s64 err;

	if (key_lookup((s32)arg[1], KEY_LOOKUP_ANY, 0, &ref))
		return -ENOKEY;
	err = ref.key->rejected;
	if (!err && !ref.possessed)
		err = key_permission(ref, KEY_READ);
	if (!err)
		err = read_key(ref.key, arg[2], arg[3]);
	key_put(ref.key);
	return err;
}

/* --- the rest -------------------------------------------------------------------------------- */

/* Nobody has a key to make up, for who asks is always told that there is none. */
static s64 do_instantiate(const u64 arg[6])
{
	u32 error = (u32)arg[3];

	if ((u32)arg[0] == KEYCTL_INSTANTIATE && arg[3] > KEY_PAYLOAD_MAX)
		return -EINVAL;
	if ((u32)arg[0] == KEYCTL_REJECT &&
	    (error == 0 || error >= MAX_ERRNO ||
	     (error >= ERESTARTSYS && error <= ERESTART_RESTARTBLOCK)))
		return -EINVAL;
	return -EPERM;
}

static s64 do_assume_authority(const u64 arg[6])
{
	s32 id = (s32)arg[1];

	if (id < 0)
		return -EINVAL;
	return id ? -ENOKEY : 0;
}

static s64 do_set_reqkey(const u64 arg[6])
{
	return key_set_request_dest((s32)arg[1]);
}

static s64 do_session_to_parent(const u64 arg[6])
{
	struct key_ref ref;
	int err = key_lookup(KEY_SPEC_SESSION_KEYRING, 0, KEY_LINK, &ref);

	(void)arg;
	if (err)
		return err;
	err = key_session_to_parent();
	key_put(ref.key);
	return err;
}

static s64 do_capabilities(const u64 arg[6])
{
	static const u8 caps[] = {
		KEYCTL_CAPS0_CAPABILITIES | KEYCTL_CAPS0_INVALIDATE |
			KEYCTL_CAPS0_RESTRICT_KEYRING | KEYCTL_CAPS0_MOVE,
		0,
	};
	u64 len = MIN(arg[2], (u64)sizeof(caps));

	if (len && copy_to_user(arg[1], caps, len))
		return -EFAULT;
	if (arg[2] > len && clear_user(arg[1] + len, arg[2] - len))
		return -EFAULT;
	return sizeof(caps);
}

static s64 (*const operations[])(const u64 arg[6]) = {
	[KEYCTL_GET_KEYRING_ID] = do_get_id,
	[KEYCTL_JOIN_SESSION_KEYRING] = do_join,
	[KEYCTL_UPDATE] = do_update,
	[KEYCTL_REVOKE] = do_revoke,
	[KEYCTL_CHOWN] = do_chown,
	[KEYCTL_SETPERM] = do_setperm,
	[KEYCTL_DESCRIBE] = do_describe,
	[KEYCTL_CLEAR] = do_clear,
	[KEYCTL_LINK] = do_link,
	[KEYCTL_UNLINK] = do_unlink,
	[KEYCTL_SEARCH] = do_search,
	[KEYCTL_READ] = do_read,
	[KEYCTL_INSTANTIATE] = do_instantiate,
	[KEYCTL_NEGATE] = do_instantiate,
	[KEYCTL_SET_REQKEY_KEYRING] = do_set_reqkey,
	[KEYCTL_SET_TIMEOUT] = do_set_timeout,
	[KEYCTL_ASSUME_AUTHORITY] = do_assume_authority,
	[KEYCTL_GET_SECURITY] = do_get_security,
	[KEYCTL_SESSION_TO_PARENT] = do_session_to_parent,
	[KEYCTL_REJECT] = do_instantiate,
	[KEYCTL_INSTANTIATE_IOV] = do_instantiate,
	[KEYCTL_INVALIDATE] = do_invalidate,
	[KEYCTL_RESTRICT_KEYRING] = do_restrict,
	[KEYCTL_MOVE] = do_move,
	[KEYCTL_CAPABILITIES] = do_capabilities,
};

s64 sys_keyctl(const u64 arg[6])
{
	u32 op = (u32)arg[0];

	key_collect();
	if (op >= ARRAY_SIZE(operations) || !operations[op])
		return -EOPNOTSUPP;
	return operations[op](arg);
}
