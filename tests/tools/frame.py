#!/usr/bin/env python3
"""The tools that judge everything else, judged: the TAP reader of tests/run, the
rules of scripts/check_layers.py, the archives of scripts/mkroot.py. Speaks TAP."""
import os
import subprocess
import sys
import tempfile

import libtap


RUN = libtap.load("tests/run")
RULES = libtap.load("scripts/check_layers.py")


# ---- tests/run -----------------------------------------------------------------

def tap(text, status=0, timeout=0):
    reader = RUN.TapReader()
    for line in text.splitlines():
        reader.line(line)
    report = reader.close(status, timeout)
    return report.passed, len(report.failures), len(report.skips)


def tap_counts():
    assert tap("1..2\nok 1 - a\nok 2 - b") == (2, 0, 0)
    assert tap("ok 1 - a\nnot ok 2 - b\n1..2", status=1) == (1, 1, 0)
    assert tap("1..1\nok 1 - a # SKIP no device") == (0, 0, 1)
    assert tap("1..0 # SKIP no device") == (0, 0, 1)
    assert tap("1..1\nok 1 - file.c:case:name: Passed") == (1, 0, 0)


def tap_broken_promises():
    assert tap("ok 1 - a") == (1, 1, 0), "no plan"
    assert tap("1..2\nok 1 - a") == (1, 1, 0), "a test is missing"
    assert tap("1..1\nok 1 - a\nok 2 - b") == (2, 1, 0), "one too many"
    assert tap("1..2\nok 1 - a\nok 1 - a") == (2, 1, 0), "one twice"
    assert tap("1..0") == (0, 1, 0), "nothing, and no reason"
    assert tap("1..1\nok 1 - a", status=3) == (1, 1, 0), "exit status"
    assert tap("1..1\nok 1 - a", status=-11) == (1, 1, 0), "signal"
    assert tap("1..1\nok 1 - a", status=-9, timeout=5) == (1, 1, 0), "too late"
    assert tap("1..1\nok 1 - a\nBail out! disk full") == (1, 1, 0), "bail out"
    assert tap("", status=125) == (0, 1, 0), "nothing at all"


def tap_diagnosis():
    reader = RUN.TapReader()
    for line in "1..3\nok 1\nabout 2\nnot ok 2\n# more on 2\nok 3".splitlines():
        reader.line(line)
    report = reader.close(1, 0)
    assert [lines for _, lines in report.failures] == [["about 2", "# more on 2"]]


# ---- scripts/check_layers.py ----------------------------------------------------

def findings(rule, path, text):
    """What a rule says of a file of that name and text, in a tree of its own."""
    with tempfile.TemporaryDirectory() as top:
        os.makedirs(os.path.join(top, os.path.dirname(path)))
        with open(os.path.join(top, path), "w") as f:
            f.write(text)
        saved, RULES.TOP = RULES.TOP, top
        try:
            return [f.message for f in rule([RULES.Source(path)])]
        finally:
            RULES.TOP = saved


def rule_layers():
    def found(path, text):
        return len(findings(RULES.check_layers, path, text))
    assert found("guestkern/mm/a.c", '#include "lib/list.h"\n#include "mm/page.h"\n') == 0
    assert found("guestkern/mm/a.c", '#include "fs/file.h"\n') == 1
    assert found("guestkern/mm/a.c", '/* #include "fs/file.h" */\n') == 0
    assert found("guestkern/mm/a.c", '#include "policy.h"\n') == 1
    assert found("guestkern/mm/a.c", "#include <string.h>\n") == 1
    assert found("guestkern/mm/a.c", "#include <stdint.h>\n#include <linux/mman.h>\n") == 0
    assert found("vmmproc/a.c", '#include "mm/page.h"\n') == 1
    assert found("vmmproc/abi/a.h", "#include <stdio.h>\n") == 1


def rule_comments():
    def found(text):
        return len(findings(RULES.check_comments, "vmmproc/a.h", text))
    assert found("int f(void);\n") == 1
    assert found("/* Does f. */\nint f(void);\nint g(int a,\n\t  int b);\n") == 0
    assert found("/* Does f. */\nint f(void);\n\nint g(void);\n") == 1
    assert found("/* The file. */\n\nint f(void);\n") == 1
    assert found("int f(void); /* does f */\n") == 0
    assert found("typedef int (*fn)(void);\nextern int (*hook)(void);\nextern int a[4];\n") == 0
    assert found("struct ops {\n\tint (*f)(int);\n};\n") == 0
    assert found("__attribute__((noreturn)) void die(void);\n") == 1


def rule_functions():
    def found(text):
        return len(findings(RULES.check_functions, "vmmproc/a.c", text))
    body = "\tx++;\n"
    assert found("int f(void)\n{\n" + body * 77 + "}\n") == 0
    assert found("int f(void)\n{\n" + body * 78 + "}\n") == 1
    assert found("int table[] = {\n" + "\t1,\n" * 100 + "};\n") == 0
    assert found("int f(void)\n{\n\tint c = '{';\n}\n" + "int g(void)\n{\n" + body * 70 + "}\n") == 0
    assert found("int f(void)\n{\n#ifdef X\n#endif\n}\n") == 1
    assert found("#ifdef X\nint f(void)\n{\n}\n#endif\n") == 0


# ---- scripts/mkroot.py ----------------------------------------------------------

def make_root(output, *arguments):
    subprocess.run([sys.executable, os.path.join(libtap.TOP, "scripts/mkroot.py"), "-o", output,
                    *arguments], check=True)
    with open(output, "rb") as f:
        return f.read()


def read_cpio(data):
    """path -> (mode, contents) of a newc archive."""
    entries, at = {}, 0
    while True:
        assert data[at:at + 6] == b"070701"
        field = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        name = data[at + 110:at + 110 + field[11] - 1].decode()
        body = (at + 110 + field[11] + 3) & ~3
        if name == "TRAILER!!!":
            return entries
        assert field[2] == field[3] == 0, "not owned by root"
        entries[name] = (field[1], data[body:body + field[6]])
        at = (body + field[6] + 3) & ~3


def root_archive():
    with tempfile.TemporaryDirectory() as tmp:
        extra = os.path.join(tmp, "extra")
        with open(extra, "w") as f:
            f.write("hello")
        arguments = ["--add", f"{extra}:/opt/a/hello", "--add", f"{extra}:/opt/b:4755"]
        first = make_root(os.path.join(tmp, "1"), *arguments)
        os.utime(extra, (1, 1))
        assert first == make_root(os.path.join(tmp, "2"), *arguments), "not reproducible"
    entries = read_cpio(first)
    assert entries["opt"][0] == entries["opt/a"][0] == 0o40755
    assert entries["opt/a/hello"] == (0o100644, b"hello")
    assert entries["opt/b"] == (0o104755, b"hello")
    assert entries["bin/sh"] == (0o120777, b"/bin/busybox")
    assert entries["tmp"][0] == 0o41777
    seen = set()
    for path in entries:
        assert not os.path.dirname(path) or os.path.dirname(path) in seen, path
        seen.add(path)


if __name__ == "__main__":
    libtap.run([tap_counts, tap_broken_promises, tap_diagnosis, rule_layers, rule_comments,
                rule_functions, root_archive])
