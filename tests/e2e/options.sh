#!/bin/sh
# Bad command lines: one sentence that says what, where and what to do; status
# 125; nothing started.
. "${0%/*}/../tap.sh"
exec </dev/null

# bad NAME PATTERN ARG...
bad()
{
	_name=$1 _pattern=$2
	shift 2
	"$LODGER" "$@" >"$tmp/out" 2>"$tmp/err"
	matches "$_name" "$?, $(grep -c '' "$tmp/err") line, $(cat "$tmp/out")$(cat "$tmp/err")" \
		"125, 1 line, lodger: $_pattern"
}

bad 'no command' '*'
bad 'an unknown command' '*frobnicate*' frobnicate
bad 'a near command' '*did you mean*run*' rum
bad 'an unknown option' '*--frobnicate*' run --frobnicate
bad 'a near option' '*did you mean --timeout*' run --timeot 1s
bad 'an option without its value' '*--mem*' run --mem
bad 'a value where none belongs' '*--unsafe*' run --unsafe=yes -- true
bad 'an option of another command' '*--policy*' run --policy
bad 'an argument too many' '*' modes extra

for value in '' x 1X -1 0 1 4K 1M 8M '1 G' 0x100M 99999999999999999999999 1e3M \
	18446744073709551616 M 1..5G; do
	bad "--mem '$value'" '*--mem*' run --mem "$value" -- true
done
bad '--mem beyond the host' '*--mem*more than this host*' run --mem 1000000G -- true
for value in '' x -1 0 1y 1h30 99999999999999999999s 0s; do
	bad "--timeout '$value'" '*--timeout*' run --timeout "$value" -- true
done
for value in '' x 0 -1 32769 99999999999; do
	bad "--pids '$value'" '*--pids*' run --pids "$value" -- true
done
for value in '' x -1 1: :1 1:x 4294967295 4294967296 1:2:3; do
	bad "--user '$value'" '*--user*' run --user "$value" -- true
done
for value in '' relative; do
	bad "--cwd '$value'" '*--cwd*' run --cwd "$value" -- true
done
for value in '' 'a b' 'a/b' "$(printf '%070d' 0)"; do
	bad "--hostname '$value'" '*--hostname*' run --hostname "$value" -- true
done
for value in '' = =x; do
	bad "--env '$value'" '*--env*' run --env "$value" -- true
done
for value in '' relative /tmp: /tmp:x /tmp:0; do
	bad "--tmpfs '$value'" '*--tmpfs*' run --tmpfs "$value" -- true
done
bad '--mode unknown' '*frobnicate*' run --mode frobnicate -- true
bad '--intercept unknown' '*frobnicate*' run --intercept frobnicate -- true
bad '--protect unknown' '*frobnicate*' run --protect frobnicate -- true
bad '--space unknown' '*frobnicate*' run --space frobnicate -- true
bad '--protect none without --unsafe' '*' run --protect none -- true
for set in '--intercept ptrace' '--intercept trap' '--intercept patch'; do
	# shellcheck disable=SC2086 # options are words
	is "$set --protect none --unsafe" "$("$LODGER" run $set --protect none --unsafe \
		-- sh -c 'seq 1 100 | sort -rn | head -1' 2>&1)" 100
done
bad '--vspace unknown' '*--vspace*' run --vspace middle -- true
bad '--trace unknown' '*--trace*' run --trace=frobnicate -- true
bad '--cpu unknown' '*--cpu*' run --cpu 1x -- true
bad '--root that is not there' '*/nope*' run --root /nope -- true
bad '--kernel that is not there' '*/nope*' run --kernel /nope -- true
bad '--kernel that is a directory' '*' run --kernel / -- true
bad '--kernel that is no kernel' '*' run --kernel /etc/passwd -- true
bad '--trace-file in no directory' '*/nope/x*' run --trace --trace-file /nope/x -- true
"$LODGER" run --cpu 8000 -- true >"$tmp/out" 2>"$tmp/err"
matches '--cpu that the host has not' "$? $(cat "$tmp/err")" '*CPU 8000*'
"$LODGER" run --intercept trap --protect gate --trace=steps -- true \
	>"$tmp/out" 2>"$tmp/err"
matches '--trace=steps of a mechanism without' \
	"$? $(grep -c '' "$tmp/err") $(cat "$tmp/err")" '125 1 lodger: --trace=steps*'

long=$(printf '%020000d' 0)
bad 'an argument longer than the boot strings' '*' run -- echo "$long"
bad 'an environment larger than the boot strings' '*' run --env "A=$long" -- true

# The good ones fit one screen.
for topic in '' run boot modes doctor; do
	# shellcheck disable=SC2086
	"$LODGER" $topic --help >"$tmp/out" 2>"$tmp/err"
	is "help $topic" "$?, $(cat "$tmp/err")" '0, '
	check "help $topic fits one screen" \
		awk 'length > 80 { exit 1 } END { exit NR > 24 || NR < 5 }' "$tmp/out"
done
for command in modes doctor --version; do
	"$LODGER" $command >"$tmp/out" 2>"$tmp/err"
	is "lodger $command" "$?, $(cat "$tmp/err")" '0, '
done

done_testing
