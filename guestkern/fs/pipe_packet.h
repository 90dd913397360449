/* The packets in a pipe's ring (pipe2(2), O_DIRECT): where each begins and ends. */
#ifndef FS_PIPE_PACKET_H
#define FS_PIPE_PACKET_H

#include "lib/types.h"

/* In the pipe's own positions; what is between packets are plain bytes. */
struct packet {
	u64 start, end;
};
struct packet_queue {
	struct packet *at; /* a ring of room; NULL: never used */
	u32 room, first, count;
};

/* Room for room packets (never less than are in it): 0, -ENOMEM. */
int packets_resize(struct packet_queue *q, u32 room);
void packets_free(struct packet_queue *q);
/* Is there no room for one more of up to limit? */
bool packets_full(const struct packet_queue *q, u32 limit);
/* Room was made before. */
void packets_add(struct packet_queue *q, u64 start, u64 end);
/* The next one, or NULL. */
struct packet *packets_next(const struct packet_queue *q);
/* All before head was taken: of a packet that it is within the rest remains. */
void packets_pass(struct packet_queue *q, u64 head);
/* All positions are smaller by so much. */
void packets_shift(struct packet_queue *q, u64 by);

#endif
