"""Two tenants apart, on one machine and the same sites: what one's commands say, remember and store holds nothing of the other's, and an object of the
other's is never taken for one's own.

One name begins with the other; both sources begin with the same bytes; what is not shared is a word that occurs nowhere else.
"""
import contextlib
import hashlib
import importlib
import json
import os
import re
import secrets
import shutil
import signal
import urllib.request

from daemons import Daemon, free_port
from hdstest import ONE_PACK, Suite, below, expect, expect_equal, expect_in, expect_same, fixture, fresh, place, program, remove

papers = importlib.import_module("20_sovereignty")
suite = Suite("23 tenants")
A, B = "chu", "chu-nord"
SITES = ("paris", "lille")
COMMON = 1 << 20  # bytes that both have


class Tenant:
    """One of the two, and the words that only it has."""

    def __init__(self, machine, name):
        self.machine, self.name, self.mark = machine, name, secrets.token_hex(6)
        self.legal_name, self.source, self.second, self.evidence = f"Centre {self.mark}", f"src-{self.mark}", f"vide-{self.mark}", f"ev-{self.mark}"
        self.folder, self.emptied = machine.root / f"dossier-{self.mark}", machine.root / f"rayon-{self.mark}"
        for folder in (self.folder, self.emptied):
            folder.mkdir()
        self.own = self.folder / f"fichier-{self.mark}"
        self.own.write_text(f"contenu {self.mark}\n" * 3000)
        self.kit = machine.root / f"kit-{self.mark}"
        machine.settings[f"tenant.{name}"] = {"sites": list(SITES), "keys_together": "accepted", "legal_name": self.legal_name,
                                              "policy": {"profile": "hds", "keep": {"daily": 7}}}
        machine.settings[f"source.{self.source}"] = {"tenant": name, "paths": [self.folder]}
        machine.settings[f"source.{self.second}"] = {"tenant": name, "paths": [self.emptied]}
        machine.paper(self.evidence, "contractHDS", self.legal_name)
        machine.paper(f"{self.evidence}-unsigned", "contractHDS", self.legal_name, people=["alice"])
        machine.settings["sovereignty"]["operator_evidence"] += [self.evidence, f"{self.evidence}-unsigned"]

    def run(self, *words, **more):
        return self.machine.run(*words, "--tenant", self.name, before=os.setsid, **more)

    def backup(self):
        return [each for each in self.run("backup", "--json").lines if each.get("source")]

    @property
    def latest(self):
        return f"{self.source}@latest"

    @property
    def fingerprint(self):
        return (self.machine.keys / self.name / "fingerprint").read_text().strip()

    @property
    def id(self):
        return self.fingerprint[:32]

    def prefix(self, site):
        """Its folder there, as docs/FORMAT.md names it."""
        return self.machine.site(site) / hashlib.sha256(b"hdsbackup/1 prefix" + bytes.fromhex(self.fingerprint)).hexdigest()[:32]

    def files(self, site, below=""):
        return [file for file in sorted((self.prefix(site) / below).rglob("*")) if file.is_file()]

    def ids(self):
        return [each["id"] for each in self.run("snapshots", "--json").json["snapshots"]]

    def numbers(self):
        return [str(row["id"]) for row in self.run("anomaly", "list", "--json").json["anomalies"]]

    def words(self):
        """What would betray it: its words, names, ids, and the ids of all that is stored for it."""
        found = {self.mark, self.fingerprint, self.id, self.prefix("paris").name, *(each[:12] for each in self.known), *self.holds}
        for site in SITES:
            found |= {each for file in self.files(site) for each in re.findall("[0-9a-f]{32}", file.name)}
        for key in (self.machine.keys / self.name / "public").glob("*.pub"):
            found |= set(re.findall("[0-9a-f]{64}", key.read_text()))
        # What the other is told holds its name, with which this one's begins: only the longer one betrays.
        return found | ({self.name} if self.name == B else set())


