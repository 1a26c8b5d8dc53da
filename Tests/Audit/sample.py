"""The machines that an auditor walks through (docs/AUDIT.md): made anew, each in the state that a part of the walk needs.

    HDSBACKUP=/path/to/hdsbackup python3 Tests/Audit/sample.py

makes them in a new folder and says which; remove it afterwards. Papers are signed by two test keys, patients are invented.
"""
import copy as copy_module
import importlib
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "EndToEnd"))
from hdstest import Open, Runner, copy, environment, hospital, place, program, remove, working_day  # noqa: E402, the folder is known only now

papers = importlib.import_module("20_sovereignty")
COMPANY, day = papers.COMPANY, papers.day
TENANT, OTHER, OTHER_NAME, OTHER_SOURCE = "chu-essai", "bellevue", "Clinique Bellevue", "imagerie-privee"
KNOWN_TEXT = "Madame Martin, suivi de grossesse"


def whole(machine, site, **more):
    """A site about which everything is stated that the profile `sovereign` asks for."""
    company = more.get("company") or f"{COMPANY} {site}"
    machine.paper(f"ev-owner-{site}", "ownershipStatement", company)
    evidence = more.pop("evidence", None) or [f"ev-hds-{site}", f"ev-contract-{site}", f"ev-owner-{site}"]
    machine.statement(site, evidence=evidence, **more)


def add(machine, site, **more):
    machine.add_site(site)
    machine.tenant_settings["sites"].append(site)
    whole(machine, site, **more)


def owners(**more):
    return {"ultimateParent": "Groupe", "parentCountry": "FR", "nonEU": [], "veto": False, "boardMajority": False} | more


def holders(*shares):
    return owners(nonEU=[{"holder": f"Fonds {n}", "country": "US", "capitalPct": share, "votesPct": share, "indirect": False}
                         for n, share in enumerate(shares)])


def datacentre(country):
    return {"underlyingOperator": None, "datacentres": [{"id": f"dc-{country.lower()}", "country": country}]}


def technology(reach, autonomy, country="US"):
    return [{"supplier": "Fournisseur d'essai", "country": country, "canReachData": reach, "autonomy": autonomy}]


class OnPaper(papers.Judged):
    """No repository: papers alone, many of them. They are signed together, when the configuration is written."""

    def put(self, name, kind, content, people=()):
        return super().put(name, kind, content, ())

    def write(self):
        files = sorted(self.evidence.glob("*.json"))
        for person in ("alice", "bruno"):
            Runner.run(["ssh-keygen", "-q", "-Y", "sign", "-f", papers.key(person), "-n", "hdsbackup-evidence", *files], env=environment())
            for file in files:
                file.with_name(f"{file.name}.sig").rename(file.with_name(f"{file.name}.{person}.sig"))
        return super().write()


def with_sites(name, profile="sovereign"):
    """The sites `paris` and `lille` are beyond reproach."""
    machine = OnPaper(name, profile=profile)
    for site in machine.sites:
        whole(machine, site)
    return machine


def another(machine, tenant, kind="third", name=papers.HOSPITAL, profile="hds", sites=None):
    """Another tenant, of the same sites unless it is said."""
    machine.settings[f"tenant.{tenant}"] = {"sites": sites or machine.sites, "type": kind, "legal_name": name, "keys_together": "accepted",
                                            "policy": {"profile": profile}}


def located():
    """A site for each rule about places, accesses and laws that it breaks."""
    machine = with_sites("papers")
    add(machine, "londres", infrastructure=datacentre("GB"))
    add(machine, "geneve", infrastructure=datacentre("CH"))
    add(machine, "oslo", infrastructure=datacentre("NO"))
    add(machine, "lieu-inconnu", infrastructure={"underlyingOperator": f"{COMPANY} lieu-inconnu"})
    add(machine, "acces-canada", remoteAccess=[{"country": "CA", "actor": "Support d'essai", "basis": "GDPR45"}])
    add(machine, "acces-sans-base", remoteAccess=[{"country": "MA", "actor": "Support d'essai"}])
    add(machine, "loi-us", exposedLaws=["US CLOUD Act"], residualRisks=["injonction"], mitigations=["chiffrement à la source"])
    add(machine, "loi-inconnue", exposedLaws=None)
    another(machine, "tiers")
    another(machine, "etat", profile="secnumcloud")
    machine.write()


