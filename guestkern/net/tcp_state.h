/* The states of a TCP connection (RFC 9293, 3.3.2), numbered as programs see
 * them in struct tcp_info and /proc/net/tcp, and what leads from one to another. */
#ifndef NET_TCP_STATE_H
#define NET_TCP_STATE_H

#include "lib/types.h"

enum tcp_state {
	TCP_ESTABLISHED = 1,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_CLOSE,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTEN,
	TCP_CLOSING,
};

enum tcp_event {
	TCP_SENDS_FIN, /* close or shutdown of the sending half */
	TCP_GETS_FIN,
	TCP_GETS_ACK,  /* of its own FIN */
	TCP_GETS_RST,
};

/* The state after event; the same state where the event changes nothing. */
enum tcp_state tcp_next_state(enum tcp_state state, enum tcp_event event);
/* The error that a reset leaves behind: a positive errno, or 0. */
int tcp_reset_error(enum tcp_state state);
/* May data be sent? */
bool tcp_can_send(enum tcp_state state);

#endif
