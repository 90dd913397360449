#!/bin/sh
# The guest programs on the paper's path on Debian 12's own kernel.
# TEST-TIMEOUT: 5400
. "${0%/*}/lib.sh"
emulated --user --timeout 5300 -- \
	sh tests/emulated/suite.sh tests 400 umlinux --mode umlinux
