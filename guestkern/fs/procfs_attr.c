/*
 * /proc/PID, continued: accounts of input and output, pagemap, and small files
 * about things of which there is one kind only, or none (proc(5)).
 */
#include "fs/procfs.h"

#include <linux/capability.h>
#include <linux/fs.h>

#include "lib/err.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "proc/task.h"

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FILE (1ULL << 61)
#define PAGEMAP_FRAME_MASK ((1ULL << 55) - 1)
#define PAGEMAP_CHUNK 64
#define FILTER_MAX 0x1ffu /* MMF_DUMP_FILTER_MASK */
#define CLEAR_REFS_LAST 5
#define CLEAR_REFS_PEAK 5

typedef unsigned long long ull; /* for %llu */

/* --- numbers ------------------------------------------------------------------------------ */

int proc_parse_number(const char *text, s64 *value)
{
	bool negative = *text == '-';
	s64 n = 0;

	text += negative;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || n > INT64_MAX / 10 - 10)
			return -EINVAL;
		n = n * 10 + (*text - '0');
	}
	*value = negative ? -n : n;
	return 0;
}

int proc_show_number(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%lld\n", (long long)*t->entry->number->value);
	return 0;
}

int proc_set_number(const struct proc_number *number, s64 *to, const char *text, size_t len)
{
	s64 value;

	if (!len)
		return 0;
	if (proc_parse_number(text, &value) || value < number->min || value > number->max)
		return -EINVAL;
	*to = value;
	return 0;
}

int proc_write_number(const struct proc_target *t, const char *text, size_t len)
{
	return proc_set_number(t->entry->number, t->entry->number->value, text, len);
}

/* --- accounts ------------------------------------------------------------------------------ */

/* What went through read(2), write(2) and kin. There is no disk below most files:
 * what reaches one is not told apart. */
int proc_show_io(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *p = t->process;

	if (!proc_may_access(p))
		return -EACCES;
	textbuf_printf(tb, "rchar: %llu\nwchar: %llu\nsyscr: %llu\nsyscw: %llu\n",
		       (ull)p->io.read_bytes, (ull)p->io.written_bytes, (ull)p->io.reads,
		       (ull)p->io.writes);
	textbuf_printf(tb, "read_bytes: 0\nwrite_bytes: 0\ncancelled_write_bytes: 0\n");
	return 0;
}

int proc_show_schedstat(struct textbuf *tb, const struct proc_target *t)
{
	sched_account();
	textbuf_printf(tb, "%llu 0 %llu\n", (ull)(t->task->utime_ns + t->task->stime_ns),
		       (ull)(t->task->nvcsw + t->task->nivcsw));
	return 0;
}

int proc_show_timerslack(struct textbuf *tb, const struct proc_target *t)
{
	if (t->task != current_task() && !capable(CAP_SYS_NICE))
		return -EPERM;
	textbuf_printf(tb, "%llu\n", (ull)t->task->timer_slack_ns);
	return 0;
}

int proc_write_timerslack(const struct proc_target *t, const char *text, size_t len)
{
	s64 value;

	(void)len;
	if (t->task != current_task() && !capable(CAP_SYS_NICE))
		return -EPERM;
	if (proc_parse_number(text, &value) || value < 0)
		return -EINVAL;
	t->task->timer_slack_ns = value ? (u64)value : t->task->timer_slack_default_ns;
	return 0;
}

/* --- memory ---------------------------------------------------------------------------------- */

int proc_show_coredump_filter(struct textbuf *tb, const struct proc_target *t)
{
	textbuf_printf(tb, "%08x\n", t->process->coredump_filter);
	return 0;
}

/* As strtoul(3) reads it: 0x for sixteen, 0 for eight. */
static int parse_bits(const char *text, u32 *bits)
{
	u32 base = 10, digit;
	u64 value = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		base = 8;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		digit = *text >= '0' && *text <= '9' ? (u32)(*text - '0') :
			*text >= 'a' && *text <= 'f' ? (u32)(*text - 'a' + 10) :
			*text >= 'A' && *text <= 'F' ? (u32)(*text - 'A' + 10) : base;
		if (digit >= base || value > UINT32_MAX)
			return -EINVAL;
		value = value * base + digit;
	}
	*bits = (u32)value;
	return value > UINT32_MAX ? -EINVAL : 0;
}

int proc_write_coredump_filter(const struct proc_target *t, const char *text, size_t len)
{
	u32 bits;

	(void)len;
	if (parse_bits(text, &bits))
		return -EINVAL;
	t->process->coredump_filter = bits & FILTER_MAX;
	return 0;
}

/* Nothing here is kept of who used a page: only the peak can be reset. */
int proc_write_clear_refs(const struct proc_target *t, const char *text, size_t len)
{
	struct mm *mm = t->process->mm;
	s64 value;

	(void)len;
	if (proc_parse_number(text, &value) || value < 1 || value > CLEAR_REFS_LAST)
		return -EINVAL;
	if (mm && value == CLEAR_REFS_PEAK)
		mm->resident_peak = mm->resident_pages;
	return 0;
}

