#!/bin/sh
# The guest programs on Debian 12's own kernel, as where the processor has no keys.
# TEST-TIMEOUT: 3600
. "${0%/*}/lib.sh"
emulated --cpu max,smap=off,pku=off --user --smp 2 --timeout 3500 -- \
	sh tests/emulated/suite.sh tests 900 patch-multi --mode fast
