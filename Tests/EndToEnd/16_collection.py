"""Collection beside writers, replicators and other collectors that sleep, die and lie; retention, holds, rebuilding.

The sequences are those that a collector without right order loses data in. After each one the same is looked at: each site lists what it
should, every listed snapshot restores from each site as its source was, `verify --read all` finds nothing, and the independent reader (Tests/Reader)
finds each blob of each snapshot where a segment that counts says that it is.

    HDSTEST_ROUNDS=24   kills of `collect`
    HDSTEST_SEED=text   another choice of moments
"""
import copy
import functools
import io
import itertools
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import time

import hdstest
from hdstest import (HERE, IS_ROOT, ONE_PACK, Kept, Open, Runner, Skip, Suite, Watched, below, environment, expect, expect_equal, expect_in,
                     expect_same, fresh)

sys.path.insert(0, str(HERE.parent / "Reader"))
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402, the folder is known only now
from hdsreader import names, tree  # noqa: E402
from hdsreader.crypto import hkdf, sha256  # noqa: E402
from hdsreader.keys import CATALOGUE, LAST_ORDINAL, LIST_PAGE, TABLE, TREE_PAGE, Kit, block_context  # noqa: E402
from hdsreader.problems import Problem, Report  # noqa: E402
from hdsreader.repository import Repository  # noqa: E402
from hdsreader.statements import (ABANDON, BACKUP, CONDEMNED, DECIDED, FENCE, FORGET, REPLICATE, SEGMENT, SESSION, SLOT,
                                  SessionBody)  # noqa: E402
from hdsreader.trust import read_statement  # noqa: E402
from tests import rules  # noqa: E402, its records of collection, which no vector has

suite = Suite("16 collection")
ROUNDS = int(os.environ.get("HDSTEST_ROUNDS", "24"))
dice = random.Random(os.environ.get("HDSTEST_SEED", "16"))
MIB = 1 << 20
DAY = 86400
INSIDE = "HDSTEST_MOUNTS"  # set when this runs in a mount namespace of its own
UNSHARE = ["unshare", "-m" if IS_ROOT else "-rm"]
AT_ONCE = ("--patience", "0s", "--quarantine", "0s")
VOID = (0, 3, 5)  # exit status where something is void and nothing damaged
MANY_DAYS = 12  # without a collection, after which there are segments to merge
LEFT = 200 << 10  # bytes on a full disk: no pack has room, records have

WRITER_STEPS = ("session begun", "pack sealed", "pack stored", "segment stored", "committed")
REPLICATOR_STEPS = ("session begun", "pack copied", "segment stored", "committed")
COLLECTOR_STEPS = ("collection condemned", "collection fenced", "collection decided", "segment removed", "pack deleted", "session pruned",
                   "pack compacted", "segment merged")


# The machine, and what must be true of it

