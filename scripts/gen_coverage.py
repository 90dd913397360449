#!/usr/bin/env python3
"""Which test exercises which system call: build/coverage.md, from the sources.

  gen_coverage.py [OUTPUT]

A call counts as exercised by a test whose source calls it: by its name, by the raw
wrappers SYS(name, …), SC(name, …), CALL(name, …), SYS_name, __NR_name, or by the C
library's function that is made of it.
"""
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDERS = ["differential", "guest", "attack", "unit"]
SHOWN = 4

# Functions that are calls of another name.
LIBRARY = {
    "rt_sigaction": "sigaction signal", "rt_sigprocmask": "sigprocmask",
    "rt_sigsuspend": "sigsuspend", "rt_sigpending": "sigpending",
    "rt_sigtimedwait": "sigtimedwait sigwait sigwaitinfo", "rt_sigqueueinfo": "sigqueue",
    "rt_sigreturn": "signal sigaction", "wait4": "waitpid wait test_wait",
    "exit_group": "_exit", "pread64": "pread", "pwrite64": "pwrite",
    "newfstatat": "fstatat stat lstat", "pselect6": "pselect", "getdents64": "readdir",
    "fadvise64": "posix_fadvise", "clone": "fork test_fork", "prlimit64": "setrlimit getrlimit",
    "signalfd4": "signalfd", "eventfd2": "eventfd", "mq_timedsend": "mq_send",
    "mq_timedreceive": "mq_receive", "umount2": "umount", "fchmodat": "chmod",
    "fchownat": "chown lchown", "utimensat": "futimens", "arch_prctl": "arch_prctl",
    "unlinkat": "rmdir unlink", "mkdirat": "mkdir", "sendto": "send", "recvfrom": "recv",
}


def rows():
    with open(os.path.join(TOP, "guestkern/sys/syscalls.def")) as f:
        return re.findall(r'^SYSCALL\((\d+), (\w+), \d, "\w*", (FULL|PARTIAL|MISSING)',
                          f.read(), re.MULTILINE)


def called():
    """{test: names that it calls}."""
    tests = {}
    for folder in FOLDERS:
        path = os.path.join(TOP, "tests", folder)
        for name in sorted(os.listdir(path)):
            if not name.endswith(".c"):
                continue
            with open(os.path.join(path, name), errors="replace") as f:
                text = re.sub(r"/\*.*?\*/|//[^\n]*", "", f.read(), flags=re.DOTALL)
            names = set(re.findall(r"\b(\w+)\s*\(", text))
            names |= set(re.findall(r"\b(?:SYS|SC|CALL)\((\w+)", text))
            names |= set(re.findall(r"\b(?:SYS_|__NR_)(\w+)", text))
            tests[f"{folder}/{name[:-2]}"] = names
    return tests


def main():
    tests = called()
    table, none = [], 0
    for number, name, status in rows():
        wanted = {name, *LIBRARY.get(name, "").split()}
        found = [test for test, names in tests.items() if names & wanted]
        if status != "MISSING" and not found:
            none += 1
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        table.append(f"| {number} | `{name}` | {status.lower()} | "
                     f"{', '.join(found[:SHOWN]) + more or 'none'} |\n")
    present = sum(1 for row in rows() if row[2] != "MISSING")
    text = ("# Which test exercises which system call\n\nMade by `scripts/gen_coverage.py`.\n"
            f"Of {present} calls that are there {present - none} are called by a test, "
            f"{none} by none.\n\n| number | call | status | tests |\n|---|---|---|---|\n")
    output = sys.argv[1] if len(sys.argv) > 1 else os.path.join(TOP, "build/coverage.md")
    with open(output, "w") as f:
        f.write(text + "".join(table))
    print(f"{output}: {present} calls, {none} without a test")


if __name__ == "__main__":
    main()
