#!/bin/sh
# The guest programs on the paper's path on Debian 12's own kernel.
# TEST-TIMEOUT: 5400
. "${0%/*}/lib.sh"
emulated --user --smp 2 --timeout 5300 -- \
	sh tests/emulated/suite.sh tests 900 umlinux --mode umlinux
