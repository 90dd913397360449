/*
 * Access control lists: what they grant, how the mode and they follow each other, what
 * new files get. Text and programs for them are compared with the host in the group
 * debian.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <linux/xattr.h>

#define ACCESS XATTR_NAME_POSIX_ACL_ACCESS
#define DEFAULT XATTR_NAME_POSIX_ACL_DEFAULT
#define ENTRIES 6

struct list {
	struct posix_acl_xattr_header head;
	struct posix_acl_xattr_entry e[ENTRIES];
};

/* Of the owner, user 1000, the group, group 2000, the mask and others. */
static struct list full_list(unsigned short user, unsigned short group, unsigned short mask)
{
	return (struct list){ { POSIX_ACL_XATTR_VERSION },
			      { { ACL_USER_OBJ, 6, 0 },
				{ ACL_USER, user, 1000 },
				{ ACL_GROUP_OBJ, 0, 0 },
				{ ACL_GROUP, group, 2000 },
				{ ACL_MASK, mask, 0 },
				{ ACL_OTHER, 0, 0 } } };
}

static void file_with(const char *name, const struct list *list)
{
	test_scratch();
	CHECK_OK(chmod(".", 0755));
	close((int)CHECK_OK(open(name, O_RDWR | O_CREAT, 0600)));
	if (SYS(setxattr, name, "user.one", "value", 5, 0))
		test_skip("this file system has none");
	CHECK_OK(SYS(setxattr, name, ACCESS, list, sizeof(*list), 0));
}

static unsigned int mode_of(const char *name)
{
	struct stat st;

	CHECK_OK(stat(name, &st));
	return st.st_mode & 07777;
}

static void become(unsigned int uid, unsigned int gid)
{
	CHECK_OK(SYS(setgroups, 0, 0));
	CHECK_OK(setgid(gid));
	CHECK_OK(setuid(uid));
}

static void opens(const char *name, unsigned int flags, int err)
{
	if (err)
		CHECK_ERR(open(name, (int)flags), err);
	else
		close((int)CHECK_OK(open(name, (int)flags)));
}

static void named_user(void)
{
	become(1000, 1000);
	opens("f", O_RDONLY, 0);
	opens("f", O_RDWR, EACCES); /* the mask */
	CHECK_ERR(SYS(removexattr, "f", ACCESS), EPERM);
}

static void named_group(void)
{
	become(1001, 2000);
	opens("f", O_RDONLY, 0);
	opens("f", O_WRONLY, EACCES);
}

static void somebody(void)
{
	become(1001, 1001);
	opens("f", O_RDONLY, EACCES);
}

static void grants(void)
{
	struct list list = full_list(6, 4, 4);

	file_with("f", &list);
	CHECK_EQ(mode_of("f"), 0640);
	test_child(named_user);
	test_child(named_group);
	test_child(somebody);
}

static void writes(void)
{
	become(1000, 1000);
	opens("f", O_RDWR, 0);
}

static void follows_mode(void)
{
	struct list list = full_list(6, 4, 4);

	file_with("f", &list);
	CHECK_OK(chmod("f", 0760));
	CHECK_EQ(SYS(getxattr, "f", ACCESS, &list, sizeof(list)), sizeof(list));
	CHECK_EQ(list.e[0].e_perm, 7);
	CHECK_EQ(list.e[1].e_perm, 6);
	CHECK_EQ(list.e[2].e_perm, 0);
	CHECK_EQ(list.e[4].e_perm, 6); /* the mask */
	test_child(writes);
	CHECK_OK(chmod("f", 0700));
	test_child(somebody);
	CHECK_OK(SYS(removexattr, "f", ACCESS));
	CHECK_ERR(SYS(getxattr, "f", ACCESS, NULL, 0), ENODATA);
	CHECK_OK(SYS(removexattr, "f", ACCESS));
}

