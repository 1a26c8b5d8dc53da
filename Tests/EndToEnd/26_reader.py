"""The independent reader and the program on the same repository: records of migrations that Python made are read, refused and named by both; what
the program sealed of its journal is opened at a site with the kit alone.
"""
import json
import shutil
import struct
import sys
import time

import hdstest
from collecting import Hand
from hdsreader import names
from hdsreader.statements import AGREED, DELETED, LEAVING, MIGRATION, WITHDRAWN
from hdstest import Open, Runner, Suite, environment, expect, expect_equal, expect_in, fixture, fresh
from tests import rules

suite = Suite("25 reader")
READER = hdstest.HERE.parent / "Reader" / "hds_reader.py"
TOOLS = hdstest.HERE.parent.parent / "docs" / "tools"
REASON, PATIENT = "demande du docteur Durand", "dossier-de-madame-martin.txt"
ID = b"g" * 16


def put(folder, text="bonjour\n"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / PATIENT).write_text(text)
    return folder


def read(machine, *words, site="paris", exit=0, folder=None):
    """A command of the reader."""
    words = [sys.executable, READER, "--kit", machine.kit, "--site", folder or machine.site(site), *words]
    return Runner.run(words, env=environment(PYTHONDONTWRITEBYTECODE="1"), exit=exit)


def made(name):
    machine = Open(name)
    machine.add_source("dpi", put(machine.root / "source"))
    machine.init()
    machine.backup()
    return machine


# Records of migrations

class Mover(Hand):
    """Signs records of migrations as maintenance does, without the program."""

    def __init__(self, machine, site="paris", role="maintain"):
        super().__init__(machine, site, role)
        self.other = Hand(machine, "lille").id

    def record(self, number=1, act=LEAVING, name=None, lasting=None, **body):
        at = int(time.time())
        body = rules.migration(ID, number, act, **{"left": self.id, "to": self.other, "at": at} | body)
        return name or names.migration_key(ID, number), rules.statement(MIGRATION, body, self.seed, self.tenant, lasting)

    def say(self, *words, **body):
        return self.store(*self.record(*words, **body))


PROOF = b"\1" + b"r" * 32 + struct.pack("<QQQ", 12, 345, 3) + rules.time(1_800_000_000)


@suite.test
def a_site_that_a_record_made_in_python_leaves_is_left_for_the_program_and_for_the_reader():
    machine = made("left")
    mover = Mover(machine)
    mover.say(1)
    machine.run("verify")
    told = read(machine, "verify")
    expect_in(f"note: this site is left for lille ({mover.other.hex()}), by {names.migration_key(ID, 1)}: leaving", told.err)
    expect("is left" not in read(machine, "verify", site="lille").err, "the other site is called left")
    put(machine.root / "source", "au revoir\n")
    done = machine.run("backup", exit=None)
    expect(done.exit != 0 and "paris" in done.err, f"a backup begins at a site that is left: {done!r}")
    expect_equal([len(machine.ids("--site", site)) for site in machine.sites], [1, 2], "snapshots at each site")
    mover.say(2, AGREED, proof=PROOF, samples=[rules.sample(), rules.sample(0, b"")])
    machine.run("verify")
    expect_in(": agreed", read(machine, "verify").err)
    mover.say(3, WITHDRAWN)
    machine.run("backup")
    expect("is left" not in read(machine, "verify").err, "the reader says that a site is left which is not any more")
    machine.run("replicate")
    for key in machine.objects("paris", "migrations"):
        expect_equal((machine.prefix("lille") / key).read_bytes(), (machine.prefix("paris") / key).read_bytes(), f"{key} at lille")
    read(machine, "verify", site="lille")


@fixture
def moved():
    return made("moved")


VOID, DAMAGED, NEWER = ("void", 3, 5), ("damaged", 4, 4), (None, 8, 8)


