#!/bin/sh
# Guest-kernel images of others (--kernel): truncated, mutated, with lying
# headers. Nothing in an image is believed before it is checked; whatever it is,
# lodger ends with one sentence, or the confined process does as it likes.
# TEST-TIMEOUT: 150
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
alone=$build/tests/tools/alone
image=$build/tests/hostile/hostile.elf

mkdir "$tmp/images"
python3 "${0%/*}/libimage.py" "$image" "$tmp/images" || {
	fail libimage.py </dev/null
	done_testing
}
for file in "$tmp"/images/*; do
	name=${file##*/}
	# shellcheck disable=SC2086
	"$alone" timeout -s KILL 20 "$LODGER" run $LODGER_ARGS --kernel "$file" \
		--timeout 2s -- list gate >"$tmp/out" 2>"$tmp/err"
	status=$?
	lines=$(grep -c '' "$tmp/err")
	case $name-$status-$lines in
	good-0-0 | *-125-1) pass "$name" ;;
	# the entry is that of machines which start under a tracer
	mutant-*-0-0 | mutant-*-124-* | entry-*-124-0 | entry-*-0-0) pass "$name" ;;
	*)
		{
			echo "status $status, $lines lines"
			head -n 5 "$tmp/err"
		} >"$tmp/diag"
		fail "$name" <"$tmp/diag"
		;;
	esac
done

done_testing
