"""The tests of terminal.sh; see there. Arguments: lodger and its options."""
import inspect
import os
import signal
import sys
import time

from libterm import Tap, Terminal

LODGER = [sys.argv[1], "run", *sys.argv[2:]]
ALONE = os.path.join(os.path.dirname(sys.argv[1]), "tests/tools/alone")
PROMPT = r"[#$] (\x1b\[6n)?$"
UP, LEFT, RIGHT, DELETE, BACKSPACE = "\x1b[A", "\x1b[D", "\x1b[C", "\x1b[3~", "\x7f"


def shell(*options):
    t = Terminal([ALONE, *LODGER, *options, "--", "sh"])
    t.expect(PROMPT)
    return t


def vmm_of(t):
    """Process numbers of the VMM process and of the guest-machine process."""
    vmm = int(open(f"/proc/{t.pid}/task/{t.pid}/children").read().split()[0])
    for child in open(f"/proc/{vmm}/task/{vmm}/children").read().split():
        if open(f"/proc/{child}/comm").read().strip() == "lodger-guest":
            return vmm, int(child)
    raise LookupError("no guest-machine process")


def ends(t, status, text="exit\r"):
    t.send(text)
    got = t.wait()
    assert got == status, f"status {got}, wanted {status}: {t.screen[-500:]!r}"
    assert t.restored(), f"the terminal is not as it was: {t.attributes()}"
    t.close()


# ---- Cases: one function each; its docstring is the name ----------------------------

def prompt():
    "a prompt, a command, an exit"
    t = shell()
    t.line("echo he''llo")
    t.expect("hello\r\n")
    t.expect(PROMPT)
    ends(t, 7, "exit 7\r")


def is_terminal():
    "the three streams are a terminal"
    t = shell()
    t.line("for i in 0 1 2; do test -t $i && echo tty''$i; done; tty")
    t.expect("tty0\r\ntty1\r\ntty2\r\n/dev/")
    ends(t, 0)


def end_of_file():
    "Ctrl-D ends the shell"
    t = shell()
    ends(t, 0, "\x04")


def interrupt():
    "Ctrl-C ends a program, not the shell"
    t = shell()
    t.line("sleep 100")
    time.sleep(0.3)
    t.send("\x03")
    t.expect(PROMPT)
    t.line("echo st''atus $?")
    t.expect("status 130")
    ends(t, 0)


def interrupt_spinning():
    "Ctrl-C ends a program that spins"
    t = shell()
    t.line("sh -c 'while :; do :; done'")
    time.sleep(0.3)
    t.send("\x03")
    t.expect(PROMPT)
    ends(t, 130)


def interrupt_prompt():
    "Ctrl-C at the prompt clears the line"
    t = shell()
    t.send("echo wrong")
    t.send("\x03")
    t.expect(PROMPT)
    t.line("echo ri''ght")
    t.expect("right\r\n")
    ends(t, 0)


def interrupt_pipeline():
    "Ctrl-C ends all of a pipeline"
    t = shell()
    t.line("yes | cat >/dev/null")
    time.sleep(0.3)
    t.send("\x03")
    t.expect(PROMPT)
    t.line("ps -o comm | grep -c '^yes'")
    t.expect("0\r\n")
    ends(t, 0, "exit 0\r")


def interrupt_trap():
    "Ctrl-C runs a trap"
    t = shell()
    t.line("sh -c 'trap \"echo caught; exit 5\" INT; echo re''ady; while :; do sleep 1; done'")
    t.expect("ready\r\n")
    time.sleep(0.2)
    t.send("\x03")
    t.expect("caught\r\n")
    t.expect(PROMPT)
    ends(t, 5)


def quit_key():
    "Ctrl-backslash ends with SIGQUIT"
    t = shell()
    t.line("sleep 100")
    time.sleep(0.3)
    t.send("\x1c")
    t.expect(PROMPT)
    t.line("echo st''atus $?")
    t.expect("status 131")
    ends(t, 0)


