#!/usr/bin/env python3
"""Python's own tests, in the machine and on the host, compared test by test.

The modules are in python.modules, one a line, those marked "long" for --all only. Each
runs by python3 -m test of the Debian root, as that root's ordinary user, on both sides at
once. A test per module, in TAP: every one of its tests has to end as on the host. A module
that differs runs once more, for many of these tests give the machine a time; what differs
twice fails, unless python.known names it with a reason.

Usage: python.py [--all] [--user NAME] [--keep FOLDER] [MODULE...]
"""
import argparse
import concurrent.futures
import itertools
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

from sides import HERE, in_machine, missing, on_host, several_users

MODULE_S = 1500
SIDES = ["host", "machine"]
# What a module leaves behind is gone before the next; its results are marked, for what
# its programs print comes first.
SCRIPT = """
ulimit -n 1024; umask 022
for module in {modules}; do
	mkdir -p /tmp/job/in; cd /tmp/job/in; chown {user} . ..; export HOME=/tmp/job/in
	setpriv --reuid {user} --regid {user} --clear-groups timeout -k 5 {limit} \\
		python3 -m test --junit-xml ../result.xml $module >/tmp/log 2>&1
	status=$?
	cat /tmp/log; echo; echo "--- status $module $status"
	cat ../result.xml; echo; echo "--- end"
	cd /; rm -rf /tmp/job/in /tmp/job/result.xml
done
"""


def read_modules():
    """[(module, long)]"""
    with open(os.path.join(HERE, "python.modules"), encoding="ascii") as f:
        words = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return [(w[0], w[1:] == ["long"]) for w in words]


def read_known():
    """{test: reason}: lines "test # reason"."""
    with open(os.path.join(HERE, "python.known"), encoding="ascii") as f:
        pairs = [line.rstrip("\n").partition(" # ") for line in f if not line.startswith("#")]
    return {test: reason for test, mark, reason in pairs if mark}


def outcome(case):
    """How a test ended, and what it said."""
    for name in ["error", "failure"]:
        if case.find(name) is not None:
            return name, case.find(name).text or ""
    if case.find("skipped") is not None:
        # reasons name processes: "@test_14_tmp"
        return "skipped: " + re.sub(r"\d+", "N", case.find("skipped").text or ""), ""
    return "expected failure" if case.find("output") is not None else "ok", ""


class Result:
    """How a module ended on one side."""

    def __init__(self, text="", status="none", xml=""):
        self.text, self.status = text, status
        try:
            cases = list(ET.fromstring(xml.strip()).iter("testcase"))
        except ET.ParseError:
            cases = []
        self.tests = {case.get("name"): outcome(case) for case in cases if case.get("name")}

    def of(self, test):
        return self.tests.get(test, ("absent", ""))


def one_side(argv, keep):
    """{module: Result}"""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    text = done.stdout.decode(errors="backslashreplace")
    if keep:
        with open(keep, "a", encoding="utf-8") as f:
            f.write(text)
    # what a module printed, its name, its status, its results, in turn
    parts = re.split(r"^--- status (\w+) (\d+)\n(.*?)^--- end\n", text, flags=re.M | re.S)
    results = {m: Result(t, s, x) for t, m, s, x in zip(*(parts[i::4] for i in range(4)))}
    return results, Result(parts[-1], f"none ({done.returncode})")


def both(modules, args):
    """For each module its result on the host and in the machine."""
    script = SCRIPT.format(user=args.user, limit=MODULE_S, modules=" ".join(modules))

    def start(pool, name, argv):
        keep = os.path.join(args.keep, name) if args.keep else None
        return pool.submit(one_side, argv, keep)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        host = start(pool, "host", on_host(script))
        machine = start(pool, "machine", in_machine(script))
        pairs = [host.result(), machine.result()]
    return {m: [results.get(m, rest) for results, rest in pairs] for m in modules}


def differences(host, machine):
    """{test: lines about it}"""
    if not host.tests and not machine.tests and host.status == machine.status == "0":
        return {}  # skipped as a whole
    found = {}
    for name, side in zip(SIDES, [host, machine]):
        if not side.tests:
            found[name] = [f"{name}: status {side.status}", *side.text.splitlines()[-20:]]
    if found:
        return found
    for test in {**host.tests, **machine.tests}:
        (want, text), (got, more) = host.of(test), machine.of(test)
        if want != got:
            found[test] = [f"{test}: {want} on the host, {got} in the machine",
                           *(text + more).splitlines()]
    return found


def judge(module, first, args, known):
    """Whether it passed, and its title; prints what there is to say."""
    found = differences(*first)
    fails = {t: lines for t, lines in found.items() if t not in known}
    if fails:
        again = differences(*both([module], args)[module])
        for test, lines in fails.items():
            if test not in again:
                print(f"# {lines[0]}, once")
        # a side without results proves nothing
        fails = {t: lines for t, lines in again.items() if t in fails or t in SIDES}
        for line in itertools.chain(*fails.values()):
            print("#", line)
    excused = [t for t in found if t in known]
    for test in excused:
        print(f"# {found[test][0]}: {known[test]}")
    return not fails, f"{module} ({len(first[1].tests)} tests, {len(excused)} differ as known)"


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("modules", nargs="*", metavar="MODULE")
    ap.add_argument("--all", action="store_true", help="the long modules, too")
    ap.add_argument("--user", default="user", metavar="NAME")
    ap.add_argument("--keep", metavar="FOLDER", help="write both outputs there")
    args = ap.parse_args()
    reason = missing("root")
    if not reason and not several_users():
        reason = "the native side needs several users: root, or the package uidmap"
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    if args.keep:
        os.makedirs(args.keep, exist_ok=True)
    modules = args.modules or [m for m, is_long in read_modules() if args.all or not is_long]
    known, failed = read_known(), 0
    print(f"1..{len(modules)}", flush=True)
    results = both(modules, args)
    for number, module in enumerate(modules, start=1):
        good, title = judge(module, results[module], args, known)
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {title}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
