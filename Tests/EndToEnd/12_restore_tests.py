"""Restore tests and drills: real restores into a scratch place, compared, checked, signed, wiped."""
import contextlib
import glob
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile

import hdstest
from hdstest import (IS_ROOT, Open, Runner, Skip, Suite, Watched, environment, expect, expect_equal, expect_in, fixture, fresh)

suite = Suite("12 restore tests")
INSIDE = "HDSTEST_MOUNTS"  # set when this runs in its own namespace
CHECKS = hdstest.HERE.parent.parent / "etc" / "checks"


def enter():
    """Runs this file again where root may mount without showing it to anybody, if that is possible."""
    words = ["unshare", "-m"]
    with tempfile.TemporaryDirectory() as folder:
        if not IS_ROOT or subprocess.run([*words, "mount", "-t", "tmpfs", "none", folder], capture_output=True, check=False).returncode:
            return
    os.environ[INSIDE] = "1"
    os.execvp(words[0], [*words, sys.executable, *sys.argv])


# The machine

def make(name, *, sites=("paris",), mib=1, **source):
    """A machine with one source, backed up, and a place for tests."""
    machine = Open(name, sites=sites)
    machine.source = hdstest.hospital(machine.root / "sample", mib=mib)
    machine.scratch = machine.root / "scratch"
    machine.settings["restore_test"] = {"place": machine.scratch}
    machine.add_source("dpi", machine.source, **source).init()
    machine.backup()
    return machine


@fixture
def ward():
    """Two sites, and a source of every kind of file; not to be damaged."""
    machine = make("ward", sites=("paris", "lille"), rto="4h", check=["test", "-d", "{restored}/database"])
    return machine


def test(machine, *words, exit=0, command="restore-test", **more):
    """The row of one source's test; nothing may be left in the scratch place."""
    result = machine.run(command, *words, "--json", exit=exit, **more)
    expect_clean(machine)
    return result.json


def expect_clean(machine):
    expect_equal(leftovers(machine), [], "leftovers in the scratch place")


def leftovers(machine):
    return sorted(each.name for each in machine.scratch.iterdir()) if machine.scratch.exists() else []


def sheets(machine, *words, **more):
    return machine.run("restore-test", "--list", "--json", *words, **more).json["sheets"]


def reconfigured(machine, section, **changes):
    """The machine's configuration with other values; None takes a key away."""
    machine.settings[section] = {key: value for key, value in (machine.settings.get(section, {}) | changes).items() if value is not None}
    machine.write()
    return machine


def flip_all(folder):
    """One bit in the middle of each pack."""
    for path in (folder / "packs").rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0x10
            path.unlink()
            path.write_bytes(data)


# A good one

@suite.test
def a_good_test_restores_all_compares_with_manifest_and_source_and_signs_a_sheet():
    row = test(ward())
    expect_equal((row["result"], row["status"], row["share"], row["round_complete"]), ("good", 0, 1, True), "the row")
    expect_equal({row[part]["result"] for part in ("restored", "manifest", "live", "check")}, {"good"}, "its parts")
    expect(row["files"] > 50 and row["bytes"] > 500_000 and row["manifest"]["compared"] >= row["files"], "too little was restored")
    expect(row["live"]["compared"] >= 50 and row["live"]["differing"] == 0, "the source was not compared")
    expect_equal((row["promised_rto_seconds"], row["sites"]), (4 * 3600, ["paris"]), "promise and sites")
    expect(row["whole_seconds"] == row["seconds"] > 0, "no time was measured")
    expect_equal(row["sheet_sites"], ["paris", "lille"], "sites with the sheet")
    for site in ("paris", "lille"):
        expect_in(f"sheets/{row['sheet']}", ward().objects(site), "the site")
    expect((ward().state / next(each.name for each in ward().state.iterdir() if len(each.name) == 32) / "sheets" / row["sheet"]).exists(),
           "no copy is kept here")


@suite.test
def sheets_are_listed_youngest_first_and_name_no_path():
    test(ward())
    row = test(ward())
    listed = sheets(ward())
    expect_equal(listed[0]["sheet"], row["sheet"], "the first")
    expect(listed == sorted(listed, key=lambda each: -each["finished"]) and len(listed) >= 2, "not in order")
    expect_equal(listed[0]["sheet_sites"], ["paris", "lille"], "sites")
    for name in (b"sample", b"dpi", b"good"):
        expect(all(name not in path.read_bytes() for path in (ward().prefix("paris") / "sheets").iterdir()), "a site can read it")
    table = ward().run("restore-test", "--list").out
    expect_in("good", table)
    expect_in("bon", ward().run("restore-test", "--list", "--lang", "fr").out)


