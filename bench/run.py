#!/usr/bin/env python3
"""Measure single operations natively and in the guest, side by side.

The same binary (build/bench/micro) runs on both sides, pinned to one CPU, row by
row and in turns, so that what disturbs the host disturbs all alike. Ratios are
taken within a round. The counters of a row are what a run of 2N operations cost
more than one of N, divided by N: they repeat exactly where times do not.

Beside micro's rows: `start_exit` (`lodger run -- /bin/true`, against /bin/true),
and memory beside the guest's own.

Prints a table; writes build/bench/micro.csv, and micro.svg and micro.png where
gnuplot is there. A row that fails says why and does not stop the others.
"""
import argparse
import json
import os
import select
import shlex
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import report
from report import NATIVE, last_line

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(TOP, os.environ.get("LODGER_BUILD", "build"))
GUEST_MICRO = "/bench/micro"
RUN_LIMIT_S = 120
# Enough operations for exact counters, few enough for the slowest mechanism.
COUNTER_ITERS = 1024


class Failure(Exception):
    """A run that gave no number; str() says why in one line."""


class Target:
    """Where micro runs: natively, or in a guest under one mechanism set."""

    def __init__(self, name, flags, args):
        self.name, self.flags, self.args = name, flags, args

    def guest(self, options, *argv):
        return [self.args.lodger, "run", *self.flags, *options, "--", *argv]

    def micro(self, options, stats=None):
        if self.name == NATIVE:
            return [self.args.micro, *options]
        more = [f"--stats=json:{stats}"] if stats else []
        return self.guest(["--root", self.args.root, *more], GUEST_MICRO, *options)


def run_command(argv):
    """Standard output of a command, or Failure."""
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, errors="replace", timeout=RUN_LIMIT_S)
    except OSError as e:
        raise Failure(f"{argv[0]}: {e.strerror}") from e
    except subprocess.TimeoutExpired:
        raise Failure(f"no end within {RUN_LIMIT_S} s") from None
    # micro itself says on stdout which row failed and why, with status 1.
    if done.returncode not in (0, 1) or not done.stdout:
        raise Failure(f"status {done.returncode}: {last_line(done.stderr)}")
    return done.stdout


def run_micro(target, row, options, stats=None):
    """(iterations, nanoseconds) of one row."""
    out = run_command(target.micro(["--row", row, *options], stats))
    for line in out.splitlines():
        words = line.split("\t")
        if words[0] != row or len(words) < 3:
            continue
        if words[1] == "0":
            raise Failure(words[3] if len(words) > 3 else "no reason given")
        return int(words[1]), int(words[2])
    raise Failure(f"unexpected output: {last_line(out)}")


# ---- The rows -----------------------------------------------------------------

class Sample:
    """The measurements of one row on one target."""

    def __init__(self):
        self.ns = {}            # round -> nanoseconds per operation
        self.iters = 0
        self.counters = {}      # statistics key -> per operation
        self.error = None

    def values(self):
        return sorted(self.ns.values())

    def median(self):
        return statistics.median(self.values())

    def spread(self):
        """Half the distance of the quartiles, in percent of the median."""
        values = self.values()
        if len(values) < 2:
            return 0.0
        low, _, high = statistics.quantiles(values, n=4, method="inclusive")
        return 50 * (high - low) / self.median()

    def ratios(self, base):
        return sorted(self.ns[i] / base.ns[i] for i in self.ns if base.ns.get(i))


def measure_micro(target, row, sample, args):
    """One round: the first calibrates, the others repeat its iterations."""
    options = ["--iters", str(sample.iters)] if sample.iters else ["--ms", str(args.ms)]
    iters, ns = run_micro(target, row, options)
    sample.iters = iters
    return ns / iters