def owned():
    """A site for each rule about ownership and technology that it breaks."""
    machine = with_sites("owners")
    add(machine, "siege", operator={"name": f"{COMPANY} siege", "seat": "GB", "centralAdmin": "FR", "mainEstablishment": "FR"})
    add(machine, "parent-us", ownership=owners(parentCountry="US"))
    add(machine, "capital-24-0", ownership=holders(24.0))
    add(machine, "capital-24-1", ownership=holders(24.1))
    add(machine, "capital-39-0", ownership=holders(24.0, 15.0))
    add(machine, "capital-39-1", ownership=holders(24.0, 15.1))
    add(machine, "veto", ownership=owners(veto=True))
    add(machine, "conseil", ownership=owners(boardMajority=True))
    add(machine, "actionnariat-muet", evidence=["ev-hds-actionnariat-muet", "ev-contract-actionnariat-muet"])
    add(machine, "technique-atteint", technology=technology(True, "own"))
    add(machine, "technique-seule", technology=technology(False, "none"))
    add(machine, "technique-inconnue", technology=[{"supplier": "Fournisseur d'essai", "country": "US"}])
    add(machine, "derogation", technology=technology(False, "none"))
    machine.put("waiver-derogation", "waiver", {
        "id": "wv-1", "site": "derogation", "tenant": TENANT, "rules": ["tech.autonomy"], "reason": "migration en cours", "grantedAt": day(-10),
        "until": day(200), "approvers": ["alice", "bruno"], "exitPlan": "départ vers paris avant la fin"})
    machine.write()


def certified():
    """A site for each rule about certificates, contracts and storage that it breaks; tenants of each type."""
    machine = with_sites("certificates", profile="hds")
    add(machine, "sans-certificat", evidence=["ev-contract-sans-certificat"])
    add(machine, "referentiel-1-1")
    machine.paper("ev-hds-referentiel-1-1", "HDS", f"{COMPANY} referentiel-1-1", referential="HDS-1.1")
    add(machine, "hors-champ", service="Bandes")
    add(machine, "activites")
    machine.paper("ev-hds-activites", "HDS", f"{COMPANY} activites", activities=["hardware"])
    add(machine, "suspendu")
    machine.paper("ev-hds-suspendu", "HDS", f"{COMPANY} suspendu", status="suspended", statusSince=day(-3))
    add(machine, "sans-contrat", evidence=["ev-hds-sans-contrat"])
    add(machine, "qualifie", evidence=["ev-hds-qualifie", "ev-contract-qualifie", "ev-owner-qualifie", "ev-snc-qualifie"])
    machine.paper("ev-snc-qualifie", "SecNumCloud", f"{COMPANY} qualifie", referential="SecNumCloud-3.2", validUntil=day(400),
                  services=["Stockage"], regions=["fr"])
    conditions = {"versioning": True, "lifecycleRules": False, "bucketEncryption": True}
    for site, change in (("classe", {"storageClasses": ["GLACIER"], "capabilities": conditions}),
                         ("cycle", {"capabilities": conditions | {"lifecycleRules": True}}),
                         ("sans-chiffrement", {"capabilities": conditions | {"bucketEncryption": False}})):
        add(machine, site, company="Scaleway SAS", **change)  # whose conditions the catalogue has
    add(machine, "google", driver="s3", endpoint="https://storage.googleapis.com")
    machine.settings["site.google"] = {"kind": "s3", "endpoint": "https://storage.googleapis.com", "bucket": "un-seau-essai", "region": "fr"}
    add(machine, "verrou", driver="s3", endpoint="http://127.0.0.1:9")
    machine.settings["site.verrou"] = {"kind": "s3", "endpoint": "http://127.0.0.1:9", "bucket": "un-seau", "region": "fr", "path_style": True,
                                       "coordination_bucket": "un-accord", "object_lock": "compliance", "lock_period": "400d"}
    machine.settings["source.dpi"] |= {"keep": {"within": "30d"}}
    machine.settings["source.etude"] = {"tenant": TENANT, "paths": [machine.root / "etude"], "basis": "CNIL", "keep": {"within": "30d"},
                                        "information_notice": "https://chu.example.org/information",
                                        "authorisation": {"id": "CNIL 920001", "until": day(-1)}}
    machine.settings["sovereignty"]["operator_evidence"] += ["ev-group"]
    machine.paper("ev-group", "ghtAgreement", "Hôpital membre")
    another(machine, "propre", "own", f"{COMPANY} paris")
    another(machine, "groupe", "ght", "Hôpital membre")
    another(machine, "groupe-sans-convention", "ght", "Hôpital isolé")
    another(machine, "tiers-sans-contrat", "third", OTHER_NAME)
    another(machine, "etat", profile="secnumcloud")
    machine.write()


