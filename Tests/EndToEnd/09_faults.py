"""Sites that fail in the midst of a call, or lie; nodes that work at once, or twice; old copies.

What fails is told to faults.c, which is loaded before the C library. The program is not changed.

    HDSTEST_SEED=text   another choice of data, and of the calls that fail
"""
import errno
import functools
import itertools
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys

import hdstest
from hdstest import (HERE, Kept, Open, Runner, Skip, Suite, Watched, below, environment, expect, expect_equal, expect_in,
                     expect_same, fixture, fresh, place)

suite = Suite("09 faults")
FAULTY, GOOD = "paris", "lille"  # the faulty one is the one that is asked first
PACK = 256 << 10  # no pack is smaller, nothing else is as large
dice = random.Random(os.environ.get("HDSTEST_SEED", "9"))


# Faults

@functools.cache
def shim():
    """faults.c, compiled."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if not compiler:
        raise Skip("there is no C compiler here")
    library = place() / "faults.so"
    Runner.run([compiler, "-O1", "-Wall", "-shared", "-fPIC", "-o", library, HERE / "faults.c", "-ldl"], env=environment())
    return library


class Fault:
    """What is to go wrong at a site; `happened` tells afterwards how often it did."""

    def __init__(self, act, call, key="", *, error=errno.EIO, first=1, times=1, least=0, site=FAULTY, **more):
        self.act, self.call, self.key, self.error, self.first, self.times, self.least = act, call, key, error, first, times, least
        self.site, self.more = site, more

    def environment(self, machine):
        self.log = fresh("fault-log")
        return {"LD_PRELOAD": shim(), "FAULT_BELOW": machine.site(self.site), "FAULT_ACT": self.act, "FAULT_CALL": self.call,
                "FAULT_KEY": self.key, "FAULT_ERRNO": self.error, "FAULT_FIRST": self.first, "FAULT_TIMES": self.times,
                "FAULT_BYTES": self.least, "FAULT_LOG": self.log} | self.more

    @property
    def lines(self):
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def happened(self):
        return sum(not line.startswith("calls ") for line in self.lines)

    @property
    def calls(self):
        """How many calls were of the chosen kind, spoilt or not."""
        return max(int(line.split()[1]) for line in self.lines if line.startswith("calls "))


class Ward:
    """A machine with a faulty site and a good one, whose source changes before each run, and what each snapshot must restore."""

    def __init__(self, name, sites=(FAULTY, GOOD)):
        self.machine, self.kept, self.right = Open(name, sites=sites), {}, set()
        self.source = self.machine.root / "sample"
        (self.source / "papers").mkdir(parents=True)
        for number in range(20):
            (self.source / "papers" / f"small-{number:02}").write_bytes(dice.randbytes(900 + number))
        self.machine.add_source("dpi", self.source).init()
        self.change()

    def change(self):
        """New data of two packs' worth for the next run."""
        for number in range(2):
            (self.source / f"random-{number}").write_bytes(dice.randbytes(300_000))
        (self.source / "papers" / "small-00").write_bytes(dice.randbytes(500))
        self.now = Kept(self.source, fresh("kept"))

    def account(self):
        """The snapshots that each site lists: {site: set of ids}. Those seen for the first time are of the source as it is now."""
        listed = {site: set(self.machine.ids("--site", site)) for site in self.machine.sites}
        for snapshot in set().union(*listed.values()) - self.kept.keys():
            self.kept[snapshot] = self.now
        return listed

    def expect_listed_restores(self, *sites):
        """What a site lists and was not looked at before restores from that site alone."""
        listed = self.account()
        for site in sites or self.machine.sites:
            for snapshot in sorted(listed[site]):
                if (snapshot, site) not in self.right:
                    self.expect_restores(snapshot, "--site", site)
                    self.right.add((snapshot, site))
        return listed

    def expect_restores(self, snapshot, *words, **more):
        target = fresh()
        result = self.machine.restore(snapshot, target, *words, **more)
        expect_same(self.kept[snapshot], below(target, self.source))
        hdstest.remove(target)
        return result

    def backup(self, fault=None, *, exit=0):
        """A run of the source as it is now, which is known of its snapshot from now on, however it ended."""
        try:
            return self.machine.run("backup", "--json", exit=exit, env=fault.environment(self.machine) if fault else None)
        finally:
            last = Runner.last
            self.account()
            Runner.last = last

    def expect_level_again(self, *sites):
        """The next runs need no manual step: all sites then have all snapshots, and each restores from each, or from the sites given."""
        self.change()
        self.machine.run("backup")
        self.machine.run("replicate")
        listed = self.expect_listed_restores(*sites)
        expect_equal({site: len(ids) for site, ids in listed.items()}, dict.fromkeys(listed, len(self.kept)), "snapshots at the sites")


