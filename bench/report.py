"""What bench/run.py makes of its samples: tables, CSV, plot, and where it all ran.

A sample is one row on one target; samples are kept in a dictionary by (row name,
target name). The first target is always the native one.
"""
import csv
import glob
import os
import shutil
import statistics
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NATIVE = "native"

# Columns of the counter tables: heading, keys of the statistics that are summed.
COUNTERS = [
    ("stops", ["tracer_stops"]),
    ("reflected", ["reflected_calls"]),
    ("signals", ["signals_injected"]),
    ("faults", ["faults"]),
    ("host calls", ["host_calls"]),
    ("map", ["maps"]),
    ("unmap", ["unmaps"]),
    ("protect", ["protects"]),
    ("open+close", ["prot_opens", "prot_closes"]),
    ("as switch", ["as_switches"]),
    ("vol. switch", ["vmm_process.voluntary_switches",
                     "guest_process.voluntary_switches"]),
]


# What is to be reached: row, what, wanted, how the number comes from the samples.
GOALS = [
    ("cpu_loop", "CPU-bound, x native", "<= 1.03", lambda s, b: statistics.median(s.ratios(b))),
    ("start_exit", "start to exit, ms", "<= 60", lambda s, b: s.median() / 1e6),
    ("null_call", "null call, x native", "~ 350 by 8 steps", lambda s, b: statistics.median(s.ratios(b))),
]
MEMORY_GOALS = [("VMM process, MiB", "<= 6"), ("guest kernel, MiB", "<= 8")]


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no word on standard error"


# ---- What is printed ------------------------------------------------------------

def number(value):
    """Three digits that say something."""
    if value == 0:
        return "0"
    for limit, form in ((0.0005, ".0e"), (0.1, ".4f"), (10, ".2f"), (100, ".1f")):
        if abs(value) < limit:
            return format(value, form)
    return format(value, ",.0f").replace(",", " ")


