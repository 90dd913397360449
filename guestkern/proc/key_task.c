/*
 * The keyrings of tasks: of a thread, of a process, of a session, of a user
 * (keyrings(7)), and what a program names by number or KEY_SPEC_*.
 *
 * Owns struct task_keys and the users' keyrings (_uid.N and _uid_ses.N). Context: never
 * sleeps.
 */
#include "lib/err.h"
#include "lib/printf.h"
#include "mm/slab.h"
#include "proc/key.h"
#include "proc/task.h"

#include <linux/keyctl.h>

#define ALL_OF_POSSESSOR KEY_POSSESSOR(KEY_RIGHTS)
#define USERS_PERM (KEY_POSSESSOR(KEY_RIGHTS & ~KEY_SETATTR) | KEY_OWNER(KEY_RIGHTS))
#define NAME_BYTES 24

static struct task_keys *own(void)
{
	return &current_task()->keys;
}

/* --- with the task ------------------------------------------------------------------------- */

void task_keys_copy(struct task *child, const struct task *parent, bool thread)
{
	child->keys = parent->keys;
	child->keys.thread = NULL;
	if (!thread)
		child->keys.process = NULL;
	key_get(child->keys.process);
	key_get(child->keys.session);
}

static void drop(struct key **key)
{
	key_put(*key);
	*key = NULL;
}

void task_keys_exec(struct task *t)
{
	drop(&t->keys.thread);
	drop(&t->keys.process);
}

/* --- making them ------------------------------------------------------------------------------ */

static struct key *ring_create(const char *name, u32 perm, bool overrun)
{
	const struct cred *cred = &current_task()->cred;

	return key_create(KEY_KEYRING, name, cred->uid, cred->gid, perm, overrun);
}

/* *at := a keyring of its own, unless there is one. */
static int install(struct key **at, const char *name)
{
	struct key *ring;

	if (*at)
		return 0;
	ring = ring_create(name, ALL_OF_POSSESSOR | KEY_OWNER(KEY_VIEW), true);
	if (IS_ERR(ring))
		return (int)PTR_ERR(ring);
	*at = ring;
	return 0;
}

static void session_set(struct task *t, struct key *ring)
{
	key_put(t->keys.session);
	t->keys.session = ring;
}

s64 key_join_session(const char *name)
{
	struct key *ring = name ? key_find_ring(name) : NULL;
	u32 perm = ALL_OF_POSSESSOR | KEY_OWNER(KEY_VIEW | KEY_READ);

	if (ring && ring == own()->session) {
		key_put(ring);
		return 0;
	}
	if (!ring)
		ring = ring_create(name ? name : "_ses",
				   name ? perm | KEY_OWNER(KEY_LINK) : perm,
				   !name && own()->session);
	if (IS_ERR(ring))
		return PTR_ERR(ring);
	session_set(current_task(), ring);
	return ring->serial;
}

/* --- of users ------------------------------------------------------------------------------------ */

/* A user's pair: session holds user. Kept while something is in one of them, or
 * somebody holds one. */
struct users_rings {
	struct list_head link;
	u32 uid;
	struct key *user, *session;
};

static struct list_head pairs = LIST_HEAD_INIT(pairs);

static struct users_rings *pair_find(u32 uid)
{
	struct users_rings *pair;

	list_for_each_entry(pair, &pairs, link) {
		if (pair->uid == uid)
			return pair;
	}
	return NULL;
}

static void pair_free(struct users_rings *pair)
{
	key_put(pair->user);
	key_put(pair->session);
	kfree(pair);
}

/* Is it as it was made, and used by nobody? */
static bool pair_is_idle(const struct users_rings *pair)
{
	return pair->session->refs == 1 && pair->session->link_count == 1 &&
	       pair->user->refs == 2 && pair->user->link_count == 0 &&
	       keyring_has(pair->session, pair->user);
}

static void pairs_trim(void)
{
	struct users_rings *pair, *next;

	list_for_each_entry_safe(pair, next, &pairs, link) {
		if (!pair_is_idle(pair))
			continue;
		list_del(&pair->link);
		pair_free(pair);
	}
}

static struct key *users_ring(const char *kind, u32 uid)
{
	char name[NAME_BYTES];
	struct key *ring;