@suite.each(
    ("of another number", VOID, dict(name=names.migration_key(ID, 2))),
    ("of another migration", VOID, dict(name=names.migration_key(b"h" * 16, 1))),
    ("of no number", VOID, dict(name="migrations/" + ID.hex())),
    ("by another role", VOID, dict(role="node")),
    ("with one signature", VOID, dict(lasting=False)),
    ("before its signer had a right", VOID, dict(at=1_000_000_000)),
    ("of a later act", NEWER, dict(act=6)),
    ("with a later kind of remnant", NEWER, dict(remnants=[rules.remnant(reason=4)])),
    ("with bytes left over", DAMAGED, dict(tail=b"\0")),
    ("with a proof neither there nor not", DAMAGED, dict(proof=b"\2")),
    ("with a sample neither good nor bad", DAMAGED, dict(samples=[rules.sample(2)])),
    ("with too long a name", DAMAGED, dict(names=(b"n" * 257, b"lille"))),
    ("with text that is not UTF-8", DAMAGED, dict(names=(b"\xff", b"lille"))),
    ("with too many samples", DAMAGED, dict(samples=[rules.sample()] * 4097)),
    ("with too many remnants", DAMAGED, dict(remnants=[rules.remnant()] * 65_537)),
)
def a_bad_record_is_judged_alike_and_named(what, judged, body):
    """By the program's `verify` and by the reader's; and it leaves no site."""
    (kind, status, read_status), machine = judged, moved()
    mover = Mover(machine, role=body.get("role", "maintain"))
    key = mover.say(**{name: value for name, value in body.items() if name != "role"})
    try:
        told = read(machine, "verify", exit=read_status).err
        expect_in(f": {key}: ", told)
        expect("is left" not in told, "it is obeyed")
        found = machine.run("verify", "--site", "paris", "--json", exit=status)
        if kind:
            expect_equal([(each["kind"], each["object"]) for each in found.json["findings"]], [(kind, key)], "what the program finds")
        expect_in(key, found.out + found.err)
        machine.run("backup", exit=(0, 3))
        expect_equal(machine.ids("--site", "paris", exit=(0, 3)), machine.ids("--site", "lille"), "snapshots at both sites")
    finally:
        (mover.root / key).unlink()


@suite.test
def a_record_that_says_all_it_can_is_right_for_both():
    machine = moved()
    mover = Mover(machine, role="maintain")
    key = mover.say(7, DELETED, left=mover.other, to=mover.id, proof=PROOF, samples=[rules.sample(1, b"s" * 256)] * 4096, numbers=[2**64 - 1] * 4,
                    remnants=[rules.remnant(b"k" * 32, reason=1 + number % 3, until=number % 2) for number in range(65_536)], names=("É".encode() * 128, b""))
    read(machine, "verify")
    expect_equal(machine.run("verify", "--site", "paris", "--json").json["findings"], [], "what the program finds")
    (mover.root / key).unlink()


# The journal

@fixture
def worked():
    """A machine with several closed segments in both ledgers, at both sites; what they say, by an export."""
    machine = Open("worked")
    source = put(machine.root / "source")
    machine.add_source("dpi", source)
    machine.init()
    first = machine.backup()[0]["snapshot"]
    machine.run("ls", first, source / PATIENT)
    machine.run("cat", first, source / PATIENT, "--reason", REASON)
    machine.run("journal", "close")
    put(source, "au revoir\n")
    second = machine.backup()[0]["snapshot"]
    machine.run("diff", first, second)
    machine.run("journal", "close")
    machine.restore(second, fresh(), "--reason", REASON)
    machine.run("journal", "close")
    folder = fresh("export")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", folder)
    machine.exported = {ledger: [json.loads(line) for line in (folder / f"{ledger}.jsonl").read_text().splitlines()] for ledger in ("operations", "accesses")}
    return machine


def entries(text):
    found = [json.loads(line) for line in text.splitlines()]
    return {ledger: [entry for entry in found if entry["ledger"] == ledger] for ledger in ("operations", "accesses")}


def bare(machine, site="paris"):
    """A copy of a site alone, somewhere else."""
    return shutil.copytree(machine.site(site), fresh("bare"))


