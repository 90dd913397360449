"""Makes a directory of ELF files that a loader must refuse or survive.

    libelf.py GOOD DIRECTORY

GOOD is a static x86-64 program. Each file NAME gets a line `NAME WANTED` in the
file `list` of the directory; WANTED is 126 where the program cannot be started,
`any` where it can but then does what it likes, with its own process.
"""
import os
import random
import struct
import sys

EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR = struct.Struct("<IIQQQQQQ")
E = ("ident type machine version entry phoff shoff flags ehsize phentsize phnum "
     "shentsize shnum shstrndx").split()
P = "type flags offset vaddr paddr filesz memsz align".split()
PT_LOAD, PT_INTERP, PT_TLS, PT_GNU_STACK = 1, 3, 7, 0x6474e551
WINDOW, WINDOW_END = 0x70000000, 0xC0000000


class Elf:
    def __init__(self, data):
        self.data = bytearray(data)
        self.e = dict(zip(E, EHDR.unpack_from(self.data)))
        self.p = [dict(zip(P, PHDR.unpack_from(self.data, self.e["phoff"] + i * PHDR.size)))
                  for i in range(self.e["phnum"])]

    def loads(self):
        return [p for p in self.p if p["type"] == PT_LOAD]

    def bytes(self):
        EHDR.pack_into(self.data, 0, *[self.e[k] for k in E])
        for i, p in enumerate(self.p):
            PHDR.pack_into(self.data, self.e["phoff"] + i * PHDR.size, *[p[k] for k in P])
        return bytes(self.data)


def header(good):
    """Changes of the ELF header, each alone."""
    ident = good.e["ident"]
    cases = {
        "class32": ("ident", ident[:4] + b"\1" + ident[5:]),
        "class9": ("ident", ident[:4] + b"\9" + ident[5:]),
        "bigendian": ("ident", ident[:5] + b"\2" + ident[6:]),
        "version0": ("ident", ident[:6] + b"\0" + ident[7:]),
        "badmagic": ("ident", b"\x7fELG" + ident[4:]),
        "aarch64": ("machine", 183),
        "i386": ("machine", 3),
        "riscv": ("machine", 243),
        "machine0": ("machine", 0),
        "relocatable": ("type", 1),
        "core": ("type", 4),
        "type9": ("type", 9),
        "phnum0": ("phnum", 0),
        "phnum65535": ("phnum", 65535),
        "phentsize0": ("phentsize", 0),
        "phentsize8": ("phentsize", 8),
        "phentsize64k": ("phentsize", 65535),
        "phoffend": ("phoff", len(good.data)),
        "phoffbeyond": ("phoff", 1 << 40),
        "phoffwraps": ("phoff", (1 << 64) - 64),
    }
    for name, (field, value) in cases.items():
        elf = Elf(good.data)
        data = bytearray(elf.bytes())
        elf.e[field] = value
        EHDR.pack_into(data, 0, *[elf.e[k] for k in E])
        # an odd ident version is no reason to refuse: Linux does not look
        yield name, bytes(data), "any" if name in ("version0", "class9") else 126
    for name, value in {"entry0": 0, "entrywindow": WINDOW, "entrycore": WINDOW + 0x200000,
                        "entryhigh": 1 << 63, "entrydata": 0x7FFFF000}.items():
        elf = Elf(good.data)
        elf.e["entry"] = value
        yield name, elf.bytes(), "any"


