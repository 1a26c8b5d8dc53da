"""The story of a certificate that ends. Three sites, each with a company, a group and a building of its own; a daemon that backs up each day; the certificate
of lyon ends in the middle of June 2035. Up to its last day lyon gets its copy. From the next day on it gets not one object of anybody, the alert says what
to do, what it holds restores; all of it is moved to strasbourg and shown to be the same; journal and report tell it.

The programs are the real ones, under a clock that is moved: libfaketime gives them the machine's clock and some years (files keep their own times, and the
clock that only counts seconds is the machine's). The daemon runs through all of it and meets each day as a clock that jumped.

Days that show nothing new are left out, so the month has backups that were missed, and the report says so.
"""
import contextlib
import ctypes
import datetime
import hashlib
import html
import importlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from daemons import Daemon
from hdstest import (HERE, Kept, Runner, Skip, Suite, away, environment, expect, expect_equal, expect_in, expect_restores, expect_same, fixture, fresh,
                     place, program, remove, working_day)

papers = importlib.import_module("20_sovereignty")
suite = Suite("22 story")
TOOLS = HERE.parent.parent / "docs" / "tools"
READER = HERE.parent / "Reader" / "hds_reader.py"
LAST = datetime.date(2035, 6, 15)  # the last day of lyon's certificate
MONTH = "2035-06"
SHARED_MEMORY = pathlib.Path("/dev/shm")  # where glibc has both, shm_overview(7)
OPENED = LAST - datetime.timedelta(days=100)
WARNED = LAST - datetime.timedelta(days=66)
PATIENCE = 180  # seconds for a day's work; a few on an idle machine
LAW = "HDS v2 EXI 12, 17; CSP R.1111-11"  # the clause of hds.valid


def june(number):
    return datetime.date(2035, 6, number)


# The clock

