"""The auditor's report: what the program knows of one tenant, what nobody recorded as gaps, nothing of another tenant, and signed so that
openssl and sha256sum alone tell when a byte changed.

Two tenants share a machine and its sites; the certificate of one site is over.
"""
import html
import importlib
import json
import os
import re
import shutil
from xml.etree import ElementTree

from hdstest import HERE, Runner, Suite, environment, expect, expect_equal, expect_in, fixture, fresh, place, program, remove

papers = importlib.import_module("20_sovereignty")
suite = Suite("21 report")
VERIFIER = HERE.parent.parent / "docs" / "tools" / "report-verify.sh"
OTHER, OTHER_NAME, OTHER_SOURCE = "bellevue", "Clinique Bellevue", "imagerie-privee"
MONTH = papers.day(0)[:7]
SECTIONS = 15


@fixture
def hosted():
    # As it is installed: beside the program.
    shutil.copytree(papers.ETC / "report", program().parent.parent / "share" / "hdsbackup" / "report")
    machine = papers.Judged("hosted")
    machine.settings["sovereignty"]["operator_evidence"] += ["ev-other"]
    machine.settings[f"tenant.{OTHER}"] = {"sites": machine.sites, "keys_together": "accepted", "legal_name": OTHER_NAME, "policy": {"profile": "hds"}}
    machine.paper("ev-other", "contractHDS", OTHER_NAME)
    theirs = machine.root / "theirs"
    theirs.mkdir()
    (theirs / "image").write_bytes(os.urandom(5000))
    machine.settings["source.dpi"] |= {"rpo": "24h", "rto": "4h", "basis": "R.1112-7"}
    machine.tenant_settings["policy"] |= {"keep": {"daily": 14, "monthly": 12}}
    machine.settings[f"source.{OTHER_SOURCE}"] = {"tenant": OTHER, "paths": [theirs]}
    machine.write()
    for tenant in (machine.tenant, OTHER):
        machine.run("init", "--tenant", tenant, "--kit-out", machine.root / f"kit-{tenant}", before=os.setsid)
    machine.backup()
    for tenant in (machine.tenant, OTHER):
        machine.run("verify", "--tenant", tenant, "--read", "all")
    machine.run("restore-test", "--tenant", machine.tenant)
    machine.run("retention", "apply", "--tenant", machine.tenant)
    machine.run("collect", "--tenant", machine.tenant, "--exclusive")
    machine.run("hold", "add", "latest", "--tenant", machine.tenant, "--reason", f"enquête, voir aussi {OTHER_NAME}")
    machine.expire("lille")
    machine.trusted = fresh("trusted")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", machine.trusted)
    return machine


def made(*words, exit=0, **more):
    """Makes a report of the tenant: its folder, and the row."""
    machine = hosted()
    folder = fresh("report")
    result = machine.run("report", "--tenant", machine.tenant, "--to", folder, "--json", *words, exit=exit, **more)
    return folder, result.json if exit == 0 else result


@fixture
def reported():
    return made("--month", MONTH, "--lang", "fr")


def verify(folder, exit=0):
    return Runner.run(["sh", VERIFIER, hosted().trusted / "keys", folder], exit=exit, env=environment())


def report(folder):
    return json.loads((folder / "report.json").read_text("utf-8"))


def sections(folder):
    """The titles of the page, which is well-formed XML."""
    page = ElementTree.parse(folder / "report.html").getroot()
    names = {"h": "http://www.w3.org/1999/xhtml"}
    return page.get("lang"), [each.find("h:h2", names).text for each in page.iterfind(".//h:section", names)]


@suite.test
def a_report_has_its_fifteen_sections_in_either_language():
    french, row = reported()
    english, _ = made("--lang", "en")
    expect_equal((row["tenant"], row["month"], row["as_of"]), (hosted().tenant, MONTH, papers.day(0)), "what it is of")
    expect_equal(row["files"], ["report.html", "report.json"], "files")
    for folder, language, last in ((french, "fr", "15. Annexe"), (english, "en", "15. Annex")):
        found, titles = sections(folder)
        expect_equal((found, len(titles)), (language, SECTIONS), "language and sections")
        expect_in(last, titles[-1])
        text = (folder / "report.html").read_text("utf-8")
        for name in ("paris", "lille", f"{papers.COMPANY} paris", papers.HOSPITAL):
            expect(html.escape(name).replace("&#x27;", "&#39;") in text, f"{name} is not in {folder.name}")
    only, _ = made("--format", "json")
    expect(not (only / "report.html").exists(), "a page was made too")
    expect_equal(sorted(each.name for each in only.iterdir()),
                 ["report.json", "report.manifest", "report.manifest.ed25519", "report.manifest.mldsa65"], "files")


