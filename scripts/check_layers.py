#!/usr/bin/env python3
"""The rules of the source tree that a script can hold.

  layers     the guest kernel's folders include only their own and lower ones,
             lib < hal < mm < proc < dev < fs < net < sys < entry, and of the
             VMM only abi/; freestanding code includes no libc header; an abi/
             header includes nothing but its like
  headers    each header compiles alone, and twice
  comments   a public function (a prototype in a header) has a comment at it; one
             comment may cover a group of declarations without a blank line
  functions  none over 80 lines, no #if within one
  files      none over 700 lines, tables (*.def, *_table.c) apart

Findings are printed as file:line: message. --tap prints a TAP test per rule.
Which headers compiled is remembered in build/ when there is one.
"""
import argparse
import concurrent.futures
import hashlib
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAYERS = ["lib", "hal", "mm", "proc", "dev", "fs", "net", "sys", "entry"]
MAX_FUNCTION_LINES = 80
MAX_FILE_LINES = 700
C_FOLDERS = ["vmmproc", "guestkern", "guestlib", "kmod", "tests", "bench"]
LINE_FOLDERS = C_FOLDERS + ["scripts", "docs", ".ci"]
COMPILED = ["guestkern", "vmmproc", "guestlib"]

# What a freestanding compiler brings, and the kernel's interface headers.
FREESTANDING = re.compile(
    r"(float|iso646|limits|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdnoreturn"
    r"|cpuid|\w+intrin)\.h$|(linux|asm|asm-generic|scsi|mtd)/")

COMPILE_FLAGS = {
    "guestkern": ["-ffreestanding", "-mgeneral-regs-only", "-iquote", "guestkern",
                  "-iquote", "vmmproc"],
    "vmmproc": ["-D_GNU_SOURCE", "-iquote", "vmmproc"],
    "guestlib": ["-ffreestanding", "-Iguestlib/include", "-iquote", "guestlib"],
}


class Finding:
    def __init__(self, path, line, message):
        self.path, self.line, self.message = path, line, message

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


# ---- Reading C -----------------------------------------------------------------

TOKEN = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*(?:(?<=\\)\n[^\n]*)*", re.MULTILINE)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)|_Alignas\s*\([^()]*\)|alignas\s*\([^()]*\)",
                       re.DOTALL)
CONDITIONAL = re.compile(r"\s*#\s*(if|ifdef|ifndef|elif|else)\b")
FILE_SCOPE_MACROS = re.compile(r"\bEND_TEST\b")


def blank(text):
    """The same number of lines, nothing in them."""
    return re.sub(r"[^\n]", " ", text)


class Source:
    """A C file cut into its top-level items."""

    def __init__(self, path):
        self.path = path
        with open(os.path.join(TOP, path), errors="replace") as f:
            self.text = f.read()
        self.comment_ends = set()       # lines on which a comment ends
        self.directives = []            # (line, text)
        self.code = DIRECTIVE.sub(self._directive, TOKEN.sub(self._token, self.text))
        self.code = FILE_SCOPE_MACROS.sub(lambda m: blank(m.group()), self.code)

    def _line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def _token(self, match):
        token = match.group()
        if token.startswith("/"):
            self.comment_ends.add(self._line_at(match.end()))
            return blank(token)
        return token[0] + blank(token[1:-1]) + token[-1]

    def _directive(self, match):
        # Quoted names are blank by now: take the text as it was.
        self.directives.append((self._line_at(match.start()),
                                self.text[match.start():match.end()]))
        return blank(match.group())

    def items(self):
        """Yields (first line, last line, head, is_function); head ends before a body."""
        start, head, depth, line = None, None, 0, 1
        is_function = False
        first = 0
        for match in re.finditer(r"[^\s{}();]+|[{}();\n]", self.code):
            token = match.group()
            if token == "\n":
                line += 1
                continue
            if start is None:
                start, first, head, is_function = match.start(), line, None, False
            if token == "{" and depth == 0:
                head = self.code[start:match.start()]
                is_function = looks_like_function(head)
            if token in "{(":
                depth += 1
            elif token in "})":
                depth = max(0, depth - 1)
            ends = token == ";" or (token == "}" and is_function)
            if ends and depth == 0:
                yield (first, line, self.code[start:match.end()] if head is None else head,
                       is_function)
                start = None

    def includes(self):
        """Yields (line, name, is_quoted)."""
        for line, text in self.directives:
            match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', text)
            if match:
                yield line, match.group(1) or match.group(2), bool(match.group(1))


