/*
 * "#!" files (Linux fs/binfmt_script.c): "#!interpreter [one argument]". The
 * line ends within the first SCRIPT_HEAD_BYTES of the file; a line cut off there
 * is accepted only if the cut is in the argument.
 */
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sys/exec.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p;
}

static const char *skip_word(const char *p, const char *end)
{
	while (p < end && !is_blank(*p) && *p != '\0')
		p++;
	return p;
}

/* End of the line, trailing blanks cut; NULL: no valid line. */
static const char *line_end(const char *head)
{
	const char *limit = head + SCRIPT_HEAD_BYTES;
	const char *end = memchr(head, '\n', SCRIPT_HEAD_BYTES);
	const char *name;

	if (!end) {
		/* Without a line end, the interpreter's name itself must be
		 * complete: followed by a blank or the file's end. */
		end = limit - 1;
		name = skip_blanks(head + 2, limit);
		if (name == limit || skip_word(name, limit) == limit)
			return NULL;
	}
	while (end > head + 2 && is_blank(end[-1]))
		end--;
	return end;
}

static int build_prefix(struct exec *ex, const char *name, size_t name_len,
			const char *arg, size_t arg_len)
{
	struct string_vec vec = { 0 };
	int err;

	err = string_vec_add(&vec, name, name_len);
	if (!err && arg_len)
		err = string_vec_add(&vec, arg, arg_len);
	if (!err && ex->prefix.count == 0)
		err = string_vec_add(&vec, ex->path, strlen(ex->path));
	if (!err)
		err = string_vec_move_all(&vec, &ex->prefix);
	if (err) {
		string_vec_free(&vec);
		return err;
	}
	ex->prefix = vec;
	return 0;
}

int exec_script_rewrite(struct exec *ex)
{
	const char *end = line_end(ex->head);
	const char *name, *name_end, *arg;
	char *path;
	int err;

	if (!end)
		return -ENOEXEC;
	name = skip_blanks(ex->head + 2, end);
	name_end = skip_word(name, end);
	if (name == name_end)
		return -ENOEXEC;
	arg = skip_blanks(name_end, end);
	/* A NUL ends the argument, too. */
	err = build_prefix(ex, name, (size_t)(name_end - name), arg,
			   strnlen(arg, (size_t)(end - arg)));
	if (err)
		return err;
	path = kmalloc((size_t)(name_end - name) + 1);
	if (!path)
		return -ENOMEM;
	memcpy(path, name, (size_t)(name_end - name));
	path[name_end - name] = '\0';
	if (ex->interp_path != ex->path)
		kfree(ex->interp_path);
	ex->interp_path = path;
	return 0;
}
