/* What diskfile.c (reading, the cache) and diskfile_write.c share. */
#ifndef FS_DISKFILE_INTERNAL_H
#define FS_DISKFILE_INTERNAL_H

#include "fs/diskfile.h"

/* Mark of a page in obj.pages: differs from the disk. */
#define DISKFILE_DIRTY (1ULL << 40)

static inline struct diskfile *diskfile_of(const struct inode *inode)
{
	return container_of(inode->object, struct diskfile, obj);
}

static inline u64 diskfile_size_pages(const struct diskfile *df)
{
	return ALIGN_UP(df->inode->size, PAGE_SIZE) >> PAGE_SHIFT;
}

/* Keeps pages [first, end) in the cache, as far as they are, until unpinned. */
void diskfile_pin(struct diskfile *df, struct diskfile_pin *pin, u64 first, u64 end);
void diskfile_unpin(struct diskfile *df, struct diskfile_pin *pin);

/* Of a caller that can sleep: did it? Then all that it knew of the file may have
 * changed, the size too. */
struct diskfile_fetch {
	bool slept;
};
/* Brings in the absent pages of [index, end) and what is worth reading with them;
 * holes stay absent. Does not sleep if fetch is NULL. 0, -EIO, -ENOMEM. */
int diskfile_bring_in(struct diskfile *df, u64 index, u64 end, struct diskfile_fetch *fetch);
/* Caches the frame; the reference is taken over, also on failure (-ENOMEM). */
int diskfile_insert(struct diskfile *df, u64 index, pfn_t pfn);
/* Drops pages [first, end), dirty or not. */
void diskfile_drop(struct diskfile *df, u64 first, u64 end);
/* Was used: moves to the end of the list that reclaim goes along. */
void diskfile_touch(struct diskfile *df);
/* Gives the page's part inside the file blocks and marks it dirty: a shared
 * mapping is going to write it. 0, -ENOSPC, -EIO. */
int diskfile_page_mkwrite(struct diskfile *df, u64 index);
/* The whole machine waits for the writes that are under way. */
void diskfile_settle(struct diskfile *df);

/* Changes the counts of all files' pages. */
void diskfile_count(struct diskfile *df, s64 pages, s64 dirty);

/* As diskfile_write_back from page *index on, and only as far as there is room: false if there was not
 * enough; *index is then where to go on. */
bool diskfile_write_some(struct diskfile *df, u64 *index);

/* The file whose turn it is to be written back, or NULL. on_disk: that a disk has. */
struct diskfile *diskfile_oldest_dirty(bool on_disk);

#endif
