"""The ledger of transfers: its sum is the bytes at the sites, counted from the files there; whatever was killed, deleted, lost or slipped in.

    HDSTEST_ROUNDS=24   kills of backups (default: 8)
"""
import hashlib
import importlib
import json
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys

import hdstest
from collecting import AT_ONCE
from hdstest import Open, Runner, Skip, Suite, Watched, away, environment, expect, expect_equal, expect_in, fixture, fresh, place, program

papers = importlib.import_module("20_sovereignty")
suite = Suite("25 transfers")
VERIFIER = hdstest.HERE.parent.parent / "docs" / "tools" / "journal_verify.py"
ROUNDS = int(os.environ.get("HDSTEST_ROUNDS", 8))
dice = random.Random(int(os.environ.get("HDSTEST_SEED", 1)))


# What is looked at

def files(machine, site, prefix=None):
    """Number and bytes of the files in a tenant's folder of a site, but for those that are being written (.tmp)."""
    if not machine.site(site).exists():
        return 0, 0
    tops = [prefix] if prefix else [each for each in machine.site(site).iterdir() if not each.name.startswith(".")]
    sizes = [each.stat().st_size for top in tops for each in top.rglob("*")
             if each.is_file() and not any(part.startswith(".") for part in each.relative_to(top).parts)]
    return len(sizes), sum(sizes)


def transfers(machine, *words, exit=0, tenant=None):
    """{site: row of `transfers --json`}."""
    words += ("--tenant", tenant) if tenant else ()
    return {row["site"]: row for row in machine.run("transfers", "--json", *words, exit=exit).lines[0]["transfers"]}


def check(machine, *words, exit=0, **more):
    return transfers(machine, "--check", *words, exit=exit, **more)


def expect_level(machine, sites=None, prefixes=None, **more):
    """The ledger of each site and its files are the same sum; the rows of the month add up to it."""
    rows = check(machine, **more)
    for site in sites or machine.sites:
        row, (count, size) = rows[site], files(machine, site, prefixes and prefixes[site])
        expect_equal((row["objects"], row["bytes"]), (count, size), f"the ledger of {site}, and its files")
        expect_equal((row["check"]["stored_objects"], row["check"]["stored_bytes"]), (count, size), f"what the check found at {site}")
        expect(row["check"]["equal"], f"not equal: {row}")
        expect_equal(row["unsettled"], 0, "unsettled")
        cells = row["rows"]
        expect_equal(sum(each["written_bytes"] - each["deleted_bytes"] - each["gone_bytes"] for each in cells), size, f"the table of {site}")
        expect_equal(sum(each["written_objects"] - each["deleted_objects"] - each["gone_objects"] for each in cells), count, f"objects of {site}")
        expect_equal(sum(each["bytes"] for each in row["countries"]), size, f"the countries of {site}")
    return rows


def ledger(machine, site):
    return next(machine.state.glob(f"*/transfers/{site}")) / "ledger"


def fill(file, rows, torn):
    """Makes a ledger one of so many objects, with so many notes behind them that it is folded at the next."""
    def varint(number):
        return bytes([number & 127 | 128]) + varint(number >> 7) if number > 127 else bytes([number])

    def sums(count):
        return varint(count) + varint(count * 1000) + varint(0) * 4
    old = file.read_bytes()
    body = varint(1) + varint(7) + b"unknown" + varint(1) + struct.pack("<IH", 202601, 0) + sums(rows) + sums(rows) + varint(0) * 2
    names = sorted(dice.randbytes(16) for _ in range(rows))
    body += struct.pack("<Q", rows) + b"".join(name + (1000).to_bytes(6, "little") + b"\0\0" for name in names)
    header = old[:56] + struct.pack("<Q", 80 + len(body) + 32) + old[64:72]
    whole = header + hashlib.sha256(header).digest()[:8] + body
    file.write_bytes(whole + hashlib.sha256(whole).digest() + b"\0" * (320 * torn))


