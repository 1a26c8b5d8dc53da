#!/usr/bin/env python3
"""Measures hdsbackup, restic and rclone on S3 stores of this machine, in one run, and says which goals are reached.

    s3.py --mib 1024 --rounds 3 --store ceph --peers restic,rclone --json FILE --markdown FILE

Each round has two fresh stores, A and B, started by Tests/Stores/store.py: first backup to A, unchanged backup, restore from A,
replication of A to B, restore with A killed. restic: first backup to A, unchanged backup, restore. rclone: a copy of as many bytes as hdsbackup
replicated, in objects of 16 MiB, from A to B. The programs take turns, each round another one first. Wall time is the
clock's, CPU time and peak resident memory are those of the client (wait4); the stores' CPU time stands beside: they share the
machine's cores with it. Of several rounds the median is given.

The data, the place and the other options are those of bench.py. scripts/install-s3-stores.sh installs the stores.

Exit status: 0 measured, whatever the goals; 1 a command failed, or a restored folder differs.
"""
import argparse
import contextlib
import datetime
import json
import multiprocessing
import os
import pathlib
import platform
import random
import re
import signal
import statistics
import sys
import time

import bench
from bench import MIB, PASSPHRASE, PROJECT, SETTLE, TOOLS, measure, quietly, remove, say, short, table, verdict

sys.path.insert(0, str(PROJECT / "Tests/Stores"))
import store as stores  # noqa: E402, the folder is known only now

STEPS = {"first": "first backup", "unchanged": "unchanged backup", "restore": "restore", "replicate": "copy of site A to site B",
         "lost": "restore, site A lost"}
FASTER = [("first", "restic", 3), ("unchanged", "restic", None), ("restore", "restic", 3), ("replicate", "rclone", 0.9)]
PEAK_MIB = 256
OBJECT = 16 * MIB


# The stores

class Sites:
    """Two stores that are whole clusters of their own, with new data in every round."""

    def __init__(self, kind, folder):
        self.kind, self.all = kind, stores.Stores(folder)

    def begin(self):
        self.a, self.b = self.all.start_all({"a": self.kind, "b": self.kind}).values()
        for site in (self.a, self.b):
            for bucket in ("hdsbackup", "restic", "plain"):
                site.bucket(bucket)

    def end(self):
        for name in self.all.names():
            self.all.store(name).wipe()

    def cpu(self):
        """Seconds of all daemons so far."""
        ticks = 0
        for site in (self.a, self.b):
            for pids in site.living().values():
                for pid in pids:
                    with contextlib.suppress(OSError):
                        ticks += sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")


def stored(site, bucket):
    """Objects of a bucket and their bytes."""
    sizes = [version.size for version in site.client().versions(bucket)]
    return len(sizes), sum(sizes)


# The programs

class Program:
    def __init__(self, path, place, sites):
        self.path, self.source, self.sites = path, place.source, sites
        self.home, self.log = place.programs / self.name, place.programs / "log"

    def environment(self):
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("HDSBACKUP_", "RESTIC_", "RCLONE_", "AWS_"))}
        return inherited | {"LC_ALL": "C.UTF-8"} | self.variables()

    def begin(self):
        remove(self.home)
        self.home.mkdir()
        self.prepare()

    def run(self, step, folder=None):
        before = self.sites.cpu()
        result = measure(self.command(step, folder), environment=self.environment(), log=self.log, folder=folder, watch=True)
        result["stores"] = self.sites.cpu() - before
        return result