@suite.test
def a_line_a_source_says_what_came_of_it():
    out = ward().run("restore-test", "dpi").out
    expect_in("dpi: good", out)
    expect_in("promised", out)
    ward().run("restore-test", "unknown", exit=2)
    ward().run("restore-test", "--share", "0%", exit=2)
    expect_equal(ward().run("restore-test", "dpi", "--quiet").all, "", "what it said with --quiet")


@suite.test
def a_source_that_changed_since_is_no_failure_and_one_that_changed_in_silence_is():
    machine = make("silent")
    files = sorted(path for path in machine.source.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_size > 100
                   and path.stat().st_nlink == 1)
    files[0].write_bytes(b"new")
    row = test(machine)
    expect_equal((row["result"], row["live"]["changed"] >= 1), ("good", True), "a change")
    silent, status = files[1], files[1].stat()
    data = bytearray(silent.read_bytes())
    data[len(data) // 2] ^= 1
    silent.write_bytes(data)
    os.utime(silent, ns=(status.st_atime_ns, status.st_mtime_ns))
    result = machine.run("restore-test", "--json", exit=4)
    row = result.json
    expect_equal((row["result"], row["live"]["result"], row["live"]["differing"], row["manifest"]["result"]), ("failed", "failed", 1, "good"), "row")
    expect_in(silent.name, result.err, "private output")
    expect(silent.name not in result.out, "the row names a path")


# Damage

@suite.test
def a_flipped_bit_at_the_only_site_fails_the_test_and_the_sheet_says_so():
    machine = make("flipped")
    test(machine)
    pack = max((machine.prefix("paris") / "packs").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    data = bytearray(pack.read_bytes())
    data[len(data) // 3] ^= 1
    pack.unlink()
    pack.write_bytes(data)
    machine.forget_state()
    row = test(machine, exit=4)
    expect_equal((row["result"], row["restored"]["result"], row["round_complete"]), ("failed", "failed", False), "the row")
    expect_equal([each["result"] for each in sheets(machine)], ["failed", "good"], "the sheets")


@suite.test
def damage_is_healed_from_a_second_site_and_the_sheet_says_so():
    machine = make("healed", sites=("paris", "lille"))
    flip_all(machine.prefix("paris"))
    machine.forget_state()
    row = test(machine)
    expect_equal(row["result"], "good", "the result")
    expect(row["healed"] >= 1 and "lille" in row["sites"], f"it does not say so: {row}")
    expect_equal(sheets(machine)[0]["healed"], row["healed"], "the sheet")


@suite.test
def a_site_that_is_wholly_damaged_fails_a_test_of_it_alone():
    machine = make("alone", sites=("paris", "lille"))
    flip_all(machine.prefix("paris"))
    machine.forget_state()
    row = test(machine, "--site", "paris", exit=4)
    expect_equal((row["result"], row["status"]), ("failed", 4), "the row")


@suite.test
def a_forged_sheet_is_void_and_not_listed():
    machine = make("forged")
    row = test(machine)
    sheet = machine.prefix("paris") / "sheets" / row["sheet"]
    # Another name is another sheet, which nobody signed.
    forged = sheet.with_name(row["sheet"][:-1] + ("0" if row["sheet"][-1] != "0" else "1"))
    shutil.copy(sheet, forged)
    result = machine.run("restore-test", "--list", "--json", exit=5)
    expect_equal([each["sheet"] for each in result.lines[0]["sheets"]], [row["sheet"]], "the list")
    expect_in(forged.name, result.err)
    found = machine.run("verify", "--json", exit=3).json["findings"]
    expect_equal([(each["kind"], each["object"]) for each in found], [("void", f"sheets/{forged.name}")], "what verify finds")
    data = bytearray(sheet.read_bytes())
    data[100] ^= 1
    forged.unlink()
    sheet.unlink()
    sheet.write_bytes(data)
    found = machine.run("verify", "--json", exit=4).json["findings"]
    expect_equal([(each["kind"], each["object"]) for each in found], [("damaged", f"sheets/{sheet.name}")], "what verify finds then")


@suite.test
def the_independent_reader_opens_the_sheet():
    tests = hdstest.HERE.parent
    python = tests.parent / ".venv-tests" / "bin" / "python"
    python = python if python.exists() else sys.executable
    if subprocess.run([python, "-c", "import cryptography.hazmat.primitives.asymmetric.mlkem"], capture_output=True, check=False).returncode:
        raise Skip("no Python library with ML-KEM")
    machine = make("reader")
    test(machine)
    words = [python, tests / "Reader" / "hds_reader.py", "--kit", machine.kit, "--site", machine.site("paris"), "verify"]
    Runner.run(words, env=environment(PYTHONDONTWRITEBYTECODE="1"))
    key = machine.prefix("paris") / "sheets" / f"{test(machine)['sheet']}"
    key.rename(key.with_name("20300101T000000Z-" + "0" * 32))
    expect_in("sheets/20300101", Runner.run(words, env=environment(PYTHONDONTWRITEBYTECODE="1"), exit=5).err)


# The source's check

@suite.test
def a_check_that_fails_or_takes_too_long_fails_the_test():
    machine = make("checked", check=["sh", "-c", "echo all is lost in $HDSBACKUP_RESTORED; exit 3", "{restored}"])
    result = machine.run("restore-test", "--json", exit=1)
    row = result.json
    expect_equal((row["result"], row["check"]["result"], row["check"]["reason"]), ("failed", "failed", "status"), "the row")
    expect_in("all is lost in", result.err)
    expect("all is lost" not in result.out, "the row tells what the check said")
    reconfigured(machine, "source.dpi", check=["sleep", "60"], timeout="1s")
    expect_equal(test(machine, exit=1)["check"]["reason"], "time", "why")
    reconfigured(machine, "source.dpi", check=["/nonexistent/check"], timeout=None)
    expect_equal(test(machine, exit=1)["check"]["reason"], "not-started", "why")
    reconfigured(machine, "source.dpi", check=["true"])
    expect_equal(test(machine)["check"]["result"], "good", "then")


@suite.test
def the_check_of_a_command_gets_the_restored_file():
    machine = make("command", check=["true"])
    machine.add_source("base", command=["printf", "dump complete"], check=["grep", "-q", "dump complete", "{restored}"]).write()
    machine.backup("base")
    row = test(machine, "base")
    expect_equal((row["check"]["result"], row["live"]["result"], row["live"]["reason"]), ("good", "skipped", "no-paths"), "the row")


@suite.test
def a_restore_slower_than_promised_is_late():
    machine = make("late", rto="1s")
    (machine.source / "random").write_bytes(os.urandom(1_500_000))
    machine.backup()
    reconfigured(machine, "site.paris", limit={"download": "600KiB/s"})
    row = test(machine, exit=3)
    expect_equal((row["result"], row["status"], row["whole_seconds"] > 1), ("late", 3, True), "the row")
    expect_equal([row[part]["result"] for part in ("restored", "manifest", "live")], ["good"] * 3, "its parts")


def postgresql():
    """The folder of the newest server's programs."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found or not IS_ROOT:
        raise Skip("no PostgreSQL server here, or this is not root")
    return pathlib.Path(found[-1]).parent


@contextlib.contextmanager
def cluster(folder):
    """A running cluster with a table of 1000 rows; its data directory."""
    programs, data = postgresql(), folder / "cluster"
    folder.mkdir()
    shutil.chown(folder, "postgres")

    def server(program, *words):
        return Runner.run(["runuser", "-u", "postgres", "--", programs / program, *words], env=environment(), cwd=folder)

    server("initdb", "-D", data, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    server("pg_ctl", "-D", data, "-l", folder / "log", "-w", "-o", f"-c listen_addresses= -c unix_socket_directories={folder}", "start")
    try:
        server("psql", "-X", "-h", folder, "-c", "CREATE TABLE patients AS SELECT generate_series(1, 1000) AS id")
        yield data, server
    finally:
        with contextlib.suppress(AssertionError):
            server("pg_ctl", "-D", data, "-m", "immediate", "stop")


@suite.test
def a_restored_postgresql_cluster_is_started_and_queried():
    machine = make("postgresql", check=["true"])
    ask = "SELECT count(*) FROM patients"
    with cluster(machine.root / "database") as (data, server):
        dump = ["runuser", "-u", "postgres", "--", postgresql() / "pg_dumpall", "-h", data.parent]
        machine.add_source("dump", command=dump, check=[CHECKS / "postgresql-dump", "{restored}", ask, "postgres"]).write()
        machine.backup("dump")
        server("pg_ctl", "-D", data, "-m", "fast", "-w", "stop")
        machine.add_source("cluster", data, check=[CHECKS / "postgresql", "{restored}", ask]).write()
        machine.backup("cluster")
    for source in ("cluster", "dump"):
        result = machine.run("restore-test", source, "--json")
        expect_equal((result.json["check"]["result"], result.json["result"]), ("good", "good"), source)
        expect_in("1000", result.err, "what the check says")
        expect_clean(machine)
    reconfigured(machine, "source.cluster", user="postgres")
    expect_equal(test(machine, "cluster")["check"]["result"], "good", "as postgres itself")
    reconfigured(machine, "source.cluster", check=[CHECKS / "postgresql", "{restored}", "SELECT * FROM nowhere"])
    expect_equal(test(machine, "cluster", exit=1)["check"]["result"], "failed", "a query that fails")


# Drills

@suite.test
def a_drill_restores_without_a_site_and_says_so():
    machine = make("drill", sites=("paris", "lille"))
    with hdstest.away(machine.site("paris")):
        machine.site("paris").mkdir()  # even asking would fail
        row = test(machine, "--without", "paris", command="drill")
        expect_equal((row["result"], row["sites"], row["without"], row["sheet_sites"]), ("good", ["lille"], ["paris"], ["lille"]), "the row")
    expect_equal(sheets(machine)[0]["without"], ["paris"], "the sheet")
    machine.run("drill", "--without", "paris", "--without", "lille", exit=2)
    machine.run("drill", "--without", "rome", exit=2)
    machine.run("drill", exit=2)
    machine.run("replicate")
    expect_in(f"sheets/{row['sheet']}", machine.objects("paris"), "paris, when it is back and level")


# The scratch place

@suite.test
def a_scratch_place_that_is_too_small_is_refused_before_any_write():
    if os.environ.get(INSIDE) != "1":
        raise Skip("nothing may be mounted here")
    machine = make("small")
    machine.scratch.mkdir()
    Runner.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", machine.scratch], env=environment())
    try:
        before = os.statvfs(machine.scratch).f_bavail
        result = machine.run("restore-test", "--json", exit=1)
        row, error = result.lines
        expect_equal((row["result"], row.get("sheet"), row["error"]), ("failed", None, error["error"]["code"]), "the row")
        expect_in("nothing was restored", result.err)
        expect_equal((leftovers(machine), os.statvfs(machine.scratch).f_bavail), ([], before), "what is left")
    finally:
        Runner.run(["umount", "-l", machine.scratch], env=environment())
    expect_equal(sheets(machine), [], "sheets of a test that was none")


@suite.test
def what_a_killed_test_leaves_is_wiped_by_the_next_and_links_are_not_followed():
    machine = make("killed")
    outside = machine.root / "outside"
    outside.mkdir()
    (outside / "precious").write_text("kept")
    watched = Watched(machine, "restore-test")
    expect(watched.reach("contents written"), "it never wrote")
    watched.pause()
    # A test that is at work is left alone by the next one.
    expect_equal(len(leftovers(machine)), 1, "scratch folders")
    machine.run("restore-test")
    expect_equal(len(leftovers(machine)), 1, "scratch folders beside it")
    watched.kill()
    watched.finish()
    left = machine.scratch / leftovers(machine)[0]
    expect_equal(left.stat().st_mode & 0o777, 0o700, "its mode")
    (left / "files" / "way out").symlink_to(outside)
    (machine.scratch / "not-ours").mkdir()
    machine.run("restore-test")
    expect_equal(leftovers(machine), ["not-ours"], "what is left")
    expect((outside / "precious").read_text() == "kept", "it left its place")


@suite.test
def a_scratch_folder_is_private_while_it_is_there():
    machine = make("private")
    watched = Watched(machine, "restore-test")
    watched.reach("scratch made")
    watched.pause()
    modes = [path.stat().st_mode & 0o777 for path in machine.scratch.iterdir()]
    watched.go_on()
    expect_equal(watched.finish().exit, 0, "its end")
    expect_equal((modes, machine.scratch.stat().st_mode & 0o777), ([0o700], 0o711), "modes")


# Shares

@suite.test
def a_rotating_share_reaches_everything_within_its_bound_though_snapshots_change():
    machine = make("rotating", check=["true"])
    (machine.source / "zz-large").write_bytes(os.urandom(300_000))
    machine.backup()
    at, rows = 0.0, []
    for step in range(5):
        row = test(machine, "--share", "25%")
        rows.append(row)
        expect(row["result"] == "good" and row["check"]["reason"] == "share", f"{row}")
        if row["share_to"] == 1:
            break
        at = row["share_to"]
        (machine.source / f"aa-new-{step}").write_bytes(os.urandom(20_000))
        machine.backup()
    expect(len(rows) <= 4 and rows[-1]["round_complete"] and len(rows) > 1, f"{len(rows)} tests")
    expect(not any(row["round_complete"] for row in rows[:-1]) and rows[0]["share_from"] == 0 and at > 0, "the round")
    expect(all(row["whole_seconds"] > row["seconds"] for row in rows), "a whole restore is estimated")
    again = test(machine, "--share", "25%")
    expect_equal((again["share_from"], again["round_complete"]), (0, False), "the next round")
    # More than the limit is never restored at once.
    reconfigured(machine, "restore_test", limit="200KiB")
    expect(test(machine)["share"] < 1, "the limit is not obeyed")
    reconfigured(machine, "restore_test", limit=None, share="50%")
    expect(test(machine)["share"] < 1, "the configuration's share is not obeyed")
    expect_equal(test(machine, "--share", "whole")["share"], 1, "what the operator said")


# Who may

@suite.test
def without_rights_what_could_not_be_set_is_compared_with_the_manifest_only_and_the_sheet_says_so():
    if not IS_ROOT:
        raise Skip("everything here belongs to who tests anyway")
    machine = make("common")
    oddity = machine.source / "others.bin"
    oddity.write_bytes(b"not mine")
    os.chown(oddity, 1, 1)
    oddity.chmod(0o4755)
    machine.backup()
    for folder in (machine.keys, machine.state, machine.root / "sites"):
        Runner.run(["chown", "-R", str(hdstest.NOBODY), folder], env=environment())
    machine.root.chmod(0o777)
    words = [*hdstest.as_nobody(), *machine.words("restore-test", "--json")]
    row = Runner.run(words, env=machine.environment(), exit=0).json
    expect_equal((row["result"], row["manifest"]["differing"]), ("good", 0), "the row")
    expect(row["lacking"]["owners"] > 1 and row["lacking"]["modes"] >= 1, f"it does not say so: {row['lacking']}")
    expect_clean(machine)


@suite.test
def a_node_that_can_only_write_sends_to_the_proof_host():
    machine = Open("node", roles=["write", "maintain"])
    machine.tenant_settings["keys_together"] = "refused"
    machine.source = hdstest.hospital(machine.root / "sample", mib=1)
    machine.add_source("dpi", machine.source).write()
    machine.run("init", "--kit-out", machine.kit, "--restore-keys", machine.root / "away", before=os.setsid)
    machine.backup()
    result = machine.run("restore-test", exit=7)
    expect_in("proof host", result.err)
    expect_in("machine de preuve", machine.run("restore-test", "--lang", "fr", exit=7).err)
    # The proof host: the keys of verify and restore, no node's, one of them a credential.
    proof = Open("proof", roles=["verify"])
    for site in machine.sites:
        proof.add_site(site, machine.site(site))
    proof.settings["restore_test"] = {"place": proof.root / "scratch"}
    proof.scratch = proof.root / "scratch"
    proof.add_source("dpi", machine.source, rto="2h", check=["test", "-d", "{restored}"]).write()
    kept, credentials = proof.keys / proof.tenant, proof.root / "credentials"
    shutil.copytree(machine.keys / machine.tenant / "public", kept / "public")
    shutil.copy(machine.keys / machine.tenant / "fingerprint", kept)
    credentials.mkdir()
    shutil.copy(machine.root / "away" / machine.tenant / "restore.key", kept)
    shutil.copy(machine.root / "away" / machine.tenant / "verify.key", credentials / f"hdsbackup.{proof.tenant}.verify")
    result = proof.run("restore-test", "--json", env={"CREDENTIALS_DIRECTORY": credentials})
    row = result.json
    expect_equal((row["result"], row["live"]["reason"], row["check"]["result"], row["host"]), ("good", "elsewhere", "good", "noeud-proof"), "the row")
    expect_equal([each["result"] for each in sheets(machine)], ["good"], "what the node sees of it")
    proof.run("restore-test", exit=7)  # without the verify key
    # Brought together without being accepted: refused, as a backup is.
    shutil.copy(kept / "restore.key", machine.keys / machine.tenant)
    machine.run("restore-test", exit=5)


@suite.test
def a_passphrase_that_nobody_offers_is_status_7():
    machine = hdstest.Machine("phrase", sites=("paris",))
    machine.source = hdstest.hospital(machine.root / "sample", mib=1)
    machine.settings["restore_test"] = {"place": machine.root / "scratch"}
    machine.add_source("dpi", machine.source).init()
    machine.backup()
    machine.run("restore-test", exit=7, env={"HDSBACKUP_PASSPHRASE_FILE": None}, before=os.setsid)
    machine.run("restore-test")


if os.environ.get(INSIDE) != "1":
    enter()
suite.main()