@fixture
def pair():
    shutil.copytree(papers.ETC / "report", program().parent.parent / "share" / "hdsbackup" / "report")
    machine = papers.Judged("pair", sites=SITES, tenant=A)
    del machine.settings["source.dpi"]
    machine.socket, machine.listen = machine.root / "control.sock", f"127.0.0.1:{free_port()}"
    machine.settings["daemon"] = {"socket": machine.socket, "listen": machine.listen}
    machine.settings["sovereignty"]["operator_evidence"] = ["ev-operator"]
    machine.tenants = [Tenant(machine, name) for name in (A, B)]
    machine.write()
    common = os.urandom(COMMON)
    for each in machine.tenants:
        (each.folder / "commun").write_bytes(common)
        for number in range(40):
            (each.emptied / f"pièce-{number}-{each.mark}").write_bytes(os.urandom(2000))
        each.run("init", "--kit-out", each.kit)
    for day in range(5):
        for each in machine.tenants:
            (each.folder / f"jour-{day}-{each.mark}").write_text(each.mark)
            for number in range(4):
                (each.emptied / f"pièce-{day * 4 + number}-{each.mark}").write_bytes(os.urandom(2000))
            if day == 4:
                for file in list(each.emptied.iterdir()):
                    file.unlink()
            each.backup()
    for each in machine.tenants:
        each.run("verify", "--read", "all")
        each.run("restore-test")
        each.run("hold", "add", each.latest, "--reason", f"motif {each.mark}")
        each.run("retention", "apply")
        each.run("collect", "--exclusive")
        each.run("restore", each.latest, "--to", fresh(), "--reason", f"demande {each.mark}")
        each.run("journal", "close")
        each.known = each.ids()
        each.holds = [hold["id"] for hold in each.run("hold", "list", "--json").json["holds"]]
        each.betraying = each.words()
        expect(each.holds and len(each.known) > 2 and each.numbers(), f"{each.name} has nothing to betray")
    return machine


def both_ways():
    """Each tenant, and the other."""
    first, second = pair().tenants
    return ((first, second), (second, first))


def betrayed(text, words):
    """Which of the words stand in the text or the bytes, also as the digits or the bytes that they are in hexadecimal."""
    data = text if isinstance(text, bytes) else text.encode()
    lower = data.lower()
    found = set()
    for word in words:
        raw = word.encode()
        if raw in lower or raw.hex().encode() in lower or (re.fullmatch("(?:[0-9a-f]{2}){8,}", word) and bytes.fromhex(word) in data):
            found.add(word)
    return sorted(found)


def expect_nothing_of(other, text, what):
    found = betrayed(text, other.betraying)
    expect(not found, f"{what} holds of {other.name}: {found}")


def expect_nothing_below(folder, other, what):
    files = 0
    for path in sorted(folder.rglob("*")):
        files += path.is_file()
        data = str(path.relative_to(folder)).encode() + b"\0" + (path.read_bytes() if path.is_file() else b"")
        found = betrayed(data, other.betraying)
        expect(not found, f"{what}: {path.name} holds of {other.name}: {found}")
    expect(files, f"{what}: there is nothing to search")


# What is said

@suite.test
def the_search_finds_what_is_betrayed():
    for mine, other in both_ways():
        for text in (f"x {other.legal_name.upper()} y", other.source, other.known[-1], b"x" + bytes.fromhex(other.id), other.fingerprint, other.holds[0]):
            expect(betrayed(text, other.betraying), f"{text!r} was not found")
        expect(betrayed(other.run("status").all, other.betraying), "its own status has nothing of it")
        expect(betrayed(other.files("paris", "packs")[0].read_bytes(), other.betraying), "its own packs have nothing of it")
    expect(betrayed(pair().run("snapshots").all, pair().tenants[1].betraying), "all tenants' snapshots have nothing of one")


SAID = {
    "where": ("where", "OLDER"), "status": ("status",), "snapshots": ("snapshots",),
    "find": ("find", "LATEST", "*"), "ls": ("ls", "LATEST"), "diff": ("diff", "OLDER", "LATEST"),
    "policy explain": ("policy", "explain", "NAME", "lille", "--source", "SOURCE"), "evidence list": ("evidence", "list"),
    "evidence check": ("evidence", "check"), "site check --all": ("site", "check", "--all"), "site list": ("site", "list"),
    "site renew": ("site", "renew"), "hold list": ("hold", "list"), "anomaly list": ("anomaly", "list", "--all"),
    "restore-test --list": ("restore-test", "--list"), "collect": ("collect", "--exclusive"),
    "retention explain": ("retention", "explain"), "retention apply": ("retention", "apply"), "verify": ("verify", "--read", "all"),
    "replicate": ("replicate",), "replicate --pending": ("replicate", "--pending"), "keys list": ("keys", "list"), "journal verify": ("journal", "verify"),
    "evacuate": ("evacuate", "lille", "--to", "paris", "--dry-run"),
    "drill": ("drill", "SOURCE", "--without", "lille"), "backup": ("backup",), "init": ("init",),
}


