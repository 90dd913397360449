/* A machine with a root file system, for the tests of fs and its system calls. */
#ifndef FS_FIXTURE_H
#define FS_FIXTURE_H

#include "fs/vfs.h"

/* Machine on, up to an empty root. ram_bytes 0: the default. */
void fs_boot(u64 ram_bytes);
/* What is in use now: compare before and after a case. */
struct fs_use {
	u64 frames, core_bytes, files;
};
struct fs_use fs_use_now(void);
/* Fails the test unless as much is in use as before. */
void fs_check_use(const struct fs_use *before);

/* Makes what the test needs; each fails the test when it cannot. */
void fs_mkdir(const char *name);
void fs_file(const char *name, const char *text);
void fs_symlink(const char *to, const char *name);
/* Contents of a file as a string (static buffer of 4 KiB). */
const char *fs_text(const char *name);
/* errno of looking name up (0: there), a final link not followed. */
int fs_lookup(const char *name);
/* Opens and fails the test if that fails. */
struct file *fs_open(const char *name, u32 flags);
/* errno of opening (0: it worked; closed again). */
int fs_open_errno(const char *name, u32 flags);
/* The inode behind name, valid as long as the file is there. */
struct inode *fs_inode(const char *name);
/* Becomes an ordinary user (uid and gid 1000), and root again. */
void fs_become_user(void);
void fs_become_root(void);

/* A user address space with len bytes of private memory; its address. */
uaddr_t fs_user_memory(u64 len_bytes);
/* The same page-aligned place with nothing behind its end. */
uaddr_t fs_user_memory_at_edge(u64 len_bytes);

#endif
