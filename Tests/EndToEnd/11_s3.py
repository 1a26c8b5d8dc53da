"""Sites in real S3 stores: they die, stall, lie, refuse, lock, and are vandalised.

Run by 11-s3.sh, which starts the stores where HDS_STORES does not name running ones.

    HDSTEST_ROUNDS=n    kills of `replicate` (10)
    HDSTEST_SEED=text   other moments
"""
import concurrent.futures
import contextlib
import datetime
import functools
import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time

import hdstest
import s3sites
from hdstest import (ONE_PACK, Kept, Runner, Suite, Watched, below, expect, expect_equal, expect_in, expect_same, fixture, fresh)
from s3sites import (ROLES, Bare, Bucket, Days, S3Machine, access_key, committed, days_from_now, expect_no_damage, pending, store,
                     stores)
import fault_proxy  # of Tests/Stores, which s3sites made known
import s3client

suite = Suite("11 s3")
ENFORCING = {"paris": "seaweedfs", "brest": "ceph"}
dice = random.Random(os.environ.get("HDSTEST_SEED", "11"))
MIB = 1 << 20


def timed(body):
    began = time.monotonic()
    result = body()
    return result, time.monotonic() - began


# Three sites, one lost and back

@fixture
def three():
    """Three days at a folder and two stores, one of which is killed in the second and back only after the third."""
    machine = S3Machine("three", files=["disk"], buckets=[Bucket("paris"), Bucket("brest")]).sample(mib=2)
    days = machine.days = Days(machine)
    machine.first = days.backup()
    machine.dice(3000)
    kept, run = Kept(machine.source, fresh("kept")), Watched(machine, "backup", "--json")
    machine.went = time.time()
    try:
        expect(run.reach("pack stored"), "no pack was stored")
        run.pause()
        store("brest").kill()
        run.go_on()
        machine.second = run.finish()
        days.kept[machine.second.lines[0]["snapshot"]] = kept
        machine.in_between = machine.run("status", "--json", exit=None)
        machine.lacked = pending(machine)
        machine.dice()
        machine.third = days.backup(exit=3)
        machine.lacked_later = pending(machine)
    finally:
        run.kill()
        stores().start("ceph", "brest")
    return machine


@suite.test
def a_backup_ends_by_itself_when_a_store_is_killed_in_its_midst_and_the_others_have_the_snapshot():
    machine = three()
    expect_equal(committed(machine.first), {"disk": True, "paris": True, "brest": True}, "committed on the first day")
    expect_equal(machine.second.exit, 3, "exit status")
    expect_equal(committed(machine.second.lines[0]), {"disk": True, "paris": True, "brest": False}, "committed on the second day")
    expect_no_damage(machine.second)


@suite.test
def the_next_day_is_backed_up_without_it():
    expect_equal(committed(three().third), {"disk": True, "paris": True, "brest": False}, "committed")


@suite.test
def status_and_the_queue_say_what_it_lacks_and_since_when():
    machine = three()
    snapshot = machine.second.lines[0]["snapshot"]
    row, = machine.lacked
    expect_equal((row["site"], row["kind"], row["reason"]), ("brest", "snapshot", "absent"), "what is pending")
    expect_in(snapshot[:8], row["object"], "what is pending")
    since = datetime.datetime.fromisoformat(row["since"]).timestamp()
    expect(machine.went - 2 <= since <= machine.went + 60, f"since {row['since']}")
    expect_equal(machine.in_between.exit, 6, "exit status of `status`")
    site, = [each for each in machine.in_between.json["tenants"][0]["sites"] if each["site"] == "brest"]
    expect_equal((site["reachable"], site["lacks"], site["lacks_since"]), (False, 1, row["since"]), "brest in `status`")
    expect(site["detail"], "`status` does not say why")
    lacked = {each["object"] for each in machine.lacked_later}
    for day, line in (("second", machine.second.lines[0]), ("third", machine.third)):
        expect(any(line["snapshot"].startswith(each) or each.startswith(line["snapshot"]) for each in lacked),
               f"the snapshot of the {day} day is not pending after the third: {lacked}")


@suite.test
def it_comes_back_and_replicate_brings_all_that_it_lacks():
    machine = three()
    machine.run("replicate")
    expect_equal(pending(machine), [], "what is pending")
    for each in machine.snapshots():
        expect_equal(sorted(each["sites"]), ["brest", "disk", "paris"], f"sites of {each['id']}")
    machine.run("verify", "--read", "all")
    machine.run("status")
    for line in machine.run("replicate", "--json").lines:
        expect_equal((line["level"], line["snapshots"], line["packs"]), (True, [], 0), f"replicating to {line['site']} again")


@suite.each("disk", "paris", "brest")
def every_site_alone_restores_every_day(site):
    three().days.expect_all("--site", site)


@suite.each("paris", "brest")
def a_bare_machine_restores_from_the_kit_and_one_store(site):
    machine = three()
    bare = Bare(machine, site)
    machine.days.expect_all("--site", site, machine=bare)
    bucket = machine.buckets[site]
    typed = Bare(machine, site, f"s3:{bucket.store.endpoint}/{bucket.name}")
    machine.days.expect(machine.days.last, "--site", site, machine=typed)


@suite.test
def a_bare_machine_whose_key_is_for_one_store_passes_over_the_others():
    machine = three()
    with hdstest.away(machine.site("disk")):
        bare = Bare(machine, "brest")
        machine.days.expect(machine.days.last, machine=bare)


# A store that accepts and never answers

@contextlib.contextmanager
def paused(name):
    store(name).pause()
    try:
        yield
    finally:
        store(name).resume()