def prepared(name, sites=(FAULTY, GOOD)):
    """A ward with a first snapshot."""
    ward = Ward(name, sites)
    ward.machine.run("backup")
    ward.expect_listed_restores()
    return ward


wards = {}  # {sites: those that were made, the last one being in use}


def ward_of(*sites):
    """The ward of faults that pass: each run goes on from what the ones before left. Now and then a new one: snapshots make commands slower."""
    used = wards.setdefault(sites, [])
    if not used or len(used[-1].kept) > 10:
        used.append(prepared(f"ward-{len(sites)}-{len(used)}", sites))
    return used[-1]


def committed(result):
    return {each["site"]: each["committed"] for each in result.lines[0]["sites"]}


# A site that does its work slowly or oddly, but does it

KINDS = ("packs/", "index/", "snapshots/", "commits/", "sessions/")
HARMLESS = (
    ("writes and reads that move half of the bytes each time", [Fault("short", "write", ".tmp/", times=0), Fault("short", "read", times=0)]),
    ("calls that a signal interrupts", [Fault("error", call, error=errno.EINTR, times=3) for call in ("open", "write", "sync", "rename", "list")]),
    ("a file system that cannot rename without replacing", [Fault("error", "rename", error=errno.EINVAL, times=0)]),
    ("the same, of an old kernel", [Fault("error", "rename", error=errno.ENOSYS, times=0)]),
    ("a pack that was renamed by a call that seemed to be interrupted", [Fault("after", "rename", "packs/", error=errno.EINTR)]),
    *((f"a name that was given by a call that seemed to be interrupted and is made again, of {kind[:-1]}",
       [Fault("after", "link", kind, error=errno.EINTR, FAULT_NO_RENAME=1)]) for kind in KINDS))


@suite.each(*HARMLESS)
def what_a_site_does_in_its_own_way_is_no_failure(_, faults):
    ward = ward_of(FAULTY, GOOD)
    for fault in faults:
        ward.change()
        result = ward.backup(fault)
        expect(fault.happened, f"the fault of {fault.call} did not happen")
        expect_equal(committed(result), {FAULTY: True, GOOD: True}, "committed")
    ward.expect_listed_restores()


# A site that fails in mid-run

PASSING = (
    ("an input/output error in a pack", Fault("error", "write", ".tmp/", least=PACK)),
    ("an input/output error in the midst of a pack", Fault("half", "write", ".tmp/", least=PACK)),
    ("no space in the midst of a pack", Fault("half", "write", ".tmp/", least=PACK, error=errno.ENOSPC, times=0)),
    ("no space for anything", Fault("error", "write", ".tmp/", error=errno.ENOSPC, times=0)),
    ("a quota that is used up", Fault("error", "write", ".tmp/", error=errno.EDQUOT, least=PACK, times=0)),
    ("a time-out of a write", Fault("error", "write", ".tmp/", error=errno.ETIMEDOUT, least=PACK)),
    ("a time-out of every file that is made", Fault("error", "open", ".tmp/", error=errno.ETIMEDOUT, times=0)),
    ("a pack that is not known to be durable", Fault("error", "sync", ".tmp/", first=2)),
    ("a folder that cannot be made", Fault("error", "mkdir", "packs/", error=errno.ENOSPC, times=0)),
    ("a site that became read-only", Fault("error", "open", ".tmp/", error=errno.EROFS, times=0)),
    *((f"an error after the name was given, of {kind[:-1]}", Fault("after", "rename", kind)) for kind in KINDS),
    *((f"a folder that cannot be synced, of {kind[:-1]}", Fault("error", "sync", kind)) for kind in ("packs/", "index/", "commits/")))