def put(machine, name, kib=300):
    (machine.root / "source").mkdir(exist_ok=True)
    (machine.root / "source" / name).write_bytes(os.urandom(kib << 10))


def made(name, **more):
    machine = Open(name, **more)
    machine.add_source("dpi", machine.root / "source")
    put(machine, "a")
    return machine


def operations(machine, tenant=None):
    """Entries of kind transfer, by an export that the other verifier finds whole."""
    folder = fresh("export")
    machine.run("journal", "export", "--tenant", tenant or machine.tenant, "--to", folder)
    return [entry for entry in map(json.loads, (folder / "operations.jsonl").read_text().splitlines()) if entry["kind"] == "transfer"]


# Sums

@suite.test
def the_sum_of_the_ledger_is_the_bytes_at_each_site_after_every_command():
    machine = made("sums")
    machine.tenant_settings["policy"] = {"keep": {"last": 1}, "quarantine": "0s", "cool_off": "0s"}
    machine.init()
    expect_level(machine)
    machine.backup()
    expect_level(machine)
    lille = machine.site("lille")
    with_lille = files(machine, "lille")
    lille.rename(lille.with_name("elsewhere"))
    put(machine, "b")
    machine.backup(exit=None)
    lille.with_name("elsewhere").rename(lille)
    expect_equal(files(machine, "lille"), with_lille, "lille was away")
    machine.run("replicate")
    expect_level(machine)
    for name in "cd":
        put(machine, name)
        machine.backup()
    machine.run("restore-test")
    expect(machine.objects("paris", "sheets"), "no sheet was stored")
    machine.run("journal", "close")
    expect(machine.objects("paris", "journal"), "no segment was sent")
    expect_level(machine)
    (machine.root / "source" / "a").unlink()
    machine.backup()
    machine.run("retention", "apply")
    before = files(machine, "paris")[1]
    for _ in range(3):
        machine.run("collect", *AT_ONCE)
        expect_level(machine)
    expect(files(machine, "paris")[1] < before, "nothing was deleted")
    rows = expect_level(machine)
    expect(rows["paris"]["rows"][0]["deleted_bytes"] > 0, "no deletion is in the table")
    machine.run("site", "probe", "paris")
    machine.run("hold", "add", "latest", "--reason", "enquête")
    machine.run("verify", exit=None)
    rows = expect_level(machine)
    expect_equal(rows["paris"]["rows"][0]["month"], papers.day(0)[:7], "month")
    expect_equal([each["country"] for each in rows["paris"]["countries"]], ["unknown"], "country without a statement")