@suite.test
def what_the_program_sealed_is_opened_at_each_site_with_the_kit_alone():
    machine = worked()
    for site in machine.sites:
        done = read(machine, "journal", "--entries", folder=bare(machine, site))
        expect_equal([line for line in done.err.splitlines() if not line.startswith(("chain ", "  "))], [], "what it finds")
        expect_equal(done.err.count(" opened entries "), 6, "segments")
        for ledger, found in entries(done.out).items():
            last = found[-1]["segment"]
            expect_equal(last, 2, f"the last segment of {ledger}")
            expect_equal(found, [entry for entry in machine.exported[ledger] if entry["segment"] <= last], f"the entries of {ledger}")
        expect(any(entry.get("reason") == REASON for entry in found), "no reason in the accesses ledger")


@suite.test
def what_the_reader_writes_verifies_with_the_program_and_with_openssl():
    machine, target = worked(), fresh("opened")
    read(machine, "journal", "--to", target, folder=bare(machine))
    ledgers = Runner.run([hdstest.program(), "journal", "verify", target, "--keys", target / "keys", "--json"], env=environment()).json["ledgers"]
    expect_equal([(ledger["ledger"], ledger["whole"], ledger["findings"]) for ledger in ledgers], [("operations", True, []), ("accesses", True, [])], "the ledgers")
    for ledger in ("operations", "accesses"):
        Runner.run(["sh", TOOLS / "journal-verify.sh", target / "keys", target / ledger], env=environment())
        for path in (target / ledger).glob("*/*"):
            own = next((machine.state / "journal").glob(f"*/{ledger}/{path.parent.name}/{path.name}"))
            expect_equal(path.read_bytes(), own.read_bytes(), f"{ledger}/{path.name}")


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


@suite.each(("a sealed segment is changed", lambda path: flip(path, -1), "damaged: ", "authentication tag", 4),
            ("its encapsulation is changed", lambda path: flip(path, 30), "wrong key: ", "commitment", 7),
            ("it is away", lambda path: path.unlink(), "missing: ", "its stub is here", 4),
            ("it is another's", lambda path: path.write_bytes(path.with_name("0000000000").read_bytes()), "damaged: ", "authentication tag", 4),
            ("it is empty", lambda path: path.write_bytes(b""), "damaged: ", "ends early", 4))
def what_is_bent_at_a_site_is_named_and_the_rest_is_shown(what, bend, word, reason, exit):
    machine = worked()
    folder, chain = bare(machine), machine.exported["accesses"][0]["chain"]
    bend(next(folder.glob(f"*/journal/{chain}")) / "0000000001")
    done = read(machine, "journal", "--entries", folder=folder, exit=exit)
    problems = [line for line in done.err.splitlines() if not line.startswith(("chain ", "  "))]
    expect_equal(len(problems), 1, f"problems: {problems}")
    expect(problems[0].startswith(f"{word}journal/{chain}/0000000001: ") and reason in problems[0], f"what is said: {problems[0]}")
    found = entries(done.out)
    expect_equal({entry["segment"] for entry in found["accesses"]}, {0, 2}, "segments that are shown")
    expect_equal({entry["segment"] for entry in found["operations"]}, {0, 1, 2}, "segments of the other ledger")


@suite.test
def another_kit_opens_nothing():
    machine, other = worked(), made("other")
    expect_in("foreign", read(other, "journal", folder=bare(machine), exit=5).err)


@suite.test
def what_was_erased_is_said_and_not_shown():
    machine = made("erased")
    shot = machine.ids()[0]
    machine.run("ls", shot, machine.root / "source" / PATIENT)
    machine.run("journal", "close")
    kept = bare(machine)
    machine.settings["journal"] = {"accesses": "1s"}
    machine.write()
    time.sleep(2.1)
    expect(machine.run("journal", "close", "--json").json["erased"] >= 1, "nothing was erased")
    for again in (False, True):
        if again:  # as where a lock keeps what was erased
            shutil.copytree(kept, machine.site("paris"), dirs_exist_ok=True)
        done = read(machine, "journal", "--entries")
        expect_in(" erased ", done.err)
        expect(PATIENT not in done.out, "what was erased is shown")
        expect_equal("still here" in done.err, again, "it is told that it is still there")


suite.main()
