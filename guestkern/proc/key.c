/*
 * Keys: what they are, whose they are and who may use them (keyrings(7), key_permission
 * of Linux). What keyrings hold is keyring.c's, the keyrings of tasks key_task.c's.
 *
 * Owns struct key, their numbers and the quotas of their owners. Context: never sleeps.
 */
#include "proc/key.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/printf.h"
#include "lib/radix.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/cred.h"
#include "proc/ipc.h"
#include "proc/task.h"

#define SERIAL_MIN 3
#define COLLECT_EVERY_S 10
#define USER_PAYLOAD_MAX 32767 /* of "user" and "logon": include/keys/user-type.h */

/* What counts for an owner of keys; goes with the last of them. */
struct key_user {
	struct list_head link; /* by uid */
	u32 uid, keys;
	u64 bytes;
};

static const struct {
	const char *name;
	u32 rights; /* beside the usual ones of the possessor */
} kinds[] = {
	[KEY_KEYRING] = { "keyring", KEY_READ | KEY_WRITE },
	[KEY_USER] = { "user", KEY_READ | KEY_WRITE },
	[KEY_LOGON] = { "logon", KEY_WRITE },
};

/* As Linux has them; bytes of all payloads, names and links of a user. */
s64 key_quota_keys = 200, key_quota_bytes = 20000;
s64 key_quota_root_keys = 1000000, key_quota_root_bytes = 25000000;

s64 key_gc_delay_s = 300;

static struct radix keys; /* by serial */
static struct list_head users = LIST_HEAD_INIT(users);

s64 key_now(void)
{
	return (s64)(clock_real_ns() / NS_PER_SEC);
}

/* --- all of them ------------------------------------------------------------------------ */

static struct key *key_after(s32 after)
{
	u64 serial = (u64)after + 1;

	return (struct key *)radix_next(&keys, &serial);
}

struct key *key_first(void)
{
	return key_after(0);
}

struct key *key_next(struct key *key)
{
	return key_after(key->serial);
}

/* --- kinds ---------------------------------------------------------------------------- */

int key_kind_find(const char *type)
{
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].name, type) == 0)
			return (int)i;
	}
	return -ENODEV;
}

const char *key_type_name(const struct key *key)
{
	return kinds[key->kind].name;
}

u32 key_default_perm(enum key_kind kind)
{
	return KEY_POSSESSOR(KEY_VIEW | KEY_SEARCH | KEY_LINK | KEY_SETATTR |
			     kinds[kind].rights) |
	       KEY_OWNER(KEY_VIEW);
}

/* --- quotas --------------------------------------------------------------------------- */

static struct key_user *user_of(u32 uid)
{
	struct key_user *user;

	list_for_each_entry(user, &users, link) {
		if (user->uid == uid)
			return user;
		if (user->uid > uid)
			break;
	}
	return NULL;
}

static struct key_user *user_for(u32 uid)
{
	struct key_user *user = user_of(uid), *next;

	if (user)
		return user;
	user = kzalloc(sizeof(*user));
	if (!user)
		return NULL;
	user->uid = uid;
	list_for_each_entry(next, &users, link) {
		if (next->uid > uid)
			break;
	}
	list_add_tail(&user->link, &next->link);
	return user;
}

static void user_drop_unused(struct key_user *user)
{
	if (!user || user->keys)
		return;
	list_del(&user->link);
	kfree(user);
}

static s64 max_keys(u32 uid)
{
	return uid == 0 ? key_quota_root_keys : key_quota_keys;
}

static s64 max_bytes(u32 uid)
{
	return uid == 0 ? key_quota_root_bytes : key_quota_bytes;
}

static bool user_has_room(const struct key_user *user, u32 key_count, u64 bytes)
{
	return user->keys + key_count <= (u64)max_keys(user->uid) &&
	       user->bytes + bytes <= (u64)max_bytes(user->uid);
}

