/*
 * Keys and keyrings: add_key(2), request_key(2), keyctl(2), whose keyrings are whose
 * (keyrings(7), thread-, process-, session- and user-keyring(7)).
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/keyctl.h>

#define THREAD KEY_SPEC_THREAD_KEYRING
#define PROCESS KEY_SPEC_PROCESS_KEYRING
#define SESSION KEY_SPEC_SESSION_KEYRING
#define KEYCTL(...) SYS(keyctl, __VA_ARGS__)

static char buf[256];

static void need_keys(void)
{
	if (SYS(keyctl, KEYCTL_GET_KEYRING_ID, PROCESS, 1) < 0)
		test_skip("no keyctl(2) here");
}

static long add(const char *type, const char *name, const char *text, long ring)
{
	return SYS(add_key, type, name, text, text ? strlen(text) : 0, ring);
}

/* ---- keys ---------------------------------------------------------------------- */

static void read_back(void)
{
	long key = CHECK_OK(add("user", "one", "secret", PROCESS));

	CHECK_EQ(KEYCTL(KEYCTL_READ, key, NULL, 0), 6);
	CHECK_EQ(KEYCTL(KEYCTL_READ, key, buf, 3), 6); /* too small: nothing */
	CHECK_EQ(buf[0], 0);
	CHECK_EQ(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), 6);
	CHECK(memcmp(buf, "secret", 7) == 0);
	CHECK_EQ(add("user", "one", "other text", PROCESS), key);
	CHECK_EQ(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), 10);
	CHECK_OK(KEYCTL(KEYCTL_UPDATE, key, "xyz", 3));
	CHECK_EQ(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), 3);
	CHECK_ERR(KEYCTL(KEYCTL_UPDATE, key, "", 0), EINVAL);
	snprintf(buf, sizeof(buf), "user;%d;%d;3f010000;one", getuid(), getgid());
	CHECK_EQ(KEYCTL(KEYCTL_DESCRIBE, key, buf + 100, 100), strlen(buf) + 1);
	CHECK_STR(buf + 100, buf);
}

static void bad_arguments(void)
{
	static char name[5000];

	CHECK_ERR(add("nosuchtype", "a", "b", PROCESS), ENODEV);
	CHECK_ERR(add(".hidden", "a", "b", PROCESS), EPERM);
	CHECK_ERR(add("keyring", ".hidden", NULL, PROCESS), EPERM);
	CHECK_ERR(add("user", "a", NULL, PROCESS), EINVAL);
	CHECK_ERR(add("keyring", "a", "b", PROCESS), EINVAL);
	CHECK_ERR(add("logon", "noprefix", "b", PROCESS), EINVAL);
	CHECK_ERR(add("user", "", "b", PROCESS), EINVAL);
	CHECK_ERR(SYS(add_key, "user", "a", NULL, 8, PROCESS), EFAULT);
	CHECK_ERR(SYS(add_key, "user", "a", "b", 1 << 20, PROCESS), EINVAL);
	CHECK_ERR(SYS(add_key, "user", NULL, "b", 1, PROCESS), EINVAL);
	CHECK_ERR(SYS(add_key, 1, "a", "b", 1, PROCESS), EFAULT);
	memset(name, 'n', sizeof(name) - 1);
	CHECK_ERR(add("user", name, "b", PROCESS), EINVAL);
	CHECK_ERR(add("user", "a", "b", KEY_SPEC_GROUP_KEYRING), EINVAL);
	CHECK_ERR(add("user", "a", "b", KEY_SPEC_REQKEY_AUTH_KEY), ENOKEY);
	CHECK_ERR(add("user", "a", "b", 0), EINVAL);
	CHECK_ERR(add("user", "a", "b", 1), ENOKEY);
	CHECK_ERR(KEYCTL(1000), EOPNOTSUPP);
	CHECK_ERR(KEYCTL(KEYCTL_READ, 1, NULL, 0), ENOKEY);
	CHECK_ERR(KEYCTL(KEYCTL_INSTANTIATE, 1, NULL, 0, 0), EPERM);
	CHECK_ERR(KEYCTL(KEYCTL_REJECT, 1, 1, 512, 0), EINVAL);
	CHECK_ERR(KEYCTL(KEYCTL_ASSUME_AUTHORITY, -1), EINVAL);
	CHECK_OK(KEYCTL(KEYCTL_ASSUME_AUTHORITY, 0));
}

