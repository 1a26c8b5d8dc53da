"""Retention, holds and collection at real S3 stores: versions, locks, legal holds, rights, deaths, refusals.

Run by 18-collection-s3.sh, which starts the stores where HDS_STORES does not name running ones. What must be true after each sequence is what
16_collection.py asks for; the independent reader looks at copies of the buckets.
"""
import contextlib
import datetime
import time

from hdstest import Suite, Watched, expect, expect_equal, expect_in, fixture
from s3sites import ROLES, Bucket, S3Machine, expect_no_damage
from collecting import AT_ONCE, MIB, Archive, Look, elsewhere
import fault_proxy  # of Tests/Stores, which s3sites made known
import s3client

suite = Suite("18 collection s3")
STORES = {"paris": "seaweedfs", "brest": "ceph"}  # those that have versions, locks and policies
KINDS = {"plain": {}, "versioned": {"versioned": True, "agree": True}, "locked": {"locked": True}}
STEPS = {"collection condemned": "brest", "collection decided": "paris", "pack deleted": "brest"}


class Stored(S3Machine, Archive):
    """Its sites are buckets, and folders with what is in these for whoever looks at files."""

    def __init__(self, name, kind="plain", sites=STORES, roles=None, **settings):
        super().__init__(name)
        self.taken = 0
        for site in sites:
            bucket = Bucket(site, **KINDS[kind], **({"roles": True, "node_locks": kind == "locked"} if roles else {}))
            self.add_bucket(bucket, roles=roles, **({"lock_period": "1d"} if kind == "locked" else {}), **settings)

    def site(self, name):
        bucket, root = self.buckets[name], self.root / "seen" / name
        there = {key: place for place in (bucket.name, bucket.agree) if place for key in bucket.client.keys(place)}
        for file in [each for each in root.rglob("*") if each.is_file()]:
            if str(file.relative_to(root)) not in there:
                file.unlink()
        for key, place in there.items():
            if not (root / key).exists():
                (root / key).parent.mkdir(parents=True, exist_ok=True)
                (root / key).write_bytes(bucket.client.get(place, key))
        return root

    def take(self, *words, **more):
        """Retention knows whole seconds: no two snapshots in one."""
        if int(time.time()) <= self.taken:
            time.sleep(self.taken + 1 - time.time())
        snapshot = super().take(*words, **more)
        self.taken = int(time.time())
        return snapshot

    def three_days(self):
        """x, in packs of its own, is only the second day's."""
        self.put("a", 512)
        self.init()
        self.first = self.take()
        self.put("x", 4096)
        self.second = self.take()
        (self.source / "x").unlink()
        self.third = self.take()
        return self

    def two_days(self):
        """x comes and goes; too little for an anomaly, which would keep it."""
        self.put("x", 900)
        self.take()
        (self.source / "x").unlink()
        self.take()

    def with_key(self, role):
        """A machine with the same keys of ours whose access is another role's of the store."""
        other = elsewhere(self, f"with-{role}-key")
        for site in self.sites:
            other.set(site, credentials={"maintain": self.credentials(site, role)})
        return other


def versions(bucket):
    """Of all objects, also of those that decide: {(key, id)}."""
    return {(each.key, each.id) for place in (bucket.name, bucket.agree) if place for each in bucket.client.versions(place)}


def lock_ends(bucket, keys):
    """{key: when the store says that the lock of its first version ends}."""
    return {key: (bucket.client.retention(bucket.name, whole, bucket.versions(whole)[-1]) or (None, None))[1]
            for key, whole in bucket.keys().items() if key in keys}


def end_locks(machine, below=""):
    """As if the time were over. It needs the owner, and locks that he may bypass."""
    for bucket in machine.buckets.values():
        for whole in bucket.keys(below).values():
            bucket.client.set_retention(bucket.name, whole, s3client.GOVERNANCE, 2, bucket.versions(whole)[-1], bypass=True)
    time.sleep(2.1)


def needed(machine, site, *snapshots):
    """Packs that snapshots need there, or all of them do."""
    return set().union(*(packs for each, _, packs in Look(machine, site).places() if not snapshots or each.id.hex() in snapshots))


def objects_of(machine, site, *snapshots):
    """Manifests too."""
    return needed(machine, site, *snapshots) | {key for key in machine.buckets[site].keys("snapshots/") if any(each in key for each in snapshots)}


def explained(machine):
    """{snapshot: what `retention explain` says of it}."""
    return {row["id"]: row for row in machine.run("retention", "explain", "--json").json["snapshots"]}


