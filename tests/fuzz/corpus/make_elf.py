#!/usr/bin/env python3
"""Makes the seeds of fuzz_elf: small files, good and nearly good.

  make_elf.py [FOLDER]     default: the folder elf beside this script
"""
import os
import struct
import sys

PT_LOAD, PT_INTERP, PT_NOTE, PT_GNU_STACK = 1, 3, 4, 0x6474e551
ET_EXEC, ET_DYN = 2, 3


def phdr(kind, flags, offset, vaddr, filesz, memsz, align=0x1000):
    return struct.pack("<IIQQQQQQ", kind, flags, offset, vaddr, vaddr, filesz, memsz, align)


def elf(kind, entry, phdrs, body=b"", size=0, machine=62, cls=2, phentsize=56, phnum=None):
    ident = b"\x7fELF" + bytes([cls, 1, 1]) + bytes(9)
    head = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64,
                               phentsize, len(phdrs) if phnum is None else phnum, 0, 0, 0)
    data = head + b"".join(phdrs) + body
    return data + bytes(max(0, size - len(data)))


SEEDS = {
    "static": elf(ET_EXEC, 0x401000, [
        phdr(PT_LOAD, 5, 0, 0x400000, 0x300, 0x300),
        phdr(PT_LOAD, 6, 0x300, 0x401300, 0x100, 0x2000)], size=0x400),
    "static-pie": elf(ET_DYN, 0x100, [
        phdr(PT_LOAD, 5, 0, 0, 0x200, 0x200, 0x200000),
        phdr(PT_LOAD, 6, 0x200, 0x1200, 0x80, 0x1000),
        phdr(PT_GNU_STACK, 6, 0, 0, 0, 0)], size=0x280),
    "dynamic": elf(ET_DYN, 0x100, [
        phdr(PT_INTERP, 4, 288, 288, 28, 28, 1),
        phdr(PT_LOAD, 5, 0, 0, 0x200, 0x200),
        phdr(PT_LOAD, 6, 0x200, 0x1200, 0x80, 0x1000),
        phdr(PT_GNU_STACK, 7, 0, 0, 0, 0)], b"/lib64/ld-linux-x86-64.so.2\0", 0x280),
    "bss-only": elf(ET_EXEC, 0x401000, [
        phdr(PT_LOAD, 5, 0, 0x400000, 0x100, 0x100),
        phdr(PT_LOAD, 6, 0, 0x500000, 0, 0x100000)], size=0x100),
    "shared-page": elf(ET_EXEC, 0x400100, [
        phdr(PT_LOAD, 5, 0, 0x400000, 0x180, 0x180),
        phdr(PT_LOAD, 6, 0x180, 0x400180, 0x40, 0x40)], size=0x200),
    "overlap": elf(ET_EXEC, 0x400100, [
        phdr(PT_LOAD, 5, 0, 0x400000, 0x180, 0x2000),
        phdr(PT_LOAD, 6, 0, 0x401000, 0x40, 0x40)], size=0x200),
    "window": elf(ET_EXEC, 0x70000100, [phdr(PT_LOAD, 7, 0, 0x70000000, 0x100, 0x1000)], size=0x200),
    "wraps": elf(ET_EXEC, 0, [phdr(PT_LOAD, 7, 0, 2**64 - 0x1000, 0x100, 0x2000)], size=0x200),
    "huge-memsz": elf(ET_DYN, 0, [phdr(PT_LOAD, 7, 0, 0, 0x100, 2**64 - 1)], size=0x200),
    "beyond-file": elf(ET_EXEC, 0, [phdr(PT_LOAD, 7, 0x1000, 0x400000, 0x100, 0x100)], size=0x200),
    "i386": elf(ET_EXEC, 0, [phdr(PT_LOAD, 5, 0, 0x400000, 0x80, 0x80)], machine=3, cls=1),
    "many-phdrs": elf(ET_EXEC, 0, [phdr(PT_NOTE, 4, 0, 0, 0, 0)] * 64),
    "phnum-lies": elf(ET_EXEC, 0, [phdr(PT_NOTE, 4, 0, 0, 0, 0)], phnum=60),
    "header-only": elf(ET_EXEC, 0, [])[:64],
    "short": elf(ET_EXEC, 0, [])[:40],
    "script": b"#!/bin/sh\nexit 0\n",
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(os.path.dirname(os.path.abspath(__file__)), "elf")
    os.makedirs(folder, exist_ok=True)
    for name, data in SEEDS.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