static void logon(void)
{
	long key = CHECK_OK(add("logon", "test:one", "secret", PROCESS));

	CHECK_ERR(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), EOPNOTSUPP);
	CHECK_OK(KEYCTL(KEYCTL_UPDATE, key, "xyz", 3));
}

static void keys(void)
{
	need_keys();
	test_child(read_back);
	test_child(bad_arguments);
	test_child(logon);
}

/* ---- what they can no longer be ---------------------------------------------------- */

static void ends(void)
{
	long key = CHECK_OK(add("user", "one", "x", PROCESS));

	CHECK_OK(KEYCTL(KEYCTL_REVOKE, key));
	CHECK_ERR(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), EKEYREVOKED);
	CHECK_ERR(KEYCTL(KEYCTL_DESCRIBE, key, buf, sizeof(buf)), EKEYREVOKED);
	CHECK_ERR(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "one", 0), EKEYREVOKED);
	CHECK(CHECK_OK(add("user", "one", "y", PROCESS)) != key);
	key = CHECK_OK(add("user", "two", "x", PROCESS));
	CHECK_OK(KEYCTL(KEYCTL_SET_TIMEOUT, key, 1000));
	CHECK_EQ(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "two", 0), key);
	CHECK_OK(KEYCTL(KEYCTL_INVALIDATE, key));
	CHECK_EQ(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "two", 0), -1);
	CHECK(errno == ENOKEY || errno == EKEYREVOKED); /* until it is collected */
	CHECK_ERR(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), ENOKEY);
}

static void expires(void)
{
	long key = CHECK_OK(add("user", "one", "x", PROCESS));

	CHECK_OK(KEYCTL(KEYCTL_SET_TIMEOUT, key, 1));
	while (KEYCTL(KEYCTL_DESCRIBE, key, buf, sizeof(buf)) > 0)
		poll(NULL, 0, 50);
	CHECK_EQ(errno, EKEYEXPIRED);
	CHECK_ERR(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "one", 0), EKEYEXPIRED);
	CHECK_OK(KEYCTL(KEYCTL_UNLINK, key, PROCESS));
	CHECK_ERR(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "one", 0), ENOKEY);
}

/* Nobody makes it up; the second who asks is told from memory. */
static void negative(void)
{
	long id;

	CHECK_ERR(SYS(request_key, "user", "one", NULL, 0), ENOKEY);
	if (SYS(request_key, "user", "lodger:none", "info", PROCESS) != -1 ||
	    errno != ENOENT)
		test_skip("there is a /sbin/request-key");
	CHECK_EQ(KEYCTL(KEYCTL_READ, PROCESS, &id, sizeof(id)), 4);
	CHECK_ERR(KEYCTL(KEYCTL_READ, (int)id, buf, sizeof(buf)), ENOKEY);
	CHECK_ERR(SYS(request_key, "user", "lodger:none", NULL, 0), ENOKEY);
	CHECK_OK(add("user", "lodger:none", "x", PROCESS));
	CHECK_OK(SYS(request_key, "user", "lodger:none", NULL, 0));
}

static void lifetime(void)
{
	need_keys();
	test_child(ends);
	test_child(expires);
	negative();
}

/* ---- keyrings ------------------------------------------------------------------------ */

