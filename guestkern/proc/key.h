/*
 * Keys and keyrings (keyrings(7)): small secrets and names that the kernel keeps for
 * programs. Types: "keyring", "user", "logon". Nobody is asked to make a key up
 * (request_key(2) without /sbin/request-key).
 *
 * Rules of references: whoever holds a struct key has one of its refs; a keyring holds
 * one of each key linked to it.
 */
#ifndef PROC_KEY_H
#define PROC_KEY_H

#include "lib/list.h"
#include "lib/types.h"

#define KEY_DESC_BYTES 4096	    /* Linux: KEY_MAX_DESC_SIZE */
#define KEY_TYPE_BYTES 32	    /* of a type's name, NUL included */
#define KEY_PAYLOAD_MAX (1048576 - 1) /* of any type */

/* What a right is called in each of the four groups of key.perm: possessor (bits 24 on),
 * owner (16), group (8), others (0). */
#define KEY_VIEW 0x01u
#define KEY_READ 0x02u
#define KEY_WRITE 0x04u
#define KEY_SEARCH 0x08u
#define KEY_LINK 0x10u
#define KEY_SETATTR 0x20u
#define KEY_RIGHTS 0x3fu
#define KEY_POSSESSOR(rights) ((u32)(rights) << 24)
#define KEY_OWNER(rights) ((u32)(rights) << 16)
#define KEY_PERM_ALL 0x3f3f3f3fu

struct task;
struct textbuf;
struct key_user;

enum key_kind {
	KEY_KEYRING,
	KEY_USER,  /* payload may be read */
	KEY_LOGON, /* payload is the kernel's only */
};

struct key {
	struct list_head links; /* a keyring's, struct key_link; newest last */
	struct key_user *user; /* whose quota it counts in */
	char *desc;
	void *payload;
	u32 payload_bytes;
	u32 quota_bytes;
	u32 link_count;
	u32 refs;
	s32 serial;
	enum key_kind kind;
	u32 uid, gid, perm;
	s64 expiry_s; /* real time; 0: never */
	s32 rejected; /* -errno that who finds it gets (a negative key), or 0 */
	s64 revoked_s; /* when; 0: it is not */
	bool invalidated;
	bool closed;   /* a keyring that takes no links (KEYCTL_RESTRICT_KEYRING) */
	u64 search; /* of keyring.c: the last one that was here, and how deep */
	u32 search_depth;
	bool is_users; /* _uid.N and _uid_ses.N: the kernel's name */
};

struct key_link {
	struct list_head in_ring;
	struct key *key;
};

/* A key as somebody came to it: possessed or not decides which rights count. */
struct key_ref {
	struct key *key;
	bool possessed;
};

/* --- key.c ------------------------------------------------------------------------- */

/* -ENODEV: there is no such type. */
int key_kind_find(const char *type);
const char *key_type_name(const struct key *key);
/* The rights of a key of this kind that nobody asked others for. */
u32 key_default_perm(enum key_kind kind);
/* A new key without payload, one reference, of owner uid and gid. It counts in the owner's
 * quota; overrun: even beyond it. ERR_PTR(-EINVAL, -EDQUOT, -ENOMEM). */
struct key *key_create(enum key_kind kind, const char *desc, u32 uid, u32 gid, u32 perm,
		       bool overrun);