BOUND = 45  # seconds; a request is given up after 8, and three requests in a row that were given up end the asking


def patient(name):
    machine = S3Machine(name, files=["disk"], buckets=[Bucket("lille")])
    machine.settings["site.lille"]["timeout"] = "2s"
    machine.sample()
    machine.days = Days(machine)
    machine.days.backup()
    machine.run("status")
    return machine


@fixture
def stalled():
    """What went on while a store was paused: commands that read, a restore that would ask it first, and a backup that had begun
    before. {what: result, seconds}"""
    machine, writing = patient("patient"), patient("stalled")
    last, target = machine.days.last, fresh()
    writing.dice(2000)
    kept, run = Kept(writing.source, fresh("kept")), Watched(writing, "backup", "--json")
    first = machine.config.with_name("lille-first.toml")
    first.write_text(machine.config.read_text().replace('sites = ["disk", "lille"]', 'sites = ["lille", "disk"]'))
    expect(first.read_text() != machine.config.read_text(), "the order of the sites was not changed")
    words = {words: machine.words(*words) for words in reading(last)}
    words["restore"] = machine.words("restore", last, "--to", target, config=first)
    probing()
    expect(run.reach("pack stored"), "no pack was stored")
    run.pause()
    with paused("lille"), concurrent.futures.ThreadPoolExecutor(len(words) + 1) as pool:
        run.go_on()
        results = {name: pool.submit(timed, functools.partial(Runner.run, each, exit=None, env=machine.environment()))
                   for name, each in words.items()}
        results["backup"] = pool.submit(timed, run.finish)
    results = {name: each.result() for name, each in results.items()}
    expect_same(machine.days.kept[last], below(target, machine.source))
    writing.days.kept[results["backup"][0].lines[0]["snapshot"]] = kept
    return writing, results


def reading(last):
    """Commands, and the exit status of each while one of two sites does not answer."""
    return {("snapshots",): (0, 3, 6), ("status",): (6,), ("site", "list"): (6,), ("verify",): (3, 6), ("replicate",): (6,), ("site", "renew"): (6,),
            ("snapshots", "--site", "lille"): (6,), ("verify", "--site", "lille"): (6,), ("ls", last): (0,), ("replicate", "--to", "lille"): (6,),
            ("restore", last, "--to", "/nowhere", "--site", "lille"): (6,), ("site", "probe", "lille"): (6,)}


def expect_in_time(result, took, *rights):
    expect(took < BOUND, f"{result} took {took:.0f} s")
    expect(result.exit in rights, f"wanted {rights} of {result!r}")
    expect_no_damage(result)


@suite.test
def a_paused_store_ends_no_command_late_and_is_no_damage():
    wrong = []
    _, results = stalled()
    for words, rights in reading(results["restore"][0].words[2]).items():
        try:
            expect_in_time(*results[words], *rights)
        except AssertionError as error:
            wrong.append(str(error))
    expect(not wrong, "\n".join(wrong))


@suite.test
def a_restore_passes_over_a_paused_store_that_it_would_ask_first():
    expect_in_time(*stalled()[1]["restore"], 0)


@suite.test
def a_store_that_stalls_in_the_midst_of_a_backup_drops_out_and_the_other_goes_on():
    machine, results = stalled()
    result, _ = results["backup"]
    expect_in_time(*results["backup"], 3)
    expect_equal(committed(result.lines[0]), {"disk": True, "lille": False}, "committed")
    machine.run("replicate")
    machine.days.expect_all("--site", "lille")
    expect_equal(pending(machine), [], "what is pending")


# Roles: three machines, each with its own keys, ours and the store's

class Roles:
    """A locked bucket with rights for roles, and the machines of the three roles. `node_locks`: the node locks what it puts; else
    the bucket does, and the node's configuration knows of no lock."""

    def __init__(self, site, node_locks):
        self.bucket = bucket = Bucket(site, locked=True, roles=True, node_locks=node_locks)
        elsewhere = fresh("keys")
        self.node = S3Machine(f"node-{site}", roles=["write"])
        self.node.add_bucket(bucket, roles={"write": "node"}, **({} if node_locks else {"object_lock": None}))
        del self.node.tenant_settings["keys_together"]
        hdstest.hospital(self.node.source, mib=1)
        self.node.add_source("dpi", self.node.source).write()
        self.node.run("init", "--kit-out", self.node.kit, "--restore-keys", elsewhere, before=os.setsid)
        self.days = Days(self.node)
        fingerprint = re.search(r"[0-9a-f]{64}", self.node.kit.read_text())[0]
        self.maintenance = self.machine("maintain", elsewhere, fingerprint)
        self.restore = self.machine("restore", elsewhere, fingerprint)

    def machine(self, role, elsewhere, fingerprint):
        made = S3Machine(f"{role}-{self.bucket.site}", roles=["maintain"] if role == "maintain" else [])
        made.add_bucket(self.bucket, roles={role: ROLES[role]})
        made.tenant_settings["fingerprint"] = fingerprint
        (made.keys / made.tenant).mkdir(mode=0o700)
        shutil.copy(elsewhere / made.tenant / f"{role}.key", made.keys / made.tenant)
        return made.write()


@fixture
def roles():
    return {site: Roles(site, node_locks=site == "paris") for site in ENFORCING}


@suite.each(*ENFORCING)
def a_node_prepares_and_backs_up_with_the_node_key_alone_and_all_is_locked(site):
    each = roles()[site]
    for _ in range(2):
        each.days.backup()
        each.node.dice()
    each.node.run("snapshots")
    for key, whole in each.bucket.keys().items():
        days = retention(each.bucket, whole)
        expect(days and 13.9 < days < 14.1, f"{key} is locked for {days} days")