static void links(void)
{
	long ring = CHECK_OK(add("keyring", "ring", NULL, PROCESS)), inner, key;
	int ids[4];

	inner = CHECK_OK(add("keyring", "inner", NULL, ring));
	key = CHECK_OK(add("user", "deep", "x", inner));
	CHECK_EQ(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "deep", 0), key);
	CHECK_EQ(SYS(request_key, "user", "deep", NULL, ring), key);
	CHECK_EQ(KEYCTL(KEYCTL_READ, ring, ids, sizeof(ids)), 8);
	CHECK_ERR(KEYCTL(KEYCTL_LINK, ring, inner), EDEADLK);
	CHECK_ERR(KEYCTL(KEYCTL_LINK, ring, ring), EDEADLK);
	CHECK_ERR(KEYCTL(KEYCTL_LINK, ring, key), ENOTDIR);
	CHECK_OK(KEYCTL(KEYCTL_UNLINK, key, ring));
	CHECK_ERR(KEYCTL(KEYCTL_UNLINK, key, ring), ENOENT);
	CHECK_ERR(KEYCTL(KEYCTL_UNLINK, key, key), ENOTDIR);
	CHECK_OK(KEYCTL(KEYCTL_MOVE, key, inner, ring, 0));
	CHECK_ERR(KEYCTL(KEYCTL_MOVE, key, inner, ring, 0), ENOENT);
	CHECK_ERR(KEYCTL(KEYCTL_MOVE, key, ring, inner, 2), EINVAL);
	CHECK_OK(add("user", "deep", "y", inner));
	CHECK_ERR(KEYCTL(KEYCTL_MOVE, key, ring, inner, KEYCTL_MOVE_EXCL), EEXIST);
	CHECK_OK(KEYCTL(KEYCTL_CLEAR, inner));
	CHECK_EQ(KEYCTL(KEYCTL_READ, inner, NULL, 0), 0);
	CHECK_ERR(KEYCTL(KEYCTL_CLEAR, key), ENOTDIR);
	CHECK_ERR(KEYCTL(KEYCTL_RESTRICT_KEYRING, inner, "user", NULL), EINVAL);
	CHECK_ERR(KEYCTL(KEYCTL_RESTRICT_KEYRING, inner, NULL, "x"), EINVAL);
	CHECK_ERR(KEYCTL(KEYCTL_RESTRICT_KEYRING, inner, "user", "x"), ENOENT);
	CHECK_OK(KEYCTL(KEYCTL_RESTRICT_KEYRING, inner, NULL, NULL));
	CHECK_ERR(add("user", "new", "x", inner), EPERM);
	CHECK_ERR(KEYCTL(KEYCTL_RESTRICT_KEYRING, inner, NULL, NULL), EEXIST);
}

static void depth(void)
{
	long ring = PROCESS;

	for (int i = 0; i < 7; i++)
		ring = CHECK_OK(add("keyring", "level", NULL, ring));
	CHECK_OK(add("user", "too deep", "x", ring));
	CHECK_ERR(KEYCTL(KEYCTL_SEARCH, PROCESS, "user", "too deep", 0), ENOKEY);
}

#define LEVELS 6
#define WIDTH 24

/* As many paths as nobody could walk: each keyring is looked at once all the same. */
static void lattice(void)
{
	long ring[LEVELS][WIDTH];

	for (int i = 0; i < LEVELS * WIDTH; i++) {
		snprintf(buf, sizeof(buf), "%d", i);
		ring[i / WIDTH][i % WIDTH] = CHECK_OK(add("keyring", buf, NULL, PROCESS));
	}
	for (int i = LEVELS - 2; i >= 0; i--) {
		for (int j = 0; j < WIDTH * WIDTH; j++)
			CHECK_OK(KEYCTL(KEYCTL_LINK, ring[i + 1][j % WIDTH],
					ring[i][j / WIDTH]));
	}
	CHECK_ERR(KEYCTL(KEYCTL_SEARCH, ring[0][0], "user", "none", 0), ENOKEY);
	CHECK_ERR(KEYCTL(KEYCTL_LINK, ring[0][0], ring[LEVELS - 1][0]), EDEADLK);
}

