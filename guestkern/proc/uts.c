/* The machine's names, and those of further name spaces. */
#include "proc/uts.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/task.h"

#define FIRST_NUMBER 4026532000u /* as Linux: above those of the first spaces */

struct uts_names {
	u32 refs, number;
	char hostname[UTS_BYTES], domainname[UTS_BYTES];
};

static struct uts_names first = { .domainname = "(none)" };

static struct uts_names *current_names(void)
{
	struct uts_names *names = current_process()->uts;
	const char *given;

	if (names)
		return names;
	if (!first.refs) { /* not read yet */
		given = boot_string(boot_info()->hostname_off);
		str_copy(first.hostname, *given ? given : "lodger", UTS_BYTES);
		first.refs = 1;
	}
	return &first;
}

const char *uts_hostname(void)
{
	return current_names()->hostname;
}

const char *uts_domainname(void)
{
	return current_names()->domainname;
}

static int set_name(char *to, const char *name, size_t len)
{
	if (len >= UTS_BYTES)
		return -EINVAL;
	memset(to, 0, UTS_BYTES);
	memcpy(to, name, len);
	return 0;
}

int uts_set_hostname(const char *name, size_t len)
{
	return set_name(current_names()->hostname, name, len);
}

int uts_set_domainname(const char *name, size_t len)
{
	return set_name(current_names()->domainname, name, len);
}

struct uts_names *uts_copy(void)
{
	struct uts_names *copy = kmalloc(sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *current_names();
	copy->refs = 1;
	copy->number = space_number_new();
	return copy;
}

u32 uts_number(const struct uts_names *names)
{
	return names->number;
}

u32 space_number_new(void)
{
	static u32 last = FIRST_NUMBER;

	return last++;
}

void uts_get(struct uts_names *names)
{
	if (names)
		names->refs++;
}

void uts_put(struct uts_names *names)
{
	if (names && --names->refs == 0)
		kfree(names);
}
