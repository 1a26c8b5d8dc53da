"""Policy: a site without valid, signed evidence gets not one byte, whoever would write there; what is there still restores.

The papers are made here and signed by two test keys with ssh-keygen. The policies and providers are those of this repository.
"""
import datetime
import functools
import json
import pathlib
import shutil

from daemons import Daemon
from hdstest import Open, Runner, Suite, environment, expect, expect_equal, expect_in, expect_restores, fixture, fresh, hospital, place, program, remove

suite = Suite("20 sovereignty")
ETC = pathlib.Path(__file__).resolve().parent.parent.parent / "etc"
COMPANY, HOSPITAL = "Hébergeur d'essai SAS", "CHU d'essai"
TODAY = datetime.date.today()


def day(distance):
    return (TODAY + datetime.timedelta(days=distance)).isoformat()


@functools.cache
def key(person):
    """The path of a signing key."""
    path = place() / "people" / person
    path.parent.mkdir(exist_ok=True)
    Runner.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", path], env=environment())
    return path


def sign(file, person):
    file.with_name(f"{file.name}.{person}.sig").unlink(missing_ok=True)
    done = Runner.run(["ssh-keygen", "-q", "-Y", "sign", "-f", key(person), "-n", "hdsbackup-evidence"], stdin=file.read_bytes(), env=environment())
    file.with_name(f"{file.name}.{person}.sig").write_bytes(done.raw)


class Judged(Open):
    """A machine whose tenant has a profile, with papers beyond reproach for each site."""

    def __init__(self, name, sites=("paris", "lille"), profile="hds", **more):
        super().__init__(name, sites=sites, **more)
        self.evidence, self.approvers = self.root / "evidence", self.root / "approvers"
        self.evidence.mkdir()
        self.settings["sovereignty"] = {"policies": ETC / "policies", "providers": ETC / "providers", "operator": "Sauvegarde d'essai SAS",
                                        "operator_evidence": ["ev-operator", "ev-tenant"]}
        self.settings[f"tenant.{self.tenant}"] |= {"legal_name": HOSPITAL, "policy": {"profile": profile}}
        self.approvers.write_text("".join(f"{person} {key(person).with_suffix('.pub').read_text()}" for person in ("alice", "bruno")))
        self.paper("ev-operator", "HDS", "Sauvegarde d'essai SAS", activities=["backup"])
        self.paper("ev-tenant", "contractHDS", HOSPITAL)
        for site in sites:
            self.statement(site)
        self.source = hospital(self.root / "source", mib=1)
        self.add_source("dpi", self.source)

    def put(self, name, kind, content, people=("alice", "bruno")):
        file = self.evidence / f"{name}.json"
        file.write_text(json.dumps({kind: content}, ensure_ascii=False), "utf-8")
        for person in people:
            sign(file, person)
        return file

    def paper(self, name, kind, holder, people=("alice", "bruno"), **more):
        body = {"id": name, "kind": kind, "holder": {"name": holder}, "issuedAt": day(-100), "status": "valid", "documentSHA256": "0" * 64,
                "collectedBy": "alice", "verifiedBy": "bruno"}
        if kind == "HDS":
            body |= {"referential": "HDS-2.0", "validUntil": day(400), "services": ["Stockage"], "regions": ["fr"],
                     "activities": ["physicalSites", "hardware", "virtualInfra", "appPlatform"]}
        return self.put(name, "evidence", body | more, people)

    def statement(self, site, country="FR", company=None, people=("alice", "bruno"), **more):
        """Each site has a company of its own."""
        company = company or f"{COMPANY} {site}"
        self.paper(f"ev-hds-{site}", "HDS", company)
        self.paper(f"ev-contract-{site}", "contractHDS", company)
        home = {"seat": country, "centralAdmin": country, "mainEstablishment": country}
        return self.put(f"site-{site}", "site", {
            "id": site, "driver": "file", "region": "fr", "service": "Stockage", "storageClasses": ["STANDARD"],
            "operator": {"name": company} | home,
            "ownership": {"ultimateParent": f"Groupe {site}", "parentCountry": country, "nonEU": [], "veto": False, "boardMajority": False},
            "infrastructure": {"underlyingOperator": company, "datacentres": [{"id": f"dc-{site}", "country": country}]},
            "remoteAccess": [], "exposedLaws": [], "residualRisks": [], "mitigations": [], "subprocessors": [], "technology": [],
            "media": "disk", "offline": False, "evidence": [f"ev-hds-{site}", f"ev-contract-{site}"]} | more, people)

    def expire(self, site):
        self.paper(f"ev-hds-{site}", "HDS", f"{COMPANY} {site}", validUntil=day(-1))

    def explain(self, site, *words, **more):
        return self.run("policy", "explain", self.tenant, site, *words, "--json", **more).lines[0]

    def check_all(self, **more):
        """{site: outcome} of `site check --all`; None stands for all copies together."""
        return {row.get("site"): row["outcome"] for row in self.run("site", "check", "--all", "--json", **more).lines[0]["sites"]}

    def count(self, site):
        """Files of any kind at the site."""
        return sum(1 for each in self.site(site).rglob("*") if each.is_file()) if self.site(site).exists() else 0


