"""Both sides of a comparison: the same script from the same Debian root, in a Lodger
machine and natively, by chroot in name spaces of its own. make debian-root makes the
roots, as archives and ext2 images for the machine and unpacked for the host. The
machine has an archive; a snapshot of an image with DEBIAN_FORM=image; with
DEBIAN_FORM=directory the unpacked root itself, read as it is used."""
import os
import pwd
import shlex
import shutil

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, os.environ.get("LODGER_BUILD", "build"))
LODGER = os.environ.get("LODGER", os.path.join(BUILD, "lodger"))
FOLDER = os.environ.get("DEBIAN_ROOT", os.path.join(BUILD, "debian"))
# The roots: the list packages makes the first, packages.high the second, of programs
# that reserve gigabytes. What a machine needs for one.
OPTIONS = {"root": [], "high": ["--vspace=high"]}
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
       "HOME": "/root", "TERM": "dumb", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# The native side: a root whose changes are lost; a name, processes and a loopback of
# its own; on one CPU, as a machine has.
NATIVE = """
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work /mnt/root &&
mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root &&
cd /mnt/root && mount --rbind /dev dev && mount --rbind /sys sys && mount -t proc proc proc &&
mount -t tmpfs -o mode=1777 tmpfs tmp && hostname lodger && job=$2 groups=$3 && shift 3 &&
{ [ -z "$job" ] || { mkdir tmp/job && mount --bind "$job" tmp/job; }; } &&
chroot . /sbin/ip link set lo up && exec chroot $groups . "$@"
"""


def archive(root):
    return os.path.join(FOLDER, root + ".tar")


def image(root):
    return os.path.join(FOLDER, root + ".ext2")


def of_machine(root):
    """What --root is given, and what else: /tmp is in memory, as on the host's side."""
    form = os.environ.get("DEBIAN_FORM")
    if form == "image":
        return [image(root) + ",snapshot", "--tmpfs", "/tmp"]
    if form == "directory":
        return [tree(root), "--tmpfs", "/tmp"]
    return [archive(root)]


def tree(root):
    return os.path.join(FOLDER, root)


def missing(root="root"):
    """Why there is nothing to run, or None."""
    first = of_machine(root)[0].partition(",")[0]
    if os.path.exists(first) and os.path.isdir(tree(root)):
        return None
    return f"no Debian root {first}: make debian-root makes one"


def in_machine(script, options=(), mem="2G", root="root"):
    """The command that runs a script by bash in a machine."""
    env = [arg for key, value in ENV.items() for arg in ("--env", f"{key}={value}")]
    return [LODGER, "run", *shlex.split(os.environ.get("LODGER_ARGS", "")), *OPTIONS[root],
            "--root", *of_machine(root), "--mem", mem, *options, *env, "--", "/bin/bash", "-c",
            script]


def several_users():
    """Whether the native side has more users than root: an ordinary user's name space
    has them by newuidmap, out of those that /etc/subuid gives away."""
    if os.getuid() == 0:
        return True
    name = pwd.getpwuid(os.getuid()).pw_name
    try:
        with open("/etc/subuid", encoding="ascii") as f:
            given = any(line.startswith((name + ":", f"{os.getuid()}:")) for line in f)
    except OSError:
        given = False
    return given and bool(shutil.which("newuidmap") and shutil.which("newgidmap"))


def on_host(script, cpu=None, root="root", job=None):
    """The same natively. An ordinary user needs user name spaces, and may leave its
    groups only where there are several users. job: a directory that is /tmp/job, where
    it is not to be in memory."""
    groups = "--groups=" if several_users() else ""
    user = [] if os.getuid() == 0 else \
        ["-U", "-r", *(["--map-auto"] if several_users() else [])]
    env = ["/usr/bin/env", "-i", *(f"{key}={value}" for key, value in ENV.items())]
    cpu = min(os.sched_getaffinity(0)) if cpu is None else cpu
    return ["unshare", *user, "-m", "-u", "-p", "-n", "-f", "--kill-child", "--propagation",
            "private", "taskset", "-c", str(cpu), "sh", "-c", NATIVE, "sh", tree(root),
            job or "", groups, *env,
            "/bin/bash", "-c", script]
