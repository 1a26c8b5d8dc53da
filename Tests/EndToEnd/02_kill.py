"""kill -9 at random moments and at each named step of backup, replicate and restore.

    HDSTEST_ROUNDS=60   kills
    HDSTEST_SEED=text   another choice of moments
"""
import collections
import os
import random
import shutil
import time

import hdstest
from hdstest import Kept, Machine, Open, Suite, Watched, below, expect, expect_equal, expect_same, fresh

suite = Suite("02 kill -9")
ROUNDS = int(os.environ.get("HDSTEST_ROUNDS", "60"))
LEG = 20  # rounds of one machine: each snapshot makes each command slower
TRIES = 12  # for each step that no kill fell on
dice = random.Random(os.environ.get("HDSTEST_SEED", "1"))
COMMANDS = ("backup", "replicate", "restore")
NONE = "before any step"


class Ordeal:
    """A machine that is killed again and again, and what is known to be right."""

    def __init__(self, name):
        self.machine = machine = Open(name)
        self.source = machine.root / "sample"
        hdstest.hospital(self.source, mib=2)
        machine.add_source("dpi", self.source).init()
        self.kept, self.listed, self.checked = {}, {}, set()
        self.falls = {command: collections.Counter() for command in COMMANDS}
        self.day, self.lasts = 1, {}
        self.steps = {command: self.known_steps(command) for command in COMMANDS}

    def known_steps(self, command):
        """The steps that an undisturbed run marks, in order of their first time. How long it takes is kept."""
        words, start = self.prepare(command), time.monotonic()
        run = Watched(self.machine, *words)
        expect_equal(run.finish().exit, 0, f"an undisturbed {command}")
        self.lasts[command] = time.monotonic() - start
        self.account()
        if command == "restore":
            self.expect_restored()
        return [NONE, *dict.fromkeys(run.steps)]

    # What a run finds to do

    def prepare(self, command):
        """Sees to it that the command has work; its words."""
        return {"backup": self.prepare_backup, "replicate": self.prepare_replicate, "restore": self.prepare_restore}[command]()

    def prepare_backup(self):
        self.change()
        return ["backup"]

    def change(self):
        """New data, now and then more than a pack's worth or a working day."""
        self.day += 1
        if self.day % 4 == 0:
            hdstest.working_day(self.source, seed=self.day)
        (self.source / "random").write_bytes(os.urandom((18 if self.day % 6 == 0 else 1) << 20))
        self.now = Kept(self.source, hdstest.fresh("kept"))

    def prepare_replicate(self):
        """lille lacks the last snapshot, or everything."""
        self.change()
        with hdstest.away(self.machine.site("lille")):
            self.machine.run("backup", exit=3)
        if dice.random() < 0.2:
            shutil.rmtree(self.machine.site("lille"))
            self.machine.run("init")
            self.checked = {each for each in self.checked if each[1] != "lille"}
        self.account()
        return ["replicate"]

    def prepare_restore(self):
        self.target = fresh()
        return ["restore", "dpi@latest", "--to", self.target]

    # What is true afterwards

    def account(self):
        """A snapshot seen for the first time is of the source as it is now; none is ever lost."""
        snapshots = self.machine.snapshots()
        for each in snapshots:
            self.kept.setdefault(each["id"], self.now)
        self.order = [each["id"] for each in snapshots]
        self.listed = {site: {each["id"] for each in snapshots if site in each["sites"]} for site in self.machine.sites}
        expect_equal(set(self.order), set(self.kept), "snapshots that were ever listed")

    def check_new(self):
        """What each site newly lists restores from that site alone."""
        for site in self.machine.sites:
            for snapshot in self.listed[site] - {each for each, where in self.checked if where == site}:
                self.check(snapshot, site)

    def check(self, snapshot, site):
        target = fresh()
        self.machine.restore(snapshot, target, "--site", site)
        expect_same(self.kept[snapshot], below(target, self.source))
        hdstest.remove(target)
        self.checked.add((snapshot, site))

    def check_all(self):
        """Each was checked at each site when it was new; now once more, at one site or the other."""
        for number, snapshot in enumerate(sorted(self.kept)):
            self.check(snapshot, self.machine.sites[number % 2])

    def end_well(self, command, words):
        """The same command, without any manual step, does what it should."""
        self.machine.run(*words)
        self.account()
        if command == "backup":
            for site in self.machine.sites:
                expect(self.order[-1] in self.listed[site], f"the last snapshot is not at {site}")
        elif command == "replicate":
            expect_equal(self.listed["lille"], self.listed["paris"], "snapshots at lille")
        else:
            self.expect_restored()

    def expect_restored(self):
        expect_same(self.kept[self.order[-1]], below(self.target, self.source))
        hdstest.remove(self.target)

    # A round

    def round(self, command, step=None):
        """Kills a run, when it comes to `step` or at some moment; checks all; the step at which the kill fell."""
        words = self.prepare(command)
        run = Watched(self.machine, *words)
        self.wait(run, command, step)
        run.kill()
        fell = None
        if run.finish().exit == -9:
            fell = run.steps[-1] if run.steps else NONE
            self.falls[command][fell] += 1
        self.account()
        self.check_new()
        self.end_well(command, words)
        self.check_new()
        return fell

    def wait(self, run, command, step):
        """Until the moment of the kill."""
        if not step:
            time.sleep(dice.uniform(0, self.lasts[command]))
        elif step == NONE:
            time.sleep(dice.uniform(0, 0.02))
        else:
            run.reach(step, times=dice.choice((1, 1, 2)))
            time.sleep(dice.choice((0, 0, dice.uniform(0, 0.01))))


