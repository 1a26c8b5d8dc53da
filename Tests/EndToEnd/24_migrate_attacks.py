"""Attacks on a whole copy's move (docs/MIGRATION.md): vandals, other machines, wrong clocks, kills. Nothing may be gone that is nowhere else."""
import contextlib
import pathlib
import shutil

from hdstest import Open, Runner, Skip, Suite, Watched, expect, expect_equal, hospital, place, working_day
from moving import Moving

suite = Suite("24 migrate, attacked")


def other_bytes(file):
    """The same size, one byte changed."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xff
    file.chmod(0o600)
    file.write_bytes(data)


def packs(machine, site):
    root = machine.site(site)
    return sorted(each for each in root.rglob("*") if each.is_file() and "/packs/" in str(each) and "/." not in str(each.relative_to(root)))


class Copied:
    """Another machine with the same keys, whose state is a copy of the first one's as it is now."""

    def __init__(self, machine, name="other"):
        self.machine, self.config = machine, machine.root / f"{name}.toml"
        state = machine.root / f"state-{name}"
        shutil.copytree(machine.state, state)
        self.config.write_text(machine.config.read_text().replace(f'"{machine.state}"', f'"{state}"'))

    def environment(self, **more):
        return self.machine.environment(**more)

    def words(self, *words):
        return self.machine.words(*words, config=self.config)

    def run(self, *words, **more):
        return self.machine.run(*words, config=self.config, **more)


