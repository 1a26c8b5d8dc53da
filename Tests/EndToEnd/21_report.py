"""The auditor's report: what the program knows of one tenant, what nobody recorded as gaps, nothing of another tenant, and signed so that
openssl and sha256sum alone tell when a byte changed.

Two tenants share a machine and its sites; the certificate of one site is over.
"""
import functools
import hashlib
import html
import html.parser
import importlib
import itertools
import json
import os
import pathlib
import re
import shutil
import sys
import unicodedata
import zlib
from xml.etree import ElementTree

from hdstest import HERE, Runner, Skip, Suite, environment, expect, expect_equal, expect_in, fixture, fresh, place, program, remove

sys.path.insert(0, str(HERE.parent / "Observability"))
import chromium as browser

papers = importlib.import_module("20_sovereignty")
suite = Suite("21 report")
OBSERVERS = HERE.parent.parent / ".build-observers" / "bin"
VERIFIER = HERE.parent.parent / "docs" / "tools" / "report-verify.sh"
# A name that fits no column of a sheet of paper.
OTHER, OTHER_NAME, OTHER_SOURCE = "bellevue", "Clinique Bellevue", "imagerie-privee-et-medecine-nucleaire-du-batiment-nord"
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
    """Makes a report, of the first tenant where none is named: its folder, and the row."""
    machine = hosted()
    folder = fresh("report")
    tenant = () if "--tenant" in words else ("--tenant", machine.tenant)
    result = machine.run("report", *tenant, "--to", folder, "--json", *words, exit=exit, **more)
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
def what_people_wrote_down_and_signed_stands_in_it():
    machine, today = hosted(), papers.day(0)
    written = {
        "incident": {"tenants": [machine.tenant], "openedAt": f"{today}T00:00:00Z", "summary": f"panne, comme chez {OTHER_NAME}",
                     "personalDataBreach": False},
        "offlineMedium": {"site": "paris", "firstUsed": papers.day(-300), "lastWritten": papers.day(-2), "expires": papers.day(900), "place": "coffre B"},
        "traceReview": {"on": today, "reviewer": "c.durand"},
        "drill": {"of": "escrow", "on": today, "good": True, "seconds": 900, "performedBy": "trois dépositaires"},
        "account": {"since": papers.day(-300), "roles": ["operator"], "nominative": True, "secondFactor": True},
    }
    # Of another tenant, and signed once.
    theirs = machine.put("record-theirs", "incident", {"id": "leur-incident", "tenants": [OTHER], "openedAt": f"{today}T00:00:00Z", "summary": "x"})
    once = machine.put("record-once", "account", written["account"] | {"id": "z.inconnu"}, people=("alice",))
    files = [theirs, once] + [machine.put(f"record-{kind}", kind, {"id": f"rec-{kind}"} | body) for kind, body in written.items()]
    try:
        folder, _ = made("--lang", "fr")
        rows = {row["file"]: row for row in machine.run("evidence", "list", "--json").json["documents"]}
    finally:
        for each in (found for file in files for found in machine.evidence.glob(f"{file.name}*")):
            each.unlink()
    found = report(folder)
    facts, gaps = found["facts"], {each["id"] for each in found["gaps"]}
    expect_equal([(each["id"], each["summary"]) for each in facts["incidents"]], [("rec-incident", "panne, comme chez […]")], "incidents")
    expect("incident.open:rec-incident" in gaps, f"gaps: {sorted(gaps)}")
    expect_equal([(each["id"], each["place"]) for each in facts["offline_media"]], [("rec-offlineMedium", "coffre B")], "media")
    expect_equal(([each["id"] for each in facts["access"]["accounts"]], facts["access"]["review"]),
                 (["rec-account"], {"on": today, "reviewer": "c.durand"}), "access")
    expect_equal(facts["cryptography"]["escrow_drill"]["performed_by"], "trois dépositaires", "escrow drill")
    expect(facts["recovery_drill"] is None, "a drill of the kit that nobody recorded")
    hashes = {each["name"]: each["hash"] for each in facts["documents"]}
    expect(all(f"record-{kind}.json" in hashes for kind in written) and not {theirs.name, once.name} & set(hashes), f"documents: {sorted(hashes)}")
    expect_equal([rows["record-drill.json"][each] for each in ("document", "id", "state", "signed_by")], ["drill", "rec-drill", "valid", ["alice", "bruno"]], "row")
    expect(b"leur-incident" not in (folder / "report.json").read_bytes(), "an incident of another tenant")