def stop_fg():
    "Ctrl-Z, jobs, fg, Ctrl-C"
    t = shell()
    t.line("sleep 100")
    time.sleep(0.3)
    t.send("\x1a")
    t.expect("Stopped")
    t.expect(PROMPT)
    t.line("jobs")
    t.expect("Stopped.*sleep 100")
    t.expect(PROMPT)
    t.line("fg")
    t.expect("sleep 100\r\n")
    assert t.never(PROMPT), "fg came back at once"
    t.send("\x03")
    t.expect(PROMPT)
    ends(t, 130)


def stop_bg():
    "Ctrl-Z, bg, and the job goes on"
    t = shell()
    t.line("sh -c 'i=0; while [ $i -lt 400 ]; do i=$((i + 1)); sleep 0.01; done; echo fin''ished'")
    time.sleep(0.4)
    t.send("\x1a")
    t.expect("Stopped")
    t.expect(PROMPT)
    assert t.never("finished", 1), "a stopped job went on"
    t.line("bg")
    t.expect(PROMPT)
    t.line("echo mean''while")
    t.expect("meanwhile")
    t.expect("finished", 15)
    ends(t, 0)


def background_read():
    "a background job that reads the terminal is stopped"
    t = shell()
    t.line("cat &")
    t.expect(PROMPT)
    time.sleep(0.3)
    t.line("jobs")
    t.expect("Stopped.*cat")
    t.expect(PROMPT)
    t.line("kill -9 %1; sleep 0.3; jobs; echo go''ne")
    t.expect("gone\r\n")
    t.expect(PROMPT)
    ends(t, 0)


def stopped_at_exit():
    "a machine with a stopped job ends all the same"
    t = shell()
    t.line("sleep 100")
    time.sleep(0.3)
    t.send("\x1a")
    t.expect(PROMPT)
    t.send("exit\r")
    t.expect("[Ss]topped jobs")
    ends(t, 0)


def size():
    "the window's size, and its changes"
    t = shell()
    t.line("stty size")
    t.expect("24 80\r\n")
    t.resize(30, 100)
    time.sleep(0.2)
    t.line("stty size")
    t.expect("30 100\r\n")
    ends(t, 0)


def winch():
    "SIGWINCH reaches a program that sleeps, and one that spins"
    t = shell()
    t.line("sh -c 'trap \"echo wi''nch\" WINCH; echo re''ady; sleep 1; sleep 1; sleep 1'")
    t.expect("ready\r\n")
    time.sleep(0.3)
    t.resize(31, 101)
    t.expect("winch")
    t.expect(PROMPT, 15)
    t.line("sh -c 'trap \"echo wi''nch; exit\" WINCH; echo re''ady; while :; do :; done'")
    t.expect("ready\r\n")
    time.sleep(0.3)
    t.resize(32, 102)
    t.expect("winch")
    t.expect(PROMPT)
    ends(t, 0)


def editing():
    "line editing: backspace, arrows, history"
    t = shell()
    t.line("echo abX" + BACKSPACE + "c")
    t.expect("\nabc\r\n")
    t.expect(PROMPT)
    t.line("echo bc" + LEFT + LEFT + "a" + RIGHT + RIGHT + "d")
    t.expect("\nabcd\r\n")
    t.expect(PROMPT)
    t.line("echo one''two")
    t.expect("onetwo\r\n")
    t.expect(PROMPT)
    t.line(UP)
    t.expect("\nonetwo\r\n")
    t.expect(PROMPT)
    t.line("echo wrong\x15echo ri''ght")
    t.expect("\nright\r\n")
    ends(t, 0)


def cooked():
    "the line discipline: erase, kill, word erase, literal next, end of line"
    t = shell()
    t.line("cat")
    time.sleep(0.3)
    t.line("abX" + BACKSPACE + "c")
    t.expect("\nabc\r\n")
    t.line("wrong\x15right")
    t.expect("\nright\r\n")
    t.line("two words\x17one")
    t.expect("\ntwo one\r\n")
    t.line("\x16\x03")
    t.expect("\n\x03\r\n")
    t.send("half\x04")
    t.expect("halfhalf")
    t.send("\r\x04")
    t.expect(PROMPT)
    ends(t, 0)


