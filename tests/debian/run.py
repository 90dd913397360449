#!/usr/bin/env python3
"""Real jobs for Debian's own programs: in the machine and on the host, compared.

Each jobs/NAME.sh is one small job, a script for bash. It runs twice, from the same
root with the same environment: in a Lodger machine, and natively, by chroot in name
spaces of its own. Output, errors and status have to be the same. TAP; the root is
build/debian/root.tar (make debian-root makes it), without which all is skipped.

Usage: run.py [--keep FOLDER] [JOB...]
"""
import argparse
import difflib
import os
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("LODGER_BUILD", "build"))
LODGER = os.environ.get("LODGER", os.path.join(BUILD, "lodger"))
FOLDER = os.environ.get("DEBIAN_ROOT", os.path.join(BUILD, "debian"))
ROOT, TREE = os.path.join(FOLDER, "root.tar"), os.path.join(FOLDER, "tree")
TIMEOUT = 240
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
       "HOME": "/root", "TERM": "dumb", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# A job begins in an empty directory; its errors come after its output.
PROLOGUE = "umask 022; mkdir -p /tmp/job; cd /tmp/job; exec 2>/tmp/job.err\n"
EPILOGUE = "\nstatus=$?; echo \"--- errors\"; cat /tmp/job.err; exit $status\n"
# The native side: a root, a name for the machine and processes of its own.
NATIVE = """
mount --bind "$1" "$1" && mount --rbind /dev "$1/dev" && mount -t proc proc "$1/proc" &&
mount -t tmpfs tmpfs "$1/tmp" && hostname lodger && chmod 1777 "$1/tmp" &&
cd / && tree=$1 && shift && chroot "$tree" "$@"
"""


def script_of(name):
    with open(os.path.join(HERE, "jobs", name + ".sh"), encoding="utf-8") as f:
        # in a group, so that a job that ends early still shows its errors
        return PROLOGUE + "(\n" + f.read() + ")" + EPILOGUE


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


def in_machine(name):
    env = [arg for key, value in ENV.items() for arg in ("--env", f"{key}={value}")]
    return [LODGER, "run", *shlex.split(os.environ.get("LODGER_ARGS", "")), "--root", ROOT,
            "--mem", "2G", "--timeout", f"{TIMEOUT - 10}s", *env, "--",
            "/bin/bash", "-c", script_of(name)]


def on_host(name):
    user = [] if os.getuid() == 0 else ["-U", "-r"]
    env = ["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in ENV.items())]
    return ["unshare", *user, "-m", "-u", "-p", "-f", "--kill-child", "--propagation", "private",
            "taskset", "-c", str(min(os.sched_getaffinity(0))), "sh", "-c", NATIVE, "sh", TREE, *env, "/bin/bash", "-c", script_of(name)]


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
    if not os.path.exists(ROOT) or not os.path.isdir(TREE):
        print(f"1..0 # SKIP no Debian root in {FOLDER}: make debian-root makes one")
        return 0
    names = args.jobs or names
    print(f"1..{len(names)}")
    failed = 0
    for number, name in enumerate(names, start=1):
        want, host_s = run(on_host(name))
        got, machine_s = run(in_machine(name))
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