@suite.each(*PASSING)
def a_site_that_fails_stops_no_other_and_is_level_again_by_itself(_, fault):
    ward = ward_of(FAULTY, GOOD)
    ward.change()
    result = ward.backup(fault, exit=3)
    expect(fault.happened, "the fault did not happen")
    expect_equal(committed(result), {FAULTY: False, GOOD: True}, "committed")
    expect_in(FAULTY, result.err, "what it says")
    ward.expect_listed_restores()
    ward.expect_level_again(FAULTY)


@suite.test
def an_error_at_any_call_is_never_damage_and_leaves_nothing_half_visible():
    """One call of the run fails; which one goes through the whole run."""
    ward = prepared("any-call")
    ward.change()
    whole = Fault("error", "any", first=1 << 30)
    ward.backup(whole)
    failed = 0
    for number in sorted(dice.sample(range(1, whole.calls - 10), 6)):
        ward.change()
        fault = Fault("error", "any", first=number, error=errno.ETIMEDOUT)
        result = ward.backup(fault, exit=(0, 3))
        expect(fault.happened, f"call {number} did not come")
        failed += result.exit == 3
        expect_equal(committed(result)[GOOD], True, f"committed at {GOOD}, call {number}")
        ward.expect_listed_restores()
        ward.machine.run("replicate")
    expect(failed, "no error was told")
    ward.expect_level_again()


@suite.test
def a_site_that_goes_away_at_any_call_is_no_damage_and_is_level_again_by_itself():
    ward = prepared("any-moment")
    ward.change()
    whole = Fault("gone", "any", first=1 << 30)
    ward.backup(whole)
    for number in sorted(dice.sample(range(1, whole.calls - 10), 5)):
        ward.change()
        fault = Fault("gone", "any", first=number, times=0)
        result = ward.backup(fault, exit=3)
        expect_equal(committed(result).get(GOOD), True, f"committed at {GOOD}, from call {number} on")
        expect_in(FAULTY, result.err, "what it says")
        ward.expect_listed_restores()
        ward.machine.run("replicate")
    ward.expect_level_again()


SOLE = ("an input/output error in a pack", "no space in the midst of a pack", "a time-out of a write", "a site that became read-only",
        "a folder that cannot be synced, of packs",
        "a folder that cannot be synced, of commits")


@suite.each(*((name, dict(PASSING)[name]) for name in SOLE))
def a_sole_site_that_fails_is_no_damage_and_the_next_run_needs_nothing(_, fault):
    alone = ward_of(FAULTY)
    before = alone.account()
    alone.change()
    result = alone.backup(fault, exit=(1, 5, 6) if fault.error == errno.EROFS else (1, 6))
    expect(fault.happened, "the fault did not happen")
    expect_in(FAULTY, result.err, "what it says")
    listed = alone.expect_listed_restores()
    # Its folder could not be synced after the name was given: it may be there, it was not promised.
    expect(listed == before or fault.key == "commits/", f"it says that there is no snapshot, and there is: {listed}")
    alone.expect_level_again()


@suite.each(("that is full", Fault("half", "write", ".tmp/", least=PACK, error=errno.ENOSPC, times=0)),
            ("that times out", Fault("error", "write", ".tmp/", least=PACK, error=errno.ETIMEDOUT)),
            ("that gives names and says that it failed", Fault("after", "rename", "packs/")),
            ("whose commits are not known to be durable", Fault("error", "sync", "commits/")),
            ("that goes away", Fault("gone", "any", first=40, times=0)))
def replicate_to_a_site_says_so_and_the_next_run_levels_it(_, fault):
    ward = ward_of(FAULTY, GOOD)
    ward.change()
    with hdstest.away(ward.machine.site(FAULTY)):
        ward.machine.run("backup", exit=3)
        ward.kept[ward.machine.ids("--site", GOOD)[-1]] = ward.now
    result = ward.machine.run("replicate", "--to", FAULTY, exit=(1, 3, 6), env=fault.environment(ward.machine))
    expect(fault.happened, "the fault did not happen")
    expect_in(FAULTY, result.all, "what it says")
    ward.expect_listed_restores()
    ward.machine.run("replicate")
    ward.expect_level_again()