int key_reserve(struct key *key, u32 bytes)
{
	u32 more = bytes > key->quota_bytes ? bytes - key->quota_bytes : 0;

	if (more && !user_has_room(key->user, 0, more))
		return -EDQUOT;
	key->user->bytes += bytes;
	key->user->bytes -= key->quota_bytes;
	key->quota_bytes = bytes;
	return 0;
}

static u32 name_bytes(const struct key *key)
{
	return (u32)strlen(key->desc) + 1;
}

/* The key with all that counts goes over to user. */
static void user_take(struct key *key, struct key_user *user)
{
	struct key_user *old = key->user;
	u64 bytes = name_bytes(key) + (u64)key->quota_bytes;

	user->keys++;
	user->bytes += bytes;
	key->user = user;
	if (!old)
		return;
	old->keys--;
	old->bytes -= bytes;
	user_drop_unused(old);
}

/* --- making and ending ---------------------------------------------------------------- */

static int take_serial(struct key *key)
{
	u32 serial;

	do {
		random_bytes(&serial, sizeof(serial));
		serial &= INT32_MAX;
	} while (serial < SERIAL_MIN || radix_get(&keys, serial));
	key->serial = (s32)serial;
	return radix_set(&keys, serial, (u64)key);
}

/* logon(7)s have a prefix: "type:name". */
static bool desc_is_fine(enum key_kind kind, const char *desc)
{
	const char *colon = strchr(desc, ':');

	return *desc && (kind != KEY_LOGON || (colon && colon != desc));
}

static struct key *key_alloc(enum key_kind kind, const char *desc)
{
	struct key *key = kzalloc(sizeof(*key));

	if (key)
		key->desc = kstrdup(desc);
	if (!key || !key->desc) {
		kfree(key);
		return NULL;
	}
	key->refs = 1;
	key->kind = kind;
	list_init(&key->links);
	return key;
}

struct key *key_create(enum key_kind kind, const char *desc, u32 uid, u32 gid, u32 perm,
		       bool overrun)
{
	struct key_user *user;
	struct key *key;
	s64 err = -ENOMEM;

	if (!desc_is_fine(kind, desc))
		return ERR_PTR(-EINVAL);
	if (ipc_core_short())
		return ERR_PTR(-ENOMEM);
	user = user_for(uid);
	key = user ? key_alloc(kind, desc) : NULL;
	if (!key)
		goto out_user;
	err = -EDQUOT;
	if (!overrun && !user_has_room(user, 1, name_bytes(key)))
		goto out_key;
	err = take_serial(key);
	if (err)
		goto out_key;
	key->uid = uid;
	key->gid = gid;
	key->perm = perm;
	user_take(key, user);
	return key;

out_key:
	kfree(key->desc);
	kfree(key);
out_user:
	user_drop_unused(user);
	return ERR_PTR(err);
}

void key_get(struct key *key)
{
	if (key)
		key->refs++;
}

static void payload_drop(struct key *key)
{
	if (key->payload)
		memset(key->payload, 0, key->payload_bytes);
	kfree(key->payload);
	key->payload = NULL;
	key->payload_bytes = 0;
}

void key_put(struct key *key)
{
	if (!key || --key->refs)
		return;
	keyring_clear(key);
	payload_drop(key);
	radix_del(&keys, (u64)key->serial);
	key->user->keys--;
	key->user->bytes -= name_bytes(key) + (u64)key->quota_bytes;
	user_drop_unused(key->user);
	kfree(key->desc);
	kfree(key);
}

int key_payload_check(enum key_kind kind, u32 bytes)
{
	if (kind == KEY_KEYRING)
		return bytes ? -EINVAL : 0;
	return bytes == 0 || bytes > USER_PAYLOAD_MAX ? -EINVAL : 0;
}

int key_set_payload(struct key *key, const void *data, u32 bytes)
{
	void *copy;
	int err = key_payload_check(key->kind, bytes);

	if (err || !bytes)
		return err;
	copy = ipc_core_short() ? NULL : kmalloc(bytes);
	if (!copy)
		return -ENOMEM;
	err = key_reserve(key, bytes);
	if (err) {
		kfree(copy);
		return err;
	}
	memcpy(copy, data, bytes);
	payload_drop(key);
	key->payload = copy;
	key->payload_bytes = bytes;
	key->rejected = 0;
	return 0;
}

