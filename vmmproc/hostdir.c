/* File systems that are views of the host's kernel: see hostdir.h. */
#include "hostdir.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef MQUEUE_MAGIC
#define MQUEUE_MAGIC 0x19800202 /* ipc/mqueue.c */
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570 /* fs/configfs/mount.c */
#endif
#ifndef FUSE_CTL_MAGIC
#define FUSE_CTL_MAGIC 0x65735543 /* fs/fuse/control.c */
#endif

static const unsigned long magics[] = {
	PROC_SUPER_MAGIC, SYSFS_MAGIC,	    CGROUP_SUPER_MAGIC,
	CGROUP2_SUPER_MAGIC, DEVPTS_SUPER_MAGIC, DEBUGFS_MAGIC,
	TRACEFS_MAGIC,	  SECURITYFS_MAGIC, PSTOREFS_MAGIC,
	EFIVARFS_MAGIC,	  BPF_FS_MAGIC,	    BINFMTFS_MAGIC,
	AUTOFS_SUPER_MAGIC, NSFS_MAGIC,	    SELINUX_MAGIC,
	MQUEUE_MAGIC,	  CONFIGFS_MAGIC,   FUSE_CTL_MAGIC,
};

/* devtmpfs has tmpfs's magic: the list of mounts tells them apart, by device. */
static bool is_devtmpfs(int fd)
{
	struct stat st;
	char line[1024], device[32];
	bool found = false;
	FILE *f;

	if (fstat(fd, &st))
		return false;
	snprintf(device, sizeof(device), " %u:%u ", major(st.st_dev), minor(st.st_dev));
	f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, device) && strstr(line, " - devtmpfs ");
	fclose(f);
	return found;
}

bool hostdir_shows_kernel(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs))
		return false;
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if ((unsigned long)fs.f_type == magics[i])
			return true;
	return (unsigned long)fs.f_type == TMPFS_MAGIC && is_devtmpfs(fd);
}
