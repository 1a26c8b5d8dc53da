"""What the end-to-end tests share: a place to work in, machines with sites, a runner, comparisons that are not ours.

    HDSBACKUP=path      the program (default: the debug build of this repository)
    HDSTEST_ONLY=text   only the tests whose sentence holds the text
    KEEP=1              leaves the folder, to look around
"""
import argparse
import concurrent.futures
import contextlib
import copy as copy_module
import functools
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = HERE.parent / "Tools"
BUILT = HERE.parent.parent / ".build" / "debug" / "hdsbackup"
PATIENCE = 300  # seconds after which a command is said to hang
IS_ROOT = os.geteuid() == 0
NOBODY = 65534
ONE_PACK = 256 << 10  # the least that a run stores: the page of the folders above a source, whose times change by others' doing

sys.dont_write_bytecode = True
sys.path.insert(0, str(TOOLS))
import listing as listing_tool  # noqa: E402, the folder is known only now


# The place

@functools.cache
def place():
    """A new folder that others may enter (tests run commands as nobody), removed at the end."""
    folder = pathlib.Path(os.path.realpath(tempfile.mkdtemp(prefix="hdstest-")))
    folder.chmod(0o755)
    return folder


def remove(folder):
    """Also where a path is longer than PATH_MAX and where folders may not be written in."""
    subprocess.run(["chmod", "-R", "u+rwX", folder], stderr=subprocess.DEVNULL, check=False)
    subprocess.run(["rm", "-rf", folder], check=True)


@functools.cache
def program():
    """A copy: the original may be built again meanwhile, and lie where nobody may enter."""
    original = shutil.which(os.environ.get("HDSBACKUP") or BUILT)
    if not original:
        sys.exit(f"hdstest.py: no program at {os.environ.get('HDSBACKUP') or BUILT}")
    copy = place() / "bin" / "hdsbackup"
    copy.parent.mkdir()
    shutil.copy(original, copy)
    return copy


# Expectations

class Skip(Exception):
    """This machine cannot show it; says why."""


def expect(truth, sentence):
    if not truth:
        raise AssertionError(sentence)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise AssertionError(f"{what}\n      found  {found!r}\n      wanted {wanted!r}")


def expect_in(part, whole, what="the output"):
    if part not in whole:
        raise AssertionError(f"{what} lacks {part!r}:\n{indented(whole)}")


def indented(text, limit=3000):
    text = text if isinstance(text, str) else repr(text)
    cut = text if len(text) <= limit else text[:limit] + " ..."
    return "\n".join("      " + line for line in cut.splitlines())


# Running

class Result:
    """What a command left."""

    def __init__(self, words, exit, out, err):
        self.words, self.exit, self.raw, self.err = words, exit, out, err.decode("utf-8", "replace")

    @property
    def out(self):
        return self.raw.decode("utf-8", "replace")

    @property
    def all(self):
        return self.out + self.err

    @property
    def lines(self):
        """The JSON values of the output, one a line; what is no JSON is a failure."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def json(self):
        lines = self.lines
        expect_equal(len(lines), 1, f"one JSON value was expected of {self}")
        return lines[0]

    def __str__(self):
        return " ".join(str(word).replace(str(place()), "…") for word in self.words)

    def __repr__(self):
        return f"{self}\n      exit status {self.exit}\n{indented(self.all)}"


class OwnLast(type):
    """Each thread has its own last result: tests may run beside each other."""
    own = threading.local()

    @property
    def last(cls):
        return getattr(cls.own, "last", None)

    @last.setter
    def last(cls, result):
        cls.own.last = result


class Runner(metaclass=OwnLast):
    """`Runner.last`: the last result, shown when a test fails."""

    @classmethod
    def run(cls, words, *, exit=0, env=None, stdin=b"", cwd=None, before=None, fds=()):
        """Runs a command to its end. `exit`: the status that is right, several, or None for any."""
        words = [os.fsdecode(word) if isinstance(word, (bytes, os.PathLike)) else word for word in words]
        try:
            done = subprocess.run(words, input=stdin, capture_output=True, env=env, cwd=cwd, timeout=PATIENCE, check=False,
                                  preexec_fn=before, pass_fds=fds)
        except subprocess.TimeoutExpired as late:
            raise AssertionError(f"hangs: {' '.join(words)}") from late
        cls.last = result = Result(words, done.returncode, done.stdout, done.stderr)
        rights = (exit,) if isinstance(exit, int) else exit
        if rights is not None and result.exit not in rights:
            raise AssertionError(f"exit status {result.exit}, wanted {' or '.join(map(str, rights))}")
        return result


def environment(**changes):
    """A plain one; None takes a variable away."""
    kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8", "TMPDIR": str(place()), "TZ": "UTC"}
    for name in ("LD_LIBRARY_PATH",):
        if name in os.environ:
            kept[name] = os.environ[name]
    kept |= changes
    return {name: str(value) for name, value in kept.items() if value is not None}


# Machines

def fixture(make):
    """Made when it is first needed, once; where that fails, all who need it fail, the later ones shortly."""
    made, failed = [], []

    def get():
        if failed:
            raise AssertionError(f"{make.__name__} could not be made, see above")
        if not made:
            try:
                made.append(make())
            except Skip:
                raise
            except Exception:
                failed.append(True)
                raise
        return made[0]
    return get


def toml(value):
    """A value as the configuration writes it; JSON's texts are TOML's."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, (bool, int)):
        return str(value).lower()
    return json.dumps(str(value), ensure_ascii=False)