static void keyrings(void)
{
	need_keys();
	test_child(links);
	test_child(depth);
	if (getenv("LODGER_GUEST") && getuid() == 0) /* would hold up a host's kernel */
		test_child(lattice);
}

/* ---- rights ---------------------------------------------------------------------------- */

static void rights(void)
{
	long key = CHECK_OK(add("user", "one", "x", PROCESS));

	CHECK_ERR(KEYCTL(KEYCTL_SETPERM, key, 0x40000000), EINVAL);
	CHECK_OK(KEYCTL(KEYCTL_SETPERM, key, 0x39010000)); /* no read, no write */
	CHECK_ERR(KEYCTL(KEYCTL_UPDATE, key, "y", 1), EACCES);
	CHECK_EQ(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), 1); /* possessed */
	CHECK_OK(KEYCTL(KEYCTL_SETPERM, key, 0x20000000));
	CHECK_ERR(KEYCTL(KEYCTL_DESCRIBE, key, buf, sizeof(buf)), EACCES);
	CHECK_ERR(KEYCTL(KEYCTL_READ, key, buf, sizeof(buf)), EACCES);
	CHECK_ERR(KEYCTL(KEYCTL_SETPERM, key, 0x3f000000), EACCES); /* for good */
}

static long kept;

static void of_another(void)
{
	CHECK_ERR(KEYCTL(KEYCTL_READ, kept, buf, sizeof(buf)), EACCES);
	CHECK_ERR(KEYCTL(KEYCTL_UPDATE, kept, "y", 1), EACCES);
	CHECK_ERR(KEYCTL(KEYCTL_SETPERM, kept, 0), EACCES);
	CHECK_OK(KEYCTL(KEYCTL_DESCRIBE, kept, buf, sizeof(buf)));
	CHECK_ERR(KEYCTL(KEYCTL_LINK, kept, PROCESS), EACCES);
	CHECK_ERR(KEYCTL(KEYCTL_CHOWN, kept, getuid(), -1), EACCES);
}

static void quota(void)
{
	long first = CHECK_OK(add("user", "1", "x", PROCESS)), i;

	for (i = 2; i < 400; i++) {
		snprintf(buf, sizeof(buf), "%ld", i);
		if (add("user", buf, "x", PROCESS) < 0)
			break;
	}
	CHECK_EQ(errno, EDQUOT);
	CHECK(i > 150 && i <= 201);
	CHECK_OK(KEYCTL(KEYCTL_UNLINK, first, PROCESS));
	while (add("user", "room", "x", PROCESS) < 0) /* once it is collected */
		poll(NULL, 0, 50);
}

static void permissions(void)
{
	need_keys();
	test_child(rights);
	test_need_root();
	kept = CHECK_OK(add("user", "roots", "x", PROCESS));
	CHECK_OK(KEYCTL(KEYCTL_SETPERM, kept, 0x3f010001));
	test_as_user(of_another);
	test_as_user(quota);
	CHECK_OK(KEYCTL(KEYCTL_CHOWN, kept, 1234, 1235));
	CHECK_OK(KEYCTL(KEYCTL_DESCRIBE, kept, buf, sizeof(buf)));
	CHECK_STR(buf, "user;1234;1235;3f010001;roots");
}

/* ---- whose keyrings --------------------------------------------------------------------- */

static long session;

static void in_child(void)
{
	CHECK_ERR(KEYCTL(KEYCTL_GET_KEYRING_ID, PROCESS, 0), ENOKEY);
	CHECK_ERR(KEYCTL(KEYCTL_GET_KEYRING_ID, THREAD, 0), ENOKEY);
	CHECK_EQ(KEYCTL(KEYCTL_GET_KEYRING_ID, SESSION, 0), session);
	CHECK_EQ(SYS(request_key, "user", "shared", NULL, 0), kept);
}

