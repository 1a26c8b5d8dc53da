"""Collection beside writers, replicators and other collectors that sleep, die and lie; retention, holds, rebuilding.

The sequences are those that a collector without right order loses data in. After each one the same is looked at: each site lists what it
should, every listed snapshot restores from each site as its source was, `verify --read all` finds nothing, and the independent reader (Tests/Reader)
finds each blob of each snapshot where a segment that counts says that it is.

    HDSTEST_ROUNDS=24   rounds of three kills of `collect` (default: 8)
    HDSTEST_SEED=text   another choice of moments
"""
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import hdstest
from hdstest import IS_ROOT, ONE_PACK, Kept, Runner, Skip, Suite, Watched, environment, expect, expect_equal, expect_in, fresh
from collecting import (AT_ONCE, DAY, MIB, Archive, Hand, Look, Shifted, bring_back, elsewhere, expect_clean, expect_written, forgotten, paused,
                        reappearing, resumed, shifted, site_rows, slug, with_clock)
from hdsreader import names
from hdsreader.statements import ABANDON, FENCE, REPLICATE

suite = Suite("16 collection")
ROUNDS = int(os.environ.get("HDSTEST_ROUNDS", "8"))
dice = random.Random(os.environ.get("HDSTEST_SEED", "16"))
INSIDE = "HDSTEST_MOUNTS"  # set when this runs in a mount namespace of its own
UNSHARE = ["unshare", "-m" if IS_ROOT else "-rm"]
VOID = (0, 3, 5)  # exit status where something is void and nothing damaged
MANY_DAYS = 12  # without a collection, after which there are segments to merge
LEFT = 200 << 10  # bytes on a full disk: no pack has room, records have

WRITER_STEPS = ("session begun", "pack sealed", "pack stored", "segment stored", "committed")
REPLICATOR_STEPS = ("session begun", "pack copied", "segment stored", "committed")
COLLECTOR_STEPS = ("collection condemned", "collection fenced", "collection decided", "segment removed", "pack deleted", "session pruned",
                   "pack compacted", "segment merged")


# (a)

@suite.each("session begun", "pack sealed", "pack stored", "segment stored")
def the_base_of_a_running_incremental_is_forgotten_and_swept_and_its_snapshot_restores(step):
    """Collection has looked at the snapshots when the incremental begins on the first one."""
    machine = Archive("base-" + slug(step), quarantine="7d")
    machine.put("a", 2048)
    machine.init()
    machine.put("x", 4096)
    first = machine.take()
    collector = elsewhere(machine, "collector")
    collector.collect(exit=None)
    machine.put("b", 64)
    kept = Kept(machine.source, fresh("kept"))
    run = paused(machine, step, "backup", "--json")
    machine.forget(first)
    collector.collect(*AT_ONCE)
    expect_written(machine, run, kept)
    expect(machine.expected, "no snapshot is left")
    machine.check()
    collector.sweep()
    machine.check()


# (b)

@suite.each(*WRITER_STEPS)
def a_writer_that_slept_through_a_whole_collection_loses_nothing(step):
    machine = reappearing("slept-" + slug(step))
    kept, collector = bring_back(machine), elsewhere(machine, "collector")
    run = paused(machine, step, "backup", "--json")
    machine.forget(machine.second)
    rows = collector.sweep()
    if step != "committed":
        expect(all(row["deleted_packs"] for row in rows.values()), f"the packs of x are still there, so nothing was shown: {rows}")
    expect_written(machine, run, kept)
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_collector_with_patience_waits_for_the_writer_and_keeps_what_it_used_again():
    machine = reappearing("patience")
    kept, collector = bring_back(machine), elsewhere(machine, "collector")
    run = paused(machine, "segment stored", "backup", "--json")
    machine.forget(machine.second)
    rows = collector.collect("--patience", "1h", "--quarantine", "0s", exit=None)
    for site, row in rows.items():
        expect_equal(row["state"], "waiting", f"what collection does at {site}")
        expect(row["waiting_for"], f"it does not say for whom it waits at {site}")
    expect_equal(resumed(run).exit, 0, "exit status of the backup")
    machine.account(kept)
    rows = collector.collect("--patience", "1h", "--quarantine", "0s")
    expect(any(row["rescued_packs"] for row in rows.values()), f"nothing was rescued: {rows}")
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_collector_that_is_told_to_wait_ends_when_the_writer_has():
    machine = reappearing("waiting")
    kept, collector = bring_back(machine), elsewhere(machine, "collector")
    run = paused(machine, "pack stored", "backup", "--json")
    machine.forget(machine.second)
    collecting = Watched(collector, "collect", "--wait", "--patience", "1h", "--quarantine", "0s", "--json")
    try:
        expect(collecting.reach("collection condemned"), "it condemned nothing")
        expect(collecting.process.poll() is None, "it did not wait")
        expect_equal(resumed(run).exit, 0, "exit status of the backup")
        result = collecting.finish()
    finally:
        collecting.kill()
    expect_equal(result.exit, 0, "exit status of the collection")
    machine.account(kept)
    machine.check()


