/*
 * A guest kernel that talks to the broker by itself. run.sh binds one directory twice,
 * as handle 0 and, only to be read, as handle 1; beside it is a secret, and while the
 * machine runs two names in it are swapped for links to that.
 *
 * Each attack is a series of messages that must be refused, one by one, and ends with
 * status 42: the machine, and the broker, must be alive to see it. Without the checks
 * a guest kernel could read and change whatever the user who started it can.
 */
#include <linux/fs.h>

#include "abi/broker.h"
#include "hostile.h"
#include "lib/err.h"
#include "lib/string.h"

#define ALIVE 42
#define RACE_ROUNDS 3000
#define FLOOD 3000
#define SECRET "secret"

static u8 message[LODGER_BROKER_REQUEST_MAX];
static union {
	struct lodger_broker_reply head;
	u8 bytes[LODGER_BROKER_REPLY_MAX];
} reply;

static struct lodger_broker_request rq(u32 op, u32 handle)
{
	return (struct lodger_broker_request){ .magic = LODGER_BROKER_MAGIC, .op = op,
					       .handle = handle, .seq = 1 };
}

/* Sends so many bytes of message; the broker's error, or what the host says. */
static s64 exchange(size_t len_bytes)
{
	s64 n = broker_exchange(message, len_bytes, &reply, LODGER_BROKER_REPLY_MAX);

	return n < 0 ? n : reply.head.error;
}

static s64 ask(struct lodger_broker_request head, const char *name, const char *text)
{
	head.name_bytes = (u16)strlen(name);
	head.text_bytes = (u16)strlen(text);
	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), name, head.name_bytes);
	memcpy(message + sizeof(head) + head.name_bytes, text, head.text_bytes);
	return exchange(sizeof(head) + head.name_bytes + head.text_bytes);
}

/* An answer that is no refusal is the attack's success. */
static void must_refuse(s64 error)
{
	if (error >= 0 || error == -EIO)
		let_through(error);
}

/* The machine can still ask for what is its own. */
static void end(void) __noreturn;
static void end(void)
{
	s64 err = ask(rq(LODGER_BROKER_LOOKUP, 0), "file", "");

	machine_halt(LODGER_HALT_EXIT, err ? 1 : ALIVE, "");
}

/* A handle for a name, or 0. */
static u32 take(u32 dir, const char *name)
{
	struct lodger_broker_request head = rq(LODGER_BROKER_TAKE, dir);

	if (ask(rq(LODGER_BROKER_LOOKUP, dir), name, ""))
		return 0;
	head.ino = reply.head.attr.ino;
	return ask(head, name, "") ? 0 : reply.head.handle;
}

static void drop(u32 handle)
{
	struct lodger_broker_request head = rq(LODGER_BROKER_CLOSE, handle);

	broker_exchange(&head, sizeof(head), NULL, 0);
}

static void names(void)
{
	static const char *const bad[] = { "..", ".", "/", "/etc/passwd", "../out/secret",
					   "link/secret", "sub/..", "" };
	u32 file = take(0, "file");

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		for (u32 op = LODGER_BROKER_LOOKUP; op < LODGER_BROKER_OPS; op++) {
			struct lodger_broker_request head = rq(op, 0);

			head.other = file;
			if (op == LODGER_BROKER_CLOSE)
				continue;
			must_refuse(ask(head, bad[i], "new"));
			if (!*bad[i])
				continue; /* which some want */
			must_refuse(ask(head, bad[i], ""));
			must_refuse(ask(head, "file", bad[i]));
		}
	}
	end();
}

static void links(void)
{
	static const char *const bad[] = { "link", "absolute", "magic" };
	struct lodger_broker_request head;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		u32 handle = take(0, bad[i]);

		must_refuse(ask(rq(LODGER_BROKER_LOOKUP, handle), SECRET, ""));
		must_refuse(ask(rq(LODGER_BROKER_OPEN, handle), "", ""));
		must_refuse(ask(rq(LODGER_BROKER_CREATE, handle), "new", ""));
		must_refuse(ask(rq(LODGER_BROKER_CREATE, 0), bad[i], ""));
		head = rq(LODGER_BROKER_SETATTR, handle);
		head.flags = LODGER_BROKER_SET_OWNER;
		must_refuse(ask(head, "", ""));
		head.flags = LODGER_BROKER_SET_SIZE;
		must_refuse(ask(head, "", ""));
	}
	end();
}

static void read_only(void)
{
	struct lodger_broker_request head = rq(LODGER_BROKER_RENAME, 0);
	u32 file = take(1, "file");

	for (u32 op = LODGER_BROKER_CREATE; op <= LODGER_BROKER_RENAME; op++)
		must_refuse(ask(rq(op, 1), "file", ""));
	must_refuse(ask(rq(LODGER_BROKER_SYMLINK, 1), "new", "to"));
	must_refuse(ask(rq(LODGER_BROKER_SETATTR, file), "", ""));
	must_refuse(ask(rq(LODGER_BROKER_WRITE, file), "", ""));
	head.other = 1;
	must_refuse(ask(head, "file", "new"));
	head = rq(LODGER_BROKER_OPEN, file);
	head.flags = LODGER_BROKER_OPEN_WRITE;
	must_refuse(ask(head, "", ""));
	end();
}

