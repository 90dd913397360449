/* Snapshots: random writes and reads against a model, opened again in between; the
 * disk below never changes; what was not flushed is lost, and nothing else. */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/overlay.h"
#include "dev/overlay.h"
#include "fake_hal.h"
#include "fs_fixture.h"
#include "lib/err.h"

#define DISK_BYTES 300032 /* no whole number of clusters */
#define FILE_BYTES (LODGER_OVERLAY_BITMAP_AT + 4096 + DISK_BYTES)

static u8 below[DISK_BYTES], was[DISK_BYTES], model[DISK_BYTES], buf[DISK_BYTES];
static u8 file[FILE_BYTES];
static u32 below_file, overlay_file;

static void setup(void)
{
	struct lodger_overlay head = {
		.magic = LODGER_OVERLAY_MAGIC,
		.version = LODGER_OVERLAY_VERSION,
		.cluster_bytes = LODGER_OVERLAY_CLUSTER,
		.disk_bytes = DISK_BYTES,
		.data_at = lodger_overlay_data_at(DISK_BYTES),
	};

	fs_boot(0);
	ck_assert_uint_eq(head.data_at + DISK_BYTES, FILE_BYTES);
	for (size_t i = 0; i < DISK_BYTES; i++)
		below[i] = model[i] = was[i] = (u8)(i * 7 + (i >> 9));
	memcpy(file, &head, sizeof(head));
	below_file = fake_block_file(below, DISK_BYTES);
	overlay_file = fake_block_file(file, FILE_BYTES);
}

static struct overlay *open_overlay(void)
{
	struct overlay *ov = overlay_open(overlay_file, below_file, DISK_BYTES);

	ck_assert_msg(!IS_ERR(ov), "%ld", (long)PTR_ERR(ov));
	return ov;
}

START_TEST(test_model)
{
	struct overlay *ov = open_overlay();

	srand(1);
	for (int round = 0; round < 3000; round++) {
		u64 at = (u64)rand() % DISK_BYTES, len = (u64)rand() % 20000 + 1;

		if (rand() % 3 == 0) { /* as a file system does */
			at &= ~4095ULL;
			len = (len + 4095) & ~4095ULL;
		}
		len = MIN(len, DISK_BYTES - at);
		if (rand() % 8 == 0) {
			for (u64 i = 0; i < len; i++)
				model[at + i] = (u8)rand();
			ck_assert_int_eq(overlay_write(ov, at, model + at, len), 0);
		} else {
			ck_assert_int_eq(overlay_read(ov, at, buf, len), 0);
			ck_assert_mem_eq(buf, model + at, len);
		}
		if (rand() % 200 == 0) {
			ck_assert_int_eq(overlay_flush(ov, rand() % 2), 0);
			ov = open_overlay(); /* the old one leaks: as if it were killed */
		}
	}
	ck_assert_mem_eq(below, was, DISK_BYTES);
}
END_TEST

START_TEST(test_order)
{
	struct overlay *ov = open_overlay();

	ck_assert_int_eq(overlay_write(ov, 100, "kept", 4), 0);
	ck_assert_int_eq(overlay_flush(ov, true), 0);
	/* the contents first, then the bits */
	ck_assert_uint_eq(fake_disk_counts.flushes, 2);
	ck_assert_int_eq(overlay_flush(ov, true), 0);
	ck_assert_uint_eq(fake_disk_counts.flushes, 3);
	ck_assert_int_eq(overlay_write(ov, 50000, "lost", 4), 0);
	ov = open_overlay();
	ck_assert_int_eq(overlay_read(ov, 100, buf, 4), 0);
	ck_assert_mem_eq(buf, "kept", 4);
	ck_assert_int_eq(overlay_read(ov, 50000, buf, 4), 0);
	ck_assert_mem_eq(buf, was + 50000, 4);
}
END_TEST

START_TEST(test_errors)
{
	struct lodger_overlay *head = (struct lodger_overlay *)file;
	struct overlay *ov = open_overlay();

	ck_assert_int_eq(overlay_write(ov, 100, "text", 4), 0);
	for (u64 n = 1; n < 4; n++) {
		fake_disk_fail_at(n);
		ck_assert_int_eq(overlay_write(ov, 9000 + n * 4096, "text", 4), -EIO);
		fake_disk_fail_at(0);
		ck_assert_int_eq(overlay_read(ov, 9000 + n * 4096, buf, 4), 0);
		ck_assert_mem_eq(buf, was + 9000 + n * 4096, 4);
	}
	fake_disk_fail_at(2);
	ck_assert_int_eq(overlay_flush(ov, true), -EIO);
	fake_disk_fail_at(0);
	ck_assert_int_eq(overlay_flush(ov, true), 0); /* nothing was forgotten */
	ov = open_overlay();
	ck_assert_int_eq(overlay_read(ov, 100, buf, 4), 0);
	ck_assert_mem_eq(buf, "text", 4);
	head->disk_bytes++;
	ck_assert_int_eq(PTR_ERR(overlay_open(overlay_file, below_file, DISK_BYTES)), -EINVAL);
}
END_TEST

Suite *overlay_suite(void);
Suite *overlay_suite(void)
{
	Suite *suite = suite_create("overlay");
	TCase *tc = tcase_create("overlay");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, test_model);
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_errors);
	suite_add_tcase(suite, tc);
	return suite;
}
