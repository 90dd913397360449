/*
 * What a program finds on its stack (System V ABI, AMD64 supplement, 3.4.1;
 * order of the strings as Linux: arguments, environment, file name, upwards):
 *
 *	stack_top - 8       zero
 *	                    AT_EXECFN, environment, arguments
 *	                    (random gap) platform, 16 random bytes
 *	rsp + ..            auxv, envp, argv
 *	rsp                 argc, 16-byte aligned
 */
#include <linux/auxvec.h>
#include <linux/personality.h>

#include "hal/cpu.h"
#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "proc/task.h"
#include "sys/exec.h"

#define PLATFORM "x86_64"
#define RANDOM_BYTES 16
#define ALIGN_RANDOM 8192 /* Linux arch_align_stack */
#define USER_HZ 100
#define WORDS_AT_ONCE (PAGE_SIZE / sizeof(u64))

static u64 argv_bytes(const struct exec *ex)
{
	u64 bytes = ex->argv->bytes + ex->prefix.bytes;

	if (ex->prefix.count && ex->argv->count)
		bytes -= string_vec_first_len(ex->argv) + 1;
	return bytes;
}

static u64 argv_count(const struct exec *ex)
{
	u64 count = ex->argv->count + ex->prefix.count;

	return ex->prefix.count && ex->argv->count ? count - 1 : count;
}

static u64 vector_words(const struct exec *ex)
{
	return 1 + argv_count(ex) + 1 + ex->envp->count + 1 +
	       ARRAY_SIZE(ex->mm->auxv);
}

u64 exec_stack_bytes(const struct exec *ex)
{
	return argv_bytes(ex) + ex->envp->bytes + strlen(ex->path) + 1 +
	       vector_words(ex) * sizeof(u64) + ALIGN_RANDOM + RANDOM_BYTES +
	       sizeof(PLATFORM) + 64;
}

/* --- strings --------------------------------------------------------------------- */

/* Copies vec's strings but for the first skip bytes; *at moves on. */
static int put_strings(uaddr_t *at, const struct string_vec *vec, size_t skip)
{
	for (const struct string_chunk *c = vec->first; c; c = c->next) {
		size_t from = MIN(skip, (size_t)c->used);
		int err = copy_to_user(*at, c->data + from, c->used - from);

		if (err)
			return err;
		*at += c->used - from;
		skip -= from;
	}
	return 0;
}

static int put_all_strings(struct exec *ex, uaddr_t *low)
{
	size_t path_bytes = strlen(ex->path) + 1;
	struct mm *mm = ex->mm;
	uaddr_t at;
	int err;

	mm->env_end = ex->stack_top - sizeof(u64) - path_bytes;
	mm->env_start = mm->env_end - ex->envp->bytes;
	mm->arg_end = mm->env_start;
	mm->arg_start = mm->arg_end - argv_bytes(ex);
	at = mm->arg_start;
	err = put_strings(&at, &ex->prefix, 0);
	if (!err)
		err = put_strings(&at, ex->argv,
				  ex->prefix.count && ex->argv->count ?
					  string_vec_first_len(ex->argv) + 1 :
					  0);
	if (!err)
		err = put_strings(&at, ex->envp, 0);
	if (!err)
		err = copy_to_user(mm->env_end, ex->path, path_bytes);
	*low = mm->arg_start;
	return err;
}

/* --- words ------------------------------------------------------------------------- */

/* Words on their way to the stack, a page at a time. */
struct word_writer {
	u64 *page;
	u32 used;
	uaddr_t at;
	int err;
};

static void word_flush(struct word_writer *w)
{
	if (w->used && !w->err)
		w->err = copy_to_user(w->at, w->page, w->used * sizeof(u64));
	w->at += w->used * sizeof(u64);
	w->used = 0;
}

static void word_put(struct word_writer *w, u64 value)
{
	w->page[w->used++] = value;
	if (w->used == WORDS_AT_ONCE)
		word_flush(w);
}

/* Addresses of vec's strings, the first skip bytes (one string or nothing) left
 * out, given that they lie from *at on. */
static void word_put_pointers(struct word_writer *w, const struct string_vec *vec,
			      size_t skip, uaddr_t *at)
{
	bool starts = true;

	for (const struct string_chunk *c = vec->first; c; c = c->next) {
		size_t from = MIN(skip, (size_t)c->used);

		skip -= from;
		for (size_t i = from; i < c->used; i++, (*at)++) {
			if (starts)
				word_put(w, *at);
			starts = c->data[i] == '\0';
		}
	}
}

