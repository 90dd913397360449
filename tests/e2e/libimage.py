"""Makes broken guest-kernel images of a good one.

    libimage.py GOOD DIRECTORY
"""
import os
import random
import struct
import sys

from libelf import Elf, PT_LOAD

IMAGE_ADDR = 0x70210000     # vmmproc/abi/layout.h, abi/image.h
WORDS = "magic abi_version entry entry_ready gate_open gate_close gate_return host_call".split()


def offset_of(elf, addr):
    for p in elf.p:
        if p["type"] == PT_LOAD and p["vaddr"] <= addr < p["vaddr"] + p["filesz"]:
            return p["offset"] + addr - p["vaddr"]
    raise ValueError(hex(addr))


def with_word(good, word, value):
    data = bytearray(good)
    struct.pack_into("<Q", data, offset_of(Elf(good), IMAGE_ADDR) + 8 * WORDS.index(word),
                     value & (1 << 64) - 1)
    return bytes(data)


def images(good):
    yield "good", good
    for size in (0, 1, 4, 63, 64, 100, 200, 4096, 8192):
        yield f"cut-{size}", good[:size]
    yield "text", b"no kernel\n" * 1000
    for word in ("magic", "abi_version"):
        for value in (0, 1 << 63):
            yield f"{word}-{value:x}", with_word(good, word, value)
    # executed by the confined process before it is traced
    for value in (0, 8, 0x400000, 0x70000000, 0x70200000, 0x70210000, 0x90000000, 1 << 47,
                  1 << 63, (1 << 64) - 1):
        yield f"entry-{value:x}", with_word(good, "entry", value)
    for value in (0, 0x70210000, (1 << 64) - 1):
        yield f"ready-{value:x}", with_word(good, "entry_ready", value)
    for field, value in (("phoff", 1 << 40), ("phoff", (1 << 64) - 8), ("phoff", len(good) - 8),
                         ("phnum", 0), ("phnum", 65535)):
        elf = Elf(good)
        elf.e[field] = value
        data = bytearray(good)
        struct.pack_into("<Q" if field == "phoff" else "<H", data,
                         32 if field == "phoff" else 56, value)
        yield f"{field}-{value:x}", bytes(data)
    changes = (("vaddr", 0), ("vaddr", 0x400000), ("vaddr", 0xC0000000), ("vaddr", 1 << 63),
               ("vaddr", 0x70000000 - 4096), ("vaddr", (1 << 64) - 4096), ("memsz", 1 << 40),
               ("memsz", (1 << 64) - 1), ("filesz", 1 << 40), ("filesz", (1 << 64) - 1),
               ("offset", 1 << 40), ("offset", (1 << 64) - 4096), ("memsz", 0))
    for index in (0, -1):
        for field, value in changes:
            elf = Elf(good)
            elf.loads()[index][field] = value
            yield f"segment{index}-{field}-{value:x}", elf.bytes()
    rng = random.Random(4)
    heads = [i for i in range(64 + 56 * 6)] + list(range(offset_of(Elf(good), IMAGE_ADDR),
                                                         offset_of(Elf(good), IMAGE_ADDR) + 64))
    for i in range(40):
        data = bytearray(good)
        for _ in range(rng.choice((1, 2, 6))):
            data[rng.choice(heads)] = rng.randrange(256)
        yield f"mutant-{i}", bytes(data)


def main():
    with open(sys.argv[1], "rb") as f:
        good = f.read()
    for name, data in images(good):
        with open(os.path.join(sys.argv[2], name), "wb") as f:
            f.write(data)


if __name__ == "__main__":
    main()