	ksnprintf(name, sizeof(name), "%s.%u", kind, uid);
	ring = key_create(KEY_KEYRING, name, uid, CRED_KEEP, USERS_PERM, true);
	if (IS_ERR(ring))
		return NULL;
	ring->is_users = true;
	return ring;
}

static struct users_rings *pair_create(u32 uid)
{
	struct users_rings *pair = kzalloc(sizeof(*pair));

	if (!pair)
		return NULL;
	pair->uid = uid;
	pair->user = users_ring("_uid", uid);
	pair->session = users_ring("_uid_ses", uid);
	if (!pair->user || !pair->session || keyring_link(pair->session, pair->user)) {
		pair_free(pair);
		return NULL;
	}
	list_add(&pair->link, &pairs);
	return pair;
}

/* The current user's, which are made where there are none; NULL: no memory. */
static struct users_rings *pair_get(void)
{
	u32 uid = current_task()->cred.uid;
	struct users_rings *pair = pair_find(uid);

	return pair ? pair : pair_create(uid);
}

void task_keys_drop(struct task *t)
{
	task_keys_exec(t);
	drop(&t->keys.session);
	pairs_trim();
}

/* --- by name ---------------------------------------------------------------------------------------- */

/* KEY_SPEC_SESSION_KEYRING: a program's that has none is its user's, and who wants to
 * change that gets one of his own. */
static int session_for(bool create)
{
	struct users_rings *pair = pair_get();
	s64 ret;

	if (!pair)
		return -ENOMEM;
	if (own()->session && (own()->session != pair->session || !create))
		return 0;
	if (create) {
		ret = key_join_session(NULL);
		return ret < 0 ? (int)ret : 0;
	}
	key_get(pair->session);
	session_set(current_task(), pair->session);
	return 0;
}

/* KEY_SPEC_*, not referenced. */
static struct key *special(s32 id, bool create)
{
	struct task_keys *keys = own();
	struct users_rings *pair;
	int err = 0;

	switch (id) {
	case KEY_SPEC_THREAD_KEYRING:
		err = create ? install(&keys->thread, "_tid") : 0;
		return err ? ERR_PTR(err) : keys->thread;
	case KEY_SPEC_PROCESS_KEYRING:
		err = create ? install(&keys->process, "_pid") : 0;
		return err ? ERR_PTR(err) : keys->process;
	case KEY_SPEC_SESSION_KEYRING:
		err = session_for(create);
		return err ? ERR_PTR(err) : keys->session;
	case KEY_SPEC_USER_KEYRING:
	case KEY_SPEC_USER_SESSION_KEYRING:
		pair = pair_get();
		if (!pair)
			return ERR_PTR(-ENOMEM);
		return id == KEY_SPEC_USER_KEYRING ? pair->user : pair->session;
	case KEY_SPEC_REQKEY_AUTH_KEY:
	case KEY_SPEC_REQUESTOR_KEYRING:
		return NULL; /* nobody is ever asked to make a key up */
	default:
		return ERR_PTR(-EINVAL);
	}
}

/* What the current task's searches begin with, in order; NULL at the end. */
static void roots(struct key *ring[4])
{
	struct users_rings *pair = pair_find(current_task()->cred.uid);
	struct key *session = own()->session;
	u32 n = 0;

	if (!session && pair)
		session = pair->session;
	if (own()->thread)
		ring[n++] = own()->thread;
	if (own()->process)
		ring[n++] = own()->process;
	if (session)
		ring[n++] = session;
	ring[n] = NULL;
}

bool key_is_possessed(const struct key *key)
{
	struct key *ring[4];

	roots(ring);
	for (u32 i = 0; ring[i]; i++) {
		if (keyring_reaches(ring[i], key))
			return true;
	}
	return false;
}

static int check_state(const struct key *key, u32 flags)
{
	if (flags & KEY_LOOKUP_ANY)
		return 0;
	if (key->rejected && !(flags & KEY_LOOKUP_PARTIAL))
		return key->rejected;
	return key_validate(key);
}

