"""What the tests of units and packages share: the programs as they are installed, a unit file as values."""
import collections
import functools
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "EndToEnd"))
import hdstest  # noqa: E402, the folder is known only now
from hdstest import Runner, Skip  # noqa: E402

UNIT = REPOSITORY / "systemd" / "hdsbackupd.service"
EXAMPLES = sorted((REPOSITORY / "systemd" / "examples").glob("*.conf"))


def environment(**changes):
    """A plain one, for tools: without a library path that is for this machine's toolchain."""
    return hdstest.environment(**{"LD_LIBRARY_PATH": None} | changes)


def need(*programs):
    for each in programs:
        if not shutil.which(each):
            raise Skip(f"no {each} here: scripts/install-tools.sh")


# The programs

@functools.cache
def build():
    """A folder with both programs, copies of what HDSBACKUP names and of the daemon beside it."""
    folder = hdstest.place() / "build"
    folder.mkdir()
    shutil.copy(hdstest.program(), folder / "hdsbackup")
    daemon = pathlib.Path(os.environ.get("HDSBACKUP") or hdstest.BUILT).resolve().with_name("hdsbackupd")
    if daemon.exists():
        shutil.copy(daemon, folder / "hdsbackupd")
    else:
        print(f"  note  no {daemon}: a stand-in is installed in its place")
        (folder / "hdsbackupd.c").write_text("int main(void) { return 2; }\n")
        Runner.run(["gcc", "-o", folder / "hdsbackupd", folder / "hdsbackupd.c"])
    return folder


def install(root, *, prefix="/usr", what="install", exit=0):
    return Runner.run([REPOSITORY / "scripts" / "install.sh", what], exit=exit,
                      env=environment(DESTDIR=root, PREFIX=prefix, BUILD=build()))


@functools.cache
def installed():
    """A root in which everything is installed, that nobody changes."""
    need("patchelf", "strip")
    root = hdstest.place() / "installed"
    install(root)
    return root


def tree(root):
    """All below a folder: {path: mode and content}."""
    return {str(path.relative_to(root)): (path.lstat().st_mode, None if path.is_dir() else path.read_bytes())
            for path in sorted(root.rglob("*"))}


# A unit

def directives(*files, section="Service"):
    """The settings of a unit and its drop-ins: {name: [value, …]}, an empty value having taken away what was before it."""
    settings, current = collections.defaultdict(list), None
    for line in (line.strip() for file in files for line in pathlib.Path(file).read_text("utf-8").splitlines()):
        if line.startswith("["):
            current = line.strip("[]")
        elif line and line[0] not in "#;" and current == section:
            name, value = line.split("=", 1)
            settings[name] = settings[name] + [value] if value else []
    return settings