class Archive(Open):
    """A machine with a source, whose snapshots and forgettings are written down."""

    def __init__(self, name, *, sites=("paris", "lille"), keep=1, quarantine="0s", **more):
        super().__init__(name, sites=sites, **more)
        self.source = self.root / "sample"
        self.source.mkdir()
        self.tenant_settings["policy"] = {"keep": {"last": keep}, "quarantine": quarantine, "cool_off": "0s"}
        self.add_source("dpi", self.source)
        self.kept, self.gone = {}, set()
        self.right = 0  # exit status of commands that look at a site

    def put(self, name, kib=64, folder=None):
        """A file of random bytes."""
        ((folder or self.source) / name).write_bytes(os.urandom(kib << 10))

    # Snapshots

    def take(self, source="dpi", *, exit=None, **more):
        """A backup of a source as it is now; the snapshot's id."""
        folder = self.folder_of(source)
        kept = Kept(folder, fresh("kept"))
        line, *_ = self.backup(source, exit=self.right if exit is None else exit, **more)
        self.kept[line["snapshot"]] = (folder, kept)
        return line["snapshot"]

    def folder_of(self, source):
        return self.settings[f"source.{source}"]["paths"][0]

    def account(self, kept=None, folder=None):
        """What each site lists. A snapshot seen for the first time is of `kept`; no other one may come, and none may come back."""
        last = Runner.last
        listed = {site: set(self.ids("--site", site, exit=self.right)) for site in self.sites}
        for snapshot in set().union(*listed.values()) - self.kept.keys():
            expect(kept is not None, f"{snapshot} is listed, and nobody took it")
            self.kept[snapshot] = (folder or self.source, kept)
        back = set().union(*listed.values()) & self.gone
        expect(not back, f"forgotten snapshots are listed: {back}")
        Runner.last = last
        return listed

    @property
    def expected(self):
        return self.kept.keys() - self.gone

    # Forgetting and collecting

    def retire(self, *words):
        """Retention; the ids that are gone by it."""
        before = set().union(*self.account().values())
        self.run("retention", "apply", "--json", *words, exit=self.right)
        after = set().union(*(self.ids("--site", site, exit=self.right) for site in self.sites))
        self.drop(before - after)
        return before - after

    def forget(self, *snapshots):
        """As retention of another maintenance host does it: a signed record at each site, then the slots go."""
        for site in self.sites:
            Hand(self, site, "maintain").forget(snapshots)
        self.drop(snapshots)

    def drop(self, snapshots):
        """They are not to come back; what was kept of them is not needed any more."""
        for snapshot in set(snapshots) - self.gone:
            hdstest.remove(self.kept[snapshot][1].copy)
        self.gone |= set(snapshots)

    def collect(self, *words, **more):
        """{site: what `collect` says of it}."""
        return site_rows(self.run("collect", "--json", *words, **{"exit": self.right} | more))

    def sweep(self, *words, rounds=6):
        """Collects, without patience, until there is nothing more to do; the sums of all rounds, by site."""
        total = {site: {"deleted_packs": 0, "deleted_bytes": 0, "rescued_packs": 0} for site in self.sites}
        for _ in range(rounds):
            rows = self.collect(*AT_ONCE, *words)
            for site, row in rows.items():
                for what in total[site]:
                    total[site][what] += row.get(what) or 0
            if all(row["state"] == "nothing" for row in rows.values()):
                return total
        raise AssertionError(f"after {rounds} collections there is more to do: {rows}")

    # What is true in the end

    def check(self):
        """The common check, after both sites were brought level."""
        self.run("replicate", exit=self.right)
        for site, listed in self.account().items():
            expect_equal(listed, set(self.expected), f"snapshots at {site}")
            for snapshot in sorted(listed):
                self.expect_restores(snapshot, site)
        self.run("verify", "--read", "all", exit=self.right)
        for site in self.sites:
            Look(self, site).expect_whole()

    def expect_restores(self, snapshot, site):
        folder, kept = self.kept[snapshot]
        target = fresh()
        self.restore(snapshot, target, "--site", site)
        expect_same(kept, below(target, folder))
        hdstest.remove(target)

    def expect_no_garbage(self):
        for site in self.sites:
            Look(self, site).expect_no_garbage()

    def packs(self, site):
        return self.objects(site, "packs")


def site_rows(result):
    return {row["site"]: row for line in result.lines for row in line.get("sites", ())}


def elsewhere(machine, name="elsewhere", **node):
    """The same keys and sites on another host: a state of its own."""
    other = copy.copy(machine)
    other.settings = copy.deepcopy(machine.settings)
    other.state, other.config = machine.root / f"{name}-state", machine.root / f"{name}.toml"
    other.settings["node"] |= {"state": other.state, "name": name} | node
    return other.write()


