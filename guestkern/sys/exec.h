/*
 * Between the files of execve: exec.c (the course of it), exec_script.c,
 * exec_elf.c (mapping), exec_stack.c (what the new program finds on its
 * stack), string_vec.c.
 */
#ifndef SYS_EXEC_H
#define SYS_EXEC_H

#include "fs/vfs.h"
#include "lib/types.h"
#include "mm/mm.h"
#include "proc/cred.h"
#include "sys/elf_parse.h"
#include "sys/syscall.h"

#define ARG_STRING_MAX 0x20000 /* MAX_ARG_STRLEN: 32 pages, NUL included */
#define ARG_COUNT_MAX 0x7fffffff
#define SCRIPT_HEAD_BYTES 256 /* BINPRM_BUF_SIZE: what "#!" may take */
#define EXEC_HEAD_BYTES 1024  /* most often the program headers, too */
#define SCRIPT_DEPTH_MAX 5  /* as Linux fs/exec.c, exec_binprm */

struct string_chunk {
	struct string_chunk *next;
	u32 used, size;
	char data[];
};

/* An ELF file to be mapped. */
struct exec_binary {
	struct file *file;
	struct elf_image *image; /* kmalloc'd */
	u64 bias;		 /* added to its addresses */
	size_t head_bytes;	 /* read into exec.head */
};

struct exec {
	struct exec_binary program;
	struct exec_binary interp; /* file NULL: static */
	char *path;		   /* what is executed: script or file */
	char *interp_path;	   /* = path but for scripts */
	struct string_vec prefix;  /* replaces argv[0] for scripts */
	struct string_vec *argv, *envp;
	u32 script_depth;
	u64 strings_bytes_max;
	struct cred cred;	   /* of the new program */
	bool secure;		   /* AT_SECURE */
	bool hidden;		   /* not readable: not dumpable */
	uaddr_t stack_top;	   /* first byte past the stack */
	uaddr_t entry, rsp;
	uaddr_t vdso;		   /* AT_SYSINFO_EHDR; 0: none */
	struct mm *mm;
	char head[EXEC_HEAD_BYTES];
};

/* --- string_vec.c ------------------------------------------------------------ */

/* Appends a string of the program. 0, -EFAULT, -E2BIG, -ENOMEM. */
int string_vec_add_user(struct string_vec *vec, uaddr_t from);
/* Appends all of from, which ends up empty. 0 or -ENOMEM. */
int string_vec_move_all(struct string_vec *to, struct string_vec *from);
/* Length of the first string (0 when there is none). */
size_t string_vec_first_len(const struct string_vec *vec);

/* --- exec.c --------------------------------------------------------------------- */

/* Bytes that arguments and environment may take together, pointers included. */
u64 exec_strings_limit(void);

/* --- exec_script.c ------------------------------------------------------------- */

/* "#!" in ex->head: sets ex->interp_path to the interpreter and rewrites the
 * arguments. 0, -ENOEXEC, -ENOMEM, -E2BIG. */
int exec_script_rewrite(struct exec *ex);

/* --- exec_elf.c ------------------------------------------------------------------ */

/* Opens path for execution and checks the right to: a regular file with the
 * permission, not open for writing. The file or ERR_PTR. */
struct file *exec_open(int dirfd, const char *path, u32 walk);
/* Reads the first bytes of bin->file into ex->head, zero-filled. 0 or -errno. */
int exec_head_read(struct exec *ex, struct exec_binary *bin);
/* Checks bin->file's headers, beginning in ex->head, into bin->image. 0 or
 * -errno. */
int exec_elf_read(struct exec *ex, struct exec_binary *bin);
/* Opens and reads the program interpreter that ex->program asks for. */
int exec_elf_open_interp(struct exec *ex);
/* Makes ex->mm: program, interpreter, stack, break. Nothing of the old program
 * is touched. 0 or -errno. */
int exec_elf_build(struct exec *ex);
/* ex->mm is in force: clears what follows the files' data in their last pages.
 * 0, -EFAULT, -ENOMEM. */
int exec_elf_clear_tails(struct exec *ex);
/* Drops file and image. */
void exec_binary_drop(struct exec_binary *bin);

/* --- exec_stack.c ----------------------------------------------------------------- */

/* Bytes of stack that strings, vectors and auxv will take. */
u64 exec_stack_bytes(const struct exec *ex);
/* ex->mm is in force: writes the initial stack, sets ex->rsp. 0 or -errno. */
int exec_stack_write(struct exec *ex);

#endif
