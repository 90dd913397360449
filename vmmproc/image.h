/* lodger image: making, filling, emptying and checking images of ext2. */
#ifndef VMMPROC_IMAGE_H
#define VMMPROC_IMAGE_H

#include "options.h"

/*
 * Does what opt->argv says: create FILE SIZE, import FILE FROM, export FILE TO,
 * check FILE. Replaces this process by the program that does it, so that it
 * returns only on failure: EXIT_LODGER after one sentence.
 */
int image_main(const struct options *opt);

#endif
