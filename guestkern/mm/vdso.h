/* The vDSO in address spaces: code that the kernel lends every program. */
#ifndef MM_VDSO_H
#define MM_VDSO_H

#include "lib/types.h"

struct mm;
struct vma;

/* Copies hal's vdso_image into frames. Boot, after mm_init. 0 or -ENOMEM. */
int vdso_init(void);
/* Maps it, for AT_SYSINFO_EHDR, where mmap would put a thing of its size: the
 * address, 0 when there is no vDSO, or -ENOMEM. */
s64 vdso_map(struct mm *mm);
/* Does this VMA show it? */
bool vdso_is_shown(const struct vma *vma);

#endif
