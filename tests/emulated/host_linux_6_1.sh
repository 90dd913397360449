#!/bin/sh
# The guest programs in the default mode on Debian 12's own kernel.
# TEST-TIMEOUT: 3600
. "${0%/*}/lib.sh"
emulated --user --smp 2 --timeout 3500 -- \
	sh tests/emulated/suite.sh tests 300 patch-multi --mode fast