@suite.test
def after_all_faults_verify_opens_everything_and_finds_nothing():
    for ward in (each for used in wards.values() for each in used):
        ward.expect_level_again()
        ward.machine.run("verify", "--read", "all", "--open")


# A site that lies

# In the first blob, which stands behind key blocks of 1320 bytes; the middle of a pack with few blobs is padding, which nobody needs.
@suite.each(("the first pack", 1, 1800), ("all packs", 0, 1800), ("the middle of all packs", 0, -1))
def a_bit_that_was_stored_wrong_is_found_by_verify_and_healed_by_the_other_site(_, times, at):
    ward = Ward(f"lying-{times}-{at}")
    fault = Fault("flip", "write", ".tmp/", least=PACK, times=times, FAULT_AT=at)
    ward.backup(fault)
    expect(fault.happened, "the fault did not happen")
    ward.account()
    snapshot, = ward.kept
    wrong = [key for key, good in digests(ward.machine, FAULTY).items() if not key.split("/")[-1].startswith(good)]
    expect_equal(len(wrong), fault.happened, "packs whose bytes are not their name")
    result = ward.machine.run("verify", "--read", "all", exit=4)
    for key in wrong:
        expect_in(key, result.all, "what verify says")
    ward.machine.run("verify", "--read", "all", "--site", GOOD)
    ward.expect_restores(snapshot, "--site", GOOD)
    ward.expect_restores(snapshot)
    expect_nothing_wrong(ward, snapshot)


def digests(machine, site):
    """{key of a pack: its SHA-256}, by a tool that is not ours."""
    root = machine.prefix(site)
    lines = Runner.run(["sha256sum", *machine.objects(site, "packs")], cwd=root, env=environment()).out.splitlines()
    return {key: digest for digest, key in (line.split(None, 1) for line in lines)}


def expect_nothing_wrong(ward, snapshot):
    """From the faulty site alone: status 4, and each file that came is right."""
    target = fresh()
    ward.machine.restore(snapshot, target, "--site", FAULTY, exit=4)
    for file in filter(pathlib.Path.is_file, target.rglob("*")):
        original = ward.now.copy / file.relative_to(below(target, ward.source))
        expect_equal(file.read_bytes(), original.read_bytes(), f"content of {file.name}")
    hdstest.remove(target)


@fixture
def reading_ward():
    return prepared("reading")


READ = ("site", "descriptor/", "keys/", "snapshots/", "commits/", "index/", "packs/")


@suite.each(*READ)
def wrong_bytes_once_on_the_way_are_never_restored_and_no_damage_where_the_site_is_good(key):
    ward = reading_ward()
    snapshot, = ward.kept
    for first in (1, 2):
        fault = Fault("flip", "read", key, first=first)
        ward.expect_restores(snapshot, env=fault.environment(ward.machine))
        ward.machine.forget_state()
    ward.machine.run("verify", "--read", "all")


@suite.each(*READ)
def wrong_bytes_once_from_a_sole_site_are_never_restored_and_no_damage(key):
    ward = reading_ward()
    snapshot, = ward.kept
    target = fresh()
    for words in (["restore", snapshot, "--to", target], ["verify", "--read", "all"]):
        ward.machine.forget_state()
        fault = Fault("flip", "read", key)
        result = ward.machine.run(*words, "--site", FAULTY, exit=None, env=fault.environment(ward.machine))
        expect_in(result.exit, (0, 3, 6), f"the exit statuses that are right of {words[0]}")
        expect(fault.happened or words[0] == "restore", "the fault did not happen")
        if words[0] == "restore" and result.exit == 0:
            expect_same(ward.now, below(target, ward.source))


