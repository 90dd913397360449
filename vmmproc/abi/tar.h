/* The header block of a tar (tar(5), pax(1)): what layers are made of, on both sides.
 * Fields are text, that ends at a NUL or with its field. */
#ifndef LODGER_ABI_TAR_H
#define LODGER_ABI_TAR_H

#define LODGER_TAR_BLOCK 512 /* bytes; contents are filled up to it */
/* One extended header is no longer, in bytes; longer ones are refused. */
#define LODGER_TAR_RECORDS_MAX (32u << 10)
#define LODGER_TAR_XATTR_KEY "SCHILY.xattr." /* as GNU tar, star and bsdtar have them */

/* Names that say what a layer takes away (OCI image format, "Layer Filesystem
 * Changeset"): a file ".wh.NAME" that NAME is gone, the other one in a directory that
 * nothing below it shows through. */
#define LODGER_LAYER_WHITEOUT ".wh."
#define LODGER_LAYER_OPAQUE ".wh..wh..opq"

struct lodger_tar_header {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], check[8];
	char kind, target[100], magic[6], version[2], uname[32], gname[32];
	char major[8], minor[8], prefix[155], pad[12];
};

_Static_assert(sizeof(struct lodger_tar_header) == LODGER_TAR_BLOCK, "tar(5)");

/* The sum that belongs into h->check: of all bytes, that field's as spaces. is_signed: as
 * some old tars, that added signed bytes. */
static inline int lodger_tar_sum(const struct lodger_tar_header *h, int is_signed)
{
	const unsigned char *raw = (const unsigned char *)h;
	const unsigned long own = __builtin_offsetof(struct lodger_tar_header, check);
	int sum = 0;

	for (unsigned long i = 0; i < sizeof(*h); i++) {
		if (i - own < sizeof(h->check))
			sum += ' ';
		else
			sum += is_signed ? (signed char)raw[i] : raw[i];
	}
	return sum;
}

#endif
