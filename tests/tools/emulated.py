#!/usr/bin/env python3
"""What scripts/emulated-host says where it cannot work, and when a host hangs. Speaks
TAP. That a host boots, and what runs on it, is for the group `emulated`."""
import os
import subprocess

import libtap


def emulated(*argv, **env):
    done = subprocess.run([os.path.join(libtap.TOP, "scripts/emulated-host"), *argv, "--", "true"],
                          env={**os.environ, **env}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr.strip().splitlines()


def stand_in(folder, text):
    """A program in place of qemu."""
    path = os.path.join(folder, "qemu")
    with open(path, "w", encoding="ascii") as f:
        f.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)
    return path


# What the stand-in gets: its serial lines, in the order of the options.
LINES = """
set -- $(printf '%s\\n' "$@" | sed -n 's/^file://p')
"""


def no_qemu():
    status, out, err = emulated("--qemu", "/nonexistent/qemu")
    assert status == 77 and not out and len(err) == 1, (status, out, err)
    assert "qemu-system-x86" in err[0], err


def no_kernel(folder):
    status, out, err = emulated("--qemu", "true", "--kernel", "0.0.0-none",
                                LODGER_BUILD=folder)
    assert status == 77 and not out and len(err) == 1, (status, out, err)
    assert "linux-image-0.0.0-none" in err[0], err


def no_file(folder):
    status, _, err = emulated("--qemu", "true", "--kernel", "/bin/sh", "--file", "/nonexistent:/x",
                              LODGER_BUILD=folder)
    assert status == 125 and "--file" in err[0], (status, err)


def streams_and_status(folder):
    qemu = stand_in(folder, LINES + 'echo out >"$2"; echo err >"$3"; echo 9 >"$4"\n')
    got = emulated("--qemu", qemu, "--kernel", "/bin/sh", LODGER_BUILD=folder)
    assert got == (9, "out\n", ["err"]), got


def no_end(folder):
    qemu = stand_in(folder, LINES + 'echo booting >"$1"; exec sleep 1000\n')
    status, _, err = emulated("--qemu", qemu, "--kernel", "/bin/sh", "--timeout", "1",
                              LODGER_BUILD=folder)
    assert status == 124 and len(err) == 1, (status, err)
    with open(err[0].rpartition(" ")[2], encoding="ascii") as f:
        assert f.read() == "booting\n"


def no_status(folder):
    qemu = stand_in(folder, LINES + 'echo panic >"$1"\n')
    status, _, err = emulated("--qemu", qemu, "--kernel", "/bin/sh", LODGER_BUILD=folder)
    assert status == 125 and len(err) == 1, (status, err)
    with open(err[0].rpartition(" ")[2], encoding="ascii") as f:
        assert f.read() == "panic\n"


if __name__ == "__main__":
    libtap.run([no_qemu, no_kernel, no_file, streams_and_status, no_end, no_status])
