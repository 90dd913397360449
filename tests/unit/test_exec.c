/* execve on a hosted machine: what a new program finds, what failure leaves. */
#include <check.h>
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fake_hal.h"
#include "fs_fixture.h"
#include "lib/err.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "mm/vdso.h"
#include "proc/task.h"
#include "sys/exec.h"
#include "sys/syscall.h"

#define TEXT 0x20000000UL
#define DATA 0x20002000UL
#define FILE_BYTES 0x2100

static int running, result;
static struct trap_frame *tf;
static void (*look)(void); /* in the new program's process */

/* --- files ------------------------------------------------------------------------ */

struct program {
	u16 type, machine;
	u64 base;
	const char *interp;
};

/* Code in the first page, data of 0x100 bytes in the last with a bss of two
 * pages behind; bytes of the file are their low offset byte, 'x' after data. */
static void make_program(const char *name, const struct program *p)
{
	static u8 bytes[FILE_BYTES + 0x100];
	Elf64_Ehdr *eh = (Elf64_Ehdr *)bytes;
	Elf64_Phdr *ph = (Elf64_Phdr *)(eh + 1);
	struct file *f;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < FILE_BYTES ? (u8)i : 'x';
	memset(eh, 0, sizeof(*eh) + 4 * sizeof(*ph));
	memcpy(eh->e_ident, ELFMAG, SELFMAG);
	eh->e_ident[EI_CLASS] = ELFCLASS64;
	eh->e_ident[EI_DATA] = ELFDATA2LSB;
	eh->e_type = p->type ? p->type : ET_EXEC;
	eh->e_machine = p->machine ? p->machine : EM_X86_64;
	eh->e_phoff = sizeof(*eh);
	eh->e_phentsize = sizeof(*ph);
	eh->e_phnum = p->interp ? 3 : 2;
	eh->e_entry = p->base + 0x500;
	ph[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0, p->base, 0, 0x1000, 0x1000, 0x1000 };
	ph[1] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, 0x2000, p->base + 0x2000, 0,
			      0x100, 0x2100, 0x1000 };
	if (p->interp) {
		ph[2] = (Elf64_Phdr){ PT_INTERP, PF_R, 0x800, 0, 0,
				      strlen(p->interp) + 1, 0, 1 };
		strcpy((char *)bytes + 0x800, p->interp);
	}
	f = fs_open(name, O_WRONLY | O_CREAT | O_TRUNC);
	ck_assert_int_eq(file_write_kernel(f, bytes, sizeof(bytes), 0), sizeof(bytes));
	file_put(f);
	fs_inode(name)->mode = S_IFREG | 0755;
}

static void make_script(const char *name, const char *text)
{
	fs_file(name, text);
	fs_inode(name)->mode = S_IFREG | 0755;
}

/* --- running --------------------------------------------------------------------------- */

static const char *args[8], *envs[8];

static void fill(struct string_vec *vec, const char **text)
{
	memset(vec, 0, sizeof(*vec));
	for (; *text; text++)
		ck_assert_int_eq(string_vec_add(vec, *text, strlen(*text)), 0);
}

static void run_program(void *path)
{
	struct string_vec argv, envp;

	tf = &current_task()->tf;
	fill(&argv, args);
	fill(&envp, envs);
	result = do_execve(AT_FDCWD, path, &argv, &envp, 0, tf);
	string_vec_free(&argv);
	string_vec_free(&envp);
	if (result == 0 && look)
		look();
	running--;
	process_exit(0);
}

static int exec(const char *path)
{
	running = 1;
	ck_assert(!IS_ERR(kthread_create("test", run_program, (void *)path)));
	for (int i = 0; i < 100 && running; i++)
		schedule();
	ck_assert_int_eq(running, 0);
	return result;
}

/* Process 1 reaps. */
static void init_main(void *arg)
{
	struct process *me = current_process();
	struct wait_result res;

	(void)arg;
	for (;;) {
		wait_event(&me->child_wait, !list_empty(&me->children));
		process_wait(0 /* P_ALL */, 0, 4 /* WEXITED */, &res);
	}
}

static const struct program plain = { .base = TEXT };
static const struct program pie = { .type = ET_DYN };

static void setup(void)
{
	fs_boot(0);
	ck_assert_int_eq(vdso_init(), 0);
	args[0] = "prog";
	args[1] = "one";
	args[2] = "";
	args[3] = NULL;
	envs[0] = "A=1";
	envs[1] = "BB=22";
	envs[2] = NULL;
	look = NULL;
	ck_assert(!IS_ERR(kthread_create("init", init_main, NULL)));
	schedule();
	make_program("/prog", &plain);
}