def looks_like_function(head):
    head = ATTRIBUTE.sub(" ", head)
    return bool(re.search(r"\w\s*\(", head)) and "=" not in head


def prototype_name(head):
    """The function that a declaration without a body declares, or None."""
    head = ATTRIBUTE.sub(" ", head)
    if re.match(r"\s*(typedef|static_assert|_Static_assert)\b", head) or "=" in head:
        return None
    match = re.match(r"\s*(?:[A-Za-z_]\w*[\s*]+)+([A-Za-z_]\w*)\s*\((?!\s*\*)", head)
    return match.group(1) if match else None


# ---- The rules -----------------------------------------------------------------

def check_kernel_include(source, layer, line, name, quoted):
    if not quoted:
        if not FREESTANDING.match(name):
            yield Finding(source.path, line, f"libc header <{name}> in the guest kernel")
        return
    first = name.split("/")[0]
    folder = os.path.dirname(source.path)
    if first in LAYERS and "/" in name:
        if LAYERS.index(first) > LAYERS.index(layer):
            yield Finding(source.path, line, f'{layer} includes "{name}" of the higher layer {first}')
    elif first != "abi" and not (
            "/" not in name and os.path.exists(os.path.join(TOP, folder, name))):
        yield Finding(source.path, line,
                      f'"{name}" is neither LAYER/ nor abi/ nor a file of this folder')


def check_abi_include(source, line, name, quoted):
    local = os.path.exists(os.path.join(TOP, "vmmproc/abi", os.path.basename(name)))
    if not (local if quoted else FREESTANDING.match(name)):
        yield Finding(source.path, line, f"an abi/ header includes {name}: it must be self-contained")


def check_other_include(source, folder, line, name, quoted):
    if quoted and ".." in name.split("/"):
        yield Finding(source.path, line, f'"{name}" climbs out of its folder')
    elif quoted and folder == "vmmproc" and name.split("/")[0] in LAYERS and \
            not os.path.exists(os.path.join(TOP, folder, name)):
        yield Finding(source.path, line, f'the VMM includes "{name}" of the guest kernel')


def check_layers(sources):
    for source in sources:
        parts = source.path.split("/")
        for include in source.includes():
            if parts[0] == "guestkern" and len(parts) > 2 and parts[1] in LAYERS:
                yield from check_kernel_include(source, parts[1], *include)
            elif source.path.startswith("vmmproc/abi/"):
                yield from check_abi_include(source, *include)
            elif parts[0] in COMPILED:
                yield from check_other_include(source, parts[0], *include)


def check_comments(sources):
    for source in sources:
        if not source.path.endswith(".h") or source.path.split("/")[0] not in COMPILED:
            continue
        group_end = -1          # last line of the documented group so far
        for first, last, head, is_function in source.items():
            name = None if is_function else prototype_name(head)
            if first - 1 in source.comment_ends or first - 1 == group_end:
                group_end = last
            elif name and last not in source.comment_ends:
                yield Finding(source.path, first, f"{name}: a public function without a comment")