# Deleting

@suite.test
def what_no_snapshot_needs_is_gone_with_all_its_versions():
    machine = Stored("gone", "versioned").three_days()
    before = {site: machine.packs(site) for site in machine.sites}
    expect_equal(machine.retire(), {machine.first, machine.second}, "what retention dropped")
    for site, row in machine.sweep().items():
        expect(row["deleted_bytes"] > 4 * MIB, f"{site} deleted only {row['deleted_bytes']} bytes")
        expect_equal(before[site].keys() & machine.packs(site).keys(), before[site].keys() & needed(machine, site), f"packs left at {site}")
    machine.check()
    machine.expect_no_garbage()
    for site, bucket in machine.buckets.items():
        left = {key for key, _ in versions(bucket)} - {*bucket.client.keys(bucket.name), *bucket.client.keys(bucket.agree)}
        expect(not left, f"{site} has old versions and marks of what is gone: {left}")


# Locks

@fixture
def locked():
    return Stored("locked", "locked").three_days()


@suite.test
def retention_keeps_what_is_locked_and_says_until_when():
    machine = locked()
    rows = explained(machine)
    for snapshot in (machine.first, machine.second):
        ends = [end for bucket in machine.buckets.values()
                for end in lock_ends(bucket, objects_of(machine, bucket.site, snapshot)).items() if end[0].startswith("snapshots/")]
        reason, = [each for each in rows[snapshot]["reasons"] if each["code"] == "retention.locked"]
        expect_in(f"{max(end for _, end in ends):locked until %Y-%m-%d %H:%M}", reason["text"])
    expect_equal(machine.retire(), set(), "what retention dropped")


@contextlib.contextmanager
def holding(machine, snapshot, exit=0):
    """A hold for a while; what `hold add` left."""
    result = machine.run("hold", "add", snapshot, "--reason", "enquête", "--json", exit=None)
    try:
        expect_equal(result.exit, exit, f"exit status of {result!r}")
        yield result
    finally:
        machine.run("hold", "release", result.lines[0]["holds"][0]["id"], "--reason", "classée", exit=(0, exit))


def held(bucket):
    """Keys on which the store has a legal hold."""
    said = {key: bucket.client.request("GET", f"/{bucket.name}/{whole}", {"legal-hold": ""}).body for key, whole in bucket.keys().items()}
    return {key for key, body in said.items() if b"<Status>ON</Status>" in body}


@suite.test
def a_hold_is_the_stores_too_until_no_hold_needs_the_object():
    machine = locked()
    needs = {site: [objects_of(machine, site, each) for each in (machine.first, machine.second)] for site in machine.sites}
    with holding(machine, machine.second):
        with holding(machine, machine.first):
            for site, bucket in machine.buckets.items():
                expect_equal(held(bucket), needs[site][0] | needs[site][1], f"held at {site} for two")
        for site, bucket in machine.buckets.items():
            expect_equal(held(bucket), needs[site][1], f"held at {site} for one")
    for site, bucket in machine.buckets.items():
        expect_equal(held(bucket), set(), f"held at {site} for none")


@suite.test
def collection_lists_what_is_doomed_and_locked_and_deletes_it_when_the_lock_has_ended():
    machine = locked()
    end_locks(machine, "snapshots/")
    expect_equal(machine.retire(), {machine.first, machine.second}, "what retention dropped")
    before = {site: machine.packs(site) for site in machine.sites}
    doomed = {site: before[site].keys() - needed(machine, site) for site in machine.sites}
    for _ in range(2):
        for site, row in machine.collect(*AT_ONCE).items():
            expect_equal((row["state"], row["deleted_packs"], row["problems"]), ("swept", 0, []), f"state, packs deleted, problems at {site}")
            told = {each["object"]: each["until"] for each in row["locked"]}
            expect(doomed[site] and doomed[site] <= told.keys(), f"{site} does not tell of {doomed[site] - told.keys()}")
            expect(not needed(machine, site) & told.keys(), f"{site} would delete what is needed: {told.keys()}")
            for key, end in lock_ends(machine.buckets[site], told).items():
                expect_equal(datetime.datetime.fromisoformat(told[key]), end, f"when {key} is free")
    for line in machine.run("collect", *AT_ONCE).all.splitlines():
        expect("locked" not in line or f"{datetime.datetime.now():%Y-}" in line, f"without a date: {line}")
    for site in machine.sites:
        expect(before[site].keys() <= machine.packs(site).keys(), f"packs are gone from {site}")
    machine.check()
    end_locks(machine)
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@suite.test
def what_the_owner_holds_without_a_lock_is_told_without_a_date_that_is_over():
    """And in all versions that a vandal put over it, it goes when he lets it go."""
    machine = locked()
    machine.two_days()
    end_locks(machine)
    expect(machine.retire(), "retention dropped nothing")
    chosen = {}
    for site, bucket in machine.buckets.items():
        key = min(machine.packs(site).keys() - needed(machine, site))
        chosen[site] = whole = bucket.keys()[key]
        set_hold(bucket.client, bucket, whole, "ON", bucket.versions(whole)[-1])
        bucket.client.put(bucket.name, whole, b"garbage")
        bucket.client.delete(bucket.name, whole)
    rows = machine.collect(*AT_ONCE)
    told = {site: [(each["object"], each.get("until")) for each in row["locked"]] for site, row in rows.items()}
    for site, bucket in machine.buckets.items():
        set_hold(bucket.client, bucket, chosen[site], "OFF", bucket.versions(chosen[site])[-1])
    machine.sweep()
    for site, bucket in machine.buckets.items():
        expect(not bucket.client.versions(bucket.name, chosen[site]), f"versions of {chosen[site]} are left at {site}")
    machine.check()
    expect_equal(told, {site: [(whole.partition("/")[2], None)] for site, whole in chosen.items()}, "what is told of as locked, once, and until when")


