#!/usr/bin/env python3
"""A Debian image boots: root logs in on the console, works, and switches the machine
off; the file system is as clean as after an unmount. TAP. The image is a copy of
build/debian/root.ext2 (make debian-root makes it), without which all is skipped."""
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

from sides import LODGER, TOP, image

sys.path.insert(0, os.path.join(TOP, "tests/e2e"))
from libterm import Tap, Terminal  # noqa: E402  (its folder has just been added)

WAIT = 120


def e2fsck(path):
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
    return subprocess.run(["e2fsck", "-fn", path], env=env, capture_output=True, text=True,
                          check=False)


def boot(path):
    return [LODGER, "boot", *shlex.split(os.environ.get("LODGER_ARGS", "")), "--mem", "512M",
            "--root", path]


def console(tap, path):
    term = Terminal(boot(path))
    try:
        term.expect("login: ", WAIT)
        term.line("root")
        term.expect(r"# ", WAIT)
        term.line("stat -c 'owner %U:%G %a' /etc/shadow; id -un; mkdir /root/made; seq 9 >/root/made/f")
        term.expect(r"owner root:\w+ 640", WAIT)
        term.expect(r"\r\nroot\r\n", WAIT)
        term.line("exit")
        term.expect("login: ", WAIT)
        term.line("root")
        term.expect(r"# ", WAIT)
        term.line("poweroff")
        tap.result(term.wait(WAIT) == 0, "login on the console, logout, login, poweroff",
                   term.screen.decode(errors="replace"))
    except TimeoutError as e:
        tap.result(False, "login on the console", e)
    finally:
        term.close()


def main():
    if not os.path.exists(image("root")):
        print(f"1..0 # SKIP no image {image('root')}: make debian-root makes one")
        return
    if not shutil.which("e2fsck", path=os.environ["PATH"] + ":/sbin:/usr/sbin"):
        print("1..0 # SKIP no e2fsprogs on this host")
        return
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "image")
        subprocess.run(["cp", "--sparse=always", image("root"), path], check=True)
        console(tap, path)
        done = e2fsck(path)
        tap.result(done.returncode == 0, "e2fsck finds nothing", done.stdout)
        script = "cat /root/made/f | wc -l"
        done = subprocess.run(boot(path), input=script.encode(), capture_output=True, check=False,
                              timeout=WAIT)
        tap.result(done.returncode == 0 and done.stdout.startswith(b"9\n"),
                   "without a terminal: a shell, with whose end the machine ends",
                   done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace"))
        done = e2fsck(path)
        tap.result(done.returncode == 0, "e2fsck finds nothing", done.stdout)
    tap.done()


if __name__ == "__main__":
    main()