@suite.each("restore", "verify", "snapshots", "ls")
def a_call_that_times_out_once_hides_no_snapshot_and_is_no_damage(command):
    ward = reading_ward()
    snapshot, = ward.kept
    wrong = []
    for key, call, first in itertools.product(READ, ("open", "list", "stat", "read"), (1, 2)):
        if first == 2 and (command, key) != ("verify", "index/"):
            continue  # verify looks at each segment before it uses it; elsewhere the second time tells nothing new
        ward.machine.forget_state()
        target, fault = fresh(), Fault("error", call, key, error=errno.ETIMEDOUT, first=first)
        words = {"restore": ["restore", snapshot, "--to", target], "verify": ["verify", "--read", "all"],
                 "snapshots": ["snapshots"], "ls": ["ls", snapshot, ward.source]}[command]
        result = ward.machine.run(*words, "--site", FAULTY, exit=None, env=fault.environment(ward.machine))
        if result.exit not in (0, 3, 6):
            wrong.append(f"exit status {result.exit} after a time-out of {call} of {key}: {result.all.splitlines()[:1]}")
        elif result.exit == 0 and command == "restore":
            expect_same(ward.now, below(target, ward.source))
        elif result.exit == 0 and command != "verify":
            expect_in("random-0" if command == "ls" else snapshot[:8], result.out, f"what {command} lists after a time-out of {call} of {key}")
    expect(not wrong, "\n".join(wrong))


@suite.each(("a time-out", errno.ETIMEDOUT), ("a stale file", errno.ESTALE), ("an input/output error", errno.EIO))
def a_restore_goes_to_the_other_site_when_a_read_fails(_, error):
    ward = reading_ward()
    snapshot, = ward.kept
    for times in (1, 0):
        fault = Fault("error", "read", "packs/", error=error, times=times)
        ward.expect_restores(snapshot, env=fault.environment(ward.machine))
        expect(fault.happened, "the fault did not happen")


@suite.each(("a time-out", errno.ETIMEDOUT), ("a stale file", errno.ESTALE))
def a_sole_site_that_does_not_answer_is_unreachable_and_no_damage(_, error):
    ward = reading_ward()
    snapshot, = ward.kept
    for words in (["restore", snapshot, "--to", fresh()], ["verify", "--read", "all"]):
        fault = Fault("error", "read", "packs/", error=error, times=0)
        result = ward.machine.run(*words, "--site", FAULTY, exit=(3, 6), env=fault.environment(ward.machine))
        expect(fault.happened, "the fault did not happen")
        expect("damaged" not in result.all, "it speaks of damage")
    ward.expect_restores(snapshot, "--site", FAULTY)


# Names that others took

@suite.each(("rubbish as long as the pack", Fault("squat", "rename", "packs/"), 1),
            ("nothing", Fault("squat-short", "rename", "packs/"), 1),
            ("rubbish, three times", Fault("squat", "rename", "packs/", times=3), 3))
def a_pack_whose_name_is_taken_goes_under_the_next_suffix(_, fault, times):
    ward = Ward(f"squatted-{fault.act}-{times}")
    result = ward.backup(fault, exit=(0, 3))
    expect_equal(fault.happened, times, "names that were taken")
    expect_equal(committed(result), {FAULTY: True, GOOD: True}, "committed")
    ward.expect_listed_restores()
    packs = digests(ward.machine, FAULTY)
    wrong = [key for key, digest in packs.items() if not key.split("/")[-1].startswith(digest)]
    expect_equal(len(wrong), times, "packs that are rubbish")
    for key in wrong:
        expect(any(other != key and other.startswith(key[:-1] if key[-2] == "." else key + ".") for other in packs),
               f"{key} has no successor under a suffix: {sorted(packs)}")
    ward.machine.run("verify", "--read", "all", exit=None)
    ward.expect_level_again()


# Nodes that work at once, or twice

doubled = []  # their machines


def twin_of(machine, name):
    """Another machine with the same keys and sites, and a state of its own."""
    twin = Open(name, sites=machine.sites, tenant=machine.tenant)
    twin.settings |= {each: machine.settings[each] for each in machine.settings if each.startswith(("site.", "tenant."))}
    shutil.copytree(machine.keys, twin.keys)
    return twin


