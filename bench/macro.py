#!/usr/bin/env python3
"""Measure whole jobs of Debian's programs natively and in the guest, side by side.

Each row is a script in two parts: what prepares it, and what is measured. Both sides
run it from the same Debian root (make debian-root), pinned to one CPU, in turns, so
that what disturbs the host disturbs both; ratios are taken within a round. What the
job printed must be the same on both sides.

A job that runs for a fixed time prints a line `OPS n`, how often it did what is measured
meanwhile; its times are then per operation.

Two times: `wall`, by the clock of the side itself around the measured part, and `cpu`,
what the host charged to all processes of the side, less what the preparation alone
was charged (start of the machine included): on a busy host the second tells more. No
ratio of `cpu` is given where that difference is too small beside its own noise.

Writes build/bench/macro.csv, and macro.svg and macro.png where gnuplot is there.
"""
import argparse
import csv
import hashlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

import macro_disk
import report

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests/debian"))
import sides  # noqa: E402  (its folder has just been added)

OUT = os.path.join(sides.BUILD, "bench")
SOURCES = os.path.join(OUT, "sources")
RUN_LIMIT_S = 1800
CPU_LEAST_S = 0.2
THREADS = r"""
#include <pthread.h>
static void *run(void *p) { return p; }
int main(void) { pthread_t t; for (int i = 0; i < 20000; i++) {
pthread_create(&t, 0, run, 0); pthread_join(t, 0); } return 0; }
"""
SCENE = r"""
#version 3.7; global_settings { assumed_gamma 1 max_trace_level 8 }
camera { location <0, 3, -8> look_at <0, 1, 0> } light_source { <5, 8, -6> rgb 1 }
plane { y, 0 pigment { checker rgb 1 rgb .2 } finish { reflection .2 } }
#declare i = 0; #while (i < 60) sphere { <3 * cos(i), 1 + i / 30, 3 * sin(i)>, .5
pigment { rgb <i / 60, .5, 1 - i / 60> } finish { reflection .3 phong 1 } } #declare i = i + 1; #end
"""
NGINX = """
worker_processes 1; pid /tmp/job/pid; error_log /dev/null; events {}
http { access_log off; server { listen 127.0.0.1:7002; root /tmp/job/www; } }
"""


class Row:
    """A job: its target ratio, the source packages it unpacks, two scripts; what its
    directory is ("disk", "host": macro_disk; or in memory), what is run on that before, and
    if it is not to be cached."""

    def __init__(self, name, target, prepare, job, sources=(), disk=None, setup="", cold=False):
        self.name, self.target, self.prepare, self.job = name, target, prepare, job
        self.sources, self.disk, self.setup, self.cold = sources, disk, setup, cold