static void word_put_vectors(struct word_writer *w, const struct exec *ex)
{
	uaddr_t at = ex->mm->arg_start;
	size_t skip = 0;

	if (ex->prefix.count && ex->argv->count)
		skip = string_vec_first_len(ex->argv) + 1;
	word_put(w, argv_count(ex));
	word_put_pointers(w, &ex->prefix, 0, &at);
	word_put_pointers(w, ex->argv, skip, &at);
	word_put(w, 0);
	word_put_pointers(w, ex->envp, 0, &at);
	word_put(w, 0);
	for (size_t i = 0; i < ARRAY_SIZE(ex->mm->auxv); i++)
		word_put(w, ex->mm->auxv[i]);
	word_flush(w);
}

/* --- the auxiliary vector ---------------------------------------------------------- */

static void auxv_add(u64 **next, u64 type, u64 value)
{
	*(*next)++ = type;
	*(*next)++ = value;
}

static void auxv_fill(struct exec *ex, uaddr_t platform, uaddr_t random)
{
	const struct elf_image *image = ex->program.image;
	const struct lodger_boot *boot = boot_info();
	u64 bias = ex->program.bias;
	u64 *next = ex->mm->auxv;

	memset(ex->mm->auxv, 0, sizeof(ex->mm->auxv));
	if (ex->vdso)
		auxv_add(&next, AT_SYSINFO_EHDR, ex->vdso);
	auxv_add(&next, AT_HWCAP, boot->hwcap);
	auxv_add(&next, AT_PAGESZ, PAGE_SIZE);
	auxv_add(&next, AT_CLKTCK, USER_HZ);
	auxv_add(&next, AT_PHDR, image->phdr_vaddr ? image->phdr_vaddr + bias : 0);
	auxv_add(&next, AT_PHENT, 56); /* sizeof(Elf64_Phdr), checked */
	auxv_add(&next, AT_PHNUM, image->phnum);
	auxv_add(&next, AT_BASE,
		 ex->interp.file ? ex->interp.bias : 0);
	auxv_add(&next, AT_FLAGS, 0);
	auxv_add(&next, AT_ENTRY, image->entry + bias);
	auxv_add(&next, AT_UID, ex->cred.uid);
	auxv_add(&next, AT_EUID, ex->cred.euid);
	auxv_add(&next, AT_GID, ex->cred.gid);
	auxv_add(&next, AT_EGID, ex->cred.egid);
	auxv_add(&next, AT_SECURE, ex->secure);
	auxv_add(&next, AT_RANDOM, random);
	auxv_add(&next, AT_HWCAP2, boot->hwcap2);
	auxv_add(&next, AT_EXECFN, ex->mm->env_end);
	auxv_add(&next, AT_PLATFORM, platform);
	if (boot->minsigstksz)
		auxv_add(&next, AT_MINSIGSTKSZ, boot->minsigstksz);
	auxv_add(&next, AT_NULL, 0);
}

/* Platform name and random bytes below low; returns the new low end. */
static int put_auxv_data(struct exec *ex, uaddr_t *low)
{
	u8 bytes[RANDOM_BYTES];
	uaddr_t platform, random;
	u64 r;
	int err;

	random_bytes(&r, sizeof(r));
	if (!mm_randomize || current_process()->personality & ADDR_NO_RANDOMIZE)
		r = 0;
	*low = ALIGN_DOWN(*low - r % ALIGN_RANDOM, 16UL);
	platform = *low - sizeof(PLATFORM);
	random = platform - RANDOM_BYTES;
	*low = random;
	err = copy_to_user(platform, PLATFORM, sizeof(PLATFORM));
	if (err)
		return err;
	random_bytes(bytes, sizeof(bytes));
	err = copy_to_user(random, bytes, sizeof(bytes));
	auxv_fill(ex, platform, random);
	return err;
}

int exec_stack_write(struct exec *ex)
{
	struct word_writer w = { 0 };
	uaddr_t low;
	int err;

	err = put_all_strings(ex, &low);
	if (!err)
		err = put_auxv_data(ex, &low);
	if (err)
		return err;
	w.page = kpages_alloc(0);
	if (!w.page)
		return -ENOMEM;
	ex->rsp = ALIGN_DOWN(low - vector_words(ex) * sizeof(u64), 16UL);
	w.at = ex->rsp;
	word_put_vectors(&w, ex);
	kpages_free(w.page, 0);
	return w.err;
}
