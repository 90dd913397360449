/*
 * Requests about files of the host that one of the broker's helpers makes (abi/broker.h)
 * while the task that wants it sleeps and others run. Not for whoever is in the middle of
 * something that others must not see half done.
 */
#ifndef DEV_HOSTIO_H
#define DEV_HOSTIO_H

#include "lib/types.h"

struct lodger_broker_request;
struct lodger_broker_reply;

/* Sleeps, whatever signals come, until req is answered; its number is set here. 0, or
 * -EAGAIN: there is no room for a request, or nobody who makes it; nothing was done. */
int hostio_exchange(struct lodger_broker_request *req, struct lodger_broker_reply *reply);
/* IRQ_IO: takes the answers. */
void hostio_irq(void);

#endif