class Look:
    """A site as the independent reader sees it."""

    def __init__(self, machine, site):
        self.site = site
        self.repository = Repository(str(machine.site(site)), Kit(machine.kit.read_text()), Report(io.StringIO()))
        self.present, self.expected = set(machine.packs(site)), set(machine.expected)
        self.snapshots = self.repository.snapshots()

    def blobs(self, snapshot):
        """Ids of all that a snapshot needs. Data is not read."""
        found = set()

        def fetch(kind, id):
            found.add(id)
            return self.repository.blob(snapshot.domain, id, kind)

        for entry in tree.TreeWalk(functools.partial(fetch, TREE_PAGE), snapshot.outline.root):
            content = entry.content if entry.kind == tree.FILE else None
            if content is None or content.form == tree.INLINE:
                continue
            if content.form == tree.BUNDLE:
                found.add(content.id)
            elif content.form == tree.LIST:
                found |= {chunk.id for chunk in tree.ListWalk(functools.partial(fetch, LIST_PAGE), content)}
            else:
                found |= {chunk.id for chunk in content.chunks}
        return found

    def places(self):
        """(snapshot, id, packs that are there and have it by a segment that counts)."""
        for snapshot in self.snapshots:
            index = self.repository.index(snapshot.domain)
            for id in self.blobs(snapshot):
                yield snapshot, id, {str(place.pack) for place in index.get(id, ())} & self.present

    def expect_whole(self):
        expect_equal({snapshot.id.hex() for snapshot in self.snapshots}, self.expected, f"snapshots that the independent reader finds at {self.site}")
        try:
            for snapshot, id, packs in self.places():
                expect(packs, f"{self.site}: nothing that counts and is there has {id.hex()[:12]}, which {snapshot.id.hex()[:12]} needs")
        except Problem as problem:
            raise AssertionError(f"{self.site}: the independent reader says: {problem}") from problem

    def expect_no_garbage(self):
        needed = set().union(*(packs for _, _, packs in self.places()))
        expect(self.present <= needed, f"{self.site} has packs that nothing needs: {sorted(self.present - needed)}")


# Who signs

def key_seed(machine, role):
    """The signing seed in a key file without a passphrase (docs/FORMAT.md, 22)."""
    data = (machine.keys / machine.tenant / f"{role}.key").read_bytes()
    expect(data[:8] == b"HDSBKEYF" and data[10] == 0, f"{role}.key is no open key file")
    return data[11:43]


