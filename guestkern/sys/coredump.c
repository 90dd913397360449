/*
 * Core files: what a program was when a signal killed it, as an ELF file that gdb
 * reads (core(5); the notes as in Linux's fs/binfmt_elf.c, struct layouts of
 * linux/elfcore.h). The file has the name that core_name.c makes, and is sparse where
 * there is nothing.
 *
 * What is in it: of private and anonymous memory all that is there; of files
 * mapped private and writable all, of others the first page if it begins an ELF
 * image. Memory of a device or a shared file is not.
 *
 * Invariants: the notes are put out twice by the same functions, first only to
 * count their bytes. The other threads are ending and do not run any more; the
 * address space is the current one.
 */
#include "sys/coredump.h"

#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/vfs.h"
#include "fs/vfs_internal.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/vdso.h"
#include "proc/task.h"

#include <linux/resource.h>

#define CORE_MODE 0600
#define NOTE_OWNER "CORE"
#define NOTE_OWNER_XSTATE "LINUX"
#define XCR0_OFFSET 464 /* where debuggers look: struct _fpx_sw_bytes */
#define FX_BYTES 512
#define ARGS_BYTES 80

struct dump {
	struct file *file; /* NULL: only counts */
	s64 pos;
	s64 limit; /* RLIMIT_CORE: cut off there */
	int err;   /* the first; nothing is written after it */
	int sig;
	const struct k_siginfo *info;
	char *name; /* PATH_MAX_ bytes for a file's name */
	u8 *page;   /* PAGE_SIZE bytes */
};

static bool put(struct dump *d, const void *bytes, size_t len)
{
	s64 room = d->limit - d->pos;
	s64 done;

	if (d->err)
		return false;
	if (!d->file) {
		d->pos += (s64)len;
		return true;
	}
	if (room < (s64)len)
		d->err = -EFBIG;
	len = room < (s64)len ? (size_t)MAX(room, 0) : len;
	done = file_write_kernel(d->file, bytes, len, d->pos);
	d->pos += MAX(done, 0);
	if (done != (s64)len)
		d->err = done < 0 ? (int)done : -ENOSPC;
	return !d->err;
}

static void put_zeroes(struct dump *d, size_t len)
{
	static const u8 zeroes[64];

	for (; len; len -= MIN(len, sizeof(zeroes)))
		if (!put(d, zeroes, MIN(len, sizeof(zeroes))))
			return;
}

/* --- notes --------------------------------------------------------------------- */

static void begin_note(struct dump *d, const char *owner, u32 type, size_t bytes)
{
	struct elf64_note note = { (u32)strlen(owner) + 1, (u32)bytes, type };

	put(d, &note, sizeof(note));
	put(d, owner, note.n_namesz);
	put_zeroes(d, ALIGN_UP(note.n_namesz, 4) - note.n_namesz);
}

static void end_note(struct dump *d, size_t bytes)
{
	put_zeroes(d, ALIGN_UP(bytes, 4) - bytes);
}

static void put_note(struct dump *d, const char *owner, u32 type,
		     const void *bytes, size_t len)
{
	begin_note(d, owner, type, len);
	put(d, bytes, len);
	end_note(d, len);
}

/* struct user_regs_struct of sys/user.h. */
struct core_regs {
	u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
	u64 rax, rcx, rdx, rsi, rdi, orig_rax;
	u64 rip, cs, rflags, rsp, ss, fsbase, gsbase, ds, es, fs, gs;
};

struct core_timeval {
	s64 sec, usec;
};

/* struct elf_prstatus of sys/procfs.h. */
struct core_status {
	s32 signo, code, err;
	u16 cursig;
	u64 sigpend, sighold;
	s32 pid, ppid, pgrp, sid;
	struct core_timeval utime, stime, cutime, cstime;
	struct core_regs regs;
	s32 fpvalid;
};
_Static_assert(sizeof(struct core_status) == 336, "elf_prstatus");

static struct core_timeval timeval_of(u64 ns)
{
	return (struct core_timeval){ (s64)(ns / 1000000000),
				      (s64)(ns % 1000000000 / 1000) };
}

static struct core_regs regs_of(const struct task *t)
{
	const struct trap_frame *tf = &t->tf;

