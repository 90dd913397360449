/*
 * Values of command-line options. Pure functions: text in, number or verdict
 * out; the sentences that users see are written by options.c.
 */
#include "options_value.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define NS_PER_SECOND 1000000000ULL
#define HOSTNAME_MAX_BYTES 64 /* __NEW_UTS_LEN, sethostname(2) */
#define NEAREST_WORD_MAX 32

/* Reads the digits at *text. Returns 0, -EINVAL (no digit) or -ERANGE. */
static int take_digits(const char **text, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*text = end;
	return 0;
}

int options_number(const char *text, uint64_t min, uint64_t max,
		   uint64_t *value)
{
	int err = take_digits(&text, value);

	if (err)
		return err;
	if (*text)
		return -EINVAL;
	return *value < min || *value > max ? -ERANGE : 0;
}

/* K, M, G, T with or without B or iB, in either case, are powers of 1024,
 * as for docker --memory and qemu -m. Returns the shift, -1 on nonsense. */
static int size_shift(const char *suffix)
{
	static const char units[] = "bkmgt";
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, tolower((unsigned char)*suffix));
	if (!unit)
		return -1;
	suffix++;
	if (unit != units && (*suffix == 'i' || *suffix == 'I') && suffix[1])
		suffix++;
	if (unit != units && (*suffix == 'b' || *suffix == 'B'))
		suffix++;
	return *suffix ? -1 : (int)(unit - units) * 10;
}

int options_size(const char *text, uint64_t *bytes)
{
	uint64_t number;
	int shift;
	int err = take_digits(&text, &number);

	if (err)
		return err;
	shift = size_shift(text);
	if (shift < 0)
		return -EINVAL;
	if (number > (UINT64_MAX >> 1) >> shift)
		return -ERANGE;
	*bytes = number << shift;
	return 0;
}

/* Nanoseconds in one unit of a duration, 0 on nonsense. No unit: seconds. */
static uint64_t duration_unit(const char *suffix)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} unit[] = {
		{ "", NS_PER_SECOND },	     { "ns", 1 },
		{ "us", 1000 },		     { "ms", 1000000 },
		{ "s", NS_PER_SECOND },	     { "m", 60 * NS_PER_SECOND },
		{ "h", 3600 * NS_PER_SECOND }, { "d", 86400 * NS_PER_SECOND },
	};

	for (size_t i = 0; i < sizeof(unit) / sizeof(unit[0]); i++)
		if (!strcmp(suffix, unit[i].name))
			return unit[i].ns;
	return 0;
}

/* Reads the digits after a point: numerator and denominator, at most nine
 * places; further ones are below a nanosecond of a second and dropped. */
static void take_fraction(const char **text, uint64_t *num, uint64_t *den)
{
	*num = 0;
	*den = 1;
	for (; isdigit((unsigned char)**text); (*text)++) {
		if (*den >= NS_PER_SECOND)
			continue;
		*num = *num * 10 + (uint64_t)(**text - '0');
		*den *= 10;
	}
}

int options_duration(const char *text, uint64_t *ns)
{
	uint64_t whole, num = 0, den = 1, unit;
	int err = take_digits(&text, &whole);

	if (err)
		return err;
	if (*text == '.') {
		text++;
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		take_fraction(&text, &num, &den);
	}
	unit = duration_unit(text);
	if (!unit)
		return -EINVAL;
	if (whole > (UINT64_MAX >> 2) / unit)
		return -ERANGE;
	*ns = whole * unit +
	      (uint64_t)((unsigned __int128)num * unit / den);
	return 0;
}

/* One word after the file name. */
static int take_disk_word(struct disk_option *disk, char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	if (!strcmp(word, "snapshot") && (!value || *value)) {
		disk->snapshot = true;
		disk->overlay = value;
	} else if (!strcmp(word, "log") && value && *value) {
		disk->log = value;
	} else if (!strcmp(word, "ro") && !value) {
		disk->read_only = true;
	} else if (!strcmp(word, "nosync") && !value) {
		disk->no_sync = true;
	} else if (!strcmp(word, "plain") && !value) {
		disk->plain = true;
	} else {
		return -EINVAL;
	}
	return disk->read_only && disk->snapshot ? -EINVAL : 0;
}

int options_disk(struct disk_option *disk, const char *text)
{
	char *word, *rest;
	int err = *text && *text != ',' ? 0 : -EINVAL;

	*disk = (struct disk_option){ .path = strdup(text) };
	if (!disk->path)
		return -ENOMEM;
	strtok_r(disk->path, ",", &rest);
	while (!err && (word = strtok_r(NULL, ",", &rest)))
		err = take_disk_word(disk, word);
	if (err)
		free(disk->path);
	return err;
}

/* Cuts ":ro" or ":rw" off. */
static bool take_bind_word(char *text, const char *word)
{
	size_t len = strlen(text), word_len = strlen(word);

	if (len < word_len || strcmp(text + len - word_len, word))
		return false;
	text[len - word_len] = '\0';
	return true;
}

int options_bind(struct bind_option *bind, const char *text)
{
	char *colon, *next;

	*bind = (struct bind_option){ .host_path = strdup(text) };
	if (!bind->host_path)
		return -ENOMEM;
	bind->read_only = take_bind_word(bind->host_path, ":ro");
	if (!bind->read_only)
		take_bind_word(bind->host_path, ":rw");
	/* the host's name may have colons too: the last ":/" parts them */
	colon = strstr(bind->host_path, ":/");
	while (colon && (next = strstr(colon + 1, ":/")))
		colon = next;
	if (!colon || colon == bind->host_path || !colon[2]) {
		free(bind->host_path);
		return -EINVAL;
	}
	*colon = '\0';
	bind->guest_path = colon + 1;
	return 0;
}

bool options_hostname_ok(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > HOSTNAME_MAX_BYTES || name[0] == '-')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("-._", *name))
			return false;
	return true;
}

/* Levenshtein distance of two words of at most NEAREST_WORD_MAX bytes. */
static unsigned edit_distance(const char *a, const char *b)
{
	unsigned row[NEAREST_WORD_MAX + 1];
	size_t len = strlen(b);

	for (size_t j = 0; j <= len; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 1; j <= len; j++) {
			unsigned best = diagonal + (a[i] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

const char *options_nearest(const char *word, const char *const *list)
{
	size_t len = strlen(word);
	const char *nearest = NULL;
	unsigned best;

	if (len == 0 || len > NEAREST_WORD_MAX)
		return NULL;
	best = len < 3 ? 1 : (unsigned)(len / 3) + 1;
	for (; *list; list++) {
		unsigned distance;

		if (strlen(*list) > NEAREST_WORD_MAX)
			continue;
		distance = edit_distance(word, *list);
		/* "tim" means "timeout" although four letters are missing */
		if (len >= 3 && !strncmp(word, *list, len))
			distance = 1;
		if (distance < best || (distance == best && !nearest)) {
			best = distance;
			nearest = *list;
		}
	}
	return nearest;
}