# (c)

@suite.each(*REPLICATOR_STEPS)
def a_replicator_that_slept_through_a_whole_collection_loses_nothing(step):
    """lille has x of the snapshot that is forgotten, and the replicator counts on it."""
    machine = reappearing("copier-" + slug(step))
    bring_back(machine)
    with hdstest.away(machine.site("lille")):
        machine.take(exit=3)
    copier, collector = elsewhere(machine, "copier"), elsewhere(machine, "collector")
    run = paused(copier, step, "replicate", "--json")
    machine.forget(machine.second)
    collector.sweep("--site", "lille")
    collector.sweep()
    expect_clean(resumed(run))
    machine.account()
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_snapshot_that_is_forgotten_while_it_is_copied_is_not_at_the_target_afterwards():
    machine = reappearing("source-gone")
    bring_back(machine)
    with hdstest.away(machine.site("lille")):
        last = machine.take(exit=3)
        machine.put("newer", 8)
        machine.take(exit=3)
    copier, collector = elsewhere(machine, "copier"), elsewhere(machine, "collector")
    run = paused(copier, "session begun", "replicate", "--json")
    machine.forget(last, machine.second)
    collector.sweep()
    expect_clean(resumed(run))
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_copy_that_is_damaged_at_one_source_leaves_the_target_as_it_should_be():
    """Packs that were copied before the damage was met are not listed twice."""
    machine = Archive("damaged-copy", sites=("paris", "lille", "brest"), keep=9)
    machine.put("a", 512)
    machine.init()
    with hdstest.away(machine.site("brest")):
        for number in range(3):
            machine.put(f"b-{number}", 2048)
            machine.take(exit=3)
    packs = machine.packs("paris")
    path = machine.prefix("paris") / max(packs, key=packs.get)
    path.write_bytes(bytes(len(path.read_bytes())))
    machine.run("replicate", "--to", "brest")
    Look(machine, "brest").expect_whole()
    rows = machine.collect("--site", "brest", *AT_ONCE)
    expect(rows["brest"]["state"] in ("nothing", "swept"), f"collection at brest: {rows['brest']}")
    expect(not rows["brest"]["void"], f"what is void at brest: {rows['brest']['void']}")
    machine.run("verify", "--read", "all", "--open", "--site", "brest")


@suite.test
def of_a_damaged_pack_and_the_copy_that_mended_it_the_whole_one_stays():
    """What verification found is known to collection also when replication has mended it: both packs have one digest, and one of them goes."""
    machine = Archive("mended", keep=9)
    machine.put("a", 512)
    machine.init()
    machine.take()
    machine.put("b", 512)
    machine.take()
    path = machine.prefix("paris") / sorted(machine.packs("paris"))[0]
    path.write_bytes(bytes(len(path.read_bytes())))
    machine.run("verify", "--read", "all", "--site", "paris", exit=4)
    machine.run("replicate")
    machine.sweep()
    expect(not path.exists(), "the damaged pack is still there")
    machine.run("verify", "--read", "all", "--open", "--site", "paris")
    machine.check()


# (d)

class Ordeal:
    """A machine whose collections are killed, again and again."""

    def __init__(self):
        self.machine = Archive("killed", keep=2)
        self.machine.put("whole", 1024)
        self.machine.init()
        self.day, self.fallen, self.seen = 0, {}, []
        self.lasts = 1.0

    def prepare(self):
        """Days of which some are forgotten, packs that lose most of what they hold, many segments, and a session that a dead run left."""
        machine = self.machine
        for _ in range(MANY_DAYS if self.day == 0 else 3):
            self.day += 1
            for number in range(6):
                machine.put(f"part-{number}", 256)
            machine.take()
            # One of the six stays as it is: the pack of the others is worth moving.
            for number in range(5):
                machine.put(f"part-{number}", 256)
            machine.take()
        kept = self.leave_a_dead_session()
        machine.account(kept)
        machine.retire()

    def leave_a_dead_session(self):
        machine = self.machine
        machine.put("dead", 300)
        kept = Kept(machine.source, fresh("kept"))
        run = Watched(machine, "backup")
        run.reach("pack stored")
        run.kill()
        run.finish()
        return kept

    def undisturbed(self):
        self.prepare()
        began = time.monotonic()
        run = Watched(self.machine, "collect", *AT_ONCE, "--json")
        expect_equal(run.finish().exit, 0, "exit status of an undisturbed collection")
        self.lasts = time.monotonic() - began
        self.seen += run.steps
        self.machine.sweep()

    def round(self, step):
        """Kills three collections at a step, or at some moment; the next one ends well."""
        self.prepare()
        for times in (1, 1, 2):
            run = Watched(self.machine, "collect", *AT_ONCE, "--json")
            if step:
                run.reach(step, times)
            else:
                time.sleep(dice.uniform(0, self.lasts))
            run.kill()
            if run.finish().exit == -9 and run.steps:
                self.fallen[run.steps[-1]] = self.fallen.get(run.steps[-1], 0) + 1
            self.seen += run.steps
            self.machine.account()
        site = dice.choice(self.machine.sites)
        self.machine.expect_restores(self.machine.ids("--site", site)[-1], site)
        self.machine.sweep()