class Shifted:
    """The machine with a clock that is wrong."""

    def __init__(self, machine, offset):
        libraries = sorted(pathlib.Path("/usr/lib").glob("**/faketime/libfaketime.so.1"))
        if not libraries:
            raise Skip("no libfaketime here")
        self.machine, self.changes = machine, {"LD_PRELOAD": libraries[0], "FAKETIME": offset, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def environment(self, **more):
        return self.machine.environment(**(self.changes | more))

    def words(self, *words):
        return self.machine.words(*words)

    def run(self, *words, **more):
        return self.machine.run(*words, env=self.changes, **more)


def only(machine, *sites):
    machine.tenant_settings["sites"] = list(sites)
    machine.write()
    return machine


ALL = ("paris", "lille", "lyon", "nantes")


def backup_at_paris_alone(machine):
    """The others do not answer; returns the snapshot."""
    only(machine, "paris")
    known = set(machine.ids())
    working_day(machine.source, 7)
    machine.run("backup")
    (new,) = set(machine.ids()) - known
    only(machine, *ALL)
    return new


def in_deletion(machine):
    """A run that has agreed, and stands after its last comparison, before the first deletion."""
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", "--json", stop_at="migration compared")
    expect(run.wait_for_stop(), "it did not stop")
    return run


def expect_elsewhere(machine, snapshot):
    """Whatever was decided, the snapshot is not gone from everywhere."""
    there = [site for site in ALL if machine.run("snapshots", "--site", site, exit=None).out.count(snapshot[:8])]
    expect(there, "a snapshot that was committed at paris is nowhere any more")


@contextlib.contextmanager
def kept_by_the_store(files):
    """The store refuses to delete them, as under a lock."""
    for file in files:
        if Runner.run(["chattr", "+i", file], exit=None).exit:
            raise Skip("no immutable files here")
    try:
        yield
    finally:
        for file in files:
            Runner.run(["chattr", "-i", file])


def without_roles(machine, name):
    """Moves a role's keys away; returns how to bring them back."""
    here = [each for each in machine.keys.rglob(f"{name}*") if each.is_file()]
    expect(here, f"no {name} key")
    for each in here:
        each.rename(machine.root / each.name)
    return lambda: [(machine.root / each.name).rename(each) for each in here]


# Data loss

@suite.each(("one slot", False), ("all that coordinates", True))
def what_a_vandal_made_invisible_at_the_old_site_is_not_deleted_for_good(_, everything):
    machine = Moving(f"invisible-{everything}".lower(), days=1)
    new = backup_at_paris_alone(machine)
    for key in machine.objects("paris"):
        folder = key.split("/")[0]
        if folder == "commits" and new in key or everything and folder in ("commits", "sessions", "condemned", "decided", "lists"):
            (machine.prefix("paris") / key).unlink()
    manifests = {key for key in machine.objects("paris") if key.startswith("snapshots/")}
    machine.migrate("--prove", "--double-run", "0s", "--patience", "0s", exit=None)
    there = {key for site in ("paris", "lyon") for key in (machine.objects(site) if any(machine.site(site).iterdir()) else {})}
    expect_equal(sorted(manifests - there), [], "manifests of snapshots that `site rebuild` would have brought back, now nowhere")


@suite.test
def a_pack_that_became_another_at_the_new_site_after_it_was_read_stops_the_deletion():
    machine = Moving("rotten", days=1)
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    for file in packs(machine, "lyon"):
        other_bytes(file)
    machine.run("verify", "--site", "lyon", "--read", "all", exit=4)
    machine.migrate("--prove", exit=None)
    only(machine, *(["paris"] if packs(machine, "paris") else []), "lyon")
    for snapshot in machine.ids():
        machine.run("restore", snapshot, "--to", place() / f"rotten-{snapshot[:8]}")


@suite.each(("gone", lambda file: file.unlink()), ("other bytes", other_bytes))
def what_the_store_kept_is_not_deleted_later_where_the_new_site_has_lost_it(name, lose):
    machine = Moving(f"later-{name.split()[0]}", days=1)
    files = packs(machine, "paris")
    with kept_by_the_store(files):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
    for file in packs(machine, "lyon"):
        lose(file)
    machine.migrate("--prove", exit=None)
    only(machine, *(["paris"] if packs(machine, "paris") else []), "lyon")
    for snapshot in machine.ids():
        machine.run("restore", snapshot, "--to", place() / f"later-{name.split()[0]}-{snapshot[:8]}")


@suite.test
def a_site_that_has_been_collected_is_emptied_in_several_runs():
    """What says how far collection was goes first: the machine remembers more than is there, and does not take it for a rollback."""
    machine = Moving("collected", days=3)
    machine.tenant_settings["policy"] = {"keep": {"last": 1}, "quarantine": "0s", "cool_off": "0s"}
    only(machine, "paris", "lille")
    machine.run("retention", "apply")
    for _ in range(3):
        machine.run("collect", "--quarantine", "0s", "--patience", "0s", exit=None)
    only(machine, *ALL)
    expect(any(key.startswith("decided/") for key in machine.objects("paris")), "nothing was decided")
    with kept_by_the_store(packs(machine, "paris")[:1]):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
        expect_equal(machine.migrate("--prove", exit=3)["outcome"], "remnants", "the second run")
    expect_equal(machine.migrate("--prove")["outcome"], "done", "the last run")
    only(machine, "lyon")
    for snapshot in machine.ids():
        machine.run("restore", snapshot, "--to", place() / f"collected-{snapshot[:8]}")


@suite.test
def two_machines_that_move_each_others_copy_do_not_delete_both():
    machine = only(Moving("both", days=1), "paris", "lyon")
    machine.run("replicate", "--to", "lyon")
    other = Copied(machine)
    there, back = ("migrate", "--from", "paris", "--to", "lyon", "--prove"), ("migrate", "--from", "lyon", "--to", "paris", "--prove")
    machine.run(*there, "--double-run", "1h", exit=3)
    other.run(*back, "--double-run", "1h", exit=3)
    for site in ("lyon", "paris"):
        machine.run("restore-test", "--snapshot", machine.ids()[0], "--share", "whole", "--site", site, exit=(0, 4))
    machine.run("replicate")
    machine.run(*there, "--double-run", "0s", "--keep-source", exit=None)
    other.run(*back, "--double-run", "0s", "--keep-source", exit=None)
    one = Watched(machine, *there, stop_at="migration compared")
    one.wait_for_stop()
    two = Watched(other, *back, stop_at="migration deleted")
    two.wait_for_stop()
    for run in (one, two):
        run.go_on()
        run.finish()
    expect(packs(machine, "paris") or packs(machine, "lyon"), "both copies are gone")


@suite.test
def a_snapshot_committed_after_another_machine_took_it_back_is_not_deleted():
    machine = Moving("taken-back", days=1)
    run = in_deletion(machine)
    Copied(machine).run("migrate", "--from", "paris", "--to", "lyon", "--withdraw")
    new = backup_at_paris_alone(machine)
    run.go_on()
    run.finish()
    expect_elsewhere(machine, new)


@suite.test
def a_snapshot_committed_where_a_vandal_took_the_record_away_is_not_deleted():
    machine = Moving("record-gone", days=1)
    run = in_deletion(machine)
    shutil.rmtree(machine.prefix("paris") / "migrations")
    new = backup_at_paris_alone(machine)
    run.go_on()
    run.finish()
    expect_elsewhere(machine, new)


@suite.test
def a_clock_before_the_keys_time_does_not_delete_what_writers_commit():
    machine = Moving("early", days=1)
    machine.run("replicate")
    early, words = Shifted(machine, "-40d"), ("migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s")
    back = without_roles(machine, "verify")
    early.run(*words, "--keep-source", exit=None)
    back()
    machine.run("restore-test", "--snapshot", machine.ids()[0], "--share", "whole", "--site", "lyon", exit=(0, 4))
    without_roles(machine, "verify")
    early.run(*words, "--keep-source", exit=None)
    run = Watched(early, *words, stop_at="migration compared")
    run.wait_for_stop()
    new = backup_at_paris_alone(machine)
    run.go_on()
    run.finish()
    expect_elsewhere(machine, new)


@suite.test
def a_sealing_of_the_journal_is_not_deleted_where_the_new_site_has_rubbish_under_its_name():
    machine = Moving("sealing", days=1)
    sealed = {key for key in machine.objects("paris") if key.startswith("journal/") and len(key.split("/")[-1]) == 10}
    expect(sealed, "no sealed segment")
    good = {(machine.prefix("paris") / key).read_bytes() for key in sealed}
    for key in sealed:
        file = machine.prefix("lille") / key
        file.chmod(0o600)
        file.write_bytes(b"")
    machine.migrate("--prove", "--double-run", "0s", to="lille", exit=None)
    there = {each.read_bytes() for site in ("paris", "lille") for each in machine.site(site).rglob("*") if each.is_file() and "/journal/" in str(each)}
    expect(good <= there, "sealed segments are nowhere whole")


# Stuck

@suite.test
def a_session_whose_clock_runs_ahead_does_not_hold_it_up_for_ever():
    machine = only(Moving("ahead", days=1), "paris")
    working_day(machine.source, 5)
    run = Watched(Shifted(machine, "+4000d"), "backup")
    expect(run.reach("session begun"), "no session was begun")
    run.kill()
    run.finish()
    only(machine, *ALL)
    row = machine.migrate("--prove", "--double-run", "0s", "--patience", "0s", exit=None)
    expect_equal(row["outcome"], "done", "a session dead for longer than patience")


@suite.test
def a_good_restore_takes_the_place_of_a_failed_one():
    machine = Moving("good-again", days=1)
    machine.migrate("--prove", "--double-run", "1h", exit=3)
    kept = {file: file.read_bytes() for file in packs(machine, "lyon")}
    for file in kept:
        other_bytes(file)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s", exit=None)
    for file, data in kept.items():
        file.write_bytes(data)
    machine.run("restore-test", "--snapshot", machine.ids()[0], "--share", "whole", "--site", "lyon", exit=(0, 4))
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove")


@suite.test
def a_record_that_a_kill_cut_off_is_signed_again():
    machine = Moving("cut-off", days=1)
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    (machine.folder() / "record-0000000002").write_bytes(b"")  # as a kill leaves a file between its making and its writing
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove")


@suite.test
def rubbish_under_the_next_records_name_stops_nothing():
    machine = Moving("squatted", days=1)
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    (record,) = (key for key in machine.objects("paris") if key.startswith("migrations/"))
    (machine.prefix("paris") / (record[:-1] + "2")).write_bytes(b"rubbish")
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove")


@suite.test
def after_its_folder_was_lost_a_migration_can_still_be_taken_back():
    machine = Moving("folder-lost", days=1)
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    shutil.rmtree(machine.folder())
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    expect_equal(machine.migrate("--withdraw")["outcome"], "withdrawn", "what is told")
    expect("left for lyon" not in machine.run("backup", exit=None).all, "paris is still left")


# Wrong words

@suite.test
def keep_source_does_not_tell_agreed_when_deletion_has_begun():
    machine = Moving("begun", days=1)
    run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s")
    expect(run.reach("migration deleted"), "nothing was deleted")
    run.kill()
    run.finish()
    expect(machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--keep-source", exit=None).exit, "told as agreed")


@suite.test
def what_a_killed_writer_never_finished_is_not_left_behind():
    machine = Moving("unfinished", days=1)
    left = machine.prefix("paris") / ".tmp" / "00112233445566778899aabb"
    left.parent.mkdir(exist_ok=True)
    shutil.copy(packs(machine, "paris")[0], left)  # as a kill leaves it before its renaming
    expect_equal(machine.migrate("--prove", "--double-run", "0s")["outcome"], "done", "the end")
    expect(not left.exists(), "bytes of a pack are left at paris")


# Several sites, several machines, what comes between two runs

def dead_between_manifest_and_slot(machine):
    """A writer that died at paris after it had stored its manifest, before it filled its slot; returns the snapshot."""
    new = backup_at_paris_alone(machine)
    for key in machine.objects("paris"):
        if key.startswith("commits/") and new in key:
            (machine.prefix("paris") / key).unlink()
    return new


@suite.test
def where_deletion_has_begun_nobody_takes_it_back_also_not_after_the_folder_was_lost():
    """Else writers take half a site for a whole one: its key wraps are gone, and what is written there alone opens nowhere."""
    machine = Moving("half-gone", days=1)
    with kept_by_the_store(packs(machine, "paris")[:1]):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
    shutil.rmtree(machine.folder())
    machine.migrate("--prove", "--double-run", "1h", exit=None)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--withdraw", exit=None)
    only(machine, "paris")
    working_day(machine.source, 3)
    if machine.run("backup", exit=None).exit == 0:
        machine.run("recover", "--kit", machine.kit, "--site", machine.site("paris"), "--out", machine.root / "bare")


@suite.test
def a_site_that_is_left_for_two_others_at_once_is_not_proven_by_what_the_first_has_left_of_it():
    machine = Moving("two-ways", days=2)
    other = Copied(machine)
    words = ("migrate", "--from", "paris", "--to", "nantes", "--prove", "--json")
    before = other.run(*words, "--double-run", "1h", exit=3).lines[0]
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", stop_at="migration deleted")
    expect(run.wait_for_stop(), "nothing was deleted")
    run.kill()
    run.finish()
    row = other.run(*words, "--double-run", "0s", exit=None).lines[0]
    if row.get("outcome") == "done":
        expect(row["objects"] >= before["objects"], f"signed as deleted after a proof of {row['objects']} of {before['objects']} objects")
    expect_equal(machine.migrate("--prove", exit=None).get("outcome"), "done", "the one that deleted first")


@suite.test
def a_session_that_the_store_kept_does_not_stop_the_deletion_for_ever():
    machine = Moving("kept-session", days=2)
    sessions = [machine.prefix("paris") / key for key in machine.objects("paris") if key.startswith("sessions/")]
    with kept_by_the_store(sessions[:1]):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
    expect_equal(machine.migrate("--prove", exit=None).get("outcome"), "done", "when the lock has ended")


@suite.test
def what_the_store_kept_can_be_deleted_after_the_new_site_was_left_too():
    machine = Moving("onwards", days=1)
    with kept_by_the_store(packs(machine, "paris")[:1]):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
        if machine.migrate("--prove", "--double-run", "0s", source="lyon", to="nantes", exit=None).get("outcome") != "done":
            return  # Refused as long as there are remnants.
    ends = [machine.migrate("--prove", "--double-run", "0s", to=to, exit=None).get("outcome") for to in ("lyon", "nantes")]
    expect("done" in ends, f"what is left at paris stays for ever: {sorted(machine.objects('paris'))}")


@suite.test
def a_dead_writers_manifest_is_not_brought_to_the_new_site_where_nothing_says_that_it_is_dead():
    machine = Moving("dead-writer", days=1)
    # It has not seen the commit, which there never was.
    other = Copied(machine)
    new = dead_between_manifest_and_slot(machine)
    other.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s", "--patience", "0s")
    expect_equal([key for key in machine.objects("lyon") if new in key], [], "a manifest without a slot at lyon, that keeps its packs for ever")


@suite.test
def a_session_whose_snapshot_was_forgotten_is_no_writer_and_its_packs_are_in_the_proof():
    machine = Moving("forgotten", days=3)
    machine.tenant_settings["policy"] = {"keep": {"last": 2}, "quarantine": "0s", "cool_off": "0s"}
    only(machine, "paris", "lille").run("retention", "apply")
    only(machine, *ALL)
    machine.migrate("--prove", "--double-run", "1h", exit=3)
    proven = {line.split()[2] for line in (machine.folder() / "leaves-from.txt").read_text().splitlines()}
    there = {f"packs/{each.name.split('.')[0]}" for each in packs(machine, "paris")}
    expect_equal(sorted(there - proven), [], "packs at paris that the root of the first proof is not over, while nobody writes")
    expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=None).get("writers"), [], "writers, while nobody writes")