class Hand:
    """Signs and stores objects at a site without the program: as the node does, or as maintenance."""

    def __init__(self, machine, site, role="node"):
        self.machine, self.site, self.seed = machine, site, key_seed(machine, role)
        self.repository = Repository(str(machine.site(site)), Kit(machine.kit.read_text()), Report(io.StringIO()))
        self.tenant, self.id = self.repository.tenant, self.repository.marker.site
        self.domain = next(iter(self.repository.ring.domains.values()))
        self.now = rules.time(int(time.time()))

    def put(self, key, type, body, replaces=False):
        path = self.machine.prefix(self.site) / key
        path.parent.mkdir(parents=True, exist_ok=True)
        expect(path.exists() == replaces, f"{key} is there already, or not")
        data = rules.statement(type, body, self.seed, self.tenant)
        path.write_bytes(data)
        return key

    def keys(self, form, folder):
        return [form.named(key) for key in self.machine.objects(self.site, folder)]

    # Records

    def forget(self, snapshots):
        root, last, number = self.machine.prefix(self.site), bytes(32), 0
        for key in self.machine.objects(self.site, "forget"):
            last, number = sha256((root / key).read_bytes()), int(key.split("/")[1]) + 1
        slots = {key: slot for key, slot in self.repository.commits() if slot.key.snapshot.hex() in snapshots}
        rows = {slot.key.snapshot: slot.manifest for slot in slots.values()}
        if rows:
            body = struct.pack("<I", number) + last + self.now + rules.listed([id + manifest + b"\1" for id, manifest in sorted(rows.items())])
            self.put(f"forget/{number:010}", FORGET, body)
        for key in slots:
            (root / key).unlink()

    def session(self, slot=None, created=None, purpose=BACKUP):
        """Of a slot that is to be; or in the place of the one that is there, with another time."""
        name = slot or names.CommitKey(os.urandom(16), names.Session(0, os.urandom(16)))
        body = rules.session(name.session) + self.id + name.snapshot + bytes([purpose]) + self.domain.id
        body += rules.time(int(created)) if created else self.now
        return self.put(f"sessions/{name.session}", SESSION, body, replaces=slot is not None)

    def slot(self, name, outcome):
        body = name.snapshot + rules.session(name.session) + self.id + bytes([outcome]) + bytes(32) + os.urandom(16) + self.now
        return self.put(str(name), SLOT, body)

    def condemn(self, generation, packs, marked=()):
        body = (struct.pack("<I", generation) + self.id + self.now + rules.listed(list(map(packed, packs)))
                + rules.listed([key.snapshot + rules.session(key.session) for key in marked]) + rules.listed([]))
        return self.put(f"condemned/{generation:010}", CONDEMNED, body)

    def decide(self, generation, doomed, flag=1):
        body = (struct.pack("<I", generation) + self.id + self.now + bytes([flag]) + rules.listed(list(map(packed, doomed)))
                + rules.listed([]) + rules.listed([]) + rules.listed([]))
        return self.put(f"decided/{generation:010}", DECIDED, body)

    def segment(self, merged, generation=0):
        """Under a name of this hand's own, the table of a segment that is there: packs of sessions that are not its."""
        key = self.machine.objects(self.site, "index")
        name = names.SegmentKey(names.Session(generation, os.urandom(16)), 0, merged)
        source = max(key, key=key.get)
        _, table = self.repository.read_segment(source, names.SegmentKey.named(source))
        text = struct.pack("<I", len(table.packs)) + b"".join(packed(pack) + writer for pack, writer in table.packs)
        text += struct.pack("<I", len(table.rows)) + b"".join(struct.pack("<32sIII", *row) for row in table.rows)
        salt = os.urandom(32)
        derived = hkdf(self.domain.catalogue, salt, b"catalogue block", block_context(self.tenant.id, self.domain.id, 0), 64)
        block = struct.pack("<BBHI", CATALOGUE, 0, 72, 0) + salt + derived[32:]
        ordinal, id = struct.pack("<I", LAST_ORDINAL), bytes(32)
        context = b"hdsbackup/1 blob" + self.tenant.id + self.domain.id + bytes([TABLE]) + id + sha256(block) + ordinal
        sealed = AESGCM(derived[:32]).encrypt(ordinal + id[:8], text, context)
        body = (self.domain.id + self.id + rules.session(name.session) + struct.pack("<IB", name.number, name.merged) + self.now + block + sealed)
        return self.put(str(name), SEGMENT, body)

    def open_slots(self):
        """Slots of the sessions that have not ended."""
        ended = set(self.machine.objects(self.site, "commits"))
        for key in self.machine.objects(self.site, "sessions"):
            body = SessionBody.parse(read_statement(self.repository.site, key, SESSION, self.tenant))
            name = names.CommitKey(body.snapshot, body.session)
            if str(name) not in ended:
                yield name


def packed(key):
    return key.digest + rules.session(key.session) + bytes([key.attempt])


# Sequences

def reappearing(name, **more):
    """Days without x, with it, and without: x, in packs of its own, is only the second day's, which `machine.second` names."""
    machine = Archive(name, **more)
    machine.put("a", 512)
    machine.init()
    machine.take()
    machine.put("x", 4096)
    machine.x, machine.aside = machine.source / "x", machine.root / "x"
    machine.second = machine.take()
    machine.x.rename(machine.aside)
    machine.take()
    return machine


def bring_back(machine):
    """x is in the source again: a writer that knows x's packs stores nothing of it."""
    machine.aside.rename(machine.x)
    machine.put("new", 8)
    return Kept(machine.source, fresh("kept"))


