/* Pairs of pseudo terminals for the tests of them. */
#ifndef TEST_LIBPTY_H
#define TEST_LIBPTY_H

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41)
#endif

struct pair {
	int master, slave, number;
	char name[32];
};

/* The master of a new, locked pair; skips the case where there are none. */
int open_master(void);
void unlock(int master);
/* A new pair with both sides open; it controls nobody. */
struct pair open_pair(void);
/* No processing in either direction. */
void make_raw(int fd);

/* Writes all of text. */
void put(int fd, const char *text);
/* Reads until so much has come (what is written may arrive in pieces). */
void want(int fd, const char *text);
/* Which of POLLIN, POLLOUT, POLLPRI, POLLHUP, POLLERR hold now. */
short ready(int fd);
/* Waits for an event that the host's kernel may be late with. */
void await(int fd, short events);

#endif