@suite.each(*ENFORCING)
def maintenance_replicates_and_renews_with_its_key_alone(site):
    each = roles()[site]
    each.maintenance.run("replicate", "--inventory")
    each.maintenance.run("site", "renew")
    each.maintenance.run("status")


@suite.each(*ENFORCING)
def who_restores_reads_and_verifies_with_the_restore_key_alone(site):
    each = roles()[site]
    each.days.expect_all(machine=each.restore)
    each.restore.run("verify", "--read", "all", "--open")
    each.restore.run("status")


def refused(body):
    """The store's status where it refuses; 200 where it does not."""
    try:
        body()
    except s3client.Refused as error:
        return error.status
    return 200


@suite.each(*ENFORCING)
def the_node_key_deletes_nothing_and_what_it_puts_over_a_pack_hides_it_from_nobody(site):
    each = roles()[site]
    bucket, node = each.bucket, each.bucket.store.client("node")
    for whole in [bucket.keys(below)[key] for below in ("packs/", "index/", "snapshots/", "descriptor/") for key in sorted(bucket.keys(below))[:1]]:
        version, = bucket.versions(whole)
        expect_equal(refused(lambda: node.delete(bucket.name, whole)), 403, f"deleting {whole}")
        expect_equal(refused(lambda: node.delete(bucket.name, whole, version)), 403, f"deleting the version of {whole}")
        expect_equal(refused(lambda: node.delete(bucket.name, whole, version, bypass=True)), 403, f"deleting it, bypassing the lock, {whole}")
        expect_equal(refused(lambda: node.set_retention(bucket.name, whole, "GOVERNANCE", 60, version, bypass=True)), 403, f"shortening {whole}")
        node.put(bucket.name, whole, garbage(bucket, whole))
        expect_in(version, bucket.versions(whole), f"versions of {whole}")
    for whole in bucket.client.keys(bucket.agree):
        expect_equal(refused(lambda: node.delete(bucket.agree, whole)), 403, f"deleting {whole}")
    each.restore.forget_state()
    each.days.expect_all(machine=each.restore)


@suite.each(*ENFORCING)
def the_restore_key_writes_nothing(site):
    each = roles()[site]
    client = each.bucket.store.client("restore")
    whole = next(iter(each.bucket.keys("packs/").values()))
    for bucket in (each.bucket.name, each.bucket.agree):
        expect_equal(refused(lambda: client.put(bucket, "new", b"x")), 403, f"putting into {bucket}")
        expect_equal(refused(lambda: client.begin_upload(bucket, "new")), 403, f"putting in parts into {bucket}")
    expect_equal(refused(lambda: client.delete(each.bucket.name, whole)), 403, "deleting")


@suite.each(*ENFORCING)
def a_role_with_a_lesser_store_key_is_refused_and_says_so(site):
    """The keys were mixed up: 5, and nothing is said to be damaged."""
    each = roles()[site]
    machine = each.node
    right = dict(machine.settings[f"site.{site}"])
    machine.set(site, credentials={"write": machine.credentials(site, "restore")})
    try:
        machine.dice()
        result = machine.run("backup", exit=(3, 5, 6))
        expect_no_damage(result)
        expect_in("refuse", result.all.lower())
    finally:
        machine.settings[f"site.{site}"] = right
        machine.write()


@suite.each(("write at paris", "write", "paris"), ("maintain at brest", "maintain", "brest"))
def the_probe_knows_what_a_role_may(_, access, site):
    each = roles()[site]
    machine = {"write": each.node, "maintain": each.maintenance}[access]
    report = machine.run("site", "probe", site, "--as", access, "--json").json
    expect_equal((report["good"], report["coordinates"]), (True, True), "good, coordinates")
    verdicts = {check["check"]: (check["verdict"], check["detail"]) for check in report["checks"]}
    expect_equal((verdicts["object lock"][0], verdicts["right to bypass a lock"]), ("good", ("good", "refused")), "lock, right to bypass")
    # At brest the bucket's default lock binds maintenance as well.
    expect_equal(verdicts["right to delete versions"], ("good", "refused"), "right to delete versions")
    expect_in("adds a version", verdicts["right to overwrite"][1], "right to overwrite")


@suite.each(*ENFORCING)
def the_probe_with_a_key_that_only_reads_says_so(site):
    result = roles()[site].restore.run("site", "probe", site, "--as", "restore", exit=None)
    expect(result.exit not in (4, 130) and "refuse" in result.all.lower(), f"exit status {result.exit}")


# Object Lock

LOCKED, NEVER = ("packs/", "index/", "snapshots/", "descriptor/", "keys/", "site"), ("sessions/", "commits/")


def retention(bucket, whole, version=None):
    """Days that the object's lock still lasts; None without one."""
    found = bucket.client.retention(bucket.name, whole, version)
    return None if not found or not found[1] else days_from_now(found[1])


@suite.each(*ENFORCING)
def what_restores_is_locked_and_what_coordinates_is_not(site):
    machine = S3Machine(f"locking-{site}", buckets=[Bucket(site, locked=True)]).sample()
    machine.run("backup")
    bucket = machine.buckets[site]
    for each in LOCKED:
        expect(bucket.keys(each), f"there is no {each}")
        for whole in bucket.keys(each).values():
            mode, until = bucket.client.retention(bucket.name, whole)
            expect_equal(mode, "GOVERNANCE", f"mode of {whole}")
            expect(13.9 < days_from_now(until) < 14.1, f"{whole} is locked for {days_from_now(until)} days")
    agreed = {whole.partition("/")[2] for whole in bucket.client.keys(bucket.agree)}
    for each in NEVER:
        expect(any(key.startswith(each) for key in agreed), f"there is no {each}")
        expect(not bucket.keys(each), f"{each} is in the locked bucket")
    for each in LOCKED:
        expect(not any(key.startswith(each) for key in agreed), f"{each} is in the coordination bucket")