class Machine:
    """A folder with a configuration, keys and state, and sites beside it, as a hospital's server has them."""

    def __init__(self, name, *, sites=("paris", "lille"), tenant="chu-essai", at=None, **node):
        self.name, self.tenant = name, tenant
        self.root = (at or place()) / name
        self.root.mkdir(parents=True)
        self.config, self.kit, self.passphrase = self.root / "config.toml", self.root / "kit.txt", self.root / "passphrase"
        self.keys, self.state = self.root / "keys", self.root / "state"
        self.passphrase.write_text("une phrase de passe\n")
        self.settings = {"node": {"name": f"noeud-{name}", "state": self.state, "keys": self.keys} | node}
        for site in sites:
            self.add_site(site)
        self.settings[f"tenant.{tenant}"] = {"sites": list(sites), "keys_together": "accepted"}

    def add_site(self, site, path=None):
        self.settings[f"site.{site}"] = {"kind": "file", "path": path or self.root / "sites" / site}

    def add_source(self, name, *paths, **more):
        self.settings[f"source.{name}"] = {"tenant": self.tenant} | ({"paths": list(paths)} if paths else {}) | more
        return self

    @property
    def tenant_settings(self):
        return self.settings[f"tenant.{self.tenant}"]

    def write(self):
        """Puts the settings into the configuration file."""
        sections = (f"[{name}]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in each.items())
                    for name, each in self.settings.items())
        self.config.write_text("\n".join(sections), "utf-8")
        return self

    def site(self, name):
        return pathlib.Path(self.settings[f"site.{name}"]["path"])

    @property
    def sites(self):
        return self.tenant_settings["sites"]

    def prefix(self, site):
        """The tenant's folder at a site."""
        folders = [each for each in self.site(site).iterdir() if not each.name.startswith(".")]
        expect_equal(len(folders), 1, f"folders at {site}")
        return folders[0]

    def objects(self, site, below=""):
        """The site's objects: {key: size}."""
        root = self.prefix(site)
        files = (file for file in (root / below).rglob("*") if file.is_file())
        keys = {str(file.relative_to(root)): file.stat().st_size for file in files}
        return {key: size for key, size in sorted(keys.items()) if not any(part.startswith(".") for part in key.split("/"))}

    def environment(self, **changes):
        return environment(**{"HDSBACKUP_PASSPHRASE_FILE": self.passphrase} | changes)

    def words(self, *words, config=None):
        return [program(), *words, "--config", config or self.config]

    def run(self, *words, exit=0, config=None, env=None, **more):
        return Runner.run(self.words(*words, config=config), exit=exit, env=self.environment(**(env or {})), **more)

    def init(self):
        self.write()
        return self.run("init", "--kit-out", self.kit)

    def backup(self, *words, **more):
        """The lines of `backup --json`."""
        return self.run("backup", *words, "--json", **more).lines

    def snapshots(self, *words, **more):
        return self.run("snapshots", "--json", *words, **more).lines[0]["snapshots"]

    def ids(self, *words, **more):
        """Snapshots' ids, oldest first."""
        return [each["id"] for each in self.snapshots(*words, **more)]

    def restore(self, snapshot, target, *words, **more):
        return self.run("restore", snapshot, *words, "--to", target, **more)

    def forget_state(self):
        """What this machine remembers between runs is a cache, but for the watermarks."""
        if self.state.exists():
            shutil.rmtree(self.state)