def refused(result, rule):
    expect_in(f"rule {rule} ", result.all)
    expect_in("hdsbackup policy explain", result.all)


# Nothing without papers

@fixture
def in_britain():
    """Lille's disks stand in the United Kingdom."""
    machine = Judged("britain")
    machine.put("site-lille", "site", json.loads((machine.evidence / "site-lille.json").read_text())["site"] | {
        "infrastructure": {"underlyingOperator": f"{COMPANY} lille", "datacentres": [{"id": "lon-1", "country": "GB"}]}})
    machine.write()
    machine.initialised = machine.run("init", "--kit-out", machine.kit, exit=5)
    return machine


@suite.test
def a_site_in_the_united_kingdom_gets_not_one_byte_of_any_command():
    machine = in_britain()
    refused(machine.initialised, "storage.eea")
    expect_equal(machine.count("lille"), 0, "files after init")
    taken = machine.run("backup", exit=3)
    refused(taken, "storage.eea")
    machine.run("backup", "--json", exit=3)
    refused(machine.run("replicate", exit=5), "storage.eea")
    refused(machine.run("replicate", "--to", "lille", exit=5), "storage.eea")
    machine.run("restore-test", exit=None)
    machine.run("hold", "add", "latest", "--reason", "enquête", exit=None)
    machine.run("retention", "apply", exit=None)
    machine.run("collect", "--exclusive", exit=None)
    machine.run("site", "probe", "lille", exit=5)
    expect_equal(machine.count("lille"), 0, "files at the end")
    expect(machine.count("paris") > 10, "paris has no copy")
    expect_restores(machine, "latest", machine.source)


@suite.test
def a_quorum_counts_without_a_refused_site():
    machine = in_britain()
    machine.tenant_settings["write_quorum"] = 2
    machine.write()
    before = machine.count("paris")
    refused(machine.run("backup", exit=5), "storage.eea")
    expect_equal(machine.count("paris"), before, "files at paris")
    del machine.tenant_settings["write_quorum"]
    machine.write()


@suite.each("https://storage.googleapis.com", "https://s3.eu-west-3.amazonaws.com")
def a_store_that_is_refused_by_name_is_refused_with_the_best_papers(endpoint):
    machine = Judged("named-" + endpoint.split(".")[-2])
    machine.settings["site.lille"] = {"kind": "s3", "endpoint": endpoint, "bucket": "un-seau-essai", "region": "fr"}
    machine.statement("lille", driver="s3", endpoint=endpoint)
    machine.write()
    refused(machine.run("init", "--kit-out", machine.kit, exit=5), "endpoint.denied")
    expect_equal(machine.check_all(exit=5)["lille"], "deny", "outcome")
    rules = {rule["rule"]: rule for rule in machine.explain("lille", exit=5)["rules"]}
    expect_equal([name for name, rule in rules.items() if rule["outcome"] == "deny"], ["endpoint.denied"], "rules that deny")