# What both are asked; the others only the one whose name the other's begins with.
BOTH = {"where", "status", "snapshots", "ls", "policy explain", "evidence list", "site check --all", "hold list", "anomaly list", "restore-test --list",
        "retention explain", "verify", "journal verify"}


@suite.each(*SAID)
def what_is_said_to_one_tenant_holds_nothing_of_the_other(command):
    for mine, other in both_ways() if command in BOTH else both_ways()[:1]:
        given = {"LATEST": mine.latest, "OLDER": mine.known[0], "NAME": mine.name, "SOURCE": mine.source}
        words = [given.get(word, word) for word in SAID[command]]
        # The unsigned contract counts as absent, which is what `evidence check` is there to say.
        exit = 5 if command == "evidence check" else 0
        for more in ([], ["--json"]) if mine.name == A else (["--json"],):
            result = mine.run(*words, *more, exit=exit)
            if command not in ("init", "site renew", "replicate --pending"):
                expect(result.all.strip(), "nothing was said")
            expect_nothing_of(other, result.all, command)


@suite.test
def what_concerns_one_tenant_is_said_to_it():
    """The filter of what it may not see leaves its own."""
    for mine, _ in both_ways():
        found = {row["file"]: row["state"] for row in mine.run("evidence", "list", "--json").json["documents"]}
        wanted = {f"{name}.json" for name in (mine.evidence, f"{mine.evidence}-unsigned", "ev-operator", *(f"{kind}-{site}" for site in SITES
                                                                                                           for kind in ("ev-hds", "ev-contract", "site")))}
        expect_equal(set(found), wanted, "documents")
        expect_equal((found[f"{mine.evidence}.json"], found[f"{mine.evidence}-unsigned.json"]), ("valid", "absent"), "states")
        rules = {row["rule"]: row for row in mine.run("policy", "explain", mine.name, "paris", "--json").json["rules"]}
        expect_equal(rules["operator.contract"]["verdict"], "holds", "the contract")
        expect_in(mine.evidence, json.dumps(rules["operator.contract"]), "its facts")
    everything = {row["file"] for row in pair().run("evidence", "list", "--json").json["documents"]}
    expect(all(f"{each.evidence}.json" in everything for each in pair().tenants), "the operator does not see the whole register")


@suite.test
def a_report_holds_nothing_of_the_other():
    for (mine, other), language in zip(both_ways(), ("fr", "en")):
        folder = fresh("report")
        said = mine.run("report", "--to", folder, "--lang", language).all
        expect_nothing_of(other, said, "what it says")
        expect_nothing_below(folder, other, "the report")
        expect_in(mine.source, (folder / "report.json").read_text("utf-8"), "its own report")


@suite.test
def an_export_of_the_journal_holds_nothing_of_the_other():
    for mine, other in both_ways():
        folder = fresh("export")
        said = mine.run("journal", "export", "--to", folder).all
        expect_nothing_of(other, said, "what it says")
        expect_nothing_below(folder, other, "the export")
        expect_in(f"demande {mine.mark}", (folder / "accesses.jsonl").read_text(), "its own export")


@suite.test
def a_kit_holds_nothing_of_the_other_and_recovers_one_tenant():
    for mine, other in both_ways():
        expect_nothing_of(other, mine.kit.read_bytes(), "the kit")
        out = fresh("recovered")
        said = pair().run("recover", "--kit", mine.kit, "--site", pair().site("paris"), "--out", out).all
        expect_nothing_of(other, said, "what it says")
        expect_nothing_below(out, other, "what was recovered")


# What is remembered and stored. Before anybody asks for what is not theirs: that is remembered as they asked it.

@suite.test
def what_is_remembered_of_one_tenant_holds_nothing_of_the_other():
    for mine, other in both_ways():
        expect_nothing_below(mine.machine.state / mine.id, other, "the tenant's state")
        expect_nothing_below(mine.machine.state / "journal" / mine.id, other, "the tenant's ledgers")
        expect_nothing_below(mine.machine.keys / mine.name, other, "the tenant's keys")


@suite.each(*SITES)
def what_is_stored_for_one_tenant_holds_nothing_of_the_other(site):
    for mine, other in both_ways():
        expect_nothing_below(mine.prefix(site), other, f"the tenant's folder at {site}")


