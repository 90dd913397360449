#!/usr/bin/env python3
"""Makes docs/syscalls.md from guestkern/sys/syscalls.def.

  gen_syscall_doc.py [--check] [TABLE [DOCUMENT]]

Without --check it writes the document; with it, it fails when the document is
not what the table says. The same table gives the same bytes.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROW = re.compile(r'^SYSCALL\((\d+), (\w+), (\d), "(\w*)", (FULL|PARTIAL|MISSING), "([^"]*)"\)$')
MEANING = {
    "FULL": "as on Linux; the note says what can be noticed all the same",
    "PARTIAL": "works; the note says what is missing",
    "MISSING": "answers `ENOSYS`",
}

HEAD = """# System calls

Made from `guestkern/sys/syscalls.def` by `scripts/gen_syscall_doc.py`: do not edit.
The table feeds dispatch, `--trace=syscalls` and `--stats`, too.

"""


def read_table(path):
    rows = []
    with open(path) as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line.startswith("SYSCALL("):
                continue
            match = ROW.match(line)
            if not match:
                sys.exit(f"{path}:{number}: not a row: {line}")
            nr, name, nargs, fmt, status, caveat = match.groups()
            if len(fmt) != int(nargs):
                sys.exit(f"{path}:{number}: {name} has {nargs} arguments, its format {len(fmt)}")
            if status == "PARTIAL" and not caveat:
                sys.exit(f"{path}:{number}: {name} is PARTIAL and does not say what is missing")
            rows.append((int(nr), name, int(nargs), status, caveat))
    numbers = [row[0] for row in rows]
    if numbers != sorted(set(numbers)):
        sys.exit(f"{path}: numbers do not ascend")
    return rows


def document(rows):
    out = [HEAD, "| status | calls | meaning |\n|---|---|---|\n"]
    for status, meaning in MEANING.items():
        count = sum(1 for row in rows if row[3] == status)
        out.append(f"| {status.lower()} | {count} | {meaning} |\n")
    for title, statuses in (("Present", ("FULL", "PARTIAL")), ("Missing", ("MISSING",))):
        out.append(f"\n## {title}\n\n| number | call | arguments | status | note |\n")
        out.append("|---|---|---|---|---|\n")
        for nr, name, nargs, status, caveat in rows:
            if status in statuses:
                out.append(f"| {nr} | `{name}` | {nargs} | {status.lower()} | {caveat} |\n")
    return "".join(out)


def main():
    args = [a for a in sys.argv[1:] if a != "--check"]
    table = args[0] if args else os.path.join(TOP, "guestkern/sys/syscalls.def")
    path = args[1] if len(args) > 1 else os.path.join(TOP, "docs/syscalls.md")
    text = document(read_table(table))
    if "--check" in sys.argv[1:]:
        if not os.path.exists(path) or open(path).read() != text:
            sys.exit(f"{path} is not what the table says: run scripts/gen_syscall_doc.py")
        return
    with open(path, "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