@fixture
def renewing():
    """A machine whose locks of a day are all due, since the period is four days now, with packs that nothing needs."""
    machine = S3Machine("renewing", buckets=[Bucket("paris", locked=True)])
    machine.settings["site.paris"]["lock_period"] = "1d"
    machine.sample()
    machine.days = Days(machine)
    machine.days.backup()
    machine.needed = set(machine.buckets["paris"].keys("packs/"))
    machine.dice(2000)
    run = Watched(machine, "backup")
    expect(run.reach("pack stored"), "no pack was stored")
    run.kill()
    run.finish()
    return machine.set("paris", lock_period="4d")


def lasting(machine):
    """Days that the lock of each object still lasts."""
    bucket = machine.buckets["paris"]
    return {key: retention(bucket, whole) for key, whole in bucket.keys().items()}


@suite.test
def renewing_obeys_the_number_of_requests_a_day():
    machine = renewing()
    row, = machine.run("site", "renew", "--requests", "5", "--json", exit=3).json["sites"]
    extended = [key for key, days in lasting(machine).items() if days and days > 3.9]
    expect(1 <= row["renewed"] <= 5, f"renewed {row['renewed']}")
    expect_equal(len(extended), row["renewed"], "locks that were extended")
    expect_equal(row["waiting"], row["needed"] - row["renewed"], "waiting")
    again, = machine.run("site", "renew", "--requests", "5", "--json", exit=3).json["sites"]
    expect_equal(again["renewed"], 0, "renewed by a second run on the same day")


@suite.test
def renewing_extends_all_that_a_snapshot_needs_and_nothing_else():
    machine = renewing()
    row, = machine.run("site", "renew", "--json").json["sites"]
    found = lasting(machine)
    orphans = {key for key in found if key.startswith("packs/")} - machine.needed
    expect(orphans, "the killed run left nothing")
    expect_equal((row["waiting"], row["needed"]), (0, len(found) - len(orphans)), "waiting, needed")
    for key, days in found.items():
        expect(days and (0.9 < days < 1.1 if key in orphans else 3.9 < days < 4.1), f"{key} is locked for {days} days")
    expect(datetime.datetime.fromisoformat(row["first_end"]).timestamp() > time.time() + 3.9 * 86400, f"first end {row['first_end']}")


@suite.test
def what_was_renewed_is_not_renewed_again():
    row, = renewing().run("site", "renew", "--json").json["sites"]
    expect_equal((row["renewed"], row["waiting"]), (0, 0), "renewed, waiting")


@suite.test
def a_site_that_refuses_maintenance_keeps_no_other_site_from_being_renewed():
    machine = S3Machine("renewing-beside")
    machine.add_bucket(Bucket("brest", roles=True), roles={"write": "node"})
    machine.add_bucket(Bucket("paris", locked=True), lock_period="1d")
    machine.sample()
    machine.run("backup")
    machine.set("paris", lock_period="4d")
    machine.run("site", "renew", exit=(0, 3, 5))
    short = [key for key, days in lasting(machine).items() if not days or days < 3.9]
    expect(not short, f"not renewed: {len(short)}")


# A vandal who has the owner's key

def garbage(bucket, whole):
    """As long as what is there."""
    return os.urandom(int(bucket.client.head(bucket.name, whole)["content-length"]))


def vandalise(bucket):
    """Puts garbage over every second pack, segment and manifest, and delete markers on the others; where there are no versions,
    garbage over the packs only. The packs that have garbage now."""
    spoilt = []
    for folder in ("packs/", "index/", "snapshots/") if bucket.locked else ("packs/",):
        wholes = sorted(bucket.keys(folder).values())
        expect(len(wholes) >= 2, f"hardly any {folder}")
        for number, whole in enumerate(wholes):
            if bucket.locked and number % 2:
                bucket.client.delete(bucket.name, whole)
            else:
                bucket.client.put(bucket.name, whole, garbage(bucket, whole))
                spoilt += [whole] if folder == "packs/" else []
    return spoilt


@fixture
def vandalised():
    """Machines with a store of two buckets, locked, and a folder; the store was vandalised afterwards."""
    machines = {}
    for site in ENFORCING:
        machine = S3Machine(f"vandal-{site}", files=["disk"], buckets=[Bucket(site, locked=True)])
        machine.settings[f"site.{site}"]["lock_period"] = "1d"
        machine.sample()
        machine.days = Days(machine)
        for _ in range(3):
            machine.days.backup()
            machine.dice()
        machine.good = {whole: machine.buckets[site].versions(whole)[0] for whole in machine.buckets[site].keys().values()}
        machine.spoilt = vandalise(machine.buckets[site])
        machine.forget_state()
        machines[site] = machine
    return machines


@suite.each(*ENFORCING)
def behind_locks_a_vandal_keeps_nobody_from_restoring_from_that_site_alone(site):
    machine = vandalised()[site]
    machine.days.expect_all("--site", site)
    machine.days.expect_all("--site", site, machine=Bare(machine, site))