ROWS = [
    Row("gcc_build", 1.2, "cd gawk*; ./configure >/dev/null 2>&1",
        "make -s >/dev/null 2>&1; ./gawk 'BEGIN {print 6 * 7}'; cat *.o | sha256sum", ["gawk"]),
    Row("configure", 2.0, "cd zlib*", "./configure; cat Makefile | sha256sum", ["zlib"]),
    Row("make_lodger", 1.3, "cd lodger", "make -s; find build/obj -name '*.o' | sort | xargs cat"
        " | sha256sum", ["lodger"]),
    Row("povray", 1.01, f"cat >s.pov <<'POV'{SCENE}POV",
        "povray +Is.pov +Oo.ppm +FP +W1600 +H1200 -D +WT1 +A0.1 -J 2>/dev/null;"
        " sed '1,9{/^#/d}' o.ppm | sha256sum"),  # without the date
    Row("python_cpu", 1.03, "", "python3 -c 'n = 0\nfor i in range(20000000): n += i * i % 7\n"
        "print(n)'"),
    Row("python_start", 1.5, "python3 -c pass", "for i in {1..40}; do python3 -c pass; done"),
    Row("sqlite_insert", 1.3, "", "sqlite3 t.db 'create table t(a integer primary key, b text);"
        " begin; with recursive c(x) as (select 1 union all select x + 1 from c where x <"
        " 1000000) insert into t select x, \"row \" || x from c; commit; select sum(a) from t'"),
    Row("tar_gzip", 1.3, "mkdir t; cp -a /usr/lib/python3.11 /usr/share/perl t; cat t/*/*.p*"
        " >/dev/null", "tar -C t --sort=name --mtime=@1 -czf - . | wc -c | cut -c1-3"),
    Row("git_clone", 2.0, "git init -q r; cd r; cp -a /usr/lib/python3.11 .; git add . ;"
        " git -c user.name=n -c user.email=e commit -qm c; cd ..",
        "git clone -q --no-hardlinks r c; git -C c status --short | wc -l; find c -type f | wc -l"),
    Row("file_64m", 1.5, "dd if=/dev/zero of=warm bs=1M count=64 2>/dev/null; rm warm",
        "for i in {1..8}; do dd if=/dev/zero of=f bs=64k count=1024 2>/dev/null;"
        " dd if=f of=/dev/null bs=64k 2>/dev/null; rm f; done"),
    Row("threads", 1.2, f"cat >t.c <<'C'{THREADS}C\ngcc -O2 -o t t.c", "./t"),
    Row("redis", 4.0, "redis-server --port 7001 --save '' --daemonize yes >/dev/null;"
        " until redis-cli -p 7001 ping 2>/dev/null | grep -q PONG; do sleep .1; done",
        "redis-benchmark -p 7001 -n 40000 -c 50 -t set,get -q >/dev/null;"
        " redis-cli -p 7001 info commandstats | grep -oE '_(get|set):calls=[0-9]+' | sort"),
    Row("nginx", 4.0, f"mkdir -p www /var/lib/nginx; seq 1 200 >www/f; chmod -R a+rX /tmp/job;"
        f" cat >conf <<'C'{NGINX}C\nnginx -p /tmp/job/ -c conf 2>/dev/null;"
        " until curl -sf http://127.0.0.1:7002/f >/dev/null; do sleep .1; done",
        "wrk -t1 -c20 -d10s http://127.0.0.1:7002/f >out; sed -nE 's/ *([0-9]+) requests in.*/OPS \\1/p'"
        " out; grep -c 'Socket errors\\|Non-2xx' out"),
    Row("fork_exec", 2.0, "", "for i in {1..300}; do /bin/true; done"),
]
ROWS += macro_disk.rows(Row)


# ---- Sources --------------------------------------------------------------------

def debian_sources():
    """deb-src lines for what the host's apt is configured with."""
    form = "$(REPO_URI)|$(CODENAME)|$(COMPONENT)|$(ORIGIN)|$(CREATED_BY)"
    done = subprocess.run(["apt-get", "indextargets", "--format", form], capture_output=True,
                          text=True, check=True)
    lines = set()
    for line in done.stdout.splitlines():
        uri, suite, component, origin, made_by = line.split("|")
        # the release alone: its updates are not on every mirror
        if (origin, made_by) == ("Debian", "Packages") and "-" not in suite:
            lines.add(f"deb-src {uri} {suite} {component}\n")
    return sorted(lines)


def apt(*words):
    apt_dir = os.path.join(SOURCES, "apt")
    for folder in ("lists/partial", "cache"):
        os.makedirs(os.path.join(apt_dir, folder), exist_ok=True)
    listed = os.path.join(apt_dir, "sources.list")
    with open(listed, "w", encoding="ascii") as f:
        f.writelines(debian_sources())
    options = {"Dir::Etc::sourcelist": listed, "Dir::Etc::sourceparts": "/dev/null",
               "Dir::State::lists": f"{apt_dir}/lists", "Dir::Cache": f"{apt_dir}/cache",
               "Debug::NoLocking": "1", "APT::Sandbox::User": ""}
    argv = ["apt-get", "-q", *(a for k, v in options.items() for a in ("-o", f"{k}={v}")), *words]
    subprocess.run(argv, cwd=SOURCES, check=True, stdout=subprocess.DEVNULL)