	return (struct core_regs){
		tf->r15, tf->r14, tf->r13, tf->r12, tf->rbp, tf->rbx, tf->r11,
		tf->r10, tf->r9, tf->r8, tf->rax, tf->rcx, tf->rdx, tf->rsi,
		tf->rdi, tf->orig_rax, tf->rip, TRAP_USER_CS, tf->rflags,
		tf->rsp, TRAP_USER_SS, t->user.fsbase, t->user.gsbase, 0, 0, 0, 0,
	};
}

static void put_status(struct dump *d, const struct task *t)
{
	const struct process *p = t->proc;
	struct core_status st = {
		.signo = d->sig,
		.code = d->info->code,
		.err = d->info->err,
		.cursig = (u16)d->sig,
		.sigpend = t->pending.mask,
		.sighold = t->blocked,
		.pid = t->tid,
		.ppid = p->parent ? p->parent->pid : 0,
		.pgrp = p->pgid,
		.sid = p->session ? p->session->sid : 0,
		.utime = timeval_of(t->utime_ns),
		.stime = timeval_of(t->stime_ns),
		.cutime = timeval_of(p->cutime_ns),
		.cstime = timeval_of(p->cstime_ns),
		.regs = regs_of(t),
		.fpvalid = 1,
	};

	put_note(d, NOTE_OWNER, NT_PRSTATUS, &st, sizeof(st));
}

/* The registers come with each thread's status; gdb takes a status as the start
 * of the next thread. */
static void put_xstate(struct dump *d, const struct task *t)
{
	const u8 *area = t->user.xstate;
	const size_t bytes = cpu_xstate_bytes();
	const u64 xcr0 = cpu_xfeatures();

	put_note(d, NOTE_OWNER, NT_PRFPREG, area, FX_BYTES);
	if (bytes <= FX_BYTES)
		return;
	begin_note(d, NOTE_OWNER_XSTATE, NT_X86_XSTATE, bytes);
	put(d, area, XCR0_OFFSET);
	put(d, &xcr0, sizeof(xcr0));
	put(d, area + XCR0_OFFSET + sizeof(xcr0),
	    bytes - XCR0_OFFSET - sizeof(xcr0));
	end_note(d, bytes);
}

/* struct elf_prpsinfo of sys/procfs.h. */
struct core_process {
	char state, sname, zomb, nice;
	u64 flag;
	u32 uid, gid;
	s32 pid, ppid, pgrp, sid;
	char fname[16], args[ARGS_BYTES];
};
_Static_assert(sizeof(struct core_process) == 136, "elf_prpsinfo");

/* A page of the current space as it is, or NULL where nothing is present. */
static const u8 *page_at(struct dump *d, const struct mm *mm, uaddr_t addr)
{
	u64 pte = radix_get(&mm->pt, addr >> PAGE_SHIFT);

	if (!(pte & PTE_PRESENT))
		return NULL;
	ram_read(pfn_to_gpa((pfn_t)(pte >> PTE_SHIFT)), d->page, PAGE_SIZE);
	return d->page;
}

/* The arguments, as far as their first page goes, with blanks between them. */
static void fill_args(struct dump *d, const struct mm *mm, char *args)
{
	const size_t at = mm->arg_start & (PAGE_SIZE - 1);
	const u8 *page = page_at(d, mm, mm->arg_start);
	size_t n = MIN((size_t)(mm->arg_end - mm->arg_start), PAGE_SIZE - at);

	if (!page)
		return;
	n = MIN(n, (size_t)ARGS_BYTES - 1);
	for (size_t i = 0; i < n; i++) {
		args[i] = (char)page[at + i];
		if (!args[i])
			args[i] = ' ';
	}
	while (n && args[n - 1] == ' ')
		args[--n] = '\0';
}

static void put_process(struct dump *d, const struct process *p)
{
	const struct task *leader = process_leader(p);
	struct core_process ps = {
		.sname = 'R',
		.nice = (char)leader->nice,
		.uid = leader->cred.uid,
		.gid = leader->cred.gid,
		.pid = p->pid,
		.ppid = p->parent ? p->parent->pid : 0,
		.pgrp = p->pgid,
		.sid = p->session ? p->session->sid : 0,
	};

	memcpy(ps.fname, leader->comm, sizeof(ps.fname));
	if (p->mm->arg_end > p->mm->arg_start)
		fill_args(d, p->mm, ps.args);
	put_note(d, NOTE_OWNER, NT_PRPSINFO, &ps, sizeof(ps));
}

static void put_auxv(struct dump *d, const struct mm *mm)
{
	size_t pairs = 0;

	while (pairs * 2 + 2 < ARRAY_SIZE(mm->auxv) && mm->auxv[pairs * 2])
		pairs++;
	put_note(d, NOTE_OWNER, NT_AUXV, mm->auxv, (pairs + 1) * 2 * sizeof(u64));
}