@suite.each(*ENFORCING)
def verify_tells_of_spoilt_newest_versions_and_not_of_lost_snapshots(site):
    machine = vandalised()[site]
    result = machine.run("verify", "--read", "all", "--site", site, "--json", exit=(0, 4))
    report = result.lines[0]
    expect_equal(report["snapshots"], 3, "snapshots")
    told = {finding["object"] for finding in report["findings"]}
    for whole in machine.spoilt:
        expect_in(whole.partition("/")[2], told, f"what verify tells of with exit status {result.exit}")
    unhealed = [finding for finding in report["findings"] if not finding["healed"]]
    expect_equal(bool(unhealed), result.exit == 4, "whether something is unhealed, beside the exit status")


@suite.each(*ENFORCING)
def renewing_extends_the_versions_that_restore_not_what_the_vandal_put(site):
    machine = vandalised()[site]
    bucket = machine.buckets[site]
    machine.set(site, lock_period="4d")
    machine.run("site", "renew", "--site", site)
    short = [whole for whole, version in machine.good.items() if (retention(bucket, whole, version) or 0) < 3.9]
    expect(not short, f"{len(short)} of {len(machine.good)} good versions were not renewed:\n" + "\n".join(short))


@suite.each(*ENFORCING)
def after_renewing_and_replicating_the_vandalised_site_still_restores_alone(site):
    machine = vandalised()[site]
    machine.run("replicate", exit=(0, 4))
    machine.dice()
    machine.days.backup()
    machine.forget_state()
    machine.days.expect_all("--site", site)


@suite.each(*ENFORCING)
def a_lost_site_is_filled_again_from_the_vandalised_one(site):
    machine = S3Machine(f"refilled-{site}", files=["disk"], buckets=[Bucket(site, locked=True)]).sample()
    days = Days(machine)
    for _ in range(3):
        days.backup()
        machine.dice()
    vandalise(machine.buckets[site])
    hdstest.remove(machine.site("disk"))
    machine.forget_state()
    machine.run("init", "--site", "disk")
    machine.run("replicate", "--to", "disk")
    days.expect_all("--site", "disk")


@suite.each("descriptor/", "keys/", "site", "index/", "snapshots/")
def right_bytes_of_another_object_under_a_name_keep_nobody_from_restoring(folder):
    """Well-formed, and signed: told from what was stored by their names only. What is there once only gets a pack's bytes."""
    machine = S3Machine("swapped-" + folder.strip("/"), buckets=[Bucket("paris", locked=True)]).sample()
    days = Days(machine)
    for _ in range(2):
        days.backup()
        machine.dice()
    bucket = machine.buckets["paris"]
    wholes = sorted(bucket.keys(folder).values())
    contents = [bucket.client.get(bucket.name, whole) for whole in wholes]
    if len(wholes) == 1:
        contents = [bucket.client.get(bucket.name, next(iter(bucket.keys("packs/").values())))]
    for whole, content in zip(wholes, contents[1:] + contents[:1]):
        bucket.client.put(bucket.name, whole, content)
    machine.forget_state()
    days.expect_all()
    days.expect_all(machine=Bare(machine, "paris"))


def without_coordination(name):
    machine = S3Machine(name, files=["disk"], buckets=[Bucket("paris", locked=True)]).sample()
    machine.days = Days(machine)
    for _ in range(2):
        machine.days.backup()
        machine.dice()
    return machine


def empty(bucket):
    """All that writers agreed by is gone: it has no versions, and no lock."""
    for whole in bucket.client.keys(bucket.agree):
        bucket.client.delete(bucket.agree, whole)


@suite.test
def an_emptied_coordination_bucket_is_told_and_filled_again_from_the_other_site_without_packs():
    machine = without_coordination("emptied")
    empty(machine.buckets["paris"])
    machine.run("status", exit=3)
    machine.days.expect_all()
    line, = [each for each in machine.run("replicate", "--json").lines if each["site"] == "paris"]
    expect_equal((sorted(line["snapshots"]), line["packs"]), (sorted(machine.days.kept), 0), "what replicate brought")
    machine.days.expect_all("--site", "paris")


@suite.test
def an_emptied_coordination_bucket_lets_no_lock_run_out():
    """Else whoever empties it gets rid of all that is locked, by waiting."""
    machine = without_coordination("emptied-renewing")
    machine.set("paris", lock_period="60d")
    empty(machine.buckets["paris"])
    machine.run("site", "renew", exit=None)
    short = [key for key, days in lasting(machine).items() if key.startswith(("packs/", "snapshots/")) and (days or 0) < 59]
    expect(not short, f"not renewed: {short}")


@suite.test
def a_coordination_bucket_that_the_configuration_forgets_is_told():
    machine = without_coordination("forgotten")
    settings = machine.settings["site.paris"]
    machine.settings["site.paris"] = {key: value for key, value in settings.items() if key not in ("coordination_bucket", "object_lock")}
    machine.write()
    for words in (["snapshots", "--site", "paris"], ["verify", "--site", "paris"], ["backup"]):
        result = machine.run(*words, exit=None)
        expect(result.exit != 0, f"{words[0]}: exit status 0: {result.all}")


@suite.each(*ENFORCING)
def without_versions_the_same_damage_is_found_and_repaired_from_the_other_site(site):
    machine = S3Machine(f"plain-{site}", files=["disk"], buckets=[Bucket(site)]).sample()
    days = Days(machine)
    days.backup()
    machine.dice()
    days.backup()
    spoilt = vandalise(machine.buckets[site])
    result = machine.run("verify", "--read", "all", "--site", site, exit=4)
    for whole in spoilt:
        expect_in(whole.partition("/")[2], result.all, "what verify says")
    result = machine.run("restore", machine.ids()[-1], "--to", fresh(), "--site", site, exit=4)
    days.expect_all()
    expect(pending(machine), "nothing is pending")
    machine.run("replicate")
    expect_equal(pending(machine), [], "what is pending")
    machine.run("verify", "--read", "all", "--site", site)
    machine.forget_state()
    days.expect_all("--site", site)