@suite.test
def the_same_content_has_no_run_of_bytes_in_common():
    packs = [b"".join(file.read_bytes() for file in each.files("paris", "packs")) for each in pair().tenants]
    expect(min(map(len, packs)) > COMMON, "what both have is not stored twice")
    # Zeros pad; the rest of a header is shorter than two windows.
    width = 32
    known = {packs[0][at:at + width] for at in range(0, len(packs[0]) - width, width)} - {bytes(width)}
    shared = sum(packs[1][at:at + width] in known for at in range(len(packs[1]) - width))
    expect_equal(shared, 0, "windows in common")


# What the other has

def asked(mine, *words):
    """Exit status and what was said, without the last word of what was typed that names something."""
    result = mine.run(*words, exit=None)
    text = result.all
    for word in [str(each) for each in words if str(each) not in ("-", "r", "x")][1:]:
        for part in (word, word.split("@")[0]):
            text = re.sub(rf"(?<![0-9A-Za-z]){re.escape(part)}(?![0-9A-Za-z])", "…", text)
    return result.exit, text


NOWHERE = secrets.token_hex(16)
UNKNOWN = "rien-du-tout"
OTHERS = {
    "ls": lambda id, _: ("ls", id), "ls by a prefix": lambda id, _: ("ls", id[:8]), "restore": lambda id, _: ("restore", id, "--to", fresh()),
    "where": lambda id, _: ("where", id), "find": lambda id, _: ("find", id, "*"), "cat": lambda id, _: ("cat", id, "/x"),
    "hold add": lambda id, _: ("hold", "add", id, "--reason", "r"), "restore-test": lambda id, _: ("restore-test", "--snapshot", id),
    "ls by the source": lambda _, source: ("ls", f"{source}@latest"), "restore by the source": lambda _, source: ("restore", f"{source}@latest", "--to", fresh()),
    "backup": lambda _, source: ("backup", source), "restore-test of a source": lambda _, source: ("restore-test", source),
    "retention explain": lambda _, source: ("retention", "explain", source), "drill": lambda _, source: ("drill", source, "--without", "lille"),
}


@suite.each(*OTHERS)
def what_the_other_has_is_not_told_from_what_nobody_has(command):
    mine, other = pair().tenants
    found = asked(mine, *OTHERS[command](other.known[-1], other.source))
    expect_equal(found, asked(mine, *OTHERS[command](NOWHERE, UNKNOWN)), "the answer")
    expect_equal(found[0], 2, "exit status")
    expect_nothing_of(other, found[1], "the answer")


@suite.test
def a_hold_and_an_anomaly_of_the_other_cannot_be_ended():
    for mine, other in both_ways():
        expect_equal(asked(mine, "hold", "release", other.holds[0], "--reason", "r"), asked(mine, "hold", "release", NOWHERE, "--reason", "r"), "hold")
        number, = other.numbers()[:1]
        expect_equal(asked(mine, "anomaly", "release", number, "--reason", "r"), asked(mine, "anomaly", "release", "4242", "--reason", "r"), "anomaly")
        expect_in(number, other.numbers(), "open anomalies of the other")
        expect_equal([hold["id"] for hold in other.run("hold", "list", "--json").json["holds"]], other.holds, "holds of the other")


@suite.test
def a_tenant_beside_another_one_that_is_meant_is_refused():
    for mine, other in both_ways():
        result = mine.run("policy", "explain", other.name, "paris", exit=2)
        expect_nothing_of(other, result.all.replace(other.name, "…"), "the answer")


@suite.test
def a_name_is_taken_as_a_whole():
    for name in ("ch", "chu-", "chu-n", "CHU", "", "chu/", "../chu-nord"):
        expect_equal(pair().run("snapshots", "--tenant", name, exit=2).out, "", "what is printed")


# Objects out of place

# The folder of each kind, and whether a restore needs it.
KINDS = {
    "pack": ("packs/", True), "segment": ("index/", False), "manifest": ("snapshots/", True), "slot": ("commits/", True),
    "descriptor": ("descriptor/", True), "key wrap": ("keys/", False), "session": ("sessions/", False), "hold": ("holds/", False),
    "sheet": ("sheets/", False), "condemned set": ("condemned/", False), "marker": ("site", True),
}


def of_kind(tenant, site, folder):
    return [file for file in tenant.files(site) if str(file.relative_to(tenant.prefix(site))).startswith(folder)]


