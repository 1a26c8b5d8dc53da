#!/usr/bin/env python3
"""Measures retention and collection of hdsbackup beside `restic forget --prune`, on the same history, and says which goals are reached.

    collect.py --mib 512 --days 30 --keep 7 --rounds 3 --json FILE --markdown FILE

Each program has a repository with a snapshot of each of so many days of a sample hospital, which changes every day. Then all but the last seven
are dropped: `restic forget --keep-last 7 --prune`; `hdsbackup retention apply` and `hdsbackup collect`, as often as it takes, while backups of another source
of the same tenant go on without a pause (for restic nothing goes on: its prune locks everybody out). `collect` never fences a backup here: where
one was begun before its packs were condemned, it is run again when that one is over; the time between does not count, that of all its runs does.

The history is made once; each round begins with it as it was, the programs take turns in going first. Wall time is the clock's,
peak resident memory the kernel's account (wait4), anonymous memory is looked at every 20 ms; of ours the sum of the wall times of all commands, and the
largest of the peaks. Bytes freed: the lengths of all files of the repository before and after; what the other source's backups added meanwhile does
not count against ours. Who stored less has less to free: bytes left are given too. Of several rounds the median is given.

The data, the place and the other options are those of bench.py.

Exit status: 0 measured, whatever the goals; 1 a command failed, or what is left does not restore as it was.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import threading
import time

import bench
from bench import MIB, PASSPHRASE, PROJECT, SETTLE, TOOLS, Place, measure, quietly, remove, say, short, stored_in, table, verdict

# What ours may take at the most, as a part of restic's; and of bytes at the least.
GOALS = {"wall": ("wall time", 1 / 4, "≤"), "peak": ("peak resident memory", 1 / 2, "≤"), "freed": ("bytes freed", 1, "≥")}
TRIES = 20           # runs of `collect` after which it is said not to end
OTHER_NEW = 8 * MIB  # what the other source has new in each of its backups


# The programs: a history, which is kept aside, and what drops most of it

class Program:
    def __init__(self, path, place):
        self.path, self.place = path, place
        self.home, self.aside = place.programs / self.name, place.programs / f"{self.name}.aside"
        self.repository, self.log = self.home / "repository", place.programs / f"{self.name}.log"

    def environment(self):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HDSBACKUP_", "RESTIC_"))}
        return inherited | {"LC_ALL": "C.UTF-8"} | self.variables()

    def call(self, *words, **more):
        return quietly(self.path, *words, env=self.environment(), **more)

    def measure(self, *words, good=(0,)):
        return measure([self.path, *words], environment=self.environment(), log=self.log, good=good, watch=True)

    def keep(self):
        """Puts the history aside. Packs are never changed, only added and removed: names of the same files are enough."""
        remove(self.aside)
        self.aside.mkdir()
        quietly("cp", "-al", self.repository, self.aside / "repository")
        for name in self.own:
            quietly("cp", "-a", self.home / name, self.aside / name)

    def put_back(self):
        for name in ("repository", *self.own):
            remove(self.home / name)
        quietly("cp", "-al", self.aside / "repository", self.repository)
        for name in self.own:
            quietly("cp", "-a", self.aside / name, self.home / name)


class Restic(Program):
    name, own = "restic", ()

    def variables(self):
        return {"RESTIC_PASSWORD": PASSPHRASE, "RESTIC_REPOSITORY": str(self.repository)}

    def begin(self, _):
        self.home.mkdir()
        self.call("init", "-q", "--no-cache")

    def backup(self):
        self.call("backup", self.place.source, "-q", "--no-cache")

    def drop(self, keep):
        before = stored_in(self.repository)
        result = self.measure("forget", "--keep-last", str(keep), "--prune", "-q", "--no-cache")
        left = stored_in(self.repository)
        return result | {"freed": before - left, "left": left, "runs": 1}

    def check(self, keep):
        snapshots = json.loads(self.call("snapshots", "--json", "--no-cache"))
        if len(snapshots) != keep:
            sys.exit(f"restic has {len(snapshots)} snapshots left, not {keep}")

    def version(self):
        return " ".join(self.call("version").split()[:2])


class Hdsbackup(Program):
    name, own = "hdsbackup", ("state",)

    def variables(self):
        return {"HDSBACKUP_PASSPHRASE_FILE": str(self.home / "passphrase")}

    @property
    def other(self):
        return self.home / "other"

    def begin(self, keep):
        self.home.mkdir()
        (self.home / "passphrase").write_text(PASSPHRASE + "\n")
        self.configure("config", keep)
        self.configure("other", keep)
        self.other.mkdir()
        self.call("init", "--config", self.home / "config.toml", "--kit-out", self.home / "kit")

    def configure(self, name, keep):
        """`other` is another host, with a state of its own."""
        (self.home / f"{name}.toml").write_text(f"""
