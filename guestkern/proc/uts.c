/* The machine's names. */
#include "proc/uts.h"

#include "hal/hal.h"
#include "lib/err.h"
#include "lib/string.h"

static char hostname[UTS_BYTES];
static bool named;
static char domainname[UTS_BYTES] = "(none)";

const char *uts_hostname(void)
{
	const char *given = boot_string(boot_info()->hostname_off);

	if (!named)
		str_copy(hostname, *given ? given : "lodger", sizeof(hostname));
	named = true;
	return hostname;
}

const char *uts_domainname(void)
{
	return domainname;
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
	named = true;
	return set_name(hostname, name, len);
}

int uts_set_domainname(const char *name, size_t len)
{
	return set_name(domainname, name, len);
}
