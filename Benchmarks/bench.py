#!/usr/bin/env python3
"""Measures hdsbackup, its peers and the limit (limit.c) on the same data in one run, and says which goals are reached.

    bench.py --mib 1024 --large-mib 8192 --rounds 3 --peers restic,borg --json FILE --markdown FILE

Each round: a first backup, an unchanged one, one of the next day, a restore of it, a verification of every byte; each
program to one folder, into a fresh repository, one program after the other and each round another one first. Wall time
is the clock's, CPU time and peak resident memory are the kernel's account of the process (wait4); anonymous memory of
hdsbackup is looked at every 20 ms. Of several rounds the median is given. Then hdsbackup alone takes --large-mib, once,
for its memory.

The data: --corpus or CORPUS names a program with `make DIR --mib N --seed N` and `mutate DIR --seed N`; without one it
is Tests/Tools/hospital.py. It works in --place, by default on the RAM file system, so that no disk is measured.

Exit status: 0 measured, whatever the goals; 1 a command failed, or a restored folder differs.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = PROJECT / "Tests/Tools"
MIB = 1 << 20
SETTLE = 3           # seconds: what changed just before a backup is never taken as unchanged by the next one
SAMPLING = 0.02      # seconds between two looks at a process's memory
LIMIT_RUNS = 3
PASSPHRASE = "phrase"

STEPS = {"first": "first backup", "unchanged": "unchanged backup", "next": "next day", "restore": "restore",
         "verify": "verify, every byte read", "open": "verify, every byte opened"}
# How many times as fast as the peer, in wall and in CPU time: the goal, and the least where that is another number.
FASTER = [("first", "restic", 4, 3.5), ("first", "borg", 6, 6), ("unchanged", "restic", 6, 6), ("unchanged", "borg", 12, 12),
          ("next", "restic", 4, 4), ("restore", "restic", 3, 3), ("restore", "borg", 6, 6), ("verify", "restic", 6, 6),
          ("open", "restic", 2, 2)]
SMALLER = {"first": 0.9, "next": 0.7}    # part of what the smaller peer adds to its repository
OF_THE_LIMIT = 1.2
PEAK_MIB = 256
GROWTH = 1.10        # memory at the large size, of that at the small one


# Measuring

def stored_in(folder):
    """Sum of the lengths of the files, whatever the file system makes of them."""
    return sum(os.lstat(os.path.join(root, name)).st_size for root, _, names in os.walk(folder) for name in names)


def anonymous_kib(pid):
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            for line in status:
                if line.startswith(b"RssAnon:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class AnonymousPeak:
    """The largest anonymous memory of a process, sampled until `end`."""

    def __init__(self, pid):
        self.peak, self.over = 0, threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(pid,), daemon=True)
        self.thread.start()

    def watch(self, pid):
        while True:
            self.peak = max(self.peak, anonymous_kib(pid))
            if self.over.wait(SAMPLING):
                return

    def end(self):
        self.over.set()
        self.thread.join()
        return self.peak / 1024


def measure(command, *, environment, log, folder=None, good=(0,), watch=False):
    """Runs a command and returns what it cost. ru_maxrss begins with this process's own few MiB: they count too."""
    with open(log, "wb") as output:
        start = time.monotonic()
        process = subprocess.Popen(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        watcher = AnonymousPeak(process.pid) if watch else None
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:  # interrupted: nothing may go on in a folder that is about to be removed
            process.kill()
            raise
        wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    result = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss / 1024}
    if watcher:
        result["anonymous"] = watcher.end()
    if process.returncode not in good:
        sys.exit(f"{log.read_text(errors='replace')[-2000:]}\nexit status {process.returncode}: {' '.join(map(str, command))}")
    return result