@suite.test
def a_site_that_is_prepared_again_under_its_id_takes_copies_again():
    machine = Moving("again", days=1)
    expect_equal(machine.migrate("--prove", "--double-run", "0s")["outcome"], "done", "the end")
    machine.run("init", "--site", "paris")
    machine.run("replicate")
    machine.run("backup")
    expect(machine.ids("--site", "paris"), "nothing came to paris")


@suite.test
def patience_that_is_given_later_counts():
    machine = Moving("patience", days=1)
    dead_between_manifest_and_slot(machine)
    expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "writers", "the first run")
    expect_equal(machine.migrate("--prove", "--patience", "0s", exit=None).get("outcome"), "done", "with another patience")


@suite.test
def two_pairs_of_sites_whose_names_with_a_dash_between_are_the_same_are_two_migrations():
    machine = Open("dashes", sites=("a", "a-b", "b-c", "c"))
    machine.add_source("dpi", hospital(machine.root / "source", mib=1))
    machine.init()
    machine.run("backup")
    machine.run("migrate", "--from", "a-b", "--to", "c", "--prove", "--double-run", "1h", exit=3)
    plan = machine.run("migrate", "--from", "a", "--to", "b-c", "--dry-run", "--json").lines[0]
    expect_equal((plan["from"], plan["to"]), ("a", "b-c"), "the plan that was asked for")
    machine.run("migrate", "--from", "a", "--to", "b-c", "--prove", "--double-run", "1h", exit=3)