@suite.test
def a_collection_that_is_killed_at_every_step_again_and_again_ends_well():
    ordeal = Ordeal()
    ordeal.undisturbed()
    for number in range(ROUNDS):
        steps = [None, *dict.fromkeys([*COLLECTOR_STEPS, *ordeal.seen])]
        ordeal.round(steps[number % len(steps)])
    for step in dict.fromkeys([*COLLECTOR_STEPS, *ordeal.seen]):
        print(f"        {step:22} seen {ordeal.seen.count(step):4}, kills {ordeal.fallen.get(step, 0)}")
    never = [step for step in COLLECTOR_STEPS if step not in ordeal.seen]
    expect(not never, f"no collection came to {never}: nothing was shown of it")
    ordeal.machine.check()
    ordeal.machine.expect_no_garbage()
    for site in ordeal.machine.sites:
        sessions = ordeal.machine.objects(site, "sessions")
        expect(len(sessions) < ordeal.day, f"{len(sessions)} sessions are left at {site}")


@suite.test
def a_retention_that_is_killed_leaves_snapshots_that_are_whole_or_gone():
    machine = Archive("retention-killed", keep=2)
    machine.put("a", 512)
    machine.init()
    for number in range(8):
        machine.put("b", 64)
        machine.take()
    for number in range(4):
        run = Watched(machine, "retention", "apply")
        time.sleep(0.05 * number)
        run.kill()
        run.finish()
        for site in machine.sites:
            for snapshot in machine.ids("--site", site):
                machine.expect_restores(snapshot, site)
    machine.run("retention", "apply")
    machine.gone = machine.kept.keys() - set(list(machine.kept)[-2:])
    machine.check()
    machine.sweep()
    machine.check()


# (e)

@suite.each(*((f"{how} at {step!r}", how, step)
              for how, step in itertools.product(("killed", "stopped"), ("pack compacted", "collection condemned", "collection decided"))))
def a_backup_reuses_a_chunk_that_an_interrupted_compaction_was_moving(_, how, step):
    machine = Archive(f"moving-{how}-{slug(step)}")
    for number in range(8):
        machine.put(f"part-{number}", 1024)
    machine.init()
    first = machine.take()
    for number in range(7):
        (machine.source / f"part-{number}").unlink()
    machine.take()
    machine.forget(first)
    collector = elsewhere(machine, "collector")
    run = Watched(collector, "collect", *AT_ONCE, "--json")
    expect(run.reach(step), f"it did not come to {step!r}: {run.steps}")
    run.kill() if how == "killed" else run.pause()
    if how == "killed":
        run.finish()
    shutil.copy(machine.source / "part-7", machine.source / "part-8")
    machine.take()
    other = elsewhere(machine, "other")
    other.sweep()
    machine.check()
    if how == "stopped":
        expect_clean(resumed(run))
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


# (f)

@suite.test
def zeros_that_lie_in_many_packs_are_never_taken_from_all_of_them():
    """Writers that run beside each other each store the same chunk; which of the copies stays must be one decision."""
    machine = Archive("zeros", keep=10)
    folders = {}
    for number in range(4):
        folder = folders[f"ward-{number}"] = machine.root / f"ward-{number}"
        folder.mkdir()
        (folder / "zeros").write_bytes(bytes(10 * MIB))
        machine.put("own", 700, folder)
        machine.add_source(f"ward-{number}", folder)
    machine.init()
    hosts = {name: elsewhere(machine, name) for name in folders}
    runs = {}
    try:
        for name, host in hosts.items():
            runs[name] = Watched(host, "backup", name, "--json")
            expect(runs[name].reach("session begun", len(machine.sites)), f"{name} did not begin")
            runs[name].pause()
        for run in runs.values():
            run.go_on()
        for name, run in runs.items():
            line, = run.finish().lines
            machine.kept[line["snapshot"]] = (folders[name], Kept(folders[name], fresh("kept")))
    finally:
        for run in runs.values():
            run.kill()
    machine.check()
    machine.forget(list(machine.kept)[0])
    for _ in range(2):
        machine.collect(*AT_ONCE)
        machine.check()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


# (g)

@suite.each(*COLLECTOR_STEPS[:6])
def a_collector_that_slept_while_another_one_collected_does_no_harm(step):
    machine = reappearing("two-" + slug(step))
    if step == "session pruned":  # that is done one decision late
        for _ in range(2):
            machine.put("passing", 300)
            machine.forget(machine.take())
            machine.sweep()
    machine.forget(machine.second)
    one, two = elsewhere(machine, "one"), elsewhere(machine, "two")
    if step == "collection fenced":
        Hand(machine, "paris").session()
    run = Watched(one, "collect", *AT_ONCE, "--json")
    try:
        if not run.reach(step):
            run.finish()
            raise Skip(f"the first collection does not come to {step!r}")
        run.pause()
        two.sweep()
        bring_back(machine)
        machine.take()
        two.sweep()
        machine.check()
        expect_clean(resumed(run))
    finally:
        run.kill()
    machine.check()
    two.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def two_collectors_at_once_take_what_is_garbage_and_nothing_else():
    machine = Archive("rivals", keep=2)
    machine.put("a", 512)
    machine.init()
    hosts = [elsewhere(machine, name) for name in ("one", "two")]
    for _ in range(6):
        for _ in range(3):
            machine.put("b", 400)
            machine.take()
        machine.retire()
        runs = [Watched(host, "collect", *AT_ONCE, "--json") for host in hosts]
        for run in runs:
            expect_clean(run.finish())
        machine.account()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