/* --- what the program finds -------------------------------------------------------------- */

static u64 word(uaddr_t at)
{
	u64 value;

	ck_assert_int_eq(get_user(value, at), 0);
	return value;
}

static const char *text_at(uaddr_t at)
{
	static char text[4][300];
	static int next;
	char *to = text[next++ % 4];

	ck_assert_int_ge(strncpy_from_user(to, at, 300), 0);
	return to;
}

static u64 aux(u64 type)
{
	uaddr_t at = tf->rsp + 8;

	while (word(at))
		at += 8;
	for (at += 8; word(at); at += 8)
		;
	for (at += 8; word(at); at += 16)
		if (word(at) == type)
			return word(at + 8);
	return UINT64_MAX;
}

static const char *argument(u64 i)
{
	return text_at(word(tf->rsp + 8 + i * 8));
}

static void look_plain(void)
{
	struct mm *mm = current_task()->mm;
	uaddr_t rsp = tf->rsp;

	ck_assert_uint_eq(rsp % 16, 0);
	ck_assert_uint_eq(word(rsp), 3);
	ck_assert_str_eq(argument(0), "prog");
	ck_assert_str_eq(argument(1), "one");
	ck_assert_str_eq(argument(2), "");
	ck_assert_uint_eq(word(rsp + 32), 0);
	ck_assert_str_eq(text_at(word(rsp + 40)), "A=1");
	ck_assert_str_eq(text_at(word(rsp + 48)), "BB=22");
	ck_assert_uint_eq(word(rsp + 56), 0);
	ck_assert_uint_eq(tf->rip, TEXT + 0x500);
	ck_assert_uint_eq(tf->cs, TRAP_USER_CS);
	ck_assert_uint_eq(tf->rdi | tf->rsi | tf->rdx | tf->rbp, 0);
	ck_assert_uint_eq(aux(AT_ENTRY), TEXT + 0x500);
	ck_assert_uint_eq(aux(AT_PHDR), TEXT + 64);
	ck_assert_uint_eq(aux(AT_PHNUM), 2);
	ck_assert_uint_eq(aux(AT_PHENT), 56);
	ck_assert_uint_eq(aux(AT_PAGESZ), 4096);
	ck_assert_uint_eq(aux(AT_BASE), 0);
	ck_assert_uint_eq(aux(AT_SECURE), 0);
	ck_assert_uint_eq(aux(AT_UID), 0);
	ck_assert_str_eq(text_at(aux(AT_SYSINFO_EHDR)), "a vDSO");
	ck_assert(vdso_is_shown(vma_at(mm, aux(AT_SYSINFO_EHDR))));
	ck_assert_str_eq(text_at(aux(AT_EXECFN)), "/prog");
	ck_assert_str_eq(text_at(aux(AT_PLATFORM)), "x86_64");
	ck_assert_uint_gt(aux(AT_RANDOM), rsp);
	ck_assert_uint_eq(text_at(mm->arg_start)[0], 'p');
	ck_assert_uint_eq(mm->arg_end, mm->arg_start + 5 + 4 + 1);
	ck_assert_uint_eq(mm->env_end, mm->env_start + 4 + 6);
	/* data as in the file, then zero, though the file goes on */
	ck_assert_uint_eq(word(DATA), 0x0706050403020100);
	ck_assert_uint_eq(word(DATA + 0xf8), 0xfffefdfcfbfaf9f8);
	ck_assert_uint_eq(word(DATA + 0x100), 0);
	ck_assert_uint_eq(word(DATA + 0xff8), 0);
	ck_assert_uint_eq(word(DATA + 0x2000), 0);
	ck_assert_uint_eq(put_user(rsp, TEXT), -EFAULT);
	ck_assert_uint_ge(mm->brk_start, DATA + 0x3000);
	ck_assert_uint_lt(mm->brk_start, DATA + 0x3000 + (16 << 20));
	ck_assert_uint_eq(mm->brk_start % PAGE_SIZE, 0);
	ck_assert_str_eq(current_task()->comm, "prog");
	ck_assert_str_eq(current_process()->exe_path, "/prog");
	ck_assert(current_process()->dumpable);
	fake_as_verify(mm);
}

START_TEST(plain_program)
{
	look = look_plain;
	ck_assert_int_eq(exec("/prog"), 0);
}
END_TEST

