/* Addresses of AF_UNIX sockets. */
#ifndef GUESTLIB_SYS_UN_H
#define GUESTLIB_SYS_UN_H

#include <sys/socket.h>

struct sockaddr_un {
	sa_family_t sun_family;
	char sun_path[108];
};

#endif