# Papers that end

@fixture
def in_order():
    machine = Judged("order")
    machine.init()
    machine.backup("dpi")
    return machine


@suite.test
def papers_in_order_let_everything_through_and_are_shown():
    machine = in_order()
    outcomes = machine.check_all(exit=0)
    expect_equal((outcomes["paris"], outcomes["lille"]), ("allow", "allow"), "outcomes")
    explained = machine.explain("paris")
    expect_equal(explained["outcome"], "allow", "outcome")
    expect(all(rule["clause"] and rule["requirement"] for rule in explained["rules"]), "a rule without its clause")
    french = machine.run("policy", "explain", machine.tenant, "paris", "--lang", "fr").out
    for question in ("Sécurisé", "Résilient", "Non soumis à un droit extra-européen"):
        expect_in(f"{question} : ", french)
    expect_equal({each["question"] for each in explained["answers"]}, {"secured", "resilient", "sovereign"}, "questions")
    documents = machine.run("evidence", "list", "--json").json["documents"]
    expect(documents and all(each["state"] == "valid" for each in documents), f"states: {documents}")
    machine.run("evidence", "check")


@suite.test
def an_expired_certificate_stops_writes_and_not_restores():
    machine = in_order()
    machine.expire("lille")
    before = machine.objects("lille")
    machine.backup("dpi", exit=3)
    machine.run("replicate", exit=5)
    machine.run("verify", "--read", "all")
    expect_equal(machine.objects("lille"), before, "objects at lille")
    expect_in("ev-hds-lille", json.dumps(machine.explain("lille", exit=5)["rules"]))
    expect_restores(machine, machine.ids()[0], machine.source, None, "--site", "lille")
    machine.run("evidence", "check", exit=5)
    ending = machine.run("evidence", "list", "--expiring", "90d", "--json").json["documents"]
    expect_equal([each["id"] for each in ending], ["ev-hds-lille"], "what ends within 90 days")
    machine.paper("ev-hds-lille", "HDS", f"{COMPANY} lille")
    machine.run("replicate")
    expect_equal(len(machine.ids("--site", "lille")), len(machine.ids("--site", "paris")), "snapshots at lille")


@suite.test
def an_unsigned_or_altered_paper_counts_as_absent():
    machine = in_order()
    file = machine.evidence / "ev-hds-paris.json"
    good = {each: each.read_bytes() for each in machine.evidence.glob("ev-hds-paris.json*")}
    changes = {
        "unsigned": lambda: [each.unlink() for each in machine.evidence.glob("ev-hds-paris.json.*.sig")],
        "signed once": lambda: (machine.evidence / "ev-hds-paris.json.bruno.sig").unlink(),
        "altered": lambda: file.write_text(file.read_text("utf-8").replace(day(400), day(900)), "utf-8"),
        "signed by a stranger": lambda: ((machine.evidence / "ev-hds-paris.json.bruno.sig").unlink(), sign(file, "mallory")),
    }
    for name, change in changes.items():
        change()
        expect_equal(machine.check_all(exit=5)["paris"], "deny", f"outcome when {name}")
        for each in machine.evidence.glob("ev-hds-paris.json*"):
            each.unlink()
        for path, content in good.items():
            path.write_bytes(content)
    expect_equal(machine.check_all()["paris"], "allow", "outcome at the end")


@suite.test
def evidence_add_takes_signatures_along_and_never_replaces_a_paper_that_counts_by_one_that_does_not():
    machine = in_order()
    desk = machine.root / "desk"
    desk.mkdir()
    for each in machine.evidence.glob("ev-hds-paris.json*"):
        shutil.move(each, desk / each.name)
    expect_equal(machine.check_all(exit=5)["paris"], "deny", "without it")
    machine.run("evidence", "add", desk / "ev-hds-paris.json")
    expect_equal(machine.check_all()["paris"], "allow", "with it")
    (desk / "ev-hds-paris.json").write_text((desk / "ev-hds-paris.json").read_text("utf-8") + "\n", "utf-8")
    machine.run("evidence", "add", desk / "ev-hds-paris.json", exit=5)
    (desk / "wrong.json").write_text('{"evidence": {"id": "x", "kynd": "HDS"}}')
    expect_in("kynd", machine.run("evidence", "add", desk / "wrong.json", exit=2).err)
    remove(desk)


