#!/bin/sh
# Guest memory used up: the greedy process is killed and named, the machine and
# everybody else live; and a program that spins leaves time for another.
# TEST-TIMEOUT: 180
. "${0%/*}/../tap.sh"
exec </dev/null

# grows for ever, a little at a time
greedy="awk 'BEGIN { for (i = 0; ; i++) a[i] = i }'"
lodger_run --mem 32M --timeout 50s -- sh -c "$greedy 2>/dev/null; echo \$?; echo alive" \
	>"$tmp/out" 2>"$tmp/err"
is 'a process that grows larger than the guest' "$? $(tr '\n' ' ' <"$tmp/out")" \
	'0 137 alive '
matches '... is named' "$(cat "$tmp/err")" '*out of memory: killed process * (awk)*'

lodger_run --mem 32M --timeout 100s -- sh -c "
	(while :; do echo beat >>/tmp/beats; sleep 0.1; done) &
	for n in 1 2 3; do $greedy 2>/dev/null; done
	sleep 0.5 # a beat may have found the memory full
	a=\$(wc -l </tmp/beats); sleep 1; b=\$(wc -l </tmp/beats)
	[ \"\$b\" -gt \"\$a\" ] && echo beating
" >"$tmp/out" 2>"$tmp/err"
is 'a bystander lives through three of them' "$(cat "$tmp/out")" beating
is '... each named' "$(grep -c 'out of memory: killed process .* (awk)' "$tmp/err")" 3

lodger_run --mem 32M --timeout 50s -- awk 'BEGIN { for (i = 0; ; i++) a[i] = i }' \
	>"$tmp/out" 2>"$tmp/err"
is 'the program itself too large' "$?" 137
lodger_run --mem 32M --timeout 50s -- dd if=/dev/zero of=/dev/null bs=100M count=1 \
	>"$tmp/out" 2>"$tmp/err"
is 'a request that can never be met' "$? $(cat "$tmp/err")" '1 dd: out of memory'

lodger_run --mem 32M --timeout 60s -- sh -c '
	dd if=/dev/zero of=/tmp/full bs=64k 2>/dev/null; echo $?
	rm /tmp/full; echo x >/tmp/again; cat /tmp/again
' >"$tmp/out" 2>"$tmp/err"
is 'a file that fills the memory' "$(tr '\n' ' ' <"$tmp/out")" '1 x '

lodger_run --mem 64M --tmpfs /small:1M --timeout 30s -- sh -c '
	dd if=/dev/zero of=/small/full bs=64k 2>/dev/null; wc -c </small/full
' >"$tmp/out" 2>"$tmp/err"
is 'a tmpfs with a limit' "$(tr '\n' ' ' <"$tmp/out")" '1048576 '

is 'the smallest machine that is allowed' "$(lodger_run --mem 16M -- echo x 2>&1)" x
total=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
is 'a machine of half the host'"'"'s memory' \
	"$(lodger_run --mem "$((total / 2048))M" -- echo x 2>&1)" x

# Reported memory is the guest's.
is '/proc/meminfo' \
	"$(lodger_run --mem 100M -- \
		awk '/MemTotal/ { print ($2 > 80000 && $2 <= 102400) }' /proc/meminfo)" 1

# fork bombs and limits of processes
# shellcheck disable=SC2016
lodger_run --pids 30 --mem 64M --timeout 60s -- sh -c '
	sh -c "while :; do sleep 100 & done" 2>/dev/null
	set -- /proc/[0-9]*
	[ $# -gt 20 ] && [ $# -le 31 ] && echo bounded || echo $#
' >"$tmp/out" 2>"$tmp/err"
is '--pids' "$(cat "$tmp/out" "$tmp/err")" bounded
# shellcheck disable=SC2016
lodger_run --pids 40 --mem 64M --timeout 60s -- sh -c '
	sleep 2 & # now: later there may be no process left for it
	p=$!
	(b() { b | b & }; b) 2>/dev/null &
	wait $p; echo alive
' >"$tmp/out" 2>"$tmp/err"
is 'the shell'"'"'s fork bomb' "$? $(cat "$tmp/out")" '0 alive'

# One spins, another works.
start=$(date +%s%N)
lodger_run --timeout 60s -- sh -c '
	(while :; do :; done) &
	i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo $i' >"$tmp/out" 2>"$tmp/err"
is 'a program that works beside one that spins' "$(cat "$tmp/out")" 20000
took=$((($(date +%s%N) - start) / 1000000))
check "... in $took ms" test $took -lt 20000
is 'a sleeper beside one that spins' \
	"$(lodger_run --timeout 30s -- sh -c '(while :; do :; done) & sleep 0.2; echo woke')" woke
is 'a pipeline beside two that spin' \
	"$(lodger_run --timeout 60s -- sh -c '
		(while :; do :; done) & (while :; do :; done) &
		seq 1 1000 | sort -rn | head -n 1')" 1000

# Small pages and huge ones.
for kind in memfd huge; do
	lodger_run --memory $kind --stats="json:$tmp/stats" --timeout 60s -- sh -c '
		dd if=/dev/zero of=/tmp/a bs=64k count=200 2>/dev/null
		tr "\0" x </tmp/a >/tmp/b; : >/tmp/a; dd if=/dev/zero of=/tmp/a bs=1M count=12 2>/dev/null
		tr -d x </tmp/b | wc -c; tr -d "\0" </tmp/a | wc -c; sort /tmp/b | wc -c' \
		>"$tmp/out" 2>"$tmp/err"
	status=$?
	if [ "$kind,$status" = huge,125 ]; then
		matches '--memory huge is refused in one sentence' "$(cat "$tmp/err")" \
			'lodger: --memory huge does not work on this host (*): see lodger doctor'
		continue
	fi
	is "files on --memory $kind" "$status $(tr '\n' ' ' <"$tmp/out")$(cat "$tmp/err")" \
		'0 0 0 13107201 '
	is "... and the statistics say so" "$(grep -c '"ram_huge": 1' "$tmp/stats")" \
		"$([ $kind = huge ] && echo 1 || echo 0)"
done

# Kernel memory that comes into use is gathered in huge pages, where there are such.
lodger_run --stats="json:$tmp/stats" --timeout 60s -- sh -c "
	i=0; while [ \$i -lt 6000 ]; do : >/tmp/f\$i; i=\$((i + 1)); done; ls /tmp | wc -l" \
	>"$tmp/out" 2>"$tmp/err"
is "six thousand files" "$(cat "$tmp/out" "$tmp/err")" 6000
if grep -q "\"core_huge_bytes\": 0" "$tmp/stats"; then
	skip "the core is gathered as it grows" "no huge pages in this set or on this host"
else
	check "the core is gathered as it grows" \
		grep -q "\"core_gathered_bytes\": [1-9]" "$tmp/stats"
fi
done_testing