def echo_off():
    "stty -echo and back"
    t = shell()
    t.line("stty -echo; read x; stty echo; echo \"got $x\"")
    time.sleep(0.4)
    t.line("secret")
    t.expect("got secret")
    assert t.screen.count(b"secret") == 1, t.screen
    ends(t, 0)


def raw():
    "a guest that leaves its terminal raw leaves ours in order"
    t = shell()
    ends(t, 3, "stty raw -echo; exit 3\r")


def raw_keys():
    "keys one by one in raw mode, with their codes"
    t = shell()
    t.line("stty raw -echo; dd bs=1 count=4 2>/dev/null | od -A n -t x1; stty sane")
    time.sleep(0.4)
    t.send("\x03\x1a\x04\r")
    t.expect("03 1a 04 0d")
    t.line("")
    t.expect(PROMPT)
    ends(t, 0)


def flow():
    "Ctrl-S holds the output, Ctrl-Q lets it go"
    t = shell()
    t.line("while :; do echo ti''ck; sleep 0.1; done")
    t.expect("tick")
    t.send("\x13")
    time.sleep(0.4)
    t.pump(0.1)
    t.mark = len(t.screen)
    assert t.never("tick", 0.8), "output went on after Ctrl-S"
    t.send("\x11")
    t.expect("tick")
    t.send("\x03")
    t.expect(PROMPT)
    ends(t, 130)


def vi():
    "vi: insert, save, quit"
    t = shell()
    t.line("vi /tmp/file")
    t.expect("~")
    t.send("ihello from vi\x1b")
    time.sleep(0.3)
    t.send("yyp:wq\r")
    t.expect(PROMPT)
    t.line("cat /tmp/file")
    t.expect("hello from vi\r\nhello from vi\r\n")
    ends(t, 0)


def paste():
    "a large paste arrives whole"
    t = shell()
    t.line("stty -echo; wc -c; stty echo")
    time.sleep(0.4)
    for _ in range(200):
        t.send("x" * 99 + "\r")
    t.send("\x04")
    t.expect("20000\r\n", 20)
    ends(t, 0)


def long_line():
    "a line longer than the line buffer neither hangs nor overflows"
    t = shell()
    t.line("stty -echo; read x; stty echo; echo ${#x}")
    time.sleep(0.4)
    t.send("y" * 10000 + "\r")
    t.expect(r"(4095|4096|10000)\r\n", 20)
    ends(t, 0)


def flood():
    "a flood of output can be interrupted"
    t = shell()
    t.line("yes flood")
    t.expect("flood\r\nflood")
    time.sleep(0.5)
    t.send("\x03")
    t.expect(PROMPT, 15)
    ends(t, 130)


def streams_apart():
    "terminal input with output in a file"
    t = Terminal(["sh", "-c", 'out=$(' + " ".join(LODGER) + " -- sh -c 'read x; echo got $x'); "
                  'echo "host has $out"'])
    time.sleep(0.5)
    t.line("words")
    t.expect("host has got words")
    assert t.wait() == 0
    assert t.restored()
    t.close()


def job_of_host():
    "in a host shell's pipeline the terminal still works"
    t = Terminal(["sh", "-c", " ".join(LODGER) + " -- cat | tr a-z A-Z"])
    time.sleep(0.5)
    t.line("shout")
    t.expect("SHOUT")
    t.send("\x04")
    assert t.wait() == 0
    t.close()


def kill_vmm(sig, status):
    t = shell()
    t.line("stty raw; sleep 100")
    time.sleep(0.3)
    vmm, _ = vmm_of(t)
    os.kill(vmm, sig)
    got = t.wait()
    assert got == status, f"status {got}: {t.screen[-300:]!r}"
    assert t.restored(), f"the terminal is not as it was: {t.attributes()}"
    t.close()


