/*
 * The root archive: every accepted form but a tar ends as one sealed newc archive, and
 * everything else as one sentence.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "complain.h"
#include "machine.h"
#include "broker.h"
#include "root.h"
#include "root_internal.h"

#define MIB (1ULL << 20)

static char dir[64];
static struct options opt;
static struct machine machine;

static void setup(void)
{
	strcpy(dir, "/tmp/lodger-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	opt = (struct options){ .mem_bytes = 64 * MIB };
	machine = (struct machine){ .opt = &opt, .root_fd = -1 };
	complain_clear();
}

static void teardown(void)
{
	char command[128];

	if (machine.root_fd >= 0)
		close(machine.root_fd);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

/* dir/name; good until the next call but three. */
static const char *in_dir(const char *name)
{
	static char path[4][256];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void write_file(const char *name, const void *data, size_t len_bytes)
{
	FILE *file = fopen(in_dir(name), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(data, 1, len_bytes, file), len_bytes);
	fclose(file);
}

/* --- A small reader of archives ------------------------------------------------- */

struct member {
	char name[256];
	unsigned ino, mode, uid, gid, nlink, size;
	char data[256]; /* its beginning */
};

static unsigned hex(const char *at)
{
	char digits[9];

	memcpy(digits, at, 8);
	digits[8] = '\0';
	return (unsigned)strtoul(digits, NULL, 16);
}

/* Finds a member of machine's archive by name. */
static bool find(const char *name, struct member *out)
{
	char *archive = mmap(NULL, machine.root_bytes, PROT_READ, MAP_SHARED,
			     machine.root_fd, 0);
	uint64_t at = 0;
	bool found = false;

	ck_assert_ptr_ne(archive, MAP_FAILED);
	while (!found && at + 110 < machine.root_bytes) {
		const char *header = archive + at;
		unsigned name_size = hex(header + 6 + 8 * 11);
		uint64_t data_at = (at + 110 + name_size + 3) & ~3ULL;

		out->ino = hex(header + 6);
		out->mode = hex(header + 14);
		out->uid = hex(header + 22);
		out->gid = hex(header + 30);
		out->nlink = hex(header + 38);
		out->size = hex(header + 54);
		snprintf(out->name, sizeof(out->name), "%s", header + 110);
		memset(out->data, 0, sizeof(out->data));
		memcpy(out->data, archive + data_at,
		       out->size < 255 ? out->size : 255);
		found = !strcmp(out->name, name);
		at = (data_at + out->size + 3) & ~3ULL;
	}
	munmap(archive, machine.root_bytes);
	return found;
}

/* --- A small writer --------------------------------------------------------------- */

/* One member of a newc archive, as its header says it. */
struct cpio_member {
	const char *name;
	uint32_t ino, mode, uid, gid, nlink, mtime;
	uint32_t size_bytes; /* of the data that the caller appends */
};

static int cpio_write_padding(struct root_sink *sink)
{
	static const char zeros[4];

	return root_sink_write(sink, zeros, -sink->bytes & 3);
}

static int cpio_write_header(struct root_sink *sink, const struct cpio_member *member)
{
	char header[110 + 1];
	size_t name_bytes = strlen(member->name) + 1;
	int err;

	snprintf(header, sizeof(header),
		 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		 member->ino, member->mode, member->uid, member->gid,
		 member->nlink, member->mtime, member->size_bytes, 0u, 0u, 0u,
		 0u, (unsigned)name_bytes, 0u);
	err = root_sink_write(sink, header, 110);
	if (!err)
		err = root_sink_write(sink, member->name, name_bytes);
	return err ? err : cpio_write_padding(sink);
}

static int cpio_write_trailer(struct root_sink *sink)
{
	const struct cpio_member trailer = { .name = "TRAILER!!!", .nlink = 1 };

	return cpio_write_header(sink, &trailer);
}

/* --- Directories: the broker's first place ------------------------------------------ */

static void close_places(void)
{
	while (machine.bind_count)
		close(machine.bind[--machine.bind_count].fd);
}

START_TEST(directory)
{
	static const struct bind_option bind = { .host_path = (char *)"/", .guest_path = "/x" };

	ck_assert_int_eq(mkdir(in_dir("tree"), 0755), 0);
	ck_assert_int_eq(symlink("tree", in_dir("link")), 0);
	opt.root = in_dir("link");
	opt.bind[0] = bind;
	opt.bind_count = 1;
	ck_assert_int_eq(broker_open(&machine), 0);
	ck_assert(machine.root_host);
	ck_assert_uint_eq(machine.bind_count, 2);
	ck_assert(machine.bind[0].is_root && machine.bind[0].is_private);
	ck_assert(machine.bind[0].read_only); /* by the broker: changes are the guest's */
	ck_assert(!machine.bind[1].is_root && !machine.bind[1].read_only);
	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert_int_eq(machine.root_fd, -1);
	close_places();
	opt.root_rw = true;
	ck_assert_int_eq(broker_open(&machine), 0);
	ck_assert(!machine.bind[0].is_private && !machine.bind[0].read_only);
	close_places();
}
END_TEST

START_TEST(root_rw_without_directory)
{
	opt.root_rw = true;
	ck_assert_int_eq(broker_open(&machine), -1);
	write_file("archive", "x", 1);
	opt.root = in_dir("archive");
	ck_assert_int_eq(broker_open(&machine), -1);
	ck_assert_ptr_nonnull(strstr(complain_last(), "--root-rw"));
}
END_TEST

START_TEST(proc_is_refused)
{
	opt.root = "/proc";
	ck_assert_int_eq(broker_open(&machine), -1);
	ck_assert_ptr_nonnull(strstr(complain_last(), "host's kernel"));
	close_places();
}
END_TEST

/* --- Archives ----------------------------------------------------------------------- */

/* An archive with one file of size bytes of 'a'; the caller frees it. */
static char *make_archive(uint32_t size, size_t *len_bytes)
{
	struct root_sink sink = { .limit_bytes = 64 * MIB };
	struct cpio_member member = { .name = "file",
				      .ino = 1,
				      .mode = S_IFREG | 0644,
				      .nlink = 1,
				      .size_bytes = size };
	char *data = malloc(size + 1), *archive;

	memset(data, 'a', size + 1);
	sink.fd = memfd_create("archive", 0);
	ck_assert_int_eq(cpio_write_header(&sink, &member), 0);
	ck_assert_int_eq(root_sink_write(&sink, data, size), 0);
	ck_assert_int_eq(cpio_write_padding(&sink), 0);
	ck_assert_int_eq(cpio_write_trailer(&sink), 0);
	free(data);
	archive = malloc(sink.bytes);
	ck_assert_int_eq(pread(sink.fd, archive, sink.bytes, 0),
			 (ssize_t)sink.bytes);
	close(sink.fd);
	*len_bytes = sink.bytes;
	return archive;
}

static void write_gzip(const char *name, const void *data, size_t len_bytes,
		       const char *mode)
{
	gzFile file = gzopen(in_dir(name), mode);

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(gzwrite(file, data, (unsigned)len_bytes),
			 (int)len_bytes);
	gzclose(file);
}

START_TEST(plain_archive)
{
	struct member member;
	size_t len_bytes;
	char *archive = make_archive(100001, &len_bytes);

	write_file("a.cpio", archive, len_bytes);
	free(archive);
	opt.root = in_dir("a.cpio");
	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert_uint_eq(machine.root_bytes, len_bytes);
	ck_assert(find("file", &member));
	ck_assert_uint_eq(member.size, 100001);
	/* its size is sealed for good */
	ck_assert_int_lt(ftruncate(machine.root_fd, 0), 0);
	ck_assert_int_lt(fcntl(machine.root_fd, F_ADD_SEALS, 0), 0);
}
END_TEST

/* A tar file is handed over itself, open for reading only; out of gzip it is a
 * memory file. */
START_TEST(tar_archive)
{
	char image[10240] = { 0 }, head[512];

	memcpy(image + 257, "ustar", 5);
	write_file("a.tar", image, sizeof(image));
	opt.root = in_dir("a.tar");
	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert_uint_eq(machine.root_bytes, sizeof(image));
	ck_assert_int_eq(fcntl(machine.root_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(machine.root_fd, F_GETFD), FD_CLOEXEC);
	close(machine.root_fd);
	write_gzip("a.tgz", image, sizeof(image), "wb");
	opt.root = in_dir("a.tgz");
	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert_uint_eq(machine.root_bytes, sizeof(image));
	ck_assert_int_eq(pread(machine.root_fd, head, sizeof(head), 0), sizeof(head));
	ck_assert_mem_eq(head, image, sizeof(head));
	ck_assert_int_lt(ftruncate(machine.root_fd, 0), 0);
}
END_TEST

START_TEST(gzip_archive)
{
	struct member member;
	size_t len_bytes;
	char *archive = make_archive(300001, &len_bytes);

	write_gzip("a.gz", archive, len_bytes / 2, "wb");
	/* a second member, and a tape's zeros */
	write_gzip("a.gz", archive + len_bytes / 2, len_bytes - len_bytes / 2,
		   "ab");
	free(archive);
	ck_assert_int_eq(truncate(in_dir("a.gz"), 200000), 0);
	opt.root = in_dir("a.gz");
	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert_uint_eq(machine.root_bytes, len_bytes);
	ck_assert(find("file", &member));
}
END_TEST

START_TEST(embedded_archive)
{
	struct member member;

	ck_assert_int_eq(root_open(&machine), 0);
	ck_assert(find("bin/busybox", &member));
}
END_TEST

static void expect_refusal(const char *name, const char *sentence)
{
	opt.root = in_dir(name);
	complain_clear();
	ck_assert_int_eq(root_open(&machine), -1);
	ck_assert_msg(strstr(complain_last(), sentence),
		      "wanted '%s', got '%s'", sentence, complain_last());
	ck_assert_int_eq(machine.root_fd, -1);
}

START_TEST(gzip_bomb)
{
	const size_t chunk = 1 << 20;
	char *zeros = calloc(1, chunk);
	gzFile file = gzopen(in_dir("bomb.gz"), "wb");

	for (int i = 0; i < 80; i++)
		ck_assert_int_eq(gzwrite(file, zeros, (unsigned)chunk),
				 (int)chunk);
	gzclose(file);
	free(zeros);
	expect_refusal("bomb.gz", "does not fit in 64 MiB");
}
END_TEST

START_TEST(broken_gzip)
{
	size_t len_bytes;
	char *archive = make_archive(300001, &len_bytes);
	struct stat st;

	write_gzip("a.gz", archive, len_bytes, "wb");
	free(archive);
	ck_assert_int_eq(stat(in_dir("a.gz"), &st), 0);
	ck_assert_int_eq(truncate(in_dir("a.gz"), st.st_size / 2), 0);
	expect_refusal("a.gz", "gzip data are damaged or cut off");
	ck_assert_int_eq(truncate(in_dir("a.gz"), 3), 0);
	expect_refusal("a.gz", "gzip data are damaged or cut off");
	write_file("b.gz", "\x1f\x8b\x08\0garbage garbage garbage", 27);
	expect_refusal("b.gz", "gzip data are damaged or cut off");
}
END_TEST

/* Every truncation of a small archive is noticed, and none crashes. */
START_TEST(truncated_archive)
{
	size_t len_bytes;
	char *archive = make_archive(10, &len_bytes);

	for (size_t cut = 6; cut < len_bytes - 3; cut++) {
		uint64_t at;
		char *copy = malloc(cut);

		memcpy(copy, archive, cut);
		ck_assert_ptr_nonnull(cpio_check(copy, cut, &at));
		ck_assert_uint_lt(at, len_bytes);
		free(copy);
	}
	write_file("cut.cpio", archive, len_bytes / 2);
	free(archive);
	expect_refusal("cut.cpio", "is broken at byte");
}
END_TEST

/* One byte after the other replaced: the check ends and stays inside. */
START_TEST(garbled_archive)
{
	static const char bytes[] = { 0, '0', 'F', '7', (char)0xff };
	size_t len_bytes;
	char *archive = make_archive(10, &len_bytes);

	for (size_t i = 0; i < len_bytes; i++) {
		char saved = archive[i];

		for (size_t j = 0; j < sizeof(bytes); j++) {
			uint64_t at;

			archive[i] = bytes[j];
			cpio_check(archive, len_bytes, &at);
			ck_assert_uint_le(at, len_bytes);
		}
		archive[i] = saved;
	}
	free(archive);
}
END_TEST

START_TEST(other_formats)
{
	char image[2048] = { 0 };

	expect_refusal("missing", "cannot open root");
	write_file("empty", "", 0);
	expect_refusal("empty", "is empty");
	write_file("junk", "just some text\n", 15);
	expect_refusal("junk", "in no format known here");
	memcpy(image + 1080, "\x53\xef", 2);
	write_file("ext2", image, sizeof(image));
	expect_refusal("ext2", "an ext2, ext3 or ext4 image");
	write_file("xz", "\xfd" "7zXZ\0abc", 9);
	expect_refusal("xz", "compressed by xz");
	write_file("odc", "070707000000", 12);
	expect_refusal("odc", "cpio -o -H newc");
}
END_TEST

Suite *root_suite(void);
Suite *root_suite(void)
{
	Suite *suite = suite_create("root");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, setup, teardown);
	tcase_set_timeout(all, 30);
	tcase_add_test(all, directory);
	tcase_add_test(all, root_rw_without_directory);
	tcase_add_test(all, proc_is_refused);
	tcase_add_test(all, plain_archive);
	tcase_add_test(all, tar_archive);
	tcase_add_test(all, gzip_archive);
	tcase_add_test(all, embedded_archive);
	tcase_add_test(all, gzip_bomb);
	tcase_add_test(all, broken_gzip);
	tcase_add_test(all, truncated_archive);
	tcase_add_test(all, garbled_archive);
	tcase_add_test(all, other_formats);
	suite_add_tcase(suite, all);
	return suite;
}
