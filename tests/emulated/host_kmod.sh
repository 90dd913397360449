#!/bin/sh
# The host kernel module on Debian's kernels 6.1 and 6.12: its device, hostile owners, and
# a smoke run of the suites in each rung of the paper's ladder (docs/kmod.md).
# TEST-TIMEOUT: 1260
top=$(cd "${0%/*}/../.." && pwd)
exec "$top/scripts/kmod-lab" --tap --timeout 600
