/*
 * ioctl(2) with the terminal requests.
 */
#ifndef GUESTLIB_SYS_IOCTL_H
#define GUESTLIB_SYS_IOCTL_H

#include <asm/ioctls.h>
#include <asm/termios.h>

/* ioctl(2), one argument of integer or pointer size. */
int ioctl(int fd, unsigned long request, ...);

#endif