@suite.test
def a_register_vouches_for_no_day_that_is_to_come_and_for_no_record_that_was_taken_away():
    machine, today = hosted(), papers.day(0)

    def incidents():
        return report(made("--format", "json")[0])["facts"]["incidents"]
    machine.put("record-gone", "incident", {"id": "gone", "tenants": [machine.tenant], "openedAt": f"{today}T00:00:00Z", "summary": "panne"})
    machine.put("record-blank", "register", {"id": "blank", "of": ["incident"], "from": "2000-01-01", "through": "2099-12-31"})
    try:
        expect_equal([each["id"] for each in incidents()], ["gone"], "incidents")
        for each in machine.evidence.glob("record-gone*"):
            each.unlink()
        expect_equal(incidents(), None, "incidents, one of which was taken away")
    finally:
        for each in machine.evidence.glob("record-*"):
            each.unlink()


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


# The page

class Page(html.parser.HTMLParser):
    """What a reader of HTML, who knows nothing of XML, sees: headings, tables, links, and what each text is marked with."""
    VOID = {"meta", "link", "br", "img", "input", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.headings, self.tables, self.texts = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        element = {"tag": tag, "attributes": dict(attributes), "text": "", "parents": [each["tag"] for each in self.open]}
        self.elements.append(element)
        if tag == "table":
            self.tables.append({"element": element, "frame": self.open[-1], "captions": [], "head": [], "rows": []})
        if tag == "tr" and "tbody" in element["parents"]:
            self.tables[-1]["rows"].append([])
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        element = self.open.pop()
        expect_equal(tag, element["tag"], "element that ends")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), element["text"]))
        elif tag == "caption":
            self.tables[-1]["captions"].append(element)
        elif tag in ("th", "td"):
            (self.tables[-1]["head"] if "thead" in element["parents"] else self.tables[-1]["rows"][-1]).append(element)

    def handle_data(self, data):
        for element in self.open:
            element["text"] += data

    def with_attribute(self, name):
        return [each for each in self.elements if name in each["attributes"]]


def page_of(folder):
    return Page((folder / "report.html").read_text("utf-8"))


@fixture
def pages():
    """Both tenants, each in a language: {language: folder}."""
    return {"fr": reported()[0], "en": made("--tenant", OTHER, "--lang", "en")[0]}


@suite.each("fr", "en")
def the_page_is_read_by_ear_as_by_eye(language):
    page = page_of(pages()[language])
    root = page.elements[0]
    expect_equal((root["tag"], root["attributes"]["lang"]), ("html", language), "language")
    levels = [level for level, _ in page.headings]
    expect_equal((levels[0], levels.count(1)), (1, 1), "first headings")
    for (last, _), (level, text) in itertools.pairwise(page.headings):
        expect(text.strip() and level <= last + 1, f"heading {level} after {last}: {text}")
    kinds = [each["tag"] for each in page.elements]
    expect_equal([kinds.count(each) for each in ("title", "header", "nav", "main", "section")], [1, 1, 1, 1, SECTIONS], "landmarks")
    expect(not {"script", "img", "iframe", "form", "svg"} & set(kinds), f"elements: {sorted(set(kinds))}")
    names = [each["attributes"]["id"] for each in page.with_attribute("id")]
    expect_equal(len(set(names)), len(names), "ids that are used once")
    for element in page.with_attribute("href"):
        target = element["attributes"]["href"]
        expect(element["text"].strip() and target[:1] == "#" and target[1:] in names, f"link to {target}")
    for element in page.with_attribute("aria-labelledby"):
        expect_in(element["attributes"]["aria-labelledby"], names, "the ids")
    # What colour says, a sign says too.
    signs = {"good": "✓", "minor": "!", "bad": "✗", "unknown": "?"}
    marked = [(sign, each) for each in page.elements for kind, sign in signs.items() if kind in each["attributes"].get("class", "").split()]
    expect_equal({sign for sign, _ in marked}, set(signs.values()), "signs")
    for sign, element in marked:
        expect(element["text"].startswith(sign + " "), f"no {sign} before {element['text']!r}")


@suite.each("fr", "en")
def each_table_has_a_caption_and_headers_of_its_columns_and_rows(language):
    page = page_of(pages()[language])
    expect(len(page.tables) > 20, f"{len(page.tables)} tables")
    captions = []
    for table in page.tables:
        (caption,) = table["captions"]
        what = caption["text"]
        captions.append(what)
        expect(what.strip(), "a caption is empty")
        expect_equal(table["frame"]["attributes"].get("aria-labelledby"), caption["attributes"]["id"], f"name of the frame of {what}")
        expect_equal((table["frame"]["attributes"].get("tabindex"), table["frame"]["attributes"].get("role")), ("0", "group"), f"frame of {what}")
        expect(len(table["head"]) >= 2 and table["rows"], f"{what} is empty")
        for cell in table["head"]:
            expect(cell["tag"] == "th" and cell["attributes"]["scope"] == "col" and cell["text"].strip(), f"{what}: head {cell['text']!r}")
        for first, *others in table["rows"]:
            expect(first["tag"] == "th" and first["attributes"].get("scope") == "row" and first["text"].strip(), f"{what}: row {first['text']!r}")
            expect_equal([each["tag"] for each in others], ["td"] * (len(table["head"]) - 1), f"cells of {what}, {first['text']}")
            expect(all(each["text"].strip() for each in others), f"{what}, {first['text']}: a cell is empty")
    expect_in({"fr": "Plan de sauvegarde", "en": "Backup plan"}[language], captions, "the captions")


