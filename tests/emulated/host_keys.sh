#!/bin/sh
# Protection keys: the guest programs and their attack.
# TEST-TIMEOUT: 3600
. "${0%/*}/lib.sh"
emulated --smp 2 --timeout 3500 -- sh -c '
	set -- --intercept patch --protect pkey --space multi
	exec sh tests/emulated/suite.sh tests 300 patch-pkey "$@" -- $(
		cpio -t <build/testroot.cpio 2>/dev/null | sed -n "s#^tests/##p") a_pkey'