[node]
name = "bench-{name}"
state = "{self.home}/{'state' if name == 'config' else 'state-' + name}"
keys = "{self.home}/keys"
[site.one]
kind = "file"
path = "{self.repository}"
[tenant.chu]
sites = ["one"]
keys_together = "accepted"
[tenant.chu.policy]
keep = {{ last = {keep} }}
quarantine = "0s"
cool_off = "0s"
[source.dpi]
tenant = "chu"
paths = ["{self.place.source}"]
[source.other]
tenant = "chu"
paths = ["{self.other}"]
keep = {{ last = 1000 }}
""")

    def words(self, *words, config="config"):
        return [*words, "--config", self.home / f"{config}.toml", "--no-progress"]

    def backup(self):
        self.call(*self.words("backup", "dpi"))

    def put_back(self):
        super().put_back()
        remove(self.home / "state-other")
        for file in self.other.iterdir():
            file.unlink()

    def drop(self, keep):
        before = stored_in(self.repository)
        others = Others(self)
        results = []
        try:
            others.wait_for_one()
            results.append(self.measure(*self.words("retention", "apply", "dpi")))
            for _ in range(TRIES):
                results.append(self.measure(*self.words("collect", "--json"), good=(0, 3)))
                mark = others.running()  # none that is older than what was condemned has a higher number
                rows = [row for line in self.log.read_text().splitlines() if line.startswith("{") for row in json.loads(line).get("sites", [])]
                if rows and all(row["state"] in ("nothing", "swept") for row in rows):
                    break
                others.wait_beyond(mark)
            else:
                sys.exit(f"after {TRIES} runs `collect` has not ended: {rows}")
        finally:
            others.end()
        freed = before + others.stored - stored_in(self.repository)
        say(f"  {'':10} {len(results) - 1} runs of collect beside {others.ended} backups of another source, which stored {short(others.stored / 1e6)} MB")
        return {"wall": sum(each["wall"] for each in results), "cpu": sum(each["cpu"] for each in results),
                "peak": max(each["peak"] for each in results), "anonymous": max(each["anonymous"] for each in results),
                "freed": freed, "left": before - freed, "runs": len(results), "beside": others.ended}

    def check(self, keep):
        """What is left is what should be; the last day restores as it is."""
        snapshots = json.loads(self.call(*self.words("snapshots", "--json")).splitlines()[0])["snapshots"]
        found = sum(each["source"] == "dpi" for each in snapshots)
        if found != keep:
            sys.exit(f"hdsbackup has {found} snapshots left, not {keep}")
        self.call(*self.words("verify", "--read", "all"))
        target = self.place.targets / "restored"
        for each in ("dpi@latest", next(each["id"] for each in snapshots if each["source"] == "dpi")):
            target.mkdir()
            self.call(*self.words("restore", each, "--to", target))
            if each == "dpi@latest":
                quietly(sys.executable, TOOLS / "listing.py", "--compare", self.place.source, f"{target}{self.place.source}")
            remove(target)
        say("  all that is left verifies; the last day's restore and the source are identical (listing.py)")

    def version(self):
        return "hdsbackup " + self.call("--version").strip()


class Others:
    """Backups of the other source, one after the other, until it is the end."""

    def __init__(self, program):
        self.program, self.over, self.changed = program, threading.Event(), threading.Condition()
        self.begun = self.ended = self.stored = 0
        self.failure = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        program = self.program
        words = [program.path, *program.words("backup", "other", "--json", config="other")]
        while not self.over.is_set():
            (program.other / f"new-{self.begun % 4}").write_bytes(os.urandom(OTHER_NEW))
            with self.changed:
                self.begun += 1
                self.changed.notify_all()
            done = subprocess.run(list(map(str, words)), env=program.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            with self.changed:
                if done.returncode != 0:
                    self.failure = f"the backup of the other source ended with {done.returncode}: {done.stderr[-2000:]}"
                    self.over.set()
                else:
                    self.stored += json.loads(done.stdout.splitlines()[0])["sites"][0]["stored_bytes"]
                self.ended += 1
                self.changed.notify_all()

    def running(self):
        """The number of the backup that is at work, or is the next."""
        with self.changed:
            return self.begun

    def wait_for_one(self):
        with self.changed:
            self.changed.wait_for(lambda: self.begun > 0)

    def wait_beyond(self, mark):
        """Until the backup that was at work then is over."""
        with self.changed:
            self.changed.wait_for(lambda: self.ended >= mark or self.failure)

    def end(self):
        self.over.set()
        self.thread.join()
        if self.failure:
            sys.exit(self.failure)


# The rounds

def make_history(options, place, programs):
    """A snapshot a day of each program."""
    say(f"a history of {options.days} days of {options.mib} MiB")
    bench.corpus(options, "make", place.source, "--mib", options.mib, "--seed", 1)
    for program in programs:
        program.begin(options.keep)
    for day in range(options.days):
        if day:
            bench.corpus(options, "mutate", place.source, "--seed", 1 + day)
        if day == options.days - 1:
            time.sleep(SETTLE)
        for program in programs:
            program.backup()
    for program in programs:
        program.keep()
        say(f"  {program.name:10} {short(stored_in(program.repository) / 1e6)} MB")


def take(options, place, programs):
    """{program: a measure a round}."""
    make_history(options, place, programs)
    runs = {program.name: [] for program in programs}
    for number in range(options.rounds):
        turn = number % len(programs)
        order = programs[turn:] + programs[:turn]
        say(f"round {number + 1}: " + ", ".join(program.name for program in order))
        for program in order:
            program.put_back()
            result = program.drop(options.keep)
            runs[program.name].append(result)
            say(f"  {program.name:10} {result['wall']:8.3f} s  {result['cpu']:8.3f} s CPU  {result['peak']:6.0f} MiB,"
                f" anonymous {result['anonymous']:.0f}  {result['freed'] / 1e6:8.1f} MB freed")
            if number == 0:
                program.check(options.keep)
    return runs


def median(runs, program, key):
    return statistics.median(run[key] for run in runs[program])


def ratios(runs):
    """(what, ratio, goal, verdict), where restic ran."""
    if "restic" in runs:
        for key, (what, goal, sign) in GOALS.items():
            ratio = median(runs, "hdsbackup", key) / max(median(runs, "restic", key), 1e-9)
            yield what, ratio, f"{sign} {short(goal)}", ratio <= goal if sign == "≤" else ratio >= goal


def spread(values, divisor=1):
    text = short(statistics.median(values) / divisor)
    return text + (f" ({short(min(values) / divisor)}–{short(max(values) / divisor)})" if len(values) > 1 else "")


def markdown(runs, about):
    columns = (("wall", "wall, s", 1), ("cpu", "CPU, s", 1), ("peak", "peak resident, MiB", 1), ("anonymous", "peak anonymous, MiB", 1),
               ("freed", "freed, MB", 1e6), ("left", "left, MB", 1e6), ("runs", "commands", 1))
    rows = [[name, *(spread([run[key] for run in results], divisor) for key, _, divisor in columns)] for name, results in runs.items()]
    head = [f"Machine: {about['machine']}; {about['place']}. Date: {about['date']}. Load at the start: {about['load at the start']:.2f}.",
            f"Versions: {', '.join(about['versions'])}. Options: `{about['options']}`.",
            "restic: `forget --keep-last N --prune -q --no-cache`, alone. hdsbackup: `retention apply`, then `collect` until it is done, beside backups of another source.",
            "Medians; in brackets the least and the greatest."]
    tables = [table(["program", *(title for _, title, _ in columns)], rows)]
    if found := list(ratios(runs)):
        tables.append(table(["hdsbackup's part of restic's", "measured", "goal", ""],
                            [[what, short(ratio), goal, verdict(reached)] for what, ratio, goal, reached in found]))
    return "\n".join(head) + "\n\n" + "\n\n".join(tables) + "\n"


def circumstances(options, place, programs, load):
    return {
        "machine": f"{os.cpu_count()} cores, {bench.processor()}, {bench.memory_mib('MemTotal')} MiB of memory, Linux {platform.release()}",
        "place": "RAM file system" if place.is_memory() else "disk",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "versions": [program.version() for program in programs], "load at the start": load,
        "options": f"--mib {options.mib} --days {options.days} --keep {options.keep} --rounds {options.rounds}",
    }


# The command

def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=512, help="size of the first day (default: %(default)s)")
    parser.add_argument("--days", type=int, default=30, help="snapshots (default: %(default)s)")
    parser.add_argument("--keep", type=int, default=7, help="how many of them are kept (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--alone", action="store_true", help="without restic")
    parser.add_argument("--corpus", default=os.environ.get("CORPUS") or str(TOOLS / "hospital.py"), help="the program that makes the data")
    parser.add_argument("--place", default="/dev/shm", help="where to work (default: %(default)s)")
    parser.add_argument("--program", default=str(PROJECT / ".build/release/hdsbackup"), help="hdsbackup (default: the release build)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every measure")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the tables")
    options = parser.parse_args()
    if options.mib < 1 or options.rounds < 1 or not 1 <= options.keep < options.days:
        parser.error("--mib and --rounds are at least 1, --keep is at least 1 and less than --days")
    for path in (options.program, options.corpus):
        if not os.path.isfile(path):
            parser.error(f"no such program: {path}")
    return options


def room_needed(options, count):
    """The source, a restored one; of each program its history and as much again for what is written anew."""
    history = options.mib * (0.9 + 0.06 * options.days)
    return int(1.1 * (2.5 * options.mib + 1.6 * history * count)) + 256


def run(options, place):
    load = os.getloadavg()[0]
    paths = {} if options.alone else bench.peers(["restic"])
    programs = [Hdsbackup(os.path.abspath(options.program), place)] + [Restic(path, place) for path in paths.values()]
    place.touch(room_needed(options, len(programs)))
    about = circumstances(options, place, programs, load)
    runs = take(options, place, programs)
    text = markdown(runs, about)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        found = [dict(zip(("what", "ratio", "goal", "reached"), row)) for row in ratios(runs)]
        options.json.write_text(json.dumps({"circumstances": about, "runs": runs, "ratios": found}, indent=1) + "\n")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = Place(options.place)
    try:
        run(options, place)
    finally:
        remove(place.folder)


if __name__ == "__main__":
    main()
