/*
 * A harness for tests that run inside the machine, and natively as well.
 *
 *	static const struct test_case cases[] = {
 *		{ "write returns what it wrote", test_write },
 *	};
 *	TEST_MAIN(cases)
 *
 * Each case runs in a child of its own, which leads its own process group, so
 * a case may crash, change its signals or leave processes behind.  The output
 * is TAP.  A check that fails prints "# file:line: expression" and ends the
 * process it is in with status 1: a case must look at the status of its own
 * children (test_wait_ok does).
 *
 * With LODGER_GUEST=1 in the environment the table runs twice and the second
 * time every case must give back all memory: MemFree of /proc/meminfo may not
 * be lower after it than before (the first time fills the kernel's caches).
 *
 * Options: --list prints the names; names as arguments run only these.
 */
#ifndef GUESTLIB_TEST_H
#define GUESTLIB_TEST_H

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

/* What this program does when test_exec starts it again, by name. */
struct test_role {
	const char *name;
	int (*run)(int argc, char **argv);
};

struct test_table {
	const struct test_case *cases;
	size_t case_count;
	const struct test_role *roles;
	size_t role_count;
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The program: its table of cases and, optionally, of roles. */
#define TEST_MAIN(cases)                                                     \
	int main(int argc, char **argv)                                      \
	{                                                                    \
		struct test_table t = { cases, ARRAY_SIZE(cases), NULL, 0 }; \
		return test_main(&t, argc, argv);                            \
	}
#define TEST_MAIN_ROLES(cases, roles)                                    \
	int main(int argc, char **argv)                                  \
	{                                                                \
		struct test_table t = { cases, ARRAY_SIZE(cases), roles, \
					ARRAY_SIZE(roles) };             \
		return test_main(&t, argc, argv);                        \
	}

/* Runs the table; the exit status of main. */
int test_main(const struct test_table *table, int argc, char **argv);

/* Prints "# file:line: message" and ends this process with status 1. */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Ends the case: it cannot be tried here; only in the case's own process. */
_Noreturn void test_skip(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* Prints "# message"; no verdict. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fails unless the condition holds. */
#define CHECK(cond)                                                 \
	do {                                                        \
		if (!(cond))                                        \
			test_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

/* Fails unless two integers (or pointers) are equal; prints both. */
#define CHECK_EQ(got, want)                                                    \
	do {                                                                   \
		long got_ = (long)(got);                                       \
		long want_ = (long)(want);                                     \
		if (got_ != want_)                                             \
			test_fail(__FILE__, __LINE__,                          \
				  "%s is %ld (%#lx), wanted %ld (%#lx)", #got, \
				  got_, (unsigned long)got_, want_,            \
				  (unsigned long)want_);                       \
	} while (0)

/* Fails when a call returns -1; its value otherwise. */
#define CHECK_OK(call) test_ok((long)(call), __FILE__, __LINE__, #call)

/* Fails unless a call returns -1 with this errno. */
#define CHECK_ERR(call, err)                                                 \
	do {                                                                 \
		long ret_;                                                   \
		errno = 0;                                                   \
		ret_ = (long)(call);                                         \
		if (ret_ != -1)                                              \
			test_fail(__FILE__, __LINE__,                        \
				  "%s returned %ld, wanted %s", #call, ret_, \
				  #err);                                     \
		if (errno != (err))                                          \
			test_fail(__FILE__, __LINE__, "%s: %s, wanted %s",   \
				  #call, test_errno(), #err);                \
	} while (0)

/* Fails unless two strings are equal. */
#define CHECK_STR(got, want)                                                 \
	do {                                                                 \
		const char *got_ = (got);                                    \
		if (test_differ(got_, want))                                 \
			test_fail(__FILE__, __LINE__,                        \
				  "%s is \"%s\", wanted \"%s\"", #got, got_, \
				  want);                                     \
	} while (0)

/* Waits until the condition holds, for ten seconds at most. */
#define WAIT_UNTIL(cond)                                                 \
	do {                                                             \
		int tries_;                                              \
		for (tries_ = 0; !(cond); tries_++) {                    \
			if (tries_ == 5000)                              \
				test_fail(__FILE__, __LINE__,            \
					  "never came true: %s", #cond); \
			test_nap();                                      \
		}                                                        \
	} while (0)

/* What CHECK_OK does: passes ret on unless it is -1. */
long test_ok(long ret, const char *file, int line, const char *call);
/* Name of the current errno, for messages. */
const char *test_errno(void);
/* True when two strings differ. */
int test_differ(const char *a, const char *b);
/* Two milliseconds of sleep, cut short by signals. */
void test_nap(void);

/* fork() that cannot fail. */
pid_t test_fork(void);
/* Waits for a child to end; its wait status. */
int test_wait(pid_t pid);
/* Waits for a child; fails unless it ended with exit status 0. */
void test_wait_ok(pid_t pid);
/* Runs fn in a child that then exits 0; the child's wait status. */
int test_status(void (*fn)(void));
/* Runs fn in a child; fails when a check in it failed. */
void test_child(void (*fn)(void));
/* As test_child, as user 1000 with group 1000 and no other when we are root. */
void test_as_user(void (*fn)(void));
/* True with effective user 0. */
int test_is_root(void);
/* Skips the case unless we are root. */
void test_need_root(void);

/* Makes an empty directory of mode 0777 the working directory; removed after. */
void test_scratch(void);
/* Makes a file with these bytes; mode 0644. */
void test_make_file(const char *path, const char *text);
/* Reads a whole small file as a string into buf; its length. */
size_t test_read_file(const char *path, char *buf, size_t size);
/* Writes a string to a file that is there, by one write(2): its answer, or -errno. */
long test_write_file(const char *path, const char *text);
/* Reads exactly len bytes, or fails. */
void test_read_all(int fd, void *buf, size_t len);

/* Starts this program again in a role; args end with NULL; never returns. */
_Noreturn void test_exec(const char *role, ...) __attribute__((sentinel));
/* Path of this program, absolute. */
const char *test_program(void);

/* A pointer into the never mapped first page, which gcc cannot see through. */
extern void *volatile const test_bad_pointer;

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t test_now(void);
/* Burns CPU for about that many milliseconds of this process's own time. */
void test_spin_ms(unsigned int ms);

#endif
