"""What the tests of collection share: a machine whose snapshots are written down, a site as the independent reader sees it, hands that sign
without the program, runs that sleep, and clocks that are off."""
import copy
import functools
import io
import os
import shutil
import struct
import sys
import time

import hdstest
from hdstest import HERE, Kept, Open, Runner, Skip, Watched, below, environment, expect, expect_equal, expect_same, fresh

sys.path.insert(0, str(HERE.parent / "Reader"))
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402, the folder is known only now
from hdsreader import names, tree  # noqa: E402
from hdsreader.crypto import hkdf, sha256  # noqa: E402
from hdsreader.keys import CATALOGUE, LAST_ORDINAL, LIST_PAGE, TABLE, TREE_PAGE, Kit, block_context  # noqa: E402
from hdsreader.problems import Problem, Report  # noqa: E402
from hdsreader.repository import Repository  # noqa: E402
from hdsreader.statements import BACKUP, CONDEMNED, DECIDED, FORGET, SEGMENT, SESSION, SLOT, SessionBody  # noqa: E402
from hdsreader.trust import read_statement  # noqa: E402
from tests import rules  # noqa: E402, its records of collection, which no vector has

MIB = 1 << 20
DAY = 86400
AT_ONCE = ("--patience", "0s", "--quarantine", "0s")


# The machine, and what must be true of it

class Archive(Open):
    """A machine with a source, whose snapshots and forgettings are written down."""

    def __init__(self, name, *, sites=("paris", "lille"), keep=1, quarantine="0s", cool_off="0s", **more):
        super().__init__(name, sites=sites, **more)
        self.source = self.root / "sample"
        self.source.mkdir()
        self.tenant_settings["policy"] = {"keep": {"last": keep}, "quarantine": quarantine, "cool_off": cool_off}
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
        said = forgotten(self.run("retention", "apply", "--json", *words, exit=self.right))
        after = set().union(*(self.ids("--site", site, exit=self.right) for site in self.sites))
        self.drop(before - after)
        expect_equal(said, before - after, "what retention says that it dropped")
        return before - after

    def forget(self, *snapshots):
        """As retention of another maintenance host does it: the same signed record at each site, then the slots go."""
        hands = [Hand(self, site, "maintain") for site in self.sites]
        slots = {hand: hand.slots_of(snapshots) for hand in hands}
        rows = {slot.key.snapshot: slot.manifest for found in slots.values() for slot in found.values()}
        key, record = hands[0].forget_record(sorted(rows.items()))
        for hand in hands:
            hand.store(key, record)
        for hand, found in slots.items():
            for key in found:
                (hand.root / key).unlink()
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
        self.run("verify", "--read", "all", "--open", exit=self.right)
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


def forgotten(result):
    """Snapshots that retention says it dropped, or would."""
    return {row["id"] for line in result.lines for row in line.get("forgotten", ())}


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

    @property
    def root(self):
        return self.machine.prefix(self.site)

    def put(self, key, type, body, replaces=False):
        return self.store(key, rules.statement(type, body, self.seed, self.tenant), replaces)

    def store(self, key, data, replaces=False):
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        expect(path.exists() == replaces, f"{key} is there already, or not")
        path.write_bytes(data)
        return key

    def keys(self, form, folder):
        return [form.named(key) for key in self.machine.objects(self.site, folder)]

    # Records

    def slots_of(self, snapshots):
        """{key: slot} of the commits that count."""
        return {key: slot for key, slot in self.repository.commits() if slot.key.snapshot.hex() in snapshots}

    def forget_record(self, rows):
        """The name and the bytes of the chain's next record. `rows`: snapshots, and hashes of their manifests."""
        last, number = bytes(32), 1
        for key in self.machine.objects(self.site, "forget"):
            last, number = sha256((self.root / key).read_bytes()), int(key.split("/")[1]) + 1
        body = struct.pack("<I", number) + last + self.now + rules.listed([id + manifest + b"\1" for id, manifest in rows])
        return f"forget/{number:010}", rules.statement(FORGET, body, self.seed, self.tenant)

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
    run = Watched(machine, *words, stop_at=step)
    try:
        expect(run.reach(step), f"{words[0]} did not come to {step!r}: {run.steps}")
        expect(run.wait_for_stop(), f"{words[0]} ended at {step!r}")
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


# Clocks

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