# Contrast (WCAG 2.1, 1.4.3 and 1.4.11)

def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at:at + 2], 16) / 255 for at in (0, 2, 4)]
    return sum(share * (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)
               for share, part in zip((0.2126, 0.7152, 0.0722), parts))


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@suite.test
def every_colour_of_text_stands_out_from_every_background():
    expect(abs(contrast("#000", "#ffffff") - 21) < 0.001 and abs(contrast("#767676", "#fff") - 4.54) < 0.01, "the measure")
    (sheet,) = re.findall("<style>(.*?)</style>", (reported()[0] / "report.html").read_text("utf-8"), re.S)
    declared = re.findall(r"([a-z-]+)\s*:\s*([^;{}]*)", sheet)
    found = {kind: {colour for name, value in declared if re.fullmatch(pattern, name) for colour in re.findall("#[0-9a-f]{6}|#[0-9a-f]{3}", value)}
             for kind, pattern in (("text", "color"), ("background", "background"), ("line", "border.*|outline"))}
    expect(len(found["text"]) >= 7 and len(found["background"]) >= 7 and found["line"], f"colours: {found}")
    expect_equal(sum(name in ("color", "background") and "#" not in value and value != "inherit" for name, value in declared), 0, "other colours")
    for text, background in itertools.product(found["text"], found["background"]):
        expect(contrast(text, background) >= 4.5, f"{text} on {background}: {contrast(text, background):.2f}")
    for line in found["line"]:
        expect(contrast(line, "#fff") >= 3, f"line {line}: {contrast(line, '#fff'):.2f}")


# In the browser: each text with the colours that it really has, and nothing wider than what holds it.
MEASURE = """
(() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                       return 0.2126 * r + 0.7152 * g + 0.0722 * b };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\\)$/.test(c)) return c } return 'rgb(255, 255, 255)' };
  const faint = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let texts = 0;
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text) continue;
    texts++;
    const [a, b] = [light(getComputedStyle(e).color), light(behind(e))].sort();
    if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) faint.push(text);
  }
  const wide = [...document.querySelectorAll('th, td, p, pre, li, h1, h2, h3, caption')].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.textContent);
  const root = document.documentElement;
  return { texts, faint, wide, over: root.scrollWidth - root.clientWidth,
           small: [...document.querySelectorAll('td, th, p, li, code')].filter(e => parseFloat(getComputedStyle(e).fontSize) < 10).map(e => e.textContent) };
})()
"""


@suite.test
def the_page_fits_a_desk_and_a_telephone():
    if not browser.PROGRAM.exists() and not os.environ.get("CHROMIUM"):
        raise Skip("scripts/install-observers.sh was not run")
    with browser.Chromium() as window:
        for (language, folder), width in itertools.product(pages().items(), (1280, 400)):
            window.window(width)
            window.open((folder / "report.html").as_uri())
            seen, where = window.value(MEASURE), f"{language}, {width} wide"
            expect(seen["texts"] > 300, f"{where}: {seen['texts']} texts")
            for what in ("faint", "wide", "small"):
                expect_equal(seen[what], [], f"{what}, {where}")
            expect_equal((seen["over"], window.complaints), (0, []), f"beyond the window, and complaints: {where}")
            if os.environ.get("REPORT_SHOTS"):
                window.screenshot(pathlib.Path(os.environ["REPORT_SHOTS"]) / f"report-{language}-{width}.png")


# The PDF

PDF_TOOLS = ("weasyprint", "chromium")


@functools.cache
def search_path(tool):
    """A folder of the system's programs in which `tool` is the only one that makes a PDF."""
    found = OBSERVERS / tool if (OBSERVERS / tool).exists() else shutil.which(tool)
    if not found:
        raise Skip("scripts/install-observers.sh was not run")
    folder = place() / f"path-{tool}"
    folder.mkdir()
    for each in itertools.chain(pathlib.Path("/usr/bin").iterdir(), pathlib.Path("/bin").iterdir()):
        if each.name not in PDF_TOOLS and not (folder / each.name).is_symlink():
            (folder / each.name).symlink_to(each)
    (folder / tool).symlink_to(found)
    return folder