def set_hold(client, bucket, whole, status, version=None):
    body = f"<LegalHold><Status>{status}</Status></LegalHold>".encode()
    query = {"legal-hold": ""} | ({"versionId": version} if version else {})
    client.must("PUT", f"/{bucket.name}/{whole}", query, body, s3client.content_md5(body))


@suite.test
def a_release_lets_go_what_compaction_has_moved_meanwhile():
    machine = locked()
    for number in range(4):
        machine.put(f"part-{number}", 200)
    machine.take()
    for number in range(3):
        (machine.source / f"part-{number}").unlink()
    last = machine.take()
    with holding(machine, last):
        end_locks(machine)
        machine.retire()
        machine.collect(*AT_ONCE)
    left = {site: held(bucket) for site, bucket in machine.buckets.items()}
    end_locks(machine)
    machine.collect(*AT_ONCE)
    machine.check()
    expect(not any(left.values()), f"held after the release: {left}")
    machine.expect_no_garbage()


# Rights

@fixture
def roles():
    """Machines that have three keys of each store, with the rights of docs/S3-POLICIES.md."""
    return {kind: Stored(f"roles-{kind}", kind, roles=ROLES).three_days() for kind in ("plain", "locked")}


@suite.test
def the_rights_of_maintenance_suffice_for_a_hold():
    machine = roles()["locked"]
    with holding(machine, machine.first):
        for site, bucket in machine.buckets.items():
            expect_equal(held(bucket), objects_of(machine, site, machine.first), f"held at {site}")
    for site, bucket in machine.buckets.items():
        expect_equal(held(bucket), set(), f"held at {site} after the release")


@suite.test
def a_hold_that_the_stores_refuse_stands_and_is_told():
    machine = roles()["locked"]
    with contextlib.ExitStack() as stack:
        for bucket in machine.buckets.values():
            stack.enter_context(without_holds(bucket))
        result = stack.enter_context(holding(machine, machine.first, exit=5))
        for site in machine.sites:
            expect(any(f"{site}:" in line and "refuses" in line for line in result.err.splitlines()), f"it does not say that {site} refuses")
        placed, = [row for row in machine.run("hold", "list", "--json").json["holds"] if row["active"]]
        expect_equal(sorted(placed["sites"]), sorted(machine.sites), "sites that have the record")
        expect_in("retention.hold", [each["code"] for each in explained(machine)[machine.first]["reasons"]], "the reasons")


@contextlib.contextmanager
def without_holds(bucket):
    """Maintenance may not set legal holds there."""
    right = bucket.client.policy(bucket.name)
    if bucket.store.kind == "ceph":  # with this, it takes no other policy
        bucket.client.must("DELETE", f"/{bucket.name}", {"publicAccessBlock": ""})
    name = bucket.store.principal.format(ROLES["maintain"])
    never = {"Sid": "test", "Effect": "Deny", "Principal": {"AWS": [name]}, "Action": ["s3:PutObjectLegalHold"], "Resource": [f"arn:aws:s3:::{bucket.name}/*"]}
    bucket.client.set_policy(bucket.name, right | {"Statement": right["Statement"] + [never]})
    client, whole = bucket.store.client(ROLES["maintain"]), next(iter(bucket.keys("packs/").values()))
    try:
        for _ in range(100):
            try:
                set_hold(client, bucket, whole, "OFF")
                time.sleep(0.05)
            except s3client.Refused:
                break
        else:
            raise AssertionError(f"the policy of {bucket.name} is not in force")
        yield
    finally:
        bucket.client.set_policy(bucket.name, right)
        if bucket.store.kind == "ceph":
            bucket.client.ignore_public_acls(bucket.name)
        time.sleep(1)