@suite.test
def a_source_whose_authorisation_is_over_is_not_backed_up_and_its_snapshots_restore():
    machine = in_order()
    machine.settings["source.dpi"]["authorisation"] = {"id": "CNIL 920001", "until": day(-1)}
    machine.write()
    before = machine.count("paris")
    refused(machine.run("backup", exit=5), "source.authorisation")
    expect_equal(machine.count("paris"), before, "files at paris")
    expect_restores(machine, "latest", machine.source)
    machine.settings["source.dpi"]["authorisation"]["until"] = day(200)
    machine.write()
    machine.backup("dpi")


@suite.test
def rules_that_cannot_be_read_let_nothing_through():
    machine = in_order()
    machine.settings["sovereignty"]["policies"] = machine.root / "nowhere"
    machine.write()
    before = machine.count("paris")
    machine.run("backup", exit=5)
    expect_equal(machine.count("paris"), before, "files at paris")
    expect_restores(machine, "latest", machine.source)
    machine.settings["sovereignty"]["policies"] = ETC / "policies"
    machine.write()


@suite.test
def an_isolated_machine_writes_and_deletes_nothing_and_restores():
    machine = in_order()
    expect(machine.run("isolate", "--reason", "rançongiciel", "--json").json["isolated"], "not isolated")
    before = {site: machine.objects(site) for site in machine.sites}
    expect_in("isolate --end", machine.run("backup", exit=5).all)
    machine.run("replicate", exit=5)
    machine.run("collect", "--exclusive", exit=None)
    machine.run("retention", "apply", exit=None)
    expect_equal({site: machine.objects(site) for site in machine.sites}, before, "objects")
    expect_restores(machine, "latest", machine.source)
    expect(not machine.run("isolate", "--end", "--json").json["isolated"], "still isolated")
    machine.backup("dpi")


@suite.test
def what_policy_decided_is_in_the_journal():
    machine = Judged("journalled")
    machine.init()
    machine.expire("lille")
    machine.backup("dpi", exit=3)
    folder = fresh("export")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", folder)
    entries = [json.loads(line) for line in (folder / "operations.jsonl").read_text().splitlines()]
    decided = {entry["object"]["site"]: entry for entry in entries if entry["kind"] == "policy-decision"}
    expect_equal({site: entry["outcome"] for site, entry in decided.items()}, {"paris": "done", "lille": "refused"}, "what was decided")
    details = decided["lille"]["details"]
    expect("hds.valid" in details.values(), f"the rule is not named: {details}")
    expect_equal((len(details["policy"]), len(details["inputs"])), (64, 64), "hex digits of the hashes")


@suite.test
def a_site_that_is_refused_is_evacuated_to_another_that_is_in_order():
    """Paris loses its certificate while Lille lacks the last snapshot."""
    machine = Judged("leaving")
    machine.init()
    lille = machine.tenant_settings["sites"]
    machine.tenant_settings["sites"] = ["paris"]
    machine.write()
    machine.backup("dpi")
    machine.tenant_settings["sites"] = lille
    machine.write()
    machine.expire("paris")
    before = machine.objects("paris")
    machine.run("evacuate", "lille", "--to", "paris", exit=5)
    machine.run("evacuate", "paris", "--to", "paris", exit=2)
    plan = machine.run("evacuate", "paris", "--to", "lille", "--dry-run", "--json").json
    expect_equal((plan["snapshots"], len(plan["missing"]), plan["complete"]), (1, 1, False), "snapshots and missing ones")
    packs = {key: size for key, size in before.items() if key.startswith("packs/")}
    expect_equal((plan["missing_packs"], plan["missing_bytes"]), (len(packs), sum(packs.values())), "what is to be copied")
    expect(not any(key.startswith("packs/") for key in machine.objects("lille")), "a plan copied something")
    done = machine.run("evacuate", "paris", "--to", "lille", "--json").json
    expect_equal((done["missing"], done["missing_bytes"], done["complete"], done["verified_packs"]), ([], 0, True, len(packs)), "the move")
    expect_equal((done["left_objects"], done["left_bytes"]), (len(before), sum(before.values())), "what is left at paris")
    expect_equal(machine.objects("paris"), before, "objects at paris")
    machine.tenant_settings["sites"] = ["lille"]
    machine.write()
    expect_restores(machine, "latest", machine.source)