# (h)

@suite.each("deleted", "future-dated", "past-dated")
def a_session_object_that_a_vandal_changed_costs_the_writer_a_retry_at_most(how):
    machine = reappearing("session-" + how)
    kept, collector = bring_back(machine), elsewhere(machine, "collector")
    run = paused(machine, "segment stored", "backup", "--json")
    for site in machine.sites:
        thief = Hand(machine, site)
        slots = list(thief.open_slots())
        expect(slots, f"no session is open at {site}")
        for slot in slots:
            if how == "deleted":
                (machine.prefix(site) / f"sessions/{slot.session}").unlink()
            else:
                thief.session(slot, time.time() + 3650 * DAY * (1 if how == "future-dated" else -1))
    if how == "past-dated":
        machine.right = collector.right = VOID  # of a time when the node had no right
    machine.forget(machine.second)
    collector.sweep()
    expect_written(machine, run, kept)
    machine.check()
    collector.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_session_of_a_dead_node_is_waited_for_no_longer_than_patience_says():
    machine = reappearing("dead-node")
    kept, run = bring_back(machine), paused(machine, "pack stored", "backup")
    run.kill()
    run.finish()
    machine.account(kept)
    machine.forget(machine.second)
    rows = machine.collect("--patience", "1h", "--quarantine", "0s", exit=None)
    expect_equal({row["state"] for row in rows.values()}, {"waiting"}, "what collection does while the dead one's time is not over")
    rows = machine.collect("--wait", "--patience", "1s", "--quarantine", "0s")
    expect_equal({row["state"] for row in rows.values()}, {"swept"}, "what it does afterwards")
    machine.take()
    machine.check()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


def forged_fence(machine, thief):
    """For the slot of somebody who is at work."""
    machine.run_at_work = paused(machine, "session begun", "backup", "--json")
    return thief.slot(next(thief.open_slots()), FENCE)


def forged_abandon(machine, thief):
    """Of a session of maintenance."""
    Hand(machine, "paris", "maintain").session(purpose=REPLICATE)
    return thief.slot(next(thief.open_slots()), ABANDON)


FORGERIES = {
    "fence": forged_fence,
    "abandon": forged_abandon,
    "condemned set": lambda machine, thief: thief.condemn(1, thief.keys(names.PackKey, "packs")),
    "condemned set of a high number": lambda machine, thief: thief.condemn(4_000_000_000, thief.keys(names.PackKey, "packs")),
    "decided set": lambda machine, thief: thief.decide(1, thief.keys(names.PackKey, "packs")),
    "decided set of a high number": lambda machine, thief: thief.decide(4_000_000_000, thief.keys(names.PackKey, "packs")),
    "undo": lambda machine, thief: thief.decide(1, [], flag=0),
    "merged segment": lambda machine, thief: thief.segment(merged=True),
    "segment of foreign packs": lambda machine, thief: thief.segment(merged=False),
    "forget record": lambda machine, thief: forged_forget(thief),
}


def forged_forget(thief):
    """Under the name that retention's own record would have."""
    return thief.store(*thief.forget_record([(slot.key.snapshot, slot.manifest) for _, slot in thief.repository.commits()]))


@suite.each(*FORGERIES)
def what_a_stolen_node_forges_is_void_and_reported_and_never_obeyed(what):
    machine = Archive("forged-" + slug(what), keep=2)
    machine.run_at_work = None
    machine.put("a", 700)
    machine.init()
    for _ in range(3):
        machine.put("b", 700)
        machine.take()
    key = FORGERIES[what](machine, Hand(machine, "paris"))
    machine.right = VOID
    if machine.run_at_work:
        kept = Kept(machine.source, fresh("kept"))
        expect_clean(resumed(machine.run_at_work))
        machine.account(kept)
    before = machine.packs("paris")
    said = machine.run("verify", "--read", "all", exit=VOID).all
    expect(Runner.last.exit, "verify finds nothing to say")
    expect_equal(machine.packs("paris"), before, "packs after `verify`")
    machine.account()
    machine.put("b", 700)
    machine.take()
    machine.retire()
    machine.run("collect", *AT_ONCE, "--json", exit=VOID)
    said += Runner.last.all
    folder, _, name = key.partition("/")
    expect_in(name[:32] if len(name) > 32 else f"{folder}/{name}", said, "what verify and collect say")
    machine.check()
    # It stays where it is, and the garbage goes all the same.
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