def printed(tool, *words):
    return made("--format", "pdf", *words, env={"PATH": search_path(tool)})[0]


def poppler(program, folder, *words):
    """What a program of poppler-utils says of the PDF. Ligatures become letters again."""
    if not shutil.which(program):
        raise Skip("scripts/install-tools.sh was not run")
    done = Runner.run([program, *words, folder / "report.pdf", *(() if program == "pdfinfo" else ("-",))], env=environment())
    return unicodedata.normalize("NFKC", done.out)


def content_of(pdf):
    """Its bytes, and what its compressed parts hold."""
    parts = [pdf]
    for begin in re.finditer(rb"stream\r?\n", pdf):
        try:
            parts.append(zlib.decompressobj().decompress(pdf[begin.end():]))
        except zlib.error:
            pass  # a part that is not compressed, and there in `pdf`
    return b"\n".join(parts)


@suite.each(*((f"{tool}, {language}", tool, language) for tool in PDF_TOOLS for language in ("fr", "en")))
def a_pdf_has_every_section_on_pages_that_can_be_told_apart(_, tool, language):
    tenant = {"fr": (), "en": ("--tenant", OTHER)}[language]
    folder = printed(tool, "--lang", language, *tenant)
    info = dict(line.split(":", 1) for line in poppler("pdfinfo", folder).splitlines() if ":" in line)
    title, name = info["Title"].strip(), {"fr": papers.HOSPITAL, "en": OTHER_NAME}[language]
    for part in (name, MONTH):
        expect_in(part, title, "the title")
    count = int(info["Pages"])
    expect(count > 5, f"{count} pages")
    expect_equal((info["Tagged"].strip(), info["Encrypted"].strip()), ("yes", "no"), "tagged and encrypted")
    expect_in("A4", info["Page size"])
    content = content_of((folder / "report.pdf").read_bytes())
    expect(re.search(rb"/Lang\s*\(" + language.encode() + rb"\)", content), "no language")
    expect(b"/Outlines" in content, "no bookmarks")
    expect(b"/TH" in content and b"/Table" in content, "no tables among the tags")
    # Sections in order; the contents come before.
    _, titles = sections(folder)
    lines = [unicodedata.normalize("NFKC", line).strip() for line in poppler("pdftotext", folder, "-layout").splitlines()]
    wanted = [unicodedata.normalize("NFKC", each) for each in titles]
    expect_equal([line for line in lines if line in wanted][-SECTIONS:], wanted, "sections")
    # Each page says of whom and of when it is, and which it is.
    for number in range(1, count + 1):
        page = [line.strip() for line in poppler("pdftotext", folder, "-layout", "-f", str(number), "-l", str(number)).splitlines() if line.strip()]
        expect_equal(page[-1], f"{number} / {count}", "last line of a page")
        if number > 1:
            expect(name in page[0] and MONTH in page[0], f"page {number} begins with {page[0]!r}")
            expect(len(page) > 3, f"page {number} is empty")
    # Nothing is cut: each word lies between the margins, and a hash is whole.
    words = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)<', poppler("pdftotext", folder, "-bbox"))
    expect(len(words) > 1500, f"{len(words)} words")
    for left, top, right, bottom, word in words:
        expect(float(left) > 35 and float(right) < 561 and float(top) > 15 and float(bottom) < 830, f"{word} at {left} to {right}")
    known = hashlib.sha256((folder / "report.json").read_bytes()).hexdigest()
    expect_in(known, re.sub(r"\s", "", poppler("pdftotext", folder)))


@suite.each(*PDF_TOOLS)
def a_pdf_says_the_same_again_as_of_the_same_day(tool):
    """But for when it was made, and the hash of the facts, which say when they were put together."""
    def text():
        folder = printed(tool, "--month", papers.day(-1)[:7], "--as-of", papers.day(-1))
        known, moment = (folder / "report.json").read_bytes(), report(folder)["facts"]["made"]
        found = poppler("pdftotext", folder)
        for part in (f"{moment[:10]} {moment[11:16]} UTC", hashlib.sha256(known).hexdigest()):
            expect_in(part, found)
            found = found.replace(part, "…")
        return found
    expect_equal(text(), text(), "text")


@suite.test
def the_signature_covers_the_pdf():
    folder, row = made("--format", "pdf", env={"PATH": search_path("weasyprint")})
    expect_equal(row["files"], ["report.html", "report.json", "report.pdf"], "files")
    expect_in("report.pdf", (folder / "report.manifest").read_text())
    expect_in(row["signer"], verify(folder).out)
    content = bytearray((folder / "report.pdf").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "report.pdf").write_bytes(content)
    expect_in("report.pdf", verify(folder, exit=4).all)
    (folder / "report.pdf").unlink()
    expect_in("report.pdf", verify(folder, exit=4).all)


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
