/*
 * Connections of AF_UNIX: listen, connect, accept. connect makes the server's
 * socket and puts it into the listener's queue; the connection stands from then
 * on, accepted or not.
 */
#include "lib/err.h"
#include "net/unix.h"

static bool queue_full(const struct socket *s)
{
	return s->accept_count > s->backlog;
}

int unix_listen(struct socket *s, u32 backlog)
{
	struct unix_socket *us = unix_of(s);

	if (!us->name)
		return -EINVAL;
	if (s->state != SOCKET_CLOSED && s->state != SOCKET_LISTENING)
		return -EINVAL;
	s->state = SOCKET_LISTENING;
	if (backlog > s->backlog)
		socket_wake(s); /* who waits in connect */
	s->backlog = backlog;
	s->peer_cred = socket_current_cred();
	return 0;
}

static bool listens(const struct socket *s)
{
	return s->state == SOCKET_LISTENING && !(s->closed & SOCKET_NO_RECEIVE);
}

/* The listener at addr, referenced, with room in its queue; or ERR_PTR. */
static struct unix_socket *find_listener(struct socket *s, const struct net_addr *addr,
					 u64 deadline)
{
	for (;;) {
		struct unix_socket *to = unix_find(addr, s->type);
		int err = 0;

		if (IS_ERR(to))
			return to;
		if (!listens(&to->s))
			err = -ECONNREFUSED;
		else if (queue_full(&to->s))
			err = socket_wait(&to->s, !listens(&to->s) || !queue_full(&to->s),
					  deadline);
		else
			return to;
		socket_put(&to->s);
		if (err)
			return ERR_PTR(err);
	}
}

static void join(struct unix_socket *us, struct unix_socket *child,
		 struct unix_socket *listener)
{
	child->name = listener->name ? unix_name_get(listener->name) : NULL;
	child->peer = us;
	us->peer = child;
	socket_get(&us->s);
	socket_get(&child->s);
	child->s.state = us->s.state = SOCKET_CONNECTED;
	child->s.peer_cred = socket_current_cred();
	us->s.peer_cred = listener->s.peer_cred;
	list_add_tail(&child->s.accept_link, &listener->s.accept_queue);
	listener->s.accept_count++;
	socket_wake_readers(&listener->s);
	socket_wake(&us->s);
}

int unix_stream_connect(struct socket *s, const struct net_addr *addr, bool nonblock)
{
	struct unix_socket *us = unix_of(s), *listener;
	struct socket *child;
	int err;

	err = unix_addr_check(addr);
	if (!err && s->passcred)
		err = unix_autobind(us);
	if (err)
		return err;
	listener = find_listener(s, addr, socket_deadline(s->sndtimeo_ns, nonblock));
	if (IS_ERR(listener))
		return (int)PTR_ERR(listener);
	if (s->state != SOCKET_CLOSED) {
		err = s->state == SOCKET_CONNECTED ? -EISCONN : -EINVAL;
		goto out_listener;
	}
	child = unix_create(s->type, 0);
	if (IS_ERR(child)) {
		err = (int)PTR_ERR(child);
		goto out_listener;
	}
	child->sndbuf = s->sndbuf;
	join(us, unix_of(child), listener);
out_listener:
	socket_put(&listener->s);
	return err;
}

struct socket *unix_accept(struct socket *s, bool nonblock)
{
	u64 deadline = socket_deadline(s->rcvtimeo_ns, nonblock);
	struct socket *child;
	int err;

	if (s->state != SOCKET_LISTENING)
		return ERR_PTR(-EINVAL);
	err = socket_wait(s, s->accept_count || s->closed & SOCKET_NO_RECEIVE, deadline);
	if (err)
		return ERR_PTR(err);
	if (!s->accept_count)
		return ERR_PTR(-EINVAL); /* shut down */
	child = list_first_entry(&s->accept_queue, struct socket, accept_link);
	list_del(&child->accept_link);
	s->accept_count--;
	wake_up_events(&s->wait, WAKE_SLEEPERS); /* who waits in connect */
	return child;
}
