"""A whole copy moved to another site, with proof (docs/MIGRATION.md): the roots are computed again by docs/tools/merkle.py over each site's folder."""
import json
import shutil

from hdstest import Suite, Watched, expect, expect_equal, expect_in, expect_restores, place, working_day
from moving import Moving

suite = Suite("24 migrate")


@suite.test
def a_copy_is_moved_proven_and_deleted_and_the_new_site_alone_restores_it():
    machine = Moving("whole", days=3)
    before = machine.files("paris")
    plan = machine.migrate("--dry-run")
    expect_equal((plan["outcome"], plan["snapshots"], plan["objects"]), ("planned", 3, len(before)), "the plan")
    waiting = machine.migrate("--prove", "--double-run", "1h", exit=3)
    expect_equal((waiting["outcome"], waiting["snapshots"]), ("waiting", 3), "the first run")
    # The double run: a new snapshot comes to both.
    working_day(machine.source, 9)
    machine.run("backup")
    expect_equal(len(machine.ids("--site", "lyon")), 4, "snapshots at lyon")
    agreed = machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    expect_equal((agreed["outcome"], agreed["snapshots"], agreed["samples_good"]), ("agreed", 4, 3), "the agreement")
    expect(agreed["root"] != waiting["root"], "the snapshot of the double run is not in the root")
    expect_equal({machine.root_at("paris", "from"), machine.root_at("lyon", "to")}, {agreed["root"]}, "roots that merkle.py finds")
    expect(set(before) <= set(machine.files("paris")), "something was deleted before it was asked for")
    done = machine.migrate("--prove")
    expect_equal((done["outcome"], done["remaining_objects"], done["root"]), ("done", 0, agreed["root"]), "the end")
    expect(done["deleted_objects"] > len(before), "not all was counted")
    expect_equal(machine.files("paris"), {}, "files at paris")
    expect_equal(machine.root_at("lyon", "to"), agreed["root"], "the root at lyon afterwards")
    expect_equal(machine.migrate("--prove")["outcome"], "done", "once more")
    machine.without("paris", "lille", "nantes")
    expect_equal(len(machine.ids()), 4, "snapshots at lyon alone")
    expect_restores(machine, "latest", machine.source)
    machine.run("verify", "--read", "all")
    machine.run("journal", "verify")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", machine.root / "export")
    told = "".join(file.read_text() for file in (machine.root / "export").rglob("*.json*"))
    expect_in(done["root"], told, "the journal")


@suite.test
def killed_ten_times_and_more_it_gives_the_same_root():
    machine = Moving("killed", days=2)
    reference = machine.migrate("--prove", "--double-run", "0s", "--samples", "1", "--keep-source", to="nantes")["root"]
    machine.run("migrate", "--from", "paris", "--to", "nantes", "--withdraw")
    # Where each run dies: after so many steps of any kind, then where things are signed and deleted.
    deaths = [2, 4, 6, 8, 10, 12, 14, "migration compared", "migration deleted", "migration deleted", "migration signed"]
    phases = []
    for death in deaths:
        named = isinstance(death, str)
        run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s", "--samples", "1", "--json",
                      stop_at=death if named else None)
        reached = run.wait_for_stop() if named else all(run.next() for _ in range(death))
        expect(reached, f"ended before {death}, after {phases}: {run.finish()!r}" if not reached else "")
        run.kill()
        run.finish()
        phases.append(json.loads((machine.folder() / "migration.json").read_text())["phase"])
    phases = set(phases)
    expect(len(phases) >= 4, f"killed in few phases: {phases}")
    done = machine.migrate("--prove", "--double-run", "0s", "--samples", "1")
    expect_equal((done["outcome"], done["root"]), ("done", reference), "the end after the kills")
    expect_equal(machine.files("paris"), {}, "files at paris")
    machine.without("paris", "lille", "nantes")
    expect_restores(machine, "latest", machine.source)


@suite.test
def nothing_is_deleted_while_an_object_differs_and_each_is_named():
    machine = Moving("differs", days=1)
    key = next(each for each in machine.objects("paris") if each.startswith("keys/"))
    other = machine.prefix("lyon") / key
    other.parent.mkdir(exist_ok=True)
    other.write_bytes(b"somebody else's")
    before = machine.files("paris")
    row = machine.migrate("--prove", "--double-run", "0s", exit=4)
    expect_equal((row["outcome"], [each["object"] for each in row["differences"]]), ("differs", [key]), "what is told")
    expect(row["root_from"] != row["root_to"], "roots that agree")
    expect_equal(machine.files("paris"), before, "files at paris")
    said = machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", exit=4)
    expect_in(key, said.all)
    other.unlink()
    expect_equal(machine.migrate("--prove", "--double-run", "0s")["outcome"], "done", "after it was looked at")


