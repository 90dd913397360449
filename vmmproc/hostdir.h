/* Is a place of the host a window into its kernel? Such are no files for a guest. */
#ifndef VMMPROC_HOSTDIR_H
#define VMMPROC_HOSTDIR_H

#include <stdbool.h>

/* On proc, sysfs, cgroup, devpts, devtmpfs or their kin? fd: of any file there, O_PATH
 * will do. */
bool hostdir_shows_kernel(int fd);

#endif
