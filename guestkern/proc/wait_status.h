/* The wait status of an ended process (wait(2)): the exit code << 8, or the signal
 * that killed it, with WAIT_CORE when there is a core file. */
#ifndef PROC_WAIT_STATUS_H
#define PROC_WAIT_STATUS_H

#define WAIT_SIGNAL(status) ((status) & 0x7f)
#define WAIT_CORE 0x80
#define WAIT_CODE(status) (((status) >> 8) & 0xff)

#endif