# (i)

@suite.each(*((f"the collector's by {collector:+}, the writer's by {writer:+}", collector, writer)
              for collector, writer in ((2, 0), (-2, 0), (0, 2), (0, -2), (2, -2), (-2, 2))))
def clocks_that_are_two_days_off_change_how_long_is_waited_and_nothing_else(_, collector, writer):
    """The keys' rights began ten days ago, so that an early clock has them as well."""
    machine = Shifted(f"clock{collector:+}{writer:+}".replace("+", "p"))
    machine.days = -10
    machine.put("a", 512)
    machine.init()
    machine.days = writer
    machine.take()
    machine.put("x", 4096)
    machine.x, machine.aside = machine.source / "x", machine.root / "x"
    second = machine.take()
    machine.x.rename(machine.aside)
    machine.put("between", 8)
    machine.take()
    kept, sweeper = bring_back(machine), with_clock(machine, "collector", collector)
    run = paused(machine, "segment stored", "backup", "--json")
    sweeper.forget(second)
    # Condemned by one clock, decided by the other, with limits of a day.
    limits = ("--patience", "1d", "--quarantine", "1d")
    rows = sweeper.collect(*limits, exit=None)
    expect_equal({row["state"] for row in rows.values()}, {"condemned"}, "states after the first collection")
    rows = with_clock(machine, "decider", writer).collect(*limits, exit=None)
    states = {row["state"] for row in rows.values()}
    expect(states == {"swept"} if writer - collector >= 2 else states <= {"condemned", "waiting"}, f"states after the second collection: {states}")
    expect_written(machine, run, kept)
    machine.check()
    machine.put("later", 8)
    machine.take()
    sweeper.sweep()
    machine.check()
    machine.expect_no_garbage()


# Dry runs and undo

FIGURES = ("condemned_packs", "condemned_bytes")


@suite.test
def a_dry_run_says_what_the_run_then_does_and_changes_nothing():
    machine = Archive("dry", keep=2)
    machine.put("a", 512)
    machine.init()
    for _ in range(5):
        machine.put("b", 900)
        machine.take()
    told = {snapshot for snapshot, row in explained(machine).items() if not row["kept"]}
    before = {site: machine.objects(site) for site in machine.sites}
    dry = forgotten(machine.run("retention", "apply", "--dry-run", "--json"))
    expect_equal({site: machine.objects(site) for site in machine.sites}, before, "objects after a dry run of retention")
    gone = machine.retire()
    expect_equal(gone, set(list(machine.kept)[:3]), "what retention dropped")
    expect_equal(told, gone, "what `explain` said would be dropped")
    expect_equal(dry, gone, "what the dry run said would be dropped")
    before = {site: machine.objects(site) for site in machine.sites}
    dry = machine.collect("--dry-run", *AT_ONCE)
    expect_equal({site: machine.objects(site) for site in machine.sites}, before, "objects after a dry run of collection")
    wet = machine.collect(*AT_ONCE)
    for site in machine.sites:
        expect(wet[site]["condemned_packs"] > 0, f"nothing was condemned at {site}")
        for figure in FIGURES:
            expect_equal(dry[site][figure], wet[site][figure], f"{figure} at {site}")
        left = before[site].keys() - machine.objects(site).keys()
        packs = [key for key in left if key.startswith("packs/")]
        expect_equal(len(packs), wet[site]["deleted_packs"], f"packs that went at {site}")
        expect_equal(sum(before[site][key] for key in packs), wet[site]["deleted_bytes"], f"bytes that went at {site}")
    machine.check()


@suite.test
def a_dry_run_of_the_decision_says_what_the_run_then_deletes():
    machine = reappearing("dry-decision", quarantine="7d")
    machine.forget(machine.second)
    rows = machine.collect("--patience", "0s")
    expect_equal({row["state"] for row in rows.values()}, {"condemned"}, "states in quarantine")
    expect(all(row["until"] for row in rows.values()), "it does not say until when")
    expect(all(not row["deleted_packs"] for row in rows.values()), "something was deleted in quarantine")
    dry = machine.collect("--dry-run", *AT_ONCE)
    wet = machine.collect(*AT_ONCE)
    for site in machine.sites:
        for figure in ("doomed_packs", "doomed_bytes"):
            expect_equal(dry[site][figure], wet[site][figure], f"{figure} at {site}")
        expect(wet[site]["deleted_packs"], f"nothing was deleted at {site}")
    machine.check()