@suite.test
def two_nodes_at_once_at_the_same_sites_both_finish_and_all_restores():
    first = Ward("first-node")
    second = twin_of(first.machine, "second-node")
    source = second.root / "sample"
    shutil.copytree(first.source, source)
    second.add_source("dpi", source).write()
    kept = {}
    for number in range(2):
        first.change()
        (source / "random-1").write_bytes(dice.randbytes(400_000))
        (source / "random-0").write_bytes((first.source / "random-0").read_bytes())
        sources = {first.machine.name: (first.source, Kept(first.source, fresh("kept"))), second.name: (source, Kept(source, fresh("kept")))}
        for name, snapshot in at_once(first.machine, second).items():
            kept[snapshot] = sources[name]
    expect_equal(len(kept), 4, "snapshots")
    first.machine.run("replicate")
    for site in first.machine.sites:
        expect_equal(set(first.machine.ids("--site", site)), set(kept), f"snapshots at {site}")
    for number, (snapshot, (source, copy)) in enumerate(kept.items()):
        for site in first.machine.sites:
            hdstest.expect_restores((first.machine, second)[number % 2], snapshot, source, copy, "--site", site)
    first.machine.run("verify", "--read", "all", "--open")
    doubled.append(first.machine)


def at_once(*machines):
    """Starts a backup on each, and lets each wait after it registered until all have: {machine: snapshot}."""
    runs = [Watched(machine, "backup", "--json") for machine in machines]
    for run in runs:
        expect(run.reach("session begun"), "no session was begun")
        run.pause()
    for run in runs:
        run.go_on()
    results = {}
    for machine, run in zip(machines, runs):
        result = run.finish()
        expect_equal(result.exit, 0, f"exit status at {machine.name}")
        results[machine.name] = result.lines[0]["snapshot"]
    return results


@suite.each("session begun", "pack stored", "committed")
def a_node_that_was_cloned_in_mid_run_and_its_clone_both_make_whole_snapshots(step):
    ward = Ward("cloned-" + step.replace(" ", "-"))
    ward.machine.run("backup")
    ward.account()
    ward.change()
    run = Watched(ward.machine, "backup", "--json")
    expect(run.reach(step), f"it did not come to {step!r}")
    run.pause()
    clone = twin_of(ward.machine, ward.machine.name + "-clone")
    shutil.copytree(ward.machine.state, clone.state)
    clone.add_source("dpi", ward.source).write()
    cloned = clone.run("backup", "--json", exit=(0, 3))
    run.go_on()
    result = run.finish()
    expect_equal(result.exit, 0, "exit status of the original")
    ward.machine.run("replicate")
    listed = ward.expect_listed_restores()
    for each in (cloned, result):
        for site in ward.machine.sites:
            expect_in(each.lines[0]["snapshot"], listed[site], f"snapshots at {site}")
    ward.machine.run("verify", "--read", "all", "--open")
    ward.expect_level_again()
    doubled.append(ward.machine)


@suite.each("pack stored", "committed")
def a_node_that_was_killed_and_rolled_back_makes_whole_snapshots(step):
    """Its disk is what it was before the run, and then in the midst of it; the sites know better."""
    ward = Ward("rolled-back-" + step.replace(" ", "-"))
    ward.machine.run("backup")
    ward.account()
    before = fresh("state")
    shutil.copytree(ward.machine.state, before)
    ward.change()
    run = Watched(ward.machine, "backup")
    expect(run.reach(step), f"it did not come to {step!r}")
    run.pause()
    amidst = fresh("state")
    shutil.copytree(ward.machine.state, amidst)
    run.kill()
    run.finish()
    ward.account()
    for state in (before, amidst):
        ward.machine.forget_state()
        shutil.copytree(state, ward.machine.state)
        ward.change()
        ward.machine.run("backup")
        ward.account()
    ward.machine.run("replicate")
    ward.expect_listed_restores()
    ward.expect_level_again()
    ward.machine.run("verify", "--read", "all", "--open")
    doubled.append(ward.machine)


# Nonces, by the independent reader

