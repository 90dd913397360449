"""Both sides of a comparison: the same script from the same Debian root, in a Lodger
machine and natively, by chroot in name spaces of its own. make debian-root makes the
root, as an archive for the machine and unpacked for the host."""
import os
import shlex

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("LODGER_BUILD", "build"))
LODGER = os.environ.get("LODGER", os.path.join(BUILD, "lodger"))
FOLDER = os.environ.get("DEBIAN_ROOT", os.path.join(BUILD, "debian"))
ROOT, TREE = os.path.join(FOLDER, "root.tar"), os.path.join(FOLDER, "tree")
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
       "HOME": "/root", "TERM": "dumb", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# The native side: a root whose changes are lost, a name for the machine and processes
# of its own, on one CPU, as a machine has.
NATIVE = """
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root &&
cd /mnt/root && mount --rbind /dev dev && mount -t proc proc proc &&
mount -t tmpfs -o mode=1777 tmpfs tmp && hostname lodger && shift && chroot . "$@"
"""


def missing():
    """Why there is nothing to run, or None."""
    if os.path.exists(ROOT) and os.path.isdir(TREE):
        return None
    return f"no Debian root in {FOLDER}: make debian-root makes one"


def in_machine(script, options=(), mem="2G"):
    """The command that runs a script by bash in a machine."""
    env = [arg for key, value in ENV.items() for arg in ("--env", f"{key}={value}")]
    return [LODGER, "run", *shlex.split(os.environ.get("LODGER_ARGS", "")), "--root", ROOT,
            "--mem", mem, *options, *env, "--", "/bin/bash", "-c", script]


def on_host(script, cpu=None):
    """The same natively. An ordinary user needs user name spaces."""
    user = [] if os.getuid() == 0 else ["-U", "-r"]
    env = ["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in ENV.items())]
    cpu = min(os.sched_getaffinity(0)) if cpu is None else cpu
    return ["unshare", *user, "-m", "-u", "-p", "-f", "--kill-child", "--propagation", "private",
            "taskset", "-c", str(cpu), "sh", "-c", NATIVE, "sh", TREE, *env,
            "/bin/bash", "-c", script]
