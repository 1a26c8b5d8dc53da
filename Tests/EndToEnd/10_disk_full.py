"""Disks that become full in mid-run: a site's, the state folder's, the target's of a restore.

The disks are small tmpfs, in a mount namespace of the tests' own.
"""
import contextlib
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import hdstest
from hdstest import (IS_ROOT, Kept, Open, Runner, Skip, Suite, Watched, environment, expect, expect_equal, expect_in,
                     expect_same, fixture, fresh)

suite = Suite("10 disk full")
INSIDE = "HDSTEST_MOUNTS"  # set when this runs in its own namespace
UNSHARE = ["unshare", "-m" if IS_ROOT else "-rm"]


def enter():
    """Runs this file again where it may mount, if that is possible."""
    with tempfile.TemporaryDirectory() as folder:
        if subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False).returncode:
            return
    os.environ[INSIDE] = "1"
    os.execvp(UNSHARE[0], [*UNSHARE, sys.executable, *sys.argv])


# Disks

class Disk:
    """A small disk in the place of a folder, with what the folder held; gone at the end, with all on it."""

    def __init__(self, folder, **options):
        if os.environ.get(INSIDE) != "1":
            raise Skip("nothing may be mounted here")
        self.folder, self.ballast = folder, folder / ".ballast"
        kept = fresh("kept")
        Runner.run(["cp", "-a", folder, kept], env=environment())
        self.mount(options | {"mode": oct(folder.stat().st_mode & 0o7777)[2:]})
        Runner.run(["cp", "-a", f"{kept}/.", folder], env=environment())
        hdstest.remove(kept)

    def mount(self, options, again=False):
        words = ",".join((["remount"] if again else []) + [f"{name}={value}" for name, value in options.items()])
        Runner.run(["mount", "-t", "tmpfs", "-o", words, "none", self.folder], env=environment())

    def grow(self, **options):
        self.mount(options, again=True)

    @property
    def free(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def leave(self, free):
        """Fills the disk up to so many bytes."""
        # A long file needs pages of its own to find its pages by: what is left is looked at again.
        with open(self.ballast, "ab") as file:
            while self.free > free:
                size = file.tell()
                try:
                    os.posix_fallocate(file.fileno(), size, self.free - free)
                except OSError:
                    break
                file.seek(0, os.SEEK_END)

    def relieve(self):
        self.ballast.unlink()

    def close(self):
        Runner.run(["umount", "-l", self.folder], env=environment())


@contextlib.contextmanager
def disk(folder, **options):
    one = Disk(folder, **options)
    try:
        yield one
    finally:
        last = Runner.last
        one.close()
        Runner.last = last


# The machine

class Ward:
    """A machine whose source changes before each run, and what each snapshot must restore."""

    def __init__(self, name, *, kib=600, files=1, small=0, sites=("paris", "lille")):
        self.machine, self.kept, self.right, self.kib, self.files = Open(name, sites=sites), {}, set(), kib, files
        self.source = self.machine.root / "sample"
        (self.source / "small").mkdir(parents=True)
        for number in range(small):
            (self.source / "small" / f"{number:05}-{'n' * 200}").write_bytes(b"x" * 600)
        self.machine.add_source("dpi", self.source).init()
        self.change()

    def change(self):
        for number in range(self.files):
            (self.source / f"random-{number}").write_bytes(os.urandom(self.kib << 10))
        self.now = Kept(self.source, fresh("kept"))

    def account(self):
        """What each site lists; what is new is of the source as it is now."""
        last = Runner.last
        listed = {site: set(self.machine.ids("--site", site)) for site in self.machine.sites}
        for snapshot in set().union(*listed.values()) - self.kept.keys():
            self.kept[snapshot] = self.now
        Runner.last = last
        return listed

    def restore(self, snapshot, target, *words, **more):
        """Only what is below the source: in a namespace of a common user the folders above are nobody's."""
        return self.machine.restore(snapshot, target, "--strip", *words, **more)

    def expect_listed_restores(self):
        """What a site lists and was not looked at before restores from that site alone."""
        listed = self.account()
        for site, snapshots in listed.items():
            for snapshot in sorted(snapshots):
                if (snapshot, site) not in self.right:
                    target = fresh()
                    self.restore(snapshot, target, "--site", site)
                    expect_same(self.kept[snapshot], target)
                    hdstest.remove(target)
                    self.right.add((snapshot, site))
        return listed

    def expect_level_again(self):
        """The next runs need no manual step: all sites then have all snapshots, and each restores from each."""
        self.change()
        self.machine.run("backup")
        self.machine.run("replicate")
        listed = self.expect_listed_restores()
        expect_equal({site: len(ids) for site, ids in listed.items()}, dict.fromkeys(listed, len(self.kept)), "snapshots at the sites")


def committed(result):
    """{site: whether it took the snapshot}; empty when there is no snapshot."""
    return {each["site"]: each["committed"] for line in result.lines for each in line.get("sites", ())}


def expect_listed_as_told(before, result, listed):
    """A site lists one snapshot more exactly where the run said so."""
    more = {site: bool(listed[site] - before[site]) for site in listed}
    expect_equal(more, {site: committed(result).get(site, False) for site in listed}, "which site has a new snapshot")


def stop(run):
    """Stops a run, and waits until it stands still."""
    run.pause()
    while run.process.poll() is None and pathlib.Path(f"/proc/{run.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        time.sleep(0.0005)


def backup_with(ward, disk, step):
    """A backup that finds the disk full once it has come to the step."""
    run = Watched(ward.machine, "backup", "--json")
    expect(run.reach(step), f"it did not come to {step!r}")
    stop(run)
    disk.leave(0)
    run.go_on()
    return run.finish()


# A site's disk

@suite.each("session begun", "in the midst of a pack", "segment stored")
def a_site_that_becomes_full_stops_no_other_and_goes_on_once_there_is_room(when):
    ward = Ward("site-" + when.replace(" ", "-"), kib=4096, files=6)
    ward.machine.run("backup")
    before = ward.account()
    ward.change()
    with disk(ward.machine.site("lille"), size="200m") as small:
        if when == "in the midst of a pack":
            small.leave(10 << 20)
            result = ward.machine.run("backup", "--json", exit=3)
        else:
            result = backup_with(ward, small, when)
            # It may have been quicker than the disk was filled, once it had little left to store.
            expect_in(result.exit, (0, 3) if when == "segment stored" else (3,), "the exit statuses that are right")
        if result.exit:
            expect_in("lille", result.err)
            expect_in("space", result.err)
        listed = ward.expect_listed_restores()
        expect_equal(committed(result)["paris"], True, "committed at paris")
        expect_listed_as_told(before, result, listed)
        ward.machine.run("verify", "--read", "all", "--site", "lille")
        small.relieve()
        ward.expect_level_again()
        ward.machine.run("verify", "--read", "all")


@suite.test
def a_site_with_little_room_lists_what_it_said_that_it_has():
    """What a run stores one after the other: session, a pack of 1 MiB or two, segment, manifest, slot; folders besides."""
    ward = Ward("tight")
    with disk(ward.machine.site("lille"), size="100m") as small:
        for pages in (0, 1, 2, 128, 256, 257, 258, 259, 260, 262):
            before = ward.account()
            small.leave(pages << 12)
            result = ward.machine.run("backup", "--json", exit=(0, 3))
            expect_equal(result.exit == 0, committed(result)["lille"], "whether all is well")
            if result.exit:
                expect_in("lille", result.err)
            expect_listed_as_told(before, result, ward.expect_listed_restores())
            small.relieve()
            ward.machine.run("replicate")
            ward.change()
        ward.expect_level_again()
        ward.machine.run("verify", "--read", "all", "--open")


@suite.test
def a_sole_site_that_is_full_is_a_failure_and_larger_it_takes_the_snapshot():
    ward = Ward("sole", kib=4096, files=6, sites=("paris",))
    with disk(ward.machine.site("paris"), size="8m") as small:
        result = ward.machine.run("backup", "--json", exit=1)
        expect_in("paris", result.err)
        expect_in("space", result.err)
        expect_equal(ward.account(), {"paris": set()}, "snapshots")
        expect_equal(os.listdir(ward.machine.prefix("paris") / ".tmp"), [], "what it left half-way")
        ward.machine.run("verify", "--read", "all")
        small.grow(size="100m")
        ward.expect_level_again()
        ward.machine.run("verify", "--read", "all", "--open")


@suite.test
def a_site_without_inodes_is_full():
    ward = Ward("inodes")
    ward.machine.run("backup")
    before = ward.account()
    ward.change()
    with disk(ward.machine.site("lille"), size="100m", nr_inodes=2000) as small:
        used = 2000 - os.statvfs(small.folder).f_ffree
        small.grow(size="100m", nr_inodes=used + 2)
        result = ward.machine.run("backup", "--json", exit=3)
        expect_in("lille", result.err)
        expect_in("space", result.err)
        expect_listed_as_told(before, result, ward.expect_listed_restores())
        small.grow(size="100m", nr_inodes=5000)
        ward.expect_level_again()


@suite.test
def a_replication_to_a_full_site_says_so_and_goes_on_once_there_is_room():
    ward = Ward("replicate", kib=4096, files=4)
    with disk(ward.machine.site("lille"), size="100m") as small:
        small.leave(6 << 20)
        ward.machine.run("backup", exit=3)
        ward.account()
        result = ward.machine.run("replicate", exit=(1, 3))
        expect_in("lille", result.all)
        expect_in("space", result.all)
        ward.expect_listed_restores()
        small.relieve()
        ward.machine.run("replicate")
        ward.expect_level_again()


# The state folder's disk

@suite.each("before the run", "session begun", "pack stored", "committed")
def a_state_folder_that_becomes_full_is_told_and_loses_nothing(when):
    ward = Ward("state-" + when.replace(" ", "-"), kib=4096, files=2, small=300)
    ward.machine.run("backup")
    ward.account()
    ward.change()
    with disk(ward.machine.state, size="100m") as small:
        if when == "before the run":
            small.leave(0)
            result = ward.machine.run("backup", "--json", exit=None)
        else:
            result = backup_with(ward, small, when)
        expect_equal(result.exit, 1, "exit status")
        expect_in("space", result.err)
        expect_in(str(ward.machine.state), result.err)
        small.relieve()
        ward.expect_listed_restores()
        ward.expect_level_again()
        ward.machine.run("verify", "--read", "all")


@suite.each(("what it has seen before", False), ("what it has never seen", True))
def a_full_state_folder_hides_no_snapshot_and_is_told_where_it_is_needed(_, forget):
    ward = Ward("state-restore" + "-new" * forget, small=300)
    ward.machine.run("backup")
    ward.account()
    snapshot, = ward.kept
    if forget:
        ward.machine.forget_state()
        ward.machine.state.mkdir()
    with disk(ward.machine.state, size="20m") as small:
        small.leave(0)
        target = fresh()
        for words in (["restore", snapshot, "--strip", "--to", target], ["snapshots"], ["verify", "--read", "all"]):
            # 3: nothing was written down in the journal either.
            result = ward.machine.run(*words, exit=(0, 1, 3))
            if result.exit:
                expect_in("space", result.err)
                expect_in(str(ward.machine.state), result.err)
            if words[0] == "snapshots":
                expect_in(snapshot[:8], result.out, "the snapshots that it lists")
            if words[0] == "restore" and result.exit == 0:
                expect_same(ward.now, target)
        small.relieve()
        ward.restore(snapshot, target)
        expect_same(ward.now, target)


# The disk that a restore writes to

@fixture
def restored():
    """A snapshot that needs 48 MiB and 400 inodes."""
    ward = Ward("restored", kib=4096, files=12, small=400)
    ward.machine.run("backup")
    ward.account()
    return ward


@contextlib.contextmanager
def target(**options):
    folder = fresh("target")
    folder.mkdir()
    with disk(folder, **options) as small:
        yield small


@suite.each(("space", {"size": "24m"}), ("inodes", {"size": "200m", "nr_inodes": 100}))
def a_restore_without_enough_of_it_is_refused_before_anything_is_written(_, options):
    ward = restored()
    with target(**options) as small:
        result = ward.restore("dpi@latest", small.folder, exit=1)
        expect_equal(list(small.folder.iterdir()), [], "what was written")
        expect(result.err.strip(), "nothing is said")
        estimate = ward.restore("dpi@latest", small.folder, "--dry-run", "--json", exit=None)
        expect_equal(list(small.folder.iterdir()), [], "what the dry run wrote")
        expect(json.loads(estimate.out.splitlines()[0])["needed_bytes"] > 48 << 20, "the dry run says that it needs less than the files")
        small.grow(size="200m", nr_inodes=5000)
        ward.restore("dpi@latest", small.folder)
        expect_same(ward.now, small.folder)
        expect_in(str(small.folder), result.err, "what the refusal said")


def expect_nothing_looks_whole_that_is_not(ward, target):
    """A file of the right time is right, or, if it is large, has mode 1600."""
    for file in filter(lambda each: each.is_file() and each.name != ".ballast", target.rglob("*")):
        original = ward.source / file.relative_to(target)
        if file.stat().st_mtime_ns == original.stat().st_mtime_ns and not file.stat().st_mode & 0o1000:
            expect_equal(file.read_bytes(), original.read_bytes(), f"content of {file.name}")


def restore_into_a_disk_that_becomes_full(ward, small):
    """It is stopped when it has written 1 MiB or a little more, and finds room for 2 MiB when it goes on."""
    for _ in range(10):
        run = Watched(ward.machine, "restore", "dpi@latest", "--strip", "--to", small.folder)
        free = small.free
        while small.free > free - (1 << 20) and run.process.poll() is None:
            time.sleep(0.0002)
        stop(run)
        if small.free > free - (36 << 20):
            small.leave(2 << 20)
            run.go_on()
            return run.finish()
        run.kill()  # it was too quick
        run.finish()
        for each in small.folder.iterdir():
            hdstest.remove(each)
    raise AssertionError("the restore was never stopped early enough")


@suite.test
def a_restore_whose_disk_becomes_full_says_so_and_goes_on_once_there_is_room():
    ward = restored()
    with target(size="200m") as small:
        result = restore_into_a_disk_that_becomes_full(ward, small)
        expect_in(result.exit, (1, 3), "the exit statuses that are right")
        expect_in("space", result.err)
        expect_nothing_looks_whole_that_is_not(ward, small.folder)
        small.relieve()
        ward.restore("dpi@latest", small.folder)
        expect_same(ward.now, small.folder)
        expect_in(str(small.folder), result.err, "what the run said that found the disk full")


# The ledger of transfers

@suite.test
def a_ledger_of_transfers_without_room_to_be_folded_stops_no_backup():
    transfers = importlib.import_module("25_transfers")
    machine = transfers.made("unfolded")
    machine.init()
    machine.backup()
    with disk(machine.state, size="100m") as small:
        for site in machine.sites:
            transfers.fill(transfers.ledger(machine, site), rows=500_000, torn=9000)
        small.leave(8 << 20)
        for name in "bc":
            transfers.put(machine, name)
            machine.backup()
        small.relieve()


if os.environ.get(INSIDE) != "1":
    enter()
suite.main()