class Hdsbackup(Program):
    name, steps = "hdsbackup", tuple(STEPS)

    def variables(self):
        return {"HDSBACKUP_PASSPHRASE_FILE": str(self.home / "passphrase")}

    def prepare(self):
        """A tenant with both sites; the backups are told of A alone, so that B is empty when it is replicated to."""
        (self.home / "passphrase").write_text(PASSPHRASE + "\n")
        (self.home / "keys").mkdir(mode=0o700)
        for site in (self.sites.a, self.sites.b):
            file = self.home / "keys" / f"s3-{site.name}"
            file.touch(mode=0o600)
            file.write_text(f"AWS_ACCESS_KEY_ID={site.access_key()}\nAWS_SECRET_ACCESS_KEY={site.secret_key()}\n")
        self.configure("both", '"a", "b"')
        self.configure("one", '"a"')
        quietly(self.path, "init", "--config", self.home / "both.toml", "--kit-out", self.home / "kit", env=self.environment())

    def configure(self, name, sites):
        sections = "".join(f"""
[site.{site.name}]
kind = "s3"
endpoint = "{site.endpoint}"
bucket = "hdsbackup"
path_style = true
credentials = {{ write = "s3-{site.name}" }}
""" for site in (self.sites.a, self.sites.b))
        (self.home / f"{name}.toml").write_text(f"""
[node]
name = "bench"
state = "{self.home}/state"
keys = "{self.home}/keys"
{sections}
[tenant.chu]
sites = [{sites}]
keys_together = "accepted"
[source.dpi]
tenant = "chu"
paths = ["{self.source}"]
""")

    def command(self, step, folder):
        restore = ["restore", "dpi@latest", "--to", folder]
        words = {"restore": restore, "lost": restore, "replicate": ["replicate", "--to", "b"]}.get(step, ["backup"])
        config = "both" if step in ("replicate", "lost") else "one"
        return [self.path, *words, "--config", self.home / f"{config}.toml", "--no-progress"]

    def version(self):
        return "hdsbackup " + quietly(self.path, "--version").strip()

    def how(self):
        return "an `s3` site; `replicate`"


class Restic(Program):
    name, steps = "restic", ("first", "unchanged", "restore")
    connections = 5  # its default

    def variables(self):
        a = self.sites.a
        return {"RESTIC_PASSWORD": PASSPHRASE, "RESTIC_REPOSITORY": f"s3:{a.endpoint}/restic", "AWS_ACCESS_KEY_ID": a.access_key(),
                "AWS_SECRET_ACCESS_KEY": a.secret_key(), "AWS_DEFAULT_REGION": stores.REGION}

    def prepare(self):
        quietly(*self.words("init"), env=self.environment())

    def words(self, *words):
        return [self.path, *words, "-q", "--no-cache", "-o", f"s3.connections={self.connections}"]

    def command(self, step, folder):
        return self.words(*{"restore": ["restore", "latest", "--target", folder]}.get(step, ["backup", self.source]))

    def version(self):
        return " ".join(quietly(self.path, "version").split()[:2])

    def how(self):
        return f"`backup`, `restore latest`, `-q --no-cache -o s3.connections={self.connections}`"


class Rclone(Program):
    name, steps = "rclone", ("replicate",)
    flags = ["--transfers", "8", "--checkers", "8", "--s3-no-check-bucket", "--no-check-dest", "--s3-no-head", "--use-server-modtime"]

    def variables(self):
        variables = {"RCLONE_CONFIG": "/dev/null"}
        for site in (self.sites.a, self.sites.b):
            remote = f"RCLONE_CONFIG_{site.name.upper()}_"
            variables |= {remote + "TYPE": "s3", remote + "PROVIDER": {"ceph": "Ceph", "seaweedfs": "SeaweedFS"}.get(site.kind, "Other"),
                          remote + "ENDPOINT": site.endpoint, remote + "ACCESS_KEY_ID": site.access_key(),
                          remote + "SECRET_ACCESS_KEY": site.secret_key(), remote + "REGION": stores.REGION}
        return variables

    def prepare(self):
        pass

    def fill(self, count):
        """Puts `count` bytes that nothing can compress into A. In a process of its own: what this one has used counts in the
        peak memory of those that it starts."""
        filling = multiprocessing.Process(target=fill, args=(self.sites.a.client(), count))
        filling.start()
        filling.join()
        if filling.exitcode:
            sys.exit(f"the bucket to copy could not be filled: {filling.exitcode}")

    def command(self, step, folder):
        return [self.path, "copy", "a:plain", "b:plain", *self.flags]

    def version(self):
        return " ".join(quietly(self.path, "version").split()[:2])

    def how(self):
        return f"`copy a: b: {' '.join(self.flags)}`"


def fill(client, count):
    for offset in range(0, count, OBJECT):
        client.put("plain", f"objects/{offset // OBJECT:05}", random.randbytes(min(OBJECT, count - offset)))


# The rounds

