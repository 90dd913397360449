#!/bin/sh
# --trace and --stats: the eight steps of each call, in order, and numbers that
# agree with them exactly.
. "${0%/*}/../tap.sh"
exec </dev/null

case $LODGER_ARGS in
*umlinux* | '') ;;
*patch*) LODGER_ARGS= ;; # --trace=steps chooses its mode by itself
*) skip_all 'the eight steps are those of --mode umlinux' ;;
esac

for program in 'true' 'sh -c "echo x | cat >/dev/null; (exit 3); true"'; do
	eval "lodger_run --trace=steps --trace-file '$tmp/steps' --stats='json:$tmp/stats' -- $program"
	python3 - "$tmp/steps" "$tmp/stats" >"$tmp/tap" 2>&1 <<'P'
import json, re, sys
steps, others, last_time, ordered = {}, {}, 0.0, True
order = []
for line in open(sys.argv[1]):
    stamp, rest = line.split(" ", 1)
    ordered &= float(stamp) >= last_time
    last_time = float(stamp)
    m = re.match(r"call (\d+) step (\d): ", rest)
    if m:
        steps.setdefault(int(m[1]), []).append(int(m[2]))
        order.append(int(m[1]))
    else:
        key = re.sub(r"\d+", "N", rest.strip())
        others[key] = others.get(key, 0) + 1
stats = json.load(open(sys.argv[2]))
calls = len(steps)
host = others.get("host call N", 0)
user = others.get("rt_sigreturn: in user mode", 0)
numbers = {n["name"]: n["calls"] for n in stats["host_calls_by_number"]}
checks = [
    ("every call has its eight steps in order",
     all(s == [1, 2, 3, 4, 5, 6, 7, 8] for s in steps.values()), steps),
    ("calls are numbered from 1 and not mixed",
     order == sorted(order) and sorted(steps) == list(range(1, calls + 1)), order),
    ("time stamps never go back", ordered, None),
    ("reflected_calls", stats["reflected_calls"] == calls, calls),
    ("syscalls_served", stats["syscalls_served"] == calls, calls),
    ("the calls by number add up", sum(n["calls"] for n in stats["syscalls"]) == calls, calls),
    ("host_calls_checked: every call traced, and step 5 of each",
     stats["host_calls_checked"] == host + calls, (host, calls)),
    ("the host calls by number add up",
     sum(numbers.values()) == stats["host_calls_checked"], numbers),
    ("one rt_sigreturn for each return to user mode",
     numbers["rt_sigreturn"] == user == stats["prot_closes"], (numbers, user)),
    ("stops add up",
     stats["tracer_stops"] == stats["stops_syscall"] + stats["stops_signal"], stats),
    ("two stops a call, host's and guest's, but one for the exit",
     stats["stops_syscall"] == 2 * stats["host_calls_checked"] - 1 + 2 * calls, stats),
    ("signals handed over: the calls', the faults', the interrupts', one at start",
     calls + stats["faults"] + stats["exceptions"] < stats["signals_injected"]
     <= calls + stats["faults"] + stats["exceptions"] + stats["timer_interrupts"]
     + stats["io_interrupts"] + 1, stats),
    ("nothing refused", stats["host_calls_refused"] == 0, stats),
]
for name, good, seen in checks:
    print("ok" if good else "not", name, "" if good else f"# {seen}")
P
	if [ ! -s "$tmp/tap" ] || ! grep -q '^ok\|^not' "$tmp/tap"; then
		fail "$program" <"$tmp/tap"
	fi
	while read -r verdict name; do
		case $verdict in
		ok) pass "$name, $program" ;;
		*)
			echo "$name" >"$tmp/diag"
			fail "${name%%#*}, $program" <"$tmp/diag"
			;;
		esac
	done <"$tmp/tap"
done

# The text form has the same numbers; a run repeats its counts exactly.
lodger_run --stats=json:"$tmp/one" -- true
lodger_run --stats=json:"$tmp/two" -- true
is 'a second run reflects as many calls' \
	"$(grep reflected_calls "$tmp/one")" "$(grep reflected_calls "$tmp/two")"
lodger_run --stats -- true >"$tmp/out" 2>"$tmp/err"
matches 'statistics as text' "$(cat "$tmp/err")" '*guest calls reflected*'
lodger_run --stats="$tmp/text" -- true >"$tmp/out" 2>"$tmp/err"
is 'statistics to a file' "$(cat "$tmp/err")$(grep -c 'tracer stops' "$tmp/text")" 1
"$LODGER" run --stats=json:/nope/x -- true 2>"$tmp/err"
matches 'statistics to no directory' "$? $(cat "$tmp/err")" '125 lodger: */nope/x*'

# --trace reads like strace.
lodger_run --trace -- sh -c 'cat /etc/passwd >/dev/null; exit 3' 2>"$tmp/err"
is 'a traced program ends as ever' $? 3
grep -v '^\[' "$tmp/err" >"$tmp/strange"
is 'every line begins with the process' "$(cat "$tmp/strange")" ''
for pattern in 'brk(NULL) = 0x' 'openat(AT_FDCWD, "/dev/null", O_WRONLY' 'clone(0x' \
	'wait4(-1, 0x' 'exit_group(3) = ?'; do
	check "the trace has $pattern" grep -qF "$pattern" "$tmp/err"
done
lodger_run --trace --trace-file "$tmp/trace" -- echo x >"$tmp/out" 2>"$tmp/err"
is 'a trace to a file' \
	"$(cat "$tmp/out" "$tmp/err") $(grep -c 'write(1, "x\\n", 2) = 2' "$tmp/trace")" \
	'x 1'

done_testing
