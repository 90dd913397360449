/* Batches of address-space requests: hal's own code, which needs no machine. */
#include "hal/as.c"
