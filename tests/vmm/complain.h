/* Stands in for the VMM's way of complaining: keeps the last sentence. */
#ifndef TESTS_VMM_COMPLAIN_H
#define TESTS_VMM_COMPLAIN_H

/* The last sentence given to machine_complain, "" since complain_clear. */
const char *complain_last(void);
void complain_clear(void);

#endif
