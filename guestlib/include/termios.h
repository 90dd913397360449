/*
 * Terminals: termios(3), with the kernel's struct termios.
 */
#ifndef GUESTLIB_TERMIOS_H
#define GUESTLIB_TERMIOS_H

#include <sys/types.h>
#include <asm/termbits.h>
#include <asm/ioctls.h>

#define TCSANOW 0
#define TCSADRAIN 1
#define TCSAFLUSH 2

/* Asks for the settings; -1 and ENOTTY when fd is no terminal. */
int tcgetattr(int fd, struct termios *t);
/* when: TCSANOW, TCSADRAIN or TCSAFLUSH. */
int tcsetattr(int fd, int when, const struct termios *t);
/* The foreground process group. */
pid_t tcgetpgrp(int fd);
/* Makes a process group the foreground one. */
int tcsetpgrp(int fd, pid_t group);

#endif
