/*
 * Looking a name up in the vDSO: a walk over its dynamic symbols. How many there
 * are stands in the hash table (System V ABI, chapter 5).
 */
#include <linux/elf.h>
#include <string.h>
#include <sys/auxv.h>

struct vdso_tables {
	const Elf64_Sym *sym;
	const char *str;
	const Elf64_Word *hash;
};

static const Elf64_Phdr *find_segment(const Elf64_Ehdr *eh, Elf64_Word type)
{
	const Elf64_Phdr *ph = (const void *)((const char *)eh + eh->e_phoff);
	int i;

	for (i = 0; i < eh->e_phnum; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	return NULL;
}

static void find_tables(const char *base, const Elf64_Dyn *dyn, struct vdso_tables *t)
{
	for (; dyn->d_tag != DT_NULL; dyn++) {
		const void *at = base + dyn->d_un.d_ptr;

		if (dyn->d_tag == DT_SYMTAB)
			t->sym = at;
		else if (dyn->d_tag == DT_STRTAB)
			t->str = at;
		else if (dyn->d_tag == DT_HASH)
			t->hash = at;
	}
}

void *vdso_symbol(const char *name)
{
	const Elf64_Ehdr *eh = (const void *)getauxval(AT_SYSINFO_EHDR);
	struct vdso_tables t = { 0 };
	const Elf64_Phdr *load, *dynamic;
	const char *base;
	Elf64_Word i;

	load = eh ? find_segment(eh, PT_LOAD) : NULL;
	dynamic = eh ? find_segment(eh, PT_DYNAMIC) : NULL;
	if (!load || !dynamic)
		return NULL;
	base = (const char *)eh + load->p_offset - load->p_vaddr;
	find_tables(base, (const void *)(base + dynamic->p_vaddr), &t);
	if (!t.sym || !t.str || !t.hash)
		return NULL;
	for (i = 0; i < t.hash[1]; i++)
		if (t.sym[i].st_shndx != SHN_UNDEF &&
		    strcmp(t.str + t.sym[i].st_name, name) == 0)
			return (void *)(base + t.sym[i].st_value);
	return NULL;
}
