/*
 * memfd_create: files without a name, shared mappings of them, seals.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <syscall.h>
#include <test.h>
#include <unistd.h>

#include <linux/falloc.h>
#include <linux/memfd.h>

#define SHARED_RW MAP_SHARED, PROT_READ | PROT_WRITE

static int new_file(void)
{
	return (int)CHECK_OK(SYS(memfd_create, "test", MFD_ALLOW_SEALING));
}

static char *map(int fd, int flags, int prot)
{
	return mmap(NULL, PAGE_SIZE, prot, flags, fd, 0);
}

static char *map_ok(int fd, int flags, int prot)
{
	char *p = map(fd, flags, prot);

	CHECK(p != MAP_FAILED);
	return p;
}

static int seal(int fd, unsigned int seals)
{
	return fcntl(fd, F_ADD_SEALS, seals);
}

/* ---- the file ---------------------------------------------------------------- */

static void looks_as_on_linux(void)
{
	char path[32] = "/proc/self/fd/";
	char text[64];
	struct stat st;
	int fd = (int)CHECK_OK(SYS(memfd_create, "a name", MFD_CLOEXEC));
	int again;

	CHECK(fd < 10);
	path[14] = (char)('0' + fd);
	path[15] = '\0';
	text[CHECK_OK(readlink(path, text, sizeof(text) - 1))] = '\0';
	CHECK_STR(text, "/memfd:a name (deleted)");
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0777);
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 0);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	/* Opened again by its link, it is the same file. */
	CHECK_EQ(write(fd, "hello", 5), 5);
	again = (int)CHECK_OK(open(path, O_RDONLY));
	CHECK_EQ(read(again, text, 10), 5);
	CHECK_EQ(memcmp(text, "hello", 5), 0);
}

static void errors(void)
{
	char name[260];

	memset(name, 'x', sizeof(name));
	name[249] = '\0';
	CHECK_OK(SYS(memfd_create, name, 0));
	name[249] = 'x';
	name[250] = '\0';
	CHECK_ERR(SYS(memfd_create, name, 0), EINVAL);
	CHECK_ERR(SYS(memfd_create, test_bad_pointer, 0), EFAULT);
	CHECK_ERR(SYS(memfd_create, "x", 0x100), EINVAL);
}

/* ---- shared mappings ------------------------------------------------------------ */

static void coherent(void)
{
	int fd = new_file();
	char buf[8];
	char *a;
	char *b;
	pid_t pid;

	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	a = map_ok(fd, SHARED_RW);
	b = map_ok(fd, SHARED_RW);
	strcpy(a, "one");
	CHECK_STR(b, "one");
	CHECK_EQ(pread(fd, buf, 4, 0), 4);
	CHECK_STR(buf, "one");
	CHECK_EQ(pwrite(fd, "two", 4, 0), 4);
	CHECK_STR(a, "two");
	pid = test_fork();
	if (pid == 0) {
		strcpy(b, "six");
		_exit(0);
	}
	test_wait_ok(pid);
	CHECK_STR(a, "six");
	CHECK_OK(close(fd));
	CHECK_STR(b, "six");
}

static void private_is_not(void)
{
	int fd = new_file();
	char *p;
	char *s;

	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	s = map_ok(fd, SHARED_RW);
	p = map_ok(fd, MAP_PRIVATE, PROT_READ | PROT_WRITE);
	strcpy(s, "one");
	CHECK_STR(p, "one");
	strcpy(p, "two");
	CHECK_STR(s, "one");
}

/* ---- seals ---------------------------------------------------------------------- */

static void seals_of_size(void)
{
	int fd = new_file();

	CHECK_EQ(fcntl(fd, F_GET_SEALS), 0);
	CHECK_OK(ftruncate(fd, 5000));
	CHECK_OK(seal(fd, F_SEAL_SHRINK));
	CHECK_ERR(ftruncate(fd, 4999), EPERM);
	CHECK_OK(ftruncate(fd, 5001));
	CHECK_OK(seal(fd, F_SEAL_GROW));
	CHECK_ERR(ftruncate(fd, 5002), EPERM);
	CHECK_OK(ftruncate(fd, 5001));
	CHECK_EQ(pwrite(fd, "abc", 3, 0), 3);
	CHECK_ERR(pwrite(fd, "abc", 3, 5000), EPERM);
	CHECK_ERR(SYS(fallocate, fd, 0, 0, 6000), EPERM);
	CHECK_OK(SYS(fallocate, fd, 0, 0, 5001));
	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW);
}

static void seals_of_content(void)
{
	int fd = new_file();
	char *rw;
	char *ro;

	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	rw = map_ok(fd, SHARED_RW);
	CHECK_ERR(seal(fd, F_SEAL_WRITE), EBUSY);
	CHECK_OK(munmap(rw, PAGE_SIZE));
	rw = map_ok(fd, MAP_PRIVATE, PROT_READ | PROT_WRITE);
	CHECK_OK(seal(fd, F_SEAL_WRITE));
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK_ERR(SYS(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      PAGE_SIZE), EPERM);
	CHECK(map(fd, SHARED_RW) == MAP_FAILED && errno == EPERM);
	ro = map_ok(fd, MAP_SHARED, PROT_READ);
	CHECK_ERR(mprotect(ro, PAGE_SIZE, PROT_READ | PROT_WRITE), EACCES);
	rw[0] = 'p';
	CHECK_EQ(ro[0], 0);
	CHECK_OK(ftruncate(fd, 10));
}

static void seal_of_future_writes(void)
{
	int fd = new_file();
	char *rw;

	CHECK_OK(ftruncate(fd, PAGE_SIZE));
	rw = map_ok(fd, SHARED_RW);
	CHECK_OK(seal(fd, F_SEAL_FUTURE_WRITE));
	CHECK_ERR(write(fd, "x", 1), EPERM);
	CHECK(map(fd, SHARED_RW) == MAP_FAILED && errno == EPERM);
	rw[0] = 'y';
	CHECK_EQ(map_ok(fd, MAP_SHARED, PROT_READ)[0], 'y');
}

static void seal_of_seals(void)
{
	char path[32] = "/proc/self/fd/";
	int fd = (int)CHECK_OK(SYS(memfd_create, "x", 0));
	int fds[2];

	CHECK_EQ(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	CHECK_ERR(seal(fd, F_SEAL_GROW), EPERM);
	fd = new_file();
	CHECK_ERR(seal(fd, 0x400), EINVAL);
	CHECK_OK(seal(fd, F_SEAL_SEAL));
	CHECK_ERR(seal(fd, F_SEAL_GROW), EPERM);
	CHECK_OK(pipe(fds));
	CHECK_ERR(fcntl(fds[0], F_GET_SEALS), EINVAL);
	fd = new_file();
	path[14] = (char)('0' + fd);
	path[15] = '\0';
	CHECK_ERR(seal((int)CHECK_OK(open(path, O_RDONLY)), F_SEAL_GROW), EPERM);
}

static const struct test_case cases[] = {
	{ "memfd: looks as on Linux", looks_as_on_linux },
	{ "memfd: errors", errors },
	{ "memfd: coherent", coherent },
	{ "memfd: private is not", private_is_not },
	{ "memfd: seals of size", seals_of_size },
	{ "memfd: seals of content", seals_of_content },
	{ "memfd: seal of future writes", seal_of_future_writes },
	{ "memfd: seal of seals", seal_of_seals },
};

TEST_MAIN(cases)
