#!/bin/sh
# Protection keys: the attacks and the guest programs, and code in files of disks and of
# the host.
# TEST-TIMEOUT: 3600
. "${0%/*}/lib.sh"
emulated --smp 2 --timeout 3500 -- sh tests/emulated/on_a_host_with_keys.sh