def source_tar(package):
    """A tar of a source package's upstream tree, or of this project's."""
    path = os.path.join(SOURCES, package + ".tar")
    if package == "lodger":
        os.makedirs(SOURCES, exist_ok=True)
        subprocess.run(["git", "-C", TOP, "archive", "--prefix=lodger/", "-o", path, "HEAD"],
                       check=True)
    elif not os.path.exists(path):
        if not os.path.isdir(os.path.join(SOURCES, "apt")):
            apt("update")
        apt("--download-only", "source", package)
        upstream = next(f for f in sorted(os.listdir(SOURCES))
                        if re.match(re.escape(package) + r"_.*\.orig\.tar\.\w+$", f))
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["tar", "-C", folder, "-xf", os.path.join(SOURCES, upstream)], check=True)
            subprocess.run(["tar", "-C", folder, "--owner=0", "--group=0", "-cf", path,
                            *os.listdir(folder)], check=True)
    return path


# ---- Running --------------------------------------------------------------------

class Run:
    """One run of one side: wall and CPU seconds, what the job printed."""

    def __init__(self, wall, cpu, output, stats):
        self.wall, self.cpu, self.output, self.stats = wall, cpu, output, stats


def script_of(row, whole, disk=None):
    """The row's script; without its measured part if not whole."""
    job = f"begin=$EPOCHREALTIME\n(\n{row.job}\n)\nend=$EPOCHREALTIME\n" if whole else ""
    clock = 'echo "TIME $begin $end"' if whole else ""
    unpack = "tar xf -\n" * bool(row.sources)
    begin = disk.prologue() if disk else ""
    return (f"umask 022; {begin}mkdir -p /tmp/job; cd /tmp/job\n{unpack}{row.prepare}\n"
            f"{job}{clock}\n")


def command(side, script, args, stats, disk=None):
    """What runs a script on a side."""
    if side == "native":
        return sides.on_host(script, args.cpu, job=disk and disk.job_folder())
    options = ["--cpu", str(args.cpu), f"--stats=json:{stats}"]
    return sides.in_machine(script, options + (disk.options() if disk else []))


def set_up(side, row, args, disk):
    """What a row wants to find on its disk."""
    if row.setup:
        script = f"{disk.prologue()}cd /tmp/job\n{row.setup}\n"
        subprocess.run(command(side, script, args, "/dev/null", disk), check=True,
                       stdin=subprocess.DEVNULL, timeout=RUN_LIMIT_S)
    if row.cold:
        disk.forget()


def cpu_seconds():
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    return use.ru_utime + use.ru_stime


def run_side(side, row, args, whole=True):
    if not row.disk:
        return run_on(side, row, args, whole, None)
    with macro_disk.Disk(side, row.disk, OUT) as disk:
        set_up(side, row, args, disk)
        return run_on(side, row, args, whole, disk)


def run_on(side, row, args, whole, disk):
    stats = os.path.join(OUT, "macro.stats")
    argv = command(side, script_of(row, whole, disk), args, stats, disk)
    data = b""
    for package in row.sources:
        with open(source_tar(package), "rb") as f:
            data += f.read()
    before = cpu_seconds()
    done = subprocess.run(argv, input=data, capture_output=True, timeout=RUN_LIMIT_S, check=False)
    cpu = cpu_seconds() - before
    text = done.stdout.decode(errors="replace")
    if not whole:
        return Run(0, cpu, "", {})
    times = re.search(r"^TIME ([\d.]+) ([\d.]+)$", text, re.M)
    if not times:
        raise RuntimeError(f"{side}: status {done.returncode}: "
                           + report.last_line(done.stderr.decode(errors="replace") + text))
    counters = {}
    if side != "native":
        with open(stats, encoding="utf-8") as f:
            counters = json.load(f)
    return Run(float(times.group(2)) - float(times.group(1)), cpu, text[:times.start()], counters)


def per_operation(run, prepared_cpu):
    """Its times without the preparation, of one operation if it counted any."""
    ops = re.search(r"^OPS (\d+)\n", run.output, re.M)
    count = int(ops.group(1)) if ops else 1
    output = run.output.replace(ops.group(0), "") if ops else run.output
    cpu = run.cpu - prepared_cpu
    return Run(run.wall / count, cpu / count if cpu >= CPU_LEAST_S else None, output, run.stats)


