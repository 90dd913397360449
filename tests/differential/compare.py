#!/usr/bin/env python3
"""Runs the differential program on the host and in the machine and compares, in TAP.

  compare.py       LODGER, TESTROOT: as tests/run sets them; LODGER_ARGS: the set's options

A test per case of the program; what the host does not allow ("skip") is skipped. A line that differs fails its case, unless `known`
names it with a reason, or the machine says ENOSYS to a call that syscalls.def has as
MISSING.
"""
import os
import re
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.join(TOP, os.environ.get("LODGER_BUILD", "build"), "tests/differential/diff")
# Calls that the rest of their case stands on.
FOUNDATIONS = {"shmget", "semget", "msgget", "mq_open"}
LINE = re.compile(r"(.*?): (.*) = (.*)$")


def run(argv):
    """The lines of a run by case: {case: [(what, result)]}; None when it did not end."""
    out = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         text=True, errors="replace").stdout
    cases, ended = {}, False
    for line in out.splitlines():
        match = LINE.match(line)
        if match:
            cases.setdefault(match.group(1), []).append(match.group(2, 3))
        ended = line == "end"
    return cases if ended else None


def read_known():
    """{(case, what): reason}: lines "case: what # reason"."""
    known = {}
    with open(os.path.join(HERE, "known")) as f:
        for line in f:
            text, _, reason = line.rstrip("\n").partition(" # ")
            case, _, what = text.partition(": ")
            if what:
                known[case, what] = reason
    return known


def missing_calls():
    with open(os.path.join(TOP, "guestkern/sys/syscalls.def")) as f:
        return set(re.findall(r"SYSCALL\(\d+, (\w+),.*MISSING", f.read()))


class Judge:
    def __init__(self):
        self.known, self.missing = read_known(), missing_calls()
        self.follows = False    # a call of this case is missing: so is what it made

    def excused(self, case, what, guest):
        if (case, what) in self.known:
            return self.known[case, what]
        call = re.match(r"(?:SC\()?(\w+)", what)
        if guest == "ENOSYS" and call and call.group(1) in self.missing:
            self.follows = self.follows or call.group(1) in FOUNDATIONS
            return "missing"
        return "follows" if self.follows else None

    def case(self, case, host, guest):
        """The differences that count, as lines."""
        wrong, self.follows = [], False
        for i in range(max(len(host), len(guest))):
            h = host[i] if i < len(host) else ("(nothing)", "")
            g = guest[i] if i < len(guest) else ("(nothing)", "")
            if h == g:
                continue
            reason = self.excused(case, h[0], g[1]) if h[0] == g[0] else None
            if reason:
                print(f"# known: {case}: {h[0]}: host {h[1]}, machine {g[1]}: {reason}")
            else:
                wrong.append(f"{h[0]} = {h[1]} on the host; {g[0]} = {g[1]} in the machine")
            if h[0] != g[0]:
                break
        return wrong


def main():
    machine = [os.environ["LODGER"], "run", *shlex.split(os.environ.get("LODGER_ARGS", "")),
               "--root", os.environ["TESTROOT"], "--", "/differential"]
    host, guest = run([PROGRAM]), run(machine)
    if host is None or guest is None:
        print(f"Bail out! no end of the run {'on the host' if host is None else 'in the machine'}")
        sys.exit(1)
    judge, failed = Judge(), 0
    print(f"1..{len(host)}")
    for number, (case, lines) in enumerate(host.items(), 1):
        if lines[0][0] == "skip":
            print(f"ok {number} - {case} # SKIP {lines[0][1]}")
            continue
        wrong = judge.case(case, lines, guest.get(case, []))
        for line in wrong:
            print("# " + line)
        print(f"{'not ' if wrong else ''}ok {number} - {case} ({len(lines)})")
        failed += bool(wrong)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