@suite.test
def a_site_that_is_refused_is_left_with_proof_and_gets_the_signed_records_alone():
    machine = Judged("moved")
    machine.init()
    machine.backup("dpi")
    machine.run("journal", "close", exit=None)
    machine.expire("paris")
    before = machine.objects("paris")
    row = machine.run("migrate", "--from", "paris", "--to", "lille", "--prove", "--double-run", "0s", "--keep-source", "--json").lines[0]
    expect_equal((row["outcome"], row["snapshots"]), ("agreed", 1), "the proof")
    new = machine.objects("paris").keys() - before.keys()
    expect(new and all(key.startswith("migrations/") for key in new), f"what came to a refused site: {new}")
    row = machine.run("migrate", "--from", "lille", "--to", "paris", "--prove", "--json", exit=5)
    row = machine.run("migrate", "--from", "paris", "--to", "lille", "--prove", "--json").lines[0]
    expect_equal((row["outcome"], machine.count("paris")), ("done", 0), "the end")
    machine.tenant_settings["sites"] = ["lille"]
    machine.write()
    expect_restores(machine, "latest", machine.source)
    data = program().parent.parent / "share" / "hdsbackup" / "report"
    if not data.exists():
        shutil.copytree(ETC / "report", data)
    told = machine.run("report", "--to", machine.root / "told", "--month", TODAY.strftime("%Y-%m"), "--format", "json", exit=None)
    facts = next(json.loads(file.read_text())["facts"] for file in (machine.root / "told").rglob("*.json") if "facts" in json.loads(file.read_text()))
    moved, = facts["retention"]["migrations"]
    expect_equal((moved["from"], moved["to"], moved["root_at_source"], moved["root_at_target"]), ("paris", "lille", row["root"], row["root"]), told.all)
    gone, = facts["retention"]["destructions"]
    expect_equal((gone["subject"], len(gone["record_hash"])), ("paris", 64), "the destruction")
    # Paris is no site of the tenant any more: what policy last said of it stands in the report all the same.
    expect_equal([each["outcome"] for each in facts["decisions"] if each["site"] == "paris"], ["deny"], "the refusal")
    expect("paris" in [each["id"] for each in facts["sites"]], "the site that was left")


# What is shown

@suite.test
def an_offline_copy_counts_as_it_was_last_seen_and_grows_old():
    machine = Judged("vault", sites=("paris", "lille", "coffre"))
    machine.settings["site.coffre"]["offline"] = True
    machine.statement("coffre", media="removable", offline=True)
    machine.init()
    machine.backup("dpi")
    machine.run("replicate")

    def digit(exit=None):
        shown = machine.run("where", "latest", "--json", exit=exit).json
        offline, = [each for each in shown["digits"] if each["digit"] == "offline"]
        return offline["known"], offline["verdict"], [each.get("seen") for each in shown["copies"] if each["site"] == "coffre"]
    expect_equal(digit()[:2], (1, "holds"), "the digit while it is here")
    vault = machine.site("coffre")
    vault.rename(vault.with_name("away"))
    expect_equal(digit(), (1, "holds", [TODAY.isoformat()]), "the digit while it is away")
    # A snapshot that it has never seen is not there.
    (machine.source / "new").write_text("of today")
    machine.backup("dpi", exit=None)
    expect_equal(digit()[0], 0, "the digit of a later snapshot")
    memory = next(machine.state.glob("*/offline-coffre.json"))
    first = machine.ids()[0]

    def findings():
        row, = [row for row in machine.run("site", "check", "--all", "--json", exit=None).json["sites"] if row.get("site") is None]
        return [each["rule"] for each in row["rules"]]
    expect("copies.offlineAge" not in findings(), "a copy of today is too old")
    memory.write_text(json.dumps(json.loads(memory.read_text()) | {"seen": day(-400)}))
    old, = [each for each in machine.run("where", first, "--json").json["digits"] if each["digit"] == "offline"]
    expect_equal((old["known"], old["verdict"]), (0, "fails"), "a copy of last year")
    expect("copies.offlineAge" in findings(), "the rule about the age of the offline copy")