static void look_pie(void)
{
	u64 bias = aux(AT_PHDR) - 64;

	ck_assert_uint_ge(bias, 0x10000000);
	ck_assert_uint_lt(bias, 0x14000000);
	ck_assert_uint_eq(tf->rip, bias + 0x500);
	ck_assert_uint_eq(word(bias + 0x2000), 0x0706050403020100);
}

START_TEST(position_independent_program)
{
	make_program("/pie", &pie);
	look = look_pie;
	ck_assert_int_eq(exec("/pie"), 0);
}
END_TEST

static void look_interp(void)
{
	u64 base = aux(AT_BASE);

	ck_assert_uint_eq(base % PAGE_SIZE, 0);
	ck_assert_uint_gt(base, 0x40000000);
	ck_assert_uint_eq(tf->rip, base + 0x500);
	ck_assert_uint_eq(aux(AT_ENTRY), TEXT + 0x500);
	ck_assert_uint_eq(word(base + 0x2000), 0x0706050403020100);
	ck_assert_uint_eq(word(base + 0x2100), 0);
}

START_TEST(program_with_interpreter)
{
	make_program("/dyn", &(struct program){ .base = TEXT, .interp = "/ld.so" });
	ck_assert_int_eq(exec("/dyn"), -ENOENT);
	fs_file("/ld.so", "text");
	ck_assert_int_eq(exec("/dyn"), -EACCES);
	fs_inode("/ld.so")->mode = S_IFREG | 0755;
	ck_assert_int_eq(exec("/dyn"), -ELIBBAD);
	make_program("/ld.so", &pie);
	look = look_interp;
	ck_assert_int_eq(exec("/dyn"), 0);
}
END_TEST

static void look_no_args(void)
{
	ck_assert_uint_eq(word(tf->rsp), 1);
	ck_assert_str_eq(argument(0), "");
}

START_TEST(no_arguments)
{
	args[0] = NULL;
	look = look_no_args;
	ck_assert_int_eq(exec("/prog"), 0);
}
END_TEST

/* --- scripts ------------------------------------------------------------------------------- */

static void look_script(void)
{
	ck_assert_uint_eq(word(tf->rsp), 5);
	ck_assert_str_eq(argument(0), "/prog");
	ck_assert_str_eq(argument(1), "-a b");
	ck_assert_str_eq(argument(2), "/script");
	ck_assert_str_eq(argument(3), "one");
	ck_assert_str_eq(argument(4), "");
	ck_assert_str_eq(text_at(aux(AT_EXECFN)), "/script");
	ck_assert_str_eq(current_task()->comm, "script");
	ck_assert_str_eq(current_process()->exe_path, "/prog");
}

START_TEST(script)
{
	static const char *const lines[] = {
		"#!/prog -a b\nrest", "#! \t/prog \t -a b \t\n", "#!/prog -a b",
	};

	make_script("/script", lines[_i]);
	look = look_script;
	ck_assert_int_eq(exec("/script"), 0);
}
END_TEST

static void look_nested(void)
{
	ck_assert_uint_eq(word(tf->rsp), 7);
	ck_assert_str_eq(argument(0), "/prog");
	ck_assert_str_eq(argument(1), "x");
	ck_assert_str_eq(argument(2), "/s1");
	ck_assert_str_eq(argument(3), "y");
	ck_assert_str_eq(argument(4), "/s2");
	ck_assert_str_eq(argument(5), "one");
}

START_TEST(nested_scripts)
{
	make_script("/s1", "#!/prog x\n");
	make_script("/s2", "#!/s1 y\n");
	make_script("/s3", "#!/s2\n");
	make_script("/s4", "#!/s3\n");
	make_script("/s5", "#!/s4\n");
	make_script("/s6", "#!/s5\n");
	make_script("/self", "#!/self\n");
	look = look_nested;
	ck_assert_int_eq(exec("/s2"), 0);
	look = NULL;
	ck_assert_int_eq(exec("/s5"), 0);
	ck_assert_int_eq(exec("/s6"), -ELOOP);
	ck_assert_int_eq(exec("/self"), -ELOOP);
}
END_TEST