/* --- the table of mapped files ---------------------------------------------------- */

static const char *file_name(struct dump *d, const struct vma *vma)
{
	const struct file *f = vma->file;
	struct path path = { f->mnt, f->dentry };
	const char *name;

	if (!f->dentry || !f->mnt)
		return NULL;
	name = path_name(&path, d->name, PATH_MAX_);
	return IS_ERR(name) ? NULL : name;
}

static const struct vma *next_file(struct dump *d, const struct vma *vma)
{
	for (; vma; vma = vma_next(vma))
		if (vma->file && file_name(d, vma))
			return vma;
	return NULL;
}

#define for_each_file(d, mm, vma)                              \
	for (vma = next_file(d, vma_find(mm, 0)); vma;         \
	     vma = next_file(d, vma_next(vma)))

static void put_files(struct dump *d, const struct mm *mm)
{
	const struct vma *vma;
	u64 head[2] = { 0, PAGE_SIZE };
	size_t bytes = sizeof(head);

	for_each_file(d, mm, vma) {
		head[0]++;
		bytes += 3 * sizeof(u64) + strlen(file_name(d, vma)) + 1;
	}
	begin_note(d, NOTE_OWNER, NT_FILE, bytes);
	put(d, head, sizeof(head));
	for_each_file(d, mm, vma) {
		const u64 row[3] = { vma->start, vma->end, vma->pgoff };

		put(d, row, sizeof(row));
	}
	for_each_file(d, mm, vma) {
		const char *name = file_name(d, vma);

		put(d, name, strlen(name) + 1);
	}
	end_note(d, bytes);
}

static void put_notes(struct dump *d, const struct process *p)
{
	const struct task *t, *self = current_task();
	u8 info[128] = { 0 };

	memcpy(info, d->info, sizeof(*d->info));
	put_status(d, self);
	put_process(d, p);
	put_note(d, NOTE_OWNER, NT_SIGINFO, info, sizeof(info));
	put_auxv(d, p->mm);
	put_files(d, p->mm);
	put_xstate(d, self);
	list_for_each_entry(t, &p->tasks, group_link) {
		if (t == self || t->state == TASK_ZOMBIE || !t->user.xstate)
			continue;
		put_status(d, t);
		put_xstate(d, t);
	}
}

/* --- memory ---------------------------------------------------------------------- */

/* /proc/PID/coredump_filter (core(5)). */
#define FILTER_ANON_PRIVATE 1u
#define FILTER_ANON_SHARED 2u
#define FILTER_FILE_PRIVATE 4u
#define FILTER_FILE_SHARED 8u
#define FILTER_ELF_HEADERS 16u

/* How much of a mapping goes into the file. */
static u64 dumped_bytes(struct dump *d, const struct mm *mm, const struct vma *vma)
{
	const u64 all = vma->end - vma->start;
	const u8 *page;

	bool shared = vma->flags & VMA_SHARED;
	u32 filter = current_process()->coredump_filter;

	if (vma->flags & VMA_DONTDUMP)
		return 0;

	if (!vma->file)
		return filter & (shared ? FILTER_ANON_SHARED : FILTER_ANON_PRIVATE) ? all : 0;
	if (shared)
		return filter & FILTER_FILE_SHARED ? all : 0;
	if (filter & FILTER_FILE_PRIVATE)
		return all;
	if (vma->flags & VMA_W) /* what was changed is the program's own */
		return filter & FILTER_ANON_PRIVATE ? all : 0;
	if (!(filter & FILTER_ELF_HEADERS))
		return 0;
	page = vma->pgoff ? NULL : page_at(d, mm, vma->start);
	return page && !memcmp(page, ELFMAG, SELFMAG) ? PAGE_SIZE : 0;
}

static u32 elf_flags(const struct vma *vma)
{
	return (vma->flags & VMA_R ? PF_R : 0) | (vma->flags & VMA_W ? PF_W : 0) |
	       (vma->flags & VMA_X ? PF_X : 0);
}

static void put_segments(struct dump *d, const struct mm *mm, u64 offset)
{
	for (const struct vma *vma = vma_find(mm, 0); vma; vma = vma_next(vma)) {
		struct elf64_phdr ph = {
			.p_type = PT_LOAD,
			.p_flags = elf_flags(vma),
			.p_offset = offset,
			.p_vaddr = vma->start,
			.p_filesz = dumped_bytes(d, mm, vma),
			.p_memsz = vma->end - vma->start,
			.p_align = PAGE_SIZE,
		};

		offset += ph.p_filesz;
		put(d, &ph, sizeof(ph));
	}
}

