/*
 * The format of a snapshot's file: what differs from the disk below it, which is
 * never written. All numbers are little-endian.
 *
 *   0          header, LODGER_OVERLAY_HEADER bytes
 *   4096       one bit for each cluster of the disk, the first in bit 0 of the first
 *              byte: set where the cluster is here; up to data_at
 *   data_at    the clusters, each at data_at + its own place on the disk. Where the
 *              bit is not set there is a hole
 *
 * A cluster's contents are on the host's disk before its bit is.
 */
#ifndef ABI_OVERLAY_H
#define ABI_OVERLAY_H

#include <stdint.h>

#define LODGER_OVERLAY_MAGIC 0x50414e53474f444cULL /* "LDOGSNAP" */
#define LODGER_OVERLAY_VERSION 1
#define LODGER_OVERLAY_CLUSTER 4096 /* bytes; the last one may be shorter */
#define LODGER_OVERLAY_HEADER 4096
#define LODGER_OVERLAY_BITMAP_AT LODGER_OVERLAY_HEADER

struct lodger_overlay {
	uint64_t magic;
	uint32_t version, cluster_bytes;
	uint64_t disk_bytes; /* of the disk below: whole sectors */
	uint64_t data_at;
};

static inline uint64_t lodger_overlay_clusters(uint64_t disk_bytes)
{
	return (disk_bytes + LODGER_OVERLAY_CLUSTER - 1) / LODGER_OVERLAY_CLUSTER;
}

/* Where data begin: after the bitmap, in whole clusters. */
static inline uint64_t lodger_overlay_data_at(uint64_t disk_bytes)
{
	uint64_t bitmap = (lodger_overlay_clusters(disk_bytes) + 7) / 8;

	return LODGER_OVERLAY_BITMAP_AT + (bitmap + LODGER_OVERLAY_CLUSTER - 1) /
						 LODGER_OVERLAY_CLUSTER * LODGER_OVERLAY_CLUSTER;
}

#endif