class Clock:
    """The clock of the programs that run in its environment; it goes on as the machine's does."""

    def __init__(self, path):
        self.path = path
        # libfaketime would make these itself, but by setenv before main, after which Swift's CommandLine has no arguments; and a program that is killed
        # would leave its own behind.
        self.shared = f"/hdstest-{os.getpid()}-{path.stem}"
        libc = ctypes.CDLL(None, use_errno=True)
        libc.sem_open.restype = ctypes.c_void_p
        expect(libc.sem_open(self.shared.encode(), os.O_CREAT, 0o600, 1), f"sem_open: {os.strerror(ctypes.get_errno())}")
        (SHARED_MEMORY / self.shared[1:]).write_bytes(bytes(4096))
        self.set(datetime.date.today())

    def close(self):
        for name in (self.shared[1:], f"sem.{self.shared[1:]}"):
            (SHARED_MEMORY / name).unlink(missing_ok=True)

    def set(self, day, hour=2, minute=15):
        """Gives the moment in seconds since 1970. A task begins ten minutes after its slot at the latest: what is daily at two is due at a quarter past."""
        moment = datetime.datetime.combine(day, datetime.time(hour, minute), datetime.timezone.utc).timestamp()
        new = self.path.with_suffix(".new")
        new.write_text(f"{moment - time.time():+.3f}\n")
        new.replace(self.path)  # never read half
        return int(moment)

    @property
    def environment(self):
        # $LIB is the dynamic linker's: lib/x86_64-linux-gnu, for instance.
        return {"LD_PRELOAD": "/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME_TIMESTAMP_FILE": self.path, "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "FAKETIME_SHARED": f"{self.shared} {self.shared}"}


# The hospital, its sites and its days

class Story(papers.Judged):
    """`through`: the last day of lyon's certificate; None: as long as the others'."""

    def __init__(self, name, through):
        papers.TODAY = OPENED
        self.clock = Clock(place() / f"{name}.clock")
        super().__init__(name, sites=("paris", "lille", "lyon"))
        self.statement("lille", media="tape")
        if through:
            self.paper("ev-hds-lyon", "HDS", f"{papers.COMPANY} lyon", validUntil=through.isoformat())
        self.settings["node"]["roles"] = ["write", "maintain"]
        self.settings["sovereignty"] |= {"datacentre": "dc-hopital", "media": "disk"}
        self.settings["source.dpi"]["schedule"] = "daily at 02:00"
        self.socket = self.root / "control.sock"
        self.settings["daemon"] = {"socket": self.socket, "listen": ""}
        self.told = self.root / "told"
        self.told.mkdir()
        script = self.root / "tell.sh"
        script.write_text(f'name=$(mktemp {self.told}/XXXXXX)\ncat > "$name"\nmv "$name" "$name.json"\n')
        self.settings["alert"] = {"command": ["sh", script]}
        self.kept, self.copies, self.shots, self.daemon = {}, {}, {}, None

    def environment(self, **changes):
        return super().environment(**self.clock.environment | changes)

    def open(self, day):
        from_ = self.clock.set(day)
        self.init()
        self.daemon = Daemon(self)
        self.kept[day] = Kept(self.source, self.root / "kept" / day.isoformat())
        self.first = self.wait(from_, "its first work")
        self.copies[day] = {site: self.commits(site) for site in self.sites}
        return self

    def close(self):
        if self.daemon:
            self.daemon.kill()
        self.clock.close()

    def day(self, day):
        """People work, and the daemon does what it does on that day."""
        working_day(self.source, seed=day.toordinal())
        self.kept[day] = Kept(self.source, self.root / "kept" / day.isoformat())
        from_ = self.clock.set(day)
        seen = self.wait(from_, f"the work of {day}")
        self.copies[day] = {site: self.commits(site) for site in self.sites}
        return seen

    def is_done(self, from_):
        """The overview, once a backup of that time or later has ended, the sites were looked at, and nothing is under way or due."""
        seen = self.daemon.overview()
        backup = next((run["started"] for run in seen["recent"] if run["kind"] == "backup" and run.get("exit") is not None), 0)
        is_idle = not seen["running"] and all(task["at"] > seen["now"] for task in seen["upcoming"])
        is_done = is_idle and backup >= from_ and (seen["tenants"][0].get("observed") or 0) >= from_
        time.sleep(0.3)  # an answer is work too
        return seen if is_done else None

    def wait(self, from_, what):
        # Twice: between the end of a run and the start of what follows from it nothing is under way either.
        try:
            return self.daemon.until(lambda: self.is_done(from_) and self.is_done(from_), what, PATIENCE)
        except AssertionError as error:
            error.add_note("\n".join(f"{name}: {self.daemon.overview()[name]}" for name in ("now", "running", "upcoming", "recent"))[:4000])
            error.add_note(self.daemon.log[-3000:])
            raise

    @property
    def notices(self):
        """What the alert's command was told, in order."""
        tellings = sorted((json.loads(file.read_text()) for file in self.told.glob("*.json")), key=lambda telling: telling["time"])
        return [notice for telling in tellings for notice in telling["notices"]]

    def key(self, kind, site):
        return f"{kind}:{self.tenant}/{site}"

    def wait_told(self, event, key):
        return self.daemon.until(lambda: next((each for each in self.notices if (each["event"], each["key"]) == (event, key)), None),
                                 f"{key} is told as {event}")

    def footprint(self, site):
        """Everything below the site's folder: kind, size, time of change and number of each file and folder."""
        found = {}
        for path in [self.site(site), *self.site(site).rglob("*")]:
            info = path.lstat()
            found[str(path.relative_to(self.site(site)))] = (info.st_mode, info.st_size, info.st_mtime_ns, info.st_ino)
        return found

    def packs(self, site):
        """{digest: size}; the bytes are what the name says."""
        found = {}
        for key in self.objects(site, "packs"):
            content = (self.prefix(site) / key).read_bytes()
            digest = key.split("/")[-1].split(".")[0]
            expect_equal(hashlib.sha256(content).hexdigest(), digest, f"the hash of {site}:{key}")
            found[digest] = len(content)
        return found

    def commits(self, site):
        """Of each snapshot the SHA-256 of its manifest, from the slots with outcome 1 (docs/FORMAT.md, 9.4)."""
        found = {}
        for key in self.objects(site, "commits"):
            body = (self.prefix(site) / key).read_bytes()[36:]
            if body[52] == 1:
                found[body[:16].hex()] = body[53:85].hex()
        return found

    def digits(self):
        source, = self.run("status", "--alone", "--json", exit=None).json["tenants"][0]["sources"]
        return {digit["digit"]: (digit["known"], digit["verdict"], tuple(digit["sites"])) for digit in source["digits"]}


def begun(name, through, day):
    story = Story(name, through)
    suite.ends.append(story.close)
    return story.open(day)


# Acts, each after the one before

@fixture
def story():
    """Hundred days before: nothing is near its end."""
    # As it is installed: beside the program.
    shutil.copytree(papers.ETC / "report", program().parent.parent / "share" / "hdsbackup" / "report")
    machine = begun("story", LAST, OPENED)
    machine.shots[OPENED] = machine.ids("--site", "lyon")[-1]
    return machine


@fixture
def warned():
    """Sixty-six days before."""
    machine = story()
    machine.warning = machine.day(WARNED)
    machine.warning_told = machine.wait_told("raised", machine.key("policy-soon", "lyon"))
    return machine


@fixture
def ending():
    """The month begins; the last day comes."""
    machine = warned()
    machine.urgent = machine.day(june(1))
    machine.last = machine.day(LAST)
    machine.shots[LAST] = machine.ids("--site", "lyon")[-1]
    machine.digits_before = machine.digits()
    machine.full = machine.footprint("lyon")
    return machine


@fixture
def over():
    """The day after, with everything that would write: the daemon's tasks, and a person's commands."""
    machine = ending()
    journal = {site: len(machine.objects(site, "journal")) for site in machine.sites}
    machine.after = machine.day(june(16))
    machine.refusal_told = machine.wait_told("raised", machine.key("policy", "lyon"))
    machine.commands = {
        "backup": machine.run("backup", "--alone", exit=3), "replicate": machine.run("replicate", "--alone", exit=5),
        "replicate --to": machine.run("replicate", "--alone", "--to", "lyon", exit=5), "site probe": machine.run("site", "probe", "lyon", exit=5),
        "verify": machine.run("verify", "--alone", "--read", "all"), "journal close": machine.run("journal", "close"),
    }
    machine.copies_then = {site: machine.commits(site) for site in machine.sites}
    machine.status_then = machine.run("status", "--alone", "--json", exit=None)
    machine.check_then = machine.run("site", "check", "lyon", "--json", exit=5).json["sites"][0]
    machine.journal_at = {site: (before, len(machine.objects(site, "journal"))) for site, before in journal.items()}
    machine.footprint_then = machine.footprint("lyon")
    return machine


@fixture
def evacuated():
    """Strasbourg is added with its papers, and lyon is moved there. The daemon does not know of it yet."""
    machine = over()
    machine.day(june(17))
    machine.digits_refused = machine.digits()
    machine.statement("strasbourg")
    machine.add_site("strasbourg")
    machine.tenant_settings["sites"] = ["paris", "lille", "lyon", "strasbourg"]
    machine.write()
    machine.run("init", "--kit", machine.kit, exit=5, before=os.setsid)
    machine.plan = machine.run("evacuate", "lyon", "--to", "strasbourg", "--dry-run", "--json").json
    machine.packs_after_plan = machine.objects("strasbourg", "packs")
    machine.moved = machine.run("evacuate", "lyon", "--to", "strasbourg", "--json").json
    machine.packs_after_move, machine.commits_after_move = machine.packs("strasbourg"), machine.commits("strasbourg")
    machine.report_of_the_move = report_of(machine, june(17))
    return machine


@fixture
def green():
    """Lyon is left out; the month goes to its end."""
    machine = evacuated()
    machine.tenant_settings["sites"] = ["paris", "lille", "strasbourg"]
    machine.write()
    machine.run("config", "reload")
    machine.day(june(18))
    machine.end = machine.day(june(30))
    machine.digits_end = machine.digits()
    machine.trusted = fresh("trusted")
    machine.run("journal", "export", "--tenant", machine.tenant, "--to", machine.trusted)
    machine.report_of_the_month = report_of(machine, june(30))
    return machine


def expect_as_it_was(machine, now=None):
    """Lyon, to the last file and folder, as at the end of its last day."""
    then, now = machine.full, now or machine.footprint("lyon")
    changed = sorted(path for path in {*then, *now} if then.get(path) != now.get(path))
    expect(not changed, f"lyon has changed: {changed}")


def report_of(machine, day):
    """The month's report in French, as of today."""
    folder = fresh("report")
    row = machine.run("report", "--to", folder, "--month", MONTH, "--lang", "fr", "--json").json
    expect_equal((row["month"], row["as_of"], row["files"]), (MONTH, day.isoformat(), ["report.html", "report.json"]), "the report")
    return folder


def policy_alerts(overview):
    """{key: alert} of what policy says of sites; of all copies together it always says that none is offline or immutable."""
    return {each["key"]: each for each in overview["alerts"] if each["key"].startswith("policy") and "/" in each["key"]}


# The clock

@suite.test
def programs_have_the_clock_that_they_are_given():
    with contextlib.closing(Clock(place() / "clock")) as clock:
        clock.set(june(1), 12)
        shown = Runner.run(["date", "-u", "+%F %H"], env=environment(**clock.environment)).out
    expect(shown == "2035-06-01 12\n", f"libfaketime does not work here (scripts/install-tools.sh installs it): it is {shown}")
    machine = story()
    expect_equal(machine.explain("lyon")["day"], OPENED.isoformat(), "the day on which the program judges")
    expect_equal(machine.first["now"] // 86_400, (OPENED - datetime.date(1970, 1, 1)).days, "the day of the daemon")


# The certificate ends

@suite.test
def long_before_nothing_is_told_and_every_site_gets_its_copy():
    machine = story()
    expect_equal(policy_alerts(machine.first), {}, "what policy alerts of")
    expect_equal(sorted(machine.copies[OPENED]), ["lille", "lyon", "paris"], "sites")
    expect_equal({len(held) for held in machine.copies[OPENED].values()}, {1}, "snapshots")


@suite.test
def ninety_days_ahead_a_warning_says_what_ends_and_when_and_thirty_days_ahead_it_is_critical():
    machine = warned()
    key = machine.key("policy-soon", "lyon")
    expect_equal({name: alert["level"] for name, alert in policy_alerts(machine.warning).items()}, {key: "warning"}, "what policy alerts of")
    for part in ("lyon", "hds.valid", LAST.isoformat(), "HDS"):
        expect_in(part, machine.warning_told["text"], "what is told")
    ending()
    expect_equal({name: alert["level"] for name, alert in policy_alerts(machine.urgent).items()}, {key: "critical"}, "what policy alerts of in June")
    expect_equal([each["level"] for each in machine.notices if each["key"] == key and each["event"] == "raised"], ["warning", "critical"], "told as")


@suite.test
def through_the_last_day_lyon_gets_every_copy():
    machine = ending()
    for day, held in machine.copies.items():
        expect(held["lyon"] == held["paris"] or day > LAST, f"lyon lacks a snapshot on {day}")
    expect_equal(list(policy_alerts(machine.last)), [machine.key("policy-soon", "lyon")], "what policy alerts of on the last day")


@suite.test
def from_the_day_after_on_lyon_gets_not_one_object():
    """Backups, replication, verification and the journal, of the daemon and of a person."""
    machine = over()
    grown = {site: sorted(set(held) - set(machine.copies[LAST][site])) for site, held in machine.copies_then.items()}
    expect_equal((len(grown["paris"]), grown["lille"], grown["lyon"]), (2, grown["paris"], []), "new snapshots")
    expect(machine.journal_at["paris"][1] > machine.journal_at["paris"][0], "no journal came to paris: nothing is shown by none at lyon")
    expect_as_it_was(machine, machine.footprint_then)
    for name in ("backup", "replicate", "replicate --to", "site probe"):
        papers.refused(machine.commands[name], "hds.valid")
        for part in ("lyon", LAW, "hdsbackup evacuate"):
            expect_in(part, machine.commands[name].all, name)


@suite.test
def the_alert_names_the_site_and_the_rule_and_says_what_to_do():
    machine = over()
    key = machine.key("policy", "lyon")
    expect_equal({name: alert["level"] for name, alert in policy_alerts(machine.after).items()}, {key: "critical"}, "what policy alerts of")
    expect_equal(machine.refusal_told["level"], "critical", "told as")
    for text in (machine.refusal_told["text"], policy_alerts(machine.after)[key]["text"]):
        for part in ("lyon", "hds.valid", "ev-hds-lyon", "hdsbackup evacuate"):
            expect_in(part, text, "the alert")
    expect(any((each["event"], each["key"]) == ("cleared", machine.key("policy-soon", "lyon")) for each in machine.notices), "still told as near its end")
    row, = [row for row in machine.status_then.json["tenants"][0]["policy"] if row.get("site") == "lyon"]
    expect_equal((row["outcome"], row["rule"]), ("deny", "hds.valid"), "what status says")
    expect_equal(machine.status_then.exit, 5, "exit status of status")
    rule = machine.check_then["rules"][0]
    expect_equal((rule["rule"], rule["outcome"], rule["clause"]), ("hds.valid", "deny", LAW), "what site check says")


@suite.test
def what_lyon_holds_restores_as_ever():
    machine = over()
    for day in (OPENED, LAST):
        expect_restores(machine, machine.shots[day], machine.source, machine.kept[day], "--site", "lyon")
    expect_as_it_was(machine)


# The data moves

@suite.test
def the_plan_says_what_is_to_be_moved_and_moves_nothing():
    machine = evacuated()
    packs = machine.packs("lyon")
    expect_equal(machine.packs_after_plan, {}, "packs at strasbourg after the plan")
    plan = machine.plan
    expect_equal((plan["dry"], plan["snapshots"], sorted(plan["missing"]), plan["complete"]),
                 (True, len(machine.commits("lyon")), sorted(machine.commits("lyon")), False), "snapshots")
    expect_equal((plan["missing_packs"], plan["missing_bytes"]), (len(packs), sum(packs.values())), "packs and bytes")


@suite.test
def after_the_move_counts_agree_and_lyon_is_as_it_was():
    machine = evacuated()
    moved, lyon, strasbourg = machine.moved, machine.packs("lyon"), machine.packs_after_move
    expect_equal((moved["complete"], moved["missing"], moved["missing_packs"], moved["missing_bytes"]), (True, [], 0, 0), "what lacks")
    expect_equal((moved["snapshots"], moved["verified_packs"]), (len(machine.commits("lyon")), len(strasbourg)), "snapshots, and packs that were read")
    arrived = {digest: strasbourg.get(digest) for digest in lyon}
    expect_equal((len(arrived), sum(size or 0 for size in arrived.values()), arrived), (len(lyon), sum(lyon.values()), lyon), "packs and bytes")
    arrived = {snapshot: machine.commits_after_move.get(snapshot) for snapshot in machine.commits("lyon")}
    expect_equal(arrived, machine.commits("lyon"), "snapshots and their manifests")
    left = machine.objects("lyon")
    expect_equal((moved["left_objects"], moved["left_bytes"]), (len(left), sum(left.values())), "what is left")
    expect_as_it_was(machine)


@suite.test
def the_roots_of_both_sites_agree_and_one_changed_byte_shows():
    """By docs/MIGRATION.md, 2 and 3, and docs/tools/merkle.py, without the program. See `leaves`."""
    machine = evacuated()
    names, lists = None, {}
    for site in ("lyon", "strasbourg"):
        lists[site] = leaves(machine.prefix(site), names)
        names = names or set(lists[site])
    kinds = {kind: sum(name.startswith(kind + "/") for name in names) for kind in ("packs", "commits", "snapshots", "descriptor", "keys")}
    expect_equal((kinds["packs"], kinds["commits"], kinds["snapshots"]), (len(machine.packs("lyon")),) + 2 * (len(machine.commits("lyon")),), "leaves")
    expect(kinds["descriptor"] and kinds["keys"] and sum(kinds.values()) == len(names), f"leaves: {kinds}")
    roots = {site: merkle(found, machine.prefix(site)) for site, found in lists.items()}
    expect_equal(roots["strasbourg"].out, roots["lyon"].out, "root, leaves and bytes")
    expect_in(f"{len(names)} leaves, ", roots["lyon"].out)
    # Lyon's own list, with each object read at strasbourg.
    expect_equal(merkle(lists["lyon"], machine.prefix("strasbourg")).out, roots["lyon"].out, "root by lyon's list")
    copy = fresh("altered")
    shutil.copytree(machine.prefix("strasbourg"), copy)
    pack = next(path for path in sorted(copy.glob("packs/*/*")) if f"packs/{path.name.split('.')[0]}" in names)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)
    merkle(lists["lyon"], copy, exit=4)
    expect(merkle(leaves(copy, names), copy).out != roots["lyon"].out, "the root is the same with another byte")
    remove(copy)


def leaves(folder, names=None):
    """{name: (sha256, size)} of a copy, of `names` where they are given. Covered: every pack, every committed snapshot, its manifest, the descriptors and the
    key wraps. Left out is what a site has of its own, and what is under `journal/`, which is sealed anew for each site."""
    found = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        kind, *rest = path.relative_to(folder).parts
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if kind == "packs":
            found.setdefault(f"packs/{rest[-1].split('.')[0]}", (digest, len(content)))
        elif kind == "commits":
            body = content[36:]
            if body[52] == 1:
                found[f"commits/{body[:16].hex()}.{body[53:85].hex()}"] = (body[53:85].hex(), 0)
        elif kind in ("snapshots", "descriptor", "keys"):
            found["/".join((kind, *rest))] = (digest, len(content))
    return {name: leaf for name, leaf in sorted(found.items()) if names is None or name in names}


def merkle(found, folder, exit=0):
    listed = fresh("leaves")
    listed.write_text("".join(f"{digest} {size} {name}\n" for name, (digest, size) in found.items()))
    return Runner.run([sys.executable, TOOLS / "merkle.py", listed, "--folder", folder], env=environment(), exit=exit)


@suite.test
def strasbourg_alone_restores_what_lyon_held():
    machine = evacuated()
    with away(*(machine.site(site) for site in ("paris", "lille", "lyon"))):
        for day in (OPENED, LAST):
            expect_restores(machine, machine.shots[day], machine.source, machine.kept[day], "--site", "strasbourg")


@suite.test
def the_independent_reader_finds_strasbourg_whole_and_restores_from_it():
    machine = evacuated()
    python = HERE.parent.parent / ".venv-tests" / "bin" / "python"
    python = python if python.exists() else sys.executable
    if subprocess.run([python, "-c", "import cryptography.hazmat.primitives.asymmetric.mlkem"], capture_output=True, check=False).returncode:
        raise Skip("no Python library with ML-KEM")
    words = [python, READER, "--kit", machine.kit, "--site", machine.site("strasbourg")]
    env, target = environment(PYTHONDONTWRITEBYTECODE="1"), fresh()
    Runner.run([*words, "verify"], env=env)
    Runner.run([*words, "extract", machine.shots[LAST], target], env=env)
    expect_same(machine.kept[LAST], pathlib.Path(f"{target}{machine.source}"))
    remove(target)


# All is well again

@suite.test
def without_lyon_policy_is_content_again():
    machine = green()
    expect_equal(policy_alerts(machine.end), {}, "what policy alerts of")
    expect(any((each["event"], each["key"]) == ("cleared", machine.key("policy", "lyon")) for each in machine.notices), "the alert is not told to be over")
    outcomes = machine.check_all()
    expect_equal({site: outcomes[site] for site in machine.sites}, dict.fromkeys(("paris", "lille", "strasbourg"), "allow"), "outcomes")
    held = machine.copies[june(30)]
    expect_equal((held["lille"], held["strasbourg"]), (held["paris"], held["paris"]), "snapshots")
    expect_as_it_was(machine)
    expect_restores(machine, "latest", machine.source, machine.kept[june(30)], "--site", "strasbourg")


@suite.test
def the_digits_fall_with_lyon_and_are_back_with_strasbourg():
    """The data itself is one copy. Nothing here is offline or immutable, and all was read."""
    machine = green()
    for when, sites, found in (("before", ("paris", "lille", "lyon"), machine.digits_before), ("refused", ("paris", "lille"), machine.digits_refused),
                               ("at the end", ("paris", "lille", "strasbourg"), machine.digits_end)):
        count = len(sites)
        expect_equal(found, {"copies": (count + 1, "holds", sites), "media": (2, "holds", sites), "offSite": (count, "holds", sites),
                             "offline": (0, "fails", ()), "immutable": (0, "fails", ()), "unverified": (0, "holds", ())}, f"digits {when}")


# What is written down

@suite.test
def the_journal_is_whole_and_tells_what_was_decided_and_that_data_was_moved():
    machine = green()
    machine.run("journal", "verify")
    Runner.run(["sh", TOOLS / "journal-verify.sh", machine.trusted / "keys", machine.trusted / "operations"], env=environment())
    entries = [json.loads(line) for line in (machine.trusted / "operations.jsonl").read_text().splitlines()]
    decided = [(entry["time"][:10], entry["outcome"], entry["details"]["outcome"], entry["details"].get("rule.1")) for entry in entries
               if entry["kind"] == "policy-decision" and entry["object"] == {"site": "lyon"} and "source" not in entry["details"]]
    expect_equal(list(dict.fromkeys(each for each in decided if each[0] >= LAST.isoformat())),
                 [("2035-06-15", "done", "warn", "hds.valid"), ("2035-06-16", "refused", "deny", "hds.valid"), ("2035-06-17", "refused", "deny", "hds.valid")],
                 "what was decided of lyon from its last day on")
    moves = [(entry["time"][:10], entry["outcome"], entry["details"]["command"]) for entry in entries if entry["kind"] == "migration"]
    expect_equal(moves, [("2035-06-17", "done", "evacuate")], "moves")
    expect(not any(entry["outcome"] == "refused" and entry["object"] != {"site": "lyon"} for entry in entries if entry["kind"] == "policy-decision"),
           "another site was refused")


def report_in(folder):
    """Its signature, hashes and files are right; its content, and the page."""
    Runner.run(["sh", TOOLS / "report-verify.sh", green().trusted / "keys", folder], env=environment())
    return json.loads((folder / "report.json").read_text("utf-8")), html.unescape((folder / "report.html").read_text("utf-8")).replace("\u00a0", " ")


@suite.test
def the_report_of_the_day_of_the_move_tells_what_ended_what_was_refused_and_where_the_data_is():
    """It is made while the configuration still names lyon: a report speaks of the sites of the configuration alone."""
    machine = green()
    found, page = report_in(machine.report_of_the_move)
    facts, gaps = found["facts"], {gap["id"]: gap for gap in found["gaps"]}
    expect_equal({site["id"] for site in facts["sites"]}, {"paris", "lille", "lyon", "strasbourg"}, "sites")
    ends = {each["id"]: each["valid_until"] for each in facts["certificates"] if each["kind"] == "HDS"}
    expect_equal(ends["ev-hds-lyon"], LAST.isoformat(), "the end of lyon's certificate")
    expect(min(end for name, end in ends.items() if name != "ev-hds-lyon") > "2035-12-31", f"another one ends: {ends}")
    decided = {each["site"]: each for each in facts["decisions"]}
    expect_equal({site: each["outcome"] for site, each in decided.items()}, {"paris": "allow", "lille": "allow", "lyon": "deny", "strasbourg": "allow"},
                 "what policy says")
    finding = decided["lyon"]["findings"][0]
    expect_equal((finding["rule"], finding["clause"], finding["outcome"]), ("hds.valid", LAW, "deny"), "the rule that decides")
    for name in ("certificate.expired:ev-hds-lyon", f"policy.finding:{machine.tenant}/lyon/hds.valid"):
        expect_equal(gaps[name]["level"], "major", name)
        expect_in(gaps[name]["text"]["fr"], page, "the page")
    # The row of the calendar, and one that is in order.
    row, = [row for row in page.splitlines() if "HDS (ev-hds-lyon)" in row]
    for part in (LAST.isoformat(), "expiré"):
        expect_in(part, row, "lyon's row")
    expect("expiré" not in page.replace(row, ""), "another document is said to be over")
    for part in (f"{papers.COMPANY} lyon", f"{papers.COMPANY} strasbourg", LAW, finding["reason"]["fr"], finding["remedy"]["fr"]):
        expect_in(part, page, "the page")


@suite.test
def the_report_of_the_month_has_strasbourg_and_no_refusal():
    machine = green()
    found, page = report_in(machine.report_of_the_month)
    facts = found["facts"]
    expect_equal([site["id"] for site in facts["sites"]], machine.sites, "sites")
    expect_equal({each["site"]: each["outcome"] for each in facts["decisions"]}, dict.fromkeys(machine.sites, "allow"), "what policy says")
    expect_equal([gap["id"] for gap in found["gaps"] if gap["id"].startswith(("certificate.expired", "policy.finding"))], [], "gaps")
    checked = {each["site"]: (each["coverage"], each["faults"], each["outstanding"]) for each in facts["verifications"]}
    expect_equal(checked, dict.fromkeys(machine.sites, (1, 0, 0)), "verified")
    execution = facts["sources"][0]["execution"]
    done = {1: "succeeded", 15: "succeeded", 16: "partial", 17: "partial", 18: "succeeded", 30: "succeeded"}
    expect_equal([moment[:10] for moment in execution["missed"]], [june(day).isoformat() for day in range(1, 31) if day not in done], "days left out")
    # Three in part: on the 16th a person took one too.
    expect_equal({each: execution[each] for each in ("planned", "succeeded", "partial", "failed")},
                 {"planned": 30, "succeeded": 4, "partial": 3, "failed": 0}, "backups")
    expect(facts["journal"]["chains"] and all(chain["is_whole"] for chain in facts["journal"]["chains"]), "a ledger is not whole")
    expect_in("HDS (ev-hds-strasbourg)", page, "the page")


# The same without an end

@suite.test
def a_certificate_that_does_not_end_is_told_of_by_nobody():
    machine = begun("without", None, WARNED)
    for day, seen in ((WARNED, machine.first), (june(16), machine.day(june(16)))):
        expect_equal(policy_alerts(seen), {}, f"what policy alerts of on {day}")
    expect_equal([each for each in machine.notices if each["key"].startswith("policy") and "/" in each["key"]], [], "what was told")
    expect_equal(machine.copies[june(16)]["lyon"], machine.copies[june(16)]["paris"], "snapshots at lyon")


if __name__ == "__main__":
    suite.main()