ordeals = []


def ordeal():
    """The machine in use; another one after some rounds."""
    if not ordeals or sum(kills(ordeals[-1]).values()) >= LEG:
        ordeals.append(Ordeal(f"killed-{len(ordeals)}"))
    return ordeals[-1]


def kills(*some):
    """The steps at which kills fell on these machines, of all commands: {(command, step): how many}."""
    return collections.Counter({(command, step): sum(each.falls[command][step] for each in some)
                                for command in COMMANDS for each in some for step in each.falls[command]})


@suite.test
def a_killed_run_leaves_every_listed_snapshot_whole_and_the_next_run_goes_on():
    number = 0
    while sum(kills(*ordeals).values()) < ROUNDS:
        expect(number < 2 * ROUNDS, "most runs ended before they were killed")
        command = COMMANDS[number % 3]
        one = ordeal()
        steps = [None, *one.steps[command]]
        one.round(command, steps[number // 3 % len(steps)])
        number += 1


@suite.test
def kills_fell_at_every_named_step():
    steps = {command: list(dict.fromkeys(step for each in ordeals for step in each.steps[command])) for command in COMMANDS}
    for command in COMMANDS:
        for step in steps[command]:
            tries = 0
            while not kills(*ordeals)[command, step] and tries < TRIES:
                ordeals[-1].round(command, step)
                tries += 1
    fallen = kills(*ordeals)
    show(fallen, steps)
    missed = [f"{command}: {step}" for command in COMMANDS for step in steps[command] if not fallen[command, step]]
    expect(not missed, f"no kill fell at {missed}")


def show(fallen, steps):
    for command in COMMANDS:
        for step in steps[command]:
            print(f"        {command:10} {step:20} {'*' * fallen[command, step]} {fallen[command, step]}")
    print(f"        {sum(fallen.values())} kills")


@suite.test
def after_all_kills_both_sites_list_every_snapshot_and_each_still_restores():
    for each in ordeals:
        each.machine.run("replicate")
        for site in each.machine.sites:
            expect_equal(set(each.machine.ids("--site", site)), set(each.kept), f"snapshots at {site}, of those that were ever listed")
        each.check_all()


@suite.test
def after_all_kills_verify_finds_nothing_damaged_or_missing():
    for each in ordeals:
        each.machine.run("verify", "--read", "all", "--open")


@suite.test
def what_a_checkpoint_kept_is_not_stored_again():
    """Killed when both sites have the segment that lists all packs, before the commit."""
    machine = Machine("checkpoint")
    source = machine.root / "sample"
    source.mkdir()
    machine.add_source("dpi", source).init()
    for number in range(3):
        (source / f"random-{number}").write_bytes(os.urandom(24 << 20))
    packs = killed_after_segments(machine)
    machine.run("backup")
    for site in machine.sites:
        after = machine.objects(site, "packs")
        expect_equal({key: after.get(key) for key in packs[site]}, packs[site], f"packs that the dead run left at {site}")
        more = sum(size for key, size in after.items() if key not in packs[site])
        expect(more <= 2 << 20, f"{more} bytes of {sum(packs[site].values())} were stored again at {site}")
        hdstest.expect_restores(machine, "dpi@latest", source, None, "--site", site)


def killed_after_segments(machine):
    """Kills a backup between its last segments and its commits; the packs that each site then has."""
    for _ in range(TRIES):
        run = Watched(machine, "backup")
        run.reach("segment stored", times=len(machine.sites))
        run.kill()
        run.finish()
        if not machine.ids():
            return {site: machine.objects(site, "packs") for site in machine.sites}
        machine = again(machine)
    raise AssertionError("no kill fell between segment and commit")


def again(machine):
    """The same machine with empty sites, for another try."""
    for site in machine.sites:
        shutil.rmtree(machine.site(site))
    machine.forget_state()
    machine.run("init")
    return machine


@suite.test
def a_restore_that_was_killed_goes_on_without_writing_again_what_is_right():
    machine = Machine("resumed")
    source, target = machine.root / "sample", fresh()
    (source / "folder").mkdir(parents=True)
    for number in range(40):
        (source / "folder" / f"random-{number:02}").write_bytes(os.urandom(1 << 20))
    machine.add_source("dpi", source).init()
    machine.run("backup")
    machine.restore("dpi@latest", target)
    inodes = {file.name: (file.stat().st_ino, file.stat().st_ctime_ns) for file in below(target, source / "folder").iterdir()}
    broken = below(target, source / "folder" / "random-07")
    broken.write_bytes(b"half")
    machine.restore("dpi@latest", target)
    expect_same(source, below(target, source))
    after = {file.name: (file.stat().st_ino, file.stat().st_ctime_ns) for file in below(target, source / "folder").iterdir()}
    written = {name for name in after if after[name][0] != inodes[name][0]}
    expect(written <= {"random-07"}, f"files written again though they were right: {sorted(written)}")


suite.main()
