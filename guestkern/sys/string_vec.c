/*
 * Vectors of strings on their way from one program to the next (argv, envp).
 * They may be as large as a quarter of the stack limit, so they live in page
 * sized chunks rather than in one piece; a string may cross chunks.
 */
#include "sys/exec.h"

#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "mm/uaccess.h"
#include "sys/syscall.h"

#define CHUNK_FIRST_BYTES 512
#define CHUNK_BYTES PAGE_SIZE

static struct string_chunk *chunk_with_room(struct string_vec *vec)
{
	struct string_chunk *chunk = vec->last;
	size_t bytes = chunk ? CHUNK_BYTES : CHUNK_FIRST_BYTES;

	if (chunk && chunk->used < chunk->size)
		return chunk;
	chunk = kmalloc(bytes);
	if (!chunk)
		return NULL;
	chunk->next = NULL;
	chunk->used = 0;
	chunk->size = (u32)(bytes - sizeof(*chunk));
	if (vec->last)
		vec->last->next = chunk;
	else
		vec->first = chunk;
	vec->last = chunk;
	return chunk;
}

static int append_bytes(struct string_vec *vec, const char *text, size_t len)
{
	struct string_chunk *chunk;
	size_t n;

	while (len) {
		chunk = chunk_with_room(vec);
		if (!chunk)
			return -ENOMEM;
		n = MIN(len, (size_t)(chunk->size - chunk->used));
		memcpy(chunk->data + chunk->used, text, n);
		chunk->used += (u32)n;
		vec->bytes += n;
		text += n;
		len -= n;
	}
	return 0;
}

int string_vec_add(struct string_vec *vec, const char *text, size_t len)
{
	int err;

	if (len >= ARG_STRING_MAX)
		return -E2BIG;
	err = append_bytes(vec, text, len);
	if (!err)
		err = append_bytes(vec, "", 1);
	if (!err)
		vec->count++;
	return err;
}

int string_vec_add_user(struct string_vec *vec, uaddr_t from)
{
	struct string_chunk *chunk;
	size_t room, total = 0;
	s64 len;

	for (;;) {
		chunk = chunk_with_room(vec);
		if (!chunk)
			return -ENOMEM;
		room = chunk->size - chunk->used;
		len = strncpy_from_user(chunk->data + chunk->used, from + total,
					room);
		if (len != -ENAMETOOLONG)
			break;
		chunk->used = chunk->size;
		vec->bytes += room;
		total += room;
		if (total >= ARG_STRING_MAX)
			return -E2BIG;
	}
	if (len < 0)
		return (int)len;
	if (total + (size_t)len >= ARG_STRING_MAX)
		return -E2BIG;
	chunk->used += (u32)len + 1;
	vec->bytes += (size_t)len + 1;
	vec->count++;
	return 0;
}

int string_vec_move_all(struct string_vec *to, struct string_vec *from)
{
	for (struct string_chunk *c = from->first; c; c = c->next) {
		int err = append_bytes(to, c->data, c->used);

		if (err)
			return err;
	}
	to->count += from->count;
	string_vec_free(from);
	return 0;
}

size_t string_vec_first_len(const struct string_vec *vec)
{
	size_t len = 0;

	for (const struct string_chunk *c = vec->first; c; c = c->next) {
		const char *nul = memchr(c->data, 0, c->used);

		if (nul)
			return len + (size_t)(nul - c->data);
		len += c->used;
	}
	return len;
}

void string_vec_free(struct string_vec *vec)
{
	struct string_chunk *chunk = vec->first;

	while (chunk) {
		struct string_chunk *next = chunk->next;

		kfree(chunk);
		chunk = next;
	}
	memset(vec, 0, sizeof(*vec));
}
