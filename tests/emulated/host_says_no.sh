#!/bin/sh
# A host with one processor, few mappings, no huge pages, no user namespaces, no ptrace.
# TEST-TIMEOUT: 1500
. "${0%/*}/lib.sh"
emulated --timeout 1400 -- sh tests/emulated/on_hosts_that_say_no.sh