class Open(Machine):
    """Its restore key has no passphrase: stretching one takes longer than all else that a small restore does."""

    def environment(self, **changes):
        return super().environment(**{"HDSBACKUP_PASSPHRASE_FILE": None} | changes)

    def init(self):
        self.write()
        return self.run("init", "--kit-out", self.kit, before=os.setsid)


# Samples and comparisons

def hospital(folder, *words, mib=8, seed=1):
    """Makes a sample hospital."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    tool("hospital.py", "make", folder, "--mib", str(mib), "--seed", str(seed), *words)
    return folder


def working_day(folder, seed):
    tool("hospital.py", "mutate", folder, "--seed", str(seed))


def tool(name, *words, exit=0):
    return Runner.run([sys.executable, TOOLS / name, *words], exit=exit, env=environment(PYTHONDONTWRITEBYTECODE="1"))


def copy(source, target):
    """With everything: cp -a, which is not ours. It makes holes of its own where zeros were written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    Runner.run(["cp", "-a", source, target], env=environment())
    return target


class Kept:
    """A folder as it is now: a copy for diff, and the listing of the folder itself, which also knows its holes."""

    def __init__(self, source, target):
        self.copy, self.listing = copy(source, target), listing(source)


def listing(folder):
    """What listing.py finds, in this process: starting it hundreds of times would take longer than the tests."""
    options = argparse.Namespace(no_owner=False, no_holes=False, no_dir_mtime=False, exclude=[])
    return listing_tool.Listing(os.fspath(folder), options)


def without(listing, options):
    """The listing without what options leave out, as listing.py has them."""
    keys = {"--no-owner": ("uid", "gid"), "--no-holes": ("data",), "--no-dir-mtime": ()}
    left_out = {key for option in options for key in keys[option]}
    for fields in listing.entries.values():
        for key in left_out | ({"mtime"} if "--no-dir-mtime" in options and fields.get("kind") == "folder" else set()):
            fields.pop(key, None)
    return listing


# diff cannot compare pipes, sockets and devices, nor go where a path is longer than PATH_MAX; listing.py does.
BEYOND_DIFF = ("*.fifo", "*.socket", "*.device", "beyond-path-max")


def differences(original, restored, *options):
    """What listing.py and diff, which share nothing with the program, tell apart; empty when all is the same."""
    last, folder = Runner.last, original.copy if isinstance(original, Kept) else original
    known = copy_module.deepcopy(original.listing) if isinstance(original, Kept) else listing(original)
    found = list(listing_tool.differences(without(known, options), without(listing(restored), options)))
    words = ["diff", "-r", "--no-dereference", *(f"--exclude={name}" for name in BEYOND_DIFF), folder, restored]
    compared = Runner.run(words, exit=None, env=environment())
    expect(compared.exit < 2 or "Permission denied" in compared.err, f"diff failed: {compared!r}")
    Runner.last = last
    return "\n".join([*found, *compared.all.splitlines()])


def expect_same(source, restored, *options):
    found = differences(source, restored, *options)
    expect(not found, f"the restored folder differs from the source:\n{indented(found)}")


def below(target, path):
    """Where a source's path is after a restore to `target`."""
    return pathlib.Path(str(target) + str(path))


def path_of(line):
    """The path of an entry or problem in JSON, whose bytes may be apart."""
    fields = line["path"] if isinstance(line["path"], dict) else line
    return fields["path"]


counter = itertools.count(1)


def fresh(name="restored"):
    """A path that nothing is at."""
    return place() / f"{name}-{next(counter)}"


def expect_restores(machine, snapshot, source, original=None, *words, exit=0, **more):
    """Restores a snapshot of the folder `source` and compares it with `original`, a copy kept of it."""
    target = fresh()
    machine.restore(snapshot, target, *words, exit=exit, **more)
    expect_same(original or source, below(target, source))
    remove(target)