@suite.test
def what_the_program_knows_stands_in_it():
    facts = report(reported()[0])["facts"]
    (source,) = facts["sources"]
    expect_equal((source["name"], source["kind"], source["basis"]), ("dpi", "paths", "R.1112-7"), "source")
    expect_equal((source["plan"]["rpo_seconds"], source["plan"]["keep"]), (86400, "daily = 14, monthly = 12"), "plan")
    done = source["execution"]
    expect_equal((done["succeeded"], done["failed"], done["missed"]), (1, 0, []), "runs")
    expect(done["source_bytes"] > 100_000, f"size {done['source_bytes']}")
    (sheet,) = source["restore_tests"]
    expect_equal((sheet["result"], sheet["comparison"], sheet["share"]), ("good", "good", 1), "restore test")
    expect_equal(source["resilience"]["snapshot"], hosted().ids("--tenant", hosted().tenant)[0][:12], "snapshot")
    digits = {each["kind"]: each for each in source["resilience"]["digits"]}
    expect_equal((len(digits), digits["copies"]["sites"]), (6, ["paris"]), "3-2-1-1-0")
    checked = {each["site"]: each for each in facts["verifications"]}
    expect_equal({site: (each["coverage"], each["faults"]) for site, each in checked.items()}, {"paris": (1, 0), "lille": (1, 0)}, "verified")
    expect(all(each["packs"] > 0 and each["bytes_read"] >= each["pack_bytes"] for each in checked.values()), f"read: {checked}")
    outcomes = {each["site"]: each["outcome"] for each in facts["decisions"]}
    expect(outcomes["paris"] != "deny" and outcomes["lille"] == "deny", f"decisions: {outcomes}")
    chains = facts["journal"]["chains"]
    expect_equal({(each["ledger"], each["is_whole"], each["verified_on"]) for each in chains},
                 {("operations", True, papers.day(0)), ("accesses", True, papers.day(0))}, "ledgers")
    expect(all(re.fullmatch(r"[0-9a-f]{32}:[0-9]+:[0-9a-f]{64}", each["head"]) for each in chains), "heads")
    roles = {each["role"] for each in facts["cryptography"]["keys"]}
    expect_equal(roles, {"authority", "write", "maintain", "verify", "restore", "recovery"}, "roles of keys")
    expect_equal([(each["kept"], each["forgotten"]) for each in facts["retention"]["applied"]], [(1, 0)], "retention")
    expect_equal({each["site"]: each["deleted"] for each in facts["retention"]["collections"]}, {"paris": 0, "lille": 0}, "collections")
    expect_equal([(each["source"], each["reason"]) for each in facts["retention"]["holds"]], [("dpi", "enquête, voir aussi […]")], "holds")


@suite.test
def a_certificate_that_is_over_is_a_gap_and_so_is_what_nobody_recorded():
    folder, row = reported()
    found = report(folder)
    gaps = {each["id"]: each for each in found["gaps"]}
    over = gaps["certificate.expired:ev-hds-lille"]
    expect_equal((over["level"], over["section"]), ("major", 3), "the gap")
    expect_in("ev-hds-lille", (folder / "report.html").read_text("utf-8"))
    expect_equal([found["facts"][each] for each in ("incidents", "access", "restores", "recovery_drill", "policy_changes")], [None] * 5, "facts")
    unknown = {fact for each in found["gaps"] if each["level"] == "unknown" for fact in each["facts"]}
    expect({"incidents", "access", "restores", "recoveryDrill", "policyChanges", "organisation.contact"} <= unknown, f"unknown: {sorted(unknown)}")
    expect_equal(row["gaps"]["major"], sum(each["level"] == "major" for each in found["gaps"]), "major gaps")