@suite.each(("no marker", "site", None), ("a damaged marker", "site", b"x"), ("damaged descriptors", "descriptor", b"x"))
def an_offline_disk_that_is_here_and_no_good_is_told_and_does_not_count(_, key, content):
    machine = Judged(f"vault-{key}-{content and 'damaged'}", sites=("paris", "lille", "coffre"))
    machine.settings["site.coffre"]["offline"] = True
    machine.statement("coffre", media="removable", offline=True)
    machine.init()
    machine.backup("dpi")
    machine.run("replicate")
    top = machine.prefix("coffre") / key
    for each in [top] if top.is_file() else [each for each in top.rglob("*") if each.is_file()]:
        each.chmod(0o640)
        each.write_bytes(content) if content else each.unlink()
    shown = machine.run("where", "latest", "--json", exit=(4, 5)).lines[0]
    offline, = [each for each in shown["digits"] if each["digit"] == "offline"]
    expect_equal(offline["known"], 0, "offline copies")
    expect_in("coffre", machine.run("replicate", exit=(3, 4, 5)).err)
    machine.run("transfers", "--check", "--site", "coffre", exit=(3, 4, 5))


def vaulted(name):
    """A machine whose offline disk was level and is away, what is remembered of it, and the digit now."""
    machine = Judged(name, sites=("paris", "lille", "coffre"))
    machine.settings["site.coffre"]["offline"] = True
    machine.statement("coffre", media="removable", offline=True)
    machine.init()
    machine.backup("dpi")
    machine.run("replicate")
    machine.site("coffre").rename(machine.site("coffre").with_name("away"))

    def known():
        shown = machine.run("where", "latest", "--json", exit=None).json
        return {each["digit"]: each["known"] for each in shown["digits"]}["offline"]
    expect_equal(known(), 1, "copies on the disk that is away")
    return machine, next(machine.state.glob("*/offline-coffre.json")), known


@suite.test
def an_offline_copy_that_was_seen_on_a_day_to_come_does_not_count():
    _, memory, known = vaulted("ahead")
    memory.write_text(json.dumps(json.loads(memory.read_text()) | {"seen": day(4000)}))
    expect_equal(known(), 0, "copies")


@suite.test
def an_offline_disk_that_is_prepared_anew_holds_nothing_of_what_the_old_one_held():
    machine, _, known = vaulted("anew")
    vault = machine.site("coffre")
    vault.mkdir()
    machine.run("init", "--kit-out", machine.root / "kit-2")
    vault.rename(vault.with_name("empty"))
    expect_equal(known(), 0, "copies")