static void handles(void)
{
	u32 old = take(0, "file");

	drop(old);
	for (u32 i = 0; i < 64; i++) {
		must_refuse(ask(rq(LODGER_BROKER_GETATTR, 1u << (i % 31) | 2), "", ""));
		must_refuse(ask(rq(LODGER_BROKER_GETATTR, old), "", ""));
		must_refuse(ask(rq(LODGER_BROKER_LOOKUP, ~i), "file", ""));
		drop(~i);
		drop(i % 2); /* the places themselves */
		drop(take(0, "sub"));
	}
	end();
}

static void places(void)
{
	static const u64 at[] = { ~0ULL, 1ULL << 63, 1ULL << 47, 0x70200000 };
	u32 file = take(0, "file");

	if (ask(rq(LODGER_BROKER_OPEN, file), "", ""))
		let_through(0);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		struct lodger_broker_request head = rq(LODGER_BROKER_READ, file);

		head.bytes = 4096;
		head.ram_at = at[i];
		must_refuse(ask(head, "", ""));
		head.ram_at = boot_info()->ram_bytes - 1;
		must_refuse(ask(head, "", ""));
		head.ram_at = 0;
		head.bytes = at[i];
		must_refuse(ask(head, "", ""));
		head.bytes = 1;
		head.offset = at[i] | 1ULL << 63;
		must_refuse(ask(head, "", ""));
	}
	end();
}

/* Attributes that are not the guest's, files that it may only read, links; and the places
 * themselves cannot be closed. */
static void attributes(void)
{
	static const char *const bad[] = { LODGER_BROKER_OWNER_XATTR, "security.capability",
					   "trusted.a", "system.posix_acl_access", "user.", "a" };
	u32 file = take(0, "file"), theirs = take(1, "file"), link = take(0, "link");
	struct lodger_broker_request head;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		must_refuse(ask(rq(LODGER_BROKER_SETXATTR, file), bad[i], "0:0:04755"));
		must_refuse(ask(rq(LODGER_BROKER_GETXATTR, file), bad[i], ""));
		must_refuse(ask(rq(LODGER_BROKER_DELXATTR, file), bad[i], ""));
	}
	must_refuse(ask(rq(LODGER_BROKER_SETXATTR, theirs), "user.a", "b"));
	must_refuse(ask(rq(LODGER_BROKER_DELXATTR, theirs), "user.a", ""));
	must_refuse(ask(rq(LODGER_BROKER_SETXATTR, link), "user.a", "b"));
	must_refuse(ask(rq(LODGER_BROKER_TMPFILE, 1), "", ""));
	must_refuse(ask(rq(LODGER_BROKER_TMPFILE, file), "", ""));
	head = rq(LODGER_BROKER_ALLOCATE, theirs);
	head.bytes = 1;
	must_refuse(ask(head, "", ""));
	head.handle = 0;
	must_refuse(ask(head, "", ""));
	head = rq(LODGER_BROKER_SETATTR, theirs);
	head.flags = LODGER_BROKER_SET_OWNER;
	must_refuse(ask(head, "", ""));
	head = rq(LODGER_BROKER_MKSPECIAL, 1);
	head.flags = LODGER_BROKER_MAKE_BLOCK;
	must_refuse(ask(head, "disk", ""));
	head = rq(LODGER_BROKER_GETATTR, 0);
	head.closes = 1;
	if (ask(head, "", "") || ask(rq(LODGER_BROKER_LOOKUP, 1), "file", ""))
		let_through(1);
	end();
}

/* Every length, every operation, every kind of rubbish. */
static void rubbish(void)
{
	struct lodger_broker_request head;
	u64 state = 88172645463325252ULL;

	for (size_t len = 1; len < sizeof(head); len++)
		must_refuse(exchange(len));
	for (u32 i = 0; i < 20000; i++) {
		u32 len;

		for (size_t at = 0; at < 200; at += 8) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			memcpy(message + at, &state, 8);
		}
		head = rq((u32)(state >> 8) % 24, (u32)(state >> 20) % 3);
		if (head.op == LODGER_BROKER_CLOSE)
			continue;
		head.name_bytes = (u16)(state % 9);
		head.text_bytes = (u16)(state >> 4) % 9;
		memcpy(message, &head, state % 3 ? 32 : sizeof(head));
		len = (u32)sizeof(head) + (state % 5 ? 0u : (u32)head.name_bytes + head.text_bytes);
		if (exchange(len) == -EIO)
			let_through(-EIO);
	}
	end();
}