@suite.test
def rubbish_that_came_after_deletion_began_does_not_stop_it_for_ever():
    machine = Moving("rubbish-later", days=1)
    with kept_by_the_store(packs(machine, "paris")[:1]):
        expect_equal(machine.migrate("--prove", "--double-run", "0s", exit=3)["outcome"], "remnants", "the first run")
    stub = machine.prefix("paris") / next(key for key in machine.objects("lyon") if key.endswith(".stub"))
    stub.parent.mkdir(parents=True, exist_ok=True)
    stub.write_bytes(b"rubbish")
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", exit=(0, 3, 4, 5))


@suite.test
def a_site_that_is_half_deleted_is_told_as_no_copy():
    machine = Moving("no-copy", days=1)
    run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s", stop_at="migration deleted")
    expect(run.wait_for_stop(), "nothing was deleted")
    run.kill()
    run.finish()
    expect_equal(packs(machine, "paris"), [], "packs at paris")
    expect("paris" not in machine.run("snapshots").out, "paris is told as a copy, and has no pack any more")


@suite.test
def what_is_kept_without_a_date_is_told_without_one():
    machine = Moving("no-date", days=1)
    with kept_by_the_store(packs(machine, "paris")[:1]):
        said = machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s", exit=3).out
    expect("locked until refused" not in said, "an end of a lock that is none")


suite.main(at_once=2)