def paused(machine, step, *words):
    """A run that was stopped when it came to a step."""
    run = Watched(machine, *words)
    try:
        expect(run.reach(step), f"{words[0]} did not come to {step!r}: {run.steps}")
        run.pause()
    except BaseException:
        run.kill()
        raise
    return run


def resumed(run):
    run.go_on()
    return run.finish()


def expect_written(machine, run, kept):
    """A writer that slept ends well, or says why not, and the next one does what it should."""
    result = resumed(run)
    expect_clean(result)
    machine.account(kept)
    if result.exit:
        machine.take()


def expect_clean(result):
    """It did what it should, or says why not; nothing is said to be damaged."""
    expect(result.exit in (0, 3, 5, 6), f"exit status {result.exit}: {result!r}")
    expect(result.exit == 0 or result.err.strip() or result.out.strip(), "it does not say why")


def slug(text):
    return text.replace(" ", "-")


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
    slots = [slot for _, slot in thief.repository.commits()]
    body = struct.pack("<I", 0) + bytes(32) + thief.now + rules.listed([slot.key.snapshot + slot.manifest + b"\1" for slot in slots])
    return thief.put("forget/0000000000", FORGET, body)


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

CLOCK = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *text = getenv("CLOCK_SHIFT"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t clock, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, t);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) t->tv_sec += shift();
    return result;
}
int gettimeofday(struct timeval *restrict t, void *restrict zone) {
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
    t->tv_sec = now.tv_sec, t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""


@functools.cache
def clock_shim():
    """A clock for single programs, loaded before the C library."""
    compiler = next((each for each in (os.environ.get("CC"), "cc", "gcc", "clang") if each and shutil.which(each)), None)
    if not compiler:
        raise Skip("there is no C compiler for a clock")
    source, shim = hdstest.place() / "clock.c", hdstest.place() / "clock.so"
    source.write_text(CLOCK)
    Runner.run([compiler, "-std=gnu17", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], env=environment())
    return shim


def shifted(days):
    return {"LD_PRELOAD": clock_shim(), "CLOCK_SHIFT": int(days * DAY)}


class Shifted(Archive):
    """All its commands have a clock that is off."""
    days = 0

    def environment(self, **changes):
        return super().environment(**(shifted(self.days) if self.days else {}) | changes)


def with_clock(machine, name, days):
    other = elsewhere(machine, name)
    other.days = days
    return other


@suite.each(*((f"the collector's by {collector:+}, the writer's by {writer:+}", collector, writer)
              for collector, writer in ((2, 0), (-2, 0), (0, 2), (0, -2), (2, -2), (-2, 2))))
def clocks_that_are_two_days_off_change_how_long_is_waited_and_nothing_else(_, collector, writer):
    """The keys' rights began ten days ago, so that an early clock has them as well."""
    machine = Shifted(f"clock{collector:+}{writer:+}")
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
    told = {snapshot for snapshot, row in explained(machine).items() if not is_kept(row)}
    before = {site: machine.objects(site) for site in machine.sites}
    dry = machine.run("retention", "apply", "--dry-run", "--json").all
    expect_equal({site: machine.objects(site) for site in machine.sites}, before, "objects after a dry run of retention")
    gone = machine.retire()
    expect_equal(gone, set(list(machine.kept)[:3]), "what retention dropped")
    expect_equal(told, gone, "what `explain` said would be dropped")
    for snapshot in gone:
        expect_in(snapshot[:12], dry, "what the dry run said")
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
        expect_equal((dry[site]["doomed_packs"], dry[site]["doomed_bytes"]), (wet[site]["doomed_packs"], wet[site]["doomed_bytes"]), f"doomed at {site}")
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
def an_undo_that_comes_too_late_says_so():
    machine = reappearing("too-late")
    machine.forget(machine.second)
    machine.sweep()
    rows = site_rows(machine.run("collect", "--undo", "--json", exit=5))
    expect(Runner.last.err.strip(), "it does not say why")
    expect("undone" not in {row["state"] for row in rows.values()}, f"what it says: {rows}")
    machine.check()


# Retention

def explained(machine, *words):
    """{snapshot: what `retention explain` says of it}."""
    rows = machine.run("retention", "explain", "--json", *words).lines[-1]["snapshots"]
    return {row.get("id") or row["snapshot"]: row for row in rows}


def is_kept(row):
    return row["kept"] if "kept" in row else row["keep"]


def expect_kept(machine, snapshot, *words):
    """It stays, and `explain` says why, in one of these words."""
    row = explained(machine)[snapshot]
    expect(is_kept(row), f"it would be dropped: {row}")
    said = json.dumps(row, ensure_ascii=False).lower()
    expect(any(word in said for word in words), f"`explain` does not say {' or '.join(words)}: {said}")
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
    expect_kept(machine, first, "hold")
    machine.sweep()
    machine.check()
    number = hold_of(machine, first)
    machine.run("hold", "release", number, "--reason", "affaire classée")
    expect(first in machine.retire(), "it is still there after its release")
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


def hold_of(machine, snapshot):
    rows = machine.run("hold", "list", "--json").lines[-1]["holds"]
    return str(next(row["id"] for row in rows if snapshot in json.dumps(row)))


@suite.test
def a_hold_without_a_reason_is_refused():
    machine = three_days("hold-reason")
    machine.run("hold", "add", machine.ids()[0], "--reason", "  ", exit=2)
    machine.run("hold", "add", machine.ids()[0], exit=2)


@suite.test
def a_hold_ends_at_its_date():
    machine = three_days("hold-until")
    first = machine.ids()[0]
    machine.run("hold", "add", first, "--reason", "enquête", "--until", time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * DAY)))
    expect_kept(machine, first, "hold")
    later = elsewhere(machine, "later")
    result = later.run("retention", "explain", "--json", env=shifted(5)).lines[-1]["snapshots"]
    row, = [row for row in result if first in json.dumps(row)]
    expect(not is_kept(row), f"the hold is over, and it is kept: {row}")


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
    expect_kept(machine, before, "anomal")
    for number in numbers:
        machine.run("anomaly", "release", str(number), "--reason", "déménagement")
    expect(before in machine.retire(), "it is still there after a person has looked")
    machine.sweep()
    machine.check()