@suite.test
def where_and_status_show_each_digit_and_what_counts_for_it():
    machine = in_order()
    machine.run("verify", "--read", "all")
    shown = machine.run("where", "latest", "--json").json
    expect_equal([(copy["site"], copy["operator"], copy["countries"], copy["outcome"]) for copy in shown["copies"]],
                 [(site, f"{COMPANY} {site}", ["FR"], "allow") for site in machine.sites], "copies")
    expect(all(copy["evidence"] and all(copy["evidence"].values()) for copy in shown["copies"]), "evidence is missing")
    digits = {digit["digit"]: digit for digit in shown["digits"]}
    expect_equal((digits["copies"]["known"], digits["copies"]["verdict"]), (3, "holds"), "independent copies, the data itself being one")
    expect_equal((digits["offline"]["known"], digits["immutable"]["known"]), (0, 0), "offline and immutable copies")
    expect_equal(digits["unverified"]["verdict"], "holds", "verified")
    source, = machine.run("status", "--json", exit=None).lines[0]["tenants"][0]["sources"]
    expect_equal({digit["digit"]: digit["known"] for digit in source["digits"]}, {name: digit["known"] for name, digit in digits.items()}, "status")
    # One company behind two names of sites is one copy.
    file = machine.evidence / "site-lille.json"
    machine.put("site-lille", "site", json.loads(file.read_text())["site"] | {"infrastructure": {
        "underlyingOperator": f"{COMPANY} paris", "datacentres": [{"id": "dc-paris", "country": "FR"}]}})
    digits = {digit["digit"]: digit for digit in machine.run("where", "latest", "--json").json["digits"]}
    expect_equal((digits["copies"]["known"], digits["copies"]["verdict"]), (2, "fails"), "copies with one operator")
    expect_equal(machine.check_all(exit=5)[None], "deny", "all copies together")
    machine.statement("lille")


@suite.test
def without_a_profile_nothing_is_asked_for():
    machine = Open("none", sites=("paris", "lille"))
    machine.settings["sovereignty"] = {"policies": machine.root / "nowhere", "evidence": machine.root / "nowhere"}
    machine.add_source("dpi", hospital(machine.root / "source", mib=1))
    machine.init()
    machine.backup("dpi")
    expect(machine.objects("lille"), "no copy at lille")
    rows = machine.run("site", "check", "--all", "--json").json["sites"]
    expect_equal({row["outcome"] for row in rows}, {"allow"}, "outcomes")


# The daemon

@suite.test
def the_daemon_judges_anew_when_a_paper_changes_and_starts_nothing_while_isolated():
    """Every look at the sites judges; its runs find the papers beside the configuration that they have a copy of."""
    machine = Judged("watched")
    machine.socket = machine.root / "control.sock"
    machine.settings["daemon"] = {"socket": machine.socket, "listen": ""}
    machine.settings["node"]["roles"] = ["write", "maintain"]
    machine.settings["source.dpi"]["schedule"] = "every 5s"
    machine.init()
    name = f"policy:{machine.tenant}/lille"

    def commits(site):
        return len(machine.objects(site, "commits"))
    with Daemon(machine) as daemon:
        daemon.until(lambda: commits("lille") and commits("paris"), "a backup at both sites")
        expect(name not in daemon.alerts(), f"refused with good papers: {daemon.alerts()}")
        machine.expire("lille")
        alert = daemon.until(lambda: daemon.alerts().get(name), "an alert")
        expect_equal(alert["level"], "critical", "level")
        expect_in("ev-hds-lille", json.dumps(alert))
        before, others = machine.objects("lille"), commits("paris")
        daemon.until(lambda: commits("paris") > others, "a backup at the other site")
        expect_equal(machine.objects("lille"), before, "objects at lille")
        machine.paper("ev-hds-lille", "HDS", f"{COMPANY} lille")
        daemon.until(lambda: name not in daemon.alerts() and len(machine.objects("lille")) > len(before), "lille is level")
        machine.run("isolate")
        daemon.until(lambda: "isolated" in daemon.alerts() and not daemon.overview()["running"], "isolation")
        before = {site: machine.objects(site) for site in machine.sites}
        expect_in("isolated", machine.run("backup", "dpi", exit=5).all)
        expect("observe:" + machine.tenant not in daemon.alerts(), "a run that the isolation ended is told as one that failed")
        expect_equal({site: machine.objects(site) for site in machine.sites}, before, "objects")
        machine.run("isolate", "--end")
        daemon.until(lambda: commits("paris") > sum(key.startswith("commits/") for key in before["paris"]), "a backup")
        daemon.stop()


if __name__ == "__main__":
    suite.main()