def segments(good):
    """Changes of the first segment."""
    big = 1 << 40
    cases = {
        "vaddrwindow": {"vaddr": WINDOW}, "vaddrcore": {"vaddr": WINDOW + 0x200000},
        "vaddrbelow": {"vaddr": WINDOW - 0x1000, "memsz": 0x4000},
        "vaddrabove": {"vaddr": WINDOW_END}, "vaddrzero": {"vaddr": 0},
        "vaddrhigh": {"vaddr": 1 << 47}, "vaddrnoncanonical": {"vaddr": 1 << 63},
        "vaddrwraps": {"vaddr": (1 << 64) - 0x1000},
        "memszhuge": {"memsz": big}, "memszwraps": {"memsz": (1 << 64) - 1},
        "memszram": {"memsz": 1 << 30},
        "fileszmemsz": {"filesz": 0x2000, "memsz": 0x1000},
        "fileszhuge": {"filesz": big, "memsz": big},
        "offsetbeyond": {"offset": big}, "offsetwraps": {"offset": (1 << 64) - 0x1000},
        "offsetodd": {"offset": 1}, "vaddrodd": {"vaddr": 0x400001},
        "align3": {"align": 3}, "alignhuge": {"align": 1 << 62}, "align0": {"align": 0},
        "flags0": {"flags": 0}, "flagsall": {"flags": 0xFFFFFFFF},
    }
    for name, change in cases.items():
        elf = Elf(good.data)
        elf.loads()[0].update(change)
        yield "load-" + name, elf.bytes(), "any"
    elf = Elf(good.data)
    for p in elf.loads()[1:]:
        p["vaddr"] = elf.loads()[0]["vaddr"]
    yield "load-overlap", elf.bytes(), "any"
    elf = Elf(good.data)
    for p in elf.loads():
        p["type"] = 0
    yield "load-none", elf.bytes(), 126


def interpreters(good):
    """An interpreter in place of the first segment that is no load."""
    def with_interp(offset, size):
        elf = Elf(good.data)
        spare = [p for p in elf.p if p["type"] != PT_LOAD][0]
        spare.update(type=PT_INTERP, offset=offset, filesz=size, memsz=size)
        return elf

    def named(name):
        elf = with_interp(len(good.data), len(name))
        return elf.bytes() + name

    yield "interp-missing", named(b"/lib/nope.so\0"), 127
    yield "interp-directory", named(b"/bin\0"), 126
    yield "interp-script", named(b"/bad/script\0"), 126
    yield "interp-foreign", named(b"/bad/aarch64\0"), 126
    yield "interp-itself", named(b"/bad/interp-itself\0"), "any"
    yield "interp-empty", named(b"\0"), 126
    yield "interp-noend", named(b"/bin/sh"), 126
    yield "interp-long", named(b"/" + b"a" * 5000 + b"\0"), 126
    yield "interp-size0", with_interp(0, 0).bytes(), 126
    yield "interp-beyond", with_interp(1 << 40, 16).bytes(), 126
    yield "interp-huge", with_interp(0, 1 << 40).bytes(), 126


def cut(good):
    whole = good.bytes()
    for size in (0, 1, 3, 4, 15, 16, 63, 64, 100, 119):
        yield f"cut-{size}", whole[:size], "any" if size == 0 else 126
    for part in (2, 3, 10):
        yield f"cut-part{part}", whole[:len(whole) // part], "any"


def mutated(good, count=60):
    rng = random.Random(2)
    end = good.e["phoff"] + good.e["phnum"] * PHDR.size
    for i in range(count):
        data = bytearray(good.bytes())
        for _ in range(rng.choice((1, 1, 2, 8))):
            data[rng.randrange(16, end)] = rng.randrange(256)
        yield f"mutant-{i}", bytes(data), "any"


def scripts():
    yield "script", b"#!/bin/sh\nexit 3\n", "3"
    yield "script-missing", b"#!/nope\n", 127
    yield "script-empty", b"#!\n", 126
    yield "script-spaces", b"#!      \n", 126
    yield "script-long", b"#!/" + b"a" * 5000 + b"\n", 126
    yield "script-noend", b"#!/bin/sh", "0"
    yield "script-itself", b"#!/bad/script-itself\n", 126
    yield "script-foreign", b"#!/bad/aarch64\n", 126
    yield "script-nul", b"#!/bin/sh\0x\n", "any"
    yield "text", b"no program at all\n", 126
    yield "zeros", bytes(4096), 126


def main():
    good_path, directory = sys.argv[1:]
    with open(good_path, "rb") as f:
        good = Elf(f.read())
    os.makedirs(directory)
    with open(os.path.join(directory, "list"), "w") as listing:
        for family in (header(good), segments(good), interpreters(good), cut(good),
                       mutated(good), scripts()):
            for name, data, wanted in family:
                path = os.path.join(directory, name)
                with open(path, "wb") as f:
                    f.write(data)
                os.chmod(path, 0o755)
                listing.write(f"{name} {wanted}\n")


if __name__ == "__main__":
    main()
