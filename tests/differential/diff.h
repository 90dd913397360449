/*
 * The differential test: one program of small cases, run on the host and in the
 * machine; compare.py compares what it prints, line by line.
 *
 * A case is a function; each check in it prints "case: what it did = result". What
 * may differ between two runs (addresses, process numbers, times) is not printed.
 */
#ifndef DIFF_H
#define DIFF_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

struct diff_case {
	const char *name;
	void (*run)(void);
};

struct diff_table {
	const struct diff_case *cases;
	size_t count;
};

extern const struct diff_table files_table, names_table, descriptors_table,
	memory_table, processes_table, signals_table, sockets_table, ipc_table;

#define DIFF_TABLE(name, cases) \
	const struct diff_table name = { cases, sizeof(cases) / sizeof((cases)[0]) }

/* Prints a result: -1 as the name of errno, else the number. */
void diff_result(const char *what, long ret);
/* The same, "ok" for every success. Returns ret. */
long diff_ok(const char *what, long ret);
void diff_text(const char *what, const char *text);
/* This host cannot tell: said first and alone in a case. */
void diff_skip(const char *reason);
/* How the child ended: "exit 3", "SIGSEGV". */
void diff_status(const char *what, int status);

/* The result of a call / only whether it worked / a number / a string. */
#define R(call) diff_result(#call, (long)(call))
#define OK(call) diff_ok(#call, (long)(call))
#define V(expr) diff_result(#expr, (errno = 0, (long)(expr)))
#define S(expr) diff_text(#expr, expr)
/* A raw system call. */
#define SC(name, ...) syscall(SYS_##name, ##__VA_ARGS__)

/* A pointer that is never mapped, and one behind all user space. */
#define BAD ((void *)16)
#define FAR ((void *)-4096L)

/* A file with this text; its descriptor is closed. */
void diff_file(const char *name, const char *text);
/* Runs fn in a child and returns its wait status. */
int diff_child(void (*fn)(void));

#endif