/* Messages whose answers nobody reads, up to what the host's socket holds. */
static void flood(void)
{
	struct lodger_broker_request head = rq(LODGER_BROKER_CLOSE, 12345);

	for (u32 i = 0; i < FLOOD; i++)
		broker_exchange(&head, sizeof(head), NULL, 0);
	end();
}

/* The secret, read through a name that is a file, a directory, a link by turns. */
static void race(void)
{
	struct lodger_broker_request head;
	u8 got[sizeof(SECRET)];

	for (u32 i = 0; i < RACE_ROUNDS; i++) {
		u32 dir = take(0, "swapped"), file = take(0, "swap");

		if (dir && !ask(rq(LODGER_BROKER_LOOKUP, dir), SECRET, ""))
			let_through(1);
		head = rq(LODGER_BROKER_READ, file);
		head.bytes = sizeof(got);
		if (file && !ask(rq(LODGER_BROKER_OPEN, file), "", "") && !ask(head, "", "")) {
			ram_read((gpa_t){ 0 }, got, sizeof(got));
			if (!memcmp(got, SECRET, sizeof(SECRET) - 1))
				let_through(2);
		}
		if (dir)
			drop(dir);
		if (file)
			drop(file);
	}
	end();
}

/* --- the helpers ---------------------------------------------------------------------- */

/* Sends a request to a helper; its answer, or -EIO: there is none. */
static s64 ask_apart(struct lodger_broker_request head)
{
	int got = 0;

	if (hostio_submit(&head))
		return -EIO;
	while (!got)
		got = hostio_answer(&reply.head);
	return got < 0 ? -EIO : reply.head.error;
}

/* What the broker would do they do not, nor with handles that are not open, nor elsewhere
 * than in RAM. */
static void helpers(void)
{
	u32 file = take(0, "file"), link = take(0, "link"), open = take(0, "file");
	struct lodger_broker_request head;

	if (ask(rq(LODGER_BROKER_OPEN, open), "", ""))
		let_through(0);
	for (u32 op = 0; op < LODGER_BROKER_OPS + 2; op++) {
		if (op != LODGER_BROKER_SYNC)
			must_refuse(ask_apart(rq(op, open))); /* READ of nothing, too */
		must_refuse(ask_apart(rq(op, file)));
		must_refuse(ask_apart(rq(op, link)));
		must_refuse(ask_apart(rq(op, 0)));
		must_refuse(ask_apart(rq(op, ~open)));
	}
	head = rq(LODGER_BROKER_READ, open);
	head.bytes = 4096;
	head.ram_at = boot_info()->ram_bytes - 1;
	must_refuse(ask_apart(head));
	head.ram_at = ~0ULL;
	must_refuse(ask_apart(head));
	head.ram_at = 0;
	head.offset = ~0ULL;
	must_refuse(ask_apart(head));
	head.offset = 0;
	head.name_bytes = 1;
	must_refuse(ask_apart(head));
	head = rq(LODGER_BROKER_SYNC, open);
	head.closes = open;
	must_refuse(ask_apart(head));
	if (ask(rq(LODGER_BROKER_GETATTR, open), "", ""))
		let_through(1);
	end();
}

/* More requests than there is room for, whose answers nobody reads, while what they are
 * about is closed and opened again. */
static void helpers_flood(void)
{
	for (u32 i = 0; i < FLOOD; i++) {
		u32 file = take(0, i % 2 ? "file" : "swap");
		struct lodger_broker_request head = rq(LODGER_BROKER_READ, file);

		head.bytes = 4096;
		ask(rq(LODGER_BROKER_OPEN, file), "", "");
		for (u32 k = 0; k < 4; k++)
			hostio_submit(&head);
		drop(file);
	}
	end();
}

#define IT(n) { .name = "broker-" #n, .status = ALIVE, .run = n }

static const struct attack table[] = {
	IT(names), IT(links), IT(read_only), IT(handles), IT(places), IT(attributes),
	IT(rubbish), IT(flood),
	IT(race), IT(helpers), IT(helpers_flood),
	{ .name = "broker-long-message", .status = STATUS_REFUSED,
	  .line = REFUSED("write", "more than a request"), .nr = __NR_write,
	  .arg = { LODGER_FD_BROKER, (u64)message, sizeof(message) + 1 } },
	{ .name = "broker-helpers-long-message", .status = STATUS_REFUSED,
	  .line = REFUSED("write", "no whole request"), .nr = __NR_write,
	  .arg = { LODGER_FD_HOSTIO, (u64)message, sizeof(struct lodger_broker_request) + 1 } },
	{ .name = "broker-descriptor", .status = STATUS_REFUSED,
	  .line = REFUSED("sendmsg", NOT_THIS_CALL), .nr = __NR_sendmsg,
	  .arg = { LODGER_FD_BROKER, (u64)message } },
};

FAMILY(broker, table);