class Rounds:
    """All the figures: runs[program][step] is a list, one measure a round."""

    def __init__(self, options, place, sites, programs):
        self.options, self.place, self.sites, self.programs = options, place, sites, programs
        self.runs = {p.name: {step: [] for step in p.steps} for p in programs}

    def take(self):
        bench.corpus(self.options, "make", self.place.source, "--mib", self.options.mib, "--seed", 1)
        for number in range(self.options.rounds):
            turn = number % len(self.programs)
            programs = self.programs[turn:] + self.programs[:turn]
            say(f"round {number + 1}: " + ", ".join(p.name for p in programs))
            try:
                self.sites.begin()
                for program in programs:
                    program.begin()
                time.sleep(SETTLE)
                self.round(number, programs)
            finally:
                self.sites.end()

    def round(self, number, programs):
        for step in ("first", "unchanged", "restore"):
            for program in programs:
                if step not in program.steps:
                    continue
                before = stored(self.sites.a, program.name)[1]
                result = self.restore(program, step, number == 0) if step == "restore" else program.run(step)
                self.record(program, step, result | {"bytes": stored(self.sites.a, program.name)[1] - before})
        replicated = stored(self.sites.a, "hdsbackup")[1]
        for program in programs:
            if "replicate" in program.steps:
                if program.name == "rclone":
                    program.fill(replicated)
                result = program.run("replicate")
                bucket = "plain" if program.name == "rclone" else program.name
                self.record(program, "replicate", result | {"bytes": stored(self.sites.b, bucket)[1]})
        self.sites.a.kill()
        ours = next(program for program in programs if "lost" in program.steps)
        self.record(ours, "lost", self.restore(ours, "lost", number == 0) | {"bytes": 0})

    def restore(self, program, step, is_compared):
        target = self.place.targets / "restored"
        target.mkdir()
        result = program.run(step, target)
        if is_compared and program.name == "hdsbackup":
            quietly(sys.executable, TOOLS / "listing.py", "--compare", self.place.source, f"{target}{self.place.source}")
            say("  restored folder and source are identical (listing.py)")
        remove(target)
        return result

    def record(self, program, step, result):
        self.runs[program.name][step].append(result)
        say(f"  {program.name:10} {STEPS[step]:26} {result['wall']:8.3f} s  {result['cpu']:8.3f} s CPU  {result['peak']:6.0f} MiB"
            f"  {result['bytes'] / 1e6:7.1f} MB  stores {result['stores']:7.2f} s CPU")


# Tables

def median(runs, program, step, key):
    return statistics.median(run[key] for run in runs[program][step])


def cell(runs, program, step):
    found = runs.get(program, {}).get(step)
    if not found:
        return "—"
    walls = [run["wall"] for run in found]
    spread = f" ({short(min(walls))}–{short(max(walls))})" if len(walls) > 1 else ""
    of = lambda key: short(median(runs, program, step, key))
    parts = [f"{of('wall')} s{spread}", f"{of('cpu')} s CPU (stores {of('stores')})", f"{of('peak')} MiB"]
    if step not in ("restore", "lost"):
        parts.append(f"{short(median(runs, program, step, 'bytes') / 1e6)} MB")
    if step == "replicate":
        parts.append(f"{short(median(runs, program, step, 'bytes') / 1e6 / median(runs, program, step, 'wall'))} MB/s")
    return ", ".join(parts)


def ratios(runs):
    """(step, peer, goal, wall, CPU): how many times as fast as the peer; a copy by its bytes a second."""
    for step, peer, goal in FASTER:
        if peer in runs and step in runs[peer]:
            part = median(runs, "hdsbackup", step, "bytes") / median(runs, peer, step, "bytes") if step == "replicate" else 1
            yield step, peer, goal, *(part * median(runs, peer, step, key) / median(runs, "hdsbackup", step, key) for key in ("wall", "cpu"))


