#!/usr/bin/env python3
"""What user mode can execute of the guest kernel's image with --protect pkey holds
wrpkru and xrstor, at any byte and across any two instructions, only where the
disassembler sees them: where a defence stands behind them (hal/prot_pkey.S). TAP."""
import os
import re
import subprocess
import sys

import libtap

BUILD = os.path.join(libtap.TOP, os.environ.get("LODGER_BUILD", "build"))
KERNEL = os.path.join(BUILD, "guestkern.elf")
# wrpkru; xrstor with a memory operand (SDM vol. 2)
TURNS_KEYS = re.compile(rb"\x0f(?=\x01\xef|\xae[\x28-\x2f\x68-\x6f\xa8-\xaf])")


def output_of(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def executable(image):
    """(address, bytes) of each section of code; what else is on its pages is zero."""
    for m in re.finditer(r"\n *\d+ \S+ +(\w+) +(\w+) +\w+ +(\w+) .*\n.*\bCODE\b",
                         output_of("objdump", "-h", KERNEL)):
        length, addr, at = (int(word, 16) for word in m.groups())
        yield addr, image[at:at + length]


def found(image):
    return {addr + m.start() for addr, text in executable(image) for m in TURNS_KEYS.finditer(text)}


def spelled():
    """Where objdump sees them; prefixes come before the byte 0f."""
    places = set()
    for line in output_of("objdump", "-d", KERNEL).splitlines():
        m = re.match(r"\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*\t(wrpkru|xrstor)", line)
        if m:
            places.add(int(m.group(1), 16) + m.group(2).split().index("0f"))
    return places


def main():
    with open(KERNEL, "rb") as f:
        image = f.read()
    print("1..2")
    segments = list(executable(image))
    ok = len(spelled()) >= 4 and any(b"\x0f\x01\xef" in text for _, text in segments)
    print(f"{'' if ok else 'not '}ok 1 - the image has such instructions")
    odd = found(image) ^ spelled()
    for place in sorted(odd):
        print(f"# {place:#x}")
    print(f"{'not ' if odd else ''}ok 2 - and nowhere else")
    return 1 if odd or not ok else 0


if __name__ == "__main__":
    sys.exit(main())
