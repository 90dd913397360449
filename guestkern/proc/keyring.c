/*
 * Keyrings: which keys each holds, and searches through them (keyrings(7),
 * security/keys/keyring.c of Linux).
 *
 * Invariants: no keyring reaches itself by links; a link counts KEYRING_LINK_BYTES of
 * its keyring's quota. However keyrings are linked, a search looks at each of them once
 * for each depth it is found at. Context: never sleeps.
 */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/key.h"

#define DEPTH_MAX 6 /* KEYRING_SEARCH_MAX_DEPTH */
#define KEYRING_LINK_BYTES 4

/* --- links ------------------------------------------------------------------------------- */

static bool is_what(const struct key *key, const struct key_query *query)
{
	return key->kind == query->kind && strcmp(key->desc, query->desc) == 0;
}

static struct key_link *link_of(const struct key *ring, const struct key *key)
{
	struct key_link *link;

	list_for_each_entry(link, &ring->links, in_ring) {
		if (link->key == key)
			return link;
	}
	return NULL;
}

static struct key_link *link_like(const struct key *ring, const struct key_query *query)
{
	struct key_link *link;

	list_for_each_entry(link, &ring->links, in_ring) {
		if (is_what(link->key, query))
			return link;
	}
	return NULL;
}

static void link_drop(struct key *ring, struct key_link *link)
{
	list_del(&link->in_ring);
	ring->link_count--;
	key_reserve(ring, ring->link_count * KEYRING_LINK_BYTES);
	key_put(link->key);
	kfree(link);
}

bool keyring_has(const struct key *ring, const struct key *key)
{
	return link_of(ring, key) != NULL;
}

struct key *keyring_find(const struct key *ring, const struct key_query *query)
{
	struct key_link *link = link_like(ring, query);

	return link ? link->key : NULL;
}

static u64 last_search; /* its number */

/* Has this search been at ring, from no deeper than now? */
static bool was_seen(struct key *ring, u32 depth)
{
	if (ring->search == last_search && ring->search_depth <= depth)
		return true;
	ring->search = last_search;
	ring->search_depth = depth;
	return false;
}

/* Would ring be below itself with key in it? 0, -EDEADLK; -ELOOP: too deep to tell. */
static int check_cycle(const struct key *ring, struct key *key, u32 depth)
{
	struct key_link *link;
	int err = 0;

	if (key == ring)
		return -EDEADLK;
	if (depth > DEPTH_MAX)
		return -ELOOP;
	if (was_seen(key, depth))
		return 0;
	list_for_each_entry(link, &key->links, in_ring) {
		if (link->key->kind == KEY_KEYRING)
			err = check_cycle(ring, link->key, depth + 1);
		if (err)
			break;
	}
	return err;
}

int keyring_link(struct key *ring, struct key *key)
{
	const struct key_query same = { key->kind, key->desc };
	struct key_link *link, *old;
	int err;

	if (ring->kind != KEY_KEYRING)
		return -ENOTDIR;
	if (ring->closed)
		return -EPERM;
	last_search++;
	err = key->kind == KEY_KEYRING ? check_cycle(ring, key, 0) : 0;
	if (err)
		return err;
	old = link_like(ring, &same);
	key_get(key);
	if (old) {
		key_put(old->key);
		old->key = key;
		return 0;
	}
	link = kmalloc(sizeof(*link));
	err = link ? key_reserve(ring, (ring->link_count + 1) * KEYRING_LINK_BYTES) : -ENOMEM;
	if (err) {
		kfree(link);
		key_put(key);
		return err;
	}
	link->key = key;
	list_add_tail(&link->in_ring, &ring->links);
	ring->link_count++;
	return 0;
}

int keyring_unlink(struct key *ring, struct key *key)
{
	struct key_link *link;

	if (ring->kind != KEY_KEYRING)
		return -ENOTDIR;
	link = link_of(ring, key);
	if (!link)
		return -ENOENT;
	link_drop(ring, link);
	return 0;
}

void keyring_clear(struct key *ring)
{
	while (!list_empty(&ring->links))
		link_drop(ring, list_first_entry(&ring->links, struct key_link, in_ring));
}

/* --- searches ------------------------------------------------------------------------------ */

/* What stands against using key, which was found. */
static int check_found(struct key_ref ref)
{
	const struct key *key = ref.key;

	if (key_validate(key)) /* invalidated ones are in no keyring */
		return key_validate(key);
	if (key_permission(ref, KEY_SEARCH))
		return -EACCES;
	return key->rejected;
}

static bool may_descend(const struct key *ring, bool possessed)
{
	return ring->kind == KEY_KEYRING && !ring->revoked_s && !ring->invalidated &&
	       key_permission((struct key_ref){ (struct key *)ring, possessed },
			      KEY_SEARCH) == 0;
}

/* The keys of a keyring come before those of what it holds. *result: the last failure. */
static bool search_below(const struct key_ref *ring, const struct key_query *query, bool deep,
			 u32 depth, struct key_ref *found, int *result)
{
	struct key_link *link;

	if (was_seen(ring->key, depth))
		return false;
	link = link_like(ring->key, query);
	if (link) {
		*found = (struct key_ref){ link->key, ring->possessed };
		*result = check_found(*found);
		if (!*result)
			return true;
	}
	if (!deep || depth >= DEPTH_MAX)
		return false;
	list_for_each_entry(link, &ring->key->links, in_ring) {
		struct key_ref next = { link->key, ring->possessed };

		if (may_descend(link->key, ring->possessed) &&
		    search_below(&next, query, deep, depth + 1, found, result))
			return true;
	}
	return false;
}

int keyring_search(struct key_ref ring, const struct key_query *query, bool deep,
		   struct key_ref *found)
{
	int err = -EAGAIN;

	if (ring.key->kind != KEY_KEYRING)
		return -ENOTDIR;
	if (key_permission(ring, KEY_SEARCH))
		return -EACCES;
	if (deep && is_what(ring.key, query)) { /* it may be the one itself */
		*found = ring;
		err = check_found(ring);
	}
	last_search++;
	if (err && !search_below(&ring, query, deep, 0, found, &err))
		return err;
	key_get(found->key);
	return 0;
}

/* A key that may not even be searched for is in nobody's possession. */
static bool reaches(struct key *ring, const struct key *key, u32 depth)
{
	struct key_link *link;

	if (ring == key)
		return key_permission((struct key_ref){ (struct key *)ring, true }, KEY_SEARCH) == 0;
	if (depth > DEPTH_MAX || was_seen(ring, depth) || !may_descend(ring, true))
		return false;
	list_for_each_entry(link, &ring->links, in_ring) {
		if (reaches(link->key, key, depth + 1))
			return true;
	}
	return false;
}

bool keyring_reaches(struct key *ring, const struct key *key)
{
	last_search++;
	return reaches(ring, key, 0);
}