@contextlib.contextmanager
def nothing_remembered():
    """The machine knows nothing of the tenants meanwhile, and afterwards what it knew."""
    state, kept = pair().state, fresh("state")
    shutil.copytree(state, kept)
    for each in pair().tenants:
        remove(state / each.id)
    try:
        yield
    finally:
        remove(state)
        kept.rename(state)


@contextlib.contextmanager
def exchanged(site, folder):
    """Each tenant's objects of a folder hold the bytes of the other's, under their own names."""
    mine, other = (of_kind(each, site, folder) for each in pair().tenants)
    expect(mine and other, f"there is nothing in {folder}")
    kept = {file: file.read_bytes() for file in mine + other}
    for targets, sources in ((mine, other), (other, mine)):
        for number, file in enumerate(targets):
            file.write_bytes(kept[sources[min(number, len(sources) - 1)]])
    try:
        yield
    finally:
        for file, content in kept.items():
            file.write_bytes(content)


def restored_own_or_nothing(mine, other, *words):
    """A restore gives the tenant's own folder whole, or says why not; either way nothing of the other's."""
    target = fresh()
    result = mine.run("restore", mine.latest, "--to", target, *words, exit=None)
    files = [path for path in target.rglob("*") if path.is_file()] if target.exists() else []
    for path in files:
        expect(not betrayed(str(path.relative_to(target)).encode() + path.read_bytes(), {other.mark}), f"{path.name} is of {other.name}")
    if result.exit == 0:
        expect_same(mine.folder, below(target, mine.folder))
    if target.exists():
        remove(target)
    return result


@suite.each(*KINDS)
def exchanged_objects_are_named_and_never_restored(kind):
    folder, is_needed = KINDS[kind]
    names = {each.name: [file.name for file in of_kind(each, "paris", folder)] for each in pair().tenants}
    with nothing_remembered(), exchanged("paris", folder):
        for mine, other in both_ways():
            result = restored_own_or_nothing(mine, other, "--site", "paris")
            expect_equal(result.exit == 0, not is_needed, f"a restore with exchanged objects ended with {result.exit}")
            expect_nothing_of(other, result.all, "what the restore says")
            said = mine.run("verify", "--read", "all", "--site", "paris", exit=(4, 5))
            expect(any(name in said.all for name in names[mine.name]) or kind == "marker" and "paris" in said.err, f"nothing is named: {said!r}")
            expect_nothing_of(other, said.all, "what verify says")
            if kind in ("pack", "slot"):
                # The other site makes it whole.
                expect_in(restored_own_or_nothing(mine, other).exit, (0, 3, 5), "exit status")


@suite.test
def exchanged_copies_of_the_journal_are_named():
    with exchanged("paris", "journal/"):
        for mine, other in both_ways():
            result = mine.run("journal", "verify", "--at", "paris", exit=4)
            expect_in("another chain, ledger or tenant", result.all)
            expect_nothing_of(other, result.all, "what it says")
            mine.run("journal", "verify", "--at", "lille")


@suite.test
def exchanged_folders_are_refused_and_nothing_is_written():
    """Whole: each tenant's folder at the site is the other's."""
    folders = [each.prefix("paris") for each in pair().tenants]
    spare = folders[0].with_name("spare")

    def exchange():
        folders[0].rename(spare)
        folders[1].rename(folders[0])
        spare.rename(folders[1])
    before = {file: file.read_bytes() for each in pair().tenants for file in each.files("paris")}
    exchange()
    try:
        for mine, other in both_ways():
            for words in (["snapshots", "--site", "paris"], ["restore", mine.latest, "--to", fresh(), "--site", "paris"], ["verify", "--site", "paris"]):
                expect_nothing_of(other, mine.run(*words, exit=5).all, words[0])
            expect_nothing_of(other, mine.run("collect", "--site", "paris", "--exclusive", exit=5).all, "collect")
            restored_own_or_nothing(mine, other)
    finally:
        exchange()
    expect({file: file.read_bytes() for each in pair().tenants for file in each.files("paris")} == before, "something was written there")