int key_lookup(s32 id, u32 flags, u32 right, struct key_ref *ref)
{
	struct key *key;
	int err;

	if (id > 0) {
		key = key_find(id);
		*ref = (struct key_ref){ key, key && key_is_possessed(key) };
	} else {
		key = special(id, flags & KEY_LOOKUP_CREATE);
		if (IS_ERR(key))
			return (int)PTR_ERR(key);
		key_get(key);
		*ref = (struct key_ref){ key, true };
	}
	if (!key)
		return -ENOKEY;
	err = check_state(key, flags);
	if (!err && right)
		err = key_permission(*ref, right);
	if (err)
		key_put(key);
	return err;
}

/* The first that has it; else "not there" and negative keys outdo what is wrong with
 * others (search_cred_keyrings_rcu of Linux). */
int key_search_task(const struct key_query *query, struct key_ref *found)
{
	struct key *ring[4];
	int missing = 0, other = -EAGAIN;

	roots(ring);
	for (u32 i = 0; ring[i]; i++) {
		int err = keyring_search((struct key_ref){ ring[i], true }, query, true,
					 found);

		if (!err)
			return 0;
		if (err == -ENOKEY || (err == -EAGAIN && !missing))
			missing = err;
		else if (err != -EAGAIN)
			other = err;
	}
	return missing ? missing : other;
}

/* --- keyctl(2)'s on whole tasks ------------------------------------------------------------------------- */

static bool same_ids(const struct cred *a, const struct cred *b)
{
	return a->uid == b->euid && a->euid == b->euid && a->suid == b->euid &&
	       a->gid == b->egid && a->egid == b->egid && a->sgid == b->egid;
}

int key_session_to_parent(void)
{
	const struct task *me = current_task();
	struct process *parent = me->proc->parent;
	struct task *t;

	if (!parent || parent->pid <= 1 || !parent->mm || parent->task_count != 1)
		return -EPERM;
	t = list_first_entry(&parent->tasks, struct task, group_link);
	if (t->keys.session == me->keys.session)
		return 0;
	if (!same_ids(&t->cred, &me->cred) || me->keys.session->uid != me->cred.euid ||
	    (t->keys.session && t->keys.session->uid != me->cred.euid))
		return -EPERM;
	key_get(me->keys.session);
	session_set(t, me->keys.session);
	return 0;
}

s64 key_set_request_dest(s32 dest)
{
	s64 old = own()->request_dest;
	int err = 0;

	switch (dest) {
	case KEY_REQKEY_DEFL_NO_CHANGE:
		return old;
	case KEY_REQKEY_DEFL_THREAD_KEYRING:
		err = install(&own()->thread, "_tid");
		break;
	case KEY_REQKEY_DEFL_PROCESS_KEYRING:
		err = install(&own()->process, "_pid");
		break;
	case KEY_REQKEY_DEFL_DEFAULT:
	case KEY_REQKEY_DEFL_SESSION_KEYRING:
	case KEY_REQKEY_DEFL_USER_KEYRING:
	case KEY_REQKEY_DEFL_USER_SESSION_KEYRING:
	case KEY_REQKEY_DEFL_REQUESTOR_KEYRING:
		break;
	default:
		return -EINVAL;
	}
	if (!err)
		own()->request_dest = (u8)dest;
	return err ? err : old;
}

/* As KEY_REQKEY_DEFL_DEFAULT: the innermost that there is. */
static struct key *innermost(void)
{
	if (own()->thread)
		return own()->thread;
	if (own()->process)
		return own()->process;
	return own()->session ? own()->session : special(KEY_SPEC_USER_SESSION_KEYRING, false);
}

struct key *key_request_dest(void)
{
	struct key *ring = innermost();

	switch (own()->request_dest) {
	case KEY_REQKEY_DEFL_SESSION_KEYRING:
		if (own()->session)
			ring = own()->session;
		break;
	case KEY_REQKEY_DEFL_USER_KEYRING:
		ring = special(KEY_SPEC_USER_KEYRING, false);
		break;
	case KEY_REQKEY_DEFL_USER_SESSION_KEYRING:
		ring = special(KEY_SPEC_USER_SESSION_KEYRING, false);
		break;
	}
	if (!IS_ERR(ring))
		key_get(ring);
	return ring;
}
