/* `lodger doctor`: what this host allows, what would make it better. */
#ifndef VMMPROC_DOCTOR_H
#define VMMPROC_DOCTOR_H

/* Examines the host and prints one finding a line. Changes nothing. Returns
 * lodger's exit status: 0, or EXIT_LODGER when lodger cannot run here. */
int doctor_print(void);

#endif