def spawn_and_wait(argv, errors):
    """(nanoseconds from start to exit, wait status); standard error goes to a file."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT, 0o600)]
    start = time.perf_counter_ns()
    try:
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
    except OSError as e:
        raise Failure(f"{argv[0]}: {e.strerror}") from e
    pidfd = os.pidfd_open(pid)
    late = not select.select([pidfd], [], [], RUN_LIMIT_S)[0]
    ns = time.perf_counter_ns() - start
    os.close(pidfd)
    if late:
        os.kill(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    if late:
        raise Failure(f"no end within {RUN_LIMIT_S} s")
    return ns, status


def measure_start(target, row, sample, args):
    """From start to exit of a program that does nothing."""
    argv = ["/bin/true"] if target.name == NATIVE else target.guest([], "/bin/true")
    with tempfile.TemporaryDirectory() as scratch:
        errors = os.path.join(scratch, "stderr")
        ns, status = spawn_and_wait(argv, errors)
        if status:
            with open(errors) as f:
                raise Failure(f"status {os.waitstatus_to_exitcode(status)}: "
                              f"{last_line(f.read())}")
    sample.iters = 1
    return ns


def flatten(stats, prefix=""):
    """The numbers of the statistics, those of inner objects as outer.inner."""
    numbers = {}
    for key, value in stats.items():
        if isinstance(value, dict):
            numbers.update(flatten(value, f"{prefix}{key}."))
        elif isinstance(value, int) and key != "version":
            numbers[prefix + key] = value
    return numbers


def read_stats(path):
    try:
        with open(path) as f:
            return flatten(json.load(f))
    except (OSError, ValueError) as e:
        raise Failure(f"no statistics: {e}") from e


def count_row(target, row, sample):
    """Counters per operation: a run of 2N less a run of N, divided by N."""
    n = max(1, min(sample.iters, COUNTER_ITERS))
    totals = []
    with tempfile.TemporaryDirectory() as scratch:
        for factor in (1, 2):
            path = os.path.join(scratch, f"stats{factor}.json")
            run_micro(target, row, ["--iters", str(factor * n)], path)
            totals.append(read_stats(path))
    # Sizes are states, not counts.
    sample.counters = {key: (totals[1][key] - value) / n for key, value in totals[0].items()
                       if key in totals[1] and not key.endswith("_bytes")}


def measure_round(number, rows, targets, samples, args):
    # Nobody is always first.
    turn = number % len(targets)
    for row, measure in rows:
        for target in targets[turn:] + targets[:turn]:
            sample = samples[row, target.name]
            if sample.error:
                continue
            try:
                sample.ns[number] = measure(target, row, sample, args)
            except Failure as e:
                sample.error = str(e)


def measure_all(rows, targets, args):
    samples = {(row, t.name): Sample() for row, _ in rows for t in targets}
    for number in range(args.rounds):
        progress(f"round {number + 1} of {args.rounds}")
        measure_round(number, rows, targets, samples, args)
    for target in targets if args.counters else []:
        for row, measure in rows:
            sample = samples[row, target.name]
            if target.name == NATIVE or sample.error or measure is not measure_micro:
                continue
            progress(f"counters of {row}, {target.name}")
            try:
                count_row(target, row, sample)
            except Failure as e:
                print(f"no counters of {row} in {target.name}: {e}", file=sys.stderr)
    progress("")
    return samples


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# ---- Memory -------------------------------------------------------------------

def process_kib(pid):
    """(KiB, kind): proportional set size, or resident size where that is closed."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1]), "PSS"
    except OSError:
        pass
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]), "RSS"
    raise Failure(f"/proc/{pid} says nothing of memory")


def measure_memory(target):
    """(VMM process MiB, kind, guest kernel MiB) while the guest waits for input."""
    with tempfile.TemporaryDirectory() as scratch:
        stats = os.path.join(scratch, "stats.json")
        argv = target.guest([f"--stats=json:{stats}"], "/bin/sh", "-c", "echo ready; read x")
        try:
            run = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        except OSError as e:
            raise Failure(f"{argv[0]}: {e.strerror}") from e
        with run:
            # The guest says so once it runs; a hung one says nothing.
            heard = select.select([run.stdout], [], [], RUN_LIMIT_S)[0]
            if not heard or run.stdout.readline() != "ready\n":
                run.kill()
                raise Failure(last_line(run.stderr.read()))
            kib, kind = process_kib(run.pid)
            run.stdin.close()
        return kib / 1024, kind, read_stats(stats).get("kernel_memory_bytes", 0) / 2**20


def measure_memories(targets):
    """Name of a set -> what measure_memory says, or why it says nothing."""
    found = {}
    for target in targets[1:]:
        try:
            found[target.name] = measure_memory(target)
        except Failure as e:
            found[target.name] = str(e)
    return found


# ---- Main -----------------------------------------------------------------------