@contextlib.contextmanager
def away(*folders):
    """The folders are not there meanwhile."""
    for folder in folders:
        folder.rename(folder.with_name(folder.name + ".away"))
    try:
        yield
    finally:
        for folder in folders:
            remove(folder)
            folder.with_name(folder.name + ".away").rename(folder)


def as_nobody():
    """Words that run a command without rights: none where this is no root anyway."""
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"] if IS_ROOT else []


# Steps

class Watched:
    """A run of the program whose steps are read as they are marked, and which can be stopped or killed at one."""

    def __init__(self, machine, *words, stop_at=None):
        """stop_at: the step at which the run stops by itself, so that it is not further than that."""
        reader, writer = os.pipe()
        self.steps, self.words = [], words
        self.pipe = os.fdopen(reader, "r")
        env = machine.environment(HDSBACKUP_STEPS_FD=writer, **({"HDSBACKUP_STOP_AT": stop_at} if stop_at else {}))
        self.process = subprocess.Popen(machine.words(*words), env=env, pass_fds=[writer], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.close(writer)

    def next(self):
        """The next step's name; None when the run is over."""
        line = self.pipe.readline().rstrip("\n")
        if line:
            self.steps.append(line)
        return line or None

    def reach(self, step, times=1):
        """Reads up to a step; whether the run came to it."""
        while times and (found := self.next()):
            times -= found == step
        return times == 0

    def kill(self):
        self.process.send_signal(signal.SIGKILL)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def wait_for_stop(self):
        """Until it has stopped itself; whether it has not ended instead."""
        found = os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return found.si_code == os.CLD_STOPPED

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def finish(self):
        """Waits for the end; the result, and the steps that were still on their way."""
        out, err = self.process.communicate(timeout=PATIENCE)
        while self.next():
            pass
        self.pipe.close()
        Runner.last = Result(self.process.args, self.process.returncode, out, err)
        return Runner.last


# Suites

class Suite:
    """The tests of one theme, in order. A test's name is a sentence about behaviour."""

    def __init__(self, title):
        self.title, self.tests = title, []
        self.ends = []  # called before the place goes: what several tests share and has to end

    def test(self, function):
        self.tests.append((function.__name__.replace("_", " "), function))
        return function

    def each(self, *cases):
        """One test a case; a case is a text, or a tuple that begins with one."""
        def add(function):
            for case in cases:
                values = case if isinstance(case, tuple) else (case,)
                self.add(f"{function.__name__.replace('_', ' ')}: {values[0]}", functools.partial(function, *values))
            return function
        return add

    def add(self, sentence, function):
        self.tests.append((sentence, function))

    def main(self, at_once=1):
        """Runs all, `at_once` beside each other, says how each went, and leaves."""
        passed = failed = 0
        only = os.environ.get("HDSTEST_ONLY", "")
        try:
            print(f"{self.title}\n  {program().name} of {os.environ.get('HDSBACKUP') or 'this repository'}", flush=True)
            chosen = [test for test in self.tests if only in test[0]]
            with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
                for good in pool.map(lambda test: self.run(*test), chosen):
                    passed, failed = passed + good, failed + (not good)
        finally:
            for end in self.ends:
                end()
            if os.environ.get("KEEP") == "1":
                print(f"kept: {place()}")
            else:
                remove(place())
        print(f"{passed} passed, {failed} failed")
        sys.exit(1 if failed or not passed else 0)

    def run(self, sentence, function):
        Runner.last, start = None, time.monotonic()
        try:
            function()
        except Skip as reason:
            print(f"  skip  {sentence}: {reason}", flush=True)
        except Exception as error:
            self.show(sentence, error)
            return False
        else:
            print(f"  ok    {sentence} ({time.monotonic() - start:.1f} s)", flush=True)
        return True

    def show(self, sentence, error):
        said = [f"  FAIL  {sentence}\n{indented(str(error) or repr(error), 6000)}"]
        said += [indented(note, 6000) for note in getattr(error, "__notes__", [])]
        if not isinstance(error, AssertionError):
            said.append(indented("".join(traceback.format_exception(error, limit=-3))))
        if Runner.last:
            said.append(f"    after {Runner.last!r}")
        print("\n".join(said), flush=True)
