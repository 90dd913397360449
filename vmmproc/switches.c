/* Reads /proc/PID/status: see switches.h. */
#include "switches.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define PAUSE_NS 500000

/* Returns the state's letter, or 0. */
static char read_status(pid_t pid, uint64_t *voluntary)
{
	char path[32], line[256], state = 0;
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, "State: %c", &state) != 1)
			found = sscanf(line, "voluntary_ctxt_switches: %" SCNu64,
				       voluntary) == 1;
	fclose(f);
	return found ? state : 0;
}

bool switches_of_sleeper(pid_t pid, int *tries, uint64_t *sum)
{
	const struct timespec pause_time = { 0, PAUSE_NS };
	uint64_t voluntary = 0;

	for (; *tries > 0; --*tries) {
		char state = read_status(pid, &voluntary);

		if (state == 'S') {
			*sum += voluntary;
			return true;
		}
		if (!state)
			return false;
		nanosleep(&pause_time, NULL);
	}
	return false;
}