def beside_each_other():
    """Two sites of one operator, and two in one datacentre."""
    machine = with_sites("copies")
    for site in ("jumeau-a", "jumeau-b"):
        machine.add_site(site)
        whole(machine, site, company=f"{COMPANY} jumeau")
    for site in ("voisin-a", "voisin-b"):
        machine.add_site(site)
        whole(machine, site, infrastructure={"underlyingOperator": f"{COMPANY} {site}", "datacentres": [{"id": "dc-commun", "country": "FR"}]})
    another(machine, "jumeaux", sites=["jumeau-a", "jumeau-b"])
    another(machine, "voisins", sites=["voisin-a", "voisin-b"])
    machine.write()


def uncertified():
    """The operator's own certificate does not name the backup activity."""
    machine = papers.Judged("uncertified")
    machine.paper("ev-operator", "HDS", "Sauvegarde d'essai SAS", activities=["adminOps"])
    machine.write()


def revoked():
    """Its rules are a copy in which the adequacy of Canada has ended, and sources have to name an authorisation."""
    machine = papers.Judged("revoked")
    machine.statement("lille", remoteAccess=[{"country": "CA", "actor": "Support d'essai", "basis": "GDPR45"}])
    machine.settings["sovereignty"]["policies"] = rules = machine.root / "policies"
    shutil.copytree(papers.ETC / "policies", rules)
    replace(rules / "countries.json", '"country": "CA",', f'"country": "CA", "until": "{day(-1)}",')
    replace(rules / "hds.json", '"required": false', '"required": true')
    machine.write()


def replace(file, old, new):
    text = file.read_text("utf-8")
    if text.count(old) != 1:
        raise AssertionError(f"{file} has {old} {text.count(old)} times")
    file.write_text(text.replace(old, new), "utf-8")


def in_britain():
    """Lille's disks stand in the United Kingdom; prepared and backed up as far as policy lets it."""
    machine = papers.Judged("britain")
    machine.statement("lille", infrastructure=datacentre("GB"))
    machine.write()
    machine.run("init", "--kit-out", machine.kit, exit=5)


def hosted():
    """Two tenants, in order, with a history: what most of the walk looks at."""
    machine = papers.Judged("tenant")
    machine.settings["sovereignty"]["operator_evidence"] += ["ev-other"]
    machine.settings[f"tenant.{OTHER}"] = {"sites": machine.sites, "keys_together": "accepted", "legal_name": OTHER_NAME, "policy": {"profile": "hds"}}
    machine.paper("ev-other", "contractHDS", OTHER_NAME)
    machine.statement("lille", remoteAccess=[{"country": "CA", "actor": "Support d'essai", "basis": "GDPR45"}])
    theirs = machine.root / "theirs"
    theirs.mkdir()
    (theirs / "image").write_text("Cliché de Monsieur Bernard\n" * 200, "utf-8")
    remove(machine.source / "odd")  # pipes and sockets, which diff cannot compare
    (machine.source / "Dossier Martin.txt").write_text(KNOWN_TEXT + "\n", "utf-8")
    machine.settings["source.dpi"] |= {"rpo": "24h", "rto": "4h", "schedule": "daily at 02:00", "basis": "R.1112-7",
                                       "information_notice": "https://chu.example.org/information",
                                       "authorisation": {"id": "CNIL 920001", "until": day(200)}}
    machine.tenant_settings["policy"] |= {"keep": {"daily": 14, "monthly": 12, "yearly": 20}}
    machine.settings[f"source.{OTHER_SOURCE}"] = {"tenant": OTHER, "paths": [theirs]}
    machine.write()
    for tenant in (TENANT, OTHER):
        machine.run("init", "--tenant", tenant, "--kit-out", machine.root / f"kit-{tenant}.txt", before=os.setsid)
    machine.backup()
    return machine


