#!/bin/sh
# Programs that cannot be: truncated, foreign and hostile ELF files, scripts
# with odd first lines. Started as the machine's first program, each ends with
# one line and the right status; inside, the machine lives through them all.
# TEST-TIMEOUT: 240
. "${0%/*}/../tap.sh"
exec </dev/null
build=${LODGER%/*}
alone=$build/tests/tools/alone

mkdir -p "$tmp/root/bin" "$tmp/root/tmp"
cp /bin/busybox "$tmp/root/bin/busybox"
for name in sh cat echo rm; do
	ln -s busybox "$tmp/root/bin/$name"
done
python3 "${0%/*}/libelf.py" "$build/guestlib/examples/hello" "$tmp/root/bad" || {
	fail libelf.py </dev/null
	done_testing
}
cp "$build/guestlib/examples/hello" "$tmp/root/bad/good"

# shellcheck disable=SC2086
first()
{
	"$alone" "$LODGER" run $LODGER_ARGS --timeout 10s --root "$tmp/root" -- \
		"$1" >"$tmp/out" 2>"$tmp/err"
}

first /bad/good
is 'the program they are made of' "$?, $(grep -c '' "$tmp/err")" '0, 0'

# As the first program: the ones whose end is known. What can be started ends
# as it likes, but the machine neither hangs (124) nor fails (125).
while read -r name wanted <&3; do
	case $name in
	mutant-*) continue ;; # inside, below: a machine each would take long
	esac
	first "/bad/$name"
	status=$?
	lines=$(grep -c '' "$tmp/err")
	case $wanted in
	any)
		case $status in
		124 | 125 | 199) echo "status $status" ;;
		*) [ "$lines" -le 1 ] || echo "$lines lines" ;;
		esac
		;;
	*)
		case $wanted in
		12?) wanted="$wanted, 1" ;;
		*) wanted="$wanted, 0" ;;
		esac
		[ "$status, $lines" = "$wanted" ] ||
			echo "status $status, $lines lines; wanted $wanted"
		;;
	esac >"$tmp/diag"
	if [ -s "$tmp/diag" ]; then
		cat "$tmp/err" >>"$tmp/diag"
		fail "$name" <"$tmp/diag"
	else
		pass "$name"
	fi
done 3<"$tmp/root/bad/list"

# All of them, mutants too, one after another in one machine.
cat >"$tmp/root/all" <<'S'
while read -r name wanted; do
	/bad/$name </dev/null >/dev/null 2>&1 &
	pid=$!
	(sleep 2; kill -9 $pid) >/dev/null 2>&1 &
	wait $pid
	kill $! 2>/dev/null
	wait $! 2>/dev/null
	tried=$((tried + 1))
done </bad/list
/bad/good >/dev/null && echo "alive after $tried"
S
count=$(grep -c '' "$tmp/root/bad/list")
is 'the machine lives through all of them' \
	"$(lodger_run --timeout 200s --root "$tmp/root" -- sh /all 2>/dev/null)" \
	"alive after $count"

done_testing