START_TEST(bad_scripts)
{
	static const struct {
		const char *text;
		int err;
	} bad[] = {
		{ "#!", -ENOEXEC },	   { "#!\n", -ENOEXEC },
		{ "#!  \t \n", -ENOEXEC }, { "#!/nothere\n", -ENOENT },
		{ "#!/\n", -EACCES },	   { "#!/prog/x\n", -ENOTDIR },
		{ "echo\n", -ENOEXEC },	   { "", -ENOEXEC },
	};
	char text[600] = "#!/";

	make_script("/script", bad[_i].text);
	ck_assert_int_eq(exec("/script"), bad[_i].err);
	/* A name that is cut off must not be taken for another. */
	memset(text + 3, 'x', 500);
	make_script("/script", text);
	ck_assert_int_eq(exec("/script"), -ENOEXEC);
	memcpy(text + 3, "prog ", 5);
	make_script("/script", text);
	ck_assert_int_eq(exec("/script"), 0);
}
END_TEST

/* --- refusals -------------------------------------------------------------------------------- */

START_TEST(refused)
{
	struct fs_use before;

	make_program("/i386", &(struct program){ .base = TEXT, .machine = EM_386 });
	make_program("/high", &(struct program){ .base = 0x70000000 });
	make_program("/low", &(struct program){ .base = 0x1000 });
	fs_file("/plain", "text");
	fs_mkdir("/dir");
	fs_symlink("/prog", "/link");
	before = fs_use_now();
	ck_assert_int_eq(exec("/nothing"), -ENOENT);
	ck_assert_int_eq(exec("/prog/x"), -ENOTDIR);
	ck_assert_int_eq(exec("/dir"), -EACCES);
	ck_assert_int_eq(exec("/plain"), -EACCES);
	ck_assert_int_eq(exec("/i386"), -ENOEXEC);
	ck_assert_int_eq(exec("/high"), -EINVAL);
	ck_assert_int_eq(exec("/low"), -EINVAL);
	ck_assert_int_eq(exec("/link"), 0);
	for (int i = 0; i < 20; i++)
		schedule();
	fs_check_use(&before);
}
END_TEST

static char *big;

START_TEST(too_much)
{
	big = malloc(ARG_STRING_MAX + 1);
	memset(big, 'x', ARG_STRING_MAX);
	big[ARG_STRING_MAX] = '\0';
	args[1] = big + 1; /* with its NUL just what is allowed */
	ck_assert_int_eq(exec("/prog"), 0);
	for (int i = 1; i < 7; i++)
		args[i] = big + 1;
	args[7] = NULL;
	for (int i = 0; i < 7; i++)
		envs[i] = big + 1;
	envs[7] = NULL;
	ck_assert_int_eq(exec("/prog"), 0);
	free(big);
}
END_TEST

static void limit_stack(void *path)
{
	current_process()->rlim[3 /* RLIMIT_STACK */].cur = 600 << 10;
	run_program(path);
}

START_TEST(quarter_of_the_stack)
{
	big = malloc(100001);
	memset(big, 'x', 100000);
	big[100000] = '\0';
	args[1] = big;
	args[2] = NULL;
	running = 1;
	kthread_create("test", limit_stack, "/prog");
	while (running)
		schedule();
	ck_assert_int_eq(result, 0);
	args[2] = big;
	args[3] = NULL;
	running = 1;
	kthread_create("test", limit_stack, "/prog");
	while (running)
		schedule();
	ck_assert_int_eq(result, -E2BIG);
	free(big);
}
END_TEST

static void look_busy(void)
{
	ck_assert_uint_gt(fs_inode("/prog")->write_deny, 0);
	ck_assert_int_eq(fs_open_errno("/prog", O_WRONLY), ETXTBSY);
	ck_assert_int_eq(fs_open_errno("/prog", O_RDONLY), 0);
}

START_TEST(text_busy)
{
	struct file *f = fs_open("/prog", O_WRONLY);

	ck_assert_int_eq(exec("/prog"), -ETXTBSY);
	file_put(f);
	look = look_busy;
	ck_assert_int_eq(exec("/prog"), 0);
	ck_assert_uint_eq(fs_inode("/prog")->write_deny, 0);
	ck_assert_int_eq(fs_open_errno("/prog", O_WRONLY), 0);
}
END_TEST

/* --- credentials -------------------------------------------------------------------------------- */

static void become_user_and_run(void *path)
{
	cred_init(&current_task()->cred, 1000, 1000);
	run_program(path);
}

static int exec_as_user(const char *path)
{
	running = 1;
	kthread_create("test", become_user_and_run, (void *)path);
	while (running)
		schedule();
	return result;
}