@suite.test
def a_snapshot_that_a_site_lacks_stays_until_it_is_there():
    machine = three_days("unfinished")
    machine.put("b", 700)
    with hdstest.away(machine.site("lille")):
        lacking = machine.take(exit=3)
        machine.put("b", 700)
        machine.take(exit=3)
    expect_kept(machine, lacking, "replication", "not yet at")
    machine.sweep()
    machine.run("replicate")
    expect(lacking in machine.retire(), "it is still there after replication")
    machine.sweep()
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
    expect_kept(machine, tested, "restore")
    machine.sweep()
    machine.check()
    machine.run("restore-test")
    expect(tested in machine.retire(), "it is still there after a later one was restored well")
    machine.sweep()
    machine.check()


@suite.test
def a_node_without_the_maintenance_key_is_refused():
    machine = three_days("role")
    node = elsewhere(machine, "node", roles=["write"], keys=machine.root / "node-keys")
    shutil.copytree(machine.keys, machine.root / "node-keys")
    for role in ("maintain", "verify", "restore"):
        (machine.root / "node-keys" / machine.tenant / f"{role}.key").unlink()
    objects = {site: machine.objects(site) for site in machine.sites}
    for words in (["collect"], ["collect", "--undo"], ["retention", "apply"], ["hold", "add", machine.ids()[0], "--reason", "moi"]):
        node.run(*words, exit=5)
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


# Space

def enter():
    """Runs this file again where it may mount, if that is possible."""
    with tempfile.TemporaryDirectory() as folder:
        if not shutil.which("unshare") or subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False).returncode:
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