# What the probe finds

PROBED = {
    "paris plain": ("paris", {}, {}), "brest plain": ("brest", {}, {}),  # locked ones: see the roles
    "brest versioned alone": ("brest", {"versioned": True}, {}),
    "juice": ("juice", {}, {}), "swift": ("swift", {}, {}), "swift locked": ("swift", {"agree": True}, {"object_lock": "governance"}),
}


def probe(case):
    site, layout, settings = PROBED[case]
    machine = S3Machine("probe-" + case.replace(" ", "-"), files=["disk"])
    machine.add_bucket(Bucket(site, **layout), **settings)
    machine.add_source("dpi", machine.source).init()
    return machine, machine.run("site", "probe", site, "--json", exit=None)


@functools.cache
def probing():
    """Begins them: hashing takes most of it, while other tests wait for time-outs."""
    pool = concurrent.futures.ThreadPoolExecutor(2)
    return {case: pool.submit(probe, case) for case in PROBED}


def probed(case):
    """The machine, and what its probe said."""
    return probing()[case].result()


def verdicts(case):
    report = probed(case)[1].json
    return report, {check["check"]: check["verdict"] for check in report["checks"]}


@suite.each("paris plain", "brest plain")
def a_good_store_is_found_good(case):
    report, found = verdicts(case)
    expect_equal(probed(case)[1].exit, 0, "exit status")
    expect_equal((report["good"], report["coordinates"]), (True, True), "good, coordinates")
    bad = [check for check, verdict in found.items() if verdict == "bad"]
    expect(not bad, f"bad: {bad}")


@suite.each("brest versioned alone", "juice", "swift")
def a_store_that_cannot_create_if_absent_is_found_out(case):
    report, found = verdicts(case)
    # Racing creators may, seldom, look like one that won: a second create, put without a look before it, tells for certain.
    expect_equal(found["conditional put where writers agree"], "bad", "conditional put")
    expect(probed(case)[1].exit != 0, "exit status 0")
    expect(not report["coordinates"], "it is said to coordinate")
    machine, _ = probed(case)
    expect_in("to be collected only while nobody writes", machine.run("site", "list").out, "what site list says")


@suite.test
def a_lock_that_locks_nothing_is_caught():
    machine, result = probed("swift locked")
    _, found = verdicts("swift locked")
    expect_equal(found["object lock"], "bad", "object lock")
    expect_equal(result.exit, 1, "exit status")


@suite.each("juice", "swift")
def a_backup_to_a_store_without_conditions_restores(site):
    machine = S3Machine(f"lying-{site}", buckets=[Bucket(site)]).sample()
    days = Days(machine)
    days.backup()
    machine.dice()
    days.backup()
    machine.run("verify", "--read", "all")
    machine.forget_state()
    days.expect_all()


# Kills of replicate

class Pair:
    """A machine whose backups go to one store, which are brought to another by `replicate`."""

    def __init__(self, name, first="paris", second="lille"):
        self.second = second
        self.machine = S3Machine(name, buckets=[Bucket(first), Bucket(second)]).sample()
        self.only, self.both = [first], [first, second]
        self.days, self.right = Days(self.machine), set()

    def sites(self, sites):
        self.machine.tenant_settings["sites"] = sites
        self.machine.write()

    def backup(self):
        self.machine.dice()
        self.sites(self.only)
        line = self.days.backup()
        self.sites(self.both)
        return line

    def expect_visible_restores(self):
        for snapshot in self.machine.ids("--site", self.second):
            if snapshot not in self.right:
                self.days.expect(snapshot, "--site", self.second)
                self.right.add(snapshot)

    def replicate(self):
        """The line of the second site, and what it was sent."""
        lines = self.machine.run("replicate", "--json").lines
        line, = [each for each in lines if each["site"] == self.second]
        return line, line["traffic"][self.second]["sent_bytes"]