static void in_new_session(void)
{
	long own = CHECK_OK(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, NULL));

	CHECK(own != session);
	CHECK_ERR(SYS(request_key, "user", "shared", NULL, 0), ENOKEY);
	CHECK_EQ(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, "lodger"), session);
	CHECK_OK(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, NULL));
	CHECK_OK(KEYCTL(KEYCTL_SESSION_TO_PARENT));
}

static void sessions(void)
{
	session = CHECK_OK(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, "lodger"));
	CHECK_OK(KEYCTL(KEYCTL_SETPERM, session, 0x3f1f0000));
	kept = CHECK_OK(add("user", "shared", "x", SESSION));
	CHECK_OK(KEYCTL(KEYCTL_GET_KEYRING_ID, PROCESS, 1));
	CHECK_OK(KEYCTL(KEYCTL_GET_KEYRING_ID, THREAD, 1));
	test_child(in_child);
	CHECK_ERR(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, ".x"), EPERM);
	test_child(in_new_session);
	CHECK(KEYCTL(KEYCTL_GET_KEYRING_ID, SESSION, 0) != session);
}

static void users(void)
{
	long user = KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0), key;

	if (user < 0 && errno == ENOKEY)
		return; /* a user of another name space than the key's */
	CHECK_OK(user);
	CHECK_OK(KEYCTL(KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_SESSION_KEYRING, 0));
	key = CHECK_OK(add("user", "lodger:kept", "x", KEY_SPEC_USER_KEYRING));
	CHECK_EQ(KEYCTL(KEYCTL_SEARCH, KEY_SPEC_USER_SESSION_KEYRING, "user", "lodger:kept",
			0),
		 key);
	CHECK_OK(KEYCTL(KEYCTL_DESCRIBE, user, buf, sizeof(buf)));
	CHECK(strstr(buf, ";-1;1f3f0000;_uid.") != NULL);
	CHECK_OK(KEYCTL(KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING));
}

static void as_user(void)
{
	users();
	CHECK_EQ(KEYCTL(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_NO_CHANGE), 0);
	CHECK_EQ(KEYCTL(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_USER_KEYRING), 0);
	CHECK_EQ(KEYCTL(KEYCTL_SET_REQKEY_KEYRING, KEY_REQKEY_DEFL_DEFAULT), 4);
	CHECK_ERR(KEYCTL(KEYCTL_SET_REQKEY_KEYRING, 6), EINVAL);
}

static void owners(void)
{
	need_keys();
	test_child(sessions);
	test_as_user(as_user);
}

/* ---- /proc ------------------------------------------------------------------------------- */

static void shown(void)
{
	static char text[8192], line[64];
	long key;

	CHECK_OK(KEYCTL(KEYCTL_JOIN_SESSION_KEYRING, NULL));
	key = CHECK_OK(add("user", "lodger:shown", "four", SESSION));
	test_read_file("/proc/keys", text, sizeof(text));
	snprintf(line, sizeof(line), "%08lx I--Q---", key);
	CHECK(strstr(text, line) != NULL);
	CHECK(strstr(text, " perm 3f010000 ") != NULL);
	CHECK(strstr(text, " user      lodger:shown: 4\n") != NULL);
	test_read_file("/proc/key-users", text, sizeof(text));
	CHECK(strstr(text, "/") != NULL);
	test_read_file("/proc/sys/kernel/keys/maxkeys", text, sizeof(text));
	CHECK(strlen(text) > 1);
}

static void proc_files(void)
{
	need_keys();
	shown();
}

static const struct test_case cases[] = {
	{ "keys", keys },
	{ "lifetime", lifetime },
	{ "keyrings", keyrings },
	{ "permissions", permissions },
	{ "owners", owners },
	{ "proc files", proc_files },
};

TEST_MAIN(cases)