static void look_setuid(void)
{
	const struct cred *c = &current_task()->cred;

	ck_assert_uint_eq(c->uid, 1000);
	ck_assert_uint_eq(c->euid, 0);
	ck_assert_uint_eq(c->suid, 0);
	ck_assert_uint_eq(c->fsuid, 0);
	ck_assert_uint_eq(c->egid, 50);
	ck_assert_uint_ne(c->cap_effective, 0);
	ck_assert_uint_eq(aux(AT_SECURE), 1);
	ck_assert_uint_eq(aux(AT_UID), 1000);
	ck_assert_uint_eq(aux(AT_EUID), 0);
	ck_assert(!current_process()->dumpable);
}

static void look_user(void)
{
	const struct cred *c = &current_task()->cred;

	ck_assert_uint_eq(c->euid, 1000);
	ck_assert_uint_eq(c->cap_effective | c->cap_permitted, 0);
	ck_assert_uint_eq(aux(AT_SECURE), 0);
}

static void look_unreadable(void)
{
	ck_assert(!current_process()->dumpable);
}

START_TEST(credentials)
{
	look = look_user;
	ck_assert_int_eq(exec_as_user("/prog"), 0);
	fs_inode("/prog")->mode = S_IFREG | S_ISUID | S_ISGID | 0755;
	fs_inode("/prog")->gid = 50;
	look = look_setuid;
	ck_assert_int_eq(exec_as_user("/prog"), 0);
	/* the bits of a script do not count */
	make_script("/script", "#!/prog2\n");
	make_program("/prog2", &plain);
	fs_inode("/script")->mode |= S_ISUID;
	look = look_user;
	ck_assert_int_eq(exec_as_user("/script"), 0);
	/* set-group-ID without group execution means something else */
	fs_inode("/prog2")->mode = S_IFREG | S_ISGID | 0705;
	fs_inode("/prog2")->gid = 50;
	look = look_user;
	ck_assert_int_eq(exec_as_user("/prog2"), 0);
	fs_inode("/prog2")->mode = S_IFREG | 0711;
	look = look_unreadable;
	ck_assert_int_eq(exec_as_user("/prog2"), 0);
	fs_inode("/prog2")->mode = S_IFREG | 0744;
	look = NULL;
	ck_assert_int_eq(exec_as_user("/prog2"), -EACCES);
}
END_TEST

/* --- kernel memory runs out ------------------------------------------------------------------------ */

static void *held[20000];

START_TEST(core_used_up)
{
	struct fs_use before;
	int n = 0, failed = 0;

	make_program("/dyn", &(struct program){ .base = TEXT, .interp = "/ld.so" });
	make_program("/ld.so", &pie);
	make_script("/script", "#!/dyn x\n");
	ck_assert_int_eq(exec("/script"), 0); /* caches fill */
	while (n < 20000 && (held[n] = kpages_alloc(0)))
		n++;
	/* With a page more each time: fails here, fails there, works. */
	for (int i = 0; i < 60 && n > 0; i++) {
		struct task *t;

		kpages_free(held[--n], 0);
		before = fs_use_now();
		running = 1;
		t = kthread_create("test", run_program, "/script");
		if (IS_ERR(t)) {
			running = 0;
			continue;
		}
		while (running)
			schedule();
		failed += result != 0;
		ck_assert(result == 0 || result == -ENOMEM || result == -EFAULT ||
			  result == -ENFILE);
		for (int k = 0; k < 20; k++)
			schedule();
		ck_assert_uint_eq(fs_use_now().frames, before.frames);
		ck_assert_uint_eq(fs_use_now().files, before.files);
		ck_assert_uint_eq(fs_inode("/dyn")->write_deny, 0);
	}
	ck_assert_int_gt(failed, 0);
	ck_assert_int_eq(result, 0);
}
END_TEST

Suite *exec_suite(void);
Suite *exec_suite(void)
{
	Suite *s = suite_create("exec");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, plain_program);
	tcase_add_test(tc, position_independent_program);
	tcase_add_test(tc, program_with_interpreter);
	tcase_add_test(tc, no_arguments);
	tcase_add_loop_test(tc, script, 0, 3);
	tcase_add_test(tc, nested_scripts);
	tcase_add_loop_test(tc, bad_scripts, 0, 8);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, too_much);
	tcase_add_test(tc, quarter_of_the_stack);
	tcase_add_test(tc, text_busy);
	tcase_add_test(tc, credentials);
	tcase_add_test(tc, core_used_up);
	suite_add_tcase(s, tc);
	return s;
}
