# For the scripts of this group, which run here: source it:  . "${0%/*}/lib.sh"
#
#   emulated OPTION... -- COMMAND...   the command on an emulated host; its TAP, or, where
#                                      there is no emulator, a plan of none and why. The
#                                      console's log stays beside the test's own.
top=$(cd "${0%/*}/../.." && pwd)
logs=$top/${LODGER_BUILD:-build}/test-logs/emulated

emulated()
{
	_said=$(mktemp) || exit 1
	_name=${0##*/}
	mkdir -p "$logs"
	"$top/scripts/emulated-host" --console "$logs/${_name%.sh}.console" "$@" 2>"$_said"
	_status=$?
	if [ $_status = 77 ]; then
		echo "1..0 # SKIP $(sed 's/^emulated-host: //' "$_said")"
		_status=0
	fi
	cat "$_said" >&2
	rm -f "$_said"
	exit $_status
}
