/* The TCP state machine as a table; no sockets here. */
#include "net/tcp_state.h"

#include "lib/err.h"

struct transition {
	enum tcp_state from;
	enum tcp_event event;
	enum tcp_state to;
};

static const struct transition transitions[] = {
	{ TCP_ESTABLISHED, TCP_SENDS_FIN, TCP_FIN_WAIT1 },
	{ TCP_ESTABLISHED, TCP_GETS_FIN, TCP_CLOSE_WAIT },
	{ TCP_SYN_RECV, TCP_SENDS_FIN, TCP_FIN_WAIT1 },
	{ TCP_SYN_SENT, TCP_SENDS_FIN, TCP_CLOSE },
	{ TCP_LISTEN, TCP_SENDS_FIN, TCP_CLOSE },
	{ TCP_FIN_WAIT1, TCP_GETS_ACK, TCP_FIN_WAIT2 },
	{ TCP_FIN_WAIT1, TCP_GETS_FIN, TCP_CLOSING },
	{ TCP_FIN_WAIT2, TCP_GETS_FIN, TCP_TIME_WAIT },
	{ TCP_CLOSING, TCP_GETS_ACK, TCP_TIME_WAIT },
	{ TCP_CLOSE_WAIT, TCP_SENDS_FIN, TCP_LAST_ACK },
	{ TCP_LAST_ACK, TCP_GETS_ACK, TCP_CLOSE },
};

enum tcp_state tcp_next_state(enum tcp_state state, enum tcp_event event)
{
	if (event == TCP_GETS_RST)
		return state == TCP_LISTEN ? TCP_LISTEN : TCP_CLOSE;
	for (size_t i = 0; i < ARRAY_SIZE(transitions); i++)
		if (transitions[i].from == state && transitions[i].event == event)
			return transitions[i].to;
	return state;
}

int tcp_reset_error(enum tcp_state state)
{
	switch (state) {
	case TCP_SYN_SENT:
		return ECONNREFUSED;
	case TCP_CLOSE_WAIT:
		return EPIPE;
	case TCP_CLOSE:
	case TCP_LISTEN:
	case TCP_TIME_WAIT:
		return 0;
	case TCP_ESTABLISHED:
	case TCP_SYN_RECV:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_LAST_ACK:
	case TCP_CLOSING:
		return ECONNRESET;
	}
	return 0;
}

bool tcp_can_send(enum tcp_state state)
{
	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}