@suite.test
def another_tenant_stands_nowhere_in_it():
    for folder in (reported()[0], made("--lang", "en")[0]):
        for file in folder.iterdir():
            for name in (OTHER, OTHER_NAME, OTHER_SOURCE, "ev-other"):
                expect(name.lower().encode() not in file.read_bytes().lower(), f"{name} in {file.name}")
    theirs = fresh("theirs")
    hosted().run("report", "--tenant", OTHER, "--to", theirs)
    expect_in(OTHER_SOURCE, (theirs / "report.json").read_text("utf-8"))
    expect(b"dpi" not in (theirs / "report.json").read_bytes(), "a source of the first tenant")


@suite.test
def one_byte_that_changed_is_found_without_the_program():
    folder, row = reported()
    expect_in(row["signer"], verify(folder).out)
    for name in ("report.json", "report.html", "report.manifest"):
        altered = fresh("altered")
        shutil.copytree(folder, altered)
        content = bytearray((altered / name).read_bytes())
        content[len(content) // 2] ^= 1
        (altered / name).write_bytes(content)
        expect_in("WRONG", verify(altered, exit=4).all)
        remove(altered)


@suite.test
def as_of_an_earlier_day_nothing_is_said_that_was_not_recorded_then():
    folder, _ = made("--month", papers.day(-1)[:7], "--as-of", papers.day(-1), "--format", "json")
    found = report(folder)
    facts, (source,) = found["facts"], found["facts"]["sources"]
    expect_equal((facts["journal"], facts["retention"]["holds"], source["execution"], source["resilience"]), (None,) * 4, "state of today")
    expect_equal(source["restore_tests"], [], "tests of today")
    expect("certificate.expired:ev-hds-lille" not in {each["id"] for each in found["gaps"]}, "over before its last day had passed")


@suite.test
def a_site_that_does_not_answer_is_told_and_the_report_is_made_without_it():
    site, folder = hosted().site("lille"), fresh("away")
    away = site.with_name("away")
    site.rename(away)
    try:
        result = hosted().run("report", "--tenant", hosted().tenant, "--to", folder, "--format", "json", exit=6)
    finally:
        away.rename(site)
    expect_equal(result.err.count("error: lille"), 1, f"times that it is told in {result.err}")
    verify(folder)
    facts = report(folder)["facts"]
    expect_equal({each["site"]: each["last_read"] is not None for each in facts["verifications"]}, {"paris": True, "lille": True}, "last known")
    expect_equal([each["reason"] for each in facts["retention"]["holds"]], ["enquête, voir aussi […]"], "holds")


@suite.test
def what_cannot_be_done_is_said_and_leaves_no_folder():
    machine, folder = hosted(), fresh("refused")
    words = ("report", "--to", folder, "--tenant", machine.tenant)
    for more, exit, part in (
        (("--month", "2026-13"), 2, "2026-13"), (("--as-of", papers.day(2)), 2, papers.day(2)), (("--format", "docx"), 2, "docx"),
    ):
        expect_in(part, machine.run(*words, *more, exit=exit).all)
    expect_in(OTHER, machine.run("report", "--to", folder, exit=2).all)
    expect_in("weasyprint", machine.run(*words, "--format", "pdf", exit=1, env={"PATH": "/nowhere"}).all)
    keys, away = machine.keys / machine.tenant, place() / "away"
    away.mkdir()
    for name in ("node", "maintain", "verify"):
        shutil.move(keys / f"{name}.key", away)
    machine.run(*words, exit=7)
    for each in away.iterdir():
        shutil.move(each, keys)
    expect(not folder.exists(), "a folder was left")
    machine.run(*words)
    expect_in(str(folder), machine.run(*words, exit=None).err)
    verify(folder)


@suite.test
def a_report_is_in_the_journal():
    reported()
    folder = fresh("export")
    hosted().run("journal", "export", "--tenant", hosted().tenant, "--to", folder)
    entries = [json.loads(line) for line in (folder / "operations.jsonl").read_text().splitlines()]
    expect(any(each["kind"] == "export" and each.get("details", {}).get("command") == "report" and each["outcome"] == "done" for each in entries),
           "no entry")


if __name__ == "__main__":
    suite.main()