def markdown(runs, about, options):
    head = [f"Machine: {about['machine']}; {about['place']}. Date: {about['date']}. Load at the start: {about['load at the start']:.2f}.",
            f"Versions: {', '.join(about['versions'])}. Command: `{about['command']}`. Data: {about['data']}.",
            f"Stores: two of {options.store}, on the same cores. Commands: " + "; ".join(f"{name}: {how}" for name, how in about["how"].items()) + ".",
            f"Rounds: {options.rounds}. Medians; in brackets the least and the greatest wall time; CPU time of the client, in brackets of the"
            " stores meanwhile; peak resident memory; bytes stored."]
    rows = [[text, *(cell(runs, program, step) for program in runs)] for step, text in STEPS.items()]
    faster = [[STEPS[step], peer, goal and f"≥ {goal}" or "—", short(wall), verdict(goal and wall >= goal), short(cpu)]
              for step, peer, goal, wall, cpu in ratios(runs)]
    peak = max(run["peak"] for found in runs["hdsbackup"].values() for run in found)
    text = [table(["step", *runs], rows), table(["step", "times as fast as", "goal", "wall", "", "CPU"], faster)] if faster else []
    return "\n".join(head) + "\n\n" + "\n\n".join(text or [table(["step", *runs], rows)]) \
        + f"\n\nPeak resident memory of hdsbackup, the most of all runs: {short(peak)} MiB (goal ≤ {PEAK_MIB}: {verdict(peak <= PEAK_MIB)}).\n"


def circumstances(options, place, programs):
    """Machine, date, versions, command: without paths of this machine."""
    command = f"--mib {options.mib} --rounds {options.rounds} --store {options.store} --peers {','.join(options.peers) or 'none'}"
    return {
        "machine": f"{os.cpu_count()} cores, {bench.processor()}, {bench.memory_mib('MemTotal')} MiB of memory, Linux {platform.release()}",
        "place": "RAM file system" if place.is_memory() else "disk",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "versions": [p.version() for p in programs],
        "how": {p.name: p.how() for p in programs},
        "data": "Tests/Tools/hospital.py" if options.corpus == str(TOOLS / "hospital.py") else "another program's (CORPUS)",
        "command": f"make bench-s3 BENCH_ARGS='{command}'",
    }


# The command

def list_of_peers(text):
    names = [] if text == "none" else [name for name in re.split("[, ]+", text) if name]
    unknown = set(names) - {"restic", "rclone"}
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return names


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=1024, help="size of the data (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--store", choices=("ceph", "seaweedfs"), default="ceph", help="kind of both stores (default: %(default)s)")
    parser.add_argument("--peers", type=list_of_peers, default="restic,rclone", help="restic, rclone, both or none (default: %(default)s)")
    parser.add_argument("--corpus", default=os.environ.get("CORPUS") or str(TOOLS / "hospital.py"), help="the program that makes the data")
    parser.add_argument("--place", default="/dev/shm", help="where to work, and where the stores keep their data (default: %(default)s)")
    parser.add_argument("--program", default=str(PROJECT / ".build/release/hdsbackup"), help="hdsbackup (default: the release build)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="write every measure")
    parser.add_argument("--markdown", type=pathlib.Path, metavar="FILE", help="write the tables")
    options = parser.parse_args()
    if options.mib < 1 or options.rounds < 1:
        parser.error("--mib and --rounds are at least 1")
    for path in (options.program, options.corpus):
        if not os.path.isfile(path):
            parser.error(f"no such program: {path}")
    return options


def run(options, place):
    load = os.getloadavg()[0]
    found = bench.peers(options.peers)
    # Once everything as data and restored, and of what is stored a copy for each program at a site and two for rclone's.
    place.touch(int(options.mib * 5.5) + 1024)
    sites = Sites(options.store, place.folder / "stores")
    kinds = {"restic": Restic, "rclone": Rclone}
    programs = [Hdsbackup(os.path.abspath(options.program), place, sites), *(kinds[name](path, place, sites) for name, path in found.items())]
    rounds = Rounds(options, place, sites, programs)
    rounds.take()
    about = circumstances(options, place, programs) | {"load at the start": load}
    text = markdown(rounds.runs, about, options)
    print(text, end="")
    if options.markdown:
        options.markdown.write_text(text)
    if options.json:
        options.json.write_text(json.dumps({"circumstances": about, "runs": rounds.runs}, indent=1) + "\n")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    place = bench.Place(options.place)
    try:
        run(options, place)
    finally:
        remove(place.folder)


if __name__ == "__main__":
    main()
