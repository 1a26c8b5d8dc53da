#!/usr/bin/env python3
"""Lets the real daemon work for a while under blows, and says whether anything was lost, repeated, torn or leaked.

    soak.py --program .build/release/hdsbackup --minutes 20 --idle 60
    soak.py --program .build/debug/hdsbackup --short

Three sources with schedules of seconds change all the time; two sites, replication, verification with a period of a minute. In the first two
thirds the daemon is killed (-9) once a minute at random, with --short every ten seconds, and started again; then it lives on to the end, so that
what grows can be seen. All the while a worker is killed now and then, a site is taken away and brought back, SIGHUP comes.

Afterwards, each a violation where it is not so:
  memory, descriptors, threads  the median of the last third of the samples is at most 1.1 times that of the first third (and two): over all
                                lives from their fifth second on, and within the last life from its twentieth on
  no slot lost                  each slot of a schedule has a run; or the daemon was down, or a blow hit its run, or other runs took all the
                                room until the next slot
  no slot twice                 no slot has two runs that ended well; a missed slot is made up for once
  no snapshot lost              what a run that ended well said that it took is listed, at both sites
  nothing torn                  every listed snapshot restores from each site; each file in it is whole and in a version that was there while the
                                backup ran, and none is missing that was there all the time
  verify                        every pack is read and every blob opened at each site

--idle SECONDS: besides, what a daemon with hourly schedules costs while it has nothing to do: processor time below 0.1 %, about one wake-up a
second at most (voluntary context switches of all threads), and less than 64 MiB where the program is a release build.

Exit status: 0 all is well, 1 a violation.
"""
import argparse
import bisect
import concurrent.futures
import contextlib
import datetime
import hashlib
import itertools
import os
import pathlib
import random
import signal
import statistics
import sys
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
GROWTH = 1.1
SLACK = 2            # descriptors and threads: a client that is connected just then
FILES = 40           # of each folder
ROOM = 64            # MiB of an idle daemon
WAKES = 1.1          # a second: libdispatch looks at its threads once a second, and that is all
BEFORE = ("backup", "restore-test")  # what a backup waits for


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=PROJECT / ".build/release/hdsbackup", type=pathlib.Path, help="the daemon is the hdsbackupd beside it")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--short", action="store_true", help="one minute, with a kill every ten seconds")
    parser.add_argument("--idle", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


options = arguments()
os.environ["HDSBACKUP"] = str(options.program.resolve())
sys.path.insert(0, str(PROJECT / "Tests/EndToEnd"))
import hdstest  # noqa: E402, it reads the environment
from daemons import Daemon, Host, daemon_program, free_port  # noqa: E402

dice = random.Random(options.seed)
violations = []


def say(text):
    print(text, flush=True)


def violation(text):
    violations.append(text)
    say(f"  VIOLATION {text}")


# Data whose every version is known

class Version:
    """Of a file: from some moment between two on it was there, and its hash; None once it is deleted."""

    def __init__(self, earliest, latest, digest):
        self.earliest, self.latest, self.digest = earliest, latest, digest


class Changing:
    """A folder, or one file of it, that changes all the time: each file is replaced as a whole, and each of its versions is written down."""

    def __init__(self, folder, count, size):
        self.folder, self.size, self.versions, self.generation = folder, size, {}, 0
        self.aside = folder.with_name(folder.name + ".aside")
        self.dice = random.Random(f"{options.seed} {folder.name}")
        folder.mkdir(exist_ok=True)
        self.names = [f"f-{number:03}" for number in range(count)]
        for name in self.names:
            self.put(name)

    def put(self, name):
        self.generation += 1
        words = b" ".join(b"%08x" % self.dice.getrandbits(32) for _ in range(self.dice.randint(1, self.size)))
        content = f"{name} {self.generation}\n".encode() + words
        self.aside.write_bytes(content)
        earliest = time.time()
        os.rename(self.aside, self.folder / name)
        self.versions.setdefault(name, []).append(Version(earliest, time.time(), hashlib.sha256(content).hexdigest()))

    def delete(self, name):
        if (self.folder / name).exists():
            earliest = time.time()
            (self.folder / name).unlink()
            self.versions[name].append(Version(earliest, time.time(), None))

    def change(self):
        for _ in range(self.dice.randint(1, 4)):
            name = self.dice.choice(self.names)
            if len(self.names) > 1 and self.dice.random() < 0.2:
                self.delete(name)
            else:
                self.put(name)

    def during(self, name, begin, end):
        """Hashes of the versions of a file that were there at some time between; with None where it was not there."""
        versions = self.versions.get(name, [])
        first = bisect.bisect_right(versions, begin, key=lambda version: version.latest) - 1
        last = bisect.bisect_right(versions, end, key=lambda version: version.earliest)
        return {version.digest for version in versions[max(first, 0):last]} | ({None} if first < 0 else set())

    def wrong(self, found, begin, end):
        """What is wrong about {name: hash} of a backup that ran then."""
        for name in found.keys() | self.versions.keys():
            known = self.during(name, begin, end)
            if found.get(name) not in known:
                yield f"{name}: {str(found.get(name))[:12]}, there were {[str(each)[:12] for each in known]}"


# The machine

class Soak:
    def __init__(self):
        self.periods = {"dossiers": 5, "images": 10, "base": 7} if options.short else {"dossiers": 10, "images": 15, "base": 20}
        self.seconds = 60 if options.short else options.minutes * 60
        self.machine = machine = Host("soak", sites=("paris", "lille"), listen=f"127.0.0.1:{free_port()}")
        self.data = {"dossiers": Changing(machine.root / "dossiers", FILES, 2000), "images": Changing(machine.root / "images", FILES // 4, 20_000),
                     "base": Changing(machine.root / "base", 1, 30_000)}
        machine.tenant_settings["policy"] = {"verify": {"scrub": "60s"}}
        for name in ("dossiers", "images"):
            machine.add_source(name, machine.root / name, schedule=f"every {self.periods[name]}s")
        machine.add_source("base", command=["cat", machine.root / "base" / "f-000"], schedule=f"every {self.periods['base']}s")
        machine.ready()
        self.over = threading.Event()
        self.samples, self.lives, self.downs, self.blows = [], [], [], []
        self.counts = {"kills of the daemon": 0, "kills of a worker": 0, "sites taken away": 0, "SIGHUP": 0, "mutations": 0}

    def run(self):
        say(f"soak: {self.seconds:.0f} s, {options.program}")
        threads = [threading.Thread(target=target) for target in (self.mutate, self.sample, self.vex)]
        self.begin = time.time()
        self.start()
        for thread in threads:
            thread.start()
        try:
            self.kill_daily()
        finally:
            self.over.set()
            for thread in threads:
                thread.join()
            self.end = time.time()
            with self.daemon:
                status = self.daemon.stop(90)
        if status != 0:
            violation(f"the daemon ended with {status}")

    def start(self):
        self.daemon = Daemon(self.machine)
        self.lives.append((time.time(), self.daemon))

    def kill_daily(self):
        """Kills, and starts again, in two thirds of the time; then lets it live."""
        pace, kills_end = (10 if options.short else 60), self.begin + self.seconds * 2 / 3
        while (wait := dice.uniform(0.7, 1.3) * pace) + time.time() < kills_end:
            self.over.wait(wait)
            if self.over.is_set():
                return
            down = time.time()
            self.daemon.kill()
            time.sleep(dice.choice((0, 0.1, 1, pace / 4)))
            self.start()
            self.downs.append((down, time.time()))
            self.counts["kills of the daemon"] += 1
        while time.time() < self.begin + self.seconds:
            time.sleep(0.5)
            if not self.daemon.is_alive:
                violation(f"the daemon ended by itself with {self.daemon.process.returncode}:\n{self.daemon.log[-2000:]}")
                return

    # What goes on meanwhile

    def mutate(self):
        while not self.over.wait(0.2):
            for changing in self.data.values():
                changing.change()
            self.counts["mutations"] += 1

    def vex(self):
        pause = 4 if options.short else 20
        own = random.Random(options.seed + 1)
        while not self.over.wait(own.uniform(0.5, 1.5) * pause):
            own.choice((self.kill_worker, self.take_site, self.take_site, self.hang_up))(own)

    def kill_worker(self, own):
        with contextlib.suppress(OSError, IndexError):
            pid = own.choice(list(self.daemon.workers))
            os.kill(pid, own.choice((signal.SIGKILL, signal.SIGTERM)))
            self.blows.append((time.time(), time.time()))
            self.counts["kills of a worker"] += 1

    def take_site(self, own):
        site = self.machine.site(own.choice(("paris", "lille")))
        away, begin = site.with_name(site.name + ".away"), time.time()
        site.rename(away)
        time.sleep(own.uniform(1, 3 if options.short else 15))
        if site.exists():
            violation(f"the site {site.name} was made again while it was away: {list(site.iterdir())}")
            hdstest.remove(site)
        away.rename(site)
        self.blows.append((begin, time.time()))
        self.counts["sites taken away"] += 1

    def hang_up(self, _):
        with contextlib.suppress(OSError):
            self.daemon.signal(signal.SIGHUP)
            self.counts["SIGHUP"] += 1

    def sample(self):
        while not self.over.wait(1):
            begin, daemon = self.lives[-1]
            if (sample := measure(daemon.pid)) and daemon.is_alive:
                self.samples.append((len(self.lives), time.time() - begin, *sample))

    # What is to be true afterwards

    def check(self):
        machine = self.machine
        machine.run("replicate")
        self.check_growth()
        self.check_slots()
        listed = self.check_snapshots()
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for wrong in pool.map(lambda each: self.restored(*each), itertools.product(listed, machine.sites)):
                for text in wrong:
                    violation(text)
        say(f"  {len(listed)} snapshots restored from {len(machine.sites)} sites")
        verified = machine.run("verify", "--read", "all", "--open", exit=None)
        if verified.exit:
            violation(f"verify: {verified!r}")

    def check_growth(self):
        last = len(self.lives)
        groups = {"all lives": [sample[2:] for sample in self.samples if sample[1] >= 5],
                  "last life": [sample[2:] for sample in self.samples if sample[0] == last and sample[1] >= min(20, self.seconds / 10)]}
        say(f"  {'':12} {'':24} {'first third':>11} {'last third':>11} {'most':>11}")
        for what, samples in groups.items():
            third = len(samples) // 3
            for column, (name, unit, slack) in enumerate((("RSS, MiB", MIB, 0), ("descriptors", 1, SLACK), ("threads", 1, SLACK))):
                values = [sample[column] for sample in samples]
                if third < 3:
                    continue
                first, later = statistics.median(values[:third]), statistics.median(values[-third:])
                say(f"  {what:12} {name:24} {first / unit:11.1f} {later / unit:11.1f} {max(values) / unit:11.1f}")
                if later > first * GROWTH + slack:
                    violation(f"{name} grow over {what}: {first / unit:.1f} to {later / unit:.1f}")

    def check_slots(self):
        runs = self.machine.rows("SELECT * FROM run ORDER BY id")
        unfinished = [run["id"] for run in runs if run["ended"] is None]
        if unfinished:
            violation(f"runs without an end: {unfinished}")
        by_slot = {}
        for run in runs:
            if run["slot"] is not None:
                by_slot.setdefault((run["task"], run["slot"]), []).append(run)
        for (task, slot), tries in by_slot.items():
            if sum(run["exit"] == 0 for run in tries) > 1:
                violation(f"slot {slot} of {task} ran well {len(tries)} times")
        counts = {"run": 0, "daemon was down": 0, "hit by a blow": 0, "waited for others": 0, "lost": 0}
        for source, period in self.periods.items():
            task = f"backup:{self.machine.tenant}/{source}"
            for slot in range(int(self.begin) // period * period + period, int(self.end) - 2 * period, period):
                how = self.fate(by_slot.get((task, slot), []), slot, slot + period, task, runs)
                counts[how] += 1
                if how == "lost":
                    violation(f"slot {datetime.datetime.fromtimestamp(slot):%H:%M:%S} of {source} was lost")
        say("  slots: " + ", ".join(f"{how} {count}" for how, count in counts.items()))

    def fate(self, tries, slot, following, task, runs):
        """What became of a slot: whether it ran, or why not."""
        def meets(times, margin):
            return any(begin < following + margin and end > slot - margin for begin, end in times)
        if any(run["exit"] in (0, 3) for run in tries):
            return "run"
        # A daemon that was just started looks at the sites first.
        if meets(self.downs, 4):
            return "daemon was down"
        if meets(self.blows, 4):
            return "hit by a blow"
        busy = {second for run in runs if run["kind"] in BEFORE and run["ended"] for second in range(run["started"], run["ended"] + 2)}
        if all(second in busy for second in range(slot + 1, following)):
            return "waited for others"
        return "lost"

    def check_snapshots(self):
        machine = self.machine
        listed = machine.snapshots()
        ids = {site: set(machine.ids("--site", site)) for site in machine.sites}
        if ids["paris"] != ids["lille"]:
            violation(f"the sites list other snapshots: {len(ids['paris'])} and {len(ids['lille'])}")
        shorts = {each["id"][:12] for each in listed}
        taken = [run for run in machine.runs() if run["exit"] in (0, 3)]
        for run in taken:
            if run["summary"][:12] not in shorts:
                violation(f"run {run['id']} took {run['summary']}, which is not listed")
        say(f"  {len(taken)} backups ended well; {len(listed)} snapshots are listed")
        return listed

    def restored(self, snapshot, site):
        """What is wrong about a snapshot at a site."""
        source, machine = snapshot["source"], self.machine
        begin, end = (datetime.datetime.fromisoformat(snapshot[key]).timestamp() for key in ("time", "finished"))
        name = f"{source} of {snapshot['time']} from {site}"
        if source == "base":
            result = machine.run("cat", snapshot["id"], "--site", site, exit=None)
            if result.exit:
                return [f"{name}: {result!r}"]
            found = {"f-000": hashlib.sha256(result.raw).hexdigest()}
        else:
            target = hdstest.fresh()
            result = machine.restore(snapshot["id"], target, "--site", site, exit=None)
            if result.exit:
                return [f"{name}: {result!r}"]
            files = hdstest.below(target, self.data[source].folder).iterdir()
            found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
            hdstest.remove(target)
        # The times are of whole seconds.
        return [f"{name}: {wrong}" for wrong in self.data[source].wrong(found, begin, end + 1)]

    def report(self):
        say("  " + ", ".join(f"{what} {count}" for what, count in self.counts.items()) + f", lives {len(self.lives)}")


def measure(pid):
    """Bytes, descriptors and threads of a process; None when it is gone."""
    with contextlib.suppress(OSError):
        fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        return int(fields["VmRSS"].split()[0]) << 10, len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"])


# A daemon that has nothing to do

def idle(seconds):
    machine = Host("idle", sites=("paris", "lille"), listen=f"127.0.0.1:{free_port()}")
    for name in ("a", "b", "c"):
        machine.source(name, schedule="every 1h")
    machine.ready()
    with Daemon(machine) as daemon:
        def calm():
            overview = daemon.overview()
            return not overview["running"] and not [each for each in overview["upcoming"] if each["at"] <= overview["now"] + 2]
        daemon.until(calm, "nothing to do", 120)
        time.sleep(3)
        runs = len(machine.rows("SELECT id FROM run"))
        before = cost(daemon.pid)
        time.sleep(seconds)
        after = cost(daemon.pid)
        rss = measure(daemon.pid)[0] / MIB
        more = len(machine.rows("SELECT id FROM run")) - runs
        daemon.stop()
    # A thread that came meanwhile counts whole, one that went not at all.
    wakes = sum(count - before[1].get(thread, 0) for thread, count in after[1].items()) / seconds
    processor = 100 * (after[0] - before[0]) / seconds
    say(f"idle: {seconds:.0f} s: {processor:.3f} % of a core, {wakes:.2f} wake-ups a second, {rss:.1f} MiB" + (f"; {more} runs meanwhile" if more else ""))
    # A tick of the clock is what can be measured.
    if processor > max(0.1, 100 * 1.5 / TICK / seconds) and not more:
        violation(f"an idle daemon takes {processor:.3f} % of a core")
    if wakes > WAKES and not more:
        violation(f"an idle daemon wakes {wakes:.2f} times a second")
    if rss >= ROOM and "release" in str(options.program.resolve()):
        violation(f"an idle daemon takes {rss:.1f} MiB")


def cost(pid):
    """Seconds of processor time, and voluntary context switches of each thread."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    switches = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            lines = (task / "status").read_text().splitlines()
            switches[task.name] = next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt"))
    return (int(fields[11]) + int(fields[12])) / TICK, switches


def main():
    daemon_program()
    try:
        if options.minutes > 0:
            soak = Soak()
            soak.run()
            soak.check()
            soak.report()
        if options.idle > 0:
            idle(options.idle)
    finally:
        if os.environ.get("KEEP") == "1":
            say(f"kept: {hdstest.place()}")
        else:
            hdstest.remove(hdstest.place())
    say(f"{len(violations)} violations" if violations else "no violation")
    sys.exit(1 if violations else 0)


main()