@suite.test
def replicate_killed_at_random_moments_shows_nothing_that_does_not_restore_and_converges():
    pair = Pair("killed")
    pair.backup()
    began = time.monotonic()
    pair.replicate()
    whole = time.monotonic() - began
    killed = 0
    for _ in range(int(os.environ.get("HDSTEST_ROUNDS", "10"))):
        pair.backup()
        run = subprocess.Popen(pair.machine.words("replicate"), env=pair.machine.environment(), stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(dice.uniform(0, whole))
        run.kill()
        killed += run.wait() != 0
        pair.expect_visible_restores()
    expect(killed > 3, f"only {killed} runs were killed")
    line, sent = pair.replicate()
    expect(line["level"], "not level")
    expect_equal(pair.machine.ids("--site", pair.second), pair.machine.ids("--site", pair.only[0]), "snapshots")
    pair.expect_visible_restores()
    line, sent = pair.replicate()
    expect_equal((line["packs"], line["snapshots"]), (0, []), "what one more run copies")
    expect(sent < 1000, f"one more run sent {sent} bytes")
    pair.machine.run("verify", "--read", "all", "--open")
    expect_equal(pending(pair.machine), [], "what is pending")


@suite.test
def what_was_copied_and_listed_when_replicate_was_killed_is_not_copied_again():
    pair = Pair("listed")
    pair.machine.dice(4000)
    line = pair.backup()
    run = Watched(pair.machine, "replicate")
    expect(run.reach("segment stored"), "no segment was stored")
    run.kill()
    run.finish()
    expect_equal(pair.machine.ids("--site", pair.second), [], "snapshots that are visible")
    report, sent = pair.replicate()
    expect_equal(report["snapshots"], [line["snapshot"]], "snapshots that came")
    expect(sent < ONE_PACK, f"{sent} bytes were sent of {line['stored_bytes']}")
    pair.expect_visible_restores()


# Bandwidth

@fixture
def limited():
    machine = S3Machine("limited", buckets=[Bucket("paris")])
    machine.add_source("dpi", machine.source)
    machine.settings["site.paris"]["limit"] = {"upload": "2MiB/s", "download": "4MiB/s"}
    machine.dice(10 << 10)
    machine.init()
    return machine


@suite.test
def a_backup_keeps_to_the_limit_of_uploads():
    machine = limited()
    line, took = timed(lambda: machine.backup()[0])
    sent = line["traffic"]["paris"]["sent_bytes"]
    expect(sent > 10 * MIB, f"only {sent} bytes were sent")
    expect(sent / took < 1.3 * 2 * MIB, f"{sent} bytes in {took:.1f} s")
    expect(sent / took > 0.5 * 2 * MIB, f"far below the limit: {sent} bytes in {took:.1f} s")


@suite.test
def a_restore_keeps_to_the_limit_of_downloads():
    machine = limited()
    target = fresh()
    line, took = timed(lambda: machine.restore("latest", target, "--json").json)
    expect_same(machine.source, below(target, machine.source))
    expect(10 * MIB / took < 1.3 * 4 * MIB, f"10 MiB in {took:.1f} s")
    expect(line["traffic"]["paris"]["received_bytes"] > 10 * MIB, f"received: {line['traffic']}")


@suite.each(("outside", 2, True), ("inside", -1, False))
def the_limit_holds_only_in_its_part_of_the_day(_, hours, is_free):
    machine = limited()
    moments = [(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours + each)).strftime("%H:%M") for each in (0, 2)]
    machine.set("paris", limit={"upload": "2MiB/s", "between": "-".join(moments)})
    machine.dice(6 << 10)
    line, took = timed(lambda: machine.backup()[0])
    rate = line["traffic"]["paris"]["sent_bytes"] / took
    expect(rate > 1.5 * 2 * MIB if is_free else rate < 1.3 * 2 * MIB, f"{rate / MIB:.1f} MiB/s {_} of {moments}")


# Faults between here and there

@fixture
def proxied():
    """A machine that reaches its only site by a proxy."""
    bucket = Bucket("paris")
    proxy = fault_proxy.FaultProxy(bucket.store.endpoint)
    machine = S3Machine("proxied", buckets=[bucket])
    machine.settings["site.paris"] |= {"endpoint": proxy.endpoint, "timeout": "3s"}
    machine.proxy = proxy
    machine.sample()
    machine.days = Days(machine)
    machine.days.backup()
    return machine


def traffic(line):
    return line["traffic"]["paris"]


@contextlib.contextmanager
def faults(machine, *each):
    """Faults that must all happen."""
    made = [machine.proxy.add(kind, **more) for kind, more in each]
    try:
        yield
        left = [fault.as_json() for fault in made if fault.count]
        expect(not left, f"did not happen: {left}")
    finally:
        machine.proxy.clear()


@suite.test
def a_backup_bears_resets_refusals_and_a_swallowed_answer_to_its_commit():
    machine = proxied()
    machine.dice(2000)
    with faults(machine, ("reset-upload", {"method": "PUT", "path": "/packs/"}), ("answer", {"method": "PUT", "path": "/packs/", "status": 503}),
                ("answer", {"method": "PUT", "path": "/index/", "status": 503, "retry_after": 1}), ("drop", {"method": "GET"}),
                ("answer", {"method": "PUT", "path": "/snapshots/", "status": 500}), ("swallow", {"method": "PUT", "path": "/commits/"})):
        line = machine.days.backup()
    expect_equal(committed(line), {"paris": True}, "committed")
    expect(traffic(line)["retries"] >= 6, f"traffic: {traffic(line)}")
    machine.days.expect_all()
    machine.run("verify", "--read", "all", "--open")


@suite.test
def a_restore_bears_resets_truncation_refusals_and_a_wrong_byte():
    machine = proxied()
    machine.forget_state()
    with faults(machine, ("reset-download", {"method": "GET", "path": "/packs/"}), ("truncate", {"method": "GET", "path": "/packs/", "skip": 1}),
                ("answer", {"method": "GET", "path": "/packs/", "status": 503}), ("answer", {"method": "GET", "path": "list-type", "status": 500}),
                ("flip", {"method": "GET", "path": "/index/"})):
        result = machine.days.expect(machine.days.last, "--json")
    expect(traffic(result.json)["retries"] >= 3, f"traffic: {result.json['traffic']}")


@suite.each("/packs/", "list-type=", "/snapshots/", "/commits/", "/descriptor/")
def a_wrong_byte_once_on_the_way_is_never_damage_nor_restored(path):
    machine = proxied()
    wrong = []
    for skip in range(12):
        machine.forget_state()
        fault, target = machine.proxy.add("flip", method="GET", path=path, skip=skip), fresh()
        result = machine.restore(machine.days.last, target, exit=None)
        machine.proxy.clear()
        if result.exit not in (0, 3, 6):
            wrong.append(f"exit status {result.exit} after a wrong byte in request {skip}: {result.all.splitlines()[:1]}")
        if result.exit == 0:
            expect_same(machine.days.kept[machine.days.last], below(target, machine.source))
        hdstest.remove(target)
        if fault.count:  # there were fewer requests
            break
    expect(not wrong, "\n".join(wrong))


