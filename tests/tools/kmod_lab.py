#!/usr/bin/env python3
"""scripts/kmod-lab without a host to boot: what it says where there is no emulator, what
it makes of a host's words, which sets its plans are for. Speaks TAP."""
import argparse
import os
import subprocess
import sys
import tempfile

import libtap

LAB = os.path.join(libtap.TOP, "scripts/kmod-lab")

WORDS = """ok 1 -  kmod/device: refused: arguments
# tests/kmod/device.c:1: why
not ok 2 -  attack/a@kmod: reads the core
# and this
not ok 3 -  guest/t_fault@kmod: SIGFPE: SSE
ok 4 -  hostile/gate@kmod: handler-none # SKIP has no object in this mechanism set
ok - kmod/unload
"""


def run_without_qemu(*argv):
    with tempfile.TemporaryDirectory() as folder:
        os.symlink(sys.executable, os.path.join(folder, "python3"))
        os.symlink("/usr/bin/env", os.path.join(folder, "env"))
        done = subprocess.run([sys.executable, LAB, *argv], env={**os.environ, "PATH": folder},
                              capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def no_qemu():
    status, out, err = run_without_qemu()
    assert status == 77 and not out and "qemu-system-x86" in err, (status, out, err)


def no_qemu_in_tap():
    status, out, err = run_without_qemu("--tap")
    assert status == 0 and out.startswith("1..0 # SKIP qemu") and not err, (status, out, err)


def results():
    got = [(kind, name) for kind, name, _ in libtap.load("scripts/kmod-lab").read_tap(WORDS)]
    assert got == [("pass", "kmod/device: refused: arguments"),
                   ("FAIL", "attack/a@kmod: reads the core"),
                   ("SKIP", "guest/t_fault@kmod: SIGFPE: SSE"),
                   ("SKIP", "hostile/gate@kmod: handler-none"), ("pass", "kmod/unload")], got


def rungs_are_sets():
    """Each is declared, or has its options in the script, never both."""
    lab = libtap.load("scripts/kmod-lab")
    sets = lab.load_tests_run().read_sets()
    assert all((name in sets) != (name in lab.RUNGS)
               for name in lab.LADDER + lab.OTHERS), sets
    assert len(sets) <= 10, sets


def kept_kernels():
    """One that was built here is none of Debian's, nor is a log a kernel."""
    lab = libtap.load("scripts/kmod-lab")
    with tempfile.TemporaryDirectory() as folder:
        lab.WHERE = folder
        for name in ("6.1.0-49-amd64", "6.1.0-56-amd64", "6.1.192-debug", "unpacking"):
            os.mkdir(os.path.join(folder, name))
        with open(os.path.join(folder, "6.1.0-99-amd64"), "w", encoding="ascii"):
            pass
        assert lab.prepare_kernel("6.1") == os.path.join(folder, "6.1.0-56-amd64")
        assert lab.kept_kernel(r"6\.12\..*-amd64") is None


def plan():
    args = argparse.Namespace(fuzz=5, seed=1, rung=["kmod-us"], full=False, only="gate|t_cow")
    lines = list(libtap.load("scripts/kmod-lab").check_plan(args))
    tests = [line.split()[2] for line in lines if line.startswith("t ")]
    assert tests == ["kmod/device", "kmod/fuzz", "guest/t_cow@kmod-us", "hostile/gate@kmod-us",
                     "kmod/unload", "kmod/log"], tests


# In place of what a bench plan runs: rows of 5 ns an operation, counters of 3 and 7.
COST = """printf 'native getpid\\t314\\n'
"""
MICRO = """printf '%s\\t%s\\t%s\\n' $2 $4 $(($4 * 5))
"""
LODGER = """for a; do case $a in --stats=*) stats=${a#*:} ;; esac; last=$a; done
[ -z "$stats" ] ||
	printf '{ "vmm":\\n { "tracer_stops": %s } }\\n' $((3 * last + 7)) >$stats
printf 'null_call\\t%s\\t%s\\n' $last $((last * 9))
"""


def bench_plan(folder):
    """The shell makes of it what is read back: counts of an operation, differences of runs."""
    lab = libtap.load("scripts/kmod-lab")
    lab.BENCH_ROWS = {"null_call": 64}
    for path, text in (("kmod/cost", COST), ("bench/micro", MICRO), ("build/lodger", LODGER)):
        os.makedirs(os.path.dirname(os.path.join(folder, path)))
        with open(os.path.join(folder, path), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(os.path.join(folder, path), 0o755)
    text = "\n".join(lab.bench_plan(["kmod"])).replace("/tmp/", folder + "/")
    out = subprocess.run(["sh", "-c", text], cwd=folder, check=True, capture_output=True,
                         text=True).stdout
    count, stats = lab.read_bench(out)
    assert count == {("native", "null_call"): 5, ("kmod", "null_call"): 9}, out
    assert stats["alone"] == {"native getpid": 314}, out
    assert stats["kmod", "null_call"]["vmm.tracer_stops"] == 3, out


if __name__ == "__main__":
    libtap.run([no_qemu, no_qemu_in_tap, results, rungs_are_sets, kept_kernels, plan,
                bench_plan])