@suite.test
def undo_brings_back_what_was_condemned():
    machine = reappearing("undo", quarantine="7d")
    machine.forget(machine.second)
    before = {site: machine.packs(site) for site in machine.sites}
    rows = machine.collect("--patience", "0s")
    expect_equal({row["state"] for row in rows.values()}, {"condemned"}, "states in quarantine")
    rows = machine.collect("--undo")
    expect_equal({row["state"] for row in rows.values()}, {"undone"}, "states after the undo")
    for site in machine.sites:
        expect(before[site].items() <= machine.packs(site).items(), f"packs went from {site}")
    bring_back(machine)
    line, = machine.backup()
    machine.kept[line["snapshot"]] = (machine.source, Kept(machine.source, fresh("kept")))
    expect(line["stored_bytes"] <= 2 * ONE_PACK, f"{line['stored_bytes']} bytes were stored, though x was there")
    machine.check()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def what_is_condemned_is_stored_again_rather_than_counted_on():
    machine = reappearing("condemned", quarantine="7d")
    machine.forget(machine.second)
    machine.collect("--patience", "0s")
    bring_back(machine)
    line, = machine.backup()
    machine.kept[line["snapshot"]] = (machine.source, Kept(machine.source, fresh("kept")))
    expect(line["stored_bytes"] >= 4 * MIB, f"only {line['stored_bytes']} bytes were stored, though x is condemned")
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def a_site_in_quarantine_takes_part_in_every_backup():
    """Of a node that cannot replicate. Its snapshots come after what was condemned."""
    machine = reappearing("in-quarantine")
    machine.forget(machine.second)
    rows = machine.collect("--site", "lille", "--patience", "0s", "--quarantine", "7d")
    expect_equal(rows["lille"]["state"], "condemned", "state at lille")
    node = only_writer(machine)
    for _ in range(3):
        machine.put("new", 8)
        kept = Kept(machine.source, fresh("kept"))
        line, = node.backup()
        machine.kept[line["snapshot"]] = (machine.source, kept)
    machine.collect("--undo", "--site", "lille")
    machine.check()


@suite.each("before anything is condemned", "when it is to be decided")
def a_needed_pack_that_is_lost_stops_collection_at_its_site_until_it_is_repaired(when):
    machine = reappearing("lost-" + slug(when), quarantine="7d")
    machine.forget(machine.second)
    if "decided" in when:
        machine.collect("--patience", "0s")
    _, _, packs = next(Look(machine, "paris").places())
    for pack in packs:
        (machine.prefix("paris") / pack).unlink()
    before = machine.packs("paris")
    rows = machine.collect(*AT_ONCE, exit=4)
    expect_equal({site: row["state"] for site, row in rows.items()}, {"paris": "blocked", "lille": "swept"}, "states")
    expect(rows["paris"]["blocked"], "it does not say why")
    expect_equal(machine.packs("paris"), before, "packs at paris")
    if "decided" in when:
        expect_equal(machine.collect("--undo", "--site", "paris")["paris"]["state"], "undone", "state after the undo")
        expect_equal(machine.collect(*AT_ONCE, "--site", "paris", exit=4)["paris"]["state"], "blocked", "state without a generation")
    machine.run("verify", "--read", "all", "--site", "paris", exit=4)
    machine.run("replicate")
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def an_undo_that_comes_too_late_says_so():
    machine = reappearing("too-late")
    machine.forget(machine.second)
    machine.sweep()
    rows = site_rows(machine.run("collect", "--undo", "--json", exit=5))
    expect(all(row["problems"] for row in rows.values()), "it does not say why")
    expect("undone" not in {row["state"] for row in rows.values()}, f"what it says: {rows}")
    machine.check()


# Retention

def explained(machine, **more):
    """{snapshot: what `retention explain` says of it}."""
    return {row["id"]: row for row in machine.run("retention", "explain", "--json", **more).json["snapshots"]}


def expect_kept(machine, snapshot, code):
    """It stays, and `explain` says why."""
    row = explained(machine)[snapshot]
    expect(row["kept"], f"it would be dropped: {row}")
    expect_in(code, [reason["code"] for reason in row["reasons"]], "the reasons")
    expect(all(reason["text"] for reason in row["reasons"]), f"it says no words: {row}")
    expect(snapshot not in machine.retire(), "it was dropped")


def three_days(name, **more):
    machine = Archive(name, **more)
    machine.put("a", 512)
    machine.init()
    for _ in range(3):
        machine.put("b", 700)
        machine.take()
    return machine


@suite.test
def a_hold_keeps_a_snapshot_until_it_is_released():
    machine = three_days("hold")
    first = machine.ids()[0]
    machine.run("hold", "add", first, "--reason", "expertise judiciaire 26/118")
    expect_in("26/118", machine.run("hold", "list", "--json").out)
    expect_kept(machine, first, "retention.hold")
    machine.sweep()
    machine.check()
    number = hold_of(machine, first)
    machine.run("hold", "release", number, "--reason", "affaire classée")
    expect(first in machine.retire(), "it is still there after its release")
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


def hold_of(machine, snapshot):
    return next(row["id"] for row in machine.run("hold", "list", "--json").json["holds"] if snapshot in row["snapshots"])


@suite.test
def a_hold_without_a_reason_is_refused():
    machine = three_days("hold-reason")
    machine.run("hold", "add", machine.ids()[0], "--reason", "  ", exit=2)
    machine.run("hold", "add", machine.ids()[0], exit=2)