def check_functions(sources):
    for source in sources:
        conditionals = [n for n, text in source.directives if CONDITIONAL.match(text)]
        for first, last, head, is_function in source.items():
            if not is_function:
                continue
            name = re.search(r"(\w+)\s*\(", head).group(1)
            if last - first + 1 > MAX_FUNCTION_LINES:
                yield Finding(source.path, first, f"{name}: {last - first + 1} lines, over"
                              f" {MAX_FUNCTION_LINES}")
            for line in conditionals:
                if first < line < last:
                    yield Finding(source.path, line, f"#if within {name}: choose by file")
                    break


def check_files(paths):
    for path in paths:
        if path.endswith((".def", "_table.c", ".md")):
            continue
        with open(os.path.join(TOP, path), "rb") as f:
            count = f.read().count(b"\n")
        if count > MAX_FILE_LINES:
            yield Finding(path, MAX_FILE_LINES + 1, f"{count} lines, over {MAX_FILE_LINES}")


def header_error(path):
    """What the compiler says about a header on its own, or ''."""
    flags = COMPILE_FLAGS[path.split("/")[0]]
    run = subprocess.run(
        ["gcc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wundef", "-Werror", *flags,
         "-x", "c", "-"], input=f'#include "{path}"\n' * 2, text=True, capture_output=True, cwd=TOP)
    return run.stderr if run.returncode else ""


def check_headers(paths):
    headers = [p for p in paths if p.endswith(".h") and p.split("/")[0] in COMPILED]
    cache = os.path.join(TOP, "build", "headers.ok")
    digest = hashlib.sha256(open(os.path.abspath(__file__), "rb").read())
    for path in headers + [p for p in paths if p.endswith(".def")]:
        st = os.stat(os.path.join(TOP, path))
        digest.update(f"{path} {st.st_mtime_ns} {st.st_size}\n".encode())
    digest = digest.hexdigest()
    if os.path.exists(cache) and open(cache).read() == digest:
        return
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        errors = list(pool.map(header_error, headers))
    for path, error in zip(headers, errors):
        if error:
            match = re.search(r"^(\S+?):(\d+)(?::\d+)?: ((?:fatal )?error: .*)$", error, re.MULTILINE)
            where = f"{match[3]} ({match[1]}:{match[2]})" if match else error.strip()
            yield Finding(path, 1, f"does not compile alone: {where}")
    if not any(errors) and os.path.isdir(os.path.dirname(cache)):
        with open(cache, "w") as f:
            f.write(digest)


# ---- Main ----------------------------------------------------------------------

def walk(folders, suffixes):
    for folder in folders:
        for dirpath, dirs, names in os.walk(os.path.join(TOP, folder)):
            dirs[:] = sorted(d for d in dirs if d not in ("build", "__pycache__", "corpus"))
            for name in sorted(names):
                if name.endswith(suffixes):
                    yield os.path.relpath(os.path.join(dirpath, name), TOP)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    ap.add_argument("--tap", action="store_true", help="speak TAP")
    args = ap.parse_args()
    c_paths = list(walk(C_FOLDERS, (".c", ".h", ".S", ".def")))
    line_paths = list(walk(LINE_FOLDERS, (".c", ".h", ".S", ".py", ".sh", ".ld", ".mk")))
    sources = [Source(p) for p in c_paths]
    c_sources = [s for s in sources if s.path.endswith((".c", ".h"))]
    rules = [
        ("layers", "includes go down only", check_layers(sources)),
        ("headers", "each compiles alone", check_headers(c_paths)),
        ("comments", "public functions are documented", check_comments(sources)),
        ("functions", "none too long, no #if within", check_functions(c_sources)),
        ("files", "none too long", check_files(line_paths)),
    ]
    failed = False
    if args.tap:
        print(f"1..{len(rules)}")
    for number, (name, meaning, findings) in enumerate(rules, start=1):
        found = list(findings)
        failed = failed or bool(found)
        if args.tap:
            print(f"{'not ok' if found else 'ok'} {number} - {name}: {meaning}")
        for finding in found:
            print(f"# {finding}" if args.tap else finding)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