@suite.test
def keys_of_the_other_in_the_own_folder_open_nothing():
    """A restore key that was copied to the wrong folder; then both folders exchanged, where the configuration has the fingerprints."""
    folders = [pair().keys / each.name for each in pair().tenants]
    for folder, other in (folders, folders[::-1]):
        kept = (folder / "restore.key").read_bytes()
        shutil.copy(other / "restore.key", folder / "restore.key")
        try:
            for words in (["ls", "latest"], ["restore", "latest", "--to", fresh()]):
                result = pair().run(*words, "--tenant", folder.name, exit=(5, 7), before=os.setsid)
                expect_equal(result.out, "", "what is printed")
        finally:
            (folder / "restore.key").write_bytes(kept)
    for each in pair().tenants:
        pair().settings[f"tenant.{each.name}"]["fingerprint"] = each.fingerprint
    pair().write()
    spare = folders[0].with_name("spare")

    def exchange():
        folders[0].rename(spare)
        folders[1].rename(folders[0])
        spare.rename(folders[1])
    before = [file for site in SITES for file in pair().site(site).rglob("*")]
    exchange()
    try:
        for mine, other in both_ways():
            for words in (["ls", "latest"], ["restore", "latest", "--to", fresh()], ["backup"]):
                result = mine.run(*words, exit=(3, 4, 5, 7))
                expect(not betrayed(result.all, {other.mark}), f"{words[0]} tells of {other.name}")
    finally:
        exchange()
    expect_equal([file for site in SITES for file in pair().site(site).rglob("*") if file not in before and "journal" not in file.parts], [], "new files")


# What sizes tell

@suite.test
def what_a_tenant_stores_does_not_tell_what_another_has():
    """The same file costs a tenant the same, whether the other has it, and whoever had it first."""
    def added(tenant, content):
        """Bytes that a backup adds at each site, for one new file."""
        (tenant.folder / f"neuf-{tenant.mark}-{secrets.token_hex(4)}").write_bytes(content)
        row, = [each for each in tenant.backup() if each["source"] == tenant.source]
        return row["stored_bytes"]
    mine, other = pair().tenants
    content = os.urandom(2 << 20)
    unknown = added(mine, os.urandom(2 << 20))
    own, again = added(other, content), added(mine, content)
    expect(again >= len(content), f"{again} bytes were stored of {len(content)}")
    # Packs are in whole steps.
    expect(abs(again - unknown) <= ONE_PACK and abs(again - own) <= ONE_PACK, f"unknown {unknown}, of the other {own}, again {again}")
    expect(added(mine, content) <= 2 * ONE_PACK, "its own it finds again")


# The daemon

def page(path):
    with urllib.request.urlopen(f"http://{pair().listen}{path}", timeout=30) as answer:
        return answer.read().decode()


def expect_no_content(tenants, text, what):
    """Names of tenants, sources and sites, sizes and times: nothing of what is backed up, of keys, or of why."""
    for each in tenants:
        private = {f"dossier-{each.mark}", f"rayon-{each.mark}", f"fichier-{each.mark}", f"jour-0-{each.mark}", f"contenu {each.mark}", f"motif {each.mark}",
                   f"demande {each.mark}", each.fingerprint, each.id, each.prefix("paris").name, str(place())}
        expect_equal(betrayed(text, private), [], f"{what} tells")


def told_of_configuration(result):
    alert, = [each for each in result.lines[0]["overview"]["alerts"] if each["key"] == "configuration"]
    return alert["text"] + result.lines[0]["overview"]["configuration"]["refused"]