def measure(row, args):
    """(native runs, guest runs, native and guest CPU of the preparation)."""
    runs = {"native": [], "guest": []}
    prepared = {side: run_side(side, row, args, whole=False).cpu for side in runs}
    for number in range(args.rounds):
        order = list(runs) if number % 2 == 0 else list(reversed(runs))
        for side in order:
            runs[side].append(run_side(side, row, args))
    return runs["native"], runs["guest"], prepared


def judge(row, native, guest, prepared):
    """The row of the table and of the CSV."""
    native = [per_operation(r, prepared["native"]) for r in native]
    guest = [per_operation(r, prepared["guest"]) for r in guest]
    wall = [g.wall / n.wall for n, g in zip(native, guest)]
    cpu = [g.cpu / n.cpu for n, g in zip(native, guest) if n.cpu and g.cpu]
    outputs = {hashlib.sha256(r.output.encode()).hexdigest() for r in native + guest}
    stats = guest[-1].stats
    return {
        "row": row.name, "target": row.target,
        "wall_ratio": round(statistics.median(wall), 3),
        "cpu_ratio": round(statistics.median(cpu), 3) if len(cpu) == len(wall) else "",
        "same": "yes" if len(outputs) == 1 else "no",
        "native_wall_s": round(statistics.median(r.wall for r in native), 6),
        "guest_wall_s": round(statistics.median(r.wall for r in guest), 6),
        "wall_spread": round(max(wall) / min(wall), 3),
        **{key: stats.get(key, "") for key in ("syscalls_served", "faults", "host_calls",
                                               "maps", "as_switches", "forks", "execs")},
    }


# ---- Report ---------------------------------------------------------------------

PLOT = """
set terminal {terminal}
set output "{output}"
set style data histogram
set style fill solid 0.8
set ylabel "times native (1 is as fast)"
set grid ytics
set xtics rotate by -35
set yrange [0:*]
plot "{data}" using 2:xtic(1) title "wall", "" using 3 title "cpu", "" using 4 title "target"
"""


def write_csv(path, lines):
    with open(path, "w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, fieldnames=list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)


def plot(lines):
    if not shutil.which("gnuplot"):
        return "no plot: gnuplot is not installed"
    data = os.path.join(OUT, "macro.dat")
    with open(data, "w", encoding="utf-8") as f:
        for line in lines:
            name = line["row"].replace("_", "-")
            f.write(f"{name} {line['wall_ratio']} {line['cpu_ratio'] or '?'} {line['target']}\n")
    drawn = []
    for suffix, terminal in (("svg", "svg size 900,480"), ("png", "pngcairo size 900,480")):
        output = os.path.join(OUT, f"macro.{suffix}")
        done = subprocess.run(["gnuplot"], text=True, capture_output=True, check=False,
                              input=PLOT.format(terminal=terminal, output=output, data=data))
        drawn.append(output if done.returncode == 0 else f"(no {suffix})")
    return "plot: " + " ".join(drawn)


def parse_args():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rows", help="only rows whose name matches this expression")
    ap.add_argument("--rounds", type=int, default=3, help="of each side (3)")
    ap.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)),
                    help="the one CPU (%(default)s)")
    return ap.parse_args()


def main():
    args = parse_args()
    if sides.missing():
        sys.exit("bench/macro: " + sides.missing())
    os.makedirs(OUT, exist_ok=True)
    rows = [r for r in ROWS if not args.rows or re.search(args.rows, r.name)]
    lines, failed = [], 0
    print(f"{'row':14} {'wall':>7} {'cpu':>7} {'target':>7}  same  native s  guest s")
    for row in rows:
        try:
            line = judge(row, *measure(row, args))
        except (RuntimeError, OSError, StopIteration, subprocess.SubprocessError) as e:
            failed += 1
            print(f"{row.name:14} {e}", flush=True)
            continue
        lines.append(line)
        cpu = format(line["cpu_ratio"], ".2f") if line["cpu_ratio"] else "-"
        print(f"{row.name:14} {line['wall_ratio']:7.2f} {cpu:>7} {row.target:7.2f}  "
              f"{line['same']:4} {line['native_wall_s']:9.2f} {line['guest_wall_s']:8.2f}",
              flush=True)
    if lines:
        write_csv(os.path.join(OUT, "macro.csv"), lines)
        print(plot(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