def print_table(title, head, lines, words=1):
    """The first `words` columns are text, the others numbers."""
    widths = [max(len(line[i]) for line in [head, *lines]) for i in range(len(head))]
    print(f"\n{title}\n")
    for line in [head, *lines]:
        cells = [cell.ljust(w) if i < words else cell.rjust(w)
                 for i, (cell, w) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def time_cells(sample, base):
    if sample.error or not sample.ns:
        return ["failed", "", ""]
    ratios = sample.ratios(base) if base else []
    return [number(sample.median()), f"±{sample.spread():.0f}%",
            number(statistics.median(ratios)) if ratios else "-"]


def print_times(rows, targets, samples):
    head = ["row", "native", ""]
    for target in targets[1:]:
        head += [target.name, "", "× native"]
    lines = []
    for row, _ in rows:
        base = samples[row, NATIVE]
        line = [row, *time_cells(base, None)[:2]]
        for target in targets[1:]:
            line += time_cells(samples[row, target.name], base)
        lines.append(line)
    print_table("Nanoseconds per operation: median, half the quartile distance", head, lines)


def print_counters(rows, target, samples):
    lines = []
    for row, _ in rows:
        counters = samples[row, target.name].counters
        if counters:
            lines.append([row] + [number(sum(counters.get(k, 0) for k in keys))
                                  for _, keys in COUNTERS])
    if lines:
        print_table(f"Per operation, {target.name}", ["row"] + [c[0] for c in COUNTERS], lines)


def print_memory(memory):
    lines = [[name, "failed", found] if isinstance(found, str)
             else [name, f"{found[0]:.2f} ({found[1]})", f"{found[2]:.2f}"]
             for name, found in memory.items()]
    if lines:
        print_table("Memory beside the guest's own, MiB",
                    ["set", "VMM process", "guest kernel"], lines)


def row_goals(samples, name):
    """What the rows of a set reached of what is to be reached: lines of a table."""
    lines = []
    for row, what, wanted, of_sample in GOALS:
        sample, base = samples.get((row, name)), samples.get((row, NATIVE))
        if sample and base and sample.ns and base.ns:
            lines.append([name, what, wanted, number(of_sample(sample, base))])
    sample = samples.get(("null_call", name))
    if sample and sample.counters:
        counts = {head: sum(sample.counters.get(k, 0) for k in keys) for head, keys in COUNTERS}
        lines.append([name, "null call: stops + voluntary switches", "",
                      f"{number(counts['stops'])} + {number(counts['vol. switch'])}"])
    return lines


def print_goals(targets, samples, memory):
    lines = []
    for target in targets[1:]:
        lines += row_goals(samples, target.name)
        found = memory.get(target.name)
        if found and not isinstance(found, str):
            for (what, wanted), mib in zip(MEMORY_GOALS, (found[0], found[2])):
                lines.append([target.name, what, wanted, f"{mib:.2f}"])
    if lines:
        print_table("To reach", ["set", "what", "wanted", "reached"], lines, words=2)


def print_failures(samples):
    failed = [(row, name, s.error) for (row, name), s in samples.items() if s.error]
    if failed:
        print_table("Failed", ["row", "where", "why"],
                    [[row, name, why] for row, name, why in failed], words=3)
    return failed


# ---- Where it ran ---------------------------------------------------------------

def read_line(path, default="unknown"):
    try:
        with open(path) as f:
            return f.readline().strip()
    except OSError:
        return default


def cpu_model():
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return "unknown"


def mitigations():
    found = []
    for path in sorted(glob.glob("/sys/devices/system/cpu/vulnerabilities/*")):
        state = read_line(path)
        if state != "Not affected":
            found.append(f"{os.path.basename(path)}: {state}")
    return "; ".join(found) or "none needed"


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", TOP, *words], capture_output=True, text=True)
    try:
        head = git("rev-parse", "--short=12", "HEAD")
        if head.returncode:
            return "unknown"
        changed = git("status", "--porcelain", "--untracked-files=no").stdout.strip()
        return head.stdout.strip() + (" with changes" if changed else "")
    except OSError:
        return "unknown"


def surroundings(args):
    cpu = f"/sys/devices/system/cpu/cpu{args.cpu}" if args.cpu is not None else ""
    return [
        ("date", time.strftime("%Y-%m-%d %H:%M:%S %z")),
        ("cpu", f"{cpu_model()}, {os.cpu_count()} of them"),
        ("kernel", " ".join(os.uname()[i] for i in (0, 2, 3))),
        ("mitigations", mitigations()),
        ("governor", read_line(f"{cpu}/cpufreq/scaling_governor", "none")),
        ("huge pages", read_line("/sys/kernel/mm/transparent_hugepage/enabled")),
        ("commit", commit()),
        ("pinned to", "nothing" if args.cpu is None else f"CPU {args.cpu}"),
        ("rounds", f"{args.rounds} of {args.ms} ms"),
    ]


def write_csv(path, rows, targets, samples, about, memory):
    keys = sorted({k for s in samples.values() for k in s.counters})
    with open(path, "w", newline="") as f:
        for name, value in about:
            f.write(f"# {name}: {value}\n")
        for name, found in memory.items():
            f.write(f"# memory of {name}: {found}\n" if isinstance(found, str) else
                    f"# memory of {name}: VMM process {found[0]:.2f} MiB ({found[1]}), "
                    f"guest kernel {found[2]:.2f} MiB\n")
        out = csv.writer(f, lineterminator="\n")
        out.writerow(["set", "row", "iterations", "median_ns", "spread_percent", "min_ns",
                      "max_ns", "ratio", "ratio_min", "ratio_max", "error", *keys])
        for target in targets:
            for row, _ in rows:
                sample = samples[row, target.name]
                out.writerow(csv_cells(target, row, sample, samples[row, NATIVE], keys))


def csv_cells(target, row, sample, base, keys):
    cells = [target.name, row, sample.iters]
    if not sample.ns:
        return [*cells, "", "", "", "", "", "", "", sample.error or "", *[""] * len(keys)]
    values, ratios = sample.values(), sample.ratios(base)
    cells += [f"{sample.median():.2f}", f"{sample.spread():.2f}", f"{values[0]:.2f}",
              f"{values[-1]:.2f}"]
    if ratios:
        cells += [f"{r:.4f}" for r in (statistics.median(ratios), ratios[0], ratios[-1])]
    else:
        cells += ["", "", ""]
    return [*cells, sample.error or "", *[f"{sample.counters[k]:.6g}" if k in sample.counters
                                         else "" for k in keys]]


# ---- The plot -------------------------------------------------------------------

PLOT = """
set terminal {terminal}
set output "{output}"
set title "Times of native, one round at a time ({note})" noenhanced
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set logscale y
set ylabel "x native"
set grid ytics
set xtics rotate by -40 noenhanced
set key top right noenhanced
plot for [i=2:{columns}] "{data}" using i:xtic(1) title columnheader(i)
"""
TERMINALS = [("svg", "svg size 1100,520"), ("png", "pngcairo size 1100,520")]


def write_plot_data(path, rows, targets, samples):
    with open(path, "w") as f:
        f.write(" ".join(["row"] + [f'"{t.name}"' for t in targets[1:]]) + "\n")
        for row, _ in rows:
            cells = [row]
            for target in targets[1:]:
                ratios = samples[row, target.name].ratios(samples[row, NATIVE])
                cells.append(f"{statistics.median(ratios):.4f}" if ratios else "?")
            f.write(" ".join(cells) + "\n")


def plot(directory, rows, targets, samples, note):
    """Says what was drawn, or why nothing was."""
    if not shutil.which("gnuplot"):
        return "no plot: gnuplot is not installed"
    if not any(s.ns for (_, name), s in samples.items() if name != NATIVE):
        return "no plot: nothing ran in the guest"
    data = os.path.join(directory, "micro.dat")
    write_plot_data(data, rows, targets, samples)
    drawn = []
    for suffix, terminal in TERMINALS:
        output = os.path.join(directory, f"micro.{suffix}")
        script = PLOT.format(terminal=terminal, output=output, note=note, data=data,
                             columns=len(targets))
        done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True)
        drawn.append(output if done.returncode == 0
                     else f"(no {suffix}: {last_line(done.stderr)})")
    return "plot: " + " ".join(drawn)