def quietly(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)
    if done.returncode != 0:
        sys.exit(f"{done.stdout[-2000:]}\nexit status {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def remove(folder):
    if os.geteuid() != 0 and os.path.lexists(folder):
        subprocess.run(["chmod", "-R", "u+rwX", folder], check=False, stderr=subprocess.DEVNULL)
    quietly("rm", "-rf", folder)


# The programs. Each has commands for the steps, a repository, and a folder of its own for everything.

class Program:
    good, watch = (0,), False

    def __init__(self, path, place, source):
        self.path, self.source = path, source
        self.home = place.programs / self.name
        self.repository, self.log = self.home / "repository", place.programs / "log"

    def environment(self):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HDSBACKUP_", "RESTIC_", "BORG_"))}
        return inherited | {"LC_ALL": "C.UTF-8"} | self.variables()

    def begin(self):
        remove(self.home)
        self.home.mkdir()
        self.prepare()
        quietly(*self.creation(), env=self.environment())

    def prepare(self):
        pass

    def run(self, step, folder=None):
        command = self.command(step, folder)
        return measure(command, environment=self.environment(), log=self.log, folder=folder, good=self.good, watch=self.watch)


class Hdsbackup(Program):
    name, steps, watch = "hdsbackup", tuple(STEPS), True

    def variables(self):
        return {"HDSBACKUP_PASSPHRASE_FILE": str(self.home / "passphrase")}

    def prepare(self):
        (self.home / "passphrase").write_text(PASSPHRASE + "\n")
        (self.home / "config.toml").write_text(f"""
[node]
name = "bench"
state = "{self.home}/state"
keys = "{self.home}/keys"
[site.one]
kind = "file"
path = "{self.repository}"
[tenant.chu]
sites = ["one"]
keys_together = "accepted"
[source.dpi]
tenant = "chu"
paths = ["{self.source}"]
""")

    def creation(self):
        return self.path, "init", "--config", self.home / "config.toml", "--kit-out", self.home / "kit"

    def command(self, step, folder):
        words = {"restore": ["restore", "dpi@latest", "--to", folder], "verify": ["verify", "--read", "all"],
                 "open": ["verify", "--read", "all", "--open"]}.get(step, ["backup"])
        return [self.path, *words, "--config", self.home / "config.toml", "--no-progress"]

    def version(self):
        return "hdsbackup " + quietly(self.path, "--version").strip()

    def how(self):
        return "one `file` site; `verify --read all`, then with `--open`"


class Restic(Program):
    name, steps = "restic", ("first", "unchanged", "next", "restore", "verify")

    def variables(self):
        return {"RESTIC_PASSWORD": PASSPHRASE, "RESTIC_REPOSITORY": str(self.repository)}

    def creation(self):
        return self.path, "init", "-q", "--no-cache"

    def command(self, step, folder):
        words = {"restore": ["restore", "latest", "--target", folder], "verify": ["check", "--read-data"]}.get(step, ["backup", self.source])
        return [self.path, *words, "-q", "--no-cache"]

    def version(self):
        return " ".join(quietly(self.path, "version").split()[:2])

    def how(self):
        return "`backup`, `restore latest`, `check --read-data`, each with `-q --no-cache`"


class Borg(Program):
    name, steps, good = "borg", ("first", "unchanged", "next", "restore", "verify"), (0, 1)  # 1: done, with warnings
    encryption = "repokey-blake2"

    def variables(self):
        return {"BORG_PASSPHRASE": PASSPHRASE, "BORG_REPO": str(self.repository), "BORG_BASE_DIR": str(self.home / "base"),
                "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes", "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}

    def creation(self):
        return self.path, "init", "-e", self.encryption

    def command(self, step, folder):
        words = {"restore": ["extract", "::next"], "verify": ["check", "--verify-data"]}
        return [self.path, *words.get(step, ["create", "--compression", "zstd,3", f"::{step}", self.source])]

    def version(self):
        return quietly(self.path, "--version").strip()

    def how(self):
        return f"`init -e {self.encryption}`, `create --compression zstd,3`, `extract`, `check --verify-data`"


def peers(wanted):
    """Paths by name, from peers.sh."""
    if not wanted:
        return {}
    found = subprocess.run([PROJECT / "Benchmarks/peers.sh", *wanted], stdout=subprocess.PIPE, text=True, check=True).stdout
    paths = dict(line.split("=", 1) for line in found.splitlines() if "=" in line)
    for name in wanted:
        if name not in paths:
            print(f"no {name} here: left out", file=sys.stderr)
    return {name: paths[name] for name in wanted if name in paths}


# The place and the data

def memory_mib(key):
    with open("/proc/meminfo") as info:
        return next(int(line.split()[1]) // 1024 for line in info if line.startswith(key + ":"))


class Place:
    """A folder that is removed at the end, with room for what is to come. The source stands in a folder of its own, and
    nothing is made or removed in the folders above it: programs that record those would find them changed."""

    def __init__(self, below):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hdsbackup-bench.", dir=below)).resolve()
        self.data, self.programs, self.targets = (self.folder / name for name in ("data", "programs", "targets"))
        for folder in (self.data, self.programs, self.targets):
            folder.mkdir()
        self.source, self.pristine = self.data / "source", self.programs / "pristine"

    def is_memory(self):
        with open("/proc/self/mounts") as mounts:
            kinds = {fields[1]: fields[2] for fields in map(str.split, mounts)}
        at = self.folder
        while str(at) not in kinds and at != at.parent:
            at = at.parent
        return kinds.get(str(at)) == "tmpfs"

    def touch(self, mib):
        """Memory that was never used costs much more at its first use: no program shall be the one that pays."""
        info = os.statvfs(self.folder)
        free = info.f_bavail * info.f_frsize // MIB
        if self.is_memory():
            free = min(free, memory_mib("MemAvailable") - 1024)  # the programs need some too
        if free < mib:
            sys.exit(f"{mib} MiB are needed in the place, {free} are free: choose a smaller --mib or --large-mib, or another --place")
        if self.is_memory():
            block = bytes(MIB)
            with open(self.targets / "fill", "wb", buffering=0) as fill:
                for _ in range(mib):
                    fill.write(block)
            (self.targets / "fill").unlink()


def corpus(options, *words):
    interpreter = [] if os.access(options.corpus, os.X_OK) else [sys.executable]
    quietly(*interpreter, os.path.abspath(options.corpus), *map(str, words))


def room_needed(options, count):
    small = options.mib * (3 + 0.9 * count)      # two sources, a restored one, a repository a program
    large = options.large_mib * 1.9              # the source, or what was restored of it, and a repository
    return int(1.1 * max(small, large)) + 256


# The rounds

class Rounds:
    """All the figures: runs[program][step] is a list, one measure a round."""

    def __init__(self, options, place, programs, limit):
        self.options, self.place, self.programs, self.limit_program = options, place, programs, limit
        self.runs = {p.name: {step: [] for step in p.steps} for p in programs}
        self.limits = []

    def take(self):
        corpus(self.options, "make", self.place.pristine, "--mib", self.options.mib, "--seed", 1)
        for number in range(self.options.rounds):
            turn = number % len(self.programs)
            self.round(number, self.programs[turn:] + self.programs[:turn])
        remove(self.place.pristine)

    def round(self, number, programs):
        say(f"round {number + 1}: " + ", ".join(p.name for p in programs))
        remove(self.place.source)
        quietly("cp", "-a", self.place.pristine, self.place.source)
        for program in programs:
            program.begin()
        time.sleep(SETTLE)
        self.each(programs, "first")
        self.measure_limit()
        self.each(programs, "unchanged")
        corpus(self.options, "mutate", self.place.source, "--seed", 2)
        time.sleep(SETTLE)
        self.each(programs, "next")
        for program in programs:
            self.record(program, "restore", restore(program, self.place, compared=number == 0))
        self.each(programs, "verify")
        self.each(programs, "open")
        for program in programs:
            remove(program.home)

    def each(self, programs, step):
        for program in programs:
            if step not in program.steps:
                continue
            stored = stored_in(program.repository)
            result = program.run(step)
            result["stored"] = stored_in(program.repository) - stored
            self.record(program, step, result)

    def record(self, program, step, result):
        self.runs[program.name][step].append(result)
        say(f"  {program.name:10} {STEPS[step]:26} {result['wall']:8.3f} s  {result['cpu']:8.3f} s CPU  {result['peak']:6.0f} MiB")

    def measure_limit(self):
        for _ in range(-(-LIMIT_RUNS // self.options.rounds)):
            self.limits.append(json.loads(quietly(self.limit_program, self.place.source)))
            say(f"  {'limit':10} {STEPS['first']:26} {self.limits[-1]['wall']:8.3f} s  {self.limits[-1]['cpu']:8.3f} s CPU")


def restore(program, place, compared=False, keep_source=True):
    """Into a fresh folder; ours is compared with the source, names, times, attributes and all."""
    target = place.targets / "restored"
    target.mkdir()
    if not keep_source:
        remove(place.source)
    result = program.run("restore", target)
    if compared and program.name == "hdsbackup":
        quietly(sys.executable, TOOLS / "listing.py", "--compare", place.source, f"{target}{place.source}")
        say("  restored folder and source are identical (listing.py)")
    remove(target)
    return result


def large_runs(options, place, program):
    """One measure a step at the large size, for memory. The source makes room for what is restored."""
    say(f"{options.large_mib} MiB: hdsbackup")
    remove(place.source)
    corpus(options, "make", place.source, "--mib", options.large_mib, "--seed", 1)
    program.begin()
    time.sleep(SETTLE)
    runs = {}
    for step in ("first", "unchanged", "verify", "open", "restore"):
        runs[step] = restore(program, place, keep_source=False) if step == "restore" else program.run(step)
        say(f"  {STEPS[step]:26} {runs[step]['wall']:8.3f} s  {runs[step]['peak']:6.0f} MiB, anonymous {runs[step]['anonymous']:.0f}")
    return runs


def say(text):
    print(text, file=sys.stderr, flush=True)


# Results

class Results:
    """Medians, and what the goals say of them."""

    def __init__(self, runs, limits, large):
        self.runs, self.limits, self.large = runs, limits, large
        self.peers = [name for name in runs if name != "hdsbackup"]

    def median(self, program, step, key):
        return statistics.median(run[key] for run in self.runs[program][step])

    def limit(self, key):
        return statistics.median(run[key] for run in self.limits)

    def faster(self):
        """(step, peer, key, ratio, goal, verdict) for each ratio that has a goal, and verdicts None for the others."""
        goals = {(step, peer): (goal, least) for step, peer, goal, least in FASTER}
        for step in STEPS:
            for peer in self.peers:
                goal, least = goals.get((step, peer), (None, None))
                theirs = "verify" if step == "open" else step
                for key in ("wall", "cpu"):
                    ratio = self.median(peer, theirs, key) / self.median("hdsbackup", step, key)
                    yield step, peer, key, ratio, goal, goal and ("reached" if ratio >= goal else f"the least, {least}" if ratio >= least else "missed")

    def others(self):
        """(what, value, goal, verdict): bytes, the limit, peak memory."""
        for step, most in SMALLER.items():
            if self.peers:
                smaller = min(self.peers, key=lambda peer: self.median(peer, step, "stored"))
                ratio = self.median("hdsbackup", step, "stored") / self.median(smaller, step, "stored")
                yield f"bytes stored, {STEPS[step]}: part of {smaller}'s", ratio, f"≤ {most}", ratio <= most
        for key, name in (("wall", "wall time"), ("cpu", "CPU time")):
            ratio = self.median("hdsbackup", "first", key) / self.limit(key)
            yield f"first backup, {name}: times the limit", ratio, f"≤ {OF_THE_LIMIT}", ratio <= OF_THE_LIMIT
        for step in STEPS:
            peaks = [run["peak"] for run in self.runs["hdsbackup"][step]]
            peak = max(peaks + ([self.large[step]["peak"]] if step in self.large else []))
            yield f"peak resident memory, {STEPS[step]}: MiB, the most of all runs", peak, f"≤ {PEAK_MIB}", peak <= PEAK_MIB

    def growth(self):
        """(step, resident small, large, their ratio, anonymous small, large, their ratio, verdict)"""
        for step, run in self.large.items():
            row = [step]
            for key in ("peak", "anonymous"):
                small = self.median("hdsbackup", step, key)
                row += [small, run[key], run[key] / max(small, 0.1)]
            yield *row, row[3] <= GROWTH


def short(value):
    """Three digits."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def verdict(is_reached):
    return is_reached if isinstance(is_reached, str) else "—" if is_reached is None else "reached" if is_reached else "missed"


def table(header, rows):
    rows = [list(map(str, row)) for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def cell(results, program, step):
    runs = results.runs[program].get(step)
    if not runs:
        return "—"
    walls = [run["wall"] for run in runs]
    memory = short(results.median(program, step, "peak"))
    if "anonymous" in runs[0]:
        memory += f" (anonymous {short(results.median(program, step, 'anonymous'))})"
    spread = f" ({short(min(walls))}–{short(max(walls))})" if len(walls) > 1 else ""
    parts = [f"{short(statistics.median(walls))} s{spread}",
             f"{short(results.median(program, step, 'cpu'))} s CPU", f"{memory} MiB"]
    if step in ("first", "unchanged", "next"):
        parts.append(f"{short(results.median(program, step, 'stored') / 1e6)} MB")
    return ", ".join(parts)


def steps_table(results):
    programs = list(results.runs)
    rows = [[text, *(cell(results, program, step) for program in programs), "—"] for step, text in STEPS.items()]
    rows[0][-1] = f"{short(results.limit('wall'))} s, {short(results.limit('cpu'))} s CPU, {short(results.limit('stored') / 1e6)} MB"
    return table(["step", *programs, "limit"], rows)


def faster_table(results):
    pairs = {}
    for step, peer, key, ratio, goal, reached in results.faster():
        pairs.setdefault((step, peer, goal), {})[key] = [short(ratio), verdict(reached)]
    rows = [[STEPS[step], peer, goal and f"≥ {goal}" or "—", *pair["wall"], *pair["cpu"]] for (step, peer, goal), pair in pairs.items()]
    return table(["step", "times as fast as", "goal", "wall", "", "CPU", ""], rows)


def others_table(results):
    rows = [[what, short(value), goal, verdict(reached)] for what, value, goal, reached in results.others()]
    return table(["what", "measured", "goal", ""], rows)


def growth_table(results, options):
    rows = [[STEPS[step], *map(short, numbers), verdict(reached)] for step, *numbers, reached in results.growth()]
    small, large = f"{options.mib} MiB", f"{options.large_mib} MiB"
    return table(["memory, MiB", f"resident, {small}", large, "ratio", f"anonymous, {small}", large, "ratio", f"resident ≤ {GROWTH}"], rows)


def processor():
    with open("/proc/cpuinfo") as info:
        return next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())


def circumstances(options, place, programs, limits):
    """Machine, date, versions, command: without paths of this machine."""
    command = f"--mib {options.mib} --large-mib {options.large_mib} --rounds {options.rounds} --peers {','.join(options.peers) or 'none'}"
    return {
        "machine": f"{os.cpu_count()} cores, {processor()}, {memory_mib('MemTotal')} MiB of memory, Linux {platform.release()}",
        "place": "RAM file system" if place.is_memory() else "disk",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "versions": [p.version() for p in programs] + [f"libzstd {limits[0]['zstd']}", f"libcrypto {limits[0]['libcrypto']}", f"Python {platform.python_version()}"],
        "how": {p.name: p.how() for p in programs},
        "data": "Tests/Tools/hospital.py" if options.corpus == str(TOOLS / "hospital.py") else "another program's (CORPUS)",
        "files": f"{limits[0]['read'] / 1e6:.0f} MB of contents, holes left out",
        "command": f"make bench BENCH_ARGS='{command}'",
    }


def markdown(results, about, options):
    head = [f"Machine: {about['machine']}; {about['place']}. Date: {about['date']}. Load at the start: {about['load at the start']:.2f}.",
            f"Versions: {', '.join(about['versions'])}. Command: `{about['command']}`. Data: {about['data']}, {about['files']}.",
            "Commands: " + "; ".join(f"{name}: {how}" for name, how in about["how"].items()) + ".",
            f"Rounds: {options.rounds}. Medians; in brackets the least and the greatest wall time; then peak resident memory and the bytes added to the repository."]
    tables = [steps_table(results), *([faster_table(results)] if results.peers else []), others_table(results)]
    if results.large:
        tables.append(growth_table(results, options))
    return "\n".join(head) + "\n\n" + "\n\n".join(tables) + "\n"


def as_json(results, about):
    return {"circumstances": about, "runs": results.runs, "limit": results.limits, "large": results.large,
            "faster": [dict(zip(("step", "peer", "of", "ratio", "goal", "verdict"), row)) for row in results.faster()],
            "others": [dict(zip(("what", "value", "goal", "reached"), row)) for row in results.others()],
            "growth": [{"step": step, "resident": numbers[:3], "anonymous": numbers[3:], "reached": reached}
                       for step, *numbers, reached in results.growth()]}


# The command

def build_limit(place):
    compiler = next((c for c in (os.environ.get("CC"), "gcc", "cc", "clang") if c and shutil.which(c)), None)
    if not compiler:
        sys.exit("no C compiler for Benchmarks/limit.c: set CC")
    program = place.programs / "limit"
    quietly(compiler, "-std=gnu17", "-O3", "-pthread", "-o", program, PROJECT / "Benchmarks/limit.c", "-lzstd", "-lcrypto", "-lm")
    return program


def list_of_peers(text):
    names = [] if text == "none" else [name for name in re.split("[, ]+", text) if name]
    unknown = set(names) - {"restic", "borg"}
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return names


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024, help="size of the first day (default: %(default)s)")
    parser.add_argument("--large-mib", type=int, default=8192, help="size for the memory rows, 0: none (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--peers", type=list_of_peers, default="restic,borg", help="restic, borg, both or none (default: %(default)s)")
    parser.add_argument("--corpus", default=os.environ.get("CORPUS") or str(TOOLS / "hospital.py"), help="the program that makes the data")
    parser.add_argument("--place", default="/dev/shm", help="where to work (default: %(default)s)")
    parser.add_argument("--program", default=str(PROJECT / ".build/release/hdsbackup"), help="hdsbackup (default: the release build)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every measure")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the tables")
    options = parser.parse_args()
    if options.mib < 1 or options.rounds < 1 or options.large_mib < 0:
        parser.error("--mib and --rounds are at least 1, --large-mib at least 0")
    for path in (options.program, options.corpus):
        if not os.path.isfile(path):
            parser.error(f"no such program: {path}")
    return options


def bench(options, place):
    load = os.getloadavg()[0]
    kinds = {"restic": Restic, "borg": Borg}
    ours = Hdsbackup(os.path.abspath(options.program), place, place.source)
    programs = [ours, *(kinds[name](path, place, place.source) for name, path in peers(options.peers).items())]
    place.touch(room_needed(options, len(programs)))
    rounds = Rounds(options, place, programs, build_limit(place))
    rounds.take()
    about = circumstances(options, place, programs, rounds.limits) | {"load at the start": load}
    results = Results(rounds.runs, rounds.limits, large_runs(options, place, ours) if options.large_mib else {})
    text = markdown(results, about, options)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        options.json.write_text(json.dumps(as_json(results, about), indent=1) + "\n")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = Place(options.place)
    try:
        bench(options, place)
    finally:
        remove(place.folder)


if __name__ == "__main__":
    main()