@suite.test
def backups_that_are_killed_leave_a_ledger_that_a_check_makes_exact():
    machine = made("killed")
    machine.init()
    killed = 0
    steps = ("session begun", "pack sealed", "pack stored", "segment stored", "committed")
    for number in range(ROUNDS):
        for each in "abcdef":
            put(machine, f"{number}{each}", kib=1500)
        run = Watched(machine, "backup")
        run.reach(steps[number % len(steps)], times=dice.choice((1, 1, 2)))
        run.kill()
        killed += run.finish().exit == -9
        if number % 2:
            expect_level(machine)
    expect(killed >= ROUNDS // 2, f"only {killed} runs were killed")
    expect_level(machine)
    machine.backup(exit=None)
    machine.run("replicate")
    expect_level(machine)
    machine.run("verify")


@suite.test
def two_backups_at_once_share_the_ledger():
    machine = made("both")
    other = machine.root / "other"
    other.mkdir()
    machine.add_source("radio", other)
    machine.init()
    for number in range(3):
        for each in range(6):
            put(machine, f"{number}-{each}", kib=900)
            (other / f"{number}-{each}").write_bytes(os.urandom(900 << 10))
        runs = [Watched(machine, "backup", source) for source in ("dpi", "radio")]
        runs.append(Watched(machine, "transfers", "--check"))
        for run in runs:
            expect_equal(run.finish().exit, 0, f"exit status of {run.words}")
        expect_level(machine)


# What does not fit

@fixture
def settled():
    machine = made("settled")
    machine.init()
    machine.backup()
    expect_level(machine)
    return machine


@suite.test
def an_object_that_somebody_put_there_is_named_as_not_ours():
    machine = settled()
    stranger = machine.prefix("paris") / "packs" / "aa"
    stranger.mkdir(exist_ok=True)
    (stranger / "smuggled").write_bytes(b"x" * 1234)
    rows = check(machine, exit=4)
    found = rows["paris"]["check"]
    expect_equal((found["others_objects"], found["others_bytes"], found["others"]), (1, 1234, ["packs/aa/smuggled"]), "what is not ours")
    expect_equal((found["missing_objects"], found["complete"], found["others_may_write"], found["equal"]), (0, True, False, False), "the check")
    expect(rows["lille"]["check"]["equal"], "lille does not fit")
    expect_equal(rows["paris"]["status"], 4, "status")
    out = machine.run("transfers", "--check", exit=4).out
    expect_in("not written by this machine", out)
    expect_in("packs/aa/smuggled", out)
    expect_in("non écrits par cette machine", machine.run("transfers", "--check", "--lang", "fr", exit=4).out)
    check(machine, "--site", "lille")
    (stranger / "smuggled").unlink()
    expect_level(machine)


@suite.test
def an_object_that_is_gone_is_counted_to_the_byte():
    machine = settled()
    key = next(iter(machine.objects("lille", "packs")))
    file = machine.prefix("lille") / key
    content = file.read_bytes()
    file.unlink()
    row = check(machine, exit=4)["lille"]
    expect_equal((row["check"]["missing_objects"], row["check"]["missing_bytes"]), (1, len(content)), "missing")
    expect_in("are missing", machine.run("transfers", "--check", exit=4).out)
    # One that is placed does not make up for it.
    other = file.with_name("other")
    other.write_bytes(content)
    row = check(machine, exit=4)["lille"]
    expect_equal((row["bytes"], row["check"]["stored_bytes"], row["check"]["equal"]), (files(machine, "lille")[1],) * 2 + (False,), "sums that agree by chance")
    other.unlink()
    # A person writes it off, and says why.
    machine.run("transfers", "--check", "--accept", exit=2)
    machine.run("transfers", "--accept", "--reason", "panne", exit=2)
    machine.run("transfers", "--check", "--accept", "--reason", "panne de disque")
    gone = expect_level(machine)["lille"]["rows"]
    expect_equal(sum(each["gone_bytes"] for each in gone), len(content), "gone")
    machine.run("replicate", exit=None)
    machine.run("verify", exit=None)
    machine.run("replicate", exit=None)
    expect_level(machine)
    key = next(iter(machine.objects("lille", "packs")))
    file = machine.prefix("lille") / key
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    expect_equal(check(machine, exit=4)["lille"]["check"]["changed_objects"], 1, "changed")
    file.write_bytes(content)
    expect_level(machine)


@suite.test
def a_site_that_does_not_answer_is_told_and_the_table_needs_none():
    machine = settled()
    with_all = transfers(machine)
    lille = machine.site("lille")
    lille.rename(lille.with_name("lille.off"))
    try:
        expect_equal({site: row["bytes"] for site, row in transfers(machine).items()}, {site: row["bytes"] for site, row in with_all.items()}, "the table")
        rows = check(machine, exit=6)
        expect(rows["lille"]["error"] and "check" not in rows["lille"] and rows["paris"]["check"]["equal"], f"rows: {rows}")
    finally:
        lille.with_name("lille.off").rename(lille)
    machine.run("transfers", "--site", "nowhere", exit=2)
    expect_level(machine)


@suite.test
def a_ledger_that_is_lost_or_damaged_is_no_ledger_that_agrees():
    machine = made("lost")
    machine.init()
    machine.backup()
    whole = ledger(machine, "paris").read_bytes()
    # Overwritten: it is put aside, a new one begins, and the check says so for as long as the old one lies there.
    ledger(machine, "paris").write_bytes(b"\0" * len(whole))
    put(machine, "b")
    machine.backup()
    row = check(machine, exit=4)["paris"]
    expect_equal(len(row["set_aside"]), 1, "put aside")
    expect(not row["check"]["complete"] and row["check"]["others_objects"] > 0, f"check: {row['check']}")
    for each in ledger(machine, "paris").parent.glob("damaged-*"):
        each.unlink()
    row = check(machine)["paris"]
    expect(not row["check"]["equal"] and row["check"]["missing_objects"] == 0, f"check: {row['check']}")
    expect_in("the ledger began after the site", machine.run("transfers", "--check").out)
    # Deleted altogether.
    ledger(machine, "lille").unlink()
    row = check(machine)["lille"]
    expect_equal((row["bytes"], row["check"]["others_bytes"]), (0, files(machine, "lille")[1]), "without a ledger")
    # The last notes lost, as a power cut may lose them.
    machine = made("cut")
    machine.init()
    before = ledger(machine, "paris").read_bytes()
    machine.backup()
    ledger(machine, "paris").write_bytes(before + b"\0" * 100)
    row = check(machine, exit=4)["paris"]
    expect(row["check"]["others_objects"] > 0 and row["check"]["missing_objects"] == 0 and row["torn"] == 1, f"row: {row}")


@suite.test
def a_ledger_that_cannot_be_read_by_this_program_stops_no_backup():
    machine = made("newer")
    machine.init()
    machine.backup()
    file = ledger(machine, "paris")
    header = bytearray(file.read_bytes())
    header[8:10] = struct.pack("<H", 2)
    header[72:80] = hashlib.sha256(header[:72]).digest()[:8]
    file.write_bytes(header)
    put(machine, "b")
    machine.backup()
    check(machine, exit=(3, 4, 8))


HOLD = """
import fcntl, os, signal, struct, sys
file = open(sys.argv[1], "r+b")
fcntl.fcntl(file, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
print("held", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""


@suite.each("lock", "writers")
def a_process_that_is_stopped_while_it_holds_a_ledger_stops_no_backup(name):
    machine = made(f"stopped-{name}")
    machine.init()
    machine.backup()
    holder = subprocess.Popen([sys.executable, "-c", HOLD, ledger(machine, "paris").with_name(name)], stdout=subprocess.PIPE)
    try:
        holder.stdout.readline()
        os.waitid(os.P_PID, holder.pid, os.WSTOPPED | os.WNOWAIT)
        put(machine, "b")
        # Ends, whatever it says of paris: the other site has the snapshot.
        machine.backup(exit=(0, 3))
        expect(len(machine.snapshots("--site", "lille")) == 2, "the other site has no copy")
    finally:
        holder.kill()
        holder.communicate()


# Who else may

@suite.test
def where_other_machines_have_rights_their_work_is_told_and_is_no_fault():
    machine = made("node", roles=["write"])
    machine.tenant_settings["keys_together"] = "no"
    del machine.tenant_settings["keys_together"]
    machine.write()
    machine.run("init", "--kit-out", machine.kit, "--restore-keys", machine.root / "safe", before=os.setsid)
    machine.backup()
    expect_level(machine)
    (machine.prefix("paris") / "index" / "of-another").write_bytes(b"y" * 99)
    found = check(machine)["paris"]["check"]
    expect_equal((found["others_bytes"], found["others_may_write"], found["others_may_delete"], found["equal"]), (99, True, True, False), "the check")
    expect_in("other machines have a right", machine.run("transfers", "--check").out)
    (machine.prefix("paris") / "index" / "of-another").unlink()
    key, size = next(iter(machine.objects("paris", "packs").items()))
    (machine.prefix("paris") / key).unlink()
    found = check(machine, exit=3)["paris"]["check"]
    expect_equal((found["missing_objects"], found["missing_bytes"]), (1, size), "missing")
    rows = expect_level(machine)
    expect_equal(sum(each["gone_bytes"] for each in rows["paris"]["rows"]), size, "what another took away")


@suite.test
def each_tenant_has_ledgers_of_its_own():
    machine = made("two", tenant="chu-un")
    machine.settings["tenant.clinique-deux"] = {"sites": machine.sites, "keys_together": "accepted"}
    (machine.root / "deux").mkdir()
    (machine.root / "deux" / "b").write_bytes(os.urandom(700 << 10))
    machine.settings["source.radio"] = {"tenant": "clinique-deux", "paths": [machine.root / "deux"]}
    machine.write()
    prefixes = {}
    for tenant in ("chu-un", "clinique-deux"):
        before = set(machine.site("paris").iterdir()) if machine.site("paris").exists() else set()
        machine.run("init", "--tenant", tenant, "--kit-out", machine.root / f"kit-{tenant}", before=os.setsid)
        prefixes[tenant] = (set(machine.site("paris").iterdir()) - before).pop().name
    machine.run("backup")
    for tenant, prefix in prefixes.items():
        expect_level(machine, prefixes={site: machine.site(site) / prefix for site in machine.sites}, tenant=tenant)
    before = transfers(machine, tenant="clinique-deux")
    put(machine, "more")
    machine.run("backup", "dpi")
    after = transfers(machine, tenant="clinique-deux")
    expect_equal(after, before, "the other tenant's ledger")
    rows = machine.run("transfers", "--json").json["transfers"]
    expect_equal(sorted({row["tenant"] for row in rows}), ["chu-un", "clinique-deux"], "tenants of the table")


# Where

@suite.test
def the_country_is_that_of_the_signed_statement_when_the_bytes_go():
    machine = papers.Judged("countries")
    machine.init()
    machine.backup()
    rows = expect_level(machine)
    expect_equal([(each["country"], each["datacentres"]) for each in rows["paris"]["rows"]], [("FR", ["dc-paris"])], "where it went")
    in_france = rows["paris"]["bytes"]
    machine.statement("paris", country="DE")
    (machine.source / "new").write_bytes(os.urandom(600 << 10))
    machine.backup()
    rows = expect_level(machine)
    countries = {each["country"]: each["bytes"] for each in rows["paris"]["countries"]}
    expect_equal(sorted(countries), ["DE", "FR"], "countries of paris")
    expect(countries["FR"] >= in_france and countries["DE"] > 600 << 10, f"bytes by country: {countries}")
    expect_equal([each["country"] for each in rows["lille"]["countries"]], ["FR"], "countries of lille")
    # A statement that one person alone signed says nothing.
    machine.tenant_settings["policy"] = {"profile": "none"}
    machine.write()
    (machine.evidence / "site-lille.json.bruno.sig").unlink()
    (machine.source / "newer").write_bytes(os.urandom(600 << 10))
    machine.backup()
    rows = expect_level(machine)
    expect_equal([each["country"] for each in rows["lille"]["countries"]], ["FR", "unknown"], "countries of lille")
    out = machine.run("transfers").out
    for word in ("unknown", "DE", "FR", papers.day(0)[:7]):
        expect_in(word, out)


@suite.test
def a_site_that_policy_refuses_has_a_ledger_of_nothing():
    machine = papers.Judged("refused")
    machine.put("site-lille", "site", json.loads((machine.evidence / "site-lille.json").read_text())["site"] | {
        "infrastructure": {"underlyingOperator": f"{papers.COMPANY} lille", "datacentres": [{"id": "lon-1", "country": "GB"}]}})
    machine.write()
    machine.run("init", "--kit-out", machine.kit, exit=5)
    machine.run("backup", exit=3)
    machine.run("replicate", exit=5)
    expect_equal(machine.count("lille"), 0, "files at lille")
    row = transfers(machine)["lille"]
    expect_equal((row["objects"], row["bytes"], row["rows"], row["unsettled"]), (0, 0, [], 0), "the ledger of lille")
    expect_level(machine, sites=["paris"])


# In the journal

@suite.test
def each_command_that_wrote_leaves_an_entry_and_the_last_one_says_all():
    machine = made("entries")
    machine.init()
    entries = operations(machine)
    expect_equal(sorted(each["object"]["site"] for each in entries), ["lille", "paris"], "entries after init")
    machine.backup()
    machine.run("snapshots")
    entries = operations(machine)
    expect_equal(len(entries), 4, "entries after init and a backup: one a site and command that wrote")
    before = transfers(machine)
    last = [each for each in entries if each["object"]["site"] == "paris"][-1]["details"]
    expect_equal(last["all-bytes"], sum(each["written_bytes"] for each in before["paris"]["rows"]), "what the last entry says")
    expect_equal(last["stored.unknown"], before["paris"]["bytes"], "what is stored, by country")
    expect_equal(sum(each["details"]["bytes"] for each in entries if each["object"]["site"] == "paris"), last["all-bytes"], "sum of entries")
    machine.run("journal", "close")
    folder = fresh("export")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", folder)
    machine.run("journal", "verify")
    Runner.run(["python3", VERIFIER, "--keys", folder / "keys", folder / "operations"], env=environment())


# At object stores

def at_stores(name, *sites):
    """A machine whose sites are buckets. Without stores: Tests/Stores/with_stores.py starts them."""
    if "HDS_STORES" not in os.environ:
        raise Skip("no object stores (Tests/Stores/with_stores.py)")
    import s3sites
    return s3sites.S3Machine(name, buckets=[s3sites.Bucket(site, locked=locked) for site, locked in sites])


def expect_level_at_stores(machine):
    rows = check(machine)
    for site, bucket in machine.buckets.items():
        found = [size for each in (bucket.name, bucket.agree) if each for size in bucket.client.keys(each).values()]
        row = rows[site]
        expect_equal((row["objects"], row["bytes"]), (len(found), sum(found)), f"the ledger of {site}, and its buckets")
        expect(row["check"]["equal"], f"not equal: {row}")
    return rows


@suite.test
def at_object_stores_too_the_sum_is_what_their_own_listing_says():
    machine = at_stores("stores", ("paris", False), ("lille", True))
    machine.sample(mib=2)
    expect_level_at_stores(machine)
    machine.backup()
    expect_level_at_stores(machine)
    for step in ("pack stored", "segment stored", "committed"):
        machine.dice(kib=4000)
        run = Watched(machine, "backup")
        run.reach(step)
        run.kill()
        run.finish()
        expect_level_at_stores(machine)
    machine.backup(exit=None)
    machine.run("replicate")
    machine.run("site", "probe", "paris")
    expect_level_at_stores(machine)
    # Probed, a locked bucket keeps what it locked: it is there, and in the ledger.
    machine.run("site", "probe", "lille", exit=None)
    expect_level_at_stores(machine)


@suite.test
def the_ledger_stays_small_however_often_objects_come_and_go():
    machine = made("small")
    machine.tenant_settings["policy"] = {"keep": {"last": 1}, "quarantine": "0s", "cool_off": "0s"}
    machine.init()
    for number in range(4):
        put(machine, f"{number}", kib=64)
        machine.backup()
        machine.run("retention", "apply")
        machine.run("collect", *AT_ONCE)
    expect(ledger(machine, "paris").stat().st_size < 3 << 20, "the ledger grows")
    expect_level(machine)


if __name__ == "__main__":
    suite.main()
