"""A terminal with a program in it, for scripts: what a person would type and see."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time


class Terminal:
    """A program on a pseudo-terminal, leader of its own session."""

    def __init__(self, argv, rows=24, cols=80, env=None):
        self.screen = b""       # everything seen so far
        self.mark = 0           # what expect() has passed
        self.master, self.slave = pty.openpty()
        self.resize(rows, cols)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if self.pid == 0:
            self.run(argv, env)
        self.status = None

    def run(self, argv, env):
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in range(3):
            os.dup2(self.slave, fd)
        os.closerange(3, 256)
        for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
            signal.signal(sig, signal.SIG_DFL)
        try:
            os.execvpe(argv[0], argv, {**os.environ, "TERM": "linux", **(env or {})})
        finally:
            os._exit(127)

    def resize(self, rows, cols):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def pump(self, seconds):
        """Reads what comes; True when something came."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            data = b""
        self.screen += data
        for _ in range(data.count(b"\x1b[6n")):  # where is the cursor? (VT100)
            os.write(self.master, b"\x1b[24;5R")
        return bool(data)

    def send(self, text):
        data = text.encode() if isinstance(text, str) else text
        while data:
            self.pump(0)
            _, ready, _ = select.select([], [self.master], [], 5)
            if not ready:
                raise TimeoutError(f"the terminal takes no more of {data[:20]!r}")
            data = data[os.write(self.master, data[:512]):]

    def line(self, text):
        self.send(text + "\r")

    def expect(self, pattern, timeout=10):
        """Waits until the regular expression is seen after what was seen before."""
        end = time.monotonic() + timeout
        expression = re.compile(pattern.encode(), re.DOTALL)
        while True:
            found = expression.search(self.screen, self.mark)
            if found:
                self.mark = found.end()
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"never saw {pattern!r} in {self.screen[self.mark:]!r}")
            self.pump(left)

    def never(self, pattern, seconds=0.5):
        """True when the expression does not show up for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.pump(end - time.monotonic())
        return not re.search(pattern.encode(), self.screen[self.mark:], re.DOTALL)

    def wait(self, timeout=10):
        """Exit status as a shell would have it, or None when it does not end."""
        end = time.monotonic() + timeout
        while self.status is None and time.monotonic() < end:
            self.pump(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                if self.status < 0:
                    self.status = 128 - self.status
        return self.status

    def attributes(self):
        return termios.tcgetattr(self.slave)

    def restored(self, timeout=3):
        """Are the terminal's attributes as they were at first, soon?"""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.attributes() == self.before:
                return True
            time.sleep(0.02)
        return False

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.slave)
        os.close(self.master)


class Tap:
    def __init__(self):
        self.count, self.failed = 0, 0

    def result(self, good, name, diagnosis=""):
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {name}")
        for line in str(diagnosis).splitlines() if not good else ():
            print("#", line[-2000:])
        sys.stdout.flush()

    def done(self):
        print(f"1..{self.count}")
        sys.exit(1 if self.failed else 0)
