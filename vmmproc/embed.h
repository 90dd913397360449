/* What the lodger binary carries (embed.S). */
#ifndef VMMPROC_EMBED_H
#define VMMPROC_EMBED_H

/* The guest kernel's ELF image and the default root archive. */
extern const char lodger_guestkern_start[], lodger_guestkern_end[];
extern const char lodger_rootfs_start[], lodger_rootfs_end[];

#endif