def declared_sets():
    """The sets of tests/sets whose needs are there: name -> options."""
    sets = {}
    try:
        with open(os.path.join(TOP, "tests/sets")) as f:
            lines = [line.split("#")[0].split() for line in f]
    except OSError:
        return sets
    for words in filter(None, lines):
        needs = [w[len("needs:"):] for w in words if w.startswith("needs:")]
        if all(os.path.exists(p) for p in needs):
            sets[words[0]] = [w for w in words[1:] if not w.startswith("needs:")]
    return sets


def chosen_targets(args):
    sets = declared_sets()
    chosen = {}
    for word in args.set or []:
        name, given, flags = word.partition("=")
        if not given and name not in sets:
            sys.exit(f"run.py: no set {name} in tests/sets; there are: {', '.join(sets)}")
        chosen[name] = shlex.split(flags) if given else sets[name]
    if not args.set:
        chosen = sets
    if args.native_only:
        chosen = {}
    return [Target(NATIVE, [], args)] + [Target(n, f, args) for n, f in chosen.items()]


def chosen_rows(args):
    try:
        listed = run_command([args.micro, "--list"]).splitlines()
    except Failure as e:
        sys.exit(f"run.py: {e}; run make first")
    rows = [(line.split("\t")[0], measure_micro) for line in listed]
    rows.append(("start_exit", measure_start))
    if not args.row:
        return rows
    names = [name for name, _ in rows]
    unknown = [r for r in args.row if r not in names]
    if unknown:
        sys.exit(f"run.py: no row {unknown[0]}; there are: {', '.join(names)}")
    return [r for r in rows if r[0] in args.row]


def make_root(args):
    """The guest's root archive with micro in it, unless one was given."""
    if args.root or args.native_only:
        return
    args.root = os.path.join(args.out, "root.cpio")
    done = subprocess.run([sys.executable, os.path.join(TOP, "scripts/mkroot.py"), "-o",
                           args.root, "--add", f"{args.micro}:{GUEST_MICRO}"],
                          capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"run.py: no root archive: {last_line(done.stderr)}")


def pin(args):
    allowed = sorted(os.sched_getaffinity(0))
    if args.cpu == "none":
        args.cpu = None
        return
    # The first CPU has the most interrupts of others.
    args.cpu = allowed[-1] if args.cpu is None else int(args.cpu)
    if args.cpu not in allowed:
        sys.exit(f"run.py: CPU {args.cpu} is not among those allowed: {allowed}")
    os.sched_setaffinity(0, {args.cpu})


def parse_args():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--set", action="append", metavar="NAME[=FLAGS]",
                    help="a set of tests/sets, or a name with options of lodger run;"
                    " may be repeated (default: all of tests/sets)")
    ap.add_argument("--row", action="append", metavar="NAME", help="only this row; repeatable")
    ap.add_argument("--rounds", type=int, default=5, help="rounds (5)")
    ap.add_argument("--ms", type=int, default=50, help="milliseconds a row and round (50)")
    ap.add_argument("--cpu", metavar="N|none", help="pin to this CPU (the last allowed one)")
    ap.add_argument("--no-counters", dest="counters", action="store_false",
                    help="times only")
    ap.add_argument("--native-only", action="store_true", help="nothing in the guest")
    ap.add_argument("--lodger", default=os.path.join(BUILD, "lodger"))
    ap.add_argument("--micro", default=os.path.join(BUILD, "bench/micro"))
    ap.add_argument("--root", help="root for the guest, with micro at " + GUEST_MICRO)
    ap.add_argument("--out", default=os.path.join(BUILD, "bench"), help="where files go")
    args = ap.parse_args()
    if args.rounds < 1 or args.ms < 1:
        ap.error("--rounds and --ms must be at least 1")
    return args


def main():
    args = parse_args()
    os.makedirs(args.out, exist_ok=True)
    targets = chosen_targets(args)
    rows = chosen_rows(args)
    make_root(args)
    pin(args)
    about = report.surroundings(args)
    for name, value in about:
        print(f"{name + ':':13} {value}")
    samples = measure_all(rows, targets, args)
    report.print_times(rows, targets, samples)
    for target in targets[1:]:
        report.print_counters(rows, target, samples)
    memory = measure_memories(targets) if not args.row else {}
    report.print_memory(memory)
    report.print_goals(targets, samples, memory)
    failed = report.print_failures(samples)
    path = os.path.join(args.out, "micro.csv")
    report.write_csv(path, rows, targets, samples, about, memory)
    print(f"\ntable: {path}")
    print(report.plot(args.out, rows, targets, samples, dict(about)["cpu"]))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