int proc_show_numa_maps(struct textbuf *tb, const struct proc_target *t)
{
	const struct mm *mm = t->process->mm;
	const struct vma *vma;

	if (!proc_may_access(t->process))
		return -EACCES;
	for (vma = mm ? vma_find(mm, 0) : NULL; vma; vma = vma_next(vma)) {
		u64 pages = 0;

		for (uaddr_t at = vma->start; at < vma->end; at += PAGE_SIZE)
			pages += radix_get(&mm->pt, at >> PAGE_SHIFT) != 0;
		textbuf_printf(tb, "%08llx default%s", (ull)vma->start,
			       vma->flags & VMA_HEAP  ? " heap" :
			       vma->flags & VMA_STACK ? " stack" : "");
		if (pages)
			textbuf_printf(tb, " %s=%llu N0=%llu kernelpagesize_kB=4",
				       vma->object ? "mapped" : "anon", (ull)pages, (ull)pages);
		textbuf_printf(tb, "\n");
	}
	return 0;
}

/* Frame numbers are for the privileged; whether a page is there for everybody. */
static u64 pagemap_word(const struct mm *mm, u64 page)
{
	const struct vma *vma = vma_at(mm, page << PAGE_SHIFT);
	u64 pte = vma ? radix_get(&mm->pt, page) : 0;
	u64 word = PAGEMAP_PRESENT;

	if (!pte)
		return 0;
	if (vma->object)
		word |= PAGEMAP_FILE;
	if (capable(CAP_SYS_ADMIN))
		word |= (pte >> PTE_SHIFT) & PAGEMAP_FRAME_MASK;
	return word;
}

static s64 pagemap_read(struct file *f, struct iobuf *buf, s64 *pos)
{
	u64 words[PAGEMAP_CHUNK];
	struct proc_target t;
	s64 done = 0;
	u64 i, n;

	if (*pos < 0 || *pos % (s64)sizeof(u64) || buf->len % sizeof(u64))
		return -EINVAL;
	while (buf->len) {
		int err = proc_node_target(f->inode->private, &t);

		if (err || !t.process->mm)
			return done;
		if (!proc_may_access(t.process))
			return -EACCES;
		n = MIN(buf->len / sizeof(u64), (u64)PAGEMAP_CHUNK);
		for (i = 0; i < n; i++)
			words[i] = pagemap_word(t.process->mm, (u64)*pos / sizeof(u64) + i);
		if (iobuf_put(buf, words, n * sizeof(u64)))
			return done ? done : -EFAULT;
		*pos += (s64)(n * sizeof(u64));
		done += (s64)(n * sizeof(u64));
	}
	return done;
}

const struct file_ops proc_pagemap_ops = {
	.read = pagemap_read,
	.lseek = file_plain_lseek,
};

/* --- the rest ---------------------------------------------------------------------------------- */

/* The one user name space: every number is itself. */
int proc_show_id_map(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "%10u %10u %10u\n", 0, 0, UINT32_MAX);
	return 0;
}

int proc_show_setgroups(struct textbuf *tb, const struct proc_target *t)
{
	(void)t;
	textbuf_printf(tb, "allow\n");
	return 0;
}

int proc_show_personality(struct textbuf *tb, const struct proc_target *t)
{
	if (!proc_may_access(t->process))
		return -EACCES;
	textbuf_printf(tb, "%08x\n", t->process->personality);
	return 0;
}

/* Where the task stands: its last call, unless it runs. */
int proc_show_syscall(struct textbuf *tb, const struct proc_target *t)
{
	const struct trap_frame *tf = &t->task->tf;

	if (!proc_may_access(t->process))
		return -EPERM;
	if (t->task->state == TASK_RUNNABLE) {
		textbuf_printf(tb, "running\n");
		return 0;
	}
	textbuf_printf(tb, "%lld ", (long long)tf->orig_rax);
	if (tf->orig_rax != (u64)-1)
		textbuf_printf(tb, "0x%llx 0x%llx 0x%llx 0x%llx 0x%llx 0x%llx ", (ull)tf->rdi,
			       (ull)tf->rsi, (ull)tf->rdx, (ull)tf->r10, (ull)tf->r8,
			       (ull)tf->r9);
	textbuf_printf(tb, "0x%llx 0x%llx\n", (ull)tf->rsp, (ull)tf->rip);
	return 0;
}

/* The kernel's own stack is told to nobody. */
int proc_show_stack(struct textbuf *tb, const struct proc_target *t)
{
	(void)tb;
	(void)t;
	return capable(CAP_SYS_ADMIN) ? 0 : -EACCES;
}

int proc_show_children(struct textbuf *tb, const struct proc_target *t)
{
	const struct process *child;

	if (t->task != process_leader(t->process))
		return 0; /* they are all their process's */
	list_for_each_entry(child, &t->process->children, sibling)
		textbuf_printf(tb, "%d ", child->pid);
	return 0;
}

/* The scale of old: -17 to 15. */
int proc_show_oom_adj(struct textbuf *tb, const struct proc_target *t)
{
	s32 adj = t->process->oom_score_adj;

	textbuf_printf(tb, "%d\n", adj == 1000 ? 15 : adj * 17 / 1000);
	return 0;
}
