#!/usr/bin/env python3
"""Real jobs for Debian's own programs: in the machine and on the host, compared.

Each jobs/NAME.sh is one small job, a script for bash. It runs twice, from the same
root with the same environment: in a Lodger machine, and natively, by chroot in name
spaces of its own. Output, errors and status have to be the same. TAP; the root is
build/debian/root.tar (make debian-root makes it), without which all is skipped. A job
that begins with "# root: NAME" takes that root; one with "# host: users" is skipped where
the native side has one user only, an ordinary user's name space without newuidmap.

Usage: run.py [--keep FOLDER] [JOB...]
"""
import argparse
import difflib
import os
import re
import subprocess
import sys
import time

from sides import HERE, in_machine, missing, on_host, several_users

TIMEOUT = 240
# A job begins in an empty directory; its errors come after its output.
PROLOGUE = "umask 022; mkdir -p /tmp/job; cd /tmp/job; exec 2>/tmp/job.err\n"
EPILOGUE = "\nstatus=$?; echo \"--- errors\"; cat /tmp/job.err; exit $status\n"


def job_of(name):
    """Script and root; None and the reason to skip it."""
    with open(os.path.join(HERE, "jobs", name + ".sh"), encoding="utf-8") as f:
        text = f.read()
    root = re.match(r"# root: (\w+)$", text, re.M)
    if text.startswith("# host: users\n") and not several_users():
        return None, "the native side needs several users: root, or the package uidmap"
    # in a group, so that a job that ends early still shows its errors
    return PROLOGUE + "(\n" + text + ")" + EPILOGUE, root.group(1) if root else "root"


def run(argv):
    start = time.monotonic()
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False)
        text, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as e:
        text, status = e.stdout or b"", "timeout"
    return text.decode(errors="backslashreplace") + f"--- status {status}\n", \
        time.monotonic() - start


def keep(folder, name, texts):
    os.makedirs(folder, exist_ok=True)
    for side, text in texts.items():
        with open(os.path.join(folder, f"{name}.{side}"), "w", encoding="utf-8") as f:
            f.write(text)


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("jobs", nargs="*", metavar="JOB")
    ap.add_argument("--keep", metavar="FOLDER", help="write both outputs there")
    args = ap.parse_args()
    names = sorted(f[:-3] for f in os.listdir(os.path.join(HERE, "jobs")) if f.endswith(".sh"))
    reason = missing("root") or missing("high")
    if reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    names = args.jobs or names
    print(f"1..{len(names)}")
    failed = 0
    for number, name in enumerate(names, start=1):
        script, root = job_of(name)
        if not script:
            print(f"ok {number} - {name} # SKIP {root}", flush=True)
            continue
        want, host_s = run(on_host(script, root=root))
        got, machine_s = run(in_machine(script, ["--timeout", f"{TIMEOUT - 10}s"], root=root))
        if args.keep:
            keep(args.keep, name, {"host": want, "machine": got})
        if got != want:
            failed += 1
            for line in difflib.unified_diff(want.splitlines(), got.splitlines(), "host",
                                             "machine", n=1, lineterm=""):
                print("#", line)
        print(f"{'ok' if got == want else 'not ok'} {number} - {name}"
              f" ({host_s:.1f} s on the host, {machine_s:.1f} s in the machine)", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