def copied(machine, name):
    """The same machine in another folder, sites and all."""
    other = copy_module.copy(machine)
    other.root = machine.root.with_name(name)
    copy(machine.root, other.root)
    other.config, other.evidence = other.root / "config.toml", other.root / "evidence"
    other.config.write_text(other.config.read_text("utf-8").replace(f"{machine.root}/", f"{other.root}/"), "utf-8")
    return other


def damaged(machine):
    """A byte of the largest pack at lille is another."""
    root = copied(machine, "damaged").root
    pack = max((each for each in (root / "sites" / "lille").rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.chmod(0o600)
    pack.write_bytes(content)


def swapped(machine):
    """At both sites, what is below each tenant's folder lies below the other's."""
    root = copied(machine, "swapped").root
    for site in ("paris", "lille"):
        first, second = (each for each in (root / "sites" / site).iterdir() if not each.name.startswith("."))
        first.rename(first.with_name("x"))
        second.rename(first)
        first.with_name("x").rename(second)


def mixed(machine):
    """At both sites, each tenant's packs have the bytes of the other's, under the names that they had."""
    root = copied(machine, "mixed").root
    for site in ("paris", "lille"):
        first, second = ([each for each in sorted((folder / "packs").rglob("*")) if each.is_file()]
                         for folder in (root / "sites" / site).iterdir() if not folder.name.startswith("."))
        contents = [[each.read_bytes() for each in packs] for packs in (first, second)]
        for packs, others in ((first, contents[1]), (second, contents[0])):
            for number, pack in enumerate(packs):
                pack.chmod(0o600)
                pack.write_bytes(others[number % len(others)])


def attacked():
    """Four days of backups; then somebody encrypted what was there, as ransomware would."""
    machine = papers.Judged("attacked")
    machine.tenant_settings["policy"] |= {"keep": {"last": 1}, "cool_off": "0s"}
    machine.init()
    for number in range(4):
        machine.backup()
        working_day(machine.source, seed=number)
    for file in machine.source.rglob("*"):
        if file.is_file() and not file.is_symlink() and "odd" not in file.parts:
            size = file.stat().st_size
            file.chmod(0o600)
            file.write_bytes(os.urandom(size))
            file.rename(file.with_name(file.name + ".locked"))


def roles():
    """A node without opening keys, which are in the folder `safe`."""
    machine = Open("roles")
    source = hospital(machine.root / "source", mib=1)
    machine.add_source("dpi", source)
    machine.tenant_settings["keys_together"] = "refused"
    machine.settings["node"]["roles"] = ["write"]
    machine.write()
    machine.run("init", "--restore-keys", machine.root / "safe", "--kit-out", machine.kit, before=os.setsid)
    machine.backup()


def bare(machine):
    """A folder with the kit of `chu-essai` and what lay at lille, and nothing else."""
    root = place() / "bare"
    root.mkdir()
    shutil.copy(machine.root / f"kit-{TENANT}.txt", root / "kit.txt")
    copy(machine.site("lille"), root / "site")


def make():
    """All of them; the folder that holds them."""
    share = program().parent.parent / "share" / "hdsbackup" / "report"
    if not share.exists():
        shutil.copytree(papers.ETC / "report", share)
    located()
    owned()
    certified()
    beside_each_other()
    uncertified()
    revoked()
    in_britain()
    roles()
    machine = hosted()
    damaged(machine)
    swapped(machine)
    mixed(machine)
    copied(machine, "expired").expire("lille")
    attacked()
    bare(machine)
    return place()


if __name__ == "__main__":
    try:
        print(make())
    except BaseException:
        remove(place())
        raise