@suite.test
def a_list_of_holds_says_which_site_did_not_answer():
    """A hold may be there alone."""
    machine = three_days("hold-away")
    machine.run("hold", "add", machine.ids()[0], "--reason", "enquête")
    with hdstest.away(machine.site("lille")):
        expect_in("lille", machine.run("hold", "list", exit=None).err)


@suite.test
def a_hold_ends_at_its_date():
    machine = three_days("hold-until")
    first = machine.ids()[0]
    machine.run("hold", "add", first, "--reason", "enquête", "--until", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * DAY)))
    expect_kept(machine, first, "retention.hold")
    later = elsewhere(machine, "later")
    row = explained(later, env=shifted(5))[first]
    expect(not row["kept"], f"the hold is over, and it is kept: {row}")


@suite.test
def an_anomaly_keeps_the_snapshots_before_it_until_a_person_has_looked():
    machine = Archive("anomaly")
    machine.init()
    for number in range(60):
        machine.put(f"patient-{number}", 8)
    for day in range(4):
        for number in range(4):
            machine.put(f"patient-{day * 4 + number}", 8)
        machine.take()
    for file in list(machine.source.iterdir()):
        file.unlink()
    machine.take()
    numbers = [row["id"] for row in machine.run("anomaly", "list", "--json").json["anomalies"]]
    expect(numbers, "the emptied folder is no anomaly: nothing can be shown")
    before = machine.ids()[-2]
    expect_kept(machine, before, "retention.anomaly")
    for number in numbers:
        machine.run("anomaly", "release", str(number), "--reason", "déménagement")
    expect(before in machine.retire(), "it is still there after a person has looked")
    machine.sweep()
    machine.check()


@suite.test
def what_no_rule_keeps_waits_for_the_cool_off_from_when_maintenance_saw_it_first():
    machine = Shifted("cool-off", cool_off="3d")
    machine.put("a", 64)
    machine.init()
    first = machine.take()
    for _ in range(2):
        machine.put("b", 8)
        machine.take()
    key = machine.keys / machine.tenant / "maintain.key"
    machine.days = 4
    key.rename(machine.root / "maintain.key")
    explained(machine)  # whoever cannot forget does not begin the time
    (machine.root / "maintain.key").rename(key)
    machine.days = 10
    expect_kept(machine, first, "retention.cool-off")
    machine.days = 12
    expect_kept(machine, first, "retention.cool-off")
    machine.days = 13.1
    expect_equal(machine.retire(), set(list(machine.kept)[:2]), "what went when it was over")
    machine.check()


@suite.test
def a_snapshot_that_a_site_lacks_stays_until_it_is_there():
    machine = three_days("unfinished")
    machine.put("b", 700)
    with hdstest.away(machine.site("lille")):
        lacking = machine.take(exit=3)
        machine.put("b", 700)
        machine.take(exit=3)
    expect_kept(machine, lacking, "retention.not-replicated")
    machine.sweep()
    machine.run("replicate")
    expect(lacking in machine.retire(), "it is still there after replication")
    machine.sweep()
    machine.check()


@suite.test
def the_newest_snapshots_of_a_node_whose_clock_is_behind_stay():
    """Its snapshots are older than the last look, by their own word, and all arrive at the next one."""
    machine = Shifted("behind", keep=3)
    machine.days = -10
    machine.put("a", 64)
    machine.init()
    machine.take()
    keeper = with_clock(machine, "keeper", 0)
    keeper.retire()
    machine.days = -1
    taken = []
    for _ in range(6):
        machine.put("b", 8)
        taken.append(machine.take())
    keeper.retire()
    expect_equal(set(keeper.ids()), set(taken[-3:]), "what is left")
    machine.check()


@suite.test
def the_last_snapshot_that_was_restored_well_stays():
    machine = Archive("restored")
    machine.put("a", 512)
    machine.init()
    tested = machine.take()
    machine.run("restore-test")
    for _ in range(2):
        machine.put("b", 700)
        machine.take()
    expect_kept(machine, tested, "retention.last-good-restore")
    machine.sweep()
    machine.check()
    machine.run("restore-test")
    expect(tested in machine.retire(), "it is still there after a later one was restored well")
    machine.sweep()
    machine.check()


def only_writer(machine):
    """The machine as one that holds no key but its own."""
    keys = machine.root / "node-keys"
    shutil.copytree(machine.keys, keys)
    for role in ("maintain", "verify", "restore"):
        (keys / machine.tenant / f"{role}.key").unlink()
    return elsewhere(machine, "node", roles=["write"], keys=keys)


@suite.test
def a_node_without_the_maintenance_key_is_refused():
    machine = three_days("role")
    node = only_writer(machine)
    objects = {site: machine.objects(site) for site in machine.sites}
    for words in (["collect"], ["collect", "--undo"], ["retention", "apply"], ["hold", "add", machine.ids()[0], "--reason", "moi"]):
        node.run(*words, exit=7)
        expect_in("maintain", Runner.last.err + Runner.last.out)
    expect_equal({site: machine.objects(site) for site in machine.sites}, objects, "objects after refusals")
    machine.put("b", 64)
    node.run("backup")


# Rebuilding