/* A list of three entries is the mode, and not kept. */
static void is_mode(void)
{
	struct list list = full_list(6, 4, 4), small = list;

	file_with("f", &list);
	small.e[1] = list.e[2];
	small.e[2] = (struct posix_acl_xattr_entry){ ACL_OTHER, 4, 0 };
	CHECK_OK(SYS(setxattr, "f", ACCESS, &small, sizeof(small.head) + 3 * sizeof(small.e[0]), 0));
	CHECK_EQ(mode_of("f"), 0604);
	CHECK_ERR(SYS(getxattr, "f", ACCESS, NULL, 0), ENODATA);
}

static void inherited(void)
{
	struct list list = full_list(7, 5, 7), got;

	file_with("f", &list);
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(SYS(setxattr, "d", DEFAULT, &list, sizeof(list), 0));
	CHECK_EQ(mode_of("d"), 0755);
	umask(077);
	close((int)CHECK_OK(open("d/f", O_RDWR | O_CREAT, 0664)));
	CHECK_OK(mkdir("d/s", 0777));
	umask(022);
	CHECK_EQ(mode_of("d/f"), 0660);
	CHECK_EQ(SYS(getxattr, "d/f", ACCESS, &got, sizeof(got)), sizeof(got));
	CHECK_EQ(got.e[0].e_perm, 6);
	CHECK_EQ(got.e[1].e_perm, 7);
	CHECK_EQ(got.e[4].e_perm, 6);
	CHECK_ERR(SYS(getxattr, "d/f", DEFAULT, NULL, 0), ENODATA);
	CHECK_EQ(mode_of("d/s"), 0670);
	CHECK_EQ(SYS(getxattr, "d/s", DEFAULT, &got, sizeof(got)), sizeof(got));
	CHECK_EQ(got.e[4].e_perm, 7);
	CHECK_OK(SYS(removexattr, "d", DEFAULT));
	close((int)CHECK_OK(open("d/g", O_RDWR | O_CREAT, 0666)));
	CHECK_EQ(mode_of("d/g"), 0644);
}

static void refused(void)
{
	struct list list = full_list(6, 4, 4), bad;
	const size_t size = sizeof(list);

	file_with("f", &list);
	CHECK_ERR(SYS(setxattr, "f", DEFAULT, &list, size, 0), EACCES);
	CHECK_OK(SYS(removexattr, "f", DEFAULT));
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &list, size - 1, 0), EINVAL);
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &list, 3, 0), EINVAL);
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &list, size - 8, 0), EINVAL);
	bad = list;
	bad.head.a_version = 3;
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &bad, size, 0), EOPNOTSUPP);
	bad = list;
	bad.e[1].e_id = (unsigned int)-1;
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &bad, size, 0), EINVAL);
	bad = list;
	bad.e[1].e_perm = 8;
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &bad, size, 0), EINVAL);
	bad = list;
	bad.e[4].e_tag = ACL_USER | ACL_GROUP;
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &bad, size, 0), EINVAL);
	bad = list;
	bad.e[0] = list.e[1];
	bad.e[1] = list.e[0];
	CHECK_ERR(SYS(setxattr, "f", ACCESS, &bad, size, 0), EINVAL);
	CHECK_OK(symlink("f", "l"));
	CHECK_ERR(SYS(lsetxattr, "l", ACCESS, &list, size, 0), EOPNOTSUPP);
	CHECK_ERR(SYS(lgetxattr, "l", ACCESS, &bad, size), EOPNOTSUPP);
	CHECK_ERR(SYS(getxattr, "f", ACCESS, &bad, size - 1), ERANGE);
	CHECK_ERR(SYS(setxattr, "/proc/self/status", ACCESS, &list, size, 0), EOPNOTSUPP);
	CHECK_EQ(mode_of("f"), 0640);
	/* no entries: none */
	CHECK_OK(SYS(setxattr, "f", ACCESS, &list, 4, 0));
	CHECK_ERR(SYS(getxattr, "f", ACCESS, NULL, 0), ENODATA);
}

static const struct test_case cases[] = {
	{ "acl: users, groups, the mask", grants },
	{ "acl: chmod", follows_mode },
	{ "acl: three entries are the mode", is_mode },
	{ "acl: default lists", inherited },
	{ "acl: refused", refused },
};

TEST_MAIN(cases)
