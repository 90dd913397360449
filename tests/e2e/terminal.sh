#!/bin/sh
# A terminal with the machine's shell in it, used by a script (python's pty):
# keys, job control, sizes, editing, and the state in which it is left.
# TEST-TIMEOUT: 180
. "${0%/*}/../tap.sh"
command -v python3 >/dev/null || skip_all 'no python3'
# shellcheck disable=SC2086
exec python3 "${0%/*}/libterminal.py" "$LODGER" $LODGER_ARGS
