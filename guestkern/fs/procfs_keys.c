/* /proc/keys and /proc/key-users (keyrings(7)): what the reader may see of each key. */
#include "fs/procfs.h"

#include "lib/err.h"
#include "lib/printf.h"
#include "proc/key.h"
#include "proc/task.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

/* How long it lasts, in four columns. */
static void put_time_left(struct textbuf *tb, const struct key *key)
{
	long long left = key->expiry_s - key_now();

	if (!key->expiry_s)
		textbuf_printf(tb, "perm");
	else if (left <= 0)
		textbuf_printf(tb, "expd");
	else if (left < MINUTE)
		textbuf_printf(tb, "%3llds", left);
	else if (left < HOUR)
		textbuf_printf(tb, "%3lldm", left / MINUTE);
	else if (left < DAY)
		textbuf_printf(tb, "%3lldh", left / HOUR);
	else if (left < WEEK)
		textbuf_printf(tb, "%3lldd", left / DAY);
	else
		textbuf_printf(tb, "%3lldw", left / WEEK);
}

static void put_contents(struct textbuf *tb, const struct key *key)
{
	textbuf_printf(tb, "%s", key->desc);
	if (key->rejected)
		return;
	if (key->kind != KEY_KEYRING)
		textbuf_printf(tb, ": %u", key->payload_bytes);
	else if (key->link_count)
		textbuf_printf(tb, ": %u", key->link_count);
	else
		textbuf_printf(tb, ": empty");
}

static void put_key(struct textbuf *tb, const struct key *key)
{
	textbuf_printf(tb, "%08x I%c-Q-%c%c %5u ", (u32)key->serial,
		       key->revoked_s ? 'R' : '-', key->rejected ? 'N' : '-',
		       key->invalidated ? 'i' : '-', key->refs);
	put_time_left(tb, key);
	textbuf_printf(tb, " %08x %5d %5d %-9s ", key->perm, (int)key->uid, (int)key->gid,
		       key_type_name(key));
	put_contents(tb, key);
	textbuf_putc(tb, '\n');
}

int proc_show_keys(struct textbuf *tb, const struct proc_target *t)
{
	struct key *key;

	(void)t;
	for (key = key_first(); key; key = key_next(key)) {
		struct key_ref ref = { key, key_is_possessed(key) };

		if (key_permission(ref, KEY_VIEW) == 0)
			put_key(tb, key);
	}
	return 0;
}

int proc_show_key_users(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	key_show_users(tb);
	return 0;
}