def kill_9():
    "kill -9 of the VMM process: the terminal is restored, nothing is left"
    kill_vmm(signal.SIGKILL, 137)


def kill_term():
    "SIGTERM: the terminal is restored"
    kill_vmm(signal.SIGTERM, 143)


def kill_hup():
    "SIGHUP: the terminal is restored"
    kill_vmm(signal.SIGHUP, 129)


def kill_guest():
    "kill -9 of the guest-machine process: the terminal is restored"
    t = shell()
    _, guest = vmm_of(t)
    os.kill(guest, signal.SIGKILL)
    t.expect("lodger: .*SIGKILL")
    assert t.wait() == 125
    assert t.restored(), f"the terminal is not as it was: {t.attributes()}"
    t.close()


def kill_everything():
    "kill -9 of the whole process group: the terminal is restored all the same"
    t = shell()
    vmm, _ = vmm_of(t)
    os.killpg(os.getpgid(vmm), signal.SIGKILL)
    t.wait()
    assert t.restored(), f"the terminal is not as it was: {t.attributes()}"
    t.close()


def hangup():
    "a terminal that goes away takes the machine with it"
    t = shell()
    vmm, guest = vmm_of(t)
    os.close(t.slave)
    os.close(t.master)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not os.path.exists(f"/proc/{vmm}") and not os.path.exists(f"/proc/{guest}"):
            break
        try:
            os.waitpid(t.pid, os.WNOHANG)
        except ChildProcessError:
            pass
        time.sleep(0.05)
    left = [p for p in (vmm, guest) if os.path.exists(f"/proc/{p}")]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"still running: {left}"


def host_stop():
    "stopped from outside and continued, the terminal is the machine's again"
    t = shell()
    vmm, _ = vmm_of(t)
    os.kill(vmm, signal.SIGSTOP)
    time.sleep(0.3)
    os.kill(vmm, signal.SIGCONT)
    t.line("echo st''ill")
    t.expect("still\r\n")
    ends(t, 0)


def timeout_restores():
    "--timeout: the terminal is restored"
    t = shell("--timeout", "1s")
    assert t.wait() == 124
    assert t.restored(), f"the terminal is not as it was: {t.attributes()}"
    t.close()


def refused_restores():
    "a program that is not there: the terminal is as it was"
    t = Terminal([ALONE, *LODGER, "--", "/nope"])
    t.expect("lodger: /nope: .*\r\n")
    assert t.wait() == 127
    assert t.restored()
    t.close()


def environment():
    "TERM is handed on"
    t = Terminal([*LODGER, "--", "sh"], env={"TERM": "vt220"})
    t.expect(PROMPT)
    t.line("echo t''erm=$TERM")
    t.expect("term=vt220")
    ends(t, 0)


CASES = [prompt, is_terminal, end_of_file, interrupt, interrupt_spinning, interrupt_prompt,
         interrupt_pipeline, interrupt_trap, quit_key, stop_fg, stop_bg, background_read,
         stopped_at_exit, size, winch, editing, cooked, echo_off, raw, raw_keys, flow, vi,
         paste, long_line, flood, streams_apart, job_of_host, kill_9, kill_term, kill_hup,
         kill_guest, kill_everything, hangup, host_stop, timeout_restores, refused_restores,
         environment]


def main():
    tap = Tap()
    only = os.environ.get("ONLY")
    for case in CASES:
        if only and case.__name__ != only:
            continue
        name = inspect.getdoc(case)
        try:
            case()
            tap.result(True, name)
        except (AssertionError, TimeoutError, OSError, LookupError) as e:
            tap.result(False, name, f"{type(e).__name__}: {e}")
            kill_left()
    tap.done()


def kill_left():
    """After a failure: what the case may have left on its terminal."""
    me = os.getpid()
    children = open(f"/proc/{me}/task/{me}/children").read().split()
    for child in children:
        try:
            os.killpg(int(child), signal.SIGKILL)
            os.kill(int(child), signal.SIGKILL)
            os.waitpid(int(child), 0)
        except OSError:
            pass


if __name__ == "__main__":
    main()