void key_revoke(struct key *key)
{
	if (key->revoked_s)
		return;
	key->revoked_s = key_now();
	keyring_clear(key);
	payload_drop(key);
	key_reserve(key, 0);
}

static void unlink_everywhere(struct key *key)
{
	struct key *ring;

	for (ring = key_first(); ring; ring = key_next(ring)) {
		if (ring->kind == KEY_KEYRING && keyring_has(ring, key))
			keyring_unlink(ring, key);
	}
}

void key_invalidate(struct key *key)
{
	key->invalidated = true;
	unlink_everywhere(key);
}

static bool is_waste(const struct key *key, s64 now)
{
	return (key->revoked_s && now >= key->revoked_s + key_gc_delay_s) ||
	       (key->expiry_s && now >= key->expiry_s + key_gc_delay_s);
}

void key_collect(void)
{
	static s64 next;
	s64 now = key_now();
	struct key *key;

	if (now < next)
		return;
	next = now + COLLECT_EVERY_S;
	for (key = key_first(); key;) {
		struct key *gone = is_waste(key, now) ? key : NULL;
		s32 serial = key->serial;

		key_get(gone);
		if (gone)
			unlink_everywhere(gone);
		key_put(gone);
		key = key_after(serial);
	}
}

int key_chown(struct key *key, u32 uid, u32 gid)
{
	struct key_user *user;

	if (uid != CRED_KEEP && uid != key->uid) {
		user = user_for(uid);
		if (!user)
			return -ENOMEM;
		if (!user_has_room(user, 1, name_bytes(key) + (u64)key->quota_bytes)) {
			user_drop_unused(user);
			return -EDQUOT;
		}
		user_take(key, user);
		key->uid = uid;
	}
	if (gid != CRED_KEEP)
		key->gid = gid;
	return 0;
}

/* --- looking at them -------------------------------------------------------------------- */

int key_validate(const struct key *key)
{
	if (key->invalidated)
		return -ENOKEY;
	if (key->revoked_s)
		return -EKEYREVOKED;
	if (key->expiry_s && key_now() >= key->expiry_s)
		return -EKEYEXPIRED;
	return 0;
}

int key_permission(struct key_ref ref, u32 right)
{
	const struct cred *cred = &current_task()->cred;
	const struct key *key = ref.key;
	u32 rights = key->perm;

	if (key->uid == cred->fsuid)
		rights = key->perm >> 16;
	else if (key->perm >> 8 & KEY_RIGHTS &&
		 (key->gid == cred->fsgid || cred_groups_have(cred->groups, key->gid)))
		rights = key->perm >> 8;
	if (ref.possessed)
		rights |= key->perm >> 24;
	return (rights & KEY_RIGHTS & right) == right ? 0 : -EACCES;
}

struct key *key_find(s32 serial)
{
	struct key *key = (struct key *)radix_get(&keys, (u32)serial);

	key_get(key);
	return key;
}

struct key *key_find_ring(const char *name)
{
	struct key *key;

	for (key = key_first(); key; key = key_next(key)) {
		if (key->kind != KEY_KEYRING || key->revoked_s || key->invalidated ||
		    key->is_users || strcmp(key->desc, name) != 0 ||
		    key_permission((struct key_ref){ key, false }, KEY_SEARCH))
			continue;
		key_get(key);
		return key;
	}
	return NULL;
}


void key_show_users(struct textbuf *tb)
{
	const struct key_user *user;

	list_for_each_entry(user, &users, link)
		textbuf_printf(tb, "%5u: %5u %u/%u %u/%lld %llu/%lld\n", user->uid,
			       user->keys, user->keys, user->keys, user->keys,
			       (long long)max_keys(user->uid),
			       (unsigned long long)user->bytes,
			       (long long)max_bytes(user->uid));
}