def reader_python():
    """A Python whose `cryptography` is new enough for the reader."""
    environments = [HERE.parent.parent / ".venv-tests" / "bin" / "python", sys.executable]
    for python in filter(os.path.exists, environments):
        words = [python, "-c", "from cryptography.hazmat.primitives.asymmetric import mlkem"]
        if not subprocess.run(words, capture_output=True, check=False).returncode:
            return python
    raise Skip("no Python here has a `cryptography` with ML-KEM")


@suite.test
def no_key_and_nonce_sealed_two_texts():
    """Whatever was cloned, rolled back or at work at once."""
    expect(doubled, "there is nothing to look at")
    python = reader_python()
    for machine in doubled:
        sites = [machine.site(site) for site in machine.sites]
        result = Runner.run([python, __file__, "--nonces", machine.kit, *sites], env=environment(PYTHONDONTWRITEBYTECODE="1"))
        expect_equal(result.json["twice"], [], f"key and nonce that sealed two texts of {machine.name}")
        expect(result.json["sealed"] > 20, f"hardly any sealed bytes were looked at: {result.json}")


def nonces(kit, *sites):
    """Prints how many sealed texts the sites hold, and which of them share key and nonce with another text."""
    sys.path.insert(0, str(HERE.parent / "Reader"))
    from hdsreader import keys, names, packs, problems, repository, statements
    found, twice = {}, set()

    def sealed(block, ordinal, id, text, where):
        name = block.digest + ordinal.to_bytes(4, "little") + id[:8]
        if found.setdefault(name, text) != text:
            twice.add(where)

    for site in sites:
        opened = repository.Repository(site, keys.Kit(pathlib.Path(kit).read_text()), problems.Report(sys.stderr))
        for key in opened.site.keys("packs"):
            data = opened.site.read(key, packs.PACK_LIMIT)
            pack = packs.Pack(lambda offset, length: data[offset:offset + length], len(data), opened.ring)
            sealed(pack.blocks[0], keys.LAST_ORDINAL, bytes(32), data[pack.directory_start:-packs.TRAILER], f"{key}: directory")
            for blob in pack.blobs:
                sealed(pack.blocks[blob.block], blob.ordinal, blob.id, data[blob.offset:blob.offset + blob.length], f"{key}: {blob.offset}")
        for key in opened.site.keys("snapshots"):
            text = opened.site.read(key, statements.largest(statements.MANIFEST))
            manifest = statements.Manifest.parse(statements.Statement.parse(text, statements.MANIFEST, opened.tenant))
            sealed(manifest.outline_block, 0, manifest.snapshot, manifest.outline, f"{key}: outline")
            sealed(manifest.labels_block, 0, manifest.snapshot, manifest.labels, f"{key}: labels")
    print(json.dumps({"sealed": len(found), "twice": sorted(twice)}))


# Old copies

@suite.test
def what_an_older_copy_of_the_sole_site_lacks_is_stored_again():
    """The machine remembers packs that are there no more."""
    ward = Ward("older-sole", sites=[FAULTY])
    ward.machine.run("backup")
    ward.account()
    old = fresh("old")
    shutil.copytree(ward.machine.site(FAULTY), old)
    ward.change()
    ward.machine.run("backup")
    shutil.rmtree(ward.machine.site(FAULTY))
    shutil.copytree(old, ward.machine.site(FAULTY))
    ward.machine.run("backup", exit=(0, 3))
    ward.expect_listed_restores()
    expect_equal(len(ward.account()[FAULTY]), 2, "snapshots")
    ward.machine.run("verify", "--read", "all", exit=4)


@suite.test
def an_older_copy_of_one_of_two_sites_is_brought_level():
    ward = Ward("older-of-two")
    ward.machine.run("backup")
    ward.account()
    old = fresh("old")
    shutil.copytree(ward.machine.site(FAULTY), old)
    ward.change()
    ward.machine.run("backup")
    ward.account()
    shutil.rmtree(ward.machine.site(FAULTY))
    shutil.copytree(old, ward.machine.site(FAULTY))
    ward.expect_level_again()
    ward.machine.run("verify", "--read", "all", "--open")


if sys.argv[1:2] == ["--nonces"]:
    nonces(*sys.argv[2:])
else:
    suite.main()
