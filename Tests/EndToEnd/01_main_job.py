"""The main job: back up to two sites, lose one, bring it level, restore each day from each site."""
import os
import shutil
import time

import hdstest
from hdstest import ONE_PACK, Machine, Suite, below, expect, expect_equal, expect_in, expect_restores, expect_same, fresh
from week import DAYS, week

suite = Suite("01 main job")


@suite.test
def the_comparison_notices_what_a_restore_could_lose():
    source = hdstest.hospital(fresh("compared"), mib=1)
    copy = hdstest.copy(source, fresh("copy"))
    expect_same(source, copy, "--no-holes")
    expect_in("data", hdstest.differences(source, copy))
    scan = next((copy / "scans").rglob("*.pdf"))
    info = scan.stat()
    data = bytearray(scan.read_bytes())
    data[len(data) // 2] ^= 1
    with open(scan, "r+b") as file:
        file.write(data)
    os.utime(scan, ns=(info.st_atime_ns, info.st_mtime_ns))
    expect_in("sha256", hdstest.differences(source, copy))
    for what, change in {"mtime": lambda path: os.utime(path, ns=(1, 1)), "mode": lambda path: os.chmod(path, 0o611),
                         "xattr": lambda path: os.setxattr(path, "user.more", b"x"), "only in": os.unlink}.items():
        change(copy / "odd" / "one-byte")
        expect_in(what, hdstest.differences(source, copy))
    for folder in (source, copy):
        hdstest.remove(folder)


@suite.each(*((f"day {day} from {site}", day, site) for day in DAYS for site in ("paris", "lille")))
def each_snapshot_restores_from_each_site_as_the_source_was(_, day, site):
    machine = week()
    expect_restores(machine, machine.days[day]["dpi"], machine.source, machine.kept[day], "--site", site)


@suite.test
def a_site_that_was_emptied_is_prepared_and_brought_level():
    machine = week()
    expect_in("paris", machine.refilled[0].out)
    snapshots = machine.snapshots()
    expect_equal([each["id"] for each in snapshots], [day[source] for day in machine.days for source in ("dpi", "base")], "ids")
    for each in snapshots:
        expect_equal(sorted(each["sites"]), ["lille", "paris"], f"sites of {each['id']}")
    for line in machine.run("replicate", "--json").lines:
        expect_equal((line["level"], line["snapshots"], line["packs"]), (True, [], 0), f"replicating to {line['site']} again")


@suite.test
def an_unchanged_source_is_not_read_and_not_stored_again():
    machine = Machine("unchanged")
    source = hdstest.hospital(machine.root / "sample", mib=2)
    machine.add_source("dpi", source).init()
    time.sleep(3)  # a file that changed just before a run is read again by the next one
    first, _, third = (machine.backup()[0] for _ in range(3))
    expect(first["stored_bytes"] > 1 << 20, "the first run stored hardly anything")
    expect(third["stored_bytes"] <= ONE_PACK, f"the third run stored {third['stored_bytes']} bytes")
    expect_equal(third["read_bytes"], 0, "bytes read by the third run")
    expect_restores(machine, third["snapshot"], source)


@suite.test
def verify_finds_nothing_wrong_with_or_without_keys():
    machine = week()
    machine.run("verify", "--read", "all")
    machine.run("verify", "--read", "all", "--open")
    machine.run("verify", "--read", "due")
    machine.run("verify", "--read", "10%", "--site", "lille")


# Restoring a part, over something, and again

@suite.test
def a_path_alone_restores_below_its_full_path():
    machine = week()
    target, path = fresh(), machine.source / "fhir"
    machine.restore("dpi@latest", target, path)
    expect_same(path, below(target, path))
    expect_equal(sorted(os.listdir(below(target, machine.source))), ["fhir"], "what came besides")


@suite.test
def with_strip_the_content_of_a_path_comes_to_the_target_itself():
    machine = week()
    target = fresh()
    machine.restore("dpi@latest", target, machine.source / "odd", "--strip")
    expect_same(machine.source / "odd", target)


@suite.test
def a_restore_over_a_changed_folder_repairs_what_differs():
    machine = week()
    target = fresh()
    machine.restore("dpi@latest", target)
    restored = below(target, machine.source)
    spoil(restored)
    machine.restore("dpi@latest", target, "--delete")
    expect_same(machine.source, restored)


def spoil(folder):
    """Changes bytes with the size and the time kept, removes, adds, and puts folders for files."""
    scan = next((folder / "scans").rglob("*.pdf"))
    info = scan.stat()
    with open(scan, "r+b") as file:
        file.write(b"XXXX")
    os.utime(scan, ns=(info.st_atime_ns, info.st_mtime_ns - 1))
    (folder / "odd" / "one-byte").unlink()
    (folder / "odd" / "one-byte").mkdir()
    (folder / "odd" / "not in the snapshot").write_text("more")
    shutil.rmtree(folder / "fhir")
    os.symlink("/etc", folder / "fhir")
    os.chmod(folder / "hl7", 0o700)


@suite.test
def without_delete_what_the_snapshot_lacks_stays():
    machine = week()
    target, path = fresh(), machine.source / "fhir"
    more = below(target, path) / "more"
    more.parent.mkdir(parents=True)
    more.write_text("kept")
    machine.restore("dpi@latest", target, path)
    expect_equal(more.read_text(), "kept", "a file that was there")
    more.unlink()
    expect_same(path, below(target, path), "--no-dir-mtime")


@suite.each(("always", "snapshot"), ("changed", "snapshot"), ("never", "mine"))
def overwrite_decides_about_a_file_that_is_there(choice, winner):
    machine = week()
    target, path = fresh(), machine.source / "database" / "dump.sql"
    there = below(target, path)
    there.parent.mkdir(parents=True)
    there.write_text("mine\n")
    machine.restore("dpi@latest", target, path, "--overwrite", choice)
    found = "mine" if there.read_bytes() == b"mine\n" else "snapshot" if there.read_bytes() == path.read_bytes() else "rubbish"
    expect_equal(found, winner, "which content is there")


@suite.test
def a_dry_run_writes_nothing():
    target = fresh()
    result = week().restore("dpi@latest", target, "--dry-run")
    expect(result.out.strip(), "it says nothing")
    expect(not target.exists() or not any(target.iterdir()), "it wrote something")


@suite.test
def a_restore_follows_no_link_that_is_in_its_way():
    machine = week()
    target, elsewhere, path = fresh(), fresh("elsewhere"), machine.source / "fhir"
    elsewhere.mkdir()
    below(target, machine.source).mkdir(parents=True)
    os.symlink(elsewhere, below(target, path))
    machine.restore("dpi@latest", target, path, exit=(0, 3))
    expect_equal(os.listdir(elsewhere), [], "what was written through the link")


@suite.test
def a_path_that_the_snapshot_lacks_is_wrong_usage():
    week().restore("dpi@latest", fresh(), "/no/such/path", exit=2)


suite.main()