void key_get(struct key *key);
void key_put(struct key *key);
/* May a key of this kind have that many bytes of payload? 0, -EINVAL. */
int key_payload_check(enum key_kind kind, u32 bytes);
/* Its payload, a copy: -EINVAL (not of its type), -EDQUOT, -ENOMEM. */
int key_set_payload(struct key *key, const void *data, u32 bytes);
/* Counts bytes as the key's, instead of as many as before: 0, -EDQUOT. */
int key_reserve(struct key *key, u32 bytes);
/* Is it usable? 0, -ENOKEY, -EKEYREVOKED, -EKEYEXPIRED. */
int key_validate(const struct key *key);
/* May the current task do this with it? 0, -EACCES. */
int key_permission(struct key_ref ref, u32 right);
/* The key of this number, referenced, or NULL. */
struct key *key_find(s32 serial);
/* The keyring of this name that the current task may search, referenced, or NULL. */
struct key *key_find_ring(const char *name);
/* Payload gone, and nobody can use it. */
void key_revoke(struct key *key);
/* Nobody can use it, and it goes from all keyrings; the caller has a reference. */
void key_invalidate(struct key *key);
/* Now and then: what was revoked or expired key_gc_delay_s ago goes from all keyrings. */
void key_collect(void);
/* Another owner (CRED_KEEP: the same): 0, -EDQUOT, -ENOMEM. */
int key_chown(struct key *key, u32 uid, u32 gid);
/* All keys, for /proc. */
struct key *key_first(void);
struct key *key_next(struct key *key);
/* /proc/key-users. */
void key_show_users(struct textbuf *tb);
s64 key_now(void); /* seconds of real time */

/* Quotas: /proc/sys/kernel/keys. */
extern s64 key_quota_keys, key_quota_bytes, key_quota_root_keys, key_quota_root_bytes;
extern s64 key_gc_delay_s;

/* --- keyring.c ---------------------------------------------------------------------- */

/* What is looked for. */
struct key_query {
	enum key_kind kind;
	const char *desc;
};

/* Links key; one of the same type and name gives way. -ENOTDIR, -EPERM (closed), -EDQUOT,
 * -EDEADLK (it would hold itself), -ELOOP, -ENOMEM. */
int keyring_link(struct key *ring, struct key *key);
/* -ENOTDIR, -ENOENT. */
int keyring_unlink(struct key *ring, struct key *key);
void keyring_clear(struct key *ring);
/* The key of that name in ring itself, not referenced, or NULL. */
struct key *keyring_find(const struct key *ring, const struct key_query *query);
bool keyring_has(const struct key *ring, const struct key *key);
/* Searches ring and, with deep, those linked to it. 0 and a referenced key, possessed as
 * ring is; -EAGAIN: not there; or why it is no use: -ENOKEY, -EACCES, -EKEYREVOKED,
 * -EKEYEXPIRED, -ENOTDIR. */
int keyring_search(struct key_ref ring, const struct key_query *query, bool deep,
		   struct key_ref *found);
/* Is key linked from ring or what is linked to it, by searchable keyrings? */
bool keyring_reaches(struct key *ring, const struct key *key);

/* --- key_task.c ---------------------------------------------------------------------- */

/* The keyrings of a task; NULL: has none. */
struct task_keys {
	struct key *thread, *process, *session;
	u8 request_dest; /* KEY_REQKEY_DEFL_* */
};

/* child is new, as a thread of the same process or not. */
void task_keys_copy(struct task *child, const struct task *parent, bool thread);
void task_keys_drop(struct task *t);
/* execve: those of thread and process end. */
void task_keys_exec(struct task *t);

#define KEY_LOOKUP_CREATE 1u  /* a special one that is not there is made */
#define KEY_LOOKUP_PARTIAL 2u /* negative keys, too */
#define KEY_LOOKUP_ANY 4u     /* whatever its state, and without looking at rights */
/* The key of a number or of KEY_SPEC_*, for which the task needs right (0: none).
 * 0 and a referenced key, or -EINVAL, -ENOKEY, -EACCES, as key_validate. */
int key_lookup(s32 id, u32 flags, u32 right, struct key_ref *ref);
/* Do the current task's keyrings hold it? */
bool key_is_possessed(const struct key *key);
/* In all of the current task's keyrings, as keyring_search. */
int key_search_task(const struct key_query *query, struct key_ref *found);
/* KEYCTL_JOIN_SESSION_KEYRING; name NULL: a new one. Number or -errno. */
s64 key_join_session(const char *name);
/* KEYCTL_SESSION_TO_PARENT: 0, -EPERM. */
int key_session_to_parent(void);
/* KEYCTL_SET_REQKEY_KEYRING: the old setting, or -EINVAL, -ENOMEM. */
s64 key_set_request_dest(s32 dest);
/* Where request_key(2) puts a key without being told: referenced, or NULL, or ERR_PTR. */
struct key *key_request_dest(void);

#endif