@suite.test
def a_machine_without_the_restore_key_says_what_to_run_elsewhere_and_takes_the_sheets():
    machine = Moving("sheets", days=2)
    here = [each for each in machine.keys.rglob("restore*") if each.is_file()]
    expect(here, "no restore key to take away")
    aside = machine.root / "aside"
    aside.mkdir()
    for each in here:
        shutil.move(each, aside / each.name)
    row = machine.migrate("--prove", "--double-run", "0s", "--samples", "2", exit=3)
    expect_equal((row["outcome"], row["samples_wanted"]), ("samples", 2), "what is asked for")
    expect_in("restore-test", machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", exit=3).all)
    expect(machine.files("paris"), "deleted without a sample")
    # The proof host: here it is the same machine, with its keys again.
    for each in here:
        shutil.move(aside / each.name, each)
    for snapshot in machine.ids():
        machine.run("restore-test", "--snapshot", snapshot, "--share", "whole", "--site", "lyon", exit=(0, 4))  # 4: the source itself has changed unseen
    for each in here:
        shutil.move(each, aside / each.name)
    done = machine.migrate("--prove")
    expect_equal((done["outcome"], done["samples_good"]), ("done", 2), "the end")
    expect_equal(machine.files("paris"), {}, "files at paris")


@suite.test
def a_restore_of_another_site_or_of_a_part_is_no_sample():
    machine = Moving("no-sample", days=1)
    for each in [each for each in machine.keys.rglob("verify*") if each.is_file()]:
        each.rename(machine.root / each.name)
    row = machine.migrate("--prove", "--double-run", "0s", exit=3)
    expect_equal(row["outcome"], "samples", "without the verify role")
    (kept,) = machine.root.glob("verify*")
    kept.rename(next(machine.keys.iterdir()) / kept.name)
    machine.run("restore-test", "--share", "whole", "--site", "lille", exit=(0, 4))
    machine.run("restore-test", "--share", "10%", "--site", "lyon", exit=(0, 4))
    kept = next(machine.keys.iterdir()) / kept.name
    kept.rename(machine.root / kept.name)
    row = machine.migrate("--prove", exit=3)
    expect_equal((row["outcome"], row["samples_wanted"], row["samples_good"]), ("samples", 1, 0), "what counts")


@suite.test
def a_site_that_is_left_takes_no_writer_until_it_is_taken_back():
    machine = Moving("left", days=1)
    machine.migrate("--prove", "--double-run", "0s", "--keep-source")
    before = machine.files("paris")
    said = machine.run("backup", exit=3)
    expect_in("left for lyon", said.all)
    expect_equal({key for key in machine.files("paris") if "/packs/" in key}, {key for key in before if "/packs/" in key}, "packs at paris")
    expect_in("left for lyon", machine.run("replicate", "--to", "paris", exit=None).all)
    machine.run("verify", "--site", "paris")
    taken = machine.run("migrate", "--from", "paris", "--to", "lyon", "--withdraw", "--json").json
    expect_equal((taken["outcome"], taken["phase"]), ("withdrawn", "withdrawn"), "taken back")
    machine.run("replicate")
    machine.run("backup")
    expect_equal(len(machine.ids("--site", "paris")), 3, "snapshots at paris")
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--withdraw", exit=2)
    # And begun anew.
    run = Watched(machine, "migrate", "--from", "paris", "--to", "lyon", "--prove", "--double-run", "0s")
    expect(run.reach("migration deleted"), "nothing was deleted")
    run.kill()
    run.finish()
    # What lacks there now is no damage.
    expect_in("left for lyon", machine.run("verify", "--site", "paris").all)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--withdraw", exit=5)
    expect_equal(machine.migrate("--prove")["outcome"], "done", "the second migration")


@suite.test
def wrong_words_are_named_and_change_nothing():
    machine = Moving("words", days=1)
    machine.run("status", exit=None)  # brings the new sites the journal
    before = machine.files("paris"), machine.files("lyon")
    expect_in("--prove", machine.run("migrate", "--from", "paris", "--to", "lyon", exit=2).all)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--dry-run", exit=2)
    machine.run("migrate", "--from", "paris", "--to", "paris", "--prove", exit=2)
    machine.run("migrate", "--from", "paris", "--to", "nowhere", "--prove", exit=2)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", "--samples", "0", exit=2)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--withdraw", exit=2)
    for words in (("where", "latest"), ("backup",), ("snapshots",)):
        machine.run(*words, "--site", "nowhere", exit=2)
    expect_equal((machine.files("paris"), machine.files("lyon")), before, "files")
    for each in [each for each in machine.keys.rglob("maintain*") if each.is_file()]:
        each.rename(machine.root / each.name)
    machine.run("migrate", "--from", "paris", "--to", "lyon", "--prove", exit=7)
    expect_equal((machine.files("paris"), machine.files("lyon")), before, "files without the role")


@suite.test
def damage_at_the_old_site_is_named_and_what_the_new_one_has_whole_is_enough():
    machine = Moving("damage", days=2)
    pack = next(each for each in machine.objects("paris") if each.startswith("packs/"))
    file = machine.prefix("paris") / pack
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
    # Neither site has it whole: lille has, and replicate brings it.
    row = machine.migrate("--prove", "--double-run", "0s", exit=(0, 3, 4))
    if row["outcome"] == "differs":
        expect_in(pack.split("/")[-1].split(".")[0], json.dumps(row["differences"]))
        expect(machine.files("paris"), "deleted though a pack was whole nowhere")
        machine.run("replicate", "--to", "lyon", exit=None)
        row = machine.migrate("--prove")
    expect_equal(row["outcome"], "done", "the end")
    machine.without("paris", "lille", "nantes")
    machine.run("verify", "--read", "all")
    for snapshot in machine.ids():
        machine.run("restore", snapshot, "--to", place() / f"damage-{snapshot[:8]}")
    expect_restores(machine, "latest", machine.source)


suite.main(at_once=2)
