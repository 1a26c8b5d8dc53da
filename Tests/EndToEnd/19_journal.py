"""The journal: each command leaves its entry, bending it shows, sites hold it sealed, an export holds one tenant's alone, and who it was is
the system's word.

Segments are taken apart here as docs/JOURNAL.md lays them out, not by the program.
"""
import json
import os
import pwd
import shutil
import struct
import sys
import time

import hdstest
from daemons import Daemon, Host
from hdstest import IS_ROOT, NOBODY, Open, Runner, Skip, Suite, away, as_nobody, environment, expect, expect_equal, expect_in, fixture, fresh

suite = Suite("19 journal")
VERIFIER = hdstest.HERE.parent.parent / "docs" / "tools" / "journal_verify.py"
HEADER = 237
REASON = "demande du docteur Durand pour un patient"
PATIENT = "dossier-de-madame-martin.txt"


# The place

def put(folder, name=PATIENT, text="bonjour\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def exported(machine, tenant=None, exit=0):
    """The entries of both ledgers, by an export; and where it is."""
    folder = fresh("export")
    machine.run("journal", "export", "--tenant", tenant or machine.tenant, "--to", folder, "--json", exit=exit)
    return [[json.loads(line) for line in (folder / f"{ledger}.jsonl").read_text().splitlines()] for ledger in ("operations", "accesses")] + [folder]


def ledgers_of(machine):
    """The folder of the one tenant's ledgers."""
    return next(each for each in (machine.state / "journal").iterdir() if len(each.name) == 32)


def detail(entry, name):
    return entry.get("details", {}).get(name)


@fixture
def worked():
    """A machine on which each command was used once, with several closed segments and an open one."""
    machine = Open("worked")
    source = put(machine.root / "source")
    machine.add_source("dpi", source)
    machine.settings[f"tenant.{machine.tenant}.policy"] = {"keep": {"last": 10}, "quarantine": "0s", "patience": "0s"}
    machine.init()
    first = machine.backup()[0]["snapshot"]
    path = str(source / PATIENT)
    machine.run("ls", first, path)
    machine.run("find", first, "dossier*")
    machine.run("cat", first, path, "--reason", REASON)
    machine.run("journal", "close")
    put(source, text="au revoir\n")
    second = machine.backup()[0]["snapshot"]
    machine.run("diff", first, second)
    machine.restore(second, fresh(), path, "--reason", REASON)
    machine.run("restore", second, "--to", fresh(), "--dry-run")
    machine.run("snapshots")
    machine.run("journal", "close")
    machine.run("verify")
    machine.run("replicate")
    machine.run("restore-test")
    machine.run("hold", "add", second, "--reason", "enquête en cours")
    machine.run("retention", "apply")
    machine.run("collect")
    machine.run("ls", "no-such-snapshot", exit=2)
    machine.run("journal", "close")
    machine.run("ls", first)
    machine.run("ls", second)
    machine.path, machine.shots = path, (first, second)
    return machine


@fixture
def evidence():
    """An export of it: ledgers and public keys."""
    return exported(worked())[2]


# What is written down

@suite.test
def each_command_leaves_an_entry_and_persons_are_in_the_accesses_ledger_only():
    machine = worked()
    operations, accesses, _ = exported(machine)
    kinds = {entry["kind"] for entry in operations}
    for kind in ("backup", "restore", "list", "verification", "restore-test", "key-use", "replication", "retention", "collection", "hold"):
        expect(kind in kinds, f"no entry of kind {kind} in {sorted(kinds)}")
    for word in ("ls", "find", "cat", "diff", "restore", "hold-add", "snapshots", "retention-apply", "collect", "init"):
        expect(any(detail(entry, "command") == word for entry in operations), f"{word} left no entry")
    expect(all("user" not in entry and "reason" not in entry for entry in operations), "a person in the operations ledger")
    text = json.dumps(operations)
    for secret in (REASON, PATIENT, str(machine.root), "enquête"):
        expect(secret not in text, f"{secret} in the operations ledger")
    words = [detail(entry, "command") for entry in accesses]
    for word in ("ls", "find", "cat", "diff", "restore", "hold-add"):
        expect(word in words, f"{word} is in no entry of the accesses ledger")
    restores = [entry for entry in accesses if detail(entry, "command") == "restore" and entry["kind"] == "restore"]
    expect_equal([entry["outcome"] for entry in restores], ["begun", "done"], "a restore is written down before and after")
    expect_equal(restores[1]["object"], {"snapshot": machine.shots[1]}, "the object of the restore")
    expect_equal(restores[1]["reason"], REASON, "its reason")
    expect_equal(detail(restores[1], "path.1"), machine.path, "its path")
    failed = [entry for entry in accesses if entry["outcome"] == "failed"]
    expect_equal([entry["object"] for entry in failed], [{"snapshot": "no-such-snapshot"}], "what found nothing")


@suite.test
def who_it_was_is_the_systems_word():
    machine = worked()
    machine.run("ls", machine.shots[0], env={"USER": "autre", "LOGNAME": "autre", "SUDO_USER": "autre", "SUDO_UID": "4242"})
    entry = [entry for entry in exported(machine)[1] if detail(entry, "command") == "ls"][-1]
    expect_equal(entry["user"], {"uid": os.getuid(), "login": pwd.getpwuid(os.getuid()).pw_name}, "the user")
    expect("autre" not in json.dumps(entry) and "4242" not in json.dumps(entry), f"the environment is believed: {entry}")


@suite.test
def another_user_is_told_apart():
    if not IS_ROOT:
        raise Skip("this is not root")
    machine = Open("nobody")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    shot = machine.backup()[0]["snapshot"]
    Runner.run(["chown", "-R", f"{NOBODY}:{NOBODY}", machine.root], env=environment())
    Runner.run([*as_nobody(), *machine.words("ls", shot)], env=machine.environment())
    entries = [entry for entry in exported(machine)[1] if detail(entry, "command") == "ls"]
    expect_equal([entry["user"]["uid"] for entry in entries], [NOBODY], "the user of ls")


@suite.test
def a_run_asked_of_the_daemon_is_its_own_and_names_who_asked():
    machine = Host("daemon").source().ready()
    with Daemon(machine):
        machine.run("backup")
        machine.run("config", "reload")
    backups = [entry for entry in exported(machine)[0] if entry["kind"] == "backup"]
    expect_equal([(entry["program"], entry["outcome"]) for entry in backups], [("daemon", "done")], "the backup")
    ledgers = machine.run("journal", "verify", "--json").json["ledgers"]
    expect_equal([ledger["ledger"] for ledger in ledgers if "tenant" not in ledger], ["operations", "accesses"], "ledgers of no tenant")
    operations, accesses = (read(machine.state / "journal" / "node" / ledger) for ledger in ("operations", "accesses"))
    expect_equal([entry["kind"] for entry in operations], ["service", "backup", "configuration"], "what the daemon wrote down")
    expect_equal([(entry["kind"], entry["user"]["uid"], list(entry.get("object", []))) for entry in accesses],
                 [("backup", os.getuid(), ["run"]), ("configuration", os.getuid(), [])], "who asked")


def read(ledger):
    """The entries of a ledger, by the verifier that is not ours; its keys are no matter here."""
    done = Runner.run([sys.executable, VERIFIER, "--keys", evidence() / "keys", "--entries", ledger], env=environment(), exit=None)
    if "No module" in done.err:
        raise Skip("no cryptography here")
    return [json.loads(line) for line in done.out.splitlines() if line.startswith("{")]


@suite.test
def a_restore_without_the_reason_that_is_asked_for_is_refused():
    machine = Open("reason")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.settings["journal"] = {"require_reason": True}
    machine.init()
    shot = machine.backup()[0]["snapshot"]
    target = fresh()
    for words in (("restore", shot, "--to", target), ("restore", shot, "--to", target, "--reason", "  "), ("cat", shot, machine.root / "source" / PATIENT)):
        refused = machine.run(*words, exit=2, before=os.setsid)
        expect_in("--reason", refused.err)
    expect(not target.exists(), "something was restored")
    machine.restore(shot, target, "--reason", REASON, before=os.setsid)
    entries = [(entry["outcome"], entry.get("reason")) for entry in exported(machine)[1] if entry["kind"] == "restore"]
    expect_equal(entries, [("refused", None)] * 3 + [("begun", REASON), ("done", REASON)], "the restores")


# What is bent shows

def chain(folder, ledger="accesses"):
    chains = [each for each in (folder / ledger).iterdir() if each.is_dir()]
    expect_equal(len(chains), 1, f"chains of {ledger}")
    return chains[0]


def frames(path):
    """A segment's header, and its frames as they are."""
    rest = path.read_bytes()
    header, rest, found = rest[:HEADER], rest[HEADER:], []
    while rest:
        length = 12 + struct.unpack_from("<I", rest, 4)[0] + 8
        found.append(rest[:length])
        rest = rest[length:]
    return header, found


def write(path, header, found):
    path.write_bytes(header + b"".join(found))


def changed(folder):
    header, found = frames(folder / "0000000001")
    entry = bytearray(found[1])
    entry[40] ^= 1
    write(folder / "0000000001", header, [found[0], bytes(entry), *found[2:]])


def removed(folder):
    header, found = frames(folder / "0000000001")
    write(folder / "0000000001", header, [found[0], *found[2:]])


def reordered(folder):
    header, found = frames(folder / "0000000001")
    write(folder / "0000000001", header, [found[1], found[0], *found[2:]])


def repeated(folder):
    header, found = frames(folder / "0000000001")
    write(folder / "0000000001", header, [found[0], found[0], *found[1:]])


def cut(folder):
    os.truncate(folder / "0000000001", (folder / "0000000001").stat().st_size - 100)


def taken(folder):
    (folder / "0000000001").unlink()


def swapped(folder):
    (folder / "0000000000").rename(folder / "x")
    (folder / "0000000001").rename(folder / "0000000000")
    (folder / "x").rename(folder / "0000000001")


def emptied(folder):
    """Content away, the closing left: an erasure without its record."""
    header, found = frames(folder / "0000000000")
    (folder / "0000000000.stub").write_bytes(header[:12] + b"\2\0\0\0" + found[-1])
    (folder / "0000000000").unlink()


@suite.each(("an entry is changed", changed, "changed-entry"), ("an entry is removed", removed, "removed-entries"),
            ("entries are reordered", reordered, "reordered-entries"), ("an entry is repeated", repeated, "duplicated-entry"),
            ("a segment is cut short", cut, "truncated-segment"), ("a segment is taken away", taken, "missing-segment"),
            ("segments are swapped", swapped, "misplaced-segment"), ("a segment is emptied", emptied, "erased-without-record"))
def what_is_bent_is_found_offline_with_public_keys(what, bend, kind):
    copy = fresh("bent")
    shutil.copytree(evidence(), copy)
    words = [hdstest.program(), "journal", "verify", copy, "--keys", evidence() / "keys", "--json"]
    expect(all(ledger["whole"] for ledger in Runner.run(words, env=environment()).json["ledgers"]), "it was not whole before")
    bend(chain(copy))
    ledgers = {ledger["ledger"]: ledger for ledger in Runner.run(words, env=environment(), exit=4).json["ledgers"]}
    expect(ledgers["operations"]["whole"], "the other ledger is blamed")
    found = [finding["kind"] for finding in ledgers["accesses"]["findings"]]
    expect(kind in found, f"{kind} is not among what was found: {found}")


@suite.test
def keys_of_somebody_else_prove_nothing():
    keys = fresh("keys")
    keys.mkdir()
    (keys / "other.pub").write_bytes(bytes(1984))
    ledgers = Runner.run([hdstest.program(), "journal", "verify", evidence(), "--keys", keys, "--json"], env=environment(), exit=4).json["ledgers"]
    expect(all("unknown-writer" in [finding["kind"] for finding in ledger["findings"]] for ledger in ledgers), f"{ledgers}")
    (keys / "other.pub").write_bytes(b"short")
    Runner.run([hdstest.program(), "journal", "verify", evidence(), "--keys", keys], env=environment(), exit=4)


@suite.test
def what_is_cut_off_at_the_end_is_found_against_a_head_and_against_the_copy_at_a_site():
    machine = Open("cut")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    shot = machine.backup()[0]["snapshot"]
    for _ in range(2):
        machine.run("ls", shot)
        machine.run("journal", "close")
    ledgers = {ledger["ledger"]: ledger for ledger in machine.run("journal", "verify", "--at", "paris", "--json").json["ledgers"]}
    expect(all(ledger["whole"] for ledger in ledgers.values()), f"{ledgers}")
    next(machine.state.glob("*/journal-heads")).unlink()
    folder = chain(ledgers_of(machine))
    last = max(each.name for each in folder.iterdir() if each.name.isdigit())
    (folder / last).unlink()
    (folder / "open").unlink(missing_ok=True)
    machine.run("journal", "verify")
    next(machine.state.glob("*/journal-heads")).unlink()
    for site in machine.sites:
        found = machine.run("journal", "verify", "--at", site, "--json", exit=4).json["ledgers"]
        accesses = next(ledger for ledger in found if ledger["ledger"] == "accesses")
        expect_in("truncated-chain", [finding["kind"] for finding in accesses["findings"]], f"what {site} shows")
    head = next(each for each in ledgers["accesses"]["heads"])
    machine.run("journal", "verify", "--head", head, exit=4)
    machine.run("journal", "verify", "--head", "nonsense", exit=2)


# At sites

@suite.test
def sites_hold_closed_segments_sealed_and_their_stubs_verify_without_the_program():
    machine = worked()
    for site in machine.sites:
        objects = machine.objects(site, "journal")
        stubs = [key for key in objects if key.endswith(".stub")]
        expect_equal(len(stubs), 6, f"stubs at {site}")
        expect_equal(len(objects), 12, f"objects at {site}")
        expect(all(size % 4096 == objects[sorted(objects)[0]] % 4096 for key, size in objects.items() if not key.endswith(".stub")),
               "the sizes of sealed segments tell more than steps")
        everything = b"".join((machine.prefix(site) / key).read_bytes() for key in objects)
        for secret in (REASON, PATIENT, "docteur", pwd.getpwuid(os.getuid()).pw_name + '"', str(machine.root), "noeud-worked", "restore"):
            expect(secret.encode() not in everything, f"{secret} can be read at {site}")
        copy = fresh("copy")
        shutil.copytree(machine.prefix(site) / "journal", copy)
        words = [sys.executable, VERIFIER, "--keys", evidence() / "keys", "--closings-only", copy]
        done = Runner.run(words, env=environment(), exit=None)
        if "No module" in done.err:
            raise Skip("no cryptography here")
        expect_equal(done.exit, 0, f"{done!r}")


@suite.test
def what_a_site_misses_comes_the_next_time():
    machine = Open("misses")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    with away(machine.site("lille")):
        machine.site("lille").mkdir()
        machine.run("backup", exit=(0, 3))
        done = machine.run("journal", "close", exit=None)
        expect(done.exit != 0 and "lille" in done.err, f"a site that misses segments is not told of: {done!r}")
    expect_equal([key for key in machine.objects("lille") if key.startswith("journal/")], [], "what is at lille")
    expect(machine.run("journal", "close", "--json").json["sent"] > 0, "nothing was sent")
    keys = {site: {key for key in machine.objects(site) if key.endswith(".stub")} for site in machine.sites}
    expect(keys["paris"], "nothing is at paris")
    expect_equal(keys["lille"], keys["paris"], "the stubs at both")


@suite.test
def accesses_are_erased_after_their_time_here_and_at_sites_and_operations_stay():
    machine = Open("erased")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    shot = machine.backup()[0]["snapshot"]
    machine.run("ls", shot, machine.root / "source" / PATIENT)
    machine.run("journal", "close")
    machine.settings["journal"] = {"accesses": "1s"}
    machine.write()
    time.sleep(2.1)
    row = machine.run("journal", "close", "--json").json
    expect(row["erased"] >= 1, f"nothing was erased: {row}")
    root = ledgers_of(machine)
    folder = chain(root)
    expect((folder / "0000000000.stub").exists() and (folder / "erasure-0000000000").exists(), "no closing, or no record, is left")
    expect(not (folder / "0000000000").exists(), "the entries are still here")
    expect(all(PATIENT.encode() not in each.read_bytes() for each in root.glob("accesses/*/*")), "the path is still here")
    for site in machine.sites:
        keys = [key for key in machine.objects(site) if folder.name in key]
        expect(f"journal/{folder.name}/0000000000" not in keys, f"still at {site}: {keys}")
        expect(f"journal/{folder.name}/0000000000.stub" in keys, f"no closing at {site}: {keys}")
    expect((chain(root, "operations") / "0000000000").exists(), "operations went too")
    for site in machine.sites:
        machine.run("journal", "verify", "--at", site)


@suite.test
def the_daemon_closes_sends_and_erases_by_itself():
    machine = Host("tended").source(schedule="every 5s").ready()
    shot = machine.backup()[0]["snapshot"]
    machine.run("ls", shot, exit=(0, 7))
    machine.run("journal", "close")
    folder, root = chain(ledgers_of(machine)), chain(ledgers_of(machine), "operations")
    machine.settings["journal"] = {"accesses": "1s", "close_after": "1s"}
    machine.write()
    time.sleep(1.1)
    with Daemon(machine) as daemon:
        daemon.until(lambda: not (folder / "0000000000").exists(), "what is over is erased")
        daemon.until(lambda: f"journal/{root.name}/0000000001.stub" in machine.objects("paris"), "what is closed is at the site")
    expect((folder / "erasure-0000000000").exists(), "no record of the erasure")
    machine.run("journal", "verify", "--at", "paris")


# One tenant's

@suite.test
def an_export_holds_nothing_of_another_tenant():
    machine = Open("two", tenant="chu-un")
    machine.add_source("dpi", put(machine.root / "un", "un-secret.txt"))
    machine.settings["tenant.clinique-deux"] = {"sites": machine.sites, "keys_together": "accepted"}
    machine.settings["source.radio"] = {"tenant": "clinique-deux", "paths": [put(machine.root / "deux", "deux-secret.txt")]}
    machine.write()
    for tenant, name in (("chu-un", "un"), ("clinique-deux", "deux")):
        machine.run("init", "--tenant", tenant, "--kit-out", machine.root / f"kit-{name}", before=os.setsid)
    machine.run("backup")
    for tenant, name in (("chu-un", "un"), ("clinique-deux", "deux")):
        machine.run("restore", "latest", "--tenant", tenant, "--to", fresh(), machine.root / name / f"{name}-secret.txt", "--reason", f"motif-{name}")
    machine.run("journal", "close")
    tenants = {each.name for each in (machine.state / "journal").iterdir() if len(each.name) == 32}
    expect_equal(len(tenants), 2, "ledgers of tenants")
    for tenant, own, other in (("chu-un", ["motif-un", "dpi"], ["motif-deux", "deux-secret", "radio", "clinique"]),
                               ("clinique-deux", ["motif-deux", "radio"], ["motif-un", "un-secret", "dpi", "chu-un"])):
        *_, folder = exported(machine, tenant)
        everything = b"".join(str(each.relative_to(folder)).encode() + each.read_bytes() for each in folder.rglob("*") if each.is_file())
        for word in own:
            expect(word.encode() in everything, f"{word} is not in the export of {tenant}")
        for word in other:
            expect(word.encode() not in everything, f"{word} is in the export of {tenant}")
        present = [id for id in tenants if id.encode() in everything or bytes.fromhex(id) in everything]
        expect_equal(len(present), 1, f"tenants in the export of {tenant}")
        Runner.run([hdstest.program(), "journal", "verify", folder, "--keys", folder / "keys"], env=environment())
    machine.run("journal", "export", "--to", fresh(), exit=2)


# When it cannot be written

@suite.test
def without_a_journal_a_restore_goes_on_and_says_so_and_nothing_is_deleted():
    machine = Open("broken")
    source = put(machine.root / "source")
    machine.add_source("dpi", source)
    machine.settings[f"tenant.{machine.tenant}.policy"] = {"keep": {"last": 1}, "cool_off": "0s", "quarantine": "0s", "patience": "0s"}
    machine.init()
    machine.backup()
    put(source, text="autre\n")
    shot = machine.backup()[0]["snapshot"]
    (machine.state / "journal").rename(machine.state / "journal.away")
    (machine.state / "journal").write_text("")
    target = fresh()
    told = machine.restore(shot, target, exit=3)
    expect_in("WARNING", told.err)
    hdstest.expect_same(source, hdstest.below(target, source))
    before = machine.objects("paris")
    for words in (("retention", "apply"), ("collect",)):
        refused = machine.run(*words, exit=5)
        expect_in("journal", refused.err)
    expect_equal(machine.objects("paris"), before, "the objects at paris")
    expect_equal(len(machine.ids(exit=3)), 2, "snapshots")
    (machine.state / "journal").unlink()
    (machine.state / "journal.away").rename(machine.state / "journal")
    machine.run("retention", "apply")
    expect_equal(len(machine.ids()), 1, "snapshots after retention")


@suite.test
def a_damaged_open_segment_is_set_aside_and_the_journal_goes_on():
    machine = Open("aside")
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    shot = machine.backup()[0]["snapshot"]
    for _ in range(3):
        machine.run("ls", shot)
    root = ledgers_of(machine)
    changed_open = chain(root) / "open"
    header, found = frames(changed_open)
    entry = bytearray(found[1])
    entry[40] ^= 1
    write(changed_open, header, [found[0], bytes(entry), *found[2:]])
    machine.run("ls", shot, exit=3)
    machine.run("journal", "verify", exit=4)
    row = machine.run("journal", "set-aside", "--json").json
    expect_equal(len(row["set_aside"]), 1, "segments set aside")
    machine.run("ls", shot)
    machine.run("journal", "verify")
    kinds = [entry["kind"] for entry in exported(machine)[1]]
    expect_equal(kinds[:3], ["list", "recovery", "list"], "what is left and what came")


suite.main()