/* Pages of a file that nobody has touched are brought in; anonymous ones are
 * holes in the core file. */
static void put_memory(struct dump *d, struct mm *mm, const struct vma *vma)
{
	const uaddr_t end = vma->start + dumped_bytes(d, mm, vma);

	for (uaddr_t at = vma->start; at < end && !d->err; at += PAGE_SIZE) {
		const u8 *page = page_at(d, mm, at);

		if (!page && vma->file && !mm_fault(mm, at, MM_READ))
			page = page_at(d, mm, at);
		if (page)
			put(d, page, PAGE_SIZE);
		else
			d->pos += PAGE_SIZE;
	}
}

/* --- the file ---------------------------------------------------------------------- */

static void put_head(struct dump *d, u16 phdr_count)
{
	struct elf64_hdr head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
			     ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(head),
		.e_ehsize = sizeof(head),
		.e_phentsize = sizeof(struct elf64_phdr),
		.e_phnum = phdr_count,
	};

	put(d, &head, sizeof(head));
}

static void put_core(struct dump *d, const struct process *p)
{
	const u32 segments = MIN(p->mm->vma_count, PN_XNUM - 2);
	struct dump count = *d;
	struct elf64_phdr notes = {
		.p_type = PT_NOTE,
		.p_offset = sizeof(struct elf64_hdr) +
			    (segments + 1) * sizeof(struct elf64_phdr),
	};
	u64 memory;

	count.file = NULL;
	put_notes(&count, p);
	notes.p_filesz = (u64)count.pos;
	memory = ALIGN_UP(notes.p_offset + notes.p_filesz, PAGE_SIZE);
	put_head(d, (u16)(segments + 1));
	put(d, &notes, sizeof(notes));
	put_segments(d, p->mm, memory);
	put_notes(d, p);
	d->pos = (s64)memory;
	for (const struct vma *vma = vma_find(p->mm, 0); vma && !d->err;
	     vma = vma_next(vma))
		put_memory(d, p->mm, vma);
	/* the last page may be a hole */
	if (!d->err) {
		d->pos--;
		put_zeroes(d, 1);
	}
}

/* Linux's conditions: a plain file, of ours alone, that nobody else could have
 * prepared to read it. */
static struct file *open_core(char *name, int sig)
{
	const struct inode *inode;
	struct file *f;
	int err = core_name(name, PATH_MAX_, sig);

	if (err)
		return ERR_PTR(err);
	f = file_open(AT_FDCWD, name,
		      O_CREAT | O_RDWR | O_NOFOLLOW | O_LARGEFILE | O_NONBLOCK, CORE_MODE, 0);
	if (IS_ERR(f))
		return f;
	inode = f->inode;
	if (!S_ISREG(inode->mode) || inode->nlink != 1 ||
	    inode->uid != current_task()->cred.fsuid ||
	    (inode->mode & 0677) != CORE_MODE)
		err = -EPERM;
	else if (inode->size)
		err = inode_truncate(f->inode, 0);
	if (!err)
		return f;
	file_put(f);
	return ERR_PTR(err);
}

static bool dump_to(struct file *f, struct dump *d, const struct process *p)
{
	d->file = f;
	d->name = kmalloc(PATH_MAX_);
	d->page = kmalloc(PAGE_SIZE);
	if (d->name && d->page) {
		cpu_user_sync(&current_task()->user);
		put_core(d, p);
	}
	kfree(d->name);
	kfree(d->page);
	return d->pos > 0;
}

bool coredump(int sig, const struct k_siginfo *info)
{
	const struct process *p = current_process();
	const u64 limit = p->rlim[RLIMIT_CORE].cur;
	struct dump d = {
		.limit = (s64)MIN(limit, (u64)INT64_MAX),
		.sig = sig,
		.info = info,
	};
	struct file *f;
	char *name;
	bool done;

	if (limit < PAGE_SIZE || !p->dumpable || !p->mm)
		return false;
	name = kmalloc(PATH_MAX_);
	if (!name)
		return false;
	f = open_core(name, sig);
	kfree(name);
	if (IS_ERR(f))
		return false;
	done = dump_to(f, &d, p);
	file_put(f);
	return done;
}