@suite.each("before any collection", "after a collection has decided")
def the_index_of_a_site_is_made_again_and_all_goes_on(when):
    machine = three_days("index-" + slug(when))
    if "after" in when:
        machine.retire()
        machine.sweep()
    shutil.rmtree(machine.prefix("paris") / "index")
    machine.run("index", "rebuild", "--site", "paris")
    expect(machine.objects("paris", "index"), "paris has no index")
    machine.run("verify", "--read", "all", "--open")
    line, = machine.backup()
    machine.kept[line["snapshot"]] = (machine.source, Kept(machine.source, fresh("kept")))
    expect(line["stored_bytes"] <= 2 * ONE_PACK, f"{line['stored_bytes']} bytes of an unchanged source were stored")
    machine.check()
    machine.put("b", 700)
    machine.take()
    machine.retire()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def an_index_that_is_whole_is_left_as_it_is():
    machine = three_days("index-whole")
    machine.run("index", "rebuild", "--site", "paris")
    machine.check()
    machine.sweep()
    machine.check()


@suite.each("before any collection", "after a collection has decided")
def what_coordinates_a_site_is_made_again_from_its_manifests(when):
    """What was forgotten stays forgotten, and who slept meanwhile is void."""
    machine = three_days("site-" + slug(when))
    if "after" in when:
        machine.retire()
        machine.sweep()
    sleeper = elsewhere(machine, "sleeper")
    machine.put("b", 300)
    kept, run = Kept(machine.source, fresh("kept")), paused(sleeper, "segment stored", "backup", "--json")
    for folder in ("sessions", "commits", "condemned", "decided", "lists"):
        shutil.rmtree(machine.prefix("paris") / folder, ignore_errors=True)
    machine.run("site", "rebuild", "--site", "paris")
    listed = machine.account()
    expect_equal(listed["paris"], set(machine.expected), "snapshots at paris")
    expect_clean(resumed(run))
    machine.account(kept)
    machine.check()
    machine.put("b", 700)
    machine.take()
    machine.retire()
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.each(("after its generation", 0, 0), ("after its decision", 1, 0), ("after two commits", 1, 2))
def a_rebuilding_that_died_is_done_again(when, decided, commits):
    """The only site: nothing else could bring its snapshots back."""
    machine = Archive("site-killed-" + slug(when), sites=("paris",), keep=9)
    machine.put("a", 64)
    machine.init()
    for _ in range(4):
        machine.put("b", 8)
        machine.take()
    for folder in ("condemned", "decided", "sessions", "commits"):
        shutil.rmtree(machine.prefix("paris") / folder, ignore_errors=True)
    machine.run("site", "rebuild", "--site", "paris")
    # What one that died did not come to.
    ended = [names.CommitKey.named(key).session for key in sorted(machine.objects("paris", "commits"))[commits:]]
    gone = [key for key in machine.objects("paris", "commits") if names.CommitKey.named(key).session in ended]
    gone += [f"sessions/{session}" for session in ended] + ([] if decided else list(machine.objects("paris", "decided")))
    for key in gone:
        (machine.prefix("paris") / key).unlink()
    machine.run("site", "rebuild", "--site", "paris")
    machine.check()
    machine.sweep()
    machine.check()


# Space

def enter():
    """Runs this file again where it may mount, if that is possible."""
    with tempfile.TemporaryDirectory() as folder:
        words = [*UNSHARE, "mount", "-t", "tmpfs", "none", folder]
        if not shutil.which("unshare") or subprocess.run(words, capture_output=True, check=False).returncode:
            return
    os.environ[INSIDE] = "1"
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])


@suite.test
def a_site_without_room_still_collects():
    if os.environ.get(INSIDE) != "1":
        raise Skip("nothing may be mounted here")
    machine = Archive("full", keep=1)
    machine.put("a", 512)
    site = machine.site("paris")
    site.mkdir(parents=True)
    Runner.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", site], env=environment())
    try:
        machine.init()
        for _ in range(3):
            machine.put("b", 3000)
            machine.take()
        fill(site)
        machine.put("b", 3000)
        kept = Kept(machine.source, fresh("kept"))
        machine.run("backup", exit=(3, 6))
        machine.account(kept)
        machine.retire()
        rows = machine.collect(*AT_ONCE)
        expect(rows["paris"]["deleted_packs"] > 0, f"nothing was deleted at paris: {rows['paris']}")
        (site / ".ballast").unlink()
        machine.put("b", 300)
        machine.take()
        machine.check()
        machine.sweep()
        machine.check()
        machine.expect_no_garbage()
    finally:
        last = Runner.last
        Runner.run(["umount", "-l", site], env=environment())
        Runner.last = last


def fill(folder):
    """Leaves no room for a pack; for small records there is some."""
    with open(folder / ".ballast", "wb") as file:
        while (status := os.statvfs(folder)).f_bavail * status.f_frsize > LEFT:
            try:
                os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), status.f_bavail * status.f_frsize - LEFT)
            except OSError:
                break


if os.environ.get(INSIDE) != "1":
    enter()
suite.main()