@suite.test
def a_clone_of_the_commit_request_is_no_second_commit():
    machine = proxied()
    machine.dice()
    with faults(machine, ("duplicate", {"method": "PUT", "path": "/commits/"})):
        machine.days.backup()
    machine.days.expect_all()


@suite.test
def a_store_that_refuses_connections_for_a_while_is_waited_for():
    machine = proxied()
    machine.dice()
    run = Watched(machine, "backup", "--json")
    kept = Kept(machine.source, fresh("kept"))
    expect(run.reach("session begun"), "no session was begun")
    run.pause()
    machine.proxy.refuse(0.7)
    run.go_on()
    result = run.finish()
    expect_equal(result.exit, 0, "exit status")
    machine.days.kept[result.lines[0]["snapshot"]] = kept
    machine.days.expect(result.lines[0]["snapshot"])


# TLS

@fixture
def secure():
    """A store with TLS of a private authority."""
    made = stores().start("seaweedfs", "nantes", tls=True)
    machine = S3Machine("secure", buckets=[Bucket("nantes")])
    machine.settings["site.nantes"]["ca_file"] = made.ca_file
    machine.sample()
    machine.days = Days(machine)
    return machine


@suite.test
def a_store_with_tls_works_with_its_authority():
    machine = secure()
    machine.days.backup()
    machine.days.expect_all()
    report = machine.run("site", "probe", "nantes", "--json").json
    tls, = [check for check in report["checks"] if check["check"] == "TLS"]
    expect_equal(tls["verdict"], "good", f"TLS: {tls['detail']}")
    expect_in("test authority", tls["detail"], "what the probe says of TLS")


@suite.test
def a_certificate_of_an_unknown_authority_is_refused_and_named():
    machine = secure()
    authority = machine.settings["site.nantes"].pop("ca_file")
    machine.write()
    try:
        for words in (["backup"], ["snapshots"], ["site", "list"]):
            result, took = timed(lambda: machine.run(*words, exit=6))
            expect_in("certificate", result.all)
            expect(took < 10, f"it took {took:.0f} s")
            expect(".cc:" not in result.all and ".swift:" not in result.all, f"it speaks of source code: {result.all}")
    finally:
        machine.set("nantes", ca_file=authority)


@suite.test
def a_certificate_of_another_machine_is_refused():
    """It is for 127.0.0.1 and localhost; a listener at 127.0.0.2 passes everything on."""
    machine = secure()
    right = machine.settings["site.nantes"]["endpoint"]
    with Forwarder("127.0.0.2", store("nantes").port) as forwarder:
        machine.set("nantes", endpoint=f"https://127.0.0.2:{forwarder.port}")
        try:
            expect_in("certificate", machine.run("snapshots", exit=6).all)
            expect(forwarder.connections, "nobody connected")
        finally:
            machine.set("nantes", endpoint=right)


class Forwarder:
    """Passes connections to another port of this machine on, as they are."""

    def __init__(self, address, to):
        self.to, self.connections = to, 0
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, server = self.listener.accept()[0], socket.create_connection(("127.0.0.1", self.to))
                self.connections += 1
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self.copy, args=ends, daemon=True).start()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)


@suite.test
def a_bare_machine_takes_the_authority_from_the_environment():
    machine = secure()
    bare = Bare(machine, "nantes", AWS_CA_BUNDLE=machine.settings["site.nantes"]["ca_file"])
    machine.days.expect_all(machine=bare)


@suite.each("http://192.0.2.1:9000", "http://s3.example.org", "http://127.0.0.1.example.org")
def plain_http_to_another_machine_is_refused(endpoint):
    machine = secure()
    right = machine.settings["site.nantes"]["endpoint"]
    machine.set("nantes", endpoint=endpoint)
    try:
        for words in (["config", "check"], ["backup"]):
            result = machine.run(*words, exit=2)
            expect_in("https", result.all)
    finally:
        machine.set("nantes", endpoint=right)


@suite.test
def credentials_that_others_may_read_are_refused():
    machine = secure()
    file = machine.keys / "nantes-owner"
    file.chmod(0o644)
    try:
        result = machine.run("backup", exit=5)
        expect_in("nantes-owner", result.all)
        expect(store("nantes").secret_key() not in result.all, "it shows the secret")
    finally:
        file.chmod(0o600)


@suite.test
def no_command_and_no_file_of_the_state_shows_a_secret_key():
    machine = three()
    secrets = [store(site).secret_key() for site in machine.buckets]
    for words in (["config", "show"], ["config", "show", "--json"], ["site", "list", "--json"], ["status", "--json"]):
        result = machine.run(*words, exit=None)
        expect(not any(secret in result.all for secret in secrets), f"{result} shows a secret")
    for file in machine.state.rglob("*"):
        expect(not file.is_file() or not any(secret.encode() in file.read_bytes() for secret in secrets), f"{file} holds a secret")


@suite.test
def commands_that_begin_at_once_on_a_new_state_folder_do_not_hinder_each_other():
    machine = S3Machine("at-once", files=["disk"]).sample()
    machine.run("backup")
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for _ in range(6):
            machine.forget_state()
            results = list(pool.map(lambda _: machine.run("replicate", "--pending", exit=None), range(12)))
            for result in results:
                expect_equal((result.exit, result.err), (0, ""), "exit status and what was said")


try:
    suite.main()
finally:
    if "nantes" in stores().names():
        store("nantes").wipe()
