/*
 * A guest kernel that misuses the making of host processes (--space multi).
 * With another --space there is nobody to ask, and the first request is refused.
 * What each attack ends with in multi is a call that is always refused: the
 * machine must be alive to see it, and gone with all of its processes after it.
 *
 * Without the defences a request would make or end a process that is none of the
 * machine's, or keep the VMM process from its duties.
 */
#include "hal/as.h"
#include "hal/host_process.h"
#include "hostile.h"

#define ASKED REFUSED("write", "a descriptor that is no stream")
#define ENDED REFUSED("getpid", NOT_THIS_CALL)

static void ask(u32 op, u32 number)
{
	struct lodger_maker_request request = { op, number };

	host_call3(__NR_write, LODGER_FD_MAKER, (u64)&request, sizeof(request));
}

static void hear(void)
{
	struct lodger_maker_reply reply;

	host_call3(__NR_read, LODGER_FD_MAKER, (u64)&reply, sizeof(reply));
}

static void end(void)
{
	let_through(host_call3(__NR_getpid, 0, 0, 0));
}

static void wild_requests(void)
{
	static const u32 wild[] = { 0, LODGER_HOST_PROCESSES, 1u << 31, ~0u };

	for (size_t i = 0; i < ARRAY_SIZE(wild); i++) {
		ask(LODGER_MAKER_MAKE, wild[i]);
		hear();
		ask(LODGER_MAKER_DROP, wild[i]);
		ask(LODGER_MAKER_MARK, wild[i]);
		hear();
		ask(wild[i], 1);
	}
	ask(LODGER_MAKER_DROP, 7); /* not made */
	end();
}

/* The same number twice, dropped twice, and again. */
static void same_number(void)
{
	for (u32 i = 0; i < 4; i++) {
		host_process_reset(&host_process[1]);
		ask(LODGER_MAKER_MAKE, 1);
		hear();
		ask(LODGER_MAKER_MAKE, 1);
		hear();
		ask(LODGER_MAKER_DROP, 1);
		ask(LODGER_MAKER_DROP, 1);
	}
	end();
}

/* Many, and nobody reads the answers. */
static void flood(void)
{
	for (u32 i = 1; i < 100; i++) {
		host_process_reset(&host_process[i]);
		ask(LODGER_MAKER_MAKE, i);
	}
	for (u32 i = 0; i < 1000; i++) {
		ask(LODGER_MAKER_MAKE, i % 100);
		ask(LODGER_MAKER_MARK, i % 2);
	}
	end();
}

/* Refused in a process whose filter has no listener. */
static void refused_further(void)
{
	host_process_reset(&host_process[1]);
	ask(LODGER_MAKER_MAKE, 1);
	hear();
	host_process_switch(&host_process[1]);
	end();
}

#define IT(n, fn, end) { n, STATUS_REFUSED, ASKED, .run = fn, .inside = end }

static const struct attack table[] = {
	IT("wild-requests", wild_requests, ENDED),
	IT("same-number", same_number, ENDED),
	IT("flood-of-requests", flood, ENDED),
	IT("refused-in-a-further-process", refused_further,
	   "lodger: guest kernel refused: a host call outside the policy (*)"),
};

FAMILY(multi, table);
