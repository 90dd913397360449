/*
 * Memory files: the guest kernel's region and guest RAM.
 *
 * Everything that is the machine lives in these two files. The kernel file is
 * laid out as the window is: offset = address - LODGER_WINDOW_BASE. Both are
 * sealed, so that a hostile guest kernel cannot shrink them under our reads.
 */
#include "memory.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "abi/layout.h"
#include "bootinfo.h"
#include "icept.h"
#include "modes.h"

#define MIB (1ULL << 20)
#define HUGE_PAGE (2 * MIB)

/* Core: the image, 16 bytes a frame (mm/page.h), and objects in proportion. */
static uint64_t core_size(uint64_t ram_bytes)
{
	uint64_t want = 8 * MIB + ram_bytes / 32;

	want = (want + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	return want < LODGER_CORE_MAX ? want : LODGER_CORE_MAX;
}

static int create_file(const char *name, uint64_t bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0) {
		machine_complain("cannot create a memory file: %s", strerror(errno));
		return -1;
	}
	if (ftruncate(fd, (off_t)bytes) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		machine_complain("cannot size a memory file to %llu MiB: %s",
				 (unsigned long long)(bytes / MIB), strerror(errno));
		close(fd);
		return -1;
	}
	return fd;
}

static int write_all(int fd, const void *data, size_t bytes, uint64_t offset)
{
	const char *p = data;

	while (bytes) {
		ssize_t n = pwrite(fd, p, bytes, (off_t)offset);

		if (n <= 0) {
			machine_complain("cannot write guest memory: %s",
					 n ? strerror(errno) : "no space");
			return -1;
		}
		p += n;
		bytes -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Is [offset, offset + bytes) inside size? */
static bool inside(uint64_t offset, uint64_t bytes, uint64_t size)
{
	return offset <= size && bytes <= size - offset;
}

static int load_segment(const struct machine *m, const char *kernel,
			size_t kernel_bytes, const Elf64_Phdr *ph)
{
	uint64_t end = LODGER_CORE_BASE + m->core_bytes;

	if (!inside(ph->p_offset, ph->p_filesz, kernel_bytes) ||
	    ph->p_vaddr < LODGER_WINDOW_BASE || ph->p_filesz > ph->p_memsz ||
	    !inside(ph->p_vaddr, ph->p_memsz, end))
		return -1;
	return write_all(m->kmem_fd, kernel + ph->p_offset, ph->p_filesz,
			 LODGER_KFILE_OFFSET(ph->p_vaddr));
}

static int load_kernel(struct machine *m, const char *kernel,
		       size_t kernel_bytes)
{
	const Elf64_Ehdr *eh = (const void *)kernel;
	const Elf64_Phdr *ph;

	if (kernel_bytes < sizeof(*eh) || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    !inside(eh->e_phoff, eh->e_phnum * sizeof(*ph), kernel_bytes))
		return -1;
	ph = (const void *)(kernel + eh->e_phoff);
	m->image_end = LODGER_IMAGE_ADDR;
	for (int i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type != PT_LOAD)
			continue;
		if (load_segment(m, kernel, kernel_bytes, &ph[i]))
			return -1;
		if (ph[i].p_vaddr + ph[i].p_memsz > m->image_end)
			m->image_end = ph[i].p_vaddr + ph[i].p_memsz;
	}
	return 0;
}

/* Which of the image's gates toggles the core. */
static void choose_gate(struct machine *m)
{
	if (m->icept->abi != LODGER_INTERCEPT_KMOD)
		return;
	m->image.call_open_ip = m->image.kmod_open_ip;
	m->image.call_close_ip = m->image.kmod_close_ip;
}

/* Who hides the core: the guest kernel itself, or the module, or nobody. */
static bool is_toggled(const struct machine *m)
{
	switch ((enum lodger_protect)modes_abi(m->opt, AXIS_PROTECT)) {
	case LODGER_PROTECT_MPROTECT:
	case LODGER_PROTECT_GATE:
	case LODGER_PROTECT_PKEY:
		return true;
	case LODGER_PROTECT_NONE:
	case LODGER_PROTECT_KMOD_US:
	case LODGER_PROTECT_KMOD_MM:
		break;
	}
	return false;
}

static bool has_key(const struct machine *m)
{
	return modes_abi(m->opt, AXIS_PROTECT) == LODGER_PROTECT_PKEY;
}

static int check_image(struct machine *m)
{
	ssize_t n = pread(m->kmem_fd, &m->image, sizeof(m->image),
			  LODGER_KFILE_OFFSET(LODGER_IMAGE_ADDR));

	if (n != sizeof(m->image) || m->image.magic != LODGER_IMAGE_MAGIC ||
	    m->image.abi_version != LODGER_ABI_VERSION)
		return -1;
	choose_gate(m);
	if ((m->image.text | m->image.text_end) % LODGER_PAGE_SIZE ||
	    m->image.text < LODGER_IMAGE_ADDR || m->image.text_end < m->image.text ||
	    m->image.text_end > LODGER_CORE_BASE + m->core_bytes)
		return -1;
	return 0;
}

static int write_gate_constants(const struct machine *m)
{
	const uint32_t key = has_key(m) ? LODGER_PKEY : 0;

	if (write_all(m->kmem_fd, &m->gate_bytes, sizeof(m->gate_bytes),
		      LODGER_KFILE_OFFSET(LODGER_GATE_TOGGLED_BYTES)) ||
	    write_all(m->kmem_fd, &m->core_bytes, sizeof(m->core_bytes),
		      LODGER_KFILE_OFFSET(LODGER_GATE_CORE_BYTES)))
		return -1;
	return write_all(m->kmem_fd, &key, sizeof(key),
			 LODGER_KFILE_OFFSET(LODGER_GATE_KEY));
}

/* Never 0: that would ask for none. */
static int make_token(struct machine *m)
{
	while (has_key(m) && !m->host_token)
		if (getrandom(&m->host_token, sizeof(m->host_token), 0) < 0) {
			machine_complain("cannot read random bytes: %s",
					 strerror(errno));
			return -1;
		}
	return 0;
}

static int create_ram(struct machine *m)
{
	bool wanted = m->opt->memory == MEMORY_HUGE ||
		      (m->opt->memory == MEMORY_AUTO && m->core_huge);

	if (wanted)
		m->ram_fd = memory_tmpfs_file(m->ram_bytes);
	m->ram_huge = m->ram_fd >= 0;
	if (m->ram_huge)
		return 0;
	if (m->opt->memory == MEMORY_HUGE) {
		machine_complain("--memory huge does not work on this host (no huge pages from a tmpfs in a user namespace): see lodger doctor");
		return -1;
	}
	m->ram_fd = create_file("lodger-ram", m->ram_bytes);
	return m->ram_fd < 0 ? -1 : 0;
}

int memory_create(struct machine *m, const void *kernel, size_t kernel_bytes)
{
	m->core_huge = m->opt->memory != MEMORY_MEMFD &&
		       (has_key(m) ||
			modes_abi(m->opt, AXIS_PROTECT) == LODGER_PROTECT_GATE);
	m->core_bytes = core_size(m->ram_bytes);
	m->gate_bytes = is_toggled(m) ? m->core_bytes : 0;
	m->kmem_fd = create_file("lodger-kernel",
				 LODGER_KFILE_OFFSET(LODGER_CORE_BASE) +
					 m->core_bytes);
	if (m->kmem_fd < 0)
		return -1;
	if (create_ram(m))
		return -1;
	if (m->core_huge)
		memory_gather_core(m);
	if (load_kernel(m, kernel, kernel_bytes) || check_image(m)) {
		machine_complain("the guest kernel image is damaged or of another version; rebuild lodger");
		return -1;
	}
	return write_gate_constants(m) || make_token(m) ? -1 : 0;
}

int memory_write_boot(struct machine *m)
{
	static struct lodger_boot boot; /* large for a stack */

	if (bootinfo_fill(m, &boot))
		return -1;
	return write_all(m->kmem_fd, &boot, sizeof(boot),
			 LODGER_KFILE_OFFSET(LODGER_BOOT_ADDR));
}

/* At its address, where nothing is yet. */
static int map_at(uint64_t addr, uint64_t bytes, int prot, int flags, int fd,
		  uint64_t offset)
{
	void *at = mmap((void *)addr, bytes, prot, flags | MAP_FIXED_NOREPLACE,
			fd, (off_t)offset);

	if (at == (void *)addr)
		return 0;
	machine_complain("cannot map the guest kernel at %#llx: %s",
			 (unsigned long long)addr, strerror(errno));
	return -1;
}

static int map_piece(const struct machine *m, uint64_t addr, uint64_t bytes,
		     int prot)
{
	return map_at(addr, bytes, prot, MAP_SHARED, m->kmem_fd,
		      LODGER_KFILE_OFFSET(addr));
}

static bool is_multi(const struct machine *m)
{
	return modes_abi(m->opt, AXIS_SPACE) == LODGER_SPACE_MULTI;
}

/* What each host process has for itself: the constants, for its number, and the
 * signal stack. */
static int map_own(const struct machine *m)
{
	if (map_at(LODGER_GATE_CONST, LODGER_PAGE_SIZE, PROT_READ, MAP_PRIVATE,
		   m->kmem_fd, LODGER_KFILE_OFFSET(LODGER_GATE_CONST)))
		return -1;
	return map_at(LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_SIZE,
		      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
}

static int map_common(const struct machine *m)
{
	if (map_piece(m, LODGER_GATE_CONST, LODGER_PAGE_SIZE, PROT_READ))
		return -1;
	return map_piece(m, LODGER_SIGSTACK_BASE, LODGER_SIGSTACK_SIZE,
			 PROT_READ | PROT_WRITE);
}

int memory_write_number(uint32_t number)
{
	void *page = (void *)LODGER_GATE_CONST;

	if (mprotect(page, LODGER_PAGE_SIZE, PROT_READ | PROT_WRITE))
		goto out_complain;
	*(volatile uint32_t *)LODGER_GATE_NUMBER = number;
	if (mprotect(page, LODGER_PAGE_SIZE, PROT_READ))
		goto out_complain;
	return 0;

out_complain:
	machine_complain("cannot number a host process: %s", strerror(errno));
	return -1;
}

static int map_patch_area(const struct machine *m)
{
	if (map_piece(m, LODGER_PATCH_SLOTS,
		      LODGER_PATCH_COUNT * LODGER_PATCH_SLOT_BYTES, PROT_READ))
		return -1;
	_Static_assert(LODGER_MOVED_STUBS + LODGER_MOVED_COUNT * LODGER_MOVED_STUB_BYTES ==
			       LODGER_PATCH_STUBS, "the stubs are one piece");
	return map_piece(m, LODGER_MOVED_STUBS,
			 LODGER_PATCH_STUBS - LODGER_MOVED_STUBS +
				 LODGER_PATCH_COUNT * LODGER_PATCH_STUB_BYTES,
			 PROT_READ | PROT_EXEC);
}

/* A piece of the core with its key. Nothing in it is writable and executable. */
static int map_with_key(const struct machine *m, uint64_t addr, uint64_t end,
			int prot, int key)
{
	if (map_piece(m, addr, end - addr, prot))
		return -1;
	if (pkey_mprotect((void *)addr, end - addr, prot, key) == 0)
		return 0;
	machine_complain("cannot give the guest kernel a protection key: %s",
			 strerror(errno));
	return -1;
}

/* With protection keys user mode can execute the core's text, and read and write
 * nothing of the core. The key of this process is open from here on, and in the
 * processes that are forked from it. */
static int map_core_with_key(const struct machine *m)
{
	const uint64_t end = LODGER_CORE_BASE + m->core_bytes;
	const int data = PROT_READ | PROT_WRITE;
	int key = pkey_alloc(0, 0);

	if (key != LODGER_PKEY) {
		machine_complain("the host gives protection key %d, not %d: see lodger doctor",
				 key, LODGER_PKEY);
		return -1;
	}
	if (map_with_key(m, LODGER_CORE_BASE, m->image.text, data, key) ||
	    map_with_key(m, m->image.text, m->image.text_end,
			 PROT_READ | PROT_EXEC, key))
		return -1;
	return map_with_key(m, m->image.text_end, end, data, key);
}

int memory_map_window(const struct machine *m)
{
	if (map_piece(m, LODGER_GATE_TEXT, LODGER_PAGE_SIZE,
		      PROT_READ | PROT_EXEC) ||
	    (is_multi(m) ? map_own(m) : map_common(m)) ||
	    map_at(LODGER_USER_PAGE, LODGER_PAGE_SIZE, PROT_READ, MAP_SHARED,
		   m->kmem_fd, LODGER_KFILE_OFFSET(LODGER_USER_PAGE_CORE)))
		return -1;
	if (m->icept->abi == LODGER_INTERCEPT_PATCH && map_patch_area(m))
		return -1;
	if (has_key(m))
		return map_core_with_key(m);
	return map_piece(m, LODGER_CORE_BASE, m->core_bytes,
			 PROT_READ | PROT_WRITE | PROT_EXEC);
}

/* One line of printable characters: it is going to the user's terminal. */
static void clean_text(char *text, size_t bytes)
{
	text[bytes - 1] = '\0';
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

int memory_read_counters(const struct machine *m, struct lodger_counters *out)
{
	ssize_t n = pread(m->kmem_fd, out, sizeof(*out),
			  LODGER_KFILE_OFFSET(LODGER_COUNTERS_ADDR));

	if (n != sizeof(*out))
		return -1;
	clean_text(out->halt_text, sizeof(out->halt_text));
	return 0;
}

static void close_file(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void memory_destroy(struct machine *m)
{
	close_file(&m->kmem_fd);
	close_file(&m->ram_fd);
	close_file(&m->root_fd);
	close_file(&m->bell_fd);
	close_file(&m->kmod_fd);
}