@suite.each("plain", "locked")
def other_keys_of_the_store_delete_nothing_and_maintenance_finishes_what_they_began_in_a_bucket_that_is(kind):
    machine = roles()[kind]
    if kind == "locked":
        end_locks(machine)  # what refuses is the key
    there = {site: versions(bucket) for site, bucket in machine.buckets.items()}
    wrong = []
    for role in ("restore", "node"):
        for words in (["retention", "apply"], ["collect", *AT_ONCE, "--exclusive"]):  # without a probe
            result = machine.with_key(role).run(*words, exit=None)
            expect_no_damage(result)
            if result.exit != 5 or "refuse" not in result.all:
                wrong.append(f"{words[0]} with the {role} key: {result!r}")
        for site, bucket in machine.buckets.items():
            lost = there[site] - versions(bucket) if bucket.agree else {key for key, _ in there[site]} - {key for key, _ in versions(bucket)}
            expect(not lost, f"gone from {site} with the {role} key: {lost}")
            if role == "restore":
                new = versions(bucket) - there[site]
                expect(not new, f"new at {site} with the restore key: {new}")
    machine.drop((machine.first, machine.second))
    machine.run("retention", "apply")
    for site in machine.sites:
        left = {each for each in machine.objects(site, "commits") if machine.first in each or machine.second in each}
        expect(not left, f"commits of what was forgotten at {site}: {left}")
    machine.sweep()
    machine.check()
    machine.expect_no_garbage()
    expect(not wrong, "\n".join(wrong))


# Deaths and refusals

@suite.test
def a_collection_that_is_killed_at_a_store_is_finished_by_the_next_one():
    machine = Stored("killed").three_days()
    for step, site in STEPS.items():
        machine.two_days()
        expect(machine.retire(), "retention dropped nothing")
        run = Watched(machine, "collect", *AT_ONCE, "--site", site)
        expect(run.reach(step), f"it did not come to {step!r}: {run.steps}")
        run.kill()
        run.finish()
        machine.account()
        machine.sweep()
    machine.check()
    machine.expect_no_garbage()


@fixture
def proxied():
    machine = Stored("proxied", sites=("brest",))
    machine.proxy = fault_proxy.FaultProxy(machine.buckets["brest"].store.endpoint)
    machine.set("brest", endpoint=machine.proxy.endpoint, timeout="2s")
    machine.three_days()
    machine.retire()
    return machine


@suite.each(("a directory", "GET", "/packs/"), ("its decision", "PUT", "/decided/"), ("a pack that goes", "DELETE", "/packs/"))
def a_store_that_keeps_saying_503_is_no_damage_and_the_next_collection_goes_on_at(_, method, path):
    machine = proxied()
    machine.forget_state()
    machine.proxy.add("answer", method=method, path=path, status=503, count=None)
    try:
        result = machine.run("collect", *AT_ONCE, "--json", exit=6)
        expect(any(line["status"] == 503 for line in machine.proxy.requests(method, path)), "nothing was refused")
    finally:
        machine.proxy.clear()
    expect_no_damage(result)
    Look(machine, "brest").expect_whole()


@suite.test
def a_store_that_says_503_now_and_then_is_asked_again():
    machine = proxied()
    machine.two_days()
    machine.retire()
    machine.forget_state()
    faults = [machine.proxy.add("answer", method=method, path=path, status=503)
              for method, path in (("GET", "/commits/"), ("GET", "packs%2F"), ("GET", "/packs/"), ("GET", "/index/"), ("PUT", "/condemned/"),
                                   ("DELETE", "/packs/"), ("DELETE", "/index/"))]
    faults += [machine.proxy.add("swallow", method="PUT", path="/decided/"), machine.proxy.add("swallow", method="DELETE", path="/packs/", skip=1)]
    machine.sweep()
    left = [each.as_json() for each in faults if each.count]
    machine.proxy.clear()
    expect(not left, f"did not happen: {left}")
    machine.check()
    machine.expect_no_garbage()


suite.main()
