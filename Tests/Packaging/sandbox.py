"""A unit's sandbox, put around one command by hand, where no systemd runs: environment, limits, user and capabilities, system calls,
address families, no memory that is writable and executable, a file system that is read-only but for some folders, /proc with a process's
own things only. What takes a running systemd (control groups, devices, credentials, private folders) is not here: docs/SYSTEMD.md.

It is a program as well: what it starts in the child, after the user has changed, is itself.
"""
import ctypes
import functools
import json
import os
import pathlib
import resource
import subprocess
import sys

USER = "52369"  # nobody's
SHELL = """
set -e
mount --make-rslave /
for folder in "$@"; do
    [ "$folder" != -- ] || break
    mount --bind "$folder" "$folder"
done
mount -o remount,bind,ro /
mount -t proc -o hidepid=invisible,subset=pid proc /proc
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@functools.cache
def hindrance():
    """Why nothing can be put into the whole sandbox here; empty where it can."""
    if os.geteuid():
        return "needs root, to become another user in namespaces of its own"
    attempt = ["unshare", "--mount", "sh", "-c", "mount --make-rslave / && mount -t proc -o hidepid=invisible,subset=pid proc /proc"]
    done = subprocess.run(attempt, capture_output=True, text=True, check=False)
    return f"no namespaces here: {done.stderr.strip()}" if done.returncode else ""


class Sandbox:
    """Of the settings of a unit, as packaging.directives gives them."""

    def __init__(self, unit):
        self.unit = unit

    def words(self, command, writable=()):
        """The command inside. Needs root; `writable` belongs to USER."""
        drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs",
                *(f"--{kind}=-all{''.join(f',+{each}' for each in self.capabilities(setting))}" for kind, setting in
                  (("bounding-set", "CapabilityBoundingSet"), ("inh-caps", "AmbientCapabilities"), ("ambient-caps", "AmbientCapabilities")))]
        return ["unshare", "--mount", "sh", "-c", SHELL, "sh", *map(str, writable), "--", *drop, "--", *self.confined(command)]

    def confined(self, command):
        """The part that needs no root: all but the user, the capabilities and the file system."""
        return [sys.executable, __file__, str(self.file), *map(str, command)]

    def capabilities(self, setting):
        return [name.removeprefix("CAP_").lower() for line in self.unit[setting] for name in line.split()]

    def environment(self, backtracer):
        """The unit's variables; the backtracer is where the program was installed for the test."""
        values = dict(word.split("=", 1) for line in self.unit["Environment"] for word in line.split())
        words = [word for word in values["SWIFT_BACKTRACE"].split(",") if not word.startswith("swift-backtrace=")]
        return values | {"SWIFT_BACKTRACE": ",".join([*words, f"swift-backtrace={backtracer}"])}

    @functools.cached_property
    def file(self):
        """What `confine` does, for the child to read."""
        from packaging import hdstest
        file = hdstest.fresh("sandbox.json")
        file.write_text(json.dumps(self.plan))
        return file

    @property
    def plan(self):
        return {"limits": {name.removeprefix("Limit"): values[-1] for name, values in self.unit.items() if name.startswith("Limit")},
                "core": self.unit["CoredumpFilter"][-1], "umask": self.unit["UMask"][-1],
                "families": [name for line in self.unit["RestrictAddressFamilies"] for name in line.split()],
                "calls": sorted(allowed_calls(self.unit))}


def allowed_calls(unit):
    """What SystemCallFilter= leaves, as systemd.exec(5) says: each line adds, or takes away."""
    allowed = set()
    for line in unit["SystemCallFilter"]:
        names = set().union(*(expanded(word) for word in line.removeprefix("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed | expanded("@default")


@functools.cache
def expanded(name):
    """The calls in one of systemd's groups."""
    if not name.startswith("@"):
        return frozenset({name})
    from packaging import Runner, environment
    lines = Runner.run(["systemd-analyze", "--no-pager", "syscall-filter", name], env=environment()).out.splitlines()[1:]
    words = (line.strip() for line in lines if line.strip() and not line.strip().startswith("#"))
    return frozenset().union(*map(expanded, words))


# In the child

ALLOW, REFUSE = 0x7FFF0000, 0x00050001  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM)
EQUAL = 4  # SCMP_CMP_EQ
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}
PR_SET_NO_NEW_PRIVS, PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 38, 65, 1


class Argument(ctypes.Structure):
    """struct scmp_arg_cmp of seccomp_rule_add(3)."""
    _fields_ = [("number", ctypes.c_uint), ("operation", ctypes.c_int), ("value", ctypes.c_uint64), ("other", ctypes.c_uint64)]


def confine(plan):
    for name, value in plan["limits"].items():
        kind = getattr(resource, "RLIMIT_" + name)
        # Not above what this process may give itself.
        most = resource.getrlimit(kind)[1]
        value = int(value) if most == resource.RLIM_INFINITY else min(int(value), most)
        resource.setrlimit(kind, (value, value))
    pathlib.Path("/proc/self/coredump_filter").write_text(plan["core"])
    os.umask(int(plan["umask"], 8))
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    ctypes.CDLL(None).prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)  # Linux 6.3 and later; older ones do without
    load_filter(plan["calls"], plan["families"])


def load_filter(calls, families):
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(REFUSE))
    for name in calls:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:  # of another kind of machine
            continue
        if name != "socket":
            seccomp.seccomp_rule_add(context, ALLOW, number, 0)
            continue
        for family in families:
            same = Argument(0, EQUAL, FAMILIES[family], 0)
            seccomp.seccomp_rule_add_array(context, ALLOW, number, 1, ctypes.byref(same))
    if seccomp.seccomp_load(context):
        sys.exit("sandbox.py: the kernel takes no filter")


if __name__ == "__main__":
    confine(json.loads(pathlib.Path(sys.argv[1]).read_text()))
    os.execvp(sys.argv[2], sys.argv[2:])