@suite.test
def the_daemon_tells_tenants_apart():
    with Daemon(pair()) as daemon:
        daemon.until(lambda: all(f'tenant="{each.name}",source="{each.source}"' in page("/metrics") for each in pair().tenants), "metrics of both")
        metrics = page("/metrics")
        labels = {name for line in metrics.splitlines() if not line.startswith("#") for name in re.findall(r'(\w+)="', line)}
        expect(labels <= {"tenant", "source", "site", "kind", "level", "version", "node"}, f"labels: {labels}")
        series = [line for line in metrics.splitlines() if re.match(r"hdsbackup_(tenant|source|site|restore_test)_", line)]
        expect(len(series) > 40, "there are hardly any series")
        for mine, other in both_ways():
            own = [line for line in series if f'tenant="{mine.name}"' in line]
            expect(len(own) > 20, "its series")
            expect_nothing_of(other, "\n".join(own), "its series")
            for more in ([], ["--json"]):
                result = mine.run("status", *more, exit=None)
                expect_in(mine.source, result.out, "its status")
                expect_nothing_of(other, result.all, "its status")
            for words in (["backup"], ["verify"]):
                expect_nothing_of(other, mine.run(*words, exit=(0, 3)).all, f"{words[0]} through the daemon")
            found = asked(mine, "backup", other.source)
            expect_equal(found, asked(mine, "backup", UNKNOWN), "a source of the other")
            expect_equal(found[0], 2, "exit status")
        expect(all(re.search(r'[{,]tenant="[^"]+"', line) for line in series), "a series without a tenant")
        for path in ("/metrics", "/", "/?lang=fr", *(f"/sources/{each.source}" for each in pair().tenants)):
            expect_no_content(pair().tenants, page(path), path)
        for mine, other in both_ways():
            expect_nothing_of(other, re.sub(re.escape(other.name), "…", page(f"/sources/{mine.source}")), "the page of a source")
            expect_nothing_below(pair().state / mine.id, other, "what is remembered")
            expect_nothing_below(mine.prefix("paris"), other, "what is stored")
        # A mistake in the section of one is told to the operator, and to the other only that there is one.
        good = pair().root / "good.toml"
        shutil.copy(pair().config, good)
        for mine, other in both_ways():
            pair().settings[f"source.{other.source}"]["rpo"] = "never"
            pair().write()
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: other.source in daemon.alerts().get("configuration", {}).get("text", ""), "the alert")
            # The screen has the gravest alone, and there is much that is unusual here.
            expect_in(other.source, told_of_configuration(pair().run("status", "--json", exit=None, config=good)), "the operator's status")
            for more in ([], ["--json"], ["--json", "--lang", "fr"]):
                result = mine.run("status", *more, exit=None, config=good)
                expect_nothing_of(other, result.all, "its status")
                if more:
                    expect_in("config check", told_of_configuration(result), "its status")
            del pair().settings[f"source.{other.source}"]["rpo"]
            pair().write()
            daemon.signal(signal.SIGHUP)
            daemon.until(lambda: "configuration" not in daemon.alerts(), "the end of the alert")
            expect_nothing_of(other, mine.run("status", "--json", exit=None).all, "its status, later")
        daemon.stop()
        expect_no_content(pair().tenants, daemon.log, "the log")


# Last: the tenant's own records of collection then name what it took away.

@suite.test
def objects_of_the_other_beside_the_own_are_named_and_spread_nowhere():
    """All that the other has lies in the tenant's folder too. Collection takes it away there, and leaves the other's folder alone."""
    first, second = pair().tenants
    listed = {each.name: {str(file.relative_to(each.prefix("paris"))): file for file in each.files("paris")} for each in pair().tenants}
    planted = [(mine.prefix("paris") / key, file) for mine, other in ((first, second), (second, first)) for key, file in listed[other.name].items()]
    planted = [(path, file) for path, file in planted if not path.exists()]
    for path, file in planted:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, path)
    try:
        with nothing_remembered():
            for mine, other in both_ways():
                result = mine.run("snapshots", "--json", exit=5)
                expect_equal({each["id"] for each in result.lines[0]["snapshots"]} & {*mine.known, *other.known}, set(mine.known), "snapshots")
                expect_in("belongs to another tenant", result.err, "what is told")
                expect_equal(restored_own_or_nothing(mine, other, "--site", "paris").exit, 0, "a restore")
                expect_in("belongs to another tenant", mine.run("verify", "--read", "all", "--site", "paris", exit=4).out, "what verify says")
                mine.run("replicate", "--inventory", exit=(0, 5))
                expect_nothing_below(mine.prefix("lille"), other, "the folder at lille")
                for words in (["where", mine.latest], ["hold", "list"], ["restore-test", "--list"], ["retention", "explain"]):
                    expect_nothing_of(other, mine.run(*words, exit=(0, 5)).out, words[0])
            others = {file: file.read_bytes() for file in second.files("paris")}
            for _ in range(2):
                first.run("collect", "--exclusive", "--quarantine", "0s", exit=(0, 5))
            expect({file: file.read_bytes() for file in second.files("paris")} == others, "collection was in the other's folder")
            gone = [path for path, file in planted if "packs" in file.parts and not path.exists()]
            expect(gone and all(first.prefix("paris") in path.parents for path in gone), f"collection took {gone}")
    finally:
        for path, _ in planted:
            path.unlink(missing_ok=True)
    for mine, other in both_ways():
        mine.run("verify", "--read", "all")
        expect_equal(restored_own_or_nothing(mine, other).exit, 0, "a restore")


if __name__ == "__main__":
    suite.main()
